//! Two populations side by side: how much there is of what, how often people are seen, who has
//! which condition, how long stays last, and which of the differences chance does not explain.
//!
//! The caller opens files and hands over lines of NDJSON ([`Side::line`]), in any order; what is
//! kept of them is small. A line that cannot be read is counted, told and left out.
//!
//! Always true:
//! - ages are those at the side's last encounter, or at death;
//! - messages name types and line numbers, never what a record says about a person;
//! - the order of lines makes no difference.

mod read;
mod statistics;
mod text;

pub use read::{LineError, Side};

use crate::time::{DAY, HOUR};
use read::Patient;
use serde::Serialize;
use statistics::{LogFactorials, benjamini_hochberg, clustered_rates, mann_whitney, shares, welch};
use std::collections::{BTreeMap, BTreeSet};

/// Encounters are counted over so many years before a side's end: what lies further back is thinned
/// out by most generators.
pub const WINDOW_YEARS: i32 = 5;

/// Both sides, and what differs.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The first side.
    pub a: Summary,
    /// The second side.
    pub b: Summary,
    /// By resource type.
    pub resources: Vec<Resources>,
    /// By encounter class.
    pub encounters: Vec<Encounters>,
    /// Inpatient stays; `None` when a side has none.
    pub stays: Option<Stays>,
    /// By condition, measure, sex and age band; the most significant first.
    pub prevalence: Vec<Prevalence>,
}

/// One side as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Its name, as given.
    pub name: String,
    /// Patients.
    pub patients: usize,
    /// Of them dead.
    pub dead: usize,
    /// Of them female.
    pub female: usize,
    /// Mean age in years.
    pub age_mean: f64,
    /// The day of the last encounter.
    pub end: String,
    /// Years lived by patients in the last [`WINDOW_YEARS`].
    pub patient_years: f64,
    /// Resources read.
    pub resources: u64,
    /// Lines that could not be read.
    pub malformed: u64,
    /// The first of these: type, line and fault.
    pub faults: Vec<String>,
}

/// How much there is of one resource type.
#[derive(Clone, Debug, Serialize)]
pub struct Resources {
    /// The type.
    pub resource_type: String,
    /// How many on the first side.
    pub a: u64,
    /// How many on the second side.
    pub b: u64,
    /// Per patient on the first side.
    pub a_per_patient: f64,
    /// Per patient on the second side.
    pub b_per_patient: f64,
    /// First over second, per patient.
    pub ratio: Option<f64>,
    /// Welch's test of the means per patient; absent for types that belong to no patient.
    pub p: Option<f64>,
}

/// How often people are seen.
#[derive(Clone, Debug, Serialize)]
pub struct Encounters {
    /// The class: `AMB`, `EMER`, `IMP` and so on.
    pub class: String,
    /// How many in the window on the first side.
    pub a: u64,
    /// How many in the window on the second side.
    pub b: u64,
    /// Per patient and year on the first side.
    pub a_rate: f64,
    /// Per patient and year on the second side.
    pub b_rate: f64,
    /// First over second.
    pub ratio: Option<f64>,
    /// Test of the rates' ratio; it minds that some patients come far more often than others.
    pub p: Option<f64>,
}

/// How long inpatient stays last, in hours.
#[derive(Clone, Debug, Serialize)]
pub struct Stays {
    /// The first side.
    pub a: Lengths,
    /// The second side.
    pub b: Lengths,
    /// How likely a stay of the first side is the longer one of two; 0.5 when alike.
    pub a_longer: f64,
    /// Mann and Whitney's test.
    pub p: f64,
}

/// Lengths of stay, in hours.
#[derive(Clone, Debug, Serialize)]
pub struct Lengths {
    /// How many stays.
    pub count: usize,
    /// The mean.
    pub mean: f64,
    /// Quantiles: 10, 25, 50, 75, 90 and 99 of a hundred.
    pub quantiles: [f64; 6],
}

/// The quantiles of [`Lengths`].
pub const QUANTILES: [f64; 6] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99];

/// What is counted of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Recorded at any time.
    Ever,
    /// Active at the end (or at death).
    Active,
}

/// Which sexes a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sexes {
    /// Everyone.
    All,
    /// Women and girls.
    Female,
    /// Men and boys.
    Male,
}

/// Which ages a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Ages {
    /// Everyone.
    #[serde(rename = "all")]
    All,
    /// Up to 17.
    #[serde(rename = "0-17")]
    Children,
    /// 18 to 44.
    #[serde(rename = "18-44")]
    Young,
    /// 45 to 64.
    #[serde(rename = "45-64")]
    Middle,
    /// From 65.
    #[serde(rename = "65+")]
    Old,
}

