//! Reads one bill file to its end: one thread cuts it into blocks of rows, workers turn blocks into batches, and
//! the caller's thread counts identical rows and hands the batches over in the file's order.
//!
//! Queues and buffers are few and go round, so memory does not grow with the file. Blocks of 256 KiB keep what
//! a worker touches (text, lines, ids) in its core's own cache.

use super::archive::{Archive, Member};
use super::blocks::{Block, Splitter, Trouble};
use super::names::BillName;
use super::object::{self, Object, Watched};
use super::plan::{self, Plan};
use super::rows::{Fault, Rows};
use super::sniff::{self, Kind};
use super::window::Window;
use super::header;
use crate::event::{Batch, Envelope};
use crate::exit::{Failure, fail};
use crate::identity::Ordinals;
use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use std::io::{self, Read};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// Text in one block.
const BLOCK: usize = 256 << 10;
/// More workers than this wait for the thread that cuts.
const MOST_WORKERS: usize = 8;

/// What reading needs beside the file.
pub(crate) struct ReadContext<'a> {
    /// When the bill is pulled.
    pub(crate) time: DateTime<Utc>,
    /// Extensions of every event.
    pub(crate) extensions: &'a [(String, String)],
    /// How many threads work on rows; none: one for each core.
    pub(crate) workers: Option<usize>,
    /// Tells identical rows apart. The caller clears it for each period.
    pub(crate) ordinals: &'a mut Ordinals,
    /// Bytes of the object read so far.
    pub(crate) progress: &'a AtomicU64,
    /// Hears what is odd but no failure.
    pub(crate) warn: &'a mut dyn FnMut(&str),
}

/// Reads one bill file and hands its events over in the file's order; returns how many rows it has. Whoever
/// wants to keep a batch takes it out ([`Batch::take`]); what is left is used again.
pub(crate) fn read(
    object: &dyn Object,
    bill: &BillName,
    context: &mut ReadContext<'_>,
    emit: &mut dyn FnMut(&mut Batch) -> Result<()>,
) -> Result<u64> {
    read_in_blocks(object, bill, context, BLOCK, emit)
}

/// The same, with blocks of about this size.
pub(super) fn read_in_blocks(
    object: &dyn Object,
    bill: &BillName,
    context: &mut ReadContext<'_>,
    block: usize,
    emit: &mut dyn FnMut(&mut Batch) -> Result<()>,
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
    let progress = context.progress;
    let feeder = Feeder {
        object,
        bill,
        envelope: &envelope,
        progress,
        block,
        out: Out { jobs, order, spares, sequence: 0 },
    };
    thread::scope(|scope| {
        scope.spawn(|| feeder.run());
        for _ in 0..workers {
            scope.spawn(|| work_on(&work, &lines));
        }
        let done = collect(results, spare, context, emit);
        if done.is_err() {
            lines.abandon();
        }
        done
    })
}

/// What the caller's thread gets to see, in the file's order.
enum Next {
    /// The bytes that follow are this file's.
    File(Arc<str>),
    Block(Receiver<Done>),
    Warn(String),
    Stop(Stop),
}

/// Why there is no more.
enum Stop {
    /// The file is not understood, in the row behind those that came: the byte, and what is wrong.
    Row(u64, String),
    /// The same, where no row is to blame.
    File(Arc<str>, Option<u64>, String),
    Failed(anyhow::Error),
    /// Nobody listens any more.
    Gone,
}

impl<T> From<mpsc::SendError<T>> for Stop {
    fn from(_: mpsc::SendError<T>) -> Self {
        Self::Gone
    }
}

/// A block on its way to a worker.
struct Job {
    block: Block,
    plan: Arc<Plan>,
    batch: Batch,
    sequence: u64,
    /// Whether its rows are the first of a file.
    first: bool,
    reply: SyncSender<Done>,
}

/// What a worker made of it.
struct Done {
    bytes: Vec<u8>,
    batch: Batch,
    result: Result<(), Fault>,
}

