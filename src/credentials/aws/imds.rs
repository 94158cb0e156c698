//! The metadata service of an EC2 instance, version 2.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>

use super::{Found, Machine, partition};
use crate::credentials::Credentials;
use crate::credentials::metadata::{self, Metadata, Names};
use crate::env::Env;
use crate::http::Answer;
use anyhow::Result;
use reqwest::Url;
use serde::Deserialize;

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const NAMES: Names = Names {
    seconds: "x-aws-ec2-metadata-token-ttl-seconds",
    token: "x-aws-ec2-metadata-token",
    roles: "/latest/meta-data/iam/security-credentials/",
    // The answer may travel one network hop by default, which a container's bridge takes.
    advice: "in a container, set the instance's HttpPutResponseHopLimit to 2; \
             elsewhere, set AWS_EC2_METADATA_DISABLED=true",
};

/// The credentials of the instance's role.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    if machine.env.is_true(DISABLED) {
        return Ok(Found::NotHere(format!("switched off by {DISABLED}")));
    }
    let service = match Metadata::open(machine, &NAMES, &address(machine.env)?)? {
        Ok(service) => service,
        Err(reason) => return Ok(Found::NotHere(reason)),
    };
    let Some(role) = service.role()? else {
        return Ok(Found::NotHere("the instance has no role".to_owned()));
    };
    let (keys, origin) = service.keys(&role)?;
    // Says the account; whoever gives no answer here keeps nothing from working.
    let info = service.get("info", "/latest/meta-data/iam/info");
    let arn = info.ok().and_then(|answer| profile_arn(&answer)).unwrap_or_default();
    Ok(Found::Here(Credentials {
        keys,
        account: partition::account_of(&arn),
        region: partition::of_arn(&arn).map(|found| found.billing_region.to_owned()),
        origin,
    }))
}

/// The service's URL.
fn address(env: &Env) -> Result<Url> {
    let mode = env.get(MODE).unwrap_or_default();
    let own = if mode.eq_ignore_ascii_case("ipv6") {
        "http://[fd00:ec2::254]"
    } else {
        "http://169.254.169.254"
    };
    metadata::address(ENDPOINT, env.get(ENDPOINT), own)
}

fn profile_arn(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Info {
        #[serde(rename = "InstanceProfileArn")]
        arn: String,
    }
    let info: Info = serde_json::from_slice(&answer.body).ok()?;
    Some(info.arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is() {
        let cases = [
            ("", "", "http://169.254.169.254/"),
            ("", "IPv4", "http://169.254.169.254/"),
            ("", "IPv6", "http://[fd00:ec2::254]/"),
            ("http://127.0.0.1:1338/base", "IPv6", "http://127.0.0.1:1338/base"),
        ];
        for (endpoint, mode, url) in cases {
            let env = Env::from([(ENDPOINT, endpoint), (MODE, mode)]);
            assert_eq!(address(&env).unwrap().as_str(), url);
        }
    }
}
