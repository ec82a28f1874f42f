//! Rejected lines: one OperationOutcome each, in the order of the input.
//!
//! File and line stand in the diagnostics (`Patient.ndjson:12: …`) and, for programs, in the
//! extensions `operationoutcome-issue-source` and `operationoutcome-issue-line`. The line's own
//! content never does.
//!
//! Spec: <https://hl7.org/fhir/R4/operationoutcome.html>

use crate::Error;
use fhir::{Issue, IssueCode, Outcome};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A line that was not taken, and why.
pub(super) struct Reject {
    /// Its number, counted from 1; 0 for the file as such.
    pub line: u64,
    pub outcome: Outcome,
}

impl Reject {
    /// Something wrong with the file rather than with a resource.
    pub(super) fn of_file(line: u64, code: IssueCode, what: String) -> Self {
        Self { line, outcome: Outcome::error(code, what) }
    }
}

/// The error file of one job. It is made when the first line is rejected.
pub(super) struct ErrorFile {
    job: String,
    path: PathBuf,
    open: Mutex<Option<BufWriter<File>>>,
}

impl ErrorFile {
    /// Names a new job in the data folder.
    pub(super) fn new(data: &Path) -> Result<Self, Error> {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let stamp: String = fhir::date::instant(i64::try_from(now.as_micros()).unwrap_or(0))
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let imports = data.join("imports");
        let (mut job, mut again) = (stamp.clone(), 1);
        while imports.join(&job).exists() {
            again += 1;
            job = format!("{stamp}-{again}");
        }
        let path = imports.join(&job).join("errors.ndjson");
        Ok(Self { job, path, open: Mutex::default() })
    }

    pub(super) fn job(&self) -> &str {
        &self.job
    }

    /// Where it lies, if there is one.
    pub(super) fn path(&self) -> Option<String> {
        self.open.lock().is_some().then(|| self.path.display().to_string())
    }

    /// Appends rejected lines of one file.
    pub(super) fn write(&self, file: &str, rejects: &[Reject]) -> Result<(), Error> {
        if rejects.is_empty() {
            return Ok(());
        }
        let failed = |source| Error::Output { path: self.path.display().to_string(), source };
        let mut open = self.open.lock();
        if open.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            *open = Some(BufWriter::new(File::create(&self.path).map_err(failed)?));
        }
        if let Some(out) = open.as_mut() {
            for reject in rejects {
                let mut line = render(file, reject);
                line.push(b'\n');
                out.write_all(&line).map_err(failed)?;
            }
            out.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Makes the file durable.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self.open.lock().as_mut() {
            Some(out) => out
                .flush()
                .and_then(|()| out.get_ref().sync_all())
                .map_err(|source| Error::Output { path: self.path.display().to_string(), source }),
            None => Ok(()),
        }
    }
}

/// One line of the error file.
fn render(file: &str, reject: &Reject) -> Vec<u8> {
    let located = Outcome {
        issues: reject
            .outcome
            .issues
            .iter()
            .map(|issue| Issue {
                diagnostics: match reject.line {
                    0 => format!("{file}: {}", issue.diagnostics),
                    line => format!("{file}:{line}: {}", issue.diagnostics),
                },
                ..issue.clone()
            })
            .collect(),
    }
    .render();
    let Ok(mut value) = serde_json::from_slice::<Value>(&located) else { return located };
    let mut extension = vec![json!({
        "url": "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-source",
        "valueString": file,
    })];
    if reject.line > 0 {
        extension.push(json!({
            "url": "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line",
            "valueInteger": reject.line.min(i32::MAX as u64),
        }));
    }
    for issue in value["issue"].as_array_mut().into_iter().flatten() {
        if let Some(issue) = issue.as_object_mut() {
            let mut with = serde_json::Map::new();
            with.insert("extension".into(), Value::Array(extension.clone()));
            with.append(issue);
            *issue = with;
        }
    }
    serde_json::to_vec(&value).unwrap_or(located)
}
