//! Mentions to codes: ranked candidates with scores.
//!
//! Conditions go to ICD-10-CM, drugs to RxNorm; everything a store has coded itself, SNOMED CT
//! above all, to the codes it used ([`Learned`]); further code systems an operator loaded
//! ([`Terminology`]) likewise.
//!
//! Always true:
//! - candidates of one system are in falling order of score, and at most [`CANDIDATES_MAX`];
//! - the same mention, terminology and learned pairs give the same candidates.

pub mod common;
pub mod drug;
mod icd;
mod learned;
mod release;
mod search;
pub mod table;
mod terminology;
pub mod words;

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

pub use icd::set_defaults;
pub use learned::{Learned, Match, Pair, kind_of_tag};
pub use release::flags_of_term_type;
pub(crate) use terminology::EMBEDDED;
pub use terminology::{Terminology, TermsError, add_everyday};

use crate::entity::{Category, CodeSystem, Concept, EntityType};
use search::{Hit, Scratch, search, search_drug};
use table::{Table, flag};

/// Candidates given for one code system.
pub const CANDIDATES_MAX: usize = 5;

/// A lower score is no candidate.
const SCORE_MIN: f32 = 0.15;

/// Bytes of a mention looked at; longer ones are no mention.
const MENTION_BYTES_MAX: usize = 512;

/// What is to be linked.
#[derive(Clone, Copy, Debug)]
pub struct Mention<'t> {
    /// As it stands in the text.
    pub text: &'t str,
    /// What it is about.
    pub category: Category,
    /// What it is.
    pub entity_type: EntityType,
    /// What belongs to it, as it stands in the text: strengths and forms of drugs; sites,
    /// directions, acuity of conditions.
    pub attributes: &'t [(EntityType, &'t str)],
}

/// Links mentions. Cheap to make; borrow one per thread or share it.
#[derive(Clone, Copy, Debug)]
pub struct Linker<'l> {
    terms: &'l Terminology,
    learned: Option<&'l Learned>,
}

/// Remembers mentions seen before, and memory used over again. Owned by whoever links; one per
/// thread.
#[derive(Clone, Debug)]
pub struct Cache {
    known: HashMap<u128, Vec<Concept>>,
    entries_max: usize,
    scratch: HashMap<(CodeSystem, bool), Scratch>,
}

impl Default for Cache {
    /// Remembers 16,384 mentions, some 10 MB.
    fn default() -> Self {
        Self::new(16_384)
    }
}

impl Cache {
    /// A cache of at most this many mentions; when it is full it starts anew.
    pub fn new(entries_max: usize) -> Self {
        Self { known: HashMap::new(), entries_max, scratch: HashMap::new() }
    }

    /// How many mentions it remembers.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl<'l> Linker<'l> {
    /// Links to these code systems, and to what was learned. A cache must not be used with two
    /// linkers that differ in either.
    pub fn new(terms: &'l Terminology, learned: Option<&'l Learned>) -> Self {
        Self { terms, learned }
    }

    /// The codes a mention may mean: best first within each system, up to [`CANDIDATES_MAX`] of
    /// each.
    pub fn link(&self, mention: &Mention, cache: &mut Cache) -> Vec<Concept> {
        let key = key_of(mention);
        if let Some(concepts) = cache.known.get(&key) {
            return concepts.clone();
        }
        let concepts = self.find(mention, &mut cache.scratch);
        if cache.entries_max > 0 {
            if cache.known.len() >= cache.entries_max {
                cache.known.clear();
            }
            cache.known.insert(key, concepts.clone());
        }
        concepts
    }

