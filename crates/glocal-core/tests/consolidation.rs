//! Penalties of continual learning against their definitions.

mod common;

use common::*;
use glocal_core::config::*;
use glocal_core::consolidation::normalise;
use glocal_core::neuron::NeuronConfig;
use glocal_core::params::{ArraySpec, Group, Params};
use glocal_core::{Anchor, Consolidation, Examples, Fisher, Input, Learner, LearningRule, Models, PathIntegral};

const INPUTS: usize = 12;
const CLASSES: usize = 4;
const BATCH: usize = 32;

/// Without spikes, so that gradients are those of the loss itself.
fn plain(method: OptimiserConfig) -> LearnerConfig {
    let neuron = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: 1.0 };
    let layers = vec![LayerConfig::new(10, neuron), LayerConfig::new(CLASSES, neuron)];
    let network = NetworkConfig { learning_rule: LearningRule::Global, ..network_of(INPUTS, 3, layers) };
    LearnerConfig { loss: Loss::CrossEntropy, weights: method, ..learner_of(network) }
}

/// Noisy copies of one random pattern for each class. Half of the inputs show the same patterns in each task, for other
/// classes: what one task learned of them is wrong in the next. The other half is each task's own.
fn toy(task: u64, number: u64) -> (Vec<f64>, Vec<u32>) {
    let [common, own] = [77, 78 + task].map(|seed| Stream(seed).take(CLASSES * INPUTS, 0.0, 1.0));
    let noise = Stream(1000 + number).take(BATCH * INPUTS, -0.1, 0.1);
    let labels: Vec<u32> = (0..BATCH).map(|b| (b % CLASSES) as u32).collect();
    let value = |j: usize| {
        let (class, input) = (labels[j / INPUTS] as usize, j % INPUTS);
        let pattern = match input < INPUTS / 2 {
            true => common[(class + task as usize) % CLASSES * INPUTS + input],
            false => own[class * INPUTS + input],
        };
        pattern + noise[j]
    };
    ((0..BATCH * INPUTS).map(value).collect(), labels)
}

fn learner(method: OptimiserConfig) -> Learner<f64> {
    Learner::with_models(plain(method), 1, Models::default()).unwrap()
}

fn of_all(specs: &[ArraySpec], params: &Params<f64>, f: impl Fn(&ArraySpec, usize) -> f64) -> Params<f64> {
    let mut out = params.clone();
    for spec in specs {
        let values = out[spec.layer].get_mut(spec.field);
        values.iter_mut().enumerate().for_each(|(i, value)| *value = f(spec, i));
    }
    out
}

/// Two tasks held apart, then both held at a third place: the gradient added is the derivative of the sum of squares.
#[test]
fn anchors_pull_as_their_penalty_says() {
    let learner = learner(OptimiserConfig::adam(1e-3));
    let specs = learner.specs();
    let number =
        |salt: usize| move |spec: &ArraySpec, i: usize| ((i * 7 + spec.layer * 5 + salt * 13) % 17) as f64 / 17.0;
    let place = |salt| of_all(specs, learner.params(), number(salt));
    let [w1, w2, w3, o1, o2, o3, w] = [1, 2, 3, 4, 5, 6, 7].map(place);
    let mut anchor = Anchor::new(specs, w.len(), 0.7);
    let check = |anchor: &mut Anchor<f64>, held: &[(&Params<f64>, &Params<f64>, f64)]| {
        let mut gradients = of_all(specs, &w, |_, _| 0.25);
        anchor.add_gradient(specs, &w, &mut gradients);
        for spec in specs {
            let get = |params: &Params<f64>, i: usize| params[spec.layer].get(spec.field)[i];
            for (i, found) in gradients[spec.layer].get(spec.field).iter().enumerate() {
                let pull: f64 =
                    held.iter().map(|(place, omega, keep)| keep * get(omega, i) * (get(&w, i) - get(place, i))).sum();
                let wanted = 0.25 + if spec.field.group() == Group::Weights { 0.7 * pull } else { 0.0 };
                assert!((found - wanted).abs() < 1e-12, "{} {i}", spec.name());
            }
        }
    };
    check(&mut anchor, &[]);
    anchor.hold(specs, &w1, &o1);
    check(&mut anchor, &[(&w1, &o1, 1.0)]);
    anchor.hold(specs, &w2, &o2);
    check(&mut anchor, &[(&w1, &o1, 1.0), (&w2, &o2, 1.0)]);
    anchor.hold_here(specs, &w3, &o3, 0.5);
    check(&mut anchor, &[(&w3, &o1, 0.5), (&w3, &o2, 0.5), (&w3, &o3, 1.0)]);
}

