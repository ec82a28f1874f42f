//! The R4 element tables: which elements a type has, their types, cardinalities and choices.
//!
//! Compiled from the official package into a committed table by `examples/compile_definitions`,
//! read once on first use (a few milliseconds).
//!
//! Always true:
//! - numbers 0 to 145 are the resource types in alphabetical order, and so are their [`TypeId`]s;
//! - the elements of a structure have consecutive [`ElementId`]s in definition order, inherited
//!   ones first.
//!
//! Spec: <https://hl7.org/fhir/R4/elementdefinition.html>

use std::collections::HashMap;
use std::sync::LazyLock;

/// One of the 146 R4 resource types that can be instantiated (R4's list of 148 counts the
/// abstract `Resource` and `DomainResource`). The number is its place in the alphabetical list,
/// which R4 froze; it is written into storage keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType(u8);

impl ResourceType {
    /// How many there are; numbers are below this.
    pub const COUNT: u8 = 146;

    /// The type called `name`, case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        let tables = tables();
        tables
            .find(&tables.resources, Key::of(name.as_bytes()), name.as_bytes())
            .map(|entry| Self(entry.element.0 as u8))
    }

    /// All types in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// FHIR's name, such as `Patient`.
    pub fn name(self) -> &'static str {
        self.type_id().name()
    }

    /// The name in lower case, as tables are called.
    pub fn table(self) -> &'static str {
        tables().structure(self.type_id()).table
    }

    /// The number used in storage keys.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The type with this storage number.
    pub fn from_number(number: u8) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }

    /// The structure of this resource.
    pub fn type_id(self) -> TypeId {
        TypeId(u16::from(self.0))
    }
}

impl std::fmt::Display for ResourceType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A structure: a resource, a datatype, a backbone element, or a primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u16);

impl TypeId {
    /// `Patient`, `CodeableConcept`, `Patient.contact`, `string`.
    pub fn name(self) -> &'static str {
        tables().structure(self).name
    }

    /// The structure called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        tables().by_name.get(name).copied()
    }

    /// The resource type this is the structure of, if it is one.
    pub fn resource_type(self) -> Option<ResourceType> {
        u8::try_from(self.0).ok().and_then(ResourceType::from_number)
    }

    /// The primitive this is, if it is one.
    pub fn primitive(self) -> Option<Primitive> {
        tables().structure(self).primitive
    }

    /// True for `contained`, `Bundle.entry.resource` and the like: the object's own
    /// `resourceType` says what it is.
    pub fn is_any_resource(self) -> bool {
        tables().any_resource == self
    }

    /// The structure of a primitive's companion (`_birthDate`): `id` and `extension`.
    pub fn companion() -> Self {
        tables().companion
    }

    /// The elements in definition order; a choice `value[x]` is spelt out as `valueQuantity`, ….
    pub fn elements(self) -> impl Iterator<Item = ElementId> {
        let structure = tables().structure(self);
        (structure.first..structure.first + structure.count).map(ElementId)
    }

    /// The element with this JSON name.
    pub fn element(self, name: &str) -> Option<ElementId> {
        let tables = tables();
        let bytes = name.as_bytes();
        tables
            .find(&tables.structure(self).lookup, Key::of(bytes), bytes)
            .map(|entry| entry.element)
    }
}

/// One element of a structure, by its JSON name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementId(pub(crate) u16);

impl ElementId {
    /// The JSON name: `birthDate`, `valueQuantity`.
    pub fn name(self) -> &'static str {
        tables().row(self).name
    }

    /// The name in lower case, as columns are called.
    pub fn column(self) -> &'static str {
        tables().row(self).column
    }

    /// The type of one value.
    pub fn type_id(self) -> TypeId {
        tables().row(self).type_id
    }

    /// The structure that has this element.
    pub fn owner(self) -> TypeId {
        tables().row(self).owner
    }

    /// Whether values come in a JSON array (`max` is not 0 or 1).
    pub fn is_list(self) -> bool {
        tables().row(self).list
    }

    /// Lowest number of values; for a choice, of the whole choice.
    pub fn min(self) -> u8 {
        tables().row(self).min
    }

    /// For an element of a choice, the name before `[x]`: `value` for `valueQuantity`.
    pub fn choice(self) -> Option<&'static str> {
        tables().row(self).choice
    }

    /// Part of the summary view: a column even before data has it.
    ///
    /// Spec: <https://hl7.org/fhir/R4/search.html#summary>
    pub fn is_summary(self) -> bool {
        tables().row(self).summary
    }

    /// The dense number, for tables indexed by element; below [`ElementId::count`].
    pub fn number(self) -> u16 {
        self.0
    }

    /// How many elements all structures have together.
    pub fn count() -> usize {
        tables().elements.len()
    }
}

