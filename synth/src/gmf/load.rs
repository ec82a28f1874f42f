//! Compiles module files: every name becomes a number, and everything that is wrong is said at once.
//!
//! Two passes: the first gives every state of every file its number, so that the second can resolve
//! transitions, submodules and names in any order.

use crate::gmf::expression::{Expression, Name};
use crate::gmf::model::*;
use crate::gmf::read::{Faults, Fields};
use crate::gmf::table::{Cell, Column, Row, Table};
use crate::gmf::{Error, Files, Measure, Modules, Target};
use crate::life::Vital;
use crate::person::{Race, Sex, Value};
use crate::record::{Class, Dosage, Severity, Ward};
use crate::time::{self, Time};
use crate::vocabulary::{AttributeId, CodeId, CodeList, SNOMED, Symbol, Vocabulary};
use crate::world::Season;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far the parts of a distribution may be from 1 in sum.
const SUM_TOLERANCE: f64 = 0.001;

/// Vital signs by the names modules use, whether or not the lifecycle has them yet.
const VITALS: &[&str] = &[
    "Height",
    "Weight",
    "Height Percentile",
    "Weight Percentile",
    "BMI",
    "BMI Percentile",
    "Systolic Blood Pressure",
    "Diastolic Blood Pressure",
    "Heart Rate",
    "Respiration Rate",
    "Oxygen Saturation",
    "Body Temperature",
    "Head Circumference",
    "Head Circumference Percentile",
    "Blood Glucose",
    "Glucose",
    "LDL",
    "HDL",
    "Total Cholesterol",
    "Triglycerides",
    "Creatinine",
    "EGFR",
    "Microalbumin Creatinine Ratio",
    "Urea Nitrogen",
    "Calcium",
    "Sodium",
    "Potassium",
    "Chloride",
    "Carbon Dioxide",
    "Hemoglobin",
    "Hematocrit",
    "Leukocytes",
    "Platelets",
    "Left ventricular Ejection fraction",
    "BNP",
    "Troponin",
    "Lactate",
    "C-reactive Protein",
    "INR",
    "TSH",
    "PSA",
    "Pain",
];

/// Vital signs Synthea has beyond those.
const VITALS_UNSUPPORTED: &[&str] =
    &["Pulmonary Resistance", "BMR", "VO2 Max", "Cardiac Output", "Weight Loss Percentage"];

/// Attributes the lifecycle sets.
const LIFECYCLE: &[&str] = &[
    "smoker",
    "ever_smoker",
    "alcoholic",
    "homeless",
    "veteran",
    "transportation_problem",
    "food_insecurity",
    "nursing_home",
    "risk_metabolic",
    "risk_cardiovascular",
    "risk_respiratory",
    "risk_mental",
    "risk_frailty",
    "risk_cancer",
    "risk_atopy",
    "education",
    "socioeconomic_category",
    "marital_status",
    "smoking_status",
    "income",
    "bmi_percentile",
    "stroke_risk",
    "mi_risk",
    "ihd_risk",
    "atrial_fibrillation_risk",
    "pack_years",
    "socioeconomic_score",
];

/// Keys of our states that editors and Synthea write for people, not for the engine.
const VIEW_KEYS: &[&str] = &["type", "name", "remarks", "view", "position", "comments"];

/// States of one file by name, and its number.
struct Draft<'a> {
    file: &'a str,
    path: String,
    json: Json,
    states: HashMap<String, StateId>,
}

struct Loader<'a> {
    vocabulary: &'a mut Vocabulary,
    faults: &'a RefCell<Faults>,
    tables: HashMap<&'a str, &'a [u8]>,
    paths: HashMap<String, u16>,
    /// All names of states, to tell a reference to a state from one to an attribute.
    state_names: BTreeSet<String>,
    /// Names somebody asks about.
    tracked: BTreeSet<Symbol>,
    /// Where attributes are read and set.
    reads: BTreeMap<AttributeId, BTreeSet<String>>,
    sets: BTreeMap<AttributeId, BTreeSet<String>>,
    observed: BTreeSet<CodeId>,
    /// Reasons that name no state, to be looked at once all attributes are known.
    reasons: Vec<(String, String, AttributeId)>,
    calls: Vec<(u16, u16)>,
}

/// Compiles all files.
pub(super) fn load(
    files: &Files,
    vocabulary: &mut Vocabulary,
) -> Result<(Modules, Vec<String>), Vec<Error>> {
    let faults = RefCell::new(Faults::default());
    for name in LIFECYCLE {
        vocabulary.add_attribute(name);
    }
    let mut drafts = Vec::new();
    let mut order: Vec<&(String, Vec<u8>)> = files.modules.iter().collect();
    order.sort_by(|left, right| left.0.cmp(&right.0));
    let mut next: StateId = 0;
    let fault = |file: &str, place: &str, problem: String| {
        faults.borrow_mut().errors.push(Error::Module {
            file: file.to_owned(),
            place: place.to_owned(),
            problem,
        });
    };
    for (file, bytes) in order {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let json: Json = match serde_json::from_slice(bytes) {
            Ok(json) => json,
            Err(error) => {
                fault(file, "file", format!("not JSON: {error}"));
                continue;
            }
        };
        let Some(states) = json.get("states").and_then(Json::as_object) else {
            fault(file, "states", "`states` is missing, or not an object".to_owned());
            continue;
        };
        if !states.contains_key("Initial") {
            fault(file, "states", "no state `Initial`".to_owned());
            continue;
        }
        let mut ids = HashMap::new();
        for name in states.keys() {
            ids.insert(name.clone(), next);
            next += 1;
        }
        let path = file.strip_suffix(".json").unwrap_or(file).replace('\\', "/");
        drafts.push(Draft { file, path, json, states: ids });
    }
    if drafts.len() > usize::from(u16::MAX) {
        fault("", "files", format!("{} files; at most {} are possible", drafts.len(), u16::MAX));
        drafts.truncate(usize::from(u16::MAX));
    }
    let mut loader = Loader {
        tables: files
            .tables
            .iter()
            .map(|(file, bytes)| (file.rsplit(['/', '\\']).next().unwrap_or(file), &bytes[..]))
            .collect(),
        paths: drafts.iter().enumerate().map(|(at, d)| (d.path.clone(), at as u16)).collect(),
        state_names: drafts.iter().flat_map(|draft| draft.states.keys().cloned()).collect(),
        vocabulary,
        faults: &faults,
        tracked: BTreeSet::new(),
        reads: BTreeMap::new(),
        sets: BTreeMap::new(),
        observed: BTreeSet::new(),
        reasons: Vec::new(),
        calls: Vec::new(),
    };
    let mut modules = Modules::default();
    for (at, draft) in drafts.iter().enumerate() {
        loader.machine(at as u16, draft, &mut modules);
    }
    loader.check_calls(&modules);
    loader.check_attributes(&mut modules);
    let Loader { tracked, observed, .. } = loader;
    for state in &mut modules.states {
        state.tracked = tracked.contains(&state.name);
    }
    modules.words = super::EngineWords::new(vocabulary);
    modules.observed = vec![u16::MAX; vocabulary.codes()];
    for (slot, code) in observed.into_iter().enumerate().take(usize::from(u16::MAX)) {
        modules.observed[code.0 as usize] = slot as u16;
        modules.observed_count = slot + 1;
    }
    modules.top = (0..modules.machines.len() as u16)
        .filter(|at| modules.machines[usize::from(*at)].top)
        .collect();
    let Faults { errors, warnings } = faults.into_inner();
    if errors.is_empty() { Ok((modules, warnings)) } else { Err(errors) }
}

impl<'a> Loader<'a> {
    fn machine(&mut self, at: u16, draft: &'a Draft<'a>, modules: &mut Modules) {
        let Some(fields) = Fields::new(&draft.json, draft.file, "module".to_owned(), self.faults)
        else {
            return;
        };
        fields.ignore(&["remarks", "gmf_version", "specialty", "states", "id", "view"]);
        let name = fields.need_text("name").unwrap_or(&draft.path).to_owned();
        let Some(states) = draft.json.get("states").and_then(Json::as_object) else { return };
        modules.machines.push(Machine {
            path: draft.path.as_str().into(),
            name: name.into(),
            top: !draft.path.contains('/'),
            initial: draft.states["Initial"],
        });
        for (name, json) in states {
            let symbol = self.vocabulary.add_symbol(name);
            let (kind, next) = Fields::new(json, draft.file, name.clone(), self.faults)
                .and_then(|fields| self.state(at, draft, name, fields))
                .unwrap_or((Kind::Terminal, Transition::None));
            modules.states.push(State { name: symbol, tracked: false, kind, next });
        }
        // After the states, whose displays of codes are the ones people should read.
        if let Some(list) = fields.list("targets") {
            for target in fields.objects("targets", list) {
                if let Some(target) = self.target(target, &draft.path) {
                    modules.targets.push(target);
                }
            }
        }
        fields.finish();
    }

