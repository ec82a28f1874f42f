//! Reading notes: follows the change log, hands narrative text to `nlp`, and lays what was found
//! beside the document.
//!
//! A document is there for everyone the moment it is written; its findings follow. They are a layer
//! over the version, not a version (`store::Write::Annotate`), and resources made from them are
//! ordinary ones with ids derived from the document, written in the same transaction.
//!
//! Always true:
//! - the place in the log is saved only after the findings are durable, so a crash repeats work and
//!   loses none;
//! - the same document, models and codes give the same findings, so repeating changes nothing;
//! - a note that cannot be read is marked on its document and never stops the others;
//! - another model or terminology starts everything over, as a job that a restart continues.

mod document;
mod generate;
mod place;
mod record;

use crate::rooms::blocking;
use crate::{Error, Room, tables};
use fhir::findings::{Findings, Status};
use fhir::{Resource, ResourceType};
use place::Place;
use record::Records;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::{Change, Snapshot, Transaction, Version, Write};

pub use document::{Attachment, NoteError, attachments};
pub(crate) use place::forget;

/// Changes taken from the log at once.
const CHANGES_MAX: usize = 4_096;
/// Documents annotated in one transaction: bounds memory and how long a writer waits.
const BATCH: usize = 128;
/// How often a batch is read again because others wrote what it was about to.
const TRIES: usize = 5;
/// How long learned codes are good for while documents trickle in.
const LEARN_EVERY: Duration = Duration::from_secs(60);

/// Settings of reading notes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether notes are read at all. Default true; each datastore can switch it off for itself
    /// (`tarn store notes NAME off`).
    pub enabled: bool,
    /// Threads that read. Default 0: one per core.
    pub workers: usize,
    /// Longest attachment read, in bytes once its base64 is decoded. Default 16,777,216 (16 MiB).
    pub attachment_bytes_max: usize,
    /// Longest text read, in bytes: of a PDF or an HTML page what is written in it. Default 2,097,152
    /// (2 MiB, about a thousand pages). A longer note is marked as unread; reading takes about 150
    /// bytes of memory for each of its own, on every worker.
    pub text_bytes_max: usize,
    /// Whether findings that the record does not hold become resources of their own (Condition,
    /// Observation, MedicationStatement, Linkage). Default true.
    pub generate: bool,
    /// Least score, 0 to 1, of a finding and of its code for a resource to be made. Default 0.5.
    pub generate_score_min: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            workers: 0,
            attachment_bytes_max: 16 << 20,
            text_bytes_max: 2 << 20,
            generate: true,
            generate_score_min: 0.5,
        }
    }
}

impl Settings {
    /// How much may be read of one note.
    pub fn limits(&self) -> nlp::document::Limits {
        nlp::document::Limits {
            text_bytes_max: self.text_bytes_max,
            ..nlp::document::Limits::default()
        }
    }
}

/// How reading goes, or went since the room was opened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Documents whose notes were read.
    pub documents: u64,
    /// Of them, those with a note that could not be read.
    pub failed: u64,
    /// Findings in them.
    pub findings: u64,
    /// Bytes of decoded text.
    pub bytes: u64,
    /// Seconds of work, summed over threads.
    pub seconds: f64,
    /// Documents known to wait; 0 when all is read.
    pub waiting: u64,
}

/// Counters that threads turn.
#[derive(Default)]
pub(crate) struct Meters {
    documents: AtomicU64,
    failed: AtomicU64,
    findings: AtomicU64,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
    waiting: AtomicU64,
}

impl Meters {
    pub(crate) fn progress(&self) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            documents: get(&self.documents),
            failed: get(&self.failed),
            findings: get(&self.findings),
            bytes: get(&self.bytes),
            seconds: Duration::from_nanos(get(&self.nanoseconds)).as_secs_f64(),
            waiting: get(&self.waiting),
        }
    }
}

/// What a room needs to read notes: held by whoever reads, so that nobody does it twice.
#[derive(Default)]
pub(crate) struct Annotator {
    place: Option<Place>,
    learned: Option<Taught>,
}

/// Codes learned from the store. They remember what was linked, so they belong to one pipeline.
struct Taught {
    when: Instant,
    commit: u64,
    pipeline: Arc<nlp::Pipeline>,
    codes: Arc<nlp::Learned>,
}

/// The models and terminologies, loaded when the first note is read.
pub(crate) struct Models {
    terms: PathBuf,
    /// With the stamp of the terminologies it was loaded from.
    loaded: parking_lot::Mutex<Option<(String, Arc<nlp::Pipeline>)>>,
}

