//! Maps that run through the micro-kernels together: on small maps with many channels one map has too few windows to be worth
//! a reading of the weights.
//!
//! How many there are follows from shapes alone, so that no sum depends on who computes it.

use super::kernel::{self, Place, Segment, Windows};
use super::{Geometry, Order, Packed};
use crate::scalar::Float;

/// Values of a group: with weights, what a second-level cache holds.
const MOST_VALUES: usize = 1 << 17;

/// Windows that are worth a reading of the weights: more maps than that takes would only leave the nearest cache.
const ENOUGH_WINDOWS: usize = 128;

/// Maps of a group, each of `len` values and so many windows: at least one.
fn most_maps(len: usize, windows: usize) -> usize {
    (MOST_VALUES / len).min(ENOUGH_WINDOWS.div_ceil(windows)).max(1)
}

fn windows(geometry: &Geometry) -> usize {
    geometry.out_height() * geometry.out_width()
}

/// The places of `maps` maps from those of one; `window` and `row` are what lies between two maps.
fn of_maps(one: Vec<Place>, maps: usize, window: usize, row: usize) -> Vec<Place> {
    let moved = |map: usize| move |p: &Place| Place { window: p.window + map * window, row: p.row + map * row };
    (0..maps).flat_map(|map| one.iter().map(moved(map)).collect::<Vec<_>>()).collect()
}

/// The places that belong to the first `maps` of `all`.
fn first_maps(places: &[Place], maps: usize, all: usize) -> &[Place] {
    &places[..places.len() / all * maps]
}

fn zeros<F: Float>(n: usize) -> Vec<F> {
    vec![F::of(0.0); n]
}

/// The rows of a window of a padded map.
fn segments(geometry: &Geometry) -> Vec<Segment> {
    let (pitch, len) = (geometry.padded_width() * geometry.channels, geometry.window.kernel * geometry.channels);
    (0..geometry.window.kernel).map(|a| Segment { start: a * pitch, tap: a * len }).collect()
}

/// The windows of a padded map; `row` says where the row of place (i, j) begins.
fn places(geometry: &Geometry, row: impl Fn(usize, usize) -> usize) -> Vec<Place> {
    let (pitch, stride) = (geometry.padded_width(), geometry.window.stride);
    let mut places = Vec::with_capacity(geometry.out_height() * geometry.out_width());
    for i in 0..geometry.out_height() {
        for j in 0..geometry.out_width() {
            let window = (i * stride * pitch + j * stride) * geometry.channels;
            places.push(Place { window, row: row(i, j) });
        }
    }
    places
}

/// Several maps on their way forward.
pub(crate) struct ForwardGroup<F> {
    geometry: Geometry,
    /// Most maps of a group.
    pub maps: usize,
    /// `[maps, H + 2p, W + 2p, C]`.
    padded: Vec<F>,
    places: Vec<Place>,
    segments: Vec<Segment>,
}

impl<F: Float> ForwardGroup<F> {
    /// For up to `most` maps.
    pub fn new(geometry: &Geometry, most: usize) -> Self {
        let maps = most_maps(geometry.padded_len(), windows(geometry)).min(most);
        let (width, outputs) = (geometry.out_width(), geometry.outputs);
        let places = places(geometry, |i, j| (i * width + j) * outputs);
        ForwardGroup {
            geometry: *geometry,
            maps,
            padded: zeros(maps * geometry.padded_len()),
            places: of_maps(places, maps, geometry.padded_len(), geometry.neurons()),
            segments: segments(geometry),
        }
    }

    /// y `[maps, N]` of the maps that `map` gives, any number of them.
    pub fn run<'x>(&mut self, map: impl Fn(usize) -> &'x [F], order: Order, weight: &Packed<F>, y: &mut [F])
    where
        F: 'x,
    {
        let (geometry, n) = (&self.geometry, self.geometry.neurons());
        for (group, y) in y.chunks_mut(self.maps * n).enumerate() {
            let maps = y.len() / n;
            for (i, padded) in self.padded.chunks_exact_mut(geometry.padded_len()).take(maps).enumerate() {
                geometry.pad(map(group * self.maps + i), order, padded);
            }
            let windows = Windows {
                values: &self.padded,
                places: first_maps(&self.places, maps, self.maps),
                segments: &self.segments,
                len: geometry.window.kernel * geometry.channels,
            };
            kernel::products(&windows, weight, y);
        }
    }
}

/// Several maps on their way back.
pub(crate) struct AdjointGroup<F> {
    geometry: Geometry,
    lanes: usize,
    /// Most maps of a group.
    pub maps: usize,
    /// How many there are now.
    held: usize,
    /// `[maps, H + 2p, W + 2p, C]`.
    padded: Vec<F>,
    /// Gradients of y with their borders, `[maps, ·, ·, lanes]`.
    gradient: Vec<F>,
    /// Gradients of the maps, `[maps, H, W, C]`.
    input_gradient: Vec<F>,
    places: Vec<Place>,
    segments: Vec<Segment>,
    classes: Vec<Class>,
}

