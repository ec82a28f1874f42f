//! The command line from outside: real processes in temporary data folders.

mod architecture;
mod bad_input;
mod commands;
mod folder;
mod house;
