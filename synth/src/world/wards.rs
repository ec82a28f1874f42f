//! How many beds a hospital has, and how they lie in rooms and wards.
//!
//! The tree is building, ward, room, bed. Buildings stand first, one for each facility and at its
//! facility's place, so that they never move when wards are sized. Emergency bays are beds in pods;
//! the emergency department has a hallway with places for patients to lie, and a waiting room,
//! which holds whoever finds no place at all.

use super::{FacilityKind, Location, LocationKind, World};
use crate::beds::Stay;
use crate::plan::{Cohort, Plan};
use crate::record::Ward;
use crate::time::{HOUR, Time};

/// Beds per 1,000 people of a community before stays are known: 0.11 stays a year of 4.5 days are
/// 1.4 occupied beds.
const BEDS_COMMUNITY: f64 = 2.0;
/// Beds per 1,000 patients of a hospital before stays are known.
const BEDS_HOSPITAL: f64 = 12.0;
/// Emergency bays per 1,000 people of a community before stays are known.
const BAYS_COMMUNITY: f64 = 0.9;
/// Emergency bays per 1,000 patients of a hospital before stays are known.
const BAYS_HOSPITAL: f64 = 2.5;

/// Each ward's share of the beds before stays are known, by place in [`Ward::ALL`].
const SHARES: [f64; 6] = [0.0, 0.5, 0.22, 0.11, 0.1, 0.07];

/// Wards are sized so that of the inpatient beds about this share is taken, on average over the
/// dense years. Hospitals plan for 0.85 at most: above it, waiting grows out of hand (Bagust, Place
/// and Posnett, BMJ 1999).
const OCCUPANCY: f64 = 0.76;
/// Whatever the occupancy, a ward has room for what it is asked this share of the time.
const ROOM_LEAST: f64 = 0.75;
/// No ward has more beds than it needs this share of the time.
const ROOM_MOST: f64 = 0.985;
/// Emergency bays are enough this share of the time.
const BAYS_ENOUGH: f64 = 0.96;

/// The most beds that one ward has: a larger need makes a second one.
const WARD_BEDS_MOST: [usize; 6] = [usize::MAX, 28, 26, 16, 20, 20];
/// Bays in one pod.
const POD_BAYS: usize = 8;

/// Bed numbers of one hospital, by place in [`Ward::ALL`].
pub(super) type BedNumbers = [usize; 6];

/// The beds of one hospital.
#[derive(Clone, Debug, Default)]
pub(crate) struct HospitalBeds {
    /// Which, in [`World::facilities`].
    pub facility: u32,
    /// Beds by place in [`Ward::ALL`], in [`World::locations`].
    pub wards: [Vec<u32>; 6],
    /// Places in the emergency department's hallway.
    pub hallway: Vec<u32>,
    /// The emergency department's waiting room: no bed, and never full.
    pub waiting: u32,
}

impl HospitalBeds {
    /// The beds of one kind of ward.
    pub(crate) fn of(&self, ward: Ward) -> &[u32] {
        &self.wards[ward as usize]
    }
}

/// Bed numbers guessed from the number of patients, by hospital.
pub(super) fn expected_beds(plan: &Plan, world: &World) -> Vec<BedNumbers> {
    let (beds, bays) = match plan.cohort {
        Cohort::Community => (BEDS_COMMUNITY, BAYS_COMMUNITY),
        Cohort::Hospital => (BEDS_HOSPITAL, BAYS_HOSPITAL),
    };
    let hospitals = hospitals(world).count().max(1);
    let thousands = plan.patients as f64 / 1_000.0 / hospitals as f64;
    hospitals_of(world, |_| {
        std::array::from_fn(|ward| {
            if ward == Ward::Emergency as usize {
                ((bays * thousands).ceil() as usize).max(2)
            } else {
                ((beds * thousands * SHARES[ward]).ceil() as usize).max(1)
            }
        })
    })
}

