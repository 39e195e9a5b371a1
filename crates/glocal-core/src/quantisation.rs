//! Weights of a few bits while a network trains: rounded in every pass, moved as the fine ones behind them.

use crate::scalar::Float;

/// What one unit of a layer's weights of `bits` bits stands for.
///
/// # Equation
/// s = 2 ⟨|w|⟩ / √Q, Q = 2^(bits - 1) - 1; 1 if all weights are zero.
///
/// # References
/// Esser et al., "Learned step size quantization" (ICLR 2020), arXiv 1902.08153: where s begins.
pub fn weight_unit<F: Float>(weights: &[F], bits: u32) -> f64 {
    let sum: f64 = weights.iter().map(|w| w.to_f64().abs()).sum();
    let unit = 2.0 * sum / (weights.len().max(1) as f64 * f64::from(largest(bits)).sqrt());
    if unit > 0.0 && unit.is_finite() { unit } else { 1.0 }
}

/// Q: the largest weight of `bits` bits with a sign, in units.
pub fn largest(bits: u32) -> i32 {
    (1 << (bits - 1)) - 1
}

/// The nearest weight of `bits` bits, halves to even.
///
/// # Equation
/// s · clamp(round(w / s), ±Q). The gradient goes straight through.
///
/// # References
/// Bengio, Léonard & Courville (2013), arXiv 1308.3432 (straight-through estimator).
pub fn round_weights<F: Float>(fine: &[F], bits: u32, rounded: &mut Vec<F>) {
    let unit = weight_unit(fine, bits);
    let most = f64::from(largest(bits));
    rounded.clear();
    rounded.extend(fine.iter().map(|w| F::of(unit * libm::rint(w.to_f64() / unit).clamp(-most, most))));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ⟨|w|⟩ = 1, Q = 7: s = 2/√7 = 0.7559; 3 and -5 are 4 and -7 (of -6.6) units, 0.378 is just above half a unit.
    #[test]
    fn by_hand() {
        let fine = [3.0, -5.0, 0.378, 0.3, -0.3, 0.022, 0.0, 0.0, 0.0];
        let unit = 2.0 / 7.0_f64.sqrt();
        assert!((weight_unit(&fine, 4) - unit).abs() < 1e-12);
        let mut rounded = Vec::new();
        round_weights(&fine, 4, &mut rounded);
        let units: Vec<i32> = rounded.iter().map(|w: &f64| (w / unit).round() as i32).collect();
        assert_eq!(units, [4, -7, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!((weight_unit::<f64>(&[], 8), weight_unit(&[0.0, 0.0], 8)), (1.0, 1.0));
    }
}
