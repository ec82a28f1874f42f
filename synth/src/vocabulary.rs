//! Codes, texts and attribute names, each once: what modules and patients hold are small numbers.
//!
//! A [`Vocabulary`] is filled while modules are loaded and never changes afterwards.

use std::collections::HashMap;

/// A code system's place in [`Vocabulary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SystemId(pub u16);

/// `http://snomed.info/sct`
pub const SNOMED: SystemId = SystemId(0);
/// `http://loinc.org`
pub const LOINC: SystemId = SystemId(1);
/// `http://www.nlm.nih.gov/research/umls/rxnorm`
pub const RXNORM: SystemId = SystemId(2);
/// `http://hl7.org/fhir/sid/icd-10-cm`
pub const ICD10CM: SystemId = SystemId(3);
/// `http://hl7.org/fhir/sid/cvx`
pub const CVX: SystemId = SystemId(4);

/// How modules name the systems we know, and their URIs.
const SYSTEMS: [(&[&str], &str); 5] = [
    (&["SNOMED-CT", "SNOMED", "SCT"], "http://snomed.info/sct"),
    (&["LOINC"], "http://loinc.org"),
    (&["RxNorm", "RXNORM"], "http://www.nlm.nih.gov/research/umls/rxnorm"),
    (&["ICD-10-CM", "ICD10-CM", "ICD10CM"], "http://hl7.org/fhir/sid/icd-10-cm"),
    (&["CVX"], "http://hl7.org/fhir/sid/cvx"),
];

/// One coding: system, code and display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its system.
    pub system: SystemId,
    /// The code.
    pub code: Box<str>,
    /// What people read.
    pub display: Box<str>,
}

/// A [`Code`]'s place. Two entries with one system and code are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeId(pub u32);

/// The place of an ordered list of codes that mean the same, the first being the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeList(pub u32);

/// A text's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// A person attribute's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeId(pub u16);

/// Everything that has a name.
#[derive(Debug, Default)]
pub struct Vocabulary {
    systems: Vec<Box<str>>,
    codes: Vec<Code>,
    code_ids: HashMap<(SystemId, Box<str>), CodeId>,
    lists: Vec<Box<[CodeId]>>,
    list_ids: HashMap<Box<[CodeId]>, CodeList>,
    symbols: Vec<Box<str>>,
    symbol_ids: HashMap<Box<str>, Symbol>,
    attributes: Vec<Box<str>>,
    attribute_ids: HashMap<Box<str>, AttributeId>,
}

impl Vocabulary {
    /// With the five systems, and the lifecycle's words (see `life::words`) where those exist.
    pub fn new() -> Self {
        Self { systems: SYSTEMS.iter().map(|(_, uri)| (*uri).into()).collect(), ..Self::default() }
    }

    /// A system by a module's name for it, or by its URI.
    pub fn add_system(&mut self, name: &str) -> SystemId {
        let uri = SYSTEMS
            .iter()
            .find(|(names, uri)| names.iter().any(|n| n.eq_ignore_ascii_case(name)) || *uri == name)
            .map_or(name, |(_, uri)| uri);
        let at = self.systems.iter().position(|known| **known == *uri).unwrap_or_else(|| {
            self.systems.push(uri.into());
            self.systems.len() - 1
        });
        SystemId(at as u16)
    }

    /// A code; the first display given stays. An empty one is none given.
    pub fn add_code(&mut self, system: SystemId, code: &str, display: &str) -> CodeId {
        let id = *self.code_ids.entry((system, code.into())).or_insert_with(|| {
            self.codes.push(Code { system, code: code.into(), display: "".into() });
            CodeId(self.codes.len() as u32 - 1)
        });
        let known = &mut self.codes[id.0 as usize];
        if known.display.is_empty() {
            known.display = display.into();
        }
        id
    }

    /// A list of codes.
    pub fn add_list(&mut self, codes: &[CodeId]) -> CodeList {
        if let Some(id) = self.list_ids.get(codes) {
            return *id;
        }
        let id = CodeList(self.lists.len() as u32);
        self.lists.push(codes.into());
        self.list_ids.insert(codes.into(), id);
        id
    }

    /// A list with one code.
    pub fn add_one(&mut self, system: SystemId, code: &str, display: &str) -> CodeList {
        let code = self.add_code(system, code, display);
        self.add_list(&[code])
    }

    /// A text.
    pub fn add_symbol(&mut self, text: &str) -> Symbol {
        if let Some(id) = self.symbol_ids.get(text) {
            return *id;
        }
        let id = Symbol(self.symbols.len() as u32);
        self.symbols.push(text.into());
        self.symbol_ids.insert(text.into(), id);
        id
    }

    /// A person attribute.
    pub fn add_attribute(&mut self, name: &str) -> AttributeId {
        if let Some(id) = self.attribute_ids.get(name) {
            return *id;
        }
        let id = AttributeId(self.attributes.len() as u16);
        self.attributes.push(name.into());
        self.attribute_ids.insert(name.into(), id);
        id
    }

    /// The system's URI.
    pub fn system(&self, id: SystemId) -> &str {
        &self.systems[id.0 as usize]
    }

    /// The code.
    pub fn code(&self, id: CodeId) -> &Code {
        &self.codes[id.0 as usize]
    }

    /// All codes of a list, the main one first; never empty for lists made by the loader.
    pub fn list(&self, id: CodeList) -> &[CodeId] {
        &self.lists[id.0 as usize]
    }

    /// The main code of a list.
    pub fn first(&self, id: CodeList) -> &Code {
        self.code(self.lists[id.0 as usize][0])
    }

    /// The text.
    pub fn symbol(&self, id: Symbol) -> &str {
        &self.symbols[id.0 as usize]
    }

    /// The attribute's name.
    pub fn attribute(&self, id: AttributeId) -> &str {
        &self.attributes[id.0 as usize]
    }

    /// An attribute by name, if any module or the lifecycle knows it.
    pub fn find_attribute(&self, name: &str) -> Option<AttributeId> {
        self.attribute_ids.get(name).copied()
    }

    /// A code by system and code.
    pub fn find_code(&self, system: SystemId, code: &str) -> Option<CodeId> {
        self.code_ids.get(&(system, code.into())).copied()
    }

    /// A list of codes, if known.
    pub fn find_list(&self, codes: &[CodeId]) -> Option<CodeList> {
        self.list_ids.get(codes).copied()
    }

    /// A text, if known.
    pub fn find_symbol(&self, text: &str) -> Option<Symbol> {
        self.symbol_ids.get(text).copied()
    }

    /// How many attributes there are.
    pub fn attributes(&self) -> usize {
        self.attributes.len()
    }

    /// How many lists of codes there are.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// How many codes there are.
    pub fn codes(&self) -> usize {
        self.codes.len()
    }
}
