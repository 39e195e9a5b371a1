//! Episodes against the published equations written out, against finite differences, and against what an episode must not
//! depend on.

mod common;

use common::*;
use glocal_core::config::*;
use glocal_core::network::{Network, Workspace};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::{Group, Params, array_specs, zeros};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{
    CoreError, EpisodeReadout, EpisodeShape, Examples, HyperGradient, Input, Learner, Models, PlasticEval,
};

const WAYS: usize = 3;
const SHAPE: EpisodeShape = EpisodeShape { ways: WAYS, supports: 2 * WAYS, queries: 4 };
const EPISODES: usize = 3;
const SIDE: usize = 7;
const DRIVE: f64 = 10.0;
const THRESHOLD: f64 = 0.5;
const DECAY: f64 = 0.2;
const PLASTIC_DECAY: f64 = 0.9;

/// Labels of episodes: every class in the support, in an order of its own.
fn labels_of_episodes(shape: EpisodeShape, episodes: usize, stream: &mut Stream) -> Vec<u32> {
    let mut labels = Vec::new();
    for _ in 0..episodes {
        let turn = stream.pick(shape.ways);
        labels.extend((0..shape.supports).map(|s| ((s * 2 + turn) % shape.ways) as u32));
        labels.extend((0..shape.queries).map(|_| stream.pick(shape.ways) as u32));
    }
    labels
}

fn spiking() -> NeuronConfig {
    let surrogate = SurrogateGradient::Rectangle { half_width: 0.5 };
    NeuronConfig::Lif { threshold: THRESHOLD, decay: DECAY, reset: Reset::ToZero, surrogate }
}

/// Of the embedding: low enough a threshold that it fires.
fn easily_spiking() -> NeuronConfig {
    NeuronConfig::Lif { threshold: 0.1, decay: 0.5, reset: Reset::Subtract, surrogate: SurrogateGradient::default() }
}

fn convolution(channels: usize, neuron: NeuronConfig) -> LayerConfig {
    LayerConfig::convolution_of(channels, Convolution { kernel: 3, stride: 2, padding: 1 }, neuron)
}

/// Two convolutions below a plastic read-out.
fn network(neuron: NeuronConfig, readout: NeuronConfig, coupling: Coupling, steps: usize) -> NetworkConfig {
    let plasticity = PlasticityConfig {
        coupling,
        sharing: Sharing::PerSample,
        scope: PlasticScope::Episode,
        ..PlasticityConfig::new(RuleConfig::Hebbian { post: PostFactor::Softmax, sign: 1.0 }, PLASTIC_DECAY)
    };
    let last = LayerConfig { bias: false, plasticity: Some(plasticity), ..LayerConfig::new(WAYS, readout) };
    NetworkConfig {
        inputs: SIDE * SIDE,
        input_shape: Some([1, SIDE, SIDE]),
        phase_time_constant: None,
        episode: Some(EpisodeReadout::Plastic { drive: DRIVE }),
        ..network_of(SIDE * SIDE, steps, vec![convolution(4, neuron), convolution(3, neuron), last])
    }
}

fn prototypes(neuron: NeuronConfig, steps: usize) -> NetworkConfig {
    NetworkConfig {
        episode: Some(EpisodeReadout::Prototypes {}),
        learning_rule: LearningRule::Global,
        layers: vec![convolution(4, neuron), convolution(3, neuron)],
        ..network(neuron, spiking(), Coupling::Gated, steps)
    }
}

struct Case {
    config: NetworkConfig,
    params: Params<f64>,
    x: Vec<f64>,
    labels: Vec<u32>,
}

impl Case {
    fn new(config: NetworkConfig, seed: u64) -> Self {
        let mut stream = Stream(seed);
        let samples = EPISODES * SHAPE.samples();
        Case {
            params: lively_params(&config, &mut stream),
            x: stream.take(samples * config.inputs, -0.5, 1.0),
            labels: labels_of_episodes(SHAPE, EPISODES, &mut stream),
            config,
        }
    }

