//! UTF-8 byte offsets into code point offsets and back.

/// Translates between byte offsets, which Rust counts, and code point offsets, which Amazon
/// Comprehend Medical and FHIR extensions count.
///
/// Holds one number per 256 bytes of text; a text of ASCII alone holds none.
#[derive(Clone, Debug)]
pub struct OffsetMap<'t> {
    text: &'t str,
    /// Code points before each block of [`BLOCK`] bytes; empty when bytes are code points.
    before: Vec<u32>,
}

const BLOCK: usize = 256;

impl<'t> OffsetMap<'t> {
    /// Prepares for `text`, in one pass over it.
    pub fn new(text: &'t str) -> Self {
        if text.is_ascii() {
            return Self { text, before: Vec::new() };
        }
        let mut before = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut count = 0u32;
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(count);
            count += starts(block);
        }
        Self { text, before }
    }

    /// How many code points lie before byte `offset`. An offset inside a character counts that
    /// character; one past the end counts all.
    pub fn code_point(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        if self.before.is_empty() {
            return offset;
        }
        let block = (offset / BLOCK).min(self.before.len() - 1);
        self.before[block] as usize + starts(&self.text.as_bytes()[block * BLOCK..offset]) as usize
    }

    /// The byte where code point `index` starts; the length of the text for any past the end.
    pub fn byte(&self, index: usize) -> usize {
        if self.before.is_empty() {
            return index.min(self.text.len());
        }
        let block = self.before.partition_point(|count| *count as usize <= index).max(1) - 1;
        let mut left = index - self.before[block] as usize;
        for (at, byte) in self.text.as_bytes().iter().enumerate().skip(block * BLOCK) {
            if (*byte as i8) >= -0x40 {
                if left == 0 {
                    return at;
                }
                left -= 1;
            }
        }
        self.text.len()
    }
}

/// Bytes that begin a character.
fn starts(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| u32::from((*byte as i8) >= -0x40)).sum()
}
