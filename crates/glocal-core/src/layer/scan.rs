//! The time scan of one tile of a layer, forward and backward; how plastic weights are executed is behind two traits.

use super::presynaptic::plane;
use crate::neuron::{NeuronAdjointRow, NeuronKernel, NeuronRow};
use crate::plasticity::{MOST_TERMS, Normalisation, RuleAdjointRow, RuleKernel, RuleRow};
use crate::rows;
use crate::scalar::Float;
use crate::view::{Rect, Tile};

/// Most state variables of a neuron, as a constant for arrays of slices.
const MOST_STATES: usize = crate::neuron::MOST_STATES;

/// What is common to all tiles of a scan.
pub(super) struct Scan<'a, F> {
    pub neuron: &'a dyn NeuronKernel<F>,
    pub rule: Option<&'a dyn RuleKernel<F>>,
    pub smooth: bool,
    pub steps: usize,
    pub batch: usize,
    pub outputs: usize,
    pub phase: &'a [F],
    /// x Wᵀ, one plane if the input is constant, else one for each step.
    pub base: &'a [F],
    pub constant: bool,
    pub bias: &'a [F],
    pub sliding: &'a [F],
    /// What the drive counts by in the current, `[O]`; empty without plastic weights.
    pub gain: &'a [F],
    /// State and trace that an earlier part of the scan left, `[states,B,O]` and `[B,O]`; empty at rest.
    pub initial_state: &'a [F],
    pub initial_trace: &'a [F],
}

/// One rectangle of the arrays that a forward scan fills; all are `[T, B, O]` unless said otherwise.
pub(super) struct ScanTile<'a, F> {
    pub rect: Rect,
    /// Input current.
    pub current: Tile<'a, F>,
    /// State before each step, `[T·states, B, O]`.
    pub state: Tile<'a, F>,
    /// v_t.
    pub potential: Tile<'a, F>,
    /// Spikes.
    pub output: Tile<'a, F>,
    /// Trace of the rule before each step.
    pub trace: Tile<'a, F>,
    /// a_r.
    pub factors: [Tile<'a, F>; MOST_TERMS],
    /// f.
    pub forgetting: Tile<'a, F>,
    /// u_t = in_t P_tᵀ, before the gain.
    pub drive: Tile<'a, F>,
    /// State after the last step, `[states, B, O]`.
    pub last_state: Tile<'a, F>,
    /// Trace after the last step, `[1, B, O]`.
    pub last_trace: Tile<'a, F>,
}

/// One execution of plastic weights, forward.
pub(super) trait PlasticForward<F> {
    /// Writes u_t, the plastic part of the current of step `t` before the gain.
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>);
    /// Moves the plastic weights by the factors of step `t`, the part of sample `r` of the tile.
    fn update_row(&mut self, t: usize, r: usize, tile: &ScanTile<'_, F>) {
        let _ = (t, r, tile);
    }
    /// Moves the plastic weights by the factors of step `t`, after all samples.
    fn update(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let _ = (t, tile);
    }
}

/// Gradients of one sample's postsynaptic factors at one step; unused ones may be empty.
pub(super) struct FactorGradients<'a, F> {
    pub factors: [&'a mut [F]; MOST_TERMS],
    pub forgetting: &'a [F],
}

/// One execution of plastic weights, backward.
pub(super) trait PlasticBackward<F> {
    /// Adjoint of [`PlasticForward::update`].
    fn update_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let _ = (t, tile);
    }
    /// Gradients of the factors of step `t`, sample `r` of the tile.
    fn factor_gradients(&mut self, t: usize, r: usize) -> FactorGradients<'_, F>;
    /// Adjoint of the gain of step `t`, sample `r` of the tile.
    fn gain_adjoint(&mut self, t: usize, r: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>);
    /// Adjoint of [`PlasticForward::drive`], after all samples.
    fn drive_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>);
}

/// Runs all steps of a tile.
pub(super) fn forward_tile<F: Float>(
    scan: &Scan<'_, F>,
    tile: &mut ScanTile<'_, F>,
    mut plastic: Option<&mut dyn PlasticForward<F>>,
) {
    let rect = tile.rect.clone();
    let (rows, cols, states) = (rect.rows.len(), rect.cols.len(), scan.neuron.states());
    let mut state = vec![F::of(0.0); rows * states * cols];
    let mut trace = vec![F::of(0.0); if scan.rule.is_some_and(|r| r.has_trace()) { rows * cols } else { 0 }];
    scan.load_initial(&rect, &mut state, &mut trace);
    for t in 0..scan.steps {
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.drive(t, tile);
        }
        for r in 0..rows {
            scan.load_current(tile, t, r);
            let state = &mut state[r * states * cols..(r + 1) * states * cols];
            for k in 0..states {
                tile.state.row_mut(t * states + k, r).copy_from_slice(&state[k * cols..(k + 1) * cols]);
            }
            let row = NeuronRow {
                current: tile.current.row(t, r),
                state,
                membrane_potential: tile.potential.row_mut(t, r),
                output: tile.output.row_mut(t, r),
            };
            scan.neuron.forward(scan.smooth, row);
            if let (Some(plastic), Some(rule)) = (plastic.as_deref_mut(), scan.rule) {
                scan.factors_of_row(rule, tile, t, r, &mut trace);
                plastic.update_row(t, r, tile);
            }
        }
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.update(t, tile);
        }
    }
    for r in 0..rows {
        for k in 0..states {
            tile.last_state.row_mut(k, r).copy_from_slice(&state[(r * states + k) * cols..][..cols]);
        }
        if !trace.is_empty() {
            tile.last_trace.row_mut(0, r).copy_from_slice(&trace[r * cols..(r + 1) * cols]);
        }
    }
}

