//! Oracles: a membrane simulated step by step, orders by hand, binomial confidence, and invariances.

use glocal_data::{Batch, DataError, Draw, EncodeBuffers, Encoded, Encoder, Stream};
use proptest::prelude::*;

const ALL: [Encoder; 4] = [
    Encoder::Direct,
    Encoder::PoissonRate { max_rate: 0.7 },
    Encoder::Latency { tau_steps: 5.0, threshold: 0.2 },
    Encoder::RankOrder { floor: 0.1 },
];

fn draw() -> Draw {
    Draw::new(&Stream::new(4).fork("encoder"), 2)
}

fn one_row(values: &[f32]) -> Batch {
    Batch::from_values([1, values.len()], values.to_vec(), vec![0]).unwrap()
}

/// The first step at which each input of a single sample spikes.
fn first_spikes(encoder: Encoder, values: &[f32], steps: usize) -> Vec<Option<usize>> {
    let encoded = encoder.encode(&one_row(values), steps, &draw()).unwrap();
    let spike = |step: usize, input: usize| encoded.values()[step * values.len() + input];
    (0..values.len()).map(|input| (0..steps).find(|&step| spike(step, input) == 1.0)).collect()
}

#[test]
fn direct_is_the_image_at_every_step() {
    let batch = one_row(&[0.0, 0.25, 1.0]);
    assert_eq!(Encoder::Direct.encode(&batch, 10, &draw()).unwrap(), Encoded::Constant(vec![0.0, 0.25, 1.0]));
}

/// The membrane u' = (x - u)/τ, integrated exactly from step to step, fires in the step that the closed form names.
#[test]
fn latency_is_the_first_spike_of_a_charging_membrane() {
    const STEPS: usize = 40;
    let (tau_steps, threshold) = (5.0, 0.2);
    let values: Vec<f32> = (0..=255).map(|level| level as f32 / 255.0).collect();
    let found = first_spikes(Encoder::Latency { tau_steps, threshold }, &values, STEPS);
    let keep = libm::exp(-1.0 / tau_steps);
    for (&x, &found) in values.iter().zip(&found) {
        let mut potential = 0.0;
        let simulated = (0..STEPS).find(|_| {
            potential = f64::from(x) + (potential - f64::from(x)) * keep;
            potential > f64::from(threshold as f32)
        });
        assert_eq!(found, simulated, "x = {x}");
    }
    let late = Encoder::Latency { tau_steps: f64::MAX, threshold: 0.999 };
    assert_eq!(first_spikes(late, &[1.0, 0.999], 10), [None, None]);
}

#[test]
fn latency_spikes_once_and_brighter_is_never_later() {
    let values: Vec<f32> = (0..100).map(|i| i as f32 / 99.0).collect();
    let encoder = Encoder::Latency { tau_steps: 5.0, threshold: 0.2 };
    let encoded = encoder.encode(&one_row(&values), 10, &draw()).unwrap();
    for input in 0..100 {
        assert!((0..10).map(|step| encoded.values()[step * 100 + input]).sum::<f32>() <= 1.0);
    }
    let times = first_spikes(encoder, &values, 10);
    assert!(times.windows(2).all(|pair| pair[1].unwrap_or(99) <= pair[0].unwrap_or(99)));
    assert_eq!((times[0], times[99]), (None, Some(1)), "5 ln(1/0.8) = 1.1");
}

/// By hand: of five active inputs the ranks are .9: 0, .5: 1 and 1, .4: 3, .2: 4; ⌊rank · 4 / 5⌋ = 0, 0, 0, 2, 3.
#[test]
fn rank_order_goes_by_rank() {
    let values = [0.5, 0.0, 0.9, 0.2, 0.5, 0.4];
    let expected = [Some(0), None, Some(0), Some(3), Some(0), Some(2)];
    assert_eq!(first_spikes(Encoder::RankOrder { floor: 0.0 }, &values, 4), expected);
    assert_eq!(first_spikes(Encoder::RankOrder { floor: 0.0 }, &[0.0; 3], 4), [None; 3]);
    assert_eq!(first_spikes(Encoder::RankOrder { floor: 0.4 }, &[0.4, 0.41, 0.8], 2), [None, Some(1), Some(0)]);
}

#[test]
fn poisson_rates_are_max_rate_times_intensity() {
    const STEPS: usize = 20_000;
    let values = [0.0, 0.1, 0.5, 0.9, 1.0];
    for max_rate in [1.0, 0.25] {
        let encoded = Encoder::PoissonRate { max_rate }.encode(&one_row(&values), STEPS, &draw()).unwrap();
        for (input, &x) in values.iter().enumerate() {
            let count: f32 = (0..STEPS).map(|step| encoded.values()[step * values.len() + input]).sum();
            let p = max_rate * f64::from(x);
            let deviation = (STEPS as f64 * p * (1.0 - p)).sqrt();
            let error = (f64::from(count) - STEPS as f64 * p).abs();
            assert!(error <= 4.0 * deviation, "{x} at {max_rate}: {count}");
        }
    }
}

/// A draw of exactly 0 comes once in 2²⁴: black must stay silent then, too.
#[test]
fn black_never_spikes_and_white_always_does() {
    let (black, white) = (one_row(&[0.0; 10_000]), one_row(&[1.0; 1000]));
    let (encoder, mut buffers) = (Encoder::PoissonRate { max_rate: 1.0 }, EncodeBuffers::new());
    for epoch in 0..80 {
        let draw = Draw::new(&Stream::new(0), epoch);
        assert!(encoder.encode_into(&black, 100, &draw, &mut buffers).unwrap().values().iter().all(|&s| s == 0.0));
        assert!(encoder.encode_into(&white, 10, &draw, &mut buffers).unwrap().values().iter().all(|&s| s == 1.0));
    }
}

