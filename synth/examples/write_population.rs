//! Writes a population to a folder and says how long it took:
//!
//! ```text
//! cargo run --release -p synth --example write_population -- DIR [PATIENTS] [SEED] [THREADS]
//!     [claims] [gold] [bundles] [sparse]
//! ```
//!
//! For trying the generator without the rest of Tarn; `tarn generate` is the tool for everyone else.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use synth::fhir::TYPES;
use synth::gmf::Files;
use synth::population::{Chunk, Content, Form, Population, Request, Sink};
use synth::{Plan, Simulation, Time};

struct Folder {
    dir: PathBuf,
    files: Vec<Option<File>>,
    gold: File,
}

impl Sink for Folder {
    type Error = io::Error;

    fn take(&mut self, chunk: Chunk) -> io::Result<()> {
        match chunk.content {
            Content::Lines(by_type) => {
                for (at, lines) in by_type.iter().enumerate().filter(|(_, l)| !l.is_empty()) {
                    let file = match &mut self.files[at] {
                        Some(file) => file,
                        empty => {
                            let name = format!("{}.ndjson", TYPES[at]);
                            empty.insert(File::create(self.dir.join(name))?)
                        }
                    };
                    file.write_all(lines)?;
                }
            }
            Content::Bundles(bundles) => {
                for bundle in bundles {
                    let name = bundle.patient.as_ref().map_or("world", |id| id.as_str());
                    std::fs::write(self.dir.join(format!("{name}.json")), bundle.json)?;
                }
            }
        }
        self.gold.write_all(&chunk.gold)
    }
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let dir = PathBuf::from(arguments.first().map_or("population", String::as_str));
    let mut plan = Plan::new(number(1, 100), number(2, 7), Time::of_date(2026, 11, 30));
    plan.claims = has("claims");
    plan.notes = !has("sparse");
    let begun = Instant::now();
    let (simulation, warnings) = Simulation::new(plan, &Files::own()).map_err(|errors| {
        errors.iter().for_each(|error| eprintln!("{error}"));
        io::Error::other("the modules have faults")
    })?;
    warnings.iter().for_each(|warning| eprintln!("{warning}"));
    let loaded = begun.elapsed();
    std::fs::create_dir_all(&dir)?;
    let gold = File::create(dir.join("gold.jsonl"))?;
    let mut folder = Folder { dir, files: TYPES.iter().map(|_| None).collect(), gold };
    let (stop, written) = (AtomicBool::new(false), std::cell::Cell::new(None));
    let request = Request {
        threads: number(3, 1) as usize,
        form: if has("bundles") { Form::Bundles } else { Form::Ndjson },
        gold: has("gold"),
        encode: None,
        progress: &|progress| {
            if progress.phase == synth::population::Phase::Writing && written.get().is_none() {
                written.set(Some(Instant::now()));
            }
        },
        stop: &stop,
    };
    let summary = Population::new(simulation).run(&request, &mut folder)?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} patients ({} living), {} resources, {} bytes, {seconds:.2} s ({:.2} s of them loading, \
         {:.2} s from the first chunk on), {:.0} patients/s",
        summary.patients,
        summary.living,
        summary.resources,
        summary.bytes,
        loaded.as_secs_f64(),
        written.get().map_or(0.0, |at: Instant| at.elapsed().as_secs_f64()),
        summary.patients as f64 / seconds,
    );
    for (name, count) in summary.types() {
        println!("{count:>9}  {name}");
    }
    Ok(())
}
