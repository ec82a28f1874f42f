use super::*;
use crate::search::Parameter;

/// The values a resource has for one parameter, written out.
fn values(json: &str, code: &str) -> Vec<String> {
    let resource = Resource::parse(json.to_owned()).expect("a valid resource");
    let wanted = Parameter::find(resource.resource_type(), code).expect("a parameter").id;
    let mut found = Vec::new();
    extract(&resource, &mut |parameter, value| {
        if parameter == wanted {
            found.push(show(&value));
        }
    });
    found
}

fn show(value: &Value<'_>) -> String {
    let end = |us: i64| match us {
        DateSpan::MIN_US | DateSpan::MAX_US => "*".to_owned(),
        us => crate::date::instant(us).replace("T00:00:00.000Z", ""),
    };
    match value {
        Value::Token { system, code } => format!("{system}|{code}"),
        Value::String(text) | Value::Uri(text) => (*text).to_owned(),
        Value::Reference(Target::Local { resource_type, id }) => {
            format!("{}/{id}", resource_type.name())
        }
        Value::Reference(Target::Url(url)) => format!("<{url}>"),
        Value::Date(span) => format!("{}..{}", end(span.start_us()), end(span.end_us())),
        Value::Number { low, high } => format!("{low}..{high}"),
        Value::Quantity { low, high, system, code, unit } => {
            format!("{low}..{high} {system}|{code}|{unit}")
        }
    }
}

#[track_caller]
fn check(json: &str, code: &str, expected: &[&str]) {
    assert_eq!(values(json, code), expected, "`{code}`");
}

#[test]
fn tokens_come_from_every_coded_type() {
    let json = r#"{"resourceType":"Patient","active":false,"gender":"female",
        "identifier":[{"system":"http://a","value":"1"},{"value":"2"},{"system":"http://b"},{"use":"old"}],
        "maritalStatus":{"coding":[{"system":"http://m","code":"M"}],"text":"married"},
        "telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b.c"}],
        "meta":{"tag":[{"system":"http://t","code":"x"},{"display":"only shown"}]},
        "communication":[{"language":{"coding":[{"code":"de"},{"code":"fr"}]}}]}"#;
    check(json, "active", &["|false"]);
    check(json, "gender", &["|female"]);
    check(json, "identifier", &["http://a|1", "|2", "http://b|"]);
    check(json, "telecom", &["|555", "|a@b.c"]);
    check(json, "phone", &["|555"]);
    check(json, "email", &["|a@b.c"]);
    check(json, "_tag", &["http://t|x"]);
    check(json, "language", &["|de", "|fr"]);
}

#[test]
fn deceased_is_true_false_or_a_date() {
    check(r#"{"resourceType":"Patient"}"#, "deceased", &["|false"]);
    check(r#"{"resourceType":"Patient","deceasedBoolean":false}"#, "deceased", &["|false"]);
    check(r#"{"resourceType":"Patient","deceasedBoolean":true}"#, "deceased", &["|true"]);
    let dated = r#"{"resourceType":"Patient","deceasedDateTime":"2020-01-02"}"#;
    check(dated, "deceased", &["|true"]);
    check(dated, "death-date", &["2020-01-02..2020-01-03"]);
}

#[test]
fn names_and_addresses_give_all_their_parts_folded() {
    let json = r#"{"resourceType":"Patient",
        "name":[{"use":"official","text":"Dr. Zoë  ŁUKASZ-Müller","family":"Łukasz-Müller","given":["Zoë",null],"_given":[null,{"id":"a"}],"prefix":["Dr."]}],
        "address":[{"line":["Straße 1"],"city":"Köln","postalCode":"50667","country":"DE"}]}"#;
    check(json, "name", &["dr. zoe łukasz-muller", "łukasz-muller", "zoe", "dr."]);
    check(json, "given", &["zoe"]);
    check(json, "phonetic", &["dr. zoe łukasz-muller", "łukasz-muller", "zoe", "dr."]);
    check(json, "address", &["straße 1", "koln", "50667", "de"]);
    check(json, "address-city", &["koln"]);
}

#[test]
fn strings_can_be_had_as_written() {
    let json = r#"{"resourceType":"Patient","name":[{"family":"Mü\u006cler"}]}"#;
    let resource = Resource::parse(json).expect("a valid resource");
    let mut found = Vec::new();
    extract_as_written(&resource, &mut |_, value| {
        if let Value::String(text) = value {
            found.push(text.to_owned());
        }
    });
    assert_eq!(found, ["Müller"; 3], "for name, family and phonetic");
}

#[test]
fn references_are_local_or_urls_and_know_their_type() {
    let subject = |reference: &str, code: &str| {
        let json = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"{reference}"}}}}"#
        );
        values(&json, code)
    };
    assert_eq!(subject("Patient/1", "subject"), ["Patient/1"]);
    assert_eq!(subject("Patient/1", "patient"), ["Patient/1"]);
    assert_eq!(subject("Patient/1/_history/2", "subject"), ["Patient/1"]);
    assert_eq!(subject("Group/1", "subject"), ["Group/1"]);
    assert!(subject("Group/1", "patient").is_empty());
    assert_eq!(subject("http://a/fhir/Patient/1", "patient"), ["<http://a/fhir/Patient/1>"]);
    assert_eq!(subject("urn:uuid:1", "subject"), ["<urn:uuid:1>"]);
    assert!(subject("urn:uuid:1", "patient").is_empty());
    assert!(subject("#p", "subject").is_empty());

    let typed = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:1","type":"Patient"}}"#;
    check(typed, "patient", &["<urn:uuid:1>"]);
}

