//! Smoothed finite differences: with the surrogate's smooth step in place of each spike, the surrogate gradient is the
//! true gradient, and central differences of the loss must find it, in double precision.
//!
//! [`full_product`] runs every neuron x reset x surrogate x rule x coupling x sharing x scope, in both layers; execution,
//! input, read-out, loss and starting plastic weights are drawn, and every pair of values of any two of all factors is
//! asserted to have occurred.
//!
//! Kinks (edges of the rectangle, caps, clamps, the step of a first-spike reading) are met by smaller steps, never by
//! skipping: each gradient must be found by one of three step sizes, and how often the first failed is bounded.

mod common;

use std::collections::BTreeSet;
use std::sync::Mutex;

use common::*;
use glocal_core::config::*;
use glocal_core::layer::PlasticWeight;
use glocal_core::network::{Network, Workspace};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::{Field, Params, array_specs, zeros};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, LearningRule, Models};
use rayon::prelude::*;

const BATCH: usize = 3;
const INPUTS: usize = 5;
const HIDDEN: usize = 4;
const CLASSES: usize = 3;
const STEPS: usize = 4;

/// A network at one point of its parameters.
struct Case {
    name: String,
    config: NetworkConfig,
    loss: Loss,
    params: Params<f64>,
    plastic: Vec<PlasticWeight<f64>>,
    x: Vec<f64>,
    series: bool,
    labels: Vec<u32>,
}

/// What a check saw.
#[derive(Default)]
struct Seen {
    checks: usize,
    /// Checks whose gradient is large enough to tell a wrong one.
    telling: usize,
    /// Checks that needed a smaller step.
    retries: usize,
    executions: Vec<Option<Execution>>,
    /// The gradient's largest size for each array.
    largest: Vec<(usize, Field, f64)>,
}

impl Case {
    fn new(name: String, config: NetworkConfig, loss: Loss, series: bool, seed: u64) -> Self {
        let mut stream = Stream(seed);
        let planes = if series { config.steps } else { 1 };
        let classes = config.layers.last().unwrap().size;
        Case {
            name,
            params: lively_params(&config, &mut stream),
            plastic: lively_plastic(&config, BATCH, &mut stream),
            x: stream.take(planes * BATCH * config.inputs, 0.1, 1.0),
            labels: labels_of(BATCH, classes),
            config,
            loss,
            series,
        }
    }

    fn input(&self) -> Input<'_, f64> {
        if self.series { Input::Series(&self.x) } else { Input::Constant(&self.x) }
    }

    fn loss(&self, network: &Network<f64>, params: &Params<f64>, workspace: &mut Workspace<f64>) -> f64 {
        network.forward(params, &self.plastic, self.input(), BATCH, workspace);
        network.loss(self.loss, &self.labels, workspace).0
    }

    /// Checks one random direction of each trained array, or each of its entries.
    fn check(&self, entries: bool) -> Seen {
        let network = Network::new(&self.config, Models::default()).smooth();
        let mut workspace = Workspace::default();
        let mut gradients = zeros(&self.config);
        self.loss(&network, &self.params, &mut workspace);
        network.backward(&self.params, &self.plastic, self.input(), &mut workspace, &mut gradients);
        let mut seen = Seen {
            executions: (0..self.config.layers.len()).map(|i| workspace.layer(i).execution).collect(),
            ..Seen::default()
        };
        let mut stream = Stream(self.x.len() as u64 ^ 77);
        for spec in array_specs(&self.config) {
            let (layer, field) = (spec.layer, spec.field);
            let gradient = gradients[layer].get(field).clone();
            assert_eq!(gradient.len(), spec.len(), "{}: gradient of {}", self.name, spec.name());
            if !spec.trained {
                assert!(gradient.iter().all(|&g| g == 0.0), "{}: {} is not trained", self.name, spec.name());
                continue;
            }
            let directions: Vec<Vec<f64>> = if entries {
                (0..spec.len()).map(|i| (0..spec.len()).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect()
            } else {
                vec![stream.take(spec.len(), -1.0, 1.0)]
            };
            for direction in directions {
                let analytic: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
                let found = self.agrees(&network, &mut workspace, (layer, field), &direction, analytic);
                let (retries, telling) = found.unwrap_or_else(|differences| {
                    panic!("{}: {}: analytic {analytic:e}, differences {differences:?}", self.name, spec.name())
                });
                seen.checks += 1;
                seen.telling += usize::from(telling);
                seen.retries += usize::from(retries > 0);
            }
            let largest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            seen.largest.push((layer, field, largest));
        }
        seen
    }

    /// Number of step sizes that failed before one agreed, and whether the gradient is well above the tolerance.
    fn agrees(
        &self,
        network: &Network<f64>,
        workspace: &mut Workspace<f64>,
        (layer, field): (usize, Field),
        direction: &[f64],
        analytic: f64,
    ) -> Result<(usize, bool), Vec<f64>> {
        let mut params = self.params.clone();
        let mut at = |h: f64| {
            let base = self.params[layer].get(field);
            let moved = base.iter().zip(direction).map(|(p, d)| p + h * d).collect();
            *params[layer].get_mut(field) = moved;
            self.loss(network, &params, workspace)
        };
        let mut differences = Vec::new();
        // The rounding of the loss over the step, with the error of the difference's own order.
        for (h, absolute) in [(2e-5, 3e-9), (1e-6, 5e-9), (1e-7, 2e-8)] {
            let difference = (at(h) - at(-h)) / (2.0 * h);
            let tolerance = 3e-7 * analytic.abs() + absolute;
            if (difference - analytic).abs() <= tolerance {
                return Ok((differences.len(), analytic.abs() > 100.0 * absolute));
            }
            differences.push(difference);
        }
        Err(differences)
    }
}

