//! The time scan of one tile of a layer, forward and backward; how plastic weights are executed is behind two traits.

use crate::linalg::{Into, product_serial};
use crate::neuron::{NeuronAdjointRow, NeuronKernel, NeuronRow};
use crate::plasticity::{MOST_TERMS, Normalisation, RuleAdjointRow, RuleKernel, RuleRow};
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef, Rect, Tile};

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
    /// State before each step and after the last, `[(T+1)·states, B, O]`.
    pub state: Tile<'a, F>,
    /// v_t; without planes where it is not kept.
    pub potential: Tile<'a, F>,
    /// Spikes.
    pub output: Tile<'a, F>,
    /// Trace of the rule before each step.
    pub trace: Tile<'a, F>,
    /// a_r; without planes where they are not kept.
    pub factors: [Tile<'a, F>; MOST_TERMS],
    /// f.
    pub forgetting: Tile<'a, F>,
    /// u_t = in_t P_tᵀ, before the gain.
    pub drive: Tile<'a, F>,
    /// Trace after the last step, `[1, B, O]`.
    pub last_trace: Tile<'a, F>,
}

/// One execution of plastic weights, forward.
pub(super) trait PlasticForward<F> {
    /// Writes u_t, the plastic part of the current of step `t` before the gain.
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>);
    /// Moves the plastic weights by the factors of step `t`, the part of group `g` of the tile's rows.
    fn update_group(&mut self, t: usize, g: usize, factors: [&[F]; MOST_TERMS]) {
        let _ = (t, g, factors);
    }
    /// Moves the plastic weights by the factors of step `t`, after all samples.
    fn update(&mut self, t: usize, tile: &ScanTile<'_, F>) {
        let _ = (t, tile);
    }
}

/// Gradients of the postsynaptic factors of one group of rows at one step; unused ones may be empty.
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
    /// Whether outputs reach the next step of their own layer.
    fn feeds_back(&self) -> bool {
        false
    }
    /// Adds what reaches the outputs of the step at hand, group `g` of the tile's rows, through the next step.
    fn add_output_gradient(&mut self, g: usize, gradient: &mut [F]) {
        let _ = (g, gradient);
    }
    /// Gradients of the factors of step `t`, group `g` of the tile's rows.
    fn factor_gradients(&mut self, t: usize, g: usize) -> FactorGradients<'_, F>;
    /// Adjoint of the gain of step `t`, group `g` of the tile's rows.
    fn gain_adjoint(&mut self, t: usize, g: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>);
    /// Adjoint of [`PlasticForward::drive`], after all samples.
    fn drive_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>);
}

/// How elementwise loops go through a tile: groups of rows, with the neurons' parameters repeated for each row of a group.
pub(super) struct Groups<F> {
    pub rows: usize,
    pub count: usize,
    /// Values in a group.
    pub len: usize,
    pub bias: Vec<F>,
    pub gain: Vec<F>,
    pub sliding: Vec<F>,
}

impl<F: Float> Groups<F> {
    fn new(scan: &Scan<'_, F>, tile: &ScanTile<'_, F>) -> Self {
        let rows = tile.output.rows_per_group();
        let repeat = |row: &[F]| if row.is_empty() { Vec::new() } else { row[tile.rect.cols.clone()].repeat(rows) };
        Groups {
            rows,
            count: tile.rect.rows.len() / rows,
            len: rows * tile.rect.cols.len(),
            bias: repeat(scan.bias),
            gain: repeat(scan.gain),
            sliding: repeat(scan.sliding),
        }
    }

    /// Where group `g` of plane `p` of a tile lies in whole `[planes, B, O]` arrays.
    fn range(&self, scan: &Scan<'_, F>, rect: &Rect, p: usize, g: usize) -> std::ops::Range<usize> {
        let start = (p * scan.batch + rect.rows.start + g * self.rows) * scan.outputs + rect.cols.start;
        start..start + self.len
    }
}