const SEXES: [Sexes; 3] = [Sexes::All, Sexes::Female, Sexes::Male];
const AGES: [Ages; 5] = [Ages::All, Ages::Children, Ages::Young, Ages::Middle, Ages::Old];
/// Sexes times ages.
const CELLS: usize = SEXES.len() * AGES.len();

/// How many patients have a condition.
#[derive(Clone, Debug, Serialize)]
pub struct Prevalence {
    /// The code's system.
    pub system: String,
    /// The code.
    pub code: String,
    /// What it means, as one of the sides calls it.
    pub display: String,
    /// What is counted.
    pub measure: Measure,
    /// Of whom.
    pub sex: Sexes,
    /// Of what ages.
    pub ages: Ages,
    /// Patients with it on the first side.
    pub a: usize,
    /// Of so many.
    pub a_of: usize,
    /// Patients with it on the second side.
    pub b: usize,
    /// Of so many.
    pub b_of: usize,
    /// Share of the first side minus share of the second.
    pub difference: f64,
    /// Two-proportion z, or Fisher's exact test where fewer than 5 are expected somewhere.
    pub p: f64,
    /// Benjamini and Hochberg's false discovery rate, among the rows for everyone, or among those by
    /// sex and age.
    pub q: f64,
}

impl Prevalence {
    /// The row is about everyone.
    pub fn overall(&self) -> bool {
        self.sex == Sexes::All && self.ages == Ages::All
    }
}

impl Comparison {
    /// Compares two sides that have read all their lines.
    pub fn of(a: &Side, b: &Side) -> Self {
        let factorials = LogFactorials::up_to(a.patients.len() + b.patients.len());
        let (people_a, people_b) = (People::of(a), People::of(b));
        Self {
            a: summary(a, &people_a),
            b: summary(b, &people_b),
            resources: resources(a, b, &people_a, &people_b),
            encounters: encounters(a, b, &people_a, &people_b),
            stays: stays(a, b),
            prevalence: prevalence(a, b, &people_a, &people_b, &factorials),
        }
    }

    /// As text for a terminal, at most `limit` rows in each table of conditions.
    pub fn to_text(&self, limit: usize) -> String {
        text::render(self, limit)
    }
}

/// The patients of a side, with what depends on its end.
struct People<'a> {
    /// By number in the side; `None` for those only referred to.
    all: Vec<Option<&'a Patient>>,
    /// How many are there.
    count: usize,
    /// Cells they belong to.
    cells: Vec<Vec<usize>>,
    /// Years lived in the window.
    years: Vec<f64>,
    /// Years lived in all.
    ages: Vec<Option<f64>>,
}

const YEAR_SECONDS: f64 = 365.25 * DAY as f64;

impl<'a> People<'a> {
    fn of(side: &'a Side) -> Self {
        let end = side.end();
        let window = end.plus_years(-WINDOW_YEARS);
        let mut people = Self {
            all: Vec::with_capacity(side.patients.len()),
            count: 0,
            cells: Vec::with_capacity(side.patients.len()),
            years: Vec::with_capacity(side.patients.len()),
            ages: Vec::with_capacity(side.patients.len()),
        };
        for patient in &side.patients {
            let Some(patient) = patient else {
                people.all.push(None);
                people.cells.push(Vec::new());
                people.years.push(0.0);
                people.ages.push(None);
                continue;
            };
            people.count += 1;
            let until = patient.death.map_or(end, |death| death.min(end));
            let from = patient.birth.map_or(window, |birth| birth.max(window));
            let age = patient.birth.map(|birth| until.age_years(birth));
            let mut cells = Vec::with_capacity(4);
            for (row, sex) in SEXES.iter().enumerate() {
                if *sex != Sexes::All && Some(*sex) != patient.sex {
                    continue;
                }
                for (column, ages) in AGES.iter().enumerate() {
                    let inside = match (ages, age) {
                        (Ages::All, _) => true,
                        (Ages::Children, Some(age)) => age < 18,
                        (Ages::Young, Some(age)) => (18..45).contains(&age),
                        (Ages::Middle, Some(age)) => (45..65).contains(&age),
                        (Ages::Old, Some(age)) => age >= 65,
                        (_, None) => false,
                    };
                    if inside {
                        cells.push(row * AGES.len() + column);
                    }
                }
            }
            people.cells.push(cells);
            people.years.push(until.since(from).max(0) as f64 / YEAR_SECONDS);
            people.ages.push(patient.birth.map(|birth| until.since(birth) as f64 / YEAR_SECONDS));
            people.all.push(Some(patient));
        }
        people
    }

