//! The one writer: transactions in, commits out, one sync for all that wait together.
//!
//! Callers queue. The first becomes the leader: it takes all that wait, checks them one after the
//! other, writes one batch with one sync, publishes, and answers everybody; then the next in line
//! leads. A bulk chunk is written as sorted runs and published by a small synced batch of its own.
//!
//! Always true:
//! - a transaction is checked against everything before it, also what shares its sync;
//! - nothing is published or answered before it is on disk;
//! - a failed append stops all writing until the folder is reopened, because what is on disk is
//!   then unknown.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#concurrency>

use crate::{
    Commit, Error, Written, WrittenKind,
    keys::{self, container, low},
    posting,
    record::{Given, LogRecord, RunException, RunRecord, VersionRecord},
    store::{Inner, State, Store, sets_of},
    substrate::{Batch, Run, Space, Substrate},
    transaction::{Chunk, Prepared, Rule, Transaction, Work},
};
use fhir::{Body, ResourceType};
use parking_lot::{Condvar, Mutex};
use roaring::RoaringBitmap;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::Ordering},
    thread::ScopedJoinHandle,
};

/// Who waits to be written.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<(Work, Arc<Ticket>)>,
    led: bool,
}

/// Where a caller's answer appears.
#[derive(Default)]
struct Ticket {
    signal: Mutex<Signal>,
    changed: Condvar,
}

#[derive(Default)]
enum Signal {
    #[default]
    Wait,
    Lead,
    Done(Result<Commit, Error>),
    Taken,
}

impl Ticket {
    fn send(&self, signal: Signal) {
        *self.signal.lock() = signal;
        self.changed.notify_one();
    }
}

impl Store {
    /// Does what a transaction asks, or nothing of it. Durable and visible on return; callers that
    /// wait at the same time share one sync.
    ///
    /// # Errors
    /// [`Error::VersionConflict`], [`Error::Exists`], [`Error::NotFound`] or [`Error::NoId`] when a
    /// write of it may not happen; [`Error::TooLarge`]; [`Error::Append`] when the disk fails.
    pub fn apply(&self, transaction: Transaction) -> Result<Commit, Error> {
        let inner = &self.inner;
        inner.check_writable()?;
        let work = transaction.work?;
        let limit = inner.settings.transaction_bytes_max;
        if transaction.bytes > limit {
            return Err(Error::TooLarge {
                what: "the transaction",
                found: transaction.bytes,
                limit,
            });
        }
        let ticket = Arc::new(Ticket::default());
        {
            let mut queue = inner.queue.lock();
            queue.waiting.push_back((work, ticket.clone()));
            if !queue.led {
                queue.led = true;
                *ticket.signal.lock() = Signal::Lead;
            }
        }
        loop {
            let mut signal = ticket.signal.lock();
            match std::mem::replace(&mut *signal, Signal::Taken) {
                Signal::Done(result) => return result,
                Signal::Lead => {
                    *signal = Signal::Wait;
                    drop(signal);
                    lead(inner);
                }
                Signal::Wait | Signal::Taken => {
                    *signal = Signal::Wait;
                    ticket.changed.wait(&mut signal);
                }
            }
        }
    }
}

/// Passes the lead on, whatever happens to this leader.
struct Lead<'a> {
    inner: &'a Inner,
    tickets: Vec<Arc<Ticket>>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for ticket in &self.tickets {
            // Only after a panic is anybody left without an answer.
            if matches!(*ticket.signal.lock(), Signal::Wait) && std::thread::panicking() {
                self.inner.refuses_writes.store(true, Ordering::Release);
                ticket.send(Signal::Done(Err(Error::Append(std::io::Error::other(
                    "the writer stopped",
                )))));
            }
        }
        let mut queue = self.inner.queue.lock();
        match queue.waiting.front() {
            Some((_, next)) => next.send(Signal::Lead),
            None => queue.led = false,
        }
    }
}

fn lead(inner: &Inner) {
    let waiting: Vec<_> = inner.queue.lock().waiting.drain(..).collect();
    let lead = Lead { inner, tickets: waiting.iter().map(|(_, ticket)| ticket.clone()).collect() };
    let mut group = Group::new(inner);
    for (work, ticket) in waiting {
        match work {
            Work::Writes(writes) => match group.add(writes) {
                Ok(commit) => group.answers.push((ticket, commit)),
                Err(error) => ticket.send(Signal::Done(Err(error))),
            },
            Work::Bulk(chunks) => {
                // A run overwrites what was written before it, so that must be written first.
                std::mem::replace(&mut group, Group::new(inner)).finish();
                let result = inner.check_writable().and_then(|()| bulk(inner, chunks));
                if let Err(Error::Append(_)) = result {
                    inner.refuses_writes.store(true, Ordering::Release);
                }
                ticket.send(Signal::Done(result));
                group = Group::new(inner);
            }
        }
    }
    group.finish();
    drop(lead);
}

