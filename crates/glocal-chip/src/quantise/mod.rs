//! From a trained network to one in integers.

mod codebook;
mod episodes;
mod plastic;
mod scale;

use glocal_core::config::{Coupling, GainShape, LayerConfig, Norm, Operator, Pool};
use glocal_core::layer::phase;
use glocal_core::neuron::NeuronConfig;
use glocal_core::params::{LayerArrays, Params};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::shape::Shape;
use glocal_core::{Learner, LearningRule, NetworkConfig};

pub use codebook::{codebook, nearest};
pub use episodes::quantise_episodes;
pub use scale::{ScaleForm, ScaleSearch, quantised, scale_of};

use crate::error::{ChipError, Obstacle};
use crate::integer::VALUE_FRACTION;
use crate::network::{QuantizedLayer, QuantizedNetwork, Wiring};
use crate::number::{FRACTION, Fixed, MOST, Multiplier};

/// Levels of an input from 0 to 1: seven bits, as the axons of the chip take them.
pub const INPUT_LEVELS: i32 = 127;

/// How a network is quantised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantiseOptions {
    /// Bits of a weight, 2 to 8, with its sign.
    pub weight_bits: u32,
    /// How each layer's scale is searched.
    pub search: ScaleSearch,
    /// Which scales the chip can apply.
    pub form: ScaleForm,
    /// Where plastic weights live.
    pub plastic: PlasticPlace,
    /// Bits of an index into a codebook, 1 to 8, of which each layer has one; `None`: every integer may be a weight.
    pub codebook_bits: Option<u32>,
}

/// Where plastic weights live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlasticPlace {
    /// Folded into the other weights, as they are after training: the chip does not learn.
    Folded,
    /// In memory of their own, moved by the chip.
    OnChip,
}

impl Default for QuantiseOptions {
    fn default() -> Self {
        QuantiseOptions {
            weight_bits: 8,
            search: ScaleSearch::LeastSquares,
            form: ScaleForm::Multiplier,
            plastic: PlasticPlace::OnChip,
            codebook_bits: None,
        }
    }
}

/// A trained network in integers.
///
/// # Equation
/// W ≈ scale · integer; potentials are divided by the threshold, so that sums of inputs of unit s become currents by
/// scale · s · k_t / threshold; normalisations are folded into weights and biases. With a codebook each integer becomes the nearest of its
/// entries.
///
/// # Errors
/// Every reason why the network cannot be brought into this form, at once; one that meets its classes in episodes, which
/// [`quantise_episodes`] takes.
pub fn quantise(learner: &Learner, options: &QuantiseOptions) -> Result<QuantizedNetwork, ChipError> {
    in_integers(learner, options, None)
}

/// `shots`: of a network in episodes, the labelled pictures of each class.
fn in_integers(
    learner: &Learner,
    options: &QuantiseOptions,
    shots: Option<usize>,
) -> Result<QuantizedNetwork, ChipError> {
    let config = &learner.config().network;
    let mut obstacles = episodes::of_network(config, shots);
    for (index, layer) in config.layers.iter().enumerate() {
        obstacles.extend(of_layer(config, index, layer, options));
        obstacles.extend(episodes::of_layer(config, index, layer));
    }
    if !obstacles.is_empty() {
        return Err(ChipError::Unquantisable(obstacles));
    }
    let folded = learner.network().fold(learner.params(), learner.plastic());
    let mut unit = 1.0 / f64::from(INPUT_LEVELS);
    let mut most_input = INPUT_LEVELS;
    let mut layers = Vec::with_capacity(config.layers.len());
    for (index, layer) in config.layers.iter().enumerate() {
        if episodes::is_readout(config, index) {
            (most_input, unit) = episodes::counted((most_input, unit), config.steps);
        }
        let source = Source { learner, folded: &folded, config, index, layer, unit, most_input, options, shots };
        match source.quantised() {
            Ok(quantised) => layers.push(quantised),
            Err(found) => obstacles.extend(found),
        }
        (most_input, unit) = sends(layer);
    }
    if !obstacles.is_empty() {
        return Err(ChipError::Unquantisable(obstacles));
    }
    Ok(QuantizedNetwork {
        inputs: config.inputs,
        input_levels: INPUT_LEVELS,
        steps: config.steps,
        layers,
        readout: config.readout,
        episode: episodes::of_drive(learner),
    })
}

