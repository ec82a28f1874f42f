//! Synthetic populations into files, or as a stream into an import.
//!
//! Always true:
//! - the same request gives the same bytes, for any number of threads; compressed files too;
//! - a file has its final name only once it is complete and on disk;
//! - memory grows with the population by its hospital stays and a few bytes a patient, not by what is
//!   written.

use crate::output::{Output, failed};
use crate::{Error, folder};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use synth::fhir::TYPES;
use synth::gmf::Files;
use synth::population::{self, Chunk, Content, Form, Phase, Population, Sink};
use synth::{Plan, Simulation};

/// Compression of generated files: half the time of the usual 6 for a few per cent more bytes.
const GZIP_LEVEL: u32 = 4;

/// Largest module or table file read, in bytes; the largest of Synthea's is under 1 MB.
const MODULE_BYTES_MAX: u64 = 16 << 20;

/// The lock of a folder being written to.
const LOCK: &str = ".generate.lock";

/// The file of the gold.
const GOLD: &str = "notes.ndjson";

/// The Bundle others refer to.
const WORLD: &str = "hospitals-and-clinicians";

/// Chunks that wait for an importer, at most.
const CHUNKS_WAITING: usize = 2;

/// A population to be made, modules loaded.
pub struct Prepared {
    simulation: Simulation,
    /// What the modules ask for and we do not do.
    pub warnings: Vec<String>,
}

/// Which modules make people ill.
pub enum Modules {
    /// Our own.
    Own,
    /// Those of a folder.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What Synthea's engine passes over is a warning.
        lenient: bool,
    },
}

/// Loads modules, our own or those of a folder, and makes the world of the plan.
///
/// # Errors
/// [`Error::Input`] when the folder cannot be read; [`Error::Modules`] with every fault in it;
/// [`Error::Plan`] when the plan names a module or place that is not there.
pub fn prepare(plan: Plan, modules: &Modules, only: &[String]) -> Result<Prepared, Error> {
    let files = match modules {
        Modules::Folder { path, lenient } => Files { lenient: *lenient, ..read_modules(path)? },
        Modules::Own => Files::own(),
    };
    let (mut simulation, warnings) = Simulation::new(plan, &files).map_err(Error::Modules)?;
    if !only.is_empty() {
        let known: Vec<String> = simulation.modules.names().map(str::to_owned).collect();
        if let Some(unknown) = only.iter().find(|name| !known.contains(*name)) {
            return Err(unknown_word("module", unknown, &known));
        }
        simulation.modules.keep(|name| only.iter().any(|wanted| wanted == name));
    }
    if let Some(place) = &simulation.plan.place {
        let known: Vec<String> =
            simulation.world.places.iter().map(|place| place.name.to_string()).collect();
        if !known.contains(place) {
            return Err(unknown_word("place", place, &known));
        }
    }
    Ok(Prepared { simulation, warnings })
}

/// A name that does not exist, and those that do.
fn unknown_word(what: &str, unknown: &str, known: &[String]) -> Error {
    Error::Plan(format!("there is no {what} `{unknown}`; there are {}", known.join(", ")))
}

/// Every `*.json` below a folder, and the tables in its `lookup_tables`.
fn read_modules(folder: &Path) -> Result<Files, Error> {
    let mut files = Files::default();
    let wanted = |name: &str| name.ends_with(".json") || name.ends_with(".csv");
    for found in folder::files(folder, wanted)? {
        let refused = |why: String| Error::Input {
            path: found.path.display().to_string(),
            source: std::io::Error::other(why),
        };
        if !found.about.is_file() {
            return Err(refused("it is not a file".to_owned()));
        }
        if found.about.len() > MODULE_BYTES_MAX {
            let bytes = found.about.len();
            return Err(refused(format!(
                "{bytes} bytes are more than a module of {MODULE_BYTES_MAX}"
            )));
        }
        let bytes = std::fs::read(&found.path)
            .map_err(|source| Error::Input { path: found.path.display().to_string(), source })?;
        files.add(&found.inside, bytes);
    }
    if files.modules.is_empty() {
        return Err(Error::NoModules { path: folder.display().to_string() });
    }
    Ok(files)
}

