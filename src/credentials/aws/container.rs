//! The credentials service beside a container: ECS tasks, EKS Pod Identity, Greengrass.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use super::issued::{self, Document};
use super::{Found, Machine, partition, refuse, scrubbed, token_from};
use crate::api::{self, Api, Verdict};
use crate::credentials::Credentials;
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::http::{self, Answer, Call};
use crate::secret::Secret;
use anyhow::Result;
use reqwest::Url;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const PLACE: &str = "container credentials";

/// The ECS agent, to which a relative URI belongs.
const AGENT: &str = "http://169.254.170.2";
/// Who may be asked without TLS besides this machine: the ECS agent, and the EKS agent by both protocols.
const LINK_LOCAL: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// Tries after the first.
const RETRIES: u32 = 2;

/// The credentials of the container's task or pod.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    let env = machine.env;
    let Some(url) = address(env)? else {
        return Ok(Found::NotHere(format!("neither {RELATIVE} nor {FULL} is set")));
    };
    let authorization = authorization(env)?;
    let session = machine.near(machine.limits.container, RETRIES);
    let make = || {
        let call = Call::new("GET", url.as_str()).header("accept", "application/json");
        Ok(match &authorization {
            Some(token) => call.header("authorization", token.expose()),
            None => call,
        })
    };
    let judge = |answer: &Answer| judge(answer, authorization.as_ref());
    let answer = Api::new(&session, PLACE).call("credentials", make, judge)?;
    let document = Document::read(&answer.body);
    let keys = document.and_then(|document| Ok((document.keys()?, document)));
    let (keys, document) =
        keys.map_err(|reason| fail(Failure::Refused, format!("{PLACE}: {reason}")))?;
    issued::unexpired(PLACE, document.expiration.as_deref())?;
    let arn = document.role_arn.as_deref().unwrap_or_default();
    let account = document.account_id.as_deref().and_then(partition::account);
    Ok(Found::Here(Credentials {
        keys,
        account: account.or_else(|| partition::account_of(arn)),
        region: partition::of_arn(arn).map(|found| found.billing_region.to_owned()),
        origin: if arn.is_empty() { PLACE.to_owned() } else { format!("{PLACE}, role {arn}") },
    }))
}

/// The URL to ask, if one is set.
fn address(env: &Env) -> Result<Option<Url>> {
    let parsed = |name: &str, text: &str| {
        let url = Url::parse(text);
        url.map_err(|error| refuse(format!("{name} is not a URL ({error})")))
    };
    if let Some(relative) = env.get(RELATIVE) {
        // Without its slash it would become part of the host.
        if !relative.starts_with('/') {
            return Err(refuse(format!("{RELATIVE} does not begin with /")));
        }
        return parsed(RELATIVE, &format!("{AGENT}{relative}")).map(Some);
    }
    let Some(full) = env.get(FULL) else { return Ok(None) };
    let url = parsed(FULL, full)?;
    let host = http::host(url.as_str());
    let near = http::is_loopback(url.as_str()) || LINK_LOCAL.contains(&host);
    match url.scheme() {
        "https" => Ok(Some(url)),
        "http" if near => Ok(Some(url)),
        "http" => Err(refuse(format!(
            "{FULL} asks {host} by plain http: only this machine and {} may be asked without TLS",
            LINK_LOCAL.join(", ")
        ))),
        _ => Err(refuse(format!("{FULL} is neither https nor http"))),
    }
}

/// The value of the Authorization header. The file wins: its token is replaced as it ages.
fn authorization(env: &Env) -> Result<Option<Secret>> {
    if let Some(path) = env.get(TOKEN_FILE) {
        return token_from(env, path, TOKEN_FILE).map(Some);
    }
    let Some(token) = env.get(TOKEN) else { return Ok(None) };
    if token.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Ok(Some(Secret::new(token)));
    }
    Err(refuse(format!("{TOKEN} holds a line break or another character that no header has")))
}

fn judge(answer: &Answer, authorization: Option<&Secret>) -> Verdict {
    if answer.status == 200 {
        return Verdict::Good;
    }
    let secret = authorization.map(Secret::expose);
    let text = scrubbed(&String::from_utf8_lossy(&answer.body), secret);
    let what = format!("status {}: {text}", answer.status);
    if api::is_passing(answer.status) {
        return Verdict::Again(what, None);
    }
    Verdict::Fatal(refuse(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    #[test]
    fn who_is_asked() {
        let asked = |relative: &str, full: &str| {
            let url = address(&Env::from([(RELATIVE, relative), (FULL, full)]));
            url.map(|url| url.map(String::from)).map_err(|error| error.to_string())
        };
        let good = [
            ("/v2/credentials/x", "", "http://169.254.170.2/v2/credentials/x"),
            ("/v2/x", "https://other.example/", "http://169.254.170.2/v2/x"),
            ("", "https://agent.example/creds", "https://agent.example/creds"),
            ("", "http://127.0.0.1:9/creds?id=1", "http://127.0.0.1:9/creds?id=1"),
            ("", "http://127.8.8.8/", "http://127.8.8.8/"),
            ("", "http://localhost/", "http://localhost/"),
            ("", "http://[::1]/", "http://[::1]/"),
            ("", "http://169.254.170.2/v2", "http://169.254.170.2/v2"),
            ("", "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials"),
            ("", "http://[fd00:ec2::23]/v1", "http://[fd00:ec2::23]/v1"),
        ];
        for (relative, full, url) in good {
            assert_eq!(asked(relative, full).unwrap().as_deref(), Some(url));
        }
        assert_eq!(asked("", "").unwrap(), None);
        let bad = [
            (".evil.example/", "", "does not begin with /"),
            ("", "http://evil.example/", "asks evil.example by plain http"),
            ("", "http://169.254.169.254/", "by plain http"),
            ("", "http://127.0.0.1@evil.example/", "asks evil.example by plain http"),
            ("", "ftp://127.0.0.1/", "neither https nor http"),
            ("", "/v2/x", "is not a URL"),
        ];
        for (relative, full, reason) in bad {
            let error = asked(relative, full).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_token_is_one_line() {
        let bad = Env::from([(TOKEN, "hush\r\nX-Other: 1")]);
        let error = authorization(&bad).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Credentials);
        assert!(!error.to_string().contains("hush"), "{error}");
        let good = Env::from([(TOKEN, "Basic hush\n")]);
        assert_eq!(authorization(&good).unwrap(), Some(Secret::new("Basic hush")));
    }
}
