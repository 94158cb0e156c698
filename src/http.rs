//! The one HTTP client. It sends what it is given and reads the answer within limits; it does not sign, does not
//! retry and knows no cloud. No error of it holds a URL: the query of a signed request names keys.

mod url;

use crate::exit::{Failure, fail};
use crate::proofs;
use anyhow::{Result, anyhow};
use bytes::Bytes;
use reqwest::blocking::Client;
use std::fmt;
use std::io::Read;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(crate) use url::{host, host_and_port, host_header, is_label, is_loopback, is_plain, path};

/// The largest answer that is read whole. The largest page known is 0.4 MB.
const LARGEST: u64 = 64 << 20;
/// An answer that trickles is cut after this many times the timeout.
const TRICKLE: u32 = 10;

/// One request, ready to send.
#[derive(Clone)]
pub(crate) struct Call {
    /// `GET`, `POST`, `PUT`, `HEAD`, `OPTIONS`.
    pub(crate) method: &'static str,
    /// The whole URL. It may hold a signature: it is never shown.
    pub(crate) url: String,
    /// Headers but Host and Content-Length.
    pub(crate) headers: Vec<(String, String)>,
    /// The body; empty for none. Another try sends the same bytes without a copy of them.
    pub(crate) body: Bytes,
}

impl Call {
    /// A request without headers or body.
    pub(crate) fn new(method: &'static str, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds headers.
    pub(crate) fn headers<N: AsRef<str>>(mut self, headers: Vec<(N, String)>) -> Self {
        self.headers
            .extend(headers.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value)));
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Bytes::from(body.into());
        self
    }

    /// Host and port, for messages.
    pub(crate) fn host(&self) -> &str {
        host_and_port(&self.url)
    }
}

/// An answer, read whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// What the request proved an identity with.
    proofs: Vec<String>,
}

impl Answer {
    /// The first header of this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The service's own name for this exchange.
    pub(crate) fn request_id(&self) -> Option<&str> {
        ["x-amzn-requestid", "x-acs-request-id", "x-oss-request-id", "x-bce-request-id"]
            .iter()
            .find_map(|name| self.header(name))
    }

    /// The start of the body on one line, for messages: at most `most` characters, controls as spaces.
    pub(crate) fn excerpt(&self, most: usize) -> String {
        excerpt(&self.hide(&String::from_utf8_lossy(&self.body)), most)
    }

    /// `text` of the answer without what the request proved an identity with, should it echo that.
    pub(crate) fn hide(&self, text: &str) -> String {
        proofs::hide(text, self.proofs.iter().map(String::as_str))
    }

    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(n, v)| (n.to_lowercase(), (*v).to_owned())).collect();
        Self { status, headers, body: body.as_bytes().to_vec(), proofs: Vec::new() }
    }
}

/// The start of `text` on one line.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let words =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// An answer whose body is still to be read; each read has the client's timeout.
pub(crate) struct Opened {
    /// Status and headers, without a body.
    pub(crate) answer: Answer,
    response: reqwest::blocking::Response,
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.response.read(buffer).map_err(|error| {
            let broken = broken_read(&error);
            std::io::Error::other(broken.to_string())
        })
    }
}

/// Why no whole answer came.
#[derive(Debug)]
pub(crate) struct Broken {
    reason: String,
    /// Whether another try may end otherwise.
    pub(crate) passing: bool,
    /// Whether the request may have reached the server.
    pub(crate) ambiguous: bool,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Broken {}

/// Blocking clients, built when first needed: loopback asks for neither certificates nor a proxy.
pub(crate) struct Http {
    timeout: Duration,
    near: OnceLock<Client>,
    plain: OnceLock<Client>,
    tls: OnceLock<Result<Client, String>>,
}

impl Http {
    /// `timeout` is the longest wait without progress: connecting, for the answer, between two reads.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, near: OnceLock::new(), plain: OnceLock::new(), tls: OnceLock::new() }
    }

