//! `tarn terms`: official terminology releases in place of those compiled in.

use crate::arguments::{Terms, TermsArguments, TermsKind};
use crate::failure::Failure;
use crate::{Context, show};
use nlp::Terminology;
use serde_json::json;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, given: &TermsArguments) -> Result<ExitCode, Failure> {
    match &given.command {
        Terms::Load { kind, path } => load(context, *kind, path)?,
        Terms::List => list(context)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn load(context: &Context<'_>, kind: TermsKind, path: &Path) -> Result<(), Failure> {
    let file = File::open(path)
        .map_err(|error| Failure::new(format!("could not read `{}`: {error}", path.display())))?;
    let bar = show::bar(file.metadata().map_or(0, |meta| meta.len()));
    let reader = BufReader::new(bar.wrap_read(file));
    let edition = path.file_stem().and_then(|name| name.to_str()).unwrap_or("release");
    let (name, parsed) = match kind {
        TermsKind::Rxnorm => ("rxnorm", Terminology::parse_rxnorm_rrf(reader, edition)),
        TermsKind::Icd10cm => ("icd10cm", Terminology::parse_icd10cm(reader, edition)),
        TermsKind::Snomed => ("snomed", Terminology::parse_snomed_rf2(reader, edition)),
        TermsKind::Loinc => ("loinc", Terminology::parse_loinc(reader, edition)),
    };
    let terms = parsed.map_err(|error| {
        Failure::new(format!("`{}` is not that release: {error}", path.display()))
    })?;
    bar.finish_and_clear();
    let concepts: usize = terms.tables().iter().map(nlp::link::table::Table::len).sum();
    jobs::annotate::write_terms(&context.global.data, name, &terms.to_bytes())?;
    if context.global.json {
        return show::json(&json!({"name": name, "edition": edition, "concepts": concepts}));
    }
    show::out(&format!(
        "{} concepts of {name} ({edition}): notes are read anew with them",
        show::number(concepts as u64)
    ))
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let pipeline = jobs::annotate::pipeline(&context.global.data)?;
    let tables = pipeline.terms().tables();
    if context.global.json {
        let tables: Vec<_> = tables
            .iter()
            .map(|table| json!({"system": table.system.as_str(), "edition": table.edition, "concepts": table.len()}))
            .collect();
        return show::json(&tables);
    }
    let rows: Vec<Vec<String>> = tables
        .iter()
        .map(|table| {
            vec![
                table.system.as_str().to_owned(),
                table.edition.clone(),
                show::number(table.len() as u64),
            ]
        })
        .collect();
    show::out(&show::table(&["system", "edition", "concepts"].map(str::to_owned), &rows))
}