impl Models {
    pub(crate) fn new(data: &Path) -> Self {
        Self { terms: data.join("terms"), loaded: parking_lot::Mutex::default() }
    }

    /// The pipeline, loaded if it is not yet.
    ///
    /// # Errors
    /// When a terminology in the data folder cannot be read.
    pub(crate) fn get(&self) -> Result<Arc<nlp::Pipeline>, Error> {
        let stamp = crate::terms::stamp(&self.terms);
        let mut loaded = self.loaded.lock();
        if let Some((known, pipeline)) = &*loaded
            && *known == stamp
        {
            return Ok(Arc::clone(pipeline));
        }
        let terms = crate::terms::read_all(&self.terms)?;
        let pipeline = nlp::Pipeline::new(&terms)
            .map_err(|error| Error::Internal(format!("the models could not be loaded: {error}")))?;
        let pipeline = Arc::new(pipeline);
        *loaded = Some((stamp, Arc::clone(&pipeline)));
        Ok(pipeline)
    }
}

/// The models, with terminologies loaded into a data folder if there are any; nothing else of the
/// folder is touched, nor need it be there.
///
/// # Errors
/// When a terminology cannot be read.
pub fn pipeline(data: &Path) -> Result<Arc<nlp::Pipeline>, Error> {
    Models::new(data).get()
}

/// Puts a terminology into a data folder in the place of one compiled in. Servers that hold the
/// folder take it up by themselves and read notes anew.
///
/// # Errors
/// [`Error::Output`].
pub fn write_terms(data: &Path, name: &str, terms: &[u8]) -> Result<(), Error> {
    crate::terms::write(&data.join("terms"), name, terms)
}

/// Whether notes wait, or were read by other models. A guess while somebody reads them.
pub(crate) fn is_behind(room: &Room, model: &str) -> bool {
    let Some(annotator) = room.annotator.try_lock() else { return false };
    match &annotator.place {
        Some(place) => place.commit < room.store.current_commit() || !place.is_for(model),
        None => true,
    }
}

/// Reads every note of every commit up to now. Cheap when nothing waits; concurrent callers share
/// the work.
///
/// # Errors
/// When the log, a document or the disk fails. Notes that cannot be read are not errors.
pub async fn catch_up(room: &Arc<Room>) -> Result<(), Error> {
    let room = Arc::clone(room);
    let runtime = tokio::runtime::Handle::current();
    blocking(move || catch_up_blocking(&room, &runtime, &AtomicBool::new(false), &|| ())).await
}

/// The same, on a thread that may block; stops early when told to, between batches, and calls
/// `tell` after each.
pub(crate) fn catch_up_blocking(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    stop: &AtomicBool,
    tell: &dyn Fn(),
) -> Result<(), Error> {
    if !room.reads_notes() {
        return Ok(());
    }
    let mut annotator = room.annotator.lock();
    room.check_there()?;
    let mut place = match annotator.place.take() {
        Some(place) => place,
        None => Place::load(room.data(), &room.datastore.datastore_id)?,
    };
    let result = follow(room, runtime, &mut annotator, &mut place, stop, tell);
    annotator.place = Some(place);
    room.notes.waiting.store(0, Ordering::Relaxed);
    result
}

