//! Whether what a note mentions is so: denied, past, only possible, planned, or about kin.
//!
//! ConText's way: words that trigger an [`Assertion`] reach forwards or backwards over a number of
//! tokens, until the sentence ends or another word cuts them short; longer phrases that look like
//! triggers but are not swallow them. The section a sentence stands in adds its default.
//!
//! Always true: a sentence's triggers are found in one pass, and its cost is bounded by the length
//! of a sentence, which is bounded too.
//!
//! Method: Chapman et al., NegEx (2001); Harkema et al., ConText (2009).

use std::sync::LazyLock;

use crate::entity::Trait;
use crate::text::phrase::Phrases;
use crate::text::{Analysis, SectionKind, Sentence, Span, TokenKind};

#[cfg(test)]
mod tests;
mod triggers;

use triggers::Rule;

/// From this score on, something counts as asserted.
pub const CERTAIN: f32 = 0.5;

/// What is said of a mention, each from 0 (no word of it) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Assertion {
    /// It is said not to be.
    pub negated: f32,
    /// It is only spoken of: a condition to return for, a reason to act.
    pub hypothetical: f32,
    /// It was before this encounter.
    pub historical: f32,
    /// It is about somebody else, mostly kin.
    pub family: f32,
    /// The writer is not sure.
    pub uncertain: f32,
    /// It is planned.
    pub future: f32,
}

impl Assertion {
    /// What is certain enough, as Comprehend Medical's traits with their scores.
    pub fn traits(&self) -> Vec<(Trait, f32)> {
        [
            (Trait::Negation, self.negated),
            (Trait::PertainsToFamily, self.family),
            (Trait::Hypothetical, self.hypothetical),
            (Trait::PastHistory, self.historical),
            (Trait::Future, self.future),
            (Trait::LowConfidence, self.uncertain),
        ]
        .into_iter()
        .filter(|(_, score)| *score >= CERTAIN)
        .collect()
    }

    fn raise(&mut self, effects: u8, score: f32) {
        for (effect, field) in [
            (triggers::NEGATED, &mut self.negated),
            (triggers::HYPOTHETICAL, &mut self.hypothetical),
            (triggers::HISTORICAL, &mut self.historical),
            (triggers::FAMILY, &mut self.family),
            (triggers::UNCERTAIN, &mut self.uncertain),
            (triggers::FUTURE, &mut self.future),
        ] {
            if effects & effect != 0 {
                *field = field.max(score);
            }
        }
    }
}

/// What is said of `target`, which lies in the sentence numbered `sentence`.
pub fn assess(analysis: &Analysis, sentence: usize, target: Span) -> Assertion {
    Triggers::of(analysis, sentence).assess(analysis, target)
}

/// What is said of each of `targets`, which are best in order: each sentence is then read once.
pub fn assess_all(analysis: &Analysis, targets: &[Span]) -> Vec<Assertion> {
    let mut current: Option<(usize, Triggers)> = None;
    let mut found = Vec::with_capacity(targets.len());
    for &target in targets {
        let Some(sentence) = analysis.sentence_at(target.start) else {
            found.push(Assertion::default());
            continue;
        };
        if current.as_ref().is_none_or(|(at, _)| *at != sentence) {
            current = Some((sentence, Triggers::of(analysis, sentence)));
        }
        found.push(
            current
                .as_ref()
                .map_or_else(Assertion::default, |(_, triggers)| triggers.assess(analysis, target)),
        );
    }
    found
}

/// The triggers of one sentence, with how far each reaches.
#[derive(Clone, Debug)]
pub struct Triggers {
    scopes: Vec<Scope>,
    /// What the section, or the line a list hangs on, says of the whole sentence.
    default: Assertion,
    /// The sentence lists what the patient has, whatever its words.
    active: bool,
}

/// Where a trigger stands and the tokens it speaks of.
#[derive(Clone, Copy, Debug)]
struct Scope {
    effects: u8,
    score: f32,
    trigger: (usize, usize),
    reach: (usize, usize),
}

/// A trigger that was found, before its reach is known.
struct Hit {
    start: usize,
    end: usize,
    rule: Rule,
}

static RULES: LazyLock<Phrases<Rule>> = LazyLock::new(triggers::table);
/// Synthea's fixed words before the conditions a patient has now.
static ACTIVE: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::new([("patient has a history of", ())]));

/// How far back a list item looks for the line that introduces it.
const LIST_MAX: usize = 24;

impl Triggers {
    /// Finds the triggers of a sentence; none if there is no such sentence.
    pub fn of(analysis: &Analysis, sentence: usize) -> Self {
        let mut found = Self { scopes: Vec::new(), default: Assertion::default(), active: false };
        let Some(at) = analysis.sentences.get(sentence) else { return found };
        let kind = analysis.kind_of(sentence);
        let hits = hits_of(analysis, at);
        found.scopes = scopes_of(at, &hits);
        found.default = section_default(kind);
        found.active = kind == SectionKind::PresentIllness && lists_active(analysis, at);
        if let Some(introduction) = introduction_of(analysis, sentence) {
            let line = &analysis.sentences[introduction];
            let hits = hits_of(analysis, line);
            let last = line.tokens.end as usize;
            for scope in scopes_of(line, &hits) {
                if scope.reach.1 >= last && scope.reach.0 > scope.trigger.0 {
                    found.default.raise(scope.effects, scope.score * 0.9);
                }
            }
        }
        found
    }

