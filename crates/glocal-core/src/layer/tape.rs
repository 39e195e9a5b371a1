//! What a forward pass leaves for the backward pass: buffers of one layer, kept from step to step.

use rayon::prelude::*;

use super::coefficients::Coefficients;
use super::map::MapTape;
use super::masked::Synapses;
use super::overlap::Overlap;
use super::presynaptic::Term;
use super::scan::{AdjointTile, ColumnSums, ScanTile};
use crate::config::Execution;
use crate::dropout::Dropped;
use crate::linalg::{Sparse, Turned};
use crate::scalar::Float;
use crate::view::{Rect, tiles};

/// Plastic weights that one task looks through for tiny ones.
const FLUSHED_AT_ONCE: usize = 1 << 16;

/// Buffers of one layer. Sizes follow the batch; nothing is allocated while they stay.
#[derive(Debug)]
pub(crate) struct Tape<F> {
    pub(super) batch: usize,
    pub(super) plan: Option<Execution>,
    /// Whether v_t is wanted afterwards.
    pub(super) keeps_potential: bool,
    pub(super) trajectory: Trajectory<F>,
    pub(super) adjoint: Adjoint<F>,
    pub(super) plastic: PlasticTape<F>,
    pub(super) steady: Steady<F>,
    /// The input as a list of values, and whether it is made of few: then products go over the list.
    pub(super) sparse: Sparse<F>,
    pub(super) is_sparse: bool,
    /// The input and a gradient turned about, for products over a mask's synapses.
    pub(super) turned: Turned<F>,
    pub(super) turned_gradient: Turned<F>,
    /// Σ g² of the gradient of W, where the gradient counts as the product left it.
    pub(super) weight_squares: Option<f64>,
    /// W under a gate or mask, `[O,I]`; empty where the weight counts as it is.
    pub(super) coupled_weight: Vec<F>,
    /// Everything of a convolution layer.
    pub(crate) map: Option<MapTape<F>>,
    pub(crate) dropped: Dropped<F>,
}

/// What does not change during a scan.
#[derive(Debug, Default)]
pub(super) struct Steady<F> {
    /// x Wᵀ, `[1 or T, B, O]`.
    pub base: Vec<F>,
    /// Bias, zero if there is none, `[O]`.
    pub bias: Vec<F>,
    /// What u counts by in the current, `[O]`; empty without plastic weights.
    pub gain: Vec<F>,
}

/// `[T,B,O]` each unless said otherwise; see [`ScanTile`]. What the backward pass can compute anew from less memory than it
/// would read (currents, potentials) is not kept.
#[derive(Debug, Default)]
pub(super) struct Trajectory<F> {
    pub state: Vec<F>,
    pub potential: Vec<F>,
    pub output: Vec<F>,
    pub trace: Vec<F>,
    pub factors: [Vec<F>; 2],
    pub forgetting: Vec<F>,
    pub drive: Vec<F>,
    pub last_trace: Vec<F>,
}

/// See [`AdjointTile`].
#[derive(Debug, Default)]
pub(super) struct Adjoint<F> {
    pub current_gradient: Vec<F>,
    pub drive_gradient: Vec<F>,
    pub weighted: Vec<F>,
}

/// Buffers of the plastic weights.
#[derive(Debug)]
pub(super) struct PlasticTape<F> {
    pub terms: Vec<Term<F>>,
    pub coefficients: Option<Coefficients<F>>,
    /// Gain for each neuron, or for each synapse.
    pub gain: Vec<F>,
    /// P_T, if it outlives the sample.
    pub next: Vec<F>,
    /// E_T, if the rule has one.
    pub next_eligibility: Vec<F>,
    /// Dense and shared: `[T+1,O,I]`, `[T,O,I]`.
    pub before_clamp: Vec<F>,
    pub update_gradient: Vec<F>,
    /// Low-rank: Gram matrices, x P_0ᵀ, S `[T+1,B,O]`.
    pub gram: Vec<Vec<F>>,
    pub carried: Vec<F>,
    pub sums: Vec<F>,
    /// Low-rank beside a mask: what each tile of neurons leaves of its synapses.
    pub synapses: Vec<Synapses<F>>,
    /// The same where each sample has plastic weights of its own.
    pub overlap: Overlap<F>,
}

