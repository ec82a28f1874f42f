//! One code system's concepts and names, with an index from words to names.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::words;
use crate::entity::CodeSystem;

/// Where a name of a concept comes from. Better sources win ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The concept's own title.
    Title = 0,
    /// A name the code system itself gives: inclusion term, synonym.
    Own = 1,
    /// A name from another vocabulary whose other names agree.
    Mapped = 2,
    /// A name clinicians use, from the table in [`super::common`].
    Everyday = 3,
}

impl Source {
    fn of(number: u8) -> Self {
        match number {
            0 => Source::Title,
            1 => Source::Own,
            2 => Source::Mapped,
            _ => Source::Everyday,
        }
    }
}

/// What kind of concept it is, as far as choosing between concepts needs to know.
pub mod flag {
    /// ICD-10-CM: a heading, not a code to assign.
    pub const HEADING: u8 = 1;
    /// RxNorm term types, in the upper bits.
    pub const INGREDIENT: u8 = 1 << 4;
    /// Precise or multiple ingredient.
    pub const PRECISE: u8 = 2 << 4;
    /// Brand name.
    pub const BRAND: u8 = 3 << 4;
    /// Ingredient and strength.
    pub const COMPONENT: u8 = 4 << 4;
    /// Ingredient, strength and form.
    pub const CLINICAL_DRUG: u8 = 5 << 4;
    /// The same of a brand.
    pub const BRANDED_DRUG: u8 = 6 << 4;
    /// A pack of several.
    pub const PACK: u8 = 7 << 4;
}

/// The meanings a seventh character may have: `('A', "initial encounter")`.
pub type Seventh = Vec<(char, String)>;

/// A concept given to [`Builder::concept`].
#[derive(Clone, Debug, Default)]
pub struct NewConcept<'t> {
    /// The code, as the system writes it.
    pub code: &'t str,
    /// Its description.
    pub description: &'t str,
    /// See [`flag`].
    pub flags: u8,
    /// Index into the table's seventh characters, plus one.
    pub seventh: u8,
}

/// Collects concepts and names.
#[derive(Default)]
pub struct Builder {
    codes: Vec<String>,
    descriptions: Vec<String>,
    flags: Vec<u8>,
    seventh: Vec<u8>,
    default: Vec<u32>,
    by_code: HashMap<String, u32>,
    names: Vec<(u32, Source, Vec<u32>)>,
    seen: std::collections::HashSet<(u32, u64)>,
    words: HashMap<String, u32>,
    vocabulary: Vec<String>,
    /// Meanings of seventh characters.
    pub sevenths: Vec<Seventh>,
}

impl Builder {
    /// Adds a concept and its title as a name; gives its index. A code already there keeps its
    /// first description.
    pub fn concept(&mut self, concept: &NewConcept, stems: &[String]) -> u32 {
        if let Some(index) = self.by_code.get(concept.code) {
            return *index;
        }
        let index = self.codes.len() as u32;
        self.by_code.insert(concept.code.to_owned(), index);
        self.codes.push(concept.code.to_owned());
        self.descriptions.push(concept.description.to_owned());
        self.flags.push(concept.flags);
        self.seventh.push(concept.seventh);
        self.default.push(index);
        self.name(index, Source::Title, stems);
        index
    }

    /// The index of a code.
    pub fn find(&self, code: &str) -> Option<u32> {
        self.by_code.get(code).copied()
    }

