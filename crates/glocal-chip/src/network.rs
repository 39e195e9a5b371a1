//! A network in integers: what the chip computes, however it is placed.

use glocal_core::config::{Convolution, Pool, Readout};
use glocal_core::neuron::NeuronConfig;
use glocal_core::plasticity::{PostFactor, RuleConfig};
use serde::Serialize;

use crate::error::ChipError;
use crate::number::{Fixed, Multiplier};

/// A network in integers.
///
/// # Equation
/// Layer by layer at each step: sum_o = Σ_i W_oi x_i in integers, current = sum · scale + bias (+ the plastic weights' sum · gain),
/// potentials, spikes and resets by the neuron's own equation on [`Fixed`] numbers, in thresholds.
///
/// # References
/// Architecture decision 0015; Deng et al., IEEE JSSC 55:2228 (2020), for the chip's formats.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedNetwork {
    /// Values of the network's input, I.
    pub inputs: usize,
    /// Levels of an input from 0 to 1: it is given as 0..=levels.
    pub input_levels: i32,
    /// Time steps T.
    pub steps: usize,
    /// First to last.
    pub layers: Vec<QuantizedLayer>,
    /// How the last layer answers.
    pub readout: Readout,
    /// For a network that meets its classes in episodes: how its last layer stores and answers.
    pub episode: Option<QuantizedEpisode>,
}

/// What a network in episodes has of its own. Its last layer, the read-out, steps once a picture, on what the layers below sent
/// in all steps of the picture: values of tanh units, or counts of spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantizedEpisode {
    /// Current that a label adds to its neuron, in thresholds.
    pub drive: Fixed,
}

/// A layer in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedLayer {
    /// Which inputs reach which neurons.
    pub wiring: Wiring,
    /// Signed integers of `weight_bits` bits: `[O,I]`; of a convolution `[O,K,K,C]`.
    pub weight: Vec<i8>,
    /// What one unit of the weight stands for.
    pub weight_scale: f64,
    /// From sums to currents, in thresholds: one for all steps, or one for each, as the phase weight decays.
    pub scale: Vec<Multiplier>,
    /// Added to the current of each neuron or channel, `[O]`, in thresholds.
    pub bias: Vec<Fixed>,
    /// The neuron, its threshold 1.
    pub neuron: NeuronConfig,
    /// Pooling of a map's spikes.
    pub pool: Option<Pool>,
    /// Plastic weights beside the others.
    pub plasticity: Option<QuantizedPlasticity>,
}

/// Which inputs reach which neurons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiring {
    /// All reach all.
    Dense {
        /// I.
        inputs: usize,
        /// O.
        outputs: usize,
    },
    /// A window at every place of a map.
    Convolution {
        /// Side, stride and padding.
        window: Convolution,
        /// The map it sees, (C, H, W).
        input: [usize; 3],
        /// The map of its neurons, (O, H', W'), before pooling.
        output: [usize; 3],
        /// Whether the map lies channel after channel, as images do, and not place after place.
        planar: bool,
    },
}

/// Plastic weights in integers.
///
/// # Equation
/// H in signed 16 bits, 12 of them fractional; post = ρ(v - sliding_threshold) in 8 bits, `post_fraction` of them fractional;
/// pre_i = ((x_i rate_i) >> input_shift) · k_t in 16 bits, `rate_fraction` of them fractional;
/// H ← clamp(H · decay + post · pre, ±bound), rounded once, halves to even.
///
/// In rank form H is never made ([`rank`](crate::integer::rank)).
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedPlasticity {
    /// Who moves H, and how.
    pub form: PlasticForm,
    /// H at the start of a sample, `[O,I]`.
    pub start: Vec<i16>,
    /// From Σ_i H_oi x_i to currents: one for all steps, or one for each; of each neuron if there is a gain for each, `[T,O]`.
    pub gain: Vec<Multiplier>,
    /// Neurons that have a gain of their own: O, or 1.
    pub gains: usize,
    /// The rule that makes the postsynaptic factor.
    pub rule: RuleConfig,
    /// Share of H kept per step, in 1/2^15.
    pub decay: i32,
    /// Bound of |H|, raw.
    pub bound: i32,
    /// Subtracted from the potential, `[O]`, in thresholds.
    pub sliding_threshold: Vec<Fixed>,
    /// Fractional bits of the postsynaptic factor.
    pub post_fraction: u32,
    /// Local learning rates, `[I]`, raw.
    pub rate: Vec<i16>,
    /// Fractional bits of the presynaptic factor.
    pub rate_fraction: u32,
    /// Bits that x · rate is shifted right.
    pub input_shift: u32,
    /// Largest magnitude of an input.
    pub most_input: i32,
    /// k_t in 1/2^15, `[T]`.
    pub phase: Vec<i32>,
    /// Of the read-out of episodes: rates of its synapses, in place of those of its inputs.
    pub readout: Option<ReadoutPlasticity>,
}

