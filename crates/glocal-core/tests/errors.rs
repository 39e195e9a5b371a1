//! Bad input: every error by its value, and nothing half done.

mod common;

use std::collections::{BTreeMap, HashMap};

use common::*;
use glocal_core::config::*;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::scalar::Float;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{CoreError, Input, Learner, LearnerConfig, LearningRule, Models, PlasticEval};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

const INPUTS: usize = 6;
const CLASSES: usize = 3;
const STEPS: usize = 4;

fn config() -> LearnerConfig {
    demo(LearningRule::Hybrid, [INPUTS, 5, CLASSES], STEPS)
}

fn learner() -> Learner {
    Learner::new(config(), 1).unwrap()
}

/// A learner with plastic weights and moments.
fn trained(config: &LearnerConfig) -> Learner {
    let mut learner = Learner::new(config.clone(), 1).unwrap();
    let x: Vec<f32> = of(&Stream(1).take(2 * INPUTS, 0.0, 1.0));
    for _ in 0..2 {
        learner.step(Input::Constant(&x), &[0, 2]).unwrap();
    }
    learner
}

#[test]
fn wrong_shapes() {
    let mut learner = learner();
    let error = |learner: &mut Learner, input: Input<'_, f32>, labels: &[u32]| {
        let error = learner.step(input, labels).unwrap_err();
        assert_eq!(learner.evaluate(input, labels, PlasticEval::Moving).unwrap_err(), error);
        assert_eq!(learner.loss_and_gradients(input, labels).unwrap_err(), error);
        let CoreError::Shape { what, expected, found } = &error else { panic!("{error}") };
        (what.clone(), expected.clone(), found.clone())
    };
    let (x, of_input) = (vec![0.5; 64], |values| ("input".to_owned(), values, "13 values".to_owned()));
    assert_eq!(error(&mut learner, Input::Constant(&x[..13]), &[0, 1]), of_input(vec![2, INPUTS]));
    let found = error(&mut learner, Input::Series(&x[..49]), &[0, 1]);
    assert_eq!(found, ("input".into(), vec![STEPS, 2, INPUTS], "49 values".into()));
    for labels in [&[0u32][..], &[0, 1, 2], &[]] {
        let found = error(&mut learner, Input::Constant(&x[..12]), labels);
        assert_eq!(found, ("labels".into(), vec![2], format!("{} labels", labels.len())));
    }
    for empty in [Input::Constant(&[][..]), Input::Series(&[]), Input::Constant(&x[..3]), Input::Series(&x[..12])] {
        assert_eq!(error(&mut learner, empty, &[]).0, "input");
    }
    let error = learner.record(Input::Constant(&x[..12])).unwrap_err();
    assert!(matches!(&error, CoreError::Shape { expected, .. } if expected == &[1]), "{error}");
    assert!(learner.record(Input::Constant(&x[..6])).is_ok());
    assert_eq!(learner.steps_taken(), 0);
}

#[test]
fn labels_out_of_range() {
    let mut learner = learner();
    let before = bits(&learner);
    for (labels, sample, label) in [([0, 3], 1, 3), ([u32::MAX, 0], 0, u32::MAX)] {
        let error = learner.step(Input::Constant(&[0.5; 12]), &labels).unwrap_err();
        assert_eq!(error, CoreError::Label { sample, label, classes: CLASSES });
        assert!(error.to_string().contains(&label.to_string()) && error.hint().is_some());
    }
    assert_eq!(bits(&learner), before);
}

#[test]
fn input_that_is_not_finite() {
    let mut learner = learner();
    let before = bits(&learner);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for sample in 0..3 {
            let expected = CoreError::NotFinite { what: "input".into(), sample };
            let mut x = vec![0.5; 3 * INPUTS];
            x[sample * INPUTS + 2] = bad;
            assert_eq!(learner.step(Input::Constant(&x), &[0, 1, 2]).unwrap_err(), expected);
            let mut x = vec![0.5; STEPS * 3 * INPUTS];
            x[(2 * 3 + sample) * INPUTS] = bad;
            assert_eq!(learner.step(Input::Series(&x), &[0, 1, 2]).unwrap_err(), expected);
            assert_eq!(learner.evaluate(Input::Series(&x), &[0, 1, 2], PlasticEval::Frozen).unwrap_err(), expected);
        }
    }
    // Infinities that cancel are no better.
    let mut x = vec![0.5; 3 * INPUTS];
    (x[7], x[8]) = (f32::INFINITY, f32::NEG_INFINITY);
    assert!(matches!(learner.step(Input::Constant(&x), &[0, 1, 2]), Err(CoreError::NotFinite { sample: 1, .. })));
    assert_eq!(bits(&learner), before);
    assert_eq!(learner.steps_taken(), 0);
}

