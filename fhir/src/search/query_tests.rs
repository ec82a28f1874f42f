use super::*;

fn parse(resource_type: &str, text: &str, lenient: bool) -> Result<(Query, Vec<Issue>), Outcome> {
    let pairs: Vec<_> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').expect("a pair"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Query::parse(ResourceType::parse(resource_type).expect("a type"), &pairs, lenient)
}

/// The alternatives of the only criterion of a search.
#[track_caller]
fn tests_of(resource_type: &str, text: &str) -> Vec<Test> {
    let (query, ignored) = parse(resource_type, text, false).expect("a good search");
    assert!(ignored.is_empty());
    let [criterion] = <[Criterion; 1]>::try_from(query.criteria).expect("one criterion");
    criterion.any
}

/// A search is refused with one issue that says this.
#[track_caller]
fn check_refused(resource_type: &str, text: &str, message: &str) {
    let outcome = parse(resource_type, text, false)
        .err()
        .unwrap_or_else(|| panic!("`{text}` was understood"));
    let said: Vec<_> = outcome.issues.iter().map(|issue| issue.diagnostics.as_str()).collect();
    assert_eq!(said, [message], "`{text}`");
    assert!(
        outcome.issues[0].expression.as_deref().is_some_and(|place| place.starts_with("http."))
    );
}

fn token(system: Option<&str>, code: Option<&str>) -> Test {
    Test::Token { system: system.map(str::to_owned), code: code.map(str::to_owned) }
}

fn span(text: &str) -> DateSpan {
    DateSpan::parse(text).expect("a date")
}

#[test]
fn a_token_has_four_forms() {
    assert_eq!(tests_of("Observation", "code=1-8"), [token(None, Some("1-8"))]);
    assert_eq!(
        tests_of("Observation", "code=http://loinc.org|1-8"),
        [token(Some("http://loinc.org"), Some("1-8"))]
    );
    assert_eq!(tests_of("Observation", "code=|1-8"), [token(Some(""), Some("1-8"))]);
    assert_eq!(
        tests_of("Observation", "code=http://loinc.org|"),
        [token(Some("http://loinc.org"), None)]
    );
}

#[test]
fn the_implied_system_of_a_plain_code_also_asks_for_the_code_alone() {
    let system = "http://hl7.org/fhir/administrative-gender";
    assert_eq!(
        tests_of("Patient", &format!("gender={system}|male")),
        [token(Some(system), Some("male")), token(Some(""), Some("male"))]
    );
    assert_eq!(
        tests_of("Patient", "gender=http://other|male"),
        [token(Some("http://other"), Some("male"))]
    );
}

