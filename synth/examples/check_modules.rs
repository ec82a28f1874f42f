//! Loads a folder of modules (or our own) and lists everything that is wrong with it.
//!
//! `cargo run --release -p synth --example check_modules [DIR]`

mod shared;

use std::path::Path;
use std::process::ExitCode;
use synth::gmf::{Files, Modules};
use synth::life::Words;
use synth::vocabulary::Vocabulary;

fn main() -> ExitCode {
    let mut files = match std::env::args().nth(1) {
        None => Files::own(),
        Some(folder) => {
            let mut files = Files::default();
            if let Err(error) = shared::read(Path::new(&folder), Path::new(&folder), &mut files) {
                eprintln!("could not read {folder}: {error}");
                return ExitCode::FAILURE;
            }
            files
        }
    };
    files.modules.sort();
    let mut vocabulary = Vocabulary::new();
    let _ = Words::new(&mut vocabulary);
    println!("{} modules, {} tables", files.modules.len(), files.tables.len());
    match Modules::load(&files, &mut vocabulary) {
        Ok((modules, warnings)) => {
            for warning in &warnings {
                println!("warning: {warning}");
            }
            for (attribute, files) in modules.unset_attributes() {
                println!("read but never set: `{attribute}` in {}", files.join(", "));
            }
            println!(
                "{} states; {} modules run for everybody; {} targets; no faults",
                modules.states(),
                modules.names().count(),
                modules.targets().len()
            );
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in &errors {
                println!("fault: {error}");
            }
            println!("{} faults", errors.len());
            ExitCode::FAILURE
        }
    }
}
