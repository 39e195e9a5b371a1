//! Weights in the order that the micro-kernel reads them.

use rayon::prelude::*;

use super::Geometry;
use super::kernel::columns_per_block;
use crate::rows;
use crate::scalar::Float;

/// Values that one task sums at once.
const SUMMED_AT_ONCE: usize = 1 << 14;

/// A matrix `[taps, columns]` cut into blocks of columns, each block contiguous and filled up with zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed<F> {
    /// `[blocks, taps, width]`.
    pub values: Vec<F>,
    pub taps: usize,
    pub columns: usize,
    /// Columns of a block.
    pub width: usize,
}

impl<F: Float> Packed<F> {
    /// Zeros.
    pub fn zeros(taps: usize, columns: usize) -> Self {
        let width = columns_per_block(columns);
        let blocks = columns.div_ceil(width);
        Packed { values: vec![F::of(0.0); blocks * taps * width], taps, columns, width }
    }

    /// Columns with those that fill the last block up.
    pub fn lanes(&self) -> usize {
        self.columns.div_ceil(self.width) * self.width
    }

    /// Where entry (0, column) stands; the next tap's is `width` further on.
    fn column(&self, column: usize) -> usize {
        (column / self.width) * self.taps * self.width + column % self.width
    }

    /// `[taps, O]` of a weight `[O, taps]`, for [`Geometry::forward`].
    pub fn forward(&mut self, weight: &[F], outputs: usize) {
        let taps = weight.len() / outputs;
        self.fit(taps, outputs);
        for (o, row) in weight.chunks_exact(taps).enumerate() {
            let column = self.column(o);
            self.values[column..].iter_mut().step_by(self.width).zip(row).for_each(|(out, &value)| *out = value);
        }
    }

    /// `[K·K·lanes, C]` of a weight `[O,K,K,C]`, both sides of the window turned about, for [`Geometry::backward`].
    pub fn adjoint(&mut self, weight: &[F], geometry: &Geometry, lanes: usize) {
        let (k, c) = (geometry.window.kernel, geometry.channels);
        self.fit(k * k * lanes, c);
        for (o, row) in weight.chunks_exact(geometry.taps()).enumerate() {
            for (window, values) in row.chunks_exact(c).enumerate() {
                let tap = (k * k - 1 - window) * lanes + o;
                for (block, values) in values.chunks(self.width).enumerate() {
                    let place = (block * self.taps + tap) * self.width;
                    self.values[place..place + values.len()].copy_from_slice(values);
                }
            }
        }
    }

    /// The sum of matrices of one shape; at least one.
    pub fn total(mut parts: Vec<Self>) -> Self {
        let mut total = parts.remove(0);
        total.values.par_chunks_mut(SUMMED_AT_ONCE).enumerate().for_each(|(chunk, sum)| {
            let first = chunk * SUMMED_AT_ONCE;
            parts.iter().for_each(|part| rows::add_scaled(sum, F::of(1.0), &part.values[first..first + sum.len()]));
        });
        total
    }

    /// Writes itself to a weight gradient `[O, taps]`.
    pub fn write_to(&self, gradient: &mut [F]) {
        gradient.par_chunks_exact_mut(self.taps).enumerate().for_each(|(o, row)| {
            let column = self.values[self.column(o)..].iter().step_by(self.width);
            row.iter_mut().zip(column).for_each(|(out, &value)| *out = value);
        });
    }

    fn fit(&mut self, taps: usize, columns: usize) {
        if (self.taps, self.columns) != (taps, columns) {
            *self = Packed::zeros(taps, columns);
        }
    }
}
