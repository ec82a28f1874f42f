//! Reads lines and keeps what a comparison needs of them.

use super::Sexes;
use crate::time::{HOUR, MINUTE, Time};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, HashMap};

/// So many faults are told one by one.
const FAULTS_TOLD: usize = 10;

/// Why a line was left out. The caller may go on: the side has counted it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Not JSON, or cut off.
    #[error("{resource_type} line {line}: not JSON, from column {column}")]
    Json {
        /// The type hinted at.
        resource_type: String,
        /// The line's number among those of this type, from 1.
        line: u64,
        /// Where it stops being JSON.
        column: usize,
    },
    /// JSON, but not a resource of its type.
    #[error("{resource_type} line {line}: {fault}")]
    Resource {
        /// The type hinted at, or found.
        resource_type: String,
        /// The line's number among those of this type, from 1.
        line: u64,
        /// What is wrong.
        fault: &'static str,
    },
}

/// One population, as far as it has been read.
#[derive(Clone, Debug, Default)]
pub struct Side {
    pub(super) name: String,
    numbers: HashMap<Box<str>, u32>,
    /// By number; `None` for those whose resource has not been read.
    pub(super) patients: Vec<Option<Patient>>,
    code_numbers: HashMap<(Box<str>, Box<str>), u32>,
    pub(super) codes: Vec<Code>,
    pub(super) conditions: Vec<Condition>,
    pub(super) classes: Vec<String>,
    pub(super) encounters: Vec<Encounter>,
    pub(super) types: BTreeMap<String, Counted>,
    lines: BTreeMap<String, u64>,
    pub(super) malformed: u64,
    pub(super) faults: Vec<LineError>,
}

/// A patient.
#[derive(Clone, Debug)]
pub(super) struct Patient {
    pub birth: Option<Time>,
    pub sex: Option<Sexes>,
    pub dead: bool,
    pub death: Option<Time>,
}

/// A condition's code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub system: Box<str>,
    pub code: Box<str>,
    pub display: Box<str>,
}

/// A patient's condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub patient: u32,
    pub code: u32,
    pub onset: Option<Time>,
    pub active: bool,
}

/// A patient's encounter.
#[derive(Clone, Debug)]
pub(super) struct Encounter {
    pub patient: u32,
    pub class: u16,
    pub start: Option<Time>,
    pub stop: Option<Time>,
}

/// Resources of one type.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub total: u64,
    /// By patient; as long as the last patient with one.
    pub by_patient: Vec<u32>,
}

