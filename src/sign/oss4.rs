//! Alibaba Cloud OSS, signature V4 in the `Authorization` header.
//! <https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4>

use chrono::{DateTime, Utc};

use super::received::{Authorization, Credential, KeysOf, Received, compare, decode};
use super::received::{keys_for, malformed};
use super::{
    basic_time, derived_key, encoded, header_lines, hex, hmac_sha256, percent_encode_path,
    session_token, sha256_hex,
};
use crate::credentials::Keys;

const ALGORITHM: &str = "OSS4-HMAC-SHA256";
const TERMINATOR: &str = "aliyun_v4_request";
const SERVICE: &str = "oss";
/// What the service allows the time of a signature to be off, in seconds.
pub(crate) const CLOCK_ALLOWANCE: u64 = 900;

/// The only payload hash that OSS takes: it says that the body is not signed.
const PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request to sign.
pub(crate) struct Request<'a> {
    pub method: &'a str,
    pub bucket: Option<&'a str>,
    /// Not encoded.
    pub key: Option<&'a str>,
    /// Not encoded; [`query_string`] is how it goes into the URL.
    pub query: &'a [(String, String)],
    /// Those that will be sent besides. `content-type`, `content-md5` and `x-oss-*` are signed, others not.
    pub headers: &'a [(&'a str, &'a str)],
    /// `cn-hangzhou`, not `oss-cn-hangzhou`.
    pub region: &'a str,
}

/// What a signature covers.
pub(crate) struct Canonical<'a> {
    pub method: &'a str,
    /// `/bucket/key`, not encoded, wherever the URL names the bucket.
    pub resource: &'a str,
    /// Not encoded, in any order.
    pub query: &'a [(String, String)],
    /// The signed headers, in any order and case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The names of those which are signed by choice: lower case, in order, joined by `;`.
    pub additional: &'a str,
}

impl Canonical<'_> {
    fn request(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n{}\n{PAYLOAD}",
            self.method,
            percent_encode_path(self.resource),
            query_string(self.query),
            header_lines(self.headers),
            self.additional
        )
    }
}

/// What the signing key is bound to.
pub(crate) struct Scope<'a> {
    /// `20260302T010203Z`
    pub timestamp: &'a str,
    pub region: &'a str,
}

impl<'a> Scope<'a> {
    fn parts(&self) -> [&'a str; 4] {
        let date = self.timestamp.split_once('T').map_or(self.timestamp, |(date, _)| date);
        [date, self.region, SERVICE, TERMINATOR]
    }

    fn string_to_sign(&self, canonical_request: &str) -> String {
        let hash = sha256_hex(canonical_request.as_bytes());
        format!("{ALGORITHM}\n{}\n{}\n{hash}", self.timestamp, self.parts().join("/"))
    }
}

/// The signature of `canonical` within `scope`.
pub(crate) fn signature(canonical: &Canonical<'_>, scope: &Scope<'_>, secret: &str) -> String {
    let key = derived_key(&format!("aliyun_v4{secret}"), scope.parts());
    hex(&hmac_sha256(&key, scope.string_to_sign(&canonical.request()).as_bytes()))
}

/// The query as it is signed, for the URL. Unlike in Alibaba's other schemes, the encoded names are sorted, and
/// an empty value has no `=`.
pub(crate) fn query_string(pairs: &[(String, String)]) -> String {
    let mut pairs = encoded(pairs);
    pairs.sort();
    let parts = pairs.into_iter().map(|(name, value)| match value.as_str() {
        "" => name,
        value => format!("{name}={value}"),
    });
    parts.collect::<Vec<_>>().join("&")
}

/// Whether a header is signed whenever it is sent.
fn always_signed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "content-type" | "content-md5") || name.starts_with("x-oss-")
}

