//! Notes of visits: progress notes and emergency notes.

use super::facts::Problem;
use super::labs;
use super::scribe::Scribe;
use super::topics::{Pace, System};
use crate::record::{Class, Finding};
use crate::time::{HOUR, Time};

/// How a history begins when something is wrong: terse, with a past.
const OPEN_TERSE: &[&str] = &[
    "{who} w/ h/o {pmh} here w/ {cc} {dur}.",
    "{who} w/ PMH of {pmh} p/w {cc} {dur}.",
    "{who}, hx {pmh}, c/o {cc} {dur}.",
    "{who} PMHx {pmh} presenting w/ {cc} {dur}.",
    "pt is {who} with {pmh} who c/o {cc} {dur}.",
    "{who} with {pmh}. {cc} {dur}.",
];
/// Terse, without a past.
const OPEN_TERSE_WELL: &[&str] = &[
    "{who} here w/ {cc} {dur}.",
    "{who} p/w {cc} {dur}.",
    "{who}, previously healthy, c/o {cc} {dur}.",
    "{who} c/o {cc} {dur}.",
    "{cc} {dur} in {who}.",
    "otherwise healthy {who} w/ {cc} {dur}.",
];
/// In full, with a past.
const OPEN_FULL: &[&str] = &[
    "{name} is a {who} with a history of {pmh} who presents with {cc} {dur}.",
    "This is a {who} with {pmh} presenting for evaluation of {cc}. Symptoms have been present {dur}.",
    "{name} is a {who} with past medical history significant for {pmh} here today with {cc} {dur}.",
    "Patient is a {who} with known {pmh} who comes in complaining of {cc} {dur}.",
    "{name}, a {who} with {pmh}, reports {cc} {dur}.",
    "The patient is a {who} whose history includes {pmh}. {he} has had {cc} {dur}.",
];
/// In full, without a past.
const OPEN_FULL_WELL: &[&str] = &[
    "{name} is a {who} who presents with {cc} {dur}.",
    "This is a generally healthy {who} presenting with {cc} {dur}.",
    "{name} is a {who} here today for evaluation of {cc}, present {dur}.",
    "{name}, a {who}, comes in with {cc} {dur}.",
    "The patient is a {who} who reports {cc} {dur}.",
    "Patient is a {who} with no significant past history who developed {cc} {dur}.",
];
/// For those who cannot tell it themselves.
const OPEN_CHILD: &[&str] = &[
    "{who} brought in by mom for {cc} {dur}.",
    "{who} here with parents, {cc} {dur}.",
    "{name} is a {who} brought in by parents with {cc} {dur}.",
    "{who} w/ {cc} {dur} per parents.",
    "Parents bring this {who} in for {cc} {dur}.",
    "{who}, {cc} {dur}. History from dad.",
];
/// In the nursery.
const OPEN_NEWBORN: &[&str] = &[
    "{who}, born here, rooming in with mother.",
    "Newborn, {who}, seen in the nursery.",
    "{who} seen for newborn care, feeding on demand.",
    "Routine newborn care for this {who}. Latching well per RN.",
];
/// Checks on something known.
const FOLLOW_TERSE: &[&str] = &[
    "{who} here for f/u {dx}.",
    "{who} seen for {dx} f/u.",
    "f/u visit for {dx} in {who}.",
    "{who} w/ {dx}, routine f/u.",
    "{who}, {dx}, recheck.",
];
const FOLLOW_FULL: &[&str] = &[
    "{name} is a {who} seen in follow-up for {dx}.",
    "{name} returns today for follow-up of {dx}.",
    "This {who} is here for scheduled follow-up of {dx}.",
    "{name} is a {who} who comes in today regarding {dx}.",
    "Here today for ongoing management of {dx} is this {who}.",
];
const WELL_TERSE: &[&str] = &[
    "{who} here for annual exam. No acute complaints.",
    "{who}, yearly physical, feels well.",
    "{who} for CPE. Doing well overall.",
    "{who} here for routine check-up, no concerns today.",
    "{who}, health maintenance visit. No new issues.",
];
const WELL_FULL: &[&str] = &[
    "{name} is a {who} here for an annual wellness visit. {he} feels well and has no acute concerns.",
    "{name} presents for a routine physical. This {who} has no new complaints today.",
    "This is a {who} who comes in for a yearly check-up and reports doing well.",
    "{name} is a {who} seen for preventive care. No specific concerns were raised.",
    "Routine health maintenance visit for this {who}, who is in {his} usual state of health.",
];
/// Well, but for something felt.
const WELL_BUT: &[&str] = &[
    "{who} here for check-up. Also mentions {also}.",
    "{name} is a {who} here for a routine visit. Brings up {also} today.",
    "{who}, yearly visit; c/o {also} on and off.",
    "Routine health visit for this {who}, who also notes {also}.",
    "{who} for physical. Main concern today is {also}.",
    "{name} is a {who} seen for preventive care and reports some {also}.",
];
const WELL_CHILD: &[&str] = &[
    "{who} brought in by parents for well visit. No concerns.",
    "{name} is a {who} here for a well-child check, growing and developing well per parents.",
    "{who} here with mom for check-up. Eating and sleeping well.",
    "{name} is a {who} presenting for routine well visit. Parents have no concerns today.",
    "WCC for {who}. Doing great per mom.",
    "{who}, well visit. Meeting milestones per family.",
];

