//! The pass over all stays, in order of time: who comes, who goes, who is moved, which beds are
//! clean again.
//!
//! The rules of the house:
//! - Everyone asks for a bed of one kind of ward. Of those who wait, intensive care takes patients
//!   from its own wards first, other wards take those who leave intensive care while others wait for
//!   that, then whoever has no ward bed yet, and outliers last; among equals the more acute, then
//!   who waits longest.
//! - Who comes from the emergency department keeps the bay until a bed is free: boarding. After
//!   [`PATIENCE`] they take a bed in another suitable ward.
//! - Who comes from home takes a bed in another suitable ward at once, if their own is full; an
//!   emergency bay, if those are full too.
//! - Suitable is: surgical for medical, maternity and children, medical for surgical. Nobody lies in
//!   intensive care, maternity or among children who does not belong there, and who needs intensive
//!   care waits where they are, or in a bay.
//! - When the bays are full there is the hallway, and when that is full, the waiting room.

use super::{BedBook, Leg, Stay};
use crate::random::Random;
use crate::record::{EncounterIndex, Ward};
use crate::time::{DAY, HOUR, MINUTE, Time};
use crate::world::World;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};

/// After so long without a ward bed, another suitable ward will do.
const PATIENCE: i64 = 12 * HOUR;
/// Nobody changes beds shortly before going home.
const WORTH_A_BED: i64 = 2 * HOUR;
/// Nor bays.
const WORTH_A_BAY: i64 = 15 * MINUTE;
/// An outlier goes back to their own ward only if it is for a day.
const WORTH_A_RETURN: i64 = DAY;

/// What happens at a moment; the order is the order within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A bed is clean.
    Clean(u32),
    /// A stay ends.
    Stop(u32),
    /// A stay begins.
    Start(u32),
    /// A stay asks for its ward of this number.
    Ask(u32, u32),
    /// A stay's patience is over.
    Impatient(u32),
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A bed or bay.
    Bed(Ward),
    /// A place in the hallway.
    Hallway,
    /// The waiting room, or a building: holds any number.
    Crowd,
}

/// How a stay is now.
#[derive(Clone, Copy, Debug)]
struct Now {
    location: Option<u32>,
    since: Time,
    wanted: Ward,
    /// Asked for it then.
    asked: Time,
    present: bool,
}

/// One hospital during the pass.
#[derive(Debug, Default)]
struct House {
    free: [VecDeque<u32>; 6],
    hallway: BTreeSet<u32>,
    waiting: u32,
    /// How many lie in the hallway or sit in the waiting room.
    low: usize,
    /// Stays that do not lie where they want to, by the ward they want.
    queues: [Vec<u32>; 6],
}

struct Pass<'a> {
    world: &'a World,
    stays: &'a [Stay],
    houses: Vec<House>,
    /// By location: what it is.
    places: Vec<Place>,
    now: Vec<Now>,
    /// The inpatient stay that begins when this emergency visit ends.
    follower: Vec<Option<u32>>,
    events: BinaryHeap<Reverse<(Time, Event)>>,
    legs: Vec<(u32, Leg)>,
    dirty: BTreeSet<u32>,
}

pub(super) fn assign(world: &World, mut stays: Vec<Stay>) -> BedBook {
    stays.retain(|stay| !stay.wards.is_empty() && stay.start() < stay.stop);
    stays.sort_by_key(|stay| (stay.start(), stay.patient, stay.encounter));
    let mut pass = Pass::new(world, &stays);
    pass.run();
    let Pass { mut legs, dirty, places, .. } = pass;

    let key = |number: u32| (stays[number as usize].patient, stays[number as usize].encounter);
    legs.sort_by_key(|(number, leg)| (key(*number), leg.start));
    let mut book = BedBook { contaminated: dirty.into_iter().collect(), ..BedBook::default() };
    for (number, leg) in legs {
        let (patient, encounter) = key(number);
        if book.stays.last().is_none_or(|last| (last.0, last.1) != (patient, encounter)) {
            book.stays.push((patient, encounter, book.legs.len() as u32));
        }
        if leg.stop >= world.end && places[leg.location as usize] != Place::Crowd {
            book.occupied.push(leg.location);
        }
        book.legs.push(leg);
    }
    book.occupied.sort_unstable();
    book.occupied.dedup();
    book
}

