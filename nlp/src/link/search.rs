//! A mention's words against a table's names: exact matches, then names that share the rarest
//! words, scored by how much of the mention they cover and how much they say beyond it.

use super::drug::Wanted;
use super::table::{Source, Table};

/// A concept found, with the score of its best name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub concept: u32,
    /// 0 to 1, not yet calibrated.
    pub score: f32,
}

/// Memory reused from one search to the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

/// Index entries looked at in one search; words so common that they exceed it are only scored.
const POSTINGS_MAX: usize = 3_000;
/// Names that hold none of the rarest words are left out once the rest of the words says less
/// than this share of the mention: their score would be below a third.
const SHARE_MIN: f32 = 0.45;
/// Names scored exactly.
const SCORED_MAX: usize = 64;
/// Words of a mention looked at.
const WORDS_MAX: usize = 24;

/// Concepts for a condition, procedure or test; best first.
pub fn search(table: &Table, stems: &[String], scratch: &mut Scratch, count: usize) -> Vec<Hit> {
    let mut ids: Vec<u32> = Vec::with_capacity(stems.len());
    let mut total = 0.0f32;
    let mut known = true;
    for word in stems.iter().take(WORDS_MAX) {
        match table.word(word) {
            Some(id) if !ids.contains(&id) => {
                total += table.weight(id);
                ids.push(id);
            }
            Some(_) => {}
            None => {
                total += table.unknown_weight();
                known = false;
            }
        }
    }
    if ids.is_empty() || total <= 0.0 {
        return Vec::new();
    }
    ids.sort_unstable();
    let mut hits: Vec<Hit> = Vec::new();
    if known {
        for name in table.exact(&ids) {
            if table.words_of(name) == ids {
                keep(&mut hits, table.concept_of(name), prior(table.source_of(name)));
            }
        }
    }
    let mut leads = ids.clone();
    leads.sort_by_key(|id| table.names_with(*id).len());
    candidates(table, &leads, total, scratch);
    let weigh = |name: u32| {
        let both: f32 = common(table.words_of(name), &ids).map(|id| table.weight(id)).sum();
        let of_mention = (both / total).min(1.0);
        let of_name = both / table.name_weight(name).max(0.01);
        // What is said must be in the name; what the name adds costs less.
        prior(table.source_of(name)) * of_mention.powf(1.6) * of_name.min(1.0).powf(0.8) * 0.985
    };
    for name in &scratch.touched {
        keep(&mut hits, table.concept_of(*name), weigh(*name));
    }
    best(table, hits, count)
}

/// Concepts for a drug; best first.
pub fn search_drug(
    table: &Table,
    stems: &[String],
    scratch: &mut Scratch,
    count: usize,
) -> Vec<Hit> {
    let stems = &stems[..stems.len().min(WORDS_MAX)];
    let wanted = Wanted::new(table, stems);
    let leads = wanted.leads(table);
    if leads.is_empty() {
        return Vec::new();
    }
    let mut hits: Vec<Hit> = Vec::new();
    // All names of a drug's first name: strengths and forms decide among them.
    candidates_with(table, &leads, wanted.name_weight(), scratch, 256, |name| {
        wanted.score(table, name)
    });
    for name in &scratch.touched {
        keep(&mut hits, table.concept_of(*name), wanted.score(table, *name));
    }
    best(table, hits, count)
}

/// Leaves in `scratch.touched` the names that share the most with the leads, given rarest first.
fn candidates(table: &Table, leads: &[u32], total: f32, scratch: &mut Scratch) {
    collect(table, leads, total, scratch);
    let Scratch { scores, touched } = scratch;
    if touched.len() > SCORED_MAX {
        let rough = |name: u32| {
            let score = scores[name as usize];
            score * score / table.name_weight(name).max(0.01)
        };
        touched.select_nth_unstable_by(SCORED_MAX, |a, b| {
            rough(*b).total_cmp(&rough(*a)).then(a.cmp(b))
        });
        for name in touched.drain(SCORED_MAX..) {
            scores[name as usize] = 0.0;
        }
    }
    for name in touched.iter() {
        scores[*name as usize] = 0.0;
    }
}

/// As [`candidates`], by a score of the caller's.
fn candidates_with(
    table: &Table,
    leads: &[u32],
    total: f32,
    scratch: &mut Scratch,
    count: usize,
    score: impl Fn(u32) -> f32,
) {
    collect(table, leads, total, scratch);
    let Scratch { scores, touched } = scratch;
    for name in touched.iter() {
        scores[*name as usize] = score(*name);
    }
    if touched.len() > count {
        touched.select_nth_unstable_by(count, |a, b| {
            scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b))
        });
        for name in touched.drain(count..) {
            scores[name as usize] = 0.0;
        }
    }
    for name in touched.iter() {
        scores[*name as usize] = 0.0;
    }
}

/// Sums the leads' weights for every name that has them.
fn collect(table: &Table, leads: &[u32], total: f32, scratch: &mut Scratch) {
    let Scratch { scores, touched } = scratch;
    if scores.len() < table.names() {
        scores.resize(table.names(), 0.0);
    }
    touched.clear();
    let mut left = POSTINGS_MAX;
    let mut rest: f32 = leads.iter().map(|id| table.weight(*id)).sum();
    for (index, id) in leads.iter().enumerate() {
        let names = table.names_with(*id);
        // The rarest word is always followed, as far as allowed.
        if index > 0 && (names.len() > left || rest < total * SHARE_MIN) {
            break;
        }
        let weight = table.weight(*id).max(0.001);
        rest -= weight;
        for name in names.iter().take(left) {
            let score = &mut scores[*name as usize];
            if *score == 0.0 {
                touched.push(*name);
            }
            *score += weight;
        }
        left = left.saturating_sub(names.len());
        if left == 0 {
            break;
        }
    }
}

/// The numbers two sorted lists share.
fn common<'w>(first: &'w [u32], second: &'w [u32]) -> impl Iterator<Item = u32> {
    first.iter().copied().filter(|id| second.binary_search(id).is_ok())
}

fn prior(source: Source) -> f32 {
    match source {
        Source::Everyday => 1.0,
        Source::Title => 0.985,
        Source::Own => 0.98,
        Source::Mapped => 0.93,
    }
}

fn keep(hits: &mut Vec<Hit>, concept: u32, score: f32) {
    match hits.iter_mut().find(|hit| hit.concept == concept) {
        Some(hit) => hit.score = hit.score.max(score),
        None => hits.push(Hit { concept, score }),
    }
}

fn best(table: &Table, mut hits: Vec<Hit>, count: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(table.description(a.concept).len().cmp(&table.description(b.concept).len()))
            .then(a.concept.cmp(&b.concept))
    });
    hits.truncate(count);
    hits
}
