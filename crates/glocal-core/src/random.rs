//! Random numbers for drawing parameters and masks: counter-based, so that each number has an address and no order.

/// The `index`-th number in 0..1 of the stream called `name` under `seed`, a multiple of 2⁻²⁴.
///
/// # References
/// Steele, Lea & Flood, OOPSLA 2014, doi 10.1145/2660193.2660195 (SplitMix64).
pub fn uniform(seed: u64, name: &str, index: u64) -> f64 {
    uniform_of(stream(seed, name), index)
}

/// The key of the stream called `name` under `seed`.
pub(crate) fn stream(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed ^ 0x6A09_E667_F3BC_C908), |key, byte| mix(key ^ u64::from(byte)))
}

/// The `index`-th number of the stream with this key; see [`uniform`].
#[inline(always)]
pub(crate) fn uniform_of(key: u64, index: u64) -> f64 {
    (mix(key.wrapping_add((index + 1).wrapping_mul(GOLDEN))) >> 40) as f64 * (1.0 / (1_u64 << 24) as f64)
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

#[inline(always)]
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 1/2 and variance 1/12 within 4 standard errors, and no correlation between neighbouring streams.
    #[test]
    fn moments() {
        let n = 100_000;
        let draw = |name: &str| (0..n).map(|i| uniform(3, name, i) - 0.5).collect::<Vec<_>>();
        let (a, b) = (draw("layers.0.weight"), draw("layers.1.weight"));
        let mean = a.iter().sum::<f64>() / n as f64;
        let variance = a.iter().map(|x| x * x).sum::<f64>() / n as f64;
        let covariance = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / n as f64;
        assert!(mean.abs() < 4.0 * (1.0 / 12.0f64 / n as f64).sqrt());
        assert!((variance - 1.0 / 12.0).abs() < 1e-3);
        assert!(covariance.abs() < 1.1e-3);
    }
}
