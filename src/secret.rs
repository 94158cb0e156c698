//! A value that must not be shown: no `Display`, and `Debug` says `(redacted)`.

use std::fmt;

/// A key, a token or a password. The only way to its text is [`Secret::expose`], so that every place
/// which lets it out can be found by that name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`. White space around it is an accident of the file it came from.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let trimmed = text.trim();
        if trimmed.len() == text.len() { Self(text) } else { Self(trimmed.to_owned()) }
    }

    /// The text itself: for a signature or a header, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_hides_the_text() {
        let secret = Secret::new(" wJalrXUtnFEMI\n");
        assert_eq!(secret.expose(), "wJalrXUtnFEMI");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)),
            "(redacted) Some(\n    (redacted),\n)"
        );
    }
}
