//! Learners that learn, and what moves them, seen from outside. Bounds were fixed before the runs.

mod common;

use std::collections::BTreeMap;

use common::*;
use glocal_core::config::*;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::Field;
use glocal_core::plasticity::RuleConfig;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, Learner, LearnerConfig, LearningRule, PlasticEval, Severity};

const INPUTS: usize = 12;
const CLASSES: usize = 4;
const BATCH: usize = 32;

/// Noisy copies of one random pattern for each class.
fn toy(seed: u64) -> (Vec<f32>, Vec<u32>) {
    let patterns = splitmix(77, CLASSES * INPUTS);
    let labels: Vec<u32> = (0..BATCH).map(|b| (b % CLASSES) as u32).collect();
    let noise = splitmix(seed + 1000, BATCH * INPUTS);
    let value = |j: usize| {
        let pattern = patterns[labels[j / INPUTS] as usize * INPUTS + j % INPUTS];
        (if pattern > 0.5 { 0.9 } else { 0.1 } + 0.2 * (noise[j] - 0.5)) as f32
    };
    ((0..BATCH * INPUTS).map(value).collect(), labels)
}

fn config(rule: LearningRule) -> LearnerConfig {
    let mut config = demo(rule, [INPUTS, 24, CLASSES], 6);
    config.weights = OptimiserConfig::adam(5e-3);
    config
}

fn train(learner: &mut Learner, steps: u64) {
    for n in 0..steps {
        let (x, labels) = toy(n);
        learner.step(Input::Constant(&x), &labels).unwrap();
    }
}

fn evaluate(learner: &mut Learner, how: PlasticEval) -> (f64, f64) {
    let (x, labels) = toy(1 << 40);
    let report = learner.evaluate(Input::Constant(&x), &labels, how).unwrap();
    (report.loss, report.correct as f64 / BATCH as f64)
}

/// Each arm: the loss halves at least, and 90 % of unseen samples are right.
#[test]
fn each_arm_learns() {
    for rule in [LearningRule::Global, LearningRule::Local, LearningRule::Hybrid] {
        for loss in [Loss::MeanSquaredError, Loss::CrossEntropy, Loss::BinaryCrossEntropy] {
            let mut config = config(rule);
            config.loss = loss;
            if loss != Loss::MeanSquaredError {
                config.network.readout = Readout::Membrane { cap: None };
            }
            let mut learner = Learner::new(config, 1).unwrap();
            let before = evaluate(&mut learner, PlasticEval::Moving).0;
            train(&mut learner, 300);
            for how in [PlasticEval::Moving, PlasticEval::Frozen] {
                let (after, correct) = evaluate(&mut learner, how);
                assert!(after < before / 2.0, "{rule:?} {loss:?} {how:?}: loss {before} to {after}");
                assert!(correct >= 0.9, "{rule:?} {loss:?} {how:?}: {correct} right");
            }
        }
    }
}

/// Each rule, neuron and read-out learns the task through a series input as well.
#[test]
fn each_rule_learns() {
    for (index, rule) in rules().into_iter().enumerate() {
        for sharing in [Sharing::Batch, Sharing::PerSample] {
            let mut config = config(LearningRule::Hybrid);
            for layer in &mut config.network.layers {
                let plasticity = plasticity_of(layer);
                plasticity.rule = rule;
                plasticity.sharing = sharing;
                plasticity.scope = PlasticScope::Sample;
                couple(layer, couplings()[[0, 1, 2, 4][index % 4]]);
            }
            config.network.layers[0].neuron = NeuronConfig::AdaptiveLif {
                threshold: 0.35,
                decay: 0.5,
                adaptation_decay: 0.8,
                adaptation_strength: 0.1,
                reset: Reset::ToZero,
                surrogate: SurrogateGradient::Arctan { slope: 2.0 },
            };
            config.network.readout = [Readout::Rate, Readout::Membrane { cap: None }][index % 2];
            let mut learner = Learner::new(config, 2).unwrap();
            for n in 0..400 {
                let (x, labels) = toy(n);
                learner.step(Input::Series(&x.repeat(6)), &labels).unwrap();
            }
            let (x, labels) = toy(1 << 40);
            let report = learner.evaluate(Input::Series(&x.repeat(6)), &labels, PlasticEval::Moving).unwrap();
            assert!(report.correct >= 28, "{rule:?} {sharing:?}: {} of {BATCH}, loss {}", report.correct, report.loss);
        }
    }
}