/// Places of the input that meet the same taps: those that leave the same when divided by the stride.
struct Class {
    places: Vec<Place>,
    segments: Vec<Segment>,
    len: usize,
}

impl<F: Float> AdjointGroup<F> {
    /// For up to `most` maps; gradients of y have `lanes` channels.
    pub fn new(geometry: &Geometry, lanes: usize, most: usize) -> Self {
        let maps = most_maps(geometry.padded_len() + geometry.bordered_len(lanes), windows(geometry)).min(most);
        let places = places(geometry, |i, j| geometry.bordered_place(i, j, lanes));
        let stride = geometry.window.stride;
        AdjointGroup {
            geometry: *geometry,
            lanes,
            maps,
            held: 0,
            padded: zeros(maps * geometry.padded_len()),
            gradient: zeros(maps * geometry.bordered_len(lanes)),
            input_gradient: Vec::new(),
            places: of_maps(places, maps, geometry.padded_len(), geometry.bordered_len(lanes)),
            segments: segments(geometry),
            classes: (0..stride * stride)
                .map(|i| Class::new(geometry, lanes, maps, [i / stride, i % stride]))
                .collect(),
        }
    }

    /// Takes maps that `map` gives, and the gradients `dy` `[maps, N]` of their y; no more than [`AdjointGroup::maps`].
    pub fn take<'x>(&mut self, map: impl Fn(usize) -> &'x [F], order: Order, dy: &[F])
    where
        F: 'x,
    {
        let geometry = &self.geometry;
        self.held = dy.len() / geometry.neurons();
        let padded = self.padded.chunks_exact_mut(geometry.padded_len());
        let bordered = self.gradient.chunks_exact_mut(geometry.bordered_len(self.lanes));
        for (i, ((dy, padded), bordered)) in dy.chunks_exact(geometry.neurons()).zip(padded).zip(bordered).enumerate() {
            geometry.pad(map(i), order, padded);
            geometry.put_gradient(dy, self.lanes, bordered);
        }
    }

    /// Adds the weight gradient of the maps to `into`.
    ///
    /// # Equation
    /// `dW[o,a,b,c] += Σ_{i,j} dy[i,j,o] x[i·s + a - p, j·s + b - p, c]`.
    pub fn weight_gradient(&self, into: &mut Packed<F>) {
        let windows = Windows {
            values: &self.padded,
            places: first_maps(&self.places, self.held, self.maps),
            segments: &self.segments,
            len: self.geometry.window.kernel * self.geometry.channels,
        };
        kernel::add_outer(&windows, &self.gradient, into);
    }

    /// Gradients of the maps, one after the other; `weight` is [`Packed::adjoint`].
    ///
    /// # Equation
    /// `dx[i,j,c] = Σ_{a,b,o} W[o,a,b,c] dy[(i + p - a)/s, (j + p - b)/s, o]` where the quotients are whole.
    pub fn input_gradient(&mut self, weight: &Packed<F>) -> impl Iterator<Item = &[F]> {
        let len = self.geometry.inputs();
        self.input_gradient.resize(self.maps * len, F::of(0.0));
        for class in &self.classes {
            let windows = Windows {
                values: &self.gradient,
                places: first_maps(&class.places, self.held, self.maps),
                segments: &class.segments,
                len: class.len,
            };
            kernel::products(&windows, weight, &mut self.input_gradient);
        }
        self.input_gradient.chunks_exact(len).take(self.held)
    }
}

impl Class {
    /// Of the taps that leave `rest` (row, column) when divided by the stride.
    fn new(geometry: &Geometry, lanes: usize, maps: usize, rest: [usize; 2]) -> Self {
        let (stride, padding, border) = (geometry.window.stride, geometry.window.padding, geometry.gradient_border());
        let [rows, columns] = rest.map(|rest| geometry.taps_of(rest));
        let pitch = geometry.bordered_side(geometry.width) * lanes;
        let (len, first) = (columns * lanes, geometry.adjoint_class(rest[0], rest[1]) * lanes);
        let met = |side: usize, rest: usize| (0..side).filter(move |i| (i + padding) % stride == rest);
        // The first of `taps` places of y that place i of x meets.
        let begin = |i: usize, taps: usize| (i + padding) / stride + border + 1 - taps;
        let mut places = Vec::new();
        for i in met(geometry.height, rest[0]) {
            for j in met(geometry.width, rest[1]) {
                let window = begin(i, rows) * pitch + begin(j, columns) * lanes;
                places.push(Place { window, row: (i * geometry.width + j) * geometry.channels });
            }
        }
        let segments = (0..rows).map(|row| Segment { start: row * pitch, tap: first + row * len });
        Class {
            places: of_maps(places, maps, geometry.bordered_len(lanes), geometry.inputs()),
            // Without taps the gradient is zero.
            segments: segments.filter(|_| len > 0).collect(),
            len,
        }
    }
}
