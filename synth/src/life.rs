//! What every life has, whatever its illnesses: birth, names, growth, vital signs, habits, risks,
//! check-ups, vaccinations, and an end. The part of a simulation that is Rust and not modules.
//!
//! Always true:
//! - [`update`] never lets anything happen before its moment, and gives a later one;
//! - [`vital`] gives the same level for the same person, state and quarter of a day, however often
//!   and in whatever order it is asked.

mod demographics;
mod family;
mod growth;
mod habits;
mod immunizations;
pub mod mortality;
mod names;
mod risks;
pub mod schedule;
mod state;
mod visit;
mod vitals;
mod words;

pub use state::{Latent, State};
pub use words::Words;

use crate::person::{Person, Value};
use crate::plan::Plan;
use crate::record::{Class, EncounterIndex, Ward};
use crate::time::{MONTH, Time, YEAR};
use crate::vocabulary::{CodeList, Vocabulary};
use crate::world::World;

macro_rules! vitals {
    ($($name:ident $text:literal $decimals:literal,)*) => {
        /// Vital signs and laboratory levels modules can read (by the names of the Generic Module
        /// Framework) or set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Vital {
            $(#[doc = $text] $name,)*
        }

        impl Vital {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The framework's name for it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// By the framework's name for it.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }

            /// Decimals it is reported with.
            pub fn decimals(self) -> u8 {
                match self { $(Self::$name => $decimals,)* }
            }
        }
    };
}

vitals! {
    Height "Height" 1,
    Weight "Weight" 1,
    HeightPercentile "Height Percentile" 0,
    WeightPercentile "Weight Percentile" 0,
    BodyMass "BMI" 1,
    BodyMassPercentile "BMI Percentile" 0,
    Systolic "Systolic Blood Pressure" 0,
    Diastolic "Diastolic Blood Pressure" 0,
    HeartRate "Heart Rate" 0,
    RespirationRate "Respiration Rate" 0,
    OxygenSaturation "Oxygen Saturation" 0,
    Temperature "Body Temperature" 1,
    HeadCircumference "Head Circumference" 1,
    HeadPercentile "Head Circumference Percentile" 0,
    HaemoglobinA1c "Blood Glucose" 1,
    Glucose "Glucose" 0,
    Ldl "LDL" 0,
    Hdl "HDL" 0,
    TotalCholesterol "Total Cholesterol" 0,
    Triglycerides "Triglycerides" 0,
    Creatinine "Creatinine" 2,
    Egfr "EGFR" 0,
    Microalbumin "Microalbumin Creatinine Ratio" 1,
    UreaNitrogen "Urea Nitrogen" 0,
    Calcium "Calcium" 1,
    Sodium "Sodium" 0,
    Potassium "Potassium" 1,
    Chloride "Chloride" 0,
    CarbonDioxide "Carbon Dioxide" 0,
    Haemoglobin "Hemoglobin" 1,
    Hematocrit "Hematocrit" 1,
    Leukocytes "Leukocytes" 1,
    Platelets "Platelets" 0,
    EjectionFraction "Left ventricular Ejection fraction" 0,
    Bnp "BNP" 0,
    Troponin "Troponin" 3,
    Lactate "Lactate" 1,
    CReactiveProtein "C-reactive Protein" 1,
    Inr "INR" 1,
    Tsh "TSH" 2,
    Psa "PSA" 1,
    Pain "Pain" 0,
}

/// A newborn (or rather: someone born so that they have the plan's age at its end), with identity,
/// attributes and risks set. `attempt` counts candidates refused before.
pub fn birth(
    plan: &Plan,
    world: &World,
    words: &Words,
    vocabulary: &Vocabulary,
    index: u64,
    attempt: u32,
) -> Person {
    demographics::birth(plan, world, words, vocabulary, index, attempt)
}

