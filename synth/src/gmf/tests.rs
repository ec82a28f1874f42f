//! Small modules with known answers: one for each state, transition, condition and kind of value, and
//! one for each trap of the Generic Module Framework. They run bare people: no lifecycle, so nothing
//! happens but what the module says.

mod conditions;
mod loading;
mod states;
mod transitions;
mod traps;
mod values;

use crate::gmf::run::{Ground, Lifecycle, Run};
use crate::gmf::{Error, Files, Modules};
use crate::life::{self, Vital, Words};
use crate::person::{Identity, Person, Race, Sex, Value};
use crate::plan::Plan;
use crate::random::Random;
use crate::record::Record;
use crate::time::{DAY, Time, YEAR};
use crate::vocabulary::Vocabulary;
use crate::world::World;

/// So many people decide about a random question.
const MANY: u64 = 100_000;

/// Modules loaded, and a world to run them in.
struct Lab {
    modules: Modules,
    vocabulary: Vocabulary,
    words: Words,
    world: World,
    warnings: Vec<String>,
    end: Time,
    check_up_seconds: Option<i64>,
}

/// `{"name", "states"}` around some states; they end in `End`, which is given, as is `Initial`, which
/// goes to `A`.
fn module(states: &str) -> String {
    let comma = if states.trim().is_empty() { "" } else { "," };
    format!(
        r#"{{"name": "Test", "states": {{
        "Initial": {{"type": "Initial", "direct_transition": "A"}},
        {states}{comma}
        "End": {{"type": "Terminal"}}}}}}"#
    )
}

fn files(modules: &[(&str, String)], tables: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (path, text) in modules {
        files.modules.push(((*path).to_owned(), text.clone().into_bytes()));
    }
    for (path, text) in tables {
        files.tables.push(((*path).to_owned(), (*text).as_bytes().to_vec()));
    }
    files
}

fn load(files: &Files) -> Result<(Modules, Vec<String>), Vec<Error>> {
    Modules::load(files, &mut Vocabulary::new())
}

impl Lab {
    /// With one module of these states.
    #[track_caller]
    fn new(states: &str) -> Self {
        Self::of(&[("test.json", module(states))], &[])
    }

    #[track_caller]
    fn of(modules: &[(&str, String)], tables: &[(&str, &str)]) -> Self {
        let mut vocabulary = Vocabulary::new();
        let words = Words::new(&mut vocabulary);
        let (modules, warnings) = match Modules::load(&files(modules, tables), &mut vocabulary) {
            Ok(loaded) => loaded,
            Err(errors) => {
                panic!("{}", errors.iter().map(|e| format!("{e}\n")).collect::<String>())
            }
        };
        let plan = Plan::new(10, 1, Time::of_date(2020, 1, 1));
        Self {
            modules,
            vocabulary,
            words,
            world: World::new(&plan),
            warnings,
            end: BIRTH.plus(60 * YEAR),
            check_up_seconds: None,
        }
    }

    /// Until so many days after birth.
    fn days(mut self, days: i64) -> Self {
        self.end = BIRTH.plus(days * DAY);
        self
    }

    fn person(&self, index: u64) -> Person {
        Person {
            index,
            random: Random::new(5, index, "engine"),
            life_random: Random::new(5, index, "life"),
            birth: BIRTH,
            death: None,
            sex: Sex::Female,
            identity: Identity {
                given: vec!["Ada".into()],
                family: "Muster".into(),
                maiden: None,
                mother: "Eva Muster".into(),
                race: Race::Asian,
                hispanic: false,
                language: "en-US",
                marital: 'S',
                street: "1 Elm Street".into(),
                place: 0,
                zip: "00000".into(),
                phone: "555-0100".into(),
                mrn: "1".into(),
            },
            family: Vec::new(),
            attributes: Vec::new(),
            vitals: [f64::NAN; Vital::COUNT],
            symptoms: Vec::new(),
            life: life::State::default(),
            record: Record::default(),
            circle: None,
            changes: 0,
        }
    }

    fn live(&self, person: Person) -> Person {
        let ground = Ground {
            modules: &self.modules,
            vocabulary: &self.vocabulary,
            words: &self.words,
            world: &self.world,
            end: self.end,
        };
        let lifecycle = Lifecycle::Bare { check_up_seconds: self.check_up_seconds };
        Run::new(ground, person, lifecycle).live()
    }

    fn run(&self) -> Person {
        self.live(self.person(0))
    }

