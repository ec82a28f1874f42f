//! Compares a simulated population with the public figures the modules aim for.
//!
//! `cargo run --release -p synth --example prevalence -- [--patients N] [--threads N] [--seed N]
//! [--end YYYY-MM-DD] [--ages LOW-HIGH] [--modules DIR] [--bands FILE]`
//!
//! Prints, for every target of every module: what is aimed for, what came out, and whether it is
//! within 20 %; then visits per 1,000 person-years, lengths of stay and causes of death over the
//! last ten years. `--bands` also writes each target's share by sex and age band of five years, to
//! see where a table of hazards is off. By default 26,000 people of all ages, of whom about 20,000
//! are adults. Numbers do not depend on `--threads`.

mod shared;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use synth::gmf::{Files, Measure};
use synth::person::Sex;
use synth::record::Class;
use synth::time::{DAY, YEAR};
use synth::vocabulary::{CodeId, CodeList};
use synth::{Person, Plan, Simulation, Time};

/// Classes in the order of the table.
const CLASSES: [(Class, &str); 10] = [
    (Class::Wellness, "wellness"),
    (Class::Ambulatory, "ambulatory"),
    (Class::Outpatient, "outpatient"),
    (Class::UrgentCare, "urgent"),
    (Class::Emergency, "emergency"),
    (Class::Inpatient, "inpatient"),
    (Class::Hospice, "hospice"),
    (Class::Home, "home"),
    (Class::Snf, "nursing"),
    (Class::Virtual, "virtual"),
];
/// Bands of five years up to 95 and older.
const BANDS: usize = 20;
/// How far from its target a share may be.
const TOLERANCE: f64 = 0.2;

struct Options {
    plan: Plan,
    threads: u64,
    files: Files,
    bands: Option<String>,
}

/// What is counted; all of it in whole numbers, so that the order of persons does not matter.
#[derive(Default)]
struct Tally {
    people: u64,
    adults: u64,
    /// Of each target: people asked about, and people who have it.
    targets: Vec<(u64, u64)>,
    /// Of each target by sex and band: the same, whatever the target's own ages and sex.
    bands: Vec<[[(u64, u64); BANDS]; 2]>,
    /// Seconds lived in the years looked at.
    lived: i64,
    /// The same by women and men of 18 and over.
    lived_adult: [i64; 2],
    /// Visits by module and class.
    visits: BTreeMap<(String, usize), u64>,
    /// Lengths of stay in seconds by module.
    stays: BTreeMap<String, Vec<i64>>,
    /// Deaths of women and men by cause; and of children.
    deaths: BTreeMap<String, [u64; 2]>,
    deaths_children: u64,
    /// Conditions or lasting drugs active twice at once, by code: each a fault of a module.
    doubled: BTreeMap<String, u64>,
}

