//! Reading: files, folders and streams become chunks of whole lines.
//!
//! Always true:
//! - a chunk ends at a line's end, or at the file's;
//! - no more than `line_bytes_max` plus one chunk is held, whatever the input;
//! - small files share a chunk, since every commit costs the disk the same few syncs;
//! - a stream that breaks off gives every whole line before the break, and one error.

use super::reject::Reject;
use super::{Job, Meters, Settings};
use crate::{Error, folder};
use bytes::{Buf, Bytes};
use fhir::IssueCode;
use flate2::bufread::MultiGzDecoder;
use parking_lot::{Condvar, Mutex};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is read at a time.
const READ_BYTES: usize = 256 << 10;

/// The first bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The byte order mark some editors put before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where resources come from.
pub enum Source {
    /// A file (NDJSON or one JSON resource, plain or gzip) or a folder of such files,
    /// in folders of its own or not; what begins with a dot is left out.
    Path(PathBuf),
    /// A stream of NDJSON, plain or gzip.
    Reader {
        /// What to call it in messages.
        name: String,
        /// The bytes.
        reader: Box<dyn Read + Send>,
        /// How many there are, if that is known.
        bytes: Option<u64>,
    },
}

impl Source {
    /// A stream of NDJSON, plain or gzip; `name` is what messages call it.
    pub fn reader(name: &str, reader: impl Read + Send + 'static) -> Self {
        Self::Reader { name: name.to_owned(), reader: Box::new(reader), bytes: None }
    }
}

impl From<(&str, Bytes)> for Source {
    /// A file in memory.
    fn from((name, bytes): (&str, Bytes)) -> Self {
        let length = bytes.len() as u64;
        Self::Reader {
            name: name.to_owned(),
            reader: Box::new(bytes.reader()),
            bytes: Some(length),
        }
    }
}

/// One file or stream.
pub(super) struct Input {
    /// As messages call it: relative to the folder given.
    name: Arc<str>,
    whole: bool,
    from: Origin,
}

enum Origin {
    File { path: PathBuf, bytes: u64 },
    Reader(Box<dyn Read + Send>, Option<u64>),
}

impl Input {
    /// Its size on disk, if that is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        match &self.from {
            Origin::File { bytes, .. } => Some(*bytes),
            Origin::Reader(_, bytes) => *bytes,
        }
    }
}

/// Finds every file to read.
pub(super) fn inputs(sources: Vec<Source>) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    for source in sources {
        match source {
            Source::Reader { name, reader, bytes } => {
                inputs.push(Input {
                    name: name.into(),
                    whole: false,
                    from: Origin::Reader(reader, bytes),
                });
            }
            Source::Path(path) => {
                let failed = |source| Error::Input { path: path.display().to_string(), source };
                let meta = std::fs::metadata(&path).map_err(failed)?;
                if meta.is_dir() {
                    let before = inputs.len();
                    let found = folder::files(&path, |name| wanted(name).is_some())?;
                    inputs.extend(found.into_iter().filter(|one| one.about.is_file()).map(|one| {
                        let whole = wanted(&one.inside).unwrap_or(false);
                        let from = Origin::File { path: one.path, bytes: one.about.len() };
                        Input { name: one.inside.into(), whole, from }
                    }));
                    if inputs.len() == before {
                        return Err(Error::NothingToImport { path: path.display().to_string() });
                    }
                } else {
                    // Any file named outright is taken. Opening a pipe just to look would end it.
                    if meta.is_file() {
                        File::open(&path).map_err(failed)?;
                    }
                    let name =
                        path.file_name().and_then(|n| n.to_str()).unwrap_or("file").to_owned();
                    let whole = wanted(&name).unwrap_or(false);
                    let from = Origin::File { path, bytes: meta.len() };
                    inputs.push(Input { name: name.into(), whole, from });
                }
            }
        }
    }
    Ok(inputs)
}

