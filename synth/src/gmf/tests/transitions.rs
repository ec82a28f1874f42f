//! Where states lead.

use super::*;

#[test]
fn a_direct_transition_goes_where_it_says() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Simple", "direct_transition": "B"}}, {}, {}"#,
        went("B"),
        went("C")
    ));
    assert_eq!(lab.text(&lab.run(), "went"), Some("B"));
}

#[test]
fn a_conditional_transition_takes_the_first_that_holds() {
    let choose = |first: &str, second: &str| {
        let lab = Lab::new(&format!(
            r#""A": {{"type": "Simple", "conditional_transition": [
                {{"condition": {{"condition_type": "{first}"}}, "transition": "B"}},
                {{"condition": {{"condition_type": "{second}"}}, "transition": "C"}},
                {{"transition": "D"}}]}}, {}, {}, {}"#,
            went("B"),
            went("C"),
            went("D")
        ));
        lab.text(&lab.run(), "went").map(str::to_owned)
    };
    assert_eq!(choose("True", "True").as_deref(), Some("B"));
    assert_eq!(choose("False", "True").as_deref(), Some("C"));
    assert_eq!(choose("False", "False").as_deref(), Some("D"));
}

#[test]
fn a_distributed_transition_keeps_its_shares() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Simple", "distributed_transition": [
            {{"distribution": 0.2, "transition": "B"}},
            {{"distribution": 0.03, "transition": "C"}},
            {{"distribution": 0.77, "transition": "D"}}]}}, {}, {}, {}"#,
        went("B"),
        went("C"),
        went("D")
    ));
    check_shares(&lab.tally(&["B", "C", "D"]), &[0.2, 0.03, 0.77]);
}

/// A share read from an attribute: its value, what stands in for it, a factor, and the limits.
#[test]
fn a_share_can_be_an_attribute() {
    let share = |set: &str, named: &str| {
        Lab::new(&format!(
            r#""A": {{"type": "SetAttribute", "attribute": "risk", {set} "direct_transition": "S"}},
            "S": {{"type": "Simple", "distributed_transition": [
            {{"distribution": {{"attribute": "risk", {named}}}, "transition": "B"}},
            {{"distribution": 0, "transition": "C"}}]}}, {}, {}"#,
            went("B"),
            went("C")
        ))
        .tally(&["B", "C"])
    };
    check_shares(&share(r#""value": 0.3,"#, r#""default": 0.9"#), &[0.3, 0.7]);
    check_shares(&share("", r#""default": 0.15"#), &[0.15, 0.85]);
    check_shares(&share(r#""value": 0.3,"#, r#""default": 0.9, "times": 0.5"#), &[0.15, 0.85]);
    check_shares(&share("", r#""default": 0.4, "times": 0.5"#), &[0.2, 0.8]);
    assert_eq!(share(r#""value": 0.3,"#, r#""default": 0, "times": 10"#), [MANY, 0]);
    assert_eq!(share(r#""value": -0.3,"#, r#""default": 0"#), [0, MANY]);
}

#[test]
fn a_complex_transition_draws_within_the_first_condition_that_holds() {
    let lab = |first: &str| {
        Lab::new(&format!(
            r#""A": {{"type": "Simple", "complex_transition": [
            {{"condition": {{"condition_type": "{first}"}}, "distributions": [
                {{"distribution": 0.9, "transition": "B"}}, {{"distribution": 0.1, "transition": "C"}}]}},
            {{"distributions": [
                {{"distribution": 0.25, "transition": "B"}}, {{"distribution": 0.75, "transition": "C"}}]}}
            ]}}, {}, {}"#,
            went("B"),
            went("C")
        ))
    };
    check_shares(&lab("True").tally(&["B", "C"]), &[0.9, 0.1]);
    check_shares(&lab("False").tally(&["B", "C"]), &[0.25, 0.75]);
    let direct = Lab::new(&format!(
        r#""A": {{"type": "Simple", "complex_transition": [
            {{"condition": {{"condition_type": "False"}}, "transition": "B"}},
            {{"transition": "C"}}]}}, {}, {}"#,
        went("B"),
        went("C")
    ));
    assert_eq!(direct.text(&direct.run(), "went"), Some("C"));
}

#[test]
fn care_is_sought_by_time_and_means() {
    let lab = |years: u32, category: &str| {
        Lab::new(&format!(
            r#""A": {{"type": "SetAttribute", "attribute": "socioeconomic_category",
                "value": "{category}", "direct_transition": "W"}},
            "W": {{"type": "Delay", "exact": {{"quantity": {years}, "unit": "years"}},
                "direct_transition": "S"}},
            "S": {{"type": "Simple", "type_of_care_transition":
                {{"ambulatory": "B", "emergency": "C", "telemedicine": "D"}}}}, {}, {}, {}"#,
            went("B"),
            went("C"),
            went("D")
        ))
    };
    let before = lab(1, "Middle").tally(&["B", "C", "D"]);
    assert_eq!(before[2], 0, "no telemedicine before 2020");
    check_shares(&before[..2], &[0.75, 0.25]);
    check_shares(&lab(1, "Low").tally(&["B", "C", "D"])[..2], &[0.65, 0.35]);
    check_shares(&lab(25, "Middle").tally(&["B", "C", "D"]), &[0.56, 0.20, 0.24]);
    check_shares(&lab(25, "Low").tally(&["B", "C", "D"]), &[0.66, 0.25, 0.09]);
}

#[test]
fn the_alternative_of_physiology_is_taken() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Physiology", "model": "m.xml", "solver": "s", "step_size": 0.1,
            "sim_duration": 1, "lead_time": 0, "inputs": [], "outputs": [],
            "direct_transition": "B", "alt_direct_transition": "C"}}, {}, {}"#,
        went("B"),
        went("C")
    ));
    assert_eq!(lab.text(&lab.run(), "went"), Some("C"));
    assert!(lab.warnings.iter().any(|w| w.contains("test.json: A: Physiology")));
}

