//! Columnar tables derived from resources, and SQL over them.
//!
//! Every resource type is a table. Rows arrive with [`Lake::apply`], commit by commit, and are
//! visible to SQL at once: they lie in memory until [`Lake::flush`] writes them to Parquet files
//! under a Delta log, which other engines can read. A query sees the state after one commit,
//! across all tables, and says which.
//!
//! The lake knows nothing of the store. Its folder can be deleted and rebuilt by applying every
//! commit again; after a crash the commits after [`Lake::durable`] are applied again, and those
//! already in a table change nothing.

mod bounded;
mod delta;
mod error;
mod findings;
mod flush;
mod provider;
mod render;
mod session;
mod settings;
mod shred;
mod table;

pub use error::Error;
pub use render::{render_csv, render_json, render_parquet, render_text};
pub use session::{Answer, QueryOptions};
pub use settings::Settings;
pub use shred::{RECURSION_MAX, Rows, conform};
pub use table::{Part, Stamp, TableInfo};

use fhir::{Resource, ResourceType};
use parking_lot::{Condvar, Mutex};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use table::State;
use tokio::sync::Notify;

/// Name of the file that says which commit is safe on disk.
const PROGRESS: &str = "progress.json";

/// Longest time one [`Lake::apply`] waits for memory to be written out.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The tables of one datastore.
pub struct Lake {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub folder: PathBuf,
    pub settings: Settings,
    pub state: Mutex<State>,
    /// Wakes those who wait for memory.
    pub freed: Condvar,
    /// Wakes the background writer.
    pub due: Notify,
    /// Set once the tables are to be left alone: nothing is taken in or written any more.
    pub closed: AtomicBool,
    /// Held by the one flush at a time; the logs are its own.
    pub logs: tokio::sync::Mutex<HashMap<ResourceType, delta::Log>>,
    pub engine: session::Engine,
}

impl Lake {
    /// Opens the tables in `folder`, which is created if absent. One process at a time may have
    /// it open; the caller holds the lock. Needs a Tokio runtime, which also runs the writer
    /// that moves rows from memory to files.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a table's files cannot be read, [`Error::Lost`] when they are not
    /// all there.
    pub async fn open(folder: &Path, settings: Settings) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let folder = std::fs::canonicalize(folder).map_err(failed)?;
        let progress = read_progress(&folder);
        let mut state = State::new(progress.commit);
        let mut logs = HashMap::new();
        for resource_type in ResourceType::all() {
            if !folder.join(resource_type.table()).is_dir() {
                continue;
            }
            let opened = delta::Log::open(resource_type.table(), &folder).await?;
            state.restore(resource_type, &opened);
            logs.insert(resource_type, opened.log);
        }
        for (table, least) in &progress.tables {
            let mut known = logs.iter().filter(|(resource_type, _)| resource_type.table() == table);
            let version = known.next().and_then(|(_, log)| log.version());
            if version.is_none_or(|version| version < *least) {
                return Err(Error::Lost { table: table.clone() });
            }
        }
        let engine = session::Engine::new(&folder, &settings)?;
        let inner = Arc::new(Inner {
            folder,
            settings,
            state: Mutex::new(state),
            freed: Condvar::new(),
            due: Notify::new(),
            closed: AtomicBool::new(false),
            logs: tokio::sync::Mutex::new(logs),
            engine,
        });
        flush::spawn_writer(&inner);
        Ok(Self { inner })
    }

    /// Projects resources of one type to rows; pure computing, for many threads at once.
    ///
    /// # Errors
    /// [`Error::Chunk`] when the chunk mixes types or is too large.
    pub fn shred(resource_type: ResourceType, resources: &[Resource]) -> Result<Rows, Error> {
        Rows::shred(resource_type, resources)
    }

    /// Takes in what one commit changed; false if the lake has it already. Commits may come in
    /// any order, but a query sees a commit only when all before it are in. Blocks for a while
    /// when memory is full and the writer is behind.
    ///
    /// # Errors
    /// [`Error::Chunk`] when rows and stamps do not match, and [`Error::Closed`] after
    /// [`Lake::close`]; nothing is taken in then.
    pub fn apply(&self, commit: u64, time_us: i64, parts: Vec<Part>) -> Result<bool, Error> {
        for part in &parts {
            part.check()?;
        }
        let inner = &*self.inner;
        let started = Instant::now();
        let mut state = inner.state.lock();
        let limit = inner.settings.tail_bytes_max;
        while state.tail_bytes() > limit.saturating_mul(2)
            && started.elapsed() < WAIT_MAX
            && inner.check_open().is_ok()
        {
            inner.due.notify_one();
            inner.freed.wait_for(&mut state, Duration::from_millis(100));
        }
        inner.check_open()?;
        let is_new = state.apply(commit, time_us, parts)?;
        if state.is_due(&inner.settings) {
            inner.due.notify_one();
        }
        Ok(is_new)
    }

    /// The highest commit such that it and all before it are visible to queries.
    pub fn reflected(&self) -> u64 {
        self.inner.state.lock().reflected()
    }

    /// Whether `commit` was applied.
    pub fn has(&self, commit: u64) -> bool {
        self.inner.state.lock().has(commit)
    }

    /// The highest commit that is safe on disk with all before it. After opening, apply the
    /// commits that follow it again.
    pub fn durable(&self) -> u64 {
        self.inner.state.lock().durable()
    }

    /// Writes rows from memory to files, if enough gathered or enough time passed, or if forced.
    ///
    /// # Errors
    /// [`Error::Write`] or [`Error::Log`]: the rows stay in memory and the next flush tries again.
    /// [`Error::Closed`] after [`Lake::close`].
    pub async fn flush(&self, force: bool) -> Result<(), Error> {
        flush::flush(&self.inner, force).await
    }

    /// Merges small files and drops hidden rows for good, where it pays. The lake does so by itself
    /// when few rows come in.
    ///
    /// # Errors
    /// As for [`Lake::flush`].
    pub async fn merge(&self) -> Result<(), Error> {
        flush::merge_small(&self.inner).await
    }

    /// Leaves the folder alone from here on, because it is to be deleted: waits for a flush or merge
    /// that runs, and refuses every later one. Rows in memory are given up.
    pub async fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        self.inner.freed.notify_all();
        // Whoever holds the logs is writing; dropping them drops their files' handles.
        self.inner.logs.lock().await.clear();
    }

    /// Answers one SQL statement from the state after [`Lake::reflected`].
    ///
    /// # Errors
    /// [`Error::Sql`] when the statement is wrong or not allowed; limits have their own errors.
    pub async fn query(&self, sql: &str, options: QueryOptions) -> Result<Answer, Error> {
        session::query(&self.inner, sql, options).await
    }

    /// The tables that hold rows or files.
    pub fn tables(&self) -> Vec<TableInfo> {
        self.inner.state.lock().tables()
    }
}

impl Inner {
    /// # Errors
    /// [`Error::Closed`] after [`Lake::close`].
    pub fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }
}

/// What the progress file says.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// This commit and all before it are on disk.
    commit: u64,
    /// The version of each table's log then; absent in files of before versions were kept.
    tables: BTreeMap<String, u64>,
}

fn read_progress(folder: &Path) -> Progress {
    std::fs::read(folder.join(PROGRESS))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}
