//! Import: NDJSON in, commits and table rows out, each line parsed once.
//!
//! One thread reads and cuts whole lines into chunks; one worker per core parses a chunk, checks
//! it, extracts its index values and shreds it into rows; one thread applies chunks in the order
//! they were read, to the store and then to the lake.
//!
//! Always true:
//! - a chunk is one commit: a crash leaves whole chunks, and the same import again completes it;
//! - what is accepted does not depend on how many workers there are;
//! - memory is bounded by [`Settings::bytes_in_flight_max`] and [`Settings::line_bytes_max`];
//! - a bad line never stops the import: it goes to the error file with its file and number.
//!
//! Spec: <https://hl7.org/fhir/uv/bulkdata/>

mod apply;
mod prepare;
mod read;
mod reject;

use crate::rooms::blocking;
use crate::{Error, Room, annotate};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use read::Source;

/// Settings of import.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Longest line accepted, in bytes; a longer one is rejected without being held in memory.
    /// Default 67,108,864 (64 MiB). Raise it for resources with large attachments.
    pub line_bytes_max: u64,
    /// Bytes of text per commit, about. Default 8,388,608 (8 MiB). Larger commits make fewer,
    /// larger index segments and fewer syncs of the disk, and need more memory.
    pub chunk_bytes: u64,
    /// Lines per commit at most. Default 16,384.
    pub chunk_lines_max: u64,
    /// Bytes of text read and not yet committed. Default 33,554,432 (32 MiB); memory used is
    /// about ten times that.
    pub bytes_in_flight_max: u64,
    /// Threads that parse and index. Default 0: one per core.
    pub workers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            line_bytes_max: 64 << 20,
            chunk_bytes: 8 << 20,
            chunk_lines_max: 16_384,
            bytes_in_flight_max: 32 << 20,
            workers: 0,
        }
    }
}

/// What to import.
pub struct Request {
    /// Files, folders and streams, in order.
    pub sources: Vec<Source>,
    /// Set it to stop after the chunk being applied.
    pub stop: Arc<AtomicBool>,
}

impl Request {
    /// Paths as a user gives them: a folder, a file, or `-` for standard input.
    pub fn of_paths(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let sources = paths
            .into_iter()
            .map(|path| match path.to_str() {
                Some("-") => Source::reader("stdin", std::io::stdin()),
                _ => Source::Path(path),
            })
            .collect();
        Self { sources, stop: Arc::default() }
    }

    /// One stream, such as a request's body.
    pub fn of_reader(name: &str, reader: impl Read + Send + 'static) -> Self {
        Self { sources: vec![Source::reader(name, reader)], stop: Arc::default() }
    }
}

/// Where an import is. The last one says `done` or `failed`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The job's name; its error file is `imports/<job>/errors.ndjson` in the data folder.
    pub job: String,
    /// What it is doing.
    pub phase: Phase,
    /// Files read to their end.
    pub files_done: u64,
    /// Files there are.
    pub files_total: u64,
    /// Bytes read, as they lie on disk (compressed ones count compressed).
    pub bytes_done: u64,
    /// Bytes there are on disk; 0 when a stream's length is unknown.
    pub bytes_total: u64,
    /// Resources committed or found unchanged.
    pub resources: u64,
    /// Lines rejected.
    pub rejected: u64,
    /// Resources per second since the start.
    pub per_second: f64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Where rejected lines are listed, once there is one.
    pub error_file: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Work done, by part.
    pub timings: Timings,
    /// How reading notes goes, since the room was opened.
    pub notes: annotate::Progress,
}

/// What an import is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Reading, parsing and committing.
    #[default]
    Importing,
    /// Everything is committed; the last rows are being written to table files.
    Tables,
    /// Everything is committed; notes are being read.
    Notes,
    /// Everything is done.
    Done,
    /// It could not go on; [`Progress::error`] says why.
    Failed,
}

