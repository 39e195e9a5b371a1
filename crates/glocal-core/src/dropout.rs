//! Dropout: inputs of a layer that are silenced while it learns.
//!
//! # Equation
//! x̂ = m ∘ x/(1 - rate), m = 0 with probability `rate`, else 1; one m for all steps of a sample, or one for each step.
//! Draws are counted, not taken in turn: m of an input depends on seed, training step, layer and place alone.
//!
//! # References
//! Srivastava et al., JMLR 15:1929 (2014).

use rayon::prelude::*;

use crate::config::{Dropout, DropoutPer};
use crate::network::Input;
use crate::random::{stream, uniform_of};
use crate::rows;
use crate::scalar::Float;

/// What one training step draws its silenced inputs from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The learner's seed.
    pub seed: u64,
    /// The training step, from 0.
    pub step: u64,
}

/// Values that one task fills: fixed, and each has an address of its own anyway.
const CHUNK: usize = 1 << 14;

/// Inputs of one layer after dropout, and how each counts.
#[derive(Clone, Debug)]
pub(crate) struct Dropped<F> {
    /// m/(1 - rate), `[1 or T, B, I]`.
    mask: Vec<F>,
    /// x̂, `[1 or T, B, I]`.
    values: Vec<F>,
    constant: bool,
}

impl<F> Default for Dropped<F> {
    fn default() -> Self {
        Dropped { mask: Vec::new(), values: Vec::new(), constant: true }
    }
}

impl<F: Float> Dropped<F> {
    /// Silences `input` of layer `layer`.
    pub fn load(&mut self, dropout: Dropout, draw: Draw, layer: usize, input: Input<'_, F>, steps: usize) {
        let (x, planes) = match input {
            Input::Constant(x) => (x, 1),
            Input::Series(x) => (x, steps),
        };
        let plane = x.len() / planes;
        let masks = if dropout.per == DropoutPer::Step { steps } else { 1 };
        self.mask.resize(masks * plane, F::of(0.0));
        let stream = stream(stream(draw.seed, &format!("layers.{layer}.dropout")) ^ draw.step, "step");
        let kept = F::of(1.0 / (1.0 - dropout.rate));
        self.mask.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, mask)| {
            for (i, m) in mask.iter_mut().enumerate() {
                let silent = uniform_of(stream, (chunk * CHUNK + i) as u64) < dropout.rate;
                *m = if silent { F::of(0.0) } else { kept };
            }
        });
        self.constant = planes.max(masks) == 1;
        self.values.resize(planes.max(masks) * plane, F::of(0.0));
        let mask = &self.mask;
        self.values.par_chunks_mut(plane).enumerate().for_each(|(t, out)| {
            let x = &x[(t % planes) * plane..][..plane];
            rows::product(out, x, &mask[(t % masks) * plane..][..plane]);
        });
    }

    /// x̂.
    pub fn input(&self) -> Input<'_, F> {
        if self.constant { Input::Constant(&self.values) } else { Input::Series(&self.values) }
    }

    /// From the gradient of x̂ of a series to that of x, in place.
    pub fn adjoint(&self, batch_steps: usize, gradient: &mut [F]) {
        let plane = gradient.len() / batch_steps;
        let masks = self.mask.len() / plane;
        gradient.par_chunks_mut(plane).enumerate().for_each(|(t, gradient)| {
            rows::product_in_place(gradient, &self.mask[(t % masks) * plane..][..plane]);
        });
    }
}
