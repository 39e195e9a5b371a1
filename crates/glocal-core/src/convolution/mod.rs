//! 2-D convolution of channels-last maps without an im2col matrix: windows of neighbouring outputs are overlapping rows of
//! the padded input, which the micro-kernel reads where they are.
//!
//! # Equation
//! `y[i,j,o] = Σ_{a,b,c} W[o,a,b,c] x[i·s + a - p, j·s + b - p, c]`, with x = 0 outside.
//!
//! # Shapes
//! x `[H,W,C]`, y `[H',W',O]` with H' = ⌊(H + 2p - K)/s⌋ + 1, W `[O,K,K,C]`.

mod kernel;
mod packed;

pub(crate) use packed::Packed;

use crate::config::Convolution;
use crate::scalar::Float;
use kernel::{Places, Segment, Windows};

/// Windows that meet the weights before these are fetched anew, at least.
const WINDOWS_AT_ONCE: usize = 32;
/// Values of inputs meanwhile, at most.
const VALUES_AT_ONCE: usize = 1 << 17;

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Input channels C.
    pub channels: usize,
    /// Input height H.
    pub height: usize,
    /// Input width W.
    pub width: usize,
    /// Output channels O.
    pub outputs: usize,
    /// Kernel, stride and padding.
    pub window: Convolution,
}

/// How the values of an input map are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `[C,H,W]`, as images come.
    ChannelsFirst,
    /// `[H,W,C]`, as layers pass maps on.
    ChannelsLast,
}

impl Geometry {
    /// Output height H'.
    pub fn out_height(&self) -> usize {
        self.out_side(self.height)
    }

    /// Output width W'.
    pub fn out_width(&self) -> usize {
        self.out_side(self.width)
    }

    fn out_side(&self, side: usize) -> usize {
        (side + 2 * self.window.padding - self.window.kernel) / self.window.stride + 1
    }

