//! Names of drugs: ingredients, strengths as one word each, forms, and what notes write for them.
//!
//! Source of how RxNorm writes names:
//! <https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html>

use super::table::{Table, WordKind, flag};
use super::words;

/// The words of a drug's name: strengths in RxNorm's units and written onto their unit
/// (`25mg/ml`), abbreviations of forms and drugs written out.
pub fn stems(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut out: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        if let Some((strength, used)) = strength(&tokens[index..]) {
            // `5-325 mg`, `5/325 mg`: numbers share the unit that follows the last.
            out.push(strength);
            index += used;
            continue;
        }
        index += 1;
        let word = token.as_str();
        // `aspirin 81`: a number at the end is a strength in the usual unit.
        if let Some(value) = number(word).filter(|value| *value >= 1.0)
            && index == tokens.len()
            && index > 1
            && tokens[index - 2] != "/"
            && !out.iter().any(|word| kind_of_word(word) == WordKind::Strength)
        {
            out.push(format!("{}mg", short(value)));
            continue;
        }
        if matches!(word, "/" | "-" | "[" | "]" | "(" | ")" | "%") {
            continue;
        }
        match ABBREVIATIONS.binary_search_by(|(from, _)| (*from).cmp(word)) {
            Ok(found) => out.extend(ABBREVIATIONS[found].1.split(' ').map(str::to_owned)),
            Err(_) if is_stop(word) => {}
            Err(_) => out.push(word.to_owned()),
        }
        if out.len() >= words::WORDS_MAX {
            break;
        }
    }
    out
}

/// Words that say nothing of which drug it is, among them how often it is taken.
fn is_stop(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "of",
        "the",
        "and",
        "with",
        "for",
        "in",
        "a",
        "an",
        "to",
        "as",
        "human",
        "by",
        "mouth",
        "daily",
        "bid",
        "tid",
        "qid",
        "qd",
        "qhs",
        "hs",
        "prn",
        "every",
        "once",
        "twice",
        "day",
        "take",
        "takes",
        "taking",
        "needed",
        "at",
        "bedtime",
        "per",
        "x",
        "each",
        "night",
        "low",
        "or",
        "therapy",
        "medication",
        "drug",
        "use",
    ];
    WORDS.contains(&word)
}

/// Words, numbers and the marks that matter in strengths.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    let end = |word: &mut String, out: &mut Vec<String>| {
        if !word.is_empty() {
            out.push(std::mem::take(word));
        }
    };
    while let Some(character) = rest.next() {
        let number = !word.is_empty() && word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        match character {
            '0'..='9' => {
                word.push(character);
            }
            '.' if (number || word.is_empty()) && rest.peek().is_some_and(char::is_ascii_digit) => {
                word.push('.');
            }
            ',' if number && rest.peek().is_some_and(char::is_ascii_digit) => {}
            '/' | '-' | '%' | '[' | ']' => {
                end(&mut word, &mut out);
                out.push(character.to_string());
            }
            'µ' | 'μ' => {
                if number {
                    end(&mut word, &mut out);
                }
                word.push_str("mc");
            }
            _ if character.is_alphanumeric() => {
                if number && word.chars().all(|c| c.is_ascii_digit() || c == '.') {
                    end(&mut word, &mut out);
                }
                word.extend(character.to_lowercase());
            }
            _ => end(&mut word, &mut out),
        }
        if word.len() > 64 {
            word.clear();
        }
        if out.len() > words::WORDS_MAX * 2 {
            break;
        }
    }
    end(&mut word, &mut out);
    out
}

/// What a unit is called in RxNorm, and how many of those it is.
fn unit(word: &str) -> Option<(&'static str, f64)> {
    Some(match word {
        "mg" | "mgs" | "milligram" | "milligrams" => ("mg", 1.0),
        "mcg" | "ug" | "microgram" | "micrograms" => ("mg", 0.001),
        "g" | "gm" | "gms" | "gram" | "grams" => ("mg", 1000.0),
        "unt" | "unit" | "units" | "iu" | "u" => ("unt", 1.0),
        "meq" => ("meq", 1.0),
        "mmol" => ("mmol", 1.0),
        "ml" | "cc" | "milliliter" | "milliliters" => ("ml", 1.0),
        "l" => ("ml", 1000.0),
        "hr" | "hour" | "hours" => ("hr", 1.0),
        "actuat" | "actuation" | "puff" | "spray" => ("actuat", 1.0),
        _ => return None,
    })
}

