use super::*;
use crate::exit::kind_of;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

fn usage(result: Result<Journal>) -> String {
    let error = result.err().unwrap();
    assert_eq!(kind_of(&error), Failure::Usage);
    format!("{error:#}")
}

#[test]
fn a_journal_is_its_owners_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("j");
    let mut journal = Journal::open(&path).unwrap();
    journal.append(b"{}\n").unwrap();
    journal.sync().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let message = usage(Journal::open(&path));
    assert!(message.contains(&format!("in use by process {}:", std::process::id())), "{message}");
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().end(), 3);
}

#[test]
fn a_lock_that_went_with_a_replaced_file_is_none() {
    let folder = TempDir::new().unwrap();
    let (path, other) = (folder.path().join("j"), folder.path().join("other"));
    let first = Journal::open(&path).unwrap();
    std::fs::write(&other, "{}\n").unwrap();
    std::fs::rename(&other, &path).unwrap();
    let second = Journal::open(&path).unwrap();
    assert_eq!((first.end(), second.end()), (0, 3));
}

#[test]
fn a_line_that_is_cut_short_goes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("j");
    let long = "x".repeat(200_000);
    for (text, whole) in [("{}\n{}\n{\"a", 6), ("{\"specv", 0), (&format!("{{}}\n{long}"), 3)] {
        std::fs::write(&path, text).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), text.len() as u64);
        let report =
            Report::new(crate::report::Level::Quiet, crate::report::LogFormat::Text, false);
        journal.mend(&report).unwrap();
        journal.append(b"next\n").unwrap();
        drop(journal);
        assert_eq!(std::fs::read(&path).unwrap(), [&text.as_bytes()[..whole], b"next\n"].concat());
    }
}

#[test]
fn only_a_file_can_be_a_journal() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(usage(Journal::open(folder.path())).contains("is a folder"));
    assert!(usage(Journal::open(&path("none/j"))).contains("its folder must be there"));
    assert!(usage(Journal::open_existing(&path("j"))).contains("cannot be opened"));
    assert!(usage(Journal::open(Path::new("/dev/null"))).contains("no regular file"));
    symlink(path("loop"), path("loop")).unwrap();
    assert!(usage(Journal::open(&path("loop"))).contains("link to itself"));
    symlink("real", path("link")).unwrap();
    drop(Journal::open(&path("link")).unwrap());
    assert!(path("real").is_file());
}

#[test]
fn another_users_link_is_not_followed() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("link");
    symlink("real", &link).unwrap();
    let nobody = rustix::fs::Uid::from_raw(65534);
    // Only root can give a link away.
    if rustix::fs::chownat(
        rustix::fs::CWD,
        &link,
        Some(nobody),
        None,
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .is_ok()
    {
        assert!(usage(Journal::open(&link)).contains("of another user"));
        assert!(!folder.path().join("real").exists());
    }
}

#[test]
fn the_kernels_table_names_the_holder() {
    let table = "1: POSIX  ADVISORY  READ 11 08:01:77 128 128\n\
                 2: FLOCK  ADVISORY  WRITE 22 08:01:78 0 EOF\n\
                 3: FLOCK  ADVISORY  WRITE 33 fe:00:77 0 EOF\n\
                 3: -> FLOCK  ADVISORY  WRITE 44 fe:00:77 0 EOF\n\
                 4: FLOCK  ADVISORY  WRITE -1 fe:00:79 0 EOF\n";
    assert_eq!(holder(table, 77), Some(33));
    assert_eq!(holder(table, 78), Some(22));
    assert_eq!(holder(table, 79), None);
    assert_eq!(holder(table, 80), None);
}
