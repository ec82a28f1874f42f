//! What is known at the moment of a note: the record, cut off there.
//!
//! Always true: nothing here is dated after [`Facts::now`], and what ended by then is not active.

use super::findings;
use super::labs;
use super::topics::{self, Topic};
use crate::person::{Person, Sex};
use crate::record::{
    Allergy, CarePlan, Class, Device, Encounter, EncounterIndex, Finding, Imaging, Immunization,
    Medication, Observation, Procedure,
};
use crate::simulate::Simulation;
use crate::time::{DAY, Time};
use crate::vocabulary::{Code, CodeId, CodeList, LOINC, Vocabulary};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A condition, as a problem list has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem {
    pub codes: CodeList,
    pub topic: Option<&'static Topic>,
    pub onset: Time,
    pub diagnosed: Time,
    pub encounter: Option<EncounterIndex>,
}

/// The record up to a moment, seen from one encounter.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub now: Time,
    pub index: EncounterIndex,
    pub visit: &'a Encounter,
    pub years: i32,
    pub months: i32,
    pub days: i64,
    pub female: bool,
    /// Active and known from before the visit, newest kind of each topic once.
    pub problems: Vec<Problem>,
    /// Diagnosed in this visit (or in the emergency visit it follows).
    pub fresh: Vec<Problem>,
    /// Over, and worth telling.
    pub past: Vec<Problem>,
    /// There, but not known to anyone yet.
    pub hidden: Vec<Problem>,
    /// Known at any time: guards denials.
    pub ever: Vec<Problem>,
    pub surgeries: Vec<&'a Procedure>,
    /// Taken when the patient came.
    pub home: Vec<&'a Medication>,
    /// Ordered in this visit, still to be taken.
    pub ordered: Vec<&'a Medication>,
    /// Given in this visit.
    pub given: Vec<&'a Medication>,
    /// Home medicines stopped in this visit.
    pub stopped: Vec<&'a Medication>,
    pub allergies: Vec<&'a Allergy>,
    /// Of this visit.
    pub observations: Vec<&'a Observation>,
    /// Of the emergency visit before it.
    pub earlier: Vec<&'a Observation>,
    pub procedures: Vec<&'a Procedure>,
    pub imaging: Vec<&'a Imaging>,
    pub immunizations: Vec<&'a Immunization>,
    pub care_plans: Vec<&'a CarePlan>,
    pub devices: Vec<&'a Device>,
    /// The last word on tobacco, and when.
    pub smoking: Option<&'a Observation>,
    pub alcohol: Option<&'a Observation>,
    pub pregnant: bool,
    pub demented: bool,
}

/// SNOMED CT findings about how people live; no part of a problem list.
const SOCIAL: &[&str] = &[
    "160903007",
    "160904001",
    "73595000",
    "706893006",
    "73438004",
    "423315002",
    "422650009",
    "741062008",
    "224295006",
    "224299000",
    "713458007",
    "5251000175109",
    "266948004",
    "1187604002",
    "314529007",
    "10939881000119105",
    "32911000",
    "105531004",
    "184099003",
    "105529008",
    "361055000",
    "446654005",
    "266934004",
    "224355006",
    "424393004",
    "425229001",
    "160968000",
    "713458007",
    "704008007",
    "305058001",
    "386814009",
    "160695008",
    "276253008",
    "473461003",
    "224361003",
    "711016001",
    "8517006",
    "449868002",
    "77176002",
    "266919005",
    "428041000124106",
];

/// How people live, not what they suffer from.
fn social(code: &Code, topic: Option<&Topic>) -> bool {
    SOCIAL.contains(&&*code.code)
        || (topic.is_none()
            && (code.display.ends_with("(finding)")
                || code.display.ends_with("(situation)")
                || code.display.ends_with("(person)")))
}

/// What the words of a code say to us; worked out once per thread.
#[derive(Debug)]
pub(super) struct Meaning {
    /// The display in our words.
    pub plain: Box<str>,
    pub topic: Option<&'static Topic>,
    /// How people live, not what they suffer from.
    pub social: bool,
    /// An operation.
    pub surgical: bool,
    /// What may not be denied of someone who has it.
    pub concepts: Vec<u64>,
    /// What may not be denied while it lasts.
    pub blocks: Vec<u64>,
}

