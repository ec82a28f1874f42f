//! The change log: what every commit wrote, for those who follow.

use crate::{
    Error, keys,
    record::{LogRecord, RunRecord},
    store::Inner,
};
use fhir::ResourceType;

/// What one commit wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitChanges {
    /// Its number.
    pub commit: u64,
    /// When, in microseconds since 1970-01-01T00:00:00Z.
    pub time_us: i64,
    /// One for each version written: within a type in the order of ordinals.
    pub changes: Vec<Change>,
}

/// One version written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its logical id.
    pub id: String,
    /// Its ordinal.
    pub ordinal: u32,
    /// Its version id.
    pub version_id: u64,
    /// Whether it is a deletion.
    pub deleted: bool,
    /// Whether it is the version it replaced, with findings beside it.
    pub annotated: bool,
    /// The ordinal that is no longer current because of it.
    pub replaced: Option<u32>,
}

pub(crate) fn read(
    inner: &Inner,
    after: u64,
    max_changes: usize,
) -> Result<Vec<CommitChanges>, Error> {
    let newest = inner.state().commit;
    let mut commits = Vec::new();
    let mut found = 0;
    if after >= newest {
        return Ok(commits);
    }
    inner.substrate.scan(&keys::log(after + 1), &keys::log(newest + 1), |key, value| {
        let commit = keys::tail_u64(key).unwrap_or(0);
        let log = LogRecord::decode(value)?;
        let mut changes = Vec::new();
        for number in log.types {
            let resource_type =
                ResourceType::from_number(number).ok_or(Error::Damaged { what: "a log record" })?;
            let run = inner
                .substrate
                .get(&keys::run(resource_type, commit))?
                .ok_or(Error::Damaged { what: "a run record that should be there" })?;
            let run = RunRecord::decode(&run)?;
            let mut exceptions = run.exceptions.iter().peekable();
            let mut block = None;
            for index in 0..run.count {
                let ordinal = run.first + index;
                let within = match block.take() {
                    Some(block) => block,
                    None => inner.block(resource_type, ordinal)?,
                };
                let within = if ordinal < within.end() {
                    within
                } else {
                    inner.block(resource_type, ordinal)?
                };
                let (id, version_id, _) = within.get(ordinal)?;
                let exception = exceptions.next_if(|exception| exception.index == index);
                changes.push(Change {
                    resource_type,
                    id: id.to_owned(),
                    ordinal,
                    version_id,
                    deleted: exception.is_some_and(|exception| exception.deleted),
                    annotated: exception.is_some_and(|exception| exception.annotated),
                    replaced: exception.and_then(|exception| exception.replaced),
                });
                block = Some(within);
            }
        }
        found += changes.len();
        commits.push(CommitChanges { commit, time_us: log.time_us, changes });
        Ok(found < max_changes)
    })?;
    Ok(commits)
}