impl<F: Float> Scan<'_, F> {
    fn base_row(&self, t: usize, sample: usize) -> &[F] {
        let base = if self.constant { self.base } else { plane(self.base, t, self.batch * self.outputs) };
        &base[sample * self.outputs..(sample + 1) * self.outputs]
    }

    /// I_t = k_t x Wᵀ + bias + gain ∘ u_t.
    fn load_current(&self, tile: &mut ScanTile<'_, F>, t: usize, r: usize) {
        let cols = tile.rect.cols.clone();
        let base = &self.base_row(t, tile.rect.rows.start + r)[cols.clone()];
        let (k, bias, current) = (self.phase[t], &self.bias[cols.clone()], tile.current.row_mut(t, r));
        match self.gain.is_empty() {
            true => rows::affine(current, k, base, bias),
            false => rows::affine_driven(current, k, base, bias, &self.gain[cols], tile.drive.row(t, r)),
        }
    }

    fn load_initial(&self, rect: &Rect, state: &mut [F], trace: &mut [F]) {
        let (cols, states) = (rect.cols.len(), self.neuron.states());
        let from = |sample: usize, k: usize| {
            let row = (k * self.batch + sample) * self.outputs;
            row + rect.cols.start..row + rect.cols.end
        };
        for (r, sample) in rect.rows.clone().enumerate() {
            if !self.initial_state.is_empty() {
                for k in 0..states {
                    state[(r * states + k) * cols..][..cols].copy_from_slice(&self.initial_state[from(sample, k)]);
                }
            }
            if !trace.is_empty() && !self.initial_trace.is_empty() {
                trace[r * cols..(r + 1) * cols].copy_from_slice(&self.initial_trace[from(sample, 0)]);
            }
        }
    }

    fn factors_of_row(
        &self,
        rule: &dyn RuleKernel<F>,
        tile: &mut ScanTile<'_, F>,
        t: usize,
        r: usize,
        trace: &mut [F],
    ) {
        let cols = tile.rect.cols.len();
        let [first, second] = &mut tile.factors;
        let trace: &mut [F] = if rule.has_trace() {
            let trace = &mut trace[r * cols..(r + 1) * cols];
            tile.trace.row_mut(t, r).copy_from_slice(trace);
            trace
        } else {
            &mut []
        };
        let row = RuleRow {
            membrane_potential: tile.potential.row(t, r),
            output: tile.output.row(t, r),
            sliding_threshold: &self.sliding[tile.rect.cols.clone()],
            trace,
            factors: [first.row_mut(t, r), if rule.pre().len() > 1 { second.row_mut(t, r) } else { &mut [] }],
            forgetting: if rule.forgets() { tile.forgetting.row_mut(t, r) } else { &mut [] },
        };
        rule.forward(self.smooth, self.neuron.threshold(), row);
        if let Normalisation::Softmax { scale } = rule.normalisation() {
            softmax(tile.factors[0].row_mut(t, r), F::of(scale));
        }
    }
}

/// row = scale · softmax(row).
///
/// # Equation
/// a_i = scale · exp(z_i - max z)/Σ_j exp(z_j - max z).
fn softmax<F: Float>(row: &mut [F], scale: F) {
    let top = row.iter().fold(row[0], |top, &z| (z - top).if_positive(z, top));
    row.iter_mut().for_each(|z| *z = (*z - top).exp());
    let factor = scale / rows::sum(row);
    rows::scale(row, factor);
}

/// Adjoint of [`softmax`] from its result: dz = a ∘ (da - (Σ a da)/scale).
fn softmax_adjoint<F: Float>(result: &[F], gradient: &mut [F], scale: F) {
    if scale == F::of(0.0) {
        return gradient.fill(F::of(0.0));
    }
    let mean = rows::dot(result, gradient) / scale;
    gradient.iter_mut().zip(result).for_each(|(g, &a)| *g = a * (*g - mean));
}

/// One rectangle of the arrays that a backward scan fills, and of the gradients it starts from.
pub(super) struct AdjointTile<'a, F> {
    /// Gradient of the current, `[T, B, O]`.
    pub current_gradient: Tile<'a, F>,
    /// Gradient of u_t, `[T, B, O]`.
    pub drive_gradient: Tile<'a, F>,
    /// Σ_t k_t · gradient of the current, `[1, B, O]`.
    pub weighted: Tile<'a, F>,
    pub sums: ColumnSums<F>,
}

