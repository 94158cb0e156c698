//! Where events go: stdout or an HTTP target. A sink takes pages and says which events were acknowledged; only
//! those count as delivered, and only those reach the journal.

mod http;
mod stdout;

use crate::api::Session;
use crate::config::{Settings, Target};
use crate::event::Batch;
use anyhow::Result;
use std::ops::Range;
use std::sync::Arc;

/// Called for events that were acknowledged, by whichever thread learns of it, at once: what is noted then is not
/// sent again by a run that follows a killed one.
pub(crate) type Acked = Arc<dyn Fn(&Batch, Range<usize>) -> Result<()> + Send + Sync>;

/// A place that takes events.
pub(crate) trait Sink {
    /// Takes a page; some of its events, and of earlier ones, may be acknowledged meanwhile.
    fn send(&mut self, batch: Arc<Batch>) -> Result<()>;

    /// Waits until everything that was taken is acknowledged.
    fn settle(&mut self) -> Result<()>;

    /// Begins nothing new, and waits a short while for what is in flight.
    fn abandon(&mut self);
}

/// The sink that the settings name.
pub(crate) fn open(settings: &Settings, session: &Session, acked: Acked) -> Result<Box<dyn Sink>> {
    Ok(match &settings.target {
        Target::Stdout => Box::new(stdout::Stdout::new(acked)),
        Target::Http(url) => Box::new(http::HttpSink::open(url, settings, session, acked)?),
    })
}
