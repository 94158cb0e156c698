//! The body of GetCostAndUsage. Its fields keep one order, so that the same pull sends the same bytes.

use super::granularity;
use crate::exit::{Failure, fail};
use crate::window::{Granularity, Window};
use anyhow::Result;
use serde::Serialize;
use serde_json::value::RawValue;
use std::str::FromStr;

pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
pub(super) const TARGET: &str = "AWSInsightsIndexService.GetCostAndUsage";

/// One `GroupBy` of the request. Keys are passed on: the service takes more than its document lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Group {
    r#type: &'static str,
    key: String,
}

impl Group {
    /// The field of `data` that carries this key's value: `service`, `linkedAccount`, `tag:team`.
    pub(super) fn field(&self) -> String {
        match self.r#type {
            "TAG" => format!("tag:{}", self.key),
            "COST_CATEGORY" => format!("costCategory:{}", self.key),
            _ => camel(&self.key),
        }
    }

    /// The value of this key in an answer: a tag or a cost category comes as `key$value`.
    pub(super) fn value<'a>(&self, text: &'a str) -> &'a str {
        if self.r#type == "DIMENSION" {
            return text;
        }
        text.strip_prefix(&self.key).and_then(|rest| rest.strip_prefix('$')).unwrap_or(text)
    }

    /// Whether its values are account ids, which come with names.
    pub(super) fn is_linked_account(&self) -> bool {
        self.r#type == "DIMENSION" && self.key == "LINKED_ACCOUNT"
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, key) = match text.split_once(':') {
            Some(("TAG" | "tag", key)) => ("TAG", key.to_owned()),
            Some(("COST_CATEGORY" | "cost_category", key)) => ("COST_CATEGORY", key.to_owned()),
            Some(("DIMENSION" | "dimension", key)) => ("DIMENSION", key.to_ascii_uppercase()),
            Some((kind, _)) => {
                return Err(format!("{kind:?} is no kind of key: TAG:name or COST_CATEGORY:name"));
            }
            None => ("DIMENSION", text.to_ascii_uppercase()),
        };
        if key.is_empty() {
            return Err("the key is empty: SERVICE, TAG:name or COST_CATEGORY:name".into());
        }
        Ok(Self { r#type: kind, key })
    }
}

/// `LINKED_ACCOUNT` as `linkedAccount`.
fn camel(key: &str) -> String {
    let mut words = key.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_ascii_lowercase();
    for word in words {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(&rest.to_ascii_lowercase());
    }
    name
}

/// What is asked, but for the days.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    granularity: Granularity,
    pub(super) metrics: Vec<String>,
    pub(super) groups: Vec<Group>,
    filter: Option<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    time_period: TimePeriod,
    granularity: &'static str,
    metrics: &'a [String],
    group_by: &'a [Group],
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: String,
    end: String,
}

impl Query {
    pub(super) fn new(
        granularity: Granularity,
        metrics: &[String],
        groups: &[Group],
        filter: Option<&str>,
        exclude: &[String],
    ) -> Result<Self> {
        let refuse = |message: String| Err(fail(Failure::Usage, message));
        if groups.len() > 2 {
            return refuse(format!(
                "--group-by: Cost Explorer groups by two keys at most, not {}",
                groups.len()
            ));
        }
        if groups.len() == 2 && groups[0] == groups[1] {
            return refuse("--group-by: the same key is given twice".into());
        }
        for (at, metric) in metrics.iter().enumerate() {
            if metric.is_empty() || metrics[..at].contains(metric) {
                return refuse(format!("--metric {metric:?} is empty or given twice"));
            }
        }
        Ok(Self {
            granularity,
            metrics: metrics.to_vec(),
            groups: groups.to_vec(),
            filter: expression(filter, exclude)?,
        })
    }

