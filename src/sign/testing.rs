//! What the tests of the schemes share: vectors, and a request that is sealed by its signature.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::credentials::Keys;
use crate::secret::Secret;

type Verify =
    fn(&str, &str, &[(String, String)], &[u8], &dyn Fn(&str) -> Option<Keys>) -> Result<(), String>;

pub(super) fn cases(file: &str, list: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(file).unwrap();
    serde_json::from_value(file[list].take()).unwrap()
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// The members of an object, last name first: a signer that does not sort fails.
pub(super) fn pairs(object: &Value) -> Vec<(String, String)> {
    let members = object.as_object().unwrap().iter().rev();
    members.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
    Keys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret),
        session_token: token.map(Secret::new),
    }
}

/// A request as a server receives it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn new(method: &str, target: &str, body: &[u8]) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: body.to_vec() }
    }

    pub(super) fn with<'a>(mut self, more: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.headers.extend(more.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())));
        self
    }

    pub(super) fn check(&self, verify: Verify, keys: &Keys) -> Result<(), String> {
        let keys_of = |id: &str| (id == keys.access_key_id).then(|| keys.clone());
        verify(&self.method, &self.target, &self.headers, &self.body, &keys_of)
    }
}

/// `text` with one bit changed, once for every byte.
fn flips(text: &str) -> impl Iterator<Item = String> + '_ {
    assert!(text.is_ascii());
    (0..text.len()).map(|at| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).unwrap()
    })
}

/// `verify` accepts `sent`, and refuses it with any one byte changed: of the secret, the method, the target, the
/// body, the name or value of a header. `unsigned` headers may change.
pub(super) fn assert_sealed(
    verify: Verify,
    sent: &Sent,
    keys: &Keys,
    unsigned: &[&str],
    covers_body: bool,
) {
    assert_eq!(sent.check(verify, keys), Ok(()), "{sent:?}");

    for secret in flips(keys.secret_access_key.expose()) {
        let other = Keys { secret_access_key: Secret::new(secret), ..keys.clone() };
        assert_eq!(sent.check(verify, &other), Err("signature differs".to_owned()));
    }
    let other = Keys { access_key_id: format!("{}x", keys.access_key_id), ..keys.clone() };
    assert_eq!(sent.check(verify, &other), Err("unknown key id".to_owned()));
    let other = Keys { session_token: Some(Secret::new("another")), ..keys.clone() };
    assert_eq!(sent.check(verify, &other), Err("session token differs".to_owned()));

    let mut changed: Vec<Sent> = Vec::new();
    changed.extend(flips(&sent.method).map(|method| Sent { method, ..sent.clone() }));
    changed.extend(flips(&sent.target).map(|target| Sent { target, ..sent.clone() }));
    for at in 0..sent.headers.len() {
        let (name, value) = &sent.headers[at];
        if !unsigned.contains(&name.as_str()) {
            let names = flips(name).map(|name| (name, value.clone()));
            for header in names.chain(flips(value).map(|value| (name.clone(), value))) {
                let mut one = sent.clone();
                one.headers[at] = header;
                changed.push(one);
            }
        }
    }
    for one in &changed {
        assert!(one.check(verify, keys).is_err(), "accepted: {one:?}");
    }

    for at in 0..sent.body.len() {
        let mut one = sent.clone();
        one.body[at] ^= 1;
        assert_eq!(one.check(verify, keys).is_err(), covers_body);
    }
}
