//! What the pages of every API need: their rows made events, an end, and the proof that none is missing.

use crate::config::Settings;
use crate::event::{Batch, Envelope, Row};
use crate::exit::{Failure, fail};
use crate::identity::Ordinals;
use crate::journal::with_scope;
use crate::report::plural;
use anyhow::Result;
use chrono::Utc;
use std::collections::HashSet;

/// Turns the rows of one page into events. One for a pull: it tells identical rows apart.
pub(crate) struct Renderer {
    source: &'static str,
    kind: String,
    extensions: Vec<(String, String)>,
    ordinals: Option<Ordinals>,
}

impl Renderer {
    /// `scope` is [`Cloud::scope`]; `unique` says that no two rows of the answer can be identical, so that none needs to be remembered.
    pub(crate) fn new(
        source: &'static str,
        kind: String,
        settings: &Settings,
        scope: &str,
        unique: bool,
    ) -> Self {
        let extensions = with_scope(&settings.extensions, scope);
        Self { source, kind, extensions, ordinals: (!unique).then(Ordinals::default) }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(source: &'static str, kind: &str, ordinals: Ordinals) -> Self {
        Self { source, kind: kind.into(), extensions: Vec::new(), ordinals: Some(ordinals) }
    }

    /// The page's events, pulled now.
    pub(crate) fn page(&mut self, rows: &[Row]) -> Result<Batch> {
        let mut batch =
            Batch::new(Envelope::new(self.source, &self.kind, Utc::now(), &self.extensions)?);
        for row in rows {
            batch.push(row);
            row.amounts.iter().try_for_each(|amount| batch.sums.add(amount))?;
        }
        if let Some(ordinals) = &mut self.ordinals {
            for at in 0..batch.len() {
                let ordinal = ordinals.next(batch.events[at].base);
                if ordinal > 0 {
                    batch.set_id(at, ordinal, None);
                }
            }
        }
        Ok(batch)
    }
}

/// Walks pages by an opaque token until there is none, with its guards: a token that comes again would go round
/// for ever, and no bill has this many pages. `what` names the request in messages.
pub(crate) fn paginate(
    what: &str,
    mut page: impl FnMut(u32, Option<&str>) -> Result<Option<String>>,
) -> Result<()> {
    const MOST: u32 = 100_000;
    let mut seen = HashSet::new();
    let mut token: Option<String> = None;
    for number in 1..=MOST {
        token = page(number, token.as_deref())?.filter(|token| !token.is_empty());
        match &token {
            None => return Ok(()),
            // The hash is enough: tokens are long, and a pull may have many pages.
            Some(token) if !seen.insert(blake3::hash(token.as_bytes())) => {
                return Err(fail(
                    Failure::Unavailable,
                    format!(
                        "{what}: page {number} names a page token that came before: the bill is not whole; try again"
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    Err(fail(Failure::Unavailable, format!("{what}: the bill does not end after {MOST} pages")))
}

/// Fails unless as many rows were read as the API says there are.
pub(crate) fn ensure_whole(what: &str, read: u64, total: u64) -> Result<()> {
    if read == total {
        return Ok(());
    }
    Err(fail(
        Failure::Unavailable,
        format!(
            "{what}: {} read, but the service counts {total}: the bill is not whole; try again",
            plural(read, "row")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::kind_of;

    #[test]
    fn pages_end() {
        let mut asked = Vec::new();
        let answers = ["b", "c", ""];
        paginate("it", |number, token| {
            asked.push(token.map(str::to_owned));
            Ok(answers.get(number as usize - 1).map(|t| (*t).to_owned()))
        })
        .unwrap();
        assert_eq!(asked, [None, Some("b".to_owned()), Some("c".to_owned())]);
    }

    #[test]
    fn a_token_that_repeats_ends_the_run() {
        let answers = ["b", "c", "b"];
        let error = paginate("it", |number, _| {
            Ok(answers.get(number as usize - 1).map(|t| (*t).to_owned()))
        });
        let error = error.unwrap_err();
        assert_eq!(kind_of(&error), Failure::Unavailable);
        assert!(error.to_string().starts_with("it: page 3 "), "{error}");
    }
}
