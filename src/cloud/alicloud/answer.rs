//! Pages of QueryAccountBill as rows. An item is passed on whole: known fields or not, amounts with the very
//! digits that came. What is asked and what is answered are compared, so that no row lands on a wrong day.

use super::SOURCE;
use super::request::Query;
use crate::cloud::Told;
use crate::cloud::numbered::Numbered;
use crate::event::{Data, Row};
use crate::json::{Members, is_decimal, plain_text};
use crate::refusal::not_understood;
use crate::sums::Amount;
use crate::window::Granularity;
use anyhow::Result;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The fields that are amounts; the API sends them as JSON numbers.
const AMOUNTS: [&str; 10] = [
    "AdjustAmount",
    "CashAmount",
    "DeductedByCashCoupons",
    "DeductedByCoupons",
    "DeductedByPrepaidCard",
    "InvoiceDiscount",
    "OutstandingAmount",
    "PaymentAmount",
    "PretaxAmount",
    "PretaxGrossAmount",
];

/// What tells one row of a period and an account from another. The API does not say that it is unique.
const KEY: [&str; 7] =
    ["PipCode", "ProductCode", "SubscriptionType", "OwnerID", "BizType", "CostUnit", "Currency"];

/// An answer with status 200. Its `Code` says little: a sibling call answers "200" where this one says "Success".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Body<'a> {
    /// Whether it is an answer at all.
    #[serde(default)]
    pub(super) success: bool,
    pub(super) request_id: Option<String>,
    #[serde(borrow)]
    data: Option<Bill<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bill<'a> {
    #[serde(rename = "AccountID", borrow)]
    account_id: Option<&'a RawValue>,
    billing_cycle: Option<String>,
    #[serde(rename = "PageNum")]
    number: Option<u32>,
    total_count: Option<u64>,
    #[serde(borrow)]
    items: Option<Items<'a>>,
}

/// A day without rows has no items, or items without an item.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Items<'a> {
    #[serde(borrow)]
    item: Option<Vec<Members<'a>>>,
}

/// Reads the answers for one day or month.
pub(super) struct Reader<'a> {
    pub(super) query: &'a Query,
    pub(super) kind: &'a str,
    pub(super) start: NaiveDate,
    /// `--account`, for a bill that does not say whose it is.
    pub(super) account: Option<&'a str>,
    /// Takes note of whose bill it is.
    pub(super) told: &'a Told,
}

impl Reader<'_> {
    /// The rows of page `number`.
    pub(super) fn rows(&self, body: Body<'_>, number: u32) -> Result<Numbered<Row>> {
        let Some(page) = body.data else { return Err(not_understood("it has no Data")) };
        let Some(total) = page.total_count else {
            return Err(not_understood("it has no TotalCount"));
        };
        if let Some(other) = page.number.filter(|other| *other != number) {
            return Err(not_understood(format!("it is page {other}, not {number}")));
        }
        let cycle = self.start.format("%Y-%m").to_string();
        if let Some(other) = page.billing_cycle.filter(|other| *other != cycle) {
            return Err(not_understood(format!("it is the bill of {other:?}, not of {cycle}")));
        }
        let account = page.account_id.map(plain_text).filter(|id| !id.is_empty());
        let account = account.as_deref().or(self.account);
        self.told.note(account);
        let period = self.query.period(self.start);
        let items = page.items.and_then(|items| items.item).unwrap_or_default();
        let rows = items.iter().map(|item| {
            self.row(item, &period, account).map_err(|what| {
                let product = item.text("ProductCode");
                not_understood(format!("{period}, product {product:?}: {what}"))
            })
        });
        Ok(Numbered { rows: rows.collect::<Result<_>>()?, total })
    }

    fn row(&self, item: &Members<'_>, period: &str, account: Option<&str>) -> Result<Row, String> {
        self.check_date(&item.get("BillingDate").map(plain_text).unwrap_or_default(), period)?;
        // A row is about 0.7 KB.
        let mut data = Data::with_capacity(720);
        data.text("VanceSource", SOURCE);
        data.text("VanceType", self.kind);
        for (name, value) in &item.0 {
            if !is_amount(value) && AMOUNTS.contains(&&**name) {
                return Err(format!("{name} is {}, which is no number", value.get()));
            }
            match &**name {
                // As the connector's document has it.
                "OwnerID" if item.get("OwnerId").is_none() => data.raw("OwnerId", value),
                "VanceSource" | "VanceType" => return Err(format!("it has a field {name}")),
                _ => data.raw(name, value),
            }
        }
        let text = |name| item.get(name).map(plain_text).unwrap_or_default();
        let own = text("BillAccountID");
        let account = Some(&*own).filter(|own| !own.is_empty()).or(account);
        let key = KEY.map(text);
        let parts = account.into_iter().chain([period]).chain(key.iter().map(|part| &**part));
        let subject = crate::cloud::subject(parts);
        let currency = known_currency(&text("Currency"));
        let amounts = AMOUNTS.iter().filter_map(|&metric| {
            Some(Amount::new(metric, currency.clone(), &plain_text(item.get(metric)?)))
        });
        let (account, amounts) = (account.map(str::to_owned), amounts.collect());
        Ok(Row { account, period: self.start, subject, data, amounts })
    }

    /// By day the field is the day that was asked for, by month it may name the month; it may be absent.
    fn check_date(&self, date: &str, period: &str) -> Result<(), String> {
        let fits = match self.query.granularity {
            Granularity::Daily => date == period,
            Granularity::Monthly => date.starts_with(period),
        };
        if fits || date.is_empty() {
            return Ok(());
        }
        Err(format!("BillingDate is {date:?}, but {period} was asked for"))
    }
}

/// The currencies that the API documents need no copy for each amount of each row.
fn known_currency(text: &str) -> Cow<'static, str> {
    let known = ["CNY", "USD", "JPY"].into_iter().find(|known| *known == text);
    known.map_or_else(|| text.to_owned().into(), Cow::Borrowed)
}

/// A number, one in a string, or none.
fn is_amount(value: &RawValue) -> bool {
    match value.get().as_bytes() {
        [b'-' | b'0'..=b'9', ..] | b"null" => true,
        [b'"', ..] => is_decimal(&plain_text(value)),
        _ => false,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
