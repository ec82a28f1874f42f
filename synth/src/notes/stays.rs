//! Notes of stays: history and physical, the days between, discharge summary.

use super::facts::Problem;
use super::labs;
use super::scribe::Scribe;
use super::topics::{Pace, System};
use crate::beds::Leg;
use crate::record::{Finding, Medication, Ward};
use crate::time::{DAY, HOUR, Time};

/// A stretch of a stay in one kind of ward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub ward: Ward,
    pub start: Time,
    pub stop: Time,
}

/// How people call a ward.
fn ward_name(ward: Ward, terse: bool) -> &'static str {
    match (ward, terse) {
        (Ward::Emergency, true) => "ED",
        (Ward::Emergency, false) => "emergency department",
        (Ward::Medical, true) => "medicine floor",
        (Ward::Medical, false) => "general medical ward",
        (Ward::Surgical, true) => "surgery floor",
        (Ward::Surgical, false) => "surgical ward",
        (Ward::Icu, true) => "ICU",
        (Ward::Icu, false) => "intensive care unit",
        (Ward::Maternity, true) => "L&D/postpartum",
        (Ward::Maternity, false) => "maternity ward",
        (Ward::Paediatric, true) => "peds floor",
        (Ward::Paediatric, false) => "pediatric ward",
    }
}

