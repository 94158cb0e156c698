//! Alibaba Cloud's QueryAccountBill with an invented bill, for both ways to sign.

use super::server::{Reply, Request};
use super::{ALICLOUD_ACCOUNT as ACCOUNT, Sample, keys_of, number, subscription};
use crate::sign::{acs3, rpc};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Product code, detail code and name.
const PRODUCTS: [(&str, &str, &str); 20] = [
    ("ecs", "ecs", "云服务器ECS"),
    ("yundisk", "disk", "块存储"),
    ("snapshot", "snapshot", "快照"),
    ("eip", "eip", "弹性公网IP"),
    ("cbwp", "cbwp", "共享带宽"),
    ("slb", "slb", "负载均衡"),
    ("alb", "alb", "应用型负载均衡"),
    ("nat_gw", "nat_gw", "NAT网关"),
    ("oss", "oss", "对象存储"),
    ("nas", "nas", "文件存储"),
    ("cdn", "cdn", "CDN"),
    ("rds", "rds", "云数据库RDS"),
    ("kvstore", "redisa", "云数据库Redis版"),
    ("polardb", "polardb", "云原生数据库PolarDB"),
    ("acr", "acr", "容器镜像服务"),
    ("csk", "csk", "容器服务"),
    ("sls", "sls", "日志服务"),
    ("fc", "fc", "函数计算"),
    ("kms", "kms", "密钥管理服务"),
    ("sms", "sms", "短信服务"),
];

/// Amounts as a JSON writer with other habits than ours writes them. Binary floating point loses some of them.
const AMOUNTS: [&str; 8] =
    ["1234567.89", "16777217", "0.0000001", "1.2E-5", "0.10", "-3.50", "0", "100000000.00"];

/// What the service itself allows.
const LARGEST_PAGE: usize = 300;

/// Whether a request is meant for Alibaba Cloud's gateway: the action is named in a header, or in the query.
pub(super) fn is_meant(request: &Request) -> bool {
    request.header("x-acs-action").is_some() || request.query().contains_key("SignatureMethod")
}

/// A refusal as the gateway writes it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({
        "RequestId": "5C1E2A0B-3D4F-5A6B-8C7D-9E0F1A2B3C4D",
        "HostId": "business.aliyuncs.com",
        "Code": code,
        "Message": message,
    });
    Reply { status, ..Reply::json(body.to_string()) }
}

pub(super) fn answer(request: &Request, sample: &Sample) -> Reply {
    let query = request.query();
    let in_header = request.header("x-acs-action");
    let by_header = in_header.is_some();
    let verify = if by_header { acs3::verify } else { rpc::verify };
    let verified =
        verify(&request.method, &request.target, &request.headers, &request.body, &keys_of);
    if let Err(reason) = verified {
        return refuse(&reason, request);
    }
    let sent = if by_header {
        request.header("x-acs-date")
    } else {
        query.get("Timestamp").map(String::as_str)
    };
    let sent = sent.and_then(|sent| DateTime::parse_from_rfc3339(sent).ok());
    if sent.is_none_or(|sent| (Utc::now() - sent.to_utc()).num_minutes().abs() >= 15) {
        let message = "Specified time stamp or date value is expired.";
        return error(400, "InvalidTimeStamp.Expired", message);
    }
    let named = |header: &str, parameter: &str| {
        request.header(header).map(str::to_owned).or_else(|| query.get(parameter).cloned())
    };
    let action = named("x-acs-action", "Action");
    let version = named("x-acs-version", "Version");
    match (action.as_deref(), version.as_deref()) {
        (Some("QueryAccountBill"), Some("2017-12-14")) => bill(&query, sample),
        (Some("GetCallerIdentity"), Some("2015-04-01")) => caller(),
        (Some(action), Some("2017-12-14")) => {
            subscription::answer(action, &query, sample).unwrap_or_else(unknown)
        }
        _ => unknown(),
    }
}

/// What the token service says of the holder of the only key.
fn caller() -> Reply {
    Reply::json(
        json!({
            "IdentityType": "RAMUser",
            "AccountId": ACCOUNT,
            "Arn": format!("acs:ram::{ACCOUNT}:user/demo"),
            "PrincipalId": "28877424437521",
            "RequestId": "3C87BF47-3724-5443-ADC1-5AEAD9A03EB1",
        })
        .to_string(),
    )
}

fn unknown() -> Reply {
    error(404, "InvalidApi.NotFound", "Specified api is not found.")
}

fn refuse(reason: &str, request: &Request) -> Reply {
    if reason == "unknown key id" {
        let message = "Specified access key is not found.";
        return error(404, "InvalidAccessKeyId.NotFound", message);
    }
    // As the service does: it echoes what it would have signed, key id and token with it.
    let echo = request.target.replace('=', "%3D").replace('&', "%26");
    let message = format!(
        "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&{echo}"
    );
    error(400, "SignatureDoesNotMatch", &message)
}