impl Side {
    /// An empty side with a name for the tables.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads one line of NDJSON. `hint` is the type the file's name promises; what the line says
    /// counts. An empty line is nothing.
    ///
    /// # Errors
    /// The line is no JSON or no resource. It is counted, and the side can go on.
    pub fn line(&mut self, hint: &str, line: &[u8]) -> Result<(), LineError> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let number = self.lines.entry(hint.to_owned()).or_default();
        *number += 1;
        let number = *number;
        let result = self.resource(hint, number, line);
        if let Err(fault) = &result {
            self.malformed += 1;
            if self.faults.len() < FAULTS_TOLD {
                self.faults.push(fault.clone());
            }
        }
        result
    }

    /// The side's end: its last encounter's start, or else what is last in it.
    pub(super) fn end(&self) -> Time {
        let encounters = self.encounters.iter().filter_map(|one| one.start).max();
        let conditions = || self.conditions.iter().filter_map(|one| one.onset).max();
        let births = || self.patients.iter().flatten().filter_map(|one| one.birth).max();
        encounters.or_else(conditions).or_else(births).unwrap_or_default()
    }

    fn resource(&mut self, hint: &str, line: u64, text: &[u8]) -> Result<(), LineError> {
        let head: Head<'_> = read(hint, line, text)?;
        let Some(resource_type) = head.resource_type else {
            return Err(LineError::Resource {
                resource_type: hint.to_owned(),
                line,
                fault: "no `resourceType`",
            });
        };
        let fault =
            |fault| LineError::Resource { resource_type: resource_type.to_string(), line, fault };
        let owner = [&head.subject, &head.patient]
            .into_iter()
            .find_map(|one| match one {
                Some(Maybe::Reference { reference }) => patient_id(reference),
                _ => None,
            })
            .map(ToOwned::to_owned);
        let owner = match (&*resource_type, head.id) {
            ("Patient", Some(id)) => Some(self.number(&id)),
            ("Patient", None) => return Err(fault("a Patient without `id`")),
            (_, _) => owner.map(|id| self.number(&id)),
        };
        match &*resource_type {
            "Patient" => {
                let read: PatientText<'_> = read(hint, line, text)?;
                let time = |text: Option<&str>| text.and_then(parse_time);
                let death = time(read.deceased_date_time.as_deref());
                let patient = Patient {
                    birth: time(read.birth_date.as_deref()),
                    sex: match read.gender.as_deref() {
                        Some("female") => Some(Sexes::Female),
                        Some("male") => Some(Sexes::Male),
                        _ => None,
                    },
                    dead: death.is_some() || read.deceased_boolean == Some(true),
                    death,
                };
                if let Some(owner) = owner {
                    self.patients[owner as usize] = Some(patient);
                }
            }
            "Condition" => {
                let patient = owner.ok_or_else(|| fault("no `subject` that is a Patient"))?;
                self.condition(patient, read(hint, line, text)?)
                    .ok_or_else(|| fault("no `code` with a coding"))?;
            }
            "Encounter" => {
                let patient = owner.ok_or_else(|| fault("no `subject` that is a Patient"))?;
                self.encounter(patient, read(hint, line, text)?)
                    .ok_or_else(|| fault("no `class` with a code"))?;
            }
            _ => {}
        }
        let counted = self.types.entry(resource_type.into_owned()).or_default();
        counted.total += 1;
        if let Some(owner) = owner {
            if counted.by_patient.len() <= owner as usize {
                counted.by_patient.resize(owner as usize + 1, 0);
            }
            counted.by_patient[owner as usize] += 1;
        }
        Ok(())
    }

    fn number(&mut self, id: &str) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = self.patients.len() as u32;
        self.numbers.insert(id.into(), number);
        self.patients.push(None);
        number
    }

    fn condition(&mut self, patient: u32, read: ConditionText<'_>) -> Option<()> {
        let codings = read.code?.coding;
        // SNOMED CT where there is a choice, so that sides with more codes still meet.
        let snomed =
            |one: &&CodingText<'_>| one.system.as_deref() == Some("http://snomed.info/sct");
        let coding = codings.iter().find(snomed).or(codings.first())?;
        let code = coding.code.as_deref()?;
        let verification = first_code(read.verification_status);
        if matches!(verification.as_deref(), Some("entered-in-error" | "refuted")) {
            return Some(());
        }
        let ended = read.abatement_date_time.is_some() || read.abatement_period.is_some();
        let active = match first_code(read.clinical_status).as_deref() {
            Some("active" | "recurrence" | "relapse") => !ended,
            Some(_) => false,
            None => !ended,
        };
        let system = coding.system.as_deref().unwrap_or_default();
        let code_number = *self
            .code_numbers
            .entry((system.into(), code.into()))
            .or_insert_with(|| self.codes.len() as u32);
        if code_number as usize == self.codes.len() {
            let display = coding.display.as_deref().unwrap_or(code);
            self.codes.push(Code {
                system: system.into(),
                code: code.into(),
                display: display.into(),
            });
        }
        let onset = read
            .onset_date_time
            .or(read.onset_period.and_then(|period| period.start))
            .or(read.recorded_date);
        self.conditions.push(Condition {
            patient,
            code: code_number,
            onset: onset.as_deref().and_then(parse_time),
            active,
        });
        Some(())
    }

    fn encounter(&mut self, patient: u32, read: EncounterText<'_>) -> Option<()> {
        let class = read.class?.code?;
        let class = self.classes.iter().position(|known| **known == *class).unwrap_or_else(|| {
            self.classes.push(class.into_owned());
            self.classes.len() - 1
        });
        let time = |text: Option<Text<'_>>| text.as_deref().and_then(parse_time);
        let (start, stop) =
            read.period.map_or((None, None), |one| (time(one.start), time(one.end)));
        self.encounters.push(Encounter { patient, class: u16::try_from(class).ok()?, start, stop });
        Some(())
    }
}

