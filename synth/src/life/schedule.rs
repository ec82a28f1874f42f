//! When people come: check-ups by age, the day of an emergency department, office hours; and how long
//! visits and stays last.

use super::words::Words;
use crate::person::{Person, Value};
use crate::record::{Class, Ward};
use crate::time::{DAY, HOUR, MINUTE, MONTH, Time, YEAR};

/// Ages of infants' check-ups in months, after Bright Futures (American Academy of Pediatrics).
pub const INFANT_MONTHS: [i32; 10] = [1, 2, 4, 6, 9, 12, 15, 18, 24, 30];

/// Arrivals at emergency departments by hour, relative: least at four and five in the morning, most
/// from late morning to evening (NHAMCS; Welch 2007 and many since).
pub const EMERGENCY_HOURS: [f64; 24] = [
    2.6, 2.2, 1.9, 1.6, 1.45, 1.5, 1.9, 2.7, 3.9, 5.0, 5.8, 6.1, 6.0, 5.8, 5.7, 5.6, 5.6, 5.7, 5.8,
    5.7, 5.3, 4.8, 4.1, 3.25,
];
/// By weekday from Monday, which sees 8 % more than other days. Within the 24 hours in which an
/// emergency comes, days can take only so much from their neighbours: hence the wide range here.
const EMERGENCY_DAYS: [f64; 7] = [1.38, 1.12, 1.0, 0.96, 0.93, 0.84, 0.88];
/// Urgent care, open from 8 to 20.
const URGENT_HOURS: [f64; 24] =
    hours(8, [6.0, 9.0, 10.0, 10.0, 8.0, 8.0, 8.0, 8.0, 9.0, 9.0, 7.0, 4.0]);
const URGENT_DAYS: [f64; 7] = [1.2, 1.0, 1.0, 1.0, 1.0, 1.05, 0.95];
/// Offices, open from 8 to 17.
const OFFICE_HOURS: [f64; 24] = hours(8, [8.0, 11.0, 11.0, 10.0, 3.0, 9.0, 10.0, 9.0, 6.0]);
const OFFICE_DAYS: [f64; 7] = [1.05, 1.05, 1.03, 1.02, 0.85, 0.0, 0.0];
/// Planned admissions: in the morning of a weekday, fewer on Friday, next to none at weekends.
const PLANNED_HOURS: [f64; 24] = hours(6, [10.0, 8.0, 3.0]);
const PLANNED_DAYS: [f64; 7] = [1.15, 1.15, 1.1, 1.0, 0.7, 0.02, 0.02];
/// Births come at any hour, inductions and planned sections by day on weekdays (NCHS data brief 200).
const MATERNITY_HOURS: [f64; 24] = [
    3.0, 2.9, 2.8, 2.8, 3.0, 3.4, 4.2, 5.6, 6.4, 4.9, 4.4, 4.5, 5.5, 5.3, 4.9, 4.8, 4.8, 4.7, 4.5,
    4.2, 3.9, 3.7, 3.4, 3.2,
];
const MATERNITY_DAYS: [f64; 7] = [1.06, 1.13, 1.11, 1.11, 1.08, 0.78, 0.7];
/// Homes visited.
const HOME_HOURS: [f64; 24] = hours(8, [6.0, 10.0, 10.0, 8.0, 5.0, 8.0, 8.0, 6.0]);
const HOME_DAYS: [f64; 7] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.35, 0.25];
/// Transfers to nursing facilities and hospices.
const TRANSFER_HOURS: [f64; 24] = hours(10, [4.0, 6.0, 8.0, 9.0, 10.0, 9.0, 7.0, 4.0]);
const TRANSFER_DAYS: [f64; 7] = [1.0, 1.0, 1.0, 1.0, 1.1, 0.5, 0.35];

const fn hours<const N: usize>(from: usize, open: [f64; N]) -> [f64; 24] {
    let mut day = [0.0; 24];
    let mut at = 0;
    while at < N {
        day[from + at] = open[at];
        at += 1;
    }
    day
}

/// When people of a kind come.
struct Pattern {
    hours: &'static [f64; 24],
    days: &'static [f64; 7],
    /// Closed on public holidays.
    holidays: bool,
    /// How many days ahead the window reaches, 1 to 6.
    ahead: i64,
    /// How much less likely each day of waiting is than the one before.
    patience: f64,
    /// Appointments are at full quarters.
    appointments: bool,
}

