//! Oracles: the moments that scikit-image's definitions have, frames by hand, and invariances.

use glocal_data::{Batch, Corruption, DataError, Draw, ImageDataset, Stream};

const SIDE: usize = 100;
const PIXELS: f64 = (SIDE * SIDE) as f64;

fn draw() -> Draw {
    Draw::new(&Stream::new(6).fork("corruption"), 0)
}

/// One grey image after damage.
fn damaged(text: &str, grey: f32) -> Vec<f64> {
    let mut batch = Batch::from_values([SIDE, SIDE], vec![grey; SIDE * SIDE], vec![0]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
    batch.values().iter().copied().map(f64::from).collect()
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

fn share_of(values: &[f64], wanted: f64) -> f64 {
    values.iter().filter(|&&x| x == wanted).count() as f64 / values.len() as f64
}

#[test]
fn gaussian_noise_has_the_variance_asked_for() {
    for variance in [0.0, 0.001, 0.01] {
        let (mean, found) = mean_and_variance(&damaged(&format!("gaussian={variance}"), 0.5));
        assert!((mean - 0.5).abs() <= 4.0 * (variance / PIXELS).sqrt(), "{mean}");
        assert!((found - variance).abs() <= 4.0 * variance * (2.0 / PIXELS).sqrt(), "{found}");
    }
}

/// On black, half of the noise is clipped: the mean is that of max(0, n), √(v/2π).
#[test]
fn gaussian_noise_is_clipped() {
    let values = damaged("gaussian=0.06", 0.0);
    assert!(values.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!((share_of(&values, 0.0) - 0.5).abs() < 0.02);
    let (mean, _) = mean_and_variance(&values);
    assert!((mean - (0.06 / std::f64::consts::TAU).sqrt()).abs() < 0.006, "{mean}");
}

#[test]
fn speckle_scales_with_the_image() {
    assert_eq!(damaged("speckle=0.5", 0.0), vec![0.0; SIDE * SIDE]);
    let (_, variance) = mean_and_variance(&damaged("speckle=0.04", 0.5));
    assert!((variance - 0.25 * 0.04).abs() < 4.0 * 0.01 * (2.0 / PIXELS).sqrt(), "{variance}");
}

#[test]
fn salt_and_pepper_hit_the_share_asked_for() {
    for (text, white, black) in
        [("salt=0.1", 0.1, 0.0), ("pepper=0.6", 0.0, 0.6), ("salt-and-pepper=0.2", 0.1, 0.1), ("salt=1", 1.0, 0.0)]
    {
        let values = damaged(text, 0.5);
        for (wanted, expected) in [(1.0, white), (0.0, black), (0.5, 1.0 - white - black)] {
            let deviation = (expected * (1.0 - expected) / PIXELS).sqrt();
            assert!((share_of(&values, wanted) - expected).abs() <= 4.0 * deviation, "{text}: {wanted}");
        }
    }
}

fn frame(text: &str, [height, width]: [usize; 2]) -> Vec<f32> {
    let mut batch = Batch::from_values([height, width], vec![1.0; height * width], vec![0]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
    batch.values().to_vec()
}

#[test]
#[rustfmt::skip]
fn frames_and_squares_are_where_they_should_be() {
    assert_eq!(frame("border=1", [4, 4]), [
        0., 0., 0., 0.,
        0., 1., 1., 0.,
        0., 1., 1., 0.,
        0., 0., 0., 0.]);
    assert_eq!(frame("centre=1", [4, 6]), [
        1., 1., 1., 1., 1., 1.,
        1., 1., 0., 0., 1., 1.,
        1., 1., 0., 0., 1., 1.,
        1., 1., 1., 1., 1., 1.]);
    for (text, value) in [("border=0", 1.0), ("centre=0", 1.0), ("border=2", 0.0), ("centre=4294967295", 0.0), ("border=4294967295", 0.0)] {
        assert_eq!(frame(text, [4, 4]), [value; 16], "{text}");
    }
}

#[test]
fn a_sample_is_damaged_the_same_in_every_batch_and_samples_differ() {
    let set = ImageDataset::new("x", 1, [5, 5], vec![128; 75], vec![0; 3]).unwrap();
    for text in ["gaussian=0.06", "speckle=0.3", "salt=0.3", "pepper=0.3", "salt-and-pepper=0.3"] {
        let corruption: Corruption = text.parse().unwrap();
        let damaged = |numbers: &[u32]| {
            let mut batch = Batch::new();
            set.gather(numbers, &mut batch).unwrap();
            corruption.apply(&mut batch, &draw()).unwrap();
            batch.values().to_vec()
        };
        let all = damaged(&[0, 1, 2]);
        assert_eq!(damaged(&[2, 0]), [&all[50..], &all[..25]].concat());
        assert_ne!(all[..25], all[25..50]);
    }
}

#[test]
fn texts_are_read_and_written() {
    for text in ["gaussian=0.06", "speckle=100", "salt=0.25", "pepper=0", "salt-and-pepper=1", "border=3", "centre=14"]
    {
        let corruption: Corruption = text.parse().unwrap();
        assert_eq!(corruption.to_string(), text);
        let json = serde_json::to_string(&corruption).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Corruption>(&json).unwrap(), corruption);
    }
    for text in [
        "",
        "gaussian",
        "gaussian=",
        "gaussian=-0.1",
        "gaussian=NaN",
        "gaussian=inf",
        "gauss=0.1",
        "salt=1.5",
        "pepper=-1",
        "border=1.5",
        "centre=-1",
        "border=99999999999",
    ] {
        let error = text.parse::<Corruption>().unwrap_err();
        assert!(matches!(error, DataError::Parameter { what: "corruption", .. }));
        assert!(error.to_string().starts_with(&format!("corruption = {text}: expected ")), "{error}");
        assert!(serde_json::from_str::<Corruption>(&format!("\"{text}\"")).is_err());
    }
}

#[test]
fn impossible_strengths_and_values_are_refused() {
    let mut batch = Batch::from_values([1, 1], vec![0.5], vec![0]).unwrap();
    for corruption in [
        Corruption::Gaussian { variance: f64::NAN },
        Corruption::Speckle { variance: -1.0 },
        Corruption::Salt { amount: f64::INFINITY },
    ] {
        assert!(matches!(corruption.apply(&mut batch, &draw()), Err(DataError::Parameter { .. })));
        assert_eq!(batch.values(), [0.5]);
    }
}
