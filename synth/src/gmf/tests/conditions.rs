//! What conditions ask.

use super::*;
use crate::random::Random;

/// Whether a condition holds after some states; `before` ends by going to `Q`.
#[track_caller]
fn holds_after(before: &str, condition: &str) -> bool {
    let lab = lab_after(before, condition);
    answer(&lab, lab.run())
}

fn lab_after(before: &str, condition: &str) -> Lab {
    let comma = if before.is_empty() { "" } else { "," };
    let first = if before.is_empty() { "A" } else { "Q" };
    Lab::new(&format!(
        r#"{before}{comma} "{first}": {{"type": "Simple", "conditional_transition": [
            {{"condition": {condition}, "transition": "yes"}}, {{"transition": "no"}}]}}, {}, {}"#,
        went("yes"),
        went("no")
    ))
}

#[track_caller]
fn answer(lab: &Lab, person: Person) -> bool {
    lab.text(&person, "went").expect("an answer") == "yes"
}

#[track_caller]
fn holds(condition: &str) -> bool {
    holds_after("", condition)
}

const YES: &str = r#"{"condition_type": "True"}"#;
const NO: &str = r#"{"condition_type": "False"}"#;

#[test]
fn true_false_and_their_combinations() {
    assert!(holds(YES));
    assert!(!holds(NO));
    for (left, right) in [(YES, YES), (YES, NO), (NO, YES), (NO, NO)] {
        let (l, r) = (left == YES, right == YES);
        let of = |kind: &str, more: &str| {
            holds(&format!(
                r#"{{"condition_type": "{kind}", {more} "conditions": [{left}, {right}]}}"#
            ))
        };
        assert_eq!(of("And", ""), l && r);
        assert_eq!(of("Or", ""), l || r);
        let count = u8::from(l) + u8::from(r);
        assert_eq!(of("At Least", r#""minimum": 1,"#), count >= 1);
        assert_eq!(of("At Least", r#""minimum": 2,"#), count >= 2);
        assert_eq!(of("At Most", r#""maximum": 1,"#), count <= 1);
        assert_eq!(of("At Most", r#""maximum": 0,"#), count == 0);
    }
    assert!(!holds(&format!(r#"{{"condition_type": "Not", "condition": {YES}}}"#)));
    assert!(holds(&format!(r#"{{"condition_type": "Not", "condition": {NO}}}"#)));
}

#[test]
fn sex_race_and_means() {
    assert!(holds(r#"{"condition_type": "Gender", "gender": "F"}"#));
    assert!(!holds(r#"{"condition_type": "Gender", "gender": "M"}"#));
    assert!(holds(r#"{"condition_type": "Race", "race": "Asian"}"#));
    assert!(!holds(r#"{"condition_type": "Race", "race": "White"}"#));
    assert!(!holds(r#"{"condition_type": "Race", "race": "Hispanic"}"#));
    let means = |category: &str| {
        holds_after(
            r#""A": {"type": "SetAttribute", "attribute": "socioeconomic_category",
            "value": "High", "direct_transition": "Q"}"#,
            &format!(r#"{{"condition_type": "Socioeconomic Status", "category": "{category}"}}"#),
        )
    };
    assert!(means("High"));
    assert!(!means("Low"));
}

/// Every operator, against numbers below, at and above.
#[test]
fn ages_and_dates_compare_by_every_operator() {
    let wait = r#""A": {"type": "Delay", "exact": {"quantity": 11, "unit": "years"}, "direct_transition": "Q"}"#;
    for (operator, expected) in [
        ("<", [false, false, true]),
        ("<=", [false, true, true]),
        ("==", [false, true, false]),
        (">=", [true, true, false]),
        (">", [true, false, false]),
        ("!=", [true, false, true]),
    ] {
        // 11 nominal years after 5 January 2000 it is 2 January 2011: ten years old.
        for (offset, expected) in (-1..=1).zip(expected) {
            let age = format!(
                r#"{{"condition_type": "Age", "operator": "{operator}", "quantity": {}, "unit": "years"}}"#,
                10 + offset
            );
            assert_eq!(holds_after(wait, &age), expected, "10 {operator} {}", 10 + offset);
            let year = format!(
                r#"{{"condition_type": "Date", "operator": "{operator}", "year": {}}}"#,
                2011 + offset
            );
            assert_eq!(holds_after(wait, &year), expected, "2011 {operator} {}", 2011 + offset);
        }
    }
    let age = |quantity: i32, unit: &str| {
        holds_after(
            wait,
            &format!(
                r#"{{"condition_type": "Age", "operator": "==", "quantity": {quantity}, "unit": "{unit}"}}"#
            ),
        )
    };
    assert!(age(131, "months"));
    assert!(age(11 * 365, "days"));
    assert!(age(11 * 365 / 7, "weeks"));
    assert!(holds_after(wait, r#"{"condition_type": "Date", "operator": "==", "month": 1}"#));
    let after = |day: u32| {
        holds_after(
            wait,
            &format!(
                r#"{{"condition_type": "Date", "operator": ">=", "date": {{"year": 2011, "month": 1,
                "day": {day}, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}}}}"#
            ),
        )
    };
    assert!(after(2));
    assert!(!after(3));
}

/// A guard on time opens at the very moment, not at the next look.
#[test]
fn guards_on_time_open_on_the_day() {
    let opens = |allow: &str| {
        let lab = Lab::new(&format!(
            r#""A": {{"type": "Guard", "allow": {allow}, "direct_transition": "V"}}, {}"#,
            visit("V", "End")
        ));
        lab.run().record.encounters[0].start
    };
    let age = |operator: &str, quantity: i32, unit: &str| {
        opens(&format!(
            r#"{{"condition_type": "Age", "operator": "{operator}", "quantity": {quantity}, "unit": "{unit}"}}"#
        ))
    };
    assert_eq!(age(">=", 40, "years"), Time::of_date(2040, 1, 5));
    assert_eq!(age(">", 40, "years"), Time::of_date(2041, 1, 5));
    assert_eq!(age("==", 18, "months"), Time::of_date(2001, 7, 5));
    assert_eq!(
        opens(r#"{"condition_type": "Date", "operator": ">", "year": 2005}"#),
        Time::of_date(2006, 1, 1)
    );
    assert_eq!(
        opens(r#"{"condition_type": "Date", "operator": "==", "month": 12}"#),
        Time::of_date(2000, 12, 1)
    );
    assert_eq!(
        opens(
            r#"{"condition_type": "And", "conditions": [
            {"condition_type": "Date", "operator": ">=", "date": {"year": 2003, "month": 5, "day": 6}},
            {"condition_type": "Not", "condition": {"condition_type": "Age", "operator": "<",
                "quantity": 2, "unit": "years"}}]}"#
        ),
        Time::of_date(2003, 5, 6)
    );
}

#[test]
fn attributes_compare_by_kind() {
    let set = |value: &str| {
        format!(
            r#""A": {{"type": "SetAttribute", "attribute": "x", "value": {value}, "direct_transition": "Q"}}"#
        )
    };
    let ask = |operator: &str, value: &str| {
        format!(
            r#"{{"condition_type": "Attribute", "attribute": "x", "operator": "{operator}"{value}}}"#
        )
    };
    for (operator, below, equal, above) in [
        ("<", true, false, false),
        ("<=", true, true, false),
        ("==", false, true, false),
        (">=", false, true, true),
        (">", false, false, true),
        ("!=", true, false, true),
    ] {
        let condition = ask(operator, r#", "value": 5"#);
        assert_eq!(holds_after(&set("4.5"), &condition), below);
        assert_eq!(holds_after(&set("5"), &condition), equal);
        assert_eq!(holds_after(&set("5.5"), &condition), above);
        assert!(!holds(&condition), "what is unset compares with nothing");
    }
    assert!(holds_after(&set("true"), &ask("==", r#", "value": true"#)));
    assert!(!holds_after(&set("true"), &ask("==", r#", "value": false"#)));
    assert!(holds_after(&set("\"a\""), &ask("==", r#", "value": "a""#)));
    assert!(holds_after(&set("\"a\""), &ask("!=", r#", "value": "b""#)));
    assert!(!holds_after(&set("\"a\""), &ask("==", r#", "value": "b""#)));
    assert!(holds(&ask("is nil", "")));
    assert!(!holds(&ask("is not nil", "")));
    assert!(holds_after(&set("false"), &ask("is not nil", "")));
    assert!(!holds_after(&set("false"), &ask("is nil", "")));
    let code = |code: u32| {
        format!(r#""value_code": {{"system": "SNOMED-CT", "code": {code}, "display": "x"}}"#)
    };
    let coded = format!(
        r#""A": {{"type": "SetAttribute", "attribute": "x", {}, "direct_transition": "Q"}}"#,
        code(3)
    );
    assert!(holds_after(&coded, &ask("==", &format!(", {}", code(3)))));
    assert!(!holds_after(&coded, &ask("==", &format!(", {}", code(4)))));
}

#[test]
fn seasons_read_like_attributes() {
    let lab = Lab::new(
        r#""A": {"type": "Delay", "exact": {"quantity": 5, "unit": "years"}, "direct_transition": "B"},
        "B": {"type": "SetAttribute", "attribute": "x", "value_attribute": "season_respiratory",
            "direct_transition": "End"}"#,
    );
    let person = lab.run();
    let expected =
        lab.world.seasons.intensity(crate::world::Season::Respiratory, BIRTH.plus(5 * YEAR));
    assert_eq!(lab.number(&person, "x"), expected);
    assert!(holds(
        r#"{"condition_type": "Attribute", "attribute": "season_injury", "operator": ">", "value": 0}"#
    ));
}

#[test]
fn vital_signs_and_symptoms_compare() {
    let vital = r#""A": {"type": "VitalSign", "vital_sign": "BMI", "exact": {"quantity": 31}, "direct_transition": "Q"}"#;
    let bmi = |operator: &str, value: u32| {
        format!(
            r#"{{"condition_type": "Vital Sign", "vital_sign": "BMI", "operator": "{operator}", "value": {value}}}"#
        )
    };
    assert!(holds_after(vital, &bmi(">=", 30)));
    assert!(!holds_after(vital, &bmi("<", 30)));
    assert!(!holds(&bmi(">=", 30)), "never measured");
    let nil = r#"{"condition_type": "Vital Sign", "vital_sign": "BMI", "operator": "is nil"}"#;
    assert!(holds(nil));
    assert!(!holds_after(vital, nil));
    let symptom = r#""A": {"type": "Symptom", "symptom": "Pain", "exact": {"quantity": 40}, "direct_transition": "Q"}"#;
    let pain = |operator: &str, value: u32| {
        format!(
            r#"{{"condition_type": "Symptom", "symptom": "Pain", "operator": "{operator}", "value": {value}}}"#
        )
    };
    assert!(holds_after(symptom, &pain("==", 40)));
    assert!(holds(&pain("<", 1)));
}

#[test]
fn observations_compare_the_latest() {
    let observe = |name: &str, code: u32, value: u32, next: &str| {
        format!(
            r#""{name}": {{"type": "Observation", "category": "laboratory", "unit": "%",
            "exact": {{"quantity": {value}}}, {}, "direct_transition": "{next}"}}"#,
            codes(code)
        )
    };
    let before = format!(
        "{}, {}, {}, {}",
        visit("A", "O"),
        observe("O", 1, 5, "P"),
        observe("P", 1, 8, "R"),
        observe("R", 2, 3, "Q")
    );
    let ask = |code: u32, rest: &str| {
        format!(r#"{{"condition_type": "Observation", {}, {rest}}}"#, codes(code))
    };
    assert!(holds_after(&before, &ask(1, r#""operator": "==", "value": 8"#)));
    assert!(!holds_after(&before, &ask(1, r#""operator": "<", "value": 8"#)));
    assert!(holds_after(&before, &ask(2, r#""operator": "is not nil""#)));
    assert!(holds_after(&before, &ask(3, r#""operator": "is nil""#)));
    assert!(!holds_after(&before, &ask(3, r#""operator": "<", "value": 9"#)));
    // Also inside another observation.
    let multi = format!(
        r#"{}, "M": {{"type": "MultiObservation", "category": "vital-signs", {}, "observations": [
        {{"category": "vital-signs", "unit": "mm[Hg]", "exact": {{"quantity": 150}}, {}}}],
        "direct_transition": "Q"}}"#,
        visit("A", "M"),
        codes(10),
        codes(11)
    );
    assert!(holds_after(&multi, &ask(11, r#""operator": ">", "value": 140"#)));
}

/// Going on, over, and by attribute: conditions, allergies, medications, care plans.
#[test]
fn what_is_active_is_known() {
    for (kind, onset, end) in [
        ("Active Condition", "ConditionOnset", "ConditionEnd"),
        ("Active Allergy", "AllergyOnset", "AllergyEnd"),
        ("Active Medication", "MedicationOrder", "MedicationEnd"),
        ("Active CarePlan", "CarePlanStart", "CarePlanEnd"),
    ] {
        let going = format!(
            r#"{}, "B": {{"type": "{onset}", "assign_to_attribute": "thing", {},
            "direct_transition": "Q"}}"#,
            visit("A", "B"),
            codes(60)
        );
        let ended = format!(
            r#"{}, "E": {{"type": "{end}", {}, "direct_transition": "Q"}}"#,
            going.replace("\"Q\"", "\"E\""),
            codes(60)
        );
        let by_code = format!(r#"{{"condition_type": "{kind}", {}}}"#, codes(60));
        let by_attribute =
            format!(r#"{{"condition_type": "{kind}", "referenced_by_attribute": "thing"}}"#);
        for ask in [&by_code, &by_attribute] {
            assert!(holds_after(&going, ask), "{kind}");
            assert!(!holds_after(&ended, ask), "{kind}");
        }
        assert!(!holds(&by_code));
        let other = format!(r#"{{"condition_type": "{kind}", {}}}"#, codes(61));
        assert!(!holds_after(&going, &other));
    }
}

#[test]
fn prior_states_are_remembered_since_and_within() {
    let before = r#""A": {"type": "Simple", "direct_transition": "W"},
        "W": {"type": "Delay", "exact": {"quantity": 10, "unit": "days"}, "direct_transition": "B"},
        "B": {"type": "Simple", "direct_transition": "Q"}"#;
    let prior = |rest: &str| format!(r#"{{"condition_type": "PriorState", {rest}}}"#);
    assert!(holds_after(before, &prior(r#""name": "A""#)));
    assert!(!holds_after(before, &prior(r#""name": "yes""#)));
    assert!(!holds_after(before, &prior(r#""name": "A", "since": "B""#)));
    assert!(holds_after(before, &prior(r#""name": "B", "since": "A""#)));
    let within = |days: u32| {
        prior(&format!(r#""name": "A", "within": {{"quantity": {days}, "unit": "days"}}"#))
    };
    assert!(!holds_after(before, &within(9)));
    assert!(holds_after(before, &within(11)));
}

/// Random trees of conditions against a truth table worked out beside them.
#[test]
fn nested_conditions_agree_with_boolean_algebra() {
    fn tree(random: &mut Random, depth: u32) -> (String, bool) {
        if depth == 0 || random.chance(0.2) {
            let truth = random.chance(0.5);
            return (if truth { YES } else { NO }.to_owned(), truth);
        }
        let kind = random.whole(0, 4);
        let parts: Vec<_> = (0..random.whole(1, 4)).map(|_| tree(random, depth - 1)).collect();
        let count = parts.iter().filter(|(_, truth)| *truth).count();
        let texts = parts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(",");
        let limit = random.whole(0, 4) as usize;
        match kind {
            0 => (
                format!(r#"{{"condition_type": "And", "conditions": [{texts}]}}"#),
                count == parts.len(),
            ),
            1 => (format!(r#"{{"condition_type": "Or", "conditions": [{texts}]}}"#), count > 0),
            2 => (
                format!(r#"{{"condition_type": "Not", "condition": {}}}"#, parts[0].0),
                !parts[0].1,
            ),
            3 => (
                format!(
                    r#"{{"condition_type": "At Least", "minimum": {limit}, "conditions": [{texts}]}}"#
                ),
                count >= limit,
            ),
            _ => (
                format!(
                    r#"{{"condition_type": "At Most", "maximum": {limit}, "conditions": [{texts}]}}"#
                ),
                count <= limit,
            ),
        }
    }
    for index in 0..60 {
        let (text, truth) = tree(&mut Random::new(1, index, "trees"), 4);
        assert_eq!(holds(&text), truth, "{text}");
    }
}
