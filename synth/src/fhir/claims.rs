//! Claim and ExplanationOfBenefit: one of each per visit that ended and per prescription.
//!
//! Fees are invented, in the order of magnitude US price lists show; each code has its own level,
//! each bill a little variation. The payer's deductible runs over the calendar year; above it the
//! patient pays the coinsurance.
//!
//! Always true: what patient and payer pay adds up to what was billed, to the cent.

use super::coverage::{Coverages, insurance};
use super::id::Kind;
use super::kept::numbered;
use super::{Lines, Object, Subject, encounters, period, tables, term};
use crate::beds::BedBook;
use crate::record::{Class, Encounter, Ward};
use crate::time::{DAY, Time};
use crate::vocabulary::{CVX, Code, CodeList, LOINC, RXNORM};
use xxhash_rust::xxh3::xxh3_64;

/// Prescriptions are counted from here, beside encounters.
const OF_MEDICATION: u64 = 1 << 32;

/// One line of a bill.
struct Item {
    codes: CodeList,
    cents: i64,
    /// The procedure's place in the record.
    procedure: Option<u32>,
}

/// A bill.
struct Bill<'a> {
    number: u64,
    encounter: u32,
    /// A prescription.
    medication: Option<u32>,
    kind: &'static str,
    start: Time,
    stop: Time,
    items: &'a [Item],
    diagnoses: Vec<u32>,
}

/// How one item is settled.
#[derive(Clone, Copy, Default)]
struct Share {
    deductible: i64,
    coinsurance: i64,
    benefit: i64,
}

/// What has been paid of this year's deductible.
#[derive(Default)]
struct Account {
    year: i32,
    payer: u32,
    paid: i64,
}

impl Account {
    fn settle(
        &mut self,
        subject: &Subject<'_>,
        payer: u32,
        at: Time,
        items: &[Item],
    ) -> Vec<Share> {
        let year = at.civil().year;
        if (self.year, self.payer) != (year, payer) {
            *self = Self { year, payer, paid: 0 };
        }
        let terms = subject.writer.simulation.world.payers.get(payer as usize);
        let whole = terms.map_or(0, |payer| (payer.deductible * 100.0).round() as i64);
        let part = terms.map_or(1.0, |payer| payer.coinsurance.clamp(0.0, 1.0));
        let settle = |item: &Item| {
            let deductible = item.cents.min((whole - self.paid).max(0));
            self.paid += deductible;
            let above = item.cents - deductible;
            let coinsurance = (above as f64 * part).round() as i64;
            Share { deductible, coinsurance, benefit: above - coinsurance }
        };
        items.iter().map(settle).collect()
    }
}

pub(super) fn write(subject: &Subject<'_>, coverages: &Coverages, beds: &BedBook, out: &mut Lines) {
    let by_encounter = items(subject, beds);
    let medications: Vec<Item> = subject
        .record
        .medications
        .iter()
        .zip(0u64..)
        .map(|(medication, at)| {
            let months = medication.supply.map_or(1, |(days, _)| i64::from(days.div_ceil(30)));
            let cents = subject.writer.concepts[medication.codes.0 as usize].fee * months;
            let cents = vary(subject, cents, OF_MEDICATION | at);
            Item { codes: medication.codes, cents, procedure: None }
        })
        .collect();
    let mut bills = Vec::new();
    for (at, encounter) in (0u32..).zip(&subject.record.encounters) {
        let Some(stop) = subject.encounter_stop(encounter) else { continue };
        if !subject.kept.encounter(at) || encounter.start < subject.kept.history_start {
            continue;
        }
        bills.push(Bill {
            number: at.into(),
            encounter: at,
            medication: None,
            kind: match encounter.class {
                Class::Inpatient | Class::Emergency | Class::Snf | Class::Hospice => {
                    "institutional"
                }
                _ => "professional",
            },
            start: encounter.start,
            stop,
            items: &by_encounter[at as usize],
            diagnoses: encounters::diagnosed(subject, at).collect(),
        });
    }
    for (at, medication) in numbered(&subject.record.medications, &subject.kept.medications) {
        if medication.administered || medication.start < subject.kept.history_start {
            continue;
        }
        let condition =
            medication.reason.and_then(|reason| subject.condition_for(reason, medication.start));
        bills.push(Bill {
            number: OF_MEDICATION | u64::from(at),
            encounter: medication.encounter,
            medication: Some(at),
            kind: "pharmacy",
            start: medication.start,
            stop: medication.start,
            items: &medications[at as usize..=at as usize],
            diagnoses: condition.into_iter().collect(),
        });
    }
    bills.sort_by_key(|bill| (bill.stop, bill.number));
    let mut account = Account::default();
    for bill in &bills {
        let coverage = coverages.at(bill.start);
        let payer = coverages.0[coverage].payer;
        let shares = account.settle(subject, payer, bill.start, bill.items);
        claim(subject, bill, coverage, out);
        explanation(subject, bill, coverage, payer, &shares, out);
    }
}

