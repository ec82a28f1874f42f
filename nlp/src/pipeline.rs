//! A document in, its findings out: everything in this crate, in order.
//!
//! Mentions come from what the store has coded, from the taggers of five annotation schemes, and from
//! rules. Where they disagree over a stretch of text the surest wins; where several agree they are
//! surer together. Then come attributes, traits and codes.
//!
//! Always true: the same document, models, record and learned codes give the same findings; findings
//! are in the order of the text and numbered from 0.

use crate::attribute::{self, RawAttribute};
use crate::comprehend::MODEL_VERSION;
use crate::document::Document;
use crate::entity::{Category, CodeSystem, Concept, Entity, EntityType, Trait};
use crate::lexicon::{Classes, Match, normal};
use crate::link::{self, Linker, Mention, Terminology, TermsError};
use crate::models::{self, Models};
use crate::phi::{self, Known};
use crate::tagger::Scheme;
use crate::text::{Analysis, Section, SectionKind, Span, classify};
use crate::{assertion, tagger};
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock};
use xxhash_rust::xxh3::Xxh3;

/// What changes whenever the same text may give other findings: this crate's version, and what its
/// artefacts hold.
pub fn model() -> &'static str {
    static MODEL: OnceLock<String> = OnceLock::new();
    MODEL.get_or_init(|| {
        let mut hash = Xxh3::new();
        for artefact in [models::EMBEDDED, link::EMBEDDED, classify::WEIGHTS] {
            hash.update(artefact);
        }
        format!("{MODEL_VERSION}-{:08x}", hash.digest() as u32)
    })
}

/// A code and a display that resources of a store have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coding {
    /// The code system's identifier in FHIR; others than the four known ones teach nothing.
    pub system: String,
    /// The code.
    pub code: String,
    /// The display.
    pub display: String,
    /// How many resources have it.
    pub count: u64,
    /// The type of those resources, such as `Condition`; empty when unknown.
    pub resource_type: String,
}

/// Codes learned from a store.
#[derive(Debug, Default)]
pub struct Learned {
    codes: link::Learned,
    /// Memory of the linkers that use it, one for each thread at work.
    caches: Mutex<Vec<link::Cache>>,
}

/// What was found in a document.
#[derive(Clone, Debug)]
pub struct Notes<'t> {
    /// The text taken apart.
    pub analysis: Analysis<'t>,
    /// The findings.
    pub entities: Vec<Entity>,
}

/// Everything it takes to read notes. Share it between threads.
#[derive(Debug)]
pub struct Pipeline {
    terms: Terminology,
    model: String,
    /// RxNorm's codes of brands.
    brands: HashSet<String>,
    /// Mentions from the taggers, or from the lexicon alone.
    taggers: bool,
    nothing_learned: Learned,
}

impl Pipeline {
    /// The models of this build, with terminologies an operator loaded in place of those compiled in:
    /// names and bytes as [`Terminology::to_bytes`] gives them.
    ///
    /// # Errors
    /// [`TermsError::Format`] for bytes that are no terminology.
    pub fn new(loaded: &[(String, Vec<u8>)]) -> Result<Self, TermsError> {
        let mut terms = Terminology::embedded();
        let mut model = model().to_owned();
        for (name, bytes) in loaded {
            let newer = Terminology::parse(bytes)?;
            for table in newer.tables() {
                model.push_str(&format!("+{name}-{}", table.edition));
            }
            terms.merge(newer);
        }
        // Unpacked now, so that the first note does not wait.
        let _ = Models::embedded();
        let brands = brands(&terms);
        Ok(Self { terms, model, brands, taggers: true, nothing_learned: Learned::default() })
    }

    /// The same without taggers: rules and lexicons only, for speed.
    #[must_use]
    pub fn without_taggers(self) -> Self {
        Self { taggers: false, ..self }
    }

    /// Which models and terminologies read.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The terminologies.
    pub fn terms(&self) -> &Terminology {
        &self.terms
    }

