//! Prescriptions (MedicationRequest), medicines given (MedicationAdministration), and the
//! formulary they come from (Medication).

use super::id::Kind;
use super::kept::numbered;
use super::{Lines, Object, Subject, Writer, json, period, tables, term, terms};
use crate::record::{Class, Dosage, Medication};
use crate::vocabulary::{CodeId, CodeList, RXNORM};
use xxhash_rust::xxh3::xxh3_64;

/// One Medication for each RxNorm code the modules know.
pub(super) fn formulary(writer: &Writer<'_>, out: &mut Lines) {
    for at in 0..writer.codings.len() {
        let code = writer.code(CodeId(at as u32));
        if code.system != RXNORM {
            continue;
        }
        let id = writer.id(Kind::Medication, xxh3_64(code.code.as_bytes()));
        out.resource(Kind::Medication, &id, &["us-core-medication"], |medication| {
            medication.object("code", |concept| {
                concept.array("coding", |codings| codings.raw(&writer.codings[at]));
                concept.text("text", &code.display);
            });
            medication.text("status", "active");
            let form = Form::of(&code.display);
            if !form.name.is_empty() {
                medication.object("form", |concept| concept.text("text", form.name));
            }
        });
    }
}

pub(super) fn write(subject: &Subject<'_>, out: &mut Lines) {
    for (at, medication) in numbered(&subject.record.medications, &subject.kept.medications) {
        if medication.administered {
            administration(subject, at, medication, out);
        } else {
            request(subject, at, medication, out);
        }
    }
}

fn request(subject: &Subject<'_>, number: u32, medication: &Medication, out: &mut Lines) {
    let id = subject.id(Kind::MedicationRequest, number);
    let stop = subject.ended(medication.stop);
    let early = stop.is_some() && medication.stop_reason.is_some();
    out.resource(Kind::MedicationRequest, &id, &["us-core-medicationrequest"], |request| {
        let status = match stop {
            _ if early => "stopped",
            Some(_) => "completed",
            None if subject.deceased => "stopped",
            None => "active",
        };
        request.text("status", status);
        if early && let Some(reason) = medication.stop_reason {
            subject.concept(request, "statusReason", reason);
        }
        request.text("intent", "order");
        let encounter = subject.record.encounters.get(medication.encounter as usize);
        let stay = encounter.is_some_and(|encounter| encounter.class == Class::Inpatient);
        let (code, display) = match stay {
            true => ("discharge", "Discharge"),
            false => ("community", "Community"),
        };
        terms(request, "category", tables::MEDICATION_REQUEST_CATEGORY, code, display);
        request.boolean("reportedBoolean", false);
        subject.concept(request, "medicationCodeableConcept", medication.codes);
        subject.patient(request, "subject");
        subject.encounter(request, "encounter", medication.encounter);
        request.time("authoredOn", medication.start);
        subject.clinician(request, "requester", medication.encounter);
        subject.reason(request, medication.reason, medication.start);
        let (code, display) = match medication.chronic {
            true => ("continuous", "Continuous long term therapy"),
            false => ("acute", "Short course (acute) therapy"),
        };
        term(request, "courseOfTherapyType", tables::MEDICATION_REQUEST_COURSE, code, display);
        request.one("dosageInstruction", |dosage| {
            instruction(subject, dosage, medication.codes, medication.dosage.as_ref());
        });
        dispense(request, subject, medication);
        if medication.renewal
            && let Some(earlier) = earlier_order(subject, number, medication)
        {
            let id = subject.id(Kind::MedicationRequest, earlier);
            request.reference("priorPrescription", Kind::MedicationRequest, &id);
        }
    });
}

/// The order this one renews.
fn earlier_order(subject: &Subject<'_>, number: u32, medication: &Medication) -> Option<u32> {
    let earlier = &subject.record.medications[..number as usize];
    let found = earlier.iter().rposition(|other| {
        other.codes == medication.codes && !other.administered && other.start < medication.start
    })?;
    subject.kept.medications[found].then_some(found as u32)
}

