//! What the writer promises, asked of a population of our own modules and of records made by hand.

use super::*;
use crate::gmf::Files;
use crate::plan::Plan;
use crate::population::{Chunk, Content, Form, Population, Request, Sink, Summary};
use crate::record::{Class, Condition, Encounter, Finding, Immunization, Medication, Observation};
use crate::time::{DAY, HOUR, YEAR};
use crate::vocabulary::{CVX, RXNORM, SNOMED};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

/// Keeps everything.
#[derive(Default)]
struct Shelf {
    lines: Vec<Vec<u8>>,
    bundles: Vec<Bundle>,
    gold: Vec<u8>,
}

impl Sink for Shelf {
    type Error = std::convert::Infallible;

    fn take(&mut self, chunk: Chunk) -> Result<(), Self::Error> {
        self.gold.extend(chunk.gold);
        match chunk.content {
            Content::Lines(by_type) => {
                self.lines.resize(TYPES.len(), Vec::new());
                self.lines.iter_mut().zip(by_type).for_each(|(all, lines)| all.extend(lines));
            }
            Content::Bundles(bundles) => self.bundles.extend(bundles),
        }
        Ok(())
    }
}

impl Shelf {
    fn resources(&self) -> Vec<Value> {
        let lines = self.lines.iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
        let lines = lines.filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("a line is JSON")).collect()
    }
}

const PATIENTS: u64 = 40;

fn plan() -> Plan {
    let mut plan = Plan::new(PATIENTS, 11, Time::of_date(2026, 11, 30));
    plan.claims = true;
    plan
}

fn run(plan: Plan, threads: usize, form: Form) -> (Shelf, Summary) {
    let (simulation, _) = Simulation::new(plan, &Files::own()).expect("our modules load");
    let mut shelf = Shelf::default();
    let stop = AtomicBool::new(false);
    let progress = &|_| ();
    let request = Request { threads, form, gold: true, encode: None, progress, stop: &stop };
    let Ok(summary) = Population::new(simulation).run(&request, &mut shelf);
    (shelf, summary)
}

/// The population most tests look at, as lines.
fn population() -> &'static (Shelf, Summary) {
    static POPULATION: LazyLock<(Shelf, Summary)> = LazyLock::new(|| run(plan(), 2, Form::Ndjson));
    &POPULATION
}

#[test]
fn the_same_plan_gives_the_same_bytes_for_any_number_of_threads() {
    let (one, summary) = run(plan(), 1, Form::Ndjson);
    assert_eq!((summary.patients, summary.complete), (PATIENTS, true));
    assert_eq!(summary.bytes, one.lines.iter().map(|lines| lines.len() as u64).sum::<u64>());
    let three = run(plan(), 3, Form::Ndjson);
    for (threads, (many, other)) in [(2, population()), (3, &three)] {
        assert_eq!(*other, summary);
        assert!(many.lines == one.lines, "{threads} threads wrote something else");
        assert!(many.gold == one.gold, "{threads} threads marked something else");
    }
    let (other, _) = run(Plan { seed: 12, patients: 4, ..plan() }, 1, Form::Ndjson);
    let (same, _) = run(Plan { patients: 4, ..plan() }, 1, Form::Ndjson);
    assert!(other.lines != same.lines, "another seed is another population");
}

#[test]
fn references_resolve_and_nothing_happens_after_the_end() {
    let (shelf, summary) = population();
    let resources = shelf.resources();
    assert_eq!(resources.len() as u64, summary.resources);
    assert!(summary.types().count() >= 25, "{:?}", summary.types().collect::<Vec<_>>());

    let mut names = BTreeSet::new();
    let mut lives: HashMap<String, (String, String)> = HashMap::new();
    let end = plan().end.to_string();
    for resource in &resources {
        let name = name(resource);
        if resource["resourceType"] == "Patient" {
            let last = resource["deceasedDateTime"].as_str().unwrap_or(&end).to_owned();
            lives.insert(name.clone(), (text(&resource["birthDate"]), last));
        }
        assert!(names.insert(name.clone()), "{name} is written twice");
    }
    for resource in &resources {
        let name = name(resource);
        let whose = ["subject", "patient", "beneficiary"]
            .iter()
            .find_map(|key| resource[*key]["reference"].as_str())
            .or(resource["target"][0]["reference"].as_str())
            .unwrap_or(&name);
        let (birth, last) = lives.get(whose).cloned().unwrap_or(("0".to_owned(), end.clone()));
        each(resource, &mut |key, value| {
            if key == "reference" {
                assert!(names.contains(value), "{name} points at {value}");
            } else if is_date(value) {
                let length = value.len().min(last.len());
                assert!(value <= &last[..length], "{name}.{key} is {value}, the end {last}");
                assert!(value >= birth.as_str(), "{name}.{key} is {value}, birth {birth}");
            }
        });
    }
}