/// Counts rows and hands batches over.
fn collect(
    results: Receiver<Next>,
    spare: Sender<(Vec<u8>, Batch)>,
    context: &mut ReadContext<'_>,
    emit: &mut dyn FnMut(&mut Batch) -> Result<()>,
) -> Result<u64> {
    let (mut total, mut in_file) = (0, 0);
    let mut file: Arc<str> = Arc::from("");
    let refused = |what: String| Err(fail(Failure::Refused, what));
    for next in results {
        match next {
            Next::File(name) => (file, in_file) = (name, 0),
            Next::Warn(what) => (context.warn)(&what),
            Next::Block(reply) => {
                let Ok(Done { bytes, mut batch, result }) = reply.recv() else {
                    anyhow::bail!("a thread that reads {file} has died");
                };
                for at in 0..batch.len() {
                    let ordinal = context.ordinals.next(batch.events[at].base);
                    if ordinal > 0 {
                        batch.set_id(at, ordinal, None);
                    }
                }
                total += batch.len() as u64;
                in_file += batch.len() as u64;
                if batch.len() > 0 {
                    emit(&mut batch)?;
                }
                if let Err(Fault { line, byte, what }) = result {
                    return refused(format!("{file}: line {line}, byte {byte}: {what}"));
                }
                // Nobody may want it any more.
                let _ = spare.send((bytes, batch));
            }
            Next::Stop(Stop::Row(byte, what)) => {
                let line = in_file + 1;
                return refused(format!("{file}: line {line}, byte {byte}: {what}"));
            }
            Next::Stop(Stop::File(file, Some(byte), what)) => {
                return refused(format!("{file}: byte {byte}: {what}"));
            }
            Next::Stop(Stop::File(file, None, what)) => return refused(format!("{file}: {what}")),
            Next::Stop(Stop::Failed(error)) => return Err(error.context(format!("{file}"))),
            Next::Stop(Stop::Gone) => {}
        }
    }
    Ok(total)
}

/// Which number the first row of a block has: known when the rows of all blocks before are counted, long before
/// they are written.
#[derive(Default)]
struct Lines {
    /// The block whose turn it is and the number of its first row; none once nobody cares.
    next: Mutex<(u64, u64, bool)>,
    turn: Condvar,
}

impl Lines {
    /// Waits for the blocks before; returns the number of the first of these `rows`.
    fn take(&self, job: &Job, rows: u64) -> u64 {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |(sequence, _, gone): &mut (u64, u64, bool)| *sequence != job.sequence && !*gone;
        let mut next = self.turn.wait_while(next, waiting).unwrap_or_else(PoisonError::into_inner);
        let line = if job.first { 1 } else { next.1 };
        next.0 = job.sequence + 1;
        next.1 = line + rows;
        drop(next);
        self.turn.notify_all();
        line
    }

    fn abandon(&self) {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).2 = true;
        self.turn.notify_all();
    }
}

fn work_on(work: &Mutex<Receiver<Job>>, lines: &Lines) {
    let mut rows = Rows::default();
    loop {
        let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        let count = rows.index(&job.block);
        let line = lines.take(&job, count);
        let result = rows.write(&job.plan, &job.block, line, &mut job.batch);
        let done = Done { bytes: job.block.bytes, batch: job.batch, result };
        // Nobody may wait for it any more.
        let _ = job.reply.send(done);
    }
}

/// The thread that reads the object.
struct Feeder<'a> {
    object: &'a dyn Object,
    bill: &'a BillName,
    envelope: &'a Arc<Envelope>,
    progress: &'a AtomicU64,
    block: usize,
    out: Out,
}

/// Its ways to the others.
struct Out {
    jobs: SyncSender<Job>,
    order: SyncSender<Next>,
    spares: Receiver<(Vec<u8>, Batch)>,
    sequence: u64,
}

