//! The thread that reads the object: what it is, which files are in it, where their rows can be cut apart.

use super::archive::{Archive, Member, Refused};
use super::blocks::{Block, Splitter, Trouble};
use super::header;
use super::names::BillName;
use super::object::{self, Meter, Object, Watched};
use super::plan::{self, Plan};
use super::rows::Fault;
use super::sniff::{self, Kind};
use super::window::Window;
use crate::event::{Batch, Envelope};
use chrono::NaiveDate;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{self, Receiver, SyncSender};

/// The largest buffer that is used again.
pub(super) const MOST_SPARE: usize = 4 << 20;

/// What the caller's thread gets to see, in the file's order.
pub(super) enum Next {
    /// The bytes that follow are this file's.
    File(Arc<str>),
    Block(Receiver<Part>),
    Warn(String),
    Halt(Halt),
}

/// Why there is no more.
pub(super) enum Halt {
    /// The file is not understood, in the row behind those that came: the byte, and what is wrong.
    Row(u64, String),
    /// The same, where no row is to blame.
    File(Arc<str>, Option<u64>, String),
    Failed(anyhow::Error),
    /// Nobody listens any more.
    Gone,
}

impl<T> From<mpsc::SendError<T>> for Halt {
    fn from(_: mpsc::SendError<T>) -> Self {
        Self::Gone
    }
}

/// A block on its way to a worker.
pub(super) struct Job {
    pub(super) block: Block,
    pub(super) plan: Arc<Plan>,
    pub(super) sequence: u64,
    /// Whether its rows are the first of a file.
    pub(super) first: bool,
    pub(super) reply: SyncSender<Part>,
}

/// What a worker made of it.
pub(super) enum Part {
    /// Some of its events, in order.
    Batch(Batch),
    /// That was all: the block's buffer, and what is wrong with the row behind the last event.
    End(Vec<u8>, Result<(), Fault>),
}

/// The thread that reads the object.
pub(super) struct Feeder<'a> {
    pub(super) object: &'a dyn Object,
    pub(super) bill: &'a BillName,
    pub(super) envelope: &'a Arc<Envelope>,
    pub(super) sums: bool,
    pub(super) progress: &'a AtomicU64,
    pub(super) block: usize,
    pub(super) out: Out,
}

/// Its ways to the others.
pub(super) struct Out {
    pub(super) jobs: SyncSender<Job>,
    pub(super) order: SyncSender<Next>,
    pub(super) spares: Receiver<Vec<u8>>,
    pub(super) sequence: u64,
}

