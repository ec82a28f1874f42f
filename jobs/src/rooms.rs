//! The data folder opened: one [`Room`] per datastore, opened when first asked for.

use crate::{Error, annotate, import, tables, terms};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often a room looks for commits its tables lack. Queries do not wait for it: they catch up
/// themselves.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How often a room looks whether a terminology was loaded.
const TERMS_EVERY: Duration = Duration::from_secs(5);

/// Settings of everything below the server, by room.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The store's settings.
    pub store: store::Settings,
    /// The lake's settings.
    pub lake: lake::Settings,
    /// Import's settings.
    pub import: import::Settings,
    /// Settings of reading notes.
    pub notes: annotate::Settings,
}

/// All datastores of a data folder. The caller holds the folder's lock.
pub struct Rooms {
    catalog: Arc<store::Catalog>,
    data: PathBuf,
    settings: Settings,
    models: Arc<annotate::Models>,
    /// The lock is held while a room opens, so that it opens once.
    open: tokio::sync::Mutex<HashMap<String, Arc<Room>>>,
}

/// One datastore: its store and its lake, in step.
pub struct Room {
    /// Its name and id.
    pub datastore: store::Datastore,
    /// The truth.
    pub store: Arc<store::Store>,
    /// The tables derived from it.
    pub lake: Arc<lake::Lake>,
    /// Held by whoever moves commits from the store to the lake, so that nobody does it twice.
    pub(crate) moving: Mutex<()>,
    /// The import that runs, or the last one that ended.
    pub(crate) import: RwLock<Option<import::Progress>>,
    /// Held while an import runs.
    pub(crate) importing: Mutex<()>,
    /// Held by whoever reads notes.
    pub(crate) annotator: Mutex<annotate::Annotator>,
    /// How reading notes goes.
    pub(crate) notes: annotate::Meters,
    pub(crate) models: Arc<annotate::Models>,
    /// Whether this datastore's notes are read.
    notes_on: AtomicBool,
    /// Set when the room is to be closed.
    closing: AtomicBool,
    /// Set when the datastore is deleted, while somebody may still hold the room.
    deleted: AtomicBool,
    pub(crate) settings: Settings,
    pub(crate) data: PathBuf,
}

