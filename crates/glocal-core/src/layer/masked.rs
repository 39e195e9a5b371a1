//! Plastic weights beside a mask, low-rank: where there are trained synapses the plastic ones do not count, and only there
//! are they formed, to be taken away again.
//!
//! # Equation
//! in_t ((1 - M) ∘ P_t)ᵀ = in_t P_tᵀ - in_t Q_tᵀ with Q_t = M ∘ P_t, of the mask's synapses alone:
//! Q_{t+1} = d Q_t + m_t κ_t local_learning_rate ∘ M ∘ mean_b outer(a_t, φ_t).
//!
//! The first term is [`LowRank`]'s, the second costs the density's share of a dense product.

use std::ops::Range;

use super::dense::Plastic;
use super::low_rank::LowRank;
use super::presynaptic::plane;
use super::scan::{AdjointTile, FactorGradients, PlasticBackward, PlasticForward, ScanTile};
use crate::linalg::{Into, Mask, Turned};
use crate::plasticity::MOST_TERMS;
use crate::rows;
use crate::scalar::Float;
use crate::view::MatMut;

/// What a tile of neurons leaves: arrays over its synapses, `[planes, neurons, K]`.
#[derive(Debug)]
pub(super) struct Synapses<F> {
    /// Q_t, T planes.
    weight: Vec<F>,
    /// Σ_b outer(a_t, φ_t), T planes; the last is not used.
    outer: Vec<F>,
    /// m_t κ_t local_learning_rate ∘ (gradient of Q_{t+1}) over the mean, T planes.
    update_gradient: Vec<F>,
    /// Gradient of the local learning rates, `[I]`.
    rate_gradient: Vec<F>,
}

impl<F> Default for Synapses<F> {
    fn default() -> Self {
        Synapses { weight: Vec::new(), outer: Vec::new(), update_gradient: Vec::new(), rate_gradient: Vec::new() }
    }
}

/// A tile's neurons, and what is common to all tiles.
#[derive(Clone)]
pub(super) struct Neurons<'a, F> {
    pub plastic: Plastic<'a, F>,
    pub mask: &'a Mask,
    /// x, one plane if it is constant, else T.
    pub input: &'a Turned<F>,
    pub neurons: Range<usize>,
}

impl<F: Float> Neurons<'_, F> {
    fn size(&self) -> usize {
        self.neurons.len() * self.mask.fan_in()
    }

    fn input(&self, t: usize) -> (&Turned<F>, usize) {
        (self.input, if self.plastic.pre.constant() { 0 } else { t })
    }

    /// What a_t outer φ_t counts by in P_{t+1}, but for the learning rates.
    fn scale(&self, t: usize) -> F {
        let samples = 0..self.plastic.pre.batch;
        self.plastic.mean(&samples) * self.plastic.coefficients.third_factor[t] * self.plastic.pre.factor_scale(0, t)
    }
}

/// One tile forward.
pub(super) struct MaskedForward<'a, F> {
    whole: LowRank<'a, F>,
    at: Neurons<'a, F>,
    synapses: &'a mut Synapses<F>,
    starts_at_zero: bool,
    factor: Turned<F>,
}

impl<'a, F: Float> MaskedForward<'a, F> {
    /// `start`: P_0, `[O,I]`; empty for zero.
    pub fn new(whole: LowRank<'a, F>, at: Neurons<'a, F>, synapses: &'a mut Synapses<F>, start: &[F]) -> Self {
        let (steps, width) = (at.plastic.pre.phase.len(), at.plastic.pre.width);
        synapses.weight.resize(steps * at.size(), F::of(0.0));
        synapses.outer.resize(steps * at.size(), F::of(0.0));
        let first = &mut synapses.weight[..at.size()];
        match start.is_empty() {
            true => first.fill(F::of(0.0)),
            false => {
                let rows = start[at.neurons.start * width..at.neurons.end * width].chunks_exact(width);
                let columns = at.mask.columns(&at.neurons).chunks_exact(at.mask.fan_in());
                let values = rows.zip(columns).flat_map(|(row, own)| own.iter().map(|&column| row[column as usize]));
                first.iter_mut().zip(values).for_each(|(out, value)| *out = value);
            }
        }
        MaskedForward { whole, at, synapses, starts_at_zero: start.is_empty(), factor: Turned::default() }
    }
}

impl<F: Float> PlasticForward<F> for MaskedForward<'_, F> {
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>) {
        self.whole.drive(t, tile);
        if t > 0 || !self.starts_at_zero {
            let weight = plane(&self.synapses.weight, t, self.at.size());
            let how = (Into::Add, -self.at.plastic.pre.phase[t]);
            self.at.mask.times_transposed(tile.drive.plane_mut(t), how, self.at.input(t), &self.at.neurons, weight);
        }
    }

    fn update_group(&mut self, t: usize, g: usize, factors: [&[F]; MOST_TERMS]) {
        self.whole.update_group(t, g, factors);
    }

    fn update(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let (at, size) = (&self.at, self.at.size());
        if t + 1 == at.plastic.pre.phase.len() {
            return;
        }
        self.factor.load_part(tile.factors[0].plane(t));
        let outer = &mut self.synapses.outer[t * size..(t + 1) * size];
        outer.fill(F::of(0.0));
        at.mask.add_outer(outer, F::of(1.0), (&self.factor, 0), at.input(t), &at.neurons);
        let (decay, scale, rate) = (at.plastic.coefficients.decay, at.scale(t), at.plastic.rate);
        let (before, after) = self.synapses.weight.split_at_mut((t + 1) * size);
        let columns = at.mask.columns(&at.neurons);
        for (((after, &before), &outer), &column) in after.iter_mut().zip(&before[t * size..]).zip(&*outer).zip(columns)
        {
            *after = decay * before + scale * rate[column as usize] * outer;
        }
    }
}

