//! The search parameters, compiled from the official definitions into a committed table.
//!
//! `parameters.tsv` has a line for each base type and code; `examples/compile_search_parameters`
//! writes it; `parameters_findings.tsv`, written by hand, goes on with those for what was read in
//! notes. The columns: storage number, base type (`*` serves every type), code, kind, target
//! types, systems implied by plain codes, URL, FHIRPath expression, steps. The steps are the
//! expression in JSON names, one term for each place and type a value can have:
//!
//! ```text
//! component.valueQuantity:Quantity        members, and the type of the last
//! telecom[system=phone]:ContactPoint      only items whose member equals
//! subject[is Patient]:Reference           only references to that type
//! entry[0].resource:Resource              only the first item
//! item[has http://…].answer:…             only items with that extension
//! deceasedDateTime:exists                 `true` when there, and
//! :exists                                 `false` when no other term gave a value
//! ```
//!
//! A composite lists its components instead, `00:clinical-code=code`; a special one has no steps.
//!
//! Spec: <https://hl7.org/fhir/R4/searchparameter.html>

use crate::ResourceType;
use std::sync::LazyLock;

/// What a parameter's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ParameterKind {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

impl ParameterKind {
    /// FHIR's name, such as `token`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::String => "string",
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Composite => "composite",
            Self::Quantity => "quantity",
            Self::Uri => "uri",
            Self::Special => "special",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        use ParameterKind::{
            Composite, Date, Number, Quantity, Reference, Special, String, Token, Uri,
        };
        [Number, Date, String, Token, Reference, Composite, Quantity, Uri, Special]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A parameter's storage number: one per (base type, code) row of the committed table, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub u16);

impl ParameterId {
    /// `_id`, which the store answers from its own keys.
    pub const ID: Self = Self(2);
    /// `_lastUpdated`, which the store answers from commit times.
    pub const LAST_UPDATED: Self = Self(3);
}

/// One search parameter on one base type.
#[derive(Debug)]
pub struct Parameter {
    /// Storage number.
    pub id: ParameterId,
    /// The name in a query: `code`, `_lastUpdated`.
    pub code: &'static str,
    /// The resource type it searches, or `None` when it serves every type (`_id`, `_tag`, …).
    pub base: Option<ResourceType>,
    /// What its values are.
    pub kind: ParameterKind,
    /// For references, the types they may point to.
    pub targets: Vec<ResourceType>,
    /// Code systems that values without one belong to: `gender` holds plain codes, and its
    /// definition says from which system. Index values carry no system in that case.
    pub systems: Vec<&'static str>,
    /// R4's canonical URL of the definition.
    pub url: &'static str,
    /// R4's FHIRPath expression, for the capability statement and docs.
    pub expression: &'static str,
    /// The expression compiled, as described at the top of this file.
    pub(crate) steps: &'static str,
}

static ROWS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    let rows: Vec<_> = [include_str!("parameters.tsv"), include_str!("parameters_findings.tsv")]
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('#'))
        .map(read)
        .collect();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(
            usize::from(row.id.0),
            number,
            "the committed table numbers its rows without gaps"
        );
    }
    rows
});

static BY_TYPE: LazyLock<Vec<Vec<&'static Parameter>>> = LazyLock::new(|| {
    let common: Vec<_> = ROWS.iter().filter(|row| row.base.is_none()).collect();
    let mut by_type: Vec<Vec<_>> = ResourceType::all().map(|_| common.clone()).collect();
    for row in ROWS.iter() {
        if let Some(base) = row.base {
            by_type[usize::from(base.number())].push(row);
        }
    }
    by_type.iter_mut().for_each(|rows| rows.sort_unstable_by_key(|row| row.code));
    by_type
});

