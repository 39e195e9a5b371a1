//! What a layer's synapses see of its inputs: the decayed input, and the presynaptic factors of a plasticity rule.

use std::ops::Range;

use crate::network::Input;
use crate::plasticity::PreFactor;
use crate::rows;
use crate::scalar::Float;
use crate::view::MatRef;

/// Inputs of one layer over a whole scan.
///
/// # Equation
/// in_t = k_t x_t; factors b_{r,t} = κ_{r,t} φ_{r,t}: κ = k_t, φ = x_t for the activity; a trace of a constant input is
/// κ_t x with κ_t = decay κ_{t-1} + k_t, of a series it is an array of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presynaptic<'a, F> {
    pub batch: usize,
    pub width: usize,
    pub input: Input<'a, F>,
    /// k_t.
    pub phase: &'a [F],
    pub terms: &'a [Term<F>],
}

/// One presynaptic factor over a scan.
#[derive(Clone, Debug)]
pub(super) enum Term<F> {
    Activity,
    /// κ_t of a constant input's trace.
    ConstantTrace(Vec<F>),
    /// φ of a series' trace, `[T,B,I]`, and its decay.
    SeriesTrace(Vec<F>, F),
}

impl<'a, F: Float> Presynaptic<'a, F> {
    pub fn constant(&self) -> bool {
        matches!(self.input, Input::Constant(_))
    }

    /// x_t, `[B,I]`.
    pub fn activity(&self, t: usize) -> &'a [F] {
        match self.input {
            Input::Constant(x) => x,
            Input::Series(x) => plane(x, t, self.batch * self.width),
        }
    }

    /// κ_{r,t}.
    pub fn factor_scale(&self, r: usize, t: usize) -> F {
        match &self.terms[r] {
            Term::Activity => self.phase[t],
            Term::ConstantTrace(scales) => scales[t],
            Term::SeriesTrace(..) => F::of(1.0),
        }
    }

    /// φ_{r,t}, `[B,I]`.
    pub fn factor(&self, r: usize, t: usize) -> &'a [F] {
        match &self.terms[r] {
            Term::SeriesTrace(trace, _) => plane(trace, t, self.batch * self.width),
            _ => self.activity(t),
        }
    }

    /// φ_r of some samples over all steps of a series, stacked.
    pub fn stacked_factor(&self, r: usize, samples: &Range<usize>) -> MatRef<'a, F> {
        let series = match (&self.terms[r], self.input) {
            (Term::SeriesTrace(trace, _), _) => trace,
            (_, Input::Series(x)) | (_, Input::Constant(x)) => x,
        };
        MatRef::stacked(series, self.batch, self.width, samples)
    }

    /// Samples of a `[B,I]` plane.
    pub fn samples(&self, plane: &'a [F], samples: &Range<usize>) -> MatRef<'a, F> {
        MatRef::new(plane, self.batch, self.width).part(samples.clone(), 0..self.width)
    }
}

pub(super) fn plane<F>(data: &[F], t: usize, size: usize) -> &[F] {
    &data[t * size..(t + 1) * size]
}

/// The factors of `pre` over the scan of `input`; `carried` holds the traces that an earlier part of the scan left.
pub(super) fn terms<F: Float>(
    pre: &[PreFactor],
    input: Input<'_, F>,
    phase: &[F],
    carried: Option<&[Vec<F>]>,
    plane_size: usize,
) -> Vec<Term<F>> {
    let carried = |r: usize| carried.and_then(|traces| traces.get(r)).filter(|trace| trace.len() == plane_size);
    let term = |(r, factor): (usize, &PreFactor)| match (*factor, input) {
        (PreFactor::Activity, _) => Term::Activity,
        (PreFactor::Trace { decay }, Input::Constant(_)) if carried(r).is_none() => {
            let mut scale = F::of(0.0);
            let mut next = |&k: &F| {
                scale = F::of(decay) * scale + k;
                scale
            };
            Term::ConstantTrace(phase.iter().map(&mut next).collect())
        }
        (PreFactor::Trace { decay }, _) => {
            Term::SeriesTrace(filter(input, F::of(decay), phase, carried(r), plane_size), F::of(decay))
        }
    };
    pre.iter().enumerate().map(term).collect()
}

/// x̄_t = decay x̄_{t-1} + k_t x_t, `[T,B,I]`.
fn filter<F: Float>(input: Input<'_, F>, decay: F, phase: &[F], before: Option<&Vec<F>>, size: usize) -> Vec<F> {
    let mut trace = Vec::with_capacity(phase.len() * size);
    let mut last = before.cloned().unwrap_or_else(|| vec![F::of(0.0); size]);
    for (t, &k) in phase.iter().enumerate() {
        let x = match input {
            Input::Constant(x) => x,
            Input::Series(x) => plane(x, t, size),
        };
        rows::blend(&mut last, decay, k, x);
        trace.extend_from_slice(&last);
    }
    trace
}

/// Adjoint of the trace filter: takes the gradient of the trace (destroyed) into the gradient of the input.
pub(super) fn filter_adjoint<F: Float>(
    gradient: &mut [F],
    decay: F,
    phase: &[F],
    input_gradient: &mut [F],
    size: usize,
) {
    for t in (0..phase.len()).rev() {
        if t + 1 < phase.len() {
            let (now, later) = gradient.split_at_mut((t + 1) * size);
            rows::add_scaled(&mut now[t * size..], decay, &later[..size]);
        }
        rows::add_scaled(&mut input_gradient[t * size..(t + 1) * size], phase[t], plane(gradient, t, size));
    }
}