/// How a population is written.
pub struct Request {
    /// Threads that simulate and write; 0: one per core.
    pub threads: usize,
    /// Where it goes.
    pub out: Out,
    /// A folder for the gold of the notes.
    pub gold: Option<PathBuf>,
    /// Write although folders hold something; files of the same names are replaced.
    pub force: bool,
    /// Set it to stop.
    pub stop: Arc<AtomicBool>,
}

/// Where a population goes.
pub enum Out {
    /// One NDJSON file a type.
    Ndjson {
        /// The folder.
        folder: PathBuf,
        /// Compress the files.
        gzip: bool,
    },
    /// One transaction Bundle a patient.
    Bundles {
        /// The folder.
        folder: PathBuf,
        /// Compress the files.
        gzip: bool,
    },
    /// NDJSON of all types, patient by patient.
    Stream(Box<dyn Write + Send>),
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Progress {
    /// True while lives are simulated to find out who lies where; false while they are written.
    pub admitting: bool,
    /// Patients done.
    pub patients: u64,
    /// Patients there will be.
    pub patients_total: u64,
}

/// What was made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Patients.
    pub patients: u64,
    /// Resources, shared ones included.
    pub resources: u64,
    /// Bytes of FHIR, before compression.
    pub bytes: u64,
    /// Time taken.
    pub seconds: f64,
    /// Patients per second of it.
    pub patients_per_second: f64,
    /// The seed of the run.
    pub seed: u64,
    /// The end of the run, YYYY-MM-DD.
    pub end: String,
    /// The folder, if it went to one.
    pub out: Option<String>,
    /// Patients alive at the end.
    pub living: u64,
    /// Notes written.
    pub notes: u64,
    /// Resources by type.
    pub by_type: BTreeMap<String, u64>,
}

