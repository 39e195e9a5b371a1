//! Convolution layers against a naive convolution, finite differences and themselves.

mod common;

use common::*;
use glocal_core::config::*;
use glocal_core::dropout::Draw;
use glocal_core::network::{Network, Workspace};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::{Params, array_specs, zeros};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, Learner, LearningRule, Models, PlasticEval};

const BATCH: usize = 3;
const STEPS: usize = 4;
const CLASSES: usize = 3;
const DRAW: Draw = Draw { seed: 5, step: 2 };

fn neuron() -> NeuronConfig {
    NeuronConfig::Lif {
        threshold: 0.6,
        decay: 0.5,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Sigmoid { slope: 4.0 },
    }
}

fn conv(channels: usize, kernel: usize, stride: usize, padding: usize) -> LayerConfig {
    LayerConfig::convolution_of(channels, Convolution { kernel, stride, padding }, neuron())
}

/// Convolutions under a dense read-out.
fn network(shape: [usize; 3], mut layers: Vec<LayerConfig>) -> NetworkConfig {
    layers.push(LayerConfig::new(CLASSES, neuron()));
    NetworkConfig {
        input_shape: Some(shape),
        learning_rule: LearningRule::Global,
        ..network_of(shape.iter().product(), STEPS, layers)
    }
}

/// (H', W') and the values `[H',W',O]` of a convolution by its definition; x `[H,W,C]`, w `[O,K,K,C]`.
fn naive(x: &[f64], [c, h, w]: [usize; 3], weight: &[f64], o: usize, window: Convolution) -> ([usize; 2], Vec<f64>) {
    let Convolution { kernel: k, stride, padding } = window;
    let side = |n: usize| (n + 2 * padding - k) / stride + 1;
    let mut y = Vec::new();
    for i in 0..side(h) {
        for j in 0..side(w) {
            for out in 0..o {
                let mut sum = 0.0;
                for a in 0..k {
                    for b in 0..k {
                        let (row, column) =
                            ((i * stride + a).wrapping_sub(padding), (j * stride + b).wrapping_sub(padding));
                        if row < h && column < w {
                            for channel in 0..c {
                                let tap = weight[((out * k + a) * k + b) * c + channel];
                                sum += tap * x[(row * w + column) * c + channel];
                            }
                        }
                    }
                }
                y.push(sum);
            }
        }
    }
    ([side(h), side(w)], y)
}

/// Kernel x stride x padding x channels x odd sizes.
fn geometries() -> Vec<([usize; 3], usize, Convolution)> {
    let mut all = Vec::new();
    for (kernel, stride, padding) in
        [(1, 1, 0), (2, 1, 0), (3, 1, 1), (3, 1, 0), (3, 2, 1), (3, 2, 0), (4, 3, 2), (5, 1, 2), (2, 2, 1), (3, 3, 2)]
    {
        for (shape, channels) in [([1, 7, 5], 2), ([3, 6, 9], 5), ([2, 5, 11], 17), ([18, 5, 5], 3)] {
            all.push((shape, channels, Convolution { kernel, stride, padding }));
        }
    }
    all
}

/// From (C,H,W) to (H,W,C).
fn channels_last(x: &[f64], [c, h, w]: [usize; 3]) -> Vec<f64> {
    (0..h * w).flat_map(|place| (0..c).map(move |channel| x[channel * h * w + place])).collect()
}

