//! Alibaba Cloud's bill files: one event is one line of a bill, from a bucket that a subscription fills, or from
//! files of this machine.
//!
//! ```text
//! bucket ─► listing ─► which bills are the window's? ─┐
//!           listing.rs choose.rs, pushes.rs           ├─► object ─► what is it? ─► CSV, or the members of a ZIP
//! FILE... ────────────────────────────────── local.rs ┘   object.rs sniff.rs       window.rs, archive.rs
//!                                                         download.rs ─► blocks of rows ─► lines ─► batches, in order
//!                                                                        blocks.rs         rows.rs  reader.rs
//! ```
//!
//! The file of a day holds what was billed on that day of UTC+8; the file of a month holds all of it once more, so
//! that the two are never read together. All of a bill's rows say whose they are, of which type and period: where
//! the file lies narrows nothing, and plays no part in what rows are compared with.
//!
//! Of the reader, `names.rs` tells what a file's name says, `header.rs` and `plan.rs` what its first row says;
//! `feed.rs` is the thread before the blocks, `rows.rs` (with `index.rs`, `lines.rs`, `lanes.rs`) the work on one of
//! them, and `reader.rs` holds the threads together. Files have no fixed columns, so columns go by their names,
//! whatever they are, and every cell is text. Nothing is skipped: what is not understood ends the run.

mod archive;
mod blocks;
mod bucket;
mod cell;
mod check;
mod choose;
mod download;
mod errors;
mod feed;
#[cfg(fuzzing)]
mod fuzz;
mod header;
mod index;
mod lanes;
mod lines;
mod listing;
mod local;
mod names;
mod object;
mod plan;
mod pushes;
mod reader;
mod remote;
mod rows;
mod sniff;
mod store;
mod totals;
mod window;

#[cfg(test)]
mod tests;

use super::{Cloud, Context, Emit, Plan};
use crate::api::Session;
use crate::check::Checkup;
use crate::config::Settings;
use crate::identity::Ordinals;
use crate::journal::{Domain, Journaled, Period};
use crate::report::{Unit, plural};
use crate::shard::Shard;
use crate::window::{Calendar, Granularity, Settles, Window};
use anyhow::Result;
use chrono::{NaiveDate, Utc};
use local::Local;
use names::{BillName, Period as BillPeriod};
use object::Object;
use reader::ReadContext;
use remote::Remote;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

pub(crate) use bucket::is_bucket_name;
#[cfg(fuzzing)]
pub use fuzz::fuzz_read;

const CALENDAR: Calendar = Calendar {
    cloud: "alicloud-oss",
    zone_hours: 8,
    // Files are there for as long as the bucket keeps them.
    daily: None,
    monthly: None,
    // A month is final on the 3rd at 12:00, but its file may come until the 4th at 18:00: whoever pulls once a day
    // has seen it by the end of the 5th.
    settles: Settles { day: 6, hour: 0 },
};

/// Options of `billing-pull alicloud-oss`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    pub(crate) pull: crate::cli::PullOptions,

    /// The bucket that the bill subscription fills
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    bucket: Option<String>,

    /// Only keys that start with this, such as bill-data/
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,

    /// Where the bucket lives, such as cn-hangzhou; an --endpoint may say it too
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Which bill, by the name of its files or of the subscription: BillingItemDetail, InstanceDetail,
    /// BillingItemDetailMonthly, InstanceDetailMonthly, SplitItemDetailDaily, consumeDetailBillV2
    /// [default: BillingItemDetail]
    #[arg(long, value_name = "TYPE")]
    file_type: Option<String>,

    /// Read these bill files instead of a bucket; - is stdin. --date is not applied
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

/// Whether events of this type are lines of bill files.
pub(crate) fn has_type(kind: &str) -> bool {
    kind.starts_with("alicloud.") && !super::is_of(kind, super::alicloud::TYPE)
}