#[test]
fn batches_of_another_size() {
    let mut config = config();
    for layer in &mut config.network.layers {
        plasticity_of(layer).sharing = Sharing::PerSample;
    }
    let mut learner = Learner::new(config, 1).unwrap();
    learner.step(Input::Constant(&[0.5; 12]), &[0, 1]).unwrap();
    let error = learner.step(Input::Constant(&[0.5; 18]), &[0, 1, 2]).unwrap_err();
    assert!(matches!(&error, CoreError::Shape { what, .. } if what.contains("per sample")), "{error}");
    learner.begin(PlasticScope::Run);
    learner.step(Input::Constant(&[0.5; 18]), &[0, 1, 2]).unwrap();
}

/// Divergence of a step names layer and step, and nothing moves.
fn diverges(config: LearnerConfig, steps: u64, change: impl Fn(&mut Learner), layer: &str) -> CoreError {
    let mut learner = Learner::new(config, 1).unwrap();
    let x = vec![0.7; 2 * INPUTS];
    for _ in 0..steps {
        learner.step(Input::Constant(&x), &[0, 1]).unwrap();
    }
    change(&mut learner);
    let before = learner.to_bytes(&BTreeMap::new());
    let error = match learner.step(Input::Constant(&x), &[0, 1]) {
        Err(error) => error,
        Ok(report) => {
            let finite = learner.plastic().iter().all(|p| p.values.iter().all(|v| v.is_finite()));
            panic!("no divergence, loss {}; plastic weights are finite: {finite}", report.loss);
        }
    };
    assert!(
        matches!(&error, CoreError::Diverged { step, layer: l, .. } if *step == steps && l == layer),
        "{error}, expected step {steps} of {layer}"
    );
    assert!(error.hint().is_some());
    assert!(learner.to_bytes(&BTreeMap::new()) == before, "{error}: something moved");
    assert_eq!(learner.steps_taken(), steps);
    error
}

fn free(cap: Option<f64>) -> LearnerConfig {
    let mut config = config();
    config.network.readout = Readout::Membrane { cap };
    for layer in &mut config.network.layers {
        plasticity_of(layer).clamp = None;
    }
    config
}

#[test]
fn divergence_of_potentials() {
    for layer in [0, 1] {
        let blow = |learner: &mut Learner| learner.params_mut()[layer].weight.iter_mut().for_each(|w| *w = f32::NAN);
        let error = diverges(free(None), 3, blow, &format!("layers.{layer}"));
        assert!(error.to_string().contains("membrane potential"), "{error}");
    }
    let blow = |learner: &mut Learner| learner.plastic_mut()[1].values.fill(f32::INFINITY);
    diverges(free(None), 1, blow, "layers.1");
}

#[test]
fn divergence_of_gradients() {
    // The potential stays finite; its square, of the loss, does not overflow in double; the gradient does in single.
    let blow = |learner: &mut Learner| learner.params_mut()[1].bias.fill(3e38);
    diverges(free(None), 2, blow, "layers.1");
}

/// A cap on the reading hides an infinite potential from loss and gradient.
#[test]
fn divergence_behind_the_cap() {
    for learning_rule in [LearningRule::Global, LearningRule::Hybrid] {
        let blow = |learner: &mut Learner| learner.params_mut()[1].bias.fill(3e38);
        let mut config = free(Some(1.1));
        config.network.learning_rule = learning_rule;
        diverges(config, 1, blow, "layers.1");
    }
}

/// The last update of P shows in no potential of its own step.
#[test]
fn divergence_of_plastic_weights_alone() {
    let mut config = free(Some(1.1));
    config.network.steps = 1;
    for layer in &mut config.network.layers {
        plasticity_of(layer).rule = RuleConfig::Hebbian { post: PostFactor::Identity, sign: 1.0 };
        plasticity_of(layer).execution = Execution::Dense;
    }
    let blow = |learner: &mut Learner| {
        learner.params_mut()[0].bias.fill(1e20);
        learner.params_mut()[0].local_learning_rate.fill(1e30);
    };
    diverges(config, 0, blow, "layers.0");
}

