//! What the loader refuses, and that it never breaks down.

use super::*;
use proptest::prelude::*;
use serde_json::Value as Json;

/// Loads one module and asks for a fault that names file, state and problem.
#[track_caller]
fn refused(states: &str, place: &str, problem: &str) {
    refused_files(&files(&[("test.json", module(states))], &[]), "test.json", place, problem);
}

#[track_caller]
fn refused_files(files: &Files, file: &str, place: &str, problem: &str) {
    let errors = load(files).map(|_| ()).expect_err("a fault");
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with(&format!("{file}: {place}")) && text.contains(problem)),
        "no fault at {file}: {place} about {problem}: {texts:#?}"
    );
}

#[test]
fn faults_name_file_state_and_key() {
    let to = r#""direct_transition": "End""#;
    refused(
        &format!(r#""A": {{"type": "Simple", "colour": 1, {to}}}"#),
        "A",
        "unknown key `colour`",
    );
    refused(r#""A": {"type": "Simple", "direct_transition": "Nowhere"}"#, "A", "`Nowhere`");
    refused(r#""A": {"type": "Simple"}"#, "A", "no transition");
    refused(
        &format!(r#""A": {{"type": "Sample", {to}}}"#),
        "A",
        "unknown type of state \"Sample\"",
    );
    refused(
        r#""A": {"type": "Simple", "distributed_transition": [
            {"distribution": 0.5, "transition": "End"}, {"distribution": 0.498, "transition": "End"}]}"#,
        "A",
        "sums to 0.998",
    );
    refused(
        &format!(r#""A": {{"type": "CallSubmodule", "submodule": "no/such", {to}}}"#),
        "A",
        "no submodule `no/such`",
    );
    refused(
        &format!(r#""A": {{"type": "Guard", "allow": {{"condition_type": "Ago"}}, {to}}}"#),
        "A.allow",
        "unknown `condition_type` \"Ago\"",
    );
    refused(
        &format!(
            r#""A": {{"type": "Guard", "allow": {{"condition_type": "Attribute", "attribute": "x",
            "operator": "==", "valu": 1}}, {to}}}"#
        ),
        "A.allow",
        "unknown key `valu`",
    );
    refused(
        &format!(
            r#""A": {{"type": "Guard", "allow": {{"condition_type": "PriorState", "name": "B"}}, {to}}}"#
        ),
        "A.allow",
        "names no state: `B`",
    );
    refused(
        &format!(r#""A": {{"type": "Delay", "exact": {{"quantity": 1, "unit": "moons"}}, {to}}}"#),
        "A.exact",
        "unknown `unit` of time \"moons\"",
    );
    refused(
        &format!(
            r#""A": {{"type": "Delay", "unit": "days", "distribution": {{"kind": "GAUSSIAN",
            "parameters": {{"mean": 1}}}}, {to}}}"#
        ),
        "A.distribution.parameters",
        "`standardDeviation` is missing",
    );
    refused(
        &format!(r#""A": {{"type": "Encounter", "encounter_class": "visit", {}, {to}}}"#, codes(1)),
        "A",
        "unknown `encounter_class` \"visit\"",
    );
    refused(
        &format!(r#""A": {{"type": "ConditionEnd", "condition_onset": "Gone", {to}}}"#),
        "A",
        "names no state: `Gone`",
    );
    refused(
        &format!(
            r#""A": {{"type": "ConditionOnset", "target_encounter": "Gone", {}, {to}}}"#,
            codes(1)
        ),
        "A",
        "names no state: `Gone`",
    );
    refused(
        &format!(
            r#""A": {{"type": "VitalSign", "vital_sign": "Hight", "exact": {{"quantity": 1}}, {to}}}"#
        ),
        "A",
        "unknown vital sign \"Hight\"",
    );
    refused(
        &format!(
            r#""A": {{"type": "SetAttribute", "attribute": "season_heat", "value": 1, {to}}}"#
        ),
        "A",
        "cannot be set",
    );
    refused(
        &format!(
            r#""A": {{"type": "Delay", "ward": "attic", "exact": {{"quantity": 1, "unit": "days"}}, {to}}}"#
        ),
        "A",
        "unknown `ward` \"attic\"",
    );
    refused(&format!(r#""A": {{"type": "MedicationOrder", {to}}}"#), "A", "`codes` is missing");
}

#[test]
fn faults_outside_states_are_named_too() {
    let file = |text: &str| files(&[("m.json", text.to_owned())], &[]);
    refused_files(&file("{"), "m.json", "file", "not JSON");
    refused_files(&file(r#"{"name": "x"}"#), "m.json", "states", "missing");
    refused_files(
        &file(r#"{"name": "x", "states": {"A": {"type": "Terminal"}}}"#),
        "m.json",
        "states",
        "no state `Initial`",
    );
    let initial = r#""states": {"Initial": {"type": "Initial", "direct_transition": "End"}, "End": {"type": "Terminal"}}"#;
    refused_files(
        &file(&format!(r#"{{"name": "x", "stats": 1, {initial}}}"#)),
        "m.json",
        "module",
        "unknown key `stats`",
    );
    refused_files(
        &file(&format!(
            r#"{{"name": "x", {initial}, "targets": [{{"name": "t", "codes": ["1"],
            "measure": "often", "prevalence": 0.1, "source": "s"}}]}}"#
        )),
        "m.json",
        "module.targets[0]",
        "`measure` is \"often\"",
    );
    let loops =
        module(r#""A": {"type": "CallSubmodule", "submodule": "a/b", "direct_transition": "End"}"#);
    refused_files(&files(&[("a/b.json", loops)], &[]), "a/b.json", "CallSubmodule", "calls itself");
}

#[test]
fn faults_in_tables_name_the_line() {
    let states = r#""A": {"type": "Simple", "lookup_table_transition": [
        {"transition": "End", "default_probability": 0.4, "lookup_table_name": "t.csv"},
        {"transition": "B", "default_probability": 0.6, "lookup_table_name": "t.csv"}]},
        "B": {"type": "Simple", "direct_transition": "End"}"#;
    let with = |table: &str| files(&[("test.json", module(states))], &[("t.csv", table)]);
    refused(states, "A", "no lookup table `t.csv`");
    let file = "lookup_tables/t.csv";
    refused_files(
        &with("age,End,C\n0-10,1,0\n"),
        file,
        "line 1",
        "no column for the transition to `B`",
    );
    refused_files(&with("age,End,B\nten,1,0\n"), file, "line 2", "`ten` is no range of ages");
    refused_files(&with("age,End,B\n0-10,1,0\n0-9,1\n"), file, "line 3", "2 cells; 3 expected");
    refused_files(&with("age,End,B\n0-10,x,0\n"), file, "line 2", "`x` is no probability");
    assert!(load(&with("\u{feff}\"age\",B,End\r\n0-10,1,0\r\n\r\n")).is_ok());
}

#[test]
fn all_faults_are_told_at_once() {
    let errors = load(&files(
        &[
            (
                "a.json",
                module(r#""A": {"type": "Simple", "x": 1, "y": 2, "direct_transition": "Z"}"#),
            ),
            ("b.json", module(r#""A": {"type": "Simpel", "direct_transition": "End"}"#)),
        ],
        &[],
    ))
    .map(|_| ())
    .expect_err("faults");
    assert_eq!(errors.len(), 4);
}

#[test]
fn targets_are_read() {
    let text = module("\"A\": {\"type\": \"Simple\", \"direct_transition\": \"End\"}").replacen(
        '{',
        r#"{"targets": [{"name": "Asthma", "codes": ["195967001"], "measure": "active", "age_min": 18,
        "sex": "F", "prevalence": 0.09, "source": "A survey"}],"#,
        1,
    );
    let (modules, _) = load(&files(&[("m.json", text)], &[])).expect("a module");
    let [target] = modules.targets() else { panic!("one target") };
    assert_eq!((target.ages, target.sex, target.prevalence), ((18, 110), Some(Sex::Female), 0.09));
    assert_eq!((target.measure, &*target.module), (crate::gmf::Measure::Active, "m"));
}

#[test]
fn our_own_modules_have_no_fault_and_lack_nothing() {
    let (modules, warnings) = load(&Files::own()).map_err(|e| format!("{e:#?}")).expect("no fault");
    assert_eq!(warnings, [""; 0]);
    let unset: Vec<_> = modules.unset_attributes().iter().collect();
    assert!(unset.is_empty(), "read and never set: {unset:?}");
}

/// A module with every kind of state, transition, condition and value in it, to be spoilt.
fn everything() -> Json {
    let text = include_str!("everything.json");
    serde_json::from_str(text).expect("JSON")
}

const TABLE: &str = "gender,age,B,C\nM,0-120,1,0\nF,50-120,0.5,0.5\n*,0-9,0,1\n";

#[test]
fn the_module_with_everything_loads_and_runs() {
    let text = everything().to_string();
    for kind in [
        "Initial",
        "Simple",
        "Terminal",
        "CallSubmodule",
        "Physiology",
        "Delay",
        "Guard",
        "SetAttribute",
        "Counter",
        "Encounter",
        "EncounterEnd",
        "ConditionOnset",
        "ConditionEnd",
        "AllergyOnset",
        "AllergyEnd",
        "MedicationOrder",
        "MedicationEnd",
        "CarePlanStart",
        "CarePlanEnd",
        "Procedure",
        "Observation",
        "MultiObservation",
        "DiagnosticReport",
        "VitalSign",
        "Symptom",
        "Death",
        "ImagingStudy",
        "Device",
        "DeviceEnd",
        "SupplyList",
        "Vaccine",
    ] {
        assert!(text.contains(&format!(r#""type":"{kind}""#)), "no {kind}");
    }
    let lab = Lab::of(
        &[
            ("x.json", text),
            ("s/sub.json", module("\"A\": {\"type\": \"Simple\", \"direct_transition\": \"End\"}")),
        ],
        &[("t.csv", TABLE)],
    );
    let person = lab.run();
    assert!(person.death.is_some(), "it ends with a death");
    let record = &person.record;
    for (what, count) in [
        ("encounters", record.encounters.len()),
        ("conditions", record.conditions.len()),
        ("allergies", record.allergies.len()),
        ("medications", record.medications.len()),
        ("care plans", record.care_plans.len()),
        ("procedures", record.procedures.len()),
        ("observations", record.observations.len()),
        ("reports", record.reports.len()),
        ("imaging", record.imaging.len()),
        ("devices", record.devices.len()),
        ("supplies", record.supplies.len()),
        ("immunizations", record.immunizations.len()),
    ] {
        assert!(count > 0, "no {what}");
    }
}

/// All places of a document, as ways from the root.
fn places(json: &Json) -> Vec<String> {
    fn walk(json: &Json, at: String, out: &mut Vec<String>) {
        match json {
            Json::Object(map) => {
                for (key, value) in map {
                    walk(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
                }
            }
            Json::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    walk(value, format!("{at}/{index}"), out);
                }
            }
            _ => {}
        }
        out.push(at);
    }
    let mut out = Vec::new();
    walk(json, String::new(), &mut out);
    out
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        (-3_i64..100).prop_map(Json::from),
        Just(Json::from(1e300)),
        "[a-zA-Z #{}()*/+-]{0,12}".prop_map(Json::from),
        prop::sample::select(vec!["Initial", "Q", "End", "s/sub", "x", "t.csv", "days", "==", "F"])
            .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(
                (prop::sample::select(vec!["exact", "codes", "type", "low", "unit"]), inner),
                0..4
            )
            .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// Whatever is put in the place of whatever: faults, or a module that runs.
    #[test]
    fn a_spoilt_module_never_breaks_the_loader(
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4)
    ) {
        let mut json = everything();
        for (place, value) in spoils {
            let places = places(&json);
            if let Some(spot) = json.pointer_mut(&places[place.index(places.len())]) {
                *spot = value;
            }
        }
        let sub = module("\"A\": {\"type\": \"Simple\", \"direct_transition\": \"End\"}");
        let files = files(&[("x.json", json.to_string()), ("s/sub.json", sub)], &[("t.csv", TABLE)]);
        if load(&files).is_ok() {
            let lab = Lab::of(&[("x.json", json.to_string()), ("s/sub.json", module("\"A\": {\"type\": \"Simple\", \"direct_transition\": \"End\"}"))], &[("t.csv", TABLE)]).days(60);
            lab.run();
        }
    }

    #[test]
    fn a_spoilt_text_never_breaks_the_loader(
        at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..6)
    ) {
        let mut text = everything().to_string().into_bytes();
        let at = at.index(text.len());
        let end = (at + bytes.len()).min(text.len());
        text.splice(at..end, bytes);
        let mut files = files(&[], &[("t.csv", TABLE)]);
        files.modules.push(("x.json".to_owned(), text));
        let _ = load(&files);
    }

    #[test]
    fn a_spoilt_table_never_breaks_the_loader(
        at in any::<prop::sample::Index>(), text in "[-0-9a-zA-Z,\"\n*.]{0,8}"
    ) {
        let mut table = TABLE.to_owned();
        let at = at.index(table.len());
        table.replace_range(at..(at + 1), &text);
        let sub = module("\"A\": {\"type\": \"Simple\", \"direct_transition\": \"End\"}");
        let _ = load(&files(&[("x.json", everything().to_string()), ("s/sub.json", sub)], &[("t.csv", &table)]));
    }
}

/// Synthea's own modules hold such faults; its engine passes over them.
#[test]
fn lenient_loading_warns_of_unknown_keys_and_shares() {
    let states = r#""A": {"type": "Simple", "colour": 1, "distributed_transition": [
        {"distribution": 0.4, "transition": "End"}, {"distribution": 0.44, "transition": "End"}]}"#;
    let mut files = files(&[("test.json", module(states))], &[]);
    assert_eq!(load(&files).map(|_| ()).expect_err("two faults").len(), 2);
    files.lenient = true;
    let (_, warnings) = load(&files).expect("no fault");
    for expected in ["test.json: A: unknown key `colour`", "sums to 0.84"] {
        assert!(warnings.iter().any(|text| text.contains(expected)), "{expected}: {warnings:?}");
    }
    // What leads nowhere stays a fault.
    files.modules[0].1 = module(r#""A": {"type": "Simple", "direct_transition": "No"}"#).into();
    assert!(load(&files).is_err());
}

/// `encounter/vitals` of Synthea's begins with an Observation.
#[test]
fn a_module_begins_at_its_state_initial_of_whatever_type() {
    let text = r#"{"name": "Test", "gmfVersion": 2, "states": {
        "Initial": {"type": "Simple", "direct_transition": "End"}, "End": {"type": "Terminal"}}}"#;
    assert!(load(&files(&[("test.json", text.to_owned())], &[])).is_ok());
    refused(r#""A": {"type": "Initial", "direct_transition": "End"}"#, "A", "only the state");
}
