//! Resources made from findings: a Condition for a diagnosis, an Observation for a sign or symptom,
//! a MedicationStatement for a drug, and the Linkage that ties them to their document.
//!
//! The shape is HealthLake's, with these differences: what is denied, said of the family,
//! hypothetical or still to come makes no resource; what the patient's record already holds coded
//! makes none; the same thing said twice in a document makes one; a resource carries the standard
//! code system first.
//!
//! Always true:
//! - ids follow from the document and the concept, so making them again changes nothing;
//! - a resource somebody has changed is theirs: it is neither overwritten nor deleted. Each carries a
//!   digest of what was made, which no longer fits then.
//!
//! Source: <https://docs.aws.amazon.com/healthlake/latest/devguide/integrating-nlp.html>

use super::record::{Record, plain};
use crate::Error;
use fhir::findings::{Concept, Entity, Findings, system_uri};
use fhir::{Node, Resource, ResourceType};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use store::{Snapshot, Version, Write};
use xxhash_rust::xxh3::xxh3_128;

const BASE: &str = "http://healthlake.amazonaws.com/";
/// The tag of every resource made here.
pub(super) const TAG: &str = "SYSTEM_GENERATED";

/// The resources of a document, the Linkage first; none when nothing is worth one.
pub(super) fn resources(
    document: &str,
    resource: &Resource,
    findings: &Findings,
    record: &Record,
    score_min: f32,
) -> Result<Vec<Resource>, Error> {
    // Only a patient has conditions and takes drugs.
    let subject = reference(resource, &["subject", "reference"])
        .filter(|subject| subject.starts_with("Patient/") || subject.contains("/Patient/"));
    let Some(subject) = subject else { return Ok(Vec::new()) };
    let mut made: Vec<(Value, Value)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let linkage = id(document, "linkage", "");
    for entity in &findings.entities {
        let Some((type_name, concept)) = worth(entity, record, score_min) else { continue };
        let key = format!("{type_name}|{}|{}", concept.system, concept.code);
        if let Some(&known) = seen.get(&key) {
            // Said again: the surer mention stands for both.
            let score = &mut made[known].0["modifierExtension"][0]["valueDecimal"];
            if score.as_f64().is_some_and(|score| score < f64::from(entity.score)) {
                *score = rounded(entity.score);
            }
            continue;
        }
        seen.insert(key, made.len());
        let own = id(document, type_name, &format!("{}|{}", concept.system, concept.code));
        let name = format!("{type_name}/{own}");
        let value = resource_of(Made {
            type_name,
            id: &own,
            entity,
            concept,
            subject: &subject,
            encounter: encounter(resource),
            date: date(resource),
            document,
            linkage: &linkage,
        });
        made.push((value, json!({"type": "alternate", "resource": {"reference": name}})));
    }
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let mut items: Vec<Value> = made.iter().map(|(_, item)| item.clone()).collect();
    items.push(json!({"type": "source", "resource": {"reference": document}}));
    let link = json!({
        "resourceType": "Linkage",
        "id": linkage,
        "meta": {"tag": [tag()]},
        "modifierExtension": [source(document), digest()],
        "active": true,
        "item": items,
    });
    std::iter::once(link)
        .chain(made.into_iter().map(|(value, _)| value))
        .map(|value| {
            Resource::parse(sealed(&value.to_string())).map_err(|outcome| {
                let why = outcome.issues.first().map_or("", |issue| issue.diagnostics.as_str());
                Error::Internal(format!("a resource made from a finding is not valid: {why}"))
            })
        })
        .collect()
}

