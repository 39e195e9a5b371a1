//! Bands: the rows of a map that one pooled row comes from. A band goes through all steps while it lies in a core's
//! nearest cache; bands know nothing of each other.

use std::ops::Range;

use super::Map;
use super::norm::Affine;
use super::pool::Band;
use crate::config::Pool;
use crate::neuron::{MOST_STATES, NeuronKernel, NeuronRow};
use crate::scalar::Float;
use crate::simd::vectorised;

/// Values of a band where pooling does not say how many rows it has.
const BAND: usize = 1024;

/// Runs the neurons of one band.
pub(super) struct Runner<'a, F> {
    pub map: &'a Map,
    pub neuron: &'a dyn NeuronKernel<F>,
    pub smooth: bool,
    pub steps: usize,
    /// Steps of y: 1 or T.
    pub planes: usize,
    /// Groups of steps that [`Affine`] tells apart.
    pub groups: usize,
    /// [`Affine`] repeated over a band, `[groups, band]`.
    pub rows: BandRows<F>,
}

/// The values of [`Affine`], repeated over the places of a band.
pub(super) struct BandRows<F> {
    pub len: usize,
    pub scale: Vec<F>,
    pub shift: Vec<F>,
    pub mean: Vec<F>,
    pub inverse_deviation: Vec<F>,
}

impl<F: Float> BandRows<F> {
    fn new(affine: &Affine<F>, len: usize, outputs: usize) -> Self {
        let repeat =
            |values: &[F]| values.chunks_exact(outputs).flat_map(|row| row.repeat(len / outputs)).collect::<Vec<F>>();
        BandRows {
            len,
            scale: repeat(&affine.scale),
            shift: repeat(&affine.shift),
            mean: repeat(&affine.mean),
            inverse_deviation: repeat(&affine.inverse_deviation),
        }
    }

    /// One group's part, for a band of `len` values.
    pub fn of<'a>(&self, values: &'a [F], group: usize, len: usize) -> &'a [F] {
        &values[group * self.len..][..len]
    }
}

/// What the steps of a band leave: of each step, or of the last ones only.
pub(super) struct Trajectory<F> {
    /// `[T, len]`; one step's, if only the last are kept or all are the same.
    pub current: Vec<F>,
    /// `[T+1, states, len]`, or two steps'.
    pub state: Vec<F>,
    /// `[T, len]`, or one step's.
    pub spikes: Vec<F>,
    pub potential: Vec<F>,
    kept: bool,
    steady: bool,
    len: usize,
    states: usize,
}

impl<F: Float> Trajectory<F> {
    /// For bands of up to `len` values; `kept`: of each step; `steady`: the current is the same at all steps.
    fn new(len: usize, steps: usize, states: usize, kept: bool, steady: bool) -> Self {
        let zeros = |n: usize| vec![F::of(0.0); n];
        let steps = if kept { steps } else { 1 };
        Trajectory {
            current: zeros(if steady { 1 } else { steps } * len),
            state: zeros((steps + 1) * states * len),
            spikes: zeros(steps * len),
            potential: zeros(len),
            kept,
            steady,
            len,
            states,
        }
    }

    fn current_slot(&self, t: usize) -> usize {
        if self.steady { 0 } else { self.slot(t) }
    }

    fn slot(&self, t: usize) -> usize {
        if self.kept { t } else { 0 }
    }

    fn state_slot(&self, t: usize) -> usize {
        if self.kept { t } else { t % 2 }
    }

    /// Currents of step `t`.
    pub fn current(&self, t: usize) -> &[F] {
        &self.current[self.current_slot(t) * self.len..][..self.len]
    }

    /// Spikes of step `t`.
    pub fn spikes(&self, t: usize) -> &[F] {
        &self.spikes[self.slot(t) * self.len..][..self.len]
    }

    /// State variable `k` before step `t`.
    pub fn state(&self, t: usize, k: usize) -> &[F] {
        &self.state[(self.state_slot(t) * self.states + k) * self.len..][..self.len]
    }

    /// Fits a band of `len` values, and puts its first state `[states, len]` in; empty: rest.
    fn begin(&mut self, len: usize, carried: &[F]) {
        self.len = len;
        let first = &mut self.state[..self.states * len];
        if carried.is_empty() { first.fill(F::of(0.0)) } else { first.copy_from_slice(carried) }
    }
}

impl<'a, F: Float> Runner<'a, F> {
    pub fn new(
        map: &'a Map,
        neuron: &'a dyn NeuronKernel<F>,
        smooth: bool,
        (steps, planes): (usize, usize),
        affine: &Affine<F>,
    ) -> Self {
        let rows = BandRows::new(affine, map.band_values(), map.geometry.outputs);
        Runner { map, neuron, smooth, steps, planes, groups: affine.groups, rows }
    }

