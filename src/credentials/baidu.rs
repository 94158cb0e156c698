//! Where keys for Baidu AI Cloud come from: the vendor's SDKs read no environment and no file, so these are the
//! names that their samples and the Terraform provider use.
//! <https://registry.terraform.io/providers/baidubce/baiducloud/latest/docs>

use super::Credentials;
use super::chain::{Chain, Found};
use super::environment::{self, Names};
use crate::config::KeyFile;
use crate::env::Env;
use crate::report::Report;
use anyhow::Result;

const SAMPLES: Names =
    Names { id: "BCE_ACCESS_KEY_ID", secret: "BCE_SECRET_ACCESS_KEY", token: "BCE_SESSION_TOKEN" };
const TERRAFORM: Names = Names {
    id: "BAIDUCLOUD_ACCESS_KEY",
    secret: "BAIDUCLOUD_SECRET_KEY",
    token: "BAIDUCLOUD_SESSION_TOKEN",
};

/// Finds credentials: a secret file that was named, the environment, the default secret file. The error lists
/// every place that was looked at.
pub(crate) fn find(report: &Report, env: &Env, file: Option<&KeyFile>) -> Result<Credentials> {
    if let Some(file) = file.filter(|file| file.explicit) {
        return of_file(file);
    }
    let mut chain = Chain::new(report, "Baidu AI Cloud");
    for names in [SAMPLES, TERRAFORM] {
        if let Some(found) = chain.take("environment", environment::find(env, &names)?) {
            return Ok(found);
        }
    }
    let found = match file {
        Some(file) => Found::Here(of_file(file)?),
        None => Found::NotHere("none with keys".to_owned()),
    };
    chain.take("secret file", found).ok_or_else(|| {
        chain.nothing("set BCE_ACCESS_KEY_ID and BCE_SECRET_ACCESS_KEY, or name a --secret file")
    })
}

fn of_file(file: &KeyFile) -> Result<Credentials> {
    Credentials::of(file.keys.clone(), &*file.origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Keys;
    use crate::exit::{Failure, kind_of};
    use crate::report::{Level, LogFormat};
    use crate::secret::Secret;

    fn file(explicit: bool) -> KeyFile {
        let keys = Keys {
            access_key_id: "of-file".into(),
            secret_access_key: Secret::new("hush"),
            session_token: None,
        };
        KeyFile { keys, origin: "secret.yml".into(), explicit }
    }

    fn found(env: &Env, file: Option<&KeyFile>) -> Result<(String, String)> {
        let report = Report::new(Level::Quiet, LogFormat::Text, false);
        let found = find(&report, env, file)?;
        Ok((found.keys.access_key_id, found.origin))
    }

    #[test]
    fn a_named_file_then_the_environment_then_the_default_file() {
        let samples = [("BCE_ACCESS_KEY_ID", "bce"), ("BCE_SECRET_ACCESS_KEY", "s")];
        let terraform = [("BAIDUCLOUD_ACCESS_KEY", "tf"), ("BAIDUCLOUD_SECRET_KEY", "s")];
        let both = || [samples, terraform].concat();
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Env>()
        };
        let table = [
            (both(), Some(file(true)), "of-file", "secret.yml"),
            (both(), Some(file(false)), "bce", "environment (BCE_ACCESS_KEY_ID)"),
            (terraform.to_vec(), Some(file(false)), "tf", "environment (BAIDUCLOUD_ACCESS_KEY)"),
            (Vec::new(), Some(file(false)), "of-file", "secret.yml"),
        ];
        for (pairs, file, id, origin) in table {
            let found = found(&env(&pairs), file.as_ref()).unwrap();
            assert_eq!(found, (id.to_owned(), origin.to_owned()));
        }
    }

    #[test]
    fn half_a_pair_is_an_error_whatever_comes_after_it() {
        for half in ["BCE_ACCESS_KEY_ID", "BCE_SECRET_ACCESS_KEY", "BAIDUCLOUD_SECRET_KEY"] {
            let error = found(&Env::from([(half, "x")]), Some(&file(false))).unwrap_err();
            assert_eq!(kind_of(&error), Failure::Credentials);
            assert!(error.to_string().contains(half), "{error}");
        }
    }

    #[test]
    fn the_error_lists_every_place() {
        let error = found(&Env::default(), None).unwrap_err();
        assert_eq!(kind_of(&error), Failure::Credentials);
        assert_eq!(
            error.to_string(),
            "no Baidu AI Cloud credentials found; looked at environment (BCE_ACCESS_KEY_ID is not set); \
             environment (BAIDUCLOUD_ACCESS_KEY is not set); secret file (none with keys): \
             set BCE_ACCESS_KEY_ID and BCE_SECRET_ACCESS_KEY, or name a --secret file"
        );
    }
}