    /// Learns the codes a store uses.
    pub fn learn(&self, codings: impl IntoIterator<Item = Coding>) -> Learned {
        let codes = link::Learned::build(codings.into_iter().filter_map(|coding| {
            Some(link::Pair {
                system: CodeSystem::of_uri(&coding.system)?,
                code: coding.code,
                display: coding.display,
                count: coding.count,
                seen_as: kind_of_resource(&coding.resource_type),
            })
        }));
        Learned { codes, caches: Mutex::default() }
    }

    /// Reads a document. `known` is what the record says of the patient, `learned` what the store's
    /// own coded data teaches.
    pub fn read<'t>(
        &self,
        document: &'t Document,
        known: Option<&Known>,
        learned: Option<&Learned>,
    ) -> Notes<'t> {
        let mut analysis = Analysis::of(&document.text);
        if !document.sections.is_empty() {
            take_sections(&mut analysis, document);
        }
        self.analysed(analysis, known, learned)
    }

    /// Reads a text.
    pub fn read_text<'t>(
        &self,
        text: &'t str,
        known: Option<&Known>,
        learned: Option<&Learned>,
    ) -> Notes<'t> {
        self.analysed(Analysis::of(text), known, learned)
    }

    fn analysed<'t>(
        &self,
        analysis: Analysis<'t>,
        known: Option<&Known>,
        learned: Option<&Learned>,
    ) -> Notes<'t> {
        let learned = learned.unwrap_or(&self.nothing_learned);
        let raw = attribute::find(&analysis);
        let candidates = self.candidates(&analysis, &learned.codes);
        let mut entities = settle(&analysis, candidates);
        attribute::attach(&analysis, &raw, &mut entities);
        let spans: Vec<Span> = entities.iter().map(|entity| entity.span).collect();
        for (entity, said) in entities.iter_mut().zip(assertion::assess_all(&analysis, &spans)) {
            entity.traits = match entity.category {
                Category::Anatomy => Vec::new(),
                _ => said.traits(),
            };
        }
        self.link(&analysis, &mut entities, learned);
        entities.retain(|entity| keeps(&analysis, &raw, entity));
        let habits = attribute::entities(&analysis, &raw);
        let phi = phi::find(&analysis, known);
        // An allergy's words are also its drug's, and both stay; a time inside a name is none.
        let habits = habits.into_iter().filter(|habit| {
            habit.category != Category::TimeExpression
                || at(&entities, habit.span).all(|other| other.category == Category::Anatomy)
        });
        let phi = phi.into_iter().filter(|phi| {
            phi.score >= 0.95
                || !at(&entities, phi.span).any(|other| {
                    other.score > phi.score
                        && matches!(
                            other.category,
                            Category::Medication | Category::MedicalCondition
                        )
                })
        });
        let beside: Vec<Entity> = habits.chain(phi).collect();
        entities.extend(beside);
        entities.sort_by_key(|entity| (entity.span, entity.category, entity.entity_type));
        for (id, entity) in entities.iter_mut().enumerate() {
            entity.id = id as u32;
        }
        Notes { analysis, entities }
    }

    /// Everything that may be a finding, from all sources.
    fn candidates(&self, analysis: &Analysis, learned: &link::Learned) -> Vec<Candidate> {
        let mut found = Vec::new();
        for exact in learned.find(analysis) {
            let pair = exact.pairs.first().and_then(|pair| learned.pairs().get(*pair as usize));
            if let Some((category, entity_type)) = pair.and_then(link::Pair::kind) {
                let words = exact.tokens.len() as f32;
                // One common word may be anything; several in a row are what they say.
                let score = (0.80 + 0.06 * words).min(0.98);
                found.push(Candidate { span: exact.span, category, entity_type, score, order: 0 });
            }
        }
        if self.taggers {
            let tagging = Models::embedded().tag(analysis);
            for (order, scheme) in Scheme::ALL.into_iter().enumerate() {
                for mention in tagging.mentions(scheme) {
                    if let Some((category, entity_type, trust)) = meaning(scheme, mention) {
                        found.push(Candidate {
                            span: mention.span,
                            category,
                            entity_type,
                            score: mention.score * trust,
                            order: 1 + order as u8,
                        });
                    }
                }
            }
        } else {
            found.extend(from_lexicon(analysis));
        }
        found
    }

    /// Gives findings their codes, and what follows from those.
    fn link(&self, analysis: &Analysis, entities: &mut [Entity], learned: &Learned) {
        let lock = || learned.caches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut cache = lock().pop().unwrap_or_default();
        let linker = Linker::new(&self.terms, Some(&learned.codes));
        for entity in entities.iter_mut() {
            let attributes: Vec<(EntityType, &str)> = entity
                .attributes
                .iter()
                .map(|attribute| (attribute.entity_type, attribute.span.of(analysis.text)))
                .collect();
            let mention = Mention {
                text: entity.span.of(analysis.text),
                category: entity.category,
                entity_type: entity.entity_type,
                attributes: &attributes,
            };
            entity.concepts = linker.link(&mention, &mut cache);
            match entity.category {
                Category::MedicalCondition => {
                    let kind = analysis
                        .sections
                        .get(entity.section as usize)
                        .map_or(SectionKind::Other, |section| section.kind);
                    entity.traits.insert(0, nature(&entity.concepts, kind));
                }
                Category::Medication => {
                    if let Some(best) =
                        entity.concepts.iter().find(|c| c.system == CodeSystem::RxNorm)
                        && self.brands.contains(&best.code)
                    {
                        entity.entity_type = EntityType::BrandName;
                    }
                }
                _ => {}
            }
        }
        lock().push(cache);
    }
}

