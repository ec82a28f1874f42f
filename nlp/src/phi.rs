//! Protected health information: who, where, when and which number, and taking it out.
//!
//! Recognisers work on their own (dates, numbers after their words, names in company, places of
//! care) and, better, with what the record already says about the patient: [`Known`] names,
//! numbers, addresses and people are found exactly, in other spellings, and with a slip of a key.
//!
//! Years alone, ages as such, eponyms (`Parkinson's disease`) and brands are not names of anybody.
//!
//! Always true: entities are in order and do not overlap; one pass over the tokens, each looking
//! a bounded way ahead.

use crate::entity::{Category, Entity, EntityType};
use crate::text::{Analysis, Span, TokenKind};

mod known;
mod number;
#[cfg(test)]
mod tests;
mod words;

pub use known::Known;

use words::*;

/// The longest run of tokens a name or a place takes.
const RUN_MAX: usize = 12;

/// Finds protected health information; `known` is what the record says about this patient.
pub fn find(analysis: &Analysis, known: Option<&Known>) -> Vec<Entity> {
    let mut finder = Finder::new(analysis);
    let mut found = finder.run();
    if let Some(known) = known {
        known.find(analysis, &mut found);
        found = without_overlaps(found);
    }
    for (id, entity) in found.iter_mut().enumerate() {
        entity.id = id as u32;
    }
    found
}

