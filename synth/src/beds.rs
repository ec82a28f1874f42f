//! Gives every stay of the whole population its beds. Modules decide that a patient is admitted, how
//! ill and for how long; only the population decides where there is room.
//!
//! Always true:
//! - a bed holds one patient at a time, and is cleaned before the next;
//! - a stay's legs follow one another without gap, from its start to its stop;
//! - the order in which stays are handed in makes no difference.

mod assign;

use crate::person::Person;
use crate::plan::Plan;
use crate::record::{Class, EncounterIndex, Ward};
use crate::time::Time;
use crate::world::{LocationKind, World};

/// A stay that wants beds: an emergency visit or an inpatient encounter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The patient.
    pub patient: u64,
    /// The encounter in the patient's record.
    pub encounter: EncounterIndex,
    /// The facility.
    pub facility: u32,
    /// End; the end of the plan for one that lasts beyond it.
    pub stop: Time,
    /// Wards wanted, from when; the first at the start.
    pub wards: Vec<(Time, Ward)>,
    /// How ill, 1 to 5, where a module says.
    pub acuity: Option<u8>,
    /// It follows on the emergency visit of this number.
    pub admitted_from: Option<EncounterIndex>,
}

impl Stay {
    /// Begin.
    pub fn start(&self) -> Time {
        self.wards.first().map_or(self.stop, |first| first.0)
    }
}

/// Where a patient lay, from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// A bed or bay, in `World::locations`; the emergency department's waiting room when everything
    /// is full, a building where a facility has no beds.
    pub location: u32,
    /// From.
    pub start: Time,
    /// Until.
    pub stop: Time,
}

/// How a bed is at the end of the plan: HL7 v2 table 0116, for `Location.operationalStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BedStatus {
    /// Somebody lies in it.
    Occupied,
    /// Ready.
    Unoccupied,
    /// Left, and not yet cleaned.
    Contaminated,
}

impl BedStatus {
    /// Its code in <http://terminology.hl7.org/CodeSystem/v2-0116>.
    pub fn code(self) -> &'static str {
        match self {
            Self::Occupied => "O",
            Self::Unoccupied => "U",
            Self::Contaminated => "K",
        }
    }

    /// What the table calls it.
    pub fn display(self) -> &'static str {
        match self {
            Self::Occupied => "Occupied",
            Self::Unoccupied => "Unoccupied",
            Self::Contaminated => "Contaminated",
        }
    }
}

/// All legs of all stays.
#[derive(Clone, Debug, Default)]
pub struct BedBook {
    /// Patient, encounter and the place of their first leg; in order, with an end mark.
    stays: Vec<(u64, EncounterIndex, u32)>,
    legs: Vec<Leg>,
    /// Beds with somebody in them at the end, in order.
    occupied: Vec<u32>,
    /// Beds waiting to be cleaned at the end, in order.
    contaminated: Vec<u32>,
}

impl BedBook {
    /// Assigns beds in order of time. Size the wards for these stays first
    /// ([`World::size_wards`]).
    pub fn assign(world: &World, stays: Vec<Stay>) -> Self {
        assign::assign(world, stays)
    }

    /// Where a patient lay in an encounter; empty for encounters that need no bed, for those
    /// without any length and for those before the history kept.
    pub fn legs(&self, patient: u64, encounter: EncounterIndex) -> &[Leg] {
        let key = |stay: &(u64, EncounterIndex, u32)| (stay.0, stay.1);
        match self.stays.binary_search_by_key(&(patient, encounter), key) {
            Ok(at) => {
                let stop = self.stays.get(at + 1).map_or(self.legs.len(), |next| next.2 as usize);
                &self.legs[self.stays[at].2 as usize..stop]
            }
            Err(_) => &[],
        }
    }

    /// How a bed is at the end of the plan.
    pub fn status(&self, location: u32) -> BedStatus {
        if self.occupied.binary_search(&location).is_ok() {
            BedStatus::Occupied
        } else if self.contaminated.binary_search(&location).is_ok() {
            BedStatus::Contaminated
        } else {
            BedStatus::Unoccupied
        }
    }

    /// How many lie in beds of one kind of ward of all hospitals at a moment. Looks at every leg:
    /// for tests and summaries.
    pub fn census(&self, world: &World, ward: Ward, at: Time) -> usize {
        let lies = |leg: &&Leg| leg.start <= at && at < leg.stop && in_bed(world, leg, ward);
        self.legs.iter().filter(lies).count()
    }

    /// The share of bed time of one kind of ward that was taken, hallway places aside.
    pub fn occupancy(&self, world: &World, ward: Ward, from: Time, until: Time) -> f64 {
        let beds: usize = world.hospitals.iter().map(|one| one.of(ward).len()).sum();
        let taken = |leg: &Leg| leg.stop.min(until).since(leg.start.max(from)).max(0);
        let legs = self.legs.iter().filter(|leg| {
            in_bed(world, leg, ward)
                && (ward != Ward::Emergency
                    || !world.hospitals.iter().any(|one| one.hallway.contains(&leg.location)))
        });
        let taken: i64 = legs.map(taken).sum();
        taken as f64 / (beds.max(1) as f64 * until.since(from).max(1) as f64)
    }
}

fn in_bed(world: &World, leg: &Leg, ward: Ward) -> bool {
    world
        .locations
        .get(leg.location as usize)
        .is_some_and(|place| place.kind == LocationKind::Bed && place.ward == Some(ward))
}

/// The stays of one person that fall into the history the plan keeps.
///
/// Children asked into an adult ward lie among children, and grown-ups never do, whatever their
/// module says; intensive care and maternity take both.
pub fn stays(person: &Person, plan: &Plan) -> Vec<Stay> {
    let encounters = person.record.encounters.iter().enumerate();
    let mut stays = Vec::new();
    for (number, encounter) in encounters {
        let first = match encounter.class {
            Class::Emergency => Ward::Emergency,
            Class::Inpatient => Ward::Medical,
            _ => continue,
        };
        let mut stop = encounter.stop.unwrap_or(plan.end).min(plan.end);
        if let Some(death) = person.death {
            stop = stop.min(death.time);
        }
        let start = encounter.start;
        if stop <= start || stop <= plan.history_start() {
            continue;
        }
        let child = person.age(start) < 18;
        let fit = |ward: Ward| match ward {
            Ward::Medical | Ward::Surgical if child => Ward::Paediatric,
            Ward::Paediatric if !child => Ward::Medical,
            ward => ward,
        };
        let mut wards: Vec<(Time, Ward)> = Vec::with_capacity(encounter.wards.len().max(1));
        for (time, ward) in &encounter.wards {
            let (time, ward) = ((*time).max(start), fit(*ward));
            if time >= stop {
                break;
            }
            match wards.last_mut() {
                // Asked for two at once: the later word counts.
                Some(last) if last.0 >= time => last.1 = ward,
                Some(last) if last.1 == ward => {}
                _ => wards.push((time, ward)),
            }
        }
        match wards.first_mut() {
            Some(first) => first.0 = start,
            None => wards.push((start, fit(first))),
        }
        stays.push(Stay {
            patient: person.index,
            encounter: number as EncounterIndex,
            facility: encounter.facility,
            stop,
            wards,
            acuity: encounter.acuity,
            admitted_from: encounter.admitted_from,
        });
    }
    stays
}

#[cfg(test)]
mod tests;