/// RxNorm's codes of brand names and branded drugs.
fn brands(terms: &Terminology) -> HashSet<String> {
    use link::table::flag::{BRAND, BRANDED_DRUG};
    let Some(table) = terms.table(CodeSystem::RxNorm) else { return HashSet::new() };
    (0..table.len() as u32)
        .filter(|concept| matches!(table.flags(*concept) & 0xf0, BRAND | BRANDED_DRUG))
        .map(|concept| table.code(concept).to_owned())
        .collect()
}

/// Something that may be a finding.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    span: Span,
    category: Category,
    entity_type: EntityType,
    score: f32,
    /// Which source: of equals the first counts.
    order: u8,
}

/// What a tagger's mention is in our words, and how far its scheme is trusted with notes.
fn meaning(scheme: Scheme, mention: &tagger::Mention) -> Option<(Category, EntityType, f32)> {
    use {Category as C, EntityType as E};
    Some(match (scheme, mention.label) {
        (Scheme::Bc5cdr, "Disease") => (C::MedicalCondition, E::DxName, 0.95),
        (Scheme::Ncbi, "Disease") => (C::MedicalCondition, E::DxName, 0.85),
        (Scheme::Maccrobat, "Condition") => (C::MedicalCondition, E::DxName, 1.0),
        (Scheme::Chia, "Condition") => (C::MedicalCondition, E::DxName, 0.9),
        (Scheme::Bc5cdr, "Chemical") => (C::Medication, E::GenericName, 0.9),
        (Scheme::Maccrobat, "Medication") => (C::Medication, E::GenericName, 1.0),
        (Scheme::Chia, "Drug") => (C::Medication, E::GenericName, 0.9),
        (Scheme::Maccrobat, "Test") => (C::TestTreatmentProcedure, E::TestName, 1.0),
        (Scheme::Chia, "Measurement") => (C::TestTreatmentProcedure, E::TestName, 0.9),
        (Scheme::Maccrobat, "Procedure") => (C::TestTreatmentProcedure, E::ProcedureName, 1.0),
        (Scheme::Chia, "Procedure") => (C::TestTreatmentProcedure, E::ProcedureName, 0.9),
        (Scheme::Maccrobat, "Anatomy") => (C::Anatomy, E::SystemOrganSite, 1.0),
        (Scheme::Anatem, "Anatomy") => (C::Anatomy, E::SystemOrganSite, 0.8),
        _ => return None,
    })
}

