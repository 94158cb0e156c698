//! Exact sums of amounts, per metric and currency: no float, no digit lost.
//!
//! Nearly every amount of a bill fits a whole number of billionths of a thousandth, so those are added as one
//! integer; what does not fit goes to a decimal of any length.

use crate::exit::{Failure, fail};
use crate::json::is_decimal;
use anyhow::Result;
use bigdecimal::BigDecimal;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// One amount of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// What it measures, by the name that the row has for it: `UnblendedCost`, `PretaxAmount`.
    metric: Cow<'static, str>,
    /// Its currency or unit; empty where the bill does not say.
    currency: Cow<'static, str>,
    value: Value,
}

/// A number, as it is added.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// In units of 10^-[`Sum::SCALE`].
    Near(i128),
    /// The text of whatever does not fit that; empty text is no amount.
    Far(String),
}

impl Value {
    fn of(digits: &str) -> Self {
        units(digits).map_or_else(|| Self::Far(digits.to_owned()), Self::Near)
    }
}

impl Amount {
    /// `digits` are those that the service sent: a decimal number as JSON writes it, or none.
    pub(crate) fn new(
        metric: impl Into<Cow<'static, str>>,
        currency: impl Into<Cow<'static, str>>,
        digits: &str,
    ) -> Self {
        Self { metric: metric.into(), currency: currency.into(), value: Value::of(digits) }
    }
}

/// Sums by metric and currency.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums(Vec<(String, String, Sum)>);

impl Sums {
    /// Adds one amount; an empty one is none.
    pub(crate) fn add(&mut self, amount: &Amount) -> Result<()> {
        let Amount { metric, currency, value } = amount;
        let added = self.of(metric, currency).add_value(value);
        added.map_err(|why| fail(Failure::Refused, format!("{metric}: {why}")))
    }

    /// The sum of this metric in this currency. There are few of them, and rows repeat them in their order.
    pub(crate) fn of(&mut self, metric: &str, currency: &str) -> &mut Sum {
        let at = self.0.iter().position(|(m, c, _)| m == metric && c == currency);
        let at = at.unwrap_or_else(|| {
            self.0.push((metric.to_owned(), currency.to_owned(), Sum::default()));
            self.0.len() - 1
        });
        &mut self.0[at].2
    }

    /// Adds what another part of the same bill sums up to.
    pub(crate) fn merge(&mut self, other: Self) {
        for (metric, currency, sum) in other.0 {
            self.of(&metric, &currency).merge(sum);
        }
    }

    /// By metric, then by currency, each sum in plain digits.
    pub(crate) fn by_metric(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut by_metric: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (metric, currency, sum) in self.0.iter().filter(|(.., sum)| !sum.is_spoilt) {
            by_metric.entry(metric.clone()).or_default().insert(currency.clone(), sum.digits());
        }
        by_metric
    }
}

/// One sum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    /// In units of 10^-[`Sum::SCALE`].
    near: i128,
    /// What is too long for that.
    far: BigDecimal,
    is_spoilt: bool,
}

impl Sum {
    const SCALE: usize = 12;

    /// Adds a decimal number as JSON writes it; empty text is none.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        self.add_value(&Value::of(text))
    }

    fn add_value(&mut self, value: &Value) -> Result<(), String> {
        let text = match value {
            Value::Near(units) => {
                self.add_units(*units);
                return Ok(());
            }
            Value::Far(text) if text.is_empty() => return Ok(()),
            Value::Far(text) => text,
        };
        // An exponent of a billion would be a billion digits.
        let exponent = text.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent);
        if !is_decimal(text) || exponent.len() > 4 {
            return Err(format!("{text:?} is no number"));
        }
        let far = BigDecimal::from_str(text).map_err(|error| format!("{text:?}: {error}"))?;
        self.far += far;
        Ok(())
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add_units(other.near);
        self.far += other.far;
        self.is_spoilt |= other.is_spoilt;
    }

    /// There is no such sum: a part of it is no number.
    pub(crate) fn spoil(&mut self) {
        self.is_spoilt = true;
    }

    fn add_units(&mut self, units: i128) {
        match self.near.checked_add(units) {
            Some(near) => self.near = near,
            None => self.far += decimal(units),
        }
    }

    /// The sum without an exponent and without zeros at its end.
    pub(crate) fn digits(&self) -> String {
        (decimal(self.near) + &self.far).normalized().to_plain_string()
    }
}

fn decimal(units: i128) -> BigDecimal {
    BigDecimal::new(units.into(), 12)
}

/// A plain decimal in units of 10^-12, if it is one and short enough.
fn units(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 20 || fraction.len() > Sum::SCALE {
        return None;
    }
    let mut units: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        units = units * 10 + i128::from(byte - b'0');
    }
    for _ in fraction.len()..Sum::SCALE {
        units *= 10;
    }
    Some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(amounts: &[&str]) -> String {
        let mut sum = Sum::default();
        for amount in amounts {
            sum.add(amount).unwrap();
        }
        sum.digits()
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(sum(&["0.1", "0.2"]), "0.3");
        assert_eq!(sum(&["0.10", "-0.10", "0"]), "0");
        assert_eq!(sum(&[]), "0");
        assert_eq!(sum(&["1.5E-8", "1", "-2", ""]), "-0.999999985");
        assert_eq!(
            sum(&["12345678901234567890.1234567890", "0.00000000000000000001", "1E+3"]),
            "12345678901234568890.12345678900000000001"
        );
        assert_eq!(sum(&["+3", ".5", "5."]), "8.5");
        assert_eq!(sum(&["100"; 3]), "300");
    }

    #[test]
    fn a_sum_outgrows_its_integer() {
        let most = "9".repeat(20);
        let mut sum = Sum { near: i128::MAX - 1, ..Sum::default() };
        sum.add(&most).unwrap();
        sum.merge(Sum { near: i128::MAX, ..Sum::default() });
        let expected =
            decimal(i128::MAX - 1) + decimal(i128::MAX) + BigDecimal::from_str(&most).unwrap();
        assert_eq!(sum.digits(), expected.normalized().to_plain_string());
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        for bad in ["1,000", "-", "1E999999", "NaN", " 1"] {
            assert!(Sum::default().add(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sums_are_kept_by_metric_and_currency() {
        let mut sums = Sums::default();
        sums.add(&Amount::new("B", "USD", "1.50")).unwrap();
        sums.add(&Amount::new("A", "CNY", "2")).unwrap();
        let mut other = Sums::default();
        other.add(&Amount::new("B", "USD", "0.25")).unwrap();
        other.add(&Amount::new("B", "CNY", "")).unwrap();
        other.add(&Amount::new("C", "CNY", "1")).unwrap();
        other.of("C", "CNY").spoil();
        sums.merge(other);
        let text = serde_json::to_string(&sums.by_metric()).unwrap();
        assert_eq!(text, r#"{"A":{"CNY":"2"},"B":{"CNY":"0","USD":"1.75"}}"#);
    }
}