    /// Adds a name, given as its stems. A name the concept already has is not repeated, except by
    /// an everyday name, which counts more.
    pub fn name(&mut self, concept: u32, source: Source, stems: &[String]) {
        if stems.is_empty() {
            return;
        }
        let mut ids: Vec<u32> = stems
            .iter()
            .map(|word| match self.words.get(word) {
                Some(id) => *id,
                None => {
                    let id = self.vocabulary.len() as u32;
                    self.words.insert(word.clone(), id);
                    self.vocabulary.push(word.clone());
                    id
                }
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let salt = if source == Source::Everyday { 1 } else { 0 };
        if self.seen.insert((concept, key_of(&ids) ^ salt)) {
            self.names.push((concept, source, ids));
        }
    }

    /// Says which concept is meant when a heading is.
    pub fn default_of(&mut self, concept: u32, default: u32) {
        self.default[concept as usize] = default;
    }

    /// All codes with their index, flags and description.
    pub fn concepts(&self) -> impl Iterator<Item = (u32, &str, u8, &str)> {
        (0..self.codes.len()).map(|index| {
            let (code, text) = (&self.codes[index], &self.descriptions[index]);
            (index as u32, code.as_str(), self.flags[index], text.as_str())
        })
    }

    /// The table, ready for look-ups.
    pub fn finish(mut self, system: CodeSystem, edition: &str) -> Table {
        self.names.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        let mut name_words = Vec::new();
        let mut name_ends = Vec::with_capacity(self.names.len());
        for (_, _, ids) in &self.names {
            name_words.extend_from_slice(ids);
            name_ends.push(name_words.len() as u32);
        }
        let mut table = Table {
            system,
            edition: edition.to_owned(),
            codes: Strings::of(self.codes.iter().map(String::as_str)),
            descriptions: Strings::of(self.descriptions.iter().map(String::as_str)),
            flags: self.flags,
            seventh: self.seventh,
            default: self.default,
            sevenths: self.sevenths,
            name_concept: self.names.iter().map(|name| name.0).collect(),
            name_source: self.names.iter().map(|name| name.1 as u8).collect(),
            name_words,
            name_ends,
            vocabulary: Strings::of(self.vocabulary.iter().map(String::as_str)),
            words: HashMap::new(),
            weights: Vec::new(),
            kinds: Vec::new(),
            posting_ends: Vec::new(),
            postings: Vec::new(),
            exact: Vec::new(),
            name_weights: Vec::new(),
        };
        table.index();
        table
    }
}

/// Many strings in one.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    fn of<'t>(all: impl Iterator<Item = &'t str>) -> Self {
        let mut strings = Self::default();
        for one in all {
            strings.text.push_str(one);
            strings.ends.push(strings.text.len() as u32);
        }
        strings
    }

    /// The string at an index; empty if there is none.
    pub fn get(&self, index: u32) -> &str {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.ends.len()
    }
}

/// What a word is in the name of a drug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// Part of the name of a substance or brand.
    Name,
    /// A salt, which notes leave out.
    Salt,
    /// A form or route.
    Form,
    /// A strength.
    Strength,
    /// A volume or a time of release, which notes leave out.
    Extent,
}

/// One code system, ready for look-ups.
#[derive(Clone, Debug)]
pub struct Table {
    /// Which code system.
    pub system: CodeSystem,
    /// Which release, as its publisher calls it.
    pub edition: String,
    codes: Strings,
    descriptions: Strings,
    flags: Vec<u8>,
    seventh: Vec<u8>,
    default: Vec<u32>,
    sevenths: Vec<Seventh>,
    name_concept: Vec<u32>,
    name_source: Vec<u8>,
    name_words: Vec<u32>,
    name_ends: Vec<u32>,
    vocabulary: Strings,
    // Derived from the above:
    words: HashMap<u64, u32>,
    weights: Vec<f32>,
    kinds: Vec<WordKind>,
    posting_ends: Vec<u32>,
    postings: Vec<u32>,
    /// Hash of a name's sorted words, and the name; sorted.
    exact: Vec<(u64, u32)>,
    /// What the words of each name say together.
    name_weights: Vec<f32>,
}

/// Hash of a set of words, given sorted.
fn key_of(ids: &[u32]) -> u64 {
    ids.iter().fold(0x9e37_79b9_7f4a_7c15, |key, id| {
        (key ^ u64::from(*id)).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29)
    })
}

