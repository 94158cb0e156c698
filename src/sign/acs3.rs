//! Alibaba Cloud's signature V3, `ACS3-HMAC-SHA256`, for actions of RPC style.
//! <https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>

use chrono::{DateTime, Utc};

use super::received::{Authorization, KeysOf, Received, compare, keys_for, malformed};
use super::{
    extended_time, header_lines, header_names, hex, hmac_sha256, session_token, sha256_hex,
    sorted_query,
};
use crate::credentials::Keys;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What the service allows the time of a signature to be off, in seconds.
pub(crate) const CLOCK_ALLOWANCE: u64 = 900;

/// A request to sign. Its path is `/`: the action is named by a header.
pub(crate) struct Request<'a> {
    pub method: &'a str,
    /// With `:port` if the URL names one that is not its scheme's own.
    pub host: &'a str,
    pub action: &'a str,
    pub version: &'a str,
    /// Not encoded; [`query_string`] is how it goes into the URL.
    pub query: &'a [(String, String)],
    /// Of the body, if there is one.
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
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
        format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            self.method,
            self.path,
            sorted_query(self.query),
            header_lines(self.headers),
            header_names(self.headers),
            self.payload_hash
        )
    }
}

fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
}

/// The signature of `canonical`. There is no derived key: the secret itself is the key.
pub(crate) fn signature(canonical: &Canonical<'_>, secret: &str) -> String {
    hex(&hmac_sha256(secret.as_bytes(), string_to_sign(&canonical.request()).as_bytes()))
}

/// The query as it is signed, for the URL.
pub(crate) fn query_string(pairs: &[(String, String)]) -> String {
    sorted_query(pairs)
}

