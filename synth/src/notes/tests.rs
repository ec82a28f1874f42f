//! Many simulated patients, their notes read against their records.

use super::*;
use crate::gmf::Files;
use crate::person::Sex;
use crate::record::Finding;
use crate::vocabulary::{CodeList, LOINC};
use crate::{Plan, beds, beds::BedBook};
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// Patients read in these tests.
const PATIENTS: u64 = 300;

fn simulation() -> &'static Simulation {
    static SIMULATION: OnceLock<Simulation> = OnceLock::new();
    SIMULATION.get_or_init(|| {
        let plan = Plan::new(PATIENTS, 41, Time::of_date(2026, 11, 1));
        Simulation::new(plan, &Files::own()).expect("our own modules").0
    })
}

struct Read {
    person: Person,
    notes: Vec<(EncounterIndex, Note)>,
}

/// Every patient with the notes of the dense years, written once for all tests.
fn read() -> &'static Vec<Read> {
    static READ: OnceLock<Vec<Read>> = OnceLock::new();
    READ.get_or_init(|| {
        let simulation = simulation();
        let people: Vec<Person> = (0..PATIENTS).map(|index| simulation.person(index)).collect();
        let stays = people.iter().flat_map(|p| beds::stays(p, &simulation.plan)).collect();
        let book = BedBook::assign(&simulation.world, stays);
        people
            .into_iter()
            .map(|person| {
                let notes = (0..person.record.encounters.len() as u32)
                    .filter(|place| {
                        person.record.encounters[*place as usize].start
                            >= simulation.plan.dense_start()
                    })
                    .flat_map(|place| {
                        write(simulation, &person, place, book.legs(person.index, place))
                            .into_iter()
                            .map(move |note| (place, note))
                    })
                    .collect();
                Read { person, notes }
            })
            .collect()
    })
}

fn slice(note: &Note, gold: &Gold) -> String {
    let (begin, end) = (gold.begin as usize, gold.end as usize);
    note.text.chars().skip(begin).take(end - begin).collect()
}

fn has(gold: &Gold, name: &str) -> bool {
    gold.traits.contains(&name)
}

/// The record's lists that hold one of the gold's codes.
fn matches(simulation: &Simulation, list: CodeList, gold: &Gold) -> bool {
    let vocabulary = &simulation.vocabulary;
    vocabulary.list(list).iter().any(|id| {
        let code = vocabulary.code(*id);
        gold.codes.iter().any(|(system, text)| {
            **text == *code.code && *system == *vocabulary.system(code.system)
        })
    })
}

#[test]
fn all_six_kinds_are_written() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bytes = 0;
    let mut count = 0;
    for (_, note) in read().iter().flat_map(|r| &r.notes) {
        *kinds.entry(note.kind.name()).or_default() += 1;
        bytes += note.text.len();
        count += 1;
        let limits = match note.kind {
            NoteKind::Radiology | NoteKind::Pathology => 150..2_500,
            _ => 250..9_000,
        };
        assert!(limits.contains(&note.text.len()), "{} B:\n{}", note.text.len(), note.text);
        assert!(note.gold.len() >= 4, "{}", note.text);
    }
    let simulation = simulation();
    let begun = std::time::Instant::now();
    let again: usize = read()
        .iter()
        .flat_map(|read| {
            let mut places: Vec<u32> = read.notes.iter().map(|(place, _)| *place).collect();
            places.dedup();
            places.into_iter().map(|place| write(simulation, &read.person, place, &[]).len())
        })
        .sum();
    let each = begun.elapsed().as_secs_f64() * 1e6 / again as f64;
    println!("{kinds:?}, {} B and {each:.0} us a note", bytes / count);
    for kind in [
        "progress",
        "emergency",
        "history-and-physical",
        "discharge-summary",
        "radiology",
        "pathology",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
}

#[test]
fn gold_lies_in_order_within_the_text() {
    for (_, note) in read().iter().flat_map(|r| &r.notes) {
        let length = note.text.chars().count() as u32;
        let mut before = 0;
        for (place, gold) in note.gold.iter().enumerate() {
            assert!(gold.begin >= before && gold.begin < gold.end && gold.end <= length);
            before = gold.end;
            let text = slice(note, gold);
            assert_eq!(text, text.trim(), "in:\n{}", note.text);
            if let Some(of) = gold.of {
                let owner = &note.gold[of as usize];
                assert!((of as usize) < place, "`{text}` stands before its owner");
                assert_eq!(owner.category, gold.category, "`{text}`");
                assert_eq!(owner.of, None, "`{text}` belongs to an attribute");
            } else {
                assert!(
                    !matches!(
                        gold.kind,
                        "DOSAGE" | "STRENGTH" | "FREQUENCY" | "TEST_VALUE" | "TEST_UNIT"
                    ),
                    "`{text}` belongs to nothing"
                );
            }
        }
        assert!(!note.text.contains(['[', ']', '{', '}', '@']), "markup is left:\n{}", note.text);
        assert!(!note.text.contains("  ,") && !note.text.contains(" ,"), "{}", note.text);
    }
}

