//! The parameters of QueryAccountBill.

use crate::window::{Granularity, Window};
use chrono::NaiveDate;

pub(super) const ACTION: &str = "QueryAccountBill";
pub(crate) const VERSION: &str = "2017-12-14";
/// The most that the API gives; its default is 20.
const PAGE_SIZE: &str = "300";

/// What one row is the sum of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// One product of one account
    #[default]
    Product,
    /// One account
    Owner,
}

/// What is asked, but for days and pages.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) granularity: Granularity,
    pub(super) group: Group,
    pub(super) product_code: Option<String>,
    pub(super) bill_owner_id: Option<u64>,
}

impl Query {
    /// The parameters for one page of one day, or of one month by its first day.
    pub(super) fn params(&self, period: NaiveDate, page: u32) -> Vec<(String, String)> {
        let by_product = self.group == Group::Product;
        let daily = self.granularity == Granularity::Daily;
        let pairs = [
            // A day outside of the cycle would be answered by the cycle, so one is made from the other.
            ("BillingCycle", Some(period.format("%Y-%m").to_string())),
            ("BillingDate", daily.then(|| period.to_string())),
            ("Granularity", Some(self.granularity.name().to_ascii_uppercase())),
            ("IsGroupByProduct", Some(by_product.to_string())),
            ("ProductCode", self.product_code.clone()),
            ("BillOwnerId", self.bill_owner_id.map(|id| id.to_string())),
            ("PageNum", Some(page.to_string())),
            ("PageSize", Some(PAGE_SIZE.to_owned())),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The day or month as the API and people write it.
    pub(super) fn period(&self, start: NaiveDate) -> String {
        let granularity = self.granularity;
        Window { start, end: start, granularity }.to_string()
    }

    /// Empty for the plain bill.
    pub(super) fn scope(&self) -> String {
        let group = (self.group == Group::Owner).then(|| "group-by=owner".to_owned());
        let product = self.product_code.as_ref().map(|code| format!("product-code={code}"));
        let owner = self.bill_owner_id.map(|id| format!("bill-owner-id={id}"));
        [group, product, owner].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(query: &Query, page: u32) -> String {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let params = query.params(day, page);
        params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn a_day_is_asked_for_with_its_cycle() {
        let mut query = Query {
            granularity: Granularity::Daily,
            group: Group::Product,
            product_code: None,
            bill_owner_id: None,
        };
        assert_eq!(
            text(&query, 1),
            "BillingCycle=2026-03&BillingDate=2026-03-01&Granularity=DAILY&IsGroupByProduct=true&PageNum=1&PageSize=300"
        );
        assert_eq!(query.scope(), "");
        query = Query {
            granularity: Granularity::Monthly,
            group: Group::Owner,
            product_code: Some("ecs".into()),
            bill_owner_id: Some(122),
        };
        assert_eq!(
            text(&query, 12),
            "BillingCycle=2026-03&Granularity=MONTHLY&IsGroupByProduct=false&ProductCode=ecs&BillOwnerId=122&PageNum=12&PageSize=300"
        );
        assert_eq!(query.scope(), "group-by=owner product-code=ecs bill-owner-id=122");
    }
}
