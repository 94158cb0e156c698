//! A command line split into words as a POSIX shell would, without a shell: no expansion of any kind.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

/// The words of `line`, or why it has none.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    // `None` between words: an empty pair of quotes is a word too.
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match c {
            '\'' => loop {
                match rest.next().ok_or(UNCLOSED)? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match rest.next().ok_or(UNCLOSED)? {
                    '"' => break,
                    '\\' => {
                        let c = rest.next().ok_or(UNCLOSED)?;
                        // Between double quotes a backslash escapes only what would mean something there.
                        if !matches!(c, '"' | '\\' | '$' | '`') {
                            word.push('\\');
                        }
                        word.push(c);
                    }
                    c => word.push(c),
                }
            },
            '\\' => word.push(rest.next().ok_or("a backslash at its end")?),
            c => word.push(c),
        }
    }
    words.extend(word);
    if words.is_empty() { Err("it is empty") } else { Ok(words) }
}

const UNCLOSED: &str = "a quote that is not closed";

#[cfg(test)]
mod tests {
    use super::{UNCLOSED, split};

    #[test]
    fn words_are_those_of_a_shell() {
        let cases: [(&str, &[&str]); 9] = [
            ("/opt/bin/get --account 1", &["/opt/bin/get", "--account", "1"]),
            ("  a\t b  ", &["a", "b"]),
            (
                r#""/path with/spaces" 'single "quoted"'"#,
                &["/path with/spaces", "single \"quoted\""],
            ),
            (r#"a\ b "c\"d" "e\f" "\\""#, &["a b", "c\"d", "e\\f", "\\"]),
            (r"'no \ escape'", &[r"no \ escape"]),
            ("one'two'\"three\"", &["onetwothree"]),
            ("a '' \"\"", &["a", "", ""]),
            ("get $HOME ~ * ; rm", &["get", "$HOME", "~", "*", ";", "rm"]),
            ("printf '{\"Version\": 1}'", &["printf", "{\"Version\": 1}"]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_command_line() {
        let cases = [
            ("", "it is empty"),
            (" \t", "it is empty"),
            ("a 'b", UNCLOSED),
            ("a \"b", UNCLOSED),
            ("a \"b\\", UNCLOSED),
            ("a\\", "a backslash at its end"),
        ];
        for (line, reason) in cases {
            assert_eq!(split(line), Err(reason), "{line}");
        }
    }
}
