//! What abbreviations stand for, where a document explains them: `atrial fibrillation (AF)`.
//!
//! The rule is that of A. Schwartz and M. Hearst (2003), on tokens: the letters of the short form
//! appear in order in the words before the bracket, its first letter at the start of a word.

use std::ops::Range;

use crate::text::{Analysis, TokenKind};

/// A long form and the short form that follows it in brackets, as token ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// `atrial fibrillation`
    pub long: Range<u32>,
    /// `AF`
    pub short: Range<u32>,
}

const SHORT_TOKENS_MAX: usize = 3;
const SHORT_BYTES_MAX: usize = 12;

/// The pairs of a document, in order.
pub fn pairs(analysis: &Analysis<'_>) -> Vec<Pair> {
    let text = analysis.text;
    let mut pairs = Vec::new();
    for sentence in &analysis.sentences {
        let (first, last) = (sentence.tokens.start as usize, sentence.tokens.end as usize);
        let Some(tokens) = analysis.tokens.get(first..last) else { continue };
        for open in 1..tokens.len() {
            if tokens[open].span.of(text) != "(" {
                continue;
            }
            let inside = &tokens[open + 1..tokens.len().min(open + 2 + SHORT_TOKENS_MAX)];
            let Some(length) =
                inside.iter().position(|token| matches!(token.span.of(text), ")" | ";" | ","))
            else {
                continue;
            };
            if length == 0 {
                continue;
            }
            let (start, end) =
                (inside[0].span.start as usize, inside[length - 1].span.end as usize);
            let short = &text[start..end];
            let letters = short.chars().filter(|c| c.is_alphanumeric()).count();
            if !(2..=10).contains(&letters)
                || short.len() > SHORT_BYTES_MAX
                || !short.starts_with(char::is_alphanumeric)
                || !short.chars().any(char::is_uppercase)
            {
                continue;
            }
            let words_max = (letters + 5).min(2 * letters) * 2;
            let before = &tokens[open.saturating_sub(words_max)..open];
            if let Some(long) = long_form(text, before, short) {
                let long = first + open - before.len() + long;
                pairs.push(Pair {
                    long: long as u32..(first + open) as u32,
                    short: (first + open + 1) as u32..(first + open + 1 + length) as u32,
                });
            }
        }
    }
    pairs
}

/// The token of `before` where the long form starts.
fn long_form(text: &str, before: &[crate::text::Token], short: &str) -> Option<usize> {
    let mut wanted =
        short.chars().filter(|c| c.is_alphanumeric()).rev().flat_map(char::to_lowercase);
    let mut want = wanted.next()?;
    let mut left =
        short.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).count();
    for (at, token) in before.iter().enumerate().rev() {
        let word = token.span.of(text);
        if matches!(word, "(" | ")" | ";" | ":") {
            return None;
        }
        if token.kind == TokenKind::Mark || word.len() > 64 {
            continue;
        }
        let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        for (place, letter) in letters.iter().enumerate().rev() {
            // The first letter of the short form starts a word.
            if *letter == want && (left > 1 || place == 0) {
                left -= 1;
                match wanted.next() {
                    Some(next) => want = next,
                    None => {
                        let long =
                            &text[token.span.start as usize..before.last()?.span.end as usize];
                        return (long.len() > short.len() && !long.contains(short)).then_some(at);
                    }
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tagger::tests::plain;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let analysis = plain(text);
        let over = |range: &Range<u32>| {
            let (first, last) = (range.start as usize, range.end as usize - 1);
            &text[analysis.tokens[first].span.start as usize
                ..analysis.tokens[last].span.end as usize]
        };
        let found = pairs(&analysis);
        let found: Vec<_> =
            found.iter().map(|pair| (over(&pair.long), over(&pair.short))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn letters_follow_the_words_before_the_bracket() {
        check("with atrial fibrillation (AF) and", &[("atrial fibrillation", "AF")]);
        check("by 5-hydroxytryptamine (5-HT).", &[("5-hydroxytryptamine", "5-HT")]);
        check("computed tomography (CT; Figure 1)", &[("computed tomography", "CT")]);
        check("was raised (see above)", &[]);
        check("(AF)", &[]);
        check("fever (3)", &[]);
    }
}
