//! Access keys: who may do what, kept in `keys.json` beside the data.
//!
//! One pair of key id and secret works everywhere: as a bearer, as Basic credentials, and for
//! signing AWS requests. Signing needs the secret itself, so the file holds it and is readable by
//! its owner only.
//!
//! Always true:
//! - the file on disk is a whole version, old or new, whatever happens while it is written;
//! - a secret is shown once, to whoever made the key, and never again.

use crate::{Error, secret};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, other keys included.
    Admin,
    /// FHIR reads and writes, SQL.
    Write,
    /// FHIR reads, SQL.
    Read,
    /// SQL only.
    Sql,
}

impl Role {
    /// All roles, the strongest first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Write, Self::Read, Self::Sql];

    /// The role called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// `admin`, `write`, `read` or `sql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Write => "write",
            Self::Read => "read",
            Self::Sql => "sql",
        }
    }
}

impl From<Role> for store::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Write => Self::Write,
            Role::Read => Self::Read,
            Role::Sql => Self::Sql,
        }
    }
}

/// A key as it may be shown: without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its public name, 20 letters and digits.
    pub key_id: String,
    /// What it allows.
    pub role: Role,
    /// The only datastore it opens, by id; none means all.
    pub store: Option<String>,
    /// When it was made.
    pub created: String,
    /// What made it, if not somebody who asked for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A key just made, with its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// Its public name: AWS clients call it access key id.
    pub key_id: String,
    /// What proves it: AWS clients call it secret access key.
    pub secret: String,
    /// Both in one, for `Authorization: Bearer`.
    pub bearer: String,
}

/// The keys of a data folder.
pub struct Keys {
    file: PathBuf,
    entries: RwLock<Vec<Entry>>,
}

/// One key in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key_id: String,
    secret: String,
    role: Role,
    store: Option<String>,
    created_us: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<Entry>,
}

impl Keys {
    /// Reads the keys of a data folder; a folder without a file has none.
    ///
    /// # Errors
    /// [`Error::Keys`] when the file is there and cannot be read.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let file = data.join("keys.json");
        let entries = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice::<Document>(&bytes)
                    .map_err(|error| {
                        Error::Keys(std::io::Error::other(format!("line {}", error.line())))
                    })?
                    .keys
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::Keys(error)),
        };
        Ok(Self { file, entries: RwLock::new(entries) })
    }

    /// All keys, the oldest first.
    pub fn list(&self) -> Vec<Key> {
        self.entries.read().iter().map(Entry::shown).collect()
    }

    /// Makes a key; `store` is a datastore id. It is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Keys`] when the file cannot be written, [`Error::Random`] when the system has no
    /// randomness to give.
    pub fn create(&self, role: Role, store: Option<String>) -> Result<NewKey, Error> {
        self.make(role, store, None)
    }

    /// Makes a key in place of every key with this label, so that whatever makes one each time it
    /// runs leaves no more than one behind.
    ///
    /// # Errors
    /// As for [`Keys::create`].
    pub fn replace(&self, label: &str, role: Role, store: Option<String>) -> Result<NewKey, Error> {
        self.make(role, store, Some(label.to_owned()))
    }

    fn make(
        &self,
        role: Role,
        store: Option<String>,
        label: Option<String>,
    ) -> Result<NewKey, Error> {
        let entry = Entry {
            key_id: format!("TARN{}", secret::letters(16, secret::BASE32)?),
            secret: secret::letters(40, secret::BASE62)?,
            role,
            store,
            created_us: crate::now_us(),
            label,
        };
        let made = NewKey {
            bearer: format!("tarn_{}_{}", entry.key_id, entry.secret),
            key_id: entry.key_id.clone(),
            secret: entry.secret.clone(),
        };
        let mut entries = self.entries.write();
        let mut next = entries.clone();
        next.retain(|known| known.label.is_none() || known.label != entry.label);
        next.push(entry);
        self.save(&next)?;
        *entries = next;
        Ok(made)
    }

    /// Deletes a key; false if there was none.
    ///
    /// # Errors
    /// [`Error::Keys`] when the file cannot be written.
    pub fn delete(&self, key_id: &str) -> Result<bool, Error> {
        self.retain(|entry| entry.key_id != key_id)
    }

    /// Deletes every key that opens nothing but this datastore; false if there was none.
    ///
    /// # Errors
    /// [`Error::Keys`] when the file cannot be written.
    pub fn delete_of_store(&self, datastore_id: &str) -> Result<bool, Error> {
        self.retain(|entry| entry.store.as_deref() != Some(datastore_id))
    }

    /// The key of this id.
    pub fn find(&self, key_id: &str) -> Option<Key> {
        self.entries.read().iter().find(|entry| entry.key_id == key_id).map(Entry::shown)
    }

    /// The key of this id and secret. Takes the same time whatever is wrong.
    pub fn verify(&self, key_id: &str, given: &str) -> Option<Key> {
        let entry = self.entries.read().iter().find(|entry| entry.key_id == key_id).cloned();
        let known = entry.as_ref().map_or("", |entry| entry.secret.as_str());
        let equal = secret::equal(known, given);
        entry.filter(|_| equal).map(|entry| entry.shown())
    }

    /// The key of a `tarn_<key_id>_<secret>` bearer.
    pub fn verify_bearer(&self, bearer: &str) -> Option<Key> {
        let (key_id, given) = bearer.strip_prefix("tarn_")?.split_once('_')?;
        self.verify(key_id, given)
    }

    /// The secret a signature is checked with; the key counts only once that check succeeded.
    pub(crate) fn signing_secret(&self, key_id: &str) -> Option<(Key, String)> {
        let entries = self.entries.read();
        let entry = entries.iter().find(|entry| entry.key_id == key_id)?;
        Some((entry.shown(), entry.secret.clone()))
    }

    fn retain(&self, keep: impl Fn(&Entry) -> bool) -> Result<bool, Error> {
        let mut entries = self.entries.write();
        let next: Vec<_> = entries.iter().filter(|entry| keep(entry)).cloned().collect();
        if next.len() == entries.len() {
            return Ok(false);
        }
        self.save(&next)?;
        *entries = next;
        Ok(true)
    }

    /// Writes a new file beside the old one, syncs it, and puts it in the old one's place.
    fn save(&self, entries: &[Entry]) -> Result<(), Error> {
        let document = serde_json::to_vec_pretty(&Document { keys: entries.to_vec() })
            .map_err(|error| Error::Keys(error.into()))?;
        let next = self.file.with_extension("json.new");
        let write = || {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&next)?;
            file.write_all(&document)?;
            file.sync_all()?;
            std::fs::rename(&next, &self.file)?;
            if let Some(folder) = self.file.parent() {
                std::fs::File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(Error::Keys)
    }
}

