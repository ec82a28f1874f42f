//! Sides made by hand, with the answer known.

use super::read::parse_time;
use super::*;
use crate::time::Time;

fn patient(side: &mut Side, id: usize, gender: &str, birth: &str) {
    let line = format!(
        r#"{{"resourceType":"Patient","id":"p{id}","gender":"{gender}","birthDate":"{birth}"}}"#
    );
    side.line("Patient", line.as_bytes()).expect("a patient");
}

fn condition(side: &mut Side, id: usize, code: &str, status: &str) {
    let line = format!(
        r#"{{"resourceType":"Condition","subject":{{"reference":"Patient/p{id}"}},
            "code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"X"}},
            {{"system":"http://snomed.info/sct","code":"{code}","display":"Something"}}]}},
            "clinicalStatus":{{"coding":[{{"code":"{status}"}}]}},"onsetDateTime":"2020-01-01"}}"#
    );
    side.line("Condition", line.replace('\n', " ").as_bytes()).expect("a condition");
}

fn encounter(side: &mut Side, id: usize, class: &str, start: &str, end: &str) {
    let line = format!(
        r#"{{"resourceType":"Encounter","class":{{"code":"{class}"}},"subject":{{"reference":"urn:uuid:p{id}"}},"period":{{"start":"{start}","end":"{end}"}}}}"#
    );
    side.line("Encounter", line.as_bytes()).expect("an encounter");
}

/// A hundred patients, of which so many have the condition; one visit each, and some stays.
fn side(name: &str, with: usize, stay_days: u32) -> Side {
    let mut side = Side::new(name);
    for id in 0..100 {
        // Conditions before their patient: order makes no difference.
        if id < with {
            condition(&mut side, id, "44054006", if id % 2 == 0 { "active" } else { "resolved" });
        }
        let gender = if id % 2 == 0 { "female" } else { "male" };
        patient(&mut side, id, gender, if id < 50 { "1950-06-15" } else { "1990-06-15" });
        encounter(&mut side, id, "AMB", "2025-05-01T09:00:00Z", "2025-05-01T09:30:00Z");
        if id % 5 == 0 {
            let end = format!("2024-03-{:02}T10:00:00Z", 1 + stay_days + id as u32 / 20);
            encounter(&mut side, id, "IMP", "2024-03-01T10:00:00Z", &end);
        }
    }
    side
}

fn row(comparison: &Comparison, measure: Measure, sex: Sexes, ages: Ages) -> &Prevalence {
    comparison
        .prevalence
        .iter()
        .find(|row| row.measure == measure && row.sex == sex && row.ages == ages)
        .expect("the row")
}

#[test]
fn prevalence_is_counted_by_sex_and_age() {
    let comparison = Comparison::of(&side("a", 40, 1), &side("b", 20, 1));
    let all = row(&comparison, Measure::Ever, Sexes::All, Ages::All);
    assert_eq!((all.a, all.a_of, all.b, all.b_of), (40, 100, 20, 100));
    assert_eq!(all.code, "44054006", "SNOMED CT is preferred");
    // z = 0.2 / sqrt(0.3 * 0.7 * 0.02) = 3.086.
    assert!((all.p - 0.002_028).abs() < 1e-5, "{}", all.p);
    assert!((all.difference - 0.2).abs() < 1e-12);
    let active = row(&comparison, Measure::Active, Sexes::All, Ages::All);
    assert_eq!((active.a, active.b), (20, 10));
    let old_women = row(&comparison, Measure::Ever, Sexes::Female, Ages::Old);
    assert_eq!((old_women.a, old_women.a_of, old_women.b), (20, 25, 10));
    // Nobody between 18 and 44 has it, so there is no row.
    assert!(!comparison.prevalence.iter().any(|row| row.ages == Ages::Young));
    let order: Vec<f64> = comparison.prevalence.iter().map(|row| row.p).collect();
    assert!(order.is_sorted());
    assert!(comparison.prevalence.iter().all(|row| row.q >= row.p - 1e-12));
}

#[test]
fn encounters_stays_and_resources_are_compared() {
    let comparison = Comparison::of(&side("a", 40, 1), &side("b", 40, 3));
    let visits = comparison.encounters.iter().find(|row| row.class == "AMB").expect("a class");
    assert_eq!((visits.a, visits.b), (100, 100));
    assert!((visits.a_rate - 0.2).abs() < 0.001, "one visit in five years: {}", visits.a_rate);
    assert!((visits.p.expect("a test") - 1.0).abs() < 1e-6);
    let stays = comparison.stays.as_ref().expect("stays");
    assert_eq!(stays.a.count, 20);
    // One to five days against three to seven: a is the longer in (0.5 + 1.5 + 2.5) ... of 25 pairs.
    assert!((stays.a.quantiles[2] - 72.0).abs() < 1e-9);
    assert!((stays.b.quantiles[2] - 120.0).abs() < 1e-9);
    assert!((stays.a_longer - 4.5 / 25.0).abs() < 1e-9, "{}", stays.a_longer);
    assert!(stays.p < 0.001);
    let encounters =
        comparison.resources.iter().find(|row| row.resource_type == "Encounter").expect("a type");
    assert_eq!(encounters.a, 120);
    assert!((encounters.a_per_patient - 1.2).abs() < 1e-12);
    assert_eq!(encounters.p, Some(1.0));
}