    fn find(
        &self,
        mention: &Mention,
        scratch: &mut HashMap<(CodeSystem, bool), Scratch>,
    ) -> Vec<Concept> {
        if mention.text.len() > MENTION_BYTES_MAX || !mention.text.contains(char::is_alphabetic) {
            return Vec::new();
        }
        let mut concepts = Vec::new();
        for system in systems_for(mention) {
            let mut found: Vec<Concept> = Vec::new();
            if let Some(learned) = self.learned {
                // A display written out is what it was written from.
                let mut score = 1.0;
                for index in learned.exact(mention.text) {
                    let pair = &learned.pairs()[*index as usize];
                    if pair.system == *system {
                        add(&mut found, *system, &pair.code, &pair.display, score);
                        score *= 0.5;
                    }
                }
                if let Some(table) = learned.terms().table(*system) {
                    let scratch = scratch.entry((*system, true)).or_default();
                    for hit in hits(table, mention, scratch) {
                        let score = hit.score * 0.99;
                        add(
                            &mut found,
                            *system,
                            table.code(hit.concept),
                            table.description(hit.concept),
                            score,
                        );
                    }
                }
            }
            if let Some(table) = self.terms.table(*system) {
                let scratch = scratch.entry((*system, false)).or_default();
                let words = words::words(mention.text);
                for hit in hits(table, mention, scratch) {
                    let (code, description, score) = coded(table, hit.concept, &words, hit.score);
                    add(&mut found, *system, &code, &description, score);
                }
            }
            found.retain(|concept| concept.score >= SCORE_MIN);
            // Stable: of equal scores the first found stays first.
            found.sort_by(|a, b| b.score.total_cmp(&a.score));
            found.truncate(CANDIDATES_MAX);
            for (index, concept) in found.iter_mut().enumerate() {
                concept.score = calibrated(*system, concept.score, index == 0);
            }
            concepts.append(&mut found);
        }
        concepts
    }
}

/// The systems a kind of mention is linked to.
fn systems_for(mention: &Mention) -> &'static [CodeSystem] {
    match (mention.category, mention.entity_type) {
        (Category::MedicalCondition, _) => &[CodeSystem::Icd10Cm, CodeSystem::SnomedCt],
        (Category::Medication, _) => &[CodeSystem::RxNorm],
        (Category::TestTreatmentProcedure, EntityType::TestName) => {
            &[CodeSystem::SnomedCt, CodeSystem::Loinc]
        }
        (Category::TestTreatmentProcedure, _) => &[CodeSystem::SnomedCt],
        (Category::Anatomy | Category::BehavioralEnvironmentalSocial, _) => &[CodeSystem::SnomedCt],
        (Category::ProtectedHealthInformation | Category::TimeExpression, _) => &[],
    }
}