/// Transactions that share one batch and one sync.
struct Group<'a> {
    inner: &'a Inner,
    /// As it will be once the batch is written.
    state: State,
    batch: Batch<'a>,
    /// Newest versions the batch will write, with their bodies.
    newest: HashMap<(ResourceType, String), (VersionRecord, Option<Body>)>,
    answers: Vec<(Arc<Ticket>, Commit)>,
}

/// What will become of one write.
struct Decision {
    kind: WrittenKind,
    record: VersionRecord,
    previous: Option<VersionRecord>,
}

impl Decision {
    fn replaced(&self) -> Option<u32> {
        self.previous.filter(|previous| !previous.deleted).map(|previous| previous.ordinal)
    }
}

impl<'a> Group<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self {
            inner,
            state: (*inner.state()).clone(),
            batch: inner.substrate.batch(),
            newest: HashMap::new(),
            answers: Vec::new(),
        }
    }

    /// Checks a transaction and adds it to the batch, or leaves everything as it was.
    fn add(&mut self, writes: Vec<Prepared>) -> Result<Commit, Error> {
        self.inner.check_writable()?;
        let mut next: HashMap<ResourceType, u32> = HashMap::new();
        let mut mine: HashMap<(ResourceType, &str), (VersionRecord, Option<&Body>)> =
            HashMap::new();
        let mut decisions = Vec::with_capacity(writes.len());
        for write in &writes {
            let (current, content) = match mine.get(&(write.resource_type, write.id.as_str())) {
                Some((record, body)) => (Some(*record), *body),
                None => match self.newest.get(&(write.resource_type, write.id.clone())) {
                    Some((record, body)) => (Some(*record), body.as_ref()),
                    None => (self.stored(write.resource_type, &write.id)?, None),
                },
            };
            let ordinal = next
                .entry(write.resource_type)
                .or_insert(self.state.types[write.resource_type.number() as usize].limit);
            let decision = self.decide(write, current, content, *ordinal)?;
            if decision.kind != WrittenKind::Unchanged {
                *ordinal = ordinal.checked_add(1).ok_or(Error::TooLarge {
                    what: "the type",
                    found: u32::MAX.into(),
                    limit: u32::MAX.into(),
                })?;
                let content = match decision.kind {
                    WrittenKind::Annotated => content,
                    _ => write.body.as_ref(),
                };
                mine.insert((write.resource_type, &write.id), (decision.record, content));
            }
            decisions.push(decision);
        }
        drop(mine);
        Ok(self.append(writes, decisions))
    }

    fn stored(
        &self,
        resource_type: ResourceType,
        id: &str,
    ) -> Result<Option<VersionRecord>, Error> {
        stored(self.inner, &self.state, resource_type, id)
    }

    fn decide(
        &self,
        write: &Prepared,
        current: Option<VersionRecord>,
        content: Option<&Body>,
        ordinal: u32,
    ) -> Result<Decision, Error> {
        let live = current.filter(|current| !current.deleted);
        let target = || (write.resource_type, write.id.clone());
        let expect = |if_match: Option<u64>| match if_match {
            Some(expected) if live.is_none_or(|live| live.version_id != expected) => {
                let (resource_type, id) = target();
                Err(Error::VersionConflict {
                    resource_type,
                    id,
                    expected,
                    found: live.map_or(0, |live| live.version_id),
                })
            }
            _ => Ok(()),
        };
        let exists = || {
            let (resource_type, id) = target();
            Error::Exists { resource_type, id }
        };
        match write.rule {
            Rule::Create if live.is_some() => return Err(exists()),
            Rule::Create => {}
            Rule::Update { if_match, if_none_match_any, create } => {
                expect(if_match)?;
                if if_none_match_any && live.is_some() {
                    return Err(exists());
                }
                if !create && live.is_none() {
                    let (resource_type, id) = target();
                    return Err(match current {
                        Some(current) => {
                            Error::Deleted { resource_type, id, version: current.version_id }
                        }
                        None => Error::NotFound { resource_type, id, version: None },
                    });
                }
            }
            Rule::Annotate { version_id } => {
                return self.annotate(write, live, current, version_id, ordinal);
            }
            Rule::Delete { if_match } => {
                expect(if_match)?;
                if live.is_none() {
                    let record = current.unwrap_or(VersionRecord {
                        ordinal: 0,
                        version_id: 0,
                        deleted: true,
                        hash: 0,
                        given: None,
                    });
                    return Ok(Decision { kind: WrittenKind::Unchanged, record, previous: None });
                }
            }
        }
        if let (Some(live), Some(body)) = (live, &write.body)
            && let Some(place) = live.place_of(write.hash)
        {
            let on_disk = self.inner.state().types[write.resource_type.number() as usize].limit;
            let same = match content {
                Some(content) => content == body,
                // An annotation of this very batch: nobody can have read it yet.
                None if place >= on_disk => false,
                None => {
                    self.inner.body_bytes(write.resource_type, place)?.as_deref()
                        == Some(body.as_bytes())
                }
            };
            if same {
                return Ok(Decision { kind: WrittenKind::Unchanged, record: live, previous: None });
            }
        }
        let kind = match (&write.body, live) {
            (None, _) => WrittenKind::Deleted,
            (Some(_), Some(_)) => WrittenKind::Updated,
            (Some(_), None) => WrittenKind::Created,
        };
        let version_id = current.map_or(1, |current| current.version_id + 1);
        Ok(Decision {
            kind,
            record: VersionRecord {
                ordinal,
                version_id,
                deleted: write.body.is_none(),
                hash: write.hash,
                given: None,
            },
            previous: current,
        })
    }

    /// The same version under a new ordinal, with findings beside it; nothing when `version_id` is
    /// not current, or when it carries just these findings.
    fn annotate(
        &self,
        write: &Prepared,
        live: Option<VersionRecord>,
        current: Option<VersionRecord>,
        version_id: u64,
        ordinal: u32,
    ) -> Result<Decision, Error> {
        let unchanged =
            |record| Ok(Decision { kind: WrittenKind::Unchanged, record, previous: None });
        let Some(live) = live.filter(|live| live.version_id == version_id) else {
            return unchanged(current.unwrap_or(VersionRecord {
                ordinal: 0,
                version_id: 0,
                deleted: true,
                hash: 0,
                given: None,
            }));
        };
        let on_disk = self.inner.state().types[write.resource_type.number() as usize].limit;
        if live.given.is_some()
            && live.ordinal < on_disk
            && let Some(body) = &write.body
            && self.inner.body_bytes(write.resource_type, live.ordinal)?.as_deref()
                == Some(body.as_bytes())
        {
            return unchanged(live);
        }
        Ok(Decision {
            kind: WrittenKind::Annotated,
            record: VersionRecord {
                ordinal,
                version_id,
                deleted: false,
                hash: live.hash,
                given: Some(Given { ordinal: live.given(), shown: write.hash }),
            },
            previous: Some(live),
        })
    }

    fn append(&mut self, writes: Vec<Prepared>, decisions: Vec<Decision>) -> Commit {
        let written = writes
            .iter()
            .zip(&decisions)
            .map(|(write, decision)| Written {
                resource_type: write.resource_type,
                id: write.id.clone(),
                ordinal: decision.record.ordinal,
                version_id: decision.record.version_id,
                kind: decision.kind,
                replaced: decision.replaced(),
            })
            .collect();
        if decisions.iter().all(|decision| decision.kind == WrittenKind::Unchanged) {
            return Commit { number: self.state.commit, time_us: self.state.time_us, written };
        }
        let commit = self.state.commit + 1;
        let time_us = self.inner.clock.now_us().max(self.state.time_us + 1);
        let mut runs: Vec<(ResourceType, RunRecord)> = Vec::new();
        for (write, decision) in writes.into_iter().zip(decisions) {
            if decision.kind == WrittenKind::Unchanged {
                continue;
            }
            let Prepared { resource_type, id, body, index, payload, .. } = write;
            let record = decision.record;
            let ordinal = record.ordinal;
            if let Some(previous) = decision.previous {
                self.batch.put(
                    &keys::history_of(resource_type, &id, previous.ordinal),
                    &previous.encode(),
                );
            }
            self.batch.put(&keys::version(resource_type, &id), &record.encode());
            let exceptions: &[(u32, u64)] =
                if record.version_id == 1 { &[] } else { &[(0, record.version_id)] };
            self.batch.put(
                &keys::body(resource_type, ordinal),
                &payload.encode(commit, time_us, exceptions),
            );
            if let Some(index) = index {
                let batch = &mut self.batch;
                let mut merge = |key: &[u8], value: &[u8]| {
                    batch.merge(key, value);
                    Ok::<(), std::convert::Infallible>(())
                };
                let (Ok(()), Ok(())) =
                    (index.columns(ordinal, &mut merge), index.postings(ordinal, &mut merge));
            }
            let state = &mut self.state.types[resource_type.number() as usize];
            state.limit = ordinal + 1;
            if decision.kind == WrittenKind::Annotated {
                state.annotated += 1;
                self.batch.merge(
                    &keys::per_type(keys::ANNOTATED, resource_type, container(ordinal)),
                    &posting::encode_one(low(ordinal)),
                );
            }
            for dead in decision.replaced().into_iter().chain(record.deleted.then_some(ordinal)) {
                Arc::make_mut(&mut state.dead).insert(dead);
                self.batch.merge(
                    &keys::per_type(keys::DEAD, resource_type, container(dead)),
                    &posting::encode_one(low(dead)),
                );
            }
            let place =
                runs.iter().position(|(known, _)| *known == resource_type).unwrap_or_else(|| {
                    runs.push((
                        resource_type,
                        RunRecord { first: ordinal, time_us, ..RunRecord::default() },
                    ));
                    runs.len() - 1
                });
            let run = &mut runs[place].1;
            if decision.previous.is_some() || record.deleted {
                run.exceptions.push(RunException {
                    index: run.count,
                    version_id: record.version_id,
                    deleted: record.deleted,
                    annotated: decision.kind == WrittenKind::Annotated,
                    replaced: decision.replaced(),
                });
            }
            run.count += 1;
            // What counts as content is what was given; an annotation does not change it.
            let body = if decision.kind == WrittenKind::Annotated {
                self.newest.get(&(resource_type, id.clone())).and_then(|(_, body)| body.clone())
            } else {
                body
            };
            self.newest.insert((resource_type, id), (record, body));
        }
        publish(&mut self.batch, commit, time_us, &runs);
        self.state.commit = commit;
        self.state.time_us = time_us;
        Commit { number: commit, time_us, written }
    }

    /// Writes the batch, publishes, and answers.
    fn finish(self) {
        let inner = self.inner;
        let result = if self.batch.is_empty() { Ok(()) } else { inner.substrate.write(self.batch) };
        match result {
            Ok(()) => {
                *inner.state.write() = Arc::new(self.state);
                for (ticket, commit) in self.answers {
                    ticket.send(Signal::Done(Ok(commit)));
                }
            }
            Err(error) => {
                inner.refuses_writes.store(true, Ordering::Release);
                let (kind, text) = match &error {
                    Error::Append(cause) => (cause.kind(), cause.to_string()),
                    other => (std::io::ErrorKind::Other, other.to_string()),
                };
                for (ticket, _) in self.answers {
                    ticket.send(Signal::Done(Err(Error::Append(std::io::Error::new(
                        kind,
                        text.clone(),
                    )))));
                }
            }
        }
    }
}