    /// The request's body for one page.
    pub(super) fn body(&self, window: &Window, token: Option<&str>) -> Vec<u8> {
        let body = Body {
            // The end is exclusive. For a month under way it is the first of the next, which the API allows.
            time_period: TimePeriod {
                start: window.start.to_string(),
                end: window.after().to_string(),
            },
            granularity: granularity(self.granularity),
            metrics: &self.metrics,
            group_by: &self.groups,
            filter: self.filter.as_deref(),
            next_page_token: token,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Empty for the plain bill.
    pub(super) fn scope(&self) -> String {
        let plain = self.filter.is_none()
            && self.metrics == ["UnblendedCost"]
            && matches!(&self.groups[..], [group] if group.r#type == "DIMENSION" && group.key == "SERVICE");
        if plain {
            return String::new();
        }
        let groups: Vec<String> =
            self.groups.iter().map(|g| format!("{}:{}", g.r#type, g.key)).collect();
        let filter = self.filter.as_deref().map_or("", RawValue::get);
        format!("metrics={} group-by={} filter={filter}", self.metrics.join(","), groups.join(","))
    }
}

/// `--filter` and `--exclude-record-type` as one expression. The dimension is RECORD_TYPE (the console calls it
/// charge type).
fn expression(filter: Option<&str>, exclude: &[String]) -> Result<Option<Box<RawValue>>> {
    let filter = match filter {
        None => None,
        Some(text) => {
            let value: Box<RawValue> = serde_json::from_str(text)
                .map_err(|error| fail(Failure::Usage, format!("--filter is no JSON: {error}")))?;
            if !value.get().starts_with('{') {
                return Err(fail(
                    Failure::Usage,
                    "--filter is no JSON object: a Cost Explorer expression is one",
                ));
            }
            let mut compact = Vec::new();
            crate::json::write_compact(&mut compact, &value, false);
            Some(String::from_utf8(compact)?)
        }
    };
    let without = (!exclude.is_empty()).then(|| {
        let values = serde_json::to_string(exclude).unwrap_or_default();
        format!(r#"{{"Not":{{"Dimensions":{{"Key":"RECORD_TYPE","Values":{values}}}}}}}"#)
    });
    let text = match (filter, without) {
        (None, None) => return Ok(None),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(filter), Some(without)) => format!(r#"{{"And":[{filter},{without}]}}"#),
    };
    Ok(Some(RawValue::from_string(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn query(groups: &[&str], filter: Option<&str>, exclude: &[&str]) -> Result<Query> {
        let groups: Vec<Group> = groups.iter().map(|group| group.parse().unwrap()).collect();
        let exclude: Vec<String> = exclude.iter().map(|&e| e.to_owned()).collect();
        Query::new(Granularity::Daily, &["UnblendedCost".to_owned()], &groups, filter, &exclude)
    }

    fn body(query: &Query, token: Option<&str>) -> String {
        let day = |d| NaiveDate::from_ymd_opt(2022, 6, d).unwrap();
        let window = Window { start: day(13), end: day(30), granularity: Granularity::Daily };
        String::from_utf8(query.body(&window, token)).unwrap()
    }

    #[test]
    fn one_range_with_an_exclusive_end() {
        assert_eq!(
            body(&query(&["SERVICE"], None, &[]).unwrap(), None),
            r#"{"TimePeriod":{"Start":"2022-06-13","End":"2022-07-01"},"Granularity":"DAILY","Metrics":["UnblendedCost"],"GroupBy":[{"Type":"DIMENSION","Key":"SERVICE"}]}"#
        );
    }

    #[test]
    fn filters_are_joined() {
        let query = query(
            &["linked_account", "TAG:team"],
            Some(r#" {"Dimensions": {"Key":"SERVICE"} } "#),
            &["Credit"],
        );
        let text = body(&query.unwrap(), Some("PAGE2"));
        assert!(text.ends_with(concat!(
            r#""GroupBy":[{"Type":"DIMENSION","Key":"LINKED_ACCOUNT"},{"Type":"TAG","Key":"team"}],"#,
            r#""Filter":{"And":[{"Dimensions":{"Key":"SERVICE"}},"#,
            r#"{"Not":{"Dimensions":{"Key":"RECORD_TYPE","Values":["Credit"]}}}]},"NextPageToken":"PAGE2"}"#
        )), "{text}");
    }

    #[test]
    fn groups_name_their_field() {
        for (text, field) in [
            ("SERVICE", "service"),
            ("linked_account", "linkedAccount"),
            ("USAGE_TYPE", "usageType"),
            ("TAG:team", "tag:team"),
            ("COST_CATEGORY:Unit", "costCategory:Unit"),
        ] {
            assert_eq!(text.parse::<Group>().unwrap().field(), field);
        }
        let tag: Group = "TAG:a$b".parse().unwrap();
        assert_eq!([tag.value("a$b$x$y"), tag.value("a$b$"), tag.value("odd")], ["x$y", "", "odd"]);
        assert!("TAG:".parse::<Group>().is_err() && "LABEL:x".parse::<Group>().is_err());
    }

    #[test]
    fn what_the_api_would_refuse_is_refused_before() {
        for (groups, filter) in [
            (&["A", "B", "C"][..], None),
            (&["A", "a"][..], None),
            (&["A"][..], Some("{")),
            (&["A"][..], Some("[]")),
        ] {
            assert!(query(groups, filter, &[]).is_err(), "{groups:?} {filter:?}");
        }
    }
}
