//! What is wrong is found, named and placed, and no value is repeated.

use fhir::{IssueCode, Resource};

/// Expects exactly one issue.
#[track_caller]
fn check(text: &str, code: IssueCode, expression: &str, says: &str) {
    let outcome = Resource::parse(text.to_owned()).expect_err(text);
    let found: Vec<_> = outcome
        .issues
        .iter()
        .map(|i| (i.code, i.expression.as_deref().unwrap_or(""), &i.diagnostics))
        .collect();
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    assert_eq!((found[0].0, found[0].1), (code, expression), "{text}: {found:?}");
    assert!(found[0].2.contains(says), "{text}: {found:?}");
    assert!(!found[0].2.contains("SECRET"), "{text}: {found:?}");
}

/// A Patient with these members.
#[track_caller]
fn patient(members: &str, code: IssueCode, expression: &str, says: &str) {
    check(&format!(r#"{{"resourceType":"Patient",{members}}}"#), code, expression, says);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    use IssueCode::Structure;
    for (text, says) in [
        ("", "ends early"),
        ("  ", "ends early"),
        ("{", "ends early"),
        ("nonsense", "byte 0"),
        ("[]", "expected a resource"),
        ("1", "expected a resource"),
        ("null", "expected a resource"),
        ("\u{feff}{}", "byte 0"),
    ] {
        check(text, Structure, "", says);
    }
    for (text, says) in [
        (r#"{"resourceType":"Patient"} x"#, "nothing after"),
        (r#"{"resourceType":"Patient"}{}"#, "nothing after"),
        (r#"{"resourceType":"Patient""#, "ends early"),
        (r#"{"resourceType":"Patient","#, "ends early"),
        (r#"{"resourceType":"Patient",}"#, "a key"),
        (r#"{"resourceType":"Patient" "id":"1"}"#, "expected `,`"),
        (r#"{"resourceType":"Patient","id" "1"}"#, "expected `:`"),
        (r#"{"resourceType":"Patient",'id':1}"#, "a key"),
        (r#"{"resourceType":"Patient","id":"1"#, "the end of a string"),
        (r#"{"resourceType":"Patient","active":tru}"#, "a value"),
        (r#"{"resourceType":"Patient","active":True}"#, "a value"),
        (r#"{"resourceType":"Patient","active":/*c*/true}"#, "a value"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":01}"#, "expected `,`"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":+1}"#, "a value"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":-}"#, "a digit"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":1.}"#, "a digit"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":1e}"#, "a digit"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":.5}"#, "a value"),
        (r#"{"resourceType":"Patient","multipleBirthInteger":NaN}"#, "a value"),
        (r#"{"resourceType":"Patient","language":"\x"}"#, "an escape"),
        (r#"{"resourceType":"Patient","language":"\u12G4"}"#, "hexadecimal"),
        (r#"{"resourceType":"Patient","language":"\u12"}"#, "hexadecimal"),
        (r#"{"resourceType":"Patient","language":"\ud800"}"#, "surrogate"),
        (r#"{"resourceType":"Patient","language":"\ud800\u0041"}"#, "surrogate"),
        (r#"{"resourceType":"Patient","language":"\udc00"}"#, "surrogate"),
        ("{\"resourceType\":\"Patient\",\"language\":\"a\nb\"}", "control character"),
        ("{\"resourceType\":\"Patient\",\"language\":\"a\u{0}b\"}", "control character"),
        (r#"{"resourceType":"Patient","name":[{"text":"a"},]}"#, "a value"),
        (r#"{"resourceType":"Patient","name":[{"text":"a"}}"#, "expected `,`"),
    ] {
        check(text, Structure, "", says);
    }
}

#[test]
fn a_resource_must_say_what_it_is() {
    check("{}", IssueCode::Required, "", "resourceType");
    check(r#"{"id":"1"}"#, IssueCode::Required, "", "resourceType");
    check(r#"{"resourceType":"Nope"}"#, IssueCode::Value, "", "resourceType");
    check(r#"{"resourceType":"patient"}"#, IssueCode::Value, "", "resourceType");
    check(r#"{"resourceType":"DomainResource"}"#, IssueCode::Value, "", "resourceType");
    check(r#"{"resourceType":7}"#, IssueCode::Value, "", "resourceType");
    patient(r#""resourceType":"Patient""#, IssueCode::Structure, "Patient", "twice");
    patient(
        r#""contained":[{"id":"1"}]"#,
        IssueCode::Required,
        "Patient.contained[0]",
        "resourceType",
    );
    patient(
        r#""contained":[{"resourceType":"Group","type":"person","actual":true},{"resourceType":"X"}]"#,
        IssueCode::Value,
        "Patient.contained[1]",
        "resourceType",
    );
    patient(
        r#""name":[{"resourceType":"HumanName"}]"#,
        IssueCode::Structure,
        "Patient.name[0]",
        "no element",
    );
    for text in [
        r#"{"id":"1","resourceType":"Patient"}"#,
        r#"{"resource\u0054ype":"\u0050atient","\u0069d":"\u0031"}"#,
    ] {
        let resource = Resource::parse(text).expect("the order of keys means nothing");
        assert_eq!((resource.resource_type().name(), resource.id()), ("Patient", Some("1")));
    }
}

#[test]
fn elements_must_be_known_and_of_the_right_shape() {
    use IssueCode::{Required, Structure};
    patient(r#""nope":1"#, Structure, "Patient", "`nope`");
    patient(r#""SECRET value":{"a":[1,null,{}]}"#, Structure, "Patient", "of this name");
    patient(r#""name":[{"given":["a"],"surname":"b"}]"#, Structure, "Patient.name[0]", "`surname`");
    patient(
        r#""name":{"text":"SECRET"}"#,
        Structure,
        "Patient.name",
        "must be an array, not an object",
    );
    patient(
        r#""name":["SECRET"]"#,
        Structure,
        "Patient.name[0]",
        "must be an object, not a string",
    );
    patient(
        r#""name":[{"text":"a"},null]"#,
        Structure,
        "Patient.name[1]",
        "must be an object, not null",
    );
    patient(
        r#""name":[[{"text":"a"}]]"#,
        Structure,
        "Patient.name[0]",
        "must be an object, not an array",
    );
    patient(
        r#""maritalStatus":[{"text":"a"}]"#,
        Structure,
        "Patient.maritalStatus",
        "must be an object, not an array",
    );
    patient(
        r#""birthDate":["2000"]"#,
        Structure,
        "Patient.birthDate",
        "must be a single value, not an array",
    );
    patient(
        r#""birthDate":{"a":1}"#,
        Structure,
        "Patient.birthDate",
        "must be a single value, not an object",
    );
    patient(
        r#""birthDate":null"#,
        Structure,
        "Patient.birthDate",
        "must be a single value, not null",
    );
    patient(r#""name":[]"#, Structure, "Patient.name", "empty");
    patient(r#""name":[{}]"#, Structure, "Patient.name[0]", "empty");
    patient(r#""maritalStatus":{}"#, Structure, "Patient.maritalStatus", "empty");
    patient(r#""id":"a","id":"b""#, Structure, "Patient.id", "twice");
    patient(r#""id":"a","\u0069d":"b""#, Structure, "Patient.id", "twice");
    patient(
        r#""deceasedBoolean":true,"deceasedDateTime":"2000""#,
        Structure,
        "Patient.deceased",
        "only one of `deceased[x]`",
    );
    patient(
        r#""deceasedBoolean":true,"_deceasedDateTime":{"id":"a"}"#,
        Structure,
        "Patient.deceased",
        "only one of `deceased[x]`",
    );
    patient(
        r#""deceasedBoolean":true,"deceasedBoolean":false"#,
        Structure,
        "Patient.deceased",
        "twice",
    );
    patient(r#""deceased":true"#, Structure, "Patient", "`deceased`");
    patient(r#""deceasedString":"x""#, Structure, "Patient", "`deceasedString`");
    patient(
        r#""link":[{"other":{"display":"a"}}]"#,
        Required,
        "Patient.link[0].type",
        "`type` is required",
    );
    patient(
        r#""extension":[{"valueCode":"a"}]"#,
        Required,
        "Patient.extension[0].url",
        "`url` is required",
    );
    check(
        r#"{"resourceType":"Observation","status":"final"}"#,
        Required,
        "Observation.code",
        "`code` is required",
    );
    check(
        r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"a"}}"#,
        Required,
        "MedicationRequest.medication",
        "`medication[x]` is required",
    );
    check(
        r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"a"},{"resource":{"resourceType":"Patient","name":[{"text":""}]}}]}"#,
        IssueCode::Value,
        "Bundle.entry[1].resource.name[0].text",
        "empty",
    );
}

#[test]
fn values_must_fit_their_type() {
    use IssueCode::Value;
    patient(r#""id":"a_SECRET""#, Value, "Patient.id", "`id`");
    patient(r#""id":"""#, Value, "Patient.id", "empty");
    patient(r#""active":"true""#, Value, "Patient.active", "`boolean`");
    patient(r#""active":1"#, Value, "Patient.active", "`boolean`");
    patient(r#""birthDate":"2000-02-30""#, Value, "Patient.birthDate", "`date`");
    patient(r#""birthDate":20000101"#, Value, "Patient.birthDate", "`date`");
    patient(r#""gender":" male""#, Value, "Patient.gender", "`code`");
    patient(r#""gender":true"#, Value, "Patient.gender", "`code`");
    patient(r#""implicitRules":"http://a b""#, Value, "Patient.implicitRules", "`uri`");
    patient(r#""multipleBirthInteger":1.5"#, Value, "Patient.multipleBirth", "`integer`");
    patient(r#""multipleBirthInteger":"1""#, Value, "Patient.multipleBirth", "`integer`");
    patient(r#""name":[{"given":["a",""]}]"#, Value, "Patient.name[0].given[1]", "empty");
    patient(r#""name":[{"text":"a\u0000"}]"#, Value, "Patient.name[0].text", "`string`");
    patient(
        r#""telecom":[{"value":"a"},{"rank":0}]"#,
        Value,
        "Patient.telecom[1].rank",
        "`positiveInt`",
    );
    patient(r#""photo":[{"data":"SECRET!"}]"#, Value, "Patient.photo[0].data", "`base64Binary`");
    patient(r#""text":{"status":"empty","div":"SECRET"}"#, Value, "Patient.text.div", "`xhtml`");
    patient(
        r#""meta":{"lastUpdated":"2000-01-01"}"#,
        Value,
        "Patient.meta.lastUpdated",
        "`instant`",
    );
    let huge = "x".repeat(1024 * 1024 + 1);
    patient(&format!(r#""name":[{{"text":"{huge}"}}]"#), Value, "Patient.name[0].text", "1048576");
    Resource::parse(format!(
        r#"{{"resourceType":"Patient","name":[{{"text":"{}"}}]}}"#,
        &huge[1..]
    ))
    .expect("just short enough");
}

#[test]
fn companions_must_match_their_primitives() {
    use IssueCode::Structure;
    patient(r#""_nope":{"id":"a"}"#, Structure, "Patient", "`_nope`");
    patient(r#""_name":[{"id":"a"}]"#, Structure, "Patient", "`_name`");
    patient(
        r#""extension":[{"url":"a","_url":{"id":"b"},"valueCode":"c"}]"#,
        Structure,
        "Patient.extension[0]",
        "`_url`",
    );
    patient(r#""_birthDate":"x""#, Structure, "Patient.birthDate", "must be an object");
    patient(r#""_birthDate":{}"#, Structure, "Patient.birthDate", "empty");
    patient(r#""_birthDate":{"value":"x"}"#, Structure, "Patient.birthDate", "`value`");
    patient(
        r#""_birthDate":{"id":"a"},"_birthDate":{"id":"b"}"#,
        Structure,
        "Patient.birthDate",
        "twice",
    );
    patient(
        r#""name":[{"_given":{"id":"a"}}]"#,
        Structure,
        "Patient.name[0].given",
        "must be an array",
    );
    patient(
        r#""name":[{"given":["a","b"],"_given":[{"id":"c"}]}]"#,
        Structure,
        "Patient.name[0].given",
        "same number",
    );
    patient(r#""name":[{"given":["a",null]}]"#, Structure, "Patient.name[0].given", "null");
    patient(
        r#""name":[{"given":["a",null],"_given":[{"id":"c"},null]}]"#,
        Structure,
        "Patient.name[0].given",
        "null",
    );
    patient(r#""name":[{"_given":[null,{"id":"c"}]}]"#, Structure, "Patient.name[0].given", "null");
    for good in [
        r#""birthDate":"2000","_birthDate":{"id":"a"}"#,
        r#""_birthDate":{"extension":[{"url":"a","valueCode":"b"}]}"#,
        r#""_deceasedBoolean":{"id":"a"},"deceasedBoolean":true"#,
        r#""name":[{"given":["a",null],"_given":[null,{"id":"b"}]}]"#,
        r#""name":[{"_given":[{"id":"b"}]}]"#,
        r#""link":[{"other":{"display":"a"},"_type":{"extension":[{"url":"a","valueCode":"b"}]}}]"#,
    ] {
        let text = format!(r#"{{"resourceType":"Patient",{good}}}"#);
        Resource::parse(text).unwrap_or_else(|outcome| panic!("{good}: {outcome}"));
    }
}

#[test]
fn all_issues_are_reported_up_to_twenty() {
    let text = r#"{"resourceType":"Patient","nope":1,"active":"x","name":[{"text":""},{"text":""}],"gender":1}"#;
    assert_eq!(Resource::parse(text).expect_err("wrong").issues.len(), 5);
    let many = vec![r#"{"text":""}"#; 100].join(",");
    let text = format!(r#"{{"resourceType":"Patient","name":[{many}]}}"#);
    let outcome = Resource::parse(text).expect_err("wrong");
    assert_eq!(outcome.issues.len(), 20);
    assert_eq!(outcome.issues[19].expression.as_deref(), Some("Patient.name[19].text"));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    for bytes in [&b"\xFF"[..], b"\xC0\xAF", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"abc\xE2\x82"] {
        let mut text = br#"{"resourceType":"Patient","name":[{"text":""#.to_vec();
        let at = text.len();
        text.extend_from_slice(bytes);
        text.extend_from_slice(br#""}]}"#);
        let outcome = Resource::parse(text).expect_err("not UTF-8");
        assert_eq!(outcome.issues[0].code, IssueCode::Structure);
        assert!(outcome.issues[0].diagnostics.contains("not UTF-8"), "{outcome} near {at}");
    }
}

#[test]
fn deep_nesting_is_refused_without_overflow() {
    for (open, prefix) in [
        ("[", ""),
        (r#"{"a":"#, ""),
        ("[", r#"{"resourceType":"Patient","nope":"#),
        ("[", r#"{"id":"#),
        (r#"{"id":"#, ""),
        (r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":"#, ""),
        (r#"{"resourceType":"Parameters","parameter":[{"part":["#, ""),
        (r#"{"contained":["#, ""),
    ] {
        let text = format!("{prefix}{}", open.repeat(100_000));
        let outcome = Resource::parse(text).expect_err("too deep");
        let last = outcome.issues.last().expect("an issue");
        assert!(
            matches!(last.code, IssueCode::TooCostly | IssueCode::Structure),
            "{open}: {outcome}"
        );
    }
}

#[test]
fn a_type_named_last_costs_no_more_than_depth_allows() {
    let mut text = r#"{"id":"x","resourceType":"Patient"}"#.to_owned();
    for _ in 0..19 {
        text = format!(
            r#"{{"type":"collection","entry":[{{"resource":{text}}}],"resourceType":"Bundle"}}"#
        );
    }
    let resource = Resource::parse(text).expect("nested bundles");
    assert_eq!(resource.resource_type().name(), "Bundle");
}