/// Wider words for what the topics' words name.
const WIDER: &[(&str, &str)] = &[
    ("cancer", "cancer"),
    ("pneumonia", "pneumonia"),
    ("sepsis", "sepsis"),
    ("fracture", "fracture"),
    ("diabetes", "diabetes"),
    ("hypertension", "hypertension"),
    ("stroke", "stroke"),
    ("coronary", "heart disease"),
    ("heart failure", "heart disease"),
    ("myocardial", "heart disease"),
    ("depress", "depression"),
    ("asthma", "asthma"),
    ("appendicitis", "appendicitis"),
    ("gall", "gallstones"),
    ("cholecyst", "gallstones"),
    ("overdose", "suicidal ideation"),
    ("fall", "falls"),
    ("fracture", "falls"),
];

/// The meaning of a code. A function of its code and display alone, so a thread may remember.
pub(super) fn meaning(code: &Code) -> Rc<Meaning> {
    thread_local! {
        static SEEN: RefCell<HashMap<u64, Rc<Meaning>>> = RefCell::new(HashMap::new());
    }
    let key =
        xxh3_64_with_seed(code.display.as_bytes(), xxh3_64_with_seed(code.code.as_bytes(), 0));
    SEEN.with_borrow_mut(|seen| {
        let known = seen.entry(key).or_insert_with(|| {
            let topic = topics::find(&code.code, &code.display);
            let words = plain(&code.display);
            let mut concepts = vec![findings::concept(&words)];
            let mut blocks = Vec::new();
            concepts
                .extend(super::scribe::called(&words).iter().map(|name| findings::concept(name)));
            if let Some(topic) = topic {
                concepts
                    .extend(topic.names.iter().chain(topic.short).map(|n| findings::concept(n)));
                blocks.extend(topic.blocks.iter().map(|name| findings::concept(name)));
                for (part, wider) in WIDER {
                    if topic.words.iter().any(|word| word.contains(part)) {
                        concepts.push(findings::concept(wider));
                    }
                }
            }
            concepts.sort_unstable();
            concepts.dedup();
            Rc::new(Meaning {
                social: social(code, topic),
                surgical: surgical(&code.display),
                plain: words.into(),
                topic,
                concepts,
                blocks,
            })
        });
        Rc::clone(known)
    })
}

/// Words in procedures that leave a scar worth a line in the surgical history.
const SURGICAL: &[&str] = &[
    "ectomy",
    "removal of",
    "delivery by",
    "otomy",
    "ostomy",
    "plasty",
    "replacement",
    "bypass",
    "stent",
    "coronary intervention",
    "cesarean",
    "caesarean",
    "graft",
    "pacemaker",
    "defibrillator",
    "fixation",
    "transplant",
    "amputation",
    "hernia",
    "implant",
    "resection",
    "excision",
    "surgery",
    "fusion",
];

/// An operation.
fn surgical(display: &str) -> bool {
    let lower = display.to_ascii_lowercase();
    SURGICAL.iter().any(|word| lower.contains(word))
}

