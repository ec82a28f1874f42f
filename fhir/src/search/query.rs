//! A search request, parsed and checked.
//!
//! Nothing is guessed: a parameter, modifier or value that is not understood is an error that
//! names it, because a filter silently dropped answers a different question. Messages name
//! parameters and places, never the values asked for.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html>

use super::extract::{Target, fold, is_id};
use super::parameter::{ParameterId, ParameterKind, nearest};
use crate::{DateSpan, Issue, IssueCode, Outcome, ResourceType, Severity, search::Parameter};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A comparison in front of a date, number or quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

impl Prefix {
    /// The prefix of a value, `eq` if it has none, and the rest.
    fn split(value: &str) -> (Self, &str) {
        let prefix = match value.get(..2) {
            Some("eq") => Self::Eq,
            Some("ne") => Self::Ne,
            Some("gt") => Self::Gt,
            Some("lt") => Self::Lt,
            Some("ge") => Self::Ge,
            Some("le") => Self::Le,
            Some("sa") => Self::Sa,
            Some("eb") => Self::Eb,
            Some("ap") => Self::Ap,
            _ => return (Self::Eq, value),
        };
        (prefix, &value[2..])
    }
}

/// What follows the colon of a parameter name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Modifier {
    Exact,
    Contains,
    Not,
    Text,
    Type(ResourceType),
}

/// One value to test against; a criterion holds when any of its tests does.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `_id=123`.
    Id(String),
    /// `_lastUpdated=ge2024`: tested against commit times.
    LastUpdated(Prefix, DateSpan),
    /// `code`, `system|code`, `|code` (system `Some("")`), `system|` (code `None`).
    ///
    /// Where a parameter implies the system asked for, a second test follows that asks for the
    /// code without system, because that is how plain codes are indexed.
    Token {
        /// Namespace.
        system: Option<String>,
        /// Code.
        code: Option<String>,
    },
    /// Folded text; matches when a value starts with it (raw and equal for `:exact`, inside for `:contains`).
    String(String),
    /// A uri, compared whole.
    Uri(String),
    /// `Patient/1`, `1` (all of the parameter's targets), or a URL.
    Reference {
        /// Types it may be of; empty for a URL.
        types: Vec<ResourceType>,
        /// Id or URL.
        id: String,
    },
    /// A date with its precision.
    Date(Prefix, DateSpan),
    /// The value as written, and the stretch its precision implies: `5.40` is 5.395 to 5.405.
    Number {
        /// Comparison.
        prefix: Prefix,
        /// As written.
        value: f64,
        /// From.
        low: f64,
        /// Up to.
        high: f64,
    },
    /// A number with unit; `code` also matches the unit as shown when no system is given.
    Quantity {
        /// Comparison.
        prefix: Prefix,
        /// As written.
        value: f64,
        /// From.
        low: f64,
        /// Up to.
        high: f64,
        /// Unit system.
        system: Option<String>,
        /// Unit.
        code: Option<String>,
    },
    /// `:missing=true` or `false`.
    Missing(bool),
}

/// One `name=value,value` of a query: any test may hold.
#[derive(Clone, Debug)]
pub struct Criterion {
    /// What is tested.
    pub parameter: &'static Parameter,
    /// How, if the name carried a modifier.
    pub modifier: Option<Modifier>,
    /// Alternatives; at least one.
    pub any: Vec<Test>,
}

/// One key of `_sort`.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    /// By what.
    pub parameter: &'static Parameter,
    /// Largest first.
    pub descending: bool,
}

/// `_include` or `_revinclude`: `Source:parameter[:Target]`.
#[derive(Clone, Debug)]
pub struct Include {
    /// The type that holds the reference.
    pub source: ResourceType,
    /// The reference parameter, or `None` for `*`.
    pub parameter: Option<&'static Parameter>,
    /// Only references to this type.
    pub target: Option<ResourceType>,
    /// `:iterate`.
    pub iterate: bool,
}

/// `_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Total {
    None,
    Estimate,
    Accurate,
}

/// `_summary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Summary {
    True,
    Text,
    Data,
    Count,
    False,
}