fn obstacle(place: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Obstacle {
    Obstacle { place: place.into(), what: what.into(), hint: hint.into() }
}

/// What a layer's config asks for and the chip cannot do.
fn of_layer(config: &NetworkConfig, index: usize, layer: &LayerConfig, options: &QuantiseOptions) -> Vec<Obstacle> {
    let place = format!("layers.{index}");
    let mut found = Vec::new();
    let mut refuse = |is: bool, what: &str, hint: &str| {
        if is {
            found.push(obstacle(&place, what, hint));
        }
    };
    refuse(layer.operator == Operator::Recurrent, "has recurrent weights", "use layers without recurrence");
    refuse(layer.norm == Some(Norm::PerStep), "is normalised step by step", "normalise with `norm = \"tdbn\"`");
    match layer.neuron {
        NeuronConfig::Tanh {} => {
            let averages = matches!(layer.pool, Some(Pool::Average(_)));
            refuse(averages, "averages tanh units, whose sums need more than 8 bits", "pool them by `max`");
        }
        NeuronConfig::LeakyIntegrator { .. } => {
            let below_the_top = index + 1 < config.layers.len();
            refuse(below_the_top, "sends potentials to the next layer", "use neurons that spike below the last layer");
        }
        NeuronConfig::Lif { .. } | NeuronConfig::AdaptiveLif { .. } => {}
    }
    let side = layer.pool.map_or(1, Pool::side);
    refuse(side > 11, "pools more than 127 spikes", "pool over windows of at most 11 x 11");
    let plasticity = layer.plasticity.as_ref().filter(|_| config.layer_rule(index) != LearningRule::Global);
    let plasticity = plasticity.filter(|_| config.episode.is_none());
    if let Some(plasticity) = plasticity {
        let additive = matches!(
            plasticity.coupling,
            Coupling::Additive { gain: GainShape::Scalar } | Coupling::Additive { gain: GainShape::PerNeuron }
        );
        if options.plastic == PlasticPlace::OnChip {
            let hint = "use additive coupling with one gain, or one for each neuron; or fold the plastic weights";
            refuse(!additive, "couples its plastic weights synapse by synapse", hint);
            let hebbian =
                matches!(plasticity.rule, RuleConfig::Hebbian { post: PostFactor::Tanh | PostFactor::Identity, .. });
            let hint = "use the Hebbian rule with tanh or identity; or fold the plastic weights";
            refuse(!hebbian, "has a rule that the chip's cores do not have", hint);
        }
    }
    found
}

/// A layer with what it is made from.
struct Source<'a> {
    learner: &'a Learner,
    /// Weights with normalisations and plastic weights folded in.
    folded: &'a Params<f32>,
    config: &'a NetworkConfig,
    index: usize,
    layer: &'a LayerConfig,
    /// What one unit of an input stands for, and the largest.
    unit: f64,
    most_input: i32,
    options: &'a QuantiseOptions,
    /// Labelled pictures of each class, in episodes.
    shots: Option<usize>,
}

