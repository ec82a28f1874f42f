//! Simulates a population, gives it beds and tells how the wards do:
//! `cargo run --release -p synth --example wards -- [PATIENTS] [community|hospital] [SEED]`

use std::collections::BTreeMap;
use std::time::Instant;
use synth::beds::{self, BedBook};
use synth::gmf::Files;
use synth::record::{Class, Ward};
use synth::time::{DAY, HOUR, Time};
use synth::world::LocationKind;
use synth::{Cohort, Plan, Simulation};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let patients = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(300);
    let cohort = match arguments.next().as_deref() {
        Some("hospital") => Cohort::Hospital,
        _ => Cohort::Community,
    };
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(7);
    let plan = Plan { cohort, ..Plan::new(patients, seed, Time::of_date(2026, 11, 30)) };
    let (mut simulation, _) = match Simulation::new(plan, &Files::own()) {
        Ok(simulation) => simulation,
        Err(errors) => {
            for error in errors {
                eprintln!("{error}");
            }
            return;
        }
    };

    let clock = Instant::now();
    let (from, until) = (simulation.plan.dense_start(), simulation.plan.end);
    let mut stays = Vec::new();
    let mut classes: BTreeMap<Class, (u64, i64)> = BTreeMap::new();
    let mut years = 0.0;
    for index in 0..patients {
        let person = simulation.person(index);
        stays.extend(beds::stays(&person, &simulation.plan));
        let death = person.death.map_or(until, |death| death.time);
        years += death.since(person.birth.max(from)).max(0) as f64 / (365.25 * DAY as f64);
        for one in person.record.encounters.iter().filter(|one| one.start >= from) {
            let class = classes.entry(one.class).or_default();
            class.0 += 1;
            class.1 += one.stop.unwrap_or(until).since(one.start);
        }
    }
    println!("{patients} patients, {cohort:?}: {:.1} s", clock.elapsed().as_secs_f64());
    println!("{years:.0} patient years in the dense years; per patient and year, mean hours:");
    for (class, (count, seconds)) in classes {
        let hours = seconds as f64 / count as f64 / HOUR as f64;
        println!("  {class:?}: {:.3}, {hours:.1} h", count as f64 / years);
    }

    let clock = Instant::now();
    simulation.world.size_wards(&stays);
    let world = &simulation.world;
    let book = BedBook::assign(world, stays.clone());
    println!("{} stays, beds given in {:.3} s", stays.len(), clock.elapsed().as_secs_f64());
    println!("ward: beds, occupancy of the dense years");
    let (mut all_beds, mut taken) = (0, 0.0);
    for ward in Ward::ALL {
        let beds = hospital_beds(&simulation, ward);
        let occupancy = book.occupancy(world, ward, from, until);
        println!("  {ward:?}: {beds}, {occupancy:.2}");
        if ward != Ward::Emergency {
            all_beds += beds;
            taken += beds as f64 * occupancy;
        }
    }
    println!("  all wards: {all_beds}, {:.2}", taken / all_beds as f64);

    // By year: where inpatients spend their time, and how full the wards are at their fullest.
    println!("year: census, share of inpatient time boarding, in the hallway, waiting, as outlier");
    let mut by_year: BTreeMap<i32, [f64; 5]> = BTreeMap::new();
    for stay in &stays {
        for leg in book.legs(stay.patient, stay.encounter) {
            if stay.wards[0].1 == Ward::Emergency {
                continue;
            }
            let place = &world.locations[leg.location as usize];
            let hours = leg.stop.since(leg.start) as f64 / HOUR as f64;
            let row = by_year.entry(leg.start.civil().year).or_default();
            let wanted = stay.wards.iter().rev().find(|one| one.0 <= leg.start);
            row[0] += hours;
            match (place.ward, place.kind) {
                (Some(Ward::Emergency), LocationKind::Room) => row[3] += hours,
                (Some(Ward::Emergency), _) if place.name.contains("Hallway") => row[2] += hours,
                (Some(Ward::Emergency), _) => row[1] += hours,
                (ward, _) if ward != wanted.map(|one| one.1) => row[4] += hours,
                _ => {}
            }
        }
    }
    for (year, row) in by_year {
        let share = |place: usize| 100.0 * row[place] / row[0];
        println!(
            "  {year}: {:5.1}   {:4.1} %  {:4.1} %  {:4.1} %  {:4.1} %",
            row[0] / (365.25 * 24.0),
            share(1),
            share(2),
            share(3),
            share(4)
        );
    }
    println!("medical census on the 1st and 15th, last two years:");
    let mut line = String::new();
    let mut at = from.midnight();
    while at < until {
        if matches!(at.civil().day, 1 | 15) {
            line += &format!(" {}", book.census(world, Ward::Medical, at.plus(12 * HOUR)));
        }
        at = at.plus(DAY);
    }
    println!(" {line}");
}

fn hospital_beds(simulation: &Simulation, ward: Ward) -> usize {
    let facilities = 0..simulation.world.facilities.len() as u32;
    facilities.map(|facility| simulation.world.beds(facility, ward).len()).sum()
}
