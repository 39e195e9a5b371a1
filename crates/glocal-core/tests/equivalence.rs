//! Two ways to the same numbers: executions, splits of a scan, thread counts, batches, kinds of input, checkpoints.

mod common;

use std::collections::BTreeMap;

use common::*;
use glocal_core::config::*;
use glocal_core::layer::PlasticWeight;
use glocal_core::network::{Carry, Network, Workspace};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::{Params, zeros};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::scalar::Float;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, Learner, LearningRule, Models, PlasticEval};
use proptest::prelude::*;

/// All that one pass makes.
struct Outcome {
    loss: f64,
    reading: Vec<f64>,
    spikes: Vec<Vec<f64>>,
    potentials: Vec<Vec<f64>>,
    gradients: Vec<Vec<f64>>,
    next: Vec<Vec<f64>>,
    executions: Vec<Option<Execution>>,
}

fn pass<F: Float>(
    config: &NetworkConfig,
    params: &Params<F>,
    plastic: &[PlasticWeight<F>],
    input: Input<'_, F>,
    labels: &[u32],
) -> Outcome {
    let network = Network::new(config, Models::default());
    let mut workspace = Workspace::default();
    let mut gradients = zeros(config);
    let reading = wide(&network.forward(params, plastic, input, labels.len(), &mut workspace).values);
    let loss = network.loss(Loss::CrossEntropy, labels, &mut workspace).0;
    network.backward(params, plastic, input, &mut workspace, &mut gradients);
    let layers = 0..config.layers.len();
    Outcome {
        loss,
        reading,
        spikes: layers.clone().map(|l| wide(workspace.layer(l).output)).collect(),
        potentials: layers.clone().map(|l| wide(workspace.layer(l).potential)).collect(),
        gradients: gradients.iter().flat_map(|g| FIELDS.map(|f| wide(g.get(f)))).collect(),
        executions: layers.clone().map(|l| workspace.layer(l).execution).collect(),
        next: layers.map(|l| wide(workspace.next_plastic(l))).collect(),
    }
}

/// |a - b| over largest |b|, or zero if both are.
fn same(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    let error = relative(a, b);
    assert!(error <= tolerance, "{what}: {error:e}");
}

impl Outcome {
    fn same(&self, other: &Outcome, tolerance: f64, what: &str) {
        same(&format!("{what}: loss"), &[self.loss], &[other.loss], tolerance);
        same(&format!("{what}: reading"), &self.reading, &other.reading, tolerance);
        for l in 0..self.spikes.len() {
            assert_eq!(self.spikes[l], other.spikes[l], "{what}: spikes of layer {l}");
            same(&format!("{what}: v of layer {l}"), &self.potentials[l], &other.potentials[l], tolerance);
            same(&format!("{what}: P of layer {l}"), &self.next[l], &other.next[l], tolerance);
        }
        for (i, (a, b)) in self.gradients.iter().zip(&other.gradients).enumerate() {
            if b.iter().any(|g| g.abs() > 1e-14) {
                same(&format!("{what}: gradient {i}"), a, b, tolerance);
            }
        }
    }
}

fn spiking(reset: Reset) -> NeuronConfig {
    NeuronConfig::AdaptiveLif {
        threshold: 0.5,
        decay: 0.6,
        adaptation_decay: 0.8,
        adaptation_strength: 0.3,
        reset,
        surrogate: SurrogateGradient::Sigmoid { slope: 3.0 },
    }
}

/// Two plastic layers of one rule.
fn pair(rule: RuleConfig, sharing: Sharing, scope: PlasticScope, sizes: [usize; 3], steps: usize) -> NetworkConfig {
    let layer = |size| {
        let mut layer = plastic_layer(size, spiking(Reset::Subtract), rule);
        let plasticity = plasticity_of(&mut layer);
        (plasticity.sharing, plasticity.scope) = (sharing, scope);
        layer
    };
    network_of(sizes[0], steps, vec![layer(sizes[1]), layer(sizes[2])])
}

fn with_execution(config: &NetworkConfig, execution: Execution) -> NetworkConfig {
    let mut config = config.clone();
    config.layers.iter_mut().for_each(|l| plasticity_of(l).execution = execution);
    config
}

