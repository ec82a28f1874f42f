//! The tests behind the tables. All are two-sided.
//!
//! Sources: Agresti, Categorical Data Analysis (two proportions, Fisher); Mann and Whitney 1947;
//! Benjamini and Hochberg 1995; Liang and Zeger 1986 for rates with patients as clusters.

/// Chance of a standard normal at least as far from 0.
pub(super) fn normal_tails(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The complementary error function for x ≥ 0, with a relative error below 1.2e-7 (Chebyshev fit,
/// Numerical Recipes 6.2).
fn erfc(x: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let fit = FIT.iter().rev().fold(0.0, |sum, term| sum * t + term);
    (t * (fit - x * x).exp()).min(1.0)
}

/// Logarithms of factorials.
pub(super) struct LogFactorials(Vec<f64>);

impl LogFactorials {
    pub(super) fn up_to(most: usize) -> Self {
        let mut sum = 0.0;
        Self(
            (0..=most)
                .map(|number| {
                    sum += (number.max(1) as f64).ln();
                    sum
                })
                .collect(),
        )
    }

    fn choose(&self, of: usize, take: usize) -> f64 {
        self.0[of] - self.0[take] - self.0[of - take]
    }
}

/// Whether two shares are one: `with_a` of `of_a` against `with_b` of `of_b`. Two-proportion z, or
/// Fisher's exact test where fewer than 5 are expected in a cell.
pub(super) fn shares(
    with_a: usize,
    of_a: usize,
    with_b: usize,
    of_b: usize,
    factorials: &LogFactorials,
) -> f64 {
    let (all, with) = (of_a + of_b, with_a + with_b);
    if of_a == 0 || of_b == 0 || with == 0 || with == all {
        return 1.0;
    }
    let (n_a, n_b) = (of_a as f64, of_b as f64);
    let pooled = with as f64 / all as f64;
    let expected_least = n_a.min(n_b) * pooled.min(1.0 - pooled);
    if expected_least < 5.0 {
        return fisher(with_a, of_a, of_b, with, factorials);
    }
    let error = (pooled * (1.0 - pooled) * (1.0 / n_a + 1.0 / n_b)).sqrt();
    normal_tails((with_a as f64 / n_a - with_b as f64 / n_b) / error)
}

/// The chance of a table at most as likely as this one, margins given.
fn fisher(with_a: usize, of_a: usize, of_b: usize, with: usize, factorials: &LogFactorials) -> f64 {
    let chance = |in_a: usize| {
        factorials.choose(of_a, in_a) + factorials.choose(of_b, with - in_a)
            - factorials.choose(of_a + of_b, with)
    };
    let seen = chance(with_a);
    let tables = with.saturating_sub(of_b)..=with.min(of_a);
    // Rounding must not tell equal chances apart.
    let sum: f64 = tables.map(chance).filter(|one| *one <= seen + 1e-7).map(f64::exp).sum();
    sum.min(1.0)
}

/// Welch's test of two means, with the normal distribution; `None` with fewer than two on a side.
pub(super) fn welch(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, variance_a) = moments(a)?;
    let (mean_b, variance_b) = moments(b)?;
    let error = (variance_a / a.len() as f64 + variance_b / b.len() as f64).sqrt();
    if error > 0.0 {
        return Some(normal_tails((mean_a - mean_b) / error));
    }
    Some(if mean_a == mean_b { 1.0 } else { 0.0 })
}

/// Mean and variance.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, squares / (values.len() - 1) as f64))
}

/// Fewer events than this on both sides together are tested as Poisson counts.
const EVENTS_FEW: f64 = 20.0;

/// Whether two rates are one. Counts and years are by patient, and patients are the clusters: the
/// logarithm of each rate has the variance of the sum of its patients' deviations. Few events are
/// tested exactly, as counts that fall to either side in proportion to its years.
pub(super) fn clustered_rates(
    counts_a: &[f64],
    years_a: &[f64],
    counts_b: &[f64],
    years_b: &[f64],
) -> Option<f64> {
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let (events_a, events_b) = (sum(counts_a), sum(counts_b));
    let (time_a, time_b) = (sum(years_a), sum(years_b));
    if time_a <= 0.0 || time_b <= 0.0 {
        return None;
    }
    if events_a + events_b < EVENTS_FEW || events_a == 0.0 || events_b == 0.0 {
        return Some(binomial(events_a as usize, events_b as usize, time_a / (time_a + time_b)));
    }
    let variance = |counts: &[f64], years: &[f64], events: f64, time: f64| {
        let rate = events / time;
        let patients = counts.len() as f64;
        let deviations = counts.iter().zip(years).map(|(count, years)| count - rate * years);
        let squares: f64 = deviations.map(|deviation| deviation * deviation).sum();
        squares * patients / (patients - 1.0).max(1.0) / (events * events)
    };
    // Never surer than independent events would be: a handful of patients can look too even.
    let error = variance(counts_a, years_a, events_a, time_a).max(1.0 / events_a)
        + variance(counts_b, years_b, events_b, time_b).max(1.0 / events_b);
    let ratio = (events_a / time_a) / (events_b / time_b);
    Some(normal_tails(ratio.ln() / error.sqrt()))
}

/// The chance of a split at most as likely as `a` to `b`, when each falls to `a` with this chance.
fn binomial(a: usize, b: usize, chance: f64) -> f64 {
    let all = a + b;
    let factorials = LogFactorials::up_to(all);
    let log = |in_a: usize| {
        factorials.choose(all, in_a)
            + in_a as f64 * chance.ln()
            + (all - in_a) as f64 * (1.0 - chance).ln()
    };
    let seen = log(a);
    let sum: f64 = (0..=all).map(log).filter(|one| *one <= seen + 1e-7).map(f64::exp).sum();
    sum.min(1.0)
}

