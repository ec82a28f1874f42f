//! Text into [`Token`]s: words, numbers and marks.

use super::{Span, Token, TokenKind};

/// Cuts `text` into tokens, in order. Runs of letters and digits that touch are one word (`q6h`,
/// `IL2`), except that a number followed by letters is two (`20mg`, `5x`); decimal points and
/// thousands separators inside digits belong to the number; any other character that is not space
/// is a mark of its own.
pub fn tokenise(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 5 + 1);
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() || first.is_control() || first == '\u{feff}' {
            continue;
        }
        let mut end = start + first.len_utf8();
        let kind = if first.is_numeric() {
            while let Some(&(at, next)) = rest.peek() {
                let joins = next.is_numeric()
                    || ((next == '.' || next == ',')
                        && text[at + 1..].chars().next().is_some_and(char::is_numeric));
                if !joins {
                    break;
                }
                end = at + next.len_utf8();
                rest.next();
            }
            TokenKind::Number
        } else if first.is_alphabetic() {
            while let Some(&(at, next)) = rest.peek() {
                if !next.is_alphanumeric() && !is_mark_on_letter(next) {
                    break;
                }
                end = at + next.len_utf8();
                rest.next();
            }
            TokenKind::Word
        } else {
            TokenKind::Mark
        };
        tokens.push(Token { span: Span { start: start as u32, end: end as u32 }, kind });
    }
    tokens
}

/// A number for the lower-cased form of `word`: the same for `Aspirin`, `ASPIRIN` and `aspirin`.
pub fn fold(word: &str) -> u64 {
    let mut hash = Fold::new();
    if word.is_ascii() {
        word.bytes().for_each(|byte| hash.add(byte.to_ascii_lowercase()));
    } else {
        let mut buffer = [0; 4];
        for lower in word.chars().flat_map(char::to_lowercase) {
            lower.encode_utf8(&mut buffer).bytes().for_each(|byte| hash.add(byte));
        }
    }
    hash.finish()
}

/// FNV-1a with a final mix, so that low bits are good enough for a table.
struct Fold(u64);

impl Fold {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}

/// Combining accents that belong to the letter before them.
fn is_mark_on_letter(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_points_and_leave_their_units() {
        check(
            "Take 12.5mg q6h, then 1,000 IU.",
            &["Take", "12.5", "mg", "q6h", ",", "then", "1,000", "IU", "."],
        );
        check("IL-2 at 98.6°F", &["IL", "-", "2", "at", "98.6", "°", "F"]);
        check("", &[]);
        check(" \u{a0}\n", &[]);
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tokenise(text).iter().map(|token| token.span.of(text)).collect();
        assert_eq!(found, expected);
    }
}
