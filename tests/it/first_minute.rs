use crate::common::{Run, assert_unique, day};

#[test]
fn demo_prints_a_bill_in_an_empty_directory_with_an_empty_environment() {
    let run = Run::command("aws").without("HOME").args(["--date", "yesterday", "--demo"]);
    let before = day(1);
    let done = run.go().exits(0);
    assert_eq!(done.events().len(), 31);
    assert_unique(&done.each("id"));
    let closing = done.closing();
    let closing = closing.strip_prefix("aws ").unwrap();
    let (date, closing) = closing.split_once(": ").unwrap();
    assert!([before, day(1)].iter().any(|day| day.to_string() == date), "{date}");
    assert!(closing.starts_with("31 events delivered, 3 requests ($0.02), 1 retry, "), "{closing}");
    assert_eq!(std::fs::read_dir(done.directory()).unwrap().count(), 0, "it leaves no file behind");
}
