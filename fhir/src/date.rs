//! Dates of every precision, as the stretch of time they cover.
//!
//! Always true:
//! - a [`DateSpan`] is never empty;
//! - reading and writing allocate nothing but the answer.
//!
//! Spec: <https://hl7.org/fhir/R4/datatypes.html#dateTime>

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

/// The stretch of time a FHIR date covers: from `start_us` up to, not including, `end_us`.
///
/// A FHIR date carries its precision: `2024-03` is all of March, and search compares
/// stretches, not moments. Text without a zone is read as UTC.
///
/// Units: microseconds since 1970-01-01T00:00:00Z. Invariant: `start_us < end_us`.
///
/// Spec: <https://hl7.org/fhir/R4/search.html#date>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateSpan {
    start_us: i64,
    end_us: i64,
}

impl DateSpan {
    /// Stands for "no lower bound" in an open period.
    pub const MIN_US: i64 = i64::MIN;
    /// Stands for "no upper bound" in an open period.
    pub const MAX_US: i64 = i64::MAX;

    /// Reads a FHIR `date`, `dateTime` or `instant`.
    ///
    /// Beyond what resources may hold it takes what searches may say: no zone, and minutes
    /// without seconds. A leap second (`:60`) is the first second of the next minute.
    ///
    /// # Errors
    /// [`DateError`], with the byte offset where the text stops being a date.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        Reader { bytes: text.as_bytes(), at: 0 }.read()
    }

    /// A stretch with given ends, for periods; an absent end is open.
    ///
    /// Ends the wrong way round are swapped, equal ones cover one microsecond.
    pub fn between(start_us: i64, end_us: i64) -> Self {
        let (start_us, end_us) = (start_us.min(end_us), start_us.max(end_us));
        if start_us < end_us {
            Self { start_us, end_us }
        } else if end_us < Self::MAX_US {
            Self { start_us, end_us: end_us + 1 }
        } else {
            Self { start_us: start_us - 1, end_us }
        }
    }

    /// First microsecond.
    pub fn start_us(self) -> i64 {
        self.start_us
    }

    /// First microsecond after.
    pub fn end_us(self) -> i64 {
        self.end_us
    }
}

/// A text that is not a FHIR date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a FHIR date from byte {offset}")]
pub struct DateError {
    /// Where the text stops being a date.
    pub offset: usize,
}

