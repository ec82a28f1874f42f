//! Names of code systems and profiles, and our own small tables: normal ranges, questionnaires.

use crate::person::Sex;
use crate::vocabulary::Code;

/// Before the name of each US Core profile.
pub(super) const PROFILES: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";
/// Before the name of each US Core extension.
pub(super) const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-";
pub(super) const US_CORE_PROVENANCE_TYPE: &str =
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type";
pub(super) const US_CORE_NOTE_CATEGORY: &str =
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
pub(super) const US_CORE_PLAN_CATEGORY: &str =
    "http://hl7.org/fhir/us/core/CodeSystem/careplan-category";

// Identifiers of our own, in a domain kept for examples (RFC 2606).
pub(super) const PATIENT_SYSTEM: &str = "https://tarn.example/synth/mrn";
pub(super) const MEMBER_SYSTEM: &str = "https://tarn.example/synth/member";
pub(super) const FACILITY_SYSTEM: &str = "https://tarn.example/synth/facility";
pub(super) const PRACTITIONER_SYSTEM: &str = "https://tarn.example/synth/clinician";
pub(super) const DOCUMENT_SYSTEM: &str = "https://tarn.example/synth/document";
pub(super) const DEVICE_SYSTEM: &str = "https://tarn.example/synth/device";

pub(super) const SNOMED: &str = "http://snomed.info/sct";
pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
pub(super) const NUCC: &str = "http://nucc.org/provider-taxonomy";
pub(super) const RACE_AND_ETHNICITY: &str = "urn:oid:2.16.840.1.113883.6.238";
pub(super) const MOTHERS_MAIDEN_NAME: &str =
    "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";
pub(super) const GEOLOCATION: &str = "http://hl7.org/fhir/StructureDefinition/geolocation";

pub(super) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(super) const ACT_PRIORITY: &str = "http://terminology.hl7.org/CodeSystem/v3-ActPriority";
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(super) const ADJUDICATION: &str = "http://terminology.hl7.org/CodeSystem/adjudication";
pub(super) const ADMIT_SOURCE: &str = "http://terminology.hl7.org/CodeSystem/admit-source";
pub(super) const ALLERGY_CLINICAL: &str =
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
pub(super) const ALLERGY_VERIFICATION: &str =
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
pub(super) const BED_STATUS: &str = "http://terminology.hl7.org/CodeSystem/v2-0116";
pub(super) const CLAIM_CARE_TEAM_ROLE: &str =
    "http://terminology.hl7.org/CodeSystem/claimcareteamrole";
pub(super) const CLAIM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/claim-type";
pub(super) const CONDITION_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/condition-category";
pub(super) const CONDITION_CLINICAL: &str =
    "http://terminology.hl7.org/CodeSystem/condition-clinical";
pub(super) const CONDITION_VERIFICATION: &str =
    "http://terminology.hl7.org/CodeSystem/condition-ver-status";
pub(super) const COVERAGE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/coverage-class";
pub(super) const COVERAGE_SELF_PAY: &str = "http://terminology.hl7.org/CodeSystem/coverage-selfpay";
pub(super) const DIAGNOSIS_ROLE: &str = "http://terminology.hl7.org/CodeSystem/diagnosis-role";
pub(super) const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub(super) const DISCHARGE: &str = "http://terminology.hl7.org/CodeSystem/discharge-disposition";
pub(super) const GENDER: &str = "http://hl7.org/fhir/administrative-gender";
pub(super) const GOAL_ACHIEVEMENT: &str = "http://terminology.hl7.org/CodeSystem/goal-achievement";
pub(super) const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
pub(super) const INTERPRETATION: &str =
    "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
pub(super) const LOCATION_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/location-physical-type";
pub(super) const MARITAL_STATUS: &str = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
pub(super) const MEDICATION_ADMINISTRATION_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/medication-admin-category";
pub(super) const MEDICATION_REQUEST_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/medicationrequest-category";
pub(super) const MEDICATION_REQUEST_COURSE: &str =
    "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy";
