//! Which finding an attribute belongs to.
//!
//! A drug's attributes bind to the drug on their left within the clause, unless one follows at
//! once (`12 mg of adenosine`), else to the next on their right; a line of a list is a sentence,
//! so it binds to its own drug. A test's value follows it. How a condition is stands right before
//! it, or after `is`, `in`, `of`.

use crate::entity::{Category, Entity, EntityType};
use crate::text::{Analysis, Span};

use super::{RawAttribute, attached};

/// How many tokens may lie between a drug and what belongs to it.
const DRUG_REACH: usize = 40;
/// How many between a test and its value.
const TEST_REACH: usize = 8;
/// How many between a condition and its severity or place.
const CONDITION_REACH: usize = 5;
/// How many between a time and what happened then.
const TIME_REACH: usize = 30;

/// Gives each attribute to the mention it belongs to. `mentions` must be in order of their start;
/// attributes inside a mention are part of its name and stay out.
pub fn attach(analysis: &Analysis, attributes: &[RawAttribute], mentions: &mut [Entity]) {
    let places: Vec<Place> = mentions.iter().map(|entity| Place::of(analysis, entity)).collect();
    let mut from = 0;
    for raw in attributes {
        let Some(sentence) = analysis.sentence_at(raw.span.start) else { continue };
        while places.get(from).is_some_and(|place| place.sentence < sentence) {
            from += 1;
        }
        let near = places[from..].iter().take_while(|place| place.sentence == sentence).count();
        let place = Place::of_span(analysis, raw.span, sentence);
        let around = &places[from..from + near.min(400)];
        if around.iter().any(|mention| mention.span.overlaps(&raw.span)) {
            continue;
        }
        let taken = |number: usize, entity_type: EntityType| {
            mentions[from + number].attributes.iter().any(|a| a.entity_type == entity_type)
        };
        let chosen = choose(analysis, raw, &place, around, &taken);
        for (number, entity_type, score) in chosen {
            let attribute = attached(raw, entity_type, score);
            mentions[from + number].attributes.push(attribute);
        }
    }
}

/// Where a mention or an attribute is.
struct Place {
    span: Span,
    /// Its tokens.
    start: usize,
    end: usize,
    sentence: usize,
    category: Option<Category>,
    entity_type: Option<EntityType>,
}

impl Place {
    fn of(analysis: &Analysis, entity: &Entity) -> Self {
        let sentence = analysis.sentence_at(entity.span.start).unwrap_or(0);
        Self {
            category: Some(entity.category),
            entity_type: Some(entity.entity_type),
            ..Self::of_span(analysis, entity.span, sentence)
        }
    }

    fn of_span(analysis: &Analysis, span: Span, sentence: usize) -> Self {
        let tokens = analysis.tokens_in(span);
        Self {
            span,
            start: tokens.start,
            end: tokens.end,
            sentence,
            category: None,
            entity_type: None,
        }
    }

    fn is(&self, category: Category) -> bool {
        self.category == Some(category)
    }

    fn is_test(&self) -> bool {
        self.entity_type == Some(EntityType::TestName)
    }
}

type Chosen = Vec<(usize, EntityType, f32)>;

fn choose(
    analysis: &Analysis,
    raw: &RawAttribute,
    place: &Place,
    around: &[Place],
    taken: &dyn Fn(usize, EntityType) -> bool,
) -> Chosen {
    match raw.entity_type {
        EntityType::Dosage
        | EntityType::Strength
        | EntityType::Form
        | EntityType::RouteOrMode
        | EntityType::Frequency
        | EntityType::Rate
        | EntityType::Duration => of_drug(analysis, raw, place, around),
        EntityType::TestValue | EntityType::TestUnit => {
            of_test(analysis, raw, place, around, taken)
        }
        EntityType::Acuity
        | EntityType::Quality
        | EntityType::Direction
        | EntityType::SystemOrganSite => of_condition(analysis, raw, place, around),
        EntityType::TimeToDxName => of_time(place, around),
        _ => Vec::new(),
    }
}

/// Words that may stand between a dose and the drug that follows it.
fn leads_on(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "of" | "the"
            | "oral"
            | "intravenous"
            | "iv"
            | "intramuscular"
            | "subcutaneous"
            | "dose"
            | "doses"
            | "dosage"
            | "daily"
            | "a"
            | "an"
            | "-"
            | "topical"
            | "inhaled"
            | "regular"
            | "generic"
            | "extended"
            | "release"
            | "sustained"
            | "intrathecal"
            | "parenteral"
            | "tablet"
            | "tablets"
            | "tab"
            | "tabs"
            | "capsule"
            | "capsules"
            | "once"
            | "i"
            | "v"
            | "."
            | "infusion"
            | "injection"
            | "intravitreal"
            | "po"
            | "tablets of"
            | "drug"
            | "new"
            | "weekly"
            | "continuous"
            | "single"
            | "its"
            | "his"
            | "her"
            | "ingested"
            | "pure"
    )
}

