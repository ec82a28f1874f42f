//! Tests and vital signs under the names clinicians give them, and units as they write them.

use crate::person::Sex;
use crate::ranges;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A test.
#[derive(Debug)]
pub(super) struct Lab {
    pub loinc: &'static [&'static str],
    pub full: &'static str,
    pub short: &'static str,
    /// The order in a result list; results of one group stand in one line.
    pub group: u8,
    /// Below and above these numbers it is remarked on, where [`ranges`] has no normal range: scores
    /// mostly; `NAN`: never.
    low: f64,
    high: f64,
}

const fn l(
    loinc: &'static [&'static str],
    full: &'static str,
    short: &'static str,
    group: u8,
    low: f64,
    high: f64,
) -> Lab {
    Lab { loinc, full, short, group, low, high }
}

const N: f64 = f64::NAN;

/// Names of groups.
pub(super) const GROUPS: [&[&str]; 8] = [
    &["CBC"],
    &["BMP", "Chem"],
    &["LFTs"],
    &["Lipids", "Lipid panel"],
    &["Endo", "DM labs"],
    &["Cardiac", "Cardiac labs"],
    &["Other labs", "Misc"],
    &["Scores", "Screening"],
];

pub(super) static LABS: &[Lab] = &[
    l(&["6690-2", "26464-8"], "white count", "WBC", 0, N, N),
    l(&["718-7", "20509-6"], "hemoglobin", "Hgb", 0, N, N),
    l(&["4544-3", "20570-8"], "hematocrit", "Hct", 0, N, N),
    l(&["777-3", "26515-7"], "platelets", "Plt", 0, N, N),
    l(&["787-2"], "MCV", "MCV", 0, N, N),
    l(&["2951-2", "2947-0"], "sodium", "Na", 1, N, N),
    l(&["2823-3", "6298-4"], "potassium", "K", 1, N, N),
    l(&["2075-0", "2069-3"], "chloride", "Cl", 1, N, N),
    l(&["2028-9", "20565-8", "1963-8"], "bicarbonate", "CO2", 1, N, N),
    l(&["3094-0", "6299-2"], "BUN", "BUN", 1, N, N),
    l(&["2160-0", "38483-4"], "creatinine", "Cr", 1, N, N),
    l(
        &["33914-3", "98979-8", "62238-1", "48642-3", "48643-1", "77147-7", "69405-9"],
        "eGFR",
        "eGFR",
        1,
        N,
        N,
    ),
    l(&["2345-7", "2339-0", "1558-6", "41653-7"], "glucose", "Glu", 1, N, N),
    l(&["17861-6", "49765-1"], "calcium", "Ca", 1, N, N),
    l(&["1742-6"], "ALT", "ALT", 2, N, N),
    l(&["1920-8"], "AST", "AST", 2, N, N),
    l(&["6768-6"], "alkaline phosphatase", "ALP", 2, N, N),
    l(&["1975-2"], "total bilirubin", "T bili", 2, N, N),
    l(&["1751-7"], "albumin", "Alb", 2, N, N),
    l(&["2093-3"], "total cholesterol", "TC", 3, N, N),
    l(&["18262-6", "13457-7", "2089-1"], "LDL", "LDL", 3, N, N),
    l(&["2085-9"], "HDL", "HDL", 3, N, N),
    l(&["2571-8"], "triglycerides", "TG", 3, N, N),
    l(&["4548-4"], "hemoglobin A1c", "A1c", 4, N, N),
    l(
        &["14959-1", "9318-7", "30000-4", "13705-9"],
        "urine albumin/creatinine ratio",
        "ACR",
        4,
        N,
        N,
    ),
    l(&["3016-3", "11580-8"], "TSH", "TSH", 4, N, N),
    l(
        &["10839-9", "6598-7", "89579-7", "49563-0", "42757-5", "67151-1"],
        "troponin",
        "trop",
        5,
        N,
        N,
    ),
    l(&["30934-4", "42637-9"], "BNP", "BNP", 5, N, N),
    l(&["33762-6"], "NT-proBNP", "NT-proBNP", 5, N, N),
    l(&["10230-1", "8806-2", "18043-0"], "ejection fraction", "LVEF", 5, 50.0, N),
    l(&["6301-6", "34714-6"], "INR", "INR", 5, N, N),
    l(&["2524-7", "32693-4", "2518-9"], "lactate", "lactate", 6, N, N),
    l(&["1988-5"], "C-reactive protein", "CRP", 6, N, N),
    l(&["33959-8", "75241-0"], "procalcitonin", "PCT", 6, N, N),
    l(&["30341-2", "4537-7"], "ESR", "ESR", 6, N, N),
    l(&["2857-1", "19195-7"], "PSA", "PSA", 6, N, N),
    l(&["2276-4"], "ferritin", "ferritin", 6, N, N),
    l(&["2039-6"], "CEA", "CEA", 6, N, 5.0),
    l(&["44261-6"], "PHQ-9", "PHQ-9", 7, N, 9.0),
    l(&["55758-7"], "PHQ-2", "PHQ-2", 7, N, 2.0),
    l(&["70274-6"], "GAD-7", "GAD-7", 7, N, 9.0),
    l(&["75626-2"], "AUDIT-C", "AUDIT-C", 7, N, 4.0),
    l(&["82667-7"], "DAST-10", "DAST-10", 7, N, 2.0),
    l(&["72106-8"], "MMSE", "MMSE", 7, N, N),
    l(&["72172-0", "72133-2"], "MoCA", "MoCA", 7, 26.0, N),
    l(&["9269-2"], "GCS", "GCS", 7, N, N),
    l(&["59460-6"], "Morse fall score", "Morse", 7, N, 44.0),
    l(&["33452-4", "9273-4", "9272-6"], "1-min Apgar", "Apgar 1", 7, N, N),
    l(&["9274-2"], "5-min Apgar", "Apgar 5", 7, N, N),
    l(&["80382-5"], "influenza A antigen", "flu A", 6, N, N),
    l(&["94500-6"], "SARS-CoV-2 PCR", "COVID PCR", 6, N, N),
    l(&["92131-2"], "RSV PCR", "RSV", 6, N, N),
    l(&["78012-2"], "rapid strep", "RST", 6, N, N),
    l(&["600-7"], "blood culture", "BCx", 6, N, N),
    l(&["630-4"], "urine culture", "UCx", 6, N, N),
    l(&["2106-3"], "urine hCG", "UPT", 6, N, N),
    l(&["20454-5"], "urine protein", "UA protein", 6, N, N),
    l(&["3040-3"], "lipase", "lipase", 6, N, N),
    l(&["48065-7"], "D-dimer", "D-dimer", 6, N, N),
    l(&["19926-5"], "FEV1/FVC", "FEV1/FVC", 6, N, N),
    l(&["55283-6"], "fetal heart rate", "FHR", 6, N, N),
    l(&["1504-0"], "1-hour glucose challenge", "GCT", 6, N, 140.0),
    l(&["33756-8"], "polyp size", "polyp size", 6, N, N),
    l(&["21908-9"], "clinical stage", "stage", 6, N, N),
    l(&["85337-4"], "estrogen receptor", "ER", 6, N, N),
    l(&["85339-0"], "progesterone receptor", "PR", 6, N, N),
    l(&["85319-2"], "HER2", "HER2", 6, N, N),
    l(&["11884-4"], "gestational age", "GA", 6, N, N),
    l(&["8339-4"], "birth weight", "BW", 6, N, N),
];

