//! Runs one life: the lifecycle and all modules on one queue of moments.
//!
//! Synthea looks at every module every seven days. Here a module sleeps until something can happen:
//! a delay ends (at its exact second), a guard's question can have another answer, a visit begins or
//! ends. What must be looked at again and again (vital signs, seasons) is looked at every seven days
//! from birth, as there.
//!
//! Always true:
//! - moments are taken in order of time; at one moment death comes first, then the lifecycle, then
//!   check-ups, then modules in order of their paths, and the end of a visit last;
//! - one encounter is open at a time, and who wants another waits;
//! - nothing is recorded at or after the end, or after death.

use crate::gmf::Modules;
use crate::gmf::expression::Name;
use crate::gmf::model::*;
use crate::life::{self, Vital, Words};
use crate::person::{Person, Race, Sex, Value};
use crate::random::Random;
use crate::record;
use crate::record::{
    Allergy, CarePlan, Class, Device, Encounter, EncounterIndex, Entry, Finding, Imaging,
    Immunization, Medication, Observation, Procedure, Report, Series, Supply, Ward,
};
use crate::time::{DAY, HOUR, MINUTE, Time, WEEK, YEAR};
use crate::vocabulary::{AttributeId, CodeId, CodeList, Symbol, Vocabulary};
use crate::world::World;

/// Later than anything.
const NEVER: Time = Time(i64::MAX);
/// So many states at one moment are a circle in a module; it goes on a week later.
const STATES_AT_ONCE_MAX: u32 = 20_000;
/// No module of a life of 110 years visits so many states: Synthea's visit 143,000 all together.
const STATES_A_LIFE_MAX: u32 = 1_000_000;
/// An inpatient stay this soon after an emergency visit of the same module follows on it.
const ADMISSION_SECONDS: i64 = 2 * HOUR;
/// Imaging takes this long.
const IMAGING_SECONDS: i64 = 30 * MINUTE;
/// A procedure without a duration of its own.
const PROCEDURE_SECONDS: i64 = 15 * MINUTE;
/// Symptom totals above which people go to their doctor, to urgent care, to the emergency department.
const SYMPTOM_TOTALS: [u32; 3] = [300, 350, 500];

/// Whether the lifecycle takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    Full,
    /// Nothing but the modules and, if given, a check-up every so many seconds: for tests.
    #[cfg_attr(not(test), allow(dead_code))]
    Bare {
        check_up_seconds: Option<i64>,
    },
}

/// What a run reads and does not change.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub modules: &'a Modules,
    pub vocabulary: &'a Vocabulary,
    pub words: &'a Words,
    pub world: &'a World,
    pub end: Time,
}

/// What a module waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// A moment, in `Run::wake`.
    Time,
    /// Its guard's condition; perhaps also a moment.
    Guard,
    /// The end of the open encounter.
    Slot,
    /// The next check-up.
    Wellness,
    /// Nothing more.
    Done,
}

/// A place in a module or in one of its submodules.
#[derive(Clone, Copy, Debug)]
struct Frame {
    state: StateId,
    /// Nothing of the state has been done yet.
    fresh: bool,
    /// When a delay ends; the arranged begin of an encounter.
    until: Time,
    /// Number of the first state visited in this frame.
    first: u32,
}

/// The last visit to a state of a name somebody asks about.
#[derive(Clone, Copy, Debug)]
struct Visited {
    name: Symbol,
    number: u32,
    exited: Option<Time>,
}

/// Something that began and is not diagnosed.
#[derive(Clone, Copy, Debug)]
struct Pending {
    entry: Entry,
    /// Name of the state it comes from.
    name: Symbol,
    /// Name of the encounter that will find it; none: the next one of any kind.
    target: Option<Symbol>,
    assign: Option<AttributeId>,
    state: StateId,
}

/// One module of one person.
#[derive(Debug)]
struct Instance {
    machine: u16,
    frames: Vec<Frame>,
    wait: Wait,
    depends: Depends,
    seen: (u64, u64),
    visited: Vec<Visited>,
    number: u32,
    pending: Vec<Pending>,
    /// The encounter it records into, and the name of the state that began it.
    encounter: Option<(EncounterIndex, Symbol)>,
    /// The last encounter it opened itself.
    last: Option<EncounterIndex>,
    /// The last check-up that served it.
    served: u32,
}

/// The open encounter.
#[derive(Clone, Copy, Debug)]
struct Open {
    index: EncounterIndex,
    class: Class,
    start: Time,
    /// Whose it is; none for check-ups, and once it is about to end.
    owner: Option<usize>,
    /// Who gets the first go when it ends.
    heir: Option<usize>,
    /// Ends by itself.
    close: Time,
    /// Does not end earlier.
    busy: Time,
    /// A check-up: serves modules that wait for one.
    serving: bool,
    /// The next daily round of a stay, and its number.
    round: (Time, u32),
}

/// An entry that has begun and not ended.
#[derive(Clone, Copy, Debug)]
struct Active {
    code: CodeId,
    index: u32,
    /// The state it comes from.
    name: Symbol,
    instance: usize,
}

/// What to do with a state just processed.
enum Outcome {
    Go,
    Wait(Wait),
    /// Descend into a submodule.
    Call(u16),
    End,
}

/// One life while it runs.
pub(crate) struct Run<'a> {
    ground: Ground<'a>,
    lifecycle: Lifecycle,
    pub person: Person,
    instances: Vec<Instance>,
    /// When each instance wakes by itself.
    wake: Vec<Time>,
    life_next: Time,
    wellness_next: Time,
    symptom_next: Time,
    symptom_total: u32,
    symptom_last: Time,
    addressed: Vec<Symbol>,
    /// Number of the current or last visit that serves modules.
    visit: u32,
    open: Option<Open>,
    death: Option<(Time, Option<CodeList>)>,
    /// By [`Ended`].
    active: [Vec<Active>; 5],
    /// How much of the record `active` has seen, by [`Ended`].
    synced: [usize; 5],
    /// The last observation of codes somebody asks about.
    latest: Vec<u32>,
    latest_component: Vec<Option<Finding>>,
    observations_seen: usize,
    record_changes: u64,
    over: bool,
}

impl<'a> Run<'a> {
    /// A run about to begin at the person's birth.
    pub fn new(ground: Ground<'a>, mut person: Person, lifecycle: Lifecycle) -> Self {
        person.attributes.resize(ground.vocabulary.attributes(), Value::Unset);
        let birth = person.birth;
        let modules = ground.modules;
        let instances: Vec<Instance> = modules
            .top
            .iter()
            .map(|machine| Instance {
                machine: *machine,
                frames: vec![Frame {
                    state: modules.machines[usize::from(*machine)].initial,
                    fresh: true,
                    until: birth,
                    first: 0,
                }],
                wait: Wait::Time,
                depends: Depends::default(),
                seen: (0, 0),
                visited: Vec::new(),
                number: 0,
                pending: Vec::new(),
                encounter: None,
                last: None,
                served: 0,
            })
            .collect();
        let mut run = Self {
            ground,
            lifecycle,
            wake: vec![birth; instances.len()],
            instances,
            life_next: NEVER,
            wellness_next: NEVER,
            symptom_next: NEVER,
            symptom_total: 0,
            symptom_last: Time(i64::MIN / 2),
            addressed: Vec::new(),
            visit: 0,
            open: None,
            death: None,
            active: Default::default(),
            synced: [0; 5],
            latest: vec![u32::MAX; modules.observed_count],
            latest_component: vec![None; modules.observed_count],
            observations_seen: 0,
            record_changes: 0,
            over: false,
            person,
        };
        match lifecycle {
            Lifecycle::Full => {
                run.life_next = birth;
                run.wellness_next =
                    life::next_wellness(&mut run.person, ground.words, None).max(birth);
            }
            Lifecycle::Bare { check_up_seconds: Some(seconds) } => {
                run.wellness_next = birth.plus(seconds);
            }
            Lifecycle::Bare { .. } => {}
        }
        run
    }

