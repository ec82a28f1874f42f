//! Text cut into tokens, sentences and sections, all as byte spans of one string.
//!
//! Always true: spans lie on character boundaries, tokens do not overlap and are in order, every
//! token belongs to exactly one sentence.

pub mod classify;
pub(crate) mod phrase;
pub mod section;
mod sentence;
mod token;

pub use token::{fold, tokenise};

#[cfg(test)]
mod tests;

/// A stretch of text in UTF-8 bytes: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The stretch of `text` it names.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start as usize..self.end as usize]
    }

    /// Whether the two share a byte.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Bytes covered.
    pub fn len(&self) -> u32 {
        self.end - self.start
    }

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters, or letters and digits that belong together (`q6h`, `IL`, `b12`).
    Word,
    /// Digits, with decimal point or thousands separators inside (`12.5`, `1,000`).
    Number,
    /// One character of anything else that is not space.
    Mark,
}

/// A word, a number or a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: TokenKind,
}

/// Tokens that are read together: a sentence, a list item, a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where, without leading and trailing space.
    pub span: Span,
    /// Its tokens, as indexes into [`Analysis::tokens`].
    pub tokens: std::ops::Range<u32>,
    /// Its section, as index into [`Analysis::sections`].
    pub section: u32,
}

/// The part of a note under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading, if the section has one.
    pub heading: Option<Span>,
    /// Heading and content.
    pub span: Span,
    /// What the section is about.
    pub kind: SectionKind,
}

/// What a section is about, in the words of clinical notes. MTS-Dialog's twenty classes and what
/// Synthea and C-CDA documents use can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionKind {
    /// No heading, or one that says nothing.
    Other,
    /// Chief complaint, reason for visit.
    ChiefComplaint,
    /// History of present illness.
    PresentIllness,
    /// Past medical history, problem list.
    PastMedical,
    /// Past surgical history.
    PastSurgical,
    /// Family history.
    Family,
    /// Social history.
    Social,
    /// Gynaecological and obstetric history.
    Gynecological,
    /// Allergies.
    Allergies,
    /// Medications.
    Medications,
    /// Immunizations.
    Immunizations,
    /// Review of systems.
    ReviewOfSystems,
    /// Physical exam.
    Exam,
    /// Vital signs.
    Vitals,
    /// Laboratory results.
    Labs,
    /// Imaging.
    Imaging,
    /// Procedures.
    Procedures,
    /// Emergency or hospital course.
    Course,
    /// Assessment, impression.
    Assessment,
    /// Diagnoses.
    Diagnosis,
    /// Plan, recommendations.
    Plan,
    /// Assessment and plan together.
    AssessmentPlan,
    /// Disposition, discharge condition.
    Disposition,
    /// Instructions, education.
    Instructions,
}

impl SectionKind {
    /// Its name; empty for [`SectionKind::Other`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "",
            Self::ChiefComplaint => "ChiefComplaint",
            Self::PresentIllness => "PresentIllness",
            Self::PastMedical => "PastMedical",
            Self::PastSurgical => "PastSurgical",
            Self::Family => "Family",
            Self::Social => "Social",
            Self::Gynecological => "Gynecological",
            Self::Allergies => "Allergies",
            Self::Medications => "Medications",
            Self::Immunizations => "Immunizations",
            Self::ReviewOfSystems => "ReviewOfSystems",
            Self::Exam => "Exam",
            Self::Vitals => "Vitals",
            Self::Labs => "Labs",
            Self::Imaging => "Imaging",
            Self::Procedures => "Procedures",
            Self::Course => "Course",
            Self::Assessment => "Assessment",
            Self::Diagnosis => "Diagnosis",
            Self::Plan => "Plan",
            Self::AssessmentPlan => "AssessmentPlan",
            Self::Disposition => "Disposition",
            Self::Instructions => "Instructions",
        }
    }
}

/// One document's text and what it is made of.
#[derive(Clone, Debug)]
pub struct Analysis<'t> {
    /// The decoded text.
    pub text: &'t str,
    /// All tokens, in order.
    pub tokens: Vec<Token>,
    /// [`fold`] of every token: equal numbers mean the same word, whatever its case.
    pub folded: Vec<u64>,
    /// All sentences, in order.
    pub sentences: Vec<Sentence>,
    /// All sections, in order; at least one.
    pub sections: Vec<Section>,
}

impl<'t> Analysis<'t> {
    /// Cuts `text` into tokens, sentences and sections, in time proportional to its length. Text
    /// beyond 4 GiB is left out.
    pub fn of(text: &'t str) -> Self {
        let text = &text[..text.floor_char_boundary(u32::MAX as usize)];
        let tokens = tokenise(text);
        let folded: Vec<u64> = tokens.iter().map(|token| fold(token.span.of(text))).collect();
        let (sentences, sections) = sentence::split(text, &tokens, &folded);
        Self { text, tokens, folded, sentences, sections }
    }

    /// The text of one token; empty if there is none such.
    pub fn word(&self, token: usize) -> &'t str {
        self.tokens.get(token).map_or("", |token| token.span.of(self.text))
    }

    /// The tokens that share a byte with `span`, as indexes into [`Analysis::tokens`].
    pub fn tokens_in(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.tokens.partition_point(|token| token.span.end <= span.start);
        let end = start + self.tokens[start..].partition_point(|token| token.span.start < span.end);
        start..end
    }

    /// The sentence that `byte` lies in, or the last one before it; none if the text has none.
    pub fn sentence_at(&self, byte: u32) -> Option<usize> {
        let after = self.sentences.partition_point(|sentence| sentence.span.start <= byte);
        if self.sentences.is_empty() { None } else { Some(after.saturating_sub(1)) }
    }

    /// Whether a sentence is nothing but the heading of its section.
    pub fn is_heading(&self, sentence: usize) -> bool {
        let Some(at) = self.sentences.get(sentence) else { return false };
        self.sections
            .get(at.section as usize)
            .and_then(|section| section.heading)
            .is_some_and(|heading| at.span.start <= heading.start && heading.start < at.span.end)
    }

    /// What the section of a sentence is about.
    pub fn kind_of(&self, sentence: usize) -> SectionKind {
        self.sentences
            .get(sentence)
            .and_then(|sentence| self.sections.get(sentence.section as usize))
            .map_or(SectionKind::Other, |section| section.kind)
    }
}
