//! Why the store could not do what was asked.

use fhir::ResourceType;

/// Why the store could not do what was asked.
///
/// Variants differ where the caller would act differently. Messages name types, ids, counts and
/// files, never what a record says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such resource, or no such version of it.
    #[error("`{}/{id}` is not known{}", resource_type.name(), version.map(|v| format!(" at version {v}")).unwrap_or_default())]
    NotFound {
        /// The type asked for.
        resource_type: ResourceType,
        /// The logical id asked for.
        id: String,
        /// The version asked for, if one was.
        version: Option<u64>,
    },

    /// The resource was there and has been deleted; its history still tells.
    #[error("`{}/{id}` was deleted at version {version}", resource_type.name())]
    Deleted {
        /// The type asked for.
        resource_type: ResourceType,
        /// The logical id asked for.
        id: String,
        /// The version that records the deletion.
        version: u64,
    },

    /// Someone else wrote first. Read the resource again, then retry.
    #[error("`{}/{id}` is at version {found}, not {expected}", resource_type.name())]
    VersionConflict {
        /// The type written.
        resource_type: ResourceType,
        /// The logical id written.
        id: String,
        /// The version the writer had seen.
        expected: u64,
        /// The version that is current; 0 when there is none.
        found: u64,
    },

    /// The resource exists, and the write asked that it should not.
    #[error("`{}/{id}` exists already", resource_type.name())]
    Exists {
        /// The type written.
        resource_type: ResourceType,
        /// The logical id written.
        id: String,
    },

    /// Give the resource an id.
    #[error("resource {index} of the transaction, of type `{}`, has no id", resource_type.name())]
    NoId {
        /// Its place in the transaction, from 0.
        index: usize,
        /// Its type.
        resource_type: ResourceType,
    },

    /// Split the transaction or narrow the question, or raise the named limit.
    #[error("{what} holds {found}, more than the {limit} allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        limit: u64,
    },

    /// The search asks for something the store's indexes cannot answer.
    #[error("search parameter `{parameter}` cannot be used like this: {reason}")]
    Unsupported {
        /// The parameter's name.
        parameter: &'static str,
        /// What is not supported.
        reason: &'static str,
    },

    /// The page link names a commit that this store has not reached.
    #[error("commit {commit} is not known, the newest is {newest}")]
    UnknownCommit {
        /// The commit asked for.
        commit: u64,
        /// The newest commit.
        newest: u64,
    },

    /// Free space or fix the volume; the store refuses writes until it is reopened.
    #[error("could not append to the store")]
    Append(#[source] std::io::Error),

    /// Reading from disk failed; the volume may be damaged.
    #[error("could not read from the store")]
    Read(#[source] std::io::Error),

    /// Stored data is not what was written. Restore from a backup, or import again.
    #[error("stored data is damaged: {what}")]
    Damaged {
        /// Which record.
        what: &'static str,
    },

    /// Another process has the folder open, or it cannot be opened at all.
    #[error("could not open the store")]
    Open(#[source] std::io::Error),

    /// Use a release of Tarn that knows this format.
    #[error("the folder holds format {found}, this release reads format {known}")]
    Format {
        /// What the folder says.
        found: u64,
        /// What this release reads.
        known: u64,
    },

    /// There is no datastore of this name or id.
    #[error("there is no datastore `{name}`")]
    UnknownDatastore {
        /// The name or id asked for.
        name: String,
    },

    /// Choose another name.
    #[error("a datastore `{name}` exists already")]
    DatastoreExists {
        /// The name asked for.
        name: String,
    },

    /// Choose another name: 1 to 256 letters, digits and `_ . - % + @ space`, as HealthLake has it.
    #[error("`{name}` cannot be the name of a datastore")]
    DatastoreName {
        /// The name asked for.
        name: String,
    },
}
