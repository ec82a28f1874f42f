//! The one way in: what a write asks for, prepared in the caller's thread.
//!
//! Everything that needs no ordinal and no lock happens here: extraction, sorting of index keys,
//! compression of bodies. The writer then numbers, checks and appends.

use crate::{Error, block, index::Index};
use fhir::{Body, Resource, ResourceType};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of text in a body block of a bulk chunk: larger ones compress better, and make reading
/// a single resource slower.
const BLOCK_BYTES: usize = 32 << 10;
/// Resources in a body block, so that tiny resources do not make a directory of thousands.
const BLOCK_COUNT: usize = 256;

/// One thing to do to one resource.
#[derive(Debug)]
pub enum Write {
    /// Stores a new resource. Its id is taken if it has one, else made up; an id in use is refused.
    Create {
        /// What to store.
        resource: Resource,
    },
    /// Stores a new version of the resource with this id.
    Update {
        /// What to store; its id must be set.
        resource: Resource,
        /// Only if this version is current (`If-Match`).
        if_match: Option<u64>,
        /// Only if there is none (`If-None-Match: *`).
        if_none_match_any: bool,
        /// Whether the resource may be new.
        create: bool,
    },
    /// Lays findings beside a version: `resource` is that version with extensions added. Its version
    /// id stays, and so does what counts as its content; only search, reads, export and tables see
    /// the difference. Nothing happens when another version is current by now.
    Annotate {
        /// The version's content with its findings.
        resource: Resource,
        /// The version that was read.
        version_id: u64,
    },
    /// Marks a resource as deleted. One that is not there, or no longer, stays so without error.
    Delete {
        /// Its type.
        resource_type: ResourceType,
        /// Its logical id.
        id: String,
        /// Only if this version is current (`If-Match`).
        if_match: Option<u64>,
    },
}

/// What happens together: all of it or none.
pub struct Transaction {
    pub(crate) work: Result<Work, Error>,
    pub(crate) bytes: u64,
}

pub(crate) enum Work {
    Writes(Vec<Prepared>),
    Bulk(Vec<Chunk>),
}

/// One write with its index entries.
pub(crate) struct Prepared {
    pub resource_type: ResourceType,
    pub id: String,
    pub body: Option<Body>,
    pub hash: u64,
    pub index: Option<Index>,
    pub payload: block::Payload,
    pub rule: Rule,
}

/// What must hold for a write to happen.
pub(crate) enum Rule {
    Create,
    Update { if_match: Option<u64>, if_none_match_any: bool, create: bool },
    Delete { if_match: Option<u64> },
    Annotate { version_id: u64 },
}

impl Transaction {
    /// One write.
    pub fn single(write: Write) -> Self {
        Self::of(vec![write])
    }

    /// Several writes, done in order and all or none.
    pub fn of(writes: Vec<Write>) -> Self {
        let mut bytes = 0;
        let mut prepared = Vec::with_capacity(writes.len());
        for (index, write) in writes.into_iter().enumerate() {
            match prepare(index, write) {
                Ok(write) => {
                    bytes += write.body.as_ref().map_or(0, |body| body.as_bytes().len() as u64);
                    prepared.push(write);
                }
                Err(error) => return Self { work: Err(error), bytes },
            }
        }
        Self { work: Ok(Work::Writes(prepared)), bytes }
    }

    /// A chunk of an import: each resource is created, updated, or left alone when its content is
    /// what is stored. An id that comes several times is left alone as a whole when the last of them is
    /// what is stored, so that the same chunk again changes nothing. Extraction, sorting and compression happen here, in the caller's thread.
    pub fn bulk(resources: Vec<Resource>) -> Self {
        let bytes = resources.iter().map(|resource| resource.text().len() as u64).sum();
        Self { work: Chunk::prepare(&resources).map(Work::Bulk), bytes }
    }
}

fn prepare(index: usize, write: Write) -> Result<Prepared, Error> {
    let (mut resource, rule) = match write {
        Write::Create { resource } => (resource, Rule::Create),
        Write::Update { resource, if_match, if_none_match_any, create } => {
            (resource, Rule::Update { if_match, if_none_match_any, create })
        }
        Write::Annotate { resource, version_id } => (resource, Rule::Annotate { version_id }),
        Write::Delete { resource_type, id, if_match } => {
            let payload = block::compress(std::iter::once((id.as_str(), None)))?;
            return Ok(Prepared {
                resource_type,
                id,
                payload,
                body: None,
                hash: 0,
                index: None,
                rule: Rule::Delete { if_match },
            });
        }
    };
    let resource_type = resource.resource_type();
    let id = match (resource.id(), &rule) {
        (Some(id), _) => id.to_owned(),
        (None, Rule::Create) => {
            let id = new_id();
            resource = resource.with_id(&id);
            id
        }
        (None, _) => return Err(Error::NoId { index, resource_type }),
    };
    let body = resource.body();
    let mut entries = Index::new(resource_type);
    entries.add(0, &resource);
    entries.finish();
    let payload = block::compress(std::iter::once((id.as_str(), Some(body.as_bytes()))))?;
    Ok(Prepared {
        resource_type,
        id,
        payload,
        hash: xxh3_64(body.as_bytes()),
        body: Some(body),
        index: Some(entries),
        rule,
    })
}

