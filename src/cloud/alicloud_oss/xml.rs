//! The answers of OSS: small XML documents, read whole into a tree. A parser in wide use decides what is well
//! formed, since a listing decides which bills are read.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// Nothing that OSS sends is nested deeper.
const DEEPEST: usize = 16;

/// One element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name, without a namespace.
    pub(super) name: String,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// The root element of a document.
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        let document = std::str::from_utf8(document).map_err(|error| error.to_string())?;
        let mut reader = Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let top = open.last_mut().ok_or("an element ends that has not begun")?;
            match event {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                    if open.len() > DEEPEST {
                        return Err(format!("elements are nested more than {DEEPEST} deep"));
                    }
                }
                Event::Empty(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    top.children.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let element = open.pop().ok_or("an element ends that has not begun")?;
                    let parent = open.last_mut().ok_or("an element ends that has not begun")?;
                    parent.children.push(element);
                }
                Event::Text(text) => top.text.push_str(&text.xml10_content()),
                Event::CData(text) => top.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let text = format!("&{};", reference.xml10_content());
                    let text = unescape(&text).map_err(|error| error.to_string())?;
                    top.text.push_str(&text);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut top), true) if top.children.len() == 1 => {
                top.children.pop().ok_or_else(|| "there is no element".to_owned())
            }
            (_, false) => Err("it ends within an element".into()),
            _ => Err("it has no root element".into()),
        }
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children(name).next()
    }

    /// All children of this name.
    pub(super) fn children(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name, without white space around it, if there is any.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree() {
        let document = "\u{feff}<?xml version=\"1.0\"?>\n<!-- x --><R xmlns=\"u\"><a> 1&amp;2&#x4e91;&lt; </a><p:b/>\
                        <a><![CDATA[<3>]]></a></R>\n";
        let root = Element::parse(document.as_bytes()).unwrap();
        assert_eq!(root.name, "R");
        assert_eq!(root.text_of("a"), Some("1&2云<"));
        assert_eq!(root.children("a").nth(1).unwrap().text, "<3>");
        assert_eq!((root.text_of("b"), root.text_of("c")), (None, None));
        assert!(root.child("b").is_some());
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(20);
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "</a>",
            "<a>&nope;</a>",
            "<a><b></a></b>",
            "<html><br></html>",
            &deep,
        ] {
            assert!(Element::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }
}