    /// An attribute after a life.
    fn value(&self, person: &Person, attribute: &str) -> Value {
        self.vocabulary.find_attribute(attribute).map_or(Value::Unset, |id| person.attribute(id))
    }

    #[track_caller]
    fn number(&self, person: &Person, attribute: &str) -> f64 {
        match self.value(person, attribute) {
            Value::Number(number) => number,
            other => panic!("`{attribute}` is {other:?}"),
        }
    }

    fn text(&self, person: &Person, attribute: &str) -> Option<&str> {
        match self.value(person, attribute) {
            Value::Text(text) => Some(self.vocabulary.symbol(text)),
            _ => None,
        }
    }

    /// How many of [`MANY`] people end with each of these texts in the attribute `went`.
    fn tally(&self, texts: &[&str]) -> Vec<u64> {
        let mut counts = vec![0; texts.len()];
        for index in 0..MANY {
            let person = self.live(self.person(index));
            let text = self.text(&person, "went").expect("everyone goes somewhere");
            let place = texts.iter().position(|known| *known == text).expect("a known text");
            counts[place] += 1;
        }
        counts
    }

    /// The attribute `x` of [`MANY`] people, sorted.
    fn sample(&self) -> Vec<f64> {
        let mut values: Vec<f64> =
            (0..MANY).map(|index| self.number(&self.live(self.person(index)), "x")).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

/// A Wednesday, so that nothing depends on the weekday by chance.
const BIRTH: Time = Time(946_684_800 + 4 * DAY);

/// SNOMED-like code lists for tests.
fn codes(code: u32) -> String {
    format!(r#""codes": [{{"system": "SNOMED-CT", "code": "{code}", "display": "Thing {code}"}}]"#)
}

/// A state that sets `went` and ends.
fn went(name: &str) -> String {
    format!(
        r#""{name}": {{"type": "SetAttribute", "attribute": "went", "value": "{name}",
        "direct_transition": "End"}}"#
    )
}

/// An ambulatory visit that leads on to `next`.
fn visit(name: &str, next: &str) -> String {
    format!(
        r#""{name}": {{"type": "Encounter", "encounter_class": "ambulatory", {},
        "direct_transition": "{next}"}}"#,
        codes(1)
    )
}

/// Asks whether counts agree with shares: chi² below its value at p = 0.001.
#[track_caller]
fn check_shares(counts: &[u64], shares: &[f64]) {
    let total: u64 = counts.iter().sum();
    let chi2: f64 = counts
        .iter()
        .zip(shares)
        .map(|(count, share)| {
            let expected = share * total as f64;
            (*count as f64 - expected).powi(2) / expected
        })
        .sum();
    // Wilson and Hilferty's approximation of the quantile.
    let freedom = (counts.len() - 1) as f64;
    let part = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - part + 3.0902 * part.sqrt()).powi(3);
    assert!(chi2 < limit, "{counts:?} against {shares:?}: chi² {chi2:.2} above {limit:.2}");
}

/// Asks whether sorted values come from a continuous distribution: Kolmogorov and Smirnov's distance
/// below its value at p = 0.001.
#[track_caller]
fn check_distribution(sorted: &[f64], cumulative: impl Fn(f64) -> f64) {
    let count = sorted.len() as f64;
    let distance = sorted
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let expected = cumulative(*value);
            (expected - at as f64 / count).abs().max((expected - (at as f64 + 1.0) / count).abs())
        })
        .fold(0.0, f64::max);
    let limit = 1.9495 / count.sqrt();
    assert!(distance < limit, "distance {distance:.5} above {limit:.5}");
}

/// The normal distribution (Abramowitz and Stegun 7.1.26; wrong by less than 2e-7).
fn normal_cumulative(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let upper = 0.5 * polynomial * (-x * x).exp();
    if z > 0.0 { 1.0 - upper } else { upper }
}

#[test]
fn the_yardsticks_measure() {
    check_shares(&[50_100, 49_900], &[0.5, 0.5]);
    let off = std::panic::catch_unwind(|| check_shares(&[51_000, 49_000], &[0.5, 0.5]));
    assert!(off.is_err(), "chi² must notice one percent in 100,000");
    assert!((normal_cumulative(1.96) - 0.975).abs() < 1e-4);
    let even: Vec<f64> = (0..1_000).map(|at| (f64::from(at) + 0.5) / 1_000.0).collect();
    check_distribution(&even, |x| x);
    let skewed = std::panic::catch_unwind(|| check_distribution(&even, |x| x * x));
    assert!(skewed.is_err());
}
