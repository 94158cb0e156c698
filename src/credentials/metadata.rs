//! The metadata service of an instance, which hands out a token first: EC2's version 2 and ECS's hardened mode
//! are one service but for names.

use super::issued::{self, Document};
use super::machine::Machine;
use super::refuse;
use crate::api::{self, Api, Verdict};
use crate::credentials::Keys;
use crate::exit::{Failure, fail, kind_of};
use crate::http::{Answer, Call, excerpt};
use anyhow::Result;
use reqwest::Url;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::Duration;

const PLACE: &str = "instance metadata";

/// What one cloud calls things.
pub(super) struct Names {
    /// The header that says how many seconds a token shall live.
    pub(super) seconds: &'static str,
    /// The header that carries it.
    pub(super) token: &'static str,
    /// The path that names the role, and below which its keys are.
    pub(super) roles: &'static str,
    /// What to do where the service takes a connection and gives no token.
    pub(super) advice: &'static str,
}

/// A service that gave a token.
pub(super) struct Metadata<'a> {
    names: &'a Names,
    base: String,
    api: Api,
    token: String,
}

impl<'a> Metadata<'a> {
    /// Asks for a token. The inner error is the reason why there is no such service here.
    pub(super) fn open(
        machine: &Machine<'_>,
        names: &'a Names,
        url: &Url,
    ) -> Result<Result<Self, String>> {
        let limit = machine.limits.metadata;
        if let Err(reason) = reach(url, limit) {
            return Ok(Err(reason));
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let api = Api::new(&machine.near(limit, 0), PLACE);
        let make = || {
            Ok(Call::new("PUT", format!("{base}/latest/api/token")).header(names.seconds, "21600"))
        };
        let answer = api.call("token", make, judge).map_err(|error| match kind_of(&error) {
            Failure::Unavailable => error.context(format!(
                "{PLACE} took the connection, but gave no token ({})",
                names.advice
            )),
            _ => error,
        })?;
        Ok(match (answer.status, line(&answer)) {
            (200, Some(token)) => Ok(Self { names, base, api, token }),
            (status, _) => Err(format!("no token from {} (status {status})", host(url))),
        })
    }

    /// What is at `path`; the status may be any that does not pass by itself.
    pub(super) fn get(&self, what: &str, path: &str) -> Result<Answer> {
        let make = || {
            let call = Call::new("GET", format!("{}{path}", self.base));
            Ok(call.header(self.names.token, &self.token))
        };
        self.api.call(what, make, judge)
    }

    /// The instance's role, if it has one.
    pub(super) fn role(&self) -> Result<Option<String>> {
        let answer = self.get("role", self.names.roles)?;
        match (answer.status, line(&answer)) {
            (200, Some(role)) => Ok(Some(role)),
            (200 | 404, _) => Ok(None),
            (status, _) => Err(refuse(format!("{PLACE}: no role (status {status})"))),
        }
    }

    /// The keys of `role`, and what to call them.
    pub(super) fn keys(&self, role: &str) -> Result<(Keys, String)> {
        if !role.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
            let message = format!("{PLACE}: the answer is not understood: not the name of a role");
            return Err(fail(Failure::Refused, message));
        }
        let place = format!("{PLACE}, role {role}");
        let answer = self.get("credentials", &format!("{}{role}", self.names.roles))?;
        if answer.status != 200 {
            return Err(refuse(format!("{place}: no credentials (status {})", answer.status)));
        }
        let not_understood = |reason| fail(Failure::Refused, format!("{place}: {reason}"));
        let document = Document::read(&answer.body).map_err(not_understood)?;
        if let Some(code) = document.failure() {
            let message = document.message.as_deref().unwrap_or("check the role's trust policy");
            return Err(refuse(format!("{place}: {code}: {}", excerpt(message, 300))));
        }
        let keys = document.keys().map_err(not_understood)?;
        issued::unexpired(&place, document.expiration.as_deref())?;
        Ok((keys, place))
    }
}

/// The service's URL: `named` by a variable, or the cloud's `own`.
pub(super) fn address(variable: &str, named: Option<&str>, own: &str) -> Result<Url> {
    let url = Url::parse(named.unwrap_or(own)).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| fail(Failure::Usage, format!("{variable} is not an http URL")))
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Whether anybody takes a connection there: elsewhere than on an instance nobody does, and that must be told apart from
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
