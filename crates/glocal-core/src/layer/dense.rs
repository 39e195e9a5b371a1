//! Dense execution: the plastic weights are a matrix that moves at every step.

use std::ops::Range;

use super::coefficients::Coefficients;
use super::presynaptic::{Presynaptic, Term};
use super::scan::{AdjointTile, FactorGradients, PlasticBackward, PlasticForward, ScanTile};
use crate::linalg::{Into, product_serial};
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef, Tile};

/// What multiplies the plastic weights.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gain<'a, F> {
    /// One number per postsynaptic neuron, `[O]`.
    Row(&'a [F]),
    /// One per synapse, `[O,I]`.
    Matrix(&'a [F]),
}

/// What a plastic layer's execution needs to know of the layer; common to all its tiles.
#[derive(Clone, Copy)]
pub(super) struct Plastic<'a, F> {
    pub pre: Presynaptic<'a, F>,
    pub outputs: usize,
    pub terms: usize,
    pub forgets: bool,
    pub coefficients: &'a Coefficients<F>,
    pub rate: &'a [F],
    pub gain: Gain<'a, F>,
    pub clamp: Option<F>,
}

impl<'a, F: Float> Plastic<'a, F> {
    /// 1/(samples that share a plastic weight).
    pub fn mean(&self, samples: &Range<usize>) -> F {
        F::of(1.0 / samples.len() as f64)
    }

    /// Gain of `neurons` for each of `rows` rows; empty where it is a matrix.
    pub fn repeated_gain(&self, neurons: &Range<usize>, rows: usize) -> Vec<F> {
        match self.gain {
            Gain::Row(gain) => gain[neurons.clone()].repeat(rows),
            Gain::Matrix(_) => Vec::new(),
        }
    }

    fn matrix_gain(&self, neurons: &Range<usize>) -> Option<&'a [F]> {
        match self.gain {
            Gain::Matrix(gain) => Some(&gain[neurons.start * self.pre.width..neurons.end * self.pre.width]),
            Gain::Row(_) => None,
        }
    }
}

/// P_t from its value before the clamp. P_0 is taken as given.
fn load_weight<F: Float>(out: &mut [F], before_clamp: &Tile<'_, F>, t: usize, clamp: Option<F>) {
    for (r, row) in out.chunks_exact_mut(before_clamp.cols()).enumerate() {
        match clamp {
            Some(bound) if t > 0 => rows::clamped(row, before_clamp.row(t, r), bound),
            _ => row.copy_from_slice(before_clamp.row(t, r)),
        }
    }
}

/// Rows `neurons` of the plastic weights of the samples `samples`, moving forward.
pub(super) struct DenseForward<'a, F> {
    plastic: Plastic<'a, F>,
    samples: Range<usize>,
    neurons: Range<usize>,
    /// Q_t: P_t before the clamp, `[T+1, neurons, I]`; plane 0 is P_0.
    before_clamp: Tile<'a, F>,
    weight: Vec<F>,
    coupled: Vec<F>,
    update: Vec<F>,
    eligibility: Vec<F>,
}

impl<'a, F: Float> DenseForward<'a, F> {
    /// `eligibility`: E_0 of the rows; empty for none.
    pub fn new(
        plastic: Plastic<'a, F>,
        samples: Range<usize>,
        neurons: Range<usize>,
        before_clamp: Tile<'a, F>,
        eligibility: &[F],
    ) -> Self {
        let zero = F::of(0.0);
        let size = neurons.len() * plastic.pre.width;
        let matrix = plastic.matrix_gain(&neurons).is_some();
        let eligibility = match (plastic.coefficients.has_eligibility(), eligibility.is_empty()) {
            (true, false) => eligibility.to_vec(),
            (true, true) => vec![zero; size],
            _ => Vec::new(),
        };
        DenseForward {
            plastic,
            samples,
            neurons,
            before_clamp,
            weight: vec![zero; size],
            coupled: vec![zero; if matrix { size } else { 0 }],
            update: vec![zero; size],
            eligibility,
        }
    }

