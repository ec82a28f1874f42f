//! Grows a note and its gold together: whoever writes a word that means something says so at once,
//! so offsets are never looked for afterwards.
//!
//! The markup of the sentence tables: `[s:chest pain]` is an entity, with its type as the last
//! letter before the colon and flags before that; `{he}` is filled in by the caller.
//!
//! | type | is | flag | says |
//! |---|---|---|---|
//! | `d` | a diagnosis | `-` | it is not there (NEGATION) |
//! | `s` | a symptom | `?` | it might come (HYPOTHETICAL) |
//! | `x` | a sign | `>` | it is planned (FUTURE) |
//! | `a` | a body part | `h` | it was (PAST_HISTORY) |
//! | `p` | a procedure | `f` | a relative has it (PERTAINS_TO_FAMILY) |
//! | `t` | a test | `~` | perhaps (LOW_CONFIDENCE) |
//! | `r` | a treatment | | |
//! | `m`, `b` | a medicine, generic or by brand | | |

use super::findings;
use super::{Gold, NoteKind};
use std::fmt::Write as _;

pub(super) const CONDITION: &str = "MEDICAL_CONDITION";
pub(super) const MEDICATION: &str = "MEDICATION";
pub(super) const TEST: &str = "TEST_TREATMENT_PROCEDURE";
pub(super) const ANATOMY: &str = "ANATOMY";
pub(super) const PHI: &str = "PROTECTED_HEALTH_INFORMATION";
pub(super) const SOCIAL: &str = "BEHAVIORAL_ENVIRONMENTAL_SOCIAL";

const ICD10CM_URI: &str = "http://hl7.org/fhir/sid/icd-10-cm";
const SNOMED_URI: &str = "http://snomed.info/sct";

/// What the letters before the colon of a markup say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    pub letter: u8,
    pub negated: bool,
    pub hypothetical: bool,
    pub future: bool,
    pub past: bool,
    pub family: bool,
    pub unsure: bool,
}

impl Mark {
    /// Reads `-s`, `?m`, `hd`.
    pub(super) fn parse(letters: &str) -> Self {
        let mut mark = Self::default();
        for byte in letters.bytes() {
            match byte {
                b'-' => mark.negated = true,
                b'?' => mark.hypothetical = true,
                b'>' => mark.future = true,
                b'h' => mark.past = true,
                b'f' => mark.family = true,
                b'~' => mark.unsure = true,
                letter => mark.letter = letter,
            }
        }
        mark
    }

    fn category(self) -> (&'static str, &'static str) {
        match self.letter {
            b'a' => (ANATOMY, "SYSTEM_ORGAN_SITE"),
            b'p' => (TEST, "PROCEDURE_NAME"),
            b't' => (TEST, "TEST_NAME"),
            b'r' => (TEST, "TREATMENT_NAME"),
            b'm' => (MEDICATION, "GENERIC_NAME"),
            b'b' => (MEDICATION, "BRAND_NAME"),
            _ => (CONDITION, "DX_NAME"),
        }
    }

    fn traits(self) -> Vec<&'static str> {
        let mut traits = Vec::with_capacity(2);
        match self.letter {
            b'd' => traits.push("DIAGNOSIS"),
            b's' => traits.push("SYMPTOM"),
            b'x' => traits.push("SIGN"),
            _ => {}
        }
        for (set, name) in [
            (self.negated, "NEGATION"),
            (self.hypothetical, "HYPOTHETICAL"),
            (self.future, "FUTURE"),
            (self.past, "PAST_HISTORY"),
            (self.family, "PERTAINS_TO_FAMILY"),
            (self.unsure, "LOW_CONFIDENCE"),
        ] {
            if set {
                traits.push(name);
            }
        }
        traits
    }

    /// It is a condition, sign or symptom.
    pub(super) fn condition(self) -> bool {
        matches!(self.letter, b'd' | b's' | b'x')
    }

    /// It says that the patient has it.
    pub(super) fn affirms(self) -> bool {
        self.condition() && !(self.negated || self.hypothetical || self.future || self.family)
    }

    /// It says that the patient has it not.
    pub(super) fn denies(self) -> bool {
        self.condition() && self.negated && !self.family
    }
}

/// An entity begun and not yet ended.
#[derive(Debug)]
pub(super) struct Open {
    begin: u32,
    byte: usize,
}

/// A note in the making.
#[derive(Debug, Default)]
pub(super) struct Text {
    out: String,
    chars: u32,
    gold: Vec<Gold>,
    /// The next letter is a capital.
    pub capital: bool,
    /// Concepts the patient has, as said here or known from the record.
    pub affirmed: Vec<u64>,
    /// Concepts denied here.
    pub denied: Vec<u64>,
}