/// The local arm leaves hidden parameters bit for bit, and moves hidden plastic weights and the read-out layer.
#[test]
fn local_arm_leaves_hidden_parameters() {
    let mut learner = Learner::new(config(LearningRule::Local), 1).unwrap();
    let before = learner.params().clone();
    train(&mut learner, 20);
    assert_eq!(learner.params()[0], before[0]);
    for field in FIELDS {
        assert_ne!(learner.params()[1].get(field), before[1].get(field), "{field:?}");
        assert!(learner.gradients()[0].get(field).iter().all(|&g| g == 0.0));
    }
    assert!(learner.plastic().iter().all(|p| p.values.iter().any(|&p| p != 0.0)));
    // The global arm has no plastic weight, the hybrid arm moves everything.
    let mut learner = Learner::new(config(LearningRule::Global), 1).unwrap();
    train(&mut learner, 3);
    assert!(learner.plastic().iter().all(|p| p.values.is_empty()));
    let mut learner = Learner::new(config(LearningRule::Hybrid), 1).unwrap();
    let before = learner.params().clone();
    train(&mut learner, 3);
    for (after, before) in learner.params().iter().zip(&before) {
        FIELDS.iter().for_each(|&f| assert_ne!(after.get(f), before.get(f), "{f:?}"));
    }
}

fn sgd(learning_rate: f64) -> OptimiserConfig {
    OptimiserConfig { method: OptimiserMethod::Sgd { momentum: 0.0 }, ..OptimiserConfig::adam(learning_rate) }
}

/// Euclidean length of a group's gradient, or of its change.
fn length(pairs: impl Iterator<Item = f64>) -> f64 {
    pairs.map(|d| d * d).sum::<f64>().sqrt()
}

fn changes(before: &Learner, after: &Learner, meta: bool) -> f64 {
    let is_meta = |field: Field| !matches!(field, Field::Weight | Field::Bias);
    length(after.params().iter().zip(before.params()).flat_map(|(a, b)| {
        let fields = FIELDS.into_iter().filter(move |&f| is_meta(f) == meta);
        fields.flat_map(|f| a.get(f).iter().zip(b.get(f)).map(|(a, b)| f64::from(a - b)).collect::<Vec<_>>())
    }))
}

/// With plain descent of rate 1 the change of a group is its gradient: at most `clip_norm`, and along the gradient.
#[test]
fn clip_norm_bounds_each_group() {
    for (weights, meta) in [(None, None), (Some(1e-3), None), (None, Some(1e-4)), (Some(1e9), Some(1e9))] {
        let mut config = config(LearningRule::Hybrid);
        config.weights = OptimiserConfig { clip_norm: weights, ..sgd(1.0) };
        config.meta = OptimiserConfig { clip_norm: meta, ..sgd(1.0) };
        let before = Learner::new(config.clone(), 1).unwrap();
        let mut after = Learner::new(config, 1).unwrap();
        train(&mut after, 1);
        let gradient = |meta: bool| {
            let fields: &[Field] = if meta { &FIELDS[2..] } else { &FIELDS[..2] };
            length(after.gradients().iter().flat_map(|g| fields.iter().flat_map(|&f| g.get(f)).map(|&g| f64::from(g))))
        };
        for (clip, meta) in [(weights, false), (meta, true)] {
            let full = gradient(meta);
            assert!(full > 1e-3 || meta && full > 1e-4, "{full}");
            let (expected, found) = (clip.map_or(full, |c: f64| c.min(full)), changes(&before, &after, meta));
            assert!((found - expected).abs() < 1e-3 * expected, "clip {clip:?}, meta {meta}: {found}, not {expected}");
        }
    }
}

/// A group moves on every n-th step only, the other one meanwhile goes on.
#[test]
fn update_interval_is_kept() {
    let mut config = config(LearningRule::Hybrid);
    config.meta = OptimiserConfig { update_interval: 3, ..OptimiserConfig::adam(5e-3) };
    config.weights = OptimiserConfig { update_interval: 2, ..OptimiserConfig::adam(5e-3) };
    let mut learner = Learner::new(config.clone(), 1).unwrap();
    for n in 1..=9u64 {
        let mut before = Learner::new(config.clone(), 1).unwrap();
        before.params_mut().clone_from(learner.params());
        let (x, labels) = toy(n);
        learner.step(Input::Constant(&x), &labels).unwrap();
        assert_eq!(changes(&before, &learner, true) > 0.0, n % 3 == 0, "meta, step {n}");
        assert_eq!(changes(&before, &learner, false) > 0.0, n % 2 == 0, "weights, step {n}");
        assert_eq!(learner.steps_taken(), n);
        // Adam counts the group's own updates: the first moves each weight by the rate, against its gradient.
        if n == 2 {
            let pairs = learner.params()[1].weight.iter().zip(&before.params()[1].weight);
            for ((after, before), &gradient) in pairs.zip(&learner.gradients()[1].weight) {
                let step = f64::from(before - after) / 5e-3;
                assert!(gradient.abs() < 1e-5 || (step - f64::from(gradient.signum())).abs() < 0.01, "{step}");
            }
        }
    }
}