impl Entry {
    fn shown(&self) -> Key {
        Key {
            key_id: self.key_id.clone(),
            role: self.role,
            store: self.store.clone(),
            created: fhir::date::instant(self.created_us),
            label: self.label.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_reopening_and_only_its_own_secret_opens_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("no file yet");
        let made = keys.create(Role::Read, Some("a".repeat(32))).expect("room on disk");
        let other = keys.create(Role::Admin, None).expect("room on disk");

        let keys = Keys::open(folder.path()).expect("the file just written");
        let key = keys.verify(&made.key_id, &made.secret).expect("the right secret");
        assert_eq!((key.role, key.store), (Role::Read, Some("a".repeat(32))));
        assert!(keys.verify_bearer(&made.bearer).is_some());
        assert!(keys.verify(&made.key_id, &other.secret).is_none());
        assert!(keys.verify("TARNNOBODY", &made.secret).is_none());
        assert!(keys.verify("TARNNOBODY", "").is_none(), "no key, no secret, no entry");
        assert!(keys.verify_bearer("tarn__").is_none());
        assert!(keys.verify_bearer(&made.secret).is_none());
    }

    #[test]
    fn a_deleted_key_is_gone_and_so_are_the_keys_of_a_deleted_datastore() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("no file yet");
        let one = keys.create(Role::Sql, None).expect("room on disk");
        let two = keys.create(Role::Write, Some("b".repeat(32))).expect("room on disk");
        assert!(keys.delete(&one.key_id).expect("room on disk"));
        assert!(!keys.delete(&one.key_id).expect("room on disk"));
        assert!(keys.delete_of_store(&"b".repeat(32)).expect("room on disk"));
        assert!(keys.verify(&two.key_id, &two.secret).is_none());
        assert!(Keys::open(folder.path()).expect("the file").list().is_empty());
    }

    #[test]
    fn a_key_made_in_place_of_another_leaves_one_and_every_unlabelled_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("no file yet");
        let own = keys.create(Role::Admin, None).expect("room on disk");
        let first = keys.replace("demo", Role::Admin, None).expect("room on disk");
        let keys = Keys::open(folder.path()).expect("the file");
        let second = keys.replace("demo", Role::Admin, None).expect("room on disk");
        assert!(keys.verify_bearer(&own.bearer).is_some());
        assert!(keys.verify_bearer(&first.bearer).is_none());
        assert!(keys.verify_bearer(&second.bearer).is_some());
        let labels: Vec<_> = keys.list().into_iter().map(|key| key.label).collect();
        assert_eq!(labels, [None, Some("demo".to_owned())]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        Keys::open(folder.path()).expect("no file").create(Role::Admin, None).expect("room");
        let mode = std::fs::metadata(folder.path().join("keys.json"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_an_error_without_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("keys.json"), "{\"keys\": [{\"secret\": \"hush\"}]}")
            .expect("room");
        let error = Keys::open(folder.path()).err().expect("an error");
        assert!(!format!("{error:?} {error}").contains("hush"));
    }
}