/// A leaky integrator of decay 0 puts out its current: layer by layer it is the definition.
#[test]
fn convolution_is_the_definition() {
    let plain = NeuronConfig::LeakyIntegrator { decay: 0.0, threshold: 1.0 };
    for (shape, channels, window) in geometries() {
        let layer = LayerConfig::convolution_of(channels, window, plain);
        let above = LayerConfig::convolution_of(4, Convolution { kernel: 1, stride: 1, padding: 0 }, plain);
        let config = network(shape, vec![layer, above]);
        config.validate().unwrap();
        let mut stream = Stream(7);
        let params: Params<f64> = lively_params(&config, &mut stream);
        let x = stream.take(BATCH * config.inputs, -1.0, 1.0);
        let network = Network::new(&config, Models::default());
        let mut workspace = Workspace::default();
        network.forward(&params, &network.plastic_at_rest(), Input::Constant(&x), BATCH, &mut workspace);
        for b in 0..BATCH {
            let sample = channels_last(&x[b * config.inputs..(b + 1) * config.inputs], shape);
            let ([h, w], mut y) = naive(&sample, shape, &params[0].weight, channels, window);
            y.iter_mut().enumerate().for_each(|(i, y)| *y += params[0].bias[i % channels]);
            let found = &workspace.layer(0).output[b * y.len()..(b + 1) * y.len()];
            assert!(relative(found, &y) < 1e-13, "{shape:?} {window:?}");
            let one = Convolution { kernel: 1, stride: 1, padding: 0 };
            let (_, mut z) = naive(&y, [channels, h, w], &params[1].weight, 4, one);
            z.iter_mut().enumerate().for_each(|(i, z)| *z += params[1].bias[i % 4]);
            // The last step, so that the series is looked at too.
            let found = &workspace.layer(1).output[((STEPS - 1) * BATCH + b) * z.len()..][..z.len()];
            assert!(relative(found, &z) < 1e-13, "{shape:?} {window:?}, second layer");
        }
    }
}

/// Single precision runs on other registers than double.
#[test]
fn single_precision_is_double_precision_rounded() {
    let plain = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: 1.0 };
    for (shape, channels, window) in geometries() {
        for channels in [channels, 33] {
            let one = LayerConfig::convolution_of(channels, window, plain);
            let second = Convolution { kernel: 1, ..window };
            let second = LayerConfig::convolution_of(20, Convolution { padding: 0, ..second }, plain);
            let config = network(shape, vec![one, second]);
            let mut stream = Stream(3);
            let wide_params: Params<f64> = lively_params(&config, &mut stream);
            let mut narrow_params: Params<f32> = zeros(&config);
            for spec in array_specs(&config) {
                *narrow_params[spec.layer].get_mut(spec.field) = of(wide_params[spec.layer].get(spec.field));
            }
            let x = stream.take(BATCH * config.inputs, 0.0, 1.0);
            let run_wide = gradients_of(&config, &wide_params, Input::Constant(&x), false);
            let narrow: Vec<f32> = of(&x);
            let run_narrow = gradients_of(&config, &narrow_params, Input::Constant(&narrow), false);
            for spec in array_specs(&config) {
                let (a, b) = (run_narrow[spec.layer].get(spec.field), run_wide[spec.layer].get(spec.field));
                assert!(relative(&wide(a), b) < 1e-4, "{shape:?} {window:?} {}", spec.name());
            }
        }
    }
}

fn gradients_of<F: glocal_core::scalar::Float>(
    config: &NetworkConfig,
    params: &Params<F>,
    input: Input<'_, F>,
    training: bool,
) -> Params<F> {
    let network = Network::new(config, Models::default());
    let (mut workspace, mut gradients) = (Workspace::default(), zeros(config));
    let plastic = network.plastic_at_rest();
    let labels = labels_of(BATCH, CLASSES);
    if training {
        network.forward_training(params, &plastic, input, (BATCH, DRAW), &mut workspace);
    } else {
        network.forward(params, &plastic, input, BATCH, &mut workspace);
    }
    network.loss(Loss::CrossEntropy, &labels, &mut workspace);
    network.backward(params, &plastic, input, &mut workspace, &mut gradients);
    gradients
}

