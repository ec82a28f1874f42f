//! The datastores of a data folder: which there are, and their stores, opened when first used.
//!
//! `datastores.json` lists them. It is replaced as a whole: written beside, synced, renamed, the
//! folder synced; so a crash leaves the old list or the new one.

use crate::{Error, Settings, Store, SystemClock, transaction::new_id};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// One datastore, as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datastore {
    /// 32 lower-case hexadecimal digits.
    pub datastore_id: String,
    /// What people call it.
    pub name: String,
    /// When it was made, in microseconds since 1970-01-01T00:00:00Z.
    pub created_us: i64,
    /// `ACTIVE`.
    pub status: String,
    /// Whether notes in it are read. On unless switched off.
    #[serde(default = "on")]
    pub notes: bool,
}

fn on() -> bool {
    true
}

/// All datastores of a data folder.
pub struct Catalog {
    data: PathBuf,
    settings: Settings,
    /// Whether there was a list when the catalog was opened.
    listed: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    datastores: Vec<Datastore>,
    open: HashMap<String, Arc<Store>>,
}

/// What a folder is called while it is being removed.
const REMOVED: &str = "removed";
/// A file in the folder of a datastore that is being deleted.
const DELETING: &str = "deleting";

impl Catalog {
    /// Opens or creates the catalog of a data folder. No store is opened yet.
    ///
    /// # Errors
    /// [`Error::Open`] when the folder or its list cannot be read.
    pub fn open(data: &Path, settings: Settings) -> Result<Self, Error> {
        let stores = data.join("stores");
        fs::create_dir_all(&stores).map_err(Error::Open)?;
        for entry in fs::read_dir(&stores).map_err(Error::Open)?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == REMOVED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let (datastores, listed) = match fs::read(data.join("datastores.json")) {
            Ok(text) => {
                let datastores = serde_json::from_slice(&text).map_err(|error| {
                    Error::Open(io::Error::new(io::ErrorKind::InvalidData, error))
                })?;
                (datastores, true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), false),
            Err(error) => return Err(Error::Open(error)),
        };
        let catalog = Self {
            data: data.to_owned(),
            settings,
            listed,
            inner: Mutex::new(Inner { datastores, open: HashMap::new() }),
        };
        for entry in fs::read_dir(&stores).map_err(Error::Open)?.flatten() {
            // A folder that is merely not listed stays: the list may be an older copy.
            if entry.file_name().to_str().is_some_and(|name| catalog.is_stray(name))
                && entry.path().join(DELETING).exists()
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(catalog)
    }

    /// Whether this is the id of a datastore that is no more: what is kept under its name was left
    /// by a deletion that did not get to its end. Never when the list itself was missing, since
    /// then nothing says what there was.
    pub fn is_stray(&self, id: &str) -> bool {
        let is_id = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_id
            && self.listed
            && !self.inner.lock().datastores.iter().any(|known| known.datastore_id == id)
    }

    /// All datastores, oldest first.
    pub fn list(&self) -> Vec<Datastore> {
        self.inner.lock().datastores.clone()
    }

    /// Makes an empty datastore.
    ///
    /// # Errors
    /// [`Error::DatastoreName`] or [`Error::DatastoreExists`] when the name will not do;
    /// [`Error::Append`] when the disk fails.
    pub fn create(&self, name: &str) -> Result<Datastore, Error> {
        let fits = |character: char| character.is_alphanumeric() || " _.-%+@:=".contains(character);
        if name.trim() != name
            || !(1..=256).contains(&name.chars().count())
            || !name.chars().all(fits)
        {
            return Err(Error::DatastoreName { name: name.chars().take(256).collect() });
        }
        let mut inner = self.inner.lock();
        if inner.datastores.iter().any(|known| known.name == name || known.datastore_id == name) {
            return Err(Error::DatastoreExists { name: name.to_owned() });
        }
        let created_us = crate::Clock::now_us(&SystemClock);
        let datastore = Datastore {
            datastore_id: new_id().replace('-', ""),
            name: name.to_owned(),
            created_us,
            status: "ACTIVE".to_owned(),
            notes: true,
        };
        let mut datastores = inner.datastores.clone();
        datastores.push(datastore.clone());
        self.save(&datastores).map_err(Error::Append)?;
        inner.datastores = datastores;
        Ok(datastore)
    }

    /// The datastore with this name or id.
    ///
    /// # Errors
    /// [`Error::UnknownDatastore`].
    pub fn find(&self, name_or_id: &str) -> Result<Datastore, Error> {
        let inner = self.inner.lock();
        let by_id = inner.datastores.iter().find(|known| known.datastore_id == name_or_id);
        by_id
            .or_else(|| inner.datastores.iter().find(|known| known.name == name_or_id))
            .cloned()
            .ok_or_else(|| unknown(name_or_id))
    }

    /// Switches the reading of notes on or off, and gives the datastore as it is now.
    ///
    /// # Errors
    /// [`Error::UnknownDatastore`]; [`Error::Append`] when the disk fails.
    pub fn set_notes(&self, id: &str, on: bool) -> Result<Datastore, Error> {
        let mut inner = self.inner.lock();
        let mut datastores = inner.datastores.clone();
        let changed = datastores
            .iter_mut()
            .find(|known| known.datastore_id == id)
            .ok_or_else(|| unknown(id))?;
        changed.notes = on;
        let changed = changed.clone();
        self.save(&datastores).map_err(Error::Append)?;
        inner.datastores = datastores;
        Ok(changed)
    }

    /// Removes a datastore and all it holds. Its tables are the caller's to remove.
    ///
    /// # Errors
    /// [`Error::UnknownDatastore`]; [`Error::Append`] when the disk fails.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        if !inner.datastores.iter().any(|known| known.datastore_id == id) {
            return Err(unknown(id));
        }
        let mut datastores = inner.datastores.clone();
        datastores.retain(|known| known.datastore_id != id);
        let folder = self.folder(id);
        if folder.exists() {
            // From here on a crash leaves a folder that says it may go.
            fs::write(folder.join(DELETING), b"").map_err(Error::Append)?;
        }
        self.save(&datastores).map_err(Error::Append)?;
        inner.datastores = datastores;
        drop(inner.open.remove(id));
        let removed = folder.with_extension(REMOVED);
        if folder.exists() {
            fs::rename(&folder, &removed).map_err(Error::Append)?;
            fs::remove_dir_all(&removed).map_err(Error::Append)?;
        }
        Ok(())
    }

    /// The store of a datastore, opened if it is not yet.
    ///
    /// # Errors
    /// [`Error::UnknownDatastore`], or as [`Store::open`].
    pub fn store(&self, id: &str) -> Result<Arc<Store>, Error> {
        let mut inner = self.inner.lock();
        if !inner.datastores.iter().any(|known| known.datastore_id == id) {
            return Err(unknown(id));
        }
        if let Some(store) = inner.open.get(id) {
            return Ok(store.clone());
        }
        let store = Arc::new(Store::open(&self.folder(id), &self.settings, Arc::new(SystemClock))?);
        inner.open.insert(id.to_owned(), store.clone());
        Ok(store)
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.data.join("stores").join(id)
    }

    fn save(&self, datastores: &[Datastore]) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(datastores)?;
        let beside = self.data.join("datastores.json.new");
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, self.data.join("datastores.json"))?;
        File::open(&self.data)?.sync_all()
    }
}

