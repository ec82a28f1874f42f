//! Findings as Amazon Comprehend Medical answers them, so that clients of its API need not change.
//!
//! Offsets count code points. An entity whose type can only belong to another (a dose, a test
//! value) and stands alone is an unmapped attribute.
//!
//! Spec: <https://docs.aws.amazon.com/comprehend-medical/latest/api/API_DetectEntitiesV2.html> and
//! the pages beside it.

use serde_json::{Value, json};

use crate::document::OffsetMap;
use crate::entity::{Attribute, Category, CodeSystem, Concept, Entity, EntityType, Trait};

/// What answers are said to come from; changes whenever the same text may give other findings.
pub const MODEL_VERSION: &str = concat!("tarn-nlp-", env!("CARGO_PKG_VERSION"));

/// `DetectEntitiesV2`: everything found.
pub fn detect_entities(text: &str, entities: &[Entity]) -> Value {
    let mut answer = Answer::new(text, entities);
    let mut found = Vec::new();
    let mut unmapped = Vec::new();
    for entity in entities {
        if is_attribute(entity.entity_type) {
            unmapped.push(json!({
                "Type": entity.category.as_str(),
                "Attribute": answer.lone(entity),
            }));
        } else {
            found.push(answer.entity(entity, Trait::ALL));
        }
    }
    json!({ "Entities": found, "UnmappedAttributes": unmapped, "ModelVersion": MODEL_VERSION })
}

/// `DetectPHI`: protected health information only.
pub fn detect_phi(text: &str, entities: &[Entity]) -> Value {
    let mut answer = Answer::new(text, entities);
    let found: Vec<Value> = entities
        .iter()
        .filter(|entity| entity.category == Category::ProtectedHealthInformation)
        .map(|entity| answer.entity(entity, Trait::ALL))
        .collect();
    json!({ "Entities": found, "ModelVersion": MODEL_VERSION })
}

/// `InferICD10CM`: conditions with their codes.
pub fn infer_icd10cm(text: &str, entities: &[Entity]) -> Value {
    const TRAITS: &[Trait] = &[
        Trait::Negation,
        Trait::Diagnosis,
        Trait::Sign,
        Trait::Symptom,
        Trait::PertainsToFamily,
        Trait::Hypothetical,
        Trait::LowConfidence,
    ];
    let mut answer = Answer::new(text, entities);
    let found: Vec<Value> = entities
        .iter()
        .filter(|entity| entity.category == Category::MedicalCondition)
        .filter(|entity| entity.entity_type == EntityType::DxName)
        .map(|entity| answer.linked(entity, TRAITS, CodeSystem::Icd10Cm, "ICD10CMConcepts"))
        .collect();
    json!({ "Entities": found, "ModelVersion": MODEL_VERSION })
}

/// `InferRxNorm`: drugs with their codes.
pub fn infer_rxnorm(text: &str, entities: &[Entity]) -> Value {
    const TRAITS: &[Trait] = &[Trait::Negation, Trait::PastHistory];
    let mut answer = Answer::new(text, entities);
    let found: Vec<Value> = entities
        .iter()
        .filter(|entity| entity.category == Category::Medication)
        .filter(|entity| !is_attribute(entity.entity_type))
        .map(|entity| answer.linked(entity, TRAITS, CodeSystem::RxNorm, "RxNormConcepts"))
        .collect();
    json!({ "Entities": found, "ModelVersion": MODEL_VERSION })
}

/// Which SNOMED CT the codes of [`infer_snomedct`] are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnomedEdition {
    /// `US`, or where the release is for.
    pub edition: String,
    /// `en`.
    pub language: String,
    /// `20260901`.
    pub version_date: String,
}

/// `InferSNOMEDCT`: conditions, anatomy, tests, treatments and procedures with their codes.
pub fn infer_snomedct(text: &str, entities: &[Entity], edition: &SnomedEdition) -> Value {
    const TRAITS: &[Trait] = &[
        Trait::Negation,
        Trait::Diagnosis,
        Trait::Sign,
        Trait::Symptom,
        Trait::PertainsToFamily,
        Trait::Hypothetical,
        Trait::LowConfidence,
        Trait::PastHistory,
        Trait::Future,
    ];
    let mut answer = Answer::new(text, entities);
    let found: Vec<Value> = entities
        .iter()
        .filter(|entity| {
            matches!(
                entity.category,
                Category::MedicalCondition | Category::Anatomy | Category::TestTreatmentProcedure
            ) && !is_attribute(entity.entity_type)
        })
        .map(|entity| answer.linked(entity, TRAITS, CodeSystem::SnomedCt, "SNOMEDCTConcepts"))
        .collect();
    json!({
        "Entities": found,
        "SNOMEDCTDetails": {
            "Edition": edition.edition,
            "Language": edition.language,
            "VersionDate": edition.version_date,
        },
        "Characters": { "OriginalTextCharacters": text.chars().count() },
        "ModelVersion": MODEL_VERSION,
    })
}

