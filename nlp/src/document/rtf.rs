//! RTF into text: control words, `\uN`, `\'hh` in its code page; destinations that hold no text of
//! the document are passed over.
//!
//! Spec: Rich Text Format (RTF) Specification, version 1.9.1, Microsoft, 2008.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::{Document, Format, Limits, ReadError, too_much_text};

/// What a group inherits and may change.
#[derive(Clone, Copy)]
struct State {
    /// Text here is no text of the document.
    skip: bool,
    /// Text here is the font table, where code pages of fonts are named.
    font_table: bool,
    /// Characters that stand in for one `\u`.
    stand_ins: u32,
    /// The encoding of `\'hh`.
    encoding: &'static Encoding,
    hidden: bool,
    /// Inside `\htmlrtf`: layout for readers that do not know the HTML the RTF was made from.
    html_layout: bool,
}

/// Destinations whose text is not the document's. `\*` before a control word hides any other
/// destination, as the specification asks of readers that do not know it.
const SILENT: &[&str] = &[
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "fldinst",
    "object",
    "objdata",
    "themedata",
    "listtable",
    "listoverridetable",
    "revtbl",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "datastore",
    "latentstyles",
    "ftnsep",
    "ftnsepc",
    "aftnsep",
    "bkmkstart",
    "bkmkend",
    "private",
    "filetbl",
    "template",
    "nonshppict",
    "mmathPr",
    "datafield",
    "formfield",
    "upr",
    "tc",
    "xe",
    "rxe",
];

/// Reads an RTF document.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let mut reader = Reader {
        bytes,
        at: 0,
        text: String::new(),
        pending: Vec::new(),
        state: State {
            skip: false,
            font_table: false,
            stand_ins: 1,
            encoding: encoding_rs::WINDOWS_1252,
            hidden: false,
            html_layout: false,
        },
        groups: Vec::new(),
        beyond: 0,
        to_skip: 0,
        high: None,
        fonts: HashMap::new(),
        font: 0,
        page: encoding_rs::WINDOWS_1252,
        limit: limits.text_bytes_max,
        depth_max: limits.depth_max,
    };
    reader.run().map_err(|()| too_much_text(limits))?;
    let charset = reader.page.name();
    Ok(Document { text: reader.text, sections: Vec::new(), format: Format::Rtf, charset })
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    text: String,
    /// Bytes of the current code page not yet decoded: a character may take two.
    pending: Vec<u8>,
    state: State,
    groups: Vec<State>,
    /// Groups open beyond the depth that is kept.
    beyond: usize,
    /// Stand-ins still to pass over.
    to_skip: u32,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// Encodings of fonts, by number.
    fonts: HashMap<i64, &'static Encoding>,
    /// The font the font table is describing.
    font: i64,
    /// The document's code page.
    page: &'static Encoding,
    limit: usize,
    depth_max: usize,
}