/// Seconds of work by part, summed over threads: the parts overlap, so they add up to more than
/// the time that passed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Reading and decompressing.
    pub read: f64,
    /// Parsing and checking structure.
    pub parse: f64,
    /// Extracting index values, sorting, compressing bodies.
    pub prepare: f64,
    /// Shredding into table rows.
    pub shred: f64,
    /// Committing to the store.
    pub apply: f64,
    /// Handing rows to the lake and writing table files.
    pub tables: f64,
    /// Reading notes.
    pub notes: f64,
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Resources accepted: created, updated or unchanged.
    pub resources: u64,
    /// Resources that were not there before.
    pub created: u64,
    /// Resources that got a new version.
    pub updated: u64,
    /// Resources already there with the same content.
    pub unchanged: u64,
    /// Lines rejected, and files that broke off.
    pub rejected: u64,
    /// Bytes of text read, after decompression.
    pub bytes: u64,
    /// Time taken until everything was committed and in the tables; reading notes comes on top.
    pub seconds: f64,
    /// Resources accepted per second of it.
    pub resources_per_second: f64,
    /// Where rejected lines are listed, if there are any.
    pub error_file: Option<String>,
    /// What reading notes came to.
    pub notes: NotesSummary,
}

/// What reading the notes of an import came to.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct NotesSummary {
    /// Documents whose notes were read.
    pub documents: u64,
    /// Findings in them.
    pub findings: u64,
    /// Documents with a note that could not be read; each says why.
    pub unread: u64,
    /// Time it took, after the import itself.
    pub seconds: f64,
}

/// Imports `request` into `room` and tells `progress` how it goes, about five times a second.
/// One import runs per datastore at a time.
///
/// # Errors
/// [`Error::Busy`], [`Error::Input`] and [`Error::NothingToImport`] before anything is written;
/// [`Error::Stopped`]; or what the store or the lake said. Bad lines are not errors.
pub async fn run(
    room: Arc<Room>,
    request: Request,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<Summary, Error> {
    let runtime = tokio::runtime::Handle::current();
    blocking(move || run_blocking(&room, request, &*progress, &runtime)).await
}

fn run_blocking(
    room: &Arc<Room>,
    request: Request,
    progress: &(dyn Fn(Progress) + Send + Sync),
    runtime: &tokio::runtime::Handle,
) -> Result<Summary, Error> {
    let Some(_importing) = room.importing.try_lock() else { return Err(Error::Busy) };
    room.check_there()?;
    let inputs = read::inputs(request.sources)?;
    let job = Job {
        room,
        stop: request.stop,
        meters: Meters::default(),
        errors: reject::ErrorFile::new(room.data())?,
        started: Instant::now(),
        files_total: inputs.len() as u64,
        bytes_total: inputs.iter().try_fold(0, |sum, i| i.bytes().map(|b| sum + b)).unwrap_or(0),
        progress,
        runtime,
    };
    job.tell(Phase::Importing, None);
    let result = job.run(inputs);
    match &result {
        Ok(_) => job.tell(Phase::Done, None),
        Err(error) => job.tell(Phase::Failed, Some(error.to_string())),
    }
    result
}

/// A running import: what its threads share.
struct Job<'a> {
    room: &'a Arc<Room>,
    stop: Arc<AtomicBool>,
    meters: Meters,
    errors: reject::ErrorFile,
    started: Instant,
    files_total: u64,
    bytes_total: u64,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    runtime: &'a tokio::runtime::Handle,
}

/// Counters the threads turn.
#[derive(Default)]
struct Meters {
    files_done: AtomicU64,
    bytes_on_disk: Arc<AtomicU64>,
    bytes: AtomicU64,
    created: AtomicU64,
    updated: AtomicU64,
    unchanged: AtomicU64,
    rejected: AtomicU64,
    read_ns: AtomicU64,
    parse_ns: AtomicU64,
    prepare_ns: AtomicU64,
    shred_ns: AtomicU64,
    apply_ns: AtomicU64,
    tables_ns: AtomicU64,
}

impl Meters {
    fn add(counter: &AtomicU64, value: u64) {
        counter.fetch_add(value, Ordering::Relaxed);
    }