impl Feeder<'_> {
    /// Reads the object to its end, or to where it is not understood.
    pub(super) fn run(mut self) {
        if let Err(stop) = self.object() {
            // Nobody may listen any more.
            let _ = self.out.order.send(Next::Halt(stop));
        }
    }

    fn object(&mut self) -> Result<(), Halt> {
        let name: Arc<str> = Arc::from(self.object.name());
        self.out.order.send(Next::File(Arc::clone(&name)))?;
        let meter = Meter::new(self.object, self.progress);
        let mut stream = Watched::open(self.object, 0, &meter).map_err(Halt::Failed)?;
        let start = start_of(&mut stream).map_err(|e| Halt::Failed(object::failure(e)))?;
        let result = match (sniff::kind(&start), self.object.size()) {
            (Kind::Zip, Some(size)) => {
                let window =
                    Window::new(self.object, size, &meter, stream, start).map_err(Halt::Failed)?;
                self.archive(&name, window, size)
            }
            (Kind::Zip, None) => Err(Halt::File(
                name,
                None,
                "a ZIP cannot be read from a pipe: its directory is at its end; name the file"
                    .into(),
            )),
            (kind, _) => {
                let trouble = |_: u64, error| Halt::Failed(object::failure(error));
                self.file(&name, kind, start, &mut stream, trouble)
            }
        };
        meter.finish();
        result
    }

    fn archive(&mut self, name: &Arc<str>, window: Window<'_>, size: u64) -> Result<(), Halt> {
        let full = |member: Option<String>| match member {
            Some(member) => Arc::from(format!("{name}!{member}")),
            None => Arc::clone(name),
        };
        let note = window.note();
        // What failed may have been the object and not the ZIP.
        let halt = |other: Halt| note.error.take().map_or(other, Halt::Failed);
        let refusal = |refused: Refused| Halt::File(full(refused.member), None, refused.what);
        let mut archive = Archive::open(window, size).map_err(|refused| halt(refusal(refused)))?;
        for at in 0..archive.len() {
            let result = archive.with(at, |member, stream: &mut Member<'_>| {
                let name = full(Some(member.to_owned()));
                self.out.order.send(Next::File(Arc::clone(&name)))?;
                let trouble = |byte, error: io::Error| Halt::Row(byte, error.to_string());
                let start = start_of(stream).map_err(|error| trouble(0, error))?;
                let kind = match sniff::kind(&start) {
                    Kind::Zip => Kind::Other("a ZIP"),
                    kind => kind,
                };
                self.file(&name, kind, start, stream, trouble)
            });
            result.map_err(refusal).flatten().map_err(halt)?;
        }
        archive.finish().map_err(|refused| halt(refusal(refused)))
    }

    /// One CSV, which starts with `start`.
    fn file(
        &mut self,
        name: &Arc<str>,
        kind: Kind,
        start: Vec<u8>,
        rest: &mut dyn Read,
        trouble: impl Fn(u64, io::Error) -> Halt,
    ) -> Result<(), Halt> {
        match kind {
            // What should have come failed, as in `curl ... | billing-pull alicloud-oss -`.
            Kind::Empty if self.object.size().is_none() => {
                return Err(Halt::File(Arc::clone(name), None, "nothing came".to_owned()));
            }
            Kind::Empty => {
                let warning = format!("{name} has no bytes: taken as a bill without rows");
                return Ok(self.out.order.send(Next::Warn(warning))?);
            }
            Kind::Other(what) => {
                return Err(Halt::File(
                    Arc::clone(name),
                    Some(0),
                    format!("this is {what}, not a CSV"),
                ));
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
            let mut block = match splitter.next(self.out.spare()) {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(Trouble::Row(byte, what)) => return Err(Halt::Row(byte, what.to_owned())),
                Err(Trouble::Read(byte, error)) => return Err(trouble(byte, error)),
            };
            let plan = if let Some(plan) = &plan {
                plan
            } else {
                let columns = header::take(&mut block).map_err(|bad| {
                    let byte = block.offset + bad.at as u64;
                    Halt::File(Arc::clone(name), Some(byte), bad.what)
                })?;
                let Some(columns) = columns else { continue };
                plan.insert(Arc::new(self.plan(name, &columns)))
            };
            self.out.send(block, plan, first)?;
            first = false;
        }
        if plan.is_none() {
            return Err(Halt::File(
                Arc::clone(name),
                Some(0),
                "there is no header, only blank lines".into(),
            ));
        }
        Ok(())
    }

    fn plan(&self, file: &str, columns: &[String]) -> Plan {
        let source = plan::Source {
            envelope: self.envelope,
            account: self.bill.uid.as_deref().unwrap_or_default(),
            subject: &self.bill.subject(),
            file,
            sums: self.sums,
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
    /// A buffer that came back, or a new one. What one huge cell blew up is not kept.
    fn spare(&self) -> Vec<u8> {
        self.spares
            .try_recv()
            .ok()
            .filter(|bytes| bytes.capacity() <= MOST_SPARE)
            .unwrap_or_default()
    }

    fn send(&mut self, block: Block, plan: &Arc<Plan>, first: bool) -> Result<(), Halt> {
        // Room for what most blocks give: one batch, and that it was all.
        let (reply, done) = mpsc::sync_channel(2);
        let (sequence, plan) = (self.sequence, Arc::clone(plan));
        self.sequence += 1;
        self.order.send(Next::Block(done))?;
        self.jobs.send(Job { block, plan, sequence, first, reply })?;
        Ok(())
    }
}

/// The first bytes of a stream.
fn start_of(stream: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(sniff::LENGTH);
    stream.take(sniff::LENGTH as u64).read_to_end(&mut start)?;
    Ok(start)
}
