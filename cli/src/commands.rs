//! One file per command.

pub(crate) mod annotate;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod sql;
pub(crate) mod store;
pub(crate) mod terms;
