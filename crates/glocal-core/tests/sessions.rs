//! Classes that come in sessions, against the equations written out, against episodes, and against what a memory must not
//! depend on.

mod common;

use common::*;
use glocal_core::config::*;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::Field;
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{ClassMemory, CoreError, EpisodeReadout, EpisodeShape, Examples, Input, Learner, Models};

const TRAINED: usize = 3;
const SIDE: usize = 7;
const DRIVE: f64 = 10.0;
const THRESHOLD: f64 = 0.5;
const DECAY: f64 = 0.2;
const PLASTIC_DECAY: f64 = 0.9;

/// Two layers below a read-out that was trained with three classes.
fn learner(episode: EpisodeReadout, coupling: Coupling, steps: usize) -> Learner<f64> {
    let embedding =
        |size| LayerConfig { learning: Some(LearningRule::Global), ..LayerConfig::new(size, NeuronConfig::Tanh {}) };
    let surrogate = SurrogateGradient::Rectangle { half_width: 0.5 };
    let neuron = NeuronConfig::Lif { threshold: THRESHOLD, decay: DECAY, reset: Reset::ToZero, surrogate };
    let plasticity = PlasticityConfig {
        coupling,
        sharing: Sharing::PerSample,
        scope: PlasticScope::Episode,
        ..PlasticityConfig::new(RuleConfig::Hebbian { post: PostFactor::Softmax, sign: 1.0 }, PLASTIC_DECAY)
    };
    let last = LayerConfig { bias: false, plasticity: Some(plasticity), ..LayerConfig::new(TRAINED, neuron) };
    let layers = vec![embedding(9), embedding(8)];
    let network = match episode {
        EpisodeReadout::Prototypes {} => NetworkConfig {
            learning_rule: LearningRule::Global,
            episode: Some(episode),
            ..network_of(SIDE * SIDE, steps, layers)
        },
        EpisodeReadout::Plastic { .. } => NetworkConfig {
            episode: Some(episode),
            phase_time_constant: None,
            ..network_of(SIDE * SIDE, steps, [layers, vec![last]].concat())
        },
    };
    let params = lively_params(&network, &mut Stream(3));
    let config = LearnerConfig { loss: Loss::CrossEntropy, ..learner_of(network) };
    let mut learner = Learner::with_models(config, 1, Models::default()).unwrap();
    *learner.params_mut() = params;
    learner
}

fn plastic(coupling: Coupling) -> Learner<f64> {
    learner(EpisodeReadout::Plastic { drive: DRIVE }, coupling, 1)
}

/// Two sessions: three classes, then two more; labels, and how many classes there are afterwards.
const SESSIONS: [(&[u32], usize); 2] = [(&[0, 2, 1, 1, 0, 2], 3), (&[4, 3, 3, 4], 5)];
const QUERIES: usize = 6;

/// Embeddings of each session's samples, and of the queries.
fn embedded(learner: &mut Learner<f64>) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut stream = Stream(8);
    let inputs = learner.config().network.inputs;
    let mut some = |count: usize| {
        let x = stream.take(count * inputs, -0.5, 1.0);
        learner.embed(Input::Constant(&x)).unwrap()
    };
    (SESSIONS.map(|(labels, _)| some(labels.len())).to_vec(), some(QUERIES))
}

/// Both sessions stored.
fn stored(learner: &mut Learner<f64>) -> (ClassMemory<f64>, Vec<f64>) {
    let (sessions, queries) = embedded(learner);
    let mut memory = ClassMemory::new(learner).unwrap();
    for ((labels, classes), features) in SESSIONS.into_iter().zip(&sessions) {
        memory.store(features, labels, classes).unwrap();
    }
    (memory, queries)
}