fn administration(subject: &Subject<'_>, number: u32, medication: &Medication, out: &mut Lines) {
    let id = subject.id(Kind::MedicationAdministration, number);
    let stop = subject.ended(medication.stop).or(subject.deceased.then_some(subject.limit));
    let code = subject.writer.first(medication.codes);
    let encounter = subject.record.encounters.get(medication.encounter as usize);
    out.resource(Kind::MedicationAdministration, &id, &[], |object| {
        let lasts = medication.stop.is_some_and(|stop| stop > medication.start);
        let running = lasts && stop.is_none();
        object.text("status", if running { "in-progress" } else { "completed" });
        let stay = encounter.is_some_and(|encounter| encounter.class == Class::Inpatient);
        let (word, display) =
            if stay { ("inpatient", "Inpatient") } else { ("outpatient", "Outpatient") };
        term(object, "category", tables::MEDICATION_ADMINISTRATION_CATEGORY, word, display);
        if code.system == RXNORM {
            let id = subject.writer.id(Kind::Medication, xxh3_64(code.code.as_bytes()));
            object.object("medicationReference", |reference| {
                reference.target(Kind::Medication, &id);
                reference.text("display", &code.display);
            });
        } else {
            subject.concept(object, "medicationCodeableConcept", medication.codes);
        }
        subject.patient(object, "subject");
        subject.encounter(object, "context", medication.encounter);
        if lasts {
            period(object, "effectivePeriod", medication.start, stop);
        } else {
            object.time("effectiveDateTime", medication.start);
        }
        object.one("performer", |performer| {
            subject.clinician(performer, "actor", medication.encounter);
        });
        subject.reason(object, medication.reason, medication.start);
        let form = Form::of(&code.display);
        object.object("dosage", |dosage| {
            let amount = medication.dosage.as_ref().map_or(0.0, |dosage| dosage.amount);
            dosage.plain("text", |out| {
                if amount > 0.0 {
                    plain_number(out, amount);
                    out.push(b' ');
                    out.extend_from_slice(form.unit(amount).as_bytes());
                    out.push(b' ');
                }
                out.extend_from_slice(form.given.as_bytes());
            });
            route(dosage, &form);
            if amount > 0.0 {
                dosage.object("dose", |dose| quantity(dose, amount, &form));
            }
        });
    });
}

fn dispense(object: &mut Object<'_>, subject: &Subject<'_>, medication: &Medication) {
    let Some((days, refills)) = medication.supply else { return };
    let form = Form::of(&subject.writer.first(medication.codes).display);
    object.object("dispenseRequest", |dispense| {
        dispense.number("numberOfRepeatsAllowed", refills.into());
        if let Some(dosage) = &medication.dosage
            && let Some(units) = units_per_day(dosage)
            && units * f64::from(days) >= 1.0
        {
            dispense.object("quantity", |part| {
                part.number("value", (units * f64::from(days)).ceil() as i64);
                part.text("unit", form.unit(2.0));
            });
        }
        dispense.object("expectedSupplyDuration", |duration| {
            duration.number("value", days.into());
            duration.text("unit", "days");
            duration.text("system", tables::UCUM);
            duration.text("code", "d");
        });
    });
}

fn units_per_day(dosage: &Dosage) -> Option<f64> {
    let days = match dosage.period_unit {
        "h" => 1.0 / 24.0,
        "d" => 1.0,
        "wk" => 7.0,
        "mo" => 30.0,
        _ => return None,
    };
    let units = dosage.amount * dosage.frequency / (dosage.period * days);
    (units.is_finite() && units > 0.0).then_some(units)
}

/// The inside of a Dosage.
fn instruction(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    codes: CodeList,
    dosage: Option<&Dosage>,
) {
    let form = Form::of(&subject.writer.first(codes).display);
    object.number("sequence", 1);
    let Some(dosage) = dosage else {
        object.pieces("text", &[form.verb, " as directed ", form.way]);
        route(object, &form);
        return;
    };
    object.plain("text", |out| {
        out.extend_from_slice(form.verb.as_bytes());
        if dosage.amount > 0.0 {
            out.push(b' ');
            plain_number(out, dosage.amount);
            out.push(b' ');
            out.extend_from_slice(form.unit(dosage.amount).as_bytes());
        }
        if !form.way.is_empty() {
            out.push(b' ');
            out.extend_from_slice(form.way.as_bytes());
        }
        rhythm(out, dosage);
        if dosage.as_needed {
            out.extend_from_slice(b" as needed");
        }
    });
    object.array("additionalInstruction", |instructions| {
        for code in &dosage.instructions {
            instructions.object(|concept| {
                concept.array("coding", |codings| codings.raw(subject.writer.coding(*code)));
                concept.text("text", &subject.writer.code(*code).display);
            });
        }
    });
    if let Some((frequency, length)) = frequency(dosage) {
        object.object("timing", |timing| {
            timing.object("repeat", |repeat| {
                repeat.number("frequency", frequency);
                repeat.decimal("period", length, decimals(length));
                repeat.text("periodUnit", dosage.period_unit);
            });
        });
    }
    object.boolean("asNeededBoolean", dosage.as_needed);
    route(object, &form);
    if dosage.amount > 0.0 {
        object.one("doseAndRate", |dose| {
            dose.object("doseQuantity", |part| quantity(part, dosage.amount, &form));
        });
    }
}

