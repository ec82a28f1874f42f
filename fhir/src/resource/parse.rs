//! The one pass from text to tree.
//!
//! A recursive scanner over RFC 8259 that knows at every key which element it reads, so the
//! checks cost a table look-up and a bit test. Nothing is allocated but the tree; expressions and
//! messages are made only when something is wrong.
//!
//! Spec: <https://hl7.org/fhir/R4/json.html>

use super::{DEPTH_MAX, Kind, NO_ELEMENT, Raw, format};
use crate::definitions::{Entry, Key, Tables, tables};
use crate::{ElementId, Issue, IssueCode, Outcome, Primitive, ResourceType, Severity, TypeId};
use std::borrow::Cow;
use std::cell::Cell;

/// Issues reported before giving up.
const ISSUES_MAX: usize = 20;

/// Trees up to this many nodes leave their working memory to the next parse on the thread.
const SCRATCH_NODES_MAX: usize = 1 << 18;

thread_local! {
    static SCRATCH: Cell<Vec<Raw>> = const { Cell::new(Vec::new()) };
}

/// What a text was found to be.
pub(super) struct Parsed {
    pub nodes: Box<[Raw]>,
    pub resource_type: ResourceType,
    /// There is white space outside strings.
    pub spaced: bool,
}

/// Parses and checks `text`.
pub(super) fn parse(text: &[u8]) -> Result<Parsed, Outcome> {
    if u32::try_from(text.len()).is_err() {
        return Err(fatal(IssueCode::TooLong, "the text is longer than 4 GiB".to_owned()).into());
    }
    if simdutf8::basic::from_utf8(text).is_err() {
        let place = std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
        let message = format!("the text is not UTF-8 from byte {place}");
        return Err(fatal(IssueCode::Structure, message).into());
    }
    let mut nodes = SCRATCH.take();
    nodes.clear();
    let mut parser = Parser {
        text,
        at: 0,
        nodes,
        tables: tables(),
        issues: Vec::new(),
        root: None,
        spaced: false,
    };
    // The issues tell; a stop only means that there is no going on.
    let _ = parser.document();
    let Parser { nodes, issues, root, spaced, .. } = parser;
    let result = match root {
        Some(resource_type) if issues.is_empty() => {
            Ok(Parsed { nodes: Box::from(nodes.as_slice()), resource_type, spaced })
        }
        _ => Err(Outcome { issues }),
    };
    if nodes.capacity() <= SCRATCH_NODES_MAX {
        SCRATCH.set(nodes);
    }
    result
}

fn fatal(code: IssueCode, diagnostics: String) -> Issue {
    Issue { severity: Severity::Fatal, code, diagnostics, expression: None }
}

/// There is no sense in reading on; the reason is among the issues.
struct Stop;

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    nodes: Vec<Raw>,
    tables: &'static Tables,
    issues: Vec<Issue>,
    root: Option<ResourceType>,
    spaced: bool,
}

/// What has been seen of the members of one object.
#[derive(Default)]
struct Seen {
    /// Bit per place.
    values: u64,
    /// Bit per place whose `_name` was there.
    companions: u64,
    /// Some list of primitives holds a null.
    nulls: bool,
}

