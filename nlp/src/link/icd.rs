//! The rules of ICD-10-CM codes: headings, seventh characters.
//!
//! Source: ICD-10-CM Official Guidelines for Coding and Reporting, FY 2026, sections I.A.4,
//! I.A.5 and I.B.13.

use super::table::{Builder, Seventh, flag};

/// A code with its seventh character, filled up with `X` (`S13.4` and `A` are `S13.4XXA`).
pub fn with_seventh(code: &str, character: char) -> String {
    let mut full = code.to_owned();
    if !full.contains('.') {
        full.push('.');
    }
    while full.len() < 7 {
        full.push('X');
    }
    full.push(character);
    full
}

/// The seventh character when nothing is said: the first meeting, a closed fracture, an
/// unspecified eye, stage, fetus or time; else the first there is.
pub fn default_seventh(meanings: &Seventh) -> char {
    let has = |character: char| meanings.iter().any(|(other, _)| *other == character);
    let unspecified = meanings.iter().find(|(_, meaning)| meaning.contains("unspecified"));
    if has('A') {
        'A'
    } else if let Some((character, _)) = unspecified {
        *character
    } else if has('9') {
        '9'
    } else {
        meanings.first().map_or('0', |(character, _)| *character)
    }
}

/// The seventh character a mention's words ask for, with its meaning.
pub fn choose_seventh<'s>(meanings: &'s Seventh, words: &[String]) -> (char, &'s str) {
    let default = default_seventh(meanings);
    let mut best: (i32, char, &str) = (0, default, "");
    for (character, meaning) in meanings {
        let mut score = 0;
        for word in meaning.split(|c: char| !c.is_alphanumeric()) {
            if matches!(
                word,
                "left"
                    | "right"
                    | "bilateral"
                    | "sequela"
                    | "subsequent"
                    | "open"
                    | "nonunion"
                    | "malunion"
                    | "delayed"
                    | "mild"
                    | "moderate"
                    | "severe"
                    | "tophus"
            ) && words.iter().any(|other| other == word)
            {
                score += 10;
            }
        }
        // Words of which the mention says nothing count against a meaning.
        if score > 0 {
            score -= meaning.split(' ').count() as i32 / 3;
        }
        if *character == default {
            best.2 = meaning;
        }
        if score > best.0 {
            best = (score, *character, meaning);
        }
    }
    if best.2.is_empty() {
        best.2 = meanings.iter().find(|(c, _)| *c == best.1).map_or("", |(_, m)| m.as_str());
    }
    (best.1, best.2)
}

/// The concept of a code, or of the code without its seventh character.
pub fn find_base(builder: &Builder, code: &str) -> Option<u32> {
    builder.find(code).or_else(|| {
        let base = code.get(..7).filter(|_| code.len() == 8)?.trim_end_matches('X');
        builder.find(base.trim_end_matches('.'))
    })
}

/// Sets what each heading means when nothing more is said: its unspecified code, if it has one.
/// Concepts must have been added in the order of their codes.
pub fn set_defaults(builder: &mut Builder) {
    let rows: Vec<(u32, String, bool, String)> = builder
        .concepts()
        .map(|(index, code, flags, text)| {
            (index, code.to_owned(), flags & flag::HEADING != 0, text.to_lowercase())
        })
        .collect();
    // From the end, so that the heading of a heading finds its default set.
    let mut defaults: Vec<u32> = rows.iter().map(|row| row.0).collect();
    for at in (0..rows.len()).rev() {
        let (_, code, heading, heading_text) = &rows[at];
        if !heading {
            continue;
        }
        let mut best: Option<(i32, usize)> = None;
        let mut child = at + 1;
        while let Some(row) = rows.get(child) {
            if !row.1.starts_with(code.as_str()) {
                break;
            }
            // Children only, which are the shortest codes below.
            let depth = row.1.len() - code.len();
            let direct = depth == 1 || (code.len() == 3 && depth == 2);
            if direct {
                let text = &row.3;
                let mut score = 0;
                if text.contains("unspecified") {
                    score += 4;
                }
                if row.1.ends_with('9') {
                    score += 2;
                } else if row.1.ends_with('0') {
                    score += 1;
                }
                let other = |text: &str| text.contains("other") && !text.contains("unspecified");
                if other(text) && !other(heading_text) {
                    score -= 3;
                }
                // Guidelines I.C.19.e.5.b: intent not said is accidental.
                if text.contains("accidental (unintentional)") {
                    score += 5;
                }
                // What is added only when said: complications, tophi, remission, status.
                if text.contains("without complication")
                    || text.contains("not having achieved remission")
                    || text.contains("not intractable, without")
                    || text.ends_with("not intractable")
                    || text.contains("without tophus")
                {
                    score += 4;
                } else if text.contains(" without ") {
                    score += 3;
                }
                if score >= 4 && best.is_none_or(|(other, _)| score > other) {
                    best = Some((score, child));
                }
            }
            child += 1;
        }
        if let Some((_, child)) = best {
            defaults[at] = defaults[child];
        }
    }
    for (concept, default) in defaults.into_iter().enumerate() {
        builder.default_of(concept as u32, default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventh_characters_are_placed_seventh() {
        assert_eq!(with_seventh("S13.4", 'A'), "S13.4XXA");
        assert_eq!(with_seventh("S72.001", 'A'), "S72.001A");
        assert_eq!(with_seventh("T07", 'A'), "T07.XXXA");
    }

    #[test]
    fn a_mention_chooses_its_encounter() {
        let meanings: Seventh = [
            ('A', "initial encounter for closed fracture"),
            ('B', "initial encounter for open fracture"),
            ('D', "subsequent encounter for fracture with routine healing"),
            ('S', "sequela"),
        ]
        .map(|(character, meaning)| (character, meaning.to_owned()))
        .to_vec();
        let check = |words: &[&str], expected: char| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(choose_seventh(&meanings, &words).0, expected, "{words:?}");
        };
        check(&["femur", "fracture"], 'A');
        check(&["open", "femur", "fracture"], 'B');
        check(&["sequela", "fracture"], 'S');
    }
}
