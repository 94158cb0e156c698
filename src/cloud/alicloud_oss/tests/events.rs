//! The events around the rows.

use super::{Memory, read_object};
use crate::event::{Batch, Data, Envelope, Row};
use crate::json;
use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};
use std::collections::HashSet;

const NAME: &str = "bills/1234567890123456_BillingItemDetail_20260301.csv";

#[test]
fn an_event_as_it_should_be() {
    let outcome = read_object(
        &Memory::new(NAME, "账单明细ID,账期,单价\nd-1\t,2026-03,0.10\n,2026-03,\n"),
        100,
        1,
    );
    assert_eq!(
        outcome.events[0],
        json!({
            "specversion": "1.0",
            "id": outcome.events[0]["id"],
            "type": "alicloud.billing_item_detail",
            "source": "cloud.alicloud.billing",
            "datacontenttype": "application/json",
            "subject": "d-1",
            "time": "2026-02-25T06:13:20Z",
            "account": "1234567890123456",
            "data": {
                "VanceSource": "cloud.alicloud.billing",
                "VanceType": "alicloud.billing_item_detail",
                "账单明细ID": "d-1",
                "账期": "2026-03",
                "单价": "0.10",
                "file": NAME,
                "line": 1,
            },
        })
    );
    // Without an id in its cell.
    assert_eq!(outcome.events[1]["subject"], "1234567890123456/BillingItemDetail/20260301");
    assert_eq!(outcome.events[1]["data"]["line"], 2);
}

#[test]
fn members_stand_in_the_order_of_the_columns() {
    let mut lines = Vec::new();
    let object = Memory::new("x", "b,a\n1,2\n");
    super::super::reader::read(
        &object,
        &super::BillName::of_type("focus"),
        &mut super::ReadContext {
            sums: true,
            time: DateTime::from_timestamp(0, 0).unwrap(),
            extensions: &[("region".into(), "eu".into())],
            workers: None,
            ordinals: &mut super::Ordinals::default(),
            progress: &super::AtomicU64::new(0),
            warn: &mut |_| {},
        },
        &mut |batch| {
            lines.extend_from_slice(&batch.bytes);
            Ok(())
        },
    )
    .unwrap();
    let line = String::from_utf8(lines).unwrap();
    let (_, rest) = line.split_once("\"subject\":").unwrap();
    assert_eq!(
        rest,
        "\"focus\",\"time\":\"1970-01-01T00:00:00Z\",\"region\":\"eu\",\
         \"data\":{\"VanceSource\":\"cloud.alicloud.billing\",\"VanceType\":\"alicloud.focus\",\
         \"b\":\"1\",\"a\":\"2\",\"file\":\"x\",\"line\":1}}\n"
    );
}

#[test]
fn the_v2_id_column_counts_too() {
    let name = "b/202602/20260203180000/1234567890123456_2688801000001_consumeDetailBillV2_202602";
    let text = "x/y,标识信息/账单明细ID\n1,\"a\"\"b\\云\"\n1,\"\"\n";
    let outcome = read_object(&Memory::new(name, text), 100, 1);
    assert_eq!(outcome.events[0]["subject"], "a\"b\\云");
    assert_eq!(outcome.events[0]["type"], "alicloud.consume_detail_bill_v2");
    assert_eq!(outcome.events[1]["subject"], "1234567890123456/consumeDetailBillV2/202602");
}

/// The same row, member by member, as every other cloud does it.
fn slowly(columns: &[&str], cells: &[&str], subject: &str, line: &str) -> Batch {
    let kind = "alicloud.billing_item_detail";
    let mut data = Data::default();
    data.text("VanceSource", "cloud.alicloud.billing");
    data.text("VanceType", kind);
    for (column, cell) in columns.iter().zip(cells) {
        data.text(column, json::trim_end(cell));
    }
    data.text("file", NAME);
    data.member("line", |out| out.extend_from_slice(line.as_bytes()));
    let time = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
    let envelope = Envelope::new("cloud.alicloud.billing", kind, time, &[]).unwrap();
    let mut batch = Batch::new(envelope);
    batch.push(&Row {
        account: Some("1234567890123456".into()),
        period: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
        subject: subject.into(),
        data,
        amounts: Vec::new(),
    });
    batch
}