impl<'a> Pass<'a> {
    fn new(world: &'a World, stays: &'a [Stay]) -> Self {
        let mut places = vec![Place::Crowd; world.locations.len()];
        let mut houses = Vec::with_capacity(world.hospitals.len());
        for hospital in &world.hospitals {
            let mut house = House { waiting: hospital.waiting, ..House::default() };
            for ward in Ward::ALL {
                house.free[ward as usize] = hospital.of(ward).iter().copied().collect();
                for bed in hospital.of(ward) {
                    places[*bed as usize] = Place::Bed(ward);
                }
            }
            house.hallway = hospital.hallway.iter().copied().collect();
            for place in &hospital.hallway {
                places[*place as usize] = Place::Hallway;
            }
            houses.push(house);
        }

        let mut visits: HashMap<(u64, EncounterIndex), usize> = HashMap::new();
        for (number, stay) in stays.iter().enumerate() {
            visits.insert((stay.patient, stay.encounter), number);
        }
        let mut follower = vec![None; stays.len()];
        let mut events = BinaryHeap::with_capacity(2 * stays.len());
        for (number, stay) in stays.iter().enumerate() {
            let visit = stay.admitted_from.and_then(|visit| visits.get(&(stay.patient, visit)));
            if let Some(visit) = visit.copied().filter(|visit| {
                let before = &stays[*visit];
                before.facility == stay.facility && before.stop == stay.start()
            }) {
                follower[visit] = Some(number as u32);
            }
            events.push(Reverse((stay.start(), Event::Start(number as u32))));
        }
        let now = stays
            .iter()
            .map(|stay| Now {
                location: None,
                since: stay.start(),
                wanted: stay.wards[0].1,
                asked: stay.start(),
                present: false,
            })
            .collect();
        Self {
            world,
            stays,
            houses,
            places,
            now,
            follower,
            events,
            legs: Vec::with_capacity(stays.len()),
            dirty: BTreeSet::new(),
        }
    }

    fn run(&mut self) {
        let mut touched = BTreeSet::new();
        let mut arrivals = Vec::new();
        while let Some(Reverse((time, _))) = self.events.peek() {
            let time = *time;
            while let Some(Reverse((next, event))) = self.events.peek().copied() {
                if next != time {
                    break;
                }
                self.events.pop();
                match event {
                    Event::Clean(bed) if time >= self.world.end => {
                        // Nobody comes any more, and at the end of the plan it is still to be done.
                        self.dirty.insert(bed);
                    }
                    Event::Clean(bed) => touched.extend(self.clean(bed)),
                    Event::Stop(stay) => touched.extend(self.stop(stay, time)),
                    Event::Start(stay) => {
                        arrivals.push(stay);
                        touched.extend(self.start(stay, time));
                    }
                    Event::Ask(stay, number) => touched.extend(self.ask(stay, number, time)),
                    Event::Impatient(stay) => touched.extend(self.house(stay)),
                }
            }
            for house in std::mem::take(&mut touched) {
                self.settle(house, time);
            }
            for stay in arrivals.drain(..) {
                self.shelter(stay, time);
            }
        }
    }

    /// The house a stay is in; `None` for a facility without beds.
    fn house(&self, stay: u32) -> Option<usize> {
        let facility = self.stays[stay as usize].facility;
        self.world.hospitals.binary_search_by_key(&facility, |one| one.facility).ok()
    }

    fn place(&self, location: u32) -> Place {
        self.places.get(location as usize).copied().unwrap_or(Place::Crowd)
    }

    /// Where a stay lies now.
    fn lies(&self, stay: u32) -> Option<Place> {
        self.now[stay as usize].location.map(|location| self.place(location))
    }

    fn remaining(&self, stay: u32, time: Time) -> i64 {
        self.stays[stay as usize].stop.since(time)
    }

    fn clean(&mut self, bed: u32) -> Option<usize> {
        let facility = self.world.locations[bed as usize].facility;
        let house =
            self.world.hospitals.binary_search_by_key(&facility, |one| one.facility).ok()?;
        if let Place::Bed(ward) = self.place(bed) {
            self.houses[house].free[ward as usize].push_back(bed);
        }
        Some(house)
    }

    fn start(&mut self, stay: u32, time: Time) -> Option<usize> {
        let all = self.stays;
        let of = &all[stay as usize];
        self.now[stay as usize].present = true;
        self.events.push(Reverse((of.stop, Event::Stop(stay))));
        for (number, (when, _)) in of.wards.iter().enumerate().skip(1) {
            self.events.push(Reverse(((*when).max(time), Event::Ask(stay, number as u32))));
        }
        let house = self.house(stay)?;
        self.want(house, stay, of.wards[0].1, time);
        Some(house)
    }

    fn ask(&mut self, stay: u32, number: u32, time: Time) -> Option<usize> {
        let house = self.house(stay)?;
        let now = self.now[stay as usize];
        if !now.present {
            return None;
        }
        self.houses[house].queues[now.wanted as usize].retain(|other| *other != stay);
        let ward = self.stays[stay as usize].wards[number as usize].1;
        if self.lies(stay) == Some(Place::Bed(ward)) {
            self.now[stay as usize].wanted = ward;
        } else {
            self.want(house, stay, ward, time);
        }
        Some(house)
    }

