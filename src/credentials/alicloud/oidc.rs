//! A role assumed with a token that the platform keeps in a file: ACK service accounts (RRSA).
//! <https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/use-rrsa-to-authorize-pods-to-access-different-cloud-services>

use super::sts::{Role, Sts};
use crate::credentials::chain::Found;
use crate::credentials::machine::{Machine, token_from};
use crate::credentials::refuse;
use anyhow::{Context, Result};

const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// The role and token that the environment names. The role's variable has other uses too; the two others have not.
pub(super) fn find(machine: &Machine<'_>) -> Result<Found> {
    let env = machine.env;
    let (role, provider, file) = match (env.get(ROLE), env.get(PROVIDER), env.get(FILE)) {
        (Some(role), Some(provider), Some(file)) => (role, provider, file),
        (_, None, None) => return Ok(Found::NotHere(format!("{FILE} is not set"))),
        set => {
            let names = [(ROLE, set.0), (PROVIDER, set.1), (FILE, set.2)];
            let missing: Vec<&str> =
                names.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
            let known = if set.2.is_some() { FILE } else { PROVIDER };
            let message = format!("{known} is set without {}", missing.join(" and "));
            return Err(refuse(message));
        }
    };
    let token = token_from(env, file, FILE)?;
    let role = Role {
        arn: role,
        session_name: env.get("ALIBABA_CLOUD_ROLE_SESSION_NAME"),
        external_id: None,
        duration: None,
    };
    let origin = format!("OIDC role {}", role.arn);
    let keys = Sts::new(machine, None)?
        .assume_role_with_oidc(&role, provider, &token)
        .with_context(|| origin.clone())?;
    Ok(Found::Here(role.credentials(keys, origin)))
}
