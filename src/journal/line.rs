//! One line of a journal. A line as it was written has one layout, which is read without parsing its data; a
//! line that somebody sent through another program is read as any JSON.

use super::period::{Journaled, Period};
use crate::event::{Data, HEAD, ID_LENGTH, Identifier, RETRACTED};
use crate::identity::Id;
use crate::json::{Skim, write_compact};
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The type of the event that says that a window was delivered whole.
pub(super) const COMPLETED: &str = "billing-pull.window.completed";

/// The type of the line that carries the mark of a compaction where no completed window does.
pub(super) const COMPACTION: &str = "billing-pull.journal.compacted";

/// The extension by which the last completed window tells that lines before it were left out: an id that no event
/// has, another one each time.
pub(super) const COMPACTED: &str = "compacted";

/// The parts of an event, as JSON text without quotes; empty where there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) id: Id,
    /// The type, without the mark of a retraction.
    pub(super) kind: Cow<'a, str>,
    /// Whether it takes back an event of that type.
    pub(super) is_retraction: bool,
    pub(super) source: Cow<'a, str>,
    pub(super) subject: Cow<'a, str>,
    pub(super) time: Cow<'a, str>,
    pub(super) account: Cow<'a, str>,
    pub(super) scope: Cow<'a, str>,
    pub(super) restates: Option<Id>,
    pub(super) compacted: Option<Id>,
    pub(super) data: Cow<'a, str>,
}

