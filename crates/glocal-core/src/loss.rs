//! Losses over a read-out.

use crate::config::Loss;
use crate::scalar::Float;

/// How sure of its answer a read-out y `[C]` is: the largest of the classes' probabilities, and minus the energy.
///
/// # Equation
/// max_c softmax(y)_c, and log Σ_c exp y_c.
///
/// # References
/// W. Liu et al., "Energy-based out-of-distribution detection" (2020), arXiv:2010.03759.
pub fn certainty<F: Float>(y: &[F]) -> [f64; 2] {
    let (top, shares) = exponentials(y);
    let sum: f64 = shares.sum();
    [1.0 / sum, top + libm::log(sum)]
}

/// The largest of y, and exp(y - largest) of each: softmax but for its sum, without overflow.
fn exponentials<F: Float>(y: &[F]) -> (f64, impl Iterator<Item = f64>) {
    let top = y.iter().map(|v| v.to_f64()).fold(f64::NEG_INFINITY, f64::max);
    (top, y.iter().map(move |v| libm::exp(v.to_f64() - top)))
}

/// A class drawn with the probability that a read-out y `[C]` gives it; `uniform` is a number in 0..1.
///
/// # Equation
/// The first c with Σ_{k≤c} softmax(y)_k > uniform.
pub fn draw<F: Float>(y: &[F], uniform: f64) -> u32 {
    let shares: Vec<f64> = exponentials(y).1.collect();
    let mut left = uniform * shares.iter().sum::<f64>();
    let reaches = |share: &f64| {
        left -= share;
        left < 0.0
    };
    // Rounding may leave a little after the last one.
    shares.iter().position(reaches).unwrap_or(y.len().saturating_sub(1)) as u32
}

/// Loss of y `[B,C]` against labels, mean over the batch; its gradient goes to `gradient`.
///
/// # Equation
/// MSE: mean over (B,C) of (y - onehot)²; cross-entropy: mean over B of log Σ_c exp y_c - y_label; BCE: mean over (B,C) of
/// log(1 + exp y) - onehot · y.
///
/// Sums are in double precision.
pub fn loss<F: Float>(loss: Loss, y: &[F], labels: &[u32], classes: usize, gradient: &mut Vec<F>) -> f64 {
    let batch = labels.len();
    gradient.clear();
    let mut total = 0.0;
    for (row, &label) in y.chunks_exact(classes).zip(labels) {
        let target = |c: usize| if c == label as usize { 1.0 } else { 0.0 };
        let values = row.iter().map(|v| v.to_f64()).enumerate();
        match loss {
            Loss::MeanSquaredError => {
                let n = (batch * classes) as f64;
                for (c, y) in values {
                    let error = y - target(c);
                    total += error * error / n;
                    gradient.push(F::of(2.0 * error / n));
                }
            }
            Loss::CrossEntropy => {
                let (top, shares) = exponentials(row);
                let sum: f64 = shares.sum();
                for (c, y) in values {
                    let share = libm::exp(y - top) / sum;
                    gradient.push(F::of((share - target(c)) / batch as f64));
                }
                total += (libm::log(sum) + top - row[label as usize].to_f64()) / batch as f64;
            }
            Loss::BinaryCrossEntropy => {
                let n = (batch * classes) as f64;
                for (c, y) in values {
                    // log(1 + e^y) without overflow.
                    let softplus = y.max(0.0) + libm::log1p(libm::exp(-y.abs()));
                    let sigmoid = 1.0 / (1.0 + libm::exp(-y));
                    total += (softplus - target(c) * y) / n;
                    gradient.push(F::of((sigmoid - target(c)) / n));
                }
            }
        }
    }
    total
}

/// The class with the largest value; the first of equals.
pub fn prediction<F: Float>(row: &[F]) -> u32 {
    let mut best = 0;
    for (c, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = c;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classes are drawn as often as their probabilities say, at both ends, and where one is certain.
    #[test]
    fn classes_are_drawn_by_their_probabilities() {
        let y = [-100.0f64, -101.5, 700.0, 702.0, 699.0];
        let shares = [0.0, 0.0, libm::exp(-2.0), 1.0, libm::exp(-3.0)];
        let sum: f64 = shares.iter().sum();
        let mut counts = [0.0; 5];
        for i in 0..10_000 {
            counts[draw(&y, (f64::from(i) + 0.5) / 10_000.0) as usize] += 1.0;
        }
        assert!(
            counts.iter().zip(shares).all(|(count, share)| (count - 10_000.0 * share / sum).abs() < 1.5),
            "{counts:?}"
        );
        assert_eq!((draw(&y, 0.0), draw(&y, 1.0), draw(&[3.0f32], 0.7)), (2, 4, 0));
    }

    /// Gradients against central differences, for each loss.
    #[test]
    fn gradients_by_finite_differences() {
        let y = [0.3, -1.2, 2.0, 0.0, 0.5, -0.5];
        let labels = [2, 0];
        for kind in [Loss::MeanSquaredError, Loss::CrossEntropy, Loss::BinaryCrossEntropy] {
            let (mut gradient, mut unused) = (Vec::new(), Vec::new());
            loss(kind, &y, &labels, 3, &mut gradient);
            for i in 0..y.len() {
                let mut at = |h: f64| {
                    let mut moved = y;
                    moved[i] += h;
                    loss(kind, &moved, &labels, 3, &mut unused)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((difference - gradient[i]).abs() < 1e-9, "{kind:?} {i}");
            }
        }
    }

    /// Of (ln 1, ln 2, ln 5): probabilities 1/8, 1/4, 5/8, and log of 8; a large shift overflows nothing.
    #[test]
    fn certainty_by_hand() {
        for shift in [0.0, 800.0, -800.0] {
            let y = [1.0, 2.0, 5.0].map(|value| libm::log(value) + shift);
            let [confidence, energy] = certainty(&y);
            assert!((confidence - 0.625).abs() < 1e-12 && (energy - libm::log(8.0) - shift).abs() < 1e-12);
        }
    }

    #[test]
    fn large_values_stay_finite() {
        let mut gradient = Vec::new();
        for kind in [Loss::CrossEntropy, Loss::BinaryCrossEntropy] {
            let value = loss(kind, &[1e4f64, -1e4], &[1], 2, &mut gradient);
            assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
        }
    }
}
