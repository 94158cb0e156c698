//! Cost Explorer's GetCostAndUsage with an invented bill, and the token service's GetCallerIdentity.

use super::server::{Reply, Request};
use super::{AWS_ACCOUNT, Sample, keys_of, number};
use crate::sign::sigv4;
use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

const SERVICES: [&str; 31] = [
    "AWS CloudTrail",
    "AWS Config",
    "AWS Cost Explorer",
    "AWS Glue",
    "AWS Key Management Service",
    "AWS Lambda",
    "AWS Secrets Manager",
    "AWS Security Hub",
    "AWS Step Functions",
    "AWS Support (Business)",
    "AWS WAF",
    "Amazon API Gateway",
    "Amazon Athena",
    "Amazon CloudFront",
    "Amazon DynamoDB",
    "Amazon EC2 Container Registry (ECR)",
    "Amazon ElastiCache",
    "Amazon Elastic Block Store",
    "Amazon Elastic Compute Cloud - Compute",
    "Amazon Elastic Load Balancing",
    "Amazon GuardDuty",
    "Amazon Kinesis",
    "Amazon OpenSearch Service",
    "Amazon Redshift",
    "Amazon Relational Database Service",
    "Amazon Route 53",
    "Amazon Simple Queue Service",
    "Amazon Simple Storage Service",
    "AmazonCloudWatch",
    "EC2 - Other",
    "Tax",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    time_period: TimePeriod,
    granularity: String,
    metrics: Vec<String>,
    #[serde(default)]
    group_by: Vec<Group>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: NaiveDate,
    end: NaiveDate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    r#type: String,
    key: String,
}

/// An error as Cost Explorer writes it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status, json!({"__type": code, "Message": message}).to_string())
        .with("Content-Type", "application/x-amz-json-1.1")
        .with("x-amzn-RequestId", "5c1e2a0b-3d4f-4a6b-8c7d-9e0f1a2b3c4d")
}

fn verify(request: &Request) -> Result<(), String> {
    sigv4::verify(&request.method, &request.target, &request.headers, &request.body, &keys_of)
}

/// Whether a request is meant for the token service.
pub(super) fn is_token_service_meant(request: &Request) -> bool {
    request.method == "POST" && request.body.starts_with(b"Action=GetCallerIdentity&")
}

/// Who the holder of the only key is.
pub(super) fn caller(request: &Request) -> Reply {
    let id = "<RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>";
    if let Err(reason) = verify(request) {
        let code = if reason.contains("unknown key") {
            "InvalidClientTokenId"
        } else {
            "SignatureDoesNotMatch"
        };
        let body = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error>{id}</ErrorResponse>"
        );
        return Reply::new(403, body).with("Content-Type", "text/xml");
    }
    let body = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{AWS_ACCOUNT}:user/demo</Arn><UserId>AIDADEMO</UserId><Account>{AWS_ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata>{id}</ResponseMetadata></GetCallerIdentityResponse>"
    );
    Reply::new(200, body).with("Content-Type", "text/xml")
}

pub(super) fn answer(request: &Request, sample: &Sample) -> Reply {
    match verify(request) {
        Ok(()) => {}
        Err(reason) if reason.contains("unknown key") => {
            let message = "The security token included in the request is invalid.";
            return error(400, "UnrecognizedClientException", message);
        }
        Err(_) => {
            let message = "The request signature we calculated does not match the signature you provided. \
                           Check your AWS Secret Access Key and signing method.";
            return error(403, "InvalidSignatureException", message);
        }
    }
    let date = request.header("x-amz-date").unwrap_or_default();
    let now = Utc::now();
    match NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ") {
        Ok(sent) if (now - sent.and_utc()).num_minutes().abs() < 5 => {}
        _ => {
            let message = format!(
                "Signature expired: {date} is now earlier than {}",
                now.format("%Y%m%dT%H%M%SZ")
            );
            return error(403, "InvalidSignatureException", &message);
        }
    }
    if request.header("x-amz-target") != Some("AWSInsightsIndexService.GetCostAndUsage") {
        return error(400, "UnknownOperationException", "");
    }
    match serde_json::from_slice(&request.body) {
        Ok(body) => page(&body, sample, now),
        Err(cause) => error(400, "SerializationException", &cause.to_string()),
    }
}

