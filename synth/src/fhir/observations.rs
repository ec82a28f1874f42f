//! Observations, the panels and reports that gather them, the answers behind a score, and imaging.

use super::care::{OF_IMAGING, OF_REPORT, Order, request};
use super::documents::Written;
use super::id::{Kind, hash};
use super::kept::numbered;
use super::tables::{ANSWERS, Questionnaire};
use super::{Lines, Object, Subject, tables, term, terms};
use crate::ranges::Range;
use crate::record::{Finding, Imaging, Observation, Report};
use crate::time::Time;
use crate::vocabulary::{CodeList, Symbol};

pub(super) fn write(subject: &Subject<'_>, out: &mut Lines) {
    let (record, kept) = (subject.record, &subject.kept);
    // Which panel an observation belongs to: its specimen is the panel's.
    let mut panels: Vec<Option<u32>> = vec![None; record.observations.len()];
    for (at, entry) in numbered(&record.reports, &kept.reports) {
        if laboratory(subject, entry) {
            for observation in &entry.observations {
                if let Some(panel) = panels.get_mut(*observation as usize) {
                    *panel = Some(at);
                }
            }
        }
    }
    for (at, entry) in numbered(&record.observations, &kept.observations) {
        observation(subject, at, entry, panels[at as usize], out);
    }
    for (at, entry) in numbered(&record.reports, &kept.reports) {
        report(subject, at, entry, out);
    }
}

fn observation(
    subject: &Subject<'_>,
    number: u32,
    entry: &Observation,
    panel: Option<u32>,
    out: &mut Lines,
) {
    let measurement = &subject.writer.concepts[entry.codes.0 as usize].measurement;
    let unit = subject.writer.simulation.vocabulary.symbol(entry.unit);
    let answered = match (measurement.questionnaire, entry.value) {
        (Some(questionnaire), Finding::Quantity(total, _)) if total.is_finite() => {
            answers(subject, number, entry, questionnaire, total, out);
            true
        }
        _ => false,
    };
    let id = subject.id(Kind::Observation, number);
    out.resource(Kind::Observation, &id, &[profile(entry, measurement, unit)], |object| {
        object.text("status", "final");
        let display = match entry.category {
            "vital-signs" => "Vital Signs",
            "laboratory" => "Laboratory",
            "survey" => "Survey",
            "social-history" => "Social History",
            "imaging" => "Imaging",
            "exam" => "Exam",
            "procedure" => "Procedure",
            "therapy" => "Therapy",
            "activity" => "Activity",
            _ => "",
        };
        terms(object, "category", tables::OBSERVATION_CATEGORY, entry.category, display);
        subject.concept(object, "code", entry.codes);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", entry.encounter);
        object.time("effectiveDateTime", entry.time);
        object.time("issued", entry.time);
        object.array("performer", |performers| {
            if let Some(encounter) = subject.record.encounters.get(entry.encounter as usize) {
                let writer = subject.writer;
                let json = match entry.category {
                    "laboratory" => writer.facilities.get(encounter.facility as usize),
                    _ => writer.practitioners.get(encounter.practitioner as usize),
                };
                json.iter().for_each(|json| performers.raw(json));
            }
        });
        let absent = matches!(entry.value, Finding::None) && entry.components.is_empty();
        if absent || !value(subject, object, entry.value, unit) {
            missing(object);
        }
        let range = range_of(subject, measurement, unit, entry.time);
        interpretation(subject, object, entry.value, range);
        if let Some(panel) = panel {
            object.reference("specimen", Kind::Specimen, &subject.id(Kind::Specimen, panel));
        }
        if let Some(range) = range {
            reference_range(subject, object, range);
        }
        if answered {
            object.array("derivedFrom", |sources| {
                let id = subject.id(Kind::QuestionnaireResponse, number);
                sources.object(|reference| reference.target(Kind::QuestionnaireResponse, &id));
            });
        }
        object.array("component", |components| {
            for part in &entry.components {
                components.object(|object| component(subject, object, part, entry.time));
            }
        });
    });
}

