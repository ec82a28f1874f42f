//! The sections notes are made of.

use super::facts::{Problem, plain};
use super::labs;
use super::scribe::{Scribe, code_of, codes_of};
use super::style::Bullets;
use super::topics::{Pace, System};
use super::writer::{SOCIAL, TEST};
use crate::record::{Class, Finding, Medication, Observation, Severity};
use crate::time::{DAY, Time};

/// What normal looks like, by system.
fn normal(system: System) -> (&'static str, &'static str, &'static [&'static str]) {
    match system {
        System::General => (
            "General",
            "Gen",
            &[
                "NAD",
                "well appearing, NAD",
                "alert, comfortable, no acute distress",
                "@A pleasant, in no acute distress",
                "@A well-nourished, sitting comfortably",
                "@A awake, alert, conversant",
                "@T active, playful, nontoxic",
                "@N pink, vigorous, good cry",
                "@C alert, interactive, well hydrated",
                "@I consolable, well perfused",
                "@O looks stated age, NAD",
            ],
        ),
        System::Heent => (
            "HEENT",
            "HEENT",
            &[
                "NCAT, PERRL, EOMI, OP clear, MMM",
                "normocephalic, mucous membranes moist, oropharynx clear",
                "sclera anicteric, MMM",
                "PERRL, EOMI, no [-x:icterus]",
                "@C TMs clear b/l, OP without [-x:erythema]",
                "@I AFOSF, red reflex b/l, MMM",
                "atraumatic, conjunctivae clear, no [-x:pallor]",
            ],
        ),
        System::Neck => (
            "Neck",
            "Neck",
            &[
                "supple, no [-x:LAD]",
                "supple, no [-x:JVD]",
                "no [-x:lymphadenopathy], no thyromegaly",
                "supple, trachea midline",
                "no [-x:JVD], no carotid bruits",
                "full ROM, nontender",
            ],
        ),
        System::Heart => (
            "Cardiovascular",
            "CV",
            &[
                "RRR, no [-x:murmurs], [-x:rubs] or [-x:gallops]",
                "RRR, no m/r/g",
                "regular rate and rhythm, S1/S2 normal, no [-x:murmur]",
                "S1 S2, no [-x:murmurs]",
                "regular, distal pulses 2+",
                "normal S1 and S2, cap refill <2 sec",
                "@A RRR, no [-x:S3], no [-x:murmur]",
            ],
        ),
        System::Lungs => (
            "Lungs",
            "Resp",
            &[
                "CTAB",
                "clear to auscultation bilaterally, no [-x:wheezes], [-x:rales] or [-x:rhonchi]",
                "CTA b/l, no [-x:wheezing]",
                "clear, normal work of breathing",
                "good air entry b/l, no [-x:crackles]",
                "unlabored, CTAB, no w/r/r",
                "breath sounds equal, no [-x:accessory muscle use]",
            ],
        ),
        System::Abdomen => (
            "Abdomen",
            "Abd",
            &[
                "soft, NT/ND, +BS",
                "soft, non-tender, non-distended",
                "soft, nontender, no [-x:guarding] or [-x:rebound]",
                "benign, no [-x:HSM]",
                "BS normal, no [-x:masses], no [-x:organomegaly]",
                "@I soft, umbilical stump clean or healed, no [-x:masses]",
                "NABS, soft, no [-x:abdominal tenderness]",
            ],
        ),
        System::Back => (
            "Back",
            "Back",
            &[
                "no [-x:CVA tenderness]",
                "no [-x:midline tenderness]",
                "straight, non-tender",
                "no [-x:spinal tenderness], no CVAT",
            ],
        ),
        System::Extremities => (
            "Extremities",
            "Ext",
            &[
                "no [-x:edema]",
                "no c/c/e",
                "warm, well perfused, no [-x:edema]",
                "no [-x:clubbing], [-x:cyanosis] or [-x:edema]",
                "pulses 2+ b/l, no [-x:calf tenderness]",
                "full ROM, no [-x:joint swelling]",
                "@I hips stable, moves all extremities",
            ],
        ),
        System::Skin => (
            "Skin",
            "Skin",
            &[
                "warm, dry, no [-x:rash]",
                "no [-x:rashes]",
                "intact, no [-x:ulcers]",
                "warm and dry",
                "no [-x:jaundice], no [-x:bruising]",
                "@I no [-x:rash], no [-x:jaundice]",
            ],
        ),
        System::Neuro => (
            "Neuro",
            "Neuro",
            &[
                "@A AAOx3, non-focal",
                "@A alert and oriented x3, CN II-XII grossly intact",
                "@A A&O x 3, no [-x:focal deficits]",
                "@A grossly intact, gait steady",
                "@A strength 5/5 throughout, sensation intact",
                "@C age-appropriate, moves all extremities",
                "@C alert, normal tone, no [-x:focal deficits]",
                "@I good tone, symmetric movements",
            ],
        ),
        System::Psych => (
            "Psych",
            "Psych",
            &[
                "@A normal mood and affect",
                "@A appropriate, good eye contact",
                "@A mood ok, affect congruent",
                "@A cooperative, linear",
                "@C appropriate for age",
            ],
        ),
    }
}

/// Findings asked after in a review of systems.
const REVIEW: &[(&str, &[&str])] = &[
    ("Const", &["fever", "chills", "weight loss", "night sweats", "fatigue"]),
    ("HEENT", &["sore throat", "vision changes", "hearing loss", "nasal congestion"]),
    ("CV", &["chest pain", "palpitations", "orthopnea", "leg swelling"]),
    ("Resp", &["shortness of breath", "cough", "wheezing", "hemoptysis"]),
    ("GI", &["abdominal pain", "nausea", "vomiting", "diarrhea", "constipation", "melena"]),
    ("GU", &["dysuria", "hematuria", "urinary frequency"]),
    ("MSK", &["joint pain", "back pain", "body aches"]),
    ("Skin", &["rash", "itching"]),
    ("Neuro", &["headache", "dizziness", "numbness", "focal weakness", "seizure"]),
    ("Psych", &["low mood", "anxiety", "suicidal ideation", "insomnia"]),
    ("Endo", &["excessive thirst", "excessive urination"]),
    ("Heme", &["bruising", "lymphadenopathy"]),
];

/// Asked after in small children.
const REVIEW_CHILD: &[(&str, &[&str])] = &[
    ("Const", &["fever", "poor feeding", "lethargy"]),
    ("HEENT", &["runny nose", "ear pain", "sore throat", "ear discharge"]),
    ("Resp", &["cough", "wheezing", "cyanosis"]),
    ("GI", &["vomiting", "diarrhea", "constipation"]),
    ("GU", &["decreased urine output"]),
    ("Skin", &["rash", "jaundice"]),
    ("Neuro", &["seizure", "irritability"]),
];