/// What each encounter is billed for: itself first.
fn items(subject: &Subject<'_>, beds: &BedBook) -> Vec<Vec<Item>> {
    let (record, kept) = (subject.record, &subject.kept);
    let mut all: Vec<Vec<Item>> = (0u32..)
        .zip(&record.encounters)
        .map(|(at, encounter)| {
            let cents = vary(subject, visit(subject, at, encounter, beds), at.into());
            vec![Item { codes: encounter.codes, cents, procedure: None }]
        })
        .collect();
    let mut add = |encounter: u32, codes: CodeList, number: u64, procedure: Option<u32>| {
        let cents = vary(subject, subject.writer.concepts[codes.0 as usize].fee, number);
        if let Some(items) = all.get_mut(encounter as usize) {
            items.push(Item { codes, cents, procedure });
        }
    };
    for (at, entry) in numbered(&record.procedures, &kept.procedures) {
        add(entry.encounter, entry.codes, 2 << 32 | u64::from(at), Some(at));
    }
    for (at, entry) in numbered(&record.imaging, &kept.imaging) {
        add(entry.encounter, entry.procedure, 3 << 32 | u64::from(at), None);
    }
    for (at, entry) in numbered(&record.reports, &kept.reports) {
        add(entry.encounter, entry.codes, 4 << 32 | u64::from(at), None);
    }
    for (at, entry) in numbered(&record.immunizations, &kept.immunizations) {
        add(entry.encounter, entry.codes, 5 << 32 | u64::from(at), None);
    }
    for (at, entry) in numbered(&record.devices, &kept.devices) {
        add(entry.encounter, entry.codes, 6 << 32 | u64::from(at), None);
    }
    for (at, entry) in numbered(&record.medications, &kept.medications) {
        if entry.administered {
            add(entry.encounter, entry.codes, 7 << 32 | u64::from(at), None);
        }
    }
    all
}

/// The fee of a visit or stay itself, in cents. Days in intensive care cost three times as much.
fn visit(subject: &Subject<'_>, number: u32, encounter: &Encounter, beds: &BedBook) -> i64 {
    let stop = subject.encounter_stop(encounter).unwrap_or(subject.limit);
    let days = |seconds: i64| (seconds.max(0) + DAY - 1) / DAY;
    let stay = days(stop.since(encounter.start)).max(1);
    match encounter.class {
        Class::Wellness => 18_500,
        Class::Ambulatory => 14_000,
        Class::Outpatient => 29_000,
        Class::UrgentCare => 19_500,
        Class::Emergency => match encounter.acuity {
            Some(1) => 340_000,
            Some(2) => 210_000,
            Some(3) => 130_000,
            _ => 75_000,
        },
        Class::Inpatient => {
            let locations = &subject.writer.simulation.world.locations;
            let legs = beds.legs(subject.person.index, number).iter();
            let intensive: i64 = legs
                .filter(|leg| {
                    let bed = locations.get(leg.location as usize);
                    bed.is_some_and(|bed| bed.ward == Some(Ward::Icu))
                })
                .map(|leg| leg.stop.min(stop).since(leg.start))
                .sum();
            420_000 + 265_000 * stay + 530_000 * days(intensive)
        }
        Class::Hospice => 21_000 * stay,
        Class::Home => 16_000,
        Class::Snf => 34_000 * stay,
        Class::Virtual => 9_000,
    }
}