/// What resources of a type are coded with.
fn kind_of_resource(resource_type: &str) -> Option<(Category, EntityType)> {
    use {Category as C, EntityType as E};
    Some(match resource_type {
        "Condition" => (C::MedicalCondition, E::DxName),
        "Procedure" => (C::TestTreatmentProcedure, E::ProcedureName),
        "Observation" => (C::TestTreatmentProcedure, E::TestName),
        "MedicationRequest" | "Medication" | "AllergyIntolerance" | "Immunization" => {
            (C::Medication, E::GenericName)
        }
        _ => return None,
    })
}

/// Known phrases as findings, for reading without taggers.
fn from_lexicon(analysis: &Analysis) -> Vec<Candidate> {
    let models = Models::embedded();
    let normals: Vec<u64> = analysis
        .tokens
        .iter()
        .map(|token| {
            let word = token.span.of(analysis.text);
            if word.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
                normal(&word.to_lowercase())
            } else {
                normal(word)
            }
        })
        .collect();
    let mut matches: Vec<Match> = Vec::new();
    models.lexicon.matches(&normals, &mut matches);
    matches
        .iter()
        .filter_map(|found| {
            let class = Classes(1 << found.class);
            let (category, entity_type) = if class == Classes::DRUG {
                (Category::Medication, EntityType::GenericName)
            } else if class == Classes::DISEASE || class == Classes::PHENOTYPE {
                (Category::MedicalCondition, EntityType::DxName)
            } else {
                return None;
            };
            let first = analysis.tokens.get(found.start as usize)?.span.start;
            let last = analysis.tokens.get(found.end.checked_sub(1)? as usize)?.span.end;
            let words = (found.end - found.start) as f32;
            Some(Candidate {
                span: Span { start: first, end: last },
                category,
                entity_type,
                score: (0.55 + 0.1 * words).min(0.9),
                order: 10,
            })
        })
        .collect()
}

/// Chooses among candidates that share text: surest first, agreement makes surer.
fn settle(analysis: &Analysis, mut candidates: Vec<Candidate>) -> Vec<Entity> {
    candidates.sort_by_key(|candidate| (candidate.span, candidate.category, candidate.order));
    // Each candidate with its support: what others of its category see there.
    let mut ranked: Vec<(f32, Candidate)> = Vec::with_capacity(candidates.len());
    for (at, candidate) in candidates.iter().enumerate() {
        let mut miss = 1.0 - candidate.score;
        let before = candidates[..at].iter().rev().take(NEAR);
        let after = candidates[at + 1..].iter().take(NEAR);
        for other in before.chain(after) {
            if other.category == candidate.category
                && other.order != candidate.order
                && other.span.overlaps(&candidate.span)
            {
                let share = if other.span == candidate.span { 0.5 } else { 0.2 };
                miss *= 1.0 - share * other.score;
            }
        }
        ranked.push((1.0 - miss, *candidate));
    }
    ranked.sort_by(|(a, x), (b, y)| {
        let rank = |score: f32, candidate: &Candidate| {
            // Places are read when nothing else claims them; longer names say more.
            let anatomy = if candidate.category == Category::Anatomy { 0.5 } else { 0.0 };
            score - anatomy + 0.001 * candidate.span.len().min(60) as f32
        };
        rank(*b, y).total_cmp(&rank(*a, x)).then_with(|| (x.span, x.order).cmp(&(y.span, y.order)))
    });
    let mut taken: std::collections::BTreeMap<u32, u32> = std::collections::BTreeMap::new();
    let mut entities = Vec::new();
    for (score, candidate) in ranked {
        let Span { start, end } = candidate.span;
        let before = taken.range(..end).next_back();
        if start >= end || before.is_some_and(|(_, until)| *until > start) {
            continue;
        }
        taken.insert(start, end);
        let section = analysis
            .sentence_at(start)
            .and_then(|at| analysis.sentences.get(at))
            .map_or(0, |sentence| sentence.section);
        entities.push(Entity {
            id: 0,
            span: candidate.span,
            category: candidate.category,
            entity_type: candidate.entity_type,
            score: score.clamp(0.0, 0.999),
            traits: Vec::new(),
            attributes: Vec::new(),
            concepts: Vec::new(),
            section,
        });
    }
    entities.sort_by_key(|entity| entity.span);
    entities
}