/// Rewrites the tensors of a checkpoint.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;
fn rewritten(bytes: &[u8], change: impl Fn(&mut Tensors, &mut HashMap<String, String>)) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors: Tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
        .collect();
    change(&mut tensors, &mut metadata);
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .map(|(name, (dtype, shape, data))| (&name[..], TensorView::new(*dtype, shape.clone(), data).unwrap()))
        .collect();
    safetensors::serialize(views, Some(metadata)).unwrap()
}

fn refused(config: &LearnerConfig, bytes: &[u8], parts: &[&str]) {
    match Learner::from_bytes(config.clone(), bytes) {
        Err(error @ CoreError::Checkpoint(_)) => {
            let text = error.to_string();
            assert!(parts.iter().all(|part| text.contains(part)), "{text}: expected {parts:?}");
            assert!(error.hint().is_some());
        }
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("accepted: expected {parts:?}"),
    }
}

fn zeros(shape: &[usize]) -> (Dtype, Vec<usize>, Vec<u8>) {
    (Dtype::F32, shape.to_vec(), vec![0; 4 * shape.iter().product::<usize>()])
}

#[test]
fn checkpoints_that_are_not_ours() {
    let config = config();
    let bytes = trained(&config).to_bytes(&BTreeMap::new());
    assert_eq!(rewritten(&bytes, |_, _| ()).len(), bytes.len());
    assert!(Learner::from_bytes(config.clone(), &rewritten(&bytes, |_, _| ())).is_ok(), "the rewriting is sound");
    for cut in (0..bytes.len()).step_by(37).chain([0, 1, 7, 8, 9, bytes.len() - 1]) {
        refused(&config, &bytes[..cut], &["checkpoint"]);
    }
    refused(&config, &[bytes.clone(), vec![0]].concat(), &["damaged"]);
    refused(&config, b"PK\x03\x04 something else altogether, long enough", &["damaged"]);
    refused(&config, &rewritten(&bytes, |_, m| m.clear()), &["not a Glocal checkpoint"]);
    refused(&config, &rewritten(&bytes, |_, m| drop(m.insert("glocal".into(), "{}".into()))), &["unreadable header"]);
    let format = |_: &mut Tensors, m: &mut HashMap<String, String>| {
        let text = m["glocal"].replacen("\"format\":1", "\"format\":2", 1);
        m.insert("glocal".into(), text);
    };
    refused(&config, &rewritten(&bytes, format), &["format 2", "format 1"]);
    let progress = |_: &mut Tensors, m: &mut HashMap<String, String>| {
        let text = m["glocal"].replace("glocal.progress", "glocal.elsewhere");
        m.insert("glocal".into(), text);
    };
    refused(&config, &rewritten(&bytes, progress), &["progress"]);
}

#[test]
fn checkpoints_with_other_arrays() {
    let config = config();
    let bytes = trained(&config).to_bytes(&BTreeMap::new());
    let names: Vec<String> = SafeTensors::deserialize(&bytes).unwrap().names().iter().map(|n| n.to_string()).collect();
    assert_eq!(names.len(), 3 * 10 + 2);
    for name in &names {
        let parameter = !name.contains("moment") && !name.contains("plastic_weight");
        let lost = rewritten(&bytes, |t, _| drop(t.remove(name)));
        if parameter {
            refused(&config, &lost, &["lacks", name]);
        }
        let renamed = rewritten(&bytes, |t, _| {
            let value = t.remove(name).unwrap();
            t.insert(format!("{name}_2"), value);
        });
        refused(&config, &renamed, &[name]);
        let longer = rewritten(&bytes, |t, _| {
            let (_, shape, data) = t.get_mut(name).unwrap();
            shape[0] += 1;
            data.resize(4 * shape.iter().product::<usize>(), 0);
        });
        refused(&config, &longer, &[name, "shape"]);
        let flat = rewritten(&bytes, |t, _| t.get_mut(name).unwrap().1.push(1));
        refused(&config, &flat, &[name, "shape"]);
        let double = rewritten(&bytes, |t, _| {
            let (dtype, _, data) = t.get_mut(name).unwrap();
            (*dtype, *data) = (Dtype::F64, vec![0; 2 * data.len()]);
        });
        refused(&config, &double, &[name, "F64", "F32"]);
        for bad in [f32::NAN, f32::INFINITY] {
            let nan = rewritten(&bytes, |t, _| t.get_mut(name).unwrap().2[..4].copy_from_slice(&bad.to_le_bytes()));
            refused(&config, &nan, &[name, "not finite"]);
        }
    }
    let foreign = rewritten(&bytes, |t, _| drop(t.insert("layers.2.weight".into(), zeros(&[2, 2]))));
    refused(&config, &foreign, &["layers.2.weight", "does not have"]);
}

