//! Lives against what is known of the United States. Targets are cited where the model takes them
//! from; seeds are fixed, so a test fails because something changed and not by chance.

use super::demographics::{PYRAMID, residents};
use super::*;
use crate::person::Sex;
use crate::record::{Encounter, Finding};
use crate::time::{DAY, HOUR};
use crate::vocabulary::CodeList;

struct Nation {
    plan: Plan,
    world: World,
    words: Words,
    vocabulary: Vocabulary,
}

impl Nation {
    fn new(end: Time, years: u32) -> Self {
        let mut vocabulary = Vocabulary::new();
        let words = Words::new(&mut vocabulary);
        let mut plan = Plan::new(0, 7, end);
        plan.years = years;
        // Only places matter here; the lifecycle must do without any, too.
        Self { plan, world: World::default(), words, vocabulary }
    }

    fn birth(&self, index: u64) -> Person {
        birth(&self.plan, &self.world, &self.words, &self.vocabulary, index, 0)
    }

    /// A life without modules and visits, up to the plan's end or death.
    fn live(&self, index: u64) -> Person {
        let mut person = self.birth(index);
        let mut now = person.birth;
        while person.alive() && now < self.plan.end {
            now = update(&mut person, &self.world, &self.words, now).min(self.plan.end);
        }
        person
    }

    /// The same with check-ups.
    fn live_with_visits(&self, index: u64) -> Person {
        let mut person = self.birth(index);
        let mut next_update = person.birth;
        let mut next_visit = next_wellness(&mut person, &self.words, None);
        loop {
            let now = next_update.min(next_visit);
            if now >= self.plan.end || !person.alive() {
                return person;
            }
            if next_update <= next_visit {
                next_update = update(&mut person, &self.world, &self.words, now);
                continue;
            }
            person.record.encounters.push(Encounter {
                class: Class::Wellness,
                codes: CodeList(0),
                start: now,
                stop: Some(now.plus(HOUR)),
                reason: None,
                discharge: None,
                facility: 0,
                practitioner: 0,
                module: None,
                wards: Vec::new(),
                acuity: None,
                symptoms: Vec::new(),
                admitted_from: None,
            });
            let encounter = person.record.encounters.len() as u32 - 1;
            attend(&mut person, &self.words, encounter, Class::Wellness, 0, now);
            next_visit = next_wellness(&mut person, &self.words, Some(now));
        }
    }

    fn level(&self, person: &mut Person, vital: Vital) -> f64 {
        super::vital(person, &self.words, vital, self.plan.end)
    }
}

fn today() -> Time {
    Time::of_date(2024, 7, 1)
}

#[track_caller]
fn near(found: f64, target: f64, tolerance: f64, what: &str) {
    assert!((found - target).abs() <= tolerance, "{what}: {found:.4}, not {target} ± {tolerance}");
}

fn chi_square(found: &[f64], expected: &[f64]) -> f64 {
    let (n, total): (f64, f64) = (found.iter().sum(), expected.iter().sum());
    let parts = found.iter().zip(expected).filter(|(_, expected)| **expected > 0.0);
    parts
        .map(|(found, expected)| (found - n * expected / total).powi(2) / (n * expected / total))
        .sum()
}

#[test]
fn ages_and_sexes_are_the_census() {
    let nation = Nation::new(today(), 0);
    let mut found = vec![0.0; 2 * PYRAMID.len()];
    for index in 0..50_000 {
        let person = nation.birth(index);
        let age = person.age(nation.plan.end) as usize;
        let group = PYRAMID.iter().rposition(|row| row.0 <= age).unwrap();
        found[2 * group + usize::from(person.sex == Sex::Male)] += 1.0;
    }
    let expected: Vec<f64> = PYRAMID
        .iter()
        .flat_map(|(_, millions, women)| [millions * women, millions * (1.0 - women)])
        .collect();
    // 41 degrees of freedom: 74.7 at p = 0.001.
    let chi = chi_square(&found, &expected);
    assert!(chi < 74.7, "chi² = {chi:.1}");
}

#[test]
fn who_may_die_on_the_way_is_drawn_more_often() {
    // Weighing everyone with their survival over the ten years gives the census again.
    let nation = Nation::new(today(), 10);
    let (mut old, mut all) = (0.0, 0.0);
    for index in 0..50_000 {
        let person = nation.birth(index);
        let age = person.age(nation.plan.end);
        let weight = mortality::survival(person.sex, age - 10, age);
        all += weight;
        old += if age >= 75 { weight } else { 0.0 };
    }
    let census = |from: usize| -> f64 {
        let both = |age| residents(Sex::Female, age) + residents(Sex::Male, age);
        (from..=110).map(both).sum()
    };
    near(old / all, census(75) / census(0), 0.003, "share aged 75 and over");
}