/// Rows of one group at one step that no later step reads.
struct Scratch<F> {
    current: Vec<F>,
    potential: Vec<F>,
    factors: [Vec<F>; MOST_TERMS],
    after: Vec<F>,
    output: Vec<F>,
}

impl<F: Float> Scratch<F> {
    fn new(len: usize, states: usize) -> Self {
        let row = || vec![F::of(0.0); len];
        Scratch {
            current: row(),
            potential: row(),
            factors: [row(), row()],
            after: vec![F::of(0.0); states * len],
            output: row(),
        }
    }
}

/// Runs all steps of a tile.
pub(super) fn forward_tile<F: Float>(
    scan: &Scan<'_, F>,
    tile: &mut ScanTile<'_, F>,
    mut plastic: Option<&mut dyn PlasticForward<F>>,
) {
    let groups = Groups::new(scan, tile);
    let (len, states) = (groups.len, scan.neuron.states());
    let traced = scan.rule.is_some_and(|r| r.has_trace());
    let mut trace = vec![F::of(0.0); if traced { groups.count * len } else { 0 }];
    scan.load_initial(&groups, tile, &mut trace);
    let mut scratch = Scratch::new(len, states);
    for t in 0..scan.steps {
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.drive(t, tile);
        }
        for g in 0..groups.count {
            scan.load_current(&groups, tile, (t, g), &mut scratch.current);
            let (before, mut after) = tile.state.group_runs::<MOST_STATES>(t * states, (t + 1) * states, states, g);
            let row = NeuronRow {
                current: &scratch.current,
                before: &before[..states],
                after: &mut after[..states],
                membrane_potential: tile.potential.group_or(t, g, &mut scratch.potential),
                output: tile.output.group_mut(t, g),
            };
            scan.neuron.forward(scan.smooth, row);
            if let (Some(plastic), Some(rule)) = (plastic.as_deref_mut(), scan.rule) {
                scan.load_factors(rule, &groups, tile, (t, g), &mut trace, &mut scratch);
                let [first, second] = &mut tile.factors;
                let [spare_first, spare_second] = &mut scratch.factors;
                let second = if rule.pre().len() > 1 { second.group_or(t, g, spare_second) } else { &mut [] };
                plastic.update_group(t, g, [first.group_or(t, g, spare_first), second]);
            }
        }
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.update(t, tile);
        }
    }
    if traced {
        for g in 0..groups.count {
            tile.last_trace.group_mut(0, g).copy_from_slice(&trace[g * len..(g + 1) * len]);
        }
    }
}