/// A checked search on one type.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is searched.
    pub resource_type: ResourceType,
    /// All must hold.
    pub criteria: Vec<Criterion>,
    /// Order of the answer; empty means newest first.
    pub sort: Vec<Sort>,
    /// Resources a page, 0 to 1,000; 20 unless asked.
    pub count: usize,
    /// First hit of this page (from the page link).
    pub offset: usize,
    /// Commit the page link is bound to.
    pub commit: Option<u64>,
    /// `_total`; accurate unless asked.
    pub total: Total,
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`.
    pub elements: Vec<String>,
    /// `_include`.
    pub include: Vec<Include>,
    /// `_revinclude`.
    pub revinclude: Vec<Include>,
    /// The parameters that were understood, for the self and page links, percent-decoded, in order.
    pub understood: Vec<(String, String)>,
}

/// Largest `_count`.
pub const COUNT_MAX: usize = 1_000;

/// Most values one parameter may list, and most parameters one search may have.
const VALUES_MAX: usize = 1_000;

/// Most values of all parameters together.
const VALUES_TOTAL_MAX: usize = 2_000;

/// Most keys a search is sorted by.
const SORT_KEYS_MAX: usize = 16;

/// Names that say how to answer rather than what to find.
const CONTROLS: [&str; 10] = [
    "_count",
    "_sort",
    "_total",
    "_summary",
    "_elements",
    "_include",
    "_revinclude",
    "_format",
    "_pretty",
    "_contained",
];

/// Names R4 defines that are not supported yet.
const NOT_YET: [&str; 6] = ["_filter", "_list", "_type", "_query", "_text", "_content"];

impl Query {
    /// Reads percent-decoded name and value pairs. With `lenient`, unknown parameters are left out
    /// and named in the returned issues; otherwise they are errors naming the nearest known one.
    ///
    /// # Errors
    /// An [`Outcome`] naming each parameter that was not understood.
    pub fn parse(
        resource_type: ResourceType,
        pairs: &[(String, String)],
        lenient: bool,
    ) -> Result<(Self, Vec<Issue>), Outcome> {
        let mut query = Self {
            resource_type,
            criteria: Vec::new(),
            sort: Vec::new(),
            count: 20,
            offset: 0,
            commit: None,
            total: Total::Accurate,
            summary: Summary::False,
            elements: Vec::new(),
            include: Vec::new(),
            revinclude: Vec::new(),
            understood: Vec::new(),
        };
        let (mut errors, mut ignored) = (Vec::new(), Vec::new());
        if pairs.len() > VALUES_MAX {
            let message =
                format!("the search has {} parameters, more than {VALUES_MAX}", pairs.len());
            return Err(Outcome {
                issues: vec![Problem::costly(message).issue("", Severity::Error)],
            });
        }
        for (name, value) in pairs {
            match query.read(name, value) {
                Ok(Use::Kept) => query.understood.push((name.clone(), value.clone())),
                Ok(Use::Silent) => {}
                Err(problem) if lenient && problem.is_unknown => {
                    let mut issue = problem.issue(name, Severity::Warning);
                    issue.diagnostics.push_str("; ignored");
                    ignored.push(issue);
                }
                Err(problem) => errors.push(problem.issue(name, Severity::Error)),
            }
        }
        let values: usize = query.criteria.iter().map(|criterion| criterion.any.len()).sum();
        if values > VALUES_TOTAL_MAX {
            let message = format!("the search has {values} values, more than {VALUES_TOTAL_MAX}");
            errors.push(Problem::costly(message).issue("", Severity::Error));
        }
        if errors.is_empty() { Ok((query, ignored)) } else { Err(Outcome { issues: errors }) }
    }

    /// The search as a query string, percent-encoded, for the self link (no commit, offset 0) and
    /// page links, which carry both.
    pub fn to_query_string(&self, commit: Option<u64>, offset: usize) -> String {
        let mut text = String::new();
        for (name, value) in &self.understood {
            if !text.is_empty() {
                text.push('&');
            }
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        for (name, number) in
            [("_commit", commit), ("_offset", (offset > 0).then_some(offset as u64))]
        {
            if let Some(number) = number {
                let ampersand = if text.is_empty() { "" } else { "&" };
                write!(text, "{ampersand}{name}={number}").expect("writing to a string");
            }
        }
        text
    }

    fn read(&mut self, name: &str, value: &str) -> Result<Use, Problem> {
        let (code, modifier) = match name.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (name, None),
        };
        if NOT_YET.contains(&code) {
            return Err(Problem::not_yet(format!("`{code}` is not supported yet")));
        }
        if code == "_has" {
            return Err(Problem::not_yet("`_has` (reverse chaining) is not supported yet"));
        }
        if value.is_empty() && !matches!(code, "_format" | "_pretty") {
            return Err(Problem::value(format!("`{code}` has no value")));
        }
        match code {
            "_include" | "_revinclude" => {
                let include = self.include(code, modifier, value)?;
                if code == "_include" {
                    self.include.push(include)
                } else {
                    self.revinclude.push(include)
                }
                return Ok(Use::Kept);
            }
            _ if !CONTROLS.contains(&code) && !matches!(code, "_commit" | "_offset") => {
                let criterion = self.criterion(code, modifier, value)?;
                self.criteria.push(criterion);
                return Ok(Use::Kept);
            }
            _ => {}
        }
        if let Some(modifier) = modifier {
            return Err(Problem::unknown(format!(
                "`{code}` takes no modifier, found `:{modifier}`"
            )));
        }
        match code {
            "_count" => {
                let count: usize = whole(code, value)?;
                if count > COUNT_MAX {
                    return Err(Problem::value(format!("`_count` is more than {COUNT_MAX}")));
                }
                self.count = count;
            }
            "_offset" => {
                self.offset = whole(code, value)?;
                return Ok(Use::Silent);
            }
            "_commit" => {
                self.commit = Some(whole(code, value)?);
                return Ok(Use::Silent);
            }
            "_sort" => {
                self.sort.clear();
                for key in value.split(',') {
                    let sort = self.sort(key)?;
                    // A key that comes again orders nothing more.
                    if self.sort.iter().all(|known| known.parameter.id != sort.parameter.id) {
                        self.sort.push(sort);
                    }
                    if self.sort.len() > SORT_KEYS_MAX {
                        let message = format!("`_sort` has more than {SORT_KEYS_MAX} keys");
                        return Err(Problem::costly(message));
                    }
                }
            }
            "_total" => {
                let choices = [
                    ("none", Total::None),
                    ("estimate", Total::Estimate),
                    ("accurate", Total::Accurate),
                ];
                self.total = choose(code, value, &choices)?;
            }
            "_summary" => {
                let choices = [
                    ("true", Summary::True),
                    ("text", Summary::Text),
                    ("data", Summary::Data),
                    ("count", Summary::Count),
                    ("false", Summary::False),
                ];
                self.summary = choose(code, value, &choices)?;
            }
            "_elements" => {
                for element in value.split(',').map(str::trim) {
                    self.elements.push(self.element(element)?);
                }
            }
            "_contained" => {
                if value != "false" {
                    return Err(Problem::not_yet(
                        "`_contained` other than `false` is not supported yet",
                    ));
                }
            }
            // `_format` and `_pretty` are the server's matter.
            _ => return Ok(Use::Silent),
        }
        Ok(Use::Kept)
    }

    fn criterion(
        &self,
        code: &str,
        modifier: Option<&str>,
        value: &str,
    ) -> Result<Criterion, Problem> {
        let parameter = self.parameter(code, modifier)?;
        let no_modifier = |modifier: &str| Problem::unknown(modifier_message(parameter, modifier));
        if modifier == Some("missing") {
            if parameter.id == ParameterId::ID || parameter.id == ParameterId::LAST_UPDATED {
                return Err(no_modifier("missing"));
            }
            let missing =
                choose(&format!("{code}:missing"), value, &[("true", true), ("false", false)])?;
            return Ok(Criterion { parameter, modifier: None, any: vec![Test::Missing(missing)] });
        }
        let modifier = match (parameter.kind, modifier) {
            (_, None) => None,
            (ParameterKind::String, Some("exact")) => Some(Modifier::Exact),
            (ParameterKind::String, Some("contains")) => Some(Modifier::Contains),
            (ParameterKind::Token, Some("not")) => Some(Modifier::Not),
            (
                ParameterKind::Token,
                Some(name @ ("text" | "in" | "not-in" | "above" | "below" | "of-type")),
            )
            | (ParameterKind::Uri, Some(name @ ("above" | "below")))
            | (
                ParameterKind::Reference,
                Some(name @ ("identifier" | "above" | "below" | "text")),
            )
            | (ParameterKind::String, Some(name @ "text")) => {
                return Err(Problem::not_yet(format!(
                    "modifier `:{name}` of `{code}` is not supported yet"
                )));
            }
            (ParameterKind::Reference, Some(name)) => {
                let target = ResourceType::parse(name).ok_or_else(|| no_modifier(name))?;
                if !parameter.targets.is_empty() && !parameter.targets.contains(&target) {
                    return Err(Problem::value(format!("`{code}` never refers to `{name}`")));
                }
                Some(Modifier::Type(target))
            }
            (_, Some(name)) => return Err(no_modifier(name)),
        };
        let values = split(value, ',');
        if values.len() > VALUES_MAX {
            let message = format!("`{code}` lists {} values, more than {VALUES_MAX}", values.len());
            return Err(Problem::costly(message));
        }
        let mut any = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let place = || match values.len() {
                1 => format!("the value of `{code}`"),
                _ => format!("value {} of `{code}`", at + 1),
            };
            if value.trim().is_empty() {
                return Err(Problem::value(format!("{} is empty", place())));
            }
            tests(parameter, modifier.as_ref(), value, &mut any)
                .map_err(|what| Problem::value(format!("{} {what}", place())))?;
        }
        Ok(Criterion { parameter, modifier, any })
    }

    /// The parameter called `code`, which must be one that can be searched.
    fn parameter(&self, code: &str, modifier: Option<&str>) -> Result<&'static Parameter, Problem> {
        let chain = code.split_once('.').map(|(head, _)| head);
        let chained_modifier = modifier.is_some_and(|modifier| modifier.contains('.'));
        let known = |code| Parameter::find(self.resource_type, code);
        if (chain.is_some() || chained_modifier)
            && known(chain.unwrap_or(code))
                .is_some_and(|parameter| parameter.kind == ParameterKind::Reference)
        {
            let name = chain.unwrap_or(code);
            return Err(Problem::not_yet(format!(
                "chaining through `{name}` is not supported yet"
            )));
        }
        let Some(parameter) = known(code) else {
            let type_name = self.resource_type.name();
            let candidates = Parameter::of(self.resource_type)
                .iter()
                .map(|row| row.code)
                .chain(CONTROLS)
                .chain(NOT_YET);
            let hint = nearest(code, candidates)
                .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Problem::unknown(format!(
                "`{type_name}` has no search parameter `{}`{hint}",
                clip(code)
            )));
        };
        if parameter.is_searchable() {
            return Ok(parameter);
        }
        Err(Problem::not_yet(match parameter.kind {
            ParameterKind::Composite => {
                format!("`{code}` is a composite parameter, which is not supported yet")
            }
            ParameterKind::Special => format!("`{code}` is not supported yet"),
            _ => format!("`{code}` is not supported: R4 defines no expression for it"),
        }))
    }

    fn sort(&self, key: &str) -> Result<Sort, Problem> {
        let (descending, code) = match key.strip_prefix('-') {
            Some(code) => (true, code),
            None => (false, key),
        };
        let parameter = self.parameter(code.trim(), None)?;
        Ok(Sort { parameter, descending })
    }

    fn element(&self, name: &str) -> Result<String, Problem> {
        let structure = self.resource_type.type_id();
        let names = || {
            structure
                .elements()
                .flat_map(|element| [Some(element.name()), element.choice()])
                .flatten()
        };
        if names().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        let hint = nearest(name, names())
            .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let type_name = self.resource_type.name();
        Err(Problem::value(format!("`{type_name}` has no element `{}`{hint}", clip(name))))
    }

    fn include(&self, code: &str, modifier: Option<&str>, value: &str) -> Result<Include, Problem> {
        let iterate = match modifier {
            None => false,
            // `recurse` is the name that STU3 used.
            Some("iterate" | "recurse") => true,
            Some(name) => {
                return Err(Problem::unknown(format!(
                    "`{code}` has no modifier `:{}`",
                    clip(name)
                )));
            }
        };
        if value == "*" {
            if code == "_revinclude" {
                return Err(Problem::value(
                    "`_revinclude=*` needs a type: `_revinclude=Observation:*`",
                ));
            }
            return Ok(Include {
                source: self.resource_type,
                parameter: None,
                target: None,
                iterate,
            });
        }
        let mut parts = value.split(':');
        let type_of = |name: &str| {
            ResourceType::parse(name).ok_or_else(|| {
                let near = nearest(name, ResourceType::all().map(ResourceType::name));
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Problem::value(format!("`{code}` names no resource type `{}`{hint}", clip(name)))
            })
        };
        let source = type_of(parts.next().unwrap_or_default())?;
        let name = parts.next().ok_or_else(|| {
            Problem::value(format!(
                "`{code}` is written `Type:parameter` or `Type:parameter:Target`"
            ))
        })?;
        let parameter = if name == "*" {
            None
        } else {
            let of_source =
                Parameter::of(source).iter().filter(|row| row.kind == ParameterKind::Reference);
            let found = of_source.clone().find(|row| row.code == name);
            Some(*found.ok_or_else(|| {
                let near = nearest(name, of_source.map(|row| row.code));
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let source = source.name();
                Problem::value(format!(
                    "`{source}` has no reference parameter `{}`{hint}",
                    clip(name)
                ))
            })?)
        };
        let target = parts.next().map(type_of).transpose()?;
        if parts.next().is_some() {
            return Err(Problem::value(format!("`{code}` has more than three parts")));
        }
        Ok(Include { source, parameter, target, iterate })
    }
}

/// What became of a pair.
enum Use {
    /// It belongs in the links.
    Kept,
    Silent,
}

/// Why a parameter was not understood.
struct Problem {
    code: IssueCode,
    diagnostics: String,
    /// Leniency may pass over it.
    is_unknown: bool,
}

impl Problem {
    fn unknown(diagnostics: impl Into<String>) -> Self {
        Self { code: IssueCode::NotSupported, diagnostics: diagnostics.into(), is_unknown: true }
    }

    fn not_yet(diagnostics: impl Into<String>) -> Self {
        Self { code: IssueCode::NotSupported, diagnostics: diagnostics.into(), is_unknown: true }
    }

    fn value(diagnostics: impl Into<String>) -> Self {
        Self { code: IssueCode::Value, diagnostics: diagnostics.into(), is_unknown: false }
    }

    fn costly(diagnostics: impl Into<String>) -> Self {
        Self { code: IssueCode::TooCostly, diagnostics: diagnostics.into(), is_unknown: false }
    }

    fn issue(self, name: &str, severity: Severity) -> Issue {
        let code = name.split(':').next().unwrap_or_default();
        let expression = (!code.is_empty()).then(|| format!("http.{}", clip(code)));
        Issue { severity, code: self.code, diagnostics: self.diagnostics, expression }
    }
}

fn modifier_message(parameter: &Parameter, modifier: &str) -> String {
    let (code, kind) = (parameter.code, parameter.kind.name());
    format!("`{code}` is a {kind} parameter and has no modifier `:{}`", clip(modifier))
}

/// Adds the tests of one value; the error completes "the value of `code` …".
fn tests(
    parameter: &Parameter,
    modifier: Option<&Modifier>,
    value: &str,
    any: &mut Vec<Test>,
) -> Result<(), String> {
    if parameter.id == ParameterId::ID {
        any.push(Test::Id(unescape(value)));
        return Ok(());
    }
    match parameter.kind {
        ParameterKind::Token => token(parameter, value, any)?,
        ParameterKind::String => {
            let text = unescape(value);
            any.push(Test::String(if modifier == Some(&Modifier::Exact) {
                text
            } else {
                fold(&text)
            }));
        }
        ParameterKind::Uri => any.push(Test::Uri(unescape(value))),
        ParameterKind::Reference => any.push(reference(parameter, modifier, &unescape(value))?),
        ParameterKind::Date => {
            let (prefix, text) = Prefix::split(value);
            // An unescaped `+` of a zone arrives as a space.
            let text = if text.contains(' ') {
                Cow::Owned(text.replace(' ', "+"))
            } else {
                Cow::Borrowed(text)
            };
            let span = DateSpan::parse(&text).map_err(|error| {
                format!("is {error}; expected `2024`, `2024-03`, `2024-03-01` or a time")
            })?;
            any.push(match parameter.id {
                ParameterId::LAST_UPDATED => Test::LastUpdated(prefix, span),
                _ => Test::Date(prefix, span),
            });
        }
        ParameterKind::Number => {
            let (prefix, text) = Prefix::split(value);
            let (value, low, high) = number(text).ok_or("is not a number")?;
            any.push(Test::Number { prefix, value, low, high });
        }
        ParameterKind::Quantity => {
            let (prefix, text) = Prefix::split(value);
            let parts = split(text, '|');
            let (value, low, high) = number(parts[0]).ok_or("does not start with a number")?;
            let part = |at: usize| {
                parts.get(at).map(|part| unescape(part)).filter(|part| !part.is_empty())
            };
            if parts.len() != 1 && parts.len() != 3 {
                return Err("is neither `number` nor `number|system|code`".to_owned());
            }
            any.push(Test::Quantity { prefix, value, low, high, system: part(1), code: part(2) });
        }
        ParameterKind::Composite | ParameterKind::Special => {
            return Err("cannot be searched".to_owned());
        }
    }
    Ok(())
}

fn token(parameter: &Parameter, value: &str, any: &mut Vec<Test>) -> Result<(), String> {
    let parts = split(value, '|');
    let (system, code) = match parts.as_slice() {
        [code] => (None, Some(unescape(code))),
        [system, code] => {
            (Some(unescape(system)), Some(unescape(code)).filter(|code| !code.is_empty()))
        }
        _ => {
            return Err(
                "has more than one `|`; write `\\|` for one that belongs to the code".to_owned()
            );
        }
    };
    if code.is_none() && system.as_deref() == Some("") {
        return Err("has neither system nor code".to_owned());
    }
    let is_implied = system.as_deref().is_some_and(|system| parameter.systems.contains(&system));
    let plain = is_implied.then(|| Test::Token { system: Some(String::new()), code: code.clone() });
    any.push(Test::Token { system, code });
    any.extend(plain);
    Ok(())
}

fn reference(
    parameter: &Parameter,
    modifier: Option<&Modifier>,
    value: &str,
) -> Result<Test, String> {
    if is_id(value) {
        let types = match modifier {
            Some(Modifier::Type(resource_type)) => vec![*resource_type],
            _ if parameter.targets.is_empty() => ResourceType::all().collect(),
            _ => parameter.targets.clone(),
        };
        return Ok(Test::Reference { types, id: value.to_owned() });
    }
    match Target::parse(value) {
        Some(Target::Local { resource_type, id }) => {
            if let Some(Modifier::Type(only)) = modifier
                && *only != resource_type
            {
                return Err(format!("is not a reference to `{}`", only.name()));
            }
            Ok(Test::Reference { types: vec![resource_type], id: id.to_owned() })
        }
        Some(Target::Url(url)) if url.contains(':') => {
            Ok(Test::Reference { types: Vec::new(), id: url.to_owned() })
        }
        _ => Err("is neither an id nor `Type/id` nor a URL".to_owned()),
    }
}

/// A decimal, and the range its digits imply: half a unit of the last digit to either side.
///
/// R4 counts `1e2` as 95 to 105: a mantissa without decimals has one more digit than it shows.
fn number(text: &str) -> Option<(f64, f64, f64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(decimals)
        || unsigned.ends_with('.')
        || text.len() > 64
    {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mut digits = format!("{whole}{decimals}");
    let mut last_digit = exponent.checked_sub(i32::try_from(decimals.len()).ok()?)?;
    if exponent != 0 && decimals.is_empty() {
        digits.push('0');
        last_digit = last_digit.checked_sub(1)?;
    }
    // The ends go through decimal text: 5.395 must be what a resource's `5.395` is.
    let ends =
        digits.parse::<i128>().ok().filter(|scaled| scaled.unsigned_abs() < 10_u128.pow(36)).map(
            |scaled| {
                let scaled = if mantissa.starts_with('-') { -scaled } else { scaled } * 10;
                let end = |scaled: i128| {
                    format!("{scaled}e{}", i64::from(last_digit) - 1).parse().unwrap_or(value)
                };
                (end(scaled - 5), end(scaled + 5))
            },
        );
    let (low, high) = ends.unwrap_or((value, value));
    Some((value, low, high))
}

/// Cuts at separators that no backslash precedes; escapes stay.
fn split(value: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, character) in value.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            is_escaped = true;
        } else if character == separator {
            parts.push(&value[start..at]);
            start = at + character.len_utf8();
        }
    }
    parts.push(&value[start..]);
    parts
}

/// Resolves `\,`, `\|`, `\$` and `\\`; any other backslash is itself.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(&next @ (',' | '|' | '$' | '\\'))) => {
                text.push(next);
                characters.next();
            }
            _ => text.push(character),
        }
    }
    text
}

fn whole<T: std::str::FromStr>(code: &str, value: &str) -> Result<T, Problem> {
    let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_digits { value.parse().ok() } else { None };
    number.ok_or_else(|| Problem::value(format!("`{code}` is not a whole number")))
}

fn choose<T: Copy>(code: &str, value: &str, choices: &[(&str, T)]) -> Result<T, Problem> {
    choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        Problem::value(format!("`{code}` is one of {}", names.join(", ")))
    })
}

/// What a request called something, short enough to repeat.
fn clip(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

/// Percent-encodes all but what a query may hold bare; `|` is encoded, strict clients refuse it.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/,$*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string");
        }
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