#[test]
fn filters_hold() {
    let mut nation = Nation::new(today(), 10);
    nation.plan.ages = (65, 70);
    nation.plan.sex = Some(Sex::Male);
    for index in 0..2_000 {
        let person = nation.birth(index);
        assert!((65..=70).contains(&person.age(nation.plan.end)));
        assert_eq!(person.sex, Sex::Male);
    }
}

#[test]
fn nobody_is_born_after_the_end() {
    let mut nation = Nation::new(today(), 10);
    nation.plan.ages = (0, 0);
    for index in 0..5_000 {
        let person = nation.birth(index);
        assert!(person.birth < nation.plan.end && person.age(nation.plan.end) == 0);
    }
}

#[test]
fn the_same_number_is_the_same_person_and_another_attempt_is_not() {
    let nation = Nation::new(today(), 10);
    let again = |index, attempt| {
        format!(
            "{:?}",
            birth(&nation.plan, &nation.world, &nation.words, &nation.vocabulary, index, attempt)
        )
    };
    for index in 0..50 {
        assert_eq!(again(index, 3), again(index, 3));
        assert_ne!(again(index, 3), again(index, 4));
        assert_ne!(again(index, 0), again(index + 1, 0));
    }
    // Whoever is refused in a community is replaced by somebody of the same age, so that refusing
    // the dead of long ago does not make the population younger.
    let aged = |attempt| {
        let person =
            birth(&nation.plan, &nation.world, &nation.words, &nation.vocabulary, 9, attempt);
        (person.sex, person.age(nation.plan.end))
    };
    assert_eq!(aged(0), aged(1));
    let numbers: std::collections::BTreeSet<_> =
        (0..5_000).map(|index| nation.birth(index).identity.mrn).collect();
    assert_eq!(numbers.len(), 5_000, "record numbers differ");
}

#[test]
fn deaths_are_the_background_share_of_the_life_table() {
    let nation = Nation::new(today(), 10);
    // Under 20, 20 to 64, 65 to 84, 85 and over: deaths and expectation.
    let mut bands = [[0.0; 2]; 8];
    let start = nation.plan.history_start();
    for index in 0..50_000 {
        let person = nation.live(index);
        let end = person.death.map_or(nation.plan.end, |death| death.time);
        assert!(end >= start.min(person.birth.plus(YEAR)) || person.birth > start);
        let mut at = start.max(person.birth);
        while at < end {
            let age = person.age(at);
            let until = end.min(person.birth.plus_years(age + 1).midnight().max(at.plus(DAY)));
            let band = match age {
                ..=19 => 0,
                20..=64 => 1,
                65..=84 => 2,
                _ => 3,
            } * 2
                + usize::from(person.sex == Sex::Male);
            let hazard = mortality::background_hazard(person.sex, age);
            bands[band][1] += hazard * until.since(at) as f64 / (365.25 * DAY as f64);
            if person.death.is_some() && until == end {
                bands[band][0] += 1.0;
            }
            at = until;
        }
    }
    for (band, [deaths, expected]) in bands.into_iter().enumerate() {
        // Three standard errors of the count, and 4 % for what frailty selects.
        let tolerance = 3.0 * expected.sqrt() + 0.04 * expected;
        near(deaths, expected, tolerance, &format!("deaths in band {band}"));
        assert!(expected > 12.0, "band {band} is too small to tell");
    }
}

#[test]
fn the_life_table_gives_the_published_expectations() {
    // United States Life Tables 2021 (NVSR 72-12): 73.5 and 79.3 years at birth, 17.0 and 19.7 at 65.
    for (sex, age, years) in [
        (Sex::Male, 0, 73.5),
        (Sex::Female, 0, 79.3),
        (Sex::Male, 65, 17.0),
        (Sex::Female, 65, 19.7),
    ] {
        let lived: f64 = (age + 1..120).map(|to| mortality::survival(sex, age, to)).sum();
        near(lived + 0.5, years, 0.15, "expectation of life");
    }
}

