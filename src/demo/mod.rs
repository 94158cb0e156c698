//! The sample cloud: a stand-in for each cloud's billing API on loopback. It verifies signatures, pages, throttles.
//! `--demo` runs against it, and the tests run against the same one with faults switched on by a twist.

mod alicloud;
mod aws;
mod baidu;
mod oss;
pub mod server;
mod subscription;

use crate::credentials::Keys;
use crate::env::Env;
use crate::secret::Secret;
use server::{Reply, Request, Server};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The only access key that the sample cloud knows. It opens nothing anywhere.
pub const ACCESS_KEY_ID: &str = "DEMOACCESSKEYID";
/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "demo/secret+access/key";

/// The bucket that its bill files lie in.
pub const BUCKET: &str = "demo-bills";
/// Where that bucket is.
pub const REGION: &str = "cn-hangzhou";
/// Whose bill Alibaba Cloud's is.
pub const ALICLOUD_ACCOUNT: &str = "1234567890123456";
/// Whose bill AWS's is.
pub const AWS_ACCOUNT: &str = "111122223333";

/// What the sample bill looks like.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Rows a day.
    pub rows: usize,
    /// The most rows of a page, whatever is asked for.
    pub page: usize,
    /// Another number, another amount in every seventh row: a restated bill.
    pub revision: u64,
    /// The bucket's objects by key, in the order in which they were written, in the place of invented ones.
    pub objects: Option<Vec<(String, Vec<u8>)>>,
    /// The subscriptions to bill files, as the API lists them. Calls change them.
    pub subscriptions: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Default for Sample {
    fn default() -> Self {
        let subscriptions = Arc::new(Mutex::new(vec![subscription::first()]));
        Self { rows: 31, page: 20, revision: 0, objects: None, subscriptions }
    }
}

/// Changes an answer on its way out: the number of the request (from 1), the request, the answer.
pub type Twist = dyn Fn(usize, &Request, Reply) -> Reply + Send + Sync;

/// A running sample cloud.
pub struct SampleCloud {
    server: Server,
}

impl SampleCloud {
    /// The cloud of `--demo`: it throttles the first request of a run.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub fn demo() -> std::io::Result<Self> {
        let sample = Sample::default();
        Self::counted(move |number, request| match number {
            1 => throttled(request),
            _ => answer(request, &sample),
        })
    }

    /// A cloud with this bill, whose answers pass through `twist`.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub fn start(
        sample: Sample,
        twist: impl Fn(usize, &Request, Reply) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::counted(move |number, request| twist(number, request, answer(request, &sample)))
    }

    fn counted(
        answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            answer(count.fetch_add(1, Ordering::SeqCst) + 1, request)
        })?;
        Ok(Self { server })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.server.seen()
    }

    /// An environment that holds its keys, names it as every token service, and holds nothing else.
    pub fn env(&self) -> Env {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            ("BCE_ACCESS_KEY_ID", "BCE_SECRET_ACCESS_KEY"),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        ];
        let url = self.url();
        // `--check` asks the token services too.
        let services = ["AWS_ENDPOINT_URL_STS", "ALIBABA_CLOUD_STS_ENDPOINT"];
        pairs
            .into_iter()
            .flat_map(|(id, secret)| [(id, ACCESS_KEY_ID), (secret, SECRET_ACCESS_KEY)])
            .chain(services.map(|name| (name, url.as_str())))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// Which API a request is meant for shows in its own marks, so one server serves every cloud.
fn answer(request: &Request, sample: &Sample) -> Reply {
    if request.header("x-amz-target").is_some() {
        return aws::answer(request, sample);
    }
    if aws::is_token_service_meant(request) {
        return aws::caller(request);
    }
    if baidu::is_meant(request) {
        return baidu::answer(request, sample);
    }
    if alicloud::is_meant(request) {
        return alicloud::answer(request, sample);
    }
    if oss::is_meant(request) {
        return oss::answer(request, sample);
    }
    Reply::new(404, "no API of the sample cloud")
}

/// The keys behind an access key id.
fn keys_of(id: &str) -> Option<Keys> {
    (id == ACCESS_KEY_ID).then(|| Keys {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: Secret::new(SECRET_ACCESS_KEY),
        session_token: None,
    })
}

/// "Too many requests" as each API says it.
pub fn throttled(request: &Request) -> Reply {
    if request.header("x-amz-target").is_some() {
        return aws::error(400, "LimitExceededException", "Rate limit exceeded");
    }
    if baidu::is_meant(request) {
        return baidu::throttled();
    }
    if alicloud::is_meant(request) {
        let message = "Request was denied due to user flow control.";
        return alicloud::error(400, "Throttling.User", message);
    }
    if oss::is_meant(request) {
        return oss::error(503, "ServiceUnavailable", "Please reduce your request rate.");
    }
    Reply::new(429, "")
}

/// A number that is the same for the same words everywhere.
fn number(words: &[&str]) -> u64 {
    let hash = blake3::hash(words.join("\n").as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
