//! Extraction against published data, beside a second, naive reading of the same expressions.

use crate::data::{each_line, shared};
use fhir::search::{Parameter, ParameterId, ParameterKind, Target, Value, extract_as_written};
use fhir::{DateSpan, Resource};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

const FOLDERS: [&str; 5] =
    ["examples-r4", "us-core-examples", "synthea-tiny", "synthea-2021", "synthea-2023-bulk10"];

/// Parameters that the naive reading does not follow: conditions on extensions, and values that
/// lie in a resource or depend on what is absent.
const NOT_NAIVE: [&str; 9] = [
    "deceased",
    "composition",
    "message",
    "item-subject",
    "gene-identifier",
    "amino-acid-change",
    "dna-variant",
    "gene-amino-acid-change",
    "gene-dnavariant",
];

#[test]
fn extraction_finds_what_the_expressions_say() {
    if shared().is_none() {
        return;
    }
    let (mut resources, mut given) = (0, 0);
    let mut differences = Vec::new();
    let mut used: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for folder in FOLDERS {
        each_line(folder, |line| {
            let Ok(resource) = Resource::parse(line.text.clone()) else { return };
            let json: Json = serde_json::from_slice(&line.text).expect("it parsed already");
            resources += 1;
            let mut found: BTreeMap<ParameterId, BTreeSet<String>> = BTreeMap::new();
            extract_as_written(&resource, &mut |parameter, value| {
                given += 1;
                found.entry(parameter).or_default().insert(show(&value));
            });
            let resource_type = resource.resource_type();
            for parameter in Parameter::of(resource_type) {
                let seen = found.remove(&parameter.id).unwrap_or_default();
                if !seen.is_empty() {
                    *used.entry((resource_type.name().to_owned(), parameter.code)).or_default() +=
                        1;
                }
                if parameter.code == "_id"
                    || parameter.code == "_lastUpdated"
                    || !parameter.is_searchable()
                    || NOT_NAIVE.contains(&parameter.code)
                {
                    continue;
                }
                let expected = naive(parameter, &json);
                if seen != expected {
                    differences.push(format!(
                        "{}: `{}`: {seen:?}, not {expected:?}",
                        line.place, parameter.code
                    ));
                }
            }
            let left: Vec<_> =
                found.keys().filter_map(|id| Parameter::by_id(*id)).map(|row| row.code).collect();
            assert!(
                left.is_empty(),
                "{}: values for parameters of other types: {left:?}",
                line.place
            );
        });
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences[..differences.len().min(20)].join("\n")
    );
    let pairs: usize = fhir::ResourceType::all()
        .map(|resource_type| {
            Parameter::of(resource_type).iter().filter(|row| row.base.is_some()).count()
        })
        .sum();
    let own = used.keys().filter(|(_, code)| !code.starts_with('_')).count();
    println!(
        "{resources} resources gave {given} values; {own} of {pairs} parameter and type pairs had at least one"
    );
    assert!(resources > 80_000 && own > 700, "{resources} resources, {own} pairs");
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Token { system, code } => format!("{system}|{code}"),
        Value::String(text) | Value::Uri(text) => (*text).to_owned(),
        Value::Reference(Target::Local { resource_type, id }) => {
            format!("{}/{id}", resource_type.name())
        }
        Value::Reference(Target::Url(url)) => (*url).to_owned(),
        Value::Date(span) => format!("{}..{}", span.start_us(), span.end_us()),
        Value::Number { low, high } => format!("{low}..{high}"),
        Value::Quantity { low, high, system, code, unit } => {
            format!("{low}..{high} {system}|{code}|{unit}")
        }
    }
}