/// Times per period as whole number and period: half a time a day is once in two days.
fn frequency(dosage: &Dosage) -> Option<(i64, f64)> {
    let (frequency, length) = (dosage.frequency, dosage.period);
    let sensible = |number: f64| number.is_finite() && number > 0.0;
    if !sensible(frequency) || !sensible(length) {
        return None;
    }
    if frequency < 1.0 {
        return Some((1, length / frequency));
    }
    let whole = frequency.round();
    Some((whole as i64, length * whole / frequency))
}

/// " twice daily", " every 6 hours".
fn rhythm(out: &mut Vec<u8>, dosage: &Dosage) {
    let Some((times, length)) = frequency(dosage) else { return };
    let (unit, adverb) = match dosage.period_unit {
        "h" => ("hour", "hourly"),
        "d" => ("day", "daily"),
        "wk" => ("week", "weekly"),
        "mo" => ("month", "monthly"),
        _ => return,
    };
    out.push(b' ');
    if times == 1 && length > 1.0 {
        out.extend_from_slice(b"every ");
        plain_number(out, length);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        out.push(b's');
        return;
    }
    match times {
        1 => out.extend_from_slice(b"once"),
        2 => out.extend_from_slice(b"twice"),
        3 => out.extend_from_slice(b"three times"),
        4 => out.extend_from_slice(b"four times"),
        times => {
            json::whole(out, times);
            out.extend_from_slice(b" times");
        }
    }
    if length == 1.0 {
        out.push(b' ');
        out.extend_from_slice(adverb.as_bytes());
    } else {
        out.extend_from_slice(b" every ");
        plain_number(out, length);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        out.push(b's');
    }
}

/// As few decimals as the number needs, at most two.
fn plain_number(out: &mut Vec<u8>, value: f64) {
    json::decimal(out, value, decimals(value));
}

fn decimals(value: f64) -> u8 {
    let needed = |scale: f64| (value * scale - (value * scale).round()).abs() < 1e-6 * scale;
    if needed(1.0) {
        0
    } else if needed(10.0) {
        1
    } else {
        2
    }
}

fn quantity(object: &mut Object<'_>, amount: f64, form: &Form) {
    object.decimal("value", amount, decimals(amount));
    object.text("unit", form.unit(amount));
}

fn route(object: &mut Object<'_>, form: &Form) {
    if !form.route.0.is_empty() {
        term(object, "route", tables::SNOMED, form.route.0, form.route.1);
    }
}

/// How a medicine of some form is taken.
struct Form {
    name: &'static str,
    verb: &'static str,
    one: &'static str,
    many: &'static str,
    way: &'static str,
    given: &'static str,
    route: (&'static str, &'static str),
}

