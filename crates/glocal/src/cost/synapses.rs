//! Synaptic operations of layer calls, by NeuroBench's definition.

use glocal_core::Input;
use glocal_core::config::Convolution;
use glocal_core::config::{NetworkConfig, Shape};
use glocal_core::convolution::{Geometry, Order};
use glocal_core::params::LayerArrays;

/// Operations counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Operations {
    /// Effective, in calls with an input other than 0 and ±1.
    pub macs: u64,
    /// Effective, in the other calls.
    pub acs: u64,
    /// With zeros.
    pub dense: u64,
}

impl Operations {
    /// Counts a call for each step: a constant input is met anew at each.
    pub fn count(&mut self, connection: &Connection, input: Input<'_, f32>, (steps, batch): (usize, usize)) {
        match input {
            Input::Constant(plane) => self.calls(connection, plane, (steps as u64, batch)),
            Input::Series(planes) => {
                let plane = planes.len().checked_div(steps).unwrap_or(0).max(1);
                planes.chunks_exact(plane).for_each(|plane| self.calls(connection, plane, (1, batch)));
            }
        }
    }

    /// As [`Operations::count`], of outputs `[T,B,O]` that come back a step later; at the first step none does.
    pub fn count_delayed(&mut self, connection: &Connection, outputs: &[f32], (steps, batch): (usize, usize)) {
        let plane = outputs.len().checked_div(steps).unwrap_or(0).max(1);
        self.dense += connection.dense * batch as u64;
        let before_last = &outputs[..outputs.len().saturating_sub(plane)];
        before_last.chunks_exact(plane).for_each(|plane| self.calls(connection, plane, (1, batch)));
    }

    /// So many calls with the same inputs, `[B,I]`.
    fn calls(&mut self, connection: &Connection, plane: &[f32], (calls, batch): (u64, usize)) {
        let sample = plane.len().checked_div(batch).unwrap_or(0).max(1);
        let effective: u64 = plane.chunks_exact(sample).map(|inputs| connection.effective(inputs)).sum();
        let spikes = plane.iter().all(|input| [0.0, 1.0, -1.0].contains(input));
        *(if spikes { &mut self.acs } else { &mut self.macs }) += calls * effective;
        self.dense += calls * connection.dense * batch as u64;
    }
}

/// How many operations an input that is not zero makes.
#[derive(Debug)]
pub(super) struct Connection {
    /// Operations of a sample's call, with zeros.
    dense: u64,
    reach: Reach,
}

#[derive(Debug)]
enum Reach {
    /// Of each input the weights that are not zero.
    Dense(Vec<u64>),
    /// Of each tap `[K,K,C]` of a window the channels whose weight is not zero.
    Window(Geometry, Order, Vec<u64>),
}

impl Connection {
    /// Of a layer, from what it is given.
    pub fn of(config: &NetworkConfig, index: usize, params: &LayerArrays<f32>) -> Connection {
        let layer = &config.layers[index];
        match (layer.convolution(), config.layer_input_shape(index)) {
            (Some(window), Some(Shape::Map { channels, height, width })) => {
                let geometry = Geometry { channels, height, width, outputs: layer.size, window };
                let order = if index == 0 { Order::ChannelsFirst } else { Order::ChannelsLast };
                Connection::windows(geometry, order, &params.weight)
            }
            _ => Connection::matrix(&params.weight, layer.size),
        }
    }

    /// Of a layer's own spikes, where they come back.
    pub fn recurrent(neurons: usize, params: &LayerArrays<f32>) -> Option<Connection> {
        (!params.recurrent_weight.is_empty()).then(|| Connection::matrix(&params.recurrent_weight, neurons))
    }

    /// `[O,I]`.
    pub fn matrix(weight: &[f32], outputs: usize) -> Connection {
        let inputs = weight.len().checked_div(outputs).unwrap_or(0);
        Connection { dense: weight.len() as u64, reach: Reach::Dense(not_zero(weight, inputs)) }
    }

    fn windows(geometry: Geometry, order: Order, weight: &[f32]) -> Connection {
        let places: u64 = windows(&geometry).map(|_| geometry.channels as u64).sum();
        let reach = Reach::Window(geometry, order, not_zero(weight, geometry.taps()));
        Connection { dense: places * geometry.outputs as u64, reach }
    }

