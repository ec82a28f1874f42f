//! What people see: logs, progress bars, tables, numbers.

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use tracing_subscriber::EnvFilter;

/// Widest cell of a table before it is cut, in characters.
const CELL_MAX: usize = 60;

/// Starts logging to stderr.
pub(crate) fn log(arguments: &Arguments) {
    let level = arguments.global.log.as_deref().unwrap_or(match arguments.command {
        Command::Serve(_) => "warn,cli=info,server=info,jobs=info",
        _ => "error",
    });
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Writes lines to stdout.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()?;
    Ok(())
}

/// Writes a line for the person at the terminal, who may not be there.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes one JSON value to stdout.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(error.to_string()))?;
    out(&text)
}

/// A progress bar on stderr; nothing unless stderr is a terminal. `total` 0 means unknown.
pub(crate) fn bar(total: u64) -> ProgressBar {
    let bar = if !std::io::stderr().is_terminal() {
        ProgressBar::hidden()
    } else if total > 0 {
        ProgressBar::new(total)
    } else {
        ProgressBar::new_spinner()
    };
    bar.set_style(style(total > 0));
    bar
}

/// The look of a bar whose total is known, or not.
fn style(known: bool) -> ProgressStyle {
    let template = if known {
        "{spinner} {bar:28.green/dim} {percent:>3} %  {msg}"
    } else {
        "{spinner} {msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Shows where an import is.
pub(crate) fn import_progress(bar: &ProgressBar, progress: &jobs::import::Progress) {
    if bar.is_hidden() {
        return;
    }
    if progress.bytes_total > 0 && bar.length() != Some(progress.bytes_total) {
        bar.set_length(progress.bytes_total);
        bar.set_style(style(true));
    }
    bar.set_position(progress.bytes_done);
    let rejected = match progress.rejected {
        0 => String::new(),
        count => format!(", {} rejected", number(count)),
    };
    let what = match progress.phase {
        jobs::import::Phase::Tables => "writing the last table files, ".to_owned(),
        jobs::import::Phase::Notes => format!(
            "reading notes: {} documents, {} findings, {} to go; ",
            number(progress.notes.documents),
            number(progress.notes.findings),
            number(progress.notes.waiting)
        ),
        _ => String::new(),
    };
    bar.set_message(format!(
        "{what}{} resources, {}/s, {}/{} files{rejected}",
        number(progress.resources),
        number(progress.per_second as u64),
        progress.files_done,
        progress.files_total,
    ));
}

/// `77,464`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `118.2 MB`.
pub(crate) fn bytes(value: u64) -> String {
    let mut size = value as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if size < 1000.0 || unit == "TB" {
            return if unit == "B" { format!("{value} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{value} B")
}

/// Rows as aligned text: numbers to the right, everything else to the left.
pub(crate) fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let cut = |text: &str| -> String {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.chars().count() <= CELL_MAX {
            text
        } else {
            text.chars().take(CELL_MAX - 1).chain(['…']).collect()
        }
    };
    let header: Vec<String> = header.iter().map(|cell| cut(cell)).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(header.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let numeric = |column: usize| {
        let mut cells =
            rows.iter().filter_map(|row| row.get(column)).filter(|c| !c.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
    };
    let columns: Vec<(usize, bool)> = (0..header.len()).map(|c| (width(c), numeric(c))).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = columns
            .iter()
            .zip(cells)
            .map(
                |((width, numeric), cell)| {
                    if *numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            )
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let rule: Vec<String> = columns.iter().map(|(width, _)| "─".repeat(*width)).collect();
    let mut text = line(&header);
    text.push_str(&line(&rule));
    for row in &rows {
        text.push_str(&line(row));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(118_246_938), "118.2 MB");
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let rows =
            [vec!["female".to_owned(), "9".to_owned()], vec!["male".to_owned(), "10".to_owned()]];
        let text = table(&["gender".to_owned(), "n".to_owned()], &rows);
        assert_eq!(text, "gender   n\n──────  ──\nfemale   9\nmale    10\n");
    }
}
