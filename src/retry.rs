//! How long to wait before trying again: exponential backoff with full jitter, and what `Retry-After` says.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// The longest pause of our own between two tries.
const CAP: Duration = Duration::from_secs(20);
/// The longest pause that a server may ask for; past it the run fails and the scheduler decides.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// Further tries of one request, and the pauses between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// Tries after the first.
    pub(crate) retries: u32,
    /// The upper bound of the first pause; it doubles with every further try.
    pub(crate) first: Duration,
}

impl Backoff {
    /// The pause before try `number` (1 is the first retry), or `None` when the tries are spent. Full jitter:
    /// anything from nothing to the bound, so that clients which failed together do not return together.
    pub(crate) fn pause(&self, number: u32) -> Option<Duration> {
        if number > self.retries {
            return None;
        }
        let bound = self.first.saturating_mul(1 << number.saturating_sub(1).min(16)).min(CAP);
        Some(bound.mul_f64(random_fraction()))
    }
}

fn random_fraction() -> f64 {
    // Without randomness the pause is the whole bound, which is merely slower.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(random) / f64::from(u32::MAX)
}

/// What `Retry-After` (RFC 9110, 10.2.3) asks for: seconds, or an HTTP date.
pub(crate) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?;
    Some((until - now).to_std().unwrap_or_default())
}

/// An HTTP date, such as `Tue, 14 Jun 2022 07:05:55 GMT`.
pub(crate) fn http_date(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(&value.trim().replace("GMT", "+0000"))
        .ok()
        .map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_bounds_and_end() {
        let backoff = Backoff { retries: 5, first: Duration::from_secs(1) };
        for (number, bound) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)] {
            for _ in 0..50 {
                assert!(backoff.pause(number).unwrap() <= Duration::from_secs(bound));
            }
        }
        assert_eq!(backoff.pause(6), None);
        let many = Backoff { retries: 100, first: Duration::from_secs(1) };
        assert!(many.pause(99).unwrap() <= CAP);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = http_date("Tue, 14 Jun 2022 07:05:55 GMT").unwrap();
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Tue, 14 Jun 2022 07:06:05 GMT", Some(10)),
            ("Tue, 14 Jun 2022 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
