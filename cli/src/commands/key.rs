//! `tarn key`: create, list and delete access keys.

use crate::arguments::{Key, KeyArguments, Role};
use crate::commands::store::{find, text};
use crate::failure::{Failure, chain};
use crate::folder::{Access, access, access_or_create};
use crate::{Context, show};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(crate) fn run(context: &Context<'_>, given: &KeyArguments) -> Result<ExitCode, Failure> {
    let data = &context.global.data;
    let access = match &given.command {
        Key::Create { .. } => access_or_create(data)?,
        _ => access(data)?,
    };
    match (access, &given.command) {
        (Access::Own(_lock), command) => {
            let keys = server::keys::Keys::open(data).map_err(failed)?;
            match command {
                Key::Create { role, store } => {
                    let store = match store {
                        Some(name) => {
                            let rooms = jobs::Rooms::open(data, context.settings.rooms())?;
                            Some(rooms.find(name)?.datastore_id)
                        }
                        None => None,
                    };
                    created(
                        context,
                        &to_json(&keys.create((*role).into(), store).map_err(failed)?)?,
                    )?;
                }
                Key::List => listed(context, &to_json(&keys.list())?)?,
                Key::Delete { key_id } => {
                    if !keys.delete(key_id).map_err(failed)? {
                        return Err(unknown(key_id));
                    }
                    deleted(context, key_id)?;
                }
            }
        }
        (Access::Through(client), Key::Create { role, store }) => {
            let store = match store {
                Some(name) => Some(text(&find(&client, name)?, "datastore_id")),
                None => None,
            };
            let body = json!({"role": server::keys::Role::from(*role), "store": store});
            created(context, &client.post::<Value>("/api/keys", &body)?)?;
        }
        (Access::Through(client), Key::List) => {
            listed(context, &client.get::<Value>("/api/keys")?)?
        }
        (Access::Through(client), Key::Delete { key_id }) => {
            let all: Vec<Value> = client.get("/api/keys")?;
            if !all.iter().any(|key| key["key_id"] == key_id.as_str()) {
                return Err(unknown(key_id));
            }
            client.delete(&format!("/api/keys/{key_id}"))?;
            deleted(context, key_id)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl From<Role> for server::keys::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Write => Self::Write,
            Role::Read => Self::Read,
            Role::Sql => Self::Sql,
        }
    }
}

/// What the keys' owner said.
pub(crate) fn failed(error: server::Error) -> Failure {
    Failure::new(chain(&error))
}

fn to_json(value: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::new(error.to_string()))
}

fn unknown(key_id: &str) -> Failure {
    Failure::new(format!("there is no key `{key_id}`"))
        .hint("`tarn key list` shows the keys there are")
}

fn created(context: &Context<'_>, key: &Value) -> Result<(), Failure> {
    let key = json!({"key_id": key["key_id"], "secret": key["secret"], "bearer": key["bearer"]});
    if context.global.json {
        return show::json(&key);
    }
    show::out(&pasteable(&key))?;
    show::note("the secret is shown this once");
    Ok(())
}

/// A key as shell settings.
pub(crate) fn pasteable(key: &Value) -> String {
    format!(
        "export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\nexport TARN_BEARER={}\n",
        text(key, "key_id"),
        text(key, "secret"),
        text(key, "bearer")
    )
}

fn listed(context: &Context<'_>, keys: &Value) -> Result<(), Failure> {
    if context.global.json {
        return show::json(keys);
    }
    let rows: Vec<_> = keys
        .as_array()
        .into_iter()
        .flatten()
        .map(|k| {
            let store = text(k, "store");
            let store = if store.is_empty() { "all".to_owned() } else { store };
            vec![text(k, "key_id"), text(k, "role"), store, text(k, "created")]
        })
        .collect();
    if rows.is_empty() {
        show::note("no key yet: `tarn key create --role admin` makes one");
        return Ok(());
    }
    show::out(&show::table(&["key", "role", "store", "created"].map(str::to_owned), &rows))
}

fn deleted(context: &Context<'_>, key_id: &str) -> Result<(), Failure> {
    if context.global.json {
        return show::json(&json!({"key_id": key_id, "deleted": true}));
    }
    show::out(&format!("deleted `{key_id}`"))
}
