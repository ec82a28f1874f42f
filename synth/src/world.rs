//! Where people live and are treated: places, facilities with wards and beds, clinicians, payers,
//! and what is going round. Made once per run, from the seed and the number of patients.

mod build;
mod names;
mod seasons;
mod specialties;
mod wards;

pub use seasons::Seasons;
pub(crate) use wards::HospitalBeds;

use crate::beds::Stay;
use crate::person::Person;
use crate::plan::Plan;
use crate::random::Random;
use crate::record::{Class, Ward};
use crate::time::Time;
use build::Directory;
use specialties as specialty;

/// The world of a run.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Towns.
    pub places: Vec<Place>,
    /// Hospitals, practices and so on.
    pub facilities: Vec<Facility>,
    /// Clinicians.
    pub practitioners: Vec<Practitioner>,
    /// Who pays.
    pub payers: Vec<Payer>,
    /// Buildings, wards, rooms and beds, parents before children.
    pub locations: Vec<Location>,
    /// What is going round.
    pub seasons: Seasons,
    /// Seed of the run.
    pub(crate) seed: u64,
    /// End of the run.
    pub(crate) end: Time,
    /// From here on wards should be lively.
    pub(crate) dense_start: Time,
    /// Beds by hospital, in the order of [`World::facilities`].
    pub(crate) hospitals: Vec<HospitalBeds>,
    /// Who is near whom.
    directory: Directory,
}

/// A town.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub name: Box<str>,
    /// Two-letter state.
    pub state: &'static str,
    /// First ZIP code.
    pub zip: Box<str>,
    /// Latitude and longitude, in degrees.
    pub position: (f64, f64),
    /// How many live there; patients are drawn in proportion.
    pub population: u32,
}

/// What a facility is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacilityKind {
    /// With an emergency department, wards and beds.
    Hospital,
    /// Primary care.
    Practice,
    /// Urgent care.
    UrgentCare,
    /// Specialists.
    Clinic,
    /// Skilled nursing.
    Nursing,
    /// Hospice.
    Hospice,
    /// Care at home.
    HomeCare,
}

/// A facility; one Organization each.
#[derive(Clone, Debug)]
pub struct Facility {
    /// What it is.
    pub kind: FacilityKind,
    /// Its name.
    pub name: Box<str>,
    /// Its town, in [`World::places`].
    pub place: u32,
    /// Street and number.
    pub street: Box<str>,
    /// Telephone.
    pub phone: Box<str>,
    /// Its building, in [`World::locations`].
    pub location: u32,
    /// Its clinicians, in [`World::practitioners`].
    pub practitioners: std::ops::Range<u32>,
}

/// A clinician.
#[derive(Clone, Debug)]
pub struct Practitioner {
    /// Given name.
    pub given: Box<str>,
    /// Family name.
    pub family: Box<str>,
    /// `female` or `male`.
    pub female: bool,
    /// NPI-shaped number that fails its check digit, so that it is nobody's.
    pub npi: Box<str>,
    /// What they practise: NUCC code and display.
    pub specialty: (&'static str, &'static str),
    /// Where, in [`World::facilities`].
    pub facility: u32,
}

/// A payer with its plan.
#[derive(Clone, Debug)]
pub struct Payer {
    /// Its name.
    pub name: &'static str,
    /// Code for Coverage.type, from HL7 v3 ActCode: `EHCPOL` (private), `PUBLICPOL` (Medicare),
    /// `SUBSIDIZ` (Medicaid); or `pay` (the patient), which is of the system
    /// <http://terminology.hl7.org/CodeSystem/coverage-selfpay>.
    pub kind: &'static str,
    /// Yearly deductible, US dollars.
    pub deductible: f64,
    /// The patient's share above it, 0 to 1.
    pub coinsurance: f64,
}

/// What a location is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocationKind {
    /// `bu`
    Building,
    /// `wa`
    Ward,
    /// `ro`; also a pod of emergency bays, the emergency department's hallway and its waiting room.
    Room,
    /// `bd`; also an emergency bay and a place in the hallway.
    Bed,
}

impl LocationKind {
    /// Its code in <http://terminology.hl7.org/CodeSystem/location-physical-type>.
    pub fn code(self) -> &'static str {
        match self {
            Self::Building => "bu",
            Self::Ward => "wa",
            Self::Room => "ro",
            Self::Bed => "bd",
        }
    }
}

/// A building, ward, room or bed.
#[derive(Clone, Debug)]
pub struct Location {
    /// What it is.
    pub kind: LocationKind,
    /// Its name.
    pub name: Box<str>,
    /// Whose it is, in [`World::facilities`].
    pub facility: u32,
    /// Of which ward it is or is part of.
    pub ward: Option<Ward>,
    /// What it lies in, in [`World::locations`].
    pub parent: Option<u32>,
}

/// What [`Seasons`] tells. Modules read it as attributes named `season_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Season {
    /// `season_influenza`: a wave each winter, some years high; next to nothing in summer.
    Influenza,
    /// `season_respiratory`: colds and RSV, broad winter hump.
    Respiratory,
    /// `season_covid`: 0 before March 2020, waves after.
    Covid,
    /// `season_injury`: falls on ice in winter, outdoor injuries in summer.
    Injury,
    /// `season_heat`: heat waves in summer.
    Heat,
}

