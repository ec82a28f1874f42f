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

pub(crate) static EMBEDDED: &[u8] = include_bytes!("../models/taggers.bin");

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tagger::Scheme;
    use crate::tagger::tests::plain;
    use proptest::prelude::*;

    #[test]
    fn the_models_in_this_build_know_common_words() {
        let models = Models::embedded();
        check(models, "Naloxone reverses the effect of clonidine.", Scheme::Bc5cdr, "Chemical");
        check(models, "The patient has breast cancer.", Scheme::Ncbi, "Disease");
        check(models, "A 40-year-old woman had fever.", Scheme::Maccrobat, "Condition");
    }

    #[track_caller]
    fn check(models: &Models, text: &str, scheme: Scheme, label: &str) {
        let tagging = models.tag(&plain(text));
        let found = tagging.mentions(scheme);
        assert!(found.iter().any(|mention| mention.label == label), "{text}: {found:?}");
    }

    #[test]
    fn damaged_models_are_refused() {
        for length in (0..200).chain([EMBEDDED.len() / 2, EMBEDDED.len() - 1]) {
            assert!(Models::parse(&EMBEDDED[..length]).is_err(), "{length} bytes");
        }
        let mut other = EMBEDDED.to_vec();
        let middle = other.len() / 2;
        other[middle] ^= 0x55;
        other[middle + 1] ^= 0xaa;
        // The frame may still unpack; what matters is that nothing panics.
        let _ = Models::parse(&other);
        assert_eq!(Models::parse(b"other").err(), Some(ModelError::OtherFile));
    }

    #[test]
    fn long_words_and_long_sentences_end() {
        let models = Models::embedded();
        for text in
            ["a".repeat(100_000), "(a ".repeat(30_000), "-".repeat(50_000), "1,".repeat(50_000)]
        {
            models.tag(&plain(&text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_tagged_in_order(text in "(\\PC|aspirin|fever|[ ().,\n-]){0,120}") {
            let analysis = plain(&text);
            let tagging = Models::embedded().tag(&analysis);
            for scheme in Scheme::ALL {
                let mut last = 0;
                for mention in tagging.mentions(scheme) {
                    prop_assert!(mention.span.start >= last && !mention.span.is_empty());
                    prop_assert!((0.0..=1.0).contains(&mention.score));
                    prop_assert!(!mention.span.of(&text).is_empty());
                    last = mention.span.end;
                }
            }
        }
    }
}
