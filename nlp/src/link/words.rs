//! Names and mentions into the words that are compared: lower case, without accents, plurals and
//! words that say nothing; spelling variants and everyday adjectives as one word.

/// Words kept of one name or mention.
pub const WORDS_MAX: usize = 48;

/// The words of a name, in its order.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    let mut previous_digit = false;
    while let Some(character) = rest.next() {
        let folded = fold(character);
        let is_point = (character == '.' || character == ',')
            && previous_digit
            && rest.peek().is_some_and(char::is_ascii_digit);
        if is_point {
            if character == '.' {
                word.push('.');
            }
            continue;
        }
        previous_digit = character.is_ascii_digit() && word.chars().all(|c| !c.is_alphabetic());
        match folded {
            Folded::Letters(letters) => {
                // A unit written onto its number is a word of its own.
                if word.ends_with(|c: char| c.is_ascii_digit())
                    && word.starts_with(|c: char| c.is_ascii_digit())
                    && letters.starts_with(|c: char| c.is_alphabetic())
                    && rest.peek().is_some_and(|next| next.is_alphabetic())
                {
                    push(&mut words, &mut word);
                }
                word.push_str(letters);
            }
            Folded::Letter(letter) => {
                if word.ends_with(|c: char| c.is_ascii_digit())
                    && word.starts_with(|c: char| c.is_ascii_digit())
                    && letter.is_alphabetic()
                    && rest.peek().is_some_and(|next| next.is_alphabetic())
                {
                    push(&mut words, &mut word);
                }
                word.push(letter);
            }
            Folded::Apostrophe => {
                // `Crohn's` is `Crohn`.
                let possessive = matches!(rest.peek(), Some('s' | 'S'));
                if possessive && !word.is_empty() {
                    let mut ahead = rest.clone();
                    ahead.next();
                    if ahead.peek().is_none_or(|next| !next.is_alphanumeric()) {
                        rest.next();
                    }
                }
                push(&mut words, &mut word);
            }
            Folded::Percent => {
                push(&mut words, &mut word);
                words.push("%".to_owned());
            }
            Folded::Ignored => {}
            Folded::Break => push(&mut words, &mut word),
        }
        if words.len() >= WORDS_MAX {
            break;
        }
    }
    push(&mut words, &mut word);
    words.truncate(WORDS_MAX);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if word.is_empty() {
        return;
    }
    if word.len() <= 64 {
        words.push(std::mem::take(word));
    } else {
        word.clear();
    }
}

enum Folded {
    Letter(char),
    Letters(&'static str),
    Apostrophe,
    Percent,
    /// Combining accents.
    Ignored,
    Break,
}

/// One character in lower case without accents.
fn fold(character: char) -> Folded {
    let folded = match character {
        'a'..='z' | '0'..='9' => character,
        'A'..='Z' => character.to_ascii_lowercase(),
        '\'' | '\u{2019}' => return Folded::Apostrophe,
        '%' => return Folded::Percent,
        '\u{300}'..='\u{36f}' => return Folded::Ignored,
        'à'..='å' | 'À'..='Å' | 'ā' | 'ă' => 'a',
        'ç' | 'Ç' | 'č' => 'c',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'ě' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' => 'i',
        'ñ' | 'Ñ' | 'ń' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' => 'o',
        'ù'..='ü' | 'Ù'..='Ü' => 'u',
        'ý' | 'ÿ' | 'Ý' => 'y',
        'š' | 'Š' | 'ś' => 's',
        'ž' | 'Ž' => 'z',
        'ł' | 'Ł' => 'l',
        'æ' | 'Æ' | 'œ' | 'Œ' => 'e',
        'ß' => return Folded::Letters("ss"),
        'α' => return Folded::Letters("alpha"),
        'β' => return Folded::Letters("beta"),
        'γ' => return Folded::Letters("gamma"),
        'δ' => return Folded::Letters("delta"),
        'µ' | 'μ' => return Folded::Letters("mc"),
        other if other.is_alphanumeric() => other.to_lowercase().next().unwrap_or(other),
        _ => return Folded::Break,
    };
    Folded::Letter(folded)
}

/// The words two names of the same thing share: [`words`] without stop words, each in its base
/// form, roman numbers as digits.
pub fn stems(text: &str) -> Vec<String> {
    words(text).into_iter().filter(|word| !is_stop(word)).map(stem).collect()
}

fn is_stop(word: &str) -> bool {
    matches!(
        word,
        "of" | "the"
            | "a"
            | "an"
            | "in"
            | "on"
            | "at"
            | "by"
            | "for"
            | "to"
            | "and"
            | "or"
            | "with"
            | "due"
            | "as"
            | "from"
            | "nos"
            | "elsewhere"
            | "classified"
            | "s"
            | "his"
            | "her"
            | "their"
            | "my"
            | "that"
            | "which"
            | "patient"
    )
}

/// One word in its base form.
fn stem(word: String) -> String {
    let mut word = word;
    if word.is_ascii() && word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        if word.len() > 4 {
            for (from, to) in [("ae", "e"), ("oe", "e")] {
                if word.contains(from) {
                    word = word.replace(from, to);
                }
            }
            if let Some(base) = word.strip_suffix("our") {
                word = format!("{base}or");
            }
        }
        let singular = if word.len() > 4 && word.ends_with("ies") {
            Some(format!("{}y", &word[..word.len() - 3]))
        } else if word.len() > 5 && (word.ends_with("oses") || word.ends_with("yses")) {
            Some(format!("{}is", &word[..word.len() - 2]))
        } else if ["sses", "xes", "ches", "shes"].iter().any(|end| word.ends_with(end)) {
            Some(word[..word.len() - 2].to_owned())
        } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
            Some(word[..word.len() - 1].to_owned())
        } else {
            None
        };
        word = singular.unwrap_or(word);
    }
    match SAME.binary_search_by(|(from, _)| (*from).cmp(word.as_str())) {
        Ok(found) => SAME[found].1.to_owned(),
        Err(_) => word,
    }
}