#[test]
fn bundles_hold_the_same_resources() {
    let (lines, summary) = population();
    let (shelf, other) = run(plan(), 2, Form::Bundles);
    assert_eq!(other.resources, summary.resources);
    assert_eq!(shelf.bundles.len() as u64, PATIENTS + 1);
    assert!(shelf.gold == lines.gold);
    let mut resources: BTreeMap<String, Value> =
        lines.resources().into_iter().map(|resource| (name(&resource), resource)).collect();
    for bundle in &shelf.bundles {
        let bundle: Value = serde_json::from_slice(&bundle.json).expect("a bundle is JSON");
        assert_eq!(bundle["type"], "transaction");
        for entry in bundle["entry"].as_array().expect("entries") {
            let resource = &entry["resource"];
            let url = text(&entry["request"]["url"]);
            assert_eq!(entry["request"]["method"], "PUT");
            assert_eq!(entry["fullUrl"], format!("urn:uuid:{}", text(&resource["id"])));
            assert_eq!(resources.remove(&url).as_ref(), Some(resource), "{url}");
        }
    }
    assert!(resources.is_empty(), "not in any bundle: {:?}", resources.keys().next());
}

#[test]
fn beds_follow_one_another_through_a_stay() {
    let (shelf, _) = population();
    let mut stays = 0;
    for encounter in shelf.resources() {
        let locations = encounter["location"].as_array();
        if encounter["resourceType"] != "Encounter" || encounter["class"]["code"] != "IMP" {
            continue;
        }
        let Some(locations) = locations.filter(|all| all[0]["physicalType"].is_object()) else {
            continue;
        };
        stays += 1;
        let period = |value: &Value, key: &str| value["period"][key].as_str().map(str::to_owned);
        assert_eq!(period(&locations[0], "start"), period(&encounter, "start"));
        let last = locations.last().expect("there is one");
        assert_eq!(period(last, "end"), period(&encounter, "end"));
        for pair in locations.windows(2) {
            assert_eq!(period(&pair[0], "end"), period(&pair[1], "start"));
        }
    }
    assert!(stays > 0, "nobody lay in a bed");
}

#[test]
fn bills_add_up_and_the_deductible_is_paid_once_a_year() {
    let (shelf, _) = population();
    let (simulation, _) = Simulation::new(plan(), &Files::own()).expect("our modules load");
    let highest = simulation.world.payers.iter().map(|payer| cents(payer.deductible));
    let highest = highest.max().expect("payers");
    let resources = shelf.resources();
    let claims: HashMap<String, &Value> =
        resources.iter().map(|resource| (name(resource), resource)).collect();
    let mut paid: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    let mut explained = 0;
    for benefit in resources.iter().filter(|one| one["resourceType"] == "ExplanationOfBenefit") {
        explained += 1;
        let total = |code: &str| {
            let mut totals = benefit["total"].as_array().expect("totals").iter();
            let total = totals.find(|total| total["category"]["coding"][0]["code"] == code);
            cents(total.expect("each is there")["amount"]["value"].as_f64().expect("a number"))
        };
        let submitted = total("submitted");
        assert_eq!(submitted, total("deductible") + total("copay") + total("benefit"));
        let claim = claims[&text(&benefit["claim"]["reference"])];
        assert_eq!(submitted, cents(claim["total"]["value"].as_f64().expect("a number")));
        let year = text(&benefit["billablePeriod"]["start"])[..4].to_owned();
        let coverage = text(&benefit["insurance"][0]["coverage"]["reference"]);
        let patient = text(&benefit["patient"]["reference"]);
        *paid.entry((patient, coverage, year)).or_default() += total("deductible");
    }
    assert!(explained > 0);
    assert!(paid.values().all(|paid| *paid <= highest), "more than a deductible: {paid:?}");
    assert!(paid.values().any(|paid| *paid > 0));
}

