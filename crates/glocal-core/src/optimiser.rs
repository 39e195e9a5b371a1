//! Optimisers: Adam, and gradient descent with momentum.

use rayon::prelude::*;

use crate::config::{OptimiserConfig, OptimiserMethod, Schedule};
use crate::scalar::Float;
use crate::simd::vectorised;

/// Values that one task updates: fixed, and elementwise anyway.
const CHUNK: usize = 1 << 15;

impl OptimiserConfig {
    /// The learning rate in `epoch` (from 0).
    ///
    /// # Equation
    /// step: rate · factor^⌊epoch/every⌋; cosine: rate · (floor + (1 - floor)(1 + cos(π epoch/epochs))/2).
    pub fn learning_rate_at(&self, epoch: u64) -> f64 {
        let factor = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => libm::pow(factor, (epoch / every.max(1)) as f64),
            Schedule::Cosine { epochs, floor } => {
                let share = (epoch as f64 / epochs.max(1) as f64).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * share))
            }
        };
        self.learning_rate * factor
    }
}

/// What an optimiser remembers of one array: the first and second moment, or the velocity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments<F> {
    /// m of Adam, or the velocity of momentum.
    pub first: Vec<F>,
    /// v of Adam.
    pub second: Vec<F>,
}

/// One update of one array. `update` counts from 1; `scale` multiplies the gradient (clipping).
///
/// # Equation
/// Adam: m = β₁ m + (1-β₁) g, v = β₂ v + (1-β₂) g², θ -= rate · (m/(1-β₁ⁿ))/(√(v/(1-β₂ⁿ)) + ε).
/// Momentum: u = μ u + g, θ -= rate · u.
///
/// # References
/// Kingma & Ba, ICLR 2015, arXiv 1412.6980.
pub fn update<F: Float>(
    method: &OptimiserMethod,
    rate: f64,
    update: u64,
    scale: f64,
    values: &mut [F],
    gradient: &[F],
    moments: &mut Moments<F>,
) {
    match *method {
        OptimiserMethod::Adam { beta1, beta2, epsilon } => {
            moments.first.resize(values.len(), F::of(0.0));
            moments.second.resize(values.len(), F::of(0.0));
            let step = Adam {
                keep: [F::of(beta1), F::of(beta2)],
                take: [F::of(1.0 - beta1), F::of(1.0 - beta2)],
                unbias: [beta1, beta2].map(|b| F::of(1.0 / (1.0 - libm::pow(b, update as f64)))),
                epsilon: F::of(epsilon),
                rate: F::of(rate),
                scale: F::of(scale),
            };
            let moments = moments.first.par_chunks_mut(CHUNK).zip(moments.second.par_chunks_mut(CHUNK));
            let data = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
            data.zip(moments).for_each(|((p, g), (m, v))| step.apply(p, g, m, v));
        }
        OptimiserMethod::Sgd { momentum } => {
            moments.first.resize(values.len(), F::of(0.0));
            let (momentum, rate, scale) = (F::of(momentum), F::of(rate), F::of(scale));
            let data = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
            data.zip(moments.first.par_chunks_mut(CHUNK)).for_each(|((p, g), u)| {
                vectorised(
                    #[inline(always)]
                    || {
                        for i in 0..p.len() {
                            u[i] = (momentum * u[i] + scale * g[i]).flushed();
                            p[i] = p[i] - rate * u[i];
                        }
                    },
                )
            });
        }
    }
}

struct Adam<F> {
    keep: [F; 2],
    take: [F; 2],
    unbias: [F; 2],
    epsilon: F,
    rate: F,
    scale: F,
}

impl<F: Float> Adam<F> {
    fn apply(&self, p: &mut [F], g: &[F], m: &mut [F], v: &mut [F]) {
        vectorised(
            #[inline(always)]
            || {
                let n = p.len();
                let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
                for i in 0..n {
                    let gradient = self.scale * g[i];
                    // Without gradients, as of a pixel that is dark in most images, moments decay. The second one is kept, however
                    // small, while a step is divided by it.
                    m[i] = (self.keep[0] * m[i] + self.take[0] * gradient).flushed();
                    let square = self.keep[1] * v[i] + self.take[1] * gradient * gradient;
                    v[i] = if m[i] == F::of(0.0) { square.flushed() } else { square };
                    let (mean, square) = (m[i] * self.unbias[0], v[i] * self.unbias[1]);
                    p[i] = p[i] - self.rate * mean / (square.sqrt() + self.epsilon);
                }
            },
        );
    }
}

/// Σ g², in double precision over fixed chunks.
pub fn squared_norm<F: Float>(gradient: &[F]) -> f64 {
    let parts: Vec<f64> = gradient.par_chunks(CHUNK).map(|part| crate::rows::dot(part, part).to_f64()).collect();
    parts.iter().sum()
}

/// Whether all of many values are finite.
pub(crate) fn all_finite<F: Float>(values: &[F]) -> bool {
    values.par_chunks(CHUNK).all(|part| crate::rows::sum(part).finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without gradients moments end at 0 and are never subnormal on the way.
    #[test]
    fn moments_without_gradients_end_at_zero() {
        for (method, steps) in [(OptimiserMethod::default(), 70_000), (OptimiserMethod::Sgd { momentum: 0.9 }, 1000)] {
            let (mut p, mut moments) = (vec![1.0f32], Moments::default());
            for n in 1..=steps {
                let gradient = if n == 1 { 0.5 } else { 0.0 };
                update(&method, 1e-3, n, 1.0, &mut p, &[gradient], &mut moments);
                let mut values = moments.first.iter().chain(&moments.second);
                assert!(values.all(|v| *v == 0.0 || v.is_normal()), "{method:?} {n}");
            }
            assert!(moments.first.iter().chain(&moments.second).all(|&v| v == 0.0), "{method:?}");
            assert!(p[0] < 1.0 && p[0].is_normal());
        }
    }

    /// First Adam step moves by rate · sign(g) (up to ε); momentum sums a geometric series.
    #[test]
    fn first_steps_by_hand() {
        let mut p = vec![1.0f64, -2.0];
        let adam = OptimiserMethod::default();
        update(&adam, 0.1, 1, 1.0, &mut p, &[0.3, -5.0], &mut Moments::default());
        assert!((p[0] - 0.9).abs() < 1e-7 && (p[1] + 1.9).abs() < 1e-7);

        let (mut p, mut moments) = (vec![0.0f64], Moments::default());
        for n in 1..=3 {
            update(&OptimiserMethod::Sgd { momentum: 0.5 }, 1.0, n, 2.0, &mut p, &[1.0], &mut moments);
        }
        // velocities 2, 3, 3.5
        assert_eq!(p[0], -8.5);
    }

    #[test]
    fn schedules_by_hand() {
        let with = |schedule| OptimiserConfig {
            method: OptimiserMethod::default(),
            learning_rate: 2.0,
            schedule,
            clip_norm: None,
            update_interval: 1,
        };
        let step = with(Schedule::Step { every: 40, factor: 0.1 });
        assert_eq!(step.learning_rate_at(39), 2.0);
        assert!((step.learning_rate_at(80) - 0.02).abs() < 1e-15);
        let cosine = with(Schedule::Cosine { epochs: 10, floor: 0.1 });
        assert!((cosine.learning_rate_at(5) - 1.1).abs() < 1e-12);
        assert!((cosine.learning_rate_at(10) - 0.2).abs() < 1e-12);
    }
}