impl Source<'_> {
    fn quantised(&self) -> Result<QuantizedLayer, Vec<Obstacle>> {
        let place = format!("layers.{}", self.index);
        let plastic = self.plasticity_on_chip();
        let arrays = if plastic { &self.learner.params()[self.index] } else { &self.folded[self.index] };
        let wiring = self.wiring();
        let weights = self.dense_weights(arrays, &wiring, plastic);
        let threshold = self.learner.network().layers()[self.index].threshold();
        let most = (1 << (self.options.weight_bits.clamp(2, 8) - 1)) - 1;
        // From an integer sum to a raw potential, without the weight's scale.
        let to_raw = self.unit / threshold * f64::from(1 << FRACTION);
        let QuantiseOptions { search, form, .. } = *self.options;
        let weight_scale = self.trained_unit().unwrap_or_else(|| scale_of(&weights, most, search, form, to_raw));
        let in_units = |scale: f64| {
            let mut weight: Vec<i8> = weights.iter().map(|&w| quantised(w, scale, most) as i8).collect();
            if let Some(bits) = self.options.codebook_bits {
                let book = codebook(&weight, 1 << bits.clamp(1, 8));
                weight.iter_mut().for_each(|w| *w = nearest(&book, *w));
            }
            weight
        };
        let (mut weight_scale, mut weight) = (weight_scale, in_units(weight_scale));
        let mut obstacles = self.overflows(&place, &weight, &wiring);
        if !obstacles.is_empty() && self.trained_unit().is_none() {
            weight_scale = self.with_room(weight_scale, &weights, &wiring);
            weight = in_units(weight_scale);
            obstacles = self.overflows(&place, &weight, &wiring);
        }
        let steps = self.phase();
        let scale: Option<Vec<Multiplier>> =
            steps.iter().map(|k| Multiplier::nearest(weight_scale * to_raw * k)).collect();
        if scale.is_none() {
            let what = format!("a unit of its weights would be more than 7 thresholds, its threshold is {threshold}");
            obstacles.push(obstacle(&place, what, "train with a larger threshold"));
        }
        let bias = |value: Option<&f32>| Fixed::nearest(value.map_or(0.0, |&b| f64::from(b) / threshold));
        let bias: Vec<Fixed> = (0..wiring.channels()).map(|o| bias(arrays.bias.get(o))).collect();
        let plasticity = match self.shots.filter(|_| episodes::is_readout(self.config, self.index)) {
            Some(shots) => Some(self.readout_plasticity(&wiring, threshold, shots)),
            None => plastic.then(|| self.plasticity(&wiring, threshold)),
        };
        let plasticity = match plasticity.transpose() {
            Ok(plasticity) => plasticity,
            Err(found) => {
                obstacles.push(found);
                None
            }
        };
        match (obstacles.is_empty(), scale) {
            (true, Some(scale)) => Ok(QuantizedLayer {
                wiring,
                weight,
                weight_scale,
                scale,
                bias,
                neuron: in_thresholds(&self.layer.neuron),
                pool: self.layer.pool,
                plasticity,
            }),
            _ => Err(obstacles),
        }
    }

    /// The unit in which the weights were trained, if they come as they were trained.
    fn trained_unit(&self) -> Option<f64> {
        let plastic = self.learner.network().layers()[self.index].plasticity().is_some();
        let is_changed = self.layer.norm.is_some() || (plastic && !self.plasticity_on_chip());
        let same_bits = self.learner.config().weight_bits == Some(self.options.weight_bits);
        let fits = same_bits && !is_changed && self.options.form == ScaleForm::Multiplier;
        self.learner.weight_unit(self.index).filter(|_| fits)
    }

    /// Whether the layer has plastic weights that the chip is to move.
    fn plasticity_on_chip(&self) -> bool {
        let has = self.learner.network().layers()[self.index].plasticity().is_some();
        // Those of the read-out of episodes are no part of any weights either, but their gates are.
        has && self.options.plastic == PlasticPlace::OnChip && !episodes::is_readout(self.config, self.index)
    }

    fn wiring(&self) -> Wiring {
        let inputs = self.config.layer_inputs(self.index);
        let input = self.config.layer_input_shape(self.index);
        match (self.layer.convolution(), input, input.and_then(|input| self.layer.unpooled().output_shape(input))) {
            (
                Some(window),
                Some(Shape::Map { channels, height, width }),
                Some(Shape::Map { channels: out, height: rows, width: columns }),
            ) => Wiring::Convolution {
                window,
                input: [channels, height, width],
                output: [out, rows, columns],
                planar: self.index == 0,
            },
            _ => Wiring::Dense { inputs, outputs: self.layer.size },
        }
    }

    /// The weights, zero where a mask leaves no synapse.
    fn dense_weights(&self, arrays: &LayerArrays<f32>, wiring: &Wiring, plastic: bool) -> Vec<f64> {
        let given = arrays.weight.iter().map(|&w| f64::from(w));
        match self.learner.synapses(self.index) {
            // Folded weights are whole.
            Some(places) if plastic || arrays.weight.len() == places.len() => {
                let mut all = vec![0.0; wiring.inputs() * wiring.channels()];
                places.iter().zip(given).for_each(|(&at, w)| all[at as usize] = w);
                all
            }
            _ => given.collect(),
        }
    }

    /// k_t; one for all steps where the layer has none.
    fn phase(&self) -> Vec<f64> {
        match (self.layer.convolution(), self.config.phase_time_constant) {
            (None, Some(tau)) if !episodes::is_readout(self.config, self.index) => {
                phase(Some(tau), 0, self.config.steps)
            }
            _ => vec![1.0],
        }
    }

    /// The least unit of the weights, no less than `scale`, with which no sum can pass 24 bits: each weight rounds up by half of it.
    fn with_room(&self, scale: f64, weights: &[f64], wiring: &Wiring) -> f64 {
        let fan_in = wiring.fan_in().max(1);
        let of_neuron = |row: &[f64]| row.iter().map(|w| w.abs()).sum::<f64>();
        let largest = weights.chunks_exact(fan_in).map(of_neuron).fold(0.0, f64::max);
        let room = f64::from(MOST) / f64::from(self.most_input) - fan_in as f64 / 2.0;
        let needed = if room > 0.0 { largest / room } else { scale };
        match self.options.form {
            ScaleForm::Multiplier => scale.max(needed),
            // Another shift.
            ScaleForm::PowerOfTwo => scale * libm::exp2(libm::ceil(libm::log2(needed / scale)).max(0.0)),
        }
    }

    /// Neurons whose sums could need more than 24 bits.
    fn overflows(&self, place: &str, weight: &[i8], wiring: &Wiring) -> Vec<Obstacle> {
        let bound = |row: &[i8]| row.iter().map(|&w| i64::from(w).abs()).sum::<i64>() * i64::from(self.most_input);
        let largest = weight.chunks_exact(wiring.fan_in().max(1)).map(bound).max().unwrap_or(0);
        let what = format!("a sum of {} inputs could reach {largest}, accumulators hold {MOST}", wiring.fan_in());
        (largest > i64::from(MOST)).then(|| obstacle(place, what, "use fewer bits for weights")).into_iter().collect()
    }
}

