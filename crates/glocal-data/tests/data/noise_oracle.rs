//! Oracle: scikit-image's `util.random_noise`, in distribution. The numbers are those that
//! `tests/interop/noise_oracle.py` prints.

use glocal_data::{Batch, Corruption, Draw, Stream};

/// Pixels of each level, there and here.
const N: usize = 100_000;
const LEVELS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// A noise, and for each level: mean, standard deviation, the three quartiles, shares of exactly 0 and exactly 1.
type Expected = (&'static str, [[f64; 7]; 5]);

// scikit-image 0.26.0, numpy 2.4.6
#[rustfmt::skip]
const EXPECTED: [Expected; 7] = [
    ("gaussian=0.06", [
        [0.0976, 0.1428, 0.0000, 0.0000, 0.1657, 0.5017, 0.0000],
        [0.2699, 0.2135, 0.0840, 0.2510, 0.4158, 0.1554, 0.0011],
        [0.5002, 0.2361, 0.3359, 0.5000, 0.6661, 0.0209, 0.0203],
        [0.7304, 0.2137, 0.5831, 0.7499, 0.9163, 0.0010, 0.1546],
        [0.9033, 0.1421, 0.8370, 1.0000, 1.0000, 0.0000, 0.5020],
    ]),
    ("gaussian=0.01", [
        [0.0399, 0.0583, 0.0000, 0.0000, 0.0676, 0.5017, 0.0000],
        [0.2503, 0.0996, 0.1822, 0.2504, 0.3177, 0.0064, 0.0000],
        [0.5001, 0.1001, 0.4330, 0.5000, 0.5678, 0.0000, 0.0000],
        [0.7498, 0.0997, 0.6818, 0.7499, 0.8179, 0.0000, 0.0057],
        [0.9605, 0.0580, 0.9335, 1.0000, 1.0000, 0.0000, 0.5020],
    ]),
    ("speckle=0.1", [
        [0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 1.0000, 0.0000],
        [0.2501, 0.0792, 0.1964, 0.2503, 0.3035, 0.0009, 0.0000],
        [0.5001, 0.1580, 0.3941, 0.5000, 0.6072, 0.0009, 0.0008],
        [0.7322, 0.2085, 0.5884, 0.7499, 0.9110, 0.0007, 0.1465],
        [0.8752, 0.1830, 0.7896, 1.0000, 1.0000, 0.0009, 0.5020],
    ]),
    ("speckle=100", [
        [0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 1.0000, 0.0000],
        [0.4618, 0.4713, 0.0000, 0.2603, 1.0000, 0.4584, 0.3831],
        [0.5001, 0.4865, 0.0000, 0.4992, 1.0000, 0.4601, 0.4597],
        [0.5127, 0.4910, 0.0000, 0.7459, 1.0000, 0.4609, 0.4864],
        [0.5223, 0.4927, 0.0000, 1.0000, 1.0000, 0.4575, 0.5020],
    ]),
    ("salt=0.06", [
        [0.0601, 0.2376, 0.0000, 0.0000, 0.0000, 0.9399, 0.0601],
        [0.2947, 0.1775, 0.2500, 0.2500, 0.2500, 0.0000, 0.0596],
        [0.5304, 0.1195, 0.5000, 0.5000, 0.5000, 0.0000, 0.0609],
        [0.7647, 0.0588, 0.7500, 0.7500, 0.7500, 0.0000, 0.0588],
        [1.0000, 0.0000, 1.0000, 1.0000, 1.0000, 0.0000, 1.0000],
    ]),
    ("pepper=0.36", [
        [0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 1.0000, 0.0000],
        [0.1594, 0.1202, 0.0000, 0.2500, 0.2500, 0.3623, 0.0000],
        [0.3204, 0.2399, 0.0000, 0.5000, 0.5000, 0.3591, 0.0000],
        [0.4802, 0.3599, 0.0000, 0.7500, 0.7500, 0.3597, 0.0000],
        [0.6418, 0.4795, 0.0000, 1.0000, 1.0000, 0.3583, 0.6418],
    ]),
    ("salt-and-pepper=0.12", [
        [0.0612, 0.2397, 0.0000, 0.0000, 0.0000, 0.9388, 0.0612],
        [0.2803, 0.1915, 0.2500, 0.2500, 0.2500, 0.0595, 0.0602],
        [0.5006, 0.1732, 0.5000, 0.5000, 0.5000, 0.0594, 0.0606],
        [0.7200, 0.1913, 0.7500, 0.7500, 0.7500, 0.0600, 0.0599],
        [0.9395, 0.2384, 1.0000, 1.0000, 1.0000, 0.0605, 0.9395],
    ]),
];

/// The image after damage, level by level.
fn damaged(text: &str) -> Vec<Vec<f64>> {
    let pixels = LEVELS.iter().flat_map(|&level| vec![level as f32; N]).collect();
    let mut batch = Batch::from_values([LEVELS.len(), N], pixels, vec![0]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &Draw::new(&Stream::new(11), 0)).unwrap();
    batch.values().chunks(N).map(|level| level.iter().copied().map(f64::from).collect()).collect()
}

fn moment(values: &[f64], about: f64, power: i32) -> f64 {
    values.iter().map(|x| (x - about).powi(power)).sum::<f64>() / N as f64
}

fn statistics(values: &mut [f64]) -> [f64; 7] {
    values.sort_unstable_by(f64::total_cmp);
    let mean = moment(values, 0.0, 1);
    let deviation = moment(values, mean, 2).sqrt();
    let share = |wanted: f64| values.iter().filter(|&&x| x == wanted).count() as f64 / N as f64;
    [mean, deviation, values[N / 4], values[N / 2], values[3 * N / 4], share(0.0), share(1.0)]
}

/// Four standard errors of the difference of two samples of N, and the rounding of the numbers above.
fn tolerances(corruption: Corruption, level: f64, values: &[f64], expected: [f64; 7]) -> [f64; 7] {
    let errors = |one: f64| 4.0 * one * (2.0 / N as f64).sqrt() + 1e-4;
    let noise = match corruption {
        Corruption::Gaussian { variance } => variance.sqrt(),
        Corruption::Speckle { variance } => level * variance.sqrt(),
        _ => 0.0,
    };
    let bernoulli = |share: f64| errors((share * (1.0 - share)).sqrt());
    // Of a normal distribution's quantiles.
    let (quartile, median) = (errors(1.362 * noise), errors(1.253 * noise));
    // Of a standard deviation: √(m₄ - σ⁴) / 2σ.
    let (fourth, variance) = (moment(values, expected[0], 4), expected[1].powi(2));
    let deviation = errors((fourth - variance.powi(2)).max(0.0).sqrt() / (2.0 * expected[1]).max(1e-9));
    [errors(expected[1]), deviation, quartile, median, quartile, bernoulli(expected[5]), bernoulli(expected[6])]
}

#[test]
fn noises_are_distributed_as_scikit_images() {
    for (text, levels) in EXPECTED {
        for ((level, mut values), expected) in LEVELS.into_iter().zip(damaged(text)).zip(levels) {
            let found = statistics(&mut values);
            let tolerances = tolerances(text.parse().unwrap(), level, &values, expected);
            for ((found, expected), tolerance) in found.into_iter().zip(expected).zip(tolerances) {
                let distance = (found - expected).abs();
                assert!(distance <= tolerance, "{text} at {level}: {found} is not {expected} to {tolerance}");
            }
        }
    }
}