#[test]
fn adults_are_as_heavy_as_americans() {
    let nation = Nation::new(today(), 10);
    let (mut adults, mut obese, mut severe, mut thin) = (0.0, 0.0, 0.0, 0.0);
    let (mut children, mut heavy) = (0.0, 0.0);
    for index in 0..30_000 {
        let mut person = nation.birth(index);
        let age = person.age(nation.plan.end);
        if age >= 20 {
            let mass = nation.level(&mut person, Vital::BodyMass);
            adults += 1.0;
            obese += f64::from(mass >= 30.0);
            severe += f64::from(mass >= 40.0);
            thin += f64::from(mass < 18.5);
        } else if age >= 2 {
            children += 1.0;
            let score = growth::chart_score(10.0, person.life.latent.mass);
            heavy += f64::from(score > 1.645);
        }
    }
    near(obese / adults, 0.419, 0.02, "BMI of 30 and more");
    near(severe / adults, 0.092, 0.015, "BMI of 40 and more");
    near(thin / adults, 0.016, 0.01, "BMI below 18.5");
    near(heavy / children, 0.197, 0.02, "children above the 95th percentile");
}

#[test]
fn smoking_rises_and_falls_as_it_did() {
    // National Health Interview Survey, current smokers among adults.
    for (year, share) in [
        (1974, 0.371),
        (1985, 0.301),
        (1995, 0.247),
        (2005, 0.209),
        (2010, 0.193),
        (2015, 0.151),
        (2022, 0.116),
    ] {
        let mut nation = Nation::new(Time::of_date(year, 7, 1), 0);
        nation.plan.ages = (18, 90);
        let mut smokers = 0.0;
        for index in 0..8_000 {
            let mut person = nation.birth(index);
            update_attributes(&mut person, &nation.words, nation.plan.end);
            smokers +=
                f64::from(person.attribute(nation.words.attributes.smoker) == Value::Bool(true));
        }
        near(smokers / 8_000.0, share, 0.03, &format!("smokers in {year}"));
    }
}

#[test]
fn habits_and_circumstances_are_as_common_as_they_are() {
    let mut nation = Nation::new(today(), 15);
    nation.plan.ages = (18, 110);
    let attributes = nation.words.attributes.clone();
    let mut n = 0.0;
    let mut counts = [0.0; 6];
    let (mut married, mut home) = (0.0, [0.0; 2]);
    for index in 0..20_000 {
        let person = nation.live(index);
        if !person.alive() {
            continue;
        }
        n += 1.0;
        let ids = [
            attributes.alcoholic,
            attributes.homeless,
            attributes.veteran,
            attributes.food_insecurity,
            attributes.transportation_problem,
            attributes.ever_smoker,
        ];
        for (count, id) in counts.iter_mut().zip(ids) {
            *count += f64::from(person.attribute(id) == Value::Bool(true));
        }
        married += f64::from(person.identity.marital == 'M');
        if person.age(nation.plan.end) >= 85 {
            home[0] += 1.0;
            home[1] += f64::from(person.attribute(attributes.nursing_home) == Value::Bool(true));
        }
    }
    let share = |at: usize| counts[at] / n;
    near(share(0), 0.075, 0.02, "alcohol use disorder");
    near(share(1), 0.003, 0.002, "homeless");
    near(share(2), 0.062, 0.012, "veterans");
    near(share(3), 0.13, 0.02, "food insecurity");
    near(share(4), 0.057, 0.012, "no transportation");
    near(share(5), 0.33, 0.05, "ever smoked");
    near(married / n, 0.51, 0.05, "married");
    near(home[1] / home[0], 0.08, 0.05, "in a nursing home at 85");
}

#[test]
fn dispositions_have_their_shares_and_go_together() {
    let nation = Nation::new(today(), 10);
    let attributes = nation.words.attributes.clone();
    let tiers = nation.words.texts.tiers;
    let ids = [
        attributes.risk_metabolic,
        attributes.risk_cardiovascular,
        attributes.risk_respiratory,
        attributes.risk_mental,
        attributes.risk_frailty,
        attributes.risk_cancer,
        attributes.risk_atopy,
    ];
    let n = 20_000;
    let mut counts = [[0.0; 3]; 7];
    let mut both = 0.0;
    for index in 0..n {
        let person = nation.birth(index);
        let tier = |id| {
            let value = person.attribute(id);
            tiers.iter().position(|tier| Value::Text(*tier) == value).expect("a tier")
        };
        for (row, id) in counts.iter_mut().zip(ids) {
            row[tier(id)] += 1.0 / n as f64;
        }
        both += f64::from(tier(ids[0]) == 2 && tier(ids[1]) == 2) / n as f64;
    }
    for row in counts {
        near(row[0], 0.4, 0.02, "low");
        near(row[1], 0.4, 0.02, "average");
        near(row[2], 0.2, 0.02, "high");
    }
    // Independent it would be 0.04.
    assert!(both > 0.06, "metabolic and cardiovascular risk both high: {both:.3}");
}