/// A strength at the start of `tokens` and how many of them it takes.
fn strength(tokens: &[String]) -> Option<(String, usize)> {
    let value: f64 = number(tokens.first()?)?;
    let mut at = 1;
    // `5-325 mg`: look past the other number for the unit.
    let next = tokens.get(at)?;
    if next == "%" {
        // Per cent are grams in 100 ml.
        return Some((format!("{}mg/ml", short(value * 10.0)), 2));
    }
    let shared = matches!(next.as_str(), "/" | "-")
        && tokens.get(2).and_then(|other| number(other)).is_some()
        && tokens.get(3).is_some_and(|word| matches!(unit(word), Some(("mg" | "unt", _))));
    if shared {
        let (name, scale) = unit(&tokens[3])?;
        return Some((format!("{}{name}", short(value * scale)), 2));
    }
    if next == "-" {
        at += 1;
    }
    let (name, scale) = unit(tokens.get(at)?)?;
    at += 1;
    if tokens.get(at).is_some_and(|mark| mark == "/") {
        let (count, after) = match tokens.get(at + 1).and_then(|word| number(word)) {
            Some(count) => (count, at + 2),
            None => (1.0, at + 1),
        };
        if let Some((per, per_scale)) = tokens.get(after).and_then(|word| unit(word))
            && count > 0.0
        {
            let value = value * scale / (count * per_scale);
            return Some((format!("{}{name}/{per}", short(value)), after + 1));
        }
    }
    Some((format!("{}{name}", short(value * scale)), at))
}

fn number(word: &str) -> Option<f64> {
    word.starts_with(|c: char| c.is_ascii_digit() || c == '.').then(|| word.parse().ok())?
}

