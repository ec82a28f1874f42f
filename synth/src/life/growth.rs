//! Height, body mass and head by age and sex.
//!
//! Medians and spreads of children: CDC growth charts 2000 and, under two years, the WHO standards
//! (both public), rounded, with straight lines between the ages given. Adults: NHANES 2015-2020.

use crate::person::Sex;

/// Age in years; median height of boys and girls in cm; standard deviation as a share of the median.
const HEIGHT: [(f64, f64, f64, f64); 25] = [
    (0.0, 49.9, 49.1, 0.038),
    (0.25, 61.4, 59.8, 0.034),
    (0.5, 67.6, 65.7, 0.033),
    (0.75, 72.0, 70.1, 0.033),
    (1.0, 75.7, 74.0, 0.033),
    (1.5, 82.3, 80.7, 0.034),
    (2.0, 87.0, 85.6, 0.036),
    (3.0, 95.3, 94.2, 0.039),
    (4.0, 102.5, 101.0, 0.041),
    (5.0, 109.2, 107.9, 0.043),
    (6.0, 115.7, 115.0, 0.044),
    (7.0, 122.0, 121.5, 0.045),
    (8.0, 128.1, 127.6, 0.046),
    (9.0, 133.7, 132.9, 0.046),
    (10.0, 138.8, 138.2, 0.047),
    (11.0, 143.7, 144.8, 0.047),
    (12.0, 149.3, 151.5, 0.047),
    (13.0, 156.4, 157.1, 0.046),
    (14.0, 164.1, 160.4, 0.044),
    (15.0, 170.1, 161.9, 0.042),
    (16.0, 173.6, 162.5, 0.0415),
    (17.0, 175.3, 162.9, 0.041),
    (18.0, 176.2, 163.1, 0.041),
    (20.0, 176.6, 163.2, 0.041),
    (50.0, 176.6, 163.2, 0.041),
];

/// Age in years; median weight of boys and girls in kg. Spread: see [`INFANT_SPREAD`].
const INFANT_WEIGHT: [(f64, f64, f64); 9] = [
    (0.0, 3.4, 3.3),
    (0.083, 4.5, 4.2),
    (0.25, 6.4, 5.8),
    (0.5, 7.9, 7.3),
    (0.75, 8.9, 8.2),
    (1.0, 9.8, 9.1),
    (1.5, 11.1, 10.4),
    (2.0, 12.5, 11.9),
    (2.5, 13.3, 12.8),
];

/// Age; median body mass index of boys and girls; the L and S of the LMS method, of both.
const MASS: [(f64, f64, f64, f64, f64); 19] = [
    (2.0, 16.6, 16.4, -2.0, 0.077),
    (3.0, 16.0, 15.7, -2.4, 0.076),
    (4.0, 15.6, 15.3, -2.8, 0.078),
    (5.0, 15.4, 15.2, -2.9, 0.083),
    (6.0, 15.4, 15.2, -2.9, 0.092),
    (7.0, 15.5, 15.4, -2.7, 0.103),
    (8.0, 15.8, 15.8, -2.5, 0.113),
    (9.0, 16.2, 16.3, -2.4, 0.122),
    (10.0, 16.6, 16.9, -2.3, 0.129),
    (11.0, 17.2, 17.5, -2.2, 0.134),
    (12.0, 17.8, 18.1, -2.1, 0.138),
    (13.0, 18.5, 18.7, -2.1, 0.139),
    (14.0, 19.2, 19.4, -2.1, 0.139),
    (15.0, 19.9, 19.9, -2.1, 0.139),
    (16.0, 20.6, 20.5, -2.1, 0.138),
    (17.0, 21.2, 21.0, -2.1, 0.138),
    (18.0, 21.8, 21.3, -2.1, 0.138),
    (19.0, 22.4, 21.5, -2.1, 0.139),
    (20.0, 23.0, 21.7, -2.1, 0.140),
];

/// Age; head circumference of boys and girls in cm. Standard deviation: 1.3 cm.
const HEAD: [(f64, f64, f64); 9] = [
    (0.0, 34.7, 34.0),
    (0.083, 37.3, 36.5),
    (0.25, 40.6, 39.6),
    (0.5, 43.5, 42.3),
    (1.0, 46.2, 45.0),
    (2.0, 48.6, 47.4),
    (3.0, 49.6, 48.6),
    (5.0, 50.8, 50.0),
    (18.0, 57.0, 55.0),
];

/// Standard deviation of the logarithm of infants' weight for their length; long infants are heavier
/// by twice their length's surplus, so that together it is the 0.115 of the charts.
const INFANT_SPREAD: f64 = 0.09;
/// Standard deviation of the head circumference, in cm.
const HEAD_SPREAD: f64 = 1.3;

