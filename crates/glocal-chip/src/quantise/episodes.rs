//! Networks that meet their classes in episodes: a read-out that stores labelled pictures and answers.

use glocal_core::config::{Coupling, GainShape, LayerConfig};
use glocal_core::neuron::NeuronConfig;
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::{EpisodeReadout, Learner, LearningRule, NetworkConfig};

use super::{QuantiseOptions, Source, in_integers, obstacle};
use crate::error::{ChipError, Obstacle};
use crate::network::{PlasticForm, QuantizedEpisode, QuantizedNetwork, QuantizedPlasticity, ReadoutPlasticity, Wiring};
use crate::number::{FRACTION, Fixed, Multiplier};

/// Largest count of an axon, and largest rate of a synapse.
const MOST: i64 = 127;

/// Fractional bits of H where nothing moves it.
const PLAIN_FRACTION: i32 = crate::network::PLASTIC_FRACTION as i32;

/// Fractional bits of a postsynaptic factor that is a share: 1 is 64.
const SHARE_FRACTION: u32 = 6;

/// Least bound of |H| for which it still says something.
const LEAST_BOUND: i64 = 256;

/// A trained network that meets its classes in episodes, in integers; `shots`: labelled pictures of each class.
///
/// Fewer classes than it learned with: those of [`Learner::narrowed`]. Units are those of tanh values and spike counts, H's format follows
/// from rates and `shots`: no picture is needed to choose any scale.
///
/// # Equation
/// As [`super::quantise`]; of the read-out G∘W are the weights, and H = gain ∘ P, 1 - G where gated. H has as many fractional bits as let
/// `shots` pictures of one class, seen by one neuron alone, fill half of its range.
///
/// # Errors
/// Every reason why the network cannot be brought into this form, at once.
pub fn quantise_episodes(
    learner: &Learner,
    options: &QuantiseOptions,
    shots: usize,
) -> Result<QuantizedNetwork, ChipError> {
    in_integers(learner, options, Some(shots))
}

/// Whether layer `index` is a plastic read-out of episodes.
pub(super) fn is_readout(config: &NetworkConfig, index: usize) -> bool {
    matches!(config.episode, Some(EpisodeReadout::Plastic { .. })) && index + 1 == config.layers.len()
}

/// What the whole network asks for and cannot have.
pub(super) fn of_network(config: &NetworkConfig, shots: Option<usize>) -> Vec<Obstacle> {
    let refused = |what: &str, hint: &str| vec![obstacle("network.episode", what, hint)];
    match (config.episode, shots) {
        (None, None) => Vec::new(),
        (None, Some(_)) => {
            refused("is absent: the network knows its own classes", "bring a network that learnt in episodes")
        }
        (Some(_), None) => refused(
            "meets its classes in episodes: it has no answer for an image by itself",
            "bring a network that classifies, or quantise it for episodes",
        ),
        (Some(EpisodeReadout::Prototypes {}), Some(_)) => refused(
            "answers by distances to prototypes, which cores do not compute",
            "bring a network with a plastic read-out: `episode = { kind = \"plastic\" }`",
        ),
        (Some(EpisodeReadout::Plastic { .. }), Some(0)) => {
            refused("stores no picture of a class", "give at least one shot")
        }
        (Some(EpisodeReadout::Plastic { .. }), Some(_)) => Vec::new(),
    }
}

