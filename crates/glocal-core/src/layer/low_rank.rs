//! Low-rank execution: plastic weights are never formed; Gram matrices of the presynaptic factors stand for them.
//!
//! # Equation
//! in_t P_tᵀ = d^t in_t P_0ᵀ + Σ_{u<t} mix\[t\]\[u\] Σ_r ⟨in_t, local_learning_rate ∘ b_{r,u}⟩ a_{r,u}
//!
//! with a B x B Gram block for each pair of steps where samples share P (and a mean over the batch), a number for each
//! pair of steps and sample where they do not. It is the identity behind linear attention. Exact as long as no clamp is
//! reached, which the planner proves beforehand.
//!
//! A constant input has one block for all pairs of steps, and the sum over u becomes a recurrence in the postsynaptic
//! factors: S^E_{t+1} = λ S^E_t + Σ_r κ_{r,t} a_{r,t}, S_{t+1} = d S_t + m_t S^E_{t+1}.
//!
//! # References
//! Katharopoulos et al., ICML 2020, arXiv 2006.16236.

use std::ops::Range;

use super::dense::{Plastic, row_gain_adjoint};
use super::overlap;
use super::presynaptic::{Term, plane};
use super::scan::{AdjointTile, FactorGradients, PlasticBackward, PlasticForward, ScanTile};
use crate::linalg::{Into, product, product_serial};
use crate::plasticity::MOST_TERMS;
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef, Rect, Tile};

/// C (+)= α A B; a single row is summed without the overhead of a matrix product.
fn mix<F: Float>(mut c: MatMut<'_, F>, into: Into, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) {
    if a.rows() > 1 {
        return product_serial(c, into, alpha, a, b);
    }
    match into {
        Into::Replace => c.row_mut(0).fill(F::of(0.0)),
        Into::Blend(beta) => rows::scale(c.row_mut(0), F::of(beta)),
        Into::Add => {}
    }
    for k in 0..a.cols() {
        rows::add_scaled(c.row_mut(0), alpha * a.at(0, k), b.row(k));
    }
}

/// C of the one sample of a tile.
fn taken_row<'a, F: Float>(plastic: &Plastic<'_, F>, taken: &'a [F], rect: &Rect, pair: usize) -> &'a [F] {
    let start = (pair * plastic.pre.batch + rect.rows.start) * plastic.outputs;
    &taken[start + rect.cols.start..start + rect.cols.end]
}

/// Low-rank execution of one tile, of either kind of input.
pub(super) struct LowRank<'a, F> {
    pub plastic: Plastic<'a, F>,
    pub rect: Rect,
    /// Gram matrix of the tile's samples: `[n,n]` for a constant input, `[T·n, T·n]` (scaled) for a series, per term.
    pub gram: Vec<MatRef<'a, F>>,
    /// in P_0ᵀ over k_t, whole array, one plane or T; empty if P_0 is zero.
    pub carried: &'a [F],
    /// S_t of a constant input, `[T+1, B, O]`.
    pub sums: Option<Tile<'a, F>>,
    /// What trained synapses take away from a single sample, C of [`overlap`], whole array; empty if they take nothing.
    pub taken: &'a [F],
    /// S^E_t.
    eligibility: Vec<F>,
}

impl<'a, F: Float> LowRank<'a, F> {
    pub fn new(
        plastic: Plastic<'a, F>,
        rect: Rect,
        gram: Vec<MatRef<'a, F>>,
        carried: &'a [F],
        sums: Option<Tile<'a, F>>,
        taken: &'a [F],
    ) -> Self {
        let size = if sums.is_some() { rect.rows.len() * rect.cols.len() } else { 0 };
        LowRank { plastic, rect, gram, carried, sums, taken, eligibility: vec![F::of(0.0); size] }
    }

    /// Takes away what trained synapses have of u_t.
    fn take_away(&self, t: usize, tile: &mut ScanTile<'_, F>) {
        let (plastic, out) = (&self.plastic, tile.drive.row_mut(t, 0));
        if let Some(sums) = &self.sums {
            let taken = taken_row(plastic, self.taken, &self.rect, 0);
            return rows::add_scaled_product(out, -plastic.pre.phase[t], taken, sums.row(t, 0));
        }
        for u in 0..t {
            let taken = taken_row(plastic, self.taken, &self.rect, overlap::pair(t, u));
            rows::add_scaled_product(out, -overlap::scale(plastic, t, u), taken, tile.factors[0].row(u, 0));
        }
    }

