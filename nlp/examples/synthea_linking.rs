//! `cargo run --release -p nlp --example synthea_linking -- FOLDER [--json]`: links what notes
//! name to the codes of the resources the notes were printed from.
//!
//! FOLDER holds NDJSON of a Synthea population (`.ndjson` or `.ndjson.gz`). Synthea writes its
//! notes from a template out of coded resources, with displays in lower case. So this measures
//! plumbing: decoding, finding displays, choosing among codes that share one. It says nothing of
//! how well language is understood, and must not be quoted as accuracy.
//!
//! What is looked for, and where (names as in the template):
//! - conditions first recorded at the note's encounter: `Patient is presenting with …`;
//! - prescriptions of the encounter: the bullets after `The following medications were …` or
//!   `prescribed`, and bullets of procedures and immunizations after theirs;
//! - conditions of earlier encounters: `Patient has a history of …`. Generators of 2021 list those
//!   that have ended, later ones those that have not; which of the two this population's notes
//!   list is decided by which of them is found more;
//! - drugs active then: under `# Medications`.
//!
//! Recall: of the codes the encounter's resources hold for a place in the note, the share that is
//! found there, as the first candidate of a found stretch. Precision: of the first candidates
//! found in a place, the share that are codes of a resource the place may name (for the history,
//! any condition of the patient recorded before).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine;
use nlp::Analysis;
use nlp::document;
use nlp::entity::CodeSystem;
use nlp::link::{Cache, Learned, Linker, Mention, Pair, Terminology};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: synthea_linking FOLDER [--json]")?;
    let folder = Path::new(folder);
    let mut population = Population::default();
    for file in ["Condition", "MedicationRequest", "Procedure", "Medication", "CarePlan"] {
        each_resource(folder, file, |resource| population.take(file, &resource))?;
    }
    each_resource(folder, "Encounter", |encounter| {
        let id = format!("Encounter/{}", encounter["id"].as_str().unwrap_or_default());
        let start = encounter["period"]["start"].as_str().unwrap_or_default();
        population.starts.insert(id, instant(start));
    })?;
    let learned = Learned::build(population.pairs());
    let terms = Terminology::embedded();
    let linker = Linker::new(&terms, Some(&learned));
    let mut cache = Cache::default();
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut missed: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    let (mut notes, mut bytes, mut seconds) = (0usize, 0usize, 0.0f64);
    each_resource(folder, "DocumentReference", |note| {
        let encounter = note["context"]["encounter"][0]["reference"].as_str().unwrap_or_default();
        let patient = note["subject"]["reference"].as_str().unwrap_or_default();
        for content in note["content"].as_array().into_iter().flatten() {
            let attachment = &content["attachment"];
            let data = attachment["data"].as_str().unwrap_or_default();
            let Ok(data) = base64::engine::general_purpose::STANDARD.decode(data) else { continue };
            let start = Instant::now();
            let read =
                document::read(&data, attachment["contentType"].as_str(), &Default::default());
            let Ok(document) = read else { continue };
            let found = found_in(&document.text, &learned, &linker, &mut cache);
            seconds += start.elapsed().as_secs_f64();
            notes += 1;
            bytes += document.text.len();
            let expected = population.expected(encounter, patient);
            for place in PLACES {
                let empty = HashSet::new();
                let key = if matches!(place, "ended" | "active") { HISTORY } else { place };
                let found = found.get(key).unwrap_or(&empty);
                let expected = &expected[place];
                let count = counts.entry(place).or_default();
                for code in &expected.must {
                    count.expected += 1;
                    if found.contains(code) {
                        count.recalled += 1;
                    } else {
                        *missed
                            .entry(format!("{place}: {}", population.name(code)))
                            .or_default() += 1;
                    }
                }
                for code in found {
                    count.found += 1;
                    if expected.may.contains(code) {
                        count.right += 1;
                    } else {
                        *wrong.entry(format!("{place}: {}", population.name(code))).or_default() +=
                            1;
                    }
                }
            }
        }
    })?;
    // Keep what the history lists.
    let recall = |place| counts.get(place).map_or(0.0, Count::recall);
    let other = if recall("ended") >= recall("active") { "active" } else { "ended" };
    counts.remove(other);
    missed.retain(|name, _| !name.starts_with(other));
    wrong.retain(|name, _| !name.starts_with(other));
    let total = counts.values().fold(Count::default(), |sum, count| sum.plus(count));
    if arguments.iter().any(|argument| argument == "--json") {
        let by_type: serde_json::Map<String, Value> =
            counts.iter().map(|(place, count)| ((*place).to_owned(), count.json())).collect();
        println!(
            "{}",
            serde_json::json!({
                "corpus": "synthea-linking",
                "note": "tests plumbing, not language: notes are printed from the codes they are compared with",
                "precision": total.precision(),
                "recall": total.recall(),
                "by_type": by_type,
                "notes": notes,
                "seconds": seconds,
                "bytes": bytes,
            })
        );
        return Ok(());
    }
    println!("Synthea linking: tests plumbing, not language; never quote it as accuracy.");
    println!(
        "{notes} notes, {bytes} bytes, {seconds:.2} s, {} pairs learned",
        learned.pairs().len()
    );
    for (place, count) in counts.iter().chain([(&"all", &total)]) {
        println!(
            "{place:14} recall {:.4} of {:6}   precision {:.4} of {:6}",
            count.recall(),
            count.expected,
            count.precision(),
            count.found
        );
    }
    for (title, list) in [("missed", missed), ("wrong", wrong)] {
        let mut list: Vec<_> = list.into_iter().collect();
        list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        println!("{title}:");
        for (name, count) in list.iter().take(12) {
            println!("  {count:5} {name}");
        }
    }
    Ok(())
}