/// Candidates looked at on either side: more than can share a stretch of text.
const NEAR: usize = 12;

/// Those of `entities`, which are in order and apart, that share text with `span`.
fn at(entities: &[Entity], span: Span) -> impl Iterator<Item = &Entity> {
    let from = entities.partition_point(|entity| entity.span.end <= span.start);
    entities[from..].iter().take_while(move |entity| entity.span.start < span.end)
}

/// Whether a finding is worth telling: sure enough, more than a letter, no heading, and no part of
/// how a drug is taken (`by mouth`).
fn keeps(analysis: &Analysis, raw: &[RawAttribute], entity: &Entity) -> bool {
    let heading = analysis.sentence_at(entity.span.start).is_some_and(|at| analysis.is_heading(at));
    let taken = || {
        let from = raw.partition_point(|attribute| attribute.span.end <= entity.span.start);
        raw[from..]
            .iter()
            .take_while(|attribute| attribute.span.start < entity.span.end)
            .any(|attribute| attribute.entity_type == EntityType::RouteOrMode)
    };
    entity.span.len() > 1
        && entity.score >= 0.3
        && !heading
        && !(entity.category == Category::Anatomy && taken())
}

/// Whether a condition is a diagnosis, or a sign or symptom, and how sure that is.
fn nature(concepts: &[Concept], section: SectionKind) -> (Trait, f32) {
    let best = concepts.iter().find(|concept| concept.system == CodeSystem::Icd10Cm);
    match best {
        // Chapter 18: symptoms, signs and abnormal findings, not elsewhere classified.
        Some(concept) if concept.code.starts_with('R') => match section {
            SectionKind::Exam | SectionKind::Vitals => (Trait::Sign, concept.score.max(0.5)),
            _ => (Trait::Symptom, concept.score.max(0.5)),
        },
        Some(concept) if concept.score >= 0.4 => (Trait::Diagnosis, concept.score),
        _ => match section {
            SectionKind::Exam | SectionKind::Vitals => (Trait::Sign, 0.5),
            SectionKind::ChiefComplaint | SectionKind::ReviewOfSystems => (Trait::Symptom, 0.5),
            _ => (Trait::Diagnosis, 0.4),
        },
    }
}

/// Puts the sections a document's markup names in place of those read from its text.
fn take_sections(analysis: &mut Analysis, document: &Document) {
    let mut sections = Vec::with_capacity(document.sections.len() * 2 + 1);
    let mut at = 0u32;
    let end = analysis.text.len() as u32;
    let plain = |start: u32, end: u32| Section {
        heading: None,
        span: Span { start, end },
        kind: SectionKind::Other,
    };
    for (range, kind) in &document.sections {
        let (start, stop) = (range.start as u32, (range.end as u32).min(end));
        if start < at || stop <= start {
            continue;
        }
        if start > at {
            sections.push(plain(at, start));
        }
        sections.push(Section { heading: None, span: Span { start, end: stop }, kind: *kind });
        at = stop;
    }
    if at < end || sections.is_empty() {
        sections.push(plain(at, end));
    }
    for sentence in &mut analysis.sentences {
        let place = sections.partition_point(|section| section.span.start <= sentence.span.start);
        sentence.section = place.saturating_sub(1) as u32;
    }
    analysis.sections = sections;
}
