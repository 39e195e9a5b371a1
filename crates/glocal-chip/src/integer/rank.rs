//! The rank form: what plastic weights would add, from keys and values of past steps, without the weights.
//!
//! # Equation
//! H_t = share_t H_0 + Σ_{s<t} share_{t-1-s} post_s ⊗ pre_s while no clamp is reached, so
//! Σ_i H_oi x_i = ⌊share_t · Σ_i H_0,oi x_i⌉ + ⌊Σ_{s<t} post_os · share_{t-1-s} · Σ_i pre_is x_i⌉, with share_n = ⌊plastic_decay^n⌉ in 1/2^15.
//! Sums and products are exact in 64 bits; each of the two brackets is rounded once, halves to even, to the fraction of H · x.
//!
//! The matrix that cores move is rounded to 16 bits at every step instead: that is all in which the two differ.
//!
//! # References
//! Architecture decision 0019; Schlag et al., ICML (2021), for keys and values of fast weights.

use crate::network::{PLASTIC_FRACTION, QuantizedPlasticity};
use crate::number::rounded_shift;

/// Largest magnitude of a presynaptic factor.
pub(crate) const MOST_FACTOR: i64 = 1 << 15;

/// Fractional bits that scores and values have more than H · x, where `shift` is 0: 15 of the share, and 15 of H · decay.
const MORE_BITS: u32 = 30;

/// share_n = ⌊decay^n⌉ in 1/2^15 for n = 0..=steps; `decay` in 1/2^15.
pub fn shares(decay: i32, steps: usize) -> Vec<i32> {
    let decay = f64::from(decay) / 32_768.0;
    let powers = std::iter::successors(Some(1.0), |power| Some(power * decay));
    powers.take(steps + 1).map(|power: f64| libm::rint(power * 32_768.0) as i32).collect()
}

/// score_s = Σ_i key_si x_i of each row of keys.
pub fn scores(keys: &[i16], x: &[i8], scores: &mut [i64]) {
    for (row, score) in keys.chunks_exact(x.len()).zip(scores) {
        *score = row.iter().zip(x).map(|(&key, &x)| i64::from(i32::from(key) * i32::from(x))).sum();
    }
}

/// Scores of the steps before `step`, each with what is left of its step.
pub fn weigh(scores: &mut [i64], shares: &[i32], step: usize) {
    scores.iter_mut().take(step).enumerate().for_each(|(s, score)| *score *= i64::from(shares[step - 1 - s]));
}

/// ⌊Σ_s value_so weighed_s⌉ of every neuron, to the fraction of H · x; `shift` as of [`QuantizedPlasticity::shift`].
pub fn moved_sums(values: &[i8], weighed: &[i64], shift: u32, sums: &mut [i32]) {
    let neurons = sums.len();
    for (neuron, sum) in sums.iter_mut().enumerate() {
        let rows = weighed.iter().enumerate().map(|(s, &score)| i64::from(values[s * neurons + neuron]) * score);
        let whole = rounded_shift(rows.sum::<i64>(), MORE_BITS - shift);
        *sum = whole.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    }
}

/// Adds what is left of the sums of H_0.
pub fn add_resting(resting: &[i32], share: i32, sums: &mut [i32]) {
    for (sum, &resting) in sums.iter_mut().zip(resting) {
        let left = rounded_shift(i64::from(resting) * i64::from(share), 15);
        *sum = sum.saturating_add(left as i32);
    }
}

/// H after `step`, each weight rounded once, as the matrix would be: for whoever wants to look. `keys`: `[T,I]`, `values`: `[T,O]`.
pub(crate) fn plastic_weights(
    plasticity: &QuantizedPlasticity,
    (step, shares): (usize, &[i32]),
    keys: &[i16],
    values: &[i8],
    plastic: &mut Vec<i16>,
) {
    let (inputs, neurons) = (plasticity.rate.len(), plasticity.sliding_threshold.len());
    plastic.clear();
    for neuron in 0..neurons {
        for input in 0..inputs {
            let begin = i64::from(plasticity.start[neuron * inputs + input]) * i64::from(shares[step + 1]);
            let part = |s: usize| {
                let product = i64::from(values[s * neurons + neuron]) * i64::from(keys[s * inputs + input]);
                (product * i64::from(shares[step - s])) << plasticity.shift()
            };
            let exact = (begin << 15) + (0..=step).map(part).sum::<i64>();
            plastic.push(rounded_shift(exact, MORE_BITS).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16);
        }
    }
}