impl Table {
    /// How many concepts there are.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many names there are.
    pub fn names(&self) -> usize {
        self.name_ends.len()
    }

    /// The code of a concept.
    pub fn code(&self, concept: u32) -> &str {
        self.codes.get(concept)
    }

    /// The description of a concept.
    pub fn description(&self, concept: u32) -> &str {
        self.descriptions.get(concept)
    }

    /// See [`flag`].
    pub fn flags(&self, concept: u32) -> u8 {
        self.flags.get(concept as usize).copied().unwrap_or(0)
    }

    /// What is meant when this concept is; itself, unless it is a heading.
    pub fn default_of(&self, concept: u32) -> u32 {
        self.default.get(concept as usize).copied().unwrap_or(concept)
    }

    /// The meanings of a concept's seventh character, if it takes one.
    pub fn seventh(&self, concept: u32) -> Option<&Seventh> {
        let index = self.seventh.get(concept as usize).copied().unwrap_or(0);
        self.sevenths.get(usize::from(index).checked_sub(1)?)
    }

    /// The number of a word, if any name has it.
    pub fn word(&self, word: &str) -> Option<u32> {
        self.words.get(&xxh3_64(word.as_bytes())).copied()
    }

    /// How much a word says.
    pub fn weight(&self, word: u32) -> f32 {
        self.weights.get(word as usize).copied().unwrap_or(1.0)
    }

    /// How much a word no name has would say.
    pub fn unknown_weight(&self) -> f32 {
        (1.0 + self.names() as f32).ln()
    }

    /// What a word is in the name of a drug.
    pub fn kind(&self, word: u32) -> WordKind {
        self.kinds.get(word as usize).copied().unwrap_or(WordKind::Name)
    }

    /// The text of a word.
    pub fn word_text(&self, word: u32) -> &str {
        self.vocabulary.get(word)
    }

    /// The concept a name belongs to.
    pub fn concept_of(&self, name: u32) -> u32 {
        self.name_concept[name as usize]
    }

    /// Where a name comes from.
    pub fn source_of(&self, name: u32) -> Source {
        Source::of(self.name_source[name as usize])
    }

    /// The words of a name, sorted by number.
    pub fn words_of(&self, name: u32) -> &[u32] {
        let index = name as usize;
        let start = if index == 0 { 0 } else { self.name_ends[index - 1] };
        &self.name_words[start as usize..self.name_ends[index] as usize]
    }

    /// What the words of a name say together.
    pub fn name_weight(&self, name: u32) -> f32 {
        self.name_weights[name as usize]
    }

    /// The names that hold a word, ascending.
    pub fn names_with(&self, word: u32) -> &[u32] {
        let index = word as usize;
        let start = if index == 0 { 0 } else { self.posting_ends[index - 1] };
        &self.postings[start as usize..self.posting_ends[index] as usize]
    }

    /// The names made of exactly these words, given sorted.
    pub fn exact(&self, ids: &[u32]) -> impl Iterator<Item = u32> {
        let key = key_of(ids);
        let start = self.exact.partition_point(|(other, _)| *other < key);
        self.exact[start..]
            .iter()
            .take_while(move |(other, _)| *other == key)
            .map(|(_, name)| *name)
    }

    /// The names of a concept other than its title, each as its words.
    pub fn other_names(&self) -> impl Iterator<Item = (u32, Source, Vec<String>)> {
        (0..self.names() as u32).filter(|name| self.source_of(*name) != Source::Title).map(|name| {
            let words = self.words_of(name).iter().map(|id| self.word_text(*id).to_owned());
            (self.concept_of(name), self.source_of(name), words.collect())
        })
    }