#[test]
fn a_note_states_only_what_was_known_by_then() {
    let simulation = simulation();
    let mut told = 0;
    for read in read() {
        let (person, record) = (&read.person, &read.person.record);
        for (encounter, note) in &read.notes {
            let visit = &record.encounters[*encounter as usize];
            let at = note.time;
            assert!(at >= visit.start && at < simulation.plan.end);
            assert!(person.death.is_none_or(|death| at <= death.time), "written after death");
            if note.kind != NoteKind::Pathology {
                assert!(
                    visit.stop.is_none_or(|stop| at <= stop),
                    "{:?} after the visit",
                    note.kind
                );
            }
            let age = person.age(at);
            for gold in &note.gold {
                let text = slice(note, gold);
                let context = || format!("`{text}` at {at} in:\n{}", note.text);
                let unreal = ["NEGATION", "HYPOTHETICAL", "FUTURE", "PERTAINS_TO_FAMILY"]
                    .iter()
                    .any(|name| has(gold, name));
                if has(gold, "DIAGNOSIS") && !unreal {
                    let known = record.conditions.iter().any(|condition| {
                        condition.diagnosed.is_some_and(|found| found <= at)
                            && matches(simulation, condition.codes, gold)
                            && (has(gold, "PAST_HISTORY")
                                || condition.abatement.is_none_or(|end| end > at)
                                || condition.encounter == Some(*encounter)
                                || condition.encounter == visit.admitted_from
                                || condition.abatement.is_some_and(|end| end >= visit.start))
                    });
                    let reason = [visit.reason]
                        .into_iter()
                        .flatten()
                        .chain(
                            record
                                .procedures
                                .iter()
                                .filter(|p| p.encounter == *encounter)
                                .filter_map(|p| p.reason),
                        )
                        .chain(
                            record
                                .medications
                                .iter()
                                .filter(|m| m.encounter == *encounter)
                                .filter_map(|m| m.reason),
                        )
                        .chain(
                            record
                                .care_plans
                                .iter()
                                .filter(|p| p.encounter == *encounter)
                                .filter_map(|p| p.reason),
                        )
                        .any(|list| matches(simulation, list, gold));
                    let cause = person
                        .death
                        .filter(|death| death.time <= at)
                        .and_then(|death| death.cause)
                        .is_some_and(|list| matches(simulation, list, gold));
                    assert!(known || reason || cause, "not known: {}", context());
                    told += 1;
                }
                if gold.category == "MEDICATION" && gold.of.is_none() && !unreal {
                    let known = record.medications.iter().any(|order| {
                        order.start <= at
                            && order.stop.is_none_or(|stop| stop >= visit.start)
                            && matches(simulation, order.codes, gold)
                    }) || record.immunizations.iter().any(|vaccine| {
                        vaccine.time <= at
                            && vaccine.encounter == *encounter
                            && matches(simulation, vaccine.codes, gold)
                    }) || visit.admitted_from.is_some()
                        && record.medications.iter().any(|order| {
                            Some(order.encounter) == visit.admitted_from
                                && matches(simulation, order.codes, gold)
                        });
                    assert!(known, "not taken: {}", context());
                    told += 1;
                }
                if gold.kind == "TEST_VALUE" {
                    let owner = &note.gold[gold.of.expect("a value has a test") as usize];
                    let known = record
                        .observations
                        .iter()
                        .filter(|seen| seen.time <= at)
                        .filter(|seen| {
                            seen.encounter == *encounter
                                || Some(seen.encounter) == visit.admitted_from
                        })
                        .filter(|seen| {
                            owner.codes.is_empty() || matches(simulation, seen.codes, owner)
                        })
                        .any(|seen| shown(simulation, seen).contains(&text));
                    assert!(known, "not measured: {}", context());
                    told += 1;
                }
                if gold.kind == "PROCEDURE_NAME" && !unreal && !gold.codes.is_empty() {
                    let known = record
                        .procedures
                        .iter()
                        .any(|done| done.start <= at && matches(simulation, done.codes, gold))
                        || record.imaging.iter().any(|study| {
                            study.time <= at && matches(simulation, study.procedure, gold)
                        });
                    assert!(known, "not done: {}", context());
                }
                if gold.kind == "ALLERGIES" && !gold.codes.is_empty() {
                    let known = record.allergies.iter().any(|allergy| {
                        allergy.diagnosed.is_some_and(|found| found <= at)
                            && matches(simulation, allergy.codes, gold)
                    });
                    assert!(known, "no such allergy: {}", context());
                }
                if gold.kind == "TOBACCO_USE" {
                    let last = record
                        .observations
                        .iter()
                        .rev()
                        .filter(|seen| seen.time <= at)
                        .find(|seen| {
                            *simulation.vocabulary.first(seen.codes).code == *labs::SMOKING
                        })
                        .expect("smoking was asked");
                    let Finding::Code(id) = last.value else { panic!("smoking is a code") };
                    let code = simulation.vocabulary.code(id);
                    assert_eq!(gold.codes[0].1, *code.code, "smoking then: {}", context());
                }
                let after: String = note.text.chars().skip(gold.end as usize).take(9).collect();
                if gold.kind == "AGE" && after == "-year-old" {
                    assert_eq!(text, age.to_string(), "{}", context());
                }
            }
        }
    }
    assert!(told > 2_000, "only {told} facts");
}