/// A number in four digits that matter: `0.0833`, `325`.
fn short(value: f64) -> String {
    if value <= 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let digits = (3.0 - value.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// What notes write, and what RxNorm does; in order of the first.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("amps", "injection"),
    ("apap", "acetaminophen"),
    ("asa", "aspirin"),
    ("buccally", "buccal"),
    ("cap", "oral capsule"),
    ("caplet", "oral tablet"),
    ("caplets", "oral tablet"),
    ("caps", "oral capsule"),
    ("capsules", "capsule"),
    ("cr", "extended release"),
    ("dr", "delayed release"),
    ("ec", "delayed release"),
    ("er", "extended release"),
    ("gtt", "ophthalmic solution"),
    ("gtts", "ophthalmic solution"),
    ("hcl", "hydrochloride"),
    ("hctz", "hydrochlorothiazide"),
    ("hfa", "metered dose inhaler"),
    ("inh", "inhalation"),
    ("inhaler", "metered dose inhaler"),
    ("inj", "injection"),
    ("iv", "injection"),
    ("la", "extended release"),
    ("liq", "oral solution"),
    ("liquid", "oral solution"),
    ("mdi", "metered dose inhaler"),
    ("mom", "magnesium hydroxide"),
    ("neb", "inhalation solution"),
    ("nebs", "inhalation solution"),
    ("nebulizer", "inhalation solution"),
    ("ntg", "nitroglycerin"),
    ("odt", "disintegrating oral tablet"),
    ("oint", "ointment"),
    ("ophth", "ophthalmic"),
    ("orally", "oral"),
    ("patch", "transdermal system"),
    ("patches", "transdermal system"),
    ("pcn", "penicillin"),
    ("pill", "oral tablet"),
    ("pills", "oral tablet"),
    ("po", "oral"),
    ("pr", "rectal"),
    ("sl", "sublingual"),
    ("smx", "sulfamethoxazole"),
    ("soln", "solution"),
    ("sr", "extended release"),
    ("subcutaneous", "injection"),
    ("subq", "injection"),
    ("supp", "suppository"),
    ("susp", "suspension"),
    ("syrup", "oral solution"),
    ("tab", "oral tablet"),
    ("tablets", "tablet"),
    ("tabs", "oral tablet"),
    ("tmp", "trimethoprim"),
    ("xl", "extended release"),
    ("xr", "extended release"),
];

/// What a word of a drug's name is.
pub fn kind_of_word(word: &str) -> WordKind {
    if word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_alphabetic())
    {
        return if word.contains('/')
            || word.ends_with("mg")
            || word.ends_with("unt")
            || word.ends_with("meq")
            || word.ends_with("mmol")
        {
            WordKind::Strength
        } else {
            WordKind::Extent
        };
    }
    match word {
        "oral" | "tablet" | "capsule" | "extended" | "release" | "delayed" | "injection"
        | "injectable" | "solution" | "suspension" | "topical" | "cream" | "ointment" | "gel"
        | "lotion" | "ophthalmic" | "otic" | "nasal" | "spray" | "inhaler" | "inhalation"
        | "metered" | "dose" | "dry" | "powder" | "rectal" | "suppository" | "vaginal"
        | "transdermal" | "system" | "chewable" | "disintegrating" | "sublingual" | "buccal"
        | "film" | "foam" | "shampoo" | "prefilled" | "syringe" | "pen" | "auto" | "injector"
        | "cartridge" | "enema" | "lozenge" | "granules" | "mucosal" | "effervescent" | "pack"
        | "kit" | "irrigation" | "mouthwash" | "toothpaste" | "soap" | "medicated" | "pad"
        | "patch" | "implant" | "drug" | "product" => WordKind::Form,
        "hydrochloride" | "hydrobromide" | "sodium" | "potassium" | "calcium" | "magnesium"
        | "tartrate" | "bitartrate" | "succinate" | "maleate" | "besylate" | "sulfate"
        | "acetate" | "phosphate" | "fumarate" | "mesylate" | "chloride" | "bromide"
        | "citrate" | "nitrate" | "anhydrous" | "monohydrate" | "dihydrate" | "trihydrate"
        | "propionate" | "furoate" | "medoxomil" | "disoproxil" | "hyclate" | "gluconate"
        | "lactate" | "carbonate" | "dipropionate" | "valerate" | "pamoate" | "tosylate"
        | "axetil" | "proxetil" | "sodique" | "hemihydrate" => WordKind::Salt,
        "abuse" | "deterrent" => WordKind::Extent,
        _ => WordKind::Name,
    }
}

/// What a word no drug has counts, beside some 5 to 10 of a drug's name.
const UNKNOWN_WEIGHT: f32 = 3.0;

/// A drug mention's words, apart by what they are.
pub struct Wanted {
    ids: Vec<u32>,
    /// Weight of name words, those no name has included.
    name_weight: f32,
    strengths: usize,
    forms: usize,
}

impl Wanted {
    /// Looks up the words of a mention and its attributes.
    pub fn new(table: &Table, stems: &[String]) -> Self {
        let mut wanted = Self { ids: Vec::new(), name_weight: 0.0, strengths: 0, forms: 0 };
        for word in stems {
            let kind = kind_of_word(word);
            match kind {
                WordKind::Strength => wanted.strengths += 1,
                WordKind::Form => wanted.forms += 1,
                _ => {}
            }
            match table.word(word) {
                Some(id) if !wanted.ids.contains(&id) => {
                    wanted.name_weight += name_weight(table, id);
                    wanted.ids.push(id);
                }
                Some(_) => {}
                // A word no drug has may be anything; a number is no name.
                None if kind == WordKind::Name && number(word).is_none() => {
                    wanted.name_weight += UNKNOWN_WEIGHT;
                }
                None => {}
            }
        }
        wanted.ids.sort_unstable();
        wanted
    }

    /// What the name words of the mention say together.
    pub fn name_weight(&self) -> f32 {
        self.name_weight
    }