    fn carried_group(&self, t: usize, g: usize, rows: usize) -> &'a [F] {
        let (batch, outputs) = (self.plastic.pre.batch, self.plastic.outputs);
        let carried = if self.plastic.pre.constant() { self.carried } else { plane(self.carried, t, batch * outputs) };
        let start = (self.rect.rows.start + g * rows) * outputs + self.rect.cols.start;
        &carried[start..start + rows * self.rect.cols.len()]
    }
}

impl<F: Float> PlasticForward<F> for LowRank<'_, F> {
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>) {
        let n = self.rect.rows.len();
        let k = self.plastic.pre.phase[t];
        let rows = tile.drive.rows_per_group();
        for g in 0..n / rows {
            let group = tile.drive.group_mut(t, g);
            if self.carried.is_empty() {
                group.fill(F::of(0.0));
            } else {
                rows::scaled(group, k * self.plastic.coefficients.carry[t], self.carried_group(t, g, rows));
            }
        }
        if t > 0 {
            match &self.sums {
                Some(sums) => mix(tile.drive.plane_mut(t), Into::Add, k, self.gram[0], sums.plane(t)),
                None => {
                    for (term, gram) in self.gram.iter().enumerate() {
                        let block = gram.part(t * n..(t + 1) * n, 0..t * n);
                        let past = tile.factors[term].stacked(0..t);
                        mix(tile.drive.plane_mut(t), Into::Add, F::of(1.0), block, past);
                    }
                }
            }
            if !self.taken.is_empty() {
                self.take_away(t, tile);
            }
        }
    }

    fn update_group(&mut self, t: usize, g: usize, [first, second]: [&[F]; MOST_TERMS]) {
        let Some(sums) = &mut self.sums else { return };
        let c = self.plastic.coefficients;
        let scale = self.plastic.pre.factor_scale(0, t);
        let (before, after) = sums.group_pair(t, t + 1, g);
        if !c.has_eligibility() && self.plastic.terms == 1 {
            let scale = scale * c.third_factor[t];
            return match t {
                0 => rows::scaled(after, scale, first),
                _ => rows::combine(after, c.decay, before, scale, first),
            };
        }
        let eligibility = &mut self.eligibility[g * first.len()..(g + 1) * first.len()];
        rows::blend(eligibility, c.eligibility_decay, scale, first);
        if self.plastic.terms > 1 {
            rows::add_scaled(eligibility, self.plastic.pre.factor_scale(1, t), second);
        }
        match t {
            0 => rows::scaled(after, c.third_factor[0], eligibility),
            _ => rows::combine(after, c.decay, before, c.third_factor[t], eligibility),
        }
    }
}

/// Backward scan of a tile whose input is constant.
pub(super) struct ConstantBackward<'a, F> {
    plastic: Plastic<'a, F>,
    rect: Rect,
    gram: MatRef<'a, F>,
    /// S_t of the tile, `[T+1, rows, cols]`.
    sums: Tile<'a, F>,
    /// Rows of S at one step, further apart.
    padded: Vec<F>,
    /// This tile's part of the gradient of the Gram matrix, over the mean.
    pub gram_gradient: Vec<F>,
    /// As [`LowRank::taken`], and its gradient, of this tile.
    taken: &'a [F],
    pub taken_gradient: Vec<F>,
    /// Gradients of S^E and S, `[rows, cols]`.
    eligibility_gradient: Vec<F>,
    sum_gradient: Vec<F>,
    /// Gradients of the factors of one group of rows.
    factor_gradients: [Vec<F>; 2],
    gain: Vec<F>,
}

impl<'a, F: Float> ConstantBackward<'a, F> {
    pub fn new(
        plastic: Plastic<'a, F>,
        rect: Rect,
        (gram, taken): (MatRef<'a, F>, &'a [F]),
        sums: Tile<'a, F>,
        group: usize,
    ) -> Self {
        let zeros = |n: usize| vec![F::of(0.0); n];
        let (plane, len) = (rect.rows.len() * rect.cols.len(), group * rect.cols.len());
        ConstantBackward {
            gram_gradient: zeros(rect.rows.len() * rect.rows.len()),
            taken_gradient: zeros(if taken.is_empty() { 0 } else { plane }),
            taken,
            padded: zeros(if rect.rows.len() > 1 { plane + 16 * rect.rows.len() } else { 0 }),
            sums,
            eligibility_gradient: zeros(if plastic.coefficients.has_eligibility() { plane } else { 0 }),
            sum_gradient: zeros(plane),
            factor_gradients: [zeros(len), zeros(if plastic.terms > 1 { len } else { 0 })],
            gain: plastic.repeated_gain(&rect.cols, group),
            plastic,
            rect,
            gram,
        }
    }
}

