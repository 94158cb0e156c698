//! What rows say, whatever the file looks like.

use super::{Memory, read_object, read_text};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/alicloud-bill-files.json"))
        .unwrap()
}

#[test]
fn the_cases_of_the_vectors() {
    for case in vectors()["csv_cases"].as_array().unwrap() {
        let outcome = read_text(case["text"].as_str().unwrap());
        assert_eq!(outcome.error, None, "{}", case["name"]);
        let rows = case["rows"].as_array().unwrap();
        assert_eq!(outcome.events.len(), rows.len());
        for (event, row) in outcome.events.iter().zip(rows) {
            let data = event["data"].as_object().unwrap();
            for cell in row.as_array().unwrap() {
                assert!(data.values().any(|value| value == cell), "{cell} is not in {data:?}");
            }
            assert_eq!(data.len(), row.as_array().unwrap().len() + 4);
        }
    }
}

#[test]
fn every_header_of_the_vectors_is_taken() {
    for (name, header) in vectors()["headers"].as_object().unwrap() {
        let columns: Vec<&str> = header["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let row: Vec<String> = (0..columns.len()).map(|n| format!("v{n}")).collect();
        let outcome = read_text(&format!("{}\r\n{}\r\n", columns.join(","), row.join(",")));
        assert_eq!(outcome.error, None, "{name}");
        assert_eq!(outcome.cells(&columns), [row]);
    }
}

/// Two columns and these rows, however they are written.
fn same(text: &str, rows: &[[&str; 2]]) {
    for block in [1, 7, 64, 1 << 16] {
        for sip in [1, usize::MAX] {
            let outcome = read_object(&Memory { sip, ..Memory::new("x", text) }, block, 3);
            assert_eq!(outcome.error, None, "{text:?} in blocks of {block}");
            assert_eq!(outcome.cells(&["a", "b"]), rows, "{text:?} in blocks of {block}");
            for (at, event) in outcome.events.iter().enumerate() {
                assert_eq!(event["data"]["line"], at + 1);
            }
        }
    }
}

#[test]
fn line_ends_and_blank_lines() {
    let rows = [["1", "2"], ["3", "4"]];
    for text in [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "\u{feff}a,b\n1,2\n3,4\n",
        "\u{feff}\r\n\r\na,b\r\n1,2\r\n3,4\r\n\r\n",
        "\n \t\n\na,b\n1,2\n3,4\n\n\n",
        "a,b\n\n1,2\n\n\r\n3,4\n",
        "\u{feff}\"a\",\"b\"\n\"1\",\"2\"\n\"3\",4\n",
        " a\t,\tb \n1,2\n3,4",
    ] {
        same(text, &rows);
    }
    same("a,b", &[]);
    same("a,b\n", &[]);
    same("a,b\n\n", &[]);
}

#[test]
fn quotes() {
    same("a,b\n\"x,y\",\"p\nq\"\n", &[["x,y", "p\nq"]]);
    same("a,b\n\"x\r\ny\",\"\"\n,\"\"\n", &[["x\r\ny", ""], ["", ""]]);
    same("a,b\n\"\"\"\",\"\"\"x\"\"\"\n", &[["\"", "\"x\""]]);
    same("a,b\n\"{\"\"a\\\"\":\\n}\",\\\n", &[["{\"a\\\":\\n}", "\\"]]);
    // A quote inside an unquoted cell is itself, as the `csv` crate has it.
    same("a,b\n5\" disk,x\"\"y\n1,2\n", &[["5\" disk", "x\"\"y"], ["1", "2"]]);
    same("a,b\n \"x\",1\n", &[[" \"x\"", "1"]]);
    same("a,b\nit\"s,\"1,\n2\"\nit\"s,\"3\"\"\"\n", &[["it\"s", "1,\n2"], ["it\"s", "3\""]]);
}

#[test]
fn blanks_at_the_end_of_a_cell_go() {
    same("a,b\nx\t,y \t \n", &[["x", "y"]]);
    same("a,b\n\"x\t\",\"y\" \n", &[["x", "y"]]);
    same("a,b\n \t,\"  \"\n", &[["", ""]]);
    same("a,b\n x,\ty\n", &[[" x", "\ty"]]);
    same("a,b\n\"x\"\"\t\",1\n", &[["x\"", "1"]]);
    // Others are text.
    same("a,b\nx\u{3000},y\u{a0}\n", &[["x\u{3000}", "y\u{a0}"]]);
}

#[test]
fn what_json_escapes() {
    let control: String =
        (0..0x20u8).filter(|b| ![b'\n', b'\r'].contains(b)).map(char::from).collect();
    let text = format!("a,b\n{control}x,\\\u{7f}\u{80}云😀\n");
    same(&text, &[[&format!("{control}x"), "\\\u{7f}\u{80}云😀"]]);
    let long = "ab\"\"cd\\".repeat(50);
    same(&format!("a,b\n\"{long}\",x\n"), &[[&"ab\"cd\\".repeat(50), "x"]]);
}

#[test]
fn cells_of_every_length() {
    for length in 0..200 {
        let plain = "云x".repeat(length / 2);
        let quoted = "\"\"".repeat(length) + &"y".repeat(length % 7);
        let text = format!("a,b\n{plain},\"{quoted}\"\n{plain},{plain}\n");
        let outcome = read_object(&Memory::new("x", text), 1 << 10, 1);
        let said = quoted.replace("\"\"", "\"");
        assert_eq!(outcome.cells(&["a", "b"]), [[plain.as_str(), &said], [plain.as_str(), &plain]]);
    }
}

#[test]
fn rows_that_are_longer_than_a_block() {
    let cell = "1234567,".repeat(40_000);
    let text = format!("a,b\n\"{cell}\",x\n1,2\n\"{cell}\n\",y\n");
    for block in [1, 1000, 1 << 18] {
        let outcome = read_object(&Memory::new("x", text.as_str()), block, 2);
        assert_eq!(
            outcome.cells(&["a", "b"]),
            [[cell.as_str(), "x"], ["1", "2"], [&format!("{cell}\n"), "y"]]
        );
    }
}

#[test]
fn columns_by_their_names() {
    let outcome =
        read_text("账期,,Usage \"x\",very long name of a column that fills a step\n1,2,3,4\n");
    assert_eq!(outcome.error, None);
    let columns = ["账期", "", "Usage \"x\"", "very long name of a column that fills a step"];
    assert_eq!(outcome.cells(&columns), [["1", "2", "3", "4"]]);
}

#[test]
fn nothing_at_all_is_said() {
    let outcome = read_text("");
    assert_eq!((outcome.error, outcome.events.len()), (None, 0));
    assert_eq!(outcome.warnings, ["x.csv has no bytes: taken as a bill without rows"]);
    // As from a pipe, too.
    let object = Memory { sized: false, ..Memory::new("-", "a,b\n1,2\n") };
    assert_eq!(read_object(&object, 100, 1).events.len(), 1);
}

#[test]
fn short_rows_under_long_names_make_several_batches() {
    let name = "n".repeat(20_000);
    let text = format!("{name},b\n{}", "1,2\n".repeat(500));
    let outcome = read_object(&Memory::new("x", text), 1 << 16, 2);
    assert_eq!((outcome.error, outcome.events.len()), (None, 500));
    for (at, event) in outcome.events.iter().enumerate() {
        assert_eq!(
            (&event["data"]["line"], &event["data"][&name]),
            (&(at + 1).into(), &"1".into())
        );
    }
}
