//! AWS Signature Version 4 in the `Authorization` header.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use chrono::{DateTime, Utc};

use super::received::{Authorization, Credential, KeysOf, Received, compare, keys_for};
use super::{
    basic_time, by_name, derived_key, encoded, header_names, hex, hmac_sha256, joined,
    session_token, sha256_hex,
};
use crate::credentials::Keys;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// What the service allows the time of a signature to be off, in seconds.
pub(crate) const CLOCK_ALLOWANCE: u64 = 300;

/// A request to sign.
pub(crate) struct Request<'a> {
    pub method: &'a str,
    /// With `:port` if the URL names one that is not its scheme's own.
    pub host: &'a str,
    /// Already encoded, and signed as it is: for the services used here it is `/`.
    pub path: &'a str,
    /// Not encoded.
    pub query: &'a [(String, String)],
    /// Signed besides `host`, `x-amz-date` and `x-amz-security-token`.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub region: &'a str,
    pub service: &'a str,
}

/// What a signature covers.
pub(crate) struct Canonical<'a> {
    pub method: &'a str,
    /// Encoded.
    pub path: &'a str,
    /// Not encoded, in any order.
    pub query: &'a [(String, String)],
    /// The signed headers, in any order and case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Hex SHA-256 of the body.
    pub payload_hash: &'a str,
}

impl Canonical<'_> {
    fn request(&self) -> String {
        // Sorted after encoding: a name that begins with an encoded character comes before the letters.
        let mut query = encoded(self.query);
        query.sort();
        let headers: String = by_name(self.headers)
            .iter()
            // Runs of spaces inside a value count as one.
            .map(|(name, value)| {
                let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
                [name, ":", &words.join(" "), "\n"].concat()
            })
            .collect();
        format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            self.method,
            self.path,
            joined(&query),
            header_names(self.headers),
            self.payload_hash
        )
    }
}

/// What the signing key is bound to.
pub(crate) struct Scope<'a> {
    /// `20150830T123600Z`
    pub timestamp: &'a str,
    pub region: &'a str,
    pub service: &'a str,
}

impl<'a> Scope<'a> {
    fn parts(&self) -> [&'a str; 4] {
        let date = self.timestamp.split_once('T').map_or(self.timestamp, |(date, _)| date);
        [date, self.region, self.service, TERMINATOR]
    }

    fn string_to_sign(&self, canonical_request: &str) -> String {
        let hash = sha256_hex(canonical_request.as_bytes());
        format!("{ALGORITHM}\n{}\n{}\n{hash}", self.timestamp, self.parts().join("/"))
    }
}

/// The signature of `canonical` within `scope`.
pub(crate) fn signature(canonical: &Canonical<'_>, scope: &Scope<'_>, secret: &str) -> String {
    let key = derived_key(&format!("AWS4{secret}"), scope.parts());
    hex(&hmac_sha256(&key, scope.string_to_sign(&canonical.request()).as_bytes()))
}

/// The headers to add: `x-amz-date`, `x-amz-security-token` for temporary keys, `authorization`.
pub(crate) fn sign(
    request: &Request<'_>,
    keys: &Keys,
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let timestamp = basic_time(now);
    let mut added = vec![("x-amz-date", timestamp.clone())];
    if let Some(token) = session_token(keys) {
        added.push(("x-amz-security-token", token.to_owned()));
    }
    let mut headers = vec![("host", request.host)];
    headers.extend(request.headers);
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    let canonical = Canonical {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: &headers,
        payload_hash: &sha256_hex(request.body),
    };
    let scope = Scope { timestamp: &timestamp, region: request.region, service: request.service };
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
        keys.access_key_id,
        scope.parts().join("/"),
        header_names(&headers),
        signature(&canonical, &scope, keys.secret_access_key.expose())
    );
    added.push(("authorization", authorization));
    added
}

