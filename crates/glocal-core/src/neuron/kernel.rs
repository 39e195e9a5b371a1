//! A neuron model run over rows of an array, forward and backward, from its one equation.

use super::{Components, Neuron};
use crate::dual::Dual;
use crate::scalar::{Evaluate, Float};
use crate::simd::vectorised;
use crate::smooth::Smooth;

/// Slices of one row, forward, all of the same length.
#[derive(Debug)]
pub struct NeuronRow<'a, F> {
    /// Input current.
    pub current: &'a [F],
    /// State before the step, one slice for each variable.
    pub before: &'a [&'a [F]],
    /// Receives the state after the step.
    pub after: &'a mut [&'a mut [F]],
    /// Receives v_t.
    pub membrane_potential: &'a mut [F],
    /// Receives the output.
    pub output: &'a mut [F],
}

/// Slices of one row, backward: gradients of what the step produced go in, of what it consumed come out.
#[derive(Debug)]
pub struct NeuronAdjointRow<'a, F> {
    /// Input current of the forward step.
    pub current: &'a [F],
    /// State before the forward step, one slice for each variable.
    pub state: &'a [&'a [F]],
    /// Gradient of the state after the step; of the state before it on return.
    pub state_gradient: &'a mut [F],
    /// Gradient of v_t.
    pub membrane_potential_gradient: &'a [F],
    /// Gradient of the output.
    pub output_gradient: &'a [F],
    /// Receives the gradient of the current.
    pub current_gradient: &'a mut [F],
}

/// What the engine asks of a neuron model; every [`Neuron`] is one.
pub trait NeuronKernel<F>: std::fmt::Debug + Send + Sync {
    /// Number of state variables.
    fn states(&self) -> usize;
    /// As [`Neuron::threshold`].
    fn threshold(&self) -> f64;
    /// As [`Neuron::spiking`].
    fn spiking(&self) -> bool;
    /// One step of a row; `smooth` puts the surrogate's smooth step in place of the spike.
    fn forward(&self, smooth: bool, row: NeuronRow<'_, F>);
    /// The adjoint of one step of a row.
    fn backward(&self, smooth: bool, row: NeuronAdjointRow<'_, F>);
    /// A copy behind a new box.
    fn boxed(&self) -> Box<dyn NeuronKernel<F>>;
}

/// Most state variables that a neuron may have.
pub const MOST_STATES: usize = 8;

impl<F: Float, N: Neuron> NeuronKernel<F> for N {
    fn states(&self) -> usize {
        const { assert!(N::State::<f64>::LEN <= MOST_STATES, "a neuron may have at most 8 state variables") };
        N::State::<F>::LEN
    }

    fn threshold(&self) -> f64 {
        Neuron::threshold(self)
    }

    fn spiking(&self) -> bool {
        Neuron::spiking(self)
    }

    fn forward(&self, smooth: bool, row: NeuronRow<'_, F>) {
        if smooth {
            forward::<F, Smooth<F>, N>(self, row);
        } else {
            vectorised(
                #[inline(always)]
                || forward::<F, F, N>(self, row),
            );
        }
    }

    fn backward(&self, smooth: bool, row: NeuronAdjointRow<'_, F>) {
        let NeuronAdjointRow {
            current, state, state_gradient, membrane_potential_gradient: v, output_gradient, ..
        } = row;
        if smooth {
            backward::<F, Smooth<F>, N>(self, current, state, state_gradient, v, output_gradient, row.current_gradient);
        } else {
            vectorised(
                #[inline(always)]
                || backward::<F, F, N>(self, current, state, state_gradient, v, output_gradient, row.current_gradient),
            );
        }
    }

    fn boxed(&self) -> Box<dyn NeuronKernel<F>> {
        Box::new(*self)
    }
}

#[inline(always)]
fn forward<F: Float, S: Evaluate<F>, N: Neuron>(neuron: &N, row: NeuronRow<'_, F>) {
    let (current, n, states) = (row.current, row.current.len(), N::State::<S>::LEN);
    let (membrane_potential, output) = (&mut row.membrane_potential[..n], &mut row.output[..n]);
    let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
    let mut after: [&mut [F]; MOST_STATES] = std::array::from_fn(|_| -> &mut [F] { &mut [] });
    for (k, slice) in row.after.iter_mut().enumerate().take(states) {
        before[k] = &row.before[k][..n];
        after[k] = &mut slice[..n];
    }
    for i in 0..n {
        let state = N::State::<S>::from_fn(
            #[inline(always)]
            |k| S::wrap(before[k][i]),
        );
        let (next, out) = neuron.step(state, S::wrap(current[i]));
        for (k, after) in after.iter_mut().enumerate().take(states) {
            after[i] = next.get(k).value();
        }
        membrane_potential[i] = out.membrane_potential.value();
        output[i] = out.output.value();
    }
}

/// One forward-mode pass for each input direction (the states and the current); the compiler merges what they share.
#[inline(always)]
fn backward<F: Float, S: Evaluate<F>, N: Neuron>(
    neuron: &N,
    current: &[F],
    state: &[&[F]],
    state_gradient: &mut [F],
    membrane_potential_gradient: &[F],
    output_gradient: &[F],
    current_gradient: &mut [F],
) {
    let (n, states) = (current.len(), N::State::<S>::LEN);
    let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
    for k in 0..states {
        before[k] = &state[k][..n];
    }
    let state_gradient = &mut state_gradient[..states * n];
    let (v, s) = (&membrane_potential_gradient[..n], &output_gradient[..n]);
    let current_gradient = &mut current_gradient[..n];
    for i in 0..n {
        let at = Point { neuron, current, before: &before, v, s, state_gradient, i, n };
        let of_current = at.slope_along::<S>(states);
        let of_state = N::State::<S>::from_fn(
            #[inline(always)]
            |k| at.slope_along::<S>(k),
        );
        current_gradient[i] = of_current.value();
        for k in 0..states {
            state_gradient[k * n + i] = of_state.get(k).value();
        }
    }
}

/// One neuron of a row at one step, and the gradients of what it produced.
struct Point<'a, F, N> {
    neuron: &'a N,
    current: &'a [F],
    before: &'a [&'a [F]; MOST_STATES],
    v: &'a [F],
    s: &'a [F],
    state_gradient: &'a [F],
    i: usize,
    n: usize,
}