impl Scribe<'_> {
    /// Name, MRN and date at the top, as far as this clinician bothers.
    pub(super) fn heading(&mut self, title: &str, at: Time) {
        let form = self.random.whole(0, 4);
        let seen = self.facts.visit.facility;
        match form {
            0 | 1 => {
                self.text.raw(&title.to_uppercase());
                self.text.raw("\n");
            }
            2 => {
                self.text.raw(title);
                self.text.raw("\n");
            }
            _ => {}
        }
        if form != 2 {
            self.text.raw("Patient: ");
            let identity = &self.person.identity;
            let open = self.text.open();
            let given = identity.given.first().map_or("", |g| &**g);
            if form % 2 == 0 {
                self.text.show(format_args!("{}, {given}", identity.family));
            } else {
                self.text.show(format_args!("{given} {}", identity.family));
            }
            self.text.close(open, super::writer::PHI, "NAME", Vec::new(), Vec::new(), None);
            if !identity.mrn.is_empty() {
                self.text.raw(if form % 2 == 0 { "   MRN: " } else { "  MRN " });
                let mrn = &identity.mrn;
                self.text.entity(mrn, super::writer::PHI, "ID", Vec::new(), None);
            }
            self.text.raw("\n");
        }
        if form == 1 || form == 4 {
            self.text.raw("DOB: ");
            let birth = self.person.birth;
            self.date(birth);
            self.text.raw("\n");
        }
        self.text.raw(if form == 3 { "Date: " } else { "Date of service: " });
        self.date(at);
        if form >= 3 {
            self.text.raw(" ");
            self.clock(at);
        }
        self.text.raw("\n");
        if form == 0 {
            let world = &self.simulation.world;
            if let Some(facility) = world.facilities.get(seen as usize) {
                let name = facility.name.clone();
                self.text.raw("Facility: ");
                self.text.entity(&name, super::writer::PHI, "ADDRESS", Vec::new(), None);
                self.text.raw("\n");
            }
        }
    }

    /// Name and date at the end.
    pub(super) fn signature(&mut self, practitioner: u32, credential: &str, at: Time) {
        let world = &self.simulation.world;
        let Some(clinician) = world.practitioners.get(practitioner as usize) else { return };
        let (given, family) = (clinician.given.clone(), clinician.family.clone());
        self.text.line();
        self.text.raw("\n");
        match self.style.signature {
            0 => self.text.raw("Electronically signed by "),
            1 => self.text.raw("-- "),
            2 => self.text.raw("Signed: "),
            3 => self.text.raw("/s/ "),
            _ => {}
        }
        let open = self.text.open();
        if self.style.signature == 1 {
            self.text.show(format_args!("{}. {family}", given.chars().next().unwrap_or('X')));
        } else {
            self.text.show(format_args!("{given} {family}"));
        }
        self.text.close(open, super::writer::PHI, "NAME", Vec::new(), Vec::new(), None);
        self.text.show(format_args!(", {credential}"));
        if self.style.signature != 1 {
            self.text.raw("  ");
            self.date(at);
            self.text.raw(" ");
            self.clock(at);
        }
        self.text.line();
    }

    /// The chief complaint.
    pub(super) fn chief_complaint(&mut self, follow_up: bool) {
        self.section("Chief Complaint", "CC");
        self.begin();
        if self.facts.visit.class == Class::Wellness {
            let options: &[&str] = if self.facts.years < 18 {
                &[
                    "well-child check",
                    "well child visit",
                    "WCC",
                    "routine check-up",
                    "here for check-up",
                ]
            } else {
                &[
                    "annual physical",
                    "annual wellness visit",
                    "routine check-up",
                    "here for yearly exam",
                    "CPE",
                    "health maintenance visit",
                ]
            };
            self.say(options);
        } else if follow_up && self.main.is_some() {
            self.say(&[
                "follow-up of {dx}",
                "f/u {dx}",
                "{dx} follow up",
                "here for {dx}",
                "recheck, {dx}",
                "routine f/u for {dx}",
            ]);
        } else if self.main.is_some() || !self.facts.visit.symptoms.is_empty() {
            if self.facts.years >= 6 && !self.facts.demented && self.random.chance(0.15) {
                self.say(&["\"I've had {cc}\"", "\"{cc}\"", "per pt, {cc}"]);
            } else {
                self.say(&[
                    "{cc}",
                    "{cc} {dur}",
                    "{cc}",
                    "c/o {cc}",
                    "{cc} {dur}",
                    "here for {cc}",
                    "eval of {cc}",
                ]);
            }
        } else if !self.facts.procedures.is_empty() {
            self.say(&["here for scheduled procedure", "scheduled visit", "procedure visit"]);
        } else {
            self.say(&["follow-up", "routine visit", "scheduled f/u", "medication check"]);
        }
        self.text.line();
    }

    /// Past medical history.
    pub(super) fn past_medical(&mut self) {
        let mut list: Vec<(Problem, bool)> =
            self.facts.problems.iter().map(|p| (*p, false)).collect();
        // Minor acute things that merely have not ended yet are no history.
        list.retain(|(p, _)| {
            p.topic.is_none_or(|t| {
                t.history || matches!(t.pace, Pace::Chronic | Pace::Planned | Pace::Gradual)
            })
        });
        list.truncate(10);
        list.extend(self.facts.past.iter().rev().take(5).map(|p| (*p, true)));
        self.section("Past Medical History", "PMH");
        if list.is_empty() {
            self.begin();
            self.say(&[
                "None",
                "non-contributory",
                "none known",
                "No significant PMH",
                "Negative",
                "unremarkable",
            ]);
            self.text.line();
            return;
        }
        let tell_years = self.random.chance(0.3);
        self.list(&list, |scribe, (problem, past)| {
            if *past {
                let before = *scribe.random.pick(&["h/o ", "history of ", "hx ", ""]);
                let after = before.is_empty();
                scribe.text.raw(before);
                scribe.problem_name(problem, "hd");
                let year = problem.onset.civil().year;
                if after || tell_years {
                    scribe.text.raw(" (");
                    scribe.year(year);
                    scribe.text.raw(")");
                } else if scribe.random.chance(0.3) {
                    scribe.text.raw(", resolved");
                }
            } else {
                scribe.problem_name(problem, "d");
                if tell_years && scribe.random.chance(0.5) {
                    let year = problem.diagnosed.civil().year;
                    let lead = *scribe.random.pick(&[", dx ", " since ", ", diagnosed "]);
                    scribe.text.raw(lead);
                    scribe.year(year);
                }
            }
        });
    }

    fn year(&mut self, year: i32) {
        let open = self.text.open();
        self.text.show(format_args!("{year}"));
        self.text.close(open, super::writer::PHI, "DATE", Vec::new(), Vec::new(), None);
    }

    /// Past surgical history.
    pub(super) fn past_surgical(&mut self) {
        let list: Vec<_> = self.facts.surgeries.iter().rev().take(6).copied().collect();
        if list.is_empty() {
            if self.random.chance(0.5) {
                self.section("Past Surgical History", "PSH");
                self.begin();
                self.say(&["None", "none", "no prior surgeries", "denies", "Negative"]);
                self.text.line();
            }
            return;
        }
        self.section("Past Surgical History", "PSH");
        self.list(&list, |scribe, procedure| {
            let lead = *scribe.random.pick(&["s/p ", "", "", "status post "]);
            scribe.text.raw(lead);
            scribe.procedure(procedure.codes, vec!["PAST_HISTORY"]);
            scribe.text.raw(if scribe.style.terse { " " } else { ", " });
            let year = procedure.start.civil().year;
            scribe.year(year);
        });
    }

    /// A procedure by its short or plain name.
    pub(super) fn procedure(
        &mut self,
        codes: crate::vocabulary::CodeList,
        traits: Vec<&'static str>,
    ) {
        let display = plain(&self.simulation.vocabulary.first(codes).display);
        let lower = display.to_ascii_lowercase();
        let known = CLINICAL.iter().find(|(part, ..)| lower.contains(part));
        let name = match known {
            Some((_, _, short)) if self.short() => *short,
            Some((_, full, _)) => *full,
            None => &*display,
        };
        let open = self.text.open();
        self.text.raw(name);
        let coded = codes_of(self.simulation, codes);
        self.text.close(open, TEST, "PROCEDURE_NAME", traits, coded, None);
    }

    /// Home medicines.
    pub(super) fn medications(&mut self, title: &str, short: &str) {
        let list: Vec<&Medication> = self.facts.home.clone();
        self.section(title, short);
        if list.is_empty() {
            self.begin();
            self.say(&[
                "None",
                "none",
                "no current meds",
                "not taking any medications",
                "No regular medications",
                "denies any",
            ]);
            self.text.line();
            return;
        }
        self.list(&list, |scribe, medication| scribe.drug_line(medication));
    }

    /// Allergies.
    pub(super) fn allergies(&mut self) {
        self.section("Allergies", "All");
        let list = self.facts.allergies.clone();
        if list.is_empty() {
            let words = *self.random.pick(&[
                "NKDA",
                "NKDA",
                "NKA",
                "No known drug allergies",
                "none known",
                "no known allergies",
            ]);
            self.habit(words, "ALLERGIES", true, Vec::new());
            self.text.line();
            return;
        }
        self.list(&list, |scribe, allergy| {
            let vocabulary = &scribe.simulation.vocabulary;
            let name = plain(&vocabulary.first(allergy.codes).display);
            let name = name.strip_prefix("allergy to ").map_or(name.clone(), str::to_owned);
            let codes = codes_of(scribe.simulation, allergy.codes);
            let open = scribe.text.open();
            scribe.text.raw(&name);
            scribe.text.close(open, SOCIAL, "ALLERGIES", Vec::new(), codes, None);
            if let Some((reaction, severity)) = allergy.reactions.first() {
                let reaction = *reaction;
                let dash = scribe.random.chance(0.4);
                scribe.text.raw(if dash { " - " } else { " (" });
                if *severity == Severity::Severe && scribe.random.chance(0.5) {
                    scribe.text.raw("severe ");
                }
                scribe.coded(reaction, vec!["SYMPTOM", "PAST_HISTORY"]);
                for (more, _) in allergy.reactions.iter().skip(1).take(2) {
                    scribe.text.raw(", ");
                    scribe.coded(*more, vec!["SYMPTOM", "PAST_HISTORY"]);
                }
                scribe.text.raw(if dash { "" } else { ")" });
            } else if allergy.intolerance {
                scribe.text.raw(" (intolerance)");
            }
        });
    }

    /// What runs in the family, as far as it has begun by now.
    pub(super) fn family_history(&mut self) {
        let age = self.facts.years;
        let list: Vec<_> = self
            .person
            .family
            .iter()
            .filter(|fact| {
                // The record has no dates here: only what surely lies before the note is told.
                let at_least = match fact.relative {
                    "MTH" | "FTH" | "NMTH" | "NFTH" => age + 18,
                    "SIS" | "BRO" | "NSIS" | "NBRO" | "SIB" => age - 15,
                    "SON" | "DAU" | "CHILD" => age - 45,
                    relative if relative.contains("GR") => age + 36,
                    _ => age,
                };
                let begun = i32::from(fact.onset_age.unwrap_or(if age >= 18 { 0 } else { 60 }));
                at_least >= begun + if fact.died_of_it { 8 } else { 0 }
            })
            .take(5)
            .copied()
            .collect();
        if list.is_empty() && self.random.chance(0.4) {
            return;
        }
        self.section("Family History", "FH");
        if list.is_empty() {
            self.begin();
            let said = self.person.family.is_empty()
                && self.say(&[
                    "No FH of early [-fd:CAD] or [-fd:colon cancer].",
                    "Noncontributory.",
                    "No family history of [-fd:diabetes] or [-fd:heart disease].",
                    "Negative for [-fd:breast cancer], [-fd:colon cancer].",
                    "Unremarkable.",
                ]);
            if !said {
                self.say(&[
                    "Reviewed, noncontributory.",
                    "Noncontributory to this visit.",
                    "Not pertinent.",
                ]);
            }
            self.text.line();
            return;
        }
        self.list(&list, |scribe, fact| {
            let relative = match fact.relative {
                "MTH" | "NMTH" => scribe.terse_or("mom", "mother"),
                "FTH" | "NFTH" => scribe.terse_or("dad", "father"),
                "SIS" | "NSIS" => "sister",
                "BRO" | "NBRO" => "brother",
                "SIB" => "sibling",
                "SON" => "son",
                "DAU" => "daughter",
                "GRMTH" => scribe.terse_or("GM", "grandmother"),
                "GRFTH" => scribe.terse_or("GF", "grandfather"),
                "MGRMTH" => scribe.terse_or("MGM", "maternal grandmother"),
                "MGRFTH" => scribe.terse_or("MGF", "maternal grandfather"),
                "PGRMTH" => scribe.terse_or("PGM", "paternal grandmother"),
                "PGRFTH" => scribe.terse_or("PGF", "paternal grandfather"),
                "AUNT" | "MAUNT" | "PAUNT" => "aunt",
                "UNCLE" | "MUNCLE" | "PUNCLE" => "uncle",
                _ => "relative",
            };
            scribe.text.raw(relative);
            let family = vec!["DIAGNOSIS", "PERTAINS_TO_FAMILY"];
            if fact.died_of_it {
                scribe.text.raw(if scribe.style.terse { " d. of " } else { " died of " });
                scribe.coded(fact.condition, family);
                if let Some(age) = fact.onset_age {
                    scribe.text.raw(if scribe.style.terse {
                        ", onset "
                    } else {
                        ", which began at age "
                    });
                    scribe.relative_age(age);
                }
            } else {
                let joint = *scribe.random.pick(&[" with ", ": ", " - ", " w/ ", " had "]);
                scribe.text.raw(joint);
                scribe.coded(fact.condition, family);
                if let Some(age) = fact.onset_age {
                    let lead = *scribe.random.pick(&[" at ", " at age ", ", dx at "]);
                    scribe.text.raw(lead);
                    scribe.relative_age(age);
                }
            }
        });
    }

    fn relative_age(&mut self, age: u8) {
        let open = self.text.open();
        self.text.show(format_args!("{age}"));
        self.text.close(open, super::writer::PHI, "AGE", Vec::new(), Vec::new(), None);
    }

    /// Tobacco, alcohol, work and home.
    pub(super) fn social_history(&mut self) {
        let years = self.facts.years;
        let smoking = self.facts.smoking.and_then(|seen| match seen.value {
            Finding::Code(id) => Some((id, codes_of(self.simulation, seen.codes))),
            _ => None,
        });
        let alcohol = self.facts.alcohol.and_then(|seen| match seen.value {
            Finding::Quantity(score, _) => Some(score),
            _ => None,
        });
        self.section("Social History", "SH");
        self.begin();
        if years < 13 {
            self.say(&[
                "@I Lives with parents, no daycare.",
                "@I Home with mom and grandparents.",
                "@I In daycare three days a week.",
                "Lives at home with family.",
                "Lives with both parents and siblings.",
                "Doing well in school.",
                "Lives with mom, sees dad on weekends.",
                "Smoke-free home, one dog.",
            ]);
            self.text.line();
            return;
        }
        let mut said = false;
        if let Some((id, mut codes)) = smoking {
            let code = self.simulation.vocabulary.code(id);
            let display = code.display.to_ascii_lowercase();
            codes.insert(0, code_of(self.simulation, id));
            let (words, negated): (&[&str], bool) =
                if display.contains("never") || &*code.code == "266919005" {
                    (
                        &[
                            "never smoker",
                            "Never smoked",
                            "non-smoker",
                            "no tobacco",
                            "lifelong nonsmoker",
                            "Tob: never",
                        ],
                        true,
                    )
                } else if display.contains("ex-")
                    || display.contains("former")
                    || display.contains("ex smoker")
                    || &*code.code == "8517006"
                {
                    (
                        &[
                            "former smoker",
                            "quit smoking",
                            "ex-smoker",
                            "Tob: former",
                            "used to smoke, quit",
                        ],
                        false,
                    )
                } else if &*code.code == "266927001" || display.contains("unknown") {
                    (&[], false)
                } else {
                    (
                        &[
                            "current smoker",
                            "smokes daily",
                            "active tobacco use",
                            "+ tobacco",
                            "Tob: current",
                            "still smoking",
                        ],
                        false,
                    )
                };
            if !words.is_empty() {
                let words = *self.random.pick(words);
                self.habit(words, "TOBACCO_USE", negated, codes);
                self.text.raw(". ");
                said = true;
            }
        }
        if years >= 18 {
            let disorder =
                self.facts.problems.iter().chain(&self.facts.fresh).any(|p| {
                    p.topic.is_some_and(|t| t.words.iter().any(|w| w.contains("alcohol")))
                });
            let words: Option<(&[&str], bool)> = if disorder
                && alcohol.is_none_or(|score| score >= 4.0)
            {
                Some((
                    &["heavy EtOH", "drinks most days", "EtOH: daily", "significant alcohol use"],
                    false,
                ))
            } else {
                alcohol.map(|score| {
                    if score < 1.0 {
                        (
                            &[
                                "no alcohol",
                                "no EtOH",
                                "EtOH: none",
                                "doesn't drink",
                                "denies alcohol",
                            ] as &[&str],
                            true,
                        )
                    } else if score < 4.0 {
                        (
                            &[
                                "social EtOH",
                                "occasional alcohol",
                                "a glass of wine on weekends",
                                "rare EtOH",
                            ] as &[&str],
                            false,
                        )
                    } else {
                        (
                            &[
                                "drinks several times a week",
                                "EtOH: more than recommended",
                                "regular alcohol use",
                            ] as &[&str],
                            false,
                        )
                    }
                })
            };
            if let Some((words, negated)) = words {
                let words = *self.random.pick(words);
                self.begin();
                let codes = self
                    .facts
                    .alcohol
                    .map_or_else(Vec::new, |seen| codes_of(self.simulation, seen.codes));
                self.habit(
                    words,
                    "ALCOHOL_CONSUMPTION",
                    negated,
                    if disorder { Vec::new() } else { codes },
                );
                self.text.raw(". ");
                said = true;
            }
        }
        if years >= 18 && self.random.chance(0.7) {
            said |= self.livelihood();
        }
        if !said {
            self.say(&[
                "Noncontributory.",
                "Lives with family.",
                "Reviewed, no changes.",
                "@C Lives with parents, in school.",
                "@C Does well in school, plays sports.",
            ]);
        }
        self.text.line();
    }

    /// Work and home, invented once per person.
    fn livelihood(&mut self) -> bool {
        let vocabulary = &self.simulation.vocabulary;
        let out_of_work = self.facts.ever.iter().any(|p| {
            let code = &*vocabulary.first(p.codes).code;
            matches!(code, "73438004" | "32911000" | "105531004" | "741062008")
        });
        let mut stable =
            crate::random::Random::new(self.simulation.plan.seed, self.person.index, "notes: work");
        let jobs: &[&str] = &[
            "teacher",
            "mechanic",
            "nurse aide",
            "cook",
            "electrician",
            "truck driver",
            "accountant",
            "cashier",
            "carpenter",
            "office manager",
            "software developer",
            "warehouse worker",
            "school bus driver",
            "hairdresser",
            "machinist",
            "farmer",
            "sales clerk",
            "postal worker",
        ];
        let job = *stable.pick(jobs);
        let age = self.facts.years;
        self.begin();
        if out_of_work || age < 24 || self.facts.demented {
            return self.say(&[
                "Lives with family.",
                "Lives w/ a relative.",
                "Lives in an apartment.",
            ]);
        }
        self.space();
        if age >= 68 {
            self.text.raw("Retired ");
            self.text.entity(job, super::writer::PHI, "PROFESSION", Vec::new(), None);
            let end = *self.random.pick(&[
                ".",
                ", independent in ADLs.",
                ", lives in own home.",
                ", gets around without help.",
            ]);
            let end = if age > 82 { "." } else { end };
            self.text.raw(end);
        } else {
            let lead = *self.random.pick(&["Works as a ", "Occupation: ", "Employed as a "]);
            let an = job.starts_with(['a', 'e', 'o']) && lead.ends_with(" a ");
            self.text.raw(if an { lead.trim_end() } else { lead });
            if an {
                self.text.raw("n ");
            }
            self.text.entity(job, super::writer::PHI, "PROFESSION", Vec::new(), None);
            self.text.raw(".");
        }
        true
    }

    /// Review of systems: what was complained of, and much that was not.
    pub(super) fn review_of_systems(&mut self, breadth: usize) {
        let complaints: Vec<String> =
            self.complaints().iter().map(|c| super::scribe::symptom_word(c)).collect();
        let review = if self.facts.years < 10 { REVIEW_CHILD } else { REVIEW };
        self.section("Review of Systems", "ROS");
        if self.style.ros_by_system {
            self.text.line();
            for (system, phrases) in review.iter().take(breadth) {
                let here: Vec<&str> = complaints
                    .iter()
                    .map(String::as_str)
                    .filter(|c| {
                        phrases
                            .iter()
                            .any(|p| super::findings::concept(p) == super::findings::concept(c))
                    })
                    .collect();
                let take = self.random.whole(2, 4) as usize;
                let mut denied = self.deniable(phrases, take);
                denied.retain(|phrase| {
                    let concept = super::findings::concept(phrase);
                    !complaints.iter().any(|known| super::findings::concept(known) == concept)
                });
                if here.is_empty() && denied.is_empty() {
                    continue;
                }
                self.text.show(format_args!("{system}: "));
                if !here.is_empty() {
                    self.text.raw(if self.style.terse { "+ " } else { "positive for " });
                    self.findings("s", &here, ", ");
                    self.text.raw(if denied.is_empty() { "" } else { "; " });
                }
                if !denied.is_empty() {
                    let lead = if self.style.terse {
                        *self.random.pick(&["no ", "neg ", "denies "])
                    } else {
                        *self.random.pick(&["no ", "denies ", "negative for "])
                    };
                    self.text.raw(lead);
                    let or = *self.random.pick(&[", ", " or ", ", "]);
                    self.findings("-s", &denied, or);
                }
                self.text.raw("\n");
            }
            return;
        }
        let positives: Vec<&str> = complaints.iter().map(String::as_str).collect();
        if !positives.is_empty() {
            self.begin();
            let lead = *self.random.pick(&[
                "Positive for ",
                "+ ",
                "As above, + ",
                "(+) ",
                "Pertinent positives: ",
            ]);
            self.text.raw(lead);
            self.findings("s", &positives, ", ");
            self.text.raw(". ");
        }
        let mut pool: Vec<&'static str> = Vec::new();
        for (_, phrases) in review.iter().take(breadth) {
            let take = self.random.whole(1, 2) as usize;
            pool.extend(phrases.iter().take(take));
        }
        let count = self.random.whole(4, 8) as usize;
        self.deny(&pool, count);
        if self.random.chance(0.4) {
            self.say(&[
                "Otherwise negative.",
                "All other systems reviewed.",
                "Rest of 10-pt ROS reviewed.",
                "ROS otherwise as per HPI.",
            ]);
        }
        self.text.line();
    }

    /// Vital signs of this visit. False if there are none.
    pub(super) fn vitals(&mut self, title: &str, short: &str, oldest: bool) -> bool {
        let vocabulary = &self.simulation.vocabulary;
        let find = |facts: &super::facts::Facts<'_>, loinc: &[&str]| {
            if oldest {
                facts.oldest(vocabulary, loinc).cloned()
            } else {
                facts.newest(vocabulary, loinc).cloned()
            }
        };
        let bp = find(&self.facts, &[labs::BP, labs::BP_OLD]);
        let form = self.style.vitals;
        let mut items: Vec<(&'static str, Observation)> = Vec::new();
        let names: [(&[&str], [&'static str; 3]); 9] = [
            (&[labs::HEART_RATE], ["HR", "P", "Pulse"]),
            (&[labs::RESPIRATION], ["RR", "R", "Resp"]),
            (&[labs::TEMPERATURE], ["T", "Temp", "Temp"]),
            (labs::SATURATION, ["SpO2", "O2 sat", "Sat"]),
            (&[labs::WEIGHT], ["Wt", "Weight", "Wt"]),
            (&[labs::HEIGHT], ["Ht", "Height", "Ht"]),
            (&[labs::BMI], ["BMI", "BMI", "BMI"]),
            (&[labs::HEAD, labs::HEAD_OLD], ["HC", "Head circ", "HC"]),
            (labs::PAIN, ["pain", "Pain", "Pain"]),
        ];
        for (loinc, forms) in names {
            if let Some(seen) = find(&self.facts, loinc)
                && let Finding::Quantity(..) = seen.value
            {
                items.push((forms[usize::from(form) % 3], seen));
            }
        }
        if let Some(seen) = find(&self.facts, &[labs::BMI_PERCENTILE])
            && self.facts.years < 18
        {
            items.push(("BMI %ile", seen));
        }
        if bp.is_none() && items.is_empty() {
            return false;
        }
        self.section(title, short);
        let joint = [", ", " ", " | ", ", ", "  ", "; "][usize::from(form) % 6];
        let colon = matches!(form, 1 | 4);
        let mut first = true;
        if let Some(panel) = &bp {
            let part = |loinc: &str| {
                panel.components.iter().find_map(|(codes, value, unit)| {
                    match (*vocabulary.first(*codes).code == *loinc, value) {
                        (true, Finding::Quantity(value, decimals)) => {
                            Some((*value, *decimals, *unit))
                        }
                        _ => None,
                    }
                })
            };
            if let (Some(systolic), Some(diastolic)) = (part(labs::SYSTOLIC), part(labs::DIASTOLIC))
            {
                let codes = codes_of(self.simulation, panel.codes);
                let name = self.text.entity("BP", TEST, "TEST_NAME", codes, None);
                self.text.raw(if colon { ": " } else { " " });
                let open = self.text.open();
                self.text.show(format_args!(
                    "{:.*}/{:.*}",
                    usize::from(systolic.1),
                    systolic.0,
                    usize::from(diastolic.1),
                    diastolic.0
                ));
                self.text.close(open, TEST, "TEST_VALUE", Vec::new(), Vec::new(), Some(name));
                if form == 3 {
                    let unit = vocabulary.symbol(systolic.2);
                    self.unit(unit, name, true);
                }
                first = false;
            }
        }
        for (label, seen) in &items {
            if !first {
                self.text.raw(joint);
            }
            first = false;
            let codes = codes_of(self.simulation, seen.codes);
            let name = self.text.entity(label, TEST, "TEST_NAME", codes, None);
            self.text.raw(if colon { ": " } else { " " });
            if let Finding::Quantity(value, decimals) = seen.value {
                self.value(value, decimals, name);
                let ucum = vocabulary.symbol(seen.unit);
                match *label {
                    "pain" | "Pain" => self.text.raw("/10"),
                    "HR" | "P" | "Pulse" | "RR" | "R" | "Resp" | "BMI" | "BMI %ile"
                        if form != 3 => {}
                    _ => {
                        let space = form % 2 == 1 || ucum != "Cel";
                        self.unit(ucum, name, space);
                    }
                }
                if label.contains("Sp") || label.contains("at") && ucum == "%" {
                    let room_air = value >= 94.0
                        && !matches!(self.facts.visit.class, Class::Inpatient | Class::Hospice)
                        && self.random.chance(0.4);
                    if room_air {
                        self.text.raw(if self.style.terse { " RA" } else { " on room air" });
                    }
                }
            }
        }
        self.text.line();
        true
    }

    /// Laboratory results and scores of this visit. With `trend`: first and last of each.
    pub(super) fn results(&mut self, title: &str, short: &str, trend: bool) -> bool {
        let vocabulary = &self.simulation.vocabulary;
        let mut seen: Vec<(u8, &str, Observation, Option<Observation>)> = Vec::new();
        for observation in self.facts.earlier.iter().chain(&self.facts.observations) {
            if !matches!(
                observation.category,
                "laboratory" | "survey" | "procedure" | "exam" | "imaging"
            ) && labs::find(&vocabulary.first(observation.codes).code).is_none()
            {
                continue;
            }
            let code = &*vocabulary.first(observation.codes).code;
            if matches!(code, labs::SMOKING)
                || code == labs::BP
                || labs::PAIN.contains(&code)
                || labs::SATURATION.contains(&code)
            {
                continue;
            }
            let group = labs::find(code)
                .map_or(if observation.category == "laboratory" { 6 } else { 8 }, |lab| lab.group);
            match seen.iter_mut().find(|(_, known, ..)| *known == code) {
                Some((_, _, _, last)) => *last = Some((*observation).clone()),
                None => seen.push((group, code, (*observation).clone(), None)),
            }
        }
        // Questionnaire items one by one are no results; totals are.
        seen.retain(|(group, ..)| *group < 8);
        if seen.is_empty() {
            return false;
        }
        seen.sort_by_key(|(group, ..)| *group);
        seen.truncate(26);
        self.section(title, short);
        let with_units = self.random.chance(0.35);
        let lines = self.random.chance(0.6);
        let mut group_before = u8::MAX;
        for (group, _, first, last) in &seen {
            let new_group = *group != group_before;
            if new_group {
                if lines && group_before != u8::MAX {
                    self.text.line();
                }
                if self.style.header != super::style::Header::Plain
                    && lines
                    && *group != 6
                    && self.random.chance(0.6)
                {
                    let name = *self.random.pick(labs::GROUPS[usize::from(*group)]);
                    self.text.raw(name);
                    self.text.raw(": ");
                } else if !lines && group_before != u8::MAX {
                    self.text.raw(". ");
                }
                group_before = *group;
            } else {
                self.text.raw(", ");
            }
            let shown = if trend { first } else { last.as_ref().unwrap_or(first) };
            let written = self.result(shown, with_units);
            if written
                && trend
                && let Some(last) = last
                && let (Finding::Quantity(before, _), Finding::Quantity(value, decimals)) =
                    (first.value, last.value)
                && (before - value).abs() > 1e-9
            {
                let arrow = *self.random.pick(&[" → ", " -> ", " → "]);
                self.text.raw(arrow);
                let name = self.last_test();
                self.value(value, decimals, name);
            }
            if !written {
                self.text.raw("-");
            }
        }
        self.text.line();
        true
    }

    /// The place of the last test named.
    fn last_test(&self) -> u32 {
        self.text.last_of("TEST_NAME")
    }

    /// Physical exam of these systems; what the illness shows replaces the normal.
    pub(super) fn exam(&mut self, systems: &[System], sick: bool) {
        self.section("Physical Exam", "PE");
        let block = self.style.exam_block;
        if !block {
            self.text.line();
        }
        let found = if sick { self.topic().map_or(&[][..], |t| t.exam) } else { &[] };
        let mut first = true;
        for system in systems {
            let abnormal: Vec<&'static str> =
                found.iter().filter(|(s, _)| s == system).map(|(_, text)| *text).collect();
            let (full, short, healthy) = normal(*system);
            let chosen = if let Some(text) = self.pick(&abnormal) {
                Some(text)
            } else if *system == System::General && sick && self.unwell() {
                self.pick(&[
                    "uncomfortable, in mild distress",
                    "ill-appearing",
                    "appears unwell but nontoxic",
                    "tired-appearing, answers questions",
                    "@C listless but consolable",
                    "mild distress",
                ])
            } else if self.facts.demented && matches!(system, System::Neuro | System::Psych) {
                self.pick(&[
                    "at cognitive baseline, non-focal",
                    "pleasant, oriented to self",
                    "confused at baseline, moves all four",
                ])
            } else {
                self.pick(healthy)
            };
            let Some(text) = chosen else { continue };
            if block && !first {
                self.text.raw(" ");
            }
            first = false;
            let label = if self.style.terse { short } else { full };
            if matches!(system, System::General | System::Neuro | System::Psych | System::Heent)
                || short == "CV"
                || short == "Resp" && self.style.terse
            {
                self.text.raw(label);
            } else {
                self.text.marked("a", label, None);
            }
            self.text.raw(": ");
            self.text.capital = !self.style.terse && self.style.capitals;
            self.render(text);
            self.text.raw(".");
            if !block {
                self.text.raw("\n");
            }
        }
        self.text.line();
    }

    /// Came in badly, or has numbers to show it.
    fn unwell(&self) -> bool {
        let vocabulary = &self.simulation.vocabulary;
        self.facts.visit.acuity.is_some_and(|level| level <= 2)
            || self.facts.number(vocabulary, labs::SATURATION).is_some_and(|sat| sat < 93.0)
            || self.facts.pressure(vocabulary).is_some_and(|(systolic, _)| systolic < 90.0)
    }

    // --- Plans ----------------------------------------------------------------------------

    /// What to come back for.
    pub(super) fn return_precautions(&mut self) {
        let returns: &[&'static str] = match self.topic() {
            Some(topic) if !topic.returns.is_empty() => topic.returns,
            _ if self.facts.years < 3 => &["fever", "poor feeding", "lethargy", "vomiting"],
            _ => &["fever", "shortness of breath", "chest pain", "vomiting"],
        };
        let count = self.random.whole(2, 3) as usize;
        let phrases: Vec<&str> = returns.iter().take(count.min(returns.len())).copied().collect();
        self.space();
        self.begin();
        let lead = *self.random.pick(if self.style.terse {
            &[
                "return if ",
                "RTC/ED for ",
                "return precautions: ",
                "ED if ",
                "call for ",
                "strict return precautions for ",
            ]
        } else {
            &[
                "Return if ",
                "To return for ",
                "Instructed to call or return for ",
                "Return to the ED for any ",
                "Advised to seek care for ",
                "Patient to call with any ",
                "Should go to the ED in case of ",
            ]
        });
        self.text.raw(lead);
        for (place, phrase) in phrases.iter().enumerate() {
            if place > 0 {
                let joint = if place + 1 == phrases.len() { " or " } else { ", " };
                self.text.raw(joint);
            }
            if self.text.affirmed.contains(&super::findings::concept(phrase)) {
                let more =
                    *self.random.pick(&["worsening ", "persistent ", "increasing ", "recurrent "]);
                self.text.raw(more);
            }
            self.finding("?s", phrase);
        }
        self.text.raw(".");
    }

    /// Numbers that belong to a problem, and whether they are where they should be.
    pub(super) fn control(&mut self, problem: &Problem) -> bool {
        let Some(topic) = problem.topic else { return false };
        let vocabulary = &self.simulation.vocabulary;
        match topic.icd {
            "I10" => {
                let Some((systolic, diastolic)) = self.facts.pressure(vocabulary) else {
                    return false;
                };
                if self.facts.years < 18 {
                    return false;
                }
                let words: &[&str] = if systolic < 130.0 && diastolic < 80.0 {
                    &[
                        "at goal",
                        "well controlled",
                        "BP at goal today",
                        "controlled",
                        "stable, at goal",
                    ]
                } else if systolic < 140.0 && diastolic < 90.0 {
                    &["slightly above goal", "borderline today", "a bit above goal", "near goal"]
                } else {
                    &[
                        "above goal",
                        "not at goal",
                        "uncontrolled today",
                        "BP up today",
                        "suboptimal control",
                    ]
                };
                let words = *self.random.pick(words);
                self.text.raw(words);
                true
            }
            "E11.9" | "R73.03" | "E10.9" => {
                let Some(seen) = self.facts.newest(vocabulary, &["4548-4"]).cloned() else {
                    return false;
                };
                let Finding::Quantity(value, _) = seen.value else { return false };
                self.result(&seen, false);
                let words: &[&str] = match value {
                    v if topic.icd == "R73.03" && v < 6.5 => {
                        &[", still in prediabetic range", ", stable", ", below diabetic range"]
                    }
                    v if v < 7.0 => &[", at goal", ", well controlled", ", good control"],
                    v if v < 8.0 => &[", slightly above goal", ", fair control", ", near goal"],
                    _ => &[", above goal", ", poorly controlled", ", not at goal"],
                };
                let words = *self.random.pick(words);
                self.text.raw(words);
                true
            }
            "E78.5" => {
                let Some(seen) =
                    self.facts.newest(vocabulary, &["18262-6", "13457-7", "2089-1"]).cloned()
                else {
                    return false;
                };
                let Finding::Quantity(value, _) = seen.value else { return false };
                self.result(&seen, false);
                let words: &[&str] = if value < 100.0 {
                    &[", at goal", ", good", ", controlled"]
                } else {
                    &[", above goal", ", elevated", ", not at goal"]
                };
                let words = *self.random.pick(words);
                self.text.raw(words);
                true
            }
            "N18.9" | "N18.6" | "N17.9" => {
                let Some(seen) = self
                    .facts
                    .newest(
                        vocabulary,
                        &[
                            "33914-3", "98979-8", "62238-1", "48642-3", "69405-9", "2160-0",
                            "38483-4",
                        ],
                    )
                    .cloned()
                else {
                    return false;
                };
                self.result(&seen, false)
            }
            "F32.9" => {
                let Some(seen) = self.facts.newest(vocabulary, &["44261-6"]).cloned() else {
                    return false;
                };
                self.result(&seen, false)
            }
            "F41.9" => {
                let Some(seen) = self.facts.newest(vocabulary, &["70274-6"]).cloned() else {
                    return false;
                };
                self.result(&seen, false)
            }
            "D64.9" => {
                let Some(seen) = self.facts.newest(vocabulary, &["718-7"]).cloned() else {
                    return false;
                };
                self.result(&seen, false)
            }
            "E66.9" => {
                let Some(seen) = self.facts.newest(vocabulary, &[labs::BMI]).cloned() else {
                    return false;
                };
                let codes = codes_of(self.simulation, seen.codes);
                let Finding::Quantity(value, decimals) = seen.value else { return false };
                let name = self.text.entity("BMI", TEST, "TEST_NAME", codes, None);
                self.text.raw(" ");
                self.value(value, decimals, name);
                true
            }
            _ => false,
        }
    }

    /// The medicines taken for a problem.
    pub(super) fn medicines_for(&self, problem: &Problem) -> Vec<Medication> {
        let vocabulary = &self.simulation.vocabulary;
        let first = vocabulary.list(problem.codes)[0];
        self.facts
            .home
            .iter()
            .filter(|order| {
                order.reason.is_some_and(|reason| {
                    let id = vocabulary.list(reason)[0];
                    id == first
                        || problem.topic.is_some_and(|topic| {
                            let code = vocabulary.code(id);
                            !topic.names.is_empty()
                                && super::facts::meaning(code)
                                    .topic
                                    .is_some_and(|t| std::ptr::eq(t, topic))
                        })
                })
            })
            .map(|order| (*order).clone())
            .collect()
    }

    /// One lasting problem in a plan: name, numbers, medicines, what next.
    pub(super) fn problem_plan(&mut self, problem: &Problem) {
        self.problem_name(problem, "d");
        let colon = *self.random.pick(&[": ", " - ", ", ", ": "]);
        self.text.raw(colon);
        if self.control(problem) {
            self.text.raw(". ");
        } else {
            let words = *self.random.pick(&[
                "stable",
                "stable on current regimen",
                "unchanged",
                "no acute issues",
                "chronic, stable",
            ]);
            let words = if words.contains("regimen") && self.facts.home.is_empty() {
                "stable"
            } else {
                words
            };
            self.text.raw(words);
            self.text.raw(". ");
        }
        let medicines = self.medicines_for(problem);
        if !medicines.is_empty() {
            let lead = *self.random.pick(if self.style.terse {
                &["cont ", "c/w ", "cont. ", "continue "]
            } else {
                &["Continue ", "Will continue ", "Continue current ", "Remain on "]
            });
            self.text.raw(lead);
            let full = self.random.chance(0.4);
            for (place, medication) in medicines.iter().take(3).enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                if full {
                    self.drug_line(medication);
                } else {
                    self.drug_name(medication);
                }
            }
            self.text.raw(". ");
        }
        if let Some(topic) = problem.topic {
            self.say_some(topic.plan, 1);
        }
    }

    /// What was ordered, done and given in this visit, as plan items.
    pub(super) fn orders(&mut self) {
        let ordered = self.facts.ordered.clone();
        for medication in &ordered {
            self.space();
            let supply = medication.supply;
            let lead = *self.random.pick(if self.style.terse {
                &["start ", "Rx ", "rx: ", "begin ", "+ "]
            } else {
                &["Start ", "Will start ", "Prescribed ", "Started on ", "Begin "]
            });
            self.text.raw(lead);
            self.drug_line(medication);
            if let Some((days, _)) = supply
                && !medication.chronic
                && days > 0
                && days <= 30
            {
                let lead = self.style.cross.trim_start();
                let name = self.text.last_of("GENERIC_NAME");
                self.text.raw(" ");
                let open = self.text.open();
                if self.style.terse {
                    self.text.show(format_args!("{lead}{days}d"));
                } else {
                    self.text.show(format_args!("for {days} days"));
                }
                self.text.close(
                    open,
                    super::writer::MEDICATION,
                    "DURATION",
                    Vec::new(),
                    Vec::new(),
                    Some(name),
                );
            }
            self.text.raw(".");
        }
        let stopped = self.facts.stopped.clone();
        for medication in &stopped {
            self.space();
            let lead = *self.random.pick(&["Stop ", "D/c ", "Discontinue ", "Stopped "]);
            self.text.raw(lead);
            self.drug_name(medication);
            self.text.raw(".");
        }
        let vaccines = self.facts.immunizations.clone();
        if !vaccines.is_empty() {
            self.space();
            let lead = *self.random.pick(&[
                "Immunizations today: ",
                "Vaccines given: ",
                "Given today: ",
                "Imm: ",
            ]);
            self.text.raw(lead);
            for (place, vaccine) in vaccines.iter().enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                let name = plain(&self.simulation.vocabulary.first(vaccine.codes).display);
                let name = cut_vaccine(&name);
                let codes = codes_of(self.simulation, vaccine.codes);
                let open = self.text.open();
                self.text.raw(&name);
                self.text.close(
                    open,
                    super::writer::MEDICATION,
                    "GENERIC_NAME",
                    Vec::new(),
                    codes,
                    None,
                );
            }
            self.text.raw(".");
        }
        let plans: Vec<_> =
            self.facts.care_plans.iter().map(|p| (p.activities.clone(), p.codes)).collect();
        for (activities, _) in plans.iter().take(2) {
            if activities.is_empty() {
                continue;
            }
            self.space();
            let lead =
                *self.random.pick(&["Care plan: ", "Agreed: ", "Counseled on ", "Plan includes "]);
            self.text.raw(lead);
            for (place, activity) in activities.iter().take(3).enumerate() {
                if place > 0 {
                    self.text.raw(", ");
                }
                let name = plain(&self.simulation.vocabulary.code(*activity).display);
                let codes = vec![code_of(self.simulation, *activity)];
                let open = self.text.open();
                self.text.raw(&name);
                self.text.close(open, TEST, "TREATMENT_NAME", Vec::new(), codes, None);
            }
            self.text.raw(".");
        }
    }

    /// Procedures done in this visit, in one sentence.
    pub(super) fn done(&mut self) {
        let mut list: Vec<_> = Vec::new();
        for procedure in &self.facts.procedures {
            let first = self.simulation.vocabulary.list(procedure.codes)[0];
            let pictured = self
                .facts
                .imaging
                .iter()
                .any(|study| self.simulation.vocabulary.list(study.procedure)[0] == first);
            if procedure.stop <= self.facts.now && !pictured && !list.contains(&procedure.codes) {
                list.push(procedure.codes);
            }
        }
        list.truncate(5);
        if list.is_empty() {
            return;
        }
        self.space();
        let lead = *self.random.pick(&[
            "Done today: ",
            "Procedures: ",
            "Performed: ",
            "Completed this visit: ",
        ]);
        self.text.raw(lead);
        for (place, codes) in list.iter().enumerate() {
            if place > 0 {
                self.text.raw(", ");
            }
            self.procedure(*codes, Vec::new());
        }
        self.text.raw(".");
    }

    /// When to come again.
    pub(super) fn follow_up(&mut self) {
        let pace = self.topic().map(|topic| topic.pace);
        let child = self.facts.years < 2;
        match pace {
            _ if self.facts.visit.class == Class::Wellness && child => {
                self.say(&[
                    "Next WCC per schedule.",
                    "RTC for next well visit.",
                    "Follow up at next well-child check.",
                ]);
            }
            _ if self.facts.visit.class == Class::Wellness => {
                self.say(&[
                    "RTC 1 yr, sooner prn.",
                    "Follow up in 12 months.",
                    "Return in a year for next physical.",
                    "RTC as scheduled.",
                    "See back for next annual or sooner as needed.",
                ]);
            }
            Some(Pace::Chronic | Pace::Gradual) => {
                self.say(&[
                    "RTC 3 mo.",
                    "F/u 3-6 months.",
                    "Follow up in 3 months or sooner if needed.",
                    "RTC 6 mo with labs.",
                    "See back in 8-12 weeks.",
                    "F/u in 3 mo, sooner prn.",
                ]);
            }
            Some(Pace::Planned) => {
                self.say(&[
                    "Next visit per schedule.",
                    "RTC as scheduled.",
                    "Follow up at next routine visit.",
                ]);
            }
            _ => {
                self.say(&[
                    "F/u prn.",
                    "F/u with PCP in 1 wk.",
                    "Follow up if not better in 7-10 days.",
                    "RTC prn.",
                    "Recheck in 1-2 weeks.",
                    "Follow up with primary care as needed.",
                ]);
            }
        }
    }

    /// Starts an item of a numbered plan.
    pub(super) fn plan_item(&mut self, place: usize) {
        self.text.line();
        match self.style.bullets {
            Bullets::Prose => self.text.raw(if self.style.by_problem { "# " } else { "" }),
            Bullets::Dash if self.style.by_problem => self.text.raw("# "),
            _ => self.bullet(place),
        }
    }

    /// Days since a moment, in whole days.
    pub(super) fn days_since(&self, at: Time) -> i64 {
        self.facts.now.since(at).max(0) / DAY
    }
}

