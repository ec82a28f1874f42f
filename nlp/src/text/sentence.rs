//! Where sentences end, and with them sections begin.
//!
//! Lines come first: a blank line, a heading, a bullet or a numbered item always ends what stood
//! before it; a plain line break does so unless the line was plainly wrapped. Punctuation comes
//! second, with abbreviations, initials, decimals and dosage shorthand protected.
//!
//! Always true: one pass over the tokens, and no sentence is longer than [`TOKENS_MAX`] tokens.

use std::sync::LazyLock;

use super::phrase::Phrases;
use super::section::{self, Heading};
use super::{Section, SectionKind, Sentence, Span, Token, TokenKind};

/// A sentence this long is cut wherever it stands.
const TOKENS_MAX: usize = 400;
/// From here on a comma or semicolon is reason enough to cut.
const TOKENS_LONG: usize = 300;
/// The same for bytes, for text that is hardly tokens.
const BYTES_MAX: u32 = 16_384;

/// What the word before a full stop is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Short {
    /// A title or the like: what follows belongs to it, capital or not.
    Always,
    /// Ends a sentence only before a capital.
    BeforeCapital,
}

static SHORT: LazyLock<Phrases<Short>> = LazyLock::new(|| {
    let always = "dr drs mr mrs ms prof st vs approx fig figs rev hon sgt capt lt col gen mt ft \
                  no nos ref eq ave blvd jr sr sect attn ca cf viz resp gov sen messrs mme";
    let capital = "mg ml mcg kg gm gms g l cc tab tabs cap caps oz lb lbs lbm in cm mm hr hrs min \
                   mins sec wk wks mo mos yr yrs pt pts dx hx tx rx fx sx temp wt ht bp pulse \
                   amt est dept inc corp ltd co etc al jan feb mar apr jun jul aug sep sept oct \
                   nov dec mon tue tues wed thu thur thurs fri sat sun e.g i.e eg ie ext tel ph \
                   abd neg pos neuro resp cont incl excl max misc prev sat sats tid bid qid qd \
                   prn po iv im sq sc hs vol lab labs rt lt bilat occ med meds q qhs qam qpm ac pc \
                   gtt gtts tbsp tsp dist post ant lat med inf sup inj susp soln oint supp";
    Phrases::new(
        capital
            .split_whitespace()
            .map(|word| (word, Short::BeforeCapital))
            .chain(always.split_whitespace().map(|word| (word, Short::Always))),
    )
});

/// Words that begin sentences: after an initial or dotted shorthand they mean a new one.
static STARTERS: LazyLock<Phrases<()>> = LazyLock::new(|| {
    let words = "the he she it they we i this that these those there his her their its our my a \
                 an in on at for no patient pt follow followup after before during when while if \
                 since because although however please return continue start stop take given \
                 denies reports states has had was is are were will would also as upon both all \
                 and but or with without to from by you your mother father currently today";
    Phrases::new(words.split_whitespace().map(|word| (word, ())))
});

/// Words after which a line break cannot be the end.
static OPEN: LazyLock<Phrases<()>> = LazyLock::new(|| {
    let words = "the a an of and or with without to in for from by at on as is was were are be been \
                 his her their its our my than that which who but no not nor any some into \
                 had has have due per via under over after before between about";
    Phrases::new(words.split_whitespace().map(|word| (word, ())))
});

/// What lies between two tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
    Blank,
}

/// Cuts the tokens of `text` into sentences and these into sections.
pub(super) fn split(text: &str, tokens: &[Token], folded: &[u64]) -> (Vec<Sentence>, Vec<Section>) {
    let mut splitter = Splitter {
        text,
        tokens,
        folded,
        width: wrap_width(text),
        sentences: Vec::with_capacity(tokens.len() / 12 + 1),
        sections: vec![Section {
            heading: None,
            span: Span { start: 0, end: text.len() as u32 },
            kind: SectionKind::Other,
        }],
    };
    splitter.run();
    (splitter.sentences, splitter.sections)
}

