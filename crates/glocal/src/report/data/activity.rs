//! What one sample did inside the network.

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
}

impl LayerRaster {
    /// Reads a time-major `[T, N]` array in which a spike is any value above zero.
    pub fn from_time_major(name: impl Into<String>, neurons: usize, spikes: &[f32]) -> Self {
        let rows = spikes.chunks(neurons.max(1)).enumerate();
        let spikes = rows
            .flat_map(|(step, row)| row.iter().enumerate().map(move |(neuron, &value)| (Spike { step, neuron }, value)))
            .filter_map(|(spike, value)| (value > 0.0).then_some(spike))
            .collect();
        Self { name: name.into(), neurons, spikes }
    }
}

/// One spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spike {
    /// The time step, from 0.
    pub step: usize,
    /// The neuron, from 0.
    pub neuron: usize,
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
