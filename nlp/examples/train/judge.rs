//! What training needs to know of a [`Tally`] beyond its totals.

use crate::measure::Tally;

/// Mean distance between how sure mentions are and how often such mentions are right.
pub fn calibration_error(tally: &Tally) -> f64 {
    let mut bins = [(0.0f64, 0usize, 0usize); 10];
    for (score, right) in &tally.scores {
        let bin = &mut bins[((score * 10.0) as usize).min(9)];
        bin.0 += f64::from(*score);
        bin.1 += usize::from(*right);
        bin.2 += 1;
    }
    bins.iter().map(|(sum, right, _)| (sum - *right as f64).abs()).sum::<f64>()
        / tally.scores.len().max(1) as f64
}

/// The totals in one line.
pub fn line(tally: &Tally) -> String {
    let total = tally.total();
    format!(
        "P {:.4} R {:.4} F {:.4} calibration {:.3}",
        total.precision(),
        total.recall(),
        total.f1(),
        calibration_error(tally)
    )
}

/// F1 by type in one line.
pub fn types_line(tally: &Tally) -> String {
    let each = tally.types.iter().zip(&tally.counts);
    each.map(|(name, count)| format!("{name} {:.3}", count.f1())).collect::<Vec<_>>().join(", ")
}

/// Slope and intercept from the odds of a raw score to how often it is right: a logistic fit
/// by Newton's method.
pub fn sureness(tally: &Tally) -> [f32; 2] {
    let (mut slope, mut intercept) = (1.0f64, 0.0f64);
    for _ in 0..30 {
        let mut g = [0.0f64; 2];
        let mut h = [1e-6f64, 0.0, 1e-6];
        for (score, right) in &tally.scores {
            let score = f64::from(*score).clamp(1e-4, 1.0 - 1e-4);
            let odds = (score / (1.0 - score)).ln();
            let chance = 1.0 / (1.0 + (-(slope * odds + intercept)).exp());
            let miss = f64::from(u8::from(*right)) - chance;
            let weight = chance * (1.0 - chance);
            g[0] += miss * odds;
            g[1] += miss;
            h[0] += weight * odds * odds;
            h[1] += weight * odds;
            h[2] += weight;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        if determinant.abs() < 1e-9 {
            break;
        }
        slope += (h[2] * g[0] - h[1] * g[1]) / determinant;
        intercept += (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    [slope as f32, intercept as f32]
}
