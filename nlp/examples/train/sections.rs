//! Learns what passages are about, from MTS-Dialog.
//!
//! Multinomial logistic regression by averaged stochastic gradient steps, in a fixed order, then
//! rounded to eight bits. The same files give the same weights.

use std::path::{Path, PathBuf};

use nlp::text::classify::{BUCKETS, CLASSES, features};

use crate::{mts_dialog, report};

const PASSES: usize = 30;
const STEP: f32 = 1.0;
const SHRINK: f32 = 1e-3;
/// How much more a passage of a rare class counts: its class's share to this power.
const BALANCE: f32 = 0.3;

/// Learns from these files, and writes the weights to `out`.
pub fn build(files: &[PathBuf], out: &Path) -> Result<(), report::Failure> {
    let mut rows: Vec<(usize, Vec<usize>)> = Vec::new();
    for file in files {
        for (label, text) in mts_dialog::passages(&report::text_of(file)?) {
            let class = CLASSES.iter().position(|kind| mts_dialog::label_of(*kind) == label);
            let mut found = Vec::new();
            features(&text, |bucket| found.push(bucket));
            if let Some(class) = class {
                rows.push((class, found));
            }
        }
    }
    let mut sizes = [0_f32; CLASSES.len()];
    rows.iter().for_each(|(class, _)| sizes[*class] += 1.0);
    let width = CLASSES.len();
    let mut weights = vec![0_f32; BUCKETS * width];
    let mut average = vec![0_f32; BUCKETS * width];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for pass in 0..PASSES {
        for at in (1..rows.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            rows.swap(at, (seed >> 33) as usize % (at + 1));
        }
        let step = STEP / (1.0 + pass as f32 * 0.2);
        for (class, found) in &rows {
            let worth = (rows.len() as f32 / 20.0 / sizes[*class]).powf(BALANCE);
            let scale = 1.0 / (found.len().max(1) as f32).sqrt();
            let mut sums = [0_f32; CLASSES.len()];
            for bucket in found {
                for (sum, weight) in sums.iter_mut().zip(&weights[bucket * width..]) {
                    *sum += weight * scale;
                }
            }
            let most = sums.iter().copied().fold(f32::MIN, f32::max);
            let whole: f32 = sums.iter().map(|sum| (sum - most).exp()).sum();
            for bucket in found {
                for (other, sum) in sums.iter().enumerate() {
                    let chance = (sum - most).exp() / whole;
                    let gap = f32::from(other == *class) - chance;
                    let weight = &mut weights[bucket * width + other];
                    *weight += step * scale * gap * worth - step * SHRINK * *weight;
                }
            }
        }
        if pass >= PASSES / 2 {
            for (sum, weight) in average.iter_mut().zip(&weights) {
                *sum += weight;
            }
        }
    }
    let most = average.iter().copied().fold(0_f32, |most, weight| most.max(weight.abs()));
    let bytes: Vec<u8> = average
        .iter()
        .map(|weight| (weight / most.max(1e-9) * 127.0).round() as i8 as u8)
        .collect();
    std::fs::write(out, bytes)?;
    Ok(())
}