/// Evaluates a parameter's FHIRPath text on plain JSON and guesses types from shapes.
fn naive(parameter: &Parameter, json: &Json) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for term in parameter.expression.split('|') {
        let term = term.trim();
        // `(a.b as T).c` and `a.b.as(T).c` read `bT`, then `c`.
        let mut text = term.replace(".ofType(", ".as(");
        if let Some(rest) = text.strip_prefix('(') {
            let (inside, rest) = rest.split_once(')').expect("a closing parenthesis");
            let (path, type_name) = inside.split_once(" as ").expect("a cast");
            text = format!("{path}.as({type_name}){rest}");
        }
        let mut nodes = vec![json];
        let mut steps = text.split('.').peekable();
        if steps.peek().is_some_and(|name| name.starts_with(char::is_uppercase)) {
            steps.next();
        }
        let mut wanted = None;
        while let Some(step) = steps.next() {
            if let Some(condition) = step.strip_prefix("where(") {
                if condition.starts_with("resolve()") {
                    wanted = condition.trim_end_matches(')').rsplit(' ').next();
                } else {
                    let (name, value) =
                        condition.trim_end_matches(')').split_once('=').expect("an equation");
                    let value = value.trim().trim_matches('\'');
                    nodes.retain(|node| node[name.trim()] == value);
                }
                continue;
            }
            let cast = steps.next_if(|next| next.starts_with("as("));
            let cast = cast.map(|cast| cast.trim_start_matches("as(").trim_end_matches(')'));
            nodes = nodes
                .into_iter()
                .flat_map(|node| members(parameter.kind, node, step, cast))
                .collect();
        }
        for node in nodes {
            convert(parameter, node, wanted, &mut values);
        }
    }
    values
}

const TYPES: [&str; 24] = [
    "Address",
    "Age",
    "Boolean",
    "Canonical",
    "Code",
    "CodeableConcept",
    "Coding",
    "Date",
    "DateTime",
    "Decimal",
    "Duration",
    "Identifier",
    "Instant",
    "Integer",
    "Money",
    "Period",
    "Quantity",
    "Range",
    "Reference",
    "String",
    "Timing",
    "Uri",
    "Url",
    "SampledData",
];

fn members<'a>(
    kind: ParameterKind,
    node: &'a Json,
    name: &str,
    cast: Option<&str>,
) -> Vec<&'a Json> {
    let mut found: Vec<&Json> = Vec::new();
    let Some(object) = node.as_object() else { return found };
    for (key, value) in object {
        let is_it = match (key.strip_prefix(name), cast) {
            (None, _) => false,
            (Some(""), None) => true,
            // A string where a date was also possible is no date, whatever it looks like.
            (Some("String"), None) if kind == ParameterKind::Date => false,
            // `statusDate` is no form of `status`.
            (Some(suffix), None) => TYPES.contains(&suffix) && !object.contains_key(name),
            (Some(suffix), Some(cast)) => suffix.eq_ignore_ascii_case(cast),
        };
        if is_it {
            match value {
                Json::Array(items) => found.extend(items),
                _ => found.push(value),
            }
        }
    }
    found
}

