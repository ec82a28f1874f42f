//! Writes a record as FHIR R4, straight to bytes.
//!
//! A [`Writer`] renders once what repeats (codings, references to clinicians and places); per
//! person, [`Writer::person`] first decides what the plan keeps, then writes it type by type.
//!
//! Always true:
//! - every reference points at a resource that is written too;
//! - nothing carries a date after death or after the end of the plan;
//! - a US Core profile stands in `meta.profile` only where its rules are met.
//!
//! Spec: <https://hl7.org/fhir/R4/>, <https://hl7.org/fhir/us/core/STU6.1/>

mod bundle;
mod care;
mod claims;
mod coverage;
mod documents;
mod encounters;
mod id;
mod json;
mod kept;
mod medications;
mod observations;
mod patient;
mod places;
mod tables;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, bundle};
pub use id::Id;

use crate::beds::BedBook;
use crate::person::Person;
use crate::record::{EncounterIndex, Record};
use crate::simulate::Simulation;
use crate::time::Time;
use crate::vocabulary::{AttributeId, Code, CodeId, CodeList};
use crate::world::{Location, LocationKind, World};
use coverage::Coverages;
use id::{Kind, WORLD};
use json::{Array, Object};
use kept::Kept;
use tables::Measurement;
use xxhash_rust::xxh3::xxh3_64;

/// The resource types written, in an order in which references mostly point back.
pub const TYPES: &[&str] = &[
    "Organization",
    "Location",
    "Practitioner",
    "PractitionerRole",
    "Medication",
    "Patient",
    "RelatedPerson",
    "Coverage",
    "Encounter",
    "Condition",
    "AllergyIntolerance",
    "FamilyMemberHistory",
    "CareTeam",
    "Goal",
    "CarePlan",
    "ServiceRequest",
    "Procedure",
    "Device",
    "DeviceUseStatement",
    "SupplyDelivery",
    "Immunization",
    "MedicationRequest",
    "MedicationAdministration",
    "Specimen",
    "QuestionnaireResponse",
    "Observation",
    "ImagingStudy",
    "DiagnosticReport",
    "DocumentReference",
    "Claim",
    "ExplanationOfBenefit",
    "Provenance",
];

/// Resources, as lines of JSON.
#[derive(Clone, Debug)]
pub struct Lines {
    /// By place in [`TYPES`]: lines, each with its `\n`.
    pub by_type: Vec<Vec<u8>>,
    /// By place in [`TYPES`]: how many lines.
    pub counts: Vec<u64>,
    /// Gold of the notes, one JSON object a line (`--gold`).
    pub gold: Vec<u8>,
    /// How many resources.
    pub resources: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            by_type: vec![Vec::new(); TYPES.len()],
            counts: vec![0; TYPES.len()],
            gold: Vec::new(),
            resources: 0,
        }
    }
}

impl Lines {
    /// Writes one resource. `profiles` are the ends of US Core's profile URLs.
    fn resource(
        &mut self,
        kind: Kind,
        id: &Id,
        profiles: &[&str],
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let out = &mut self.by_type[kind as usize];
        json::object(out, |resource| {
            // `bundle` counts on these two coming first.
            resource.text("resourceType", kind.name());
            resource.text("id", id.as_str());
            resource.object("meta", |meta| {
                meta.array("profile", |urls| {
                    for profile in profiles.iter().filter(|profile| !profile.is_empty()) {
                        urls.pieces(&[tables::PROFILES, profile]);
                    }
                });
                if kind == Kind::Patient {
                    // Says to everyone who gets hold of it that this patient never was.
                    meta.one("security", |security| {
                        security.text("system", tables::ACT_REASON);
                        security.text("code", "HTEST");
                    });
                }
            });
            fill(resource);
        });
        out.push(b'\n');
        self.counts[kind as usize] += 1;
        self.resources += 1;
    }
}

impl Array<'_> {
    /// Words in pieces.
    fn pieces(&mut self, pieces: &[&str]) {
        let mut text = String::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
        pieces.iter().for_each(|piece| text.push_str(piece));
        self.text(&text);
    }
}

/// What the writer wants to know about a list of codes, worked out once.
struct Concept {
    /// As a CodeableConcept.
    json: Box<[u8]>,
    /// For observations: profile, range, questionnaire.
    measurement: Measurement,
    /// Fee in cents for one of it, before variation.
    fee: i64,
}

