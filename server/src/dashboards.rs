//! Dashboards as files: parameters, data sets as SQL, tabs of pictures.
//!
//! Shipped ones are embedded; those in the data folder's `dashboards` come on top and win where
//! ids are equal. SQL stays on this side: a client names a dashboard and gives parameter values,
//! which reach the SQL as quoted literals and nothing else.

use crate::Error;
use rust_embed::RustEmbed;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(RustEmbed)]
#[folder = "dashboards"]
struct Shipped;

/// Largest dashboard file read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Longest text parameter, in characters.
const TEXT_MAX: usize = 200;

/// Where a dashboard stands in lists that does not say so.
const ORDER: i64 = 100;

/// The dashboards there are.
pub(crate) struct Dashboards {
    folder: PathBuf,
}

/// One dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Dashboard {
    pub id: String,
    pub title: String,
    pub description: String,
    /// Place in lists: the lowest first, then by id.
    order: i64,
    parameters: Vec<Parameter>,
    datasets: Vec<(String, Sql)>,
    /// For the console; its widgets' data sets were checked to exist.
    tabs: Value,
}

#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    kind: Kind,
    /// As written, for the console.
    shown: Value,
}

#[derive(Clone, Debug)]
enum Kind {
    DateRange,
    Text,
    Choice(Vec<String>),
}

impl Parameter {
    /// The placeholders it fills.
    fn placeholders(&self) -> Vec<String> {
        match self.kind {
            Kind::DateRange => vec![format!("{}_from", self.name), format!("{}_to", self.name)],
            Kind::Text | Kind::Choice(_) => vec![self.name.clone()],
        }
    }
}

/// Values by placeholder; none is SQL's NULL.
pub(crate) type Values = BTreeMap<String, Option<String>>;

impl Dashboards {
    /// With the folder of the operator's own; it need not be there.
    pub fn open(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All of them, in their order. Files with mistakes are left out and named in the log.
    pub fn list(&self) -> Vec<Dashboard> {
        let mut all = BTreeMap::new();
        for (file, text) in self.files() {
            match parse(&file, &text) {
                Ok(dashboard) => {
                    all.insert(dashboard.id.clone(), dashboard);
                }
                Err(error) => tracing::warn!(%error, "left out"),
            }
        }
        let mut all: Vec<Dashboard> = all.into_values().collect();
        // A stable sort: dashboards of one order stay in order of their ids.
        all.sort_by_key(|dashboard| dashboard.order);
        all
    }

    /// The dashboard of this id, if there is one.
    ///
    /// # Errors
    /// [`Error::Dashboard`] when its file has a mistake.
    pub fn find(&self, id: &str) -> Result<Option<Dashboard>, Error> {
        let named = |file: &str| file.rsplit_once('.').is_some_and(|(stem, _)| stem == id);
        let file = self.files().into_iter().rev().find(|(file, _)| named(file));
        file.map(|(file, text)| parse(&file, &text)).transpose()
    }

    /// File names and texts, the shipped ones first.
    fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Shipped::iter()
            .filter(|name| is_dashboard(name))
            .filter_map(|name| {
                Some((
                    name.to_string(),
                    String::from_utf8(Shipped::get(&name)?.data.into_owned()).ok()?,
                ))
            })
            .collect();
        let mut own: Vec<PathBuf> = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(_) => Vec::new(),
        };
        own.sort();
        for path in own {
            let Some(name) =
                path.file_name().and_then(|name| name.to_str()).filter(|name| is_dashboard(name))
            else {
                continue;
            };
            if std::fs::metadata(&path)
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= FILE_BYTES_MAX)
            {
                match std::fs::read_to_string(&path) {
                    Ok(text) => files.push((name.to_owned(), text)),
                    Err(error) => {
                        tracing::warn!(file = name, %error, "a dashboard could not be read")
                    }
                }
            } else {
                tracing::warn!(
                    file = name,
                    "a dashboard must be a file of at most {FILE_BYTES_MAX} bytes"
                );
            }
        }
        files
    }
}

fn is_dashboard(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(stem, end)| !stem.is_empty() && matches!(end, "yaml" | "yml" | "json"))
}