/// The place of earlier conditions.
const HISTORY: &str = "history";

/// The places of a note, the history by what it may list.
const PLACES: [&str; 6] =
    ["presenting", "prescriptions", "procedures", "ended", "active", "medications"];

#[derive(Clone, Copy, Default)]
struct Count {
    expected: usize,
    recalled: usize,
    found: usize,
    right: usize,
}

impl Count {
    fn recall(&self) -> f64 {
        self.recalled as f64 / self.expected.max(1) as f64
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            recalled: self.recalled + other.recalled,
            found: self.found + other.found,
            right: self.right + other.right,
        }
    }

    fn json(&self) -> Value {
        serde_json::json!({
            "precision": self.precision(), "recall": self.recall(),
            "expected": self.expected, "found": self.found,
        })
    }
}

type Code = (CodeSystem, String);

/// What a place must and may name.
#[derive(Default)]
struct Expected {
    must: HashSet<Code>,
    may: HashSet<Code>,
}

struct Stay {
    code: Code,
    from: i64,
    until: Option<i64>,
    encounter: String,
}

#[derive(Default)]
struct Population {
    displays: HashMap<Code, BTreeMap<String, u64>>,
    /// Codes by resource type and encounter.
    by_encounter: HashMap<(&'static str, String), Vec<Code>>,
    conditions: HashMap<String, Vec<Stay>>,
    drugs: HashMap<String, HashSet<Code>>,
    medications: HashMap<String, Code>,
    requests: Vec<(String, String, String)>,
    starts: HashMap<String, i64>,
}

impl Population {
    fn coded(&mut self, concept: &Value) -> Option<Code> {
        let mut first = None;
        for coding in concept["coding"].as_array().into_iter().flatten() {
            let system = CodeSystem::of_uri(coding["system"].as_str()?)?;
            let code = (system, coding["code"].as_str()?.to_owned());
            let display = coding["display"].as_str().unwrap_or_default().to_owned();
            *self.displays.entry(code.clone()).or_default().entry(display).or_default() += 1;
            first.get_or_insert(code);
        }
        first
    }

    fn take(&mut self, kind: &'static str, resource: &Value) {
        let patient = resource["subject"]["reference"].as_str().unwrap_or_default().to_owned();
        let encounter = resource["encounter"]["reference"].as_str().unwrap_or_default().to_owned();
        match kind {
            "Medication" => {
                if let Some(code) = self.coded(&resource["code"]) {
                    let id = resource["id"].as_str().unwrap_or_default();
                    self.medications.insert(format!("Medication/{id}"), code);
                }
            }
            "CarePlan" => {
                // Care plans are named in notes too; their displays must not pass for others.
                for category in resource["category"].as_array().into_iter().flatten() {
                    self.coded(category);
                }
            }
            "MedicationRequest" => match self.coded(&resource["medicationCodeableConcept"]) {
                Some(code) => {
                    self.drugs.entry(patient).or_default().insert(code.clone());
                    self.by_encounter.entry((kind, encounter)).or_default().push(code);
                }
                None => {
                    let medication = resource["medicationReference"]["reference"].as_str();
                    let medication = medication.unwrap_or_default().to_owned();
                    self.requests.push((medication, patient, encounter));
                }
            },
            _ => {
                let Some(code) = self.coded(&resource["code"]) else { return };
                self.by_encounter.entry((kind, encounter.clone())).or_default().push(code.clone());
                if kind == "Condition" {
                    let until = resource["abatementDateTime"].as_str().map(instant);
                    let from = instant(resource["onsetDateTime"].as_str().unwrap_or_default());
                    self.conditions.entry(patient).or_default().push(Stay {
                        code,
                        from,
                        until,
                        encounter,
                    });
                }
            }
        }
    }

    /// All codes with their displays, as a store would give them.
    fn pairs(&mut self) -> Vec<Pair> {
        for (medication, patient, encounter) in std::mem::take(&mut self.requests) {
            if let Some(code) = self.medications.get(&medication).cloned() {
                self.drugs.entry(patient).or_default().insert(code.clone());
                self.by_encounter.entry(("MedicationRequest", encounter)).or_default().push(code);
            }
        }
        let mut pairs = Vec::new();
        for ((system, code), displays) in &self.displays {
            for (display, count) in displays {
                let (code, display) = (code.clone(), display.clone());
                let (system, count) = (*system, *count);
                pairs.push(Pair { system, code, display, count, seen_as: None });
            }
        }
        pairs
    }