    fn target(&mut self, fields: Fields<'a>, module: &str) -> Option<Target> {
        let name = fields.need_text("name").unwrap_or_default().to_owned();
        let system = fields.text("system").unwrap_or("SNOMED-CT");
        let system = self.vocabulary.add_system(system);
        let mut codes = Vec::new();
        for code in fields.need_list("codes").unwrap_or_default() {
            match code_text(code) {
                Some(code) => codes.push(self.vocabulary.add_code(system, &code, &name)),
                None => fields.fault("`codes` must hold texts"),
            }
        }
        let measure = match fields.need_text("measure") {
            Some("ever") => Measure::Ever,
            Some("active") => Measure::Active,
            Some("year") => Measure::Year,
            Some(other) => {
                fields.fault(format!("`measure` is \"{other}\"; ever, active or year expected"));
                Measure::Ever
            }
            None => Measure::Ever,
        };
        let ages = (
            fields.count("age_min").unwrap_or(0).min(255) as u8,
            fields.count("age_max").unwrap_or(110).min(255) as u8,
        );
        let sex = match fields.text("sex") {
            Some("F") => Some(Sex::Female),
            Some("M") => Some(Sex::Male),
            None => None,
            Some(other) => {
                fields.fault(format!("`sex` is \"{other}\"; F or M expected"));
                None
            }
        };
        let prevalence = fields.need_number("prevalence")?;
        if !(0.0..=1.0).contains(&prevalence) {
            fields.fault("`prevalence` must lie between 0 and 1");
        }
        let source = fields.need_text("source").unwrap_or_default().to_owned();
        fields.ignore(&["remarks"]);
        fields.finish();
        Some(Target { module: module.into(), name, codes, measure, ages, sex, prevalence, source })
    }

    fn state(
        &mut self,
        at: u16,
        draft: &'a Draft<'a>,
        name: &str,
        fields: Fields<'a>,
    ) -> Option<(Kind, Transition)> {
        fields.ignore(VIEW_KEYS);
        let kind = fields.need_text("type")?;
        if (name == "Initial") != (kind == "Initial") {
            fields.fault("the state named `Initial`, and no other, has the type Initial");
        }
        let alternative = fields.text("alt_direct_transition");
        let faults_before = self.faults.borrow().errors.len();
        let compiled = self.kind(at, draft, kind, &fields);
        let faults_before_transition = self.faults.borrow().errors.len();
        let next = match alternative {
            // Physiology is not supported: as in Synthea with it switched off.
            Some(target) => {
                let _ = self.transition(draft, &fields);
                self.goto(draft, &fields, target).map(Transition::Direct)
            }
            None => self.transition(draft, &fields),
        };
        let next = match (kind, next) {
            ("Terminal", None) => Transition::None,
            ("Terminal", Some(_)) => {
                fields.fault("a Terminal state has no transition");
                Transition::None
            }
            (_, Some(next)) => next,
            (_, None) => {
                if self.faults.borrow().errors.len() == faults_before_transition {
                    fields.fault("no transition");
                }
                Transition::None
            }
        };
        let compiled = compiled.unwrap_or_else(|| {
            if self.faults.borrow().errors.len() == faults_before {
                fields.fault("the state cannot be understood");
            }
            Kind::Terminal
        });
        fields.finish();
        Some((compiled, next))
    }

    fn kind(
        &mut self,
        at: u16,
        draft: &'a Draft<'a>,
        kind: &str,
        fields: &Fields<'a>,
    ) -> Option<Kind> {
        Some(match kind {
            "Initial" | "Simple" => Kind::Pass,
            "Terminal" => Kind::Terminal,
            "Physiology" => {
                fields.ignore(&[
                    "model",
                    "solver",
                    "step_size",
                    "sim_duration",
                    "lead_time",
                    "inputs",
                    "outputs",
                ]);
                fields.warn("Physiology is not supported; the state does nothing");
                Kind::Pass
            }
            "CallSubmodule" => {
                let path = fields.need_text("submodule")?;
                match self.paths.get(path) {
                    Some(machine) => {
                        self.calls.push((at, *machine));
                        Kind::Call(*machine)
                    }
                    None => {
                        fields.fault(format!("no submodule `{path}`"));
                        return None;
                    }
                }
            }
            "Delay" => {
                let time = self.duration(fields, true);
                Kind::Delay {
                    stay: fields.flag("stay"),
                    ward: self.ward(fields),
                    time: match time {
                        Some(time) => time,
                        None => {
                            fields.fault("a Delay needs `exact`, `range` or `distribution`");
                            return None;
                        }
                    },
                }
            }
            "Guard" => {
                let Some(allow) = fields.get("allow") else {
                    fields.fault("`allow` is missing");
                    return None;
                };
                let allow = self.condition(fields.within("allow", allow)?)?;
                Kind::Guard { depends: allow.depends(), allow }
            }
            "SetAttribute" => {
                let attribute = self.set_attribute_name(fields, "attribute")?;
                Kind::Set { attribute, value: self.setting(fields)? }
            }
            "Counter" => {
                let attribute = self.set_attribute_name(fields, "attribute")?;
                let amount = match fields.number("amount") {
                    Some(amount) if amount != 0.0 => amount,
                    _ => 1.0,
                };
                let amount = match fields.need_text("action") {
                    Some("increment") => amount,
                    Some("decrement") => -amount,
                    Some(other) => {
                        fields.fault(format!(
                            "`action` is \"{other}\"; increment or decrement expected"
                        ));
                        return None;
                    }
                    None => return None,
                };
                Kind::Counter { attribute, amount }
            }
            "Encounter" => self.encounter(draft, fields)?,
            "EncounterEnd" => {
                Kind::EncounterEnd { discharge: self.one_code(fields, "discharge_disposition") }
            }
            "ConditionOnset" => Kind::ConditionOnset {
                target: self.target_encounter(draft, fields),
                assign: self.assign(fields),
                codes: self.codes(fields, "codes")?,
            },
            "AllergyOnset" => self.allergy(draft, fields)?,
            "ConditionEnd" => self.ending(draft, fields, Ended::Condition, "condition_onset")?,
            "AllergyEnd" => self.ending(draft, fields, Ended::Allergy, "allergy_onset")?,
            "MedicationEnd" => self.ending(draft, fields, Ended::Medication, "medication_order")?,
            "CarePlanEnd" => self.ending(draft, fields, Ended::CarePlan, "careplan")?,
            "DeviceEnd" => self.ending(draft, fields, Ended::Device, "device")?,
            "MedicationOrder" => self.medication(fields)?,
            "CarePlanStart" => self.care_plan(fields)?,
            "Procedure" => {
                let time = match fields.object("duration") {
                    Some(object) => self.range_time(object),
                    None => self.duration(fields, false),
                };
                Kind::Procedure(Box::new(ProcedureState {
                    reason: self.reason(fields),
                    assign: self.assign(fields),
                    ward: self.ward(fields),
                    codes: self.codes(fields, "codes")?,
                    time,
                }))
            }
            "Observation" => Kind::Observation(Box::new(self.observation(fields)?)),
            "MultiObservation" => {
                let category = self.category(fields);
                let (parts, last) = self.parts(fields)?;
                let codes = self.codes(fields, "codes")?;
                Kind::Multi { codes, category, parts, last }
            }
            "DiagnosticReport" => {
                // Older files give a category here too; it means nothing.
                fields.ignore(&["category"]);
                let (parts, last) = self.parts(fields)?;
                Kind::Report { codes: self.codes(fields, "codes")?, parts, last }
            }
            "VitalSign" => {
                fields.ignore(&["unit"]);
                let vital = self.vital(fields)?;
                if self.expression(fields, "expression").is_some() {
                    fields.warn("an `expression` for a vital sign is not supported");
                    return Some(Kind::Pass);
                }
                let Some(value) = self.amount(fields) else {
                    fields.fault("a VitalSign needs `exact`, `range` or `distribution`");
                    return None;
                };
                Kind::Vital { vital, value }
            }
            "Symptom" => {
                fields.ignore(&["cause"]);
                let probability = fields.number("probability").unwrap_or(1.0);
                let symptom = fields.need_text("symptom")?;
                Kind::Symptom {
                    symptom: self.vocabulary.add_symbol(symptom),
                    probability: if (0.0..=1.0).contains(&probability) { probability } else { 1.0 },
                    value: self.amount(fields).unwrap_or(Amount::exact(0.0)),
                }
            }
            "Death" => {
                let after = self.duration(fields, false);
                let cause = if fields.get("codes").is_some() {
                    Cause::Codes(self.codes(fields, "codes")?)
                } else if let Some(state) = fields.text("condition_onset") {
                    self.known_state(draft, fields, state, "condition_onset");
                    Cause::State(self.track(state))
                } else if let Some(name) = fields.text("referenced_by_attribute") {
                    Cause::Attribute(self.read_attribute(fields, name))
                } else {
                    Cause::Unknown
                };
                fields.ignore(&["condition_onset", "referenced_by_attribute"]);
                Kind::Death { cause, after }
            }
            "ImagingStudy" => self.imaging(fields)?,
            "Device" => {
                let manufacturer = fields.text("manufacturer");
                let model = fields.text("model");
                let codes = if fields.get("codes").is_some() {
                    self.codes(fields, "codes")?
                } else {
                    let code = self.one_code(fields, "code");
                    let Some(code) = code else {
                        fields.fault("`code` is missing");
                        return None;
                    };
                    self.vocabulary.add_list(&[code])
                };
                let maker = (manufacturer.is_some() || model.is_some()).then(|| {
                    (
                        self.vocabulary.add_symbol(manufacturer.unwrap_or_default()),
                        self.vocabulary.add_symbol(model.unwrap_or_default()),
                    )
                });
                Kind::Device { codes, maker, assign: self.assign(fields) }
            }
            "SupplyList" => {
                let list = fields.need_list("supplies")?;
                let mut supplies = Vec::new();
                for item in fields.objects("supplies", list) {
                    let quantity = item.count("quantity").unwrap_or(1);
                    if let Some(code) = self.one_code(&item, "code") {
                        supplies.push((self.vocabulary.add_list(&[code]), quantity));
                    } else {
                        item.fault("`code` is missing");
                    }
                    item.finish();
                }
                Kind::Supplies(supplies.into())
            }
            "Vaccine" => Kind::Vaccine {
                dose: fields.count("series").unwrap_or(1).clamp(1, 255) as u8,
                codes: self.codes(fields, "codes")?,
            },
            other => {
                fields.fault(format!("unknown type of state \"{other}\""));
                return None;
            }
        })
    }

