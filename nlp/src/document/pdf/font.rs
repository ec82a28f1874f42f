//! Codes of a font's strings into characters and widths.

use std::collections::HashMap;

use super::file::File;
use super::syntax::{Dictionary, Lexer, Object};
use crate::document::ReadError;

/// All fonts a document has used so far.
#[derive(Default)]
pub struct Fonts {
    all: Vec<Font>,
    by_number: HashMap<u32, usize>,
}

impl Fonts {
    /// The font a resource names, as an index for [`Fonts::get`].
    pub fn load(&mut self, file: &mut File, object: &Object) -> Result<usize, ReadError> {
        if let Object::Reference(number) = object
            && let Some(&index) = self.by_number.get(number)
        {
            return Ok(index);
        }
        let font = match file.resolve(object) {
            Object::Dictionary(dictionary) => Font::load(file, &dictionary)?,
            _ => Font::simple(),
        };
        let index = self.all.len();
        self.all.push(font);
        if let Object::Reference(number) = object {
            self.by_number.insert(*number, index);
        }
        Ok(index)
    }

    pub fn get(&self, index: usize) -> Option<&Font> {
        self.all.get(index)
    }
}

/// How a font's strings are read.
pub struct Font {
    /// Characters of one-byte codes; empty for composite fonts.
    simple: Vec<String>,
    /// Characters by code, as the document itself says.
    to_unicode: HashMap<u32, String>,
    /// Bytes of codes: `(first, last, bytes)`; empty means one byte, or two if composite.
    code_spaces: Vec<(u32, u32, usize)>,
    composite: bool,
    /// Widths in thousandths of the size.
    widths: HashMap<u32, f32>,
    width: f32,
    metrics: Metrics,
}

/// Widths of the standard fonts, which documents need not give.
#[derive(Clone, Copy, PartialEq)]
enum Metrics {
    Given,
    Fixed,
    Proportional(f32),
}

/// One character of a string.
pub struct Glyph<'f> {
    pub text: &'f str,
    /// Thousandths of the size.
    pub width: f32,
    /// The one-byte code 32, which word spacing widens.
    pub is_space: bool,
}

/// Entries kept of one table of a font.
const ENTRIES_MAX: usize = 1 << 17;

impl Font {
    fn simple() -> Self {
        Self {
            simple: base_encoding(b"WinAnsiEncoding"),
            to_unicode: HashMap::new(),
            code_spaces: Vec::new(),
            composite: false,
            widths: HashMap::new(),
            width: 500.0,
            metrics: Metrics::Proportional(1.0),
        }
    }

    fn load(file: &mut File, dictionary: &Dictionary) -> Result<Self, ReadError> {
        let mut font = Self::simple();
        font.composite = dictionary.name("Subtype") == Some(b"Type0");
        if let Some(object) = dictionary.get("ToUnicode")
            && let Some((_, data)) = file.stream(object)?
        {
            read_map(&data, &mut font.to_unicode, &mut Vec::new());
        }
        if font.composite {
            font.simple.clear();
            font.width = 1000.0;
            font.metrics = Metrics::Given;
            if let Some(object @ Object::Reference(_)) = dictionary.get("Encoding")
                && let Some((_, data)) = file.stream(object)?
            {
                read_map(&data, &mut HashMap::new(), &mut font.code_spaces);
            }
            if let Object::Array(descendants) = file.get(dictionary, "DescendantFonts")
                && let Some(Object::Dictionary(inner)) =
                    descendants.first().map(|first| file.resolve(first))
            {
                font.width = inner.number("DW").unwrap_or(1000.0) as f32;
                if let Object::Array(widths) = file.get(&inner, "W") {
                    font.composite_widths(file, &widths);
                }
            }
            return Ok(font);
        }
        let name = dictionary.name("BaseFont").unwrap_or_default().to_vec();
        font.metrics = metrics_of(&name);
        match file.get(dictionary, "Encoding") {
            Object::Name(name) => font.simple = base_encoding(&name),
            Object::Dictionary(encoding) => {
                let base = encoding.name("BaseEncoding").unwrap_or(b"StandardEncoding");
                font.simple = base_encoding(base);
                if let Object::Array(differences) = file.get(&encoding, "Differences") {
                    let mut code = 0usize;
                    for item in &differences {
                        match item {
                            Object::Number(number) => code = number.max(0.0) as usize,
                            Object::Name(name) => {
                                if let Some(slot) = font.simple.get_mut(code) {
                                    *slot = text_of_glyph(name);
                                }
                                code += 1;
                            }
                            _ => {}
                        }
                    }
                }
            }
            _ => {}
        }
        if let Object::Array(widths) = file.get(dictionary, "Widths") {
            font.metrics = Metrics::Given;
            let first = dictionary.number("FirstChar").unwrap_or(0.0).max(0.0) as u32;
            // Type 3 fonts have a scale of their own.
            let scale = match file.get(dictionary, "FontMatrix") {
                Object::Array(matrix) => {
                    matrix.first().and_then(Object::number).unwrap_or(0.001) * 1000.0
                }
                _ => 1.0,
            };
            for (index, width) in widths.iter().take(256).enumerate() {
                if let Some(width) = file.resolve(width).number() {
                    font.widths.insert(first.saturating_add(index as u32), (width * scale) as f32);
                }
            }
        }
        Ok(font)
    }