type Text<'a> = std::borrow::Cow<'a, str>;

fn read<'a, T: Deserialize<'a>>(hint: &str, line: u64, text: &'a [u8]) -> Result<T, LineError> {
    serde_json::from_slice(text).map_err(|error| {
        // What serde says may quote the record.
        if error.is_data() {
            let fault = "an element has another shape than FHIR gives it";
            LineError::Resource { resource_type: hint.to_owned(), line, fault }
        } else {
            LineError::Json { resource_type: hint.to_owned(), line, column: error.column() }
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    resource_type: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<Maybe<'a>>,
    #[serde(borrow)]
    patient: Option<Maybe<'a>>,
}

/// A reference; some types have something else of that name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Maybe<'a> {
    Reference {
        #[serde(borrow)]
        reference: Text<'a>,
    },
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientText<'a> {
    #[serde(borrow)]
    birth_date: Option<Text<'a>>,
    #[serde(borrow)]
    gender: Option<Text<'a>>,
    #[serde(borrow)]
    deceased_date_time: Option<Text<'a>>,
    deceased_boolean: Option<bool>,
}

#[derive(Deserialize)]
struct CodingText<'a> {
    #[serde(borrow)]
    system: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Text<'a>>,
    #[serde(borrow)]
    display: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ConceptText<'a> {
    #[serde(borrow, default)]
    coding: Vec<CodingText<'a>>,
}

#[derive(Deserialize)]
struct PeriodText<'a> {
    #[serde(borrow)]
    start: Option<Text<'a>>,
    #[serde(borrow)]
    end: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConditionText<'a> {
    #[serde(borrow)]
    code: Option<ConceptText<'a>>,
    #[serde(borrow)]
    clinical_status: Option<ConceptText<'a>>,
    #[serde(borrow)]
    verification_status: Option<ConceptText<'a>>,
    #[serde(borrow)]
    onset_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    onset_period: Option<PeriodText<'a>>,
    #[serde(borrow)]
    recorded_date: Option<Text<'a>>,
    abatement_date_time: Option<IgnoredAny>,
    abatement_period: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct EncounterText<'a> {
    #[serde(borrow)]
    class: Option<CodingText<'a>>,
    #[serde(borrow)]
    period: Option<PeriodText<'a>>,
}

/// The first code of a concept.
fn first_code(concept: Option<ConceptText<'_>>) -> Option<Text<'_>> {
    concept?.coding.into_iter().next()?.code
}

/// The id in `Patient/x`, `https://…/Patient/x` or `urn:uuid:x`; nothing for other types.
fn patient_id(reference: &str) -> Option<&str> {
    if let Some(id) = reference.strip_prefix("urn:uuid:") {
        return Some(id);
    }
    let mut parts = reference.rsplit('/');
    let id = parts.next()?;
    (parts.next() == Some("Patient")).then_some(id)
}

/// Reads a FHIR date, dateTime or instant: the first moment of what it covers.
pub(super) fn parse_time(text: &str) -> Option<Time> {
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let day = match date.len() {
        4 => Time::parse_date(&format!("{date}-01-01")),
        7 => Time::parse_date(&format!("{date}-01")),
        _ => Time::parse_date(date),
    }?;
    let Some(clock) = clock else { return Some(day) };
    let part = |from: usize| clock.get(from..from + 2)?.parse::<i64>().ok();
    let second = if clock.as_bytes().get(5) == Some(&b':') { part(6)? } else { 0 };
    let seconds = part(0)? * HOUR + part(3)? * MINUTE + second;
    let zone = match clock.rfind(['+', '-']) {
        Some(at) => {
            let of = |from: usize| clock.get(at + from..at + from + 2)?.parse::<i64>().ok();
            let offset = of(1)? * HOUR + of(4)? * MINUTE;
            if clock.as_bytes()[at] == b'-' { -offset } else { offset }
        }
        None => 0,
    };
    Some(day.plus(seconds - zone))
}