pub(super) const OBSERVATION_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/observation-category";
pub(super) const ORGANIZATION_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/organization-type";
pub(super) const PARTICIPATION_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const PAYMENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/ex-paymenttype";
pub(super) const PROCESS_PRIORITY: &str = "http://terminology.hl7.org/CodeSystem/processpriority";
pub(super) const PROVENANCE_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
pub(super) const REPORT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";
pub(super) const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
pub(super) const SUBSCRIBER: &str = "http://terminology.hl7.org/CodeSystem/subscriber-relationship";
pub(super) const SUPPLY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/supply-item-type";

// Purposes of `Subject::chance`.
pub(super) const CHANCE_HOME: u8 = 0;
pub(super) const CHANCE_MEMBER: u8 = 1;
pub(super) const CHANCE_FEE: u8 = 2;
pub(super) const CHANCE_LOT: u8 = 3;
pub(super) const CHANCE_SERIAL: u8 = 4;
pub(super) const CHANCE_ANSWERS: u8 = 5;
pub(super) const CHANCE_STUDY: u8 = 6;

/// The URI of a system a module named in its own way.
pub(super) fn system(name: &str) -> &str {
    match name {
        "NUBC" => "https://www.nubc.org/CodeSystem/PatDischargeStatus",
        "DICOM-DCM" => DICOM,
        "DICOM-SOP" => "urn:ietf:rfc:3986",
        "HL7" | "DISCHARGE" | "discharge-disposition" => DISCHARGE,
        "CPT" => "http://www.ama-assn.org/go/cpt",
        "NUCC" => NUCC,
        "UCUM" => UCUM,
        name => name,
    }
}

/// A DICOM SOP class is an OID, and `urn:ietf:rfc:3986` holds URIs.
pub(super) fn is_oid_without_prefix(name: &str, code: &str) -> bool {
    system(name) == "urn:ietf:rfc:3986" && code.starts_with(|first: char| first.is_ascii_digit())
}

/// A language's English name.
pub(super) fn language(code: &str) -> &'static str {
    match code.split('-').next().unwrap_or(code) {
        "en" => "English",
        "es" => "Spanish",
        "zh" => "Chinese",
        "vi" => "Vietnamese",
        "tl" | "fil" => "Tagalog",
        "ko" => "Korean",
        "ru" => "Russian",
        "fr" => "French",
        "ht" => "Haitian Creole",
        "pt" => "Portuguese",
        "ar" => "Arabic",
        "hi" => "Hindi",
        "de" => "German",
        "it" => "Italian",
        "ja" => "Japanese",
        "pl" => "Polish",
        "so" => "Somali",
        "hmn" => "Hmong",
        "fa" => "Persian",
        "ur" => "Urdu",
        "gu" => "Gujarati",
        "bn" => "Bengali",
        "pa" => "Punjabi",
        "nv" => "Navajo",
        "sm" => "Samoan",
        "haw" => "Hawaiian",
        _ => "",
    }
}

/// What HL7 calls a relative, and their sex where the word says it.
pub(super) fn relative(code: &str) -> (&'static str, Option<Sex>) {
    match code {
        "MTH" | "NMTH" => ("mother", Some(Sex::Female)),
        "FTH" | "NFTH" => ("father", Some(Sex::Male)),
        "SIS" | "NSIS" => ("sister", Some(Sex::Female)),
        "BRO" | "NBRO" => ("brother", Some(Sex::Male)),
        "GRMTH" => ("grandmother", Some(Sex::Female)),
        "GRFTH" => ("grandfather", Some(Sex::Male)),
        "MGRMTH" => ("maternal grandmother", Some(Sex::Female)),
        "MGRFTH" => ("maternal grandfather", Some(Sex::Male)),
        "PGRMTH" => ("paternal grandmother", Some(Sex::Female)),
        "PGRFTH" => ("paternal grandfather", Some(Sex::Male)),
        "AUNT" => ("aunt", Some(Sex::Female)),
        "MAUNT" => ("maternal aunt", Some(Sex::Female)),
        "PAUNT" => ("paternal aunt", Some(Sex::Female)),
        "UNCLE" => ("uncle", Some(Sex::Male)),
        "MUNCLE" => ("maternal uncle", Some(Sex::Male)),
        "PUNCLE" => ("paternal uncle", Some(Sex::Male)),
        "DAU" | "DAUC" => ("daughter", Some(Sex::Female)),
        "SON" | "SONC" => ("son", Some(Sex::Male)),
        _ => ("", None),
    }
}