    fn examples(&self) -> Examples<'_, f64> {
        Examples::in_episodes(Input::Constant(&self.x), &self.labels, SHAPE)
    }

    fn samples(&self) -> usize {
        EPISODES * SHAPE.samples()
    }

    fn query_labels(&self) -> Vec<u32> {
        self.labels.chunks(SHAPE.samples()).flat_map(|e| e[SHAPE.supports..].to_vec()).collect()
    }

    fn loss(&self, network: &Network<f64>, params: &Params<f64>, workspace: &mut Workspace<f64>) -> f64 {
        network.forward(params, &network.plastic_at_rest(), self.examples(), self.samples(), workspace);
        network.loss(Loss::CrossEntropy, &self.query_labels(), workspace).0
    }
}

/// Features of each sample, from the embedding's layers alone as a network of their own.
fn features(case: &Case) -> (Vec<f64>, usize) {
    let mut below = NetworkConfig {
        episode: None,
        readout: Readout::Rate,
        learning_rule: LearningRule::Global,
        ..case.config.clone()
    };
    below.layers.truncate(2);
    let network: Network<f64> = Network::new(&below, Models::default());
    let mut workspace = Workspace::default();
    network.forward(
        &case.params[..2].to_vec(),
        &network.plastic_at_rest(),
        Input::Constant(&case.x),
        case.samples(),
        &mut workspace,
    );
    let features = workspace.reading().values.clone();
    let width = features.len() / case.samples();
    (features, width)
}

/// The published equations, one episode and one query after the other.
fn written_out(case: &Case) -> Vec<f64> {
    let (features, width) = features(case);
    let last = &case.params[2];
    let gated = matches!(case.config.layers[2].plasticity.as_ref().unwrap().coupling, Coupling::Gated);
    let global = |o: usize, i: usize| {
        let w = last.weight[o * width + i];
        if gated { last.plasticity_gain[o * width + i] * w } else { w }
    };
    let local = |o: usize, i: usize| {
        if gated { 1.0 - last.plasticity_gain[o * width + i] } else { last.plasticity_gain[0] }
    };
    let mut readings = Vec::new();
    for (e, labels) in case.labels.chunks(SHAPE.samples()).enumerate() {
        let x = |s: usize| &features[(e * SHAPE.samples() + s) * width..][..width];
        let mut p = vec![vec![0.0; width]; WAYS];
        let mut v = [0.0; WAYS];
        let current = |p: &[Vec<f64>], x: &[f64], o: usize| -> f64 {
            (0..width).map(|i| (global(o, i) + local(o, i) * p[o][i]) * x[i]).sum()
        };
        let advance = |v: &[f64; WAYS], p: &[Vec<f64>], x: &[f64], driven: Option<u32>| -> [f64; WAYS] {
            std::array::from_fn(|o| {
                let spiked = f64::from(u8::from(v[o] > THRESHOLD));
                let drive = if driven == Some(o as u32) { DRIVE } else { 0.0 };
                DECAY * v[o] * (1.0 - spiked) + current(p, x, o) + drive
            })
        };
        for (s, &label) in labels[..SHAPE.supports].iter().enumerate() {
            v = advance(&v, &p, x(s), Some(label));
            let z: [f64; WAYS] = std::array::from_fn(|o| v[o] - last.sliding_threshold[o]);
            let top = z.iter().fold(f64::MIN, |m, &z| m.max(z));
            let sum: f64 = z.iter().map(|z| libm::exp(z - top)).sum();
            for o in 0..WAYS {
                let post = libm::exp(z[o] - top) / sum;
                for ((p, &rate), &x) in p[o].iter_mut().zip(&last.local_learning_rate).zip(x(s)) {
                    *p = PLASTIC_DECAY * *p + post * rate * x;
                }
            }
        }
        for q in 0..SHAPE.queries {
            readings.extend(advance(&v, &p, x(SHAPE.supports + q), None).map(|v| v / THRESHOLD));
        }
    }
    readings
}

