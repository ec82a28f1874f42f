use proptest::prelude::*;

use super::*;

#[test]
fn a_prescription_falls_into_its_parts() {
    check(
        "Take lisinopril 20 mg tablet by mouth twice daily for 10 days.",
        &[
            "STRENGTH 20 mg",
            "FORM tablet",
            "ROUTE_OR_MODE by mouth",
            "FREQUENCY twice daily",
            "DURATION 10 days",
        ],
    );
    check(
        "Clonidine 0.2 mg, 1 and 1/2 tabs po qhs prn",
        &["STRENGTH 0.2 mg", "DOSAGE 1 and 1/2 tabs", "ROUTE_OR_MODE po", "FREQUENCY qhs prn"],
    );
    check("Ibuprofen 400 mg q6h", &["DOSAGE 400 mg", "FREQUENCY q6h"]);
    check("every 4 to 6 hours as needed", &["FREQUENCY every 4 to 6 hours as needed"]);
    check("every other day", &["FREQUENCY every other day"]);
    check("three times a day", &["FREQUENCY three times a day"]);
    check("q.i.d.", &["FREQUENCY q.i.d."]);
    check("Heparin at 12 units/hr", &["RATE 12 units/hr"]);
    check("methotrexate 5 g/m2", &["DOSAGE 5 g/m2"]);
    check("high-dose steroids", &["DOSAGE high-dose"]);
}

#[test]
fn results_have_values_and_units() {
    check_attached(
        "BP 120/80 mmHg",
        EntityType::TestName,
        "BP",
        &["TEST_VALUE 120/80", "TEST_UNIT mmHg"],
    );
    check_attached(
        "Hgb 12.1 g/dL",
        EntityType::TestName,
        "Hgb",
        &["TEST_VALUE 12.1", "TEST_UNIT g/dL"],
    );
    check_attached("WBC was 12.5", EntityType::TestName, "WBC", &["TEST_VALUE 12.5"]);
    check_attached(
        "temperature of 98.6 F",
        EntityType::TestName,
        "temperature",
        &["TEST_VALUE 98.6", "TEST_UNIT F"],
    );
    check_attached("elevated troponin", EntityType::TestName, "troponin", &["TEST_VALUE elevated"]);
    check_attached(
        "Oxygen saturation 94%",
        EntityType::TestName,
        "Oxygen saturation",
        &["TEST_VALUE 94", "TEST_UNIT %"],
    );
}

#[test]
fn attributes_go_to_their_own_drug() {
    let text = "Aspirin 81 mg daily; then 12 mg of adenosine.";
    check_attached(text, EntityType::GenericName, "Aspirin", &["DOSAGE 81 mg", "FREQUENCY daily"]);
    let text = "- warfarin 5 mg nightly\n- digoxin 0.25 mg daily";
    check_attached(
        text,
        EntityType::GenericName,
        "digoxin",
        &["DOSAGE 0.25 mg", "FREQUENCY daily"],
    );
    check_attached(
        "given 12 mg of adenosine",
        EntityType::GenericName,
        "adenosine",
        &["DOSAGE 12 mg"],
    );
}

#[test]
fn conditions_have_acuity_place_and_severity() {
    check_attached(
        "severe pain in the left arm",
        EntityType::DxName,
        "pain",
        &["QUALITY severe", "DIRECTION left", "SYSTEM_ORGAN_SITE arm"],
    );
    check_attached("acute kidney injury", EntityType::DxName, "kidney injury", &["ACUITY acute"]);
    check_attached(
        "stroke two weeks ago",
        EntityType::DxName,
        "stroke",
        &["TIME_TO_DX_NAME two weeks ago"],
    );
}

#[test]
fn habits_are_findings_with_amounts() {
    let text = "He smokes 1 pack per day for 20 years. Black male. NKDA. Denies alcohol.";
    let analysis = Analysis::of(text);
    let found = entities(&analysis, &find(&analysis));
    let names: Vec<(&str, &str)> =
        found.iter().map(|e| (e.entity_type.as_str(), e.span.of(text))).collect();
    assert_eq!(
        names,
        [
            ("TOBACCO_USE", "smokes"),
            ("RACE_ETHNICITY", "Black"),
            ("GENDER", "male"),
            ("ALLERGIES", "NKDA"),
            ("ALCOHOL_CONSUMPTION", "alcohol"),
        ]
    );
    let parts: Vec<&str> = found[0].attributes.iter().map(|a| a.span.of(text)).collect();
    assert_eq!(parts, ["1 pack per day", "20 years"]);
}

#[test]
fn hostile_text_takes_little_time() {
    for unit in
        ["1 ", "mg ", "high ", "1/", "one ", "left ", "every ", "5 mg ", "- ", "qq", "once "]
    {
        let text = unit.repeat(400_000 / unit.len());
        let analysis = Analysis::of(&text);
        let start = std::time::Instant::now();
        let raw = find(&analysis);
        let mut mentions: Vec<Entity> =
            raw.iter().step_by(2).map(|raw| mention(raw.span, EntityType::GenericName)).collect();
        attach(&analysis, &raw, &mut mentions);
        entities(&analysis, &raw);
        assert!(start.elapsed().as_secs() < 5, "{unit:?}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_sound_spans(
        text in "\\PC{0,60}|([0-9]{1,3}|mg|/|-|q|every|day|of|high|dose| |tab|x|%|\\n|one|times){0,40}"
    ) {
        let analysis = Analysis::of(&text);
        let raw = find(&analysis);
        let mut start = 0;
        for attribute in &raw {
            prop_assert!(attribute.span.start >= start && attribute.span.start < attribute.span.end);
            prop_assert!(text.is_char_boundary(attribute.span.start as usize));
            prop_assert!(text.is_char_boundary(attribute.span.end as usize));
            start = attribute.span.start;
        }
        let mut mentions: Vec<Entity> =
            raw.iter().map(|raw| mention(raw.span, EntityType::DxName)).collect();
        attach(&analysis, &raw, &mut mentions);
        entities(&analysis, &raw);
    }
}

fn mention(span: Span, entity_type: EntityType) -> Entity {
    let category = match entity_type {
        EntityType::TestName => Category::TestTreatmentProcedure,
        EntityType::DxName => Category::MedicalCondition,
        _ => Category::Medication,
    };
    Entity {
        id: 0,
        span,
        category,
        entity_type,
        score: 1.0,
        traits: Vec::new(),
        attributes: Vec::new(),
        concepts: Vec::new(),
        section: 0,
    }
}

/// Compares the attributes that are sure by themselves.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let analysis = Analysis::of(text);
    let found: Vec<String> = find(&analysis)
        .iter()
        .filter(|raw| raw.score >= 0.5)
        .map(|raw| format!("{} {}", raw.entity_type.as_str(), raw.span.of(text)))
        .collect();
    assert_eq!(found, expected, "`{text}`");
}

/// Compares what one mention is given.
#[track_caller]
fn check_attached(text: &str, entity_type: EntityType, name: &str, expected: &[&str]) {
    let analysis = Analysis::of(text);
    let start = text.find(name).expect("the mention is in the text");
    let span = Span { start: start as u32, end: (start + name.len()) as u32 };
    let mut mentions = [mention(span, entity_type)];
    attach(&analysis, &find(&analysis), &mut mentions);
    let found: Vec<String> = mentions[0]
        .attributes
        .iter()
        .map(|a| format!("{} {}", a.entity_type.as_str(), a.span.of(text)))
        .collect();
    assert_eq!(found, expected, "`{name}` in `{text}`");
}
