//! Scores the rule-based parts on their corpora: `evaluate_rules CORPUS FILE… [--json]`; and times
//! them on any text: `evaluate_rules speed FILE…`.

use std::path::PathBuf;
use std::process::ExitCode;

#[path = "evaluate/ade_dose.rs"]
mod ade_dose;
#[path = "evaluate/asq_phi.rs"]
mod asq_phi;
#[path = "evaluate/mts_dialog.rs"]
mod mts_dialog;
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
        "mts-dialog" => mts_dialog::run(&files),
        "negex" => negex::run(&files),
        "speed" => speed(&files),
        _ => Err("usage: evaluate_rules negex|asq-phi|ade-dose|mts-dialog|speed FILE…".into()),
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

/// Reads documents of a few kilobytes through all rules, with an assertion for every attribute.
fn speed(files: &[PathBuf]) -> Result<report::Report, report::Failure> {
    let mut report = report::Report { corpus: "speed", ..report::Report::default() };
    let mut seconds = [0.0; 4];
    for file in files {
        let text = report::text_of(file)?;
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.floor_char_boundary(4_096);
            let document = &rest[..end];
            rest = &rest[end..];
            report.bytes += document.len();
            let mut clock = std::time::Instant::now();
            let mut lap = |stage: usize| {
                seconds[stage] += clock.elapsed().as_secs_f64();
                clock = std::time::Instant::now();
            };
            let analysis = nlp::Analysis::of(document);
            lap(0);
            let attributes = nlp::attribute::find(&analysis);
            let mut found = nlp::attribute::entities(&analysis, &attributes);
            nlp::attribute::attach(&analysis, &attributes, &mut found);
            lap(1);
            let targets: Vec<nlp::Span> = attributes.iter().map(|a| a.span).collect();
            let assertions = nlp::assertion::assess_all(&analysis, &targets);
            lap(2);
            let hidden = nlp::phi::find(&analysis, None);
            lap(3);
            std::hint::black_box((found, assertions, hidden));
        }
    }
    report.seconds = seconds.iter().sum();
    for (name, seconds) in ["analysis", "attribute", "assertion", "phi"].iter().zip(seconds) {
        report.number(&format!("{name}_mb_per_second"), report.bytes as f64 / 1e6 / seconds);
    }
    let whole = report.bytes as f64 / 1e6 / report.seconds;
    report.number("mb_per_second", whole);
    Ok(report)
}
