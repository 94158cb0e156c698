//! One pull, from the window to the closing line: pages come from a thread of their own over a short channel,
//! so that the next page is fetched while the last one is delivered, and neither waits long for a signal.

use crate::api::Session;
use crate::cloud::Cloud;
use crate::event::Batch;
use crate::exit::{Failure, fail};
use crate::journal::{Journal, Ledger};
use crate::sink::{Events, Sink};
use crate::window::Window;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// Pages that wait to be delivered.
const AHEAD: usize = 2;
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
        let journal = &mut ledger.map(|ledger| &mut ledger.journal);
        sink.abandon(&mut |events| note(session, journal.as_deref_mut(), events))?;
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
    let (cloud, result) = loop {
        session.stop.check()?;
        match pages.recv_timeout(LOOK) {
            Ok(Message::Page(batch)) => {
                counts.rows.fetch_add(batch.len() as u64, Relaxed);
                session.report.tick();
                let Some(ledger) = &mut ledger else {
                    sink.send(Arc::new(batch), &mut |events| note(session, None, events))?;
                    continue;
                };
                for batch in ledger.news(batch, counts) {
                    send(sink, &mut ledger.journal, session, batch)?;
                }
            }
            Ok(Message::End(cloud, result)) => break (cloud, result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(fail(Failure::Unexpected, "the pull ended without a word"));
            }
        }
    };
    let mut verdict = Ok(());
    if let (Some(ledger), Ok(())) = (&mut ledger, &result) {
        verdict =
            ledger.rest(&*cloud, &mut |journal, batch| send(sink, journal, session, batch))?;
    }
    // What came before a failed page is delivered all the same: running again is safe.
    let journal = &mut ledger.map(|ledger| &mut ledger.journal);
    sink.finish(&mut |events| note(session, journal.as_deref_mut(), events))?;
    result.and(verdict).map(|()| cloud)
}

fn send(sink: &mut dyn Sink, journal: &mut Journal, session: &Session, batch: Batch) -> Result<()> {
    sink.send(Arc::new(batch), &mut |events| note(session, Some(&mut *journal), events))
}

/// Notes what the target acknowledged: in the journal, then in the counts.
fn note(session: &Session, journal: Option<&mut Journal>, acked: &[Events]) -> Result<()> {
    if let Some(journal) = journal {
        let lines = |events: &Events| events.batch.span(events.range.clone()).to_vec();
        match acked {
            [only] => journal.append(only.batch.span(only.range.clone()))?,
            _ => journal.append(&acked.iter().flat_map(lines).collect::<Vec<u8>>())?,
        }
    }
    let counts = &session.report.counts;
    for Events { batch, range } in acked {
        let all = range.len() as u64;
        let entries = batch.events.get(range.clone()).unwrap_or_default();
        let restating = entries.iter().filter(|entry| entry.restates.is_some()).count() as u64;
        let what = if batch.is_retraction() { &counts.retracted } else { &counts.changed };
        what.fetch_add(restating, Relaxed);
        counts.delivered.fetch_add(all, Relaxed);
    }
    Ok(())
}
