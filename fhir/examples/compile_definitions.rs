//! Compiles the official R4 StructureDefinitions into `src/definitions/elements.tsv`.
//!
//! ```text
//! cargo run --release -p fhir --example compile_definitions [FOLDER]
//! ```
//!
//! `FOLDER` holds `StructureDefinition.ndjson.gz` of the package `hl7.fhir.r4.core`; without it
//! the shared data folder beside the workspace is used. Prose, profiles and logical models are
//! left out; what a structure inherits is written once, at its base.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

const HEADER: &str = "\
# FHIR R4 (4.0.1) structures, made by examples/compile_definitions from hl7.fhir.r4.core (CC0-1.0).
# A line at the margin opens a structure: kind, name, base (whose elements come first).
# An indented line is an element: name, types, min..max, `s` when it is part of the summary.
# `*` stands for the open types of the first line; a dotted type is a backbone structure.
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args().nth(1).map_or_else(
        || {
            std::env::var_os("TARN_SHARED")
                .map_or_else(|| manifest.join("../../shared"), PathBuf::from)
                .join("data/fhir/definitions-r4")
        },
        PathBuf::from,
    );
    let file = File::open(folder.join("StructureDefinition.ndjson.gz"))?;
    let mut structures = BTreeMap::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let definition: Value = serde_json::from_str(&line?)?;
        let kind = text(&definition, "kind");
        if text(&definition, "derivation") == "constraint" || kind == "logical" {
            continue;
        }
        structures.insert(text(&definition, "type").to_owned(), definition);
    }

    let mut out = String::from(HEADER);
    let open = open_types(&structures);
    writeln!(out, "open\t{}", open.join(" "))?;
    for kind in ["resource", "complex-type", "primitive-type"] {
        for (name, definition) in &structures {
            if text(definition, "kind") == kind {
                structure(&mut out, name, definition, &open)?;
            }
        }
    }
    let target = manifest.join("src/definitions/elements.tsv");
    std::fs::write(&target, &out)?;
    println!("{} lines, {} bytes", out.lines().count(), out.len());
    Ok(())
}

/// The types an element with an open choice (`*`) may have: those of `Extension.value[x]`.
fn open_types(structures: &BTreeMap<String, Value>) -> Vec<String> {
    elements(&structures["Extension"])
        .iter()
        .find(|element| text(element, "path") == "Extension.value[x]")
        .map(types)
        .expect("Extension has a value")
}

/// Writes one structure and the backbone structures inside it.
fn structure(
    out: &mut String,
    name: &str,
    definition: &Value,
    open: &[String],
) -> Result<(), Box<dyn std::error::Error>> {
    let base = text(definition, "baseDefinition").rsplit('/').next().unwrap_or_default();
    let kind = match (text(definition, "kind"), definition["abstract"].as_bool() == Some(true)) {
        ("primitive-type", _) => {
            writeln!(out, "primitive\t{name}\t{base}")?;
            return Ok(());
        }
        (_, true) => "abstract",
        ("resource", false) => "resource",
        (_, false) => "type",
    };
    let elements = elements(definition);
    let parents: BTreeSet<&str> = elements
        .iter()
        .filter_map(|element| text(element, "path").rsplit_once('.').map(|(parent, _)| parent))
        .collect();
    let mut bases = BTreeMap::from([(name, base)]);
    for element in elements {
        let path = text(element, "path");
        if parents.contains(path) && path != name {
            bases.insert(
                path,
                if types(element)[0] == "Element" { "Element" } else { "BackboneElement" },
            );
        }
    }
    // Backbones follow their resource in the order of their first appearance.
    let mut order: Vec<&str> = vec![name];
    order.extend(
        elements.iter().map(|e| text(e, "path")).filter(|p| *p != name && bases.contains_key(p)),
    );
    for owner in order {
        let kind = if owner == name { kind } else { "backbone" };
        writeln!(out, "{kind}\t{owner}\t{}", bases[owner])?;
        for element in elements {
            let path = text(element, "path");
            let Some((parent, leaf)) = path.rsplit_once('.') else { continue };
            if parent != owner
                || text(&element["base"], "path").split('.').next() != path.split('.').next()
            {
                continue;
            }
            let max = text(element, "max");
            if max == "0" {
                continue;
            }
            let listed = match element["contentReference"].as_str() {
                Some(reference) => reference.trim_start_matches('#').to_owned(),
                None if bases.contains_key(path) => path.to_owned(),
                None => {
                    let types = types(element);
                    if types == open { "*".to_owned() } else { types.join(" ") }
                }
            };
            let listed = match path {
                "Resource.id" => "id",
                _ => &listed,
            };
            let summary = if element["isSummary"].as_bool() == Some(true) { "\ts" } else { "" };
            writeln!(out, "\t{leaf}\t{listed}\t{}..{max}{summary}", element["min"])?;
        }
    }
    Ok(())
}

/// The type codes of an element, without repeats. `Element.id`, `Extension.url` and their like
/// are given as FHIRPath system types with the FHIR type in an extension.
fn types(element: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for entry in element["type"].as_array().map_or(&[][..], Vec::as_slice) {
        let mut name = text(entry, "code");
        if name.contains("fhirpath") {
            name = entry["extension"][0]["valueUrl"].as_str().unwrap_or("string");
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn elements(definition: &Value) -> &[Value] {
    definition["snapshot"]["element"].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