/// Writes `text` with every entity replaced by its type in brackets: `[NAME]`.
pub fn redact(text: &str, entities: &[Entity]) -> String {
    let mut order: Vec<&Entity> = entities.iter().collect();
    order.sort_by_key(|entity| (entity.span.start, u32::MAX - entity.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for entity in order {
        // Spans of another text must not break this one.
        let start = text.floor_char_boundary(entity.span.start as usize);
        let end = text.ceil_char_boundary((entity.span.end as usize).min(text.len()));
        if end <= at || start >= end {
            continue;
        }
        if start >= at {
            out.push_str(&text[at..start]);
            out.push('[');
            out.push_str(entity.entity_type.as_str());
            out.push(']');
        }
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// Keeps the surer, then the longer, of entities that overlap; in order.
fn without_overlaps(mut found: Vec<Entity>) -> Vec<Entity> {
    found.sort_by(|a, b| {
        (a.span.start, b.score)
            .partial_cmp(&(b.span.start, a.score))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut kept: Vec<Entity> = Vec::with_capacity(found.len());
    for entity in found {
        match kept.last_mut() {
            Some(last) if last.span.overlaps(&entity.span) => {
                if entity.score > last.score {
                    // What was known stays whole; a wider guess around it lends its extent.
                    let span = Span {
                        start: last.span.start.min(entity.span.start),
                        end: last.span.end.max(entity.span.end),
                    };
                    *last = Entity { span, ..entity };
                } else {
                    last.span.end = last.span.end.max(entity.span.end);
                }
            }
            _ => kept.push(entity),
        }
    }
    kept
}

/// An entity of this module's category.
fn entity(analysis: &Analysis, entity_type: EntityType, span: Span, score: f32) -> Entity {
    let section = analysis
        .sentence_at(span.start)
        .and_then(|at| analysis.sentences.get(at))
        .map_or(0, |sentence| sentence.section);
    Entity {
        id: 0,
        span,
        category: Category::ProtectedHealthInformation,
        entity_type,
        score,
        traits: Vec::new(),
        attributes: Vec::new(),
        concepts: Vec::new(),
        section,
    }
}

/// One pass over the tokens of a text.
struct Finder<'a, 't> {
    analysis: &'a Analysis<'t>,
    /// What each token's word may be.
    classes: Vec<u32>,
    /// The first tokens of sentences: their capital says nothing.
    starts: Vec<bool>,
    /// Capitals say nothing in this text: there are no small letters beside them.
    shouts: bool,
}

/// A finding: one past its last token, its bytes, its type and score.
struct Found {
    end: usize,
    span: Span,
    entity_type: EntityType,
    score: f32,
}

impl<'a, 't> Finder<'a, 't> {
    fn new(analysis: &'a Analysis<'t>) -> Self {
        let classes = analysis
            .tokens
            .iter()
            .zip(&analysis.folded)
            .map(|(token, &word)| match token.kind {
                TokenKind::Number => 0,
                _ => WORDS.word(word).unwrap_or(0),
            })
            .collect();
        let mut starts = vec![false; analysis.tokens.len()];
        for sentence in &analysis.sentences {
            starts[sentence.tokens.start as usize] = true;
        }
        let shouts = !analysis.text.bytes().take(20_000).any(|byte| byte.is_ascii_lowercase());
        Self { analysis, classes, starts, shouts }
    }

    fn run(&mut self) -> Vec<Entity> {
        let mut entities: Vec<Entity> = Vec::new();
        let mut at = 0;
        while at < self.classes.len() {
            let Some(found) = self.at(at) else {
                at += 1;
                continue;
            };
            let span = found.span;
            at = found.end.max(at + 1);
            match entities.last_mut() {
                Some(last) if last.span.end > span.start => {}
                // `Mercy Hospital, Springfield`
                Some(last)
                    if last.entity_type == EntityType::Address
                        && found.entity_type == EntityType::Address
                        && &self.analysis.text[last.span.end as usize..span.start as usize]
                            == ", " =>
                {
                    last.span.end = span.end;
                }
                _ => entities.push(entity(self.analysis, found.entity_type, span, found.score)),
            }
        }
        entities
    }

    fn at(&self, at: usize) -> Option<Found> {
        let token = self.analysis.tokens[at];
        match token.kind {
            TokenKind::Number => self.number_at(at),
            TokenKind::Mark => match self.analysis.text.as_bytes()[token.span.start as usize] {
                b'@' => self.email_at(at),
                b'(' | b'+' | b'#' => self.number_at(at),
                _ => None,
            },
            TokenKind::Word => {
                let classes = self.classes[at];
                let capital = self.capital(at);
                if classes & (ID | ID_WEAK) != 0
                    && let Some(found) = self.id_at(at)
                {
                    return Some(found);
                }
                if let Some(found) = self.web_at(at) {
                    return Some(found);
                }
                if classes & MONTH != 0
                    && let Some(found) = self.month_at(at)
                {
                    return Some(found);
                }
                if let Some(found) = self.last_weekday_at(at) {
                    return Some(found);
                }
                if classes & TITLE != 0
                    && let Some(found) = self.titled_at(at)
                {
                    return Some(found);
                }
                if classes & WORK != 0
                    && let Some(found) = self.work_at(at)
                {
                    return Some(found);
                }
                if !capital {
                    return None;
                }
                self.place_at(at).or_else(|| self.name_at(at)).or_else(|| self.id_shape_at(at))
            }
        }
    }

    // ----- tokens -----

    fn word(&self, at: usize) -> &'t str {
        self.analysis.word(at)
    }

    fn class(&self, at: usize) -> u32 {
        self.classes.get(at).copied().unwrap_or(0)
    }

    fn is_word(&self, at: usize) -> bool {
        self.analysis.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Word)
    }

    fn capital(&self, at: usize) -> bool {
        self.is_word(at) && self.word(at).starts_with(char::is_uppercase)
    }

    /// Whether nothing lies between `at` and the token before it.
    fn touches(&self, at: usize) -> bool {
        at > 0
            && at < self.analysis.tokens.len()
            && self.analysis.tokens[at - 1].span.end == self.analysis.tokens[at].span.start
    }

    /// Whether a line ends before `at`.
    fn new_line(&self, at: usize) -> bool {
        let (Some(before), Some(token)) =
            (self.analysis.tokens.get(at.wrapping_sub(1)), self.analysis.tokens.get(at))
        else {
            return true;
        };
        let gap = before.span.end as usize..token.span.start as usize;
        gap.len() > 1 && self.analysis.text.as_bytes()[gap].contains(&b'\n')
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            start: self.analysis.tokens[start].span.start,
            end: self.analysis.tokens[end - 1].span.end,
        }
    }

    /// The first token that begins at or after a byte, from `at` on.
    fn token_after(&self, at: usize, byte: u32) -> usize {
        let mut next = at;
        while self.analysis.tokens.get(next).is_some_and(|token| token.span.start < byte) {
            next += 1;
        }
        next
    }

    fn found(&self, start: usize, end: usize, entity_type: EntityType, score: f32) -> Found {
        Found { end, span: self.span(start, end), entity_type, score }
    }

    // ----- numbers -----

    fn number_at(&self, at: usize) -> Option<Found> {
        let start = self.analysis.tokens[at].span.start as usize;
        let bytes = self.analysis.text.as_bytes();
        // A number inside something larger is read with it.
        if start > 0
            && (bytes[start - 1].is_ascii_alphanumeric()
                || matches!(bytes[start - 1], b'/' | b'-' | b'.'))
            && self.touches(at)
        {
            return None;
        }
        let rest = &bytes[start..bytes.len().min(start + 48)];
        let done = |length: usize, entity_type, score| {
            let span = Span { start: start as u32, end: (start + length) as u32 };
            Some(Found { end: self.token_after(at, span.end), span, entity_type, score })
        };
        if let Some(length) = number::phone(rest) {
            return done(length, EntityType::PhoneOrFax, 0.95);
        }
        if bytes[start] == b'(' || bytes[start] == b'+' || bytes[start] == b'#' {
            return None;
        }
        if let Some(length) = number::ssn(rest) {
            return done(length, EntityType::Id, 0.95);
        }
        if let Some(length) = number::ip(rest) {
            return done(length, EntityType::Url, 0.9);
        }
        if let Some(date) = number::date(rest) {
            return done(date.length, EntityType::Date, 0.95);
        }
        if let Some(length) = number::local_phone(rest)
            && self.before(at, 5, PHONE)
        {
            return done(length, EntityType::PhoneOrFax, 0.8);
        }
        // `on 08/22`
        if let Some(length) = number::month_day(rest) {
            let led =
                at > 0 && matches!(self.word(at - 1), "on" | "On" | "since" | "dated" | "until");
            if led {
                return done(length, EntityType::Date, 0.8);
            }
        }
        self.day_at(at)
            .or_else(|| self.age_at(at))
            .or_else(|| self.street_at(at))
            .or_else(|| self.day_of_month_alone(at))
    }

    /// Whether a word of `class` stands among the `reach` tokens before `at`, on the same line.
    fn before(&self, at: usize, reach: usize, class: u32) -> bool {
        (at.saturating_sub(reach)..at)
            .rev()
            .take_while(|&back| !self.new_line(back + 1))
            .any(|back| self.classes[back] & class != 0)
    }

    /// `12th Jan 2023`, `4 July`, `15 of March, 2021`.
    fn day_at(&self, at: usize) -> Option<Found> {
        self.day_number(at)?;
        let mut next = at + 1;
        let ordinal = self.is_ordinal(next);
        next += usize::from(ordinal);
        if self.word(next) == "of" || self.word(next) == "-" && self.touches(next) {
            next += 1;
        }
        if self.class(next) & MONTH == 0 || !self.capital(next) && !ordinal {
            return None;
        }
        let end = self.year_after(next + 1).unwrap_or(next + 1);
        Some(self.found(at, end, EntityType::Date, 0.95))
    }

    fn day_number(&self, at: usize) -> Option<u32> {
        self.word(at).parse().ok().filter(|day| (1..=31).contains(day))
    }

    /// `on the 14th`
    fn day_of_month_alone(&self, at: usize) -> Option<Found> {
        self.day_number(at)?;
        let led = at >= 2 && self.word(at - 1) == "the" && self.word(at - 2) == "on";
        (led && self.is_ordinal(at + 1) && self.class(at + 2) & (COMMON | CLINICAL) == COMMON)
            .then(|| self.found(at, at + 2, EntityType::Date, 0.6))
    }

    fn is_ordinal(&self, at: usize) -> bool {
        self.touches(at)
            && matches!(self.word(at), "st" | "nd" | "rd" | "th" | "ST" | "ND" | "RD" | "TH")
    }

    /// One past a year at `at`, with its comma: `, 2023`, `2023`, `'23`.
    fn year_after(&self, at: usize) -> Option<usize> {
        let mut next = at;
        if matches!(self.word(next), "." | ",") {
            next += 1;
        }
        if matches!(self.word(next), "," | "of" | "-" | "/") {
            next += 1;
        }
        if matches!(self.word(next), "'" | "’") {
            let year = self.word(next + 1);
            return (year.len() == 2 && year.bytes().all(|b| b.is_ascii_digit()))
                .then_some(next + 2);
        }
        number::year(self.word(next)).map(|_| next + 1)
    }

    /// `January 15th, 2023`, `March 2022`, `in February`, `last July`.
    fn month_at(&self, at: usize) -> Option<Found> {
        let word = self.word(at);
        if !self.capital(at) && word.len() < 4 {
            return None;
        }
        let mut next = at + 1;
        if self.word(next) == "." && self.touches(next) {
            next += 1;
        }
        if matches!(self.word(next), "-" | "/") && self.touches(next) {
            next += 1;
        }
        if self.word(next) == "the" {
            next += 1;
        }
        let day = self.day_number(next);
        if day.is_some() && self.class(next + 1) & UNIT == 0 {
            let mut end = next + 1;
            if self.is_ordinal(end) {
                end += 1;
            }
            // `March 3-5`
            if self.word(end) == "-" && self.word(end + 1).parse::<u32>().is_ok_and(|day| day <= 31)
            {
                end += 2;
                end += usize::from(self.is_ordinal(end));
            }
            let end = self.year_after(end).unwrap_or(end);
            return Some(self.found(at, end, EntityType::Date, 0.95));
        }
        if let Some(end) = self.year_after(next) {
            return Some(self.found(at, end, EntityType::Date, 0.9));
        }
        // Alone: a capital and a word that leads to a time.
        let led = at > 0
            && matches!(
                self.word(at - 1).to_ascii_lowercase().as_str(),
                "in" | "last"
                    | "since"
                    | "this"
                    | "next"
                    | "until"
                    | "by"
                    | "of"
                    | "late"
                    | "early"
                    | "mid"
                    | "during"
            );
        if !(led && self.capital(at)) || self.shouts {
            return None;
        }
        let previous = self.word(at - 1);
        let with = matches!(previous, "last" | "this" | "next" | "late" | "early" | "mid");
        Some(self.found(if with { at - 1 } else { at }, at + 1, EntityType::Date, 0.7))
    }

    /// `last Friday`
    fn last_weekday_at(&self, at: usize) -> Option<Found> {
        let led = matches!(self.word(at), "last" | "this" | "next" | "on");
        let weekday = led
            && matches!(
                self.word(at + 1),
                "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday"
            );
        weekday.then(|| self.found(at, at + 2, EntityType::Date, 0.6))
    }

    /// `34-year-old`, `70yo`, `68 years of age`; and `age 68`.
    fn age_at(&self, at: usize) -> Option<Found> {
        let age: u32 = self.word(at).parse().ok().filter(|age| *age <= 130)?;
        let score = if age > 89 { 0.95 } else { 0.9 };
        let mut next = at + 1;
        if self.word(next) == "-" {
            next += 1;
        }
        let unit = self.word(next).to_ascii_lowercase();
        let led = at > 0 && {
            let mut back = at - 1;
            while back > 0 && matches!(self.word(back), ":" | "of" | "is" | "at" | "=") {
                back -= 1;
            }
            matches!(self.word(back).to_ascii_lowercase().as_str(), "age" | "aged" | "ages")
        };
        let over = (at.saturating_sub(2)..at).any(|back| {
            matches!(
                self.word(back),
                "over" | "under" | "above" | "below" | "than" | ">" | "<" | "≥"
            )
        });
        let mut end = match unit.as_str() {
            "yo" | "yoa" | "yof" | "yom" => next + 1,
            "y" | "yr" | "yrs" | "year" | "years" | "month" | "months" | "mo" | "week"
            | "weeks" | "day" | "days" => {
                let mut end = next + 1;
                while matches!(self.word(end), "-" | "/" | ".") && end < next + 4 {
                    end += 1;
                }
                match self.word(end).to_ascii_lowercase().as_str() {
                    "old" | "o" => end + 1,
                    "of" if self.word(end + 1) == "age" => end + 2,
                    _ if led => next + 1,
                    _ => return None,
                }
            }
            _ if led => at + 1,
            // `in her 70s`
            "s" if at > 0
                && matches!(
                    self.word(at - 1),
                    "his" | "her" | "their" | "early" | "late" | "mid"
                ) =>
            {
                at + 2
            }
            _ => return None,
        };
        if over {
            return None;
        }
        end = end.min(self.classes.len()).max(at + 1);
        Some(self.found(at, end, EntityType::Age, score))
    }

    /// `789 Pine Street, San Francisco, CA 94110`
    fn street_at(&self, at: usize) -> Option<Found> {
        let number = self.analysis.tokens[at].span;
        if number.len() > 6 {
            return None;
        }
        let mut next = at + 1;
        next += usize::from(self.is_ordinal(next));
        let ordinal = next > at + 1;
        let mut names = 0;
        let mut end = None;
        while names < 5 && !self.new_line(next) {
            let class = self.class(next);
            if class & STREET != 0 && (names > 0 || ordinal) && (self.capital(next) || ordinal) {
                end = Some(next + 1);
                break;
            }
            if !(self.capital(next)
                || self.analysis.tokens.get(next).is_some_and(|t| t.kind == TokenKind::Number))
            {
                break;
            }
            if class & (UNIT | CLINICAL) != 0 && class & FAMILY == 0 {
                break;
            }
            next += 1;
            if self.word(next) == "." {
                next += 1;
            }
            if self.is_ordinal(next) {
                next += 1;
            }
            names += 1;
        }
        let mut end = end?;
        if self.word(end) == "." && self.touches(end) {
            end += 1;
        }
        if ordinal && self.class(end) & SITE != 0 {
            end += 1;
        }
        // `, Apt 4B`
        let mut unit = end + usize::from(self.word(end) == ",");
        if matches!(
            self.word(unit).to_ascii_lowercase().as_str(),
            "apt" | "apartment" | "unit" | "suite" | "ste" | "#"
        ) {
            unit += 1;
            unit += usize::from(matches!(self.word(unit), "." | "#"));
            if unit < self.classes.len() {
                end = unit + 1;
            }
        }
        // `, City, ST 12345`
        let town = end + usize::from(self.word(end) == ",");
        if let Some(length) = self.known_place(town) {
            end = town + length;
        } else if self.word(end) == "," && self.capital(town) && self.class(town) & COMMON == 0 {
            let mut last = town + 1;
            while last < town + 3 && self.capital(last) && self.class(last) & STATE == 0 {
                last += 1;
            }
            end = last;
        }
        end = self.state_after(end);
        Some(self.found(at, end.min(self.classes.len()), EntityType::Address, 0.95))
    }

    /// One past `, ST 12345` after a town, or `end`.
    fn state_after(&self, end: usize) -> usize {
        let mut end = end;
        let state = end + usize::from(self.word(end) == ",");
        let short = self.class(state) & STATE != 0
            && self.word(state).bytes().all(|byte| byte.is_ascii_uppercase());
        if short && (state > end || self.is_zip(state + 1)) {
            end = state + 1;
        } else if state > end
            && let Some(length) = self.known_place(state)
        {
            end = state + length;
        }
        if self.is_zip(end) {
            end += 1;
            if self.word(end) == "-" && self.touches(end) && self.word(end + 1).len() == 4 {
                end += 2;
            }
        }
        end
    }

    fn is_zip(&self, at: usize) -> bool {
        let word = self.word(at);
        word.len() == 5 && word.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The tokens of a place in our list, at `at`.
    fn known_place(&self, at: usize) -> Option<usize> {
        let words = self.analysis.folded.get(at..)?;
        let (length, ()) = PLACE_LED.longest_at(words)?;
        (self.capital(at)).then_some(length)
    }

    /// `MRN: 12345`, `policy number AB-56789`, `(SSN 123-45-6789)`.
    fn id_at(&self, at: usize) -> Option<Found> {
        let strong = self.class(at) & ID != 0;
        // `case`, `group`, `plan` in running text say nothing.
        let mut next = at + 1;
        let mut marked = false;
        while next < at + 8
            && (self.class(next) & FILLER != 0 || self.class(next) & (ID | ID_WEAK) != 0)
        {
            marked |= matches!(
                self.word(next).to_ascii_lowercase().as_str(),
                "#" | ":" | "number" | "num" | "no" | "id" | "nr"
            );
            if self.starts.get(next).copied().unwrap_or(false)
                && self.class(next) & (ID | ID_WEAK) == 0
            {
                return None;
            }
            next += 1;
        }
        if next >= self.classes.len() || self.new_line(next) && next > at + 3 {
            return None;
        }
        let word = self.word(at).to_ascii_lowercase();
        let (start, end) = self.chunk(next)?;
        let text = &self.analysis.text[start..end];
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let enough = if strong { digits >= 3 } else { digits >= 4 };
        let led = strong
            || marked
            || matches!(
                word.as_str(),
                "insurance"
                    | "policy"
                    | "medicare"
                    | "medicaid"
                    | "license"
                    | "licence"
                    | "record"
                    | "ins"
                    | "member"
                    | "account"
                    | "serial"
                    | "id"
            );
        let after = self.token_after(next, end as u32);
        let measured = self.class(after) & UNIT != 0 && !strong;
        let date = number::date(text.as_bytes()).is_some();
        // A bare year or decimal is no identifier.
        let plain = !strong && (number::year(text).is_some() || text.contains('.') && digits < 7);
        if !(enough && led) || measured || date || plain || text.contains('@') {
            return None;
        }
        let mut from = next;
        // The number sign belongs to it.
        if from > 0 && self.word(from - 1) == "#" && self.touches(from) {
            from -= 1;
        }
        let span = Span { start: self.analysis.tokens[from].span.start, end: end as u32 };
        let kind =
            if self.class(at) & PHONE != 0 { EntityType::PhoneOrFax } else { EntityType::Id };
        Some(Found { end: after, span, entity_type: kind, score: if strong { 0.95 } else { 0.85 } })
    }

    /// Bytes of letters, digits and inner marks that touch, from token `at`.
    fn chunk(&self, at: usize) -> Option<(usize, usize)> {
        let start = self.analysis.tokens.get(at)?.span.start as usize;
        let bytes = self.analysis.text.as_bytes();
        let mut end = start;
        while end < bytes.len()
            && end < start + 40
            && (bytes[end].is_ascii_alphanumeric()
                || matches!(bytes[end], b'-' | b'/' | b'.' | b'_' | b'#'))
        {
            end += 1;
        }
        while end > start && !bytes[end - 1].is_ascii_alphanumeric() {
            end -= 1;
        }
        (end > start && self.analysis.text.is_char_boundary(end)).then_some((start, end))
    }

    /// `AB-56789` in itself: capitals, a hyphen, five or more digits.
    fn id_shape_at(&self, at: usize) -> Option<Found> {
        if self.word(at + 1) != "-" || !self.touches(at + 1) || !self.touches(at + 2) {
            return None;
        }
        let prefix = self.word(at);
        let digits = self.word(at + 2);
        let fits = (2..=4).contains(&prefix.len())
            && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
            && (5..=10).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| self.found(at, at + 3, EntityType::Id, 0.6))
    }

    // ----- addresses of the net -----

    fn email_at(&self, at: usize) -> Option<Found> {
        let mark = self.analysis.tokens[at].span.start as usize;
        let bytes = self.analysis.text.as_bytes();
        let part = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
        };
        let mut start = mark;
        while start > 0 && mark - start < 64 && part(bytes[start - 1]) {
            start -= 1;
        }
        let mut end = mark + 1;
        while end < bytes.len() && end - mark < 190 && part(bytes[end]) {
            end += 1;
        }
        while end > mark && matches!(bytes[end - 1], b'.' | b'-' | b'+' | b'%' | b'_') {
            end -= 1;
        }
        let domain = &self.analysis.text[mark + 1..end.max(mark + 1)];
        if start == mark || !domain.contains('.') {
            return None;
        }
        let span = Span { start: start as u32, end: end as u32 };
        Some(Found {
            end: self.token_after(at, span.end),
            span,
            entity_type: EntityType::Email,
            score: 0.98,
        })
    }

    fn web_at(&self, at: usize) -> Option<Found> {
        let word = self.word(at);
        // An address's first part must not be taken for a name.
        let scheme = matches!(word.len(), 3..=5)
            && matches!(word.to_ascii_lowercase().as_str(), "http" | "https" | "ftp")
            && self.word(at + 1) == ":"
            && self.word(at + 2) == "/";
        let www = word.eq_ignore_ascii_case("www") && self.word(at + 1) == ".";
        if !scheme && !www {
            return None;
        }
        let start = self.analysis.tokens[at].span.start as usize;
        let bytes = self.analysis.text.as_bytes();
        let mut end = start;
        while end < bytes.len()
            && end - start < 2_048
            && bytes[end].is_ascii_graphic()
            && !matches!(bytes[end], b'"' | b'<' | b'>' | b'|')
        {
            end += 1;
        }
        while end > start
            && matches!(bytes[end - 1], b'.' | b',' | b')' | b';' | b'?' | b'!' | b']')
        {
            end -= 1;
        }
        let span = Span { start: start as u32, end: end as u32 };
        Some(Found {
            end: self.token_after(at, span.end),
            span,
            entity_type: EntityType::Url,
            score: 0.98,
        })
    }

    // ----- places -----

    fn place_at(&self, at: usize) -> Option<Found> {
        if self.touches(at)
            && matches!(self.word(at.wrapping_sub(1)), "." | "@" | "-" | "/" | "_")
            && at > 0
        {
            return None;
        }
        self.facility_at(at).or_else(|| self.town_at(at)).or_else(|| self.visited_at(at))
    }

    fn town_at(&self, at: usize) -> Option<Found> {
        let words = &self.analysis.folded[at..];
        if self.shouts && self.word(at).len() < 4 {
            return None;
        }
        let known = PLACE.longest_at(words);
        let (length, sure) = match known {
            Some((length, Place::Known)) => (length, true),
            Some((length, Place::Not)) => match PLACE_LED.longest_at(words) {
                Some((led, ())) if led >= length => (led, false),
                _ => return None,
            },
            None => return None,
        };
        let end = at + length;
        let state = self.state_after(end);
        let led = at > 0
            && (self.class(at - 1) & AT != 0
                || state > end
                || matches!(self.word(at - 1), "," if self.class(at) & GIVEN == 0));
        if !sure && !led || self.eponym(end) || self.surname_of(at) {
            return None;
        }
        // `Washington, John` and the like are rare; a lone word in capitals must be a known one.
        let mut last = state;
        if self.class(last) & SITE != 0 {
            last += 1;
        }
        Some(self.found(
            at,
            last.min(self.classes.len()),
            EntityType::Address,
            if sure { 0.85 } else { 0.7 },
        ))
    }

    /// Whether the word before is a given name, so that a town's name is a family's.
    fn surname_of(&self, at: usize) -> bool {
        at > 0 && self.class(at - 1) & GIVEN != 0 && self.capital(at - 1)
    }

    /// `St. Luke's Hospital`, `University of Michigan Medical Center`, `San Francisco clinic`.
    fn facility_at(&self, at: usize) -> Option<Found> {
        let saint = matches!(self.word(at), "St" | "Saint" | "Mt" | "Mount" | "ST" | "MT");
        if self.class(at) & COMMON != 0
            && self.class(at) & (GENERIC | GIVEN | FAMILY) == 0
            && !saint
        {
            return None;
        }
        let mut next = at;
        let mut end = None;
        // Words that say which institution it is.
        let mut telling = 0;
        while next < self.classes.len()
            && next < at + RUN_MAX
            && (next == at || !self.new_line(next))
        {
            let class = self.class(next);
            let word = self.word(next);
            if self.capital(next) {
                if next > at
                    && class & COMMON != 0
                    && class & (GENERIC | FACILITY | GIVEN | FAMILY | STATE) == 0
                {
                    break;
                }
                if class & FACILITY != 0 {
                    // `General Hospital` is some town's.
                    let general = word == "Hospital"
                        && next > at
                        && matches!(
                            self.word(next - 1),
                            "General" | "County" | "Regional" | "Memorial"
                        );
                    if telling > 0 || general {
                        end = Some(next + 1);
                    } else if word.eq_ignore_ascii_case("university") && self.word(next + 1) == "of"
                    {
                        // told by what follows
                    } else if class & GENERIC == 0 {
                        return None;
                    }
                } else if class & GENERIC == 0 {
                    telling += 1;
                    if self.word(at).eq_ignore_ascii_case("university") && self.word(at + 1) == "of"
                    {
                        end = Some(next + 1);
                    }
                } else if matches!(word, "Memorial" | "Mercy") {
                    telling += 1;
                }
                next += 1;
                continue;
            }
            if self.analysis.tokens[next].kind == TokenKind::Mark {
                let joins = match word {
                    "." => {
                        matches!(
                            self.word(next - 1),
                            "St" | "Mt" | "Ft" | "Med" | "Univ" | "Ctr" | "Hosp" | "Gen"
                        ) || self.word(next - 1).len() == 1
                    }
                    "-" => self.touches(next) && self.touches(next + 1),
                    "'" | "’" => self.touches(next),
                    "&" => self.capital(next + 1),
                    _ => false,
                };
                if !joins || next == at {
                    break;
                }
                next += 1;
                continue;
            }
            match word {
                "s" if matches!(self.word(next - 1), "'" | "’") => next += 1,
                "of" | "and" | "the" | "for" | "de"
                    if next > at && self.capital(next + 1)
                        || word == "of" && self.word(next + 1) == "the" =>
                {
                    // `Mayo Clinic and Cleveland Clinic` are two.
                    if end.is_some() && word == "and" {
                        break;
                    }
                    next += 1;
                }
                _ => {
                    if class & SITE != 0
                        && telling > 0
                        && self.class(next - 1) & (COMMON | CLINICAL) == 0
                        && self.known_place(at).is_some()
                    {
                        end = Some(next + 1);
                    }
                    break;
                }
            }
        }
        if let Some(mut end) = end {
            // `in Atlanta`
            if self.word(end) == "in"
                && let Some(length) = self.known_place(end + 1)
            {
                end = self.state_after(end + 1 + length);
            }
            return Some(self.found(at, end, EntityType::Address, 0.85));
        }
        // `St. Vincent's`, with nothing after it.
        if !saint {
            return None;
        }
        let name = at + 1 + usize::from(self.word(at + 1) == ".");
        if !self.capital(name) || self.new_line(name) || self.word(name).len() < 3 {
            return None;
        }
        let mut last = name + 1;
        if matches!(self.word(last), "'" | "’") && self.touches(last) {
            last += 1;
            if self.word(last) == "s" && self.touches(last) {
                last += 1;
            }
        }
        if self.eponym(last) || matches!(self.word(last), "wort" | "valve") {
            return None;
        }
        Some(self.found(at, last, EntityType::Address, 0.8))
    }

    /// `seen at Cedar Crest`, `lives in Westwood`: where somebody comes to, whatever its name.
    fn visited_at(&self, at: usize) -> Option<Found> {
        if at == 0 || self.shouts || self.class(at) & (COMMON | CLINICAL | MONTH | TITLE) != 0 {
            return None;
        }
        let mut back = at - 1;
        if matches!(self.word(back), "the" | "our" | "a") && back > 0 {
            back -= 1;
        }
        if self.class(back) & AT == 0 || self.new_line(at) {
            return None;
        }
        let led = (back.saturating_sub(8)..back).any(|before| self.class(before) & VISIT != 0);
        // `Jane D. from Westwood`
        let person = back > 0
            && self.word(back) == "from"
            && (self.class(back - 1) & (GIVEN | FAMILY) != 0
                || self.word(back - 1) == "." && self.word(back.wrapping_sub(2)).len() == 1);
        if !(led || person) {
            return None;
        }
        let word = self.word(at);
        let capitals = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let given =
            self.class(at) & GIVEN != 0 && self.class(at) & FAMILY == 0 && self.capital(at + 1);
        if word.len() < 3
            || self.word(at + 1) == "." && self.touches(at + 2)
            || given
            || word.bytes().any(|byte| byte.is_ascii_digit())
            || capitals && word.len() > 5
        {
            return None;
        }
        let mut end = at + 1;
        while end < at + 4
            && self.capital(end)
            && self.class(end) & (COMMON | CLINICAL) == 0
            && !self.new_line(end)
        {
            end += 1;
        }
        if self.eponym(end) {
            return None;
        }
        if self.class(end) & SITE != 0 {
            end += 1;
        }
        Some(self.found(at, self.state_after(end), EntityType::Address, 0.6))
    }

    // ----- names -----

    /// Whether what ends at `end` names a disease, a score or a thing rather than a person.
    fn eponym(&self, end: usize) -> bool {
        let mut next = end;
        if matches!(self.word(next), "'" | "’") && self.touches(next) {
            next += 1;
            if self.word(next).eq_ignore_ascii_case("s") {
                next += 1;
            }
        }
        // `Stevens-Johnson syndrome`
        if self.word(next) == "-" && self.touches(next) && self.touches(next + 1) {
            return true;
        }
        (next..next + 2).any(|at| {
            !self.new_line(at)
                && self.class(at) & CLINICAL != 0
                && (at == next || self.is_word(next))
        })
    }

    /// `Dr. John L. Smith`, `mrs smith`.
    fn titled_at(&self, at: usize) -> Option<Found> {
        let mut next = at + 1;
        if self.word(next) == "." {
            next += 1;
        }
        if self.new_line(next) {
            return None;
        }
        let title = self.word(at);
        let spelt = matches!(
            title.to_ascii_lowercase().as_str(),
            "nurse" | "sister" | "doctor" | "professor" | "miss"
        );
        if self.capital(next) {
            let sure = !spelt || self.capital(at);
            let end = self.name_end(next, true);
            let common = self.class(next) & COMMON != 0 && self.class(next) & (GIVEN | FAMILY) == 0;
            // `MS patient`, `MR Angiography`
            let short = matches!(title, "MS" | "MR" | "DR" | "Drive")
                && (self.word(at + 1) != "." || self.starts.get(next).copied().unwrap_or(false))
                && !self.shouts;
            if end > next
                && sure
                && !(common && (spelt || self.word(next).len() > 1))
                && !short
                && !self.eponym(end)
            {
                return Some(self.found(next, end, EntityType::Name, 0.95));
            }
            return None;
        }
        let small = title.starts_with(char::is_lowercase) && !spelt && title.len() <= 4;
        if small && self.class(next) & (FAMILY | GIVEN) != 0 {
            let end = if self.class(next + 1) & FAMILY != 0 && !self.new_line(next + 1) {
                next + 2
            } else {
                next + 1
            };
            return Some(self.found(next, end, EntityType::Name, 0.8));
        }
        None
    }

    /// One past a name's words from `at`: capitals, initials, `de`, `O'`, a hyphen.
    fn name_end(&self, at: usize, titled: bool) -> usize {
        let mut next = at;
        let mut parts = 0;
        while parts < 4 && next < self.classes.len() && (next == at || !self.new_line(next)) {
            let class = self.class(next);
            let word = self.word(next);
            if self.capital(next) {
                let common = class & (COMMON | CLINICAL | FACILITY | MONTH) != 0
                    && class & (GIVEN | FAMILY) == 0
                    && word.len() > 1;
                if common && (parts > 0 || !titled) {
                    break;
                }
                if word.len() > 1
                    && word.len() <= 4
                    && parts > 0
                    && !self.shouts
                    && word.bytes().all(|byte| byte.is_ascii_uppercase())
                {
                    // `MD`, `RN`, `COPD`
                    break;
                }
                next += 1;
                parts += 1;
                if word.chars().count() == 1 && self.word(next) == "." && self.touches(next) {
                    next += 1;
                    continue;
                }
                let joint = matches!(self.word(next), "'" | "’" | "-")
                    && self.touches(next)
                    && self.touches(next + 1)
                    && self.capital(next + 1);
                if joint {
                    next += 1;
                }
                continue;
            }
            let particle = matches!(
                word,
                "de" | "la" | "van" | "von" | "der" | "del" | "bin" | "al" | "da" | "di"
            );
            if particle && parts > 0 && (self.capital(next + 1) || self.capital(next + 2)) {
                next += 1;
                continue;
            }
            break;
        }
        next
    }

    /// A name that begins at a capital.
    fn name_at(&self, at: usize) -> Option<Found> {
        let class = self.class(at);
        if at > 0
            && self.touches(at)
            && matches!(self.word(at - 1), "-" | "/" | "." | "'" | "’" | "@" | "_")
        {
            return None;
        }
        let given = class & GIVEN != 0;
        let common = class & COMMON != 0 && !given && class & FAMILY == 0;
        let next = at + 1;
        let word = self.word(at);
        let same_line = !self.new_line(next);
        let led = at > 0 && !self.new_line(at) && {
            let back =
                if matches!(self.word(at - 1), ":" | ",") && at > 1 { at - 2 } else { at - 1 };
            self.class(back) & NAMED != 0
        };
        // `Abe604`: Synthea's people carry a number.
        if word.len() >= 5 && class == 0 {
            let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
            let digits = word.len() - letters;
            let mixed = word.bytes().take(letters).skip(1).all(|byte| byte.is_ascii_lowercase());
            let plain = word.bytes().skip(letters).all(|byte| byte.is_ascii_digit());
            if letters >= 3 && (2..=3).contains(&digits) && mixed && plain {
                return Some(self.found(at, next, EntityType::Name, 0.6));
            }
        }
        // `Anna S.`, `Claudia A.,`
        let initial = self.capital(next)
            && self.word(next).chars().count() == 1
            && same_line
            && (self.word(next + 1) == "." && self.touches(next + 1)
                || given && class & DOUBTFUL == 0);
        if initial
            && !common
            && word.len() >= 2
            && class & (CLINICAL | FACILITY | MONTH) & !self.given_mask(at) == 0
        {
            let end = self.name_end(at, false);
            let acronym = word.bytes().all(|byte| byte.is_ascii_uppercase()) && !self.shouts;
            let start = self.starts[at] && !given;
            if !acronym && !start && end > next {
                return Some(self.found(
                    at,
                    end,
                    EntityType::Name,
                    if given { 0.95 } else { 0.75 },
                ));
            }
        }
        // `Smith, John`
        if class & FAMILY != 0
            && self.word(next) == ","
            && self.class(next + 1) & GIVEN != 0
            && self.capital(next + 1)
            && class & COMMON == 0
            && (class & DOUBTFUL == 0 || self.class(next + 1) & DOUBTFUL == 0)
            && !self.given_mask_is_city(at)
        {
            let end = self.name_end(next + 1, false);
            if !self.eponym(end) && !self.eponym(next) {
                return Some(self.found(at, end, EntityType::Name, 0.8));
            }
        }
        // `Michael Smith`
        if given && same_line && self.capital(next) && self.word(next).chars().count() > 1 {
            let follower = self.class(next);
            let sure = follower & (FAMILY | GIVEN) != 0;
            let end = self.name_end(at, false);
            let doubtful = class & DOUBTFUL != 0 && (!sure || follower & DOUBTFUL != 0) && !led;
            let acronym =
                self.word(next).bytes().all(|byte| byte.is_ascii_uppercase()) && !self.shouts;
            if end > next && !doubtful && !self.eponym(end) && (sure || !acronym && !self.shouts) {
                return Some(self.found(at, end, EntityType::Name, if sure { 0.95 } else { 0.8 }));
            }
        }
        // `Xochitl Ramirez`
        if same_line
            && !common
            && class & (CLINICAL | FACILITY | MONTH | DOUBTFUL) == 0
            && !self.starts[at]
            && !self.shouts
        {
            let follower = self.class(next);
            if self.capital(next)
                && follower & FAMILY != 0
                && follower & (DOUBTFUL | COMMON | CLINICAL) == 0
                && word.chars().skip(1).all(char::is_lowercase)
                && word.len() > 2
            {
                let end = self.name_end(at, false);
                if end > next && !self.eponym(end) {
                    return Some(self.found(at, end, EntityType::Name, 0.7));
                }
            }
        }
        // `a patient named Xochitl`
        if led
            && !common
            && class & (CLINICAL | FACILITY | MONTH) == 0
            && !self.shouts
            && word.len() > 1
        {
            let lead = self.word(at - 1).to_ascii_lowercase();
            let strong = matches!(lead.as_str(), "named" | "called");
            let mixed = word.chars().skip(1).all(char::is_lowercase);
            let end = self.name_end(at, false);
            let two = end > next;
            let known = class & (GIVEN | FAMILY) != 0 && class & DOUBTFUL == 0;
            if mixed
                && (strong || known || two && self.word(at - 1) != ",")
                && !self.eponym(end)
                && end > at
                && (strong || known || class & DOUBTFUL == 0 && self.plain_pair(at, end))
            {
                return Some(self.found(at, end, EntityType::Name, if strong { 0.9 } else { 0.7 }));
            }
        }
        // `Emily` alone
        if given
            && class & (DOUBTFUL | COMMON) == 0
            && class & FAMILY == 0
            && !self.shouts
            && word.len() > 2
            && word.chars().skip(1).all(char::is_lowercase)
        {
            let hyphen = self.word(next) == "-" && self.touches(next);
            if !self.eponym(next) && !hyphen {
                return Some(self.found(at, next, EntityType::Name, 0.65));
            }
        }
        None
    }

    /// Two plain capitalised words and nothing else.
    fn plain_pair(&self, at: usize, end: usize) -> bool {
        end == at + 2
            && self.class(at + 1) & (COMMON | CLINICAL | FACILITY | GENERIC) == 0
            && self.word(at + 1).chars().skip(1).all(char::is_lowercase)
            && self.word(at + 1).len() > 2
    }

    /// All classes, if the word is a given name: being one outweighs the others.
    fn given_mask(&self, at: usize) -> u32 {
        if self.class(at) & GIVEN != 0 { u32::MAX } else { 0 }
    }

    fn given_mask_is_city(&self, at: usize) -> bool {
        PLACE.word(self.analysis.folded[at]) == Some(Place::Known)
    }

    /// `works as a teacher`, `retired carpenter`, `Occupation: nurse`.
    fn work_at(&self, at: usize) -> Option<Found> {
        let from = at.saturating_sub(6);
        let led = (from..at).rev().take_while(|&back| !self.starts[back + 1]).any(|back| {
            matches!(
                self.word(back).to_ascii_lowercase().as_str(),
                "works"
                    | "worked"
                    | "working"
                    | "occupation"
                    | "employed"
                    | "retired"
                    | "profession"
                    | "job"
                    | "former"
            )
        });
        led.then(|| self.found(at, at + 1, EntityType::Profession, 0.8))
    }
}
