//! What is going round, and what the weather does: weekly intensities, made once per run.
//!
//! Every winter and summer is drawn from a stream of its own, so the past does not change when a run
//! ends later. Influenza, respiratory illness, injuries and heat have mean 1 over 2010 to 2025, COVID
//! over 2020 to 2026: a module writes its yearly rate and multiplies.
//!
//! Heights and dates of waves are told after the CDC's FluView, RESP-NET and COVID Data Tracker, to
//! the precision of a sketch: which seasons were early, high or missing.

use super::Season;
use crate::random::Random;
use crate::time::{DAY, Time, WEEK};

/// The first winter with a table; before it, intensity is that of its first week.
const FIRST_YEAR: i32 = 1900;
/// Tables go at least to here, so that means do not depend on the end of the run.
const LAST_YEAR_LEAST: i32 = 2027;

/// What is going round: intensities relative to the long-run mean of 1.
#[derive(Clone, Debug, Default)]
pub struct Seasons {
    start: i64,
    /// By week, then by [`Season`].
    weeks: Vec<[f32; 5]>,
}

impl Seasons {
    /// The seasons of a run.
    pub fn new(seed: u64, end: Time) -> Self {
        let last_year = (end.civil().year + 2).max(LAST_YEAR_LEAST + 1);
        let start = Time::of_date(FIRST_YEAR, 1, 1);
        let count = (Time::of_date(last_year, 1, 1).since(start) / WEEK + 2) as usize;
        let mut table = Table { start, weeks: vec![[0.0; 5]; count] };
        for year in FIRST_YEAR - 1..=last_year {
            influenza(&mut table, seed, year);
            respiratory(&mut table, seed, year);
            injury(&mut table, seed, year);
            heat(&mut table, seed, year);
        }
        covid(&mut table, seed, last_year);
        for season in [Season::Influenza, Season::Respiratory, Season::Injury, Season::Heat] {
            table.normalize(season, 2010, 2026);
        }
        table.normalize(Season::Covid, 2020, 2027);
        let weeks = table.weeks.iter().map(|week| week.map(|value| value as f32)).collect();
        Self { start: start.0, weeks }
    }

    /// How intense at a moment. Seasons that were never made (`default`) are always 1.
    pub fn intensity(&self, season: Season, at: Time) -> f64 {
        let Some(last) = self.weeks.len().checked_sub(1) else { return 1.0 };
        let since = at.0 - self.start;
        let place = since.div_euclid(WEEK).clamp(0, last as i64) as usize;
        let part = if since < 0 { 0.0 } else { since.rem_euclid(WEEK) as f64 / WEEK as f64 };
        let (low, high) = (self.weeks[place], self.weeks[(place + 1).min(last)]);
        let (low, high) = (f64::from(low[season as usize]), f64::from(high[season as usize]));
        low + (high - low) * part
    }
}

/// Weekly values while they are made.
struct Table {
    start: Time,
    weeks: Vec<[f64; 5]>,
}

impl Table {
    /// Adds a wave shaped like a bell, `before` and `after` days (standard deviation) wide.
    fn wave(&mut self, season: Season, peak: Time, height: f64, before: f64, after: f64) {
        let reach = |days: f64| (4.0 * days) as i64 * DAY;
        self.each(peak.plus(-reach(before)), peak.plus(reach(after)), |time, week| {
            let days = time.since(peak) as f64 / DAY as f64;
            let width = if days < 0.0 { before } else { after };
            week[season as usize] += height * (-0.5 * (days / width).powi(2)).exp();
        });
    }

    /// Visits the weeks between two moments.
    fn each(&mut self, from: Time, until: Time, mut visit: impl FnMut(Time, &mut [f64; 5])) {
        let place = |time: Time| (time.since(self.start).div_euclid(WEEK)).max(0) as usize;
        let (first, last) = (place(from), place(until).min(self.weeks.len() - 1));
        for place in first..=last {
            let time = self.start.plus(place as i64 * WEEK);
            if time >= from && time < until {
                visit(time, &mut self.weeks[place]);
            }
        }
    }

    /// Divides by the mean from the first day of one year to that of another.
    fn normalize(&mut self, season: Season, from: i32, until: i32) {
        let (mut sum, mut count) = (0.0, 0);
        self.each(Time::of_date(from, 1, 1), Time::of_date(until, 1, 1), |_, week| {
            sum += week[season as usize];
            count += 1;
        });
        let mean = sum / f64::from(count.max(1));
        if mean > 0.0 {
            for week in &mut self.weeks {
                week[season as usize] /= mean;
            }
        }
    }
}

