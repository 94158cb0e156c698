//! Baidu AI Cloud's `bce-auth-v1`.
//! <https://intl.cloud.baidu.com/doc/Reference/s/njwvz1yfu-en>

use chrono::{DateTime, Utc};

use super::received::{KeysOf, Received, compare, decode, keys_for, malformed};
use super::{
    by_name, encoded, extended_time, header_names, hex, hmac_sha256, percent_encode,
    percent_encode_path, session_token,
};
use crate::credentials::Keys;

const ALGORITHM: &str = "bce-auth-v1";
/// What the service allows the time of a signature to be off, in seconds.
pub(crate) const CLOCK_ALLOWANCE: u64 = 1800;

/// For how many seconds the signature is good: the vendor's default.
const EXPIRATION: &str = "1800";

/// What a signature covers. The body is not part of it.
pub(crate) struct Canonical<'a> {
    pub method: &'a str,
    /// Not encoded.
    pub path: &'a str,
    /// Not encoded, in any order.
    pub query: &'a [(String, String)],
    /// The signed headers, in any order and case.
    pub headers: &'a [(&'a str, &'a str)],
}

impl Canonical<'_> {
    fn request(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { self.path };
        // A signature in the query would be named so, and cannot cover itself.
        let mut query = self.query.to_vec();
        query.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        let mut headers: Vec<String> = by_name(self.headers)
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}:{}", percent_encode(name), percent_encode(value)))
            .collect();
        headers.sort();
        format!(
            "{}\n{}\n{}\n{}",
            self.method,
            percent_encode_path(path),
            query_string(&query),
            headers.join("\n")
        )
    }
}

/// The beginning of the `Authorization` header, and the text that the signing key is made from.
fn prefix(access_key_id: &str, timestamp: &str, expiration: &str) -> String {
    format!("{ALGORITHM}/{access_key_id}/{timestamp}/{expiration}")
}

/// The key is the hex text, not the bytes that it stands for.
fn signing_key(prefix: &str, secret: &str) -> String {
    hex(&hmac_sha256(secret.as_bytes(), prefix.as_bytes()))
}

/// The signature of `canonical` under `bce-auth-v1/{access key id}/{timestamp}/{seconds}`.
pub(crate) fn signature(canonical: &Canonical<'_>, prefix: &str, secret: &str) -> String {
    let key = signing_key(prefix, secret);
    hex(&hmac_sha256(key.as_bytes(), canonical.request().as_bytes()))
}

/// The query as it is signed, for the URL. It is the encoded pairs that are sorted, not their names: `text1=`
/// comes before `text=`.
pub(crate) fn query_string(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<String> =
        encoded(pairs).iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    pairs.join("&")
}

/// The headers to add: `x-bce-date`, `x-bce-security-token` for temporary keys, `authorization`. They and `host`
/// are all that is signed. `path` and `query` are not encoded; in the URL they go as
/// [`super::percent_encode_path`] and [`query_string`] write them.
pub(crate) fn sign(
    method: &str,
    host: &str,
    path: &str,
    query: &[(String, String)],
    keys: &Keys,
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let timestamp = extended_time(now);
    let prefix = prefix(&keys.access_key_id, &timestamp, EXPIRATION);
    let mut added = vec![("x-bce-date", timestamp)];
    if let Some(token) = session_token(keys) {
        added.push(("x-bce-security-token", token.to_owned()));
    }
    let mut headers = vec![("host", host)];
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    let canonical = Canonical { method, path, query, headers: &headers };
    let signature = signature(&canonical, &prefix, keys.secret_access_key.expose());
    // The list is spelled out: the headers that an empty one stands for include every `x-bce-*`.
    let authorization = format!("{prefix}/{}/{signature}", header_names(&headers));
    added.push(("authorization", authorization));
    added
}

/// The headers that an empty list of signed headers stands for.
fn signed_by_default(name: &str) -> bool {
    matches!(name, "host" | "content-length" | "content-type" | "content-md5")
        || name.starts_with("x-bce-")
}

