//! What a passage without a heading is about, from its words alone.
//!
//! A linear classifier over hashed words and pairs of words: [`BUCKETS`] buckets by
//! [`CLASSES`] weights of eight bits, in `models/sections.bin`, learned by the
//! `train_sections` example from MTS-Dialog (CC BY 4.0, Ben Abacha et al., 2023).

use super::{SectionKind, fold, tokenise};

/// What can be told apart, in the order of the weights. MTS-Dialog's family and social histories
/// are one class, here [`SectionKind::Social`].
pub const CLASSES: [SectionKind; 20] = [
    SectionKind::PresentIllness,
    SectionKind::Social,
    SectionKind::PastMedical,
    SectionKind::ChiefComplaint,
    SectionKind::PastSurgical,
    SectionKind::Allergies,
    SectionKind::ReviewOfSystems,
    SectionKind::Medications,
    SectionKind::Assessment,
    SectionKind::Exam,
    SectionKind::Diagnosis,
    SectionKind::Disposition,
    SectionKind::Plan,
    SectionKind::Course,
    SectionKind::Immunizations,
    SectionKind::Imaging,
    SectionKind::Gynecological,
    SectionKind::Procedures,
    SectionKind::Other,
    SectionKind::Labs,
];

/// How many buckets words are hashed into.
pub const BUCKETS: usize = 8_192;

/// Words looked at; what a passage is about shows early.
const WORDS_MAX: usize = 300;

pub(crate) static WEIGHTS: &[u8] = include_bytes!("../../models/sections.bin");

/// What a passage is about, by its words. An empty one is about nothing in particular.
pub fn classify(text: &str) -> SectionKind {
    let mut sums = [0_i32; CLASSES.len()];
    let mut any = false;
    features(text, |bucket| {
        any = true;
        let row = WEIGHTS.get(bucket * CLASSES.len()..(bucket + 1) * CLASSES.len());
        for (sum, weight) in sums.iter_mut().zip(row.unwrap_or_default()) {
            *sum += i32::from(*weight as i8);
        }
    });
    let best = sums.iter().enumerate().max_by_key(|(class, sum)| (**sum, usize::MAX - class));
    match best {
        Some((class, _)) if any => CLASSES[class],
        _ => SectionKind::Other,
    }
}

/// Calls `each` with the bucket of every feature of a passage, once each per occurrence of its
/// kind: words, pairs of words, its first words, how long it is. Training and reading share it.
pub fn features(text: &str, mut each: impl FnMut(usize)) {
    let mut bucket = |kind: u64, first: u64, second: u64| {
        let mixed = (first ^ second.rotate_left(21) ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_mul(0xff51_afd7_ed55_8ccd);
        each((mixed >> 40) as usize % BUCKETS);
    };
    let text = &text[..text.floor_char_boundary(4_096)];
    let tokens = tokenise(text);
    let mut seen: Vec<u64> = Vec::with_capacity(WORDS_MAX);
    let mut before = 0;
    for (at, token) in tokens.iter().take(WORDS_MAX).enumerate() {
        let word = token.span.of(text);
        // All numbers are one word.
        let digits = word.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let word = if digits { 1 } else { fold(word) };
        if at < 4 {
            bucket(3, word, at.min(1) as u64);
        }
        if !seen.contains(&word) {
            seen.push(word);
            bucket(1, word, 0);
            // Endings tell drugs and operations: `olol`, `ectomy`.
            let written = token.span.of(text);
            if !digits && written.len() > 5 && written.is_ascii() {
                bucket(6, fold(&written[written.len() - 4..]), 0);
                bucket(7, fold(&written[written.len() - 6..]), 0);
            }
        }
        bucket(2, before, word);
        before = word;
    }
    if !tokens.is_empty() {
        let length = (tokens.len() as f32).log2() as u64;
        bucket(4, length, 0);
        bucket(5, length, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_tell_what_they_are_about() {
        let check = |text: &str, expected| assert_eq!(classify(text), expected, "{text}");
        check("No known drug allergies.", SectionKind::Allergies);
        check("Her father died of a stroke. She does not smoke or drink.", SectionKind::Social);
        check("Cholecystectomy in 2004 and a tonsillectomy as a child.", SectionKind::PastSurgical);
        check("", SectionKind::Other);
        check("\u{fffd}\n", classify("\u{fffd}"));
    }

    #[test]
    fn the_weights_fit_the_buckets() {
        assert_eq!(WEIGHTS.len(), BUCKETS * CLASSES.len());
    }
}