#[test]
fn children_grow_along_the_charts() {
    // CDC 2000, 50th percentile, cm; the mean of boys' and girls' own heights.
    for (age, boys, girls) in
        [(2, 86.8, 85.4), (5, 109.2, 107.9), (10, 138.8, 138.2), (15, 170.1, 161.9)]
    {
        for (sex, median) in [(Sex::Male, boys), (Sex::Female, girls)] {
            let mut nation = Nation::new(today(), 0);
            nation.plan.ages = (age, age);
            nation.plan.sex = Some(sex);
            let mut heights: Vec<f64> = (0..1_501)
                .map(|index| {
                    let mut person = nation.birth(index);
                    let birthday = person.birth.plus_years(i32::from(age)).plus(DAY);
                    super::vital(&mut person, &nation.words, Vital::Height, birthday)
                })
                .collect();
            heights.sort_by(f64::total_cmp);
            near(heights[750], median, 0.7, &format!("height at {age}"));
        }
    }
    for (age, boys, girls) in [(5.0, 15.4, 15.2), (10.0, 16.6, 16.9), (15.0, 19.9, 19.9)] {
        for (sex, median) in [(Sex::Male, boys), (Sex::Female, girls)] {
            // The score that lies on the chart's middle.
            let middle = -growth::chart_score(age, 0.0)
                / (growth::chart_score(age, 1.0) - growth::chart_score(age, 0.0));
            near(growth::body_mass(sex, age, middle), median, 0.05, "BMI");
        }
    }
}

#[test]
fn nobody_shrinks_before_fifty_or_jumps_in_weight() {
    let mut nation = Nation::new(today(), 0);
    nation.plan.ages = (60, 60);
    for index in 0..200 {
        let mut person = nation.birth(index);
        let mut before: Option<(f64, f64)> = None;
        for quarter in 0..200 {
            let at = person.birth.plus(quarter * 91 * DAY);
            let height = super::vital(&mut person, &nation.words, Vital::Height, at);
            let weight = super::vital(&mut person, &nation.words, Vital::Weight, at);
            if let Some((shorter, lighter)) = before {
                assert!(height >= shorter, "{shorter} to {height} cm in quarter {quarter}");
                if quarter > 8 {
                    assert!((0.88..1.16).contains(&(weight / lighter)), "{lighter} to {weight} kg");
                }
            }
            before = Some((height, weight));
        }
    }
}

#[test]
fn creatinine_and_filtration_agree() {
    // The equation's own values (Inker 2021; National Kidney Foundation calculator).
    near(vitals::filtration(Sex::Female, 50.0, 0.8), 90.0, 0.6, "woman of 50, 0.8 mg/dL");
    near(vitals::filtration(Sex::Male, 60.0, 1.2), 69.0, 0.6, "man of 60, 1.2 mg/dL");
    for rate in [8.0, 25.0, 45.0, 75.0, 100.0, 125.0] {
        for sex in [Sex::Female, Sex::Male] {
            let creatinine = vitals::creatinine(sex, 55.0, rate);
            near(vitals::filtration(sex, 55.0, creatinine), rate, 1e-9, "there and back");
        }
    }
    let nation = Nation::new(today(), 0);
    let ckd = nation.words.attributes.ckd;
    for index in 0..2_000 {
        let mut person = nation.birth(index);
        let age = person.age(nation.plan.end);
        if age < 18 {
            continue;
        }
        let stage = index % 6;
        person.set(ckd, Value::Number(stage as f64));
        let creatinine = nation.level(&mut person, Vital::Creatinine);
        let rate = nation.level(&mut person, Vital::Egfr);
        let age = nation.plan.end.since(person.birth) as f64 / (365.25 * DAY as f64);
        near(rate, vitals::filtration(person.sex, age.floor(), creatinine), 0.5, "reported pair");
        let bounds =
            [(57.0, 150.0), (84.0, 125.0), (55.0, 96.0), (27.0, 65.0), (13.0, 33.0), (3.0, 16.5)];
        let (low, high) = bounds[stage as usize];
        assert!((low..=high).contains(&rate), "stage {stage}: {rate}");
    }
}

#[test]
fn what_belongs_together_agrees() {
    let nation = Nation::new(today(), 0);
    for index in 0..2_000 {
        let mut person = nation.birth(index);
        let mut level = |vital| nation.level(&mut person, vital);
        let sum = level(Vital::Ldl) + level(Vital::Hdl) + level(Vital::Triglycerides) / 5.0;
        near(level(Vital::TotalCholesterol), sum, 0.5, "total cholesterol");
        let metres = level(Vital::Height) / 100.0;
        near(level(Vital::BodyMass), level(Vital::Weight) / (metres * metres), 0.051, "BMI");
        near(level(Vital::Hematocrit), 3.0 * level(Vital::Haemoglobin), 1.6, "hematocrit");
        assert!(level(Vital::Diastolic) + 10.0 < level(Vital::Systolic));
        for vital in Vital::ALL {
            assert_eq!(level(*vital), level(*vital), "{}", vital.name());
            assert!(level(*vital).is_finite(), "{}", vital.name());
            assert_eq!(Vital::of_name(vital.name()), Some(*vital));
        }
    }
}

