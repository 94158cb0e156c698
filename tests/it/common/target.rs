//! A target that records, and a gate that holds its answers back.

use super::{HANGS, each};
use billing_pull::demo::server::{Fault, Reply, Request, Server};
use serde_json::{Map, Value};
use std::sync::{Arc, Condvar, Mutex};

/// A target that keeps the events that it acknowledged.
pub struct Target {
    server: Server,
    events: Arc<(Mutex<Vec<Value>>, Condvar)>,
}

impl Target {
    /// Acknowledges everything.
    pub fn start() -> Self {
        Self::answering(|_, _| Reply::new(204, ""))
    }

    /// Acknowledges once the gate is open.
    pub fn behind(gate: &Arc<Gate>) -> Self {
        let gate = Arc::clone(gate);
        Self::answering(move |_, _| {
            gate.pass();
            Reply::new(204, "")
        })
    }

    /// Answers by `answer`: the number of the request (from 1), the request.
    pub fn answering(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let events = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (kept, count) = (Arc::clone(&events), Mutex::new(0));
        let server = Server::start(move |request| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            let reply = answer(number, request);
            if (200..300).contains(&reply.status) && reply.fault == Fault::None {
                kept.0.lock().unwrap().extend(events_of(request));
                kept.1.notify_all();
            }
            reply
        });
        Self { server: server.unwrap(), events }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("{}/events", self.server.url())
    }

    /// Every request, refused ones too.
    pub fn requests(&self) -> Vec<Request> {
        self.server.seen()
    }

    /// The events that it acknowledged.
    pub fn events(&self) -> Vec<Value> {
        self.events.0.lock().unwrap().clone()
    }

    /// Waits until it has acknowledged this many events.
    pub fn await_events(&self, count: usize) {
        let (events, changed) = &*self.events;
        let events = events.lock().unwrap();
        let (events, late) =
            changed.wait_timeout_while(events, HANGS, |events| events.len() < count).unwrap();
        assert!(!late.timed_out(), "{} of {count} events came", events.len());
    }

    /// One attribute of each of them.
    #[track_caller]
    pub fn each(&self, attribute: &str) -> Vec<String> {
        each(&self.events(), attribute)
    }
}

/// The events of a request in any content mode (CloudEvents HTTP protocol binding, section 3).
pub fn events_of(request: &Request) -> Vec<Value> {
    let json = || serde_json::from_slice(&request.body).unwrap();
    match request.header("content-type") {
        Some("application/cloudevents+json") => vec![json()],
        Some("application/cloudevents-batch+json") => match json() {
            Value::Array(events) => events,
            other => panic!("no array: {other}"),
        },
        Some(data_type) => {
            let mut event = Map::new();
            for (name, value) in &request.headers {
                let Some(name) = name.strip_prefix("ce-") else { continue };
                let value = percent_encoding::percent_decode_str(value).decode_utf8().unwrap();
                event.insert(name.to_owned(), value.into());
            }
            assert_eq!(event.get("datacontenttype"), None);
            event.insert("datacontenttype".into(), data_type.into());
            event.insert("data".into(), json());
            vec![event.into()]
        }
        None => panic!("a post without a content type"),
    }
}

/// Holds back whoever comes until it is opened, and tells how many have come.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Arrives, and waits until the gate is open.
    pub fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(state, HANGS, |state| !state.1).unwrap());
    }

    /// Waits until this many have arrived.
    pub fn await_arrivals(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let (state, late) =
            self.changed.wait_timeout_while(state, HANGS, |state| state.0 < count).unwrap();
        assert!(!late.timed_out(), "{} of {count} arrived", state.0);
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}
