//! Who is born: sex, birthday, place, names, schooling, income, and what body and habits are to come.
//!
//! Shares are of the United States: Census 2020 (Demographic and Housing Characteristics: age, sex,
//! race, Hispanic origin), American Community Survey 2022 (schooling, income, language).

use super::state::State;
use super::words::Words;
use super::{family, habits, mortality, names, risks};
use crate::Person;
use crate::person::{Identity, Race, Sex, Value};
use crate::plan::{Cohort, Plan};
use crate::random::Random;
use crate::record::Record;
use crate::time::{DAY, HOUR, MINUTE, Time};
use crate::vocabulary::Vocabulary;
use crate::world::World;

/// Oldest age drawn.
pub(super) const AGE_MAX: usize = 110;

/// Residents by age group, Census 2020: first age, millions, share of women.
pub(super) const PYRAMID: [(usize, f64, f64); 21] = [
    (0, 18.4, 0.489),
    (5, 20.0, 0.489),
    (10, 21.2, 0.489),
    (15, 21.6, 0.488),
    (20, 21.6, 0.490),
    (25, 22.5, 0.494),
    (30, 22.6, 0.497),
    (35, 22.0, 0.500),
    (40, 20.3, 0.502),
    (45, 20.1, 0.504),
    (50, 20.9, 0.506),
    (55, 21.9, 0.512),
    (60, 20.9, 0.518),
    (65, 17.9, 0.527),
    (70, 14.7, 0.536),
    (75, 9.7, 0.551),
    (80, 6.1, 0.575),
    (85, 3.7, 0.616),
    (90, 1.9, 0.675),
    (95, 0.6, 0.740),
    (100, 0.08, 0.790),
];

/// How many of this sex and age live in the United States (millions). Within a group of five years,
/// ages thin out as the life table says.
#[cfg(test)]
pub(super) fn residents(sex: Sex, age: usize) -> f64 {
    let group = PYRAMID.iter().rposition(|(first, _, _)| *first <= age).unwrap_or(0);
    let (first, millions, women) = PYRAMID[group];
    let next = PYRAMID.get(group + 1).map_or(AGE_MAX + 1, |(next, _, _)| *next);
    let alive = |at: usize| mortality::survival(sex, first as i32, at as i32);
    let total: f64 = (first..next).map(alive).sum();
    millions * if sex == Sex::Female { women } else { 1.0 - women } * alive(age) / total
}

/// Sex and age at the plan's end. Those who die within the history kept belong to the population, so
/// ages are drawn from everyone alive at its start: who is alive at the end then has the ages of
/// [`PYRAMID`].
fn sex_and_age(plan: &Plan, random: &mut Random) -> (Sex, i32) {
    let (low, high) = (usize::from(plan.ages.0), usize::from(plan.ages.1).min(AGE_MAX));
    let low = low.min(high);
    let mut weights = [[0.0; AGE_MAX + 1]; 2];
    for (row, sex) in weights.iter_mut().zip([Sex::Female, Sex::Male]) {
        if plan.sex.is_some_and(|only| only != sex) {
            continue;
        }
        // Alive at each age since the start of life, and then alive over the years of history.
        let mut alive = [1.0; AGE_MAX + 1];
        for age in 1..=AGE_MAX {
            alive[age] = alive[age - 1] * (1.0 - mortality::probability(sex, age as i32 - 1));
        }
        for (group, (first, millions, women)) in PYRAMID.iter().enumerate() {
            let next = PYRAMID.get(group + 1).map_or(AGE_MAX + 1, |(next, _, _)| *next);
            let share = if sex == Sex::Female { *women } else { 1.0 - women };
            let total: f64 = alive[*first..next].iter().sum();
            let ages = row.iter_mut().enumerate().take(next.min(high + 1)).skip((*first).max(low));
            for (age, weight) in ages {
                let before = age.saturating_sub(plan.years as usize);
                *weight = millions * share * alive[before] / total;
                if plan.cohort == Cohort::Hospital {
                    *weight *= hospital_use(sex, age);
                }
            }
        }
    }
    let drawn = random.weighted(weights.iter().flatten().copied());
    let sex = if drawn <= AGE_MAX { Sex::Female } else { Sex::Male };
    (sex, (drawn % (AGE_MAX + 1)) as i32)
}

/// How much of a hospital people of an age use, against the young adult: roughly the stays a year of
/// HCUP's National Inpatient Sample 2019. A hospital's patients are drawn with it; who of them lay there
/// is decided by their lives.
fn hospital_use(sex: Sex, age: usize) -> f64 {
    match age {
        0 => 6.0,
        1..=17 => 0.4,
        18..=44 if sex == Sex::Female => 1.4,
        18..=44 => 0.8,
        45..=64 => 1.5,
        65..=74 => 2.7,
        75..=84 => 4.3,
        _ => 5.8,
    }
}