#[test]
fn what_is_old_is_kept_only_while_it_lasts() {
    let mut plan = Plan::new(1, 3, Time::of_date(2026, 11, 30));
    plan.notes = false;
    let (mut simulation, _) = Simulation::new(plan, &Files::default()).expect("no modules load");
    let end = simulation.plan.end;
    let words = &mut simulation.vocabulary;
    let visit = words.add_one(SNOMED, "185349003", "Visit");
    let asthma = words.add_one(SNOMED, "195967001", "Asthma");
    let cold = words.add_one(SNOMED, "82272006", "Cold");
    let gout = words.add_one(SNOMED, "90560007", "Gout");
    let weight = words.add_one(crate::vocabulary::LOINC, "29463-7", "Body weight");
    let vaccine = words.add_one(CVX, "08", "Hepatitis B vaccine");
    let tablet = words.add_one(RXNORM, "314076", "lisinopril 10 MG Oral Tablet");
    let kilogram = words.add_symbol("kg");

    let mut person = simulation.person(0);
    person.birth = end.plus(-40 * YEAR);
    person.death = None;
    let mut record = Record::default();
    let years = |ago: i64| end.plus(-ago * YEAR);
    for ago in [20, 15, 5, 1] {
        record.encounters.push(Encounter {
            class: Class::Ambulatory,
            codes: visit,
            start: years(ago),
            stop: Some(years(ago).plus(HOUR)),
            reason: None,
            discharge: None,
            facility: 0,
            practitioner: 0,
            module: None,
            wards: Vec::new(),
            acuity: None,
            symptoms: Vec::new(),
            admitted_from: None,
        });
        record.observations.push(Observation {
            codes: weight,
            time: years(ago),
            encounter: record.encounters.len() as u32 - 1,
            category: "vital-signs",
            value: Finding::Quantity(80.0, 1),
            unit: kilogram,
            components: Vec::new(),
        });
    }
    let condition = |codes, encounter: Option<u32>, ago: i64, days: Option<i64>| Condition {
        codes,
        onset: years(ago),
        abatement: days.map(|days| years(ago).plus(days * DAY)),
        encounter,
        diagnosed: encounter.map(|_| years(ago)),
        module: 0,
    };
    record.conditions = vec![
        condition(asthma, Some(0), 20, None),
        condition(cold, Some(1), 15, Some(7)),
        condition(gout, None, 4, None),
        condition(cold, Some(3), 1, Some(7)),
    ];
    record.immunizations =
        vec![Immunization { codes: vaccine, time: years(15), encounter: 1, dose: 1 }];
    record.medications = vec![Medication {
        codes: tablet,
        start: years(5),
        stop: None,
        stop_reason: None,
        encounter: 2,
        reason: Some(asthma),
        chronic: true,
        dosage: None,
        supply: None,
        administered: false,
        renewal: false,
    }];
    person.record = record;

    let writer = Writer::new(&simulation, false);
    let mut lines = Lines::default();
    writer.person(&person, &BedBook::default(), &mut lines);
    let shelf = Shelf { lines: lines.by_type, ..Shelf::default() };
    let resources = shelf.resources();
    let all = |kind: &str| -> Vec<&Value> {
        resources.iter().filter(|resource| resource["resourceType"] == kind).collect()
    };

    // Asthma still lasts; the old cold is over, gout was never diagnosed.
    let names: Vec<String> = all("Condition").iter().map(|c| text(&c["code"]["text"])).collect();
    assert_eq!(names, ["Asthma", "Cold"]);
    // The visit of 20 years ago is kept for the asthma, that of 15 years ago for nothing.
    let starts = all("Encounter").iter().map(|e| text(&e["period"]["start"])).collect::<Vec<_>>();
    let wanted = [20, 5, 1].map(|ago| years(ago).to_string());
    assert_eq!(starts, wanted);
    // A vaccination is kept without it.
    assert_eq!(all("Immunization").len(), 1);
    assert!(all("Immunization")[0].get("encounter").is_none());
    // Weight was taken at every visit and is told for the dense years only.
    assert_eq!(all("Observation").len(), 1);
    let profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-weight";
    assert_eq!(all("Observation")[0]["meta"]["profile"][0], profile);
    // The order knows the condition it is for.
    let order = &all("MedicationRequest")[0];
    let asthma = format!("Condition/{}", text(&all("Condition")[0]["id"]));
    assert_eq!(order["reasonReference"][0]["reference"], asthma);
    assert_eq!(order["status"], "active");
}

fn name(resource: &Value) -> String {
    format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn cents(dollars: f64) -> i64 {
    (dollars * 100.0).round() as i64
}

/// Calls `look` with every string of a value and the key it stands under.
fn each(value: &Value, look: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(text) => look(key, text),
                    None => each(value, look),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| each(value, look)),
        _ => {}
    }
}

/// Shaped like a FHIR `date` or `dateTime` with a day.
fn is_date(text: &str) -> bool {
    let shape = |at: usize, byte: u8| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() >= 10
        && text.bytes().take(10).enumerate().all(|(at, byte)| shape(at, byte))
        && text.as_bytes().get(10).is_none_or(|byte| *byte == b'T')
}
