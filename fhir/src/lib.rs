//! FHIR R4's words and grammar: resources, datatypes, search, outcomes. Values in memory only.
//!
//! A [`Resource`] is its JSON text plus a parsed tree over it, so unknown precision, element
//! order and exact decimals survive a round trip. Everything else reads that tree: validation
//! happens while parsing, [`search::extract`] walks it for index values, `lake` walks it for rows.
//!
//! Spec: <https://hl7.org/fhir/R4/>

pub mod bundle;
pub mod capability;
pub mod date;
pub mod definitions;
pub mod findings;
pub mod outcome;
mod render;
pub mod resource;
pub mod search;

pub use bundle::Bundle;
pub use date::DateSpan;
pub use definitions::{ElementId, Primitive, ResourceType, TypeId};
pub use outcome::{Issue, IssueCode, Outcome, Severity};
pub use resource::{Body, Kind, Node, Resource};