#[test]
fn readings_are_the_published_equations() {
    for (coupling, execution) in [
        (Coupling::Gated, Execution::Dense),
        (Coupling::Additive { gain: GainShape::Scalar }, Execution::Dense),
        (Coupling::Additive { gain: GainShape::Scalar }, Execution::LowRank),
    ] {
        for (neuron, steps) in [(NeuronConfig::Tanh {}, 1), (easily_spiking(), 4)] {
            let mut config = network(neuron, spiking(), coupling, steps);
            plasticity_of(&mut config.layers[2]).execution = execution;
            let case = Case::new(config, 5);
            let network: Network<f64> = Network::new(&case.config, Models::default());
            let mut workspace = Workspace::default();
            case.loss(&network, &case.params, &mut workspace);
            assert_eq!(workspace.layer(2).execution, Some(execution), "{coupling:?}");
            let expected = written_out(&case);
            assert!(expected.iter().any(|v| v.abs() > 0.1));
            assert!(relative(&workspace.reading().values, &expected) < 1e-12, "{coupling:?} {execution:?} {steps}");
        }
    }
}

#[test]
fn prototypes_are_means() {
    let case = Case::new(prototypes(NeuronConfig::Tanh {}, 1), 6);
    let network: Network<f64> = Network::new(&case.config, Models::default());
    let mut workspace = Workspace::default();
    case.loss(&network, &case.params, &mut workspace);
    let (features, width) = features(&case);
    let mut expected = Vec::new();
    for (e, labels) in case.labels.chunks(SHAPE.samples()).enumerate() {
        let x = |s: usize| &features[(e * SHAPE.samples() + s) * width..][..width];
        for q in SHAPE.supports..SHAPE.samples() {
            for c in 0..WAYS as u32 {
                let of_class: Vec<usize> = (0..SHAPE.supports).filter(|&s| labels[s] == c).collect();
                let mean = |i: usize| of_class.iter().map(|&s| x(s)[i]).sum::<f64>() / of_class.len() as f64;
                expected.push(-(0..width).map(|i| (x(q)[i] - mean(i)).powi(2)).sum::<f64>());
            }
        }
    }
    assert!(relative(&workspace.reading().values, &expected) < 1e-12);
}

#[test]
fn gradients_by_finite_differences() {
    let additive = |gain| Coupling::Additive { gain };
    let mut cases = Vec::new();
    for (neuron, steps) in [(NeuronConfig::Tanh {}, 1), (easily_spiking(), 3)] {
        for coupling in [Coupling::Gated, additive(GainShape::Scalar), additive(GainShape::PerSynapse)] {
            cases.push(network(neuron, spiking(), coupling, steps));
        }
        cases.push(prototypes(neuron, steps));
        let arm = |learning_rule| NetworkConfig { learning_rule, ..network(neuron, spiking(), Coupling::Gated, steps) };
        cases.extend([arm(LearningRule::Global), arm(LearningRule::Local)]);
    }
    for (number, config) in cases.into_iter().enumerate() {
        let case = Case::new(config, 40 + number as u64);
        let network: Network<f64> = Network::new(&case.config, Models::default()).smooth();
        let mut workspace = Workspace::default();
        case.loss(&network, &case.params, &mut workspace);
        let mut gradients = zeros(&case.config);
        let plastic = network.plastic_at_rest();
        network.backward(&case.params, &plastic, Input::Constant(&case.x), &mut workspace, &mut gradients);
        let mut stream = Stream(number as u64);
        for spec in array_specs(&case.config) {
            let gradient = gradients[spec.layer].get(spec.field);
            if !spec.trained {
                assert!(gradient.iter().all(|&g| g == 0.0), "{}", spec.name());
                continue;
            }
            let direction = stream.take(spec.len(), -1.0, 1.0);
            let analytic: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let mut at = |h: f64| {
                let mut params = case.params.clone();
                params[spec.layer].get_mut(spec.field).iter_mut().zip(&direction).for_each(|(p, d)| *p += h * d);
                case.loss(&network, &params, &mut workspace)
            };
            let found = [1e-5, 1e-6, 1e-7].map(|h| (at(h) - at(-h)) / (2.0 * h));
            let near = found.iter().any(|f| (f - analytic).abs() <= 1e-6 * analytic.abs() + 2e-8);
            assert!(near, "case {number}: {}: {analytic:e} {found:?}", spec.name());
        }
    }
}

