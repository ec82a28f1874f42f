//! The ten places where generators of this kind have gone wrong without anybody noticing.

use super::*;
use crate::record::Class;
use crate::time::{HOUR, MINUTE, WEEK};

fn at(lab: &Lab) -> Vec<i64> {
    lab.run().record.encounters.iter().map(|encounter| encounter.start.since(BIRTH)).collect()
}

/// Trap 1: steps of seven days; modules run until death or the end, and not beyond.
#[test]
fn what_needs_watching_is_watched_every_seven_days() {
    // The window of ten days is over after the first step later than that: day 14.
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Simple", "direct_transition": "G"}},
        "G": {{"type": "Guard", "allow": {{"condition_type": "Not", "condition":
            {{"condition_type": "PriorState", "name": "A", "within": {{"quantity": 10, "unit": "days"}}}}}},
            "direct_transition": "V"}}, {}"#,
        visit("V", "End")
    ));
    assert_eq!(at(&lab), [2 * WEEK]);
    let looping = |death: &str| {
        let lab = Lab::new(&format!(
            r#""A": {{"type": "Counter", "attribute": "x", "action": "increment", "direct_transition": "W"}},
            "W": {{"type": "Delay", "exact": {{"quantity": 1, "unit": "weeks"}},
            "direct_transition": "{death}"}},
            "D": {{"type": "Death", "exact": {{"quantity": 701, "unit": "days"}}, "direct_transition": "A"}}"#
        ))
        .days(1_400);
        lab.number(&lab.run(), "x")
    };
    assert_eq!(looping("A"), 200.0, "weeks 0 to 199; week 200 is the end");
    assert_eq!(looping("D"), 102.0, "weeks 0 to 101; death on day 708");
}

/// Trap 2: what follows a wait happens at its exact end, not at the next step.
#[test]
fn a_wait_ends_to_the_second() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Delay", "exact": {{"quantity": 100001, "unit": "seconds"}},
            "direct_transition": "B"}},
        "B": {{"type": "Delay", "exact": {{"quantity": 3, "unit": "days"}}, "direct_transition": "V"}},
        {}, "P": {{"type": "Procedure", "duration": {{"low": 33, "high": 33, "unit": "minutes"}}, {},
            "direct_transition": "C"}},
        "C": {{"type": "Delay", "exact": {{"quantity": 5, "unit": "hours"}}, "direct_transition": "X"}}, {}"#,
        visit("V", "P"),
        codes(3),
        visit("X", "End")
    ));
    let first = 100_001 + 3 * DAY;
    assert_eq!(at(&lab), [first, first + 33 * MINUTE + 5 * HOUR]);
}

/// Trap 3: without a match the last option of a conditional transition; the last of a distributed one
/// takes what is left.
#[test]
fn the_last_option_catches_everything() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Simple", "conditional_transition": [
            {{"condition": {{"condition_type": "False"}}, "transition": "B"}},
            {{"condition": {{"condition_type": "False"}}, "transition": "C"}}]}}, {}, {}"#,
        went("B"),
        went("C")
    ));
    assert_eq!(lab.text(&lab.run(), "went"), Some("C"));
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Simple", "distributed_transition": [
            {{"distribution": {{"attribute": "p", "default": 0.1}}, "transition": "B"}},
            {{"distribution": {{"attribute": "p", "default": 0.2}}, "transition": "C"}},
            {{"distribution": 0.05, "transition": "D"}}]}}, {}, {}, {}"#,
        went("B"),
        went("C"),
        went("D")
    ));
    check_shares(&lab.tally(&["B", "C", "D"]), &[0.1, 0.2, 0.7]);
}

/// Trap 4: one encounter at a time, and a check-up serves a module once.
#[test]
fn who_wants_an_encounter_waits_for_the_open_one() {
    let stay = module(&format!(
        r#""A": {{"type": "Encounter", "encounter_class": "inpatient", {},
            "direct_transition": "W"}},
        "W": {{"type": "Delay", "exact": {{"quantity": 6, "unit": "days"}}, "direct_transition": "L"}},
        "L": {{"type": "EncounterEnd", "direct_transition": "End"}}"#,
        codes(1)
    ));
    let other = module(&format!(
        r#""A": {{"type": "Delay", "exact": {{"quantity": 2, "unit": "days"}},
            "direct_transition": "V"}}, {}"#,
        visit("V", "End")
    ));
    let lab = Lab::of(&[("a.json", stay), ("b.json", other.clone()), ("c.json", other)], &[]);
    let person = lab.run();
    let spans: Vec<_> = person
        .record
        .encounters
        .iter()
        .map(|e| (lab.modules.path(e.module.unwrap()).unwrap(), e.start, e.stop.unwrap()))
        .collect();
    let out = BIRTH.plus(6 * DAY);
    let half = 30 * MINUTE;
    assert_eq!(
        spans,
        [("a", BIRTH, out), ("b", out, out.plus(half)), ("c", out.plus(half), out.plus(2 * half))]
    );
}