/// What a layer of a network in episodes asks for and cannot have.
pub(super) fn of_layer(config: &NetworkConfig, index: usize, layer: &LayerConfig) -> Vec<Obstacle> {
    if !matches!(config.episode, Some(EpisodeReadout::Plastic { .. })) {
        return Vec::new();
    }
    let place = format!("layers.{index}");
    let mut found = Vec::new();
    let mut refuse = |is: bool, what: &str, hint: &str| {
        if is {
            found.push(obstacle(&place, what, hint));
        }
    };
    let plasticity = layer.plasticity.as_ref().filter(|_| config.layer_rule(index) != LearningRule::Global);
    if !is_readout(config, index) {
        let hint = "set `learning = \"global\"` in the layers below the read-out";
        refuse(
            plasticity.is_some(),
            "has plastic weights below the read-out, which move while pictures are seen",
            hint,
        );
        let values = matches!(layer.neuron, NeuronConfig::Tanh {});
        let counted = index + 2 == config.layers.len() && values && config.steps > 1;
        let hint = "show each picture for one step: `steps = 1`";
        refuse(counted, "sends values of tanh units for several steps, whose sum needs more than 8 bits", hint);
        return found;
    }
    let Some(plasticity) = plasticity else {
        let hint = "train it with plastic weights: `learning_rule = \"hybrid\"`";
        refuse(true, "has no plastic weights: the read-out stores nothing", hint);
        return found;
    };
    let masked = plasticity.coupling == Coupling::Masked;
    refuse(masked, "couples its plastic weights by a mask", "use gated or additive coupling");
    let hebbian = matches!(plasticity.rule, RuleConfig::Hebbian { .. });
    refuse(!hebbian, "has a rule that the chip's cores do not have", "use the Hebbian rule");
    found
}

/// What the read-out sees: the sum over a picture's steps, and what one stands for in their mean.
pub(super) fn counted((most, unit): (i32, f64), steps: usize) -> (i32, f64) {
    let most = i64::from(most).saturating_mul(steps as i64).min(i64::from(i32::MAX));
    (most as i32, unit / steps as f64)
}

/// The current of a label, in thresholds of the read-out.
pub(super) fn of_drive(learner: &Learner) -> Option<QuantizedEpisode> {
    let Some(EpisodeReadout::Plastic { drive }) = learner.config().network.episode else { return None };
    let threshold = learner.network().layers().last()?.threshold();
    Some(QuantizedEpisode { drive: Fixed::nearest(drive / threshold) })
}

/// H's format: its bound, fractional bits, and how far products of factors are shifted into it.
struct Format {
    bound: i64,
    fraction: i32,
    shift: u32,
}

