//! Runs a whole population: everyone's stays first, then beds for all, then everything written.
//!
//! A life is simulated twice, because beds are given in order of time across all patients while
//! lives are simulated one after another; keeping every record in between would need memory for
//! the whole population. Chunks of patients are worked on in parallel and handed over in order.
//!
//! Always true:
//! - the sink sees the same chunks in the same order for any number of threads;
//! - no more chunks are begun ahead of the sink than [`Population::run`] has threads, twice.

use crate::beds::{self, BedBook, Stay};
use crate::fhir::{self, Bundle, Lines, TYPES, Writer};
use crate::simulate::Simulation;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Patients in a chunk. Part of the format: with `encode` every chunk is compressed by itself.
pub const CHUNK_PATIENTS: u64 = 16;

/// In what form the population is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines by type.
    Ndjson,
    /// A transaction Bundle for each patient, and one for the world.
    Bundles,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Lives are simulated for the sake of their stays.
    Stays,
    /// Lives are simulated and written.
    Writing,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Patients done in this phase.
    pub done: u64,
    /// Patients of the run.
    pub patients: u64,
    /// Bytes handed over so far, before encoding.
    pub bytes: u64,
}

/// How a population is to be run. None of it changes what is in it.
pub struct Request<'a> {
    /// Threads to use; 0 counts as 1.
    pub threads: usize,
    /// Lines or Bundles.
    pub form: Form,
    /// Also hand over the notes' gold.
    pub gold: bool,
    /// Applied to each piece of a chunk by the thread that made it, such as gzip.
    pub encode: Encode<'a>,
    /// Told after every chunk, by the calling thread.
    pub progress: &'a dyn Fn(Progress),
    /// Set by someone else to end the run early.
    pub stop: &'a AtomicBool,
}

/// What [`Request::encode`] is.
type Encode<'a> = Option<&'a (dyn Fn(&[u8]) -> Vec<u8> + Sync)>;

/// A number of patients, written. The first chunk is the world and has no patients.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// From 0.
    pub number: u64,
    /// Patients in it.
    pub patients: u64,
    /// Resources in it.
    pub resources: u64,
    /// Bytes of its content before encoding.
    pub bytes: u64,
    /// What was written.
    pub content: Content,
    /// Gold of its notes, if asked for; encoded like the content.
    pub gold: Vec<u8>,
}

/// What was written, each piece encoded if an encoding was asked for.
#[derive(Clone, Debug)]
pub enum Content {
    /// By place in [`TYPES`]: lines; empty where there are none.
    Lines(Vec<Vec<u8>>),
    /// Bundles, in order of patients.
    Bundles(Vec<Bundle>),
}

/// Takes what is written, in order.
pub trait Sink {
    /// Why it could not.
    type Error;

    /// Takes the next chunk.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn take(&mut self, chunk: Chunk) -> Result<(), Self::Error>;
}

/// What a run made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Patients written.
    pub patients: u64,
    /// Of these, alive at the end.
    pub living: u64,
    /// Of these, dead at the end.
    pub deceased: u64,
    /// Resources, the world's included.
    pub resources: u64,
    /// By place in [`TYPES`].
    pub by_type: Vec<u64>,
    /// Bytes before encoding, gold not counted.
    pub bytes: u64,
    /// False if the run was stopped, or a module ran in circles.
    pub complete: bool,
    /// The first module found running in circles, and the state: nothing was written.
    pub circle: Option<(String, String)>,
}