/// A table keyed by an attribute, a person's sex, age and time.
#[test]
fn a_lookup_table_gives_the_shares_of_the_row_that_fits() {
    let table = "gender,risk,age,time,B,C\n\
                 F,high,0-19,0-4102444800000,0.9,0.1\n\
                 F,high,20-39,0-4102444800000,0.5,0.5\n\
                 F,low,0-120,0-1000000000000,0.1,0.9\n\
                 F,low,0-120,1000000000001-4102444800000,0.7,0.3\n\
                 M,*,0-120,0-4102444800000,1,0\n";
    let lab = |risk: &str, years: u32| {
        let states = format!(
            r#""A": {{"type": "SetAttribute", "attribute": "risk", "value": "{risk}",
                "direct_transition": "W"}},
            "W": {{"type": "Delay", "exact": {{"quantity": {years}, "unit": "years"}},
                "direct_transition": "S"}},
            "S": {{"type": "Simple", "lookup_table_transition": [
                {{"transition": "C", "default_probability": 0.4, "lookup_table_name": "t.csv"}},
                {{"transition": "B", "default_probability": 0.6, "lookup_table_name": "t.csv"}}]}},
            {}, {}"#,
            went("B"),
            went("C")
        );
        Lab::of(&[("test.json", module(&states))], &[("t.csv", table)])
    };
    check_shares(&lab("high", 19).tally(&["B", "C"]), &[0.9, 0.1]);
    check_shares(&lab("high", 21).tally(&["B", "C"]), &[0.5, 0.5]);
    // 1,000,000,000 s after 1970 is in September 2001.
    check_shares(&lab("low", 1).tally(&["B", "C"]), &[0.1, 0.9]);
    check_shares(&lab("low", 2).tally(&["B", "C"]), &[0.7, 0.3]);
    // No row: the defaults.
    check_shares(&lab("high", 45).tally(&["B", "C"]), &[0.6, 0.4]);
    check_shares(&lab("unheard of", 1).tally(&["B", "C"]), &[0.6, 0.4]);
    let lab = lab("any", 1);
    let mut man = lab.person(0);
    man.sex = Sex::Male;
    assert_eq!(lab.text(&lab.live(man), "went"), Some("B"), "`*` fits everything");
}

/// Tables without `*` are searched by key; the answer must be that of reading row by row.
#[test]
fn a_large_table_is_searched_as_if_read_row_by_row() {
    let mut table = String::from("race,count,flag,age,B,C\n");
    for race in ["white", "black", "asian"] {
        for count in 0..4 {
            for flag in ["true", "false"] {
                for age in ["0-9", "10-19"] {
                    let here = race == "asian" && count == 2 && flag == "true" && age == "10-19";
                    let share = if here { 1 } else { 0 };
                    table += &format!("{race},{count},{flag},{age},{share},{}\n", 1 - share);
                }
            }
        }
    }
    let lab = |count: u32, flag: bool, years: u32| {
        let states = format!(
            r#""A": {{"type": "SetAttribute", "attribute": "count", "value": {count},
                "direct_transition": "F"}},
            "F": {{"type": "SetAttribute", "attribute": "flag", "value": {flag},
                "direct_transition": "W"}},
            "W": {{"type": "Delay", "exact": {{"quantity": {years}, "unit": "years"}},
                "direct_transition": "S"}},
            "S": {{"type": "Simple", "lookup_table_transition": [
                {{"transition": "B", "default_probability": 0, "lookup_table_name": "t.csv"}},
                {{"transition": "C", "default_probability": 1, "lookup_table_name": "t.csv"}}]}},
            {}, {}"#,
            went("B"),
            went("C")
        );
        let lab = Lab::of(&[("test.json", module(&states))], &[("t.csv", &table)]);
        lab.text(&lab.run(), "went").map(str::to_owned)
    };
    assert_eq!(lab(2, true, 12).as_deref(), Some("B"));
    assert_eq!(lab(2, true, 2).as_deref(), Some("C"));
    assert_eq!(lab(2, false, 12).as_deref(), Some("C"));
    assert_eq!(lab(3, true, 12).as_deref(), Some("C"));
}