/// Procedures by part of their display: what clinicians write in full, and in short.
const CLINICAL: &[(&str, &str, &str)] = &[
    ("removal of the appendix", "appendectomy", "appy"),
    ("appendectomy", "appendectomy", "appy"),
    ("removal of the gallbladder by laparoscope", "laparoscopic cholecystectomy", "lap chole"),
    ("laparoscopic cholecystectomy", "laparoscopic cholecystectomy", "lap chole"),
    ("cholecystectomy", "cholecystectomy", "chole"),
    ("emergency coronary bypass", "emergent CABG", "emergent CABG"),
    ("coronary bypass", "coronary artery bypass grafting", "CABG"),
    ("coronary artery bypass", "coronary artery bypass grafting", "CABG"),
    ("coronary intervention", "percutaneous coronary intervention", "PCI"),
    ("x-ray of the coronary", "coronary angiography", "cath"),
    ("replacement of the knee", "total knee arthroplasty", "TKA"),
    ("replacement of knee", "total knee arthroplasty", "TKA"),
    ("replacement of the hip", "total hip arthroplasty", "THA"),
    ("replacement of hip", "total hip arthroplasty", "THA"),
    ("removal of part of the colon", "partial colectomy", "colectomy"),
    ("removal of the prostate", "prostatectomy", "prostatectomy"),
    ("removal of a polyp", "polypectomy", "polypectomy"),
    ("lumpectomy", "lumpectomy", "lumpectomy"),
    ("fine needle biopsy of the lung", "CT-guided lung biopsy", "lung FNA"),
    ("biopsy of the breast", "breast biopsy", "breast bx"),
    ("biopsy of the prostate", "prostate biopsy", "prostate bx"),
    ("biopsy of the colon", "colon biopsy", "colon bx"),
    ("cesarean", "cesarean section", "C-section"),
    ("caesarean", "cesarean section", "C-section"),
    ("normal delivery", "vaginal delivery", "SVD"),
    ("epidural", "epidural", "epidural"),
    ("closed reduction", "closed reduction and internal fixation", "CRPP"),
    ("open reduction", "open reduction internal fixation", "ORIF"),
    ("electrocardiogra", "ECG", "ECG"),
    ("echocardiogra", "echocardiogram", "echo"),
    ("ultrasound of the heart", "transthoracic echocardiogram", "TTE"),
    ("stress test", "cardiac stress test", "stress test"),
    ("electroencephalogra", "electroencephalogram", "EEG"),
    ("chest x-ray", "chest X-ray", "CXR"),
    ("x-ray of the chest", "chest X-ray", "CXR"),
    ("x-ray of the knee", "knee X-ray", "knee XR"),
    ("x-ray of the pelvis", "pelvis X-ray", "pelvis XR"),
    ("x-ray of the ankle", "ankle X-ray", "ankle XR"),
    ("x-ray of the wrist", "wrist X-ray", "wrist XR"),
    ("x-ray of the clavicle", "clavicle X-ray", "clavicle XR"),
    ("x-ray of spine", "spine and pelvis X-ray", "spine XR"),
    ("ct of the head", "CT head", "CTH"),
    ("ct of the abdomen", "CT abdomen", "CT A/P"),
    ("ct of the chest", "CT chest", "CT chest"),
    ("ultrasound of the upper abdomen", "abdominal ultrasound", "abd US"),
    ("doppler ultrasound", "venous duplex ultrasound", "duplex"),
    ("ultrasound of both breasts", "breast ultrasound", "breast US"),
    ("ultrasound for fetal viability", "viability ultrasound", "viability US"),
    ("ultrasound study of fetal anatomy", "fetal anatomy scan", "anatomy scan"),
    ("mammogram because", "diagnostic mammogram", "dx mammo"),
    ("screening mammogram", "screening mammogram", "mammo"),
    ("mri of the spine", "MRI spine", "MRI spine"),
    ("dialysis", "hemodialysis", "HD"),
    ("artificial ventilation", "mechanical ventilation", "mech vent"),
    ("mechanical ventilation", "mechanical ventilation", "mech vent"),
    ("endotracheal tube", "intubation", "intubation"),
    ("arterial catheter", "arterial line placement", "a-line"),
    ("breathing support with positive", "BiPAP", "BiPAP"),
    ("continuous positive airway", "CPAP", "CPAP"),
    ("oxygen by mask", "supplemental oxygen", "O2"),
    ("oxygen at home", "home oxygen", "home O2"),
    ("nebuli", "nebulizer treatment", "neb"),
    ("intravenous fluids", "IV fluids", "IVF"),
    ("fluids into a vein", "IV fluids", "IVF"),
    ("fluid resuscitation", "fluid resuscitation", "IVF resuscitation"),
    ("transfusion", "PRBC transfusion", "PRBCs"),
    ("physical therapy", "physical therapy", "PT"),
    ("physiotherapy", "physical therapy", "PT"),
    ("cognitive and behav", "cognitive behavioral therapy", "CBT"),
    ("cognitive behav", "cognitive behavioral therapy", "CBT"),
    ("spirometry", "spirometry", "PFTs"),
    ("esophagogastroduodenoscopy", "upper endoscopy", "EGD"),
    ("external beam", "external beam radiation", "XRT"),
    ("chemotherapy", "chemotherapy", "chemo"),
    ("phq-9", "PHQ-9", "PHQ-9"),
    ("questionnaire for anxiety", "GAD-7", "GAD-7"),
    ("audit-c", "AUDIT-C", "AUDIT-C"),
    ("intensive care monitoring", "ICU monitoring", "ICU monitoring"),
    ("cardiovascular monitoring", "telemetry", "tele"),
    ("listening to the fetal heart", "fetal heart tones", "FHTs"),
    ("light therapy of the newborn", "phototherapy", "phototherapy"),
    ("suture of", "laceration repair", "lac repair"),
    ("immobili", "splinting", "splint"),
    ("electric shock to restore", "DC cardioversion", "DCCV"),
    ("comfort measures", "comfort care", "CMO"),
    ("digital rectal", "digital rectal exam", "DRE"),
    ("eye examination for diabetes", "dilated eye exam", "eye exam"),
    ("laser treatment of the retina", "laser photocoagulation", "PRP laser"),
    ("sentinel", "sentinel lymph node biopsy", "SLNB"),
    ("mastectomy", "mastectomy", "mastectomy"),
    ("kidney transplant", "kidney transplant", "kidney tx"),
    ("operation", "surgery", "surgery"),
];

/// A vaccine's name without its packaging.
fn cut_vaccine(display: &str) -> String {
    let cut = display.split(',').next().unwrap_or(display);
    cut.trim().to_owned()
}