impl<F: Float> PlasticBackward<F> for ConstantBackward<'_, F> {
    fn factor_gradients(&mut self, t: usize, g: usize) -> FactorGradients<'_, F> {
        let (c, len) = (self.plastic.coefficients, self.factor_gradients[0].len());
        let of_sum = &self.sum_gradient[g * len..(g + 1) * len];
        let (of_update, third) = if c.has_eligibility() {
            let eligibility = &mut self.eligibility_gradient[g * len..(g + 1) * len];
            rows::blend(eligibility, c.eligibility_decay, c.third_factor[t], of_sum);
            (&*eligibility, F::of(1.0))
        } else {
            (of_sum, c.third_factor[t])
        };
        for (term, row) in self.factor_gradients.iter_mut().enumerate().take(self.plastic.terms) {
            rows::scaled(row, self.plastic.pre.factor_scale(term, t) * third, of_update);
        }
        let [first, second] = &mut self.factor_gradients;
        FactorGradients { factors: [first, second], forgetting: &[] }
    }

    fn gain_adjoint(&mut self, t: usize, g: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        row_gain_adjoint(t, g, &self.gain, tile, adjoint);
    }

    fn drive_adjoint(&mut self, t: usize, _: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        if t > 0 {
            let (n, cols) = (self.rect.rows.len(), self.rect.cols.len());
            let k = self.plastic.pre.phase[t];
            let (du, s) = (adjoint.drive_gradient.plane(adjoint.drive_plane(t)), self.sums.plane(t));
            match n {
                1 => self.gram_gradient[0] += k * rows::dot(du.row(0), s.row(0)),
                _ => {
                    // Rows a power of two apart fall on few cache sets, and the product reads them as columns.
                    let stride = cols + 16;
                    for (to, r) in self.padded.chunks_exact_mut(stride).zip(0..n) {
                        to[..cols].copy_from_slice(s.row(r));
                    }
                    let s = MatRef::new(&self.padded, n, stride).part(0..n, 0..cols);
                    product_serial(MatMut::new(&mut self.gram_gradient, n, n), Into::Add, k, du, s.t());
                }
            }
            let gradient = MatMut::new(&mut self.sum_gradient, n, cols);
            let decay = Into::Blend(self.plastic.coefficients.decay.to_f64());
            mix(gradient, decay, k, self.gram.t(), du);
            if !self.taken.is_empty() {
                let taken = taken_row(&self.plastic, self.taken, &self.rect, 0);
                rows::add_scaled_product(&mut self.taken_gradient, -k, du.row(0), self.sums.row(t, 0));
                rows::add_scaled_product(&mut self.sum_gradient, -k, taken, du.row(0));
            }
        }
    }
}

/// Backward scan of a tile whose input is a series. Gradients of all later drives are kept beside it.
pub(super) struct SeriesBackward<'a, F> {
    rect: Rect,
    gram: Vec<MatRef<'a, F>>,
    /// Gradients of u, `[T·n, cols]` of this tile.
    later: Vec<F>,
    steps: usize,
    /// Gradients of a_r at one step, `[n, cols]`.
    planes: [Vec<F>; 2],
    gain: Vec<F>,
    rows_per_group: usize,
    plastic: Plastic<'a, F>,
    /// As [`LowRank::taken`].
    taken: &'a [F],
}

impl<'a, F: Float> SeriesBackward<'a, F> {
    pub fn new(
        plastic: Plastic<'a, F>,
        rect: Rect,
        (gram, taken): (Vec<MatRef<'a, F>>, &'a [F]),
        rows_per_group: usize,
    ) -> Self {
        let steps = plastic.pre.phase.len();
        let zeros = |n: usize| vec![F::of(0.0); n];
        let plane = rect.rows.len() * rect.cols.len();
        let planes = [zeros(plane), zeros(if plastic.terms > 1 { plane } else { 0 })];
        let gain = plastic.repeated_gain(&rect.cols, rows_per_group);
        SeriesBackward { later: zeros(steps * plane), planes, rect, gram, steps, gain, rows_per_group, plastic, taken }
    }
}