fn component(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    (codes, found, unit): &(CodeList, Finding, Symbol),
    at: Time,
) {
    let unit = subject.writer.simulation.vocabulary.symbol(*unit);
    subject.concept(object, "code", *codes);
    if *found == Finding::None || !value(subject, object, *found, unit) {
        missing(object);
    }
    let measurement = &subject.writer.concepts[codes.0 as usize].measurement;
    let range = range_of(subject, measurement, unit, at);
    interpretation(subject, object, *found, range);
    if let Some(range) = range {
        reference_range(subject, object, range);
    }
}

/// The range a result is held against: only in its unit, and only in adults.
fn range_of(
    subject: &Subject<'_>,
    measurement: &tables::Measurement,
    unit: &str,
    at: Time,
) -> Option<&'static Range> {
    let adult = subject.person.age(at) >= 18;
    measurement.range.filter(|range| adult && range.unit == unit)
}

/// What a result means: numbers by their range, findings by what they say.
fn interpretation(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    found: Finding,
    range: Option<&Range>,
) {
    let (code, display) = match (found, range) {
        (Finding::Quantity(number, _), Some(range)) if number.is_finite() => {
            range.interpret(number, subject.person.sex)
        }
        (Finding::Code(code), _) => match &*subject.writer.code(code).code {
            "10828004" => ("POS", "Positive"),
            "260385009" => ("NEG", "Negative"),
            "260373001" => ("DET", "Detected"),
            "260415000" => ("ND", "Not detected"),
            _ => return,
        },
        _ => return,
    };
    terms(object, "interpretation", tables::INTERPRETATION, code, display);
}

/// Writes `value[x]`; false if there is a value that cannot be written.
fn value(subject: &Subject<'_>, object: &mut Object<'_>, found: Finding, unit: &str) -> bool {
    match found {
        Finding::Quantity(number, decimals) if number.is_finite() => {
            object.object("valueQuantity", |part| quantity(part, number, decimals, unit));
        }
        Finding::Quantity(..) => return false,
        Finding::Code(code) => subject.concept_of(object, "valueCodeableConcept", code),
        Finding::Text(text) => {
            let text = subject.writer.simulation.vocabulary.symbol(text);
            object.text("valueString", text);
            return !text.is_empty();
        }
        Finding::Bool(yes) => object.boolean("valueBoolean", yes),
        Finding::None => {}
    }
    true
}

fn missing(object: &mut Object<'_>) {
    let system = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
    term(object, "dataAbsentReason", system, "unknown", "Unknown");
}

fn quantity(object: &mut Object<'_>, number: f64, decimals: u8, unit: &str) {
    object.decimal("value", number, decimals);
    if !unit.is_empty() {
        object.text("unit", unit);
        object.text("system", tables::UCUM);
        object.text("code", unit);
    }
}

fn reference_range(subject: &Subject<'_>, object: &mut Object<'_>, range: &Range) {
    let (low, high) = range.normal(subject.person.sex);
    object.one("referenceRange", |part| {
        if low.is_finite() {
            part.object("low", |part| quantity(part, low, range.decimals, range.unit));
        }
        if high.is_finite() {
            part.object("high", |part| quantity(part, high, decimals_of(high, range), range.unit));
        }
    });
}

/// A limit such as 29.9 keeps its decimal where values themselves are whole.
fn decimals_of(limit: f64, range: &Range) -> u8 {
    if limit.fract() == 0.0 { range.decimals } else { range.decimals.max(1) }
}

