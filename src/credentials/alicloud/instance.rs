//! The role of an ECS instance, by its metadata service in hardened mode.
//! <https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata>

use crate::credentials::Credentials;
use crate::credentials::chain::Found;
use crate::credentials::machine::Machine;
use crate::credentials::metadata::{Metadata, Names, address};
use anyhow::Result;

const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
/// The name of the role, which saves the question.
const ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
/// Where the service is: for tests, and for what stands in for it.
const ENDPOINT: &str = "ALIBABA_CLOUD_ECS_METADATA_ENDPOINT";
const NAMES: Names = Names {
    seconds: "x-aliyun-ecs-metadata-token-ttl-seconds",
    token: "x-aliyun-ecs-metadata-token",
    roles: "/latest/meta-data/ram/security-credentials/",
    advice: "elsewhere than on ECS, set ALIBABA_CLOUD_ECS_METADATA_DISABLED=true",
};

/// The credentials of the instance's role.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    find_role(machine, machine.env.get(ROLE))
}

/// The same for `role`, or for whatever role the instance has.
pub(super) fn find_role(machine: &Machine<'_>, role: Option<&str>) -> Result<Found> {
    if machine.env.is_true(DISABLED) {
        return Ok(Found::NotHere(format!("switched off by {DISABLED}")));
    }
    let url = address(ENDPOINT, machine.env.get(ENDPOINT), "http://100.100.100.200")?;
    let service = match Metadata::open(machine, &NAMES, &url)? {
        Ok(service) => service,
        Err(reason) => return Ok(Found::NotHere(reason)),
    };
    let role = match role {
        Some(role) => Some(role.to_owned()),
        None => service.role()?,
    };
    let Some(role) = role else {
        return Ok(Found::NotHere("the instance has no role".to_owned()));
    };
    let (keys, origin) = service.keys(&role)?;
    Ok(Found::Here(Credentials { keys, account: None, region: None, origin }))
}