    /// Lives on until death or the end.
    pub fn live(mut self) -> Person {
        while !self.over {
            self.step();
        }
        self.tidy();
        self.person
    }

    /// Takes the next moment.
    fn step(&mut self) {
        // Ties fall to the first of these, in this order.
        let mut at = self.death.map_or(NEVER, |(time, _)| time);
        let mut what = 0;
        for (time, kind) in [
            (self.life_next, 1),
            (if self.open.is_none() { self.wellness_next } else { NEVER }, 2),
            (if self.open.is_none() { self.symptom_next } else { NEVER }, 3),
        ] {
            if time < at {
                (at, what) = (time, kind);
            }
        }
        let mut who = usize::MAX;
        for (instance, time) in self.wake.iter().enumerate() {
            if *time < at {
                (at, what, who) = (*time, 4, instance);
            }
        }
        if let Some(open) = &self.open {
            if open.round.0 < at {
                (at, what) = (open.round.0, 5);
            }
            if open.close < at {
                (at, what) = (open.close, 6);
            }
        }
        if at >= self.ground.end {
            self.over = true;
            return;
        }
        match what {
            0 => {
                let cause = self.death.and_then(|(_, cause)| cause);
                self.person.die(at, cause);
            }
            1 => {
                let next = life::update(&mut self.person, self.ground.world, self.ground.words, at);
                self.life_next = next.max(at.plus(DAY));
                self.record_changes += 1;
            }
            2 => {
                self.wellness_next = NEVER;
                self.check_up(Class::Wellness, at);
            }
            3 => {
                self.symptom_next = NEVER;
                self.symptom_visit(at);
            }
            4 => self.advance(who, at),
            5 => self.round(at),
            _ => self.close(at),
        }
        self.settle(at);
        if let Some(death) = self.person.death {
            if death.time > at && death.time < NEVER {
                // Announced for later.
                self.person.death = None;
                self.announce_death(death.time, death.cause);
            } else {
                self.over = true;
            }
        }
    }

    fn announce_death(&mut self, time: Time, cause: Option<CodeList>) {
        if self.death.is_none_or(|(known, _)| time < known) {
            self.death = Some((time, cause));
        }
    }