/// Brings body, habits and risks up to `now`, perhaps ends the life; gives the next moment to be
/// called again (a month away for infants, a year for adults, less when something is to happen).
pub fn update(person: &mut Person, world: &World, words: &Words, now: Time) -> Time {
    let _ = world;
    if person.life.death_at.is_some_and(|at| at <= now) {
        // Not at the moment drawn, if that has passed: something may have been recorded since.
        let cause = cause(person, words, now);
        person.die(now, cause);
        return now.plus(YEAR);
    }
    update_attributes(person, words, now);
    let age = person.age(now);
    let mut next = now.plus(match age {
        ..=1 => MONTH,
        2..=12 => YEAR / 4,
        _ => YEAR / 2,
    });
    next = next.min(next_event(person, now).unwrap_or(next));
    // Nobody whom the records are about died before they begin.
    let (from, until) = (now.max(person.life.mortal_from), next);
    if person.life.death_at.is_none() && until > from {
        let hazard =
            mortality::background_hazard(person.sex, age) * relative_mortality(person, words, age);
        let used = hazard * until.since(from) as f64 / (365.25 * 86_400.0);
        if used < person.life.hazard_left {
            person.life.hazard_left -= used;
        } else {
            let share = person.life.hazard_left / used;
            let at = from.plus((until.since(from) as f64 * share) as i64).max(now.plus(1));
            person.life.death_at = Some(at);
            next = next.min(at);
        }
    }
    person.life.updated = now;
    next.max(now.plus(1))
}

/// Background mortality of a person relative to their age and sex.
fn relative_mortality(person: &Person, words: &Words, age: i32) -> f64 {
    // Log-linear in frailty, with mean 1 over the normal scores. The old differ less: the frail
    // among them are gone.
    let lean = (0.45 - 0.01 * f64::from((age - 60).max(0))).max(0.12);
    let frailty = (lean * person.life.frailty - lean * lean / 2.0).exp();
    // A smoker's risk is more than twofold (Surgeon General 2014), but most of it acts through the
    // illnesses of modules.
    let smoker = person.attribute(words.attributes.smoker) == Value::Bool(true);
    // Those in nursing homes live two years or so.
    let resident = person.attribute(words.attributes.nursing_home) == Value::Bool(true);
    frailty * if smoker { 1.35 } else { 0.97 } * if resident { 1.8 } else { 0.96 }
}

/// What somebody dies of whom no module lets die: an illness they have, or none that is known.
fn cause(person: &mut Person, words: &Words, at: Time) -> Option<CodeList> {
    let (causes, attributes) = (&words.causes, &words.attributes);
    let has = |id| match person.attribute(id) {
        Value::Bool(on) => f64::from(on),
        Value::Number(stage) => f64::from(stage >= 4.0),
        _ => 0.0,
    };
    let age = person.age(at);
    let weights = [
        // Illnesses weigh what they add to the deaths of those who have them.
        (causes.cancer, 6.0 * has(attributes.cancer)),
        (causes.heart_failure, 2.0 * has(attributes.chf)),
        (causes.coronary, 2.0 * has(attributes.ischemic_heart_disease)),
        (causes.copd, 2.0 * has(attributes.copd)),
        (causes.dementia, 3.0 * has(attributes.dementia)),
        (causes.kidney, 2.0 * has(attributes.ckd)),
        (causes.diabetes, 0.5 * has(attributes.diabetes)),
        (causes.hypertension, 0.3 * has(attributes.hypertension)),
        (causes.accident, if (1..65).contains(&age) { 0.5 } else { 0.05 }),
        (causes.cardiac_arrest, if age >= 40 { 0.8 } else { 0.1 }),
        (causes.old_age, if age >= 85 { 1.0 } else { 0.0 }),
        (causes.unknown, 0.4),
    ];
    let drawn = person.life_random.weighted(weights.iter().map(|(_, weight)| *weight));
    Some(weights[drawn].0)
}

/// The next moment after `now` at which something drawn at birth happens.
fn next_event(person: &Person, now: Time) -> Option<Time> {
    let life = &person.life;
    let spans = [life.smoking.map(|(from, until, _)| (from, until)), life.drinking, life.homeless];
    let single = [
        life.marriage.as_ref().map(|(at, _)| *at),
        life.separation.map(|(at, _)| at),
        life.veteran,
    ];
    spans
        .into_iter()
        .flatten()
        .flat_map(|(from, until)| [from, until])
        .chain(single.into_iter().flatten())
        .filter(|at| *at > now)
        .min()
}