#[test]
fn rate_bounds_hold() {
    let mut config = config(LearningRule::Hybrid);
    config.meta = OptimiserConfig::adam(0.3);
    plasticity_of(&mut config.network.layers[0]).rate_bounds = Some([-0.02, 0.05]);
    let mut learner = Learner::new(config, 1).unwrap();
    let mut met = [false; 2];
    for n in 0..30 {
        let (x, labels) = toy(n);
        learner.step(Input::Constant(&x), &labels).unwrap();
        let rates = &learner.params()[0].local_learning_rate;
        assert!(rates.iter().all(|r| (-0.02..=0.05).contains(r)), "{rates:?}");
        met[0] |= rates.contains(&-0.02);
        met[1] |= rates.contains(&0.05);
    }
    assert!(met == [true; 2], "both bounds are met: {met:?}");
    assert!(learner.params()[1].local_learning_rate.iter().any(|r| !(-0.02..=0.05).contains(r)), "the other is free");
}

/// The change of a step scales with the schedule's factor, of each group's own schedule.
#[test]
fn schedules_scale_the_step() {
    let change = |epoch: u64, schedule: Schedule| {
        let mut config = config(LearningRule::Hybrid);
        config.weights = OptimiserConfig { schedule, ..sgd(0.5) };
        config.meta = sgd(0.5);
        let before = Learner::new(config.clone(), 1).unwrap();
        let mut learner = Learner::new(config, 1).unwrap();
        learner.begin_epoch(epoch);
        train(&mut learner, 1);
        (changes(&before, &learner, false), changes(&before, &learner, true))
    };
    let (base, meta) = change(0, Schedule::Constant);
    let half = std::f64::consts::FRAC_PI_2;
    let cosine = |share: f64| 0.2 + 0.8 * 0.5 * (1.0 + libm::cos(2.0 * half * share));
    for (schedule, epoch, factor) in [
        (Schedule::Constant, 100, 1.0),
        (Schedule::Step { every: 3, factor: 0.1 }, 2, 1.0),
        (Schedule::Step { every: 3, factor: 0.1 }, 3, 0.1),
        (Schedule::Step { every: 3, factor: 0.1 }, 6, 0.01),
        (Schedule::Cosine { epochs: 8, floor: 0.2 }, 0, 1.0),
        (Schedule::Cosine { epochs: 8, floor: 0.2 }, 2, cosine(0.25)),
        (Schedule::Cosine { epochs: 8, floor: 0.2 }, 4, 0.6),
        (Schedule::Cosine { epochs: 8, floor: 0.2 }, 20, 0.2),
    ] {
        let (found, other) = change(epoch, schedule);
        assert!((found / base - factor).abs() < 2e-3 * factor, "{schedule:?} epoch {epoch}: {}", found / base);
        assert_eq!(other, meta, "the other group has a schedule of its own");
    }
}

/// Same seed, same bits; another seed, others; and weights do not depend on what else the network holds.
#[test]
fn seeds() {
    let of_seed = |rule, seed| Learner::new(config(rule), seed).unwrap();
    assert!(bits(&of_seed(LearningRule::Hybrid, 1)) == bits(&of_seed(LearningRule::Hybrid, 1)));
    assert!(bits(&of_seed(LearningRule::Hybrid, 1)) != bits(&of_seed(LearningRule::Hybrid, 2)));
    let (global, hybrid) = (of_seed(LearningRule::Global, 1), of_seed(LearningRule::Hybrid, 1));
    assert_eq!(global.params()[1].weight, hybrid.params()[1].weight);
    let spread = global.params()[0].weight.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    assert!(spread < 1.0 / (INPUTS as f32).sqrt() && spread > 0.9 / (INPUTS as f32).sqrt(), "{spread}");
}

fn with_bias(bias: f32) -> Learner {
    let mut learner = Learner::new(config(LearningRule::Global), 1).unwrap();
    learner.params_mut()[0].bias.fill(bias);
    learner
}