impl Parameter {
    /// The parameter called `code` on a type, own or common to all types.
    pub fn find(resource_type: ResourceType, code: &str) -> Option<&'static Parameter> {
        let rows = Self::of(resource_type);
        rows.binary_search_by_key(&code, |row| row.code).ok().map(|at| rows[at])
    }

    /// By storage number.
    pub fn by_id(id: ParameterId) -> Option<&'static Parameter> {
        ROWS.get(usize::from(id.0))
    }

    /// Every parameter there is, by storage number.
    pub fn all() -> &'static [Parameter] {
        &ROWS
    }

    /// Every parameter usable on a type, by code.
    pub fn of(resource_type: ResourceType) -> &'static [&'static Parameter] {
        &BY_TYPE[usize::from(resource_type.number())]
    }

    /// The known code nearest to a misspelt one.
    pub fn nearest(resource_type: ResourceType, code: &str) -> Option<&'static str> {
        nearest(code, Self::of(resource_type).iter().map(|row| row.code))
    }

    /// Whether values have an order to sort by, and tests to search by.
    pub fn is_searchable(&self) -> bool {
        let is_own = self.id == ParameterId::ID || self.id == ParameterId::LAST_UPDATED;
        is_own
            || !(matches!(self.kind, ParameterKind::Composite | ParameterKind::Special)
                || self.steps.is_empty())
    }
}

/// The candidate that takes the fewest edits, unless so many that it would mislead.
pub(super) fn nearest<'a>(
    code: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let wanted: Vec<char> = plain(code).chars().take(64).collect();
    let limit = (wanted.len() / 2).max(2);
    candidates
        .map(|candidate| (edits(&wanted, &plain(candidate).chars().collect::<Vec<_>>()), candidate))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, _)| *edits <= limit)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours from one word to the other.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 0..left.len() {
        let mut row = vec![i + 1];
        for j in 0..right.len() {
            let mut best =
                (last[j] + usize::from(left[i] != right[j])).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

fn read(line: &'static str) -> Parameter {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().expect("the committed table has nine columns");
    Parameter {
        id: ParameterId(cell().parse().expect("a number")),
        base: match cell() {
            "*" => None,
            name => Some(ResourceType::parse(name).expect("a resource type")),
        },
        code: cell(),
        kind: ParameterKind::parse(cell()).expect("a kind"),
        targets: cell().split_whitespace().filter_map(ResourceType::parse).collect(),
        systems: cell().split_whitespace().collect(),
        url: cell(),
        expression: cell(),
        steps: cell(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource_type(name: &str) -> ResourceType {
        ResourceType::parse(name).expect("a resource type")
    }

    #[test]
    fn every_type_has_its_own_parameters_and_the_common_ones() {
        for resource_type in ResourceType::all() {
            for parameter in Parameter::of(resource_type) {
                let found = Parameter::find(resource_type, parameter.code).expect("it is listed");
                assert_eq!(found.id, parameter.id);
                assert!(parameter.base.is_none_or(|base| base == resource_type));
            }
            assert!(Parameter::find(resource_type, "_lastUpdated").is_some());
        }
        assert_eq!(Parameter::by_id(ParameterId::ID).expect("a row").code, "_id");
        assert_eq!(
            Parameter::by_id(ParameterId::LAST_UPDATED).expect("a row").code,
            "_lastUpdated"
        );
    }

    #[test]
    fn every_parameter_but_composite_and_special_ones_has_steps() {
        let without: Vec<_> = Parameter::all()
            .iter()
            .filter(|row| row.steps.is_empty())
            .map(|row| row.code)
            .collect();
        assert_eq!(
            without,
            ["_content", "_filter", "_query", "_text", "near", "age", "birthOrderBoolean"],
            "the package gives these no expression, or special rules"
        );
    }

    #[test]
    fn a_misspelt_code_finds_its_neighbour() {
        let patient = resource_type("Patient");
        for (typed, meant) in [
            ("brithdate", Some("birthdate")),
            ("birthDate", Some("birthdate")),
            ("address_city", Some("address-city")),
            ("gendre", Some("gender")),
            ("_lastupdated", Some("_lastUpdated")),
            ("qwertyuiopasdfg", None),
        ] {
            assert_eq!(Parameter::nearest(patient, typed), meant, "`{typed}`");
        }
    }

    #[test]
    fn a_plain_code_knows_its_system() {
        let gender = Parameter::find(resource_type("Patient"), "gender").expect("a parameter");
        assert_eq!(gender.systems, ["http://hl7.org/fhir/administrative-gender"]);
        assert_eq!(gender.expression, "Patient.gender");
    }
}
