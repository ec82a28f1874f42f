//! Logical ids, and what they identify.
//!
//! Always true: an id depends on the run's seed, the patient's number, the resource type and the
//! entry's number, and on nothing else; the same plan gives the same ids for any number of threads.

use super::json::{HEX, Object};
use xxhash_rust::xxh3::xxh3_128;

/// The number under which resources that belong to no patient are counted.
pub(super) const WORLD: u64 = u64::MAX;

/// A resource type; its number is its place in [`super::TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub(super) enum Kind {
    Organization,
    Location,
    Practitioner,
    PractitionerRole,
    Medication,
    Patient,
    RelatedPerson,
    Coverage,
    Encounter,
    Condition,
    AllergyIntolerance,
    FamilyMemberHistory,
    CareTeam,
    Goal,
    CarePlan,
    ServiceRequest,
    Procedure,
    Device,
    DeviceUseStatement,
    SupplyDelivery,
    Immunization,
    MedicationRequest,
    MedicationAdministration,
    Specimen,
    QuestionnaireResponse,
    Observation,
    ImagingStudy,
    DiagnosticReport,
    DocumentReference,
    Claim,
    ExplanationOfBenefit,
    Provenance,
}

impl Kind {
    /// The type's name.
    pub(super) fn name(self) -> &'static str {
        super::TYPES[self as usize]
    }
}

/// A logical id: 36 characters in the shape of a UUID (version 8 of RFC 9562: made our own way).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 36]);

impl Id {
    /// The id of an entry.
    pub(super) fn new(seed: u64, patient: u64, kind: Kind, number: u64) -> Self {
        let mut bytes = hash(seed, patient, kind as u8, number).to_be_bytes();
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (place, byte) in bytes.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = HEX[usize::from(byte >> 4)];
            text[at + 1] = HEX[usize::from(byte & 15)];
            at += 2;
        }
        Self(text)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits and hyphens")
    }
}

/// 128 bits that depend on an entry alone.
pub(super) fn hash(seed: u64, patient: u64, kind: u8, number: u64) -> u128 {
    let mut key = [0; 25];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&patient.to_le_bytes());
    key[16..24].copy_from_slice(&number.to_le_bytes());
    key[24] = kind;
    xxh3_128(&key)
}

impl Object<'_> {
    /// `{"reference": "Type/id"}`.
    pub(super) fn reference(&mut self, name: &str, kind: Kind, id: &Id) {
        self.object(name, |reference| reference.target(kind, id));
    }

    /// The inside of a Reference.
    pub(super) fn target(&mut self, kind: Kind, id: &Id) {
        self.plain("reference", |out| {
            out.extend_from_slice(kind.name().as_bytes());
            out.push(b'/');
            out.extend_from_slice(id.as_str().as_bytes());
        });
    }
}
