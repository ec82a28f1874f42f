//! What modules ask of a person: values, conditions, and when an answer may change.

use super::*;

impl Run<'_> {
    pub(super) fn draw(&mut self, amount: &Amount) -> f64 {
        amount.draw(&mut self.person.random)
    }

    pub(super) fn seconds(&mut self, duration: &Duration) -> i64 {
        let amount = self.draw(&duration.amount);
        ((amount * duration.unit_seconds as f64).round() as i64).clamp(0, 300 * YEAR)
    }

    // Values and conditions.

    pub(super) fn value(&self, source: Source, now: Time) -> Value {
        let words = &self.ground.modules.words;
        match source {
            Source::Attribute(id) => self.person.attribute(id),
            Source::Season(season) => {
                Value::Number(self.ground.world.seasons.intensity(season, now))
            }
            Source::Age => Value::Number(f64::from(self.person.age(now))),
            Source::Gender => Value::Text(match self.person.sex {
                Sex::Female => words.female,
                Sex::Male => words.male,
            }),
            Source::Race => Value::Text(
                words.races[match self.person.identity.race {
                    Race::White => 0,
                    Race::Black => 1,
                    Race::Asian => 2,
                    Race::Native => 3,
                    Race::Pacific => 4,
                    Race::Other => 5,
                }],
            ),
            Source::Ethnicity => Value::Text(if self.person.identity.hispanic {
                words.hispanic
            } else {
                words.not_hispanic
            }),
            Source::State | Source::City => {
                let place = self.ground.world.places.get(self.person.identity.place as usize);
                place
                    .and_then(|place| {
                        let text = if source == Source::State { place.state } else { &place.name };
                        self.ground.vocabulary.find_symbol(text)
                    })
                    .map_or(Value::Unset, Value::Text)
            }
        }
    }

    pub(super) fn vital(&mut self, vital: Vital, now: Time) -> Option<f64> {
        let value = match self.lifecycle {
            Lifecycle::Full => life::vital(&mut self.person, self.ground.words, vital, now),
            Lifecycle::Bare { .. } => self.person.vitals[vital as usize],
        };
        Some(value).filter(|value| value.is_finite())
    }

    pub(super) fn number(&mut self, name: Name, now: Time) -> Option<f64> {
        match name {
            Name::Vital(vital) => self.vital(vital, now),
            Name::Source(source) => match self.value(source, now) {
                Value::Number(number) => Some(number),
                Value::Bool(truth) => Some(f64::from(truth)),
                _ => None,
            },
        }
    }

    /// Whether a condition holds for a module's person now.
    pub(super) fn test(&mut self, at: usize, condition: &Condition, now: Time) -> bool {
        match condition {
            Condition::True => true,
            Condition::False => false,
            Condition::Gender(sex) => self.person.sex == *sex,
            Condition::Age { operator, quantity, unit } => {
                operator.holds(self.age_in(*unit, now), *quantity)
            }
            Condition::Year { operator, year } => {
                operator.holds(f64::from(now.civil().year), *year)
            }
            Condition::Month { operator, month } => {
                operator.holds(f64::from(now.civil().month), *month)
            }
            Condition::Date { operator, date } => operator.holds(now.0 as f64, date.0 as f64),
            Condition::Socioeconomic { attribute, category } => {
                self.person.attribute(*attribute) == Value::Text(*category)
            }
            Condition::Race(RaceTest::Race(race)) => self.person.identity.race == *race,
            Condition::Race(RaceTest::Hispanic) => self.person.identity.hispanic,
            Condition::Symptom { symptom, operator, value } => {
                operator.holds(f64::from(self.symptom_strength(*symptom)), *value)
            }
            Condition::Observation { of, operator, against } => {
                let value = self.observed(of);
                compare(value, *operator, *against, |_| None)
            }
            Condition::Vital { vital, operator, value } => {
                match vital.and_then(|vital| self.vital(vital, now)) {
                    Some(level) => operator.holds(level, *value),
                    None => *operator == Operator::Nil,
                }
            }
            Condition::Active { what, by } => match by {
                By::Codes(codes) => codes.iter().any(|code| self.active(*what, *code)),
                By::Attribute(id) => match self.code_of(self.person.attribute(*id)) {
                    Some(code) => self.active(*what, code),
                    None => false,
                },
                By::State(_) => false,
            },
            Condition::Attribute { source, operator, against } => {
                let value = self.value(*source, now);
                compare(value, *operator, *against, |value| self.code_of(value))
            }
            Condition::Prior { name, since, within } => {
                let instance = &self.instances[at];
                let first = instance.frames.last().map_or(0, |frame| frame.first);
                let find = |name: Symbol| {
                    instance.visited.iter().find(|v| v.name == name && v.number >= first)
                };
                let Some(visited) = find(*name) else { return false };
                if let Some(since) = since
                    && find(*since).is_some_and(|since| since.number >= visited.number)
                {
                    return false;
                }
                match (within, visited.exited) {
                    (Some(within), Some(exited)) => exited > now.plus(-within),
                    _ => true,
                }
            }
            Condition::And(all) => all.iter().all(|condition| self.test(at, condition, now)),
            Condition::Or(all) => all.iter().any(|condition| self.test(at, condition, now)),
            Condition::Not(condition) => !self.test(at, condition, now),
            Condition::AtLeast(minimum, all) => {
                all.iter().filter(|condition| self.test(at, condition, now)).count() >= *minimum
            }
            Condition::AtMost(maximum, all) => {
                all.iter().filter(|condition| self.test(at, condition, now)).count() <= *maximum
            }
        }
    }

    pub(super) fn age_in(&self, unit: AgeUnit, now: Time) -> f64 {
        let birth = self.person.birth;
        match unit {
            AgeUnit::Years => f64::from(now.age_years(birth)),
            AgeUnit::Months => f64::from(now.age_months(birth)),
            AgeUnit::Weeks => now.since(birth).div_euclid(WEEK) as f64,
            AgeUnit::Days => now.since(birth).div_euclid(DAY) as f64,
        }
    }

    /// The next moment at which the calendar can change a condition's answer.
    pub(super) fn next_answer(&self, condition: &Condition, now: Time) -> Time {
        let first_after =
            |times: [Time; 2]| times.into_iter().filter(|time| *time > now).min().unwrap_or(NEVER);
        match condition {
            Condition::Age { quantity, unit, .. } => {
                // The answer turns where the whole age reaches the quantity, or passes it.
                let low = quantity.floor().clamp(-1.0, 200_000.0) as i32;
                first_after([low, low + 1].map(|age| self.birthday(*unit, age)))
            }
            Condition::Year { year, .. } => {
                let low = year.floor().clamp(1.0, 9_000.0) as i32;
                first_after([low, low + 1].map(|year| Time::of_date(year, 1, 1)))
            }
            Condition::Month { .. } => {
                let civil = now.civil();
                if civil.month == 12 {
                    Time::of_date(civil.year + 1, 1, 1)
                } else {
                    Time::of_date(civil.year, civil.month + 1, 1)
                }
            }
            Condition::Date { date, .. } => first_after([*date, date.plus(1)]),
            Condition::Not(condition) => self.next_answer(condition, now),
            Condition::And(all)
            | Condition::Or(all)
            | Condition::AtLeast(_, all)
            | Condition::AtMost(_, all) => {
                all.iter().map(|condition| self.next_answer(condition, now)).min().unwrap_or(NEVER)
            }
            _ => NEVER,
        }
    }

    /// The first moment at which someone is so old.
    pub(super) fn birthday(&self, unit: AgeUnit, age: i32) -> Time {
        let birth = self.person.birth;
        match unit {
            AgeUnit::Days => birth.plus(i64::from(age) * DAY),
            AgeUnit::Weeks => birth.plus(i64::from(age) * WEEK),
            AgeUnit::Years | AgeUnit::Months => {
                let civil = birth.civil();
                let months = match unit {
                    AgeUnit::Years => i64::from(age) * 12,
                    _ => i64::from(age),
                } + i64::from(civil.month)
                    - 1;
                let year = (i64::from(civil.year) + months.div_euclid(12)).clamp(1, 9_999) as i32;
                let month = months.rem_euclid(12) as u32 + 1;
                // A day the month does not have spills into the next: 29 February is 1 March, as
                // `age_years` counts.
                Time::of_date(year, month, 1).plus((i64::from(civil.day) - 1) * DAY)
            }
        }
    }

    pub(super) fn observed(&mut self, of: &By) -> Value {
        let finding = match of {
            By::Codes(codes) => {
                self.look_at_observations();
                let modules = self.ground.modules;
                codes.iter().find_map(|code| {
                    let slot = usize::from(modules.observed[code.0 as usize]);
                    if let Some(finding) = self.latest_component.get(slot).copied().flatten() {
                        return Some(finding);
                    }
                    let index = *self.latest.get(slot)? as usize;
                    self.person.record.observations.get(index).map(|found| found.value)
                })
            }
            By::Attribute(id) => match self.person.attribute(*id) {
                Value::Entry(Entry::Observation(index)) => {
                    self.person.record.observations.get(index as usize).map(|found| found.value)
                }
                _ => None,
            },
            By::State(_) => None,
        };
        match finding {
            Some(Finding::Quantity(number, _)) => Value::Number(number),
            Some(Finding::Code(code)) => Value::Code(code),
            Some(Finding::Text(text)) => Value::Text(text),
            Some(Finding::Bool(truth)) => Value::Bool(truth),
            // It was made, even if it has no value of its own.
            Some(Finding::None) => Value::Bool(true),
            None => Value::Unset,
        }
    }

    /// Notes the latest observation of each code somebody asks about.
    pub(super) fn look_at_observations(&mut self) {
        let modules = self.ground.modules;
        let observations = &self.person.record.observations;
        for (index, observation) in observations.iter().enumerate().skip(self.observations_seen) {
            for code in self.ground.vocabulary.list(observation.codes) {
                let slot = usize::from(modules.observed[code.0 as usize]);
                if let Some(latest) = self.latest.get_mut(slot) {
                    *latest = index as u32;
                    self.latest_component[slot] = None;
                }
            }
            for (codes, finding, _) in &observation.components {
                for code in self.ground.vocabulary.list(*codes) {
                    let slot = usize::from(modules.observed[code.0 as usize]);
                    if let Some(latest) = self.latest.get_mut(slot) {
                        *latest = index as u32;
                        self.latest_component[slot] = Some(*finding);
                    }
                }
            }
        }
        self.observations_seen = observations.len();
    }

    pub(super) fn codes_of(&self, value: Value) -> Option<CodeList> {
        let record = &self.person.record;
        match value {
            Value::Code(code) => self.ground.vocabulary.find_list(&[code]),
            Value::Entry(entry) => match entry {
                Entry::Encounter(at) => record.encounters.get(at as usize).map(|e| e.codes),
                Entry::Condition(at) => record.conditions.get(at as usize).map(|e| e.codes),
                Entry::Allergy(at) => record.allergies.get(at as usize).map(|e| e.codes),
                Entry::Medication(at) => record.medications.get(at as usize).map(|e| e.codes),
                Entry::CarePlan(at) => record.care_plans.get(at as usize).map(|e| e.codes),
                Entry::Procedure(at) => record.procedures.get(at as usize).map(|e| e.codes),
                Entry::Observation(at) => record.observations.get(at as usize).map(|e| e.codes),
                Entry::Report(at) => record.reports.get(at as usize).map(|e| e.codes),
                Entry::Imaging(at) => record.imaging.get(at as usize).map(|e| e.procedure),
                Entry::Device(at) => record.devices.get(at as usize).map(|e| e.codes),
                Entry::Supply(at) => record.supplies.get(at as usize).map(|e| e.codes),
                Entry::Immunization(at) => record.immunizations.get(at as usize).map(|e| e.codes),
            },
            _ => None,
        }
    }

    /// The main code of what an attribute holds.
    pub(super) fn code_of(&self, value: Value) -> Option<CodeId> {
        match value {
            Value::Code(code) => Some(code),
            value => self.codes_of(value).map(|codes| self.main(codes)),
        }
    }

    pub(super) fn main(&self, codes: CodeList) -> CodeId {
        self.ground.vocabulary.list(codes)[0]
    }
}