fn surrogates() -> [SurrogateGradient; 5] {
    [
        SurrogateGradient::Rectangle { half_width: 0.5 },
        SurrogateGradient::Triangle { width: 0.9 },
        SurrogateGradient::Sigmoid { slope: 4.0 },
        SurrogateGradient::Arctan { slope: 2.0 },
        SurrogateGradient::FastSigmoid { slope: 5.0 },
    ]
}

/// Every neuron x reset x surrogate; a leaky integrator has neither reset nor surrogate.
fn neurons() -> Vec<NeuronConfig> {
    let mut all = vec![NeuronConfig::LeakyIntegrator { decay: 0.6, threshold: 0.8 }];
    for reset in [Reset::Subtract, Reset::ToZero] {
        for surrogate in surrogates() {
            all.push(NeuronConfig::Lif { threshold: 0.6, decay: 0.5, reset, surrogate });
            all.push(NeuronConfig::AdaptiveLif {
                threshold: 0.5,
                decay: 0.6,
                adaptation_decay: 0.8,
                adaptation_strength: 0.3,
                reset,
                surrogate,
            });
        }
    }
    all
}

const SHARINGS: [Sharing; 2] = [Sharing::Batch, Sharing::PerSample];
const READOUTS: [Readout; 4] = [
    Readout::Membrane { cap: None },
    Readout::Membrane { cap: Some(1.1) },
    Readout::Rate,
    Readout::FirstSpike { share: 0.5 },
];
const LOSSES: [Loss; 3] = [Loss::MeanSquaredError, Loss::CrossEntropy, Loss::BinaryCrossEntropy];

/// Values of neuron, rule, coupling, sharing, scope, execution: one of a mixed-radix number's digits each.
fn layer_of(size: usize, digits: [usize; 6]) -> LayerConfig {
    let [neuron, rule, coupling, sharing, scope, execution] = digits;
    let mut layer = plastic_layer(size, neurons()[neuron], rules()[rule]);
    couple(&mut layer, couplings()[coupling]);
    *plasticity_of(&mut layer) = PlasticityConfig {
        sharing: SHARINGS[sharing],
        scope: SCOPES[scope],
        execution: [Execution::Dense, Execution::LowRank][execution],
        ..plasticity_of(&mut layer).clone()
    };
    layer
}