/// What is shown of an episode: the plastic weights that the equations give, in both executions.
#[test]
fn recorded_plastic_weights_are_those_of_the_equations() {
    let mut found = Vec::new();
    for execution in [Execution::Dense, Execution::LowRank] {
        let mut config = network(NeuronConfig::Tanh {}, spiking(), Coupling::Additive { gain: GainShape::Scalar }, 1);
        plasticity_of(&mut config.layers[2]).execution = execution;
        let case = Case::new(config, 12);
        let alone = EpisodeShape { queries: 1, ..SHAPE };
        let (x, labels) = (&case.x[..alone.samples() * SIDE * SIDE], &case.labels[..alone.samples()]);
        let mut learner: Learner<f64> =
            Learner::with_models(learner_in_episodes(case.config.clone()), 1, Models::default()).unwrap();
        *learner.params_mut() = case.params.clone();
        let examples = Examples::in_episodes(Input::Constant(x), labels, alone);
        let answers = learner.answer(examples).unwrap().to_vec();
        let recording = learner.record_episode(examples).unwrap();
        let last = &recording.membrane_potentials[alone.supports * WAYS..];
        let read: Vec<f64> = last.iter().map(|&v| f64::from(v) / THRESHOLD).collect();
        assert!(relative(&read, &answers) < 1e-6);
        // The query's current without its leak: (W + gP) x.
        let width = case.params[2].local_learning_rate.len();
        assert_eq!(recording.plastic_weight.len(), WAYS * width);
        assert!(recording.plastic_weight.iter().any(|&p| p.abs() > 0.01));
        found.push(recording.plastic_weight.iter().map(|&p| f64::from(p)).collect::<Vec<_>>());
        assert!(learner.record_episode(case.examples()).is_err());
    }
    assert!(relative(&found[0], &found[1]) < 1e-6);
}

/// The answer to a query does not depend on what else is asked, in its episode or in the batch.
#[test]
fn queries_write_nothing() {
    let case = Case::new(network(NeuronConfig::Tanh {}, spiking(), Coupling::Gated, 1), 9);
    let network: Network<f64> = Network::new(&case.config, Models::default());
    let mut workspace = Workspace::default();
    case.loss(&network, &case.params, &mut workspace);
    let together = workspace.reading().values.clone();
    let alone = EpisodeShape { queries: 1, ..SHAPE };
    for e in 0..EPISODES {
        for q in 0..SHAPE.queries {
            let first = e * SHAPE.samples();
            let kept: Vec<usize> = (first..first + SHAPE.supports).chain([first + SHAPE.supports + q]).collect();
            let x: Vec<f64> =
                kept.iter().flat_map(|&s| case.x[s * SIDE * SIDE..(s + 1) * SIDE * SIDE].to_vec()).collect();
            let labels: Vec<u32> = kept.iter().map(|&s| case.labels[s]).collect();
            let examples = Examples::in_episodes(Input::Constant(&x), &labels, alone);
            let plastic = network.plastic_at_rest();
            let reading = network.forward(&case.params, &plastic, examples, kept.len(), &mut workspace);
            assert_eq!(reading.values, together[(e * SHAPE.queries + q) * WAYS..][..WAYS]);
        }
    }
}

