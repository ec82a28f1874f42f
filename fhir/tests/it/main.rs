//! The crate's tests against published data.

mod body;
mod data;
mod json;
mod malformed;
mod published;
mod search;
mod summary;
