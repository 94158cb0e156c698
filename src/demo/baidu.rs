//! Baidu AI Cloud's `GetResourceMonthBill` with an invented bill.

use super::server::{Reply, Request};
use super::{Sample, keys_of, number};
use crate::sign::bce;
use crate::window::last_of_month;
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde_json::json;
use std::collections::HashMap;

const ACCOUNT: &str = "c0ffee0123456789abcdef0123456789";
/// A member of the account's enterprise organization.
const MEMBER: &str = "decaf00123456789abcdef0123456789";
/// What the service itself allows.
const LARGEST_PAGE: usize = 100;
/// For how long a signature is good.
const MINUTES: i64 = 30;

/// Product, its name, what is charged, its unit.
const PRODUCTS: [(&str, &str, &str, &str); 6] = [
    ("BCC", "云服务器", "CpuRunningTime", "分钟"),
    ("CDS", "云磁盘", "DiskCapacity", "GB*分钟"),
    ("BOS", "对象存储", "StorageSpace", "GB*天"),
    ("EIP", "弹性公网IP", "PublicTraffic", "GB"),
    ("SCS", "简单缓存服务", "RunningTimeMinutes", "分钟"),
    ("CDN", "内容分发网络", "Traffic", "GB"),
];

/// Amounts as a JSON writer with other habits than ours writes them. Binary floating point loses some of them.
const AMOUNTS: [&str; 8] = [
    "119.68",
    "16777217",
    "0.0000001",
    "1.2E-5",
    "0.10",
    "-3.50",
    "0",
    "12345678901234567890.123456789",
];

/// Whether a request is meant for the billing service.
pub(super) fn is_meant(request: &Request) -> bool {
    request.path().starts_with("/v1/bill/")
}

/// A refusal as the service writes it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    let id = "81d0b05f-5ad4-1f22-8068-d5c9de60a1d7";
    let body = json!({"requestId": id, "code": code, "message": message});
    Reply { status, ..Reply::json(body.to_string()) }.with("x-bce-request-id", id)
}

/// The refusal of a request over the limit.
pub(super) fn throttled() -> Reply {
    error(429, "RequestLimitExceeded", "Request limit exceeded.")
}

pub(super) fn answer(request: &Request, sample: &Sample) -> Reply {
    if request.header("authorization").is_none() {
        return error(403, "AccessDenied", "Access denied.");
    }
    let verified =
        bce::verify(&request.method, &request.target, &request.headers, &request.body, &keys_of);
    match verified {
        Ok(()) => {}
        Err(reason) if reason.contains("unknown key") => {
            let message = "The Access Key ID you provided does not exist in our records.";
            return error(403, "InvalidAccessKeyId", message);
        }
        Err(reason) if reason.starts_with("malformed") => {
            let message = "The HTTP authorization header is invalid. Consult the service documentation for details.";
            return error(400, "InvalidHTTPAuthHeader", message);
        }
        Err(_) => {
            let message = "The request signature we calculated does not match the signature you provided. \
                           Check your Secret Access Key and signing method. Consult the service documentation for details.";
            return error(400, "SignatureDoesNotMatch", message);
        }
    }
    let date = request.header("x-bce-date").unwrap_or_default();
    let sent = DateTime::parse_from_rfc3339(date);
    if sent.is_ok_and(|sent| (Utc::now() - sent.to_utc()).num_minutes().abs() < MINUTES) {
        return bill(request, sample);
    }
    error(400, "RequestExpired", &format!("Request has expired. Timestamp date is {date}."))
}

fn bill(request: &Request, sample: &Sample) -> Reply {
    let query = request.query();
    if request.path() != "/v1/bill/resource/month" || request.method != "GET" {
        return error(404, "InvalidURI", "Could not parse the specified URI.");
    }
    let asked = match Asked::read(&query) {
        Ok(asked) => asked,
        Err(name) => {
            let message = format!("The specified parameter {name} is invalid!");
            return error(400, "InvalidHTTPRequest", &message);
        }
    };
    let member = query.get("queryAccountId");
    if member.is_some_and(|member| member != MEMBER) {
        return error(403, "AccessDenied", "Access denied.");
    }
    let rows: Vec<String> = (0..sample.rows)
        .filter(|row| asked.holds(*row))
        .map(|row| asked.row(row, if member.is_some() { MEMBER } else { ACCOUNT }, sample))
        .collect();
    let size = asked.size.min(sample.page).max(1);
    let from = rows.len().min((asked.page - 1).saturating_mul(size));
    let to = rows.len().min(from + size);
    let (sub, login, unit) =
        if member.is_some() { (MEMBER, "member", "部门/一") } else { ("/", "/", "/") };
    let around = json!({
        "billMonth": asked.first.format("%Y-%m").to_string(),
        "accountId": ACCOUNT, "loginName": "demo",
        "subAccountId": sub, "subLoginName": login, "ouName": unit,
        "pageNo": asked.page, "pageSize": size, "totalCount": rows.len(),
    });
    let around = around.to_string();
    // Written by hand: a JSON value would take the digits from the amounts.
    let body =
        format!("{},\"bills\":[{}]}}", around.trim_end_matches('}'), rows[from..to].join(",\n"));
    Reply::json(body).with("x-bce-request-id", "d4591fcf-025b-46bc-81eb-91ddda4e27bc")
}