    fn name(&self, code: &Code) -> String {
        let display = self.displays.get(code).and_then(|displays| displays.keys().next());
        format!("{} {}", code.1, display.map_or("", String::as_str))
    }

    fn expected(&self, encounter: &str, patient: &str) -> HashMap<&'static str, Expected> {
        let of = |kind: &'static str| -> HashSet<Code> {
            let key = (kind, encounter.to_owned());
            self.by_encounter.get(&key).into_iter().flatten().cloned().collect()
        };
        let both = |set: HashSet<Code>| Expected { must: set.clone(), may: set };
        let start = self.starts.get(encounter).copied().unwrap_or(0);
        let mut history: HashSet<Code> = HashSet::new();
        let (mut ended, mut active) = (HashSet::new(), HashSet::new());
        for stay in self.conditions.get(patient).into_iter().flatten() {
            if stay.from >= start || stay.encounter == encounter {
                continue;
            }
            history.insert(stay.code.clone());
            match stay.until {
                Some(until) if until < start => ended.insert(stay.code.clone()),
                // One that ends with this encounter may stand there or not.
                Some(until) if until < start + DAY => false,
                _ => active.insert(stay.code.clone()),
            };
        }
        ended.retain(|code| !active.contains(code));
        let medications = Expected {
            must: HashSet::new(),
            may: self.drugs.get(patient).cloned().unwrap_or_default(),
        };
        HashMap::from([
            ("presenting", both(of("Condition"))),
            ("prescriptions", both(of("MedicationRequest"))),
            ("procedures", both(of("Procedure"))),
            ("ended", Expected { must: ended, may: history.clone() }),
            ("active", Expected { must: active, may: history }),
            ("medications", medications),
        ])
    }
}

const DAY: i64 = 86_400;

/// Finds displays, links each, and files the first candidate under the place it stands in.
fn found_in(
    text: &str,
    learned: &Learned,
    linker: &Linker,
    cache: &mut Cache,
) -> HashMap<&'static str, HashSet<Code>> {
    let analysis = Analysis::of(text);
    let mut found: HashMap<&'static str, HashSet<Code>> = HashMap::new();
    for one in learned.find(&analysis) {
        let Some(place) = place_of(text, one.span.start as usize) else { continue };
        for pair in one.pairs.iter().take(1) {
            let Some((category, entity_type)) = learned.pairs()[*pair as usize].kind() else {
                continue;
            };
            let mention =
                Mention { text: one.span.of(text), category, entity_type, attributes: &[] };
            let system = learned.pairs()[*pair as usize].system;
            let concepts = linker.link(&mention, cache);
            if let Some(best) = concepts.iter().find(|concept| concept.system == system) {
                found.entry(place).or_default().insert((system, best.code.clone()));
            }
        }
    }
    found
}

/// Where in the template a byte lies.
fn place_of(text: &str, at: usize) -> Option<&'static str> {
    let before = &text[..at];
    let heading = before.rfind("\n# ").map_or("", |start| &before[start + 3..]);
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    if heading.starts_with("History of Present Illness") {
        return before.rfind("Patient has a history of").map(|_| HISTORY);
    }
    if heading.starts_with("Medications") {
        return Some("medications");
    }
    if !heading.starts_with("Assessment and Plan") {
        return None;
    }
    if line.starts_with("Patient is presenting with") {
        return Some("presenting");
    }
    let lead = before.lines().rev().find(|line| line.starts_with("The "))?;
    if lead.contains("procedures were conducted") {
        Some("procedures")
    } else if lead.contains("prescribed") {
        Some("prescriptions")
    } else {
        None
    }
}

/// Seconds of a FHIR instant, its zone included.
fn instant(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| -> i64 {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    let zone = match text.len() {
        25.. => {
            let at = text.len() - 6;
            let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
            sign * (number(at + 1..at + 3) * 3600 + number(at + 4..at + 6) * 60)
        }
        _ => 0,
    };
    days * DAY + number(11..13) * 3600 + number(14..16) * 60 + number(17..19) - zone
}

/// Calls `each` with the resources of a type.
fn each_resource(
    folder: &Path,
    name: &str,
    mut each: impl FnMut(Value),
) -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    for file in files {
        // `Condition.ndjson`, `Condition.000.ndjson.gz`.
        let file_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !file_name.starts_with(&format!("{name}.")) || !file_name.contains(".ndjson") {
            continue;
        }
        let opened = std::fs::File::open(&file)?;
        let reader: Box<dyn Read> = if file_name.ends_with(".gz") {
            Box::new(flate2::read::GzDecoder::new(opened))
        } else {
            Box::new(opened)
        };
        for line in BufReader::new(reader).lines() {
            let line = line?;
            if !line.trim().is_empty() {
                each(serde_json::from_str(&line)?);
            }
        }
    }
    Ok(())
}
