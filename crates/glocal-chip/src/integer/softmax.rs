//! A softmax over the neurons of a layer, from a table of exponentials.

use std::sync::OnceLock;

use glocal_core::plasticity::{HebbianSoftmax, PlasticityRule, PostSignal};

use crate::number::{FRACTION, Fixed, rounded_shift};

/// Fractional bits of an exponential.
const EXPONENTIAL_FRACTION: u32 = 15;

/// Bits of a potential below the table's sixteenths.
const BELOW: u32 = FRACTION - 4;

/// e^-d for d = 0, 1/16 .. 255/16.
fn table() -> &'static [i32; 256] {
    static TABLE: OnceLock<[i32; 256]> = OnceLock::new();
    let entry = |at: usize| libm::rint(libm::exp(-(at as f64) / 16.0) * f64::from(1 << EXPONENTIAL_FRACTION)) as i32;
    TABLE.get_or_init(|| std::array::from_fn(entry))
}

/// Postsynaptic factors of the Hebbian rule with a softmax in 8 bits, `fraction` of them fractional.
///
/// # Equation
/// a = sign · softmax_O(v · threshold - sliding_threshold), from exponentials of the distance to the largest in a table of 256 entries
/// over 0..16, and one division for each neuron, to the nearest.
pub fn softmax(
    (sign, fraction): (f64, u32),
    threshold: Fixed,
    potential: &[Fixed],
    sliding: &[Fixed],
    post: &mut [i8],
) {
    let rule = HebbianSoftmax { sign };
    let exponent = |(&v, &sliding_threshold): (&Fixed, &Fixed)| {
        let membrane_potential = v * threshold;
        let signal = PostSignal { membrane_potential, threshold: 1.0, output: Fixed(0), sliding_threshold };
        rule.post(Fixed(0), signal).1.factors[0].0
    };
    let exponents = || potential.iter().zip(sliding).map(exponent);
    let Some(most) = exponents().max() else { return };
    let share = |exponent: i32| {
        let entry = (most - exponent + (1 << (BELOW - 1))) >> BELOW;
        i64::from(table()[entry.min(255) as usize])
    };
    let sum: i64 = exponents().map(share).sum();
    let sign = i64::from(Fixed::nearest(sign).0);
    for (post, exponent) in post.iter_mut().zip(exponents()) {
        let part = ((share(exponent) << (fraction + 1)) + sum) / (2 * sum);
        *post = rounded_shift(part * sign, FRACTION).clamp(-127, 127) as i8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glocal_core::scalar::Scalar;

    fn factors(sign: f64, threshold: f64, potential: &[f64], sliding: &[f64]) -> Vec<i8> {
        let fixed = |values: &[f64]| values.iter().map(|&v| Fixed::of(v)).collect::<Vec<_>>();
        let mut post = vec![0; potential.len()];
        softmax((sign, 6), Fixed::of(threshold), &fixed(potential), &fixed(sliding), &mut post);
        post
    }

    #[test]
    fn shares_by_hand() {
        // One far above the others has all, alike ones share evenly, the sign turns.
        assert_eq!(factors(1.0, 0.5, &[-3.0, 2000.0, 5.0], &[0.0; 3]), [0, 64, 0]);
        assert_eq!(factors(1.0, 0.5, &[1.5; 4], &[0.0; 4]), [16; 4]);
        assert_eq!(factors(-1.0, 0.5, &[1.5; 4], &[0.0; 4]), [-16; 4]);
        // ln 3 apart: 3/4 and 1/4, by potentials or by sliding thresholds; thresholds of 2 make half the distance do.
        assert_eq!(factors(1.0, 1.0, &[1.0986, 0.0], &[0.0; 2]), [48, 16]);
        assert_eq!(factors(1.0, 1.0, &[0.0, 0.0], &[0.0, 1.0986]), [48, 16]);
        assert_eq!(factors(1.0, 2.0, &[0.5493, 0.0], &[0.0; 2]), [48, 16]);
    }

    /// Within what the table's sixteenths and eight bits allow: 1/32 in the exponent moves a share by 1/64 at most.
    #[test]
    fn shares_follow_floats() {
        for seed in 0..200_u64 {
            let value = |i: u64| glocal_core::random::uniform(seed, "softmax", i) * 12.0 - 6.0;
            let (v, sliding): (Vec<f64>, Vec<f64>) = (0..7).map(|i| (value(i), value(i + 100) / 8.0)).unzip();
            let found = factors(1.0, 0.5, &v, &sliding);
            let exponentials: Vec<f64> = v.iter().zip(&sliding).map(|(v, s)| libm::exp(0.5 * v - s)).collect();
            let sum: f64 = exponentials.iter().sum();
            for (&found, exponential) in found.iter().zip(exponentials) {
                let error = (f64::from(found) / 64.0 - exponential / sum).abs();
                assert!(error <= 1.0 / 64.0 + 1.0 / 128.0 + 1e-3, "{error}");
            }
        }
    }
}