/// The headers to add: `x-oss-date`, `x-oss-content-sha256`, `x-oss-security-token` for temporary keys,
/// `authorization`.
pub(crate) fn sign(
    request: &Request<'_>,
    keys: &Keys,
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let timestamp = basic_time(now);
    let mut added =
        vec![("x-oss-date", timestamp.clone()), ("x-oss-content-sha256", PAYLOAD.to_owned())];
    if let Some(token) = session_token(keys) {
        added.push(("x-oss-security-token", token.to_owned()));
    }
    let mut headers = request.headers.to_vec();
    headers.retain(|(name, _)| always_signed(name));
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    let resource = match (request.bucket, request.key) {
        (Some(bucket), key) => format!("/{bucket}/{}", key.unwrap_or_default()),
        (None, _) => "/".to_owned(),
    };
    let canonical = Canonical {
        method: request.method,
        resource: &resource,
        query: request.query,
        headers: &headers,
        additional: "",
    };
    let scope = Scope { timestamp: &timestamp, region: request.region };
    // `AdditionalHeaders` is left out: an empty one is refused.
    // <https://www.alibabacloud.com/help/en/oss/user-guide/0002-00000209>
    let authorization = format!(
        "{ALGORITHM} Credential={}/{},Signature={}",
        keys.access_key_id,
        scope.parts().join("/"),
        signature(&canonical, &scope, keys.secret_access_key.expose())
    );
    added.push(("authorization", authorization));
    added
}

/// Whether the `Authorization` header of a received request is right. `target` is path and query as received.
/// The bucket is the label of the host before `.oss-`, or else the first part of the path. The body is not
/// signed, so nothing is said about it.
pub(crate) fn verify(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    _body: &[u8],
    keys_of: KeysOf<'_>,
) -> Result<(), String> {
    let request = Received::read(target, headers)?;
    let authorization = Authorization::read(&request, ALGORITHM)?;
    let timestamp = request.required("x-oss-date")?;
    let credential =
        Credential::read(authorization.required("Credential")?, TERMINATOR, timestamp)?;
    if credential.service != SERVICE {
        return Err(malformed("credential is not for oss"));
    }
    if request.required("x-oss-content-sha256")? != PAYLOAD {
        return Err(malformed(&format!("x-oss-content-sha256 is not {PAYLOAD}")));
    }
    let additional = authorization.optional("AdditionalHeaders");
    if let Some(names) = additional {
        request.signed(names, |_| false)?;
    }
    let chosen: Vec<&str> = additional.into_iter().flat_map(|names| names.split(';')).collect();
    let signed = request.headers_where(|name| always_signed(name) || chosen.contains(&name));
    let token = request.header("x-oss-security-token");
    let keys = keys_for(keys_of, credential.access_key_id, token)?;
    let canonical = Canonical {
        method,
        resource: &resource(request.required("host")?, &decode(request.path)?),
        query: &request.query,
        headers: &signed,
        additional: additional.unwrap_or_default(),
    };
    let scope = Scope { timestamp, region: credential.region };
    let expected = signature(&canonical, &scope, keys.secret_access_key.expose());
    compare(&expected, authorization.required("Signature")?)
}