/// The system and display of a coverage type.
pub(super) fn coverage_type(code: &str) -> (&'static str, &'static str) {
    match code {
        "pay" => (COVERAGE_SELF_PAY, "Pay"),
        "EHCPOL" => (ACT_CODE, "extended healthcare"),
        "HIP" => (ACT_CODE, "health insurance plan policy"),
        "HMO" => (ACT_CODE, "health maintenance organization policy"),
        "PPO" => (ACT_CODE, "preferred provider organization policy"),
        "POS" => (ACT_CODE, "point of service policy"),
        "MCPOL" => (ACT_CODE, "managed care policy"),
        "PUBLICPOL" => (ACT_CODE, "public healthcare"),
        "RETIRE" => (ACT_CODE, "retiree health program"),
        "SUBSIDIZ" => (ACT_CODE, "subsidized health program"),
        "SUBSUPP" => (ACT_CODE, "subsidized supplemental health program"),
        "VET" => (ACT_CODE, "veteran health program"),
        "MILITARY" => (ACT_CODE, "military health program"),
        "SOCIAL" => (ACT_CODE, "social service program"),
        "CHAR" => (ACT_CODE, "charity program"),
        _ => (ACT_CODE, ""),
    }
}

/// Vital signs with a US Core profile of their own, and the units it allows.
const VITALS: &[(&str, &str, &[&str])] = &[
    ("8302-2", "us-core-body-height", &["cm", "[in_i]"]),
    ("29463-7", "us-core-body-weight", &["kg", "g", "[lb_av]"]),
    ("39156-5", "us-core-bmi", &["kg/m2"]),
    ("8867-4", "us-core-heart-rate", &["/min"]),
    ("9279-1", "us-core-respiratory-rate", &["/min"]),
    ("8310-5", "us-core-body-temperature", &["Cel", "[degF]"]),
    ("9843-4", "us-core-head-circumference", &["cm", "[in_i]"]),
    ("59576-9", "pediatric-bmi-for-age", &["%"]),
    ("77606-2", "pediatric-weight-for-height", &["%"]),
    ("8289-1", "head-occipital-frontal-circumference-percentile", &["%"]),
];

/// The normal range of a laboratory value in adults, as common laboratory manuals give it.
#[derive(Debug)]
pub(super) struct Range {
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
    pub(super) fn normal(&self, sex: Sex) -> (f64, f64) {
        if sex == Sex::Female { self.women } else { self.men }
    }

