//! Resources become rows: nothing is lost, and nothing is invented.

use crate::data::{Loaded, lines, parse, quiet, shared};
use serde_json::{Map, Value, json};

/// The resource as the tables lay it out: names in lower case, resources inside as text.
fn laid_out(resource: &Value) -> Value {
    fn walk(value: &Value, name: &str) -> Value {
        match value {
            Value::Object(members) => {
                let members = members
                    .iter()
                    .filter(|(key, _)| *key != "resourceType")
                    .map(|(key, member)| (key.to_lowercase(), walk(member, key)));
                Value::Object(members.collect())
            }
            Value::Array(items) if name == "contained" => {
                items.iter().map(|item| Value::String(item.to_string())).collect()
            }
            Value::Array(items) => items.iter().map(|item| walk(item, name)).collect(),
            other => other.clone(),
        }
    }
    let mut row = walk(resource, "");
    if let Some(meta) = row.get_mut("meta").and_then(Value::as_object_mut) {
        meta.remove("versionid");
        meta.remove("lastupdated");
        if meta.is_empty() {
            row.as_object_mut().expect("an object").remove("meta");
        }
    }
    if let Some(companion) = row.get_mut("_version").map(Value::take) {
        row["__version"] = companion; // `_version` is the number of the version
        row.as_object_mut().expect("an object").remove("_version");
    }
    row
}

fn is_companion(key: &str) -> bool {
    ["_start", "_end", "_type", "_id", "_text"].iter().any(|suffix| key.ends_with(suffix))
}

/// Everything of `expected` is in `found`, and nothing else but companions and nulls.
fn compare(expected: &Value, found: &Value, path: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let inner = format!("{path}.{key}");
                compare(value, found.get(key).unwrap_or(&Value::Null), &inner);
            }
            for (key, value) in found {
                assert!(
                    expected.contains_key(key) || is_companion(key) || value.is_null(),
                    "{path}.{key} is not in the resource"
                );
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{path}: number of items");
            for (expected, found) in expected.iter().zip(found) {
                compare(expected, found, path);
            }
        }
        (Value::Number(expected), Value::Number(found)) => {
            assert_eq!(expected.as_f64(), found.as_f64(), "{path}");
        }
        _ => assert_eq!(expected, found, "{path}"),
    }
}