#[test]
fn a_check_up_serves_a_module_once_and_each_module() {
    let waiting = module(
        r#""A": {"type": "Encounter", "wellness": true, "direct_transition": "C"},
        "C": {"type": "Counter", "attribute": "x", "action": "increment", "direct_transition": "L"},
        "L": {"type": "EncounterEnd", "direct_transition": "A"}"#,
    );
    let mut lab = Lab::of(&[("a.json", waiting.clone()), ("b.json", waiting)], &[]).days(1_001);
    lab.check_up_seconds = Some(100 * DAY);
    let person = lab.run();
    assert_eq!(person.record.encounters.len(), 10);
    assert_eq!(lab.number(&person, "x"), 20.0);
}

#[test]
fn a_check_up_due_in_a_stay_comes_right_after() {
    let mut lab = Lab::new(&format!(
        r#""A": {{"type": "Delay", "exact": {{"quantity": 90, "unit": "days"}},
            "direct_transition": "V"}},
        "V": {{"type": "Encounter", "encounter_class": "inpatient", {}, "direct_transition": "W"}},
        "W": {{"type": "Delay", "exact": {{"quantity": 20, "unit": "days"}}, "direct_transition": "L"}},
        "L": {{"type": "EncounterEnd", "direct_transition": "End"}}"#,
        codes(1)
    ))
    .days(120);
    lab.check_up_seconds = Some(100 * DAY);
    let encounters = lab.run().record.encounters;
    assert_eq!(encounters.len(), 2);
    assert_eq!(encounters[1].class, Class::Wellness);
    assert!(encounters[1].start >= encounters[0].stop.unwrap());
    assert!(encounters[1].start.since(encounters[0].stop.unwrap()) < DAY);
}

/// Trap 5: a module's own history counts, with that of its submodules once they are through; a
/// submodule sees only its own.
#[test]
fn prior_states_are_the_modules_own() {
    let ask = |name: &str, state: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "Simple", "conditional_transition": [
            {{"condition": {{"condition_type": "PriorState", "name": "{state}"}},
                "transition": "{next}_yes"}}, {{"transition": "{next}_no"}}]}}"#
        )
    };
    let note = |name: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "SetAttribute", "attribute": "{name}", "value": true,
            "direct_transition": "{next}"}}"#
        )
    };
    let top = module(&format!(
        r#""A": {{"type": "Simple", "direct_transition": "Call"}},
        "Call": {{"type": "CallSubmodule", "submodule": "s/sub", "direct_transition": "After"}},
        {}, {}, {}, {}, {}, {}"#,
        ask("After", "Inside", "spliced"),
        note("spliced_yes", "Other"),
        note("spliced_no", "Other"),
        ask("Other", "Elsewhere", "other"),
        note("other_yes", "End"),
        note("other_no", "End")
    ));
    let sub = module(&format!(
        r#""A": {{"type": "Simple", "direct_transition": "Inside"}},
        "Inside": {{"type": "Simple", "direct_transition": "Ask"}}, {}, {}, {}"#,
        ask("Ask", "Call", "caller"),
        note("caller_yes", "End"),
        note("caller_no", "End")
    ));
    let elsewhere = module(
        r#""A": {"type": "Simple", "direct_transition": "Elsewhere"},
        "Elsewhere": {"type": "Simple", "direct_transition": "End"}"#,
    );
    let lab = Lab::of(&[("b.json", top), ("s/sub.json", sub), ("a.json", elsewhere)], &[]);
    let person = lab.run();
    let set = |name: &str| lab.value(&person, name) == Value::Bool(true);
    assert!(set("caller_no") && !set("caller_yes"), "a submodule does not see its caller's states");
    assert!(set("spliced_yes") && !set("spliced_no"), "the caller sees its submodule's states");
    assert!(set("other_no") && !set("other_yes"), "nobody sees other modules' states");
}