impl<F: Float> Scan<'_, F> {
    /// I_t = k_t x Wᵀ + bias + gain ∘ u_t.
    fn load_current(&self, groups: &Groups<F>, tile: &ScanTile<'_, F>, (t, g): (usize, usize), current: &mut [F]) {
        let base = &self.base[groups.range(self, &tile.rect, if self.constant { 0 } else { t }, g)];
        let k = self.phase[t];
        match groups.gain.is_empty() {
            true => rows::affine(current, k, base, &groups.bias),
            false => rows::affine_driven(current, k, base, &groups.bias, &groups.gain, tile.drive.group(t, g)),
        }
    }

    /// v_t of a group of rows: as kept, or computed anew from the state before the step and `scratch.current`.
    fn potential<'s>(
        &self,
        tile: &'s ScanTile<'_, F>,
        (t, g): (usize, usize),
        before: &[&[F]],
        scratch: &'s mut Scratch<F>,
    ) -> &'s [F] {
        if tile.potential.planes() > 0 {
            return tile.potential.group(t, g);
        }
        let mut after: [&mut [F]; MOST_STATES] = std::array::from_fn(|_| -> &mut [F] { &mut [] });
        let len = scratch.current.len();
        for (slot, row) in after.iter_mut().zip(scratch.after.chunks_exact_mut(len)) {
            *slot = row;
        }
        let row = NeuronRow {
            current: &scratch.current,
            before,
            after: &mut after[..before.len()],
            membrane_potential: &mut scratch.potential,
            output: &mut scratch.output,
        };
        self.neuron.forward(self.smooth, row);
        &scratch.potential
    }

    fn load_initial(&self, groups: &Groups<F>, tile: &mut ScanTile<'_, F>, trace: &mut [F]) {
        for g in 0..groups.count {
            for k in 0..self.neuron.states() {
                let from = groups.range(self, &tile.rect, k, g);
                let state = tile.state.group_mut(k, g);
                match self.initial_state.is_empty() {
                    true => state.fill(F::of(0.0)),
                    false => state.copy_from_slice(&self.initial_state[from]),
                }
            }
            if !trace.is_empty() && !self.initial_trace.is_empty() {
                let from = groups.range(self, &tile.rect, 0, g);
                trace[g * groups.len..(g + 1) * groups.len].copy_from_slice(&self.initial_trace[from]);
            }
        }
    }

    fn load_factors(
        &self,
        rule: &dyn RuleKernel<F>,
        groups: &Groups<F>,
        tile: &mut ScanTile<'_, F>,
        (t, g): (usize, usize),
        trace: &mut [F],
        scratch: &mut Scratch<F>,
    ) {
        let [first, second] = &mut tile.factors;
        let [spare_first, spare_second] = &mut scratch.factors;
        let trace: &mut [F] = if rule.has_trace() {
            let trace = &mut trace[g * groups.len..(g + 1) * groups.len];
            tile.trace.group_mut(t, g).copy_from_slice(trace);
            trace
        } else {
            &mut []
        };
        let row = RuleRow {
            membrane_potential: tile.potential.group_or(t, g, &mut scratch.potential),
            output: tile.output.group(t, g),
            sliding_threshold: &groups.sliding,
            trace,
            factors: [
                first.group_or(t, g, spare_first),
                if rule.pre().len() > 1 { second.group_or(t, g, spare_second) } else { &mut [] },
            ],
            forgetting: if rule.forgets() { tile.forgetting.group_mut(t, g) } else { &mut [] },
        };
        rule.forward(self.smooth, self.neuron.threshold(), row);
        if let Normalisation::Softmax { scale } = rule.normalisation() {
            for row in tile.factors[0].group_mut(t, g).chunks_exact_mut(tile.rect.cols.len()) {
                softmax(row, F::of(scale));
            }
        }
    }
}

/// row = scale · softmax(row).
///
/// # Equation
/// a_i = scale · exp(z_i - max z)/Σ_j exp(z_j - max z); 0 where the exponential is below [`Float::TINY`], so that no product with it
/// is subnormal.
fn softmax<F: Float>(row: &mut [F], scale: F) {
    let top = row.iter().fold(row[0], |top, &z| (z - top).if_positive(z, top));
    row.iter_mut().for_each(|z| *z = (*z - top).exp().flushed());
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
    /// Gradient of the current, `[T, B, O]`; `[1, B, O]`, that of the step at hand, where a constant input needs no more.
    pub current_gradient: Tile<'a, F>,
    /// Gradient of u_t, `[T, B, O]`; `[1, B, O]`, that of the step at hand, where no later step needs it.
    pub drive_gradient: Tile<'a, F>,
    /// Σ_t k_t · gradient of the current, `[1, B, O]`.
    pub weighted: Tile<'a, F>,
    pub sums: ColumnSums<F>,
}

impl<F> AdjointTile<'_, F> {
    /// Where the gradient of the current of step `t` is kept.
    pub fn current_plane(&self, t: usize) -> usize {
        if self.current_gradient.planes() == 1 { 0 } else { t }
    }

    /// Where the gradient of u_t is kept.
    pub fn drive_plane(&self, t: usize) -> usize {
        if self.drive_gradient.planes() == 1 { 0 } else { t }
    }
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

    /// Sums over the rows of a group, so that one value for each of `cols` neurons is left.
    fn fold(&mut self, cols: usize) {
        for sums in [&mut self.bias, &mut self.gain, &mut self.sliding] {
            let (first, others) = sums.split_at_mut(cols);
            others.chunks_exact(cols).for_each(|row| rows::add_scaled(first, F::of(1.0), row));
            sums.truncate(cols);
        }
    }
}

