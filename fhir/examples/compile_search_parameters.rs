//! Compiles the official search parameters into `src/search/parameters.tsv`.
//!
//! ```text
//! cargo run --release -p fhir --example compile_search_parameters -- FOLDER [OUT]
//! ```
//!
//! `FOLDER` holds `SearchParameter`, `StructureDefinition` and `ValueSet` of the R4 package as
//! `.ndjson.gz`. Every FHIRPath expression is split into its unions, kept where it starts at the
//! base type, and followed through the element definitions down to JSON names and leaf types.
//!
//! Numbers are storage keys. A row already in the table keeps its number and new rows go to the
//! end, so running this again never renumbers.
//!
//! What a row's `steps` say is described in `src/search/parameter.rs`.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Parameters of the package that describe no R4 search: HL7's examples of how to write one.
const EXAMPLES: [&str; 3] = ["example", "example-extension", "example-reference"];

/// What the values of extensions with a parameter may be: the package leaves their fifty types
/// open, and no other of them is meant.
const EXTENSION_TYPES: [&str; 7] =
    ["CodeableConcept", "Coding", "Identifier", "Reference", "boolean", "code", "string"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder =
        PathBuf::from(arguments.next().expect("usage: compile_search_parameters FOLDER [OUT]"));
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/search/parameters.tsv");
    let out = arguments.next().map_or(default, PathBuf::from);

    let model = Model::read(&folder);
    let mut report = Report::default();
    let mut rows = BTreeMap::new();
    for definition in read(&folder, "SearchParameter") {
        for row in compile(&model, &definition, &mut report) {
            let key = (row.base.clone(), row.code.clone());
            assert!(rows.insert(key, row).is_none(), "two definitions of one parameter");
        }
    }

    let mut numbers: BTreeMap<(String, String), u16> = BTreeMap::new();
    for line in
        fs::read_to_string(&out).unwrap_or_default().lines().filter(|line| !line.starts_with('#'))
    {
        let mut cells = line.split('\t');
        let number = cells.next().and_then(|cell| cell.parse().ok()).expect("a number");
        let base = cells.next().expect("a base").to_owned();
        numbers.insert((base, cells.next().expect("a code").to_owned()), number);
    }
    let gone: Vec<_> = numbers.keys().filter(|key| !rows.contains_key(*key)).collect();
    assert!(gone.is_empty(), "rows must never leave the table: {gone:?}");
    let mut next = numbers.values().max().map_or(0, |number| number + 1);
    let mut numbered: Vec<(u16, Row)> = rows
        .into_iter()
        .map(|(key, row)| {
            let number = *numbers.entry(key).or_insert_with(|| {
                next += 1;
                next - 1
            });
            (number, row)
        })
        .collect();
    numbered.sort_by_key(|(number, _)| *number);

    let mut text = String::from(
        "# Made by examples/compile_search_parameters from the official R4 definitions (HL7, CC0); do not edit.\n\
         # number\tbase\tcode\tkind\ttargets\tsystems\turl\texpression\tsteps\n",
    );
    for (number, row) in &numbered {
        let Row { base, code, kind, targets, systems, url, expression, steps } = row;
        writeln!(
            text,
            "{number}\t{base}\t{code}\t{kind}\t{targets}\t{systems}\t{url}\t{expression}\t{steps}"
        )
        .expect("writing to a string");
    }
    fs::write(&out, text).expect("the table is writable");
    report.print(&numbered);
}

struct Row {
    base: String,
    code: String,
    kind: String,
    targets: String,
    systems: String,
    url: String,
    expression: String,
    steps: String,
}

#[derive(Default)]
struct Report {
    skipped: Vec<String>,
    without_steps: Vec<String>,
    composites: usize,
    leaves: BTreeMap<(String, String), usize>,
    unindexable: BTreeSet<String>,
}

impl Report {
    fn print(&self, rows: &[(u16, Row)]) {
        println!("{} rows", rows.len());
        let mut kinds = BTreeMap::<&str, usize>::new();
        for (_, row) in rows {
            *kinds.entry(&row.kind).or_default() += 1;
        }
        println!("kinds: {kinds:?}");
        println!("composites, kept as text and not yet extracted: {}", self.composites);
        println!("leaves (kind, type): {:?}", self.leaves);
        for line in &self.unindexable {
            println!("leaf without an index form: {line}");
        }
        for line in &self.without_steps {
            println!("kept without steps: {line}");
        }
        for line in &self.skipped {
            println!("not in the table: {line}");
        }
    }
}

