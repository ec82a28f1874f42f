//! Bytes of an attachment into the text that is read, whatever the format.
//!
//! Always true:
//! - every text is given in full, or the document is refused with a reason; nothing is cut off;
//! - no input makes a reader panic, recurse without bound, or use more memory than a small
//!   multiple of [`Limits::text_bytes_max`] and the input;
//! - what the bytes say wins over what the content type says.
//!
//! Spec: <https://hl7.org/fhir/R4/datatypes.html#Attachment>

mod cda;
mod charset;
mod flow;
mod html;
mod offsets;
mod pdf;
mod rtf;

use std::ops::Range;

pub use offsets::OffsetMap;

use crate::text::SectionKind;

/// What was made of an attachment.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The text, with a line break where the document shows one. For `text/plain` it is the
    /// decoded bytes and nothing else.
    pub text: String,
    /// Sections the markup names, in order and without overlap, as byte ranges of `text`.
    /// Headings are inside. Empty where the format has no such markup.
    pub sections: Vec<(Range<usize>, SectionKind)>,
    /// The format the bytes turned out to have.
    pub format: Format,
    /// The character encoding of the bytes, by its label in the Encoding Standard; empty for PDF,
    /// where every font has its own.
    pub charset: &'static str,
}

impl Document {
    /// A text as it is.
    pub fn plain(text: String) -> Self {
        Self { text, sections: Vec::new(), format: Format::Plain, charset: "UTF-8" }
    }
}

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `text/plain`, and any other text without markup.
    Plain,
    /// `text/html`, XHTML.
    Html,
    /// A C-CDA or other HL7 CDA document.
    Cda,
    /// Any other XML: the text of its elements.
    Xml,
    /// Rich Text Format.
    Rtf,
    /// The text layer of a PDF.
    Pdf,
}

/// How much a reader may do for one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text a document may hold. Default 16 MiB. A larger document is refused.
    pub text_bytes_max: usize,
    /// Pages of a PDF. Default 2,000. A longer one is refused.
    pub pdf_pages_max: usize,
    /// Bytes a PDF's streams may hold together once unpacked. Default 128 MiB; images are never
    /// unpacked.
    pub pdf_unpacked_bytes_max: usize,
    /// How deep elements and groups may be nested before the inner ones are read as if they were
    /// at this depth. Default 256.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes_max: 16 << 20,
            pdf_pages_max: 2_000,
            pdf_unpacked_bytes_max: 128 << 20,
            depth_max: 256,
        }
    }
}

/// Why a document has no text to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Raise the limit named, or leave the document unread.
    #[error("document holds more than {limit} {what}")]
    TooLarge {
        /// What there is too much of: `bytes of text`, `pages`, `unpacked bytes`.
        what: &'static str,
        /// The limit it passed.
        limit: usize,
    },
    /// Nothing to do: images without text, such as scans. Reading them would take OCR.
    #[error("PDF has no text layer")]
    NoTextLayer,
    /// Store the document without its password.
    #[error("PDF is encrypted")]
    Encrypted,
    /// The bytes are not what their signature promises.
    #[error("`{format:?}` is broken: {reason}")]
    Broken {
        /// The format the signature promised.
        format: Format,
        /// What was missing.
        reason: &'static str,
    },
    /// Images, sound, office files: formats without a reader here.
    #[error("no reader for this kind of document")]
    Unsupported,
}

/// Reads the text of an attachment.
///
/// `content_type` is what the sender says, with an optional `charset`. It chooses between formats
/// that look alike; a signature in the bytes (`%PDF-`, `{\rtf`, a `ClinicalDocument` element)
/// goes before it.
///
/// # Errors
/// [`ReadError`], with the reason the document has no text.
pub fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Document, ReadError> {
    read_nested(bytes, content_type, limits, true)
}

