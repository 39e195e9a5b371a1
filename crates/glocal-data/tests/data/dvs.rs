//! Oracles: closed-form times of a linear ramp, a pixel by hand, absence of events, and invariances.

use glocal_data::{
    DataError, DvsConfig, DvsPixelConfig, DvsPixels, Event, ImageDataset, Polarity::Off, Polarity::On, Recording,
    SaccadePath, SensorSize, Split, Stream, dvs, embedded,
};

const ONE: SensorSize = SensorSize { width: 1, height: 1 };
const EXACT: DvsPixelConfig =
    DvsPixelConfig { threshold_on: 0.25, threshold_off: 0.5, mismatch: 0.0, refractory_us: 0 };

/// One pixel that sees logarithms of light at given times.
fn seen(config: DvsPixelConfig, samples: &[(u64, f32)]) -> Vec<Event> {
    let mut pixels = DvsPixels::new(ONE, &config, &Stream::new(0)).unwrap();
    let mut events = Vec::new();
    samples.iter().for_each(|&(t_us, light)| pixels.sample(t_us, &[light], &mut events).unwrap());
    events
}

/// L(t) = a·t: the k-th on event is due at k·θ/a. Thresholds and times are binary fractions, so all is exact.
#[test]
fn a_ramp_gives_events_at_closed_form_times() {
    for steps in [1, 3, 64] {
        let ramp = |sign: f32| -> Vec<(u64, f32)> {
            (0..=steps).map(|step| (step * 64_000 / steps, sign * (step * 64_000 / steps) as f32 / 32_000.0)).collect()
        };
        let up = seen(EXACT, &ramp(1.0));
        assert_eq!(up.iter().map(|e| e.t_us).collect::<Vec<_>>(), (1..=8).map(|k| k * 8_000).collect::<Vec<_>>());
        assert!(up.iter().all(|event| event.polarity == On));
        let down = seen(EXACT, &ramp(-1.0));
        assert_eq!(down.iter().map(|e| e.t_us).collect::<Vec<_>>(), (1..=4).map(|k| k * 16_000).collect::<Vec<_>>());
        assert!(down.iter().all(|event| event.polarity == Off));
    }
}

/// By hand: up by 0.6 gives two on events at 0.25 and 0.5; from the reference 0.5, down to -0.1 one off event at 0.
#[test]
fn the_reference_follows_the_events() {
    let events = seen(EXACT, &[(0, 0.0), (600, 0.6), (1300, -0.1)]);
    let expected = [(250, On), (500, On), (1200, Off)].map(|(t_us, polarity)| Event { t_us, x: 0, y: 0, polarity });
    assert_eq!(events, expected);
}

/// Events every 8 ms; with a refractory period of 20 ms every third is sent, and the reference moves all the same.
#[test]
fn the_refractory_period_is_kept() {
    let resting = DvsPixelConfig { refractory_us: 20_000, ..EXACT };
    let times: Vec<u64> = seen(resting, &[(0, 0.0), (64_000, 2.0)]).iter().map(|event| event.t_us).collect();
    assert_eq!(times, [8_000, 32_000, 56_000]);
}