    fn encounter(&mut self, draft: &'a Draft<'a>, fields: &Fields<'a>) -> Option<Kind> {
        let _ = draft;
        let reason = self.reason(fields);
        let telemedicine = match fields.text("telemedicine_possibility") {
            None | Some("none" | "possible") => false,
            Some("always") => true,
            Some(other) => {
                fields.fault(format!(
                    "`telemedicine_possibility` is \"{other}\"; none, possible or always expected"
                ));
                false
            }
        };
        if fields.flag("wellness") {
            fields.ignore(&["encounter_class", "codes"]);
            return Some(Kind::Wellness { reason });
        }
        let class = fields.need_text("encounter_class")?;
        let Some(class) = Class::of_name(class) else {
            fields.fault(format!("unknown `encounter_class` \"{class}\""));
            return None;
        };
        let acuity = fields.count("acuity").map(|acuity| {
            if !(1..=5).contains(&acuity) {
                fields.fault("`acuity` must be 1 to 5");
            }
            acuity.clamp(1, 5) as u8
        });
        Some(Kind::Encounter(Box::new(EncounterState {
            class: if telemedicine { Class::Virtual } else { class },
            ward: self.ward(fields),
            codes: self.codes(fields, "codes")?,
            reason,
            acuity,
        })))
    }

