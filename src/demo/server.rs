//! A small HTTP/1.1 server on loopback, on threads: it serves the sample clouds, and in tests the fakes of
//! token and metadata services and the targets. It can also break off, stall and reset, as real ones do.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path as sent.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query's pairs, decoded.
    pub fn query(&self) -> HashMap<String, String> {
        form(self.target.split_once('?').map_or("", |(_, query)| query))
    }

    /// The body's pairs, where it is a form.
    pub fn form(&self) -> HashMap<String, String> {
        form(&String::from_utf8_lossy(&self.body))
    }
}

fn form(text: &str) -> HashMap<String, String> {
    let decode = |part: &str| {
        let part = part.replace('+', " ");
        percent_encoding::percent_decode_str(&part).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers but Content-Length and Date.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How the answer goes wrong on its way.
    pub fault: Fault,
}

/// How an answer goes wrong on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    /// It does not.
    #[default]
    None,
    /// The connection closes without an answer.
    Reset,
    /// Content-Length promises the whole body, and this many bytes come.
    Cut(usize),
    /// This many bytes of the body come, then nothing, and the connection stays open.
    Stall(usize),
    /// Nothing comes at all, and the connection stays open.
    Silence,
}

impl Reply {
    /// An answer with this status and body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    /// 200 with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).with("Content-Type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes it go wrong.
    #[must_use]
    pub fn broken(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }
}

/// A running server; dropping it ends it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Box<dyn Fn(&Request) -> Reply + Send + Sync>,
    seen: Mutex<Vec<Request>>,
    keep: bool,
    streams: Mutex<Vec<TcpStream>>,
    over: AtomicBool,
}

impl Server {
    /// Serves on a free port of 127.0.0.1 and keeps every request for [`Server::seen`].
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::bind(true, Box::new(handler))
    }

    /// The same, forgetting each request once it is answered.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start_forgetful(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::bind(false, Box::new(handler))
    }

    fn bind(
        keep: bool,
        handler: Box<dyn Fn(&Request) -> Reply + Send + Sync>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            handler,
            seen: Mutex::default(),
            keep,
            streams: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let inner = Arc::clone(&shared);
        let acceptor =
            std::thread::Builder::new().name("sample cloud".into()).spawn(move || {
                for stream in listener.incoming().flatten() {
                    if inner.over.load(Ordering::SeqCst) {
                        return;
                    }
                    let inner = Arc::clone(&inner);
                    if let Ok(copy) = stream.try_clone() {
                        lock(&inner.streams).push(copy);
                    }
                    // A connection that gets no thread is closed, which a client takes for a reset.
                    drop(std::thread::Builder::new().spawn(move || drop(inner.serve(stream))));
                }
            })?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<Request> {
        lock(&self.shared.seen).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
        for stream in lock(&self.shared.streams).drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        while let Some(request) = read_request(&mut reader, &mut writer)? {
            let reply = (self.handler)(&request);
            if self.keep {
                lock(&self.seen).push(request);
            }
            if !write_reply(&mut writer, &reply)? {
                if matches!(reply.fault, Fault::Stall(_) | Fault::Silence) {
                    // The client gives up, or the server is dropped.
                    drop(std::io::copy(&mut reader, &mut std::io::sink()));
                }
                writer.shutdown(Shutdown::Both)?;
                return Ok(());
            }
        }
        Ok(())
    }
}

fn read_request(
    reader: &mut impl BufRead,
    writer: &mut impl Write,
) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(ErrorKind::InvalidData.into());
    };
    let mut request =
        Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(ErrorKind::InvalidData)?;
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if request.header("expect").is_some() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length =
        request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0u64);
    reader.take(length).read_to_end(&mut request.body)?;
    Ok(Some(request))
}

/// Whether the connection can go on.
fn write_reply(writer: &mut impl Write, reply: &Reply) -> std::io::Result<bool> {
    if matches!(reply.fault, Fault::Reset | Fault::Silence) {
        return Ok(false);
    }
    let mut whole = Vec::new();
    write!(whole, "HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status))?;
    let has = |name: &str| reply.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !has("date") {
        let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
        write!(whole, "Date: {date}\r\n")?;
    }
    for (name, value) in &reply.headers {
        write!(whole, "{name}: {value}\r\n")?;
    }
    if reply.status != 204 {
        write!(whole, "Content-Length: {}\r\n", reply.body.len())?;
    }
    whole.extend_from_slice(b"\r\n");
    let body = match reply.fault {
        Fault::Cut(most) | Fault::Stall(most) => &reply.body[..most.min(reply.body.len())],
        _ => &reply.body[..],
    };
    whole.extend_from_slice(body);
    writer.write_all(&whole)?;
    writer.flush()?;
    Ok(reply.fault == Fault::None)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Answer",
    }
}