impl<F: Float, N: Neuron> Point<'_, F, N> {
    /// Derivative along state variable `direction`, or along the current if there is no such variable.
    #[inline(always)]
    fn slope_along<S: Evaluate<F>>(&self, direction: usize) -> S {
        let (i, states) = (self.i, N::State::<S>::LEN);
        let state = <N::State<Dual<S>> as Components<Dual<S>>>::from_fn(
            #[inline(always)]
            |k| Dual::seeded(S::wrap(self.before[k][i]), k == direction),
        );
        let current = Dual::seeded(S::wrap(self.current[i]), direction == states);
        let (after, out) = self.neuron.step(state, current);
        let mut sum = out.membrane_potential.slope * S::wrap(self.v[i]) + out.output.slope * S::wrap(self.s[i]);
        for k in 0..states {
            sum = sum + after.get(k).slope * S::wrap(self.state_gradient[k * self.n + i]);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::{AdaptiveLif, Lif, Reset};
    use crate::surrogate::Rectangle;

    /// Steps of a scalar neuron.
    fn trace<N: Neuron>(neuron: &N, currents: &[f64]) -> Vec<crate::neuron::NeuronOutput<f64>> {
        let mut state = N::State::<f64>::from_fn(|_| 0.0);
        currents
            .iter()
            .map(|&current| {
                let (next, out) = neuron.step(state, current);
                state = next;
                out
            })
            .collect()
    }

    /// Rows of every length give what single steps give, and the adjoint of LIF is the one derived by hand:
    /// dI = dv + f'·ds + du·(1 - threshold f'), du_before = decay·dI.
    #[test]
    fn rows_of_odd_lengths() {
        let lif = Lif { threshold: 0.35, decay: 0.4, reset: Reset::Subtract, surrogate: Rectangle { half_width: 0.5 } };
        for n in [1, 2, 7, 15, 16, 17, 31, 33, 64, 129] {
            let value = |i: usize, salt: usize| ((i * 37 + salt * 11) % 29) as f32 / 14.5 - 1.0;
            let row = |salt: usize| (0..n).map(|i| value(i, salt)).collect::<Vec<f32>>();
            let (current, before) = (row(1), row(2));
            let (mut state, mut v, mut s) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            let kernel: &dyn NeuronKernel<f32> = &lif;
            kernel.forward(
                false,
                NeuronRow {
                    current: &current,
                    before: &[&before],
                    after: &mut [&mut state],
                    membrane_potential: &mut v,
                    output: &mut s,
                },
            );
            let (dv, ds, du) = (row(3), row(4), row(5));
            let (mut state_gradient, mut current_gradient) = (du.clone(), vec![0.0; n]);
            kernel.backward(
                false,
                NeuronAdjointRow {
                    current: &current,
                    state: &[&before],
                    state_gradient: &mut state_gradient,
                    membrane_potential_gradient: &dv,
                    output_gradient: &ds,
                    current_gradient: &mut current_gradient,
                },
            );
            for i in 0..n {
                let ([after], out) = lif.step([before[i]], current[i]);
                assert_eq!((state[i], v[i], s[i]), (after, out.membrane_potential, out.output));
                let slope = if (v[i] - 0.35).abs() < 0.5 { 1.0 } else { 0.0 };
                let by_hand = dv[i] + slope * ds[i] + du[i] * (1.0 - 0.35 * slope);
                assert!((current_gradient[i] - by_hand).abs() < 1e-6);
                assert!((state_gradient[i] - 0.4 * by_hand).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn two_state_variables_in_rows() {
        let neuron = AdaptiveLif {
            threshold: 0.3,
            decay: 0.9,
            adaptation_decay: 0.8,
            adaptation_strength: 0.2,
            reset: Reset::Subtract,
            surrogate: Rectangle { half_width: 0.5 },
        };
        let n = 19;
        let current: Vec<f64> = (0..n).map(|i| i as f64 / 20.0).collect();
        let (mut state, mut v, mut s) = ([vec![0.0; n], vec![0.0; n]], vec![0.0; n], vec![0.0; n]);
        for _ in 0..5 {
            let [a, b] = state.clone();
            let [next_a, next_b] = &mut state;
            NeuronKernel::forward(
                &neuron,
                false,
                NeuronRow {
                    current: &current,
                    before: &[&a, &b],
                    after: &mut [next_a, next_b],
                    membrane_potential: &mut v,
                    output: &mut s,
                },
            );
        }
        for i in 0..n {
            let last = trace(&neuron, &[current[i]; 5])[4];
            assert_eq!((v[i], s[i]), (last.membrane_potential, last.output));
        }
    }
}
