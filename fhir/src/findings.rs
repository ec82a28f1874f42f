//! What was read in a document's notes, as the extension HealthLake puts on a DocumentReference.
//!
//! [`Findings::lay_on`] gives the document with its findings, [`Findings::read`] reads them back,
//! so that search, tables, reads and export all see the same.
//!
//! The extension is HealthLake's: a block of entities each for `detect-entities`, `infer-icd10`,
//! `infer-rxnorm`, and `infer-snomedct` and `infer-loinc` beside them. An entity has the same id in all of them. Two
//! things differ: `raw-response` is left out, since everything it held has a place of its own, and
//! entities of `detect-entities` are spelled out.
//!
//! Always true:
//! - whatever extension of this kind a document came with is replaced, never added to;
//! - everything else of the document stays as it was, byte for byte.
//!
//! Source: <https://docs.aws.amazon.com/healthlake/latest/devguide/integrating-nlp.html>

use crate::{Kind, Node, Resource, render};

/// Where the findings are.
pub const URL: &str = "http://healthlake.amazonaws.com/aws-cm/";
/// Where the resources made from them are named.
pub const GENERATED_URL: &str = "http://healthlake.amazonaws.com/system-generated-resources/";

const DETECT: &str = "detect-entities/";
/// Entity prefix within `detect-entities/`.
const ENTITY: &str = "aws-cm-detect-entities-entity";

/// Where a kind of concept is kept: our name of the system, its folder, its entity prefix.
const SYSTEMS: [(&str, &str, &str); 4] = [
    ("ICD10CM", "infer-icd10/", "aws-cm-icd10-entity"),
    ("RXNORM", "infer-rxnorm/", "aws-cm-rxnorm-entity"),
    ("SNOMEDCT", "infer-snomedct/", "aws-cm-snomedct-entity"),
    ("LOINC", "infer-loinc/", "aws-cm-loinc-entity"),
];

/// FHIR's identifiers of the systems, in the same order.
const URIS: [&str; 4] = [
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://snomed.info/sct",
    "http://loinc.org",
];

/// A system's place in the order in which it says most of a finding; those not known come last.
pub fn system_rank(name: &str) -> usize {
    SYSTEMS.iter().position(|(known, ..)| *known == name).unwrap_or(SYSTEMS.len())
}

/// FHIR's identifier of a system; the name itself of one not known.
pub fn system_uri(name: &str) -> &str {
    URIS.get(system_rank(name)).copied().unwrap_or(name)
}

/// What was read in one version of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Whether all of it could be read.
    pub status: Status,
    /// What could not be read, and why; never what it says.
    pub message: String,
    /// Which models and terminologies read it.
    pub model: String,
    /// What was found, in the order of the text.
    pub entities: Vec<Entity>,
    /// The Linkage and the resources made from it, as references; the Linkage first.
    pub generated: Vec<String>,
}

/// How reading went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Every note was read.
    #[default]
    Success,
    /// Some could be read and some not.
    Partial,
    /// None could be read.
    Failed,
}

impl Status {
    /// As the extension says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Partial => "PARTIAL_SUCCESS",
            Self::Failed => "VALIDATION_ERROR",
        }
    }
}

/// One finding. Words are those of Comprehend Medical's API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// Its number within the document.
    pub id: u32,
    /// Which attachment it was found in, from 0.
    pub attachment: u32,
    /// The words of the note.
    pub text: String,
    /// First character in the decoded text, in code points.
    pub begin: u32,
    /// One past the last, in code points.
    pub end: u32,
    /// First byte in the decoded text as UTF-8.
    pub begin_byte: u32,
    /// One past the last.
    pub end_byte: u32,
    /// How sure, 0 to 1.
    pub score: f32,
    /// `MEDICATION`, `MEDICAL_CONDITION`, …
    pub category: String,
    /// `DX_NAME`, `GENERIC_NAME`, …
    pub kind: String,
    /// `NEGATION`, `DIAGNOSIS`, …
    pub traits: Vec<String>,
    /// What the part of the note is about: `PlanSection`…; empty when unknown.
    pub section: String,
    /// The sentence it stands in, cut to a readable length.
    pub evidence: String,
    /// What belongs to it: dose, value, site.
    pub attributes: Vec<Attribute>,
    /// What it may mean, best first within each system.
    pub concepts: Vec<Concept>,
}

