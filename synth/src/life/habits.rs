//! What people do and what becomes of them: smoking, drinking, marriage, service, a home lost. All
//! of it is drawn at birth and happens at its time.

use super::names::{self, Origin};
use super::normal_share;
use super::risks::Scores;
use crate::Person;
use crate::person::Sex;
use crate::random::Random;
use crate::time::{DAY, Time, YEAR};

/// Share of a birth cohort that ever smokes (100 cigarettes and more), women and men. Read off the
/// National Health Interview Survey's cohort series and the Surgeon General's report of 2014;
/// between the years it is a straight line.
const EVER: [(i32, f64, f64); 11] = [
    (1900, 0.25, 0.70),
    (1920, 0.42, 0.78),
    (1935, 0.50, 0.72),
    (1945, 0.48, 0.64),
    (1955, 0.46, 0.55),
    (1965, 0.42, 0.48),
    (1975, 0.36, 0.43),
    (1985, 0.31, 0.40),
    (1992, 0.22, 0.29),
    (2000, 0.10, 0.14),
    (2008, 0.05, 0.07),
];

/// Smokers who stop, per year: by calendar year, at the age of 40.
const QUIT: [(f64, f64); 6] = [
    (1950.0, 0.008),
    (1965.0, 0.018),
    (1980.0, 0.027),
    (2000.0, 0.033),
    (2010.0, 0.045),
    (2022.0, 0.06),
];

fn between(table: &[(f64, f64)], at: f64) -> f64 {
    let next = table.partition_point(|(x, _)| *x <= at);
    match (next.checked_sub(1).map(|before| table[before]), table.get(next)) {
        (Some((x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (at - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some(&(_, y))) => y,
        (None, None) => 0.0,
    }
}

fn years(of: f64) -> i64 {
    (of * 365.25) as i64 * DAY
}

/// Draws what is to come.
pub(super) fn draw(person: &mut Person, scores: &Scores, origin: Origin, random: &mut Random) {
    let birth = person.birth;
    let year = birth.civil().year;
    let female = person.sex == Sex::Female;

    let ever = {
        let next = EVER.partition_point(|(from, _, _)| *from <= year);
        let of = |row: &(i32, f64, f64)| if female { row.1 } else { row.2 };
        match (next.checked_sub(1).map(|before| &EVER[before]), EVER.get(next)) {
            (Some(a), Some(b)) => {
                of(a) + (of(b) - of(a)) * f64::from(year - a.0) / f64::from(b.0 - a.0)
            }
            (Some(a), None) | (None, Some(a)) => of(a),
            (None, None) => 0.0,
        }
    };
    // Those most pulled to tobacco are the ones who smoke.
    if normal_share(scores.tobacco) > 1.0 - ever {
        let from = random.triangular(13.0, 16.5, 25.0);
        // Years go by until the hazard drawn is used up.
        let mut left = random.exponential(1.0);
        let mut age = from;
        while age < 100.0 {
            let of_age = if age < 30.0 { 0.6 } else { 0.6 + 0.04 * (age - 30.0).min(45.0) };
            let hazard = between(&QUIT, f64::from(year) + age) * of_age;
            if left < hazard {
                age += left / hazard;
                break;
            }
            left -= hazard;
            age += 1.0;
        }
        // A pack a day was usual once; half a pack is now.
        let packs = random.log_normal(if year < 1965 { 0.85 } else { 0.55 }, 0.5).clamp(0.05, 3.0);
        person.life.smoking = Some((birth.plus(years(from)), birth.plus(years(age)), packs));
    }

    // Alcohol use disorder: about 7 % of adults in a year (NSDUH before its change of definition in
    // 2020), men more than women, the young more than the old.
    let pull = 0.35 * scores.each[3] + 0.3 * scores.tobacco + 0.85 * random.normal();
    if normal_share(pull) > if female { 0.81 } else { 0.69 } {
        let from = random.triangular(17.0, 21.0, 45.0);
        let lasts = random.exponential(18.0);
        person.life.drinking = Some((birth.plus(years(from)), birth.plus(years(from + lasts))));
    }

    // Homeless at some time as an adult: 4 % in ever so many surveys, at any time about 0.2 %.
    let misery = -0.6 * scores.standing + 0.4 * scores.each[3] + 0.65 * random.normal();
    if normal_share(misery) > 0.96 {
        let from = random.triangular(18.0, 35.0, 65.0);
        person.life.homeless =
            Some((birth.plus(years(from)), birth.plus(years(from + random.exponential(2.5)))));
    }

    // 6 % of adults served (ACS 2022): 1 in 3 men born before 1955, since then 1 in 9.
    let served = match (female, year) {
        (false, ..=1934) => 0.5,
        (false, 1935..=1954) => 0.3,
        (false, _) => 0.1,
        (true, ..=1954) => 0.01,
        (true, _) => 0.018,
    };
    if random.chance(served) {
        person.life.veteran = Some(birth.plus(years(random.between(21.0, 26.0))));
    }

    // Median age at first marriage rose from 22 to 29 (Census, MS-2), and more never marry.
    let (median, ever) = match year {
        ..=1949 => (22.5, 0.95),
        1950..=1969 => (25.0, 0.90),
        1970..=1989 => (28.5, 0.80),
        _ => (30.0, 0.75),
    };
    if random.chance(ever) {
        let at = (median + random.log_normal(5.0, 0.6) - 5.0).max(18.0);
        // Seven in ten women took the man's name, fewer lately.
        let taken = female && random.chance(if year < 1970 { 0.9 } else { 0.7 });
        let name = taken.then(|| names::family(random, origin).into());
        person.life.marriage = Some((birth.plus(years(at)), name));
        // Two in five part; otherwise the partner dies, women's sooner.
        let apart = random.chance(0.38).then(|| at + random.exponential(13.0));
        let death = 81.0 + 11.0 * random.normal() + if female { -4.0 } else { 2.0 };
        let ends = apart.filter(|apart| *apart < death).unwrap_or(death.max(at + 1.0));
        let widowed = apart.is_none_or(|apart| apart >= death);
        // A third of the divorced stay so; the others marry again, which is not told.
        if widowed || random.chance(0.5) {
            person.life.separation = Some((birth.plus(years(ends)), widowed));
        }
    }
}

/// Pack-years smoked by a moment.
pub(super) fn pack_years(person: &Person, now: Time) -> f64 {
    person.life.smoking.map_or(0.0, |(from, until, packs)| {
        (now.min(until).since(from).max(0) as f64 / YEAR as f64) * packs
    })
}