impl Feeder<'_> {
    fn run(mut self) {
        if let Err(stop) = self.object() {
            // Nobody may listen any more.
            let _ = self.out.order.send(Next::Stop(stop));
        }
    }

    fn object(&mut self) -> Result<(), Stop> {
        let name: Arc<str> = Arc::from(self.object.name());
        self.out.order.send(Next::File(Arc::clone(&name)))?;
        let mut stream =
            Watched::open(self.object, 0, self.progress).map_err(Stop::Failed)?;
        let start = start_of(&mut stream).map_err(|e| Stop::Failed(object::failure(e)))?;
        match (sniff::kind(&start), self.object.size()) {
            (Kind::Zip, Some(size)) => {
                let window = Window::new(self.object, size, self.progress, stream, start)
                    .map_err(Stop::Failed)?;
                self.archive(&name, window, size)
            }
            (Kind::Zip, None) => Err(Stop::File(
                name,
                None,
                "a ZIP cannot be read from a pipe: its directory is at its end; name the file".into(),
            )),
            (kind, _) => {
                let trouble = |_: u64, error| Stop::Failed(object::failure(error));
                self.file(&name, kind, start, &mut stream, trouble)
            }
        }
    }

    fn archive(&mut self, name: &Arc<str>, window: Window<'_>, size: u64) -> Result<(), Stop> {
        let full = |member: Option<String>| match member {
            Some(member) => Arc::from(format!("{name}!{member}")),
            None => Arc::clone(name),
        };
        let mut archive = Archive::open(window, size)
            .map_err(|refused| Stop::File(full(refused.member), None, refused.what))?;
        for at in 0..archive.len() {
            let result = archive.with(at, |member, stream: &mut Member<'_>| {
                let name = full(Some(member.to_owned()));
                self.out.order.send(Next::File(Arc::clone(&name)))?;
                let trouble = |byte, error: io::Error| Stop::Row(byte, error.to_string());
                let start = start_of(stream).map_err(|error| trouble(0, error))?;
                let kind = match sniff::kind(&start) {
                    Kind::Zip => Kind::Other("a ZIP"),
                    kind => kind,
                };
                self.file(&name, kind, start, stream, trouble)
            });
            if let Some(error) = archive.take_error() {
                return Err(Stop::Failed(error));
            }
            result.map_err(|refused| Stop::File(full(refused.member), None, refused.what))??;
        }
        Ok(())
    }

    /// One CSV, which starts with `start`.
    fn file(
        &mut self,
        name: &Arc<str>,
        kind: Kind,
        start: Vec<u8>,
        rest: &mut dyn Read,
        trouble: impl Fn(u64, io::Error) -> Stop,
    ) -> Result<(), Stop> {
        match kind {
            Kind::Empty => {
                let warning = format!("{name} has no bytes: taken as a bill without rows");
                return Ok(self.out.order.send(Next::Warn(warning))?);
            }
            Kind::Other(what) => {
                return Err(Stop::File(Arc::clone(name), Some(0), format!("this is {what}, not a CSV")));
            }
            Kind::Zip | Kind::Text => {}
        }
        let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut text = io::Cursor::new(start);
        text.set_position(mark);
        let mut splitter = Splitter::new(text.chain(rest), mark, self.block);
        let mut plan: Option<Arc<Plan>> = None;
        let mut first = true;
        loop {
            let (bytes, batch) = self.out.spare(self.envelope, self.block);
            let mut block = match splitter.next(bytes) {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(Trouble::Row(byte, what)) => return Err(Stop::Row(byte, what.to_owned())),
                Err(Trouble::Read(byte, error)) => return Err(trouble(byte, error)),
            };
            let plan = if let Some(plan) = &plan {
                plan
            } else {
                let columns = header::take(&mut block).map_err(|bad| {
                    let byte = block.offset + bad.at as u64;
                    Stop::File(Arc::clone(name), Some(byte), bad.what)
                })?;
                let Some(columns) = columns else { continue };
                plan.insert(Arc::new(self.plan(name, &columns)))
            };
            self.out.send(block, plan, batch, first)?;
            first = false;
        }
        if plan.is_none() {
            return Err(Stop::File(Arc::clone(name), Some(0), "there is no header, only blank lines".into()));
        }
        Ok(())
    }

    fn plan(&self, file: &str, columns: &[String]) -> Plan {
        let source = plan::Source {
            envelope: self.envelope,
            account: self.bill.uid.as_deref().unwrap_or_default(),
            subject: &self.bill.subject(),
            file,
            period: self.bill.first_day().unwrap_or(UNKNOWN_PERIOD),
        };
        Plan::new(&source, columns)
    }
}

/// The period of a file whose name tells none: the same on every run.
const UNKNOWN_PERIOD: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

impl Out {
    /// Buffers that came back, or new ones. What one huge cell blew up is not kept.
    fn spare(&self, envelope: &Arc<Envelope>, block: usize) -> (Vec<u8>, Batch) {
        let (mut bytes, mut batch) =
            self.spares.try_recv().unwrap_or_else(|_| (Vec::new(), Batch::new(Arc::clone(envelope))));
        if bytes.capacity() > block * 4 {
            bytes = Vec::new();
        }
        if batch.bytes.capacity() > block * 32 {
            batch.take();
        }
        (bytes, batch)
    }

    fn send(&mut self, block: Block, plan: &Arc<Plan>, batch: Batch, first: bool) -> Result<(), Stop> {
        let (reply, done) = mpsc::sync_channel(1);
        let (sequence, plan) = (self.sequence, Arc::clone(plan));
        self.sequence += 1;
        self.order.send(Next::Block(done))?;
        self.jobs.send(Job { block, plan, batch, sequence, first, reply })?;
        Ok(())
    }
}

/// The first bytes of a stream.
fn start_of(stream: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(sniff::LENGTH);
    stream.take(sniff::LENGTH as u64).read_to_end(&mut start)?;
    Ok(start)
}
