//! Bill files that are named on the command line: no account, no bucket, no date. Names say whose bill a file is,
//! of which type and of which day or month; for a name that says nothing `--file-type` does.

use super::File;
use super::choose::takes;
use super::names::{BillName, Period, canonical_type, is_type};
use super::object::{LocalFile, Object, Stdin};
use super::pushes::is_pdf;
use crate::config::Settings;
use crate::exit::{Failure, fail};
use crate::report::plural;
use crate::window::{Granularity, Window};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The files of a command line.
pub(super) struct Local(Vec<File>);

impl Local {
    /// A file whose name says no account belongs to that of `--account`.
    pub(super) fn open(
        paths: &[PathBuf],
        file_type: Option<&str>,
        settings: &Settings,
    ) -> Result<Self> {
        let mut files = named(paths, file_type, settings.account.as_deref())?;
        // Lines of two such files would be taken for the same bill, and one for a restatement of the other.
        if let Some(file) = files.iter().find(|file| settings.sums && file.bill.period.is_none()) {
            let message = format!(
                "{}: --journal needs a name that says the day or month of the bill, such as \
                 1690000000000000_BillingItemDetail_202406",
                file.object.name()
            );
            return Err(fail(Failure::Usage, message));
        }
        files.retain(|file| takes(settings.shard, &file.bill));
        Ok(Self(files))
    }

    /// By period, otherwise as they were named.
    pub(super) fn files(&self) -> &[File] {
        &self.0
    }

    /// The days that they cover, or the months where there is no other. What names no day is of no day.
    pub(super) fn window(&self) -> Window {
        let periods = || self.0.iter().filter_map(|file| file.bill.period);
        let is_month = |period: &Period| matches!(period, Period::Month(_));
        let monthly = periods().next().is_some() && periods().all(|period| is_month(&period));
        Window {
            start: periods().map(Period::first_day).min().unwrap_or_default(),
            end: periods().map(Period::last_day).max().unwrap_or_default(),
            granularity: if monthly { Granularity::Monthly } else { Granularity::Daily },
        }
    }

    /// What to call them.
    pub(super) fn title(&self) -> String {
        match self.files() {
            [file] => file.object.name().to_owned(),
            files => plural(files.len() as u64, "file"),
        }
    }
}

fn named(paths: &[PathBuf], file_type: Option<&str>, account: Option<&str>) -> Result<Vec<File>> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bill = bill(path, file_type, account)
            .map_err(|message| fail(Failure::Usage, format!("{}: {message}", path.display())))?;
        let object: Box<dyn Object> =
            if is_stdin(path) { Box::new(Stdin) } else { Box::new(LocalFile::new(path)?) };
        files.push(File { object, bill });
    }
    files.sort_by_key(|file| file.bill.period);
    for (at, file) in files.iter().enumerate() {
        let twice = files[..at].iter().find(|other| overlap(other, file));
        if let Some(other) = twice {
            let message = format!(
                "{:?} and {:?} hold the same bill, or one is a part of the other: its rows would be there twice; \
                 name one of them",
                other.object.name(),
                file.object.name()
            );
            return Err(fail(Failure::Usage, message));
        }
    }
    Ok(files)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn bill(path: &Path, file_type: Option<&str>, account: Option<&str>) -> Result<BillName, String> {
    let named = if is_stdin(path) { None } else { BillName::parse(&path.to_string_lossy()) };
    let given = file_type.map(canonical_type);
    if let Some(given) = given.as_deref().filter(|given| !is_type(given)) {
        return Err(format!("--file-type {given:?} is no type, such as BillingItemDetail"));
    }
    let bill = match (named, given) {
        (Some(bill), Some(given)) if bill.file_type != given => {
            return Err(format!(
                "this is a {} by its name, and --file-type says {given}",
                bill.file_type
            ));
        }
        (Some(bill), _) => bill,
        (None, Some(given)) => {
            BillName { uid: account.map(str::to_owned), ..BillName::of_type(&given) }
        }
        (None, None) => {
            let why =
                if is_stdin(path) { "stdin has no name" } else { "its name is no bill file's" };
            return Err(format!(
                "{why}, so that its type must be given: --file-type BillingItemDetail"
            ));
        }
    };
    if is_pdf(&bill.file_type) {
        return Err(format!("a {} is a PDF, which has no rows", bill.file_type));
    }
    Ok(bill)
}