impl<'a> Facts<'a> {
    /// Looks at the record from an encounter, up to a moment.
    pub(super) fn at(
        simulation: &'a Simulation,
        person: &'a Person,
        index: EncounterIndex,
        now: Time,
    ) -> Self {
        let vocabulary = &simulation.vocabulary;
        let record = &person.record;
        let visit = &record.encounters[index as usize];
        let of_visit = |encounter: EncounterIndex| encounter == index;
        let here = |encounter: Option<EncounterIndex>| {
            encounter.is_some() && (encounter == Some(index) || encounter == visit.admitted_from)
        };
        let mut facts = Self {
            now,
            index,
            visit,
            years: person.age(now).max(0),
            months: now.age_months(person.birth).max(0),
            days: now.since(person.birth).max(0) / DAY,
            female: person.sex == Sex::Female,
            problems: Vec::new(),
            fresh: Vec::new(),
            past: Vec::new(),
            hidden: Vec::new(),
            ever: Vec::new(),
            surgeries: Vec::new(),
            home: Vec::new(),
            ordered: Vec::new(),
            given: Vec::new(),
            stopped: Vec::new(),
            allergies: Vec::new(),
            observations: Vec::new(),
            earlier: Vec::new(),
            procedures: Vec::new(),
            imaging: Vec::new(),
            immunizations: Vec::new(),
            care_plans: Vec::new(),
            devices: Vec::new(),
            smoking: None,
            alcohol: None,
            pregnant: false,
            demented: false,
        };
        for condition in &record.conditions {
            if condition.onset > now {
                break;
            }
            let code = vocabulary.first(condition.codes);
            let known = meaning(code);
            let topic = known.topic;
            let mut problem = Problem {
                codes: condition.codes,
                topic,
                onset: condition.onset,
                diagnosed: condition.diagnosed.unwrap_or(condition.onset),
                encounter: condition.encounter,
            };
            let over = condition.abatement.is_some_and(|end| end <= now);
            let Some(diagnosed) = condition.diagnosed.filter(|at| *at <= now) else {
                if !over {
                    facts.hidden.push(problem);
                }
                continue;
            };
            problem.diagnosed = diagnosed;
            facts.ever.push(problem);
            if known.social {
                continue;
            }
            if topic.is_some_and(|t| t.blocks.contains(&"pregnancy")) && !over {
                facts.pregnant = true;
            }
            if here(condition.encounter) {
                keep(&mut facts.fresh, problem);
            } else if !over {
                keep(&mut facts.problems, problem);
            } else if topic.is_some_and(|t| t.history) || code.display.contains("istory of") {
                keep(&mut facts.past, problem);
            }
        }
        // What is there now, or was found now, is not also past.
        let (active, fresh) = (&facts.problems, &facts.fresh);
        facts.past.retain(|old| !active.iter().chain(fresh).any(|new| same(old, new)));
        facts.problems.retain(|old| !fresh.iter().any(|new| old.codes == new.codes));
        facts.demented = facts
            .problems
            .iter()
            .chain(&facts.fresh)
            .chain(&facts.hidden)
            .any(|problem| problem.topic.is_some_and(|t| t.blocks.contains(&"memory loss")));

        for medication in &record.medications {
            if medication.start > now {
                break;
            }
            let stop = medication.stop;
            if medication.administered {
                if here(Some(medication.encounter)) {
                    facts.given.push(medication);
                }
                continue;
            }
            let active = stop.is_none_or(|stop| stop > now);
            let mine = of_visit(medication.encounter);
            if mine && active {
                facts.ordered.push(medication);
            } else if !mine && active {
                facts.home.push(medication);
            } else if !mine
                && stop.is_some_and(|stop| stop >= visit.start && stop <= now)
                && medication.chronic
            {
                facts.stopped.push(medication);
            }
        }
        let main = |medication: &Medication| vocabulary.list(medication.codes)[0];
        // Renewals repeat what is taken anyway: it stays among the home medicines, in its newest form.
        let mut renewed = Vec::new();
        facts.ordered.retain(|order| {
            let known = order.renewal || facts.home.iter().any(|old| main(old) == main(order));
            if known {
                renewed.push(*order);
            }
            !known
        });
        facts.home.extend(renewed);
        latest(&mut facts.home, main);
        latest(&mut facts.ordered, main);
        latest(&mut facts.given, main);
        latest(&mut facts.stopped, main);
        let (home, ordered) = (&facts.home, &facts.ordered);
        facts.stopped.retain(|old| !home.iter().chain(ordered).any(|new| main(old) == main(new)));

        facts.allergies = record
            .allergies
            .iter()
            .filter(|allergy| {
                allergy.diagnosed.is_some_and(|at| at <= now)
                    && allergy.abatement.is_none_or(|end| end > now)
            })
            .collect();
        let from = visit.admitted_from.map_or(visit.start, |before| {
            record.encounters[before as usize].start.min(visit.start)
        });
        let first = record.observations.partition_point(|seen| seen.time < from);
        for observation in &record.observations[first..] {
            if observation.time > now {
                break;
            }
            if of_visit(observation.encounter) {
                facts.observations.push(observation);
            } else if here(Some(observation.encounter)) {
                facts.earlier.push(observation);
            }
        }
        let last = record.observations.partition_point(|seen| seen.time <= now);
        let smoking = vocabulary.find_code(LOINC, labs::SMOKING);
        let alcohol = vocabulary.find_code(LOINC, labs::AUDIT_C);
        // Nobody asks small children, and nobody tells.
        let asked = if facts.years < 12 { 0 } else { last };
        for observation in record.observations[..asked].iter().rev() {
            let code = Some(vocabulary.list(observation.codes)[0]);
            if facts.smoking.is_none() && code == smoking {
                facts.smoking = Some(observation);
            } else if facts.alcohol.is_none() && code == alcohol {
                facts.alcohol = Some(observation);
            }
            if facts.smoking.is_some() && facts.alcohol.is_some() {
                break;
            }
        }
        for procedure in &record.procedures {
            if procedure.start > now {
                break;
            }
            if of_visit(procedure.encounter) {
                facts.procedures.push(procedure);
            } else if procedure.stop <= visit.start
                && meaning(vocabulary.first(procedure.codes)).surgical
                && !facts.surgeries.iter().any(|known| known.codes == procedure.codes)
            {
                facts.surgeries.push(procedure);
            }
        }
        facts.imaging = record
            .imaging
            .iter()
            .filter(|study| of_visit(study.encounter) && study.time <= now)
            .collect();
        facts.immunizations = record
            .immunizations
            .iter()
            .filter(|vaccine| of_visit(vaccine.encounter) && vaccine.time <= now)
            .collect();
        facts.care_plans = record
            .care_plans
            .iter()
            .filter(|plan| of_visit(plan.encounter) && plan.start <= now)
            .collect();
        facts.devices = record
            .devices
            .iter()
            .filter(|device| of_visit(device.encounter) && device.start <= now)
            .collect();
        facts
    }

