//! A PDF's objects, found by number.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::filter;
use super::syntax::{Dictionary, Lexer, Object};
use crate::document::{Limits, ReadError};

/// Where an object lies.
#[derive(Clone, Copy)]
enum Place {
    /// At this byte of the file, after `N G obj`.
    File(usize),
    /// At this byte of the unpacked object stream of this index.
    Packed(usize, usize),
}

/// A page with what it inherits.
pub struct Page {
    pub dictionary: Dictionary,
    pub resources: Option<Object>,
}

/// An opened document.
pub struct File<'b> {
    bytes: &'b [u8],
    places: HashMap<u32, Place>,
    packed: Vec<Vec<u8>>,
    root: Option<u32>,
    /// Bytes streams may still unpack to.
    unpack_left: usize,
    unpack_max: usize,
    pages_max: usize,
    /// Bytes of objects that may still be read: an object can be asked for many times.
    parse_left: Cell<usize>,
}

/// Bytes one object may take, streams aside; the page trees and font tables of real documents take
/// far less.
const OBJECT_BYTES_MAX: usize = 4 << 20;

/// References followed from one to the next.
const FOLLOW_MAX: usize = 16;

impl<'b> File<'b> {
    /// Finds all objects of a file.
    pub fn open(bytes: &'b [u8], limits: &Limits) -> Result<Self, ReadError> {
        let mut file = Self {
            bytes,
            places: HashMap::new(),
            packed: Vec::new(),
            root: None,
            unpack_left: limits.pdf_unpacked_bytes_max,
            unpack_max: limits.pdf_unpacked_bytes_max,
            pages_max: limits.pdf_pages_max,
            parse_left: Cell::new((32 << 20) + bytes.len().saturating_mul(8)),
        };
        let mut starts: Vec<(u32, usize)> = Vec::new();
        let mut after = 0;
        while let Some(found) = memchr::memmem::find(&bytes[after..], b"obj") {
            let at = after + found;
            after = at + 3;
            if let Some(number) = number_before(bytes, at) {
                starts.push((number, after));
            }
        }
        for (number, at) in &starts {
            file.places.insert(*number, Place::File(*at));
        }
        for (index, (_, at)) in starts.iter().enumerate() {
            let end = starts.get(index + 1).map_or(bytes.len(), |(_, next)| *next);
            let head = &bytes[*at..end.min(*at + 1024)];
            let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
            if has(b"ObjStm") {
                file.unpack_objects(*at)?;
            } else if has(b"/XRef")
                && let Object::Dictionary(trailer) = file.object(bytes, *at).0
                && trailer.name("Type") == Some(b"XRef")
            {
                file.trailer(&trailer)?;
            }
        }
        let mut after = 0;
        while let Some(found) = memchr::memmem::find(&bytes[after..], b"trailer") {
            after += found + 7;
            if let Object::Dictionary(trailer) = file.object(bytes, after).0 {
                file.trailer(&trailer)?;
            }
        }
        Ok(file)
    }

    /// The object at a byte, and the byte after it; null once too much has been read.
    fn object(&self, bytes: &[u8], at: usize) -> (Object, usize) {
        let left = self.parse_left.get();
        if left == 0 || at >= bytes.len() {
            return (Object::Null, at);
        }
        let window = &bytes[..bytes.len().min(at + OBJECT_BYTES_MAX)];
        let mut lexer = Lexer::new(window, at);
        let object = lexer.next().unwrap_or(Object::Null);
        self.parse_left.set(left.saturating_sub(lexer.at - at + 16));
        (object, lexer.at)
    }

    fn trailer(&mut self, trailer: &Dictionary) -> Result<(), ReadError> {
        if matches!(trailer.get("Encrypt"), Some(Object::Reference(_) | Object::Dictionary(_))) {
            return Err(ReadError::Encrypted);
        }
        if let Some(Object::Reference(root)) = trailer.get("Root") {
            self.root = Some(*root);
        }
        Ok(())
    }