fn compile(model: &Model, definition: &Value, report: &mut Report) -> Vec<Row> {
    let text = |name: &str| definition[name].as_str().unwrap_or_default();
    let names = |name: &str| -> Vec<&str> {
        definition[name]
            .as_array()
            .map_or(Vec::new(), |items| items.iter().filter_map(Value::as_str).collect())
    };
    let (id, code, url) = (text("id"), text("code"), text("url"));
    if EXAMPLES.contains(&id) {
        report.skipped.push(format!("{id}: an example"));
        return Vec::new();
    }
    if names("base").is_empty() {
        report.skipped.push(format!("{id}: no base type in the package"));
        return Vec::new();
    }
    let mut kind = text("type");
    if ["_text", "_content", "_query", "_filter"].contains(&code) {
        kind = "special";
    }
    let mut rows = Vec::new();
    for base in names("base") {
        let common = base == "Resource" || base == "DomainResource";
        let mut steps = BTreeSet::new();
        let mut systems = BTreeSet::new();
        let mut own = Vec::new();
        if kind == "composite" {
            report.composites += 1;
            own =
                unions(text("expression")).into_iter().filter(|term| head(term) == base).collect();
            assert!(!own.is_empty(), "{id} has no term for {base}");
            for component in definition["component"].as_array().expect("a composite has components")
            {
                let of = |name: &str| component[name].as_str().expect("a component names it");
                let component_url =
                    of("definition").rsplit('/').next().expect("a url has a last part");
                steps.insert(format!("{:02}:{component_url}={}", steps.len(), of("expression")));
            }
        } else if kind == "special" || text("expression").is_empty() {
            let note = if text("expression").is_empty() { "no expression" } else { "special" };
            report.without_steps.push(format!("{base}.{code} ({kind}): {note}"));
            own = unions(text("expression"));
        } else {
            for term in unions(text("expression")) {
                if head(&term) != base && head(&term).starts_with(char::is_uppercase) {
                    continue;
                }
                let place = format!("{base}.{code}");
                for leaf in model
                    .follow(base, &term)
                    .unwrap_or_else(|error| panic!("{place}: `{term}`: {error}"))
                {
                    let leaf_kind = (kind.to_owned(), leaf.type_name.clone());
                    if leaf.path.contains("extension[url=")
                        && !EXTENSION_TYPES.contains(&leaf.type_name.as_str())
                    {
                        continue;
                    }
                    if is_indexable(kind, &leaf.type_name) {
                        systems.extend(model.systems(&leaf, kind));
                        *report.leaves.entry(leaf_kind).or_default() += 1;
                        steps.insert(format!("{}:{}", leaf.path, leaf.type_name));
                    } else {
                        report.unindexable.insert(format!("{place}: {} as {kind}", leaf.type_name));
                    }
                }
                own.push(term);
            }
            assert!(!steps.is_empty(), "{id} compiles to nothing for {base}");
        }
        rows.push(Row {
            base: if common { "*".to_owned() } else { base.to_owned() },
            code: code.to_owned(),
            kind: kind.to_owned(),
            targets: names("target").join(" "),
            systems: systems.into_iter().collect::<Vec<_>>().join(" "),
            url: url.to_owned(),
            expression: own.join(" | "),
            steps: steps.into_iter().collect::<Vec<_>>().join(" ; "),
        });
    }
    rows
}

/// Whether R4 says how values of a type answer searches of a kind.
fn is_indexable(kind: &str, type_name: &str) -> bool {
    const TEXTS: [&str; 5] = ["string", "markdown", "code", "id", "uri"];
    match kind {
        "token" => {
            [
                "Coding",
                "CodeableConcept",
                "Identifier",
                "ContactPoint",
                "boolean",
                "canonical",
                "exists",
            ]
            .contains(&type_name)
                || TEXTS.contains(&type_name)
        }
        "string" => TEXTS.contains(&type_name) || ["HumanName", "Address"].contains(&type_name),
        "date" => ["date", "dateTime", "instant", "Period", "Timing"].contains(&type_name),
        "number" => {
            ["decimal", "integer", "positiveInt", "unsignedInt", "Range"].contains(&type_name)
        }
        "quantity" => ["Quantity", "Money", "Age", "Duration", "Count", "Distance", "Range"]
            .contains(&type_name),
        "reference" => ["Reference", "canonical", "uri", "Resource"].contains(&type_name),
        "uri" => ["uri", "url", "canonical", "oid", "uuid"].contains(&type_name),
        _ => false,
    }
}

