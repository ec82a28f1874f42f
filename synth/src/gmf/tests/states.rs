//! What each state does.

use super::*;
use crate::record::{Class, Entry, Finding, Severity, Ward};
use crate::time::{HOUR, MINUTE};

/// A wait of so many days.
fn delay(name: &str, days: u32, next: &str) -> String {
    format!(
        r#""{name}": {{"type": "Delay", "exact": {{"quantity": {days}, "unit": "days"}},
        "direct_transition": "{next}"}}"#
    )
}

fn encounter(name: &str, class: &str, more: &str, next: &str) -> String {
    format!(
        r#""{name}": {{"type": "Encounter", "encounter_class": "{class}", {}, {more}
        "direct_transition": "{next}"}}"#,
        codes(1)
    )
}

fn leave(name: &str, next: &str) -> String {
    format!(r#""{name}": {{"type": "EncounterEnd", "direct_transition": "{next}"}}"#)
}

#[test]
fn a_delay_of_every_unit_and_kind_lasts_as_long_as_it_says() {
    let lasts = |wait: &str| {
        let lab = Lab::new(&format!(
            r#""A": {{"type": "Delay", {wait}, "direct_transition": "V"}}, {}"#,
            visit("V", "End")
        ));
        lab.run().record.encounters[0].start.since(BIRTH)
    };
    let exact = |unit: &str| lasts(&format!(r#""exact": {{"quantity": 3, "unit": "{unit}"}}"#));
    assert_eq!(exact("seconds"), 3);
    assert_eq!(exact("minutes"), 180);
    assert_eq!(exact("hours"), 3 * 3_600);
    assert_eq!(exact("days"), 3 * 86_400);
    assert_eq!(exact("weeks"), 21 * 86_400);
    assert_eq!(exact("months"), 90 * 86_400);
    assert_eq!(exact("years"), 3 * 365 * 86_400);
    let ranged = lasts(r#""range": {"low": 2, "high": 4, "unit": "days"}"#);
    assert!((2 * DAY..4 * DAY).contains(&ranged));
    let drawn =
        r#""distribution": {"kind": "EXACT", "parameters": {"value": 1.5}}, "unit": "days""#;
    assert_eq!(lasts(drawn), 36 * HOUR);
}

#[test]
fn a_stay_lasts_as_long_as_age_wants() {
    let lab = Lab::new(&format!(
        r#""A": {{"type": "Delay", "stay": true, "exact": {{"quantity": 10, "unit": "days"}},
        "direct_transition": "V"}}, {}"#,
        visit("V", "End")
    ));
    let lasted = lab.run().record.encounters[0].start.since(BIRTH);
    assert_eq!(lasted, (10.0 * DAY as f64 * life::stay_factor(0)).round() as i64);
    assert_ne!(lasted, 10 * DAY, "a newborn does not stay as long as someone of 50");
}

#[test]
fn a_guard_lets_pass_at_the_moment_its_condition_holds() {
    let lab = Lab::of(
        &[
            (
                "a.json",
                module(&format!(
                    r#""A": {{"type": "Guard", "allow": {{"condition_type": "Attribute",
                    "attribute": "ready", "operator": "==", "value": true}},
                    "direct_transition": "V"}}, {}"#,
                    visit("V", "End")
                )),
            ),
            (
                "b.json",
                module(&format!(
                    r#"{}, "S": {{"type": "SetAttribute", "attribute": "ready", "value": true,
                    "direct_transition": "End"}}"#,
                    delay("A", 10, "S")
                )),
            ),
        ],
        &[],
    );
    let person = lab.run();
    assert_eq!(person.record.encounters[0].start, BIRTH.plus(10 * DAY));
    let never = Lab::new(&format!(
        r#""A": {{"type": "Guard", "allow": {{"condition_type": "False"}}, "direct_transition": "V"}},
        {}"#,
        visit("V", "End")
    ));
    assert!(never.run().record.encounters.is_empty());
}

