//! The few texts that are read from STS's XML answers. No general parser: no attributes, no namespaces, no
//! document type; what cannot be followed is `None`, and the caller says that it was not understood.

/// The text of the first element at the end of `path`, such as `["Credentials", "AccessKeyId"]`, wherever
/// that stands in the document.
pub(super) fn text(document: &str, path: &[&str]) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut rest = document;
    loop {
        let (before, tag) = rest.split_once('<')?;
        let wanted = open.ends_with(path);
        if wanted {
            text.push_str(&decoded(before)?);
        }
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->")?.1
        } else if let Some(raw) = tag.strip_prefix("![CDATA[") {
            let (raw, after) = raw.split_once("]]>")?;
            if wanted {
                text.push_str(raw);
            }
            after
        } else {
            let (tag, after) = tag.split_once('>')?;
            match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
                (Some(closed), _) => {
                    if open.pop()? != name(closed) {
                        return None;
                    }
                    if wanted {
                        return Some(text.trim().to_owned());
                    }
                }
                (None, None) if !tag.starts_with(['?', '!']) => open.push(name(tag)),
                _ => {}
            }
            after
        };
    }
}

/// The local name of a tag.
fn name(tag: &str) -> &str {
    let name = tag.split_ascii_whitespace().next().unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Character data with its references resolved.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (reference, after) = part.split_once(';')?;
        out.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => numbered(reference.strip_prefix('#')?)?,
        });
        out.push_str(after);
    }
    Some(out)
}

fn numbered(digits: &str) -> Option<char> {
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

#[cfg(test)]
mod tests {
    use super::text;

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
            (&["Credentials", "Expiration"], Some("")),
            (&["AccessKeyId"], Some("not this one")),
            (&["Credentials", "Missing"], None),
            (&["Empty"], None),
        ];
        for (path, expected) in cases {
            assert_eq!(text(ANSWER, path).as_deref(), expected, "{path:?}");
        }
        let prefixed = "<s:Error><s:Code>AccessDenied</s:Code></s:Error>";
        assert_eq!(text(prefixed, &["Error", "Code"]).as_deref(), Some("AccessDenied"));
    }

    #[test]
    fn what_cannot_be_followed_is_nothing() {
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
        ];
        for document in broken {
            assert_eq!(text(document, &["Code"]), None, "{document}");
        }
        // A document that breaks off inside the element gives no part of a key.
        for end in 0..ANSWER.find("</SecretAccessKey>").unwrap() {
            let cut = ANSWER.get(..end).unwrap();
            assert_eq!(text(cut, &["Credentials", "SecretAccessKey"]), None);
        }
    }
}