/// Words that mean the same in names of conditions, in order of the first.
const SAME: &[(&str, &str)] = &[
    ("abdomen", "abdominal"),
    ("ache", "pain"),
    ("adenomata", "adenoma"),
    ("allergic", "allergy"),
    ("anemic", "anemia"),
    ("anxious", "anxiety"),
    ("arthritic", "arthritis"),
    ("asthmatic", "asthma"),
    ("bitten", "bite"),
    ("bleed", "hemorrhage"),
    ("bleeding", "hemorrhage"),
    ("broken", "fracture"),
    ("calculi", "calculus"),
    ("cardiac", "heart"),
    ("cirrhotic", "cirrhosis"),
    ("colonic", "colon"),
    ("cutaneous", "skin"),
    ("dermal", "skin"),
    ("dislocated", "dislocation"),
    ("edematous", "edema"),
    ("enlarged", "enlargement"),
    ("epileptic", "epilepsy"),
    ("failed", "failure"),
    ("femoral", "femur"),
    ("fibrotic", "fibrosis"),
    ("fractured", "fracture"),
    ("gastric", "stomach"),
    ("haemorrhage", "hemorrhage"),
    ("hemorrhagic", "hemorrhage"),
    ("hepatic", "liver"),
    ("herniated", "hernia"),
    ("humeral", "humerus"),
    ("hypertrophic", "hypertrophy"),
    ("i", "1"),
    ("ii", "2"),
    ("iii", "3"),
    ("infarct", "infarction"),
    ("infected", "infection"),
    ("inflamed", "inflammation"),
    ("injured", "injury"),
    ("itching", "pruritus"),
    ("iv", "4"),
    ("lumbago", "lumbago"),
    ("malignancy", "malignant"),
    ("metastases", "metastasis"),
    ("metastatic", "metastasis"),
    ("necrotic", "necrosis"),
    ("nephric", "kidney"),
    ("obese", "obesity"),
    ("obstructed", "obstruction"),
    ("obstructive", "obstruction"),
    ("ocular", "eye"),
    ("perforated", "perforation"),
    ("pneumonic", "pneumonia"),
    ("psychotic", "psychosis"),
    ("pulmonary", "lung"),
    ("radial", "radius"),
    ("renal", "kidney"),
    ("ruptured", "rupture"),
    ("septic", "sepsis"),
    ("sprained", "sprain"),
    ("stenotic", "stenosis"),
    ("stone", "calculus"),
    ("strained", "strain"),
    ("swollen", "swelling"),
    ("thrombotic", "thrombosis"),
    ("tibial", "tibia"),
    ("torn", "tear"),
    ("toxic", "toxicity"),
    ("tubercular", "tuberculosis"),
    ("tuberculous", "tuberculosis"),
    ("tumor", "neoplasm"),
    ("two", "2"),
    ("ulcerated", "ulcer"),
    ("ulceration", "ulcer"),
    ("ulnar", "ulna"),
    ("vomiting", "vomiting"),
];

/// A display without its semantic tag, and the tag: `asthma (disorder)` is `asthma`, `disorder`.
pub fn split_tag(display: &str) -> (&str, Option<&str>) {
    let trimmed = display.trim();
    if let Some(head) = trimmed.strip_suffix(')')
        && let Some(open) = head.rfind('(')
    {
        let tag = &head[open + 1..];
        let rest = trimmed[..open].trim_end();
        if !rest.is_empty() && TAGS.contains(&tag.to_ascii_lowercase().as_str()) {
            return (rest, Some(tag));
        }
    }
    (trimmed, None)
}

/// SNOMED CT's semantic tags.
const TAGS: &[&str] = &[
    "administrative concept",
    "assessment scale",
    "attribute",
    "body structure",
    "cell",
    "cell structure",
    "clinical drug",
    "context-dependent category",
    "disorder",
    "environment",
    "ethnic group",
    "event",
    "finding",
    "geographic location",
    "life style",
    "medicinal product",
    "medicinal product form",
    "morphologic abnormality",
    "observable entity",
    "occupation",
    "organism",
    "person",
    "physical force",
    "physical object",
    "procedure",
    "product",
    "qualifier value",
    "racial group",
    "record artifact",
    "regime/therapy",
    "religion/philosophy",
    "situation",
    "social concept",
    "specimen",
    "staging scale",
    "substance",
    "tumor staging",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_name_share_their_stems() {
        check("Fractures of the left femur", "fracture left femur");
        check("anaemias", "anemia");
        check("Crohn's disease", "crohn disease");
        check("type II reactions", "type 2 reaction");
        check("Ménière’s disease", "meniere disease");
        check("renal calculi", "kidney calculus");
        check("12.5mg 1,000 units", "12.5 mg 1000 unit");
    }

    #[test]
    fn the_table_of_same_words_is_in_order() {
        assert!(SAME.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn tags_are_told_from_other_brackets() {
        assert_eq!(split_tag("asthma (disorder)"), ("asthma", Some("disorder")));
        assert_eq!(split_tag("tube (left)"), ("tube (left)", None));
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(stems(text).join(" "), expected);
    }
}
