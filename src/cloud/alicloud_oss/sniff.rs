//! What a file is by its first bytes: names lie (a ZIP without an extension, a proxy's HTML page as `.csv`).

/// How many bytes to look at.
pub(super) const LENGTH: usize = 1024;

/// What the bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Empty,
    /// A ZIP.
    Zip,
    /// A CSV, for all that can be seen yet.
    Text,
    /// Something else, of which this is the name.
    Other(&'static str),
}

/// Looks at the start of a file.
pub(super) fn kind(start: &[u8]) -> Kind {
    const MAGIC: [(&[u8], &str); 7] = [
        (b"%PDF", "a PDF"),
        (b"\x1f\x8b", "a gzip file"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
        (b"\xd0\xcf\x11\xe0", "an Excel file"),
        (b"PAR1", "a Parquet file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    ];
    if start.is_empty() {
        return Kind::Empty;
    }
    // A local header, or the end of an archive without members, or a spanned one.
    if [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| start.starts_with(*magic)) {
        return Kind::Zip;
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Kind::Other(name);
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let lower: Vec<u8> = text.iter().take(9).map(u8::to_ascii_lowercase).collect();
    match text.first() {
        Some(b'<') if lower.starts_with(b"<html") || lower.starts_with(b"<!doctype") => {
            Kind::Other("an HTML page")
        }
        Some(b'<') => Kind::Other("XML or HTML"),
        Some(b'{' | b'[') => Kind::Other("JSON"),
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_start() {
        for (start, kind_of) in [
            (&b""[..], Kind::Empty),
            (b"PK\x03\x04rest", Kind::Zip),
            (b"PK\x05\x06", Kind::Zip),
            (b"a,b\n", Kind::Text),
            (b"PK,b\n", Kind::Text),
            (b"\xef\xbb\xbf\r\n a,b", Kind::Text),
            (b"\xef\xbb\xbf\r\n <!DOCTYPE html>", Kind::Other("an HTML page")),
            (b"<HTML>", Kind::Other("an HTML page")),
            (b"<?xml version", Kind::Other("XML or HTML")),
            (b"{\"Code\":", Kind::Other("JSON")),
            (b" [1]", Kind::Other("JSON")),
            (b"%PDF-1.7", Kind::Other("a PDF")),
            (b"\x1f\x8b\x08", Kind::Other("a gzip file")),
            (b"\xff\xfea\0", Kind::Other("UTF-16 text")),
        ] {
            assert_eq!(kind(start), kind_of, "{start:?}");
        }
    }
}
