//! Preparing a chunk: each line is parsed once; the same parsed resources become the store's
//! transaction and the lake's rows. Pure CPU, in parallel.

use super::read::{Chunk, lines};
use super::reject::Reject;
use super::{Job, Meters};
use crate::Error;
use fhir::{IssueCode, Outcome, Resource, ResourceType};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A chunk ready to be applied.
pub(super) struct Prepared {
    pub number: u64,
    pub bytes: u64,
    /// By file.
    pub rejects: Vec<(Arc<str>, Vec<Reject>)>,
    /// `None` when no line was accepted.
    pub content: Result<Option<Content>, Error>,
}

/// The accepted resources, by type.
pub(super) struct Content {
    pub transaction: store::Transaction,
    /// In the transaction's order: a type, how many of it, their rows.
    pub rows: Vec<(ResourceType, usize, lake::Rows)>,
}

/// Prepares a chunk; a panic becomes the chunk's error, so that nobody waits for it for ever.
pub(super) fn prepare_safely(job: &Job<'_>, chunk: Chunk) -> Prepared {
    let (number, bytes) = (chunk.number, chunk.bytes);
    let prepared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| prepare(job, chunk)));
    prepared.unwrap_or_else(|_| Prepared {
        number,
        bytes,
        rejects: Vec::new(),
        content: Err(Error::Internal("an import thread panicked".to_owned())),
    })
}

fn prepare(job: &Job<'_>, mut chunk: Chunk) -> Prepared {
    let mut rejected = Vec::new();
    let mut types: BTreeMap<ResourceType, Vec<Resource>> = BTreeMap::new();
    Meters::time(&job.meters.parse_ns, || {
        for piece in &mut chunk.pieces {
            let mut rejects = std::mem::take(&mut piece.rejects);
            for (line, text) in lines(piece) {
                match parse(text) {
                    Ok(resource) => {
                        types.entry(resource.resource_type()).or_default().push(resource)
                    }
                    Err(outcome) => rejects.push(Reject { line, outcome }),
                }
            }
            if !rejects.is_empty() {
                rejects.sort_by_key(|reject| reject.line);
                rejected.push((Arc::clone(&piece.file), rejects));
            }
        }
    });
    Prepared {
        number: chunk.number,
        bytes: chunk.bytes,
        rejects: rejected,
        content: if types.is_empty() { Ok(None) } else { content(job, types).map(Some) },
    }
}

/// A resource fit for import: valid and with an id.
fn parse(text: bytes::Bytes) -> Result<Resource, Outcome> {
    let resource = Resource::parse(text)?;
    if resource.id().is_none() {
        let name = resource.resource_type().name();
        return Err(Outcome::at(
            IssueCode::Required,
            format!("`{name}` has no `id`; a resource needs one to be imported"),
            format!("{name}.id"),
        ));
    }
    Ok(resource)
}

fn content(job: &Job<'_>, types: BTreeMap<ResourceType, Vec<Resource>>) -> Result<Content, Error> {
    let rows = Meters::time(&job.meters.shred_ns, || {
        types
            .iter()
            .map(|(resource_type, resources)| {
                Ok((*resource_type, resources.len(), lake::Lake::shred(*resource_type, resources)?))
            })
            .collect::<Result<Vec<_>, lake::Error>>()
    })?;
    let transaction = Meters::time(&job.meters.prepare_ns, || {
        store::Transaction::bulk(types.into_values().flatten().collect())
    });
    Ok(Content { transaction, rows })
}
