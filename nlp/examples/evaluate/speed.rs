//! Times the whole pipeline, and rules and lexicons alone, on documents of a few kilobytes: megabytes
//! of text a second of one core's time, as the system accounts it.

use std::path::PathBuf;
use std::time::Instant;

use nlp::Pipeline;

use super::report::{Failure, Report, text_of};

/// Longest document, in bytes.
const DOCUMENT: usize = 4_096;

/// Reads the text of `files` in pieces.
pub fn run(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report { corpus: "speed", ..Report::default() };
    let mut texts = Vec::new();
    for file in files {
        texts.push(text_of(file)?);
    }
    let started = Instant::now();
    let whole = Pipeline::new(&[])?;
    report.number("start_ms", started.elapsed().as_secs_f64() * 1e3);
    let rules = Pipeline::new(&[])?.without_taggers();
    for (name, pipeline) in [("whole", &whole), ("rules_and_lexicons", &rules)] {
        let (mut bytes, mut found) = (0, 0);
        let before = cpu_seconds();
        for text in &texts {
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.floor_char_boundary(DOCUMENT));
                found += pipeline.read_text(piece, None, None).entities.len();
                bytes += piece.len();
                rest = after;
            }
        }
        let seconds = (cpu_seconds() - before).max(0.01);
        report.number(&format!("{name}_mb_per_second"), bytes as f64 / 1e6 / seconds);
        report.number(&format!("{name}_findings"), found as f64);
        if name == "whole" {
            (report.bytes, report.seconds) = (bytes, seconds);
        }
    }
    if let Some(bytes) = resident_bytes() {
        report.number("resident_mb", bytes as f64 / 1e6);
    }
    Ok(report)
}

/// Seconds of this process on any core, in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything, in parentheses.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / 100.0
}

/// Where the system tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
