//! `cargo run --release -p nlp --example fuzz_documents -- SECONDS [SEED]`: changes documents of
//! every format at random and reads them; stops at the first panic with the case's seed.

#[path = "../tests/it/samples.rs"]
mod samples;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use nlp::document::{Limits, OffsetMap, read};
use samples::Dice;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let samples = samples::all();
    let limits = Limits::default();
    let start = Instant::now();
    // By format: cases, cases with text, the longest time and its seed and size.
    let mut report: BTreeMap<&str, (u64, u64, Duration, u64, usize)> = BTreeMap::new();
    let mut case = 0u64;
    while start.elapsed() < Duration::from_secs(seconds) {
        case += 1;
        let case_seed = (seed << 40) ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut dice = Dice(case_seed);
        let (name, content_type, bytes) = &samples[dice.roll(samples.len())];
        let mut bytes = bytes.clone();
        let other = &samples[dice.roll(samples.len())].2;
        for _ in 0..1 + dice.roll(3) {
            samples::mutate(&mut dice, &mut bytes, other);
        }
        let declared = (dice.roll(4) > 0).then_some(*content_type);
        let begun = Instant::now();
        let outcome = catch_unwind(|| {
            let document = read(&bytes, declared, &limits).ok()?;
            let map = OffsetMap::new(&document.text);
            for (range, _) in &document.sections {
                assert!(document.text.get(range.clone()).is_some(), "a section off its text");
                map.code_point(range.end);
            }
            Some(())
        });
        let taken = begun.elapsed();
        let entry = report.entry(name).or_default();
        entry.0 += 1;
        match outcome {
            Ok(read) => entry.1 += u64::from(read.is_some()),
            Err(_) => {
                println!("panic: {name}, case {case}, seed {seed}, {} bytes", bytes.len());
                std::process::exit(1);
            }
        }
        if taken > entry.2 {
            (entry.2, entry.3, entry.4) = (taken, case, bytes.len());
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    println!("{case} cases in {elapsed:.1} s, {:.0} a second, no panic", case as f64 / elapsed);
    for (name, (cases, read, longest, at, size)) in report {
        let share = read as f64 / cases as f64;
        println!(
            "{name:10} {cases:9} cases, {share:.2} with text, longest {longest:.1?} (case {at}, {size} bytes)"
        );
    }
}
