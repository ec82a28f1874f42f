//! The level of each vital sign and laboratory value.
//!
//! A person has set points; age moves them, illness and treatment (attributes that modules set) move
//! them more, and every day, or quarter of a day for what a cuff measures, adds its noise. The noise is
//! a hash of person, sign and time and not a draw, so asking twice gives the same answer, and values
//! that belong together agree: total cholesterol with its parts, BMI with height and weight, eGFR with
//! creatinine, hematocrit with hemoglobin.
//!
//! What a module has set wins over the model.

use super::growth::{self, between};
use super::words::Words;
use super::{Vital, normal_share};
use crate::Person;
use crate::person::{Sex, Value};
use crate::time::{DAY, HOUR, Time};
use crate::vocabulary::AttributeId;

/// A look at one person at one moment.
pub(super) struct Body<'a> {
    person: &'a Person,
    words: &'a Words,
    now: Time,
    /// In years.
    age: f64,
    male: bool,
}

/// Seconds of a quarter of a day.
const QUARTER: i64 = 6 * HOUR;

impl<'a> Body<'a> {
    pub(super) fn new(person: &'a Person, words: &'a Words, now: Time) -> Self {
        let age = (now.since(person.birth) as f64 / (365.25 * DAY as f64)).max(0.0);
        Self { person, words, now, age, male: person.sex == Sex::Male }
    }

    fn on(&self, id: AttributeId) -> bool {
        match self.person.attribute(id) {
            Value::Bool(on) => on,
            Value::Number(number) => number > 0.0,
            _ => false,
        }
    }

    fn number(&self, id: AttributeId) -> f64 {
        match self.person.attribute(id) {
            Value::Number(number) => number,
            Value::Bool(true) => 1.0,
            _ => 0.0,
        }
    }