/// R4's primitive types.
///
/// Spec: <https://hl7.org/fhir/R4/datatypes.html#primitive>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Primitive {
    Boolean,
    Integer,
    PositiveInt,
    UnsignedInt,
    Decimal,
    String,
    Code,
    Id,
    Uri,
    Url,
    Canonical,
    Oid,
    Uuid,
    Markdown,
    Base64Binary,
    Date,
    DateTime,
    Instant,
    Time,
    Xhtml,
}

impl Primitive {
    /// FHIR's name: `dateTime`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::PositiveInt => "positiveInt",
            Self::UnsignedInt => "unsignedInt",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::Code => "code",
            Self::Id => "id",
            Self::Uri => "uri",
            Self::Url => "url",
            Self::Canonical => "canonical",
            Self::Oid => "oid",
            Self::Uuid => "uuid",
            Self::Markdown => "markdown",
            Self::Base64Binary => "base64Binary",
            Self::Date => "date",
            Self::DateTime => "dateTime",
            Self::Instant => "instant",
            Self::Time => "time",
            Self::Xhtml => "xhtml",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        const ALL: [Primitive; 20] = [
            Primitive::Boolean,
            Primitive::Integer,
            Primitive::PositiveInt,
            Primitive::UnsignedInt,
            Primitive::Decimal,
            Primitive::String,
            Primitive::Code,
            Primitive::Id,
            Primitive::Uri,
            Primitive::Url,
            Primitive::Canonical,
            Primitive::Oid,
            Primitive::Uuid,
            Primitive::Markdown,
            Primitive::Base64Binary,
            Primitive::Date,
            Primitive::DateTime,
            Primitive::Instant,
            Primitive::Time,
            Primitive::Xhtml,
        ];
        ALL.into_iter().find(|primitive| primitive.name() == name)
    }
}

/// The tables, read on first use.
#[inline]
pub(crate) fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> =
        LazyLock::new(|| Tables::read(include_str!("definitions/elements.tsv")));
    &TABLES
}

/// Everything the committed table says, laid out for the parser.
pub(crate) struct Tables {
    structures: Vec<Structure>,
    elements: Vec<Row>,
    entries: Vec<Entry>,
    resources: Lookup,
    by_name: HashMap<&'static str, TypeId>,
    any_resource: TypeId,
    companion: TypeId,
}

/// A structure as the parser needs it.
pub(crate) struct Structure {
    name: &'static str,
    table: &'static str,
    primitive: Option<Primitive>,
    first: u16,
    count: u16,
    /// Where its elements are found by name.
    pub lookup: Lookup,
    /// Bit per place of an element with `min` above 0.
    pub required: u64,
    /// Bit per place of a choice.
    pub choices: u64,
}

/// An element in full; what the parser needs per key is in [`Entry`].
struct Row {
    name: &'static str,
    column: &'static str,
    choice: Option<&'static str>,
    type_id: TypeId,
    owner: TypeId,
    list: bool,
    min: u8,
    summary: bool,
    place: u8,
}

/// A hash table of names within [`Tables::entries`]: open addressing, at most a third full.
#[derive(Clone, Copy)]
pub(crate) struct Lookup {
    start: u32,
    mask: u32,
}

/// What the parser needs to know about a key, in one place.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    key: Key,
    /// The element (for resource names: the resource's number).
    pub element: ElementId,
    /// The type of one value.
    pub type_id: TypeId,
    /// Place of the element within its structure; the types of one choice share theirs.
    pub place: u8,
    /// What a value must look like, if it is a primitive.
    pub primitive: Option<Primitive>,
    /// Comes in an array.
    pub list: bool,
    /// A primitive that cannot have an id or extensions: `Element.id`, `Extension.url`, xhtml.
    pub bare: bool,
}

/// A name's first eight and last eight bytes and its length: up to 16 bytes they are the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    first: u64,
    last: u64,
    length: u32,
}

impl Key {
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Self {
        let length = name.len() as u32;
        if let Some(first) = name.first_chunk::<8>() {
            let last = name.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
            Self { first: u64::from_le_bytes(*first), last, length }
        } else {
            let mut first = [0; 8];
            first[..name.len()].copy_from_slice(name);
            Self { first: u64::from_le_bytes(first), last: 0, length }
        }
    }