/// Whether the `Authorization` header of a received request is right. `target` is path and query as received.
/// The body is not signed, so nothing is said about it.
pub(crate) fn verify(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    _body: &[u8],
    keys_of: KeysOf<'_>,
) -> Result<(), String> {
    let request = Received::read(target, headers)?;
    let parts: Vec<&str> = request.required("authorization")?.split('/').collect();
    let [ALGORITHM, access_key_id, timestamp, expiration, names, sent] = parts[..] else {
        return Err(malformed("authorization is not six parts that begin with bce-auth-v1"));
    };
    let signed = if names.is_empty() {
        request.headers_where(signed_by_default)
    } else {
        request.signed(names, |name| name == "host" || name.starts_with("x-bce-"))?
    };
    let keys = keys_for(keys_of, access_key_id, request.header("x-bce-security-token"))?;
    let canonical =
        Canonical { method, path: &decode(request.path)?, query: &request.query, headers: &signed };
    let prefix = prefix(access_key_id, timestamp, expiration);
    compare(&signature(&canonical, &prefix, keys.secret_access_key.expose()), sent)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::{Sent, assert_sealed, cases, keys, pairs, text, time};
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/baidu-bce-auth-v1.json");

    #[test]
    fn vectors() {
        let cases = cases(VECTORS, "cases");
        assert_eq!(cases.len(), 13);
        for case in &cases {
            let name = text(case, "/name");
            let secret = text(case, "/secret_access_key");
            let query = pairs(&case["query"]);
            let headers = pairs(&case["headers"]);
            let listed: Vec<String> =
                serde_json::from_value(case["signed_headers"].clone()).unwrap();
            let signed: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .filter(|(name, _)| match &listed[..] {
                    [] => signed_by_default(name),
                    listed => listed.iter().any(|listed| listed == name),
                })
                .collect();
            let canonical = Canonical {
                method: text(case, "/method"),
                path: text(case, "/path"),
                query: &query,
                headers: &signed,
            };
            let prefix = prefix(
                text(case, "/access_key_id"),
                text(case, "/timestamp"),
                &case["expiration_in_seconds"].to_string(),
            );
            assert_eq!(prefix, text(case, "/expected/auth_string_prefix"), "{name}");
            assert_eq!(signing_key(&prefix, secret), text(case, "/expected/signing_key"), "{name}");
            let request = canonical.request();
            assert_eq!(request, text(case, "/expected/canonical_request"), "{name}");
            let signature = signature(&canonical, &prefix, secret);
            assert_eq!(signature, text(case, "/expected/signature"), "{name}");
        }
    }

    #[test]
    fn sign_and_verify_agree_with_the_vectors() {
        let mut signed = 0;
        for case in &cases(VECTORS, "cases") {
            let name = text(case, "/name");
            let headers = &case["headers"];
            let token = headers.get("x-bce-security-token").and_then(Value::as_str);
            let keys = keys(text(case, "/access_key_id"), text(case, "/secret_access_key"), token);
            let (method, path) = (text(case, "/method"), text(case, "/path"));
            let query = pairs(&case["query"]);
            let authorization = text(case, "/expected/authorization");
            let listed = case["signed_headers"].as_array().unwrap();
            if case["expiration_in_seconds"] == 1800 && !listed.is_empty() {
                let now = time(text(case, "/timestamp"));
                let added = sign(method, text(headers, "/host"), path, &query, &keys, now);
                let last = ("authorization", authorization.to_owned());
                assert_eq!(added.last(), Some(&last), "{name}");
                signed += 1;
            }
            let target = format!("{}?{}", percent_encode_path(path), query_string(&query));
            let mut sent = Sent::new(method, &target, b"").with([("Authorization", authorization)]);
            sent.headers.extend(pairs(headers));
            assert_eq!(sent.check(verify, &keys), Ok(()), "{name}");
        }
        assert_eq!(signed, 10);
    }

    #[test]
    fn verify_accepts_what_sign_made_and_nothing_else() {
        for token in [None, Some("ZjkyZmQ2+/EXAMPLE==")] {
            let keys = keys("ALTAKEXAMPLE", "exampleexampleexample", token);
            let query =
                [("month".to_owned(), "2024-01".to_owned()), ("a".to_owned(), String::new())];
            let (method, host, path) = ("GET", "127.0.0.1:4100", "/v1/bill/resource month");
            let added = sign(method, host, path, &query, &keys, time("2024-02-03T04:05:06Z"));
            let target = format!("{}?{}", percent_encode_path(path), query_string(&query));
            let sent = Sent::new(method, &target, b"body")
                .with([("Host", host), ("Accept", "*/*")])
                .with(added.iter().map(|(name, value)| (*name, value.as_str())));
            assert_sealed(verify, &sent, &keys, &["Accept"], false);
        }
    }
}
