//! Pages of `GetResourceMonthBill` as rows. What the account is stands once in the answer and goes into every
//! event; the row goes in whole under its own names, old ones and new ones, digits untouched.
//! <https://cloud.baidu.com/doc/Finance/s/Bjxg02xim>

use super::SOURCE;
use super::request::Asked;
use crate::cloud::Told;
use crate::cloud::numbered::Numbered;
use crate::event::{Data, Row};
use crate::http::Answer;
use crate::json::{Members, is_decimal, plain_text};
use crate::refusal::{not_understood, unreadable};
use crate::report::plural;
use crate::sums::Amount;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What every event takes from the answer around its row.
const ACCOUNT_FIELDS: [&str; 5] =
    ["accountId", "loginName", "subAccountId", "subLoginName", "ouName"];

/// The fields in which a row without an id of its own is like no other, whatever it costs. The end of a row is
/// not among them: in a month that is under way it moves with the day.
const KEYS: [&str; 8] = [
    "productType",
    "serviceType",
    "region",
    "instanceId",
    "orderId",
    "orderType",
    "chargeItem",
    "startTime",
];

/// The amounts of money, under the names of 2019 and those of now; `deduct…` are amounts too.
const AMOUNTS: [&str; 18] = [
    "originPrice",
    "catalogPrice",
    "promotionPrice",
    "financePrice",
    "cash",
    "rebate",
    "creditCost",
    "creditRefund",
    "creditRefundDeduct",
    "debt",
    "noPaidPrice",
    "couponPrice",
    "voucherPrice",
    "discountCouponPrice",
    "discountvoucherPrice",
    "cashEquivalentCouponPrice",
    "discountPrice",
    "sysGold",
];

/// One row, and whether the service gave it an id of its own.
pub(super) struct Bill {
    pub(super) row: Row,
    pub(super) has_id: bool,
}

fn is_amount(name: &str) -> bool {
    AMOUNTS.contains(&name) || name.starts_with("deduct")
}

/// The amounts that are numbers: others are masked.
fn amounts(bill: &Members) -> Vec<Amount> {
    let fields = bill.0.iter().filter(|(name, _)| is_amount(name));
    fields
        .map(|(name, value)| (name, plain_text(value)))
        .filter(|(_, digits)| is_decimal(digits))
        .map(|(name, digits)| Amount::new(name.to_string(), "CNY", &digits))
        .collect()
}

/// Whose bill a page is of.
pub(super) fn holder(page: &Answer) -> Result<String> {
    let answer: Members =
        serde_json::from_slice(&page.body).map_err(|error| unreadable(&error, page))?;
    let said = ACCOUNT_FIELDS.iter().filter_map(|name| Some((name, value(&answer, name)?)));
    let said: Vec<String> = said.map(|(name, value)| format!("{name} {value}")).collect();
    Ok(if said.is_empty() { "the answer names no account".to_owned() } else { said.join(", ") })
}

