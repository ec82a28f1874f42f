//! What is measured and asked at a visit, whatever it is for.

use super::vitals::Body;
use super::words::Words;
use super::{Vital, immunizations};
use crate::person::{Person, Value};
use crate::record::{Class, EncounterIndex, Finding, Observation};
use crate::time::{DAY, Time};
use crate::vocabulary::{AttributeId, CodeList, Symbol};

/// See [`super::attend`].
pub(super) fn attend(
    person: &mut Person,
    words: &Words,
    encounter: EncounterIndex,
    class: Class,
    day: u32,
    now: Time,
) {
    if day == 0 {
        immunizations::give(person, words, encounter, class, now);
    }
    // What was measured before the history kept is in nobody's records.
    if now < person.life.mortal_from {
        return;
    }
    // Where people live for weeks, they are not measured every day.
    if matches!(class, Class::Snf | Class::Hospice | Class::Home) && !day.is_multiple_of(3) {
        return;
    }
    let mut sheet = Sheet { words, encounter, now, new: Vec::with_capacity(16) };
    let checkup = class == Class::Wellness;
    let body = Body::new(person, words, now);
    let age = person.age(now);
    match class {
        Class::Virtual => {}
        Class::Hospice => {
            sheet.sign(&body, Vital::HeartRate);
            sheet.sign(&body, Vital::RespirationRate);
            sheet.sign(&body, Vital::Pain);
        }
        Class::Wellness | Class::Ambulatory | Class::Outpatient => {
            sheet.pressure(&body, age);
            sheet.sign(&body, Vital::HeartRate);
            if checkup || on(person, words.attributes.acute_infection) {
                sheet.sign(&body, Vital::RespirationRate);
                sheet.sign(&body, Vital::Temperature);
            }
            let lungs = [words.attributes.copd, words.attributes.asthma, words.attributes.hypoxia];
            if lungs.into_iter().any(|id| on(person, id)) {
                sheet.sign(&body, Vital::OxygenSaturation);
            }
            if checkup || age < 18 {
                sheet.sign(&body, Vital::Height);
            }
            sheet.sign(&body, Vital::Weight);
            if checkup {
                sheet.sign(&body, Vital::Pain);
                sheet.growth(&body, age);
            }
        }
        Class::UrgentCare | Class::Emergency | Class::Inpatient | Class::Home | Class::Snf => {
            sheet.pressure(&body, age);
            sheet.sign(&body, Vital::HeartRate);
            sheet.sign(&body, Vital::RespirationRate);
            sheet.sign(&body, Vital::Temperature);
            sheet.sign(&body, Vital::OxygenSaturation);
            sheet.sign(&body, Vital::Pain);
            if day == 0 && class == Class::Inpatient {
                sheet.sign(&body, Vital::Height);
                sheet.sign(&body, Vital::Weight);
                sheet.sign(&body, Vital::BodyMass);
            }
            // Heart failure is weighed every morning.
            if day > 0 && on(person, words.attributes.chf) {
                sheet.sign(&body, Vital::Weight);
            }
        }
    }
    if checkup && day == 0 {
        let yearly =
            now.since(person.life.asked) >= 350 * DAY || person.life.asked == Time::default();
        if age >= 12 {
            sheet.smoking(person);
        }
        if yearly && age >= 12 {
            person.life.asked = now;
            sheet.questions(person, age);
        }
    }
    person.changes += u64::from(!sheet.new.is_empty());
    person.record.observations.append(&mut sheet.new);
}

fn on(person: &Person, id: AttributeId) -> bool {
    person.attribute(id) == Value::Bool(true)
}

/// The observations of one visit.
struct Sheet<'a> {
    words: &'a Words,
    encounter: EncounterIndex,
    now: Time,
    new: Vec<Observation>,
}