/// Health, end to end: a silent hidden layer, a saturated one, and nothing of a healthy one.
#[test]
fn health_of_networks() {
    for (bias, word) in [(-100.0, "never fired"), (100.0, "nearly every step")] {
        let mut learner = with_bias(bias);
        learner.begin_epoch(0);
        train(&mut learner, 20);
        let found = learner.health();
        let named = found.iter().find(|f| f.layer == "layers.0" && f.what.contains(word));
        let finding = named.unwrap_or_else(|| panic!("{word} is not among {found:?}"));
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.what.contains("100.0 %") && !finding.hint.is_empty(), "{}", finding.what);
        // The weight's gradient is zero too, and is said to vanish.
        assert!(found.iter().any(|f| f.layer == "layers.0" && f.what.contains("vanishes")), "{found:?}");
    }
    let mut learner = Learner::new(config(LearningRule::Global), 1).unwrap();
    learner.begin_epoch(0);
    train(&mut learner, 64);
    let hidden: Vec<_> = learner.health().into_iter().filter(|f| f.severity == Severity::Warning).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn health_of_clamped_weights() {
    let mut config = config(LearningRule::Hybrid);
    let plasticity = plasticity_of(&mut config.network.layers[0]);
    (plasticity.clamp, plasticity.meta_init, plasticity.decay) = (Some(0.05), 0.5, 1.0);
    plasticity.rule = RuleConfig::Hebbian { post: Default::default(), sign: 1.0 };
    let mut learner = Learner::new(config, 1).unwrap();
    train(&mut learner, 2);
    let found = learner.health();
    assert!(found.iter().any(|f| f.layer == "layers.0" && f.what.contains("at the clamp")), "{found:?}");
    assert!(!found.iter().any(|f| f.layer == "layers.1" && f.what.contains("at the clamp")), "{found:?}");
}

/// Every epoch is looked at, however few batches it has.
#[test]
fn health_of_short_epochs() {
    let mut learner = with_bias(-100.0);
    for epoch in 0..4 {
        learner.begin_epoch(epoch);
        train(&mut learner, 5);
        let found = learner.health();
        assert!(found.iter().any(|f| f.what.contains("never fired")), "epoch {epoch}: {found:?}");
    }
}

/// A recording is the frozen network's own trajectory of one sample.
#[test]
fn recordings() {
    let mut learner = Learner::new(config(LearningRule::Hybrid), 1).unwrap();
    train(&mut learner, 10);
    let (x, labels) = toy(5);
    let before = bits(&learner);
    let recording = learner.record(Input::Constant(&x[..INPUTS])).unwrap();
    assert_eq!(bits(&learner), before);
    learner.evaluate(Input::Constant(&x[..INPUTS]), &labels[..1], PlasticEval::Frozen).unwrap();
    for (index, layer) in recording.iter().enumerate() {
        let view = learner.workspace().layer(index);
        assert_eq!(layer.membrane_potentials, view.potential);
        assert_eq!(layer.spikes, view.output);
        assert_eq!((layer.neurons, layer.threshold), ([24, CLASSES][index], 0.35));
        let fires: Vec<f32> = layer.membrane_potentials.iter().map(|&v| f32::from(v > 0.35)).collect();
        assert_eq!(layer.spikes, fires);
    }
}

/// Weights of few bits learn the task: all on the grid of their unit after every step, saved and continued to the same bits.
#[test]
fn weights_of_few_bits_learn() {
    for bits in [2, 4, 8] {
        let mut config = config(LearningRule::Hybrid);
        config.weight_bits = Some(bits);
        let mut learner = Learner::new(config.clone(), 1).unwrap();
        let before = evaluate(&mut learner, PlasticEval::Moving).0;
        train(&mut learner, 150);
        let (mut again, _) = Learner::from_bytes(config, &learner.to_bytes(&BTreeMap::new())).unwrap();
        for learner in [&mut learner, &mut again] {
            train(learner, 150);
        }
        assert_eq!(learner.to_bytes(&BTreeMap::new()), again.to_bytes(&BTreeMap::new()));
        let (after, correct) = evaluate(&mut learner, PlasticEval::Moving);
        assert!(after < before / 2.0 && correct >= 0.9, "{bits} bits: loss {before} to {after}, {correct} right");
        for (index, layer) in learner.params().iter().enumerate() {
            let unit = learner.weight_unit(index).unwrap();
            let most = f64::from(glocal_core::quantisation::largest(bits));
            for &weight in &layer.weight {
                let units = f64::from(weight) / unit;
                assert!((units - units.round()).abs() < 1e-4 * most && units.abs() < most + 0.5, "{units}");
            }
        }
    }
}