/// Sets what time alone changes: habits, marriage, risks.
fn update_attributes(person: &mut Person, words: &Words, now: Time) {
    let attributes = &words.attributes;
    let within =
        |span: Option<(Time, Time)>| span.is_some_and(|(from, until)| from <= now && now < until);
    let started = person.life.smoking.is_some_and(|(from, _, _)| from <= now);
    let smokes = within(person.life.smoking.map(|(from, until, _)| (from, until)));
    let drinks = within(person.life.drinking);
    let homeless = within(person.life.homeless);
    let served = person.life.veteran.is_some_and(|at| at <= now);
    person.set(attributes.smoker, Value::Bool(smokes));
    person.set(attributes.ever_smoker, Value::Bool(started));
    person.set(attributes.alcoholic, Value::Bool(drinks));
    person.set(attributes.homeless, Value::Bool(homeless));
    person.set(attributes.veteran, Value::Bool(served));
    let texts = &words.texts;
    let status = match (started, smokes) {
        (false, _) => texts.never,
        (true, true) => texts.current,
        (true, false) => texts.former,
    };
    person.set(attributes.smoking_status, Value::Text(status));
    if started {
        let packs = (habits::pack_years(person, now) * 10.0).round() / 10.0;
        person.set(attributes.pack_years, Value::Number(packs));
    } else {
        person.set(attributes.pack_years, Value::Number(0.0));
    }
    let mut marital = ('S', texts.single);
    if let Some((at, name)) = &mut person.life.marriage
        && *at <= now
    {
        marital = ('M', texts.married);
        if let Some(name) = name.take() {
            person.identity.maiden = Some(std::mem::replace(&mut person.identity.family, name));
        }
    }
    if let Some((at, widowed)) = person.life.separation
        && at <= now
    {
        marital = if widowed { ('W', texts.widowed) } else { ('D', texts.divorced) };
    }
    person.identity.marital = marital.0;
    person.set(attributes.marital_status, Value::Text(marital.1));
    let age = person.age(now);
    let lives_in_home = person.attribute(attributes.nursing_home) == Value::Bool(true);
    if !lives_in_home {
        let enters = age >= 65 && now > person.life.updated && {
            // 2.3 % of those 75 to 84 and 7 to 8 % of those 85 and over live in one (CDC, ACS); they
            // stay about two years.
            let demented = person.attribute(attributes.dementia) == Value::Bool(true);
            let yearly =
                0.0013 * ((f64::from(age) - 70.0) / 6.0).exp2() * if demented { 6.0 } else { 0.8 };
            let years = now.since(person.life.updated) as f64 / YEAR as f64;
            person.life_random.chance(yearly * years * (0.4 * person.life.frailty).exp())
        };
        person.set(attributes.nursing_home, Value::Bool(enters));
    }
    risks::vascular(person, words, now);
}

/// The level of a vital sign at a moment: its set point, the day's variation, and what illness and
/// treatment (attributes) do to it.
pub fn vital(person: &mut Person, words: &Words, vital: Vital, now: Time) -> f64 {
    vitals::Body::new(person, words, now).level(vital)
}

/// When the next check-up after `last` is due (before any has happened: after birth).
pub fn next_wellness(person: &mut Person, words: &Words, last: Option<Time>) -> Time {
    schedule::next_wellness(person, words, last)
}

/// What the lifecycle does in an encounter that has just begun: vital signs at every visit with a
/// patient present, the growth and social history questions and vaccinations at check-ups.
/// Called right after the encounter is opened, and once a day (`day` from 1) in a stay.
pub fn attend(
    person: &mut Person,
    words: &Words,
    encounter: EncounterIndex,
    class: Class,
    day: u32,
    now: Time,
) {
    visit::attend(person, words, encounter, class, day, now);
}

/// When a patient who needs such a visit from `wanted` on comes: office hours, the emergency
/// department's own day, weekday mornings for planned stays. At most a week later.
pub fn arrival(person: &mut Person, class: Class, ward: Option<Ward>, wanted: Time) -> Time {
    schedule::arrival(person, class, ward, wanted)
}

/// How long a visit of this class takes when the module gives no time itself, in seconds.
pub fn visit_seconds(person: &mut Person, class: Class) -> i64 {
    schedule::visit_seconds(person, class)
}

/// What age does to a length of stay: 1 at 50, more above, less below.
pub fn stay_factor(age: i32) -> f64 {
    schedule::stay_factor(age)
}

/// The share of a standard normal below a score (Zelen and Severo 1964, error below 7.5e-8).
fn normal_share(score: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * score.abs());
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-0.5 * score * score).exp() * 0.398_942_280_401 * series;
    if score > 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests;
