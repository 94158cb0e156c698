//! Alibaba Cloud's older signature of RPC style: `HMAC-SHA1`, `SignatureVersion` 1.0, everything in the query.
//! The vendor advises [`super::acs3`] instead, but goes on answering to this one.
//! <https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::received::{KeysOf, Received, compare, decode_query, keys_for, malformed};
use super::{extended_time, hmac_sha1, percent_encode, session_token, sorted_query};
use crate::credentials::Keys;

const METHOD: &str = "HMAC-SHA1";
const VERSION: &str = "1.0";

fn string_to_sign(method: &str, canonical_query: &str) -> String {
    format!("{method}&{}&{}", percent_encode("/"), percent_encode(canonical_query))
}

/// The signature over all parameters but `Signature` itself, in any order, not encoded.
pub(crate) fn signature(method: &str, params: &[(String, String)], secret: &str) -> String {
    let text = string_to_sign(method, &sorted_query(params));
    STANDARD.encode(hmac_sha1(format!("{secret}&").as_bytes(), text.as_bytes()))
}

/// The whole query string, encoded, with the common parameters and the signature. `params` are those of the
/// action, not encoded; `nonce` has to be new for each attempt.
pub(crate) fn sign(
    method: &str,
    action: &str,
    version: &str,
    params: &[(String, String)],
    keys: &Keys,
    now: DateTime<Utc>,
    nonce: &str,
) -> String {
    let timestamp = extended_time(now);
    let mut common = vec![
        ("AccessKeyId", keys.access_key_id.as_str()),
        ("Action", action),
        // The answer is XML unless JSON is asked for.
        ("Format", "JSON"),
        ("SignatureMethod", METHOD),
        ("SignatureNonce", nonce),
        ("SignatureVersion", VERSION),
        ("Timestamp", &timestamp),
        ("Version", version),
    ];
    common.extend(session_token(keys).map(|token| ("SecurityToken", token)));
    let mut all = params.to_vec();
    all.extend(common.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let signature = signature(method, &all, keys.secret_access_key.expose());
    format!("{}&Signature={}", sorted_query(&all), percent_encode(&signature))
}

/// Whether the `Signature` parameter of a received request is right. `target` is path and query as received;
/// the parameters of a form body count like those of the query.
pub(crate) fn verify(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
    keys_of: KeysOf<'_>,
) -> Result<(), String> {
    let request = Received::read(target, headers)?;
    if request.path != "/" {
        return Err(malformed("the path is not /"));
    }
    let mut params = request.query.clone();
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let form = str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?;
        params.extend(decode_query(form)?);
    }
    let (signatures, params): (Vec<_>, Vec<_>) =
        params.into_iter().partition(|(name, _)| name == "Signature");
    let [(_, sent)] = &signatures[..] else {
        return Err(malformed("not one Signature parameter"));
    };

    let optional = |wanted: &str| {
        params.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let required =
        |name: &str| optional(name).ok_or_else(|| malformed(&format!("no {name} parameter")));
    for name in ["Action", "Version", "SignatureNonce", "Timestamp"] {
        required(name)?;
    }
    if required("SignatureMethod")? != METHOD || required("SignatureVersion")? != VERSION {
        return Err(malformed("not HMAC-SHA1, version 1.0"));
    }
    let keys = keys_for(keys_of, required("AccessKeyId")?, optional("SecurityToken"))?;
    compare(&signature(method, &params, keys.secret_access_key.expose()), sent)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sent, assert_sealed, cases, keys, pairs, text, time};
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/alicloud-rpc-v1.json");

    #[test]
    fn vectors() {
        let cases = cases(VECTORS, "vectors");
        assert_eq!(cases.len(), 15);
        for case in &cases {
            let name = text(case, "/name");
            let method = text(case, "/input/method");
            let secret = text(case, "/input/access_key_secret");
            let params = pairs(&case["input"]["params"]);
            let query = sorted_query(&params);
            assert_eq!(query, text(case, "/expected/canonical_query"), "{name}");
            let to_sign = string_to_sign(method, &query);
            assert_eq!(to_sign, text(case, "/expected/string_to_sign"), "{name}");
            let signature = signature(method, &params, secret);
            assert_eq!(signature, text(case, "/expected/signature"), "{name}");
        }
    }

    #[test]
    fn sign_gives_the_request_target_of_the_vectors() {
        let common = [
            "AccessKeyId",
            "Action",
            "Format",
            "SecurityToken",
            "SignatureMethod",
            "SignatureNonce",
            "SignatureVersion",
            "Timestamp",
            "Version",
        ];
        let mut compared = 0;
        for case in &cases(VECTORS, "vectors") {
            let given = &case["input"]["params"];
            if given.get("Format").is_none_or(|format| format != "JSON") {
                continue; // `sign` asks for JSON alone
            }
            let mut params = pairs(given);
            params.retain(|(name, _)| !common.contains(&name.as_str()));
            let keys = keys(
                text(given, "/AccessKeyId"),
                text(case, "/input/access_key_secret"),
                given.get("SecurityToken").and_then(|token| token.as_str()),
            );
            let query = sign(
                text(case, "/input/method"),
                text(given, "/Action"),
                text(given, "/Version"),
                &params,
                &keys,
                time(text(given, "/Timestamp")),
                text(given, "/SignatureNonce"),
            );
            assert_eq!(format!("/?{query}"), text(case, "/expected/request_target"));
            compared += 1;
        }
        assert_eq!(compared, 13);
    }

    #[test]
    fn verify_accepts_what_sign_made_and_nothing_else() {
        for token in [None, Some("CAIS+abc/def==")] {
            let keys = keys("LTAI5tFakeKeyIdForTests1", "fakeSecretForTestsOnly", token);
            let params =
                [("NextToken".to_owned(), String::new()), ("A".to_owned(), "b +".to_owned())];
            let now = time("2026-03-02T01:02:03Z");
            let query =
                sign("POST", "QueryAccountBill", "2017-12-14", &params, &keys, now, "2c7a1e0e");

            let sent = Sent::new("POST", &format!("/?{query}"), b"").with([("host", "localhost")]);
            assert_sealed(verify, &sent, &keys, &["host"], true);

            let form = ("content-type", "application/x-www-form-urlencoded");
            let sent = Sent::new("POST", "/", query.as_bytes()).with([form]);
            assert_sealed(verify, &sent, &keys, &[], true);
        }
    }
}