/// Where a backward pass of a layer starts: gradients of what it put out, `[T, B, O]`; absent: zero.
#[derive(Clone, Copy)]
pub(crate) struct OutputGradients<'a, F> {
    pub output: Option<&'a [F]>,
    pub potential: Option<&'a [F]>,
    /// In place of `output`.
    pub above: Option<Above<'a, F>>,
}

/// A narrow layer above, whose gradient of this one's outputs is made where it is used: there is no array of it.
///
/// # Equation
/// ds_t = dI_t W of the layer above.
#[derive(Clone, Copy)]
pub(crate) struct Above<'a, F> {
    /// k_t dI_t, `[T·B, O']`.
    pub current_gradient: MatRef<'a, F>,
    /// W, `[O', O]`.
    pub weight: MatRef<'a, F>,
}

impl<F: Float> Above<'_, F> {
    /// ds_t of a rectangle, `[rows, cols]`.
    fn load(&self, out: &mut [F], t: usize, batch: usize, rect: &Rect) {
        let rows = t * batch + rect.rows.start..t * batch + rect.rows.end;
        let gradient = self.current_gradient.part(rows, 0..self.current_gradient.cols());
        let weight = self.weight.part(0..self.weight.rows(), rect.cols.clone());
        let out = MatMut::new(out, rect.rows.len(), rect.cols.len());
        product_serial(out, Into::Replace, F::of(1.0), gradient, weight);
    }
}

/// Runs all steps of a tile backward.
pub(super) fn backward_tile<F: Float>(
    scan: &Scan<'_, F>,
    from: OutputGradients<'_, F>,
    tile: &ScanTile<'_, F>,
    adjoint: &mut AdjointTile<'_, F>,
    mut plastic: Option<&mut dyn PlasticBackward<F>>,
) {
    let groups = Groups::new(scan, tile);
    let (len, states) = (groups.len, scan.neuron.states());
    let zeros = |n: usize| vec![F::of(0.0); n];
    let rule = scan.rule.filter(|_| plastic.is_some());
    let feeds_back = plastic.as_ref().is_some_and(|plastic| plastic.feeds_back());
    let sees_output = feeds_back || rule.is_some_and(|r| r.sees_output());
    let mut state_gradient = zeros(groups.count * states * len);
    let mut trace_gradient = zeros(if rule.is_some_and(|r| r.has_trace()) { groups.count * len } else { 0 });
    let (mut v, mut s) = (zeros(len), zeros(len));
    let mut of_above = zeros(if from.above.is_some() { groups.count * len } else { 0 });
    let mut scratch = Scratch::new(len, states);
    adjoint.sums = ColumnSums::new(len);
    (0..groups.count).for_each(|g| adjoint.weighted.group_mut(0, g).fill(F::of(0.0)));
    for t in (0..scan.steps).rev() {
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.update_adjoint(t, tile);
        }
        if let Some(above) = &from.above {
            above.load(&mut of_above, t, scan.batch, &tile.rect);
        }
        for g in 0..groups.count {
            let part = groups.range(scan, &tile.rect, t, g);
            // Nothing but a rule adds to it.
            if from.potential.is_some() || rule.is_some() {
                load(&mut v, from.potential.map(|whole| &whole[part.clone()]));
            }
            let given = match from.above {
                Some(_) => Some(&of_above[g * len..(g + 1) * len]),
                None => from.output.map(|whole| &whole[part]),
            };
            // Copied only if something adds to it.
            let direct = given.filter(|_| !sees_output);
            if direct.is_none() {
                load(&mut s, given);
            }
            if let Some(plastic) = plastic.as_deref_mut().filter(|_| feeds_back) {
                plastic.add_output_gradient(g, &mut s);
            }
            scan.load_current(&groups, tile, (t, g), &mut scratch.current);
            let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
            for (k, slot) in before.iter_mut().enumerate().take(states) {
                *slot = tile.state.group(t * states + k, g);
            }
            if let (Some(rule), Some(plastic)) = (rule, plastic.as_deref_mut()) {
                let potential = scan.potential(tile, (t, g), &before[..states], &mut scratch);
                let trace = if trace_gradient.is_empty() { 0..0 } else { g * len..(g + 1) * len };
                let gradients = (plastic.factor_gradients(t, g), &mut trace_gradient[trace]);
                let outputs = (&mut v[..], &mut s[..]);
                scan.factors_adjoint(
                    rule,
                    &groups,
                    (tile, potential),
                    (t, g),
                    gradients,
                    outputs,
                    &mut adjoint.sums.sliding,
                );
            }
            let at = adjoint.current_plane(t);
            scan.neuron.backward(
                scan.smooth,
                NeuronAdjointRow {
                    current: &scratch.current,
                    state: &before[..states],
                    state_gradient: &mut state_gradient[g * states * len..(g + 1) * states * len],
                    membrane_potential_gradient: &v,
                    output_gradient: direct.unwrap_or(&s),
                    current_gradient: adjoint.current_gradient.group_mut(at, g),
                },
            );
            let gradient = adjoint.current_gradient.group(at, g);
            rows::current_sums(scan.phase[t], gradient, &mut adjoint.sums.bias, adjoint.weighted.group_mut(0, g));
            if let Some(plastic) = plastic.as_deref_mut() {
                plastic.gain_adjoint(t, g, tile, adjoint);
            }
        }
        if let Some(plastic) = plastic.as_deref_mut() {
            plastic.drive_adjoint(t, tile, adjoint);
        }
    }
    adjoint.sums.fold(tile.rect.cols.len());
}