/// Which answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Entities with the concepts of all systems: no answer of the API's, but all of them at once.
    All,
    /// [`detect_entities`].
    DetectEntitiesV2,
    /// [`detect_phi`].
    DetectPhi,
    /// [`infer_icd10cm`].
    InferIcd10Cm,
    /// [`infer_rxnorm`].
    InferRxNorm,
    /// [`infer_snomedct`].
    InferSnomedCt,
}

impl Operation {
    /// The API's names.
    pub const NAMES: [&str; 5] =
        ["DetectEntitiesV2", "DetectPHI", "InferICD10CM", "InferRxNorm", "InferSNOMEDCT"];

    /// The operation the API calls so.
    pub fn parse(name: &str) -> Option<Self> {
        use Operation as O;
        let all =
            [O::DetectEntitiesV2, O::DetectPhi, O::InferIcd10Cm, O::InferRxNorm, O::InferSnomedCt];
        Self::NAMES.iter().position(|known| *known == name).map(|at| all[at])
    }

    /// What it answers.
    pub fn answer(self, text: &str, entities: &[Entity]) -> Value {
        match self {
            Self::All => all(text, entities),
            Self::DetectEntitiesV2 => detect_entities(text, entities),
            Self::DetectPhi => detect_phi(text, entities),
            Self::InferIcd10Cm => infer_icd10cm(text, entities),
            Self::InferRxNorm => infer_rxnorm(text, entities),
            Self::InferSnomedCt => {
                // Codes are learned from a store; no release of SNOMED CT comes with this crate.
                let edition = SnomedEdition {
                    edition: "learned".to_owned(),
                    language: "en".to_owned(),
                    version_date: String::new(),
                };
                infer_snomedct(text, entities, &edition)
            }
        }
    }
}

/// [`detect_entities`], each entity with its concepts under the names the other answers use.
fn all(text: &str, entities: &[Entity]) -> Value {
    let mut answer = detect_entities(text, entities);
    let shown = entities.iter().filter(|entity| !is_attribute(entity.entity_type));
    let found = answer["Entities"].as_array_mut().into_iter().flatten();
    for (value, entity) in found.zip(shown) {
        for (system, name) in [
            (CodeSystem::Icd10Cm, "ICD10CMConcepts"),
            (CodeSystem::RxNorm, "RxNormConcepts"),
            (CodeSystem::SnomedCt, "SNOMEDCTConcepts"),
            (CodeSystem::Loinc, "LOINCConcepts"),
        ] {
            let concepts: Vec<Value> = entity
                .concepts
                .iter()
                .filter(|concept| concept.system == system)
                .map(concept)
                .collect();
            if !concepts.is_empty() {
                value[name] = Value::Array(concepts);
            }
        }
    }
    answer
}

/// Whether a type only ever belongs to an entity.
pub fn is_attribute(entity_type: EntityType) -> bool {
    use EntityType as Type;
    matches!(
        entity_type,
        Type::Dosage
            | Type::Duration
            | Type::Form
            | Type::Frequency
            | Type::Rate
            | Type::RouteOrMode
            | Type::Strength
            | Type::Acuity
            | Type::Direction
            | Type::Quality
            | Type::Quantity
            | Type::TestValue
            | Type::TestUnit
            | Type::Amount
    )
}

/// One answer being written.
struct Answer<'t> {
    text: &'t str,
    offsets: OffsetMap<'t>,
    /// Attributes are numbered after the entities; the same stretch and type keep their number.
    next_id: u32,
    numbered: std::collections::HashMap<(u32, u32, EntityType), u32>,
}

impl<'t> Answer<'t> {
    fn new(text: &'t str, entities: &[Entity]) -> Self {
        let next_id = entities.iter().map(|entity| entity.id + 1).max().unwrap_or(0);
        // A site that is an entity of its own keeps its number as an attribute.
        let numbered = entities
            .iter()
            .map(|entity| ((entity.span.start, entity.span.end, entity.entity_type), entity.id))
            .collect();
        Self { text, offsets: OffsetMap::new(text), next_id, numbered }
    }

    fn place(&self, value: &mut Value, span: crate::text::Span) {
        let stretch = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        value["BeginOffset"] = self.offsets.code_point(span.start as usize).into();
        value["EndOffset"] = self.offsets.code_point(span.end as usize).into();
        value["Text"] = stretch.into();
    }

    fn entity(&mut self, entity: &Entity, traits: &[Trait]) -> Value {
        let mut value = json!({ "Id": entity.id });
        self.place(&mut value, entity.span);
        value["Score"] = score(entity.score);
        value["Category"] = entity.category.as_str().into();
        value["Type"] = entity.entity_type.as_str().into();
        value["Traits"] = named(&entity.traits, traits);
        if !entity.attributes.is_empty() {
            let attributes: Vec<Value> = entity
                .attributes
                .iter()
                .map(|attribute| self.attribute(attribute, entity.category))
                .collect();
            value["Attributes"] = attributes.into();
        }
        value
    }

    fn linked(
        &mut self,
        entity: &Entity,
        traits: &[Trait],
        system: CodeSystem,
        name: &str,
    ) -> Value {
        let mut value = self.entity(entity, traits);
        // These answers always hold the list.
        if value.get("Attributes").is_none() {
            value["Attributes"] = json!([]);
        }
        value[name] = entity.concepts.iter().filter(|c| c.system == system).map(concept).collect();
        value
    }

