//! Export: every current resource as NDJSON, one file per type, from one snapshot.
//!
//! Always true:
//! - all files show the same commit;
//! - the same commit exports to the same bytes;
//! - a file has its final name only once it is complete, and the manifest comes last.
//!
//! Spec: <https://hl7.org/fhir/uv/bulkdata/export.html>

use crate::output::{Output, failed};
use crate::rooms::blocking;
use crate::{Error, Room, tables};
use fhir::ResourceType;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Resources read at a time: bounds memory, about 10 MB of bodies.
const SCAN_MAX: usize = 4_096;

/// How often the caller hears how it goes.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What to export and where to.
#[derive(Clone, Debug)]
pub struct Request {
    /// The folder to write into; made if it is not there.
    pub out: PathBuf,
    /// Compress each file.
    pub gzip: bool,
    /// Write even if the folder holds something; files of an earlier export are replaced.
    pub force: bool,
    /// Set it to stop the job.
    pub stop: Arc<AtomicBool>,
}

/// How far an export is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Resources written.
    pub resources: u64,
    /// Resources there are.
    pub resources_total: u64,
    /// Bytes written, before compression.
    pub bytes: u64,
    /// The type being written.
    pub resource_type: String,
}

/// What was exported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Resources written.
    pub resources: u64,
    /// Bytes written, before compression.
    pub bytes: u64,
    /// Files written, the manifest aside.
    pub files: u64,
    /// The commit all files show.
    pub commit: u64,
    /// Time taken.
    pub seconds: f64,
    /// The folder.
    pub out: String,
}

/// Exports `room` and tells `progress` how it goes, about five times a second.
///
/// # Errors
/// [`Error::OutputNotEmpty`] before anything is written; [`Error::Output`]; [`Error::Stopped`]; or
/// what the store said. Files already complete stay.
pub async fn run(
    room: Arc<Room>,
    request: Request,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<Summary, Error> {
    blocking(move || run_blocking(&room, &request, &*progress)).await
}

fn run_blocking(
    room: &Room,
    request: &Request,
    progress: &dyn Fn(Progress),
) -> Result<Summary, Error> {
    let started = Instant::now();
    let out = &request.out;
    std::fs::create_dir_all(out).map_err(failed(out))?;
    let mut there = std::fs::read_dir(out).map_err(failed(out))?;
    if !request.force && there.next().is_some() {
        return Err(Error::OutputNotEmpty { path: out.display().to_string() });
    }
    let snapshot = room.store.snapshot(&tables::access());
    let counts: Vec<_> = ResourceType::all()
        .map(|t| (t, snapshot.count(t)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let mut state = Progress {
        resources_total: counts.iter().map(|(_, count)| count).sum(),
        ..Progress::default()
    };
    let mut told = Instant::now();
    let mut files = Vec::new();
    let mut time_us = 0;
    for (resource_type, _) in counts {
        state.resource_type = resource_type.name().to_owned();
        let name =
            format!("{}.ndjson{}", resource_type.name(), if request.gzip { ".gz" } else { "" });
        let mut file = Output::create(out, &name, request.gzip)?;
        let (mut after, mut count) = (None, 0_u64);
        let mut line = Vec::new();
        loop {
            let page = snapshot.scan(resource_type, after, SCAN_MAX)?;
            let Some(last) = page.last() else { break };
            after = Some(last.ordinal);
            for version in &page {
                if let Some(body) = &version.body {
                    line.clear();
                    body.render(version.version_id, version.last_updated_us, &mut line);
                    line.push(b'\n');
                    file.write(&line)?;
                    state.bytes += line.len() as u64;
                    count += 1;
                    time_us = time_us.max(version.last_updated_us);
                }
            }
            state.resources += page.len() as u64;
            if request.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                progress(state.clone());
            }
        }
        file.finish()?;
        files.push((resource_type, name, count));
    }
    if request.force {
        remove_stale(out, &files.iter().map(|(_, name, _)| name.as_str()).collect())?;
    }
    let manifest = json!({
        "transactionTime": fhir::date::instant(time_us),
        "request": format!("tarn export --store {}", room.datastore.name),
        "requiresAccessToken": false,
        "output": files
            .iter()
            .map(|(t, name, count)| json!({"type": t.name(), "url": name, "count": count}))
            .collect::<Vec<_>>(),
        "error": [],
        "extension": {"datastore_id": room.datastore.datastore_id, "commit": snapshot.commit()},
    });
    let mut file = Output::create(out, "manifest.json", false)?;
    file.write(format!("{manifest:#}\n").as_bytes())?;
    file.finish()?;
    progress(state.clone());
    Ok(Summary {
        resources: state.resources,
        bytes: state.bytes,
        files: files.len() as u64,
        commit: snapshot.commit(),
        seconds: (started.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        out: out.display().to_string(),
    })
}

/// Removes what an earlier export left and this one did not write, so that the folder shows one
/// commit. Only names an export gives are touched.
fn remove_stale(out: &Path, written: &BTreeSet<&str>) -> Result<(), Error> {
    for resource_type in ResourceType::all() {
        for ending in [".ndjson", ".ndjson.gz"] {
            let name = format!("{}{ending}", resource_type.name());
            let path = out.join(&name);
            if !written.contains(name.as_str()) && path.exists() {
                std::fs::remove_file(&path).map_err(failed(&path))?;
            }
        }
    }
    Ok(())
}