/// Bed numbers that these stays keep busy, by hospital. Only the dense years count; without a stay
/// in them, numbers stay as they are.
pub(super) fn needed_beds(world: &World, stays: &[Stay]) -> Vec<BedNumbers> {
    let mut demand: Vec<[Demand; 6]> = hospitals_of(world, |_| Default::default());
    let place =
        |facility: u32| world.hospitals.binary_search_by_key(&facility, |beds| beds.facility).ok();
    for stay in stays {
        let Some(hospital) = place(stay.facility) else { continue };
        for (number, (start, ward)) in stay.wards.iter().enumerate() {
            let stop = stay.wards.get(number + 1).map_or(stay.stop, |next| next.0.min(stay.stop));
            // Cleaning keeps a bed as busy as a patient does.
            let stop = stop.plus(if *ward == Ward::Emergency { HOUR / 3 } else { 3 * HOUR / 2 });
            let (from, until) = ((*start).max(world.dense_start), stop.min(world.end));
            if from < until {
                demand[hospital][*ward as usize].add(from, until);
            }
        }
    }
    let span = world.end.since(world.dense_start);
    let known = world.hospitals.iter();
    demand
        .into_iter()
        .zip(known)
        .map(|(wards, known)| {
            if span <= 0 || wards.iter().all(|ward| ward.changes.is_empty()) {
                return std::array::from_fn(|ward| known.wards[ward].len());
            }
            numbers(wards.map(|ward| ward.spread(span)))
        })
        .collect()
}

/// Bed numbers of one hospital from how often each ward is asked for how much.
fn numbers(spreads: [Spread; 6]) -> BedNumbers {
    let inpatient = &spreads[1..];
    let busy: f64 = inpatient.iter().map(Spread::mean).sum();
    let beds = |room: f64| -> usize { inpatient.iter().map(|one| one.enough(room).max(1)).sum() };
    let mut room = ROOM_MOST;
    while room > ROOM_LEAST && busy / (beds(room) as f64) < OCCUPANCY {
        room -= 0.01;
    }
    std::array::from_fn(|ward| {
        if ward == Ward::Emergency as usize {
            spreads[ward].enough(BAYS_ENOUGH).max(2)
        } else {
            spreads[ward].enough(room).max(1)
        }
    })
}

/// When a ward is asked for one bed more or less.
#[derive(Clone, Debug, Default)]
struct Demand {
    changes: Vec<(Time, i32)>,
}

impl Demand {
    fn add(&mut self, from: Time, until: Time) {
        self.changes.push((from, 1));
        self.changes.push((until, -1));
    }

    fn spread(mut self, span: i64) -> Spread {
        self.changes.sort_unstable();
        let (mut seconds, mut census, mut last) = (vec![0_i64], 0_i32, None);
        for (time, change) in self.changes {
            if let Some(last) = last {
                let at = census as usize;
                if seconds.len() <= at {
                    seconds.resize(at + 1, 0);
                }
                seconds[at] += time.since(last);
            }
            census += change;
            last = Some(time);
        }
        seconds[0] += span - seconds.iter().sum::<i64>();
        Spread { seconds, span }
    }
}

/// How long a ward is asked for 0, 1, 2 … beds.
#[derive(Clone, Debug)]
struct Spread {
    seconds: Vec<i64>,
    span: i64,
}

impl Spread {
    fn mean(&self) -> f64 {
        let beds = self.seconds.iter().enumerate();
        beds.map(|(beds, seconds)| beds as f64 * *seconds as f64).sum::<f64>() / self.span as f64
    }

    /// So many beds are enough for this share of the time.
    fn enough(&self, share: f64) -> usize {
        let mut left = (share * self.span as f64) as i64;
        for (beds, seconds) in self.seconds.iter().enumerate() {
            left -= seconds;
            if left <= 0 {
                return beds;
            }
        }
        self.seconds.len() - 1
    }
}

fn hospitals(world: &World) -> impl Iterator<Item = u32> {
    let all = world.facilities.iter().enumerate();
    all.filter(|(_, one)| one.kind == FacilityKind::Hospital).map(|(number, _)| number as u32)
}

fn hospitals_of<T>(world: &World, make: impl Fn(u32) -> T) -> Vec<T> {
    hospitals(world).map(make).collect()
}

impl World {
    /// Gives every hospital these bed numbers.
    #[cfg(test)]
    pub(crate) fn lay_out_for_tests(&mut self, numbers: &BedNumbers) {
        self.lay_out(&vec![*numbers; self.hospitals.len()]);
    }

    /// Builds all locations for these bed numbers.
    pub(super) fn lay_out(&mut self, beds: &[BedNumbers]) {
        self.locations = self
            .facilities
            .iter()
            .enumerate()
            .map(|(number, facility)| Location {
                kind: LocationKind::Building,
                name: facility.name.clone(),
                facility: number as u32,
                ward: None,
                parent: None,
            })
            .collect();
        let hospitals: Vec<u32> = hospitals(self).collect();
        self.hospitals = hospitals
            .into_iter()
            .zip(beds)
            .map(|(facility, numbers)| {
                Layout { locations: &mut self.locations, facility }.of(numbers)
            })
            .collect();
    }
}

/// Builds one hospital.
struct Layout<'a> {
    locations: &'a mut Vec<Location>,
    facility: u32,
}

