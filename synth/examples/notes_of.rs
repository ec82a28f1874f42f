//! Prints the notes of a patient: `cargo run --release -p synth --example notes_of -- SEED INDEX [KIND] [gold]`.

use synth::beds::BedBook;
use synth::gmf::Files;
use synth::time::Time;
use synth::{Plan, Simulation, beds, notes};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed: u64 = arguments.first().and_then(|a| a.parse().ok()).unwrap_or(7);
    let index: u64 = arguments.get(1).and_then(|a| a.parse().ok()).unwrap_or(0);
    let kind = arguments.get(2).map_or("", String::as_str);
    let gold = arguments.iter().any(|a| a == "gold");
    let plan = Plan::new(index + 1, seed, Time::of_date(2026, 11, 1));
    let (simulation, _) = match Simulation::new(plan, &Files::own()) {
        Ok(simulation) => simulation,
        Err(errors) => {
            for error in errors {
                eprintln!("{error}");
            }
            std::process::exit(1);
        }
    };
    let person = simulation.person(index);
    let book = BedBook::assign(&simulation.world, beds::stays(&person, &simulation.plan));
    for (place, encounter) in person.record.encounters.iter().enumerate() {
        if encounter.start < simulation.plan.dense_start() {
            continue;
        }
        let legs = book.legs(index, place as u32);
        for note in notes::write(&simulation, &person, place as u32, legs) {
            if kind.is_empty() || kind == "gold" || note.kind.name().starts_with(kind) {
                println!(
                    "=== {index}/{place} {} {} ({} B)",
                    note.kind.name(),
                    note.time,
                    note.text.len()
                );
                println!("{}", note.text);
                if gold {
                    println!("{}\n", notes::gold_line(&note, &format!("{index}-{place}")));
                }
            }
        }
    }
}
