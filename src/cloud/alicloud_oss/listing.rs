//! What lies in a bucket: ListObjectsV2, page by page.
//! <https://www.alibabacloud.com/help/en/oss/developer-reference/listobjectsv2>

use super::errors;
use super::store::{SERVICE, Store};
use crate::api::Verdict;
use crate::cloud::paginate;
use crate::http::Answer;
use crate::refusal::not_understood;
use crate::xml::{CUT, Element};
use anyhow::Result;
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) size: u64,
    /// Without its quotes; some stores have none.
    pub(super) etag: Option<String>,
    /// When its bytes were last written.
    pub(super) modified: Option<DateTime<Utc>>,
}

/// One answer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    objects: Vec<Listed>,
    next: Option<String>,
}

/// Hands over every object whose key starts with `prefix`.
pub(super) fn list(store: &Store, prefix: &str, mut take: impl FnMut(Listed)) -> Result<()> {
    let what = format!("{SERVICE}: GET {} ListObjectsV2", store.bucket.host());
    paginate(&what, |number, token| {
        let action = if number == 1 {
            "ListObjectsV2".to_owned()
        } else {
            format!("ListObjectsV2 page {number}")
        };
        let query = query(prefix, token);
        let answer = store.api.call(
            &action,
            || Ok(store.bucket.get(None, &query, &[], &store.keys)),
            |answer| judge(answer, store),
        )?;
        let page = read(&answer.body).map_err(|what| {
            let id = answer.request_id().unwrap_or("none");
            let host = store.bucket.host();
            not_understood(what).context(format!("{SERVICE}: GET {host} {action}, request id {id}"))
        })?;
        page.objects.into_iter().for_each(&mut take);
        Ok(page.next)
    })
}

fn query(prefix: &str, token: Option<&str>) -> Vec<(String, String)> {
    let mut query = vec![("list-type", "2"), ("max-keys", "1000"), ("encoding-type", "url")];
    query.extend(Some(("prefix", prefix)).filter(|(_, prefix)| !prefix.is_empty()));
    query.extend(token.map(|token| ("continuation-token", token)));
    query.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn judge(answer: &Answer, store: &Store) -> Verdict {
    if answer.status == 200 {
        match Element::parse(&answer.body) {
            Ok(root) if root.name == ROOT => return Verdict::Good,
            Err(why) if why == CUT => {
                let bytes = answer.body.len();
                return Verdict::Again(
                    format!("the listing is cut short after {bytes} bytes"),
                    None,
                );
            }
            _ => {}
        }
    }
    errors::judge(answer, store.asked(None), &store.keys)
}

const ROOT: &str = "ListBucketResult";

fn read(body: &[u8]) -> Result<Page, String> {
    let root = Element::parse(body)?;
    if root.name != ROOT {
        return Err(format!("it is a {} and no {ROOT}", root.name));
    }
    let encoded = root.text_of("EncodingType").is_some_and(|kind| kind.eq_ignore_ascii_case("url"));
    let objects = root
        .children("Contents")
        .map(|contents| object(contents, encoded))
        .collect::<Result<_, _>>()?;
    let next =
        root.text_of("NextContinuationToken").map(|token| decode(token, encoded)).transpose()?;
    match (root.text_of("IsTruncated"), &next) {
        (Some("true"), Some(_)) => Ok(Page { objects, next }),
        (Some("true"), None) => Err("it is truncated, but names no NextContinuationToken".into()),
        (Some("false"), _) => Ok(Page { objects, next: None }),
        (other, _) => Err(format!("IsTruncated is {other:?}, neither true nor false")),
    }
}

fn object(contents: &Element, encoded: bool) -> Result<Listed, String> {
    let key = contents.text_of("Key").ok_or("an object has no Key")?;
    // Real OSS writes a space as %20; other stores of this API as +, and then + as %2B.
    let key = if encoded { key.replace('+', " ") } else { key.to_owned() };
    let key = decode(&key, encoded)?;
    let size = contents.text_of("Size").and_then(|size| size.parse().ok());
    let size = size.ok_or_else(|| format!("the Size of {key:?} is no number"))?;
    let etag = contents.text_of("ETag").map(|etag| etag.trim_matches('"').to_owned());
    let modified = contents
        .text_of("LastModified")
        .and_then(|time| DateTime::parse_from_rfc3339(time).ok())
        .map(|time| time.to_utc());
    Ok(Listed { key, size, etag: etag.filter(|etag| !etag.is_empty()), modified })
}

fn decode(text: &str, encoded: bool) -> Result<String, String> {
    if !encoded {
        return Ok(text.to_owned());
    }
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| "a name is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Name>bills</Name><Prefix>a%2F</Prefix><MaxKeys>1000</MaxKeys>
  <EncodingType>url</EncodingType>
  <IsTruncated>true</IsTruncated>
  <NextContinuationToken>CgJiYw%2B-%3D%3D</NextContinuationToken>
  <Contents>
    <Key>a%2F%E4%BA%91+%2B%20%26amp;x</Key>
    <LastModified>2026-03-02T10:00:00.000Z</LastModified>
    <ETag>"5B3C1A2E053D763E1B002CC607C5A0FE"</ETag><Type>Normal</Type>
    <Size>344606</Size><StorageClass>Standard</StorageClass>
  </Contents>
  <Contents><Size>0</Size><Key>a%2F</Key></Contents>
  <KeyCount>2</KeyCount>
</ListBucketResult>"#;

    #[test]
    fn a_page_is_read() {
        let page = read(PAGE.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("CgJiYw+-=="));
        let first = &page.objects[0];
        assert_eq!((first.key.as_str(), first.size), ("a/云 + &amp;x", 344_606));
        assert_eq!(first.etag.as_deref(), Some("5B3C1A2E053D763E1B002CC607C5A0FE"));
        assert_eq!(first.modified.unwrap().to_rfc3339(), "2026-03-02T10:00:00+00:00");
        let second = Listed { key: "a/".into(), size: 0, etag: None, modified: None };
        assert_eq!(page.objects[1..], [second]);
    }

    #[test]
    fn without_an_encoding_a_key_is_as_it_stands() {
        let page = PAGE.replace("<EncodingType>url</EncodingType>", "");
        let page = read(page.as_bytes()).unwrap();
        assert_eq!(page.objects[0].key, "a%2F%E4%BA%91+%2B%20%26amp;x");
        assert_eq!(page.next.as_deref(), Some("CgJiYw%2B-%3D%3D"));
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = PAGE.replace(">true<", ">false<");
        assert_eq!(read(page.as_bytes()).unwrap().next, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let changes = [
            ("<IsTruncated>true</IsTruncated>", "", "IsTruncated is None"),
            (">true<", ">yes<", "IsTruncated is Some(\"yes\")"),
            ("NextContinuationToken", "NextMarker", "names no NextContinuationToken"),
            ("<Size>344606</Size>", "", "is no number"),
            ("<Size>344606</Size>", "<Size>-1</Size>", "is no number"),
            ("<Key>a%2F</Key>", "", "no Key"),
            ("%E4%BA%91", "%E4", "not UTF-8"),
            ("ListBucketResult", "ListAllMyBucketsResult", "no ListBucketResult"),
            ("</ListBucketResult>", "", "ends too early"),
        ];
        for (from, to, message) in changes {
            let error = read(PAGE.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(message), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn the_query_of_a_page() {
        let pairs = query("bill data/", Some("t+="));
        let text = crate::sign::oss4::query_string(&pairs);
        assert_eq!(
            text,
            "continuation-token=t%2B%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=bill%20data%2F"
        );
        assert_eq!(query("", None).len(), 3);
    }
}
