//! The file itself: opened for one run at a time, appended to, synced.

use super::read::Found;
use crate::event::HEAD;
use crate::exit::{Failed, Failure, fail};
use crate::report::Report;
use crate::window::Window;
use anyhow::{Context, Result};
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long what was appended may stay unsynced while the run goes on.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// How often a lock is tried that a file took with it when it was replaced.
const TRIES: usize = 10;

/// A journal that this run alone holds.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    end: u64,
    /// Bytes of a last line that was cut short.
    torn: u64,
    /// An append failed: the file is as it was, and nothing more is noted.
    failed: bool,
    is_synced: bool,
    syncer: Arc<Syncer>,
    /// What it knows of the days that this run is likely to pull.
    pub(super) ahead: Option<(Window, Found)>,
}

impl Journal {
    /// Opens and locks the journal, which is created if need be.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::take(path, Access::Create)
    }

    /// The same, but for one that must be there.
    pub(crate) fn open_existing(path: &Path) -> Result<Self> {
        Self::take(path, Access::Write)
    }

    /// The same, but only to be looked at, as several may at a time.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self> {
        Self::take(path, Access::Read)
    }

    fn take(path: &Path, access: Access) -> Result<Self> {
        for _ in 0..TRIES {
            let real = resolve(path)?;
            let file = open(&real, access)?;
            lock(&file, path, access)?;
            // Whoever held the lock may have put another file in the place of this one.
            let is_same =
                |now: Metadata, held: Metadata| (now.dev(), now.ino()) == (held.dev(), held.ino());
            if std::fs::metadata(&real)
                .is_ok_and(|now| file.metadata().is_ok_and(|held| is_same(now, held)))
            {
                let end = whole_lines(&file)?;
                let torn = file.metadata()?.len() - end;
                if end == 0 {
                    // A file may be on the disk while its name is not.
                    drop(sync_folder(&real));
                }
                let syncer = Syncer::start(&file)?;
                return Ok(Self {
                    path: real,
                    file,
                    end,
                    torn,
                    failed: false,
                    is_synced: true,
                    syncer,
                    ahead: None,
                });
            }
        }
        Err(fail(
            Failure::Usage,
            format!("the journal {} is replaced all the time", path.display()),
        ))
    }

    /// For reading.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where the whole lines end.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Where it is, behind symbolic links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the last line is cut short.
    pub(super) fn is_torn(&self) -> bool {
        self.torn > 0
    }

    /// An error's message with the journal's name before it.
    pub(super) fn context<T>(&self, result: Result<T>) -> Result<T> {
        result.with_context(|| format!("the journal {}", self.path.display()))
    }

    /// Cuts off a last line that is not whole: its event is sent again. Where there is no other line, the file may be
    /// anybody's: only what begins as an event does, or was never written, is cut off.
    pub(super) fn mend(&mut self, report: &Report) -> Result<()> {
        if self.torn > 0 {
            if self.end == 0 && !self.context(self.begins_as_event())? {
                let why = "line 1 is corrupt: it is no event, so this is no journal; the file is as it was";
                return self.context(Err(fail(Failure::Unexpected, why)));
            }
            self.context(self.file.set_len(self.end).map_err(Into::into))?;
            report.warn(&format!(
                "the journal {} ended within a line, as after a crash or on a full disk: {} bytes were cut off, and \
                 what they said is sent again",
                self.path.display(),
                self.torn
            ));
            self.torn = 0;
        }
        Ok(())
    }

    fn begins_as_event(&self) -> Result<bool> {
        let mut start = vec![0; HEAD.len().min(usize::try_from(self.torn).unwrap_or(usize::MAX))];
        self.file.read_exact_at(&mut start, self.end)?;
        Ok(HEAD.starts_with(&start) || start.iter().all(|byte| *byte == 0))
    }

    /// Appends whole lines, or nothing.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        let written = (&self.file).write_all(lines).map_err(anyhow::Error::from);
        if let Err(error) = written.and_then(|()| self.syncer.note(lines.len())) {
            self.failed = true;
            // Should this fail too, the next run cuts off what is torn.
            drop(self.file.set_len(self.end));
            return Err(error).with_context(|| {
                format!(
                    "the journal {} cannot be written; what was delivered and not noted is sent again by the next run, \
                     with the same ids",
                    self.path.display()
                )
            });
        }
        self.end += lines.len() as u64;
        self.is_synced = false;
        Ok(())
    }

    /// Waits until everything appended is on the disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.context(self.file.sync_data().context("cannot be synced"))?;
        self.is_synced = true;
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.syncer.end();
        // A run that failed has said so; what it delivered should be kept all the same.
        if !self.is_synced {
            drop(self.file.sync_data());
        }
        // Other handles of the file may live a little longer.
        drop(self.file.unlock());
    }
}