#[test]
fn a_population_does_not_differ_from_itself() {
    let a = side("a", 40, 1);
    let comparison = Comparison::of(&a, &a);
    assert!(comparison.prevalence.iter().all(|row| row.p > 0.99 && row.difference == 0.0));
    assert!(comparison.encounters.iter().all(|row| row.p.is_none_or(|p| p > 0.99)));
    assert!(comparison.resources.iter().all(|row| row.p.is_none_or(|p| p > 0.99)));
    assert!(comparison.stays.as_ref().is_some_and(|stays| stays.p > 0.99));
}

#[test]
fn broken_lines_are_counted_and_told_without_their_content() {
    let mut side = side("a", 1, 1);
    for (hint, line) in [
        ("Patient", r#"{"resourceType":"Patient","id":"secret""#),
        ("Patient", r#"{"resourceType":"Patient","id":"p0","gender":["secret"]}"#),
        ("Patient", r#"{"resourceType":"Patient","gender":"secret"}"#),
        ("Condition", r#"{"resourceType":"Condition","code":{"text":"secret"}}"#),
        ("Observation", "secret"),
        ("Observation", "17"),
        ("Observation", "{}"),
        ("Observation", "\u{0}\u{1}"),
    ] {
        assert!(side.line(hint, line.as_bytes()).is_err(), "{line}");
    }
    assert!(side.line("Patient", &[0xff, 0xfe]).is_err());
    side.line("Patient", b"  \r\n").expect("an empty line");
    // Strange, but resources.
    for line in [
        r#"{"resourceType":"Measure","subject":[1,2]}"#,
        r#"{"resourceType":"Group","subject":{"text":"x"}}"#,
        r#"{"resourceType":"Medication"}"#,
        r#"{"resourceType":"Observation","subject":{"reference":"Device/p0"}}"#,
    ] {
        side.line("Other", line.as_bytes()).expect("a resource");
    }
    let comparison = Comparison::of(&side, &side);
    assert_eq!(comparison.a.malformed, 9);
    assert_eq!(comparison.a.patients, 100);
    let told = comparison.a.faults.join("\n");
    assert!(!told.contains("secret"), "{told}");
    assert!(told.contains("Patient line 101: not JSON"), "{told}");
}

#[test]
fn empty_sides_compare_to_nothing() {
    let comparison = Comparison::of(&Side::new("a"), &side("b", 3, 1));
    assert!(comparison.prevalence.is_empty());
    assert!(comparison.stays.is_none());
    assert!(!comparison.to_text(10).is_empty());
    let comparison = Comparison::of(&Side::new("a"), &Side::new("b"));
    assert!(comparison.resources.is_empty());
    assert!(serde_json::to_string(&comparison).is_ok());
}

#[test]
fn text_stops_at_its_limit_and_json_has_every_row() {
    let comparison = Comparison::of(&side("left", 40, 1), &side("right", 20, 1));
    let text = comparison.to_text(1);
    assert!(text.contains("A: left") && text.contains("B: right"));
    assert_eq!(text.matches("44054006").count(), 2, "one row in each table of conditions");
    assert!(text.contains("more"));
    assert!(text.contains("Conditions of one side only, everyone: none"));
    let json = serde_json::to_value(&comparison).expect("JSON");
    let rows = json["prevalence"].as_array().map_or(0, Vec::len);
    assert_eq!(rows, comparison.prevalence.len());
    assert_eq!(json["prevalence"][0]["code"], "44054006");
    assert_eq!(json["a"]["patients"], 100);
}

#[test]
fn conditions_of_one_side_stand_apart() {
    let mut a = side("left", 40, 1);
    condition(&mut a, 1, "195967001", "active");
    let text = Comparison::of(&a, &side("right", 20, 1)).to_text(50);
    let (both, one) = text.split_once("Conditions of one side only").expect("three tables");
    assert!(both.contains("44054006") && !both.contains("195967001"));
    assert!(one.contains("195967001") && !one.contains("44054006"));
}

#[test]
fn times_of_every_precision_are_read() {
    let day = Time::of_date(2024, 3, 1);
    assert_eq!(parse_time("2024-03-01"), Some(day));
    assert_eq!(parse_time("2024-03"), Some(day));
    assert_eq!(parse_time("2024"), Some(Time::of_date(2024, 1, 1)));
    assert_eq!(parse_time("2024-03-01T10:30:05Z"), Some(day.plus(37_805)));
    assert_eq!(parse_time("2024-03-01T10:30:05.123+02:00"), Some(day.plus(30_605)));
    assert_eq!(parse_time("2024-03-01T10:30-05:00"), Some(day.plus(55_800)));
    assert_eq!(parse_time("yesterday"), None);
    assert_eq!(parse_time("2024-02-30"), None);
    assert_eq!(parse_time("2024-03-01T"), None);
    assert_eq!(parse_time("2024-03-01Té"), None);
}
