//! Networks on the cores of a chip.

use serde::{Deserialize, Serialize};

use super::{ChipEpisodes, number};

/// What chips make of trained networks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chips {
    /// In the order of the tables.
    pub networks: Vec<ChipNetwork>,
    /// Networks that store classes there, in episodes.
    pub episodes: Vec<ChipEpisodes>,
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
    /// In which form plastic weights move, for instance `rank`; empty where none do.
    pub plasticity: String,
    /// What went over the link to a host that moves plastic weights; absent without one.
    pub link: Option<ChipLink>,
    /// Cores used.
    pub cores: usize,
    /// Cores of a chip.
    pub cores_per_chip: u64,
    /// Chips used.
    pub chips: u64,
    /// Time of an image.
    #[serde(deserialize_with = "number::one")]
    pub microseconds: f64,
    /// Energy of an image in nanojoules: low, nominal, high.
    #[serde(deserialize_with = "number::three")]
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

/// What goes over the link to a host for an image.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipLink {
    /// Plastic weights that are written.
    #[serde(deserialize_with = "number::one")]
    pub changed: f64,
    /// Bytes that the host reads.
    #[serde(deserialize_with = "number::one")]
    pub bytes_read: f64,
    /// Bytes that it writes.
    #[serde(deserialize_with = "number::one")]
    pub bytes_written: f64,
    /// What the chip waits for it.
    #[serde(deserialize_with = "number::one")]
    pub microseconds: f64,
}

/// A component's energy for an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipComponent {
    /// What it is spent on.
    pub name: String,
    /// Nanojoules: low, nominal, high.
    #[serde(deserialize_with = "number::three")]
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
    #[serde(deserialize_with = "number::one")]
    pub operations: f64,
    /// Packets that its cores send.
    #[serde(deserialize_with = "number::one")]
    pub packets: f64,
    /// Nanojoules of its cores, without the packets' ways: low, nominal, high.
    #[serde(deserialize_with = "number::three")]
    pub nanojoules: [f64; 3],
}

/// A phase of an image, in clocks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipPhase {
    /// The busiest core computes so long.
    #[serde(deserialize_with = "number::one")]
    pub computing: f64,
    /// Until the last packet has arrived.
    #[serde(deserialize_with = "number::one")]
    pub sending: f64,
    /// Its length.
    #[serde(deserialize_with = "number::one")]
    pub cycles: f64,
    /// Packets that arrive.
    #[serde(deserialize_with = "number::one")]
    pub packets: f64,
    /// Packets times clocks that they waited.
    #[serde(deserialize_with = "number::one")]
    pub stalls: f64,
    /// The chip waits at its end for the host.
    #[serde(deserialize_with = "number::one")]
    pub waiting: f64,
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
    /// Row after row; absent where no core is used. A place with a layer and no value here has one that is not finite.
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
    #[serde(deserialize_with = "number::points")]
    pub points: Vec<(f64, Vec<f64>)>,
}

impl Chips {
    /// Only the first so many networks, and the first meshes that have no more than so many places together. Further
    /// meshes keep their names and lose their places.
    pub(in crate::report) fn bounded(&mut self, [networks, places]: [usize; 2]) {
        self.networks.truncate(networks);
        self.episodes.truncate(networks);
        let mut left = places;
        for mesh in self.networks.iter_mut().filter_map(|network| network.placed.as_mut()).flat_map(|p| &mut p.meshes) {
            match left.checked_sub(mesh.values.len().max(mesh.layers.len())) {
                Some(rest) => left = rest,
                None => (mesh.values, mesh.layers) = (Vec::new(), Vec::new()),
            }
        }
    }
}

/// A place of a mesh whose core is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct UsedPlace {
    /// From the left, the first is 0.
    pub column: usize,
    /// From above, the first is 0.
    pub row: usize,
    pub layer: Option<usize>,
    /// Not a number where it is not known.
    pub value: f64,
}

impl ChipMesh {
    /// Places in a row; none where the mesh has no places.
    pub(in crate::report) fn width(&self) -> usize {
        self.columns.min(self.values.len())
    }

    /// Rows, the last one possibly not full.
    pub(in crate::report) fn height(&self) -> usize {
        self.values.len().div_ceil(self.width().max(1))
    }