/// An attribute and its value.
type Setting = (fn(&Words) -> crate::vocabulary::AttributeId, Value);

/// The mean of a vital sign among adults of 50 with these attributes.
fn mean_with(vital: Vital, set: &[Setting]) -> f64 {
    let mut nation = Nation::new(today(), 0);
    nation.plan.ages = (50, 50);
    let n = 1_000;
    let levels = (0..n).map(|index| {
        let mut person = nation.birth(index);
        for (id, value) in set {
            person.set(id(&nation.words), *value);
        }
        nation.level(&mut person, vital)
    });
    levels.sum::<f64>() / n as f64
}

#[test]
fn illness_and_treatment_move_the_levels() {
    let on = Value::Bool(true);
    let pressure = |drugs: f64| {
        mean_with(
            Vital::Systolic,
            &[
                (|w| w.attributes.hypertension, Value::Bool(true)),
                (|w| w.attributes.hypertension_drugs, Value::Number(drugs)),
            ],
        )
    };
    near(mean_with(Vital::Systolic, &[]), 122.0, 4.0, "systolic");
    near(pressure(0.0), 150.0, 4.0, "untreated hypertension");
    near(pressure(0.0) - pressure(2.0), 18.0, 2.0, "two drugs");
    let sugar = |severity: f64, drugs: f64| {
        mean_with(
            Vital::HaemoglobinA1c,
            &[
                (|w| w.attributes.diabetes, Value::Bool(true)),
                (|w| w.attributes.diabetes_severity, Value::Number(severity)),
                (|w| w.attributes.diabetes_drugs, Value::Number(drugs)),
            ],
        )
    };
    near(mean_with(Vital::HaemoglobinA1c, &[]), 5.3, 0.15, "HbA1c");
    assert!(sugar(1.0, 0.0) > 6.5 && sugar(3.0, 0.0) > sugar(1.0, 0.0) + 1.0);
    assert!(sugar(3.0, 2.0) < sugar(3.0, 0.0) - 1.0);
    let fever = mean_with(Vital::Temperature, &[(|w| w.attributes.acute_infection, on)]);
    assert!((38.0..=39.5).contains(&fever));
    let low = mean_with(Vital::OxygenSaturation, &[(|w| w.attributes.hypoxia, on)]);
    assert!((84.0..=91.0).contains(&low));
    let copd = mean_with(Vital::OxygenSaturation, &[(|w| w.attributes.copd, on)]);
    assert!((90.0..=94.0).contains(&copd));
    let statin =
        mean_with(Vital::Ldl, &[(|w| w.attributes.statin, on)]) / mean_with(Vital::Ldl, &[]);
    near(statin, 0.62, 0.02, "a statin");
    assert!(mean_with(Vital::Systolic, &[(|w| w.attributes.shock, on)]) < 92.0);
    assert!(mean_with(Vital::Lactate, &[(|w| w.attributes.shock, on)]) > 4.0);
    assert!(mean_with(Vital::Haemoglobin, &[(|w| w.attributes.anemia, on)]) < 11.6);
    assert!(mean_with(Vital::EjectionFraction, &[(|w| w.attributes.chf, on)]) < 48.0);
    assert!(mean_with(Vital::CReactiveProtein, &[(|w| w.attributes.acute_infection, on)]) > 50.0);
}

#[test]
fn what_a_module_sets_wins() {
    let nation = Nation::new(today(), 0);
    let mut person = nation.birth(1);
    person.set_vital(Vital::Ldl, 201.5);
    person.set_vital(Vital::Egfr, 33.0);
    assert_eq!(nation.level(&mut person, Vital::Ldl), 201.5);
    assert_eq!(nation.level(&mut person, Vital::Egfr), 33.0);
    let sum = 201.5
        + nation.level(&mut person, Vital::Hdl)
        + nation.level(&mut person, Vital::Triglycerides) / 5.0;
    near(nation.level(&mut person, Vital::TotalCholesterol), sum, 0.51, "total cholesterol");
}