/// Central differences of the smooth network's loss in one random direction of each trained array.
fn check(name: &str, config: &NetworkConfig, series: bool, training: bool) {
    config.validate().unwrap();
    let mut stream = Stream(name.len() as u64 + 11);
    let params: Params<f64> = lively_params(config, &mut stream);
    let x = stream.take(if series { STEPS } else { 1 } * BATCH * config.inputs, 0.1, 1.0);
    let input = if series { Input::Series(&x[..]) } else { Input::Constant(&x[..]) };
    let network = Network::new(config, Models::default()).smooth();
    let (mut workspace, mut gradients) = (Workspace::default(), zeros(config));
    let plastic = network.plastic_at_rest();
    let labels = labels_of(BATCH, CLASSES);
    let loss = |params: &Params<f64>, workspace: &mut Workspace<f64>| {
        if training {
            network.forward_training(params, &plastic, input, (BATCH, DRAW), workspace);
        } else {
            network.forward(params, &plastic, input, BATCH, workspace);
        }
        network.loss(Loss::CrossEntropy, &labels, workspace).0
    };
    loss(&params, &mut workspace);
    network.backward(&params, &plastic, input, &mut workspace, &mut gradients);
    let mut telling = 0;
    let specs: Vec<_> = array_specs(config).into_iter().filter(|spec| spec.trained).collect();
    for spec in &specs {
        let gradient = gradients[spec.layer].get(spec.field);
        assert_eq!(gradient.len(), spec.len(), "{name}: {}", spec.name());
        let direction = stream.take(spec.len(), -1.0, 1.0);
        let analytic: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let mut moved = params.clone();
        let mut at = |h: f64| {
            let base = params[spec.layer].get(spec.field);
            *moved[spec.layer].get_mut(spec.field) = base.iter().zip(&direction).map(|(p, d)| p + h * d).collect();
            loss(&moved, &mut workspace)
        };
        let found = [(2e-5, 3e-9), (1e-6, 5e-9), (1e-7, 3e-8)].into_iter().any(|(h, absolute)| {
            let difference = (at(h) - at(-h)) / (2.0 * h);
            (difference - analytic).abs() <= 1e-6 * analytic.abs() + absolute
        });
        assert!(
            found,
            "{name}: {}: analytic {analytic:e}, difference {:e}",
            spec.name(),
            (at(1e-6) - at(-1e-6)) / 2e-6
        );
        telling += usize::from(analytic.abs() > 1e-6);
    }
    assert!(telling * 2 > specs.len(), "{name}: {telling} of {} are telling", specs.len());
}

/// Every geometry, as first and as second layer, with both kinds of input.
#[test]
fn gradients_of_every_geometry() {
    for (index, (shape, channels, window)) in geometries().into_iter().enumerate() {
        let layer = LayerConfig::convolution_of(channels, window, neuron());
        let below = conv(shape[0], 3, 1, 1);
        for series in [false, true] {
            check(&format!("first {index} {series}"), &network(shape, vec![layer.clone()]), series, false);
            let layers = vec![below.clone(), layer.clone()];
            check(&format!("second {index} {series}"), &network([2, shape[1], shape[2]], layers), series, false);
        }
    }
}

#[test]
fn gradients_of_pooling_normalisation_and_dropout() {
    let pools = [None, Some(Pool::Max(2)), Some(Pool::Average(2)), Some(Pool::Max(3)), Some(Pool::Average(3))];
    for pool in pools {
        for norm in [None, Some(Norm::Tdbn), Some(Norm::PerStep)] {
            for dropout in [None, Some(DropoutPer::Sample), Some(DropoutPer::Step)] {
                for (series, training) in [(false, false), (false, true), (true, false), (true, true)] {
                    let dropout = dropout.map(|per| Dropout { rate: 0.3, per });
                    let first = LayerConfig { norm, pool, ..conv(4, 3, 1, 1) };
                    let second = LayerConfig { norm, dropout, ..conv(5, 2, 1, 0) };
                    let mut config = network([2, 7, 8], vec![first, second]);
                    config.layers[2].dropout = dropout;
                    let name = format!("{pool:?} {norm:?} {dropout:?} series {series} training {training}");
                    check(&name, &config, series, training);
                }
            }
        }
    }
}

