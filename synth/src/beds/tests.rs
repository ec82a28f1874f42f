//! What every bed book keeps, for random stays, and the rules of the house one by one.

use super::*;
use crate::person::Death;
use crate::plan::{Cohort, Plan};
use crate::random::Random;
use crate::record::Encounter;
use crate::time::{DAY, HOUR, MINUTE};
use crate::vocabulary::CodeList;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn end() -> Time {
    Time::of_date(2026, 11, 30)
}

/// A world with one small hospital: two bays, one bed in every ward but three medical ones.
fn small() -> World {
    let plan = Plan { cohort: Cohort::Community, ..Plan::new(1_000, 7, end()) };
    let mut world = World::new(&plan);
    world.lay_out_for_tests(&[2, 3, 1, 1, 1, 1]);
    world
}

fn hour(hour: i64) -> Time {
    Time::of_date(2026, 1, 5).plus(hour * HOUR)
}

/// A stay in one ward, by hours.
fn stay(patient: u64, ward: Ward, from: i64, until: i64) -> Stay {
    Stay {
        patient,
        encounter: 0,
        facility: 0,
        stop: hour(until),
        wards: vec![(hour(from), ward)],
        acuity: None,
        admitted_from: None,
    }
}

/// The wards a patient lay in, with the hours of each leg.
fn told(world: &World, book: &BedBook, patient: u64, encounter: u32) -> Vec<(String, i64, i64)> {
    book.legs(patient, encounter)
        .iter()
        .map(|leg| {
            let name = world.path(leg.location).split('/').nth(1).unwrap_or("").to_owned();
            let hours = |time: Time| time.since(hour(0)) / HOUR;
            (name, hours(leg.start), hours(leg.stop))
        })
        .collect()
}

/// Checks what always holds.
fn check(world: &World, stays: &[Stay], book: &BedBook) {
    let mut by_bed: HashMap<u32, Vec<(Time, Time, u64)>> = HashMap::new();
    for stay in stays {
        let legs = book.legs(stay.patient, stay.encounter);
        assert_eq!(legs.first().map(|leg| leg.start), Some(stay.start()), "{stay:?}");
        assert_eq!(legs.last().map(|leg| leg.stop), Some(stay.stop), "{stay:?}");
        for pair in legs.windows(2) {
            assert_eq!(pair[0].stop, pair[1].start, "a gap in {stay:?}");
            assert_ne!(pair[0].location, pair[1].location, "moved to the same bed");
        }
        for leg in legs {
            assert!(leg.start < leg.stop);
            let place = &world.locations[leg.location as usize];
            assert_eq!(place.facility, stay.facility);
            if place.kind == LocationKind::Bed {
                by_bed.entry(leg.location).or_default().push((leg.start, leg.stop, stay.patient));
            }
            // Only who asked lies in these.
            if let Some(ward @ (Ward::Icu | Ward::Maternity | Ward::Paediatric)) = place.ward {
                assert!(
                    stay.wards.iter().any(|asked| asked.1 == ward && asked.0 <= leg.start),
                    "{stay:?} in {ward:?}"
                );
            }
        }
    }
    for (bed, mut taken) in by_bed {
        taken.sort_unstable();
        let hallway = world.hospitals.iter().any(|one| one.hallway.contains(&bed));
        for pair in taken.windows(2) {
            let pause = pair[1].0.since(pair[0].1);
            assert!(pause >= 0, "two in bed {}", world.path(bed));
            if pair[0].2 != pair[1].2 && !hallway {
                assert!(pause >= 10 * MINUTE, "{} was not cleaned", world.path(bed));
            }
        }
        let last = taken[taken.len() - 1];
        assert_eq!(book.status(bed) == BedStatus::Occupied, last.1 == end());
    }
}