/// (a) Wherever low-rank is possible it is the dense execution up to rounding: outputs, gradients, final P.
#[test]
fn dense_is_low_rank() {
    let mut compared = 0;
    for (index, rule) in rules().into_iter().enumerate() {
        for (sharing, scope) in [
            (Sharing::Batch, PlasticScope::Run),
            (Sharing::Batch, PlasticScope::Sample),
            (Sharing::PerSample, PlasticScope::Sample),
        ] {
            let additive = [GainShape::Scalar, GainShape::PerNeuron].map(|gain| Coupling::Additive { gain });
            // Beside a mask whose neurons have inputs of their own, and in blocks.
            let masked = [1, 16].map(|block| (Coupling::Masked, block));
            for (coupling, block) in additive.map(|coupling| (coupling, 1)).into_iter().chain(masked) {
                let sizes = if block == 1 { [9, 70, 5] } else { [64, 80, 16] };
                for (series, start) in [(false, false), (true, false), (false, true), (true, true)] {
                    let batch = 6;
                    let mut config = pair(rule, sharing, scope, sizes, 7);
                    for layer in &mut config.layers {
                        couple(layer, coupling);
                        layer.mask.iter_mut().for_each(|mask| mask.block = block);
                    }
                    let mut stream = Stream(index as u64 * 17 + 1);
                    let params: Params<f64> = lively_params(&config, &mut stream);
                    let mut plastic = lively_plastic(&config, batch, &mut stream);
                    if !start {
                        plastic.iter_mut().for_each(|p| p.values.clear());
                    }
                    let x = stream.take(if series { 7 } else { 1 } * batch * sizes[0], 0.0, 1.0);
                    let input = if series { Input::Series(&x[..]) } else { Input::Constant(&x[..]) };
                    let labels = labels_of(batch, 5);
                    let run = |e| pass(&with_execution(&config, e), &params, &plastic, input, &labels);
                    let (dense, low) = (run(Execution::Dense), run(Execution::LowRank));
                    assert_eq!(dense.executions, [Some(Execution::Dense); 2]);
                    if !low_rank_possible(plasticity_of(&mut config.layers[0])) {
                        assert_eq!(low.executions, [Some(Execution::Dense); 2]);
                        continue;
                    }
                    assert_eq!(low.executions, [Some(Execution::LowRank); 2], "{rule:?} {sharing:?}");
                    let what =
                        format!("{rule:?} {sharing:?} {scope:?} {coupling:?} {block} series {series} start {start}");
                    low.same(&dense, 1e-10, &what);
                    let fired: f64 = dense.spikes[0].iter().sum();
                    assert!(fired > 0.0 && fired < dense.spikes[0].len() as f64, "{what}: {fired} spikes");
                    assert_eq!(dense.next[0].is_empty(), scope == PlasticScope::Sample, "{what}");
                    compared += 1;
                }
            }
        }
    }
    // Beside a mask: four rules of one factor.
    assert_eq!(compared, 6 * 3 * 2 * 4 + 4 * 3 * 2 * 4);
}

/// (a) As above, from starting plastic weights of each sample's own, though their scope is the sample.
#[test]
fn starting_weights_per_sample() {
    let config = pair(rules()[0], Sharing::PerSample, PlasticScope::Sample, [6, 7, 4], 4);
    let (params, batch) = (lively_params::<f64>(&config, &mut Stream(1)), 3);
    let of_size = |n| PlasticWeight { values: Stream(n as u64).take(batch * n, -0.5, 0.5) };
    let plastic = [of_size(42), of_size(28)];
    let (x, labels) = (Stream(2).take(batch * 6, 0.0, 1.0), labels_of(batch, 4));
    let run = |e| pass(&with_execution(&config, e), &params, &plastic, Input::Constant(&x), &labels);
    run(Execution::LowRank).same(&run(Execution::Dense), 1e-10, "P_0 per sample");
}

/// One pass in either precision, from the same numbers, with gentle learning rates: a rule that runs away amplifies
/// rounding without bound.
fn gentle<F: Float>(config: &NetworkConfig, batch: usize, seed: u64) -> Outcome {
    let mut params = lively_params::<F>(config, &mut Stream(seed));
    let squares =
        matches!(config.layers[0].plasticity.as_ref().unwrap().rule, RuleConfig::Oja { .. } | RuleConfig::Bcm { .. });
    let share = F::of(if squares { 1.0 / 128.0 } else { 1.0 / 8.0 });
    params[0].local_learning_rate.iter_mut().for_each(|r| *r = *r * share);
    let x: Vec<F> = of(&Stream(seed).take(batch * config.inputs, 0.0, 1.0));
    let rest = [PlasticWeight::default(), PlasticWeight::default()];
    pass(config, &params, &rest, Input::Constant(&x), &labels_of(batch, config.layers[1].size))
}

