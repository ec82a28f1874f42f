//! What the text of a primitive may look like.
//!
//! The expressions of R4's primitive definitions, written out by hand; dates must also exist in
//! the calendar.
//!
//! Spec: <https://hl7.org/fhir/R4/datatypes.html#primitive>

use crate::Primitive;

/// Longest `string` or `markdown`, in characters.
const STRING_CHARACTERS_MAX: usize = 1024 * 1024;

/// Whether a JSON string's content is a value of `primitive`. For primitives that JSON writes as
/// numbers or booleans the answer is no.
#[inline]
pub(super) fn string(primitive: Primitive, text: &[u8]) -> bool {
    match primitive {
        Primitive::String | Primitive::Markdown => string_like(text),
        Primitive::Code => code(text),
        Primitive::Uri | Primitive::Url | Primitive::Canonical => uri(text),
        Primitive::Id => id(text),
        Primitive::DateTime => date_time(text, false),
        Primitive::Instant => date_time(text, true),
        Primitive::Date => date(text) == Some(text.len()),
        Primitive::Time => time(text) == Some(text.len()),
        Primitive::Base64Binary => base64(text),
        Primitive::Oid => text.strip_prefix(b"urn:oid:").is_some_and(oid),
        Primitive::Uuid => text.strip_prefix(b"urn:uuid:").is_some_and(uuid),
        Primitive::Xhtml => xhtml(text),
        Primitive::Boolean
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt
        | Primitive::Decimal => false,
    }
}

/// Whether a JSON number is a value of `primitive`.
#[inline]
pub(super) fn number(primitive: Primitive, text: &[u8]) -> bool {
    let least = match primitive {
        Primitive::Decimal => return true,
        Primitive::Integer => i64::from(i32::MIN),
        Primitive::UnsignedInt => 0,
        Primitive::PositiveInt => 1,
        _ => return false,
    };
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    if digits.len() > 10 || (negative && least >= 0) {
        return false;
    }
    let mut value = 0i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return false;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    let value = if negative { -value } else { value };
    (least..=i64::from(i32::MAX)).contains(&value)
}

/// What was expected, for a person reading the issue.
pub(super) fn expected(primitive: Primitive) -> &'static str {
    match primitive {
        Primitive::Boolean => "true or false",
        Primitive::Integer => "a whole number of 32 bits",
        Primitive::PositiveInt => "a whole number from 1 to 2147483647",
        Primitive::UnsignedInt => "a whole number from 0 to 2147483647",
        Primitive::Decimal => "a number",
        Primitive::String | Primitive::Markdown => {
            "text of 1 to 1048576 characters without control characters"
        }
        Primitive::Code => "a code without spaces around it or runs of spaces inside",
        Primitive::Id => "1 to 64 letters, digits, `-` or `.`",
        Primitive::Uri | Primitive::Url | Primitive::Canonical => "a uri without white space",
        Primitive::Oid => "`urn:oid:` and a dotted number",
        Primitive::Uuid => "`urn:uuid:` and a lower-case uuid",
        Primitive::Base64Binary => "base64",
        Primitive::Date => "a date as YYYY, YYYY-MM or YYYY-MM-DD",
        Primitive::DateTime => {
            "a date as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone"
        }
        Primitive::Instant => "YYYY-MM-DDThh:mm:ss with a time zone",
        Primitive::Time => "a time as hh:mm:ss",
        Primitive::Xhtml => "XHTML in one `div`",
    }
}

/// R4's `id`.
pub(crate) fn id(text: &[u8]) -> bool {
    // Without leaving early, so that the compiler looks at many bytes at once.
    let good = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'.');
    (1..=64).contains(&text.len()) && text.iter().fold(true, |all, byte| all & good(*byte))
}

#[inline]
fn string_like(text: &[u8]) -> bool {
    !text.is_empty()
        && (text.len() <= STRING_CHARACTERS_MAX
            || text.iter().filter(|byte| **byte & 0xC0 != 0x80).count() <= STRING_CHARACTERS_MAX)
}

