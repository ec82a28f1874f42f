//! Writes sentences: picks a paraphrase that fits the patient and contradicts nothing said or
//! known, fills it in, and puts it down with its gold.

use super::drugs::Drug;
use super::facts::{Facts, Problem, meaning, plain};
use super::findings;
use super::labs;
use super::style::{Bullets, DateStyle, Header, Style};
use super::topics::{Pace, Topic};
use super::writer::{CONDITION, MEDICATION, Mark, PHI, SOCIAL, TEST, Text};
use crate::person::Person;
use crate::random::Random;
use crate::record::{Class, Finding, Medication, Observation};
use crate::simulate::Simulation;
use crate::time::Time;
use crate::vocabulary::{CodeId, CodeList, ICD10CM, SNOMED};
use std::collections::HashMap;

/// One note being written.
pub(super) struct Scribe<'a> {
    pub simulation: &'a Simulation,
    pub person: &'a Person,
    pub facts: Facts<'a>,
    pub style: Style,
    pub random: Random,
    pub text: Text,
    pub main: Option<Problem>,
    /// The side of a one-sided illness, the same in all notes of a stay.
    pub side: &'static str,
    /// Small number for sentences, the same within a note.
    n: i64,
    severity: i64,
    /// Ingredients taken or reacted to: no plan to start them.
    avoided: Vec<String>,
    drugs: HashMap<CodeId, Drug>,
    days: i64,
}

/// Codes of a list as gold has them.
pub(super) fn codes_of(simulation: &Simulation, list: CodeList) -> Vec<(String, String)> {
    let vocabulary = &simulation.vocabulary;
    vocabulary.list(list).iter().map(|id| code_of(simulation, *id)).collect()
}

/// One code as gold has it.
pub(super) fn code_of(simulation: &Simulation, id: CodeId) -> (String, String) {
    let code = simulation.vocabulary.code(id);
    (simulation.vocabulary.system(code.system).to_owned(), code.code.to_string())
}

impl<'a> Scribe<'a> {
    /// Sits down to write about an encounter at a moment.
    pub(super) fn new(
        simulation: &'a Simulation,
        person: &'a Person,
        facts: Facts<'a>,
        practitioner: u32,
        purpose: &str,
    ) -> Self {
        let seed = simulation.plan.seed;
        let root = facts.visit.admitted_from.unwrap_or(facts.index);
        let mut stable = Random::new(seed, person.index, &format!("notes: story {root}"));
        let vocabulary = &simulation.vocabulary;
        let main = facts.main(vocabulary);
        let display = main.map_or("", |m| &*vocabulary.first(m.codes).display).to_ascii_lowercase();
        let left = stable.chance(0.5);
        let side = match (display.contains("left"), display.contains("right")) {
            (true, false) => "left",
            (false, true) => "right",
            _ if left => "left",
            _ => "right",
        };
        let mut text = Text::default();
        let temperature = facts.number(vocabulary, &[labs::TEMPERATURE]);
        for problem in facts.ever.iter().chain(&facts.hidden) {
            let known = meaning(vocabulary.first(problem.codes));
            text.affirmed.extend(&known.concepts);
            let over = facts.past.iter().any(|past| past.codes == problem.codes);
            if !over {
                text.affirmed.extend(&known.blocks);
            }
        }
        let mut has = |phrase: &str| text.affirmed.push(findings::concept(phrase));
        for (symbol, _) in &facts.visit.symptoms {
            has(vocabulary.symbol(*symbol));
        }
        if facts.pregnant {
            has("pregnancy");
        }
        if facts.demented {
            has("confusion");
        }
        if temperature.is_some_and(|t| (37.8..60.0).contains(&t) || t > 100.0) {
            has("fever");
        }
        if facts.number(vocabulary, &[labs::HEART_RATE]).is_some_and(|rate| rate > 100.0)
            && facts.years >= 12
        {
            has("tachycardia");
            has("palpitations");
        }
        if facts.number(vocabulary, &[labs::RESPIRATION]).is_some_and(|rate| rate > 20.0)
            && facts.years >= 12
        {
            has("tachypnea");
        }
        if facts.number(vocabulary, labs::SATURATION).is_some_and(|sat| sat < 92.0) {
            has("hypoxia");
            has("shortness of breath");
        }
        if facts.number(vocabulary, &["718-7"]).is_some_and(|hgb| hgb < 10.0) {
            has("fatigue");
        }
        if facts.pressure(vocabulary).is_some_and(|(systolic, _)| systolic < 90.0) {
            has("hypotension");
            has("lightheadedness");
        }
        // What brought the patient in is not denied, even where the sentence comes later.
        let follow_up = main.is_some_and(|m| {
            !facts.is_fresh(&m)
                && !matches!(
                    facts.visit.class,
                    Class::Emergency | Class::Inpatient | Class::UrgentCare
                )
        });
        if let Some(topic) = main.and_then(|m| m.topic)
            && !follow_up
        {
            for phrase in topic.symptoms {
                has(phrase);
            }
        }
        let mut avoided: Vec<String> = Vec::new();
        let mut drugs = HashMap::new();
        for medication in
            facts.home.iter().chain(&facts.ordered).chain(&facts.given).chain(&facts.stopped)
        {
            let id = vocabulary.list(medication.codes)[0];
            let drug = drugs.entry(id).or_insert_with(|| Drug::parse(&vocabulary.code(id).display));
            avoided.push(drug.name.clone());
        }
        for allergy in &facts.allergies {
            avoided.push(vocabulary.first(allergy.codes).display.to_ascii_lowercase());
        }
        let pace = main.and_then(|m| m.topic).map_or(Pace::Acute, |topic| topic.pace);
        let days = match pace {
            Pace::Injury => 0,
            Pace::Acute | Pace::Planned => stable.whole(1, 5),
            Pace::Chronic | Pace::Gradual
                if matches!(
                    facts.visit.class,
                    Class::Emergency | Class::Inpatient | Class::UrgentCare
                ) =>
            {
                stable.whole(1, 4)
            }
            Pace::Chronic | Pace::Gradual => stable.whole(4, 21),
        };
        let n = stable.whole(2, 4);
        let severity = stable.whole(5, 8);
        Self {
            simulation,
            person,
            style: Style::of(seed, practitioner),
            random: Random::new(seed, person.index, purpose),
            text,
            main,
            side,
            n,
            severity,
            avoided,
            drugs,
            days,
            facts,
        }
    }