fn without_system_columns(row: &Value) -> Value {
    let system = ["_version", "_last_updated", "_commit", "_ordinal"];
    let members = row.as_object().expect("a row").iter();
    let members: Map<String, Value> = members
        .filter(|(key, _)| !system.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(members)
}

async fn check_all(loaded: &Loaded, folder: &std::path::Path) {
    for (resource_type, lines) in lines(folder) {
        let table = resource_type.table();
        let rows = loaded.json(&format!("SELECT * FROM {table} ORDER BY _ordinal")).await;
        let rows = rows.as_array().expect("rows");
        assert_eq!(rows.len(), lines.len(), "{table}");
        for (line, row) in lines.iter().zip(rows) {
            let resource: Value = serde_json::from_str(line).expect("JSON");
            compare(&laid_out(&resource), &without_system_columns(row), table);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_of_synthea_tiny_is_in_its_row_from_memory_and_from_files() {
    let Some(folder) = shared("synthea-tiny") else { return };
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put_all(&lines(&folder), 100);
    check_all(&loaded, &folder).await;
    loaded.lake.flush(true).await.expect("flushed");
    check_all(&loaded, &folder).await;
    drop(loaded);
    let loaded = Loaded::open(tables.path(), quiet()).await;
    check_all(&loaded, &folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_of_the_r4_examples_is_in_its_row() {
    let Some(folder) = shared("examples-r4") else { return };
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    let mut types = lines(&folder);
    // Resources inside resources keep their text, which a JSON library writes differently.
    for lines in types.values_mut() {
        lines.retain(|line| {
            !line.contains("\"contained\"")
                && !line.contains("\"resource\":{")
                && fhir::Resource::parse(line.clone()).is_ok()
        });
    }
    types.retain(|_, lines| !lines.is_empty());
    for lines in types.values() {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        loaded.put(&lines, &[]);
    }
    loaded.lake.flush(true).await.expect("flushed");
    for (resource_type, lines) in types {
        let table = resource_type.table();
        let rows = loaded.json(&format!("SELECT * FROM {table} ORDER BY _ordinal")).await;
        for (line, row) in lines.iter().zip(rows.as_array().expect("rows")) {
            let resource: Value = serde_json::from_str(line).expect("JSON");
            let id = resource["id"].as_str().unwrap_or_default();
            let mut expected = laid_out(&resource);
            deep_as_text(&mut expected, row);
            compare(&expected, &without_system_columns(row), &format!("{table}/{id}"));
        }
    }
}

/// Where the row holds text for something nested too deep, expects that text.
fn deep_as_text(expected: &mut Value, found: &Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                deep_as_text(value, found.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for (expected, found) in expected.iter_mut().zip(found) {
                deep_as_text(expected, found);
            }
        }
        (expected @ Value::Object(_), Value::String(text)) => {
            *expected = Value::String(text.clone());
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn companions_say_what_text_hides() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    let observation = r##"{"resourceType":"Observation","id":"o","status":"final",
        "code":{"text":"weight"},
        "subject":{"reference":"Patient/p1","display":"someone"},
        "performer":[{"reference":"#c"},{"reference":"https://host/fhir/Practitioner/d2"}],
        "effectiveDateTime":"2024-03",
        "valueQuantity":{"value":1.10,"unit":"kg"},
        "referenceRange":[{"low":{"value":2}}],
        "_status":{"extension":[{"url":"http://example.org/why","valueString":"because"}]}}"##;
    loaded.put(&[observation], &[]);
    let columns = "subject_type, subject_id, performer_type, performer_id, effectivedatetime, \
         effectivedatetime_start, effectivedatetime_end, valuequantity, referencerange, _status";
    for _ in 0..2 {
        let rows = loaded.json(&format!("SELECT {columns} FROM observation")).await;
        assert_eq!(
            rows,
            json!([{
                "subject_type": "Patient",
                "subject_id": "p1",
                "performer_type": [null, "Practitioner"],
                "performer_id": [null, "d2"],
                "effectivedatetime": "2024-03",
                "effectivedatetime_start": "2024-03-01T00:00:00Z",
                "effectivedatetime_end": "2024-04-01T00:00:00Z",
                "valuequantity": {"value": 1.1, "value_text": "1.10", "unit": "kg"},
                "referencerange": [{"low": {"value": 2}}],
                "_status": {"extension":
                    [{"url": "http://example.org/why", "valuestring": "because"}]},
            }])
        );
        loaded.lake.flush(true).await.expect("flushed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extensions_beyond_six_levels_are_json_text() {
    let mut extension = r#"{"url":"e","valueInteger":7}"#.to_owned();
    for _ in 0..9 {
        extension = format!(r#"{{"url":"e","extension":[{extension}]}}"#);
    }
    let patient = format!(r#"{{"resourceType":"Patient","id":"p","extension":[{extension}]}}"#);
    let rows = lake::Lake::shred(parse(&patient).resource_type(), &[parse(&patient)]);
    let schema = rows.expect("rows").batch().schema();
    let text = format!("{schema:?}");
    assert_eq!(text.matches("\"extension\"").count(), lake::RECURSION_MAX + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_grow_with_the_data() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(&[r#"{"resourceType":"Patient","id":"a","name":[{"family":"One"}]}"#], &[]);
    loaded.lake.flush(true).await.expect("flushed");
    loaded.put(
        &[r#"{"resourceType":"Patient","id":"b","birthDate":"2000-01-01","name":[{"given":["Two"]}]}"#],
        &[],
    );
    loaded.lake.flush(true).await.expect("flushed");
    loaded.put(
        &[r#"{"resourceType":"Patient","id":"c","name":[{"family":"Three","period":{"start":"2001"}}]}"#],
        &[],
    );
    let sql = "SELECT id, birthdate, name[1].family AS family, name[1].given AS given, \
               name[1].period.start AS since, maritalstatus.text AS never_seen \
               FROM patient ORDER BY id";
    let expected = json!([
        {"id": "a", "birthdate": null, "family": "One", "given": null, "since": null, "never_seen": null},
        {"id": "b", "birthdate": "2000-01-01", "family": null, "given": ["Two"], "since": null, "never_seen": null},
        {"id": "c", "birthdate": null, "family": "Three", "given": null, "since": "2001", "never_seen": null},
    ]);
    assert_eq!(loaded.json(sql).await, expected);
    loaded.lake.flush(true).await.expect("flushed");
    assert_eq!(loaded.json(sql).await, expected);
    drop(loaded);
    let loaded = Loaded::open(tables.path(), quiet()).await;
    assert_eq!(loaded.json(sql).await, expected);
}
