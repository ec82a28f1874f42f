//! PDF's objects and the words between them.

/// How deep arrays and dictionaries may be nested; deeper ones are read as null.
const DEPTH_MAX: usize = 48;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    Null,
    Bool,
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    Reference(u32),
    /// A word that is no value: an operator, `endobj`, `stream`.
    Word(Vec<u8>),
}

/// Names and their values; few, so looked up in order. The last of a name counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary(pub Vec<(Vec<u8>, Object)>);

impl Dictionary {
    pub fn get(&self, name: &str) -> Option<&Object> {
        self.0.iter().rev().find(|(key, _)| key == name.as_bytes()).map(|(_, value)| value)
    }

    pub fn name(&self, name: &str) -> Option<&[u8]> {
        match self.get(name) {
            Some(Object::Name(value)) => Some(value),
            _ => None,
        }
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Object::number)
    }
}

impl Object {
    pub fn number(&self) -> Option<f64> {
        match self {
            Object::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Reads objects one after the other.
pub struct Lexer<'b> {
    pub bytes: &'b [u8],
    pub at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'b> Lexer<'b> {
    pub fn new(bytes: &'b [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over space and comments.
    pub fn space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.at += 1;
            } else if byte == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            } else {
                break;
            }
        }
    }

    /// The next object or word; `None` at the end.
    pub fn next(&mut self) -> Option<Object> {
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.space();
        let byte = self.peek()?;
        match byte {
            b'/' => {
                self.at += 1;
                Some(Object::Name(self.name()))
            }
            b'(' => {
                self.at += 1;
                Some(Object::Text(self.literal()))
            }
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                Some(self.dictionary(depth))
            }
            b'<' => {
                self.at += 1;
                Some(Object::Text(self.hex()))
            }
            b'[' => {
                self.at += 1;
                Some(self.array(depth))
            }
            b'>' if self.bytes.get(self.at + 1) == Some(&b'>') => {
                self.at += 2;
                Some(Object::Word(b">>".to_vec()))
            }
            b']' | b')' | b'>' | b'{' | b'}' => {
                self.at += 1;
                Some(Object::Word(vec![byte]))
            }
            b'+' | b'-' | b'.' | b'0'..=b'9' => Some(self.number_or_reference()),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|b| !is_space(b) && !is_delimiter(b)) {
                    self.at += 1;
                }
                Some(match &self.bytes[start..self.at] {
                    b"null" => Object::Null,
                    b"true" | b"false" => Object::Bool,
                    word => Object::Word(word.to_vec()),
                })
            }
        }
    }

    fn name(&mut self) -> Vec<u8> {
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|b| !is_space(*b) && !is_delimiter(*b)) {
            self.at += 1;
            let hex = |at: usize| self.bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
            if byte == b'#'
                && let (Some(high), Some(low)) = (hex(self.at), hex(self.at + 1))
            {
                name.push((high * 16 + low) as u8);
                self.at += 2;
            } else {
                name.push(byte);
            }
        }
        name
    }

    fn literal(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut open = 1usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    let Some(next) = self.peek() else { break };
                    self.at += 1;
                    match next {
                        b'n' => text.push(b'\n'),
                        b'r' => text.push(b'\r'),
                        b't' => text.push(b'\t'),
                        b'b' => text.push(8),
                        b'f' => text.push(12),
                        b'\r' => {
                            if self.peek() == Some(b'\n') {
                                self.at += 1;
                            }
                        }
                        b'\n' => {}
                        b'0'..=b'7' => {
                            let mut value = u32::from(next - b'0');
                            for _ in 0..2 {
                                match self.peek() {
                                    Some(digit @ b'0'..=b'7') => {
                                        value = value * 8 + u32::from(digit - b'0');
                                        self.at += 1;
                                    }
                                    _ => break,
                                }
                            }
                            text.push(value as u8);
                        }
                        other => text.push(other),
                    }
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        text
    }

    fn hex(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut half: Option<u8> = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            if let Some(digit) = char::from(byte).to_digit(16) {
                let digit = digit as u8;
                match half.take() {
                    Some(high) => text.push(high * 16 + digit),
                    None => half = Some(digit),
                }
            }
        }
        if let Some(high) = half {
            text.push(high * 16);
        }
        text
    }

    fn array(&mut self, depth: usize) -> Object {
        let mut items = Vec::new();
        while let Some(item) = self.inner(depth) {
            match item {
                Object::Word(word) if word == b"]" => break,
                // The end of the object is the end of an array nobody closed.
                Object::Word(word) if word == b"endobj" || word == b"endstream" => break,
                item => items.push(item),
            }
        }
        if depth < DEPTH_MAX { Object::Array(items) } else { Object::Null }
    }

    fn dictionary(&mut self, depth: usize) -> Object {
        let mut entries = Vec::new();
        while let Some(key) = self.inner(depth) {
            match key {
                Object::Name(key) => match self.inner(depth) {
                    Some(Object::Word(word)) if word == b">>" || word == b"endobj" => break,
                    Some(value) => entries.push((key, value)),
                    None => break,
                },
                Object::Word(word) if word == b">>" || word == b"endobj" => break,
                _ => {}
            }
        }
        if depth < DEPTH_MAX { Object::Dictionary(Dictionary(entries)) } else { Object::Null }
    }

    /// An object inside another; at the greatest depth only its brackets are passed over.
    fn inner(&mut self, depth: usize) -> Option<Object> {
        if depth < DEPTH_MAX {
            return self.object(depth + 1);
        }
        self.space();
        if matches!(self.peek(), Some(b'[')) {
            self.at += 1;
            return Some(Object::Null);
        }
        if self.bytes[self.at.min(self.bytes.len())..].starts_with(b"<<") {
            self.at += 2;
            return Some(Object::Null);
        }
        self.object(depth)
    }

    fn number_or_reference(&mut self) -> Object {
        let start = self.at;
        let first = self.number();
        let is_id = self.bytes[start..self.at].iter().all(u8::is_ascii_digit);
        if !is_id || !(0.0..=f64::from(u32::MAX)).contains(&first) {
            return Object::Number(first);
        }
        // `12 0 R`, nothing longer between.
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + 12)];
        let mut index = 0;
        let spaces = |index: &mut usize| {
            let from = *index;
            while rest.get(*index).is_some_and(|b| is_space(*b)) {
                *index += 1;
            }
            *index > from
        };
        if !spaces(&mut index) {
            return Object::Number(first);
        }
        let digits = index;
        while rest.get(index).is_some_and(u8::is_ascii_digit) {
            index += 1;
        }
        if index == digits || !spaces(&mut index) || rest.get(index) != Some(&b'R') {
            return Object::Number(first);
        }
        if rest.get(index + 1).is_some_and(|b| !is_space(*b) && !is_delimiter(*b)) {
            return Object::Number(first);
        }
        self.at += index + 1;
        Object::Reference(first as u32)
    }

    fn number(&mut self) -> f64 {
        let mut sign = 1.0;
        let mut value = 0.0f64;
        let mut scale = 0.0f64;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'-' if self.at == start => sign = -1.0,
                b'+' | b'-' => {}
                b'.' if scale == 0.0 => scale = 1.0,
                b'0'..=b'9' => {
                    value = value * 10.0 + f64::from(byte - b'0');
                    scale *= 10.0;
                }
                _ => break,
            }
            self.at += 1;
        }
        let value = if scale > 1.0 { value / scale } else { value };
        if value.is_finite() { sign * value } else { 0.0 }
    }
}