/// Reads pages, several at a time.
pub(super) struct Reader<'a> {
    kind: &'a str,
    /// The account where the answer does not say it.
    account: Option<&'a str>,
    /// Takes note of whose bill it is.
    told: &'a Told,
    /// Fields of amounts that held no number: how often, and one such text.
    masked: Mutex<BTreeMap<String, (u64, String)>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(kind: &'a str, account: Option<&'a str>, told: &'a Told) -> Self {
        Self { kind, account, told, masked: Mutex::default() }
    }

    /// The rows of page `number` of what was asked.
    pub(super) fn read(&self, asked: Asked, number: u32, page: &Answer) -> Result<Numbered<Bill>> {
        let answer: Members =
            serde_json::from_slice(&page.body).map_err(|error| unreadable(&error, page))?;
        check(asked, number, &answer)?;
        let count = answer.text("totalCount");
        let total = count
            .parse()
            .map_err(|_| not_understood(format!("totalCount is {count:?}, which is no count")))?;
        let Some(bills) = answer.get("bills") else {
            return Err(not_understood("it has no bills"));
        };
        let bills: Option<Vec<Members>> = serde_json::from_str(bills.get())
            .map_err(|error| not_understood(format!("bills: {error}")))?;
        let bills = bills.unwrap_or_default();
        // A member of a finance circle has the master account in accountId; the bill is the member's own.
        let account = value(&answer, "subAccountId").or_else(|| value(&answer, "accountId"));
        let account = account.or_else(|| self.account.map(str::to_owned));
        self.told.note(account.as_deref());
        let rows = bills
            .iter()
            .map(|bill| self.bill(asked, &answer, account.as_deref(), bill))
            .collect::<Result<_>>()?;
        Ok(Numbered { rows, total })
    }

    fn bill(
        &self,
        asked: Asked,
        answer: &Members,
        account: Option<&str>,
        bill: &Members,
    ) -> Result<Bill> {
        check_product(asked, bill)?;
        self.note_masked(bill);
        let id = value(bill, "billId");
        let subject = id.clone().unwrap_or_else(|| subject(asked, account, bill));
        let row = Row {
            account: account.map(str::to_owned),
            period: asked.period,
            subject,
            data: self.data(asked, answer, bill),
            amounts: amounts(bill),
        };
        Ok(Bill { row, has_id: id.is_some() })
    }

    /// Where the row and what stands around it have a field of the same name, the row's own value goes first, if
    /// it is one: `accountId` is then the account that the row belongs to. No name comes twice.
    fn data(&self, asked: Asked, answer: &Members, bill: &Members) -> Data {
        // A row is about 1 KB.
        let mut data = Data::with_capacity(1500);
        let of_row = |name: &str| bill.get(name).filter(|own| is_value(&plain_text(own)));
        let put = |data: &mut Data, name: &str, otherwise: &str| match of_row(name) {
            Some(own) => data.raw(name, own),
            None => data.text(name, otherwise),
        };
        let (period, name) = asked.period_field();
        put(&mut data, "vanceSource", SOURCE);
        put(&mut data, "vanceType", self.kind);
        put(&mut data, period, &name);
        for name in ACCOUNT_FIELDS {
            if let Some(value) = of_row(name).or_else(|| answer.get(name)) {
                data.raw(name, value);
            }
        }
        // The API does not name the currency: it bills in yuan.
        put(&mut data, "currency", "CNY");
        for (name, value) in &bill.0 {
            let is_ours = ACCOUNT_FIELDS.contains(&&**name)
                || matches!(
                    &**name,
                    "vanceSource" | "vanceType" | "date" | "billMonth" | "currency"
                );
            if !(is_ours && data.has(name)) {
                data.raw(name, value);
            }
        }
        data
    }

    /// The members of a finance circle do not see all amounts. What is no number passes as it is, and is counted.
    fn note_masked(&self, bill: &Members) {
        for (name, value) in &bill.0 {
            if !is_amount(name) || value.get() == "null" || is_decimal(value.get()) {
                continue;
            }
            let text = plain_text(value);
            if !is_decimal(&text) {
                let mut masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
                masked.entry(name.to_string()).or_insert((0, text.into_owned())).0 += 1;
            }
        }
    }

    /// What to say of the amounts that held no number, if there were any.
    pub(super) fn masked(&self) -> Option<String> {
        let masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, example) = masked.values().next()?;
        let count = masked.values().map(|(count, _)| count).sum();
        let fields: Vec<String> =
            masked.iter().map(|(name, (count, _))| format!("{name} {count}")).collect();
        Some(format!(
            "{} held no number, such as {:?}, and went on as sent ({}): \
             the members of a finance circle do not see all amounts",
            plural(count, "amount"),
            crate::http::excerpt(example, 20),
            fields.join(", ")
        ))
    }
}

/// Fails if the answer names another month, day or page than was asked for: it would pass for the right one, and
/// its rows would count twice. What an answer does not name, or names in another form, is left alone.
fn check(asked: Asked, number: u32, answer: &Members) -> Result<()> {
    let (period, due) = asked.period_field();
    let names: &[&str] = if period == "date" { &["beginTime", "endTime"] } else { &["billMonth"] };
    let same_form =
        |text: &str| text.len() == due.len() && text.starts_with(|c: char| c.is_ascii_digit());
    for name in names {
        let got = answer.text(name);
        if same_form(&got) && got != due {
            return Err(not_understood(format!("{name} is {got} where {due} was asked for")));
        }
    }
    match answer.text("pageNo").parse::<u32>() {
        Ok(got) if got != number => {
            Err(not_understood(format!("it is page {got} of another request")))
        }
        _ => Ok(()),
    }
}

/// Fails if a row is of the other way of paying, which is asked for by itself.
fn check_product(asked: Asked, bill: &Members) -> Result<()> {
    let got = bill.text("productType").to_ascii_lowercase();
    let other = matches!(got.as_str(), "prepay" | "postpay") && got != asked.product();
    if other {
        let due = asked.product();
        return Err(not_understood(format!("a row is {got} where {due} was asked for")));
    }
    Ok(())
}

/// The text under `name`, if it is one: `/` is how the service says that there is none.
fn value(members: &Members, name: &str) -> Option<String> {
    Some(members.text(name)).filter(|text| is_value(text))
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && text != "/"
}

/// The business key of a row that has no id: whose it is, when, and what. An account that differs from the bill's
/// stands behind it, before the period, which no account looks like.
fn subject(asked: Asked, account: Option<&str>, bill: &Members) -> String {
    let own = value(bill, "accountId").filter(|own| Some(own.as_str()) != account);
    let period = asked.period_field().1;
    let keys = KEYS.map(|name| value(bill, name).unwrap_or_default());
    let front = account.into_iter().chain(own.as_deref()).chain([period.as_str()]);
    super::super::subject(front.chain(keys.iter().map(String::as_str)))
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