/// The period of a bill. All whose names tell none share one, which is the same on every run.
fn period_of_bill(bill: Option<&BillName>) -> Period {
    match bill.and_then(|bill| bill.period) {
        Some(BillPeriod::Day(day)) => Period::new(day, false),
        Some(BillPeriod::Month(first)) => Period::new(first, true),
        None => Period::new(NaiveDate::default(), false),
    }
}

/// The period in the name of the file that a journaled line is from.
pub(super) fn period_of(row: &Journaled<'_>) -> Option<Period> {
    const FILE: &str = r#","file":""#;
    let at = memchr::memmem::rfind(row.data.as_bytes(), FILE.as_bytes())? + FILE.len() - 1;
    let mut text =
        serde_json::Deserializer::from_str(row.data.get(at..)?).into_iter::<Cow<'_, str>>();
    let key = text.next()?.ok()?;
    // A member of an archive stands behind the archive, which has the name; folders may have a `!` in theirs.
    let mut ends = key.match_indices('!').map(|(at, _)| at).chain([key.len()]);
    let bill = ends.find_map(|end| BillName::parse(key.get(..end)?));
    Some(period_of_bill(bill.as_ref()))
}

/// A bill file to read.
struct File {
    object: Box<dyn Object>,
    bill: BillName,
}

/// Bill files.
pub(crate) struct AlicloudOss {
    session: Session,
    settings: Settings,
    origin: Origin,
    /// Type, account and period of each file that was read.
    read: Mutex<Vec<(String, String, Period)>>,
}

enum Origin {
    Local(Local),
    Remote(Box<Remote>),
}

impl AlicloudOss {
    pub(crate) fn open(args: &Args, context: &Context<'_>) -> Result<Self> {
        let settings = context.settings.clone();
        let origin = if args.files.is_empty() {
            Origin::Remote(Box::new(Remote::open(args, context)?))
        } else {
            Origin::Local(Local::open(&args.files, args.file_type.as_deref(), &settings)?)
        };
        Ok(Self { session: context.session.clone(), settings, origin, read: Mutex::default() })
    }

    fn read(&self, files: &[File], emit: &mut Emit<'_>) -> Result<()> {
        let report = &self.session.report;
        let total = files.iter().map(|file| file.object.size()).sum::<Option<u64>>();
        let progress = AtomicU64::new(0);
        let mut ordinals = Ordinals::default();
        let mut period = None;
        for File { object, bill } in files {
            if period != Some(bill.period) {
                ordinals.clear();
                period = Some(bill.period);
            }
            let mut context = ReadContext {
                time: Utc::now(),
                extensions: &self.settings.extensions,
                sums: self.settings.sums,
                workers: None,
                ordinals: &mut ordinals,
                progress: &progress,
                warn: &mut |warning| report.warn(warning),
            };
            let of_month = matches!(bill.period, Some(BillPeriod::Month(_)));
            let rows = reader::read(&**object, bill, &mut context, &mut |mut batch| {
                batch.of_month = of_month;
                report.progress(Unit::Bytes, progress.load(Relaxed), total);
                emit(batch)
            })?;
            report.debug(|| format!("{}: {}", object.name(), plural(rows, "row")));
            let account = bill.uid.clone().unwrap_or_default();
            let read = (bill.event_type(), account, period_of_bill(Some(bill)));
            self.read.lock().unwrap_or_else(PoisonError::into_inner).push(read);
        }
        Ok(())
    }
}

impl Cloud for AlicloudOss {
    fn calendar(&self) -> Calendar {
        CALENDAR
    }

    fn own_window(&self) -> Option<Window> {
        match &self.origin {
            Origin::Local(files) => Some(files.window()),
            Origin::Remote(_) => None,
        }
    }

    fn title(&self, window: &Window) -> String {
        match &self.origin {
            Origin::Local(files) => files.title(),
            Origin::Remote(_) => window.to_string(),
        }
    }