fn bill(query: &HashMap<String, String>, sample: &Sample) -> Reply {
    let get = |name: &str| query.get(name).map(String::as_str);
    let count = |name: &str, default: usize| match get(name) {
        None => Some(default),
        Some(text) => text.parse().ok().filter(|count| *count > 0),
    };
    let Some(cycle) = get("BillingCycle") else {
        return error(400, "MissingBillingCycle", "BillingCycle is mandatory for this action.");
    };
    let daily = get("Granularity") == Some("DAILY");
    let date = if daily { get("BillingDate").unwrap_or_default() } else { "" };
    let first = if daily { date.to_owned() } else { format!("{cycle}-01") };
    let (Ok(_), Some(page), Some(size), true) = (
        first.parse::<NaiveDate>(),
        count("PageNum", 1),
        count("PageSize", 20).filter(|size| *size <= LARGEST_PAGE),
        first.starts_with(cycle),
    ) else {
        return error(400, "InvalidParameter", "Some parameters are not valid.");
    };
    let size = size.min(sample.page.max(1));
    let by_product = get("IsGroupByProduct").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let owner = get("BillOwnerId").unwrap_or(ACCOUNT);
    let rows: Vec<usize> = if by_product { (0..sample.rows).collect() } else { vec![0] };
    let rows: Vec<usize> = match get("ProductCode").filter(|_| by_product) {
        Some(code) => rows.into_iter().filter(|row| product(*row).0 == code).collect(),
        None => rows,
    };
    let from = rows.len().min((page - 1) * size);
    let items: Vec<String> = rows[from..rows.len().min(from + size)]
        .iter()
        .map(|row| {
            item(by_product.then_some(*row), if daily { date } else { cycle }, owner, sample)
        })
        .collect();
    Reply::json(format!(
        concat!(
            r#"{{"Message":"Successful!","RequestId":"7D1B2C3E-0F4A-5B5C-9D6E-1A2B3C4D5E6F","Data":{{"#,
            r#""BillingCycle":"{}","AccountID":"{}","PageNum":{},"PageSize":{},"TotalCount":{},"#,
            r#""AccountName":"aliyun23456","Items":{{"Item":[{}]}}}},"Code":"Success","Success":true}}"#
        ),
        cycle,
        ACCOUNT,
        page,
        size,
        rows.len(),
        items.join(",")
    ))
}

/// Every tenth row is the one before it once more: real bills hold such rows.
fn product(row: usize) -> (String, String, String) {
    let row = if row % 10 == 9 { row - 1 } else { row };
    let (code, pip, name) = PRODUCTS[row % PRODUCTS.len()];
    match row / PRODUCTS.len() {
        0 => (code.to_owned(), pip.to_owned(), format!("{name}\t")),
        round => (format!("{code}{round}"), pip.to_owned(), name.to_owned()),
    }
}

/// A row as text: a `Value` would not keep the digits.
fn item(row: Option<usize>, date: &str, owner: &str, sample: &Sample) -> String {
    let (code, pip, name) = row.map(product).unwrap_or_default();
    let restated = sample.revision > 0 && number(&[&code]).is_multiple_of(7);
    let revision = if restated { sample.revision.to_string() } else { String::new() };
    let seed = number(&[&code, date, owner, &revision]);
    let amount = match AMOUNTS.get(usize::try_from(seed % 16).unwrap_or_default()) {
        Some(amount) if !restated => (*amount).to_owned(),
        _ => format!("{}.{:06}", seed >> 40 & 0xfff, seed >> 8 & 0xf_ffff),
    };
    let text = |text: &str| Value::from(text).to_string();
    format!(
        concat!(
            r#"{{"PipCode":{},"PretaxAmount":{amount},"BillingDate":{},"ProductName":{},"AdjustAmount":0,"#,
            r#""OwnerName":"aliyun23456","Currency":"CNY","BillAccountName":"aliyun23456","#,
            r#""SubscriptionType":"PayAsYouGo","DeductedByCashCoupons":0,"BizType":"","OwnerID":{},"#,
            r#""DeductedByPrepaidCard":0,"DeductedByCoupons":0.0,"BillAccountID":"{}","#,
            r#""PaymentAmount":{amount},"InvoiceDiscount":-0.00,"OutstandingAmount":0,"CostUnit":"未分配\t","#,
            r#""PretaxGrossAmount":{amount},"CashAmount":{amount},"ProductCode":{}}}"#
        ),
        text(&pip),
        text(date),
        text(&name),
        text(owner),
        ACCOUNT,
        text(&code),
        amount = amount,
    )
}