/// The fee for one of a code, in cents: by what it is, times a level of the code's own (0.7 to 1.5).
pub(super) fn fee(code: &Code) -> i64 {
    let name = code.display.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let base = if code.system == RXNORM {
        if any(&["insulin", "inject", "pen ", "umab", "zumab", "ximab"]) {
            24_000
        } else if any(&["inhal", "patch"]) {
            9_500
        } else {
            1_900
        }
    } else if code.system == CVX {
        9_500
    } else if code.system == LOINC {
        4_800
    } else if any(&["transplant", "bypass", "replacement", "valve"]) {
        2_400_000
    } else if any(&["ectomy", "plasty", "fixation", "repair", "surg", "cesarean", "caesarean"]) {
        920_000
    } else if any(&["stent", "percutaneous", "catheter", "chemotherapy", "radiation"]) {
        540_000
    } else if any(&["endoscopy", "colonoscopy", "biopsy", "ventilation", "dialysis", "delivery"]) {
        165_000
    } else if any(&["magnetic resonance", "mri"]) {
        140_000
    } else if any(&["computed tomography", "ct "]) {
        92_000
    } else if any(&["ultraso", "echocardio", "mammogra"]) {
        36_000
    } else if any(&["x-ray", "radiograph"]) {
        14_500
    } else {
        11_500
    };
    let level = 700 + (xxh3_64(code.code.as_bytes()) % 801) as i64;
    base * level / 1_000
}

/// Up to 6 % more or less, the same in every run.
fn vary(subject: &Subject<'_>, cents: i64, number: u64) -> i64 {
    let percent = 94 + (subject.chance(tables::CHANCE_FEE, number) % 13) as i64;
    cents * percent / 100
}

fn money(object: &mut Object<'_>, name: &str, cents: i64) {
    object.object(name, |money| {
        money.decimal("value", cents as f64 / 100.0, 2);
        money.text("currency", "USD");
    });
}

/// What both have in common at their start.
fn head(subject: &Subject<'_>, object: &mut Object<'_>, bill: &Bill<'_>) {
    object.text("status", "active");
    let display = match bill.kind {
        "institutional" => "Institutional",
        "pharmacy" => "Pharmacy",
        _ => "Professional",
    };
    term(object, "type", tables::CLAIM_TYPE, bill.kind, display);
    object.text("use", "claim");
    subject.patient(object, "patient");
    period(object, "billablePeriod", bill.start, Some(bill.stop));
    object.time("created", bill.stop);
}

fn prescription(subject: &Subject<'_>, object: &mut Object<'_>, bill: &Bill<'_>) {
    if let Some(medication) = bill.medication {
        let id = subject.id(Kind::MedicationRequest, medication);
        object.reference("prescription", Kind::MedicationRequest, &id);
    }
}

fn reasons(subject: &Subject<'_>, object: &mut Object<'_>, bill: &Bill<'_>) {
    object.array("diagnosis", |diagnoses| {
        for (sequence, condition) in (1..).zip(&bill.diagnoses) {
            diagnoses.object(|diagnosis| {
                diagnosis.number("sequence", sequence);
                let id = subject.id(Kind::Condition, *condition);
                diagnosis.reference("diagnosisReference", Kind::Condition, &id);
            });
        }
    });
    object.array("procedure", |procedures| {
        for (sequence, procedure) in (1..).zip(bill.items.iter().filter_map(|item| item.procedure))
        {
            procedures.object(|object| {
                object.number("sequence", sequence);
                let id = subject.id(Kind::Procedure, procedure);
                object.reference("procedureReference", Kind::Procedure, &id);
            });
        }
    });
}

/// The start of an item: sequence, links, code, date, encounter.
fn item_head(
    subject: &Subject<'_>,
    object: &mut Object<'_>,
    bill: &Bill<'_>,
    sequence: i64,
    procedures: &mut i64,
) {
    let item = &bill.items[sequence as usize - 1];
    object.number("sequence", sequence);
    object.array("careTeamSequence", |links| links.number(1));
    object.array("diagnosisSequence", |links| {
        (1..=bill.diagnoses.len() as i64).for_each(|number| links.number(number));
    });
    if item.procedure.is_some() {
        *procedures += 1;
        object.array("procedureSequence", |links| links.number(*procedures));
    }
    subject.concept(object, "productOrService", item.codes);
    period(object, "servicedPeriod", bill.start, Some(bill.stop));
}