/// Every neuron x reset x surrogate x rule x coupling x sharing x scope, once in each layer.
#[test]
fn full_product() {
    let radices = [neurons().len(), 7, 5, 2, 4];
    let count: usize = radices.iter().product();
    let digits = |mut index: usize| {
        radices.map(|radix| {
            let digit = index % radix;
            index /= radix;
            digit
        })
    };
    // The upper layer runs through the whole product as well, in an order of its own.
    let mut others: Vec<usize> = (0..count).collect();
    let keys = splitmix(5, count);
    others.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    let totals = Mutex::new((Seen::default(), BTreeSet::new(), [0usize; 7]));
    (0..count).into_par_iter().for_each(|index| {
        let mut draw = Stream(index as u64 * 31 + 7);
        let (low, high) = (digits(index), digits(others[index]));
        let extra = [draw.pick(2), draw.pick(2), draw.pick(2), draw.pick(4), draw.pick(3)];
        let [low_execution, high_execution, series, readout, loss] = extra;
        let with = |d: [usize; 5], e: usize| [d[0], d[1], d[2], d[3], d[4], e];
        let layers = vec![layer_of(HIDDEN, with(low, low_execution)), layer_of(CLASSES, with(high, high_execution))];
        let config = NetworkConfig { readout: READOUTS[readout], ..network_of(INPUTS, STEPS, layers) };
        let name = format!("case {index}: {config:?}");
        let mut case = Case::new(name, config, LOSSES[loss], series == 1, index as u64);
        if draw.pick(4) == 0 {
            case.plastic.iter_mut().for_each(|p| p.values.clear());
        }
        let seen = case.check(false);
        for (layer, execution) in seen.executions.iter().enumerate() {
            let plasticity = case.config.layers[layer].plasticity.as_ref().unwrap();
            let wanted = plasticity.execution == Execution::LowRank && low_rank_possible(plasticity);
            let expected = if wanted { Execution::LowRank } else { Execution::Dense };
            assert_eq!(*execution, Some(expected), "{}", case.name);
        }
        let mut totals = totals.lock().unwrap();
        totals.0.checks += seen.checks;
        totals.0.telling += seen.telling;
        totals.0.retries += seen.retries;
        if seen.executions[0] == Some(Execution::LowRank) {
            totals.2[low[1]] += 1;
        }
        let factors: Vec<usize> = low.into_iter().chain(high).chain(extra).collect();
        for a in 0..factors.len() {
            for b in 0..a {
                totals.1.insert((a, factors[a], b, factors[b]));
            }
        }
    });
    let (seen, pairs, low_rank) = totals.into_inner().unwrap();
    let sizes: Vec<usize> = radices.into_iter().chain(radices).chain([2, 2, 2, 4, 3]).collect();
    let wanted: usize = (0..sizes.len()).map(|a| sizes[a] * sizes[..a].iter().sum::<usize>()).sum();
    assert_eq!(pairs.len(), wanted, "every pair of values of any two factors occurs");
    println!(
        "{count} networks, {} checks, {} telling, {} retried; low-rank by rule {low_rank:?}",
        seen.checks, seen.telling, seen.retries
    );
    assert!(seen.telling as f64 > 0.8 * seen.checks as f64, "{} of {} are telling", seen.telling, seen.checks);
    assert!((seen.retries as f64) < 0.01 * seen.checks as f64, "{} of {} met a kink", seen.retries, seen.checks);
    for (rule, count) in low_rank.iter().enumerate() {
        assert_eq!(*count > 0, rule != 3, "low-rank runs of rule {rule}: {count}");
    }
}

/// Every entry of every array, not only a direction, for each rule x coupling and both kinds of input.
#[test]
fn entry_by_entry() {
    let cases: Vec<(usize, usize, bool)> =
        (0..7).flat_map(|r| (0..5).flat_map(move |c| [(r, c, false), (r, c, true)])).collect();
    let telling: Vec<f64> = cases
        .into_par_iter()
        .map(|(rule, coupling, series)| {
            let of = |size, shift: usize| {
                let digits = [1 + (rule + shift) % 20, rule, coupling, shift % 2, 3 * (shift % 2), (rule + shift) % 2];
                layer_of(size, digits)
            };
            let config = network_of(INPUTS, STEPS, vec![of(HIDDEN, coupling), of(CLASSES, coupling + 1)]);
            let name = format!("rule {rule}, coupling {coupling}, series {series}");
            let seen = Case::new(name, config, Loss::CrossEntropy, series, rule as u64 * 11 + 5).check(true);
            seen.telling as f64 / seen.checks as f64
        })
        .collect();
    assert!(telling.iter().sum::<f64>() > 0.6 * telling.len() as f64, "{telling:?}");
}

