//! Allergies, care plans with their team and goals, procedures, devices, supplies, vaccinations,
//! and the orders (ServiceRequest) of what was ordered.

use super::id::Kind;
use super::kept::numbered;
use super::{Lines, Object, Subject, json, period, tables, term, terms};
use crate::record::{
    Allergy, CarePlan, Class, Device, EncounterIndex, Immunization, Procedure, Severity,
};
use crate::time::Time;
use crate::vocabulary::CodeList;

pub(super) fn write(subject: &Subject<'_>, out: &mut Lines) {
    let (record, kept) = (subject.record, &subject.kept);
    for (at, entry) in numbered(&record.allergies, &kept.allergies) {
        allergy(subject, at, entry, out);
    }
    for (at, entry) in numbered(&record.care_plans, &kept.care_plans) {
        care_plan(subject, at, entry, out);
    }
    for (at, entry) in numbered(&record.procedures, &kept.procedures) {
        procedure(subject, at, entry, out);
    }
    for (at, entry) in numbered(&record.devices, &kept.devices) {
        device(subject, at, entry, out);
    }
    for (at, entry) in numbered(&record.supplies, &kept.supplies) {
        let id = subject.id(Kind::SupplyDelivery, at);
        out.resource(Kind::SupplyDelivery, &id, &[], |supply| {
            supply.text("status", "completed");
            subject.patient(supply, "patient");
            term(supply, "type", tables::SUPPLY_TYPE, "device", "Device");
            supply.object("suppliedItem", |item| {
                item.object("quantity", |quantity| {
                    quantity.number("value", entry.quantity.into());
                });
                subject.concept(item, "itemCodeableConcept", entry.codes);
            });
            supply.time("occurrenceDateTime", entry.time);
            subject.organization(supply, "supplier", entry.encounter);
        });
    }
    for (at, entry) in numbered(&record.immunizations, &kept.immunizations) {
        immunization(subject, at, entry, out);
    }
}

fn allergy(subject: &Subject<'_>, number: u32, allergy: &Allergy, out: &mut Lines) {
    let id = subject.id(Kind::AllergyIntolerance, number);
    let abatement = subject.ended(allergy.abatement);
    out.resource(Kind::AllergyIntolerance, &id, &["us-core-allergyintolerance"], |object| {
        let (code, display) = match abatement {
            None => ("active", "Active"),
            Some(_) => ("resolved", "Resolved"),
        };
        term(object, "clinicalStatus", tables::ALLERGY_CLINICAL, code, display);
        let confirmed = "Confirmed";
        term(object, "verificationStatus", tables::ALLERGY_VERIFICATION, "confirmed", confirmed);
        object.text("type", if allergy.intolerance { "intolerance" } else { "allergy" });
        object.array("category", |categories| categories.text(allergy.category));
        let severe = allergy.reactions.iter().any(|(_, severity)| *severity == Severity::Severe);
        object.text("criticality", if severe { "high" } else { "low" });
        subject.concept(object, "code", allergy.codes);
        subject.patient(object, "patient");
        if let Some(encounter) = allergy.encounter {
            subject.encounter(object, "encounter", encounter);
        }
        object.time("onsetDateTime", allergy.onset);
        object.time("recordedDate", allergy.diagnosed.unwrap_or(allergy.onset));
        if let Some(encounter) = allergy.encounter {
            subject.clinician(object, "recorder", encounter);
        }
        object.array("reaction", |reactions| {
            for (manifestation, severity) in &allergy.reactions {
                reactions.object(|reaction| {
                    reaction.one("manifestation", |concept| {
                        concept.array("coding", |codings| {
                            codings.raw(subject.writer.coding(*manifestation));
                        });
                        concept.text("text", &subject.writer.code(*manifestation).display);
                    });
                    reaction.text(
                        "severity",
                        match severity {
                            Severity::Mild => "mild",
                            Severity::Moderate => "moderate",
                            Severity::Severe => "severe",
                        },
                    );
                });
            }
        });
    });
}

