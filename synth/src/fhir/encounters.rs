//! Encounters: visits and stays, with the beds a patient lay in, and Conditions.

use super::id::Kind;
use super::kept::numbered;
use super::places::physical_type;
use super::{Lines, Object, Subject, period, tables, term, terms};
use crate::beds::BedBook;
use crate::record::{Class, Condition, Encounter, EncounterIndex};
use crate::time::{DAY, Time};
use crate::world::FacilityKind;

/// A condition that lasts longer than this belongs on the problem list.
const PROBLEM_SECONDS: i64 = 90 * DAY;

pub(super) fn write(subject: &Subject<'_>, beds: &BedBook, out: &mut Lines) {
    let encounters = &subject.record.encounters;
    for (at, encounter) in encounters.iter().enumerate() {
        if subject.kept.encounter(at as u32) {
            write_one(subject, at as u32, encounter, beds, out);
        }
    }
    for (at, condition) in numbered(&subject.record.conditions, &subject.kept.conditions) {
        write_condition(subject, at, condition, out);
    }
}

/// HL7's class of an encounter.
pub(super) fn class(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Wellness | Class::Ambulatory | Class::Outpatient | Class::UrgentCare => {
            ("AMB", "ambulatory")
        }
        Class::Emergency => ("EMER", "emergency"),
        Class::Inpatient => ("IMP", "inpatient encounter"),
        Class::Hospice | Class::Home => ("HH", "home health"),
        // Not `IMP`, so that counting hospital stays does not count these.
        Class::Snf => ("NONAC", "inpatient non-acute"),
        Class::Virtual => ("VR", "virtual"),
    }
}

fn write_one(
    subject: &Subject<'_>,
    number: EncounterIndex,
    encounter: &Encounter,
    beds: &BedBook,
    out: &mut Lines,
) {
    let id = subject.id(Kind::Encounter, number);
    let stop = subject.encounter_stop(encounter);
    let typed = !subject.writer.simulation.vocabulary.list(encounter.codes).is_empty();
    let profile = if typed { "us-core-encounter" } else { "" };
    out.resource(Kind::Encounter, &id, &[profile], |object| {
        object.text("status", if stop.is_some() { "finished" } else { "in-progress" });
        let (code, display) = class(encounter.class);
        object.object("class", |class| {
            class.text("system", tables::ACT_CODE);
            class.text("code", code);
            class.text("display", display);
        });
        if typed {
            object.array("type", |types| types.raw(subject.writer.concept(encounter.codes)));
        }
        if let Some(acuity) = encounter.acuity {
            let (code, display) = match acuity {
                0..=2 => ("EM", "emergency"),
                3 => ("UR", "urgent"),
                _ => ("R", "routine"),
            };
            object.object("priority", |priority| {
                super::term_inside(priority, tables::ACT_PRIORITY, code, display);
                priority.plain("text", |out| {
                    out.extend_from_slice(b"Acuity level ");
                    super::json::whole(out, acuity.into());
                });
            });
        }
        subject.patient(object, "subject");
        object.one("participant", |participant| {
            let primary = "primary performer";
            terms(participant, "type", tables::PARTICIPATION_TYPE, "PPRF", primary);
            period(participant, "period", encounter.start, stop);
            subject.clinician(participant, "individual", number);
        });
        period(object, "period", encounter.start, stop);
        subject.reason(object, encounter.reason, stop.unwrap_or(subject.limit));
        diagnoses(subject, object, number, encounter);
        hospitalization(subject, object, encounter, stop.is_some());
        locations(subject, object, number, encounter, beds);
        subject.organization(object, "serviceProvider", number);
        if let Some(emergency) = encounter.admitted_from {
            subject.encounter(object, "partOf", emergency);
        }
    });
}

/// The conditions an encounter diagnosed, in their order.
pub(super) fn diagnosed<'a>(
    subject: &'a Subject<'_>,
    encounter: EncounterIndex,
) -> impl Iterator<Item = u32> + 'a {
    numbered(&subject.record.conditions, &subject.kept.conditions)
        .filter(move |(_, condition)| condition.encounter == Some(encounter))
        .map(|(at, _)| at)
}

fn diagnoses(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    number: EncounterIndex,
    encounter: &Encounter,
) {
    let stay = matches!(encounter.class, Class::Inpatient | Class::Snf);
    let (code, display) =
        if stay { ("DD", "Discharge diagnosis") } else { ("CC", "Chief complaint") };
    object.array("diagnosis", |diagnoses| {
        for (rank, condition) in (1..).zip(diagnosed(subject, number)) {
            diagnoses.object(|diagnosis| {
                let id = subject.id(Kind::Condition, condition);
                diagnosis.reference("condition", Kind::Condition, &id);
                term(diagnosis, "use", tables::DIAGNOSIS_ROLE, code, display);
                diagnosis.number("rank", rank);
            });
        }
    });
}