fn item_encounter(subject: &Subject<'_>, object: &mut Object<'_>, bill: &Bill<'_>) {
    if subject.kept.encounter(bill.encounter) {
        object.array("encounter", |encounters| {
            let id = subject.id(Kind::Encounter, bill.encounter);
            encounters.object(|reference| reference.target(Kind::Encounter, &id));
        });
    }
}

fn care_team(subject: &Subject<'_>, object: &mut Object<'_>, bill: &Bill<'_>) {
    object.one("careTeam", |team| {
        team.number("sequence", 1);
        subject.clinician(team, "provider", bill.encounter);
        term(team, "role", tables::CLAIM_CARE_TEAM_ROLE, "primary", "Primary provider");
    });
}

fn claim(subject: &Subject<'_>, bill: &Bill<'_>, coverage: usize, out: &mut Lines) {
    let id = subject.id(Kind::Claim, bill.number);
    out.resource(Kind::Claim, &id, &[], |object| {
        head(subject, object, bill);
        subject.organization(object, "provider", bill.encounter);
        term(object, "priority", tables::PROCESS_PRIORITY, "normal", "Normal");
        prescription(subject, object, bill);
        care_team(subject, object, bill);
        reasons(subject, object, bill);
        insurance(object, subject, coverage, true);
        object.array("item", |items| {
            let mut procedures = 0;
            for (sequence, item) in (1..).zip(bill.items) {
                items.object(|object| {
                    item_head(subject, object, bill, sequence, &mut procedures);
                    money(object, "net", item.cents);
                    item_encounter(subject, object, bill);
                });
            }
        });
        money(object, "total", bill.items.iter().map(|item| item.cents).sum());
    });
}

fn explanation(
    subject: &Subject<'_>,
    bill: &Bill<'_>,
    coverage: usize,
    payer: u32,
    shares: &[Share],
    out: &mut Lines,
) {
    let id = subject.id(Kind::ExplanationOfBenefit, bill.number);
    let sum = |part: fn(&Share) -> i64| shares.iter().map(part).sum::<i64>();
    out.resource(Kind::ExplanationOfBenefit, &id, &[], |object| {
        head(subject, object, bill);
        if let Some(json) = subject.writer.payers.get(payer as usize) {
            object.raw("insurer", json);
        }
        subject.organization(object, "provider", bill.encounter);
        let claim = subject.id(Kind::Claim, bill.number);
        object.reference("claim", Kind::Claim, &claim);
        prescription(subject, object, bill);
        object.text("outcome", "complete");
        care_team(subject, object, bill);
        reasons(subject, object, bill);
        insurance(object, subject, coverage, false);
        object.array("item", |items| {
            let mut procedures = 0;
            for ((sequence, item), share) in (1..).zip(bill.items).zip(shares) {
                items.object(|object| {
                    item_head(subject, object, bill, sequence, &mut procedures);
                    money(object, "net", item.cents);
                    item_encounter(subject, object, bill);
                    object.array("adjudication", |parts| {
                        parts.object(|part| amount(part, "submitted", item.cents));
                        parts.object(|part| amount(part, "deductible", share.deductible));
                        parts.object(|part| amount(part, "copay", share.coinsurance));
                        parts.object(|part| amount(part, "benefit", share.benefit));
                    });
                });
            }
        });
        object.array("total", |totals| {
            let billed: i64 = bill.items.iter().map(|item| item.cents).sum();
            totals.object(|part| amount(part, "submitted", billed));
            totals.object(|part| amount(part, "deductible", sum(|share| share.deductible)));
            totals.object(|part| amount(part, "copay", sum(|share| share.coinsurance)));
            totals.object(|part| amount(part, "benefit", sum(|share| share.benefit)));
        });
        object.object("payment", |payment| {
            term(payment, "type", tables::PAYMENT_TYPE, "complete", "Complete");
            money(payment, "amount", sum(|share| share.benefit));
        });
    });
}

fn amount(object: &mut Object<'_>, code: &str, cents: i64) {
    let display = match code {
        "submitted" => "Submitted Amount",
        "deductible" => "Deductible",
        "copay" => "CoPay",
        _ => "Benefit Amount",
    };
    term(object, "category", tables::ADJUDICATION, code, display);
    money(object, "amount", cents);
}