/// A constant input is the series that repeats it, to rounding; with statistics of the batch too.
#[test]
fn constant_input_is_its_series() {
    for norm in [None, Some(Norm::Tdbn), Some(Norm::PerStep)] {
        for training in [false, true] {
            let config = network([2, 6, 7], vec![LayerConfig { norm, pool: Some(Pool::Max(2)), ..conv(5, 3, 1, 1) }]);
            let mut stream = Stream(9);
            let params: Params<f64> = lively_params(&config, &mut stream);
            let x = stream.take(BATCH * config.inputs, 0.0, 1.0);
            let repeated = x.repeat(STEPS);
            let constant = gradients_of(&config, &params, Input::Constant(&x), training);
            let series = gradients_of(&config, &params, Input::Series(&repeated), training);
            for spec in array_specs(&config).iter().filter(|spec| spec.trained) {
                let (a, b) = (constant[spec.layer].get(spec.field), series[spec.layer].get(spec.field));
                assert!(relative(a, b) < 1e-11, "{norm:?} {training} {}", spec.name());
            }
        }
    }
}

/// Maps so small that several share a block, in strips and groups that end in the middle: gradients of a batch are the mean of
/// those of its samples.
#[test]
fn gradients_of_a_batch_are_those_of_its_samples() {
    const MANY: usize = 53;
    let config = network([3, 9, 9], vec![conv(20, 3, 2, 1), conv(34, 3, 2, 1), conv(18, 3, 2, 1)]);
    let mut stream = Stream(23);
    let params: Params<f64> = lively_params(&config, &mut stream);
    let network = Network::new(&config, Models::default());
    let plastic = network.plastic_at_rest();
    let labels = labels_of(MANY, CLASSES);
    for series in [false, true] {
        let planes = if series { STEPS } else { 1 };
        let x = stream.take(planes * MANY * config.inputs, 0.0, 1.0);
        let gradients = |x: &[f64], labels: &[u32]| {
            let input = if series { Input::Series(x) } else { Input::Constant(x) };
            let (mut workspace, mut gradients) = (Workspace::default(), zeros(&config));
            network.forward(&params, &plastic, input, labels.len(), &mut workspace);
            network.loss(Loss::CrossEntropy, labels, &mut workspace);
            network.backward(&params, &plastic, input, &mut workspace, &mut gradients);
            gradients
        };
        let whole = gradients(&x, &labels);
        let of_sample = |b: usize| -> Vec<f64> {
            (0..planes).flat_map(|t| &x[(t * MANY + b) * config.inputs..][..config.inputs]).copied().collect()
        };
        let singles: Vec<Params<f64>> = (0..MANY).map(|b| gradients(&of_sample(b), &labels[b..=b])).collect();
        for spec in array_specs(&config).iter().filter(|spec| spec.trained) {
            let of = |params: &Params<f64>| params[spec.layer].get(spec.field).clone();
            let mut mean = vec![0.0; spec.len()];
            for single in &singles {
                mean.iter_mut().zip(of(single)).for_each(|(mean, g)| *mean += g / MANY as f64);
            }
            assert!(relative(&of(&whole), &mean) < 1e-12, "{series} {}", spec.name());
        }
    }
}

