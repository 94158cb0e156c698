//! One pull, from the window to the closing line: pages come from a thread of their own over a short channel,
//! so that the next page is fetched while the last one is delivered, and neither waits long for a signal.

use crate::api::Session;
use crate::cloud::Cloud;
use crate::event::Batch;
use crate::exit::{Failure, fail};
use crate::journal::Ledger;
use crate::sink::{Acked, Sink};
use crate::window::Window;
use anyhow::{Context, Result};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Pages that wait to be delivered, beside the one on its way and the one being read.
const AHEAD: usize = 1;
/// How often a wait for a page looks whether the run shall stop.
const LOOK: Duration = Duration::from_millis(50);

enum Message {
    Page(Batch),
    End(Box<dyn Cloud>, Result<()>),
}

/// Pulls the window and delivers what the journal does not have; returns the cloud, which then knows how final its
/// answer is.
pub(crate) fn pull(
    cloud: Box<dyn Cloud>,
    window: Window,
    sink: &mut dyn Sink,
    mut ledger: Option<&mut Ledger>,
    session: &Session,
) -> Result<Box<dyn Cloud>> {
    let pages = fetch(cloud, window)?;
    let result = deliver(&pages, sink, ledger.as_deref_mut(), session);
    if result.is_err() {
        // What was acknowledged while the failure became known still counts.
        sink.abandon();
        // The failure is what is told; a disk that fails beside it will fail the next run.
        drop(ledger.map(|ledger| ledger.sync()));
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
    mut ledger: Option<&mut Ledger>,
    session: &Session,
) -> Result<Box<dyn Cloud>> {
    let counts = &session.report.counts;
    loop {
        session.stop.check()?;
        match pages.recv_timeout(LOOK) {
            Ok(Message::Page(batch)) => {
                counts.rows.fetch_add(batch.len() as u64, Relaxed);
                session.report.tick();
                match &mut ledger {
                    None => sink.send(Arc::new(batch))?,
                    Some(ledger) => ledger
                        .news(batch, counts)
                        .into_iter()
                        .try_for_each(|news| sink.send(Arc::new(news)))?,
                }
            }
            Ok(Message::End(cloud, result)) => {
                let allowed = match (&mut ledger, &result) {
                    (Some(ledger), Ok(())) => ledger.rest(&*cloud, sink)?,
                    _ => Ok(()),
                };
                // What came before a failed page is delivered all the same: running again is safe.
                sink.settle()?;
                return result.and(allowed).map(|()| cloud);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(fail(Failure::Unexpected, "the pull ended without a word"));
            }
        }
    }
}

/// What happens with events that were acknowledged: they are noted in the journal, then counted.
pub(crate) fn note(session: &Session, ledger: Option<&Ledger>) -> Acked {
    let report = Arc::clone(&session.report);
    let journal = ledger.map(|ledger| Arc::clone(&ledger.journal));
    Arc::new(move |batch, events| {
        if let Some(journal) = &journal {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            journal.append(batch.span(events.clone()))?;
        }
        let counts = &report.counts;
        let entries = batch.events.get(events).unwrap_or_default();
        let restating = entries.iter().filter(|entry| entry.restates.is_some()).count();
        let what = if batch.is_retraction() { &counts.retracted } else { &counts.changed };
        what.fetch_add(restating as u64, Relaxed);
        counts.delivered.fetch_add(entries.len() as u64, Relaxed);
        Ok(())
    })
}