/// Two levels of submodules: they run in the caller's place, in its encounter, and come back.
#[test]
fn a_submodule_runs_in_the_callers_encounter_and_returns() {
    let call = |name: &str, submodule: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "CallSubmodule", "submodule": "{submodule}",
            "direct_transition": "{next}"}}"#
        )
    };
    let observe = |name: &str, code: u32, next: &str| {
        format!(
            r#""{name}": {{"type": "Observation", "category": "exam", "unit": "1",
            "exact": {{"quantity": {code}}}, {}, "direct_transition": "{next}"}}"#,
            codes(code)
        )
    };
    let lab = Lab::of(
        &[
            (
                "top.json",
                module(&format!(
                    "{}, {}, {}",
                    visit("A", "C"),
                    call("C", "sub/one", "O"),
                    observe("O", 13, "End")
                )),
            ),
            (
                "sub/one.json",
                module(&format!(
                    "{}, {}, {}",
                    observe("A", 11, "W"),
                    r#""W": {"type": "Delay", "exact": {"quantity": 5, "unit": "minutes"}, "direct_transition": "C"}"#,
                    call("C", "sub/two", "End")
                )),
            ),
            ("sub/two.json", module(&observe("A", 12, "End"))),
        ],
        &[],
    );
    let person = lab.run();
    let found: Vec<_> = person.record.observations.iter().map(|o| (o.value, o.encounter)).collect();
    let number = |value: f64| (Finding::Quantity(value, 0), 0);
    assert_eq!(found, [number(11.0), number(12.0), number(13.0)]);
    assert_eq!(person.record.encounters.len(), 1);
    assert_eq!(person.record.observations[2].time, BIRTH.plus(5 * MINUTE));
    assert_eq!(
        lab.modules.names().collect::<Vec<_>>(),
        ["top"],
        "submodules are not run by themselves"
    );
}