impl Text {
    /// Plain text.
    pub(super) fn raw(&mut self, text: &str) {
        let mut rest = text;
        if self.capital
            && let Some(first) = text.chars().next()
            && first != ' '
        {
            self.capital = false;
            if first.is_ascii_lowercase() {
                self.out.push(first.to_ascii_uppercase());
                self.chars += 1;
                rest = &text[1..];
            }
        }
        self.out.push_str(rest);
        self.chars += if rest.is_ascii() { rest.len() as u32 } else { rest.chars().count() as u32 };
    }

    /// A number with so many decimals, or anything else that displays.
    pub(super) fn show(&mut self, value: std::fmt::Arguments<'_>) {
        let from = self.out.len();
        // Writing into a String cannot fail.
        let _ = self.out.write_fmt(value);
        self.chars += self.out[from..].chars().count() as u32;
        self.capital &= self.out.len() == from;
    }

    /// Begins an entity here.
    pub(super) fn open(&self) -> Open {
        Open { begin: self.chars, byte: self.out.len() }
    }

    /// Ends an entity; gives its place in the gold list.
    pub(super) fn close(
        &mut self,
        open: Open,
        category: &'static str,
        kind: &'static str,
        traits: Vec<&'static str>,
        codes: Vec<(String, String)>,
        of: Option<u32>,
    ) -> u32 {
        debug_assert!(self.chars > open.begin, "an entity without text");
        self.gold.push(Gold {
            begin: open.begin,
            end: self.chars,
            category,
            kind,
            traits,
            codes,
            of,
        });
        self.gold.len() as u32 - 1
    }

    /// Ends an entity of the markup; findings bring their codes and are remembered.
    pub(super) fn close_mark(
        &mut self,
        open: Open,
        mark: Mark,
        codes: Option<Vec<(String, String)>>,
    ) {
        let phrase = &self.out[open.byte..];
        let codes = codes
            .unwrap_or_else(|| if mark.condition() { finding_codes(phrase) } else { Vec::new() });
        if mark.condition() {
            let concept = findings::concept(phrase);
            if mark.affirms() {
                self.affirmed.push(concept);
            } else if mark.denies() {
                self.denied.push(concept);
            }
        }
        let (category, kind) = mark.category();
        self.close(open, category, kind, mark.traits(), codes, None);
    }

    /// An entity in one go.
    pub(super) fn entity(
        &mut self,
        text: &str,
        category: &'static str,
        kind: &'static str,
        codes: Vec<(String, String)>,
        of: Option<u32>,
    ) -> u32 {
        let open = self.open();
        self.raw(text);
        self.close(open, category, kind, Vec::new(), codes, of)
    }

    /// An entity with a mark, in one go.
    pub(super) fn marked(&mut self, mark: &str, text: &str, codes: Option<Vec<(String, String)>>) {
        let open = self.open();
        self.raw(text);
        self.close_mark(open, Mark::parse(mark), codes);
    }

    /// The last character written.
    pub(super) fn last(&self) -> char {
        self.out.chars().next_back().unwrap_or('\n')
    }

    /// The place of the last entity of a type; the last of all if there is none.
    pub(super) fn last_of(&self, kind: &str) -> u32 {
        let last = self.gold.len().saturating_sub(1);
        self.gold.iter().rposition(|gold| gold.kind == kind).unwrap_or(last) as u32
    }

    /// Ends the line, unless it has just ended.
    pub(super) fn line(&mut self) {
        while self.last() == ' ' {
            self.out.pop();
            self.chars -= 1;
        }
        if !self.out.is_empty() && self.last() != '\n' {
            self.raw("\n");
        }
        self.capital = false;
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// The finished note.
    pub(super) fn finish(
        mut self,
        kind: NoteKind,
        time: crate::Time,
        imaging: Option<u32>,
    ) -> super::Note {
        self.line();
        super::Note { kind, time, imaging, text: self.out, gold: self.gold }
    }
}

/// ICD-10-CM and SNOMED CT codes of a finding.
fn finding_codes(phrase: &str) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    if let Some(finding) = findings::find(phrase) {
        if !finding.icd.is_empty() {
            codes.push((ICD10CM_URI.to_owned(), finding.icd.to_owned()));
        }
        if !finding.snomed.is_empty() {
            codes.push((SNOMED_URI.to_owned(), finding.snomed.to_owned()));
        }
    }
    codes
}
