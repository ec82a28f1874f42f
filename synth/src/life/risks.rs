//! Dispositions: one latent factor runs through all of them, so that illnesses come together as they
//! do in life. Modules read tiers: low (40 %), average (40 %), high (20 %).

use super::state::Latent;
use super::words::Words;
use crate::Person;
use crate::person::{Sex, Value};
use crate::random::Random;
use crate::time::Time;

/// Scores drawn at birth that others build on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores {
    /// Standing in society.
    pub standing: f64,
    /// The pull of tobacco.
    pub tobacco: f64,
    /// Each disposition, in the order of [`DISPOSITIONS`].
    pub each: [f64; 7],
}

/// Metabolic, cardiovascular, respiratory, mental, frailty, cancer, atopy: how much of each is the
/// shared factor, standing (better is less) and tobacco. The rest, up to variance 1, is its own.
const DISPOSITIONS: [[f64; 3]; 7] = [
    [0.55, -0.20, 0.05],
    [0.50, -0.18, 0.30],
    [0.35, -0.20, 0.45],
    [0.40, -0.25, 0.20],
    [0.55, -0.25, 0.20],
    [0.30, -0.05, 0.30],
    [0.25, 0.00, 0.00],
];

/// Quantiles of the standard normal at 40 % and 80 %.
const TIERS: [f64; 2] = [-0.253_347, 0.841_621];

/// Draws all dispositions and the standard scores of the body.
pub(super) fn draw(
    person: &mut Person,
    words: &Words,
    standing: f64,
    random: &mut Random,
) -> Scores {
    let shared = random.normal();
    // The standing's variance is about 1 over all groups.
    let tobacco = 0.2 * shared - 0.4 * standing + 0.89 * random.normal();
    // Covariances of the three sources: standing and tobacco -0.4, shared and tobacco 0.2.
    let mut each = [0.0; 7];
    for (score, [of_shared, of_standing, of_tobacco]) in each.iter_mut().zip(DISPOSITIONS) {
        let explained = of_shared * of_shared
            + of_standing * of_standing
            + of_tobacco * of_tobacco
            + 2.0 * of_shared * of_tobacco * 0.2
            + 2.0 * of_standing * of_tobacco * -0.4;
        let own = (1.0f64 - explained).max(0.0).sqrt();
        *score = of_shared * shared
            + of_standing * standing
            + of_tobacco * tobacco
            + own * random.normal();
    }
    let attributes = &words.attributes;
    let ids = [
        attributes.risk_metabolic,
        attributes.risk_cardiovascular,
        attributes.risk_respiratory,
        attributes.risk_mental,
        attributes.risk_frailty,
        attributes.risk_cancer,
        attributes.risk_atopy,
    ];
    for (id, score) in ids.into_iter().zip(each) {
        let tier = TIERS.iter().filter(|limit| score > **limit).count();
        person.set(id, Value::Text(words.texts.tiers[tier]));
    }
    let with = |of: f64, score: f64, random: &mut Random| {
        of * score + (1.0 - of * of).sqrt() * random.normal()
    };
    let mass = with(0.55, each[0], random);
    person.life.latent = Latent {
        height: random.normal(),
        mass,
        pressure: with(0.45, each[1], random),
        lipids: with(0.25, each[0], random),
        sugar: with(0.5, each[0], random),
        kidney: with(-0.3, each[4], random),
    };
    person.set(attributes.bmi_percentile, Value::Number(super::normal_share(mass)));
    person.life.frailty = each[4];
    Scores { standing, tobacco, each }
}

/// Monthly probabilities of vascular events from age, sex, illness and habits, for modules that ask
/// for them. Yearly first events per 1,000 by age follow the American Heart Association's Heart
/// Disease and Stroke Statistics 2023; the multipliers are those of common risk scores, rounded.
pub(super) fn vascular(person: &mut Person, words: &Words, now: Time) {
    let attributes = &words.attributes;
    let age = f64::from(person.age(now));
    let on = |id| person.attribute(id) == Value::Bool(true);
    let male = person.sex == Sex::Male;
    let tier = match person.attribute(attributes.risk_cardiovascular) {
        Value::Text(text) if text == words.texts.tiers[0] => 0.6,
        Value::Text(text) if text == words.texts.tiers[2] => 1.7,
        _ => 1.0,
    };
    let factor = |id, more: f64| if on(id) { more } else { 1.0 };
    // Illnesses are common among the old: the base is that of people without them.
    let illness = factor(attributes.hypertension, 1.6)
        * factor(attributes.diabetes, 1.6)
        * factor(attributes.smoker, 1.7)
        * factor(attributes.hyperlipidemia, 1.3)
        * factor(attributes.statin, 0.75);
    let grown = |at_60: f64, doubling: f64| at_60 / 1000.0 * ((age - 60.0) / doubling).exp2();
    let (stroke, mi, ihd, fibrillation) = if age < 18.0 {
        (0.0, 0.0, 0.0, 0.0)
    } else {
        (
            grown(if male { 1.9 } else { 1.6 }, 8.0)
                * illness
                * tier
                * factor(attributes.atrial_fibrillation, 3.0),
            grown(if male { 2.9 } else { 1.4 }, 10.5)
                * illness
                * tier
                * factor(attributes.ischemic_heart_disease, 2.0),
            grown(if male { 4.5 } else { 2.6 }, 11.0) * illness * tier,
            grown(if male { 3.4 } else { 2.3 }, 7.5)
                * factor(attributes.hypertension, 1.4)
                * factor(attributes.chf, 2.0)
                * tier.sqrt(),
        )
    };
    for (id, yearly) in [
        (attributes.stroke_risk, stroke),
        (attributes.mi_risk, mi),
        (attributes.ihd_risk, ihd),
        (attributes.atrial_fibrillation_risk, fibrillation),
    ] {
        person.set(id, Value::Number(yearly.min(0.5) / 12.0));
    }
}