/// A layer of one input: a gain for each synapse has as many values then as one for each neuron.
#[test]
fn one_input() {
    for coupling in 0..5 {
        for (sharing, execution) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let of = |size, neuron| layer_of(size, [neuron, 0, coupling, sharing, 0, execution]);
            let config = network_of(INPUTS, STEPS, vec![of(1, 3), of(CLASSES, 9)]);
            let name = format!("one input, coupling {coupling}, sharing {sharing}, execution {execution}");
            Case::new(name, config, Loss::CrossEntropy, coupling % 2 == 1, 60 + coupling as u64).check(true);
        }
    }
}

/// Longer, deeper, with a plain layer between, so that input gradients pass through every kind of layer.
#[test]
fn three_layers() {
    for (index, series) in [(0, false), (1, true), (2, false), (3, true), (4, true), (5, true), (6, true)] {
        let mut middle = layer_of(4, [1, 0, 0, 0, 3, 0]);
        middle.learning = Some(LearningRule::Global);
        for sharing in [0, 1] {
            for execution in [0, 1] {
                let scope = if sharing == 1 { 0 } else { 3 };
                let low = layer_of(HIDDEN, [3, index, 1, sharing, scope, execution]);
                let high = layer_of(CLASSES, [9, index, 0, sharing, scope, execution]);
                let config = network_of(INPUTS, 7, vec![low, middle.clone(), high]);
                let name = format!("three layers, rule {index}, {sharing}, {execution}");
                let seen = Case::new(name, config, Loss::MeanSquaredError, series, 900 + index as u64).check(true);
                assert!(seen.telling * 3 > seen.checks, "{} of {}", seen.telling, seen.checks);
            }
        }
    }
}

/// Some plastic weights at the clamp, some not: the clamp's own derivative is 0 outside and 1 inside.
#[test]
fn active_clamp() {
    let mut reached = 0;
    for (index, rule) in rules().into_iter().enumerate() {
        for sharing in SHARINGS {
            for (coupling, series) in [(0, false), (1, true), (3, false), (4, true)] {
                let layer = |size, neuron: usize| {
                    let mut layer = plastic_layer(size, neurons()[neuron], rule);
                    let plasticity = plasticity_of(&mut layer);
                    plasticity.clamp = Some(0.25);
                    plasticity.sharing = sharing;
                    // Asked for, and refused.
                    plasticity.execution = Execution::LowRank;
                    couple(&mut layer, couplings()[coupling]);
                    layer
                };
                let config = network_of(INPUTS, STEPS, vec![layer(HIDDEN, 5), layer(CLASSES, 6)]);
                let name = format!("clamp, {rule:?}, {sharing:?}, coupling {coupling}, series {series}");
                let case = Case::new(name, config, Loss::MeanSquaredError, series, 40 + index as u64);
                let seen = case.check(true);
                assert!(seen.executions.iter().all(|e| *e == Some(Execution::Dense)), "{}", case.name);
                let network = Network::new(&case.config, Models::default()).smooth();
                let mut workspace = Workspace::default();
                case.loss(&network, &case.params, &mut workspace);
                let ends = workspace.next_plastic(0);
                let at = ends.iter().filter(|p| p.abs() == 0.25).count();
                assert!(ends.iter().all(|p| p.abs() <= 0.25));
                reached += usize::from(at > 0 && at < ends.len());
            }
        }
    }
    assert!(reached >= 40, "the clamp was reached, in part, in {reached} of 56 cases");
}