#[test]
fn check_ups_keep_the_schedule() {
    let mut nation = Nation::new(today(), 0);
    nation.plan.ages = (75, 75);
    let mut gaps = vec![Vec::new(); 5];
    for index in 0..150 {
        let person = nation.live_with_visits(index);
        let visits: Vec<Time> = person.record.encounters.iter().map(|visit| visit.start).collect();
        for (visit, months) in visits.iter().zip(schedule::INFANT_MONTHS) {
            let due = person.birth.midnight().plus((f64::from(months) * 30.44) as i64 * DAY);
            let late = visit.since(due) / DAY;
            assert!((0..=14).contains(&late), "{late} days late at {months} months");
        }
        for pair in visits[10..].windows(2) {
            let band = match person.age(pair[0]) {
                ..=18 => 0,
                19 => continue,
                20..=39 => 1,
                40..=49 => 2,
                _ => 3,
            };
            gaps[band].push(pair[1].since(pair[0]) as f64 / YEAR as f64);
        }
        for visit in visits {
            let hour = visit.civil().hour;
            assert!(visit.weekday() < 5 && (8..17).contains(&hour), "{visit}");
        }
    }
    for (mut found, years) in gaps.into_iter().zip([1.0, 3.0, 2.0, 1.0]) {
        found.sort_by(f64::total_cmp);
        near(found[found.len() / 2], years, 0.1, "years between check-ups");
    }
}

#[test]
fn chronic_illness_brings_people_every_year() {
    let mut nation = Nation::new(today(), 0);
    nation.plan.ages = (30, 30);
    let mut person = nation.birth(4);
    person.life.adherence = 1.0;
    let last = nation.plan.end;
    let healthy = next_wellness(&mut person, &nation.words, Some(last));
    person.set(nation.words.attributes.diabetes, Value::Bool(true));
    let ill = next_wellness(&mut person, &nation.words, Some(last));
    near(healthy.since(last) as f64 / YEAR as f64, 3.0, 0.2, "healthy");
    near(ill.since(last) as f64 / YEAR as f64, 1.0, 0.2, "with diabetes");
}

/// Arrivals of a class, each wanted at some moment of two years.
fn arrivals(class: Class, ward: Option<Ward>, n: u64) -> Vec<(Time, Time)> {
    let nation = Nation::new(today(), 0);
    let mut person = nation.birth(0);
    (0..n)
        .map(|at| {
            let wanted = Time::of_date(2022, 1, 3).plus((at * 728 * DAY as u64 / n) as i64);
            (wanted, arrival(&mut person, class, ward, wanted))
        })
        .collect()
}

#[test]
fn emergencies_follow_the_day() {
    let found = arrivals(Class::Emergency, None, 40_000);
    let (mut hours, mut days) = ([0.0; 24], [0.0; 7]);
    for (_, at) in &found {
        hours[at.civil().hour as usize] += 1.0;
        days[at.weekday() as usize] += 1.0;
    }
    // 23 degrees of freedom: 49.7 at p = 0.001.
    let chi = chi_square(&hours, &schedule::EMERGENCY_HOURS);
    assert!(chi < 49.7, "chi² = {chi:.1}");
    for (day, count) in days.iter().enumerate().skip(1) {
        assert!(days[0] > 1.03 * count, "Monday {} and day {day} {count}", days[0]);
    }
}

#[test]
fn offices_and_planned_stays_keep_their_hours() {
    for class in [Class::Wellness, Class::Ambulatory, Class::Outpatient, Class::Virtual] {
        for (_, at) in arrivals(class, None, 3_000) {
            assert!(at.weekday() < 5 && (8..17).contains(&at.civil().hour), "{class:?} {at}");
            assert_ne!((at.civil().month, at.civil().day), (12, 25));
        }
    }
    for (_, at) in arrivals(Class::UrgentCare, None, 3_000) {
        assert!((8..20).contains(&at.civil().hour));
    }
    let planned = arrivals(Class::Inpatient, Some(Ward::Surgical), 7_000);
    let mut days = [0.0; 7];
    for (_, at) in planned {
        assert!((6..9).contains(&at.civil().hour));
        days[at.weekday() as usize] += 1.0;
    }
    assert!(days[4] < 0.8 * days[1] && days[5] + days[6] < 0.1 * days[1], "{days:?}");
    let ill = arrivals(Class::Inpatient, Some(Ward::Medical), 10_000);
    let night = ill.iter().filter(|(_, at)| at.civil().hour < 6).count();
    assert!((600..1_600).contains(&night), "{night} of 10,000 by night");
}

