//! Where a bucket lives, and how a request to it is signed.
//! <https://www.alibabacloud.com/help/en/oss/user-guide/regions-and-endpoints>

use crate::credentials::Keys;
use crate::exit::{Failure, fail};
use crate::http::{self, Call, is_label};
use crate::sign::{oss4, percent_encode_path};
use anyhow::Result;
use chrono::Utc;
use std::net::IpAddr;

/// A bucket and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    /// Its name.
    pub(super) name: String,
    /// `cn-hangzhou`: a signature is bound to it.
    pub(super) region: String,
    /// The URL before the key, without a slash at its end.
    base: String,
}

impl Bucket {
    /// `region` is `--region`; `endpoint` is the base URL of OSS, where one is given.
    pub(super) fn new(name: &str, region: Option<&str>, endpoint: Option<&str>) -> Result<Self> {
        let refuse = |message: String| fail(Failure::Usage, message);
        if !is_bucket_name(name) {
            return Err(refuse(format!(
                "--bucket {name:?} is no bucket's name: 3 to 63 characters of a-z, 0-9 and -"
            )));
        }
        let region = region.map(|region| region.strip_prefix("oss-").unwrap_or(region));
        if let Some(region) = region.filter(|region| !is_label(region)) {
            return Err(refuse(format!("--region {region:?} is no region, such as cn-hangzhou")));
        }
        let region =
            region.or_else(|| region_of(http::host(endpoint?), name)).ok_or_else(|| {
                refuse(
                    "the bucket's region is not known: give --region, such as cn-hangzhou, \
                 or an --endpoint that names it, such as oss-cn-hangzhou.aliyuncs.com"
                        .into(),
                )
            })?;
        let (region, name) = (region.to_owned(), name.to_owned());
        let default = format!("https://oss-{region}.aliyuncs.com");
        let base = hosted(endpoint.unwrap_or(&default), &name);
        Ok(Self { name, region, base })
    }

    /// Host and port, for messages.
    pub(super) fn host(&self) -> &str {
        http::host_and_port(&self.base)
    }

    /// A signed request for the bucket itself, or for an object in it. Neither `Range` nor `If-Match` is signed.
    pub(super) fn get(
        &self,
        key: Option<&str>,
        query: &[(String, String)],
        headers: &[(&str, &str)],
        keys: &Keys,
    ) -> Call {
        let signed = oss4::sign(
            &oss4::Request {
                method: "GET",
                bucket: Some(&self.name),
                key,
                query,
                headers,
                region: &self.region,
            },
            keys,
            Utc::now(),
        );
        let path = percent_encode_path(key.unwrap_or_default());
        let mut url = format!("{}/{path}", self.base);
        if !query.is_empty() {
            url.push('?');
            url.push_str(&oss4::query_string(query));
        }
        let call = Call::new("GET", url).headers(signed);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value))
    }
}

/// The endpoint with the bucket in it: before the host, or in the path where the host is this machine or a bare
/// address, which can have no name before it.
fn hosted(endpoint: &str, bucket: &str) -> String {
    let host = http::host(endpoint);
    if http::is_loopback(endpoint) || host.parse::<IpAddr>().is_ok() {
        return format!("{endpoint}/{bucket}");
    }
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let named = host.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('.'));
    if named { endpoint.to_owned() } else { format!("{scheme}://{bucket}.{rest}") }
}

/// The region that a host of OSS names: `oss-cn-hangzhou.aliyuncs.com`, with `-internal` in a VPC, and with the
/// bucket in front or not. The host of the transfer acceleration names none.
fn region_of<'a>(host: &'a str, bucket: &str) -> Option<&'a str> {
    let host = host.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('.')).unwrap_or(host);
    let label = host.split('.').next()?.strip_prefix("oss-")?;
    let region = label.strip_suffix("-internal").unwrap_or(label);
    (is_label(region) && !region.starts_with("accelerate")).then_some(region)
}

/// The region that an `<Endpoint>` in an answer names.
pub(super) fn region_in_answer(endpoint: &str) -> Option<&str> {
    region_of(endpoint, "")
}