impl<F: Float> PlasticBackward<F> for SeriesBackward<'_, F> {
    fn update_adjoint(&mut self, t: usize, _: &ScanTile<'_, F>) {
        let (n, cols) = (self.rect.rows.len(), self.rect.cols.len());
        let later = (t + 1) * n..self.steps * n;
        for (gram, plane) in self.gram.iter().zip(&mut self.planes) {
            if later.is_empty() {
                plane.fill(F::of(0.0));
                continue;
            }
            let block = gram.part(later.clone(), t * n..(t + 1) * n).t();
            let drives = MatRef::new(&self.later, self.steps * n, cols).part(later.clone(), 0..cols);
            mix(MatMut::new(plane, n, cols), Into::Replace, F::of(1.0), block, drives);
        }
        if !self.taken.is_empty() {
            for later in t + 1..self.steps {
                let taken = taken_row(&self.plastic, self.taken, &self.rect, overlap::pair(later, t));
                let of_drive = &self.later[later * cols..(later + 1) * cols];
                let scale = -overlap::scale(&self.plastic, later, t);
                rows::add_scaled_product(&mut self.planes[0], scale, taken, of_drive);
            }
        }
    }

    fn factor_gradients(&mut self, _: usize, g: usize) -> FactorGradients<'_, F> {
        let len = self.rows_per_group * self.rect.cols.len();
        let [first, second] = &mut self.planes;
        let of_second = if second.is_empty() { 0..0 } else { g * len..(g + 1) * len };
        FactorGradients { factors: [&mut first[g * len..(g + 1) * len], &mut second[of_second]], forgetting: &[] }
    }

    fn gain_adjoint(&mut self, t: usize, g: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        row_gain_adjoint(t, g, &self.gain, tile, adjoint);
        let (plane, len) = (self.rect.rows.len() * self.rect.cols.len(), self.gain.len());
        self.later[t * plane + g * len..][..len].copy_from_slice(adjoint.drive_gradient.group(t, g));
    }

    fn drive_adjoint(&mut self, _: usize, _: &ScanTile<'_, F>, _: &mut AdjointTile<'_, F>) {}
}

/// x ∘ local_learning_rate, samples stacked over time, `[T·n, I]` (or `[n, I]` of a constant input).
fn weighted_input<F: Float>(plastic: &Plastic<'_, F>, samples: &Range<usize>) -> Vec<F> {
    let steps = if plastic.pre.constant() { 1 } else { plastic.pre.phase.len() };
    let width = plastic.pre.width;
    let mut out = vec![F::of(0.0); steps * samples.len() * width];
    for (j, row) in out.chunks_exact_mut(width).enumerate() {
        let (t, r) = (j / samples.len(), samples.start + j % samples.len());
        rows::product(row, plastic.rate, &plane(plastic.pre.activity(t), r, width)[..width]);
    }
    out
}

/// Gram matrix of a constant input, over the mean: shared, `[B,B]`.
pub(super) fn constant_gram_shared<F: Float>(plastic: &Plastic<'_, F>, gram: &mut [F]) {
    let (batch, width) = (plastic.pre.batch, plastic.pre.width);
    let weighted = weighted_input(plastic, &(0..batch));
    let x = MatRef::new(plastic.pre.activity(0), batch, width);
    let mean = plastic.mean(&(0..batch));
    product(MatMut::new(gram, batch, batch), Into::Replace, mean, MatRef::new(&weighted, batch, width), x.t());
}

/// Σ_i local_learning_rate_i x_i² of each sample, `[B]`.
pub(super) fn constant_gram_per_sample<F: Float>(plastic: &Plastic<'_, F>, gram: &mut [F]) {
    let width = plastic.pre.width;
    let mut weighted = vec![F::of(0.0); width];
    for (b, out) in gram.iter_mut().enumerate() {
        let x = plane(plastic.pre.activity(0), b, width);
        rows::product(&mut weighted, plastic.rate, x);
        *out = rows::dot(&weighted, x);
    }
}

/// All that scales the Gram block of steps `t` and `u`.
fn block_scale<F: Float>(plastic: &Plastic<'_, F>, term: usize, t: usize, u: usize, mean: F) -> F {
    plastic.coefficients.mix(t, u) * plastic.pre.phase[t] * plastic.pre.factor_scale(term, u) * mean
}