/// Writes FHIR for one run. Shared by all threads.
pub struct Writer<'a> {
    simulation: &'a Simulation,
    /// By `CodeList`.
    concepts: Vec<Concept>,
    /// By `CodeId`: as a Coding.
    codings: Vec<Box<[u8]>>,
    /// By facility, practitioner, location: as a Reference.
    facilities: Vec<Box<[u8]>>,
    practitioners: Vec<Box<[u8]>>,
    locations: Vec<Box<[u8]>>,
    payers: Vec<Box<[u8]>>,
    /// By location. Made from where it lies, so that a bed keeps its id in a larger house.
    location_ids: Vec<Id>,
    income: Option<AttributeId>,
    gold: bool,
}

impl<'a> Writer<'a> {
    /// For a simulation whose wards have their size. `gold` asks for the notes' gold.
    pub fn new(simulation: &'a Simulation, gold: bool) -> Self {
        let vocabulary = &simulation.vocabulary;
        let world = &simulation.world;
        let codings: Vec<Box<[u8]>> = (0..vocabulary.codes())
            .map(|at| coding(simulation, vocabulary.code(CodeId(at as u32))))
            .collect();
        let concepts = (0..vocabulary.lists())
            .map(|at| {
                let codes = vocabulary.list(CodeList(at as u32));
                Concept {
                    json: concept(simulation, codes, &codings),
                    measurement: Measurement::of(codes.iter().map(|code| vocabulary.code(*code))),
                    fee: codes.first().map_or(0, |code| claims::fee(vocabulary.code(*code))),
                }
            })
            .collect();
        let seed = simulation.plan.seed;
        let facilities =
            world.facilities.iter().enumerate().map(|(at, facility)| {
                named(seed, Kind::Organization, at as u64, &[&facility.name])
            });
        let practitioners = world.practitioners.iter().enumerate().map(|(at, person)| {
            let name = [&*person.given, " ", &*person.family];
            named(seed, Kind::Practitioner, at as u64, &name)
        });
        let location_id = |at| {
            let path = xxh3_64(world.path(at).as_bytes());
            Id::new(seed, WORLD, Kind::Location, path)
        };
        let location_ids: Vec<Id> = (0..world.locations.len() as u32).map(location_id).collect();
        let locations = world.locations.iter().zip(&location_ids).map(|(location, id)| {
            // "301-A" alone says little in a list of stays.
            match ward_of(world, location).filter(|_| location.kind == LocationKind::Bed) {
                Some(ward) => reference(Kind::Location, id, &[&ward.name, ", ", &location.name]),
                None => reference(Kind::Location, id, &[&location.name]),
            }
        });
        let payers = world.payers.iter().enumerate().map(|(at, payer)| {
            named(seed, Kind::Organization, places::PAYERS + at as u64, &[payer.name])
        });
        Self {
            facilities: facilities.collect(),
            practitioners: practitioners.collect(),
            locations: locations.collect(),
            payers: payers.collect(),
            location_ids,
            income: vocabulary.find_attribute("income"),
            simulation,
            concepts,
            codings,
            gold,
        }
    }