/// Nothing couples samples where no statistics do: a batch is its samples, bit by bit.
#[test]
fn a_batch_is_its_samples() {
    const BATCH: usize = 53;
    let config =
        network([2, 6, 7], vec![LayerConfig { pool: Some(Pool::Max(2)), ..conv(5, 3, 1, 1) }, conv(17, 2, 2, 1)]);
    let mut stream = Stream(19);
    let params: Params<f32> = lively_params(&config, &mut stream);
    let x: Vec<f32> = of(&stream.take(BATCH * config.inputs, 0.0, 1.0));
    let network = Network::new(&config, Models::default());
    let (mut whole, mut single) = (Workspace::default(), Workspace::default());
    let plastic = network.plastic_at_rest();
    network.forward(&params, &plastic, Input::Constant(&x), BATCH, &mut whole);
    for b in 0..BATCH {
        let sample = &x[b * config.inputs..(b + 1) * config.inputs];
        network.forward(&params, &plastic, Input::Constant(sample), 1, &mut single);
        for layer in 0..2 {
            let (all, one) = (whole.layer(layer).output, single.layer(layer).output);
            let size = one.len() / STEPS;
            for t in 0..STEPS {
                assert_eq!(all[(t * BATCH + b) * size..][..size], one[t * size..][..size], "layer {layer}, step {t}");
            }
        }
    }
}

fn deep(norm: Option<Norm>) -> NetworkConfig {
    let first = LayerConfig { norm, pool: Some(Pool::Max(2)), ..conv(6, 3, 1, 1) };
    let dropout = Some(Dropout { rate: 0.4, per: DropoutPer::Sample });
    let second = LayerConfig { norm, dropout, ..conv(9, 3, 2, 1) };
    let mut config = network([1, 10, 11], vec![first, second]);
    config.layers[2].dropout = Some(Dropout { rate: 0.2, per: DropoutPer::Step });
    config
}

/// Thread count, and stopping between two steps, change no bit: weights, statistics, moments.
#[test]
fn same_bits_on_any_number_of_threads_and_after_a_stop() {
    for norm in [None, Some(Norm::Tdbn), Some(Norm::PerStep)] {
        let config = learner_of(deep(norm));
        let batch = 37;
        let x: Vec<f32> = of(&Stream(2).take(batch * config.network.inputs, 0.0, 1.0));
        let labels = labels_of(batch, CLASSES);
        let train = |threads: usize, stop: bool| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut learner = Learner::new(config.clone(), 77).unwrap();
                for _ in 0..4 {
                    learner.step(Input::Constant(&x), &labels).unwrap();
                    if stop {
                        let bytes = learner.to_bytes(&Default::default());
                        learner = Learner::from_bytes(config.clone(), &bytes).unwrap().0;
                    }
                }
                learner.to_bytes(&Default::default())
            })
        };
        let one = train(1, false);
        assert!(one == train(3, false) && one == train(2, true), "{norm:?}");
    }
}

/// Dropout silences the share it is told to, afresh at each step of training, and nothing in evaluation.
#[test]
fn dropout_by_its_definition() {
    let plain = NeuronConfig::LeakyIntegrator { decay: 0.0, threshold: 1.0 };
    let one = LayerConfig::convolution_of(1, Convolution { kernel: 1, stride: 1, padding: 0 }, plain);
    for per in [DropoutPer::Sample, DropoutPer::Step] {
        let config = network(
            [1, 60, 60],
            vec![LayerConfig { dropout: Some(Dropout { rate: 0.25, per }), bias: false, ..one.clone() }],
        );
        let mut params: Params<f64> = lively_params(&config, &mut Stream(1));
        params[0].weight = vec![1.0];
        let network = Network::new(&config, Models::default());
        let (mut workspace, plastic) = (Workspace::default(), network.plastic_at_rest());
        let x = vec![3.0; BATCH * 3600];
        let mut run = |draw: Option<Draw>| {
            match draw {
                Some(draw) => {
                    network.forward_training(&params, &plastic, Input::Constant(&x), (BATCH, draw), &mut workspace)
                }
                None => network.forward(&params, &plastic, Input::Constant(&x), BATCH, &mut workspace),
            };
            workspace.layer(0).output.to_vec()
        };
        assert!(run(None).iter().all(|&y| y == 3.0));
        let first = run(Some(Draw { seed: 1, step: 0 }));
        assert!(first.iter().all(|&y| y == 0.0 || (y - 4.0).abs() < 1e-12));
        let (plane, rest) = first.split_at(BATCH * 3600);
        let silent = plane.iter().filter(|&&y| y == 0.0).count() as f64 / plane.len() as f64;
        assert!((silent - 0.25).abs() < 4.0 * (0.25f64 * 0.75 / plane.len() as f64).sqrt(), "{silent}");
        let holds = rest.chunks_exact(plane.len()).all(|later| later == plane);
        assert_eq!(holds, per == DropoutPer::Sample);
        assert_ne!(plane[..3600], plane[3600..7200], "samples draw on their own");
        assert_ne!(first, run(Some(Draw { seed: 1, step: 1 })));
        assert_eq!(first, run(Some(Draw { seed: 1, step: 0 })));
    }
}

