//! Descriptions of chips: every number beside its source.

mod check;
mod energy;
mod host;
mod noc;

pub use energy::{EnergySpec, Estimate};
pub use host::HostSpec;
pub use noc::{Casting, NocSpec};

use serde::{Deserialize, Serialize};

use crate::error::ChipError;
use crate::network::PlasticForm;

/// A chip, as its TOML file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipSpec {
    /// What it is called.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// Where cores lie.
    pub grid: Grid,
    /// What each core holds.
    pub core: CoreSpec,
    /// How long a round of computing and sending takes.
    pub phase: PhaseSpec,
    /// What a core needs to move plastic weights; absent: the chip does not learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plasticity: Option<PlasticitySpec>,
    /// How a host is reached that moves plastic weights; absent: none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostSpec>,
    /// How packets travel.
    pub noc: NocSpec,
    /// What everything that a core does costs.
    pub energy: EnergySpec,
}

/// A number and where it is from; sources that begin with `assumed`, `fitted` or `proposed` are nobody's measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The number.
    pub value: T,
    /// Where it is from.
    pub source: String,
}

/// Where cores lie: a mesh on each chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Cores in a row of a chip.
    pub columns: Sourced<u64>,
    /// Rows of a chip.
    pub rows: Sourced<u64>,
    /// Chips that may be joined.
    pub chips: Sourced<u64>,
    /// Of these, chips in a row of the machine; every row is full.
    pub chips_per_row: Sourced<u64>,
}

/// What a core holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreSpec {
    /// Inputs that it can receive: its fan-in.
    pub axons: Sourced<u64>,
    /// Neurons that it can compute: its fan-out.
    pub neurons: Sourced<u64>,
    /// Memory for weights, in bytes.
    pub weight_bytes: Sourced<u64>,
    /// Bits of a weight.
    pub weight_bits: Sourced<u32>,
    /// How memory holds weights; absent: each in a byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_storage: Option<Sourced<WeightStorage>>,
    /// Memory for the state of neurons, in bytes: what limits how many bands of a map one core can compute in turn.
    pub state_bytes: Sourced<u64>,
    /// Synapses multiplied and added in a clock.
    pub macs_per_cycle: Sourced<u64>,
}

/// How a core's memory holds weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightStorage {
    /// Each in a byte.
    #[default]
    Dense8,
    /// As indices of so many bits into the core's codebook of weights of 8 bits.
    Indexed(u32),
}

impl WeightStorage {
    /// Bits of a weight in memory.
    pub fn bits(self) -> u64 {
        match self {
            WeightStorage::Dense8 => 8,
            WeightStorage::Indexed(bits) => u64::from(bits),
        }
    }

    /// Bytes of a core's codebook.
    pub fn codebook_bytes(self) -> u64 {
        match self {
            WeightStorage::Dense8 => 0,
            WeightStorage::Indexed(bits) => 1 << bits,
        }
    }
}

impl CoreSpec {
    /// How memory holds weights.
    pub fn storage(&self) -> WeightStorage {
        self.weight_storage.as_ref().map_or(WeightStorage::default(), |storage| storage.value)
    }

    /// Synapses that memory holds: with a weight or without, with a plastic weight of so many bytes or none.
    pub fn synapses(&self, weights: bool, plastic_bytes: u64) -> u64 {
        let (storage, plastic_bits) = (self.storage(), 8 * plastic_bytes);
        let (bits, codebook) = if weights { (storage.bits(), storage.codebook_bytes()) } else { (0, 0) };
        let free = self.weight_bytes.value.saturating_sub(codebook);
        // Memory without limit stays without.
        let whole = u128::from(free) * 8 / u128::from((bits + plastic_bits).max(1));
        u64::try_from(whole).unwrap_or(u64::MAX)
    }
}

/// How long a round of computing and sending takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSpec {
    /// Clock.
    pub clock_mhz: Sourced<f64>,
    /// Clocks of every phase; absent: as many as the slowest core needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<Sourced<u64>>,
    /// Clocks of a core's phase beside its synapses.
    pub overhead_cycles: Sourced<u64>,
}

