//! The metadata service of an EC2 instance, version 2.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>

use super::issued::{self, Document};
use super::{Found, Machine, partition, refuse};
use crate::api::{self, Api, Verdict};
use crate::credentials::Credentials;
use crate::env::Env;
use crate::exit::{Failure, fail, kind_of};
use crate::http::{Answer, Call};
use anyhow::Result;
use reqwest::Url;
use serde::Deserialize;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::Duration;

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const PLACE: &str = "instance metadata";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The credentials of the instance's role.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    let not_here = |reason: String| Ok(Found::NotHere(reason));
    if machine.env.is_true(DISABLED) {
        return not_here(format!("switched off by {DISABLED}"));
    }
    let url = address(machine.env)?;
    let limit = machine.limits.metadata;
    if let Err(reason) = reach(&url, limit) {
        return not_here(reason);
    }
    let base = url.as_str().trim_end_matches('/').to_owned();
    let api = Api::new(&machine.near(limit, 0), PLACE);

    let make = || {
        Ok(Call::new("PUT", format!("{base}/latest/api/token"))
            .header("x-aws-ec2-metadata-token-ttl-seconds", "21600"))
    };
    let answer = api.call("token", make, judge).map_err(|error| match kind_of(&error) {
        // The answer may travel one network hop by default, which a container's bridge takes.
        Failure::Unavailable => error.context(format!(
            "{PLACE} took the connection, but gave no token (in a container, set the instance's \
             HttpPutResponseHopLimit to 2; elsewhere, set {DISABLED}=true)"
        )),
        _ => error,
    })?;
    let token = match (answer.status, line(&answer)) {
        (200, Some(token)) => token,
        (status, _) => return not_here(format!("no token from {} (status {status})", host(&url))),
    };
    let get = |what: &str, path: &str| {
        let make = || {
            let call = Call::new("GET", format!("{base}{path}"));
            Ok(call.header("x-aws-ec2-metadata-token", &token))
        };
        api.call(what, make, judge)
    };

    let answer = get("role", ROLES)?;
    let role = match (answer.status, line(&answer)) {
        (200, Some(role)) => role,
        (200 | 404, _) => return not_here("the instance has no role".to_owned()),
        (status, _) => return Err(refuse(format!("{PLACE}: no role (status {status})"))),
    };
    if !role.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
        let message = format!("{PLACE}: the answer is not understood: not the name of a role");
        return Err(fail(Failure::Refused, message));
    }
    let place = format!("{PLACE}, role {role}");
    let answer = get("credentials", &format!("{ROLES}{role}"))?;
    if answer.status != 200 {
        return Err(refuse(format!("{place}: no credentials (status {})", answer.status)));
    }
    let not_understood = |reason| fail(Failure::Refused, format!("{place}: {reason}"));
    let document = Document::read(&answer.body).map_err(not_understood)?;
    if let Some(code) = document.code.as_deref().filter(|code| *code != "Success") {
        let message = document.message.as_deref().unwrap_or("check the role's trust policy");
        return Err(refuse(format!("{place}: {code}: {}", crate::http::excerpt(message, 300))));
    }
    let keys = document.keys().map_err(not_understood)?;
    issued::unexpired(&place, document.expiration.as_deref())?;
    // Says the account; whoever gives no answer here keeps nothing from working.
    let arn =
        get("info", "/latest/meta-data/iam/info").ok().and_then(|answer| profile_arn(&answer));
    let arn = arn.unwrap_or_default();
    Ok(Found::Here(Credentials {
        keys,
        account: partition::account_of(&arn),
        region: partition::of_arn(&arn).map(|found| found.billing_region.to_owned()),
        origin: place,
    }))
}

/// The service's URL.
fn address(env: &Env) -> Result<Url> {
    let mode = env.get(MODE).unwrap_or_default();
    let own = if mode.eq_ignore_ascii_case("ipv6") {
        "http://[fd00:ec2::254]"
    } else {
        "http://169.254.169.254"
    };
    let url = Url::parse(env.get(ENDPOINT).unwrap_or(own)).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| fail(Failure::Usage, format!("{ENDPOINT} is not an http URL")))
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Whether anybody takes a connection there: elsewhere than on EC2 nobody does, and that must be told apart from
/// a service which hangs. Name lookup has no limit of its own, so it all happens beside the wait.
fn reach(url: &Url, limit: Duration) -> Result<(), String> {
    let name = host(url).trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let (send, receive) = channel();
    let connect = move || {
        let mut last = std::io::Error::other("no address");
        for address in (name.as_str(), port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, limit) {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    let beside = std::thread::Builder::new().name("metadata".into());
    let begun = beside.spawn(move || drop(send.send(connect())));
    let outcome = begun.map_err(|error| error.to_string()).and_then(|_| {
        let late = format!("none within {} s", limit.as_secs_f64());
        receive.recv_timeout(limit).map_err(|_| late)?.map_err(|error| error.to_string())
    });
    outcome.map_err(|reason| format!("no connection to {}: {reason}", host(url)))
}

/// Whatever is answered is judged by its status where it is used, except what passes.
fn judge(answer: &Answer) -> Verdict {
    if api::is_passing(answer.status) {
        return Verdict::Again(format!("status {}", answer.status), None);
    }
    Verdict::Good
}

/// The first line of an answer, if it can stand in a header or a path.
fn line(answer: &Answer) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let line = text.lines().next()?.trim();
    let fits = !line.is_empty() && line.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| line.to_owned())
}

fn profile_arn(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Info {
        #[serde(rename = "InstanceProfileArn")]
        arn: String,
    }
    let info: Info = serde_json::from_slice(&answer.body).ok()?;
    Some(info.arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is() {
        let cases = [
            ("", "", "http://169.254.169.254/"),
            ("", "IPv4", "http://169.254.169.254/"),
            ("", "IPv6", "http://[fd00:ec2::254]/"),
            ("http://127.0.0.1:1338/base", "IPv6", "http://127.0.0.1:1338/base"),
        ];
        for (endpoint, mode, url) in cases {
            let env = Env::from([(ENDPOINT, endpoint), (MODE, mode)]);
            assert_eq!(address(&env).unwrap().as_str(), url);
        }
    }
}
