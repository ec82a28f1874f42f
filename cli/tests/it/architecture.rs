//! The floor plan in ARCHITECTURE.md is the one Cargo keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type House = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Crates and what they use, as drawn, with their floors from the roof down.
fn drawn() -> (House, Vec<(String, String)>) {
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut floors = Vec::new();
    let house = read("ARCHITECTURE.md")
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
            let [floor, name, uses, _, _] = cells[..] else { return None };
            let name = name.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            floors.push((floor.to_owned(), name.clone()));
            Some((name, names(uses)))
        })
        .collect();
    (house, floors)
}

/// The same from the manifests.
fn built() -> House {
    let workspace = manifest("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members");
    let members: Vec<&str> = members.iter().filter_map(toml::Value::as_str).collect();
    let uses = |member: &str| {
        let manifest = manifest(&format!("{member}/Cargo.toml"));
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        let ours = members.iter().filter(|other| dependencies.contains_key(**other));
        ours.map(|other| (*other).to_owned()).collect()
    };
    members.iter().map(|member| ((*member).to_owned(), uses(member))).collect()
}

#[test]
fn the_floor_plan_is_the_one_cargo_keeps() {
    assert_eq!(drawn().0, built());
}

#[test]
fn nobody_uses_a_neighbour_or_a_floor_above() {
    let (house, floors) = drawn();
    let rank = |wanted: &str| {
        let floor = &floors.iter().find(|(_, name)| name == wanted).expect("a crate").0;
        match floor.as_str() {
            "roof" => 4,
            "ground" => 0,
            number => number.parse::<u32>().expect("a floor"),
        }
    };
    for (name, uses) in &house {
        for other in uses {
            assert!(rank(other) < rank(name), "`{name}` uses `{other}`");
        }
    }
}
