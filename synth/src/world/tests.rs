//! What every world keeps.

use super::*;
use crate::beds::Stay;
use crate::plan::Cohort;
use crate::time::{DAY, HOUR};
use std::collections::HashSet;

fn plan(patients: u64, cohort: Cohort) -> Plan {
    Plan { cohort, ..Plan::new(patients, 7, Time::of_date(2026, 11, 30)) }
}

fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for patients in [1, 100, 1_000, 10_000, 100_000, 3_000_000] {
        for cohort in [Cohort::Community, Cohort::Hospital] {
            worlds.push(World::new(&plan(patients, cohort)));
        }
    }
    worlds
}

#[test]
fn everything_points_somewhere() {
    for world in worlds() {
        for (number, facility) in world.facilities.iter().enumerate() {
            assert!((facility.place as usize) < world.places.len());
            assert_eq!(facility.location, number as u32);
            assert!(!facility.practitioners.is_empty(), "{} has nobody", facility.name);
            for one in facility.practitioners.clone() {
                assert_eq!(world.practitioners[one as usize].facility, number as u32);
            }
        }
        for (number, location) in world.locations.iter().enumerate() {
            match location.parent {
                None => assert_eq!(location.kind, LocationKind::Building),
                Some(parent) => {
                    assert!((parent as usize) < number, "parents come first");
                    let parent = &world.locations[parent as usize];
                    assert_eq!(parent.facility, location.facility);
                    assert!(parent.kind < location.kind, "{} in {}", location.name, parent.name);
                }
            }
        }
    }
}

#[test]
fn names_and_numbers_are_one_of_a_kind() {
    for world in worlds() {
        let names: HashSet<_> = world.facilities.iter().map(|one| &one.name).collect();
        assert_eq!(names.len(), world.facilities.len());
        let paths: HashSet<_> =
            (0..world.locations.len() as u32).map(|at| world.path(at)).collect();
        assert_eq!(paths.len(), world.locations.len());
        let numbers: HashSet<_> = world.practitioners.iter().map(|one| &one.npi).collect();
        assert_eq!(numbers.len(), world.practitioners.len());
        let phones: HashSet<_> = world.facilities.iter().map(|one| &one.phone).collect();
        assert_eq!(phones.len(), world.facilities.len());
        for facility in &world.facilities {
            assert!(facility.phone[3..].starts_with("-555-01"), "{}", facility.phone);
        }
    }
}

#[test]
fn no_npi_could_be_real() {
    // The published example of the algorithm: 123456789 has check digit 3.
    assert_eq!(build::check_digit("123456789"), 3);
    for world in worlds() {
        for one in &world.practitioners {
            assert_eq!(one.npi.len(), 10);
            let (body, digit) = one.npi.split_at(9);
            assert_ne!(digit, build::check_digit(body).to_string());
        }
    }
}

#[test]
fn more_patients_have_more_hospitals() {
    let count = |patients, cohort| {
        let world = World::new(&plan(patients, cohort));
        world.facilities.iter().filter(|one| one.kind == FacilityKind::Hospital).count()
    };
    assert_eq!(count(1_000, Cohort::Community), 1);
    assert_eq!(count(1_000, Cohort::Hospital), 1);
    assert!(count(100_000, Cohort::Community) >= 3);
    assert!(count(100_000, Cohort::Hospital) >= 3);
}

#[test]
fn the_same_plan_makes_the_same_world() {
    let print = |seed| {
        let plan = Plan { seed, ..plan(1_000, Cohort::Community) };
        format!("{:?}", World::new(&plan))
    };
    assert_eq!(print(7), print(7));
    assert_ne!(print(7), print(8));
}