/// The place of Medicare in [`World::payers`].
pub const MEDICARE: u32 = 0;
/// The place of Medicaid in [`World::payers`].
pub const MEDICAID: u32 = 1;
/// The place of "nobody but the patient" in [`World::payers`].
pub const SELF_PAY: u32 = 2;

/// Insurers change for working people about so often.
const PAYER_YEARS: i64 = 5;

/// Up to this yearly income, in dollars, Medicaid pays (138 % of the federal poverty level for a
/// household of two, 2024).
const MEDICAID_INCOME: f64 = 28_200.0;

impl World {
    /// The world of a plan. Bed numbers are a guess from the number of patients until
    /// [`World::size_wards`] has seen the stays.
    pub fn new(plan: &Plan) -> Self {
        let mut world = build::world(plan);
        world.lay_out(&wards::expected_beds(plan, &world));
        world
    }

    /// Gives every ward as many beds as these stays keep busy, and lays out buildings, wards,
    /// rooms and beds anew. Facilities, clinicians and the index of every building stay as they
    /// are; a bed that was there before keeps its [`World::path`].
    pub fn size_wards(&mut self, stays: &[Stay]) {
        let beds = wards::needed_beds(self, stays);
        self.lay_out(&beds);
    }

    /// Where a patient goes for such an encounter, and whom they see: facility and practitioner.
    /// Their own practice and its doctor for check-ups, the hospital of their region for stays.
    pub fn choose(
        &self,
        person: &Person,
        class: Class,
        ward: Option<Ward>,
        module: &str,
        now: Time,
        random: &mut Random,
    ) -> (u32, u32) {
        let child = person.age(now) < 18;
        match class {
            Class::Wellness | Class::Ambulatory | Class::Virtual => {
                self.primary_care(person, child)
            }
            Class::Outpatient => {
                let wanted = if child && !module_keeps_specialist(module) {
                    specialty::PEDIATRICS
                } else {
                    specialty::of_module(module)
                };
                self.specialist(person, wanted)
                    .or_else(|| self.specialist(person, specialty::INTERNAL))
                    .unwrap_or_else(|| self.primary_care(person, child))
            }
            Class::UrgentCare => {
                let facility = self.near(person, FacilityKind::UrgentCare);
                (facility, self.anyone(facility, random))
            }
            Class::Emergency => {
                let facility = self.near(person, FacilityKind::Hospital);
                (facility, self.staff(facility, &[specialty::EMERGENCY], random))
            }
            Class::Inpatient => {
                let facility = self.near(person, FacilityKind::Hospital);
                let wanted = specialty::of_module(module);
                let first = match ward.unwrap_or(Ward::Medical) {
                    Ward::Icu => specialty::CRITICAL_CARE,
                    Ward::Maternity if child => specialty::PEDIATRICS,
                    Ward::Maternity => specialty::OBSTETRICS,
                    Ward::Paediatric => specialty::PEDIATRICS,
                    Ward::Surgical if wanted == specialty::ORTHOPAEDICS => wanted,
                    Ward::Surgical => specialty::SURGERY,
                    _ if child => specialty::PEDIATRICS,
                    Ward::Emergency | Ward::Medical => {
                        // Four in ten have the organ's own doctor, where the house has one.
                        if random.chance(0.4) { wanted } else { specialty::HOSPITALIST }
                    }
                };
                (facility, self.staff(facility, &[first, specialty::HOSPITALIST], random))
            }
            Class::Hospice => self.own(person, FacilityKind::Hospice),
            Class::Home => self.own(person, FacilityKind::HomeCare),
            Class::Snf => self.own(person, FacilityKind::Nursing),
        }
    }

    /// Who pays for a patient's care at a moment, where income is not known: by age, and by lot in
    /// the shares of the Census Bureau's report "Health Insurance Coverage in the United States:
    /// 2023" (uninsured 8 %, Medicaid 19 %, of children 35 %).
    pub fn payer(&self, person: &Person, at: Time) -> u32 {
        // A lot for life, so that someone poor at 30 is mostly poor at 40.
        let standing = Random::new(self.seed, person.index, "standing").unit();
        let income = 6_000.0 + 130_000.0 * standing * standing;
        self.payer_with(person, income, at)
    }

    /// Who pays for a patient's care at a moment: Medicare from 65; below, Medicaid for the poor
    /// and for children of the less well off; else an insurer, or nobody.
    pub fn payer_with(&self, person: &Person, income: f64, at: Time) -> u32 {
        let age = person.age(at);
        if age >= 65 {
            return MEDICARE;
        }
        let limit = if age < 19 { MEDICAID_INCOME * 1.7 } else { MEDICAID_INCOME };
        let spell = (at.day() / 365 + person.index as i64 % PAYER_YEARS).div_euclid(PAYER_YEARS);
        let key = person.index.wrapping_mul(1_024).wrapping_add(spell as u64);
        let mut random = Random::new(self.seed, key, "payer");
        let lot = random.unit();
        if income <= limit {
            return if lot < 0.86 { MEDICAID } else { SELF_PAY };
        }
        if age >= 19 && lot < if income < 60_000.0 { 0.13 } else { 0.05 } {
            return SELF_PAY;
        }
        let first = SELF_PAY + 1;
        let insurers = (self.payers.len() as u32).saturating_sub(first);
        if insurers == 0 { SELF_PAY } else { first + (random.bits() % u64::from(insurers)) as u32 }
    }

