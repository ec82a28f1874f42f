//! What a store's own coded resources teach: which code each display has. It is the only source
//! of SNOMED CT names that needs no licence of its own, and serves as a lexicon too.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::drug;
use super::table::{Builder, NewConcept, Source, flag, stems_of};
use super::terminology::Terminology;
use super::words::split_tag;
use crate::entity::{Category, CodeSystem, EntityType};
use crate::text::{Analysis, Span, TokenKind, tokenise};

/// A code and a display some resource gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Which code system.
    pub system: CodeSystem,
    /// The code.
    pub code: String,
    /// The display.
    pub display: String,
    /// How many resources had it.
    pub count: u64,
    /// What it is by the type of the resource: a `Condition`'s code is a condition. Only used
    /// where neither code system nor semantic tag say.
    pub seen_as: Option<(Category, EntityType)>,
}

/// Codes by the displays a store has for them.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    pairs: Vec<Pair>,
    /// Pairs of one wording, most frequent first.
    groups: Vec<Vec<u32>>,
    /// Hash of a sequence of tokens: a group plus one, or zero for the beginning of a longer one.
    sequences: HashMap<u64, u32>,
    terms: Terminology,
}

/// A display found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'l> {
    /// Where; a semantic tag is inside.
    pub span: Span,
    /// Its tokens, as indexes into [`Analysis::tokens`].
    pub tokens: std::ops::Range<u32>,
    /// The pairs with this display, as indexes into [`Learned::pairs`], most frequent first.
    pub pairs: &'l [u32],
}

/// Tokens of the longest display used.
const TOKENS_MAX: usize = 48;

impl Learned {
    /// Learns from pairs. Of pairs of one code and display the counts are added; displays without
    /// three letters teach nothing.
    pub fn build(pairs: impl IntoIterator<Item = Pair>) -> Self {
        type Seen = (u64, Option<(Category, EntityType)>);
        let mut counts: HashMap<(CodeSystem, String, String), Seen> = HashMap::new();
        for pair in pairs {
            let display = pair.display.trim();
            if pair.code.is_empty()
                || display.len() > 512
                || display.chars().filter(|c| c.is_alphabetic()).count() < 3
            {
                continue;
            }
            let seen = counts.entry((pair.system, pair.code, display.to_owned())).or_default();
            seen.0 = seen.0.saturating_add(pair.count);
            // Of several the greatest, so that the order of pairs does not matter.
            seen.1 = seen.1.max(pair.seen_as);
        }
        let mut pairs: Vec<Pair> = counts
            .into_iter()
            .map(|((system, code, display), (count, seen_as))| Pair {
                system,
                code,
                display,
                count,
                seen_as,
            })
            .collect();
        pairs.sort_by(|a, b| {
            let key = |pair: &Pair| (pair.system, pair.code.clone(), pair.display.clone());
            b.count.cmp(&a.count).then_with(|| key(a).cmp(&key(b)))
        });
        let mut learned = Self { pairs, ..Self::default() };
        learned.index_sequences();
        learned.index_terms();
        learned
    }

    /// All pairs, most frequent first.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The displays as a terminology, for searches by similarity.
    pub(super) fn terms(&self) -> &Terminology {
        &self.terms
    }

    fn index_sequences(&mut self) {
        for index in 0..self.pairs.len() {
            let display = self.pairs[index].display.clone();
            let (bare, tag) = split_tag(&display);
            self.add_sequence(&display, index as u32);
            if tag.is_some() && bare.chars().filter(|c| c.is_alphabetic()).count() >= 3 {
                self.add_sequence(bare, index as u32);
            }
        }
    }

    fn add_sequence(&mut self, name: &str, pair: u32) {
        let tokens = tokenise(name);
        if tokens.is_empty() || tokens.len() > TOKENS_MAX {
            return;
        }
        let mut key = 0u64;
        for token in &tokens {
            key = joined(key, hash_of(token.span.of(name)));
            self.sequences.entry(key).or_insert(0);
        }
        let groups = &mut self.groups;
        let slot = self.sequences.entry(key).or_insert(0);
        if *slot == 0 {
            groups.push(Vec::new());
            *slot = groups.len() as u32;
        }
        let group = &mut groups[*slot as usize - 1];
        if !group.contains(&pair) {
            group.push(pair);
        }
    }