/// Whether a file of a folder is to be imported: `Some(true)` when it is one JSON document,
/// `Some(false)` when it is one resource a line. An export's manifest is neither.
fn wanted(name: &str) -> Option<bool> {
    let name = name.to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    if plain.starts_with('.') || plain == "manifest.json" {
        None
    } else if plain.ends_with(".ndjson") || plain.ends_with(".jsonl") {
        Some(false)
    } else if plain.ends_with(".json") {
        Some(true)
    } else {
        None
    }
}

/// What becomes one commit: pieces of one or more files, in order.
#[derive(Default)]
pub(super) struct Chunk {
    /// Its place among all chunks.
    pub number: u64,
    pub bytes: u64,
    lines: u64,
    pub pieces: Vec<Piece>,
}

/// Whole lines of one file, in order.
pub(super) struct Piece {
    pub file: Arc<str>,
    /// The number of its first line, counted from 1.
    pub line: u64,
    pub text: Bytes,
    /// True if the text is one document, line ends and all.
    pub whole: bool,
    /// What the reader itself found wrong.
    pub rejects: Vec<Reject>,
}

/// Bytes in flight: the reader takes, the applier gives back.
pub(super) struct Budget {
    max: u64,
    state: Mutex<(u64, bool)>,
    changed: Condvar,
}

impl Budget {
    pub(super) fn new(max: u64) -> Self {
        Self { max, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until `bytes` fit, or nothing else is in flight. False when the import is over.
    fn take(&self, bytes: u64) -> bool {
        let mut state = self.state.lock();
        while !state.1 && state.0 > 0 && state.0 + bytes > self.max {
            self.changed.wait(&mut state);
        }
        state.0 += bytes;
        !state.1
    }

    pub(super) fn give(&self, bytes: u64) {
        let mut state = self.state.lock();
        state.0 = state.0.saturating_sub(bytes);
        self.changed.notify_all();
    }

    /// Ends the waiting: the import is over.
    pub(super) fn close(&self) {
        self.state.lock().1 = true;
        self.changed.notify_all();
    }
}

/// Reads all inputs in order. Ends early when the import is stopped or over.
pub(super) fn read_all(
    job: &Job<'_>,
    inputs: Vec<Input>,
    settings: &Settings,
    budget: &Budget,
    chunks: &crossbeam_channel::Sender<Chunk>,
) {
    let mut out = Out { job, settings, budget, chunks, next: Chunk::default() };
    for input in inputs {
        let file = Arc::clone(&input.name);
        let reader = match open(input.from, &job.meters.bytes_on_disk) {
            Ok(reader) => reader,
            Err(error) => {
                let reject = Reject::of_file(
                    0,
                    IssueCode::Exception,
                    format!("the file could not be opened: {}", error.kind()),
                );
                let piece = Piece {
                    file,
                    line: 0,
                    text: Bytes::new(),
                    whole: false,
                    rejects: vec![reject],
                };
                if !out.push(piece, 0) {
                    return;
                }
                continue;
            }
        };
        let mut cutter = Cutter {
            settings,
            file,
            line: 1,
            buffer: Vec::new(),
            scanned: 0,
            lines: 0,
            skipped: None,
            rejects: Vec::new(),
        };
        let alive = if input.whole {
            cutter.document(reader, &mut out)
        } else {
            cutter.lines(reader, &mut out)
        };
        if !alive {
            return;
        }
        Meters::add(&job.meters.files_done, 1);
    }
    out.send();
}

/// Opens an input, counts its bytes as they lie on disk, and looks through gzip.
fn open(from: Origin, read: &Arc<AtomicU64>) -> std::io::Result<Box<dyn Read>> {
    let bytes: Box<dyn Read> = match from {
        Origin::File { path, .. } => Box::new(File::open(path)?),
        Origin::Reader(reader, _) => reader,
    };
    let mut counted =
        BufReader::with_capacity(READ_BYTES, Counted { inner: bytes, read: Arc::clone(read) });
    // A short first read must not hide the second magic byte.
    let start = counted.fill_buf()?;
    if start.len() >= 2 && start[..2] == GZIP {
        Ok(Box::new(MultiGzDecoder::new(counted)))
    } else if start.len() == 1 && start[0] == GZIP[0] {
        counted.consume(1);
        let whole = Read::chain(std::io::Cursor::new([GZIP[0]]), counted);
        Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, whole))))
    } else {
        Ok(Box::new(counted))
    }
}