/// The type of a line in the layout that it was written in; no other line has one here.
pub(super) fn kind_of(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(HEAD)?.get(ID_LENGTH..)?.strip_prefix(br#"","type":""#)?;
    rest.get(..memchr(b'"', rest)?)
}

impl<'a> Line<'a> {
    /// Reads a line of any layout; the error says what is wrong with it.
    pub(super) fn read(line: &'a str) -> Result<Self, String> {
        Self::written(line).map_or_else(|| Self::foreign(line), Ok)
    }

    /// A line of our own layout: strings, then the data.
    fn written(line: &'a str) -> Option<Self> {
        let mut strings = Strings::of(line)?;
        let mut read = Self {
            id: Id(0),
            kind: "".into(),
            is_retraction: false,
            source: "".into(),
            subject: "".into(),
            time: "".into(),
            account: "".into(),
            scope: "".into(),
            restates: None,
            compacted: None,
            data: "".into(),
        };
        let mut id = None;
        for (name, value) in &mut strings {
            match name {
                "id" => id = Some(Id::parse(value.as_bytes())?),
                "type" => read.kind = value.into(),
                "source" => read.source = value.into(),
                "subject" => read.subject = value.into(),
                "time" => read.time = value.into(),
                "account" => read.account = value.into(),
                "scope" => read.scope = value.into(),
                "restates" => read.restates = Some(Id::parse(value.as_bytes())?),
                COMPACTED => read.compacted = Some(Id::parse(value.as_bytes())?),
                _ => {}
            }
        }
        read.id = id?;
        read.data = strings.rest().strip_prefix(r#""data":"#)?.strip_suffix('}')?.into();
        (read.data.starts_with('{') && read.data.ends_with('}') && !read.kind.is_empty())
            .then(|| read.mark())
    }

    fn foreign(line: &'a str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Event<'a> {
            id: Cow<'a, str>,
            r#type: String,
            #[serde(borrow)]
            source: &'a RawValue,
            #[serde(borrow)]
            subject: Option<&'a RawValue>,
            time: Option<String>,
            #[serde(borrow)]
            account: Option<&'a RawValue>,
            scope: Option<String>,
            restates: Option<Cow<'a, str>>,
            compacted: Option<Cow<'a, str>>,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        let event: Event<'_> = serde_json::from_str(line).map_err(|error| {
            // The place within the line is what helps; serde_json counts lines of its own.
            error.to_string().replace(" at line 1 column", " at column")
        })?;
        let id = |text: &str| Id::parse(text.as_bytes()).ok_or(format!("{text:?} is no id"));
        let text = |raw: Option<&RawValue>| -> Result<String, String> {
            let Some(raw) = raw else { return Ok(String::new()) };
            let text = compact(raw)?;
            let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            inner.map(str::to_owned).ok_or_else(|| format!("{text} is no string"))
        };
        let read = Self {
            id: id(&event.id)?,
            kind: event.r#type.into(),
            is_retraction: false,
            source: text(Some(event.source))?.into(),
            subject: text(event.subject)?.into(),
            time: event.time.unwrap_or_default().into(),
            account: text(event.account)?.into(),
            scope: event.scope.unwrap_or_default().into(),
            restates: event.restates.as_deref().map(id).transpose()?,
            compacted: event.compacted.as_deref().map(id).transpose()?,
            data: compact(event.data)?.into(),
        };
        Ok(read.mark())
    }

    fn mark(mut self) -> Self {
        if let Some(kind) = self.kind.strip_suffix(RETRACTED) {
            self.kind = kind.to_owned().into();
            self.is_retraction = true;
        }
        self
    }

    /// The day or month that the row is about; none where its type or data do not say.
    pub(super) fn period(&self) -> Option<Period> {
        let Self { account, subject, data, .. } = self;
        crate::cloud::period_of(&self.kind, &Journaled { account, subject, data })
    }

    /// What identifies the row, of this type, computed from its content.
    pub(super) fn base(&self, kind: &str) -> Result<Id, String> {
        let data = Data::read(self.data.as_bytes()).map_err(|error| format!("data: {error}"))?;
        let (account, subject) = (self.account.as_bytes(), self.subject.as_bytes());
        Ok(Identifier::default().base((&self.source, kind), account, subject, &data))
    }

    /// The same, but taken from the id where the id says it.
    pub(super) fn known_base(&self) -> Result<Id, String> {
        if self.id.is_derived() || self.is_retraction { self.base(&self.kind) } else { Ok(self.id) }
    }
}

fn compact(raw: &RawValue) -> Result<String, String> {
    let mut out = Vec::new();
    write_compact(&mut out, raw, false);
    String::from_utf8(out).map_err(|error| error.to_string())
}

/// The first members of an object, for as long as their values are strings and nothing stands between tokens.
pub(super) struct Strings<'a> {
    object: &'a str,
    skim: Skim<'a>,
    /// Where the rest starts that comes after them.
    at: usize,
}

impl<'a> Strings<'a> {
    /// None for what is no object.
    pub(super) fn of(object: &'a str) -> Option<Self> {
        object.starts_with('{').then(|| Self { object, skim: Skim::new(object), at: 1 })
    }

    /// What comes after those that were taken.
    fn rest(&self) -> &'a str {
        self.object.get(self.at..).unwrap_or_default()
    }

    /// The text within the quotes that start at `at`, and where it ends.
    #[inline]
    fn string(&mut self, at: usize) -> Option<(&'a str, usize)> {
        if self.object.as_bytes().get(at) != Some(&b'"') {
            return None;
        }
        let end = self.skim.string_end(at + 1)?;
        Some((self.object.get(at + 1..end)?, end + 1))
    }
}

impl<'a> Iterator for &mut Strings<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, end) = self.string(self.at)?;
        let bytes = self.object.as_bytes();
        let colon = bytes.get(end) == Some(&b':');
        let (value, end) = self.string(colon.then_some(end + 1)?)?;
        self.at = end + usize::from(bytes.get(end) == Some(&b','));
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Batch, Envelope, Row};
    use chrono::{DateTime, NaiveDate};

    const RESTATED: Id = Id(0x8000_8000_0000_0000_0001);

    fn line(subject: &str) -> String {
        let extensions = [("region".to_owned(), "eu".to_owned()), ("scope".into(), "00ff".into())];
        let envelope = Envelope::new(
            "cloud.aws.billing",
            "aws.service.daily",
            DateTime::UNIX_EPOCH,
            &extensions,
        );
        let mut batch = Batch::new(envelope.unwrap());
        let mut data = Data::default();
        data.text("date", "2022-06-13");
        data.text("x", "a\"}b");
        data.flag("estimated", true);
        let row = Row {
            account: Some("1\"2".into()),
            period: NaiveDate::default(),
            subject: subject.into(),
            data,
            amounts: Vec::new(),
        };
        batch.push(&row);
        let mut copy = batch.like();
        copy.copy(&batch, &batch.events[0], 0, Some(RESTATED));
        String::from_utf8(copy.line(&copy.events[0]).to_vec()).unwrap()
    }

    #[test]
    fn both_ways_of_reading_say_the_same() {
        let line = line("2022-06-13/云 \"x\" \u{1}");
        let fast = Line::written(&line).unwrap();
        assert_eq!(fast, Line::foreign(&line).unwrap());
        assert_eq!(fast.kind, "aws.service.daily");
        assert_eq!(fast.source, "cloud.aws.billing");
        assert_eq!(fast.subject, r#"2022-06-13/云 \"x\" \u0001"#);
        assert_eq!(fast.time, "1970-01-01T00:00:00Z");
        assert_eq!((&*fast.account, &*fast.scope), (r#"1\"2"#, "00ff"));
        assert_eq!(fast.restates, Some(RESTATED));
        assert_eq!(fast.data, r#"{"date":"2022-06-13","x":"a\"}b","estimated":true}"#);
        assert_eq!(kind_of(line.as_bytes()), Some(&b"aws.service.daily"[..]));
        assert_eq!(fast.known_base().unwrap().derive(0, Some(RESTATED)), fast.id);
    }

    #[test]
    fn another_spelling_reads_the_same() {
        let own = line("1\"2/2022-06-13/云");
        let value: serde_json::Value = serde_json::from_str(&own).unwrap();
        let other = serde_json::to_string_pretty(&value).unwrap().replace('\n', " ");
        let other = other.replace('云', "\\u4e91");
        assert!(Line::written(&other).is_none());
        let (own, other) = (Line::read(&own).unwrap(), Line::read(&other).unwrap());
        assert_eq!((own.id, &own.subject), (other.id, &other.subject));
        assert!(own.period().is_some() && own.period() == other.period());
        assert_eq!(own.known_base(), other.known_base());
    }

    #[test]
    fn a_retraction_is_told_by_its_type() {
        let line = line("s").replace("service.daily", "service.daily.retracted");
        let read = Line::read(&line).unwrap();
        assert!(read.is_retraction);
        assert_eq!(read.kind, "aws.service.daily");
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        let good = line("s");
        for bad in [
            "{}".to_owned(),
            "[]".into(),
            String::new(),
            good[..good.len() - 1].to_owned(),
            good[..good.len() / 2].to_owned(),
            good.replace("-8", "-x"),
            good.replacen("aws.service.daily", "", 1).replace("type", "tyqe"),
        ] {
            assert!(Line::read(&bad).is_err(), "{bad}");
        }
    }
}