fn of_drug(analysis: &Analysis, raw: &RawAttribute, place: &Place, around: &[Place]) -> Chosen {
    let drugs = || around.iter().enumerate().filter(|(_, p)| p.is(Category::Medication));
    let left =
        drugs().rfind(|(_, drug)| drug.end <= place.start && place.start - drug.end <= DRUG_REACH);
    let right =
        drugs().find(|(_, drug)| drug.start >= place.end && drug.start - place.end <= DRUG_REACH);
    let words = |from: usize, to: usize| (from..to).map(|at| analysis.word(at));
    let at_once = right.filter(|(_, drug)| {
        drug.start - place.end <= 5 && words(place.end, drug.start).all(leads_on)
    });
    let of = at_once.is_some_and(|(_, drug)| words(place.end, drug.start).any(|word| word == "of"));
    let beside = left.filter(|(_, drug)| {
        words(drug.end, place.start).all(|word| matches!(word, "(" | "," | "-" | ":" | "at"))
            && place.start - drug.end <= 2
    });
    // Forms, routes and times may follow one another behind their drug.
    let cut = |from: usize, to: usize| {
        let mut depth = 0_usize;
        let mut cut = false;
        for word in words(from, to) {
            match word {
                ";" if depth == 0 => cut = true,
                "(" => depth += 1,
                // What stood before was in brackets: `(Pentasa; Basel) 3 g`.
                ")" if depth == 0 => cut = false,
                ")" => depth -= 1,
                _ => {}
            }
        }
        cut
    };
    let follows = left.filter(|(_, drug)| !cut(drug.end, place.start));
    let word = raw.span.of(analysis.text).to_ascii_lowercase();
    let level = matches!(raw.entity_type, EntityType::Dosage)
        && !word.bytes().any(|byte| byte.is_ascii_digit());
    let overdose = word.starts_with("overdos") || word == "od";
    let (chosen, score) = match (beside, at_once, follows, right) {
        (_, Some(drug), ..) if of => (drug, 0.95),
        (Some(drug), ..) if !level || overdose => (drug, 0.95),
        (_, Some(drug), ..) => (drug, 0.9),
        (_, _, Some(drug), _) => (drug, 0.8),
        (_, _, None, Some(drug)) if !cut(place.end, drug.1.start) => (drug, 0.7),
        _ => return Vec::new(),
    };
    if raw.score < 0.5
        && chosen.1.start.abs_diff(place.end).min(place.start.abs_diff(chosen.1.end)) > 3
    {
        return Vec::new();
    }
    let mut all = vec![(chosen.0, raw.entity_type, score)];
    if !matches!(raw.entity_type, EntityType::Dosage | EntityType::Strength) {
        return all;
    }
    // Another name of the same drug in brackets: `methotrexate (MTX) 12 g`.
    if chosen.1.end <= place.start {
        if let Some((other, before)) = drugs().rfind(|(_, p)| p.end < chosen.1.start) {
            let bracket = chosen.1.start - before.end == 1
                && analysis.word(before.end) == "("
                && analysis.word(chosen.1.end) == ")";
            if bracket {
                all.push((other, raw.entity_type, 0.8));
            }
        }
    } else if let Some((other, next)) = drugs().find(|(_, p)| p.start > chosen.1.end) {
        let bracket = next.start - chosen.1.end == 1 && analysis.word(chosen.1.end) == "(";
        // `high-dose busulfan and melphalan`
        let pair = level
            && next.start - chosen.1.end == 1
            && matches!(analysis.word(chosen.1.end), "and" | "or");
        if bracket || pair {
            all.push((other, raw.entity_type, 0.7));
        }
    }
    all
}

fn of_test(
    analysis: &Analysis,
    raw: &RawAttribute,
    place: &Place,
    around: &[Place],
    taken: &dyn Fn(usize, EntityType) -> bool,
) -> Chosen {
    let digits = raw.span.of(analysis.text).bytes().any(|byte| byte.is_ascii_digit());
    let left = around
        .iter()
        .enumerate()
        .rfind(|(_, p)| p.end <= place.start && place.start - p.end <= TEST_REACH);
    if let Some((number, test)) = left {
        let between = (test.end..place.start).map(|at| analysis.word(at));
        let clear = between.clone().all(|word| !matches!(word, ";" | "but" | "and"))
            || raw.score >= 0.8 && between.clone().all(|word| word != ";");
        // A second plain number after a value (`12.5 (4-11)`) is a reference range.
        let first = raw.score >= 0.5
            || raw.entity_type == EntityType::TestUnit
            || !taken(number, EntityType::TestValue);
        if test.is_test() && clear && first {
            let close = place.start - test.end <= 2;
            return vec![(number, raw.entity_type, if close { 0.95 } else { 0.8 })];
        }
    }
    // `elevated troponin`
    let next = around.iter().enumerate().find(|(_, p)| p.start >= place.end);
    if let Some((number, test)) = next {
        let at_once = test.start == place.end;
        if test.is_test() && at_once && !digits && raw.entity_type == EntityType::TestValue {
            return vec![(number, raw.entity_type, 0.85)];
        }
    }
    Vec::new()
}

