//! What the record already says about a patient, found again in a note.

use crate::entity::{Entity, EntityType};
use crate::text::phrase::Phrases;
use crate::text::{Analysis, Span, TokenKind, fold, tokenise};

use super::words::{CLINICAL, COMMON, NICKNAMES, WORDS};
use super::{entity, number};

/// Names shorter than this are not looked for with a slip: too many words are near them.
const SLIP_LETTERS_MIN: usize = 5;
/// Numbers with fewer digits are found everywhere.
const DIGITS_MIN: usize = 5;

/// Who a patient is and whom the record links to: names, numbers, places.
///
/// Build it once per patient, then use it for each of their notes.
#[derive(Debug)]
pub struct Known {
    phrases: Vec<(String, EntityType)>,
    table: Phrases<(EntityType, bool)>,
    /// Names in small letters, for slips.
    names: Vec<String>,
    /// The digits of identifiers and telephones.
    numbers: Vec<(String, EntityType)>,
    birth_date: Option<(u32, u32, u32)>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            phrases: Vec::new(),
            table: Phrases::new([]),
            names: Vec::new(),
            numbers: Vec::new(),
            birth_date: None,
        }
    }
}

impl Known {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A person: given names and a family name, of the patient, of kin or of a practitioner. Short
    /// forms of frequent names are added.
    #[must_use]
    pub fn person(mut self, given: &[&str], family: &str) -> Self {
        for name in given.iter().copied().chain([family]) {
            for part in name.split_whitespace() {
                self.name(part);
            }
            self.name(name);
        }
        for name in given {
            let lower = name.to_lowercase();
            for (_, short) in NICKNAMES.iter().filter(|(long, _)| *long == lower) {
                short.split_whitespace().for_each(|short| self.name(short));
            }
        }
        if let (Some(first), false) = (given.first(), family.is_empty()) {
            self.phrase(&format!("{first} {family}"), EntityType::Name);
            self.phrase(&format!("{family}, {first}"), EntityType::Name);
        }
        self.built()
    }

    /// A birth date, as FHIR writes it (`1956-07-04`); anything else is ignored.
    #[must_use]
    pub fn birth_date(mut self, date: &str) -> Self {
        self.birth_date = number::date(date.as_bytes()).map(|date| date.ymd);
        self
    }

    /// A record number, insurance number, licence or the like.
    #[must_use]
    pub fn identifier(mut self, value: &str) -> Self {
        self.phrase(value, EntityType::Id);
        self.digits(value, EntityType::Id);
        self.built()
    }

    /// A telephone or fax number.
    #[must_use]
    pub fn phone(mut self, value: &str) -> Self {
        self.digits(value, EntityType::PhoneOrFax);
        self
    }

    /// An email address.
    #[must_use]
    pub fn email(mut self, value: &str) -> Self {
        self.phrase(value, EntityType::Email);
        self.built()
    }

    /// A line of an address, a town, a postal code; or an organisation's or a location's name.
    #[must_use]
    pub fn place(mut self, value: &str) -> Self {
        let letters = value.chars().filter(|character| character.is_alphanumeric()).count();
        let word = tokenise(value).len() == 1 && is_word(fold(value.trim()));
        if letters >= 4 && !word {
            self.phrase(value, EntityType::Address);
        }
        self.built()
    }

    fn name(&mut self, name: &str) {
        let name = name.trim();
        if name.chars().count() < 2 {
            return;
        }
        self.phrase(name, EntityType::Name);
        let lower = name.to_lowercase();
        if lower.len() >= SLIP_LETTERS_MIN && lower.chars().all(char::is_alphabetic) {
            self.names.push(lower);
        }
    }

    fn phrase(&mut self, phrase: &str, entity_type: EntityType) {
        if !phrase.trim().is_empty() {
            self.phrases.push((phrase.to_owned(), entity_type));
        }
    }

    fn digits(&mut self, value: &str, entity_type: EntityType) {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= DIGITS_MIN {
            self.numbers.push((digits, entity_type));
        }
    }

    fn built(mut self) -> Self {
        // A name that is also a word counts only with a capital.
        self.table = Phrases::new(self.phrases.iter().map(|(phrase, entity_type)| {
            let word = *entity_type == EntityType::Name
                && tokenise(phrase).len() == 1
                && phrase.chars().count() <= 12;
            (phrase.as_str(), (*entity_type, word))
        }));
        self
    }