/// Trap 6: nobody knows of a condition before the encounter that finds it.
#[test]
fn a_condition_shows_only_once_it_is_found() {
    let ask = |name: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "Simple", "conditional_transition": [{{"condition":
            {{"condition_type": "Active Condition", {}}}, "transition": "{name}_yes"}},
            {{"transition": "{next}"}}]}}, "{name}_yes": {{"type": "SetAttribute",
            "attribute": "{name}", "value": true, "direct_transition": "{next}"}}"#,
            codes(9)
        )
    };
    let lab = Lab::new(&format!(
        r#""A": {{"type": "ConditionOnset", "target_encounter": "Find", {},
            "direct_transition": "before"}},
        {}, "W": {{"type": "Delay", "exact": {{"quantity": 30, "unit": "days"}},
            "direct_transition": "Other"}},
        {}, "between_end": {{"type": "EncounterEnd", "direct_transition": "Find"}}, {}, {}, {}"#,
        codes(9),
        ask("before", "W"),
        visit("Other", "between"),
        ask("between", "between_end"),
        visit("Find", "after"),
        ask("after", "End")
    ));
    let person = lab.run();
    let set = |name: &str| lab.value(&person, name) == Value::Bool(true);
    assert!(!set("before") && !set("between") && set("after"));
    let condition = &person.record.conditions[0];
    assert_eq!(condition.onset, BIRTH);
    assert_eq!(condition.encounter, Some(1));
    assert_eq!(condition.diagnosed, Some(person.record.encounters[1].start));
}

#[test]
fn what_is_over_before_anyone_looks_is_never_found() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "ConditionOnset", "target_encounter": "V", {}, "direct_transition": "E"}},
        "E": {{"type": "ConditionEnd", "condition_onset": "A", "direct_transition": "V"}}, {}"#,
        codes(9),
        visit("V", "End")
    ));
    let condition = &lab.run().record.conditions[0];
    assert_eq!((condition.encounter, condition.diagnosed), (None, None));
    assert_eq!(condition.abatement, Some(BIRTH));
}

/// Trap 7: an exponential wait is one longer than its sample; months have 30 days.
#[test]
fn exponential_adds_one_and_months_are_nominal() {
    let lab = Lab::new(
        r#""A": {"type": "SetAttribute", "attribute": "x", "distribution":
        {"kind": "EXPONENTIAL", "parameters": {"mean": 4}}, "direct_transition": "End"}"#,
    );
    let sample = lab.sample();
    assert!(sample[0] >= 1.0);
    check_distribution(&sample, |x| 1.0 - (-(x - 1.0).max(0.0) / 4.0).exp());
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Delay", "exact": {{"quantity": 12, "unit": "months"}},
        "direct_transition": "V"}}, {}"#,
        visit("V", "End")
    ));
    assert_eq!(at(&lab), [360 * DAY]);
}

/// Trap 8: a table that knows nobody like this gives way to the defaults, not to nothing.
#[test]
fn a_table_without_a_row_gives_the_defaults() {
    let states = format!(
        r#""A": {{"type": "Simple", "lookup_table_transition": [
            {{"transition": "B", "default_probability": 0.35, "lookup_table_name": "t.csv"}},
            {{"transition": "C", "default_probability": 0.65, "lookup_table_name": "t.csv"}}]}}, {}, {}"#,
        went("B"),
        went("C")
    );
    let lab = Lab::of(
        &[("test.json", module(&states))],
        &[("t.csv", "gender,age,B,C\r\nM,0-120,1,0\r\nF,50-120,1,0\r\n")],
    );
    check_shares(&lab.tally(&["B", "C"]), &[0.35, 0.65]);
}

/// Trap 9: history is cut when written, never while living: what began long ago is still there.
#[test]
fn the_record_keeps_everything_from_birth() {
    let lab = Lab::new(&format!(
        r#"{}, "C": {{"type": "ConditionOnset", {}, "direct_transition": "M"}},
        "M": {{"type": "MedicationOrder", {}, "direct_transition": "End"}}"#,
        visit("A", "C"),
        codes(5),
        codes(6)
    ));
    let person = lab.run();
    assert_eq!(person.record.conditions[0].onset, BIRTH);
    assert_eq!(person.record.conditions[0].abatement, None);
    assert_eq!(person.record.medications[0].stop, None);
}

/// Trap 10: an attribute that only a module left out would set is named, not silently nil.
#[test]
fn what_nobody_sets_is_named() {
    let lab = Lab::new(
        r#""A": {"type": "Guard", "allow": {"condition_type": "And", "conditions": [
            {"condition_type": "Attribute", "attribute": "from_elsewhere", "operator": "==", "value": true},
            {"condition_type": "Attribute", "attribute": "smoker", "operator": "==", "value": true},
            {"condition_type": "Attribute", "attribute": "own", "operator": "==", "value": true}]},
            "direct_transition": "S"},
        "S": {"type": "SetAttribute", "attribute": "own", "value": true, "direct_transition": "End"}"#,
    );
    assert_eq!(
        lab.modules.unset_attributes(),
        [("from_elsewhere".to_owned(), vec!["test.json".to_owned()])]
    );
}
