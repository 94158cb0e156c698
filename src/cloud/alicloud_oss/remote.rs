//! The bills of a window in a bucket.

use super::bucket::Bucket;
use super::choose::Finder;
use super::download;
use super::listing;
use super::names::{canonical_type, is_type};
use super::pushes::{self, Found};
use super::store::{SERVICE, Store};
use super::{Args, File};
use crate::api::{Api, Budget, Session};
use crate::cloud::{Context, Place, Plan};
use crate::config::KeyFile;
use crate::credentials::{Credentials, alicloud as chain};
use crate::env::Env;
use crate::exit::{Failure, fail};
use crate::http::is_loopback;
use crate::shard::Shard;
use crate::window::{Calendar, Granularity, Window};
use anyhow::{Context as _, Result};
use chrono::Utc;
use std::sync::{Arc, Mutex, PoisonError};

/// The type that is read where none is named.
const DEFAULT_TYPE: &str = "BillingItemDetail";
/// So many objects that are passed over are named with `-v`.
const NAMED: u64 = 100;

/// A bucket in which bills lie.
pub(super) struct Remote {
    api: Option<Api>,
    pub(super) bucket: Bucket,
    pub(super) prefix: String,
    pub(super) file_type: String,
    shard: Option<Shard>,
    pub(super) env: Env,
    keys: Option<KeyFile>,
    /// The endpoint, where one was given.
    endpoint: Option<String>,
    connected: Option<(Arc<Store>, Credentials)>,
    /// Whose bills of which periods were found.
    found: Mutex<Found>,
}

impl Remote {
    pub(super) fn open(args: &Args, context: &Context<'_>) -> Result<Self> {
        let settings = context.settings;
        let file_type = canonical_type(args.file_type.as_deref().unwrap_or(DEFAULT_TYPE));
        check_type(&file_type, settings.granularity)
            .map_err(|message| fail(Failure::Usage, message))?;
        let Place { endpoint, env, keys } = context.place(&[])?;
        let in_demo = |sample| context.demo.map(|_| sample);
        let name = args.bucket.as_deref().or(in_demo(crate::demo::BUCKET));
        let region = args.region.as_deref().or(in_demo(crate::demo::REGION));
        let name = name.ok_or_else(|| {
            let message = "--bucket is missing: name the bucket that the bill subscription fills, or bill files";
            fail(Failure::Usage, message)
        })?;
        let bucket = Bucket::new(name, region, endpoint.as_deref())?;
        let api = Api::new(context.session, SERVICE).counted(Budget::new(settings.max_requests));
        Ok(Self {
            api: Some(api),
            bucket,
            prefix: args.prefix.clone(),
            file_type,
            shard: settings.shard,
            env,
            keys,
            endpoint,
            connected: None,
            found: Mutex::default(),
        })
    }

    pub(super) fn connect(&mut self, session: &Session) -> Result<String> {
        let file = self.keys.as_ref().map(|file| (&file.keys, file.origin.as_str(), file.explicit));
        let credentials = chain::find(session, &self.env, &chain::Given { file })?;
        let origin = credentials.origin.clone();
        if let Some(api) = self.api.take() {
            let (bucket, keys) = (self.bucket.clone(), credentials.keys.clone());
            self.connected = Some((Arc::new(Store { api, bucket, keys }), credentials));
        }
        Ok(origin)
    }

    /// The way to the bucket, and whose keys open it.
    pub(super) fn connected(&self) -> Result<&(Arc<Store>, Credentials)> {
        self.connected.as_ref().context("not connected")
    }

    /// Where the billing API is asked for subscriptions, if not at one of its own hosts: what stands in for OSS on
    /// this machine stands in for it too.
    pub(super) fn billing_endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref().filter(|endpoint| is_loopback(endpoint))
    }

    pub(super) fn plan(&self, window: &Window) -> Plan {
        let (host, bucket) = (self.bucket.host(), &self.bucket.name);
        let list = format!("GET {host} ListObjectsV2 bucket={bucket} prefix={}", self.prefix);
        let get = format!("GET {host} GetObject for each file of {} {window}", self.file_type);
        Plan { requests: vec![list, get], paged: true }
    }

    /// The window's files, in the order in which they are read.
    pub(super) fn find(&self, window: &Window) -> Result<Vec<File>> {
        let (store, _) = self.connected()?;
        let report = &store.api.session().report;
        let mut finder = Finder::new(*window, &self.file_type, self.shard);
        let (mut objects, mut passed) = (0u64, 0u64);
        listing::list(store, &self.prefix, |listed| {
            objects += 1;
            let key = if report.is_verbose() { listed.key.clone() } else { String::new() };
            if let Some(why) = finder.offer(listed) {
                passed += 1;
                if passed <= NAMED {
                    report.debug(|| format!("{key:?} is passed over: {why}"));
                }
            }
        })?;
        report.debug(|| format!("{objects} objects listed, {passed} of them no bills"));
        let choice = finder.finish()?;
        for key in &choice.superseded {
            report.debug(|| format!("{key:?} is passed over: there is a newer or equal one"));
        }
        choice.warnings.iter().for_each(|warning| report.warn(warning));
        if choice.files.is_empty() {
            report.info(&self.nothing(window, &choice.near));
        }
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = choice.there;
        let file = |found: super::choose::Found| File {
            object: Box::new(download::Remote::new(store, found.listed)),
            bill: found.bill,
        };
        Ok(choice.files.into_iter().map(file).collect())
    }

    fn nothing(&self, window: &Window, near: &[String]) -> String {
        let (bucket, prefix) = (&self.bucket.name, &self.prefix);
        let place =
            if prefix.is_empty() { bucket.clone() } else { format!("{bucket} below {prefix:?}") };
        let near = match near {
            [] => "nor anything near it: check --prefix and the subscription".to_owned(),
            keys => {
                let keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
                format!("near are {}", keys.join(", "))
            }
        };
        format!("there is no file of {} {window} in bucket {place}; {near}", self.file_type)
    }

    /// Where the files lie, and of which type they are.
    pub(super) fn scope(&self) -> String {
        let prefix =
            if self.prefix.is_empty() { String::new() } else { format!(" prefix={}", self.prefix) };
        format!("bucket={}{prefix} file-type={}", self.bucket.name, self.file_type)
    }

    pub(super) fn whole(&self, window: &Window) -> Option<Window> {
        pushes::whole(window, &self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn incomplete(&self, window: &Window, calendar: &Calendar) -> Option<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        pushes::missing(window, &self.file_type, &found, calendar.local(Utc::now()))
    }
}

fn check_type(file_type: &str, granularity: Granularity) -> Result<(), String> {
    if pushes::is_pdf(file_type) {
        return Err(format!("--file-type {file_type}: these files are PDFs, which have no rows"));
    }
    if !is_type(file_type) {
        return Err(format!("--file-type {file_type:?} is no type, such as BillingItemDetail"));
    }
    if granularity == Granularity::Daily && pushes::is_by_month_only(file_type) {
        return Err(format!(
            "--file-type {file_type}: there is one such file a month and none a day: add --granularity monthly"
        ));
    }
    Ok(())
}