impl Tally {
    fn new(targets: usize) -> Self {
        Self {
            targets: vec![(0, 0); targets],
            bands: vec![[[(0, 0); BANDS]; 2]; targets],
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.people += other.people;
        self.adults += other.adults;
        for (mine, theirs) in self.targets.iter_mut().zip(other.targets) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        let mine = self.bands.iter_mut().flatten().flatten();
        for (mine, theirs) in mine.zip(other.bands.into_iter().flatten().flatten()) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        self.lived += other.lived;
        for (mine, theirs) in self.lived_adult.iter_mut().zip(other.lived_adult) {
            *mine += theirs;
        }
        self.deaths_children += other.deaths_children;
        for (key, count) in other.visits {
            *self.visits.entry(key).or_default() += count;
        }
        for (key, mut stays) in other.stays {
            self.stays.entry(key).or_default().append(&mut stays);
        }
        for (key, counts) in other.deaths {
            let mine = self.deaths.entry(key).or_default();
            mine[0] += counts[0];
            mine[1] += counts[1];
        }
        for (key, count) in other.doubled {
            *self.doubled.entry(key).or_default() += count;
        }
    }
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let simulation = match Simulation::new(options.plan.clone(), &options.files) {
        Ok((simulation, _)) => simulation,
        Err(errors) => {
            for error in errors {
                eprintln!("fault: {error}");
            }
            return ExitCode::FAILURE;
        }
    };
    let tally = count(&simulation, options.threads);
    print!("{}", report(&simulation, &tally));
    if let Some(path) = options.bands
        && let Err(error) = std::fs::write(&path, bands(&simulation, &tally))
    {
        eprintln!("could not write {path}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn options() -> Result<Options, String> {
    let mut plan = Plan::new(26_000, 7, Time::of_date(2026, 1, 1));
    let mut threads = 1;
    let mut files = Files::own();
    let mut bands = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("`{name}` needs a number"));
        match name.as_str() {
            "--patients" => plan.patients = number()?,
            "--threads" => threads = number()?.max(1),
            "--seed" => plan.seed = number()?,
            "--end" => {
                plan.end = Time::parse_date(&value).ok_or("`--end` needs a date, YYYY-MM-DD")?;
            }
            "--ages" => {
                plan.ages = value
                    .split_once('-')
                    .and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)))
                    .ok_or("`--ages` needs a range such as 18-110")?;
            }
            "--modules" => {
                files = Files::default();
                shared::read(Path::new(&value), Path::new(&value), &mut files)
                    .map_err(|error| format!("could not read {value}: {error}"))?;
                files.modules.sort();
            }
            "--bands" => bands = Some(value),
            _ => return Err(format!("`{name}` is not an option")),
        }
    }
    Ok(Options { plan, threads, files, bands })
}

fn count(simulation: &Simulation, threads: u64) -> Tally {
    let targets = simulation.modules.targets().len();
    let mut sum = Tally::new(targets);
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut tally = Tally::new(targets);
                    let mut index = thread;
                    while index < simulation.plan.patients {
                        look(simulation, &simulation.person(index), &mut tally);
                        index += threads;
                    }
                    tally
                })
            })
            .collect();
        for part in parts {
            sum.add(part.join().expect("a counting thread does not panic"));
        }
    });
    for stays in sum.stays.values_mut() {
        stays.sort_unstable();
    }
    sum
}

/// Counts one person.
fn look(simulation: &Simulation, person: &Person, tally: &mut Tally) {
    let end = simulation.plan.end;
    let start = simulation.plan.history_start();
    let last = person.death.map_or(end, |death| death.time);
    let grown = person.birth.plus_years(18);
    tally.lived += last.since(start.max(person.birth)).max(0);
    let sex = usize::from(person.sex == Sex::Male);
    tally.lived_adult[sex] += last.since(start.max(grown)).max(0);
    for encounter in &person.record.encounters {
        if encounter.start < start {
            continue;
        }
        let module = encounter
            .module
            .and_then(|module| simulation.modules.path(module))
            .unwrap_or("(check-ups)")
            .to_owned();
        if let (Class::Inpatient, Some(stop)) = (encounter.class, encounter.stop) {
            tally.stays.entry(module.clone()).or_default().push(stop.since(encounter.start));
        }
        let class = CLASSES
            .iter()
            .position(|(class, _)| *class == encounter.class)
            .expect("all classes are listed");
        *tally.visits.entry((module, class)).or_default() += 1;
    }
    doubles(simulation, person, tally);
    if let Some(death) = person.death {
        if death.time < start {
            return;
        }
        if death.time < grown {
            tally.deaths_children += 1;
            return;
        }
        let cause = death.cause.map_or_else(
            || "(life table)".to_owned(),
            |cause| simulation.vocabulary.first(cause).display.to_string(),
        );
        tally.deaths.entry(cause).or_default()[sex] += 1;
        return;
    }
    tally.people += 1;
    tally.adults += u64::from(person.age(end) >= 18);
    let age = person.age(end);
    let band = (age.max(0) as usize / 5).min(BANDS - 1);
    for (at, target) in simulation.modules.targets().iter().enumerate() {
        let has = u64::from(has(simulation, person, &target.codes, target.measure));
        let cell = &mut tally.bands[at][sex][band];
        cell.0 += 1;
        cell.1 += has;
        let asked = (i32::from(target.ages.0)..=i32::from(target.ages.1)).contains(&age)
            && target.sex.is_none_or(|sex| sex == person.sex);
        if asked {
            tally.targets[at].0 += 1;
            tally.targets[at].1 += has;
        }
    }
}