/// As [`read`]; a CDA body may hold one document of another format, and that one no further.
fn read_nested(
    bytes: &[u8],
    content_type: Option<&str>,
    limits: &Limits,
    may_nest: bool,
) -> Result<Document, ReadError> {
    let declared = ContentType::parse(content_type.unwrap_or_default());
    let format = sniff(bytes, &declared)?;
    let document = match format {
        Format::Pdf => pdf::read(bytes, limits)?,
        Format::Rtf => rtf::read(bytes, limits)?,
        Format::Plain => {
            let (text, charset) = charset::decode(bytes, declared.charset, limits)?;
            Document { text, sections: Vec::new(), format, charset }
        }
        Format::Html => {
            let label = declared.charset.or_else(|| charset::of_html(bytes));
            let (text, charset) = charset::decode(bytes, label, limits)?;
            let text = html::render(&text, limits)?;
            Document { text, sections: Vec::new(), format, charset }
        }
        Format::Cda | Format::Xml => {
            let label = charset::of_xml(bytes).or(declared.charset);
            let (text, charset) = charset::decode(bytes, label, limits)?;
            cda::read(&text, charset, format, limits, may_nest)?
        }
    };
    if document.text.len() > limits.text_bytes_max {
        return Err(too_much_text(limits));
    }
    Ok(document)
}

fn too_much_text(limits: &Limits) -> ReadError {
    ReadError::TooLarge { what: "bytes of text", limit: limits.text_bytes_max }
}

/// A media type and its charset, as far as they matter here.
struct ContentType<'t> {
    /// Lower case, without parameters.
    media: String,
    charset: Option<&'t str>,
}

impl<'t> ContentType<'t> {
    fn parse(text: &'t str) -> Self {
        let mut parts = text.split(';');
        let media = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']);
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
        });
        Self { media, charset }
    }
}

/// Bytes looked at for signatures.
const HEAD_BYTES: usize = 4096;

/// Signatures of formats that hold no text to read here.
const FOREIGN: &[&[u8]] = &[
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM\x00",
    b"II*\x00",
    b"MM\x00*",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"\x00\x00\x01\x00",
    b"7z\xbc\xaf",
    b"Rar!",
];

/// Decides the format of `bytes`.
fn sniff(bytes: &[u8], declared: &ContentType) -> Result<Format, ReadError> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    // Readers of PDF allow junk before the header, so mail wrappers do not hide it.
    if memchr::memmem::find(&head[..head.len().min(1024)], b"%PDF-").is_some() {
        return Ok(Format::Pdf);
    }
    let trimmed = without_bom(head).trim_ascii_start();
    if trimmed.starts_with(b"{\\rtf") {
        return Ok(Format::Rtf);
    }
    if FOREIGN.iter().any(|signature| head.starts_with(signature))
        || head.get(4..8) == Some(b"ftyp")
        || head.get(128..132) == Some(b"DICM")
    {
        return Err(ReadError::Unsupported);
    }
    // Two-byte encodings are markup or text only after decoding: their markup is looked for there.
    let ascii: Vec<u8> = if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        head.iter().copied().filter(|byte| *byte != 0 && *byte < 0x80).collect()
    } else {
        trimmed.to_vec()
    };
    let lower = ascii.to_ascii_lowercase();
    let has = |needle: &[u8]| memchr::memmem::find(&lower, needle).is_some();
    let starts_as_markup = lower.trim_ascii_start().starts_with(b"<");
    if starts_as_markup {
        if has(b"<clinicaldocument") || has(b":clinicaldocument") {
            return Ok(Format::Cda);
        }
        if has(b"<!doctype html") || has(b"<html") || has(b"<body") {
            return Ok(Format::Html);
        }
        if has(b"<?xml") {
            return Ok(Format::Xml);
        }
    }
    let media = declared.media.as_str();
    if media.ends_with("/html") || media.ends_with("xhtml+xml") {
        return Ok(Format::Html);
    }
    if starts_as_markup && (media.ends_with("/xml") || media.ends_with("+xml")) {
        return Ok(Format::Xml);
    }
    if starts_as_markup
        && !media.starts_with("text/plain")
        && [&b"<p"[..], b"<div", b"<table", b"<br", b"<span", b"<h1", b"<h2", b"<ul"]
            .iter()
            .any(|tag| has(tag))
    {
        return Ok(Format::Html);
    }
    if is_binary(head) {
        return Err(ReadError::Unsupported);
    }
    Ok(Format::Plain)
}

fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Whether the head is no text in any encoding: control characters throughout, without the zero
/// bytes of UTF-16 in every other place.
fn is_binary(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return false;
    }
    let control = head
        .iter()
        .filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b))
        .count();
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    if zeros * 3 >= head.len() && zeros * 3 <= head.len() * 2 && control == zeros && zeros > 0 {
        return false;
    }
    control * 10 > head.len()
}
