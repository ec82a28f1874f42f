//! Crate-wide tests in one binary.

mod data;
mod documents;
mod linking;
mod samples;