impl Dashboard {
    /// The definition for the console: everything but the SQL.
    pub fn shown(&self) -> Value {
        let datasets: Map<String, Value> = self
            .datasets
            .iter()
            .map(|(name, sql)| {
                let uses =
                    |p: &&Parameter| p.placeholders().iter().any(|x| sql.placeholders.contains(x));
                let parameters: Vec<&str> =
                    self.parameters.iter().filter(uses).map(|p| p.name.as_str()).collect();
                (name.clone(), json!({ "parameters": parameters }))
            })
            .collect();
        let parameters: Vec<&Value> =
            self.parameters.iter().map(|parameter| &parameter.shown).collect();
        json!({
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "parameters": parameters,
            "datasets": datasets,
            "tabs": self.tabs,
        })
    }

    /// Names of the data sets, in the file's order.
    pub fn datasets(&self) -> impl Iterator<Item = &str> {
        self.datasets.iter().map(|(name, _)| name.as_str())
    }

    /// The SQL of a data set with the values in it.
    pub fn sql(&self, dataset: &str, values: &Values) -> Option<String> {
        self.datasets.iter().find(|(name, _)| name == dataset).map(|(_, sql)| sql.bind(values))
    }

    /// Checks what a client gave and spreads it over the placeholders.
    ///
    /// # Errors
    /// Which parameter is wrong and what it takes.
    pub fn values(&self, given: &Map<String, Value>) -> Result<Values, String> {
        if let Some(unknown) =
            given.keys().find(|name| !self.parameters.iter().any(|p| p.name == **name))
        {
            let known: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
            return Err(unknown_key(unknown, &known, "parameter"));
        }
        let mut values = Values::new();
        for parameter in &self.parameters {
            let value = given.get(&parameter.name).unwrap_or(&Value::Null);
            let name = &parameter.name;
            match &parameter.kind {
                Kind::DateRange => {
                    let range = match value {
                        Value::Null => &Map::new(),
                        Value::Object(range) => range,
                        _ => return Err(format!("`{name}` takes {{\"from\",\"to\"}}")),
                    };
                    if let Some(unknown) =
                        range.keys().find(|key| !matches!(key.as_str(), "from" | "to"))
                    {
                        return Err(unknown_key(unknown, &["from", "to"], "key"));
                    }
                    for end in ["from", "to"] {
                        let day = text(range.get(end).unwrap_or(&Value::Null), name)?;
                        if day.as_deref().is_some_and(|day| !is_day(day)) {
                            return Err(format!("`{name}.{end}` takes a day, YYYY-MM-DD"));
                        }
                        values.insert(format!("{name}_{end}"), day);
                    }
                }
                Kind::Text => {
                    values.insert(name.clone(), text(value, name)?);
                }
                Kind::Choice(options) => {
                    let choice = text(value, name)?;
                    if choice.as_ref().is_some_and(|choice| !options.contains(choice)) {
                        return Err(format!("`{name}` takes one of: {}", options.join(", ")));
                    }
                    values.insert(name.clone(), choice);
                }
            }
        }
        Ok(values)
    }
}

fn text(value: &Value, name: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text.chars().count() > TEXT_MAX => {
            Err(format!("`{name}` takes at most {TEXT_MAX} characters"))
        }
        Value::String(text) if text.chars().any(char::is_control) => {
            Err(format!("`{name}` takes no control characters"))
        }
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(format!("`{name}` takes text")),
    }
}

/// A real day in four, two and two digits.
fn is_day(text: &str) -> bool {
    let digits = |from: usize, to: usize| text.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
    text.len() == 10
        && text.is_ascii()
        && digits(0, 4)
        && digits(5, 7)
        && digits(8, 10)
        && fhir::DateSpan::parse(text).is_ok()
}

/// SQL with placeholders, cut where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sql {
    pieces: Vec<Piece>,
    placeholders: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(String),
}

