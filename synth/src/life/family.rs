//! What runs in the family, told when the history is taken.

use super::normal_share;
use super::risks::Scores;
use super::words::Words;
use crate::Person;
use crate::person::FamilyFact;
use crate::random::Random;

/// Draws the facts: the more disposed a person is, the more often a relative has it.
pub(super) fn draw(person: &mut Person, words: &Words, scores: &Scores, random: &mut Random) {
    let family = &words.family;
    let [metabolic, cardiovascular, respiratory, mental, frailty, cancer, _] = scores.each;
    // Condition, disposition, share of families with a first-degree relative, age at onset and its
    // spread, share that died of it. Shares: Family History Public Health Initiative and NHANES
    // questionnaires, rounded.
    let table = [
        (family.coronary, cardiovascular, 0.28, 62.0, 10.0, 0.35),
        (family.stroke, cardiovascular, 0.13, 70.0, 9.0, 0.3),
        (family.hypertension, cardiovascular, 0.38, 52.0, 10.0, 0.0),
        (family.diabetes, metabolic, 0.30, 54.0, 11.0, 0.08),
        (family.breast_cancer, cancer, 0.08, 58.0, 11.0, 0.25),
        (family.colon_cancer, cancer, 0.06, 62.0, 10.0, 0.35),
        (family.lung_cancer, 0.6 * cancer + 0.6 * respiratory, 0.06, 67.0, 8.0, 0.8),
        (family.dementia, frailty, 0.12, 78.0, 6.0, 0.4),
        (family.depression, mental, 0.16, 32.0, 10.0, 0.0),
        (family.asthma, respiratory, 0.13, 12.0, 8.0, 0.0),
    ];
    for (condition, disposition, share, onset, spread, fatal) in table {
        let pull = 0.45 * disposition + 0.89 * random.normal();
        if normal_share(pull) < 1.0 - share {
            continue;
        }
        let relative = if condition == family.breast_cancer {
            *random.pick(&["MTH", "MTH", "SIS", "GRMTH"])
        } else {
            *random.pick(&["MTH", "FTH", "MTH", "FTH", "SIS", "BRO", "GRMTH", "GRFTH"])
        };
        let onset = random.between(-1.7, 1.7).mul_add(spread, onset).clamp(1.0, 95.0) as u8;
        person.family.push(FamilyFact {
            relative,
            condition,
            onset_age: random.chance(0.6).then_some(onset),
            died_of_it: random.chance(fatal),
        });
    }
}