/// The profile whose rules an observation meets.
fn profile(entry: &Observation, of: &tables::Measurement, unit: &str) -> &'static str {
    let fits = match of.profile {
        // Both of its parts are wanted.
        "us-core-blood-pressure" => entry.components.len() >= 2,
        _ => of.units.is_empty() || of.units.contains(&unit),
    };
    match entry.category {
        "vital-signs" if fits && !matches!(of.profile, "" | "us-core-smokingstatus") => of.profile,
        "vital-signs" => "us-core-vital-signs",
        "laboratory" => "us-core-observation-lab",
        "survey" => "us-core-observation-screening-assessment",
        "social-history" => match (of.profile, entry.value) {
            ("us-core-smokingstatus", Finding::Code(_)) => of.profile,
            _ => "us-core-simple-observation",
        },
        _ => "",
    }
}

/// The answers a score is the sum of.
fn answers(
    subject: &Subject<'_>,
    number: u32,
    entry: &Observation,
    questionnaire: &Questionnaire,
    total: f64,
    out: &mut Lines,
) {
    let items = questionnaire.items;
    let scores = split(total, items.len(), subject.chance(tables::CHANCE_ANSWERS, number));
    let id = subject.id(Kind::QuestionnaireResponse, number);
    out.resource(Kind::QuestionnaireResponse, &id, &["us-core-questionnaireresponse"], |object| {
        object.pieces("questionnaire", &["http://loinc.org/q/", questionnaire.panel]);
        object.text("status", "completed");
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", entry.encounter);
        object.time("authored", entry.time);
        subject.patient(object, "author");
        subject.patient(object, "source");
        object.array("item", |answers| {
            for ((loinc, text), score) in items.iter().zip(&scores) {
                answers.object(|item| {
                    item.pieces("linkId", &["/", loinc]);
                    item.text("text", text);
                    item.one("answer", |answer| {
                        answer.object("valueCoding", |coding| {
                            let (code, display) = ANSWERS[usize::from(*score)];
                            coding.text("system", tables::LOINC);
                            coding.text("code", code);
                            coding.text("display", display);
                        });
                    });
                });
            }
            answers.object(|item| {
                item.pieces("linkId", &["/", questionnaire.total]);
                item.text("text", "Total score");
                item.one("answer", |answer| {
                    let total: i64 = scores.iter().map(|score| i64::from(*score)).sum();
                    answer.number("valueInteger", total);
                });
            });
        });
    });
}