impl Summary {
    /// Types and how many resources of each, in order of [`TYPES`], those without any left out.
    pub fn types(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TYPES.iter().copied().zip(self.by_type.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

/// A population to be run.
pub struct Population {
    simulation: Simulation,
}

impl Population {
    /// Of this simulation.
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation }
    }

    /// The simulation; after a run its wards have the size the stays asked for.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Simulates everyone and hands over what was written. The same plan gives the same chunks.
    ///
    /// # Errors
    /// What the sink says; the run ends there.
    pub fn run<S: Sink>(
        &mut self,
        request: &Request<'_>,
        sink: &mut S,
    ) -> Result<Summary, S::Error> {
        let plan = &self.simulation.plan;
        let patients = plan.patients;
        let chunks = patients.div_ceil(CHUNK_PATIENTS);
        let threads = request.threads.max(1);
        let mut summary = Summary { by_type: vec![0; TYPES.len()], ..Summary::default() };

        let mut stays = Vec::new();
        let mut circles = None;
        // Who was found for each number, so that nobody is looked for twice.
        let mut attempts = Vec::new();
        let simulation = &self.simulation;
        let complete = in_order(
            threads,
            chunks,
            request.stop,
            |chunk| stays_of(simulation, members(chunk, patients)),
            |chunk, (part, found, circle)| {
                stays.extend(part);
                attempts.extend(found);
                circles = circles.take().or(circle);
                let done = members(chunk, patients).end;
                let phase = Phase::Stays;
                (request.progress)(Progress { phase, done, patients, bytes: 0 });
                Ok(())
            },
        )?;
        summary.circle = circles;
        if !complete || summary.circle.is_some() {
            return Ok(summary);
        }
        self.simulation.world.size_wards(&stays);
        let beds = BedBook::assign(&self.simulation.world, stays);

        let (form, encode) = (request.form, request.encode);
        let writer = Writer::new(&self.simulation, request.gold);
        let mut lines = Lines::default();
        writer.world(&beds, &mut lines);
        let world = Written::new(form, encode, vec![(None, lines)]);
        summary.take(&world);
        sink.take(world.into_chunk(0, 0))?;

        let work = |chunk| {
            let members = members(chunk, patients);
            let found = &attempts[members.start as usize..members.end as usize];
            write(&writer, &beds, form, encode, members.zip(found.iter().copied()))
        };
        let complete = in_order(threads, chunks, request.stop, work, |chunk, written| {
            summary.take(&written);
            let members = members(chunk, patients);
            let of_chunk = members.end - members.start;
            summary.patients += of_chunk;
            let bytes = summary.bytes;
            sink.take(written.into_chunk(chunk + 1, of_chunk))?;
            let (phase, done) = (Phase::Writing, members.end);
            (request.progress)(Progress { phase, done, patients, bytes });
            Ok(())
        })?;
        summary.complete = complete;
        Ok(summary)
    }
}

/// The patients of a chunk.
fn members(chunk: u64, patients: u64) -> std::ops::Range<u64> {
    chunk * CHUNK_PATIENTS..((chunk + 1) * CHUNK_PATIENTS).min(patients)
}

/// Stays, the candidates whose they are, and a module with a fault.
type Part = (Vec<Stay>, Vec<u32>, Option<(String, String)>);

/// The stays of some, and the candidate each of them is.
fn stays_of(simulation: &Simulation, members: std::ops::Range<u64>) -> Part {
    let (mut stays, mut attempts, mut circle) = (Vec::new(), Vec::new(), None);
    for index in members {
        let (person, attempt) = simulation.find(index);
        stays.extend(beds::stays(&person, &simulation.plan));
        attempts.push(attempt);
        if let (None, Some((machine, state))) = (&circle, person.circle) {
            let module = simulation.modules.path(machine).unwrap_or_default();
            circle = Some((format!("{module}.json"), simulation.vocabulary.symbol(state).into()));
        }
    }
    (stays, attempts, circle)
}

/// A chunk on its way to the sink.
struct Written {
    content: Content,
    gold: Vec<u8>,
    counts: Vec<u64>,
    resources: u64,
    bytes: u64,
    living: u64,
    deceased: u64,
}

impl Written {
    /// Of lines: all together (NDJSON), or patient by patient (Bundles).
    fn new(form: Form, encode: Encode<'_>, parts: Vec<(Option<fhir::Id>, Lines)>) -> Self {
        let encode = |bytes: Vec<u8>| match encode {
            Some(encode) if !bytes.is_empty() => encode(&bytes),
            _ => bytes,
        };
        let mut counts = vec![0; TYPES.len()];
        let (mut gold, mut resources, mut bytes) = (Vec::new(), 0, 0);
        let mut by_type = Vec::new();
        let mut bundles = Vec::new();
        for (patient, mut lines) in parts {
            gold.append(&mut lines.gold);
            resources += lines.resources;
            counts.iter_mut().zip(&lines.counts).for_each(|(sum, count)| *sum += count);
            if form == Form::Bundles {
                let bundle = fhir::bundle(patient, &lines);
                bytes += bundle.json.len() as u64;
                bundles.push(Bundle { patient, json: encode(bundle.json) });
            } else {
                bytes += lines.by_type.iter().map(|text| text.len() as u64).sum::<u64>();
                by_type = lines.by_type.into_iter().map(encode).collect();
            }
        }
        let content = match form {
            Form::Ndjson => Content::Lines(by_type),
            Form::Bundles => Content::Bundles(bundles),
        };
        let gold = encode(gold);
        Self { content, gold, counts, resources, bytes, living: 0, deceased: 0 }
    }