/// The concepts of a table for a mention, best first.
fn hits(table: &Table, mention: &Mention, scratch: &mut Scratch) -> Vec<Hit> {
    // Headings become codes, so more are asked for than given.
    const COUNT: usize = CANDIDATES_MAX * 3;
    let bare = words::split_tag(mention.text).0;
    if table.system == CodeSystem::RxNorm {
        let mut stems = drug::stems(bare);
        for (_, text) in mention.attributes {
            if text.len() <= MENTION_BYTES_MAX {
                stems.extend(drug::stems(text).into_iter().filter(|word| {
                    matches!(
                        drug::kind_of_word(word),
                        table::WordKind::Strength | table::WordKind::Form
                    )
                }));
            }
        }
        return search_drug(table, &stems, scratch, COUNT);
    }
    let stems = words::stems(bare);
    let mut hits = search(table, &stems, scratch, COUNT);
    if let Some(expanded) = expand(bare) {
        merge(&mut hits, search(table, &expanded, scratch, COUNT), 1.0);
    }
    let mut specific = stems;
    let before = specific.len();
    for (kind, text) in mention.attributes {
        let tells = matches!(
            kind,
            EntityType::SystemOrganSite
                | EntityType::Direction
                | EntityType::Acuity
                | EntityType::Quality
        );
        if tells && text.len() <= MENTION_BYTES_MAX {
            specific.extend(words::stems(text));
        }
    }
    if specific.len() > before {
        let found = search(table, &specific, scratch, COUNT);
        if found.first().is_some_and(|hit| hit.score >= 0.6) {
            // The mention alone is now less than is known.
            for hit in &mut hits {
                hit.score *= 0.8;
            }
            merge(&mut hits, found, 1.0);
        }
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits
}

/// The stems of a mention with its abbreviations written out, if it has any.
fn expand(text: &str) -> Option<Vec<String>> {
    let mut changed = false;
    let mut stems = Vec::new();
    for word in words::words(text) {
        match common::EXPANSIONS.binary_search_by(|(from, _)| (*from).cmp(word.as_str())) {
            Ok(found) => {
                changed = true;
                stems.extend(words::stems(common::EXPANSIONS[found].1));
            }
            Err(_) => stems.extend(words::stems(&word)),
        }
    }
    changed.then_some(stems)
}

fn merge(hits: &mut Vec<Hit>, others: Vec<Hit>, factor: f32) {
    for other in others {
        let score = other.score * factor;
        match hits.iter_mut().find(|hit| hit.concept == other.concept) {
            Some(hit) => hit.score = hit.score.max(score),
            None => hits.push(Hit { concept: other.concept, score }),
        }
    }
}

/// The code to assign for a concept: a heading's unspecified code, a seventh character added.
fn coded(table: &Table, concept: u32, words: &[String], score: f32) -> (String, String, f32) {
    let mut concept = concept;
    let mut score = score;
    if table.flags(concept) & flag::HEADING != 0 && table.system == CodeSystem::Icd10Cm {
        let default = table.default_of(concept);
        // A heading without an unspecified code leaves a choice open.
        score *= if default == concept { 0.85 } else { 0.99 };
        concept = default;
    }
    concept = sided(table, concept, words);
    let (code, description) = (table.code(concept), table.description(concept));
    match table.seventh(concept).filter(|_| table.flags(concept) & flag::HEADING == 0) {
        Some(meanings) => {
            let (character, meaning) = icd::choose_seventh(meanings, words);
            (icd::with_seventh(code, character), format!("{description}, {meaning}"), score)
        }
        None => (code.to_owned(), description.to_owned(), score),
    }
}

/// The code of the side a mention names, where the one found leaves the side open.
fn sided(table: &Table, concept: u32, words: &[String]) -> u32 {
    let description = table.description(concept);
    let Some(side) = ["left", "right", "bilateral"]
        .into_iter()
        .find(|side| words.iter().any(|word| word == side))
        .filter(|_| description.contains("unspecified"))
    else {
        return concept;
    };
    let wanted: Vec<String> = description
        .match_indices("unspecified")
        .map(|(at, word)| {
            format!("{}{side}{}", &description[..at], &description[at + word.len()..])
        })
        .collect();
    let code = table.code(concept);
    let stem = &code[..code.len() - 1];
    // Sides differ in the last character only, so they are close.
    let near = concept.saturating_sub(12)..concept.saturating_add(12).min(table.len() as u32);
    near.into_iter()
        .find(|other| {
            table.code(*other).len() == code.len()
                && table.code(*other).starts_with(stem)
                && wanted.iter().any(|text| text == table.description(*other))
        })
        .unwrap_or(concept)
}

fn add(found: &mut Vec<Concept>, system: CodeSystem, code: &str, description: &str, score: f32) {
    match found.iter_mut().find(|concept| concept.code == code) {
        Some(concept) => concept.score = concept.score.max(score),
        None => found.push(Concept {
            system,
            code: code.to_owned(),
            description: description.to_owned(),
            score,
        }),
    }
}

/// How often a candidate of this raw score is right, as measured by `examples/link_calibration`
/// and rounded to a line that never falls.
///
/// Names held out are harder than what notes say, so the middle of the ICD-10-CM line is rather
/// too low. A candidate that is not the first is right half as often.
fn calibrated(system: CodeSystem, raw: f32, first: bool) -> f32 {
    const CONDITIONS: &[(f32, f32)] = &[
        (0.0, 0.0),
        (0.15, 0.2),
        (0.3, 0.4),
        (0.5, 0.47),
        (0.9, 0.55),
        (0.96, 0.75),
        (0.98, 0.95),
        (1.0, 0.98),
    ];
    const DRUGS: &[(f32, f32)] = &[
        (0.0, 0.0),
        (0.25, 0.2),
        (0.6, 0.4),
        (0.72, 0.5),
        (0.86, 0.86),
        (0.95, 0.97),
        (1.0, 0.99),
    ];
    let line = if system == CodeSystem::RxNorm { DRUGS } else { CONDITIONS };
    let raw = raw.clamp(0.0, 1.0);
    let at = line.partition_point(|(from, _)| *from < raw).clamp(1, line.len() - 1);
    let ((x0, y0), (x1, y1)) = (line[at - 1], line[at]);
    let sure = y0 + (y1 - y0) * (raw - x0) / (x1 - x0);
    if first { sure } else { sure * 0.5 }
}

fn key_of(mention: &Mention) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&[mention.category as u8, mention.entity_type as u8]);
    hash.update(mention.text.as_bytes());
    for (kind, text) in mention.attributes {
        hash.update(&[0xff, *kind as u8]);
        hash.update(text.as_bytes());
    }
    hash.digest128()
}
