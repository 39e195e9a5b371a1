//! Neurons of a layer: the equations of `glocal-core` on [`Fixed`] numbers.

use glocal_core::neuron::{AdaptiveLif, Components, LeakyIntegrator, Lif, Neuron, NeuronConfig, Tanh};
use glocal_core::plasticity::{Hebbian, PlasticityRule, PostFactor, PostSignal, RuleConfig};
use glocal_core::surrogate::Rectangle;

use crate::number::{FRACTION, Fixed, rounded_shift};

/// Fractional bits of a tanh unit's value.
pub const VALUE_FRACTION: u32 = 7;

/// The neurons of a layer, from step to step.
pub trait Soma: std::fmt::Debug + Send {
    /// One step: potentials v_t, before the reset, and spikes (of a leaky integrator: none; of a tanh unit: its value in 1/128).
    fn step(&mut self, current: &[Fixed], potential: &mut [Fixed], spikes: &mut [i8]);
    /// As [`Soma::step`], and nothing is kept of it: potentials as a step would find them.
    fn look(&self, current: &[Fixed], potential: &mut [Fixed]);
    /// Back to rest.
    fn rest(&mut self);
}

#[derive(Debug)]
struct SomaOf<N, State> {
    neuron: N,
    state: Vec<State>,
    rest: State,
}

/// Neurons of `config`, whose threshold is 1.
pub fn soma(config: &NeuronConfig, neurons: usize) -> Box<dyn Soma> {
    // The chip has no use for surrogates.
    let surrogate = Rectangle { half_width: 0.5 };
    match *config {
        NeuronConfig::Lif { threshold, decay, reset, .. } => {
            boxed::<_, 1>(Lif { threshold, decay, reset, surrogate }, neurons)
        }
        NeuronConfig::LeakyIntegrator { threshold, decay } => {
            boxed::<_, 1>(LeakyIntegrator { threshold, decay }, neurons)
        }
        NeuronConfig::AdaptiveLif { threshold, decay, adaptation_decay, adaptation_strength, reset, .. } => {
            let neuron = AdaptiveLif { threshold, decay, adaptation_decay, adaptation_strength, reset, surrogate };
            boxed::<_, 2>(neuron, neurons)
        }
        NeuronConfig::Tanh {} => Box::new(TanhUnits),
    }
}

/// Units without memory whose values go on in 8 bits: what makes a layer of a conventional network, and with neurons that spike
/// before or after it a converter.
#[derive(Debug)]
struct TanhUnits;

impl Soma for TanhUnits {
    fn step(&mut self, current: &[Fixed], potential: &mut [Fixed], values: &mut [i8]) {
        for ((&current, potential), value) in current.iter().zip(potential).zip(values) {
            let (_, out) = Tanh.step([Fixed(0)], current);
            *potential = out.membrane_potential;
            *value = rounded_shift(i64::from(out.output.0), FRACTION - VALUE_FRACTION) as i8;
        }
    }

    fn look(&self, current: &[Fixed], potential: &mut [Fixed]) {
        for (&current, potential) in current.iter().zip(potential) {
            *potential = Tanh.step([Fixed(0)], current).1.membrane_potential;
        }
    }

    fn rest(&mut self) {}
}

fn boxed<N, const STATES: usize>(neuron: N, neurons: usize) -> Box<dyn Soma>
where
    N: Neuron<State<Fixed> = [Fixed; STATES]>,
{
    let rest = <[Fixed; STATES]>::from_fn(|_| Fixed(0));
    Box::new(SomaOf { neuron, state: vec![rest; neurons], rest })
}

impl<N, const STATES: usize> Soma for SomaOf<N, [Fixed; STATES]>
where
    N: Neuron<State<Fixed> = [Fixed; STATES]>,
{
    fn step(&mut self, current: &[Fixed], potential: &mut [Fixed], spikes: &mut [i8]) {
        let spiking = self.neuron.spiking();
        let neurons = self.state.iter_mut().zip(current).zip(potential).zip(spikes);
        for (((state, &current), potential), spike) in neurons {
            let (next, out) = self.neuron.step(*state, current);
            (*state, *potential) = (next, out.membrane_potential);
            *spike = i8::from(spiking && out.output.0 > 0);
        }
    }

    fn look(&self, current: &[Fixed], potential: &mut [Fixed]) {
        for ((state, &current), potential) in self.state.iter().zip(current).zip(potential) {
            *potential = self.neuron.step(*state, current).1.membrane_potential;
        }
    }

    fn rest(&mut self) {
        self.state.fill(self.rest);
    }
}