impl Sql {
    /// Finds the placeholders: `$name` outside of literals, quoted names and comments.
    fn parse(sql: &str) -> Result<Self, String> {
        let bytes = sql.as_bytes();
        let (mut pieces, mut placeholders) = (Vec::new(), BTreeSet::new());
        let (mut at, mut from) = (0, 0);
        while at < bytes.len() {
            match (bytes[at], bytes.get(at + 1)) {
                (quote @ (b'\'' | b'"'), _) => {
                    at = closing(bytes, at + 1, quote).ok_or("a quote is not closed")?
                }
                (b'-', Some(b'-')) => {
                    at += bytes[at..]
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .unwrap_or(bytes.len() - at);
                }
                (b'/', Some(b'*')) => {
                    let end = sql[at + 2..].find("*/").ok_or("a comment is not closed")?;
                    at += end + 4;
                }
                (b'$', Some(b'a'..=b'z' | b'_')) => {
                    let end = bytes[at + 1..]
                        .iter()
                        .position(|byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                        .map_or(bytes.len(), |length| at + 1 + length);
                    pieces.push(Piece::Text(sql[from..at].to_owned()));
                    pieces.push(Piece::Placeholder(sql[at + 1..end].to_owned()));
                    placeholders.insert(sql[at + 1..end].to_owned());
                    (at, from) = (end, end);
                }
                (b'$', _) => {
                    return Err("a `$` begins a placeholder, `$` and a lower-case name".to_owned());
                }
                _ => at += 1,
            }
        }
        pieces.push(Piece::Text(sql[from..].to_owned()));
        Ok(Self { pieces, placeholders })
    }

    /// Puts values in as literals; what has none is NULL.
    fn bind(&self, values: &Values) -> String {
        let mut sql = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Placeholder(name) => match values.get(name).and_then(Option::as_ref) {
                    // Inside single quotes only a quote means anything, and a doubled one is itself.
                    Some(value) => {
                        sql.push('\'');
                        sql.push_str(&value.replace('\'', "''"));
                        sql.push('\'');
                    }
                    None => sql.push_str("CAST(NULL AS VARCHAR)"),
                },
            }
        }
        sql
    }
}

/// The place after the quote that closes; doubled ones do not.
fn closing(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    while at < bytes.len() {
        match (bytes[at] == quote, bytes.get(at + 1)) {
            (true, Some(next)) if *next == quote => at += 2,
            (true, _) => return Some(at + 1),
            (false, _) => at += 1,
        }
    }
    None
}

/// Reads one file.
fn parse(file: &str, text: &str) -> Result<Dashboard, Error> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let wrong = |reason: String| Error::Dashboard { file: file.to_owned(), reason };
    let value: Value = serde_saphyr::from_str(text).map_err(|error| {
        // The first line names the mistake and its place; the rest quotes the file.
        wrong(error.to_string().lines().next().unwrap_or("not YAML").to_owned())
    })?;
    read(stem, value).map_err(wrong)
}

fn read(stem: &str, value: Value) -> Result<Dashboard, String> {
    let Value::Object(mut document) = value else {
        return Err("the file is not a mapping".to_owned());
    };
    only(
        &document,
        &["id", "title", "description", "order", "parameters", "datasets", "tabs"],
        "the file",
    )?;
    let id = required(&document, "id", "the file")?;
    if id != stem {
        return Err(format!("`id` must be the file's name, `{stem}`"));
    }
    if id.is_empty()
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Err("`id` is lower-case letters, digits and `-`".to_owned());
    }
    let title = required(&document, "title", "the file")?;
    let description = optional(&document, "description", "the file")?.unwrap_or_default();
    let order = match document.get("order") {
        None | Some(Value::Null) => ORDER,
        Some(order) => order.as_i64().ok_or("`order` of the file is not a whole number")?,
    };

    let mut parameters: Vec<Parameter> = Vec::new();
    for (place, shown) in
        list(document.remove("parameters"), "`parameters`")?.into_iter().enumerate()
    {
        let parameter =
            parameter(shown).map_err(|reason| format!("parameter {}: {reason}", place + 1))?;
        let taken = |own: &Parameter| {
            own.placeholders().iter().any(|name| parameter.placeholders().contains(name))
        };
        if parameters.iter().any(taken) {
            return Err(format!("two parameters fill the placeholders of `{}`", parameter.name));
        }
        parameters.push(parameter);
    }

    let Some(Value::Object(sets)) = document.remove("datasets") else {
        return Err("`datasets` is missing or not a mapping".to_owned());
    };
    let known: Vec<String> = parameters.iter().flat_map(Parameter::placeholders).collect();
    let mut datasets = Vec::new();
    for (name, set) in sets {
        let place = format!("data set `{name}`");
        let Value::Object(set) = set else { return Err(format!("{place} is not a mapping")) };
        only(&set, &["sql"], &place)?;
        let sql = Sql::parse(&required(&set, "sql", &place)?)
            .map_err(|reason| format!("{place}: {reason}"))?;
        if let Some(unknown) = sql.placeholders.iter().find(|name| !known.contains(name)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(format!("{place}: {}", unknown_key(unknown, &known, "placeholder")));
        }
        datasets.push((name, sql));
    }

    let tabs = Value::Array(list(document.remove("tabs"), "`tabs`")?);
    for tab in tabs.as_array().into_iter().flatten() {
        for widget in tab.get("widgets").and_then(Value::as_array).into_iter().flatten() {
            let name = widget.get("id").and_then(Value::as_str).unwrap_or("without id");
            let Some(dataset) = widget.get("dataset") else { continue };
            if !datasets.iter().any(|(known, _)| Some(known.as_str()) == dataset.as_str()) {
                let known: Vec<&str> = datasets.iter().map(|(known, _)| known.as_str()).collect();
                let dataset = dataset.as_str().unwrap_or_default();
                return Err(format!(
                    "widget `{name}`: {}",
                    unknown_key(dataset, &known, "data set")
                ));
            }
        }
    }
    Ok(Dashboard { id, title, description, order, parameters, datasets, tabs })
}