/// Something that belongs to an entity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribute {
    /// `DOSAGE`, `TEST_VALUE`, …
    pub kind: String,
    /// The words of the note.
    pub text: String,
    /// How sure, 0 to 1.
    pub score: f32,
}

/// A code an entity may mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Concept {
    /// `ICD10CM`, `RXNORM`, `SNOMEDCT`.
    pub system: String,
    /// The code.
    pub code: String,
    /// Its description.
    pub description: String,
    /// How sure, 0 to 1.
    pub score: f32,
}

impl Findings {
    /// The document with these findings on it instead of any it had.
    ///
    /// # Errors
    /// An [`crate::Outcome`] when the result is too deep or too large to be a resource.
    pub fn lay_on(&self, document: &Resource) -> Result<Resource, crate::Outcome> {
        let text = document.text();
        let mut own = Vec::with_capacity(256 + self.entities.len() * 1_500);
        self.render(&mut own);
        let mut out = Vec::with_capacity(text.len() + own.len() + 32);
        match document.root().get("extension").filter(|list| list.kind() == Kind::Array) {
            Some(list) => {
                out.extend_from_slice(&text[..list.range().start]);
                out.push(b'[');
                for item in list.children().filter(|item| !is_own(*item)) {
                    render::comma(&mut out);
                    out.extend_from_slice(item.raw());
                }
                render::comma(&mut out);
                out.extend_from_slice(&own);
                out.push(b']');
                out.extend_from_slice(&text[list.range().end..]);
            }
            None => {
                let end = text.iter().rposition(|byte| *byte == b'}').unwrap_or(text.len());
                out.extend_from_slice(&text[..end]);
                out.extend_from_slice(b",\"extension\":[");
                out.extend_from_slice(&own);
                out.push(b']');
                out.extend_from_slice(&text[end..]);
            }
        }
        Resource::parse(out)
    }

