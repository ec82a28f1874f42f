//! Applying: prepared chunks, in the order they were read, to the store and then to the lake.

use super::prepare::{Content, Prepared};
use super::read::Budget;
use super::{Job, Meters, Phase};
use crate::Error;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::WrittenKind;

/// How often the caller hears how it goes.
pub(super) const TELL_EVERY: Duration = Duration::from_millis(200);

/// Applies chunks until there are no more or one fails.
pub(super) fn apply_all(
    job: &Job<'_>,
    prepared: crossbeam_channel::Receiver<Prepared>,
    budget: &Budget,
) -> Result<(), Error> {
    // Chunks that overtook an earlier one wait here; the budget bounds how many.
    let mut early: BTreeMap<u64, Prepared> = BTreeMap::new();
    let mut next = 0;
    let mut told = Instant::now();
    loop {
        match prepared.recv_timeout(TELL_EVERY) {
            Ok(chunk) => {
                early.insert(chunk.number, chunk);
            }
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
        }
        while let Some(chunk) = early.remove(&next) {
            if job.stopped() {
                return Err(Error::Stopped);
            }
            let bytes = chunk.bytes;
            apply(job, chunk)?;
            budget.give(bytes);
            next += 1;
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            job.tell(Phase::Importing, None);
        }
    }
    if job.stopped() { Err(Error::Stopped) } else { Ok(()) }
}

fn apply(job: &Job<'_>, chunk: Prepared) -> Result<(), Error> {
    let meters = &job.meters;
    for (file, rejects) in &chunk.rejects {
        job.errors.write(file, rejects)?;
        Meters::add(&meters.rejected, rejects.len() as u64);
    }
    Meters::add(&meters.bytes, chunk.bytes);
    let Some(Content { transaction, rows }) = chunk.content? else { return Ok(()) };
    // Held over both, so that no query's catching up does the lake's half a second time.
    let moving = job.room.moving.lock();
    let commit = Meters::time(&meters.apply_ns, || job.room.store.apply(transaction))?;
    let count = |kind| commit.written.iter().filter(|w| w.kind == kind).count() as u64;
    let (created, updated, unchanged) =
        (count(WrittenKind::Created), count(WrittenKind::Updated), count(WrittenKind::Unchanged));
    if created + updated > 0 {
        Meters::time(&meters.tables_ns, || {
            let mut written = commit.written.iter();
            let mut parts = Vec::with_capacity(rows.len());
            for (resource_type, count, rows) in rows {
                let written: Vec<_> = written.by_ref().take(count).collect();
                let keep: Vec<bool> =
                    written.iter().map(|w| w.kind != WrittenKind::Unchanged).collect();
                let kept: Vec<_> =
                    written.iter().filter(|w| w.kind != WrittenKind::Unchanged).collect();
                if kept.is_empty() {
                    continue;
                }
                let stamps = kept
                    .iter()
                    .map(|w| lake::Stamp { ordinal: w.ordinal, version_id: w.version_id })
                    .collect();
                let dead = kept.iter().filter_map(|w| w.replaced).collect();
                let rows = if kept.len() == count { rows } else { rows.keep(&keep)? };
                parts.push(lake::Part { resource_type, rows: Some(rows), stamps, dead });
            }
            job.room.lake.apply(commit.number, commit.time_us, parts)
        })?;
    }
    drop(moving);
    Meters::add(&meters.created, created);
    Meters::add(&meters.updated, updated);
    Meters::add(&meters.unchanged, unchanged);
    Ok(())
}
