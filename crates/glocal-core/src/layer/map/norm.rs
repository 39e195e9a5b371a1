//! Normalisation of currents, channel by channel.
//!
//! # Equation
//! ŷ = (y - mean)/√(variance + ε), I = λ g ŷ + β. Threshold-dependent: statistics over all steps, samples and places, g the
//! threshold. Per step: statistics over samples and places of each step, g = 1. For evaluation running statistics stand
//! in: after each training step r ← (1-m) r + m · (the batch's mean, or unbiased variance).
//!
//! # References
//! Zheng et al., "Going deeper with directly-trained larger spiking neural networks", AAAI 2021, arXiv 2011.05280.
//! Ioffe & Szegedy, ICML 2015, arXiv 1502.03167.

use crate::config::Norm;
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;

/// ε, added to the variance.
const EPSILON: f64 = 1e-5;
/// m, what running statistics take from each batch.
const MOMENTUM: f64 = 0.1;

/// Count, mean and sum of squared deviations of each channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Moments {
    pub count: f64,
    pub mean: Vec<f64>,
    pub squares: Vec<f64>,
}

impl Moments {
    /// Of values `[·, channels]`.
    pub fn of<F: Float>(values: &[F], channels: usize) -> Self {
        let count = (values.len() / channels) as f64;
        let (one, mut sum) = (F::of(1.0), vec![F::of(0.0); channels]);
        values.chunks_exact(channels).for_each(|row| rows::add_scaled(&mut sum, one, row));
        let mean: Vec<F> = sum.iter().map(|&s| s / F::of(count)).collect();
        let (mut deviation, mut squares) = (vec![F::of(0.0); channels], vec![F::of(0.0); channels]);
        for row in values.chunks_exact(channels) {
            rows::combine(&mut deviation, one, row, F::of(-1.0), &mean);
            rows::add_product(&mut squares, &deviation, &deviation);
        }
        let wide = |values: &[F]| values.iter().map(|v| v.to_f64()).collect();
        Moments { count, mean: wide(&mean), squares: wide(&squares) }
    }

    /// Of the values of both.
    ///
    /// # References
    /// Chan, Golub & LeVeque, The American Statistician 37:242 (1983), doi 10.1080/00031305.1983.10483115.
    pub fn merge(&mut self, other: &Moments) {
        if self.count == 0.0 {
            return self.clone_from(other);
        }
        let total = self.count + other.count;
        for (c, mean) in self.mean.iter_mut().enumerate() {
            let difference = other.mean[c] - *mean;
            *mean += difference * other.count / total;
            self.squares[c] += other.squares[c] + difference * difference * self.count * other.count / total;
        }
        self.count = total;
    }
}

/// From y to I, for one group of steps (all of them, or each on its own): `[groups, O]` each.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine<F> {
    pub groups: usize,
    /// λ g/√(variance + ε), or 1.
    pub scale: Vec<F>,
    /// β - mean · scale, or the bias.
    pub shift: Vec<F>,
    /// Mean, and 1/√(variance + ε), of normalised layers.
    pub mean: Vec<F>,
    pub inverse_deviation: Vec<F>,
}

impl<F: Float> Affine<F> {
    /// Adds the bias, if there is one.
    pub fn of_bias(bias: &[F], outputs: usize) -> Self {
        let shift = if bias.is_empty() { vec![F::of(0.0); outputs] } else { bias.to_vec() };
        Affine { groups: 1, scale: vec![F::of(1.0); outputs], shift, mean: Vec::new(), inverse_deviation: Vec::new() }
    }

    /// Normalises by the statistics of a batch.
    pub fn of_moments(norm: Norm, threshold: f64, params: &LayerArrays<F>, moments: &[Moments]) -> Self {
        let mean: Vec<F> = moments.iter().flat_map(|m| m.mean.iter().map(|&v| F::of(v))).collect();
        let variance = moments.iter().flat_map(|m| m.squares.iter().map(|&v| v / m.count));
        Affine::of_statistics(norm, threshold, params, mean, variance)
    }