    /// Values by patient, of those who are there.
    fn present<T: Copy>(&self, values: impl Fn(usize) -> T) -> Vec<T> {
        let there = self.all.iter().enumerate().filter(|(_, patient)| patient.is_some());
        there.map(|(number, _)| values(number)).collect()
    }
}

fn summary(side: &Side, people: &People<'_>) -> Summary {
    let patients = || people.all.iter().flatten();
    let ages: Vec<f64> = people.ages.iter().flatten().copied().collect();
    Summary {
        name: side.name.clone(),
        patients: people.count,
        dead: patients().filter(|patient| patient.dead).count(),
        female: patients().filter(|patient| patient.sex == Some(Sexes::Female)).count(),
        age_mean: ages.iter().sum::<f64>() / ages.len().max(1) as f64,
        end: side.end().to_string().chars().take(10).collect(),
        patient_years: people.years.iter().sum(),
        resources: side.types.values().map(|one| one.total).sum(),
        malformed: side.malformed,
        faults: side.faults.iter().map(ToString::to_string).collect(),
    }
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then_some(a / b)
}

fn resources(a: &Side, b: &Side, people_a: &People<'_>, people_b: &People<'_>) -> Vec<Resources> {
    let names: BTreeSet<&String> = a.types.keys().chain(b.types.keys()).collect();
    let of = |side: &Side, people: &People<'_>, name: &str| {
        let Some(counted) = side.types.get(name) else {
            return (0, people.present(|_| 0.0), false);
        };
        let each = |number| f64::from(counted.by_patient.get(number).copied().unwrap_or(0));
        (counted.total, people.present(each), !counted.by_patient.is_empty())
    };
    names
        .into_iter()
        .map(|name| {
            let (count_a, each_a, owned_a) = of(a, people_a, name);
            let (count_b, each_b, owned_b) = of(b, people_b, name);
            let a_per_patient = count_a as f64 / people_a.count.max(1) as f64;
            let b_per_patient = count_b as f64 / people_b.count.max(1) as f64;
            Resources {
                resource_type: name.clone(),
                a: count_a,
                b: count_b,
                a_per_patient,
                b_per_patient,
                ratio: ratio(a_per_patient, b_per_patient),
                p: if owned_a || owned_b { welch(&each_a, &each_b) } else { None },
            }
        })
        .collect()
}

fn encounters(a: &Side, b: &Side, people_a: &People<'_>, people_b: &People<'_>) -> Vec<Encounters> {
    let classes: BTreeSet<&String> = a.classes.iter().chain(&b.classes).collect();
    let of = |side: &Side, people: &People<'_>, class: &str| {
        let end = side.end();
        let window = end.plus_years(-WINDOW_YEARS);
        let mut counts = vec![0.0; people.all.len()];
        if let Some(class) = side.classes.iter().position(|known| known == class) {
            for encounter in &side.encounters {
                let inside = encounter.start.is_some_and(|at| at > window && at <= end);
                if usize::from(encounter.class) == class && inside {
                    counts[encounter.patient as usize] += 1.0;
                }
            }
        }
        (people.present(|number| counts[number]), people.present(|number| people.years[number]))
    };
    classes
        .into_iter()
        .map(|class| {
            let (counts_a, years_a) = of(a, people_a, class);
            let (counts_b, years_b) = of(b, people_b, class);
            let (sum_a, sum_b): (f64, f64) = (counts_a.iter().sum(), counts_b.iter().sum());
            let rate = |sum: f64, years: &[f64]| {
                let years: f64 = years.iter().sum();
                if years > 0.0 { sum / years } else { 0.0 }
            };
            let (a_rate, b_rate) = (rate(sum_a, &years_a), rate(sum_b, &years_b));
            Encounters {
                class: class.clone(),
                a: sum_a as u64,
                b: sum_b as u64,
                a_rate,
                b_rate,
                ratio: ratio(a_rate, b_rate),
                p: clustered_rates(&counts_a, &years_a, &counts_b, &years_b),
            }
        })
        .collect()
}

