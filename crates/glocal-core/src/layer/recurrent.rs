//! Recurrence: the spikes of the previous step reach every neuron through a trained square matrix. It runs as an
//! execution of its own in the one time loop.
//!
//! # Equation
//! I_t = k_t x_t Wᵀ + bias + s_{t-1} Rᵀ, s_{-1} = 0. The recurrent weight does not decay within a sample.

use rayon::prelude::*;

use super::backward::Sums;
use super::scan::{
    AdjointTile, FactorGradients, OutputGradients, PlasticBackward, PlasticForward, ScanTile, backward_tile,
    forward_tile,
};
use super::tape::{fit, sample_strips};
use super::{Layer, Pass, Tape};
use crate::linalg::{Into, product, product_serial};
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef};

struct Forward<'a, F> {
    /// R, `[O,O]`.
    weight: MatRef<'a, F>,
    /// s before the first step, `[B,O]`; empty: zero.
    before: &'a [F],
}

impl<F: Float> PlasticForward<F> for Forward<'_, F> {
    fn drive(&mut self, t: usize, tile: &mut ScanTile<'_, F>) {
        let (rows, outputs) = (tile.rect.rows.clone(), self.weight.cols());
        let mut drive = tile.drive.plane_mut(t);
        match t.checked_sub(1) {
            Some(last) => {
                product_serial(drive, Into::Replace, F::of(1.0), tile.output.plane(last), self.weight.t());
            }
            None if self.before.is_empty() => (0..rows.len()).for_each(|r| drive.row_mut(r).fill(F::of(0.0))),
            None => {
                let before = MatRef::new(&self.before[rows.start * outputs..], rows.len(), outputs);
                product_serial(drive, Into::Replace, F::of(1.0), before, self.weight.t());
            }
        }
    }
}

struct Backward<'a, F> {
    weight: MatRef<'a, F>,
    /// Gradient of s_{t-1} through step t, `[rows, O]`; empty before there is one.
    gradient: Vec<F>,
}

impl<F: Float> PlasticBackward<F> for Backward<'_, F> {
    fn feeds_back(&self) -> bool {
        true
    }

    fn add_output_gradient(&mut self, g: usize, gradient: &mut [F]) {
        if !self.gradient.is_empty() {
            let start = g * gradient.len();
            rows::add_scaled(gradient, F::of(1.0), &self.gradient[start..start + gradient.len()]);
        }
    }

    fn factor_gradients(&mut self, _: usize, _: usize) -> FactorGradients<'_, F> {
        FactorGradients { factors: std::array::from_fn(|_| -> &mut [F] { &mut [] }), forgetting: &[] }
    }

    fn gain_adjoint(&mut self, _: usize, _: usize, _: &ScanTile<'_, F>, _: &mut AdjointTile<'_, F>) {}

    fn drive_adjoint(&mut self, t: usize, tile: &ScanTile<'_, F>, adjoint: &mut AdjointTile<'_, F>) {
        let (rows, outputs) = (tile.rect.rows.len(), self.weight.cols());
        fit(&mut self.gradient, rows * outputs);
        let out = MatMut::new(&mut self.gradient, rows, outputs);
        product_serial(out, Into::Replace, F::of(1.0), adjoint.current_gradient.plane(t), self.weight);
    }
}

impl<F: Float> Layer<F> {
    pub(super) fn forward_recurrent(&self, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let sizes = self.sizes(pass.phase.len(), pass.batch);
        fit(&mut tape.steady.gain, self.outputs);
        tape.steady.gain.fill(F::of(1.0));
        fit(&mut tape.trajectory.drive, pass.phase.len() * pass.batch * self.outputs);
        let scan = self.scan(pass, &tape.steady);
        let weight = MatRef::new(&pass.params.recurrent_weight, self.outputs, self.outputs);
        let before = pass.carried.map_or(&[][..], |carried| &carried.output);
        let mut tiles = tape.trajectory.tiles(sizes, &sample_strips(pass.batch, self.outputs));
        tiles.par_iter_mut().for_each(|tile| forward_tile(&scan, tile, Some(&mut Forward { weight, before })));
    }

    pub(super) fn backward_recurrent(
        &self,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
    ) -> Sums<F> {
        let (steps, rows) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, rows);
        let rects = sample_strips(rows, self.outputs);
        let scan = self.scan(pass, &tape.steady);
        let weight = MatRef::new(&pass.params.recurrent_weight, self.outputs, self.outputs);
        let tiles = tape.trajectory.tiles(sizes, &rects).into_par_iter();
        let sums = tiles
            .zip(tape.adjoint.tiles(sizes, &rects))
            .map(|(tile, mut adjoint)| {
                let mut execution = Backward { weight, gradient: Vec::new() };
                backward_tile(&scan, from, &tile, &mut adjoint, Some(&mut execution));
                (tile.rect, adjoint.sums)
            })
            .collect();
        // dR = Σ_{t>0} dI_tᵀ s_{t-1}.
        let (n, plane) = ((steps - 1) * rows, rows * self.outputs);
        fit(&mut gradients.recurrent_weight, self.outputs * self.outputs);
        let out = MatMut::new(&mut gradients.recurrent_weight, self.outputs, self.outputs);
        let later = MatRef::new(&tape.adjoint.current_gradient[plane..], n, self.outputs);
        let earlier = MatRef::new(&tape.trajectory.output, n, self.outputs);
        product(out, Into::Replace, F::of(1.0), later.t(), earlier);
        sums
    }
}
