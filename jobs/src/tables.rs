//! Keeping the tables in step with the store: the follower of the change log.
//!
//! Bulk import hands its rows to the lake itself; everything else (single writes, bundles, what a
//! crash left undone) comes through here: bodies are read back, parsed and shredded.
//!
//! Always true: after `catch_up(room, n)` returned, a query sees every commit up to `n`.

use crate::Error;
use crate::rooms::{Room, blocking};
use fhir::{Resource, ResourceType};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changes taken from the log at once: bounds memory, about 10 MB of bodies.
const CHANGES_MAX: usize = 4_096;

/// Brings the lake to `commit` at least. Cheap when nothing is missing; concurrent callers share
/// the work.
///
/// # Errors
/// When the log, a body or the lake cannot be read.
pub async fn catch_up(room: &Arc<Room>, commit: u64) -> Result<(), Error> {
    if room.lake.reflected() >= commit {
        return Ok(());
    }
    let room = Arc::clone(room);
    blocking(move || catch_up_blocking(&room, commit)).await
}

/// The same, on a thread that may block.
///
/// # Errors
/// As [`catch_up`].
pub fn catch_up_blocking(room: &Room, commit: u64) -> Result<(), Error> {
    let _moving = room.moving.lock();
    room.check_there()?;
    while room.lake.reflected() < commit {
        let after = room.lake.reflected();
        let log = room.store.changes(after, CHANGES_MAX)?;
        if log.is_empty() {
            return Err(Error::Internal(format!(
                "the change log ends before commit {commit}, after {after}"
            )));
        }
        for entry in log {
            if !room.lake.has(entry.commit) {
                let (number, time_us) = (entry.commit, entry.time_us);
                let parts = parts(&room.store, entry)?;
                room.lake.apply(number, time_us, parts)?;
            }
        }
        if room.lake.reflected() <= after {
            return Err(Error::Internal(format!("the lake did not move past commit {after}")));
        }
    }
    Ok(())
}

/// Turns one log entry into rows and dead ordinals, by type.
fn parts(store: &store::Store, entry: store::CommitChanges) -> Result<Vec<lake::Part>, Error> {
    #[derive(Default)]
    struct Sorted {
        stamps: Vec<lake::Stamp>,
        dead: Vec<u32>,
    }
    let mut types: BTreeMap<ResourceType, Sorted> = BTreeMap::new();
    for change in entry.changes {
        let sorted = types.entry(change.resource_type).or_default();
        sorted.dead.extend(change.replaced);
        if !change.deleted {
            sorted
                .stamps
                .push(lake::Stamp { ordinal: change.ordinal, version_id: change.version_id });
        }
    }
    let snapshot = store.snapshot(&access());
    types
        .into_iter()
        .map(|(resource_type, mut sorted)| {
            sorted.stamps.sort_by_key(|stamp| stamp.ordinal);
            let written: Vec<u32> = sorted.stamps.iter().map(|stamp| stamp.ordinal).collect();
            let rows = if written.is_empty() {
                None
            } else {
                let resources = snapshot
                    .bodies(resource_type, &written)?
                    .into_iter()
                    .map(|version| {
                        let body = version.body.ok_or_else(|| {
                            Error::Internal(format!(
                                "`{}` {} has no body",
                                resource_type.name(),
                                version.ordinal
                            ))
                        })?;
                        Resource::parse(body.text()).map_err(|_| {
                            Error::Internal(format!(
                                "stored `{}` {} no longer parses",
                                resource_type.name(),
                                version.ordinal
                            ))
                        })
                    })
                    .collect::<Result<Vec<_>, Error>>()?;
                Some(lake::Lake::shred(resource_type, &resources)?)
            };
            Ok(lake::Part { resource_type, rows, stamps: sorted.stamps, dead: sorted.dead })
        })
        .collect()
}

/// Who reads when the house itself does.
pub(crate) fn access() -> store::Access {
    store::Access { key_id: "tarn".to_owned(), role: store::Role::Admin }
}