#[test]
fn an_encounter_has_class_codes_reason_and_end() {
    for (name, class) in [
        ("ambulatory", Class::Ambulatory),
        ("outpatient", Class::Outpatient),
        ("urgentcare", Class::UrgentCare),
        ("emergency", Class::Emergency),
        ("inpatient", Class::Inpatient),
        ("hospice", Class::Hospice),
        ("home", Class::Home),
        ("snf", Class::Snf),
        ("virtual", Class::Virtual),
    ] {
        let lab = Lab::new(&format!(
            r#""A": {{"type": "ConditionOnset", "target_encounter": "V", {}, "direct_transition": "V"}},
            {}, "W": {{"type": "Delay", "exact": {{"quantity": 40, "unit": "minutes"}},
            "direct_transition": "L"}}, "L": {{"type": "EncounterEnd", "discharge_disposition":
            {{"system": "NUBC", "code": "1", "display": "Home"}}, "direct_transition": "End"}}"#,
            codes(9),
            encounter("V", name, r#""reason": "A", "acuity": 2,"#, "W")
        ));
        let person = lab.run();
        let encounter = &person.record.encounters[0];
        assert_eq!(encounter.class, class);
        assert_eq!(&*lab.vocabulary.first(encounter.codes).code, "1");
        assert_eq!((encounter.start, encounter.stop), (BIRTH, Some(BIRTH.plus(40 * MINUTE))));
        assert_eq!(encounter.reason, Some(person.record.conditions[0].codes));
        assert_eq!(encounter.acuity, Some(2));
        let discharge = encounter.discharge.map(|code| &*lab.vocabulary.code(code).code);
        assert_eq!(discharge, Some("1"));
    }
}

#[test]
fn a_visit_without_time_takes_the_usual_time() {
    let lab = Lab::new(&format!("{}, {}", visit("A", "L"), leave("L", "End")));
    let person = lab.run();
    assert_eq!(person.record.encounters[0].stop, Some(BIRTH.plus(30 * MINUTE)));
}

#[test]
fn who_forgets_to_leave_has_left_at_the_end_of_the_module() {
    let lab = Lab::new(&visit("A", "End"));
    assert_eq!(lab.run().record.encounters[0].stop, Some(BIRTH.plus(30 * MINUTE)));
    let lab = Lab::new(&format!("{}, {}", visit("A", "W"), delay("W", 400, "End")));
    assert_eq!(lab.run().record.encounters[0].stop, Some(BIRTH.plus(30 * MINUTE)));
}

#[test]
fn a_wellness_encounter_waits_for_the_check_up() {
    let mut lab = Lab::new(&format!(
        r#""A": {{"type": "Encounter", "wellness": true, "direct_transition": "O"}},
        "O": {{"type": "Observation", "category": "exam", "unit": "1", "exact": {{"quantity": 1}}, {},
            "direct_transition": "L"}},
        {}"#,
        codes(5),
        leave("L", "End")
    ));
    lab.check_up_seconds = Some(100 * DAY);
    let person = lab.run();
    assert_eq!(person.record.observations.len(), 1);
    let seen = &person.record.observations[0];
    assert_eq!(seen.time, BIRTH.plus(100 * DAY));
    let encounter = &person.record.encounters[seen.encounter as usize];
    assert_eq!((encounter.class, encounter.module), (Class::Wellness, None));
    assert_eq!(
        encounter.stop,
        Some(encounter.start.plus(30 * MINUTE)),
        "others end with the visit"
    );
}

#[test]
fn an_admission_follows_on_the_emergency_visit_at_once() {
    let lab = |years: u32| {
        Lab::new(&format!(
            r#""A": {{"type": "Delay", "exact": {{"quantity": {years}, "unit": "years"}},
        "direct_transition": "V"}}, {}, "W": {{"type": "Delay", "exact": {{"quantity": 4, "unit": "hours"}},
        "direct_transition": "L"}}, {}, {}, {}, "T": {{"type": "Procedure", "ward": "icu",
        "duration": {{"low": 2, "high": 2, "unit": "hours"}}, {}, "direct_transition": "X"}}, {}"#,
            encounter("V", "emergency", "", "W"),
            leave("L", "I"),
            encounter("I", "inpatient", r#""ward": "surgical", "acuity": 3,"#, "D"),
            r#""D": {"type": "Delay", "ward": "medical", "exact": {"quantity": 1, "unit": "days"},
            "direct_transition": "T"}"#,
            codes(4),
            leave("X", "End"),
        ))
    };
    let person = lab(40).run();
    let [visit, stay] = &person.record.encounters[..] else { panic!("two encounters") };
    assert_eq!(visit.stop, Some(stay.start));
    assert_eq!(stay.admitted_from, Some(0));
    assert_eq!(stay.facility, visit.facility);
    assert_eq!(visit.wards, [(visit.start, Ward::Emergency)]);
    let moved = stay.start.plus(DAY);
    assert_eq!(stay.wards, [(stay.start, Ward::Medical), (moved, Ward::Icu)]);
    assert_eq!(stay.stop, Some(moved.plus(2 * HOUR)));
    // A child lies in the children's ward, except for intensive care.
    let child = lab(1).run();
    let wards: Vec<Ward> = child.record.encounters[1].wards.iter().map(|(_, ward)| *ward).collect();
    assert_eq!(wards, [Ward::Paediatric, Ward::Icu]);
}