/// Deletions of what an earlier reading of the document made and `kept` does not name. What somebody
/// has changed since is theirs, and stays.
pub(super) fn withdraw(
    snapshot: &Snapshot,
    document: &str,
    kept: &[String],
) -> Result<Vec<Write>, Error> {
    let linkage = format!("Linkage/{}", id(document, "linkage", ""));
    let Some((_, resource)) = current(snapshot, &linkage)? else { return Ok(Vec::new()) };
    let mut names = BTreeSet::from([linkage]);
    for item in resource.root().get("item").into_iter().flat_map(Node::each) {
        let text = |name: &str| item.get(name).map(|node| node.text().into_owned());
        if text("type").as_deref() == Some("alternate")
            && let Some(reference) = item.get("resource").and_then(|node| node.get("reference"))
        {
            names.insert(reference.text().into_owned());
        }
    }
    let mut writes = Vec::new();
    for name in names.into_iter().filter(|name| !kept.contains(name)) {
        let Some((version, resource)) = current(snapshot, &name)? else { continue };
        if is_untouched(&resource, document) {
            writes.push(Write::Delete {
                resource_type: resource.resource_type(),
                id: version.id,
                if_match: Some(version.version_id),
            });
        }
    }
    Ok(writes)
}

/// The write that puts a resource made here in its place; none where somebody has changed it since,
/// or put another there.
pub(super) fn write(
    snapshot: &Snapshot,
    document: &str,
    resource: Resource,
) -> Result<Option<Write>, Error> {
    let (if_match, if_none_match_any) = match current(snapshot, &name_of(&resource))? {
        Some((_, there)) if !is_untouched(&there, document) => return Ok(None),
        Some((version, _)) => (Some(version.version_id), false),
        None => (None, true),
    };
    Ok(Some(Write::Update { resource, if_match, if_none_match_any, create: true }))
}