/// All ways a note may show an observation's value.
fn shown(simulation: &Simulation, seen: &crate::record::Observation) -> Vec<String> {
    let vocabulary = &simulation.vocabulary;
    let number = |finding: &Finding| match finding {
        Finding::Quantity(value, decimals) => Some(format!("{value:.*}", usize::from(*decimals))),
        Finding::Text(symbol) => Some(vocabulary.symbol(*symbol).trim().to_owned()),
        Finding::Code(id) => Some(facts::plain(&vocabulary.code(*id).display).trim().to_owned()),
        _ => None,
    };
    let mut values: Vec<String> = number(&seen.value).into_iter().collect();
    let parts: Vec<String> =
        seen.components.iter().filter_map(|(_, value, _)| number(value)).collect();
    if parts.len() == 2 {
        values.push(format!("{}/{}", parts[0], parts[1]));
        values.push(format!("{}/{}", parts[1], parts[0]));
    }
    values
}

#[test]
fn nothing_is_denied_that_is_there() {
    let simulation = simulation();
    let vocabulary = &simulation.vocabulary;
    let mut denials = 0;
    for read in read() {
        for (encounter, note) in &read.notes {
            let visit = &read.person.record.encounters[*encounter as usize];
            let mut there: HashSet<u64> = HashSet::new();
            for gold in &note.gold {
                if gold.category == "MEDICAL_CONDITION"
                    && !["NEGATION", "HYPOTHETICAL", "FUTURE", "PERTAINS_TO_FAMILY", "PAST_HISTORY"]
                        .iter()
                        .any(|name| has(gold, name))
                {
                    there.insert(findings::concept(&slice(note, gold)));
                }
            }
            for condition in &read.person.record.conditions {
                if condition.onset <= note.time
                    && condition.abatement.is_none_or(|end| end > note.time)
                {
                    let name = facts::plain(&vocabulary.first(condition.codes).display);
                    there.insert(findings::concept(&name));
                }
            }
            for (symbol, _) in &visit.symptoms {
                there.insert(findings::concept(vocabulary.symbol(*symbol)));
            }
            for gold in note
                .gold
                .iter()
                .filter(|gold| has(gold, "NEGATION") && !has(gold, "PERTAINS_TO_FAMILY"))
            {
                let text = slice(note, gold);
                if gold.kind == "ALLERGIES" {
                    let allergic = read.person.record.allergies.iter().any(|a| {
                        a.diagnosed.is_some_and(|found| found <= note.time)
                            && a.abatement.is_none_or(|end| end > note.time)
                    });
                    assert!(!allergic, "`{text}` with an allergy:\n{}", note.text);
                }
                if gold.category == "MEDICAL_CONDITION" {
                    denials += 1;
                    assert!(
                        !there.contains(&findings::concept(&text)),
                        "`{text}` denied and there:\n{}",
                        note.text
                    );
                }
            }
            if read.person.sex == Sex::Male {
                for word in ["pregnan", "vaginal", "gravid", "menses", " she ", " her "] {
                    assert!(
                        !note.text.to_lowercase().contains(word),
                        "`{word}` of a man:\n{}",
                        note.text
                    );
                }
            }
        }
    }
    assert!(denials > 1_000, "only {denials} denials");
}

#[test]
fn notes_vary_and_repeat_exactly() {
    let simulation = simulation();
    let mut openings: HashSet<String> = HashSet::new();
    let mut texts: HashSet<&str> = HashSet::new();
    let mut count = 0;
    for read in read() {
        for (_, note) in &read.notes {
            openings.insert(note.text.lines().rev().nth(2).unwrap_or_default().to_owned());
            texts.insert(&note.text);
            count += 1;
        }
    }
    assert_eq!(texts.len(), count, "two notes are the same");
    assert!(openings.len() * 3 > count, "{} closings in {count} notes", openings.len());
    let again = simulation.person(3);
    let before = &read()[3];
    for (encounter, note) in &before.notes {
        if before.person.record.encounters[*encounter as usize].class != Class::Inpatient {
            let twin = write(simulation, &again, *encounter, &[]);
            assert!(twin.iter().any(|twin| twin.text == note.text && twin.gold == note.gold));
        }
    }
}

