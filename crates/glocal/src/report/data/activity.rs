//! What one sample did inside the network.

use glocal_core::learner::LayerRecording;
use serde::{Deserialize, Serialize};

use super::number;

/// The spikes and potentials of one sample.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleActivity {
    /// Which sample, and what the network made of it, for instance `test image 12: sneaker, taken for sandal`.
    pub name: String,
    /// What the network saw.
    pub image: Option<Image>,
    /// How many time steps were run.
    pub steps: usize,
    /// One raster per layer, from the input to the read-out.
    pub layers: Vec<LayerRaster>,
    /// Membrane potentials of a few neurons.
    pub potentials: Vec<PotentialTrace>,
}

impl SampleActivity {
    /// What [`Learner::record`](glocal_core::Learner::record) saw: a raster of every layer, and of each the potentials
    /// of its `traces` liveliest neurons (most spikes, then highest potential). Layers are named `layers.0`,
    /// `layers.1`, ...
    pub fn of_recordings(name: impl Into<String>, recordings: &[LayerRecording], traces: usize) -> Self {
        let mut sample = Self { name: name.into(), ..Self::default() };
        for (index, recording) in recordings.iter().enumerate() {
            let layer = format!("layers.{index}");
            let neurons = liveliest(recording).into_iter().take(traces);
            sample.potentials.extend(neurons.map(|neuron| PotentialTrace::of(&layer, recording, neuron)));
            sample.layers.push(LayerRaster::from_time_major(layer, recording.neurons, &recording.spikes));
            sample.steps = sample.steps.max(recording.membrane_potentials.len() / recording.neurons.max(1));
        }
        sample
    }
}

/// All neurons of a layer, the one with the most spikes first; among equals the highest potential, then the lowest
/// number.
fn liveliest(recording: &LayerRecording) -> Vec<usize> {
    let mut neurons: Vec<_> = (0..recording.neurons)
        .map(|neuron| {
            let spikes = column(&recording.spikes, recording.neurons, neuron).filter(|s| *s > 0.0).count();
            let highest = column(&recording.membrane_potentials, recording.neurons, neuron).fold(f32::MIN, f32::max);
            (spikes, highest, neuron)
        })
        .collect();
    neurons.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    neurons.into_iter().map(|(_, _, neuron)| neuron).collect()
}

/// One neuron of a time-major `[T, N]` array.
fn column(values: &[f32], neurons: usize, neuron: usize) -> impl Iterator<Item = f32> {
    values.iter().skip(neuron).step_by(neurons.max(1)).copied()
}

/// All spikes of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerRaster {
    /// The layer's name.
    pub name: String,
    /// How many neurons it has.
    pub neurons: usize,
    /// The spikes, in any order.
    pub spikes: Vec<Spike>,
    /// Spikes that were counted but are not listed above: [`render`](crate::report::render) thins a long list.
    pub unlisted: usize,
}

impl LayerRaster {
    /// Reads a time-major `[T, N]` array in which a spike is any value above zero.
    pub fn from_time_major(name: impl Into<String>, neurons: usize, spikes: &[f32]) -> Self {
        let rows = spikes.chunks(neurons.max(1)).enumerate();
        let spikes = rows
            .flat_map(|(step, row)| row.iter().enumerate().map(move |(neuron, &value)| (Spike { step, neuron }, value)))
            .filter_map(|(spike, value)| (value > 0.0).then_some(spike))
            .collect();
        Self { name: name.into(), neurons, spikes, unlisted: 0 }
    }

    /// How many spikes there were.
    pub fn count(&self) -> usize {
        self.spikes.len().saturating_add(self.unlisted)
    }

