//! Pages of GetCostAndUsage as rows. Whether a period's groups may go on in the next page is not documented, so
//! rows are known by (period, keys): a group that comes again as it was is one row, one that comes again with
//! another amount means that the bill changed while it was read.

use super::request::Query;
use crate::event::{Data, Row};
use crate::exit::{Failure, fail};
use crate::http::Answer;
use crate::json::{self, is_decimal, plain_text};
use crate::refusal::{not_understood, unreadable};
use crate::sums;
use crate::window::Window;
use anyhow::Result;
use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

/// Every member is optional in the service's model; unknown ones are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    next_page_token: Option<String>,
    #[serde(borrow)]
    results_by_time: Option<Vec<ResultByTime<'a>>>,
    #[serde(borrow, default)]
    dimension_value_attributes: Vec<DimensionValue<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultByTime<'a> {
    time_period: TimePeriod,
    #[serde(borrow, default)]
    groups: Vec<GroupRow<'a>>,
    #[serde(default)]
    estimated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupRow<'a> {
    #[serde(borrow)]
    keys: Vec<Text<'a>>,
    #[serde(borrow)]
    metrics: Metrics<'a>,
}

/// A string of the page, copied only where it holds an escape.
#[derive(Deserialize, Clone, PartialEq, Eq)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A row has one to seven metrics, too few for a tree.
struct Metrics<'a>(Vec<(Text<'a>, Metric<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Metrics<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Entries<'a> {
            type Value = Metrics<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of metrics")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metrics<'a>, A::Error> {
                let mut metrics = Vec::with_capacity(1);
                while let Some(entry) = map.next_entry()? {
                    metrics.push(entry);
                }
                Ok(Metrics(metrics))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    #[serde(borrow)]
    amount: Option<&'a RawValue>,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DimensionValue<'a> {
    value: String,
    #[serde(borrow, default)]
    attributes: BTreeMap<String, &'a RawValue>,
}

/// What one page holds.
pub(super) struct Read {
    pub(super) rows: Vec<Row>,
    /// The token of the next page.
    pub(super) next: Option<String>,
}

/// Reads the pages of one pull in order.
pub(super) struct Reader<'a> {
    query: &'a Query,
    window: &'a Window,
    source: &'static str,
    kind: &'a str,
    account: Option<&'a str>,
    fields: Vec<String>,
    seen: Seen,
    periods: BTreeSet<NaiveDate>,
    estimated: Option<(NaiveDate, NaiveDate)>,
    account_names: BTreeMap<String, String>,
}

/// (period, keys) as a hash, with a check of what they said: twelve bytes a row, in shards so that growing
/// copies little.
struct Seen(Vec<HashMap<[u32; 2], u32>>);

impl Seen {
    /// `Some(true)` for a row that came before as it is, `Some(false)` for one that said something else.
    #[allow(clippy::cast_possible_truncation, reason = "a hash is cut to size")]
    fn insert(&mut self, key: impl Hash, content: impl Hash) -> Option<bool> {
        let (key, check) = (hash(key), hash(content) as u32);
        let shards = self.0.len() as u64;
        let shard = &mut self.0[(key % shards) as usize];
        let before = shard.insert([key as u32, (key >> 32) as u32], check);
        before.map(|before| before == check)
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        query: &'a Query,
        window: &'a Window,
        source: &'static str,
        kind: &'a str,
        account: Option<&'a str>,
    ) -> Self {
        Self {
            query,
            window,
            source,
            kind,
            account,
            fields: query.groups.iter().map(super::request::Group::field).collect(),
            seen: Seen(vec![HashMap::new(); 4]),
            periods: BTreeSet::new(),
            estimated: None,
            account_names: BTreeMap::new(),
        }
    }

    /// The rows of one page.
    pub(super) fn read(&mut self, answer: &Answer) -> Result<Read> {
        let page: Page<'_> =
            serde_json::from_slice(&answer.body).map_err(|error| unreadable(&error, answer))?;
        let Some(periods) = page.results_by_time else {
            return Err(not_understood("it has no ResultsByTime"));
        };
        for attributes in page.dimension_value_attributes {
            if let Some(name) = attributes.attributes.get("description") {
                self.account_names.insert(attributes.value, plain_text(name).into_owned());
            }
        }
        let (mut rows, mut groups) = (Vec::new(), 0);
        for period in periods {
            let start = period.time_period.start;
            let date: NaiveDate = start
                .get(..10)
                .and_then(|day| day.parse().ok())
                .ok_or_else(|| not_understood(format!("{start:?} is no day")))?;
            if date < self.window.start || date > self.window.end {
                return Err(not_understood(format!(
                    "it names {date}, which is outside of {}",
                    self.window
                )));
            }
            self.periods.insert(date);
            if period.estimated {
                let (first, last) = self.estimated.unwrap_or((date, date));
                self.estimated = Some((first.min(date), last.max(date)));
            }
            let day = date.to_string();
            groups += period.groups.len();
            for group in &period.groups {
                if let Some(row) = self.row((date, &day), period.estimated, group)? {
                    rows.push(row);
                }
            }
        }
        if rows.is_empty() && groups > 1 {
            let message =
                "every row of it came before: the bill changed while it was read; try again";
            return Err(fail(Failure::Unavailable, message));
        }
        Ok(Read { rows, next: page.next_page_token })
    }