/// An anchor that holds nothing changes no bit.
#[test]
fn no_penalty_is_the_plain_step() {
    let (mut with, mut without) = (learner(OptimiserConfig::adam(1e-3)), learner(OptimiserConfig::adam(1e-3)));
    let mut anchor = Anchor::new(with.specs(), with.params().len(), 5.0);
    for n in 0..5 {
        let (x, labels) = toy(0, n);
        let a = with.step_beside(Examples::new(Input::Constant(&x), &labels), &mut anchor).unwrap();
        let b = without.step(Input::Constant(&x), &labels).unwrap();
        assert_eq!(a, b);
    }
    assert!(bits(&with) == bits(&without));
}

/// Small steps down the gradient: the contributions of all weights add up to what the loss fell by.
#[test]
fn contributions_add_up_to_the_fall_of_the_loss() {
    let sgd = OptimiserConfig { method: OptimiserMethod::Sgd { momentum: 0.0 }, ..OptimiserConfig::adam(2e-3) };
    let mut learner = learner(sgd);
    let specs = learner.specs().to_vec();
    let mut path = PathIntegral::new(&specs, learner.params(), 0.0, 0.1);
    let (x, labels) = toy(0, 0);
    let examples = Examples::new(Input::Constant(&x), &labels);
    let losses: Vec<f64> = (0..400).map(|_| learner.step_beside(examples, &mut path).unwrap().loss).collect();
    let end = learner.loss_and_gradients_on(examples).unwrap().loss;
    let sum = |params: &Params<f64>| -> f64 { specs.iter().flat_map(|spec| params[spec.layer].get(spec.field)).sum() };
    let (fell, contributed) = (losses[0] - end, sum(path.contribution()));
    assert!(fell > 0.2, "{fell}");
    assert!((contributed / fell - 1.0).abs() < 0.02, "{contributed} of {fell}");
    let starts = Learner::<f64>::with_models(learner.config().clone(), 1, Models::default()).unwrap();
    let contribution = path.contribution().clone();
    path.end_task(&specs, learner.params());
    assert_eq!(sum(path.contribution()), 0.0);
    for spec in specs.iter().filter(|spec| spec.field.group() == Group::Weights) {
        let get = |params: &Params<f64>, i: usize| params[spec.layer].get(spec.field)[i];
        for i in 0..spec.len() {
            let way = get(learner.params(), i) - get(starts.params(), i);
            let wanted = get(&contribution, i).max(0.0) / (way * way + 0.1);
            assert!((get(&path.anchor().importance, i) - wanted).abs() < 1e-12);
            assert!((get(&path.anchor().pull, i) - wanted * get(learner.params(), i)).abs() < 1e-12);
        }
    }
}

/// A task's importance counts by its mean over all weights; one that is zero stays zero.
#[test]
fn normalised_importance_has_a_mean_of_one() {
    let learner = learner(OptimiserConfig::adam(1e-3));
    let specs = learner.specs();
    let raw = of_all(specs, learner.params(), |spec, i| ((i * 7 + spec.layer * 5) % 17) as f64 * 3e-5);
    let weights = |params: &Params<f64>| -> Vec<f64> {
        let weights = specs.iter().filter(|spec| spec.field.group() == Group::Weights);
        weights.flat_map(|spec| params[spec.layer].get(spec.field).clone()).collect()
    };
    let mut scaled = raw.clone();
    normalise(specs, &mut scaled);
    let (raw, scaled) = (weights(&raw), weights(&scaled));
    let mean = raw.iter().sum::<f64>() / raw.len() as f64;
    assert!(raw.iter().zip(&scaled).all(|(raw, scaled)| (raw / mean - scaled).abs() < 1e-12));
    let mut nothing = of_all(specs, learner.params(), |_, _| 0.0);
    normalise(specs, &mut nothing);
    assert!(weights(&nothing).iter().all(|&value| value == 0.0));
}

/// Mean squares of single samples' gradients.
#[test]
fn fisher_is_the_mean_square() {
    let mut learner = learner(OptimiserConfig::adam(1e-3));
    let specs = learner.specs().to_vec();
    let (x, labels) = toy(0, 0);
    let mut fisher = Fisher::new(&specs, learner.params().len());
    let mut sums = of_all(&specs, learner.params(), |_, _| 0.0);
    for b in 0..7 {
        let sample = Input::Constant(&x[b * INPUTS..(b + 1) * INPUTS]);
        learner.loss_and_gradients(sample, &labels[b..=b]).unwrap();
        fisher.add(&specs, learner.gradients());
        for spec in &specs {
            let gradients = learner.gradients()[spec.layer].get(spec.field);
            let sums = sums[spec.layer].get_mut(spec.field);
            sums.iter_mut().zip(gradients).for_each(|(sum, g)| *sum += g * g / 7.0);
        }
    }
    let mean = fisher.mean(&specs);
    for spec in &specs {
        let (found, wanted) = (mean[spec.layer].get(spec.field), sums[spec.layer].get(spec.field));
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-15), "{}", spec.name());
        assert!(found.iter().any(|&omega| omega > 0.0), "{}", spec.name());
    }
}

