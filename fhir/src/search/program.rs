//! The compiled parameters of one resource type as a tree of states, so that a resource is
//! walked once for all of them.
//!
//! A state stands for "values at this path". Elements have numbers, those of a structure next to
//! each other, so a state's successors are a short array indexed by element. Conditions are
//! states of their own, entered with the same value.

use super::parameter::{Parameter, ParameterId, ParameterKind};
use crate::{ElementId, ResourceType, TypeId};
use std::sync::{LazyLock, OnceLock};

/// How a value at a path becomes index values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A primitive as a token.
    Code,
    Coding,
    CodeableConcept,
    Identifier,
    ContactPoint,
    /// The value is not looked at: `true`.
    Exists,
    /// A primitive as a string.
    Text,
    /// A datatype whose string members all count: names and addresses.
    Parts,
    Uri,
    /// A canonical as uri, with and without its version.
    CanonicalUri,
    Reference,
    /// A uri as reference; a canonical, with and without its version.
    Canonical,
    /// A resource inside a Bundle as reference to itself.
    Resource,
    Date,
    Period,
    Timing,
    Number,
    NumberRange,
    Quantity,
    Money,
    QuantityRange,
}

/// One conversion, and who wants its result.
#[derive(Debug)]
pub(super) struct Emit {
    pub form: Form,
    /// Members of the datatype by role; what each place means is the form's matter.
    pub members: Vec<ElementId>,
    /// For references, only those to a type.
    pub parameters: Vec<(ParameterId, Option<ResourceType>)>,
}

/// What a value must be for its guarded state to be entered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is the first of its list.
    First,
    /// It has a member with this text.
    Equals(ElementId, &'static str),
    /// It has an extension with this URL.
    Has { extension: ElementId, url: ElementId, is: &'static str },
}

/// Values at one path.
#[derive(Debug, Default)]
pub(super) struct State {
    first: u16,
    next: Box<[u16]>,
    pub guards: Box<[(Condition, u16)]>,
    pub emits: Box<[Emit]>,
}

impl State {
    /// The state of a member, if any parameter looks there.
    pub fn next(&self, element: ElementId) -> Option<u16> {
        let state = *self.next.get(usize::from(element.0.wrapping_sub(self.first)))?;
        (state != 0).then_some(state)
    }

    pub fn has_members(&self) -> bool {
        !self.next.is_empty()
    }
}

/// All states of a resource type; the first is the resource itself.
#[derive(Debug)]
pub(super) struct Program {
    pub states: Box<[State]>,
    /// Gets `false` when it had no other value: `Patient.deceased`.
    pub otherwise_false: Option<ParameterId>,
}

/// Members that conversions reach below the members named in their [`Emit`].
pub(super) struct Known {
    pub coding: [ElementId; 2],
    pub period: [ElementId; 2],
    pub quantity: [ElementId; 5],
    pub bounds: ElementId,
}

pub(super) static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let structure = |name| TypeId::parse(name).expect("R4 defines it");
    let repeat = element(structure("Timing"), "repeat").type_id();
    Known {
        coding: ["system", "code"].map(|name| element(structure("Coding"), name)),
        period: ["start", "end"].map(|name| element(structure("Period"), name)),
        quantity: ["value", "comparator", "unit", "system", "code"]
            .map(|name| element(structure("Quantity"), name)),
        bounds: element(repeat, "boundsPeriod"),
    }
});

/// The program of a type, compiled on first use.
pub(super) fn program(resource_type: ResourceType) -> &'static Program {
    static PROGRAMS: [OnceLock<Program>; ResourceType::COUNT as usize] =
        [const { OnceLock::new() }; ResourceType::COUNT as usize];
    PROGRAMS[usize::from(resource_type.number())].get_or_init(|| compile(resource_type))
}

/// A state while it is being built.
struct Draft {
    structure: TypeId,
    members: Vec<(ElementId, usize)>,
    guards: Vec<(Condition, usize)>,
    emits: Vec<Emit>,
}

impl Draft {
    fn new(structure: TypeId) -> Self {
        Self { structure, members: Vec::new(), guards: Vec::new(), emits: Vec::new() }
    }
}

fn compile(resource_type: ResourceType) -> Program {
    let mut drafts = vec![Draft::new(resource_type.type_id())];
    let mut otherwise_false = None;
    for parameter in Parameter::of(resource_type) {
        let is_own = parameter.id == ParameterId::ID || parameter.id == ParameterId::LAST_UPDATED;
        if is_own || !parameter.is_searchable() {
            continue;
        }
        for term in parameter.steps.split(" ; ") {
            let (path, type_name) = term.rsplit_once(':').expect("a term names its type");
            if path.is_empty() {
                otherwise_false = Some(parameter.id);
                continue;
            }
            let (state, mut only) = enter(&mut drafts, path);
            let form = form(parameter.kind, type_name);
            if form == Form::Resource {
                // Any resource can lie there; the parameter's target says which is meant.
                only = parameter.targets.first().copied();
            }
            let members = members(form, drafts[state].structure);
            let emits = &mut drafts[state].emits;
            match emits.iter_mut().find(|emit| emit.form == form) {
                Some(emit) => emit.parameters.push((parameter.id, only)),
                None => emits.push(Emit { form, members, parameters: vec![(parameter.id, only)] }),
            }
        }
    }
    Program { states: drafts.into_iter().map(finish).collect(), otherwise_false }
}

