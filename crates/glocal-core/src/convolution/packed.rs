//! Weights in the order that the micro-kernel reads them.

use super::Geometry;
use super::kernel::columns_per_block;
use crate::scalar::Float;

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

    /// Where entry (tap, column) stands.
    fn place(&self, tap: usize, column: usize) -> usize {
        ((column / self.width) * self.taps + tap) * self.width + column % self.width
    }

    /// `[taps, O]` of a weight `[O, taps]`, for [`Geometry::forward`].
    pub fn forward(&mut self, weight: &[F], outputs: usize) {
        let taps = weight.len() / outputs;
        self.fit(taps, outputs);
        for (o, row) in weight.chunks_exact(taps).enumerate() {
            for (tap, &value) in row.iter().enumerate() {
                let place = self.place(tap, o);
                self.values[place] = value;
            }
        }
    }

    /// `[K·K·lanes, C]` of a weight `[O,K,K,C]`, both sides of the window turned about, for [`Geometry::backward`].
    pub fn adjoint(&mut self, weight: &[F], geometry: &Geometry, lanes: usize) {
        let (k, c) = (geometry.window.kernel, geometry.channels);
        self.fit(k * k * lanes, c);
        for (o, row) in weight.chunks_exact(geometry.taps()).enumerate() {
            for (window, values) in row.chunks_exact(c).enumerate() {
                let tap = (k * k - 1 - window) * lanes + o;
                for (channel, &value) in values.iter().enumerate() {
                    let place = self.place(tap, channel);
                    self.values[place] = value;
                }
            }
        }
    }

    /// Adds itself to a weight gradient `[O, taps]`.
    pub fn add_to(&self, gradient: &mut [F]) {
        for (o, row) in gradient.chunks_exact_mut(self.taps).enumerate() {
            row.iter_mut().enumerate().for_each(|(tap, out)| *out += self.values[self.place(tap, o)]);
        }
    }

    fn fit(&mut self, taps: usize, columns: usize) {
        if (self.taps, self.columns) != (taps, columns) {
            *self = Packed::zeros(taps, columns);
        }
    }
}
