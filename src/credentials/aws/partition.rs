//! AWS partitions: separate clouds with their own accounts, hosts and bills. A region of the user's selects only
//! the partition; Cost Explorer lives in one region of each.
//! <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>

use crate::credentials::Credentials;
use crate::env::Env;
use crate::exit::{Failure, fail};
use anyhow::Result;

/// A partition, as the endpoint rules of the AWS SDKs know it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// As in an ARN: `aws`, `aws-cn`.
    pub(crate) id: &'static str,
    /// What its regions begin with.
    prefix: &'static str,
    /// What the hosts of its regional services end in.
    pub(crate) dns_suffix: &'static str,
    /// Where its Cost Explorer is, and so the region in the scope of a signature.
    pub(crate) billing_region: &'static str,
    /// The host of its Cost Explorer.
    pub(crate) billing_host: &'static str,
}

const fn partition(
    id: &'static str,
    prefix: &'static str,
    dns_suffix: &'static str,
    billing_region: &'static str,
    billing_host: &'static str,
) -> Partition {
    Partition { id, prefix, dns_suffix, billing_region, billing_host }
}

/// Every region that belongs to none of [`OTHERS`], those of the future too.
static AWS: Partition =
    partition("aws", "", "amazonaws.com", "us-east-1", "ce.us-east-1.amazonaws.com");

static OTHERS: [Partition; 7] = [
    partition(
        "aws-cn",
        "cn-",
        "amazonaws.com.cn",
        "cn-northwest-1",
        "ce.cn-northwest-1.amazonaws.com.cn",
    ),
    partition(
        "aws-us-gov",
        "us-gov-",
        "amazonaws.com",
        "us-gov-west-1",
        "ce.us-gov-west-1.amazonaws.com",
    ),
    partition(
        "aws-eusc",
        "eusc-",
        "amazonaws.eu",
        "eusc-de-east-1",
        "ce.eusc-de-east-1.api.amazonwebservices.eu",
    ),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1", "ce.us-iso-east-1.c2s.ic.gov"),
    partition(
        "aws-iso-b",
        "us-isob-",
        "sc2s.sgov.gov",
        "us-isob-east-1",
        "ce.us-isob-east-1.sc2s.sgov.gov",
    ),
    partition(
        "aws-iso-e",
        "eu-isoe-",
        "cloud.adc-e.uk",
        "eu-isoe-west-1",
        "ce.eu-isoe-west-1.cloud.adc-e.uk",
    ),
    partition(
        "aws-iso-f",
        "us-isof-",
        "csp.hci.ic.gov",
        "us-isof-south-1",
        "ce.us-isof-south-1.csp.hci.ic.gov",
    ),
];

/// The partition of a region.
pub(crate) fn of_region(region: &str) -> &'static Partition {
    OTHERS.iter().find(|known| region.starts_with(known.prefix)).unwrap_or(&AWS)
}

/// The partition that an ARN names, if it is one of an AWS resource.
pub(crate) fn of_arn(arn: &str) -> Option<&'static Partition> {
    let mut parts = arn.split(':');
    if parts.next() != Some("arn") {
        return None;
    }
    let id = parts.next()?;
    std::iter::once(&AWS).chain(&OTHERS).find(|known| known.id == id)
}

/// The partition whose bill is pulled: that of the region in the environment, else of the one that came with
/// the credentials, else the one that everybody means.
pub(crate) fn chosen(env: &Env, credentials: Option<&Credentials>) -> &'static Partition {
    let named = credentials.and_then(|credentials| credentials.region.as_deref());
    from_environment(env).or(named).map_or(&AWS, of_region)
}

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> Option<String> {
    if !arn.starts_with("arn:") {
        return None;
    }
    arn.split(':').nth(4).and_then(account)
}

/// An account id: twelve digits, else it names no account.
pub(super) fn account(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

fn from_environment(env: &Env) -> Option<&str> {
    env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION"))
}

/// The region of a regional service: the environment's, else `named` (a profile's), else the first region of
/// the role's partition, so that a role in China needs no region set.
pub(super) fn region(env: &Env, named: Option<&str>, role_arn: &str) -> Result<String> {
    let region = from_environment(env)
        .or(named)
        .unwrap_or_else(|| of_arn(role_arn).unwrap_or(&AWS).billing_region);
    checked(region).map(str::to_owned)
}

/// A region becomes part of a host name.
pub(super) fn checked(region: &str) -> Result<&str> {
    if crate::http::is_label(region) {
        return Ok(region);
    }
    Err(fail(Failure::Usage, format!("{region:?} is no AWS region: it looks like eu-west-1")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    #[test]
    fn a_region_selects_the_partition() {
        let cases = [
            ("eu-west-1", "aws", "us-east-1", "ce.us-east-1.amazonaws.com"),
            ("xx-future-9", "aws", "us-east-1", "ce.us-east-1.amazonaws.com"),
            ("cn-north-1", "aws-cn", "cn-northwest-1", "ce.cn-northwest-1.amazonaws.com.cn"),
            ("us-gov-east-1", "aws-us-gov", "us-gov-west-1", "ce.us-gov-west-1.amazonaws.com"),
            (
                "eusc-de-east-1",
                "aws-eusc",
                "eusc-de-east-1",
                "ce.eusc-de-east-1.api.amazonwebservices.eu",
            ),
            ("us-iso-west-1", "aws-iso", "us-iso-east-1", "ce.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "us-isob-east-1", "ce.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "eu-isoe-west-1", "ce.eu-isoe-west-1.cloud.adc-e.uk"),
            (
                "us-isof-south-1",
                "aws-iso-f",
                "us-isof-south-1",
                "ce.us-isof-south-1.csp.hci.ic.gov",
            ),
        ];
        for (region, id, billing_region, host) in cases {
            let found = of_region(region);
            assert_eq!(
                (found.id, found.billing_region, found.billing_host),
                (id, billing_region, host)
            );
            assert!(found.billing_host.contains(found.billing_region), "{region}");
        }
    }

    #[test]
    fn an_arn_says_partition_and_account() {
        let cases = [
            ("arn:aws:iam::111122223333:role/x", Some("aws"), Some("111122223333")),
            ("arn:aws-cn:iam::999988887777:role/a/b", Some("aws-cn"), Some("999988887777")),
            ("arn:other:iam::111122223333:role/x", None, Some("111122223333")),
            ("arn:aws:iam::42:role/x", Some("aws"), None),
            ("role/x", None, None),
            ("", None, None),
        ];
        for (arn, id, account) in cases {
            assert_eq!(of_arn(arn).map(|found| found.id), id, "{arn}");
            assert_eq!(account_of(arn).as_deref(), account, "{arn}");
        }
    }

    #[test]
    fn the_region_of_a_service() {
        let role = "arn:aws-cn:iam::111122223333:role/x";
        let both = Env::from([("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-central-1")]);
        let second = Env::from([("AWS_DEFAULT_REGION", "eu-central-1")]);
        let cases = [
            (&both, Some("sa-east-1"), "eu-west-1"),
            (&second, Some("sa-east-1"), "eu-central-1"),
            (&Env::default(), Some("sa-east-1"), "sa-east-1"),
            (&Env::default(), None, "cn-northwest-1"),
        ];
        for (env, named, expected) in cases {
            assert_eq!(region(env, named, role).unwrap(), expected);
        }
        assert_eq!(region(&Env::default(), None, "").unwrap(), "us-east-1");
        for bad in ["evil.example/", "a b", "US-EAST-1", "x@y"] {
            assert_eq!(kind_of(&checked(bad).unwrap_err()), Failure::Usage, "{bad}");
        }
    }
}