fn stream(seed: u64, year: i32, purpose: &str) -> Random {
    Random::new(seed, year as u64, purpose)
}

/// The winter that begins in `year`.
fn influenza(table: &mut Table, seed: u64, year: i32) {
    let mut random = stream(seed, year, "influenza");
    let mid = Time::of_date(year + 1, 1, 31);
    let mut peak = mid.plus((random.normal() * 17.0).clamp(-40.0, 40.0) as i64 * DAY);
    let mut height = random.log_normal(1.0, 0.38);
    let late = random.chance(0.5).then(|| random.between(0.15, 0.5));
    // Winters that everyone remembers: pandemics came early, and COVID's first winter had none.
    let mut fixed = |month: u32, day: u32, factor: f64| {
        let that = if month < 7 { year + 1 } else { year };
        peak = Time::of_date(that, month, day).plus(random.whole(-5, 5) * DAY);
        height = factor;
    };
    match year {
        1918 => fixed(10, 20, 4.0),
        1957 => fixed(10, 25, 2.2),
        1968 => fixed(12, 22, 1.9),
        2009 => fixed(10, 26, 1.6),
        2017 => fixed(2, 1, 1.9),
        2020 => height = 0.015,
        2021 => height = 0.35,
        2022 => fixed(12, 3, 1.2),
        2024 => fixed(2, 3, 1.8),
        _ => {}
    }
    table.wave(Season::Influenza, peak, height, 22.0, 26.0);
    if let Some(share) = late {
        // Influenza B follows in spring.
        let spring = peak.plus(random.whole(45, 70) * DAY);
        table.wave(Season::Influenza, spring, height * share, 18.0, 20.0);
    }
    // A few cases travel all year.
    let start = Time::of_date(year, 7, 1);
    let quiet = if year == 2020 { 0.002 } else { 0.02 };
    table.each(start, Time::of_date(year + 1, 7, 1), |_, week| {
        week[Season::Influenza as usize] += quiet
    });
}

/// Colds, RSV and what else keeps the winter coughing.
fn respiratory(table: &mut Table, seed: u64, year: i32) {
    let mut random = stream(seed, year, "respiratory");
    // Distance and masks kept other viruses away as well, and schools brought them back.
    let damp = match year {
        2020 => 0.35,
        _ => random.log_normal(1.0, 0.1),
    };
    let (start, end) = (Time::of_date(year, 7, 1), Time::of_date(year + 1, 7, 1));
    table.each(start, end, |time, week| {
        let phase = time.since(Time::of_date(year + 1, 1, 14)) as f64 / (365.25 * DAY as f64);
        week[Season::Respiratory as usize] +=
            damp * (0.9 + 0.55 * (std::f64::consts::TAU * phase).cos());
    });
    // RSV: before Christmas, but in the summer of 2021 and early in 2022.
    let peak = match year {
        2021 => Time::of_date(2021, 8, 25),
        2022 => Time::of_date(2022, 11, 12),
        _ => Time::of_date(year, 12, 20).plus((random.normal() * 10.0) as i64 * DAY),
    };
    let height = if year == 2020 { 0.02 } else { random.log_normal(0.6, 0.25) };
    table.wave(Season::Respiratory, peak, height, 21.0, 26.0);
    // Rhinoviruses come back with school.
    let school = Time::of_date(year, 9, 20).plus(random.whole(-6, 6) * DAY);
    table.wave(Season::Respiratory, school, 0.3 * damp, 12.0, 18.0);
}

/// Ice in winter, ladders and bicycles in summer.
fn injury(table: &mut Table, seed: u64, year: i32) {
    let mut random = stream(seed, year, "injury");
    let start = Time::of_date(year, 1, 1);
    // Everyone stayed at home in the spring of 2020.
    table.each(start, Time::of_date(year + 1, 1, 1), |time, week| {
        let phase = time.since(Time::of_date(year, 7, 15)) as f64 / (365.25 * DAY as f64);
        let home = time >= Time::of_date(2020, 3, 16) && time < Time::of_date(2020, 6, 1);
        let rate = 1.0 + 0.16 * (std::f64::consts::TAU * phase).cos();
        week[Season::Injury as usize] += if home { 0.7 * rate } else { rate };
    });
    for _ in 0..random.whole(1, 4) {
        let storm = Time::of_date(year, 1, 3).plus(random.whole(0, 70) * DAY);
        table.wave(Season::Injury, storm, random.between(0.15, 0.6), 4.0, 6.0);
    }
}