/// Race groups and Hispanic origin by age, per cent: under 18, 18 to 44, 45 to 64, 65 and over.
/// Hispanic, then not Hispanic: White, Black, Asian, Native, Pacific, other and several.
const ORIGINS: [[f64; 7]; 4] = [
    [25.7, 49.0, 13.2, 5.5, 0.8, 0.2, 5.6],
    [21.9, 53.9, 13.2, 7.2, 0.7, 0.2, 2.9],
    [15.7, 63.4, 12.2, 6.2, 0.7, 0.2, 1.6],
    [8.8, 75.8, 9.4, 4.6, 0.5, 0.1, 0.8],
];

fn race(random: &mut Random, age: i32) -> (Race, bool) {
    let row = match age {
        ..=17 => 0,
        18..=44 => 1,
        45..=64 => 2,
        _ => 3,
    };
    match random.weighted(ORIGINS[row].iter().copied()) {
        // What Hispanic people call their race, Census 2020, without "some other" as a default.
        0 => {
            const RACES: [(Race, f64); 4] = [
                (Race::White, 0.6),
                (Race::Other, 0.34),
                (Race::Black, 0.04),
                (Race::Native, 0.02),
            ];
            (RACES[random.weighted(RACES.iter().map(|(_, share)| *share))].0, true)
        }
        1 => (Race::White, false),
        2 => (Race::Black, false),
        3 => (Race::Asian, false),
        4 => (Race::Native, false),
        5 => (Race::Pacific, false),
        _ => (Race::Other, false),
    }
}

/// Area codes for telephone numbers by state; elsewhere the number stands alone.
fn area_code(state: &str) -> Option<&'static str> {
    Some(match state {
        "MA" => "413",
        "NY" => "315",
        "CA" => "530",
        "TX" => "512",
        "FL" => "407",
        "IL" => "217",
        "OH" => "614",
        "PA" => "717",
        "MI" => "616",
        "GA" => "706",
        "NC" => "919",
        "VA" => "804",
        "WA" => "509",
        "OR" => "541",
        "CO" => "303",
        "AZ" => "520",
        "NM" => "505",
        "MN" => "612",
        "WI" => "608",
        "ME" => "207",
        "VT" => "802",
        "NH" => "603",
        "CT" => "860",
        "RI" => "401",
        "NJ" => "609",
        "MD" => "410",
        "TN" => "615",
        "MO" => "573",
        "IA" => "515",
        "KS" => "785",
        "NE" => "402",
        _ => return None,
    })
}

/// The place's index; 0 where the world has none.
fn place(plan: &Plan, world: &World, random: &mut Random) -> u32 {
    let wanted = plan.place.as_deref();
    if let Some(at) =
        wanted.and_then(|name| world.places.iter().position(|place| *place.name == *name))
    {
        return at as u32;
    }
    if world.places.is_empty() {
        return 0;
    }
    random.weighted(world.places.iter().map(|place| f64::from(place.population))) as u32
}

/// A number that is no other patient's: a bijection of the index, moved by the seed.
fn record_number(seed: u64, index: u64) -> String {
    // 61,803,399 shares no factor with 10^8, so indexes below 10^8 all differ.
    let start = Random::new(seed, 0, "record numbers").bits() % 100_000_000;
    let moved = (u128::from(index) * 61_803_399 + u128::from(start)) % 100_000_000;
    format!("MRN{moved:08}")
}

