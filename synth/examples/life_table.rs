//! Prints what becomes of a population beside what is known: deaths by age and sex against the life
//! table, smoking, weight, and the time a life takes. With `modules`, lives run with our own modules:
//! then the share of the table's deaths should be near 1, or `mortality::BACKGROUND_SHARE_WOMEN` and so on be changed.
//!
//! `cargo run --release -p synth --example life_table [PATIENTS] [modules]`

use std::time::Instant;
use synth::gmf::Files;
use synth::life::{self, Vital, mortality};
use synth::person::{Sex, Value};
use synth::record::Record;
use synth::time::{DAY, Time};
use synth::{Person, Plan, Simulation};

fn main() {
    let patients: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let with_modules = std::env::args().nth(2).is_some_and(|word| word == "modules");
    let plan = Plan::new(patients, 7, Time::of_date(2024, 7, 1));
    let files = if with_modules { Files::own() } else { Files::default() };
    let simulation = match Simulation::new(plan, &files) {
        Ok((simulation, _)) => simulation,
        Err(errors) => {
            errors.iter().for_each(|error| eprintln!("{error}"));
            std::process::exit(1);
        }
    };
    let Simulation { plan, world, vocabulary, words, .. } = &simulation;

    let began = Instant::now();
    let mut people: Vec<Person> = Vec::new();
    for index in 0..patients {
        let mut person = if with_modules {
            simulation.person(index)
        } else {
            let mut person = life::birth(plan, world, words, vocabulary, index, 0);
            let mut now = person.birth;
            while person.alive() && now < plan.end {
                now = life::update(&mut person, world, words, now).min(plan.end);
            }
            person
        };
        // Not needed here, and large.
        person.record = Record::default();
        people.push(person);
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{patients} lives in {seconds:.2} s, {:.3} ms each\n",
        1e3 * seconds / patients as f64
    );

    println!(
        "deaths in the last {} years; the lifecycle's share is {} for women, {} for men, {} for children",
        plan.years,
        mortality::BACKGROUND_SHARE_WOMEN,
        mortality::BACKGROUND_SHARE_MEN,
        mortality::BACKGROUND_SHARE_CHILDREN
    );
    println!(
        "{:>9} {:>6} {:>8} {:>8} {:>8} {:>7}",
        "ages", "sex", "years", "deaths", "table", "share"
    );
    for (low, high) in [(0, 0), (1, 19), (20, 44), (45, 64), (65, 74), (75, 84), (85, 120)] {
        for sex in [Sex::Female, Sex::Male] {
            let (mut years, mut deaths, mut table) = (0.0, 0.0, 0.0);
            for person in people.iter().filter(|person| person.sex == sex) {
                let end = person.death.map_or(plan.end, |death| death.time);
                let mut at = plan.history_start().max(person.birth);
                while at < end {
                    let age = person.age(at);
                    let until =
                        end.min(person.birth.plus_years(age + 1).midnight().max(at.plus(DAY)));
                    if (low..=high).contains(&age) {
                        let lived = until.since(at) as f64 / (365.25 * DAY as f64);
                        years += lived;
                        table -= (1.0 - mortality::probability(sex, age)).ln() * lived;
                        deaths += f64::from(u8::from(person.death.is_some() && until == end));
                    }
                    at = until;
                }
            }
            println!(
                "{:>9} {:>6} {years:>8.0} {deaths:>8.0} {table:>8.0} {:>7.2}",
                format!("{low}-{high}"),
                if sex == Sex::Female { "female" } else { "male" },
                deaths / table
            );
        }
    }

    let mut adults: Vec<&mut Person> =
        people.iter_mut().filter(|person| person.alive() && person.age(plan.end) >= 20).collect();
    let n = adults.len() as f64;
    let share = |count: usize| 100.0 * count as f64 / n;
    let smokers = adults
        .iter()
        .filter(|one| one.attribute(words.attributes.smoker) == Value::Bool(true))
        .count();
    let mut obese = 0;
    for person in &mut adults {
        obese += usize::from(life::vital(person, words, Vital::BodyMass, plan.end) >= 30.0);
    }
    println!(
        "\nadults: smokers {:.1} % (11.6 in 2022), BMI 30+ {:.1} % (41.9)",
        share(smokers),
        share(obese)
    );
}