    fn composite_widths(&mut self, file: &File, widths: &[Object]) {
        let mut at = 0;
        while let Some(first) = widths.get(at).and_then(Object::number) {
            let first = first.max(0.0) as u32;
            match widths.get(at + 1).map(|object| file.resolve(object)) {
                Some(Object::Array(each)) => {
                    for (index, width) in each.iter().enumerate().take(ENTRIES_MAX) {
                        if let Some(width) = width.number() {
                            self.widths.insert(first.saturating_add(index as u32), width as f32);
                        }
                    }
                    at += 2;
                }
                Some(Object::Number(last)) => {
                    let width = widths.get(at + 2).and_then(Object::number).unwrap_or(1000.0);
                    let last = (last.max(0.0) as u32).min(first.saturating_add(0xffff));
                    for code in first..=last {
                        if self.widths.len() >= ENTRIES_MAX {
                            break;
                        }
                        self.widths.insert(code, width as f32);
                    }
                    at += 3;
                }
                _ => break,
            }
            if self.widths.len() >= ENTRIES_MAX {
                break;
            }
        }
    }

    /// The characters of a string, one call of `each` for every code.
    pub fn decode<'f>(&'f self, bytes: &[u8], mut each: impl FnMut(Glyph<'f>)) {
        let mut at = 0;
        while at < bytes.len() {
            let length = self.code_bytes(&bytes[at..]).clamp(1, bytes.len() - at);
            let code = number_of(&bytes[at..at + length]);
            at += length;
            let text = match self.to_unicode.get(&code) {
                Some(text) => text.as_str(),
                None => self.simple.get(code as usize).map_or("", String::as_str),
            };
            let width = match self.metrics {
                Metrics::Given => self.widths.get(&code).copied().unwrap_or(self.width),
                Metrics::Fixed => 600.0,
                Metrics::Proportional(scale) => {
                    let index = (code as usize).wrapping_sub(32);
                    f32::from(HELVETICA.get(index).copied().unwrap_or(556)) * scale
                }
            };
            each(Glyph { text, width, is_space: length == 1 && code == 32 });
        }
    }

    /// How many bytes the next code takes.
    fn code_bytes(&self, bytes: &[u8]) -> usize {
        if !self.composite {
            return 1;
        }
        for length in 1..=4.min(bytes.len()) {
            let code = number_of(&bytes[..length]);
            if self
                .code_spaces
                .iter()
                .any(|(first, last, bytes)| *bytes == length && (*first..=*last).contains(&code))
            {
                return length;
            }
        }
        2
    }
}

fn number_of(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

/// Reads a CMap: what codes mean, and how long they are.
fn read_map(data: &[u8], map: &mut HashMap<u32, String>, spaces: &mut Vec<(u32, u32, usize)>) {
    let mut lexer = Lexer::new(data, 0);
    let mut operands: Vec<Object> = Vec::new();
    while let Some(object) = lexer.next() {
        let Object::Word(word) = object else {
            if operands.len() < ENTRIES_MAX {
                operands.push(object);
            }
            continue;
        };
        match word.as_slice() {
            b"endcodespacerange" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::Text(first), Object::Text(last)] = pair
                        && first.len() <= 4
                        && spaces.len() < 64
                    {
                        spaces.push((number_of(first), number_of(last), first.len()));
                    }
                }
            }
            b"endbfchar" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::Text(code), Object::Text(text)] = pair
                        && map.len() < ENTRIES_MAX
                    {
                        map.insert(number_of(code), utf16(text));
                    }
                }
            }
            b"endbfrange" => {
                for triple in operands.chunks_exact(3) {
                    let [Object::Text(first), Object::Text(last), to] = triple else { continue };
                    let first = number_of(first);
                    let last = number_of(last).min(first.saturating_add(0xffff));
                    map_range(map, first, last, to);
                }
            }
            _ => {}
        }
        operands.clear();
    }
}