/// A newborn with everything that is settled at birth.
pub(super) fn birth(
    plan: &Plan,
    world: &World,
    words: &Words,
    vocabulary: &Vocabulary,
    index: u64,
    attempt: u32,
) -> Person {
    // Room for a million attempts per patient.
    let key = index.wrapping_mul(1 << 20).wrapping_add(u64::from(attempt));
    let mut random = Random::new(plan.seed, key, "birth");
    // Who is refused in a community died before its history began: the next candidate has the same
    // age, so that the old are not fewer for it. A hospital chooses among all ages.
    let (sex, age) = match plan.cohort {
        Cohort::Community => sex_and_age(plan, &mut Random::new(plan.seed, index, "age")),
        Cohort::Hospital => sex_and_age(plan, &mut random),
    };
    let latest = plan.end.plus_years(-age).midnight().day();
    let earliest = plan.end.plus_years(-age - 1).midnight().day() + 1;
    let hour = random.whole(0, 23) * HOUR + random.whole(0, 59) * MINUTE;
    let mut birth = Time(random.whole(earliest, latest) * DAY + hour);
    if birth >= plan.end {
        birth = birth.plus(-DAY);
    }
    let year = birth.civil().year;
    let (race, hispanic) = race(&mut random, age);
    let origin = names::origin(&mut random, race, hispanic);
    let place = place(plan, world, &mut random);
    let home = world.places.get(place as usize);
    let area = home.and_then(|home| area_code(home.state));
    let line = random.whole(100, 199);
    let mut given: Vec<Box<str>> = vec![names::given(&mut random, origin, sex, year).into()];
    if random.chance(0.75) {
        let second = names::given(&mut random, origin, sex, year);
        if *second != *given[0] {
            given.push(second.into());
        }
    }
    let mother = format!(
        "{} {}",
        names::given(&mut random, origin, Sex::Female, year - 28),
        names::family(&mut random, origin)
    );
    let identity = Identity {
        given,
        family: names::family(&mut random, origin).into(),
        maiden: None,
        mother: mother.into(),
        race,
        hispanic,
        language: names::language(&mut random, origin),
        marital: 'S',
        street: names::street(&mut random).into(),
        place,
        zip: home.map_or_else(|| "00000".into(), |home| home.zip.clone()),
        phone: match area {
            Some(area) => format!("{area}-555-0{line}").into(),
            None => format!("555-0{line}").into(),
        },
        mrn: record_number(plan.seed, index).into(),
    };
    let mut person = Person {
        index,
        random: Random::new(plan.seed, key, "modules"),
        life_random: Random::new(plan.seed, key, "life"),
        birth,
        death: None,
        sex,
        identity,
        family: Vec::new(),
        attributes: vec![Value::Unset; vocabulary.attributes()],
        vitals: [f64::NAN; super::Vital::COUNT],
        symptoms: Vec::new(),
        life: State {
            seed: random.bits(),
            mortal_from: plan.history_start(),
            updated: birth,
            hazard_left: random.exponential(1.0),
            frailty: 0.0,
            adherence: 1.0 - 0.6 * random.unit() * random.unit(),
            accepts: random.unit(),
            ..State::default()
        },
        record: Record::default(),
        circle: None,
        changes: 0,
    };
    let standing = standing(&mut person, words, &mut random);
    let scores = risks::draw(&mut person, words, standing, &mut random);
    habits::draw(&mut person, &scores, origin, &mut random);
    family::draw(&mut person, words, &scores, &mut random);
    super::update_attributes(&mut person, words, birth);
    person
}

/// Sets schooling and income (of the household; a child's are the parents') and what follows from
/// them. Gives the standing as a standard score.
fn standing(person: &mut Person, words: &Words, random: &mut Random) -> f64 {
    let attributes = &words.attributes;
    // Gaps between groups in income and schooling, ACS 2022, as shifts of the score.
    let shift = match (person.identity.race, person.identity.hispanic) {
        (_, true) => -0.35,
        (Race::Black, _) => -0.4,
        (Race::Native | Race::Pacific, _) => -0.4,
        (Race::Asian, _) => 0.45,
        (Race::White, _) => 0.17,
        (Race::Other, _) => -0.1,
    };
    let score = shift + 0.95 * random.normal();
    // Adults 25 and over: less than high school 11 %, high school 27 %, some college 28 %, bachelor's
    // degree or more 34 %.
    let schooling = 0.7 * score + 0.71 * random.normal();
    let level = match schooling {
        s if s < -1.23 => 0,
        s if s < -0.31 => 1,
        s if s < 0.41 => 2,
        _ => 3,
    };
    person.set(attributes.education, Value::Text(words.texts.education[level]));
    // Household income: median 74,600 dollars (2022), log-normal with the Gini index 0.48.
    let income = (74_600.0 * (0.9 * score).exp()).clamp(4_000.0, 900_000.0);
    person.set(attributes.income, Value::Number((income / 100.0).round() * 100.0));
    let place = super::normal_share(score);
    person.set(attributes.socioeconomic_score, Value::Number(place));
    let category = usize::from(place > 0.3) + usize::from(place > 0.8);
    person.set(attributes.socioeconomic_category, Value::Text(words.texts.categories[category]));
    // USDA 2022: 13 % of households short of food; the poor far more often.
    let hungry = random.chance((0.13 * (-0.9 * score).exp() * 0.68).min(0.7));
    person.set(attributes.food_insecurity, Value::Bool(hungry));
    // NHIS 2022: 5.7 % lack reliable transportation.
    let stranded = random.chance((0.057 * (-0.8 * score).exp() * 0.73).min(0.5));
    person.set(attributes.transportation_problem, Value::Bool(stranded));
    score
}
