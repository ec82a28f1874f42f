//! `cargo run --release -p nlp --example link -- [drug|condition MENTION…]`: shows the candidates
//! of mentions; without arguments, how fast the terminology loads and links.

use std::time::Instant;

use nlp::entity::{Category, EntityType};
use nlp::link::{Cache, Linker, Mention, Terminology};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let start = Instant::now();
    let terms = Terminology::embedded();
    let load = start.elapsed();
    let linker = Linker::new(&terms, None);
    let mut cache = Cache::default();
    if let Some((kind, mentions)) = arguments.split_first() {
        for text in mentions {
            println!("{text}");
            for concept in linker.link(&mention(text, kind == "drug"), &mut cache) {
                println!("  {:.3} {:10} {}", concept.score, concept.code, concept.description);
            }
        }
        return;
    }
    println!("load: {:.0} ms, resident {} MB", load.as_secs_f64() * 1e3, resident_mb());
    // Every name of both systems, as a mention: each is new to the cache the first time.
    let mut mentions: Vec<(String, bool)> = Vec::new();
    for (index, table) in terms.tables().iter().enumerate() {
        for concept in (0..table.len() as u32).step_by(7) {
            mentions.push((table.description(concept).to_owned(), index == 1));
        }
    }
    for (name, mut cache) in [("new", Cache::new(0)), ("seen", Cache::new(usize::MAX))] {
        for pass in 0..2 {
            let start = Instant::now();
            let mut found = 0;
            for (text, drug) in &mentions {
                found += usize::from(!linker.link(&mention(text, *drug), &mut cache).is_empty());
            }
            let rate = mentions.len() as f64 / start.elapsed().as_secs_f64();
            if pass == 1 {
                println!("{name}: {rate:.0} mentions/s ({found} of {} linked)", mentions.len());
            }
        }
    }
    let short = ["hypertension", "CHF", "type 2 diabetes", "asthma", "left femur fracture"];
    let start = Instant::now();
    let mut cache = Cache::new(0);
    for _ in 0..4000 {
        for text in short {
            linker.link(&mention(text, false), &mut cache);
        }
    }
    println!("new, short: {:.0} mentions/s", 20_000.0 / start.elapsed().as_secs_f64());
    println!("resident {} MB", resident_mb());
}

fn mention(text: &str, drug: bool) -> Mention<'_> {
    let (category, entity_type) = if drug {
        (Category::Medication, EntityType::GenericName)
    } else {
        (Category::MedicalCondition, EntityType::DxName)
    };
    Mention { text, category, entity_type, attributes: &[] }
}

/// Resident memory of this process, where the system tells.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