#[test]
fn nobody_waits_more_than_a_week_or_comes_too_early() {
    let wards = [None, Some(Ward::Surgical), Some(Ward::Maternity), Some(Ward::Icu)];
    let classes = [
        Class::Wellness,
        Class::Ambulatory,
        Class::Outpatient,
        Class::UrgentCare,
        Class::Emergency,
        Class::Inpatient,
        Class::Hospice,
        Class::Home,
        Class::Snf,
        Class::Virtual,
    ];
    for class in classes {
        for ward in wards {
            for (wanted, at) in arrivals(class, ward, 2_000) {
                assert!(at >= wanted && at.since(wanted) <= 7 * DAY, "{class:?} {wanted} {at}");
            }
        }
    }
}

#[test]
fn visits_take_their_time() {
    let nation = Nation::new(today(), 0);
    let mut person = nation.birth(0);
    let mut stays: Vec<i64> =
        (0..2_001).map(|_| visit_seconds(&mut person, Class::Emergency)).collect();
    stays.sort_unstable();
    near(stays[1_000] as f64 / HOUR as f64, 3.1, 0.2, "emergency visit");
    assert!(stays[0] >= HOUR && stays[2_000] <= 8 * HOUR);
    assert_eq!(stay_factor(50), 1.0);
    assert!(stay_factor(85) > 1.1 && stay_factor(10) < 0.85);
}

#[test]
fn children_are_vaccinated_by_the_schedule() {
    let mut nation = Nation::new(today(), 12);
    nation.plan.ages = (12, 12);
    let cvx = |code: &str| {
        let id = nation.vocabulary.find_code(crate::vocabulary::CVX, code).expect("a vaccine");
        move |words: &Vocabulary, list| words.list(list)[0] == id
    };
    let count = |person: &Person, code: &str| {
        let is = cvx(code);
        person.record.immunizations.iter().filter(|one| is(&nation.vocabulary, one.codes)).count()
    };
    let (mut complete, n) = (0, 400);
    for index in 0..n {
        let person = nation.live_with_visits(index);
        if person.alive() {
            assert!(
                count(&person, "20") <= 5 && count(&person, "03") <= 2 && count(&person, "10") <= 4
            );
            complete += u32::from(
                count(&person, "20") == 5 && count(&person, "03") == 2 && count(&person, "08") == 3,
            );
        } else {
            complete += 1;
        }
        for pair in person.record.immunizations.windows(2) {
            assert!(pair[0].time <= pair[1].time);
        }
        // Once a season at most.
        let is = cvx("140");
        let flu: Vec<_> = person
            .record
            .immunizations
            .iter()
            .filter(|one| is(&nation.vocabulary, one.codes))
            .collect();
        for pair in flu.windows(2) {
            assert!(pair[1].time.since(pair[0].time) > 180 * DAY);
        }
        for one in flu {
            assert!(matches!(one.time.civil().month, 9..=12 | 1));
        }
    }
    // 95 of 100 families accept.
    near(f64::from(complete) / n as f64, 0.95, 0.04, "fully vaccinated");
}

#[test]
fn the_old_get_their_own_vaccines() {
    let mut nation = Nation::new(today(), 10);
    nation.plan.ages = (70, 70);
    let has = |person: &Person, codes: &[&str]| {
        person.record.immunizations.iter().any(|one| {
            let code = nation.vocabulary.first(one.codes);
            codes.contains(&&*code.code)
        })
    };
    let (mut alive, mut lungs, mut shingles, mut covid, mut tetanus) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for index in 0..500 {
        let person = nation.live_with_visits(index);
        if !person.alive() {
            continue;
        }
        alive += 1.0;
        lungs += f64::from(has(&person, &["33", "216"]));
        shingles += f64::from(has(&person, &["187"]));
        covid += f64::from(has(&person, &["208"]));
        tetanus += f64::from(has(&person, &["113", "115"]));
        for one in &person.record.immunizations {
            let code = &*nation.vocabulary.first(one.codes).code;
            assert!(code != "208" || one.time >= Time::of_date(2021, 1, 1));
            assert!(code != "187" || one.time >= Time::of_date(2018, 1, 1));
            assert!(code != "20" && code != "165", "{code} for somebody of 70");
        }
    }
    near(lungs / alive, 0.70, 0.07, "pneumococcal");
    near(shingles / alive, 0.42, 0.07, "zoster");
    near(covid / alive, 0.92, 0.06, "COVID-19");
    near(tetanus / alive, 0.70, 0.09, "tetanus");
}