struct Splitter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    folded: &'a [u64],
    /// Where this text wraps its lines, in bytes; none if it does not seem to.
    width: Option<u32>,
    sentences: Vec<Sentence>,
    sections: Vec<Section>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        // The current line: its first token and one past its last.
        let mut line = 0..self.line_end(0);
        let mut start = 0;
        while start < self.tokens.len() {
            if start >= line.end {
                line = start..self.line_end(start);
            }
            let at_line_start = line.start == start;
            if let Some(heading) = section::heading_at(
                self.text,
                self.tokens,
                self.folded,
                start,
                line.end,
                at_line_start,
            ) {
                let end = heading.end;
                self.open_section(start, heading);
                self.push(start, end);
                start = end;
                continue;
            }
            let mut at = start + 1;
            while at < self.tokens.len() {
                let next_line = (at >= line.end).then(|| at..self.line_end(at));
                if let Some(next_line) = next_line {
                    if self.ends_line(&line, &next_line) {
                        break;
                    }
                    line = next_line;
                } else if self.ends_sentence(start, at, &line) {
                    break;
                }
                at += 1;
            }
            self.push(start, at);
            start = at;
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        let span =
            Span { start: self.tokens[start].span.start, end: self.tokens[end - 1].span.end };
        let section = self.sections.len() as u32 - 1;
        self.sentences.push(Sentence { span, tokens: start as u32..end as u32, section });
    }

    fn open_section(&mut self, start: usize, heading: Heading) {
        let at = self.tokens[start].span.start;
        let mut kind = heading.kind;
        if let Some(last) = self.sections.last_mut() {
            // Body parts head the parts of a review of systems as well as those of an exam, and
            // `Findings` may be those of an operation.
            let inside =
                matches!((last.kind, kind), (SectionKind::ReviewOfSystems, SectionKind::Exam))
                    && !says_exam(heading.span.of(self.text));
            if inside {
                kind = last.kind;
            }
            last.span.end = at;
        }
        let span = Span { start: at, end: self.text.len() as u32 };
        let section = Section { heading: Some(heading.span), span, kind };
        match self.sections.last_mut() {
            // Nothing stood before the first heading.
            Some(only) if start == 0 => {
                *only = Section { span: Span { start: 0, ..span }, ..section };
            }
            _ => self.sections.push(section),
        }
    }

    /// One past the last token of the line that token `at` is on.
    fn line_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.tokens.len() && !matches!(self.gap(end), Gap::Line | Gap::Blank) {
            end += 1;
        }
        end.min(self.tokens.len())
    }

    /// What lies before token `at`.
    fn gap(&self, at: usize) -> Gap {
        let from = self.tokens[at - 1].span.end as usize;
        let to = self.tokens[at].span.start as usize;
        if from == to {
            return Gap::None;
        }
        let between = &self.text.as_bytes()[from..to];
        if between == b" " {
            return Gap::Space;
        }
        let mut lines = between.iter().filter(|&&byte| byte == b'\n').count();
        if lines == 0 {
            lines = between.iter().filter(|&&byte| matches!(byte, b'\r' | 0x0b | 0x0c)).count();
        }
        match lines {
            0 => Gap::Space,
            1 => Gap::Line,
            _ => Gap::Blank,
        }
    }

    fn mark(&self, at: usize) -> Option<char> {
        let token = self.tokens.get(at).filter(|token| token.kind == TokenKind::Mark)?;
        token.span.of(self.text).chars().next()
    }

    fn first_char(&self, at: usize) -> char {
        self.tokens.get(at).and_then(|t| t.span.of(self.text).chars().next()).unwrap_or(' ')
    }

    /// Whether a line begins with a bullet or a number of a list.
    fn is_item(&self, line: &std::ops::Range<usize>) -> bool {
        let first = line.start;
        let spaced = |at: usize| at < line.end && self.gap(at) != Gap::None;
        match self.mark(first) {
            Some('-' | '*' | '+' | '>' | '–' | '—' | '#' | '=' | '|' | '~') => true,
            Some(mark) => is_bullet(mark),
            None => {
                // `1.` `1)` `a)` `iv.`: short, then a mark, then space
                let token = &self.tokens[first];
                let short = token.kind == TokenKind::Number && token.span.len() <= 3
                    || token.kind == TokenKind::Word && token.span.len() == 1;
                let by = self.mark(first + 1).filter(|_| first + 1 < line.end);
                short
                    && (by == Some(')')
                        || by == Some('.') && token.kind == TokenKind::Number && spaced(first + 2))
            }
        }
    }

    /// Whether the break between two lines ends the sentence.
    fn ends_line(&self, line: &std::ops::Range<usize>, next: &std::ops::Range<usize>) -> bool {
        let last = line.end - 1;
        if self.gap(next.start) == Gap::Blank || self.is_item(next) {
            return true;
        }
        match self.mark(last) {
            Some('.' | '!' | '?') => {
                return self.stops(line.start, last, next.start);
            }
            Some(':' | ';') => return true,
            _ => {}
        }
        let heading =
            section::heading_at(self.text, self.tokens, self.folded, next.start, next.end, true);
        if heading.is_some() {
            return true;
        }
        let first = self.first_char(next.start);
        let opens = OPEN.word(self.folded[last]).is_some();
        // `Anna⏎ is a 40 year-old`
        let goes_on = first.is_lowercase() && OPEN.word(self.folded[next.start]).is_some();
        if opens || goes_on {
            return false;
        }
        let length = self.tokens[last].span.end - self.tokens[line.start].span.start;
        let comma = self.mark(last) == Some(',');
        if length >= 45 && (first.is_lowercase() || comma || first == '(') {
            return false;
        }
        // The next word would not have fitted.
        let word = self.tokens[next.start].span.len();
        self.width.is_none_or(|width| length < 45 || length + word + 1 < width)
    }

    /// Whether the sentence that began at `start` ends before `at`, on one line.
    fn ends_sentence(&self, start: usize, at: usize, line: &std::ops::Range<usize>) -> bool {
        let before = self.mark(at - 1);
        let length = at - start;
        if length >= TOKENS_LONG
            || self.tokens[at - 1].span.end - self.tokens[start].span.start >= BYTES_MAX
        {
            let bytes = self.tokens[at - 1].span.end - self.tokens[start].span.start;
            if length >= TOKENS_MAX || bytes >= BYTES_MAX || matches!(before, Some(',' | ';')) {
                return true;
            }
        }
        match before {
            Some('.' | '!' | '?') => self.stops(start, at - 1, at),
            Some('。' | '！' | '？') => true,
            // A closing quote or bracket after the stop.
            Some('"' | ')' | ']' | '”' | '’' | '\'') => {
                at - start >= 3
                    && matches!(self.mark(at - 2), Some('.' | '!' | '?'))
                    && self.gap(at - 1) == Gap::None
                    && self.gap(at) != Gap::None
                    && self.first_char(at).is_uppercase()
            }
            _ => {
                // A bullet in running text.
                line.start < at && self.mark(at).is_some_and(is_bullet) && self.gap(at) != Gap::None
            }
        }
    }

    /// Whether the stop at token `stop` ends a sentence before token `next`.
    fn stops(&self, start: usize, stop: usize, next: usize) -> bool {
        let gap = self.gap(next);
        let after = self.first_char(next);
        if gap == Gap::None {
            // `wheezes.Heart`, but not `www.example.com` or `e.g.`
            let tight = stop > start
                && self.mark(stop) == Some('.')
                && self.tokens[stop - 1].kind == TokenKind::Word
                && self.tokens[stop - 1].span.len() >= 4
                && self.tokens[next].span.len() >= 2
                && after.is_uppercase()
                && !self.first_char(stop - 1).is_uppercase()
                && !matches!(self.mark(stop.saturating_sub(2)), Some('@' | '/' | '.'));
            return tight;
        }
        if matches!(after, ',' | ';' | ')') || self.mark(next) == Some('.') {
            return false;
        }
        if self.mark(stop) != Some('.') || stop == start {
            return true;
        }
        let before = stop - 1;
        // `1. Aspirin`
        if before == start && self.tokens[before].kind == TokenKind::Number && gap != Gap::Line {
            return false;
        }
        let starter = STARTERS.word(self.folded[next]).is_some();
        let word = self.tokens[before];
        let dotted = stop >= 2 && before > start && self.mark(before - 1) == Some('.');
        if word.kind == TokenKind::Word && word.span.len() == 1 {
            let capital = self.first_char(before).is_uppercase();
            if dotted {
                // `q.i.d.`, `U.S.`
                return after.is_uppercase() && (starter || !capital);
            }
            if capital && before > start {
                // `John S. Smith`, but not `hepatitis C. She`
                let name = self.first_char(before - 1).is_uppercase()
                    || self.mark(before - 1) == Some('.');
                return after.is_uppercase() && (starter || !name);
            }
            return !capital && after.is_uppercase();
        }
        match SHORT.word(self.folded[before]) {
            Some(Short::Always) => starter && after.is_uppercase() && self.is_ambiguous(before),
            Some(Short::BeforeCapital) => after.is_uppercase(),
            // A small letter after a real word: a typist's slip, or an abbreviation we lack.
            None if after.is_lowercase() => word.span.len() >= 5 && !dotted && starter,
            None => true,
        }
    }

    /// Whether a short form is also a word that may end a sentence (`no`, `st`).
    fn is_ambiguous(&self, at: usize) -> bool {
        let word = self.tokens[at].span.of(self.text);
        word.eq_ignore_ascii_case("no") || word.eq_ignore_ascii_case("ca")
    }
}

fn is_bullet(mark: char) -> bool {
    matches!(
        mark,
        '•' | '●'
            | '○'
            | '▪'
            | '■'
            | '◦'
            | '‣'
            | '⁃'
            | '∙'
            | '·'
            | '➢'
            | '➤'
            | '►'
            | '✓'
    )
}

/// Whether a title names an examination rather than a body part.
fn says_exam(title: &str) -> bool {
    let lower = title.to_ascii_lowercase();
    lower.contains("exam") || lower.contains("objective") || lower.contains("physical")
}

/// Where the lines of a text are wrapped: the longest line, if it is no longer than wrapped lines
/// are and at least three come near it.
fn wrap_width(text: &str) -> Option<u32> {
    let mut lengths = [0_u32; 140];
    for line in text.split('\n') {
        let length = line.trim_ascii_end().len();
        *lengths.get_mut(length)? += 1;
    }
    let longest = lengths.iter().rposition(|&count| count > 0)?;
    let near: u32 = lengths[longest.saturating_sub(12)..=longest].iter().sum();
    (longest >= 55 && near >= 3).then_some(longest as u32)
}