    /// The findings a document carries, if it carries any.
    pub fn read(document: &Resource) -> Option<Self> {
        let mut found = None;
        for item in document.root().get("extension")?.each() {
            match &*url(item) {
                URL => Self::read_block(item, found.get_or_insert_with(Self::default)),
                GENERATED_URL => {
                    let generated = &mut found.get_or_insert_with(Self::default).generated;
                    for part in parts(item) {
                        let reference = part.get("valueReference").and_then(|r| r.get("reference"));
                        generated.extend(reference.map(|reference| reference.text().into_owned()));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn read_block(block: Node<'_>, into: &mut Self) {
        for part in parts(block) {
            let name = url(part);
            let Some(name) = name.strip_prefix(URL) else { continue };
            match name {
                "status/" => {
                    into.status = match &*string(part) {
                        "SUCCESS" => Status::Success,
                        "PARTIAL_SUCCESS" => Status::Partial,
                        _ => Status::Failed,
                    };
                }
                "message/" => into.message = string(part),
                DETECT => {
                    for inner in parts(part) {
                        match url(inner).strip_prefix(URL).and_then(|n| n.strip_prefix(DETECT)) {
                            Some("model-version") => into.model = string(inner),
                            Some(ENTITY) => into.entities.push(read_entity(inner)),
                            _ => {}
                        }
                    }
                }
                _ => {
                    let Some((system, _, prefix)) =
                        SYSTEMS.iter().find(|(_, folder, _)| *folder == name)
                    else {
                        continue;
                    };
                    for entity in parts(part) {
                        read_concepts(entity, system, prefix, &mut into.entities);
                    }
                }
            }
        }
    }

    fn render(&self, out: &mut Vec<u8>) {
        open(URL, out);
        text_part(&format!("{URL}status/"), self.status.as_str(), out);
        if !self.message.is_empty() {
            text_part(&format!("{URL}message/"), &self.message, out);
        }
        open(&format!("{URL}{DETECT}"), out);
        text_part(&format!("{URL}{DETECT}model-version"), &self.model, out);
        let prefix = format!("{URL}{DETECT}{ENTITY}");
        for entity in &self.entities {
            entity.render(&prefix, out);
        }
        close(out);
        for (system, folder, prefix) in SYSTEMS {
            let mut any = false;
            let prefix = format!("{URL}{folder}{prefix}");
            for entity in &self.entities {
                if !entity.concepts.iter().any(|concept| concept.system == system) {
                    continue;
                }
                if !any {
                    any = true;
                    open(&format!("{URL}{folder}"), out);
                    text_part(&format!("{URL}{folder}model-version"), &self.model, out);
                }
                entity.render_concepts(system, &prefix, out);
            }
            if any {
                close(out);
            }
        }
        close(out);
        if !self.generated.is_empty() {
            open(GENERATED_URL, out);
            for (at, reference) in self.generated.iter().enumerate() {
                let name = if at == 0 { "linkage" } else { "nlp-entity" };
                render::comma(out);
                out.push(b'{');
                render::member("url", &format!("http://healthlake.amazonaws.com/{name}"), out);
                render::key("valueReference", out);
                out.push(b'{');
                render::member("reference", reference, out);
                out.extend_from_slice(b"}}");
            }
            close(out);
        }
    }
}

impl Entity {
    fn render(&self, prefix: &str, out: &mut Vec<u8>) {
        let name = |suffix: &str| format!("{prefix}-{suffix}");
        open(prefix, out);
        self.render_span(prefix, out);
        text_part(&name("category"), &self.category, out);
        text_part(&name("type"), &self.kind, out);
        number_part(&name("attachment"), "valueInteger", &self.attachment.to_string(), out);
        number_part(&name("begin-byte"), "valueInteger", &self.begin_byte.to_string(), out);
        number_part(&name("end-byte"), "valueInteger", &self.end_byte.to_string(), out);
        for word in &self.traits {
            text_part(&name("trait"), word, out);
        }
        if !self.section.is_empty() {
            text_part(&name("section"), &self.section, out);
        }
        if !self.evidence.is_empty() {
            text_part(&name("evidence"), &self.evidence, out);
        }
        for attribute in &self.attributes {
            let name = |suffix: &str| format!("{prefix}-attribute-{suffix}");
            open(&format!("{prefix}-attribute"), out);
            text_part(&name("type"), &attribute.kind, out);
            text_part(&name("text"), &attribute.text, out);
            number_part(&name("score"), "valueDecimal", &decimal(attribute.score), out);
            close(out);
        }
        close(out);
    }

    /// What entities have in every block.
    fn render_span(&self, prefix: &str, out: &mut Vec<u8>) {
        let name = |suffix: &str| format!("{prefix}-{suffix}");
        number_part(&name("id"), "valueInteger", &self.id.to_string(), out);
        text_part(&name("text"), &self.text, out);
        number_part(&name("begin-offset"), "valueInteger", &self.begin.to_string(), out);
        number_part(&name("end-offset"), "valueInteger", &self.end.to_string(), out);
        number_part(&name("score"), "valueDecimal", &decimal(self.score), out);
    }

    fn render_concepts(&self, system: &str, prefix: &str, out: &mut Vec<u8>) {
        open(prefix, out);
        self.render_span(prefix, out);
        open(&format!("{prefix}-ConceptList"), out);
        for concept in self.concepts.iter().filter(|concept| concept.system == system) {
            open(&format!("{prefix}-Concept"), out);
            text_part(&format!("{prefix}-Concept-Code"), &concept.code, out);
            text_part(&format!("{prefix}-Concept-Description"), &concept.description, out);
            let score = decimal(concept.score);
            number_part(&format!("{prefix}-Concept-Score"), "valueDecimal", &score, out);
            close(out);
        }
        close(out);
        close(out);
    }
}

fn read_entity(node: Node<'_>) -> Entity {
    let mut entity = Entity::default();
    for part in parts(node) {
        let name = url(part);
        let Some(name) = name.rsplit('/').next().and_then(|name| name.strip_prefix(ENTITY)) else {
            continue;
        };
        match name {
            "-id" => entity.id = whole(part),
            "-text" => entity.text = string(part),
            "-begin-offset" => entity.begin = whole(part),
            "-end-offset" => entity.end = whole(part),
            "-begin-byte" => entity.begin_byte = whole(part),
            "-end-byte" => entity.end_byte = whole(part),
            "-attachment" => entity.attachment = whole(part),
            "-score" => entity.score = fraction(part),
            "-category" => entity.category = string(part),
            "-type" => entity.kind = string(part),
            "-trait" => entity.traits.push(string(part)),
            "-section" => entity.section = string(part),
            "-evidence" => entity.evidence = string(part),
            "-attribute" => {
                let mut attribute = Attribute::default();
                for inner in parts(part) {
                    let name = url(inner);
                    match name.rsplit("-attribute-").next() {
                        Some("type") => attribute.kind = string(inner),
                        Some("text") => attribute.text = string(inner),
                        Some("score") => attribute.score = fraction(inner),
                        _ => {}
                    }
                }
                entity.attributes.push(attribute);
            }
            _ => {}
        }
    }
    entity
}

/// Reads one entity of an `infer-…` block into the entity with the same id.
fn read_concepts(node: Node<'_>, system: &str, prefix: &str, entities: &mut [Entity]) {
    let named = |part: Node<'_>, suffix: &str| {
        url(part)
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_prefix(prefix))
            .is_some_and(|name| name == suffix)
    };
    let Some(id) = parts(node).find(|part| named(*part, "-id")).map(whole) else { return };
    let Some(entity) = entities.iter_mut().find(|entity| entity.id == id) else { return };
    for list in parts(node).filter(|part| named(*part, "-ConceptList")) {
        for item in parts(list).filter(|part| named(*part, "-Concept")) {
            let mut concept = Concept { system: system.to_owned(), ..Concept::default() };
            for part in parts(item) {
                if named(part, "-Concept-Code") {
                    concept.code = string(part);
                } else if named(part, "-Concept-Description") {
                    concept.description = string(part);
                } else if named(part, "-Concept-Score") {
                    concept.score = fraction(part);
                }
            }
            entity.concepts.push(concept);
        }
    }
}

/// Whether an extension is one of those written here.
pub fn is_own(extension: Node<'_>) -> bool {
    matches!(&*url(extension), URL | GENERATED_URL)
}

fn url(extension: Node<'_>) -> std::borrow::Cow<'_, str> {
    extension.get("url").map(Node::text).unwrap_or_default()
}

fn parts(extension: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    extension.get("extension").into_iter().flat_map(Node::each)
}

fn string(extension: Node<'_>) -> String {
    extension.get("valueString").map(|value| value.text().into_owned()).unwrap_or_default()
}

fn whole(extension: Node<'_>) -> u32 {
    extension.get("valueInteger").and_then(|value| value.text().parse().ok()).unwrap_or_default()
}

fn fraction(extension: Node<'_>) -> f32 {
    extension.get("valueDecimal").and_then(|value| value.text().parse().ok()).unwrap_or_default()
}

/// Four digits say all that a score knows.
fn decimal(score: f32) -> String {
    let score = if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
    let text = format!("{score:.4}");
    let short = text.trim_end_matches('0');
    short.strip_suffix('.').unwrap_or(short).to_owned()
}

fn open(url: &str, out: &mut Vec<u8>) {
    render::comma(out);
    out.push(b'{');
    render::member("url", url, out);
    out.extend_from_slice(b",\"extension\":[");
}

fn close(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}");
}

fn text_part(url: &str, text: &str, out: &mut Vec<u8>) {
    // FHIR's strings are not empty and hold no control characters but tab and line ends.
    let clean: String = text
        .chars()
        .map(|c| if c < ' ' && !matches!(c, '\t' | '\n' | '\r') { ' ' } else { c })
        .collect();
    render::comma(out);
    out.push(b'{');
    render::member("url", url, out);
    render::member("valueString", if clean.trim().is_empty() { "-" } else { &clean }, out);
    out.push(b'}');
}

fn number_part(url: &str, name: &str, digits: &str, out: &mut Vec<u8>) {
    render::comma(out);
    out.push(b'{');
    render::member("url", url, out);
    render::key(name, out);
    out.extend_from_slice(digits.as_bytes());
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        Findings {
            status: Status::Partial,
            message: "attachment 1: no text layer".to_owned(),
            model: "tarn-1".to_owned(),
            entities: vec![
                Entity {
                    id: 0,
                    attachment: 0,
                    text: "chest\tpain \"sharp\"".to_owned(),
                    begin: 3,
                    end: 13,
                    begin_byte: 4,
                    end_byte: 14,
                    score: 0.5,
                    category: "MEDICAL_CONDITION".to_owned(),
                    kind: "DX_NAME".to_owned(),
                    traits: vec!["SYMPTOM".to_owned(), "NEGATION".to_owned()],
                    section: "Plan".to_owned(),
                    evidence: "No chest pain.".to_owned(),
                    attributes: vec![Attribute {
                        kind: "ACUITY".to_owned(),
                        text: "acute".to_owned(),
                        score: 0.25,
                    }],
                    concepts: vec![
                        Concept {
                            system: "ICD10CM".to_owned(),
                            code: "R07.9".to_owned(),
                            description: "Chest pain, unspecified".to_owned(),
                            score: 0.75,
                        },
                        Concept {
                            system: "SNOMEDCT".to_owned(),
                            code: "29857009".to_owned(),
                            description: "Chest pain".to_owned(),
                            score: 1.0,
                        },
                        Concept {
                            system: "LOINC".to_owned(),
                            code: "8867-4".to_owned(),
                            description: "Heart rate".to_owned(),
                            score: 0.5,
                        },
                    ],
                },
                Entity {
                    id: 1,
                    text: "x".to_owned(),
                    kind: "NAME".to_owned(),
                    category: "PROTECTED_HEALTH_INFORMATION".to_owned(),
                    ..Entity::default()
                },
            ],
            generated: vec!["Linkage/l".to_owned(), "Observation/o".to_owned()],
        }
    }

    const DOCUMENT: &str = r#"{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"contentType":"text/plain"}}]EXTRA}"#;

    #[test]
    fn what_is_laid_on_reads_back() {
        for extra in ["", r#","extension":[{"url":"http://x","valueString":"mine"}]"#] {
            let document = Resource::parse(DOCUMENT.replace("EXTRA", extra)).expect("valid");
            assert_eq!(Findings::read(&document), None);
            let laid = findings().lay_on(&document).expect("a valid resource");
            assert_eq!(Findings::read(&laid), Some(findings()));
            let text = String::from_utf8(laid.text().to_vec()).expect("UTF-8");
            assert_eq!(text.contains("mine"), !extra.is_empty());
            // Once more replaces; nothing is added.
            let fewer = Findings { entities: Vec::new(), generated: Vec::new(), ..findings() };
            let again = fewer.lay_on(&laid).expect("a valid resource");
            assert_eq!(Findings::read(&again), Some(fewer));
        }
    }

    #[test]
    fn findings_are_searchable() {
        let document = Resource::parse(DOCUMENT.replace("EXTRA", "")).expect("valid");
        let laid = findings().lay_on(&document).expect("a valid resource");
        let mut seen = Vec::new();
        crate::search::extract(&laid, &mut |parameter, value| {
            let code = crate::search::Parameter::by_id(parameter).expect("a parameter").code;
            if code.contains("nfer-") || code.contains("etectE") || code.starts_with("cm-") {
                seen.push(format!("{code}={value:?}"));
            }
        });
        let text = seen.join("\n");
        for expected in [
            "cm-decoration-status=Token { system: \"\", code: \"PARTIAL_SUCCESS\" }",
            "detectEntities-entity-trait=Token { system: \"\", code: \"NEGATION\" }",
            "infer-icd10cm-entity-concept-code=Token { system: \"\", code: \"R07.9\" }",
            "infer-icd10cm-entity-concept-description=String(\"chest pain, unspecified\")",
            "infer-snomedct-entity-concept-score=Number",
        ] {
            assert!(text.contains(expected), "`{expected}` in\n{text}");
        }
    }
}