#[test]
fn conditions_begin_and_end_by_state_attribute_and_code() {
    let ended = |by: &str| {
        let lab = Lab::new(&format!(
            r#"{}, "C": {{"type": "ConditionOnset", "assign_to_attribute": "illness", {},
                "direct_transition": "W"}}, {},
            "E": {{"type": "ConditionEnd", {by}, "direct_transition": "End"}}"#,
            visit("A", "C"),
            codes(9),
            delay("W", 3, "E")
        ));
        let person = lab.run();
        assert_eq!(lab.value(&person, "illness"), Value::Entry(Entry::Condition(0)));
        let [condition] = &person.record.conditions[..] else { panic!("one condition") };
        assert_eq!((condition.onset, condition.diagnosed), (BIRTH, Some(BIRTH)));
        assert_eq!(condition.encounter, Some(0));
        condition.abatement
    };
    let third = Some(BIRTH.plus(3 * DAY));
    assert_eq!(ended(r#""condition_onset": "C""#), third);
    assert_eq!(ended(r#""referenced_by_attribute": "illness""#), third);
    assert_eq!(ended(&codes(9)), third);
    assert_eq!(ended(&codes(8)), None);
    assert_eq!(ended(r#""condition_onset": "W""#), None);
}

#[test]
fn a_condition_going_on_does_not_begin_twice() {
    let onset = |name: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "ConditionOnset", {}, "direct_transition": "{next}"}}"#,
            codes(9)
        )
    };
    let lab = Lab::new(&format!(
        r#"{}, {}, {}, "E": {{"type": "ConditionEnd", {}, "direct_transition": "D"}}, {}"#,
        visit("A", "B"),
        onset("B", "C"),
        onset("C", "E"),
        codes(9),
        onset("D", "End")
    ));
    let conditions = lab.run().record.conditions;
    assert_eq!(conditions.len(), 2, "one at first, another after it ended");
}

#[test]
fn allergies_begin_with_reactions_and_end() {
    let lab = |end: &str| {
        Lab::new(&format!(
            r#"{}, "B": {{"type": "AllergyOnset", "allergy_type": "intolerance", "category": "food",
            "assign_to_attribute": "nuts", {},
            "reactions": [{{"reaction": {{"system": "SNOMED-CT", "code": 247472004, "display": "Hives"}},
                "possible_severities": [{{"level": "mild", "value": 0.5}},
                    {{"level": "severe", "value": 0.2}}, {{"level": "none", "value": 0.3}}]}}],
            "direct_transition": "W"}}, {},
            "E": {{"type": "AllergyEnd", {end}, "direct_transition": "End"}}"#,
            visit("A", "B"),
            codes(77),
            delay("W", 2, "E")
        ))
    };
    for end in [r#""allergy_onset": "B""#, r#""referenced_by_attribute": "nuts""#, &codes(77)] {
        let person = lab(end).run();
        let [allergy] = &person.record.allergies[..] else { panic!("one allergy") };
        assert!(allergy.intolerance);
        assert_eq!((allergy.category, allergy.encounter), ("food", Some(0)));
        assert_eq!(allergy.abatement, Some(BIRTH.plus(2 * DAY)), "by {end}");
    }
    let lab = lab(&codes(77)).days(1);
    let mut counts = [0_u64; 3];
    for index in 0..MANY {
        let person = lab.live(lab.person(index));
        match person.record.allergies[0].reactions[..] {
            [] => counts[2] += 1,
            [(_, Severity::Mild)] => counts[0] += 1,
            [(_, Severity::Severe)] => counts[1] += 1,
            _ => panic!("no such reaction"),
        }
    }
    check_shares(&counts, &[0.5, 0.2, 0.3]);
}

#[test]
fn medications_are_ordered_with_everything_and_end() {
    for end in
        [r#""medication_order": "M""#, r#""referenced_by_attribute": "pill""#, &codes(860_975)]
    {
        let lab = Lab::new(&format!(
            r#"{}, "C": {{"type": "ConditionOnset", {}, "direct_transition": "M"}},
            "M": {{"type": "MedicationOrder", "assign_to_attribute": "pill", "reason": "C",
                "chronic": true, {},
                "prescription": {{"as_needed": true, "refills": 2,
                    "dosage": {{"amount": 1, "frequency": 2, "period": 3, "unit": "weeks"}},
                    "duration": {{"quantity": 2, "unit": "months"}},
                    "instructions": [{{"system": "SNOMED-CT", "code": "311504000", "display": "With food"}}]
                }}, "direct_transition": "M2"}},
            "M2": {{"type": "MedicationOrder", {}, "direct_transition": "W"}}, {},
            "E": {{"type": "MedicationEnd", {end}, "direct_transition": "End"}}"#,
            visit("A", "C"),
            codes(9),
            codes(860_975),
            codes(860_975),
            delay("W", 2, "E")
        ));
        let person = lab.run();
        let [order] = &person.record.medications[..] else {
            panic!("a medicine being taken is not ordered again")
        };
        assert!(order.chronic && !order.administered && !order.renewal);
        assert_eq!(order.reason, Some(person.record.conditions[0].codes));
        assert_eq!(order.supply, Some((60, 2)));
        let dosage = order.dosage.as_ref().expect("a dosage");
        assert_eq!(
            (dosage.amount, dosage.frequency, dosage.period, dosage.period_unit),
            (1.0, 2.0, 3.0, "wk")
        );
        assert!(dosage.as_needed && dosage.instructions.len() == 1);
        assert_eq!((order.start, order.stop), (BIRTH, Some(BIRTH.plus(2 * DAY))), "by {end}");
        assert!(order.stop_reason.is_some());
    }
}

#[test]
fn what_is_given_in_a_visit_ends_with_it() {
    let lab = Lab::new(&format!(
        r#"{}, "M": {{"type": "MedicationOrder", "administration": true, {},
        "direct_transition": "L"}}, {}, {}, {}, "N": {{"type": "MedicationOrder",
        "administration": true, {}, "direct_transition": "End"}}"#,
        visit("A", "M"),
        codes(10),
        leave("L", "W"),
        delay("W", 5, "V"),
        visit("V", "N"),
        codes(10)
    ));
    let record = lab.run().record;
    assert_eq!(record.medications.len(), 2);
    for (given, encounter) in record.medications.iter().zip(&record.encounters) {
        assert!(given.administered && given.stop_reason.is_none());
        assert_eq!((given.start, given.stop), (encounter.start, encounter.stop));
    }
}

