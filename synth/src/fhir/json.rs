//! A small JSON writer: appends to bytes, keeps no tree.
//!
//! Always true: what is written is one valid JSON value; an object or array that gets nothing put
//! into it leaves no trace, because FHIR allows no empty ones.
//!
//! Spec: <https://hl7.org/fhir/R4/json.html>

use crate::time::Time;

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// An array being written.
pub(crate) struct Array<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes an object as a value of its own.
pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, empty: true });
    out.push(b'}');
}

impl Object<'_> {
    fn key(&mut self, name: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Words; nothing at all if there are none.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.key(name);
            string(self.out, value);
        }
    }

    /// Words in pieces, written one after another.
    pub(crate) fn pieces(&mut self, name: &str, pieces: &[&str]) {
        self.key(name);
        self.out.push(b'"');
        for piece in pieces {
            escape(self.out, piece);
        }
        self.out.push(b'"');
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str, value: i64) {
        self.key(name);
        whole(self.out, value);
    }

    /// A finite number with so many decimals.
    pub(crate) fn decimal(&mut self, name: &str, value: f64, decimals: u8) {
        self.key(name);
        decimal(self.out, value, decimals);
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, name: &str, value: bool) {
        self.key(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A `dateTime` or `instant`.
    pub(crate) fn time(&mut self, name: &str, value: Time) {
        self.key(name);
        self.out.push(b'"');
        value.write(self.out);
        self.out.push(b'"');
    }

    /// A `date`.
    pub(crate) fn date(&mut self, name: &str, value: Time) {
        self.key(name);
        self.out.push(b'"');
        value.write_date(self.out);
        self.out.push(b'"');
    }

    /// A value rendered before.
    pub(crate) fn raw(&mut self, name: &str, value: &[u8]) {
        self.key(name);
        self.out.extend_from_slice(value);
    }

    /// A string of characters that need no escape, appended by `fill`.
    pub(crate) fn plain(&mut self, name: &str, fill: impl FnOnce(&mut Vec<u8>)) {
        self.key(name);
        self.out.push(b'"');
        fill(self.out);
        self.out.push(b'"');
    }

    /// An object; nothing at all if `fill` leaves it empty.
    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.nested(name, b'{', b'}', |out| {
            let mut inner = Object { out, empty: true };
            fill(&mut inner);
            inner.empty
        });
    }

    /// An array; nothing at all if `fill` leaves it empty.
    pub(crate) fn array(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>)) {
        self.nested(name, b'[', b']', |out| {
            let mut inner = Array { out, empty: true };
            fill(&mut inner);
            inner.empty
        });
    }

    /// What `fill` writes between two brackets; if it says that this is nothing, the name goes too.
    fn nested(&mut self, name: &str, open: u8, close: u8, fill: impl FnOnce(&mut Vec<u8>) -> bool) {
        let (start, empty) = (self.out.len(), self.empty);
        self.key(name);
        self.out.push(open);
        if fill(self.out) {
            self.out.truncate(start);
            self.empty = empty;
        } else {
            self.out.push(close);
        }
    }

    /// An array of one object.
    pub(crate) fn one(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.array(name, |array| array.object(fill));
    }
}

impl Array<'_> {
    fn next(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
    }

    /// Words.
    pub(crate) fn text(&mut self, value: &str) {
        self.next();
        string(self.out, value);
    }

    /// A whole number.
    pub(crate) fn number(&mut self, value: i64) {
        self.next();
        whole(self.out, value);
    }

    /// A value rendered before.
    pub(crate) fn raw(&mut self, value: &[u8]) {
        self.next();
        self.out.extend_from_slice(value);
    }

    /// An object.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        let (start, empty) = (self.out.len(), self.empty);
        self.next();
        self.out.push(b'{');
        let mut inner = Object { out: self.out, empty: true };
        fill(&mut inner);
        if inner.empty {
            self.out.truncate(start);
            self.empty = empty;
        } else {
            self.out.push(b'}');
        }
    }
}

/// Writes a string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    escape(out, value);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[from..]);
}

pub(super) const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a whole number.
pub(crate) fn whole(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let mut text = [0; 20];
    let mut at = text.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// Writes a number with exactly so many decimals (at most 6). Numbers no measurement reaches are
/// cut at a trillion, so that the arithmetic stays whole; not a number is written as 0.
pub(crate) fn decimal(out: &mut Vec<u8>, value: f64, decimals: u8) {
    let decimals = usize::from(decimals.min(6));
    let scale = 10i64.pow(decimals as u32);
    let scaled = (value.clamp(-1e12, 1e12) * scale as f64).round() as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let scaled = scaled.unsigned_abs() as i64;
    whole(out, scaled / scale);
    if decimals > 0 {
        out.push(b'.');
        let mut text = [b'0'; 6];
        let mut rest = scaled % scale;
        for place in text[..decimals].iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&text[..decimals]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>()) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn numbers_are_written_to_their_last_decimal(value in -1e6f64..1e6, decimals in 0u8..7) {
            let mut out = Vec::new();
            decimal(&mut out, value, decimals);
            let text = String::from_utf8(out).unwrap();
            let back: f64 = serde_json::from_str(&text).unwrap();
            let half = 0.5 * 10f64.powi(-i32::from(decimals));
            prop_assert!((back - value).abs() <= half * (1.0 + 1e-6), "{} as {}", value, text);
            prop_assert_eq!(text.split('.').nth(1).map_or(0, str::len), usize::from(decimals));
        }
    }

    #[test]
    fn what_stays_empty_leaves_no_trace() {
        let mut out = Vec::new();
        object(&mut out, |object| {
            object.array("a", |array| array.object(|_| ()));
            object.text("b", "");
            object.text("c", "x");
            object.object("d", |inner| inner.array("e", |_| ()));
            object.number("f", i64::MIN);
        });
        assert_eq!(out, br#"{"c":"x","f":-9223372036854775808}"#);
    }
}