/// The postsynaptic factor of a rule in 8 bits, `fraction` of them fractional.
pub fn postsynaptic(rule: &RuleConfig, fraction: u32, potential: &[Fixed], sliding: &[Fixed], post: &mut [i8]) {
    match *rule {
        RuleConfig::Hebbian { post: PostFactor::Tanh, sign } => {
            factors(&Hebbian::<true> { sign }, fraction, potential, sliding, post)
        }
        RuleConfig::Hebbian { sign, .. } => factors(&Hebbian::<false> { sign }, fraction, potential, sliding, post),
        // `quantise` lets no other rule through.
        _ => post.fill(0),
    }
}

fn factors(rule: &impl PlasticityRule, fraction: u32, potential: &[Fixed], sliding: &[Fixed], post: &mut [i8]) {
    for ((post, &membrane_potential), &sliding_threshold) in post.iter_mut().zip(potential).zip(sliding) {
        let signal = PostSignal { membrane_potential, threshold: 1.0, output: Fixed(0), sliding_threshold };
        let (_, found) = rule.post(Fixed(0), signal);
        let raw = rounded_shift(i64::from(found.factors[0].0), FRACTION - fraction);
        *post = raw.clamp(-127, 127) as i8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glocal_core::neuron::Reset;
    use glocal_core::scalar::Scalar;

    /// Threshold 1, decay 0.5, reset by subtraction, current 0.75: v = 0.75; 1.125, a spike, 0.125 left; 0.8125; 1.15625.
    #[test]
    fn a_neuron_by_hand() {
        let config =
            NeuronConfig::Lif { threshold: 1.0, decay: 0.5, reset: Reset::Subtract, surrogate: Default::default() };
        let mut neuron = soma(&config, 1);
        let (mut potential, mut spikes) = ([Fixed(0)], [0]);
        for expected in [(0.75, 0), (1.125, 1), (0.8125, 0), (1.15625, 1)] {
            neuron.step(&[Fixed::of(0.75)], &mut potential, &mut spikes);
            assert_eq!((potential[0].to_f64(), spikes[0]), expected);
        }
        neuron.rest();
        neuron.step(&[Fixed::of(1.0)], &mut potential, &mut spikes);
        // Strictly above the threshold.
        assert_eq!((potential[0], spikes[0]), (Fixed::of(1.0), 0));
        // Half of it left, and 0.25: however often one looks.
        (0..2).for_each(|_| neuron.look(&[Fixed::of(0.25)], &mut potential));
        assert_eq!(potential[0], Fixed::of(0.75));
    }

    /// tanh of the middle of the range above 0.5, 0.515625: 0.4743 = 61/128; far out ±127/128.
    #[test]
    fn values_by_hand() {
        let (mut potential, mut values) = ([Fixed(0); 3], [0; 3]);
        soma(&NeuronConfig::Tanh {}, 3).step(&[0.5, -20.0, 20.0].map(Fixed::of), &mut potential, &mut values);
        assert_eq!((potential[0], values), (Fixed::of(0.5), [61, -127, 127]));
    }

    #[test]
    fn postsynaptic_factors_by_hand() {
        let mut post = [0; 3];
        let potential = [0.5, 20.0, -20.0].map(Fixed::of);
        let sliding = [0.25, 0.0, 0.0].map(Fixed::of);
        let anti = RuleConfig::Hebbian { post: PostFactor::Identity, sign: -1.0 };
        postsynaptic(&anti, 4, &potential, &sliding, &mut post);
        assert_eq!(post, [-4, -127, 127]);
        let tanh = RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 };
        postsynaptic(&tanh, 7, &potential, &sliding, &mut post);
        // tanh of the middle of the range around 0.25: 0.265625 to 8 bits
        assert_eq!(post, [(libm::tanh(0.265625) * 128.0).round() as i8, 127, -127]);
    }
}
