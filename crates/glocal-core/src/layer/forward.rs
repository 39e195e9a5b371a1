//! The forward pass of a layer: which execution, which tiles.

use rayon::prelude::*;

use super::coefficients::Coefficients;
use super::dense::{DenseForward, Plastic};
use super::low_rank::{self, LowRank};
use super::masked::{MaskedForward, Neurons, Synapses};
use super::planner;
use super::presynaptic::{self, Presynaptic, Term, plane};
use super::scan::{Scan, forward_tile};
use super::tape::{
    self, Kept, PlasticTape, Steady, clear, fit, neuron_strips, sample_strips, single_samples, synapse_strips,
};
use super::{Layer, LayerCarry, Pass, Plasticity, Tape};
use crate::config::{Coupling, Execution, Sharing};
use crate::linalg::{Into, Mask, product};
use crate::network::Input;
use crate::plasticity::PreFactor;
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef, Rect, tiles};

impl<F: Float> Layer<F> {
    /// Runs the whole scan; the trajectory, and what the backward pass needs, lie in `tape` afterwards.
    pub(crate) fn forward(&self, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        if let Some(map) = &self.map {
            return self.forward_map(map, pass, tape.map.get_or_insert_default());
        }
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        tape.batch = batch;
        let sparse_mask = self.sparse_mask();
        match sparse_mask {
            Some(_) => tape.coupled_weight.clear(),
            None => self.load_coupled_weight(pass.params, &mut tape.coupled_weight),
        }
        let weight = if tape.coupled_weight.is_empty() { &pass.params.weight } else { &tape.coupled_weight };
        tape.is_sparse = match pass.input {
            Input::Series(x) if sparse_mask.is_none() => tape.sparse.load(x, self.inputs, self.outputs),
            _ => false,
        };
        if let Some(mask) = sparse_mask {
            let (x, planes) = match pass.input {
                Input::Constant(x) => (x, 1),
                Input::Series(x) => (x, steps),
            };
            fit(&mut tape.steady.base, planes * batch * self.outputs);
            let base = MatMut::new(&mut tape.steady.base, planes * batch, self.outputs);
            mask.times_transposed_all(base, mask.input(x, planes, &mut tape.turned), weight);
        } else if tape.is_sparse {
            let rows = steps * batch;
            fit(&mut tape.steady.base, rows * self.outputs);
            let base = MatMut::new(&mut tape.steady.base, rows, self.outputs);
            tape.sparse.times_transposed(base, MatRef::new(weight, self.outputs, self.inputs));
        } else {
            times_transposed(&mut tape.steady.base, pass, weight, self.inputs, self.outputs);
        }
        if let Some(drive) = pass.drive {
            rows::add_scaled(&mut tape.steady.base, F::of(1.0), drive);
        }
        clear(&mut tape.steady.bias, self.outputs);
        tape.steady.bias[..pass.params.bias.len()].copy_from_slice(&pass.params.bias);
        let Some(plasticity) = &self.plasticity else {
            tape.plan = None;
            tape.steady.gain.clear();
            tape.trajectory.fit(sizes, None, Kept { potential: tape.keeps_potential, factors: false });
            if self.recurrent {
                return self.forward_recurrent(pass, tape);
            }
            let scan = self.scan(pass, &tape.steady);
            let rects = sample_strips(batch, self.outputs);
            let mut tiles = tape.trajectory.tiles(sizes, &rects);
            tiles.par_iter_mut().for_each(|tile| forward_tile(&scan, tile, None));
            return;
        };
        self.prepare_plasticity(plasticity, pass, &mut tape.plastic);
        let case = self.case(plasticity, pass);
        let plan = {
            // The gain, which the choice does not look at, depends on what is chosen.
            let plastic = self.plastic(plasticity, Execution::LowRank, pass, &tape.plastic);
            planner::choose(&case, &plastic, plasticity.rule.post_bound(), pass.start_plastic())
        };
        tape.plan = Some(plan);
        fit(&mut tape.steady.gain, self.outputs);
        if self.load_gain(pass.params, plan, &mut tape.plastic.gain) {
            tape.steady.gain.fill(F::of(1.0));
        } else {
            tape.steady.gain.copy_from_slice(&tape.plastic.gain);
        }
        // A constant input's low-rank execution adds factors up as they come; softmax needs its results once more.
        let adds_up = plan == Execution::LowRank && matches!(pass.input, Input::Constant(_));
        let factors = !adds_up || plasticity.normalises() || plasticity.config.coupling == Coupling::Masked;
        let kept = Kept { potential: tape.keeps_potential, factors };
        tape.trajectory.fit(sizes, Some(&*plasticity.rule), kept);
        match (plan, plasticity.config.sharing) {
            (Execution::LowRank, sharing) => self.forward_low_rank(plasticity, sharing, pass, tape),
            (_, Sharing::Batch) => self.forward_dense_shared(plasticity, pass, tape),
            (_, Sharing::PerSample) => self.forward_dense_per_sample(plasticity, pass, tape),
        }
    }

