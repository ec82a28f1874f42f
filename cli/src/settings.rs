//! The settings file: one TOML document, one table per room.

use crate::arguments::Global;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that can be set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// How the doors open.
    pub serve: Serve,
    /// The HTTP server.
    pub server: server::Settings,
    /// The store.
    pub store: store::Settings,
    /// The tables.
    pub lake: lake::Settings,
    /// Import.
    pub import: jobs::import::Settings,
    /// Reading notes.
    pub notes: jobs::annotate::Settings,
}

/// How the doors open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    /// Listen on an address other machines can reach. Default false, because nothing is encrypted
    /// yet. Set it where a proxy that speaks TLS stands in front.
    pub allow_network: bool,
}

impl Settings {
    /// What the rooms below the server take.
    pub(crate) fn rooms(&self) -> jobs::Settings {
        jobs::Settings {
            store: self.store.clone(),
            lake: self.lake.clone(),
            import: self.import.clone(),
            notes: self.notes.clone(),
        }
    }
}

/// Reads the settings file, if there is one; everything it leaves out has its default.
pub(crate) fn load(global: &Global) -> Result<Settings, Failure> {
    let own = global.data.join("tarn.toml");
    let path = global.config.as_ref().unwrap_or(&own);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && global.config.is_none() => {
            return Ok(Settings::default());
        }
        Err(error) => {
            return Err(Failure::new(format!(
                "could not read the settings file `{}`: {error}",
                path.display()
            )));
        }
    };
    parse(&text).map_err(|failure| match failure {
        Failure::Told { message, hint } => {
            Failure::Told { message: format!("`{}`: {message}", path.display()), hint }
        }
        closed @ Failure::Closed => closed,
    })
}

fn parse(text: &str) -> Result<Settings, Failure> {
    // The message only: the full text of a TOML error quotes the line, which may hold a secret.
    let failed = |error: toml::de::Error| {
        let line = error
            .span()
            .map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        Failure::new(format!("line {line}: {}", error.message()))
    };
    let table: toml::Table = text.parse().map_err(failed)?;
    let given = serde_json::to_value(&table).map_err(|e| Failure::new(e.to_string()))?;
    let known =
        serde_json::to_value(Settings::default()).map_err(|e| Failure::new(e.to_string()))?;
    check_keys(&given, &known, "")?;
    toml::from_str(text).map_err(failed)
}

/// Refuses keys that do not exist.
fn check_keys(given: &Value, known: &Value, prefix: &str) -> Result<(), Failure> {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return Ok(()) };
    for (key, value) in given {
        let Some(known_value) = known.get(key) else {
            let failure = Failure::new(format!("there is no setting `{prefix}{key}`"));
            let nearest = jobs::nearest(key, known.keys().map(String::as_str));
            return Err(failure.hint(match nearest {
                Some(name) => format!("did you mean `{prefix}{name}`?"),
                None => format!(
                    "known here: {}",
                    known.keys().map(|k| format!("`{prefix}{k}`")).collect::<Vec<_>>().join(", ")
                ),
            }));
        };
        check_keys(value, known_value, &format!("{prefix}{key}."))?;
    }
    Ok(())
}

/// The settings with secrets masked, as JSON.
pub(crate) fn masked(settings: &Settings) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(settings).map_err(|e| Failure::new(e.to_string()))?;
    mask(&mut value);
    Ok(value)
}

fn mask(value: &mut Value) {
    if let Value::Object(members) = value {
        for (key, value) in members {
            let secret = ["secret", "password", "token", "private_key"]
                .iter()
                .any(|word| key.contains(word));
            match value {
                Value::String(text) if secret && !text.is_empty() => *text = "********".to_owned(),
                other => mask(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings = parse("[import]\nworkers = 3\n").expect("valid settings");
        assert_eq!(settings.import.workers, 3);
        assert_eq!(settings.import.chunk_bytes, 8 << 20);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        check_refused(
            "[import]\nworker = 3",
            "there is no setting `import.worker`",
            "did you mean `import.workers`?",
        );
        check_refused("[imports]\n", "there is no setting `imports`", "did you mean `import`?");
    }

    #[test]
    fn a_wrong_type_names_its_line() {
        let Err(Failure::Told { message, .. }) = parse("[import]\n\nworkers = 'many'") else {
            panic!("accepted")
        };
        assert!(message.starts_with("line 3:"), "{message}");
    }

    #[test]
    fn secrets_are_masked() {
        let mut value =
            serde_json::json!({"s3": {"secret_key": "hush", "region": "eu"}, "token": ""});
        mask(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"s3": {"secret_key": "********", "region": "eu"}, "token": ""})
        );
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str, advice: &str) {
        let Err(Failure::Told { message, hint }) = parse(text) else { panic!("accepted") };
        assert_eq!(message, expected);
        assert_eq!(hint.as_deref(), Some(advice));
    }
}
