//! Learned taggers: for each annotation scheme a row of labels over the tokens, chosen by a
//! conditional random field.
//!
//! All schemes share one description of the document ([`frame`]), one set of features per token
//! ([`features`]) and one table of weights ([`weights`]); only the chains of labels ([`chain`])
//! are their own. Schemes are read in the order of [`Scheme::ALL`], later ones seeing what earlier
//! ones found.
//!
//! Always true: work per token is bounded, and rows longer than [`ROW_TOKENS_MAX`] are cut.

pub mod abbreviation;
pub mod chain;
pub mod consistency;
pub mod features;
pub mod frame;
pub mod weights;
pub mod words;

use std::ops::Range;
use std::sync::OnceLock;

use crate::codec::{Reader, Writer};
use crate::lexicon::Lexicon;
use crate::models::ModelError;
use crate::text::{Analysis, Span};
use chain::{Chain, Lattice};
use consistency::Found;
use frame::{Frame, Word};
use weights::{ROW, Scores, Weights};
use words::Words;

/// Tokens read together at most; longer sentences are cut.
pub const ROW_TOKENS_MAX: usize = 400;

/// Whose convention of annotation is followed: which types there are and where mentions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Anatomical entities, from molecules' neighbours up to whole bodies.
    Anatem,
    /// Diseases in abstracts.
    Ncbi,
    /// Diseases and chemicals in abstracts.
    Bc5cdr,
    /// Eligibility criteria of trials.
    Chia,
    /// Case reports.
    Maccrobat,
}

impl Scheme {
    /// All, in the order they are read.
    pub const ALL: [Self; 5] =
        [Self::Anatem, Self::Ncbi, Self::Bc5cdr, Self::Chia, Self::Maccrobat];

    /// Its types.
    pub fn types(self) -> &'static [&'static str] {
        match self {
            Self::Anatem => &["Anatomy"],
            Self::Ncbi => &["Disease"],
            Self::Bc5cdr => &["Chemical", "Disease"],
            Self::Chia => &[
                "Condition",
                "Device",
                "Drug",
                "Measurement",
                "Mood",
                "Negation",
                "Observation",
                "Person",
                "Procedure",
                "Temporal",
                "Value",
                "Visit",
            ],
            Self::Maccrobat => &[
                "Acuity",
                "Age",
                "Anatomy",
                "Condition",
                "Date",
                "Dosage",
                "Duration",
                "Family",
                "Frequency",
                "History",
                "Medication",
                "Procedure",
                "Route",
                "Sex",
                "Test",
                "Value",
            ],
        }
    }

    /// Whether its annotators mark every mention of a thing, so that [`consistency`] helps.
    fn is_consistent(self) -> bool {
        matches!(self, Self::Ncbi | Self::Bc5cdr)
    }

    /// Number of labels: outside, and two for each type.
    pub fn labels(self) -> usize {
        1 + 2 * self.types().len()
    }

    /// Where its labels start in a row of weights.
    pub fn column(self) -> usize {
        Self::ALL.iter().take_while(|other| **other != self).map(|other| other.labels()).sum()
    }

    /// Number of labels of all schemes.
    pub fn labels_total() -> usize {
        Self::ALL.iter().map(|scheme| scheme.labels()).sum()
    }
}

/// A stretch of text that names something.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// Where.
    pub span: Span,
    /// The same as tokens, indexes into [`Analysis::tokens`].
    pub tokens: Range<u32>,
    /// What, one of [`Scheme::types`].
    pub label: &'static str,
    /// How likely exactly this is one, 0 to 1.
    pub score: f32,
}

/// What all taggers found in a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tagging {
    mentions: [Vec<Mention>; 5],
}

impl Tagging {
    /// What was found under one scheme, in order, not overlapping.
    pub fn mentions(&self, scheme: Scheme) -> &[Mention] {
        &self.mentions[scheme as usize]
    }
}

/// What is learned for one scheme besides its features' weights.
#[derive(Clone, Debug)]
pub struct Head {
    /// How labels follow each other.
    pub chain: Chain,
    /// What one unit of a weight in the table is worth.
    pub unit: f32,
    /// Added to the score of the outside label: below zero finds more, above zero finds less.
    pub outside: f32,
    /// From the odds of a mention to how likely it is: slope and intercept.
    pub sureness: [f32; 2],
}

/// The taggers of all schemes.
#[derive(Clone, Debug)]
pub struct Tagger {
    weights: Weights,
    heads: Vec<Head>,
    usual: UsualWords,
}

/// What a word gives to the tokens around it and to itself, added up.
type Sums = [Scores; 2 * features::REACH + 1];