/// Whether two files hold the same rows: one file under two names, two pushes of a bill, a day and its month.
fn overlap(one: &File, other: &File) -> bool {
    let (a, b) = (&one.bill, &other.bill);
    let path = |file: &File| std::fs::canonicalize(file.object.name()).ok();
    if path(one).is_some_and(|same| path(other) == Some(same))
        || one.object.name() == other.object.name()
    {
        return true;
    }
    let (Some(mine), Some(theirs)) = (a.period, b.period) else { return false };
    // Only the newer layout names a site.
    let other_site = a.site.is_some() && b.site.is_some() && a.site != b.site;
    if (&a.uid, &a.file_type) != (&b.uid, &b.file_type) || other_site {
        return false;
    }
    match (mine, theirs) {
        (Period::Day(day), Period::Month(month)) | (Period::Month(month), Period::Day(day)) => {
            crate::window::first_of_month(day) == month
        }
        _ if mine != theirs => false,
        _ => a.part.is_none() || b.part.is_none() || a.part == b.part || a.pushed != b.pushed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    const DAY: &str = "1234567890123456_BillingItemDetail_20260301";

    /// Which files are read of those named, in their order; or why none is.
    fn read(names: &[&str], file_type: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::TempDir::new().unwrap();
        let paths: Vec<PathBuf> = names
            .iter()
            .map(|name| {
                if *name == "-" {
                    return PathBuf::from("-");
                }
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, "a,b\n1,2\n").unwrap();
                path
            })
            .collect();
        let files = named(&paths, file_type, Some("77")).map_err(|error| {
            assert_eq!(kind_of(&error), Failure::Usage, "{error:#}");
            format!("{error:#}")
        })?;
        let top = format!("{}/", folder.path().display());
        Ok(files.iter().map(|file| file.object.name().replace(&top, "")).collect())
    }

    #[test]
    fn names_say_what_a_file_is() {
        let names = [
            "1234567890123456_BillingItemDetail_20260302.zip",
            DAY,
            "9999999_InstanceDetail_202602.csv",
        ];
        assert_eq!(read(&names, None).unwrap(), [names[1], names[0], names[2]]);
        assert_eq!(read(&names[..2], Some("BillingItemDetailForBillingPeriod")).unwrap().len(), 2);

        let other = bill(Path::new("x/report.csv"), Some("billingitemdetail"), Some("77")).unwrap();
        assert_eq!(
            (other.file_type.as_str(), other.uid.as_deref()),
            ("BillingItemDetail", Some("77"))
        );
        assert_eq!(
            bill(Path::new(DAY), None, Some("77")).unwrap().uid.as_deref(),
            Some("1234567890123456")
        );
    }

    #[test]
    fn the_window_is_what_the_files_cover() {
        let window = |names: &[&str]| {
            let file = |name: &&str| File {
                object: Box::new(Stdin),
                bill: bill(Path::new(name), Some("BillingItemDetail"), None).unwrap(),
            };
            Local(names.iter().map(file).collect()).window().to_string()
        };
        assert_eq!(window(&[DAY]), "2026-03-01");
        assert_eq!(window(&["1234567890123456_BillingItemDetail_202602"]), "2026-02");
        assert_eq!(
            window(&[DAY, "1234567890123456_BillingItemDetail_202602", "x.csv"]),
            "2026-02-01..2026-03-01"
        );
    }

    #[test]
    fn what_no_name_says_must_be_given() {
        for name in ["report.csv", "-"] {
            assert!(read(&[name], None).unwrap_err().contains("--file-type"), "{name}");
            assert_eq!(read(&[name], Some("InstanceDetail")).unwrap(), [name]);
        }
        let error = read(&[DAY], Some("InstanceDetail")).unwrap_err();
        assert!(error.contains("this is a BillingItemDetail by its name"), "{error}");
        for (name, file_type) in
            [("1234567890123456__MonthBill_202602", None), ("x.pdf", Some("MonthBill"))]
        {
            assert!(read(&[name], file_type).unwrap_err().contains("PDF"), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        for path in [folder.path().to_owned(), folder.path().join(DAY)] {
            let error = named(&[path], Some("BillingItemDetail"), None).err().unwrap();
            assert_eq!(kind_of(&error), Failure::Usage, "{error:#}");
        }
    }

    #[test]
    fn no_row_is_read_twice() {
        let month = "1234567890123456_BillingItemDetail_202603.zip";
        let push = |time: &str, part: &str| {
            format!("202603/{time}/1234567890123456_2688801000001_consumeDetailBillV2_202603{part}")
        };
        let zip = format!("{DAY}.zip");
        let other = format!("other/{DAY}");
        let part = format!("{DAY}_1");
        for [one, two] in [
            [DAY, DAY],
            [DAY, &zip],
            [DAY, &other],
            [DAY, month],
            [DAY, &part],
            [&push("20260403180000", ""), &push("20260404180000", "")],
            [&push("20260403180000", "_1"), &push("20260404180000", "_2")],
            ["-", "-"],
            ["a.csv", "x/../a.csv"],
        ] {
            let names = [one, two, "x/1234567890123456_InstanceDetail_20260301"];
            let file_type = ["-", "a.csv"].contains(&one).then_some("InstanceDetail");
            let error = read(&names, file_type).unwrap_err();
            assert!(error.contains("twice"), "{one} {two}: {error}");
        }
        let parts = [push("20260403180000", "_1"), push("20260403180000", "_2")];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        assert_eq!(read(&parts, None).unwrap(), parts);
        let accounts = [DAY, "1234567890123457_BillingItemDetail_202603"];
        assert_eq!(read(&accounts, None).unwrap(), accounts);
    }
}