/// American children are heavier than the charts, which describe 1963 to 1994: with this shift and
/// stretch of the score 19.7 % of those aged 2 to 19 lie above the 95th percentile (NHANES 2017-2020).
const CHILD_SHIFT: f64 = 0.6;
const CHILD_STRETCH: f64 = 1.2;

/// A straight line between rows of a table, flat beyond its ends.
pub(super) fn between<const N: usize, Row: Copy>(
    table: &[Row],
    age: f64,
    first: impl Fn(Row) -> f64,
    columns: impl Fn(Row) -> [f64; N],
) -> [f64; N] {
    let next = table.partition_point(|row| first(*row) <= age);
    if next == 0 {
        return columns(table[0]);
    }
    let before = table[next - 1];
    let Some(after) = table.get(next).copied() else { return columns(before) };
    let share = (age - first(before)) / (first(after) - first(before));
    let (low, high) = (columns(before), columns(after));
    std::array::from_fn(|column| low[column] + (high[column] - low[column]) * share)
}

fn of<T>(sex: Sex, boys: T, girls: T) -> T {
    if sex == Sex::Male { boys } else { girls }
}

/// Height in cm for a standard score.
pub(super) fn height(sex: Sex, age: f64, score: f64) -> f64 {
    let [median, spread] = between(
        &HEIGHT,
        age,
        |row| row.0,
        |(_, boys, girls, spread)| [of(sex, boys, girls), spread],
    );
    // People shrink by about a millimetre a year from fifty on.
    median * (1.0 + spread * score) - 0.1 * (age - 50.0).max(0.0)
}

/// Body mass index for a person's own score, from a year and a half on.
pub(super) fn body_mass(sex: Sex, age: f64, score: f64) -> f64 {
    // 17 to 21: from the child's curve to the adult's.
    let adult = ((age - 17.0) / 4.0).clamp(0.0, 1.0);
    let child = if adult < 1.0 { child_mass(sex, age, chart_score(age, score)) } else { 0.0 };
    let grown = if adult > 0.0 { adult_mass(age, score) } else { 0.0 };
    child * (1.0 - adult) + grown * adult
}

/// Where an American child of this own score stands on the charts.
pub(super) fn chart_score(age: f64, score: f64) -> f64 {
    // Infants lie on the charts; the difference grows until school.
    let share = (0.3 + 0.14 * age).min(1.0);
    CHILD_SHIFT * share + (1.0 + (CHILD_STRETCH - 1.0) * share) * score
}

fn child_mass(sex: Sex, age: f64, score: f64) -> f64 {
    let [m, l, s] =
        between(&MASS, age, |row| row.0, |(_, boys, girls, l, s)| [of(sex, boys, girls), l, s]);
    let at = |score: f64| m * (1.0 + l * s * score).powf(1.0 / l);
    // The method has a pole not far above the 99th percentile: beyond the 95th it goes on straight.
    const TURN: f64 = 1.645;
    if score <= TURN { at(score) } else { at(TURN) * (1.0 + 0.1 * (score - TURN)) }
}

/// A shifted log-normal: 41.9 % at 30 and above, 9.2 % at 40 and above, 1.6 % below 18.5 over all
/// adults (NHANES 2017-2020), most in middle age, least among the very old.
fn adult_mass(age: f64, score: f64) -> f64 {
    const BY_AGE: [(f64, f64); 8] = [
        (18.0, -0.32),
        (25.0, -0.12),
        (35.0, 0.04),
        (45.0, 0.10),
        (60.0, 0.09),
        (70.0, 0.03),
        (80.0, -0.25),
        (95.0, -0.7),
    ];
    let [shift] = between(&BY_AGE, age, |row| row.0, |row| [row.1]);
    11.0 + 17.63 * (0.374 * (score + shift)).exp()
}

/// Weight up to two years and a half in kg for a person's own score.
pub(super) fn infant_weight(sex: Sex, age: f64, score: f64) -> f64 {
    let [median] =
        between(&INFANT_WEIGHT, age, |row| row.0, |(_, boys, girls)| [of(sex, boys, girls)]);
    median * (INFANT_SPREAD * chart_score(age, score)).exp()
}

/// Head circumference in cm for a standard score.
pub(super) fn head(sex: Sex, age: f64, score: f64) -> f64 {
    let [median] = between(&HEAD, age, |row| row.0, |(_, boys, girls)| [of(sex, boys, girls)]);
    median + HEAD_SPREAD * score
}