/// Where no illness gives more to tell.
const COLOR: &[&str] = &[
    "Gradual onset.",
    "Comes and goes.",
    "Nothing in particular makes it better or worse.",
    "Has not tried anything for it.",
    "About the same since it began.",
    "No obvious trigger.",
    "@W Missed a day of work over it.",
    "@C Still eating and playing.",
    "Worse in the evenings.",
    "Bothersome but getting through the day.",
];

impl Scribe<'_> {
    /// Is the visit about something known from before, not about something new?
    pub(super) fn is_follow_up(&self) -> bool {
        let acute = matches!(
            self.facts.visit.class,
            Class::Emergency | Class::Inpatient | Class::UrgentCare
        );
        match self.main {
            None => self.facts.visit.symptoms.is_empty(),
            Some(main) if acute => {
                main.topic.is_some_and(|t| t.pace == Pace::Planned && t.hpi.is_empty())
            }
            Some(main) => {
                // What has only just been found is a new complaint, if it makes any; what was
                // known is checked on, whatever else is felt today.
                let new = self.facts.is_fresh(&main);
                let pace = main.topic.map_or(Pace::Acute, |t| t.pace);
                let silent = main.topic.is_some_and(|t| t.symptoms.is_empty());
                !new || pace == Pace::Planned || pace == Pace::Chronic && silent
            }
        }
    }

    /// The sentence that opens a history.
    pub(super) fn open_history(&mut self, follow_up: bool) {
        let terse = self.style.terse;
        if self.facts.visit.class == Class::Wellness {
            if !self.felt().is_empty() {
                self.say(WELL_BUT);
            } else if self.facts.years < 18 {
                self.say(WELL_CHILD);
            } else {
                self.say(if terse { WELL_TERSE } else { WELL_FULL });
            }
            return;
        }
        if follow_up {
            if self.main.is_some() {
                self.say(if terse { FOLLOW_TERSE } else { FOLLOW_FULL });
            } else if self.facts.days < 8 {
                self.say(OPEN_NEWBORN);
            } else {
                self.say(&[
                    "{who} here for scheduled visit.",
                    "{who} seen today as planned, no new complaints.",
                    "{who}, routine visit.",
                    "Scheduled visit for this {who}.",
                    "{who} here today, doing okay.",
                ]);
            }
            return;
        }
        if self.facts.years < 5 {
            self.say(OPEN_CHILD);
            return;
        }
        let has_past = !self.history_list(1).is_empty();
        self.say(match (terse, has_past) {
            (true, true) => OPEN_TERSE,
            (true, false) => OPEN_TERSE_WELL,
            (false, true) => OPEN_FULL,
            (false, false) => OPEN_FULL_WELL,
        });
    }

    /// The history of the present illness.
    pub(super) fn history(&mut self, follow_up: bool, sentences: usize) {
        self.section("History of Present Illness", "HPI");
        self.open_history(follow_up);
        let wellness = self.facts.visit.class == Class::Wellness;
        if let Some(topic) = self.topic()
            && !wellness
        {
            if follow_up {
                let said = self.say_some(topic.interval, sentences);
                if said == 0 {
                    self.say(&[
                        "Doing well since last seen.",
                        "Recovering as expected.",
                        "Feels much better.",
                        "Slowly improving.",
                        "No new concerns.",
                        "Getting back to usual activities.",
                    ]);
                }
            } else {
                let said = self.say_some(topic.hpi, sentences);
                if said == 0 {
                    self.say_some(COLOR, sentences.min(2));
                }
            }
            if follow_up && !self.felt().is_empty() && self.random.chance(0.7) {
                self.say(&[
                    "Also mentions {also}.",
                    "Some {also} as well.",
                    "Does report {also}.",
                    "Separately notes {also}.",
                    "Bothered by {also} lately.",
                ]);
            }
            let count = self.random.whole(2, 4) as usize;
            self.deny(topic.negatives, count);
        } else if wellness {
            let lasting: Vec<Problem> = self
                .facts
                .problems
                .iter()
                .filter(|p| p.topic.is_some_and(|t| !t.interval.is_empty()))
                .take(2)
                .copied()
                .collect();
            for problem in &lasting {
                let said_before = self.text.len();
                if let Some(topic) = problem.topic
                    && self.random.chance(0.8)
                {
                    self.space();
                    let form = self.random.whole(0, 3);
                    self.begin();
                    if form == 0 {
                        self.text.raw("Re ");
                    }
                    self.problem_name(problem, "d");
                    self.text.raw(if form == 1 { " - " } else { ": " });
                    if let Some(chosen) = self.pick(topic.interval) {
                        self.text.capital = false;
                        self.render(chosen);
                    } else {
                        self.text.raw("no change.");
                    }
                }
                let _ = said_before;
            }
            if self.facts.years < 18 {
                self.say(&[
                    "@I Breast and bottle fed, good wet diapers.",
                    "@I Sleeps on back in own crib.",
                    "@T Good appetite, eats a variety of foods.",
                    "@T Sleeps through the night.",
                    "@T Picky eater but growing.",
                    "@T Active, plays outside daily.",
                    "@T Limits screen time, mostly.",
                    "@I Tummy time daily.",
                    "Car seat and smoke detectors in place.",
                ]);
            } else {
                self.say(&[
                    "Exercises a few times a week.",
                    "Diet is fair, tries to eat vegetables.",
                    "Sleeps about 6-7 h a night.",
                    "Not much exercise lately.",
                    "Sees dentist yearly.",
                    "Wears seat belt.",
                    "Appetite and energy good.",
                ]);
            }
            let pool: &[&'static str] = if self.facts.years < 12 {
                &["fever", "cough", "vomiting", "rash", "poor feeding"]
            } else {
                &[
                    "chest pain",
                    "shortness of breath",
                    "abdominal pain",
                    "headache",
                    "palpitations",
                    "weight loss",
                    "dizziness",
                ]
            };
            let count = self.random.whole(2, 3) as usize;
            self.deny(pool, count);
        } else {
            if !self.felt().is_empty() {
                self.say_some(COLOR, sentences.min(2));
            }
            let count = self.random.whole(2, 4) as usize;
            let pool: &[&'static str] = if self.facts.years < 8 {
                &["fever", "vomiting", "rash", "poor feeding", "cough"]
            } else {
                &["fever", "chest pain", "shortness of breath", "nausea", "headache", "dizziness"]
            };
            self.deny(pool, count);
        }
        let other = self.facts.visit.class;
        if other == Class::Virtual {
            self.say(&[
                "Seen by video, patient at home.",
                "Telephone visit, identity confirmed.",
                "Video visit with consent.",
                "Audio only, video did not connect.",
            ]);
        } else if other == Class::Home {
            self.say(&[
                "Seen at home.",
                "Home visit, family present.",
                "Visited at home, ambulates with walker indoors.",
            ]);
        }
        self.text.line();
    }

    /// Which systems to examine.
    pub(super) fn focus(&self, full: bool) -> Vec<System> {
        use System::{
            Abdomen, Back, Extremities, General, Heart, Heent, Lungs, Neck, Neuro, Psych, Skin,
        };
        if full {
            return vec![
                General,
                Heent,
                Neck,
                Heart,
                Lungs,
                Abdomen,
                Extremities,
                Skin,
                Neuro,
                Psych,
            ];
        }
        let mut systems = vec![General, Heart, Lungs];
        if let Some(topic) = self.topic() {
            systems.extend(topic.exam.iter().map(|(system, _)| *system));
        }
        if self.facts.child() {
            systems.extend([Heent, Abdomen, Skin]);
        } else {
            systems.push(Extremities);
            systems.push(Abdomen);
        }
        let _ = (Back, Neck, Psych, Neuro);
        systems.sort_unstable();
        systems.dedup();
        systems
    }

    /// Assessment and plan of a visit.
    pub(super) fn assessment(&mut self, follow_up: bool) {
        let style = self.style;
        self.section("Assessment and Plan", "A/P");
        let main = self.main;
        let wellness = self.facts.visit.class == Class::Wellness;
        let mut fresh: Vec<Problem> = self.facts.fresh.clone();
        if let Some(main) = main {
            fresh.retain(|p| p.codes != main.codes);
        }
        if style.by_problem {
            self.text.line();
        }
        let mut place = 0;
        if wellness {
            if style.by_problem {
                self.plan_item(place);
            }
            place += 1;
            self.begin();
            self.say(if self.facts.years < 18 {
                &[
                    "Well child, growth and development appropriate.",
                    "Healthy child, normal growth.",
                    "WCC: doing well.",
                    "Thriving, anticipatory guidance given.",
                    "Normal exam, safety and nutrition discussed.",
                ] as &[&str]
            } else {
                &[
                    "Health maintenance: age-appropriate screening reviewed.",
                    "Annual exam, doing well.",
                    "HM: UTD on what is due today, diet and exercise discussed.",
                    "Preventive visit, counseled on diet, exercise, sleep.",
                    "General health good, continue healthy habits.",
                    "Wellness visit completed.",
                ]
            });
            self.orders();
            self.done();
        } else if let Some(main) = main {
            if style.by_problem {
                self.plan_item(place);
            }
            place += 1;
            if follow_up
                && main.topic.is_some_and(|t| matches!(t.pace, Pace::Chronic | Pace::Gradual))
            {
                self.begin();
                self.problem_plan(&main);
                self.orders();
                self.done();
            } else {
                self.impression(&main, follow_up);
                self.orders();
                self.done();
                if let Some(topic) = main.topic {
                    self.say_some(topic.plan, if style.terse { 1 } else { 2 });
                }
            }
        } else {
            if style.by_problem {
                self.plan_item(place);
            }
            place += 1;
            if self.complaints().is_empty() {
                self.say(&[
                    "Doing well.",
                    "Stable.",
                    "Visit completed as planned.",
                    "No acute issues.",
                ]);
            } else {
                self.say(&[
                    "{cc}, likely benign, exam reassuring.",
                    "{cc}: no red flags, watchful waiting.",
                    "{cc}, etiology unclear, supportive care for now.",
                    "{cc}, will follow clinically.",
                ]);
            }
            self.orders();
            self.done();
        }
        for problem in fresh.iter().take(4) {
            if style.by_problem {
                self.plan_item(place);
            } else {
                self.space();
            }
            place += 1;
            self.begin();
            let lead = *self.random.pick(&["New dx ", "Also ", "New: ", "", ""]);
            self.text.raw(lead);
            self.problem_plan(problem);
        }
        // A check-up goes through what lasts; a visit for one thing names at most two others.
        let mut lasting: Vec<Problem> = self
            .facts
            .problems
            .iter()
            .filter(|p| p.topic.is_some_and(|t| t.pace == Pace::Chronic && !t.plan.is_empty()))
            .filter(|p| main.is_none_or(|m| m.codes != p.codes))
            .copied()
            .collect();
        let urgent = matches!(self.facts.visit.class, Class::UrgentCare | Class::Virtual);
        lasting.truncate(if wellness {
            4
        } else if follow_up && !urgent {
            2
        } else {
            0
        });
        for problem in &lasting {
            if style.by_problem {
                self.plan_item(place);
            } else {
                self.space();
            }
            place += 1;
            self.begin();
            self.problem_plan(problem);
        }
        if style.by_problem {
            self.text.line();
        }
        if !wellness && (!follow_up || self.random.chance(0.4)) {
            self.return_precautions();
        }
        self.follow_up();
        self.text.line();
    }

    /// What it is, in the clinician's judgement.
    pub(super) fn impression(&mut self, main: &Problem, follow_up: bool) {
        let _ = main;
        if follow_up {
            self.say(&[
                "{dx}, improving.",
                "{dx}: healing as expected.",
                "{dx}, resolving.",
                "{dx}, recovering well.",
                "{dx} - clinically better.",
            ]);
            return;
        }
        if self.style.terse {
            self.say(&[
                "{dx}.",
                "{who} w/ {dx}.",
                "{dx}, stable.",
                "A: {dx}.",
                "likely {dx}.",
                "{dx}, no red flags.",
                "sx c/w {dx}.",
            ]);
        } else {
            self.say(&[
                "History and exam are consistent with {dx}.",
                "{dx}, clinically stable.",
                "{who} with {dx}.",
                "Presentation most consistent with {dx}.",
                "{dx}.",
                "Findings support {dx}.",
                "Assessment: {dx}.",
            ]);
        }
    }

    /// A progress note of a visit.
    pub(super) fn progress(&mut self, at: Time) {
        let class = self.facts.visit.class;
        let title = match class {
            Class::Wellness if self.facts.years < 18 => "Well Child Visit",
            Class::Wellness => "Annual Wellness Visit",
            Class::UrgentCare => "Urgent Care Note",
            Class::Virtual => "Telehealth Visit",
            Class::Home => "Home Visit Note",
            Class::Hospice => "Hospice Note",
            Class::Snf => "SNF Progress Note",
            _ => "Progress Note",
        };
        self.heading(title, at);
        let follow_up = self.is_follow_up();
        self.chief_complaint(follow_up);
        let sentences = if self.style.terse { 1 } else { 2 };
        let more = usize::from(self.random.chance(0.4));
        self.history(follow_up, sentences + more);
        let brief =
            matches!(class, Class::Virtual | Class::UrgentCare) || !follow_up && self.facts.child();
        let wellness = class == Class::Wellness;
        if wellness || (!brief && self.random.chance(0.7)) {
            self.past_medical();
        }
        if wellness && self.random.chance(0.6) {
            self.past_surgical();
        }
        self.medications("Medications", "Meds");
        self.allergies();
        if wellness {
            self.family_history();
        }
        if wellness || self.random.chance(0.4) {
            self.social_history();
        }
        if wellness || self.random.chance(0.45) {
            let breadth = if wellness { 12 } else { 6 };
            self.review_of_systems(breadth);
        }
        self.vitals("Vital Signs", "VS", false);
        if class != Class::Virtual {
            let systems = self.focus(wellness);
            let sick = !follow_up
                || self
                    .main
                    .and_then(|m| m.topic)
                    .is_some_and(|t| t.pace == Pace::Chronic || t.pace == Pace::Planned);
            self.exam(&systems, sick && !wellness);
        }
        self.results("Results", "Labs", false);
        self.assessment(follow_up);
        self.signature(self.facts.visit.practitioner, "MD", at);
    }

    /// An emergency note.
    pub(super) fn emergency(&mut self, at: Time) {
        self.heading("Emergency Department Note", at);
        self.chief_complaint(false);
        let acuity = self.facts.visit.acuity;
        self.history(false, if self.style.terse { 2 } else { 3 });
        self.section("Arrival", "Arrival");
        let options: &[&str] = match acuity {
            Some(1 | 2) => &[
                "BIBA, taken straight to a resus bay.",
                "By ambulance, roomed immediately.",
                "EMS, high acuity.",
            ],
            Some(4 | 5) => &[
                "Walk-in.",
                "Ambulatory, drove self or with family.",
                "Walked in, triaged to fast track.",
            ],
            _ => &[
                "Walk-in with family.",
                "Private vehicle.",
                "By car, ambulatory at triage.",
                "Brought in by family.",
            ],
        };
        self.say(options);
        if let Some(level) = acuity {
            self.text.show(format_args!(" ESI {level}."));
        }
        self.text.line();
        self.past_medical();
        self.past_surgical();
        self.medications("Home Medications", "Meds");
        self.allergies();
        if self.random.chance(0.7) {
            self.social_history();
        }
        self.review_of_systems(if self.style.terse { 6 } else { 9 });
        self.vitals("Triage Vitals", "Triage VS", true);
        let systems = self.focus(self.random.clone().chance(0.3));
        self.exam(&systems, true);
        self.results("ED Results", "Labs", false);
        self.imaging_line();
        self.section("ED Course / MDM", "MDM");
        self.workup();
        self.given_line();
        self.reassessment();
        self.text.line();
        self.section("Impression", "Impression");
        let mut list: Vec<Problem> = self.main.into_iter().collect();
        for problem in &self.facts.fresh {
            if list.iter().all(|known| known.codes != problem.codes) {
                list.push(*problem);
            }
        }
        list.truncate(4);
        if list.is_empty() {
            self.begin();
            self.say(&["{cc}", "{cc}, improved", "{cc}, no emergent cause identified"]);
            self.text.line();
        } else {
            self.list(&list, |scribe, problem| scribe.problem_name(problem, "d"));
        }
        self.section("Disposition", "Dispo");
        let index = self.facts.index;
        let admitted = self.person.record.encounters.get(index as usize + 1).filter(|next| {
            next.admitted_from == Some(index) && next.start.since(self.facts.now) <= 2 * HOUR
        });
        if self.dying() {
            self.say(&[
                "Expired in the ED.",
                "Patient died in the department despite resuscitation.",
                "Pronounced in the ED. Family notified.",
            ]);
        } else if admitted.is_some() {
            let icu = admitted.is_some_and(|next| {
                next.wards.first().is_some_and(|(_, w)| *w == crate::record::Ward::Icu)
            });
            if icu {
                self.say(&[
                    "Admit to ICU.",
                    "To ICU, critical.",
                    "Admitted to intensive care, report called.",
                ]);
            } else {
                self.say(&[
                    "Admit.",
                    "Admitted to the hospital in stable condition.",
                    "Admit, accepting team aware.",
                    "Will be admitted for further care.",
                    "Admitted, bed requested.",
                ]);
            }
        } else {
            self.say(&[
                "Discharged home.",
                "D/c home in stable condition.",
                "Home with family, stable.",
                "Discharge, ambulatory, tolerating PO.",
                "Home in good condition.",
            ]);
            self.orders();
            if let Some(topic) = self.topic() {
                self.say_some(topic.plan, 1);
            }
            self.return_precautions();
            self.say(&[
                "F/u with PCP in 2-3 days.",
                "F/u PCP 1 wk.",
                "Follow up with primary care.",
                "@W PCP f/u, work note given.",
                "@C School note given, see pediatrician this week.",
            ]);
        }
        self.text.line();
        self.signature(self.facts.visit.practitioner, "MD", at);
    }

    /// Imaging done in this visit, by name.
    pub(super) fn imaging_line(&mut self) {
        let list: Vec<_> = self.facts.imaging.iter().map(|study| study.procedure).collect();
        if list.is_empty() {
            return;
        }
        self.section("Imaging", "Imaging");
        for (place, codes) in list.iter().enumerate() {
            if place > 0 {
                self.text.raw(", ");
            }
            self.procedure(*codes, Vec::new());
        }
        let tail = *self.random.pick(&[
            " - see report",
            " obtained, see separate report",
            ": reviewed",
            " done",
        ]);
        self.text.raw(tail);
        self.text.raw(".");
        self.text.line();
    }

    /// Procedures of an acute visit and the thinking behind them.
    pub(super) fn workup(&mut self) {
        self.say(&[
            "Patient seen and examined, nursing notes reviewed.",
            "seen on arrival, chart reviewed.",
            "Evaluated promptly on arrival.",
            "Old records reviewed where available.",
        ]);
        if let Some(topic) = self.topic() {
            // What else it might have been.
            let pool: &[&str] = match topic.icd {
                "J18.9" | "J44.1" | "J45.901" | "I50.9" => &[
                    "Considered [-d:PE], [-d:pneumothorax], felt unlikely.",
                    "Low suspicion for [-d:PE].",
                    "Doubt [-d:pulmonary embolism] clinically.",
                ],
                "I21.9" | "I20.9" | "I25.10" => {
                    &["Pain not suggestive of dissection.", "Doubt [-d:PE] clinically."]
                }
                "K35.80" | "K81.0" => &[
                    "Doubt [-d:bowel obstruction].",
                    "Exam without [-x:peritoneal signs] elsewhere.",
                ],
                "S06.0X0A" => &[
                    "No signs of [-d:intracranial hemorrhage] clinically.",
                    "Low suspicion for [-d:ICH].",
                ],
                "T14.8XXA" => &["No [-x:dislocation] on exam.", "Compartments soft."],
                "N39.0" | "N10" => &["Low suspicion for [-d:sepsis].", "Does not look septic."],
                _ => &[
                    "No red flags identified.",
                    "Differential considered broadly.",
                    "Clinical picture reassuring.",
                ],
            };
            self.say(pool);
        }
        self.done();
    }

    /// What was given.
    pub(super) fn given_line(&mut self) {
        let given = self.facts.given.clone();
        if given.is_empty() {
            return;
        }
        self.space();
        let lead = *self.random.pick(if self.style.terse {
            &["given ", "rec'd ", "tx: ", "meds given: "]
        } else {
            &["Given ", "Received ", "Treated with ", "Medications given: "]
        });
        self.begin();
        self.text.raw(lead);
        for (place, medication) in given.iter().take(6).enumerate() {
            if place > 0 {
                self.text.raw(", ");
            }
            self.drug_line(medication);
        }
        self.text.raw(".");
    }

    fn reassessment(&mut self) {
        if self.dying() {
            self.say(&[
                "Condition deteriorated despite treatment.",
                "Declined rapidly.",
                "Resuscitation attempted without success.",
            ]);
            return;
        }
        let vocabulary = &self.simulation.vocabulary;
        let seen = self.facts.newest(vocabulary, labs::SATURATION).cloned();
        let first = self.facts.oldest(vocabulary, labs::SATURATION).cloned();
        if let (Some(last), Some(first)) = (seen, first)
            && last.time > first.time
            && let Finding::Quantity(value, decimals) = last.value
        {
            self.say(&["On recheck", "Reassessed,"]);
            self.text.raw(" ");
            let codes = super::scribe::codes_of(self.simulation, last.codes);
            let name = self.text.entity("SpO2", super::writer::TEST, "TEST_NAME", codes, None);
            self.text.raw(" ");
            self.value(value, decimals, name);
            self.unit("%", name, false);
            self.text.raw(".");
            return;
        }
        self.say(&[
            "On reassessment resting comfortably.",
            "Reexamined, stable.",
            "Feels somewhat better on recheck.",
            "VS reviewed, remained stable in the ED.",
            "Pt updated on results, questions answered.",
            "Findings discussed with patient and family.",
        ]);
    }
}