fn of_condition(
    analysis: &Analysis,
    raw: &RawAttribute,
    place: &Place,
    around: &[Place],
) -> Chosen {
    let fits = |p: &Place| match raw.entity_type {
        EntityType::Direction | EntityType::SystemOrganSite => {
            p.is(Category::MedicalCondition)
                || p.is(Category::Anatomy) && raw.entity_type == EntityType::Direction
                || matches!(p.entity_type, Some(EntityType::ProcedureName | EntityType::TestName))
        }
        _ => p.is(Category::MedicalCondition),
    };
    let stops = |word: &str| matches!(word, ";" | "." | ":" | "but" | "with" | "without" | "no");
    // Right before: `severe left chest pain`.
    let right = around
        .iter()
        .enumerate()
        .find(|(_, p)| p.start >= place.end && fits(p) && p.start - place.end <= CONDITION_REACH);
    if let Some((number, condition)) = right {
        let plain = (place.end..condition.start).all(|at| {
            let word = analysis.word(at);
            word.len() > 1
                && !stops(word)
                && word.chars().all(char::is_alphabetic)
                && !is_small(word)
        });
        if plain {
            let score = if condition.start == place.end { 0.95 } else { 0.75 };
            return vec![(number, raw.entity_type, score)];
        }
    }
    // After: `pain in the left arm`, `pain is severe`.
    let left = around
        .iter()
        .enumerate()
        .rfind(|(_, p)| p.end <= place.start && fits(p) && place.start - p.end <= CONDITION_REACH);
    if let Some((number, condition)) = left {
        let mut between = (condition.end..place.start).map(|at| analysis.word(at));
        let linked = between.clone().any(|word| {
            matches!(
                word,
                "in" | "of"
                    | "at"
                    | "on"
                    | "to"
                    | "is"
                    | "was"
                    | "over"
                    | "involving"
                    | "along"
                    | "affecting"
                    | "around"
            )
        });
        if linked && !between.any(|word| stops(word) || word == ",") {
            return vec![(number, raw.entity_type, 0.75)];
        }
    }
    Vec::new()
}

/// A word of grammar rather than meaning.
fn is_small(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "and"
            | "or"
            | "of"
            | "in"
            | "the"
            | "a"
            | "an"
            | "is"
            | "was"
            | "to"
            | "for"
            | "by"
            | "has"
            | "had"
            | "on"
            | "at"
            | "as"
            | "who"
            | "which"
    )
}

fn of_time(place: &Place, around: &[Place]) -> Chosen {
    let time_of = |p: &Place| match (p.category?, p.entity_type?) {
        (Category::Medication, _) => Some(EntityType::TimeToMedicationName),
        (Category::MedicalCondition, _) => Some(EntityType::TimeToDxName),
        (_, EntityType::TestName) => Some(EntityType::TimeToTestName),
        (_, EntityType::ProcedureName) => Some(EntityType::TimeToProcedureName),
        (_, EntityType::TreatmentName) => Some(EntityType::TimeToTreatmentName),
        _ => None,
    };
    let distance = |p: &Place| {
        if p.end <= place.start {
            place.start - p.end
        } else {
            (p.start - place.end.min(p.start)) + 3
        }
    };
    around
        .iter()
        .enumerate()
        .filter_map(|(number, p)| Some((number, time_of(p)?, distance(p))))
        .filter(|(_, _, distance)| *distance <= TIME_REACH)
        .min_by_key(|(_, _, distance)| *distance)
        .map(|(number, entity_type, distance)| {
            (number, entity_type, if distance <= 3 { 0.85 } else { 0.65 })
        })
        .into_iter()
        .collect()
}

/// Amounts, frequencies and durations go to the nearest habit of their sentence.
pub(super) fn attach_habits(
    analysis: &Analysis,
    attributes: &[RawAttribute],
    habits: &mut [Entity],
) {
    let sentences: Vec<usize> =
        habits.iter().map(|habit| analysis.sentence_at(habit.span.start).unwrap_or(0)).collect();
    let mut from = 0;
    for raw in attributes {
        let entity_type = match raw.entity_type {
            EntityType::Amount | EntityType::Frequency | EntityType::Duration => raw.entity_type,
            _ => continue,
        };
        let Some(sentence) = analysis.sentence_at(raw.span.start) else { continue };
        while sentences.get(from).is_some_and(|&at| at < sentence) {
            from += 1;
        }
        let nearest = habits[from..]
            .iter()
            .zip(&sentences[from..])
            .take_while(|(_, at)| **at == sentence)
            .enumerate()
            .take(100)
            .filter(|(_, (habit, _))| {
                matches!(
                    habit.entity_type,
                    EntityType::TobaccoUse
                        | EntityType::AlcoholConsumption
                        | EntityType::RecDrugUse
                ) && !habit.span.overlaps(&raw.span)
            })
            .min_by_key(|(_, (habit, _))| {
                habit.span.start.abs_diff(raw.span.end).min(raw.span.start.abs_diff(habit.span.end))
            })
            .map(|(number, _)| from + number);
        if let Some(number) = nearest {
            habits[number].attributes.push(attached(raw, entity_type, 0.8));
        }
    }
}
