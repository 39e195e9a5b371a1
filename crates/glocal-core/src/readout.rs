//! From the last layer's trajectory to one value per class, and back.

use crate::config::Readout;
use crate::scalar::Float;

/// A last layer's trajectory, `[T,B,C]` each.
#[derive(Clone, Copy, Debug)]
pub struct Trajectory<'a, F> {
    /// Time steps.
    pub steps: usize,
    /// Samples.
    pub batch: usize,
    /// Classes.
    pub classes: usize,
    /// v_t.
    pub potential: &'a [F],
    /// Spikes.
    pub output: &'a [F],
    /// Firing threshold.
    pub threshold: f64,
}

/// What a read-out saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading<F> {
    /// y, `[B,C]`.
    pub values: Vec<F>,
    /// The step it was read at; the last one unless the read-out stops early.
    pub step: usize,
}

/// Reads a trajectory.
///
/// # Equation
/// membrane: y = min(v_T/threshold, cap); rate: y = (1/T) Σ_t s_t; first spike: y = v_t/threshold at the first step t by
/// which `share` of the samples have had a potential above threshold (T if none).
pub fn read<F: Float>(readout: &Readout, from: &Trajectory<'_, F>) -> Reading<F> {
    let size = from.batch * from.classes;
    let threshold = F::of(from.threshold);
    let at = |t: usize| &from.potential[t * size..(t + 1) * size];
    let last = from.steps - 1;
    match *readout {
        Readout::Membrane { cap } => {
            let bound = |y: F| cap.map_or(y, |cap| y.at_most(F::of(cap)));
            Reading { values: at(last).iter().map(|&v| bound(v / threshold)).collect(), step: last }
        }
        Readout::Rate => {
            let mut values = vec![F::of(0.0); size];
            from.output.chunks_exact(size).for_each(|s| crate::rows::add_scaled(&mut values, F::of(1.0), s));
            crate::rows::scale(&mut values, F::of(1.0 / from.steps as f64));
            Reading { values, step: last }
        }
        Readout::FirstSpike { share } => {
            let step = first_spike(share, from);
            Reading { values: at(step).iter().map(|&v| v / threshold).collect(), step }
        }
    }
}

fn first_spike<F: Float>(share: f64, from: &Trajectory<'_, F>) -> usize {
    let mut fired = vec![false; from.batch];
    for t in 0..from.steps {
        for (b, fired) in fired.iter_mut().enumerate() {
            let row = &from.potential[(t * from.batch + b) * from.classes..][..from.classes];
            *fired |= row.iter().any(|v| v.to_f64() > from.threshold);
        }
        let count = fired.iter().filter(|&&f| f).count();
        if count > 0 && count as f64 >= share * from.batch as f64 {
            return t;
        }
    }
    from.steps - 1
}

/// Gradients of a trajectory, `[T,B,C]`; empty where the read-out does not look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrajectoryGradient<F> {
    /// Of v_t.
    pub potential: Vec<F>,
    /// Of the spikes.
    pub output: Vec<F>,
}

/// Adjoint of [`read`]: from dy `[B,C]`.
pub fn read_adjoint<F: Float>(
    readout: &Readout,
    from: &Trajectory<'_, F>,
    step: usize,
    dy: &[F],
    out: &mut TrajectoryGradient<F>,
) {
    let size = from.batch * from.classes;
    let threshold = F::of(from.threshold);
    out.potential.clear();
    out.output.clear();
    if let Readout::Rate = readout {
        let share = F::of(1.0 / from.steps as f64);
        (0..from.steps).for_each(|_| out.output.extend(dy.iter().map(|&d| d * share)));
        return;
    }
    out.potential.resize(from.steps * size, F::of(0.0));
    let at = step * size..(step + 1) * size;
    let cap = if let Readout::Membrane { cap } = readout { *cap } else { None };
    for ((out, &d), &v) in out.potential[at.clone()].iter_mut().zip(dy).zip(&from.potential[at]) {
        let passes = cap.map_or(F::of(1.0), |cap| (v / threshold - F::of(cap)).if_positive(F::of(0.0), F::of(1.0)));
        *out = d * passes / threshold;
    }
}
