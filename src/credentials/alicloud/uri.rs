//! A service that hands out keys to whoever asks, such as one beside a container.
//! <https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-go-access-credentials>

use crate::api::{Api, Verdict, is_passing};
use crate::credentials::chain::Found;
use crate::credentials::issued::{self, Document};
use crate::credentials::machine::Machine;
use crate::credentials::{Credentials, hide, refuse};
use crate::exit::{Failure, fail};
use crate::http::{Answer, Call, excerpt, is_loopback};
use anyhow::Result;
use reqwest::Url;

const URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const PLACE: &str = "credentials URI";
/// Tries after the first.
const RETRIES: u32 = 2;

/// The keys that are handed out there.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    let Some(uri) = machine.env.get(URI) else {
        return Ok(Found::NotHere(format!("{URI} is not set")));
    };
    let url = address(uri)?;
    let session = machine.near(machine.limits.container, RETRIES);
    // What is asked for may be a secret of its own.
    let query = url.query().unwrap_or_default().to_owned();
    let judge = |answer: &Answer| {
        let text = hide(&String::from_utf8_lossy(&answer.body), [query.as_str()]);
        let what = format!("status {}: {}", answer.status, excerpt(&text, 300));
        match answer.status {
            200 => Verdict::Good,
            status if is_passing(status) => Verdict::Again(what, None),
            _ => Verdict::Fatal(refuse(what)),
        }
    };
    let make = || Ok(Call::new("GET", url.as_str()).header("accept", "application/json"));
    let answer = Api::new(&session, PLACE).call("credentials", make, judge)?;
    let not_understood = |reason| fail(Failure::Refused, format!("{PLACE}: {reason}"));
    let document = Document::read(&answer.body).map_err(not_understood)?;
    if let Some(code) = document.failure() {
        let message = document.message.as_deref().unwrap_or_default();
        return Err(refuse(format!("{PLACE}: {code} {}", excerpt(message, 300))));
    }
    let keys = document.keys().map_err(not_understood)?;
    issued::unexpired(PLACE, document.expiration.as_deref())?;
    Ok(Found::Here(Credentials { keys, account: None, region: None, origin: PLACE.to_owned() }))
}

/// The URL to ask. The answer carries keys, so it goes over https, or stays on this machine.
fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| refuse(format!("{URI} is not a URL ({error})")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(url.as_str()) => Ok(url),
        "http" => Err(refuse(format!(
            "{URI} asks {} by plain http: only this machine may be asked without TLS",
            url.host_str().unwrap_or_default()
        ))),
        _ => Err(refuse(format!("{URI} is neither https nor http"))),
    }
}