    /// A standard score, the same for this person, sign and bucket of time.
    fn noise(&self, vital: Vital, salt: u64, bucket: i64) -> f64 {
        let mut z = self
            .person
            .life
            .seed
            .wrapping_add((vital as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(salt.wrapping_mul(0xd6e8_feb8_6659_fd93))
            .wrapping_add((bucket as u64).wrapping_mul(0xa076_1d64_78bd_642f));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // Four uniform numbers add up to nearly a normal one, and never lie beyond 3.5.
        let sum: u64 = (0..4).map(|part| (z >> (16 * part)) & 0xffff).sum();
        (sum as f64 - 131_070.0) / 37_837.2
    }

    /// Where the person always stands.
    fn own(&self, vital: Vital) -> f64 {
        self.noise(vital, 0, 0)
    }

    /// The day's.
    fn daily(&self, vital: Vital) -> f64 {
        self.noise(vital, 1, self.now.day())
    }

    /// The quarter day's.
    fn quarterly(&self, vital: Vital) -> f64 {
        self.noise(vital, 2, self.now.0.div_euclid(QUARTER))
    }

    /// Wanders from year to year: a line between scores `days` apart.
    fn drift(&self, vital: Vital, days: i64) -> f64 {
        let at = self.now.day();
        let (bucket, share) = (at.div_euclid(days), at.rem_euclid(days) as f64 / days as f64);
        let (from, to) = (self.noise(vital, 3, bucket), self.noise(vital, 3, bucket + 1));
        // Scaled so that the variance stays 1 on the way.
        (from + (to - from) * share) / (share * share + (1.0 - share) * (1.0 - share)).sqrt()
    }

    /// The level, as it would be reported.
    pub(super) fn level(&self, vital: Vital) -> f64 {
        let set = self.person.vitals[vital as usize];
        if !set.is_nan() {
            return set;
        }
        round(self.model(vital), vital.decimals())
    }

    fn set(&self, vital: Vital) -> Option<f64> {
        let set = self.person.vitals[vital as usize];
        (!set.is_nan()).then_some(set)
    }

    fn model(&self, vital: Vital) -> f64 {
        use Vital::*;
        let attributes = &self.words.attributes;
        let latent = &self.person.life.latent;
        let (age, sex, male) = (self.age, self.person.sex, self.male);
        let infection = self.on(attributes.acute_infection);
        let hypoxia = self.on(attributes.hypoxia);
        let shock = self.on(attributes.shock);
        let yes = |on: bool, amount: f64| if on { amount } else { 0.0 };
        match vital {
            Height => growth::height(sex, age, latent.height),
            Weight => self.weight(),
            BodyMass => {
                let metres = self.level(Height) / 100.0;
                self.level(Weight) / (metres * metres)
            }
            HeightPercentile => 100.0 * normal_share(latent.height),
            WeightPercentile | BodyMassPercentile if age < 20.0 => {
                let score = growth::chart_score(age, self.mass_score());
                // Tall children are heavier.
                let score = if vital == WeightPercentile {
                    (score + 0.5 * latent.height) / 1.12
                } else {
                    score
                };
                (100.0 * normal_share(score)).clamp(1.0, 99.0)
            }
            WeightPercentile | BodyMassPercentile => {
                (100.0 * normal_share(self.mass_score())).clamp(1.0, 99.0)
            }
            HeadCircumference => growth::head(sex, age, self.own(HeadCircumference)),
            HeadPercentile => (100.0 * normal_share(self.own(HeadCircumference))).clamp(1.0, 99.0),

            Systolic => {
                let noise = 5.0 * self.quarterly(Systolic);
                let rest = if age < 18.0 {
                    let [median] = between(
                        &[
                            (0.0, 72.0),
                            (0.5, 88.0),
                            (3.0, 94.0),
                            (6.0, 99.0),
                            (10.0, 105.0),
                            (14.0, 112.0),
                            (18.0, 117.0),
                        ],
                        age,
                        |row: (f64, f64)| row.0,
                        |row| [row.1],
                    );
                    median + 6.0 * latent.pressure
                } else if self.on(attributes.hypertension) {
                    let untreated =
                        (150.0 + 5.5 * latent.pressure + 0.12 * (age - 55.0)).clamp(141.0, 172.0);
                    (untreated - 9.0 * self.number(attributes.hypertension_drugs).clamp(0.0, 4.0))
                        .max(112.0)
                } else {
                    let [women, men] = between(
                        &[
                            (18.0, 110.0, 118.0),
                            (40.0, 116.0, 121.0),
                            (60.0, 123.0, 125.0),
                            (80.0, 129.0, 129.0),
                        ],
                        age,
                        |row: (f64, f64, f64)| row.0,
                        |row| [row.1, row.2],
                    );
                    let mass = (self.level(BodyMass) - 27.0).clamp(-8.0, 15.0);
                    let level = if male { men } else { women } + 7.0 * latent.pressure + 0.3 * mass;
                    // Who has more for long has the illness, which modules give.
                    if level > 128.0 { 128.0 + 0.4 * (level - 128.0) } else { level }
                };
                let level = rest
                    + noise
                    + yes(self.on(attributes.alcoholic), 3.0)
                    + yes(self.on(attributes.pregnant), -3.0)
                    + yes(self.on(attributes.chf), -5.0)
                    + yes(infection, -3.0);
                if shock { (level - 42.0).clamp(60.0, 92.0) } else { level.max(55.0) }
            }
            Diastolic => {
                let systolic = self.level(Systolic);
                let noise = 3.5 * self.quarterly(Diastolic);
                let score = 0.7 * latent.pressure + 0.71 * self.own(Diastolic);
                let rest = if age < 18.0 {
                    let [median] = between(
                        &[
                            (0.0, 42.0),
                            (0.5, 50.0),
                            (3.0, 54.0),
                            (6.0, 59.0),
                            (10.0, 62.0),
                            (18.0, 68.0),
                        ],
                        age,
                        |row: (f64, f64)| row.0,
                        |row| [row.1],
                    );
                    median + 5.0 * score
                } else {
                    let [women, men] = between(
                        &[
                            (18.0, 68.0, 70.0),
                            (40.0, 74.0, 77.0),
                            (55.0, 75.0, 78.0),
                            (70.0, 70.0, 72.0),
                            (85.0, 66.0, 67.0),
                        ],
                        age,
                        |row: (f64, f64, f64)| row.0,
                        |row| [row.1, row.2],
                    );
                    let median = if male { men } else { women };
                    let ill = if self.on(attributes.hypertension) {
                        16.0 - 5.0 * self.number(attributes.hypertension_drugs).clamp(0.0, 4.0)
                    } else {
                        0.0
                    };
                    median + 4.5 * score + ill
                };
                let level =
                    rest + noise + yes(self.on(attributes.pregnant), -4.0) - yes(shock, 22.0);
                // A pulse pressure below a fifth of the systolic is not compatible with comfort.
                level.clamp(25.0, (systolic - (0.2 * systolic).max(14.0)).max(26.0))
            }
            HeartRate => {
                let [median, spread] = between(
                    &[
                        (0.0, 135.0, 10.0),
                        (0.15, 145.0, 10.0),
                        (1.0, 122.0, 10.0),
                        (2.0, 112.0, 9.0),
                        (4.0, 102.0, 9.0),
                        (7.0, 92.0, 9.0),
                        (12.0, 82.0, 9.0),
                        (18.0, 74.0, 8.5),
                        (40.0, 72.0, 8.0),
                        (80.0, 70.0, 8.0),
                    ],
                    age,
                    |row: (f64, f64, f64)| row.0,
                    |row| [row.1, row.2],
                );
                let level = median
                    + yes(!male && age > 12.0, 3.0)
                    + spread * (0.8 * self.own(HeartRate) + 0.6 * self.quarterly(HeartRate))
                    + yes(infection, 18.0)
                    + yes(hypoxia, 12.0)
                    + yes(shock, 30.0)
                    + yes(self.on(attributes.atrial_fibrillation), 8.0)
                    + yes(self.on(attributes.anemia), 6.0)
                    + yes(self.on(attributes.chf), 5.0)
                    + yes(self.on(attributes.copd), 4.0)
                    + yes(self.on(attributes.smoker), 3.0)
                    + yes(self.on(attributes.pregnant), 10.0);
                level.clamp(42.0, 205.0)
            }
            RespirationRate => {
                let [median] = between(
                    &[
                        (0.0, 44.0),
                        (0.5, 36.0),
                        (1.0, 28.0),
                        (3.0, 25.0),
                        (6.0, 21.0),
                        (10.0, 18.5),
                        (15.0, 16.5),
                        (18.0, 15.5),
                        (80.0, 16.5),
                    ],
                    age,
                    |row: (f64, f64)| row.0,
                    |row| [row.1],
                );
                let level = median
                    + 0.05 * median * (self.own(RespirationRate) + self.quarterly(RespirationRate))
                    + yes(infection, 4.0)
                    + yes(hypoxia, 8.0)
                    + yes(shock, 7.0)
                    + yes(self.on(attributes.copd), 2.5)
                    + yes(self.on(attributes.chf), 2.0);
                level.clamp(9.0, 70.0)
            }
            OxygenSaturation => {
                let noise =
                    0.6 * self.own(OxygenSaturation) + 0.7 * self.quarterly(OxygenSaturation);
                if hypoxia {
                    (87.8 + 2.4 * noise).clamp(84.0, 91.0)
                } else if self.on(attributes.copd) {
                    (92.4 + 1.2 * noise).clamp(90.0, 94.0)
                } else {
                    (97.7
                        - yes(infection, 1.2)
                        - yes(age > 75.0, 0.7)
                        - yes(self.on(attributes.chf), 1.5)
                        + noise)
                        .clamp(92.0, 100.0)
                }
            }
            Temperature => {
                let noise = self.quarterly(Temperature);
                if infection {
                    (38.7 - yes(age > 75.0, 0.2) + 0.35 * noise).clamp(38.0, 39.5)
                } else {
                    36.7 - yes(age > 75.0, 0.2) - yes(shock, 0.6) + 0.22 * noise
                }
            }
            Pain => {
                let noise = self.quarterly(Pain);
                let level = if self.on(attributes.chronic_pain) {
                    4.2 + 1.2 * self.own(Pain) + 1.0 * noise
                } else if self.on(attributes.hospice) {
                    3.0 + 1.5 * noise
                } else {
                    1.1 * noise
                };
                level.clamp(0.0, 10.0)
            }

            HaemoglobinA1c => {
                let noise =
                    0.1 * self.daily(HaemoglobinA1c) + 0.15 * self.drift(HaemoglobinA1c, 120);
                let sugar = latent.sugar;
                if self.on(attributes.diabetes) {
                    let severity = self.number(attributes.diabetes_severity).clamp(1.0, 5.0);
                    let untreated = 7.3 + 0.85 * (severity - 1.0) + 0.3 * sugar;
                    let treated = untreated
                        - 0.8 * self.number(attributes.diabetes_drugs).clamp(0.0, 3.0)
                        - yes(self.on(attributes.insulin), 1.2);
                    treated.max(6.1 + 0.2 * (severity - 1.0)) + 2.0 * noise
                } else if self.on(attributes.prediabetes) {
                    (6.0 + 0.13 * sugar + noise).clamp(5.7, 6.4)
                } else {
                    (5.2 + 0.005 * (age - 40.0) + 0.15 * sugar + noise).clamp(4.3, 5.6)
                }
            }
            Glucose => {
                // Mean glucose of an HbA1c (Nathan 2008); fasting lies a tenth below it.
                let mean = (28.7 * self.level(HaemoglobinA1c) - 46.7) * 0.9;
                let spread = if self.on(attributes.diabetes) { 0.16 } else { 0.06 };
                let stress = 1.0 + yes(infection, 0.1) + yes(shock, 0.25);
                (mean * (1.0 + spread * self.daily(Glucose)) * stress).max(55.0)
            }

            Ldl => {
                let noise = 6.0 * self.daily(Ldl) + 7.0 * self.drift(Ldl, 400);
                let [median] = between(
                    &[
                        (0.0, 60.0),
                        (2.0, 92.0),
                        (18.0, 94.0),
                        (35.0, 110.0),
                        (60.0, 114.0),
                        (85.0, 104.0),
                    ],
                    age,
                    |row: (f64, f64)| row.0,
                    |row| [row.1],
                );
                let rest = if self.on(attributes.hyperlipidemia) {
                    162.0 + 20.0 * latent.lipids
                } else {
                    median + 21.0 * latent.lipids
                };
                ((rest + noise) * if self.on(attributes.statin) { 0.62 } else { 1.0 })
                    .clamp(30.0, 300.0)
            }
            Hdl => {
                let mass = (self.level(BodyMass) - 27.0).clamp(-8.0, 18.0);
                let level =
                    if male && age > 14.0 { 48.0 } else { 57.0 } - 0.7 * mass - 2.5 * latent.lipids
                        + 9.0 * self.own(Hdl)
                        + 2.5 * self.daily(Hdl)
                        - yes(self.on(attributes.smoker), 4.0)
                        - yes(self.on(attributes.diabetes), 3.0);
                level.clamp(22.0, 110.0)
            }
            Triglycerides => {
                let mass = (self.level(BodyMass) - 27.0).clamp(-8.0, 18.0);
                let score = 0.36 * self.own(Triglycerides)
                    + 0.12 * latent.lipids
                    + 0.022 * mass
                    + 0.14 * self.daily(Triglycerides);
                let median = if age < 18.0 { 72.0 } else { 96.0 };
                let ill = (1.0 + yes(self.on(attributes.diabetes), 0.25))
                    * (1.0 + yes(self.on(attributes.hyperlipidemia), 0.2))
                    * (1.0 - yes(self.on(attributes.statin), 0.13));
                // Above 400 the sum rule for total cholesterol no longer holds.
                (median * score.exp() * ill).clamp(32.0, 400.0)
            }
            TotalCholesterol => self.level(Ldl) + self.level(Hdl) + self.level(Triglycerides) / 5.0,

            Creatinine => {
                let rate = self.set(Egfr).unwrap_or_else(|| self.filtration());
                if age < 18.0 {
                    // Bedside Schwartz.
                    0.413 * self.level(Height) / rate.max(5.0)
                } else {
                    creatinine(sex, age.floor(), rate.max(3.0))
                }
            }
            Egfr => {
                let creatinine = self.level(Creatinine).max(0.05);
                if age < 18.0 {
                    0.413 * self.level(Height) / creatinine
                } else {
                    filtration(sex, age.floor(), creatinine)
                }
            }
            Microalbumin => {
                let stage = self.number(attributes.ckd);
                let mut median = match stage {
                    s if s >= 5.0 => 700.0,
                    s if s >= 4.0 => 320.0,
                    s if s >= 3.0 => 80.0,
                    s if s >= 1.0 => 45.0,
                    _ => 6.5,
                };
                if stage < 1.0 && self.number(attributes.diabetes_severity) >= 3.0 {
                    median = 28.0;
                }
                median * (0.45 * self.own(Microalbumin) + 0.25 * self.daily(Microalbumin)).exp()
            }
            UreaNitrogen => {
                let rate = self.level(Egfr).max(4.0);
                let level =
                    13.5 * (92.0 / rate).powf(0.75) * (1.0 + 0.16 * self.daily(UreaNitrogen));
                (level + yes(self.on(attributes.chf), 5.0) + yes(shock, 12.0)).clamp(4.0, 130.0)
            }
            Calcium => {
                9.45 + 0.25 * self.own(Calcium) + 0.2 * self.daily(Calcium) - self.renal() * 0.2
            }
            Sodium => {
                139.6 + 1.3 * self.own(Sodium) + 1.4 * self.daily(Sodium)
                    - yes(self.on(attributes.chf), 2.0)
                    - yes(infection, 2.0)
            }
            Potassium => (4.2
                + 0.2 * self.own(Potassium)
                + 0.22 * self.daily(Potassium)
                + 0.25 * self.renal()
                + yes(shock, 0.3))
            .clamp(2.9, 6.6),
            Chloride => 102.8 + 1.5 * self.own(Chloride) + 1.5 * self.daily(Chloride),
            CarbonDioxide => {
                25.2 + 1.2 * self.own(CarbonDioxide) + 1.2 * self.daily(CarbonDioxide)
                    - 1.6 * self.renal()
                    - yes(shock, 6.0)
                    + yes(self.on(attributes.copd), 3.0)
            }

            Haemoglobin => {
                let [girls, boys] = between(
                    &[
                        (0.0, 17.0, 17.0),
                        (0.17, 11.6, 11.6),
                        (0.5, 12.0, 12.0),
                        (2.0, 12.3, 12.3),
                        (6.0, 12.9, 12.9),
                        (12.0, 13.4, 13.7),
                        (18.0, 13.4, 15.1),
                        (60.0, 13.5, 15.0),
                        (85.0, 13.0, 13.9),
                    ],
                    age,
                    |row: (f64, f64, f64)| row.0,
                    |row| [row.1, row.2],
                );
                let rest = if male { boys } else { girls }
                    + 0.75 * self.own(Haemoglobin)
                    + 0.3 * self.daily(Haemoglobin)
                    + yes(self.on(attributes.smoker), 0.3)
                    - yes(self.on(attributes.pregnant), 1.6)
                    - yes(self.on(attributes.cancer), 0.8)
                    - 0.7 * self.renal();
                let limit = if male { 12.8 } else { 11.8 };
                if self.on(attributes.anemia) {
                    (rest - 3.2).min(limit - 0.3 * self.own(Haemoglobin).abs()).max(6.5)
                } else {
                    rest.max(8.0)
                }
            }
            Hematocrit => 3.0 * self.level(Haemoglobin) + 0.4 * self.daily(Hematocrit),
            Leukocytes => {
                let [median] = between(
                    &[(0.0, 13.0), (1.0, 10.0), (4.0, 8.5), (12.0, 7.2), (20.0, 6.9)],
                    age,
                    |row: (f64, f64)| row.0,
                    |row| [row.1],
                );
                let rest = median
                    * (0.2 * self.own(Leukocytes) + 0.1 * self.daily(Leukocytes)).exp()
                    + yes(self.on(attributes.smoker), 0.8)
                    + yes(self.on(attributes.pregnant), 2.0);
                (rest * if infection { 1.9 } else { 1.0 } * if shock { 1.25 } else { 1.0 })
                    .clamp(2.5, 38.0)
            }
            Platelets => (252.0
                + 48.0 * self.own(Platelets)
                + 15.0 * self.daily(Platelets)
                + yes(infection, 40.0)
                - yes(self.on(attributes.alcoholic), 35.0)
                - yes(self.on(attributes.pregnant), 25.0)
                - yes(shock, 70.0))
            .clamp(60.0, 620.0),

            EjectionFraction => {
                let own = self.own(EjectionFraction);
                let day = self.drift(EjectionFraction, 200);
                if self.on(attributes.chf) {
                    // Half of heart failure has a preserved ejection fraction.
                    if own > 0.0 { 54.0 + 3.0 * day } else { 33.0 + 5.0 * own + 2.5 * day }
                        .clamp(15.0, 62.0)
                } else {
                    61.5 + 3.0 * own + 1.5 * day
                        - yes(self.on(attributes.ischemic_heart_disease), 5.0)
                }
            }
            Bnp => {
                let rest = 17.0 * (0.022 * (age - 40.0)).exp() * if male { 1.0 } else { 1.3 };
                let ill = (1.0 + yes(self.on(attributes.chf), 14.0))
                    * (1.0 + yes(self.on(attributes.atrial_fibrillation), 0.8))
                    * (1.0 + 0.4 * self.renal())
                    * (1.0 + yes(hypoxia && self.on(attributes.chf), 0.8))
                    * (1.0 + yes(shock, 1.0));
                (rest * ill * (0.45 * self.own(Bnp) + 0.25 * self.daily(Bnp)).exp())
                    .clamp(5.0, 4_900.0)
            }
            Troponin => {
                let rest = 0.006 * (0.012 * (age - 50.0)).exp();
                let ill = (1.0 + yes(self.on(attributes.ischemic_heart_disease), 0.6))
                    * (1.0 + yes(self.on(attributes.chf), 1.5))
                    * (1.0 + yes(shock, 9.0))
                    * (1.0 + 0.5 * self.renal());
                (rest * ill * (0.4 * self.own(Troponin) + 0.2 * self.daily(Troponin)).exp())
                    .max(0.003)
            }
            Lactate => {
                let noise = self.quarterly(Lactate);
                if shock {
                    (4.8 + 1.3 * noise).clamp(2.4, 10.0)
                } else {
                    (1.1 + yes(infection, 0.4) + yes(hypoxia, 0.6) + 0.25 * noise).max(0.4)
                }
            }
            CReactiveProtein => {
                let score = 0.6 * self.own(CReactiveProtein) + 0.4 * self.daily(CReactiveProtein);
                if infection || shock {
                    (78.0 * if shock { 2.0 } else { 1.0 } * (0.75 * score).exp()).clamp(12.0, 420.0)
                } else {
                    let mass = (self.level(BodyMass) - 27.0).clamp(-8.0, 18.0);
                    (1.5 * (score + 0.06 * mass).exp()).clamp(0.2, 25.0)
                }
            }
            Inr => {
                1.02 + 0.05 * self.own(Inr)
                    + 0.03 * self.daily(Inr)
                    + yes(shock, 0.35)
                    + yes(self.on(attributes.alcoholic), 0.06)
            }
            Tsh => (1.75 * (0.42 * self.own(Tsh) + 0.15 * self.daily(Tsh)).exp()).clamp(0.45, 4.4),
            Psa if male && age > 12.0 => {
                0.75 * (0.026 * (age - 40.0) + 0.5 * self.own(Psa) + 0.12 * self.daily(Psa)).exp()
            }
            Psa => 0.0,
        }
    }

    /// The score of body mass: mostly the person's own, a little of the years'.
    fn mass_score(&self) -> f64 {
        0.94 * self.person.life.latent.mass + 0.34 * self.drift(Vital::Weight, 1_500)
    }

    fn weight(&self) -> f64 {
        let attributes = &self.words.attributes;
        let sex = self.person.sex;
        let metres = self.level(Vital::Height) / 100.0;
        let score = self.mass_score();
        let rest = match self.set(Vital::BodyMass) {
            Some(mass) => mass * metres * metres,
            None => {
                // From the infants' curve to body mass around the second birthday.
                let grown = (self.age - 1.5).clamp(0.0, 1.0);
                let infant = if grown < 1.0 {
                    growth::infant_weight(sex, self.age, score)
                        * (1.0 + 0.07 * self.person.life.latent.height)
                } else {
                    0.0
                };
                let child = if grown > 0.0 {
                    growth::body_mass(sex, self.age, score) * metres * metres
                } else {
                    0.0
                };
                infant * (1.0 - grown) + child * grown
            }
        };
        let mut weight = rest * (1.0 + 0.006 * self.noise(Vital::Weight, 1, self.now.day()));
        if self.on(attributes.pregnant) {
            // 12 kg by term, hardly any in the first weeks.
            weight += 0.37 * (self.number(attributes.weeks_pregnant) - 7.0).clamp(0.0, 34.0);
        }
        if self.on(attributes.hospice) {
            weight *= 0.88;
        } else if self.on(attributes.cancer) {
            weight *= 0.96;
        }
        if self.on(attributes.chf) && self.on(attributes.hypoxia) {
            weight += 3.0;
        }
        weight
    }

    /// How far the kidneys have failed: 0 up to stage 2, then 1 to 3.
    fn renal(&self) -> f64 {
        (self.number(self.words.attributes.ckd) - 2.0).clamp(0.0, 3.0)
    }

    /// The glomerular filtration rate, mL/min/1.73 m².
    fn filtration(&self) -> f64 {
        let attributes = &self.words.attributes;
        let score = 0.85 * self.person.life.latent.kidney + 0.5 * self.drift(Vital::Egfr, 500);
        let day = 1.0 + 0.03 * self.daily(Vital::Egfr);
        let acute = if self.on(attributes.shock) { 0.6 } else { 1.0 };
        if self.age < 18.0 {
            // Newborn kidneys take two years to mature.
            return (35.0 + 40.0 * self.age).min(112.0) * (1.0 + 0.09 * score) * day * acute;
        }
        let rate = match self.number(attributes.ckd) {
            stage if stage >= 5.0 => (9.5 + 2.0 * score).clamp(4.5, 14.4),
            stage if stage >= 4.0 => (22.5 + 3.5 * score).clamp(15.6, 29.3),
            stage if stage >= 3.0 => (46.0 + 7.0 * score).clamp(31.0, 58.5),
            stage if stage >= 2.0 => (74.0 + 6.0 * score).clamp(61.5, 87.0),
            stage if stage >= 1.0 => (98.0 + 5.0 * score).clamp(91.5, 112.0),
            _ => {
                let [median] = between(
                    &[
                        (18.0, 116.0),
                        (30.0, 109.0),
                        (40.0, 102.0),
                        (60.0, 88.0),
                        (80.0, 72.0),
                        (100.0, 64.0),
                    ],
                    self.age,
                    |row: (f64, f64)| row.0,
                    |row| [row.1],
                );
                // Less than 60 for long is the illness, which modules give.
                (median + 10.0 * score).clamp(63.0, 135.0)
            }
        };
        rate * day * acute
    }
}

/// CKD-EPI 2021 (Inker 2021), without race: filtration from creatinine in mg/dL.
pub(super) fn filtration(sex: Sex, age: f64, creatinine: f64) -> f64 {
    let (kappa, alpha, factor) = constants(sex);
    let ratio: f64 = creatinine / kappa;
    142.0 * ratio.min(1.0).powf(alpha) * ratio.max(1.0).powf(-1.2) * 0.9938_f64.powf(age) * factor
}

/// The same the other way round.
pub(super) fn creatinine(sex: Sex, age: f64, filtration: f64) -> f64 {
    let (kappa, alpha, factor) = constants(sex);
    let share = filtration / (142.0 * 0.9938_f64.powf(age) * factor);
    kappa * if share >= 1.0 { share.powf(1.0 / alpha) } else { share.powf(-1.0 / 1.2) }
}

fn constants(sex: Sex) -> (f64, f64, f64) {
    match sex {
        Sex::Female => (0.7, -0.241, 1.012),
        Sex::Male => (0.9, -0.302, 1.0),
    }
}

fn round(value: f64, decimals: u8) -> f64 {
    const POWERS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
    let power = POWERS[usize::from(decimals).min(3)];
    (value * power).round() / power
}
