//! Kinds of numbers and of other values.

use super::*;
use crate::record::Finding;

fn set(value: &str) -> Lab {
    Lab::new(&format!(
        r#""A": {{"type": "SetAttribute", "attribute": "x", {value}, "direct_transition": "End"}}"#
    ))
}

fn distribution(kind: &str, parameters: &str) -> Lab {
    set(&format!(r#""distribution": {{"kind": "{kind}", "parameters": {{{parameters}}}}}"#))
}

#[test]
fn exact_is_exact() {
    let lab = distribution("EXACT", r#""value": 12.5"#);
    assert_eq!(lab.number(&lab.run(), "x"), 12.5);
    let lab = set(r#""exact": {"quantity": 7}"#);
    assert_eq!(lab.number(&lab.run(), "x"), 7.0);
}

#[test]
fn uniform_is_flat() {
    let flat = |x: f64| ((x - 10.0) / 5.0).clamp(0.0, 1.0);
    let sample = distribution("UNIFORM", r#""low": 10, "high": 15"#).sample();
    check_distribution(&sample, flat);
    assert!(sample[0] >= 10.0 && sample[sample.len() - 1] < 15.0);
    check_distribution(&set(r#""range": {"low": 10, "high": 15}"#).sample(), flat);
}

#[test]
fn gaussian_is_normal_and_clamped() {
    let normal = |x: f64| normal_cumulative((x - 100.0) / 15.0);
    let sample = distribution("GAUSSIAN", r#""mean": 100, "standardDeviation": 15"#).sample();
    check_distribution(&sample, normal);
    let clamped =
        distribution("GAUSSIAN", r#""mean": 100, "standardDeviation": 15, "min": 85, "max": 130"#)
            .sample();
    let below = clamped.iter().filter(|x| **x == 85.0).count() as u64;
    let above = clamped.iter().filter(|x| **x == 130.0).count() as u64;
    let (low, high) = (normal(85.0), 1.0 - normal(130.0));
    check_shares(&[below, MANY - below - above, above], &[low, 1.0 - low - high, high]);
}

#[test]
fn triangular_has_its_corners() {
    let sample = distribution("TRIANGULAR", r#""min": 2, "mode": 3, "max": 7"#).sample();
    check_distribution(&sample, |x| {
        if x < 3.0 { (x - 2.0).powi(2) / 5.0 } else { 1.0 - (7.0 - x).powi(2) / 20.0 }
    });
}

#[test]
fn log_normal_has_its_median_and_spread() {
    let sample = distribution("LOGNORMAL", r#""median": 4.2, "sigma": 0.7"#).sample();
    check_distribution(&sample, |x| normal_cumulative((x / 4.2).ln() / 0.7));
}

#[test]
fn round_gives_whole_numbers() {
    let lab = set(
        r#""distribution": {"kind": "UNIFORM", "round": true, "parameters": {"low": 0, "high": 3}}"#,
    );
    let sample = lab.sample();
    let count = |value: f64| sample.iter().filter(|x| **x == value).count() as u64;
    check_shares(
        &[count(0.0), count(1.0), count(2.0), count(3.0)],
        &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    );
}

#[test]
fn attributes_take_every_kind_of_value() {
    let value = |value: &str| {
        let lab = set(value);
        let person = lab.run();
        lab.value(&person, "x")
    };
    assert_eq!(value(r#""value": true"#), Value::Bool(true));
    assert_eq!(value(r#""value": 3"#), Value::Number(3.0));
    let lab = set(r#""value": "blue""#);
    assert_eq!(lab.text(&lab.run(), "x"), Some("blue"));
    let code =
        value(r#""value_code": {"system": "LOINC", "code": 123, "display": "Something measured"}"#);
    assert!(matches!(code, Value::Code(_)));
    assert_eq!(value(r#""expression": "(2 + 4) * -3 / 2 - 1""#), Value::Number(-10.0));
}

#[test]
fn an_attribute_can_be_copied_unset_and_computed_with() {
    let lab = Lab::new(
        r##""A": {"type": "SetAttribute", "attribute": "x", "value": 20, "direct_transition": "B"},
        "B": {"type": "SetAttribute", "attribute": "y", "value_attribute": "x", "direct_transition": "C"},
        "C": {"type": "SetAttribute", "attribute": "z", "expression": "#{x} / 8 + #{age}",
            "direct_transition": "D"},
        "D": {"type": "SetAttribute", "attribute": "x", "direct_transition": "End"}"##,
    );
    let person = lab.run();
    assert_eq!(lab.number(&person, "y"), 20.0);
    assert_eq!(lab.number(&person, "z"), 2.5);
    assert_eq!(lab.value(&person, "x"), Value::Unset);
}

#[test]
fn an_expression_beyond_arithmetic_is_a_warning_and_unset() {
    let lab = set(r#""expression": "Max({1, 2})""#);
    assert_eq!(lab.value(&lab.run(), "x"), Value::Unset);
    assert!(lab.warnings.iter().any(|warning| warning.contains("test.json: A")));
}

#[test]
fn counters_count_from_nothing_by_any_amount() {
    let lab = Lab::new(
        r#""A": {"type": "Counter", "attribute": "x", "action": "increment", "direct_transition": "B"},
        "B": {"type": "Counter", "attribute": "x", "action": "increment", "amount": 5,
            "direct_transition": "C"},
        "C": {"type": "Counter", "attribute": "x", "action": "decrement", "amount": 2,
            "direct_transition": "End"}"#,
    );
    assert_eq!(lab.number(&lab.run(), "x"), 4.0);
}

/// What an observation with this value finds.
fn found(before: &str, value: &str) -> (Finding, Lab) {
    let lab = Lab::new(&format!(
        r#"{before} {}, "O": {{"type": "Observation", "category": "laboratory", "unit": "mg/dL",
        {value}, {}, "direct_transition": "End"}}"#,
        visit(if before.is_empty() { "A" } else { "V" }, "O"),
        codes(7)
    ));
    let person = lab.run();
    assert_eq!(person.record.observations.len(), 1);
    let observation = &person.record.observations[0];
    assert_eq!(lab.vocabulary.symbol(observation.unit), "mg/dL");
    assert_eq!(observation.category, "laboratory");
    (observation.value, lab)
}

#[test]
fn observations_find_every_kind_of_value() {
    assert_eq!(found("", r#""exact": {"quantity": 4.25}"#).0, Finding::Quantity(4.25, 2));
    let (text, lab) = found("", r#""exact": {"quantity": "cloudy"}"#);
    assert!(matches!(text, Finding::Text(text) if lab.vocabulary.symbol(text) == "cloudy"));
    let (code, lab) = found(
        "",
        r#""value_code": {"system": "SNOMED-CT", "code": "260373001", "display": "Found"}"#,
    );
    assert!(matches!(code, Finding::Code(code) if &*lab.vocabulary.code(code).code == "260373001"));
    let ranged = found("", r#""range": {"low": 3, "high": 9, "decimals": 1}"#).0;
    assert!(matches!(ranged, Finding::Quantity(value, 1)
        if (3.0..=9.0).contains(&value) && (value * 10.0).fract().abs() < 1e-9));
    let drawn = found(
        "",
        r#""distribution": {"kind": "UNIFORM", "round": true, "parameters": {"low": 3, "high": 9}}"#,
    );
    assert!(matches!(drawn.0, Finding::Quantity(value, 0) if value.fract() == 0.0));
    let set = r#""A": {"type": "SetAttribute", "attribute": "x", "value": 31, "direct_transition": "V"},"#;
    assert_eq!(found(set, r#""attribute": "x""#).0, Finding::Quantity(31.0, 0));
    let vital = r#""A": {"type": "VitalSign", "vital_sign": "Glucose", "unit": "mg/dL",
        "exact": {"quantity": 131}, "direct_transition": "V"},"#;
    assert_eq!(found(vital, r#""vital_sign": "glucose""#).0, Finding::Quantity(131.0, 0));
}