    /// The newest observation of this visit with one of these LOINC codes.
    pub(super) fn newest(
        &self,
        vocabulary: &Vocabulary,
        loinc: &[&str],
    ) -> Option<&'a Observation> {
        self.observations
            .iter()
            .rev()
            .find(|seen| loinc.contains(&&*vocabulary.first(seen.codes).code))
            .copied()
    }

    /// The first observation of this visit (or of the emergency visit before it).
    pub(super) fn oldest(
        &self,
        vocabulary: &Vocabulary,
        loinc: &[&str],
    ) -> Option<&'a Observation> {
        self.earlier
            .iter()
            .chain(&self.observations)
            .find(|seen| loinc.contains(&&*vocabulary.first(seen.codes).code))
            .copied()
    }

    /// The number of such an observation.
    pub(super) fn number(&self, vocabulary: &Vocabulary, loinc: &[&str]) -> Option<f64> {
        match self.newest(vocabulary, loinc)?.value {
            Finding::Quantity(value, _) => Some(value),
            _ => None,
        }
    }

    /// Systolic and diastolic pressure of this visit.
    pub(super) fn pressure(&self, vocabulary: &Vocabulary) -> Option<(f64, f64)> {
        let panel = self.newest(vocabulary, &[labs::BP, labs::BP_OLD])?;
        let part = |loinc: &str| {
            panel.components.iter().find_map(|(codes, value, _)| {
                match (*vocabulary.first(*codes).code == *loinc, value) {
                    (true, Finding::Quantity(value, _)) => Some(*value),
                    _ => None,
                }
            })
        };
        Some((part(labs::SYSTOLIC)?, part(labs::DIASTOLIC)?))
    }

    /// A child.
    pub(super) fn child(&self) -> bool {
        self.years < 12
    }

    /// What the visit is about: the reason, else what was found, else what was done for.
    pub(super) fn main(&self, vocabulary: &Vocabulary) -> Option<Problem> {
        let of_reason = |codes: CodeList| {
            let first = vocabulary.list(codes)[0];
            let known = self
                .fresh
                .iter()
                .chain(&self.problems)
                .chain(&self.past)
                .find(|problem| vocabulary.list(problem.codes)[0] == first);
            known.copied().or_else(|| {
                let code = vocabulary.code(first);
                let known = meaning(code);
                let topic = known.topic;
                (!known.social).then_some(Problem {
                    codes,
                    topic,
                    onset: self.visit.start,
                    diagnosed: self.visit.start,
                    encounter: Some(self.index),
                })
            })
        };
        let reason = self.visit.reason.and_then(of_reason);
        // An acute visit for something known that found something new is about the new.
        let acute =
            matches!(self.visit.class, Class::Emergency | Class::Inpatient | Class::UrgentCare);
        if acute
            && let Some(known) = reason
            && !self.fresh.iter().any(|fresh| fresh.codes == known.codes)
            && let Some(new) = self.fresh.iter().find(|fresh| fresh.topic.is_some())
        {
            return Some(*new);
        }
        reason.or_else(|| self.fresh.first().copied()).or_else(|| {
            (self.visit.class != Class::Wellness)
                .then(|| {
                    let reasons = self
                        .procedures
                        .iter()
                        .filter_map(|procedure| procedure.reason)
                        .chain(self.ordered.iter().filter_map(|order| order.reason))
                        .chain(self.care_plans.iter().filter_map(|plan| plan.reason));
                    reasons.into_iter().find_map(of_reason)
                })
                .flatten()
        })
    }

    /// Diagnosed here.
    pub(super) fn is_fresh(&self, problem: &Problem) -> bool {
        self.fresh.iter().any(|fresh| fresh.codes == problem.codes)
            || problem.encounter == Some(self.index)
    }
}