/// Stays of many patients, as modules make them: visits, admissions, transfers.
fn random_stays(seed: u64, patients: u64, days: i64) -> Vec<Stay> {
    let mut random = Random::new(seed, 1, "stays");
    let mut stays = Vec::new();
    for patient in 0..patients {
        let mut at = end().plus(-random.whole(1, days * 24) * HOUR);
        let mut encounter = 0;
        while at < end() {
            let acuity = random.chance(0.5).then(|| random.whole(1, 5) as u8);
            let mut from = None;
            if random.chance(0.7) {
                let stop = at.plus(random.whole(20, 480) * MINUTE).min(end());
                stays.push(Stay {
                    patient,
                    encounter,
                    facility: 0,
                    stop,
                    wards: vec![(at, Ward::Emergency)],
                    acuity,
                    admitted_from: None,
                });
                from = Some(encounter);
                encounter += 1;
                at = stop;
            }
            if random.chance(0.6) && at < end() {
                let stop = at.plus(random.log_normal(60.0, 0.9) as i64 * HOUR + 600).min(end());
                let mut wards = vec![(at, *random.pick(&Ward::ALL[1..]))];
                while random.chance(0.4) {
                    let next = wards[wards.len() - 1].0.plus(random.whole(10, 3_000) * MINUTE);
                    if next >= stop {
                        break;
                    }
                    wards.push((next, *random.pick(&Ward::ALL[1..])));
                }
                stays.push(Stay {
                    patient,
                    encounter,
                    facility: 0,
                    stop,
                    wards,
                    acuity,
                    admitted_from: from,
                });
                encounter += 1;
                at = stop;
            }
            at = at.plus(random.whole(30, 3_000) * MINUTE);
        }
    }
    stays
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn nobody_shares_a_bed_and_nobody_is_lost(
        seed in any::<u64>(), patients in 1_u64..120, days in 1_i64..60, sized in any::<bool>(),
    ) {
        let mut world = small();
        let stays = random_stays(seed, patients, days);
        if sized {
            world.size_wards(&stays);
        }
        let book = BedBook::assign(&world, stays.clone());
        check(&world, &stays, &book);
    }

    #[test]
    fn the_order_of_stays_makes_no_difference(seed in any::<u64>()) {
        let world = small();
        let mut stays = random_stays(seed, 30, 20);
        let book = BedBook::assign(&world, stays.clone());
        stays.reverse();
        let again = BedBook::assign(&world, stays.clone());
        for stay in &stays {
            prop_assert_eq!(
                book.legs(stay.patient, stay.encounter),
                again.legs(stay.patient, stay.encounter)
            );
        }
    }
}

#[test]
fn an_empty_hospital_gives_everyone_their_ward() {
    let world = small();
    let stays: Vec<Stay> =
        Ward::ALL.iter().enumerate().map(|(at, ward)| stay(at as u64, *ward, 1, 9)).collect();
    let book = BedBook::assign(&world, stays);
    for (patient, ward) in Ward::ALL.iter().enumerate() {
        let legs = book.legs(patient as u64, 0);
        assert_eq!(legs.len(), 1);
        assert_eq!(world.locations[legs[0].location as usize].ward, Some(*ward));
        assert_eq!(world.locations[legs[0].location as usize].kind, LocationKind::Bed);
        assert_eq!(book.census(&world, *ward, hour(5)), 1);
        assert_eq!(book.census(&world, *ward, hour(9)), 0);
    }
}

#[test]
fn who_is_admitted_boards_in_the_bay_until_a_bed_is_free() {
    let world = small();
    // The only bed of intensive care is taken until hour 20.
    let visit = stay(2, Ward::Emergency, 4, 8);
    let admitted = Stay { encounter: 1, admitted_from: Some(0), ..stay(2, Ward::Icu, 8, 60) };
    let book = BedBook::assign(&world, vec![stay(1, Ward::Icu, 0, 20), visit, admitted]);
    let bay = book.legs(2, 0)[0].location;
    assert_eq!(book.legs(2, 1)[0].location, bay, "stays in the same bay");
    let told = told(&world, &book, 2, 1);
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], ("Emergency Department".into(), 8, 21));
    assert_eq!(told[1], ("Intensive Care Unit".into(), 21, 60));
    let clean = book.legs(2, 1)[1].start.since(hour(20));
    assert!((HOUR..=2 * HOUR).contains(&clean), "the bed was cleaned for {clean} s");
}

#[test]
fn an_admission_with_a_free_bed_goes_straight_there() {
    let world = small();
    let visit = stay(2, Ward::Emergency, 4, 8);
    // Even a short one.
    let admitted = Stay { encounter: 1, admitted_from: Some(0), ..stay(2, Ward::Medical, 8, 9) };
    let book = BedBook::assign(&world, vec![visit, admitted]);
    assert_eq!(told(&world, &book, 2, 1), [("3 East Medical".into(), 8, 9)]);
}