/// Fewer classes: the read-out's first neurons answer as if the others were not there.
#[test]
fn narrowed_read_outs_are_the_first_neurons() {
    for coupling in [Coupling::Gated, Coupling::Additive { gain: GainShape::PerNeuron }] {
        let case = Case::new(network(NeuronConfig::Tanh {}, spiking(), coupling, 1), 31);
        let mut learner: Learner<f64> =
            Learner::with_models(learner_in_episodes(case.config.clone()), 1, Models::default()).unwrap();
        *learner.params_mut() = case.params.clone();
        let narrow = learner.narrowed(2).unwrap();
        let (whole, part) = (&learner.params()[2], &narrow.params()[2]);
        let inputs = whole.local_learning_rate.len();
        assert_eq!(part.weight, whole.weight[..2 * inputs]);
        assert_eq!(part.local_learning_rate, whole.local_learning_rate);
        assert_eq!(part.sliding_threshold, whole.sliding_threshold[..2]);
        assert_eq!(part.plasticity_gain, whole.plasticity_gain[..part.plasticity_gain.len()]);
        assert_eq!(narrow.params()[..2], learner.params()[..2]);
        let mut same = learner.narrowed(WAYS).unwrap();
        let expected = learner.answer(case.examples()).unwrap().to_vec();
        assert_eq!(same.answer(case.examples()).unwrap(), expected);
        assert!(learner.narrowed(WAYS + 1).is_err() && learner.narrowed(0).is_err());
    }
}

fn learner_in_episodes(network: NetworkConfig) -> LearnerConfig {
    LearnerConfig { loss: Loss::CrossEntropy, ..learner_of(network) }
}

/// The path through the weights, against the other order of differentiation: mixed second derivatives are symmetric, and
/// this network is smooth as it is.
#[test]
fn hypergradient_is_the_mixed_second_derivative() {
    let smooth = NeuronConfig::LeakyIntegrator { decay: 0.3, threshold: 1.0 };
    let config = network(NeuronConfig::Tanh {}, smooth, Coupling::Gated, 1);
    let case = Case::new(config.clone(), 21);
    let other = Case::new(config.clone(), 22);
    // One plain descent step shows the gradient that was used.
    let rate = 1e-3;
    let mut learner_config = learner_in_episodes(config);
    learner_config.meta =
        OptimiserConfig { method: OptimiserMethod::Sgd { momentum: 0.0 }, ..OptimiserConfig::adam(rate) };
    let mut learner: Learner<f64> = Learner::with_models(learner_config, 1, Models::default()).unwrap();
    *learner.params_mut() = case.params.clone();
    let specs = array_specs(&case.config);
    let gradients = |learner: &mut Learner<f64>, params: &Params<f64>, examples: Examples<'_, f64>| {
        *learner.params_mut() = params.clone();
        learner.loss_and_gradients_on(examples).unwrap();
        learner.gradients().clone()
    };
    let direct = gradients(&mut learner, &case.params, other.examples());
    let weights = |spec: &&glocal_core::params::ArraySpec| spec.field.group() == Group::Weights;
    // d · ∇_w L_tr as a function of θ.
    let mut along = |params: &Params<f64>| -> f64 {
        let g = gradients(&mut learner, params, case.examples());
        let dot = |spec: &glocal_core::params::ArraySpec| -> f64 {
            g[spec.layer].get(spec.field).iter().zip(direct[spec.layer].get(spec.field)).map(|(a, b)| a * b).sum()
        };
        specs.iter().filter(weights).map(dot).sum()
    };
    let mut expected: Vec<Vec<f64>> = Vec::new();
    for spec in specs.iter().filter(|spec| !weights(spec)) {
        let through = (0..spec.len()).map(|i| {
            let mut at = |h: f64| {
                let mut params = case.params.clone();
                params[spec.layer].get_mut(spec.field)[i] += h;
                along(&params)
            };
            (at(1e-4) - at(-1e-4)) / 2e-4
        });
        let through: Vec<f64> = through.collect();
        let own = direct[spec.layer].get(spec.field);
        expected.push(own.iter().zip(through).map(|(g, h)| g - 0.1 * h.clamp(-1.0, 1.0)).collect());
    }
    *learner.params_mut() = case.params.clone();
    learner.hyper_step(case.examples(), other.examples(), HyperGradient::default()).unwrap();
    for (spec, expected) in specs.iter().filter(|spec| !weights(spec)).zip(expected) {
        let (before, after) = (case.params[spec.layer].get(spec.field), learner.params()[spec.layer].get(spec.field));
        let used: Vec<f64> = before.iter().zip(after).map(|(b, a)| (b - a) / rate).collect();
        assert!(relative(&used, &expected) < 1e-5, "{}: {}", spec.name(), relative(&used, &expected));
        let own = direct[spec.layer].get(spec.field);
        assert!(relative(own, &expected) > 1e-4, "{}: the path through the weights counts", spec.name());
    }
    for spec in specs.iter().filter(weights) {
        assert_eq!(case.params[spec.layer].get(spec.field), learner.params()[spec.layer].get(spec.field));
    }
}