/// What a core needs to move plastic weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlasticitySpec {
    /// Bytes of a plastic weight.
    pub bytes: Sourced<u64>,
    /// Plastic weights that are decayed and moved in a clock.
    pub synapses_per_cycle: Sourced<u64>,
}

/// Bytes of a plastic weight: 16 bits.
const PLASTIC_BYTES: u64 = 2;

/// Chips that are built in.
const PRESETS: [(&str, &str); 5] = [
    ("tianjic", include_str!("../presets/tianjic.toml")),
    ("tianjic-lp", include_str!("../presets/tianjic-lp.toml")),
    ("tianjicx", include_str!("../presets/tianjicx.toml")),
    ("loihi-like", include_str!("../presets/loihi-like.toml")),
    ("ideal", include_str!("../presets/ideal.toml")),
];

impl ChipSpec {
    /// Names of the chips that are built in.
    pub fn presets() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The description of a chip that is built in, as TOML; `None` for other names.
    pub fn preset_text(name: &str) -> Option<&'static str> {
        PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// A chip that is built in; `None` for other names.
    pub fn preset(name: &str) -> Option<ChipSpec> {
        Some(ChipSpec::parse(ChipSpec::preset_text(name)?).expect("the tests read every preset"))
    }

    /// Reads a description.
    ///
    /// # Errors
    /// Text that is no TOML, missing or unknown keys; or everything that contradicts itself, at once.
    pub fn parse(text: &str) -> Result<ChipSpec, ChipError> {
        let spec: ChipSpec = toml::from_str(text).map_err(|error| ChipError::Unreadable(error.to_string()))?;
        let violations = check::violations(&spec);
        if violations.is_empty() { Ok(spec) } else { Err(ChipError::Contradictory(violations)) }
    }

    /// Cores of a chip.
    pub fn cores_per_chip(&self) -> u64 {
        self.grid.columns.value * self.grid.rows.value
    }

    /// Forms in which plastic weights can move on it.
    pub fn plastic_forms(&self) -> impl Iterator<Item = PlasticForm> {
        PlasticForm::ALL.into_iter().filter(|form| match form {
            PlasticForm::OnChip | PlasticForm::Rank => self.plasticity.is_some(),
            PlasticForm::HostLp => self.host.is_some(),
        })
    }

    /// Bytes of a plastic weight.
    pub fn plastic_bytes(&self) -> u64 {
        self.plasticity.as_ref().map_or(PLASTIC_BYTES, |plasticity| plasticity.bytes.value)
    }

    /// Products that a plastic weight takes: one where a core has lanes for them; else it is two weights of 8 bits.
    pub fn plastic_products(&self) -> u64 {
        if self.plasticity.is_some() { 1 } else { PLASTIC_BYTES }
    }

    /// Synapses of 8 bits that one core computes in a phase of so many clocks, all its lanes busy but for the overhead.
    pub fn synapses_per_phase(&self, cycles: u64) -> u64 {
        cycles.saturating_sub(self.phase.overhead_cycles.value) * self.core.macs_per_cycle.value
    }

    /// Numbers that are nobody's measurement, with what the description says of them.
    pub fn assumptions(&self) -> Vec<(String, String)> {
        let text = toml::Value::try_from(self).ok();
        let mut found = Vec::new();
        if let Some(value) = text {
            assumed(&value, "", &mut found);
        }
        found
    }
}