    /// A trajectory for any of its bands.
    pub fn trajectory(&self, kept: bool) -> Trajectory<F> {
        Trajectory::new(self.map.band_values(), self.steps, self.neuron.states(), kept, self.steady())
    }

    /// Whether the current is the same at all steps.
    pub fn steady(&self) -> bool {
        self.planes == 1 && self.groups == 1
    }

    /// y of step `t` of one sample `[planes, N]`, the part of a band.
    pub fn product<'y>(&self, product: &'y [F], t: usize, band: &Range<usize>) -> &'y [F] {
        let start = if self.planes == 1 { 0 } else { t * self.map.neurons() };
        &product[start + band.start..start + band.end]
    }

    /// Runs the steps of one band of one sample; `each` sees what every step leaves. `carried`: the first state
    /// `[states, len]`, or nothing.
    pub fn run(
        &self,
        affine: &Affine<F>,
        product: &[F],
        band: &Range<usize>,
        carried: &[F],
        trajectory: &mut Trajectory<F>,
        mut each: impl FnMut(usize, &Trajectory<F>),
    ) {
        let (len, states) = (band.len(), self.neuron.states());
        trajectory.begin(len, carried);
        for t in 0..self.steps {
            let group = affine.group(t);
            let (scale, shift) =
                (self.rows.of(&self.rows.scale, group, len), self.rows.of(&self.rows.shift, group, len));
            let (slot, read, write) = (trajectory.slot(t), trajectory.state_slot(t), trajectory.state_slot(t + 1));
            let current_slot = trajectory.current_slot(t);
            let current = &mut trajectory.current[current_slot * len..][..len];
            if t == 0 || !trajectory.steady {
                scaled_and_shifted(current, scale, self.product(product, t, band), shift);
            }
            let size = states * len;
            let (from, to) = two_parts(&mut trajectory.state, read * size, write * size, size);
            let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
            before.iter_mut().zip(from.chunks_exact(len)).for_each(|(slot, part)| *slot = part);
            let mut after: [&mut [F]; MOST_STATES] = std::array::from_fn(|_| -> &mut [F] { &mut [] });
            after.iter_mut().zip(to.chunks_exact_mut(len)).for_each(|(slot, part)| *slot = part);
            let row = NeuronRow {
                current,
                before: &before[..states],
                after: &mut after[..states],
                membrane_potential: &mut trajectory.potential[..len],
                output: &mut trajectory.spikes[slot * len..][..len],
            };
            self.neuron.forward(self.smooth, row);
            each(t, trajectory);
        }
    }
}

/// out = scale ∘ x + shift.
fn scaled_and_shifted<F: Float>(out: &mut [F], scale: &[F], x: &[F], shift: &[F]) {
    vectorised(
        #[inline(always)]
        || {
            let n = out.len();
            let (scale, x, shift) = (&scale[..n], &x[..n], &shift[..n]);
            for i in 0..n {
                out[i] = scale[i] * x[i] + shift[i];
            }
        },
    )
}

/// Two parts of `size` values that do not overlap: one to read, one to write.
fn two_parts<F>(values: &mut [F], read: usize, write: usize, size: usize) -> (&[F], &mut [F]) {
    if read < write {
        let (low, high) = values.split_at_mut(write);
        (&low[read..read + size], &mut high[..size])
    } else {
        let (low, high) = values.split_at_mut(read);
        (&high[..size], &mut low[write..write + size])
    }
}

impl Map {
    /// Rows of a band.
    fn band_rows(&self) -> usize {
        let row = self.geometry.out_width() * self.geometry.outputs;
        self.pool.map_or((BAND / row).max(1), |pool| pool.side()).min(self.geometry.out_height())
    }

    /// A full band of a pooling layer.
    pub fn band_shape(&self) -> Band {
        let side = self.pool.map_or(1, Pool::side);
        Band { side, width: self.geometry.out_width(), channels: self.geometry.outputs }
    }

    /// Values of a full band.
    pub fn band_values(&self) -> usize {
        self.band_rows() * self.geometry.out_width() * self.geometry.outputs
    }

    /// Where the bands of a map lie; the last may be shorter.
    pub fn bands(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (len, neurons) = (self.band_values(), self.neurons());
        (0..neurons.div_ceil(len)).map(move |i| i * len..((i + 1) * len).min(neurons))
    }

    /// Where a band's pooled values lie in the pooled map; empty for one too short to be pooled.
    pub fn pooled_part(&self, band: &Range<usize>) -> Range<usize> {
        let Some(pool) = self.pool else { return band.clone() };
        let (width, channels) = (self.geometry.out_width(), self.geometry.outputs);
        let row = (width / pool.side()) * channels;
        let index = band.start / self.band_values();
        let whole = band.len() == pool.side() * width * channels;
        index * row..(index + usize::from(whole)) * row
    }
}
