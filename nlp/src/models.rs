//! The learned artefacts, compiled in: the lexicon, what is known of words, the taggers.
//!
//! File: `TMD1`, then one zstd frame with four parts, each with its length before it: lexicon,
//! words, heads of the taggers, weights. `cargo run --release -p nlp --example train` writes it.

use std::sync::OnceLock;

use crate::codec::{Reader, Writer};
use crate::lexicon::Lexicon;
use crate::tagger::words::Words;
use crate::tagger::{Tagger, Tagging};
use crate::text::Analysis;

/// Larger artefacts are refused before they are unpacked.
const BYTES_MAX: usize = 256 << 20;

static EMBEDDED: &[u8] = include_bytes!("../models/taggers.bin");

/// Why bytes are not a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes are some other file, or a model of another version. Train it anew.
    #[error("not a model of this version")]
    OtherFile,

    /// The file ends too early. Copy or train it anew.
    #[error("model is cut short")]
    CutShort,

    /// The file is damaged. Copy or train it anew.
    #[error("model is damaged at a {0}")]
    Malformed(&'static str),
}

/// All that was learned.
#[derive(Clone, Debug)]
pub struct Models {
    /// Known phrases.
    pub lexicon: Lexicon,
    /// What is known of single words.
    pub words: Words,
    /// The taggers.
    pub tagger: Tagger,
}

impl Models {
    /// The models this build carries, unpacked on first use.
    pub fn embedded() -> &'static Self {
        static MODELS: OnceLock<Models> = OnceLock::new();
        MODELS.get_or_init(|| Self::parse(EMBEDDED).expect("the models in this build are whole"))
    }

    /// Finds the mentions of all annotation schemes in one pass.
    pub fn tag(&self, analysis: &Analysis<'_>) -> Tagging {
        self.tagger.tag(analysis, &self.lexicon, &self.words)
    }

    /// Reads what [`Self::render`] wrote.
    ///
    /// # Errors
    /// [`ModelError`] if the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader::new(bytes, b"TMD1")?;
        let size = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
        if size > BYTES_MAX {
            return Err(ModelError::Malformed("size"));
        }
        let packed = reader.part()?;
        reader.finish()?;
        let whole = zstd::bulk::decompress(packed, size)
            .map_err(|_| ModelError::Malformed("compressed part"))?;
        let mut reader = Reader::new(&whole, b"TMD1")?;
        let models = Self {
            lexicon: Lexicon::parse(reader.part()?)?,
            words: Words::parse(reader.part()?)?,
            tagger: Tagger::parse(reader.part()?, reader.part()?)?,
        };
        reader.finish()?;
        Ok(models)
    }

    /// As a file, from the lexicon, the words, the taggers' heads and the file of their weights
    /// ([`crate::tagger::weights::Weights::render`]).
    pub fn render(&self, weights: &[u8]) -> Vec<u8> {
        let mut whole = Writer::new(b"TMD1");
        whole.part(&self.lexicon.render());
        whole.part(&self.words.render());
        whole.part(&self.tagger.render_heads());
        whole.part(weights);
        let whole = whole.into_bytes();
        let mut writer = Writer::new(b"TMD1");
        writer.count(whole.len());
        writer.part(&zstd::bulk::compress(&whole, 19).expect("compressing in memory"));
        writer.into_bytes()
    }
}
