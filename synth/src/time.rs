//! Moments and calendar days, in UTC. No clock: the end of a run is given.
//!
//! Months and years of durations are nominal (30 and 365 days), as in the Generic Module
//! Framework; ages count birthdays.

/// A moment: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// One minute, in seconds.
pub const MINUTE: i64 = 60;
/// One hour, in seconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day, in seconds.
pub const DAY: i64 = 24 * HOUR;
/// One week, in seconds.
pub const WEEK: i64 = 7 * DAY;
/// A nominal month of 30 days, in seconds.
pub const MONTH: i64 = 30 * DAY;
/// A nominal year of 365 days, in seconds.
pub const YEAR: i64 = 365 * DAY;

/// A moment as a calendar shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 59.
    pub second: u32,
}

impl Time {
    /// Midnight of a day.
    pub fn of_date(year: i32, month: u32, day: u32) -> Self {
        Self(days_from_civil(year, month, day) * DAY)
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse_date(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let year: i32 = parts.next().filter(|p| p.len() == 4)?.parse().ok()?;
        let month: u32 = parts.next().filter(|p| p.len() == 2)?.parse().ok()?;
        let day: u32 = parts.next().filter(|p| p.len() == 2)?.parse().ok()?;
        let time = Self::of_date(year, month, day);
        let civil = time.civil();
        ((civil.year, civil.month, civil.day) == (year, month, day)).then_some(time)
    }

    /// What the calendar shows.
    pub fn civil(self) -> Civil {
        let days = self.0.div_euclid(DAY);
        let rest = self.0.rem_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: (rest / HOUR) as u32,
            minute: (rest % HOUR / MINUTE) as u32,
            second: (rest % MINUTE) as u32,
        }
    }

    /// Days since 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Midnight of the same day.
    pub fn midnight(self) -> Self {
        Self(self.day() * DAY)
    }

    /// Day of the week, Monday 0 to Sunday 6.
    pub fn weekday(self) -> u32 {
        (self.day() + 3).rem_euclid(7) as u32
    }

    /// Moved by so many seconds.
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// Seconds from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Birthdays passed, for someone born at `birth`.
    pub fn age_years(self, birth: Self) -> i32 {
        let (now, born) = (self.civil(), birth.civil());
        now.year - born.year - i32::from((now.month, now.day) < (born.month, born.day))
    }

    /// Months of age passed, for someone born at `birth`.
    pub fn age_months(self, birth: Self) -> i32 {
        let (now, born) = (self.civil(), birth.civil());
        (now.year - born.year) * 12 + now.month as i32
            - born.month as i32
            - i32::from(now.day < born.day)
    }

    /// The same calendar day and time so many years later; 29 February becomes 28.
    pub fn plus_years(self, years: i32) -> Self {
        let civil = self.civil();
        let day = if civil.month == 2 && civil.day == 29 { 28 } else { civil.day };
        Self::of_date(civil.year + years, civil.month, day).plus(self.0.rem_euclid(DAY))
    }

    /// Writes `YYYY-MM-DD`.
    pub fn write_date(self, out: &mut Vec<u8>) {
        let civil = self.civil();
        digits(out, civil.year as u32, 4);
        out.push(b'-');
        digits(out, civil.month, 2);
        out.push(b'-');
        digits(out, civil.day, 2);
    }

    /// Writes a FHIR `dateTime` or `instant`: `YYYY-MM-DDThh:mm:ssZ`.
    pub fn write(self, out: &mut Vec<u8>) {
        let civil = self.civil();
        self.write_date(out);
        out.push(b'T');
        digits(out, civil.hour, 2);
        out.push(b':');
        digits(out, civil.minute, 2);
        out.push(b':');
        digits(out, civil.second, 2);
        out.push(b'Z');
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = Vec::with_capacity(20);
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

fn digits(out: &mut Vec<u8>, value: u32, width: usize) {
    let mut text = [b'0'; 10];
    let mut rest = value;
    for place in text[..width].iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text[..width]);
}

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar.
fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let month = i64::from(month);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = (if shifted < 10 { shifted + 3 } else { shifted - 9 }) as u32;
    ((year + era * 400 + i64::from(month <= 2)) as i32, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_agrees_with_itself() {
        for day in (-40_000..40_000).step_by(7) {
            let time = Time(day * DAY);
            let civil = time.civil();
            assert_eq!(Time::of_date(civil.year, civil.month, civil.day), time);
        }
        assert_eq!(Time::of_date(2026, 11, 30).weekday(), 0);
        assert_eq!(Time::of_date(2024, 2, 29).plus(3_661).to_string(), "2024-02-29T01:01:01Z");
        assert_eq!(Time::parse_date("2023-02-29"), None);
    }

    #[test]
    fn ages_count_birthdays() {
        let birth = Time::of_date(2000, 2, 29);
        assert_eq!(Time::of_date(2001, 2, 28).age_years(birth), 0);
        assert_eq!(Time::of_date(2001, 3, 1).age_years(birth), 1);
        assert_eq!(Time::of_date(2000, 4, 28).age_months(birth), 1);
    }
}