    // --- Choosing -------------------------------------------------------------------------

    /// Short forms, as often as this clinician takes them.
    pub(super) fn short(&mut self) -> bool {
        let chance = self.style.short;
        self.random.chance(chance)
    }

    /// One of two, by whether the clinician is terse.
    pub(super) fn terse_or<T: Copy>(&self, terse: T, full: T) -> T {
        if self.style.terse { terse } else { full }
    }

    /// May this sentence be said of this patient, here?
    pub(super) fn fits(&self, template: &str) -> bool {
        let (guards, body) = guards(template);
        self.guarded(guards) && self.agrees(body)
    }

    fn guarded(&self, guards: &str) -> bool {
        let mut rest = guards;
        while let Some(letter) = rest.bytes().next() {
            rest = &rest[1..];
            let holds = match letter {
                b'F' => self.facts.female,
                b'M' => !self.facts.female,
                b'A' => self.facts.years >= 18,
                b'C' => self.facts.years < 18,
                b'I' => self.facts.years < 2,
                b'T' => (1..12).contains(&self.facts.years),
                b'N' => self.facts.days < 60,
                b'W' => (20..65).contains(&self.facts.years),
                b'O' => self.facts.years >= 65,
                b'K' => !self.facts.demented,
                b'L' => !self.dying(),
                b'+' | b'-' => {
                    let end = rest.find(['+', '-']).unwrap_or(rest.len());
                    let part = &rest[..end];
                    rest = &rest[end..];
                    let taken = self.facts.home.iter().any(|order| {
                        let id = self.simulation.vocabulary.list(order.codes)[0];
                        self.drugs.get(&id).is_some_and(|drug| drug.name.contains(part))
                    });
                    taken == (letter == b'+')
                }
                _ => true,
            };
            if !holds {
                return false;
            }
        }
        true
    }

    /// The patient is dead by the time of the note.
    pub(super) fn dying(&self) -> bool {
        self.person.death.is_some_and(|death| death.time <= self.facts.now)
    }

    /// Contradicts nothing.
    fn agrees(&self, body: &str) -> bool {
        let mut rest = body;
        while let Some(at) = rest.find('[') {
            rest = &rest[at + 1..];
            let Some(colon) = rest.find(':') else { return true };
            let Some(end) = rest.find(']') else { return true };
            let mark = Mark::parse(&rest[..colon]);
            let phrase = &rest[colon + 1..end];
            if mark.condition() && (mark.affirms() || mark.denies()) {
                let concept = findings::concept(phrase);
                if mark.denies() && self.text.affirmed.contains(&concept)
                    || mark.affirms() && self.text.denied.contains(&concept)
                {
                    return false;
                }
            }
            if mark.letter == b'm' && mark.hypothetical {
                let lower = phrase.to_ascii_lowercase();
                if self
                    .avoided
                    .iter()
                    .any(|known| known.contains(&lower) || lower.contains(known.as_str()))
                {
                    return false;
                }
            }
            rest = &rest[end..];
        }
        true
    }