/// θ·(1 + 0.2·n): read off as the time of the first event of a ramp.
#[test]
fn thresholds_differ_between_pixels_as_asked_for() {
    let sensor = SensorSize { width: 200, height: 100 };
    let config = DvsPixelConfig { threshold_on: 0.5, mismatch: 0.2, ..EXACT };
    let mut pixels = DvsPixels::new(sensor, &config, &Stream::new(1)).unwrap();
    let mut events = Vec::new();
    pixels.sample(0, &vec![0.0; 20_000], &mut events).unwrap();
    pixels.sample(1_000_000, &vec![1.0; 20_000], &mut events).unwrap();
    let mut first = vec![0.0; 20_000];
    for event in events.iter().rev() {
        first[usize::from(event.y) * 200 + usize::from(event.x)] = event.t_us as f64 * 1e-6;
    }
    let mean = first.iter().sum::<f64>() / 20_000.0;
    let deviation = (first.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
    assert!((mean - 0.5).abs() < 4.0 * 0.1 / 20_000_f64.sqrt(), "{mean}");
    assert!((deviation - 0.1).abs() < 0.003, "{deviation}");
}

#[test]
fn samples_that_make_no_sense_are_refused() {
    let mut pixels = DvsPixels::new(ONE, &EXACT, &Stream::new(0)).unwrap();
    let mut events = Vec::new();
    pixels.sample(10, &[0.0], &mut events).unwrap();
    for (t_us, light) in [(9, &[0.0][..]), (11, &[]), (11, &[0.0, 0.0]), (11, &[f32::NAN]), (11, &[f32::INFINITY])] {
        let mut pixels = pixels.clone();
        assert!(matches!(pixels.sample(t_us, light, &mut events), Err(DataError::Parameter { .. })));
    }
    pixels.sample(u64::MAX, &[80.0], &mut events).unwrap();
    assert_eq!(events.len(), 320);
}

/// Light far beyond a float's precision around it: it ends.
#[test]
fn steps_too_small_to_count_end() {
    let config = DvsPixelConfig { threshold_on: 0.001, threshold_off: 0.001, ..EXACT };
    assert!(seen(config, &[(0, 0.0), (1, 1e6), (2, 1e9)]).len() < 100_000_000);
    assert!(!seen(config, &[(0, 1e9), (1, 0.0)]).is_empty());
}

fn images() -> ImageDataset {
    embedded::fashion_mnist(Split::Test).unwrap()
}

fn quiet() -> DvsConfig {
    DvsConfig { noise_hz: 0.0, ..DvsConfig::new(SensorSize { width: 34, height: 34 }) }
}

fn recorded(config: &DvsConfig, number: u32, seed: u64) -> Recording {
    dvs::simulate(&images(), number, config, &Stream::new(seed)).unwrap()
}

#[test]
fn an_image_that_stands_still_gives_only_noise() {
    let still = SaccadePath::Points { offsets_pixels: vec![[1.0, 2.0], [1.0, 2.0]] };
    assert_eq!(recorded(&DvsConfig { path: still.clone(), ..quiet() }, 0, 0).events, []);
    let noisy = recorded(&DvsConfig { path: still, noise_hz: 50.0, ..quiet() }, 0, 0).events.len() as f64;
    let expected = 50.0 * 34.0 * 34.0 * 0.1;
    assert!((noisy - expected).abs() < 4.0 * expected.sqrt(), "{noisy}, expected {expected}");
}

#[test]
fn a_black_image_gives_nothing() {
    let black = ImageDataset::new("black", 1, [3, 5, 5], vec![0; 75], vec![0]).unwrap();
    assert_eq!(dvs::simulate(&black, 0, &quiet(), &Stream::new(0)).unwrap().events, []);
}

#[test]
fn recordings_are_in_order_on_the_sensor_and_within_the_duration() {
    for number in 0..20 {
        let recording = recorded(&DvsConfig { noise_hz: 20.0, ..quiet() }, number, 0);
        assert!(recording.events.is_sorted_by_key(|event| event.t_us));
        assert!(recording.events.iter().all(|e| recording.sensor.contains(e.x, e.y) && e.t_us <= 100_000));
        assert!(recording.events.len() > 300, "{}", recording.events.len());
    }
}

/// A path that ends where it began leaves each pixel as bright as it was: with equal thresholds and no refractory
/// period, on and off events are as many, up to the one that each pixel's last fraction of a threshold may owe.
#[test]
fn a_closed_path_gives_as_many_on_as_off_events() {
    let pixel = DvsPixelConfig { threshold_on: 0.2, threshold_off: 0.2, mismatch: 0.0, refractory_us: 0 };
    let recording = recorded(&DvsConfig { pixel, ..quiet() }, 3, 0);
    let mut balance = [0_i32; 34 * 34];
    for event in &recording.events {
        balance[usize::from(event.y) * 34 + usize::from(event.x)] += if event.polarity == On { 1 } else { -1 };
    }
    assert!(balance.iter().all(|sum| sum.abs() <= 1), "{balance:?}");
    assert!(recording.events.len() > 1000);
}

/// Each pixel's events are a refractory period apart.
#[test]
fn the_refractory_period_is_kept_in_recordings() {
    let pixel = DvsPixelConfig { refractory_us: 2_000, ..DvsPixelConfig::default() };
    let recording = recorded(&DvsConfig { pixel, ..quiet() }, 3, 0);
    let mut last = [None; 34 * 34];
    for event in &recording.events {
        let last = &mut last[usize::from(event.y) * 34 + usize::from(event.x)];
        assert!(last.is_none_or(|last| event.t_us - last >= 2_000));
        *last = Some(event.t_us);
    }
}

/// Sampling the light ten times as often changes times and numbers little: what is between samples is interpolated.
#[test]
fn the_step_matters_little() {
    let count = |step_us| recorded(&DvsConfig { step_us, ..quiet() }, 5, 0).events.len() as f64;
    let (coarse, fine) = (count(1_000), count(100));
    assert!((coarse - fine).abs() < 0.02 * fine, "{coarse} and {fine}");
}

#[test]
fn the_seed_and_the_number_decide() {
    let config = DvsConfig { noise_hz: 5.0, ..quiet() };
    assert_eq!(recorded(&config, 2, 7), recorded(&config, 2, 7));
    assert_ne!(recorded(&config, 2, 7), recorded(&config, 2, 8));
    let (images, stream) = (images(), Stream::new(7));
    let all: Vec<Recording> =
        dvs::simulate_all(&images, &config, &stream).unwrap().take(3).map(Result::unwrap).collect();
    assert_eq!(all[2], recorded(&config, 2, 7));
}

#[test]
fn configs_are_read_written_and_checked() {
    let config = quiet();
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<DvsConfig>(&json).unwrap(), config);
    assert!(json.contains(r#""path":{"kind":"triangle","size_pixels":4.0}"#), "{json}");
    let refused = |config: DvsConfig| {
        let result = dvs::simulate(&images(), 0, &config, &Stream::new(0));
        assert!(matches!(result, Err(DataError::Parameter { .. })), "{config:?}");
    };
    let pixel = |change: fn(&mut DvsPixelConfig)| {
        let mut config = quiet();
        change(&mut config.pixel);
        config
    };
    refused(pixel(|pixel| pixel.threshold_on = 0.0));
    refused(pixel(|pixel| pixel.threshold_off = f64::NAN));
    refused(pixel(|pixel| pixel.mismatch = -0.1));
    refused(DvsConfig { step_us: 0, ..quiet() });
    refused(DvsConfig { duration_us: u64::MAX, ..quiet() });
    refused(DvsConfig { scale: 0.0, ..quiet() });
    refused(DvsConfig { dark: f64::INFINITY, ..quiet() });
    refused(DvsConfig { noise_hz: f64::NAN, ..quiet() });
    refused(DvsConfig { noise_hz: 1e9, ..quiet() });
    refused(DvsConfig { sensor: SensorSize { width: 0, height: 4 }, ..quiet() });
    for offsets_pixels in [vec![], vec![[0.0, 0.0]], vec![[0.0, 0.0], [f64::NAN, 0.0]]] {
        refused(DvsConfig { path: SaccadePath::Points { offsets_pixels }, ..quiet() });
    }
    assert!(matches!(dvs::simulate(&images(), 9_999, &quiet(), &Stream::new(0)), Err(DataError::NoSuchSample { .. })));
    let short = DvsConfig { duration_us: 0, ..quiet() };
    assert_eq!(recorded(&short, 0, 0).events, []);
}
