//! Compiles module files: every name becomes a number, and everything that is wrong is said at once.
//!
//! Two passes: the first gives every state of every file its number, so that the second can resolve
//! transitions, submodules and names in any order.

mod logic;
mod state;
mod table;
mod value;

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
    let faults = RefCell::new(Faults { lenient: files.lenient, ..Faults::default() });
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
    let Faults { errors, warnings, .. } = faults.into_inner();
    if errors.is_empty() { Ok((modules, warnings)) } else { Err(errors) }
}

impl<'a> Loader<'a> {
    fn machine(&mut self, at: u16, draft: &'a Draft<'a>, modules: &mut Modules) {
        let Some(fields) = Fields::new(&draft.json, draft.file, "module".to_owned(), self.faults)
        else {
            return;
        };
        fields.ignore(&[
            "remarks",
            "gmf_version",
            "gmfVersion",
            "specialty",
            "states",
            "id",
            "view",
        ]);
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
        // A module begins at the state of that name, of whatever type.
        if kind == "Initial" && name != "Initial" {
            fields.fault("only the state named `Initial` may have the type Initial");
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