    /// A paraphrase that fits, if any does.
    pub(super) fn pick<'t>(&mut self, options: &[&'t str]) -> Option<&'t str> {
        if options.is_empty() {
            return None;
        }
        let from = self.random.whole(0, options.len() as i64 - 1) as usize;
        (0..options.len())
            .map(|step| options[(from + step) % options.len()])
            .find(|option| self.fits(option))
    }

    /// Says one of these, as a sentence; false if none fits.
    pub(super) fn say(&mut self, options: &[&str]) -> bool {
        let Some(chosen) = self.pick(options) else { return false };
        self.sentence(chosen);
        true
    }

    /// Says up to so many different ones of these.
    pub(super) fn say_some(&mut self, options: &[&'static str], count: usize) -> usize {
        if options.is_empty() {
            return 0;
        }
        let from = self.random.whole(0, options.len() as i64 - 1) as usize;
        let step = if options.len() > 2 && options.len() % 2 == 1 { 2 } else { 1 };
        let mut said = 0;
        for place in 0..options.len() {
            if said == count {
                break;
            }
            let option = options[(from + place * step) % options.len()];
            if self.fits(option) {
                self.sentence(option);
                said += 1;
            }
        }
        said
    }

    /// Puts a sentence down, apart from what stands before it.
    pub(super) fn sentence(&mut self, template: &str) {
        self.space();
        self.begin();
        self.render(template);
    }

    /// The next word begins a sentence.
    pub(super) fn begin(&mut self) {
        self.text.capital = self.style.capitals;
    }

    /// A space, unless at the beginning of a line.
    pub(super) fn space(&mut self) {
        if !matches!(self.text.last(), '\n' | ' ') {
            self.text.raw(" ");
        }
    }

    /// Fills in and writes.
    pub(super) fn render(&mut self, template: &str) {
        let (_, body) = guards(template);
        let mut rest = body;
        let mut open = None;
        while let Some(at) = rest.find(['[', '{', ']']) {
            if at > 0 {
                self.text.raw(&rest[..at]);
            }
            match rest.as_bytes()[at] {
                b'[' => {
                    let colon = rest[at..].find(':').map_or(rest.len(), |c| at + c);
                    open =
                        Some((self.text.open(), Mark::parse(&rest[at + 1..colon.min(rest.len())])));
                    rest = rest.get(colon + 1..).unwrap_or("");
                }
                b']' => {
                    if let Some((begun, mark)) = open.take() {
                        let codes = self.known_codes(mark);
                        self.text.close_mark(begun, mark, codes);
                    }
                    rest = &rest[at + 1..];
                }
                _ => {
                    let end = rest[at..].find('}').map_or(rest.len(), |e| at + e);
                    self.fill(&rest[at + 1..end]);
                    rest = rest.get(end + 1..).unwrap_or("");
                }
            }
        }
        if !rest.is_empty() {
            self.text.raw(rest);
        }
    }

    /// Codes of a marked phrase that the finding table does not know: none yet for tests.
    fn known_codes(&self, _mark: Mark) -> Option<Vec<(String, String)>> {
        None
    }

    fn fill(&mut self, name: &str) {
        let female = self.facts.female;
        match name {
            "he" => self.text.raw(if female { "she" } else { "he" }),
            "his" => self.text.raw(if female { "her" } else { "his" }),
            "him" => self.text.raw(if female { "her" } else { "him" }),
            "side" => {
                let side = match (self.style.terse, self.side) {
                    (true, "left") => "L",
                    (true, _) => "R",
                    (false, side) => side,
                };
                self.text.raw(side);
            }
            "n" => self.text.show(format_args!("{}", self.n)),
            "sev" => self.text.show(format_args!("{}", self.severity)),
            "pt" => {
                let word = self.terse_or("pt", "patient");
                self.text.raw(word);
            }
            "who" => self.who(),
            "name" => self.title_name(),
            "dur" => self.duration(),
            "dx" => {
                if let Some(main) = self.main {
                    self.problem_name(&main, "d");
                }
            }
            "pmh" => self.brief_history(),
            "cc" => self.complaint(),
            "also" => {
                let list = self.felt();
                self.complain_of(&list);
            }
            "today" => self.date(self.facts.now),
            _ => {}
        }
    }

    // --- Words ----------------------------------------------------------------------------

    /// `65 y/o M`.
    pub(super) fn who(&mut self) {
        let (number, unit) = self.age();
        let female = self.facts.female;
        let years = unit == "y";
        let child = self.facts.years < 13;
        let sex_short = if female { "F" } else { "M" };
        let sex_word = match (self.facts.years, female) {
            (0..=1, true) if !years => "girl",
            (0..=1, false) if !years => "boy",
            (..=12, true) => "girl",
            (..=12, false) => "boy",
            (13..=17, true) => "female",
            (13..=17, false) => "male",
            (_, true) => "woman",
            (_, false) => "man",
        };
        let form = self.random.whole(0, 4);
        let open = self.text.open();
        self.text.show(format_args!("{number}"));
        self.text.close(open, PHI, "AGE", Vec::new(), Vec::new(), None);
        let long = match unit {
            "d" => "day",
            "m" => "month",
            _ => "year",
        };
        if years && self.style.terse {
            match form {
                0 => self.text.raw(" y/o "),
                1 => self.text.raw("yo "),
                2 => self.text.raw(" yo "),
                3 => self.text.raw("y "),
                _ => self.text.raw(" y.o. "),
            }
            self.text.raw(if child && form == 4 { sex_word } else { sex_short });
        } else if self.style.terse {
            self.text.show(format_args!("{}", if unit == "m" { " mo " } else { " day old " }));
            self.text.raw(sex_short);
        } else {
            self.text.show(format_args!("-{long}-old "));
            self.text.raw(sex_word);
        }
    }

    /// Age as a number and `d`, `m` or `y`.
    fn age(&self) -> (i64, &'static str) {
        if self.facts.days < 31 {
            (self.facts.days, "d")
        } else if self.facts.months < 24 {
            (i64::from(self.facts.months), "m")
        } else {
            (i64::from(self.facts.years), "y")
        }
    }

    /// `Mr. Smith`, or the given name of a child.
    pub(super) fn title_name(&mut self) {
        let identity = &self.person.identity;
        if self.facts.years < 16 {
            let given = identity.given.first().map_or("", |g| &**g);
            if !given.is_empty() {
                self.text.entity(given, PHI, "NAME", Vec::new(), None);
                return;
            }
        }
        self.text.capital = false;
        self.text.raw(if self.facts.female { "Ms. " } else { "Mr. " });
        self.text.entity(&identity.family, PHI, "NAME", Vec::new(), None);
    }

    /// A date in this clinician's style.
    pub(super) fn date(&mut self, at: Time) {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let civil = at.civil();
        let month = MONTHS[(civil.month - 1) as usize % 12];
        let open = self.text.open();
        match self.style.date {
            DateStyle::Padded => {
                self.text.show(format_args!("{:02}/{:02}/{}", civil.month, civil.day, civil.year))
            }
            DateStyle::Brief => {
                self.text.show(format_args!(
                    "{}/{}/{:02}",
                    civil.month,
                    civil.day,
                    civil.year % 100
                ));
            }
            DateStyle::Named => {
                self.text.show(format_args!("{} {} {}", civil.day, &month[..3], civil.year));
            }
            DateStyle::Long => {
                self.text.show(format_args!("{month} {}, {}", civil.day, civil.year))
            }
            DateStyle::Iso => {
                self.text.show(format_args!("{}-{:02}-{:02}", civil.year, civil.month, civil.day))
            }
        }
        self.text.close(open, PHI, "DATE", Vec::new(), Vec::new(), None);
    }

    /// Hours and minutes.
    pub(super) fn clock(&mut self, at: Time) {
        let civil = at.civil();
        let gap = if self.style.terse { "" } else { ":" };
        self.text.show(format_args!("{:02}{gap}{:02}", civil.hour, civil.minute));
    }

    /// `x 3 days`.
    pub(super) fn duration(&mut self) {
        let cross = self.style.cross;
        match self.days {
            0 => {
                const SINCE: &[&str] =
                    &["since earlier today", "since this morning", "for a few hours", "today"];
                let text = *self.random.pick(SINCE);
                self.text.raw(text);
            }
            1 => {
                const SINCE: &[&str] =
                    &["since yesterday", "x 1 day", "for about a day", "for the past 24 hrs"];
                let text = *self.random.pick(SINCE);
                self.text.raw(text);
            }
            days @ 2..=6 => {
                let unit = self.terse_or("d", " days");
                self.text.show(format_args!("{cross}{days}{unit}"));
            }
            7..=10 if self.style.terse => {
                self.text.show(format_args!("{cross}1 wk"));
            }
            7..=10 => self.text.raw("for about a week"),
            days => {
                let unit = self.terse_or(" wks", " weeks");
                self.text.show(format_args!("{cross}{}{unit}", days / 7 + 1));
            }
        }
    }

    /// A finding under one of its names, with a mark.
    pub(super) fn finding(&mut self, mark: &str, phrase: &str) {
        let chosen = match findings::find(phrase) {
            Some(finding) if finding.full[0] == phrase => {
                if !finding.short.is_empty() && self.short() {
                    finding.short[self.random.whole(0, finding.short.len() as i64 - 1) as usize]
                } else {
                    finding.full
                        [self.random.whole(0, finding.full.len().min(2) as i64 - 1) as usize]
                }
            }
            _ => phrase,
        };
        self.text.marked(mark, chosen, None);
    }

    /// `a, b and c` of findings.
    pub(super) fn findings(&mut self, mark: &str, phrases: &[&str], last: &str) {
        for (place, phrase) in phrases.iter().enumerate() {
            if place > 0 {
                let joint = if place + 1 == phrases.len() { last } else { ", " };
                self.text.raw(joint);
            }
            self.finding(mark, phrase);
        }
    }

    /// What of these may be denied, up to so many.
    pub(super) fn deniable(&self, phrases: &[&'static str], count: usize) -> Vec<&'static str> {
        let mut kept: Vec<&'static str> = Vec::with_capacity(count);
        for phrase in phrases {
            if kept.len() == count {
                break;
            }
            let concept = findings::concept(phrase);
            let sexed = match *phrase {
                "vaginal bleeding"
                | "vaginal discharge"
                | "contractions"
                | "leakage of fluid"
                | "decreased fetal movement"
                | "heavy menses" => self.facts.female,
                "erectile dysfunction" => !self.facts.female,
                _ => true,
            };
            if sexed
                && !self.text.affirmed.contains(&concept)
                && !self.text.denied.contains(&concept)
                && !kept.iter().any(|k| findings::concept(k) == concept)
            {
                kept.push(phrase);
            }
        }
        kept
    }

    /// `Denies fever, chills or CP.`
    pub(super) fn deny(&mut self, phrases: &[&'static str], count: usize) {
        let from = if phrases.len() > count {
            self.random.whole(0, (phrases.len() - count) as i64) as usize
        } else {
            0
        };
        let mut order: Vec<&'static str> = phrases[from..].to_vec();
        order.extend(&phrases[..from]);
        let kept = self.deniable(&order, count);
        if kept.is_empty() {
            return;
        }
        self.space();
        self.begin();
        let child = self.facts.child();
        let form = self.random.whole(0, 9);
        let or = match self.random.whole(0, 3) {
            0 => ", or ",
            1 => " or ",
            2 if kept.len() == 2 => "/",
            _ => ", ",
        };
        let or = if kept.len() == 2 && or == ", or " { " or " } else { or };
        if self.style.terse && form >= 8 && kept.len() > 1 {
            for (place, phrase) in kept.iter().enumerate() {
                self.text.raw(if place > 0 { ", (-) " } else { "(-) " });
                self.finding("-s", phrase);
            }
            self.text.raw(".");
            return;
        }
        if child {
            const FORMS: &[&str] = &[
                "Parents deny ",
                "No ",
                "Mom denies ",
                "Negative for ",
                "Per parents no ",
                "Without ",
                "Family has not noticed any ",
            ];
            let start = FORMS[form as usize % FORMS.len()];
            self.text.raw(start);
        } else if self.facts.demented {
            self.text
                .raw(["Per family no ", "Caregiver denies ", "No reported "][form as usize % 3]);
        } else {
            match form {
                0 | 7 => self.text.raw("Denies "),
                1 => self.text.raw("No "),
                2 => {
                    let lead = self.terse_or("pt denies ", "The patient denies ");
                    self.text.raw(lead);
                }
                3 => {
                    let lead = self.terse_or("neg for ", "Negative for ");
                    self.text.raw(lead);
                }
                4 => {
                    self.render("{he} denies any ");
                }
                5 => {
                    let lead = self.terse_or("w/o ", "There has been no ");
                    self.text.raw(lead);
                }
                6 => self.render("{he} has not had any "),
                _ => self.text.raw("No associated "),
            }
        }
        self.findings("-s", &kept, or);
        self.text.raw(".");
    }

    /// Symptoms felt at the start, strongest first, one word per concept.
    pub(super) fn felt(&self) -> Vec<&'a str> {
        let vocabulary = &self.simulation.vocabulary;
        let mut list: Vec<&'a str> = Vec::new();
        for (symbol, strength) in &self.facts.visit.symptoms {
            let name = vocabulary.symbol(*symbol);
            if *strength >= 10
                && list.len() < 5
                && !list.iter().any(|known| findings::concept(known) == findings::concept(name))
            {
                list.push(name);
            }
        }
        list
    }

    /// What the patient complains of: what is felt and belongs to the illness, else what is
    /// typical of it, else whatever is felt.
    pub(super) fn complaints(&self) -> Vec<&'a str> {
        let felt = self.felt();
        if self.is_follow_up() {
            return felt.into_iter().take(3).collect();
        }
        let Some(topic) = self.main.and_then(|m| m.topic) else {
            return felt.into_iter().take(3).collect();
        };
        let typical = |phrase: &str| {
            let concept = findings::concept(phrase);
            topic.symptoms.iter().any(|known| findings::concept(known) == concept)
        };
        let mut list: Vec<&'a str> =
            felt.iter().copied().filter(|phrase| typical(phrase)).take(3).collect();
        for phrase in topic.symptoms {
            let concept = findings::concept(phrase);
            if list.len() < 2
                && !self.text.denied.contains(&concept)
                && !list.iter().any(|known| findings::concept(known) == concept)
            {
                list.push(phrase);
            }
        }
        if list.is_empty() {
            list = felt.into_iter().take(3).collect();
        }
        list
    }

    /// The complaint as a list of symptoms, or the diagnosis.
    pub(super) fn complaint(&mut self) {
        let list = self.complaints();
        if list.is_empty() {
            match self.main {
                Some(main) => self.problem_name(&main, "d"),
                None => self.text.raw("evaluation"),
            }
            return;
        }
        self.complain_of(&list);
    }

    /// Up to three symptoms, joined.
    pub(super) fn complain_of(&mut self, list: &[&str]) {
        let take = list.len().min(if self.random.chance(0.5) { 2 } else { 3 });
        let and = if self.style.terse && self.random.chance(0.4) { ", " } else { " and " };
        let lower: Vec<String> = list[..take].iter().map(|phrase| symptom_word(phrase)).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        self.findings("s", &lower, and);
    }

    /// The name of a problem as this clinician would write it.
    pub(super) fn name_of(&mut self, problem: &Problem) -> String {
        let display = meaning(self.simulation.vocabulary.first(problem.codes)).plain.to_string();
        let names = called(&display);
        if !names.is_empty() {
            return (*self.random.pick(names)).to_owned();
        }
        let lower = display.to_ascii_lowercase();
        // `fracture of the ankle` is an ankle fracture.
        if let Some((kind, site)) = lower.split_once(" of the ")
            && ["fracture", "laceration", "sprain", "osteoarthritis", "contusion"].contains(&kind)
            && !site.contains(' ')
            && self.random.chance(0.75)
        {
            let kind = match kind {
                "fracture" if self.short() => "fx",
                "laceration" if self.short() => "lac",
                "osteoarthritis" if self.short() => "OA",
                kind => kind,
            };
            return format!("{site} {kind}");
        }
        let Some(topic) = problem.topic else { return display };
        let specific = display.len() <= 48 && is_specific(&display, topic);
        if topic.names.is_empty() || (specific && self.random.chance(0.85)) {
            return display;
        }
        if !topic.short.is_empty() && self.short() {
            return self.random.pick(topic.short).replace("NSTEMI/STEMI", "MI");
        }
        (*self.random.pick(topic.names)).to_owned()
    }

    /// Codes of a problem; ICD-10-CM from the topic where the record has none.
    pub(super) fn problem_codes(&self, problem: &Problem) -> Vec<(String, String)> {
        let vocabulary = &self.simulation.vocabulary;
        let mut codes = codes_of(self.simulation, problem.codes);
        let has_icd =
            vocabulary.list(problem.codes).iter().any(|id| vocabulary.code(*id).system == ICD10CM);
        if let Some(topic) = problem.topic
            && !has_icd
            && !topic.icd.is_empty()
        {
            codes.push((vocabulary.system(ICD10CM).to_owned(), topic.icd.to_owned()));
        }
        codes
    }

    /// Writes a problem with its codes.
    pub(super) fn problem_name(&mut self, problem: &Problem, mark: &str) {
        let name = self.name_of(problem);
        let codes = self.problem_codes(problem);
        // A symptom that is all the diagnosis there is stays a symptom.
        let symptom = match problem.topic {
            Some(topic) => topic.icd.starts_with('R') && !matches!(topic.icd, "R73.03" | "R65.21"),
            None => findings::find(&name).is_some_and(|found| found.icd.starts_with('R')),
        };
        let mark = match mark {
            "d" if symptom => "s",
            "hd" if symptom => "hs",
            other => other,
        };
        self.text.marked(mark, &name, Some(codes));
    }

    /// `h/o HTN, T2DM and COPD`: the problems that matter, without the lead.
    pub(super) fn brief_history(&mut self) {
        let list = self.history_list(4);
        for (place, problem) in list.iter().enumerate() {
            if place > 0 {
                let and = if place + 1 == list.len() && !self.style.terse { " and " } else { ", " };
                self.text.raw(and);
            }
            let mark = if self.is_past(problem) { "hd" } else { "d" };
            self.problem_name(problem, mark);
        }
    }

    pub(super) fn is_past(&self, problem: &Problem) -> bool {
        self.facts
            .past
            .iter()
            .any(|past| past.codes == problem.codes && past.onset == problem.onset)
    }

    /// Problems worth naming in one breath: lasting ones known before, then past ones.
    pub(super) fn history_list(&self, count: usize) -> Vec<Problem> {
        let main = self.main;
        self.facts
            .problems
            .iter()
            .filter(|p| p.topic.is_some_and(|t| t.pace == Pace::Chronic || t.history))
            .chain(self.facts.past.iter().filter(|p| {
                // Passing infections and breaks are for the list, not for the first sentence.
                p.topic.is_some_and(|t| {
                    t.history
                        && t.pace != Pace::Injury
                        && !matches!(
                            t.icd,
                            "U07.1" | "J18.9" | "K37" | "K35.80" | "O03.9" | "N20.0" | "P59.9"
                        )
                })
            }))
            .filter(|p| main.is_none_or(|m| m.codes != p.codes))
            .take(count)
            .copied()
            .collect()
    }

    // --- Medicines ------------------------------------------------------------------------

    /// A medicine's parts.
    pub(super) fn drug(&mut self, codes: CodeList) -> Drug {
        let id = self.simulation.vocabulary.list(codes)[0];
        let simulation = self.simulation;
        self.drugs
            .entry(id)
            .or_insert_with(|| Drug::parse(&simulation.vocabulary.code(id).display))
            .clone()
    }

    /// `metformin`, no more.
    pub(super) fn drug_name(&mut self, medication: &Medication) -> u32 {
        let drug = self.drug(medication.codes);
        let codes = codes_of(self.simulation, medication.codes);
        self.text.entity(&drug.name, MEDICATION, "GENERIC_NAME", codes, None)
    }

    /// `metformin 500 mg PO BID`.
    pub(super) fn drug_line(&mut self, medication: &Medication) {
        let drug = self.drug(medication.codes);
        let codes = codes_of(self.simulation, medication.codes);
        let name = self.text.entity(&drug.name, MEDICATION, "GENERIC_NAME", codes.clone(), None);
        let brand = if drug.brand.is_empty() {
            drug.known_brand()
                .filter(|_| self.style.brands && self.random.chance(0.5))
                .map(str::to_owned)
        } else {
            Some(drug.brand.clone())
        };
        if let Some(brand) = brand {
            self.text.raw(" (");
            self.text.entity(&brand, MEDICATION, "BRAND_NAME", codes, None);
            self.text.raw(")");
        }
        let dosage = medication.dosage.as_ref();
        let usual = drug.usual();
        let amount = match (dosage, usual) {
            (Some(dosage), _) if dosage.amount > 0.0 => dosage.amount,
            (_, Some((amount, ..))) => f64::from(amount),
            _ => 1.0,
        };
        // A count of units makes the milligrams a strength; without one they are the dose.
        let count = !drug.unit.is_empty()
            && ((amount - 1.0).abs() > 1e-9
                || drug.unit == "puff"
                || drug.unit == "spray"
                || drug.unit == "drop"
                || self.random.chance(0.15));
        if !drug.strength.is_empty() {
            self.text.raw(" ");
            let strength = if self.style.tight_units {
                match drug.strength.split_once(' ') {
                    Some((number, unit)) if !unit.contains(' ') => format!("{number}{unit}"),
                    _ => drug.strength.clone(),
                }
            } else {
                drug.strength.clone()
            };
            let per = drug.strength.contains("/mL") || drug.strength.contains('%');
            let kind = if count || per { "STRENGTH" } else { "DOSAGE" };
            self.text.entity(&strength, MEDICATION, kind, Vec::new(), Some(name));
        }
        if matches!(
            drug.form,
            "ER" | "chewable"
                | "neb"
                | "inhaler"
                | "cream"
                | "ointment"
                | "patch"
                | "suspension"
                | "eye drops"
                | "eye ointment"
                | "ear drops"
                | "gel"
                | "nasal spray"
                | "suppository"
        ) && (!matches!(drug.form, "inhaler" | "chewable") || self.random.chance(0.4))
        {
            self.text.raw(" ");
            self.text.entity(drug.form, MEDICATION, "FORM", Vec::new(), Some(name));
        }
        if count {
            self.text.raw(" ");
            let open = self.text.open();
            let shown =
                if amount.fract() == 0.0 { format!("{amount:.0}") } else { format!("{amount}") };
            let plural = if amount > 1.0 { "s" } else { "" };
            self.text.show(format_args!("{shown} {}{plural}", drug.unit));
            self.text.close(open, MEDICATION, "DOSAGE", Vec::new(), Vec::new(), Some(name));
        }
        let route = match drug.route {
            "PO" => *self.random.pick(&["PO", "PO", "po", "by mouth"]),
            "SQ" => *self.random.pick(&["SQ", "SC", "subcut"]),
            "topical" if drug.form != "patch" => {
                *self.random.pick(&["topically", "to affected area"])
            }
            "inhaled" if drug.form == "neb" => "",
            "inhaled" => *self.random.pick(&["inhaled", "inh", ""]),
            "intranasal" => "each nostril",
            "ophthalmic" | "otic" | "transdermal" => "",
            other => other,
        };
        let route = if self.style.terse && route == "by mouth" { "PO" } else { route };
        // `daily` alone is common for once-a-day tablets; the route may go.
        let drop_route = drug.route == "PO" && self.random.chance(0.2);
        if !route.is_empty() && !drop_route {
            self.text.raw(" ");
            self.text.entity(route, MEDICATION, "ROUTE_OR_MODE", Vec::new(), Some(name));
        }
        let frequency = match dosage {
            Some(dosage) if dosage.frequency > 0.0 && dosage.period > 0.0 => {
                self.frequency(dosage.frequency, dosage.period, dosage.period_unit)
            }
            _ if medication.administered => String::new(),
            _ => usual.map_or_else(String::new, |(_, frequency, _)| self.frequency_word(frequency)),
        };
        let needed = match dosage {
            Some(dosage) => dosage.as_needed,
            None => !medication.administered && usual.is_some_and(|(_, _, needed)| needed),
        };
        // A rescue pen is not taken daily, whatever the order says, and fluids run.
        let frequency = if drug.name.contains("epinephrine") || drug.name == "normal saline" {
            String::new()
        } else {
            frequency
        };
        if !frequency.is_empty() || needed {
            self.text.raw(" ");
            let open = self.text.open();
            self.text.raw(&frequency);
            if needed {
                let prn = if frequency.is_empty() {
                    "prn"
                } else {
                    *self.random.pick(&[" prn", " PRN", " as needed"])
                };
                self.text.raw(prn);
            }
            self.text.close(open, MEDICATION, "FREQUENCY", Vec::new(), Vec::new(), Some(name));
        }
    }

    /// `2` times per `1 d` as `BID`.
    fn frequency(&mut self, frequency: f64, period: f64, unit: &str) -> String {
        let times = frequency.round() as i64;
        let length = period.round() as i64;
        let word = match (times, length, unit) {
            (1, 1, "d") | (1, 24, "h") => "daily",
            (2, 1, "d") | (1, 12, "h") => "BID",
            (3, 1, "d") => "TID",
            (4, 1, "d") => "QID",
            (1, 1, "wk") | (1, 7, "d") => "weekly",
            (1, 2, "wk") => "every 2 weeks",
            (1, 1, "mo") => "monthly",
            (1, 2, "d") => "every other day",
            (times, 1, "wk") => return format!("{times}x/week"),
            (1, hours, "h") => return format!("q{hours}h"),
            (1, minutes, "min") => return format!("q{minutes} min"),
            (1, days, "d") => return format!("every {days} days"),
            (times, 1, "d") => return format!("{times}x/day"),
            (times, length, unit) => {
                let unit = match unit {
                    "min" => " min",
                    "h" => "h",
                    "wk" => "wk",
                    "mo" => "mo",
                    _ => "d",
                };
                return format!("{times}x q{length}{unit}");
            }
        };
        self.frequency_word(word)
    }

    /// One way to say it.
    fn frequency_word(&mut self, word: &str) -> String {
        let options: &[&str] = match word {
            "daily" if self.style.terse => &["daily", "qd", "qday", "daily"],
            "daily" => &["daily", "once daily", "once a day", "daily"],
            "BID" if self.style.terse => &["BID", "bid", "BID"],
            "BID" => &["BID", "twice daily", "twice a day"],
            "TID" if !self.style.terse => &["TID", "three times daily"],
            "QID" if !self.style.terse => &["QID", "four times a day"],
            "qHS" if self.style.terse => &["qHS", "qhs", "nightly"],
            "qHS" => &["at bedtime", "nightly", "qHS"],
            "qAM" if !self.style.terse => &["every morning", "qAM"],
            "weekly" if self.style.terse => &["qweek", "weekly"],
            _ => return word.to_owned(),
        };
        (*self.random.pick(options)).to_owned()
    }

    // --- Results --------------------------------------------------------------------------

    /// A number with its decimals, as the observation has it.
    pub(super) fn value(&mut self, value: f64, decimals: u8, of: u32) {
        let open = self.text.open();
        self.text.show(format_args!("{value:.*}", usize::from(decimals)));
        self.text.close(open, TEST, "TEST_VALUE", Vec::new(), Vec::new(), Some(of));
    }

    /// A unit, if it is worth writing.
    pub(super) fn unit(&mut self, ucum: &str, of: u32, space: bool) {
        let unit = labs::unit(ucum);
        if !unit.is_empty() {
            if space && unit != "%" {
                self.text.raw(" ");
            }
            self.text.entity(unit, TEST, "TEST_UNIT", Vec::new(), Some(of));
        }
    }

    /// `WBC 12.4`; with its unit if wanted. False for what has no value to tell.
    pub(super) fn result(&mut self, seen: &Observation, with_unit: bool) -> bool {
        let vocabulary = &self.simulation.vocabulary;
        let code = vocabulary.first(seen.codes);
        let lab = labs::find(&code.code);
        let name = match lab {
            Some(lab) => {
                if self.short() {
                    lab.short.to_owned()
                } else {
                    lab.full.to_owned()
                }
            }
            None => short_display(&code.display),
        };
        if name.is_empty() || matches!(seen.value, Finding::None | Finding::Bool(_)) {
            return false;
        }
        if let Finding::Text(symbol) = seen.value
            && vocabulary.symbol(symbol).trim().is_empty()
        {
            return false;
        }
        let codes = codes_of(self.simulation, seen.codes);
        let name = self.text.entity(&name, TEST, "TEST_NAME", codes, None);
        match seen.value {
            Finding::Quantity(value, decimals) => {
                let between = *self.random.pick(&[" ", " ", ": ", " of "]);
                let between = if self.style.terse && between == " of " { " " } else { between };
                self.text.raw(between);
                self.value(value, decimals, name);
                let ucum = vocabulary.symbol(seen.unit);
                if with_unit || ucum == "%" {
                    self.unit(ucum, name, true);
                }
                let flag = labs::flag(&code.code, ucum, value, self.person.sex);
                if self.facts.years >= 18 && self.random.chance(0.7) {
                    self.text.raw(flag);
                }
            }
            Finding::Code(id) => {
                self.text.raw(": ");
                let shown = plain(&vocabulary.code(id).display);
                let shown = shown.trim();
                if !shown.is_empty() {
                    self.text.entity(shown, TEST, "TEST_VALUE", Vec::new(), Some(name));
                }
            }
            Finding::Text(symbol) => {
                self.text.raw(": ");
                self.text.entity(
                    vocabulary.symbol(symbol).trim(),
                    TEST,
                    "TEST_VALUE",
                    Vec::new(),
                    Some(name),
                );
            }
            Finding::Bool(_) | Finding::None => {}
        }
        true
    }

    // --- Sections -------------------------------------------------------------------------

    /// Begins a section. `names`: upper, title and short form come from these two.
    pub(super) fn section(&mut self, full: &str, short: &str) {
        self.text.line();
        if self.style.airy && self.text.len() > 0 {
            self.text.raw("\n");
        }
        match self.style.header {
            Header::Upper => self.text.show(format_args!("{}:", full.to_uppercase())),
            Header::Title => self.text.show(format_args!("{full}:")),
            Header::Short => self.text.show(format_args!("{short}:")),
            Header::Starred => self.text.show(format_args!("** {full} **")),
            Header::Plain => self.text.show(format_args!("{full}")),
        }
        let own =
            self.style.own_line || matches!(self.style.header, Header::Starred | Header::Plain);
        self.text.raw(if own { "\n" } else { " " });
    }

    /// A list of things: written one by one, each in this clinician's way.
    pub(super) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        if items.len() == 1 || self.style.bullets == Bullets::Prose {
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    let joint = if self.style.terse { ", " } else { "; " };
                    self.text.raw(joint);
                }
                self.text.capital = place == 0 && self.style.capitals;
                write(self, item);
            }
            self.text.capital = false;
            if items.len() > 1 || self.style.bullets == Bullets::Prose {
                self.text.raw(if self.style.terse { "" } else { "." });
            }
            self.text.line();
            return;
        }
        self.text.line();
        for (place, item) in items.iter().enumerate() {
            self.bullet(place);
            write(self, item);
            self.text.line();
        }
    }

    /// The sign before an item.
    pub(super) fn bullet(&mut self, place: usize) {
        match self.style.bullets {
            Bullets::Dash => self.text.raw("- "),
            Bullets::Numbers => self.text.show(format_args!("{}. ", place + 1)),
            Bullets::Brackets => self.text.show(format_args!("{}) ", place + 1)),
            Bullets::Dots => self.text.raw("• "),
            Bullets::Prose => self.text.raw(""),
        }
    }

    /// A social habit with its codes.
    pub(super) fn habit(
        &mut self,
        text: &str,
        kind: &'static str,
        negated: bool,
        codes: Vec<(String, String)>,
    ) {
        let open = self.text.open();
        self.text.raw(text);
        let traits = if negated { vec!["NEGATION"] } else { Vec::new() };
        self.text.close(open, SOCIAL, kind, traits, codes, None);
    }

    /// A condition by its code alone (family history, reactions).
    pub(super) fn coded(&mut self, id: CodeId, traits: Vec<&'static str>) {
        let vocabulary = &self.simulation.vocabulary;
        let code = vocabulary.code(id);
        let known = meaning(code);
        let topic = known.topic;
        let mut codes = vec![code_of(self.simulation, id)];
        let mut name = known.plain.to_string();
        if let Some(topic) = topic {
            if code.system == SNOMED && !topic.icd.is_empty() {
                codes.push((vocabulary.system(ICD10CM).to_owned(), topic.icd.to_owned()));
            }
            if !is_specific(&name, topic) && !topic.names.is_empty() {
                name = if !topic.short.is_empty() && self.short() {
                    topic.short[0].replace("NSTEMI/STEMI", "MI")
                } else {
                    topic.names[0].to_owned()
                };
            }
        }
        let open = self.text.open();
        self.text.raw(&name);
        self.text.close(open, CONDITION, "DX_NAME", traits, codes, None);
    }

    /// The topic of the main problem.
    pub(super) fn topic(&self) -> Option<&'static Topic> {
        self.main.and_then(|main| main.topic)
    }
}

