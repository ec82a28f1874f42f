//! Why the lake could not do what was asked.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use std::path::PathBuf;

/// Why the lake could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement is wrong, or not allowed. Correct it; the hint says how, where one is known.
    #[error("{message}")]
    Sql {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        hint: Option<String>,
    },

    /// Ask for less, or allow more time.
    #[error("the query took longer than the {seconds} s allowed")]
    Deadline {
        /// The time allowed.
        seconds: u64,
    },

    /// Ask for less: aggregate, or add a LIMIT.
    #[error("the answer holds more than the {limit} {unit} allowed")]
    AnswerTooLarge {
        /// What was allowed.
        limit: usize,
        /// Rows or bytes.
        unit: &'static str,
    },

    /// Ask for less, or raise `lake.query_memory_bytes`.
    #[error("the query needs more memory than the {limit} bytes allowed")]
    Memory {
        /// What was allowed.
        limit: usize,
    },

    /// A broken promise of the caller about what it passes in.
    #[error("unfit rows: {0}")]
    Chunk(&'static str),

    /// Delete the lake folder; it is rebuilt from the store.
    #[error("the files of table `{table}` are damaged")]
    Damaged {
        /// The table.
        table: String,
        /// What the reader found.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// Delete the lake folder; it is rebuilt from the store.
    #[error("files of table `{table}` that were safe on disk are gone")]
    Lost {
        /// The table.
        table: String,
    },

    /// Free space or mend the volume, then try again: nothing is lost.
    #[error("could not write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },

    /// Free space or mend the volume, then try again: nothing is lost.
    #[error("could not write to the log of table `{table}`")]
    Log {
        /// The table.
        table: String,
        /// What the log said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// Our own fault, in columns.
    #[error("columns do not fit together")]
    Arrow(#[from] ArrowError),

    /// Our own fault, in running a query.
    #[error("the query failed")]
    Query(#[source] Box<DataFusionError>),

    /// The datastore is being deleted, or is gone. Nothing can be done with these tables.
    #[error("the tables are closed")]
    Closed,

    /// A background part ended before its time.
    #[error("a background task ended early")]
    Task,
}

impl Error {
    /// What to do about it, in one sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Sql { hint, .. } => return hint.clone(),
            Self::Deadline { .. } => "add filters, aggregate, or allow more time".to_owned(),
            Self::AnswerTooLarge { .. } => "aggregate, or add a LIMIT".to_owned(),
            Self::Memory { .. } => {
                "ask for fewer columns or groups, or raise `lake.query_memory_bytes` or \
                 `lake.spill_bytes_max`"
                    .to_owned()
            }
            Self::Damaged { .. } | Self::Lost { .. } => {
                "delete the lake folder; it is rebuilt from the store".to_owned()
            }
            _ => return None,
        })
    }

    /// Whether the one who asked can mend it, as opposed to whoever runs the server.
    pub fn is_callers(&self) -> bool {
        matches!(
            self,
            Self::Sql { .. }
                | Self::Deadline { .. }
                | Self::AnswerTooLarge { .. }
                | Self::Memory { .. }
        )
    }
}