impl<F: Float> Default for Tape<F> {
    fn default() -> Self {
        Tape {
            batch: 0,
            plan: None,
            keeps_potential: true,
            trajectory: Trajectory::default(),
            adjoint: Adjoint::default(),
            plastic: PlasticTape {
                terms: Vec::new(),
                coefficients: None,
                gain: Vec::new(),
                next: Vec::new(),
                next_eligibility: Vec::new(),
                before_clamp: Vec::new(),
                update_gradient: Vec::new(),
                gram: Vec::new(),
                carried: Vec::new(),
                sums: Vec::new(),
                synapses: Vec::new(),
                overlap: Overlap::default(),
            },
            steady: Steady::default(),
            sparse: Sparse::default(),
            is_sparse: false,
            turned: Turned::default(),
            turned_gradient: Turned::default(),
            weight_squares: None,
            coupled_weight: Vec::new(),
            map: None,
            dropped: Dropped::default(),
        }
    }
}

/// Makes `buffer` `n` long; what it holds is of no interest.
pub(super) fn fit<F: Float>(buffer: &mut Vec<F>, n: usize) {
    if buffer.len() != n {
        *buffer = vec![F::of(0.0); n];
    }
}

/// Makes `buffer` `n` zeros.
pub(super) fn clear<F: Float>(buffer: &mut Vec<F>, n: usize) {
    fit(buffer, n);
    buffer.fill(F::of(0.0));
}

/// Sizes of a layer's scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub steps: usize,
    pub batch: usize,
    pub outputs: usize,
    pub states: usize,
}

/// What a forward scan leaves beyond what every backward scan needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// v_t.
    pub potential: bool,
    /// a_r.
    pub factors: bool,
}

impl<F: Float> Trajectory<F> {
    pub fn fit(&mut self, sizes: Sizes, rule: Option<&dyn crate::plasticity::RuleKernel<F>>, kept: Kept) {
        let plane = sizes.batch * sizes.outputs;
        let all = sizes.steps * plane;
        fit(&mut self.state, (all + plane) * sizes.states);
        fit(&mut self.output, all);
        let used = |yes: bool| if yes { all } else { 0 };
        fit(&mut self.potential, used(kept.potential));
        let traced = rule.is_some_and(|r| r.has_trace());
        fit(&mut self.trace, used(traced));
        fit(&mut self.last_trace, if traced { plane } else { 0 });
        fit(&mut self.factors[0], used(kept.factors && rule.is_some()));
        fit(&mut self.factors[1], used(kept.factors && rule.is_some_and(|r| r.pre().len() > 1)));
        fit(&mut self.forgetting, used(rule.is_some_and(|r| r.forgets())));
        fit(&mut self.drive, used(rule.is_some()));
    }

    pub fn tiles(&mut self, sizes: Sizes, rects: &[Rect]) -> Vec<ScanTile<'_, F>> {
        let cut = |data| tiles(data, sizes.batch, sizes.outputs, rects).into_iter();
        let [first, second] = &mut self.factors;
        let mut state = cut(&mut self.state);
        let mut potential = cut(&mut self.potential);
        let mut output = cut(&mut self.output);
        let mut trace = cut(&mut self.trace);
        let (mut first, mut second) = (cut(first), cut(second));
        let mut forgetting = cut(&mut self.forgetting);
        let mut drive = cut(&mut self.drive);
        let mut last_trace = cut(&mut self.last_trace);
        let mut all = Vec::with_capacity(rects.len());
        for rect in rects {
            all.push(ScanTile {
                rect: rect.clone(),
                state: next(&mut state),
                potential: next(&mut potential),
                output: next(&mut output),
                trace: next(&mut trace),
                factors: [next(&mut first), next(&mut second)],
                forgetting: next(&mut forgetting),
                drive: next(&mut drive),
                last_trace: next(&mut last_trace),
            });
        }
        all
    }
}

fn next<T>(cut: &mut impl Iterator<Item = T>) -> T {
    cut.next().expect("one tile for each rectangle")
}

impl<F: Float> Adjoint<F> {
    /// `currents`, `drives`: planes of gradients of I and u that are kept.
    pub fn fit(&mut self, sizes: Sizes, currents: usize, drives: usize) {
        let plane = sizes.batch * sizes.outputs;
        fit(&mut self.current_gradient, currents * plane);
        fit(&mut self.drive_gradient, drives * plane);
        fit(&mut self.weighted, plane);
    }

    pub fn tiles(&mut self, sizes: Sizes, rects: &[Rect]) -> Vec<AdjointTile<'_, F>> {
        let cut = |data| tiles(data, sizes.batch, sizes.outputs, rects).into_iter();
        let mut current_gradient = cut(&mut self.current_gradient);
        let mut drive_gradient = cut(&mut self.drive_gradient);
        let mut weighted = cut(&mut self.weighted);
        rects
            .iter()
            .map(|_| AdjointTile {
                current_gradient: next(&mut current_gradient),
                drive_gradient: next(&mut drive_gradient),
                weighted: next(&mut weighted),
                sums: ColumnSums::new(0),
            })
            .collect()
    }
}