/// After a second task, a network held by either penalty knows the first one better than one that is not held.
#[test]
fn held_weights_forget_less() {
    let loss_of = |learner: &mut Learner<f64>, task: u64| {
        let (x, labels) = toy(task, 1 << 40);
        learner.loss_and_gradients(Input::Constant(&x), &labels).unwrap().loss
    };
    let run = |kind: usize| {
        let mut learner = learner(OptimiserConfig::adam(1e-2));
        let specs = learner.specs().to_vec();
        let mut anchor = Anchor::new(&specs, learner.params().len(), 1e4);
        let mut path = PathIntegral::new(&specs, learner.params(), 4.0, 0.1);
        for task in 0..2 {
            for n in 0..60 {
                let (x, labels) = toy(task, n);
                let examples = Examples::new(Input::Constant(&x), &labels);
                match kind {
                    0 => learner.step_on(examples, &Group::ALL),
                    1 => learner.step_beside(examples, &mut anchor),
                    _ => learner.step_beside(examples, &mut path),
                }
                .unwrap();
            }
            let mut fisher = Fisher::new(&specs, learner.params().len());
            for n in 0..4 {
                let (x, labels) = toy(task, n);
                for (x, label) in x.chunks(INPUTS).zip(&labels) {
                    learner.loss_and_gradients(Input::Constant(x), &[*label]).unwrap();
                    fisher.add(&specs, learner.gradients());
                }
            }
            anchor.hold(&specs, learner.params(), &fisher.mean(&specs));
            path.end_task(&specs, learner.params());
        }
        [loss_of(&mut learner, 0), loss_of(&mut learner, 1)]
    };
    let [plain, ewc, si] = [0, 1, 2].map(run);
    assert!(ewc[0] < 0.5 * plain[0] && si[0] < 0.5 * plain[0], "{plain:?} {ewc:?} {si:?}");
    // And learns the second one still.
    assert!(ewc[1] < 0.7 && si[1] < 0.7, "{plain:?} {ewc:?} {si:?}");
}

/// A network that is given the synapses of another mask is the one that was made with them, and a step moves it alike.
#[test]
fn another_mask_is_another_networks() {
    let config = |seed| {
        let mut config = plain(OptimiserConfig::adam(1e-3));
        config.network.layers[0].mask = Some(MaskConfig { density: 0.25, seed, part: 2, block: 1 });
        config
    };
    let made = |seed| Learner::<f64>::with_models(config(seed), 1, Models::default()).unwrap();
    let (mut changed, mut other) = (made(3), made(9));
    let before = changed.synapses(0).unwrap();
    assert_eq!(before.len(), 10 * 3);
    assert!(before.is_sorted() && before.iter().all(|&place| place < 10 * INPUTS as u32));
    assert_eq!(changed.synapses(1), None);
    changed.remask(|layer| (9 + layer as u64, 2));
    assert_eq!(changed.synapses(0), other.synapses(0));
    assert_ne!(changed.synapses(0), Some(before));
    assert_eq!(changed.config(), other.config());
    let (x, labels) = toy(0, 0);
    for _ in 0..2 {
        let reports = [&mut changed, &mut other].map(|l| l.step(Input::Constant(&x), &labels).unwrap());
        assert_eq!(reports[0], reports[1]);
        assert_eq!(changed.params(), other.params());
    }
}

/// A path integral that goes on from what an earlier one held, between two tasks, is that one.
#[test]
fn path_integrals_go_on() {
    let mut learner = learner(OptimiserConfig::adam(1e-2));
    let specs = learner.specs().to_vec();
    let mut path = PathIntegral::new(&specs, learner.params(), 0.5, 0.1);
    let step = |learner: &mut Learner<f64>, path: &mut PathIntegral<f64>, number| {
        let (x, labels) = toy(number, number);
        learner.step_beside(Examples::new(Input::Constant(&x), &labels), path).unwrap();
    };
    (0..3).for_each(|number| step(&mut learner, &mut path, number));
    path.end_task(&specs, learner.params());
    let mut again = PathIntegral::new(&specs, learner.params(), 0.5, 0.1);
    let held = path.anchor().clone();
    again.hold(learner.params(), held.importance, held.pull);
    assert!(path.anchor().importance.iter().any(|layer| layer.weight.iter().any(|&w| w > 0.0)));
    let bytes = learner.to_bytes(&Default::default());
    step(&mut learner, &mut path, 7);
    let mut resumed = Learner::restore(learner.config().clone(), &bytes, Models::default()).unwrap().0;
    step(&mut resumed, &mut again, 7);
    assert_eq!(learner.params(), resumed.params());
    assert_eq!(path.contribution(), again.contribution());
}