impl Source<'_> {
    pub(super) fn readout_plasticity(
        &self,
        wiring: &Wiring,
        threshold: f64,
        shots: usize,
    ) -> Result<QuantizedPlasticity, Obstacle> {
        let place = format!("layers.{}", self.index);
        let layer = &self.learner.network().layers()[self.index];
        let config = layer.plasticity().expect("asked for where there is one");
        let arrays = &self.learner.params()[self.index];
        let rates = self.rates(wiring, &config.coupling);
        let largest = rates.iter().fold(0.0_f64, |most, rate| most.max(rate.abs()));
        let post_fraction = match config.rule {
            RuleConfig::Hebbian { post: PostFactor::Tanh, .. } => 7,
            RuleConfig::Hebbian { post: PostFactor::Identity, .. } => 4,
            _ => SHARE_FRACTION,
        };
        let format = self.format(wiring, (largest, shots), post_fraction)?;
        if let Some(clamp) = config.clamp {
            let most_post = if post_fraction == 4 { MOST as f64 / 16.0 } else { 1.0 };
            self.check_clamp(clamp, most_post, shots)?;
        }
        // From rates to integers, so that post · x · rate is H's after the shift.
        let of_rate = self.unit * libm::ldexp(1.0, format.fraction - post_fraction as i32 + 15 - format.shift as i32);
        let gain = Multiplier::nearest(libm::ldexp(self.unit / threshold, FRACTION as i32 - format.fraction));
        let gain = gain.ok_or_else(|| {
            obstacle(&place, "its rates are too small beside its threshold", "train with a larger local learning rate")
        })?;
        Ok(QuantizedPlasticity {
            start: vec![0; rates.len()],
            gain: vec![gain],
            gains: 1,
            rule: config.rule,
            decay: libm::rint(config.decay * 32_768.0) as i32,
            bound: format.bound as i32,
            sliding_threshold: arrays.sliding_threshold.iter().map(|&s| Fixed::nearest(f64::from(s))).collect(),
            post_fraction,
            rate: Vec::new(),
            rate_fraction: 0,
            input_shift: 0,
            most_input: self.most_input,
            phase: vec![1 << 15],
            form: PlasticForm::OnChip,
            readout: Some(ReadoutPlasticity {
                rate: rates.iter().map(|rate| libm::rint(rate * of_rate) as i8).collect(),
                shift: format.shift,
                fraction: format.fraction,
                threshold: Fixed::nearest(threshold),
            }),
        })
    }

    /// gain_oi · η_i, `[O,I]`.
    fn rates(&self, wiring: &Wiring, coupling: &Coupling) -> Vec<f64> {
        let arrays = &self.learner.params()[self.index];
        let (inputs, outputs) = (wiring.inputs(), wiring.channels());
        let gain = |o: usize, i: usize| {
            let given = &arrays.plasticity_gain;
            match coupling {
                Coupling::Gated => 1.0 - f64::from(given[o * inputs + i]),
                Coupling::Additive { gain: GainShape::PerSynapse } => f64::from(given[o * inputs + i]),
                Coupling::Additive { gain: GainShape::PerNeuron } => f64::from(given[o]),
                Coupling::Additive { gain: GainShape::Scalar } | Coupling::Masked => f64::from(given[0]),
            }
        };
        let rate = |o: usize, i: usize| gain(o, i) * f64::from(arrays.local_learning_rate[i]);
        (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))).map(|(o, i)| rate(o, i)).collect()
    }

    fn format(&self, wiring: &Wiring, (largest, shots): (f64, usize), post_fraction: u32) -> Result<Format, Obstacle> {
        let place = format!("layers.{}", self.index);
        let refused = |what: String, hint: &str| Err(obstacle(&place, what, hint));
        if i64::from(self.most_input) > MOST {
            let what = format!("an input counts up to {} over a picture's steps, axons hold {MOST}", self.most_input);
            return refused(what, "use fewer steps, or smaller windows of average pools");
        }
        let reach = wiring.inputs() as i64 * i64::from(self.most_input);
        let bound = (i64::from(i32::MAX) / reach.max(1)).min(32_767);
        if bound < LEAST_BOUND {
            let what = format!("a sum of {} plastic weights leaves each less than 9 of 32 bits", wiring.inputs());
            return refused(what, "use a smaller embedding");
        }
        // A softmax is at most 1, other factors fill their bits.
        let most_post = if post_fraction == SHARE_FRACTION { 1 << SHARE_FRACTION } else { MOST };
        let of_picture = MOST * i64::from(self.most_input) * most_post;
        let of_class = of_picture.saturating_mul(i64::try_from(shots).unwrap_or(i64::MAX));
        // Products stay below 2^30 beside H · decay.
        let fits = |&shift: &u32| {
            of_class.saturating_mul(1 << shift) >> 15 <= bound / 2
                && (MOST * MOST * MOST) << shift <= (1 << 30) - (1 << 15)
        };
        let Some(shift) = (0..=9_u32).rev().find(fits) else {
            let what = format!("{shots} pictures of a class could pass H's bound of {bound}");
            return refused(what, "give fewer shots");
        };
        let whole = libm::ldexp(largest * self.unit, 15 - post_fraction as i32 - shift as i32);
        if !whole.is_finite() {
            return refused("its local learning rate or gain is not finite".into(), "train it again");
        }
        let fraction = if whole == 0.0 { PLAIN_FRACTION } else { libm::floor(libm::log2(MOST as f64 / whole)) as i32 };
        Ok(Format { bound, fraction, shift })
    }

    /// gain ∘ P is H only where P's clamp is not reached.
    fn check_clamp(&self, clamp: f64, most_post: f64, shots: usize) -> Result<(), Obstacle> {
        let rates = &self.learner.params()[self.index].local_learning_rate;
        let supports = shots as f64 * self.layer.size as f64;
        let largest = rates.iter().fold(0.0_f64, |most, &rate| most.max(f64::from(rate).abs()));
        let reach = supports * largest * most_post * f64::from(self.most_input) * self.unit;
        if reach <= clamp {
            return Ok(());
        }
        let what = format!("{supports} pictures could bring a plastic weight to {reach:.2}, its clamp is {clamp}");
        Err(obstacle(format!("layers.{}", self.index), what, "train without `clamp`, or give fewer shots"))
    }
}
