//! The closing line: what was pulled, what was acknowledged, what it cost.

use super::{About, Grade, Report, dollars, plural};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

impl Report {
    pub(super) fn closing_line(&self, about: &About) -> String {
        let get = |count: &AtomicU64| count.load(Relaxed);
        let counts = &self.counts;
        let mut parts = match about.findings {
            None => vec![format!("{} delivered", plural(get(&counts.delivered), "event"))],
            Some(findings) => {
                let grades = Grade::ALL.into_iter().zip(findings);
                grades.map(|(grade, count)| format!("{count} {}", grade.name())).collect()
            }
        };
        for (count, what) in [
            (&counts.changed, "changed"),
            (&counts.unchanged, "unchanged"),
            (&counts.retracted, "retracted"),
        ] {
            if get(count) > 0 {
                parts.push(format!("{} {what}", get(count)));
            }
        }
        let cost = match about.cents_per_request {
            Some(cents) => format!(" (${})", dollars(cents * get(&counts.answers))),
            None => String::new(),
        };
        parts.push(format!("{}{cost}", plural(get(&counts.requests), "request")));
        let retries = get(&counts.retries);
        parts.push(if retries == 1 { "1 retry".into() } else { format!("{retries} retries") });
        parts.push(format!("{:.1} s", self.started.elapsed().as_secs_f64()));
        // A run may fail before it knows its window.
        let window = about.window.as_ref().map(|window| format!(" {window}")).unwrap_or_default();
        format!("{}{window}: {}", about.cloud, parts.join(", "))
    }

    pub(super) fn closing_object(&self, about: &About, exit: u8) -> String {
        #[derive(Serialize)]
        struct Closing<'a> {
            cloud: &'a str,
            window: Option<&'a str>,
            rows: u64,
            delivered: u64,
            unchanged: u64,
            changed: u64,
            retracted: u64,
            requests: u64,
            cost_usd: Option<Box<RawValue>>,
            retries: u64,
            seconds: Option<Box<RawValue>>,
            exit: u8,
        }
        let raw = |text: String| RawValue::from_string(text).ok();
        let get = |count: &AtomicU64| count.load(Relaxed);
        let counts = &self.counts;
        let cents = about.cents_per_request.unwrap_or(0) * get(&counts.answers);
        let closing = Closing {
            cloud: &about.cloud,
            window: about.window.as_deref(),
            rows: get(&counts.rows),
            delivered: get(&counts.delivered),
            unchanged: get(&counts.unchanged),
            changed: get(&counts.changed),
            retracted: get(&counts.retracted),
            requests: get(&counts.requests),
            cost_usd: raw(dollars(cents)),
            retries: get(&counts.retries),
            seconds: raw(format!("{:.3}", self.started.elapsed().as_secs_f64())),
            exit,
        };
        serde_json::to_string(&closing).unwrap_or_default()
    }
}
