//! The three calls. Two of them change something: after one whose end is not known the list of subscriptions is
//! read first, and says whether it is to be made again.

use super::errors;
use crate::api::{Api, Session, Verdict};
use crate::credentials::Keys;
use crate::credentials::alicloud::gateway::Gateway;
use crate::exit::{Failure, fail, kind_of};
use crate::http::Answer;
use crate::json::plain_text;
use crate::refusal::{not_understood, unreadable};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// How the service is called in messages.
const SERVICE: &str = "Alibaba Cloud billing";
const LIST: &str = "QueryBillToOSSSubscription";

/// A call that changes something.
pub(super) struct Change {
    /// `SubscribeBillToOSS` or `UnsubscribeBillToOSS`.
    pub(super) action: &'static str,
    pub(super) params: Vec<(String, String)>,
}

/// How a change came about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The service said so.
    Answered,
    /// The answer got lost; the list of subscriptions shows it.
    Seen,
}

/// One subscription as the service lists it.
pub(crate) struct Subscription {
    /// The item as it came.
    pub(super) raw: Box<RawValue>,
    pub(super) members: HashMap<String, Box<RawValue>>,
}

impl Subscription {
    /// The trimmed text of a member; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.members.get(name).map(|value| plain_text(value)).unwrap_or_default().into_owned()
    }
}

/// The service as this command calls it.
pub(super) struct Service {
    reads: Api,
    changes: Api,
    gateway: Gateway,
    keys: Keys,
}

impl Service {
    pub(super) fn new(session: &Session, gateway: Gateway, keys: Keys) -> Self {
        let (reads, changes) = (Api::new(session, SERVICE), Api::new(session, SERVICE).cautious());
        Self { reads, changes, gateway, keys }
    }

    /// Every subscription of the account.
    pub(super) fn list(&self) -> Result<Vec<Subscription>> {
        let make = || self.gateway.call(LIST, &[], &self.keys);
        let judge = |answer: &Answer| match self.refusal(answer, LIST) {
            None => Verdict::Good,
            Some((verdict, _)) => verdict,
        };
        let answer = self.reads.call(LIST, make, judge)?;
        let list = read(&answer.body).map_err(|error| unreadable(&error, &answer));
        let list = list.and_then(|list| list.ok_or_else(|| not_understood("it has no Data")));
        list.with_context(|| {
            let host = crate::http::host_and_port(&self.gateway.endpoint);
            format!("{SERVICE}: POST {host} {LIST}")
        })
    }

    /// Makes a change. `is_done` tells from the list whether it has been made.
    pub(super) fn change(
        &self,
        change: &Change,
        is_done: impl Fn(&[Subscription]) -> bool,
    ) -> Result<Done> {
        let Err(first) = self.attempt(change) else { return Ok(Done::Answered) };
        if kind_of(&first) != Failure::Unavailable {
            return Err(first);
        }
        let report = &self.reads.session().report;
        report.warn(&format!("{first:#}: looking whether it was done all the same"));
        let look =
            || self.list().context("whether it was done could not be seen: look with --list");
        if is_done(&look()?) {
            return Ok(Done::Seen);
        }
        report.warn("it was not done: trying once more");
        let Err(second) = self.attempt(change) else { return Ok(Done::Answered) };
        // The first one may have been carried out late.
        if is_done(&look()?) { Ok(Done::Seen) } else { Err(second) }
    }

    /// One call, which is only sent again if the service has refused it before acting on it.
    fn attempt(&self, change: &Change) -> Result<()> {
        let Change { action, params } = change;
        let make = || self.gateway.call(action, params, &self.keys);
        let judge = |answer: &Answer| match self.refusal(answer, action) {
            None => Verdict::Good,
            // Whether a service that broke has acted, nobody knows.
            Some((Verdict::Again(said, _), code)) if !is_refused_before(&code) => {
                Verdict::Fatal(fail(Failure::Unavailable, said))
            }
            Some((verdict, _)) => verdict,
        };
        self.changes.call(action, make, judge).map(|_| ())
    }

    /// What an answer means that is no success, and its code.
    fn refusal(&self, answer: &Answer, action: &str) -> Option<(Verdict, String)> {
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "PascalCase", default)]
        struct Head {
            success: bool,
            code: String,
        }
        let head: serde_json::Result<Head> = serde_json::from_slice(&answer.body);
        if let (200, Err(_)) = (answer.status, &head) {
            // The call may have been carried out all the same.
            let what = format!("the answer cannot be read, it starts {:?}", answer.excerpt(80));
            return Some((Verdict::Again(what, None), String::new()));
        }
        let head = head.unwrap_or_default();
        if answer.status == 200 && head.success {
            return None;
        }
        let verdict = errors::refusal(answer, &self.keys, &self.gateway.endpoint, action);
        Some((verdict, head.code))
    }
}

/// Codes of a gateway that has not passed the call on.
fn is_refused_before(code: &str) -> bool {
    code == "Throttling" || code.starts_with("Throttling.") || code == "SignatureNonceUsed"
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data<'a> {
    #[serde(borrow)]
    items: Option<&'a RawValue>,
}

/// The subscriptions in an answer. The document draws `Items` as a list and as an object with one.
fn read(body: &[u8]) -> serde_json::Result<Option<Vec<Subscription>>> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "PascalCase", default)]
    struct Nested {
        item: Option<Vec<Box<RawValue>>>,
    }
    let body: Body<'_> = serde_json::from_slice(body)?;
    let Some(data) = body.data else { return Ok(None) };
    let items = match data.items.map(RawValue::get) {
        None => Vec::new(),
        Some(list) if list.starts_with('[') => serde_json::from_str(list)?,
        Some(object) => serde_json::from_str::<Nested>(object)?.item.unwrap_or_default(),
    };
    let item = |raw: Box<RawValue>| -> serde_json::Result<_> {
        Ok(Subscription { members: serde_json::from_str(raw.get())?, raw })
    };
    items.into_iter().map(item).collect::<serde_json::Result<_>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_come_in_two_shapes_or_none() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/vectors/alicloud-responses.json"))
                .unwrap();
        let whole = vectors["query_bill_to_oss_subscription"].to_string();
        let list = read(whole.as_bytes()).unwrap().unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].text("SubscribeBucket"), "billing-bucket");
        assert_eq!(list[0].text("RowLimitPerFile"), "300000");

        let count = |data: &str| {
            read(format!("{{\"Data\":{data}}}").as_bytes()).unwrap().map(|list| list.len())
        };
        for (data, items) in [
            (r#"{"Items":[{"SubscribeType":"a"},{"SubscribeType":"b"}]}"#, Some(2)),
            (r#"{"Items":{"Item":[{"SubscribeType":"a"}]}}"#, Some(1)),
            (r#"{"Items":{}}"#, Some(0)),
            (r#"{"Items":{"Item":null}}"#, Some(0)),
            (r#"{"Items":null}"#, Some(0)),
            ("{}", Some(0)),
            ("null", None),
        ] {
            assert_eq!(count(data), items, "{data}");
        }
        assert!(read(b"{\"Data\":{\"Items\":\"none\"}}").is_err());
    }
}
