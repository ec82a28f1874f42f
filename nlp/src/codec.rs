//! Reading and writing the bytes of learned artefacts: bounded reads that fail, never panic.

use crate::models::ModelError;

/// Reads values off the front of a file.
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Starts after the four bytes that say what the file is.
    pub fn new(bytes: &'b [u8], magic: &'static [u8; 4]) -> Result<Self, ModelError> {
        match bytes.strip_prefix(magic) {
            Some(rest) => Ok(Self { rest }),
            None => Err(ModelError::OtherFile),
        }
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'b [u8], ModelError> {
        if count > self.rest.len() {
            return Err(ModelError::CutShort);
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, ModelError> {
        Ok(self.bytes(1)?[0])
    }

    pub fn float(&mut self) -> Result<f32, ModelError> {
        let bytes = self.bytes(4)?.try_into().expect("four bytes were taken");
        let value = f32::from_le_bytes(bytes);
        if value.is_finite() { Ok(value) } else { Err(ModelError::Malformed("number")) }
    }

    pub fn varint(&mut self) -> Result<u64, ModelError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ModelError::Malformed("number"))
    }

    /// A number of things that take at least `bytes_each` bytes of what follows.
    pub fn count(&mut self, bytes_each: usize) -> Result<usize, ModelError> {
        let count = self.varint()?;
        if count > (self.rest.len() / bytes_each.max(1)) as u64 {
            return Err(ModelError::CutShort);
        }
        Ok(count as usize)
    }

    /// A part with its length before it.
    pub fn part(&mut self) -> Result<&'b [u8], ModelError> {
        let count = self.count(1)?;
        self.bytes(count)
    }

    pub fn finish(self) -> Result<(), ModelError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ModelError::Malformed("end of file")) }
    }
}

/// Writes what [`Reader`] reads.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new(magic: &'static [u8; 4]) -> Self {
        Self { bytes: magic.to_vec() }
    }

    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub fn float(&mut self, value: f32) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub fn count(&mut self, value: usize) {
        self.varint(value as u64);
    }

    pub fn part(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend(bytes);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