#[test]
fn gold_lines_are_json_that_carries_the_text() {
    for (_, note) in read().iter().flat_map(|r| &r.notes).take(300) {
        let line = gold_line(note, "DocumentReference/1");
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["text"], note.text);
        let entities = value["entities"].as_array().expect("entities");
        assert_eq!(entities.len(), note.gold.len());
        for (entity, gold) in entities.iter().zip(&note.gold) {
            assert_eq!(entity["Text"], slice(note, gold));
            assert_eq!(entity["BeginOffset"], gold.begin);
        }
    }
}

#[test]
fn every_sentence_in_the_tables_is_well_formed() {
    // A typing error in a table would come out as text with brackets, or not at all.
    for topic in topics::TOPICS {
        let lists = [topic.hpi, topic.interval, topic.plan, topic.course];
        let exam = topic.exam.iter().map(|(_, text)| *text);
        for text in lists.into_iter().flatten().copied().chain(exam) {
            let body = text
                .strip_prefix('@')
                .map_or(text, |rest| rest.split_once(' ').expect("a guard ends").1);
            let mut depth = 0;
            let mut kind = String::new();
            for letter in body.chars() {
                match letter {
                    '[' => {
                        assert_eq!(depth, 0, "{text}");
                        depth = 1;
                        kind.clear();
                    }
                    ':' if depth == 1 => {
                        depth = 2;
                        assert!(
                            kind.ends_with(['d', 's', 'x', 'a', 'p', 't', 'r', 'm', 'b']),
                            "{text}"
                        );
                        assert!(kind.chars().all(|c| "-?>hf~dsxaptrmb".contains(c)), "{text}");
                        assert!(
                            !kind.ends_with('d') || kind.contains(['-', '?']),
                            "a diagnosis out of nowhere: {text}"
                        );
                        assert!(
                            !kind.ends_with(['m', 'b', 'p']) || kind.contains(['?', '>', '-']),
                            "a drug or procedure out of nowhere: {text}"
                        );
                    }
                    ']' => {
                        assert_eq!(depth, 2, "{text}");
                        depth = 0;
                    }
                    letter if depth == 1 => kind.push(letter),
                    _ => {}
                }
            }
            assert_eq!(depth, 0, "{text}");
        }
        for phrase in topic.symptoms.iter().chain(topic.negatives).chain(topic.returns) {
            assert!(
                findings::find(phrase).is_some(),
                "`{phrase}` of {:?} is no finding",
                topic.names
            );
        }
    }
}

#[test]
fn children_are_told_as_such() {
    // A record made by hand: one visit, nothing else.
    let simulation = simulation();
    let mut person = simulation.person(0);
    person.record = crate::record::Record::default();
    person.death = None;
    let now = Time::of_date(2026, 3, 2).plus(10 * HOUR);
    person.birth = now.plus_years(-4).plus(-40 * DAY);
    person.record.encounters.push(crate::record::Encounter {
        class: Class::Ambulatory,
        codes: person_codes(simulation),
        start: now,
        stop: Some(now.plus(20 * MINUTE)),
        reason: None,
        discharge: None,
        facility: 0,
        practitioner: 1,
        module: None,
        wards: Vec::new(),
        acuity: None,
        symptoms: Vec::new(),
        admitted_from: None,
    });
    let notes = write(simulation, &person, 0, &[]);
    assert_eq!(notes.len(), 1);
    let text = &notes[0].text;
    assert!(text.contains('4'), "{text}");
    for word in ["EtOH", "lcohol", "Works as", "AAOx3", "Mr.", "Retired", "moker."] {
        assert!(!text.contains(word), "`{word}` of a child:\n{text}");
    }
}

fn person_codes(simulation: &Simulation) -> CodeList {
    // Any list will do: notes do not tell the encounter's own code.
    simulation
        .person(1)
        .record
        .encounters
        .first()
        .map(|encounter| encounter.codes)
        .expect("everyone has been to a doctor")
}

#[test]
fn tests_have_one_name() {
    let mut seen = HashSet::new();
    for lab in labs::LABS {
        for code in lab.loinc {
            assert!(seen.insert(code), "{code} twice");
        }
    }
    assert_eq!(simulation().vocabulary.system(LOINC), "http://loinc.org");
}
