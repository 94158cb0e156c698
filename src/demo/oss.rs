//! OSS with a bucket of invented bill files: ListObjectsV2 and GetObject, path style.

use super::server::{Reply, Request};
use super::{ALICLOUD_ACCOUNT as ACCOUNT, BUCKET, Sample, keys_of, number};
use crate::sign::{oss4, percent_encode};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use percent_encoding::percent_decode_str;
use std::fmt::Write;

/// The columns of a billing detail as it was in 2019.
const HEADER: &str = "Billing Cycle,Cost Center,Account ID,Account Name,Owner Account ID,Owner Account Name,Product Code,\
    Product Name,Product Type,Product Detail,Subscription Type,Payment Time,Usage Start Time,Usage End Time,\
    Service Duration,Order No./Bill No.,Item,Billing Type,Instance ID,Instance Name,Resource Group,Instance Tag,\
    Instance Config,Instance Spec,Internet IP,Intranet IP,Region,Zone,Billing Item,List Price,List Price Unit,Usage,\
    Usage Unit,Deducted By Resource Package,Pretax Gross Amount,Invoice Discount,Deducted By Coupons,Currency\n";

const PRODUCTS: [(&str, &str); 5] = [
    ("ecs", "Elastic Compute Service"),
    ("disk", "Block Storage"),
    ("oss", "Object Storage Service"),
    ("rds", "ApsaraDB RDS"),
    ("cdn", "CDN"),
];

/// So many days have a file.
const DAYS: u64 = 45;

/// An object of the bucket.
struct Object {
    key: String,
    body: Vec<u8>,
    modified: DateTime<Utc>,
}

impl Object {
    fn etag(&self) -> String {
        let mut text = blake3::hash(&self.body).to_hex().to_uppercase();
        text.truncate(32);
        text
    }
}

/// Whether a request is meant for OSS.
pub(super) fn is_meant(request: &Request) -> bool {
    request.header("authorization").is_some_and(|value| value.starts_with("OSS4-HMAC-SHA256"))
}

/// An error as OSS writes it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  <Message>{message}</Message>\n  \
         <RequestId>{REQUEST_ID}</RequestId>\n  <HostId>127.0.0.1</HostId>\n</Error>\n"
    );
    xml(status, body)
}

const REQUEST_ID: &str = "5A603C11F1C42E8EF6CE2631";

fn xml(status: u16, body: String) -> Reply {
    Reply::new(status, body)
        .with("Content-Type", "application/xml")
        .with("x-oss-request-id", REQUEST_ID)
}

pub(super) fn answer(request: &Request, sample: &Sample) -> Reply {
    let verified =
        oss4::verify(&request.method, &request.target, &request.headers, &request.body, &keys_of);
    match verified {
        Ok(()) => {}
        Err(reason) if reason == "unknown key id" => {
            let message = "The OSS Access Key Id you provided does not exist in our records.";
            return error(403, "InvalidAccessKeyId", message);
        }
        Err(_) => {
            let message = "The request signature we calculated does not match the signature you provided. \
                           Check your key and signing method.";
            return error(403, "SignatureDoesNotMatch", message);
        }
    }
    let sent = request.header("x-oss-date").unwrap_or_default();
    let sent = NaiveDateTime::parse_from_str(sent, "%Y%m%dT%H%M%SZ");
    if !sent.is_ok_and(|sent| (Utc::now() - sent.and_utc()).num_minutes().abs() < 15) {
        let message = "The difference between the request time and the current time is too large.";
        return error(403, "RequestTimeTooSkewed", message);
    }
    let path = request.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != BUCKET {
        return error(404, "NoSuchBucket", "The specified bucket does not exist.");
    }
    let objects = match &sample.objects {
        Some(objects) => given(objects),
        None => invented(sample, Utc::now()),
    };
    let key = percent_decode_str(key).decode_utf8_lossy();
    if key.is_empty() {
        return list(request, sample, &objects);
    }
    match objects.iter().find(|object| object.key == *key) {
        Some(object) => get(request, object),
        None => error(404, "NoSuchKey", "The specified key does not exist."),
    }
}

