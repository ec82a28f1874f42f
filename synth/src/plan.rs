//! What population is wanted.

use crate::person::Sex;
use crate::time::Time;

/// A request for a population. The same plan gives the same bytes, whatever the threads.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Seed of the run.
    pub seed: u64,
    /// How many patients.
    pub patients: u64,
    /// Nothing happens from this moment on.
    pub end: Time,
    /// Years of history kept; what is still active is kept from before.
    pub years: u32,
    /// The last years in full; before them routine measurements, panels and notes are left out.
    pub dense_years: u32,
    /// Write notes.
    pub notes: bool,
    /// Write Claim and ExplanationOfBenefit.
    pub claims: bool,
    /// Who is taken in.
    pub cohort: Cohort,
    /// Ages at the end of the run, both included. The dead count with the age they would have.
    pub ages: (u8, u8),
    /// Only this sex.
    pub sex: Option<Sex>,
    /// Only this place, by name.
    pub place: Option<String>,
}

/// Who is taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cohort {
    /// A cross-section of everyone who lives in the places, and who died in the last years.
    #[default]
    Community,
    /// The patients of a hospital: most had a stay in the dense years.
    Hospital,
}

impl Plan {
    /// A community of so many, ten years of history of which two in full, with notes, without claims.
    pub fn new(patients: u64, seed: u64, end: Time) -> Self {
        Self {
            seed,
            patients,
            end,
            years: 10,
            dense_years: 2,
            notes: true,
            claims: false,
            cohort: Cohort::Community,
            ages: (0, 110),
            sex: None,
            place: None,
        }
    }

    /// The first moment of the history kept.
    pub fn history_start(&self) -> Time {
        self.end.plus_years(-(self.years as i32))
    }

    /// The first moment of the dense history.
    pub fn dense_start(&self) -> Time {
        self.end.plus_years(-(self.dense_years.min(self.years) as i32))
    }
}