#[test]
fn canonicals_count_with_and_without_their_version() {
    let json = r#"{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://q|1.0","meta":{"profile":["http://p|2"]}}"#;
    check(json, "questionnaire", &["<http://q|1.0>", "<http://q>"]);
    check(json, "_profile", &["http://p|2", "http://p"]);
}

#[test]
fn times_are_stretches() {
    let observation = |effective: &str| {
        let json = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},{effective}}}"#
        );
        values(&json, "date")
    };
    assert_eq!(observation(r#""effectiveDateTime":"2020-02""#), ["2020-02-01..2020-03-01"]);
    assert_eq!(
        observation(r#""effectivePeriod":{"start":"2020","end":"2021-05"}"#),
        ["2020-01-01..2021-06-01"]
    );
    assert_eq!(observation(r#""effectivePeriod":{"start":"2020"}"#), ["2020-01-01..*"]);
    assert_eq!(observation(r#""effectivePeriod":{"end":"2020"}"#), ["*..2021-01-01"]);
    assert!(observation(r#""effectivePeriod":{"id":"x"}"#).is_empty());
    assert_eq!(
        observation(r#""effectiveTiming":{"event":["2020-03-01","2020-01-01"]}"#),
        ["2020-01-01..2020-03-02"]
    );
    assert_eq!(
        observation(r#""effectiveTiming":{"repeat":{"boundsPeriod":{"start":"2020-01-01"}}}"#),
        ["2020-01-01..*"]
    );
    assert!(observation(r#""_effectiveDateTime":{"id":"x"}"#).is_empty());
}

#[test]
fn quantities_and_ranges_keep_their_unit_and_reach() {
    let json = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},
        "valueQuantity":{"value":5.40,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},
        "component":[{"code":{"text":"y"},"valueQuantity":{"value":7,"comparator":"<="}}]}"#;
    check(json, "value-quantity", &["5.4..5.4 http://unitsofmeasure.org|mg|mg"]);
    check(json, "component-value-quantity", &["-inf..7 ||"]);
    check(
        json,
        "combo-value-quantity",
        &["5.4..5.4 http://unitsofmeasure.org|mg|mg", "-inf..7 ||"],
    );
    let aged = r#"{"resourceType":"Condition","subject":{"reference":"Patient/1"},"onsetAge":{"value":5,"code":"a"},
        "abatementRange":{"low":{"value":6,"unit":"y"}}}"#;
    check(aged, "onset-age", &["5..5 |a|"]);
    check(aged, "abatement-age", &["6..inf ||y"]);
    let priced = r#"{"resourceType":"Invoice","status":"issued","totalGross":{"value":1.5,"currency":"EUR"}}"#;
    check(priced, "totalgross", &["1.5..1.5 urn:iso:std:iso:4217|EUR|"]);
    let risk = r#"{"resourceType":"RiskAssessment","status":"final","subject":{"reference":"Patient/1"},
        "prediction":[{"probabilityDecimal":0.25},{"probabilityRange":{"low":{"value":0.1},"high":{"value":0.2}}}]}"#;
    check(risk, "probability", &["0.25..0.25", "0.1..0.2"]);
}

#[test]
fn conditions_and_places_in_an_expression_are_kept() {
    let library = r#"{"resourceType":"Library","status":"draft","type":{"text":"x"},"relatedArtifact":[
        {"type":"depends-on","resource":"http://a"},{"type":"predecessor","resource":"http://b"}]}"#;
    check(library, "depends-on", &["<http://a>"]);
    check(library, "predecessor", &["<http://b>"]);
    let bundle = r#"{"resourceType":"Bundle","type":"document","entry":[
        {"resource":{"resourceType":"Composition","id":"c","status":"final","type":{"text":"x"},"date":"2020","title":"t","author":[{"reference":"Practitioner/1"}]}},
        {"resource":{"resourceType":"Patient","id":"p"}}]}"#;
    check(bundle, "composition", &["Composition/c"]);
    check(bundle, "message", &[]);
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"extension":[
        {"url":"http://hl7.org/fhir/StructureDefinition/observation-geneticsGene","valueCodeableConcept":{"coding":[{"code":"BRCA1"}]}},
        {"url":"http://other","valueCodeableConcept":{"coding":[{"code":"no"}]}}]}"#;
    check(observation, "gene-identifier", &["|BRCA1"]);
}

#[test]
fn folding_drops_case_accents_and_spare_space() {
    for (text, folded) in [
        ("  Jörg\t van  der Straße ", "jorg van der straße"),
        ("ÅNGSTRÖM", "angstrom"),
        ("İzmir", "izmir"),
        ("ﬁn", "fin"),
        ("", ""),
        ("   ", ""),
    ] {
        assert_eq!(fold(text), folded);
    }
}

proptest::proptest! {
    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
        let once = fold(&text);
        proptest::prop_assert_eq!(fold(&once), once);
    }
}