struct Counted {
    inner: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Gathers pieces into chunks and sends them: small files share a commit.
struct Out<'a> {
    job: &'a Job<'a>,
    settings: &'a Settings,
    budget: &'a Budget,
    chunks: &'a crossbeam_channel::Sender<Chunk>,
    next: Chunk,
}

impl Out<'_> {
    /// Whether so much more fills the chunk.
    fn is_full(&self, bytes: u64, lines: u64) -> bool {
        self.next.bytes + bytes >= self.settings.chunk_bytes
            || self.next.lines + lines >= self.settings.chunk_lines_max
    }

    /// Adds a piece; sends the chunk once it is full. False when nobody wants more.
    fn push(&mut self, piece: Piece, lines: u64) -> bool {
        self.next.bytes += piece.text.len() as u64;
        self.next.lines += lines.max(1);
        self.next.pieces.push(piece);
        !self.is_full(0, 0) || self.send()
    }

    /// Sends what there is. False when nobody wants more.
    fn send(&mut self) -> bool {
        let after = Chunk { number: self.next.number + 1, ..Chunk::default() };
        let chunk = std::mem::replace(&mut self.next, after);
        !self.job.stopped() && self.budget.take(chunk.bytes) && self.chunks.send(chunk).is_ok()
    }
}

/// Cuts one stream into chunks of whole lines.
struct Cutter<'a> {
    settings: &'a Settings,
    file: Arc<str>,
    /// Number of the first line in `buffer`.
    line: u64,
    buffer: Vec<u8>,
    /// How far line ends have been looked for.
    scanned: usize,
    /// Line ends found in `buffer`.
    lines: u64,
    /// While the line is too long: how many bytes of it went by.
    skipped: Option<u64>,
    rejects: Vec<Reject>,
}