#[test]
fn the_quick_way_gives_the_ids_of_the_plain_way() {
    let columns =
        ["Zone", "VanceSourc", "estimated", "账单明细ID", "q\"\\\t x", "", "W", "Usage\nx"];
    for cells in [
        ["1", "2", "3", "4", "5", "6", "7", "8"],
        ["a\"b", "\\", "x\ty\u{1}", "", "云", "", "", "a,b\nc"],
        ["trail \t", "", "", "id\"\\云 ", "", "", " lead", "\u{1f}"],
        ["", "", "", "", "", "", "", ""],
    ] {
        let quote = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
        let row = cells.iter().map(quote).collect::<Vec<_>>().join(",");
        let header = columns.iter().map(quote).collect::<Vec<_>>().join(",");
        let outcome = read_object(&Memory::new(NAME, format!("{header}\n{row}\n")), 100, 1);
        assert_eq!(outcome.error, None);
        let id = json::trim_end(cells[3]);
        let subject =
            if id.is_empty() { "1234567890123456/BillingItemDetail/20260301" } else { id };
        let batch = slowly(&columns, &cells, subject, "1");
        let expected: Value = serde_json::from_slice(batch.line(&batch.events[0])).unwrap();
        assert_eq!(outcome.events[0], expected);
    }
}

#[test]
fn rows_of_many_sizes_have_their_ids() {
    // Across the chunks of the hash, and many at once.
    let cells: Vec<String> = (0..300).map(|n| "x".repeat(n * 37 % 9000)).collect();
    let text = cells.join(",1\n") + ",1\n";
    let outcome = read_object(&Memory::new(NAME, format!("a,b\n{text}")), 1 << 17, 2);
    for (event, cell) in outcome.events.iter().zip(&cells) {
        let subject = "1234567890123456/BillingItemDetail/20260301";
        let batch = slowly(&["a", "b"], &[cell, "1"], subject, "1");
        assert_eq!(event["id"], batch.events[0].id.to_string(), "{}", cell.len());
    }
}

#[test]
fn identical_rows_are_events_of_their_own() {
    let text = format!("a,b\n{}", "1,2\n3,4\n1,2\n".repeat(50));
    let ids = |block, workers| {
        let outcome = read_object(&Memory::new(NAME, text.as_str()), block, workers);
        outcome.events.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>()
    };
    let once = ids(1 << 16, 1);
    assert_eq!(once.iter().collect::<HashSet<_>>().len(), 150);
    for (block, workers) in [(1, 1), (10, 3), (50, 4)] {
        assert_eq!(ids(block, workers), once);
    }
    // The same on another day's file: the period is in their subject.
    let other = Memory::new("1234567890123456_BillingItemDetail_20260302", text.as_str());
    assert_ne!(read_object(&other, 100, 1).events[0]["id"].to_string(), once[0]);
    // But neither the file's name nor a row's place plays a part.
    let renamed =
        Memory::new("1234567890123456_BillingItemDetail_20260301.zip", "a,b\n\n3,4\n1,2\n");
    let outcome = read_object(&renamed, 100, 1);
    assert_eq!(outcome.events[1]["id"].to_string(), once[0]);
    assert_eq!(outcome.events[0]["id"].to_string(), once[1]);
}

#[test]
fn an_emit_that_fails_ends_it() {
    let text = format!("a,b\n{}", "1,2\n".repeat(100_000));
    let mut calls = 0;
    let error = super::super::reader::read_in_blocks(
        &Memory::new("x", text),
        &super::BillName::of_type("focus"),
        &mut super::ReadContext {
            sums: true,
            time: DateTime::from_timestamp(0, 0).unwrap(),
            extensions: &[],
            workers: Some(4),
            ordinals: &mut super::Ordinals::default(),
            progress: &super::AtomicU64::new(0),
            warn: &mut |_| {},
        },
        1000,
        &mut |_| {
            calls += 1;
            anyhow::ensure!(calls < 3, "full");
            Ok(())
        },
    )
    .unwrap_err();
    assert_eq!((error.to_string().as_str(), calls), ("full", 3));
}