/// A random UUID (version 4). The standard library's hash keys come from the operating system.
pub(crate) fn new_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    let [a, b] = [0u64, 1].map(|salt| RandomState::new().hash_one(salt));
    let (b, variant) = (b & 0x3fff_ffff_ffff_ffff, 0x8000_0000_0000_0000);
    let text = format!("{:016x}{:016x}", (a & !0xf000) | 0x4000, b | variant);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// The resources of one type in a bulk transaction.
pub(crate) struct Chunk {
    pub resource_type: ResourceType,
    pub entries: Vec<Entry>,
    pub index: Index,
    pub payloads: Vec<block::Payload>,
    /// Places of `entries` by id, and by place where an id comes twice.
    pub by_id: Vec<u32>,
}

/// One resource of a chunk.
pub(crate) struct Entry {
    /// Its place in the whole transaction.
    pub input: u32,
    pub id: String,
    pub hash: u64,
    pub body: Body,
    /// An earlier entry with the same id.
    pub earlier: Option<u32>,
}

impl Chunk {
    fn prepare(resources: &[Resource]) -> Result<Vec<Self>, Error> {
        let mut chunks: Vec<Self> = Vec::new();
        for (input, resource) in resources.iter().enumerate() {
            let resource_type = resource.resource_type();
            let id = resource.id().ok_or(Error::NoId { index: input, resource_type })?.to_owned();
            // Imports come a type at a time: the last chunk is nearly always the right one.
            let place = chunks
                .iter()
                .rposition(|chunk| chunk.resource_type == resource_type)
                .unwrap_or_else(|| {
                    chunks.push(Self {
                        resource_type,
                        entries: Vec::new(),
                        index: Index::new(resource_type),
                        payloads: Vec::new(),
                        by_id: Vec::new(),
                    });
                    chunks.len() - 1
                });
            let chunk = &mut chunks[place];
            chunk.index.add(chunk.entries.len() as u32, resource);
            let body = resource.body();
            chunk.entries.push(Entry {
                input: input as u32,
                id,
                hash: xxh3_64(body.as_bytes()),
                body,
                earlier: None,
            });
        }
        chunks.sort_by_key(|chunk| chunk.resource_type.number());
        for chunk in &mut chunks {
            chunk.index.finish();
            chunk.arrange()?;
        }
        Ok(chunks)
    }

    fn arrange(&mut self) -> Result<(), Error> {
        let mut seen = HashMap::with_capacity(self.entries.len());
        let mut earlier = vec![None; self.entries.len()];
        for (place, entry) in self.entries.iter().enumerate() {
            earlier[place] = seen.insert(entry.id.as_str(), place as u32);
        }
        for (entry, earlier) in self.entries.iter_mut().zip(earlier) {
            entry.earlier = earlier;
        }
        let entries = &self.entries;
        self.by_id = (0..entries.len() as u32).collect();
        self.by_id.sort_by(|&a, &b| entries[a as usize].id.cmp(&entries[b as usize].id));
        self.payloads.clear();
        let mut start = 0;
        while start < entries.len() {
            let (mut end, mut bytes) = (start, 0);
            while end < entries.len() && bytes < BLOCK_BYTES && end - start < BLOCK_COUNT {
                bytes += entries[end].body.as_bytes().len();
                end += 1;
            }
            let versions = entries[start..end]
                .iter()
                .map(|entry| (entry.id.as_str(), Some(entry.body.as_bytes())));
            self.payloads.push(block::compress(versions)?);
            start = end;
        }
        Ok(())
    }

    /// Places of entries with the same id, in the order given; ids ascending.
    pub(crate) fn same_ids(&self) -> impl Iterator<Item = &[u32]> {
        self.by_id.chunk_by(|&a, &b| self.entries[a as usize].id == self.entries[b as usize].id)
    }

    /// Bytes of all compressed bodies.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.payloads.iter().map(block::Payload::bytes).sum()
    }

    /// Leaves out the entries that are not wanted, as if they had never been given.
    pub(crate) fn retain(&mut self, wanted: &[bool]) -> Result<(), Error> {
        let mut kept = 0;
        let places: Vec<Option<u32>> = wanted
            .iter()
            .map(|&wanted| {
                wanted.then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        self.index.retain(&places);
        let mut flags = wanted.iter();
        self.entries.retain(|_| flags.next().copied().unwrap_or(false));
        self.arrange()
    }
}