/// The largest number that a layer sends, and what one stands for.
fn sends(layer: &LayerConfig) -> (i32, f64) {
    match (&layer.neuron, layer.pool) {
        (NeuronConfig::Tanh {}, _) => ((1 << VALUE_FRACTION) - 1, 1.0 / f64::from(1 << VALUE_FRACTION)),
        (_, Some(Pool::Average(side))) => ((side * side) as i32, 1.0 / (side * side) as f64),
        _ => (1, 1.0),
    }
}

/// The neuron whose threshold is 1.
fn in_thresholds(neuron: &NeuronConfig) -> NeuronConfig {
    match *neuron {
        NeuronConfig::Lif { decay, reset, surrogate, .. } => {
            NeuronConfig::Lif { threshold: 1.0, decay, reset, surrogate }
        }
        NeuronConfig::LeakyIntegrator { decay, .. } => NeuronConfig::LeakyIntegrator { decay, threshold: 1.0 },
        NeuronConfig::AdaptiveLif { threshold, decay, adaptation_decay, adaptation_strength, reset, surrogate } => {
            let adaptation_strength = adaptation_strength / threshold;
            NeuronConfig::AdaptiveLif { threshold: 1.0, decay, adaptation_decay, adaptation_strength, reset, surrogate }
        }
        NeuronConfig::Tanh {} => NeuronConfig::Tanh {},
    }
}
