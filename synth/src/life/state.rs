//! What the lifecycle remembers of a person between its moments.

use super::immunizations;
use crate::time::Time;

/// The lifecycle's own state of a person. What will come of habits and marriage is drawn at birth;
/// [`super::update`] lets it happen.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Key of the person's own variation, see [`super::vitals`].
    pub(super) seed: u64,
    /// Standard scores that stay with the person.
    pub(super) latent: Latent,
    /// Death by no module's doing is possible from here on: the start of the history kept. Who died
    /// before is in nobody's records.
    pub(super) mortal_from: Time,
    /// Brought up to.
    pub(super) updated: Time,
    /// Accumulated hazard still to live through, and the hour it is used up within the current step.
    pub(super) hazard_left: f64,
    pub(super) death_at: Option<Time>,
    /// Standard score of frailty, which background mortality leans on.
    pub(super) frailty: f64,
    /// Smoking: from, until, packs a day.
    pub(super) smoking: Option<(Time, Time, f64)>,
    /// Harmful drinking: from, until.
    pub(super) drinking: Option<(Time, Time)>,
    /// Without a home: from, until.
    pub(super) homeless: Option<(Time, Time)>,
    /// Married, and the new family name if taken.
    pub(super) marriage: Option<(Time, Option<Box<str>>)>,
    /// A marriage's end, and whether the partner died.
    pub(super) separation: Option<(Time, bool)>,
    /// Discharged from service.
    pub(super) veteran: Option<Time>,
    /// How readily check-ups are kept, 0 to 1, and vaccinations are accepted.
    pub(super) adherence: f64,
    pub(super) accepts: f64,
    /// Doses given of each vaccine, and when the last.
    pub(super) doses: [u8; immunizations::COUNT],
    pub(super) last_dose: [Time; immunizations::COUNT],
    /// When yearly and daily items were last recorded.
    pub(super) asked: Time,
    /// The last flu season (year of its autumn) someone was vaccinated or said no in.
    pub(super) flu_season: i32,
}

/// Standard scores (mean 0, standard deviation 1) that stay with a person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latent {
    /// Height for age and sex.
    pub height: f64,
    /// Body mass for age and sex.
    pub mass: f64,
    /// Blood pressure.
    pub pressure: f64,
    /// Cholesterol.
    pub lipids: f64,
    /// Sugar.
    pub sugar: f64,
    /// Kidney function; higher is better.
    pub kidney: f64,
}
