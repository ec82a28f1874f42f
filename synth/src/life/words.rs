//! Codes, texts and attribute names of the lifecycle, looked up once per run.
//!
//! LOINC and CVX names are short facts; what stands beside a SNOMED CT code is our own wording.

use super::immunizations;
use crate::vocabulary::{AttributeId, CVX, CodeId, CodeList, LOINC, SNOMED, Symbol, Vocabulary};

macro_rules! attributes {
    ($($(#[$note:meta])* $name:ident),* $(,)?) => {
        /// The attributes the lifecycle sets or reads; each field is the attribute of its name.
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct Attributes {
            $($(#[$note])* pub $name: AttributeId,)*
        }

        impl Attributes {
            fn new(vocabulary: &mut Vocabulary) -> Self {
                Self { $($name: vocabulary.add_attribute(stringify!($name)),)* }
            }
        }
    };
}

attributes! {
    // Set here, read by modules.
    smoker, ever_smoker, alcoholic, homeless, veteran, transportation_problem, food_insecurity,
    nursing_home, risk_metabolic, risk_cardiovascular, risk_respiratory, risk_mental, risk_frailty,
    risk_cancer, risk_atopy, education, socioeconomic_category, marital_status, smoking_status, income,
    bmi_percentile, stroke_risk, mi_risk, ihd_risk, atrial_fibrillation_risk, pack_years,
    socioeconomic_score,
    // Set by modules, read here.
    hypertension, hypertension_drugs, prediabetes, diabetes, diabetes_drugs, insulin,
    diabetes_severity, ckd, hyperlipidemia, statin, obesity, chf, copd, asthma, atrial_fibrillation,
    anemia, pregnant, weeks_pregnant, acute_infection, hypoxia, shock, dementia, depression,
    chronic_pain, ischemic_heart_disease, cancer, hospice,
}

/// The texts attributes take.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Texts {
    /// `low`, `average`, `high`.
    pub tiers: [Symbol; 3],
    /// `less_than_hs`, `hs_degree`, `some_college`, `bs_degree`.
    pub education: [Symbol; 4],
    /// `Low`, `Middle`, `High`.
    pub categories: [Symbol; 3],
    pub single: Symbol,
    pub married: Symbol,
    pub divorced: Symbol,
    pub widowed: Symbol,
    pub never: Symbol,
    pub former: Symbol,
    pub current: Symbol,
}

/// Units (UCUM).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Units {
    pub none: Symbol,
    pub pressure: Symbol,
    pub per_minute: Symbol,
    pub celsius: Symbol,
    pub percent: Symbol,
    pub kilogram: Symbol,
    pub centimetre: Symbol,
    pub body_mass: Symbol,
    pub score: Symbol,
    pub pack_years: Symbol,
}

/// What is observed at visits.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Observed {
    pub blood_pressure: CodeList,
    pub systolic: CodeList,
    pub diastolic: CodeList,
    pub heart_rate: CodeList,
    pub respiratory_rate: CodeList,
    pub temperature: CodeList,
    pub oxygen_saturation: CodeList,
    pub weight: CodeList,
    pub height: CodeList,
    pub bmi: CodeList,
    pub bmi_percentile: CodeList,
    pub pain: CodeList,
    pub head: CodeList,
    pub head_percentile: CodeList,
    pub smoking: CodeList,
    pub phq2: CodeList,
    pub audit_c: CodeList,
    pub pack_years: CodeList,
    pub education: CodeList,
    pub housing: CodeList,
    pub food: CodeList,
    pub transportation: CodeList,
    /// Never, former, daily smoker.
    pub smoking_answers: [CodeId; 3],
    /// Often, sometimes, never short of food.
    pub food_answers: [CodeId; 3],
    /// Appointments missed for want of transport.
    pub no_transport: CodeId,
    /// Has housing, is homeless.
    pub housing_answers: [CodeId; 2],
    pub no: CodeId,
}

/// Illnesses of relatives.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Family {
    pub coronary: CodeId,
    pub stroke: CodeId,
    pub hypertension: CodeId,
    pub diabetes: CodeId,
    pub breast_cancer: CodeId,
    pub colon_cancer: CodeId,
    pub lung_cancer: CodeId,
    pub dementia: CodeId,
    pub depression: CodeId,
    pub asthma: CodeId,
}

