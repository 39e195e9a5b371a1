//! What can be worked out on paper, through the whole network: first-spike times, spike counts, read-outs.

mod common;

use common::*;
use glocal_core::config::*;
use glocal_core::layer::PlasticWeight;
use glocal_core::network::{Network, Workspace};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::zeros;
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::scalar::Float;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, LearningRule, Models};

fn lif_of(threshold: f64, decay: f64, reset: Reset) -> NeuronConfig {
    NeuronConfig::Lif { threshold, decay, reset, surrogate: SurrogateGradient::default() }
}

fn plain(inputs: usize, steps: usize, size: usize, neuron: NeuronConfig) -> NetworkConfig {
    let layer = LayerConfig { learning: Some(LearningRule::Global), ..plastic_layer(size, neuron, rules()[0]) };
    network_of(inputs, steps, vec![layer])
}

/// v_n = I (1 - decay^n)/(1 - decay): the first n with v_n > threshold, from 1.
fn first_spike(current: f64, threshold: f64, decay: f64) -> Option<usize> {
    if decay == 1.0 {
        return (current > 0.0).then(|| (threshold / current).floor() as usize + 1);
    }
    let share = 1.0 - threshold * (1.0 - decay) / current;
    (current > 0.0 && share > 0.0).then(|| (libm::log(share) / libm::log(decay)).floor() as usize + 1)
}

fn first_spikes<F: Float>() {
    let (threshold, steps, batch) = (0.7, 60, 2);
    for decay in [0.3, 0.8, 0.95, 1.0] {
        for reset in [Reset::Subtract, Reset::ToZero] {
            let currents = [-0.5, 0.011, 0.023, 0.041, 0.073, 0.13, 0.31, 0.52, 0.69, 0.71, 2.0];
            let config = plain(3, steps, currents.len(), lif_of(threshold, decay, reset));
            // The current through the bias, which no phase decay touches.
            let mut params = zeros::<F>(&config);
            params[0].bias = of(&currents);
            let network = Network::new(&config, Models::default());
            let mut workspace = Workspace::default();
            let x = vec![F::of(1.0); 3 * batch];
            network.forward(&params, &[PlasticWeight::default()], Input::Constant(&x), batch, &mut workspace);
            let spikes = workspace.layer(0).output;
            for (o, &current) in currents.iter().enumerate() {
                for b in 0..batch {
                    let at = |t: usize| spikes[(t * batch + b) * currents.len() + o].to_f64();
                    let found = (0..steps).find(|&t| at(t) == 1.0).map(|t| t + 1);
                    let expected = first_spike(current, threshold, decay).filter(|&n| n <= steps);
                    assert_eq!(found, expected, "{} decay {decay}, {reset:?}, current {current}", F::NAME);
                    // After a reset to zero the same time passes again and again.
                    if let (Reset::ToZero, Some(n)) = (reset, expected) {
                        let all: Vec<usize> = (1..=steps).filter(|&t| at(t - 1) == 1.0).collect();
                        let multiples: Vec<usize> = (1..=steps).filter(|t| t % n == 0).collect();
                        assert_eq!(all, multiples, "decay {decay}, current {current}");
                    }
                }
            }
        }
    }
}

#[test]
fn first_spike_times() {
    first_spikes::<f64>();
    first_spikes::<f32>();
}