/// How plastic weights of a read-out of episodes move: H holds what counts, gain ∘ P, so that a picture is read as any weights are.
///
/// # Equation
/// H_oi ← clamp(H_oi · decay + (post_o · x_i · rate_oi) << shift, ±bound), rounded once, halves to even; rate_oi = gain_oi · η_i in 8
/// bits. Exact for gain ∘ P where no clamp is reached, as both are sums of the same products.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadoutPlasticity {
    /// `[O,I]`.
    pub rate: Vec<i8>,
    /// Bits that post · x · rate is shifted left, to the fraction of H · decay.
    pub shift: u32,
    /// Fractional bits of H.
    pub fraction: i32,
    /// The threshold in the unit of the rule's potentials: a softmax is over potentials, not over thresholds.
    pub threshold: Fixed,
}

/// Who moves plastic weights, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlasticForm {
    /// Each core moves its own, as a matrix.
    #[default]
    OnChip,
    /// Nobody: cores remember keys and values of past steps, which stand for the matrix.
    Rank,
    /// The host, which sends cores what has changed.
    HostLp,
}

impl PlasticForm {
    /// All of them.
    pub const ALL: [PlasticForm; 3] = [PlasticForm::OnChip, PlasticForm::Rank, PlasticForm::HostLp];

    /// As options and tables say it.
    pub fn name(self) -> &'static str {
        match self {
            PlasticForm::OnChip => "on-chip",
            PlasticForm::Rank => "rank",
            PlasticForm::HostLp => "host-lp",
        }
    }
}

impl std::fmt::Display for PlasticForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Fractional bits of H.
pub const PLASTIC_FRACTION: u32 = 12;

impl Wiring {
    /// Values that the layer sees.
    pub fn inputs(&self) -> usize {
        match *self {
            Wiring::Dense { inputs, .. } => inputs,
            Wiring::Convolution { input: [c, h, w], .. } => c * h * w,
        }
    }

    /// Neurons.
    pub fn neurons(&self) -> usize {
        match *self {
            Wiring::Dense { outputs, .. } => outputs,
            Wiring::Convolution { output: [o, h, w], .. } => o * h * w,
        }
    }

    /// Neurons with weights of their own: O.
    pub fn channels(&self) -> usize {
        match *self {
            Wiring::Dense { outputs, .. } => outputs,
            Wiring::Convolution { output: [o, ..], .. } => o,
        }
    }

    /// Calls `each` with the input and the place in the weights of every synapse of a neuron; beyond a map's edge there is none.
    pub fn synapses(&self, neuron: usize, mut each: impl FnMut(usize, usize)) {
        match *self {
            Wiring::Dense { inputs, .. } => (0..inputs).for_each(|input| each(input, neuron * inputs + input)),
            Wiring::Convolution { window, input: [depth, height, width], output: [outputs, _, columns], planar } => {
                let (place, output) = (neuron / outputs, neuron % outputs);
                let seen = |at: usize, k: usize, length: usize| {
                    (at * window.stride + k).checked_sub(window.padding).filter(|&at| at < length)
                };
                for (k, (ky, kx)) in square(window.kernel).enumerate() {
                    let (y, x) = (seen(place / columns, ky, height), seen(place % columns, kx, width));
                    let (Some(y), Some(x)) = (y, x) else { continue };
                    for channel in 0..depth {
                        let place = if planar {
                            channel * height * width + y * width + x
                        } else {
                            (y * width + x) * depth + channel
                        };
                        each(place, (output * window.kernel * window.kernel + k) * depth + channel);
                    }
                }
            }
        }
    }

