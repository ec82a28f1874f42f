//! What happened to one person, as the engine and the lifecycle wrote it down. The FHIR writer, the
//! notes and the bed book read it; nothing here knows FHIR.
//!
//! Always true, once a simulation has ended:
//! - every `encounter` index points into [`Record::encounters`], which is in order of start, and
//!   encounters do not overlap;
//! - nothing starts after death or after the end of the run;
//! - entries of one kind are in order of start.

use crate::time::Time;
use crate::vocabulary::{CodeId, CodeList, Symbol};

/// Everything recorded about a person.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Visits and stays.
    pub encounters: Vec<Encounter>,
    /// Conditions, diagnosed and not yet diagnosed.
    pub conditions: Vec<Condition>,
    /// Allergies and intolerances.
    pub allergies: Vec<Allergy>,
    /// Medication orders.
    pub medications: Vec<Medication>,
    /// Care plans.
    pub care_plans: Vec<CarePlan>,
    /// Procedures.
    pub procedures: Vec<Procedure>,
    /// Observations: vitals, laboratory results, scores, findings.
    pub observations: Vec<Observation>,
    /// Reports that gather observations.
    pub reports: Vec<Report>,
    /// Imaging studies.
    pub imaging: Vec<Imaging>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Supplies handed out.
    pub supplies: Vec<Supply>,
    /// Vaccinations.
    pub immunizations: Vec<Immunization>,
}

/// The place of an encounter in [`Record::encounters`].
pub type EncounterIndex = u32;

/// The class of an encounter, as modules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A scheduled check-up; recorded as ambulatory.
    Wellness,
    /// An ordinary visit (`ambulatory`).
    Ambulatory,
    /// A visit to a specialist or for a procedure (`outpatient`).
    Outpatient,
    /// An urgent care visit (`urgentcare`).
    UrgentCare,
    /// An emergency department visit.
    Emergency,
    /// A hospital stay.
    Inpatient,
    /// Hospice care.
    Hospice,
    /// A home visit.
    Home,
    /// A stay in a skilled nursing facility.
    Snf,
    /// A visit by telephone or video.
    Virtual,
}

impl Class {
    /// By a module's name for it.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "wellness" => Self::Wellness,
            "ambulatory" => Self::Ambulatory,
            "outpatient" => Self::Outpatient,
            "urgentcare" => Self::UrgentCare,
            "emergency" => Self::Emergency,
            "inpatient" => Self::Inpatient,
            "hospice" => Self::Hospice,
            "home" => Self::Home,
            "snf" => Self::Snf,
            "virtual" => Self::Virtual,
            _ => return None,
        })
    }
}

/// The kind of ward a patient lies in. The order is the order of the beds in a hospital.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ward {
    /// Emergency department bays.
    Emergency,
    /// General medicine.
    Medical,
    /// Surgery.
    Surgical,
    /// Intensive care.
    Icu,
    /// Obstetrics.
    Maternity,
    /// Children.
    Paediatric,
}

impl Ward {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Emergency,
        Self::Medical,
        Self::Surgical,
        Self::Icu,
        Self::Maternity,
        Self::Paediatric,
    ];

    /// By a module's name for it.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "emergency" => Self::Emergency,
            "medical" => Self::Medical,
            "surgical" => Self::Surgical,
            "icu" => Self::Icu,
            "maternity" => Self::Maternity,
            "paediatric" => Self::Paediatric,
            _ => return None,
        })
    }
}

/// A visit or a stay.
#[derive(Clone, Debug)]
pub struct Encounter {
    /// Its class.
    pub class: Class,
    /// What kind of encounter it is (SNOMED CT).
    pub codes: CodeList,
    /// Begin.
    pub start: Time,
    /// End; `None` while it is open, and for a stay that lasts beyond the end of the run.
    pub stop: Option<Time>,
    /// Why, as codes, if a reason was given.
    pub reason: Option<CodeList>,
    /// How it ended (a stay): the discharge disposition.
    pub discharge: Option<CodeId>,
    /// The facility, in `World::facilities`.
    pub facility: u32,
    /// The clinician, in `World::practitioners`.
    pub practitioner: u32,
    /// The module that opened it; `None` for the lifecycle's wellness visits.
    pub module: Option<u16>,
    /// Wards asked for, in order of time: the first at the start of a stay, further ones on
    /// transfers. Empty unless the class is inpatient or emergency.
    pub wards: Vec<(Time, Ward)>,
    /// How ill, 1 (resuscitation) to 5 (not urgent), where a module says.
    pub acuity: Option<u8>,
    /// Symptoms felt at the start, strongest first: name and strength 1 to 100.
    pub symptoms: Vec<(Symbol, u8)>,
    /// The stay follows at once on an emergency visit: that visit.
    pub admitted_from: Option<EncounterIndex>,
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Its codes (SNOMED CT first, ICD-10-CM second where given).
    pub codes: CodeList,
    /// Begin.
    pub onset: Time,
    /// End, if it ended.
    pub abatement: Option<Time>,
    /// The encounter that diagnosed it; `None`: not diagnosed, so not in any output.
    pub encounter: Option<EncounterIndex>,
    /// When it was diagnosed; not before `onset`.
    pub diagnosed: Option<Time>,
    /// The module it comes from; `u16::MAX`: the lifecycle.
    pub module: u16,
}

/// How sure and how bad a reaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// `mild`
    Mild,
    /// `moderate`
    Moderate,
    /// `severe`
    Severe,
}