fn care_plan(subject: &Subject<'_>, number: u32, plan: &CarePlan, out: &mut Lines) {
    let stop = subject.ended(plan.stop);
    // A plan ends with the patient.
    let stop = stop.or(subject.deceased.then_some(subject.limit));
    let ended = stop.is_some();
    let goals = u64::from(number) << 16;
    let condition = plan.reason.and_then(|reason| subject.condition_for(reason, subject.limit));
    let vocabulary = &subject.writer.simulation.vocabulary;
    let title = &subject.writer.first(plan.codes).display;

    let team = subject.id(Kind::CareTeam, number);
    out.resource(Kind::CareTeam, &team, &["us-core-careteam"], |object| {
        object.text("status", if ended { "inactive" } else { "active" });
        object.text("name", title);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", plan.encounter);
        period(object, "period", plan.start, stop);
        object.array("participant", |participants| {
            participants.object(|participant| {
                terms(participant, "role", tables::SNOMED, "116154003", "Patient");
                subject.patient(participant, "member");
            });
            participants.object(|participant| {
                let role = "Healthcare professional";
                terms(participant, "role", tables::SNOMED, "223366009", role);
                subject.clinician(participant, "member", plan.encounter);
            });
            participants.object(|participant| {
                let role = "Healthcare related organization";
                terms(participant, "role", tables::SNOMED, "224891009", role);
                subject.organization(participant, "member", plan.encounter);
            });
        });
        if let Some(reason) = plan.reason {
            object.array("reasonCode", |codes| codes.raw(subject.writer.concept(reason)));
        }
    });

    for (at, words) in (0..).zip(&plan.goals) {
        let id = subject.id(Kind::Goal, goals + at);
        out.resource(Kind::Goal, &id, &["us-core-goal"], |goal| {
            goal.text("lifecycleStatus", if ended { "completed" } else { "active" });
            // Whether a finished goal was met the record does not say.
            if !ended {
                let progress = "In Progress";
                term(goal, "achievementStatus", tables::GOAL_ACHIEVEMENT, "in-progress", progress);
            }
            goal.object("description", |concept| concept.text("text", vocabulary.symbol(*words)));
            subject.patient(goal, "subject");
            goal.date("startDate", plan.start);
            addresses(subject, goal, condition);
        });
    }

    let id = subject.id(Kind::CarePlan, number);
    out.resource(Kind::CarePlan, &id, &["us-core-careplan"], |object| {
        object.object("text", |text| {
            text.text("status", "generated");
            let title = xml(title);
            text.pieces("div", &["<div xmlns=\"http://www.w3.org/1999/xhtml\">", &title, "</div>"]);
        });
        object.text("status", if ended { "completed" } else { "active" });
        object.text("intent", "plan");
        object.array("category", |categories| {
            categories.object(|concept| {
                let system = tables::US_CORE_PLAN_CATEGORY;
                let display = "Assessment and Plan of Treatment";
                super::term_inside(concept, system, "assess-plan", display);
            });
            categories.raw(subject.writer.concept(plan.codes));
        });
        object.text("title", title);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", plan.encounter);
        period(object, "period", plan.start, stop);
        object.time("created", plan.start);
        subject.clinician(object, "author", plan.encounter);
        object.array("careTeam", |teams| {
            teams.object(|reference| reference.target(Kind::CareTeam, &team));
        });
        addresses(subject, object, condition);
        object.array("goal", |references| {
            for (at, _) in (0..).zip(&plan.goals) {
                let id = subject.id(Kind::Goal, goals + at);
                references.object(|reference| reference.target(Kind::Goal, &id));
            }
        });
        object.array("activity", |activities| {
            for code in &plan.activities {
                activities.object(|activity| {
                    activity.object("detail", |detail| {
                        subject.concept_of(detail, "code", *code);
                        detail.text("status", if ended { "completed" } else { "in-progress" });
                    });
                });
            }
        });
    });
}

/// `<`, `>` and `&` as XHTML wants them.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn addresses(subject: &Subject<'_>, object: &mut Object<'_>, condition: Option<u32>) {
    if let Some(condition) = condition {
        object.array("addresses", |references| {
            references.object(|reference| {
                reference.target(Kind::Condition, &subject.id(Kind::Condition, condition));
            });
        });
    }
}

fn procedure(subject: &Subject<'_>, number: u32, procedure: &Procedure, out: &mut Lines) {
    let start = procedure.start;
    let encounter = subject.record.encounters.get(procedure.encounter as usize);
    let ordered = encounter.is_some_and(|encounter| {
        matches!(encounter.class, Class::Outpatient | Class::Inpatient | Class::Emergency)
    });
    if ordered {
        let category = category(&subject.writer.first(procedure.codes).display);
        let order = Order { codes: procedure.codes, category, at: start, reason: procedure.reason };
        request(subject, OF_PROCEDURE | u64::from(number), procedure.encounter, &order, out);
    }
    let id = subject.id(Kind::Procedure, number);
    let done = procedure.stop <= subject.limit || subject.deceased;
    out.resource(Kind::Procedure, &id, &["us-core-procedure"], |object| {
        if ordered {
            let order = subject.id(Kind::ServiceRequest, OF_PROCEDURE | u64::from(number));
            object.array("basedOn", |orders| {
                orders.object(|reference| reference.target(Kind::ServiceRequest, &order));
            });
        }
        object.text("status", if done { "completed" } else { "in-progress" });
        subject.concept(object, "code", procedure.codes);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", procedure.encounter);
        let stop = done.then(|| subject.upto(procedure.stop));
        period(object, "performedPeriod", start, stop);
        object.one("performer", |performer| {
            subject.clinician(performer, "actor", procedure.encounter);
        });
        subject.building(object, "location", procedure.encounter);
        subject.reason(object, procedure.reason, start);
    });
}

/// What kind of procedure is ordered, by the endings surgeons use.
fn category(name: &str) -> (&'static str, &'static str) {
    const SURGICAL: [&str; 9] = [
        "ectomy",
        "plasty",
        "replacement",
        "repair",
        "fixation",
        "bypass",
        "surg",
        "transplant",
        "section",
    ];
    let name = name.to_lowercase();
    if SURGICAL.iter().any(|word| name.contains(word)) {
        ("387713003", "Surgical procedure")
    } else {
        ("71388002", "Procedure")
    }
}