/// Summer, and heat waves of a week or so.
fn heat(table: &mut Table, seed: u64, year: i32) {
    let mut random = stream(seed, year, "heat");
    let warm = random.log_normal(1.0, 0.2);
    table.wave(Season::Heat, Time::of_date(year, 7, 22), warm, 26.0, 26.0);
    // Summers have become hotter, by about a tenth of these waves in ten years.
    let trend = (1.0 + 0.01 * f64::from(year - 2018)).clamp(0.3, 1.5);
    for _ in 0..random.whole(1, 4) {
        let peak = Time::of_date(year, 7, 18).plus((random.normal() * 22.0) as i64 * DAY);
        let height = trend * random.log_normal(2.0, 0.4);
        table.wave(Season::Heat, peak, height, 3.5, 4.0);
    }
}

/// Nothing before March 2020; the waves everyone remembers; two humps a year since.
fn covid(table: &mut Table, seed: u64, last_year: i32) {
    let mut random = stream(seed, 2020, "covid");
    let mut jitter = |scale: f64| (random.log_normal(1.0, scale), random.whole(-4, 4));
    for (year, month, day, height, before, after) in [
        (2020, 4, 14, 1.0, 14.0, 24.0),   // first wave
        (2020, 7, 20, 0.2, 24.0, 24.0),   // summer, elsewhere more than here
        (2021, 1, 6, 1.25, 36.0, 28.0),   // first winter
        (2021, 4, 8, 0.4, 20.0, 18.0),    // alpha
        (2021, 9, 10, 0.55, 26.0, 30.0),  // delta
        (2021, 12, 1, 0.5, 24.0, 20.0),   // delta, second hump
        (2022, 1, 11, 1.9, 13.0, 16.0),   // omicron
        (2022, 5, 20, 0.35, 22.0, 26.0),  // BA.2
        (2022, 7, 24, 0.45, 24.0, 34.0),  // BA.5
        (2022, 12, 30, 0.55, 26.0, 36.0), // XBB
        (2023, 9, 3, 0.26, 26.0, 30.0),
        (2023, 12, 30, 0.42, 26.0, 28.0),
        (2024, 8, 18, 0.3, 28.0, 30.0),
        (2024, 12, 31, 0.28, 24.0, 30.0),
    ] {
        let (factor, days) = jitter(0.1);
        let peak = Time::of_date(year, month, day).plus(days * DAY);
        table.wave(Season::Covid, peak, height * factor, before, after);
    }
    for year in 2025..=last_year {
        let mut random = stream(seed, year, "covid");
        let summer = Time::of_date(year, 8, 28).plus((random.normal() * 8.0) as i64 * DAY);
        table.wave(Season::Covid, summer, random.log_normal(0.24, 0.2), 26.0, 24.0);
        let winter = Time::of_date(year, 12, 31).plus((random.normal() * 6.0) as i64 * DAY);
        table.wave(Season::Covid, winter, random.log_normal(0.28, 0.2), 22.0, 28.0);
    }
    // A week late, because interpolation looks one week ahead.
    let (first, second) = (Time::of_date(2020, 3, 8), Time::of_date(2020, 3, 29));
    table.each(Time(i64::MIN / 2), Time(i64::MAX / 2), |time, week| {
        let ramp = time.since(first) as f64 / second.since(first) as f64;
        let ramp = ramp.clamp(0.0, 1.0);
        let covid = &mut week[Season::Covid as usize];
        *covid = ramp * (*covid + 0.03);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seasons(seed: u64) -> Seasons {
        Seasons::new(seed, Time::of_date(2026, 11, 30))
    }

    /// The mean over whole days from one date to another.
    fn mean(seasons: &Seasons, season: Season, from: Time, until: Time) -> f64 {
        let days = until.since(from) / DAY;
        (0..days).map(|day| seasons.intensity(season, from.plus(day * DAY))).sum::<f64>()
            / days as f64
    }

    fn of_years(seasons: &Seasons, season: Season, from: i32, until: i32) -> f64 {
        mean(seasons, season, Time::of_date(from, 1, 1), Time::of_date(until, 1, 1))
    }

    const ALL: [Season; 5] =
        [Season::Influenza, Season::Respiratory, Season::Covid, Season::Injury, Season::Heat];

    #[test]
    fn the_long_run_mean_is_one() {
        for seed in 0..8 {
            let seasons = seasons(seed);
            for season in ALL {
                let from = if season == Season::Covid { 2020 } else { 2010 };
                let until = if season == Season::Covid { 2027 } else { 2026 };
                let mean = of_years(&seasons, season, from, until);
                assert!((mean - 1.0).abs() < 0.01, "{season:?} of seed {seed}: {mean}");
            }
        }
    }

    #[test]
    fn the_past_does_not_depend_on_the_end() {
        let (near, far) = (seasons(7), Seasons::new(7, Time::of_date(2045, 1, 1)));
        for day in 0..26 * 365 {
            let at = Time::of_date(2000, 1, 1).plus(day * DAY);
            for season in ALL {
                assert_eq!(
                    near.intensity(season, at),
                    far.intensity(season, at),
                    "{season:?} {at}"
                );
            }
        }
    }

    #[test]
    fn winters_bring_influenza_and_summers_heat() {
        for seed in 0..8 {
            let seasons = seasons(seed);
            for year in [2012, 2015, 2019, 2024] {
                let winter = (Time::of_date(year, 1, 1), Time::of_date(year, 3, 15));
                let summer = (Time::of_date(year, 6, 20), Time::of_date(year, 8, 31));
                let of = |season, when: (Time, Time)| mean(&seasons, season, when.0, when.1);
                assert!(of(Season::Influenza, winter) > 8.0 * of(Season::Influenza, summer));
                assert!(of(Season::Respiratory, winter) > 1.5 * of(Season::Respiratory, summer));
                assert!(of(Season::Heat, summer) > 20.0 * of(Season::Heat, winter));
            }
        }
    }

    #[test]
    fn the_winter_of_2020_has_no_influenza() {
        for seed in 0..8 {
            let seasons = seasons(seed);
            let season = |year: i32| {
                let (from, until) = (Time::of_date(year, 9, 1), Time::of_date(year + 1, 6, 1));
                mean(&seasons, Season::Influenza, from, until)
            };
            let others: f64 = (2010..2020).map(season).sum::<f64>() / 10.0;
            assert!(season(2020) < 0.05 * others, "{} of {others}", season(2020));
            // Some winters are twice as bad as others.
            let worst = (2010..2020).map(season).fold(0.0, f64::max);
            let best = (2010..2020).map(season).fold(f64::MAX, f64::min);
            assert!(worst > 1.6 * best);
        }
    }

    #[test]
    fn covid_begins_in_march_2020_and_peaks_with_omicron() {
        for seed in 0..8 {
            let seasons = seasons(seed);
            let covid = |year, month, day| {
                seasons.intensity(Season::Covid, Time::of_date(year, month, day))
            };
            for day in 0..3_650 {
                let at = Time::of_date(2020, 3, 1).plus(-day * DAY);
                assert_eq!(seasons.intensity(Season::Covid, at), 0.0, "{at}");
            }
            assert!(covid(2020, 4, 14) > 1.5);
            assert!(covid(2021, 1, 6) > 1.5);
            assert!(covid(2021, 6, 25) < 0.6);
            assert!(covid(2022, 1, 12) > covid(2021, 1, 6));
            // Two humps a year since.
            for year in [2023, 2025] {
                let month = |year, month| {
                    let from = Time::of_date(year, month, 1);
                    mean(&seasons, Season::Covid, from, from.plus(30 * DAY))
                };
                assert!(month(year, 9) > 1.5 * month(year, 5), "summer of {year}, seed {seed}");
                assert!(month(year + 1, 1) > 1.2 * month(year, 11), "winter of {year}");
            }
        }
    }

    #[test]
    fn nothing_is_negative_and_moments_outside_have_an_answer() {
        let seasons = seasons(3);
        for season in ALL {
            for week in -3_000..5_000 {
                let value = seasons.intensity(season, Time(week * WEEK + 12_345));
                assert!(value.is_finite() && value >= 0.0);
            }
            assert!(seasons.intensity(season, Time(i64::MIN / 4)).is_finite());
            assert!(seasons.intensity(season, Time(i64::MAX / 4)).is_finite());
        }
    }

    #[test]
    fn seeds_differ() {
        let at = Time::of_date(2015, 1, 20);
        assert_ne!(
            seasons(1).intensity(Season::Influenza, at),
            seasons(2).intensity(Season::Influenza, at)
        );
    }
}