    /// Code and display of what a value means.
    pub(super) fn interpret(&self, value: f64, sex: Sex) -> (&'static str, &'static str) {
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

/// A questionnaire of which modules record the total only.
#[derive(Debug)]
pub(super) struct Questionnaire {
    /// Of the total.
    pub total: &'static str,
    /// Of the panel: what `questionnaire` names.
    pub panel: &'static str,
    /// LOINC codes of the items, and what they ask, in our own words.
    pub items: &'static [(&'static str, &'static str)],
}

/// The answers of both, worth 0 to 3.
pub(super) const ANSWERS: [(&str, &str); 4] = [
    ("LA6568-5", "Not at all"),
    ("LA6569-3", "Several days"),
    ("LA6570-1", "More than half the days"),
    ("LA6571-9", "Nearly every day"),
];

static QUESTIONNAIRES: &[Questionnaire] = &[
    Questionnaire {
        total: "44261-6",
        panel: "44249-1",
        items: &[
            ("44250-9", "Little interest or joy in doing things"),
            ("44255-8", "Low spirits or hopelessness"),
            ("44259-0", "Sleeping badly or too much"),
            ("44254-1", "Tiredness"),
            ("44251-7", "Eating too little or too much"),
            ("44258-2", "Thinking badly of oneself"),
            ("44252-5", "Trouble concentrating"),
            ("44253-3", "Being slowed down or restless"),
            ("44260-8", "Thoughts of death or self-harm"),
        ],
    },
    Questionnaire {
        total: "70274-6",
        panel: "69737-5",
        items: &[
            ("69725-0", "Nervousness"),
            ("68509-9", "Worry that cannot be stopped"),
            ("69733-4", "Worry about many things"),
            ("69734-2", "Trouble relaxing"),
            ("69735-9", "Restlessness"),
            ("69689-8", "Irritability"),
            ("69736-7", "Fear that something bad will happen"),
        ],
    },
    Questionnaire {
        total: "55758-7",
        panel: "55757-9",
        items: &[
            ("44250-9", "Little interest or joy in doing things"),
            ("44255-8", "Low spirits or hopelessness"),
        ],
    },
];

/// What an observation's codes say about it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measurement {
    /// A US Core profile, if the unit is one of `units` (or there are none to check).
    pub profile: &'static str,
    pub units: &'static [&'static str],
    pub range: Option<&'static Range>,
    pub questionnaire: Option<&'static Questionnaire>,
    /// SNOMED CT code and name of the specimen a panel of this name needs.
    pub specimen: (&'static str, &'static str),
}

impl Measurement {
    /// Looks the codes up.
    pub(super) fn of<'a>(codes: impl Iterator<Item = &'a Code> + Clone) -> Self {
        let has = |loinc: &str| codes.clone().any(|code| &*code.code == loinc);
        let (profile, units) = if has("59408-5") && has("2708-6") {
            ("us-core-pulse-oximetry", &["%"][..])
        } else if has("85354-9") {
            ("us-core-blood-pressure", &[][..])
        } else if has("72166-2") {
            ("us-core-smokingstatus", &[][..])
        } else {
            let vital = VITALS.iter().find(|(loinc, ..)| has(loinc));
            vital.map_or(("", &[][..]), |(_, profile, units)| (*profile, *units))
        };
        Self {
            profile,
            units,
            range: RANGES.iter().find(|range| range.loinc.iter().any(|loinc| has(loinc))),
            questionnaire: QUESTIONNAIRES.iter().find(|one| has(one.total)),
            specimen: specimen(codes.clone().next().map_or("", |code| &code.display)),
        }
    }
}

/// What is sent to the laboratory, by the words of the test's name.
fn specimen(name: &str) -> (&'static str, &'static str) {
    let name = name.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if any(&["urin"]) {
        ("122575003", "Urine specimen")
    } else if any(&["stool", "fecal", "faecal"]) {
        ("119339001", "Stool specimen")
    } else if any(&["sputum"]) {
        ("119334006", "Sputum specimen")
    } else if any(&["influenza", "sars", "covid", "swab", "streptoc", "throat", "respiratory"]) {
        ("258500001", "Nasopharyngeal swab")
    } else if any(&["wound"]) {
        ("119365002", "Specimen from wound")
    } else if any(&["patholog", "biopsy", "histolog", "cytolog"]) {
        ("119376003", "Tissue specimen")
    } else if any(&["cerebrospinal", "csf"]) {
        ("258450006", "Cerebrospinal fluid specimen")
    } else {
        ("119297000", "Blood specimen")
    }
}