    /// The same layer with at most `most` spikes listed: every `n`-th in a fixed scrambled order, so that the picture
    /// keeps its shape and shows no stripes that are not there.
    pub(in crate::report) fn thinned(&mut self, most: usize) {
        let before = self.spikes.len();
        if before <= most {
            return;
        }
        self.spikes.sort_by_cached_key(|spike| scramble(spike.step as u64, spike.neuron as u64));
        self.spikes.truncate(most);
        self.spikes.sort_by_key(|spike| (spike.step, spike.neuron));
        self.unlisted = self.unlisted.saturating_add(before - most);
    }
}

/// A number without visible order (the finaliser of SplitMix64).
fn scramble(step: u64, neuron: u64) -> u64 {
    let mut z = step.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(neuron);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One spike; in JSON the pair `[step, neuron]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(usize, usize)", into = "(usize, usize)")]
pub struct Spike {
    /// The time step, from 0.
    pub step: usize,
    /// The neuron, from 0.
    pub neuron: usize,
}

impl From<(usize, usize)> for Spike {
    fn from((step, neuron): (usize, usize)) -> Self {
        Self { step, neuron }
    }
}

impl From<Spike> for (usize, usize) {
    fn from(spike: Spike) -> Self {
        (spike.step, spike.neuron)
    }
}

/// The membrane potential of one neuron.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PotentialTrace {
    /// The layer's name.
    pub layer: String,
    /// The neuron, from 0.
    pub neuron: usize,
    /// The potential a spike must exceed.
    #[serde(deserialize_with = "number::one")]
    pub threshold: f64,
    /// The potential at each step, before the reset.
    #[serde(deserialize_with = "number::many")]
    pub membrane_potential: Vec<f64>,
    /// The steps at which the neuron fired.
    pub spike_steps: Vec<usize>,
}

impl PotentialTrace {
    fn of(layer: &str, recording: &LayerRecording, neuron: usize) -> Self {
        let spikes = column(&recording.spikes, recording.neurons, neuron);
        Self {
            layer: layer.to_owned(),
            neuron,
            threshold: recording.threshold,
            membrane_potential: column(&recording.membrane_potentials, recording.neurons, neuron)
                .map(f64::from)
                .collect(),
            spike_steps: spikes.enumerate().filter_map(|(step, spike)| (spike > 0.0).then_some(step)).collect(),
        }
    }
}

/// A small picture: 8 bits a channel, row by row; one channel is grey, three are red, green, blue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` or three times as many bytes; anything else is shown as missing.
    pub pixels: Vec<u8>,
}

impl Image {
    /// A grey picture from values in `0..=1`; values outside are clipped, NaN is black.
    pub fn from_unit(width: usize, height: usize, values: &[f32]) -> Self {
        let pixels = values.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Self { width, height, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_becomes_rasters_and_the_liveliest_traces() {
        // 3 steps, 2 neurons; neuron 1 fires at steps 0 and 2
        let recording = LayerRecording {
            neurons: 2,
            spikes: vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            membrane_potentials: vec![0.1, 0.5, 0.2, 0.25, 0.3, 0.75],
            threshold: 0.35,
        };
        let sample = SampleActivity::of_recordings("sample", &[recording], 1);
        assert_eq!(sample.steps, 3);
        assert_eq!(sample.layers[0].spikes, [Spike { step: 0, neuron: 1 }, Spike { step: 2, neuron: 1 }]);
        let [trace] = &sample.potentials[..] else { panic!("one trace: {:?}", sample.potentials) };
        assert_eq!((trace.neuron, &trace.spike_steps[..]), (1, &[0, 2][..]));
        assert_eq!(trace.membrane_potential, [0.5, 0.25, 0.75]);
    }

    #[test]
    fn a_thinned_layer_keeps_its_count_and_its_spread() {
        let all = vec![1.0; 100 * 100];
        let mut layer = LayerRaster::from_time_major("full", 100, &all);
        layer.thinned(1000);
        assert_eq!((layer.spikes.len(), layer.count()), (1000, 10_000));
        let first_half = layer.spikes.iter().filter(|spike| spike.neuron < 50).count();
        assert!((400..600).contains(&first_half), "{first_half}");
    }
}
