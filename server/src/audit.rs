//! Who touched what: one JSON line per access, in `audit/YYYY-MM-DD.ndjson` of the data folder.
//!
//! A record names the request, the key, the interaction, the type and id, and the names of search
//! parameters; never a value. Records are written by a thread of their own and reach the file
//! within the flush interval; stopping the server writes the rest.
//!
//! A record that cannot be written is counted in the metrics and reported in the log.

use crate::Error;
use parking_lot::Mutex;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Records waiting at most; a writer that falls behind further slows requests down.
const WAITING_MAX: usize = 65_536;

/// One access.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Record {
    /// When, as a FHIR instant.
    pub time: String,
    /// The request, as in the `X-Request-Id` of the answer.
    pub request_id: String,
    /// Who; none when nobody proved to be anyone.
    pub key_id: Option<String>,
    /// What was asked for: `read`, `search`, `sql`, …
    pub interaction: &'static str,
    /// The datastore, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The resource type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The logical id, dashboard or key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Names of the parameters, without their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// The audit log's door.
pub(crate) struct Audit {
    sender: Mutex<Option<SyncSender<Record>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// Starts the writer for this folder.
    pub fn open(folder: PathBuf, flush_every: Duration) -> Result<Self, Error> {
        std::fs::create_dir_all(&folder).map_err(Error::Audit)?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        let writer = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_all(&folder, &receiver, flush_every, &counter))
            .map_err(Error::Audit)?;
        Ok(Self { sender: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)), lost })
    }

    /// Hands a record to the writer.
    pub fn record(&self, record: Record) {
        let sender = self.sender.lock().clone();
        if sender.is_none_or(|sender| sender.send(record).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records that could not be written.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes what is waiting and stops.
    pub fn close(&self) {
        self.sender.lock().take();
        if let Some(writer) = self.writer.lock().take() {
            // A writer that panicked has said so on its own.
            let _ = writer.join();
        }
    }
}

fn write_all(
    folder: &std::path::Path,
    receiver: &Receiver<Record>,
    flush_every: Duration,
    lost: &AtomicU64,
) {
    let mut day = String::new();
    let mut file: Option<BufWriter<File>> = None;
    let mut flush_at: Option<Instant> = None;
    loop {
        let wait = flush_at
            .map_or(Duration::from_secs(3_600), |at| at.saturating_duration_since(Instant::now()));
        let record = match receiver.recv_timeout(wait) {
            Ok(record) => Some(record),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Some(record) = record {
            let written = (|| {
                let today = record.time.get(..10).unwrap_or_default();
                if file.is_none() || day != today {
                    if let Some(mut old) = file.take() {
                        old.flush()?;
                    }
                    file = Some(BufWriter::new(open(&folder.join(format!("{today}.ndjson")))?));
                    day = today.to_owned();
                }
                let line = serde_json::to_vec(&record)?;
                let file = file.as_mut().expect("opened above");
                file.write_all(&line)?;
                file.write_all(b"\n")
            })();
            failed(written, lost, &mut file);
            flush_at.get_or_insert_with(|| Instant::now() + flush_every);
        }
        if flush_at.is_some_and(|at| at <= Instant::now()) {
            flush_at = None;
            let flushed = file.as_mut().map_or(Ok(()), BufWriter::flush);
            failed(flushed, lost, &mut file);
        }
    }
    let ended =
        file.as_mut().map_or(Ok(()), |file| file.flush().and_then(|()| file.get_ref().sync_all()));
    failed(ended, lost, &mut None);
}

fn open(path: &std::path::Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reports a failure and lets the next record try with a newly opened file.
fn failed(result: std::io::Result<()>, lost: &AtomicU64, file: &mut Option<BufWriter<File>>) {
    if let Err(error) = result {
        lost.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%error, "audit records could not be written");
        if let Some(file) = file.take() {
            // What is buffered would only fail again when dropped.
            let _ = file.into_parts();
        }
    }
}