#[test]
fn chronic_medications_are_renewed_at_check_ups_and_still_end() {
    let mut lab = Lab::new(&format!(
        r#"{}, "M": {{"type": "MedicationOrder", "chronic": true, {}, "direct_transition": "N"}},
        "N": {{"type": "MedicationOrder", {}, "direct_transition": "L"}}, {}, {},
        "E": {{"type": "MedicationEnd", "medication_order": "M", "direct_transition": "End"}}"#,
        visit("A", "M"),
        codes(10),
        codes(11),
        leave("L", "W"),
        delay("W", 250, "E")
    ))
    .days(400);
    lab.check_up_seconds = Some(100 * DAY);
    let medications = lab.run().record.medications;
    let days = |time: crate::Time| time.since(BIRTH) / DAY;
    let spans: Vec<_> = medications
        .iter()
        .map(|m| (m.chronic, m.renewal, days(m.start), m.stop.map(days)))
        .collect();
    assert_eq!(
        spans,
        [
            (true, false, 0, Some(100)),
            (false, false, 0, None),
            (true, true, 100, Some(200)),
            (true, true, 200, Some(250)),
        ]
    );
}

#[test]
fn care_plans_have_activities_and_goals_and_end() {
    for end in [r#""careplan": "P""#, r#""referenced_by_attribute": "plan""#, &codes(30)] {
        let lab = Lab::new(&format!(
            r#"{}, "P": {{"type": "CarePlanStart", "assign_to_attribute": "plan", {},
            "activities": [{{"system": "SNOMED-CT", "code": "1", "display": "Walk"}}],
            "goals": [{{"text": "Feel well"}}, {{"addresses": ["x"], "observation": {{
                "codes": [{{"system": "LOINC", "code": "4548-4", "display": "HbA1c"}}],
                "operator": "<", "value": 7}}}}],
            "direct_transition": "W"}}, {},
            "E": {{"type": "CarePlanEnd", {end}, "direct_transition": "End"}}"#,
            visit("A", "P"),
            codes(30),
            delay("W", 2, "E")
        ));
        let person = lab.run();
        let [plan] = &person.record.care_plans[..] else { panic!("one plan") };
        assert_eq!(plan.activities.len(), 1);
        let goals: Vec<_> = plan.goals.iter().map(|goal| lab.vocabulary.symbol(*goal)).collect();
        assert_eq!(goals, ["Feel well", "HbA1c < 7"]);
        assert_eq!(plan.stop, Some(BIRTH.plus(2 * DAY)), "by {end}");
    }
}

