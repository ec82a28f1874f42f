//! What this server can do, as FHIR asks it to be said.
//!
//! Spec: <https://hl7.org/fhir/R4/capabilitystatement.html>

use crate::render::{comma, key, member};
use crate::search::{Parameter, ParameterKind};
use crate::{ResourceType, date};

/// What a client may do with every type.
const INTERACTIONS: [&str; 7] =
    ["read", "vread", "create", "update", "delete", "history-instance", "search-type"];

/// Renders the CapabilityStatement of the endpoint at `base_url`, for a server of `version`
/// running since `started_us`.
pub fn render(base_url: &str, version: &str, started_us: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 * 1024);
    let out = &mut out;
    out.push(b'{');
    member("resourceType", "CapabilityStatement", out);
    member("status", "active", out);
    member("date", &date::instant(started_us), out);
    member("kind", "instance", out);
    key("software", out);
    out.push(b'{');
    member("name", "Tarn", out);
    member("version", version, out);
    out.push(b'}');
    key("implementation", out);
    out.push(b'{');
    member("description", "Tarn, an open health data lake", out);
    member("url", base_url, out);
    out.push(b'}');
    member("fhirVersion", "4.0.1", out);
    key("format", out);
    out.extend_from_slice(br#"["json","application/fhir+json"]"#);
    key("rest", out);
    out.push(b'[');
    out.push(b'{');
    member("mode", "server", out);
    key("security", out);
    out.push(b'{');
    member(
        "description",
        "Every request needs a key: as a bearer token, by Basic authentication, or signed (AWS Signature Version 4).",
        out,
    );
    out.push(b'}');
    key("resource", out);
    out.push(b'[');
    for resource_type in ResourceType::all() {
        resource(resource_type, out);
    }
    out.extend_from_slice(b"]}]}");
    std::mem::take(out)
}

fn resource(resource_type: ResourceType, out: &mut Vec<u8>) {
    comma(out);
    out.push(b'{');
    member("type", resource_type.name(), out);
    member("profile", &format!("http://hl7.org/fhir/StructureDefinition/{resource_type}"), out);
    key("interaction", out);
    out.push(b'[');
    for interaction in INTERACTIONS {
        comma(out);
        out.push(b'{');
        member("code", interaction, out);
        out.push(b'}');
    }
    out.push(b']');
    member("versioning", "versioned-update", out);
    for (name, value) in [
        ("readHistory", true),
        ("updateCreate", true),
        ("conditionalCreate", false),
        ("conditionalUpdate", false),
    ] {
        key(name, out);
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }
    member("conditionalRead", "not-supported", out);
    member("conditionalDelete", "not-supported", out);
    let searchable =
        || Parameter::of(resource_type).iter().filter(|parameter| parameter.is_searchable());
    let references = || searchable().filter(|parameter| parameter.kind == ParameterKind::Reference);
    let own = references().map(|parameter| format!("{resource_type}:{}", parameter.code));
    codes("searchInclude", own, out);
    let reverse = ResourceType::all().flat_map(|source| {
        Parameter::of(source)
            .iter()
            .filter(|p| {
                p.kind == ParameterKind::Reference
                    && p.is_searchable()
                    && p.targets.contains(&resource_type)
            })
            .map(move |parameter| format!("{source}:{}", parameter.code))
    });
    codes("searchRevInclude", reverse, out);
    key("searchParam", out);
    out.push(b'[');
    for parameter in searchable() {
        comma(out);
        out.push(b'{');
        member("name", parameter.code, out);
        if !parameter.url.is_empty() {
            member("definition", parameter.url, out);
        }
        member("type", parameter.kind.name(), out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// A list of strings, left out when there are none.
fn codes(name: &str, values: impl Iterator<Item = String>, out: &mut Vec<u8>) {
    let before = out.len();
    key(name, out);
    out.push(b'[');
    let empty = out.len();
    for value in values {
        comma(out);
        crate::render::string(&value, out);
    }
    if out.len() == empty {
        out.truncate(before);
    } else {
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resource;

    #[test]
    fn the_statement_is_a_valid_resource_naming_every_type() {
        let text = render("http://127.0.0.1:8470/datastore/0/r4", "0.1.0", 1_700_000_000_000_000);
        Resource::parse(text.clone()).expect("a CapabilityStatement is a resource");
        let value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let types = value["rest"][0]["resource"].as_array().expect("resources");
        assert_eq!(types.len(), 146);
        let patient = types.iter().find(|entry| entry["type"] == "Patient").expect("Patient");
        let names: Vec<_> = patient["searchParam"]
            .as_array()
            .expect("parameters")
            .iter()
            .map(|p| p["name"].clone())
            .collect();
        for name in ["_id", "_lastUpdated", "birthdate", "name", "identifier"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert_eq!(patient["interaction"].as_array().expect("interactions").len(), 7);
        assert!(
            patient["searchRevInclude"]
                .as_array()
                .expect("includes")
                .iter()
                .any(|code| code == "Observation:subject")
        );
    }
}