    /// Makes the objects of an object stream known; those met as plain objects stay.
    fn unpack_objects(&mut self, at: usize) -> Result<(), ReadError> {
        let Some((dictionary, range)) = self.stream_at(at) else { return Ok(()) };
        if dictionary.name("Type") != Some(b"ObjStm") {
            return Ok(());
        }
        let data = self.unpack(&dictionary, range)?;
        let first = dictionary.number("First").unwrap_or(0.0).max(0.0) as usize;
        let count = dictionary.number("N").unwrap_or(0.0).max(0.0) as usize;
        let index = self.packed.len();
        let mut lexer = Lexer::new(&data[..first.min(data.len())], 0);
        for _ in 0..count {
            let (Some(Object::Number(number)), Some(Object::Number(offset))) =
                (lexer.next(), lexer.next())
            else {
                break;
            };
            let at = first.saturating_add(offset.max(0.0) as usize);
            self.places.insert(number.max(0.0) as u32, Place::Packed(index, at));
        }
        self.packed.push(data);
        Ok(())
    }

    /// The dictionary and the packed bytes of the stream at a byte of the file.
    fn stream_at(&self, at: usize) -> Option<(Dictionary, Range<usize>)> {
        let (Object::Dictionary(dictionary), end) = self.object(self.bytes, at) else {
            return None;
        };
        let mut lexer = Lexer::new(self.bytes, end);
        lexer.space();
        let rest = self.bytes.get(lexer.at..)?.strip_prefix(b"stream")?;
        let line = if rest.starts_with(b"\r\n") { 2 } else { usize::from(!rest.is_empty()) };
        let start = lexer.at + 6 + line;
        let length = match dictionary.get("Length") {
            Some(Object::Number(length)) => Some(*length),
            Some(Object::Reference(number)) => match self.places.get(number) {
                Some(Place::File(at)) => self.object(self.bytes, *at).0.number(),
                _ => None,
            },
            _ => None,
        };
        let named = length.and_then(|length| {
            let end = start.checked_add(length.max(0.0) as usize)?;
            let after = self.bytes.get(end..)?;
            let window = &after[..after.len().min(16)];
            memchr::memmem::find(window, b"endstream").map(|_| end)
        });
        let end = match named {
            Some(end) => end,
            None => {
                let rest = self.bytes.get(start..)?;
                start + memchr::memmem::find(rest, b"endstream").unwrap_or(rest.len())
            }
        };
        Some((dictionary, start..end))
    }

    fn unpack(
        &mut self,
        dictionary: &Dictionary,
        range: Range<usize>,
    ) -> Result<Vec<u8>, ReadError> {
        let data = filter::unpack(&self.bytes[range], dictionary, self.unpack_left)
            .ok_or(ReadError::TooLarge { what: "unpacked bytes", limit: self.unpack_max })?;
        self.unpack_left -= data.len().min(self.unpack_left);
        Ok(data)
    }

    /// The object a value stands for.
    pub fn resolve(&self, object: &Object) -> Object {
        let mut object = object.clone();
        for _ in 0..FOLLOW_MAX {
            let Object::Reference(number) = object else { return object };
            object = match self.places.get(&number) {
                Some(Place::File(at)) => self.object(self.bytes, *at).0,
                Some(Place::Packed(index, at)) => self.object(&self.packed[*index], *at).0,
                None => Object::Null,
            };
        }
        Object::Null
    }

    /// The value of a dictionary's entry, resolved.
    pub fn get(&self, dictionary: &Dictionary, name: &str) -> Object {
        dictionary.get(name).map_or(Object::Null, |object| self.resolve(object))
    }

    /// The value of a dictionary's entry, if it is a dictionary.
    pub fn dictionary(&self, dictionary: &Dictionary, name: &str) -> Option<Dictionary> {
        match self.get(dictionary, name) {
            Object::Dictionary(value) => Some(value),
            _ => None,
        }
    }