    /// Runs `work` and adds the time it took to a `…_ns` counter.
    fn time<T>(counter: &AtomicU64, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        Self::add(counter, u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        result
    }
}

impl Job<'_> {
    fn run(&self, inputs: Vec<read::Input>) -> Result<Summary, Error> {
        let settings = &self.room.settings.import;
        let workers = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        };
        let budget = read::Budget::new(settings.bytes_in_flight_max);
        let (chunks_in, chunks) = crossbeam_channel::bounded::<read::Chunk>(workers);
        let (prepared_in, prepared) = crossbeam_channel::bounded::<prepare::Prepared>(workers);
        let applied = std::thread::scope(|scope| {
            let budget = &budget;
            let mut threads = Vec::new();
            threads.push(scope.spawn(move || {
                read::read_all(self, inputs, settings, budget, &chunks_in);
            }));
            for _ in 0..workers {
                let (chunks, prepared_in) = (chunks.clone(), prepared_in.clone());
                threads.push(scope.spawn(move || {
                    for chunk in chunks {
                        if prepared_in.send(prepare::prepare_safely(self, chunk)).is_err() {
                            break;
                        }
                    }
                }));
            }
            drop((chunks, prepared_in));
            let applied = apply::apply_all(self, prepared, budget);
            // Whoever waits for room in the budget must not wait for ever.
            budget.close();
            let panicked = threads.into_iter().filter_map(|thread| thread.join().err()).count();
            match applied {
                Ok(()) if panicked > 0 => Err(Error::Internal("an import thread panicked".into())),
                other => other,
            }
        });
        self.errors.finish()?;
        // What is committed must be in the tables whether or not the import reached its end.
        self.write_tables()?;
        let imported = self.started.elapsed();
        let before = self.room.notes_progress();
        if applied.is_ok() && self.room.reads_notes() {
            self.tell(Phase::Notes, None);
            let told = std::cell::Cell::new(Instant::now());
            crate::annotate::catch_up_blocking(self.room, self.runtime, &self.stop, &|| {
                if told.get().elapsed() >= apply::TELL_EVERY {
                    told.set(Instant::now());
                    self.tell(Phase::Notes, None);
                }
            })?;
            self.write_tables()?;
            if self.stopped() {
                return Err(Error::Stopped);
            }
        }
        applied?;
        Ok(self.summary(imported, &before))
    }

    /// Writes what the tables hold in memory to their files.
    fn write_tables(&self) -> Result<(), Error> {
        self.tell(Phase::Tables, None);
        Meters::time(&self.meters.tables_ns, || {
            crate::tables::catch_up_blocking(self.room, self.room.store.current_commit())?;
            Ok(self.runtime.block_on(self.room.lake.flush(true))?)
        })
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn summary(&self, imported: Duration, before: &annotate::Progress) -> Summary {
        let notes = self.room.notes_progress();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (created, updated, unchanged) =
            (get(&self.meters.created), get(&self.meters.updated), get(&self.meters.unchanged));
        let resources = created + updated + unchanged;
        let seconds = imported.as_secs_f64();
        let notes_seconds = self.started.elapsed().as_secs_f64() - seconds;
        Summary {
            resources,
            created,
            updated,
            unchanged,
            rejected: get(&self.meters.rejected),
            bytes: get(&self.meters.bytes),
            seconds: (seconds * 1e3).round() / 1e3,
            resources_per_second: (resources as f64 / seconds.max(1e-6)).round(),
            error_file: self.errors.path(),
            notes: NotesSummary {
                documents: notes.documents - before.documents,
                findings: notes.findings - before.findings,
                unread: notes.failed - before.failed,
                seconds: (notes_seconds * 1e3).round() / 1e3,
            },
        }
    }

    /// Tells the caller, and whoever asks the room, how it goes.
    fn tell(&self, phase: Phase, error: Option<String>) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let seconds_of = |counter: &AtomicU64| Duration::from_nanos(get(counter)).as_secs_f64();
        let m = &self.meters;
        let resources = get(&m.created) + get(&m.updated) + get(&m.unchanged);
        let seconds = self.started.elapsed().as_secs_f64();
        let progress = Progress {
            job: self.errors.job().to_owned(),
            phase,
            files_done: get(&m.files_done),
            files_total: self.files_total,
            bytes_done: get(&m.bytes_on_disk),
            bytes_total: self.bytes_total,
            resources,
            rejected: get(&m.rejected),
            per_second: (resources as f64 / seconds.max(1e-6)).round(),
            seconds,
            error_file: self.errors.path(),
            error,
            timings: Timings {
                read: seconds_of(&m.read_ns),
                parse: seconds_of(&m.parse_ns),
                prepare: seconds_of(&m.prepare_ns),
                shred: seconds_of(&m.shred_ns),
                apply: seconds_of(&m.apply_ns),
                tables: seconds_of(&m.tables_ns),
                notes: self.room.notes_progress().seconds,
            },
            notes: self.room.notes_progress(),
        };
        *self.room.import.write() = Some(progress.clone());
        (self.progress)(progress);
    }
}
