//! `tarn demo`: the whole river in one command.

use crate::arguments::Demo;
use crate::commands::generate;
use crate::commands::import::{code, follow, told};
use crate::commands::key::{failed, pasteable};
use crate::commands::serve::{Stop, open};
use crate::commands::store::endpoint;
use crate::failure::Failure;
use crate::{Context, show};
use jobs::generate::{Modules, Prepared, prepare};
use jobs::import::{Request, Source, Timings};
use serde_json::json;
use std::io::IsTerminal;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How many patients a demo has: enough for busy wards, and for a minute's wait.
const PATIENTS: u64 = 1_000;

/// The demo's seed.
const SEED: u64 = 1;

pub(crate) fn run(context: &Context<'_>, given: &Demo) -> Result<ExitCode, Failure> {
    if let Some(from) = &given.from
        && !from.exists()
    {
        return Err(Failure::new(format!("there is no file or folder `{}`", from.display())));
    }
    let (bound, lock) = open(context, &given.listen)?;
    let population = match &given.from {
        Some(_) => None,
        None => Some(population(context, given)?),
    };
    let stop = context.runtime.block_on(async { Stop::listen() })?;
    let datastore = match bound.rooms.find(&given.store) {
        Ok(datastore) => datastore,
        Err(_) => bound.rooms.create(&given.store)?,
    };
    // The last demo's key cannot be shown again, so it must not stay good for ever.
    let key =
        bound.server.keys().replace("demo", server::keys::Role::Admin, None).map_err(failed)?;
    let key = serde_json::to_value(key).map_err(|error| Failure::new(error.to_string()))?;
    let address = bound.address;
    let token = bound.server.sign_in_token().map_err(failed)?;
    let sign_in = format!("http://{address}/console/#sign-in={token}");
    lock.write_server_file(&bound.file())?;

    let rooms = Arc::clone(&bound.rooms);
    let (stop_server, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = context.runtime.spawn(bound.run(async move {
        // A dropped sender ends it as well.
        let _ = stopped.await;
    }));
    if !context.global.json {
        show::out(&format!(
            "Tarn {}, data in {}\n\n  console  {sign_in}\n",
            env!("CARGO_PKG_VERSION"),
            context.global.data.display()
        ))?;
    }
    if !given.no_open {
        open_browser(&sign_in);
    }

    let interrupt = Arc::new(AtomicBool::new(false));
    let bar = show::bar(0);
    let mut sources: Vec<Source> = given.from.iter().cloned().map(Source::Path).collect();
    let maker = population.map(|prepared| {
        let told = bar.clone();
        let (stream, maker) =
            jobs::generate::stream(prepared, 0, Arc::clone(&interrupt), move |progress| {
                // Once patients are written, the import tells how it goes.
                if progress.admitting {
                    generate::tell(&told, progress);
                }
            });
        sources.push(Source::reader("generated", stream));
        maker
    });
    let request = Request { sources, stop: Arc::clone(&interrupt) };
    let timings = Arc::new(Mutex::new(Timings::default()));
    let (imported, stop) = context.runtime.block_on(async {
        let stop = tokio::spawn(stop.given());
        let room = rooms.datastore(&datastore.datastore_id).await?;
        let watched = tokio::spawn({
            let stop = stop.abort_handle();
            async move {
                while !stop.is_finished() {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                interrupt.store(true, Ordering::Relaxed);
            }
        });
        let imported = jobs::import::run(room, request, follow(&bar, &timings)).await;
        watched.abort();
        Ok::<_, Failure>((imported, stop))
    })?;
    bar.finish_and_clear();
    let made = maker
        .map(|maker| {
            maker
                .join()
                .map_err(|_| Failure::new("making the population failed: a fault of ours"))?
                .map_err(Failure::from)
        })
        .transpose();
    let code = match (&imported, &made) {
        (Ok(summary), Ok(made)) => {
            if context.global.json {
                show::json(&json!({
                    "http": address.to_string(),
                    "console": sign_in,
                    "store": datastore.name,
                    "datastore_id": datastore.datastore_id,
                    "key": key,
                    "generated": made,
                    "import": summary,
                }))?;
            } else {
                let fhir = endpoint(&address.to_string(), &datastore.datastore_id);
                let generated = made.as_ref().map(generate::told).unwrap_or_default();
                show::out(&format!(
                    "{generated}{}{}",
                    told(summary),
                    next_steps(context, &address.to_string(), &fhir, &datastore.name, &key)
                ))?;
                if !given.exit {
                    show::out("\nServing until Ctrl-C.")?;
                }
            }
            code(summary)
        }
        _ => ExitCode::FAILURE,
    };
    context.runtime.block_on(async {
        if imported.is_ok() && made.is_ok() && !given.exit {
            // A fault in the waiting ends the demo too.
            let _ = stop.await;
        }
        let _ = stop_server.send(());
        serving.await.map_err(|error| Failure::new(format!("the server failed: {error}")))?
    })?;
    drop(lock);
    imported?;
    // The importer took what there was and listed the rest as a broken stream: this is why.
    made?;
    Ok(code)
}

/// The population of the last demo in this data folder, so that the next one finds it unchanged, or
/// completes it, instead of making everybody a day older.
const REMEMBERED: &str = "demo.json";

/// What is remembered of a demo.
#[derive(PartialEq, serde::Serialize, serde::Deserialize)]
struct Remembered {
    store: String,
    patients: u64,
    seed: u64,
    /// YYYY-MM-DD
    end: String,
}

/// The patients of a hospital, up to today, or as they were made before.
fn population(context: &Context<'_>, given: &Demo) -> Result<Prepared, Failure> {
    let path = context.global.data.join(REMEMBERED);
    let wrong = |what: String| Failure::new(format!("`{}`: {what}", path.display()));
    let known: Option<Remembered> = match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(|error| {
            wrong(format!("not what a demo remembers: {error}"))
                .hint("remove the file to make a population that lives until today")
        })?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(wrong(error.to_string())),
    };
    let wanted = match known {
        Some(known)
            if known.store == given.store
                && given.patients.is_none_or(|patients| patients == known.patients)
                && given.seed.is_none_or(|seed| seed == known.seed) =>
        {
            known
        }
        _ => Remembered {
            store: given.store.clone(),
            patients: given.patients.unwrap_or(PATIENTS),
            seed: given.seed.unwrap_or(SEED),
            end: generate::end(None)?.to_string()[..10].to_owned(),
        },
    };
    let end = generate::end(Some(&wanted.end))?;
    let mut plan = synth::Plan::new(wanted.patients, wanted.seed, end);
    plan.cohort = synth::Cohort::Hospital;
    let prepared = prepare(plan, &Modules::Own, &[])?;
    generate::warn(&prepared);
    let text = serde_json::to_vec(&wanted).map_err(|error| Failure::new(error.to_string()))?;
    std::fs::write(&path, text).map_err(|error| wrong(error.to_string()))?;
    Ok(prepared)
}

/// What to try, ready to paste.
fn next_steps(
    context: &Context<'_>,
    address: &str,
    fhir: &str,
    store: &str,
    key: &serde_json::Value,
) -> String {
    let data = match context.global.data.to_str() {
        Some("./tarn-data") | None => String::new(),
        Some(folder) => format!(" --data {}", quoted(folder)),
    };
    let keys: String = pasteable(key).lines().map(|line| format!("  {line}\n")).collect();
    let store_quoted = quoted(store);
    let body = json!({"store": store, "query": "SELECT gender, count(*) AS patients FROM patient GROUP BY gender"});
    let body = quoted(&body.to_string());
    format!(
        "
An admin key, shown this once (the next demo replaces it):
{keys}
Try it:
  curl -H \"Authorization: Bearer $TARN_BEARER\" '{fhir}Patient?_count=1'
  curl -H \"Authorization: Bearer $TARN_BEARER\" -H 'Content-Type: application/json' -d {body} http://{address}/sql
  tarn{data} sql --store {store_quoted} 'SELECT gender, count(*) AS patients FROM patient GROUP BY gender'
"
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Opens the console where there is a screen to show it; the link is printed anyway.
fn open_browser(link: &str) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if !screen || !std::io::stdout().is_terminal() {
        return;
    }
    let spawned = Command::new("xdg-open")
        .arg(link)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if spawned.is_err() {
        show::note("no browser could be opened: follow the link above");
    }
}
