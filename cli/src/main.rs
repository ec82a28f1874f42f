//! `tarn`: an open health data lake in one binary. This crate is the roof: arguments, settings,
//! wiring, terminal, exit codes.
//!
//! Always true:
//! - one process owns a data folder; a command that finds a server there goes through it;
//! - results go to stdout, everything else to stderr, and `--json` results are a contract;
//! - the exit code is 0 for success, 1 for failure, 2 for wrong usage, 3 for an import that
//!   rejected lines.

mod arguments;
mod client;
mod commands;
mod failure;
mod folder;
mod settings;
mod show;

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// The exit code of an import that left lines out.
const PARTIAL: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    show::log(&arguments);
    match run(&arguments) {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(arguments.global.json);
            ExitCode::FAILURE
        }
    }
}

/// What every command is given.
pub(crate) struct Context<'a> {
    global: &'a arguments::Global,
    settings: settings::Settings,
    runtime: tokio::runtime::Runtime,
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let settings = settings::load(&arguments.global)?;
    if let Command::Settings = arguments.command {
        return commands::settings::show(&settings, arguments.global.json);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the runtime could not start: {error}")))?;
    let context = Context { global: &arguments.global, settings, runtime };
    let code = match &arguments.command {
        Command::Demo(given) => commands::demo::run(&context, given),
        Command::Serve(given) => commands::serve::run(&context, given),
        Command::Generate(given) => commands::generate::run(&context, given),
        Command::Import(given) => commands::import::run(&context, given),
        Command::Export(given) => commands::export::run(&context, given),
        Command::Sql(given) => commands::sql::run(&context, given),
        Command::Annotate(given) => commands::annotate::run(&context, given),
        Command::Terms(given) => commands::terms::run(&context, given),
        Command::Store(given) => commands::store::run(&context, given),
        Command::Key(given) => commands::key::run(&context, given),
        Command::Settings => commands::settings::show(&context.settings, context.global.json),
    };
    // Reads that still wait for a closed terminal must not keep the process.
    context.runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    code
}