fn stored(
    inner: &Inner,
    state: &State,
    resource_type: ResourceType,
    id: &str,
) -> Result<Option<VersionRecord>, Error> {
    let state = &state.types[resource_type.number() as usize];
    inner.version(resource_type, id, state.limit, &state.orphans)
}

/// The runs and the log entry: with them, and not before, a commit is there.
fn publish(batch: &mut Batch<'_>, commit: u64, time_us: i64, runs: &[(ResourceType, RunRecord)]) {
    for (resource_type, run) in runs {
        batch.put(&keys::run(*resource_type, commit), &run.encode());
    }
    let log = LogRecord {
        time_us,
        types: runs.iter().map(|(resource_type, _)| resource_type.number()).collect(),
    };
    batch.put(&keys::log(commit), &log.encode());
}

/// A chunk with everything decided: what to write, and under which numbers.
struct Numbered {
    chunk: Chunk,
    base: u32,
    /// By place in the chunk.
    records: Vec<VersionRecord>,
    /// Keys and values of versions that are no longer the newest, in key order.
    history: Vec<(Vec<u8>, Vec<u8>)>,
    run: RunRecord,
    dead: RoaringBitmap,
}

/// Above this many bytes of bodies, a type gets a run of its own: runs of one type do not overlap,
/// and so are never rewritten.
const OWN_RUN_BYTES: usize = 128 << 10;