    /// Joins a queue.
    fn want(&mut self, house: usize, stay: u32, ward: Ward, time: Time) {
        let now = &mut self.now[stay as usize];
        (now.wanted, now.asked) = (ward, time);
        self.houses[house].queues[ward as usize].push(stay);
        if ward != Ward::Emergency && self.remaining(stay, time) > PATIENCE {
            self.events.push(Reverse((time.plus(PATIENCE), Event::Impatient(stay))));
        }
    }

    fn stop(&mut self, stay: u32, time: Time) -> Option<usize> {
        let now = self.now[stay as usize];
        self.now[stay as usize].present = false;
        let house = self.house(stay);
        if let Some(house) = house {
            self.houses[house].queues[now.wanted as usize].retain(|other| *other != stay);
        }
        match self.follower[stay as usize] {
            // Admitted: the same person in the same bay, under another number.
            Some(follower) if now.location.is_some() => {
                self.close(stay, time);
                self.now[follower as usize].location = now.location;
                self.now[follower as usize].since = time;
            }
            _ => self.leave(stay, time),
        }
        house
    }

    /// Writes down where a stay has lain.
    fn close(&mut self, stay: u32, time: Time) {
        let now = &mut self.now[stay as usize];
        if let Some(location) = now.location.take()
            && now.since < time
        {
            self.legs.push((stay, Leg { location, start: now.since, stop: time }));
        }
    }

    /// Leaves the present place, which is cleaned.
    fn leave(&mut self, stay: u32, time: Time) {
        let Some(location) = self.now[stay as usize].location else { return };
        self.close(stay, time);
        let house = self.house(stay);
        match (self.place(location), house) {
            // Whoever stays to the very end of the plan is still lying there.
            (Place::Bed(ward), _) if time < self.world.end => {
                let ready = time.plus(self.cleaning(location, ward, time));
                self.events.push(Reverse((ready, Event::Clean(location))));
            }
            (Place::Hallway, Some(house)) => {
                self.houses[house].hallway.insert(location);
                self.houses[house].low -= 1;
            }
            (Place::Crowd, Some(house)) => self.houses[house].low -= 1,
            _ => {}
        }
    }

    fn cleaning(&self, bed: u32, ward: Ward, time: Time) -> i64 {
        let key = (time.0 as u64).rotate_left(24) ^ u64::from(bed);
        let mut random = Random::new(self.world.seed, key, "cleaning");
        if ward == Ward::Emergency {
            random.whole(10 * MINUTE, 30 * MINUTE)
        } else {
            random.whole(HOUR, 2 * HOUR)
        }
    }

    fn lay(&mut self, stay: u32, location: u32, time: Time) {
        self.leave(stay, time);
        let now = &mut self.now[stay as usize];
        (now.location, now.since) = (Some(location), time);
        if !matches!(self.place(location), Place::Bed(_))
            && let Some(house) = self.house(stay)
        {
            self.houses[house].low += 1;
        }
    }

    /// Gives free beds to those who wait.
    fn settle(&mut self, house: usize, time: Time) {
        for ward in [
            Ward::Icu,
            Ward::Medical,
            Ward::Surgical,
            Ward::Maternity,
            Ward::Paediatric,
            Ward::Emergency,
        ] {
            while !self.houses[house].free[ward as usize].is_empty() {
                let Some(stay) = self.first_for(house, ward, time) else { break };
                self.take(house, stay, ward, time);
            }
        }
        // Then those who wait too long, in another ward.
        for ward in [Ward::Medical, Ward::Surgical, Ward::Maternity, Ward::Paediatric] {
            let mut tired: Vec<u32> = self.houses[house].queues[ward as usize]
                .iter()
                .copied()
                .filter(|stay| {
                    time.since(self.now[*stay as usize].asked) >= PATIENCE
                        && !matches!(self.lies(*stay), Some(Place::Bed(ward)) if general(ward))
                        && self.remaining(*stay, time) >= WORTH_A_BED
                })
                .collect();
            tired.sort_by_key(|stay| self.rank(*stay));
            for stay in tired {
                self.take_other(house, stay, time);
            }
        }
        self.shift_crowd(house, time);
    }

