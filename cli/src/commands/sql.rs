//! `tarn sql`: a question to the tables.

use crate::arguments::{Format, Sql};
use crate::commands::store::{find, text};
use crate::failure::{Failure, chain};
use crate::folder::{Access, access, read_stdin};
use crate::{Context, show};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, given: &Sql) -> Result<ExitCode, Failure> {
    let query = if given.query == "-" { read_stdin()? } else { given.query.clone() };
    let format =
        given.format.unwrap_or(if context.global.json { Format::Json } else { Format::Table });
    if format == Format::Parquet && given.out.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::new("Parquet is not for terminals").hint("give a file with --out"));
    }
    let (bytes, commit) = match access(&context.global.data)? {
        Access::Own(_lock) => {
            let rooms = jobs::Rooms::open(&context.global.data, context.settings.rooms())?;
            context.runtime.block_on(async {
                let room = rooms.datastore(&given.store).await?;
                let answer =
                    room.lake.query(&query, lake::QueryOptions::default()).await.map_err(failed)?;
                let bytes = match format {
                    // A table is drawn from CSV, which has the header even without rows.
                    Format::Table | Format::Csv => lake::render_csv(&answer),
                    Format::Json => lake::render_json(&answer),
                    Format::Parquet => lake::render_parquet(&answer),
                };
                Ok::<_, Failure>((bytes.map_err(failed)?, Some(answer.commit)))
            })?
        }
        Access::Through(client) => {
            let datastore = find(&client, &given.store)?;
            let accept = match format {
                Format::Table | Format::Csv => "text/csv",
                Format::Json => "application/json",
                Format::Parquet => "application/vnd.apache.parquet",
            };
            let body = json!({"store": text(&datastore, "datastore_id"), "query": query});
            let answer = client.post_for("/sql", &body, accept)?;
            let mut bytes = Vec::new();
            std::io::copy(&mut answer.body.into_reader(), &mut bytes)
                .map_err(|error| Failure::new(format!("the server's answer broke off: {error}")))?;
            (bytes, answer.commit)
        }
    };
    let mut rows_told = None;
    let bytes = if format == Format::Table {
        let mut records = parse_csv(&String::from_utf8_lossy(&bytes)).into_iter();
        let header = records.next().unwrap_or_default();
        let rows: Vec<_> = records.collect();
        rows_told = Some(rows.len());
        show::table(&header, &rows).into_bytes()
    } else {
        bytes
    };
    match &given.out {
        Some(path) => std::fs::write(path, &bytes).map_err(|error| {
            Failure::new(format!("could not write `{}`: {error}", path.display()))
        })?,
        None => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&bytes)?;
            if format == Format::Json && !bytes.ends_with(b"\n") {
                stdout.write_all(b"\n")?;
            }
            stdout.flush()?;
        }
    }
    if let (Some(rows), Some(commit), true) = (rows_told, commit, std::io::stderr().is_terminal()) {
        let plural = if rows == 1 { "" } else { "s" };
        show::note(&format!("{} row{plural}, as of commit {commit}", show::number(rows as u64)));
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(error: lake::Error) -> Failure {
    let failure = Failure::new(chain(&error));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Records of a CSV text, as RFC 4180 quotes them.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_commas_quotes_and_line_ends_stay_in_their_field() {
        let records = parse_csv("a,b\n\"1,\"\"x\"\"\ny\",2\r\n,\n");
        assert_eq!(records, [vec!["a", "b"], vec!["1,\"x\"\ny", "2"], vec!["", ""]]);
    }
}