/// Writes a bulk transaction: runs first, bodies foremost, then the commit that makes them count.
fn bulk(inner: &Inner, chunks: Vec<Chunk>) -> Result<Commit, Error> {
    let mut state = (*inner.state()).clone();
    let commit = state.commit + 1;
    let time_us = inner.clock.now_us().max(state.time_us + 1);
    let mut written: Vec<Option<Written>> = Vec::new();
    written.resize_with(chunks.iter().map(|chunk| chunk.entries.len()).sum(), || None);
    let mut numbered = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        numbered.extend(number(inner, &state, chunk, time_us, &mut written)?);
    }
    let written =
        written.into_iter().map(|written| written.expect("every entry was decided")).collect();
    if numbered.is_empty() {
        return Ok(Commit { number: state.commit, time_us: state.time_us, written });
    }

    let substrate = &*inner.substrate;
    let (large, small): (Vec<&Numbered>, Vec<&Numbered>) =
        numbered.iter().partition(|numbered| numbered.chunk.payload_bytes() > OWN_RUN_BYTES);
    // Each run ends with a sync of its file: the three wait for the disk at the same time.
    let (bodies, index, versions) = std::thread::scope(|scope| {
        let index = scope.spawn(|| index_run(substrate, &numbered));
        let versions = scope.spawn(|| version_run(substrate, &numbered));
        let mut bodies = Vec::new();
        for group in large.into_iter().map(|one| vec![one]).chain([small]) {
            bodies.extend(body_run(substrate, &group, commit, time_us)?);
        }
        Ok::<_, Error>((bodies, joined(index)?, joined(versions)?))
    })?;
    substrate.ingest(&bodies)?;
    inner.wrote_bodies(bodies.len());
    std::thread::scope(|scope| {
        let index = scope.spawn(|| substrate.ingest(index.as_slice()));
        let versions = substrate.ingest(versions.as_slice());
        joined(index).and(versions)
    })?;

    let mut batch = substrate.batch();
    let mut runs = Vec::with_capacity(numbered.len());
    for numbered in numbered {
        let resource_type = numbered.chunk.resource_type;
        let types = &mut state.types[resource_type.number() as usize];
        types.limit = numbered.run.end();
        if !numbered.dead.is_empty() {
            *Arc::make_mut(&mut types.dead) |= &numbered.dead;
            for (container, set) in sets_of(&numbered.dead) {
                batch.merge(&keys::per_type(keys::DEAD, resource_type, container), &set);
            }
        }
        runs.push((resource_type, numbered.run));
    }
    publish(&mut batch, commit, time_us, &runs);
    substrate.write(batch)?;
    state.commit = commit;
    state.time_us = time_us;
    *inner.state.write() = Arc::new(state);
    Ok(Commit { number: commit, time_us, written })
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, Error>>) -> Result<T, Error> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn body_run(
    substrate: &Substrate,
    group: &[&Numbered],
    commit: u64,
    time_us: i64,
) -> Result<Option<Run>, Error> {
    substrate.run(Space::Body, |run| {
        for numbered in group {
            let mut start = 0;
            let mut exceptions = numbered.run.exceptions.iter().peekable();
            for payload in &numbered.chunk.payloads {
                let end = start + payload.count;
                let mut here = Vec::new();
                while let Some(exception) = exceptions.next_if(|known| known.index < end) {
                    here.push((exception.index - start, exception.version_id));
                }
                let key = keys::body(numbered.chunk.resource_type, numbered.base + start);
                run.put(&key, &payload.encode(commit, time_us, &here))?;
                start = end;
            }
        }
        Ok(())
    })
}

