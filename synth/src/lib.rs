//! Modules and a seed in; the records of people who never were out. Values in memory only: no disk,
//! network, clock or unseeded randomness.
//!
//! The way of a patient: [`life`] gives them a birth, a body and habits; [`simulate`] runs the
//! modules ([`gmf`], the Generic Module Framework) and the lifecycle on one queue of moments until
//! death or the end of the [`Plan`]; what happened stands in a [`record::Record`]. [`beds`] then
//! gives every stay of the population its ward, room and bed; [`notes`] tells each visit in prose,
//! with a gold list of what it says; [`fhir`] writes it all down. [`population`] does this for
//! everyone, on many threads.
//!
//! Always true:
//! - the same plan and modules give the same bytes, for any number of threads;
//! - nothing in the output happened after death or after the end of the plan.
//!
//! Facts: <https://github.com/synthetichealth/synthea/wiki/Generic-Module-Framework>

pub mod beds;
pub mod compare;
pub mod fhir;
pub mod gmf;
pub mod life;
pub mod notes;
pub mod person;
pub mod plan;
pub mod population;
pub mod random;
mod ranges;
pub mod record;
pub mod simulate;
pub mod time;
pub mod vocabulary;
pub mod world;

pub use person::Person;
pub use plan::{Cohort, Plan};
pub use simulate::Simulation;
pub use time::Time;
