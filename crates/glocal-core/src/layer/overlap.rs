//! Plastic weights beside a mask where each sample has its own, low-rank: no plastic weight is formed at all.
//!
//! # Equation
//! Of ⟨in_t, local_learning_rate ∘ b_u⟩, by which a sample's factors of step u reach a neuron at step t, those inputs are missing
//! that the neuron has trained synapses with:
//! C_tu\[b,o\] = Σ_{i in M_o} local_learning_rate_i x_t\[b,i\] x_u\[b,i\],
//! a product over the mask's synapses for each pair of steps u < t; for a constant input one for all of them.

use rayon::prelude::*;

use super::dense::Plastic;
use super::presynaptic::plane;
use super::tape::strips;
use crate::linalg::{Into, Mask, Operand, Turned};
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, Rect, Tile, tiles};

/// Samples whose gradients one task adds up.
const SAMPLES: usize = 16;

/// What trained synapses take away, and buffers.
#[derive(Debug)]
pub(super) struct Overlap<F> {
    /// C, `[pairs, B, O]`.
    pub taken: Vec<F>,
    /// x_t ∘ x_u of each pair, turned about.
    products: Turned<F>,
    /// Learning rate of each synapse's input.
    rates: Vec<F>,
    /// Gradients of C, turned about, and of the products, `[pairs, B, I]`.
    turned: Turned<F>,
    product_gradient: Vec<F>,
    ones: Vec<F>,
}

impl<F> Default for Overlap<F> {
    fn default() -> Self {
        Overlap {
            taken: Vec::new(),
            products: Turned::default(),
            rates: Vec::new(),
            turned: Turned::default(),
            product_gradient: Vec::new(),
            ones: Vec::new(),
        }
    }
}

/// Where the pair of steps u < t lies.
pub(super) fn pair(t: usize, u: usize) -> usize {
    t * (t - 1) / 2 + u
}

/// Pairs of steps; of a constant input one.
fn pairs<F: Float>(plastic: &Plastic<'_, F>) -> Vec<(usize, usize)> {
    match plastic.pre.constant() {
        true => vec![(0, 0)],
        false => (1..plastic.pre.phase.len()).flat_map(|t| (0..t).map(move |u| (t, u))).collect(),
    }
}

/// By what a_u, through C_tu, counts in u_t.
pub(super) fn scale<F: Float>(plastic: &Plastic<'_, F>, t: usize, u: usize) -> F {
    plastic.coefficients.mix(t, u) * plastic.pre.phase[t] * plastic.pre.factor_scale(0, u)
}

impl<F: Float> Overlap<F> {
    /// C of all samples; `input` is x.
    pub fn load(&mut self, plastic: &Plastic<'_, F>, mask: &Mask, input: &Turned<F>) {
        let (batch, width, outputs) = (plastic.pre.batch, plastic.pre.width, plastic.outputs);
        let pairs = pairs(plastic);
        self.taken.resize(pairs.len() * batch * outputs, F::of(0.0));
        if !mask.by_blocks() {
            mask.of_inputs(plastic.rate, &mut self.rates);
            self.products.load_products(input, &pairs);
            let out = MatMut::new(&mut self.taken, pairs.len() * batch, outputs);
            return mask.times_transposed_all(out, Operand::Turned(&self.products), &self.rates);
        }
        self.taken.par_chunks_mut(SAMPLES * outputs).enumerate().for_each(|(chunk, taken)| {
            let mut products = vec![F::of(0.0); width];
            for (row, taken) in taken.chunks_exact_mut(outputs).enumerate() {
                let ((t, u), b) = (pairs[(chunk * SAMPLES + row) / batch], (chunk * SAMPLES + row) % batch);
                let [x_t, x_u] = [t, u].map(|step| plane(plastic.pre.activity(step), b, width));
                rows::product(&mut products, x_t, x_u);
                rows::product_in_place(&mut products, plastic.rate);
                mask.sums_of_blocks(&products, taken);
            }
        });
    }

