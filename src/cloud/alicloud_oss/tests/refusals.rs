//! Everything that is refused, and what is said of it.

use super::{Memory, read_object, read_text};
use crate::cloud::alicloud_oss::object::Object;
use crate::exit::{Failed, Failure};
use std::io::{self, Read};

/// Reads this and gives the message; `rows` came before it.
fn refusal(text: &(impl AsRef<[u8]> + ?Sized), rows: usize) -> String {
    let mut said = Vec::new();
    for block in [1, 5, 1 << 16] {
        let outcome = read_object(&Memory::new("k/x.csv", text.as_ref()), block, 2);
        assert_eq!(outcome.kind, Some(Failure::Refused), "{:?}", outcome.error);
        assert_eq!(outcome.events.len(), rows, "in blocks of {block}: {:?}", outcome.error);
        said.push(outcome.error.unwrap());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    said.pop().unwrap()
}

#[test]
fn another_number_of_cells() {
    assert_eq!(
        refusal("a,b\n1,2\n\n3\n4,5\n", 1),
        "k/x.csv: line 2, byte 9: the row has 1 cell and the header 2"
    );
    assert_eq!(
        refusal("\u{feff}a,b\r\n1,2,3\r\n", 0),
        "k/x.csv: line 1, byte 8: the row has 3 cells and the header 2"
    );
    assert_eq!(
        refusal("a,b\n1,2\n  \n", 1),
        "k/x.csv: line 2, byte 8: the row has 1 cell and the header 2"
    );
}

#[test]
fn far_too_many_cells() {
    let commas = ",".repeat(100_000);
    for end in ["\n", "x\"y\n"] {
        let outcome = read_text(&format!("a,b\n1,2\n{commas}{end}"));
        assert_eq!(outcome.events.len(), 1);
        assert_eq!(
            outcome.error.unwrap().split(" or more").next(),
            Some("x.csv: line 2, byte 8: the row has 1024"),
        );
    }
    let name = "n".repeat(1 << 20);
    assert_eq!(
        read_text(&format!("{name},b\n1,2\n")).error.unwrap(),
        "x.csv: byte 0: the header is longer than 1 MiB"
    );
    assert_eq!(
        read_text(&format!("{}\n", ",".repeat(5 << 20))).error.unwrap(),
        "x.csv: byte 0: the header is longer than 1 MiB"
    );
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_eq!(
        refusal(b"a,b\n1,2\n3,\xc3\xa9\xff\n", 1),
        "k/x.csv: line 2, byte 12: a byte is not UTF-8"
    );
    assert_eq!(refusal(b"a,b\n1,\xe4\xba\n", 0), "k/x.csv: line 1, byte 6: a byte is not UTF-8");
    assert_eq!(refusal(b"a,b\xe4\n1,2\n", 0), "k/x.csv: byte 3: a byte of the header is not UTF-8");
    // Whichever comes first.
    assert_eq!(
        refusal(b"a,b\n\"1\"x,\xff\n", 0),
        "k/x.csv: line 1, byte 7: text stands behind the closing quote of a cell"
    );
    assert_eq!(refusal(b"a,b\n\xff,\"1\"x\n", 0), "k/x.csv: line 1, byte 4: a byte is not UTF-8");
}

#[test]
fn quotes_that_go_nowhere() {
    assert_eq!(
        refusal("a,b\n1,2\n\"3\"4,5\n", 1),
        "k/x.csv: line 2, byte 11: text stands behind the closing quote of a cell"
    );
    assert_eq!(
        refusal("a,b\n1,2\n\n3,\"4\n5,6\n", 1),
        "k/x.csv: line 2, byte 11: the quote that opens a cell is never closed"
    );
    assert_eq!(
        refusal("a,\"b\n1,2\n", 0),
        "k/x.csv: line 1, byte 2: the quote that opens a cell is never closed"
    );
    assert_eq!(
        refusal("a,\"b\"c\n1,2\n", 0),
        "k/x.csv: byte 5: text stands behind the closing quote of a column's name"
    );
}

#[test]
fn headers() {
    assert_eq!(
        refusal("a,b,a \n1,2,3\n", 0),
        "k/x.csv: byte 0: the column \"a\" stands twice in the header"
    );
    for name in ["file", "line", "VanceSource", "VanceType"] {
        assert_eq!(
            refusal(&format!("\na,{name}\n1,2\n"), 0),
            format!(
                "k/x.csv: byte 1: the column {name:?} has the name of a member that every event has"
            )
        );
    }
    assert_eq!(
        refusal("a;b\n1;2\n", 0),
        "k/x.csv: byte 0: the header has one column, \"a;b\", so this is no bill (or commas do not separate \
         its columns)"
    );
    assert_eq!(refusal("\n\r\n \n", 0), "k/x.csv: byte 0: there is no header, only blank lines");
    assert_eq!(refusal("\u{feff}", 0), "k/x.csv: byte 0: there is no header, only blank lines");
}

#[test]
fn files_that_are_something_else() {
    for (text, what) in [
        ("<!doctype html><title>Sign in</title>", "an HTML page"),
        ("\u{feff} <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML or HTML"),
        ("\n{\"Code\": \"a,b\"}", "JSON"),
        ("[1,2]", "JSON"),
        ("%PDF-1.7\n", "a PDF"),
    ] {
        assert_eq!(refusal(text, 0), format!("k/x.csv: byte 0: this is {what}, not a CSV"));
    }
}

#[test]
fn cells_and_rows_without_end() {
    let limit = 16 << 20;
    let plain = "x".repeat(limit + 1);
    for (text, line, byte) in
        [(format!("a,b\n1,2\n{plain},1\n"), 2, 8), (format!("a,b\n1,2\n1,\"{plain}\"\n"), 2, 8)]
    {
        let outcome = read_text(&text);
        let place = format!("x.csv: line {line}, byte {byte}: ");
        let error = outcome.error.unwrap();
        assert!(
            error == place.clone() + "a cell is longer than 16 MiB"
                || (error.ends_with("is never closed") && !text.ends_with('\n')),
            "{error}"
        );
    }
    let longest = &plain[..limit - 10];
    let outcome = read_text(&format!("a,b\n{longest},{longest}\n1,2\n"));
    assert_eq!((outcome.error, outcome.events.len()), (None, 2));
    let row = [longest; 5].join(",");
    let outcome = read_text(&format!("a,b,c,d,e\n{row}\n"));
    assert_eq!(outcome.error.unwrap(), "x.csv: line 1, byte 10: the row is longer than 64 MiB");
}

/// An object that breaks after eight bytes, or that cannot be opened again.
struct Broken(io::ErrorKind, &'static [u8; 8]);

impl Object for Broken {
    fn name(&self) -> &'static str {
        "k"
    }
    fn size(&self) -> Option<u64> {
        Some(1 << 20)
    }
    fn open(&self, from: u64) -> anyhow::Result<Box<dyn Read + Send>> {
        anyhow::ensure!(from == 0, Failed::because(Failure::Unavailable, "gone"));
        struct Fails(io::ErrorKind, u64, &'static [u8; 8]);
        impl Read for Fails {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1 += 1;
                match (self.0, self.1) {
                    (_, 1) => {
                        buffer[..8].copy_from_slice(self.2);
                        Ok(8)
                    }
                    (_, 2) => Err(io::ErrorKind::Interrupted.into()),
                    (io::ErrorKind::UnexpectedEof, _) => Ok(0),
                    (io::ErrorKind::TimedOut, _) => {
                        Err(io::Error::other(Failed::because(Failure::Unavailable, "stalled")))
                    }
                    (kind, _) => Err(kind.into()),
                }
            }
        }
        Ok(Box::new(Fails(self.0, from, self.1)))
    }
}

#[test]
fn an_object_that_breaks_keeps_its_reason() {
    const CSV: &[u8; 8] = b"a,b\n1,2\n";
    let outcome = read_object(&Broken(io::ErrorKind::TimedOut, CSV), 100, 1);
    assert_eq!(outcome.error.as_deref(), Some("k: stalled"));
    assert_eq!((outcome.kind, outcome.events.len()), (Some(Failure::Unavailable), 0));
    let outcome = read_object(&Broken(io::ErrorKind::UnexpectedEof, CSV), 4, 1);
    assert_eq!(outcome.error.as_deref(), Some("k: the object ended after 8 of its 1048576 bytes"));
    assert_eq!(outcome.kind, Some(Failure::Unavailable));
    let outcome = read_object(&Broken(io::ErrorKind::PermissionDenied, CSV), 100, 1);
    assert_eq!(outcome.kind, Some(Failure::Unexpected));
    // A ZIP needs its end, too.
    let outcome = read_object(&Broken(io::ErrorKind::UnexpectedEof, b"PK\x03\x04...."), 100, 1);
    assert_eq!(outcome.kind, Some(Failure::Unavailable), "{:?}", outcome.error);
}
