//! Normal ranges of laboratory values: what Observations and notes alike call low and high.
//!
//! Adults only. As common laboratory manuals give them; a laboratory's own may differ.

use crate::person::Sex;

/// The normal range of a laboratory value in adults, as common laboratory manuals give it.
#[derive(Debug)]
pub(crate) struct Range {
    loinc: &'static [&'static str],
    pub unit: &'static str,
    women: (f64, f64),
    men: (f64, f64),
    /// Beyond these someone is called by telephone.
    critical: (f64, f64),
    pub decimals: u8,
}

impl Range {
    /// Lowest and highest normal value; infinite where the range is open.
    pub(crate) fn normal(&self, sex: Sex) -> (f64, f64) {
        if sex == Sex::Female { self.women } else { self.men }
    }

    /// Code and display of what a value means.
    pub(crate) fn interpret(&self, value: f64, sex: Sex) -> (&'static str, &'static str) {
        let (low, high) = self.normal(sex);
        if value < self.critical.0 {
            ("LL", "Critical low")
        } else if value > self.critical.1 {
            ("HH", "Critical high")
        } else if value < low {
            ("L", "Low")
        } else if value > high {
            ("H", "High")
        } else {
            ("N", "Normal")
        }
    }
}

const NONE: f64 = f64::NEG_INFINITY;
const OPEN: f64 = f64::INFINITY;

/// The same for both sexes.
const fn range(
    loinc: &'static [&'static str],
    unit: &'static str,
    normal: (f64, f64),
    critical: (f64, f64),
    decimals: u8,
) -> Range {
    Range { loinc, unit, women: normal, men: normal, critical, decimals }
}

/// Different for women and men, nothing critical.
const fn by_sex(
    loinc: &'static [&'static str],
    unit: &'static str,
    women: (f64, f64),
    men: (f64, f64),
    decimals: u8,
) -> Range {
    Range { loinc, unit, women, men, critical: (NONE, OPEN), decimals }
}

const CALM: (f64, f64) = (NONE, OPEN);