/// `/bucket/key` of a received request.
fn resource(host: &str, path: &str) -> String {
    match host.split_once(".oss-") {
        Some((bucket, _)) => format!("/{bucket}{path}"),
        // A bucket without a key ends in a slash, even where the URL leaves it out.
        None if path.len() > 1 && path.matches('/').count() == 1 => format!("{path}/"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use serde_json::Value;

    use super::super::testing::{Sent, assert_sealed, cases, keys, pairs, text, time};
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/alicloud-oss-v4.json");

    fn keys_in(input: &Value) -> Keys {
        let token = input["security_token"].as_str();
        keys(text(input, "/access_key_id"), text(input, "/access_key_secret"), token)
    }

    fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn vectors() {
        let cases = cases(VECTORS, "vectors");
        assert_eq!(cases.len(), 15);
        for case in &cases {
            let (name, input) = (text(case, "/name"), &case["input"]);
            let timestamp = text(input, "/signing_time");
            let query = pairs(&input["query"]);
            let chosen: Vec<String> =
                serde_json::from_value(input["additional_headers"].clone()).unwrap_or_default();
            let given = pairs(&input["headers"]);
            let mut headers = borrowed(&given);
            headers.retain(|(name, _)| {
                always_signed(name) || chosen.contains(&name.to_ascii_lowercase())
            });
            headers.extend([("X-Oss-Date", timestamp), ("x-oss-content-sha256", PAYLOAD)]);
            headers.extend(input["security_token"].as_str().map(|t| ("x-oss-security-token", t)));
            let canonical = Canonical {
                method: text(input, "/method"),
                resource: &format!(
                    "/{}/{}",
                    text(input, "/bucket"),
                    input["key"].as_str().unwrap_or_default()
                ),
                query: &query,
                headers: &headers,
                additional: &chosen.join(";"),
            };
            let scope = Scope { timestamp, region: text(input, "/region") };
            let request = canonical.request();
            assert_eq!(request, text(case, "/expected/canonical_request"), "{name}");
            let to_sign = scope.string_to_sign(&request);
            assert_eq!(to_sign, text(case, "/expected/string_to_sign"), "{name}");
            let signature = signature(&canonical, &scope, text(input, "/access_key_secret"));
            assert_eq!(signature, text(case, "/expected/signature"), "{name}");
        }
    }

    #[test]
    fn sign_and_verify_agree_with_the_vectors() {
        let mut signed = 0;
        for case in &cases(VECTORS, "vectors") {
            let (name, input) = (text(case, "/name"), &case["input"]);
            let keys = keys_in(input);
            let expected = text(case, "/expected/authorization");
            let query = pairs(&input["query"]);
            let headers = pairs(&input["headers"]);
            if input["additional_headers"].is_null() {
                let request = Request {
                    method: text(input, "/method"),
                    bucket: input["bucket"].as_str(),
                    key: input["key"].as_str(),
                    query: &query,
                    headers: &borrowed(&headers),
                    region: text(input, "/region"),
                };
                let now = text(input, "/signing_time");
                let now = NaiveDateTime::parse_from_str(now, "%Y%m%dT%H%M%SZ").unwrap().and_utc();
                let (last, authorization) = sign(&request, &keys, now).pop().unwrap();
                assert_eq!((last, authorization.as_str()), ("authorization", expected), "{name}");
                signed += 1;
            }
            let Some(url) = input.get("url").and_then(Value::as_str) else { continue };
            let url = url.strip_prefix("https://").unwrap();
            let (host, target) = url.split_at(url.find('/').unwrap());
            let mut sent = Sent::new(text(input, "/method"), target, b"");
            sent.headers = pairs(&case["expected"]["headers_to_send"]);
            sent.headers.retain(|(name, _)| name != "Host");
            sent = sent.with([("host", host)]);
            assert_eq!(sent.check(verify, &keys), Ok(()), "{name}");
        }
        assert_eq!(signed, 14);
    }

    #[test]
    fn verify_accepts_what_sign_made_and_nothing_else() {
        let query = [("prefix".to_owned(), String::new()), ("a".to_owned(), "b /+".to_owned())];
        let extra = [("range", "bytes=0-1023"), ("content-type", "text/plain")];
        for token in [None, Some("CAIS+abc/def==")] {
            let keys = keys("LTAI5tFakeKeyIdForTests1", "fakeSecretForTestsOnly", token);
            for (host, path, key) in [
                ("bills.oss-cn-hangzhou.aliyuncs.com", "/", None),
                ("bills.oss-cn-hangzhou.aliyuncs.com", "/a%20b/c", Some("a b/c")),
                ("127.0.0.1:4100", "/bills", None),
                ("127.0.0.1:4100", "/bills/", None),
                ("127.0.0.1:4100", "/bills/a%20b/c", Some("a b/c")),
            ] {
                let request = Request {
                    method: "GET",
                    bucket: Some("bills"),
                    key,
                    query: &query,
                    headers: &extra,
                    region: "cn-hangzhou",
                };
                let added = sign(&request, &keys, time("2026-03-02T01:02:03Z"));
                let target = format!("{path}?{}", query_string(&query));
                let sent = Sent::new("GET", &target, b"body")
                    .with([("host", host)])
                    .with(extra)
                    .with(added.iter().map(|(name, value)| (*name, value.as_str())));
                // Of the host only the bucket counts, if it names one.
                assert_sealed(verify, &sent, &keys, &["host", "range"], false);
                let mut other = sent.clone();
                other.headers[0].1 = "bells.oss-cn-hangzhou.aliyuncs.com".to_owned();
                assert_eq!(other.check(verify, &keys), Err("signature differs".to_owned()));
            }
        }
    }
}