fn convert(
    parameter: &Parameter,
    node: &Json,
    wanted: Option<&str>,
    values: &mut BTreeSet<String>,
) {
    let text = |name: &str| node[name].as_str().unwrap_or_default();
    let versions =
        |uri: &str| [uri.to_owned(), uri.split('|').next().unwrap_or_default().to_owned()];
    match parameter.kind {
        ParameterKind::Token => {
            if let Some(codings) = node["coding"].as_array() {
                codings.iter().for_each(|coding| convert(parameter, coding, wanted, values));
            } else if let Some(code) = node.as_str() {
                values.insert(format!("|{code}"));
            } else if let Some(flag) = node.as_bool() {
                values.insert(format!("|{flag}"));
            } else {
                const CONTACT: [&str; 7] =
                    ["phone", "fax", "email", "pager", "url", "sms", "other"];
                let system = if CONTACT.contains(&text("system")) { "" } else { text("system") };
                let is_contact = system != text("system");
                let code = if text("code").is_empty() { text("value") } else { text("code") };
                if !(system.is_empty() && code.is_empty()) || is_contact && !code.is_empty() {
                    values.insert(format!("{system}|{code}"));
                }
            }
        }
        ParameterKind::String => match node {
            Json::String(text) => {
                values.insert(text.clone());
            }
            Json::Object(object) => {
                const NOT_PARTS: [&str; 5] = ["use", "type", "period", "id", "extension"];
                for (key, value) in
                    object.iter().filter(|(key, _)| !NOT_PARTS.contains(&key.as_str()))
                {
                    if !key.starts_with('_') {
                        values.extend(value.as_str().map(str::to_owned));
                        let items = value.as_array().into_iter().flatten().filter_map(Json::as_str);
                        values.extend(items.map(str::to_owned));
                    }
                }
            }
            _ => {}
        },
        ParameterKind::Uri => {
            values.extend(node.as_str().into_iter().flat_map(|uri| match parameter.code {
                "_profile" => versions(uri),
                _ => [uri.to_owned(), uri.to_owned()],
            }))
        }
        ParameterKind::Reference => {
            let reference = node.as_str().unwrap_or_else(|| text("reference"));
            let bare = reference.split("/_history/").next().unwrap_or_default();
            let is_wanted = wanted.is_none_or(|name| {
                bare.rsplit('/').nth(1) == Some(name)
                    || bare.starts_with("urn:") && text("type") == name
            });
            if is_wanted && !bare.is_empty() && !bare.starts_with('#') {
                values.extend(if node.is_string() {
                    versions(bare)
                } else {
                    [bare.to_owned(), bare.to_owned()]
                });
            }
        }
        ParameterKind::Date => {
            let span = |text: &Json| text.as_str().and_then(|text| DateSpan::parse(text).ok());
            let period = |period: &Json| {
                let (start, end) = (span(&period["start"]), span(&period["end"]));
                (start.is_some() || end.is_some()).then(|| {
                    DateSpan::between(
                        start.map_or(i64::MIN, DateSpan::start_us),
                        end.map_or(i64::MAX, DateSpan::end_us),
                    )
                })
            };
            let mut spans: Vec<DateSpan> =
                span(node).or_else(|| period(node)).into_iter().collect();
            if let Some(events) = node["event"].as_array() {
                spans.extend(events.iter().filter_map(span));
            }
            spans.extend(period(&node["repeat"]["boundsPeriod"]));
            if let (Some(start), Some(end)) = (
                spans.iter().map(|span| span.start_us()).min(),
                spans.iter().map(|span| span.end_us()).max(),
            ) {
                values.insert(format!("{start}..{end}"));
            }
        }
        ParameterKind::Number | ParameterKind::Quantity => {
            let range = node["low"].is_object() || node["high"].is_object();
            let unit_of = if node["low"].is_object() {
                &node["low"]
            } else if range {
                &node["high"]
            } else {
                node
            };
            let value = |node: &Json| node.as_f64().or_else(|| node["value"].as_f64());
            let (mut low, mut high) = if range {
                (value(&node["low"]), value(&node["high"]))
            } else {
                (value(node), value(node))
            };
            match text("comparator") {
                "<" | "<=" => low = None,
                ">" | ">=" => high = None,
                _ => {}
            }
            if low.is_none() && high.is_none() {
                return;
            }
            let (low, high) = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
            if parameter.kind == ParameterKind::Number {
                values.insert(format!("{low}..{high}"));
                return;
            }
            let of = |name: &str| unit_of[name].as_str().unwrap_or_default();
            let (system, code) = match of("currency") {
                "" => (of("system"), of("code")),
                currency => ("urn:iso:std:iso:4217", currency),
            };
            values.insert(format!("{low}..{high} {system}|{code}|{}", of("unit")));
        }
        ParameterKind::Composite | ParameterKind::Special => {}
    }
}