#[test]
fn the_more_acute_is_first_and_then_who_waits_longest() {
    let world = small();
    let mut stays = vec![stay(1, Ward::Surgical, 0, 10)];
    // All medical beds are taken, so that nobody is sent there.
    stays.extend((2..5).map(|patient| stay(patient, Ward::Medical, 0, 200)));
    for (patient, from, acuity) in [(10, 1, 4), (11, 2, 2), (12, 3, 2)] {
        let acuity = Some(acuity);
        stays.push(Stay { acuity, ..stay(patient, Ward::Surgical, from, 40 + patient as i64) });
    }
    let book = BedBook::assign(&world, stays);
    let into_ward = |patient| {
        let told = told(&world, &book, patient, 0);
        told.iter().find(|leg| leg.0.contains("Surgical")).map(|leg| leg.1)
    };
    // Cleaned within two hours; the next two times the stays of 51 and 52 hours end.
    assert!(matches!(into_ward(11), Some(11..13)), "{:?}", into_ward(11));
    assert_eq!(into_ward(12), None, "leaves before it is worth moving");
    assert_eq!(into_ward(10), None);
}

#[test]
fn a_transfer_to_intensive_care_goes_before_new_patients() {
    let world = small();
    let mut transfer = stay(2, Ward::Medical, 0, 90);
    transfer.wards.push((hour(8), Ward::Icu));
    let new = Stay { acuity: Some(1), ..stay(3, Ward::Icu, 5, 92) };
    let book = BedBook::assign(&world, vec![stay(1, Ward::Icu, 0, 20), transfer, new]);
    let told_2 = told(&world, &book, 2, 0);
    assert_eq!(told_2[0].0, "3 East Medical");
    assert_eq!(told_2[1].0, "Intensive Care Unit");
    assert_eq!(told(&world, &book, 3, 0), [("Emergency Department".into(), 5, 92)]);
}

#[test]
fn outliers_lie_in_a_suitable_ward_and_come_back() {
    let world = small();
    let book = BedBook::assign(
        &world,
        vec![stay(1, Ward::Surgical, 0, 20), stay(2, Ward::Surgical, 5, 95)],
    );
    let told = told(&world, &book, 2, 0);
    assert_eq!(told[0].0, "3 East Medical");
    assert_eq!(told[1].0, "4 North Surgical");
    // For less than a day nobody moves them.
    let book = BedBook::assign(
        &world,
        vec![stay(1, Ward::Surgical, 0, 20), stay(2, Ward::Surgical, 5, 40)],
    );
    assert_eq!(book.legs(2, 0).len(), 1);
}

#[test]
fn boarding_ends_in_another_ward_after_half_a_day() {
    let world = small();
    let mut stays: Vec<Stay> = (0..3).map(|patient| stay(patient, Ward::Medical, 0, 200)).collect();
    stays.push(stay(9, Ward::Emergency, 2, 5));
    stays.push(Stay { encounter: 1, admitted_from: Some(0), ..stay(9, Ward::Medical, 5, 90) });
    let book = BedBook::assign(&world, stays);
    assert_eq!(
        told(&world, &book, 9, 1),
        [("Emergency Department".into(), 5, 17), ("4 North Surgical".into(), 17, 90)]
    );
}

#[test]
fn a_full_emergency_department_has_a_hallway_and_a_waiting_room() {
    let world = small();
    let stays: Vec<Stay> =
        (0..6).map(|patient| stay(patient, Ward::Emergency, patient as i64, 12)).collect();
    let book = BedBook::assign(&world, stays.clone());
    check(&world, &stays, &book);
    let first = |patient| world.locations[book.legs(patient, 0)[0].location as usize].name.clone();
    assert_eq!(&*first(0), "ED Bay 1");
    assert_eq!(&*first(1), "ED Bay 2");
    assert_eq!(&*first(2), "ED Hallway 1");
    assert_eq!(&*first(3), "ED Hallway 2");
    assert_eq!(&*first(4), "ED Waiting Room");
    assert_eq!(&*first(5), "ED Waiting Room");
}

