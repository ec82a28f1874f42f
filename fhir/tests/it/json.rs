//! The scanner agrees with `serde_json` about what JSON is and what it says.

use crate::data::{each_line, shared};
use fhir::{Kind, Node, Resource};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The tree as a value of the other library.
fn value_of(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Object => {
            let mut members = Map::new();
            for child in node.children() {
                let name = match child.element() {
                    None => "resourceType".to_owned(),
                    Some(element) if child.is_companion() => format!("_{}", element.name()),
                    Some(element) => element.name().to_owned(),
                };
                assert!(members.insert(name, value_of(child)).is_none(), "a key twice");
            }
            Value::Object(members)
        }
        Kind::Array => Value::Array(node.children().map(value_of).collect()),
        Kind::String | Kind::EscapedString => Value::String(node.text().into_owned()),
        Kind::Number | Kind::True | Kind::False | Kind::Null => {
            serde_json::from_slice(node.raw()).expect("a literal")
        }
    }
}

#[test]
fn the_tree_says_what_the_text_says() {
    let Some(_) = shared() else { return };
    for folder in
        ["synthea-tiny", "examples-r4", "us-core-examples", "definitions-r4", "synthea-2023-bulk10"]
    {
        each_line(folder, |line| {
            let Ok(resource) = Resource::parse(line.text) else { return };
            let expected: Value = serde_json::from_slice(resource.text()).expect("JSON");
            assert!(value_of(resource.root()) == expected, "{}", line.place);
            assert_eq!(resource.root().next_index() as usize, resource.node_count());
        });
    }
}

#[test]
fn pretty_printing_changes_nothing() {
    let Some(_) = shared() else { return };
    for folder in ["synthea-tiny", "examples-r4"] {
        each_line(folder, |line| {
            let Ok(resource) = Resource::parse(line.text) else { return };
            let value: Box<RawValue> = serde_json::from_slice(resource.text()).expect("JSON");
            let pretty = serde_json::to_vec_pretty(
                &serde_json::from_str::<Value>(value.get()).expect("JSON"),
            )
            .expect("JSON");
            let again = Resource::parse(pretty)
                .unwrap_or_else(|outcome| panic!("{}: {outcome}", line.place));
            assert_eq!(again.node_count(), resource.node_count(), "{}", line.place);
        });
    }
}

/// A small generator of our own: the run is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