/// A potential at the threshold does not fire: the inequality is strict.
#[test]
fn threshold_is_strict() {
    let config = plain(1, 3, 2, lif_of(0.5, 0.0, Reset::Subtract));
    let mut params = zeros::<f32>(&config);
    params[0].bias = vec![0.5, 0.5 + f32::EPSILON];
    let mut workspace = Workspace::default();
    let network = Network::new(&config, Models::default());
    network.forward(&params, &[PlasticWeight::default()], Input::Constant(&[0.0]), 1, &mut workspace);
    assert_eq!(workspace.layer(0).output, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
}

/// Without a leak and with reset by subtraction, spikes count the charge: ⌈T I/threshold⌉ - 1 of them, one a step at most.
#[test]
fn spikes_count_the_charge() {
    let (steps, threshold) = (16, 1.0);
    let currents = [0.0, 0.0625, 0.25, 0.3, 0.5, 0.77, 0.9375];
    let mut config = plain(1, steps, currents.len(), lif_of(threshold, 1.0, Reset::Subtract));
    config.readout = Readout::Rate;
    let mut params = zeros::<f64>(&config);
    params[0].bias = currents.to_vec();
    let mut workspace = Workspace::default();
    let network = Network::new(&config, Models::default());
    let reading = network.forward(&params, &[PlasticWeight::default()], Input::Constant(&[0.0]), 1, &mut workspace);
    for (&current, &rate) in currents.iter().zip(&reading.values) {
        let spikes = ((steps as f64 * current).ceil() - 1.0).max(0.0);
        assert_eq!(rate, spikes / steps as f64, "current {current}");
    }
}

/// The phase weight: v_n = w Σ_{t<n} decay^(n-1-t) e^(-t/τ), and the bias is not decayed.
#[test]
fn phase_weight_decays() {
    let (steps, tau, decay, weight, bias) = (9, 4.0, 0.6, 0.3, 0.05);
    let mut config = plain(1, steps, 1, NeuronConfig::LeakyIntegrator { decay, threshold: 0.5 });
    config.phase_time_constant = Some(tau);
    let mut params = zeros::<f64>(&config);
    params[0].weight = vec![weight];
    params[0].bias = vec![bias];
    for series in [false, true] {
        let x = vec![2.0; steps];
        let input = if series { Input::Series(&x[..]) } else { Input::Constant(&x[..1]) };
        let mut workspace = Workspace::default();
        let network = Network::new(&config, Models::default());
        let reading = network.forward(&params, &[PlasticWeight::default()], input, 1, &mut workspace).clone();
        let v = workspace.layer(0).potential;
        for n in 1..=steps {
            let term =
                |t: usize| libm::pow(decay, (n - 1 - t) as f64) * (2.0 * weight * libm::exp(-(t as f64) / tau) + bias);
            let expected: f64 = (0..n).map(term).sum();
            assert!((v[n - 1] - expected).abs() < 1e-14, "step {n}: {} {expected}", v[n - 1]);
        }
        assert_eq!((reading.step, reading.values[0]), (steps - 1, v[steps - 1] / 0.5));
    }
}

/// First-spike read-out: the step at which the given share of the batch has a potential above threshold.
#[test]
fn first_spike_readout() {
    let (threshold, decay) = (1.0, 0.9);
    // Sample b is driven by x_b alone: first spikes at steps 1, 2, 3, never.
    let x = [1.5, 0.7, 0.4, 0.05];
    let expected: Vec<Option<usize>> = x.iter().map(|&x| first_spike(x, threshold, decay)).collect();
    assert_eq!(expected, [Some(1), Some(2), Some(3), None]);
    for (share, step) in [(0.0, 0), (0.25, 0), (0.26, 1), (0.5, 1), (0.75, 2), (0.76, 7), (1.0, 7)] {
        let mut config = plain(1, 8, 2, lif_of(threshold, decay, Reset::Subtract));
        config.phase_time_constant = None;
        config.readout = Readout::FirstSpike { share };
        let mut params = zeros::<f64>(&config);
        params[0].weight = vec![1.0, 0.5];
        let mut workspace = Workspace::default();
        let network = Network::new(&config, Models::default());
        let reading = network.forward(&params, &[PlasticWeight::default()], Input::Constant(&x), 4, &mut workspace);
        assert_eq!(reading.step, step, "share {share}");
        let values = reading.values.clone();
        let plane = &workspace.layer(0).potential[step * 8..(step + 1) * 8];
        assert_eq!(values, plane.iter().map(|v| v / threshold).collect::<Vec<_>>());
    }
}

/// One synapse, Hebbian: P_{t+1} = clamp(d P_t + rate·in·tanh(v/threshold - sliding)), by hand, at every length of scan.
#[test]
fn plastic_weight_by_hand() {
    let (decay, rate, sliding, gain, x, weight) = (0.9, 0.3, 0.1, 0.5, 0.8, 0.4);
    for clamp in [None, Some(0.35)] {
        for execution in [Execution::Dense, Execution::LowRank] {
            for steps in 1..8 {
                let neuron = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: 0.5 };
                let mut layer = plastic_layer(1, neuron, RuleConfig::Hebbian { post: PostFactor::Tanh, sign: -1.0 });
                let plasticity = plasticity_of(&mut layer);
                (plasticity.clamp, plasticity.execution) = (clamp, execution);
                let mut config = network_of(1, steps, vec![layer]);
                config.phase_time_constant = None;
                let mut params = zeros::<f64>(&config);
                params[0].weight = vec![weight];
                params[0].plasticity_gain = vec![gain];
                params[0].local_learning_rate = vec![rate];
                params[0].sliding_threshold = vec![sliding];
                let start = vec![PlasticWeight { values: vec![0.2] }];
                let mut workspace = Workspace::default();
                let network = Network::new(&config, Models::default());
                network.forward(&params, &start, Input::Constant(&[x]), 1, &mut workspace);
                let (mut v, mut p) = (0.0, 0.2);
                let bound: f64 = clamp.unwrap_or(f64::INFINITY);
                for t in 0..steps {
                    v = 0.5 * v + x * weight + gain * x * p;
                    assert!((workspace.layer(0).potential[t] - v).abs() < 1e-14, "{clamp:?} {execution:?} step {t}");
                    p = (decay * p - rate * x * libm::tanh(v / 0.5 - sliding)).clamp(-bound, bound);
                }
                assert!((workspace.next_plastic(0)[0] - p).abs() < 1e-14, "{clamp:?} {execution:?} {steps} steps");
                assert!(clamp.is_none() || steps < 6 || p == -0.35, "the clamp is met");
            }
        }
    }
}
