//! Transaction Bundles from lines: one for each patient, one for the world.
//!
//! Entries are `PUT Type/id`, so a bundle posted twice changes nothing the second time; references
//! stay `Type/id`, which is what they are once the world's bundle and the patient's are in.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#transaction>

use super::id::Id;
use super::{Lines, TYPES};

/// A transaction Bundle.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Whose; `None`: the world.
    pub patient: Option<Id>,
    /// JSON, with a line's end.
    pub json: Vec<u8>,
}

/// Between the start of a line and its id.
const OPENING: &str = "{\"resourceType\":\"";

/// The Bundle of everything in `lines`.
pub fn bundle(patient: Option<Id>, lines: &Lines) -> Bundle {
    let bytes: usize = lines.by_type.iter().map(Vec::len).sum();
    let mut json = Vec::with_capacity(bytes + 200 * lines.resources as usize + 80);
    json.extend_from_slice(b"{\"resourceType\":\"Bundle\",\"type\":\"transaction\"");
    let mut first = true;
    for (name, text) in TYPES.iter().zip(&lines.by_type) {
        let before_id = OPENING.len() + name.len() + "\",\"id\":\"".len();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let id = &line[before_id..before_id + 36];
            json.extend_from_slice(if first { b",\"entry\":[" } else { b"," });
            first = false;
            json.extend_from_slice(b"{\"fullUrl\":\"urn:uuid:");
            json.extend_from_slice(id);
            json.extend_from_slice(b"\",\"resource\":");
            json.extend_from_slice(line);
            json.extend_from_slice(b",\"request\":{\"method\":\"PUT\",\"url\":\"");
            json.extend_from_slice(name.as_bytes());
            json.push(b'/');
            json.extend_from_slice(id);
            json.extend_from_slice(b"\"}}");
        }
    }
    json.extend_from_slice(if first { b"}\n" } else { b"]}\n" });
    Bundle { patient, json }
}