    fn index_terms(&mut self) {
        let mut builders: HashMap<CodeSystem, Builder> = HashMap::new();
        for pair in &self.pairs {
            let builder = builders.entry(pair.system).or_default();
            let bare = split_tag(&pair.display).0;
            let (stems, flags) = if pair.system == CodeSystem::RxNorm {
                let stems = drug::stems(bare);
                let strong =
                    stems.iter().any(|s| drug::kind_of_word(s) == super::table::WordKind::Strength);
                let flags = match (strong, bare.contains('[')) {
                    (true, true) => flag::BRANDED_DRUG,
                    (true, false) => flag::CLINICAL_DRUG,
                    _ => flag::INGREDIENT,
                };
                (stems, flags)
            } else {
                (stems_of(bare), 0)
            };
            let concept =
                NewConcept { code: &pair.code, description: &pair.display, flags, seventh: 0 };
            let index = builder.concept(&concept, &stems);
            builder.name(index, Source::Own, &stems);
        }
        let mut systems: Vec<CodeSystem> = builders.keys().copied().collect();
        systems.sort_unstable();
        self.terms = Terminology::of(
            systems
                .into_iter()
                .filter_map(|system| Some(builders.remove(&system)?.finish(system, "learned"))),
        );
    }

    /// The pairs whose display, with or without its semantic tag, is this mention.
    pub fn exact(&self, mention: &str) -> &[u32] {
        let tokens = tokenise(mention);
        if tokens.is_empty() || tokens.len() > TOKENS_MAX {
            return &[];
        }
        let key = tokens.iter().fold(0, |key, token| joined(key, hash_of(token.span.of(mention))));
        self.group(self.sequences.get(&key).copied().unwrap_or(0))
    }

    fn group(&self, slot: u32) -> &[u32] {
        match slot {
            0 => &[],
            slot => self.groups.get(slot as usize - 1).map_or(&[], Vec::as_slice),
        }
    }

    /// Finds displays in a text: token by token, whatever their case, the longest first.
    pub fn find(&self, analysis: &Analysis) -> Vec<Match<'_>> {
        let tokens = &analysis.tokens;
        let hashes: Vec<u64> =
            tokens.iter().map(|token| hash_of(token.span.of(analysis.text))).collect();
        let mut matches = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let mut key = 0u64;
            let mut found: Option<(usize, u32)> = None;
            if tokens[at].kind != TokenKind::Mark {
                for (end, hash) in hashes.iter().enumerate().skip(at).take(TOKENS_MAX) {
                    key = joined(key, *hash);
                    match self.sequences.get(&key) {
                        None => break,
                        Some(0) => {}
                        Some(slot) => found = Some((end + 1, *slot)),
                    }
                }
            }
            match found {
                Some((end, slot)) => {
                    matches.push(Match {
                        span: Span { start: tokens[at].span.start, end: tokens[end - 1].span.end },
                        tokens: at as u32..end as u32,
                        pairs: self.group(slot),
                    });
                    at = end;
                }
                None => at += 1,
            }
        }
        matches
    }
}

impl Pair {
    /// What a mention of this pair is, by its code system and semantic tag. `None` for what is no
    /// clinical finding: qualifiers, persons, occupations.
    pub fn kind(&self) -> Option<(Category, EntityType)> {
        use {Category as C, EntityType as E};
        Some(match self.system {
            CodeSystem::Icd10Cm => (C::MedicalCondition, E::DxName),
            CodeSystem::RxNorm if self.display.contains('[') => (C::Medication, E::BrandName),
            CodeSystem::RxNorm => (C::Medication, E::GenericName),
            CodeSystem::Loinc => (C::TestTreatmentProcedure, E::TestName),
            CodeSystem::SnomedCt => match split_tag(&self.display).1 {
                Some(tag) => kind_of_tag(&tag.to_ascii_lowercase())?,
                // Older exports leave tags out; then the resource that had the code says it.
                None => self.seen_as.unwrap_or((C::MedicalCondition, E::DxName)),
            },
        })
    }
}

/// What a SNOMED CT semantic tag says a name is.
pub fn kind_of_tag(tag: &str) -> Option<(Category, EntityType)> {
    use {Category as C, EntityType as E};
    Some(match tag {
        "disorder" | "finding" | "situation" | "morphologic abnormality" | "event" => {
            (C::MedicalCondition, E::DxName)
        }
        "procedure" => (C::TestTreatmentProcedure, E::ProcedureName),
        "regime/therapy" | "physical object" => (C::TestTreatmentProcedure, E::TreatmentName),
        "observable entity" | "assessment scale" => (C::TestTreatmentProcedure, E::TestName),
        "body structure" | "cell structure" => (C::Anatomy, E::SystemOrganSite),
        "product"
        | "substance"
        | "medicinal product"
        | "clinical drug"
        | "medicinal product form" => (C::Medication, E::GenericName),
        _ => return None,
    })
}

/// Hash of a token whatever its case.
fn hash_of(token: &str) -> u64 {
    let bytes = token.as_bytes();
    let mut lower = [0u8; 32];
    if token.is_ascii() && bytes.len() <= lower.len() {
        let lower = &mut lower[..bytes.len()];
        lower.copy_from_slice(bytes);
        lower.make_ascii_lowercase();
        xxh3_64(lower)
    } else {
        xxh3_64(token.to_lowercase().as_bytes())
    }
}

fn joined(key: u64, token: u64) -> u64 {
    (key.rotate_left(23) ^ token).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