/// Someone without a history.
pub(crate) fn person(index: u64, place: u32, birth: Time) -> Person {
    Person {
        index,
        random: Random::new(7, index, "engine"),
        life_random: Random::new(7, index, "life"),
        birth,
        death: None,
        sex: crate::person::Sex::Female,
        identity: crate::person::Identity {
            given: vec!["Ada".into()],
            family: "Test".into(),
            maiden: None,
            mother: "Test".into(),
            race: crate::person::Race::White,
            hispanic: false,
            language: "en-US",
            marital: 'S',
            street: "1 Kiln Street".into(),
            place,
            zip: "01381".into(),
            phone: "413-555-0100".into(),
            mrn: "1".into(),
        },
        family: Vec::new(),
        attributes: Vec::new(),
        vitals: [f64::NAN; crate::life::Vital::COUNT],
        symptoms: Vec::new(),
        life: Default::default(),
        record: Default::default(),
        circle: None,
        changes: 0,
    }
}

const CLASSES: [Class; 10] = [
    Class::Wellness,
    Class::Ambulatory,
    Class::Outpatient,
    Class::UrgentCare,
    Class::Emergency,
    Class::Inpatient,
    Class::Hospice,
    Class::Home,
    Class::Snf,
    Class::Virtual,
];

#[test]
fn every_encounter_finds_the_right_kind_of_place() {
    let now = Time::of_date(2026, 1, 5);
    let mut random = Random::new(1, 1, "test");
    for world in worlds() {
        for index in 0..200 {
            let birth = now.plus_years(-((index % 90) as i32));
            let person = person(index, (index % 9) as u32, birth);
            for class in CLASSES {
                for ward in [None, Some(Ward::Icu), Some(Ward::Maternity), Some(Ward::Medical)] {
                    let (facility, doctor) =
                        world.choose(&person, class, ward, "hip_fracture", now, &mut random);
                    let kind = world.facilities[facility as usize].kind;
                    assert_eq!(world.practitioners[doctor as usize].facility, facility);
                    let expected = match class {
                        Class::Wellness | Class::Ambulatory | Class::Virtual => {
                            FacilityKind::Practice
                        }
                        Class::Outpatient => FacilityKind::Clinic,
                        Class::UrgentCare => FacilityKind::UrgentCare,
                        Class::Emergency | Class::Inpatient => FacilityKind::Hospital,
                        Class::Hospice => FacilityKind::Hospice,
                        Class::Home => FacilityKind::HomeCare,
                        Class::Snf => FacilityKind::Nursing,
                    };
                    assert_eq!(kind, expected);
                }
            }
        }
    }
}

#[test]
fn patients_keep_their_doctor_and_specialists_fit_the_illness() {
    let world = World::new(&plan(10_000, Cohort::Community));
    let now = Time::of_date(2026, 1, 5);
    let mut random = Random::new(1, 1, "test");
    let mut doctors = HashSet::new();
    for index in 0..300 {
        let adult = person(index, (index % 8) as u32, now.plus_years(-40));
        let mut see = |class, ward, module: &str| {
            let (_, doctor) = world.choose(&adult, class, ward, module, now, &mut random);
            (doctor, world.practitioners[doctor as usize].specialty.1)
        };
        let doctor = see(Class::Wellness, None, "");
        assert_eq!(doctor, see(Class::Ambulatory, None, "copd"));
        assert_ne!(doctor.1, "Pediatrics");
        doctors.insert(doctor.0);
        assert_eq!(see(Class::Outpatient, None, "heart_failure").1, "Cardiovascular Disease");
        assert_eq!(see(Class::Outpatient, None, "lung_cancer").1, "Hematology & Oncology");
        assert_eq!(see(Class::Emergency, None, "").1, "Emergency Medicine");
        assert_eq!(see(Class::Inpatient, Some(Ward::Icu), "").1, "Critical Care Medicine");
        assert_eq!(
            see(Class::Inpatient, Some(Ward::Surgical), "hip_fracture").1,
            "Orthopaedic Surgery"
        );
        let child = person(index, 0, now.plus_years(-5));
        let (_, doctor) = world.choose(&child, Class::Wellness, None, "", now, &mut random);
        assert_eq!(world.practitioners[doctor as usize].specialty.1, "Pediatrics");
    }
    assert!(doctors.len() > 15, "patients see only {} doctors", doctors.len());
}

