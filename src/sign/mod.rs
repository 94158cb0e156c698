//! Signatures: pure functions from keys, a time and the parts of a request to headers. One file per scheme;
//! nothing here reads the clock or touches the network.
//!
//! Every scheme has the same two sides, built on one canonical form. `sign` is what the program sends;
//! `verify` is what the sample cloud does with a request as it came in: the `Authorization` header is taken
//! apart, the signature is computed again from the received bytes, and the two are compared. Neither looks at
//! how old a request is.

pub(crate) mod acs3;
pub(crate) mod bce;
pub(crate) mod oss4;
mod received;
pub(crate) mod rpc;
pub(crate) mod sigv4;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::Sha256;

use crate::credentials::Keys;
use crate::secret::Secret;

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(&key_block::<Sha256>(key).into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

pub(crate) fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new(&key_block::<Sha1>(key).into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// The first step of RFC 2104, for hashes with blocks of 64 bytes: a longer key is hashed, a shorter one padded
/// with zeroes. `Hmac::new` wants such a block; `new_from_slice` does the same, but returns a `Result` that no
/// key can turn into an error.
fn key_block<D: Digest>(key: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        let digest = D::digest(key);
        block[..digest.len()].copy_from_slice(&digest);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    block
}

/// A key that is bound to a scope: each part is the message under the key made so far.
fn derived_key(secret: &str, scope: [&str; 4]) -> [u8; 32] {
    let [first, rest @ ..] = scope;
    let start = hmac_sha256(secret.as_bytes(), first.as_bytes());
    rest.iter().fold(start, |key, part| hmac_sha256(&key, part.as_bytes()))
}

/// Keeps the unreserved characters of RFC 3986; every other byte of the UTF-8 text becomes `%XX`.
pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// [`percent_encode`] that keeps `/` too.
pub(crate) fn percent_encode_path(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// 32 random hex characters, for one request.
pub(crate) fn nonce() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("no random bytes from the operating system: {error}"))?;
    Ok(hex(&bytes))
}

/// `20260302T010203Z`, as AWS and OSS write it.
fn basic_time(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

/// `2026-03-02T01:02:03Z`, as Alibaba's API and Baidu write it.
fn extended_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The token of temporary keys. An empty one is none: it must not be sent.
fn session_token(keys: &Keys) -> Option<&str> {
    keys.session_token.as_ref().map(Secret::expose).filter(|token| !token.is_empty())
}

/// Encodes both halves of every pair.
fn encoded(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (percent_encode(name), percent_encode(value))).collect()
}

/// Sorted by the bytes of the names as they are before encoding, the way of both of Alibaba's API schemes.
fn sorted_query(pairs: &[(String, String)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.sort();
    joined(&encoded(&pairs))
}

/// `a=1&b=`: an empty value keeps its `=`.
fn joined(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Headers by lower-case name, values trimmed; those of a repeated name are joined by commas as they came.
fn by_name(headers: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut map = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        map.entry(name.to_ascii_lowercase())
            .and_modify(|values| {
                values.push(',');
                values.push_str(value.trim());
            })
            .or_insert_with(|| value.trim().to_owned());
    }
    map
}

/// Lower-case names in order, joined by `;`.
fn header_names(headers: &[(&str, &str)]) -> String {
    by_name(headers).into_keys().collect::<Vec<_>>().join(";")
}

/// One `name:value` line for every name, in order.
fn header_lines(headers: &[(&str, &str)]) -> String {
    by_name(headers).iter().map(|(name, value)| [name, ":", value, "\n"].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, hmac_sha1, hmac_sha256, nonce, percent_encode, percent_encode_path};

    /// RFC 2202 and RFC 4231, test cases 1 (short key) and 6 (key longer than a block).
    #[test]
    fn hmac_takes_keys_of_any_length() {
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex(&hmac_sha1(&[0x0b; 20], b"Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00"
        );
        assert_eq!(hex(&hmac_sha1(&[0xaa; 80], long)), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
        assert_eq!(
            hex(&hmac_sha256(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(&hmac_sha256(&[0xaa; 131], long)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn only_the_unreserved_characters_stay() {
        assert_eq!(percent_encode("aZ0-._~ +*/%\u{e9}"), "aZ0-._~%20%2B%2A%2F%25%C3%A9");
        assert_eq!(percent_encode_path("/a b/c"), "/a%20b/c");
    }

    #[test]
    fn a_nonce_is_32_hex_characters_and_new_every_time() {
        let (one, two) = (nonce().unwrap(), nonce().unwrap());
        assert_eq!((one.len(), two.len()), (32, 32));
        assert!(one.chars().all(|c| c.is_ascii_hexdigit()));
        assert_ne!(one, two);
    }
}
