use super::*;
use crate::exit::kind_of;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};

/// A service with `total` rows that gives `size` of them a page, whatever it is asked for.
fn service(total: u32, size: u32) -> impl Fn(u32) -> Result<Numbered<u32>> + Sync {
    move |page| {
        let from = (page - 1) * size;
        Ok(Numbered { rows: (from..total.min(from + size)).collect(), total: total.into() })
    }
}

/// One question alone.
fn pages<T: Send>(
    what: &str,
    concurrency: usize,
    fetch: &(dyn Fn(u32) -> Result<Numbered<T>> + Sync),
    emit: &mut dyn FnMut(u32, u32, Vec<T>) -> Result<()>,
) -> Result<()> {
    questions(&[what.to_owned()], concurrency, &|_, page| fetch(page), &mut |place, rows| {
        emit(place.page, place.of, rows)
    })
}

fn read(
    concurrency: usize,
    fetch: &(dyn Fn(u32) -> Result<Numbered<u32>> + Sync),
) -> (Vec<u32>, Result<()>) {
    let (mut all, mut due) = (Vec::new(), 1);
    let result = pages("2026-03-01", concurrency, fetch, &mut |page, of, rows| {
        assert_eq!(page, due);
        assert!(page <= of);
        due += 1;
        all.extend(rows);
        Ok(())
    });
    (all, result)
}

#[test]
fn every_row_comes_once_and_in_order() {
    for (total, size) in [(0, 300), (1, 300), (300, 300), (301, 300), (3000, 100), (7, 1)] {
        for concurrency in [1, 2, 8, 64] {
            let (rows, result) = read(concurrency, &service(total, size));
            result.unwrap();
            assert_eq!(rows, (0..total).collect::<Vec<_>>(), "{total} by {size}");
        }
    }
}

#[test]
fn what_does_not_add_up_is_no_whole_bill() {
    type Change = fn(u32, &mut Numbered<u32>);
    let table: [(&str, Change, u32, &str); 7] = [
        (
            "a page is short",
            |page, got| got.rows.truncate(if page == 2 { 99 } else { 100 }),
            100,
            "2026-03-01: page 2 has 99 rows where 100 were due",
        ),
        (
            "a page is empty",
            |page, got| got.rows.truncate(if page == 3 { 0 } else { 100 }),
            200,
            "page 3 has 0 rows where 50 were due",
        ),
        (
            "the last page is short",
            |page, got| got.rows.truncate(if page == 3 { 49 } else { 100 }),
            200,
            "page 3 has 49 rows where 50 were due",
        ),
        (
            "the last page is long",
            |page, got| got.rows.extend((page == 3).then_some(7)),
            200,
            "page 3 has 51 rows where 50 were due",
        ),
        (
            "the total changes",
            |page, got| got.total += u64::from(page == 2),
            100,
            "page 2 counts 251 rows where page 1 counted 250",
        ),
        (
            "nothing comes",
            |_, got| got.rows.clear(),
            0,
            "2026-03-01: 0 rows read, but the service counts 250",
        ),
        (
            "too many pages",
            |_, got| {
                got.rows.truncate(1);
                got.total = 100_001;
            },
            0,
            "1 row read, but the service counts 100001",
        ),
    ];
    for (name, change, before, message) in table {
        let fetch = |page| {
            let mut got = service(250, 100)(page)?;
            change(page, &mut got);
            Ok(got)
        };
        for concurrency in [1, 8] {
            let (rows, result) = read(concurrency, &fetch);
            let error = result.expect_err(name);
            assert_eq!(kind_of(&error), Failure::Unavailable, "{name}");
            assert!(error.to_string().contains(message), "{name}: {error}");
            if concurrency == 1 {
                assert_eq!(rows.len(), before as usize, "{name}: what came before is handed over");
            }
        }
    }
}

#[test]
fn a_failed_page_ends_the_fetching() {
    let asked = AtomicUsize::new(0);
    let fetch = |page| {
        asked.fetch_add(1, SeqCst);
        if page == 3 { Err(fail(Failure::Refused, "no")) } else { service(1000, 10)(page) }
    };
    let (rows, result) = read(4, &fetch);
    assert_eq!(kind_of(&result.unwrap_err()), Failure::Refused);
    assert_eq!(rows, (0..20).collect::<Vec<_>>());
    assert!(asked.load(SeqCst) <= 12, "{asked:?}");
}

#[test]
fn an_error_of_the_taker_is_the_result() {
    let result = pages("x", 8, &service(1000, 10), &mut |page, _, _| match page {
        2 => Err(fail(Failure::OutputClosed, "closed")),
        _ => Ok(()),
    });
    assert_eq!(kind_of(&result.unwrap_err()), Failure::OutputClosed);
}

/// Holds its first visitors until `count` are there.
struct Gate {
    count: usize,
    inside: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    fn new(count: usize) -> Self {
        Self { count, inside: Mutex::new(0), changed: Condvar::new() }
    }

    fn pass(&self) {
        let mut inside = self.inside.lock().unwrap();
        *inside += 1;
        self.changed.notify_all();
        let limit = std::time::Duration::from_secs(20);
        let waited =
            self.changed.wait_timeout_while(inside, limit, |inside| *inside < self.count).unwrap();
        let late = waited.1;
        assert!(!late.timed_out(), "fewer than {} at once", self.count);
    }
}

