//! Long work over one datastore: import, export, keeping the tables in step with the store, and
//! reading notes; and making synthetic populations to fill one with.
//!
//! [`Rooms`] is the data folder opened: it hands out one [`Room`] per datastore, and a room joins
//! the store (the truth) with the lake (tables derived from it).
//!
//! Always true:
//! - a room's lake is replayed from the change log before anyone gets the room;
//! - deleting the lake's folder loses nothing: the next opening rebuilds it.

pub mod annotate;
pub mod export;
mod folder;
pub mod generate;
pub mod import;
mod output;
mod rooms;
pub mod tables;
mod terms;

pub use rooms::{Room, Rooms, Settings, nearest};

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Name an existing datastore, or create it first.
    #[error("there is no datastore `{name}`")]
    NoDatastore {
        /// What was asked for.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
    },

    /// Choose another name, or use the datastore there is.
    #[error("a datastore called `{name}` exists already")]
    DatastoreExists {
        /// The name.
        name: String,
    },

    /// Give the path of a file or folder that exists and can be read.
    #[error("could not read `{path}`: {source}")]
    Input {
        /// The path as given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },

    /// Give a folder that holds `*.ndjson`, `*.ndjson.gz` or `*.json` files.
    #[error("`{path}` holds nothing to import")]
    NothingToImport {
        /// The path as given.
        path: String,
    },

    /// Choose an empty folder, or allow overwriting.
    #[error("the folder `{path}` is not empty")]
    OutputNotEmpty {
        /// The path as given.
        path: String,
    },

    /// Free space or choose another folder.
    #[error("could not write `{path}`: {source}")]
    Output {
        /// The path that could not be written.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },

    /// Mend the modules.
    #[error("{}", faults(.0))]
    Modules(Vec<synth::gmf::Error>),

    /// Give a folder that holds modules.
    #[error("`{path}` holds no module (*.json)")]
    NoModules {
        /// The path as given.
        path: String,
    },

    /// Ask for a population that can be.
    #[error("{0}")]
    Plan(String),

    /// Wait for the job that runs, then start again.
    #[error("an import into this datastore is already running")]
    Busy,

    /// The job was told to stop; everything committed so far stays.
    #[error("stopped before the end; what was committed stays, and the same command completes it")]
    Stopped,

    /// Start again.
    #[error("stopped before the end; nothing of the population is kept")]
    GenerationStopped,

    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),

    /// The tables refused.
    #[error(transparent)]
    Lake(#[from] lake::Error),

    /// A fault of ours, not of the input.
    #[error("internal fault: {0}")]
    Internal(String),
}

/// All faults of modules, a line each.
fn faults(all: &[synth::gmf::Error]) -> String {
    const SHOWN: usize = 20;
    let mut text = match all.len() {
        1 => "a module has a fault".to_owned(),
        count => format!("modules have {count} faults"),
    };
    for fault in all.iter().take(SHOWN) {
        text.push_str(&format!("\n  {fault}"));
    }
    if all.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", all.len() - SHOWN));
    }
    text
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDatastore { nearest: Some(name), .. } => Some(format!("did you mean `{name}`?")),
            Self::NoDatastore { .. } => Some("`tarn store list` shows what there is, `tarn store create NAME` makes one".into()),
            Self::DatastoreExists { .. } => Some("choose another name".into()),
            Self::NothingToImport { .. } => Some("give a folder with *.ndjson, *.ndjson.gz, *.jsonl or *.json files, such a file, or - for stdin".into()),
            Self::OutputNotEmpty { .. } => Some("choose an empty folder, or add --force to overwrite the files in it".into()),
            Self::Modules(_) => Some("docs/concepts/generator.md lists what a module may hold; --lenient passes over unknown keys and shares that do not add up, as Synthea does".into()),
            Self::NoModules { .. } => Some("for Synthea's own: --modules synthea/src/main/resources/modules".into()),
            Self::Busy => Some("wait for it to finish; the console's overview shows its progress".into()),
            _ => None,
        }
    }
}