    /// The words that lead to candidates, the rarest first.
    pub fn leads(&self, table: &Table) -> Vec<u32> {
        let all = |kinds: &[WordKind]| -> Vec<u32> {
            self.ids.iter().copied().filter(|id| kinds.contains(&table.kind(*id))).collect()
        };
        let mut leads = all(&[WordKind::Name]);
        if leads.is_empty() {
            leads = all(&[WordKind::Salt]);
        }
        leads.sort_by_key(|id| table.names_with(*id).len());
        leads
    }

    /// How well a name fits, 0 to 1.
    pub fn score(&self, table: &Table, name: u32) -> f32 {
        let (mut both, mut own, mut salts) = (0.0f32, 0.0f32, 0.0f32);
        let (mut strengths, mut strengths_met) = (0usize, 0usize);
        let (mut forms, mut forms_met) = (0usize, 0usize);
        let mut extents = 0usize;
        for id in table.words_of(name) {
            let met = self.ids.binary_search(id).is_ok();
            match table.kind(*id) {
                WordKind::Name => {
                    let weight = name_weight(table, *id);
                    own += weight;
                    both += if met { weight } else { 0.0 };
                }
                WordKind::Salt => {
                    let weight = name_weight(table, *id);
                    // A salt is left out more often than not.
                    own += if met { weight } else { weight * 0.2 };
                    both += if met { weight } else { 0.0 };
                    salts += if met { 0.0 } else { 1.0 };
                }
                WordKind::Strength => {
                    strengths += 1;
                    strengths_met += usize::from(met);
                }
                WordKind::Form => {
                    forms += 1;
                    forms_met += usize::from(met);
                }
                WordKind::Extent => extents += usize::from(!met),
            }
        }
        if both == 0.0 || own == 0.0 || self.name_weight == 0.0 {
            return 0.0;
        }
        let names = (both / self.name_weight).min(1.0).powf(1.5) * (both / own);
        let strength = match (self.strengths, strengths) {
            (0, 0) => 1.0,
            (0, _) => 0.55,
            (_, 0) => 0.72,
            (wanted, found) => {
                let all = strengths_met == found && strengths_met >= wanted.min(found);
                if all && wanted == found {
                    1.0
                } else if all {
                    0.85
                } else {
                    0.3
                }
            }
        };
        let form = match (self.forms, forms) {
            (0, 0) => 1.0,
            (0, _) => 0.86,
            (_, 0) => 0.9,
            (wanted, found) => {
                // A route alone leaves the form open but contradicts nothing.
                if forms_met == wanted {
                    0.9 + 0.1 * forms_met as f32 / found as f32
                } else {
                    0.5 + 0.4 * forms_met as f32 / wanted.max(found) as f32
                }
            }
        };
        let kind = table.flags(table.concept_of(name)) & 0xf0;
        let kind = match kind {
            flag::PACK => 0.9,
            flag::PRECISE if salts == 0.0 => 0.99,
            flag::BRANDED_DRUG => 0.985,
            // A component is a drug without its form: drugs and ingredients come first.
            flag::COMPONENT => 0.8,
            _ => 1.0,
        };
        names * strength * form * kind * 0.985f32.powi(extents as i32)
    }
}

fn name_weight(table: &Table, id: u32) -> f32 {
    match table.kind(id) {
        WordKind::Name => table.weight(id),
        WordKind::Salt => table.weight(id) * 0.3,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_become_rxnorms() {
        check("ibuprofen 400 MG Oral Tablet [Ibu]", "ibuprofen 400mg oral tablet ibu");
        check("levothyroxine 50mcg tabs", "levothyroxine 0.05mg oral tablet");
        check("amoxicillin 250 mg/5 mL susp", "amoxicillin 50mg/ml suspension");
        check("hydrocodone-acetaminophen 5-325 mg", "hydrocodone acetaminophen 5mg 325mg");
        check("hydrocortisone 1% cream", "hydrocortisone 10mg/ml cream");
        check("heparin 5,000 units", "heparin 5000unt");
        check("insulin 100 UNT/ML", "insulin 100unt/ml");
    }

    #[test]
    fn the_table_of_abbreviations_is_in_order() {
        let mut sorted = ABBREVIATIONS.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, ABBREVIATIONS);
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(stems(text).join(" "), expected);
    }
}