/// Writes microseconds since the epoch as a FHIR instant, `2024-03-01T12:00:00.123Z` (milliseconds).
pub fn instant(us: i64) -> String {
    let (day, of_day) = (us.div_euclid(DAY_US), us.rem_euclid(DAY_US));
    let (year, month, day) = civil(day);
    let (hour, minute) = (of_day / HOUR_US, of_day / MINUTE_US % 60);
    let (second, milli) = (of_day / SECOND_US % 60, of_day / 1_000 % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Result<DateSpan, DateError> {
        let year = self.number(4, 1, 9_999)?;
        if self.is_over() {
            return Ok(span_of_days(days(year, 1, 1), days(year + 1, 1, 1)));
        }
        self.expect(b'-')?;
        let month = self.number(2, 1, 12)?;
        if self.is_over() {
            let (next_year, next_month) =
                if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            return Ok(span_of_days(days(year, month, 1), days(next_year, next_month, 1)));
        }
        self.expect(b'-')?;
        let day = self.number(2, 1, month_days(year, month))?;
        let date = days(year, month, day);
        if self.is_over() {
            return Ok(span_of_days(date, date + 1));
        }
        self.expect(b'T')?;
        let mut start_us = date * DAY_US + self.number(2, 0, 23)? * HOUR_US;
        self.expect(b':')?;
        start_us += self.number(2, 0, 59)? * MINUTE_US;
        let mut length_us = MINUTE_US;
        if self.peek() == Some(b':') {
            self.at += 1;
            start_us += self.number(2, 0, 60)? * SECOND_US;
            length_us = SECOND_US;
            if self.peek() == Some(b'.') {
                self.at += 1;
                let (fraction_us, unit_us) = self.fraction()?;
                start_us += fraction_us;
                length_us = unit_us;
            }
        }
        start_us -= self.zone()?;
        if !self.is_over() {
            return Err(self.error());
        }
        Ok(DateSpan { start_us, end_us: start_us + length_us })
    }

    /// Microseconds, and how many of them the last digit given stands for.
    fn fraction(&mut self) -> Result<(i64, i64), DateError> {
        let (mut fraction_us, mut unit_us) = (0, SECOND_US);
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if unit_us > 1 {
                unit_us /= 10;
                fraction_us += i64::from(digit - b'0') * unit_us;
            }
            self.at += 1;
        }
        if self.at == start { Err(self.error()) } else { Ok((fraction_us, unit_us)) }
    }

    /// How far local time is ahead of UTC, in microseconds.
    fn zone(&mut self) -> Result<i64, DateError> {
        let sign = match self.peek() {
            None => return Ok(0),
            Some(b'Z') => {
                self.at += 1;
                return Ok(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return Err(self.error()),
        };
        self.at += 1;
        let hours = self.number(2, 0, 14)?;
        self.expect(b':')?;
        let minutes = self.number(2, 0, if hours == 14 { 0 } else { 59 })?;
        Ok(sign * (hours * HOUR_US + minutes * MINUTE_US))
    }

    fn number(&mut self, digits: usize, low: i64, high: i64) -> Result<i64, DateError> {
        let start = self.at;
        let mut value = 0;
        for _ in 0..digits {
            match self.peek() {
                Some(digit @ b'0'..=b'9') => value = value * 10 + i64::from(digit - b'0'),
                _ => return Err(self.error()),
            }
            self.at += 1;
        }
        if (low..=high).contains(&value) { Ok(value) } else { Err(DateError { offset: start }) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), DateError> {
        if self.peek() != Some(byte) {
            return Err(self.error());
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn is_over(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn error(&self) -> DateError {
        DateError { offset: self.at }
    }
}

fn span_of_days(start: i64, end: i64) -> DateSpan {
    DateSpan { start_us: start * DAY_US, end_us: end * DAY_US }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, which FHIR extends backwards.
///
/// Years are counted from March, so that the leap day comes last: month lengths then follow
/// one linear formula.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The inverse of [`days`]: year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text covers from one instant up to another.
    #[track_caller]
    fn check(text: &str, start: &str, end: &str) {
        let span = DateSpan::parse(text).expect(text);
        assert_eq!(
            (instant(span.start_us).as_str(), instant(span.end_us).as_str()),
            (start, end),
            "`{text}`"
        );
    }

    #[test]
    fn a_date_covers_as_much_time_as_it_leaves_open() {
        check("2024", "2024-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z");
        check("2024-02", "2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z");
        check("2024-12", "2024-12-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z");
        check("2024-02-29", "2024-02-29T00:00:00.000Z", "2024-03-01T00:00:00.000Z");
        check("1969-12-31T23:59", "1969-12-31T23:59:00.000Z", "1970-01-01T00:00:00.000Z");
        check("2015-02-07T13:28:17Z", "2015-02-07T13:28:17.000Z", "2015-02-07T13:28:18.000Z");
        check("2015-02-07T13:28:17.5Z", "2015-02-07T13:28:17.500Z", "2015-02-07T13:28:17.600Z");
        check("2015-02-07T13:28:17.239Z", "2015-02-07T13:28:17.239Z", "2015-02-07T13:28:17.240Z");
        check("0001", "0001-01-01T00:00:00.000Z", "0002-01-01T00:00:00.000Z");
        check("9999-12-31", "9999-12-31T00:00:00.000Z", "10000-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_zone_moves_the_stretch_and_none_means_utc() {
        check("2015-02-07T13:28:17-05:00", "2015-02-07T18:28:17.000Z", "2015-02-07T18:28:18.000Z");
        check("2015-02-07T00:28:17+05:30", "2015-02-06T18:58:17.000Z", "2015-02-06T18:58:18.000Z");
        check("2015-02-07T00:28:17+14:00", "2015-02-06T10:28:17.000Z", "2015-02-06T10:28:18.000Z");
        check("2015-02-07T13:28:17", "2015-02-07T13:28:17.000Z", "2015-02-07T13:28:18.000Z");
    }

    #[test]
    fn a_leap_second_is_the_first_second_of_the_next_minute() {
        check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z", "2017-01-01T00:00:01.000Z");
    }

    #[test]
    fn finer_than_a_microsecond_is_cut_off() {
        let span = DateSpan::parse("1970-01-01T00:00:00.123456789Z").expect("a FHIR date");
        assert_eq!((span.start_us(), span.end_us()), (123_456, 123_457));
    }

    #[test]
    fn an_error_says_where_the_text_stops_being_a_date() {
        for (text, offset) in [
            ("", 0),
            ("202", 3),
            ("0000", 0),
            ("2023-02-29", 8),
            ("1900-02-29", 8),
            ("2024-13", 5),
            ("2024-3", 6),
            ("2024/03", 4),
            ("2024-03-01 10:00", 10),
            ("2024-03-01T24:00:00Z", 11),
            ("2024-03-01T10", 13),
            ("2024-03-01T10:00:61Z", 17),
            ("2024-03-01T10:00:00.Z", 20),
            ("2024-03-01T10:00:00z", 19),
            ("2024-03-01T10:00:00+14:30", 23),
            ("2024-03-01T10:00:00Zx", 20),
            ("２０２４", 0),
        ] {
            assert_eq!(DateSpan::parse(text), Err(DateError { offset }), "`{text}`");
        }
    }

    #[test]
    fn a_stretch_between_two_ends_is_never_empty_or_reversed() {
        assert_eq!(DateSpan::between(5, 3), DateSpan::between(3, 5));
        for at in [DateSpan::MIN_US, 0, DateSpan::MAX_US] {
            let span = DateSpan::between(at, at);
            assert!(span.start_us() < span.end_us());
        }
    }

    proptest! {
        #[test]
        fn every_millisecond_survives_writing_and_reading(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
            let span = DateSpan::parse(&instant(ms * 1_000)).expect("an instant");
            prop_assert_eq!((span.start_us(), span.end_us()), (ms * 1_000, ms * 1_000 + 1_000));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "[0-9TZ:.+-]{0,30}") {
            let _ = DateSpan::parse(&text);
        }
    }
}