static RANGES: &[Range] = &[
    range(&["2339-0", "2345-7"], "mg/dL", (70.0, 99.0), (40.0, 450.0), 0),
    range(&["4548-4"], "%", (4.0, 5.6), CALM, 1),
    by_sex(&["2160-0", "38483-4"], "mg/dL", (0.5, 1.1), (0.7, 1.3), 1),
    range(
        &["33914-3", "98979-8", "62238-1", "88294-4", "48642-3", "77147-7", "69405-9"],
        "mL/min/{1.73_m2}",
        (60.0, OPEN),
        CALM,
        0,
    ),
    range(&["3094-0", "6299-2"], "mg/dL", (7.0, 20.0), (NONE, 100.0), 0),
    range(&["2951-2", "2947-0"], "mmol/L", (135.0, 145.0), (120.0, 160.0), 0),
    range(&["2823-3", "6298-4"], "mmol/L", (3.5, 5.1), (2.5, 6.5), 1),
    range(&["2075-0", "2069-3"], "mmol/L", (98.0, 107.0), (80.0, 120.0), 0),
    range(&["2028-9", "20565-8"], "mmol/L", (22.0, 29.0), (10.0, 40.0), 0),
    range(&["17861-6", "49765-1"], "mg/dL", (8.5, 10.5), (6.5, 13.0), 1),
    range(&["2777-1"], "mg/dL", (2.5, 4.5), (1.0, OPEN), 1),
    range(&["19123-9"], "mg/dL", (1.7, 2.2), (1.0, 4.9), 1),
    range(&["2093-3"], "mg/dL", (NONE, 199.0), CALM, 0),
    range(&["2571-8"], "mg/dL", (NONE, 149.0), CALM, 0),
    range(&["18262-6", "13457-7", "2089-1"], "mg/dL", (NONE, 129.0), CALM, 0),
    by_sex(&["2085-9"], "mg/dL", (50.0, OPEN), (40.0, OPEN), 0),
    Range {
        loinc: &["718-7"],
        unit: "g/dL",
        women: (12.0, 15.5),
        men: (13.5, 17.5),
        critical: (7.0, 20.0),
        decimals: 1,
    },
    by_sex(&["4544-3", "20570-8"], "%", (36.0, 46.0), (41.0, 53.0), 0),
    range(&["6690-2", "26464-8"], "10*3/uL", (4.5, 11.0), (2.0, 30.0), 1),
    range(&["777-3", "26515-7"], "10*3/uL", (150.0, 400.0), (20.0, 1_000.0), 0),
    by_sex(&["789-8", "26453-1"], "10*6/uL", (3.9, 5.2), (4.3, 5.9), 1),
    range(&["787-2"], "fL", (80.0, 100.0), CALM, 0),
    range(&["785-6"], "pg", (27.0, 33.0), CALM, 0),
    range(&["786-4"], "g/dL", (32.0, 36.0), CALM, 0),
    range(&["21000-5"], "fL", (39.0, 46.0), CALM, 0),
    range(&["788-0"], "%", (11.5, 14.5), CALM, 1),
    range(&["14959-1", "9318-7"], "mg/g", (NONE, 29.9), CALM, 0),
    range(&["1742-6"], "U/L", (7.0, 56.0), CALM, 0),
    range(&["1920-8"], "U/L", (10.0, 40.0), CALM, 0),
    range(&["6768-6"], "U/L", (44.0, 147.0), CALM, 0),
    range(&["3040-3"], "U/L", (NONE, 160.0), CALM, 0),
    range(&["1975-2"], "mg/dL", (0.1, 1.2), (NONE, 15.0), 1),
    range(&["2885-2"], "g/dL", (6.0, 8.3), CALM, 1),
    range(&["1751-7"], "g/dL", (3.5, 5.0), (1.5, OPEN), 1),
    range(&["30934-4", "42637-9"], "pg/mL", (NONE, 100.0), CALM, 0),
    range(&["33762-6"], "pg/mL", (NONE, 125.0), CALM, 0),
    range(&["10839-9", "42757-5"], "ng/mL", (NONE, 0.04), CALM, 2),
    by_sex(&["89579-7"], "ng/L", (NONE, 16.0), (NONE, 34.0), 0),
    by_sex(&["67151-1"], "ng/L", (NONE, 14.0), (NONE, 22.0), 0),
    range(&["2524-7", "32693-4", "2518-9"], "mmol/L", (0.5, 2.0), (NONE, 4.0), 1),
    range(&["1988-5"], "mg/L", (NONE, 9.9), CALM, 0),
    range(&["33959-8"], "ng/mL", (NONE, 0.1), CALM, 2),
    range(&["30341-2", "4537-7"], "mm/h", (NONE, 20.0), CALM, 0),
    range(&["6301-6", "34714-6"], "{INR}", (0.8, 1.2), (NONE, 5.0), 1),
    range(&["5902-2"], "s", (11.0, 13.5), CALM, 1),
    range(&["3173-2", "14979-9"], "s", (25.0, 35.0), CALM, 0),
    range(&["48065-7"], "ug/mL", (NONE, 0.5), CALM, 2),
    range(&["3016-3", "11580-8"], "m[IU]/L", (0.4, 4.0), CALM, 1),
    range(&["3024-7"], "ng/dL", (0.8, 1.8), CALM, 1),
    range(&["2857-1"], "ng/mL", (NONE, 4.0), CALM, 1),
    by_sex(&["2276-4"], "ng/mL", (12.0, 150.0), (24.0, 336.0), 0),
    range(&["2498-4"], "ug/dL", (60.0, 170.0), CALM, 0),
    range(&["2132-9"], "pg/mL", (200.0, 900.0), CALM, 0),
    by_sex(&["3084-1"], "mg/dL", (2.4, 6.0), (3.4, 7.0), 1),
    range(&["2744-1"], "[pH]", (7.35, 7.45), (7.2, 7.6), 2),
    range(&["2019-8"], "mm[Hg]", (35.0, 45.0), (20.0, 70.0), 0),
    range(&["2703-7"], "mm[Hg]", (75.0, 100.0), (40.0, OPEN), 0),
    range(&["59408-5", "2708-6"], "%", (95.0, 100.0), (85.0, OPEN), 0),
];

/// The range of a result, by whichever of its LOINC codes has one.
pub(crate) fn find(has: impl Fn(&str) -> bool) -> Option<&'static Range> {
    RANGES.iter().find(|range| range.loinc.iter().any(|loinc| has(loinc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_normal_and_beyond_it_is_not() {
        let found = |loinc: &str| find(|code| code == loinc).expect("a range");
        let check = |loinc, value, sex, expected| {
            assert_eq!(found(loinc).interpret(value, sex).0, expected, "{loinc} {value}");
        };
        check("718-7", 12.0, Sex::Female, "N");
        check("718-7", 12.0, Sex::Male, "L");
        check("718-7", 6.9, Sex::Female, "LL");
        check("2823-3", 5.1, Sex::Male, "N");
        check("2823-3", 5.2, Sex::Male, "H");
        check("2823-3", 6.6, Sex::Male, "HH");
    }

    #[test]
    fn no_code_has_two_ranges() {
        let mut seen = std::collections::BTreeSet::new();
        for loinc in RANGES.iter().flat_map(|range| range.loinc) {
            assert!(seen.insert(loinc), "{loinc}");
        }
    }
}
