//! Random secrets, and comparing them without telling how much was right.

use crate::Error;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Letters of a key id: none that look alike.
pub(crate) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a secret.
pub(crate) const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `count` letters, each equally likely.
pub(crate) fn letters(count: usize, alphabet: &[u8]) -> Result<String, Error> {
    // Bytes past the last whole multiple of the alphabet would favour its first letters.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    let mut bytes = [0; 64];
    while text.len() < count {
        getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
        for byte in bytes.map(usize::from).into_iter().filter(|byte| *byte < fair) {
            if text.len() < count {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

/// SHA-256, so that what is kept in memory or compared has one length and is not the secret.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether both are the same non-empty text, in a time that depends on the lengths only.
pub(crate) fn equal(known: &str, given: &str) -> bool {
    bool::from(digest(known).ct_eq(&digest(given))) & !known.is_empty()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