/// The terms of a union, outermost only.
fn unions(expression: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0;
    for character in expression.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' if depth == 0 => {
                terms.push(String::new());
                continue;
            }
            _ => {}
        }
        terms.last_mut().expect("never empty").push(character);
    }
    terms.into_iter().map(|term| term.trim().to_owned()).filter(|term| !term.is_empty()).collect()
}

/// The first name of a term.
fn head(term: &str) -> &str {
    let term = term.trim_start_matches('(');
    term.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default()
}

/// Where a value lies, and what it is.
#[derive(Clone, Debug)]
struct Leaf {
    /// JSON names with conditions, dot-separated; empty for the resource itself.
    path: String,
    type_name: String,
    /// Path of the element whose definition holds the children; empty for a datatype's own root.
    context: String,
    /// Value set of a required binding.
    value_set: Option<String>,
}

struct Model {
    /// Element path to its definition, over all structures.
    elements: HashMap<String, Value>,
    /// Value set to the code systems it draws on.
    value_sets: HashMap<String, BTreeSet<String>>,
}

impl Model {
    fn read(folder: &Path) -> Self {
        let mut elements = HashMap::new();
        for structure in read(folder, "StructureDefinition") {
            if structure["derivation"] == "constraint" {
                continue;
            }
            for element in structure["snapshot"]["element"].as_array().into_iter().flatten() {
                elements
                    .insert(element["path"].as_str().expect("a path").to_owned(), element.clone());
            }
        }
        let mut value_sets = HashMap::new();
        for value_set in read(folder, "ValueSet") {
            let includes = value_set["compose"]["include"].as_array().cloned().unwrap_or_default();
            let systems = includes
                .iter()
                .filter_map(|include| include["system"].as_str())
                .map(str::to_owned)
                .collect();
            value_sets.insert(value_set["url"].as_str().unwrap_or_default().to_owned(), systems);
        }
        Self { elements, value_sets }
    }

    /// Systems that a code without one belongs to.
    fn systems(&self, leaf: &Leaf, kind: &str) -> BTreeSet<String> {
        match (kind, leaf.type_name.as_str()) {
            ("token", "boolean" | "exists") => {
                BTreeSet::from(["http://terminology.hl7.org/CodeSystem/special-values".to_owned()])
            }
            ("token", "code") => {
                let url = leaf.value_set.as_deref().unwrap_or_default();
                self.value_sets
                    .get(url.split('|').next().unwrap_or_default())
                    .cloned()
                    .unwrap_or_default()
            }
            _ => BTreeSet::new(),
        }
    }