impl Rooms {
    /// Opens the data folder, creating it if it is not there. Datastores open when asked for.
    ///
    /// # Errors
    /// When the folder or its catalog cannot be read.
    pub fn open(data: &Path, settings: Settings) -> Result<Arc<Self>, Error> {
        std::fs::create_dir_all(data)
            .map_err(|source| Error::Output { path: data.display().to_string(), source })?;
        let catalog = Arc::new(store::Catalog::open(data, settings.store.clone())?);
        sweep(data, &catalog);
        Ok(Arc::new(Self {
            catalog,
            data: data.to_owned(),
            models: Arc::new(annotate::Models::new(data)),
            settings,
            open: tokio::sync::Mutex::default(),
        }))
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The settings everything was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The catalog of datastores.
    pub fn catalog(&self) -> &Arc<store::Catalog> {
        &self.catalog
    }

    /// All datastores, opened or not.
    pub fn list(&self) -> Vec<store::Datastore> {
        self.catalog.list()
    }

    /// The datastore with this name or id, without opening it.
    ///
    /// # Errors
    /// [`Error::NoDatastore`], with the most similar name.
    pub fn find(&self, name_or_id: &str) -> Result<store::Datastore, Error> {
        self.catalog.find(name_or_id).map_err(|_| Error::NoDatastore {
            name: name_or_id.to_owned(),
            nearest: nearest(name_or_id, self.catalog.list().iter().map(|d| d.name.as_str())),
        })
    }

    /// The room of a datastore, by name or id. The first call opens it and brings its tables up
    /// to the store's last commit.
    ///
    /// # Errors
    /// [`Error::NoDatastore`], or what kept the store or lake from opening.
    pub async fn datastore(&self, name_or_id: &str) -> Result<Arc<Room>, Error> {
        let datastore = self.find(name_or_id)?;
        let mut open = self.open.lock().await;
        if let Some(room) = open.get(&datastore.datastore_id) {
            return Ok(Arc::clone(room));
        }
        let id = datastore.datastore_id.clone();
        let catalog = Arc::clone(&self.catalog);
        let store_id = id.clone();
        let store = blocking(move || catalog.store(&store_id).map_err(Error::from)).await?;
        let settings =
            lake::Settings { name: datastore.name.clone(), ..self.settings.lake.clone() };
        let folder = self.data.join("lake").join(&id);
        let opened = match lake::Lake::open(&folder, settings.clone()).await {
            // The store was put back from an older copy: its next commits would look applied.
            Ok(lake) if lake.durable() > store.current_commit() => {
                tracing::warn!(datastore = id, "the tables are ahead of the store; building anew");
                None
            }
            Err(error @ lake::Error::Lost { .. }) => {
                tracing::warn!(datastore = id, %error, "building the tables anew");
                None
            }
            opened => Some(opened?),
        };
        let lake = match opened {
            Some(lake) => lake,
            None => {
                std::fs::remove_dir_all(&folder).map_err(|source| Error::Output {
                    path: folder.display().to_string(),
                    source,
                })?;
                lake::Lake::open(&folder, settings).await?
            }
        };
        let lake = Arc::new(lake);
        let notes_on = datastore.notes;
        let room = Arc::new(Room {
            datastore,
            store,
            lake,
            moving: Mutex::default(),
            import: RwLock::default(),
            importing: Mutex::default(),
            annotator: Mutex::default(),
            notes: annotate::Meters::default(),
            models: Arc::clone(&self.models),
            notes_on: AtomicBool::new(notes_on),
            closing: AtomicBool::new(false),
            deleted: AtomicBool::new(false),
            settings: self.settings.clone(),
            data: self.data.clone(),
        });
        tables::catch_up(&room, room.store.current_commit()).await?;
        tokio::spawn(follow(Arc::downgrade(&room)));
        tokio::spawn(read_notes(Arc::downgrade(&room)));
        open.insert(id, Arc::clone(&room));
        Ok(room)
    }

    /// Creates a datastore.
    ///
    /// # Errors
    /// [`Error::DatastoreExists`], or what the catalog said.
    pub fn create(&self, name: &str) -> Result<store::Datastore, Error> {
        if self.catalog.list().iter().any(|d| d.name == name) {
            return Err(Error::DatastoreExists { name: name.to_owned() });
        }
        Ok(self.catalog.create(name)?)
    }

    /// Switches the reading of notes on or off for a datastore. Findings there are stay; notes
    /// written while it was off are read once it is on again.
    ///
    /// # Errors
    /// [`Error::NoDatastore`], or what the catalog said.
    pub async fn set_notes(&self, name_or_id: &str, on: bool) -> Result<store::Datastore, Error> {
        let datastore = self.find(name_or_id)?;
        let open = self.open.lock().await;
        let changed = self.catalog.set_notes(&datastore.datastore_id, on)?;
        if let Some(room) = open.get(&datastore.datastore_id) {
            room.notes_on.store(on, Ordering::Relaxed);
        }
        Ok(changed)
    }

    /// The models that read notes, loaded if they are not yet.
    ///
    /// # Errors
    /// When a terminology in the data folder cannot be read.
    pub fn pipeline(&self) -> Result<Arc<nlp::Pipeline>, Error> {
        self.models.get()
    }

    /// Deletes a datastore with everything in it, tables included. Whoever still holds its room
    /// finds it closed.
    ///
    /// # Errors
    /// [`Error::NoDatastore`]; [`Error::Busy`] while an import runs; or what the catalog said.
    pub async fn delete(&self, name_or_id: &str) -> Result<store::Datastore, Error> {
        let datastore = self.find(name_or_id)?;
        let mut open = self.open.lock().await;
        if let Some(room) = open.get(&datastore.datastore_id) {
            let room = Arc::clone(room);
            {
                // Held over both, so that no import begins in between.
                let Some(_importing) = room.importing.try_lock() else { return Err(Error::Busy) };
                room.closing.store(true, Ordering::Relaxed);
                room.deleted.store(true, Ordering::Release);
            }
            open.remove(&datastore.datastore_id);
            room.lake.close().await;
            room.idle().await?;
        }
        let catalog = Arc::clone(&self.catalog);
        let id = datastore.datastore_id.clone();
        let lake = self.data.join("lake").join(&id);
        let data = self.data.clone();
        blocking(move || {
            catalog.delete(&id)?;
            annotate::forget(&data, &id)
                .map_err(|source| Error::Output { path: data.display().to_string(), source })?;
            match std::fs::remove_dir_all(&lake) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::Output { path: lake.display().to_string(), source })
                }
                _ => Ok(()),
            }
        })
        .await?;
        Ok(datastore)
    }

    /// Writes every tail to its tables: call it before the process ends. Whatever is not flushed
    /// is replayed from the change log at the next opening.
    ///
    /// # Errors
    /// The first flush that failed; the others were tried.
    pub async fn close(&self) -> Result<(), Error> {
        let rooms: Vec<_> = self.open.lock().await.drain().map(|(_, room)| room).collect();
        let mut result = Ok(());
        for room in rooms {
            room.closing.store(true, Ordering::Relaxed);
            let ended = async {
                room.idle().await?;
                tables::catch_up(&room, room.store.current_commit()).await?;
                room.lake.flush(true).await?;
                Ok(())
            };
            if let Err(error) = ended.await {
                result = result.and(Err(error));
            }
        }
        result
    }
}