impl Scribe<'_> {
    /// Where the patient lay up to now: from the bed book, else as asked for.
    pub(super) fn stretches(&self, legs: &[Leg]) -> Vec<Stretch> {
        let now = self.facts.now;
        let visit = self.facts.visit;
        let mut list: Vec<Stretch> = Vec::new();
        let mut add = |ward: Ward, start: Time, stop: Time| {
            if start > now {
                return;
            }
            match list.last_mut() {
                Some(last) if last.ward == ward => last.stop = stop.min(now),
                _ => list.push(Stretch { ward, start, stop: stop.min(now) }),
            }
        };
        if legs.is_empty() {
            for (place, (at, ward)) in visit.wards.iter().enumerate() {
                let stop = visit.wards.get(place + 1).map_or(now, |next| next.0);
                add(*ward, *at, stop);
            }
        } else {
            for leg in legs {
                let ward = self
                    .simulation
                    .world
                    .locations
                    .get(leg.location as usize)
                    .and_then(|location| location.ward);
                if let Some(ward) = ward {
                    add(ward, leg.start, leg.stop);
                }
            }
        }
        list
    }

    /// History and physical, an hour or more after the start of a stay.
    pub(super) fn admission(&mut self, at: Time, legs: &[Leg]) {
        self.heading("History and Physical", at);
        let follow_up = self.is_follow_up();
        self.chief_complaint(follow_up);
        self.history(follow_up, if self.style.terse { 2 } else { 3 });
        self.emergency_course();
        self.past_medical();
        self.past_surgical();
        self.medications("Home Medications", "Home meds");
        self.allergies();
        self.family_history();
        self.social_history();
        self.review_of_systems(12);
        self.vitals("Vital Signs", "VS", false);
        let systems = [
            System::General,
            System::Heent,
            System::Neck,
            System::Heart,
            System::Lungs,
            System::Abdomen,
            System::Back,
            System::Extremities,
            System::Skin,
            System::Neuro,
        ];
        self.exam(&systems, true);
        self.results("Laboratory Data", "Labs", false);
        self.imaging_line();
        self.section("Assessment and Plan", "A/P");
        self.begin();
        self.admit_summary(legs);
        self.text.line();
        let main = self.main;
        let mut place = 0;
        if let Some(main) = main {
            self.plan_item(place);
            place += 1;
            self.begin();
            self.problem_name(&main, "d");
            self.text.raw(": ");
            self.given_line();
            self.orders();
            if let Some(topic) = main.topic {
                self.say_some(topic.plan, 3);
            } else {
                self.say(&[
                    "Monitor closely.",
                    "Further work-up as indicated.",
                    "Treat as above, reassess daily.",
                ]);
            }
        }
        let mut others: Vec<Problem> = self.facts.fresh.clone();
        others.extend(
            self.facts
                .problems
                .iter()
                .filter(|p| p.topic.is_some_and(|t| t.pace == Pace::Chronic && !t.plan.is_empty())),
        );
        others.retain(|p| main.is_none_or(|m| m.codes != p.codes));
        for problem in others.iter().take(5) {
            self.plan_item(place);
            place += 1;
            self.begin();
            self.problem_plan(problem);
        }
        self.plan_item(place);
        self.prophylaxis();
        self.text.line();
        self.signature(self.facts.visit.practitioner, "MD", at);
    }

    fn prophylaxis(&mut self) {
        if self.facts.years < 18 {
            self.say(&[
                "FEN: diet as tolerated. Parents updated at bedside.",
                "Diet for age. Family at bedside, plan discussed.",
                "Regular diet. Dispo pending clinical course.",
            ]);
        } else {
            self.say(&[
                "PPx: SCDs. Diet: as tolerated. Dispo: pending course.",
                "FEN/PPx: regular diet, SCDs, ambulate. Full code.",
                "Diet regular, DVT ppx per protocol, code status full.",
                "Dispo: anticipate home when stable. Code status: full code.",
                "PPx per protocol. Plan discussed with patient, who agrees.",
            ]);
        }
    }

    fn admit_summary(&mut self, legs: &[Leg]) {
        let has_past = !self.history_list(1).is_empty();
        if self.main.is_none() {
            self.say(&[
                "{who} admitted for observation.",
                "{who} admitted as planned.",
                "{who} admitted for further evaluation.",
            ]);
        } else if has_past {
            self.say(&[
                "{who} with {pmh} admitted with {dx}.",
                "{who} w/ h/o {pmh} admitted for {dx}.",
                "In summary, a {who} with {pmh} who is admitted for management of {dx}.",
                "{who}, PMH as above, here with {dx}.",
            ]);
        } else {
            self.say(&[
                "{who} admitted with {dx}.",
                "Previously well {who} admitted for {dx}.",
                "{who} here with {dx}.",
                "{name} is a {who} admitted for management of {dx}.",
            ]);
        }
        if let Some(stretch) = self.stretches(legs).last().copied() {
            let name = ward_name(stretch.ward, self.style.terse);
            self.space();
            self.text.raw(if self.style.terse { "Admit to " } else { "Admitted to the " });
            self.text.raw(name);
            self.text.raw(".");
        }
    }

    /// What happened in the emergency department before the stay.
    fn emergency_course(&mut self) {
        let Some(before) = self.facts.visit.admitted_from else { return };
        let Some(visit) = self.person.record.encounters.get(before as usize) else { return };
        let hours = self.facts.visit.start.since(visit.start) / HOUR;
        self.text.line();
        if hours >= 2 && self.random.chance(0.5) {
            self.text.show(format_args!("Seen in the ED first, there about {hours} h."));
        } else {
            self.say(&[
                "Seen in the ED first.",
                "In the ED, stabilized and worked up.",
                "Came through the ED.",
                "ED course reviewed.",
            ]);
        }
        // The most telling numbers of the emergency visit.
        let vocabulary = &self.simulation.vocabulary;
        let telling: Vec<_> = self
            .facts
            .earlier
            .iter()
            .filter(|seen| {
                let Finding::Quantity(value, _) = seen.value else { return false };
                let loinc = &vocabulary.first(seen.codes).code;
                let ucum = vocabulary.symbol(seen.unit);
                !labs::flag(loinc, ucum, value, self.person.sex).is_empty()
            })
            .take(4)
            .map(|seen| (*seen).clone())
            .collect();
        if !telling.is_empty() {
            self.space();
            let lead = *self.random.pick(&[
                "ED labs notable for ",
                "Labs there: ",
                "Notable: ",
                "Workup showed ",
            ]);
            self.text.raw(lead);
            for (place, seen) in telling.iter().enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                self.result(seen, false);
            }
            self.text.raw(".");
        }
        self.text.line();
    }

    /// A note of a day within a stay.
    pub(super) fn day(&mut self, at: Time, legs: &[Leg]) {
        let stretches = self.stretches(legs);
        let ward = stretches.last().map(|s| s.ward);
        let icu = ward == Some(Ward::Icu);
        let title = if icu { "ICU Progress Note" } else { "Inpatient Progress Note" };
        self.heading(title, at);
        let day = self.days_since(self.facts.visit.start) + 1;
        self.section("Subjective", "S");
        self.text.show(format_args!("HD {day}. "));
        if icu {
            self.say(&[
                "No acute events overnight.",
                "Remains in the unit.",
                "Quiet night per RN.",
                "Seen on rounds, events reviewed with nursing.",
                "Still critically ill, family updated.",
            ]);
        } else {
            self.say(&[
                "No acute events overnight.",
                "NAEO. Slept fair.",
                "Feels a little better today.",
                "Resting comfortably, appetite improving.",
                "No new complaints this AM.",
                "Up to chair with nursing.",
            ]);
        }
        if let Some(topic) = self.topic() {
            let count = self.random.whole(2, 3) as usize;
            self.deny(topic.negatives, count);
        }
        self.text.line();
        if let Some((_, since)) = stretches.last().map(|s| (s.ward, s.start))
            && stretches.len() > 1
        {
            let name = ward.map_or("floor", |w| ward_name(w, self.style.terse));
            self.text.raw(if self.style.terse { "Moved to " } else { "Transferred to the " });
            self.text.raw(name);
            self.text.raw(" ");
            self.date(since);
            self.text.raw(".\n");
        }
        self.vitals("Vital Signs", "VS", false);
        let systems = [
            System::General,
            System::Heart,
            System::Lungs,
            System::Abdomen,
            System::Extremities,
            System::Neuro,
        ];
        let sick = icu || day <= 3;
        self.exam(&systems, sick);
        self.results("Labs", "Labs", false);
        self.section("Assessment and Plan", "A/P");
        self.begin();
        if self.main.is_some() {
            self.say(&[
                "{who} HD with {dx}, slowly improving.",
                "{who} admitted with {dx}.",
                "{dx}, on treatment.",
                "{dx}: continue current management.",
                "{who} with {dx}, day by day progress.",
            ]);
        } else {
            self.say(&["{who}, stable.", "{who} continues to recover.", "Stable, continue plan."]);
        }
        let mut given: Vec<Medication> = self.facts.given.iter().map(|m| (*m).clone()).collect();
        given.retain(|m| m.stop.is_none_or(|stop| stop > self.facts.now));
        if !given.is_empty() {
            self.space();
            let lead = *self.random.pick(&["Continue ", "Cont ", "On "]);
            self.text.raw(lead);
            for (place, medication) in given.iter().take(4).enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                self.drug_name(medication);
            }
            self.text.raw(".");
        }
        if let Some(topic) = self.topic() {
            self.say_some(topic.plan, 2);
        }
        let main = self.main;
        let fresh: Vec<Problem> = self
            .facts
            .fresh
            .iter()
            .filter(|p| main.is_none_or(|m| m.codes != p.codes))
            .take(3)
            .copied()
            .collect();
        for problem in &fresh {
            self.space();
            self.begin();
            self.problem_plan(problem);
        }
        if icu {
            self.say(&[
                "Wean support as tolerated.",
                "ICU care, reassess for stepdown.",
                "Low threshold to escalate.",
                "Critical care time documented.",
            ]);
        } else {
            self.say(&[
                "Dispo: home when medically ready.",
                "Continue to mobilize.",
                "Discharge planning started.",
                "Case management aware.",
            ]);
        }
        self.text.line();
        self.signature(self.facts.visit.practitioner, "MD", at);
    }

    /// The discharge summary.
    pub(super) fn discharge(&mut self, at: Time, legs: &[Leg]) {
        let died = self.dying();
        self.heading(if died { "Death Summary" } else { "Discharge Summary" }, at);
        let visit = self.facts.visit;
        let terse = self.style.terse;
        self.text.raw(if terse { "Admitted: " } else { "Date of admission: " });
        self.date(visit.start);
        self.text.raw(match (terse, died) {
            (true, false) => "  Discharged: ",
            (true, true) => "  Died: ",
            (false, false) => "\nDate of discharge: ",
            (false, true) => "\nDate of death: ",
        });
        self.date(at);
        let nights = at.since(visit.start).max(0) / DAY;
        if self.random.chance(0.6) {
            self.text.show(format_args!(
                "{}{}{}",
                if terse { "  LOS " } else { "\nLength of stay: " },
                nights.max(1),
                if terse {
                    "d"
                } else if nights > 1 {
                    " days"
                } else {
                    " day"
                }
            ));
        }
        self.text.line();
        let main = self.main;
        self.section("Discharge Diagnosis", "Dx");
        let mut list: Vec<Problem> = main.into_iter().collect();
        for problem in &self.facts.fresh {
            if list.iter().all(|known| known.codes != problem.codes) {
                list.push(*problem);
            }
        }
        if list.is_empty() {
            if self.facts.days < 8 {
                self.say(&["Newborn.", "Newborn, routine care.", "Healthy newborn."]);
            } else {
                self.say(&["Admission for planned care.", "See hospital course.", "Observation."]);
            }
            self.text.line();
        } else {
            self.list(&list, |scribe, problem| scribe.problem_name(problem, "d"));
        }
        let secondary: Vec<Problem> = self
            .facts
            .problems
            .iter()
            .filter(|p| p.topic.is_some_and(|t| t.pace == Pace::Chronic))
            .filter(|p| list.iter().all(|known| known.codes != p.codes))
            .take(7)
            .copied()
            .collect();
        if !secondary.is_empty() {
            self.section("Secondary Diagnoses", "Secondary dx");
            self.list(&secondary, |scribe, problem| scribe.problem_name(problem, "d"));
        }
        let mut procedures: Vec<(crate::vocabulary::CodeList, Time)> = Vec::new();
        for procedure in &self.facts.procedures {
            if procedure.stop <= at
                && !procedures.iter().any(|(codes, _)| *codes == procedure.codes)
            {
                procedures.push((procedure.codes, procedure.start));
            }
        }
        procedures.truncate(8);
        if !procedures.is_empty() {
            self.section("Procedures", "Procedures");
            self.list(&procedures, |scribe, (codes, when)| {
                scribe.procedure(*codes, Vec::new());
                if scribe.random.chance(0.6) {
                    scribe.text.raw(if scribe.style.terse { " " } else { " on " });
                    scribe.date(*when);
                }
            });
        }
        self.section("Brief HPI", "HPI");
        let follow_up = self.is_follow_up();
        self.open_history(follow_up);
        if let Some(topic) = self.topic() {
            self.say_some(topic.hpi, if terse { 1 } else { 2 });
            self.deny(topic.negatives, 3);
        }
        self.text.line();
        if self.random.chance(0.5) {
            self.allergies();
        }
        self.section("Hospital Course", "Course");
        self.course(legs, died);
        self.text.line();
        self.results("Pertinent Results", "Labs", true);
        self.imaging_line();
        if died {
            self.section("Disposition", "Dispo");
            self.say(&[
                "Expired. Family at bedside.",
                "Patient expired, family notified.",
                "Deceased. Time of death as documented.",
            ]);
            self.text.line();
            self.signature(visit.practitioner, "MD", at);
            return;
        }
        self.vitals("Discharge Vitals", "D/c VS", false);
        self.exam(
            &[
                System::General,
                System::Heart,
                System::Lungs,
                System::Abdomen,
                System::Extremities,
                System::Neuro,
            ],
            false,
        );
        self.discharge_medications();
        self.section("Condition at Discharge", "Condition");
        self.say(&[
            "Stable.",
            "@A Good, ambulatory.",
            "Improved, tolerating diet.",
            "stable",
            "@A Fair, at baseline function.",
            "@C Good, acting like usual self.",
            "Good.",
        ]);
        self.text.line();
        self.disposition();
        self.section("Instructions and Follow-up", "F/u");
        if let Some(topic) = self.topic() {
            self.say_some(topic.plan, 2);
        }
        self.return_precautions();
        self.say(&[
            "F/u PCP 1-2 wks.",
            "Follow up with primary care within 7 days.",
            "PCP in 1 week, bring this summary.",
            "Follow-up appointments as scheduled.",
            "See PCP within 2 weeks, sooner if problems.",
        ]);
        self.text.line();
        self.signature(visit.practitioner, "MD", at);
    }

    /// The story of the stay.
    fn course(&mut self, legs: &[Leg], died: bool) {
        let stretches = self.stretches(legs);
        let terse = self.style.terse;
        if let Some(first) = stretches.first().copied() {
            let hours = first.stop.since(first.start) / HOUR;
            if first.ward == Ward::Emergency && stretches.len() > 1 {
                self.space();
                if hours >= 2 {
                    self.text.show(format_args!(
                        "Boarded in the {} about {hours} h awaiting a bed.",
                        ward_name(Ward::Emergency, terse)
                    ));
                }
            } else {
                self.space();
                self.text.raw(if terse {
                    "Admitted to "
                } else {
                    "The patient was admitted to the "
                });
                self.text.raw(ward_name(first.ward, terse));
                self.text.raw(".");
            }
        }
        self.given_line();
        let survivors = self.topic().map_or(&[][..], |t| t.course);
        if !died && self.say_some(survivors, if terse { 2 } else { 3 }) == 0 {
            self.say(&[
                "Uneventful course.",
                "Improved steadily.",
                "Did well with treatment.",
                "Recovered as expected.",
            ]);
        }
        for pair in stretches.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            self.space();
            match (from.ward, to.ward) {
                (Ward::Emergency, ward) => {
                    self.text.raw(if terse { "To " } else { "Moved to the " });
                    self.text.raw(ward_name(ward, terse));
                    self.text.raw(if terse { " " } else { " on " });
                    self.date(to.start);
                }
                (_, Ward::Icu) => {
                    let lead = *self.random.pick(&[
                        "Required transfer to the ",
                        "Upgraded to the ",
                        "Transferred to the ",
                        "Escalated to the ",
                    ]);
                    self.text.raw(lead);
                    self.text.raw(ward_name(Ward::Icu, terse));
                    self.text.raw(" on ");
                    self.date(to.start);
                }
                (Ward::Icu, ward) => {
                    let lead = *self.random.pick(&[
                        "Stepped down to the ",
                        "Transferred out of the unit to the ",
                        "Out of ICU to the ",
                    ]);
                    self.text.raw(lead);
                    self.text.raw(ward_name(ward, terse));
                    self.text.raw(if terse { " " } else { " on " });
                    self.date(to.start);
                }
                (_, ward) => {
                    self.text.raw("Moved to the ");
                    self.text.raw(ward_name(ward, terse));
                    self.text.raw(" on ");
                    self.date(to.start);
                }
            }
            self.text.raw(".");
        }
        let main = self.main;
        let complications: Vec<Problem> = self
            .facts
            .fresh
            .iter()
            .filter(|p| main.is_none_or(|m| m.codes != p.codes))
            .filter(|p| p.diagnosed > self.facts.visit.start)
            .take(3)
            .copied()
            .collect();
        for problem in &complications {
            self.space();
            let lead = *self.random.pick(&[
                "Course complicated by ",
                "Hospital stay c/b ",
                "Also treated for ",
                "Developed ",
            ]);
            self.text.raw(lead);
            self.problem_name(problem, "d");
            self.text.raw(".");
        }
        let lasting: Vec<Problem> = self
            .facts
            .problems
            .iter()
            .filter(|p| {
                p.topic.is_some_and(|t| {
                    t.pace == Pace::Chronic
                        && !t.course.is_empty()
                        && !t.icd.starts_with(['F', 'C', 'K', 'Z', 'M'])
                })
            })
            .filter(|p| main.is_none_or(|m| m.codes != p.codes))
            .take(2)
            .copied()
            .collect();
        if !died {
            for problem in &lasting {
                self.space();
                self.begin();
                self.problem_name(problem, "d");
                self.text.raw(": ");
                let said = problem.topic.and_then(|t| self.pick(t.course));
                match said {
                    Some(text) => self.render(text),
                    None => self.text.raw("stable."),
                }
            }
        } else {
            let cause = self.person.death.and_then(|death| death.cause);
            self.space();
            match cause {
                Some(codes) if self.random.chance(0.8) => {
                    self.text.raw(if terse {
                        "Declined despite tx and died of "
                    } else {
                        "Despite treatment the patient deteriorated and died of "
                    });
                    let code = self.simulation.vocabulary.list(codes)[0];
                    self.coded(code, vec!["DIAGNOSIS"]);
                    self.text.raw(".");
                }
                _ => {
                    self.say(&[
                        "Despite treatment the patient deteriorated and died.",
                        "Declined, goals of care changed to comfort, and passed peacefully.",
                    ]);
                }
            }
        }
    }

    fn discharge_medications(&mut self) {
        let fresh: Vec<Medication> = self.facts.ordered.iter().map(|m| (*m).clone()).collect();
        let home: Vec<Medication> = self.facts.home.iter().map(|m| (*m).clone()).collect();
        let stopped: Vec<Medication> = self.facts.stopped.iter().map(|m| (*m).clone()).collect();
        self.section("Discharge Medications", "D/c meds");
        if fresh.is_empty() && home.is_empty() && stopped.is_empty() {
            self.say(&["None.", "none", "No medications at discharge."]);
            self.text.line();
            return;
        }
        self.text.line();
        if !fresh.is_empty() {
            let lead = *self.random.pick(&["NEW:", "New:", "Start:", "New medications:"]);
            self.text.raw(lead);
            self.text.raw(if fresh.len() == 1 { " " } else { "\n" });
            self.list(&fresh, |scribe, medication| scribe.drug_line(medication));
        }
        if !home.is_empty() {
            let lead =
                *self.random.pick(&["CONTINUE:", "Continue:", "Unchanged:", "Resume home meds:"]);
            self.text.raw(lead);
            self.text.raw(if home.len() == 1 { " " } else { "\n" });
            self.list(&home, |scribe, medication| scribe.drug_line(medication));
        }
        if !stopped.is_empty() {
            let lead = *self.random.pick(&["STOP: ", "Discontinued: ", "Stop taking: "]);
            self.text.raw(lead);
            for (place, medication) in stopped.iter().enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                self.drug_name(medication);
            }
            self.text.line();
        }
    }

    fn disposition(&mut self) {
        self.section("Disposition", "Dispo");
        let display = self
            .facts
            .visit
            .discharge
            .map(|id| {
                let code = self.simulation.vocabulary.code(id);
                (code.code.to_string(), code.display.to_ascii_lowercase())
            })
            .unwrap_or_default();
        let (code, display) = (display.0.as_str(), display.1.as_str());
        let options: &[&str] =
            if display.contains("hospice") || matches!(code, "50" | "51" | "hosp") {
                &["Home with hospice.", "Discharged to hospice care.", "Hospice."]
            } else if display.contains("skilled")
                || display.contains("nursing")
                || matches!(code, "03" | "3" | "snf")
            {
                &["SNF.", "Discharged to skilled nursing facility.", "To SNF for rehab."]
            } else if display.contains("rehab") || matches!(code, "62" | "rehab") {
                &["Acute rehab.", "To inpatient rehabilitation."]
            } else if display.contains("against") || matches!(code, "07" | "7" | "aadvice") {
                &["Left AMA, risks discussed.", "Left against medical advice."]
            } else if display.contains("home health") || matches!(code, "06" | "6") {
                &["Home with home health services.", "Home w/ VNA.", "Home with HH PT/RN."]
            } else if display.contains("another")
                || display.contains("other") && display.contains("hospital")
                || matches!(code, "02" | "2" | "other-hcf")
            {
                &["Transferred to another facility.", "Transfer to outside hospital."]
            } else {
                &[
                    "Home.",
                    "Home with family.",
                    "Discharged home in stable condition.",
                    "@A D/c home, self-care.",
                ]
            };
        self.say(options);
        self.text.line();
    }
}
