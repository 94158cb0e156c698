//! Reads an object of a bucket from any byte to its end. A download that breaks goes on where it stopped, on the
//! very bytes that the listing named: `Range` with `If-Match`.
//! <https://www.alibabacloud.com/help/en/oss/developer-reference/getobject>

use super::errors;
use super::listing::Listed;
use super::object::Object;
use super::store::{SERVICE, Store};
use crate::api::Verdict;
use crate::exit::{Failed, Failure, fail, kind_of};
use crate::http::{Answer, Opened};
use anyhow::Result;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// An object as it was listed.
pub(super) struct Remote {
    store: Arc<Store>,
    listed: Arc<Listed>,
}

impl Remote {
    pub(super) fn new(store: &Arc<Store>, listed: Listed) -> Self {
        Self { store: Arc::clone(store), listed: Arc::new(listed) }
    }
}

impl Object for Remote {
    fn name(&self) -> &str {
        &self.listed.key
    }

    fn size(&self) -> Option<u64> {
        Some(self.listed.size)
    }

    fn open(&self, from: u64) -> Result<Box<dyn Read + Send>> {
        let mut download = Download {
            store: Arc::clone(&self.store),
            listed: Arc::clone(&self.listed),
            at: from,
            etag: self.listed.etag.clone(),
            stream: None,
            failures: 0,
        };
        if from < self.listed.size {
            download.connect()?;
        }
        Ok(Box::new(download))
    }
}

struct Download {
    store: Arc<Store>,
    listed: Arc<Listed>,
    /// The next byte.
    at: u64,
    /// What the bytes are bound to: the listing's, or that of the first answer where the listing has none.
    etag: Option<String>,
    stream: Option<Opened>,
    /// Breaks since bytes last came.
    failures: u32,
}

impl Download {
    fn action(&self) -> String {
        match self.at {
            0 => format!("GetObject {:?}", self.listed.key),
            at => format!("GetObject {:?} from byte {at}", self.listed.key),
        }
    }

    fn connect(&mut self) -> Result<()> {
        let Self { store, listed, at, etag, .. } = &*self;
        let range = format!("bytes={at}-");
        let etag = etag.as_ref().map(|etag| format!("\"{etag}\""));
        let mut headers = Vec::new();
        headers.extend(etag.as_deref().map(|etag| ("if-match", etag)));
        headers.extend((*at > 0).then_some(("range", range.as_str())));
        let mut opened = store.api.open(
            &self.action(),
            || Ok(store.bucket.get(Some(&listed.key), &[], &headers, &store.keys)),
            |answer| self.judge(answer),
        )?;
        if self.at > 0 && opened.answer.status == 200 {
            // The range was overlooked on the way, and the whole object comes.
            let passed = io::copy(&mut (&mut opened).take(self.at), &mut io::sink());
            if let Some(why) = passed.err() {
                return self.pause(&why.to_string());
            }
        }
        self.etag = self.etag.take().or_else(|| etag_of(&opened.answer).map(str::to_owned));
        self.stream = Some(opened);
        Ok(())
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        let size = self.listed.size;
        let replaced = |what: String| {
            let id = answer.request_id().unwrap_or("none");
            let message = format!(
                "{what}, request id {id}: the file was replaced while it was read: run again"
            );
            Verdict::Fatal(fail(Failure::Unavailable, message))
        };
        let expected = match answer.status {
            200 => size,
            206 if self.at > 0 => size - self.at,
            _ => {
                let asked = self.store.asked(Some(&self.listed.key));
                return errors::judge(answer, asked, &self.store.keys);
            }
        };
        if let (Some(mine), Some(theirs)) = (self.etag.as_deref(), etag_of(answer))
            && mine != theirs
        {
            return replaced("the answer has another ETag than before".into());
        }
        if answer.status == 206 {
            let range = answer.header("content-range").unwrap_or_default();
            let (first, whole) = (format!("bytes {}-", self.at), format!("/{size}"));
            if !range.ends_with(&whole) && !range.ends_with("/*") && !range.is_empty() {
                return replaced(format!("the answer brings {range:?} of a file of {size} bytes"));
            }
            if !range.starts_with(&first) {
                let at = self.at;
                let what = format!("asked for bytes from {at}, the answer brings {range:?}");
                return Verdict::Again(what, None);
            }
        }
        match answer.header("content-length").and_then(|length| length.trim().parse::<u64>().ok()) {
            Some(length) if length != expected => {
                replaced(format!("{length} bytes come where the listing promised {expected}"))
            }
            _ => Verdict::Good,
        }
    }

    /// Waits before the next try, or fails when the tries are spent.
    fn pause(&mut self, why: &str) -> Result<()> {
        let session = self.store.api.session();
        self.stream = None;
        self.failures += 1;
        let what = format!("{SERVICE}: GET {} {}", self.store.bucket.host(), self.action());
        let Some(pause) = session.backoff.pause(self.failures) else {
            let times = self.failures;
            let message =
                format!("{why} (tried {times} times without a byte more); try again later");
            return Err(fail(Failure::Unavailable, message).context(what));
        };
        session.report.counts.retries.fetch_add(1, Relaxed);
        session.report.debug(|| format!("{what}: goes on in {:.1} s: {why}", pause.as_secs_f64()));
        session.stop.sleep(pause)
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.listed.size.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        loop {
            let Some(stream) = &mut self.stream else {
                self.connect()?;
                continue;
            };
            match stream.read(&mut buffer[..most]) {
                Ok(0) => self.pause(&format!("the answer ended with {left} bytes to come"))?,
                Ok(count) => {
                    self.at += count as u64;
                    self.failures = 0;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.pause(&error.to_string())?,
            }
        }
    }
}

fn etag_of(answer: &Answer) -> Option<&str> {
    answer.header("etag").map(|etag| etag.trim_matches('"')).filter(|etag| !etag.is_empty())
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(|error| {
            io::Error::other(Failed::because(kind_of(&error), format!("{error:#}")))
        })
    }
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