/// Mann and Whitney's test of two samples in order: how likely one of `a` is larger than one of `b`
/// (ties count half), and the chance of being so far from a half; with the normal distribution, and
/// corrected for ties. `None` when a sample is empty.
pub(super) fn mann_whitney(a: &[f64], b: &[f64]) -> Option<(f64, f64)> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let (mut in_a, mut in_b) = (0, 0);
    let (mut ranks_a, mut ties) = (0.0, 0.0);
    while in_a < a.len() || in_b < b.len() {
        let value = match (a.get(in_a), b.get(in_b)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) => *x,
            (None, Some(y)) => *y,
            (None, None) => break,
        };
        let same = |values: &[f64]| values.iter().take_while(|other| **other <= value).count();
        let (more_a, more_b) = (same(&a[in_a..]), same(&b[in_b..]));
        let tied = (more_a + more_b) as f64;
        let rank = (in_a + in_b) as f64 + (tied + 1.0) / 2.0;
        ranks_a += rank * more_a as f64;
        ties += tied.powi(3) - tied;
        in_a += more_a;
        in_b += more_b;
    }
    let larger = ranks_a - n_a * (n_a + 1.0) / 2.0;
    let all = n_a + n_b;
    let variance = n_a * n_b / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)).max(1.0));
    let p = if variance > 0.0 {
        normal_tails((larger - n_a * n_b / 2.0) / variance.sqrt())
    } else {
        1.0
    };
    Some((larger / (n_a * n_b), p))
}

/// A quantile of values in order, between neighbours in proportion.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(last);
    values[low] + (values[high] - values[low]) * (place - low as f64)
}

/// Chances turned into false discovery rates, in the same order.
pub(super) fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|x, y| p[*y].total_cmp(&p[*x]));
    let mut q = vec![1.0; p.len()];
    let mut least: f64 = 1.0;
    for (above, row) in order.into_iter().enumerate() {
        let rank = p.len() - above;
        least = least.min(p[row] * p.len() as f64 / rank as f64);
        q[row] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        let error = (found - expected).abs();
        assert!(error <= 1e-6 + 1e-4 * expected.abs(), "{found}, not {expected}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        near(normal_tails(0.0), 1.0);
        near(normal_tails(1.959_964), 0.05);
        near(normal_tails(-2.575_829), 0.01);
        near(normal_tails(5.0) * 1e7, 5.733);
    }

    #[test]
    fn fisher_tastes_tea() {
        // Fisher's lady: 3 of 4 against 1 of 4.
        near(shares(3, 4, 1, 4, &LogFactorials::up_to(8)), 0.485_714);
        // The example of textbooks: 1 of 12 men and 9 of 12 women are studying.
        near(fisher(1, 12, 12, 10, &LogFactorials::up_to(24)), 0.002_759_456);
        near(shares(0, 10, 0, 14, &LogFactorials::up_to(24)), 1.0);
    }

    #[test]
    fn large_counts_use_the_normal_distribution() {
        // 120 of 1,000 against 90 of 1,000: pooled 0.105, z = 0.03 / 0.013709.
        near(shares(120, 1_000, 90, 1_000, &LogFactorials::up_to(2_000)), 0.028_650_2);
    }

    #[test]
    fn ranks_tell_longer_from_shorter() {
        let (larger, p) = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).expect("samples");
        near(larger, 0.0);
        // z = (0 - 4.5) / sqrt(5.25)
        near(p, 0.049_535);
        let (larger, p) = mann_whitney(&[1.0, 1.0], &[1.0, 1.0]).expect("samples");
        near(larger, 0.5);
        near(p, 1.0);
        // With ties of two and of three: U = 8 of 9, variance 9/12 * (7 - 30/30) = 4.5.
        let (larger, p) = mann_whitney(&[2.0, 2.0, 3.0], &[1.0, 1.0, 2.0]).expect("samples");
        near(larger, 8.0 / 9.0);
        near(p, normal_tails(3.5 / 4.5_f64.sqrt()));
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }

    #[test]
    fn discoveries_are_corrected_together() {
        // The example of Benjamini and Hochberg's procedure with five chances.
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        for (found, expected) in q.into_iter().zip([0.025, 0.05, 0.05, 0.025, 0.5]) {
            near(found, expected);
        }
    }

    #[test]
    fn rates_mind_that_patients_differ() {
        let years = vec![5.0; 100];
        let even = vec![2.0; 100];
        let more = vec![3.0; 100];
        let independent = clustered_rates(&even, &years, &more, &years).expect("a test");
        near(independent, normal_tails(1.5_f64.ln() / (1.0 / 200.0 + 1.0 / 300.0_f64).sqrt()));
        // The same numbers, all from few patients: no longer sure.
        let few = |total: f64| -> Vec<f64> {
            (0..100).map(|patient| if patient < 4 { total / 4.0 } else { 0.0 }).collect()
        };
        let clustered = clustered_rates(&few(200.0), &years, &few(300.0), &years).expect("a test");
        assert!(clustered > 0.3, "{clustered}");
        // Few events: 0 against 5 in equal time is two in 32.
        let none = vec![0.0; 100];
        let mut five = none.clone();
        five[0] = 5.0;
        near(clustered_rates(&none, &years, &five, &years).expect("a test"), 0.0625);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        near(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        near(quantile(&[7.0], 0.99), 7.0);
    }
}
