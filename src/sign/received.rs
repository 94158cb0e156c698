//! The verifying side that all schemes share: a request as it came in, taken apart. Every `Err` is the short
//! reason that the sample cloud puts in its answer.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::session_token;
use crate::credentials::Keys;

/// Finds the keys of an access key id.
pub(super) type KeysOf<'a> = &'a dyn Fn(&str) -> Option<Keys>;

pub(super) struct Received<'a> {
    /// As received, still encoded.
    pub(super) path: &'a str,
    /// Decoded, in the order received.
    pub(super) query: Vec<(String, String)>,
    headers: &'a [(String, String)],
}

impl<'a> Received<'a> {
    pub(super) fn read(target: &'a str, headers: &'a [(String, String)]) -> Result<Self, String> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ok(Self { path, query: decode_query(query)?, headers })
    }

    /// The first header of that name, in any case.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, String> {
        self.header(name).ok_or_else(|| malformed(&format!("no {name} header")))
    }

    /// All headers for which `wanted` says yes to the lower-case name.
    pub(super) fn headers_where(&self, wanted: impl Fn(&str) -> bool) -> Vec<(&'a str, &'a str)> {
        let all = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| wanted(&name.to_ascii_lowercase())).collect()
    }

    /// The headers listed in `names` (`host;x-amz-date`). The list has to be in order, each of its headers
    /// there, and none left out that `obligatory` names.
    pub(super) fn signed(
        &self,
        names: &str,
        obligatory: impl Fn(&str) -> bool,
    ) -> Result<Vec<(&'a str, &'a str)>, String> {
        let names: Vec<&str> = names.split(';').collect();
        if !names.is_sorted_by(|a, b| a < b) {
            return Err(malformed("signed headers out of order"));
        }
        if let Some(name) = names.iter().find(|name| self.header(name).is_none()) {
            return Err(malformed(&format!("signed header {name} is not there")));
        }
        let mut sent = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        match sent.find(|name| obligatory(name) && !names.contains(&name.as_str())) {
            Some(name) => Err(malformed(&format!("header {name} is not signed"))),
            None => Ok(self.headers_where(|name| names.contains(&name))),
        }
    }
}

/// `Authorization: ALGORITHM name=value,name=value`; a space may follow the comma.
pub(super) struct Authorization<'a>(&'a str);

impl<'a> Authorization<'a> {
    pub(super) fn read(request: &Received<'a>, algorithm: &str) -> Result<Self, String> {
        let text = request.required("authorization")?;
        match text.split_once(' ') {
            Some((first, rest)) if first == algorithm => Ok(Self(rest)),
            _ => Err(malformed(&format!("authorization does not begin with {algorithm}"))),
        }
    }

    pub(super) fn optional(&self, name: &str) -> Option<&'a str> {
        let mut parts = self.0.split(',').filter_map(|part| part.trim_start().split_once('='));
        parts.find(|(sent, _)| *sent == name).map(|(_, value)| value)
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, String> {
        self.optional(name).ok_or_else(|| malformed(&format!("authorization has no {name}")))
    }
}

/// `id/date/region/service/terminator`, the credential of the schemes with a scope.
pub(super) struct Credential<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl<'a> Credential<'a> {
    /// `timestamp` is that of the request: its day has to be the one of the scope.
    pub(super) fn read(text: &'a str, terminator: &str, timestamp: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [access_key_id, date, region, service, end] = parts[..] else {
            return Err(malformed("credential has not five parts"));
        };
        if end != terminator {
            return Err(malformed(&format!("credential does not end in {terminator}")));
        }
        if timestamp.split_once('T').is_none_or(|(day, _)| day != date) {
            return Err(malformed("credential is of another day"));
        }
        Ok(Self { access_key_id, region, service })
    }
}

/// The pairs of a query as a server sees them: decoded, `+` taken as a space, so that a client which forgets to
/// encode its `+` does not pass.
pub(super) fn decode_query(query: &str) -> Result<Vec<(String, String)>, String> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        })
        .collect()
}

pub(super) fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| malformed("not UTF-8"))
}

/// The keys of `id`. `token` is the one that was sent: it has to be that of the keys.
pub(super) fn keys_for(keys_of: KeysOf<'_>, id: &str, token: Option<&str>) -> Result<Keys, String> {
    let keys = keys_of(id).ok_or("unknown key id")?;
    if session_token(&keys) != token {
        return Err("session token differs".to_owned());
    }
    Ok(keys)
}

pub(super) fn compare(expected: &str, sent: &str) -> Result<(), String> {
    if expected == sent { Ok(()) } else { Err("signature differs".to_owned()) }
}

pub(super) fn malformed(what: &str) -> String {
    format!("malformed: {what}")
}

#[cfg(test)]
mod tests {
    use super::{Authorization, Credential, Received, decode_query};

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_query_is_decoded_as_servers_do() {
        let pairs = decode_query("a=1+2&b&&c=%2B=").unwrap();
        assert_eq!(pairs, headers(&[("a", "1 2"), ("b", ""), ("c", "+=")]));
        assert_eq!(decode_query("a=%ff"), Err("malformed: not UTF-8".to_owned()));
    }

    #[test]
    fn a_list_of_signed_headers_is_checked() {
        let sent = headers(&[("Host", "h"), ("X-Date", "d"), ("x-other", "o")]);
        let request = Received::read("/", &sent).unwrap();
        let check = |names| request.signed(names, |name| name == "host").map(|list| list.len());
        assert_eq!(check("host;x-date"), Ok(2));
        for (names, reason) in [
            ("x-date;host", "malformed: signed headers out of order"),
            ("host;host", "malformed: signed headers out of order"),
            ("host;x-gone", "malformed: signed header x-gone is not there"),
            ("x-date", "malformed: header host is not signed"),
            ("", "malformed: signed header  is not there"),
        ] {
            assert_eq!(check(names), Err(reason.to_owned()));
        }
    }

    #[test]
    fn a_broken_authorization_is_named() {
        let reason = |sent: &[(&str, &str)]| {
            let sent = headers(sent);
            let request = Received::read("/", &sent).unwrap();
            Authorization::read(&request, "A1").and_then(|a| a.required("Credential")).err()
        };
        let broken = |reason: &str| Some(format!("malformed: {reason}"));
        assert_eq!(reason(&[]), broken("no authorization header"));
        let begins = broken("authorization does not begin with A1");
        assert_eq!(reason(&[("authorization", "A2 Credential=x")]), begins);
        let none = broken("authorization has no Credential");
        assert_eq!(reason(&[("authorization", "A1 Signature=x")]), none);
        assert_eq!(reason(&[("Authorization", "A1 Signature=x, Credential=y")]), None);
    }

    #[test]
    fn a_credential_is_of_its_day_and_complete() {
        let reason = |text| Credential::read(text, "end", "20260302T010203Z").err();
        let broken = |reason: &str| Some(format!("malformed: {reason}"));
        assert_eq!(reason("id/20260302/r/s/end"), None);
        assert_eq!(reason("id/20260303/r/s/end"), broken("credential is of another day"));
        assert_eq!(reason("id/20260302/r/s/eno"), broken("credential does not end in end"));
        assert_eq!(reason("id/20260302/r/end"), broken("credential has not five parts"));
    }
}