fn index_run(substrate: &Substrate, all: &[Numbered]) -> Result<Option<Run>, Error> {
    substrate.run(Space::Index, |run| {
        for numbered in all {
            numbered.chunk.index.columns(numbered.base, |key, value| run.merge(key, value))?;
        }
        for numbered in all {
            numbered.chunk.index.postings(numbered.base, |key, value| run.merge(key, value))?;
        }
        Ok(())
    })
}

fn version_run(substrate: &Substrate, all: &[Numbered]) -> Result<Option<Run>, Error> {
    substrate.run(Space::Version, |run| {
        for (key, value) in all.iter().flat_map(|numbered| &numbered.history) {
            run.put(key, value)?;
        }
        for numbered in all {
            let chunk = &numbered.chunk;
            for same in chunk.same_ids() {
                let newest = *same.last().expect("groups are not empty") as usize;
                let key = keys::version(chunk.resource_type, &chunk.entries[newest].id);
                run.put(&key, &numbered.records[newest].encode())?;
            }
        }
        Ok(())
    })
}

/// Decides which entries of a chunk are new content, and numbers them. `None` when none are.
fn number(
    inner: &Inner,
    state: &State,
    mut chunk: Chunk,
    time_us: i64,
    written: &mut [Option<Written>],
) -> Result<Option<Numbered>, Error> {
    let resource_type = chunk.resource_type;
    let count = chunk.entries.len();
    let mut before = vec![None; count];
    let mut wanted = vec![true; count];
    // In id order, so that look-ups are near one another.
    for same in chunk.same_ids() {
        let stored = stored(inner, state, resource_type, &chunk.entries[same[0] as usize].id)?;
        let is_stored =
            |entry: &crate::transaction::Entry| match stored
                .and_then(|stored| stored.place_of(entry.hash))
            {
                Some(place) => Ok(inner.body_bytes(resource_type, place)?.as_deref()
                    == Some(entry.body.as_bytes())),
                None => Ok::<_, Error>(false),
            };
        // Where an id comes several times, what counts is where it ends: the same chunk once more
        // must not make the same versions once more.
        if let [_, .., last] = same
            && is_stored(&chunk.entries[*last as usize])?
        {
            for &place in same {
                before[place as usize] = stored;
                wanted[place as usize] = false;
            }
            continue;
        }
        let mut earlier: Option<&crate::transaction::Entry> = None;
        for &place in same {
            let entry = &chunk.entries[place as usize];
            before[place as usize] = stored;
            let unchanged = match earlier {
                Some(earlier) => earlier.hash == entry.hash && earlier.body == entry.body,
                None => is_stored(entry)?,
            };
            wanted[place as usize] = !unchanged;
            earlier = Some(entry);
        }
    }
    let base = state.types[resource_type.number() as usize].limit;
    if u64::from(base) + count as u64 >= u64::from(u32::MAX) {
        return Err(Error::TooLarge {
            what: "the type",
            found: u64::from(base) + count as u64,
            limit: u32::MAX.into(),
        });
    }
    let mut run = RunRecord { first: base, time_us, ..RunRecord::default() };
    let mut dead = RoaringBitmap::new();
    let mut history = Vec::new();
    let mut records: Vec<VersionRecord> = Vec::with_capacity(count);
    for (place, entry) in chunk.entries.iter().enumerate() {
        let current =
            entry.earlier.map_or(before[place], |earlier| Some(records[earlier as usize]));
        let live = current.filter(|current| !current.deleted);
        let (record, kind, replaced) = match live.filter(|_| !wanted[place]) {
            Some(live) => (live, WrittenKind::Unchanged, None),
            None => {
                let version_id = current.map_or(1, |current| current.version_id + 1);
                let record = VersionRecord {
                    ordinal: base + run.count,
                    version_id,
                    deleted: false,
                    hash: entry.hash,
                    given: None,
                };
                let replaced = live.map(|live| live.ordinal);
                if let Some(current) = current {
                    run.exceptions.push(RunException {
                        index: run.count,
                        version_id,
                        deleted: false,
                        annotated: false,
                        replaced,
                    });
                    history.push((
                        keys::history_of(resource_type, &entry.id, current.ordinal),
                        current.encode(),
                    ));
                }
                dead.extend(replaced);
                run.count += 1;
                (
                    record,
                    if live.is_some() { WrittenKind::Updated } else { WrittenKind::Created },
                    replaced,
                )
            }
        };
        written[entry.input as usize] = Some(Written {
            resource_type,
            id: entry.id.clone(),
            ordinal: record.ordinal,
            version_id: record.version_id,
            kind,
            replaced,
        });
        records.push(record);
    }
    if run.count == 0 {
        return Ok(None);
    }
    if (run.count as usize) < count {
        chunk.retain(&wanted)?;
        let mut flags = wanted.iter();
        records.retain(|_| flags.next().copied().unwrap_or(false));
    }
    history.sort();
    Ok(Some(Numbered { chunk, base, records, history, run, dead }))
}

impl Inner {
    /// The stored bytes of a version's body.
    pub(crate) fn body_bytes(
        &self,
        resource_type: ResourceType,
        ordinal: u32,
    ) -> Result<Option<bytes::Bytes>, Error> {
        Ok(self.block(resource_type, ordinal)?.get(ordinal)?.2)
    }
}