fn map_range(map: &mut HashMap<u32, String>, first: u32, last: u32, to: &Object) {
    match to {
        Object::Text(text) if text.len() >= 2 => {
            let head = &text[..text.len() - 2];
            let base = u16::from_be_bytes([text[text.len() - 2], text[text.len() - 1]]);
            for code in first..=last {
                if map.len() >= ENTRIES_MAX {
                    break;
                }
                let unit = base.wrapping_add((code - first) as u16);
                let mut bytes = head[..head.len().min(64)].to_vec();
                bytes.extend_from_slice(&unit.to_be_bytes());
                map.insert(code, utf16(&bytes));
            }
        }
        Object::Array(texts) => {
            for (code, text) in (first..=last).zip(texts) {
                if let Object::Text(text) = text
                    && map.len() < ENTRIES_MAX
                {
                    map.insert(code, utf16(text));
                }
            }
        }
        _ => {}
    }
}

/// UTF-16, big end first. A code stands for a character or a few; more is cut.
fn utf16(bytes: &[u8]) -> String {
    if let [one] = bytes {
        return char::from(*one).to_string();
    }
    let units = bytes.chunks_exact(2).take(32).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .filter(|character| *character != '\0')
        .collect()
}

/// The characters of a base encoding's 256 codes.
fn base_encoding(name: &[u8]) -> Vec<String> {
    let encoding = match name {
        b"MacRomanEncoding" => encoding_rs::MACINTOSH,
        _ => encoding_rs::WINDOWS_1252,
    };
    (0u8..=255)
        .map(|code| {
            if name == b"StandardEncoding" {
                if let Some(character) = standard_encoding(code) {
                    return character.to_owned();
                }
                if code >= 0x80 {
                    return String::new();
                }
            }
            let (text, _) = encoding.decode_without_bom_handling(std::slice::from_ref(&code));
            // Control characters are no text; a soft hyphen's code draws a hyphen.
            match (code, text.chars().next()) {
                (0xad, _) if encoding == encoding_rs::WINDOWS_1252 => "-".to_owned(),
                (_, Some(character)) if !character.is_control() => text.into_owned(),
                _ => String::new(),
            }
        })
        .collect()
}

/// Where Adobe's standard encoding differs from ASCII, and its upper half.
///
/// Spec: ISO 32000-1:2008, annex D.2
fn standard_encoding(code: u8) -> Option<&'static str> {
    Some(match code {
        0x27 => "\u{2019}",
        0x60 => "\u{2018}",
        0xa1 => "¡",
        0xa2 => "¢",
        0xa3 => "£",
        0xa4 => "/",
        0xa5 => "¥",
        0xa6 => "ƒ",
        0xa7 => "§",
        0xa8 => "¤",
        0xa9 => "'",
        0xaa => "\u{201c}",
        0xab => "«",
        0xac => "‹",
        0xad => "›",
        0xae => "fi",
        0xaf => "fl",
        0xb1 => "\u{2013}",
        0xb2 => "†",
        0xb3 => "‡",
        0xb4 => "·",
        0xb6 => "¶",
        0xb7 => "•",
        0xb8 => "‚",
        0xb9 => "„",
        0xba => "\u{201d}",
        0xbb => "»",
        0xbc => "…",
        0xbd => "‰",
        0xbf => "¿",
        0xd0 => "\u{2014}",
        0xe1 => "Æ",
        0xe3 => "ª",
        0xe9 => "Ø",
        0xea => "Œ",
        0xeb => "º",
        0xf1 => "æ",
        0xf9 => "ø",
        0xfa => "œ",
        0xfb => "ß",
        _ => return None,
    })
}

/// The text of a glyph's name; empty when the name says nothing.
fn text_of_glyph(name: &[u8]) -> String {
    let Ok(name) = std::str::from_utf8(name) else { return String::new() };
    let base = name.split('.').next().unwrap_or_default();
    if base.len() > 64 {
        return String::new();
    }
    base.split('_').filter_map(character_of_glyph).collect()
}

fn character_of_glyph(name: &str) -> Option<String> {
    let mut letters = name.chars();
    if let (Some(only), None) = (letters.next(), letters.next()) {
        return Some(only.to_string());
    }
    let hex = name.strip_prefix("uni").filter(|hex| hex.len() >= 4).or(name.strip_prefix('u'));
    if let Some(hex) = hex
        && (4..=6).contains(&hex.len())
        && let Ok(code) = u32::from_str_radix(hex, 16)
        && let Some(character) = char::from_u32(code)
    {
        return Some(character.to_string());
    }
    if let Some((_, text)) = GLYPHS.iter().find(|(glyph, _)| *glyph == name) {
        return Some((*text).to_owned());
    }
    accented(name)
}