#[test]
fn a_procedure_takes_its_time_and_the_module_waits() {
    let lasts = |time: &str| {
        let lab = Lab::new(&format!(
            r#"{}, "C": {{"type": "ConditionOnset", {}, "direct_transition": "P"}},
            "P": {{"type": "Procedure", "reason": "C", {time} {}, "direct_transition": "O"}},
            "O": {{"type": "Observation", "category": "exam", "unit": "1", "exact": {{"quantity": 1}}, {},
                "direct_transition": "L"}}, {}"#,
            visit("A", "C"),
            codes(8),
            codes(40),
            codes(41),
            leave("L", "End")
        ));
        let person = lab.run();
        let procedure = &person.record.procedures[0];
        assert_eq!(procedure.reason, Some(person.record.conditions[0].codes));
        let stop = person.record.encounters[0].stop.expect("an end");
        assert!(stop >= procedure.stop);
        (procedure.stop.since(BIRTH), person.record.observations[0].time.since(BIRTH))
    };
    assert_eq!(lasts(r#""duration": {"low": 45, "high": 45, "unit": "minutes"},"#), (2_700, 2_700));
    assert_eq!(
        lasts(r#""distribution": {"kind": "EXACT", "parameters": {"value": 2}}, "unit": "hours","#),
        (7_200, 7_200)
    );
    let (_, next) = lasts("");
    assert_eq!(next, 0, "without a duration nobody waits");
}

#[test]
fn observations_gather_in_components_and_reports() {
    let part = |code: u32| {
        format!(
            r#"{{"category": "vital-signs", "unit": "mm[Hg]", "exact": {{"quantity": {code}}}, {}}}"#,
            codes(code)
        )
    };
    let lab = Lab::new(&format!(
        r#"{}, "M": {{"type": "MultiObservation", "category": "vital-signs", {},
            "observations": [{}, {}], "direct_transition": "R"}},
        "R": {{"type": "DiagnosticReport", {}, "observations": [{}, {}, {}],
            "direct_transition": "End"}}"#,
        visit("A", "M"),
        codes(100),
        part(120),
        part(80),
        codes(200),
        part(1),
        part(2),
        part(3)
    ));
    let record = lab.run().record;
    let multi = &record.observations[0];
    assert_eq!(multi.value, Finding::None);
    let parts: Vec<_> = multi.components.iter().map(|(_, value, _)| *value).collect();
    assert_eq!(parts, [Finding::Quantity(120.0, 0), Finding::Quantity(80.0, 0)]);
    assert_eq!(record.reports[0].observations, [1, 2, 3]);
    assert_eq!(record.observations.len(), 4);
}

/// The older way: so many of the last observations.
#[test]
fn older_files_gather_the_last_observations() {
    let observe = |name: &str, next: &str| {
        format!(
            r#""{name}": {{"type": "Observation", "category": "exam", "unit": "1",
            "exact": {{"quantity": 1}}, {}, "direct_transition": "{next}"}}"#,
            codes(5)
        )
    };
    let lab = Lab::new(&format!(
        r#"{}, {}, {}, "M": {{"type": "MultiObservation", "number_of_observations": 2, {},
        "direct_transition": "D"}}, {}, {}, "R": {{"type": "DiagnosticReport",
        "number_of_observations": 2, {}, "direct_transition": "End"}}"#,
        visit("A", "B"),
        observe("B", "C"),
        observe("C", "M"),
        codes(6),
        observe("D", "E"),
        observe("E", "R"),
        codes(7)
    ));
    let record = lab.run().record;
    assert_eq!(record.observations.len(), 3);
    assert_eq!(record.observations[0].components.len(), 2);
    assert_eq!(record.reports[0].observations, [1, 2]);
}

#[test]
fn vital_signs_are_set() {
    let lab = Lab::new(
        r#""A": {"type": "VitalSign", "vital_sign": "Heart Rate", "unit": "/min",
        "range": {"low": 60, "high": 61}, "direct_transition": "End"}"#,
    );
    let vital = Vital::of_name("Heart Rate").expect("known");
    assert!((60.0..61.0).contains(&lab.run().vitals[vital as usize]));
}

