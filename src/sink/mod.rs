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

/// Called, on the sink's own caller's thread, for events that were acknowledged.
pub(crate) type Acked<'a> = dyn FnMut(&Batch, Range<usize>) -> Result<()> + 'a;

/// A place that takes events.
pub(crate) trait Sink {
    /// Takes a page; some of its events, and of earlier ones, may be acknowledged meanwhile.
    fn send(&mut self, batch: Arc<Batch>, acked: &mut Acked<'_>) -> Result<()>;

    /// Waits until everything that was taken is acknowledged.
    fn finish(&mut self, acked: &mut Acked<'_>) -> Result<()>;

    /// Begins nothing new, and waits a short while for what is in flight.
    fn abandon(&mut self, acked: &mut Acked<'_>) -> Result<()>;
}

/// The sink that the settings name.
pub(crate) fn open(settings: &Settings, session: &Session) -> Result<Box<dyn Sink>> {
    Ok(match &settings.target {
        Target::Stdout => Box::new(stdout::Stdout),
        Target::Http(url) => Box::new(http::HttpSink::open(url, settings, session)?),
    })
}