// Number spaces of orders.
pub(super) const OF_REPORT: u64 = 0;
pub(super) const OF_IMAGING: u64 = 1 << 32;
const OF_PROCEDURE: u64 = 2 << 32;

/// What was ordered.
pub(super) struct Order {
    pub codes: CodeList,
    pub category: (&'static str, &'static str),
    pub at: Time,
    pub reason: Option<CodeList>,
}

/// Writes an order.
pub(super) fn request(
    subject: &Subject<'_>,
    number: u64,
    encounter: EncounterIndex,
    order: &Order,
    out: &mut Lines,
) {
    let id = subject.id(Kind::ServiceRequest, number);
    let begun = subject.record.encounters.get(encounter as usize);
    out.resource(Kind::ServiceRequest, &id, &["us-core-servicerequest"], |request| {
        request.text("status", "completed");
        request.text("intent", "order");
        terms(request, "category", tables::SNOMED, order.category.0, order.category.1);
        subject.concept(request, "code", order.codes);
        subject.patient(request, "subject");
        subject.encounter(request, "encounter", encounter);
        request.time("occurrenceDateTime", order.at);
        // Ordered an hour before at the earliest, and not before the visit began.
        let hour = order.at.plus(-crate::time::HOUR);
        let authored = begun.map_or(order.at, |begun| begun.start.max(hour).min(order.at));
        request.time("authoredOn", authored);
        subject.clinician(request, "requester", encounter);
        subject.reason(request, order.reason, order.at);
    });
}

fn device(subject: &Subject<'_>, number: u32, device: &Device, out: &mut Lines) {
    let vocabulary = &subject.writer.simulation.vocabulary;
    let stop = subject.ended(device.stop);
    let name = &subject.writer.first(device.codes).display;
    let id = subject.id(Kind::Device, number);
    let words = name.to_lowercase();
    let implant = ["implant", "pacemaker", "stent", "prosthe", "defibrillator", "graft", "lens"]
        .iter()
        .any(|word| words.contains(word));
    let profile = if implant { "us-core-implantable-device" } else { "" };
    out.resource(Kind::Device, &id, &[profile], |object| {
        let serial = subject.chance(tables::CHANCE_SERIAL, number) % 9_000_000_000 + 1_000_000_000;
        object.one("identifier", |identifier| {
            identifier.text("system", tables::DEVICE_SYSTEM);
            identifier.plain("value", |out| json::whole(out, serial as i64));
        });
        object.text("status", if stop.is_some() { "inactive" } else { "active" });
        if let Some((maker, _)) = device.maker {
            object.text("manufacturer", vocabulary.symbol(maker));
        }
        object.plain("serialNumber", |out| json::whole(out, serial as i64));
        object.one("deviceName", |part| {
            part.text("name", if name.is_empty() { "Device" } else { name });
            part.text("type", "user-friendly-name");
        });
        if let Some((_, model)) = device.maker {
            object.text("modelNumber", vocabulary.symbol(model));
        }
        subject.concept(object, "type", device.codes);
        subject.patient(object, "patient");
        subject.organization(object, "owner", device.encounter);
    });
    let statement = subject.id(Kind::DeviceUseStatement, number);
    out.resource(Kind::DeviceUseStatement, &statement, &[], |object| {
        let stop = stop.or(subject.deceased.then_some(subject.limit));
        object.text("status", if stop.is_some() { "completed" } else { "active" });
        subject.patient(object, "subject");
        if subject.kept.encounter(device.encounter) {
            object.array("derivedFrom", |sources| {
                let id = subject.id(Kind::Encounter, device.encounter);
                sources.object(|reference| reference.target(Kind::Encounter, &id));
            });
        }
        period(object, "timingPeriod", device.start, stop);
        object.time("recordedOn", device.start);
        subject.clinician(object, "source", device.encounter);
        object.reference("device", Kind::Device, &id);
    });
}

fn immunization(subject: &Subject<'_>, number: u32, vaccine: &Immunization, out: &mut Lines) {
    let id = subject.id(Kind::Immunization, number);
    out.resource(Kind::Immunization, &id, &["us-core-immunization"], |object| {
        object.text("status", "completed");
        subject.concept(object, "vaccineCode", vaccine.codes);
        subject.patient(object, "patient");
        subject.encounter(object, "encounter", vaccine.encounter);
        object.time("occurrenceDateTime", vaccine.time);
        object.boolean("primarySource", true);
        subject.building(object, "location", vaccine.encounter);
        let lot = subject.chance(tables::CHANCE_LOT, number);
        object.plain("lotNumber", |out| {
            out.push(b'A' + (lot % 26) as u8);
            json::whole(out, (lot >> 8) as i64 % 90_000 + 10_000);
        });
        object.one("performer", |performer| {
            subject.clinician(performer, "actor", vaccine.encounter);
        });
        if vaccine.dose > 0 {
            object.one("protocolApplied", |protocol| {
                protocol.number("doseNumberPositiveInt", vaccine.dose.into());
            });
        }
    });
}