    /// Builds what is derived.
    fn index(&mut self) {
        let words = self.vocabulary.len();
        self.words =
            (0..words as u32).map(|id| (xxh3_64(self.vocabulary.get(id).as_bytes()), id)).collect();
        let mut counts = vec![0u32; words + 1];
        for id in &self.name_words {
            counts[*id as usize + 1] += 1;
        }
        let names = self.names() as f32;
        self.weights = (0..words)
            .map(|id| {
                let rarity = (1.0 + names / (1.0 + counts[id + 1] as f32)).ln();
                rarity * importance(self.vocabulary.get(id as u32))
            })
            .collect();
        self.kinds = (0..words as u32)
            .map(|id| super::drug::kind_of_word(self.vocabulary.get(id)))
            .collect();
        for index in 1..counts.len() {
            counts[index] += counts[index - 1];
        }
        let mut next = counts.clone();
        let mut postings = vec![0u32; self.name_words.len()];
        let mut exact = Vec::with_capacity(self.names());
        let mut weights_of_names = Vec::with_capacity(self.names());
        for name in 0..self.names() as u32 {
            let start = if name == 0 { 0 } else { self.name_ends[name as usize - 1] as usize };
            let ids = &self.name_words[start..self.name_ends[name as usize] as usize];
            for id in ids {
                let slot = &mut next[*id as usize];
                postings[*slot as usize] = name;
                *slot += 1;
            }
            exact.push((key_of(ids), name));
            weights_of_names.push(ids.iter().map(|id| self.weights[*id as usize]).sum());
        }
        exact.sort_unstable();
        self.postings = postings;
        self.posting_ends = counts[1..].to_vec();
        self.exact = exact;
        self.name_weights = weights_of_names;
    }

    /// Appends the table in its stored form.
    pub fn write(&self, out: &mut Vec<u8>) {
        put_text(out, self.system.as_str());
        put_text(out, &self.edition);
        put(out, self.len() as u32);
        for concept in 0..self.len() as u32 {
            put_text(out, self.code(concept));
        }
        for concept in 0..self.len() as u32 {
            put_text(out, self.description(concept));
        }
        out.extend_from_slice(&self.flags);
        out.extend_from_slice(&self.seventh);
        for (concept, default) in self.default.iter().enumerate() {
            // Defaults follow their headings closely.
            put(out, default.wrapping_sub(concept as u32));
        }
        put(out, self.sevenths.len() as u32);
        for meanings in &self.sevenths {
            put(out, meanings.len() as u32);
            for (character, meaning) in meanings {
                put(out, *character as u32);
                put_text(out, meaning);
            }
        }
        put(out, self.vocabulary.len() as u32);
        for word in 0..self.vocabulary.len() as u32 {
            put_text(out, self.vocabulary.get(word));
        }
        put(out, self.names() as u32);
        let mut previous = 0;
        for concept in &self.name_concept {
            put(out, concept - previous);
            previous = *concept;
        }
        out.extend_from_slice(&self.name_source);
        for name in 0..self.names() as u32 {
            let ids = self.words_of(name);
            put(out, ids.len() as u32);
            let mut previous = 0;
            for id in ids {
                put(out, id - previous);
                previous = *id;
            }
        }
    }