    pub(super) fn scan<'a>(&'a self, pass: &'a Pass<'_, F>, steady: &'a Steady<F>) -> Scan<'a, F> {
        Scan {
            neuron: &*self.neuron,
            rule: self.plasticity.as_ref().map(|p| &*p.rule),
            smooth: pass.smooth,
            steps: pass.phase.len(),
            batch: pass.batch,
            outputs: self.outputs,
            phase: pass.phase,
            base: &steady.base,
            constant: matches!(pass.input, Input::Constant(_)),
            bias: &steady.bias,
            sliding: &pass.params.sliding_threshold,
            gain: &steady.gain,
            initial_state: pass.carried.map_or(&[], |c| &c.state),
            initial_trace: pass.carried.map_or(&[], |c| &c.trace),
        }
    }

    pub(super) fn prepare_plasticity(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut PlasticTape<F>) {
        let carried = pass.carried.map(|c| &c.pre_traces[..]);
        let size = pass.batch * self.inputs;
        tape.terms = presynaptic::terms(plasticity.rule.pre(), pass.input, pass.phase, carried, size);
        let decay = plasticity.config.decay;
        tape.coefficients = Some(Coefficients::new(decay, &*plasticity.rule, pass.start, pass.phase.len()));
        tape.gain.clear();
    }

