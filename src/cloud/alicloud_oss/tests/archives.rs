//! ZIPs, good and bad.

use super::{Memory, Outcome, read_object};
use crate::exit::Failure;
use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn pack(members: &[(&str, &[u8], SimpleFileOptions)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, options) in members {
        if name.ends_with('/') {
            zip.add_directory(*name, *options).unwrap();
        } else {
            zip.start_file(*name, *options).unwrap();
            zip.write_all(bytes).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn read(bytes: impl Into<Vec<u8>>) -> Outcome {
    let bytes = bytes.into();
    let outcome = read_object(&Memory::new("k.zip", bytes.clone()), 1 << 16, 2);
    // In sips, too.
    let sips = read_object(&Memory { sip: 7, ..Memory::new("k.zip", bytes) }, 100, 2);
    assert_eq!((&outcome.error, outcome.events.len()), (&sips.error, sips.events.len()));
    outcome
}

fn refused(bytes: impl Into<Vec<u8>>) -> String {
    let outcome = read(bytes);
    assert_eq!(outcome.kind, Some(Failure::Refused), "{:?}", outcome.error);
    outcome.error.unwrap()
}

#[test]
fn members_in_their_order_each_with_its_header() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let bytes = pack(&[
        ("部分/", b"", options()),
        ("部分/1.csv", "a,b\n1,2\n3,4\n".as_bytes(), options()),
        ("2", b"\xef\xbb\xbfb,c,a\n5,6,7\n", stored),
        ("empty.csv", b"", options()),
        ("last.CSV", b"a,b\n8,9\n", options().large_file(true)),
    ]);
    let outcome = read(bytes);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.cells(&["a", "b"]), [["1", "2"], ["3", "4"], ["7", "5"], ["8", "9"]]);
    let places: Vec<_> = outcome
        .events
        .iter()
        .map(|event| {
            (event["data"]["file"].as_str().unwrap(), event["data"]["line"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        places,
        [("k.zip!部分/1.csv", 1), ("k.zip!部分/1.csv", 2), ("k.zip!2", 1), ("k.zip!last.CSV", 1)]
    );
    assert_eq!(outcome.warnings, ["k.zip!empty.csv has no bytes: taken as a bill without rows"]);
}

#[test]
fn data_descriptors_and_many_blocks() {
    let text: String =
        (0..5_000).fold("a,b\n".to_owned(), |text, n| text + &format!("{n},云{n}\n"));
    // A writer that cannot seek puts sizes and checksum behind the bytes.
    let mut zip = ZipWriter::new_stream(Vec::new());
    for name in ["1.csv", "2.csv"] {
        zip.start_file(name, options()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let outcome = read_object(&Memory::new("k.zip", bytes), 1_000, 3);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.events.len(), 10_000);
    assert_eq!(outcome.events[9_999]["data"]["b"], "云4999");
    assert_eq!(outcome.events[9_999]["data"]["line"], 5_000);
}

#[test]
fn a_zip_is_opened_twice_however_many_members_it_has() {
    let text = "a,b\n".to_owned() + &"1,23456789\n".repeat(20_000);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let members: Vec<String> = (0..5).map(|n| format!("{n}.csv")).collect();
    let members: Vec<_> =
        members.iter().map(|name| (name.as_str(), text.as_bytes(), stored)).collect();
    let object = Memory::new("k.zip", pack(&members));
    let outcome = read_object(&object, 1 << 16, 2);
    assert_eq!((outcome.error, outcome.events.len()), (None, 100_000));
    assert_eq!(object.opened.into_inner(), 2);
}

#[test]
fn what_is_wrong_inside_is_said_with_the_member() {
    let bytes =
        pack(&[("a.csv", b"a,b\n1,2\n", options()), ("b.csv", b"a,b\n1,2\n3\n", options())]);
    let outcome = read(bytes);
    assert_eq!(outcome.events.len(), 2);
    assert_eq!(
        outcome.error.unwrap(),
        "k.zip!b.csv: line 2, byte 8: the row has 1 cell and the header 2"
    );
    assert_eq!(
        refused(pack(&[("x.html", b"<html>", options())])),
        "k.zip!x.html: byte 0: this is an HTML page, not a CSV"
    );
    let inner = pack(&[("a.csv", b"a,b\n", options())]);
    assert_eq!(
        refused(pack(&[("inner.zip", &inner, options())])),
        "k.zip!inner.zip: byte 0: this is a ZIP, not a CSV"
    );
}

#[test]
fn damage_is_found() {
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(1000);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let good = pack(&[("a.csv", text.as_bytes(), stored)]);
    let at = good.windows(4).position(|bytes| bytes == b"1,2\n").unwrap();
    let mut bytes = good.clone();
    bytes[at + 400] = b'7';
    let outcome = read(bytes);
    assert_eq!(outcome.kind, Some(Failure::Refused));
    assert_eq!(
        outcome.error.unwrap(),
        "k.zip!a.csv: line 1001, byte 4004: the member does not match its CRC-32, so the ZIP is damaged"
    );
    // Cut at every place: never well, and never a hang.
    for length in 5..good.len() {
        let error = refused(&good[..length]);
        assert!(error.starts_with("k.zip: the ZIP is cut or damaged: "), "{error}");
    }
    let packed = pack(&[("a.csv", text.as_bytes(), options())]);
    for at in 40..60 {
        let mut bytes = packed.clone();
        bytes[at] ^= 0x55;
        let error = refused(bytes);
        assert!(error.starts_with("k.zip!a.csv: ") || error.starts_with("k.zip: "), "{error}");
    }
}

#[test]
fn names_that_lead_out() {
    for name in ["/a.csv", "../a.csv", "x/../../a.csv", "\\a.csv", "x\\..\\a.csv", "C:\\a.csv"] {
        // The writer would straighten them, so they are put in behind its back.
        let plain = "z".repeat(name.len());
        let bytes = pack(&[(&plain, b"a,b\n1,2\n", options())]);
        let text = bytes.windows(plain.len()).enumerate();
        let places: Vec<_> =
            text.filter(|(_, part)| *part == plain.as_bytes()).map(|(at, _)| at).collect();
        assert_eq!(places.len(), 2);
        let mut bytes = bytes.clone();
        for at in places {
            bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        assert_eq!(
            refused(bytes),
            format!("k.zip!{name}: the member's name is absolute or leads out of its folder")
        );
    }
}

#[test]
fn encrypted_empty_and_doubled() {
    // Bit 0 of the flags says that a member is encrypted.
    let mut bytes = pack(&[("a.csv", b"a,b\n1,2\n", options())]);
    let directory = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    assert_eq!(refused(bytes), "k.zip!a.csv: the member is encrypted, which bills are not");
    assert_eq!(refused(pack(&[])), "k.zip: the ZIP holds no CSV");
    assert_eq!(refused(pack(&[("x/", b"", options())])), "k.zip: the ZIP holds no CSV");

    let bytes = pack(&[("a.csv", b"a,b\n1,2\n", options()), ("b.csv", b"a,b\n1,2\n", options())]);
    let doubled: Vec<u8> = {
        let mut bytes = bytes.clone();
        let places: Vec<_> =
            (0..bytes.len() - 5).filter(|&at| &bytes[at..at + 5] == b"b.csv").collect();
        for at in places {
            bytes[at] = b'a';
        }
        bytes
    };
    assert_eq!(refused(doubled), "k.zip: two members of the ZIP have one name");
}

#[test]
fn methods_that_no_bill_has() {
    let mut bytes = pack(&[("a.csv", b"a,b\n1,2\n", options())]);
    let directory = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    bytes[8] = 12;
    bytes[directory + 10] = 12;
    let error = refused(bytes);
    assert!(error.starts_with("k.zip!a.csv: the member is packed with "), "{error}");
}

#[test]
fn a_zip_in_a_pipe() {
    let bytes = pack(&[("a.csv", b"a,b\n", options())]);
    let outcome = read_object(&Memory { sized: false, ..Memory::new("-", bytes) }, 100, 1);
    assert_eq!(
        outcome.error.as_deref(),
        Some("-: a ZIP cannot be read from a pipe: its directory is at its end; name the file")
    );
}

#[test]
fn a_directory_that_leaves_a_member_out_is_no_directory() {
    let whole = pack(&[
        ("1.csv", b"a,b\n1,2\n", options()),
        ("f/", b"", options()),
        ("2.csv", b"a,b\n3,4\n", options()),
    ]);
    assert_eq!(read(whole.clone()).events.len(), 2);
    // The end record counts one file fewer, and its directory starts at the second or ends before the last.
    let end = whole.len() - 22;
    let number = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let (size, start) = (number(end + 12), number(end + 16));
    let first = 46 + 5 + usize::from(u16::from_le_bytes([whole[start + 30], whole[start + 31]]));
    let patched = |start: usize, size: usize| {
        let mut bytes = whole.clone();
        bytes[end + 8..end + 12].copy_from_slice(&[2, 0, 2, 0]);
        bytes[end + 12..end + 16].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        bytes[end + 16..end + 20].copy_from_slice(&u32::try_from(start).unwrap().to_le_bytes());
        bytes
    };
    for bytes in [patched(start + first, size - first), patched(start, size)] {
        let said = refused(bytes);
        assert!(said.contains("bytes that its directory does not name"), "{said}");
    }
}

#[test]
fn what_the_directory_calls_a_bomb_is_never_unpacked() {
    let zeros = vec![b'1'; 80 << 20];
    let outcome =
        read_object(&Memory::new("k.zip", pack(&[("b.csv", &zeros, options())])), 1 << 16, 1);
    assert_eq!(outcome.kind, Some(Failure::Refused));
    assert!(outcome.error.unwrap().contains("k.zip!b.csv"), "the member is named");
    assert_eq!(outcome.events.len(), 0);
}