fn parameter(shown: Value) -> Result<Parameter, String> {
    let Value::Object(fields) = &shown else { return Err("not a mapping".to_owned()) };
    only(fields, &["name", "kind", "title", "description", "options", "default", "bounds"], "it")?;
    let name = required(fields, "name", "it")?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.as_bytes().first().is_some_and(u8::is_ascii_lowercase) || !name.bytes().all(plain) {
        return Err(
            "`name` is a lower-case letter, then lower-case letters, digits and `_`".to_owned()
        );
    }
    let kind = match required(fields, "kind", "it")?.as_str() {
        "date_range" => Kind::DateRange,
        "text" => Kind::Text,
        "choice" => {
            let options = list(fields.get("options").cloned(), "`options`")?;
            let options: Option<Vec<String>> =
                options.iter().map(|o| o.as_str().map(str::to_owned)).collect();
            match options {
                Some(options) if !options.is_empty() => Kind::Choice(options),
                _ => return Err("a choice needs `options`, a list of texts".to_owned()),
            }
        }
        other => return Err(unknown_key(other, &["date_range", "text", "choice"], "kind")),
    };
    Ok(Parameter { name, kind, shown })
}

fn list(value: Option<Value>, what: &str) -> Result<Vec<Value>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("{what} is not a list")),
    }
}

fn required(fields: &Map<String, Value>, key: &str, what: &str) -> Result<String, String> {
    optional(fields, key, what)?.ok_or_else(|| format!("{what} has no `{key}`"))
}