#[test]
fn a_sized_hospital_is_lively_and_seldom_boards() {
    let plan = Plan { cohort: Cohort::Hospital, ..Plan::new(1_000, 7, end()) };
    for (patients, mut world) in [(700, World::new(&plan)), (6_000, World::new(&plan))] {
        let mut stays = random_admissions(patients, &world);
        stays.retain(|stay| stay.start() < stay.stop);
        world.size_wards(&stays);
        let book = BedBook::assign(&world, stays.clone());
        check(&world, &stays, &book);
        let (from, until) = (world.dense_start, world.end);
        let (mut taken, mut beds, mut bays, mut crowd, mut all) = (0.0, 0.0, 0, 0, 0);
        for ward in &Ward::ALL[1..] {
            let count = world.beds(0, *ward).len() as f64;
            taken += count * book.occupancy(&world, *ward, from, until);
            beds += count;
        }
        for stay in stays.iter().filter(|stay| stay.wards[0].1 != Ward::Emergency) {
            for leg in book.legs(stay.patient, stay.encounter) {
                let place = &world.locations[leg.location as usize];
                let seconds = leg.stop.since(leg.start);
                all += seconds;
                bays += if place.ward == Some(Ward::Emergency) { seconds } else { 0 };
                crowd += if place.kind == LocationKind::Room { seconds } else { 0 };
            }
        }
        let occupancy = taken / beds;
        let share = |of: i64| of as f64 / all as f64;
        println!(
            "{patients}: {beds} beds, {occupancy:.2} taken, {:.3} boarding, {:.4} waiting",
            share(bays),
            share(crowd)
        );
        assert!((0.6..0.9).contains(&occupancy), "{occupancy}");
        assert!((0.000_1..0.12).contains(&share(bays)), "boarding: {}", share(bays));
        assert!(share(crowd) < 0.01, "waiting: {}", share(crowd));
    }
}

/// Emergency visits, two in five of them admitted, and planned stays, with a busy winter.
fn random_admissions(patients: u64, world: &World) -> Vec<Stay> {
    let mut random = Random::new(3, 3, "admissions");
    let mut stays = Vec::new();
    let span = world.end.since(world.dense_start);
    for patient in 0..patients {
        for episode in 0..random.whole(1, 5) as u32 {
            let at = world.dense_start.plus(random.whole(0, span));
            let winter = matches!(at.civil().month, 12 | 1 | 2);
            if !winter && random.chance(0.3) {
                continue;
            }
            let encounter = 2 * episode;
            let mut begin = at;
            if random.chance(0.8) {
                begin = at.plus(random.log_normal(3.5, 0.5) as i64 * HOUR + 1_800);
                stays.push(Stay {
                    patient,
                    encounter,
                    facility: 0,
                    stop: begin.min(world.end),
                    wards: vec![(at, Ward::Emergency)],
                    acuity: Some(random.whole(1, 5) as u8),
                    admitted_from: None,
                });
                if random.chance(0.4) {
                    continue;
                }
            }
            let stop = begin.plus((random.log_normal(3.6, 0.75) * DAY as f64) as i64);
            let ward = Ward::ALL[1 + random.weighted([0.55, 0.2, 0.1, 0.08, 0.07].into_iter())];
            let mut wards = vec![(begin, ward)];
            if ward == Ward::Icu {
                wards.push((begin.plus(stop.since(begin) / 2), Ward::Medical));
            }
            stays.push(Stay {
                patient,
                encounter: encounter + 1,
                facility: 0,
                stop: stop.min(world.end),
                wards,
                acuity: Some(random.whole(1, 5) as u8),
                admitted_from: (begin > at).then_some(encounter),
            });
        }
    }
    stays.retain(|stay| stay.start() < world.end);
    stays
}

#[test]
fn a_bed_at_the_end_is_occupied_dirty_or_ready() {
    let world = small();
    let end = end();
    let until = |patient: u64, stop: Time| Stay {
        stop,
        wards: vec![(end.plus(-5 * HOUR), Ward::Medical)],
        ..stay(patient, Ward::Medical, 0, 1)
    };
    let book = BedBook::assign(&world, vec![until(1, end), until(2, end.plus(-20 * MINUTE))]);
    let status = |patient| book.status(book.legs(patient, 0)[0].location);
    assert_eq!(status(1), BedStatus::Occupied);
    assert_eq!(status(2), BedStatus::Contaminated);
    let used: HashSet<u32> = [1, 2].iter().map(|one| book.legs(*one, 0)[0].location).collect();
    let free = world.beds(0, Ward::Medical).iter().find(|bed| !used.contains(bed));
    assert_eq!(free.map(|bed| book.status(*bed)), Some(BedStatus::Unoccupied));
}