/// Every header to send but `host`. `nonce` has to be new for each attempt.
pub(crate) fn sign(
    request: &Request<'_>,
    keys: &Keys,
    now: DateTime<Utc>,
    nonce: &str,
) -> Vec<(&'static str, String)> {
    let payload_hash = sha256_hex(request.body);
    let mut send = vec![
        ("x-acs-action", request.action.to_owned()),
        ("x-acs-version", request.version.to_owned()),
        ("x-acs-date", extended_time(now)),
        ("x-acs-signature-nonce", nonce.to_owned()),
        ("x-acs-content-sha256", payload_hash.clone()),
    ];
    if let Some(content_type) = request.content_type {
        send.push(("content-type", content_type.to_owned()));
    }
    if let Some(token) = session_token(keys) {
        send.push(("x-acs-accesskey-id", keys.access_key_id.clone()));
        send.push(("x-acs-security-token", token.to_owned()));
    }
    let mut headers = vec![("host", request.host)];
    headers.extend(send.iter().map(|(name, value)| (*name, value.as_str())));
    let canonical = Canonical {
        method: request.method,
        path: "/",
        query: request.query,
        headers: &headers,
        payload_hash: &payload_hash,
    };
    let authorization = format!(
        "{ALGORITHM} Credential={},SignedHeaders={},Signature={}",
        keys.access_key_id,
        header_names(&headers),
        signature(&canonical, keys.secret_access_key.expose())
    );
    // The answer is XML unless JSON is asked for. A proxy may rewrite this header: it is not signed.
    send.push(("accept", "application/json".to_owned()));
    send.push(("authorization", authorization));
    send
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
    for name in ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"] {
        request.required(name)?;
    }
    let payload_hash = sha256_hex(body);
    if request.required("x-acs-content-sha256")? != payload_hash {
        return Err(malformed("x-acs-content-sha256 is not the hash of the body"));
    }
    let signed = request.signed(authorization.required("SignedHeaders")?, |name| {
        matches!(name, "host" | "content-type") || name.starts_with("x-acs-")
    })?;
    let token = request.header("x-acs-security-token");
    let keys = keys_for(keys_of, authorization.required("Credential")?, token)?;
    let canonical = Canonical {
        method,
        path: request.path,
        query: &request.query,
        headers: &signed,
        payload_hash: &payload_hash,
    };
    let expected = signature(&canonical, keys.secret_access_key.expose());
    compare(&expected, authorization.required("Signature")?)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sent, assert_sealed, cases, keys, pairs, text, time};
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/alicloud-acs3.json");

    #[test]
    fn vectors() {
        let cases = cases(VECTORS, "vectors");
        assert_eq!(cases.len(), 11);
        for case in &cases {
            let name = text(case, "/name");
            let query = pairs(&case["input"]["query"]);
            let headers = pairs(&case["input"]["headers_before_signing"]);
            let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let canonical = Canonical {
                method: text(case, "/input/method"),
                path: text(case, "/input/path"),
                query: &query,
                headers: &headers,
                payload_hash: &sha256_hex(text(case, "/input/body").as_bytes()),
            };
            assert_eq!(query_string(&query), text(case, "/expected/canonical_query"), "{name}");
            assert_eq!(header_lines(&headers), text(case, "/expected/canonical_headers"), "{name}");
            assert_eq!(header_names(&headers), text(case, "/expected/signed_headers"), "{name}");
            let request = canonical.request();
            assert_eq!(request, text(case, "/expected/canonical_request"), "{name}");
            assert_eq!(string_to_sign(&request), text(case, "/expected/string_to_sign"), "{name}");
            let signature = signature(&canonical, text(case, "/input/access_key_secret"));
            let (_, expected) =
                text(case, "/expected/authorization").split_once("Signature=").unwrap();
            assert_eq!(signature, expected, "{name}");
        }
    }

    #[test]
    fn sign_gives_the_authorization_of_the_vectors() {
        let mut compared = 0;
        for case in &cases(VECTORS, "vectors") {
            let given = &case["input"]["headers_before_signing"];
            if given.get("x-acs-test").is_some() {
                continue; // a header that only the canonical form above can take
            }
            let query = pairs(&case["input"]["query"]);
            let request = Request {
                method: text(case, "/input/method"),
                host: text(given, "/host"),
                action: text(given, "/x-acs-action"),
                version: text(given, "/x-acs-version"),
                query: &query,
                content_type: given.get("content-type").and_then(|value| value.as_str()),
                body: text(case, "/input/body").as_bytes(),
            };
            let token = given.get("x-acs-security-token").and_then(|value| value.as_str());
            let keys = keys(
                text(case, "/input/access_key_id"),
                text(case, "/input/access_key_secret"),
                token,
            );
            let now = time(text(given, "/x-acs-date"));
            let sent = sign(&request, &keys, now, text(given, "/x-acs-signature-nonce"));
            let (_, authorization) = sent.last().unwrap();
            assert_eq!(authorization, text(case, "/expected/authorization"));
            for (name, value) in &sent {
                if let Some(given) = given.get(name) {
                    assert_eq!(given, value, "{name}");
                }
            }
            compared += 1;
        }
        assert_eq!(compared, 10);
    }

    #[test]
    fn verify_accepts_what_sign_made_and_nothing_else() {
        for token in [None, Some("CAIS+abc/def==")] {
            let keys = keys("LTAI5tFakeKeyIdForTests1", "fakeSecretForTestsOnly", token);
            let query =
                [("PageNum".to_owned(), "1".to_owned()), ("A".to_owned(), "b c".to_owned())];
            let request = Request {
                method: "POST",
                host: "127.0.0.1:4100",
                action: "QueryAccountBill",
                version: "2017-12-14",
                query: &query,
                content_type: Some("application/x-www-form-urlencoded"),
                body: b"BillingCycle=2026-03",
            };
            let headers = sign(&request, &keys, time("2026-03-02T01:02:03Z"), "2c7a1e0e7d1f4f2c");
            let sent = Sent::new("POST", &format!("/?{}", query_string(&query)), request.body)
                .with([("host", request.host)])
                .with(headers.iter().map(|(name, value)| (*name, value.as_str())));
            assert_sealed(verify, &sent, &keys, &["accept"], true);
        }
    }
}