#[test]
fn the_old_have_medicare_and_the_poor_medicaid() {
    let world = World::new(&plan(1_000, Cohort::Community));
    let now = Time::of_date(2026, 1, 5);
    let mut count = [0; 8];
    for index in 0..20_000 {
        let adult = person(index, 0, now.plus_years(-18 - (index % 46) as i32));
        count[world.payer(&adult, now) as usize] += 1;
        assert_eq!(world.payer(&person(index, 0, now.plus_years(-65)), now), MEDICARE);
        assert_ne!(world.payer_with(&adult, 90_000.0, now), MEDICAID);
    }
    let share = |payer: u32| f64::from(count[payer as usize]) / 20_000.0;
    assert_eq!(share(MEDICARE), 0.0);
    assert!((0.2..0.5).contains(&share(MEDICAID)), "{}", share(MEDICAID));
    assert!((0.05..0.15).contains(&share(SELF_PAY)), "{}", share(SELF_PAY));
}

/// Stays at random: `per_day` admissions of `days` on average, over the dense years.
fn stays(world: &World, per_day: f64, days: f64) -> Vec<Stay> {
    let mut random = Random::new(5, 5, "stays");
    let mut stays = Vec::new();
    let mut at = world.dense_start.plus(-30 * DAY);
    while at < world.end {
        at = at.plus(random.exponential(DAY as f64 / per_day) as i64 + 1);
        let ward = Ward::ALL[1 + random.weighted([0.5, 0.2, 0.12, 0.1, 0.08].into_iter())];
        let stop = at.plus((random.log_normal(0.75 * days, 0.75) * DAY as f64) as i64 + HOUR);
        stays.push(Stay {
            patient: stays.len() as u64,
            encounter: 0,
            facility: 0,
            stop: stop.min(world.end),
            wards: vec![(at, ward)],
            acuity: None,
            admitted_from: None,
        });
    }
    stays.retain(|stay| stay.wards[0].0 < world.end);
    stays
}

#[test]
fn wards_are_sized_so_that_they_are_lively() {
    for (census, least, most) in [(1.5, 0.2, 0.7), (9.0, 0.6, 0.85), (150.0, 0.65, 0.85)] {
        let mut world = World::new(&plan(1_000, Cohort::Hospital));
        let stays = stays(&world, census / 4.5, 4.5);
        world.size_wards(&stays);
        let beds: usize = Ward::ALL[1..].iter().map(|ward| world.beds(0, *ward).len()).sum();
        let busy: i64 = stays
            .iter()
            .map(|stay| stay.stop.since(stay.wards[0].0.max(world.dense_start)).max(0))
            .sum();
        let occupancy = busy as f64 / world.end.since(world.dense_start) as f64 / beds as f64;
        assert!((least..most).contains(&occupancy), "{beds} beds for {census}: {occupancy}");
    }
}

#[test]
fn sizing_keeps_buildings_and_the_names_of_beds() {
    let mut world = World::new(&plan(1_000, Cohort::Hospital));
    let names = |world: &World| -> HashSet<String> {
        let beds = Ward::ALL[1..].iter().flat_map(|ward| world.beds(0, *ward).to_vec());
        beds.map(|bed| world.path(bed)).collect()
    };
    let before = names(&world);
    let buildings = world.facilities.len();
    let stays = stays(&world, 40.0, 4.5);
    world.size_wards(&stays);
    let after = names(&world);
    assert!(after.len() > before.len());
    assert!(before.is_subset(&after), "a bed changed its name");
    for number in 0..buildings {
        assert_eq!(world.locations[number].name, world.facilities[number].name);
    }
    // Without any stay, the numbers stay.
    let count = world.locations.len();
    world.size_wards(&[]);
    assert_eq!(world.locations.len(), count);
}
