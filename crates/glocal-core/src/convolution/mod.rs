//! 2-D convolution of channels-last maps without an im2col matrix: windows of neighbouring outputs are overlapping rows of
//! the padded input, which the micro-kernel reads where they are.
//!
//! # Equation
//! `y[i,j,o] = Σ_{a,b,c} W[o,a,b,c] x[i·s + a - p, j·s + b - p, c]`, with x = 0 outside.
//!
//! # Shapes
//! x `[H,W,C]`, y `[H',W',O]` with H' = ⌊(H + 2p - K)/s⌋ + 1, W `[O,K,K,C]`.

mod group;
mod kernel;
mod lanes;
mod packed;

pub(crate) use group::{AdjointGroup, ForwardGroup};
#[cfg(target_arch = "x86_64")]
pub use lanes::{Avx2, Avx512};
pub use lanes::{LANES, Lanes, Plain};
pub(crate) use packed::Packed;

use crate::config::Convolution;
use crate::scalar::Float;

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
    fn padded_len(&self) -> usize {
        self.padded_height() * self.padded_width() * self.channels
    }

    /// Puts `x` inside the zero border of `out`, channels last.
    fn pad<F: Float>(&self, x: &[F], order: Order, out: &mut [F]) {
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

    /// The border that lets every window of the adjoint lie inside a gradient of y.
    fn gradient_border(&self) -> usize {
        (self.window.kernel - 1).saturating_sub(self.window.padding) / self.window.stride
    }

    fn bordered_side(&self, side: usize) -> usize {
        let reach = (side - 1 + self.window.padding) / self.window.stride + 1;
        self.gradient_border() + reach.max(self.out_side(side))
    }

    /// Values of a gradient of y with its border, of `lanes` channels.
    fn bordered_len(&self, lanes: usize) -> usize {
        self.bordered_side(self.height) * self.bordered_side(self.width) * lanes
    }

    /// Where place (`i`, `j`) of a gradient of y stands inside its border.
    fn bordered_place(&self, i: usize, j: usize, lanes: usize) -> usize {
        let border = self.gradient_border();
        ((border + i) * self.bordered_side(self.width) + border + j) * lanes
    }

    /// Puts the gradient of y inside the zero border of `out`, with `lanes` channels.
    fn put_gradient<F: Float>(&self, dy: &[F], lanes: usize, out: &mut [F]) {
        let (o, w) = (self.outputs, self.out_width());
        for (y, row) in dy.chunks_exact(w * o).enumerate() {
            let out = &mut out[self.bordered_place(y, 0, lanes)..][..w * lanes];
            if lanes == o {
                out.copy_from_slice(row);
                continue;
            }
            out.chunks_exact_mut(lanes).zip(row.chunks_exact(o)).for_each(|(out, row)| out[..o].copy_from_slice(row));
        }
    }

    /// Taps along one side that meet places which leave `rest` when divided by the stride.
    fn taps_of(&self, rest: usize) -> usize {
        self.window.kernel.saturating_sub(rest).div_ceil(self.window.stride)
    }

    /// Tap (`a`, `b`) of the adjoint, in units of channels of y: those that meet the same places lie together, each side of
    /// the window turned about.
    fn adjoint_tap(&self, a: usize, b: usize) -> usize {
        let stride = self.window.stride;
        let (rows, columns) = (self.taps_of(a % stride), self.taps_of(b % stride));
        self.adjoint_class(a % stride, b % stride) + (rows - 1 - a / stride) * columns + columns - 1 - b / stride
    }

    /// The first of the taps that meet places which leave (`row`, `column`).
    fn adjoint_class(&self, row: usize, column: usize) -> usize {
        let before = |rest: usize| (0..rest).map(|rest| self.taps_of(rest)).sum::<usize>();
        before(row) * self.window.kernel + self.taps_of(row) * before(column)
    }
}