    /// Reads a table; `None` where the bytes are none.
    pub fn read(input: &mut &[u8]) -> Option<Self> {
        let system = take_text(input)?;
        let system = *CodeSystem::ALL.iter().find(|one| one.as_str() == system)?;
        let edition = take_text(input)?.to_owned();
        let count = take_count(input)?;
        let codes = take_strings(input, count)?;
        let descriptions = take_strings(input, count)?;
        let flags = take_bytes(input, count)?.to_vec();
        let seventh = take_bytes(input, count)?.to_vec();
        let mut default = Vec::with_capacity(count);
        for concept in 0..count as u32 {
            let one = concept.wrapping_add(take(input)?);
            default.push(one);
            if one as usize >= count {
                return None;
            }
        }
        let mut sevenths = Vec::new();
        for _ in 0..take_count(input)? {
            let mut meanings = Vec::new();
            for _ in 0..take_count(input)? {
                meanings.push((char::from_u32(take(input)?)?, take_text(input)?.to_owned()));
            }
            sevenths.push(meanings);
        }
        let words = take_count(input)?;
        let vocabulary = take_strings(input, words)?;
        let names = take_count(input)?;
        let mut name_concept = Vec::with_capacity(names);
        let mut concept = 0u32;
        for _ in 0..names {
            concept = concept.checked_add(take(input)?)?;
            name_concept.push(concept);
        }
        if concept as usize >= count && names > 0 {
            return None;
        }
        let name_source = take_bytes(input, names)?.to_vec();
        let mut name_words = Vec::new();
        let mut name_ends = Vec::with_capacity(names);
        for _ in 0..names {
            let mut id = 0u32;
            for _ in 0..take_count(input)? {
                id = id.checked_add(take(input)?)?;
                if id as usize >= words {
                    return None;
                }
                name_words.push(id);
            }
            name_ends.push(name_words.len() as u32);
        }
        let mut table = Self {
            system,
            edition,
            codes,
            descriptions,
            flags,
            seventh,
            default,
            sevenths,
            name_concept,
            name_source,
            name_words,
            name_ends,
            vocabulary,
            words: HashMap::new(),
            weights: Vec::new(),
            kinds: Vec::new(),
            posting_ends: Vec::new(),
            postings: Vec::new(),
            exact: Vec::new(),
            name_weights: Vec::new(),
        };
        table.index();
        Some(table)
    }
}

/// How much of its rarity a word's presence or absence says. Set by hand: these words stand in
/// titles without being said in notes, or the other way round.
fn importance(word: &str) -> f32 {
    match word {
        "unspecified" | "encounter" | "initial" | "site" => 0.02,
        "accidental" | "unintentional" => 0.05,
        "mellitus" | "specified" | "part" | "not" | "current" | "use" => 0.12,
        "without" | "complication" | "mention" | "essential" | "region" | "organism" => 0.2,
        "disease" | "disorder" | "condition" | "primary" | "type" | "uncomplicated" => 0.4,
        "other" | "syndrome" | "lower" | "upper" | "level" => 0.6,
        _ => 1.0,
    }
}

fn put(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

fn take(input: &mut &[u8]) -> Option<u32> {
    let mut number = 0u32;
    for shift in (0..35).step_by(7) {
        let (first, rest) = input.split_first()?;
        *input = rest;
        number |= u32::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A number of things to follow, each at least a byte.
fn take_count(input: &mut &[u8]) -> Option<usize> {
    let count = take(input)? as usize;
    (count <= input.len()).then_some(count)
}

fn take_bytes<'b>(input: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (first, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(first)
}

fn take_text<'b>(input: &mut &'b [u8]) -> Option<&'b str> {
    let count = take(input)? as usize;
    std::str::from_utf8(take_bytes(input, count)?).ok()
}

fn take_strings(input: &mut &[u8], count: usize) -> Option<Strings> {
    let mut strings = Strings::default();
    strings.ends.reserve(count);
    for _ in 0..count {
        strings.text.push_str(take_text(input)?);
        strings.ends.push(u32::try_from(strings.text.len()).ok()?);
    }
    Some(strings)
}

/// The stems of a name.
pub fn stems_of(name: &str) -> Vec<String> {
    words::stems(name)
}

impl Table {
    /// All sets of seventh characters.
    pub fn sevenths(&self) -> &[Seventh] {
        &self.sevenths
    }
}

impl Builder {
    /// Adds a concept of another table as it is, without names.
    pub fn concept_copy(&mut self, table: &Table, concept: u32) {
        let new = NewConcept {
            code: table.code(concept),
            description: table.description(concept),
            flags: table.flags(concept),
            seventh: table.seventh.get(concept as usize).copied().unwrap_or(0),
        };
        self.concept(&new, &[]);
    }
}
