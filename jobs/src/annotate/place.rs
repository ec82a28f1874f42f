//! How far the reading of notes is, kept in a file beside the datastore's tables.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The place of one datastore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Every note of commits up to this one is read.
    pub commit: u64,
    /// Models and terminologies that read them.
    pub model: String,
    /// While everything is read anew: which of the readable types, and the last ordinal done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<(u8, Option<u32>)>,
    /// The commit the reading anew began at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep_commit: Option<u64>,
    #[serde(skip)]
    path: PathBuf,
}

impl Place {
    /// Reads the file; a datastore without one is at the beginning.
    pub(super) fn load(data: &Path, datastore_id: &str) -> Result<Self, Error> {
        let path = path(data, datastore_id);
        let mut place = match std::fs::read(&path) {
            // A damaged file costs a reading anew, no more.
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(source) => return Err(Error::Input { path: path.display().to_string(), source }),
        };
        place.path = path;
        Ok(place)
    }

    /// Whether what was read so far was read by these models.
    pub(super) fn is_for(&self, model: &str) -> bool {
        self.model == model && self.sweep.is_none()
    }

    /// Begins again, or goes on beginning again.
    pub(super) fn start_over(&mut self, model: &str) {
        if self.model == model && self.sweep.is_some() {
            return;
        }
        let fresh = self.model.is_empty() && self.commit == 0;
        model.clone_into(&mut self.model);
        self.sweep_commit = None;
        self.sweep = if fresh { None } else { Some((0, None)) };
    }

    /// Everything there was when it began is read. The log goes on from where it was: it also tells
    /// of deletions, and what the sweep has read already gives the same once more.
    pub(super) fn finish_sweep(&mut self) {
        self.sweep_commit = None;
        self.sweep = None;
    }

    /// Replaces the file.
    pub(super) fn save(&self) -> Result<(), Error> {
        let failed = |source| Error::Output { path: self.path.display().to_string(), source };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let beside = self.path.with_extension("new");
        let text = serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))?;
        std::fs::write(&beside, text).map_err(failed)?;
        std::fs::rename(&beside, &self.path).map_err(failed)
    }
}

/// Where it is kept.
fn path(data: &Path, datastore_id: &str) -> PathBuf {
    data.join("notes").join(format!("{datastore_id}.json"))
}

/// Forgets a datastore that is deleted.
pub(crate) fn forget(data: &Path, datastore_id: &str) -> std::io::Result<()> {
    match std::fs::remove_file(path(data, datastore_id)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