/// Whether someone has a diagnosed condition, or a known allergy, with any of the codes.
fn has(simulation: &Simulation, person: &Person, codes: &[CodeId], measure: Measure) -> bool {
    let end = simulation.plan.end;
    let counts = |list: CodeList, known: bool, ended: Option<Time>| {
        known
            && match measure {
                Measure::Ever => true,
                Measure::Active => ended.is_none_or(|ended| ended > end),
                Measure::Year => ended.is_none_or(|ended| ended > end.plus(-YEAR)),
            }
            && simulation.vocabulary.list(list).iter().any(|code| codes.contains(code))
    };
    let record = &person.record;
    record.conditions.iter().any(|c| counts(c.codes, c.encounter.is_some(), c.abatement))
        || record.allergies.iter().any(|a| counts(a.codes, a.encounter.is_some(), a.abatement))
}

/// Finds conditions with one code, and orders of one medicine, that are active twice at the same
/// moment.
fn doubles(simulation: &Simulation, person: &Person, tally: &mut Tally) {
    let name = |codes: CodeList| {
        let code = simulation.vocabulary.first(codes);
        format!("{} {}", code.code, code.display)
    };
    let mut conditions: Vec<(CodeList, Time, Option<Time>)> = Vec::new();
    for condition in &person.record.conditions {
        if let Some(diagnosed) = condition.diagnosed {
            conditions.push((condition.codes, diagnosed, condition.abatement));
        }
    }
    let mut medications: Vec<(CodeList, Time, Option<Time>)> = Vec::new();
    for medication in &person.record.medications {
        if medication.chronic && !medication.renewal {
            medications.push((medication.codes, medication.start, medication.stop));
        }
    }
    for entries in [conditions, medications] {
        for (at, (codes, start, stop)) in entries.iter().enumerate() {
            let overlaps = entries[at + 1..].iter().any(|(other, later, _)| {
                other == codes && later >= start && stop.is_none_or(|stop| *later < stop)
            });
            if overlaps {
                *tally.doubled.entry(name(*codes)).or_default() += 1;
            }
        }
    }
}

