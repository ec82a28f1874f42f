//! Makes places, facilities, clinicians and payers.

use super::names;
use super::specialties::{self as specialty, Specialty};
use super::{Facility, FacilityKind, Payer, Place, Practitioner, Seasons, World};
use crate::plan::{Cohort, Plan};
use crate::random::Random;
use std::ops::Range;

/// One hospital for so many people of a community.
const COMMUNITY_PER_HOSPITAL: u64 = 40_000;
/// One hospital for so many of its own patients.
const PATIENTS_PER_HOSPITAL: u64 = 30_000;
/// One practice more for so many patients. A real one has fewer; a few small practices less make no
/// difference to any chart, and lists of clinicians stay readable.
const PATIENTS_PER_PRACTICE: u64 = 2_500;

/// What an outpatient clinic is called, and who works there.
const CLINICS: [(&str, &[Specialty]); 6] = [
    (
        "{0} Heart and Lung Clinic",
        &[specialty::CARDIOLOGY, specialty::CARDIOLOGY, specialty::PULMONOLOGY],
    ),
    (
        "{0} Bone and Joint Clinic",
        &[
            specialty::ORTHOPAEDICS,
            specialty::ORTHOPAEDICS,
            specialty::REHABILITATION,
            specialty::RHEUMATOLOGY,
        ],
    ),
    ("{0} Cancer Center", &[specialty::ONCOLOGY, specialty::ONCOLOGY, specialty::PALLIATIVE]),
    ("{0} Women's Health", &[specialty::OBSTETRICS, specialty::OBSTETRICS]),
    ("{0} Behavioral Health", &[specialty::PSYCHIATRY, specialty::PSYCHIATRY]),
    (
        "{0} Specialty Associates",
        &[
            specialty::INTERNAL,
            specialty::PEDIATRICS,
            specialty::SURGERY,
            specialty::ENDOCRINOLOGY,
            specialty::NEPHROLOGY,
            specialty::GASTROENTEROLOGY,
            specialty::NEUROLOGY,
            specialty::DERMATOLOGY,
            specialty::OPHTHALMOLOGY,
            specialty::OTOLARYNGOLOGY,
            specialty::UROLOGY,
            specialty::ALLERGY,
            specialty::GERIATRICS,
        ],
    ),
];

/// Medicare, Medicaid and self-pay stand at the places that `world` names; invented insurers follow.
const PAYERS: [Payer; 8] = [
    Payer { name: "Medicare", kind: "PUBLICPOL", deductible: 240.0, coinsurance: 0.2 },
    Payer { name: "Medicaid", kind: "SUBSIDIZ", deductible: 0.0, coinsurance: 0.0 },
    Payer { name: "Self-pay", kind: "pay", deductible: 0.0, coinsurance: 1.0 },
    Payer { name: "Cedar Mutual Health", kind: "EHCPOL", deductible: 1_500.0, coinsurance: 0.2 },
    Payer { name: "Bluewater Health Plan", kind: "EHCPOL", deductible: 500.0, coinsurance: 0.1 },
    Payer { name: "Northgate Insurance", kind: "EHCPOL", deductible: 3_000.0, coinsurance: 0.3 },
    Payer { name: "Commons Health Trust", kind: "EHCPOL", deductible: 1_000.0, coinsurance: 0.15 },
    Payer { name: "Lanternfield Benefit", kind: "EHCPOL", deductible: 2_000.0, coinsurance: 0.25 },
];

/// Area codes of Massachusetts; numbers 555-0100 to 555-0199 of each are kept for fiction.
const AREA_CODES: [u32; 9] = [413, 508, 978, 781, 617, 774, 351, 339, 857];