/// Statistics by hand: after normalisation each channel has mean β and deviation λ·threshold, and running statistics
/// have taken a tenth of the batch's.
#[test]
fn normalisation_by_its_definition() {
    let plain = NeuronConfig::LeakyIntegrator { decay: 0.0, threshold: 0.7 };
    for (norm, gain) in [(Norm::Tdbn, 0.7), (Norm::PerStep, 1.0)] {
        let layer = LayerConfig::convolution_of(3, Convolution { kernel: 3, stride: 1, padding: 0 }, plain);
        let config = network([1, 9, 8], vec![LayerConfig { norm: Some(norm), ..layer }]);
        let mut stream = Stream(4);
        let params: Params<f64> = lively_params(&config, &mut stream);
        let x = stream.take(STEPS * BATCH * 72, 0.0, 2.0);
        let network = Network::new(&config, Models::default());
        let (mut workspace, plastic) = (Workspace::default(), network.plastic_at_rest());
        network.forward_training(&params, &plastic, Input::Series(&x), (BATCH, DRAW), &mut workspace);
        let output = workspace.layer(0).output;
        let groups = if norm == Norm::PerStep { STEPS } else { 1 };
        for group in output.chunks_exact(output.len() / groups) {
            for c in 0..3 {
                let values: Vec<f64> = group.iter().skip(c).step_by(3).copied().collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
                assert!((mean - params[0].norm_shift[c]).abs() < 1e-12);
                // ε makes it a little smaller.
                assert!((deviation / (params[0].norm_scale[c] * gain) - 1.0).abs() < 1e-3, "{norm:?} {deviation}");
            }
        }
        let mut followed = params.clone();
        network.follow_statistics(&mut followed, &workspace);
        // Batch mean of the raw currents: from their definition.
        let mut sums = [0.0; 3];
        for sample in x.chunks_exact(72) {
            let window = Convolution { kernel: 3, stride: 1, padding: 0 };
            let (_, y) = naive(sample, [1, 9, 8], &params[0].weight, 3, window);
            y.iter().enumerate().for_each(|(i, y)| sums[i % 3] += y / (42 * STEPS * BATCH) as f64);
        }
        for (c, sum) in sums.iter().enumerate() {
            let kept = |values: &[f64]| values.iter().skip(c).step_by(3).sum::<f64>() / groups as f64;
            let expected = 0.9 * kept(&params[0].running_mean) + 0.1 * sum;
            assert!((kept(&followed[0].running_mean) - expected).abs() < 1e-12, "{norm:?}");
        }
    }
}

/// The network with its normalisation folded into the weights evaluates to the same readings.
#[test]
fn a_folded_network_is_the_network() {
    for norm in [Norm::Tdbn, Norm::PerStep] {
        let config = deep(Some(norm));
        let mut stream = Stream(8);
        let params: Params<f64> = lively_params(&config, &mut stream);
        let x = stream.take(BATCH * config.inputs, 0.0, 1.0);
        let network = Network::new(&config, Models::default()).smooth();
        let (mut workspace, plastic) = (Workspace::default(), network.plastic_at_rest());
        let whole = network.forward(&params, &plastic, Input::Constant(&x), BATCH, &mut workspace).values.clone();
        let folded = network.fold(&params, &plastic);
        let frozen = network.frozen();
        let again = &frozen.forward(&folded, &plastic, Input::Constant(&x), BATCH, &mut workspace).values;
        assert!(relative(again, &whole) < 1e-12);
        assert_eq!(folded[0].running_mean.is_empty(), norm == Norm::Tdbn);
    }
}

