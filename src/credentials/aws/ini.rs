//! The syntax of the shared `config` and `credentials` files.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::BTreeMap;

/// A `[section]` with its settings, names in lower case.
#[derive(Default)]
pub(super) struct Section {
    /// What stands between the brackets.
    pub(super) title: String,
    pub(super) settings: BTreeMap<String, String>,
}

/// The sections of `text` in their order. The error says the line and what is wrong with it, never the line
/// itself: it may hold a key.
pub(super) fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    // How far the last setting is indented: a line further in belongs to its value.
    let mut indent: Option<usize> = None;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what: &str| Err(format!("line {number} {what}"));
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        if indent.is_some_and(|indent| depth > indent) {
            // Nested settings, such as those of `s3 =`: none of them is for us.
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let Some((title, _)) = rest.split_once(']') else {
                return wrong("opens a section with [ and does not close it with ]");
            };
            sections.push(Section { title: title.trim().to_owned(), ..Section::default() });
            indent = None;
            continue;
        }
        let Some((name, value)) = content.split_once(['=', ':']) else {
            return wrong("is neither a [section] nor name = value");
        };
        let Some(section) = sections.last_mut() else {
            return wrong("stands before the first [section]");
        };
        indent = Some(depth);
        let name = name.trim_end().to_ascii_lowercase();
        section.settings.insert(name, without_comment(value.trim()).to_owned());
    }
    Ok(sections)
}

/// A comment may follow a value, after white space: `#` and `;` alone are part of many a URL. Between quotes they
/// are part of a command.
fn without_comment(value: &str) -> &str {
    let even = |before: &str, quote| before.matches(quote).count() % 2 == 0;
    let begins = |before: &&str| {
        let apart = before.is_empty() || before.ends_with([' ', '\t']);
        apart && even(before, '"') && even(before, '\'')
    };
    let mut before = value.match_indices(['#', ';']).map(|(at, _)| &value[..at]);
    before.find(begins).map_or(value, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<String> {
        let mut flat = Vec::new();
        for section in sections(text).unwrap() {
            flat.push(format!("[{}]", section.title));
            flat.extend(section.settings.iter().map(|(name, value)| format!("{name}={value}")));
        }
        flat
    }

    #[test]
    fn sections_and_settings() {
        let cases: [(&str, &[&str]); 10] = [
            ("", &[]),
            (
                "# note\n; note\n\n[default]\nregion = eu-west-1\n",
                &["[default]", "region=eu-west-1"],
            ),
            ("\u{feff}[ profile  a ] # note\r\nRegion=x\r\n", &["[profile  a]", "region=x"]),
            (
                "[a]\nurl = https://x/start#/\nb = v # note\nc = v ; note\nd =\ne = # note\n",
                &["[a]", "b=v", "c=v", "d=", "e=", "url=https://x/start#/"],
            ),
            (
                "[a]\nrole_arn = arn:aws:iam::1:role/x\nkey: y=z\n",
                &["[a]", "key=y=z", "role_arn=arn:aws:iam::1:role/x"],
            ),
            ("[a]\ns3 =\n  region = no\n  max = 1\nb = 2\n", &["[a]", "b=2", "s3="]),
            ("[a]\n  b = 1\n  c = 2\n[d]\n\te = 3\n", &["[a]", "b=1", "c=2", "[d]", "e=3"]),
            ("[a]\nb = 1\n  # note\n[a]\nb = 2", &["[a]", "b=1", "[a]", "b=2"]),
            ("[a]\nkey = ab==\n", &["[a]", "key=ab=="]),
            ("[a]\nrun = sh -c \"a ; b\" '# c' ; note\n", &["[a]", "run=sh -c \"a ; b\" '# c'"]),
        ];
        for (text, expected) in cases {
            assert_eq!(flat(text), expected, "{text}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_does_not_show_it() {
        let cases = [
            ("[a]\n\nhush\n", "line 3 is neither"),
            ("hush = 1\n", "line 1 stands before"),
            ("[a]\n[hush\n", "line 2 opens a section"),
        ];
        for (text, reason) in cases {
            let error = sections(text).err().unwrap();
            assert!(error.starts_with(reason) && !error.contains("hush"), "{error}");
        }
    }
}
