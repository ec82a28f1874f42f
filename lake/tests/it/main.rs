//! The lake from outside: rows in, SQL out, across restarts.

mod data;
mod files;
mod rows;
mod sql;