    /// The key of `text[start..end]`, reading past the end where the text goes on.
    #[inline]
    pub(crate) fn at(text: &[u8], start: usize, end: usize) -> Self {
        let length = end - start;
        match text.get(start..).and_then(<[u8]>::first_chunk::<8>) {
            Some(chunk) if length < 8 => {
                let first = u64::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1);
                Self { first, last: 0, length: length as u32 }
            }
            _ => Self::of(&text[start..end]),
        }
    }

    #[inline]
    fn hash(self) -> u32 {
        let mixed = (self.first ^ self.last.rotate_left(23) ^ u64::from(self.length))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 40) as u32
    }
}

const VACANT: Entry = Entry {
    key: Key { first: 0, last: 0, length: u32::MAX },
    element: ElementId(u16::MAX),
    type_id: TypeId(u16::MAX),
    place: 0,
    primitive: None,
    list: false,
    bare: false,
};

impl Tables {
    #[inline]
    pub(crate) fn structure(&self, type_id: TypeId) -> &Structure {
        &self.structures[usize::from(type_id.0)]
    }

    #[inline]
    fn row(&self, element: ElementId) -> &Row {
        &self.elements[usize::from(element.0)]
    }

    /// The structure whose value says itself what it is.
    #[inline]
    pub(crate) fn any_resource(&self) -> TypeId {
        self.any_resource
    }

    /// The structure of a primitive's companion.
    #[inline]
    pub(crate) fn companion(&self) -> TypeId {
        self.companion
    }

    /// The place of an element within its structure.
    pub(crate) fn place(&self, element: ElementId) -> u8 {
        self.row(element).place
    }

    /// The resource type called `name`.
    #[inline]
    pub(crate) fn resource(&self, name: &[u8]) -> Option<ResourceType> {
        self.find(&self.resources, Key::of(name), name)
            .map(|entry| ResourceType(entry.element.0 as u8))
    }

    /// The entry for a name of which `key` is the key.
    #[inline]
    pub(crate) fn find(&self, lookup: &Lookup, key: Key, name: &[u8]) -> Option<&Entry> {
        let mut at = key.hash();
        loop {
            let entry = &self.entries[(lookup.start + (at & lookup.mask)) as usize];
            if entry.key == key
                && (key.length <= 16 || self.name_of(lookup, entry).as_bytes() == name)
            {
                return Some(entry);
            }
            if entry.key.length == u32::MAX {
                return None;
            }
            at += 1;
        }
    }