    fn row(
        &mut self,
        (date, day): (NaiveDate, &str),
        estimated: bool,
        group: &GroupRow<'_>,
    ) -> Result<Option<Row>> {
        if group.keys.len() != self.fields.len() {
            let (keys, asked) = (group.keys.len(), self.fields.len());
            return Err(not_understood(format!(
                "{day}: a group has {keys} keys where {asked} were asked for"
            )));
        }
        let keys: Vec<&str> = self
            .query
            .groups
            .iter()
            .zip(&group.keys)
            .map(|(by, key)| json::trim_end(by.value(&key.0)))
            .collect();
        let mut data = Data::with_capacity(256);
        data.text("vanceSource", self.source);
        data.text("vanceType", self.kind);
        data.text("date", day);
        for (field, key) in self.fields.iter().zip(&keys) {
            data.text(field, key);
        }
        for (by, key) in self.query.groups.iter().zip(&keys) {
            if by.is_linked_account()
                && let Some(name) = self.account_names.get(*key)
            {
                data.text("linkedAccountName", name);
            }
        }
        let mut amounts = Vec::with_capacity(self.query.metrics.len());
        for metric in &self.query.metrics {
            amounts.push((
                metric,
                amount(group, metric)
                    .map_err(|what| not_understood(format!("{day} {keys:?}: {what}")))?,
            ));
        }
        if let Some((_, (amount, unit))) = amounts.first() {
            data.text("amount", amount);
            data.text("unit", unit);
        }
        data.flag("estimated", estimated);
        if amounts.len() > 1 {
            data.member("metrics", |out| write_metrics(out, &amounts));
        }
        match self.seen.insert((date, &keys), &amounts) {
            Some(true) => return Ok(None),
            Some(false) => {
                return Err(fail(
                    Failure::Unavailable,
                    format!(
                        "{day} {keys:?} comes twice with different amounts: the bill changed while it was read; try again"
                    ),
                ));
            }
            None => {}
        }
        let subject = super::super::subject(
            self.account.into_iter().chain([day]).chain(keys.iter().copied()),
        );
        let sums = amounts.into_iter().map(|(metric, (amount, unit))| {
            sums::Amount::new(metric.clone(), unit.to_owned(), &amount)
        });
        let (account, amounts) = (self.account.map(str::to_owned), sums.collect());
        Ok(Some(Row { account, period: date, subject, data, amounts }))
    }

    /// The first and the last period that is called estimated.
    pub(super) fn estimated(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.estimated
    }

    /// A period without cost is there without groups, so one that is not there at all is worth a word.
    pub(super) fn silent_periods(&self, window: &Window) -> Option<String> {
        let missing: Vec<String> = window
            .periods()
            .into_iter()
            .filter(|period| !self.periods.contains(period))
            .map(|period| period.to_string())
            .collect();
        let first = missing.first().filter(|_| !self.periods.is_empty())?;
        Some(format!(
            "the answer says nothing at all about {} of the periods asked for, {first} first",
            missing.len()
        ))
    }
}

/// A metric's amount and unit.
type Amount<'a> = (Cow<'a, str>, &'a str);

fn amount<'a>(group: &'a GroupRow<'_>, metric: &str) -> Result<Amount<'a>, String> {
    let entry = group.metrics.0.iter().find(|(name, _)| name.0 == metric);
    let (_, got) = entry.ok_or_else(|| format!("the metric {metric} is missing"))?;
    let amount = got.amount.map(plain_text).unwrap_or_default();
    if !is_decimal(&amount) {
        return Err(format!("{metric} is {amount:?}, which is no number"));
    }
    Ok((amount, got.unit.as_ref().map_or("", |unit| &unit.0)))
}

fn write_metrics(out: &mut Vec<u8>, amounts: &[(&String, Amount<'_>)]) {
    for (at, (metric, (amount, unit))) in amounts.iter().enumerate() {
        out.push(if at == 0 { b'{' } else { b',' });
        json::write_str(out, metric);
        out.extend_from_slice(b":{\"amount\":");
        json::write_str(out, amount);
        out.extend_from_slice(b",\"unit\":");
        json::write_str(out, unit);
        out.push(b'}');
    }
    out.push(b'}');
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