fn optional(fields: &Map<String, Value>, key: &str, what: &str) -> Result<Option<String>, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{key}` of {what} is not text")),
    }
}

/// Refuses keys nobody knows.
fn only(fields: &Map<String, Value>, known: &[&str], what: &str) -> Result<(), String> {
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("{what} has an {}", unknown_key(unknown, known, "key"))),
        None => Ok(()),
    }
}

/// `unknown key `titel`, did you mean `title`?`
fn unknown_key(unknown: &str, known: &[&str], what: &str) -> String {
    let short: String = unknown.chars().take(64).collect();
    let near = known.iter().map(|known| (distance(&short, known), *known)).min();
    match near {
        Some((distance, near)) if distance <= 2 + near.len() / 4 => {
            format!("unknown {what} `{short}`, did you mean `{near}`?")
        }
        _ => format!("unknown {what} `{short}`; known: {}", known.join(", ")),
    }
}

/// Letters to add, drop or change to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "id: small\ntitle: Small\nparameters:\n  - { name: when, kind: date_range }\n  \
        - { name: who, kind: text }\n  - { name: grain, kind: choice, options: [year, day] }\n\
        datasets:\n  one: { sql: \"SELECT '$who' AS a, $who AS b -- $who\\nWHERE x >= $when_from\" }\n\
        tabs:\n  - { id: t, widgets: [ { id: w, dataset: one, encode: { y: b } } ] }\n";

    fn small() -> Dashboard {
        parse("small.yaml", SMALL).expect("a dashboard")
    }

    #[test]
    fn the_shipped_dashboards_are_without_mistakes() {
        let all = Dashboards::open(PathBuf::from("nowhere")).list();
        let count = Shipped::iter().filter(|name| is_dashboard(name)).count();
        assert_eq!(all.len(), count);
        let ids: Vec<&str> = all.iter().map(|dashboard| dashboard.id.as_str()).collect();
        assert_eq!(ids, ["population", "hospital", "timeline"]);
    }

    #[test]
    fn values_become_literals_and_cannot_become_anything_else() {
        let bind = |who: Value| {
            let given = Map::from_iter([("who".to_owned(), who)]);
            small().sql("one", &small().values(&given).expect("fits")).expect("there is one")
        };
        assert_eq!(
            bind(json!("O'Hara")),
            "SELECT '$who' AS a, 'O''Hara' AS b -- $who\nWHERE x >= CAST(NULL AS VARCHAR)"
        );
        assert!(
            bind(json!("'; DROP TABLE patient; --")).contains("'''; DROP TABLE patient; --' AS b")
        );
        assert!(
            bind(json!("$when_from \\")).contains("'$when_from \\' AS b"),
            "values are not searched again"
        );
        assert!(bind(json!("")).contains("CAST(NULL AS VARCHAR) AS b"));
    }

    #[test]
    fn wrong_values_are_named() {
        let check = |given: Value, expected: &str| {
            let given = given.as_object().expect("an object").clone();
            assert_eq!(small().values(&given).expect_err("wrong"), expected);
        };
        check(json!({"whp": "x"}), "unknown parameter `whp`, did you mean `who`?");
        check(json!({"who": 1}), "`who` takes text");
        check(json!({"who": "a\u{0}b"}), "`who` takes no control characters");
        check(json!({"who": "x".repeat(201)}), "`who` takes at most 200 characters");
        check(json!({"grain": "hour"}), "`grain` takes one of: year, day");
        check(json!({"when": "2020"}), "`when` takes {\"from\",\"to\"}");
        for day in
            ["2020", "2020-13-01", "2020-02-30", "2020-01-01T00:00:00Z", "20-01-01", "2020-1-001"]
        {
            check(json!({"when": {"from": day}}), "`when.from` takes a day, YYYY-MM-DD");
        }
        let good = json!({"when": {"from": "2020-02-29", "to": null}, "grain": "day", "who": null});
        let values = small().values(good.as_object().expect("an object")).expect("fits");
        assert_eq!(values["when_from"].as_deref(), Some("2020-02-29"));
        assert_eq!((&values["when_to"], values["grain"].as_deref()), (&None, Some("day")));
    }

    #[test]
    fn the_console_sees_no_sql_but_which_parameters_a_data_set_uses() {
        let shown = small().shown();
        assert!(!shown.to_string().contains("SELECT"));
        assert_eq!(shown["datasets"]["one"]["parameters"], json!(["when", "who"]));
        assert_eq!(shown["tabs"][0]["widgets"][0]["encode"]["y"], "b");
    }

    #[test]
    fn mistakes_in_a_file_are_named_with_the_nearest_word() {
        let check = |from: &str, to: &str, expected: &str| {
            let error =
                parse("small.yaml", &SMALL.replace(from, to)).expect_err("a mistake").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("title: Small", "titel: Small", "unknown key `titel`, did you mean `title`?");
        check("id: small", "id: other", "`id` must be the file's name");
        check("dataset: one", "dataset: ona", "unknown data set `ona`, did you mean `one`?");
        check(
            ">= $when_from",
            ">= $when_form",
            "unknown placeholder `when_form`, did you mean `when_from`?",
        );
        check(">= $when_from", ">= $1", "a `$` begins a placeholder");
        check("kind: text", "kind: test", "unknown kind `test`, did you mean `text`?");
        check("datasets:", "datasets: [", "small.yaml");
    }

    #[test]
    fn an_own_dashboard_wins_over_the_shipped_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = SMALL.replace("id: small", "id: population");
        std::fs::write(folder.path().join("population.yaml"), own).expect("room");
        std::fs::write(folder.path().join("broken.yaml"), "id: [").expect("room");
        let dashboards = Dashboards::open(folder.path().to_owned());
        assert_eq!(
            dashboards.find("population").expect("no mistake").expect("there").title,
            "Small"
        );
        assert!(dashboards.find("broken").is_err());
        assert!(dashboards.find("../population").expect("no mistake").is_none());
        let shipped = Shipped::iter().filter(|name| is_dashboard(name)).count();
        assert_eq!(dashboards.list().len(), shipped);
    }
}
