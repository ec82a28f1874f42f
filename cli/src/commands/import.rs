//! `tarn import`: NDJSON into a datastore.

use crate::arguments::Import;
use crate::client::Client;
use crate::commands::store::{find, text};
use crate::failure::Failure;
use crate::folder::{Access, access_or_create};
use crate::{Context, PARTIAL, show};
use indicatif::ProgressBar;
use jobs::import::{Progress, Request, Summary, Timings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

pub(crate) fn run(context: &Context<'_>, given: &Import) -> Result<ExitCode, Failure> {
    for path in &given.paths {
        if path.as_os_str() != "-" && !path.exists() {
            return Err(Failure::new(format!("there is no file or folder `{}`", path.display())));
        }
    }
    let bar = show::bar(0);
    let (summary, timings) = match access_or_create(&context.global.data)? {
        Access::Own(_lock) => here(context, given, &bar)?,
        Access::Through(client) => through(given, &client, &bar)?,
    };
    bar.finish_and_clear();
    if context.global.json {
        let mut value = serde_json::to_value(&summary).map_err(|e| Failure::new(e.to_string()))?;
        if given.timings {
            value["timings"] = json!(timings);
        }
        show::json(&value)?;
    } else {
        show::out(&told(&summary))?;
        if given.timings {
            show::out(&parts(&timings))?;
        }
    }
    Ok(code(&summary))
}

/// 0, or 3 when lines were left out.
pub(crate) fn code(summary: &Summary) -> ExitCode {
    if summary.rejected > 0 { ExitCode::from(PARTIAL) } else { ExitCode::SUCCESS }
}

fn here(
    context: &Context<'_>,
    given: &Import,
    bar: &ProgressBar,
) -> Result<(Summary, Timings), Failure> {
    let rooms = jobs::Rooms::open(&context.global.data, context.settings.rooms())?;
    if given.create && rooms.find(&given.store).is_err() {
        rooms.create(&given.store)?;
    }
    rooms.find(&given.store).map_err(|error| no_datastore(error, &given.store))?;
    let request = Request::of_paths(given.paths.iter().cloned());
    context.runtime.block_on(async {
        let room = rooms.datastore(&given.store).await?;
        let stop = Arc::clone(&request.stop);
        let interrupted = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
        });
        let last = Arc::new(Mutex::new(Timings::default()));
        let result = jobs::import::run(room, request, follow(bar, &last)).await;
        interrupted.abort();
        // What was committed is durable; flushing now spares the next start the replay.
        rooms.close().await?;
        let timings = last.lock().map_or_else(|held| *held.into_inner(), |held| *held);
        Ok((result?, timings))
    })
}

/// Shows progress and keeps the timings.
pub(crate) fn follow(
    bar: &ProgressBar,
    last: &Arc<Mutex<Timings>>,
) -> Arc<dyn Fn(Progress) + Send + Sync> {
    let (bar, last) = (bar.clone(), Arc::clone(last));
    Arc::new(move |progress| {
        show::import_progress(&bar, &progress);
        if let Ok(mut last) = last.lock() {
            *last = progress.timings;
        }
    })
}

fn through(
    given: &Import,
    client: &Client,
    bar: &ProgressBar,
) -> Result<(Summary, Timings), Failure> {
    let datastore = match find(client, &given.store) {
        Err(_) if given.create => {
            client.post::<Value>("/api/stores", &json!({"name": given.store}))?
        }
        Err(_) => {
            let error = jobs::Error::NoDatastore { name: given.store.clone(), nearest: None };
            return Err(no_datastore(error, &given.store));
        }
        Ok(datastore) => datastore,
    };
    let path = format!("/api/stores/{}/import", text(&datastore, "datastore_id"));
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    let answer = if given.paths.iter().any(|p| is_stdin(p)) {
        if given.paths.len() > 1 {
            return Err(Failure::new(
                "a running server takes either standard input or paths, not both",
            )
            .hint("import them with two commands"));
        }
        client.post_stream(&path, "application/fhir+ndjson", std::io::stdin().lock())?
    } else {
        // The server has its own working folder.
        let paths: Vec<PathBuf> = given
            .paths
            .iter()
            .map(|p| {
                p.canonicalize()
                    .map_err(|e| Failure::new(format!("could not read `{}`: {e}", p.display())))
            })
            .collect::<Result<_, _>>()?;
        client.post_for(&path, &json!({"paths": paths}), "application/x-ndjson")?
    };
    let mut timings = Timings::default();
    let summary = answer.job(|progress: Progress| {
        show::import_progress(bar, &progress);
        timings = progress.timings;
    })?;
    Ok((summary, timings))
}

fn no_datastore(error: jobs::Error, name: &str) -> Failure {
    let nearest = match &error {
        jobs::Error::NoDatastore { nearest: Some(nearest), .. } => {
            format!("did you mean `{nearest}`? ")
        }
        _ => String::new(),
    };
    Failure::from(error).hint(format!(
        "{nearest}`tarn store create {name}` makes it, and so does this command with --create"
    ))
}

/// The summary for people.
pub(crate) fn told(summary: &Summary) -> String {
    let n = show::number;
    let mut text = format!(
        "{} resources in {:.1} s ({}/s, {}): {} created, {} updated, {} unchanged\n",
        n(summary.resources),
        summary.seconds,
        n(summary.resources_per_second as u64),
        show::bytes(summary.bytes),
        n(summary.created),
        n(summary.updated),
        n(summary.unchanged),
    );
    if summary.resources > 0 && summary.created + summary.updated == 0 {
        text.push_str("nothing changed: all of it was there already\n");
    }
    if summary.notes.documents > 0 {
        text.push_str(&format!(
            "{} documents read in {:.1} s: {} findings",
            n(summary.notes.documents),
            summary.notes.seconds,
            n(summary.notes.findings)
        ));
        if summary.notes.unread > 0 {
            text.push_str(&format!(
                "; {} with a note that could not be read (cm-decoration-status says which)",
                n(summary.notes.unread)
            ));
        }
        text.push('\n');
    }
    if summary.rejected > 0 {
        let file = summary.error_file.as_deref().unwrap_or("the error file");
        text.push_str(&format!("{} rejected: see {file}\n", n(summary.rejected)));
    }
    text
}

fn parts(timings: &Timings) -> String {
    let rows: Vec<_> = [
        ("read", timings.read),
        ("parse", timings.parse),
        ("prepare", timings.prepare),
        ("shred", timings.shred),
        ("apply", timings.apply),
        ("tables", timings.tables),
        ("notes", timings.notes),
    ]
    .iter()
    .map(|(part, seconds)| vec![(*part).to_owned(), format!("{seconds:.2}")])
    .collect();
    show::table(&["part".to_owned(), "seconds".to_owned()], &rows)
}
