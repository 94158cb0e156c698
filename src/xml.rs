//! The small XML documents that object stores and token services answer with, read whole into a tree. No general
//! parser: no attributes, no namespaces, no document type; what cannot be followed to its end is an error.

/// Nothing that these services send is nested deeper.
const DEEPEST: usize = 32;

/// One element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name, without a namespace.
    pub(crate) name: String,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// The root element of a document.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, String> {
        let document = std::str::from_utf8(document).map_err(|_| "it is not UTF-8")?;
        let mut rest = document.trim_start_matches('\u{feff}');
        // Elements that are open, below a root of our own.
        let mut open = vec![Self::default()];
        while let Some((text, markup)) = rest.split_once('<') {
            let top = open.last_mut().ok_or(UNBALANCED)?;
            top.text.push_str(&decoded(text)?);
            rest = if let Some(comment) = markup.strip_prefix("!--") {
                comment.split_once("-->").ok_or(CUT)?.1
            } else if let Some(raw) = markup.strip_prefix("![CDATA[") {
                let (raw, after) = raw.split_once("]]>").ok_or(CUT)?;
                top.text.push_str(raw);
                after
            } else {
                let (tag, after) = markup.split_once('>').ok_or(CUT)?;
                if let Some(closed) = tag.strip_prefix('/') {
                    let element = open.pop().filter(|element| element.name == local_name(closed));
                    let parent = open.last_mut().ok_or(UNBALANCED)?;
                    parent.children.push(element.ok_or(UNBALANCED)?);
                } else if let Some(empty) = tag.strip_suffix('/') {
                    top.children.push(Self::named(empty)?);
                } else if !tag.starts_with(['?', '!']) {
                    open.push(Self::named(tag)?);
                }
                after
            };
            if open.len() > DEEPEST {
                return Err(format!("elements are nested more than {DEEPEST} deep"));
            }
        }
        let top = open.pop().filter(|_| open.is_empty()).ok_or(CUT)?;
        let stray = !top.text.trim().is_empty() || !rest.trim().is_empty();
        match <[Self; 1]>::try_from(top.children) {
            Ok([root]) if !stray => Ok(root),
            _ => Err("it is not one element".to_owned()),
        }
    }

    fn named(tag: &str) -> Result<Self, String> {
        let name = local_name(tag);
        if name.is_empty() {
            return Err("an element has no name".to_owned());
        }
        Ok(Self { name: name.to_owned(), ..Self::default() })
    }

    /// The children of this name.
    pub(crate) fn children(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name, without white space around it; none where it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.children(name).next().and_then(Self::text)
    }

    /// The text of the first element at the end of `path`, such as `["Credentials", "AccessKeyId"]`, wherever
    /// that stands.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Self::text)
    }

    fn at(&self, path: &[&str]) -> Option<&Self> {
        let (first, rest) = path.split_first()?;
        let here = (self.name == *first).then(|| self.below(rest)).flatten();
        here.or_else(|| self.children.iter().find_map(|child| child.at(path)))
    }

    fn below(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        self.children(first).find_map(|child| child.below(rest))
    }

    fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }
}

/// The document was cut.
pub(crate) const CUT: &str = "it ends too early";
const UNBALANCED: &str = "an element ends that has not begun";

fn local_name(tag: &str) -> &str {
    let name = tag.split_ascii_whitespace().next().unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Character data with its references resolved.
fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, after) = part.split_once(';').ok_or("a bare & stands in it")?;
        let unknown = || format!("&{reference}; is no character");
        out.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => reference.strip_prefix('#').and_then(numbered).ok_or_else(unknown)?,
        });
        out.push_str(after);
    }
    Ok(out)
}

fn numbered(digits: &str) -> Option<char> {
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- AssumedRoleUser is > ours -->
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AccessKeyId>not this one</AccessKeyId><Empty/></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>
        ASIAEXAMPLE </AccessKeyId>
      <SecretAccessKey>a/b+c&amp;d&lt;&#43;&#x2F;&gt;&quot;&apos;</SecretAccessKey>
      <SessionToken><![CDATA[raw <&> token]]>==</SessionToken>
      <Expiration></Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>"#;

    #[test]
    fn texts_are_found_by_the_end_of_their_path() {
        let cases = [
            (&["Credentials", "AccessKeyId"][..], Some("ASIAEXAMPLE")),
            (&["Credentials", "SecretAccessKey"], Some("a/b+c&d<+/>\"'")),
            (&["Credentials", "SessionToken"], Some("raw <&> token==")),
            (&["Credentials", "Expiration"], None),
            (&["AccessKeyId"], Some("not this one")),
            (&["AssumeRoleResult", "AccessKeyId"], None),
            (&["Credentials", "Missing"], None),
            (&["Empty"], None),
        ];
        let answer = Element::parse(ANSWER.as_bytes()).unwrap();
        for (path, expected) in cases {
            assert_eq!(answer.text_at(path), expected, "{path:?}");
        }
        let prefixed = "\u{feff}<s:Error><s:Code>AccessDenied</s:Code></s:Error>\n";
        let error = Element::parse(prefixed.as_bytes()).unwrap();
        assert_eq!(error.text_at(&["Error", "Code"]), Some("AccessDenied"));
        assert_eq!((error.name.as_str(), error.text_of("Code")), ("Error", Some("AccessDenied")));
    }

    #[test]
    fn children_come_in_order() {
        let root = Element::parse(b"<R><a>1</a><b/><a>2</a></R>").unwrap();
        let texts: Vec<_> = root.children("a").map(Element::text).collect();
        assert_eq!(texts, [Some("1"), Some("2")]);
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        let broken = [
            "",
            "plain",
            "{\"Code\": 1}",
            "<Error><Code>Acc",
            "<Error><Code>AccessDenied</Error></Code>",
            "<Error><Code>a&nbsp;b</Code></Error>",
            "<Error><Code>a & b</Code></Error>",
            "<Error><Code>&#xD800;</Code></Error>",
            "</Error><Code>x</Code>",
            "<Error><!-- <Code>x</Code></Error>",
            "<a/><b/>",
            "<a/>text",
            "text<a/>",
            "< ></ >",
            "<html><br></html>",
            &deep,
        ];
        for document in broken {
            assert!(Element::parse(document.as_bytes()).is_err(), "{document}");
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
        for end in 0..ANSWER.len() {
            assert!(Element::parse(&ANSWER.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }
}
