//! Reads one bill file to its end: one thread cuts it into blocks of rows, workers turn blocks into batches, and
//! the caller's thread counts identical rows and hands the batches over in the file's order.
//!
//! Queues and buffers are few and go round, so memory does not grow with the file. Blocks of 256 KiB keep what
//! a worker touches (text, lines, ids) in its core's own cache.

use super::feed::{Feeder, Halt, Job, MOST_SPARE, Next, Out, Part};
use super::names::BillName;
use super::object::Object;
use super::plan;
use super::rows::{Fault, Rows};
use crate::cloud::Emit;
use crate::event::{Batch, Buffers, Envelope};
use crate::exit::{Failure, fail};
use crate::identity::Ordinals;
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Text in one block.
const BLOCK: usize = 256 << 10;
/// More workers than this wait for the thread that cuts.
const MOST_WORKERS: usize = 8;

const NO_THREAD: &str = "a thread cannot be started";

/// What reading needs beside the file.
pub(crate) struct ReadContext<'a> {
    /// When the bill is pulled.
    pub(crate) time: DateTime<Utc>,
    /// Extensions of every event.
    pub(crate) extensions: &'a [(String, String)],
    /// Whether amounts are summed up.
    pub(crate) sums: bool,
    /// How many threads work on rows; none: one for each core.
    pub(crate) workers: Option<usize>,
    /// Tells identical rows apart. The caller clears it for each period.
    pub(crate) ordinals: &'a mut Ordinals,
    /// Bytes of the object read so far.
    pub(crate) progress: &'a AtomicU64,
    /// Hears what is odd but no failure.
    pub(crate) warn: &'a mut dyn FnMut(&str),
}

/// Reads one bill file and hands its events over in the file's order; returns how many rows it has.
///
/// Rows are handed over up to the first that is not understood, or up to where the object broke. An error of
/// `emit` ends it as soon as a read of the object that may be under way returns.
pub(crate) fn read(
    object: &dyn Object,
    bill: &BillName,
    context: &mut ReadContext<'_>,
    emit: &mut Emit<'_>,
) -> Result<u64> {
    read_in_blocks(object, bill, context, BLOCK, emit)
}

/// The same, with blocks of about this size.
pub(super) fn read_in_blocks(
    object: &dyn Object,
    bill: &BillName,
    context: &mut ReadContext<'_>,
    block: usize,
    emit: &mut Emit<'_>,
) -> Result<u64> {
    let envelope =
        Envelope::new(plan::SOURCE, &bill.event_type(), context.time, context.extensions)?;
    let workers = context.workers.unwrap_or_else(|| {
        thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_WORKERS)
    });
    let workers = workers.max(1);
    let (jobs, work) = mpsc::sync_channel(workers + 2);
    let (order, results) = mpsc::sync_channel(workers + 2);
    let (spare, spares) = mpsc::channel();
    let (work, lines) = (Mutex::new(work), Lines::default());
    let buffers = Buffers::new(2 * workers + 4, MOST_SPARE);
    let progress = context.progress;
    let feeder = Feeder {
        object,
        bill,
        envelope: &envelope,
        sums: context.sums,
        progress,
        block,
        out: Out { jobs, order, spares, sequence: 0 },
    };
    thread::scope(|scope| {
        let start = || thread::Builder::new().name("bill-file".into());
        start().spawn_scoped(scope, || feeder.run()).context(NO_THREAD)?;
        for _ in 0..workers {
            let work = || work_on(&work, &lines, &buffers);
            start().spawn_scoped(scope, work).context(NO_THREAD)?;
        }
        let done = collect(results, &spare, context, emit);
        if done.is_err() {
            lines.abandon();
        }
        done
    })
}

/// Counts rows and hands batches over.
fn collect(
    results: Receiver<Next>,
    spare: &Sender<Vec<u8>>,
    context: &mut ReadContext<'_>,
    emit: &mut Emit<'_>,
) -> Result<u64> {
    let (mut total, mut in_file) = (0, 0);
    let mut file: Arc<str> = Arc::from("");
    let refused = |file: &str, place: &str, what: &str| {
        Err(fail(Failure::Refused, format!("{file}: {place}{what}")))
    };
    let row = |line: u64, byte: u64| format!("line {line}, byte {byte}: ");
    for next in results {
        match next {
            Next::File(name) => (file, in_file) = (name, 0),
            Next::Warn(what) => (context.warn)(&what),
            Next::Block(reply) => loop {
                match reply.recv() {
                    Ok(Part::Batch(mut batch)) => {
                        number(&mut batch, context.ordinals);
                        in_file += batch.len() as u64;
                        total += batch.len() as u64;
                        emit(batch)?;
                    }
                    Ok(Part::End(bytes, Ok(()))) => {
                        // Nobody may want it any more.
                        drop(spare.send(bytes));
                        break;
                    }
                    Ok(Part::End(_, Err(Fault { line, byte, what }))) => {
                        return refused(&file, &row(line, byte), &what);
                    }
                    Err(_) => anyhow::bail!("a thread that reads {file} has died"),
                }
            },
            Next::Halt(Halt::Row(byte, what)) => {
                return refused(&file, &row(in_file + 1, byte), &what);
            }
            Next::Halt(Halt::File(file, Some(byte), what)) => {
                return refused(&file, &format!("byte {byte}: "), &what);
            }
            Next::Halt(Halt::File(file, None, what)) => return refused(&file, "", &what),
            Next::Halt(Halt::Failed(error)) => return Err(error.context(format!("{file}"))),
            Next::Halt(Halt::Gone) => {}
        }
    }
    Ok(total)
}

/// Gives identical rows ids of their own.
fn number(batch: &mut Batch, ordinals: &mut Ordinals) {
    for at in 0..batch.len() {
        let ordinal = ordinals.next(batch.events[at].base);
        if ordinal > 0 {
            batch.set_id(at, ordinal, None);
        }
    }
}

/// Which number the first row of a block has: known when the rows of all blocks before are counted, long before
/// they are written.
#[derive(Default)]
struct Lines {
    turn: Mutex<Turn>,
    passed: Condvar,
}

/// Whose turn it is.
#[derive(Default)]
struct Turn {
    sequence: u64,
    /// The number of that block's first row.
    line: u64,
    /// Whether nobody cares any more.
    abandoned: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the blocks before; returns the number of the first of these `rows`.
    fn take(&self, job: &Job, rows: u64) -> u64 {
        let waiting = |next: &mut Turn| next.sequence != job.sequence && !next.abandoned;
        let next = self.passed.wait_while(self.lock(), waiting);
        let mut next = next.unwrap_or_else(PoisonError::into_inner);
        let line = if job.first { 1 } else { next.line };
        (next.sequence, next.line) = (job.sequence + 1, line + rows);
        drop(next);
        self.passed.notify_all();
        line
    }

    fn abandon(&self) {
        self.lock().abandoned = true;
        self.passed.notify_all();
    }
}

fn work_on(work: &Mutex<Receiver<Job>>, lines: &Lines, buffers: &Arc<Buffers>) {
    let mut rows = Rows::default();
    loop {
        let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let count = rows.index(&job.plan, &job.block);
        let line = lines.take(&job, count);
        // Nobody may wait for these any more.
        let mut send = |batch| drop(job.reply.send(Part::Batch(batch)));
        let result = rows.write(&job.plan, &job.block, line, buffers, &mut send);
        drop(job.reply.send(Part::End(job.block.bytes, result)));
    }
}
