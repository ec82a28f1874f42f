//! What a comparison prefix means: the one place that decides whether a stored value answers it.
//!
//! R4 defines prefixes over ranges: a stored value is a range (a day, a period, a quantity with
//! a comparator), and so is a search value (its precision implies one).
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#prefix>

use crate::{DateSpan, search::Prefix};

/// Whether a stored stretch of time answers a search for `prefix` and `search`.
///
/// `ap` widens the search by a tenth of the time between it and `now_us`, and asks for overlap.
pub fn date_matches(prefix: Prefix, search: DateSpan, stored: DateSpan, now_us: i64) -> bool {
    let contains = search.start_us() <= stored.start_us() && stored.end_us() <= search.end_us();
    let reaches_after = stored.end_us() > search.end_us();
    let reaches_before = stored.start_us() < search.start_us();
    match prefix {
        Prefix::Eq => contains,
        Prefix::Ne => !contains,
        Prefix::Gt => reaches_after,
        Prefix::Lt => reaches_before,
        Prefix::Ge => reaches_after || contains,
        Prefix::Le => reaches_before || contains,
        Prefix::Sa => stored.start_us() >= search.end_us(),
        Prefix::Eb => stored.end_us() <= search.start_us(),
        Prefix::Ap => {
            let from_now = now_us.clamp(search.start_us(), search.end_us()) - now_us;
            let margin = from_now.abs() / 10;
            let (start_us, end_us) =
                (search.start_us().saturating_sub(margin), search.end_us().saturating_add(margin));
            stored.start_us() < end_us && start_us < stored.end_us()
        }
    }
}