    /// Lets every guard look again whose question may have a new answer.
    fn settle(&mut self, now: Time) {
        for _ in 0..100 {
            let mut moved = false;
            for at in 0..self.instances.len() {
                if !self.person.alive() {
                    return;
                }
                let instance = &self.instances[at];
                if instance.wait != Wait::Guard {
                    continue;
                }
                let person_moved =
                    instance.depends.person && instance.seen.0 != self.person.changes;
                let record_moved =
                    instance.depends.record && instance.seen.1 != self.record_changes;
                if person_moved || record_moved {
                    let before = (self.person.changes, self.record_changes);
                    self.advance(at, now);
                    moved |= before != (self.person.changes, self.record_changes)
                        || self.instances[at].wait != Wait::Guard;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Goes on with a module until it has to wait.
    fn advance(&mut self, at: usize, now: Time) {
        let modules = self.ground.modules;
        self.wake[at] = NEVER;
        // Not waiting while it runs: what it sets off may look for others that wait.
        self.instances[at].wait = Wait::Time;
        for _ in 0..STATES_AT_ONCE_MAX {
            if !self.person.alive() {
                return;
            }
            let Some(frame) = self.instances[at].frames.last().copied() else {
                self.instances[at].wait = Wait::Done;
                return;
            };
            let state = &modules.states[frame.state as usize];
            if self.instances[at].number >= STATES_A_LIFE_MAX {
                let machine = self.instances[at].machine;
                self.person.circle.get_or_insert((machine, state.name));
                self.instances[at].wait = Wait::Done;
                return;
            }
            if frame.fresh {
                self.enter(at, state);
            }
            match self.process(at, frame, state, now) {
                Outcome::Go => {
                    self.exit(at, state, now);
                    self.follow(at, state, now);
                }
                Outcome::Call(machine) => {
                    let instance = &mut self.instances[at];
                    let first = instance.number;
                    instance.frames.push(Frame {
                        state: modules.machines[usize::from(machine)].initial,
                        fresh: true,
                        until: now,
                        first,
                    });
                }
                Outcome::End => {
                    self.exit(at, state, now);
                    let instance = &mut self.instances[at];
                    if instance.frames.len() == 1 {
                        instance.wait = Wait::Done;
                        self.leave(at, None, now);
                        return;
                    }
                    instance.frames.pop();
                    // The calling state is visited once more on the way back.
                    let frame = instance.frames[instance.frames.len() - 1];
                    let caller = &modules.states[frame.state as usize];
                    self.enter(at, caller);
                    self.exit(at, caller, now);
                    self.follow(at, caller, now);
                }
                Outcome::Wait(wait) => {
                    self.instances[at].wait = wait;
                    return;
                }
            }
        }
        self.instances[at].wait = Wait::Time;
        self.wake[at] = now.plus(WEEK);
    }

    fn enter(&mut self, at: usize, state: &State) {
        let instance = &mut self.instances[at];
        if let Some(frame) = instance.frames.last_mut() {
            frame.fresh = false;
        }
        let number = instance.number;
        instance.number += 1;
        if state.tracked {
            let visited = Visited { name: state.name, number, exited: None };
            match instance.visited.iter_mut().find(|known| known.name == state.name) {
                Some(known) => *known = visited,
                None => instance.visited.push(visited),
            }
        }
    }

    fn exit(&mut self, at: usize, state: &State, now: Time) {
        if state.tracked {
            let visited = &mut self.instances[at].visited;
            if let Some(visited) = visited.iter_mut().find(|known| known.name == state.name) {
                visited.exited = Some(now);
            }
        }
    }

    fn follow(&mut self, at: usize, state: &State, now: Time) {
        let next = match &state.next {
            Transition::None => {
                self.instances[at].frames.clear();
                return;
            }
            Transition::Direct(next) => *next,
            Transition::Conditional(options) => {
                let chosen = options.iter().find(|(condition, _)| {
                    condition.as_ref().is_none_or(|condition| self.test(at, condition, now))
                });
                chosen.or(options.last()).expect("the loader refuses empty transitions").1
            }
            Transition::Distributed(shares) => self.pick(shares, now),
            Transition::Complex(options) => {
                let chosen = options.iter().find(|(condition, _)| {
                    condition.as_ref().is_none_or(|condition| self.test(at, condition, now))
                });
                match &chosen.or(options.last()).expect("the loader refuses empty transitions").1 {
                    Branch::To(next) => *next,
                    Branch::Shares(shares) => self.pick(shares, now),
                }
            }
            Transition::Table(table) => {
                let mut random = self.person.random.unit();
                let age = if table.uses_age { self.person.age(now) } else { 0 };
                let probabilities =
                    table.probabilities(age, now.0.saturating_mul(1_000), |source| {
                        self.value(source, now)
                    });
                let last = table.targets.len() - 1;
                let place = probabilities
                    .iter()
                    .position(|probability| {
                        random -= probability;
                        random < 0.0
                    })
                    .unwrap_or(last);
                table.targets[place]
            }
            Transition::TypeOfCare { ambulatory, emergency, telemedicine } => {
                // Emergency departments are used more by those with little; telemedicine came in
                // 2020. The shares are Synthea's settings.
                let poor = self
                    .ground
                    .vocabulary
                    .find_attribute("socioeconomic_category")
                    .and_then(|id| match self.person.attribute(id) {
                        Value::Text(text) => Some(self.ground.vocabulary.symbol(text) == "Low"),
                        _ => None,
                    })
                    .unwrap_or(false);
                let (in_person, urgent) = match (now >= Time::of_date(2020, 1, 1), poor) {
                    (false, true) => (0.65, 0.35),
                    (false, false) => (0.75, 0.25),
                    (true, true) => (0.66, 0.25),
                    (true, false) => (0.56, 0.20),
                };
                let random = self.person.random.unit();
                if random < in_person {
                    *ambulatory
                } else if random < in_person + urgent {
                    *emergency
                } else {
                    *telemedicine
                }
            }
        };
        if let Some(frame) = self.instances[at].frames.last_mut() {
            frame.state = next;
            frame.fresh = true;
            frame.until = now;
        }
    }

    /// One of the shares; the last takes what is left.
    fn pick(&mut self, shares: &[Share], now: Time) -> StateId {
        let random = self.person.random.unit();
        let mut high = 0.0;
        for share in shares {
            high += match share.probability {
                Probability::Fixed(probability) => probability,
                Probability::From { source, default, times } => {
                    let value = match self.value(source, now) {
                        Value::Number(number) => number,
                        _ => default,
                    };
                    (value * times).clamp(0.0, 1.0)
                }
            };
            if random < high {
                return share.to;
            }
        }
        shares[shares.len() - 1].to
    }

    /// Does what a state does.
    fn process(&mut self, at: usize, frame: Frame, state: &'a State, now: Time) -> Outcome {
        match &state.kind {
            Kind::Pass => Outcome::Go,
            Kind::Terminal => Outcome::End,
            Kind::Call(machine) => Outcome::Call(*machine),
            Kind::Delay { time, stay, ward } => {
                if frame.fresh {
                    let mut seconds = self.seconds(time);
                    if *stay {
                        let factor = life::stay_factor(self.person.age(now));
                        seconds = (seconds as f64 * factor).round() as i64;
                    }
                    self.transfer(at, *ward, now);
                    return self.sleep(at, now.plus(seconds.max(0)), now);
                }
                self.sleep(at, frame.until, now)
            }
            Kind::Guard { allow, depends } => {
                if self.test(at, allow, now) {
                    return Outcome::Go;
                }
                self.outstay(at, NEVER, now);
                let mut wake = NEVER;
                if depends.calendar {
                    wake = wake.min(self.next_answer(allow, now));
                }
                if depends.weekly {
                    let weeks = now.since(self.person.birth).div_euclid(WEEK) + 1;
                    wake = wake.min(self.person.birth.plus(weeks * WEEK));
                }
                self.wake[at] = wake;
                let seen = (self.person.changes, self.record_changes);
                let instance = &mut self.instances[at];
                instance.depends = *depends;
                instance.seen = seen;
                Outcome::Wait(Wait::Guard)
            }
            Kind::Set { attribute, value } => {
                let value = match value {
                    Setting::Value(value) => *value,
                    Setting::Amount(amount) => Value::Number(self.draw(amount)),
                    Setting::From(source) => self.value(*source, now),
                    Setting::Expression(expression) => expression
                        .value(|name| self.number(name, now))
                        .map_or(Value::Unset, Value::Number),
                };
                self.person.set(*attribute, value);
                Outcome::Go
            }
            Kind::Counter { attribute, amount } => {
                let count = match self.person.attribute(*attribute) {
                    Value::Number(number) => number.trunc(),
                    _ => 0.0,
                };
                self.person.set(*attribute, Value::Number(count + amount));
                Outcome::Go
            }
            Kind::Wellness { reason } => self.wellness(at, state.name, *reason, now),
            Kind::Encounter(encounter) => self.visit(at, frame, state.name, encounter, now),
            Kind::EncounterEnd { discharge } => {
                self.leave(at, *discharge, now);
                Outcome::Go
            }
            Kind::ConditionOnset { codes, target, assign } => {
                self.condition_onset(at, frame.state, state.name, *codes, *target, *assign, now);
                Outcome::Go
            }
            Kind::AllergyOnset(allergy) => {
                self.allergy_onset(at, frame.state, state.name, allergy, now);
                Outcome::Go
            }
            Kind::End { what, by } => {
                self.end(at, *what, by, now);
                Outcome::Go
            }
            Kind::MedicationOrder(order) => {
                self.medication(at, state.name, order, now);
                Outcome::Go
            }
            Kind::CarePlanStart(plan) => {
                self.care_plan(at, state.name, plan, now);
                Outcome::Go
            }
            Kind::Procedure(procedure) => self.procedure(at, frame, procedure, now),
            Kind::Observation(observation) => {
                if let Some(encounter) = self.encounter(at) {
                    self.observe(observation, encounter, now);
                }
                Outcome::Go
            }
            Kind::Multi { codes, category, parts, last } => {
                self.multi(at, *codes, category, parts, *last as usize, now);
                Outcome::Go
            }
            Kind::Report { codes, parts, last } => {
                self.report(at, *codes, parts, *last as usize, now);
                Outcome::Go
            }
            Kind::Vital { vital, value } => {
                let value = self.draw(value);
                if let Some(vital) = vital {
                    self.person.set_vital(*vital, value);
                }
                Outcome::Go
            }
            Kind::Symptom { symptom, probability, value } => {
                if self.person.random.unit() <= *probability {
                    let value = self.draw(value).clamp(0.0, 100.0) as u8;
                    self.symptom(at, *symptom, value, now);
                }
                Outcome::Go
            }
            Kind::Death { cause, after } => {
                let cause = match cause {
                    Cause::Unknown => None,
                    Cause::Codes(codes) => Some(*codes),
                    Cause::State(name) => self.reason_by_state(at, *name),
                    Cause::Attribute(id) => self.codes_of(self.person.attribute(*id)),
                };
                match after {
                    None => self.person.die(now, cause),
                    Some(after) => {
                        let time = now.plus(self.seconds(after));
                        if time <= now {
                            self.person.die(now, cause);
                        } else {
                            self.announce_death(time, cause);
                        }
                    }
                }
                Outcome::Go
            }
            Kind::Imaging(imaging) => {
                self.imaging(at, imaging, now);
                Outcome::Go
            }
            Kind::Device { codes, maker, assign } => {
                if let Some(encounter) = self.encounter(at) {
                    self.sync();
                    let index = self.person.record.devices.len() as u32;
                    self.person.record.devices.push(Device {
                        codes: *codes,
                        start: now,
                        stop: None,
                        encounter,
                        maker: *maker,
                    });
                    self.begin(Ended::Device, *codes, index, state.name, at);
                    self.assign(*assign, Entry::Device(index));
                }
                Outcome::Go
            }
            Kind::Supplies(supplies) => {
                if let Some(encounter) = self.encounter(at) {
                    for (codes, quantity) in supplies {
                        let (codes, quantity) = (*codes, *quantity);
                        let supply = Supply { codes, quantity, time: now, encounter };
                        self.person.record.supplies.push(supply);
                    }
                    self.record_changes += 1;
                }
                Outcome::Go
            }
            Kind::Vaccine { codes, dose } => {
                if let Some(encounter) = self.encounter(at) {
                    self.person.record.immunizations.push(Immunization {
                        codes: *codes,
                        time: now,
                        encounter,
                        dose: *dose,
                    });
                    self.record_changes += 1;
                }
                Outcome::Go
            }
        }
    }

    /// Waits until a moment; goes on if it has come.
    fn sleep(&mut self, at: usize, until: Time, now: Time) -> Outcome {
        if until <= now {
            return Outcome::Go;
        }
        self.outstay(at, until, now);
        if let Some(frame) = self.instances[at].frames.last_mut() {
            frame.until = until;
        }
        self.wake[at] = until;
        Outcome::Wait(Wait::Time)
    }

    fn draw(&mut self, amount: &Amount) -> f64 {
        amount.draw(&mut self.person.random)
    }

    fn seconds(&mut self, duration: &Duration) -> i64 {
        let amount = self.draw(&duration.amount);
        ((amount * duration.unit_seconds as f64).round() as i64).clamp(0, 300 * YEAR)
    }

    // Values and conditions.

    fn value(&self, source: Source, now: Time) -> Value {
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

    fn vital(&mut self, vital: Vital, now: Time) -> Option<f64> {
        let value = match self.lifecycle {
            Lifecycle::Full => life::vital(&mut self.person, self.ground.words, vital, now),
            Lifecycle::Bare { .. } => self.person.vitals[vital as usize],
        };
        Some(value).filter(|value| value.is_finite())
    }

    fn number(&mut self, name: Name, now: Time) -> Option<f64> {
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
    fn test(&mut self, at: usize, condition: &Condition, now: Time) -> bool {
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

    fn age_in(&self, unit: AgeUnit, now: Time) -> f64 {
        let birth = self.person.birth;
        match unit {
            AgeUnit::Years => f64::from(now.age_years(birth)),
            AgeUnit::Months => f64::from(now.age_months(birth)),
            AgeUnit::Weeks => now.since(birth).div_euclid(WEEK) as f64,
            AgeUnit::Days => now.since(birth).div_euclid(DAY) as f64,
        }
    }

    /// The next moment at which the calendar can change a condition's answer.
    fn next_answer(&self, condition: &Condition, now: Time) -> Time {
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
    fn birthday(&self, unit: AgeUnit, age: i32) -> Time {
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

    fn observed(&mut self, of: &By) -> Value {
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
    fn look_at_observations(&mut self) {
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

    fn codes_of(&self, value: Value) -> Option<CodeList> {
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
    fn code_of(&self, value: Value) -> Option<CodeId> {
        match value {
            Value::Code(code) => Some(code),
            value => self.codes_of(value).map(|codes| self.main(codes)),
        }
    }

    fn main(&self, codes: CodeList) -> CodeId {
        self.ground.vocabulary.list(codes)[0]
    }

    // What has begun and not ended.

    /// Takes note of what the lifecycle wrote into the record by itself.
    fn sync(&mut self) {
        let record = &self.person.record;
        let lengths = [
            record.conditions.len(),
            record.allergies.len(),
            record.medications.len(),
            record.care_plans.len(),
            record.devices.len(),
        ];
        if lengths == self.synced {
            return;
        }
        for (kind, length) in lengths.into_iter().enumerate() {
            for index in self.synced[kind]..length {
                let codes = match kind {
                    0 => record.conditions[index].codes,
                    1 => record.allergies[index].codes,
                    2 => record.medications[index].codes,
                    3 => record.care_plans[index].codes,
                    _ => record.devices[index].codes,
                };
                self.active[kind].push(Active {
                    code: self.ground.vocabulary.list(codes)[0],
                    index: index as u32,
                    name: Symbol(u32::MAX),
                    instance: usize::MAX,
                });
            }
        }
        self.synced = lengths;
    }

    /// Notes an entry just pushed as active.
    fn begin(&mut self, what: Ended, codes: CodeList, index: u32, name: Symbol, at: usize) {
        let code = self.main(codes);
        self.active[what as usize].push(Active { code, index, name, instance: at });
        let length = index as usize + 1;
        self.synced[what as usize] = self.synced[what as usize].max(length);
        self.record_changes += 1;
    }

    fn going_on(&self, what: Ended, index: u32) -> bool {
        let record = &self.person.record;
        let index = index as usize;
        match what {
            Ended::Condition => {
                let condition = &record.conditions[index];
                condition.diagnosed.is_some() && condition.abatement.is_none()
            }
            Ended::Allergy => {
                let allergy = &record.allergies[index];
                allergy.diagnosed.is_some() && allergy.abatement.is_none()
            }
            Ended::Medication => record.medications[index].stop.is_none(),
            Ended::CarePlan => record.care_plans[index].stop.is_none(),
            Ended::Device => record.devices[index].stop.is_none(),
        }
    }

    fn find_active(&mut self, what: Ended, code: CodeId) -> Option<Active> {
        self.sync();
        self.active[what as usize]
            .iter()
            .find(|active| active.code == code && self.going_on(what, active.index))
            .copied()
    }

    fn active(&mut self, what: Ended, code: CodeId) -> bool {
        self.find_active(what, code).is_some()
    }

    /// Ends one active entry.
    fn stop(&mut self, what: Ended, index: u32, now: Time) {
        let record = &mut self.person.record;
        let at = index as usize;
        match what {
            Ended::Condition => record.conditions[at].abatement = Some(now),
            Ended::Allergy => record.allergies[at].abatement = Some(now),
            Ended::Medication => {
                record.medications[at].stop = Some(now);
                record.medications[at].stop_reason = Some(self.ground.modules.words.stopped);
            }
            Ended::CarePlan => record.care_plans[at].stop = Some(now),
            Ended::Device => record.devices[at].stop = Some(now),
        }
        self.active[what as usize].retain(|active| active.index != index);
        self.record_changes += 1;
    }

    fn end(&mut self, at: usize, what: Ended, by: &By, now: Time) {
        self.sync();
        let undiagnosed = |entry: Entry| match what {
            Ended::Condition => matches!(entry, Entry::Condition(_)),
            Ended::Allergy => matches!(entry, Entry::Allergy(_)),
            _ => false,
        };
        let codes: &[CodeId] = match by {
            By::Codes(codes) => codes,
            By::State(name) => {
                let found: Vec<u32> = self.active[what as usize]
                    .iter()
                    .filter(|active| active.name == *name && active.instance == at)
                    .filter(|active| self.going_on(what, active.index))
                    .map(|active| active.index)
                    .collect();
                for index in found {
                    self.stop(what, index, now);
                }
                self.forget(at, now, |_, pending| {
                    pending.name == *name && undiagnosed(pending.entry)
                });
                return;
            }
            By::Attribute(id) => {
                let value = self.person.attribute(*id);
                if let Value::Entry(entry) = value {
                    self.forget(at, now, |_, pending| pending.entry == entry);
                }
                match self.code_of(value) {
                    Some(code) => &[code],
                    None => return,
                }
            }
        };
        for code in codes {
            if let Some(active) = self.find_active(what, *code) {
                self.stop(what, active.index, now);
            }
        }
        self.forget(at, now, |run, pending| {
            undiagnosed(pending.entry)
                && run
                    .codes_of(Value::Entry(pending.entry))
                    .is_some_and(|list| codes.contains(&run.main(list)))
        });
    }

    /// Ends what was never diagnosed: nobody will find it any more.
    fn forget(&mut self, at: usize, now: Time, which: impl Fn(&Self, &Pending) -> bool) {
        if self.instances[at].pending.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.instances[at].pending);
        pending.retain(|pending| {
            if !which(self, pending) {
                return true;
            }
            match pending.entry {
                Entry::Condition(index) => {
                    self.person.record.conditions[index as usize].abatement = Some(now);
                }
                Entry::Allergy(index) => {
                    self.person.record.allergies[index as usize].abatement = Some(now);
                }
                _ => {}
            }
            false
        });
        self.instances[at].pending = pending;
    }

    fn assign(&mut self, attribute: Option<AttributeId>, entry: Entry) {
        if let Some(attribute) = attribute {
            self.person.set(attribute, Value::Entry(entry));
        }
    }

    fn reason(&mut self, at: usize, reason: Option<Reason>) -> Option<CodeList> {
        let reason = reason?;
        let value = reason.attribute.map_or(Value::Unset, |id| self.person.attribute(id));
        if value != Value::Unset {
            return self.codes_of(value);
        }
        self.reason_by_state(at, reason.state)
    }

    /// The codes of a diagnosed condition a state of this module brought on.
    fn reason_by_state(&mut self, at: usize, name: Symbol) -> Option<CodeList> {
        self.sync();
        self.active[Ended::Condition as usize]
            .iter()
            .rev()
            .find(|active| {
                active.name == name
                    && active.instance == at
                    && self.going_on(Ended::Condition, active.index)
            })
            .map(|active| self.person.record.conditions[active.index as usize].codes)
    }

    // Encounters.

    /// The encounter something is recorded in: the module's own, the open one, or the last.
    fn encounter(&self, at: usize) -> Option<EncounterIndex> {
        self.instances[at]
            .encounter
            .map(|(index, _)| index)
            .or(self.open.map(|open| open.index))
            .or(self.person.record.encounters.len().checked_sub(1).map(|last| last as u32))
    }

    fn arrival(&mut self, class: Class, ward: Option<Ward>, wanted: Time) -> Time {
        match self.lifecycle {
            Lifecycle::Full => life::arrival(&mut self.person, class, ward, wanted).max(wanted),
            Lifecycle::Bare { .. } => wanted,
        }
    }

    fn attend(&mut self, index: EncounterIndex, class: Class, day: u32, now: Time) {
        if self.lifecycle == Lifecycle::Full {
            life::attend(&mut self.person, self.ground.words, index, class, day, now);
        }
        self.record_changes += 1;
    }

    fn visit_seconds(&mut self, class: Class) -> i64 {
        match self.lifecycle {
            Lifecycle::Full => life::visit_seconds(&mut self.person, class).max(MINUTE),
            Lifecycle::Bare { .. } => 30 * MINUTE,
        }
    }

    /// An Encounter state: waits its turn, then for the arranged time, then begins.
    fn visit(
        &mut self,
        at: usize,
        frame: Frame,
        name: Symbol,
        wanted: &EncounterState,
        now: Time,
    ) -> Outcome {
        if self.open.is_some_and(|open| open.owner == Some(at)) {
            self.leave(at, None, now);
        }
        let emergency = self.instances[at].last.filter(|last| {
            let encounter = &self.person.record.encounters[*last as usize];
            wanted.class == Class::Inpatient
                && encounter.class == Class::Emergency
                && *last as usize + 1 == self.person.record.encounters.len()
                && encounter.stop.is_none_or(|stop| now.since(stop) <= ADMISSION_SECONDS)
        });
        if self.open.is_some() {
            // What was arranged falls through; it is arranged anew when the other visit ends.
            if let Some(frame) = self.instances[at].frames.last_mut() {
                frame.until = NEVER;
            }
            return Outcome::Wait(Wait::Slot);
        }
        let arranged = !frame.fresh && frame.until == now;
        if emergency.is_none() && !arranged {
            let time = self.arrival(wanted.class, wanted.ward, now);
            if time > now {
                if let Some(frame) = self.instances[at].frames.last_mut() {
                    frame.until = time;
                }
                self.wake[at] = time;
                return Outcome::Wait(Wait::Time);
            }
        }
        let machine = self.instances[at].machine;
        let ward = match wanted.class {
            Class::Emergency => Some(wanted.ward.unwrap_or(Ward::Emergency)),
            Class::Inpatient => Some(self.ward_for_age(wanted.ward.unwrap_or(Ward::Medical), now)),
            _ => None,
        };
        let index = self.open_encounter(
            wanted.class,
            wanted.codes,
            ward,
            wanted.acuity,
            Some(machine),
            emergency,
            now,
        );
        if let Some(open) = &mut self.open {
            open.owner = Some(at);
        }
        let instance = &mut self.instances[at];
        instance.encounter = Some((index, name));
        instance.last = Some(index);
        self.attend(index, wanted.class, 0, now);
        self.diagnose(at, name, index, now);
        let reason = self.reason(at, wanted.reason);
        self.person.record.encounters[index as usize].reason = reason;
        Outcome::Go
    }

    /// Children lie in the children's ward, whatever they have, unless it is intensive care.
    fn ward_for_age(&self, ward: Ward, now: Time) -> Ward {
        match ward {
            Ward::Medical | Ward::Surgical if self.person.age(now) < 16 => Ward::Paediatric,
            ward => ward,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn open_encounter(
        &mut self,
        class: Class,
        codes: CodeList,
        ward: Option<Ward>,
        acuity: Option<u8>,
        machine: Option<u16>,
        admitted_from: Option<EncounterIndex>,
        now: Time,
    ) -> EncounterIndex {
        let path =
            machine.map_or("", |machine| &*self.ground.modules.machines[usize::from(machine)].path);
        let mut random = self.person.random.clone();
        let (mut facility, practitioner) =
            self.ground.world.choose_at(&self.person, class, ward, path, now, &mut random);
        self.person.random = random;
        if let Some(from) = admitted_from {
            facility = self.person.record.encounters[from as usize].facility;
        }
        let mut symptoms: Vec<(Symbol, u8)> = Vec::new();
        for (_, symptom, strength) in &self.person.symptoms {
            match symptoms.iter_mut().find(|(known, _)| known == symptom) {
                Some((_, known)) => *known = (*known).max(*strength),
                None => symptoms.push((*symptom, *strength)),
            }
        }
        symptoms.sort_by_key(|(_, strength)| std::cmp::Reverse(*strength));
        let index = self.person.record.encounters.len() as EncounterIndex;
        self.person.record.encounters.push(Encounter {
            class,
            codes,
            start: now,
            stop: None,
            reason: None,
            discharge: None,
            facility,
            practitioner,
            module: machine,
            wards: ward.map(|ward| (now, ward)).into_iter().collect(),
            acuity,
            symptoms,
            admitted_from,
        });
        let round = if class == Class::Inpatient {
            (now.midnight().plus(DAY + 7 * HOUR), 1)
        } else {
            (NEVER, 0)
        };
        self.open = Some(Open {
            index,
            class,
            start: now,
            owner: None,
            heir: None,
            close: NEVER,
            busy: now,
            serving: false,
            round,
        });
        index
    }

    /// The daily round of a stay.
    fn round(&mut self, now: Time) {
        if let Some(open) = &mut self.open {
            let (index, class, day) = (open.index, open.class, open.round.1);
            open.round = (now.plus(DAY), day + 1);
            self.attend(index, class, day, now);
        }
    }

    /// A module's visit is over: it ends now, or when everyone has had enough time.
    fn leave(&mut self, at: usize, discharge: Option<CodeId>, now: Time) {
        let Some((index, _)) = self.instances[at].encounter.take() else { return };
        let Some(open) = self.open.filter(|open| open.index == index && open.owner == Some(at))
        else {
            return;
        };
        if discharge.is_some() {
            self.person.record.encounters[index as usize].discharge = discharge;
        }
        let mut close = open.busy.max(now);
        if now.since(open.start) < MINUTE {
            // The module gave it no time.
            close = close.max(open.start.plus(self.visit_seconds(open.class)));
        }
        if let Some(open) = &mut self.open {
            open.owner = None;
            open.heir = Some(at);
            open.close = close;
        }
        if close <= now {
            self.close(now);
        }
    }

    /// A visit does not last as long as what comes next: who waits for weeks has gone home.
    fn outstay(&mut self, at: usize, until: Time, now: Time) {
        let Some(open) = self.open.filter(|open| open.owner == Some(at)) else { return };
        let longest = match open.class {
            Class::Inpatient | Class::Hospice | Class::Snf | Class::Home => return,
            Class::Emergency => 3 * DAY,
            _ => DAY,
        };
        if until == NEVER || until.since(open.start) > longest {
            self.leave(at, None, now);
        }
    }

    /// The open encounter ends, and others get their turn.
    fn close(&mut self, now: Time) {
        let Some(open) = self.open.take() else { return };
        self.person.record.encounters[open.index as usize].stop = Some(now);
        // What was given during a visit ends with it, so that the next visit can give it again.
        let given: Vec<u32> = self.active[Ended::Medication as usize]
            .iter()
            .map(|active| active.index)
            .filter(|index| {
                let medication = &self.person.record.medications[*index as usize];
                medication.administered && medication.encounter == open.index
            })
            .collect();
        for index in given {
            self.stop(Ended::Medication, index, now);
            self.person.record.medications[index as usize].stop_reason = None;
        }
        self.record_changes += 1;
        for instance in &mut self.instances {
            if instance.encounter.is_some_and(|(index, _)| index == open.index) {
                instance.encounter = None;
            }
        }
        if open.class == Class::Wellness && open.serving {
            self.wellness_next = match self.lifecycle {
                Lifecycle::Full => {
                    life::next_wellness(&mut self.person, self.ground.words, Some(open.start))
                }
                Lifecycle::Bare { check_up_seconds } => {
                    check_up_seconds.map_or(NEVER, |seconds| open.start.plus(seconds))
                }
            }
            .max(now.plus(1));
        } else if self.wellness_next <= now {
            self.wellness_next = self.arrival(Class::Wellness, None, now.plus(1));
        }
        if self.symptom_next <= now {
            self.symptom_next = now.plus(1);
        }
        // The heir first: an admission follows on its emergency visit.
        let order = open.heir.into_iter().chain(0..self.instances.len());
        for at in order {
            if self.instances[at].wait == Wait::Slot && self.person.alive() {
                // Also those that find it taken again: they go on waiting.
                self.advance(at, now);
            }
        }
    }

    /// Opens a visit of the lifecycle and serves the modules that wait for one.
    fn check_up(&mut self, class: Class, now: Time) {
        let words = &self.ground.modules.words;
        let codes = match class {
            Class::Wellness if self.person.age(now) < 18 => words.child_visit,
            Class::Wellness => words.adult_visit,
            Class::Emergency => words.emergency_visit,
            Class::UrgentCare => words.urgent_visit,
            _ => words.problem_visit,
        };
        let ward = (class == Class::Emergency).then_some(Ward::Emergency);
        let index = self.open_encounter(class, codes, ward, None, None, None, now);
        let close = now.plus(self.visit_seconds(class));
        let serving = matches!(class, Class::Wellness | Class::Outpatient);
        if let Some(open) = &mut self.open {
            open.close = close;
            open.serving = serving;
        }
        self.attend(index, class, 0, now);
        self.diagnose_any(index, now);
        if serving {
            self.visit += 1;
            self.renew(index, now);
            for at in 0..self.instances.len() {
                if self.instances[at].wait == Wait::Wellness && self.person.alive() {
                    self.advance(at, now);
                }
            }
        }
    }

    /// A state that waits for a check-up.
    fn wellness(&mut self, at: usize, name: Symbol, reason: Option<Reason>, now: Time) -> Outcome {
        match self.open {
            Some(open) if open.serving && self.instances[at].served != self.visit => {
                self.instances[at].served = self.visit;
                self.instances[at].encounter = Some((open.index, name));
                self.diagnose(at, name, open.index, now);
                let reason = self.reason(at, reason);
                let encounter = &mut self.person.record.encounters[open.index as usize];
                encounter.reason = encounter.reason.or(reason);
                Outcome::Go
            }
            _ => {
                self.outstay(at, NEVER, now);
                Outcome::Wait(Wait::Wellness)
            }
        }
    }

    /// Chronic medicines are prescribed anew at check-ups.
    fn renew(&mut self, encounter: EncounterIndex, now: Time) {
        self.sync();
        let chronic: Vec<Active> = self.active[Ended::Medication as usize]
            .iter()
            .filter(|active| {
                let medication = &self.person.record.medications[active.index as usize];
                medication.chronic && medication.stop.is_none() && medication.start < now
            })
            .copied()
            .collect();
        for active in chronic {
            self.stop(Ended::Medication, active.index, now);
            let mut medication = self.person.record.medications[active.index as usize].clone();
            medication.start = now;
            medication.stop = None;
            medication.stop_reason = None;
            medication.encounter = encounter;
            medication.renewal = true;
            let index = self.person.record.medications.len() as u32;
            self.person.record.medications.push(medication);
            self.active[Ended::Medication as usize].push(Active { index, ..active });
            self.synced[Ended::Medication as usize] = index as usize + 1;
        }
    }

    // Symptoms.

    fn symptom_strength(&self, symptom: Symbol) -> u8 {
        let of = self.person.symptoms.iter().filter(|(_, name, _)| *name == symptom);
        of.map(|(_, _, strength)| *strength).max().unwrap_or(0)
    }

    fn symptom(&mut self, at: usize, symptom: Symbol, strength: u8, now: Time) {
        let cause = self.instances[at].machine;
        let symptoms = &mut self.person.symptoms;
        symptoms.retain(|(of, name, _)| (*of, *name) != (cause, symptom));
        if strength > 0 {
            symptoms.push((cause, symptom, strength));
            self.addressed.retain(|name| *name != symptom);
        }
        self.person.changes += 1;
        let total = self.symptoms_total();
        if total > SYMPTOM_TOTALS[0]
            && total != self.symptom_total
            && now.since(self.symptom_last) >= WEEK
            && self.symptom_next == NEVER
        {
            let class = symptom_class(total);
            self.symptom_next = self.arrival(class, None, now).max(now.plus(1));
        }
    }

    /// The sum of the strongest of each symptom nobody has looked after.
    fn symptoms_total(&self) -> u32 {
        let mut seen: Vec<Symbol> = Vec::new();
        let mut total = 0;
        for (_, symptom, _) in &self.person.symptoms {
            if !seen.contains(symptom) && !self.addressed.contains(symptom) {
                seen.push(*symptom);
                total += u32::from(self.symptom_strength(*symptom));
            }
        }
        total
    }

    fn symptom_visit(&mut self, now: Time) {
        let total = self.symptoms_total();
        if total <= SYMPTOM_TOTALS[0] {
            return;
        }
        self.symptom_total = total;
        self.symptom_last = now;
        let strongest = self
            .person
            .symptoms
            .iter()
            .filter(|(_, name, _)| !self.addressed.contains(name))
            .max_by_key(|(_, _, strength)| *strength)
            .map(|(_, name, _)| *name);
        self.check_up(symptom_class(total), now);
        self.addressed.extend(strongest);
    }

    // What states write.

    fn transfer(&mut self, at: usize, ward: Option<Ward>, now: Time) {
        let Some(ward) = ward else { return };
        let ward = self.ward_for_age(ward, now);
        let Some(open) = self.open.filter(|open| open.owner == Some(at)) else { return };
        if !matches!(open.class, Class::Inpatient | Class::Emergency) {
            return;
        }
        let wards = &mut self.person.record.encounters[open.index as usize].wards;
        match wards.last_mut() {
            Some((_, last)) if *last == ward => {}
            // At the very moment of the last move nobody has moved yet.
            Some((since, last)) if *since == now => *last = ward,
            _ => wards.push((now, ward)),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn condition_onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        codes: CodeList,
        target: Option<Symbol>,
        assign: Option<AttributeId>,
        now: Time,
    ) {
        self.sync();
        let found = self.found_at_once(at, target);
        if found && let Some(active) = self.find_active(Ended::Condition, self.main(codes)) {
            self.assign(assign, Entry::Condition(active.index));
            return;
        }
        if let Some(known) = self.instances[at].pending.iter().find(|known| known.state == state) {
            let entry = known.entry;
            self.assign(assign, entry);
            return;
        }
        let index = self.person.record.conditions.len() as u32;
        self.person.record.conditions.push(record::Condition {
            codes,
            onset: now,
            abatement: None,
            encounter: None,
            diagnosed: None,
            module: self.instances[at].machine,
        });
        self.begin(Ended::Condition, codes, index, name, at);
        self.onset(at, state, name, Entry::Condition(index), target, assign, found, now);
    }

    fn allergy_onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        wanted: &AllergyState,
        now: Time,
    ) {
        self.sync();
        let found = self.found_at_once(at, wanted.target);
        if found && let Some(active) = self.find_active(Ended::Allergy, self.main(wanted.codes)) {
            self.assign(wanted.assign, Entry::Allergy(active.index));
            return;
        }
        if let Some(known) = self.instances[at].pending.iter().find(|known| known.state == state) {
            let entry = known.entry;
            self.assign(wanted.assign, entry);
            return;
        }
        let mut reactions = Vec::new();
        for (reaction, severities) in &wanted.reactions {
            let mut left = self.person.random.unit();
            let severity = severities.iter().find(|(_, probability)| {
                left -= probability;
                left < 0.0
            });
            if let Some((Some(severity), _)) = severity.or(severities.last()) {
                reactions.push((*reaction, *severity));
            }
        }
        let index = self.person.record.allergies.len() as u32;
        self.person.record.allergies.push(Allergy {
            codes: wanted.codes,
            onset: now,
            abatement: None,
            encounter: None,
            diagnosed: None,
            intolerance: wanted.intolerance,
            category: wanted.category,
            reactions,
        });
        self.begin(Ended::Allergy, wanted.codes, index, name, at);
        let entry = Entry::Allergy(index);
        self.onset(at, state, name, entry, wanted.target, wanted.assign, found, now);
    }

    /// Diagnosed the moment it begins: no target, or its target is the visit going on.
    fn found_at_once(&self, at: usize, target: Option<Symbol>) -> bool {
        target.is_none()
            || self.instances[at].encounter.is_some_and(|(_, name)| Some(name) == target)
    }

    #[allow(clippy::too_many_arguments)]
    fn onset(
        &mut self,
        at: usize,
        state: StateId,
        name: Symbol,
        entry: Entry,
        target: Option<Symbol>,
        assign: Option<AttributeId>,
        found: bool,
        now: Time,
    ) {
        self.assign(assign, entry);
        match self.encounter(at).filter(|_| found) {
            Some(encounter) => self.find(entry, encounter, now),
            None => {
                let target = target.filter(|_| !found);
                self.instances[at].pending.push(Pending { entry, name, target, assign, state });
            }
        }
    }

    fn find(&mut self, entry: Entry, encounter: EncounterIndex, now: Time) {
        match entry {
            Entry::Condition(index) => {
                let condition = &mut self.person.record.conditions[index as usize];
                condition.encounter = Some(encounter);
                condition.diagnosed = Some(now);
            }
            Entry::Allergy(index) => {
                let allergy = &mut self.person.record.allergies[index as usize];
                allergy.encounter = Some(encounter);
                allergy.diagnosed = Some(now);
            }
            _ => {}
        }
        self.record_changes += 1;
    }

    /// Finds what waits for an encounter of this name, and what waits for any.
    fn diagnose(&mut self, at: usize, name: Symbol, encounter: EncounterIndex, now: Time) {
        self.diagnose_any(encounter, now);
        self.diagnose_where(at, encounter, now, |pending| pending.target == Some(name));
    }

    fn diagnose_any(&mut self, encounter: EncounterIndex, now: Time) {
        for at in 0..self.instances.len() {
            if !self.instances[at].pending.is_empty() {
                self.diagnose_where(at, encounter, now, |pending| pending.target.is_none());
            }
        }
    }

    fn diagnose_where(
        &mut self,
        at: usize,
        encounter: EncounterIndex,
        now: Time,
        which: impl Fn(&Pending) -> bool,
    ) {
        if !self.instances[at].pending.iter().any(&which) {
            return;
        }
        let all = std::mem::take(&mut self.instances[at].pending);
        let (found, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(which);
        self.instances[at].pending = rest;
        for pending in found {
            let what = match pending.entry {
                Entry::Condition(_) => Ended::Condition,
                _ => Ended::Allergy,
            };
            let code = self.code_of(Value::Entry(pending.entry));
            match code.and_then(|code| self.find_active(what, code)) {
                // Known already, from elsewhere: it stays the one it is.
                Some(active) => {
                    let entry = match what {
                        Ended::Condition => Entry::Condition(active.index),
                        _ => Entry::Allergy(active.index),
                    };
                    self.assign(pending.assign, entry);
                }
                None => {
                    self.find(pending.entry, encounter, now);
                    self.assign(pending.assign, pending.entry);
                }
            }
        }
    }

    fn medication(&mut self, at: usize, name: Symbol, order: &MedicationState, now: Time) {
        if let Some(active) = self.find_active(Ended::Medication, self.main(order.codes)) {
            if order.chronic {
                self.person.record.medications[active.index as usize].chronic = true;
            }
            self.assign(order.assign, Entry::Medication(active.index));
            return;
        }
        let Some(encounter) = self.encounter(at) else { return };
        let reason = self.reason(at, order.reason);
        let index = self.person.record.medications.len() as u32;
        self.person.record.medications.push(Medication {
            codes: order.codes,
            start: now,
            stop: None,
            stop_reason: None,
            encounter,
            reason,
            chronic: order.chronic,
            dosage: order.dosage.clone(),
            supply: order.supply,
            administered: order.administered,
            renewal: false,
        });
        self.begin(Ended::Medication, order.codes, index, name, at);
        self.assign(order.assign, Entry::Medication(index));
    }

    fn care_plan(&mut self, at: usize, name: Symbol, plan: &CarePlanState, now: Time) {
        if let Some(active) = self.find_active(Ended::CarePlan, self.main(plan.codes)) {
            self.assign(plan.assign, Entry::CarePlan(active.index));
            return;
        }
        let Some(encounter) = self.encounter(at) else { return };
        let reason = self.reason(at, plan.reason);
        let index = self.person.record.care_plans.len() as u32;
        self.person.record.care_plans.push(CarePlan {
            codes: plan.codes,
            start: now,
            stop: None,
            encounter,
            reason,
            activities: plan.activities.to_vec(),
            goals: plan.goals.to_vec(),
        });
        self.begin(Ended::CarePlan, plan.codes, index, name, at);
        self.assign(plan.assign, Entry::CarePlan(index));
    }

    fn procedure(
        &mut self,
        at: usize,
        frame: Frame,
        procedure: &ProcedureState,
        now: Time,
    ) -> Outcome {
        if !frame.fresh {
            return self.sleep(at, frame.until, now);
        }
        let seconds = procedure.time.as_ref().map(|time| self.seconds(time));
        self.transfer(at, procedure.ward, now);
        let stop = now.plus(seconds.unwrap_or(PROCEDURE_SECONDS));
        if let Some(encounter) = self.encounter(at) {
            let reason = self.reason(at, procedure.reason);
            self.add_procedure(procedure.codes, reason, encounter, now, stop);
            let index = self.person.record.procedures.len() as u32 - 1;
            self.assign(procedure.assign, Entry::Procedure(index));
        }
        match seconds {
            Some(_) => self.sleep(at, stop, now),
            None => Outcome::Go,
        }
    }

    fn add_procedure(
        &mut self,
        codes: CodeList,
        reason: Option<CodeList>,
        encounter: EncounterIndex,
        start: Time,
        stop: Time,
    ) {
        self.person.record.procedures.push(Procedure { codes, start, stop, encounter, reason });
        self.record_changes += 1;
        if let Some(open) = &mut self.open
            && open.index == encounter
        {
            open.busy = open.busy.max(stop);
            if open.close != NEVER {
                open.close = open.close.max(stop);
            }
        }
    }

    fn imaging(&mut self, at: usize, imaging: &ImagingState, now: Time) {
        let Some(encounter) = self.encounter(at) else { return };
        let random = &mut self.person.random;
        let mut count = |(low, high): (u32, u32)| random.whole(i64::from(low), i64::from(high));
        let wanted: Vec<&SeriesState> = match (imaging.count, imaging.series.first()) {
            ((0, _), _) | (_, None) => imaging.series.iter().collect(),
            (bounds, Some(first)) => vec![first; count(bounds) as usize],
        };
        let series = wanted
            .into_iter()
            .map(|series| Series {
                body_site: series.body_site,
                modality: series.modality,
                instances: match (series.count, series.instances.first()) {
                    ((0, _), _) | (_, None) => series.instances.to_vec(),
                    (bounds, Some(first)) => vec![*first; count(bounds) as usize],
                },
            })
            .collect();
        self.person.record.imaging.push(Imaging {
            procedure: imaging.procedure,
            time: now,
            encounter,
            reason: None,
            series,
        });
        let stop = now.plus(IMAGING_SECONDS);
        self.add_procedure(imaging.procedure, None, encounter, now, stop);
    }

    fn finding(&mut self, observation: &ObservationState, now: Time) -> Finding {
        let unit = self.ground.vocabulary.symbol(observation.unit);
        match &observation.value {
            Observed::Nothing => Finding::None,
            Observed::Amount(amount) => {
                let value = self.draw(amount);
                match (amount.decimals, amount.distribution) {
                    (Some(decimals), _) => quantity(value, decimals),
                    (None, _) if amount.round => quantity(value, 0),
                    (None, Distribution::Exact(value)) => {
                        let places = (0..4_u8).find(|places| {
                            let scale = 10_f64.powi(i32::from(*places));
                            ((value * scale).round() - value * scale).abs() < 1e-9
                        });
                        quantity(value, places.unwrap_or(4))
                    }
                    (None, _) => quantity(value, decimals(unit, value)),
                }
            }
            Observed::Text(text) => Finding::Text(*text),
            Observed::Bool(truth) => Finding::Bool(*truth),
            Observed::Code(code) => Finding::Code(*code),
            Observed::Vital(vital) => match vital.and_then(|vital| self.vital(vital, now)) {
                Some(value) => quantity(value, decimals(unit, value)),
                None => Finding::None,
            },
            Observed::From(source) => match self.value(*source, now) {
                Value::Unset => Finding::None,
                Value::Bool(truth) => Finding::Bool(truth),
                Value::Number(value) if value.fract() == 0.0 => quantity(value, 0),
                Value::Number(value) => quantity(value, decimals(unit, value)),
                Value::Text(text) => Finding::Text(text),
                value => self.code_of(value).map_or(Finding::None, Finding::Code),
            },
            Observed::Expression(expression) => {
                match expression.value(|name| self.number(name, now)) {
                    Some(value) => quantity(value, decimals(unit, value)),
                    None => Finding::None,
                }
            }
        }
    }

    fn observe(&mut self, wanted: &ObservationState, encounter: EncounterIndex, now: Time) {
        let value = self.finding(wanted, now);
        self.person.record.observations.push(Observation {
            codes: wanted.codes,
            time: now,
            encounter,
            category: wanted.category,
            value,
            unit: wanted.unit,
            components: Vec::new(),
        });
        self.record_changes += 1;
    }

    fn multi(
        &mut self,
        at: usize,
        codes: CodeList,
        category: &'static str,
        parts: &[ObservationState],
        last: usize,
        now: Time,
    ) {
        let Some(encounter) = self.encounter(at) else { return };
        let mut components = Vec::with_capacity(parts.len());
        if last > 0 {
            // Older files: the observations made just before become its parts.
            let observations = &mut self.person.record.observations;
            let from = observations.len() - last.min(observations.len());
            let own = observations[from..].iter().filter(|o| o.encounter == encounter).count();
            let from = observations.len() - own;
            components.extend(observations.drain(from..).map(|o| (o.codes, o.value, o.unit)));
            self.observations_seen = self.observations_seen.min(observations.len());
        }
        for part in parts {
            let finding = self.finding(part, now);
            components.push((part.codes, finding, part.unit));
        }
        self.person.record.observations.push(Observation {
            codes,
            time: now,
            encounter,
            category,
            value: Finding::None,
            unit: self.ground.modules.words.no_unit,
            components,
        });
        self.record_changes += 1;
    }

    fn report(
        &mut self,
        at: usize,
        codes: CodeList,
        parts: &[ObservationState],
        last: usize,
        now: Time,
    ) {
        let Some(encounter) = self.encounter(at) else { return };
        let end = self.person.record.observations.len();
        let mut from = end;
        if last > 0 {
            let earlier = &self.person.record.observations[end - last.min(end)..];
            from = end - earlier.iter().filter(|o| o.encounter == encounter).count();
        }
        for part in parts {
            self.observe(part, encounter, now);
        }
        let observations = (from as u32..self.person.record.observations.len() as u32).collect();
        self.person.record.reports.push(Report { codes, time: now, encounter, observations });
        self.record_changes += 1;
    }

    /// Closes what death leaves open; cuts what would go beyond the end.
    fn tidy(&mut self) {
        let record = &mut self.person.record;
        let limit = self.person.death.map_or(self.ground.end, |death| death.time);
        for procedure in &mut record.procedures {
            procedure.stop = procedure.stop.min(limit);
        }
        let Some(death) = self.person.death else { return };
        if let Some(open) = self.open {
            let encounter = &mut record.encounters[open.index as usize];
            encounter.stop = Some(death.time);
            if encounter.class == Class::Inpatient {
                encounter.discharge = Some(self.ground.modules.words.died);
            }
        }
        for medication in &mut record.medications {
            medication.stop = medication.stop.or(Some(death.time));
        }
        for plan in &mut record.care_plans {
            plan.stop = plan.stop.or(Some(death.time));
        }
    }
}

impl Amount {
    /// A random number of this kind.
    pub fn draw(&self, random: &mut Random) -> f64 {
        let value = match self.distribution {
            Distribution::Exact(value) => value,
            Distribution::Uniform { low, high } => random.between(low, high),
            Distribution::Gaussian { mean, deviation, min, max } => {
                (mean + deviation * random.normal()).clamp(min, max)
            }
            // The one more is Synthea's.
            Distribution::Exponential { mean } => 1.0 + random.exponential(mean),
            Distribution::Triangular { min, mode, max } => random.triangular(min, mode, max),
            Distribution::LogNormal { median, sigma, min, max } => {
                random.log_normal(median, sigma).clamp(min, max)
            }
        };
        match self.decimals {
            _ if self.round => value.round(),
            Some(decimals) => rounded(value, decimals),
            None => value,
        }
    }
}

fn symptom_class(total: u32) -> Class {
    if total > SYMPTOM_TOTALS[2] {
        Class::Emergency
    } else if total > SYMPTOM_TOTALS[1] {
        Class::UrgentCare
    } else {
        Class::Outpatient
    }
}

/// Compares a value with what a condition says. What is unset is nil and compares with nothing.
fn compare(
    value: Value,
    operator: Operator,
    against: Against,
    code: impl Fn(Value) -> Option<CodeId>,
) -> bool {
    match operator {
        Operator::Nil => return value == Value::Unset,
        Operator::NotNil => return value != Value::Unset,
        _ if value == Value::Unset => return false,
        _ => {}
    }
    let equal = match (value, against) {
        (Value::Number(left), Against::Number(right)) => return operator.holds(left, right),
        (Value::Bool(left), Against::Bool(right)) => left == right,
        (Value::Text(left), Against::Text(right)) => left == right,
        (Value::Code(left), Against::Code(right)) => left == right,
        (Value::Entry(_), Against::Code(right)) => code(value) == Some(right),
        _ => false,
    };
    match operator {
        Operator::Equal => equal,
        Operator::NotEqual => !equal,
        _ => false,
    }
}

fn rounded(value: f64, decimals: u8) -> f64 {
    let scale = 10_f64.powi(i32::from(decimals.min(9)));
    (value * scale).round() / scale
}

fn quantity(value: f64, decimals: u8) -> Finding {
    Finding::Quantity(rounded(value, decimals), decimals)
}

/// How many decimals a measured value is told with.
fn decimals(unit: &str, value: f64) -> u8 {
    match unit {
        "mm[Hg]" | "/min" | "{beats}/min" | "{score}" | "mL/min" | "mL/min/{1.73_m2}" => 0,
        "cm" | "kg" | "Cel" | "%" | "kg/m2" => 1,
        _ if value.abs() >= 100.0 => 0,
        _ if value.abs() >= 10.0 => 1,
        _ => 2,
    }
}
