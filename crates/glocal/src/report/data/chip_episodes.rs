//! Episodes on the cores of a chip.

use serde::{Deserialize, Serialize};

use super::{FewShotCell, number};

/// A network that stores classes on a chip, in episodes of one size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipEpisodes {
    /// Its name, for instance `HP, folded`.
    pub label: String,
    /// The chip's name.
    pub chip: String,
    /// Classes of an episode.
    pub ways: usize,
    /// Labelled pictures of each class.
    pub shots: usize,
    /// In floats.
    pub float: FewShotCell,
    /// In integers, without a chip.
    pub integer: FewShotCell,
    /// On the cores of the chip.
    pub on_chip: FewShotCell,
    /// Cores used.
    pub cores: usize,
    /// Chips used.
    pub chips: u64,
    /// Episodes whose packets were followed.
    pub followed: u64,
    /// What a class takes to be stored, all its pictures.
    pub class: ChipCost,
    /// What a query takes to be answered.
    pub query: ChipCost,
}

/// Time and energy of a part of an episode: means.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipCost {
    /// Time.
    #[serde(deserialize_with = "number::one")]
    pub microseconds: f64,
    /// Energy in nanojoules: low, nominal, high.
    #[serde(deserialize_with = "number::three")]
    pub nanojoules: [f64; 3],
}