#[test]
fn a_check_up_writes_what_it_should() {
    let mut nation = Nation::new(today(), 10);
    nation.plan.ages = (50, 60);
    let person =
        (0..).map(|index| nation.live_with_visits(index)).find(|person| person.alive()).unwrap();
    let visit = person.record.encounters.len() as u32 - 1;
    let of_visit: Vec<_> =
        person.record.observations.iter().filter(|one| one.encounter == visit).collect();
    let find =
        |code: &str| of_visit.iter().find(|one| &*nation.vocabulary.first(one.codes).code == code);
    for code in [
        "85354-9", "8867-4", "9279-1", "8310-5", "29463-7", "8302-2", "39156-5", "72514-3",
        "72166-2", "55758-7",
    ] {
        assert!(find(code).is_some(), "{code}");
    }
    let pressure = find("85354-9").unwrap();
    assert_eq!(pressure.value, Finding::None);
    assert_eq!(pressure.components.len(), 2);
    let start = nation.plan.history_start();
    assert!(person.record.observations.iter().all(|one| one.time >= start));
    assert!(person.record.encounters[0].start < start, "visits before it are still made");
}

#[test]
fn an_update_never_goes_back() {
    let nation = Nation::new(today(), 100);
    for index in 0..300 {
        let mut person = nation.birth(index);
        let mut now = person.birth;
        let mut times = 0;
        while person.alive() && now < nation.plan.end {
            let next = update(&mut person, &nation.world, &nation.words, now);
            assert!(next > now);
            now = next;
            times += 1;
        }
        assert!(times < 400, "{times} updates");
        if let Some(death) = person.death {
            assert!(death.time <= now && death.time > person.birth);
        }
    }
}

#[test]
fn people_live_where_people_live() {
    let mut nation = Nation::new(today(), 10);
    nation.world = World::new(&nation.plan);
    assert!(nation.world.places.len() > 1);
    let mut found = vec![0.0; nation.world.places.len()];
    for index in 0..10_000 {
        let person = nation.birth(index);
        let place = person.identity.place as usize;
        assert_eq!(person.identity.zip, nation.world.places[place].zip);
        found[place] += 1.0;
    }
    let expected: Vec<f64> =
        nation.world.places.iter().map(|place| f64::from(place.population)).collect();
    // Well above the critical value at p = 0.001 for as many as eleven degrees of freedom.
    let chi = chi_square(&found, &expected);
    assert!(chi < 31.3, "chi² = {chi:.1}");
    nation.plan.place = Some(nation.world.places[1].name.to_string());
    assert!((0..500).all(|index| nation.birth(index).identity.place == 1));
}

#[test]
fn identities_are_nobodys() {
    let nation = Nation::new(today(), 10);
    let (mut hispanic, mut spanish) = (0, 0);
    for index in 0..5_000 {
        let person = nation.live(index);
        let identity = &person.identity;
        // 555-0100 to 555-0199 are kept for fiction.
        let line = identity.phone.rsplit('-').next().unwrap_or_default();
        assert!(identity.phone.contains("555-01") && line.len() == 4, "{}", identity.phone);
        assert!(!identity.given.is_empty() && identity.mother.contains(' '));
        assert!(identity.street.starts_with(|c: char| c.is_ascii_digit()));
        if identity.maiden.is_some() {
            assert!(person.sex == Sex::Female && identity.marital != 'S');
        }
        if person.age(nation.plan.end) < 18 {
            assert_eq!(identity.marital, 'S');
        }
        if identity.hispanic {
            hispanic += 1;
            spanish += u32::from(identity.language == "es");
        }
    }
    // Census 2020: 18.7 % of all; somewhat fewer here, where the old of ten years count.
    near(f64::from(hispanic) / 5_000.0, 0.18, 0.02, "Hispanic");
    near(f64::from(spanish) / f64::from(hispanic), 0.26, 0.06, "Spanish at home");
}

#[test]
fn illness_runs_in_families_of_the_disposed() {
    let nation = Nation::new(today(), 10);
    let coronary = nation.words.family.coronary;
    let tiers = nation.words.texts.tiers;
    let mut count = [[0.0; 2]; 3];
    for index in 0..20_000 {
        let person = nation.birth(index);
        let risk = person.attribute(nation.words.attributes.risk_cardiovascular);
        let tier = tiers.iter().position(|tier| Value::Text(*tier) == risk).expect("a tier");
        count[tier][0] += 1.0;
        count[tier][1] += f64::from(person.family.iter().any(|fact| fact.condition == coronary));
        for fact in &person.family {
            let female = matches!(fact.relative, "MTH" | "SIS" | "GRMTH");
            assert!(fact.condition != nation.words.family.breast_cancer || female);
        }
    }
    let [low, _, high] = count.map(|[all, with]| with / all);
    assert!(high > 1.8 * low, "{low:.2} and {high:.2}");
    let all: f64 = count.iter().map(|row| row[1]).sum::<f64>() / 20_000.0;
    near(all, 0.28, 0.02, "families with coronary disease");
}