/// Syncs the file now and then, so that neither a slow disk holds up the run nor a power cut costs much.
#[derive(Default)]
struct Syncer {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    unsynced: usize,
    failed: Option<std::io::Error>,
    is_over: bool,
}

impl Syncer {
    fn start(file: &File) -> Result<Arc<Self>> {
        let syncer = Arc::new(Self::default());
        let (file, own) = (file.try_clone()?, Arc::clone(&syncer));
        std::thread::Builder::new()
            .name("sync".into())
            .spawn(move || own.run(&file))
            .context("no thread to sync the journal")?;
        Ok(syncer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, file: &File) {
        let mut state = self.lock();
        while !state.is_over {
            if std::mem::take(&mut state.unsynced) > 0 {
                drop(state);
                let result = file.sync_data();
                state = self.lock();
                state.failed = state.failed.take().or(result.err());
                let idle = self.news.wait_timeout_while(state, SYNC_EVERY, |state| !state.is_over);
                state = idle.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                let wait = |state: &mut State| !state.is_over && state.unsynced == 0;
                let idle = self.news.wait_while(state, wait);
                state = idle.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Takes note of appended bytes; fails if an earlier sync did.
    fn note(&self, bytes: usize) -> Result<()> {
        let mut state = self.lock();
        let was_idle = state.unsynced == 0;
        state.unsynced += bytes;
        if let Some(error) = state.failed.take() {
            return Err(error).context("cannot be synced");
        }
        if was_idle {
            self.news.notify_one();
        }
        Ok(())
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.news.notify_one();
    }
}

/// The path behind symbolic links, each of which must be our own: whoever owns a link decides where we write.
fn resolve(path: &Path) -> Result<PathBuf> {
    const MOST: usize = 16;
    let refuse =
        |why: &str| Err(fail(Failure::Usage, format!("the journal {} {why}", path.display())));
    let mut path = path.to_owned();
    for _ in 0..MOST {
        let Ok(found) = std::fs::symlink_metadata(&path) else { return Ok(path) };
        if found.is_dir() {
            return refuse("is a folder");
        }
        if found.is_symlink() {
            if found.uid() != rustix::process::geteuid().as_raw() {
                return refuse("is a symbolic link of another user: not followed");
            }
            let target = std::fs::read_link(&path).with_context(|| path.display().to_string())?;
            path = path.parent().unwrap_or(Path::new("")).join(target);
        } else if found.is_file() {
            return Ok(path);
        } else {
            return refuse("is no regular file");
        }
    }
    refuse("is a symbolic link to itself")
}

/// What a journal is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// To be appended to, and made if it is not there.
    Create,
    /// To be written anew.
    Write,
    Read,
}

fn open(path: &Path, access: Access) -> Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).append(access != Access::Read).create(access == Access::Create);
    options.mode(0o600).custom_flags(flags).open(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound if access == Access::Create => "; its folder must be there",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                if access != Access::Read =>
            {
                "; it and its folder must be writable"
            }
            _ => "",
        };
        let message = format!("the journal {} cannot be opened: {error}{hint}", path.display());
        fail(Failure::Usage, message)
    })
}

/// Waits until the names in this file's folder are on the disk.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn lock(file: &File, path: &Path, access: Access) -> Result<()> {
    let locked = if access == Access::Read { file.try_lock_shared() } else { file.try_lock() };
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let inode = file.metadata().map(|held| held.ino()).unwrap_or_default();
            let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
            let who = holder(&locks, inode)
                .map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            let message = format!(
                "the journal {} is in use by {who}: one run at a time, or a journal for each",
                path.display()
            );
            Err(fail(Failure::Usage, message))
        }
        Err(TryLockError::Error(error)) => {
            let message = format!("the journal {} cannot be locked", path.display());
            Err(error).context(Failed::because(Failure::Usage, message))
        }
    }
}

/// Who holds a lock on this inode, by the table of the kernel (proc_locks(5)): `1: FLOCK ADVISORY WRITE 4242
/// 08:01:1234 0 EOF`.
fn holder(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "FLOCK")?;
        let place = words.get(at + 4)?.rsplit(':').next()?;
        (place.parse() == Ok(inode) && words[1] != "->").then(|| words.get(at + 3)?.parse().ok())?
    })
}

/// The length of the file without a last line that lacks its line feed.
pub(super) fn whole_lines(file: &File) -> Result<u64> {
    const STEP: u64 = 64 << 10;
    let mut end = file.metadata()?.len();
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        buffer.resize(usize::try_from(end - start)?, 0);
        file.read_exact_at(&mut buffer, start)?;
        if let Some(at) = memchr::memrchr(b'\n', &buffer) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