    /// Those in hallway and waiting room move up: into bays while nobody else wants those, from
    /// the waiting room into the hallway.
    fn shift_crowd(&mut self, house: usize, time: Time) {
        if self.houses[house].low == 0 {
            return;
        }
        for (into_bay, least) in [(true, WORTH_A_BAY), (false, WORTH_A_BAY)] {
            loop {
                let House { free, hallway, .. } = &self.houses[house];
                let room =
                    if into_bay { free[Ward::Emergency as usize].front() } else { hallway.first() };
                let Some(room) = room.copied() else { break };
                let queues = self.houses[house].queues.iter().flatten().copied();
                let next = queues
                    .filter(|stay| {
                        let low = match self.lies(*stay) {
                            Some(Place::Crowd) => true,
                            Some(Place::Hallway) => into_bay,
                            _ => false,
                        };
                        low && self.remaining(*stay, time) >= least
                    })
                    .min_by_key(|stay| self.rank(*stay));
                let Some(stay) = next else { break };
                if into_bay {
                    self.houses[house].free[Ward::Emergency as usize].pop_front();
                } else {
                    self.houses[house].hallway.remove(&room);
                }
                self.lay(stay, room, time);
                self.arrived(house, stay);
            }
        }
    }

    /// Among equals: the more acute, then who waits longest, then who came first.
    fn rank(&self, stay: u32) -> (u8, Time, u32) {
        let acuity = self.stays[stay as usize].acuity.unwrap_or(3);
        (acuity, self.now[stay as usize].asked, stay)
    }

    /// Who gets the next free bed of a ward.
    fn first_for(&self, house: usize, ward: Ward, time: Time) -> Option<u32> {
        let icu_wanted = !self.houses[house].queues[Ward::Icu as usize].is_empty();
        let class = |stay: u32| match (ward, self.lies(stay)) {
            (Ward::Icu, Some(Place::Bed(from))) if from != Ward::Emergency => 0,
            (_, Some(Place::Bed(Ward::Icu))) if icu_wanted => 0,
            (_, Some(Place::Bed(_))) if self.outlier(stay) => 3,
            _ => 1,
        };
        self.houses[house].queues[ward as usize]
            .iter()
            .copied()
            .filter(|stay| {
                let least = match self.lies(*stay) {
                    // Just come: must lie somewhere.
                    None => 0,
                    Some(_) if ward == Ward::Emergency => WORTH_A_BAY,
                    // Just admitted from a bay.
                    Some(_) if self.now[*stay as usize].since == time => 0,
                    Some(_) if self.outlier(*stay) => WORTH_A_RETURN,
                    Some(_) => WORTH_A_BED,
                };
                self.remaining(*stay, time) >= least
            })
            .min_by_key(|stay| (class(*stay), self.rank(*stay)))
    }

    /// Lies in a general ward for want of a bed in their own.
    fn outlier(&self, stay: u32) -> bool {
        let now = &self.now[stay as usize];
        now.wanted != Ward::Icu
            && now.since >= now.asked
            && matches!(self.lies(stay), Some(Place::Bed(ward)) if general(ward) && ward != now.wanted)
    }

    fn take(&mut self, house: usize, stay: u32, ward: Ward, time: Time) -> bool {
        let Some(bed) = self.houses[house].free[ward as usize].pop_front() else { return false };
        self.lay(stay, bed, time);
        self.arrived(house, stay);
        true
    }

    /// Leaves the queue of who lies where they want to.
    fn arrived(&mut self, house: usize, stay: u32) {
        let wanted = self.now[stay as usize].wanted;
        if self.lies(stay) == Some(Place::Bed(wanted)) {
            self.houses[house].queues[wanted as usize].retain(|other| *other != stay);
        }
    }

    fn take_other(&mut self, house: usize, stay: u32, time: Time) -> bool {
        let others: &[Ward] = match self.now[stay as usize].wanted {
            Ward::Medical | Ward::Maternity | Ward::Paediatric => &[Ward::Surgical],
            Ward::Surgical => &[Ward::Medical],
            Ward::Emergency | Ward::Icu => &[],
        };
        others.iter().any(|ward| self.take(house, stay, *ward, time))
    }

    /// Someone who has just come and found no bed.
    fn shelter(&mut self, stay: u32, time: Time) {
        if !self.now[stay as usize].present || self.now[stay as usize].location.is_some() {
            return;
        }
        let Some(house) = self.house(stay) else {
            let facility = self.stays[stay as usize].facility as usize;
            let building = self.world.facilities.get(facility).map(|one| one.location);
            self.now[stay as usize].location = building;
            return;
        };
        if self.take_other(house, stay, time) || self.take(house, stay, Ward::Emergency, time) {
            return;
        }
        let place = self.houses[house].hallway.pop_first();
        self.lay(stay, place.unwrap_or(self.houses[house].waiting), time);
    }
}

/// A ward one can lie in for want of another.
fn general(ward: Ward) -> bool {
    matches!(ward, Ward::Medical | Ward::Surgical)
}