    /// Synapses of a neuron.
    pub fn fan_in(&self) -> usize {
        match *self {
            Wiring::Dense { inputs, .. } => inputs,
            Wiring::Convolution { window, input: [c, ..], .. } => window.kernel * window.kernel * c,
        }
    }
}

fn square(side: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..side).flat_map(move |row| (0..side).map(move |column| (row, column)))
}

impl QuantizedLayer {
    /// Values that the next layer sees: of each neuron, or of each place of the pooled map.
    pub fn outputs(&self) -> usize {
        match (self.wiring, self.pool) {
            (Wiring::Convolution { output: [o, h, w], .. }, Some(pool)) => o * (h / pool.side()) * (w / pool.side()),
            _ => self.wiring.neurons(),
        }
    }

    /// The first neuron of an output: itself, or that of its pooled window's corner.
    pub(crate) fn pooled_from(&self, output: usize) -> usize {
        let (Wiring::Convolution { output: [o, _, w], .. }, Some(pool)) = (self.wiring, self.pool) else {
            return output;
        };
        let (place, channel) = (output / o, output % o);
        let columns = w / pool.side();
        (place / columns * pool.side() * w + place % columns * pool.side()) * o + channel
    }

    /// In which form its plastic weights move, if it has any.
    pub fn form(&self) -> Option<PlasticForm> {
        self.plasticity.as_ref().map(|plasticity| plasticity.form)
    }

    /// Bytes of memory for a synapse's plastic weight of `bytes`: a read-out of episodes has its rate beside it.
    pub fn plastic_bytes(&self, bytes: u64) -> u64 {
        let has_rate = |plasticity: &QuantizedPlasticity| u64::from(plasticity.readout.is_some());
        self.plasticity.as_ref().map_or(0, |plasticity| bytes + has_rate(plasticity))
    }

    /// Fractional bits of its plastic weights.
    pub fn plastic_fraction(&self) -> i32 {
        let readout = self.plasticity.as_ref().and_then(|plasticity| plasticity.readout.as_ref());
        readout.map_or(PLASTIC_FRACTION as i32, |readout| readout.fraction)
    }

    /// Whether one core must fire all its neurons: those of a softmax need each other's potentials.
    pub fn fires_together(&self) -> bool {
        let rule = self.plasticity.as_ref().map(|plasticity| plasticity.rule);
        matches!(rule, Some(RuleConfig::Hebbian { post: PostFactor::Softmax, .. }))
    }

    /// Bytes of a neuron's state: 24 bits for each of its numbers.
    pub(crate) fn state_bytes(&self) -> u64 {
        3 * if let NeuronConfig::AdaptiveLif { .. } = self.neuron { 2 } else { 1 }
    }

    /// The multiplier of step `t`.
    pub fn scale_at(&self, t: usize) -> Multiplier {
        self.scale[t.min(self.scale.len() - 1)]
    }
}

impl QuantizedNetwork {
    /// Classes: neurons of the last layer.
    pub fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.wiring.neurons())
    }

    /// Layers that run at every step: all but the read-out of episodes.
    pub fn embedding(&self) -> usize {
        self.layers.len() - usize::from(self.episode.is_some())
    }

    /// What the network sees at each step. `input`: `[I]` if it is the same at all steps, else `[T,I]`.
    ///
    /// # Errors
    /// An input of another size.
    pub(crate) fn planes<'x>(&self, input: &'x [i8]) -> Result<impl Iterator<Item = &'x [i8]> + use<'x>, ChipError> {
        let (expected, steps, found) = (self.inputs, self.steps, input.len());
        if found != expected && found != expected * steps {
            return Err(ChipError::Input { expected, steps, found });
        }
        Ok(input.chunks_exact(expected.max(1)).cycle().take(steps))
    }

    /// Whether any layer has plastic weights.
    pub fn is_plastic(&self) -> bool {
        self.layers.iter().any(|layer| layer.plasticity.is_some())
    }
}
