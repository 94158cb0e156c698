use super::*;
use crate::cloud::alicloud_oss::store;
use crate::demo::server::{Fault, Reply, Request, Server};
use std::sync::Mutex;

/// So many bytes, none like its neighbours.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (blake3::hash(&(at / 32).to_le_bytes()).as_bytes())[at % 32]).collect()
}

/// An object of OSS: honours Range and If-Match.
fn object(body: &[u8], request: &Request) -> Reply {
    if request.header("if-match").is_some_and(|etag| etag != "\"E1\"") {
        return Reply::new(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    let reply = match range.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok()) {
        None => Reply::new(200, body),
        Some(from) => {
            let (last, all) = (body.len() - 1, body.len());
            Reply::new(206, &body[from..])
                .with("Content-Range", &format!("bytes {from}-{last}/{all}"))
        }
    };
    reply.with("ETag", "\"E1\"").with("x-oss-request-id", "R-1")
}

fn remote(server: &Server, size: usize, retries: u32) -> Remote {
    let listed =
        Listed {
            key: "a b/云".into(), size: size as u64, etag: Some("E1".into()), modified: None
        };
    Remote::new(&Arc::new(store::tests::store(&server.url(), retries)), listed)
}

/// A server that answers try `number` (from 1) with what `twist` makes of the right answer.
fn serve(
    body: &[u8],
    twist: impl Fn(usize, &Request, Reply) -> Reply + Send + Sync + 'static,
) -> Server {
    let (body, count) = (body.to_vec(), Mutex::new(0));
    Server::start(move |request| {
        let mut count = count.lock().unwrap();
        *count += 1;
        twist(*count, request, object(&body, request))
    })
    .unwrap()
}

fn read_from(remote: &Remote, from: u64) -> Result<Vec<u8>, (Failure, String)> {
    let failed = |error: &anyhow::Error| (kind_of(error), format!("{error:#}"));
    let mut stream = remote.open(from).map_err(|error| failed(&error))?;
    let mut body = Vec::new();
    stream.read_to_end(&mut body).map_err(|error| failed(&super::super::object::failure(error)))?;
    Ok(body)
}

#[test]
fn an_object_is_read_from_any_byte() {
    let body = bytes(5000);
    let server = serve(&body, |_, _, reply| reply);
    let remote = remote(&server, 5000, 0);
    for from in [0, 1, 4999, 5000] {
        assert_eq!(read_from(&remote, from as u64).unwrap(), body[from..]);
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 3, "nothing is asked for no byte");
    assert_eq!(seen[0].target, "/bills/a%20b/%E4%BA%91");
    assert_eq!((seen[0].header("range"), seen[0].header("if-match")), (None, Some("\"E1\"")));
    assert_eq!(seen[1].header("range"), Some("bytes=1-"));
    assert!(seen.iter().all(|request| request.header("authorization").is_some()));
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    let body = bytes(300_000);
    for seed in 0..20u64 {
        // Breaks a few times, at places that depend on the seed, in one of the ways that there are.
        let server = serve(&body, move |number, _, reply| {
            let random =
                blake3::hash(&[seed.to_le_bytes(), (number as u64).to_le_bytes()].concat());
            let [kind, high, low, ..] = *random.as_bytes();
            let at = usize::from(high) << 8 | usize::from(low);
            match kind % 4 {
                _ if number > 8 => reply,
                0 => Reply::new(503, "<Error><Code>ServiceUnavailable</Code></Error>"),
                1 => reply.broken(Fault::Reset),
                2 => reply.broken(Fault::Cut(0)),
                _ => reply.broken(Fault::Cut(at.min(299_999))),
            }
        });
        let remote = remote(&server, body.len(), 8);
        assert!(read_from(&remote, 0).unwrap() == body, "seed {seed}");
        let retries = remote.store.api.session().report.counts.retries.load(Relaxed);
        assert_eq!(server.seen().len() as u64, retries + 1, "seed {seed}: each retry is counted");
    }
}

#[test]
fn tries_count_from_the_last_byte_that_came() {
    let body = bytes(100);
    // A byte a time, each followed by one failure: more failures than retries, never two in a row.
    let server = serve(&body, |number, _, reply| {
        if number % 2 == 0 { reply.broken(Fault::Reset) } else { reply.broken(Fault::Cut(1)) }
    });
    assert_eq!(read_from(&remote(&server, 100, 2), 0).unwrap(), body);

    let server = serve(&body, |number, _, reply| match number {
        1 => reply.broken(Fault::Cut(7)),
        _ => reply.broken(Fault::Cut(0)),
    });
    let (kind, text) = read_from(&remote(&server, 100, 2), 0).unwrap_err();
    assert_eq!(kind, Failure::Unavailable, "{text}");
    assert!(text.contains("from byte 7") && text.contains("tried 3 times"), "{text}");
}

#[test]
fn a_stalled_download_goes_on() {
    let body = bytes(1000);
    let server = serve(&body, |number, _, reply| match number {
        1 => reply.broken(Fault::Stall(600)),
        _ => reply,
    });
    assert_eq!(read_from(&remote(&server, 1000, 1), 0).unwrap(), body);
    assert_eq!(server.seen()[1].header("range"), Some("bytes=600-"));
}

#[test]
fn a_range_that_is_overlooked_is_made_up_for() {
    let body = bytes(1000);
    let whole = body.clone();
    let server = serve(&body, move |number, _, reply| match number {
        1 => reply.broken(Fault::Cut(600)),
        // The whole object again, which even breaks before the place.
        2 => Reply::new(200, whole.clone()).broken(Fault::Cut(300)),
        3 => Reply::new(200, whole.clone()).broken(Fault::Cut(700)),
        _ => Reply::new(200, whole.clone()),
    });
    assert_eq!(read_from(&remote(&server, 1000, 2), 0).unwrap(), body);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn a_file_that_is_replaced_ends_the_run() {
    type Change = fn(Reply) -> Reply;
    let body = bytes(1000);
    let changes: [(&str, Change); 6] = [
        ("412", |_| Reply::new(412, "<Error><Code>PreconditionFailed</Code></Error>")),
        ("another ETag", |mut reply| {
            reply.headers.retain(|(name, _)| name != "ETag");
            reply.with("ETag", "\"E2\"")
        }),
        ("another length", |mut reply| {
            reply.headers.retain(|(name, _)| name != "Content-Range");
            reply.with("Content-Range", "bytes 600-999/1001")
        }),
        ("too few bytes", |mut reply| {
            reply.body.truncate(399);
            reply
        }),
        ("removed", |_| Reply::new(404, "<Error><Code>NoSuchKey</Code></Error>")),
        ("shorter now", |_| Reply::new(416, "<Error><Code>InvalidRange</Code></Error>")),
    ];
    for (name, change) in changes {
        let server = serve(&body, move |number, _, reply| match number {
            1 => reply.broken(Fault::Cut(600)),
            _ => change(reply),
        });
        let (kind, text) = read_from(&remote(&server, 1000, 3), 0).unwrap_err();
        assert_eq!(kind, Failure::Unavailable, "{name}: {text}");
        assert!(text.contains("run again"), "{name}: {text}");
        assert_eq!(server.seen().len(), 2, "{name}");
    }
}

#[test]
fn bytes_of_another_place_are_not_taken() {
    let body = bytes(1000);
    let server = serve(&body, |number, _, mut reply| match number {
        1 => reply.broken(Fault::Cut(600)),
        2 => {
            reply.headers.retain(|(name, _)| name != "Content-Range");
            reply.with("Content-Range", "bytes 0-399/1000")
        }
        _ => reply,
    });
    assert_eq!(read_from(&remote(&server, 1000, 1), 0).unwrap(), body);
}

#[test]
fn a_first_answer_of_another_size_is_no_whole_file() {
    let server = serve(&bytes(999), |_, _, reply| reply);
    let (kind, text) = read_from(&remote(&server, 1000, 3), 0).unwrap_err();
    assert_eq!(kind, Failure::Unavailable);
    assert!(text.contains("999 bytes come where the listing promised 1000"), "{text}");
}

#[test]
fn a_refusal_says_what_to_allow() {
    let server = serve(&[], |_, _, _| {
        Reply::new(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    });
    let (kind, text) = read_from(&remote(&server, 10, 3), 0).unwrap_err();
    assert_eq!(kind, Failure::Credentials);
    assert!(text.contains("allow oss:GetObject on acs:oss:*:*:bills/*"), "{text}");
    assert!(text.contains("GetObject \"a b/云\""), "{text}");
}