impl Pattern {
    fn of(class: Class, ward: Option<Ward>) -> Self {
        let open = |hours, days, ahead, patience| Self {
            hours,
            days,
            holidays: false,
            ahead,
            patience,
            appointments: false,
        };
        match class {
            Class::Wellness | Class::Outpatient => Self {
                holidays: true,
                appointments: true,
                ..open(&OFFICE_HOURS, &OFFICE_DAYS, 6, 1.0)
            },
            Class::Ambulatory | Class::Virtual => Self {
                holidays: true,
                appointments: true,
                ..open(&OFFICE_HOURS, &OFFICE_DAYS, 6, 0.6)
            },
            Class::UrgentCare => open(&URGENT_HOURS, &URGENT_DAYS, 1, 1.0),
            Class::Home => open(&HOME_HOURS, &HOME_DAYS, 4, 0.7),
            Class::Snf | Class::Hospice => open(&TRANSFER_HOURS, &TRANSFER_DAYS, 2, 0.6),
            // What was planned goes to a surgical ward; the rest comes as emergencies do.
            Class::Inpatient if ward == Some(Ward::Surgical) => {
                Self { holidays: true, ..open(&PLANNED_HOURS, &PLANNED_DAYS, 6, 1.0) }
            }
            Class::Inpatient if ward == Some(Ward::Maternity) => {
                open(&MATERNITY_HOURS, &MATERNITY_DAYS, 1, 1.0)
            }
            Class::Emergency | Class::Inpatient => open(&EMERGENCY_HOURS, &EMERGENCY_DAYS, 1, 1.0),
        }
    }
}

/// New Year's Day, Independence Day, Thanksgiving, Christmas Day.
fn holiday(day: Time) -> bool {
    let civil = day.civil();
    match (civil.month, civil.day) {
        (1, 1) | (7, 4) | (12, 25) => true,
        (11, 22..=28) => day.weekday() == 3,
        _ => false,
    }
}

/// See [`super::arrival`].
pub(super) fn arrival(person: &mut Person, class: Class, ward: Option<Ward>, wanted: Time) -> Time {
    // A stay that begins with life itself begins at birth.
    if class == Class::Inpatient && wanted.since(person.birth) < HOUR {
        return wanted;
    }
    let pattern = Pattern::of(class, ward);
    // The window: whole days from the hour asked for, so that the rhythm of the day holds whatever
    // that hour is. Each hour in it weighs as much as the pattern says; first the day is drawn by
    // the sum of its hours, then the hour.
    let hour = (wanted.0.rem_euclid(DAY) / HOUR) as usize;
    let open = |day: i64| match day {
        0 => hour..24,
        day if day == pattern.ahead => 0..hour,
        _ => 0..24,
    };
    let midnight = wanted.midnight();
    let mut days = [0.0; 8];
    let mut patience = 1.0;
    for day in 0..=pattern.ahead {
        let at = midnight.plus(day * DAY);
        let of_day = pattern.days[at.weekday() as usize];
        let hours: f64 = pattern.hours[open(day)].iter().sum();
        if of_day > 0.0 && hours > 0.0 && !(pattern.holidays && holiday(at)) {
            days[day as usize] = of_day * hours * patience;
        }
        patience *= pattern.patience;
    }
    let random = &mut person.life_random;
    let days = &days[..=pattern.ahead as usize];
    let mut day = random.weighted(days.iter().copied()) as i64;
    let mut range = open(day);
    if days[day as usize] == 0.0 {
        // A holiday and a weekend in a row: the day after them.
        let is_open = |day: &i64| {
            let at = midnight.plus(day * DAY);
            pattern.days[at.weekday() as usize] > 0.0 && !(pattern.holidays && holiday(at))
        };
        day = (pattern.ahead..=6).find(is_open).unwrap_or(6);
        range = if day == 0 { hour..24 } else { 0..24 };
    }
    let from = range.start as i64;
    let chosen = from + random.weighted(pattern.hours[range].iter().copied()) as i64;
    let minute = if pattern.appointments { 15 * random.whole(0, 3) } else { random.whole(0, 59) };
    midnight.plus(day * DAY + chosen * HOUR + minute * MINUTE).max(wanted)
}