#[test]
fn a_facility_without_beds_has_its_building() {
    let world = small();
    let practice = world.facilities.len() as u32 - 1;
    let stays = vec![Stay { facility: practice, ..stay(1, Ward::Medical, 0, 30) }];
    let book = BedBook::assign(&world, stays);
    assert_eq!(book.legs(1, 0).len(), 1);
    assert_eq!(book.legs(1, 0)[0].location, world.facilities[practice as usize].location);
    assert!(book.legs(1, 1).is_empty());
}

/// A person's encounter, by hours from `hour(0)`.
fn encounter(class: Class, from: i64, until: Option<i64>, wards: &[(i64, Ward)]) -> Encounter {
    Encounter {
        class,
        codes: CodeList(0),
        start: hour(from),
        stop: until.map(hour),
        reason: None,
        discharge: None,
        facility: 0,
        practitioner: 0,
        module: None,
        wards: wards.iter().map(|(at, ward)| (hour(*at), *ward)).collect(),
        acuity: Some(2),
        symptoms: Vec::new(),
        admitted_from: None,
    }
}

fn of_person(birth: Time, encounters: Vec<Encounter>, death: Option<Time>) -> Vec<Stay> {
    let mut person = crate::world::tests::person(5, 0, birth);
    person.record.encounters = encounters;
    person.death = death.map(|time| Death { time, cause: None });
    stays(&person, &Plan::new(10, 7, end()))
}

#[test]
fn only_stays_and_emergency_visits_want_beds() {
    let stays = of_person(
        Time::of_date(1960, 1, 1),
        vec![
            encounter(Class::Inpatient, -24 * 365 * 30, Some(-24 * 365 * 30 + 50), &[]),
            encounter(Class::Wellness, 0, Some(1), &[]),
            encounter(Class::Emergency, 10, Some(14), &[(10, Ward::Emergency)]),
            Encounter {
                admitted_from: Some(2),
                ..encounter(Class::Inpatient, 14, Some(90), &[(14, Ward::Icu), (40, Ward::Medical)])
            },
            encounter(Class::Inpatient, 200, Some(200), &[(200, Ward::Medical)]),
            encounter(Class::Inpatient, 300, None, &[]),
        ],
        None,
    );
    // The first lies before the history kept, the last but one has no length.
    let told: Vec<_> = stays.iter().map(|stay| (stay.encounter, stay.wards[0].1)).collect();
    assert_eq!(told, [(2, Ward::Emergency), (3, Ward::Icu), (5, Ward::Medical)]);
    assert_eq!(stays[1].admitted_from, Some(2));
    assert_eq!(stays[1].wards, [(hour(14), Ward::Icu), (hour(40), Ward::Medical)]);
    assert_eq!((stays[1].acuity, stays[1].stop), (Some(2), hour(90)));
    assert_eq!(stays[2].stop, end(), "still there at the end");
}

#[test]
fn stays_end_with_life_and_their_wards_with_them() {
    let wards = [(0, Ward::Surgical), (0, Ward::Icu), (5, Ward::Icu), (60, Ward::Medical)];
    let stays = of_person(
        Time::of_date(1960, 1, 1),
        vec![encounter(Class::Inpatient, 0, Some(90), &wards)],
        Some(hour(50)),
    );
    assert_eq!(stays[0].stop, hour(50));
    assert_eq!(stays[0].wards, [(hour(0), Ward::Icu)]);
}

#[test]
fn children_lie_among_children() {
    let wards = [(0, Ward::Medical), (10, Ward::Icu), (20, Ward::Surgical)];
    let of = |birth: Time| -> Vec<Ward> {
        let stays = of_person(birth, vec![encounter(Class::Inpatient, 0, Some(90), &wards)], None);
        stays[0].wards.iter().map(|ward| ward.1).collect()
    };
    let child = hour(0).plus_years(-17);
    assert_eq!(of(child), [Ward::Paediatric, Ward::Icu, Ward::Paediatric]);
    let grown = hour(0).plus_years(-18);
    assert_eq!(of(grown), [Ward::Medical, Ward::Icu, Ward::Surgical]);
    let asked = [(0, Ward::Paediatric)];
    let stays = of_person(grown, vec![encounter(Class::Inpatient, 0, Some(9), &asked)], None);
    assert_eq!(stays[0].wards[0].1, Ward::Medical);
}
