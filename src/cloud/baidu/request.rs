//! What is asked of `GetResourceMonthBill`: a series of pages for every day or month, and in it for either way of
//! paying, which the API wants named.

use super::PATH;
use crate::sign::bce;
use crate::window::{Granularity, Window};
use chrono::NaiveDate;
use std::fmt;

/// The most that the service gives in one page.
const PAGE_SIZE: &str = "100";

/// The fields of `data` that name the period: a day or a month.
pub(crate) const PERIOD_FIELDS: [&str; 2] = ["date", "billMonth"];

/// How something is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProductType {
    /// Before it is used
    Prepay,
    /// As it was used
    Postpay,
}

impl ProductType {
    const fn name(self) -> &'static str {
        match self {
            Self::Prepay => "prepay",
            Self::Postpay => "postpay",
        }
    }
}

/// One series of pages, which has a total of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The day, or the first day of the month.
    pub(super) period: NaiveDate,
    granularity: Granularity,
    product: ProductType,
}

impl Asked {
    /// The field of `data` that names the period, and its value.
    pub(super) fn period_field(self) -> (&'static str, String) {
        let [day, month] = PERIOD_FIELDS;
        match self.granularity {
            Granularity::Daily => (day, self.period.to_string()),
            Granularity::Monthly => (month, self.month()),
        }
    }

    /// `2026-03`
    pub(super) fn month(self) -> String {
        self.period.format("%Y-%m").to_string()
    }

    /// `prepay`
    pub(super) fn product(self) -> &'static str {
        self.product.name()
    }
}

impl fmt::Display for Asked {
    /// `2026-03-01 prepay`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.period_field().1, self.product())
    }
}

/// What is asked, but for the days.
#[derive(Clone, Debug)]
pub(super) struct Query {
    granularity: Granularity,
    product: Option<ProductType>,
    service_type: Option<String>,
    account: Option<String>,
}

impl Query {
    pub(super) fn new(
        granularity: Granularity,
        product: Option<ProductType>,
        service_type: Option<&str>,
        account: Option<&str>,
    ) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self { granularity, product, service_type: owned(service_type), account: owned(account) }
    }

    /// Every series of the window, in bill order.
    pub(super) fn series(&self, window: &Window) -> Vec<Asked> {
        let both = [ProductType::Prepay, ProductType::Postpay];
        let products = || both.into_iter().filter(|one| self.product.is_none_or(|p| p == *one));
        let granularity = self.granularity;
        let asked = |period| products().map(move |product| Asked { period, granularity, product });
        window.periods().into_iter().flat_map(asked).collect()
    }

    /// The query of one page.
    pub(super) fn pairs(&self, asked: Asked, page: u32) -> Vec<(String, String)> {
        let days = match self.granularity {
            // Without both ends the API sums a month up; given both, it takes them for the range.
            Granularity::Daily => {
                let day = asked.period.to_string();
                vec![("beginTime", day.clone()), ("endTime", day)]
            }
            Granularity::Monthly => vec![("month", asked.month())],
        };
        let pairs = days.into_iter().chain([
            ("productType", asked.product().to_owned()),
            ("pageNo", page.to_string()),
            ("pageSize", PAGE_SIZE.to_owned()),
        ]);
        let filters = [("serviceType", &self.service_type), ("queryAccountId", &self.account)];
        let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        pairs.chain(filters).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Path and query of one page.
    pub(super) fn target(&self, asked: Asked, page: u32) -> String {
        format!("{PATH}?{}", bce::query_string(&self.pairs(asked, page)))
    }

    /// Empty for the plain bill.
    pub(super) fn scope(&self) -> String {
        let filters = [
            ("product-type", self.product.map(ProductType::name)),
            ("service-type", self.service_type.as_deref()),
            ("query-account-id", self.account.as_deref()),
        ];
        let filters =
            filters.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?)));
        filters.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: &str, end: &str, granularity: Granularity) -> Window {
        Window { start: start.parse().unwrap(), end: end.parse().unwrap(), granularity }
    }

    #[test]
    fn a_series_for_every_day_and_way_of_paying() {
        let query = Query::new(Granularity::Daily, None, None, None);
        let series = query.series(&window("2024-02-29", "2024-03-01", Granularity::Daily));
        let names: Vec<String> = series.iter().map(Asked::to_string).collect();
        let days =
            ["2024-02-29 prepay", "2024-02-29 postpay", "2024-03-01 prepay", "2024-03-01 postpay"];
        assert_eq!(names, days);
        assert_eq!(
            query.target(series[1], 3),
            "/v1/bill/resource/month?beginTime=2024-02-29&endTime=2024-02-29&pageNo=3&pageSize=100&productType=postpay"
        );
    }

    #[test]
    fn a_month_is_the_documents_own_call() {
        let query =
            Query::new(Granularity::Monthly, Some(ProductType::Postpay), Some("B C"), Some("a1b2"));
        let series = query.series(&window("2024-02-01", "2024-03-31", Granularity::Monthly));
        let names: Vec<String> = series.iter().map(Asked::to_string).collect();
        assert_eq!(names, ["2024-02 postpay", "2024-03 postpay"]);
        assert_eq!(
            query.target(series[0], 1),
            "/v1/bill/resource/month?month=2024-02&pageNo=1&pageSize=100&productType=postpay&queryAccountId=a1b2&serviceType=B%20C"
        );
    }

    #[test]
    fn a_scope_names_what_narrows_the_bill() {
        let scope = |product, service, account| {
            Query::new(Granularity::Daily, product, service, account).scope()
        };
        assert_eq!(scope(None, None, None), "");
        assert_eq!(
            scope(Some(ProductType::Prepay), Some("BCC"), Some("a1")),
            "product-type=prepay service-type=BCC query-account-id=a1"
        );
    }
}