#[test]
fn symptoms_come_go_and_are_told_at_the_visit() {
    let symptom = |name: &str, what: &str, value: u32, next: &str| {
        format!(
            r#""{name}": {{"type": "Symptom", "symptom": "{what}", "exact": {{"quantity": {value}}},
            "direct_transition": "{next}"}}"#
        )
    };
    let lab = Lab::new(&format!(
        "{}, {}, {}, {}, {}",
        symptom("A", "Cough", 20, "B"),
        symptom("B", "Fever", 70, "C"),
        symptom("C", "Chills", 10, "D"),
        symptom("D", "Chills", 0, "V"),
        visit("V", "End")
    ));
    let person = lab.run();
    let told: Vec<_> = person.record.encounters[0]
        .symptoms
        .iter()
        .map(|(name, strength)| (lab.vocabulary.symbol(*name), *strength))
        .collect();
    assert_eq!(told, [("Fever", 70), ("Cough", 20)]);
    let maybe = Lab::new(&format!(
        r#""A": {{"type": "Symptom", "symptom": "Cough", "probability": 0.3,
        "range": {{"low": 10, "high": 20}}, "conditional_transition": [{{"condition":
            {{"condition_type": "Symptom", "symptom": "Cough", "operator": ">", "value": 0}},
            "transition": "B"}}, {{"transition": "C"}}]}}, {}, {}"#,
        went("B"),
        went("C")
    ));
    check_shares(&maybe.tally(&["B", "C"]), &[0.3, 0.7]);
}

#[test]
fn many_strong_symptoms_lead_to_a_doctor() {
    let class = |strength: u32, how_many: usize| {
        let names = ["A", "B", "C", "D", "E", "F"];
        let states: Vec<String> = (0..how_many)
            .map(|at| {
                let next = if at + 1 == how_many { "End" } else { names[at + 1] };
                format!(
                    r#""{}": {{"type": "Symptom", "symptom": "Pain {at}",
                    "exact": {{"quantity": {strength}}}, "direct_transition": "{next}"}}"#,
                    names[at]
                )
            })
            .collect();
        let person = Lab::new(&states.join(",")).days(300).run();
        let classes: Vec<Class> = person.record.encounters.iter().map(|e| e.class).collect();
        classes
    };
    assert_eq!(class(100, 3), [], "300 is not above 300");
    assert_eq!(class(77, 4), [Class::Outpatient]);
    assert_eq!(class(75, 4), []);
    assert_eq!(class(90, 4), [Class::UrgentCare]);
    assert_eq!(class(90, 6), [Class::Emergency]);
}