    /// The client for this URL.
    pub(crate) fn client(&self, url: &str) -> Result<&Client> {
        let base = || {
            reqwest::blocking::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .tcp_nodelay(true)
                .connect_timeout(self.timeout)
                .timeout(self.timeout)
                .pool_max_idle_per_host(64)
                .user_agent(concat!("billing-pull/", env!("CARGO_PKG_VERSION")))
        };
        let blank = |near: bool| {
            install_provider();
            let builder = base().tls_certs_only([]);
            let builder = if near { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| anyhow!("no HTTP client: {}", error.without_url()))
        };
        let kept = |cell: &'_ OnceLock<Client>, near| -> Result<()> {
            if cell.get().is_none() {
                // Two threads may both build one; the first to arrive is kept.
                drop(cell.set(blank(near)?));
            }
            Ok(())
        };
        if is_plain(url) {
            let near = url::is_near(url);
            let cell = if near { &self.near } else { &self.plain };
            kept(cell, near)?;
            return cell.get().ok_or_else(|| anyhow!("no HTTP client"));
        }
        let built = self.tls.get_or_init(|| {
            install_provider();
            base().https_only(true).build().map_err(|e| chain(&e.without_url()))
        });
        built.as_ref().map_err(|error| {
            let hint = "install ca-certificates or name a bundle with SSL_CERT_FILE";
            let reason = if error.contains("No CA certificates") {
                format!("no CA certificates on this machine, so https cannot be trusted: {hint}")
            } else {
                format!("TLS cannot be set up ({error}): {hint}")
            };
            fail(Failure::Usage, reason)
        })
    }

    /// Sends `call` and reads the whole answer.
    pub(crate) fn send(&self, call: &Call) -> Result<Result<Answer, Broken>> {
        let started = Instant::now();
        Ok(match self.begin(call)? {
            Ok(opened) => self.read_whole(opened, started).map(|opened| opened.answer),
            Err(broken) => Err(broken),
        })
    }

    /// Sends `call` and waits for status and headers. Only the body of a good answer is left unread: any other
    /// says why.
    pub(crate) fn open(&self, call: &Call) -> Result<Result<Opened, Broken>> {
        let started = Instant::now();
        Ok(match self.begin(call)? {
            Ok(opened) if !(200..300).contains(&opened.answer.status) => {
                self.read_whole(opened, started)
            }
            begun => begun,
        })
    }

    fn read_whole(&self, mut opened: Opened, started: Instant) -> Result<Opened, Broken> {
        let limit = self.timeout * TRICKLE;
        let mut body = Vec::new();
        let mut chunk = [0; 16 << 10];
        loop {
            match opened.response.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => body.extend_from_slice(&chunk[..read]),
                Err(error) => return Err(broken_read(&error)),
            }
            if body.len() as u64 > LARGEST {
                let reason = format!("the answer is larger than {} MiB", LARGEST >> 20);
                return Err(Broken { reason, passing: false, ambiguous: true });
            }
            if started.elapsed() > limit {
                let reason = format!("the answer trickles: not whole after {} s", limit.as_secs());
                return Err(Broken { reason, passing: true, ambiguous: true });
            }
        }
        opened.answer.body = body;
        Ok(opened)
    }

    /// Sends `call` and waits for status and headers only.
    fn begin(&self, call: &Call) -> Result<Result<Opened, Broken>> {
        let client = self.client(&call.url)?;
        let method = reqwest::Method::from_bytes(call.method.as_bytes())?;
        let mut request = client.request(method, &call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if !call.body.is_empty() || matches!(call.method, "POST" | "PUT") {
            request = request.body(call.body.clone());
        }
        let response = match request.send() {
            Ok(response) => response,
            Err(error) => return Ok(Err(self.broken_send(error))),
        };
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        let proofs = proofs::of(&call.url, &call.headers);
        let status = response.status().as_u16();
        let answer = Answer { status, headers, body: Vec::new(), proofs };
        Ok(Ok(Opened { answer, response }))
    }

    fn broken_send(&self, error: reqwest::Error) -> Broken {
        let error = error.without_url();
        let passing = !error.is_builder();
        let ambiguous = !error.is_connect() && !error.is_builder();
        let reason = if error.is_timeout() && error.is_connect() {
            format!("no connection within {} s", self.timeout.as_secs_f64())
        } else if error.is_timeout() {
            format!("no answer within {} s", self.timeout.as_secs_f64())
        } else if error.is_connect() {
            let why = chain(&error);
            format!("could not connect ({why}{})", trust_hint(&why))
        } else {
            format!("the connection broke ({})", chain(&error))
        };
        Broken { reason, passing, ambiguous }
    }
}

/// TLS by ring: no C++ nor cmake to build, and half the size of the default.
fn install_provider() {
    // An error means that one is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
}

fn broken_read(error: &std::io::Error) -> Broken {
    let timed_out = error.kind() == std::io::ErrorKind::TimedOut
        || error
            .get_ref()
            .and_then(|e| e.downcast_ref::<reqwest::Error>())
            .is_some_and(reqwest::Error::is_timeout);
    let reason = if timed_out {
        "the answer stalled: nothing more came within the timeout".to_owned()
    } else {
        format!("the answer was cut short ({})", deepest(error))
    };
    Broken { reason, passing: true, ambiguous: true }
}

/// What to do about a certificate that is not trusted.
fn trust_hint(why: &str) -> &'static str {
    if why.contains("UnknownIssuer") || why.contains("unknown issuer") {
        "; behind a proxy with a CA of its own, name that CA's certificate with SSL_CERT_FILE"
    } else {
        ""
    }
}

/// The causes below a client error, without its first line, which names no cause.
fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

fn deepest(error: &std::io::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    if let Some(inner) = error.get_ref() {
        last = inner;
    }
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_issuer_is_told_what_to_do() {
        assert!(trust_hint("invalid peer certificate: UnknownIssuer").contains("SSL_CERT_FILE"));
        assert_eq!(trust_hint("Connection refused (os error 111)"), "");
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        let answer = Answer::of(502, &[], "<html>\r\n  <b>Bad\u{7} Gateway</b>\n");
        assert_eq!(answer.excerpt(80), "<html> <b>Bad Gateway</b>");
        assert_eq!(excerpt("云云云云", 2), "云云…");
    }

    #[test]
    fn errors_hold_no_url() {
        let http = Http::new(Duration::from_secs(1));
        let call = Call::new("GET", "http://127.0.0.1:1/?Signature=abc");
        let broken = http.send(&call).unwrap().unwrap_err();
        assert!(broken.passing && !broken.ambiguous);
        assert!(broken.to_string().contains("Connection refused"), "{broken}");
        assert!(!broken.to_string().contains("Signature"), "{broken}");
    }
}
