//! Networks on the cores of a chip.

use serde::{Deserialize, Serialize};

use super::number;

/// What chips make of trained networks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chips {
    /// In the order of the tables.
    pub networks: Vec<ChipNetwork>,
}

/// A network on a chip. Accuracies are in per cent, lists by seed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipNetwork {
    /// Its name, for instance `HP, plastic weights moving`.
    pub label: String,
    /// The chip's name.
    pub chip: String,
    /// In floats.
    #[serde(deserialize_with = "number::many")]
    pub float: Vec<f64>,
    /// In integers, without a chip.
    #[serde(deserialize_with = "number::many")]
    pub integer: Vec<f64>,
    /// On the cores of the chip.
    #[serde(deserialize_with = "number::many")]
    pub on_chip: Vec<f64>,
    /// Images judged.
    pub images: u64,
    /// What it takes and how long; absent where it was not placed.
    pub placed: Option<PlacedNetwork>,
    /// Accuracy under damage of the chip, a curve for each kind.
    pub faults: Vec<ChipFaults>,
}

/// A network in its places: means over the images that were followed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacedNetwork {
    /// Images whose packets were followed.
    pub images: u64,
    /// Cores used, and those of a chip.
    pub cores: usize,
    /// Cores of a chip.
    pub cores_per_chip: u64,
    /// Chips used.
    pub chips: u64,
    /// Time of an image.
    pub microseconds: f64,
    /// Energy of an image in nanojoules: low, nominal, high.
    pub nanojoules: [f64; 3],
    /// The same by component, the parts of the total.
    pub components: Vec<ChipComponent>,
    /// Layer by layer.
    pub layers: Vec<ChipLayer>,
    /// Phase by phase; the first is the loading of the image.
    pub phases: Vec<ChipPhase>,
    /// Pictures of the cores' mesh.
    pub meshes: Vec<ChipMesh>,
    /// Numbers of the chip's description that nobody measured.
    pub assumptions: Vec<String>,
}

/// A component's energy for an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipComponent {
    /// What it is spent on.
    pub name: String,
    /// Nanojoules: low, nominal, high.
    pub nanojoules: [f64; 3],
}

/// What a layer takes and does for an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipLayer {
    /// Its name, for instance `layers.0`.
    pub name: String,
    /// Cores.
    pub cores: usize,
    /// Clocks of its busiest core in a phase.
    pub busiest_cycles: u64,
    /// Synaptic operations.
    pub operations: f64,
    /// Packets that its cores send.
    pub packets: f64,
    /// Nanojoules of its cores, without the packets' ways: low, nominal, high.
    pub nanojoules: [f64; 3],
}

/// A phase of an image, in clocks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipPhase {
    /// The busiest core computes so long.
    pub computing: f64,
    /// Until the last packet has arrived.
    pub sending: f64,
    /// Its length.
    pub cycles: f64,
    /// Packets that arrive.
    pub packets: f64,
    /// Packets times clocks that they waited.
    pub stalls: f64,
}

/// A value for each place of the mesh that is used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipMesh {
    /// What it shows.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Places in a row.
    pub columns: usize,
    /// Row after row; absent where no core is used.
    pub values: Vec<Option<f64>>,
    /// Layer of each place's core, as `values`.
    pub layers: Vec<Option<usize>>,
}

/// Accuracy as a chip is damaged more and more.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipFaults {
    /// What is damaged, for instance `dead cores`.
    pub name: String,
    /// Share damaged in per cent, and accuracy in per cent of each seed.
    pub points: Vec<(f64, Vec<f64>)>,
}

impl Chips {
    /// Only the first so many networks, and meshes of so many places.
    pub(in crate::report) fn bounded(&mut self, [networks, places]: [usize; 2]) {
        self.networks.truncate(networks);
        for placed in self.networks.iter_mut().filter_map(|network| network.placed.as_mut()) {
            placed.meshes.retain(|mesh| mesh.values.len() <= places);
        }
    }
}
