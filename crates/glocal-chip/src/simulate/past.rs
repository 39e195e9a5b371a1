//! What a core remembers of past steps, where plastic weights move in rank form.

use super::functional::Moment;
use super::program::Memory;
use crate::integer::rank::{moved_sums, scores, weigh};
use crate::map::{Core, Remembered};
use crate::network::QuantizedPlasticity;

/// Keys or values of each step, and what was made of them at this one.
#[derive(Debug, Default)]
pub(super) struct PastState {
    /// `[T, axons]`. The last step's are for whoever looks: a core keeps those of the steps before.
    pub(super) keys: Vec<i16>,
    /// `[T, neurons]`, as keys.
    pub(super) values: Vec<i8>,
    /// Of each past step: its own, or those of all cores with keys.
    pub(super) scores: Vec<i64>,
    /// What values make of scores.
    pub(super) sums: Vec<i32>,
}

impl PastState {
    /// Room for so many steps.
    pub(super) fn new(core: &Core, steps: usize) -> PastState {
        let room = |of, each: usize| if core.remembers(of) { steps * each } else { 0 };
        PastState {
            keys: vec![0; room(Remembered::Keys, core.input_axons())],
            values: vec![0; room(Remembered::Values, core.neurons())],
            scores: vec![0; core.past.map_or(0, |past| past.steps)],
            sums: vec![0; if core.remembers(Remembered::Values) { core.neurons() } else { 0 }],
        }
    }

    /// Compares its inputs with keys of past steps, and makes a key of them; how many steps there are.
    pub(super) fn recall(
        &mut self,
        plasticity: &QuantizedPlasticity,
        step: usize,
        (axons, memory): (&[i8], &Memory),
    ) -> usize {
        self.scores.fill(0);
        let steps = step.min(self.scores.len());
        scores(&self.keys, axons, &mut self.scores[..steps]);
        plasticity.factors(step, (axons, &memory.rate), &mut self.keys[step * axons.len()..][..axons.len()]);
        memory.stuck.iter().for_each(|stuck| stuck.hold(&mut self.keys));
        steps
    }

    /// Adds the scores of core `from`; `number` is this one's.
    pub(super) fn hear(&mut self, number: usize, from: usize, scores: &[i64], moment: Moment<'_>) {
        for (past, (sum, &score)) in self.scores.iter_mut().zip(scores).enumerate() {
            let packet = past * 1_000_003 + from;
            if !(moment.losses.any() && score != 0 && moment.losses.lost("scores", number, moment.step, packet)) {
                *sum += score;
            }
        }
    }

    /// Sums of its neurons; of how many past steps the score is not zero.
    pub(super) fn evaluate(&mut self, plasticity: &QuantizedPlasticity, shares: &[i32], step: usize) -> usize {
        let steps = step.min(self.scores.len());
        let of_steps = &mut self.scores[..steps];
        let scored = of_steps.iter().filter(|&&score| score != 0).count();
        weigh(of_steps, shares, step);
        moved_sums(&self.values, of_steps, plasticity.shift(), &mut self.sums);
        scored
    }

    /// Remembers postsynaptic factors of a step.
    pub(super) fn keep_values(&mut self, step: usize, factors: &[i8], memory: &Memory) {
        self.values[step * factors.len()..][..factors.len()].copy_from_slice(factors);
        memory.stuck_values.iter().for_each(|stuck| stuck.hold(&mut self.values));
    }
}