    fn allergy(&mut self, draft: &'a Draft<'a>, fields: &Fields<'a>) -> Option<Kind> {
        let intolerance = match fields.text("allergy_type") {
            None | Some("allergy") => false,
            Some("intolerance") => true,
            Some(other) => {
                fields.fault(format!(
                    "`allergy_type` is \"{other}\"; allergy or intolerance expected"
                ));
                false
            }
        };
        let category = match fields.text("category") {
            None | Some("environment") => "environment",
            Some("food") => "food",
            Some("medication" | "drug") => "medication",
            Some("biologic") => "biologic",
            Some(other) => {
                fields.fault(format!("unknown `category` \"{other}\""));
                "environment"
            }
        };
        let mut reactions = Vec::new();
        let list = fields.list("reactions").unwrap_or_default();
        for item in fields.objects("reactions", list) {
            let reaction = self.one_code(&item, "reaction");
            let mut severities = Vec::new();
            let mut sum = 0.0;
            let list = item.need_list("possible_severities").unwrap_or_default();
            for severity in item.objects("possible_severities", list) {
                let level = match severity.text("level").or_else(|| severity.text("severity")) {
                    Some(level) => match level.to_ascii_lowercase().as_str() {
                        "mild" => Some(Severity::Mild),
                        "moderate" => Some(Severity::Moderate),
                        "severe" => Some(Severity::Severe),
                        "none" => None,
                        other => {
                            severity.fault(format!("unknown `level` \"{other}\""));
                            None
                        }
                    },
                    None => None,
                };
                let value = severity.need_number("value").unwrap_or(0.0);
                sum += value;
                severities.push((level, value));
                severity.finish();
            }
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                item.fault(format!("`possible_severities` sum to {sum}, not 1"));
            }
            match reaction {
                Some(reaction) => reactions.push((reaction, severities.into())),
                None => item.fault("`reaction` is missing"),
            }
            item.finish();
        }
        Some(Kind::AllergyOnset(Box::new(AllergyState {
            target: self.target_encounter(draft, fields),
            assign: self.assign(fields),
            codes: self.codes(fields, "codes")?,
            intolerance,
            category,
            reactions: reactions.into(),
        })))
    }

    fn medication(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let mut dosage = None;
        let mut supply = None;
        if let Some(prescription) = fields.object("prescription") {
            let as_needed = prescription.flag("as_needed");
            let instructions = match prescription.list("instructions") {
                Some(list) => prescription
                    .objects("instructions", list)
                    .into_iter()
                    .filter_map(|code| self.code(code))
                    .collect(),
                None => Vec::new(),
            };
            let days = prescription.object("duration").and_then(|duration| {
                let quantity = duration.need_number("quantity");
                let unit = duration.need_text("unit").and_then(|unit| seconds(&duration, unit));
                duration.finish();
                Some((quantity? * unit? as f64 / time::DAY as f64).clamp(0.0, 36_500.0) as u32)
            });
            let refills = prescription.count("refills");
            if days.is_some() || refills.is_some() {
                supply = Some((days.unwrap_or(30), refills.unwrap_or(0)));
            }
            let given = prescription.object("dosage").map(|given| {
                let amount = given.number("amount").unwrap_or(0.0);
                let frequency = given.number("frequency").unwrap_or(1.0);
                let period = given.number("period").unwrap_or(1.0);
                let unit = match given.text("unit") {
                    Some("seconds" | "second") => "s",
                    Some("minutes" | "minute") => "min",
                    Some("hours" | "hour") => "h",
                    Some("weeks" | "week") => "wk",
                    Some("months" | "month") => "mo",
                    Some("years" | "year") => "a",
                    None | Some("days" | "day") => "d",
                    Some(other) => {
                        given.fault(format!("unknown unit \"{other}\""));
                        "d"
                    }
                };
                given.finish();
                (amount, frequency, period, unit)
            });
            if given.is_some() || as_needed || !instructions.is_empty() {
                let (amount, frequency, period, period_unit) =
                    given.unwrap_or((0.0, 0.0, 0.0, "d"));
                dosage = Some(Dosage {
                    amount,
                    frequency,
                    period,
                    period_unit,
                    as_needed,
                    instructions,
                });
            }
            prescription.finish();
        }
        Some(Kind::MedicationOrder(Box::new(MedicationState {
            reason: self.reason(fields),
            assign: self.assign(fields),
            chronic: fields.flag("chronic"),
            administered: fields.flag("administration"),
            codes: self.codes(fields, "codes")?,
            dosage,
            supply,
        })))
    }

    fn care_plan(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let activities = match fields.list("activities") {
            Some(list) => fields
                .objects("activities", list)
                .into_iter()
                .filter_map(|code| self.code(code))
                .collect(),
            None => Vec::new(),
        };
        let mut goals = Vec::new();
        for goal in fields.objects("goals", fields.list("goals").unwrap_or_default()) {
            goal.ignore(&["addresses"]);
            let mut text = goal.text("text").map(str::to_owned);
            if let Some(observation) = goal.object("observation") {
                let codes = self.codes(&observation, "codes");
                let operator = observation.text("operator").unwrap_or_default().to_owned();
                let value = observation.get("value").map(|value| match value {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                });
                observation.ignore(&["unit", "value_code"]);
                if let (None, Some(codes)) = (&text, codes) {
                    let what = &self.vocabulary.first(codes).display;
                    text = Some(
                        format!("{what} {operator} {}", value.unwrap_or_default())
                            .trim()
                            .to_owned(),
                    );
                }
                observation.finish();
            }
            match text {
                Some(text) => goals.push(self.vocabulary.add_symbol(&text)),
                None => goal.fault("a goal needs `text` or `observation`"),
            }
            goal.finish();
        }
        Some(Kind::CarePlanStart(Box::new(CarePlanState {
            reason: self.reason(fields),
            assign: self.assign(fields),
            codes: self.codes(fields, "codes")?,
            activities: activities.into(),
            goals: goals.into(),
        })))
    }

    fn imaging(&mut self, fields: &Fields<'a>) -> Option<Kind> {
        let procedure = self.one_code(fields, "procedure_code");
        let count = self.bounds(fields, "min_number_series", "max_number_series");
        let list = fields.need_list("series")?;
        let mut series = Vec::new();
        for item in fields.objects("series", list) {
            item.ignore(&["dicom_uid"]);
            let body_site = self.one_code(&item, "body_site");
            let modality = self.one_code(&item, "modality");
            let count = self.bounds(&item, "min_number_instances", "max_number_instances");
            let mut instances = Vec::new();
            let list = item.need_list("instances").unwrap_or_default();
            for instance in item.objects("instances", list) {
                instance.ignore(&["dicom_uid"]);
                let title = instance.text("title").unwrap_or_default().to_owned();
                match self.one_code(&instance, "sop_class") {
                    Some(class) => instances.push((self.vocabulary.add_symbol(&title), class)),
                    None => instance.fault("`sop_class` is missing"),
                }
                instance.finish();
            }
            match (body_site, modality) {
                (Some(body_site), Some(modality)) => series.push(SeriesState {
                    body_site,
                    modality,
                    instances: instances.into(),
                    count,
                }),
                _ => item.fault("`body_site` or `modality` is missing"),
            }
            item.finish();
        }
        let Some(procedure) = procedure else {
            fields.fault("`procedure_code` is missing");
            return None;
        };
        Some(Kind::Imaging(Box::new(ImagingState {
            procedure: self.vocabulary.add_list(&[procedure]),
            series: series.into(),
            count,
        })))
    }

    fn bounds(&self, fields: &Fields<'a>, low: &'static str, high: &'static str) -> (u32, u32) {
        let (low, high) = (fields.count(low).unwrap_or(0), fields.count(high).unwrap_or(0));
        // As in Synthea: without a minimum the list stands as it is.
        if low > 0 && high >= low { (low.min(500), high.min(500)) } else { (0, 0) }
    }

    fn parts(&mut self, fields: &Fields<'a>) -> Option<(Box<[ObservationState]>, u32)> {
        let last = fields.count("number_of_observations").unwrap_or(0);
        let mut parts = Vec::new();
        let list = fields.list("observations").unwrap_or_default();
        for part in fields.objects("observations", list) {
            part.ignore(VIEW_KEYS);
            if let Some(observation) = self.observation(&part) {
                parts.push(observation);
            }
            part.finish();
        }
        if list.is_empty() && last == 0 {
            fields.fault("`observations` is missing or empty");
            return None;
        }
        Some((parts.into(), if list.is_empty() { last } else { 0 }))
    }

    fn category(&self, fields: &Fields<'a>) -> &'static str {
        match fields.text("category") {
            Some("vital-signs") => "vital-signs",
            Some("survey") => "survey",
            Some("social-history") => "social-history",
            Some("imaging") => "imaging",
            Some("exam") => "exam",
            Some("procedure") => "procedure",
            Some("therapy") => "therapy",
            Some("activity") => "activity",
            None | Some("laboratory") => "laboratory",
            Some(other) => {
                fields.fault(format!("unknown `category` \"{other}\""));
                "laboratory"
            }
        }
    }

    fn observation(&mut self, fields: &Fields<'a>) -> Option<ObservationState> {
        let category = self.category(fields);
        let unit = fields.text("unit");
        let mut values = Vec::new();
        for key in ["sampled_data", "attachment"] {
            if fields.get(key).is_some() {
                fields.warn(format!("`{key}` is not supported; the observation has no value"));
                values.push(Observed::Nothing);
            }
        }
        if let Some(vital) = fields.get("vital_sign").and_then(|_| self.vital(fields)) {
            values.push(Observed::Vital(vital));
        }
        if let Some(name) = fields.text("attribute") {
            values.push(Observed::From(self.source(fields, name)));
        }
        if let Some(code) = self.one_code(fields, "value_code") {
            values.push(Observed::Code(code));
        }
        let text = fields.object("exact").and_then(|exact| {
            let value = match exact.get("quantity")? {
                Json::String(text) => Observed::Text(self.vocabulary.add_symbol(text)),
                Json::Bool(truth) => Observed::Bool(*truth),
                _ => return None,
            };
            exact.ignore(&["unit"]);
            exact.finish();
            Some(value)
        });
        match text {
            Some(text) => values.push(text),
            None => values.extend(self.amount(fields).map(Observed::Amount)),
        }
        if fields.get("expression").is_some() {
            values.push(
                self.expression(fields, "expression")
                    .map_or(Observed::Nothing, Observed::Expression),
            );
        }
        if values.len() > 1 {
            fields.fault("more than one kind of value");
        }
        let value = match values.pop() {
            Some(value) => value,
            None => {
                fields.warn("an observation without a value");
                Observed::Nothing
            }
        };
        Some(ObservationState {
            codes: self.codes(fields, "codes")?,
            unit: self.vocabulary.add_symbol(unit.unwrap_or_default()),
            category,
            value,
        })
    }

    fn setting(&mut self, fields: &Fields<'a>) -> Option<Setting> {
        fields.ignore(&["period"]);
        let amount = self.amount(fields);
        let code = self.one_code(fields, "value_code");
        let other = fields.text("value_attribute");
        let value = fields.get("value");
        if fields.get("series_data").is_some() {
            fields.warn("`series_data` is not supported; the attribute is unset");
            return Some(Setting::Value(Value::Unset));
        }
        if fields.get("expression").is_some() {
            return Some(match self.expression(fields, "expression") {
                Some(expression) => Setting::Expression(expression),
                None => Setting::Value(Value::Unset),
            });
        }
        if let Some(amount) = amount {
            return Some(Setting::Amount(amount));
        }
        if let Some(code) = code {
            self.vocabulary.add_list(&[code]);
            return Some(Setting::Value(Value::Code(code)));
        }
        if let Some(other) = other {
            return Some(Setting::From(self.source(fields, other)));
        }
        Some(Setting::Value(match value {
            None => Value::Unset,
            Some(Json::Bool(truth)) => Value::Bool(*truth),
            Some(Json::String(text)) => Value::Text(self.vocabulary.add_symbol(text)),
            Some(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or(0.0)),
            Some(_) => {
                fields.fault("`value` must be a truth value, a number or text");
                return None;
            }
        }))
    }

    /// `exact`, `range` or `distribution` as a number.
    fn amount(&mut self, fields: &Fields<'a>) -> Option<Amount> {
        if let Some(exact) = fields.object("exact") {
            exact.ignore(&["unit"]);
            let quantity = exact.need_number("quantity");
            exact.finish();
            return quantity.map(Amount::exact);
        }
        if let Some(range) = fields.object("range") {
            range.ignore(&["unit"]);
            return self.range(range);
        }
        let distribution = fields.object("distribution")?;
        self.distribution(distribution)
    }

    fn range(&self, range: Fields<'a>) -> Option<Amount> {
        let (low, high) = (range.need_number("low"), range.need_number("high"));
        let decimals = range.count("decimals").map(|decimals| decimals.min(12) as u8);
        let (low, high) = match (low, high) {
            (Some(low), Some(high)) if low <= high => (low, high),
            (Some(low), Some(high)) => {
                range.fault(format!("`low` {low} lies above `high` {high}"));
                (high, low)
            }
            _ => {
                range.finish();
                return None;
            }
        };
        range.finish();
        Some(Amount { distribution: Distribution::Uniform { low, high }, round: false, decimals })
    }

    fn distribution(&self, fields: Fields<'a>) -> Option<Amount> {
        let round = fields.flag("round");
        let kind = fields.need_text("kind");
        let parameters = fields.object("parameters");
        if parameters.is_none() {
            fields.fault("`parameters` is missing");
        }
        let (kind, parameters) = match (kind, parameters) {
            (Some(kind), Some(parameters)) => (kind, parameters),
            _ => {
                fields.finish();
                return None;
            }
        };
        let get = |key| parameters.need_number(key);
        let clamp = || {
            (
                parameters.number("min").unwrap_or(f64::NEG_INFINITY),
                parameters.number("max").unwrap_or(f64::INFINITY),
            )
        };
        let distribution = match kind {
            "EXACT" => get("value").map(Distribution::Exact),
            "UNIFORM" => match (get("low"), get("high")) {
                (Some(low), Some(high)) if low <= high => Some(Distribution::Uniform { low, high }),
                (Some(_), Some(_)) => {
                    parameters.fault("`low` lies above `high`");
                    None
                }
                _ => None,
            },
            "GAUSSIAN" => {
                let (min, max) = clamp();
                match (get("mean"), get("standardDeviation")) {
                    (Some(mean), Some(deviation)) if deviation >= 0.0 && min <= max => {
                        Some(Distribution::Gaussian { mean, deviation, min, max })
                    }
                    (Some(_), Some(_)) => {
                        parameters.fault("`standardDeviation` is below 0, or `min` above `max`");
                        None
                    }
                    _ => None,
                }
            }
            "EXPONENTIAL" => match get("mean") {
                Some(mean) if mean > 0.0 => Some(Distribution::Exponential { mean }),
                Some(_) => {
                    parameters.fault("`mean` must be above 0");
                    None
                }
                None => None,
            },
            "TRIANGULAR" => match (get("min"), get("mode"), get("max")) {
                (Some(min), Some(mode), Some(max)) if min <= mode && mode <= max => {
                    Some(Distribution::Triangular { min, mode, max })
                }
                (Some(_), Some(_), Some(_)) => {
                    parameters.fault("`min`, `mode` and `max` must be in this order");
                    None
                }
                _ => None,
            },
            "LOGNORMAL" => {
                let (min, max) = clamp();
                match (get("median"), get("sigma")) {
                    (Some(median), Some(sigma)) if median > 0.0 && sigma >= 0.0 && min <= max => {
                        Some(Distribution::LogNormal { median, sigma, min, max })
                    }
                    (Some(_), Some(_)) => {
                        parameters.fault("`median` must be above 0 and `sigma` not below 0");
                        None
                    }
                    _ => None,
                }
            }
            other => {
                fields.fault(format!("unknown `kind` of distribution \"{other}\""));
                // Its parameters are as unknown; one fault is enough.
                return None;
            }
        };
        parameters.finish();
        fields.finish();
        Some(Amount { distribution: distribution?, round, decimals: None })
    }

    /// `exact` or `range` with their own unit, or `distribution` beside `unit`.
    fn duration(&mut self, fields: &Fields<'a>, needed: bool) -> Option<Duration> {
        let unit = fields.text("unit");
        if let Some(exact) = fields.object("exact") {
            let quantity = exact.need_number("quantity");
            let unit = exact.need_text("unit").and_then(|unit| seconds(&exact, unit));
            exact.finish();
            return Some(Duration { amount: Amount::exact(quantity?), unit_seconds: unit? });
        }
        if let Some(range) = fields.object("range") {
            return self.range_time(range);
        }
        let Some(distribution) = fields.object("distribution") else {
            let _ = needed;
            return None;
        };
        let amount = self.distribution(distribution);
        let Some(unit) = unit else {
            fields.fault("`unit` is missing beside `distribution`");
            return None;
        };
        Some(Duration { unit_seconds: seconds(fields, unit)?, amount: amount? })
    }

    fn range_time(&self, range: Fields<'a>) -> Option<Duration> {
        let unit = range.need_text("unit").and_then(|unit| seconds(&range, unit));
        let amount = self.range(range);
        Some(Duration { amount: amount?, unit_seconds: unit? })
    }

    fn expression(&mut self, fields: &Fields<'a>, key: &'static str) -> Option<Expression> {
        let text = fields.text(key)?;
        let expression = Expression::parse(text, &mut |name| match Vital::of_name(name) {
            Some(vital) => Name::Vital(vital),
            None => Name::Source(self.source(fields, name)),
        });
        if expression.is_none() {
            fields.warn(format!("`{key}` is not supported: {text}"));
        }
        expression
    }

    /// The outer option: a fault; the inner: a vital sign the lifecycle does not have.
    fn vital(&mut self, fields: &Fields<'a>) -> Option<Option<Vital>> {
        let name = fields.need_text("vital_sign")?;
        // Synthea compares these names without regard to case.
        match VITALS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => Some(Vital::of_name(known)),
            None if VITALS_UNSUPPORTED.contains(&name) => {
                fields.warn(format!("vital sign \"{name}\" is not supported; it has no value"));
                Some(None)
            }
            None => {
                fields.fault(format!("unknown vital sign \"{name}\""));
                None
            }
        }
    }

    fn ward(&self, fields: &Fields<'a>) -> Option<Ward> {
        let name = fields.text("ward")?;
        let ward = Ward::of_name(name);
        if ward.is_none() {
            fields.fault(format!("unknown `ward` \"{name}\""));
        }
        ward
    }

    fn ending(
        &mut self,
        draft: &Draft<'a>,
        fields: &Fields<'a>,
        what: Ended,
        state_key: &'static str,
    ) -> Option<Kind> {
        let state = fields.text(state_key);
        let attribute = fields.text("referenced_by_attribute");
        let by = if let Some(state) = state {
            self.known_state(draft, fields, state, state_key);
            fields.ignore(&["codes"]);
            By::State(self.vocabulary.add_symbol(state))
        } else if let Some(name) = attribute {
            fields.ignore(&["codes"]);
            By::Attribute(self.read_attribute(fields, name))
        } else if fields.get("codes").is_some() || fields.get("code").is_none() {
            By::Codes(self.vocabulary_list(fields)?)
        } else {
            By::Codes([self.one_code(fields, "code")?].into())
        };
        Some(Kind::End { what, by })
    }

    fn vocabulary_list(&mut self, fields: &Fields<'a>) -> Option<Box<[CodeId]>> {
        let list = self.codes(fields, "codes")?;
        Some(self.vocabulary.list(list).into())
    }

    fn known_state(&self, draft: &Draft<'a>, fields: &Fields<'a>, name: &str, key: &str) {
        if !draft.states.contains_key(name) {
            if self.state_names.contains(name) {
                // A state of a submodule, or of the module that calls this one.
                return;
            }
            fields.fault(format!("`{key}` names no state: `{name}`"));
        }
    }

    fn target_encounter(&mut self, draft: &Draft<'a>, fields: &Fields<'a>) -> Option<Symbol> {
        let name = fields.text("target_encounter")?;
        self.known_state(draft, fields, name, "target_encounter");
        Some(self.vocabulary.add_symbol(name))
    }

    fn track(&mut self, name: &str) -> Symbol {
        let symbol = self.vocabulary.add_symbol(name);
        self.tracked.insert(symbol);
        symbol
    }

    fn reason(&mut self, fields: &Fields<'a>) -> Option<Reason> {
        let name = fields.text("reason")?;
        let state = self.track(name);
        let attribute = self.vocabulary.find_attribute(name);
        let attribute = if self.state_names.contains(name) {
            attribute
        } else {
            let id = self.read_attribute(fields, name);
            self.reasons.push((fields.file().to_owned(), fields.place().to_owned(), id));
            Some(id)
        };
        Some(Reason { attribute, state })
    }

    fn assign(&mut self, fields: &Fields<'a>) -> Option<AttributeId> {
        let name = fields.text("assign_to_attribute")?;
        let id = self.vocabulary.add_attribute(name);
        self.sets.entry(id).or_default().insert(fields.file().to_owned());
        Some(id)
    }

    fn set_attribute_name(
        &mut self,
        fields: &Fields<'a>,
        key: &'static str,
    ) -> Option<AttributeId> {
        let name = fields.need_text(key)?;
        if let Source::Season(_) = self.special(name) {
            fields.fault(format!("`{name}` is computed and cannot be set"));
            return None;
        }
        let id = self.vocabulary.add_attribute(name);
        self.sets.entry(id).or_default().insert(fields.file().to_owned());
        Some(id)
    }

    fn read_attribute(&mut self, fields: &Fields<'a>, name: &str) -> AttributeId {
        let id = self.vocabulary.add_attribute(name);
        self.reads.entry(id).or_default().insert(fields.file().to_owned());
        id
    }

    fn special(&mut self, name: &str) -> Source {
        match name {
            "season_influenza" => Source::Season(Season::Influenza),
            "season_respiratory" => Source::Season(Season::Respiratory),
            "season_covid" => Source::Season(Season::Covid),
            "season_injury" => Source::Season(Season::Injury),
            "season_heat" => Source::Season(Season::Heat),
            "age" => Source::Age,
            "gender" => Source::Gender,
            "race" => Source::Race,
            "ethnicity" => Source::Ethnicity,
            "state" => Source::State,
            "city" => Source::City,
            _ => Source::Attribute(AttributeId(u16::MAX)),
        }
    }

    fn source(&mut self, fields: &Fields<'a>, name: &str) -> Source {
        match self.special(name) {
            Source::Attribute(_) => Source::Attribute(self.read_attribute(fields, name)),
            special => special,
        }
    }

    fn code(&mut self, fields: Fields<'a>) -> Option<CodeId> {
        fields.ignore(&["value_set", "version"]);
        let system = fields.need_text("system");
        let code = fields.get("code").and_then(code_text);
        if code.is_none() {
            fields.fault("`code` is missing, or neither text nor a whole number");
        }
        let display = fields.text("display").unwrap_or_default().to_owned();
        fields.finish();
        let system = self.vocabulary.add_system(system?);
        Some(self.vocabulary.add_code(system, &code?, &display))
    }

    fn one_code(&mut self, fields: &Fields<'a>, key: &'static str) -> Option<CodeId> {
        let object = fields.object(key)?;
        self.code(object)
    }

    fn codes(&mut self, fields: &Fields<'a>, key: &'static str) -> Option<CodeList> {
        let list = fields.need_list(key)?;
        let objects = fields.objects(key, list);
        let codes: Vec<CodeId> = objects.into_iter().filter_map(|code| self.code(code)).collect();
        // Faults in single codes were reported above; an empty list would break a promise.
        if codes.is_empty() { None } else { Some(self.vocabulary.add_list(&codes)) }
    }

    fn goto(&self, draft: &Draft<'a>, fields: &Fields<'a>, name: &str) -> Option<StateId> {
        let id = draft.states.get(name).copied();
        if id.is_none() {
            fields.fault(format!("transition to `{name}`, which is no state of this file"));
        }
        id
    }

    fn transition(&mut self, draft: &'a Draft<'a>, fields: &Fields<'a>) -> Option<Transition> {
        const KINDS: [&str; 6] = [
            "direct_transition",
            "conditional_transition",
            "distributed_transition",
            "complex_transition",
            "lookup_table_transition",
            "type_of_care_transition",
        ];
        let found: Vec<&str> =
            KINDS.iter().copied().filter(|key| fields.get(key).is_some()).collect();
        if found.len() > 1 {
            fields.fault(format!("more than one transition: {}", found.join(", ")));
        }
        match *found.first()? {
            "direct_transition" => {
                let name = fields.text("direct_transition")?;
                self.goto(draft, fields, name).map(Transition::Direct)
            }
            "conditional_transition" => {
                let list = fields.need_list("conditional_transition")?;
                let mut options = Vec::new();
                for option in fields.objects("conditional_transition", list) {
                    let condition = self.optional_condition(&option);
                    let to = option
                        .need_text("transition")
                        .and_then(|name| self.goto(draft, &option, name));
                    options.extend(to.map(|to| (condition, to)));
                    option.ignore(&["remarks"]);
                    option.finish();
                }
                self.no_dead_end(fields, &options)?;
                Some(Transition::Conditional(options.into()))
            }
            "distributed_transition" => {
                let list = fields.need_list("distributed_transition")?;
                let shares = self.shares(draft, fields, "distributed_transition", list)?;
                Some(Transition::Distributed(shares))
            }
            "complex_transition" => {
                let list = fields.need_list("complex_transition")?;
                let mut options = Vec::new();
                for option in fields.objects("complex_transition", list) {
                    let condition = self.optional_condition(&option);
                    let branch = if let Some(name) = option.text("transition") {
                        self.goto(draft, &option, name).map(Branch::To)
                    } else if let Some(list) = option.need_list("distributions") {
                        self.shares(draft, &option, "distributions", list).map(Branch::Shares)
                    } else {
                        None
                    };
                    options.extend(branch.map(|branch| (condition, branch)));
                    option.ignore(&["remarks", "distributions"]);
                    option.finish();
                }
                self.no_dead_end(fields, &options)?;
                Some(Transition::Complex(options.into()))
            }
            "lookup_table_transition" => {
                let list = fields.need_list("lookup_table_transition")?;
                self.table(draft, fields, list).map(|table| Transition::Table(Box::new(table)))
            }
            _ => {
                let care = fields.object("type_of_care_transition")?;
                let to = |key: &'static str| {
                    care.need_text(key).and_then(|name| self.goto(draft, &care, name))
                };
                let (ambulatory, emergency, telemedicine) =
                    (to("ambulatory"), to("emergency"), to("telemedicine"));
                care.finish();
                Some(Transition::TypeOfCare {
                    ambulatory: ambulatory?,
                    emergency: emergency?,
                    telemedicine: telemedicine?,
                })
            }
        }
    }

    fn no_dead_end<T>(&self, fields: &Fields<'a>, options: &[T]) -> Option<()> {
        if options.is_empty() {
            fields.fault("no option of the transition is valid");
            return None;
        }
        Some(())
    }

    fn optional_condition(&mut self, option: &Fields<'a>) -> Option<Condition> {
        let condition = option.get("condition")?;
        // A faulty condition has been reported; the files are refused anyway.
        Some(
            option
                .within("condition", condition)
                .and_then(|fields| self.condition(fields))
                .unwrap_or(Condition::False),
        )
    }

    fn shares(
        &mut self,
        draft: &'a Draft<'a>,
        fields: &Fields<'a>,
        key: &'static str,
        list: &'a [Json],
    ) -> Option<Box<[Share]>> {
        let mut shares = Vec::new();
        let mut sum = 0.0;
        let mut open = false;
        for option in fields.objects(key, list) {
            let to =
                option.need_text("transition").and_then(|name| self.goto(draft, &option, name));
            let probability = match option.get("distribution") {
                Some(Json::Object(_)) => {
                    open = true;
                    option.object("distribution").and_then(|named| {
                        let source =
                            named.need_text("attribute").map(|name| self.source(&named, name));
                        let default = named.need_number("default");
                        let times = named.number("times").unwrap_or(1.0);
                        named.finish();
                        Some(Probability::From { source: source?, default: default?, times })
                    })
                }
                _ => option.need_number("distribution").map(|share| {
                    if !(0.0..=1.0 + SUM_TOLERANCE).contains(&share) {
                        option.fault(format!("`distribution` is {share}, not between 0 and 1"));
                    }
                    sum += share;
                    Probability::Fixed(share)
                }),
            };
            option.ignore(&["remarks"]);
            option.finish();
            if let (Some(probability), Some(to)) = (probability, to) {
                shares.push(Share { probability, to });
            }
        }
        if !open && (sum - 1.0).abs() > SUM_TOLERANCE {
            fields.fault(format!("`{key}` sums to {sum}, not 1"));
        }
        self.no_dead_end(fields, &shares)?;
        Some(shares.into())
    }

    fn condition(&mut self, fields: Fields<'a>) -> Option<Condition> {
        fields.ignore(&["remarks", "comments"]);
        let kind = fields.need_text("condition_type")?;
        let condition = self.condition_of(kind, &fields);
        fields.finish();
        condition
    }

    fn operator(&self, fields: &Fields<'a>) -> Option<Operator> {
        let name = fields.need_text("operator")?;
        let operator = Operator::of_name(name);
        if operator.is_none() {
            fields.fault(format!("unknown `operator` \"{name}\""));
        }
        operator
    }

    fn numeric_operator(&self, fields: &Fields<'a>) -> Option<Operator> {
        let operator = self.operator(fields)?;
        if matches!(operator, Operator::Nil | Operator::NotNil) {
            fields.fault("this condition compares numbers; `is nil` makes no sense");
            return None;
        }
        Some(operator)
    }

    fn against(&mut self, fields: &Fields<'a>, operator: Operator) -> Option<Against> {
        if let Some(code) = self.one_code(fields, "value_code") {
            fields.ignore(&["value"]);
            return Some(Against::Code(code));
        }
        let value = match fields.get("value") {
            None if matches!(operator, Operator::Nil | Operator::NotNil) => Against::Nothing,
            None => {
                fields.fault("`value` is missing");
                return None;
            }
            Some(Json::Number(number)) => Against::Number(number.as_f64().unwrap_or(0.0)),
            Some(Json::Bool(truth)) => Against::Bool(*truth),
            Some(Json::String(text)) => Against::Text(self.vocabulary.add_symbol(text)),
            Some(_) => {
                fields.fault("`value` must be a truth value, a number or text");
                return None;
            }
        };
        let ordered = matches!(
            operator,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual
        );
        if ordered && !matches!(value, Against::Number(_)) {
            fields.fault("only numbers can be compared by size");
        }
        Some(value)
    }

    fn several(&mut self, fields: &Fields<'a>) -> Option<Box<[Condition]>> {
        let list = fields.need_list("conditions")?;
        let mut all = Vec::new();
        for part in fields.objects("conditions", list) {
            all.extend(self.condition(part));
        }
        (all.len() == list.len()).then(|| all.into())
    }

    fn active(&mut self, fields: &Fields<'a>, what: Ended) -> Option<Condition> {
        let by = match fields.text("referenced_by_attribute") {
            Some(name) if fields.get("codes").is_none() => {
                By::Attribute(self.read_attribute(fields, name))
            }
            _ => By::Codes(self.vocabulary_list(fields)?),
        };
        Some(Condition::Active { what, by })
    }

    fn condition_of(&mut self, kind: &str, fields: &Fields<'a>) -> Option<Condition> {
        Some(match kind {
            "True" => Condition::True,
            "False" => Condition::False,
            "Gender" => match fields.need_text("gender")? {
                "F" | "female" => Condition::Gender(Sex::Female),
                "M" | "male" => Condition::Gender(Sex::Male),
                other => {
                    fields.fault(format!("unknown `gender` \"{other}\""));
                    return None;
                }
            },
            "Age" => {
                let operator = self.numeric_operator(fields);
                let quantity = fields.need_number("quantity");
                let unit = match fields.need_text("unit")? {
                    "years" | "year" => AgeUnit::Years,
                    "months" | "month" => AgeUnit::Months,
                    "weeks" | "week" => AgeUnit::Weeks,
                    "days" | "day" => AgeUnit::Days,
                    other => {
                        fields.fault(format!("unknown `unit` of age \"{other}\""));
                        return None;
                    }
                };
                Condition::Age { operator: operator?, quantity: quantity?, unit }
            }
            "Date" => {
                let operator = self.numeric_operator(fields);
                let (year, month) = (fields.number("year"), fields.number("month"));
                let date = fields.object("date").and_then(|date| {
                    let parts: Vec<Option<f64>> =
                        ["year", "month", "day", "hour", "minute", "second", "millisecond"]
                            .into_iter()
                            .map(|key| date.number(key))
                            .collect();
                    date.finish();
                    let whole = |at: usize, default: f64| parts[at].unwrap_or(default) as i64;
                    let year = parts[0]?.clamp(1.0, 9_999.0) as i32;
                    let (month, day) = (whole(1, 1.0).clamp(1, 12), whole(2, 1.0).clamp(1, 31));
                    Some(
                        Time::of_date(year, month as u32, day as u32)
                            .plus(whole(3, 0.0).clamp(0, 23) * time::HOUR)
                            .plus(whole(4, 0.0).clamp(0, 59) * time::MINUTE)
                            .plus(whole(5, 0.0).clamp(0, 59)),
                    )
                });
                match (year, month, date) {
                    (Some(year), None, None) => Condition::Year { operator: operator?, year },
                    (None, Some(month), None) => Condition::Month { operator: operator?, month },
                    (None, None, Some(date)) => Condition::Date { operator: operator?, date },
                    _ => {
                        fields.fault("a Date needs one of `year`, `month` and `date`");
                        return None;
                    }
                }
            }
            "Socioeconomic Status" => {
                let category = fields.need_text("category")?;
                if !["High", "Middle", "Low"].contains(&category) {
                    fields.fault(format!("unknown `category` \"{category}\""));
                }
                Condition::Socioeconomic {
                    attribute: self.vocabulary.add_attribute("socioeconomic_category"),
                    category: self.vocabulary.add_symbol(category),
                }
            }
            "Race" => {
                Condition::Race(match fields.need_text("race")?.to_ascii_lowercase().as_str() {
                    "white" => RaceTest::Race(Race::White),
                    "black" => RaceTest::Race(Race::Black),
                    "asian" => RaceTest::Race(Race::Asian),
                    "native" => RaceTest::Race(Race::Native),
                    "hawaiian" | "pacific" => RaceTest::Race(Race::Pacific),
                    "other" => RaceTest::Race(Race::Other),
                    "hispanic" => RaceTest::Hispanic,
                    other => {
                        fields.fault(format!("unknown `race` \"{other}\""));
                        return None;
                    }
                })
            }
            "Symptom" => {
                let operator = self.numeric_operator(fields);
                let value = fields.need_number("value");
                let symptom = fields.need_text("symptom")?;
                Condition::Symptom {
                    symptom: self.vocabulary.add_symbol(symptom),
                    operator: operator?,
                    value: value?,
                }
            }
            "Observation" => {
                let operator = self.operator(fields);
                let against = operator.and_then(|operator| self.against(fields, operator));
                let of = match fields.text("referenced_by_attribute") {
                    Some(name) if fields.get("codes").is_none() => {
                        By::Attribute(self.read_attribute(fields, name))
                    }
                    _ => {
                        let codes = self.vocabulary_list(fields)?;
                        self.observed.extend(codes.iter().copied());
                        By::Codes(codes)
                    }
                };
                Condition::Observation { of, operator: operator?, against: against? }
            }
            "Vital Sign" => {
                let operator = self.operator(fields);
                let nil = matches!(operator, Some(Operator::Nil | Operator::NotNil));
                let value = if nil {
                    fields.number("value").or(Some(0.0))
                } else {
                    fields.need_number("value")
                };
                Condition::Vital { vital: self.vital(fields)?, operator: operator?, value: value? }
            }
            "Active Condition" => self.active(fields, Ended::Condition)?,
            "Active Medication" => self.active(fields, Ended::Medication)?,
            "Active CarePlan" => self.active(fields, Ended::CarePlan)?,
            "Active Allergy" => self.active(fields, Ended::Allergy)?,
            "Attribute" => {
                let operator = self.operator(fields);
                let against = operator.and_then(|operator| self.against(fields, operator));
                let name = fields.need_text("attribute")?;
                Condition::Attribute {
                    source: self.source(fields, name),
                    operator: operator?,
                    against: against?,
                }
            }
            "PriorState" => {
                let within = match fields.object("within") {
                    Some(within) => {
                        let quantity = within.need_number("quantity");
                        let unit = within.need_text("unit").and_then(|u| seconds(&within, u));
                        within.finish();
                        Some((quantity? * unit? as f64) as i64)
                    }
                    None => None,
                };
                let since = fields.text("since");
                let name = fields.need_text("name")?;
                for asked in [Some(name), since].into_iter().flatten() {
                    if !self.state_names.contains(asked) {
                        fields.fault(format!("names no state: `{asked}`"));
                    }
                }
                Condition::Prior {
                    name: self.track(name),
                    since: since.map(|since| self.track(since)),
                    within,
                }
            }
            "And" => Condition::And(self.several(fields)?),
            "Or" => Condition::Or(self.several(fields)?),
            "Not" => {
                let Some(inner) = fields.get("condition") else {
                    fields.fault("`condition` is missing");
                    return None;
                };
                Condition::Not(Box::new(self.condition(fields.within("condition", inner)?)?))
            }
            "At Least" => {
                if fields.count("minimum").is_none() {
                    fields.fault("`minimum` is missing");
                }
                Condition::AtLeast(fields.count("minimum")? as usize, self.several(fields)?)
            }
            "At Most" => {
                if fields.count("maximum").is_none() {
                    fields.fault("`maximum` is missing");
                }
                Condition::AtMost(fields.count("maximum")? as usize, self.several(fields)?)
            }
            other => {
                fields.fault(format!("unknown `condition_type` \"{other}\""));
                return None;
            }
        })
    }

    fn table(
        &mut self,
        draft: &'a Draft<'a>,
        fields: &Fields<'a>,
        list: &'a [Json],
    ) -> Option<Table> {
        let mut table = Table::default();
        let mut names: Vec<&str> = Vec::new();
        let mut file: Option<&str> = None;
        for option in fields.objects("lookup_table_transition", list) {
            let name = option.need_text("transition");
            let to = name.and_then(|name| self.goto(draft, &option, name));
            let default = option.number("default_probability").unwrap_or(0.0);
            if let Some(other) = option.text("lookup_table_name") {
                if file.is_some_and(|file| file != other) {
                    option.fault("one transition uses one table");
                }
                file = file.or(Some(other));
            }
            option.ignore(&["remarks"]);
            option.finish();
            names.push(name?);
            table.targets.push(to?);
            table.probabilities.push(default);
        }
        let sum: f64 = table.probabilities.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            fields.warn(format!(
                "`default_probability` sums to {sum}; the last option takes the rest"
            ));
        }
        let Some(file) = file else {
            fields.fault("`lookup_table_name` is missing");
            return None;
        };
        let Some(bytes) = self.tables.get(file).copied() else {
            fields.fault(format!("no lookup table `{file}`"));
            return None;
        };
        let fault = |line: usize, problem: String| {
            self.faults.borrow_mut().errors.push(Error::Module {
                file: format!("lookup_tables/{file}"),
                place: format!("line {line}, for {}: {}", fields.file(), fields.place()),
                problem,
            });
        };
        let Ok(text) = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        else {
            fault(1, "not UTF-8".to_owned());
            return None;
        };
        let mut lines =
            text.lines().enumerate().map(|(at, line)| (at + 1, cells(line))).filter(
                |(_, cells)| !(cells.is_empty() || cells.iter().all(|cell| cell.is_empty())),
            );
        let Some((_, header)) = lines.next() else {
            fault(1, "empty table".to_owned());
            return None;
        };
        let Some(key_count) = header.len().checked_sub(names.len()) else {
            fault(1, format!("{} columns for {} transitions", header.len(), names.len()));
            return None;
        };
        // Probability columns in the order of the transition.
        let mut places = Vec::new();
        for name in &names {
            match header[key_count..].iter().position(|column| column == name) {
                Some(at) => places.push(key_count + at),
                None => fault(
                    1,
                    format!(
                        "no column for the transition to `{name}` among the last {}",
                        names.len()
                    ),
                ),
            }
        }
        if places.len() != names.len() {
            return None;
        }
        enum Key {
            Age,
            Time,
            Column(usize),
        }
        let mut keys = Vec::new();
        for column in &header[..key_count] {
            match column.to_ascii_lowercase().as_str() {
                "age" => {
                    table.uses_age = true;
                    keys.push(Key::Age);
                }
                "time" => {
                    table.uses_time = true;
                    keys.push(Key::Time);
                }
                lower => {
                    let known = self.vocabulary.find_attribute(column).is_some();
                    let name = if known { column.as_str() } else { lower };
                    let source = match self.special(name) {
                        Source::Attribute(_) => {
                            let id = self.vocabulary.add_attribute(name);
                            self.reads.entry(id).or_default().insert(fields.file().to_owned());
                            Source::Attribute(id)
                        }
                        special => special,
                    };
                    keys.push(Key::Column(table.columns.len()));
                    table.columns.push(Column { source, values: Vec::new() });
                }
            }
        }
        let mut uneven = 0_usize;
        for (line, cells) in lines {
            if cells.len() != header.len() {
                fault(line, format!("{} cells; {} expected", cells.len(), header.len()));
                continue;
            }
            let mut row = Row {
                keys: vec![0; table.columns.len()],
                age: (0, i32::MAX),
                time_ms: (i64::MIN, i64::MAX),
            };
            for (key, cell) in keys.iter().zip(&cells) {
                match key {
                    Key::Age => match range(cell) {
                        Some((low, high)) => {
                            row.age = (low.clamp(0, 1_000) as i32, high.clamp(0, 1_000) as i32);
                        }
                        None => fault(line, format!("`{cell}` is no range of ages, such as 20-39")),
                    },
                    Key::Time => match range(cell) {
                        Some(range) => row.time_ms = range,
                        None => fault(line, format!("`{cell}` is no range of milliseconds")),
                    },
                    Key::Column(at) => {
                        let column = &mut table.columns[*at];
                        row.keys[*at] = if cell == "*" {
                            u32::MAX
                        } else {
                            let text = match column.source {
                                Source::Race | Source::Ethnicity => cell.to_ascii_lowercase(),
                                Source::State => state_code(cell).to_owned(),
                                _ => cell.clone(),
                            };
                            let value = Cell {
                                text: self.vocabulary.add_symbol(&text),
                                number: text.parse().ok(),
                                truth: text.parse().ok(),
                            };
                            let place =
                                column.values.iter().position(|known| known.text == value.text);
                            place.unwrap_or_else(|| {
                                column.values.push(value);
                                column.values.len() - 1
                            }) as u32
                        };
                    }
                }
            }
            let mut sum = 0.0;
            for place in &places {
                let probability =
                    cells[*place].parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
                if probability.is_none() {
                    fault(line, format!("`{}` is no probability from 0 to 1", cells[*place]));
                }
                let probability = probability.unwrap_or(0.0);
                sum += probability;
                table.probabilities.push(probability);
            }
            uneven += usize::from((sum - 1.0).abs() > SUM_TOLERANCE);
            table.rows.push(row);
        }
        if uneven > 0 {
            fields.warn(format!(
                "{uneven} rows of `{file}` do not sum to 1; the last option takes the rest"
            ));
        }
        table.build_index();
        Some(table)
    }

    /// A submodule that calls itself would never end.
    fn check_calls(&self, modules: &Modules) {
        let count = modules.machines.len();
        let mut reach = vec![BTreeSet::new(); count];
        for (from, to) in &self.calls {
            reach[usize::from(*from)].insert(usize::from(*to));
        }
        for start in 0..count {
            let mut open: Vec<usize> = reach[start].iter().copied().collect();
            let mut seen = BTreeSet::new();
            while let Some(at) = open.pop() {
                if at == start {
                    let path = &modules.machines[start].path;
                    self.faults.borrow_mut().errors.push(Error::Module {
                        file: format!("{path}.json"),
                        place: "CallSubmodule".to_owned(),
                        problem: "the module calls itself, directly or through others".to_owned(),
                    });
                    break;
                }
                if seen.insert(at) {
                    open.extend(&reach[at]);
                }
            }
        }
    }

    fn check_attributes(&self, modules: &mut Modules) {
        for (file, place, id) in &self.reasons {
            if !self.sets.contains_key(id) {
                self.faults.borrow_mut().warnings.push(format!(
                    "{file}: {place}: `reason` names neither a state nor an attribute that is set: `{}`",
                    self.vocabulary.attribute(*id)
                ));
            }
        }
        for (id, files) in &self.reads {
            let name = self.vocabulary.attribute(*id);
            if !self.sets.contains_key(id) && !LIFECYCLE.contains(&name) {
                let files: Vec<String> = files.iter().cloned().collect();
                modules.unset.push((name.to_owned(), files));
            }
        }
    }
}