fn load<F: Float>(row: &mut [F], from: Option<&[F]>) {
    match from {
        Some(from) => row.copy_from_slice(from),
        None => row.fill(F::of(0.0)),
    }
}

impl<F: Float> Scan<'_, F> {
    #[allow(clippy::too_many_arguments)]
    fn factors_adjoint(
        &self,
        rule: &dyn RuleKernel<F>,
        groups: &Groups<F>,
        (tile, potential): (&ScanTile<'_, F>, &[F]),
        (t, g): (usize, usize),
        (gradients, trace_gradient): (FactorGradients<'_, F>, &mut [F]),
        (v, s): (&mut [F], &mut [F]),
        sliding: &mut [F],
    ) {
        if let Normalisation::Softmax { scale } = rule.normalisation() {
            let cols = tile.rect.cols.len();
            let results = tile.factors[0].group(t, g).chunks_exact(cols);
            for (result, gradient) in results.zip(gradients.factors[0].chunks_exact_mut(cols)) {
                softmax_adjoint(result, gradient, F::of(scale));
            }
        }
        let row = RuleAdjointRow {
            membrane_potential: potential,
            output: tile.output.group(t, g),
            sliding_threshold: &groups.sliding,
            trace: if rule.has_trace() { tile.trace.group(t, g) } else { &[] },
            factor_gradients: gradients.factors.map(|f| &*f),
            forgetting_gradient: gradients.forgetting,
            trace_gradient,
            membrane_potential_gradient: v,
            output_gradient: s,
            sliding_threshold_gradient: sliding,
        };
        rule.backward(self.smooth, self.neuron.threshold(), row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares far below what the sum notices are 0, the others those of the exact softmax.
    #[test]
    fn softmax_has_no_tiny_shares() {
        let z = [3.0f32, 2.5, -60.0, -75.0, -1000.0];
        let mut row = z;
        softmax(&mut row, 2.0);
        let exact: Vec<f64> = z.iter().map(|&z| libm::exp(f64::from(z - 3.0))).collect();
        let sum: f64 = exact.iter().sum();
        for (found, exact) in row.iter().zip(&exact).take(3) {
            assert!((f64::from(*found) / (2.0 * exact / sum) - 1.0).abs() < 1e-5, "{row:?}");
        }
        assert_eq!(row[3..], [0.0, 0.0]);
    }
}