    /// Values of an input map.
    pub fn inputs(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Values of an output map, N.
    pub fn neurons(&self) -> usize {
        self.out_height() * self.out_width() * self.outputs
    }

    /// Weights of one output channel, K·K·C.
    pub fn taps(&self) -> usize {
        self.window.kernel * self.window.kernel * self.channels
    }

    fn padded_width(&self) -> usize {
        self.width + 2 * self.window.padding
    }

    fn padded_height(&self) -> usize {
        self.height + 2 * self.window.padding
    }

    /// Values of a padded map.
    pub(crate) fn padded(&self) -> usize {
        self.padded_height() * self.padded_width() * self.channels
    }

    /// Maps that are best convolved together: enough windows for the weights to be worth fetching, as long as the inputs stay in
    /// a near cache.
    pub(crate) fn maps_at_once(&self) -> usize {
        let places = self.out_height() * self.out_width();
        let values = self.padded().max(self.spreaded(self.outputs));
        WINDOWS_AT_ONCE.div_ceil(places).min(VALUES_AT_ONCE / values).max(1)
    }

    /// Puts `x` inside the zero border of `out`, channels last.
    pub(crate) fn pad<F: Float>(&self, x: &[F], order: Order, out: &mut [F]) {
        let (c, w, p) = (self.channels, self.width, self.window.padding);
        for y in 0..self.height {
            let start = ((y + p) * self.padded_width() + p) * c;
            let row = &mut out[start..start + w * c];
            if order == Order::ChannelsLast || c == 1 {
                row.copy_from_slice(&x[y * w * c..(y + 1) * w * c]);
                continue;
            }
            for (channel, plane) in x.chunks_exact(self.height * w).enumerate() {
                let values = &plane[y * w..(y + 1) * w];
                row[channel..].iter_mut().step_by(c).zip(values).for_each(|(out, &value)| *out = value);
            }
        }
    }

    /// y of padded maps, one after the other.
    pub(crate) fn forward<F: Float>(&self, padded: &[F], weight: &Packed<F>, y: &mut [F]) {
        let (kernel, stride) = (self.window.kernel, self.window.stride);
        let pitch = self.padded_width() * self.channels;
        let len = kernel * self.channels;
        let windows = self.windows(padded);
        let segments = |row: usize, out: &mut Vec<Segment>| {
            out.extend((0..kernel).map(|a| Segment { window: (row * stride + a) * pitch, tap: a * len }))
        };
        kernel::products(&windows, segments, weight, y, Places { row: self.out_width(), first: 0, step: 1 });
    }

    /// Windows of padded maps.
    fn windows<'a, F>(&self, padded: &'a [F]) -> Windows<'a, F> {
        let (map, step) = (self.padded(), self.window.stride * self.channels);
        let len = self.window.kernel * self.channels;
        Windows { values: padded, maps: padded.len() / map, map, step, len, count: self.out_width() }
    }

    /// Values of a spread gradient.
    pub(crate) fn spreaded(&self, lanes: usize) -> usize {
        self.spread_height() * self.spread_width() * lanes
    }

    /// The border that makes the adjoint a convolution of its own.
    fn spread_border(&self) -> usize {
        self.window.kernel - 1 - self.window.padding.min(self.window.kernel - 1)
    }

    fn spread_width(&self) -> usize {
        self.width + self.window.kernel - 1
    }

    fn spread_height(&self) -> usize {
        self.height + self.window.kernel - 1
    }

    /// Puts the gradient of y inside the zero border of `out`, `stride` places apart, with `lanes` channels.
    pub(crate) fn spread<F: Float>(&self, dy: &[F], lanes: usize, out: &mut [F]) {
        let (o, w, border, stride) = (self.outputs, self.out_width(), self.spread_border(), self.window.stride);
        for (y, row) in dy.chunks_exact(w * o).enumerate() {
            let start = ((border + y * stride) * self.spread_width() + border) * lanes;
            if lanes == o && stride == 1 {
                out[start..start + w * o].copy_from_slice(row);
                continue;
            }
            for (x, values) in row.chunks_exact(o).enumerate() {
                out[start + x * stride * lanes..][..o].copy_from_slice(values);
            }
        }
    }

    /// Gradients of input maps from spread gradients of y; `weight` is [`Packed::adjoint`].
    ///
    /// # Equation
    /// `dx[i,j,c] = Σ_{a,b,o} W[o,a,b,c] dy[(i + p - a)/s, (j + p - b)/s, o]` where the quotients are whole.
    pub(crate) fn backward<F: Float>(&self, spread: &[F], lanes: usize, weight: &Packed<F>, dx: &mut [F]) {
        let (kernel, stride, border) = (self.window.kernel, self.window.stride, self.spread_border());
        let pitch = self.spread_width() * lanes;
        // Between spread places are zeros, which no product needs to see: columns that leave the same when divided by the
        // stride meet the same taps.
        let filled = |place: usize| place % stride == border % stride;
        let runs_on = stride == 1;
        for first in 0..stride.min(self.width) {
            let len = if runs_on { kernel * lanes } else { lanes };
            let count = (self.width - first).div_ceil(stride);
            let map = self.spreaded(lanes);
            let windows = Windows { values: spread, maps: spread.len() / map, map, step: stride * lanes, len, count };
            let segments = |row: usize, out: &mut Vec<Segment>| {
                for a in (0..kernel).filter(|a| row + a >= border && filled(row + a)) {
                    let segment = |b: usize| Segment {
                        window: (row + a) * pitch + (first + b) * lanes,
                        tap: (a * kernel + b) * lanes,
                    };
                    if runs_on {
                        out.push(segment(0));
                    } else {
                        out.extend((0..kernel).filter(|b| filled(first + b)).map(segment));
                    }
                }
            };
            kernel::products(&windows, segments, weight, dx, Places { row: self.width, first, step: stride });
        }
    }

    /// Adds the weight gradient of maps to `into`, from their padded inputs and the spread gradients of y.
    ///
    /// # Equation
    /// `dW[o,a,b,c] += Σ_{i,j} dy[i,j,o] x[i·s + a - p, j·s + b - p, c]`.
    pub(crate) fn weight_gradient<F: Float>(&self, padded: &[F], spread: &[F], lanes: usize, into: &mut Packed<F>) {
        let (kernel, stride, border) = (self.window.kernel, self.window.stride, self.spread_border());
        let (pitch, spread_pitch) = (self.padded_width() * self.channels, self.spread_width() * lanes);
        let (len, windows) = (kernel * self.channels, self.windows(padded));
        let gradient = kernel::Gradient {
            values: spread,
            map: self.spreaded(lanes),
            start: (border * self.spread_width() + border) * lanes,
            pitch: stride * spread_pitch,
            step: stride * lanes,
            rows: self.out_height(),
        };
        for a in 0..kernel {
            kernel::add_outer(&windows, (a * pitch, stride * pitch), &gradient, a * len, into);
        }
    }
}