#[test]
fn death_comes_at_once_or_later_with_its_cause() {
    let death = |death: &str| {
        let lab = Lab::new(&format!(
            r#"{}, "C": {{"type": "ConditionOnset", "assign_to_attribute": "illness", {},
                "direct_transition": "W"}}, {}, "D": {{"type": "Death", {death}
                "direct_transition": "W2"}}, {}, {}"#,
            visit("A", "C"),
            codes(9),
            delay("W", 10, "D"),
            delay("W2", 5, "V2"),
            visit("V2", "End"),
        ));
        let person = lab.run();
        let death = person.death.expect("dead");
        let cause = death.cause.map(|cause| lab.vocabulary.first(cause).code.to_string());
        (death.time.since(BIRTH), cause, person.record.encounters.len())
    };
    assert_eq!(death(""), (10 * DAY, None, 1));
    let at_once = |cause: &str| (10 * DAY, Some(cause.to_owned()), 1);
    assert_eq!(death(&format!("{},", codes(4))), at_once("4"));
    assert_eq!(death(r#""condition_onset": "C","#), at_once("9"));
    assert_eq!(death(r#""referenced_by_attribute": "illness","#), at_once("9"));
    let exact = death(r#""exact": {"quantity": 3, "unit": "days"},"#);
    assert_eq!(exact, (13 * DAY, None, 1));
    let later = death(r#""range": {"low": 20, "high": 30, "unit": "days"},"#);
    assert!((30 * DAY..40 * DAY).contains(&later.0));
    assert_eq!(later.2, 2, "what comes before death still happens");
}

#[test]
fn death_closes_what_is_open_and_the_end_does_not() {
    let stay = |end: &str| {
        format!(
            r#"{}, "M": {{"type": "MedicationOrder", {}, "direct_transition": "P"}},
            "P": {{"type": "CarePlanStart", {}, "direct_transition": "W"}}, {}, {end}"#,
            encounter("A", "inpatient", "", "M"),
            codes(2),
            codes(3),
            delay("W", 5, "D")
        )
    };
    let lab = Lab::new(&stay(r#""D": {"type": "Death", "direct_transition": "End"}"#));
    let record = lab.run().record;
    let died = Some(BIRTH.plus(5 * DAY));
    assert_eq!(record.encounters[0].stop, died);
    assert!(record.encounters[0].discharge.is_some());
    assert_eq!((record.medications[0].stop, record.care_plans[0].stop), (died, died));
    let lab = Lab::new(&stay(r#""D": {"type": "Simple", "direct_transition": "End"}"#)).days(4);
    let record = lab.run().record;
    assert_eq!(record.encounters[0].stop, None, "a stay beyond the end has none");
    assert_eq!((record.medications[0].stop, record.care_plans[0].stop), (None, None));
}

#[test]
fn imaging_has_series_and_instances_and_is_a_procedure() {
    let code =
        |code: &str| format!(r#"{{"system": "SNOMED-CT", "code": "{code}", "display": "x"}}"#);
    let lab = Lab::new(&format!(
        r#"{}, "I": {{"type": "ImagingStudy", "procedure_code": {}, "min_number_series": 2,
        "max_number_series": 4, "series": [{{"body_site": {}, "modality": {},
        "min_number_instances": 1, "max_number_instances": 3,
        "instances": [{{"title": "Lateral", "sop_class": {}}}]}}], "direct_transition": "End"}}"#,
        visit("A", "I"),
        code("399208008"),
        code("51185008"),
        code("2"),
        code("3")
    ))
    .days(1);
    let (mut series, mut instances) = ([0_u64; 3], [0_u64; 3]);
    for index in 0..MANY {
        let record = lab.live(lab.person(index)).record;
        assert_eq!(record.procedures[0].codes, record.imaging[0].procedure);
        series[record.imaging[0].series.len() - 2] += 1;
        instances[record.imaging[0].series[0].instances.len() - 1] += 1;
    }
    check_shares(&series, &[1.0 / 3.0; 3]);
    check_shares(&instances, &[1.0 / 3.0; 3]);
}

#[test]
fn devices_come_and_go() {
    for end in [r#""device": "D""#, r#""referenced_by_attribute": "pump""#, &codes(50)] {
        let lab = Lab::new(&format!(
            r#"{}, "D": {{"type": "Device", "assign_to_attribute": "pump", "manufacturer": "Maker",
            "model": "One", "code": {{"system": "SNOMED-CT", "code": 50, "display": "Pump"}},
            "direct_transition": "W"}}, {}, "E": {{"type": "DeviceEnd", {end},
            "direct_transition": "End"}}"#,
            visit("A", "D"),
            delay("W", 2, "E")
        ));
        let device = lab.run().record.devices.remove(0);
        assert_eq!((device.start, device.stop), (BIRTH, Some(BIRTH.plus(2 * DAY))), "by {end}");
        let maker = device.maker.map(|(maker, model)| {
            (lab.vocabulary.symbol(maker).to_owned(), lab.vocabulary.symbol(model).to_owned())
        });
        assert_eq!(maker, Some(("Maker".to_owned(), "One".to_owned())));
    }
}

#[test]
fn supplies_and_vaccines_are_noted() {
    let lab = Lab::new(&format!(
        r#"{}, "S": {{"type": "SupplyList", "supplies": [{{"quantity": 12, "code":
            {{"system": "SNOMED-CT", "code": "713779008", "display": "Gloves"}}}}],
            "direct_transition": "C"}},
        "C": {{"type": "Vaccine", "series": 2, "codes": [{{"system": "CVX", "code": "207",
            "display": "Vaccine"}}], "direct_transition": "End"}}"#,
        visit("A", "S")
    ));
    let record = lab.run().record;
    assert_eq!(record.supplies[0].quantity, 12);
    assert_eq!(record.immunizations[0].dose, 2);
    let code = lab.vocabulary.first(record.immunizations[0].codes);
    assert_eq!(
        (lab.vocabulary.system(code.system), &*code.code),
        ("http://hl7.org/fhir/sid/cvx", "207")
    );
}
