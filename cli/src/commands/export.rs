//! `tarn export`: a datastore out as NDJSON.

use crate::arguments::Export;
use crate::commands::store::{find, text};
use crate::failure::Failure;
use crate::folder::{Access, access};
use crate::{Context, show};
use jobs::export::{Progress, Request, Summary};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) fn run(context: &Context<'_>, given: &Export) -> Result<ExitCode, Failure> {
    let bar = show::bar(1);
    let shown = bar.clone();
    let tell = move |progress: Progress| {
        shown.set_length(progress.resources_total.max(1));
        shown.set_position(progress.resources);
        shown.set_message(format!(
            "{} of {} resources, {}",
            show::number(progress.resources),
            show::number(progress.resources_total),
            progress.resource_type
        ));
    };
    let summary: Summary = match access(&context.global.data)? {
        Access::Own(_lock) => {
            let rooms = jobs::Rooms::open(&context.global.data, context.settings.rooms())?;
            let request = Request {
                out: given.out.clone(),
                gzip: given.gzip,
                force: given.force,
                stop: Arc::default(),
            };
            context.runtime.block_on(async {
                let room = rooms.datastore(&given.store).await?;
                let stop = Arc::clone(&request.stop);
                let interrupted = tokio::spawn(async move {
                    if tokio::signal::ctrl_c().await.is_ok() {
                        stop.store(true, Ordering::Relaxed);
                    }
                });
                let summary = jobs::export::run(room, request, Arc::new(tell)).await;
                interrupted.abort();
                rooms.close().await?;
                summary
            })?
        }
        Access::Through(client) => {
            let datastore = find(&client, &given.store)?;
            let out = std::path::absolute(&given.out)
                .map_err(|e| Failure::new(format!("`{}` is no path: {e}", given.out.display())))?;
            let path = format!("/api/stores/{}/export", text(&datastore, "datastore_id"));
            let body = json!({"out": out, "gzip": given.gzip, "force": given.force});
            client.post_for(&path, &body, "application/x-ndjson")?.job(tell)?
        }
    };
    bar.finish_and_clear();
    if context.global.json {
        show::json(&summary)?;
    } else {
        show::out(&format!(
            "{} resources in {} files ({}) in {:.1} s, as of commit {}: {}",
            show::number(summary.resources),
            summary.files,
            show::bytes(summary.bytes),
            summary.seconds,
            summary.commit,
            summary.out
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