/// Sums of words met before. Each place is taken by the first word that falls on it and kept:
/// most words of most documents are the same few thousand. Only time depends on it.
#[derive(Clone, Debug)]
struct UsualWords(Vec<OnceLock<Box<(u64, Sums)>>>);

impl UsualWords {
    /// Filled, they take some 12 MB.
    const COUNT: usize = 1 << 14;

    fn new() -> Self {
        Self(vec![OnceLock::new(); Self::COUNT])
    }

    fn get(&self, word: &Word, sums: impl Fn() -> Sums) -> Sums {
        let place = &self.0[word.exact as usize % Self::COUNT];
        let known = place.get_or_init(|| Box::new((word.exact, sums())));
        if known.0 == word.exact { known.1 } else { sums() }
    }
}

impl Tagger {
    /// The taggers that have these weights and heads, one for each of [`Scheme::ALL`].
    pub fn new(weights: Weights, heads: [Head; 5]) -> Self {
        Self { weights, heads: heads.into(), usual: UsualWords::new() }
    }

    /// Changes how a scheme's scores are read: see [`Head::outside`] and [`Head::sureness`].
    pub fn adjust(&mut self, scheme: Scheme, outside: f32, sureness: [f32; 2]) {
        let head = &mut self.heads[scheme as usize];
        head.outside = outside;
        head.sureness = sureness;
    }

    /// Number of features that have weights.
    pub fn feature_count(&self) -> usize {
        self.weights.len()
    }

    /// Finds the mentions of all schemes.
    pub fn tag(&self, analysis: &Analysis<'_>, lexicon: &Lexicon, words: &Words) -> Tagging {
        let frame = Frame::new(analysis, lexicon, words);
        let rows = rows(analysis);
        let mut scores = self.scores(&frame, &rows);
        let mut tagging = Tagging::default();
        let mut labels = vec![0u8; analysis.tokens.len()];
        let mut lattice = Lattice::default();
        let mut best = Vec::new();
        for (head, scheme) in self.heads.iter().zip(Scheme::ALL) {
            let column = scheme.column();
            let mut found = Vec::new();
            for row in &rows {
                head.fill(&mut lattice, &scores[row.clone()], column);
                lattice.best(&head.chain, &mut best);
                if best.iter().any(|label| *label != 0) {
                    lattice.sum(&head.chain);
                    for (tokens, kind) in chain::mentions(&best) {
                        let odds = lattice.sureness(&head.chain, tokens.clone(), kind);
                        let tokens = row.start + tokens.start..row.start + tokens.end;
                        found.push(Found { tokens, kind, score: head.sure(odds) });
                    }
                }
                labels[row.clone()].copy_from_slice(&best);
            }
            if scheme.is_consistent() {
                consistency::spread(&frame, &rows, &mut found);
            }
            if scheme != Scheme::Maccrobat {
                self.stack(scheme as usize, &frame, &rows, &labels, &mut scores);
            }
            tagging.mentions[scheme as usize] = found
                .into_iter()
                .map(|Found { tokens, kind, score }| Mention {
                    span: Span {
                        start: analysis.tokens[tokens.start].span.start,
                        end: analysis.tokens[tokens.end - 1].span.end,
                    },
                    tokens: tokens.start as u32..tokens.end as u32,
                    label: scheme.types()[kind],
                    score,
                })
                .collect();
        }
        tagging
    }

    /// Scores of every token from what does not depend on other taggers.
    fn scores(&self, frame: &Frame, rows: &[Range<usize>]) -> Vec<Scores> {
        let mut scores = vec![[0i16; ROW]; frame.word_of.len()];
        // What each distinct word gives to itself and its neighbours, added up once.
        let reach = features::REACH as isize;
        let sums: Vec<Sums> = frame
            .words
            .iter()
            .map(|word| {
                self.usual.get(word, || {
                    let mut sums = [[0i16; ROW]; 2 * features::REACH + 1];
                    let mut seen = Vec::new();
                    for (at, sum) in sums.iter_mut().enumerate() {
                        let offset = at as isize - reach;
                        seen.clear();
                        features::own(word, offset, |feature| seen.push(feature));
                        self.weights.add(&seen, sum);
                    }
                    sums
                })
            })
            .collect();
        let mut seen = Vec::new();
        for row in rows {
            for at in row.clone() {
                let score = &mut scores[at];
                seen.clear();
                features::joint(frame, row.clone(), at, |feature| seen.push(feature));
                self.weights.add(&seen, score);
                for offset in -reach..=reach {
                    let Some(near) = at.checked_add_signed(offset) else { continue };
                    if row.contains(&near) {
                        let sum = &sums[frame.word_of[near] as usize][(offset + reach) as usize];
                        for label in 0..ROW {
                            score[label] = score[label].wrapping_add(sum[label]);
                        }
                    }
                }
            }
        }
        scores
    }

