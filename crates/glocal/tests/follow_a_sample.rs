//! One real image, followed through every type of the program, each arrow checked by hand:
//!
//! ```text
//! ImageDataset -> Sample -> Batch -> Corruption -> Encoder -> Encoded -> Input -> Network::forward -> Reading
//!   -> loss -> gradients -> Learner::step -> to_bytes -> from_bytes -> evaluate -> record
//! ```
//!
//! The oracle is the equations of docs/equations.md in plain loops and double precision.
#![allow(clippy::disallowed_methods, reason = "the oracle uses the platform's own maths, not the project's")]

use std::collections::BTreeMap;

use glocal_core::config::Loss;
use glocal_core::loss::prediction;
use glocal_core::network::{Network, Workspace};
use glocal_core::params::{Params, zeros};
use glocal_core::{Input, Learner, LearnerConfig, Models, PlasticEval};
use glocal_data::{Batch, Corruption, Draw, Encoded, Encoder, Split, Stream, embedded};

const PIXELS: usize = 28 * 28;
const STEPS: usize = 6;
const HIDDEN: usize = 20;
const CLASSES: usize = 10;
const BORDER: usize = 2;

/// A hybrid LIF layer under a read-out that integrates; the meta-parameters start large, so that P counts.
const CONFIG: &str = r#"
loss = "mean-squared-error"

[network]
inputs = 784
steps = 6
learning_rule = "hybrid"
phase_time_constant = 40.0
readout = { kind = "membrane", cap = 1.1 }

[[network.layers]]
size = 20
neuron = { kind = "lif", threshold = 0.35, decay = 0.4 }
plasticity = { rule = { kind = "hebbian", post = "tanh" }, decay = 0.95, clamp = 4.0, meta_init = 0.1 }

[[network.layers]]
size = 10
learning = "global"
neuron = { kind = "leaky-integrator", decay = 0.8, threshold = 1.0 }

[weights]
learning_rate = 1e-3

[meta]
learning_rate = 5e-4
"#;

/// What the plain loops find, `[T,O]` each but `plastic_weight`, `[O,I]`.
#[derive(Default)]
struct ByHand {
    potentials: Vec<f64>,
    spikes: Vec<f64>,
    plastic_weight: Vec<f64>,
    integrated: Vec<f64>,
}

/// The hybrid layer and the integrating read-out on one sample's series `[T,I]`.
fn by_hand(params: &Params<f32>, series: &[f32]) -> ByHand {
    let (hidden, readout) = (&params[0], &params[1]);
    let mut found = ByHand { plastic_weight: vec![0.0; HIDDEN * PIXELS], ..ByHand::default() };
    let (mut after_reset, mut integrated) = ([0.0; HIDDEN], [0.0; CLASSES]);
    let gain = f64::from(hidden.plasticity_gain[0]);
    for (t, x) in series.chunks_exact(PIXELS).enumerate() {
        let k = (-(t as f64) / 40.0).exp();
        let input: Vec<f64> = x.iter().map(|&x| k * f64::from(x)).collect();
        let mut spikes = [0.0; HIDDEN];
        for o in 0..HIDDEN {
            let synapses = o * PIXELS..(o + 1) * PIXELS;
            let plastic = &mut found.plastic_weight[synapses.clone()];
            let weights = hidden.weight[synapses].iter().zip(plastic.iter());
            let weights = weights.map(|(&w, p)| f64::from(w) + gain * p);
            let current = weights.zip(&input).map(|(w, x)| w * x).sum::<f64>() + f64::from(hidden.bias[o]);
            let v = 0.4 * after_reset[o] + current;
            spikes[o] = if v > 0.35 { 1.0 } else { 0.0 };
            after_reset[o] = v - 0.35 * spikes[o];
            let post = (v / 0.35 - f64::from(hidden.sliding_threshold[o])).tanh();
            for ((p, x), &rate) in plastic.iter_mut().zip(&input).zip(&hidden.local_learning_rate) {
                *p = (0.95 * *p + post * x * f64::from(rate)).clamp(-4.0, 4.0);
            }
            found.potentials.push(v);
        }
        let rows = readout.weight.chunks_exact(HIDDEN).zip(&readout.bias);
        for (v, (weights, &bias)) in integrated.iter_mut().zip(rows) {
            let current = weights.iter().zip(&spikes).map(|(&w, s)| f64::from(w) * k * s).sum::<f64>();
            *v = 0.8 * *v + current + f64::from(bias);
        }
        found.spikes.extend(spikes);
        found.integrated.extend(integrated);
    }
    found
}