/// (a) In single precision both executions spike as double precision does, wherever its margin is above rounding.
#[test]
fn single_precision_spikes() {
    const MARGIN: f64 = 1e-5;
    let (batch, hidden, steps, threshold) = (11, 40, 6, 0.5);
    let (mut compared, mut met) = (0, 0);
    for (index, mut rule) in rules().into_iter().enumerate() {
        if let RuleConfig::Oja { forgetting } = &mut rule {
            *forgetting = 0.002;
        }
        for (sharing, scope) in [(Sharing::Batch, PlasticScope::Run), (Sharing::PerSample, PlasticScope::Sample)] {
            for execution in BOTH {
                let mut config = with_execution(&pair(rule, sharing, scope, [30, hidden, 5], steps), execution);
                for layer in &mut config.layers {
                    let surrogate = SurrogateGradient::default();
                    layer.neuron = NeuronConfig::Lif { threshold, decay: 0.6, reset: Reset::Subtract, surrogate };
                }
                let seed = index as u64 + 50;
                let (exact, single) = (gentle::<f64>(&config, batch, seed), gentle::<f32>(&config, batch, seed));
                assert_eq!(exact.executions, single.executions);
                let (exact, single) =
                    ((&exact.potentials[0], &exact.spikes[0]), (&single.potentials[0], &single.spikes[0]));
                // A spike within rounding of its threshold may go another way, and all that it reaches with it: it
                // ends the comparison. Any other difference is an error.
                for i in 0..steps * batch * hidden {
                    let (v, off) = (exact.0[i], (exact.0[i] - single.0[i]).abs());
                    let what = format!("{rule:?} {sharing:?} {execution:?} at {i}");
                    assert!(off < MARGIN * v.abs().max(1.0), "{what}: v is off by {off:e}");
                    if exact.1[i] != single.1[i] {
                        assert!((v - threshold).abs() < MARGIN, "{what}: a spike differs at v = {v}");
                        met += 1;
                        break;
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 7 * 4 * steps * batch * hidden * 9 / 10, "{compared} compared, {met} met rounding");
}

/// (b) Where a clamp was ever active the plan was dense, and each execution's result is the dense one.
#[derive(Debug, Clone)]
struct Clamped {
    rule: usize,
    per_sample: bool,
    series: bool,
    clamp: f64,
    rate: f64,
    start: f64,
    seed: u64,
    steps: usize,
    batch: usize,
}

fn clamped() -> impl Strategy<Value = Clamped> {
    let numbers = (0.02f64..2.0, 0.0f64..0.5, 0.0f64..1.0, any::<u64>());
    (0usize..7, any::<bool>(), any::<bool>(), numbers, 1usize..7, 1usize..5).prop_map(
        |(rule, per_sample, series, (clamp, rate, start, seed), steps, batch)| Clamped {
            rule,
            per_sample,
            series,
            clamp,
            rate,
            start: if per_sample { 0.0 } else { start },
            seed,
            steps,
            batch,
        },
    )
}

fn check_clamped(case: &Clamped) -> (bool, bool) {
    let sharing = if case.per_sample { Sharing::PerSample } else { Sharing::Batch };
    let scope = if case.per_sample { PlasticScope::Sample } else { PlasticScope::Run };
    let mut config = pair(rules()[case.rule], sharing, scope, [4, 5, 3], case.steps);
    config.layers.truncate(1);
    let at = |clamp, execution| {
        let mut config = config.clone();
        plasticity_of(&mut config.layers[0]).clamp = clamp;
        plasticity_of(&mut config.layers[0]).execution = execution;
        config
    };
    let mut stream = Stream(case.seed);
    let mut params: Params<f64> = lively_params(&config, &mut stream);
    params[0].local_learning_rate = stream.take(4, -case.rate, case.rate);
    let planes = if case.series { case.steps } else { 1 };
    let x = stream.take(planes * case.batch * 4, -1.0, 1.0);
    let input = if case.series { Input::Series(&x[..]) } else { Input::Constant(&x[..]) };
    // Within the clamp, now and then at it.
    let mut plastic =
        vec![PlasticWeight { values: stream.take(20, -case.clamp * case.start, case.clamp * case.start) }];
    if case.start < 0.2 {
        plastic[0].values.clear();
    }
    let labels = labels_of(case.batch, 5);
    let run = |clamp, execution| pass(&at(clamp, execution), &params, &plastic, input, &labels);
    let dense = run(Some(case.clamp), Execution::Dense);
    let free = run(None, Execution::Dense);
    // A clamp that acted anywhere changes P; P_t of each step shows in a scan of its own length.
    let acted = (1..=case.steps).any(|steps| {
        let short = NetworkConfig { steps, ..at(None, Execution::Dense) };
        let mut short = short;
        plasticity_of(&mut short.layers[0]).scope = PlasticScope::Run;
        let part = match input {
            Input::Series(x) => Input::Series(&x[..steps * case.batch * 4]),
            constant => constant,
        };
        pass(&short, &params, &plastic, part, &labels).next[0].iter().any(|p| p.abs() > case.clamp)
    });
    let asked = run(Some(case.clamp), Execution::LowRank);
    let auto = run(Some(case.clamp), Execution::Auto);
    if acted {
        assert_eq!(asked.executions, [Some(Execution::Dense)], "the clamp acts: {case:?}");
        assert_eq!(auto.executions, [Some(Execution::Dense)], "the clamp acts: {case:?}");
    } else {
        dense.same(&free, 1e-12, "a clamp that never acts");
    }
    if dense.potentials[0].iter().all(|v| v.abs() < 1e6) {
        asked.same(&dense, 1e-9, &format!("{case:?}"));
        auto.same(&dense, 1e-9, &format!("{case:?}"));
    }
    (acted, asked.executions[0] == Some(Execution::LowRank))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_low_rank_where_a_clamp_acts(case in clamped()) {
        check_clamped(&case);
    }
}

/// The property above meets all four cases, so it cannot pass for want of them.
#[test]
fn clamps_act_and_do_not() {
    let mut seen = BTreeMap::new();
    for seed in 0..400u64 {
        let u = splitmix(seed, 6);
        let case = Clamped {
            rule: seed as usize % 7,
            per_sample: seed % 2 == 0,
            series: seed % 3 == 0,
            clamp: 0.02 + 2.0 * u[0],
            rate: 0.5 * u[1],
            start: if seed % 2 == 0 { 0.0 } else { u[2] },
            seed,
            steps: 1 + (6.0 * u[3]) as usize,
            batch: 1 + (4.0 * u[4]) as usize,
        };
        *seen.entry(check_clamped(&case)).or_insert(0) += 1;
    }
    for kind in [(true, false), (false, true), (false, false)] {
        assert!(seen.get(&kind).copied().unwrap_or(0) > 20, "{seen:?}");
    }
}

fn in_pool<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

/// A network with every kind of work: plain, low-rank, dense, shared and per sample, cut in several tiles.
fn threaded(index: usize) -> NetworkConfig {
    let rule = rules()[index % 7];
    let sharing = [Sharing::Batch, Sharing::PerSample][index / 7 % 2];
    let scope = if sharing == Sharing::PerSample { PlasticScope::Sample } else { PlasticScope::Run };
    let mut config = pair(rule, sharing, scope, [70, 150, 10], 5);
    config.layers.iter_mut().for_each(|l| plasticity_of(l).clamp = index.is_multiple_of(2).then_some(4.0));
    couple(&mut config.layers[1], couplings()[index % 5]);
    if index.is_multiple_of(3) {
        config.layers[0].learning = Some(LearningRule::Global);
    }
    config
}

/// (d), (b) Any number of threads: the same plan, and the same bits of losses, gradients and parameters after 3 steps.
#[test]
fn threads_do_not_matter() {
    let mut executions = BTreeMap::new();
    for index in 0..14 {
        for execution in [Execution::Auto, Execution::LowRank] {
            let config = learner_of(with_execution(&threaded(index), execution));
            let batch = 37;
            let mut stream = Stream(index as u64);
            let series = index % 4 == 1;
            let x: Vec<f32> = of(&stream.take(if series { 5 } else { 1 } * batch * 70, 0.0, 0.4));
            let labels = labels_of(batch, 10);
            let run = || {
                let mut learner = Learner::<f32>::with_models(config.clone(), 7, Models::default()).unwrap();
                let mut log = Vec::new();
                for _ in 0..3 {
                    let input = if series { Input::Series(&x[..]) } else { Input::Constant(&x[..]) };
                    let report = learner.step(input, &labels).unwrap();
                    log.extend(report.loss.to_bits().to_le_bytes());
                    for arrays in learner.gradients() {
                        FIELDS.iter().for_each(|&f| log.extend(f32::to_bytes(arrays.get(f))));
                    }
                }
                log.extend(bits(&learner));
                let plans: Vec<_> = (0..2).map(|l| learner.workspace().layer(l).execution).collect();
                (log, plans)
            };
            let one = in_pool(1, run);
            for threads in [2, 3, 8] {
                let several = in_pool(threads, run);
                assert_eq!(several.1, one.1, "plan of network {index}, {threads} threads");
                assert!(several.0 == one.0, "bits of network {index} {execution:?}, {threads} threads");
            }
            one.1.iter().for_each(|e| *executions.entry(format!("{e:?}")).or_insert(0) += 1);
        }
    }
    assert!(executions.len() == 3 && executions.values().all(|&n| n > 4), "{executions:?}");
}

/// One scan, or two with a carry: spikes, potentials and final plastic weights.
fn check_split(config: &NetworkConfig, constant: bool, cut: usize, what: &str) {
    let (batch, steps) = (3, config.steps);
    let mut stream = Stream(11);
    let params: Params<f64> = lively_params(config, &mut stream);
    let start = lively_plastic(config, batch, &mut stream);
    let inputs = config.inputs;
    let x = stream.take(if constant { 1 } else { steps } * batch * inputs, 0.0, 1.0);
    let network = Network::new(config, Models::default());
    let layers = 0..config.layers.len();
    let mut workspace = Workspace::default();
    let input = |range: std::ops::Range<usize>| match constant {
        true => Input::Constant(&x[..]),
        false => Input::Series(&x[range.start * batch * inputs..range.end * batch * inputs]),
    };
    network.scan(&params, &start, input(0..steps), (batch, steps), None, &mut workspace);
    let whole: Vec<_> = layers.clone().map(|l| workspace.layer(l).potential.to_vec()).collect();
    let whole_next: Vec<_> = layers.clone().map(|l| workspace.next_plastic(l).to_vec()).collect();

    let mut parts: Vec<Vec<f64>> = vec![Vec::new(); layers.len()];
    let mut plastic = start;
    let mut carry: Option<Carry<f64>> = None;
    for range in [0..cut, cut..steps] {
        network.scan(&params, &plastic, input(range.clone()), (batch, range.len()), carry.as_ref(), &mut workspace);
        for l in layers.clone() {
            parts[l].extend(workspace.layer(l).potential);
            plastic[l].values = workspace.next_plastic(l).to_vec();
        }
        carry = Some(network.carry(input(range), carry.as_ref(), &workspace));
    }
    assert_eq!(carry.unwrap().step, steps);
    for l in layers {
        same(&format!("{what}: v of layer {l}"), &parts[l], &whole[l], 1e-12);
        same(&format!("{what}: P of layer {l}"), &plastic[l].values, &whole_next[l], 1e-12);
        assert!(!whole_next[l].is_empty(), "{what}: P is kept");
    }
}

fn splits(rules: &[RuleConfig], sharings: &[Sharing], constants: &[bool], executions: &[Execution]) {
    for &rule in rules {
        for &sharing in sharings {
            for coupling in couplings() {
                for &constant in constants {
                    for &execution in executions {
                        for cut in 1..6 {
                            let scope = [PlasticScope::Run, PlasticScope::Sample][cut % 2];
                            let mut config = pair(rule, sharing, scope, [4, 5, 3], 6);
                            config.layers.iter_mut().for_each(|l| couple(l, coupling));
                            let config = with_execution(&config, execution);
                            let what = format!("{rule:?} {sharing:?} {coupling:?} {constant} {execution:?} cut {cut}");
                            check_split(&config, constant, cut, &what);
                        }
                    }
                }
            }
        }
    }
}

const BOTH: [Execution; 2] = [Execution::Dense, Execution::LowRank];

/// (c) Neuron state, post-traces, pre-traces of a series, phase and P, in both executions.
#[test]
fn whole_scan_is_split_scan() {
    let all = rules();
    splits(&all[..5], &[Sharing::Batch, Sharing::PerSample], &[false, true], &BOTH);
    splits(&all[5..6], &[Sharing::Batch, Sharing::PerSample], &[false], &BOTH);
    splits(&all[6..], &[Sharing::Batch], &[false, true], &[Execution::Dense]);
    // A plain network, of each neuron and reset.
    for neuron in [spiking(Reset::ToZero), NeuronConfig::LeakyIntegrator { decay: 0.7, threshold: 1.0 }] {
        let mut config = pair(all[0], Sharing::Batch, PlasticScope::Run, [4, 5, 3], 6);
        config.layers.iter_mut().for_each(|l| l.neuron = neuron);
        check_split(&config, false, 2, "neurons");
    }
}

#[test]
fn split_scan_of_stdp_with_constant_input() {
    splits(&rules()[5..6], &[Sharing::Batch, Sharing::PerSample], &[true], &BOTH);
}

#[test]
fn split_scan_of_eligibility() {
    splits(&rules()[6..], &[Sharing::PerSample], &[false, true], &BOTH);
    splits(&rules()[6..], &[Sharing::Batch], &[false, true], &[Execution::LowRank]);
}

/// (e) Where samples share nothing, a batch is its samples one by one, and its gradient their mean.
#[test]
fn batch_is_its_samples() {
    let batch = 5;
    for (index, rule) in rules().into_iter().enumerate() {
        for scope in [PlasticScope::Sample, PlasticScope::Run] {
            for execution in BOTH {
                for series in [false, true] {
                    let config = with_execution(&pair(rule, Sharing::PerSample, scope, [6, 8, 4], 5), execution);
                    let mut stream = Stream(index as u64 + 3);
                    let params: Params<f64> = lively_params(&config, &mut stream);
                    let plastic: Vec<PlasticWeight<f64>> = lively_plastic(&config, batch, &mut stream);
                    let planes = if series { 5 } else { 1 };
                    let x = stream.take(planes * batch * 6, 0.0, 1.0);
                    let labels = labels_of(batch, 4);
                    let input = |x: &'static [f64]| if series { Input::Series(x) } else { Input::Constant(x) };
                    let leak = |x: Vec<f64>| -> &'static [f64] { x.leak() };
                    let whole = pass(&config, &params, &plastic, input(leak(x.clone())), &labels);
                    let mut gradients: Vec<Vec<f64>> = whole.gradients.iter().map(|g| vec![0.0; g.len()]).collect();
                    let mut loss = 0.0;
                    for b in 0..batch {
                        let own: Vec<f64> = (0..planes).flat_map(|t| x[(t * batch + b) * 6..][..6].to_vec()).collect();
                        let own_plastic: Vec<PlasticWeight<f64>> = plastic
                            .iter()
                            .map(|p| {
                                let n = p.values.len() / batch;
                                PlasticWeight { values: p.values[b * n..(b + 1) * n].to_vec() }
                            })
                            .collect();
                        let one = pass(&config, &params, &own_plastic, input(leak(own)), &labels[b..=b]);
                        assert_eq!(one.executions, whole.executions);
                        let what = format!("{rule:?} {scope:?} {execution:?} series {series} sample {b}");
                        same(&what, &one.reading, &whole.reading[b * 4..(b + 1) * 4], 1e-12);
                        let n = whole.next[0].len() / batch;
                        same(&what, &one.next[0], &whole.next[0][b * n..(b + 1) * n], 1e-12);
                        loss += one.loss / batch as f64;
                        for (sum, g) in gradients.iter_mut().zip(&one.gradients) {
                            sum.iter_mut().zip(g).for_each(|(s, g)| *s += g / batch as f64);
                        }
                    }
                    assert!((loss - whole.loss).abs() < 1e-12);
                    for (a, b) in gradients.iter().zip(&whole.gradients) {
                        same(&format!("{rule:?} {scope:?} {execution:?}: gradient"), a, b, 1e-11);
                    }
                }
            }
        }
    }
}

/// (f) A constant input is a series of equal values.
#[test]
fn constant_is_a_series() {
    let batch = 4;
    for rule in rules() {
        for (sharing, scope) in [
            (Sharing::Batch, PlasticScope::Run),
            (Sharing::PerSample, PlasticScope::Sample),
            (Sharing::PerSample, PlasticScope::Run),
        ] {
            for coupling in couplings() {
                for execution in BOTH {
                    let mut config = with_execution(&pair(rule, sharing, scope, [6, 7, 4], 5), execution);
                    config.layers.iter_mut().for_each(|l| couple(l, coupling));
                    let mut stream = Stream(21);
                    let params: Params<f64> = lively_params(&config, &mut stream);
                    let plastic: Vec<PlasticWeight<f64>> = lively_plastic(&config, batch, &mut stream);
                    let x = stream.take(batch * 6, 0.0, 1.0);
                    let series = x.repeat(5);
                    let labels = labels_of(batch, 4);
                    let a = pass(&config, &params, &plastic, Input::Constant(&x), &labels);
                    let b = pass(&config, &params, &plastic, Input::Series(&series), &labels);
                    assert_eq!(a.executions, b.executions);
                    b.same(&a, 1e-10, &format!("{rule:?} {sharing:?} {coupling:?} {execution:?}"));
                }
            }
        }
    }
}

/// (g) Evaluation with frozen plastic weights is the plastic network whose learning rates are 0 and decay 1.
#[test]
fn frozen_is_no_learning() {
    let batch = 4;
    // Of one hidden neuron, the second layer has as many gains for its synapses as for its neurons.
    let hidden = [7, 1];
    for (rule, hidden) in rules().into_iter().flat_map(|rule| hidden.map(|hidden| (rule, hidden))) {
        for coupling in couplings() {
            let mut config = pair(rule, Sharing::Batch, PlasticScope::Run, [6, hidden, 4], 5);
            for layer in &mut config.layers {
                couple(layer, coupling);
                let plasticity = plasticity_of(layer);
                plasticity.decay = 1.0;
                if let RuleConfig::Oja { forgetting } = &mut plasticity.rule {
                    *forgetting = 0.0;
                }
            }
            let mut stream = Stream(33);
            let mut learner = Learner::<f64>::with_models(learner_of(config.clone()), 1, Models::default()).unwrap();
            *learner.params_mut() = lively_params(&config, &mut stream);
            let plastic: Vec<PlasticWeight<f64>> = lively_plastic(&config, batch, &mut stream);
            learner.plastic_mut().clone_from_slice(&plastic);
            learner.params_mut().iter_mut().for_each(|p| p.local_learning_rate.fill(0.0));
            let x = stream.take(batch * 6, 0.0, 1.0);
            let labels = labels_of(batch, 4);
            let mut run = |how| {
                let report = learner.evaluate(Input::Constant(&x), &labels, how).unwrap();
                (report, learner.workspace().reading().values.clone())
            };
            let (moving, frozen) = (run(PlasticEval::Moving), run(PlasticEval::Frozen));
            same(&format!("{rule:?} {coupling:?}"), &frozen.1, &moving.1, 1e-12);
            assert_eq!(frozen.0.predictions, moving.0.predictions);
            // It is not the network without plastic weights.
            learner.plastic_mut().iter_mut().for_each(|p| p.values.clear());
            learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap();
            let rest = learner.workspace().reading().values.clone();
            assert!(relative(&rest, &frozen.1) > 1e-4);
        }
    }
}

/// A step, or a change of P or parameters, ends a frozen evaluation's copy of the weights.
#[test]
fn frozen_follows_training() {
    let config = learner_of(pair(rules()[0], Sharing::Batch, PlasticScope::Run, [6, 7, 4], 5));
    let x = Stream(1).take(4 * 6, 0.0, 1.0);
    let labels = labels_of(4, 4);
    let mut learner = Learner::<f64>::with_models(config, 5, Models::default()).unwrap();
    *learner.params_mut() = lively_params(&learner.config().network.clone(), &mut Stream(4));
    let mut last = learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap().loss;
    for change in 0..4 {
        match change {
            0 => drop(learner.step(Input::Constant(&x), &labels).unwrap()),
            1 => learner.params_mut()[0].weight.iter_mut().for_each(|w| *w += 0.1),
            2 => learner.plastic_mut()[1].values.iter_mut().for_each(|p| *p += 0.1),
            _ => learner.begin(PlasticScope::Run),
        }
        let loss = learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap().loss;
        let mut fresh = Learner::<f64>::with_models(learner.config().clone(), 0, Models::default()).unwrap();
        fresh.params_mut().clone_from(learner.params());
        fresh.plastic_mut().clone_from_slice(learner.plastic());
        assert_eq!(loss, fresh.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap().loss);
        assert!(loss != last, "change {change} shows");
        last = loss;
    }
}

fn optimisers() -> [OptimiserConfig; 3] {
    [
        OptimiserConfig { update_interval: 3, clip_norm: Some(0.1), ..OptimiserConfig::adam(1e-2) },
        OptimiserConfig {
            method: OptimiserMethod::Sgd { momentum: 0.9 },
            schedule: Schedule::Cosine { epochs: 7, floor: 0.1 },
            ..OptimiserConfig::adam(0.05)
        },
        OptimiserConfig { schedule: Schedule::Step { every: 2, factor: 0.3 }, ..OptimiserConfig::adam(1e-2) },
    ]
}

/// (h) Saved and restored at any step, training goes on with the same bits, and equal learners make equal bytes.
#[test]
fn restored_is_uninterrupted() {
    let mut networks: Vec<NetworkConfig> =
        rules().into_iter().map(|rule| pair(rule, Sharing::Batch, PlasticScope::Run, [6, 7, 4], 4)).collect();
    networks.push(pair(rules()[0], Sharing::PerSample, PlasticScope::Task, [6, 7, 4], 4));
    networks.push(NetworkConfig { learning_rule: LearningRule::Local, ..networks[0].clone() });
    networks.push(NetworkConfig { learning_rule: LearningRule::Global, ..networks[0].clone() });
    for (index, network) in networks.into_iter().enumerate() {
        for (weights, meta) in [(0, 1), (1, 0), (2, 2)] {
            let mut config = learner_of(network.clone());
            config.weights = optimisers()[weights].clone();
            config.meta = optimisers()[meta].clone();
            let batch = 5;
            let x: Vec<f32> = of(&Stream(index as u64).take(8 * batch * 6, 0.0, 1.0));
            let labels = labels_of(batch, 4);
            let train = |learner: &mut Learner, steps: std::ops::Range<usize>| {
                for n in steps {
                    if n % 2 == 0 {
                        learner.begin_epoch(n as u64 / 2);
                    }
                    let x = &x[n * batch * 6..(n + 1) * batch * 6];
                    learner.step(Input::Constant(x), &labels).unwrap();
                }
            };
            let metadata = BTreeMap::from([("run".to_owned(), "7".to_owned()), ("ü\n\"".to_owned(), String::new())]);
            let mut whole = Learner::new(config.clone(), 3).unwrap();
            train(&mut whole, 0..8);
            for stop in [0, 1, 2, 5] {
                let mut first = Learner::new(config.clone(), 3).unwrap();
                train(&mut first, 0..stop);
                let bytes = first.to_bytes(&metadata);
                assert_eq!(bytes, first.to_bytes(&metadata));
                let (mut second, read) = Learner::from_bytes(config.clone(), &bytes).unwrap();
                assert_eq!(read, metadata);
                assert_eq!(second.steps_taken(), stop as u64);
                assert_eq!(second.to_bytes(&metadata), bytes, "what was read writes the same bytes");
                assert_eq!(second.health(), first.health());
                train(&mut second, stop..8);
                let what = format!("network {index}, optimisers {weights} {meta}, stopped at {stop}");
                assert!(bits(&second) == bits(&whole), "{what}");
                assert!(second.to_bytes(&metadata) == whole.to_bytes(&metadata), "{what}: bytes");
            }
        }
    }
}

/// As above, in double precision, mid-epoch, and with other metadata only the metadata differs.
#[test]
fn restored_in_double() {
    let config = learner_of(pair(rules()[5], Sharing::Batch, PlasticScope::Run, [6, 7, 4], 4));
    let x = Stream(1).take(5 * 6, 0.0, 1.0);
    let labels = labels_of(5, 4);
    let mut learner = Learner::<f64>::with_models(config.clone(), 3, Models::default()).unwrap();
    for _ in 0..4 {
        learner.step(Input::Constant(&x), &labels).unwrap();
    }
    let bytes = learner.to_bytes(&BTreeMap::new());
    let mut other = Learner::<f64>::restore(config, &bytes, Models::default()).unwrap().0;
    for _ in 0..3 {
        let (a, b) = (learner.step(Input::Constant(&x), &labels), other.step(Input::Constant(&x), &labels));
        assert_eq!(a.unwrap(), b.unwrap());
    }
    assert!(bits(&learner) == bits(&other));
    assert_ne!(learner.to_bytes(&BTreeMap::from([("a".into(), "b".into())])), learner.to_bytes(&BTreeMap::new()));
}

#[test]
fn restored_with_as_many_samples_as_neurons() {
    for batch in [1, 4, 7] {
        let config = learner_of(pair(rules()[0], Sharing::PerSample, PlasticScope::Run, [6, 7, 4], 4));
        let x: Vec<f32> = of(&Stream(1).take(batch * 6, 0.0, 1.0));
        let mut learner = Learner::new(config.clone(), 3).unwrap();
        learner.step(Input::Constant(&x), &labels_of(batch, 4)).unwrap();
        let (other, _) = Learner::from_bytes(config, &learner.to_bytes(&BTreeMap::new())).unwrap();
        assert!(bits(&learner) == bits(&other));
    }
}

/// (i) Plastic weights live exactly as long as their scope says.
#[test]
fn scopes() {
    let batch = 3;
    let x: Vec<f32> = of(&Stream(2).take(batch * 6, 0.2, 1.0));
    let labels = labels_of(batch, 3);
    for sharing in [Sharing::Batch, Sharing::PerSample] {
        for execution in BOTH {
            let layer = |scope| {
                let mut layer = plastic_layer(3, lif(Reset::Subtract, SurrogateGradient::default()), rules()[0]);
                let plasticity = plasticity_of(&mut layer);
                (plasticity.scope, plasticity.sharing, plasticity.execution) = (scope, sharing, execution);
                plasticity.meta_init = 0.5;
                layer.neuron = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: 0.5 };
                layer
            };
            let config = learner_of(network_of(6, 4, SCOPES.map(layer).to_vec()));
            let trained = || {
                let mut learner = Learner::new(config.clone(), 3).unwrap();
                learner.step(Input::Constant(&x), &labels).unwrap();
                learner
            };
            let lives = |learner: &Learner| -> Vec<bool> {
                learner.plastic().iter().map(|p| p.values.iter().any(|&p| p != 0.0)).collect()
            };
            assert_eq!(lives(&trained()), [false, true, true, true], "a sample's own P never persists");
            for (index, scope) in SCOPES.into_iter().enumerate() {
                let mut learner = trained();
                learner.begin(scope);
                let expected: Vec<bool> = (0..4).map(|own| own > index).collect();
                assert_eq!(lives(&learner), expected, "begin({scope:?})");
            }
            // Run persists, and moves on from where it was; evaluation leaves it alone.
            let mut learner = trained();
            let before = learner.plastic().to_vec();
            learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Moving).unwrap();
            learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap_or_else(|e| panic!("{e}"));
            learner.loss_and_gradients(Input::Constant(&x), &labels).unwrap();
            assert_eq!(learner.plastic(), before);
            learner.step(Input::Constant(&x), &labels).unwrap();
            assert!(learner.plastic()[3] != before[3] && learner.plastic()[0] == before[0]);
        }
    }
}

/// Gradients and readings do not depend on what the buffers held before: one workspace for batches of several sizes.
#[test]
fn buffers_hold_nothing_over() {
    let config = pair(rules()[5], Sharing::Batch, PlasticScope::Run, [6, 7, 4], 5);
    let mut learner = Learner::<f64>::with_models(learner_of(config), 1, Models::default()).unwrap();
    for (batch, series) in [(3, false), (8, true), (1, false), (3, true), (8, false)] {
        let x = Stream(batch as u64).take(if series { 5 } else { 1 } * batch * 6, 0.0, 1.0);
        let input = if series { Input::Series(&x[..]) } else { Input::Constant(&x[..]) };
        let labels = labels_of(batch, 4);
        let mut fresh = Learner::<f64>::with_models(learner.config().clone(), 1, Models::default()).unwrap();
        let (a, b) = (learner.loss_and_gradients(input, &labels), fresh.loss_and_gradients(input, &labels));
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!(learner.gradients(), fresh.gradients());
    }
}

/// A Hebbian softmax shares its total among the neurons of the layer: what the tiles of neurons must not cut.
#[test]
fn softmax_sees_the_whole_layer() {
    let rule = RuleConfig::Hebbian { post: PostFactor::Softmax, sign: 1.0 };
    for execution in BOTH {
        let mut config = with_execution(&pair(rule, Sharing::Batch, PlasticScope::Run, [6, 150, 4], 1), execution);
        plasticity_of(&mut config.layers[0]).decay = 1.0;
        let mut params: Params<f64> = lively_params(&config, &mut Stream(2));
        params[0].local_learning_rate.fill(1.0);
        let x = vec![1.0; 6];
        let out =
            pass(&config, &params, &[PlasticWeight::default(), PlasticWeight::default()], Input::Constant(&x), &[0]);
        let total: f64 = out.next[0].chunks(6).map(|row| row[0]).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }
}
