//! `tarn annotate`: reads notes and prints what is in them.

use crate::arguments::Annotate;
use crate::failure::Failure;
use crate::{Context, show};
use nlp::comprehend::Operation;
use nlp::document::{self, Document};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, given: &Annotate) -> Result<ExitCode, Failure> {
    let stdin = [PathBuf::from("-")];
    let files = if given.files.is_empty() { &stdin[..] } else { &given.files[..] };
    let pipeline = jobs::annotate::pipeline(&context.global.data)?;
    let operation = match given.operation {
        None => Operation::All,
        Some(operation) => Operation::parse(operation.as_str())
            .ok_or_else(|| Failure::new("this operation is not known"))?,
    };
    let several = files.len() > 1;
    let bar = show::bar(0);
    if several {
        bar.set_length(files.len() as u64);
    }
    let mut failed = 0;
    for path in files {
        let name = path.display().to_string();
        let document = match read(context, path) {
            Ok(document) => document,
            Err(failure) if several => {
                // The others are read all the same.
                failure.report(context.global.json);
                failed += 1;
                bar.inc(1);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let notes = pipeline.read(&document, None, None);
        if given.redact {
            let phi: Vec<nlp::Entity> = notes
                .entities
                .into_iter()
                .filter(|entity| entity.category == nlp::Category::ProtectedHealthInformation)
                .collect();
            let text = nlp::phi::redact(&document.text, &phi);
            let written = std::io::stdout().lock().write_all(text.as_bytes());
            written.map_err(|error| Failure::new(format!("could not write: {error}")))?;
        } else {
            let mut answer = operation.answer(&document.text, &notes.entities);
            if several {
                answer["File"] = name.into();
                show::json(&answer)?;
            } else {
                show::json(&answer)?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read(context: &Context<'_>, path: &std::path::Path) -> Result<Document, Failure> {
    let limit = context.settings.rooms().notes.attachment_bytes_max;
    let mut bytes = Vec::new();
    let most = limit as u64 + 1;
    let got = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    got.map_err(|error| Failure::new(format!("could not read `{}`: {error}", path.display())))?;
    if bytes.len() > limit {
        return Err(Failure::new(format!("`{}` is larger than {limit} bytes", path.display()))
            .hint("raise `notes.attachment_bytes_max` in the settings, or split the note"));
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let content_type = match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => Some("text/html"),
        "xml" => Some("text/xml"),
        "rtf" => Some("application/rtf"),
        "pdf" => Some("application/pdf"),
        _ => None,
    };
    let limits = context.settings.rooms().notes.limits();
    document::read(&bytes, content_type, &limits)
        .map_err(|error| Failure::new(format!("`{}` cannot be read: {error}", path.display())))
}
