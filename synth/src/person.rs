//! One person: who they are, how they are, and what happened to them.

use crate::life::Vital;
use crate::random::Random;
use crate::record::{Entry, Record};
use crate::time::Time;
use crate::vocabulary::{AttributeId, CodeId, CodeList, Symbol};

/// Administrative sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sex {
    /// `female`
    Female,
    /// `male`
    Male,
}

/// OMB race groups, as US Core's extension lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Race {
    /// White.
    White,
    /// Black or African American.
    Black,
    /// Asian.
    Asian,
    /// American Indian or Alaska Native.
    Native,
    /// Native Hawaiian or other Pacific Islander.
    Pacific,
    /// Other.
    Other,
}

/// What is in the passport and the address book.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Given names, first first.
    pub given: Vec<Box<str>>,
    /// Family name.
    pub family: Box<str>,
    /// Family name before marriage, if changed.
    pub maiden: Option<Box<str>>,
    /// Mother's full maiden name.
    pub mother: Box<str>,
    /// Race.
    pub race: Race,
    /// Hispanic or Latino.
    pub hispanic: bool,
    /// BCP 47 language, such as `en-US`.
    pub language: &'static str,
    /// HL7 marital status code: S, M, D, W.
    pub marital: char,
    /// Street and number.
    pub street: Box<str>,
    /// The place, in `World::places`.
    pub place: u32,
    /// ZIP code.
    pub zip: Box<str>,
    /// Telephone, a number from the range kept for fiction.
    pub phone: Box<str>,
    /// Medical record number.
    pub mrn: Box<str>,
}

/// What a blood relative had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyFact {
    /// HL7 v3 RoleCode of the relative: `MTH`, `FTH`, `SIS`, `BRO`, `GRMTH` and so on.
    pub relative: &'static str,
    /// What they had (SNOMED CT).
    pub condition: CodeId,
    /// Their age when it began, if told.
    pub onset_age: Option<u8>,
    /// They died of it.
    pub died_of_it: bool,
}

/// A death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// When.
    pub time: Time,
    /// Of what, where known.
    pub cause: Option<CodeList>,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value {
    /// Never set, or unset again: `nil`.
    #[default]
    Unset,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Words.
    Text(Symbol),
    /// A code.
    Code(CodeId),
    /// Something in the record.
    Entry(Entry),
}

/// One person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number within the run, from 0.
    pub index: u64,
    /// Stream of the engine: transitions, distributions.
    pub random: Random,
    /// Stream of the lifecycle: growth, vitals, schedules.
    pub life_random: Random,
    /// Birth.
    pub birth: Time,
    /// Death, once it happened. Nothing is recorded after it.
    pub death: Option<Death>,
    /// Sex.
    pub sex: Sex,
    /// Names and address.
    pub identity: Identity,
    /// What runs in the family.
    pub family: Vec<FamilyFact>,
    /// Attributes by [`AttributeId`].
    pub attributes: Vec<Value>,
    /// Vital signs and laboratory levels by [`Vital`]; not a number: never set.
    pub vitals: [f64; Vital::COUNT],
    /// Symptoms now: cause (module), name, strength 1 to 100.
    pub symptoms: Vec<(u16, Symbol, u8)>,
    /// The lifecycle's own state.
    pub life: crate::life::State,
    /// What happened.
    pub record: Record,
    /// A module that ran in circles, and the state it was stopped at: its file has a fault.
    pub circle: Option<(u16, Symbol)>,
    /// Counts changes of attributes, vitals, symptoms and record: a waiting guard looks again only
    /// when this moved (or when time is part of its question).
    pub changes: u64,
}

impl Person {
    /// Age in whole years.
    pub fn age(&self, at: Time) -> i32 {
        at.age_years(self.birth)
    }

    /// An attribute.
    pub fn attribute(&self, id: AttributeId) -> Value {
        self.attributes[id.0 as usize]
    }

    /// Sets an attribute and notes the change, if it is one.
    pub fn set(&mut self, id: AttributeId, value: Value) {
        let place = &mut self.attributes[id.0 as usize];
        if *place != value {
            *place = value;
            self.changes += 1;
        }
    }

    /// Sets a vital sign.
    pub fn set_vital(&mut self, vital: Vital, value: f64) {
        self.vitals[vital as usize] = value;
        self.changes += 1;
    }

    /// True until death.
    pub fn alive(&self) -> bool {
        self.death.is_none()
    }

    /// Dies, if still alive.
    pub fn die(&mut self, time: Time, cause: Option<CodeList>) {
        if self.death.is_none() {
            self.death = Some(Death { time, cause });
            self.changes += 1;
        }
    }
}