/// Layers without a bias, of each execution.
#[test]
fn without_bias() {
    for learning in [LearningRule::Global, LearningRule::Hybrid] {
        for execution in [0, 1] {
            let layer = |size| LayerConfig {
                bias: false,
                learning: Some(learning),
                ..layer_of(size, [9, 0, 0, 0, 3, execution])
            };
            let config = network_of(INPUTS, STEPS, vec![layer(HIDDEN), layer(CLASSES)]);
            let case = Case::new(format!("no bias {learning:?}"), config, Loss::MeanSquaredError, true, 3);
            let seen = case.check(true);
            assert!(seen.largest.iter().all(|l| l.1 != Field::Bias));
        }
    }
}

/// The arms: no gradient reaches a hidden layer of the local arm, and a global layer has no meta-parameter.
#[test]
fn arms() {
    for rule in [LearningRule::Global, LearningRule::Local, LearningRule::Hybrid] {
        for series in [false, true] {
            let layer = |size| layer_of(size, [9, 0, 0, 0, 3, 1]);
            let layers = vec![layer(HIDDEN), layer(CLASSES)];
            let config = NetworkConfig { learning_rule: rule, ..network_of(INPUTS, STEPS, layers) };
            let case = Case::new(format!("{rule:?} {series}"), config, Loss::CrossEntropy, series, 3);
            let seen = case.check(true);
            let fields: Vec<Field> = seen.largest.iter().filter(|l| l.2 > 1e-6).map(|l| l.1).collect();
            let expected = match rule {
                LearningRule::Global => 4,
                LearningRule::Local => 5,
                LearningRule::Hybrid => 10,
            };
            assert_eq!(fields.len(), expected, "{rule:?}: {fields:?}");
        }
    }
}

/// Read-outs one by one, each with a case in which its own kink is on either side.
#[test]
fn readouts() {
    for readout in READOUTS.into_iter().chain([Readout::FirstSpike { share: 0.0 }, Readout::FirstSpike { share: 1.0 }])
    {
        for loss in LOSSES {
            for neuron in [0, 9, 10] {
                let layer = |size, neuron| layer_of(size, [neuron, 0, 0, 0, 3, 0]);
                let layers = vec![layer(HIDDEN, 5), layer(CLASSES, neuron)];
                let config = NetworkConfig { readout, ..network_of(INPUTS, STEPS, layers) };
                let seen = Case::new(format!("{readout:?} {loss:?} {neuron}"), config, loss, true, 12).check(true);
                assert!(seen.telling * 2 > seen.checks, "{readout:?} {loss:?}: {} of {}", seen.telling, seen.checks);
            }
        }
    }
    // A capped membrane has no gradient at all, an uncapped one has.
    for (cap, moves) in [(1e-3, false), (1e3, true)] {
        let layer = |size| layer_of(size, [0, 0, 0, 0, 3, 0]);
        let readout = Readout::Membrane { cap: Some(cap) };
        let config = NetworkConfig { readout, ..network_of(INPUTS, STEPS, vec![layer(HIDDEN), layer(CLASSES)]) };
        let mut case = Case::new("cap".into(), config, Loss::MeanSquaredError, false, 1);
        case.params[1].bias.fill(5.0);
        let seen = case.check(true);
        assert_eq!(seen.largest.iter().any(|l| l.2 > 0.0), moves);
    }
}

/// A rule whose postsynaptic softmax has sign 0, and one without any learning rate: no division by it.
#[test]
fn rules_at_rest() {
    let mut layer = plastic_layer(HIDDEN, neurons()[1], RuleConfig::Hebbian { post: PostFactor::Softmax, sign: 0.0 });
    plasticity_of(&mut layer).execution = Execution::LowRank;
    for execution in [Execution::Dense, Execution::LowRank] {
        plasticity_of(&mut layer).execution = execution;
        let config = network_of(INPUTS, STEPS, vec![layer.clone(), plastic_layer(CLASSES, neurons()[0], rules()[0])]);
        let mut case = Case::new("softmax of sign 0".into(), config, Loss::MeanSquaredError, true, 1);
        case.params[1].local_learning_rate.fill(0.0);
        case.check(true);
    }
}