/// A scan in two parts is the scan, for convolutions too.
#[test]
fn a_scan_in_parts_is_the_scan() {
    for norm in [None, Some(Norm::PerStep)] {
        let config = deep(norm);
        let mut stream = Stream(8);
        let params: Params<f64> = lively_params(&config, &mut stream);
        let x = stream.take(STEPS * BATCH * config.inputs, 0.0, 1.0);
        let network = Network::new(&config, Models::default());
        let (mut workspace, plastic) = (Workspace::default(), network.plastic_at_rest());
        network.forward(&params, &plastic, Input::Series(&x), BATCH, &mut workspace);
        let whole: Vec<Vec<f64>> = (0..3).map(|l| workspace.layer(l).output.to_vec()).collect();
        let (first, second) = x.split_at(3 * BATCH * config.inputs);
        network.scan(&params, &plastic, Input::Series(first), (BATCH, 3), None, &mut workspace);
        let carry = network.carry(Input::Series(first), None, &workspace);
        network.scan(&params, &plastic, Input::Series(second), (BATCH, 1), Some(&carry), &mut workspace);
        for (layer, whole) in whole.iter().enumerate() {
            let found = workspace.layer(layer).output;
            assert_eq!(found, &whole[whole.len() - found.len()..], "layer {layer}, {norm:?}");
        }
    }
}

/// A hybrid network of convolutions and plastic layers learns, is judged, recorded, examined and restored.
#[test]
fn a_hybrid_network_does_everything_that_a_learner_does() {
    let mut network = deep(Some(Norm::Tdbn));
    network.learning_rule = LearningRule::Hybrid;
    network.layers[2] = plastic_layer(CLASSES, neuron(), rules()[1]);
    let config = learner_of(network);
    let mut learner = Learner::new(config.clone(), 3).unwrap();
    let x: Vec<f32> = of(&Stream(2).take(12 * config.network.inputs, 0.0, 1.0));
    let labels = labels_of(12, CLASSES);
    let losses: Vec<f64> = (0..60).map(|_| learner.step(Input::Constant(&x), &labels).unwrap().loss).collect();
    assert!(losses[59] < 0.7 * losses[0], "{losses:?}");
    let frozen = learner.evaluate(Input::Constant(&x), &labels, PlasticEval::Frozen).unwrap();
    assert!(frozen.correct > 6, "{frozen:?}");
    let recording = learner.record(Input::Constant(&x[..config.network.inputs])).unwrap();
    assert_eq!(recording[0].neurons, 6 * 10 * 11);
    assert_eq!(recording[0].spikes.len(), STEPS * 660);
    for (s, v) in recording[0].spikes.iter().zip(&recording[0].membrane_potentials) {
        assert_eq!(*s > 0.0, *v > 0.6, "a spike is a potential above the threshold");
    }
    learner.health();
    let bytes = learner.to_bytes(&Default::default());
    let (again, _) = Learner::from_bytes(config, &bytes).unwrap();
    assert_eq!(bits(&again), bits(&learner));
    let names: Vec<String> = learner.arrays().iter().map(|(name, shape, _)| format!("{name} {shape:?}")).collect();
    assert!(names.contains(&"layers.0.weight [6, 3, 3, 1]".to_owned()), "{names:?}");
    assert!(names.contains(&"layers.1.running_variance [9]".to_owned()), "{names:?}");
}

