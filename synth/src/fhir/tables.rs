//! Names of code systems and profiles, and our own small tables: normal ranges, questionnaires.

use crate::person::Sex;
use crate::ranges::{self, Range};
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
            range: ranges::find(has),
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