fn follow(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    annotator: &mut Annotator,
    place: &mut Place,
    stop: &AtomicBool,
    tell: &dyn Fn(),
) -> Result<(), Error> {
    let model = &*room.notes_model();
    if place.commit >= room.store.current_commit() && place.is_for(model) {
        return Ok(());
    }
    let stopped = || stop.load(Ordering::Relaxed) || room.closing().load(Ordering::Relaxed);
    if !place.is_for(model) {
        place.start_over(model);
        place.save()?;
    }
    while let Some((type_number, after)) = place.sweep {
        let snapshot = room.store.snapshot(&tables::access());
        place.sweep_commit.get_or_insert(snapshot.commit());
        let Some(resource_type) = readable().nth(usize::from(type_number)) else {
            place.finish_sweep();
            place.save()?;
            break;
        };
        let versions = snapshot.scan(resource_type, after, BATCH)?;
        let Some(last) = versions.last().map(|version| version.ordinal) else {
            place.sweep = Some((type_number + 1, None));
            continue;
        };
        // What this very sweep wrote comes at the end of the type: it needs no second reading.
        let limit = place.sweep_commit.unwrap_or(u64::MAX);
        let done = versions.iter().all(|version| version.commit > limit);
        let versions: Vec<_> = versions.into_iter().filter(|v| v.commit <= limit).collect();
        if done {
            place.sweep = Some((type_number + 1, None));
            continue;
        }
        annotate(room, runtime, annotator, &snapshot, versions)?;
        place.sweep = Some((type_number, Some(last)));
        place.save()?;
        tell();
        if stopped() {
            return Ok(());
        }
    }
    while place.commit < room.store.current_commit() {
        let log = room.store.changes(place.commit, CHANGES_MAX)?;
        let Some(last) = log.last().map(|entry| entry.commit) else { break };
        let changes: Vec<Change> = log.into_iter().flat_map(|entry| entry.changes).collect();
        let snapshot = room.store.snapshot(&tables::access());
        let waiting = waiting(&snapshot, &changes)?;
        withdraw(room, &snapshot, &changes)?;
        let mut left = waiting.len();
        for (resource_type, ordinals) in by_type(waiting) {
            for ordinals in ordinals.chunks(BATCH) {
                room.notes.waiting.store(left as u64, Ordering::Relaxed);
                let versions = snapshot.bodies(resource_type, ordinals)?;
                annotate(room, runtime, annotator, &snapshot, versions)?;
                left = left.saturating_sub(ordinals.len());
                tell();
                if stopped() {
                    return Ok(());
                }
            }
        }
        place.commit = last;
        place.save()?;
    }
    Ok(())
}

/// The types whose notes are read. A report comes after documents, since it often repeats one.
fn readable() -> impl Iterator<Item = ResourceType> {
    ["DocumentReference", "DiagnosticReport"].into_iter().filter_map(ResourceType::parse)
}

fn is_readable(resource_type: ResourceType) -> bool {
    readable().any(|readable| readable == resource_type)
}