/// <https://www.alibabacloud.com/help/en/oss/user-guide/bucket-naming-conventions>
pub(crate) fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len()) && is_label(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;
    use crate::secret::Secret;

    #[test]
    fn where_a_bucket_lives() {
        let table = [
            (
                Some("cn-hangzhou"),
                None,
                "cn-hangzhou",
                "https://bills.oss-cn-hangzhou.aliyuncs.com",
            ),
            (
                Some("oss-cn-beijing"),
                None,
                "cn-beijing",
                "https://bills.oss-cn-beijing.aliyuncs.com",
            ),
            (
                None,
                Some("https://oss-cn-hangzhou-internal.aliyuncs.com"),
                "cn-hangzhou",
                "https://bills.oss-cn-hangzhou-internal.aliyuncs.com",
            ),
            (
                None,
                Some("https://bills.oss-ap-southeast-1.aliyuncs.com"),
                "ap-southeast-1",
                "https://bills.oss-ap-southeast-1.aliyuncs.com",
            ),
            (
                Some("cn-hangzhou"),
                Some("https://oss-accelerate.aliyuncs.com"),
                "cn-hangzhou",
                "https://bills.oss-accelerate.aliyuncs.com",
            ),
            (
                Some("cn-hangzhou"),
                Some("http://127.0.0.1:4100"),
                "cn-hangzhou",
                "http://127.0.0.1:4100/bills",
            ),
            (
                Some("eu-1"),
                Some("https://[2001:db8::1]:9"),
                "eu-1",
                "https://[2001:db8::1]:9/bills",
            ),
            (Some("eu-1"), Some("https://192.0.2.7"), "eu-1", "https://192.0.2.7/bills"),
            (Some("eu-1"), Some("http://localhost:9"), "eu-1", "http://localhost:9/bills"),
            (
                Some("eu-1"),
                Some("https://store.example:8443"),
                "eu-1",
                "https://bills.store.example:8443",
            ),
        ];
        for (region, endpoint, expected, base) in table {
            let bucket = Bucket::new("bills", region, endpoint).unwrap();
            assert_eq!((bucket.region.as_str(), bucket.base.as_str()), (expected, base));
        }
    }

    #[test]
    fn what_cannot_be_a_bucket_is_refused() {
        let long = "a".repeat(64);
        for name in ["", "ab", "Bills", "a.b", "a/b", "-bills", "bills-", "bills@evil", &long] {
            let error = Bucket::new(name, Some("cn-hangzhou"), None).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Usage, "{name}");
        }
        for (region, endpoint) in [
            (None, None),
            (Some("cn hangzhou"), None),
            (Some(""), None),
            (None, Some("https://oss-accelerate.aliyuncs.com")),
            (None, Some("https://store.example")),
            (None, Some("http://127.0.0.1:4100")),
        ] {
            let error = Bucket::new("bills", region, endpoint).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Usage, "{region:?} {endpoint:?}");
            assert!(error.to_string().contains("region"), "{error}");
        }
    }

    #[test]
    fn a_key_is_encoded_once_and_signed_as_it_is() {
        let keys = Keys {
            access_key_id: "id".into(),
            secret_access_key: Secret::new("secret"),
            session_token: Some(Secret::new("token")),
        };
        let bucket = Bucket::new("bills", Some("cn-hangzhou"), Some("http://127.0.0.1:1")).unwrap();
        let query = [("prefix".to_owned(), "a b/云".to_owned()), ("x".to_owned(), String::new())];
        let call = bucket.get(Some("a b/云+%.zip"), &query, &[("range", "bytes=5-")], &keys);
        assert_eq!(
            call.url,
            "http://127.0.0.1:1/bills/a%20b/%E4%BA%91%2B%25.zip?prefix=a%20b%2F%E4%BA%91&x"
        );
        let header = |name: &str| call.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        assert_eq!(header("range").unwrap(), "bytes=5-");
        assert_eq!(header("x-oss-security-token").unwrap(), "token");
        assert!(header("authorization").unwrap().starts_with("OSS4-HMAC-SHA256 Credential=id/"));
        assert_eq!(bucket.get(None, &[], &[], &keys).url, "http://127.0.0.1:1/bills/");
    }
}