/// docs/equations.md 2.10, a step at a time, with a neuron more for each new class.
fn written_out(learner: &mut Learner<f64>, gated: bool) -> (Vec<f64>, usize) {
    let (sessions, queries) = embedded(learner);
    let last = &learner.params()[2];
    let width = last.local_learning_rate.len();
    let mean = |values: &[f64], i: usize| (0..TRAINED).map(|o| values[o * width + i]).sum::<f64>() / TRAINED as f64;
    let gate = |i: usize| if gated { mean(&last.plasticity_gain, i) } else { last.plasticity_gain[0] };
    let global = |i: usize| mean(&last.weight, i) * if gated { gate(i) } else { 1.0 };
    let local = |i: usize| if gated { 1.0 - gate(i) } else { gate(i) };
    let sliding = last.sliding_threshold.iter().sum::<f64>() / TRAINED as f64;
    let (mut p, mut v): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
    let advance = |v: &[f64], p: &[Vec<f64>], x: &[f64], driven: Option<u32>| -> Vec<f64> {
        let neuron = |(o, v): (usize, &f64)| {
            let left = if *v > THRESHOLD { 0.0 } else { DECAY * v };
            let current: f64 = (0..width).map(|i| (global(i) + local(i) * p[o][i]) * x[i]).sum();
            left + current + if driven == Some(o as u32) { DRIVE } else { 0.0 }
        };
        v.iter().enumerate().map(neuron).collect()
    };
    let mut own = 0;
    for ((labels, classes), features) in SESSIONS.into_iter().zip(&sessions) {
        p.resize(classes, vec![0.0; width]);
        v.resize(classes, 0.0);
        for (x, &label) in features.chunks(width).zip(labels) {
            v = advance(&v, &p, x, Some(label));
            own += usize::from(v.iter().all(|other| *other <= v[label as usize]));
            let top = v.iter().fold(f64::MIN, |top, v| top.max(*v));
            let sum: f64 = v.iter().map(|v| libm::exp(v - top)).sum();
            for (p, v) in p.iter_mut().zip(&v) {
                // One sliding threshold for all neurons: softmax does not see it.
                let post = libm::exp((v - sliding) - (top - sliding)) / sum;
                for ((p, &rate), &x) in p.iter_mut().zip(&last.local_learning_rate).zip(x) {
                    *p = PLASTIC_DECAY * *p + post * rate * x;
                }
            }
        }
    }
    let answers = queries.chunks(width).flat_map(|x| advance(&v, &p, x, None)).map(|v| v / THRESHOLD);
    (answers.collect(), own)
}

#[test]
fn sessions_are_the_equations() {
    for (coupling, gated) in [(Coupling::Gated, true), (Coupling::Additive { gain: GainShape::Scalar }, false)] {
        let mut learner = plastic(coupling);
        let (sessions, queries) = embedded(&mut learner);
        let mut memory = ClassMemory::new(&learner).unwrap();
        let sessions = SESSIONS.into_iter().zip(&sessions);
        let own: usize =
            sessions.map(|((labels, classes), features)| memory.store(features, labels, classes).unwrap()).sum();
        let (expected, expected_own) = written_out(&mut learner, gated);
        let answers = memory.answer(&queries).unwrap();
        assert_eq!((answers.len(), memory.classes(), own), (QUERIES * 5, 5, expected_own));
        assert!(relative(&answers, &expected) < 1e-12, "{coupling:?}: {answers:?} {expected:?}");
        // The classes differ by what was stored alone, and do.
        assert!(answers.chunks(5).all(|row| row.iter().any(|v| (v - row[0]).abs() > 1e-3)));
    }
}

/// One session of the classes that were trained is an episode, where the trained neurons are alike.
#[test]
fn one_session_is_an_episode() {
    for episode in [EpisodeReadout::Plastic { drive: DRIVE }, EpisodeReadout::Prototypes {}] {
        let mut learner = learner(episode, Coupling::Gated, 1);
        if learner.params().len() == 3 {
            for field in [Field::Weight, Field::PlasticityGain, Field::SlidingThreshold] {
                let values = learner.params()[2].get(field);
                let one = values[..values.len() / TRAINED].to_vec();
                *learner.params_mut()[2].get_mut(field) = one.repeat(TRAINED);
            }
        }
        let (labels, ways) = SESSIONS[0];
        let shape = EpisodeShape { ways, supports: labels.len(), queries: 4 };
        let x = Stream(5).take(shape.samples() * SIDE * SIDE, -0.5, 1.0);
        let asked = [labels, &[0; 4]].concat();
        let expected = learner.answer(Examples::in_episodes(Input::Constant(&x), &asked, shape)).unwrap().to_vec();
        let features = learner.embed(Input::Constant(&x)).unwrap();
        let (support, queries) = features.split_at(labels.len() * 8);
        let mut memory = ClassMemory::new(&learner).unwrap();
        memory.store(support, labels, ways).unwrap();
        assert!(relative(&memory.answer(queries).unwrap(), &expected) < 1e-12, "{episode:?}");
    }
}

