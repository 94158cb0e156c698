//! What `--list` writes to stdout: a table for people, the service's own items for programs.

use super::calls::Subscription;
use crate::exit::{Failed, Failure};
use crate::json::write_compact;
use anyhow::{Context, Result};
use std::io::{ErrorKind, Write};

/// A column's title and the member that it shows.
const COLUMNS: [(&str, &str); 7] = [
    ("TYPE", "SubscribeType"),
    ("BUCKET", "SubscribeBucket"),
    ("FOLDER", "BucketPath"),
    ("ACCOUNTS", "MultAccountRelSubscribe"),
    ("ROWS PER FILE", "RowLimitPerFile"),
    ("LANGUAGE", "SubscribeLanguage"),
    ("SINCE (UTC+8)", "SubscribeTime"),
];

/// One line for each item, as it came.
pub(super) fn lines(list: &[Subscription]) -> Vec<u8> {
    let mut out = Vec::new();
    for subscription in list {
        write_compact(&mut out, &subscription.raw, false);
        out.push(b'\n');
    }
    out
}

/// Columns under their titles; nothing where there is no item.
pub(super) fn table(list: &[Subscription]) -> Vec<u8> {
    if list.is_empty() {
        return Vec::new();
    }
    let titles = COLUMNS.map(|(title, _)| title.to_owned());
    let row = |one: &Subscription| {
        COLUMNS.map(|(_, member)| match one.text(member) {
            text if text.is_empty() => "-".to_owned(),
            text => crate::http::excerpt(&text, 80),
        })
    };
    let rows: Vec<_> = std::iter::once(titles).chain(list.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out.into_bytes()
}

/// Writes to stdout.
pub(super) fn write(text: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            Err(error).context(Failed::because(Failure::OutputClosed, "stdout is closed"))
        }
        other => other.context("stdout cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(item: &str) -> Subscription {
        Subscription {
            raw: serde_json::from_str(item).unwrap(),
            members: serde_json::from_str(item).unwrap(),
        }
    }

    #[test]
    fn people_get_columns_and_programs_lines() {
        let list = [
            subscription(
                r#"{ "SubscribeType": "MonthBill", "SubscribeBucket": "bills", "BucketPath":"账单/", "New": 1.0 }"#,
            ),
            subscription(
                r#"{"SubscribeType":"InstanceDetailMonthly","RowLimitPerFile":300000,"SubscribeTime":"2026-01-27 16:42:49"}"#,
            ),
        ];
        assert_eq!(
            String::from_utf8(table(&list)).unwrap(),
            "\
TYPE                   BUCKET  FOLDER  ACCOUNTS  ROWS PER FILE  LANGUAGE  SINCE (UTC+8)
MonthBill              bills   账单/     -         -              -         -
InstanceDetailMonthly  -       -       -         300000         -         2026-01-27 16:42:49
"
        );
        assert_eq!(
            String::from_utf8(lines(&list)).unwrap(),
            "{\"SubscribeType\":\"MonthBill\",\"SubscribeBucket\":\"bills\",\"BucketPath\":\"账单/\",\"New\":1.0}\n\
             {\"SubscribeType\":\"InstanceDetailMonthly\",\"RowLimitPerFile\":300000,\"SubscribeTime\":\"2026-01-27 16:42:49\"}\n"
        );
        assert!(table(&[]).is_empty() && lines(&[]).is_empty());
    }
}