fn report(simulation: &Simulation, tally: &Tally) -> String {
    let mut out = String::new();
    let targets = simulation.modules.targets();
    let _ =
        writeln!(out, "{} people alive at the end, {} of them adults", tally.people, tally.adults);
    let _ = writeln!(
        out,
        "\n{:<32} {:<52} {:>7} {:>8} {:>6}  {:<6} source",
        "module", "target", "aim %", "found %", "ratio", "within"
    );
    let mut good = 0;
    for (target, (asked, have)) in targets.iter().zip(&tally.targets) {
        let found = *have as f64 / (*asked).max(1) as f64;
        let ratio = found / target.prevalence;
        let within = (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio);
        good += usize::from(within);
        let _ = writeln!(
            out,
            "{:<32} {:<52} {:>7.2} {:>8.2} {:>6.2}  {:<6} {}",
            target.module,
            target.name,
            100.0 * target.prevalence,
            100.0 * found,
            ratio,
            if within { "yes" } else { "NO" },
            target.source
        );
    }
    let _ = writeln!(out, "{good} of {} targets within {:.0} %", targets.len(), 100.0 * TOLERANCE);

    let years = tally.lived as f64 / YEAR as f64;
    let _ = writeln!(
        out,
        "\nvisits per 1,000 person-years over the last {} years ({years:.0} person-years)",
        simulation.plan.years
    );
    let _ = write!(out, "{:<32}", "module");
    for (_, name) in CLASSES {
        let _ = write!(out, " {name:>10}");
    }
    let _ = writeln!(out, " {:>9} {:>9}", "stay mean", "median");
    let mut modules: Vec<&String> = tally.visits.keys().map(|(module, _)| module).collect();
    modules.dedup();
    let mut all = [0_u64; CLASSES.len()];
    for module in modules {
        let _ = write!(out, "{module:<32}");
        for (class, sum) in all.iter_mut().enumerate() {
            let count = tally.visits.get(&(module.clone(), class)).copied().unwrap_or(0);
            *sum += count;
            let _ = write!(out, " {:>10.2}", 1_000.0 * count as f64 / years);
        }
        match tally.stays.get(module) {
            Some(stays) => {
                let _ = writeln!(out, " {:>9.2} {:>9.2}", mean_days(stays), median_days(stays));
            }
            None => {
                let _ = writeln!(out);
            }
        }
    }
    let _ = write!(out, "{:<32}", "all");
    for sum in all {
        let _ = write!(out, " {:>10.2}", 1_000.0 * sum as f64 / years);
    }
    let mut stays: Vec<i64> = tally.stays.values().flatten().copied().collect();
    stays.sort_unstable();
    let _ = writeln!(out, " {:>9.2} {:>9.2}", mean_days(&stays), median_days(&stays));

    let adult_years = tally.lived_adult.map(|lived| lived as f64 / YEAR as f64);
    let deaths: u64 = tally.deaths.values().flatten().sum();
    let _ = writeln!(
        out,
        "\ndeaths of adults by cause, per 100,000 person-years ({deaths} deaths; {} of children)",
        tally.deaths_children
    );
    let _ = writeln!(out, "{:<56} {:>8} {:>8} {:>8}", "cause", "women", "men", "share %");
    let mut causes: Vec<(&str, [u64; 2])> =
        tally.deaths.iter().map(|(cause, counts)| (cause.as_str(), *counts)).collect();
    causes.sort_by_key(|(cause, counts)| (std::cmp::Reverse(counts[0] + counts[1]), *cause));
    let sum = |sex: usize| causes.iter().map(|(_, counts)| counts[sex]).sum();
    let all = [sum(0), sum(1)];
    causes.push(("all", all));
    for (cause, counts) in causes {
        let _ = writeln!(
            out,
            "{cause:<56} {:>8.1} {:>8.1} {:>8.1}",
            100_000.0 * counts[0] as f64 / adult_years[0],
            100_000.0 * counts[1] as f64 / adult_years[1],
            100.0 * (counts[0] + counts[1]) as f64 / deaths.max(1) as f64
        );
    }
    if !tally.doubled.is_empty() {
        let _ = writeln!(out, "\nconditions or lasting drugs active twice at once (people)");
        for (code, count) in &tally.doubled {
            let _ = writeln!(out, "{code:<56} {count:>6}");
        }
    }
    out
}

fn mean_days(stays: &[i64]) -> f64 {
    stays.iter().sum::<i64>() as f64 / DAY as f64 / stays.len().max(1) as f64
}

fn median_days(stays: &[i64]) -> f64 {
    stays.get(stays.len() / 2).map_or(0.0, |stay| *stay as f64 / DAY as f64)
}

/// Shares by sex and age band, as tab-separated text.
fn bands(simulation: &Simulation, tally: &Tally) -> String {
    let mut out = String::from("module\ttarget\tsex\tage\tpeople\thave\n");
    for (target, sexes) in simulation.modules.targets().iter().zip(&tally.bands) {
        for (sex, cells) in ["F", "M"].iter().zip(sexes) {
            for (band, (people, have)) in cells.iter().enumerate() {
                let (module, name, age) = (&target.module, &target.name, band * 5);
                let _ = writeln!(out, "{module}\t{name}\t{sex}\t{age}\t{people}\t{have}");
            }
        }
    }
    out
}
