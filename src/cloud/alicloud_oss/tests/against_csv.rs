//! The reader against the `csv` crate: the same rows, or a refusal that the rules ask for.

use super::{Memory, Outcome, read_object};
use proptest::prelude::*;

/// What the `csv` crate makes of a text: header and rows, trimmed; none where our rules refuse its rows.
fn model(text: &[u8]) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let cells = record
            .unwrap()
            .iter()
            .map(|cell| String::from_utf8(cell.to_vec()))
            .collect::<Result<Vec<_>, _>>();
        rows.push(cells.ok()?);
    }
    let blank = |cell: &str| cell.trim_matches(['\u{feff}', ' ', '\t']).is_empty();
    let mut rows = rows.into_iter().skip_while(|row| row.len() == 1 && blank(&row[0]));
    let header: Vec<String> = rows
        .next()?
        .iter()
        .map(|name| name.trim_matches(['\u{feff}', ' ', '\t']).to_owned())
        .collect();
    let mut names = header.clone();
    names.sort();
    names.dedup();
    if header.len() < 2 || names.len() < header.len() {
        return None;
    }
    let rows: Vec<Vec<String>> = rows
        .map(|row| row.iter().map(|cell| cell.trim_end_matches([' ', '\t']).to_owned()).collect())
        .collect();
    rows.iter().all(|row| row.len() == header.len()).then_some((header, rows))
}

/// Whether every quoted cell is closed, and nothing but blanks stands behind it.
fn is_strict(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut at, mut start) = (0, true);
    while at < text.len() {
        if start && text[at] == b'"' {
            at += 1;
            loop {
                match (text.get(at), text.get(at + 1)) {
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), _) => break,
                    (Some(_), _) => at += 1,
                    (None, _) => return false,
                }
            }
            at += 1;
            while let Some(b' ' | b'\t') = text.get(at) {
                at += 1;
            }
            if !matches!(text.get(at), None | Some(b',' | b'\n' | b'\r')) {
                return false;
            }
            continue;
        }
        start = matches!(text[at], b',' | b'\n' | b'\r');
        at += 1;
    }
    true
}

fn compare(text: &[u8], outcome: &Outcome) -> Result<(), TestCaseError> {
    let expected = model(text).filter(|_| is_strict(text));
    match (expected, &outcome.error) {
        (Some((header, rows)), None) => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            prop_assert_eq!(outcome.cells(&header), rows);
        }
        (Some(_), Some(error)) => prop_assert!(false, "refused: {}", error),
        (None, None) => prop_assert!(text.is_empty(), "taken: {:?}", outcome.events),
        (None, Some(_)) => {}
    }
    Ok(())
}

/// Text of the characters that matter.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just("\""), 4 => Just(","), 3 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n"), 3 => Just("x"),
        1 => Just("\\"), 1 => Just(" "), 1 => Just("\t"), 1 => Just("云"), 1 => Just("\0"), 1 => Just("\"\""),
        1 => Just("\",\""), 1 => Just("a long piece of plain text that fills more than one step of the scan"),
    ];
    (any::<bool>(), proptest::collection::vec(piece, 0..60)).prop_map(|(header, pieces)| {
        let mut text = if header { b"a,b\n".to_vec() } else { Vec::new() };
        text.extend_from_slice(pieces.concat().as_bytes());
        text
    })
}

/// A well-formed bill: its cells, and the text.
fn bill() -> impl Strategy<Value = (Vec<Vec<String>>, String)> {
    let cell = prop_oneof![
        3 => "[a-z0-9.:;-]{0,40}", 2 => "[云器 a-z,]{0,20}", 1 => "[\"\\\\,\n\r\t {}x]{0,30}", 1 => "\\PC{0,90}",
    ];
    let rows = (2usize..7).prop_flat_map(move |width| {
        proptest::collection::vec(
            proptest::collection::vec((cell.clone(), any::<bool>()), width),
            0..40,
        )
    });
    (rows, any::<bool>(), any::<bool>(), prop_oneof![Just("\n"), Just("\r\n")]).prop_map(
        |(rows, mark, last, end)| {
            let width = rows.first().map_or(2, Vec::len);
            let names: Vec<String> = (0..width).map(|n| format!("列{n}")).collect();
            let mut text =
                if mark { "\u{feff}\r\n" } else { "" }.to_owned() + &names.join(",") + end;
            for row in &rows {
                let cells = row.iter().map(|(cell, quote)| {
                    if *quote || cell.contains(['"', ',', '\n', '\r']) {
                        format!("\"{}\"", cell.replace('"', "\"\""))
                    } else {
                        cell.clone()
                    }
                });
                text += &cells.collect::<Vec<_>>().join(",");
                text += end;
            }
            if !last {
                text.truncate(text.len() - end.len());
            }
            let trim = |cell: &String| cell.trim_end_matches([' ', '\t']).to_owned();
            (
                rows.iter().map(|row| row.iter().map(|(cell, _)| trim(cell)).collect()).collect(),
                text,
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in tricky(), block in 1usize..100, workers in 1usize..4) {
        prop_assume!(!matches!(super::super::sniff::kind(&text), super::super::sniff::Kind::Other(_)));
        compare(&text, &read_object(&Memory::new("x", text.clone()), block, workers))?;
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), block in 1usize..100) {
        prop_assume!(super::super::sniff::kind(&bytes) == super::super::sniff::Kind::Text);
        compare(&bytes, &read_object(&Memory::new("x", bytes.clone()), block, 1))?;
    }

    #[test]
    fn any_bill((rows, text) in bill(), block in 1usize..2000, sip in 1usize..500) {
        let outcome = read_object(&Memory { sip, ..Memory::new("x", text.as_str()) }, block, 2);
        prop_assert_eq!(&outcome.error, &None);
        let width = rows.first().map_or(2, Vec::len);
        let names: Vec<String> = (0..width).map(|n| format!("列{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        prop_assert_eq!(outcome.cells(&names), rows);
    }
}