    /// The dictionary of a stream, without unpacking it.
    pub fn stream_dictionary(&self, object: &Object) -> Option<Dictionary> {
        let Object::Reference(number) = object else { return None };
        let Some(Place::File(at)) = self.places.get(number) else { return None };
        match self.object(self.bytes, *at).0 {
            Object::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    /// The dictionary of a stream and its unpacked bytes.
    pub fn stream(&mut self, object: &Object) -> Result<Option<(Dictionary, Vec<u8>)>, ReadError> {
        let Object::Reference(number) = object else { return Ok(None) };
        let Some(Place::File(at)) = self.places.get(number) else { return Ok(None) };
        let Some((mut dictionary, range)) = self.stream_at(*at) else { return Ok(None) };
        for name in ["Filter", "DecodeParms"] {
            let value = self.get(&dictionary, name);
            dictionary.0.push((name.as_bytes().to_vec(), value));
        }
        let data = self.unpack(&dictionary, range)?;
        Ok(Some((dictionary, data)))
    }

    /// All pages, in order.
    pub fn pages(&self) -> Result<Vec<Page>, ReadError> {
        let root = self.root.map(|root| self.resolve(&Object::Reference(root)));
        let mut pages = Vec::new();
        if let Some(Object::Dictionary(root)) = root
            && let Some(top) = root.get("Pages")
        {
            let mut seen = HashSet::new();
            let mut open = vec![(top.clone(), None)];
            while let Some((node, inherited)) = open.pop() {
                if let Object::Reference(number) = node
                    && !seen.insert(number)
                {
                    continue;
                }
                let Object::Dictionary(dictionary) = self.resolve(&node) else { continue };
                let resources = dictionary.get("Resources").cloned().or(inherited);
                match self.get(&dictionary, "Kids") {
                    Object::Array(kids) => {
                        open.extend(kids.into_iter().rev().map(|kid| (kid, resources.clone())));
                    }
                    _ => pages.push(Page { dictionary, resources }),
                }
                if pages.len() > self.pages_max {
                    return Err(self.too_many_pages());
                }
            }
        }
        if pages.is_empty() {
            pages = self.stray_pages()?;
        }
        Ok(pages)
    }

    /// All page objects, where no tree leads to them.
    fn stray_pages(&self) -> Result<Vec<Page>, ReadError> {
        let mut numbers: Vec<u32> = self.places.keys().copied().collect();
        numbers.sort_unstable();
        let mut pages = Vec::new();
        for number in numbers {
            if let Object::Dictionary(dictionary) = self.resolve(&Object::Reference(number))
                && dictionary.name("Type") == Some(b"Page")
            {
                let resources = dictionary.get("Resources").cloned();
                pages.push(Page { dictionary, resources });
                if pages.len() > self.pages_max {
                    return Err(self.too_many_pages());
                }
            }
        }
        Ok(pages)
    }

    fn too_many_pages(&self) -> ReadError {
        ReadError::TooLarge { what: "pages", limit: self.pages_max }
    }
}

/// The `12` of `12 0 obj`, where `at` is the byte of `obj`.
fn number_before(bytes: &[u8], at: usize) -> Option<u32> {
    let head = &bytes[at.saturating_sub(24)..at];
    let back = |from: usize, wanted: fn(u8) -> bool| {
        let mut index = from;
        while index > 0 && wanted(head[index - 1]) {
            index -= 1;
        }
        index
    };
    let space = |byte: u8| matches!(byte, b' ' | b'\r' | b'\n' | b'\t');
    let digit = |byte: u8| byte.is_ascii_digit();
    let generation_end = back(head.len(), space);
    let generation = back(generation_end, digit);
    let number_end = back(generation, space);
    let number = back(number_end, digit);
    if generation == generation_end || number_end == generation || number == number_end {
        return None;
    }
    std::str::from_utf8(&head[number..number_end]).ok()?.parse().ok()
}