    /// Moves the plastic weights over step `t` from recorded factors, without driving anything.
    pub fn replay(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        load_weight(&mut self.weight, &self.before_clamp, t, self.plastic.clamp);
        self.update(t, tile);
    }

    /// P_T, clamped, and E_T.
    pub fn finish(mut self, steps: usize) -> (Vec<F>, Vec<F>) {
        load_weight(&mut self.weight, &self.before_clamp, steps, self.plastic.clamp);
        (self.weight, self.eligibility)
    }
}

impl<F: Float> PlasticForward<F> for DenseForward<'_, F> {
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>) {
        let (p, width, count) = (self.plastic, self.plastic.pre.width, self.neurons.len());
        load_weight(&mut self.weight, &self.before_clamp, t, p.clamp);
        let x = p.pre.samples(p.pre.activity(t), &self.samples);
        let k = p.pre.phase[t];
        if let Some(gain) = p.matrix_gain(&self.neurons) {
            rows::product(&mut self.coupled, gain, &self.weight);
        }
        let weight = if self.coupled.is_empty() { &self.weight } else { &self.coupled };
        product_serial(tile.drive.plane_mut(t), Into::Replace, k, x, MatRef::new(weight, count, width).t());
    }

    fn update(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let (p, width, count) = (self.plastic, self.plastic.pre.width, self.neurons.len());
        let c = p.coefficients;
        for term in 0..p.terms {
            let into = if term == 0 { Into::Replace } else { Into::Add };
            let phi = p.pre.samples(p.pre.factor(term, t), &self.samples);
            let scale = p.pre.factor_scale(term, t);
            let out = MatMut::new(&mut self.update, count, width);
            product_serial(out, into, scale, tile.factors[term].plane(t).t(), phi);
        }
        let mean = p.mean(&self.samples);
        let third = c.third_factor[t];
        for o in 0..count {
            let row = o * width..(o + 1) * width;
            let (weight, update) = (&self.weight[row.clone()], &mut self.update[row.clone()]);
            let keep = if p.forgets { c.decay - mean_of_column(&tile.forgetting, t, o, mean) } else { c.decay };
            let next = self.before_clamp.row_mut(t + 1, o);
            if c.has_eligibility() {
                let eligibility = &mut self.eligibility[row];
                rows::scale(eligibility, c.eligibility_decay);
                rows::add_scaled_product(eligibility, mean, p.rate, update);
                rows::combine(next, keep, weight, third, eligibility);
            } else {
                rows::scaled(next, keep, weight);
                rows::add_scaled_product(next, mean * third, p.rate, update);
            }
        }
    }
}

fn mean_of_column<F: Float>(forgetting: &Tile<'_, F>, t: usize, column: usize, mean: F) -> F {
    let mut sum = F::of(0.0);
    for r in 0..forgetting.rows() {
        sum += forgetting.row(t, r)[column];
    }
    sum * mean
}

/// Rows `neurons` of the plastic weights of the samples `samples`, backward.
pub(super) struct DenseBackward<'a, F> {
    plastic: Plastic<'a, F>,
    samples: Range<usize>,
    neurons: Range<usize>,
    /// As in [`DenseForward`].
    before_clamp: Tile<'a, F>,
    /// Receives the gradient of the update's outer products over the mean, `[T, neurons, I]`.
    update_gradient: Tile<'a, F>,
    /// The gradient of a matrix gain is added here, `[neurons, I]`.
    gain_gradient: &'a mut [F],
    /// Gradient of P_{t+1}, then of P_t.
    weight_gradient: Vec<F>,
    eligibility_gradient: Vec<F>,
    weight: Vec<F>,
    scratch: Vec<F>,
    /// Gradients of a_r and f, `[samples, neurons]` each.
    factor_gradients: [Vec<F>; 2],
    forgetting_gradient: Vec<F>,
    /// Gain of a group of rows; empty where it is a matrix.
    gain: Vec<F>,
    group_len: usize,
}