    /// The simulation it writes.
    pub fn simulation(&self) -> &'a Simulation {
        self.simulation
    }

    /// The id of the patient with this number.
    pub fn patient_id(&self, index: u64) -> Id {
        Id::new(self.simulation.plan.seed, index, Kind::Patient, 0)
    }

    /// What is there once per run: organisations, locations, practitioners, payers, medicines.
    pub fn world(&self, beds: &BedBook, out: &mut Lines) {
        places::write(self, beds, out);
        medications::formulary(self, out);
    }

    /// Everything about one person that the plan keeps.
    pub fn person(&self, person: &Person, beds: &BedBook, out: &mut Lines) {
        let end = self.simulation.plan.end;
        let limit = person.death.map_or(end, |death| death.time.min(end));
        let kept = Kept::decide(&self.simulation.plan, &person.record, limit);
        let coverages = Coverages::over(self, person, limit);
        let subject = Subject {
            writer: self,
            person,
            record: &person.record,
            id: self.patient_id(person.index),
            deceased: person.death.is_some_and(|death| death.time <= end),
            limit,
            kept,
        };
        patient::write(&subject, out);
        coverage::write(&subject, &coverages, out);
        encounters::write(&subject, beds, out);
        care::write(&subject, out);
        medications::write(&subject, out);
        observations::write(&subject, out);
        let notes = documents::write(&subject, beds, out);
        observations::imaging(&subject, &notes, out);
        if self.simulation.plan.claims {
            claims::write(&subject, &coverages, beds, out);
        }
        patient::provenance(&subject, &notes, out);
    }

    fn id(&self, kind: Kind, number: u64) -> Id {
        Id::new(self.simulation.plan.seed, WORLD, kind, number)
    }

    fn concept(&self, codes: CodeList) -> &[u8] {
        &self.concepts[codes.0 as usize].json
    }

    fn coding(&self, code: CodeId) -> &[u8] {
        &self.codings[code.0 as usize]
    }

    fn code(&self, code: CodeId) -> &'a Code {
        self.simulation.vocabulary.code(code)
    }

    fn first(&self, codes: CodeList) -> &'a Code {
        self.simulation.vocabulary.first(codes)
    }
}

/// The person being written.
struct Subject<'a> {
    writer: &'a Writer<'a>,
    person: &'a Person,
    record: &'a Record,
    id: Id,
    /// Death came before the plan's end.
    deceased: bool,
    /// Death or the plan's end: nothing is dated later.
    limit: Time,
    kept: Kept,
}

impl Subject<'_> {
    fn id(&self, kind: Kind, number: impl Into<u64>) -> Id {
        Id::new(self.writer.simulation.plan.seed, self.person.index, kind, number.into())
    }

    /// Bits that belong to an entry: variation that is the same in every run.
    fn chance(&self, purpose: u8, number: impl Into<u64>) -> u64 {
        let seed = self.writer.simulation.plan.seed;
        id::hash(seed, self.person.index, 128 + purpose, number.into()) as u64
    }

    fn patient(&self, object: &mut Object<'_>, name: &str) {
        object.reference(name, Kind::Patient, &self.id);
    }

    /// A reference to an encounter, if it is written.
    fn encounter(&self, object: &mut Object<'_>, name: &str, encounter: EncounterIndex) {
        if self.kept.encounter(encounter) {
            object.reference(name, Kind::Encounter, &self.id(Kind::Encounter, encounter));
        }
    }

    /// The clinician of an encounter.
    fn clinician(&self, object: &mut Object<'_>, name: &str, encounter: EncounterIndex) {
        if let Some(encounter) = self.record.encounters.get(encounter as usize)
            && let Some(json) = self.writer.practitioners.get(encounter.practitioner as usize)
        {
            object.raw(name, json);
        }
    }

    /// The organisation of an encounter.
    fn organization(&self, object: &mut Object<'_>, name: &str, encounter: EncounterIndex) {
        if let Some(encounter) = self.record.encounters.get(encounter as usize)
            && let Some(json) = self.writer.facilities.get(encounter.facility as usize)
        {
            object.raw(name, json);
        }
    }

    /// A reference to the building of an encounter.
    fn building_of(&self, encounter: EncounterIndex) -> Option<&[u8]> {
        let world = &self.writer.simulation.world;
        let encounter = self.record.encounters.get(encounter as usize)?;
        let facility = world.facilities.get(encounter.facility as usize)?;
        Some(self.writer.locations.get(facility.location as usize)?)
    }

    /// The building of an encounter.
    fn building(&self, object: &mut Object<'_>, name: &str, encounter: EncounterIndex) {
        if let Some(json) = self.building_of(encounter) {
            object.raw(name, json);
        }
    }

    fn concept(&self, object: &mut Object<'_>, name: &str, codes: CodeList) {
        object.raw(name, self.writer.concept(codes));
    }

    /// One code as a CodeableConcept.
    fn concept_of(&self, object: &mut Object<'_>, name: &str, code: CodeId) {
        object.object(name, |concept| {
            concept.array("coding", |codings| codings.raw(self.writer.coding(code)));
            concept.text("text", &self.writer.code(code).display);
        });
    }

    /// Why: the codes, and the patient's condition where there is one of that name.
    fn reason(&self, object: &mut Object<'_>, reason: Option<CodeList>, at: Time) {
        let Some(reason) = reason else { return };
        object.array("reasonCode", |codes| codes.raw(self.writer.concept(reason)));
        if let Some(condition) = self.condition_for(reason, at) {
            object.array("reasonReference", |references| {
                references.object(|reference| {
                    reference.target(Kind::Condition, &self.id(Kind::Condition, condition));
                });
            });
        }
    }

    /// The written condition a reason names, if it was known by then: the latest.
    fn condition_for(&self, reason: CodeList, at: Time) -> Option<u32> {
        let vocabulary = &self.writer.simulation.vocabulary;
        let main = vocabulary.list(reason).first()?;
        self.record
            .conditions
            .iter()
            .enumerate()
            .rev()
            .find(|(place, condition)| {
                self.kept.conditions[*place]
                    && condition.diagnosed.is_some_and(|diagnosed| diagnosed <= at)
                    && (condition.codes == reason
                        || vocabulary.list(condition.codes).first() == Some(main))
            })
            .map(|(place, _)| place as u32)
    }

    /// A moment, or the limit if that is earlier.
    fn upto(&self, time: Time) -> Time {
        time.min(self.limit)
    }

    /// The end of something: `None` if it still goes on at the limit.
    fn ended(&self, stop: Option<Time>) -> Option<Time> {
        stop.filter(|stop| *stop <= self.limit)
    }

    /// When an encounter ended: for the dead none is open.
    fn encounter_stop(&self, encounter: &crate::record::Encounter) -> Option<Time> {
        let stop = self.ended(encounter.stop);
        if self.deceased { Some(stop.unwrap_or(self.limit)) } else { stop }
    }
}