/// A resource as it is now, by a reference such as `Condition/1`.
fn current(snapshot: &Snapshot, name: &str) -> Result<Option<(Version, Resource)>, Error> {
    let Some((type_name, id)) = name.split_once('/') else { return Ok(None) };
    let Some(resource_type) = ResourceType::parse(type_name) else { return Ok(None) };
    if !Resource::is_id(id) {
        return Ok(None);
    }
    match snapshot.read(resource_type, id) {
        Ok(version) => {
            let body = version.body.as_ref().and_then(|body| Resource::parse(body.text()).ok());
            Ok(body.map(|resource| (version, resource)))
        }
        Err(store::Error::NotFound { .. } | store::Error::Deleted { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a resource is as it was made from this document: what it says of itself still fits.
fn is_untouched(resource: &Resource, document: &str) -> bool {
    let Ok(text) = std::str::from_utf8(resource.text()) else { return false };
    let Some(at) = text.find(SEAL) else { return false };
    let from = at + SEAL.len();
    let Some(digest) = text.get(from..from + DIGEST.len()) else { return false };
    let blank = format!("{}{DIGEST}{}", &text[..from], &text[from + DIGEST.len()..]);
    is_generated(resource)
        && digest == digest_of(&blank)
        && text.contains(&format!("\"reference\":{}", json!(document)))
}

/// What stands before the digest.
const SEAL: &str = "system-generated-digest\",\"valueString\":\"";
/// The digest while it is not known.
const DIGEST: &str = "00000000000000000000000000000000";

fn digest() -> Value {
    json!({"url": format!("{BASE}system-generated-digest"), "valueString": DIGEST})
}

fn digest_of(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// The text with its digest filled in.
fn sealed(text: &str) -> String {
    let blank = format!("{SEAL}{DIGEST}");
    text.replacen(&blank, &format!("{SEAL}{}", digest_of(text)), 1)
}

fn source(document: &str) -> Value {
    json!({"url": format!("{BASE}source-document-reference"),
           "valueReference": {"reference": document}})
}

/// `Condition/…` of a resource made here.
pub(super) fn name_of(resource: &Resource) -> String {
    format!("{}/{}", resource.resource_type().name(), resource.id().unwrap_or_default())
}

/// Whether a resource was made from a finding.
pub(super) fn is_generated(resource: &Resource) -> bool {
    resource
        .root()
        .get("meta")
        .and_then(|meta| meta.get("tag"))
        .into_iter()
        .flat_map(Node::each)
        .any(|tag| tag.get("code").is_some_and(|code| code.text() == TAG))
}

/// What a finding is worth: the type of a resource and the concept it is about.
fn worth<'e>(
    entity: &'e Entity,
    record: &Record,
    score_min: f32,
) -> Option<(&'static str, &'e Concept)> {
    let has = |word: &str| entity.traits.iter().any(|known| known == word);
    if ["NEGATION", "PERTAINS_TO_FAMILY", "HYPOTHETICAL", "FUTURE", "LOW_CONFIDENCE"]
        .into_iter()
        .any(has)
        || entity.score < score_min
    {
        return None;
    }
    let (type_name, system) = match (entity.category.as_str(), entity.kind.as_str()) {
        ("MEDICAL_CONDITION", "DX_NAME") if has("DIAGNOSIS") => ("Condition", "ICD10CM"),
        ("MEDICAL_CONDITION", "DX_NAME") if has("SIGN") || has("SYMPTOM") => {
            ("Observation", "ICD10CM")
        }
        ("MEDICATION", "GENERIC_NAME" | "BRAND_NAME") => ("MedicationStatement", "RXNORM"),
        _ => return None,
    };
    let concept = entity.concepts.iter().find(|concept| concept.system == system)?;
    if concept.score < score_min {
        return None;
    }
    let recorded = record.words.contains(&plain(&entity.text))
        || entity.concepts.iter().any(|concept| {
            concept.score >= score_min
                && (record.codes.contains(&format!(
                    "{}|{}",
                    system_uri(&concept.system),
                    concept.code
                )) || record.words.contains(&plain(&concept.description)))
        });
    // A drug the record has in any strength, a disease it has a plan or a vaccine for: no news.
    let text = plain(&entity.text);
    let recorded = recorded || record.words.iter().any(|words| holds(words, &text));
    (!recorded).then_some((type_name, concept))
}

/// Whether `words` hold `part` as whole words.
fn holds(words: &str, part: &str) -> bool {
    !part.is_empty()
        && words.match_indices(part).any(|(at, _)| {
            let before = words[..at].chars().next_back();
            let after = words[at + part.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
}

struct Made<'a> {
    type_name: &'static str,
    id: &'a str,
    entity: &'a Entity,
    concept: &'a Concept,
    subject: &'a str,
    encounter: Option<String>,
    date: Option<String>,
    document: &'a str,
    linkage: &'a str,
}

fn resource_of(made: Made<'_>) -> Value {
    let Made { type_name, id, entity, concept, subject, encounter, date, document, linkage } = made;
    let folder = if concept.system == "RXNORM" { "infer-rxnorm" } else { "infer-icd10" };
    let own = format!("{BASE}aws-cm/{folder}/");
    let mut codings = Vec::new();
    let others = entity.concepts.iter().filter(|c| c.system == "SNOMEDCT" && c.score >= 0.5);
    for (system, concept) in std::iter::once((system_uri(&concept.system), concept))
        .chain(others.take(1).map(|concept| (system_uri("SNOMEDCT"), concept)))
        .chain(std::iter::once((own.as_str(), concept)))
    {
        codings
            .push(json!({"system": system, "code": concept.code, "display": concept.description}));
    }
    let code = json!({"coding": codings, "text": entity.text});
    let prefix = format!("{BASE}aws-cm/{folder}/aws-cm-{}-entity", &folder["infer-".len()..]);
    let mut extensions = vec![
        json!({"url": format!("{prefix}-score"), "valueDecimal": rounded(entity.score)}),
        json!({"url": format!("{prefix}-Concept-Score"), "valueDecimal": rounded(concept.score)}),
        json!({"url": format!("{BASE}system-generated-linkage"),
               "valueReference": {"reference": format!("Linkage/{linkage}")}}),
        source(document),
        digest(),
    ];
    for (name, value) in
        [("begin-offset", entity.begin), ("end-offset", entity.end), ("id", entity.id)]
    {
        extensions.push(json!({"url": format!("{prefix}-{name}"), "valueInteger": value}));
    }
    let mut value = Map::new();
    let mut put = |name: &str, member: Value| value.insert(name.to_owned(), member);
    put("resourceType", json!(type_name));
    put("id", json!(id));
    put("meta", json!({"tag": [tag()]}));
    put("modifierExtension", json!(extensions));
    let past = entity.traits.iter().any(|word| word == "PAST_HISTORY");
    match type_name {
        "Condition" => {
            let status = if past { "inactive" } else { "active" };
            put(
                "clinicalStatus",
                coded("http://terminology.hl7.org/CodeSystem/condition-clinical", status),
            );
            put(
                "verificationStatus",
                coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "unconfirmed"),
            );
            put("code", code);
            put("subject", json!({"reference": subject}));
            if let Some(encounter) = encounter {
                put("encounter", json!({"reference": encounter}));
            }
            if let Some(date) = date {
                put("recordedDate", json!(date));
            }
        }
        "Observation" => {
            put("status", json!("unknown"));
            put("code", code);
            put("subject", json!({"reference": subject}));
            if let Some(encounter) = encounter {
                put("encounter", json!({"reference": encounter}));
            }
            if let Some(date) = date {
                put("effectiveDateTime", json!(date));
            }
        }
        _ => {
            put("status", json!("unknown"));
            put("medicationCodeableConcept", code);
            put("subject", json!({"reference": subject}));
            if let Some(encounter) = encounter {
                put("context", json!({"reference": encounter}));
            }
            if let Some(date) = date {
                put("dateAsserted", json!(date));
            }
            put("derivedFrom", json!([{"reference": document}]));
            let dosage: Vec<&str> = entity.attributes.iter().map(|a| a.text.as_str()).collect();
            if !dosage.is_empty() {
                put("dosage", json!([{"text": dosage.join(" ")}]));
            }
        }
    }
    Value::Object(value)
}

fn coded(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

fn tag() -> Value {
    json!({"system": format!("{BASE}system-generated-resources"), "code": TAG, "display": TAG})
}

/// A score as four digits, so that equal readings write equal text.
fn rounded(score: f32) -> Value {
    json!((f64::from(score) * 1e4).round() / 1e4)
}

fn id(document: &str, kind: &str, concept: &str) -> String {
    format!("nlp-{:032x}", xxh3_128(format!("{document}\n{kind}\n{concept}").as_bytes()))
}

fn reference(resource: &Resource, path: &[&str]) -> Option<String> {
    let mut node = resource.root();
    for name in path {
        node = node.get(name)?.each().next()?;
    }
    Some(node.text().into_owned())
}

fn encounter(resource: &Resource) -> Option<String> {
    reference(resource, &["context", "encounter", "reference"])
        .or_else(|| reference(resource, &["encounter", "reference"]))
}

fn date(resource: &Resource) -> Option<String> {
    ["date", "effectiveDateTime", "issued"].iter().find_map(|name| reference(resource, &[name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_knows_whether_it_was_changed() {
        let value = json!({
            "resourceType": "Condition", "id": "c", "meta": {"tag": [tag()]},
            "modifierExtension": [source("DocumentReference/d"), digest()],
            "subject": {"reference": "Patient/p"},
        });
        let text = sealed(&value.to_string());
        let made = Resource::parse(text.clone()).expect("valid");
        let stored = Resource::parse(made.body().text()).expect("valid");
        assert!(is_untouched(&stored, "DocumentReference/d"));
        assert!(!is_untouched(&stored, "DocumentReference/other"));
        let edited = Resource::parse(text.replace("Patient/p", "Patient/q")).expect("valid");
        assert!(!is_untouched(&edited, "DocumentReference/d"));
        let plain = Resource::parse(r#"{"resourceType":"Patient","id":"victim"}"#).expect("valid");
        assert!(!is_untouched(&plain, "DocumentReference/d"));
    }
}