fn stays(a: &Side, b: &Side) -> Option<Stays> {
    let lengths = |side: &Side| {
        let inpatient: Vec<bool> = side
            .classes
            .iter()
            .map(|class| matches!(class.as_str(), "IMP" | "ACUTE" | "NONAC"))
            .collect();
        let stays = side.encounters.iter().filter(|one| inpatient[usize::from(one.class)]);
        let mut hours: Vec<f64> = stays
            .filter_map(|one| Some(one.stop?.since(one.start?)))
            .filter(|seconds| *seconds >= 0)
            .map(|seconds| seconds as f64 / HOUR as f64)
            .collect();
        hours.sort_by(f64::total_cmp);
        hours
    };
    let (hours_a, hours_b) = (lengths(a), lengths(b));
    let (a_longer, p) = mann_whitney(&hours_a, &hours_b)?;
    let lengths = |hours: &[f64]| Lengths {
        count: hours.len(),
        mean: hours.iter().sum::<f64>() / hours.len() as f64,
        quantiles: QUANTILES.map(|share| statistics::quantile(hours, share)),
    };
    Some(Stays { a: lengths(&hours_a), b: lengths(&hours_b), a_longer, p })
}

/// Patients with a condition, ever and active, by cell.
type Cells = [[usize; CELLS]; 2];

fn prevalence(
    a: &Side,
    b: &Side,
    people_a: &People<'_>,
    people_b: &People<'_>,
    factorials: &LogFactorials,
) -> Vec<Prevalence> {
    let (of_a, of_b) = (denominators(people_a), denominators(people_b));
    let mut codes: BTreeMap<(&str, &str), (&str, Cells, Cells)> = BTreeMap::new();
    for (side, people, first) in [(a, people_a, true), (b, people_b, false)] {
        for (code, cells) in conditions(side, people) {
            let code = &side.codes[code as usize];
            let row = codes
                .entry((&code.system, &code.code))
                .or_insert_with(|| (&code.display, [[0; CELLS]; 2], [[0; CELLS]; 2]));
            if first {
                row.1 = cells;
            } else {
                row.2 = cells;
            }
        }
    }
    let mut rows = Vec::new();
    for ((system, code), (display, cells_a, cells_b)) in codes {
        for (place, measure) in [Measure::Ever, Measure::Active].into_iter().enumerate() {
            for cell in 0..CELLS {
                let (with_a, with_b) = (cells_a[place][cell], cells_b[place][cell]);
                if with_a + with_b == 0 || of_a[cell] == 0 || of_b[cell] == 0 {
                    continue;
                }
                rows.push(Prevalence {
                    system: system.to_owned(),
                    code: code.to_owned(),
                    display: display.to_owned(),
                    measure,
                    sex: SEXES[cell / AGES.len()],
                    ages: AGES[cell % AGES.len()],
                    a: with_a,
                    a_of: of_a[cell],
                    b: with_b,
                    b_of: of_b[cell],
                    difference: with_a as f64 / of_a[cell] as f64
                        - with_b as f64 / of_b[cell] as f64,
                    p: shares(with_a, of_a[cell], with_b, of_b[cell], factorials),
                    q: 1.0,
                });
            }
        }
    }
    for overall in [true, false] {
        let family: Vec<usize> =
            (0..rows.len()).filter(|row| rows[*row].overall() == overall).collect();
        let p: Vec<f64> = family.iter().map(|row| rows[*row].p).collect();
        for (row, q) in family.into_iter().zip(benjamini_hochberg(&p)) {
            rows[row].q = q;
        }
    }
    // Rows stand in order of code, measure, sex and ages so far, and a stable sort keeps that.
    rows.sort_by(|x, y| {
        let size = |row: &Prevalence| -row.difference.abs();
        x.p.total_cmp(&y.p).then(size(x).total_cmp(&size(y)))
    });
    rows
}

fn denominators(people: &People<'_>) -> [usize; CELLS] {
    let mut of = [0; CELLS];
    for cell in people.cells.iter().flatten() {
        of[*cell] += 1;
    }
    of
}

/// Patients by condition and cell.
fn conditions(side: &Side, people: &People<'_>) -> Vec<(u32, Cells)> {
    // Several of one code and patient are one; the active one stands first.
    let mut facts: Vec<(u32, u32, bool)> = side
        .conditions
        .iter()
        .map(|condition| (condition.code, condition.patient, !condition.active))
        .collect();
    facts.sort_unstable();
    facts.dedup_by_key(|fact| (fact.0, fact.1));
    let mut all: Vec<(u32, Cells)> = Vec::new();
    for (code, patient, inactive) in facts {
        if all.last().is_none_or(|last| last.0 != code) {
            all.push((code, [[0; CELLS]; 2]));
        }
        let Some((_, cells)) = all.last_mut() else { continue };
        for cell in &people.cells[patient as usize] {
            cells[0][*cell] += 1;
            cells[1][*cell] += usize::from(!inactive);
        }
    }
    all
}

#[cfg(test)]
mod tests;