/// A CodeableConcept of one coding from HL7's own systems.
fn term(object: &mut Object<'_>, name: &str, system: &str, code: &str, display: &str) {
    object.object(name, |concept| term_inside(concept, system, code, display));
}

fn term_inside(concept: &mut Object<'_>, system: &str, code: &str, display: &str) {
    concept.one("coding", |coding| {
        coding.text("system", system);
        coding.text("code", code);
        coding.text("display", display);
    });
}

/// An array of one such CodeableConcept.
fn terms(object: &mut Object<'_>, name: &str, system: &str, code: &str, display: &str) {
    object.one(name, |concept| term_inside(concept, system, code, display));
}

/// A Period; an open one has no end.
fn period(object: &mut Object<'_>, name: &str, start: Time, stop: Option<Time>) {
    object.object(name, |period| {
        period.time("start", start);
        if let Some(stop) = stop {
            period.time("end", stop.max(start));
        }
    });
}

fn coding(simulation: &Simulation, code: &Code) -> Box<[u8]> {
    let mut out = Vec::new();
    json::object(&mut out, |coding| {
        coding.text("system", tables::system(simulation.vocabulary.system(code.system)));
        let system = simulation.vocabulary.system(code.system);
        if tables::is_oid_without_prefix(system, &code.code) {
            coding.pieces("code", &["urn:oid:", &code.code]);
        } else {
            coding.text("code", &code.code);
        }
        coding.text("display", &code.display);
    });
    out.into()
}

fn concept(simulation: &Simulation, codes: &[CodeId], codings: &[Box<[u8]>]) -> Box<[u8]> {
    let mut out = Vec::new();
    json::object(&mut out, |concept| {
        concept.array("coding", |array| {
            codes.iter().for_each(|code| array.raw(&codings[code.0 as usize]));
        });
        let text = codes.first().map_or("", |code| &*simulation.vocabulary.code(*code).display);
        concept.text("text", text);
    });
    out.into()
}

/// The ward a location lies in.
fn ward_of<'a>(world: &'a World, location: &'a Location) -> Option<&'a Location> {
    let mut place = location;
    while place.kind != LocationKind::Ward {
        place = world.locations.get(place.parent? as usize)?;
    }
    Some(place)
}

fn named(seed: u64, kind: Kind, number: u64, name: &[&str]) -> Box<[u8]> {
    reference(kind, &Id::new(seed, WORLD, kind, number), name)
}

fn reference(kind: Kind, id: &Id, name: &[&str]) -> Box<[u8]> {
    let mut out = Vec::new();
    json::object(&mut out, |reference| {
        reference.target(kind, id);
        reference.pieces("display", name);
    });
    out.into()
}