    /// All leaves of one term.
    fn follow(&self, base: &str, term: &str) -> Result<Vec<Leaf>, String> {
        // The one boolean expression in R4, `Patient.deceased`.
        if let Some((path, rest)) = term.split_once(".exists() and ") {
            if rest != format!("{path} != false") {
                return Err("an unknown boolean expression".to_owned());
            }
            let mut leaves = self.follow(base, path)?;
            for leaf in &mut leaves {
                if leaf.type_name != "boolean" {
                    leaf.type_name = "exists".to_owned();
                }
            }
            let absent = Leaf { path: String::new(), ..leaves[0].clone() };
            leaves.push(Leaf { type_name: "exists".to_owned(), ..absent });
            return Ok(leaves);
        }
        // `(path as Type).rest` is `path.ofType(Type).rest`.
        if let Some(inner) = term.strip_prefix('(') {
            let (inside, rest) = inner.split_once(')').ok_or("an open parenthesis")?;
            let (path, type_name) = inside.split_once(" as ").ok_or("no cast in parentheses")?;
            return self
                .follow(base, &format!("{}.ofType({}){rest}", path.trim(), type_name.trim()));
        }
        let mut steps = steps(term)?;
        if steps[0] == base {
            steps.remove(0);
        }
        let root = Leaf {
            path: String::new(),
            type_name: base.to_owned(),
            context: base.to_owned(),
            value_set: None,
        };
        let mut leaves = vec![root];
        for step in &steps {
            let argument =
                |name: &str| step.strip_prefix(name).and_then(|rest| rest.strip_suffix(')'));
            if let Some(type_name) = argument("ofType(").or_else(|| argument("as(")) {
                leaves.retain(|leaf| leaf.type_name == type_name);
                if leaves.is_empty() {
                    return Err(format!("never of type {type_name}"));
                }
            } else if let Some(index) = step.strip_prefix('[') {
                leaves
                    .iter_mut()
                    .for_each(|leaf| write!(leaf.path, "[{index}").expect("writing to a string"));
            } else if let Some(condition) = argument("where(") {
                let condition = match condition {
                    _ if condition.starts_with("resolve() is ") => {
                        condition["resolve() ".len()..].to_owned()
                    }
                    _ if condition.starts_with("hasExtension('") => {
                        format!(
                            "has {}",
                            condition["hasExtension('".len()..].trim_end_matches("')")
                        )
                    }
                    _ => condition.replace(['\'', ' '], ""),
                };
                leaves.iter_mut().for_each(|leaf| {
                    write!(leaf.path, "[{condition}]").expect("writing to a string")
                });
            } else if let Some(url) = argument("extension('") {
                let url = url.trim_end_matches('\'');
                let mut next = Vec::new();
                for leaf in &leaves {
                    for mut extension in self.child(leaf, "extension")? {
                        write!(extension.path, "[url={url}]").expect("writing to a string");
                        next.extend(self.child(&extension, "value")?);
                    }
                }
                leaves = next;
            } else if step.contains('(') {
                return Err(format!("`{step}` is not a known step"));
            } else {
                let mut next = Vec::new();
                for leaf in &leaves {
                    next.extend(self.child(leaf, step)?);
                }
                leaves = next;
            }
        }
        Ok(leaves)
    }

    /// The members of `leaf` called `name`: several for a choice.
    fn child(&self, leaf: &Leaf, name: &str) -> Result<Vec<Leaf>, String> {
        let plain = format!("{}.{name}", leaf.context);
        let choice = format!("{plain}[x]");
        let (path, is_choice) =
            if self.elements.contains_key(&choice) { (choice, true) } else { (plain, false) };
        let mut element = self.elements.get(&path).ok_or_else(|| format!("no element {path}"))?;
        let mut own_path = path;
        if let Some(reference) = element["contentReference"].as_str() {
            own_path = reference.trim_start_matches('#').to_owned();
            element =
                self.elements.get(&own_path).ok_or_else(|| format!("no element {own_path}"))?;
        }
        let mut types: Vec<&Value> = element["type"].as_array().into_iter().flatten().collect();
        types.dedup_by_key(|entry| entry["code"].as_str());
        let leaves = types.into_iter().map(|entry| {
            let mut type_name = entry["code"].as_str().unwrap_or_default();
            if type_name.starts_with("http://hl7.org/fhirpath/") {
                type_name = "id";
            }
            let context = match type_name {
                "BackboneElement" | "Element" => own_path.clone(),
                _ => type_name.to_owned(),
            };
            let mut json_name = name.to_owned();
            if is_choice {
                json_name.extend(type_name.chars().take(1).flat_map(char::to_uppercase));
                json_name.push_str(&type_name[1..]);
            }
            let dot = if leaf.path.is_empty() { "" } else { "." };
            let binding = &element["binding"];
            let value_set =
                (binding["strength"] == "required").then(|| binding["valueSet"].as_str()).flatten();
            Leaf {
                path: format!("{}{dot}{json_name}", leaf.path),
                type_name: type_name.to_owned(),
                context,
                value_set: value_set.map(str::to_owned),
            }
        });
        Ok(leaves.collect())
    }
}

/// A path cut at its dots and in front of `[`, arguments left whole.
fn steps(term: &str) -> Result<Vec<String>, String> {
    let mut steps = vec![String::new()];
    let mut depth = 0;
    for character in term.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            '.' if depth == 0 => {
                steps.push(String::new());
                continue;
            }
            '[' if depth == 0 => steps.push(String::new()),
            _ => {}
        }
        steps.last_mut().expect("never empty").push(character);
    }
    if depth != 0 || steps.iter().any(String::is_empty) {
        return Err("not a path".to_owned());
    }
    Ok(steps)
}

fn read(folder: &Path, resource_type: &str) -> Vec<Value> {
    let path = folder.join(format!("{resource_type}.ndjson.gz"));
    let file = fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line of text")).expect("a line of JSON"))
        .collect()
}