/// Whether the `Authorization` header of a received request is right. `target` is path and query as received.
pub(crate) fn verify(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
    keys_of: KeysOf<'_>,
) -> Result<(), String> {
    let request = Received::read(target, headers)?;
    let authorization = Authorization::read(&request, ALGORITHM)?;
    let timestamp = request.required("x-amz-date")?;
    let credential =
        Credential::read(authorization.required("Credential")?, TERMINATOR, timestamp)?;
    let signed = request.signed(authorization.required("SignedHeaders")?, |name| {
        matches!(name, "host" | "content-type") || name.starts_with("x-amz-")
    })?;
    let token = request.header("x-amz-security-token");
    let keys = keys_for(keys_of, credential.access_key_id, token)?;
    let canonical = Canonical {
        method,
        path: request.path,
        query: &request.query,
        headers: &signed,
        payload_hash: &sha256_hex(body),
    };
    let scope = Scope { timestamp, region: credential.region, service: credential.service };
    let expected = signature(&canonical, &scope, keys.secret_access_key.expose());
    compare(&expected, authorization.required("Signature")?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::received::decode_query;
    use super::super::testing::{Sent, assert_sealed, cases, keys, pairs, text, time};
    use super::*;

    const CE: &str = include_str!("../../tests/vectors/aws-ce-sigv4.json");
    const ADDED: [&str; 3] = ["host", "x-amz-date", "x-amz-security-token"];

    fn keys_in(case: &Value) -> Keys {
        keys(
            text(case, "/access_key_id"),
            text(case, "/secret_access_key"),
            case["session_token"].as_str(),
        )
    }

    fn check(case: &Value, canonical: &Canonical<'_>) {
        let name = text(case, "/name");
        let scope = Scope {
            timestamp: &basic_time(time(text(case, "/timestamp"))),
            region: text(case, "/region"),
            service: text(case, "/service"),
        };
        let request = canonical.request();
        assert_eq!(request, text(case, "/expected/canonical_request"), "{name}");
        let to_sign = scope.string_to_sign(&request);
        assert_eq!(to_sign, text(case, "/expected/string_to_sign"), "{name}");
        let signature = signature(canonical, &scope, text(case, "/secret_access_key"));
        assert_eq!(signature, text(case, "/expected/signature"), "{name}");
    }

    fn check_sign(case: &Value, path: &str, query: &[(String, String)], sent: &[(&str, &str)]) {
        let host = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).unwrap().1;
        let rest: Vec<_> = sent
            .iter()
            .copied()
            .filter(|(name, _)| !ADDED.contains(&name.to_ascii_lowercase().as_str()))
            .collect();
        let request = Request {
            method: text(case, "/method"),
            host,
            path,
            query,
            headers: &rest,
            body: text(case, "/body").as_bytes(),
            region: text(case, "/region"),
            service: text(case, "/service"),
        };
        let added = sign(&request, &keys_in(case), time(text(case, "/timestamp")));
        let (last, authorization) = added.last().unwrap();
        assert_eq!(
            (*last, authorization.as_str()),
            ("authorization", text(case, "/expected/authorization"))
        );
        assert_eq!(added.len(), if case["session_token"].is_null() { 2 } else { 3 });
    }

    #[test]
    fn cost_explorer_vectors() {
        let cases = cases(CE, "ce_cases");
        assert_eq!(cases.len(), 3);
        for case in &cases {
            let sent = pairs(&case["headers"]);
            let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let payload_hash = &sha256_hex(text(case, "/body").as_bytes());
            assert_eq!(payload_hash, text(case, "/payload_sha256"));
            let canonical = Canonical {
                method: text(case, "/method"),
                path: "/",
                query: &[],
                headers: &sent,
                payload_hash,
            };
            check(case, &canonical);
            check_sign(case, "/", &[], &sent);
        }
    }

    /// AWS's own suite is not part of this project. Where the variable names a file with it, it is run.
    #[test]
    fn aws_suite_where_there_is_one() {
        let Ok(file) = std::env::var("BILLING_PULL_SIGV4_SUITE") else { return };
        let all = cases(&std::fs::read_to_string(file).unwrap(), "cases");
        // Headers folded over several lines are obsolete (RFC 9112, section 5.2) and never sent.
        let run: Vec<_> =
            all.iter().filter(|case| case["name"] != "get-header-value-multiline").collect();
        for case in &run {
            let (path, query) =
                text(case, "/target").split_once('?').unwrap_or((text(case, "/target"), ""));
            let path = suite_path(path, case["normalize_path"] == true);
            let query = decode_query(query).unwrap();
            let payload_hash = sha256_hex(text(case, "/body").as_bytes());
            let timestamp = basic_time(time(text(case, "/timestamp")));
            let mut sent: Vec<(&str, &str)> = case["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
                .collect();
            if case["sign_body"] == true {
                sent.push(("x-amz-content-sha256", &payload_hash));
            }
            let mut headers = sent.clone();
            headers.push(("X-Amz-Date", &timestamp));
            if let (Some(token), false) =
                (case["session_token"].as_str(), case["omit_session_token"] == true)
            {
                headers.push(("X-Amz-Security-Token", token));
            }
            let canonical = Canonical {
                method: text(case, "/method"),
                path: &path,
                query: &query,
                headers: &headers,
                payload_hash: &payload_hash,
            };
            check(case, &canonical);
            if case["omit_session_token"] != true {
                check_sign(case, &path, &query, &sent);
            }
        }
        assert_eq!((run.len(), all.len()), (37, 38));
    }

    /// What the suite expects of a path before it is signed.
    fn suite_path(path: &str, normalize: bool) -> String {
        let mut path = path.to_owned();
        if normalize {
            let mut kept = Vec::new();
            for part in path.split('/') {
                match part {
                    "" | "." => {}
                    ".." => drop(kept.pop()),
                    part => kept.push(part),
                }
            }
            let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
            path = format!("/{}{end}", kept.join("/"));
        }
        super::super::percent_encode_path(&path).replace("%25", "%")
    }

    #[test]
    fn verify_accepts_what_sign_made_and_nothing_else() {
        for token in [None, Some("AQoEXAMPLE/token==")] {
            let keys = keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", token);
            let query = [("a".to_owned(), "1 +".to_owned()), ("b".to_owned(), String::new())];
            let extra = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "T.Get")];
            let request = Request {
                method: "POST",
                host: "127.0.0.1:4100",
                path: "/",
                query: &query,
                headers: &extra,
                body: b"{\"Granularity\":\"DAILY\"}",
                region: "us-east-1",
                service: "ce",
            };
            let added = sign(&request, &keys, time("2026-03-02T01:02:03Z"));
            let sent = Sent::new("POST", "/?b=&a=1%20%2B", request.body)
                .with([("Host", request.host), ("Accept", "*/*")])
                .with(extra)
                .with(added.iter().map(|(name, value)| (*name, value.as_str())));
            assert_sealed(verify, &sent, &keys, &["Accept"], true);
        }
    }

    #[test]
    fn verify_wants_the_headers_signed_that_aws_wants_signed() {
        let keys = keys("AKIDEXAMPLE", "secret", None);
        let request = Request {
            method: "GET",
            host: "localhost",
            path: "/",
            query: &[],
            headers: &[],
            body: b"",
            region: "us-east-1",
            service: "ce",
        };
        let added = sign(&request, &keys, time("2026-03-02T01:02:03Z"));
        let sent = Sent::new("GET", "/", b"")
            .with([("host", "localhost"), ("x-amz-target", "T.Get")])
            .with(added.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(
            sent.check(verify, &keys),
            Err("malformed: header x-amz-target is not signed".to_owned())
        );
    }
}