/// The embedding is the mean over steps, whether samples come as currents or step by step, however many at once.
#[test]
fn embeddings_do_not_depend_on_the_batch() {
    let mut learner = learner(EpisodeReadout::Prototypes {}, Coupling::Gated, 3);
    let (samples, inputs) = (150, SIDE * SIDE);
    let x = Stream(6).take(samples * inputs, -0.5, 1.0);
    let all = learner.embed(Input::Constant(&x)).unwrap();
    assert_eq!(all.len(), samples * 8);
    assert!(relative(&learner.embed(Input::Series(&x.repeat(3))).unwrap(), &all) < 1e-12);
    let one = learner.embed(Input::Constant(&x[140 * inputs..141 * inputs])).unwrap();
    assert!(relative(&one, &all[140 * 8..141 * 8]) < 1e-12);
}

/// Asking writes nothing, an answer does not depend on what else is asked, a session may be shown in parts.
#[test]
fn asking_writes_nothing_and_parts_make_a_whole() {
    let mut learner = plastic(Coupling::Gated);
    let (mut memory, queries) = stored(&mut learner);
    let answers = memory.answer(&queries).unwrap();
    assert_eq!(answers, memory.answer(&queries).unwrap());
    for (query, answer) in queries.chunks(8).zip(answers.chunks(5)) {
        assert!(relative(&memory.answer(query).unwrap(), answer) < 1e-12);
    }
    let (sessions, _) = embedded(&mut learner);
    let mut parts = ClassMemory::new(&learner).unwrap();
    for ((labels, classes), features) in SESSIONS.into_iter().zip(&sessions) {
        labels.iter().zip(features.chunks(8)).for_each(|(&label, x)| {
            parts.store(x, &[label], classes).unwrap();
        });
    }
    assert!(relative(&parts.answer(&queries).unwrap(), &answers) < 1e-12);
    // A class more than before, never shown: nothing is stored for it, the others answer as before.
    memory.store(&[], &[], 6).unwrap();
    let more = memory.answer(&queries).unwrap();
    assert!(more.chunks(6).zip(answers.chunks(5)).all(|(more, before)| relative(&more[..5], before) < 1e-12));
}

#[test]
fn what_cannot_grow_is_refused() {
    let wrong = |found: Result<ClassMemory<f64>, CoreError>| matches!(found, Err(CoreError::Shape { .. }));
    let masked = learner(EpisodeReadout::Plastic { drive: DRIVE }, Coupling::Gated, 1);
    let mut config = masked.config().clone();
    config.network.layers[2].mask = Some(MaskConfig { density: 0.5, seed: 1, part: 0, block: 1 });
    config.network.layers[2].plasticity.as_mut().unwrap().coupling = Coupling::Masked;
    let masked = Learner::<f64>::with_models(config, 1, Models::default()).unwrap();
    assert!(wrong(ClassMemory::new(&masked)));
    let mut plain = learner_of(network_of(4, 1, vec![LayerConfig::new(2, NeuronConfig::Tanh {})]));
    plain.network.learning_rule = LearningRule::Global;
    let mut plain = Learner::<f64>::with_models(plain, 1, Models::default()).unwrap();
    assert!(wrong(ClassMemory::new(&plain)) && plain.embed(Input::Constant(&[0.0; 4])).is_err());

    let mut learner = plastic(Coupling::Gated);
    let (mut memory, queries) = stored(&mut learner);
    assert!(matches!(memory.store(&queries[..8], &[5], 5), Err(CoreError::Label { label: 5, classes: 5, .. })));
    assert!(memory.store(&queries[..8], &[0], 4).is_err(), "fewer classes than there were");
    assert!(memory.store(&queries[..8], &[0, 1], 5).is_err(), "more labels than samples");
    assert!(memory.answer(&queries[..7]).is_err());
    assert!(matches!(memory.answer(&[f64::NAN; 8]), Err(CoreError::NotFinite { .. })));
    assert!(ClassMemory::new(&learner).unwrap().answer(&queries).is_err(), "nothing is stored yet");
}
