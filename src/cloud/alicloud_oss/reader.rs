use super::names::BillName;
use super::object::Object;
use crate::event::{Batch, Data, Envelope, Row};
use crate::identity::Ordinals;
use anyhow::Result;
use chrono::{DateTime, Utc};
use std::io::Read;
use std::sync::atomic::AtomicU64;
pub(crate) struct ReadContext<'a> {
    pub(crate) time: DateTime<Utc>,
    pub(crate) extensions: &'a [(String, String)],
    pub(crate) workers: Option<usize>,
    pub(crate) ordinals: &'a mut Ordinals,
    pub(crate) progress: &'a AtomicU64,
    pub(crate) warn: &'a mut dyn FnMut(&str),
}
pub(crate) fn read(
    object: &dyn Object,
    bill: &BillName,
    context: &mut ReadContext<'_>,
    emit: &mut dyn FnMut(Batch) -> Result<()>,
) -> Result<u64> {
    let mut text = String::new();
    object.open(0)?.read_to_string(&mut text).map_err(super::object::failure)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut batch = Batch::new(Envelope::new(
        "cloud.alicloud.billing",
        &bill.event_type(),
        context.time,
        context.extensions,
    )?);
    for (n, line) in lines.enumerate() {
        let mut data = Data::default();
        for (h, c) in header.iter().zip(line.split(',')) {
            data.text(h, c);
        }
        data.text("file", object.name());
        data.text("line", &(n + 1).to_string());
        batch.push(&Row {
            account: bill.uid.clone(),
            period: bill.first_day().unwrap_or_default(),
            subject: bill.subject(),
            data,
        });
    }
    let n = batch.len() as u64;
    emit(batch)?;
    let _ = (&context.workers, &context.ordinals, &context.progress, &context.warn);
    Ok(n)
}