/// Two problems that a clinician would list once.
fn same(one: &Problem, other: &Problem) -> bool {
    one.codes == other.codes
        || one.topic.is_some_and(|topic| {
            !topic.names.is_empty() && other.topic.is_some_and(|o| std::ptr::eq(topic, o))
        })
}

/// Adds a problem; a newer one of the same kind replaces an older (stages of one illness).
fn keep(list: &mut Vec<Problem>, problem: Problem) {
    match list.iter_mut().find(|known| same(known, &problem)) {
        Some(known) => *known = problem,
        None => list.push(problem),
    }
}

/// One order per medicine, the newest, in order of start.
fn latest<'a>(orders: &mut Vec<&'a Medication>, main: impl Fn(&Medication) -> CodeId) {
    orders.sort_by_key(|order| order.start);
    let mut seen: Vec<CodeId> = Vec::new();
    let mut kept: Vec<&'a Medication> = Vec::with_capacity(orders.len());
    for order in orders.iter().rev() {
        let code = main(order);
        if !seen.contains(&code) {
            seen.push(code);
            kept.push(order);
        }
    }
    kept.reverse();
    *orders = kept;
}

/// A display without what only terminologists say.
pub(super) fn plain(display: &str) -> String {
    let cut = match display.rfind(" (") {
        Some(at) if display.ends_with(')') => {
            let inside = &display[at + 2..display.len() - 1];
            if matches!(
                inside,
                "disorder"
                    | "finding"
                    | "procedure"
                    | "regime/therapy"
                    | "situation"
                    | "event"
                    | "morphologic abnormality"
                    | "substance"
                    | "person"
                    | "physical object"
                    | "record artifact"
                    | "observable entity"
                    | "qualifier value"
                    | "product"
            ) {
                &display[..at]
            } else {
                display
            }
        }
        _ => display,
    };
    let cut = &*american(cut);
    let mut text = String::with_capacity(cut.len());
    for (place, word) in cut.split(' ').enumerate() {
        if place > 0 {
            text.push(' ');
        }
        // Abbreviations and names with inner capitals stay; an ordinary word loses its capital.
        let mut letters = word.chars();
        let first = letters.next();
        if place == 0
            && first.is_some_and(char::is_uppercase)
            && letters.clone().all(|letter| letter.is_lowercase() || !letter.is_alphabetic())
            && word.len() > 1
            && !is_proper(word)
        {
            text.extend(first.into_iter().flat_map(char::to_lowercase));
            text.push_str(letters.as_str());
        } else {
            text.push_str(word);
        }
    }
    text
}

/// Displays of our modules are British-ish; the notes are American.
fn american(text: &str) -> std::borrow::Cow<'_, str> {
    const SPELLINGS: &[(&str, &str)] = &[
        ("aemorrhage", "emorrhage"),
        ("naesth", "nesth"),
        ("aemia", "emia"),
        ("oedema", "edema"),
        ("Oedema", "Edema"),
        ("oesoph", "esoph"),
        ("unselling", "unseling"),
        ("ebuliser", "ebulizer"),
        ("lisation", "lization"),
        ("tumour", "tumor"),
        ("behaviour", "behavior"),
        ("diarrhoea", "diarrhea"),
        ("Diarrhoea", "Diarrhea"),
        ("aediatric", "ediatric"),
        ("aecolog", "ecolog"),
        ("Caesar", "Cesar"),
        ("caesar", "cesar"),
    ];
    let mut out = std::borrow::Cow::Borrowed(text);
    for (british, ours) in SPELLINGS {
        if out.contains(british) {
            out = std::borrow::Cow::Owned(out.replace(british, ours));
        }
    }
    out
}

/// Words that keep their capital.
fn is_proper(word: &str) -> bool {
    ["Alzheimer", "Crohn", "Parkinson", "Down", "Bell", "Papanicolaou", "Doppler"]
        .iter()
        .any(|name| word.starts_with(name))
}