/// The current documents that these changes wrote, and those whose Binary they wrote.
fn waiting(
    snapshot: &Snapshot,
    changes: &[Change],
) -> Result<BTreeSet<(ResourceType, u32)>, Error> {
    let mut waiting = BTreeSet::new();
    for change in changes {
        if change.deleted || change.annotated {
            continue;
        }
        if is_readable(change.resource_type) {
            match snapshot.read(change.resource_type, &change.id) {
                Ok(version) if version.ordinal == change.ordinal => {
                    waiting.insert((change.resource_type, change.ordinal));
                }
                // Newer by now, or gone: a later change says so.
                Ok(_) | Err(store::Error::NotFound { .. } | store::Error::Deleted { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        } else if change.resource_type.name() == "Binary" {
            let location = format!("Binary/{}", change.id);
            if let Some(documents) = ResourceType::parse("DocumentReference") {
                let found = record::search(snapshot, documents, "location", &location)?;
                waiting.extend(found.into_iter().map(|ordinal| (documents, ordinal)));
            }
        }
    }
    Ok(waiting)
}

fn by_type(waiting: BTreeSet<(ResourceType, u32)>) -> BTreeMap<ResourceType, Vec<u32>> {
    let mut types: BTreeMap<ResourceType, Vec<u32>> = BTreeMap::new();
    for (resource_type, ordinal) in waiting {
        types.entry(resource_type).or_default().push(ordinal);
    }
    types
}

/// Deletes what was made from documents that are deleted.
fn withdraw(room: &Room, snapshot: &Snapshot, changes: &[Change]) -> Result<(), Error> {
    let mut writes = Vec::new();
    for change in changes.iter().filter(|change| change.deleted) {
        if is_readable(change.resource_type)
            && matches!(
                snapshot.read(change.resource_type, &change.id),
                Err(store::Error::Deleted { .. })
            )
        {
            let document = format!("{}/{}", change.resource_type.name(), change.id);
            writes.extend(generate::withdraw(snapshot, &document, &[])?);
        }
    }
    if !writes.is_empty() {
        room.store.apply(Transaction::of(writes))?;
    }
    Ok(())
}

/// Reads these documents and writes what was found, in one transaction.
fn annotate(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    annotator: &mut Annotator,
    snapshot: &Snapshot,
    versions: Vec<Version>,
) -> Result<(), Error> {
    annotate_again(room, runtime, annotator, snapshot, versions, TRIES)
}

fn annotate_again(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    annotator: &mut Annotator,
    snapshot: &Snapshot,
    versions: Vec<Version>,
    tries: usize,
) -> Result<(), Error> {
    if versions.is_empty() {
        return Ok(());
    }
    let documents: Vec<(Version, Resource)> = versions
        .into_iter()
        .filter_map(|version| {
            let body = version.body.as_ref()?;
            let resource = Resource::parse(body.text()).ok()?;
            // A layer that did not come from here goes, also where there is nothing to read.
            let foreign = Findings::read(&resource).is_some();
            (document::has_note(&resource) || foreign).then_some((version, resource))
        })
        .collect();
    if documents.is_empty() {
        return Ok(());
    }
    let pipeline = room.models.get()?;
    let learned = learned(room, runtime, annotator, &pipeline)?;
    let settings = &room.settings.notes;
    let records = Records::new(snapshot, documents.iter().map(|(_, resource)| resource))?;
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Vec<Write>)>, Error> {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((version, resource)) = documents.get(at) else { return Ok(done) };
            let started = Instant::now();
            let reading = Reading { room, snapshot, pipeline: &pipeline, learned: &learned };
            let writes = reading.safely(version, resource, &records)?;
            let spent = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            room.notes.nanoseconds.fetch_add(spent, Ordering::Relaxed);
            done.push((at, writes));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (1..workers.min(documents.len())).map(|_| scope.spawn(work)).collect();
        let mut all = work()?;
        for thread in threads {
            let done = thread
                .join()
                .map_err(|_| Error::Internal("a thread that reads notes panicked".into()))?;
            all.extend(done?);
        }
        Ok::<_, Error>(all)
    })?;
    // The order of the documents, whoever read them.
    all.sort_by_key(|(at, _)| *at);
    let writes: Vec<Write> = all.into_iter().flat_map(|(_, writes)| writes).collect();
    if writes.is_empty() {
        return Ok(());
    }
    match (room.store.apply(Transaction::of(writes)), tries.checked_sub(1)) {
        (Ok(_), _) => Ok(()),
        // Somebody wrote what this reading was about to write: look again at what is there now.
        (Err(store::Error::VersionConflict { .. } | store::Error::Exists { .. }), Some(tries)) => {
            let snapshot = room.store.snapshot(&tables::access());
            let versions = documents.into_iter().map(|(version, _)| version).collect();
            annotate_again(room, runtime, annotator, &snapshot, versions, tries)
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// Codes learned from the store's own coded data, through its tables.
fn learned(
    room: &Arc<Room>,
    runtime: &tokio::runtime::Handle,
    annotator: &mut Annotator,
    pipeline: &Arc<nlp::Pipeline>,
) -> Result<Arc<nlp::Learned>, Error> {
    let commit = room.store.current_commit();
    if let Some(taught) = &annotator.learned
        && Arc::ptr_eq(&taught.pipeline, pipeline)
        && (taught.commit == commit || taught.when.elapsed() < LEARN_EVERY)
    {
        return Ok(Arc::clone(&taught.codes));
    }
    let codings = record::codings(room, runtime, commit)?;
    let codes = Arc::new(pipeline.learn(codings));
    annotator.learned = Some(Taught {
        when: Instant::now(),
        commit,
        pipeline: Arc::clone(pipeline),
        codes: Arc::clone(&codes),
    });
    Ok(codes)
}

/// What it takes to read one document.
struct Reading<'a> {
    room: &'a Room,
    snapshot: &'a Snapshot,
    pipeline: &'a nlp::Pipeline,
    learned: &'a nlp::Learned,
}

impl Reading<'_> {
    /// The document with its findings, the resources made from them, and what an earlier reading
    /// made and this one does not.
    fn document(
        &self,
        version: &Version,
        resource: &Resource,
        records: &Records,
    ) -> Result<Vec<Write>, Error> {
        let name = format!("{}/{}", version.resource_type.name(), version.id);
        let record = records.of(resource);
        let mut findings =
            Findings { model: self.pipeline.model().to_owned(), ..Findings::default() };
        let mut messages = Vec::new();
        let mut read = 0;
        for attachment in attachments(resource) {
            if self.repeats_a_document(resource, &attachment)? {
                continue;
            }
            match self.attachment(&attachment, record) {
                Ok((bytes, entities)) => {
                    read += 1;
                    self.room.notes.bytes.fetch_add(bytes, Ordering::Relaxed);
                    let first = findings.entities.len() as u32;
                    findings.entities.extend(entities.into_iter().map(|mut entity| {
                        entity.id += first;
                        entity
                    }));
                }
                Err(error) => messages.push(format!("attachment {}: {error}", attachment.place)),
            }
        }
        if read == 0 && messages.is_empty() {
            if Findings::read(resource).is_none() {
                return Ok(Vec::new());
            }
            messages.push("no note of its own to read".to_owned());
        }
        findings.status = match (read, messages.is_empty()) {
            (_, true) => Status::Success,
            (0, false) => Status::Failed,
            (_, false) => Status::Partial,
        };
        findings.message = messages.join("; ");
        let meters = &self.room.notes;
        meters.documents.fetch_add(1, Ordering::Relaxed);
        meters.failed.fetch_add(u64::from(!messages.is_empty()), Ordering::Relaxed);
        meters.findings.fetch_add(findings.entities.len() as u64, Ordering::Relaxed);
        let mut made = Vec::new();
        if self.room.settings.notes.generate {
            let score_min = self.room.settings.notes.generate_score_min;
            match generate::resources(&name, resource, &findings, record, score_min) {
                Ok(resources) => made = resources,
                Err(error) => {
                    tracing::error!(document = name, %error, "findings could not become resources");
                    findings.status = Status::Partial;
                    findings.message = "findings could not become resources".to_owned();
                }
            }
        }
        findings.generated = made.iter().map(generate::name_of).collect();
        let mut writes = generate::withdraw(self.snapshot, &name, &findings.generated)?;
        match findings.lay_on(resource) {
            Ok(resource) => {
                writes.push(Write::Annotate { resource, version_id: version.version_id });
            }
            Err(_) => {
                // Too many findings for one resource: it says so instead of carrying them.
                let short = Findings {
                    status: Status::Failed,
                    message: "the findings do not fit into one resource".to_owned(),
                    model: findings.model.clone(),
                    ..Findings::default()
                };
                if let Ok(resource) = short.lay_on(resource) {
                    writes.push(Write::Annotate { resource, version_id: version.version_id });
                }
                made.clear();
            }
        }
        for resource in made {
            writes.extend(generate::write(self.snapshot, &name, resource)?);
        }
        Ok(writes)
    }

    /// [`Reading::document`]; should it panic, the document is marked and the others go on.
    fn safely(
        &self,
        version: &Version,
        resource: &Resource,
        records: &Records,
    ) -> Result<Vec<Write>, Error> {
        let work = || self.document(version, resource, records);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let name = format!("{}/{}", version.resource_type.name(), version.id);
            tracing::error!(document = name, "reading a note panicked");
            self.room.notes.failed.fetch_add(1, Ordering::Relaxed);
            let marked = Findings {
                status: Status::Failed,
                message: "reading it failed".to_owned(),
                model: self.pipeline.model().to_owned(),
                ..Findings::default()
            };
            let marked = marked.lay_on(resource).ok();
            let version_id = version.version_id;
            Ok(marked
                .map(|resource| Write::Annotate { resource, version_id })
                .into_iter()
                .collect())
        })
    }

    /// Whether a report only shows again what one of its encounter's documents holds.
    fn repeats_a_document(
        &self,
        resource: &Resource,
        attachment: &Attachment,
    ) -> Result<bool, Error> {
        if resource.resource_type().name() != "DiagnosticReport" {
            return Ok(false);
        }
        let Some(data) = attachment.data.as_deref() else { return Ok(false) };
        let encounter = resource.root().get("encounter").and_then(|node| node.get("reference"));
        let subject = resource.root().get("subject").and_then(|node| node.get("reference"));
        let (parameter, value) = match (encounter, subject) {
            (Some(encounter), _) => ("encounter", encounter.text()),
            (None, Some(subject)) => ("subject", subject.text()),
            (None, None) => return Ok(false),
        };
        let Some(documents) = ResourceType::parse("DocumentReference") else { return Ok(false) };
        let found = record::search(self.snapshot, documents, parameter, &value)?;
        for version in self.snapshot.bodies(documents, &found)? {
            let Some(body) = version.body else { continue };
            if memchr::memmem::find(body.as_bytes(), data.as_bytes()).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn attachment(
        &self,
        attachment: &Attachment,
        record: &record::Record,
    ) -> Result<(u64, Vec<fhir::findings::Entity>), NoteError> {
        let limit = self.room.settings.notes.attachment_bytes_max;
        let (bytes, content_type) = document::bytes(attachment, self.snapshot, limit)?;
        let limits = self.room.settings.notes.limits();
        let document = nlp::document::read(&bytes, content_type.as_deref(), &limits)
            .map_err(|error| NoteError::Unreadable(error.to_string()))?;
        let notes = self.pipeline.read(&document, Some(&record.known), Some(self.learned));
        let entities = document::entities(attachment.place, &document.text, &notes);
        Ok((document.text.len() as u64, entities))
    }
}