    fn name_of(&self, lookup: &Lookup, entry: &Entry) -> &'static str {
        if lookup.start == self.resources.start {
            self.structures[usize::from(entry.element.0)].name
        } else {
            self.row(entry.element).name
        }
    }

    fn read(text: &'static str) -> Self {
        // Resource types take the first numbers; everything else follows in file order.
        let headers = || {
            text.lines().filter(|line| !line.starts_with(['#', '\t'])).map(|line| line.split('\t'))
        };
        let named = |wanted: fn(&str) -> bool| {
            headers().filter_map(move |mut fields| {
                let kind = fields.next()?;
                (kind != "open" && wanted(kind)).then(|| (kind, fields.next().unwrap_or_default()))
            })
        };
        let mut tables = Self {
            structures: Vec::new(),
            elements: Vec::new(),
            entries: Vec::new(),
            resources: Lookup { start: u32::MAX, mask: 0 },
            by_name: HashMap::new(),
            any_resource: TypeId(0),
            companion: TypeId(0),
        };
        for (kind, name) in named(|kind| kind == "resource").chain(named(|kind| kind != "resource"))
        {
            tables.by_name.insert(name, TypeId(tables.structures.len() as u16));
            tables.structures.push(Structure {
                name,
                table: "",
                primitive: if kind == "primitive" { Primitive::parse(name) } else { None },
                first: 0,
                count: 0,
                lookup: Lookup { start: 0, mask: 0 },
                required: 0,
                choices: 0,
            });
        }
        tables.any_resource = tables.by_name["Resource"];
        tables.companion = tables.by_name["Element"];

        // Own elements as written, by structure; then every structure gets its base's first.
        let mut written: Vec<(&str, Vec<&str>)> = vec![("", Vec::new()); tables.structures.len()];
        let mut open = "";
        let mut current = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(element) = line.strip_prefix('\t') {
                written[current].1.push(element);
                continue;
            }
            let mut fields = line.split('\t');
            let (kind, name) =
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            if kind == "open" {
                open = name;
            } else {
                current = usize::from(tables.by_name[name].0);
                written[current].0 = fields.next().unwrap_or_default();
            }
        }
        let lowered = Lowered::of(text);
        for index in 0..written.len() {
            tables.fill(index, &written, open, &lowered);
        }
        tables.resources = Lookup { start: tables.entries.len() as u32, mask: 1023 };
        tables.entries.resize(tables.entries.len() + 1024, VACANT);
        for number in 0..u16::from(ResourceType::COUNT) {
            let key = Key::of(tables.structures[usize::from(number)].name.as_bytes());
            let entry =
                Entry { key, element: ElementId(number), type_id: TypeId(number), ..VACANT };
            tables.insert(tables.resources, entry);
        }
        tables
    }

    /// Adds the elements of one structure.
    fn fill(
        &mut self,
        index: usize,
        written: &[(&'static str, Vec<&'static str>)],
        open: &'static str,
        lowered: &Lowered,
    ) {
        let mut chain = vec![index];
        while let Some(base) = self.by_name.get(written[chain[chain.len() - 1]].0) {
            chain.push(usize::from(base.0));
        }
        let first = self.elements.len() as u16;
        let (mut required, mut choices, mut place) = (0u64, 0u64, 0u8);
        self.structures[index].table = lowered.of_name(self.structures[index].name);
        let own_lines = chain.iter().rev().flat_map(|at| &written[*at].1);
        // A primitive's id and extensions are its companion's; it has no elements of its own.
        for line in own_lines.filter(|_| self.structures[index].primitive.is_none()) {
            let mut fields = line.split('\t');
            let (name, types) =
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            let range = fields.next().unwrap_or_default();
            let summary = fields.next() == Some("s");
            let min = u8::from(!range.starts_with('0'));
            let list = range.ends_with('*');
            let choice = name.strip_suffix("[x]");
            let types = if types == "*" { open } else { types };
            required |= u64::from(min) << place;
            choices |= u64::from(choice.is_some()) << place;
            for type_name in types.split(' ') {
                let name = match choice {
                    Some(stem) => lowered.choice(stem, type_name),
                    None => (name, lowered.of_name(name)),
                };
                self.elements.push(Row {
                    name: name.0,
                    column: name.1,
                    choice,
                    type_id: self.by_name[type_name],
                    owner: TypeId(index as u16),
                    list,
                    min,
                    summary,
                    place,
                });
            }
            place += 1;
        }
        let count = self.elements.len() as u16 - first;
        let size = (usize::from(count) * 3).next_power_of_two().max(4);
        let lookup = Lookup { start: self.entries.len() as u32, mask: size as u32 - 1 };
        self.entries.resize(self.entries.len() + size, VACANT);
        let resource = index < usize::from(ResourceType::COUNT);
        let extension = self.by_name["Extension"];
        for number in first..first + count {
            let row = &self.elements[usize::from(number)];
            let primitive = self.structures[usize::from(row.type_id.0)].primitive;
            let bare = match row.name {
                "id" => !resource && TypeId(index as u16) != self.any_resource && row.place == 0,
                "url" => row.owner == extension,
                _ => primitive == Some(Primitive::Xhtml),
            };
            let entry = Entry {
                key: Key::of(row.name.as_bytes()),
                element: ElementId(number),
                type_id: row.type_id,
                place: row.place,
                primitive,
                list: row.list,
                bare,
            };
            self.insert(lookup, entry);
        }
        let structure = &mut self.structures[index];
        (structure.first, structure.count, structure.lookup) = (first, count, lookup);
        (structure.required, structure.choices) = (required, choices);
    }

    fn insert(&mut self, lookup: Lookup, entry: Entry) {
        let mut at = entry.key.hash();
        loop {
            let slot = &mut self.entries[(lookup.start + (at & lookup.mask)) as usize];
            if slot.key.length == u32::MAX {
                *slot = entry;
                return;
            }
            at += 1;
        }
    }
}

/// Names that the committed text does not hold as such, made once and kept for good.
struct Lowered {
    lower: HashMap<&'static str, &'static str>,
    choices: HashMap<(&'static str, &'static str), (&'static str, &'static str)>,
}

