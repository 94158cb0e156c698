//! The loopback servers of the benchmarks, as one program: `sample ROWS PAGE [FILE]` is the sample cloud, which
//! also appends every answer to FILE; `sink` takes CloudEvents, `post URL N THREADS FILE` is a plain keep-alive loop of the same HTTP client that
//! posts the same body N times. Started by `benches/aws.py`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use billing_pull::demo::server::{Reply, Server};
use billing_pull::demo::{Sample, SampleCloud};
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["sample", rows, page, ref record @ ..] => {
            let sample = Sample {
                rows: rows.parse().unwrap(),
                page: page.parse().unwrap(),
                ..Sample::default()
            };
            let record = record.first().map(|file| Mutex::new(File::create(file).unwrap()));
            let cloud = SampleCloud::start(sample, move |_, _, reply| {
                if let Some(record) = &record {
                    record.lock().unwrap().write_all(&[&reply.body[..], b"\n"].concat()).unwrap();
                }
                reply
            });
            serve(&cloud.unwrap().url());
        }
        ["sink"] => {
            let server = Server::start_forgetful(|_| Reply::new(202, "")).unwrap();
            serve(&server.url());
        }
        ["post", url, count, threads, file] => {
            post(url, count.parse().unwrap(), threads.parse().unwrap(), file);
        }
        _ => println!("bench_server sample ROWS PAGE [FILE] | sink | post URL N THREADS FILE"),
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
