//! Runs one life: lifecycle and modules on one queue of moments.

use crate::gmf::run::{Ground, Lifecycle, Run};
use crate::gmf::{Error, Files, Modules};
use crate::life::{self, Words};
use crate::person::Person;
use crate::plan::{Cohort, Plan};
use crate::random::Random;
use crate::record::Class;
use crate::time::DAY;
use crate::vocabulary::Vocabulary;
use crate::world::World;

/// Of a hospital's patients, this share is drawn by the days they lay there in the dense years; the
/// others are anybody.
const HOSPITAL_SHARE: f64 = 0.8;
/// So many days make sure that a candidate is one of the hospital's patients; fewer make it as likely
/// as they are, so that wards hold those who fill them: the old, the ill, those who come back.
const DAYS_SURE: f64 = 10.0;
/// After so many candidates the last one is taken, whoever they are.
const ATTEMPTS_MAX: u32 = 60;

/// Everything a run needs; shared by all threads.
#[derive(Debug)]
pub struct Simulation {
    /// What is wanted.
    pub plan: Plan,
    /// Where.
    pub world: World,
    /// By which modules.
    pub modules: Modules,
    /// In which words.
    pub vocabulary: Vocabulary,
    /// The lifecycle's words.
    pub words: Words,
}

impl Simulation {
    /// Loads modules and makes the world.
    ///
    /// # Errors
    /// Every fault in the module files.
    pub fn new(plan: Plan, files: &Files) -> Result<(Self, Vec<String>), Vec<Error>> {
        let mut vocabulary = Vocabulary::new();
        let words = Words::new(&mut vocabulary);
        let (modules, warnings) = Modules::load(files, &mut vocabulary)?;
        let world = World::new(&plan);
        Ok((Self { plan, world, modules, vocabulary, words }, warnings))
    }

    /// The life of the patient with this number, from birth to death or the plan's end. Candidates
    /// that do not meet the plan's filters or cohort are refused and drawn anew.
    pub fn person(&self, index: u64) -> Person {
        self.find(index).0
    }

    /// The same, and how many candidates were refused before: with that number
    /// [`Simulation::person_after`] gives the same life without looking for it.
    pub fn find(&self, index: u64) -> (Person, u32) {
        let mut random = Random::new(self.plan.seed, index, "cohort");
        let hospital = self.plan.cohort == Cohort::Hospital && random.chance(HOSPITAL_SHARE);
        let mut attempt = 0;
        loop {
            let person = self.person_after(index, attempt);
            let lived = person.death.is_none_or(|death| death.time >= self.plan.history_start());
            let wanted = !hospital || random.chance(self.days_in_hospital(&person) / DAYS_SURE);
            attempt += 1;
            if (lived && wanted) || attempt >= ATTEMPTS_MAX || person.circle.is_some() {
                return (person, attempt - 1);
            }
        }
    }

    /// One candidate's whole life.
    pub fn person_after(&self, index: u64, attempt: u32) -> Person {
        let person =
            life::birth(&self.plan, &self.world, &self.words, &self.vocabulary, index, attempt);
        let ground = Ground {
            modules: &self.modules,
            vocabulary: &self.vocabulary,
            words: &self.words,
            world: &self.world,
            end: self.plan.end,
        };
        Run::new(ground, person, Lifecycle::Full).live()
    }

    /// Days in hospital in the dense years.
    fn days_in_hospital(&self, person: &Person) -> f64 {
        let start = self.plan.dense_start();
        let stays = person.record.encounters.iter().filter(|one| one.class == Class::Inpatient);
        let seconds: i64 = stays
            .map(|stay| stay.stop.unwrap_or(self.plan.end).since(stay.start.max(start)).max(0))
            .sum();
        seconds as f64 / DAY as f64
    }
}
