//! Bytes into characters: as declared, else by byte order mark, else UTF-8 where it is valid,
//! else by detection.

use encoding_rs::Encoding;

use super::{Limits, ReadError, too_much_text};

/// Decodes `bytes`; says which encoding it used. A byte order mark goes before the `declared`
/// label, and valid UTF-8 with multi-byte characters before a declared one-byte encoding: text
/// that is valid UTF-8 by chance is rare, a wrong label is not.
pub fn decode(
    bytes: &[u8],
    declared: Option<&str>,
    limits: &Limits,
) -> Result<(String, &'static str), ReadError> {
    // No encoding has fewer than one character per four bytes.
    if bytes.len() / 4 > limits.text_bytes_max {
        return Err(too_much_text(limits));
    }
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => match declared.and_then(|label| Encoding::for_label(label.as_bytes())) {
            Some(encoding) if encoding == encoding_rs::UTF_8 || encoding.is_single_byte() => {
                match std::str::from_utf8(bytes) {
                    Ok(_) => encoding_rs::UTF_8,
                    // Declared UTF-8, but it is not: detection knows better than `\u{fffd}`.
                    Err(_) if encoding == encoding_rs::UTF_8 => detect(bytes),
                    Err(_) => encoding,
                }
            }
            Some(encoding) => encoding,
            None => detect(bytes),
        },
    };
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    if text.len() > limits.text_bytes_max {
        return Err(too_much_text(limits));
    }
    Ok((text.into_owned(), encoding.name()))
}

/// Guesses the encoding of bytes nobody named.
fn detect(bytes: &[u8]) -> &'static Encoding {
    // Western text of two bytes each is valid UTF-8 as well, so it is looked for first.
    if let Some(encoding) = two_byte(bytes) {
        return encoding;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return encoding_rs::UTF_8;
    }
    // A megabyte says as much as the rest; UTF-8 with a few bad bytes is still UTF-8.
    let sample = &bytes[..bytes.len().min(1 << 20)];
    let (text, _) = encoding_rs::UTF_8.decode_without_bom_handling(sample);
    let (bad, good) = text.chars().fold((0usize, 0usize), |(bad, good), character| {
        if character == '\u{fffd}' {
            (bad + 1, good)
        } else {
            (bad, good + usize::from(!character.is_ascii()))
        }
    });
    if good > bad * 20 {
        return encoding_rs::UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

/// UTF-16 without its mark: zeros in every other byte of a text of mostly western letters.
fn two_byte(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    if head.len() < 4 {
        return None;
    }
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = head.len() * 2 / 5;
    match (even >= many, odd >= many) {
        (true, false) => Some(encoding_rs::UTF_16BE),
        (false, true) => Some(encoding_rs::UTF_16LE),
        _ => None,
    }
}

/// The charset an HTML document names in a `meta` element.
pub fn of_html(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(1024)];
    let at = find_ignoring_case(head, b"charset=")?;
    label(&head[at + 8..])
}

/// The encoding an XML declaration names.
pub fn of_xml(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(256)];
    let head = &head[..memchr::memmem::find(head, b"?>")?];
    let at = memchr::memmem::find(head, b"encoding")?;
    let rest = head[at + 8..].trim_ascii_start().strip_prefix(b"=")?;
    // A declaration that could be read byte by byte is not UTF-16, whatever it says.
    label(rest.trim_ascii_start()).filter(|label| !label.to_ascii_lowercase().contains("utf-16"))
}

/// An encoding label, with or without quotes.
fn label(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_prefix(b"\"").or(bytes.strip_prefix(b"'")).unwrap_or(bytes);
    let end = bytes
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)))
        .unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..end]).ok().filter(|label| !label.is_empty())
}

fn find_ignoring_case(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}
