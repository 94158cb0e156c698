//! `--check` of bill files: the keys to the bucket, the subscription that fills it, its newest bill file, and
//! whether that can be read.

use super::download;
use super::listing::{self, Listed};
use super::local::Local;
use super::names::{BillName, canonical_type};
use super::object::Object;
use super::pushes::is_pdf;
use super::remote::Remote;
use super::store::Store;
use crate::api::Session;
use crate::check::{Checkup, impatient};
use crate::cloud::alicloud::errors::{CHINA, INTERNATIONAL};
use crate::cloud::alicloud_subscribe::{Subscription, subscriptions};
use crate::credentials::{Keys, alicloud as chain};
use crate::exit::{Failure, kind_of};
use crate::report::plural;
use crate::sign::oss4;
use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A file comes every day; one that is older than this tells of a subscription that has ended or cannot write.
const STALE: TimeDelta = TimeDelta::days(3);

/// Files of this machine need no keys.
pub(super) fn local(files: &Local, checkup: &mut Checkup<'_>) -> Result<()> {
    for file in files.files() {
        let name = file.object.name();
        let opened = match file.object.size() {
            // A pipe can be read once, and that is the pull's.
            None => {
                checkup.ok("file", format!("{name} is a stream of {}", file.bill.file_type));
                continue;
            }
            Some(size) => file.object.open(0).map(|_| size),
        };
        if let Some(size) = checkup.take("file", opened)? {
            let bytes = plural(size, "byte");
            checkup.ok("file", format!("{name}: {bytes}, {}", file.bill.subject()));
        }
    }
    Ok(())
}

/// A bucket.
pub(super) fn remote(remote: &Remote, session: &Session, checkup: &mut Checkup<'_>) -> Result<()> {
    let (store, credentials) = remote.connected()?;
    checkup.ok("endpoint", format!("{}, region {}", store.bucket.host(), store.bucket.region));
    let aside = impatient(session);
    checkup.identity(chain::caller(&aside, &remote.env, credentials))?;
    subscription(remote, &aside, &credentials.keys, checkup)?;
    if let Some(newest) = checkup.take("listing", newest(store, remote))? {
        match newest {
            None => checkup.warn("listing", nothing(remote)),
            Some(newest) => {
                let said = listed(&newest, Utc::now());
                let old = newest.modified.is_some_and(|time| Utc::now() - time > STALE);
                if old {
                    let hint = "has the subscription ended, or its role been revoked? See \
                                billing-pull alicloud-subscribe --list";
                    checkup.warn("listing", format!("{said}: {hint}"));
                } else {
                    checkup.ok("listing", said);
                }
                if newest.size == 0 {
                    checkup.warn("reading", "not asked for: the newest file is empty");
                } else if checkup.take("reading", read(store, newest))?.is_some() {
                    let asked = plural(session.report.counts.requests.load(Relaxed), "request");
                    checkup.ok(
                        "reading",
                        format!("oss:GetObject is allowed; this check cost {asked} of OSS"),
                    );
                }
            }
        }
    }
    checkup.clock(&store.api, oss4::CLOCK_ALLOWANCE);
    Ok(())
}

/// The subscription is another service's, which a pull does not ask: nothing there stops it.
fn subscription(
    remote: &Remote,
    session: &Session,
    keys: &Keys,
    checkup: &mut Checkup<'_>,
) -> Result<()> {
    const WHAT: &str = "subscription";
    let Some(list) = checkup.take_if_any(WHAT, find_subscriptions(remote, session, keys))? else {
        return Ok(());
    };
    let (bucket, file_type) = (&remote.bucket.name, &remote.file_type);
    let is_meant = |one: &&Subscription| {
        one.text("SubscribeBucket") == *bucket
            && canonical_type(&one.text("SubscribeType")) == *file_type
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = list.iter().partition(is_meant);
    for one in &here {
        let [kind, folder, since] =
            ["SubscribeType", "BucketPath", "SubscribeTime"].map(|name| one.text(name));
        checkup.ok(WHAT, format!("{kind} is pushed to {bucket}/{folder} since {since}"));
    }
    if here.is_empty() {
        let others = elsewhere
            .iter()
            .map(|one| format!("{} to {}", one.text("SubscribeType"), one.text("SubscribeBucket")));
        let others: Vec<String> = others.collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        checkup.warn(
            WHAT,
            format!(
                "nothing pushes {file_type} to {bucket} (subscribed: {others}): see \
                 billing-pull alicloud-subscribe --bucket {bucket} --type TYPE"
            ),
        );
    }
    Ok(())
}

/// An account belongs to one of two sites, which the bucket does not tell.
fn find_subscriptions(
    remote: &Remote,
    session: &Session,
    keys: &Keys,
) -> Result<Vec<Subscription>> {
    if let Some(endpoint) = remote.billing_endpoint() {
        return subscriptions(session, endpoint, keys);
    }
    let ask = |host: &str| subscriptions(session, &format!("https://{host}"), keys);
    let first = ask(CHINA);
    match &first {
        Err(error) if kind_of(error) == Failure::Refused => ask(INTERNATIONAL).or(first),
        _ => first,
    }
}

/// The bill file of the type that was written last.
fn newest(store: &Store, remote: &Remote) -> Result<Option<Listed>> {
    let mut newest: Option<Listed> = None;
    listing::list(store, &remote.prefix, |listed| {
        let bill = BillName::parse(&listed.key).filter(|bill| !is_pdf(&bill.file_type));
        let of_type = bill.is_some_and(|bill| bill.file_type == remote.file_type);
        if of_type && newest.as_ref().is_none_or(|known| known.modified <= listed.modified) {
            newest = Some(listed);
        }
    })?;
    Ok(newest)
}

fn nothing(remote: &Remote) -> String {
    let place = format!("{}/{}", remote.bucket.name, remote.prefix);
    format!(
        "oss:ListObjects is allowed, but {place} has no file of {}: check --prefix and --file-type; the first \
         file comes about a day after the subscription",
        remote.file_type
    )
}

fn listed(newest: &Listed, now: DateTime<Utc>) -> String {
    let age = newest.modified.map(|time| {
        let hours = (now - time).num_hours().max(0);
        let time = time.format("%Y-%m-%dT%H:%M:%SZ");
        format!(", written {time}, {} ago", plural(hours.unsigned_abs(), "hour"))
    });
    let bytes = plural(newest.size, "byte");
    format!(
        "oss:ListObjects is allowed; the newest file is {:?}, {bytes}{}",
        newest.key,
        age.unwrap_or_default()
    )
}

/// Asks for the file's last byte, in the very words of a pull.
fn read(store: &Arc<Store>, newest: Listed) -> Result<()> {
    let last = newest.size.saturating_sub(1);
    download::Remote::new(store, newest).open(last).map(|_| ())
}
