//! `tarn store`: create, list, describe and delete datastores.

use crate::arguments::{Store, StoreArguments, Switch};
use crate::client::Client;
use crate::failure::Failure;
use crate::folder::{Access, access, access_or_create};
use crate::{Context, show};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, given: &StoreArguments) -> Result<ExitCode, Failure> {
    let data = &context.global.data;
    let access = match &given.command {
        Store::Create { .. } => access_or_create(data)?,
        _ => access(data)?,
    };
    match access {
        Access::Own(_lock) => here(context, &given.command)?,
        Access::Through(client) => through(context, &client, &given.command)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn here(context: &Context<'_>, command: &Store) -> Result<(), Failure> {
    let rooms = jobs::Rooms::open(&context.global.data, context.settings.rooms())?;
    let address = &context.settings.server.http;
    match command {
        Store::Create { name, no_notes } => {
            let mut datastore = rooms.create(name)?;
            if *no_notes {
                let id = datastore.datastore_id;
                datastore = context.runtime.block_on(rooms.set_notes(&id, false))?;
            }
            created(context, &describe(address, &datastore))
        }
        Store::Notes { name, to } => {
            let on = *to == Switch::On;
            let datastore = context.runtime.block_on(rooms.set_notes(name, on))?;
            switched(context, &describe(address, &datastore))
        }
        Store::List => {
            listed(context, &rooms.list().iter().map(|d| describe(address, d)).collect::<Vec<_>>())
        }
        Store::Describe { name } => {
            let (datastore, statistics, commit, tables) = context.runtime.block_on(async {
                let room = rooms.datastore(name).await?;
                let all = (
                    room.datastore.clone(),
                    room.store.statistics(),
                    room.store.current_commit(),
                    room.lake.tables(),
                );
                rooms.close().await?;
                Ok::<_, jobs::Error>(all)
            })?;
            let types: Vec<_> = statistics
                .types
                .iter()
                .map(|t| json!({"type": t.resource_type.name(), "count": t.resources}))
                .collect();
            let mut value = describe(address, &datastore);
            value["commit"] = json!(commit);
            value["resources"] = json!(statistics.types.iter().map(|t| t.resources).sum::<u64>());
            value["types"] = json!(types);
            value["tables"] = json!(tables.len());
            described(context, &value)
        }
        Store::Delete { name, yes } => {
            let datastore = rooms.find(name)?;
            confirmed(*yes, &datastore.name)?;
            context.runtime.block_on(rooms.delete(&datastore.datastore_id))?;
            if let Ok(keys) = server::keys::Keys::open(&context.global.data) {
                // Keys that opened nothing else.
                keys.delete_of_store(&datastore.datastore_id).map_err(super::key::failed)?;
            }
            deleted(context, &describe(address, &datastore))
        }
    }
}

fn through(context: &Context<'_>, client: &Client, command: &Store) -> Result<(), Failure> {
    match command {
        Store::Create { name, no_notes } => {
            let wanted = json!({"name": name, "notes": !no_notes});
            created(context, &client.post::<Value>("/api/stores", &wanted)?)
        }
        Store::Notes { name, to } => {
            let value = find(client, name)?;
            let path = format!("/api/stores/{}/notes", text(&value, "datastore_id"));
            let on = *to == Switch::On;
            switched(context, &client.post::<Value>(&path, &json!({"on": on}))?)
        }
        Store::List => listed(context, &client.get::<Vec<Value>>("/api/stores")?),
        Store::Describe { name } => {
            let mut value = find(client, name)?;
            let id = text(&value, "datastore_id");
            let overview: Value = client.get(&format!("/api/stores/{id}/overview"))?;
            value["commit"] = overview["commit"].clone();
            value["resources"] = overview["river"]["resources"]["count"].clone();
            value["types"] = overview["types"].clone();
            value["tables"] = overview["river"]["tables"]["count"].clone();
            described(context, &value)
        }
        Store::Delete { name, yes } => {
            let value = find(client, name)?;
            confirmed(*yes, &text(&value, "name"))?;
            client.delete(&format!("/api/stores/{}", text(&value, "datastore_id")))?;
            deleted(context, &value)
        }
    }
}

/// The datastore called so, from a server.
pub(crate) fn find(client: &Client, name_or_id: &str) -> Result<Value, Failure> {
    let all: Vec<Value> = client.get("/api/stores")?;
    let found = all.iter().find(|d| d["name"] == name_or_id || d["datastore_id"] == name_or_id);
    found.cloned().ok_or_else(|| {
        jobs::Error::NoDatastore {
            name: name_or_id.to_owned(),
            nearest: jobs::nearest(name_or_id, all.iter().filter_map(|d| d["name"].as_str())),
        }
        .into()
    })
}

fn describe(address: &str, datastore: &store::Datastore) -> Value {
    json!({
        "datastore_id": datastore.datastore_id,
        "name": datastore.name,
        "endpoint": endpoint(address, &datastore.datastore_id),
        "status": datastore.status,
        "created": fhir::date::instant(datastore.created_us),
        "notes": if datastore.notes { "on" } else { "off" },
    })
}

/// Where a datastore's FHIR API is.
pub(crate) fn endpoint(address: &str, datastore_id: &str) -> String {
    format!("http://{address}/datastore/{datastore_id}/r4/")
}

/// A member's text.
pub(crate) fn text(value: &Value, member: &str) -> String {
    match value.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The members the command line promises.
fn promised(value: &Value) -> Value {
    json!({
        "datastore_id": value["datastore_id"],
        "name": value["name"],
        "endpoint": value["endpoint"],
        "status": value["status"],
    })
}

fn created(context: &Context<'_>, value: &Value) -> Result<(), Failure> {
    if context.global.json {
        return show::json(&promised(value));
    }
    show::out(&format!(
        "created `{}`\n  id        {}\n  endpoint  {}",
        text(value, "name"),
        text(value, "datastore_id"),
        text(value, "endpoint")
    ))
}

fn switched(context: &Context<'_>, value: &Value) -> Result<(), Failure> {
    if context.global.json {
        let mut shown = promised(value);
        shown["notes"] = value["notes"].clone();
        return show::json(&shown);
    }
    show::out(&format!("notes of `{}` are {}", text(value, "name"), text(value, "notes")))
}

fn listed(context: &Context<'_>, values: &[Value]) -> Result<(), Failure> {
    if context.global.json {
        return show::json(&values);
    }
    if values.is_empty() {
        show::note("no datastore yet: `tarn store create NAME` makes one");
        return Ok(());
    }
    let header = ["name", "status", "created", "id"].map(str::to_owned);
    let rows: Vec<_> = values
        .iter()
        .map(|v| ["name", "status", "created", "datastore_id"].map(|m| text(v, m)).to_vec())
        .collect();
    show::out(&show::table(&header, &rows))
}

fn described(context: &Context<'_>, value: &Value) -> Result<(), Failure> {
    if context.global.json {
        return show::json(value);
    }
    let mut lines = String::new();
    for (label, member) in [
        ("name", "name"),
        ("id", "datastore_id"),
        ("endpoint", "endpoint"),
        ("status", "status"),
        ("created", "created"),
        ("notes", "notes"),
        ("commit", "commit"),
        ("resources", "resources"),
        ("tables", "tables"),
    ] {
        lines.push_str(&format!("{label:<10}{}\n", text(value, member)));
    }
    let rows: Vec<_> = value["types"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| vec![text(t, "type"), text(t, "count")])
        .collect();
    if !rows.is_empty() {
        lines.push('\n');
        lines.push_str(&show::table(&["type".to_owned(), "count".to_owned()], &rows));
    }
    show::out(&lines)
}

fn confirmed(yes: bool, name: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    Err(Failure::new(format!("deleting `{name}` removes every version of every resource in it"))
        .hint("add --yes to do it"))
}

fn deleted(context: &Context<'_>, value: &Value) -> Result<(), Failure> {
    if context.global.json {
        let mut value = promised(value);
        value["status"] = json!("DELETED");
        return show::json(&value);
    }
    show::out(&format!("deleted `{}`", text(value, "name")))
}
