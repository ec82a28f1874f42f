//! What of a record the plan keeps.
//!
//! An entry is kept when it begins in the history wanted or is still active then; every
//! vaccination is. Before the dense history, routine measurements, panels, notes and supplies are
//! left out. An encounter is kept for its own sake, or because a kept entry belongs to it.

use crate::plan::Plan;
use crate::record::{EncounterIndex, Observation, Record};
use crate::time::Time;

/// By place in the record: is it written?
pub(super) struct Kept {
    encounters: Vec<bool>,
    pub(super) conditions: Vec<bool>,
    pub(super) allergies: Vec<bool>,
    pub(super) medications: Vec<bool>,
    pub(super) care_plans: Vec<bool>,
    pub(super) procedures: Vec<bool>,
    pub(super) observations: Vec<bool>,
    pub(super) reports: Vec<bool>,
    pub(super) imaging: Vec<bool>,
    pub(super) devices: Vec<bool>,
    pub(super) supplies: Vec<bool>,
    pub(super) immunizations: Vec<bool>,
    pub(super) history_start: Time,
    pub(super) dense_start: Time,
}

impl Kept {
    pub(super) fn decide(plan: &Plan, record: &Record, limit: Time) -> Self {
        let (history_start, dense_start) = (plan.history_start(), plan.dense_start());
        let lasting = |start: Time, stop: Option<Time>| {
            start <= limit
                && (start >= history_start || stop.is_none_or(|stop| stop > history_start))
        };
        let within = |time: Time| history_start <= time && time <= limit;
        let dense = |time: Time| dense_start <= time && time <= limit;
        // A diagnosis counts from when it was made; before, nobody could write it down.
        let diagnosed = |diagnosed: Option<Time>, abatement| {
            diagnosed.is_some_and(|diagnosed| lasting(diagnosed, abatement))
        };
        let mut kept = Self {
            encounters: each(&record.encounters, |entry| {
                lasting(entry.start, Some(entry.stop.unwrap_or(limit)))
            }),
            conditions: each(&record.conditions, |entry| {
                diagnosed(entry.diagnosed, entry.abatement) && entry.onset <= limit
            }),
            allergies: each(&record.allergies, |entry| {
                diagnosed(entry.diagnosed, entry.abatement) && entry.onset <= limit
            }),
            medications: each(&record.medications, |entry| {
                if entry.administered {
                    within(entry.start)
                } else {
                    lasting(entry.start, entry.stop)
                }
            }),
            care_plans: each(&record.care_plans, |entry| lasting(entry.start, entry.stop)),
            procedures: each(&record.procedures, |entry| within(entry.start)),
            observations: each(&record.observations, |entry| {
                if routine(entry) { dense(entry.time) } else { within(entry.time) }
            }),
            reports: each(&record.reports, |entry| dense(entry.time)),
            imaging: each(&record.imaging, |entry| within(entry.time)),
            devices: each(&record.devices, |entry| lasting(entry.start, entry.stop)),
            supplies: each(&record.supplies, |entry| dense(entry.time)),
            immunizations: each(&record.immunizations, |entry| entry.time <= limit),
            history_start,
            dense_start,
        };
        kept.keep_encounters_of_entries(record, limit);
        kept
    }

    pub(super) fn encounter(&self, index: EncounterIndex) -> bool {
        self.encounters.get(index as usize).copied().unwrap_or(false)
    }

    /// Vaccinations are not asked: a childhood's visits are not kept for their sake.
    fn keep_encounters_of_entries(&mut self, record: &Record, limit: Time) {
        let encounters = &mut self.encounters;
        let mut keep = |index: EncounterIndex| {
            if let Some(entry) = record.encounters.get(index as usize) {
                encounters[index as usize] |= entry.start <= limit;
            }
        };
        let of_condition = chosen(&record.conditions, &self.conditions).filter_map(|e| e.encounter);
        let of_allergy = chosen(&record.allergies, &self.allergies).filter_map(|e| e.encounter);
        of_condition.chain(of_allergy).for_each(&mut keep);
        chosen(&record.medications, &self.medications).for_each(|e| keep(e.encounter));
        chosen(&record.care_plans, &self.care_plans).for_each(|e| keep(e.encounter));
        chosen(&record.procedures, &self.procedures).for_each(|e| keep(e.encounter));
        chosen(&record.observations, &self.observations).for_each(|e| keep(e.encounter));
        chosen(&record.reports, &self.reports).for_each(|e| keep(e.encounter));
        chosen(&record.imaging, &self.imaging).for_each(|e| keep(e.encounter));
        chosen(&record.devices, &self.devices).for_each(|e| keep(e.encounter));
    }
}

fn each<T>(entries: &[T], keep: impl Fn(&T) -> bool) -> Vec<bool> {
    entries.iter().map(keep).collect()
}

/// The kept ones of some entries.
fn chosen<'a, T>(entries: &'a [T], kept: &'a [bool]) -> impl Iterator<Item = &'a T> {
    entries.iter().zip(kept).filter(|(_, kept)| **kept).map(|(entry, _)| entry)
}

/// The kept ones of some entries, with their places.
pub(super) fn numbered<'a, T>(
    entries: &'a [T],
    kept: &'a [bool],
) -> impl Iterator<Item = (u32, &'a T)> {
    let numbered = entries.iter().enumerate().zip(kept);
    numbered.filter(|(_, kept)| **kept).map(|((at, entry), _)| (at as u32, entry))
}

/// Taken at every visit.
fn routine(observation: &Observation) -> bool {
    matches!(observation.category, "vital-signs" | "laboratory")
}
