//! What a placed network did, for tables and pictures.

use std::collections::BTreeMap;

use glocal_chip::energy::{Activity, Component, Picojoules, energy};
use glocal_chip::place::{Position, Region};
use glocal_chip::simulate::{PhaseFigures, Placed, Tally, busy_cycles};
use glocal_chip::{ChipSpec, PlasticForm};

use super::OnChip;
use crate::error::GlocalError;
use crate::report::{ChipComponent, ChipLayer, ChipLink, ChipMesh, ChipPhase, PlacedNetwork};

/// Places of a mesh that is drawn.
const MOST_PLACES: usize = 1 << 16;

/// Means over the images of `tally`.
///
/// # Errors
/// More packets than can be counted.
pub fn placed_network(on_chip: &OnChip<'_>, placed: &Placed<'_>, tally: &Tally) -> Result<PlacedNetwork, GlocalError> {
    let chip = on_chip.chip();
    let fit = on_chip.fit();
    let whole = tally.energy(chip);
    let components = whole.parts().iter().filter(|(_, energy)| energy.high > 0.0).map(|(component, energy)| {
        let name = component_name(*component, on_chip.form()).to_owned();
        ChipComponent { name, nanojoules: nanojoules(*energy, tally) }
    });
    Ok(PlacedNetwork {
        images: tally.images,
        plasticity: fit.plasticity.map_or(String::new(), |form| form.name().to_owned()),
        link: fit.link.map(|_| link_of(chip, tally)),
        cores: fit.cores,
        cores_per_chip: fit.cores_per_chip,
        chips: fit.chips,
        microseconds: tally.microseconds(chip),
        nanojoules: nanojoules(whole.total(), tally),
        components: components.collect(),
        layers: (0..fit.layers.len()).map(|layer| layer_of(chip, placed, tally, layer)).collect(),
        phases: tally.phases.iter().map(|phase| phase_of(phase, tally)).collect(),
        meshes: meshes(chip, placed, tally)?,
        assumptions: fit.assumptions.into_iter().map(|(key, _)| key).collect(),
    })
}

fn nanojoules(energy: Picojoules, tally: &Tally) -> [f64; 3] {
    [energy.low, energy.nominal, energy.high].map(|energy| energy * 1e-3 / tally.images.max(1) as f64)
}

fn component_name(component: Component, form: Option<PlasticForm>) -> &'static str {
    match component {
        Component::PlasticReads if form == Some(PlasticForm::Rank) => "plastic weights, keys and values read",
        Component::PlasticWrites if form == Some(PlasticForm::Rank) => "keys and values written",
        Component::Synapses => "synapses",
        Component::WeightReads => "weights read",
        Component::PlasticReads => "plastic weights read",
        Component::PlasticWrites => "plastic weights written",
        Component::Soma => "neurons",
        Component::Spikes => "packets sent",
        Component::Tables => "values looked up",
        Component::Hops => "hops",
        Component::ChipHops => "hops between chips",
        Component::Host => "host",
        Component::Static => "static",
    }
}

fn layer_of(chip: &ChipSpec, placed: &Placed<'_>, tally: &Tally, layer: usize) -> ChipLayer {
    let did = tally.of_layer(placed, layer);
    let own = &placed.mapping().cores[placed.mapping().of_layer(layer)];
    ChipLayer {
        name: format!("layers.{layer}"),
        cores: own.len(),
        busiest_cycles: own.iter().map(|core| busy_cycles(core, chip, placed.plastic())).max().unwrap_or(0),
        operations: tally.mean(did.synaptic_ops),
        packets: tally.mean(tally.sent_by(placed, layer)),
        nanojoules: nanojoules(energy(&did, chip).total(), tally),
    }
}

fn link_of(chip: &ChipSpec, tally: &Tally) -> ChipLink {
    let waiting = tally.phases.iter().map(|phase| phase.waiting).sum();
    ChipLink {
        changed: tally.mean(tally.link.changed),
        bytes_read: tally.mean(tally.link.bytes_read),
        bytes_written: tally.mean(tally.link.bytes_written),
        microseconds: tally.mean(waiting) / chip.phase.clock_mhz.value,
    }
}

fn phase_of(phase: &PhaseFigures, tally: &Tally) -> ChipPhase {
    ChipPhase {
        computing: tally.mean(phase.computing),
        sending: tally.mean(phase.sending),
        cycles: tally.mean(phase.cycles),
        packets: tally.mean(phase.delivered),
        stalls: tally.mean(phase.stalls),
        waiting: tally.mean(phase.waiting),
    }
}

/// Synaptic operations, packets and energy at each place of the rectangle that is used.
fn meshes(chip: &ChipSpec, placed: &Placed<'_>, tally: &Tally) -> Result<Vec<ChipMesh>, GlocalError> {
    let at = &placed.placement().at;
    let mut traffic: BTreeMap<Position, u64> = BTreeMap::new();
    for (link, packets) in tally.load(placed, chip)?.links() {
        *traffic.entry(link.from).or_default() += packets;
    }
    let region = Region::covering(at.iter().chain(traffic.keys()).copied());
    // A place for each core: the machine may have a million.
    if region.len() > MOST_PLACES {
        return Ok(Vec::new());
    }
    let mut layers = vec![None; region.len()];
    for (position, core) in at.iter().zip(&placed.mapping().cores) {
        if let Some(index) = region.index(*position) {
            layers[index] = Some(core.layer);
        }
    }
    let mesh = |name: &str, unit: &str, of: &dyn Fn(Position) -> Option<f64>| {
        let values = (0..region.len()).map(|index| of(region.position(index))).collect();
        let (name, unit) = (name.to_owned(), unit.to_owned());
        ChipMesh { name, unit, columns: region.columns as usize, values, layers: layers.clone() }
    };
    let core_at: BTreeMap<Position, usize> = at.iter().enumerate().map(|(core, position)| (*position, core)).collect();
    let of_core = |position: Position, of: &dyn Fn(&Activity) -> f64| {
        core_at.get(&position).and_then(|&core| tally.cores.get(core)).map(of)
    };
    let operations = |position| of_core(position, &|did| tally.mean(did.synaptic_ops));
    // A core that sends nothing is used all the same.
    let packets = |position| {
        let sent = traffic.get(&position).copied();
        sent.or_else(|| core_at.contains_key(&position).then_some(0)).map(|packets| tally.mean(packets))
    };
    let spent = |position| of_core(position, &|did| nanojoules(energy(did, chip).total(), tally)[1]);
    Ok(vec![
        mesh("synaptic operations", "an image", &operations),
        mesh("packets that leave a router", "an image", &packets),
        mesh("energy of cores", "nJ an image", &spent),
    ])
}
