//! The loopback servers of the benchmarks, as one program; the scripts beside it start it.
//!
//! - `sample ROWS PAGE [latency=MS] [limit=N] [record=FILE]` is the sample cloud: ROWS a day, PAGE of them a page at
//!   most. It takes MS for each answer, throttles whoever sends more than N requests in any second, and writes
//!   its answers to FILE. In the end it says how many requests came, in all and at most in a second.
//! - `sink [latency=MS]` takes CloudEvents, each post in MS.
//! - `post URL N THREADS FILE` is a plain keep-alive loop of the same HTTP client that posts the same body N times.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use billing_pull::demo::server::{Reply, Server};
use billing_pull::demo::{Sample, SampleCloud, throttled};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["sample", rows, page, ref options @ ..] => {
            sample(rows.parse().unwrap(), page.parse().unwrap(), options);
        }
        ["sink", ref options @ ..] => {
            let latency = Duration::from_millis(number(options, "latency").unwrap_or(0));
            let server = Server::start_forgetful(move |_| {
                std::thread::sleep(latency);
                Reply::new(202, "")
            });
            serve(&server.unwrap().url());
        }
        ["post", url, count, threads, file] => {
            post(url, count.parse().unwrap(), threads.parse().unwrap(), file);
        }
        _ => println!(
            "bench_server sample ROWS PAGE [OPTION...] | sink [OPTION...] | post URL N THREADS FILE"
        ),
    }
}

/// The value of `name=value` among the options.
fn option<'a>(options: &[&'a str], name: &str) -> Option<&'a str> {
    let mut pairs = options.iter().filter_map(|option| option.split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn number(options: &[&str], name: &str) -> Option<u64> {
    option(options, name).map(|value| value.parse().unwrap())
}

fn sample(rows: usize, page: usize, options: &[&str]) {
    let latency = Duration::from_millis(number(options, "latency").unwrap_or(0));
    let limit = number(options, "limit").unwrap_or(u64::MAX);
    let record = option(options, "record").map(|file| Mutex::new(File::create(file).unwrap()));
    let meter = Arc::new(Mutex::new(Meter::default()));
    let arrivals = Arc::clone(&meter);
    let sample = Sample { rows, page, ..Sample::default() };
    let cloud = SampleCloud::start(sample, move |_, request, reply| {
        let (arrived, recent) = arrivals.lock().unwrap().arrive();
        let reply = if recent > limit { throttled(request) } else { reply };
        if let Some(record) = &record {
            record.lock().unwrap().write_all(&[&reply.body[..], b"\n"].concat()).unwrap();
        }
        std::thread::sleep((arrived + latency).saturating_duration_since(Instant::now()));
        reply
    });
    serve(&cloud.unwrap().url());
    let Meter { all, most, .. } = *meter.lock().unwrap();
    println!("{all} {most}");
}

/// Counts requests, and those of every second that ends with one: there is no second that holds more.
#[derive(Default)]
struct Meter {
    all: u64,
    most: u64,
    recent: VecDeque<Instant>,
}

impl Meter {
    /// When this request came, and how many came in the second before, itself included.
    fn arrive(&mut self) -> (Instant, u64) {
        let now = Instant::now();
        while self.recent.front().is_some_and(|first| now - *first >= Duration::from_secs(1)) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let recent = self.recent.len() as u64;
        self.all += 1;
        self.most = self.most.max(recent);
        (now, recent)
    }
}

fn serve(url: &str) {
    println!("{url}");
    // Until the benchmark closes our stdin.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

/// The client is built as the program builds its own.
fn post(url: &str, count: usize, threads: usize, file: &str) {
    let body = Arc::new(std::fs::read(file).unwrap());
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .tls_certs_only([])
        .build()
        .unwrap();
    let left = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (client, body, left, url) =
                (client.clone(), body.clone(), left.clone(), url.to_owned());
            std::thread::spawn(move || {
                while left.fetch_add(1, Ordering::Relaxed) < count {
                    let request =
                        client.post(&url).header("content-type", "application/cloudevents+json");
                    let answer = request.body(body.as_slice().to_vec()).send().unwrap();
                    assert!(answer.status().is_success());
                    answer.bytes().unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
}
