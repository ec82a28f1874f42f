//! The code systems mentions are linked to, as one value.

use super::common;
use super::table::{Builder, Source, Table, stems_of};
use crate::entity::CodeSystem;

/// Code systems with their names, ready for look-ups. At most one release of each.
#[derive(Clone, Debug, Default)]
pub struct Terminology {
    tables: Vec<Table>,
}

/// Why a release or stored bytes could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// The stream broke off.
    #[error("could not read `{file}`")]
    Read {
        /// The file expected.
        file: &'static str,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// This is another file, or another edition of it. Take the file named from the official
    /// release.
    #[error("`{file}` has no line like the official release has ({expected})")]
    Shape {
        /// The file expected.
        file: &'static str,
        /// What its lines should hold.
        expected: &'static str,
    },
    /// Compile the terminology again.
    #[error("bytes are no terminology of this version")]
    Format,
}

/// First bytes of the stored form; the digit is its version.
const MAGIC: &[u8] = b"tarn-terms-1\n";

/// The artefact made by `examples/train`: ICD-10-CM and RxNorm.
pub(crate) static EMBEDDED: &[u8] = include_bytes!("../../models/terms.bin");

impl Terminology {
    /// What ships with this crate: ICD-10-CM April 2026 and the RxNorm prescribable subset of
    /// October 2025. Takes about a tenth of a second; keep the value.
    ///
    /// Source: ICD-10-CM is published by NCHS and CMS and in the public domain; RxNorm names are
    /// courtesy of the U.S. National Library of Medicine, which does not endorse this product.
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).expect("the artefact was read back when it was made")
    }

    /// A terminology of these tables; of two for one system the later counts.
    pub fn of(tables: impl IntoIterator<Item = Table>) -> Self {
        let mut terminology = Self::default();
        for table in tables {
            terminology.tables.retain(|other| other.system != table.system);
            terminology.tables.push(table);
        }
        terminology
    }

    /// The table of a code system.
    pub fn table(&self, system: CodeSystem) -> Option<&Table> {
        self.tables.iter().find(|table| table.system == system)
    }

    /// All tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Takes `newer`'s code systems over. What this terminology knows beyond titles of codes that
    /// the newer release still has (synonyms, everyday names) is kept.
    pub fn merge(&mut self, newer: Terminology) {
        for table in newer.tables {
            let merged = match self.table(table.system) {
                Some(old) => carry_names(old, table),
                None => table,
            };
            self.tables.retain(|other| other.system != merged.system);
            self.tables.push(merged);
        }
    }

    /// The stored form, compressed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        plain.push(self.tables.len() as u8);
        for table in &self.tables {
            table.write(&mut plain);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(plain.len() as u64).to_le_bytes());
        let packed = zstd::bulk::compress(&plain, 19).unwrap_or_default();
        bytes.extend_from_slice(&packed);
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`TermsError::Format`] where the bytes were not made by [`Terminology::to_bytes`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TermsError> {
        // SNOMED CT takes some 200 MB plain.
        const PLAIN_BYTES_MAX: u64 = 2 << 30;
        let rest = bytes.strip_prefix(MAGIC).ok_or(TermsError::Format)?;
        let (length, packed) = rest.split_first_chunk::<8>().ok_or(TermsError::Format)?;
        let length = u64::from_le_bytes(*length);
        // Compression of names is never a thousandfold.
        if length > PLAIN_BYTES_MAX || length / 1000 > packed.len() as u64 {
            return Err(TermsError::Format);
        }
        let plain =
            zstd::bulk::decompress(packed, length as usize).map_err(|_| TermsError::Format)?;
        let (count, mut input) = plain.split_first().ok_or(TermsError::Format)?;
        let mut tables = Vec::new();
        for _ in 0..*count {
            tables.push(Table::read(&mut input).ok_or(TermsError::Format)?);
        }
        Ok(Self::of(tables))
    }
}

/// A table with the names another one knows for the same codes.
fn carry_names(old: &Table, new: Table) -> Table {
    let mut builder = Builder::default();
    copy_into(&mut builder, &new);
    for (concept, source, stems) in old.other_names() {
        let code = old.code(concept);
        // Official lists hold a code with each seventh character; names go to the default.
        let found = builder.find(code).or_else(|| {
            let meanings = old.seventh(concept)?;
            builder.find(&super::icd::with_seventh(code, super::icd::default_seventh(meanings)))
        });
        if let Some(index) = found {
            builder.name(index, source, &stems);
        }
    }
    builder.finish(new.system, &new.edition)
}

fn copy_into(builder: &mut Builder, table: &Table) {
    builder.sevenths = table.sevenths().to_vec();
    for concept in 0..table.len() as u32 {
        builder.concept_copy(table, concept);
    }
    for concept in 0..table.len() as u32 {
        builder.default_of(concept, table.default_of(concept));
    }
    for name in 0..table.names() as u32 {
        let words: Vec<String> =
            table.words_of(name).iter().map(|id| table.word_text(*id).to_owned()).collect();
        builder.name(table.concept_of(name), table.source_of(name), &words);
    }
}

/// Adds the names of [`common::EVERYDAY`] to the codes a release has; gives the codes it has not.
pub fn add_everyday(builder: &mut Builder) -> Vec<&'static str> {
    let mut missing = Vec::new();
    for (code, names) in common::EVERYDAY {
        let Some(concept) = super::icd::find_base(builder, code) else {
            missing.push(*code);
            continue;
        };
        for name in names.split('|') {
            builder.name(concept, Source::Everyday, &stems_of(name));
        }
    }
    missing
}