fn list(request: &Request, sample: &Sample, objects: &[Object]) -> Reply {
    let query = request.query();
    let get = |name: &str| query.get(name).map_or("", String::as_str);
    let most = get("max-keys").parse().unwrap_or(100).min(sample.page.max(1));
    let mut matching: Vec<&Object> =
        objects.iter().filter(|object| object.key.starts_with(get("prefix"))).collect();
    matching.sort_by(|a, b| a.key.cmp(&b.key));
    // A token with characters that a query or a form would change.
    let from = get("continuation-token").strip_suffix("+/=").unwrap_or("0").parse().unwrap_or(0);
    let from = matching.len().min(from);
    let to = matching.len().min(from + most);
    let encode = |text: &str| {
        if get("encoding-type") == "url" { percent_encode(text) } else { escape(text) }
    };
    let mut contents = String::new();
    for object in &matching[from..to] {
        // Writing to a String cannot fail.
        let _ = write!(
            contents,
            "  <Contents>\n    <Key>{}</Key>\n    <LastModified>{}</LastModified>\n    <ETag>\"{}\"</ETag>\n    \
             <Type>Normal</Type>\n    <Size>{}</Size>\n    <StorageClass>Standard</StorageClass>\n  </Contents>\n",
            encode(&object.key),
            object.modified.format("%Y-%m-%dT%H:%M:%S.000Z"),
            object.etag(),
            object.body.len(),
        );
    }
    let truncated = to < matching.len();
    let next = if truncated {
        let token = encode(&format!("{to}+/="));
        format!("  <NextContinuationToken>{token}</NextContinuationToken>\n")
    } else {
        String::new()
    };
    let encoding = match get("encoding-type") {
        "" => String::new(),
        kind => format!("  <EncodingType>{kind}</EncodingType>\n"),
    };
    let (prefix, count) = (encode(get("prefix")), to - from);
    xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>\n  <Name>{BUCKET}</Name>\n  \
             <Prefix>{prefix}</Prefix>\n  <MaxKeys>{most}</MaxKeys>\n  <IsTruncated>{truncated}</IsTruncated>\n\
             {encoding}{next}{contents}  <KeyCount>{count}</KeyCount>\n</ListBucketResult>\n"
        ),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn get(request: &Request, object: &Object) -> Reply {
    let etag = format!("\"{}\"", object.etag());
    if request.header("if-match").is_some_and(|wanted| wanted != etag) {
        let message = "At least one of the pre-conditions you specified did not hold.";
        return error(412, "PreconditionFailed", message);
    }
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    let size = object.body.len();
    let reply = match from {
        None => Reply::new(200, object.body.as_slice()),
        Some(from) if from < size => Reply::new(206, &object.body[from..])
            .with("Content-Range", &format!("bytes {from}-{}/{size}", size - 1)),
        Some(_) => return error(416, "InvalidRange", "The requested range is not satisfiable."),
    };
    reply.with("ETag", &etag).with("x-oss-request-id", REQUEST_ID)
}

/// Objects that a test wrote, each an hour after the one before it.
fn given(objects: &[(String, Vec<u8>)]) -> Vec<Object> {
    let written = (0..).map(|hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour));
    objects
        .iter()
        .zip(written)
        .map(|((key, body), modified)| Object { key: key.clone(), body: body.clone(), modified })
        .collect()
}

/// What a subscription has pushed by now: a file for each day, one for each month that is over, the month to date
/// by instance, PDFs, and what somebody else put there.
fn invented(sample: &Sample, now: DateTime<Utc>) -> Vec<Object> {
    let today = (now + TimeDelta::hours(8)).date_naive();
    let pushed =
        |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(9);
    let object = |name: &str, body: Vec<u8>, modified| Object {
        key: format!("bill-data/{name}"),
        body,
        modified,
    };
    let mut objects = vec![
        object("", Vec::new(), now),
        object("readme.txt", b"Bills of all accounts.\n".to_vec(), now),
    ];
    for back in 1..=DAYS {
        let day = today - Days::new(back);
        let name = format!("{ACCOUNT}_BillingItemDetail_{}", day.format("%Y%m%d"));
        let csv = [HEADER.as_bytes(), rows(day, sample).as_bytes()].concat();
        objects.push(object(&name, csv, pushed(day + Days::new(1)).min(now)));
    }
    for back in 0..3 {
        let Some(first) =
            today.with_day(1).and_then(|day| day.checked_sub_months(Months::new(back)))
        else {
            continue;
        };
        let days = first.iter_days().take_while(|day| day.month() == first.month() && *day < today);
        let rows: String = days.map(|day| rows(day, sample)).collect();
        let csv = [HEADER.as_bytes(), rows.as_bytes()].concat();
        let month = first.format("%Y%m");
        objects.push(object(
            &format!("{ACCOUNT}_InstanceDetailMonthly_{month}.csv"),
            csv.clone(),
            now,
        ));
        if back > 0 {
            objects.push(object(&format!("{ACCOUNT}_BillingItemDetail_{month}"), csv, now));
            let pdf = b"%PDF-1.4\n".to_vec();
            objects.push(object(&format!("{ACCOUNT}__MonthBill_{month}"), pdf, now));
        }
    }
    objects
}

/// A day's lines. Every tenth is the one before it once more: real bills hold such lines.
fn rows(day: NaiveDate, sample: &Sample) -> String {
    let mut text = String::new();
    for row in 0..sample.rows {
        let row = if row % 10 == 9 { row - 1 } else { row };
        let (code, name) = PRODUCTS[row % PRODUCTS.len()];
        let instance = format!("i-{:012x}", number(&[code, &row.to_string()]) >> 16);
        let restated = sample.revision > 0 && number(&[&instance]).is_multiple_of(7);
        let revision = if restated { sample.revision.to_string() } else { String::new() };
        let seed = number(&[&instance, &day.to_string(), &revision]);
        let amount = format!("{}.{:06}", seed >> 40 & 0xff, seed >> 8 & 0xf_ffff);
        let (hour, cycle) = (row % 24, day.format("%Y-%m"));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{cycle},,{ACCOUNT},aliyun23456,{ACCOUNT},aliyun23456,{code},{name},{code},{name},PayAsYouGo,,\
             {day} {hour:02}:00:00,{day} {hour:02}:59:59,3600,,PayAsYouGoBill,hourly,{instance}\t,\"web, {row}\",\
             default,\"{{\"\"team\"\":\"\"a\"\"}}\",,,,,China (Hangzhou),,Running time,0.12,USD/hour,1,hour,0,{amount},0,0,USD"
        );
    }
    text
}