/// What people die of when no module says.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Causes {
    pub cancer: CodeList,
    pub heart_failure: CodeList,
    pub coronary: CodeList,
    pub copd: CodeList,
    pub dementia: CodeList,
    pub kidney: CodeList,
    pub diabetes: CodeList,
    pub hypertension: CodeList,
    pub cardiac_arrest: CodeList,
    pub old_age: CodeList,
    pub accident: CodeList,
    pub unknown: CodeList,
}

/// Codes, texts and attributes the lifecycle uses, looked up once.
#[derive(Clone, Debug)]
pub struct Words {
    /// Attributes.
    pub attributes: Attributes,
    /// Texts of attributes.
    pub texts: Texts,
    /// Units.
    pub units: Units,
    /// What is observed.
    pub observed: Observed,
    /// What runs in families.
    pub family: Family,
    /// Causes of death.
    pub causes: Causes,
    /// Vaccines, in the order of the schedule's products.
    pub vaccines: Vec<CodeList>,
}

impl Words {
    /// Registers them. Called before any module is loaded.
    pub fn new(vocabulary: &mut Vocabulary) -> Self {
        let attributes = Attributes::new(vocabulary);
        let texts = Texts::new(vocabulary);
        let units = Units::new(vocabulary);
        let observed = Observed::new(vocabulary);
        let family = Family::new(vocabulary);
        let causes = Causes::new(vocabulary);
        let vaccines = immunizations::PRODUCTS
            .iter()
            .map(|(cvx, display)| vocabulary.add_one(CVX, cvx, display))
            .collect();
        Self { attributes, texts, units, observed, family, causes, vaccines }
    }
}

impl Texts {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        let mut text = |word: &str| vocabulary.add_symbol(word);
        Self {
            tiers: ["low", "average", "high"].map(&mut text),
            education: ["less_than_hs", "hs_degree", "some_college", "bs_degree"].map(&mut text),
            categories: ["Low", "Middle", "High"].map(&mut text),
            single: text("S"),
            married: text("M"),
            divorced: text("D"),
            widowed: text("W"),
            never: text("never"),
            former: text("former"),
            current: text("current"),
        }
    }
}

impl Units {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        let mut text = |word: &str| vocabulary.add_symbol(word);
        Self {
            none: text(""),
            pressure: text("mm[Hg]"),
            per_minute: text("/min"),
            celsius: text("Cel"),
            percent: text("%"),
            kilogram: text("kg"),
            centimetre: text("cm"),
            body_mass: text("kg/m2"),
            score: text("{score}"),
            pack_years: text("{PackYears}"),
        }
    }
}

