//! What is found in a note, in the words of Amazon Comprehend Medical's API.
//!
//! Source: <https://docs.aws.amazon.com/comprehend-medical/latest/api/API_Entity.html>

use crate::text::Span;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* #[doc = concat!("`", $text, "`.")] $variant,)+ }
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// As the API writes it.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
        }
    };
}

words! {
/// What an entity is about.
Category {
    Medication = "MEDICATION",
    MedicalCondition = "MEDICAL_CONDITION",
    ProtectedHealthInformation = "PROTECTED_HEALTH_INFORMATION",
    TestTreatmentProcedure = "TEST_TREATMENT_PROCEDURE",
    Anatomy = "ANATOMY",
    TimeExpression = "TIME_EXPRESSION",
    BehavioralEnvironmentalSocial = "BEHAVIORAL_ENVIRONMENTAL_SOCIAL",
}}

words! {
/// What an entity or an attribute is, within its category.
EntityType {
    GenericName = "GENERIC_NAME",
    BrandName = "BRAND_NAME",
    Dosage = "DOSAGE",
    Duration = "DURATION",
    Form = "FORM",
    Frequency = "FREQUENCY",
    Rate = "RATE",
    RouteOrMode = "ROUTE_OR_MODE",
    Strength = "STRENGTH",
    DxName = "DX_NAME",
    Acuity = "ACUITY",
    Direction = "DIRECTION",
    SystemOrganSite = "SYSTEM_ORGAN_SITE",
    Quality = "QUALITY",
    Quantity = "QUANTITY",
    TestName = "TEST_NAME",
    TestValue = "TEST_VALUE",
    TestUnit = "TEST_UNIT",
    ProcedureName = "PROCEDURE_NAME",
    TreatmentName = "TREATMENT_NAME",
    Name = "NAME",
    Age = "AGE",
    Address = "ADDRESS",
    Id = "ID",
    Date = "DATE",
    Email = "EMAIL",
    PhoneOrFax = "PHONE_OR_FAX",
    Profession = "PROFESSION",
    Url = "URL",
    TimeToMedicationName = "TIME_TO_MEDICATION_NAME",
    TimeToDxName = "TIME_TO_DX_NAME",
    TimeToTestName = "TIME_TO_TEST_NAME",
    TimeToProcedureName = "TIME_TO_PROCEDURE_NAME",
    TimeToTreatmentName = "TIME_TO_TREATMENT_NAME",
    Gender = "GENDER",
    RaceEthnicity = "RACE_ETHNICITY",
    Allergies = "ALLERGIES",
    TobaccoUse = "TOBACCO_USE",
    AlcoholConsumption = "ALCOHOL_CONSUMPTION",
    RecDrugUse = "REC_DRUG_USE",
    Amount = "AMOUNT",
}}

words! {
/// What is said of an entity.
Trait {
    Sign = "SIGN",
    Symptom = "SYMPTOM",
    Diagnosis = "DIAGNOSIS",
    Negation = "NEGATION",
    PertainsToFamily = "PERTAINS_TO_FAMILY",
    Hypothetical = "HYPOTHETICAL",
    LowConfidence = "LOW_CONFIDENCE",
    PastHistory = "PAST_HISTORY",
    Future = "FUTURE",
}}

words! {
/// A code system an entity is linked to.
CodeSystem {
    Icd10Cm = "ICD10CM",
    RxNorm = "RXNORM",
    SnomedCt = "SNOMEDCT",
    Loinc = "LOINC",
}}

impl CodeSystem {
    /// As FHIR names the system.
    ///
    /// Spec: <https://terminology.hl7.org/external_terminologies.html>
    pub fn uri(self) -> &'static str {
        match self {
            CodeSystem::Icd10Cm => "http://hl7.org/fhir/sid/icd-10-cm",
            CodeSystem::RxNorm => "http://www.nlm.nih.gov/research/umls/rxnorm",
            CodeSystem::SnomedCt => "http://snomed.info/sct",
            CodeSystem::Loinc => "http://loinc.org",
        }
    }

    /// The system FHIR names so, if it is one of these.
    pub fn of_uri(uri: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|system| system.uri() == uri)
    }
}

/// A code that may be what an entity means, best first in its list.
#[derive(Clone, Debug, PartialEq)]
pub struct Concept {
    /// Which code system.
    pub system: CodeSystem,
    /// The code, as the system writes it (`E11.9`).
    pub code: String,
    /// Its description.
    pub description: String,
    /// How sure, 0 to 1.
    pub score: f32,
}

/// Something that belongs to an entity: the dose of a drug, the value of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// What it is; its name is also the relationship's, unless [`Attribute::relationship`] differs.
    pub entity_type: EntityType,
    /// Where.
    pub span: Span,
    /// How sure that it is one, 0 to 1.
    pub score: f32,
    /// How it relates to the entity, as the API writes it (`DOSAGE`, `WITH_DOSAGE`, `OVERLAP`).
    pub relationship: &'static str,
    /// How sure of the relationship, 0 to 1.
    pub relationship_score: f32,
}

/// One finding of a note.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Unique and ascending within its document.
    pub id: u32,
    /// Where.
    pub span: Span,
    /// What it is about.
    pub category: Category,
    /// What it is.
    pub entity_type: EntityType,
    /// How sure, 0 to 1.
    pub score: f32,
    /// What is said of it, each with how sure, 0 to 1.
    pub traits: Vec<(Trait, f32)>,
    /// What belongs to it.
    pub attributes: Vec<Attribute>,
    /// What it may mean, best first within each system.
    pub concepts: Vec<Concept>,
    /// Its section, as index into [`crate::text::Analysis::sections`].
    pub section: u32,
}