impl<'a, F: Float> DenseBackward<'a, F> {
    pub fn new(
        plastic: Plastic<'a, F>,
        samples: Range<usize>,
        neurons: Range<usize>,
        before_clamp: Tile<'a, F>,
        update_gradient: Tile<'a, F>,
        gain_gradient: &'a mut [F],
        rows_per_group: usize,
    ) -> Self {
        let zeros = || vec![F::of(0.0); neurons.len() * plastic.pre.width];
        let eligibility_gradient = if plastic.coefficients.has_eligibility() { zeros() } else { Vec::new() };
        let plane = |used: bool| vec![F::of(0.0); if used { samples.len() * neurons.len() } else { 0 }];
        DenseBackward {
            gain: plastic.repeated_gain(&neurons, rows_per_group),
            group_len: rows_per_group * neurons.len(),
            factor_gradients: [plane(true), plane(plastic.terms > 1)],
            forgetting_gradient: plane(plastic.forgets),
            weight_gradient: zeros(),
            weight: zeros(),
            scratch: zeros(),
            eligibility_gradient,
            plastic,
            samples,
            neurons,
            before_clamp,
            update_gradient,
            gain_gradient,
        }
    }
}

impl<F: Float> PlasticBackward<F> for DenseBackward<'_, F> {
    fn update_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let (p, width, count) = (self.plastic, self.plastic.pre.width, self.neurons.len());
        let (c, mean, batch) = (p.coefficients, p.mean(&self.samples), self.samples.len());
        load_weight(&mut self.weight, &self.before_clamp, t, p.clamp);
        for o in 0..count {
            let row = o * width..(o + 1) * width;
            let gradient = &mut self.weight_gradient[row.clone()];
            if let Some(bound) = p.clamp {
                rows::zero_outside(gradient, self.before_clamp.row(t + 1, o), bound);
            }
            let into = self.update_gradient.row_mut(t, o);
            if c.has_eligibility() {
                let eligibility = &mut self.eligibility_gradient[row.clone()];
                rows::blend(eligibility, c.eligibility_decay, c.third_factor[t], gradient);
                rows::scaled(into, mean, eligibility);
            } else {
                rows::scaled(into, mean * c.third_factor[t], gradient);
            }
            rows::product(&mut self.scratch[row.clone()], p.rate, self.update_gradient.row(t, o));
            let mut keep = c.decay;
            if p.forgets {
                keep = keep - mean_of_column(&tile.forgetting, t, o, mean);
                let lost = -(rows::dot(gradient, &self.weight[row]) * mean);
                self.forgetting_gradient.iter_mut().skip(o).step_by(count).for_each(|g| *g = lost);
            }
            rows::scale(gradient, keep);
        }
        for term in 0..p.terms {
            let phi = p.pre.samples(p.pre.factor(term, t), &self.samples);
            let out = MatMut::new(&mut self.factor_gradients[term], batch, count);
            let update = MatRef::new(&self.scratch, count, width).t();
            product_serial(out, Into::Replace, p.pre.factor_scale(term, t), phi, update);
        }
    }

    fn factor_gradients(&mut self, _: usize, g: usize) -> FactorGradients<'_, F> {
        let len = self.group_len;
        let of = |data: &Vec<F>| if data.is_empty() { 0..0 } else { g * len..(g + 1) * len };
        let [first, second] = &mut self.factor_gradients;
        let (of_first, of_second) = (of(first), of(second));
        let forgetting = of(&self.forgetting_gradient);
        FactorGradients {
            factors: [&mut first[of_first], &mut second[of_second]],
            forgetting: &self.forgetting_gradient[forgetting],
        }
    }

    fn gain_adjoint(&mut self, t: usize, g: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        if !self.gain.is_empty() {
            row_gain_adjoint(t, g, &self.gain, tile, adjoint);
        }
    }

    fn drive_adjoint(&mut self, t: usize, _: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        let (p, width, count) = (self.plastic, self.plastic.pre.width, self.neurons.len());
        let x = p.pre.samples(p.pre.activity(t), &self.samples);
        let k = p.pre.phase[t];
        match p.matrix_gain(&self.neurons) {
            None if t > 0 => {
                let gradient = adjoint.drive_gradient.plane(t).t();
                product_serial(MatMut::new(&mut self.weight_gradient, count, width), Into::Add, k, gradient, x);
            }
            None => {}
            Some(gain) => {
                let gradient = adjoint.current_gradient.plane(t).t();
                product_serial(MatMut::new(&mut self.scratch, count, width), Into::Replace, k, gradient, x);
                rows::add_product(self.gain_gradient, &self.scratch, &self.weight);
                rows::add_product(&mut self.weight_gradient, &self.scratch, gain);
            }
        }
    }
}

