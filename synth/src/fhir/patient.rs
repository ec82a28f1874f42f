//! Patient, RelatedPerson, FamilyMemberHistory, and the Provenance of it all.

use super::documents::Written;
use super::id::Kind;
use super::places::address_inside;
use super::{Lines, Subject, tables, term, terms};
use crate::person::{FamilyFact, Race, Sex};
use crate::record::Class;

pub(super) fn write(subject: &Subject<'_>, out: &mut Lines) {
    patient(subject, out);
    if subject.person.age(subject.limit) < 18 {
        mother(subject, out);
    }
    family(subject, out);
}

fn patient(subject: &Subject<'_>, out: &mut Lines) {
    let person = subject.person;
    let identity = &person.identity;
    out.resource(Kind::Patient, &subject.id, &["us-core-patient"], |patient| {
        patient.array("extension", |extensions| {
            extensions.object(|race| {
                race.pieces("url", &[tables::US_CORE, "race"]);
                let (code, display) = omb(identity.race);
                race.array("extension", |parts| {
                    // "Other" has no place in the OMB categories: US Core then wants the text alone.
                    if let Some(code) = code {
                        parts.object(|part| omb_category(part, code, display));
                    }
                    parts.object(|part| {
                        part.text("url", "text");
                        part.text("valueString", display);
                    });
                });
            });
            extensions.object(|ethnicity| {
                ethnicity.pieces("url", &[tables::US_CORE, "ethnicity"]);
                let (code, display) = match identity.hispanic {
                    true => ("2135-2", "Hispanic or Latino"),
                    false => ("2186-5", "Not Hispanic or Latino"),
                };
                ethnicity.array("extension", |parts| {
                    parts.object(|part| omb_category(part, code, display));
                    parts.object(|part| {
                        part.text("url", "text");
                        part.text("valueString", display);
                    });
                });
            });
            extensions.object(|birthsex| {
                birthsex.pieces("url", &[tables::US_CORE, "birthsex"]);
                birthsex.text("valueCode", if person.sex == Sex::Female { "F" } else { "M" });
            });
            if !identity.mother.is_empty() {
                extensions.object(|mother| {
                    mother.text("url", tables::MOTHERS_MAIDEN_NAME);
                    mother.text("valueString", &identity.mother);
                });
            }
        });
        patient.one("identifier", |identifier| {
            identifier.text("use", "usual");
            term(identifier, "type", tables::IDENTIFIER_TYPE, "MR", "Medical record number");
            identifier.text("system", tables::PATIENT_SYSTEM);
            identifier.text("value", &identity.mrn);
        });
        patient.boolean("active", !subject.deceased);
        patient.array("name", |names| {
            names.object(|name| {
                name.text("use", "official");
                name.text("family", &identity.family);
                name.array("given", |given| identity.given.iter().for_each(|n| given.text(n)));
            });
            if let Some(maiden) = &identity.maiden {
                names.object(|name| {
                    name.text("use", "maiden");
                    name.text("family", maiden);
                    name.array("given", |given| identity.given.iter().for_each(|n| given.text(n)));
                });
            }
        });
        telecom(subject, patient);
        patient.text("gender", gender(person.sex));
        patient.date("birthDate", person.birth);
        if subject.deceased {
            patient.time("deceasedDateTime", subject.limit);
        } else {
            patient.boolean("deceasedBoolean", false);
        }
        address(subject, patient, true);
        let (code, display) = match identity.marital {
            'M' => ("M", "Married"),
            'D' => ("D", "Divorced"),
            'W' => ("W", "Widowed"),
            _ => ("S", "Never Married"),
        };
        term(patient, "maritalStatus", tables::MARITAL_STATUS, code, display);
        patient.one("communication", |communication| {
            let display = tables::language(identity.language);
            term(communication, "language", "urn:ietf:bcp:47", identity.language, display);
            communication.boolean("preferred", true);
        });
        if let Some(encounter) = home_visit(subject) {
            let encounter = &subject.record.encounters[encounter as usize];
            let writer = subject.writer;
            if let Some(json) = writer.practitioners.get(encounter.practitioner as usize) {
                patient.array("generalPractitioner", |doctors| doctors.raw(json));
            }
            if let Some(json) = writer.facilities.get(encounter.facility as usize) {
                patient.raw("managingOrganization", json);
            }
        }
    });
}

/// The last check-up, or else the last visit: its doctor is the patient's own.
fn home_visit(subject: &Subject<'_>) -> Option<u32> {
    let visits = subject.record.encounters.iter().enumerate();
    let mut known = visits.filter(|(_, visit)| visit.start <= subject.limit).rev();
    let last = known.clone().next();
    known.find(|(_, visit)| visit.class == Class::Wellness).or(last).map(|(at, _)| at as u32)
}

fn omb_category(part: &mut super::Object<'_>, code: &str, display: &str) {
    part.text("url", "ombCategory");
    part.object("valueCoding", |coding| {
        coding.text("system", tables::RACE_AND_ETHNICITY);
        coding.text("code", code);
        coding.text("display", display);
    });
}

fn omb(race: Race) -> (Option<&'static str>, &'static str) {
    match race {
        Race::White => (Some("2106-3"), "White"),
        Race::Black => (Some("2054-5"), "Black or African American"),
        Race::Asian => (Some("2028-9"), "Asian"),
        Race::Native => (Some("1002-5"), "American Indian or Alaska Native"),
        Race::Pacific => (Some("2076-8"), "Native Hawaiian or Other Pacific Islander"),
        Race::Other => (None, "Other"),
    }
}

fn gender(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "female",
        Sex::Male => "male",
    }
}