fn assumed(value: &toml::Value, key: &str, found: &mut Vec<(String, String)>) {
    let Some(table) = value.as_table() else { return };
    if let Some(source) = table.get("source").and_then(toml::Value::as_str) {
        if ["assumed", "fitted", "proposed"].iter().any(|word| source.starts_with(word)) {
            found.push((key.to_owned(), source.to_owned()));
        }
        return;
    }
    for (name, value) in table {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        assumed(value, &key, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_and_is_named_as_it_is_called() {
        for name in ChipSpec::presets() {
            assert_eq!(ChipSpec::preset(name).unwrap().name, name);
        }
        assert_eq!(ChipSpec::preset("tianjic2"), None);
    }

    /// Published figures that follow from the description: 1214.7 GOPS (two operations a synapse) and 607.3 GSyOPS, of one byte
    /// each, in phases of 16.83 µs; and 954 clocks left beside 65,536 synapses at 16 a clock. TianjicX: 35 cores give 896 GOPS.
    #[test]
    fn identities_of_the_published_chips() {
        let tianjic = ChipSpec::preset("tianjic").unwrap();
        let cycles = tianjic.phase.cycles.as_ref().unwrap().value;
        let phase = cycles as f64 / tianjic.phase.clock_mhz.value * 1e-6;
        assert!((phase - 16.833e-6).abs() < 1e-9);
        let synapses = (tianjic.core.axons.value * tianjic.core.neurons.value) as f64;
        let per_second = tianjic.cores_per_chip() as f64 * synapses / phase;
        assert!((per_second / 1e9 - 607.3).abs() < 0.1 && (2.0 * per_second / 1e9 - 1214.7).abs() < 0.1);
        assert_eq!(tianjic.cores_per_chip(), 156);
        assert_eq!(tianjic.synapses_per_phase(cycles), 65_536);
        let x = ChipSpec::preset("tianjicx").unwrap();
        let operations = 35.0 * x.core.macs_per_cycle.value as f64 * 2.0 * x.phase.clock_mhz.value * 1e6;
        assert!((operations / 1e9 - 896.0).abs() < 1e-9);
        // 0.95 W all in.
        assert!((0.95 / per_second * 1e12 - 1.564).abs() < 0.001);
    }

    #[test]
    fn what_is_wrong_is_said_at_once() {
        let text = include_str!("../presets/tianjic.toml");
        let broken = text.replace("value = 12,", "value = 0,").replace("value = 5050", "value = 900");
        let broken = broken.replace("weight_bits = { value = 8", "weight_bits = { value = 9");
        let broken = broken.replace("chips_per_row = { value = 5", "chips_per_row = { value = 4");
        let broken = broken.replace("hop_cycles = { value = 1", "hop_cycles = { value = 0");
        let broken = broken.replace("host_row = { value = 0", "host_row = { value = 78");
        let broken = broken.replace("nominal = 1.25", "nominal = 5.0").replace("value = 0.7528", "value = 0.0");
        let error = ChipSpec::parse(&broken).unwrap_err().to_string();
        for needle in [
            "grid.columns: is 0",
            "grid.chips_per_row: is 4, which does not divide the 25 chips",
            "core.weight_bits",
            "phase.cycles",
            "954",
            "noc.hop_cycles: is 0",
            "noc.host_row: is 78 of a machine of 78",
            "energy.weight_read_byte: has low 0.625, nominal 5, high 2.5",
            "energy.lut_read",
            "energy.dynamic_scale: is 0",
        ] {
            assert!(error.contains(needle), "{needle}: {error}");
        }
        for (bad, needle) in [
            (text.replace("[core]", "[cores]"), "cores"),
            (text.replace("weight_bits", "weight_bit"), "weight_bit"),
            (text.replace("value = 300.0", "value = nan"), "phase.clock_mhz"),
            ("name = ".to_owned(), "line 1"),
            (text.replace("value = 256, ", "value = -1, "), "axons"),
        ] {
            let error = ChipSpec::parse(&bad).unwrap_err().to_string();
            assert!(error.contains(needle), "{needle}: {error}");
        }
    }

    #[test]
    fn assumptions_are_told() {
        let found = ChipSpec::preset("tianjic-lp").unwrap().assumptions();
        let keys: Vec<&str> = found.iter().map(|(key, _)| &key[..]).collect();
        assert!(keys.contains(&"plasticity.bytes") && keys.contains(&"core.macs_per_cycle"), "{keys:?}");
        assert!(keys.contains(&"noc.hop_cycles") && keys.contains(&"energy.chip_hop"), "{keys:?}");
        assert!(keys.contains(&"energy.dynamic_scale"), "{keys:?}");
        assert!(!keys.contains(&"core.axons"), "{keys:?}");
        let loihi = ChipSpec::preset("loihi-like").unwrap().assumptions();
        assert!(loihi.iter().all(|(key, _)| key != "energy.synaptic_op" && key != "energy.hop"), "{loihi:?}");
    }
}