    /// Adds what of this is in the text.
    pub(super) fn find(&self, analysis: &Analysis, found: &mut Vec<Entity>) {
        self.find_birth_date(analysis, found);
        let mut at = 0;
        while at < analysis.tokens.len() {
            if let Some((length, (entity_type, capital))) =
                self.table.longest_at(&analysis.folded[at..])
            {
                let span = Span {
                    start: analysis.tokens[at].span.start,
                    end: analysis.tokens[at + length - 1].span.end,
                };
                let upper = span.of(analysis.text).starts_with(char::is_uppercase);
                let eponym = capital && is_clinical_after(analysis, at + length);
                if (!capital || upper || !is_word(analysis.folded[at])) && !eponym {
                    found.push(entity(analysis, entity_type, span, 0.99));
                    at += length;
                    continue;
                }
            }
            let token = analysis.tokens[at];
            let word = token.span.of(analysis.text);
            if token.kind == TokenKind::Word
                && word.starts_with(char::is_uppercase)
                && word.len() >= SLIP_LETTERS_MIN
                && !is_word(analysis.folded[at])
                && self.names.iter().any(|name| one_slip(name, word))
                && !is_clinical_after(analysis, at + 1)
            {
                found.push(entity(analysis, EntityType::Name, token.span, 0.8));
            }
            if token.kind == TokenKind::Number
                && let Some((span, entity_type)) = self.number_at(analysis, at)
            {
                found.push(entity(analysis, entity_type, span, 0.99));
            }
            at += 1;
        }
    }

    /// A known number however it is grouped: `123-45-6789`, `123 45 6789`.
    fn number_at(&self, analysis: &Analysis, at: usize) -> Option<(Span, EntityType)> {
        if self.numbers.is_empty() {
            return None;
        }
        let start = analysis.tokens[at].span.start as usize;
        let bytes = analysis.text.as_bytes();
        if start > 0 && bytes[start - 1].is_ascii_digit() {
            return None;
        }
        let mut digits = String::new();
        let mut best = None;
        for (offset, byte) in bytes[start..].iter().take(40).enumerate() {
            match byte {
                b'0'..=b'9' => digits.push(char::from(*byte)),
                b'-' | b' ' | b'.' | b'(' | b')' | b'/' => continue,
                _ => break,
            }
            let whole = !bytes.get(start + offset + 1).is_some_and(u8::is_ascii_digit);
            if whole
                && let Some((_, entity_type)) =
                    self.numbers.iter().find(|(known, _)| *known == digits)
            {
                let end = (start + offset + 1) as u32;
                best = Some((Span { start: start as u32, end }, *entity_type));
            }
        }
        best
    }

    /// Dates in the text that are the birth date: they were found as dates; now they are sure.
    fn find_birth_date(&self, analysis: &Analysis, found: &mut [Entity]) {
        let Some(birth) = self.birth_date else { return };
        for date in found.iter_mut().filter(|entity| entity.entity_type == EntityType::Date) {
            let text = date.span.of(analysis.text);
            let same = match number::date(text.as_bytes()) {
                Some(date) => {
                    let (year, month, day) = date.ymd;
                    let swapped = (year, day, month);
                    let century = |ymd: (u32, u32, u32)| (ymd.0 % 100, ymd.1, ymd.2);
                    century(birth) == century(date.ymd) || century(birth) == century(swapped)
                }
                None => spelt_date(text) == Some(birth),
            };
            if same {
                date.score = 0.99;
            }
        }
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date with the month's name.
fn spelt_date(text: &str) -> Option<(u32, u32, u32)> {
    let (mut year, mut month, mut day) = (None, None, None);
    for token in tokenise(text) {
        let word = token.span.of(text);
        match token.kind {
            TokenKind::Number => match word.parse::<u32>() {
                Ok(value) if value > 31 => year = Some(value),
                Ok(value) => day = Some(value),
                Err(_) => {}
            },
            TokenKind::Word => {
                let lower = word.to_ascii_lowercase();
                month = month.or_else(|| MONTHS.iter().position(|month| lower.starts_with(month)));
            }
            TokenKind::Mark => {}
        }
    }
    Some((year?, month? as u32 + 1, day?))
}

fn is_word(word: u64) -> bool {
    WORDS.word(word).is_some_and(|class| class & (COMMON | CLINICAL) != 0)
}

/// `'s disease`
fn is_clinical_after(analysis: &Analysis, at: usize) -> bool {
    let mut next = at;
    if matches!(analysis.word(next), "'" | "’") {
        next += 1;
        if analysis.word(next) == "s" {
            next += 1;
        }
    }
    analysis.folded.get(next).and_then(|&word| WORDS.word(word)).is_some_and(|c| c & CLINICAL != 0)
}

/// Whether `word` is `name` (in small letters) with one letter changed, lost, added, or two swapped.
fn one_slip(name: &str, word: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).take(64).collect();
    if name.len().abs_diff(word.len()) > 1 || name == word {
        return name == word;
    }
    let front = name.iter().zip(&word).take_while(|(a, b)| a == b).count();
    let back = name.iter().rev().zip(word.iter().rev()).take_while(|(a, b)| a == b).count();
    let (long, short) = (name.len().max(word.len()), name.len().min(word.len()));
    if long != short {
        return front + back >= short && front > 0;
    }
    if front == 0 {
        return false;
    }
    let differ = long - front - back.min(long - front);
    differ == 1 || differ == 2 && name[front] == word[front + 1] && name[front + 1] == word[front]
}
