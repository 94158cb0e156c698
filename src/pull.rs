//! One pull, from the window to the closing line: pages come from a thread of their own over a short channel,
//! so that the next page is fetched while the last one is delivered, and neither waits long for a signal.

use crate::api::Session;
use crate::cloud::Cloud;
use crate::event::Batch;
use crate::exit::{Failure, fail};
use crate::sink::{Acked, Sink};
use crate::window::Window;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// Pages that wait to be delivered, beside the one on its way and the one being read.
const AHEAD: usize = 1;
/// How often a wait for a page looks whether the run shall stop.
const LOOK: Duration = Duration::from_millis(50);

enum Message {
    Page(Batch),
    End(Box<dyn Cloud>, Result<()>),
}

/// Pulls the window and delivers it; returns the cloud, which then knows how final its answer is.
pub(crate) fn pull(
    cloud: Box<dyn Cloud>,
    window: Window,
    sink: &mut dyn Sink,
    session: &Session,
) -> Result<Box<dyn Cloud>> {
    let pages = fetch(cloud, window)?;
    let result = deliver(&pages, sink, session);
    if result.is_err() {
        // What was acknowledged while the failure became known still counts.
        sink.abandon();
    }
    result
}

fn fetch(cloud: Box<dyn Cloud>, window: Window) -> Result<Receiver<Message>> {
    let (pages, receiver) = mpsc::sync_channel(AHEAD);
    let fetch = move || {
        let gone = || fail(Failure::Unexpected, "nobody takes pages any more");
        let result =
            cloud.pull(&window, &mut |batch| pages.send(Message::Page(batch)).map_err(|_| gone()));
        // The receiver may have gone for a reason of its own, which is then the one that counts.
        drop(pages.send(Message::End(cloud, result)));
    };
    std::thread::Builder::new()
        .name("pull".into())
        .spawn(fetch)
        .context("no thread for the pull")?;
    Ok(receiver)
}

fn deliver(
    pages: &Receiver<Message>,
    sink: &mut dyn Sink,
    session: &Session,
) -> Result<Box<dyn Cloud>> {
    loop {
        session.stop.check()?;
        match pages.recv_timeout(LOOK) {
            Ok(Message::Page(batch)) => {
                session.report.counts.rows.fetch_add(batch.len() as u64, Relaxed);
                session.report.tick();
                sink.send(Arc::new(batch))?;
            }
            Ok(Message::End(cloud, result)) => {
                // What came before a failed page is delivered all the same: running again is safe.
                sink.finish()?;
                return result.map(|()| cloud);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(fail(Failure::Unexpected, "the pull ended without a word"));
            }
        }
    }
}

/// What happens with events that were acknowledged: they are counted.
pub(crate) fn note(session: &Session) -> Acked {
    let report = Arc::clone(&session.report);
    Arc::new(move |_batch, events| {
        report.counts.delivered.fetch_add(events.len() as u64, Relaxed);
        Ok(())
    })
}