impl Parser<'_> {
    // --- JSON ---------------------------------------------------------------------------------

    #[inline]
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Skips white space; answers the byte after it (0 at the end).
    #[inline]
    fn space(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' { byte } else { self.more_space() }
    }

    #[cold]
    fn more_space(&mut self) -> u8 {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return *byte;
            }
            self.spaced = true;
            self.at += 1;
        }
        0
    }

    /// Broken JSON: no reading on.
    #[cold]
    fn broken(&mut self, expected: &str) -> Stop {
        let message = if self.at >= self.text.len() {
            format!("the JSON text ends early: expected {expected}")
        } else {
            format!("not JSON at byte {}: expected {expected}", self.at)
        };
        self.issues.push(fatal(IssueCode::Structure, message));
        Stop
    }

    /// Reads a string from its opening quote: where its content starts and ends, and whether it
    /// holds escapes.
    #[inline]
    fn string(&mut self) -> Result<(usize, usize, bool), Stop> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let start = self.at + 1;
        let mut at = start;
        // Most strings end within 32 bytes: eight at a time. Long ones go on in wide blocks.
        while let Some(chunk) = self.text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk);
            let quote = word ^ (ONES * b'"' as u64);
            let slash = word ^ (ONES * b'\\' as u64);
            let hits = ((quote.wrapping_sub(ONES) & !quote)
                | (slash.wrapping_sub(ONES) & !slash)
                | (word.wrapping_sub(ONES * 0x20) & !word))
                & HIGHS;
            if hits != 0 {
                at += (hits.trailing_zeros() / 8) as usize;
                if self.text[at] == b'"' {
                    self.at = at + 1;
                    return Ok((start, at, false));
                }
                return self.string_rest(start, at);
            }
            at += 8;
            if at - start >= 64 {
                break;
            }
        }
        self.string_rest(start, at)
    }

    /// The rest of a string that is long, holds escapes, or ends near the end of the text.
    #[cold]
    fn string_rest(&mut self, start: usize, mut at: usize) -> Result<(usize, usize, bool), Stop> {
        let mut escaped = false;
        loop {
            for block in self.text[at..].chunks_exact(64) {
                let special = block.iter().fold(false, |any, byte| {
                    any | (*byte == b'"') | (*byte == b'\\') | (*byte < b' ')
                });
                if special {
                    break;
                }
                at += 64;
            }
            let Some(found) =
                self.text[at..].iter().position(|b| matches!(b, b'"' | b'\\' | 0..b' '))
            else {
                self.at = self.text.len();
                return Err(self.broken("the end of a string"));
            };
            at += found;
            match self.text[at] {
                b'"' => {
                    self.at = at + 1;
                    return Ok((start, at, escaped));
                }
                b'\\' => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                _ => {
                    self.at = at;
                    return Err(self.broken("no control character in a string"));
                }
            }
        }
    }

    /// Checks the escape at `at`; answers where it ends.
    fn escape(&mut self, at: usize) -> Result<usize, Stop> {
        self.at = at;
        match self.text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match hex4(self.text, at + 2) {
                Some(0xD800..0xDC00) => {
                    let low = match self.text.get(at + 6..at + 8) {
                        Some(b"\\u") => hex4(self.text, at + 8),
                        _ => None,
                    };
                    if matches!(low, Some(0xDC00..0xE000)) {
                        Ok(at + 12)
                    } else {
                        Err(self.broken("the second half of a surrogate pair"))
                    }
                }
                Some(0xDC00..0xE000) => Err(self.broken("no half of a surrogate pair")),
                Some(_) => Ok(at + 6),
                None => Err(self.broken("four hexadecimal digits")),
            },
            _ => Err(self.broken("an escape")),
        }
    }

    /// Reads a number; answers where it ends.
    #[inline]
    fn number(&mut self) -> Result<usize, Stop> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            _ => return Err(self.broken("a digit")),
        }
        if self.peek() == b'.' {
            self.at += 1;
            if !self.peek().is_ascii_digit() {
                return Err(self.broken("a digit"));
            }
            self.digits();
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            if !self.peek().is_ascii_digit() {
                return Err(self.broken("a digit"));
            }
            self.digits();
        }
        Ok(start)
    }

    #[inline]
    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    #[inline]
    fn literal(&mut self, word: &'static str) -> Result<(), Stop> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.broken("a value"))
        }
    }

    /// Reads any value, whatever it holds, without adding it to the tree.
    fn skip(&mut self, depth: usize) -> Result<(), Stop> {
        match self.space() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            opening @ (b'{' | b'[') => {
                self.descend(depth)?;
                let closing = opening + 2;
                self.at += 1;
                if self.space() == closing {
                    self.at += 1;
                    return Ok(());
                }
                loop {
                    if opening == b'{' {
                        if self.space() != b'"' {
                            return Err(self.broken("a key"));
                        }
                        self.string()?;
                        self.colon()?;
                    }
                    self.skip(depth + 1)?;
                    match self.space() {
                        b',' => self.at += 1,
                        byte if byte == closing => break,
                        _ => return Err(self.broken("`,` or a closing bracket")),
                    }
                }
                self.at += 1;
                Ok(())
            }
            _ => Err(self.broken("a value")),
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Stop> {
        if self.space() == b':' {
            self.at += 1;
            Ok(())
        } else {
            Err(self.broken("`:`"))
        }
    }

    #[inline]
    fn descend(&mut self, depth: usize) -> Result<(), Stop> {
        if depth < DEPTH_MAX {
            return Ok(());
        }
        self.issues.push(fatal(
            IssueCode::TooCostly,
            format!("nested deeper than {DEPTH_MAX} objects and arrays"),
        ));
        Err(Stop)
    }

    // --- issues -------------------------------------------------------------------------------

    #[cold]
    fn issue(
        &mut self,
        code: IssueCode,
        leaf: Option<ElementId>,
        diagnostics: String,
    ) -> Result<(), Stop> {
        let expression = self.expression(leaf);
        self.issues.push(Issue { expression, ..Issue::error(code, diagnostics) });
        if self.issues.len() < ISSUES_MAX { Ok(()) } else { Err(Stop) }
    }

    /// The path to what is being read: down the nodes still open, then to `leaf`.
    fn expression(&self, leaf: Option<ElementId>) -> Option<String> {
        let mut path = self.root?.name().to_owned();
        let mut node = 0;
        loop {
            let (mut child, mut closed) = (node + 1, 0usize);
            while let Some(raw) = self.nodes.get(child).filter(|raw| raw.next != 0) {
                child = raw.next as usize;
                closed += 1;
            }
            if self.nodes.get(node).is_some_and(|raw| raw.kind == Kind::Array) {
                path.push_str(&format!("[{closed}]"));
            }
            let Some(raw) = self.nodes.get(child) else { break };
            let inside_array = self.nodes[node].kind == Kind::Array;
            if raw.element != NO_ELEMENT && !inside_array {
                push_name(&mut path, ElementId(raw.element));
            }
            node = child;
        }
        if let Some(leaf) = leaf
            && self.nodes.get(node).is_some_and(|raw| raw.kind == Kind::Object)
        {
            push_name(&mut path, leaf);
        }
        Some(path)
    }

    // --- FHIR ---------------------------------------------------------------------------------

    fn document(&mut self) -> Result<(), Stop> {
        if self.space() != b'{' {
            self.skip(0)?;
            self.issues
                .push(fatal(IssueCode::Structure, "expected a resource: a JSON object".to_owned()));
            return Err(Stop);
        }
        self.object(self.tables.any_resource(), NO_ELEMENT, false, 0)?;
        self.space();
        if self.at < self.text.len() {
            return Err(self.broken("nothing after the resource"));
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, element: u16, kind: Kind, companion: bool) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Raw {
            start: start as u32,
            end: end as u32,
            next,
            element,
            kind,
            companion,
        });
    }

    /// Opens a node; [`Parser::close`] ends it.
    #[inline]
    fn open(&mut self, element: u16, kind: Kind, companion: bool) -> usize {
        self.nodes.push(Raw { start: self.at as u32, end: 0, next: 0, element, kind, companion });
        self.nodes.len() - 1
    }

    #[inline]
    fn close(&mut self, node: usize) {
        let next = self.nodes.len() as u32;
        let raw = &mut self.nodes[node];
        (raw.end, raw.next) = (self.at as u32, next);
    }

    /// Reads an object of a structure, from its brace.
    fn object(
        &mut self,
        type_id: TypeId,
        element: u16,
        companion: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        self.descend(depth)?;
        let node = self.open(element, Kind::Object, companion);
        let start = self.at;
        self.at += 1;
        let mut byte = self.space();
        let is_resource = type_id == self.tables.any_resource();
        let type_id = if is_resource {
            match self.resource_type(depth)? {
                Some(resource_type) => {
                    if node == 0 {
                        self.root = Some(resource_type);
                    }
                    byte = self.peek();
                    resource_type.type_id()
                }
                None => {
                    self.at = start;
                    self.skip(depth)?;
                    self.close(node);
                    return Ok(());
                }
            }
        } else {
            type_id
        };
        if byte == b'}' {
            self.issue(IssueCode::Structure, None, "an object must not be empty".to_owned())?;
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        let structure = self.tables.structure(type_id);
        let mut seen = Seen::default();
        let mut typed = !is_resource;
        loop {
            if byte != b'"' {
                return Err(self.broken("a key"));
            }
            let (key_start, key_end, escaped) = self.string()?;
            self.colon()?;
            let text = self.text;
            let entry = if escaped {
                let name = unescape(&text[key_start..key_end]);
                self.tables.find(&structure.lookup, Key::of(name.as_bytes()), name.as_bytes())
            } else {
                let key = Key::at(text, key_start, key_end);
                self.tables.find(&structure.lookup, key, &text[key_start..key_end])
            };
            if let Some(entry) = entry {
                let bit = 1u64 << entry.place;
                if seen.values & bit == 0 {
                    seen.values |= bit;
                    seen.nulls |= self.value(entry, depth)?;
                } else {
                    self.repeated(entry, node, false, depth)?;
                }
            } else {
                self.other_key(
                    type_id,
                    node,
                    (key_start, key_end, escaped),
                    &mut typed,
                    &mut seen,
                    depth,
                )?;
            }
            byte = self.space();
            if byte == b',' {
                self.at += 1;
                byte = self.space();
            } else if byte == b'}' {
                break;
            } else {
                return Err(self.broken("`,` or `}`"));
            }
        }
        let missing = structure.required & !(seen.values | seen.companions);
        if missing != 0 {
            self.missing(type_id, missing)?;
        }
        if seen.companions != 0 || seen.nulls {
            self.companions(node)?;
        }
        self.at += 1;
        self.close(node);
        Ok(())
    }

    /// Looks for the `resourceType` of the object whose first key is ahead; leaves the place as
    /// it was. `None`, and an issue, when there is none that R4 knows.
    fn resource_type(&mut self, depth: usize) -> Result<Option<ResourceType>, Stop> {
        let place = self.at;
        let mut found = None;
        while self.space() != b'}' {
            if self.peek() != b'"' {
                return Err(self.broken("a key"));
            }
            let (start, end, escaped) = self.string()?;
            self.colon()?;
            if member_name(self.text, start, end, escaped).as_ref() == "resourceType" {
                if self.space() == b'"' {
                    let (start, end, escaped) = self.string()?;
                    let name = member_name(self.text, start, end, escaped);
                    found = Some(self.tables.resource(name.as_bytes()));
                } else {
                    found = Some(None);
                }
                break;
            }
            self.skip(depth + 1)?;
            match self.space() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.broken("`,` or `}`")),
            }
            if self.space() == b'}' {
                return Err(self.broken("a key"));
            }
        }
        self.at = place;
        match found {
            Some(Some(resource_type)) => return Ok(Some(resource_type)),
            Some(None) => {
                self.issue(
                    IssueCode::Value,
                    None,
                    "`resourceType` does not name an R4 resource type".to_owned(),
                )?;
            }
            None => self.issue(
                IssueCode::Required,
                None,
                "a resource needs its `resourceType`".to_owned(),
            )?,
        }
        Ok(None)
    }

    /// A key that is no element's: `resourceType`, a companion, or unknown.
    #[inline(never)]
    fn other_key(
        &mut self,
        type_id: TypeId,
        node: usize,
        (start, end, escaped): (usize, usize, bool),
        typed: &mut bool,
        seen: &mut Seen,
        depth: usize,
    ) -> Result<(), Stop> {
        let text = self.text;
        let name = member_name(text, start, end, escaped);
        if name.as_ref() == "resourceType" && type_id.resource_type().is_some() {
            if *typed {
                self.issue(IssueCode::Structure, None, "`resourceType` occurs twice".to_owned())?;
                return self.skip(depth + 1);
            }
            *typed = true;
            self.space();
            let (start, end, escaped) = self.string()?;
            let kind = if escaped { Kind::EscapedString } else { Kind::String };
            self.push(start - 1, end + 1, NO_ELEMENT, kind, false);
            return Ok(());
        }
        let lookup = &self.tables.structure(type_id).lookup;
        let entry = name
            .strip_prefix('_')
            .and_then(|name| self.tables.find(lookup, Key::of(name.as_bytes()), name.as_bytes()))
            .filter(|entry| entry.primitive.is_some() && !entry.bare);
        if let Some(entry) = entry {
            let bit = 1u64 << entry.place;
            if seen.companions & bit == 0 {
                seen.companions |= bit;
                return self.companion(entry, depth);
            }
            return self.repeated(entry, node, true, depth);
        }
        let plain = name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let message = if plain {
            format!("`{}` has no element `{name}`", type_id.name())
        } else {
            format!("`{}` has no element of this name", type_id.name())
        };
        self.issue(IssueCode::Structure, None, message)?;
        self.skip(depth + 1)
    }

    /// A second value for an element or for a choice: says which, and skips it.
    #[cold]
    fn repeated(
        &mut self,
        entry: &Entry,
        node: usize,
        companion: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut child = node + 1;
        let mut twice = false;
        while let Some(raw) = self.nodes.get(child) {
            twice |= raw.element == entry.element.0 && raw.companion == companion;
            child = raw.next as usize;
        }
        let message = match entry.element.choice() {
            Some(stem) if !twice => format!("only one of `{stem}[x]` is allowed"),
            _ => format!(
                "`{}{}` occurs twice",
                if companion { "_" } else { "" },
                entry.element.name()
            ),
        };
        self.issue(IssueCode::Structure, Some(entry.element), message)?;
        self.skip(depth + 1)
    }

    /// Reads an element's value; answers whether it is a list that holds a null.
    #[inline]
    fn value(&mut self, entry: &Entry, depth: usize) -> Result<bool, Stop> {
        let byte = self.space();
        if entry.list {
            if byte != b'[' {
                self.wrong(entry, "an array", depth)?;
                return Ok(false);
            }
            return self.list(entry, depth + 1);
        }
        match entry.primitive {
            Some(primitive) => self.primitive(primitive, entry, byte, depth)?,
            None if byte == b'{' => {
                self.object(entry.type_id, entry.element.0, false, depth + 1)?
            }
            None => self.wrong(entry, "an object", depth)?,
        }
        Ok(false)
    }

    /// Reads the array of a repeating element; answers whether it holds a null.
    fn list(&mut self, entry: &Entry, depth: usize) -> Result<bool, Stop> {
        self.descend(depth)?;
        let node = self.open(entry.element.0, Kind::Array, false);
        self.at += 1;
        let mut byte = self.space();
        let mut nulls = false;
        if byte == b']' {
            self.nodes.truncate(node);
            self.issue(
                IssueCode::Structure,
                Some(entry.element),
                "an array must not be empty".to_owned(),
            )?;
            self.at += 1;
            return Ok(false);
        }
        loop {
            match entry.primitive {
                Some(_) if byte == b'n' => {
                    let start = self.at;
                    self.literal("null")?;
                    self.push(start, self.at, entry.element.0, Kind::Null, false);
                    nulls = true;
                }
                Some(primitive) => self.primitive(primitive, entry, byte, depth)?,
                None if byte == b'{' => {
                    self.object(entry.type_id, entry.element.0, false, depth + 1)?
                }
                None => self.wrong(entry, "an object", depth)?,
            }
            byte = self.space();
            if byte == b',' {
                self.at += 1;
                byte = self.space();
            } else if byte == b']' {
                break;
            } else {
                return Err(self.broken("`,` or `]`"));
            }
        }
        self.at += 1;
        self.close(node);
        Ok(nulls)
    }

    /// Reads the id and extensions of a primitive, or an array of them aligned with its values.
    fn companion(&mut self, entry: &Entry, depth: usize) -> Result<(), Stop> {
        let of = self.tables.companion();
        let byte = self.space();
        if !entry.list {
            if byte == b'{' {
                return self.object(of, entry.element.0, true, depth + 1);
            }
            return self.wrong(entry, "an object", depth);
        }
        if byte != b'[' {
            return self.wrong(entry, "an array", depth);
        }
        self.descend(depth + 1)?;
        let node = self.open(entry.element.0, Kind::Array, true);
        self.at += 1;
        let mut byte = self.space();
        if byte == b']' {
            self.nodes.truncate(node);
            self.issue(
                IssueCode::Structure,
                Some(entry.element),
                "an array must not be empty".to_owned(),
            )?;
            self.at += 1;
            return Ok(());
        }
        loop {
            match byte {
                b'n' => {
                    let start = self.at;
                    self.literal("null")?;
                    self.push(start, self.at, entry.element.0, Kind::Null, true);
                }
                b'{' => self.object(of, entry.element.0, true, depth + 2)?,
                _ => self.wrong(entry, "an object or null", depth + 1)?,
            }
            byte = self.space();
            if byte == b',' {
                self.at += 1;
                byte = self.space();
            } else if byte == b']' {
                break;
            } else {
                return Err(self.broken("`,` or `]`"));
            }
        }
        self.at += 1;
        self.close(node);
        Ok(())
    }

    /// Reads one primitive value.
    #[inline]
    fn primitive(
        &mut self,
        primitive: Primitive,
        entry: &Entry,
        byte: u8,
        depth: usize,
    ) -> Result<(), Stop> {
        let place = self.at;
        let element = entry.element.0;
        match byte {
            b'"' => {
                let (start, end, escaped) = self.string()?;
                let text = self.text;
                let good = if escaped {
                    escaped_string(primitive, &text[start..end])
                } else {
                    format::string(primitive, &text[start..end])
                };
                if !good {
                    self.invalid(primitive, entry, start == end)?;
                }
                let kind = if escaped { Kind::EscapedString } else { Kind::String };
                self.push(place, end + 1, element, kind, false);
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
                if !format::number(primitive, &self.text[place..self.at]) {
                    self.invalid(primitive, entry, false)?;
                }
                self.push(place, self.at, element, Kind::Number, false);
            }
            b't' | b'f' => {
                let (word, kind) =
                    if byte == b't' { ("true", Kind::True) } else { ("false", Kind::False) };
                self.literal(word)?;
                if primitive != Primitive::Boolean {
                    self.invalid(primitive, entry, false)?;
                }
                self.push(place, self.at, element, kind, false);
            }
            _ => self.wrong(entry, "a single value", depth)?,
        }
        Ok(())
    }

    #[cold]
    fn invalid(&mut self, primitive: Primitive, entry: &Entry, empty: bool) -> Result<(), Stop> {
        let message = if empty {
            "a string must not be empty".to_owned()
        } else {
            format!("not a valid `{}`: expected {}", primitive.name(), format::expected(primitive))
        };
        self.issue(IssueCode::Value, Some(entry.element), message)
    }

    /// The value ahead is of the wrong JSON type: says so, skips it, and keeps its place in an array.
    #[cold]
    fn wrong(&mut self, entry: &Entry, expected: &str, depth: usize) -> Result<(), Stop> {
        let found = match self.space() {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b'n' => "null",
            b't' | b'f' => "a boolean",
            b'-' | b'0'..=b'9' => "a number",
            _ => return Err(self.broken("a value")),
        };
        let message = format!("`{}` must be {expected}, not {found}", entry.element.name());
        self.issue(IssueCode::Structure, Some(entry.element), message)?;
        let start = self.at;
        self.skip(depth + 1)?;
        self.push(start, self.at, entry.element.0, Kind::Null, false);
        Ok(())
    }

    /// Required elements that are not there.
    #[cold]
    fn missing(&mut self, type_id: TypeId, missing: u64) -> Result<(), Stop> {
        let mut last = None;
        for element in type_id.elements() {
            let place = self.tables.place(element);
            if missing & (1 << place) == 0 || last == Some(place) {
                continue;
            }
            last = Some(place);
            let message = match element.choice() {
                Some(stem) => format!("`{stem}[x]` is required"),
                None => format!("`{}` is required", element.name()),
            };
            self.issue(IssueCode::Required, Some(element), message)?;
        }
        Ok(())
    }

    /// Values and companions must belong together: the same type of a choice, arrays of the same
    /// length, and no place where both are null.
    #[cold]
    fn companions(&mut self, node: usize) -> Result<(), Stop> {
        let mut members = Vec::new();
        let mut child = node + 1;
        while let Some(raw) = self.nodes.get(child) {
            if raw.element != NO_ELEMENT {
                members.push((child, *raw));
            }
            child = raw.next as usize;
        }
        for (value, raw) in &members {
            let element = ElementId(raw.element);
            let place = self.tables.place(element);
            let other = members.iter().find(|(_, other)| {
                other.companion != raw.companion
                    && self.tables.place(ElementId(other.element)) == place
            });
            if let Some((_, other)) = other
                && other.element != raw.element
                && raw.companion
            {
                let stem = element.choice().unwrap_or_default();
                self.issue(
                    IssueCode::Structure,
                    Some(element),
                    format!("only one of `{stem}[x]` is allowed"),
                )?;
                continue;
            }
            // A pair is looked at once, from its value.
            if raw.kind != Kind::Array || (raw.companion && other.is_some()) {
                continue;
            }
            let here = self.nulls(*value);
            let there = other.map(|(node, _)| self.nulls(*node));
            if there.as_ref().is_some_and(|there| there.len() != here.len()) {
                let message =
                    format!("`{0}` and `_{0}` must have the same number of items", element.name());
                self.issue(IssueCode::Structure, Some(element), message)?;
            } else if here
                .iter()
                .enumerate()
                .any(|(at, null)| *null && there.as_ref().is_none_or(|there| there[at]))
            {
                let message =
                    format!("null in `{}` needs an id or extension in its place", element.name());
                self.issue(IssueCode::Structure, Some(element), message)?;
            }
        }
        Ok(())
    }

    /// Which items of an array are null.
    fn nulls(&self, array: usize) -> Vec<bool> {
        let mut nulls = Vec::new();
        let mut child = array + 1;
        let end = self.nodes[array].next as usize;
        while child < end {
            nulls.push(self.nodes[child].kind == Kind::Null);
            child = self.nodes[child].next as usize;
        }
        nulls
    }
}

