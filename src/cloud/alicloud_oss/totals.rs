//! What the amounts of a bill file sum up to, for the journal. Which columns are amounts shows in their names alone:
//! there are several headers, and each has grown over the years.

use super::plan::Plan;
use crate::sums::{Sum, Sums};
use std::mem::take;

/// Columns that say the currency, the surest first; in V2 they stand behind the name of a group.
const CURRENCIES: [&str; 4] = ["币种", "Currency", "BillingCurrency", "定价币种"];
/// Amounts whose names do not say that they are.
const OTHERS: [&str; 7] = [
    "原价",
    "官网价",
    "现金支付",
    "优惠券抵扣",
    "代金券抵扣",
    "信用额度退款抵扣",
    "Invoice Discount",
];

/// The columns that are summed up.
#[derive(Debug, Default)]
pub(super) struct Amounts {
    /// Their places and names.
    columns: Vec<(usize, String)>,
    currency: Option<usize>,
}

impl Amounts {
    pub(super) fn of(columns: &[String]) -> Self {
        let short = |column: &str| column.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = columns.iter().map(|column| short(column)).collect();
        let currency =
            CURRENCIES.iter().find_map(|name| names.iter().position(|column| column == name));
        let amounts = names.iter().enumerate().filter(|(_, name)| is_amount(name));
        let columns = amounts.map(|(at, _)| (at, columns[at].clone())).collect();
        Self { columns, currency }
    }
}

fn is_amount(name: &str) -> bool {
    name.contains("金额")
        || ["总价", "Amount", "Cost"].iter().any(|end| name.ends_with(end))
        || name.starts_with("Deducted By")
        || OTHERS.contains(&name)
}

/// The sums of one batch so far.
#[derive(Debug, Default)]
pub(super) struct Totals {
    currency: Vec<u8>,
    /// Of the rows since the currency was another one.
    run: Vec<Sum>,
    sums: Sums,
}

impl Totals {
    /// Adds a row whose cells stand at `places` in `out`.
    pub(super) fn add(&mut self, plan: &Plan, out: &[u8], places: &[(usize, usize)]) {
        let Some(Amounts { columns, currency }) = &plan.amounts else { return };
        let cell = |column: usize| {
            let (at, length) = places[column];
            &out[at..at + length]
        };
        let currency = currency.map_or(&[][..], cell);
        if currency != self.currency {
            self.settle(plan);
            self.currency = currency.to_vec();
        }
        self.run.resize_with(columns.len(), Sum::default);
        for ((column, _), sum) in columns.iter().zip(&mut self.run) {
            let digits = std::str::from_utf8(cell(*column)).unwrap_or("?");
            if sum.add(digits).is_err() {
                // What is no number passes as it is; a sum without it would be a wrong one.
                sum.spoil();
            }
        }
    }

    fn settle(&mut self, plan: &Plan) {
        let currency = String::from_utf8_lossy(&self.currency);
        let columns = plan.amounts.iter().flat_map(|amounts| &amounts.columns);
        for ((_, name), sum) in columns.zip(take(&mut self.run)) {
            self.sums.of(name, &currency).merge(sum);
        }
    }

    /// All sums, and starts anew.
    pub(super) fn take(&mut self, plan: &Plan) -> Sums {
        self.settle(plan);
        take(&mut self.sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_known_by_their_names() {
        let columns = [
            "账期",
            "单价",
            "原价",
            "优惠金额",
            "储值卡支付金额",
            "抵扣前用量",
            "应付信息/应付金额（含税）",
            "定价信息/定价币种",
            "币种",
            "Pretax Gross Amount",
            "Cost Center",
            "Deducted By Coupons",
            "优惠券抵扣信息/优惠券抵扣详情",
            "节省计划抵扣目录总价",
            "Currency",
        ];
        let columns = columns.map(str::to_owned);
        let amounts = Amounts::of(&columns);
        let found: Vec<usize> = amounts.columns.iter().map(|(at, _)| *at).collect();
        assert_eq!(found, [2, 3, 4, 6, 9, 11, 13]);
        assert_eq!(amounts.currency, Some(8));
        assert_eq!(amounts.columns[3].1, "应付信息/应付金额（含税）");
        assert_eq!(Amounts::of(&columns[..8]).currency, Some(7));
    }
}