/// Checkpoints of other networks, in both directions.
#[test]
fn checkpoints_of_other_networks() {
    let base = config();
    let mut others = vec![base.clone(); 7];
    others[0].network.layers[0].size = 4;
    others[1].network.inputs = 7;
    others[2].network.learning_rule = LearningRule::Global;
    others[3].network.layers.push(base.network.layers[1].clone());
    plasticity_of(&mut others[4].network.layers[0]).coupling = Coupling::Gated;
    others[5].network.layers.truncate(1);
    plasticity_of(&mut others[6].network.layers[1]).coupling = Coupling::Additive { gain: GainShape::PerNeuron };
    let bytes = |config: &LearnerConfig| {
        let mut learner = Learner::new(config.clone(), 1).unwrap();
        let x = vec![0.4; 2 * config.network.inputs];
        learner.step(Input::Constant(&x), &[0, 1]).unwrap();
        learner.to_bytes(&BTreeMap::new())
    };
    for other in &others {
        refused(&base, &bytes(other), &["layers."]);
        refused(other, &bytes(&base), &["layers."]);
    }
    // The other precision.
    let double = Learner::<f64>::with_models(base.clone(), 1, Models::default()).unwrap();
    refused(&base, &double.to_bytes(&BTreeMap::new()), &["F64", "F32"]);
}

/// Plastic weights in a checkpoint whose layer has none.
#[test]
fn plastic_weights_of_a_global_layer() {
    let mut config = config();
    config.network.learning_rule = LearningRule::Global;
    let bytes = trained(&config).to_bytes(&BTreeMap::new());
    let more = rewritten(&bytes, |t, _| drop(t.insert("layers.0.plastic_weight".into(), zeros(&[5, INPUTS]))));
    refused(&config, &more, &["layers.0.plastic_weight"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Arbitrary bytes, alone and behind a plausible length, are refused without a panic.
    #[test]
    fn arbitrary_bytes(noise in proptest::collection::vec(any::<u8>(), 0..300), length in 0u64..400) {
        let config = config();
        let behind = [&length.to_le_bytes()[..], &noise[..]].concat();
        for bytes in [&noise, &behind] {
            prop_assert!(matches!(Learner::from_bytes(config.clone(), bytes), Err(CoreError::Checkpoint(_))));
        }
    }

    /// Flipped, removed and inserted bytes: an error or a learner that still runs and writes, never a panic.
    #[test]
    fn damaged_bytes(edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0u8..4, any::<bool>()), 1..4)) {
        let config = config();
        let mut bytes = trained(&config).to_bytes(&BTreeMap::from([("name".into(), "value".into())]));
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for (at, value, kind, in_header) in edits {
            let at = at.index(if in_header { header.min(bytes.len()) } else { bytes.len() });
            match kind {
                0 => bytes[at] ^= value,
                1 => bytes[at] = bytes[at].wrapping_add(1),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, value),
            }
        }
        match Learner::from_bytes(config, &bytes) {
            Err(error) => prop_assert!(matches!(error, CoreError::Checkpoint(_)), "{error}"),
            Ok((mut learner, _)) => {
                drop(learner.step(Input::Constant(&[0.5; 12]), &[0, 1]));
                learner.begin_epoch(3);
                drop(learner.health());
                learner.to_bytes(&BTreeMap::new());
            }
        }
    }
}

