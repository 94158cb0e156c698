//! What a request proves an identity with: some servers, and proxies between, print the request into their
//! answer, and an answer's start is shown when it is not understood.

use crate::sign::percent_encode;

/// Headers of ours that tell nothing, unless a token is in their name.
const HARMLESS: [&str; 9] =
    ["content-", "ce-", "x-amz-", "x-acs-", "x-oss-", "x-bce-", "accept", "range", "user-agent"];
/// A shorter text would be found by accident.
const SHORTEST: usize = 6;

/// Credentials, tokens and signatures in the URL and the headers of a request.
pub(crate) fn of(url: &str, headers: &[(String, String)]) -> Vec<String> {
    let mut proofs = Vec::new();
    if let Some((_, query)) = url.split_once('?') {
        proofs.push(query);
        proofs.extend(query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1)));
    }
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name == "authorization" {
            proofs.push(value);
            // What follows the scheme: `Bearer TOKEN`, `Basic TOKEN==`.
            proofs.extend(value.split_once(' ').map(|(_, token)| token.trim()));
            // `... Credential=ID/...`, `bce-auth-v1/ID/...`; the signature, or a token, stands last.
            let rest = ["Credential=", "bce-auth-v1/"]
                .iter()
                .find_map(|mark| Some(value.split_once(mark)?.1));
            proofs.extend(rest.and_then(|rest| rest.split(['/', ',']).next()));
            proofs.extend(value.rsplit(['=', '/', ' ']).next());
        } else if name.contains("token") || !HARMLESS.iter().any(|mark| name.starts_with(mark)) {
            proofs.push(value);
        }
    }
    proofs.retain(|proof| proof.len() >= SHORTEST);
    // The longest first: a part must not spoil the whole.
    proofs.sort_unstable_by_key(|proof| std::cmp::Reverse(proof.len()));
    proofs.into_iter().map(str::to_owned).collect()
}

/// `text` without these, in any place: as they are, and also percent-encoded as a form or a query has them or,
/// once more, a text to sign.
pub(crate) fn hide<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for secret in secrets.into_iter().filter(|secret| secret.len() >= 4) {
        let once = percent_encode(secret);
        for form in [secret, &once, &percent_encode(&once)] {
            text = text.replace(form, "(redacted)");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(url: &str, headers: &[(&str, &str)], text: &str) -> String {
        let headers: Vec<_> =
            headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        hide(text, of(url, &headers).iter().map(String::as_str))
    }

    #[test]
    fn what_a_request_was_signed_with_is_hidden() {
        let sigv4 = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20220614/us-east-1/ce/aws4_request, \
                     SignedHeaders=host, Signature=5d672d79c15b13162d9279b0855cfba6";
        let bce = "bce-auth-v1/AKIDEXAMPLE/2015-04-27T08:23:49Z/1800/host/5d672d79c15b13162d9279b0";
        for (authorization, signature) in
            [(sigv4, "5d672d79c15b13162d9279b0855cfba6"), (bce, "5d672d79c15b13162d9279b0")]
        {
            let headers = [("Authorization", authorization), ("X-Amz-Security-Token", "FwoGZX")];
            let text = format!("<p>AKIDEXAMPLE {signature} FwoGZX {authorization}</p>");
            assert_eq!(
                hidden("https://h/", &headers, &text),
                "<p>(redacted) (redacted) (redacted) (redacted)</p>"
            );
        }
    }

    #[test]
    fn a_query_and_headers_for_a_target_are_hidden() {
        let url = "https://h/events?api-version=2018&sig=abcdef%3D";
        let basic = [("Authorization", "Basic dXNlcjpwYXNz==")];
        assert_eq!(hidden("https://h/", &basic, "Basic: dXNlcjpwYXNz=="), "Basic: (redacted)");
        let headers =
            [("Authorization", "Bearer abc.def"), ("X-Company", "purple"), ("ce-id", "event-1")];
        assert_eq!(
            hidden(
                url,
                &headers,
                "/events?api-version=2018&sig=abcdef%3D, abcdef%3D, abc.def, purple, event-1"
            ),
            "/events?(redacted), (redacted), (redacted), (redacted), event-1"
        );
    }
}
