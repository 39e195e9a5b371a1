//! The dense operand of products over synapses, turned about: one synapse meets a row of samples.

use rayon::prelude::*;

use super::pages::Pages;
use super::sparse::{Spikes, transpose, transpose_spikes, width};
use crate::rows;
use crate::scalar::Float;
use crate::simd::lanes::LANES;
use crate::simd::{InstructionSet, instruction_set};
use crate::view::{MatMut, MatRef};

/// Planes of a matrix whose rows have become columns, in strips of equal width, as few as registers allow; zeros fill the last
/// one up. Numbers, or spikes: a bit each.
#[derive(Debug)]
pub struct Turned<F> {
    pub(super) planes: usize,
    /// Rows of a plane.
    pub(super) rows: usize,
    cols: usize,
    pub(super) strips: usize,
    /// Registers that a strip is wide.
    pub(super) registers: usize,
    /// Whether it is spikes that were loaded last.
    pub(super) holds_spikes: bool,
    /// `[planes, strips, cols, width]`; empty until there are any.
    values: Pages<F>,
    /// `[planes, strips, cols, registers]`, likewise.
    spikes: Pages<Spikes>,
}

/// One strip of one plane: `[cols, registers]`.
pub(super) enum Strip<'a, F> {
    Values(&'a [[F; LANES]]),
    Spikes(&'a [Spikes]),
}

impl<F> Default for Turned<F> {
    fn default() -> Self {
        Turned {
            planes: 0,
            rows: 0,
            cols: 0,
            strips: 0,
            registers: 0,
            holds_spikes: false,
            values: Pages::default(),
            spikes: Pages::default(),
        }
    }
}

impl<F: Float> Turned<F> {
    fn fit(&mut self, planes: usize, rows: usize, cols: usize, holds_spikes: bool) {
        if (self.planes, self.rows, self.cols) != (planes, rows, cols) {
            let strips = rows.div_ceil(width());
            let registers = rows.div_ceil(LANES * strips.max(1));
            *self = Turned { planes, rows, cols, strips, registers, ..Turned::default() };
        }
        self.holds_spikes = holds_spikes;
        let sixteens = planes * self.strips * cols * self.registers;
        // Filled up with zeros that nothing overwrites.
        if holds_spikes && self.spikes.len() != sixteens {
            self.spikes = Pages::zeros(sixteens);
        }
        if !holds_spikes && self.values.len() != sixteens * LANES {
            self.values = Pages::zeros(sixteens * LANES);
        }
    }

    /// Rows of a strip.
    pub(super) fn width(&self) -> usize {
        self.registers * LANES
    }

    /// Takes `planes` planes of `x`, in parallel.
    pub fn load(&mut self, x: &[F], planes: usize, cols: usize) {
        let rows = x.len() / planes / cols;
        self.fit(planes, rows, cols, false);
        let (strips, width) = (self.strips, self.width());
        self.values.par_chunks_exact_mut(cols * width).enumerate().for_each(|(index, out)| {
            let x = MatRef::new(&x[index / strips * rows * cols..], rows, cols);
            transpose(rows_of(x, index % strips, width), MatMut::new(out, cols, width));
        });
    }

    /// As [`Turned::load`], as spikes if there is no number but 0 and 1 and the machine adds by bits. Products are the same,
    /// and take less time.
    pub fn load_input(&mut self, x: &[F], planes: usize, cols: usize) {
        // Other numbers are seen in the first row already, as a rule.
        let first = &x[..cols.min(x.len())];
        let may =
            instruction_set() == InstructionSet::Avx512 && first.iter().all(|&x| x == F::of(0.0) || x == F::of(1.0));
        if !may || !self.load_spikes(x, planes, cols) {
            self.load(x, planes, cols);
        }
    }

    /// Takes `planes` planes of `x` as spikes, in parallel; `false` if there is another number.
    pub(super) fn load_spikes(&mut self, x: &[F], planes: usize, cols: usize) -> bool {
        let rows = x.len() / planes / cols;
        self.fit(planes, rows, cols, true);
        let (strips, width, registers) = (self.strips, self.width(), self.registers);
        let pieces = self.spikes.par_chunks_exact_mut(cols * registers).enumerate();
        let are = pieces.map(|(index, out)| {
            let x = MatRef::new(&x[index / strips * rows * cols..], rows, cols);
            transpose_spikes(rows_of(x, index % strips, width), out, registers)
        });
        are.reduce(|| true, |a, b| a && b)
    }

    /// Takes products of planes of `x`, in parallel: nothing has to be turned.
    pub(crate) fn load_products(&mut self, x: &Turned<F>, pairs: &[(usize, usize)]) {
        self.fit(pairs.len(), x.rows, x.cols, x.holds_spikes);
        let (strips, width) = (self.strips, self.width());
        let of = |index: usize| (pairs[index / strips], index % strips);
        if x.holds_spikes {
            self.spikes.par_chunks_exact_mut(x.cols * x.registers).enumerate().for_each(|(index, out)| {
                let ((a, b), strip) = of(index);
                let both = x.spikes(a, strip).iter().zip(x.spikes(b, strip));
                out.iter_mut().zip(both).for_each(|(out, (a, b))| *out = a.and(*b));
            });
        } else {
            self.values.par_chunks_exact_mut(x.cols * width).enumerate().for_each(|(index, out)| {
                let ((a, b), strip) = of(index);
                rows::product(out, x.values(a, strip), x.values(b, strip));
            });
        }
    }

    /// Takes one plane.
    pub(crate) fn load_part(&mut self, x: MatRef<'_, F>) {
        self.fit(1, x.rows(), x.cols(), false);
        let width = self.width();
        for (strip, out) in self.values.chunks_exact_mut(x.cols() * width).enumerate() {
            transpose(rows_of(x, strip, width), MatMut::new(out, x.cols(), width));
        }
    }

    pub(super) fn strip(&self, plane: usize, strip: usize) -> Strip<'_, F> {
        match self.holds_spikes {
            true => Strip::Spikes(self.spikes(plane, strip)),
            false => Strip::Values(self.values(plane, strip).as_chunks::<LANES>().0),
        }
    }

    /// `[cols, width]`.
    pub(super) fn values(&self, plane: usize, strip: usize) -> &[F] {
        debug_assert!(!self.holds_spikes);
        let size = self.cols * self.width();
        &self.values[(plane * self.strips + strip) * size..][..size]
    }

    /// `[cols, registers]`.
    fn spikes(&self, plane: usize, strip: usize) -> &[Spikes] {
        let size = self.cols * self.registers;
        &self.spikes[(plane * self.strips + strip) * size..][..size]
    }
}

/// The rows of one strip of a plane, at most `width`.
fn rows_of<F: Copy>(x: MatRef<'_, F>, strip: usize, width: usize) -> MatRef<'_, F> {
    x.part(strip * width..x.rows().min((strip + 1) * width), 0..x.cols())
}