/// An allergy or intolerance.
#[derive(Clone, Debug)]
pub struct Allergy {
    /// The substance.
    pub codes: CodeList,
    /// Begin.
    pub onset: Time,
    /// End, if outgrown.
    pub abatement: Option<Time>,
    /// The encounter that found it; `None`: not known to anyone.
    pub encounter: Option<EncounterIndex>,
    /// When it was diagnosed.
    pub diagnosed: Option<Time>,
    /// `allergy` or `intolerance`.
    pub intolerance: bool,
    /// FHIR's category: food, medication, environment, biologic.
    pub category: &'static str,
    /// Reactions.
    pub reactions: Vec<(CodeId, Severity)>,
}

/// How a medicine is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Dosage {
    /// Units (tablets, puffs) each time; 0 when not given.
    pub amount: f64,
    /// Times per period.
    pub frequency: f64,
    /// Length of the period.
    pub period: f64,
    /// Unit of the period: `h`, `d`, `wk`, `mo`.
    pub period_unit: &'static str,
    /// Taken when needed.
    pub as_needed: bool,
    /// Further instructions.
    pub instructions: Vec<CodeId>,
}

/// A medication order.
#[derive(Clone, Debug)]
pub struct Medication {
    /// The medicine (RxNorm).
    pub codes: CodeList,
    /// Ordered.
    pub start: Time,
    /// Stopped.
    pub stop: Option<Time>,
    /// Why it was stopped.
    pub stop_reason: Option<CodeList>,
    /// The encounter it was ordered in.
    pub encounter: EncounterIndex,
    /// What for.
    pub reason: Option<CodeList>,
    /// Taken for as long as the condition lasts; renewed at check-ups.
    pub chronic: bool,
    /// How it is taken, where the module says.
    pub dosage: Option<Dosage>,
    /// How long one supply lasts, in days, and how many refills, where the module says.
    pub supply: Option<(u32, u32)>,
    /// Given during the encounter (a MedicationAdministration), not prescribed.
    pub administered: bool,
    /// A renewal of an earlier order.
    pub renewal: bool,
}

/// A care plan.
#[derive(Clone, Debug)]
pub struct CarePlan {
    /// What plan.
    pub codes: CodeList,
    /// Begin.
    pub start: Time,
    /// End.
    pub stop: Option<Time>,
    /// The encounter it was agreed in.
    pub encounter: EncounterIndex,
    /// What for.
    pub reason: Option<CodeList>,
    /// What is to be done.
    pub activities: Vec<CodeId>,
    /// Goals, in words.
    pub goals: Vec<Symbol>,
}

/// A procedure.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Which.
    pub codes: CodeList,
    /// Begin.
    pub start: Time,
    /// End.
    pub stop: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// What for.
    pub reason: Option<CodeList>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// A number with so many decimals.
    Quantity(f64, u8),
    /// A code.
    Code(CodeId),
    /// Words.
    Text(Symbol),
    /// Yes or no.
    Bool(bool),
    /// Nothing itself: it has components.
    None,
}

/// An observation.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What was looked at (LOINC).
    pub codes: CodeList,
    /// When.
    pub time: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// FHIR's category: `vital-signs`, `laboratory`, `survey`, `social-history`, `imaging`, `exam`,
    /// `procedure`, `therapy`, `activity`.
    pub category: &'static str,
    /// What was found.
    pub value: Finding,
    /// UCUM unit of a quantity.
    pub unit: Symbol,
    /// Parts, such as systolic and diastolic.
    pub components: Vec<(CodeList, Finding, Symbol)>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which panel (LOINC).
    pub codes: CodeList,
    /// When.
    pub time: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// The observations it gathers, in [`Record::observations`].
    pub observations: Vec<u32>,
}

/// One series of an imaging study.
#[derive(Clone, Debug)]
pub struct Series {
    /// Body site (SNOMED CT).
    pub body_site: CodeId,
    /// DICOM modality.
    pub modality: CodeId,
    /// Titles and SOP classes of its instances.
    pub instances: Vec<(Symbol, CodeId)>,
}

/// An imaging study.
#[derive(Clone, Debug)]
pub struct Imaging {
    /// The procedure (SNOMED CT).
    pub procedure: CodeList,
    /// When.
    pub time: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// Why.
    pub reason: Option<CodeList>,
    /// Its series.
    pub series: Vec<Series>,
}

/// A device.
#[derive(Clone, Debug)]
pub struct Device {
    /// What it is.
    pub codes: CodeList,
    /// Implanted or handed out.
    pub start: Time,
    /// Removed.
    pub stop: Option<Time>,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// Who made it and which model, where a module says.
    pub maker: Option<(Symbol, Symbol)>,
}

/// A supply.
#[derive(Clone, Debug)]
pub struct Supply {
    /// What.
    pub codes: CodeList,
    /// How many.
    pub quantity: u32,
    /// When.
    pub time: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
}

/// A vaccination.
#[derive(Clone, Debug)]
pub struct Immunization {
    /// The vaccine (CVX).
    pub codes: CodeList,
    /// When.
    pub time: Time,
    /// The encounter.
    pub encounter: EncounterIndex,
    /// Which dose of its series, from 1.
    pub dose: u8,
}

/// Points at one entry of a [`Record`]; modules keep such pointers in attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// In `encounters`.
    Encounter(u32),
    /// In `conditions`.
    Condition(u32),
    /// In `allergies`.
    Allergy(u32),
    /// In `medications`.
    Medication(u32),
    /// In `care_plans`.
    CarePlan(u32),
    /// In `procedures`.
    Procedure(u32),
    /// In `observations`.
    Observation(u32),
    /// In `reports`.
    Report(u32),
    /// In `imaging`.
    Imaging(u32),
    /// In `devices`.
    Device(u32),
    /// In `supplies`.
    Supply(u32),
    /// In `immunizations`.
    Immunization(u32),
}
