//! Resource to index values: one walk of the tree, driven by the compiled expressions.
//!
//! Which R4 datatype gives which value is settled here and nowhere else:
//! - a plain code carries no system (see [`Parameter::systems`](super::Parameter::systems));
//! - a `ContactPoint` as token is its value, without system;
//! - a `Timing` is the stretch from its first to its last event, or its bounds;
//! - a canonical counts with and without its version;
//! - a resource's number is exact, only a search's digits imply a range;
//! - display texts and narrative are not values.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#token> and the sections beside it

use super::program::{Condition, Emit, Form, KNOWN, program};
use crate::resource::Node;
use crate::{DateSpan, ElementId, Kind, Resource, ResourceType, search::ParameterId};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// One value a resource has for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A code with the system it belongs to; an empty system means none was given.
    Token {
        /// Namespace, or empty.
        system: &'a str,
        /// The code, identifier value or boolean; empty when only the system was given.
        code: &'a str,
    },
    /// Text folded by [`fold`].
    String(&'a str),
    /// A uri or canonical, as written.
    Uri(&'a str),
    /// Where a reference points.
    Reference(Target<'a>),
    /// The stretch of time covered.
    Date(DateSpan),
    /// A number or the ends of a range; equal for a plain number.
    Number {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A quantity or range with its unit.
    Quantity {
        /// Lower end; minus infinity when open.
        low: f64,
        /// Upper end; infinity when open.
        high: f64,
        /// Unit system or empty.
        system: &'a str,
        /// Unit code or empty.
        code: &'a str,
        /// Unit as shown or empty.
        unit: &'a str,
    },
}

/// Where a reference points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `Patient/123`, with any `_history` part dropped.
    Local {
        /// The type.
        resource_type: ResourceType,
        /// The logical id.
        id: &'a str,
    },
    /// Anything else: absolute URLs, `urn:uuid:…`. Contained (`#x`) references are not indexed.
    Url(&'a str),
}

impl<'a> Target<'a> {
    /// Reads what `Reference.reference` says; `None` for nothing or a contained resource.
    pub fn parse(reference: &'a str) -> Option<Self> {
        let reference = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
        if reference.is_empty() || reference.starts_with('#') {
            return None;
        }
        let local = reference.split_once('/').and_then(|(name, id)| {
            let resource_type = ResourceType::parse(name)?;
            is_id(id).then_some(Self::Local { resource_type, id })
        });
        Some(local.unwrap_or(Self::Url(reference)))
    }

    /// The type pointed to, as far as the text tells.
    pub fn resource_type(&self) -> Option<ResourceType> {
        match self {
            Self::Local { resource_type, .. } => Some(*resource_type),
            Self::Url(url) => {
                let mut parts = url.rsplit('/');
                parts.next()?;
                parts.next().and_then(ResourceType::parse)
            }
        }
    }
}

/// Whether a text can be a logical id.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Hands every index value of `resource` to `sink`. `_id` and `_lastUpdated` are not among them:
/// the store keeps those itself. The same (parameter, value) may come more than once.
pub fn extract(resource: &Resource, sink: &mut dyn FnMut(ParameterId, Value<'_>)) {
    Walk { sink, folded: String::new(), is_folding: true, otherwise_false: None }
        .resource(resource);
}

/// Like [`extract`], but with strings as the resource has them, for `:exact`.
pub fn extract_as_written(resource: &Resource, sink: &mut dyn FnMut(ParameterId, Value<'_>)) {
    Walk { sink, folded: String::new(), is_folding: false, otherwise_false: None }
        .resource(resource);
}

/// Folds text for string search: lower case, no accents, white space collapsed.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

fn fold_into(text: &str, folded: &mut String) {
    folded.clear();
    let mut push = |character: char| {
        if !character.is_whitespace() {
            folded.push(character);
        } else if !folded.is_empty() && !folded.ends_with(' ') {
            folded.push(' ');
        }
    };
    if text.is_ascii() {
        text.bytes().for_each(|byte| push(char::from(byte.to_ascii_lowercase())));
    } else {
        let is_letter = |character: &char| !is_combining_mark(*character);
        // Decomposed before and after lowering: either can bring out what the other removes.
        let lowered = text.nfkd().filter(is_letter).flat_map(char::to_lowercase);
        lowered.nfkd().filter(is_letter).for_each(&mut push);
    }
    folded.truncate(folded.trim_end().len());
}

struct Walk<'s> {
    sink: &'s mut dyn FnMut(ParameterId, Value<'_>),
    /// Reused for every string.
    folded: String,
    is_folding: bool,
    /// A parameter that is `false` unless it gets a value.
    otherwise_false: Option<ParameterId>,
}

impl Walk<'_> {
    fn resource(mut self, resource: &Resource) {
        let program = program(resource.resource_type());
        self.otherwise_false = program.otherwise_false;
        self.value(&program.states, 0, resource.root(), true);
        if let Some(parameter) = self.otherwise_false {
            (self.sink)(parameter, Value::Token { system: "", code: "false" });
        }
    }

    fn value(
        &mut self,
        states: &[super::program::State],
        state: u16,
        node: Node<'_>,
        is_first: bool,
    ) {
        let state = &states[usize::from(state)];
        for emit in &state.emits {
            self.emit(emit, node);
        }
        for (condition, next) in &state.guards {
            if holds(condition, node, is_first) {
                self.value(states, *next, node, is_first);
            }
        }
        if !state.has_members() {
            return;
        }
        for member in node.children() {
            let Some(next) = member.element().and_then(|element| state.next(element)) else {
                continue;
            };
            if member.is_companion() {
                continue;
            }
            if member.kind() == Kind::Array {
                for (at, item) in member.children().enumerate() {
                    self.value(states, next, item, at == 0);
                }
            } else {
                self.value(states, next, member, true);
            }
        }
    }

    fn emit(&mut self, emit: &Emit, node: Node<'_>) {
        let is_object = node.kind() == Kind::Object;
        let is_primitive = !is_object && !matches!(node.kind(), Kind::Array | Kind::Null);
        match emit.form {
            Form::Exists => self.give(emit, &Value::Token { system: "", code: "true" }),
            Form::Resource if is_object => {
                let id = node.get("id").map(Node::text);
                if let (Some(resource_type), Some(id)) = (node.resource_type(), id) {
                    self.target(emit, &Target::Local { resource_type, id: &id }, None);
                }
            }
            Form::Code if is_primitive => {
                self.give(emit, &Value::Token { system: "", code: &node.text() })
            }
            Form::Text if is_primitive => self.string(emit, &node.text()),
            Form::Uri if is_primitive => self.give(emit, &Value::Uri(&node.text())),
            Form::CanonicalUri if is_primitive => {
                let text = node.text();
                versions(&text, |uri| self.give(emit, &Value::Uri(uri)));
            }
            Form::Canonical if is_primitive => {
                let text = node.text();
                versions(&text, |uri| {
                    if let Some(target) = Target::parse(uri) {
                        self.target(emit, &target, None);
                    }
                });
            }
            Form::Date if is_primitive => {
                if let Ok(span) = DateSpan::parse(&node.text()) {
                    self.give(emit, &Value::Date(span));
                }
            }
            Form::Number if is_primitive => {
                if let Some(value) = number(node) {
                    self.give(emit, &Value::Number { low: value, high: value });
                }
            }
            _ if is_object => self.datatype(emit, node),
            _ => {}
        }
    }

    fn datatype(&mut self, emit: &Emit, node: Node<'_>) {
        let members = &*emit.members;
        match emit.form {
            Form::Coding => self.coding(emit, node),
            Form::CodeableConcept => {
                for coding in pick(node, [members[0]])[0].into_iter().flat_map(Node::each) {
                    self.coding(emit, coding);
                }
            }
            Form::Identifier => {
                let [system, value] = texts(node, [members[0], members[1]]);
                self.token(emit, &system, &value);
            }
            Form::ContactPoint => {
                let [value] = texts(node, [members[0]]);
                self.token(emit, "", &value);
            }
            Form::Parts => {
                for member in node.children().filter(|member| !member.is_companion()) {
                    if member.element().is_some_and(|element| members.contains(&element)) {
                        for part in member.each().filter(|part| part.kind() != Kind::Null) {
                            self.string(emit, &part.text());
                        }
                    }
                }
            }
            Form::Reference => {
                let [reference, type_name] = texts(node, [members[0], members[1]]);
                if let Some(target) = Target::parse(&reference) {
                    self.target(emit, &target, ResourceType::parse(&type_name));
                }
            }
            Form::Period => {
                if let Some(span) = period(node, [members[0], members[1]]) {
                    self.give(emit, &Value::Date(span));
                }
            }
            Form::Timing => {
                if let Some(span) = timing(node, members) {
                    self.give(emit, &Value::Date(span));
                }
            }
            Form::Quantity => {
                if let Some((low, high)) = ends(node, [members[0], members[1]]) {
                    let [unit, system, code] = texts(node, [members[2], members[3], members[4]]);
                    self.give(
                        emit,
                        &Value::Quantity { low, high, system: &system, code: &code, unit: &unit },
                    );
                }
            }
            Form::Money => {
                let [value, currency] = pick(node, [members[0], members[1]]);
                if let Some(value) = value.and_then(number) {
                    let code = currency.map_or(Cow::Borrowed(""), Node::text);
                    let system = if code.is_empty() { "" } else { "urn:iso:std:iso:4217" };
                    self.give(
                        emit,
                        &Value::Quantity { low: value, high: value, system, code: &code, unit: "" },
                    );
                }
            }
            Form::NumberRange => {
                if let Some((low, high, _)) = range(node, members) {
                    self.give(emit, &Value::Number { low, high });
                }
            }
            Form::QuantityRange => {
                if let Some((low, high, unit_of)) = range(node, members) {
                    let [_, _, unit, system, code] = KNOWN.quantity;
                    let [unit, system, code] = texts(unit_of, [unit, system, code]);
                    self.give(
                        emit,
                        &Value::Quantity { low, high, system: &system, code: &code, unit: &unit },
                    );
                }
            }
            // Primitives, which the caller dealt with.
            _ => {}
        }
    }

    fn coding(&mut self, emit: &Emit, coding: Node<'_>) {
        let [system, code] = texts(coding, KNOWN.coding);
        self.token(emit, &system, &code);
    }

    fn token(&mut self, emit: &Emit, system: &str, code: &str) {
        if !(system.is_empty() && code.is_empty()) {
            self.give(emit, &Value::Token { system, code });
        }
    }

    fn string(&mut self, emit: &Emit, text: &str) {
        if !self.is_folding {
            return self.give(emit, &Value::String(text));
        }
        let mut folded = std::mem::take(&mut self.folded);
        fold_into(text, &mut folded);
        self.give(emit, &Value::String(&folded));
        self.folded = folded;
    }

    /// `named` is the type a reference names beside its text.
    fn target(&mut self, emit: &Emit, target: &Target<'_>, named: Option<ResourceType>) {
        let mut resource_type = None;
        for (parameter, only) in &emit.parameters {
            if only.is_some() {
                let resource_type =
                    *resource_type.get_or_insert_with(|| target.resource_type().or(named));
                if resource_type != *only {
                    continue;
                }
            }
            (self.sink)(*parameter, Value::Reference(target.clone()));
        }
    }

    fn give(&mut self, emit: &Emit, value: &Value<'_>) {
        for (parameter, _) in &emit.parameters {
            if self.otherwise_false == Some(*parameter) {
                self.otherwise_false = None;
            }
            (self.sink)(*parameter, value.clone());
        }
    }
}

fn holds(condition: &Condition, node: Node<'_>, is_first: bool) -> bool {
    match condition {
        Condition::First => is_first,
        Condition::Equals(member, text) => {
            pick(node, [*member])[0].is_some_and(|value| value.text() == *text)
        }
        Condition::Has { extension, url, is } => pick(node, [*extension])[0]
            .into_iter()
            .flat_map(Node::each)
            .any(|extension| pick(extension, [*url])[0].is_some_and(|url| url.text() == *is)),
    }
}

/// The members of an object with these elements.
fn pick<const N: usize>(node: Node<'_>, elements: [ElementId; N]) -> [Option<Node<'_>>; N] {
    let mut picked = [None; N];
    for member in node.children() {
        if let Some(element) = member.element()
            && let Some(at) = elements.iter().position(|wanted| *wanted == element)
            && !member.is_companion()
        {
            picked[at] = Some(member);
        }
    }
    picked
}

/// Their texts; empty where absent.
fn texts<const N: usize>(node: Node<'_>, elements: [ElementId; N]) -> [Cow<'_, str>; N] {
    pick(node, elements).map(|member| member.map_or(Cow::Borrowed(""), Node::text))
}

fn number(node: Node<'_>) -> Option<f64> {
    if node.kind() != Kind::Number {
        return None;
    }
    node.text().parse().ok().filter(|value: &f64| value.is_finite())
}

/// A canonical, and again without its version.
fn versions(canonical: &str, mut each: impl FnMut(&str)) {
    each(canonical);
    if let Some((bare, _)) = canonical.split_once('|') {
        each(bare);
    }
}

fn period(node: Node<'_>, elements: [ElementId; 2]) -> Option<DateSpan> {
    let [start, end] =
        pick(node, elements).map(|end| end.and_then(|end| DateSpan::parse(&end.text()).ok()));
    if start.is_none() && end.is_none() {
        return None;
    }
    let start_us = start.map_or(DateSpan::MIN_US, DateSpan::start_us);
    Some(DateSpan::between(start_us, end.map_or(DateSpan::MAX_US, DateSpan::end_us)))
}

fn timing(node: Node<'_>, members: &[ElementId]) -> Option<DateSpan> {
    let [events, repeat] = pick(node, [members[0], members[1]]);
    let events = events
        .into_iter()
        .flat_map(Node::each)
        .filter_map(|event| DateSpan::parse(&event.text()).ok());
    let bounds = repeat
        .and_then(|repeat| pick(repeat, [KNOWN.bounds])[0])
        .and_then(|bounds| period(bounds, KNOWN.period));
    events.chain(bounds).reduce(|all, one| {
        DateSpan::between(all.start_us().min(one.start_us()), all.end_us().max(one.end_us()))
    })
}

/// What a quantity's value and comparator leave possible.
fn ends(node: Node<'_>, elements: [ElementId; 2]) -> Option<(f64, f64)> {
    let [value, comparator] = pick(node, elements);
    let value = value.and_then(number)?;
    let comparator = comparator.map_or(Cow::Borrowed(""), Node::text);
    Some(match &*comparator {
        "<" | "<=" => (f64::NEG_INFINITY, value),
        ">" | ">=" => (value, f64::INFINITY),
        _ => (value, value),
    })
}

/// The ends of a range, and the one of its quantities that says the unit.
fn range<'a>(node: Node<'a>, members: &[ElementId]) -> Option<(f64, f64, Node<'a>)> {
    let [low, high] = pick(node, [members[0], members[1]]);
    let end = |end: Option<Node<'a>>| {
        end.and_then(|end| pick(end, [KNOWN.quantity[0]])[0]).and_then(number)
    };
    let unit_of = low.or(high)?;
    match (end(low), end(high)) {
        (None, None) => None,
        (low, high) => {
            Some((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY), unit_of))
        }
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