/// See [`super::next_wellness`].
pub(super) fn next_wellness(person: &mut Person, words: &Words, last: Option<Time>) -> Time {
    let birth = person.birth;
    let last_months = last.map_or(0, |last| last.plus(12 * DAY).age_months(birth));
    let random = &mut person.life_random;
    if let Some(months) = INFANT_MONTHS.iter().find(|months| **months > last_months) {
        let due = birth.midnight().plus((f64::from(*months) * 30.44) as i64 * DAY);
        let due = due.plus(random.whole(0, 6) * DAY);
        return arrival(
            person,
            Class::Wellness,
            None,
            due.max(last.unwrap_or(birth).plus(14 * DAY)),
        );
    }
    let last = last.unwrap_or(birth);
    let age = last.age_years(birth);
    let years = interval(person, words, age);
    let random = &mut person.life_random;
    // Children come around their birthdays; adults when the reminder has been answered.
    let due = if age < 19 {
        let birthday = birth.plus_years(age + 1).midnight();
        birthday.plus(random.whole(0, 28) * DAY).max(last.plus(5 * MONTH))
    } else {
        last.midnight().plus(years * YEAR + random.whole(-10, 40) * DAY)
    };
    // Some let one go by.
    let missed = (1.0 - person.life.adherence) * 0.35;
    let due = if random.chance(missed) { due.plus(years * YEAR) } else { due };
    arrival(person, Class::Wellness, None, due)
}

/// Years between check-ups: yearly to 19, then every three to 39, two to 49, yearly from 50 on or
/// with a chronic illness.
fn interval(person: &Person, words: &Words, age: i32) -> i64 {
    let attributes = &words.attributes;
    let chronic = [
        attributes.hypertension,
        attributes.diabetes,
        attributes.hyperlipidemia,
        attributes.chf,
        attributes.copd,
        attributes.atrial_fibrillation,
        attributes.ischemic_heart_disease,
        attributes.cancer,
        attributes.dementia,
        attributes.ckd,
    ]
    .into_iter()
    .any(|id| match person.attribute(id) {
        Value::Bool(on) => on,
        Value::Number(stage) => stage > 0.0,
        _ => false,
    });
    match age {
        _ if chronic => 1,
        ..=19 => 1,
        20..=39 => 3,
        40..=49 => 2,
        _ => 1,
    }
}

/// See [`super::visit_seconds`].
pub(super) fn visit_seconds(person: &mut Person, class: Class) -> i64 {
    // Median, spread of the logarithm, least and most, in minutes. Office visits: NAMCS (mean 21
    // minutes with the physician) and the time around it; emergency: NHAMCS 2021, median about 3 h.
    const HOURS: f64 = 60.0;
    const DAYS: f64 = 24.0 * HOURS;
    let (median, spread, least, most) = match class {
        Class::Wellness => (32.0, 0.3, 15.0, 75.0),
        Class::Ambulatory => (22.0, 0.35, 10.0, 60.0),
        Class::Outpatient => (35.0, 0.4, 15.0, 120.0),
        Class::UrgentCare => (50.0, 0.4, 20.0, 150.0),
        Class::Emergency => (3.1 * HOURS, 0.5, HOURS, 8.0 * HOURS),
        Class::Inpatient => (2.9 * DAYS, 0.7, 0.7 * DAYS, 30.0 * DAYS),
        Class::Hospice => (60.0, 0.3, 30.0, 120.0),
        Class::Home => (45.0, 0.3, 20.0, 90.0),
        Class::Snf => (20.0 * DAYS, 0.6, 3.0 * DAYS, 90.0 * DAYS),
        Class::Virtual => (16.0, 0.35, 8.0, 40.0),
    };
    let minutes = person.life_random.log_normal(median, spread).clamp(least, most);
    (minutes as i64) * MINUTE
}

/// See [`super::stay_factor`].
pub(super) fn stay_factor(age: i32) -> f64 {
    // Mean stays by age, HCUP National Inpatient Sample 2019, relative to the age of 50.
    let rows = [
        (0.0, 0.80),
        (5.0, 0.75),
        (18.0, 0.82),
        (35.0, 0.90),
        (50.0, 1.0),
        (65.0, 1.1),
        (80.0, 1.18),
        (95.0, 1.2),
    ];
    let [factor] =
        super::growth::between(&rows, f64::from(age), |row: (f64, f64)| row.0, |row| [row.1]);
    factor
}