impl Layout<'_> {
    fn of(mut self, numbers: &BedNumbers) -> HospitalBeds {
        let mut hospital = HospitalBeds { facility: self.facility, ..HospitalBeds::default() };
        for ward in Ward::ALL {
            if ward == Ward::Emergency {
                self.emergency(numbers[ward as usize], &mut hospital);
                continue;
            }
            let most = WARD_BEDS_MOST[ward as usize];
            let mut left = numbers[ward as usize];
            let mut unit = 0;
            while left > 0 {
                // Filled one after the other, so that a ward's beds keep their names whatever the
                // number of wards.
                let beds = left.min(most);
                hospital.wards[ward as usize].extend(self.unit(ward, unit, beds));
                left -= beds;
                unit += 1;
            }
        }
        hospital
    }

    fn add(&mut self, kind: LocationKind, name: String, ward: Ward, parent: u32) -> u32 {
        self.locations.push(Location {
            kind,
            name: name.into(),
            facility: self.facility,
            ward: Some(ward),
            parent: Some(parent),
        });
        self.locations.len() as u32 - 1
    }

    fn emergency(&mut self, bays: usize, hospital: &mut HospitalBeds) {
        let ward = Ward::Emergency;
        let department =
            self.add(LocationKind::Ward, "Emergency Department".into(), ward, self.facility);
        let mut pod = department;
        for bay in 0..bays {
            if bay % POD_BAYS == 0 {
                pod = self.add(LocationKind::Room, pod_name(bay / POD_BAYS), ward, department);
            }
            let bay = self.add(LocationKind::Bed, format!("ED Bay {}", bay + 1), ward, pod);
            hospital.wards[ward as usize].push(bay);
        }
        let hallway = self.add(LocationKind::Room, "ED Hallway".into(), ward, department);
        for place in 0..(3 * bays / 4).max(2) {
            let name = format!("ED Hallway {}", place + 1);
            hospital.hallway.push(self.add(LocationKind::Bed, name, ward, hallway));
        }
        hospital.waiting = self.add(LocationKind::Room, "ED Waiting Room".into(), ward, department);
    }

    fn unit(&mut self, ward: Ward, unit: usize, beds: usize) -> Vec<u32> {
        let floor = floor(ward, unit);
        let number = self.add(LocationKind::Ward, unit_name(ward, unit), ward, self.facility);
        let mut made = Vec::with_capacity(beds);
        let mut room = 0;
        while made.len() < beds {
            room += 1;
            // Two to a room, and every third room for one; alone where care or calm ask for it.
            let single = matches!(ward, Ward::Icu | Ward::Maternity) || room % 3 == 0;
            let name = match ward {
                Ward::Icu => format!("ICU {}{room:02}", unit + 1),
                // Two wards to a floor: rooms from 1 and from 51.
                _ => format!("{}{:02}", floor, room + 50 * (unit % 2)),
            };
            let at = self.add(LocationKind::Room, name.clone(), ward, number);
            for bed in ["A", "B"].into_iter().take(if single { 1 } else { 2 }) {
                if made.len() < beds {
                    made.push(self.add(LocationKind::Bed, format!("{name}-{bed}"), ward, at));
                }
            }
        }
        made
    }
}

fn pod_name(pod: usize) -> String {
    // Beyond Z, which no emergency department reaches, letters come in pairs.
    let letter = |number: usize| char::from(b'A' + (number % 26) as u8);
    match pod {
        0..26 => format!("ED Pod {}", letter(pod)),
        _ => format!("ED Pod {}{}", letter(pod / 26 - 1), letter(pod)),
    }
}

fn floor(ward: Ward, unit: usize) -> usize {
    match ward {
        Ward::Emergency => 1,
        Ward::Medical => 3 + unit / 2,
        Ward::Surgical => 4 + unit / 2,
        Ward::Icu | Ward::Maternity | Ward::Paediatric => 2 + unit / 2,
    }
}

fn unit_name(ward: Ward, unit: usize) -> String {
    let floor = floor(ward, unit);
    let wing = |of: [&'static str; 2]| of[unit % 2];
    match ward {
        Ward::Emergency => "Emergency Department".into(),
        Ward::Medical => format!("{floor} {} Medical", wing(["East", "West"])),
        Ward::Surgical => format!("{floor} {} Surgical", wing(["North", "South"])),
        Ward::Icu if unit == 0 => "Intensive Care Unit".into(),
        Ward::Icu => format!("Intensive Care Unit {}", unit + 1),
        Ward::Maternity => format!("{floor} {} Maternity", wing(["East", "West"])),
        Ward::Paediatric => format!("{floor} {} Pediatrics", wing(["North", "South"])),
    }
}
