//! `cargo run --release -p nlp --example link_calibration`: how often the first candidate is
//! right, by its score.
//!
//! There is no open gold for linking mentions to ICD-10-CM. As the next best, every fifth name
//! that is not a title (inclusion terms, names mapped from MeSH and HPO) is taken out of the
//! terminology and then linked: right is the code it was a name of. For RxNorm, names of clinical
//! drugs are taken as they are, with the form left out of every second.

use nlp::entity::{Category, CodeSystem, EntityType};
use nlp::link::table::{Builder, Source, Table, flag};
use nlp::link::{Cache, Linker, Mention, Terminology};

fn main() {
    let terms = Terminology::embedded();
    let icd = terms.table(CodeSystem::Icd10Cm).expect("ICD-10-CM is embedded");
    let (reduced, held) = without_every_fifth(icd);
    let reduced = Terminology::of([reduced]);
    let linker = Linker::new(&reduced, None);
    let mut bins = vec![Bin::default(); 20];
    for (concept, text) in &held {
        let expected = expected_code(icd, *concept);
        bins_add(&mut bins, &linker, text, false, &expected);
    }
    report("ICD10CM, names held out", &bins);

    let rxnorm = terms.table(CodeSystem::RxNorm).expect("RxNorm is embedded");
    let linker = Linker::new(&terms, None);
    for (title, whole) in [("RxNorm, whole names", true), ("RxNorm, without form", false)] {
        let mut bins = vec![Bin::default(); 20];
        for concept in (0..rxnorm.len() as u32).step_by(5) {
            if rxnorm.flags(concept) & 0xf0 == flag::CLINICAL_DRUG {
                let name = rxnorm.description(concept);
                let text = if whole { name.to_owned() } else { without_form(name) };
                let code = rxnorm.code(concept);
                bins_add(&mut bins, &linker, &text, true, code);
            }
        }
        report(title, &bins);
    }
}

/// A table without every fifth name that is no title, and those names.
fn without_every_fifth(table: &Table) -> (Table, Vec<(u32, String)>) {
    let mut builder = Builder::default();
    builder.sevenths = table.sevenths().to_vec();
    for concept in 0..table.len() as u32 {
        builder.concept_copy(table, concept);
    }
    let mut held = Vec::new();
    for concept in 0..table.len() as u32 {
        builder.default_of(concept, table.default_of(concept));
    }
    for name in 0..table.names() as u32 {
        let (concept, source) = (table.concept_of(name), table.source_of(name));
        let words: Vec<String> =
            table.words_of(name).iter().map(|id| table.word_text(*id).to_owned()).collect();
        if name % 5 == 0 && matches!(source, Source::Own | Source::Mapped) {
            held.push((concept, words.join(" ")));
        } else {
            builder.name(concept, source, &words);
        }
    }
    (builder.finish(table.system, &table.edition), held)
}

/// What linking gives for a concept: a heading's default, without seventh character.
fn expected_code(table: &Table, concept: u32) -> String {
    let concept =
        if table.flags(concept) & flag::HEADING != 0 { table.default_of(concept) } else { concept };
    table.code(concept).to_owned()
}

fn without_form(name: &str) -> String {
    let end = |unit: &str| name.rfind(unit).map(|at| at + unit.len());
    let end = end("/ML").or(end("/MG")).or(end(" MG")).or(end(" UNT")).unwrap_or(name.len());
    name[..end].to_owned()
}

#[derive(Clone, Default)]
struct Bin {
    count: usize,
    right: usize,
    near: usize,
}

fn bins_add(bins: &mut [Bin], linker: &Linker, text: &str, drug: bool, expected: &str) {
    let (category, entity_type) = if drug {
        (Category::Medication, EntityType::GenericName)
    } else {
        (Category::MedicalCondition, EntityType::DxName)
    };
    let mention = Mention { text, category, entity_type, attributes: &[] };
    let concepts = linker.link(&mention, &mut Cache::new(0));
    let last = bins.len() - 1;
    let Some(best) = concepts.first() else {
        bins[0].count += 1;
        return;
    };
    let bin = &mut bins[((best.score * 20.0) as usize).min(last)];
    bin.count += 1;
    // A seventh character is chosen by rule, not found.
    bin.right += usize::from(best.code.starts_with(expected));
    let same = best.code.as_bytes().get(..3) == expected.as_bytes().get(..3);
    bin.near += usize::from(same);
}

fn report(title: &str, bins: &[Bin]) {
    let sum = |of: fn(&Bin) -> usize| bins.iter().map(of).sum::<usize>().max(1);
    let (count, right, near) = (sum(|b| b.count), sum(|b| b.right), sum(|b| b.near));
    println!(
        "{title}: {count} mentions, first candidate right {:.3}, same category {:.3}",
        right as f64 / count as f64,
        near as f64 / count as f64
    );
    for (index, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        println!(
            "  score {:.2}: {:6} right {:.3} category {:.3}",
            index as f64 / 20.0,
            bin.count,
            bin.right as f64 / bin.count as f64,
            bin.near as f64 / bin.count as f64
        );
    }
}
