//! Search: the parameters R4 defines, the values a resource has for them, and queries.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html>

mod compare;
mod extract;
mod parameter;
mod program;
mod query;

pub use compare::{date_matches, number_matches};
pub use extract::{Target, Value, extract, extract_as_written, fold};
pub use parameter::{Parameter, ParameterId, ParameterKind};
pub use query::{
    COUNT_MAX, Criterion, Include, Modifier, Prefix, Query, Sort, Summary, Test, Total,
};