/// Who is near whom, looked up many times per patient.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// By place, by [`FacilityKind`]: the nearest ones.
    near: Vec<[Vec<u32>; 7]>,
    /// By place: specialists outside the wards, by NUCC code.
    specialists: Vec<Vec<(&'static str, Vec<u32>)>>,
    /// By facility: its clinicians by NUCC code.
    staff: Vec<Vec<(&'static str, Range<u32>)>>,
}

impl Directory {
    /// The nearest facilities of a kind, all equally near.
    pub(super) fn near(&self, place: u32, kind: FacilityKind) -> &[u32] {
        self.near
            .get(place as usize)
            .or(self.near.first())
            .map_or(&[], |kinds| &kinds[kind as usize])
    }

    /// The nearest specialists outside the wards.
    pub(super) fn specialists(&self, place: u32, nucc: &str) -> &[u32] {
        self.specialists
            .get(place as usize)
            .or(self.specialists.first())
            .and_then(|all| all.iter().find(|(code, _)| *code == nucc))
            .map_or(&[], |(_, practitioners)| practitioners)
    }

    /// Clinicians of a facility.
    pub(super) fn staff(&self, facility: u32, nucc: &str) -> Option<Range<u32>> {
        let staff = self.staff.get(facility as usize)?;
        staff.iter().find(|(code, _)| *code == nucc).map(|(_, range)| range.clone())
    }
}

/// The world of a plan, without any location.
pub(super) fn world(plan: &Plan) -> World {
    let places = names::TOWNS
        .iter()
        .map(|(name, zip, north, east, population)| Place {
            name: (*name).into(),
            state: "MA",
            zip: (*zip).into(),
            position: (*north, *east),
            population: *population,
        })
        .collect();
    let mut world = World {
        places,
        payers: PAYERS.to_vec(),
        seasons: Seasons::new(plan.seed, plan.end),
        seed: plan.seed,
        end: plan.end,
        dense_start: plan.dense_start(),
        ..World::default()
    };
    facilities(&mut world, plan);
    let staff = std::mem::take(&mut world.directory.staff);
    world.directory = directory(&world, staff);
    world
}

fn facilities(world: &mut World, plan: &Plan) {
    let patients = plan.patients;
    let per_hospital = match plan.cohort {
        Cohort::Community => COMMUNITY_PER_HOSPITAL,
        Cohort::Hospital => PATIENTS_PER_HOSPITAL,
    };
    let hospitals = most(1 + patients / per_hospital, names::TOWNS.len() * names::HOSPITALS.len());
    let patients_each = patients / hospitals as u64;
    let weight = if plan.cohort == Cohort::Hospital { 5 } else { 1 };
    let busy = patients_each * weight;
    for number in 0..hospitals {
        let (town, round) = (number % names::TOWNS.len(), number / names::TOWNS.len());
        let pattern = names::HOSPITALS[(town + round) % names::HOSPITALS.len()];
        add(world, FacilityKind::Hospital, pattern, town, 0, &hospital_staff(busy));
    }

    let practices = most(3 + patients / PATIENTS_PER_PRACTICE, 80);
    let panel = patients / practices as u64;
    let more = most(panel / 1_200, 4);
    let mut practice_staff = vec![specialty::FAMILY; 2 + more];
    practice_staff.extend([specialty::INTERNAL, specialty::PEDIATRICS]);
    practice_staff.extend(vec![specialty::NURSE_PRACTITIONER; 1 + more / 2]);
    spread(world, FacilityKind::Practice, &names::PRACTICES, practices, &practice_staff);

    let urgent = most(1 + patients / 25_000, 16);
    let urgent_staff =
        [specialty::PHYSICIAN_ASSISTANT, specialty::PHYSICIAN_ASSISTANT, specialty::EMERGENCY];
    spread(world, FacilityKind::UrgentCare, &names::URGENT, urgent, &urgent_staff);

    for number in 0..hospitals.min(names::TOWNS.len()) {
        for (pattern, staff) in CLINICS {
            add(world, FacilityKind::Clinic, pattern, number, 0, staff);
        }
    }

    let nursing = most(1 + patients / 15_000, 24);
    let nursing_staff = [specialty::GERIATRICS, specialty::NURSE_PRACTITIONER];
    spread(world, FacilityKind::Nursing, &names::NURSING, nursing, &nursing_staff);
    let hospice = most(1 + patients / 50_000, 8);
    spread(world, FacilityKind::Hospice, &names::HOSPICE, hospice, &[specialty::PALLIATIVE; 2]);
    let home = most(1 + patients / 50_000, 8);
    spread(world, FacilityKind::HomeCare, &names::HOME_CARE, home, &[specialty::HOME_NURSE; 3]);
}

fn most(wanted: u64, limit: usize) -> usize {
    usize::try_from(wanted).unwrap_or(limit).min(limit)
}

/// Who works in a hospital with so many patients of a community around it. Of one specialty each
/// after the other, so that a range says who they are.
fn hospital_staff(busy: u64) -> Vec<Specialty> {
    let mut staff = Vec::new();
    for (one, least, per, limit) in [
        (specialty::EMERGENCY, 4, 4_000, 30),
        (specialty::HOSPITALIST, 4, 2_500, 40),
        (specialty::SURGERY, 2, 8_000, 15),
        (specialty::ORTHOPAEDICS, 2, 10_000, 10),
        (specialty::CRITICAL_CARE, 2, 8_000, 15),
        (specialty::OBSTETRICS, 2, 8_000, 12),
        (specialty::PEDIATRICS, 2, 10_000, 10),
        (specialty::CARDIOLOGY, 1, 10_000, 8),
        (specialty::NEUROLOGY, 1, 20_000, 5),
        (specialty::ONCOLOGY, 1, 20_000, 5),
        (specialty::GASTROENTEROLOGY, 1, 20_000, 5),
        (specialty::PALLIATIVE, 1, 40_000, 3),
        (specialty::ANESTHESIOLOGY, 1, 10_000, 8),
        (specialty::RADIOLOGY, 2, 10_000, 8),
        (specialty::PATHOLOGY, 1, 20_000, 4),
    ] {
        staff.extend(vec![one; least + most(busy / per, limit)]);
    }
    staff
}

/// Facilities of a kind over the towns, each where it serves most people (D'Hondt).
fn spread(
    world: &mut World,
    kind: FacilityKind,
    patterns: &[&str],
    count: usize,
    staff: &[Specialty],
) {
    let mut given = [0; names::TOWNS.len()];
    for _ in 0..count {
        let town = (0..given.len())
            .max_by(|a, b| {
                let served =
                    |town: usize| f64::from(names::TOWNS[town].4) / f64::from(given[town] + 1);
                // Of equals the larger town, which stands first.
                served(*a).total_cmp(&served(*b)).then(b.cmp(a))
            })
            .unwrap_or(0);
        let round = given[town] as usize;
        let pattern = patterns[(town + round) % patterns.len()];
        add(world, kind, pattern, town, round / patterns.len(), staff);
        given[town] += 1;
    }
}

/// One facility with its clinicians; `twin` counts those of the same name before it.
fn add(
    world: &mut World,
    kind: FacilityKind,
    pattern: &str,
    town: usize,
    twin: usize,
    staff: &[Specialty],
) {
    let facility = world.facilities.len() as u32;
    let first = world.practitioners.len() as u32;
    let mut by_specialty: Vec<(&'static str, Range<u32>)> = Vec::new();
    for one in staff {
        let number = world.practitioners.len() as u32;
        match by_specialty.last_mut() {
            Some((code, range)) if *code == one.0 => range.end = number + 1,
            _ => by_specialty.push((one.0, number..number + 1)),
        }
        world.practitioners.push(practitioner(world.seed, number, *one, facility));
    }
    let mut name = pattern.replace("{0}", names::TOWNS[town].0);
    if twin > 0 {
        name = format!("{name} {}", twin + 1);
    }
    let mut random = Random::new(world.seed, u64::from(facility), "facility");
    let street = format!("{} {}", random.whole(1, 480), random.pick(&names::STREETS));
    let area = AREA_CODES[(facility as usize / 100) % AREA_CODES.len()];
    world.facilities.push(Facility {
        kind,
        name: name.into(),
        place: town as u32,
        street: street.into(),
        phone: format!("{area}-555-01{:02}", facility % 100).into(),
        location: facility,
        practitioners: first..world.practitioners.len() as u32,
    });
    world.directory.staff.push(by_specialty);
}

fn practitioner(seed: u64, number: u32, specialty: Specialty, facility: u32) -> Practitioner {
    let mut random = Random::new(seed, u64::from(number), "practitioner");
    let female = random.chance(0.5);
    let given = *random.pick(if female { &names::WOMEN } else { &names::MEN });
    Practitioner {
        given: given.into(),
        family: (*random.pick(&names::FAMILIES)).into(),
        female,
        npi: npi(seed, number).into(),
        specialty,
        facility,
    }
}

/// Ten digits with a wrong check digit. 7,919 is prime to 10, so no two numbers share one.
fn npi(seed: u64, number: u32) -> String {
    let body = (seed % 100_000_000 + u64::from(number) * 7_919) % 100_000_000;
    let body = format!("1{body:08}");
    format!("{body}{}", (check_digit(&body) + 5) % 10)
}

/// The digit a real NPI would end in: Luhn over the number with 80840 before it, which adds 24.
///
/// Spec: 45 CFR 162.406 and ISO/IEC 7812.
pub(super) fn check_digit(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    (10 - (sum + 24) % 10) % 10
}

fn directory(world: &World, staff: Vec<Vec<(&'static str, Range<u32>)>>) -> Directory {
    let mut directory = Directory { staff, ..Directory::default() };
    for place in 0..world.places.len() as u32 {
        directory.near.push(std::array::from_fn(|kind| {
            nearest(world, place, |facility| facility.kind as usize == kind)
        }));
        let mut specialists: Vec<(&'static str, Vec<u32>)> = Vec::new();
        let clinics = nearest(world, place, |facility| facility.kind == FacilityKind::Clinic);
        for clinic in clinics {
            for number in world.facilities[clinic as usize].practitioners.clone() {
                let code = world.practitioners[number as usize].specialty.0;
                match specialists.iter_mut().find(|(known, _)| *known == code) {
                    Some((_, practitioners)) => practitioners.push(number),
                    None => specialists.push((code, vec![number])),
                }
            }
        }
        directory.specialists.push(specialists);
    }
    directory
}

/// Facilities in the nearest town that has such.
fn nearest(world: &World, place: u32, wanted: impl Fn(&Facility) -> bool) -> Vec<u32> {
    let here = world.places[place as usize].position;
    let distance = |facility: &Facility| {
        let there = world.places[facility.place as usize].position;
        // Degrees of longitude are shorter than those of latitude; at 42 degrees by a quarter.
        (here.0 - there.0).powi(2) + (0.74 * (here.1 - there.1)).powi(2)
    };
    let all = || world.facilities.iter().enumerate().filter(|(_, one)| wanted(one));
    let Some(least) = all().map(|(_, one)| distance(one)).min_by(f64::total_cmp) else {
        return Vec::new();
    };
    all().filter(|(_, one)| distance(one) <= least).map(|(number, _)| number as u32).collect()
}
