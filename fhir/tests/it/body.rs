//! What is stored is what came in, apart from the stamps.

use crate::data::{each_line, shared};
use crate::published::FOLDERS;
use fhir::{Body, Kind, Node, Resource};
use serde_json::Value;

const TIME_US: i64 = 1_700_000_000_123_000;

#[test]
fn every_published_resource_comes_back_as_it_was() {
    let Some(_) = shared() else { return };
    for (folder, _) in FOLDERS {
        each_line(folder, |line| {
            let Ok(resource) = Resource::parse(line.text) else { return };
            let body = resource.body();
            let back = render(&body, 7);
            assert_eq!(back.body(), body, "{}: stamps change nothing", line.place);
            assert_eq!(numbers(&back), numbers(&resource), "{}: digits", line.place);
            assert_eq!(
                without_stamps(back.text()),
                without_stamps(resource.text()),
                "{}",
                line.place
            );
            let meta = back.root().get("meta").expect("meta");
            assert_eq!(meta.get("versionId").expect("a version").text(), "7");
            assert_eq!(meta.get("lastUpdated").expect("a time").text(), "2023-11-14T22:13:20.123Z");
            if !stamped(&resource) {
                assert_eq!(body.text(), resource.text(), "{}: bytes", line.place);
            }
        });
    }
}

#[test]
fn equal_content_makes_equal_bodies() {
    let plain = body(r#"{"resourceType":"Patient","id":"a","active":true}"#);
    for text in [
        r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"3"},"active":true}"#,
        r#"{"resourceType":"Patient","id":"a","meta":{"lastUpdated":"2024-01-01T00:00:00Z","versionId":"3"},"active":true}"#,
        r#"{"meta":{"versionId":"3"},"resourceType":"Patient","id":"a","active":true}"#,
        r#"{"resourceType":"Patient","meta":{"versionId":"3"},"id":"a","active":true}"#,
        r#"{"resourceType":"Patient","id":"a","active":true,"meta":{"versionId":"3"}}"#,
        r#"{"resourceType":"Patient","id":"a","active":true,"meta":{"_versionId":{"id":"x"}}}"#,
        "{ \"resourceType\" : \"Patient\",\n \"id\":\"a\" ,\t\"meta\" : { \"versionId\":\"3\" } ,\r\n\"active\": true }\n",
    ] {
        assert_eq!(body(text), plain, "{text}");
    }
    let tagged =
        body(r#"{"resourceType":"Patient","id":"a","meta":{"tag":[{"code":"x"}]},"active":true}"#);
    for text in [
        r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"3","tag":[{"code":"x"}]},"active":true}"#,
        r#"{"resourceType":"Patient","id":"a","meta":{"tag":[{"code":"x"}],"versionId":"3"},"active":true}"#,
        r#"{"resourceType":"Patient","id":"a","meta":{"lastUpdated":"2024-01-01T00:00:00Z","tag":[{"code":"x"}],"versionId":"3"},"active":true}"#,
        r#"{"resourceType":"Patient","id":"a","meta": { "versionId" : "3" , "tag" : [ {"code" : "x" } ] },"active":true}"#,
    ] {
        assert_eq!(body(text), tagged, "{text}");
    }
    assert_ne!(plain, tagged);
    assert_ne!(plain, body(r#"{"resourceType":"Patient","id":"a","active":false}"#));
}

#[test]
fn white_space_inside_strings_stays() {
    let text = "{\"resourceType\" : \"Patient\", \"name\": [ {\"text\": \" a \\\" : b \\\\\" } ] , \"active\":true}";
    let expected = r#"{"resourceType":"Patient","name":[{"text":" a \" : b \\"}],"active":true}"#;
    assert_eq!(body(text).text(), expected.as_bytes());
}

#[test]
fn a_body_is_read_back_from_its_bytes() {
    let body = body(r#"{"resourceType":"Patient"}"#);
    let read = Body::from_bytes(body.as_bytes().to_vec().into()).expect("a body");
    assert_eq!(read, body);
    assert_eq!(render(&read, 1).resource_type().name(), "Patient");
    for bytes in [&b""[..], b"\x01\0\0\0", b"\x09\0\0\0\0{}", b"\x01\xFF\0\0\0{}"] {
        assert!(Body::from_bytes(bytes.to_vec().into()).is_none());
    }
}

#[test]
fn an_id_is_set_or_replaced() {
    for text in [
        r#"{"resourceType":"Patient","active":true}"#,
        r#"{"resourceType":"Patient","id":"old-and-longer","active":true}"#,
        r#"{"active":true,"id":"1","resourceType":"Patient"}"#,
        r#"{"active":true,"resourceType":"Patient"}"#,
    ] {
        let resource = Resource::parse(text).expect("a resource").with_id("new.id-1");
        assert_eq!(resource.id(), Some("new.id-1"), "{text}");
        assert_eq!(resource.root().get("active").expect("active").kind(), Kind::True);
    }
    assert!(!Resource::is_id("a/b") && Resource::is_id("a.b"));
}

fn body(text: &'static str) -> Body {
    Resource::parse(text).expect("a resource").body()
}

fn render(body: &Body, version_id: u64) -> Resource {
    let mut out = Vec::new();
    body.render(version_id, TIME_US, &mut out);
    Resource::parse(out).expect("a stamped resource is a resource")
}

fn stamped(resource: &Resource) -> bool {
    resource
        .root()
        .get("meta")
        .is_some_and(|meta| meta.get("versionId").is_some() || meta.get("lastUpdated").is_some())
}

fn without_stamps(text: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(text).expect("JSON");
    let meta = value.get_mut("meta").and_then(Value::as_object_mut);
    if let Some(meta) = meta {
        meta.retain(|name, _| !matches!(name.trim_start_matches('_'), "versionId" | "lastUpdated"));
        if meta.is_empty() {
            value.as_object_mut().expect("an object").retain(|name, _| name != "meta");
        }
    }
    value
}

fn numbers(resource: &Resource) -> Vec<String> {
    fn walk(node: Node<'_>, out: &mut Vec<String>) {
        if node.kind() == Kind::Number {
            out.push(node.text().into_owned());
        }
        node.children().for_each(|child| walk(child, out));
    }
    let mut out = Vec::new();
    walk(resource.root(), &mut out);
    out
}