    fn part(&self, window: &Window, _: Shard) -> Option<Window> {
        Some(*window)
    }

    fn domain(&self, window: &Window) -> Domain {
        let periods = match &self.origin {
            Origin::Local(files) => {
                files.files().iter().map(|file| period_of_bill(Some(&file.bill))).collect()
            }
            Origin::Remote(_) => {
                let of_month = window.granularity == Granularity::Monthly;
                let periods = window.periods().into_iter();
                periods.map(|first| Period::new(first, of_month)).collect()
            }
        };
        Domain::of_files(super::alicloud::SOURCE, has_type, Some(periods))
    }

    fn scope(&self) -> String {
        String::new()
    }

    fn window_scope(&self) -> String {
        match &self.origin {
            Origin::Local(_) => String::new(),
            Origin::Remote(remote) => remote.scope(),
        }
    }

    fn files_read(&self) -> Vec<(String, String, Period)> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn plan(&self, window: &Window) -> Plan {
        match &self.origin {
            Origin::Local(_) => Plan { requests: Vec::new(), paged: false },
            Origin::Remote(remote) => remote.plan(window),
        }
    }

    fn connect(&mut self) -> Result<Option<String>> {
        match &mut self.origin {
            Origin::Local(_) => Ok(None),
            Origin::Remote(remote) => remote.connect(&self.session).map(Some),
        }
    }

    fn check(&self, checkup: &mut Checkup<'_>) -> Result<()> {
        match &self.origin {
            Origin::Local(files) => check::local(files, checkup),
            Origin::Remote(remote) => check::remote(remote, &self.session, checkup),
        }
    }

    fn pull(&self, window: &Window, emit: &mut Emit<'_>) -> Result<()> {
        match &self.origin {
            Origin::Local(files) => self.read(files.files(), emit),
            Origin::Remote(remote) => self.read(&remote.find(window)?, emit),
        }
    }

    fn whole(&self, window: &Window) -> Option<Window> {
        match &self.origin {
            // Files that somebody names are no days of which nothing is missing.
            Origin::Local(_) => None,
            Origin::Remote(remote) => remote.whole(window),
        }
    }

    fn incomplete(&self, window: &Window) -> Option<String> {
        match &self.origin {
            Origin::Local(_) => None,
            Origin::Remote(remote) => remote.incomplete(window, &CALENDAR),
        }
    }
}

#[cfg(test)]
mod journaled {
    use super::*;

    #[test]
    fn a_line_tells_its_period_by_its_file() {
        let of = |file: &str| {
            let data = format!(r#"{{"a":"b","file":"{file}","line":7}}"#);
            let row = Journaled { account: "", subject: "s", data: &data };
            super::super::period_of("alicloud.billing_item_detail", &row).unwrap().to_string()
        };
        for (file, period) in [
            ("bills/1234567890123456_BillingItemDetail_20220613", "2022-06-13"),
            ("1234567890123456_BillingItemDetail_202206.csv", "2022-06"),
            (
                "202206/20220601010203/1234567890123456_2688801000001_consumeDetailBillV2_20220613.zip!1_2.csv",
                "2022-06-13",
            ),
            ("1234567890123456-20251201010203_consumedetailbillv2_2025-12.csv", "2025-12"),
            ("1234567890123456_BillingItemDetail_20220613_1_2.csv", "2022-06-13"),
            ("a!b/1234567890123456_BillingItemDetail_20220613.zip!x/y!z.csv", "2022-06-13"),
            (r#"a\"b/1234567890123456_BillingItemDetail_20220613"#, "2022-06-13"),
            ("bill.csv", "1970-01-01"),
        ] {
            assert_eq!(of(file), period);
        }
    }

    #[test]
    fn types_of_bill_files() {
        assert!(has_type("alicloud.billing_item_detail") && has_type("alicloud.focus"));
        assert!(!has_type("alicloud.account_billing.daily") && !has_type("aws.service.daily"));
    }
}