/// Follows a path from the resource, adding states where there are none yet; gives the last
/// state and the type that references there must have.
fn enter(drafts: &mut Vec<Draft>, path: &'static str) -> (usize, Option<ResourceType>) {
    let mut state = 0;
    let mut only = None;
    for step in steps(path) {
        let (name, condition) = match step.split_once('[') {
            Some((name, condition)) => (name, Some(condition.trim_end_matches(']'))),
            None => (step, None),
        };
        let member = element(drafts[state].structure, name);
        state = match drafts[state].members.iter().find(|(known, _)| *known == member) {
            Some((_, next)) => *next,
            None => {
                drafts.push(Draft::new(member.type_id()));
                let next = drafts.len() - 1;
                drafts[state].members.push((member, next));
                next
            }
        };
        let structure = drafts[state].structure;
        let Some(condition) = condition else { continue };
        let condition = if let Some(name) = condition.strip_prefix("is ") {
            only = Some(ResourceType::parse(name).expect("a resource type"));
            continue;
        } else if let Some(is) = condition.strip_prefix("has ") {
            let extension = element(structure, "extension");
            Condition::Has { extension, url: element(extension.type_id(), "url"), is }
        } else if let Some((name, value)) = condition.split_once('=') {
            Condition::Equals(element(structure, name), value)
        } else {
            assert_eq!(condition, "0", "R4 has no other index");
            Condition::First
        };
        state = match drafts[state].guards.iter().find(|(known, _)| *known == condition) {
            Some((_, next)) => *next,
            None => {
                drafts.push(Draft::new(structure));
                let next = drafts.len() - 1;
                drafts[state].guards.push((condition, next));
                next
            }
        };
    }
    (state, only)
}

/// A path cut at its dots, conditions left whole.
fn steps(path: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0;
    path.split(move |character| {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        character == '.' && depth == 0
    })
}

fn finish(mut draft: Draft) -> State {
    draft.members.sort_unstable_by_key(|(member, _)| *member);
    let first = draft.members.first().map_or(0, |(member, _)| member.0);
    let end = draft.members.last().map_or(0, |(member, _)| member.0 + 1);
    let mut next = vec![0; usize::from(end - first)];
    for (member, state) in draft.members {
        next[usize::from(member.0 - first)] = number(state);
    }
    State {
        first,
        next: next.into(),
        guards: draft
            .guards
            .into_iter()
            .map(|(condition, state)| (condition, number(state)))
            .collect(),
        emits: draft.emits.into(),
    }
}

fn number(state: usize) -> u16 {
    u16::try_from(state).expect("a type has some hundred states")
}

fn element(structure: TypeId, name: &str) -> ElementId {
    structure
        .element(name)
        .unwrap_or_else(|| panic!("the committed table names `{name}` of `{}`", structure.name()))
}

fn form(kind: ParameterKind, type_name: &str) -> Form {
    match (kind, type_name) {
        (ParameterKind::Token, "Coding") => Form::Coding,
        (ParameterKind::Token, "CodeableConcept") => Form::CodeableConcept,
        (ParameterKind::Token, "Identifier") => Form::Identifier,
        (ParameterKind::Token, "ContactPoint") => Form::ContactPoint,
        (ParameterKind::Token, "exists") => Form::Exists,
        (ParameterKind::Token, _) => Form::Code,
        (ParameterKind::String, "HumanName" | "Address") => Form::Parts,
        (ParameterKind::String, _) => Form::Text,
        (ParameterKind::Uri, "canonical") => Form::CanonicalUri,
        (ParameterKind::Uri, _) => Form::Uri,
        (ParameterKind::Reference, "Reference") => Form::Reference,
        (ParameterKind::Reference, "Resource") => Form::Resource,
        (ParameterKind::Reference, _) => Form::Canonical,
        (ParameterKind::Date, "Period") => Form::Period,
        (ParameterKind::Date, "Timing") => Form::Timing,
        (ParameterKind::Date, _) => Form::Date,
        (ParameterKind::Number, "Range") => Form::NumberRange,
        (ParameterKind::Number, _) => Form::Number,
        (ParameterKind::Quantity, "Range") => Form::QuantityRange,
        (ParameterKind::Quantity, "Money") => Form::Money,
        (ParameterKind::Quantity, _) => Form::Quantity,
        (ParameterKind::Composite | ParameterKind::Special, _) => {
            unreachable!("those are not searchable")
        }
    }
}

/// The members a conversion reads, in the order it expects them.
fn members(form: Form, structure: TypeId) -> Vec<ElementId> {
    let names: &[&str] = match form {
        Form::Coding => &["system", "code"],
        Form::CodeableConcept => &["coding"],
        Form::Identifier => &["system", "value"],
        Form::ContactPoint => &["value"],
        Form::Parts if structure.name() == "HumanName" => {
            &["text", "family", "given", "prefix", "suffix"]
        }
        Form::Parts => &["text", "line", "city", "district", "state", "postalCode", "country"],
        Form::Reference => &["reference", "type"],
        Form::Period => &["start", "end"],
        Form::Timing => &["event", "repeat"],
        Form::NumberRange | Form::QuantityRange => &["low", "high"],
        Form::Quantity => &["value", "comparator", "unit", "system", "code"],
        Form::Money => &["value", "currency"],
        Form::Code
        | Form::Exists
        | Form::Text
        | Form::Uri
        | Form::CanonicalUri
        | Form::Canonical
        | Form::Resource
        | Form::Date
        | Form::Number => &[],
    };
    names.iter().map(|name| element(structure, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_compiles() {
        let states: usize =
            ResourceType::all().map(|resource_type| program(resource_type).states.len()).sum();
        assert!(states > 2_000, "{states} states");
    }
}