#[test]
fn damaged_resources_never_panic_and_are_judged_as_json_alike() {
    let Some(_) = shared() else { return };
    const BYTES: &[u8] = b"\"\\{}[]:,0123456789.eE+-truefalsn u_/\x00\x1f\x7f\x80\xc3\xa9\xff";
    let mut dice = Dice(0x5EED);
    let mut accepted = 0;
    let mut index = 0;
    for folder in ["examples-r4", "synthea-tiny"] {
        each_line(folder, |line| {
            index += 1;
            if line.text.len() > 20_000 {
                return;
            }
            for _ in 0..20 {
                let mut text = line.text.clone();
                for _ in 0..=dice.roll(3) {
                    let at = dice.roll(text.len());
                    let other = dice.roll(text.len());
                    match dice.roll(7) {
                        0 => text[at] = BYTES[dice.roll(BYTES.len())],
                        1 => drop(text.remove(at)),
                        2 => text.insert(at, BYTES[dice.roll(BYTES.len())]),
                        3 => text.truncate(at.max(1)),
                        4 => text.swap(at, other),
                        5 => {
                            let end = (at + dice.roll(40)).min(text.len());
                            let piece = text[at..end].to_vec();
                            let to = other.min(text.len());
                            text.splice(to..to, piece);
                        }
                        _ => drop(text.drain(at..(at + dice.roll(40)).min(text.len()))),
                    }
                    if text.is_empty() {
                        text.push(b'{');
                    }
                }
                let syntax = std::str::from_utf8(&text)
                    .is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok());
                match Resource::parse(text.clone()) {
                    Ok(resource) => {
                        assert!(syntax, "{}: accepted what is not JSON", line.place);
                        // `serde_json` refuses numbers beyond f64, which are good decimals.
                        if let Ok(expected) = serde_json::from_slice::<Value>(&text) {
                            assert!(value_of(resource.root()) == expected, "{}", line.place);
                        }
                        let mut out = Vec::new();
                        resource.body().render(1, 0, &mut out);
                        let again = Resource::parse(out).expect("a body is a resource");
                        assert_eq!(again.body(), resource.body());
                        accepted += 1;
                    }
                    Err(outcome) => {
                        assert!((1..=20).contains(&outcome.issues.len()));
                        let fatal = outcome.issues.iter().any(|issue| {
                            issue.diagnostics.starts_with("not JSON")
                                || issue.diagnostics.contains("ends early")
                        });
                        assert!(!(fatal && syntax), "{}: refused good JSON: {outcome}", line.place);
                        Resource::parse(outcome.render()).expect("an outcome is a resource");
                    }
                }
            }
        });
    }
    assert!(accepted > 1000, "only {accepted} of {index} damaged resources were accepted");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives(text in any::<String>(), ascii in any::<bool>()) {
        let mut written = serde_json::to_string(&text).expect("JSON");
        if ascii {
            written = written.chars().map(|c| if c.is_ascii() { c.to_string() } else {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            }).collect();
        }
        let resource = Resource::parse(format!(r#"{{"resourceType":"Patient","name":[{{"text":{written}}}]}}"#));
        let allowed = !text.is_empty() && !text.chars().any(|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r'));
        prop_assert_eq!(resource.is_ok(), allowed);
        if let Ok(resource) = resource {
            let node = resource.root().get("name").and_then(|name| name.each().next()).and_then(|name| name.get("text")).expect("text");
            prop_assert_eq!(node.text(), text);
        }
    }

    #[test]
    fn numbers_are_numbers_exactly_when_json_says_so(text in "-?[0-9.eE+-]{1,8}") {
        let good = serde_json::from_str::<&RawValue>(&text).is_ok();
        let resource = Resource::parse(format!(r#"{{"resourceType":"Observation","status":"final","code":{{"text":"a"}},"valueQuantity":{{"value":{text}}}}}"#));
        prop_assert_eq!(resource.is_ok(), good);
        if let Ok(resource) = resource {
            let value = resource.root().get("valueQuantity").and_then(|q| q.get("value")).expect("a value");
            prop_assert_eq!(value.text(), text);
        }
    }

    #[test]
    fn any_bytes_are_judged_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut text = br#"{"resourceType":"Patient","#.to_vec();
        text.extend_from_slice(&bytes);
        let _ = Resource::parse(bytes);
        let _ = Resource::parse(text);
    }

    #[test]
    fn strings_of_every_length_end_where_they_end(length in 0usize..200, escape in any::<Option<u8>>(), after in 0usize..20) {
        let mut content = "x".repeat(length);
        if let Some(at) = escape {
            content.insert_str(usize::from(at) % (length + 1), "\\\"");
        }
        let text = format!(r#"{{"resourceType":"Patient","name":[{{"text":"a{content}"}}]{}}}"#, " ".repeat(after));
        let resource = Resource::parse(text.clone()).expect("a resource");
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(value_of(resource.root()), expected);
    }
}

#[test]
fn nodes_answer_by_name_and_by_element() {
    let text = json!({"resourceType":"Patient","birthDate":"2000","_birthDate":{"id":"a"},"name":[{"given":["A","B"]}],"contained":[{"resourceType":"Group","type":"person","actual":true}]});
    let resource = Resource::parse(text.to_string()).expect("a resource");
    let root = resource.root();
    let birth = root.get("birthDate").expect("a date");
    assert_eq!(
        (birth.text().as_ref(), birth.is_companion(), birth.raw()),
        ("2000", false, &b"\"2000\""[..])
    );
    let companion = root.companion(birth.element().expect("an element")).expect("a companion");
    assert_eq!(companion.get("id").expect("an id").text(), "a");
    let given: Vec<_> = root
        .get("name")
        .expect("names")
        .each()
        .filter_map(|n| n.get("given"))
        .flat_map(|n| n.each())
        .map(|n| n.text().into_owned())
        .collect();
    assert_eq!(given, ["A", "B"]);
    assert_eq!(birth.each().count(), 1);
    let group = root.get("contained").and_then(|list| list.each().next()).expect("a group");
    assert_eq!(group.resource_type().expect("a type").name(), "Group");
    assert_eq!(group.get("actual").expect("actual").kind(), Kind::True);
    assert_eq!(root.get("resourceType").expect("a type").text(), "Patient");
    assert_eq!(resource.node(birth.index()).expect("a node").range(), birth.range());
    assert!(
        root.get("nope").is_none() && birth.get("id").is_none() && resource.node(9999).is_none()
    );
    assert!(!format!("{birth:?}").contains("2000"), "no value in debug output");
}