/// What a request asks for.
struct Asked {
    /// The first and the last day.
    first: NaiveDate,
    last: NaiveDate,
    product: String,
    service: Option<String>,
    page: usize,
    size: usize,
}

impl Asked {
    /// The error is the name of the parameter that is wrong.
    fn read(query: &HashMap<String, String>) -> Result<Self, &'static str> {
        let get = |name: &str| query.get(name).map(String::as_str);
        let count = |name: &'static str, default| match get(name) {
            None => Ok(default),
            Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or(name),
        };
        let month = |text: &str| format!("{text}-01").parse::<NaiveDate>().ok();
        let (first, last) = match (get("beginTime"), get("endTime"), get("month")) {
            (Some(begin), Some(end), _) => {
                (begin.parse().map_err(|_| "beginTime")?, end.parse().map_err(|_| "endTime")?)
            }
            (None, None, Some(text)) => {
                let first = month(text).ok_or("month")?;
                (first, last_of_month(first))
            }
            (None, None, None) => return Err("month"),
            _ => return Err("endTime"),
        };
        let beijing = FixedOffset::east_opt(8 * 3600).ok_or("zone")?;
        let today = Utc::now().with_timezone(&beijing).date_naive();
        if first > last
            || first > today
            || first.format("%Y-%m").to_string() != last.format("%Y-%m").to_string()
        {
            return Err("beginTime");
        }
        let product = get("productType").filter(|text| matches!(*text, "prepay" | "postpay"));
        Ok(Self {
            first,
            last,
            product: product.ok_or("productType")?.to_owned(),
            service: get("serviceType").map(str::to_owned),
            page: count("pageNo", 1)?,
            size: count("pageSize", 20)
                .ok()
                .filter(|size| *size <= LARGEST_PAGE)
                .ok_or("pageSize")?,
        })
    }

    /// Every fourth resource is paid for in advance.
    fn holds(&self, row: usize) -> bool {
        let product = if row % 4 == 3 { "prepay" } else { "postpay" };
        let (service, ..) = PRODUCTS[row % PRODUCTS.len()];
        product == self.product && self.service.as_deref().is_none_or(|asked| asked == service)
    }

    /// Every third row is of the old kind: no id of its own, the names of 2019.
    fn row(&self, row: usize, account: &str, sample: &Sample) -> String {
        let (service, name, item, unit) = PRODUCTS[row % PRODUCTS.len()];
        let (first, last, product) = (self.first, self.last, &self.product);
        let instance = format!("i-{:08x}", number(&["instance", &row.to_string()]) >> 32);
        let words = [instance.as_str(), &first.to_string(), &last.to_string()];
        let restated = sample.revision > 0 && row.is_multiple_of(7);
        let revision = if restated { sample.revision } else { 0 };
        let seed = number(&words) ^ revision;
        let price = match AMOUNTS.get(row).filter(|_| !restated) {
            Some(&amount) => amount.to_owned(),
            None => format!("{}.{:05}", seed % 1000, seed / 1000 % 100_000),
        };
        let old = row % 3 == 2;
        let id =
            if old { String::new() } else { format!(r#""billId":"{:016x}","#, number(&words)) };
        let coupons = if old {
            r#""voucherPrice":0,"discountvoucherPrice":0"#
        } else {
            r#""couponPrice":0,"discountCouponPrice":0.00"#
        };
        let order = if product == "prepay" {
            format!(
                r#""orderId":"{:032x}","orderType":"RENEW","orderTypeDesc":"续费","orderPurchaseTime":"2018-01-07T07:10:24.000Z","duration":"1月","chargeItem":"/","chargeItemDesc":"/","amount":"/","amountUnit":"/","unitPrice":"/","pricingUnit":"/""#,
                number(&["order", &instance])
            )
        } else {
            format!(
                r#""orderId":"/","orderType":"/","orderTypeDesc":"/","orderPurchaseTime":"/","duration":"/","chargeItem":"{item}","chargeItemDesc":"{item}","amount":"{}","amountUnit":"{unit}","unitPrice":"0.003333 元/{unit}","pricingUnit":"{unit}""#,
                seed % 100_000
            )
        };
        // Midnight in UTC+8 is still the day before in UTC.
        let begins = first.pred_opt().unwrap_or(first);
        format!(
            r#"{{"vendor":"百度智能云",{id}"accountId":"{account}","serviceType":"{service}","serviceTypeName":"{name}","productType":"{product}","region":"bj","instanceId":"{instance}",{order},"startTime":"{begins}T16:00:00.000Z","endTime":"{last}T15:59:59.000Z","configurationCH":"容量: 1G\t","tag":"team:web","discountUnit":"100.00","tex":6,"originPrice":{price},"financePrice":{price},"cash":{price},"rebate":0,"creditCost":0,"creditRefund":0,"debt":0,"noPaidPrice":0,{coupons},"discountPrice":0,"sysGold":0,"sampleOfWhatIsToCome":{{"since": 2027,"steps":[1.0, 2.50]}}}}"#
        )
    }
}
