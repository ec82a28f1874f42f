//! Scores the rule-based parts on their corpora: `evaluate_rules CORPUS FILE… [--json]`.

use std::path::PathBuf;
use std::process::ExitCode;

#[path = "evaluate/ade_dose.rs"]
mod ade_dose;
#[path = "evaluate/asq_phi.rs"]
mod asq_phi;
#[path = "evaluate/negex.rs"]
mod negex;
#[path = "evaluate/report.rs"]
mod report;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let corpus = arguments.next().unwrap_or_default();
    let files: Vec<PathBuf> = arguments.filter(|a| a != "--json").map(PathBuf::from).collect();
    let result = match corpus.as_str() {
        "ade-dose" => ade_dose::run(&files),
        "asq-phi" => asq_phi::run(&files),
        "negex" => negex::run(&files),
        _ => Err("usage: evaluate_rules negex|asq-phi|ade-dose|mts-dialog FILE…".into()),
    };
    match result {
        Ok(report) => {
            println!("{}", report.json());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