    /// Adds what a tagger's labels tell the later ones.
    fn stack(
        &self,
        tagger: usize,
        frame: &Frame,
        rows: &[Range<usize>],
        labels: &[u8],
        scores: &mut [Scores],
    ) {
        let mut seen = Vec::new();
        for row in rows {
            for at in row.clone() {
                let around = around(labels, row, at);
                seen.clear();
                features::stacked(tagger, around, frame.word(at), |feature| seen.push(feature));
                self.weights.add(&seen, &mut scores[at]);
            }
        }
    }

    pub(crate) fn render_heads(&self) -> Vec<u8> {
        let mut writer = Writer::new(b"THD1");
        for (head, scheme) in self.heads.iter().zip(Scheme::ALL) {
            writer.count(scheme.labels());
            for last in 0..=scheme.labels() {
                for next in 0..scheme.labels() {
                    writer.float(head.chain.weight(last, next));
                }
            }
            writer.float(head.unit);
            writer.float(head.outside);
            writer.float(head.sureness[0]);
            writer.float(head.sureness[1]);
        }
        writer.into_bytes()
    }

    pub(crate) fn parse(heads: &[u8], weights: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader::new(heads, b"THD1")?;
        let mut parsed = Vec::new();
        for scheme in Scheme::ALL {
            let labels = scheme.labels();
            if reader.count(0)? != labels {
                return Err(ModelError::Malformed("number of labels"));
            }
            let mut weights = Vec::new();
            for _ in 0..(labels + 1) * labels {
                weights.push(reader.float()?);
            }
            parsed.push(Head {
                chain: Chain::new(labels, &weights),
                unit: reader.float()?,
                outside: reader.float()?,
                sureness: [reader.float()?, reader.float()?],
            });
        }
        reader.finish()?;
        Ok(Self { weights: Weights::parse(weights)?, heads: parsed, usual: UsualWords::new() })
    }
}

impl Head {
    fn fill(&self, lattice: &mut Lattice, scores: &[Scores], column: usize) {
        let (labels, width) = (self.chain.labels(), self.chain.width());
        lattice.reset(&self.chain, scores.len());
        for (at, from) in scores.iter().enumerate() {
            let to = &mut lattice.scores[at * width..][..labels];
            let from = &from[column..][..labels];
            for label in 0..labels {
                to[label] = f32::from(from[label]) * self.unit;
            }
            to[0] += self.outside;
        }
    }

    /// How likely a mention is right, from how likely the chain says it is.
    fn sure(&self, chance: f32) -> f32 {
        let chance = chance.clamp(1e-4, 1.0 - 1e-4);
        let odds = (chance / (1.0 - chance)).ln();
        1.0 / (1.0 + (-(self.sureness[0] * odds + self.sureness[1])).exp())
    }
}

/// The rows of tokens that are read together: sentences, cut where they are very long.
pub fn rows(analysis: &Analysis<'_>) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut free = 0;
    for sentence in &analysis.sentences {
        let end = (sentence.tokens.end as usize).min(analysis.tokens.len());
        let mut start = (sentence.tokens.start as usize).max(free);
        while start < end {
            let cut = end.min(start + ROW_TOKENS_MAX);
            rows.push(start..cut);
            start = cut;
        }
        free = free.max(end);
    }
    rows
}

/// The labels before, at and after a token of a row.
pub fn around(labels: &[u8], row: &Range<usize>, at: usize) -> [u8; 3] {
    let before = if at > row.start { labels[at - 1] } else { 0 };
    let after = if at + 1 < row.end { labels[at + 1] } else { 0 };
    [before, labels[at], after]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::{Section, SectionKind, Sentence, tokenise};

    /// A document of one sentence.
    pub fn plain(text: &str) -> Analysis<'_> {
        let tokens = tokenise(text);
        let span = Span { start: 0, end: text.len() as u32 };
        Analysis {
            text,
            sentences: vec![Sentence { span, tokens: 0..tokens.len() as u32, section: 0 }],
            folded: vec![0; tokens.len()],
            tokens,
            sections: vec![Section { heading: None, span, kind: SectionKind::Other }],
        }
    }

    #[test]
    fn all_labels_fit_a_row() {
        assert!(Scheme::labels_total() <= ROW);
        assert_eq!(Scheme::Maccrobat.column() + Scheme::Maccrobat.labels(), Scheme::labels_total());
        for (at, scheme) in Scheme::ALL.into_iter().enumerate() {
            assert_eq!(scheme as usize, at);
        }
    }

    #[test]
    fn long_sentences_are_cut() {
        let text = "a ".repeat(1000);
        assert_eq!(rows(&plain(&text)), [0..400, 400..800, 800..1000]);
    }
}