impl Cutter<'_> {
    /// One resource a line. False when nobody wants more.
    fn lines(&mut self, mut reader: Box<dyn Read>, out: &mut Out<'_>) -> bool {
        // Where the last whole line ends.
        let mut cut = 0;
        loop {
            let read =
                Meters::time(&out.job.meters.read_ns, || fill(&mut reader, &mut self.buffer));
            let more = match &read {
                Ok(count) => *count > 0,
                Err(_) => false,
            };
            if let Some(skipped) = self.skipped {
                // Inside a line that is too long: drop all of it but its end.
                match memchr::memchr(b'\n', &self.buffer) {
                    Some(end) => {
                        self.too_long(skipped + end as u64);
                        self.buffer.drain(..=end);
                        self.line += 1;
                        self.skipped = None;
                    }
                    None => {
                        self.skipped = Some(skipped + self.buffer.len() as u64);
                        self.buffer.clear();
                    }
                }
            }
            while let Some(at) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
                self.scanned += at + 1;
                cut = self.scanned;
                self.lines += 1;
                if out.is_full(cut as u64, self.lines) {
                    if !self.emit(cut, out) {
                        return false;
                    }
                    cut = 0;
                }
            }
            self.scanned = self.buffer.len();
            let rest = (self.buffer.len() - cut) as u64;
            if rest > self.settings.line_bytes_max {
                // The lines before it go out first, so that errors stay in order.
                if !self.emit(cut, out) {
                    return false;
                }
                cut = 0;
                self.skipped = Some(rest);
                self.buffer = Vec::new();
                self.scanned = 0;
            }
            if more {
                continue;
            }
            if let Some(skipped) = self.skipped.take() {
                self.too_long(skipped);
            }
            match read {
                Err(error) => {
                    let line = self.line + self.lines;
                    if !self.emit(cut, out) {
                        return false;
                    }
                    self.rejects.push(broken(line, &error));
                    self.buffer.clear();
                    return self.emit(0, out);
                }
                Ok(_) => {
                    let all = self.buffer.len();
                    return self.emit(all, out);
                }
            }
        }
    }

    /// The whole file is one document. False when nobody wants more.
    fn document(&mut self, mut reader: Box<dyn Read>, out: &mut Out<'_>) -> bool {
        loop {
            match Meters::time(&out.job.meters.read_ns, || fill(&mut reader, &mut self.buffer)) {
                Ok(0) => break,
                Ok(_) if self.buffer.len() as u64 > self.settings.line_bytes_max => {
                    self.too_long(self.buffer.len() as u64);
                    self.buffer = Vec::new();
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    self.rejects.push(broken(1, &error));
                    self.buffer = Vec::new();
                    break;
                }
            }
        }
        let text = Bytes::from(std::mem::take(&mut self.buffer));
        let rejects = std::mem::take(&mut self.rejects);
        out.push(Piece { file: Arc::clone(&self.file), line: 1, text, whole: true, rejects }, 1)
    }

    /// Sends the first `cut` bytes of the buffer, all whole lines.
    fn emit(&mut self, cut: usize, out: &mut Out<'_>) -> bool {
        let line = self.line;
        let lines = std::mem::take(&mut self.lines);
        self.line += lines;
        self.scanned = self.scanned.saturating_sub(cut);
        if cut == 0 && self.rejects.is_empty() {
            return true;
        }
        let rest = self.buffer[cut..].to_vec();
        let mut text = std::mem::replace(&mut self.buffer, rest);
        text.truncate(cut);
        let rejects = std::mem::take(&mut self.rejects);
        let piece = Piece {
            file: Arc::clone(&self.file),
            line,
            text: Bytes::from(text),
            whole: false,
            rejects,
        };
        out.push(piece, lines)
    }

    fn too_long(&mut self, bytes: u64) {
        let max = self.settings.line_bytes_max;
        self.rejects.push(Reject::of_file(
            self.line,
            IssueCode::TooLong,
            format!("the line holds at least {bytes} bytes, more than the {max} allowed (`import.line_bytes_max`)"),
        ));
    }
}

/// The error for a stream that broke off in `line`.
fn broken(line: u64, error: &std::io::Error) -> Reject {
    let what = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the input breaks off".to_owned(),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            "the compressed input is damaged".to_owned()
        }
        kind => format!("the input could not be read on: {kind}"),
    };
    Reject::of_file(
        line,
        IssueCode::Incomplete,
        format!("{what}; everything from this line on is missing"),
    )
}

/// Appends what one read gives; 0 at the end.
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>) -> std::io::Result<usize> {
    let before = buffer.len();
    buffer.resize(before + READ_BYTES, 0);
    loop {
        match reader.read(&mut buffer[before..]) {
            Ok(count) => {
                buffer.truncate(before + count);
                return Ok(count);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                buffer.truncate(before);
                return Err(error);
            }
        }
    }
}

/// The lines of a piece with their numbers, without line ends, blank ones left out.
pub(super) fn lines(piece: &Piece) -> impl Iterator<Item = (u64, Bytes)> + '_ {
    let text = if piece.line == 1 && piece.text.starts_with(BOM) {
        piece.text.slice(BOM.len()..)
    } else {
        piece.text.clone()
    };
    let mut next = Some((0, piece.line));
    std::iter::from_fn(move || {
        loop {
            let (start, line) = next.take()?;
            if start >= text.len() {
                return None;
            }
            let end = if piece.whole {
                text.len()
            } else {
                memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at)
            };
            next = Some((end + 1, line + 1));
            let trimmed = text[start..end].trim_ascii();
            if !trimmed.is_empty() {
                return Some((line, text.slice_ref(trimmed)));
            }
        }
    })
}