    /// Operations of a sample's call with inputs and weights that are not zero.
    fn effective(&self, inputs: &[f32]) -> u64 {
        match &self.reach {
            Reach::Dense(reach) => inputs.iter().zip(reach).map(|(&x, &reach)| if x == 0.0 { 0 } else { reach }).sum(),
            Reach::Window(geometry, order, reach) => {
                windows(geometry).map(|tap| tap.effective(geometry, *order, inputs, reach)).sum()
            }
        }
    }
}

/// Of each column of `weight` the values that are not zero.
fn not_zero(weight: &[f32], columns: usize) -> Vec<u64> {
    let mut counts = vec![0; columns];
    for row in weight.chunks_exact(columns.max(1)) {
        counts.iter_mut().zip(row).for_each(|(count, &weight)| *count += u64::from(weight != 0.0));
    }
    counts
}

/// A place of a window that lies on the map, not on its padding.
#[derive(Clone, Copy, Debug)]
struct Tap {
    /// Row and column in the window.
    window: [usize; 2],
    /// Row and column in the map.
    map: [usize; 2],
}

impl Tap {
    fn effective(self, geometry: &Geometry, order: Order, inputs: &[f32], reach: &[u64]) -> u64 {
        let Geometry { channels, height, width, window: Convolution { kernel, .. }, .. } = *geometry;
        let place = self.map[0] * width + self.map[1];
        let reach = &reach[(self.window[0] * kernel + self.window[1]) * channels..][..channels];
        let at = |channel: usize| match order {
            Order::ChannelsFirst => inputs[channel * height * width + place],
            Order::ChannelsLast => inputs[place * channels + channel],
        };
        reach.iter().enumerate().map(|(channel, &reach)| if at(channel) == 0.0 { 0 } else { reach }).sum()
    }
}

/// Every place of every window.
fn windows(geometry: &Geometry) -> impl Iterator<Item = Tap> {
    let Geometry { height, width, window: Convolution { kernel, stride, padding }, .. } = *geometry;
    let along = move |outputs: usize, size: usize| {
        let on_map = move |at: usize| at.checked_sub(padding).filter(|&at| at < size);
        (0..outputs).flat_map(move |o| (0..kernel).filter_map(move |k| Some((k, on_map(o * stride + k)?))))
    };
    let (rows, columns) = (geometry.out_height(), geometry.out_width());
    along(rows, height)
        .flat_map(move |(ky, y)| along(columns, width).map(move |(kx, x)| Tap { window: [ky, kx], map: [y, x] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_by_hand() {
        // [O,I] = [2,3]; columns have 2, 1 and 0 weights that are not zero.
        let connection = Connection::matrix(&[1.0, 0.0, 0.0, -2.0, 3.0, 0.0], 2);
        let mut found = Operations::default();
        // Two steps of two samples: spikes, then a value of two.
        let series = [1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        found.count(&connection, Input::Series(&series), (2, 2));
        assert_eq!(found, Operations { acs: 2 + 1, macs: 2, dense: 2 * 2 * 6 });
        // A constant input is met at each of five steps.
        let mut constant = Operations::default();
        constant.count(&connection, Input::Constant(&[0.5, 0.5, 0.5]), (5, 1));
        assert_eq!(constant, Operations { acs: 0, macs: 5 * 3, dense: 5 * 6 });
        // What comes back: nothing at the first step, the first step's spikes at the second.
        let mut back = Operations::default();
        back.count_delayed(&Connection::matrix(&[1.0, 1.0, 0.0, 1.0], 2), &[0.0, 1.0, 1.0, 1.0], (2, 1));
        assert_eq!(back, Operations { acs: 2, macs: 0, dense: 2 * 4 });
    }

    #[test]
    fn a_window_by_hand() {
        // 3 x 3 windows over 2 x 2 with a border of one: each of 4 windows has 4 of its 9 taps on the map.
        let window = Convolution { kernel: 3, stride: 1, padding: 1 };
        let geometry = Geometry { channels: 1, height: 2, width: 2, outputs: 1, window };
        let connection = Connection::windows(geometry, Order::ChannelsFirst, &[1.0; 9]);
        assert_eq!(connection.dense, 16);
        // An input reaches each of the four windows once.
        assert_eq!(connection.effective(&[0.0, 1.0, 0.0, 0.0]), 4);
        // Without the middle tap it does not reach its own.
        let mut weight = [1.0; 9];
        weight[4] = 0.0;
        assert_eq!(Connection::windows(geometry, Order::ChannelsFirst, &weight).effective(&[0.0, 1.0, 0.0, 0.0]), 3);
    }
}