/// Classes are random patterns, samples are noisy copies; new ones in each episode. Learned in a few steps, with the
/// plastic weights; at chance without them.
#[test]
fn new_classes_are_learned_in_an_episode() {
    let accuracy = |rule: LearningRule| {
        let mut config = network(NeuronConfig::Tanh {}, spiking(), Coupling::Additive { gain: GainShape::Scalar }, 1);
        config.learning_rule = rule;
        plasticity_of(&mut config.layers[2]).meta_init = 0.3;
        let mut learner = Learner::new(learner_in_episodes(config), 3).unwrap();
        let mut stream = Stream(100);
        let mut batch = |episodes: usize| {
            let labels = labels_of_episodes(SHAPE, episodes, &mut stream);
            let mut x = Vec::new();
            for labels in labels.chunks(SHAPE.samples()) {
                let patterns = stream.take(WAYS * SIDE * SIDE, 0.0, 1.0);
                for &label in labels {
                    let noise = stream.take(SIDE * SIDE, -0.3, 0.3);
                    let pattern = &patterns[label as usize * SIDE * SIDE..][..SIDE * SIDE];
                    x.extend(pattern.iter().zip(noise).map(|(p, n)| (p + n) as f32));
                }
            }
            (x, labels)
        };
        for _ in 0..150 {
            let (x, labels) = batch(8);
            learner.step_on(Examples::in_episodes(Input::Constant(&x), &labels, SHAPE), &Group::ALL).unwrap();
        }
        let (x, labels) = batch(100);
        let examples = Examples::in_episodes(Input::Constant(&x), &labels, SHAPE);
        let report = learner.evaluate_on(examples, PlasticEval::Moving).unwrap();
        report.correct as f64 / (100 * SHAPE.queries) as f64
    };
    let [hybrid, global] = [LearningRule::Hybrid, LearningRule::Global].map(accuracy);
    assert!(hybrid > 0.9, "{hybrid}");
    assert!(global < 0.5, "{global}");
}

#[test]
fn what_is_no_episode_is_refused() {
    let case = Case::new(network(NeuronConfig::Tanh {}, spiking(), Coupling::Gated, 1), 9);
    let mut learner: Learner<f64> =
        Learner::with_models(learner_in_episodes(case.config.clone()), 1, Models::default()).unwrap();
    let input = Input::Constant(&case.x[..]);
    let mut refused = |shape: EpisodeShape, labels: &[u32]| {
        let error = learner.step_on(Examples::in_episodes(input, labels, shape), &Group::ALL).unwrap_err();
        assert!(matches!(error, CoreError::Shape { .. } | CoreError::Label { .. }), "{error}");
    };
    refused(EpisodeShape { ways: WAYS + 1, ..SHAPE }, &case.labels);
    refused(EpisodeShape { queries: 0, ..SHAPE }, &case.labels);
    refused(EpisodeShape { supports: 5, ..SHAPE }, &case.labels);
    refused(SHAPE, &case.labels[1..]);
    let mut labels = case.labels.clone();
    labels[..SHAPE.supports].fill(0);
    refused(SHAPE, &labels);
    labels[0] = WAYS as u32;
    refused(SHAPE, &labels);
    assert!(learner.step(input, &case.labels).is_err());
    learner.step_on(case.examples(), &Group::ALL).unwrap();
}