fn hospitalization(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    encounter: &Encounter,
    ended: bool,
) {
    let stay = matches!(encounter.class, Class::Inpatient | Class::Snf | Class::Hospice);
    let died = ended && subject.deceased && encounter.stop.is_none_or(|stop| stop >= subject.limit);
    object.object("hospitalization", |hospitalization| {
        if encounter.class == Class::Inpatient {
            let at_birth = encounter.start.since(subject.person.birth) < DAY;
            let (code, display) = match encounter.admitted_from {
                Some(_) => ("emd", "From accident/emergency department"),
                None if at_birth => ("born", "Born in hospital"),
                None => ("gp", "General Practitioner referral"),
            };
            term(hospitalization, "admitSource", tables::ADMIT_SOURCE, code, display);
        }
        if died && (stay || encounter.class == Class::Emergency) {
            let dead = ("exp", "Expired");
            term(hospitalization, "dischargeDisposition", tables::DISCHARGE, dead.0, dead.1);
        } else if ended && let Some(discharge) = encounter.discharge {
            subject.concept_of(hospitalization, "dischargeDisposition", discharge);
        } else if ended && stay {
            term(hospitalization, "dischargeDisposition", tables::DISCHARGE, "home", "Home");
        }
    });
}

/// The beds, each with its time; without beds the building. A stay's building is its
/// `serviceProvider`'s and the top of each bed's `partOf`, so that counting rows counts beds.
fn locations(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    number: EncounterIndex,
    encounter: &Encounter,
    beds: &BedBook,
) {
    let world = &subject.writer.simulation.world;
    let legs = beds.legs(subject.person.index, number);
    let stop = subject.encounter_stop(encounter);
    object.array("location", |locations| {
        let legs = legs.iter().filter(|leg| leg.start <= subject.limit);
        let mut lain = false;
        for leg in legs {
            let Some(json) = subject.writer.locations.get(leg.location as usize) else { continue };
            let kind = world.locations[leg.location as usize].kind;
            // A leg that reaches an open stay's last known moment is where the patient lies now.
            let open = stop.is_none() && leg.stop >= subject.limit;
            lain = true;
            locations.object(|location| {
                location.raw("location", json);
                location.text("status", if open { "active" } else { "completed" });
                physical_type(location, kind);
                let leg_stop = (!open).then(|| subject.upto(leg.stop));
                period(location, "period", leg.start, leg_stop);
            });
        }
        let facility = world.facilities.get(encounter.facility as usize);
        let at_home = matches!(encounter.class, Class::Home | Class::Virtual)
            || facility.is_some_and(|facility| facility.kind == FacilityKind::HomeCare);
        let building = subject.building_of(number).filter(|_| !lain && !at_home);
        if let Some(building) = building {
            locations.object(|location| {
                location.raw("location", building);
                location.text("status", if stop.is_some() { "completed" } else { "active" });
                period(location, "period", encounter.start, stop);
            });
        }
    });
}

fn write_condition(subject: &Subject<'_>, number: u32, condition: &Condition, out: &mut Lines) {
    let id = subject.id(Kind::Condition, number);
    let abatement = subject.ended(condition.abatement);
    let diagnosed = condition.diagnosed.unwrap_or(condition.onset);
    let lasted = abatement.unwrap_or(Time(i64::MAX)).0.saturating_sub(condition.onset.0);
    let problem = lasted > PROBLEM_SECONDS;
    let profile = match problem {
        true => "us-core-condition-problems-health-concerns",
        false => "us-core-condition-encounter-diagnosis",
    };
    out.resource(Kind::Condition, &id, &[profile], |object| {
        let (code, display) = match abatement {
            None => ("active", "Active"),
            Some(_) => ("resolved", "Resolved"),
        };
        term(object, "clinicalStatus", tables::CONDITION_CLINICAL, code, display);
        let confirmed = "Confirmed";
        term(object, "verificationStatus", tables::CONDITION_VERIFICATION, "confirmed", confirmed);
        let (code, display) = match problem {
            true => ("problem-list-item", "Problem List Item"),
            false => ("encounter-diagnosis", "Encounter Diagnosis"),
        };
        terms(object, "category", tables::CONDITION_CATEGORY, code, display);
        subject.concept(object, "code", condition.codes);
        subject.patient(object, "subject");
        if let Some(encounter) = condition.encounter {
            subject.encounter(object, "encounter", encounter);
        }
        object.time("onsetDateTime", condition.onset);
        if let Some(abatement) = abatement {
            object.time("abatementDateTime", abatement.max(condition.onset));
        }
        object.time("recordedDate", diagnosed);
        if let Some(encounter) = condition.encounter {
            subject.clinician(object, "recorder", encounter);
        }
    });
}