fn telecom(subject: &Subject<'_>, object: &mut super::Object<'_>) {
    if !subject.person.identity.phone.is_empty() {
        object.one("telecom", |telecom| {
            telecom.text("system", "phone");
            telecom.text("value", &subject.person.identity.phone);
            telecom.text("use", "home");
        });
    }
}

/// The home, on request with a point on the map: the town's, moved by up to about 3 km.
fn address(subject: &Subject<'_>, object: &mut super::Object<'_>, on_map: bool) {
    let identity = &subject.person.identity;
    let Some(place) = subject.writer.simulation.world.places.get(identity.place as usize) else {
        return;
    };
    object.one("address", |address| {
        if on_map {
            let chance = subject.chance(tables::CHANCE_HOME, 0u32);
            let shift = |bits: u64| (bits % 6_001) as f64 / 100_000.0 - 0.03;
            address.one("extension", |geolocation| {
                geolocation.text("url", tables::GEOLOCATION);
                geolocation.array("extension", |parts| {
                    parts.object(|part| {
                        part.text("url", "latitude");
                        part.decimal("valueDecimal", place.position.0 + shift(chance), 5);
                    });
                    parts.object(|part| {
                        part.text("url", "longitude");
                        part.decimal("valueDecimal", place.position.1 + shift(chance >> 32), 5);
                    });
                });
            });
        }
        address_inside(address, &identity.street, place, &identity.zip);
    });
}

fn mother(subject: &Subject<'_>, out: &mut Lines) {
    let id = subject.id(Kind::RelatedPerson, 0u32);
    out.resource(Kind::RelatedPerson, &id, &["us-core-relatedperson"], |mother| {
        mother.boolean("active", true);
        subject.patient(mother, "patient");
        terms(mother, "relationship", tables::ROLE_CODE, "MTH", "mother");
        let name = &subject.person.identity.mother;
        if !name.is_empty() {
            mother.one("name", |part| {
                part.text("use", "maiden");
                part.text("text", name);
            });
        }
        telecom(subject, mother);
        mother.text("gender", "female");
        address(subject, mother, false);
    });
}

/// One FamilyMemberHistory for each relative something is told about.
fn family(subject: &Subject<'_>, out: &mut Lines) {
    let asked = subject.record.encounters.iter().enumerate();
    let asked = asked.filter(|(at, _)| subject.kept.encounter(*at as u32)).map(|(_, e)| e.start);
    let Some(asked) = asked.min() else { return };
    let facts = &subject.person.family;
    for (at, fact) in facts.iter().enumerate() {
        if facts[..at].iter().any(|earlier| earlier.relative == fact.relative) {
            continue;
        }
        let of_relative = || facts[at..].iter().filter(|other| other.relative == fact.relative);
        let id = subject.id(Kind::FamilyMemberHistory, at as u64);
        out.resource(Kind::FamilyMemberHistory, &id, &[], |history| {
            history.text("status", "completed");
            subject.patient(history, "patient");
            history.time("date", asked.max(subject.kept.history_start));
            let (display, sex) = tables::relative(fact.relative);
            term(history, "relationship", tables::ROLE_CODE, fact.relative, display);
            if let Some(sex) = sex {
                term(history, "sex", tables::GENDER, gender(sex), sex_display(sex));
            }
            if of_relative().any(|fact| fact.died_of_it) {
                history.boolean("deceasedBoolean", true);
            }
            history.array("condition", |conditions| {
                of_relative().for_each(|fact| conditions.object(|c| condition(subject, c, fact)));
            });
        });
    }
}

fn condition(subject: &Subject<'_>, condition: &mut super::Object<'_>, fact: &FamilyFact) {
    subject.concept_of(condition, "code", fact.condition);
    if fact.died_of_it {
        term(condition, "outcome", tables::SNOMED, "419099009", "Dead");
        condition.boolean("contributedToDeath", true);
    }
    if let Some(age) = fact.onset_age {
        condition.object("onsetAge", |quantity| {
            quantity.number("value", age.into());
            quantity.text("unit", "years");
            quantity.text("system", tables::UCUM);
            quantity.text("code", "a");
        });
    }
}

fn sex_display(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "Female",
        Sex::Male => "Male",
    }
}

/// Where the record comes from. Its targets are the patient, the encounters and the documents: a
/// list of everything would be the largest resource of all and say no more.
pub(super) fn provenance(subject: &Subject<'_>, documents: &[Written], out: &mut Lines) {
    let Some(encounter) = home_visit(subject) else { return };
    let id = subject.id(Kind::Provenance, 0u32);
    out.resource(Kind::Provenance, &id, &["us-core-provenance"], |provenance| {
        provenance.array("target", |targets| {
            targets.object(|target| target.target(Kind::Patient, &subject.id));
            for (at, _) in subject.record.encounters.iter().enumerate() {
                if subject.kept.encounter(at as u32) {
                    let id = subject.id(Kind::Encounter, at as u64);
                    targets.object(|target| target.target(Kind::Encounter, &id));
                }
            }
            for document in documents {
                targets.object(|target| target.target(Kind::DocumentReference, &document.id));
            }
        });
        // The last moment there is: nothing happens at the plan's end or later.
        let end = subject.writer.simulation.plan.end;
        provenance.time("recorded", subject.limit.min(end.plus(-1)));
        terms(provenance, "reason", tables::ACT_REASON, "HTEST", "test health data");
        provenance.array("agent", |agents| {
            agents.object(|agent| {
                term(agent, "type", tables::PROVENANCE_TYPE, "author", "Author");
                subject.organization(agent, "who", encounter);
            });
            agents.object(|agent| {
                let transmitter = "Transmitter";
                term(agent, "type", tables::US_CORE_PROVENANCE_TYPE, "transmitter", transmitter);
                subject.organization(agent, "who", encounter);
            });
        });
    });
}