#[test]
fn commas_separate_alternatives_unless_escaped() {
    assert_eq!(
        tests_of("Observation", r"code=a\,b,c\|d,e\\,f\$g"),
        [
            token(None, Some("a,b")),
            token(None, Some("c|d")),
            token(None, Some(r"e\")),
            token(None, Some("f$g"))
        ]
    );
    let (query, _) = parse("Observation", "code=a&code=b", false).expect("a good search");
    assert_eq!(query.criteria.len(), 2, "repeating a parameter asks for both");
}

#[test]
fn dates_take_every_prefix_and_precision() {
    assert_eq!(tests_of("Patient", "birthdate=1980"), [Test::Date(Prefix::Eq, span("1980"))]);
    for (name, prefix) in [
        ("eq", Prefix::Eq),
        ("ne", Prefix::Ne),
        ("gt", Prefix::Gt),
        ("lt", Prefix::Lt),
        ("ge", Prefix::Ge),
        ("le", Prefix::Le),
        ("sa", Prefix::Sa),
        ("eb", Prefix::Eb),
        ("ap", Prefix::Ap),
    ] {
        assert_eq!(
            tests_of("Patient", &format!("birthdate={name}1980-05")),
            [Test::Date(prefix, span("1980-05"))]
        );
    }
    let zoned = [Test::Date(Prefix::Ge, span("2020-01-01T10:00:00+02:00"))];
    assert_eq!(tests_of("Encounter", "date=ge2020-01-01T10:00:00 02:00"), zoned);
    assert_eq!(
        tests_of("Encounter", "_lastUpdated=gt2020"),
        [Test::LastUpdated(Prefix::Gt, span("2020"))]
    );
    check_refused(
        "Patient",
        "birthdate=1980,1980-13",
        "value 2 of `birthdate` is not a FHIR date from byte 5; expected `2024`, `2024-03`, `2024-03-01` or a time",
    );
}

#[test]
fn the_digits_of_a_number_imply_a_range() {
    for (text, value, low, high) in [
        ("100", 100.0, 99.5, 100.5),
        ("100.00", 100.0, 99.995, 100.005),
        ("1e2", 100.0, 95.0, 105.0),
        ("5.40", 5.4, 5.395, 5.405),
        ("-5.4", -5.4, -5.45, -5.35),
        ("5.40e-3", 0.0054, 0.005395, 0.005405),
        ("0", 0.0, -0.5, 0.5),
    ] {
        assert_eq!(number(text), Some((value, low, high)), "`{text}`");
    }
    for text in ["", "x", "1.", ".5", "1e", "--1", "1e999", "NaN", "inf", "1 "] {
        assert_eq!(number(text), None, "`{text}`");
    }
}

#[test]
fn a_quantity_has_a_number_and_perhaps_a_unit() {
    let expected = |system: Option<&str>, code: Option<&str>| {
        let (system, code) = (system.map(str::to_owned), code.map(str::to_owned));
        [Test::Quantity { prefix: Prefix::Gt, value: 5.4, low: 5.35, high: 5.45, system, code }]
    };
    assert_eq!(tests_of("Observation", "value-quantity=gt5.4"), expected(None, None));
    assert_eq!(tests_of("Observation", "value-quantity=gt5.4||mg"), expected(None, Some("mg")));
    let system = "http://unitsofmeasure.org";
    assert_eq!(
        tests_of("Observation", &format!("value-quantity=gt5.4|{system}|mg")),
        expected(Some(system), Some("mg"))
    );
    check_refused(
        "Observation",
        "value-quantity=5.4|mg",
        "the value of `value-quantity` is neither `number` nor `number|system|code`",
    );
}

#[test]
fn a_reference_is_an_id_a_relative_reference_or_a_url() {
    let reference = |types: &[&str], id: &str| Test::Reference {
        types: types.iter().map(|name| ResourceType::parse(name).expect("a type")).collect(),
        id: id.to_owned(),
    };
    assert_eq!(tests_of("Observation", "subject=Patient/1"), [reference(&["Patient"], "1")]);
    assert_eq!(
        tests_of("Observation", "subject=Patient/1/_history/3"),
        [reference(&["Patient"], "1")]
    );
    assert_eq!(
        tests_of("Observation", "subject=1"),
        [reference(&["Group", "Device", "Patient", "Location"], "1")]
    );
    assert_eq!(tests_of("Observation", "subject:Patient=1"), [reference(&["Patient"], "1")]);
    assert_eq!(
        tests_of("Observation", "subject=http://a/Patient/1"),
        [reference(&[], "http://a/Patient/1")]
    );
    assert_eq!(tests_of("Observation", "subject=urn:uuid:1"), [reference(&[], "urn:uuid:1")]);
    check_refused(
        "Observation",
        "subject=a b",
        "the value of `subject` is neither an id nor `Type/id` nor a URL",
    );
    check_refused("Observation", "subject:Claim=1", "`subject` never refers to `Claim`");
}

#[test]
fn strings_are_folded_unless_exact() {
    assert_eq!(tests_of("Patient", "family=Müller  LÜD"), [Test::String("muller lud".to_owned())]);
    assert_eq!(tests_of("Patient", "family:contains=Mü"), [Test::String("mu".to_owned())]);
    assert_eq!(tests_of("Patient", "family:exact=Mü"), [Test::String("Mü".to_owned())]);
    assert_eq!(tests_of("Patient", "family:missing=true"), [Test::Missing(true)]);
}

#[test]
fn controls_are_read_and_bounded() {
    let text = "_count=5&_sort=-date,_id&_total=none&_summary=count&_elements=code,value\
                &_include=Observation:subject:Patient&_include:iterate=*&_revinclude=Provenance:target\
                &_format=json&_pretty=true&_offset=40&_commit=7&_id=a,b";
    let (query, _) = parse("Observation", text, false).expect("a good search");
    assert_eq!((query.count, query.offset, query.commit), (5, 40, Some(7)));
    let sort: Vec<_> = query.sort.iter().map(|key| (key.parameter.code, key.descending)).collect();
    assert_eq!(sort, [("date", true), ("_id", false)]);
    assert_eq!((query.total, query.summary), (Total::None, Summary::Count));
    assert_eq!(query.elements, ["code", "value"]);
    assert_eq!(query.include.len(), 2);
    assert!(query.include[1].iterate && query.include[1].parameter.is_none());
    assert_eq!(query.revinclude[0].parameter.expect("named").code, "target");
    assert_eq!(query.criteria[0].any, [Test::Id("a".to_owned()), Test::Id("b".to_owned())]);
    check_refused("Patient", "_count=1001", "`_count` is more than 1000");
    check_refused("Patient", "_count=-1", "`_count` is not a whole number");
    check_refused("Patient", "_count=99999999999999999999999", "`_count` is not a whole number");
    check_refused(
        "Patient",
        "_summary=yes",
        "`_summary` is one of `true`, `text`, `data`, `count`, `false`",
    );
    check_refused(
        "Patient",
        "_elements=brithDate",
        "`Patient` has no element `brithDate`; did you mean `birthDate`?",
    );
    check_refused(
        "Patient",
        "_include=Observation:subjct",
        "`Observation` has no reference parameter `subjct`; did you mean `subject`?",
    );
}

#[test]
fn what_is_not_known_is_refused_with_its_neighbour() {
    check_refused(
        "Patient",
        "brithdate=1980",
        "`Patient` has no search parameter `brithdate`; did you mean `birthdate`?",
    );
    check_refused(
        "Patient",
        "_cuont=3",
        "`Patient` has no search parameter `_cuont`; did you mean `_count`?",
    );
    check_refused(
        "Patient",
        "_sort=birthDate",
        "`Patient` has no search parameter `birthDate`; did you mean `birthdate`?",
    );
    check_refused(
        "Patient",
        "birthdate:exact=1980",
        "`birthdate` is a date parameter and has no modifier `:exact`",
    );
    check_refused("Patient", "gender=", "`gender` has no value");
    check_refused("Patient", "gender=a,,b", "value 2 of `gender` is empty");
}

#[test]
fn what_comes_later_is_refused_by_name() {
    for (resource_type, text, message) in [
        (
            "Observation",
            "code-value-quantity=a$5",
            "`code-value-quantity` is a composite parameter, which is not supported yet",
        ),
        ("Observation", "subject.name=x", "chaining through `subject` is not supported yet"),
        (
            "Observation",
            "subject:Patient.name=x",
            "chaining through `subject` is not supported yet",
        ),
        (
            "Patient",
            "_has:Observation:patient:code=1",
            "`_has` (reverse chaining) is not supported yet",
        ),
        ("Observation", "code:text=x", "modifier `:text` of `code` is not supported yet"),
        ("Observation", "code:in=x", "modifier `:in` of `code` is not supported yet"),
        (
            "Observation",
            "subject:identifier=x",
            "modifier `:identifier` of `subject` is not supported yet",
        ),
        ("Patient", "_text=x", "`_text` is not supported yet"),
        ("Location", "near=1|2", "`near` is not supported yet"),
        ("Patient", "age=3", "`age` is not supported: R4 defines no expression for it"),
    ] {
        check_refused(resource_type, text, message);
    }
}

#[test]
fn leniency_passes_over_the_unknown_and_says_so() {
    let (query, ignored) =
        parse("Patient", "brithdate=1980&gender=male", true).expect("a lenient search");
    assert_eq!(query.criteria.len(), 1);
    assert_eq!(query.understood, [("gender".to_owned(), "male".to_owned())]);
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0].severity, Severity::Warning);
    assert!(parse("Patient", "birthdate=x", true).is_err(), "a bad value is an error all the same");
}

#[test]
fn links_repeat_what_was_understood() {
    let (query, _) = parse(
        "Patient",
        "identifier=http://a|1 2&family=Mü&_count=3&_format=json&_offset=9",
        false,
    )
    .expect("a search");
    assert_eq!(
        query.to_query_string(None, 0),
        "identifier=http://a%7C1%202&family=M%C3%BC&_count=3"
    );
    assert_eq!(
        query.to_query_string(Some(7), 3),
        "identifier=http://a%7C1%202&family=M%C3%BC&_count=3&_commit=7&_offset=3"
    );
    let (all, _) = parse("Patient", "", false).expect("a search");
    assert_eq!(all.to_query_string(Some(7), 20), "_commit=7&_offset=20");
}

proptest::proptest! {
    #[test]
    fn no_query_makes_parsing_panic(
        name in "(_?[a-z]{1,8}|code|date|subject|value-quantity|_include|_sort|family)(:[a-z]{0,9})?",
        value in "[a-z0-9|,$\\\\:./ +é-]{0,24}",
    ) {
        for lenient in [true, false] {
            let pairs = [(name.clone(), value.clone())];
            let _ = Query::parse(ResourceType::parse("Observation").expect("a type"), &pairs, lenient);
        }
    }
}