/// LOINC codes of vital signs.
pub(super) const BP: &str = "85354-9";
pub(super) const BP_OLD: &str = "55284-4";
pub(super) const SYSTOLIC: &str = "8480-6";
pub(super) const DIASTOLIC: &str = "8462-4";
pub(super) const HEART_RATE: &str = "8867-4";
pub(super) const RESPIRATION: &str = "9279-1";
pub(super) const TEMPERATURE: &str = "8310-5";
pub(super) const SATURATION: &[&str] = &["2708-6", "59408-5"];
pub(super) const WEIGHT: &str = "29463-7";
pub(super) const HEIGHT: &str = "8302-2";
pub(super) const BMI: &str = "39156-5";
pub(super) const HEAD: &str = "9843-4";
pub(super) const HEAD_OLD: &str = "8287-5";
pub(super) const PAIN: &[&str] = &["72514-3", "38208-5", "38221-8"];
pub(super) const BMI_PERCENTILE: &str = "59576-9";
pub(super) const SMOKING: &str = "72166-2";
pub(super) const AUDIT_C: &str = "75626-2";

/// The test a LOINC code names, if we know it.
pub(super) fn find(loinc: &str) -> Option<&'static Lab> {
    static INDEX: OnceLock<HashMap<&'static str, &'static Lab>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        LABS.iter().flat_map(|lab| lab.loinc.iter().map(move |code| (*code, lab))).collect()
    });
    index.get(loinc).copied()
}

/// The mark an adult's result gets, as its Observation is interpreted; nothing for a normal one.
pub(super) fn flag(loinc: &str, ucum: &str, value: f64, sex: Sex) -> &'static str {
    let lower = " (L)";
    let higher = " (H)";
    if let Some(range) = ranges::find(|code| code == loinc).filter(|range| range.unit == ucum) {
        return match range.interpret(value, sex).0 {
            "L" | "LL" => lower,
            "H" | "HH" => higher,
            _ => "",
        };
    }
    match find(loinc) {
        Some(lab) if value < lab.low => lower,
        Some(lab) if value > lab.high => higher,
        _ => "",
    }
}

/// A UCUM unit as clinicians write it.
pub(super) fn unit(ucum: &str) -> &str {
    match ucum {
        "mm[Hg]" => "mmHg",
        "Cel" => "°C",
        "[degF]" => "°F",
        "10*3/uL" | "10*9/L" => "K/uL",
        "10*6/uL" | "10*12/L" => "M/uL",
        "mL/min/{1.73_m2}" | "mL/min/1.73.m2" | "mL/min/1.73m2" | "mL/min" => "mL/min/1.73m2",
        "/min" | "{beats}/min" | "{breaths}/min" => "/min",
        "m[IU]/L" | "m[IU]/mL" => "mIU/L",
        "u[IU]/mL" => "uIU/mL",
        "mmol/L" => "mmol/L",
        "meq/L" => "mEq/L",
        "U/L" | "[iU]/L" => "U/L",
        "[lb_av]" => "lb",
        "[in_i]" => "in",
        "{score}" | "{nominal}" | "{T}" | "1" | "{INR}" | "{#}" | "{count}" | "{Number}" => "",
        "ug/L" => "mcg/L",
        "ug/mL" => "mcg/mL",
        // Annotations in braces say nothing a clinician would write.
        other => other.split('{').next().unwrap_or(""),
    }
}
