//! The Generic Module Framework: state machines in JSON, as Synthea's, compiled to integers.
//!
//! Loading is strict, because a module that is wrong does not crash, it just gives another
//! population: an unknown key, a transition to nowhere, a distribution that does not sum to 1 are
//! errors with file and state. What is not supported is listed as a warning and does nothing.
//!
//! Facts: <https://github.com/synthetichealth/synthea/wiki/Generic-Module-Framework>

mod expression;
mod load;
pub(crate) mod model;
mod read;
pub(crate) mod run;
mod table;
#[cfg(test)]
mod tests;

use crate::person::Sex;
use crate::vocabulary::{CodeId, CodeList, Symbol, Vocabulary};
use model::{Machine, State};

/// Why modules could not be loaded: file, state, key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Mend the module file.
    #[error("{file}: {place}: {problem}")]
    Module {
        /// The file.
        file: String,
        /// The state, or part of it.
        place: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
}

/// Files of modules and lookup tables: path relative to the module folder, and content. The caller
/// reads the disk.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// `asthma.json`, `covid/admission.json`.
    pub modules: Vec<(String, Vec<u8>)>,
    /// `asthma_incidence.csv`.
    pub tables: Vec<(String, Vec<u8>)>,
    /// Unknown keys, and shares that do not add up, are warnings: Synthea's engine passes over them,
    /// and its modules hold a few.
    pub lenient: bool,
}

#[derive(rust_embed::RustEmbed)]
#[folder = "modules/"]
struct Own;

impl Files {
    /// Our own modules, which come with the binary.
    pub fn own() -> Self {
        let mut files = Self::default();
        let mut paths: Vec<_> = Own::iter().collect();
        paths.sort();
        for path in paths {
            if let Some(file) = Own::get(&path) {
                files.add(&path, file.data.into_owned());
            }
        }
        files
    }

    /// Adds a file by its path below the module folder; what is neither a module nor a lookup table
    /// is left out. `false`: left out.
    pub fn add(&mut self, path: &str, content: Vec<u8>) -> bool {
        let path = path.replace('\\', "/");
        if let Some(table) = path.strip_prefix("lookup_tables/") {
            if !table.ends_with(".csv") {
                return false;
            }
            self.tables.push((table.to_owned(), content));
        } else if path.ends_with(".json") {
            self.modules.push((path, content));
        } else {
            return false;
        }
        true
    }
}

/// How a target is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Diagnosed at any time.
    Ever,
    /// Diagnosed and not ended at the plan's end.
    Active,
    /// Active at any time in the last year.
    Year,
}

/// A public figure a module aims for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The module, as in [`Modules::names`].
    pub module: String,
    /// What it is about.
    pub name: String,
    /// Conditions, any of which counts.
    pub codes: Vec<CodeId>,
    /// When they count.
    pub measure: Measure,
    /// Of people of these ages at the plan's end, both included.
    pub ages: (u8, u8),
    /// And of this sex.
    pub sex: Option<Sex>,
    /// The share, 0 to 1.
    pub prevalence: f64,
    /// Who says so.
    pub source: String,
}

/// What the engine itself writes into records.
#[derive(Debug)]
pub(crate) struct EngineWords {
    pub child_visit: CodeList,
    pub adult_visit: CodeList,
    pub problem_visit: CodeList,
    pub urgent_visit: CodeList,
    pub emergency_visit: CodeList,
    /// Why a medication ended.
    pub stopped: CodeList,
    /// Discharge of someone who died.
    pub died: CodeId,
    pub female: Symbol,
    pub male: Symbol,
    /// In the order of `Race`.
    pub races: [Symbol; 6],
    pub hispanic: Symbol,
    pub not_hispanic: Symbol,
    /// What has no unit.
    pub no_unit: Symbol,
}

impl EngineWords {
    fn new(vocabulary: &mut Vocabulary) -> Self {
        let mut code = |code, display| load::engine_code(vocabulary, code, display);
        let child_visit = code("410620009", "Well child visit");
        let adult_visit = code("162673000", "General examination");
        let problem_visit = code("185349003", "Check-up for a complaint");
        let urgent_visit = code("702927004", "Urgent care visit");
        let emergency_visit = code("50849002", "Emergency department visit");
        let stopped = code("182840001", "Treatment stopped on medical advice");
        let died = code("371828006", "Died during the stay");
        let died = vocabulary.list(died)[0];
        Self {
            child_visit,
            adult_visit,
            problem_visit,
            urgent_visit,
            emergency_visit,
            stopped,
            died,
            female: vocabulary.add_symbol("F"),
            male: vocabulary.add_symbol("M"),
            races: ["white", "black", "asian", "native", "hawaiian", "other"]
                .map(|race| vocabulary.add_symbol(race)),
            hispanic: vocabulary.add_symbol("hispanic"),
            not_hispanic: vocabulary.add_symbol("nonhispanic"),
            no_unit: vocabulary.add_symbol(""),
        }
    }
}

impl Default for EngineWords {
    fn default() -> Self {
        Self::new(&mut Vocabulary::new())
    }
}

/// Compiled modules.
#[derive(Debug, Default)]
pub struct Modules {
    pub(crate) machines: Vec<Machine>,
    pub(crate) states: Vec<State>,
    /// The machines every person runs, in order of path: the order of ties.
    pub(crate) top: Vec<u16>,
    pub(crate) words: EngineWords,
    /// Of codes whose latest observation is asked for, the place among them; `u16::MAX`: not asked.
    pub(crate) observed: Vec<u16>,
    pub(crate) observed_count: usize,
    targets: Vec<Target>,
    unset: Vec<(String, Vec<String>)>,
}

impl Modules {
    /// Compiles all files, or says everything that is wrong with them. What is not supported
    /// (Physiology) is listed in the warnings.
    ///
    /// # Errors
    /// Every fault found, in order of files.
    pub fn load(
        files: &Files,
        vocabulary: &mut Vocabulary,
    ) -> Result<(Self, Vec<String>), Vec<Error>> {
        load::load(files, vocabulary)
    }

    /// The paths of the modules everybody runs, without `.json`; submodules are not among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.top.iter().map(|at| &*self.machines[usize::from(*at)].path)
    }

    /// The name a module gives itself, by [`crate::record::Encounter::module`] or
    /// [`crate::record::Condition::module`].
    pub fn name(&self, module: u16) -> Option<&str> {
        self.machines.get(usize::from(module)).map(|machine| &*machine.name)
    }

    /// The path of a module or submodule, without `.json`.
    pub fn path(&self, module: u16) -> Option<&str> {
        self.machines.get(usize::from(module)).map(|machine| &*machine.path)
    }

    /// Runs only modules whose path `keep` accepts from now on; submodules stay.
    pub fn keep(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let machines = &self.machines;
        self.top.retain(|at| keep(&machines[usize::from(*at)].path));
    }

    /// What the modules aim for.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Attributes that are read and neither set by any module nor by the lifecycle, with the files
    /// that read them: most often a typing mistake, or a module left out.
    pub fn unset_attributes(&self) -> &[(String, Vec<String>)] {
        &self.unset
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.states.len()
    }
}