impl Lowered {
    fn of(text: &'static str) -> Self {
        let mut lowered = Self { lower: HashMap::new(), choices: HashMap::new() };
        let mut open = "";
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.trim_start_matches('\t').split('\t');
            let (first, second) =
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            if first == "open" {
                open = second;
            } else if !line.starts_with('\t') {
                lowered.lower.entry(second).or_insert_with(|| leak(second.to_ascii_lowercase()));
            } else if let Some(stem) = first.strip_suffix("[x]") {
                for type_name in (if second == "*" { open } else { second }).split(' ') {
                    lowered.choices.entry((stem, type_name)).or_insert_with(|| {
                        let mut name = String::with_capacity(stem.len() + type_name.len());
                        name.push_str(stem);
                        name.push(type_name.as_bytes()[0].to_ascii_uppercase() as char);
                        name.push_str(&type_name[1..]);
                        let column = leak(name.to_ascii_lowercase());
                        (leak(name), column)
                    });
                }
            } else {
                lowered.lower.entry(first).or_insert_with(|| leak(first.to_ascii_lowercase()));
            }
        }
        lowered
    }

    fn of_name(&self, name: &'static str) -> &'static str {
        self.lower[name]
    }

    fn choice(&self, stem: &'static str, type_name: &'static str) -> (&'static str, &'static str) {
        self.choices[&(stem, type_name)]
    }
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_types_are_numbered_alphabetically() {
        let names: Vec<_> = ResourceType::all().map(ResourceType::name).collect();
        assert_eq!(names.len(), 146);
        assert!(names.is_sorted());
        assert_eq!((names[0], names[145]), ("Account", "VisionPrescription"));
        for (number, name) in names.iter().enumerate() {
            let parsed = ResourceType::parse(name).expect("a resource type");
            assert_eq!(usize::from(parsed.number()), number);
            assert_eq!(parsed.type_id().resource_type(), Some(parsed));
            assert_eq!(parsed.table(), name.to_lowercase());
        }
        assert_eq!(ResourceType::parse("Resource"), None);
        assert_eq!(ResourceType::parse("patient"), None);
        assert_eq!(ResourceType::parse(""), None);
        assert_eq!(ResourceType::from_number(146), None);
    }

    #[test]
    fn every_element_is_found_by_its_name() {
        let mut found = 0;
        for type_id in (0..tables().structures.len() as u16).map(TypeId) {
            for element in type_id.elements() {
                assert_eq!(
                    type_id.element(element.name()),
                    Some(element),
                    "{}.{}",
                    type_id.name(),
                    element.name()
                );
                assert_eq!(element.owner(), type_id);
                assert_eq!(element.column(), element.name().to_lowercase());
                found += 1;
            }
            assert_eq!(type_id.element("nope"), None);
            assert_eq!(TypeId::parse(type_id.name()), Some(type_id));
        }
        assert_eq!(found, ElementId::count());
    }

    #[test]
    fn inherited_elements_come_first() {
        let patient = ResourceType::parse("Patient").expect("a resource type").type_id();
        let names: Vec<_> = patient.elements().map(ElementId::name).collect();
        assert_eq!(
            names[..10],
            [
                "id",
                "meta",
                "implicitRules",
                "language",
                "text",
                "contained",
                "extension",
                "modifierExtension",
                "identifier",
                "active"
            ]
        );
    }

    #[test]
    fn choices_lists_and_references_to_content_are_spelt_out() {
        let element = |owner: &str, name: &str| {
            TypeId::parse(owner)
                .expect("a type")
                .element(name)
                .unwrap_or_else(|| panic!("{owner}.{name}"))
        };
        let value = element("Observation", "valueQuantity");
        assert_eq!(
            (value.choice(), value.type_id().name(), value.min()),
            (Some("value"), "Quantity", 0)
        );
        assert_eq!(element("Extension", "valueMeta").column(), "valuemeta");
        assert!(element("Patient", "name").is_list());
        assert_eq!(element("Questionnaire.item", "item").type_id().name(), "Questionnaire.item");
        assert!(element("Bundle.entry", "resource").type_id().is_any_resource());
        assert_eq!(element("Patient", "id").type_id().primitive(), Some(Primitive::Id));
        assert_eq!(element("Extension", "url").type_id().primitive(), Some(Primitive::Uri));
        assert_eq!(element("Narrative", "div").type_id().primitive(), Some(Primitive::Xhtml));
        assert_eq!(
            (element("Observation", "status").min(), element("Observation", "status").is_summary()),
            (1, true)
        );
        assert_eq!(element("Age", "value").type_id().primitive(), Some(Primitive::Decimal));
        assert_eq!(TypeId::parse("Extension").expect("a type").elements().count(), 53);
    }
}