impl Reader<'_> {
    /// Reads to the end; `Err` when there is more text than allowed.
    fn run(&mut self) -> Result<(), ()> {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'{' => {
                    self.flush();
                    if self.groups.len() < self.depth_max {
                        self.groups.push(self.state);
                    } else {
                        self.beyond += 1;
                    }
                    self.to_skip = 0;
                }
                b'}' => {
                    self.flush();
                    if self.beyond > 0 {
                        self.beyond -= 1;
                    } else if let Some(state) = self.groups.pop() {
                        self.state = state;
                        if self.groups.is_empty() {
                            break;
                        }
                    }
                    self.to_skip = 0;
                }
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                _ => self.literal(byte),
            }
            if self.text.len() > self.limit {
                return Err(());
            }
        }
        self.flush();
        Ok(())
    }

    /// A backslash was read.
    fn control(&mut self) {
        let Some(&next) = self.bytes.get(self.at) else { return };
        if !next.is_ascii_alphabetic() {
            self.at += 1;
            self.symbol(next);
            return;
        }
        let start = self.at;
        // The specification ends words at 32 letters.
        while self.at - start < 32 && self.byte().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        let negative = self.byte() == Some(b'-')
            && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
        if negative {
            self.at += 1;
        }
        let digits = self.at;
        let mut number: Option<i64> = None;
        while self.at - digits < 12
            && let Some(digit) = self.byte().filter(u8::is_ascii_digit)
        {
            number = Some(number.unwrap_or(0) * 10 + i64::from(digit - b'0'));
            self.at += 1;
        }
        let number = if negative { number.map(|number| -number) } else { number };
        if self.byte() == Some(b' ') {
            self.at += 1;
        }
        let word = std::str::from_utf8(word).unwrap_or_default().to_owned();
        self.word(&word, number);
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// A control symbol: one character after the backslash.
    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\'' => {
                let hex = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
                let (Some(high), Some(low)) =
                    (hex(self.bytes.get(self.at)), hex(self.bytes.get(self.at + 1)))
                else {
                    return;
                };
                self.at += 2;
                self.literal((high * 16 + low) as u8);
            }
            b'\\' | b'{' | b'}' => self.literal(symbol),
            b'~' => self.character('\u{a0}'),
            b'_' => self.character('-'),
            b'\r' | b'\n' => self.line(),
            b'\t' => self.character('\t'),
            // A destination that may be ignored.
            b'*' => self.state.skip = true,
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        if self.to_skip > 0 && word != "u" && word != "bin" {
            self.to_skip -= 1;
            return;
        }
        let on = number != Some(0);
        match word {
            "bin" => {
                let count = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
                self.at = self.at.saturating_add(count).min(self.bytes.len());
            }
            "u" => {
                self.flush();
                self.unit(number.unwrap_or(0));
                self.to_skip = self.state.stand_ins;
            }
            "uc" => self.state.stand_ins = number.unwrap_or(1).clamp(0, 32) as u32,
            "par" | "line" | "row" | "sect" | "page" | "softline" => self.line(),
            "tab" | "cell" | "nestcell" => self.character('\t'),
            "emdash" => self.character('\u{2014}'),
            "endash" => self.character('\u{2013}'),
            "emspace" | "enspace" | "qmspace" => self.character(' '),
            "bullet" => self.character('\u{2022}'),
            "lquote" => self.character('\u{2018}'),
            "rquote" => self.character('\u{2019}'),
            "ldblquote" => self.character('\u{201c}'),
            "rdblquote" => self.character('\u{201d}'),
            "v" => {
                self.flush();
                self.state.hidden = on;
            }
            "htmlrtf" => {
                self.flush();
                self.state.html_layout = on;
            }
            "plain" => self.state.hidden = false,
            "ansicpg" => {
                if let Some(encoding) = number.and_then(encoding_of_page) {
                    self.page = encoding;
                    self.state.encoding = encoding;
                }
            }
            "mac" => self.page(encoding_rs::MACINTOSH),
            "pc" | "pca" => self.page(encoding_rs::WINDOWS_1252),
            "fonttbl" => {
                self.state.font_table = true;
                self.state.skip = true;
            }
            "f" | "deff" if self.state.font_table || word == "f" => {
                self.flush();
                let font = number.unwrap_or(0);
                if self.state.font_table {
                    self.font = font;
                } else {
                    self.state.encoding = self.fonts.get(&font).copied().unwrap_or(self.page);
                }
            }
            "fcharset" if self.state.font_table && self.fonts.len() < 4096 => {
                if let Some(encoding) = number.and_then(encoding_of_charset) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            "shppict" | "fldrslt" => {}
            _ if SILENT.contains(&word) => {
                self.flush();
                self.state.skip = true;
            }
            _ => {}
        }
    }

    fn page(&mut self, encoding: &'static Encoding) {
        self.page = encoding;
        self.state.encoding = encoding;
    }

    /// One UTF-16 unit, written as a signed number.
    fn unit(&mut self, number: i64) {
        let unit = number.rem_euclid(0x1_0000) as u16;
        let character = match (self.high.take(), unit) {
            (_, 0xd800..=0xdbff) => {
                self.high = Some(unit);
                return;
            }
            (Some(high), 0xdc00..=0xdfff) => {
                char::decode_utf16([high, unit]).next().and_then(Result::ok)
            }
            // Symbol fonts lie in the private area; their bullet is the one that matters.
            (_, 0xf0b7) => Some('\u{2022}'),
            _ => char::from_u32(u32::from(unit)),
        };
        self.emit(character.unwrap_or('\u{fffd}'));
    }

    /// A byte of text in the current code page.
    fn literal(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return;
        }
        if self.is_shown() {
            if byte.is_ascii() && self.pending.is_empty() {
                self.text.push(char::from(byte));
            } else {
                self.pending.push(byte);
                // Bytes after a lead byte belong together; a long run is decoded in pieces that
                // end on ASCII.
                if byte.is_ascii() && self.pending.len() > 64 {
                    self.flush();
                }
            }
        }
    }

    /// A character a control word names.
    fn character(&mut self, character: char) {
        self.flush();
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return;
        }
        self.emit(character);
    }

    fn line(&mut self) {
        self.flush();
        self.to_skip = 0;
        self.emit('\n');
    }

    fn emit(&mut self, character: char) {
        if self.is_shown() {
            self.text.push(character);
        }
    }

    fn is_shown(&self) -> bool {
        !(self.state.skip || self.state.hidden || self.state.html_layout)
    }

    /// Decodes the bytes collected so far.
    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let (text, _) = self.state.encoding.decode_without_bom_handling(&self.pending);
            self.text.push_str(&text);
            self.pending.clear();
        }
    }
}

/// The encoding of a Windows code page.
fn encoding_of_page(page: i64) -> Option<&'static Encoding> {
    let label = match page {
        437 | 850 | 1252 => "windows-1252",
        866 => "ibm866",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1250..=1258 => return Encoding::for_label(format!("windows-{page}").as_bytes()),
        10000 => "macintosh",
        65001 => "utf-8",
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding of a font's `\fcharset`.
fn encoding_of_charset(charset: i64) -> Option<&'static Encoding> {
    encoding_of_page(match charset {
        0 => 1252,
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