    /// A clinician of a facility with this NUCC code, such as the radiologist who reads a film;
    /// `key` chooses among several.
    pub fn clinician(&self, facility: u32, nucc: &str, key: u64) -> Option<u32> {
        let range = self.directory.staff(facility, nucc)?;
        Some(range.start + (key % u64::from(range.end - range.start)) as u32)
    }

    /// The names of a location and of all it lies in, outermost first, joined by `/`: one of a
    /// kind, and the same in every run that has this bed. Ids are made from it.
    pub fn path(&self, location: u32) -> String {
        let mut names = Vec::new();
        let mut at = Some(location);
        while let Some(location) = at.and_then(|at| self.locations.get(at as usize)) {
            names.push(&*location.name);
            at = location.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The beds of one kind of ward of a hospital (bays, for the emergency department), in
    /// [`World::locations`]; empty for whoever has none.
    pub fn beds(&self, facility: u32, ward: Ward) -> &[u32] {
        self.hospital(facility).map_or(&[], |beds| beds.of(ward))
    }

    /// The beds of a hospital.
    pub(crate) fn hospital(&self, facility: u32) -> Option<&HospitalBeds> {
        let at = self.hospitals.binary_search_by_key(&facility, |beds| beds.facility).ok()?;
        Some(&self.hospitals[at])
    }

    /// The patient's own practice, and their doctor there.
    fn primary_care(&self, person: &Person, child: bool) -> (u32, u32) {
        let facility = self.near(person, FacilityKind::Practice);
        let lot = self.lot(person, "doctor");
        let order: &[specialty::Specialty] = if child {
            &[specialty::PEDIATRICS, specialty::FAMILY]
        } else {
            match lot % 10 {
                0..5 => &[specialty::FAMILY],
                5..8 => &[specialty::INTERNAL, specialty::FAMILY],
                _ => &[specialty::NURSE_PRACTITIONER, specialty::FAMILY],
            }
        };
        let doctor = order.iter().find_map(|one| self.clinician(facility, one.0, lot >> 8));
        (facility, doctor.unwrap_or_else(|| self.first_of(facility)))
    }

    /// The nearest clinician of a specialty outside the wards; the same one each time.
    fn specialist(&self, person: &Person, wanted: specialty::Specialty) -> Option<(u32, u32)> {
        let choice = self.directory.specialists(self.town(person), wanted.0);
        let lot = self.lot(person, wanted.0);
        let one = choice.get((lot % choice.len().max(1) as u64) as usize)?;
        Some((self.practitioners.get(*one as usize)?.facility, *one))
    }

    /// Their own facility of a kind, and the same clinician there each time.
    fn own(&self, person: &Person, kind: FacilityKind) -> (u32, u32) {
        let facility = self.near(person, kind);
        let range = self.range(facility);
        let count = u64::from((range.end - range.start).max(1));
        (facility, range.start + (self.lot(person, "carer") % count) as u32)
    }

    /// The facility of a kind a patient goes to: the nearest, the same one for life.
    fn near(&self, person: &Person, kind: FacilityKind) -> u32 {
        let choice = self.directory.near(self.town(person), kind);
        if choice.len() < 2 {
            return choice.first().copied().unwrap_or(0);
        }
        choice[(self.lot(person, "near") % choice.len() as u64) as usize]
    }

    fn staff(&self, facility: u32, order: &[specialty::Specialty], random: &mut Random) -> u32 {
        let lot = random.bits() >> 1;
        order
            .iter()
            .find_map(|one| self.clinician(facility, one.0, lot))
            .unwrap_or_else(|| self.first_of(facility))
    }

    fn anyone(&self, facility: u32, random: &mut Random) -> u32 {
        let range = self.range(facility);
        if range.is_empty() {
            return 0;
        }
        random.whole(i64::from(range.start), i64::from(range.end) - 1) as u32
    }

    fn first_of(&self, facility: u32) -> u32 {
        self.range(facility).start
    }

    fn range(&self, facility: u32) -> std::ops::Range<u32> {
        self.facilities.get(facility as usize).map_or(0..0, |one| one.practitioners.clone())
    }

    fn town(&self, person: &Person) -> u32 {
        person.identity.place
    }

    /// A patient's lot for life in one question.
    fn lot(&self, person: &Person, question: &str) -> u64 {
        Random::new(self.seed, person.index, question).bits()
    }
}

/// Children go to these specialists themselves, not to a paediatrician.
fn module_keeps_specialist(module: &str) -> bool {
    let wanted = specialty::of_module(module);
    wanted != specialty::INTERNAL && wanted != specialty::PULMONOLOGY
}

#[cfg(test)]
pub(crate) mod tests;