impl Sheet<'_> {
    fn add(&mut self, codes: CodeList, category: &'static str, value: Finding, unit: Symbol) {
        self.new.push(Observation {
            codes,
            time: self.now,
            encounter: self.encounter,
            category,
            value,
            unit,
            components: Vec::new(),
        });
    }

    fn sign(&mut self, body: &Body<'_>, vital: Vital) {
        let (observed, units) = (&self.words.observed, &self.words.units);
        let (codes, unit) = match vital {
            Vital::HeartRate => (observed.heart_rate, units.per_minute),
            Vital::RespirationRate => (observed.respiratory_rate, units.per_minute),
            Vital::Temperature => (observed.temperature, units.celsius),
            Vital::OxygenSaturation => (observed.oxygen_saturation, units.percent),
            Vital::Height => (observed.height, units.centimetre),
            Vital::Weight => (observed.weight, units.kilogram),
            Vital::BodyMass => (observed.bmi, units.body_mass),
            Vital::BodyMassPercentile => (observed.bmi_percentile, units.percent),
            Vital::HeadCircumference => (observed.head, units.centimetre),
            Vital::HeadPercentile => (observed.head_percentile, units.percent),
            Vital::Pain => (observed.pain, units.score),
            _ => return,
        };
        let value = Finding::Quantity(body.level(vital), vital.decimals());
        self.add(codes, "vital-signs", value, unit);
    }

    fn pressure(&mut self, body: &Body<'_>, age: i32) {
        // The cuff comes out at three (Bright Futures).
        if age < 3 {
            return;
        }
        let unit = self.words.units.pressure;
        let part = |vital: Vital| Finding::Quantity(body.level(vital), vital.decimals());
        let components = vec![
            (self.words.observed.systolic, part(Vital::Systolic), unit),
            (self.words.observed.diastolic, part(Vital::Diastolic), unit),
        ];
        self.add(
            self.words.observed.blood_pressure,
            "vital-signs",
            Finding::None,
            self.words.units.none,
        );
        if let Some(added) = self.new.last_mut() {
            added.components = components;
        }
    }

    fn growth(&mut self, body: &Body<'_>, age: i32) {
        if age >= 2 {
            self.sign(body, Vital::BodyMass);
        }
        if (2..20).contains(&age) {
            self.sign(body, Vital::BodyMassPercentile);
        }
        if age < 3 {
            self.sign(body, Vital::HeadCircumference);
            self.sign(body, Vital::HeadPercentile);
        }
    }

    fn smoking(&mut self, person: &Person) {
        let smokes = on(person, self.words.attributes.smoker);
        let ever = on(person, self.words.attributes.ever_smoker);
        let answer = match (ever, smokes) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        };
        let value = Finding::Code(self.words.observed.smoking_answers[answer]);
        self.add(self.words.observed.smoking, "social-history", value, self.words.units.none);
        if ever && let Value::Number(packs) = person.attribute(self.words.attributes.pack_years) {
            let codes = self.words.observed.pack_years;
            self.add(
                codes,
                "social-history",
                Finding::Quantity(packs, 1),
                self.words.units.pack_years,
            );
        }
    }

    /// What is asked once a year.
    fn questions(&mut self, person: &mut Person, age: i32) {
        let words = self.words;
        let (observed, attributes, none) = (&words.observed, &words.attributes, words.units.none);
        let low = on(person, attributes.depression);
        let misery = match person.attribute(attributes.risk_mental) {
            Value::Text(tier) if tier == words.texts.tiers[2] => 0.55,
            _ => 0.25,
        };
        let random = &mut person.life_random;
        let score = if low {
            random.triangular(0.0, 3.2, 6.9).floor()
        } else {
            // Few without depression score three or more.
            random.exponential(1.0).mul_add(misery, 0.35).floor().min(3.0)
        };
        self.add(observed.phq2, "survey", Finding::Quantity(score, 0), words.units.score);
        if age < 18 {
            return;
        }
        let drinks = on(person, attributes.alcoholic);
        let random = &mut person.life_random;
        let score = if drinks {
            random.triangular(4.0, 7.0, 12.9).floor()
        } else {
            random.triangular(0.0, 0.8, 4.5).floor()
        };
        self.add(observed.audit_c, "survey", Finding::Quantity(score, 0), words.units.score);
        let homeless = usize::from(on(person, attributes.homeless));
        let answer = Finding::Code(observed.housing_answers[homeless]);
        self.add(observed.housing, "social-history", answer, none);
        let hungry = on(person, attributes.food_insecurity);
        let answer = match (hungry, person.life_random.chance(0.3)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        };
        self.add(
            observed.food,
            "social-history",
            Finding::Code(observed.food_answers[answer]),
            none,
        );
        let stranded = on(person, attributes.transportation_problem);
        let answer = if stranded { observed.no_transport } else { observed.no };
        self.add(observed.transportation, "social-history", Finding::Code(answer), none);
    }
}