/// `eacute`, `Adieresis`: a letter and the name of its accent.
fn accented(name: &str) -> Option<String> {
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let accent = match &name[1..] {
        "grave" => '\u{300}',
        "acute" => '\u{301}',
        "circumflex" => '\u{302}',
        "tilde" => '\u{303}',
        "dieresis" => '\u{308}',
        "ring" => '\u{30a}',
        "caron" => '\u{30c}',
        "cedilla" => '\u{327}',
        "macron" => '\u{304}',
        "breve" => '\u{306}',
        "ogonek" => '\u{328}',
        "hungarumlaut" => '\u{30b}',
        "dotaccent" => '\u{307}',
        _ => return None,
    };
    composed(letter, accent).map(String::from).or(Some(format!("{letter}{accent}")))
}

/// The letters of western Europe as one character, as other formats have them.
fn composed(letter: char, accent: char) -> Option<char> {
    const ROWS: &[(char, &str, &str)] = &[
        ('\u{300}', "AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
        ('\u{301}', "AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"),
        ('\u{302}', "AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
        ('\u{303}', "ANOano", "ÃÑÕãñõ"),
        ('\u{308}', "AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"),
        ('\u{30a}', "Aa", "Åå"),
        ('\u{30c}', "SZCszc", "ŠŽČšžč"),
        ('\u{327}', "Cc", "Çç"),
    ];
    let (_, from, to) = ROWS.iter().find(|(row, _, _)| *row == accent)?;
    let index = from.chars().position(|candidate| candidate == letter)?;
    to.chars().nth(index)
}

/// Names of glyphs that are no letters, digits aside.
const GLYPHS: &[(&str, &str)] = &[
    ("space", " "),
    ("nbspace", " "),
    ("nonbreakingspace", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("quoteright", "\u{2019}"),
    ("quoteleft", "\u{2018}"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("sfthyphen", "-"),
    ("softhyphen", "-"),
    ("minus", "-"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("bullet", "\u{2022}"),
    ("endash", "\u{2013}"),
    ("emdash", "\u{2014}"),
    ("ellipsis", "\u{2026}"),
    ("quotedblleft", "\u{201c}"),
    ("quotedblright", "\u{201d}"),
    ("quotesinglbase", "\u{201a}"),
    ("quotedblbase", "\u{201e}"),
    ("guillemotleft", "«"),
    ("guillemotright", "»"),
    ("guilsinglleft", "‹"),
    ("guilsinglright", "›"),
    ("dagger", "†"),
    ("daggerdbl", "‡"),
    ("degree", "°"),
    ("plusminus", "±"),
    ("multiply", "×"),
    ("divide", "÷"),
    ("lessequal", "≤"),
    ("greaterequal", "≥"),
    ("notequal", "≠"),
    ("approxequal", "≈"),
    ("infinity", "∞"),
    ("fraction", "/"),
    ("onehalf", "½"),
    ("onequarter", "¼"),
    ("threequarters", "¾"),
    ("onesuperior", "¹"),
    ("twosuperior", "²"),
    ("threesuperior", "³"),
    ("mu", "µ"),
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("omega", "ω"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("AE", "Æ"),
    ("ae", "æ"),
    ("OE", "Œ"),
    ("oe", "œ"),
    ("Oslash", "Ø"),
    ("oslash", "ø"),
    ("germandbls", "ß"),
    ("dotlessi", "ı"),
    ("Lslash", "Ł"),
    ("lslash", "ł"),
    ("Eth", "Ð"),
    ("eth", "ð"),
    ("Thorn", "Þ"),
    ("thorn", "þ"),
    ("section", "§"),
    ("paragraph", "¶"),
    ("copyright", "©"),
    ("registered", "®"),
    ("trademark", "™"),
    ("cent", "¢"),
    ("sterling", "£"),
    ("yen", "¥"),
    ("Euro", "€"),
    ("currency", "¤"),
    ("exclamdown", "¡"),
    ("questiondown", "¿"),
    ("ordfeminine", "ª"),
    ("ordmasculine", "º"),
    ("periodcentered", "·"),
    ("middot", "·"),
    ("brokenbar", "¦"),
    ("logicalnot", "¬"),
    ("perthousand", "‰"),
    ("florin", "ƒ"),
];

/// What is known of a standard font's widths by its name.
fn metrics_of(name: &[u8]) -> Metrics {
    let has = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    if has(b"Courier") || has(b"Mono") {
        Metrics::Fixed
    } else if has(b"Times") {
        Metrics::Proportional(0.9)
    } else if has(b"Bold") {
        Metrics::Proportional(1.06)
    } else {
        Metrics::Proportional(1.0)
    }
}

/// Widths of Helvetica's ASCII characters from the space on, thousandths of the size, from
/// Adobe's font metrics of the fourteen standard fonts.
const HELVETICA: &[u16] = &[
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
