//! The store as its callers see it: against a naive model, under many writers, and killed.

mod concurrency;
mod crash;
mod limits;
mod model;
mod support;