#[inline]
fn white(byte: u8) -> bool {
    (byte == b' ') | (byte.wrapping_sub(b'\t') < 5)
}

fn uri(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().fold(false, |found, byte| found | white(*byte))
}

fn code(text: &[u8]) -> bool {
    let mut spaced = true;
    for byte in text {
        let white = white(*byte);
        if white && spaced {
            return false;
        }
        spaced = white;
    }
    !spaced
}

/// Two digits as a number.
#[inline]
fn two(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 2)? {
        &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + ones - b'0'),
        _ => None,
    }
}

/// Reads `YYYY[-MM[-DD]]`; answers how many bytes it took.
#[inline]
fn date(text: &[u8]) -> Option<usize> {
    let year = u16::from(two(text, 0)?) * 100 + u16::from(two(text, 2)?);
    if year == 0 {
        return None;
    }
    if text.get(4) != Some(&b'-') {
        return Some(4);
    }
    let month = two(text, 5)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    if text.get(7) != Some(&b'-') {
        return Some(7);
    }
    let day = two(text, 8)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=days).contains(&day).then_some(10)
}

/// Reads `hh:mm:ss[.fraction]`; answers how many bytes it took.
#[inline]
fn time(text: &[u8]) -> Option<usize> {
    let (hour, minute, second) = (two(text, 0)?, two(text, 3)?, two(text, 6)?);
    if text[2] != b':' || text[5] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if text.get(8) != Some(&b'.') {
        return Some(8);
    }
    let digits = text[9..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(9 + digits)
}

#[inline]
fn date_time(text: &[u8], whole: bool) -> bool {
    let Some(day_end) = date(text) else { return false };
    if day_end == text.len() {
        return !whole;
    }
    if day_end != 10 || text[10] != b'T' {
        return false;
    }
    let Some(length) = time(&text[11..]) else { return false };
    zone(&text[11 + length..])
}

#[inline]
fn zone(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            match (two(rest, 0), two(rest, 3)) {
                (Some(hours), Some(minutes)) => {
                    (hours <= 13 && minutes <= 59) || (hours == 14 && minutes == 0)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

fn base64(text: &[u8]) -> bool {
    #[inline]
    fn digit(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/')
    }
    // Without white space, four characters at a time, padding at the end: nearly always so.
    if text.is_empty() {
        return false;
    }
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let digits = &text[..text.len() - padding];
    let mut blocks = digits.chunks_exact(32);
    let plain =
        blocks.by_ref().all(|block| block.iter().fold(true, |all, byte| all & digit(*byte)))
            && blocks.remainder().iter().all(|byte| digit(*byte));
    if plain {
        return text.len().is_multiple_of(4);
    }
    let (mut length, mut padding) = (0usize, 0usize);
    for byte in text.iter().filter(|byte| !white(**byte)) {
        match *byte {
            b'=' => padding += 1,
            byte if padding == 0 && digit(byte) => {}
            _ => return false,
        }
        length += 1;
    }
    length > 0 && padding <= 2 && length.is_multiple_of(4)
}

fn oid(text: &[u8]) -> bool {
    let mut arcs = text.split(|byte| *byte == b'.');
    let root = arcs.next().is_some_and(|arc| matches!(arc, b"0" | b"1" | b"2"));
    let mut count = 0;
    let rest = arcs.all(|arc| {
        count += 1;
        !arc.is_empty() && arc.iter().all(u8::is_ascii_digit) && (arc.len() == 1 || arc[0] != b'0')
    });
    root && rest && count > 0
}

fn uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn xhtml(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let Some(rest) = text.strip_prefix(b"<div") else { return false };
    matches!(rest.first(), Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))
        && (rest.ends_with(b"</div>") || rest.ends_with(b"/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(primitive: Primitive, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(
                string(primitive, text.as_bytes()) || number(primitive, text.as_bytes()),
                "{text} is a {}",
                primitive.name()
            );
        }
        for text in bad {
            assert!(!string(primitive, text.as_bytes()), "{text} is no {}", primitive.name());
            let numeric = serde_json::from_str::<serde_json::Number>(text).is_ok();
            assert!(
                !(numeric && number(primitive, text.as_bytes())),
                "{text} is no {}",
                primitive.name()
            );
        }
    }

    #[test]
    fn dates_exist_in_the_calendar() {
        let good = ["2024", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"];
        let bad = [
            "",
            "24",
            "0000",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-1-1",
            "2024-",
            "2024-02-",
            "2024/02/01",
            "2024-02-01T",
            "20240201",
            " 2024",
        ];
        check(Primitive::Date, &good, &bad);
        check(Primitive::DateTime, &good, &bad);
    }

    #[test]
    fn times_need_seconds_and_a_zone_with_a_date() {
        check(
            Primitive::DateTime,
            &[
                "2024-02-29T23:59:60Z",
                "2024-02-29T00:00:00.123456789+14:00",
                "2015-02-07T13:28:17-05:00",
            ],
            &[
                "2024-02-29T23:59Z",
                "2024-02-29T23:59:59",
                "2024-02-29T24:00:00Z",
                "2024-02-29T00:60:00Z",
                "2024-02-29T00:00:61Z",
                "2024-02-29T00:00:00.Z",
                "2024-02-29T00:00:00+14:01",
                "2024-02-29T00:00:00+0500",
                "2024-02T00:00:00Z",
                "2024-02-29 00:00:00Z",
            ],
        );
        check(
            Primitive::Instant,
            &["2024-02-29T00:00:00Z"],
            &["2024-02-29", "2024", "2024-02-29T00:00Z"],
        );
        check(
            Primitive::Time,
            &["00:00:00", "23:59:60", "12:00:00.5"],
            &["24:00:00", "12:00", "12:00:00Z", "12:00:00.", "1:00:00"],
        );
    }

    #[test]
    fn whole_numbers_keep_their_range() {
        check(
            Primitive::Integer,
            &["0", "-0", "2147483647", "-2147483648"],
            &["2147483648", "-2147483649", "1.0", "1e3", "99999999999999999999"],
        );
        check(Primitive::PositiveInt, &["1", "2147483647"], &["0", "-1", "1.5"]);
        check(Primitive::UnsignedInt, &["0", "2147483647"], &["-1", "2147483648"]);
        check(Primitive::Decimal, &["0", "1.10", "1e400", "-0.0E-12"], &["\"1\""]);
    }

    #[test]
    fn identifiers_and_codes_follow_their_grammar() {
        check(
            Primitive::Id,
            &["a", "A-1.b", &"x".repeat(64)],
            &["", "a_b", "a b", "ä", &"x".repeat(65)],
        );
        check(
            Primitive::Code,
            &["a", "a b", "<=", "日本"],
            &["", " a", "a ", "a  b", "a\tb\u{b}", "\n"],
        );
        check(Primitive::Uri, &["http://a/b", "urn:uuid:x", "#a", "ä"], &["", "a b", "a\n", "\ta"]);
        check(
            Primitive::Oid,
            &["urn:oid:1.2.3", "urn:oid:0.0"],
            &["urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1..2", "1.2.3"],
        );
        check(
            Primitive::Uuid,
            &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            &[
                "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
                "c757873d-ec9a-4326-a141-556f43239520",
                "urn:uuid:c757873d",
            ],
        );
    }

    #[test]
    fn base64_comes_in_fours() {
        let long = "QUJD".repeat(50);
        check(
            Primitive::Base64Binary,
            &["QUJD", "QQ==", "QUI=", "QUJD\nQUJD", " QUJD ", &long],
            &["", "Q", "QUJ", "Q===", "====", "QQ==QUJD", "QU-_", "  "],
        );
    }

    #[test]
    fn narrative_is_one_div() {
        check(
            Primitive::Xhtml,
            &[
                "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>",
                "<div>a</div>",
                " <div/> ",
                "<div\n></div>",
            ],
            &["", "text", "<p>a</p>", "<divx></divx>", "<div>"],
        );
    }
}