/// Neurons in a tile of a plastic weight shared by the batch: half of them, so that two threads have work, but no more than
/// keep a step's rows in a second-level cache and no fewer than fill vector registers.
fn neurons_per_tile(outputs: usize) -> usize {
    outputs.div_ceil(2).next_multiple_of(64).min(256)
}

/// Most tiles that the samples of a layer without shared plastic weights are cut into.
const MOST_SAMPLE_TILES: usize = 16;

/// Tiles of a layer that nothing couples: strips of samples.
pub(super) fn sample_strips(batch: usize, outputs: usize) -> Vec<Rect> {
    let rows = batch.div_ceil(MOST_SAMPLE_TILES);
    strips(batch, rows).map(|rows| Rect { rows, cols: 0..outputs }).collect()
}

/// Tiles of single samples.
pub(super) fn single_samples(batch: usize, outputs: usize) -> Vec<Rect> {
    groups_of_samples(batch, 1, outputs)
}

/// Tiles of `size` samples in a row.
pub(super) fn groups_of_samples(batch: usize, size: usize, outputs: usize) -> Vec<Rect> {
    strips(batch, size).map(|rows| Rect { rows, cols: 0..outputs }).collect()
}

/// Tiles of a layer whose samples share plastic weights: strips of neurons.
pub(super) fn neuron_strips(batch: usize, outputs: usize, whole: bool) -> Vec<Rect> {
    strips(outputs, if whole { outputs } else { neurons_per_tile(outputs) })
        .map(|cols| Rect { rows: 0..batch, cols })
        .collect()
}

/// Rows of `[O,I]` arrays that belong to tiles of neurons.
pub(super) fn synapse_strips(rects: &[Rect], inputs: usize) -> Vec<Rect> {
    rects.iter().map(|rect| Rect { rows: rect.cols.clone(), cols: 0..inputs }).collect()
}

pub(super) fn strips(n: usize, width: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..n.div_ceil(width)).map(move |i| i * width..((i + 1) * width).min(n))
}

/// As stored in the tape, for the executions.
pub(super) fn matrix_or_row<'a, F: Float>(gain: &'a [F], outputs: usize, matrix: bool) -> super::dense::Gain<'a, F> {
    debug_assert!(matrix || gain.is_empty() || gain.len() == outputs);
    if matrix { super::dense::Gain::Matrix(gain) } else { super::dense::Gain::Row(gain) }
}

/// What the trajectory of a layer shows, `[T,B,O]` each; `potential` is empty where it was not wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outputs<'a, F> {
    pub output: &'a [F],
    pub potential: &'a [F],
}

impl<F: Float> Tape<F> {
    /// Whether v_t of the next scans is wanted at [`Tape::outputs`].
    pub(crate) fn keep_potential(&mut self, wanted: bool) {
        self.keeps_potential = wanted;
    }

    pub(crate) fn outputs(&self) -> Outputs<'_, F> {
        match &self.map {
            Some(map) => Outputs { output: &map.output, potential: &[] },
            None => Outputs { output: &self.trajectory.output, potential: &self.trajectory.potential },
        }
    }

    /// Whether every potential of the last of `steps` steps is finite: an infinite one outlives its step in the state, or
    /// is the output of neurons that do not spike.
    pub(crate) fn potentials_finite(&self, steps: usize, spiking: bool) -> bool {
        if let Some(map) = &self.map {
            return map.finite;
        }
        let (state, output) = (&self.trajectory.state, &self.trajectory.output);
        let last = if spiking { output.len() } else { output.len() - output.len() / steps };
        let last_state = &state[state.len() - state.len() / (steps + 1)..];
        (crate::rows::sum(last_state) + crate::rows::sum(&output[last..])).finite()
    }

    /// P_T; empty where plastic weights do not outlive the sample.
    pub(crate) fn next_plastic(&self) -> &[F] {
        &self.plastic.next
    }

    /// Hands P_T over for `values`, whose memory the next pass uses; what has decayed to nothing is 0.
    pub(crate) fn swap_plastic(&mut self, values: &mut Vec<F>) {
        std::mem::swap(&mut self.plastic.next, values);
        values.par_chunks_mut(FLUSHED_AT_ONCE).for_each(crate::rows::flush);
    }

    /// Σ g² of the gradient of W if the backward pass summed it.
    pub(crate) fn weight_squares(&self) -> Option<f64> {
        self.weight_squares
    }

    /// After something was added to the gradient of W.
    pub(crate) fn forget_weight_squares(&mut self) {
        self.weight_squares = None;
    }

    /// Which execution ran.
    pub(crate) fn execution(&self) -> Option<Execution> {
        self.plan
    }
}