/// Recurrent layers: gradients, parts of a scan, and what the recurrent weight does, by hand.
#[test]
fn recurrence() {
    let recurrent = |size, neuron| LayerConfig { operator: Operator::Recurrent, ..LayerConfig::new(size, neuron) };
    for series in [false, true] {
        let layers = vec![recurrent(70, neuron()), recurrent(5, neuron())];
        check(&format!("recurrent {series}"), &network([1, 2, 5], layers.clone()), series, false);
        let mut above = network([1, 6, 6], vec![conv(4, 3, 1, 1), recurrent(6, neuron())]);
        above.layers[2] = recurrent(CLASSES, neuron());
        check(&format!("recurrent above a convolution {series}"), &above, series, true);
    }
    // A perfect integrator without reset, one neuron: v_t = v_{t-1} + w x + r v_{t-1}.
    let plain = NeuronConfig::LeakyIntegrator { decay: 1.0, threshold: 1.0 };
    let one = LayerConfig { bias: false, ..recurrent(1, plain) };
    let mut config = network([1, 1, 1], vec![one]);
    config.phase_time_constant = None;
    let mut params: Params<f64> = lively_params(&config, &mut Stream(1));
    (params[0].weight, params[0].recurrent_weight) = (vec![0.5], vec![0.25]);
    let model = Network::new(&config, Models::default());
    let (mut workspace, plastic) = (Workspace::default(), model.plastic_at_rest());
    model.forward(&params, &plastic, Input::Constant(&[2.0]), 1, &mut workspace);
    assert_eq!(workspace.layer(0).output, [1.0, 2.25, 3.8125, 5.765625]);
    model.scan(&params, &plastic, Input::Constant(&[2.0]), (1, 3), None, &mut workspace);
    let carry = model.carry(Input::Constant(&[2.0]), None, &workspace);
    model.scan(&params, &plastic, Input::Constant(&[2.0]), (1, 1), Some(&carry), &mut workspace);
    assert_eq!(workspace.layer(0).output, [5.765625]);
}

fn keys(config: &NetworkConfig) -> Vec<String> {
    config.validate().unwrap_err().violations.into_iter().map(|v| v.key).collect()
}

#[test]
fn impossible_shapes_are_named() {
    let of = |layer: LayerConfig| network([1, 6, 6], vec![layer]);
    let key = |name: &str| vec![format!("network.layers[0].{name}")];
    assert_eq!(keys(&of(conv(0, 3, 1, 1))), key("channels"));
    assert_eq!(keys(&of(conv(2, 7, 1, 0))), key("kernel"));
    assert_eq!(keys(&of(conv(2, 3, 1, 3))), key("padding"));
    assert_eq!(keys(&of(LayerConfig { pool: Some(Pool::Max(7)), ..conv(2, 3, 1, 1) })), key("pool"));
    assert_eq!(keys(&of(LayerConfig { pool: Some(Pool::Average(0)), ..conv(2, 3, 1, 1) })), key("pool"));
    assert_eq!(
        keys(&of(LayerConfig { dropout: Some(Dropout { rate: 1.0, per: DropoutPer::Step }), ..conv(2, 3, 1, 1) })),
        key("dropout")
    );
    assert_eq!(keys(&of(LayerConfig { plasticity: Some(hebbian()), ..conv(2, 3, 1, 1) })), key("plasticity"));
    assert_eq!(keys(&of(conv(usize::MAX, 3, 1, 1)))[0], key("channels")[0]);
    assert_eq!(keys(&of(conv(2, usize::MAX, 1, usize::MAX - 1)))[0], key("channels")[0]);
    let mut without = of(conv(2, 3, 1, 1));
    without.input_shape = None;
    assert_eq!(keys(&without), key("kind"));
    without.input_shape = Some([1, 6, 7]);
    assert_eq!(keys(&without), ["network.input_shape"]);
    let mut upside_down = network([1, 6, 6], vec![LayerConfig::new(4, neuron())]);
    upside_down.layers[1] = conv(2, 3, 1, 1);
    assert_eq!(keys(&upside_down), ["network.layers[1].kind", "network.layers[1].kind"]);
}