    pub(super) fn plastic<'a>(
        &'a self,
        plasticity: &'a Plasticity<F>,
        execution: Execution,
        pass: &Pass<'a, F>,
        tape: &'a PlasticTape<F>,
    ) -> Plastic<'a, F> {
        let matrix = plasticity.has_matrix_gain(execution);
        Plastic {
            pre: Presynaptic {
                batch: pass.batch,
                width: self.inputs,
                input: pass.input,
                phase: pass.phase,
                terms: &tape.terms,
            },
            outputs: self.outputs,
            terms: plasticity.rule.pre().len(),
            forgets: plasticity.rule.forgets(),
            coefficients: tape.coefficients.as_ref().expect("prepared before"),
            rate: &pass.params.local_learning_rate,
            gain: tape::matrix_or_row(&tape.gain, self.outputs, matrix),
            clamp: plasticity.config.clamp.map(F::of),
        }
    }

    pub(super) fn case(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>) -> planner::Case {
        let config = &plasticity.config;
        let keeps_samples = config.sharing == Sharing::PerSample && pass.keeps(plasticity);
        let carries_eligibility =
            (pass.carried.is_some() || pass.continues) && plasticity.rule.eligibility_decay() != 0.0;
        // A carried trace makes the factor of a constant input a series.
        let carries_trace = pass.carried.is_some_and(|c| c.pre_traces.iter().any(|t| !t.is_empty()));
        let constant = matches!(pass.input, Input::Constant(_));
        planner::Case {
            wanted: config.execution,
            sharing: config.sharing,
            batch: pass.batch,
            inputs: self.inputs,
            outputs: self.outputs,
            steps: pass.phase.len(),
            constant,
            low_rank_possible: (!constant || !carries_trace)
                && (config.sharing == Sharing::Batch || pass.plastic.values.is_empty())
                && self.low_rank_coupling(plasticity)
                && !plasticity.rule.forgets()
                && !keeps_samples
                && !carries_eligibility,
        }
    }

    /// Whether low-rank execution knows what multiplies the plastic weights. Beside a mask it does for a rule of one
    /// factor, the activity, without eligibility.
    fn low_rank_coupling(&self, plasticity: &Plasticity<F>) -> bool {
        let rule = &plasticity.rule;
        let simple = rule.pre() == [PreFactor::Activity] && rule.eligibility_decay() == 0.0;
        match plasticity.config.coupling {
            Coupling::Masked => simple && self.sparse_mask().is_some(),
            _ => !plasticity.has_matrix_gain(Execution::LowRank),
        }
    }

    /// The mask that plastic weights stand beside.
    pub(super) fn mask_beside(&self, plasticity: &Plasticity<F>) -> Option<&Mask> {
        self.mask.as_ref().filter(|_| plasticity.config.coupling == Coupling::Masked)
    }

    pub(super) fn forward_low_rank(
        &self,
        plasticity: &Plasticity<F>,
        sharing: Sharing,
        pass: &Pass<'_, F>,
        tape: &mut Tape<F>,
    ) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let constant = matches!(pass.input, Input::Constant(_));
        let shared = sharing == Sharing::Batch;
        let terms = plasticity.rule.pre().len();
        let mut gram = std::mem::take(&mut tape.plastic.gram);
        let mut carried = std::mem::take(&mut tape.plastic.carried);
        let mut sums = std::mem::take(&mut tape.plastic.sums);
        let mut next = std::mem::take(&mut tape.plastic.next);
        let mut synapses = std::mem::take(&mut tape.plastic.synapses);
        let mut overlap = std::mem::take(&mut tape.plastic.overlap);
        if pass.start_plastic().is_empty() {
            carried.clear();
        } else {
            times_transposed(&mut carried, pass, pass.start_plastic(), self.inputs, self.outputs);
        }
        gram.resize(if constant { 1 } else { terms }, Vec::new());
        let plastic = self.plastic(plasticity, Execution::LowRank, pass, &tape.plastic);
        let block = if shared { batch } else { 1 };
        match (constant, shared) {
            (true, true) => {
                fit(&mut gram[0], batch * batch);
                low_rank::constant_gram_shared(&plastic, &mut gram[0]);
            }
            (true, false) => {
                fit(&mut gram[0], batch);
                low_rank::constant_gram_per_sample(&plastic, &mut gram[0]);
            }
            (false, _) => {
                let side = steps * block;
                for (term, gram) in gram.iter_mut().enumerate() {
                    fit(gram, side * side * (batch / block));
                    let unit = |(b, part): (usize, &mut [F])| {
                        low_rank::series_gram(&plastic, &(b * block..(b + 1) * block), term, part)
                    };
                    gram.par_chunks_mut(side * side).enumerate().for_each(unit);
                }
            }
        }
        fit(&mut sums, if constant { (steps + 1) * batch * self.outputs } else { 0 });
        let rects = self.low_rank_rects(plasticity, batch);
        // A tile of neurons that share plastic weights is multiplied synapse by synapse, where they come in blocks, too.
        if let (Some(mask), true) = (self.mask_beside(plasticity), shared)
            && mask.by_blocks()
        {
            tape.turned.load_input(pass.input.values(), if constant { 1 } else { steps }, self.inputs);
        }
        let scan = self.scan(pass, &tape.steady);
        let trajectory = tape.trajectory.tiles(sizes, &rects);
        let sum_tiles = tiles(&mut sums, batch, self.outputs, &rects);
        let input = &tape.turned;
        // Shared plastic weights are formed at the mask's synapses; samples' own never are.
        let (mask, own) = match shared {
            true => (self.mask_beside(plasticity), None),
            false => (None, self.mask_beside(plasticity)),
        };
        match own {
            Some(mask) => overlap.load(&plastic, mask, input),
            None => overlap.taken.clear(),
        }
        synapses.resize_with(rects.len(), Synapses::default);
        trajectory.into_par_iter().zip(sum_tiles).zip(&mut synapses).for_each(|((mut tile, sum), synapses)| {
            let gram = gram_of(&gram, &tile.rect, batch, steps, constant);
            let sum = constant.then_some(sum);
            let mut whole = LowRank::new(plastic, tile.rect.clone(), gram, &carried, sum, &overlap.taken);
            match mask {
                None => forward_tile(&scan, &mut tile, Some(&mut whole)),
                Some(mask) => {
                    let at = Neurons { plastic, mask, input, neurons: tile.rect.cols.clone() };
                    let mut execution = MaskedForward::new(whole, at, synapses, pass.start_plastic());
                    forward_tile(&scan, &mut tile, Some(&mut execution));
                }
            }
        });
        if pass.keeps(plasticity) {
            fit(&mut next, self.outputs * self.inputs);
            let factors = [&tape.trajectory.factors[0][..], &tape.trajectory.factors[1][..]];
            let strips = neuron_strips(batch, self.outputs, false);
            let width = strips[0].cols.len() * self.inputs;
            next.par_chunks_mut(width).zip(strips).for_each(|(out, strip)| {
                let sums = constant.then_some(&sums[..]);
                let start = match pass.start_plastic() {
                    [] => &[],
                    start => &start[strip.cols.start * self.inputs..strip.cols.end * self.inputs],
                };
                low_rank::final_weight(
                    &plastic,
                    &strip.cols,
                    sums,
                    if constant { &[] } else { &factors[..terms] },
                    start,
                    out,
                );
            });
        } else {
            next.clear();
        }
        tape.plastic.next = next;
        tape.plastic.next_eligibility.clear();
        tape.plastic.gram = gram;
        tape.plastic.carried = carried;
        tape.plastic.sums = sums;
        tape.plastic.synapses = synapses;
        tape.plastic.overlap = overlap;
    }

    pub(super) fn low_rank_rects(&self, plasticity: &Plasticity<F>, batch: usize) -> Vec<Rect> {
        match plasticity.config.sharing {
            Sharing::Batch => neuron_strips(batch, self.outputs, plasticity.normalises()),
            Sharing::PerSample => single_samples(batch, self.outputs),
        }
    }

    pub(super) fn forward_dense_shared(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let synapses = self.outputs * self.inputs;
        let mut before_clamp = std::mem::take(&mut tape.plastic.before_clamp);
        fit(&mut before_clamp, (steps + 1) * synapses);
        load_start(&mut before_clamp[..synapses], pass.start_plastic(), 0);
        let rects = neuron_strips(batch, self.outputs, plasticity.normalises());
        let strips = synapse_strips(&rects, self.inputs);
        let plastic = self.plastic(plasticity, Execution::Dense, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let weights = tiles(&mut before_clamp, self.outputs, self.inputs, &strips);
        let eligibility = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let ends: Vec<(Vec<F>, Vec<F>)> = tape
            .trajectory
            .tiles(sizes, &rects)
            .into_par_iter()
            .zip(weights)
            .map(|(mut tile, weight)| {
                let neurons = tile.rect.cols.clone();
                let start = match eligibility.is_empty() {
                    true => eligibility,
                    false => &eligibility[neurons.start * self.inputs..neurons.end * self.inputs],
                };
                let mut execution = DenseForward::new(plastic, 0..batch, neurons, weight, start);
                forward_tile(&scan, &mut tile, Some(&mut execution));
                execution.finish(steps)
            })
            .collect();
        tape.plastic.next.clear();
        tape.plastic.next_eligibility.clear();
        for (weight, eligibility) in ends {
            if pass.keeps(plasticity) {
                tape.plastic.next.extend(weight);
            }
            tape.plastic.next_eligibility.extend(eligibility);
        }
        tape.plastic.before_clamp = before_clamp;
    }

    /// What the next part of the scan starts from, after [`Layer::forward`] with the same input in a pass that continues.
    pub(crate) fn carry(&self, input: Input<'_, F>, tape: &Tape<F>) -> LayerCarry<F> {
        if let Some(map) = &tape.map {
            return LayerCarry { state: map.last_state.clone(), ..LayerCarry::default() };
        }
        let state = self.neuron.states() * tape.batch * self.outputs;
        let size = tape.batch * self.inputs;
        let pre_traces = tape.plastic.terms.iter().map(|term| match (term, input) {
            (Term::SeriesTrace(trace, _), _) => trace[trace.len() - size..].to_vec(),
            (Term::ConstantTrace(scales), Input::Constant(x)) => {
                x.iter().map(|&x| scales.last().map_or(F::of(0.0), |&k| k * x)).collect()
            }
            _ => Vec::new(),
        });
        LayerCarry {
            state: tape.trajectory.state[tape.trajectory.state.len() - state..].to_vec(),
            trace: tape.trajectory.last_trace.clone(),
            pre_traces: pre_traces.collect(),
            eligibility: tape.plastic.next_eligibility.clone(),
            plastic: tape.plastic.next.clone(),
            output: if self.recurrent { self.last_output(tape) } else { Vec::new() },
        }
    }
}

