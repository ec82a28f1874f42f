//! Seeded randomness. Every patient has streams of their own, keyed by (run, patient, purpose), so
//! what one draws never depends on another, on threads, or on what is added later elsewhere.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood 2014): one addition and a mix per draw, every
//! seed is a good one. Not for secrets.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    /// The stream of `purpose` for one patient (or whatever `index` counts) of a run.
    pub fn new(run: u64, index: u64, purpose: &str) -> Self {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&run.to_le_bytes());
        key[8..].copy_from_slice(&index.to_le_bytes());
        let seed = xxh3_64_with_seed(purpose.as_bytes(), xxh3_64_with_seed(&key, 0x7461_726e));
        Self { state: seed, spare: None }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// From `low` up to, not including, `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number from `low` to `high`, both included.
    pub fn whole(&mut self, low: i64, high: i64) -> i64 {
        debug_assert!(low <= high);
        let span = (high - low) as u64 + 1;
        low + ((u128::from(self.bits()) * u128::from(span)) >> 64) as i64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Normal with mean 0 and standard deviation 1 (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = x * x + y * y;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * s.ln() / s).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Triangular between `low` and `high`, most often near `mode`.
    pub fn triangular(&mut self, low: f64, mode: f64, high: f64) -> f64 {
        let u = self.unit();
        let turn = if high > low { (mode - low) / (high - low) } else { 0.0 };
        if u < turn {
            low + (u * (high - low) * (mode - low)).sqrt()
        } else {
            high - ((1.0 - u) * (high - low) * (high - mode)).sqrt()
        }
    }

    /// Log-normal: `median` times e to a normal with standard deviation `sigma`.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// One of them, each as likely.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.whole(0, of.len() as i64 - 1) as usize]
    }

    /// The place of one weight, as likely as it is heavy; the last one takes rounding.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            last = place;
            if left < weight {
                return place;
            }
            left -= weight;
        }
        last
    }
}