fn scale_blocks<F: Float>(plastic: &Plastic<'_, F>, term: usize, n: usize, gram: &mut [F], mean: F) {
    let steps = plastic.pre.phase.len();
    for (j, row) in gram.chunks_exact_mut(steps * n).enumerate() {
        let t = j / n;
        for u in 0..t {
            rows::scale(&mut row[u * n..(u + 1) * n], block_scale(plastic, term, t, u, mean));
        }
        row[t * n..].fill(F::of(0.0));
    }
}

/// Scaled Gram matrix of a series for the samples that share P, strictly lower block triangle, `[T·n, T·n]`.
pub(super) fn series_gram<F: Float>(plastic: &Plastic<'_, F>, samples: &Range<usize>, term: usize, gram: &mut [F]) {
    let (n, steps) = (samples.len(), plastic.pre.phase.len());
    let weighted = weighted_input(plastic, samples);
    let weighted = MatRef::new(&weighted, steps * n, plastic.pre.width);
    let phi = plastic.pre.stacked_factor(term, samples).t();
    if n == 1 {
        product_serial(MatMut::new(gram, steps, steps), Into::Replace, F::of(1.0), weighted, phi);
    } else {
        for t in 1..steps {
            let block = MatMut::new(&mut gram[t * n * steps * n..], n, steps * n).split_cols(t * n).0;
            let (rows, past) =
                (weighted.part(t * n..(t + 1) * n, 0..weighted.cols()), phi.part(0..phi.rows(), 0..t * n));
            product(block, Into::Replace, F::of(1.0), rows, past);
        }
    }
    scale_blocks(plastic, term, n, gram, plastic.mean(samples));
}

/// Gradient of the learning rates through the Gram matrix of a constant input, from its gradient for the samples of one
/// plastic weight, `[n,n]`.
pub(super) fn constant_adjoint<F: Float>(
    plastic: &Plastic<'_, F>,
    samples: &Range<usize>,
    gram_gradient: &[F],
    rate_gradient: &mut [F],
) {
    let (n, width) = (samples.len(), plastic.pre.width);
    let x = plastic.pre.samples(plastic.pre.activity(0), samples);
    if n == 1 {
        return rows::add_scaled_product(rate_gradient, gram_gradient[0], x.row(0), x.row(0));
    }
    let mut mixed = vec![F::of(0.0); n * width];
    let gradient = MatRef::new(gram_gradient, n, n);
    product(MatMut::new(&mut mixed, n, width), Into::Replace, plastic.mean(samples), gradient, x);
    for (b, row) in mixed.chunks_exact(width).enumerate() {
        rows::add_product(rate_gradient, x.row(b), row);
    }
}

/// Where [`series_adjoint`] adds its gradients, for the samples of one plastic weight.
pub(super) struct SeriesGradients<'g, 'a, F> {
    /// `[I]`.
    pub rate: &'g mut [F],
    /// Of x, `[T, samples, I]`.
    pub input: Option<&'g mut Tile<'a, F>>,
    /// Of each factor's trace, `[T, samples, I]`.
    pub traces: &'g mut [Option<Tile<'a, F>>],
}