/// A symptom's name inside a sentence: lower case, unless it is an abbreviation.
pub(super) fn symptom_word(name: &str) -> String {
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

/// What clinicians call something with such a display; empty: what it says.
pub(super) fn called(display: &str) -> &'static [&'static str] {
    CALLED.iter().find(|(known, _)| known.eq_ignore_ascii_case(display)).map_or(&[], |(_, n)| n)
}

/// Displays in plain words, and what clinicians say instead.
const CALLED: &[(&str, &[&str])] = &[
    ("acute heart attack with st elevation", &["STEMI", "acute STEMI", "ST-elevation MI"]),
    ("acute heart attack without st elevation", &["NSTEMI", "non-ST elevation MI", "NSTEMI"]),
    ("heart attack in the past", &["prior MI", "old MI", "remote MI"]),
    ("stroke from a blocked artery", &["ischemic stroke", "acute ischemic stroke", "CVA"]),
    ("bleeding into the brain", &["intracerebral hemorrhage", "ICH", "hemorrhagic stroke"]),
    (
        "neuropathy due to type 2 diabetes",
        &["diabetic neuropathy", "diabetic peripheral neuropathy", "DPN"],
    ),
    ("kidney disease due to diabetes", &["diabetic nephropathy", "diabetic kidney disease", "DKD"]),
    (
        "nonproliferative retinopathy due to type 2 diabetes",
        &["nonproliferative diabetic retinopathy", "NPDR"],
    ),
    (
        "proliferative retinopathy due to type 2 diabetes",
        &["proliferative diabetic retinopathy", "PDR"],
    ),
    ("dementia from narrowed blood vessels", &["vascular dementia"]),
    ("fibroids of the uterus", &["uterine fibroids", "fibroids"]),
    ("obesity (body mass index 30 or more)", &["obesity", "obesity"]),
    (
        "severe obesity (body mass index 40 or more)",
        &["severe obesity", "class III obesity", "morbid obesity"],
    ),
    (
        "chronic obstructive lung disease",
        &["COPD", "COPD", "chronic obstructive pulmonary disease"],
    ),
    ("closed fracture of the hip", &["hip fracture", "hip fx", "closed hip fracture"]),
    ("fracture of a rib", &["rib fracture", "rib fx"]),
    ("polyp of the colon", &["colon polyp", "colonic polyp"]),
    ("cancer of the colon", &["colon cancer", "colon adenocarcinoma"]),
    ("concussion with loss of consciousness", &["concussion with LOC", "concussion w/ LOC"]),
    ("concussion without loss of consciousness", &["concussion without LOC", "concussion"]),
    ("normal pregnancy", &["pregnancy", "IUP", "intrauterine pregnancy"]),
    ("major depression", &["major depression", "MDD", "depression"]),
    (
        "major depression, single episode",
        &["MDD, single episode", "major depressive episode", "MDD"],
    ),
    ("complication after an operation", &["postoperative complication", "post-op complication"]),
    ("peripheral arterial disease", &["PAD", "peripheral arterial disease"]),
    ("non-small cell lung cancer", &["NSCLC", "non-small cell lung cancer"]),
    ("small cell lung cancer", &["SCLC", "small cell lung cancer"]),
    ("streptococcal sore throat", &["strep pharyngitis", "strep throat"]),
    ("acute otitis media", &["AOM", "acute otitis media"]),
    ("end-stage kidney disease", &["ESRD", "end-stage renal disease"]),
    ("pre-eclampsia", &["preeclampsia"]),
    ("iron deficiency anemia", &["iron deficiency anemia", "IDA"]),
    ("deep vein thrombosis", &["DVT", "deep vein thrombosis"]),
    ("whiplash injury of the neck", &["whiplash", "cervical strain"]),
    (
        "seasonal allergic rhinitis",
        &["seasonal allergic rhinitis", "allergic rhinitis", "seasonal allergies"],
    ),
    (
        "chronic kidney disease, stage 2",
        &["CKD stage 2", "CKD 2", "chronic kidney disease stage 2"],
    ),
    (
        "chronic kidney disease, stage 3",
        &["CKD stage 3", "CKD 3", "chronic kidney disease stage 3"],
    ),
    (
        "chronic kidney disease, stage 4",
        &["CKD stage 4", "CKD 4", "chronic kidney disease stage 4"],
    ),
    (
        "chronic kidney disease, stage 5",
        &["CKD stage 5", "CKD 5", "chronic kidney disease stage 5"],
    ),
];

/// The guards and the rest of a template: `@F+statin She …`.
fn guards(template: &str) -> (&str, &str) {
    match template.strip_prefix('@') {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("", template),
    }
}

/// The display says more than the topic's name: a stage, a site, a kind.
fn is_specific(display: &str, topic: &Topic) -> bool {
    let lower = display.to_ascii_lowercase();
    if topic.names.iter().any(|name| *name == lower) {
        return false;
    }
    [
        "stage",
        "of ",
        "left",
        "right",
        "stem",
        "with",
        "due to",
        "type",
        "acute",
        "chronic",
        "severe",
        "mild",
        "moderate",
        "viral",
        "bacterial",
        "strep",
        "cell",
        "secondary",
        "in situ",
        "sprain",
        "strain",
        "ventric",
        "alzheimer",
        "wound",
        "systolic",
        "diastolic",
        "nonproliferative",
        "proliferative",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// A display of LOINC cut down to what one would write: before brackets.
fn short_display(display: &str) -> String {
    let cut = display.split(" [").next().unwrap_or(display);
    let cut = cut.split(" (").next().unwrap_or(cut);
    let text = plain(cut.trim());
    if text.len() > 60 { String::new() } else { text }
}