    fn into_chunk(self, number: u64, patients: u64) -> Chunk {
        Chunk {
            number,
            patients,
            resources: self.resources,
            bytes: self.bytes,
            content: self.content,
            gold: self.gold,
        }
    }
}

impl Summary {
    fn take(&mut self, written: &Written) {
        self.living += written.living;
        self.deceased += written.deceased;
        self.resources += written.resources;
        self.bytes += written.bytes;
        self.by_type.iter_mut().zip(&written.counts).for_each(|(sum, count)| *sum += count);
    }
}

fn write(
    writer: &Writer<'_>,
    beds: &BedBook,
    form: Form,
    encode: Encode<'_>,
    members: impl Iterator<Item = (u64, u32)>,
) -> Written {
    let (mut living, mut deceased) = (0, 0);
    let mut parts: Vec<(Option<fhir::Id>, Lines)> = Vec::new();
    for (index, attempt) in members {
        let person = writer.simulation().person_after(index, attempt);
        if person.alive() {
            living += 1;
        } else {
            deceased += 1;
        }
        if form == Form::Bundles || parts.is_empty() {
            parts.push((Some(writer.patient_id(index)), Lines::default()));
        }
        let (_, lines) = parts.last_mut().expect("one was pushed above");
        writer.person(&person, beds, lines);
    }
    Written { living, deceased, ..Written::new(form, encode, parts) }
}

/// What threads and the calling thread share.
struct Desk<T> {
    /// The next piece nobody has begun.
    next: u64,
    /// Pieces handed over.
    delivered: u64,
    /// Pieces done and not yet handed over.
    ready: BTreeMap<u64, T>,
    /// Nobody begins another one.
    closed: bool,
}

/// Does `pieces` pieces of work on `threads` threads and hands the results over in order, on the
/// calling thread. At most twice as many pieces as threads are begun ahead of the hand-over.
/// False: stopped before all were handed over.
fn in_order<T: Send, E>(
    threads: usize,
    pieces: u64,
    stop: &AtomicBool,
    work: impl Fn(u64) -> T + Sync,
    mut deliver: impl FnMut(u64, T) -> Result<(), E>,
) -> Result<bool, E> {
    let ahead = 2 * threads as u64;
    let desk = Mutex::new(Desk { next: 0, delivered: 0, ready: BTreeMap::new(), closed: false });
    let moved = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(usize::try_from(pieces).unwrap_or(threads)) {
            scope.spawn(|| {
                // Even when `work` panics the caller is woken, and the panic goes on to it.
                let _closing = Closing { desk: &desk, moved: &moved };
                loop {
                    let mut held = lock(&desk);
                    while !held.closed && held.next >= held.delivered + ahead {
                        held = moved.wait(held).unwrap_or_else(PoisonError::into_inner);
                    }
                    if held.closed || held.next >= pieces || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let piece = held.next;
                    held.next += 1;
                    drop(held);
                    let result = work(piece);
                    lock(&desk).ready.insert(piece, result);
                    moved.notify_all();
                }
            });
        }
        for piece in 0..pieces {
            let mut held = lock(&desk);
            let result = loop {
                if stop.load(Ordering::Relaxed) || held.closed {
                    held.closed = true;
                    moved.notify_all();
                    return Ok(false);
                }
                if let Some(result) = held.ready.remove(&piece) {
                    break result;
                }
                let pause = std::time::Duration::from_millis(100);
                let waited = moved.wait_timeout(held, pause);
                held = waited.unwrap_or_else(PoisonError::into_inner).0;
            };
            held.delivered = piece + 1;
            drop(held);
            moved.notify_all();
            if let Err(error) = deliver(piece, result) {
                lock(&desk).closed = true;
                moved.notify_all();
                return Err(error);
            }
        }
        Ok(true)
    })
}

/// Closes the desk if its thread is panicking.
struct Closing<'a, T> {
    desk: &'a Mutex<Desk<T>>,
    moved: &'a Condvar,
}

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.desk).closed = true;
            self.moved.notify_all();
        }
    }
}

fn lock<T>(desk: &Mutex<Desk<T>>) -> MutexGuard<'_, Desk<T>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn pieces_come_in_order_and_never_far_ahead() {
        let (begun, delivered) = (Mutex::new(0u64), Mutex::new(0u64));
        let stop = AtomicBool::new(false);
        let mut seen = Vec::new();
        let done = in_order(
            3,
            100,
            &stop,
            |piece| {
                let mut begun = begun.lock().unwrap();
                *begun += 1;
                // The piece being handed over counts as delivered.
                let ahead = *begun - *delivered.lock().unwrap();
                assert!(ahead <= 2 * 3 + 1, "{ahead} pieces ahead");
                piece * 2
            },
            |piece, result| {
                *delivered.lock().unwrap() += 1;
                seen.push((piece, result));
                Ok::<(), ()>(())
            },
        );
        assert_eq!(done, Ok(true));
        assert_eq!(seen, (0..100).map(|piece| (piece, piece * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_and_a_stop_end_the_work() {
        let stop = AtomicBool::new(false);
        let failed = in_order(
            2,
            1_000,
            &stop,
            |piece| piece,
            |piece, _| match piece {
                7 => Err("full"),
                _ => Ok(()),
            },
        );
        assert_eq!(failed, Err("full"));
        let last = Cell::new(0);
        let stopped = in_order(
            2,
            1_000,
            &stop,
            |piece| piece,
            |piece, _| {
                last.set(piece);
                stop.store(piece == 5, Ordering::Relaxed);
                Ok::<(), ()>(())
            },
        );
        assert_eq!((stopped, last.get()), (Ok(false), 5));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_of_a_worker_reaches_the_caller() {
        let stop = AtomicBool::new(false);
        let work = |piece: u64| assert!(piece < 3, "piece {piece}");
        let _ = in_order(2, 10, &stop, work, |_, ()| Ok::<(), ()>(()));
    }
}
