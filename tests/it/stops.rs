use crate::common::{Gate, Run, Target, cloud, cloud_of, twisted};
use billing_pull::demo::Sample;
use billing_pull::demo::server::{Fault, Reply};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_reader_of_stdout_that_goes_away_ends_the_run_quietly() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let cloud = twisted(Sample::default(), move |_, _, reply| {
        held.pass();
        reply
    });
    let run = Run::aws(&cloud).unheard().start();
    gate.open();
    let done = run.end().exits(141);
    assert_eq!(done.stderr, "");
}

#[test]
fn a_signal_lets_posts_in_flight_finish_and_begins_nothing() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let gate = Arc::new(Gate::default());
        let target = Target::behind(&gate);
        let cloud = cloud();
        let run = Run::aws(&cloud).to(&target).args(["--concurrency", "4"]).start();
        gate.await_arrivals(4);
        run.signal(signal);
        run.await_stderr("waiting for 4 posts in flight");
        gate.open();
        let done = run.end().exits(code);
        done.says(&[&format!("SIG{signal}"), "4 events delivered", "running again is safe"]);
        assert_eq!(target.events().len(), 4);
        assert_eq!(target.requests().len(), 4, "nothing new was begun");
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let gate = Arc::new(Gate::default());
    let target = Target::behind(&gate);
    let cloud = cloud();
    let run = Run::aws(&cloud).to(&target).start();
    gate.await_arrivals(8);
    run.signal_till_end("TERM").exits(143).says(&["0 events delivered"]);
    gate.open();
}

#[test]
fn a_reader_that_takes_nothing_does_not_hold_the_run() {
    let cloud = cloud_of(Sample { rows: 2000, page: 1000, ..Sample::default() });
    let run = Run::aws(&cloud).arg("-v").unread().start();
    run.await_stderr("GetCostAndUsage page 2: 200");
    run.signal_till_end("INT").exits(130);
}

#[test]
fn a_signal_stops_before_the_next_page() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let cloud = twisted(Sample { page: 5, ..Sample::default() }, move |number, _, reply| {
        if number == 2 {
            held.pass();
        }
        reply
    });
    let run = Run::aws(&cloud).start();
    gate.await_arrivals(1);
    run.await_lines(5);
    run.signal("TERM");
    run.end().exits(143).says(&["5 events delivered"]);
    gate.open();
    assert!(cloud.seen().len() <= 2);
}

#[test]
fn a_deadline_ends_the_run_like_a_signal() {
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    let target = Target::answering(move |_, _| {
        count.fetch_add(1, SeqCst);
        Reply::new(503, "").with("Retry-After", "200")
    });
    let run = Run::aws(&cloud()).to(&target).args(["--deadline", "0.3", "--concurrency", "1"]);
    run.go().exits(143).says(&["--deadline", "0 events delivered"]);
    assert!(posts.load(SeqCst) <= 1);
    let cloud = twisted(Sample::default(), |_, _, reply| reply.broken(Fault::Silence));
    let run = Run::aws(&cloud).args(["--deadline", "0.3"]);
    run.go().exits(143).says(&["--deadline", "0 events delivered"]);
}