impl<F: Float> Layer<F> {
    fn last_output(&self, tape: &Tape<F>) -> Vec<F> {
        let output = &tape.trajectory.output;
        output[output.len() - tape.batch * self.outputs..].to_vec()
    }
}

/// out = x Wᵀ, one plane or T.
pub(super) fn times_transposed<F: Float>(
    out: &mut Vec<F>,
    pass: &Pass<'_, F>,
    weight: &[F],
    inputs: usize,
    outputs: usize,
) {
    let (x, planes) = match pass.input {
        Input::Constant(x) => (x, 1),
        Input::Series(x) => (x, pass.phase.len()),
    };
    let rows = planes * pass.batch;
    fit(out, rows * outputs);
    let weight = MatRef::new(weight, outputs, inputs).t();
    product(MatMut::new(out, rows, outputs), Into::Replace, F::of(1.0), MatRef::new(x, rows, inputs), weight);
}

/// P_0 of the `index`-th plastic weight.
pub(super) fn load_start<F: Float>(out: &mut [F], values: &[F], index: usize) {
    if values.is_empty() {
        out.fill(F::of(0.0));
    } else {
        let n = out.len();
        out.copy_from_slice(plane(values, index, n));
    }
}

/// Gram matrices of one tile.
pub(super) fn gram_of<'a, F: Float>(
    gram: &'a [Vec<F>],
    rect: &Rect,
    batch: usize,
    steps: usize,
    constant: bool,
) -> Vec<MatRef<'a, F>> {
    let n = rect.rows.len();
    let unit = if n == batch { 0 } else { rect.rows.start };
    let side = if constant { n } else { steps * n };
    gram.iter().map(|gram| MatRef::new(plane(gram, unit, side * side), side, side)).collect()
}