/// Makes the population and tells `progress` how it goes.
///
/// # Errors
/// [`Error::OutputNotEmpty`] before anything is written; [`Error::Output`];
/// [`Error::GenerationStopped`]; [`Error::Plan`] when a module runs in circles.
/// Files begun have names that begin with a dot and are replaced by the next run.
pub fn run(
    prepared: Prepared,
    request: Request,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Summary, Error> {
    let started = Instant::now();
    let mut out = match &request.out {
        Out::Ndjson { folder, .. } | Out::Bundles { folder, .. } => Some(folder.clone()),
        Out::Stream(_) => None,
    };
    if let (Some(out), Some(gold)) = (&out, &request.gold) {
        let absolute = |path: &Path| std::path::absolute(path).map_err(failed(path));
        if absolute(gold)?.starts_with(absolute(out)?) {
            return Err(Error::Plan(
                "the gold may not lie among the resources: give it a folder elsewhere".to_owned(),
            ));
        }
    }
    // Held until the end: two runs into one folder would mix two populations.
    let mut locks = Vec::new();
    for folder in out.iter().chain(&request.gold) {
        locks.push(ready(folder, request.force)?);
    }
    let (form, gzip) = match &request.out {
        Out::Ndjson { gzip, .. } => (Form::Ndjson, *gzip),
        Out::Bundles { gzip, .. } => (Form::Bundles, *gzip),
        Out::Stream(_) => (Form::Ndjson, false),
    };
    let plan = prepared.simulation.plan.clone();
    let mut files = FilesSink {
        out: request.out,
        gold: request.gold,
        gzip,
        open: BTreeMap::new(),
        written: BTreeSet::new(),
        bundles: 0,
    };
    let threads = match request.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let made = Population::new(prepared.simulation).run(
        &population::Request {
            threads,
            form,
            gold: files.gold.is_some(),
            encode: gzip.then_some(&member),
            progress: &|at| {
                progress(Progress {
                    admitting: at.phase == Phase::Stays,
                    patients: at.done,
                    patients_total: at.patients,
                });
            },
            stop: &request.stop,
        },
        &mut files,
    );
    if !made.as_ref().is_ok_and(|made| made.complete) {
        files.abandon();
    }
    let made = made?;
    if let Some((module, state)) = made.circle {
        return Err(Error::Plan(format!(
            "{module}: {state}: runs in circles: a life visits more states than any can"
        )));
    }
    if !made.complete {
        return Err(Error::GenerationStopped);
    }
    files.finish()?;
    drop(locks);
    let seconds = started.elapsed().as_secs_f64();
    let by_type: BTreeMap<String, u64> =
        made.types().map(|(name, count)| (name.to_owned(), count)).collect();
    Ok(Summary {
        patients: made.patients,
        resources: made.resources,
        bytes: made.bytes,
        seconds: (seconds * 1e3).round() / 1e3,
        patients_per_second: (made.patients as f64 / seconds.max(1e-9) * 10.0).round() / 10.0,
        seed: plan.seed,
        end: plan.end.to_string()[..10].to_owned(),
        out: out.take().map(|folder| folder.display().to_string()),
        living: made.living,
        notes: by_type.get("DocumentReference").copied().unwrap_or(0),
        by_type,
    })
}

/// A population as a stream of NDJSON for [`crate::import`], and the thread that makes it. Dropping
/// the reader ends the thread.
pub fn stream(
    prepared: Prepared,
    threads: usize,
    stop: Arc<AtomicBool>,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> (impl Read + Send + 'static, std::thread::JoinHandle<Result<Summary, Error>>) {
    let (sender, receiver) = crossbeam_channel::bounded(CHUNKS_WAITING);
    let maker = std::thread::spawn(move || {
        let end = sender.clone();
        let request = Request {
            threads,
            out: Out::Stream(Box::new(Pipe { sender })),
            gold: None,
            force: false,
            stop,
        };
        let made = run(prepared, request, &progress);
        // Without an end the importer takes the stream for broken off, as when this thread panics.
        // It may be gone itself.
        let _ = end.send(match &made {
            Ok(_) => Ok(None),
            Err(error) => Err(error.to_string()),
        });
        made
    });
    (Pieces { receiver, piece: Vec::new(), at: 0, ended: false }, maker)
}

/// The writing end of a stream.
struct Pipe {
    sender: crossbeam_channel::Sender<Result<Option<Vec<u8>>, String>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let piece = Ok(Some(bytes.to_vec()));
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.sender.send(piece).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The reading end.
struct Pieces {
    /// `None` is the end.
    receiver: crossbeam_channel::Receiver<Result<Option<Vec<u8>>, String>>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            match self.receiver.recv() {
                Ok(Ok(Some(piece))) => (self.piece, self.at) = (piece, 0),
                Ok(Ok(None)) => self.ended = true,
                Ok(Err(error)) => return Err(std::io::Error::other(error)),
                Err(_) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Holds a folder: the lock file goes with it.
struct Held {
    path: PathBuf,
    _lock: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever finds it next takes it over anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes a folder, refuses one that holds something or is being written to, and clears what an
/// interrupted run left in it.
fn ready(folder: &Path, force: bool) -> Result<Held, Error> {
    if folder.exists() && !folder.is_dir() {
        let source = std::io::Error::other("it is not a folder");
        return Err(failed(folder)(source));
    }
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let source = std::io::Error::other("another run writes to this folder");
            return Err(failed(folder)(source));
        }
        Err(TryLockError::Error(source)) => return Err(failed(&path)(source)),
    }
    let held = Held { path, _lock: lock };
    let mut left = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let begun = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
        if begun.is_some_and(|name| is_resources(name) || is_gold(name)) {
            left.push(path);
        } else if !force && name != LOCK {
            return Err(Error::OutputNotEmpty { path: folder.display().to_string() });
        }
    }
    for path in left {
        std::fs::remove_file(&path).map_err(failed(&path))?;
    }
    Ok(held)
}

/// Whether a run gives this name to a file of resources.
fn is_resources(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let patient = || {
        let (number, id) = name.strip_prefix("patient-")?.strip_suffix(".json")?.split_once('-')?;
        Some(number.len() >= 8 && number.bytes().all(|b| b.is_ascii_digit()) && id.len() == 36)
    };
    name.strip_suffix(".ndjson").is_some_and(|stem| TYPES.contains(&stem))
        || name == format!("{WORLD}.json")
        || patient() == Some(true)
}

/// Whether a run gives this name to a file of gold.
fn is_gold(name: &str) -> bool {
    name.strip_suffix(".gz").unwrap_or(name) == GOLD
}

/// Removes what an earlier run left and this one did not write, so that a folder holds one
/// population. Only names a run gives are touched.
fn remove_stale(
    folder: &Path,
    ours: fn(&str) -> bool,
    written: &BTreeSet<PathBuf>,
) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if ours(name) && path.is_file() && !written.contains(&path) {
            std::fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    Ok(())
}

/// A gzip member without a time in its header; members follow one another in a file.
fn member(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), Compression::new(GZIP_LEVEL));
    out.write_all(bytes)
        .and_then(|()| out.finish())
        .expect("memory takes all that is written to it")
}

/// Chunks into files.
struct FilesSink {
    out: Out,
    gold: Option<PathBuf>,
    gzip: bool,
    open: BTreeMap<PathBuf, Output>,
    /// Files named or about to be.
    written: BTreeSet<PathBuf>,
    bundles: u64,
}

impl FilesSink {
    /// Appends to a file, which is made when first asked for.
    fn append(&mut self, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let name = if self.gzip { format!("{name}.gz") } else { name.to_owned() };
        self.written.insert(folder.join(&name));
        match self.open.entry(folder.join(&name)) {
            Entry::Occupied(there) => there.into_mut().write(bytes),
            // Compressed already, by the thread that made it.
            Entry::Vacant(place) => {
                place.insert(Output::create(folder, &name, false)?).write(bytes)
            }
        }
    }

    /// Takes back the Bundles that have their names already; other files never got theirs.
    fn abandon(&mut self) {
        if matches!(self.out, Out::Bundles { .. }) {
            for path in std::mem::take(&mut self.written) {
                // Gold and what could not be removed is replaced by the next run.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Gives every file its name.
    fn finish(self) -> Result<(), Error> {
        let folder = match self.out {
            Out::Stream(mut writer) => {
                writer.flush().map_err(failed(Path::new(STREAM)))?;
                None
            }
            Out::Ndjson { folder, .. } | Out::Bundles { folder, .. } => Some(folder),
        };
        self.open.into_values().try_for_each(Output::finish)?;
        if let Some(folder) = &folder {
            remove_stale(folder, is_resources, &self.written)?;
        }
        if let Some(gold) = &self.gold {
            remove_stale(gold, is_gold, &self.written)?;
        }
        Ok(())
    }
}

/// What errors call a stream.
const STREAM: &str = "standard output";

impl Sink for FilesSink {
    type Error = Error;

    fn take(&mut self, chunk: Chunk) -> Result<(), Error> {
        match chunk.content {
            Content::Lines(lines) => {
                for (name, lines) in TYPES.iter().zip(lines).filter(|(_, lines)| !lines.is_empty())
                {
                    match &mut self.out {
                        Out::Stream(writer) => {
                            writer.write_all(&lines).map_err(failed(Path::new(STREAM)))?;
                        }
                        Out::Ndjson { folder, .. } | Out::Bundles { folder, .. } => {
                            let folder = folder.clone();
                            self.append(&folder, &format!("{name}.ndjson"), &lines)?;
                        }
                    }
                }
            }
            Content::Bundles(bundles) => {
                let (Out::Ndjson { folder, .. } | Out::Bundles { folder, .. }) = &self.out else {
                    return Err(Error::Internal("Bundles do not go to a stream".to_owned()));
                };
                for bundle in bundles {
                    // The world's comes first by name too: what others refer to.
                    let name = match &bundle.patient {
                        Some(id) => format!("patient-{:08}-{}", self.bundles, id.as_str()),
                        None => WORLD.to_owned(),
                    };
                    let ending = if self.gzip { ".json.gz" } else { ".json" };
                    let name = format!("{name}{ending}");
                    let mut file = Output::create(folder, &name, false)?;
                    file.write(&bundle.json)?;
                    file.finish()?;
                    self.written.insert(folder.join(name));
                    self.bundles += 1;
                }
            }
        }
        if let (Some(gold), false) = (self.gold.clone(), chunk.gold.is_empty()) {
            self.append(&gold, GOLD, &chunk.gold)?;
        }
        Ok(())
    }
}
