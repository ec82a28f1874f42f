//! What belongs to a finding: a drug's strength, dosage, route and times, a test's value and unit,
//! how bad and where a condition is, when it was; and habits, which are findings themselves.
//!
//! [`find`] reads a text's attributes without knowing what is around them; [`attach`] gives each
//! to the mention it belongs to, with the relation named as Comprehend Medical names it;
//! [`entities`] makes findings of those that stand for themselves.
//!
//! Always true: attributes are in order, on character boundaries, and lie within one sentence; a
//! pass over the tokens looks a bounded way ahead.

use crate::entity::{Attribute, Category, Entity, EntityType};
use crate::text::{Analysis, Span};

mod attach;
mod grammar;
#[cfg(test)]
mod tests;
mod words;

pub use attach::attach;
pub use grammar::find;

/// An attribute that has not met its finding yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawAttribute {
    /// What it is. Times are [`EntityType::TimeToDxName`] until they are attached.
    pub entity_type: EntityType,
    /// Where.
    pub span: Span,
    /// How sure, 0 to 1. Below 0.5 it counts only beside a finding it fits.
    pub score: f32,
}

/// Findings of their own: habits, gender, ethnicity, allergies, and times. Amounts and times of a
/// habit become its attributes.
pub fn entities(analysis: &Analysis, attributes: &[RawAttribute]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    for attribute in attributes {
        let category = match attribute.entity_type {
            EntityType::TobaccoUse
            | EntityType::AlcoholConsumption
            | EntityType::RecDrugUse
            | EntityType::Gender
            | EntityType::RaceEthnicity
            | EntityType::Allergies => Category::BehavioralEnvironmentalSocial,
            EntityType::TimeToDxName if attribute.score >= 0.5 => Category::TimeExpression,
            _ => continue,
        };
        let section = analysis
            .sentence_at(attribute.span.start)
            .and_then(|at| analysis.sentences.get(at))
            .map_or(0, |sentence| sentence.section);
        found.push(Entity {
            id: found.len() as u32,
            span: attribute.span,
            category,
            entity_type: attribute.entity_type,
            score: attribute.score,
            traits: Vec::new(),
            attributes: Vec::new(),
            concepts: Vec::new(),
            section,
        });
    }
    attach::attach_habits(analysis, attributes, &mut found);
    found
}

/// An attribute as it hangs on a finding.
fn attached(raw: &RawAttribute, entity_type: EntityType, score: f32) -> Attribute {
    let relationship = match entity_type {
        EntityType::TimeToMedicationName
        | EntityType::TimeToDxName
        | EntityType::TimeToTestName
        | EntityType::TimeToProcedureName
        | EntityType::TimeToTreatmentName => "OVERLAP",
        other => other.as_str(),
    };
    Attribute {
        entity_type,
        span: raw.span,
        score: raw.score,
        relationship,
        relationship_score: score,
    }
}
