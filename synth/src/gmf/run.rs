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

mod question;
mod recording;
mod visit;

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

    // What has begun and not ended.

    // Encounters.

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
