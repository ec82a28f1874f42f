//! The text layer of PDF documents, in the order the pages draw it.
//!
//! The reader is its own, and small, because it must hold promises a general library does not
//! make: no recursion without bound, no unpacking without limit, no panic. Objects are found by
//! looking for them, not by the cross-reference table, so broken tables do no harm. Images are
//! never unpacked, encrypted documents are refused.
//!
//! Spec: ISO 32000-1:2008, <https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf>

mod file;
mod filter;
mod font;
mod page;
mod syntax;

use super::{Document, Format, Limits, ReadError};

/// Reads the text of all pages; a form feed stands between two pages.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let mut file = file::File::open(bytes, limits)?;
    let pages = file.pages()?;
    if pages.is_empty() {
        return Err(ReadError::Broken { format: Format::Pdf, reason: "no pages" });
    }
    let mut text = String::new();
    let mut fonts = font::Fonts::default();
    // Drawing steps of all pages together, so that a form drawn by many costs no more.
    let mut steps = page::STEPS_MAX;
    for (index, page) in pages.iter().enumerate() {
        if index > 0 && !text.is_empty() {
            text.push_str("\n\u{c}\n");
        }
        page::render(&mut file, page, &mut fonts, &mut text, &mut steps)?;
        if text.len() > limits.text_bytes_max {
            return Err(super::too_much_text(limits));
        }
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Err(ReadError::NoTextLayer);
    }
    Ok(Document { text, sections: Vec::new(), format: Format::Pdf, charset: "" })
}