/// Spreads a total over items worth 0 to 3 each; the last item, which in the PHQ-9 asks about
/// self-harm, is filled last.
fn split(total: f64, items: usize, mut chance: u64) -> Vec<u8> {
    let mut scores = vec![0u8; items];
    let mut left = total.round().clamp(0.0, 3.0 * items as f64) as usize;
    let early = items.saturating_sub(1).max(1);
    while left > 0 {
        let start = (chance % early as u64) as usize;
        chance = chance.rotate_right(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ left as u64;
        let open = (start..early).chain(0..start).chain(early..items);
        if let Some(at) = open.into_iter().find(|at| scores[*at] < 3) {
            scores[at] += 1;
        }
        left -= 1;
    }
    scores
}

/// All it gathers are laboratory values.
fn laboratory(subject: &Subject<'_>, report: &Report) -> bool {
    let observations = &subject.record.observations;
    let mut gathered = report.observations.iter().filter_map(|at| observations.get(*at as usize));
    !report.observations.is_empty() && gathered.all(|entry| entry.category == "laboratory")
}

fn report(subject: &Subject<'_>, number: u32, entry: &Report, out: &mut Lines) {
    let lab = laboratory(subject, entry);
    let order = OF_REPORT | u64::from(number);
    let specimen = subject.id(Kind::Specimen, number);
    if lab {
        let category = ("108252007", "Laboratory procedure");
        let order_of = Order { codes: entry.codes, category, at: entry.time, reason: None };
        request(subject, order, entry.encounter, &order_of, out);
        let (code, display) = subject.writer.concepts[entry.codes.0 as usize].measurement.specimen;
        out.resource(Kind::Specimen, &specimen, &["us-core-specimen"], |object| {
            object.text("status", "available");
            term(object, "type", tables::SNOMED, code, display);
            subject.patient(object, "subject");
            object.array("request", |requests| {
                let id = subject.id(Kind::ServiceRequest, order);
                requests.object(|reference| reference.target(Kind::ServiceRequest, &id));
            });
            object.object("collection", |collection| {
                subject.clinician(collection, "collector", entry.encounter);
                collection.time("collectedDateTime", entry.time);
            });
        });
    }
    let id = subject.id(Kind::DiagnosticReport, OF_REPORT | u64::from(number));
    let profile = if lab { "us-core-diagnosticreport-lab" } else { "" };
    out.resource(Kind::DiagnosticReport, &id, &[profile], |object| {
        if lab {
            object.array("basedOn", |requests| {
                let id = subject.id(Kind::ServiceRequest, order);
                requests.object(|reference| reference.target(Kind::ServiceRequest, &id));
            });
        }
        object.text("status", "final");
        let (code, display) = if lab { ("LAB", "Laboratory") } else { ("OTH", "Other") };
        terms(object, "category", tables::REPORT_CATEGORY, code, display);
        subject.concept(object, "code", entry.codes);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", entry.encounter);
        object.time("effectiveDateTime", entry.time);
        object.time("issued", entry.time);
        object.array("performer", |performers| {
            if let Some(encounter) = subject.record.encounters.get(entry.encounter as usize)
                && let Some(json) = subject.writer.facilities.get(encounter.facility as usize)
            {
                performers.raw(json);
            }
        });
        if lab {
            object.array("specimen", |specimens| {
                specimens.object(|reference| reference.target(Kind::Specimen, &specimen));
            });
        }
        object.array("result", |results| {
            for at in &entry.observations {
                if subject.kept.observations.get(*at as usize) == Some(&true) {
                    let id = subject.id(Kind::Observation, *at);
                    results.object(|reference| reference.target(Kind::Observation, &id));
                }
            }
        });
    });
}

/// Imaging studies, their orders, and for the dense history their reports.
pub(super) fn imaging(subject: &Subject<'_>, notes: &[Written], out: &mut Lines) {
    for (at, study) in numbered(&subject.record.imaging, &subject.kept.imaging) {
        let order = OF_IMAGING | u64::from(at);
        let category = ("363679005", "Imaging");
        let ordered =
            Order { codes: study.procedure, category, at: study.time, reason: study.reason };
        request(subject, order, study.encounter, &ordered, out);
        write_study(subject, at, study, out);
        let note = notes.iter().find(|note| note.imaging == Some(at));
        if study.time >= subject.kept.dense_start {
            imaging_report(subject, at, study, note, out);
        }
    }
}

fn write_study(subject: &Subject<'_>, number: u32, study: &Imaging, out: &mut Lines) {
    let id = subject.id(Kind::ImagingStudy, number);
    out.resource(Kind::ImagingStudy, &id, &[], |object| {
        object.one("identifier", |identifier| {
            identifier.text("use", "official");
            identifier.text("system", "urn:dicom:uid");
            identifier.plain("value", |out| {
                out.extend_from_slice(b"urn:oid:");
                uid(subject, u64::from(number) << 32, out);
            });
        });
        object.text("status", "available");
        let mut modalities: Vec<_> = study.series.iter().map(|series| series.modality).collect();
        modalities.sort();
        modalities.dedup();
        object.array("modality", |codings| {
            modalities.iter().for_each(|code| codings.raw(subject.writer.coding(*code)));
        });
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", study.encounter);
        object.time("started", study.time);
        object.array("basedOn", |orders| {
            let id = subject.id(Kind::ServiceRequest, OF_IMAGING | u64::from(number));
            orders.object(|reference| reference.target(Kind::ServiceRequest, &id));
        });
        subject.clinician(object, "referrer", study.encounter);
        object.number("numberOfSeries", study.series.len() as i64);
        let instances: usize = study.series.iter().map(|series| series.instances.len()).sum();
        object.number("numberOfInstances", instances as i64);
        object.array("procedureCode", |c| c.raw(subject.writer.concept(study.procedure)));
        subject.building(object, "location", study.encounter);
        subject.reason(object, study.reason, study.time);
        object.array("series", |all| {
            for (at, series) in (1u64..).zip(&study.series) {
                let base = u64::from(number) << 32 | at << 16;
                all.object(|object| {
                    object.plain("uid", |out| uid(subject, base, out));
                    object.number("number", at as i64);
                    object.raw("modality", subject.writer.coding(series.modality));
                    object.number("numberOfInstances", series.instances.len() as i64);
                    object.raw("bodySite", subject.writer.coding(series.body_site));
                    object.time("started", study.time);
                    object.array("instance", |instances| {
                        for (place, (title, class)) in (1u64..).zip(&series.instances) {
                            instances.object(|object| {
                                object.plain("uid", |out| uid(subject, base | place, out));
                                object.raw("sopClass", subject.writer.coding(*class));
                                object.number("number", place as i64);
                                let vocabulary = &subject.writer.simulation.vocabulary;
                                object.text("title", vocabulary.symbol(*title));
                            });
                        }
                    });
                });
            }
        });
    });
}

/// A DICOM UID made of 128 bits, as its part 5 (B.2) allows: `2.25.` and a whole number.
fn uid(subject: &Subject<'_>, number: u64, out: &mut Vec<u8>) {
    let seed = subject.writer.simulation.plan.seed;
    let bits = hash(seed, subject.person.index, 128 + tables::CHANCE_STUDY, number);
    out.extend_from_slice(b"2.25.");
    out.extend_from_slice(bits.to_string().as_bytes());
}

fn imaging_report(
    subject: &Subject<'_>,
    number: u32,
    study: &Imaging,
    note: Option<&Written>,
    out: &mut Lines,
) {
    let id = subject.id(Kind::DiagnosticReport, OF_IMAGING | u64::from(number));
    let profile = "us-core-diagnosticreport-note";
    out.resource(Kind::DiagnosticReport, &id, &[profile], |object| {
        object.array("basedOn", |requests| {
            let id = subject.id(Kind::ServiceRequest, OF_IMAGING | u64::from(number));
            requests.object(|reference| reference.target(Kind::ServiceRequest, &id));
        });
        object.text("status", "final");
        object.array("category", |categories| {
            categories.object(|concept| {
                super::term_inside(concept, tables::LOINC, "LP29684-5", "Radiology");
            });
            categories.object(|concept| {
                super::term_inside(concept, tables::REPORT_CATEGORY, "RAD", "Radiology");
            });
        });
        subject.concept(object, "code", study.procedure);
        subject.patient(object, "subject");
        subject.encounter(object, "encounter", study.encounter);
        object.time("effectiveDateTime", study.time);
        object.time("issued", note.map_or(study.time, |note| note.time.max(study.time)));
        object.array("performer", |performers| {
            if let Some(encounter) = subject.record.encounters.get(study.encounter as usize)
                && let Some(json) = subject.writer.facilities.get(encounter.facility as usize)
            {
                performers.raw(json);
            }
        });
        object.array("imagingStudy", |studies| {
            let id = subject.id(Kind::ImagingStudy, number);
            studies.object(|reference| reference.target(Kind::ImagingStudy, &id));
        });
        if let Some(conclusion) = note.and_then(|note| note.conclusion.as_deref()) {
            object.text("conclusion", conclusion);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_add_up_to_the_score() {
        for total in 0..=27 {
            let scores = split(f64::from(total), 9, 0x1234_5678_9abc_def0 * (total as u64 + 1));
            assert_eq!(scores.iter().map(|score| u32::from(*score)).sum::<u32>(), total as u32);
            assert!(scores.iter().all(|score| *score <= 3), "{scores:?}");
        }
        assert_eq!(split(40.0, 7, 1), [3; 7]);
    }
}