/// A choice is one element to FHIRPath: `value`, whatever its type.
fn push_name(path: &mut String, element: ElementId) {
    path.push('.');
    path.push_str(element.choice().unwrap_or(element.name()));
}

fn member_name(text: &[u8], start: usize, end: usize, escaped: bool) -> Cow<'_, str> {
    let content = &text[start..end];
    if escaped {
        Cow::Owned(unescape(content))
    } else {
        Cow::Borrowed(std::str::from_utf8(content).unwrap_or_default())
    }
}

/// The check for a string with escapes: on what it stands for. Escapes can name control
/// characters, which no primitive allows beyond tab and line ends.
#[cold]
fn escaped_string(primitive: Primitive, content: &[u8]) -> bool {
    let text = unescape(content);
    !text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
        && format::string(primitive, text.as_bytes())
}

fn hex4(text: &[u8], at: usize) -> Option<u32> {
    let mut value = 0;
    for byte in text.get(at..at + 4)? {
        value = value * 16 + (*byte as char).to_digit(16)?;
    }
    Some(value)
}

/// What the content of a JSON string stands for. The content has been checked; were it broken,
/// the broken part would be left out.
pub(super) fn unescape(content: &[u8]) -> String {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let mut taken = 2;
        match rest.get(at + 1) {
            Some(b'b') => out.push(0x08),
            Some(b'f') => out.push(0x0C),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'u') => {
                let mut code = hex4(rest, at + 2).unwrap_or_default();
                taken = 6;
                if let (0xD800..0xDC00, Some(low)) = (code, hex4(rest, at + 8)) {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                    taken = 12;
                }
                let mut buffer = [0; 4];
                out.extend_from_slice(
                    char::from_u32(code).unwrap_or('\u{FFFD}').encode_utf8(&mut buffer).as_bytes(),
                );
            }
            Some(other) => out.push(*other),
            None => {}
        }
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    String::from_utf8(out).unwrap_or_default()
}
