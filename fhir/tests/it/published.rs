//! Everything published is accepted; what the publishers got wrong is listed with the reason.

use crate::data::{each_line, shared};
use fhir::Resource;
use std::collections::BTreeSet;

/// The folders and how many resources each holds.
pub const FOLDERS: [(&str, usize); 6] = [
    ("synthea-tiny", 1_442),
    ("examples-r4", 376),
    ("us-core-examples", 118),
    ("definitions-r4", 4_581),
    ("synthea-2023-bulk10", 7_160),
    ("synthea-2021", 77_464),
];

#[test]
fn every_published_resource_is_accepted_or_a_known_gap() {
    let Some(_) = shared() else { return };
    let mut gaps: BTreeSet<&str> = include_str!("known_gaps.toml")
        .lines()
        .filter_map(|line| line.strip_prefix('"')?.split_once('"'))
        .map(|(place, _)| place)
        .collect();
    let mut failures = Vec::new();
    for (folder, expected) in FOLDERS {
        let count = each_line(folder, |line| {
            let result = Resource::parse(line.text);
            match (result, gaps.remove(line.place.as_str())) {
                (Err(outcome), false) => {
                    for issue in outcome.issues {
                        failures.push(format!(
                            "{} {:?} {}",
                            line.place, issue.expression, issue.diagnostics
                        ));
                    }
                }
                (Ok(_), true) => {
                    failures.push(format!("{} is accepted: take it off the list", line.place))
                }
                _ => {}
            }
        });
        assert_eq!(count, expected, "resources in {folder}");
    }
    assert_eq!(gaps, BTreeSet::new(), "gaps that do not exist");
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(50)].join("\n")
    );
}