impl Room {
    /// The import that runs, or the last one that ended since the room was opened.
    pub fn import_progress(&self) -> Option<import::Progress> {
        self.import.read().clone()
    }

    /// How reading notes goes, or went since the room was opened.
    pub fn notes_progress(&self) -> annotate::Progress {
        self.notes.progress()
    }

    /// Whether this datastore's notes are read.
    pub fn reads_notes(&self) -> bool {
        self.settings.notes.enabled && self.notes_on.load(Ordering::Relaxed)
    }

    /// The models and terminologies that notes are read with.
    pub(crate) fn notes_model(&self) -> String {
        format!("{}{}", nlp::model(), terms::stamp(&self.data.join("terms")))
    }

    /// # Errors
    /// [`Error::NoDatastore`] once the datastore is deleted.
    pub(crate) fn check_there(&self) -> Result<(), Error> {
        if self.deleted.load(Ordering::Acquire) {
            let name = self.datastore.name.clone();
            return Err(Error::NoDatastore { name, nearest: None });
        }
        Ok(())
    }

    /// Waits until nobody reads notes: whoever does stops after the batch at hand.
    async fn idle(self: &Arc<Self>) -> Result<(), Error> {
        let room = Arc::clone(self);
        blocking(move || {
            drop(room.annotator.lock());
            Ok(())
        })
        .await
    }

    /// Set when the room is to be closed.
    pub(crate) fn closing(&self) -> &AtomicBool {
        &self.closing
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }
}

/// Reads the notes of what is written, for as long as the room is open. An import reads its own.
async fn read_notes(room: Weak<Room>) {
    let mut model = (std::time::Instant::now(), String::new());
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let Some(room) = room.upgrade() else { return };
        if room.closing.load(Ordering::Relaxed) {
            return;
        }
        if !room.reads_notes() || room.importing.try_lock().is_none() {
            continue;
        }
        // Terminologies seldom change; their folder is looked at now and then.
        if model.1.is_empty() || model.0.elapsed() > TERMS_EVERY {
            model = (std::time::Instant::now(), room.notes_model());
        }
        if !annotate::is_behind(&room, &model.1) {
            continue;
        }
        if let Err(error) = annotate::catch_up(&room).await {
            tracing::error!(datastore = %room.datastore.datastore_id, %error, "notes could not be read");
            tokio::time::sleep(FOLLOW_EVERY * 20).await;
        }
    }
}

/// Follows the change log for as long as the room is open. The lake writes its files itself.
async fn follow(room: Weak<Room>) {
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let Some(room) = room.upgrade() else { return };
        if room.check_there().is_err() {
            return;
        }
        if let Err(error) = tables::catch_up(&room, room.store.current_commit()).await {
            tracing::error!(datastore = %room.datastore.datastore_id, %error, "the tables could not follow the store");
            tokio::time::sleep(FOLLOW_EVERY * 10).await;
        }
    }
}

/// Removes tables and places in notes of datastores that are no more: a deletion that did not get
/// to its end left them.
fn sweep(data: &Path, catalog: &store::Catalog) {
    for (folder, ending) in [("lake", ""), ("notes", ".json"), ("notes", ".new")] {
        let Ok(entries) = std::fs::read_dir(data.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(ending));
            if !id.is_some_and(|id| catalog.is_stray(id)) {
                continue;
            }
            let path = entry.path();
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            if let Err(error) = removed {
                tracing::warn!(path = %path.display(), %error, "what a deleted datastore left could not be removed");
            }
        }
    }
}

/// Runs blocking work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Internal(error.to_string())),
    }
}

/// The candidate most similar to `word`, if one is similar enough to be a misspelling.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 1 + candidate.chars().count().max(word.chars().count()) / 3
        })
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