impl Form {
    /// By the words of the medicine's name.
    fn of(name: &str) -> Self {
        let has = |word: &str| {
            let word = word.as_bytes();
            name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
        };
        let mouth = ("26643006", "Oral route");
        if has("inhal") || has("actuat") && !has("nasal") {
            let (one, many) = if has("nebuli") || has("solution") {
                ("vial", "vials")
            } else {
                ("puff", "puffs")
            };
            let route = ("447694001", "Respiratory tract route");
            form(["inhaler", "Inhale", one, many, "", "inhaled"], route)
        } else if has("nasal") {
            let route = ("46713006", "Nasal route");
            form(["nasal spray", "Use", "spray", "sprays", "in each nostril", "in the nose"], route)
        } else if has("ophthalmic") {
            let route = ("54485002", "Ophthalmic route");
            form(["eye drops", "Put", "drop", "drops", "in the eye", "in the eye"], route)
        } else if has("patch") || has("transdermal") {
            let route = ("45890007", "Transdermal route");
            form(["patch", "Apply", "patch", "patches", "to the skin", "to the skin"], route)
        } else if has("cream") || has("ointment") || has("topical") || has("lotion") {
            let route = ("6064005", "Topical route");
            form(
                ["cream", "Apply", "thin layer", "thin layers", "to the skin", "to the skin"],
                route,
            )
        } else if has("rectal") || has("suppositor") {
            let route = ("37161004", "Rectal route");
            form(
                ["suppository", "Use", "suppository", "suppositories", "rectally", "rectally"],
                route,
            )
        } else if has("sublingual") || has("buccal") {
            let route = ("37839007", "Sublingual route");
            let (one, many) = if has("film") { ("film", "films") } else { ("tablet", "tablets") };
            let way = "under the tongue";
            form(["sublingual", "Place", one, many, way, way], route)
        } else if has("auto-injector") && has("epinephrine") {
            let route = ("78421000", "Intramuscular route");
            let way = "into the thigh";
            form(["injection", "Inject", "dose", "doses", way, "injected into the thigh"], route)
        } else if has("insulin") || has("pen injector") || has("subcutaneous") || has("prefilled") {
            let route = ("34206005", "Subcutaneous route");
            let (one, many) = if has("insulin") { ("unit", "units") } else { ("dose", "doses") };
            let way = "under the skin";
            form(["injection", "Inject", one, many, way, "injected under the skin"], route)
        } else if has("inject") || has("infusion") || has("intravenous") {
            let route = ("47625008", "Intravenous route");
            let way = "into a vein";
            form(["injection", "Give", "dose", "doses", way, "given into a vein"], route)
        } else if has("capsule") {
            let way = "by mouth";
            form(["capsule", "Take", "capsule", "capsules", way, way], mouth)
        } else if has("solution") || has("suspension") || has("syrup") || has("liquid") {
            let way = "by mouth";
            form(["oral liquid", "Take", "mL", "mL", way, way], mouth)
        } else if has("tablet") || has("oral") || has("pack") {
            let way = "by mouth";
            form(["tablet", "Take", "tablet", "tablets", way, way], mouth)
        } else {
            form(["", "Use", "dose", "doses", "", "given"], ("", ""))
        }
    }

    fn unit(&self, amount: f64) -> &'static str {
        // Nobody injects one unit of insulin: such a module counts injections.
        if self.many == "units" && amount < 4.0 {
            return if amount > 1.0 { "doses" } else { "dose" };
        }
        if amount > 1.0 { self.many } else { self.one }
    }
}

fn form(words: [&'static str; 6], route: (&'static str, &'static str)) -> Form {
    let [name, verb, one, many, way, given] = words;
    Form { name, verb, one, many, way, given, route }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dosage_reads_as_on_the_label() {
        check("lisinopril 10 MG Oral Tablet", (1.0, 1.0, 1.0, "d"), "1 tablet once daily");
        check("x Extended Release Oral Capsule", (2.0, 2.0, 1.0, "d"), "2 capsules twice daily");
        check("albuterol metered dose inhaler", (2.0, 1.0, 4.0, "h"), "2 puffs every 4 hours");
        check("x Injectable, subcutaneous", (0.5, 1.0, 1.0, "wk"), "0.5 dose once weekly");
        check("insulin pen", (10.0, 1.0, 1.0, "d"), "10 units once daily");
        check("insulin pen", (1.0, 1.0, 1.0, "d"), "1 dose once daily");
        check("x Oral Tablet", (1.0, 0.5, 1.0, "d"), "1 tablet every 2 days");
        check("x Oral Tablet", (1.0, 3.0, 2.0, "wk"), "1 tablet three times every 2 weeks");
    }

    #[track_caller]
    fn check(
        name: &str,
        (amount, frequency, period, unit): (f64, f64, f64, &'static str),
        is: &str,
    ) {
        let dosage = Dosage {
            amount,
            frequency,
            period,
            period_unit: unit,
            as_needed: false,
            instructions: Vec::new(),
        };
        let mut out = Vec::new();
        plain_number(&mut out, amount);
        out.push(b' ');
        out.extend_from_slice(Form::of(name).unit(amount).as_bytes());
        rhythm(&mut out, &dosage);
        assert_eq!(String::from_utf8(out).unwrap(), is);
    }
}