    fn attribute(&mut self, attribute: &Attribute, category: Category) -> Value {
        let key = (attribute.span.start, attribute.span.end, attribute.entity_type);
        let id = *self.numbered.entry(key).or_insert_with(|| {
            self.next_id += 1;
            self.next_id - 1
        });
        let category = match attribute.entity_type {
            EntityType::SystemOrganSite => Category::Anatomy,
            EntityType::TimeToMedicationName
            | EntityType::TimeToDxName
            | EntityType::TimeToTestName
            | EntityType::TimeToProcedureName
            | EntityType::TimeToTreatmentName => Category::TimeExpression,
            _ => category,
        };
        let mut value = json!({
            "Type": attribute.entity_type.as_str(),
            "Score": score(attribute.score),
            "RelationshipScore": score(attribute.relationship_score),
            "RelationshipType": attribute.relationship,
            "Id": id,
        });
        self.place(&mut value, attribute.span);
        value["Category"] = category.as_str().into();
        value["Traits"] = json!([]);
        value
    }

    /// An attribute that belongs to no entity.
    fn lone(&mut self, entity: &Entity) -> Value {
        let mut value = json!({
            "Type": entity.entity_type.as_str(),
            "Score": score(entity.score),
            "Id": entity.id,
        });
        self.place(&mut value, entity.span);
        value["Category"] = entity.category.as_str().into();
        value["Traits"] = named(&entity.traits, Trait::ALL);
        value
    }
}

fn named(found: &[(Trait, f32)], allowed: &[Trait]) -> Value {
    found
        .iter()
        .filter(|(one, _)| allowed.contains(one))
        .map(|(one, sure)| json!({ "Name": one.as_str(), "Score": score(*sure) }))
        .collect()
}

fn concept(concept: &Concept) -> Value {
    json!({
        "Description": concept.description,
        "Code": concept.code,
        "Score": score(concept.score),
    })
}

/// A score without the digits a 32-bit number does not have.
fn score(score: f32) -> Value {
    let rounded = (f64::from(score) * 1e6).round() / 1e6;
    json!(if rounded.is_finite() { rounded.clamp(0.0, 1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn entity(text: &str, stretch: &str, category: Category, entity_type: EntityType) -> Entity {
        let start = text.find(stretch).expect("the stretch is in the text") as u32;
        Entity {
            id: 0,
            span: Span { start, end: start + stretch.len() as u32 },
            category,
            entity_type,
            score: 0.9,
            traits: vec![(Trait::Diagnosis, 0.8), (Trait::PastHistory, 0.7)],
            attributes: Vec::new(),
            concepts: vec![Concept {
                system: CodeSystem::Icd10Cm,
                code: "I10".into(),
                description: "Essential (primary) hypertension".into(),
                score: 0.99,
            }],
            section: 0,
        }
    }

    #[test]
    fn offsets_count_code_points() {
        let text = "Café 🩺: hypertension";
        let found = [entity(text, "hypertension", Category::MedicalCondition, EntityType::DxName)];
        let answer = infer_icd10cm(text, &found);
        let first = &answer["Entities"][0];
        assert_eq!((&first["BeginOffset"], &first["EndOffset"]), (&json!(8), &json!(20)));
        assert_eq!(first["Text"], "hypertension");
        assert_eq!(first["ICD10CMConcepts"][0]["Code"], "I10");
        assert_eq!(first["Score"], 0.9);
        assert_eq!(first["Traits"], json!([{ "Name": "DIAGNOSIS", "Score": 0.8 }]));
        assert_eq!(infer_rxnorm(text, &found)["Entities"], json!([]));
    }

    #[test]
    fn attributes_carry_their_relationship_and_a_number_of_their_own() {
        let text = "aspirin 81 mg daily";
        let mut drug = entity(text, "aspirin", Category::Medication, EntityType::GenericName);
        drug.attributes.push(Attribute {
            entity_type: EntityType::Strength,
            span: Span { start: 8, end: 13 },
            score: 0.95,
            relationship: "STRENGTH",
            relationship_score: 0.97,
        });
        let answer = detect_entities(text, &[drug]);
        let attribute = &answer["Entities"][0]["Attributes"][0];
        assert_eq!(attribute["RelationshipType"], "STRENGTH");
        assert_eq!((&attribute["Id"], &attribute["Text"]), (&json!(1), &json!("81 mg")));
    }

    #[test]
    fn attributes_without_an_entity_are_unmapped() {
        let text = "81 mg daily";
        let dose = entity(text, "81 mg", Category::Medication, EntityType::Dosage);
        let answer = detect_entities(text, &[dose]);
        assert_eq!(answer["Entities"], json!([]));
        assert_eq!(answer["UnmappedAttributes"][0]["Type"], "MEDICATION");
        assert_eq!(answer["UnmappedAttributes"][0]["Attribute"]["Text"], "81 mg");
    }
}
