//! What has no state: affine maps, convolutions, pooling.

use crate::graph::{Convolution, Pool};

/// y = W x + b.
#[derive(Clone, Debug)]
pub struct Affine {
    /// `[O,I]`.
    pub weight: Vec<f64>,
    /// `[O]`.
    pub bias: Vec<f64>,
}

impl Affine {
    /// One step.
    pub fn apply(&self, input: &[f64], output: &mut [f64]) {
        let rows = self.weight.chunks_exact(input.len().max(1)).zip(&self.bias);
        for (y, (row, bias)) in output.iter_mut().zip(rows) {
            *y = row.iter().zip(input).map(|(w, x)| w * x).sum::<f64>() + bias;
        }
    }
}

/// Sizes of a window that runs over a map `[C,H,W]`; a row of values has the height 1.
#[derive(Clone, Copy, Debug)]
struct Windows {
    input: [usize; 2],
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    zeros: [usize; 2],
}

impl Windows {
    /// For the output at (row, column): each tap of the window that lies on an input, with that input's place in its channel.
    fn taps(&self, row: usize, column: usize) -> impl Iterator<Item = (usize, usize)> {
        let own = *self;
        let place = move |axis: usize, output: usize, tap: usize| {
            let padded = output * own.stride[axis] + tap * own.dilation[axis];
            padded.checked_sub(own.zeros[axis]).filter(|&place| place < own.input[axis])
        };
        let rows = (0..own.kernel[0]).filter_map(move |tap| Some((tap, place(0, row, tap)?)));
        rows.flat_map(move |(down, y)| {
            let columns = (0..own.kernel[1]).filter_map(move |tap| Some((tap, place(1, column, tap)?)));
            columns.map(move |(across, x)| (down * own.kernel[1] + across, y * own.input[1] + x))
        })
    }

    fn outputs(&self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.output[1];
        (0..self.output[0] * columns).map(move |i| (i / columns, i % columns))
    }
}

/// A convolution.
#[derive(Clone, Debug)]
pub struct Map {
    windows: Windows,
    /// `[O, C/groups, K, L]`.
    weight: Vec<f64>,
    bias: Vec<f64>,
    /// Input channels of one group, and output channels.
    group: [usize; 2],
}

impl Map {
    /// A convolution of a valid graph, with the shapes found for it.
    pub fn new(convolution: &Convolution, input: &[usize], output: &[usize]) -> Map {
        let two = |sides: &[usize], fill: usize| match *sides {
            [only] => [fill, only],
            [height, width, ..] => [height, width],
            [] => [fill; 2],
        };
        let zeros: Vec<usize> = (0..convolution.axes()).map(|axis| convolution.zeros_before(axis)).collect();
        let weight = convolution.weight.shape();
        Map {
            windows: Windows {
                input: two(&input[1..], 1),
                output: two(&output[1..], 1),
                kernel: two(convolution.kernel(), 1),
                stride: two(&convolution.stride, 1),
                dilation: two(&convolution.dilation, 1),
                zeros: two(&zeros, 0),
            },
            weight: convolution.weight.to_f64(),
            bias: convolution.bias.to_f64(),
            group: [weight[1], weight[0] / convolution.groups],
        }
    }

    /// One step.
    pub fn apply(&self, input: &[f64], output: &mut [f64]) {
        let [channels, outputs] = self.group;
        let inputs = self.windows.input[0] * self.windows.input[1];
        let taps = self.windows.kernel[0] * self.windows.kernel[1];
        let places = self.windows.output[0] * self.windows.output[1];
        for (o, (plane, bias)) in output.chunks_exact_mut(places).zip(&self.bias).enumerate() {
            let first = o / outputs * channels;
            for (y, (row, column)) in plane.iter_mut().zip(self.windows.outputs()) {
                *y = *bias;
                for c in 0..channels {
                    let weight = &self.weight[(o * channels + c) * taps..][..taps];
                    let channel = &input[(first + c) * inputs..][..inputs];
                    *y += self.windows.taps(row, column).map(|(tap, at)| weight[tap] * channel[at]).sum::<f64>();
                }
            }
        }
    }
}

/// Sums or means over windows.
#[derive(Clone, Debug)]
pub struct Pooling {
    windows: Windows,
    factor: f64,
}

impl Pooling {
    /// Sums of a valid graph, or means with `mean`, with the shapes found for it.
    pub fn new(pool: &Pool, mean: bool, input: &[usize], output: &[usize]) -> Pooling {
        let windows = Windows {
            input: [input[1], input[2]],
            output: [output[1], output[2]],
            kernel: pool.kernel_size,
            stride: pool.stride,
            dilation: [1, 1],
            zeros: pool.padding,
        };
        let size = pool.kernel_size[0] as f64 * pool.kernel_size[1] as f64;
        Pooling { windows, factor: if mean { 1.0 / size } else { 1.0 } }
    }

    /// One step.
    pub fn apply(&self, input: &[f64], output: &mut [f64]) {
        let inputs = self.windows.input[0] * self.windows.input[1];
        let places = self.windows.output[0] * self.windows.output[1];
        for (plane, channel) in output.chunks_exact_mut(places).zip(input.chunks_exact(inputs)) {
            for (y, (row, column)) in plane.iter_mut().zip(self.windows.outputs()) {
                *y = self.factor * self.windows.taps(row, column).map(|(_, at)| channel[at]).sum::<f64>();
            }
        }
    }
}