#[test]
fn pages_and_questions_are_fetched_side_by_side() {
    let gate = Gate::new(3);
    let (rows, result) = read(3, &|page| {
        if page > 1 {
            gate.pass();
        }
        service(40, 10)(page)
    });
    result.unwrap();
    assert_eq!(rows.len(), 40);

    let gate = Gate::new(3);
    let days = ["1", "2", "3"].map(str::to_owned);
    let mut order = Vec::new();
    let fetch = |_, page| {
        gate.pass();
        service(5, 10)(page)
    };
    questions(&days, 3, &fetch, &mut |place, rows| {
        order.push((place.question, rows.len()));
        Ok(())
    })
    .unwrap();
    assert_eq!(order, [(0, 5), (1, 5), (2, 5)]);
}

#[test]
fn questions_of_many_sizes_come_in_order_with_few_pages_held() {
    let totals = [0, 95, 10, 0, 300, 41, 7, 120];
    let days: Vec<String> = (0..totals.len()).map(|day| day.to_string()).collect();
    for concurrency in [1, 2, 5, 16] {
        let held = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let fetch = |day: usize, page: u32| {
            most.fetch_max(held.fetch_add(1, SeqCst) + 1, SeqCst);
            if day == 0 || page.is_multiple_of(3) {
                thread::yield_now();
            }
            service(totals[day], 10)(page)
        };
        let (mut got, mut last) = (vec![Vec::new(); totals.len()], (0, 0));
        questions(&days, concurrency, &fetch, &mut |place, rows| {
            held.fetch_sub(1, SeqCst);
            assert!((place.question, place.page) > last);
            last = (place.question, place.page);
            assert!(place.known >= totals.len() as u64);
            got[place.question].extend(rows);
            Ok(())
        })
        .unwrap();
        for (total, rows) in totals.iter().zip(got) {
            assert_eq!(rows, (0..*total).collect::<Vec<_>>());
        }
        assert!(most.load(SeqCst) <= 2 * concurrency, "{most:?} at {concurrency}");
    }
}

#[test]
fn a_failed_day_leaves_the_days_before_it() {
    let days = ["1", "2", "3"].map(str::to_owned);
    let mut seen = Vec::new();
    let fetch = |day: usize, page| match day {
        1 => Err(fail(Failure::Unavailable, "down")),
        _ => service(15, 10)(page),
    };
    let result = questions(&days, 1, &fetch, &mut |place, _| {
        seen.push((place.question, place.page));
        Ok(())
    });
    assert_eq!(result.unwrap_err().to_string(), "down");
    assert_eq!(seen, [(0, 1), (0, 2)]);
}

/// What is said of these pages, whose rows have no id of their own.
fn rows_that_may_have_moved(
    place: &dyn Fn(usize, u32) -> Place,
    pages: &[&[&str]],
    batch: &dyn Fn(&[&str]) -> Batch,
) -> Option<String> {
    let mut repeats = Repeats::default();
    for (number, rows) in (1..).zip(pages) {
        repeats.check("it", place(0, number), &batch(rows), &[]).unwrap();
    }
    repeats.doubt()
}

#[test]
fn rows_that_move_to_another_page_are_noticed() {
    use crate::event::{Data, Envelope, Row};
    let batch = |rows: &[&str]| {
        let envelope = Envelope::new("s", "t", chrono::DateTime::UNIX_EPOCH, &[]).unwrap();
        let mut batch = Batch::new(envelope);
        for subject in rows {
            let (subject, data) = ((*subject).to_owned(), Data::default());
            let period = chrono::NaiveDate::MIN;
            batch.push(&Row { account: None, period, subject, data, amounts: Vec::new() });
        }
        batch
    };
    let place = |question, page| Place { question, page, of: 3, known: 3 };
    let first = batch(&["a", "b", "a"]);
    let mut repeats = Repeats::default();
    let mut check = |place, batch: &Batch, alone: &[bool]| repeats.check("it", place, batch, alone);
    assert!(rows_that_may_have_moved(&place, &[&["a", "b"], &["c", "b"]], &batch).is_none());
    let said = rows_that_may_have_moved(&place, &[&["a", "b"], &["b", "c"], &["c", "d"]], &batch);
    assert!(said.unwrap().starts_with("it: page 2 begins with the row that the page before it"));
    check(place(0, 1), &first, &[true, false, true]).unwrap();
    let error = check(place(0, 2), &batch(&["c", "a"]), &[true, true]).unwrap_err();
    assert_eq!(kind_of(&error), Failure::Unavailable);
    assert!(error.to_string().starts_with("it: page 2 repeats a row of page 1"), "{error}");

    check(place(1, 1), &first, &[true, false, true]).expect("another question may have them too");
    check(place(1, 2), &batch(&["c", "b"]), &[true, false]).expect("rows may be identical");
    check(place(1, 3), &first, &[]).expect_err("but not all of a page");
    check(place(2, 1), &batch(&["a", "a"]), &[]).unwrap();
    check(place(2, 2), &batch(&["a", "a"]), &[]).expect("unless there is only one kind");
}
