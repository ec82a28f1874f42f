//! Modules once compiled: states, transitions, conditions and values as integers.

use crate::gmf::expression::Expression;
use crate::gmf::table::Table;
use crate::life::Vital;
use crate::person::{Race, Sex};
use crate::record::{Class, Dosage, Severity, Ward};
use crate::time::Time;
use crate::vocabulary::{AttributeId, CodeId, CodeList, Symbol};
use crate::world::Season;

/// A state's place among the states of all files.
pub(crate) type StateId = u32;

/// One file: a module, or a submodule in a folder.
#[derive(Debug)]
pub(crate) struct Machine {
    /// `asthma`, `covid/admission`: what `CallSubmodule` says.
    pub path: Box<str>,
    /// The name the file gives itself.
    pub name: Box<str>,
    /// In the module folder itself, so run for everybody.
    pub top: bool,
    /// Where it starts.
    pub initial: StateId,
}

#[derive(Debug)]
pub(crate) struct State {
    pub name: Symbol,
    /// Someone asks about visits of a state of this name.
    pub tracked: bool,
    pub kind: Kind,
    pub next: Transition,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// Initial, Simple, and what is not supported.
    Pass,
    Terminal,
    Call(u16),
    Delay {
        time: Duration,
        stay: bool,
        ward: Option<Ward>,
    },
    Guard {
        allow: Condition,
        depends: Depends,
    },
    Set {
        attribute: AttributeId,
        value: Setting,
    },
    Counter {
        attribute: AttributeId,
        amount: f64,
    },
    Wellness {
        reason: Option<Reason>,
    },
    Encounter(Box<EncounterState>),
    EncounterEnd {
        discharge: Option<CodeId>,
    },
    ConditionOnset {
        codes: CodeList,
        target: Option<Symbol>,
        assign: Option<AttributeId>,
    },
    AllergyOnset(Box<AllergyState>),
    End {
        what: Ended,
        by: By,
    },
    MedicationOrder(Box<MedicationState>),
    CarePlanStart(Box<CarePlanState>),
    Procedure(Box<ProcedureState>),
    Observation(Box<ObservationState>),
    Multi {
        codes: CodeList,
        category: &'static str,
        parts: Box<[ObservationState]>,
        last: u32,
    },
    Report {
        codes: CodeList,
        parts: Box<[ObservationState]>,
        last: u32,
    },
    Vital {
        vital: Option<Vital>,
        value: Amount,
    },
    Symptom {
        symptom: Symbol,
        probability: f64,
        value: Amount,
    },
    Death {
        cause: Cause,
        after: Option<Duration>,
    },
    Imaging(Box<ImagingState>),
    Device {
        codes: CodeList,
        maker: Option<(Symbol, Symbol)>,
        assign: Option<AttributeId>,
    },
    Supplies(Box<[(CodeList, u32)]>),
    Vaccine {
        codes: CodeList,
        dose: u8,
    },
}

/// What an ending state ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Condition,
    Allergy,
    Medication,
    CarePlan,
    Device,
}

/// How an ending state says what it ends.
#[derive(Debug)]
pub(crate) enum By {
    Codes(Box<[CodeId]>),
    State(Symbol),
    Attribute(AttributeId),
}

/// `reason`: an attribute holding an entry or code, or the state that brought the condition on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason {
    pub attribute: Option<AttributeId>,
    pub state: Symbol,
}

#[derive(Debug)]
pub(crate) enum Cause {
    Unknown,
    Codes(CodeList),
    State(Symbol),
    Attribute(AttributeId),
}

#[derive(Debug)]
pub(crate) struct EncounterState {
    pub class: Class,
    pub codes: CodeList,
    pub reason: Option<Reason>,
    pub ward: Option<Ward>,
    pub acuity: Option<u8>,
}

#[derive(Debug)]
pub(crate) struct AllergyState {
    pub codes: CodeList,
    pub target: Option<Symbol>,
    pub assign: Option<AttributeId>,
    pub intolerance: bool,
    pub category: &'static str,
    /// Each reaction with its severities; none: it does not occur.
    pub reactions: Box<[(CodeId, Severities)]>,
}

/// Severities of a reaction with their probabilities; none: it does not occur.
pub(crate) type Severities = Box<[(Option<Severity>, f64)]>;

#[derive(Debug)]
pub(crate) struct MedicationState {
    pub codes: CodeList,
    pub reason: Option<Reason>,
    pub assign: Option<AttributeId>,
    pub chronic: bool,
    pub administered: bool,
    pub dosage: Option<Dosage>,
    pub supply: Option<(u32, u32)>,
}

#[derive(Debug)]
pub(crate) struct CarePlanState {
    pub codes: CodeList,
    pub reason: Option<Reason>,
    pub assign: Option<AttributeId>,
    pub activities: Box<[CodeId]>,
    pub goals: Box<[Symbol]>,
}

#[derive(Debug)]
pub(crate) struct ProcedureState {
    pub codes: CodeList,
    pub reason: Option<Reason>,
    pub assign: Option<AttributeId>,
    pub time: Option<Duration>,
    pub ward: Option<Ward>,
}

#[derive(Debug)]
pub(crate) struct ObservationState {
    pub codes: CodeList,
    pub category: &'static str,
    pub unit: Symbol,
    pub value: Observed,
}

#[derive(Debug)]
pub(crate) enum Observed {
    Nothing,
    Amount(Amount),
    Text(Symbol),
    Bool(bool),
    Vital(Option<Vital>),
    From(Source),
    Code(CodeId),
    Expression(Expression),
}