    /// Normalises by running statistics; of those of single steps, `steps` are wanted.
    pub fn of_running(norm: Norm, threshold: f64, params: &LayerArrays<F>, steps: std::ops::Range<usize>) -> Self {
        let outputs = params.norm_scale.len();
        let known = params.running_mean.len() / outputs;
        let wanted = if norm == Norm::PerStep { steps } else { 0..1 };
        let row = |values: &[F], t: usize| values[t.min(known - 1) * outputs..][..outputs].to_vec();
        let mean = wanted.clone().flat_map(|t| row(&params.running_mean, t)).collect();
        let variance: Vec<F> = wanted.flat_map(|t| row(&params.running_variance, t)).collect();
        Affine::of_statistics(norm, threshold, params, mean, variance.iter().map(|v| v.to_f64()))
    }

    fn of_statistics(
        norm: Norm,
        threshold: f64,
        params: &LayerArrays<F>,
        mean: Vec<F>,
        variance: impl Iterator<Item = f64>,
    ) -> Self {
        let gain = F::of(norm.gain(threshold));
        let inverse_deviation: Vec<F> = variance.map(|v| F::of(1.0) / F::of(v + EPSILON).sqrt()).collect();
        let lambda = params.norm_scale.iter().cycle();
        let scale: Vec<F> = inverse_deviation.iter().zip(lambda).map(|(&d, &l)| l * gain * d).collect();
        let beta = params.norm_shift.iter().cycle();
        let shift = mean.iter().zip(&scale).zip(beta).map(|((&m, &s), &b)| b - m * s).collect();
        Affine { groups: mean.len() / params.norm_scale.len(), scale, shift, mean, inverse_deviation }
    }

    /// Which group step `t` belongs to.
    pub fn group(&self, t: usize) -> usize {
        if self.groups == 1 { 0 } else { t }
    }
}

impl Norm {
    /// g.
    fn gain(self, threshold: f64) -> f64 {
        match self {
            Norm::Tdbn => threshold,
            Norm::PerStep => 1.0,
        }
    }

    /// Adds Σ dI g ŷ to the gradient of λ, and Σ dI to that of β; `sums` are Σ dI and Σ dI ŷ, `[groups, O]`.
    pub(super) fn add_gradients<F: Float>(self, threshold: f64, sums: &Sums<F>, gradients: &mut LayerArrays<F>) {
        let outputs = gradients.norm_scale.len();
        for (of_shift, of_scale) in sums.gradient.chunks_exact(outputs).zip(sums.product.chunks_exact(outputs)) {
            rows::add_scaled(&mut gradients.norm_shift, F::of(1.0), of_shift);
            rows::add_scaled(&mut gradients.norm_scale, F::of(self.gain(threshold)), of_scale);
        }
    }
}

/// Σ dI and Σ dI ŷ, `[groups, O]`.
#[derive(Clone, Debug)]
pub(super) struct Sums<F> {
    pub gradient: Vec<F>,
    pub product: Vec<F>,
}

/// Lets running statistics follow the batch's.
pub(super) fn follow<F: Float>(params: &mut LayerArrays<F>, moments: &[Moments]) {
    let outputs = params.norm_scale.len();
    let keep = F::of(1.0 - MOMENTUM);
    let (means, variances) = (&mut params.running_mean, &mut params.running_variance);
    let running = means.chunks_exact_mut(outputs).zip(variances.chunks_exact_mut(outputs));
    for (group, (mean, variance)) in running.enumerate() {
        // Of a constant input all steps have the statistics of one.
        let Some(batch) = moments.get(group).or(moments.first()) else { return };
        for c in 0..outputs {
            mean[c] = keep * mean[c] + F::of(MOMENTUM * batch.mean[c]);
            let unbiased = batch.squares[c] / (batch.count - 1.0).max(1.0);
            variance[c] = keep * variance[c] + F::of(MOMENTUM * unbiased);
        }
    }
}