#[test]
fn configs_that_make_no_episode_network_are_refused() {
    let good = network(NeuronConfig::Tanh {}, spiking(), Coupling::Gated, 1);
    good.validate().unwrap();
    prototypes(NeuronConfig::Tanh {}, 1).validate().unwrap();
    let refused = |change: &dyn Fn(&mut NetworkConfig), key: &str| {
        let mut config = good.clone();
        change(&mut config);
        let errors = config.validate().unwrap_err();
        assert!(errors.violations.iter().any(|v| v.key.ends_with(key)), "{key}: {errors}");
    };
    refused(&|c| c.episode = Some(EpisodeReadout::Plastic { drive: f64::NAN }), "drive");
    refused(&|c| c.readout = Readout::Rate, "readout");
    refused(&|c| plasticity_of(&mut c.layers[2]).sharing = Sharing::Batch, "sharing");
    refused(&|c| plasticity_of(&mut c.layers[2]).scope = PlasticScope::Run, "scope");
    refused(&|c| c.layers[2].dropout = Some(Dropout { rate: 0.5, per: DropoutPer::Sample }), "dropout");
    refused(&|c| drop(c.layers.drain(..2)), "layers");
    refused(&|c| c.layers.clear(), "layers");
    refused(&|c| c.episode = Some(EpisodeReadout::Prototypes {}), "learning_rule");
}

/// Two looks at each query: the means of their answers, their labels once each; with a plastic read-out and with prototypes.
#[test]
fn answers_of_several_looks_are_means() {
    let neuron = NeuronConfig::Tanh {};
    for config in [network(neuron, spiking(), Coupling::Gated, 2), prototypes(neuron, 2)] {
        let mut learner = Learner::<f64>::with_models(learner_in_episodes(config), 3, Models::default()).unwrap();
        let mut stream = Stream(5);
        let shape = EpisodeShape { queries: 2 * 4, ..SHAPE };
        let x = stream.take(EPISODES * shape.samples() * SIDE * SIDE, 0.0, 1.0);
        let mut labels = labels_of_episodes(shape, EPISODES, &mut stream);
        for episode in labels.chunks_exact_mut(shape.samples()) {
            let (first, second) = episode[shape.supports..].split_at_mut(4);
            second.copy_from_slice(first);
        }
        let examples = Examples::in_episodes(Input::Constant(&x), &labels, shape);
        let each = learner.answer(examples).unwrap().to_vec();
        let means = learner.answer_looks(examples, 2).unwrap();
        assert_eq!(means.len() * 2, each.len());
        for (means, each) in means.chunks_exact(4 * WAYS).zip(each.chunks_exact(8 * WAYS)) {
            for (i, mean) in means.iter().enumerate() {
                assert!((mean - (each[i] + each[i + 4 * WAYS]) / 2.0).abs() < 1e-12);
            }
        }
        assert!(learner.answer_looks(examples, 1).unwrap() == each);
        let report = learner.evaluate_looks(examples, 2).unwrap();
        let asked = labels.chunks_exact(shape.samples()).flat_map(|episode| &episode[shape.supports..][..4]);
        let right = |(row, label): (&[f64], &u32)| row.iter().all(|value| *value <= row[*label as usize]);
        assert_eq!(report.correct, means.chunks_exact(WAYS).zip(asked).filter(|pair| right(*pair)).count());
        assert_eq!(report.predictions.len(), EPISODES * 4);
        for looks in [0, 3] {
            assert!(matches!(learner.answer_looks(examples, looks), Err(CoreError::Shape { .. })));
        }
    }
}