impl Amount {
    /// Always the same number.
    pub fn exact(value: f64) -> Self {
        Self { distribution: Distribution::Exact(value), round: false, decimals: None }
    }
}

fn code_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Json::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn seconds(fields: &Fields<'_>, unit: &str) -> Option<i64> {
    Some(match unit {
        "years" | "year" => time::YEAR,
        "months" | "month" => time::MONTH,
        "weeks" | "week" => time::WEEK,
        "days" | "day" => time::DAY,
        "hours" | "hour" => time::HOUR,
        "minutes" | "minute" => time::MINUTE,
        "seconds" | "second" => 1,
        other => {
            fields.fault(format!("unknown `unit` of time \"{other}\""));
            return None;
        }
    })
}

/// The cells of a line of CSV; quotes protect commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.trim_end_matches('\r').chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().expect("starts with one").push(other),
        }
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    cells
}

/// `low-high`, both included.
fn range(text: &str) -> Option<(i64, i64)> {
    let (low, high) = text.split_once('-')?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some((low, high))
}

/// The postal code of a state of the United States by its name.
fn state_code(name: &str) -> &str {
    const STATES: &[(&str, &str)] = &[
        ("Alabama", "AL"),
        ("Alaska", "AK"),
        ("Arizona", "AZ"),
        ("Arkansas", "AR"),
        ("California", "CA"),
        ("Colorado", "CO"),
        ("Connecticut", "CT"),
        ("Delaware", "DE"),
        ("District of Columbia", "DC"),
        ("Florida", "FL"),
        ("Georgia", "GA"),
        ("Hawaii", "HI"),
        ("Idaho", "ID"),
        ("Illinois", "IL"),
        ("Indiana", "IN"),
        ("Iowa", "IA"),
        ("Kansas", "KS"),
        ("Kentucky", "KY"),
        ("Louisiana", "LA"),
        ("Maine", "ME"),
        ("Maryland", "MD"),
        ("Massachusetts", "MA"),
        ("Michigan", "MI"),
        ("Minnesota", "MN"),
        ("Mississippi", "MS"),
        ("Missouri", "MO"),
        ("Montana", "MT"),
        ("Nebraska", "NE"),
        ("Nevada", "NV"),
        ("New Hampshire", "NH"),
        ("New Jersey", "NJ"),
        ("New Mexico", "NM"),
        ("New York", "NY"),
        ("North Carolina", "NC"),
        ("North Dakota", "ND"),
        ("Ohio", "OH"),
        ("Oklahoma", "OK"),
        ("Oregon", "OR"),
        ("Pennsylvania", "PA"),
        ("Rhode Island", "RI"),
        ("South Carolina", "SC"),
        ("South Dakota", "SD"),
        ("Tennessee", "TN"),
        ("Texas", "TX"),
        ("Utah", "UT"),
        ("Vermont", "VT"),
        ("Virginia", "VA"),
        ("Washington", "WA"),
        ("West Virginia", "WV"),
        ("Wisconsin", "WI"),
        ("Wyoming", "WY"),
    ];
    STATES.iter().find(|(full, _)| *full == name).map_or(name, |(_, code)| code)
}

/// The main code of the lifecycle's check-ups, and other codes the engine itself writes.
pub(super) fn engine_code(vocabulary: &mut Vocabulary, code: &str, display: &str) -> CodeList {
    vocabulary.add_one(SNOMED, code, display)
}