/// What a whole layer remembers, and room for a step.
#[derive(Debug)]
pub(super) struct Past {
    shares: Vec<i32>,
    /// Presynaptic factors of each step, `[T,I]`.
    keys: Vec<i16>,
    /// Postsynaptic factors of each step, `[T,O]`.
    values: Vec<i8>,
    scores: Vec<i64>,
    /// Sums of H_0.
    pub(super) resting: Vec<i32>,
}

impl Past {
    pub(super) fn new(plasticity: &QuantizedPlasticity) -> Past {
        let (inputs, neurons) = (plasticity.rate.len(), plasticity.sliding_threshold.len());
        let steps = plasticity.phase.len();
        Past {
            shares: shares(plasticity.decay, steps),
            keys: vec![0; steps * inputs],
            values: vec![0; steps * neurons],
            scores: vec![0; steps],
            resting: vec![0; neurons],
        }
    }

    /// What H · x would be at `step`.
    pub(super) fn sums(&mut self, plasticity: &QuantizedPlasticity, step: usize, x: &[i8], sums: &mut [i32]) {
        let Past { shares, keys, values, scores: of_steps, resting } = self;
        let of_steps = &mut of_steps[..step];
        scores(keys, x, of_steps);
        weigh(of_steps, shares, step);
        moved_sums(values, of_steps, plasticity.shift(), sums);
        add_resting(resting, shares[step], sums);
    }

    /// Remembers a step.
    pub(super) fn keep(&mut self, plasticity: &QuantizedPlasticity, step: usize, x: &[i8], post: &[i8]) {
        let key = &mut self.keys[step * x.len()..][..x.len()];
        plasticity.factors(step, (x, &plasticity.rate), key);
        self.values[step * post.len()..][..post.len()].copy_from_slice(post);
    }

    /// H after `step`.
    pub(super) fn plastic(&self, plasticity: &QuantizedPlasticity, step: usize, plastic: &mut Vec<i16>) {
        plastic_weights(plasticity, (step, &self.shares), &self.keys, &self.values, plastic);
    }
}

impl QuantizedPlasticity {
    /// Bits that post · pre is shifted left, to the 12 + 15 fractional bits of H · decay.
    pub fn shift(&self) -> u32 {
        PLASTIC_FRACTION + 15 - self.post_fraction - self.rate_fraction
    }

    /// Presynaptic factors of some inputs, `rate` of these.
    pub(crate) fn factors(&self, step: usize, (x, rate): (&[i8], &[i16]), pre: &mut [i16]) {
        super::kernels::presynaptic(x, rate, (self.input_shift, self.phase[step]), pre);
    }

    /// The largest magnitude of the presynaptic factor of an input with this rate at a step.
    pub(crate) fn most_factor(&self, rate: i16, step: usize) -> i64 {
        let most = self.most_input as i8;
        let mut pre = [0; 2];
        self.factors(step, (&[most, -most], &[rate; 2]), &mut pre);
        pre.iter().map(|&pre| i64::from(pre).abs()).max().unwrap_or(0)
    }

    /// Whether there is anything to begin with: H_0 is not zero everywhere.
    pub fn begins_with_any(&self) -> bool {
        self.start.iter().any(|&h| h != 0)
    }

    /// Past steps that anything is remembered of: all but the last.
    pub fn remembered_steps(&self) -> usize {
        self.phase.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_by_hand() {
        assert_eq!(shares(1 << 14, 3), [32_768, 16_384, 8192, 4096]);
        assert_eq!(shares(32_768, 2), [32_768; 3]);
        // 0.95: 31,130 / 32,768; its square is 29,573.9.
        assert_eq!(shares(31_130, 2), [32_768, 31_130, 29_574]);
    }

    /// Two past steps of two inputs and one neuron, x = (3, -2): scores 10·3 - 20·2 = -10 and 7·3 - 1·2 = 19; with decay a half
    /// 5·(-10)/2 + (-4)·19 = -101 units of 2^-15 of the share: shifted by 30 - 20 = 10 bits -101 · 32 = -3232. What rests of 101 is half: 50.5, to
    /// even 50.
    #[test]
    fn sums_by_hand() {
        let mut found = [0; 2];
        scores(&[10, 20, 7, 1], &[3, -2], &mut found);
        assert_eq!(found, [-10, 19]);
        weigh(&mut found, &shares(1 << 14, 2), 2);
        assert_eq!(found, [-10 * 16_384, 19 * 32_768]);
        let mut sums = [0];
        moved_sums(&[5, -4], &found, 20, &mut sums);
        assert_eq!(sums, [-3232]);
        add_resting(&[101], 16_384, &mut sums);
        assert_eq!(sums, [-3232 + 50]);
    }
}