impl Observed {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        let mut loinc = |code: &str, display: &str| vocabulary.add_one(LOINC, code, display);
        Self {
            blood_pressure: loinc("85354-9", "Blood pressure panel"),
            systolic: loinc("8480-6", "Systolic blood pressure"),
            diastolic: loinc("8462-4", "Diastolic blood pressure"),
            heart_rate: loinc("8867-4", "Heart rate"),
            respiratory_rate: loinc("9279-1", "Respiratory rate"),
            temperature: loinc("8310-5", "Body temperature"),
            oxygen_saturation: loinc("2708-6", "Oxygen saturation in Arterial blood"),
            weight: loinc("29463-7", "Body weight"),
            height: loinc("8302-2", "Body height"),
            bmi: loinc("39156-5", "Body mass index (BMI)"),
            bmi_percentile: loinc("59576-9", "Body mass index (BMI) percentile"),
            pain: loinc("72514-3", "Pain severity 0-10 score"),
            head: loinc("9843-4", "Head circumference"),
            head_percentile: loinc("8289-1", "Head circumference percentile"),
            smoking: loinc("72166-2", "Tobacco smoking status"),
            phq2: loinc("55758-7", "PHQ-2 total score"),
            audit_c: loinc("75626-2", "AUDIT-C total score"),
            pack_years: loinc("8664-5", "Cigarette pack-years"),
            education: loinc("82589-3", "Highest level of education"),
            housing: loinc("71802-3", "Housing status"),
            food: loinc("88122-7", "Worried food would run out in the last 12 months"),
            transportation: loinc(
                "93030-5",
                "Lack of transportation kept from care or daily needs",
            ),
            smoking_answers: [
                vocabulary.add_code(SNOMED, "266919005", "Has never smoked"),
                vocabulary.add_code(SNOMED, "8517006", "Used to smoke"),
                vocabulary.add_code(SNOMED, "449868002", "Smokes every day"),
            ],
            food_answers: [
                vocabulary.add_code(LOINC, "LA28397-0", "Often true"),
                vocabulary.add_code(LOINC, "LA28398-8", "Sometimes true"),
                vocabulary.add_code(LOINC, "LA28399-6", "Never true"),
            ],
            no_transport: vocabulary.add_code(
                LOINC,
                "LA30133-5",
                "Yes, it kept me from medical appointments",
            ),
            housing_answers: [
                vocabulary.add_code(LOINC, "LA30189-7", "I have housing"),
                vocabulary.add_code(LOINC, "LA30190-5", "I do not have housing"),
            ],
            no: vocabulary.add_code(LOINC, "LA32-8", "No"),
        }
    }
}

impl Family {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        let mut snomed = |code: &str, display: &str| vocabulary.add_code(SNOMED, code, display);
        Self {
            coronary: snomed("53741008", "Coronary artery disease"),
            stroke: snomed("230690007", "Stroke"),
            hypertension: snomed("38341003", "High blood pressure"),
            diabetes: snomed("44054006", "Type 2 diabetes"),
            breast_cancer: snomed("254837009", "Breast cancer"),
            colon_cancer: snomed("363406005", "Colon cancer"),
            lung_cancer: snomed("363358000", "Lung cancer"),
            dementia: snomed("52448006", "Dementia"),
            depression: snomed("35489007", "Depression"),
            asthma: snomed("195967001", "Asthma"),
        }
    }
}

impl Causes {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        use crate::vocabulary::ICD10CM;
        let mut icd = |code: &str, display: &str| vocabulary.add_one(ICD10CM, code, display);
        Self {
            cancer: icd("C80.1", "Malignant (primary) neoplasm, unspecified"),
            heart_failure: icd("I50.9", "Heart failure, unspecified"),
            coronary: icd(
                "I25.10",
                "Atherosclerotic heart disease of native coronary artery without angina pectoris",
            ),
            copd: icd("J44.9", "Chronic obstructive pulmonary disease, unspecified"),
            dementia: icd(
                "F03.90",
                "Unspecified dementia, unspecified severity, without behavioral disturbance, psychotic disturbance, mood disturbance, and anxiety",
            ),
            kidney: icd("N18.6", "End stage renal disease"),
            diabetes: icd("E11.9", "Type 2 diabetes mellitus without complications"),
            hypertension: icd("I11.9", "Hypertensive heart disease without heart failure"),
            cardiac_arrest: icd("I46.9", "Cardiac arrest, cause unspecified"),
            old_age: icd("R54", "Age-related physical debility"),
            accident: icd(
                "V89.2XXA",
                "Person injured in unspecified motor-vehicle accident, traffic, initial encounter",
            ),
            unknown: icd("R99", "Ill-defined and unknown cause of mortality"),
        }
    }
}