    /// What they say of `target`.
    pub fn assess(&self, analysis: &Analysis, target: Span) -> Assertion {
        let tokens = analysis.tokens_in(target);
        let mut assertion = self.default;
        for scope in &self.scopes {
            let reached = scope.reach.0 < tokens.end && tokens.start < scope.reach.1;
            let inside = tokens.start <= scope.trigger.0 && scope.trigger.1 <= tokens.end;
            // `status post CABG` says itself that it is past; `nontender chest` denies nothing.
            let own = inside && scope.effects & triggers::HISTORICAL != 0;
            if own || reached && !inside {
                assertion.raise(scope.effects, scope.score);
            }
        }
        if self.active {
            assertion.historical = 0.0;
        }
        assertion
    }
}

/// What is so of everything in a section, unless its words say more.
fn section_default(kind: SectionKind) -> Assertion {
    let mut default = Assertion::default();
    match kind {
        SectionKind::Family => default.family = 0.9,
        SectionKind::PastMedical | SectionKind::PastSurgical => default.historical = 0.8,
        SectionKind::Plan => default.future = 0.4,
        SectionKind::Instructions => default.hypothetical = 0.4,
        SectionKind::Allergies | SectionKind::Gynecological => default.historical = 0.45,
        _ => {}
    }
    default
}

/// Synthea writes `Patient has a history of a, b, c.` under a Markdown heading for what is active.
fn lists_active(analysis: &Analysis, sentence: &Sentence) -> bool {
    let start = sentence.tokens.start as usize;
    let markdown = analysis
        .sections
        .get(sentence.section as usize)
        .is_some_and(|section| section.span.of(analysis.text).starts_with('#'));
    markdown && ACTIVE.longest_at(&analysis.folded[start..sentence.tokens.end as usize]).is_some()
}

/// The line ending in a colon that a list item hangs on.
fn introduction_of(analysis: &Analysis, sentence: usize) -> Option<usize> {
    let is_item = |at: usize| {
        let sentence = &analysis.sentences[at];
        let text = sentence.span.of(analysis.text);
        text.starts_with(['-', '*', '•', '+', '●', '▪'])
            || text.starts_with(|first: char| first.is_ascii_digit())
    };
    if !is_item(sentence) {
        return None;
    }
    let section = analysis.sentences[sentence].section;
    (sentence.saturating_sub(LIST_MAX)..sentence)
        .rev()
        .take_while(|&at| analysis.sentences[at].section == section)
        .find(|&at| !is_item(at))
        .filter(|&at| analysis.sentences[at].span.of(analysis.text).ends_with(':'))
}

/// The triggers of a sentence, longest first at each place, none overlapping.
fn hits_of(analysis: &Analysis, sentence: &Sentence) -> Vec<Hit> {
    let end = sentence.tokens.end as usize;
    let mut at = sentence.tokens.start as usize;
    let mut hits = Vec::new();
    while at < end {
        if let Some((length, rule)) = RULES.longest_at(&analysis.folded[at..end]) {
            hits.push(Hit { start: at, end: at + length, rule });
            at += length;
        } else {
            let rule = year_rule(analysis, at, sentence.tokens.start as usize)
                .or_else(|| item_rule(analysis, at, sentence.tokens.start as usize));
            if let Some(rule) = rule {
                hits.push(Hit { start: at, end: at + 1, rule });
            }
            at += 1;
        }
    }
    hits
}

/// `in 1996`: a year of the last century is past in any note.
fn year_rule(analysis: &Analysis, at: usize, start: usize) -> Option<Rule> {
    let token = analysis.tokens[at];
    if token.kind != TokenKind::Number || token.span.len() != 4 || at == start {
        return None;
    }
    let year = analysis.word(at);
    let led = matches!(analysis.word(at - 1), "in" | "since" | "of" | "In");
    (year.starts_with("19") && led).then(triggers::year)
}

/// `2)` in running text: an item of a list, where the reach of all triggers ends.
fn item_rule(analysis: &Analysis, at: usize, start: usize) -> Option<Rule> {
    let token = analysis.tokens[at];
    let item = token.kind == TokenKind::Number
        && token.span.len() <= 2
        && at > start
        && analysis.word(at + 1) == ")"
        && analysis.word(at - 1) != "("
        && analysis.tokens[at - 1].span.end < token.span.start;
    item.then(triggers::item)
}

/// How far each trigger reaches.
fn scopes_of(sentence: &Sentence, hits: &[Hit]) -> Vec<Scope> {
    let (start, end) = (sentence.tokens.start as usize, sentence.tokens.end as usize);
    let mut scopes = Vec::with_capacity(hits.len());
    for (number, hit) in hits.iter().enumerate() {
        let rule = hit.rule;
        if rule.effects == 0 {
            continue;
        }
        let reach = usize::from(rule.reach);
        let mut push = |from: usize, to: usize| {
            scopes.push(Scope {
                effects: rule.effects,
                score: rule.score,
                trigger: (hit.start, hit.end),
                reach: (from, to),
            });
        };
        if rule.forward {
            let stop = hits[number + 1..]
                .iter()
                .take_while(|next| next.start < hit.end + reach)
                .find(|next| next.rule.ends & rule.effects != 0)
                .map_or(end, |next| next.start);
            push(hit.end, stop.min(hit.end + reach));
        }
        if rule.backward {
            let stop = hits[..number]
                .iter()
                .rev()
                .take_while(|previous| previous.end + reach > hit.start)
                .find(|previous| previous.rule.ends & rule.effects != 0)
                .map_or(start, |previous| previous.end);
            push(stop.max(hit.start.saturating_sub(reach)), hit.start);
        }
        if !rule.forward && !rule.backward {
            push(hit.end, hit.end);
        }
    }
    scopes
}