fn last<T>(series: &[T], width: usize) -> &[T] {
    &series[series.len() - width..]
}

fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0f64, |top, e| top.max(e.abs()));
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - expected).abs() <= 2e-5 * scale, "{what}[{i}]: {found}, by hand {expected}");
    }
}

fn mean_squared_error(values: &[f64], label: u32) -> f64 {
    let error = |(c, y): (usize, &f64)| y - f64::from(u8::from(c as u32 == label));
    values.iter().enumerate().map(error).map(|e| e * e).sum::<f64>() / values.len() as f64
}

#[test]
fn follow_a_sample() {
    // ImageDataset -> Sample
    let images = embedded::fashion_mnist(Split::Train).unwrap();
    assert_eq!((images.len(), images.inputs(), images.classes()), (6_000, PIXELS, CLASSES));
    let number = 1_234;
    let sample = images.sample(number).unwrap();
    assert_eq!((sample.number, sample.pixels.len()), (number, PIXELS));

    // -> Batch: intensity = grey level / 255.
    let mut batch = Batch::new();
    images.gather(&[number], &mut batch).unwrap();
    assert_eq!((batch.size(), batch.labels(), batch.numbers()), (1, &[sample.label][..], &[number][..]));
    let expected: Vec<f32> = sample.pixels.iter().map(|&level| f32::from(level) / 255.0).collect();
    assert_eq!(batch.values(), expected);

    // -> Corruption: a black frame, and nothing else.
    let corruption: Corruption = "border=2".parse().unwrap();
    let stream = Stream::new(7);
    corruption.apply(&mut batch, &Draw::new(&stream.fork("corruption"), 0)).unwrap();
    let inside = |pixel: usize| {
        let within = |at: usize| (BORDER..28 - BORDER).contains(&at);
        within(pixel / 28) && within(pixel % 28)
    };
    for (pixel, (&found, before)) in batch.values().iter().zip(expected).enumerate() {
        assert_eq!(found, if inside(pixel) { before } else { 0.0 }, "pixel {pixel}");
    }

    // -> Encoder -> Encoded: spikes [T,B,I]; black never fires, white always, and the same draw gives the same spikes.
    let encoder = Encoder::PoissonRate { max_rate: 1.0 };
    let draw = Draw::new(&stream.fork("encoder"), 0);
    let encoded = encoder.encode(&batch, STEPS, &draw).unwrap();
    assert_eq!(encoded, encoder.encode(&batch, STEPS, &draw).unwrap());
    let Encoded::Series(series) = &encoded else { panic!("spikes differ from step to step") };
    assert_eq!(series.len(), STEPS * PIXELS);
    for (i, &spike) in series.iter().enumerate() {
        let intensity = batch.values()[i % PIXELS];
        assert!(spike == 0.0 && intensity < 1.0 || spike == 1.0 && intensity > 0.0, "input {i}: {spike}");
    }

    // -> Input -> Network::forward -> Reading: y = min(v_T/threshold, 1.1) of the plain loops.
    let input = Input::Series(series);
    let config: LearnerConfig = toml::from_str(CONFIG).unwrap();
    config.validate().unwrap();
    let mut learner = Learner::new(config.clone(), 3).unwrap();
    let network = Network::new(&config.network, Models::default());
    let params = learner.params().clone();
    let plastic = network.plastic_at_rest();
    let mut workspace = Workspace::default();
    let expected = by_hand(&params, series);
    let margin = expected.potentials.iter().fold(1.0f64, |least, v| least.min((v - 0.35).abs()));
    assert!(margin > 1e-4, "a potential too near the threshold for single precision: choose another image");
    let reading = network.forward(&params, &plastic, input, 1, &mut workspace).clone();
    let y: Vec<f64> = last(&expected.integrated, CLASSES).iter().map(|v| v.min(1.1)).collect();
    assert_eq!(reading.step, STEPS - 1);
    assert_close(&reading.values, &y, "reading");
    assert_close(workspace.layer(0).output, &expected.spikes, "spikes");
    assert_close(workspace.layer(0).potential, &expected.potentials, "potentials");
    assert_close(workspace.next_plastic(0), &expected.plastic_weight, "plastic weight after the last step");
    let fired = expected.spikes.iter().sum::<f64>();
    assert!(fired > 0.0 && fired < expected.spikes.len() as f64, "a sample that shows something: {fired} spikes");

    // -> loss
    let label = sample.label;
    let (loss, predictions) = network.loss(Loss::MeanSquaredError, &[label], &mut workspace);
    assert!((loss - mean_squared_error(&y, label)).abs() < 1e-5 * loss);
    assert_eq!(predictions, [prediction(&reading.values)]);

    // -> gradients: for a read-out that integrates, dL/dv_T,c times what each step's input is worth at the end.
    let mut gradients = zeros(&config.network);
    network.backward(&params, &plastic, input, &mut workspace, &mut gradients);
    let slope = |c: usize| {
        let target = f64::from(u8::from(c as u32 == label));
        if y[c] < 1.1 { 2.0 * (y[c] - target) / CLASSES as f64 } else { 0.0 }
    };
    let worth = |t: usize| 0.8f64.powi((STEPS - 1 - t) as i32);
    let of_bias: Vec<f64> = (0..CLASSES).map(|c| slope(c) * (0..STEPS).map(worth).sum::<f64>()).collect();
    let seen = |h: usize| -> f64 {
        (0..STEPS).map(|t| worth(t) * (-(t as f64) / 40.0).exp() * expected.spikes[t * HIDDEN + h]).sum()
    };
    let of_weight: Vec<f64> = (0..CLASSES * HIDDEN).map(|i| slope(i / HIDDEN) * seen(i % HIDDEN)).collect();
    assert_close(&gradients[1].bias, &of_bias, "gradient of the read-out's bias");
    assert_close(&gradients[1].weight, &of_weight, "gradient of the read-out's weight");
    let hybrid = &gradients[0];
    for (name, values) in [
        ("weight", &hybrid.weight),
        ("plasticity_gain", &hybrid.plasticity_gain),
        ("local_learning_rate", &hybrid.local_learning_rate),
        ("sliding_threshold", &hybrid.sliding_threshold),
    ] {
        assert!(values.iter().any(|&g| g != 0.0) && values.iter().all(|g| g.is_finite()), "{name}");
    }

    // -> Learner::step: the same loss and gradients; Adam's first step is rate · sign(gradient).
    let report = learner.step(input, &[label]).unwrap();
    assert_eq!(report.loss, loss);
    assert_eq!(learner.gradients(), &gradients);
    let moved = learner.params()[1].bias.iter().zip(&params[1].bias).map(|(after, before)| after - before);
    for (moved, gradient) in moved.zip(&of_bias) {
        let expected = if *gradient == 0.0 { 0.0 } else { -1e-3 * gradient.signum() };
        assert!((f64::from(moved) - expected).abs() < 1e-5, "{moved} against {gradient}");
    }
    assert_close(&learner.plastic()[0].values, &expected.plastic_weight, "plastic weight kept for the next batch");

    // -> to_bytes -> from_bytes
    let metadata = BTreeMap::from([("image".to_owned(), number.to_string())]);
    let bytes = learner.to_bytes(&metadata);
    let (mut again, read) = Learner::from_bytes(config, &bytes).unwrap();
    assert_eq!(read, metadata);
    assert_eq!((again.params(), again.plastic()), (learner.params(), learner.plastic()));
    assert_eq!((again.steps_taken(), again.to_bytes(&metadata)), (1, bytes));

    // -> evaluate: both learners alike; one step on one image brings its loss down.
    for mode in [PlasticEval::Moving, PlasticEval::Frozen] {
        let [ours, theirs] = [&mut learner, &mut again].map(|l| l.evaluate(input, &[label], mode).unwrap());
        assert_eq!(ours, theirs);
        assert_eq!(ours.correct, usize::from(ours.predictions == [label]));
    }
    let frozen = again.evaluate(input, &[label], PlasticEval::Frozen).unwrap();

    // -> record: what the frozen network did, from which its loss follows.
    let recording = again.record(input).unwrap();
    assert_eq!(recording.len(), 2);
    let [hidden, readout] = &recording[..] else { unreachable!() };
    assert_eq!((hidden.neurons, hidden.spikes.len()), (HIDDEN, STEPS * HIDDEN));
    for (&v, &s) in hidden.membrane_potentials.iter().zip(&hidden.spikes) {
        assert_eq!(s, if f64::from(v) > hidden.threshold { 1.0 } else { 0.0 });
    }
    let last_potentials = last(&readout.membrane_potentials, CLASSES).iter();
    let y: Vec<f64> = last_potentials.map(|&v| (f64::from(v) / readout.threshold).min(1.1)).collect();
    assert!((frozen.loss - mean_squared_error(&y, label)).abs() < 1e-5 * frozen.loss);
}