#[test]
fn poisson_draws_anew_for_each_epoch_and_sample_but_fewer_steps_are_the_beginning_of_more() {
    let batch = Batch::from_values([1, 50], vec![0.5; 100], vec![0, 0]).unwrap();
    let encode = |steps, epoch| {
        let draw = Draw::new(&Stream::new(1), epoch);
        Encoder::PoissonRate { max_rate: 1.0 }.encode(&batch, steps, &draw).unwrap().values().to_vec()
    };
    let long = encode(8, 0);
    assert_eq!(encode(3, 0), long[..3 * 100]);
    assert_ne!(encode(8, 1), long);
    assert_ne!(long[..50], long[50..100]);
}

#[test]
fn a_batch_encodes_as_its_samples_one_by_one_in_any_memory() {
    const STEPS: usize = 6;
    let set = glocal_data::ImageDataset::new("x", 1, [1, 5], (0..=254).step_by(17).collect(), vec![0; 3]).unwrap();
    let mut buffers = EncodeBuffers::new();
    for encoder in ALL {
        let (mut whole, mut single) = (Batch::new(), Batch::new());
        set.gather(&[2, 0, 1], &mut whole).unwrap();
        let together = encoder.encode(&whole, STEPS, &draw()).unwrap();
        let steps = if encoder.is_constant() { 1 } else { STEPS };
        for (row, number) in [2, 0, 1].into_iter().enumerate() {
            set.gather(&[number], &mut single).unwrap();
            // The buffers are full of the spikes of the sample before.
            let alone = encoder.encode_into(&single, STEPS, &draw(), &mut buffers).unwrap();
            for step in 0..steps {
                let at = (step * 3 + row) * 5;
                assert_eq!(alone.values()[step * 5..(step + 1) * 5], together.values()[at..at + 5], "{encoder:?}");
            }
        }
    }
}

#[test]
fn encoding_again_uses_the_same_memory() {
    let batch = one_row(&[0.5; 20]);
    let mut buffers = EncodeBuffers::new();
    for encoder in ALL {
        let first = encoder.encode_into(&batch, 10, &draw(), &mut buffers).unwrap().values().as_ptr();
        let again = encoder.encode_into(&batch, 10, &draw(), &mut buffers).unwrap().values().as_ptr();
        assert_eq!(first, again);
    }
}

#[test]
fn configs_are_read_with_defaults_and_written_whole() {
    let read = |text: &str| serde_json::from_str::<Encoder>(text);
    assert_eq!(read(r#"{"kind":"direct"}"#).unwrap(), Encoder::default());
    assert_eq!(read(r#"{"kind":"poisson-rate"}"#).unwrap(), Encoder::PoissonRate { max_rate: 1.0 });
    let latency = Encoder::Latency { tau_steps: 3.0, threshold: 0.2 };
    assert_eq!(read(r#"{"kind":"latency","tau_steps":3}"#).unwrap(), latency);
    assert_eq!(read(r#"{"kind":"rank-order"}"#).unwrap(), Encoder::RankOrder { floor: 0.0 });
    for encoder in ALL {
        assert_eq!(read(&serde_json::to_string(&encoder).unwrap()).unwrap(), encoder);
    }
}

#[test]
fn misspelt_and_impossible_configs_are_refused() {
    for (text, part) in [
        (r#"{"kind":"direkt"}"#, "unknown variant `direkt`"),
        (r#"{"kind":"direct","max_rate":1}"#, "unknown field `max_rate`"),
        (r#"{"kind":"latency","tau":1}"#, "unknown field `tau`"),
        (r#"{"kind":"latency","tau_steps":0}"#, "encoder.tau_steps = 0: expected a time above 0"),
        (r#"{"kind":"poisson-rate","max_rate":1.5}"#, "encoder.max_rate = 1.5: expected a probability, 0 to 1"),
        (r#"{"kind":"rank-order","floor":"x"}"#, "invalid type: string"),
    ] {
        let error = serde_json::from_str::<Encoder>(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    for encoder in [
        Encoder::PoissonRate { max_rate: f64::NAN },
        Encoder::Latency { tau_steps: f64::INFINITY, threshold: 0.5 },
        Encoder::Latency { tau_steps: 1.0, threshold: 1.0 },
        Encoder::RankOrder { floor: -0.5 },
    ] {
        let error = encoder.encode(&one_row(&[0.5]), 3, &draw()).unwrap_err();
        assert!(matches!(error, DataError::Parameter { .. }), "{error}");
    }
}

proptest! {
    /// Only the order matters: a growing function of the intensities changes nothing, nor does the inputs' order.
    #[test]
    fn rank_order_ignores_contrast_and_position(levels in prop::collection::vec(0_u8..20, 1..40), turn in 0_usize..40) {
        let values: Vec<f32> = levels.iter().map(|&l| f32::from(l) / 20.0).collect();
        let encoder = Encoder::RankOrder { floor: 0.0 };
        let times = first_spikes(encoder, &values, 7);
        let squared: Vec<f32> = values.iter().map(|x| x * x).collect();
        prop_assert_eq!(&times, &first_spikes(encoder, &squared, 7));
        let (mut turned, mut turned_times) = (values.clone(), times.clone());
        turned.rotate_left(turn % values.len());
        turned_times.rotate_left(turn % values.len());
        prop_assert_eq!(turned_times, first_spikes(encoder, &turned, 7));
    }
}