fn page(body: &Body, sample: &Sample, now: DateTime<Utc>) -> Reply {
    if body.time_period.start >= body.time_period.end {
        let message = "Start date (and hour) should be before end date (and hour)";
        return error(400, "ValidationException", message);
    }
    let from: usize =
        match body.next_page_token.as_deref().map(|token| token.strip_prefix("page-from-")) {
            None => 0,
            Some(Some(at)) => at.parse().unwrap_or(0),
            Some(None) => return error(400, "InvalidNextTokenException", "invalid token"),
        };
    let keys = keys(&body.group_by, sample);
    let periods = periods(body);
    let all = keys.len() * periods.len();
    let to = all.min(from + sample.page.max(1));
    let mut results: Vec<Value> = Vec::new();
    for (at, (start, end)) in periods.iter().enumerate() {
        let (first, last) = (at * keys.len(), (at + 1) * keys.len());
        // A period that has no rows is there all the same, in the page where it would stand.
        let here = from.max(first)..to.min(last);
        if here.is_empty() && !(keys.is_empty() && from == 0) {
            continue;
        }
        let groups: Vec<Value> =
            here.map(|row| group(&keys[row - first], body, *start, sample)).collect();
        let estimated = (now.date_naive() - *end).num_days() < 40;
        results.push(json!({
            "TimePeriod": {"Start": start.to_string(), "End": end.to_string()},
            "Total": {}, "Groups": groups, "Estimated": estimated,
        }));
    }
    let mut answer = json!({
        "GroupDefinitions": body.group_by.iter().map(|g| json!({"Type": g.r#type, "Key": g.key})).collect::<Vec<_>>(),
        "ResultsByTime": results,
        "DimensionValueAttributes": attributes(&body.group_by),
    });
    if to < all {
        answer["NextPageToken"] = format!("page-from-{to}").into();
    }
    Reply::new(200, answer.to_string())
        .with("Content-Type", "application/x-amz-json-1.1")
        .with("x-amzn-RequestId", "7d1b2c3e-0f4a-4b5c-9d6e-1a2b3c4d5e6f")
}

fn periods(body: &Body) -> Vec<(NaiveDate, NaiveDate)> {
    let next = |day: NaiveDate| {
        if body.granularity == "MONTHLY" {
            day.checked_add_months(Months::new(1))
        } else {
            day.succ_opt()
        }
    };
    let mut periods = Vec::new();
    let mut start = body.time_period.start;
    while start < body.time_period.end {
        let Some(end) = next(start) else { break };
        periods.push((start, end.min(body.time_period.end)));
        start = end;
    }
    periods
}

fn keys(groups: &[Group], sample: &Sample) -> Vec<Vec<String>> {
    let values = |group: &Group| -> Vec<String> {
        match (group.r#type.as_str(), group.key.as_str()) {
            ("DIMENSION", "SERVICE") => (0..sample.rows)
                .map(|row| match SERVICES.get(row) {
                    Some(&service) => service.to_owned(),
                    None => format!("Sample Service {row}"),
                })
                .collect(),
            ("DIMENSION", "LINKED_ACCOUNT") => vec!["111122223333".into(), "444455556666".into()],
            ("DIMENSION", "REGION") => {
                ["eu-central-1", "global", "us-east-1"].map(str::to_owned).to_vec()
            }
            ("DIMENSION", key) => (1..=3).map(|n| format!("{key}-{n}")).collect(),
            (_, key) => vec![format!("{key}$"), format!("{key}$web")],
        }
    };
    groups.iter().fold(vec![Vec::new()], |rows, group| {
        let values = values(group);
        rows.iter()
            .flat_map(|row| values.iter().map(|v| [row.clone(), vec![v.clone()]].concat()))
            .collect()
    })
}

fn group(keys: &[String], body: &Body, start: NaiveDate, sample: &Sample) -> Value {
    let name = keys.join("\u{1f}");
    let day = start.to_string();
    let mut seed = number(&[&name, &day]);
    if sample.revision > 0 && number(&[&name]).is_multiple_of(7) {
        seed ^= number(&[&name, &sample.revision.to_string()]);
    }
    let metrics = body.metrics.iter().map(|metric| {
        let amount = seed.wrapping_add(number(&[metric])) % 400_000_000_000;
        let amount = format!("{}.{:010}", amount / 10_000_000_000, amount % 10_000_000_000);
        let unit = if metric.ends_with("Cost") { "USD" } else { "N/A" };
        (metric.clone(), json!({"Amount": amount, "Unit": unit}))
    });
    json!({"Keys": keys, "Metrics": metrics.collect::<serde_json::Map<_, _>>()})
}

fn attributes(groups: &[Group]) -> Vec<Value> {
    if !groups.iter().any(|group| group.key == "LINKED_ACCOUNT") {
        return Vec::new();
    }
    vec![
        json!({"Value": "111122223333", "Attributes": {"description": "production"}}),
        json!({"Value": "444455556666", "Attributes": {"description": "staging"}}),
    ]
}