/// Keys of all violations.
fn violations(config: &LearnerConfig) -> Vec<String> {
    match Learner::new(config.clone(), 0) {
        Err(CoreError::Config(errors)) => {
            let text = errors.to_string();
            assert_eq!(text.lines().count(), errors.violations.len());
            for v in &errors.violations {
                assert!(text.contains(&v.key) && text.contains(&v.value) && !v.message.is_empty());
            }
            errors.violations.into_iter().map(|v| v.key).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn config_violations_all_at_once() {
    let mut config = config();
    config.network.inputs = 0;
    config.network.steps = 0;
    config.network.phase_time_constant = Some(-1.0);
    config.network.readout = Readout::FirstSpike { share: 1.5 };
    let layer = &mut config.network.layers[0];
    layer.size = 0;
    layer.neuron = NeuronConfig::AdaptiveLif {
        threshold: 0.0,
        decay: 1.1,
        adaptation_decay: -0.1,
        adaptation_strength: 0.1,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Rectangle { half_width: 0.0 },
    };
    layer.mask = Some(MaskConfig { density: -0.5, seed: 0, part: 0, block: 0 });
    let plasticity = plasticity_of(layer);
    plasticity.decay = 2.0;
    plasticity.clamp = Some(0.0);
    plasticity.meta_init = f64::NAN;
    plasticity.rate_bounds = Some([1.0, 0.0]);
    plasticity.rule =
        RuleConfig::Stdp { potentiation: 1.0, depression: 1.0, pre_trace_decay: 1.5, post_trace_decay: -1.0 };
    config.network.layers[1].plasticity = None;
    config.weights.learning_rate = f64::NAN;
    config.weights.clip_norm = Some(0.0);
    config.weights.schedule = Schedule::Step { every: 0, factor: 0.1 };
    config.meta.update_interval = 0;
    config.meta.schedule = Schedule::Cosine { epochs: 0, floor: 0.0 };
    let expected = [
        "network.inputs",
        "network.steps",
        "network.phase_time_constant",
        "network.readout.share",
        "network.layers[0].size",
        "network.layers[0].mask.density",
        "network.layers[0].mask.block",
        "network.layers[0].neuron.decay",
        "network.layers[0].neuron.adaptation_decay",
        "network.layers[0].neuron.threshold",
        "network.layers[0].neuron.surrogate.half_width",
        "network.layers[0].plasticity.decay",
        "network.layers[0].plasticity.clamp",
        "network.layers[0].plasticity.meta_init",
        "network.layers[0].plasticity.rate_bounds",
        "network.layers[0].plasticity.rule.pre_trace_decay",
        "network.layers[0].plasticity.rule.post_trace_decay",
        "network.layers[1].plasticity",
        "weights.learning_rate",
        "weights.clip_norm",
        "weights.schedule.every",
        "meta.update_interval",
        "meta.schedule.epochs",
    ];
    assert_eq!(violations(&config), expected);
}

/// One violation each, of everything else that is checked.
#[test]
fn config_violations_one_by_one() {
    type Change = fn(&mut LearnerConfig);
    let cases: [(&str, Change); 13] = [
        ("network.steps", |c| c.network.steps = 100_001),
        ("network.layers", |c| c.network.layers.clear()),
        ("network.phase_time_constant", |c| c.network.phase_time_constant = Some(f64::NAN)),
        ("network.readout.cap", |c| c.network.readout = Readout::Membrane { cap: Some(0.0) }),
        ("network.readout.share", |c| c.network.readout = Readout::FirstSpike { share: f64::NAN }),
        ("network.layers[0].neuron.threshold", |c| {
            c.network.layers[0].neuron = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: f64::INFINITY }
        }),
        ("network.layers[0].neuron.decay", |c| {
            c.network.layers[0].neuron = NeuronConfig::LeakyIntegrator { decay: f64::NAN, threshold: 1.0 }
        }),
        ("network.layers[1].plasticity.rule.forgetting", |c| {
            plasticity_of(&mut c.network.layers[1]).rule = RuleConfig::Oja { forgetting: -1.0 }
        }),
        ("network.layers[1].plasticity.rule.average_decay", |c| {
            plasticity_of(&mut c.network.layers[1]).rule = RuleConfig::Bcm { average_decay: 1.01 }
        }),
        ("network.layers[1].plasticity.rule.eligibility_decay", |c| {
            let rule = RuleConfig::ThreeFactor { eligibility_decay: 2.0, reward_onset: 0, reward: 1.0 };
            plasticity_of(&mut c.network.layers[1]).rule = rule;
        }),
        ("network.layers[1].plasticity.clamp", |c| plasticity_of(&mut c.network.layers[1]).clamp = Some(f64::NAN)),
        ("weights.clip_norm", |c| c.weights.clip_norm = Some(f64::NAN)),
        ("meta.learning_rate", |c| c.meta.learning_rate = -1.0),
    ];
    assert!(violations(&config()).is_empty());
    for (key, change) in cases {
        let mut config = config();
        change(&mut config);
        assert_eq!(violations(&config), [key]);
    }
    // 2^31 synapses, and a product that overflows, without an allocation.
    let mut config = config();
    config.network.inputs = 1 << 20;
    config.network.layers[0].size = 1 << 20;
    config.network.layers[1].size = usize::MAX;
    assert_eq!(violations(&config), ["network.layers[0].size", "network.layers[1].size"]);
    for surrogate in [
        SurrogateGradient::Triangle { width: 0.0 },
        SurrogateGradient::Sigmoid { slope: f64::NAN },
        SurrogateGradient::Arctan { slope: -1.0 },
        SurrogateGradient::FastSigmoid { slope: f64::INFINITY },
    ] {
        let mut config = surrogate_config(surrogate);
        assert_eq!(violations(&config).len(), 1, "{surrogate:?}");
        config.network.layers[0].neuron = lif(Reset::ToZero, SurrogateGradient::default());
        assert!(violations(&config).is_empty());
    }
}

fn surrogate_config(surrogate: SurrogateGradient) -> LearnerConfig {
    let mut config = config();
    config.network.layers[0].neuron = lif(Reset::ToZero, surrogate);
    config
}

/// Numbers that TOML can write (`nan`, `inf`) and that no run survives.
#[test]
fn config_values_that_are_not_finite() {
    type Change = fn(&mut LearnerConfig);
    let cases: [(&str, Change); 11] = [
        ("hebbian sign", |c| {
            plasticity_of(&mut c.network.layers[0]).rule =
                RuleConfig::Hebbian { post: PostFactor::Tanh, sign: f64::NAN }
        }),
        ("oja forgetting", |c| {
            plasticity_of(&mut c.network.layers[0]).rule = RuleConfig::Oja { forgetting: f64::INFINITY }
        }),
        ("stdp potentiation", |c| {
            plasticity_of(&mut c.network.layers[0]).rule = RuleConfig::Stdp {
                potentiation: f64::NAN,
                depression: 1.0,
                pre_trace_decay: 0.5,
                post_trace_decay: 0.5,
            }
        }),
        ("three-factor reward", |c| {
            plasticity_of(&mut c.network.layers[0]).rule =
                RuleConfig::ThreeFactor { eligibility_decay: 0.5, reward_onset: 0, reward: f64::INFINITY }
        }),
        ("adaptation strength", |c| {
            c.network.layers[0].neuron = NeuronConfig::AdaptiveLif {
                threshold: 1.0,
                decay: 0.5,
                adaptation_decay: 0.5,
                adaptation_strength: f64::NAN,
                reset: Reset::Subtract,
                surrogate: SurrogateGradient::default(),
            }
        }),
        ("adam beta1", |c| {
            c.weights.method = OptimiserMethod::Adam { beta1: 1.0, beta2: 0.999, epsilon: 1e-8 };
        }),
        ("adam beta2", |c| {
            c.weights.method = OptimiserMethod::Adam { beta1: 0.9, beta2: f64::NAN, epsilon: 1e-8 };
        }),
        ("adam epsilon", |c| {
            c.weights.method = OptimiserMethod::Adam { beta1: 0.9, beta2: 0.999, epsilon: -1.0 };
        }),
        ("sgd momentum", |c| c.weights.method = OptimiserMethod::Sgd { momentum: f64::NAN }),
        ("step factor", |c| c.weights.schedule = Schedule::Step { every: 1, factor: f64::NAN }),
        ("cosine floor", |c| c.weights.schedule = Schedule::Cosine { epochs: 3, floor: f64::INFINITY }),
    ];
    let accepted: Vec<&str> = cases
        .into_iter()
        .filter(|(_, change)| {
            let mut config = config();
            change(&mut config);
            violations(&config).is_empty()
        })
        .map(|(name, _)| name)
        .collect();
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
}

/// Messages name what was found and what was expected.
#[test]
fn messages() {
    let errors = [
        CoreError::Shape { what: "input".into(), expected: vec![2, 3], found: "7 values".into() },
        CoreError::Label { sample: 4, label: 11, classes: 10 },
        CoreError::NotFinite { what: "input".into(), sample: 4 },
        CoreError::Diverged { step: 4, layer: "layers.1".into(), what: "loss".into() },
        CoreError::Checkpoint("is damaged".into()),
    ];
    let parts = [
        &["input", "[2, 3]", "7 values"][..],
        &["11", "4", "10"],
        &["input", "4"],
        &["4", "layers.1", "loss"],
        &["damaged"],
    ];
    for (error, parts) in errors.iter().zip(parts) {
        assert!(parts.iter().all(|part| error.to_string().contains(part)), "{error}");
    }
    let narrow = f32::to_bytes(&[1.0]);
    assert_eq!(narrow, [0, 0, 128, 63], "checkpoints are little-endian");
}
