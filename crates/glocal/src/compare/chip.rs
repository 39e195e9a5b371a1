//! What chips make of a run's network.

use serde::{Deserialize, Serialize};

use super::{RunRecord, letters};
use crate::error::GlocalError;
use crate::report::{ChipFaults, ChipNetwork, Chips, PlacedNetwork};
use crate::run_folder::RunFolder;

/// Name of the file in the run folder.
const FILE: &str = "chip.json";

/// What chips make of a run's network. Accuracies are shares of the test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChipFigures {
    /// One for each form that the network takes on a chip.
    pub forms: Vec<ChipForm>,
    /// Forms that it cannot take, and why.
    #[serde(default)]
    pub refused: Vec<String>,
}

/// A form of the network on a chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChipForm {
    /// What becomes of its plastic weights; empty without any.
    pub form: String,
    /// The chip.
    pub chip: String,
    /// Test images judged.
    pub images: u64,
    /// Accuracy in floats.
    pub float: f64,
    /// Accuracy in integers, without a chip.
    pub integer: f64,
    /// Accuracy on the cores of the chip.
    pub on_chip: f64,
    /// Time and energy, and what each layer takes.
    pub placed: PlacedNetwork,
    /// Accuracy as the chip is damaged while it runs.
    pub faults: Vec<FormFaults>,
}

/// Accuracy under one kind of damage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormFaults {
    /// What is damaged.
    pub kind: String,
    /// Share damaged, and accuracy.
    pub points: Vec<(f64, f64)>,
}

impl ChipFigures {
    /// Those of a run folder; `None` if nothing was measured there.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(folder: &RunFolder) -> Result<Option<ChipFigures>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Writes them into the run folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}

/// All forms of all runs, those that differ in the seed alone together; `None` if no run was brought onto a chip.
pub fn chips(records: &[RunRecord]) -> Option<Chips> {
    let mut networks: Vec<ChipNetwork> = Vec::new();
    for record in records {
        let arm = letters(record.config.learner.network.learning_rule);
        for form in record.chip.iter().flat_map(|figures| &figures.forms) {
            let label = if form.form.is_empty() { arm.to_owned() } else { format!("{arm}, {}", form.form) };
            let known = networks.iter().position(|network| network.label == label && network.chip == form.chip);
            let at = known.unwrap_or_else(|| {
                let placed = Some(form.placed.clone());
                networks.push(ChipNetwork { label, chip: form.chip.clone(), placed, ..ChipNetwork::default() });
                networks.len() - 1
            });
            add(&mut networks[at], form);
        }
    }
    (!networks.is_empty()).then(|| Chips { networks, ..Chips::default() })
}

/// One more seed.
fn add(network: &mut ChipNetwork, form: &ChipForm) {
    network.images = form.images;
    network.float.push(100.0 * form.float);
    network.integer.push(100.0 * form.integer);
    network.on_chip.push(100.0 * form.on_chip);
    for FormFaults { kind, points } in &form.faults {
        let known = network.faults.iter().position(|faults| faults.name == *kind);
        let at = known.unwrap_or_else(|| {
            network.faults.push(ChipFaults { name: kind.clone(), points: Vec::new() });
            network.faults.len() - 1
        });
        for &(share, accuracy) in points {
            let curve = &mut network.faults[at].points;
            match curve.iter_mut().find(|(known, _)| *known == 100.0 * share) {
                Some((_, accuracies)) => accuracies.push(100.0 * accuracy),
                None => curve.push((100.0 * share, vec![100.0 * accuracy])),
            }
        }
    }
}