    /// Gradients of learning rates and inputs through C, from its own gradient `of_taken`, `[pairs, B, O]`.
    pub fn adjoint(
        &mut self,
        plastic: &Plastic<'_, F>,
        mask: &Mask,
        of_taken: &[F],
        rate: &mut [F],
        input: Option<&mut Vec<F>>,
    ) {
        let (batch, width, outputs) = (plastic.pre.batch, plastic.pre.width, plastic.outputs);
        let pairs = pairs(plastic);
        self.product_gradient.resize(pairs.len() * batch * width, F::of(0.0));
        if mask.by_blocks() {
            let rows = self.product_gradient.par_chunks_mut(width).zip(of_taken.par_chunks(outputs));
            rows.for_each(|(out, of_taken)| mask.sums_of_blocks_adjoint(of_taken, out));
        } else {
            self.ones.resize(mask.len(), F::of(1.0));
            let of_taken = mask.gradient(of_taken, pairs.len(), &mut self.turned);
            let out = MatMut::new(&mut self.product_gradient, pairs.len() * batch, width);
            mask.times_all(out, (Into::Replace, F::of(1.0)), of_taken, &self.ones);
        }
        let rects: Vec<Rect> = strips(batch, SAMPLES).map(|rows| Rect { rows, cols: 0..width }).collect();
        let mut inputs: Vec<Option<Tile<'_, F>>> = match input {
            Some(input) => tiles(input, batch, width, &rects).into_iter().map(Some).collect(),
            None => rects.iter().map(|_| None).collect(),
        };
        let gradients = &self.product_gradient;
        let of_strip = |(rect, input): (&Rect, &mut Option<Tile<'_, F>>)| {
            let (mut rates, mut part) = (vec![F::of(0.0); width], vec![F::of(0.0); width]);
            for (index, &(t, u)) in pairs.iter().enumerate() {
                for (r, b) in rect.rows.clone().enumerate() {
                    let of_product = plane(gradients, index * batch + b, width);
                    let [x_t, x_u] = [t, u].map(|step| plane(plastic.pre.activity(step), b, width));
                    rows::product(&mut part, of_product, x_t);
                    rows::add_product(&mut rates, &part, x_u);
                    if let Some(input) = input {
                        rows::add_product(input.row_mut(u, r), &part, plastic.rate);
                        rows::product(&mut part, of_product, x_u);
                        rows::add_product(input.row_mut(t, r), &part, plastic.rate);
                    }
                }
            }
            rates
        };
        let rates: Vec<Vec<F>> = rects.par_iter().zip(&mut inputs).map(of_strip).collect();
        rates.iter().for_each(|part| rows::add_scaled(rate, F::of(1.0), part));
    }
}

/// Gradient of C of a series, `[pairs, B, O]`, from those of u and the factors, `[T, B, O]` each.
///
/// # Equation
/// dC_tu = -mix\[t\]\[u\] k_t κ_u du_t ∘ a_u.
pub(super) fn series_gradient<F: Float>(plastic: &Plastic<'_, F>, drive_gradient: &[F], factor: &[F]) -> Vec<F> {
    let size = plastic.pre.batch * plastic.outputs;
    let pairs = pairs(plastic);
    let mut gradient = vec![F::of(0.0); pairs.len() * size];
    gradient.par_chunks_exact_mut(plastic.outputs).enumerate().for_each(|(row, out)| {
        let ((t, u), b) = (pairs[row / plastic.pre.batch], row % plastic.pre.batch);
        let [of_t, of_u] = [(drive_gradient, t), (factor, u)]
            .map(|(array, step)| plane(array, step * plastic.pre.batch + b, plastic.outputs));
        rows::add_scaled_product(out, -scale(plastic, t, u), of_t, of_u);
    });
    gradient
}