#[derive(Debug)]
pub(crate) struct ImagingState {
    pub procedure: CodeList,
    pub series: Box<[SeriesState]>,
    /// How many series, copies of the first; (0, 0): as listed.
    pub count: (u32, u32),
}

#[derive(Debug)]
pub(crate) struct SeriesState {
    pub body_site: CodeId,
    pub modality: CodeId,
    pub instances: Box<[(Symbol, CodeId)]>,
    pub count: (u32, u32),
}

/// What a `SetAttribute` writes.
#[derive(Debug)]
pub(crate) enum Setting {
    Value(crate::person::Value),
    Amount(Amount),
    From(Source),
    Expression(Expression),
}

/// A random number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amount {
    pub distribution: Distribution,
    pub round: bool,
    /// Rounded to so many decimals, where the module says.
    pub decimals: Option<u8>,
}

/// A random time: an [`Amount`] of some unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Duration {
    pub amount: Amount,
    pub unit_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Distribution {
    Exact(f64),
    Uniform { low: f64, high: f64 },
    Gaussian { mean: f64, deviation: f64, min: f64, max: f64 },
    Exponential { mean: f64 },
    Triangular { min: f64, mode: f64, max: f64 },
    LogNormal { median: f64, sigma: f64, min: f64, max: f64 },
}

/// What can be read by name like an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    Attribute(AttributeId),
    Season(Season),
    Age,
    Gender,
    Race,
    Ethnicity,
    State,
    City,
}

#[derive(Debug)]
pub(crate) enum Transition {
    /// Of a Terminal state.
    None,
    Direct(StateId),
    Conditional(Box<[(Option<Condition>, StateId)]>),
    Distributed(Box<[Share]>),
    Complex(Box<[(Option<Condition>, Branch)]>),
    Table(Box<Table>),
    TypeOfCare {
        ambulatory: StateId,
        emergency: StateId,
        telemedicine: StateId,
    },
}

#[derive(Debug)]
pub(crate) enum Branch {
    To(StateId),
    Shares(Box<[Share]>),
}

/// One option of a distributed transition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub probability: Probability,
    pub to: StateId,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Probability {
    Fixed(f64),
    From { source: Source, default: f64, times: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    NotEqual,
    Nil,
    NotNil,
}

impl Operator {
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "==" | "=" => Self::Equal,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            "!=" => Self::NotEqual,
            "is nil" => Self::Nil,
            "is not nil" => Self::NotNil,
            _ => return None,
        })
    }

    /// Compares two numbers; a number is never nil.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
            Self::NotEqual => left != right,
            Self::Nil => false,
            Self::NotNil => true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgeUnit {
    Years,
    Months,
    Weeks,
    Days,
}

/// What a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Against {
    Nothing,
    Number(f64),
    Bool(bool),
    Text(Symbol),
    Code(CodeId),
}

#[derive(Debug)]
pub(crate) enum Condition {
    True,
    False,
    Gender(Sex),
    Age { operator: Operator, quantity: f64, unit: AgeUnit },
    Year { operator: Operator, year: f64 },
    Month { operator: Operator, month: f64 },
    Date { operator: Operator, date: Time },
    Socioeconomic { attribute: AttributeId, category: Symbol },
    Race(RaceTest),
    Symptom { symptom: Symbol, operator: Operator, value: f64 },
    Observation { of: By, operator: Operator, against: Against },
    Vital { vital: Option<Vital>, operator: Operator, value: f64 },
    Active { what: Ended, by: By },
    Attribute { source: Source, operator: Operator, against: Against },
    Prior { name: Symbol, since: Option<Symbol>, within: Option<i64> },
    And(Box<[Condition]>),
    Or(Box<[Condition]>),
    Not(Box<Condition>),
    AtLeast(usize, Box<[Condition]>),
    AtMost(usize, Box<[Condition]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaceTest {
    Race(Race),
    Hispanic,
}

/// What can make a condition change its mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depends {
    /// Attributes and symptoms.
    pub person: bool,
    /// Conditions, medications, observations and so on.
    pub record: bool,
    /// Time, at moments that can be computed.
    pub calendar: bool,
    /// Time, continuously: looked at every seven days.
    pub weekly: bool,
}

impl Condition {
    /// What this depends on.
    pub fn depends(&self) -> Depends {
        let mut depends = Depends::default();
        self.add_depends(&mut depends);
        depends
    }

    fn add_depends(&self, depends: &mut Depends) {
        match self {
            Self::True | Self::False | Self::Gender(_) | Self::Race(_) => {}
            Self::Age { .. } | Self::Year { .. } | Self::Month { .. } | Self::Date { .. } => {
                depends.calendar = true;
            }
            Self::Socioeconomic { .. } | Self::Symptom { .. } => depends.person = true,
            Self::Observation { of, .. } | Self::Active { by: of, .. } => {
                depends.record = true;
                depends.person |= matches!(of, By::Attribute(_));
            }
            Self::Vital { .. } => {
                depends.weekly = true;
                depends.person = true;
            }
            Self::Attribute { source, .. } => match source {
                Source::Season(_) | Source::Age => depends.weekly = true,
                _ => depends.person = true,
            },
            // A module does not move while it waits, so only the window can change the answer.
            Self::Prior { within, .. } => depends.weekly |= within.is_some(),
            Self::Not(condition) => condition.add_depends(depends),
            Self::And(all) | Self::Or(all) | Self::AtLeast(_, all) | Self::AtMost(_, all) => {
                for condition in all {
                    condition.add_depends(depends);
                }
            }
        }
    }
}