fn unknown(name: &str) -> Error {
    Error::UnknownDatastore { name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datastores_are_there_after_reopening_and_gone_after_deleting() {
        let data = tempfile::tempdir().expect("a folder");
        let open = || Catalog::open(data.path(), Settings::default()).expect("the catalog");
        let made = open().create("Ward 7").expect("a free name");
        assert_eq!(made.datastore_id.len(), 32);
        let catalog = open();
        assert_eq!(catalog.list(), std::slice::from_ref(&made));
        assert_eq!(catalog.find("Ward 7").ok(), Some(made.clone()));
        assert_eq!(catalog.find(&made.datastore_id).ok(), Some(made.clone()));
        assert!(matches!(catalog.create("Ward 7"), Err(Error::DatastoreExists { .. })));
        assert!(matches!(catalog.create("a/b"), Err(Error::DatastoreName { .. })));
        assert_eq!(catalog.store(&made.datastore_id).expect("a store").current_commit(), 0);
        catalog.delete(&made.datastore_id).expect("it is there");
        assert!(matches!(catalog.store(&made.datastore_id), Err(Error::UnknownDatastore { .. })));
        assert!(open().list().is_empty());
        assert!(!data.path().join("stores").join(&made.datastore_id).exists());
    }

    #[test]
    fn what_a_deletion_left_behind_goes_at_the_next_opening() {
        let data = tempfile::tempdir().expect("a folder");
        let open = || Catalog::open(data.path(), Settings::default()).expect("the catalog");
        let kept = open().create("kept").expect("a free name").datastore_id;
        let folder = |name: &str| data.path().join("stores").join(name);
        let stray = "0123456789abcdef0123456789abcdef";
        for name in [stray, kept.as_str(), "notes-of-the-operator"] {
            fs::create_dir_all(folder(name)).expect("room");
        }
        assert!(open().is_stray(stray) && folder(stray).exists(), "the list may be an older copy");
        fs::write(folder(stray).join(DELETING), "").expect("room");
        let catalog = open();
        assert!(catalog.is_stray(stray) && !catalog.is_stray(&kept));
        assert!(!folder(stray).exists());
        assert!(folder(&kept).exists() && folder("notes-of-the-operator").exists());

        fs::create_dir_all(folder(stray)).expect("room");
        fs::remove_file(data.path().join("datastores.json")).expect("a file");
        assert!(!open().is_stray(stray), "without a list nothing is known");
        assert!(folder(stray).exists() && folder(&kept).exists());
    }
}