/// du_t = gain ∘ dI_t, and the gradient of the gain, for group `g` of a tile's rows.
pub(super) fn row_gain_adjoint<F: Float>(
    t: usize,
    g: usize,
    gain: &[F],
    tile: &ScanTile<'_, F>,
    adjoint: &mut AdjointTile<'_, F>,
) {
    let (plane, gradient) = (adjoint.drive_plane(t), adjoint.current_gradient.group(adjoint.current_plane(t), g));
    rows::gain_adjoint(
        adjoint.drive_gradient.group_mut(plane, g),
        gain,
        gradient,
        tile.drive.group(t, g),
        &mut adjoint.sums.gain,
    );
}

/// Where a plastic layer's input gradients go: into `input`, and added to the others.
pub(super) struct InputGradients<'a, F> {
    /// Of the local learning rates, `[I]`.
    pub rate: &'a mut [F],
    /// Of x_t, `[samples, I]`; absent where nothing below learns.
    pub input: Option<MatMut<'a, F>>,
    /// Of the trace of each factor, `[samples, I]`; absent for activities.
    pub traces: Vec<Option<MatMut<'a, F>>>,
}

/// What dense execution leaves of the gradients of inputs, and adds to those of learning rates and traces, at step `t`, for
/// all neurons.
#[allow(clippy::too_many_arguments)]
pub(super) fn dense_input_adjoint<F: Float>(
    plastic: &Plastic<'_, F>,
    t: usize,
    samples: &Range<usize>,
    factors: &[MatRef<'_, F>],
    update_gradient: MatRef<'_, F>,
    before_clamp: &Tile<'_, F>,
    drive_gradient: MatRef<'_, F>,
    out: &mut InputGradients<'_, F>,
) {
    let (width, outputs, count) = (plastic.pre.width, plastic.outputs, samples.len());
    if let Some(input) = &mut out.input {
        let mut weight = vec![F::of(0.0); outputs * width];
        load_weight(&mut weight, before_clamp, t, plastic.clamp);
        if let Gain::Matrix(gain) = plastic.gain {
            rows::product_in_place(&mut weight, gain);
        }
        let k = plastic.pre.phase[t];
        product_serial(input.borrow(), Into::Replace, k, drive_gradient, MatRef::new(&weight, outputs, width));
    }
    let mut scratch = vec![F::of(0.0); count * width];
    for (term, factor) in factors.iter().enumerate() {
        let scale = plastic.pre.factor_scale(term, t);
        product_serial(MatMut::new(&mut scratch, count, width), Into::Replace, scale, *factor, update_gradient);
        let phi = plastic.pre.samples(plastic.pre.factor(term, t), samples);
        let of_trace = matches!(plastic.pre.terms[term], Term::SeriesTrace(..));
        for (r, row) in scratch.chunks_exact(width).enumerate() {
            rows::add_product(out.rate, phi.row(r), row);
            let into = if of_trace { out.traces[term].as_mut() } else { out.input.as_mut() };
            if let Some(into) = into {
                rows::add_product(into.row_mut(r), plastic.rate, row);
            }
        }
    }
}
