//! Numbers that are dates, telephones or identifiers by their shape, read from the front of some
//! bytes. Every reader gives how many bytes it took, and takes nothing that goes on as a number.

/// A date written in digits.
pub(super) struct Date {
    pub(super) length: usize,
    /// Year, month, day; the month first where the order is unclear, as in the United States.
    pub(super) ymd: (u32, u32, u32),
}

/// Reads up to `max` digits.
fn digits(bytes: &[u8], max: usize) -> Option<(u32, usize)> {
    let length = bytes.iter().take(max + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || length > max {
        return None;
    }
    let value = bytes[..length].iter().fold(0_u32, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    Some((value, length))
}

/// Whether a number may end here: no digit, nor a mark and a digit, follows.
fn ends(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None => true,
        Some(byte) if byte.is_ascii_alphanumeric() => false,
        Some(b'-' | b'/') => !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric),
        Some(b'.' | b',') => !bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
        Some(_) => true,
    }
}

/// A year that a note may speak of.
pub(super) fn year(word: &str) -> Option<u32> {
    let year: u32 = word.parse().ok()?;
    (word.len() == 4 && (1880..=2099).contains(&year)).then_some(year)
}

/// `07/04/2023`, `7-4-23`, `2023-07-04`, `07/2023`, `20230704T0815`.
pub(super) fn date(bytes: &[u8]) -> Option<Date> {
    let (first, length) = digits(bytes, 4)?;
    let mark = *bytes.get(length)?;
    if !matches!(mark, b'/' | b'-' | b'.') {
        return None;
    }
    let (second, more) = digits(&bytes[length + 1..], 4)?;
    let middle = length + 1 + more;
    let real = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    if bytes.get(middle) != Some(&mark) {
        // `07/2023`
        let fits = mark == b'/'
            && length <= 2
            && more == 4
            && (1..=12).contains(&first)
            && (1900..=2099).contains(&second)
            && ends(bytes, middle);
        return fits.then_some(Date { length: middle, ymd: (second, first, 0) });
    }
    let (third, rest) = digits(&bytes[middle + 1..], 4)?;
    let mut end = middle + 1 + rest;
    let ymd = if length == 4
        && more <= 2
        && rest <= 2
        && (1880..=2099).contains(&first)
        && real(second, third)
    {
        // `2023-07-04T08:15:00Z`
        if bytes.get(end) == Some(&b'T') {
            end += bytes[end..]
                .iter()
                .take(25)
                .take_while(|byte| {
                    byte.is_ascii_digit() || matches!(byte, b'T' | b':' | b'.' | b'+' | b'-' | b'Z')
                })
                .count();
        }
        (first, second, third)
    } else if length <= 2 && more <= 2 && (rest == 4 || rest == 2) {
        let year = if rest == 4 {
            third
        } else if third > 40 {
            1900 + third
        } else {
            2000 + third
        };
        if rest == 4 && !(1880..=2099).contains(&third) {
            return None;
        }
        if mark == b'.' && rest == 2 && !(first <= 31 && second <= 12) {
            return None;
        }
        if real(first, second) {
            (year, first, second)
        } else if real(second, first) {
            (year, second, first)
        } else {
            return None;
        }
    } else {
        return None;
    };
    ends(bytes, end).then_some(Date { length: end, ymd })
}

/// `08/22`
pub(super) fn month_day(bytes: &[u8]) -> Option<usize> {
    let (month, length) = digits(bytes, 2)?;
    if bytes.get(length) != Some(&b'/') {
        return None;
    }
    let (day, more) = digits(&bytes[length + 1..], 2)?;
    let end = length + 1 + more;
    ((1..=12).contains(&month) && (1..=31).contains(&day) && ends(bytes, end)).then_some(end)
}

/// `123-45-6789`
pub(super) fn ssn(bytes: &[u8]) -> Option<usize> {
    let shape = bytes.get(..11)?;
    let fits = shape.iter().enumerate().all(|(at, byte)| match at {
        3 | 6 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (fits && ends(bytes, 11)).then_some(11)
}

/// `192.168.0.1`
pub(super) fn ip(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        let (value, length) = digits(&bytes[at..], 3)?;
        if value > 255 {
            return None;
        }
        at += length;
        if part < 3 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    ends(bytes, at).then_some(at)
}

/// `(555) 123-4567`, `555.123.4567`, `+1 555 123 4567`.
pub(super) fn phone(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let plus = bytes.first() == Some(&b'+');
    at += usize::from(plus);
    let separated =
        |at: usize| bytes.get(at).is_some_and(|byte| matches!(byte, b'-' | b'.' | b' '));
    if plus {
        let (_, length) = digits(&bytes[at..], 3)?;
        at += length;
        at += usize::from(separated(at));
    } else if bytes.first() == Some(&b'1') && separated(1) {
        at = 2;
    }
    let open = bytes.get(at) == Some(&b'(');
    at += usize::from(open);
    let group = |at: usize, count: usize| -> bool {
        bytes.get(at..at + count).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    if !group(at, 3) {
        return None;
    }
    at += 3;
    if open {
        if bytes.get(at) != Some(&b')') {
            return None;
        }
        at += 1;
        at += usize::from(separated(at));
    } else if separated(at) {
        at += 1;
    } else {
        return None;
    }
    if !group(at, 3) || !separated(at + 3) || !group(at + 4, 4) {
        return None;
    }
    at += 8;
    ends(bytes, at).then_some(at)
}

/// `555-1234`
pub(super) fn local_phone(bytes: &[u8]) -> Option<usize> {
    let long = bytes.iter().take(11).take_while(|byte| byte.is_ascii_digit()).count() == 10;
    if long && ends(bytes, 10) {
        return Some(10);
    }
    let shape = bytes.get(..8)?;
    let fits = shape.iter().enumerate().all(|(at, byte)| match at {
        3 => matches!(byte, b'-' | b'.'),
        _ => byte.is_ascii_digit(),
    });
    (fits && ends(bytes, 8)).then_some(8)
}