/// One tile backward.
pub(super) struct MaskedBackward<'a, F> {
    whole: &'a mut dyn PlasticBackward<F>,
    at: Neurons<'a, F>,
    synapses: &'a mut Synapses<F>,
    /// Gradient of Q_{t+1}, then of Q_t.
    weight_gradient: Vec<F>,
    /// What Q adds to the gradient of a_t, `[B, neurons]`.
    factor_gradient: Vec<F>,
    group: usize,
    turned: Turned<F>,
}

impl<'a, F: Float> MaskedBackward<'a, F> {
    /// `group`: rows of the tile's groups.
    pub fn new(
        whole: &'a mut dyn PlasticBackward<F>,
        at: Neurons<'a, F>,
        synapses: &'a mut Synapses<F>,
        group: usize,
    ) -> Self {
        let zeros = |n: usize| vec![F::of(0.0); n];
        synapses.update_gradient.resize(at.plastic.pre.phase.len() * at.size(), F::of(0.0));
        synapses.rate_gradient.clear();
        synapses.rate_gradient.resize(at.plastic.pre.width, F::of(0.0));
        MaskedBackward {
            weight_gradient: zeros(at.size()),
            factor_gradient: zeros(at.plastic.pre.batch * at.neurons.len()),
            group: group * at.neurons.len(),
            turned: Turned::default(),
            whole,
            at,
            synapses,
        }
    }
}

impl<F: Float> PlasticBackward<F> for MaskedBackward<'_, F> {
    fn update_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        self.whole.update_adjoint(t, tile);
        let (at, size) = (&self.at, self.at.size());
        let update = &mut self.synapses.update_gradient[t * size..(t + 1) * size];
        if t + 1 == at.plastic.pre.phase.len() {
            update.fill(F::of(0.0));
            return self.factor_gradient.fill(F::of(0.0));
        }
        let (scale, rate, columns) = (at.scale(t), at.plastic.rate, at.mask.columns(&at.neurons));
        let outer = &self.synapses.outer[t * size..(t + 1) * size];
        for (((update, &gradient), &outer), &column) in
            update.iter_mut().zip(&self.weight_gradient).zip(outer).zip(columns)
        {
            *update = scale * rate[column as usize] * gradient;
            self.synapses.rate_gradient[column as usize] += scale * gradient * outer;
        }
        let out = MatMut::new(&mut self.factor_gradient, at.plastic.pre.batch, at.neurons.len());
        at.mask.times_transposed(out, (Into::Replace, F::of(1.0)), at.input(t), &at.neurons, update);
        rows::scale(&mut self.weight_gradient, at.plastic.coefficients.decay);
    }

    fn factor_gradients(&mut self, t: usize, g: usize) -> FactorGradients<'_, F> {
        let FactorGradients { factors: [first, second], forgetting } = self.whole.factor_gradients(t, g);
        rows::add_scaled(first, F::of(1.0), &self.factor_gradient[g * self.group..(g + 1) * self.group]);
        FactorGradients { factors: [first, second], forgetting }
    }

    fn gain_adjoint(&mut self, t: usize, g: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        self.whole.gain_adjoint(t, g, tile, adjoint);
    }

    fn drive_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        self.whole.drive_adjoint(t, tile, adjoint);
        if t > 0 {
            let at = &self.at;
            self.turned.load_part(adjoint.drive_gradient.plane(adjoint.drive_plane(t)));
            let (gradient, k) = (&mut self.weight_gradient, at.plastic.pre.phase[t]);
            at.mask.add_outer(gradient, -k, (&self.turned, 0), at.input(t), &at.neurons);
        }
    }
}

/// Adds what all tiles leave of the gradients of the learning rates.
pub(super) fn add_rate_gradients<F: Float>(tiles: &[Synapses<F>], rate: &mut [F]) {
    tiles.iter().for_each(|tile| rows::add_scaled(rate, F::of(1.0), &tile.rate_gradient));
}

/// Adds what Q leaves of the gradient of a series input, `[T,B,I]`.
///
/// # Equation
/// dx_t += -k_t du_t Q_t + a_t (m_t κ_t local_learning_rate ∘ dQ_{t+1}).
pub(super) fn add_input_gradient<F: Float>(
    plastic: &Plastic<'_, F>,
    mask: &Mask,
    tiles: &[Synapses<F>],
    (drive_gradient, factor): (&[F], &[F]),
    input: &mut [F],
) {
    let (batch, width, outputs) = (plastic.pre.batch, plastic.pre.width, plastic.outputs);
    let steps = plastic.pre.phase.len();
    let of_step = |t: usize, array: fn(&Synapses<F>) -> &Vec<F>| -> Vec<F> {
        tiles.iter().flat_map(|tile| plane(array(tile), t, array(tile).len() / steps)).copied().collect()
    };
    let mut turned = Turned::default();
    for (t, input) in input.chunks_exact_mut(batch * width).enumerate() {
        let mut add = |scale: F, series: &[F], values: &[F]| {
            turned.load(plane(series, t, batch * outputs), 1, outputs);
            mask.times(MatMut::new(input, batch, width), (Into::Add, scale), (&turned, 0), values);
        };
        add(-plastic.pre.phase[t], drive_gradient, &of_step(t, |tile| &tile.weight));
        if t + 1 < steps {
            add(F::of(1.0), factor, &of_step(t, |tile| &tile.update_gradient));
        }
    }
}

/// The sum of `[O,I]` without the mask's synapses.
pub(super) fn beside<F: Float>(mask: &Mask, matrix: &[F]) -> F {
    let mut own = vec![F::of(0.0); mask.len()];
    mask.gather(matrix, &mut own);
    rows::sum(matrix) - rows::sum(&own)
}
