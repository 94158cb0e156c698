//! What a URL says of where it leads.

use std::net::IpAddr;

/// Whether the URL asks for no TLS.
pub(crate) fn is_plain(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// Host and port of a URL: what may be shown of it.
pub(crate) fn host_and_port(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// What the client sends as `Host`: the scheme's own port is left out, as the signature must have it.
pub(crate) fn host_header(url: &str) -> String {
    let authority = host_and_port(url).to_ascii_lowercase();
    let port = if is_plain(url) { ":80" } else { ":443" };
    authority.strip_suffix(port).unwrap_or(&authority).to_owned()
}

/// The path of a URL, `/` if it has none.
pub(crate) fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or("/").to_owned()
}

/// The host of a URL, without port or brackets.
pub(crate) fn host(url: &str) -> &str {
    let authority = host_and_port(url);
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// Whether `text` can be a part of a host's name: a region, a bucket.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let host = host(url);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether no proxy can stand between: loopback, and the link-local addresses of metadata services.
pub(super) fn is_near(url: &str) -> bool {
    const METADATA: [&str; 6] = [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::23",
        "fd00:ec2::254",
        "100.100.100.200",
    ];
    is_loopback(url) || METADATA.contains(&host(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let cases = [
            (
                "https://user:pw@ce.us-east-1.amazonaws.com:443/x?y",
                "ce.us-east-1.amazonaws.com:443",
                false,
            ),
            ("http://127.0.0.1:80", "127.0.0.1:80", true),
            ("http://[::1]:8080/p", "[::1]:8080", true),
            ("http://LOCALHOST/", "LOCALHOST", true),
            ("http://localhost.example.com/", "localhost.example.com", false),
            ("http://127.0.0.1@evil.example/", "evil.example", false),
        ];
        for (url, authority, loopback) in cases {
            assert_eq!((host_and_port(url), is_loopback(url)), (authority, loopback), "{url}");
        }
        assert_eq!(host("http://[fd00:ec2::23]/v1"), "fd00:ec2::23");
    }
}