/// Whether a stored number or range answers a search.
///
/// `value` is the search value as written and `low..high` what its precision implies; the stored
/// value is exact, its ends equal unless it is a range or has a comparator, open ends infinite.
/// `eq` and `ne` use the implied range, the others the value itself, as R4's examples do.
///
/// `ap` asks for overlap with a tenth of the value to either side.
pub fn number_matches(
    prefix: Prefix,
    value: f64,
    low: f64,
    high: f64,
    stored_low: f64,
    stored_high: f64,
) -> bool {
    let contains = low <= stored_low
        && (stored_high < high || stored_low == stored_high && stored_low == value);
    match prefix {
        Prefix::Eq => contains,
        Prefix::Ne => !contains,
        Prefix::Gt => stored_high > value,
        Prefix::Lt => stored_low < value,
        Prefix::Ge => stored_high >= value,
        Prefix::Le => stored_low <= value,
        Prefix::Sa => stored_low > value,
        Prefix::Eb => stored_high < value,
        Prefix::Ap => {
            let margin = (value.abs() / 10.0).max((high - low) / 2.0);
            stored_low <= value + margin && value - margin <= stored_high
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Prefix::{Ap, Eb, Eq, Ge, Gt, Le, Lt, Ne, Sa};

    /// The prefixes that a stored date answers, of all nine.
    #[track_caller]
    fn check_date(stored: DateSpan, search: &str, expected: &[Prefix]) {
        let now = DateSpan::parse("2024-07-01").expect("a date").start_us();
        let search_span = DateSpan::parse(search).expect("a date");
        let all = [Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb, Ap];
        let found: Vec<_> = all
            .into_iter()
            .filter(|&prefix| date_matches(prefix, search_span, stored, now))
            .collect();
        assert_eq!(found, expected, "{stored:?} against `{search}`");
    }

    fn date(text: &str) -> DateSpan {
        DateSpan::parse(text).expect("a date")
    }

    fn period(start: Option<&str>, end: Option<&str>) -> DateSpan {
        DateSpan::between(
            start.map_or(DateSpan::MIN_US, |text| date(text).start_us()),
            end.map_or(DateSpan::MAX_US, |text| date(text).end_us()),
        )
    }

    #[test]
    fn precision_decides_which_dates_match() {
        check_date(date("2024-03-15"), "2024-03-15", &[Eq, Ge, Le, Ap]);
        check_date(date("2024-03-15"), "2024-03", &[Eq, Ge, Le, Ap]);
        check_date(date("2024-03"), "2024-03-15", &[Ne, Gt, Lt, Ge, Le, Ap]);
        check_date(date("2024-03-15T10:00:00Z"), "2024-03-15", &[Eq, Ge, Le, Ap]);
        check_date(date("2024-03-14"), "2024-03-15", &[Ne, Lt, Le, Eb, Ap]);
        check_date(date("2024-03-16"), "2024-03-15", &[Ne, Gt, Ge, Sa, Ap]);
        check_date(date("2020"), "2024-03-15", &[Ne, Lt, Le, Eb]);
    }

    #[test]
    fn a_period_reaches_as_far_as_its_ends() {
        check_date(period(Some("2024-01"), Some("2024-06")), "2024-03", &[Ne, Gt, Lt, Ge, Le, Ap]);
        check_date(period(Some("2024-03-05"), Some("2024-03-20")), "2024-03", &[Eq, Ge, Le, Ap]);
        check_date(period(Some("2024-03-05"), None), "2024-03", &[Ne, Gt, Ge, Ap]);
        check_date(period(None, Some("2024-03-05")), "2024-03", &[Ne, Lt, Le, Ap]);
        check_date(period(Some("2025"), None), "2024-03", &[Ne, Gt, Ge, Sa]);
        check_date(period(None, None), "2024-03", &[Ne, Gt, Lt, Ge, Le, Ap]);
    }

    #[test]
    fn approximately_widens_with_the_distance_from_now() {
        // 2004-07 is twenty years away, so two years to either side count as near.
        check_date(date("2006-01"), "2004-07", &[Ne, Gt, Ge, Sa, Ap]);
        check_date(date("2006-12"), "2004-07", &[Ne, Gt, Ge, Sa]);
        // The search covers now: no margin.
        check_date(date("2023-12"), "2024", &[Ne, Lt, Le, Eb]);
    }

    /// The prefixes that a stored number answers when searching for 100, which implies 99.5 to 100.5.
    #[track_caller]
    fn check_number(stored_low: f64, stored_high: f64, expected: &[Prefix]) {
        let all = [Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb, Ap];
        let matches = |prefix| number_matches(prefix, 100.0, 99.5, 100.5, stored_low, stored_high);
        let found: Vec<_> = all.into_iter().filter(|&prefix| matches(prefix)).collect();
        assert_eq!(found, expected, "{stored_low} to {stored_high}");
    }

    #[test]
    fn a_number_equals_what_the_searched_digits_imply() {
        check_number(100.0, 100.0, &[Eq, Ge, Le, Ap]);
        check_number(99.5, 99.5, &[Eq, Lt, Le, Eb, Ap]);
        check_number(100.4, 100.4, &[Eq, Gt, Ge, Sa, Ap]);
        check_number(100.5, 100.5, &[Ne, Gt, Ge, Sa, Ap]);
        check_number(110.0, 110.0, &[Ne, Gt, Ge, Sa, Ap]);
        check_number(111.0, 111.0, &[Ne, Gt, Ge, Sa]);
        check_number(89.0, 89.0, &[Ne, Lt, Le, Eb]);
    }

    #[test]
    fn a_range_or_a_comparator_reaches_both_ways() {
        check_number(90.0, 110.0, &[Ne, Gt, Lt, Ge, Le, Ap]);
        check_number(99.6, 100.4, &[Eq, Gt, Lt, Ge, Le, Ap]);
        check_number(f64::NEG_INFINITY, 50.0, &[Ne, Lt, Le, Eb]);
        check_number(200.0, f64::INFINITY, &[Ne, Gt, Ge, Sa]);
    }

    #[test]
    fn a_value_too_large_for_its_digits_still_equals_itself() {
        assert!(number_matches(Eq, 1e300, 1e300, 1e300, 1e300, 1e300));
        assert!(number_matches(Ap, 0.0, -0.5, 0.5, 0.2, 0.2));
    }
}