/// Gradients of learning rates and inputs through the Gram matrices of a series, for the samples of one plastic weight.
pub(super) fn series_adjoint<F: Float>(
    plastic: &Plastic<'_, F>,
    samples: &Range<usize>,
    drive_gradient: &[F],
    factors: &[&[F]],
    mut out: SeriesGradients<'_, '_, F>,
) {
    let (n, steps) = (samples.len(), plastic.pre.phase.len());
    let (batch, width, outputs) = (plastic.pre.batch, plastic.pre.width, plastic.outputs);
    let multiply = if n == 1 { product_serial } else { product };
    let weighted = weighted_input(plastic, samples);
    let weighted = MatRef::new(&weighted, steps * n, width);
    let du = MatRef::stacked(drive_gradient, batch, outputs, samples);
    let mut gradient = vec![F::of(0.0); steps * n * steps * n];
    let mut scratch = vec![F::of(0.0); steps * n * width];
    // Blocks of rows; all at once where they are single rows, whose products would not be worth their calls.
    let at_once = if n == 1 { steps } else { 1 };
    let blocks: Vec<Range<usize>> = (0..steps).step_by(at_once).map(|t| t..t + at_once).collect();
    for (term, factor) in factors.iter().enumerate() {
        let a = MatRef::stacked(factor, batch, outputs, samples).t();
        // Only earlier steps move what a step sees: of the other blocks nothing is left.
        for steps_of in &blocks {
            let (rows, past) = (steps_of.start * n..steps_of.end * n, (steps_of.end - 1) * n);
            if past > 0 {
                let all = MatMut::new(&mut gradient, steps * n, steps * n);
                let block = all.split_rows(rows.start).1.split_rows(rows.len()).0.split_cols(past).0;
                let (du, a) = (du.part(rows, 0..outputs), a.part(0..outputs, 0..past));
                multiply(block, Into::Replace, F::of(1.0), du, a);
            }
        }
        scale_blocks(plastic, term, n, &mut gradient, plastic.mean(samples));
        let square = MatRef::new(&gradient, steps * n, steps * n);
        let phi = plastic.pre.stacked_factor(term, samples);
        for steps_of in &blocks {
            let (rows, past) = (steps_of.start * n..steps_of.end * n, (steps_of.end - 1) * n);
            let out = MatMut::new(&mut scratch[rows.start * width..rows.end * width], rows.len(), width);
            by_blocks(multiply, out, square.part(rows, 0..past), phi.part(0..past, 0..width));
        }
        for (j, row) in scratch.chunks_exact(width).enumerate() {
            let (t, r) = (j / n, j % n);
            rows::add_product(out.rate, plane(plastic.pre.activity(t), samples.start + r, width), row);
            if let Some(input) = &mut out.input {
                rows::add_product(input.row_mut(t, r), plastic.rate, row);
            }
        }
        let of_trace = matches!(plastic.pre.terms[term], Term::SeriesTrace(..));
        let into = if of_trace { out.traces[term].as_mut() } else { out.input.as_deref_mut() };
        if let Some(into) = into {
            for steps_of in &blocks {
                let (rows, later) = (steps_of.start * n..steps_of.end * n, (steps_of.start + 1) * n..steps * n);
                let out = MatMut::new(&mut scratch[rows.start * width..rows.end * width], rows.len(), width);
                let part = square.part(later.clone(), rows).t();
                by_blocks(multiply, out, part, weighted.part(later, 0..width));
            }
            for (j, row) in scratch.chunks_exact(width).enumerate() {
                rows::add_scaled(into.row_mut(j / n, j % n), F::of(1.0), row);
            }
        }
    }
}

/// out = A B, or zeros if there is nothing to sum over.
fn by_blocks<F: Float>(
    multiply: fn(MatMut<'_, F>, Into, F, MatRef<'_, F>, MatRef<'_, F>),
    mut out: MatMut<'_, F>,
    a: MatRef<'_, F>,
    b: MatRef<'_, F>,
) {
    match a.cols() {
        0 => (0..out.rows()).for_each(|r| out.row_mut(r).fill(F::of(0.0))),
        _ => multiply(out, Into::Replace, F::of(1.0), a, b),
    }
}

/// P_T of the samples that share it, rows `neurons`, `[neurons, I]`; `start` is P_0 of these rows, empty for zero.
pub(super) fn final_weight<F: Float>(
    plastic: &Plastic<'_, F>,
    neurons: &Range<usize>,
    sums: Option<&[F]>,
    factors: &[&[F]],
    start: &[F],
    out: &mut [F],
) {
    let (batch, width, outputs) = (plastic.pre.batch, plastic.pre.width, plastic.outputs);
    let steps = plastic.pre.phase.len();
    let size = batch * outputs;
    let mean = plastic.mean(&(0..batch));
    let mut into = Into::Replace;
    let mut add = |a: &[F], phi: &[F], scale: F| {
        let a = MatRef::new(a, batch, outputs).part(0..batch, neurons.clone()).t();
        let phi = MatRef::new(phi, batch, width);
        product_serial(MatMut::new(out, neurons.len(), width), into, scale, a, phi);
        into = Into::Add;
    };
    match sums {
        Some(sums) => add(plane(sums, steps, size), plastic.pre.activity(0), mean),
        None => {
            for (term, factor) in factors.iter().enumerate() {
                for u in 0..steps {
                    let scale = plastic.coefficients.mix(steps, u) * plastic.pre.factor_scale(term, u) * mean;
                    add(plane(factor, u, size), plastic.pre.factor(term, u), scale);
                }
            }
        }
    }
    let carry = plastic.coefficients.carry[steps];
    for (o, row) in out.chunks_exact_mut(width).enumerate() {
        match start.is_empty() {
            true => rows::product_in_place(row, plastic.rate),
            false => rows::decayed_sum(row, plastic.rate, carry, plane(start, o, width)),
        }
    }
}