/// Gradients of a tile's per-neuron parameters, summed over its samples and all steps.
#[derive(Clone, Debug)]
pub(super) struct ColumnSums<F> {
    pub bias: Vec<F>,
    pub gain: Vec<F>,
    pub sliding: Vec<F>,
}

impl<F: Float> ColumnSums<F> {
    pub fn new(cols: usize) -> Self {
        ColumnSums { bias: vec![F::of(0.0); cols], gain: vec![F::of(0.0); cols], sliding: vec![F::of(0.0); cols] }
    }
}

/// Gradients of what the tile put out, whole arrays `[T, B, O]`; absent: zero.
#[derive(Clone, Copy)]
pub(super) struct OutputGradients<'a, F> {
    pub output: Option<&'a [F]>,
    pub potential: Option<&'a [F]>,
}

/// Runs all steps of a tile backward.
pub(super) fn backward_tile<F: Float>(
    scan: &Scan<'_, F>,
    from: OutputGradients<'_, F>,
    tile: &ScanTile<'_, F>,
    adjoint: &mut AdjointTile<'_, F>,
    mut plastic: Option<&mut dyn PlasticBackward<F>>,
) {
    let rect = &tile.rect;
    let (rows, cols, states) = (rect.rows.len(), rect.cols.len(), scan.neuron.states());
    let zero = F::of(0.0);
    let mut state_gradient = vec![zero; rows * states * cols];
    let rule = scan.rule.filter(|_| plastic.is_some());
    let mut trace_gradient = vec![zero; if rule.is_some_and(|r| r.has_trace()) { rows * cols } else { 0 }];
    let (mut v, mut s) = (vec![zero; cols], vec![zero; cols]);
    for r in 0..rows {
        adjoint.weighted.row_mut(0, r).fill(zero);
    }
    for t in (0..scan.steps).rev() {
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.update_adjoint(t, tile);
        }
        for r in 0..rows {
            let whole = ((t * scan.batch) + rect.rows.start + r) * scan.outputs;
            let part = whole + rect.cols.start..whole + rect.cols.end;
            load(&mut v, from.potential, &part);
            load(&mut s, from.output, &part);
            if let (Some(rule), Some(plastic)) = (rule, plastic.as_deref_mut()) {
                let grads = (plastic.factor_gradients(t, r), &mut trace_gradient[..]);
                let outputs = (&mut v[..], &mut s[..]);
                scan.factors_adjoint(rule, tile, (t, r), grads, outputs, &mut adjoint.sums.sliding);
            }
            let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
            for (k, slot) in before.iter_mut().enumerate().take(states) {
                *slot = tile.state.row(t * states + k, r);
            }
            scan.neuron.backward(
                scan.smooth,
                NeuronAdjointRow {
                    current: tile.current.row(t, r),
                    state: &before[..states],
                    state_gradient: &mut state_gradient[r * states * cols..(r + 1) * states * cols],
                    membrane_potential_gradient: &v,
                    output_gradient: &s,
                    current_gradient: adjoint.current_gradient.row_mut(t, r),
                },
            );
            let gradient = adjoint.current_gradient.row(t, r);
            rows::current_sums(scan.phase[t], gradient, &mut adjoint.sums.bias, adjoint.weighted.row_mut(0, r));
            if let Some(plastic) = plastic.as_deref_mut() {
                plastic.gain_adjoint(t, r, tile, adjoint);
            }
        }
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.drive_adjoint(t, tile, adjoint);
        }
    }
}

fn load<F: Float>(row: &mut [F], from: Option<&[F]>, part: &std::ops::Range<usize>) {
    match from {
        Some(whole) => row.copy_from_slice(&whole[part.clone()]),
        None => row.fill(F::of(0.0)),
    }
}

impl<F: Float> Scan<'_, F> {
    fn factors_adjoint(
        &self,
        rule: &dyn RuleKernel<F>,
        tile: &ScanTile<'_, F>,
        (t, r): (usize, usize),
        (gradients, trace_gradient): (FactorGradients<'_, F>, &mut [F]),
        (v, s): (&mut [F], &mut [F]),
        sliding: &mut [F],
    ) {
        let cols = tile.rect.cols.len();
        if let Normalisation::Softmax { scale } = rule.normalisation() {
            softmax_adjoint(tile.factors[0].row(t, r), gradients.factors[0], F::of(scale));
        }
        let trace_part = if trace_gradient.is_empty() { 0..0 } else { r * cols..(r + 1) * cols };
        let row = RuleAdjointRow {
            membrane_potential: tile.potential.row(t, r),
            output: tile.output.row(t, r),
            sliding_threshold: &self.sliding[tile.rect.cols.clone()],
            trace: if rule.has_trace() { tile.trace.row(t, r) } else { &[] },
            factor_gradients: gradients.factors.map(|f| &*f),
            forgetting_gradient: gradients.forgetting,
            trace_gradient: &mut trace_gradient[trace_part],
            membrane_potential_gradient: v,
            output_gradient: s,
            sliding_threshold_gradient: sliding,
        };
        rule.backward(self.smooth, self.neuron.threshold(), row);
    }
}