    /// The place in a row and a column, if its core is used.
    pub(in crate::report) fn place(&self, column: usize, row: usize) -> Option<UsedPlace> {
        let index = (column < self.width()).then(|| row.checked_mul(self.width())?.checked_add(column))??;
        let (value, layer) = (*self.values.get(index)?, self.layers.get(index).copied().flatten());
        let is_used = value.is_some() || layer.is_some();
        is_used.then(|| UsedPlace { column, row, layer, value: value.unwrap_or(f64::NAN) })
    }

    /// All places whose cores are used, row after row.
    pub(in crate::report) fn used(&self) -> impl Iterator<Item = UsedPlace> {
        let columns = self.width();
        (0..self.height()).flat_map(move |row| (0..columns).filter_map(move |column| self.place(column, row)))
    }
}

/// What makes a phase as long as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Limit {
    Computing,
    Sending,
    /// Waiting for the host.
    Host,
    /// The length is fixed, or images differ.
    Neither,
}

impl ChipPhase {
    /// What takes nearly all of the phase, if one of them does.
    pub(in crate::report) fn limit(&self) -> Limit {
        const NEARLY: f64 = 0.99;
        let (computing, sending) = (self.computing, self.sending);
        match computing >= sending {
            _ if self.cycles <= 0.0 => Limit::Neither,
            _ if self.waiting > computing.max(sending) => Limit::Host,
            true if computing >= NEARLY * self.cycles => Limit::Computing,
            false if sending >= NEARLY * self.cycles => Limit::Sending,
            _ => Limit::Neither,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh(columns: usize, values: &[Option<f64>], layers: &[Option<usize>]) -> ChipMesh {
        ChipMesh { columns, values: values.to_vec(), layers: layers.to_vec(), ..ChipMesh::default() }
    }

    #[test]
    fn a_place_is_used_where_it_has_a_value_or_a_layer() {
        let mesh = mesh(2, &[Some(3.0), None, None], &[Some(1), None, Some(0)]);
        let used: Vec<_> = mesh.used().map(|place| (place.column, place.row, place.layer)).collect();
        assert_eq!(used, [(0, 0, Some(1)), (0, 1, Some(0))]);
        assert!(mesh.used().last().is_some_and(|place| place.value.is_nan()));
        assert_eq!((mesh.width(), mesh.height(), mesh.place(1, 1), mesh.place(2, 0)), (2, 2, None, None));
    }

    #[test]
    fn strange_meshes_have_no_places_beyond_their_values() {
        let none = mesh(usize::MAX, &[], &[Some(0)]);
        assert_eq!((none.width(), none.height(), none.used().count()), (0, 0, 0));
        assert_eq!(mesh(0, &[Some(1.0)], &[]).used().count(), 0);
        let wide = mesh(usize::MAX, &[Some(1.0), Some(2.0)], &[]);
        assert_eq!((wide.width(), wide.height(), wide.place(usize::MAX, usize::MAX)), (2, 1, None));
    }

    #[test]
    fn meshes_share_a_number_of_places() {
        let placed = |sizes: &[usize]| {
            let meshes = sizes.iter().map(|size| mesh(1, &vec![Some(1.0); *size], &[])).collect();
            ChipNetwork { placed: Some(PlacedNetwork { meshes, ..PlacedNetwork::default() }), ..ChipNetwork::default() }
        };
        let networks = vec![placed(&[3, 4]), placed(&[2]), placed(&[1])];
        let mut chips = Chips { networks, ..Chips::default() };
        chips.bounded([2, 5]);
        let meshes = |network: &ChipNetwork| network.placed.clone().map_or(Vec::new(), |placed| placed.meshes);
        let sizes: Vec<Vec<usize>> =
            chips.networks.iter().map(|n| meshes(n).iter().map(|m| m.values.len()).collect()).collect();
        assert_eq!(sizes, [vec![3, 0], vec![2]]);
    }

    #[test]
    fn the_longer_part_limits_a_phase_if_it_fills_it() {
        let limit =
            |computing, sending, cycles| ChipPhase { computing, sending, cycles, ..ChipPhase::default() }.limit();
        assert_eq!(limit(5000.0, 300.0, 5000.0), Limit::Computing);
        assert_eq!(limit(100.0, 300.0, 301.0), Limit::Sending);
        assert_eq!(limit(5000.0, 300.0, 10_000.0), Limit::Neither);
        assert_eq!(limit(0.0, 0.0, 0.0), Limit::Neither);
        assert_eq!(limit(f64::NAN, 300.0, f64::NAN), Limit::Neither);
        let held = ChipPhase { computing: 300.0, waiting: 301.0, cycles: 601.0, ..ChipPhase::default() };
        assert_eq!(held.limit(), Limit::Host);
    }
}
