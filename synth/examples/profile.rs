//! Simulates people and says how long one takes and what they have.
//!
//! `cargo run --release -p synth --example profile [PEOPLE]`

use std::time::Instant;
use synth::gmf::Files;
use synth::{Plan, Simulation, Time};

fn main() {
    let people: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let plan = Plan::new(people, 7, Time::of_date(2026, 11, 1));
    let (simulation, _) = match Simulation::new(plan, &Files::own()) {
        Ok(simulation) => simulation,
        Err(errors) => {
            for error in errors {
                eprintln!("{error}");
            }
            std::process::exit(1);
        }
    };
    let start = Instant::now();
    let mut counts = [0_usize; 8];
    let mut slowest = (0.0, 0);
    for index in 0..people {
        let begun = Instant::now();
        let person = simulation.person(index);
        let seconds = begun.elapsed().as_secs_f64();
        if seconds > slowest.0 {
            slowest = (seconds, index);
        }
        let record = &person.record;
        for (count, add) in counts.iter_mut().zip([
            record.encounters.len(),
            record.conditions.len(),
            record.medications.len(),
            record.procedures.len(),
            record.observations.len(),
            record.reports.len(),
            record.immunizations.len(),
            usize::from(person.death.is_some()),
        ]) {
            *count += add;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{:.3} ms a person; slowest {:.1} ms (number {})",
        seconds * 1e3 / people as f64,
        slowest.0 * 1e3,
        slowest.1
    );
    for (name, count) in [
        "encounters",
        "conditions",
        "medications",
        "procedures",
        "observations",
        "reports",
        "immunizations",
        "dead",
    ]
    .iter()
    .zip(counts)
    {
        println!("{name}: {:.2} a person", count as f64 / people as f64);
    }
}
