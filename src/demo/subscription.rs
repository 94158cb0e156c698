//! Alibaba Cloud's calls that subscribe a bucket to bill files.

use super::alicloud::error;
use super::server::Reply;
use super::{ALICLOUD_ACCOUNT, BUCKET, Sample};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

/// Answers one of the three calls; none where the action is another.
pub(super) fn answer(
    action: &str,
    query: &HashMap<String, String>,
    sample: &Sample,
) -> Option<Reply> {
    let subscriptions = sample.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
    match action {
        "SubscribeBillToOSS" => Some(subscribe(query, subscriptions)),
        "UnsubscribeBillToOSS" => Some(unsubscribe(query, subscriptions)),
        "QueryBillToOSSSubscription" => Some(list(&subscriptions)),
        _ => None,
    }
}

/// What is subscribed when the cloud starts.
pub(super) fn first() -> Value {
    json!({
        "BucketOwnerId": 1_234_567_890_123_456_u64,
        "BucketPath": "bill-data/",
        "MultAccountRelSubscribe": "MA",
        "SubscribeBucket": BUCKET,
        "SubscribeLanguage": "en",
        "SubscribeTime": "2026-01-27 16:42:49",
        "SubscribeType": "BillingItemDetailForBillingPeriod",
        "RowLimitPerFile": 300_000,
    })
}

fn success() -> Value {
    json!({
        "Code": "Success",
        "Message": "Successful!",
        "RequestId": "F61FCE4B-9B56-4FD9-A17E-0123456789AB",
        "Success": true,
    })
}

fn accounts(query: &HashMap<String, String>) -> &str {
    query.get("MultAccountRelSubscribe").map_or("MA", String::as_str)
}

fn is(item: &Value, kind: &str, accounts: &str) -> bool {
    item["SubscribeType"] == kind && item["MultAccountRelSubscribe"] == accounts
}

fn subscribe(query: &HashMap<String, String>, mut all: MutexGuard<'_, Vec<Value>>) -> Reply {
    let get = |name: &str| query.get(name).map_or("", String::as_str);
    let kind = match get("SubscribeType") {
        "" => "BillingItemDetailForBillingPeriod",
        kind => kind,
    };
    if get("SubscribeBucket").is_empty() {
        return error(
            400,
            "MissingSubscribeBucket",
            "SubscribeBucket is mandatory for this action.",
        );
    }
    if get("SubscribeBucket") == "demo-closed" {
        return error(400, "OssPermissionDenied", "OSS permission denied.");
    }
    if get("SubscribeBucket") != BUCKET {
        return error(400, "ExportFileToOSSFailed", "Failed to export the file to OSS.");
    }
    if all.iter().any(|item| is(item, kind, accounts(query))) {
        return error(400, "DuplicateSubscription", "The subscription exists already.");
    }
    let limit = get("RowLimitPerFile").parse::<u64>().unwrap_or(300_000);
    all.push(json!({
        "BucketOwnerId": ALICLOUD_ACCOUNT.parse::<u64>().unwrap_or_default(),
        "BucketPath": get("BucketPath"),
        "MultAccountRelSubscribe": accounts(query),
        "SubscribeBucket": get("SubscribeBucket"),
        "SubscribeLanguage": "en",
        "SubscribeTime": "2026-03-02 09:00:00",
        "SubscribeType": kind,
        "RowLimitPerFile": limit,
    }));
    Reply::json(success().to_string())
}

fn unsubscribe(query: &HashMap<String, String>, mut all: MutexGuard<'_, Vec<Value>>) -> Reply {
    let kind = query.get("SubscribeType").map_or("", String::as_str);
    let count = all.len();
    all.retain(|item| !is(item, kind, accounts(query)));
    if all.len() == count {
        return error(400, "InvalidParameter", "There is no such subscription.");
    }
    Reply::json(success().to_string())
}

fn list(all: &[Value]) -> Reply {
    let mut answer = success();
    answer["Data"] = json!({
        "AccountID": ALICLOUD_ACCOUNT,
        "AccountName": "aliyun23456",
        "Items": { "Item": all },
    });
    Reply::json(answer.to_string())
}
