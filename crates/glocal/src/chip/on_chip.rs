//! A network in the cores of a chip.

use glocal_chip::integer::Plastic;
use glocal_chip::map::{Core, MapOptions, Mapping, map};
use glocal_chip::place::{Method, Position, place};
use glocal_chip::route::Link;
use glocal_chip::simulate::{Placed, Schedule, busy_cycles, flows, most_exchanged, schedule};
use glocal_chip::{ChipError, ChipSpec, PlasticForm, QuantizedNetwork};
use glocal_data::episodes::EpisodeShape;
use serde::Serialize;

use super::EpisodeFit;
use crate::error::GlocalError;

/// A network in the cores of a chip.
#[derive(Debug)]
pub struct OnChip<'n> {
    network: &'n QuantizedNetwork,
    chip: ChipSpec,
    plastic: Plastic,
    mapping: Mapping,
    schedule: Schedule,
}

/// What a network takes of a chip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The chip.
    pub chip: String,
    /// In which form plastic weights move; absent where none do.
    pub plasticity: Option<PlasticForm>,
    /// Cores used, cores of a chip, and chips.
    pub cores: usize,
    /// Cores of a chip.
    pub cores_per_chip: u64,
    /// Chips needed.
    pub chips: u64,
    /// Layer by layer.
    pub layers: Vec<LayerFit>,
    /// Steps of an image.
    pub steps: usize,
    /// Clocks of a phase.
    pub phase_cycles: u64,
    /// Phases until the first step is answered.
    pub depth: u64,
    /// Phases of an image.
    pub phases: u64,
    /// The same in microseconds, without waiting for a host.
    pub microseconds: f64,
    /// What a host that moves plastic weights adds; absent without one.
    pub link: Option<LinkFit>,
    /// Of a network in episodes: an episode's time. `phases` and `microseconds` are those of a picture that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeFit>,
    /// Numbers of the description that nobody measured, with their sources.
    pub assumptions: Vec<(String, String)>,
}

/// What goes over the link to a host for an image, if every plastic weight changes at every step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LinkFit {
    /// Bytes that the host reads.
    pub bytes_read: u64,
    /// Bytes that it writes, at most.
    pub bytes_written_at_most: u64,
    /// What the chip waits for both, at most.
    pub microseconds_at_most: f64,
}

/// Whether plastic weights in one form fit a chip, and if not, why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormFit {
    /// The form.
    pub form: PlasticForm,
    /// Whether it fits.
    pub fits: bool,
    /// Cores.
    pub cores: Option<usize>,
    /// Microseconds of an image, with the most that the chip waits for a host.
    pub microseconds_at_most: Option<f64>,
    /// What stands in the way.
    pub reasons: Vec<String>,
}

/// Every form of a network's plastic weights, moving on a chip.
pub fn form_fits(network: &QuantizedNetwork, chip: &ChipSpec, options: &MapOptions) -> Vec<FormFit> {
    let of_form = |form| {
        let network = network.clone().in_form(form)?;
        Ok(OnChip::new(&network, chip.clone(), options, Plastic::Moving)?.fit())
    };
    let forms = PlasticForm::ALL.into_iter().map(|form| match of_form(form) {
        Ok(fit) => FormFit {
            form,
            fits: true,
            cores: Some(fit.cores),
            microseconds_at_most: Some(fit.microseconds + fit.link.map_or(0.0, |link| link.microseconds_at_most)),
            reasons: Vec::new(),
        },
        Err(error) => FormFit { form, fits: false, cores: None, microseconds_at_most: None, reasons: reasons(&error) },
    });
    forms.collect()
}

/// Each reason by itself.
fn reasons(error: &GlocalError) -> Vec<String> {
    match error {
        GlocalError::Chip(ChipError::NoForm { obstacles, .. } | ChipError::DoesNotFit { obstacles, .. }) => {
            obstacles.iter().map(|obstacle| obstacle.to_string().trim().to_owned()).collect()
        }
        other => vec![other.to_string()],
    }
}

/// What a layer takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerFit {
    /// Layer.
    pub layer: usize,
    /// Cores.
    pub cores: usize,
    /// Of these, where neurons fire.
    pub firing: usize,
    /// Of these, with plastic weights.
    pub plastic: usize,
    /// Of these, with keys or values of past steps.
    pub remembering: usize,
    /// Mean share of a core's axons that is used.
    pub axons_percent: f64,
    /// Mean share of a core's memory for weights that is used.
    pub memory_percent: f64,
    /// Clocks that the busiest core needs in a phase.
    pub busiest_cycles: u64,
}

impl<'n> OnChip<'n> {
    /// Maps `network` onto `chip`.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn new(
        network: &'n QuantizedNetwork,
        chip: ChipSpec,
        options: &MapOptions,
        plastic: Plastic,
    ) -> Result<OnChip<'n>, GlocalError> {
        let mapping = map(network, &chip, options)?;
        let schedule = schedule(network, &mapping, &chip, plastic)?;
        Ok(OnChip { network, chip, plastic, mapping, schedule })
    }

    /// The network.
    pub fn network(&self) -> &'n QuantizedNetwork {
        self.network
    }

    /// The chip.
    pub fn chip(&self) -> &ChipSpec {
        &self.chip
    }

    /// Its cores and who hears whom.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// What plastic weights do.
    pub fn plastic(&self) -> Plastic {
        self.plastic
    }

    /// Gives the cores places, off dead ones, and their packets ways, around dead links.
    ///
    /// # Errors
    /// Too few cores are alive, or links.
    pub fn placed(&self, method: Method, cores: &[Position], links: &[Link]) -> Result<Placed<'_>, GlocalError> {
        let placement = place(self.mapping.cores.len(), &flows(&self.mapping), &self.chip, cores, method)?;
        Ok(Placed::new(self.network, &self.mapping, placement, &self.chip, self.plastic, links)?)
    }

    /// What it takes.
    pub fn fit(&self) -> Fit {
        let (cores, per_chip) = (self.mapping.cores.len(), self.chip.cores_per_chip());
        Fit {
            chip: self.chip.name.clone(),
            plasticity: self.form(),
            cores,
            cores_per_chip: per_chip,
            chips: (cores as u64).div_ceil(per_chip),
            layers: (0..self.network.layers.len()).map(|layer| self.layer(layer)).collect(),
            steps: self.network.steps,
            phase_cycles: self.schedule.phase_cycles,
            depth: self.schedule.depth,
            phases: self.schedule.phases,
            microseconds: self.schedule.microseconds,
            link: self.link(),
            episode: None,
            assumptions: self.chip.assumptions(),
        }
    }

    /// In which form plastic weights move, if any do.
    pub fn form(&self) -> Option<PlasticForm> {
        let moving = self.plastic == Plastic::Moving;
        self.network.layers.iter().find_map(|layer| layer.form()).filter(|_| moving)
    }

    fn link(&self) -> Option<LinkFit> {
        let most = most_exchanged(self.network, &self.mapping);
        (self.form() == Some(PlasticForm::HostLp)).then(|| LinkFit {
            bytes_read: most.bytes_read,
            bytes_written_at_most: most.bytes_written,
            microseconds_at_most: most.cycles(&self.chip) as f64 / self.chip.phase.clock_mhz.value,
        })
    }

    /// The same for episodes of this size.
    ///
    /// # Errors
    /// A phase that a core overruns.
    pub fn fit_in_episodes(&self, shape: EpisodeShape) -> Result<Fit, GlocalError> {
        Ok(Fit { episode: Some(EpisodeFit::of(self, shape)?), ..self.fit() })
    }

    fn layer(&self, layer: usize) -> LayerFit {
        let core = &self.chip.core;
        let own = &self.mapping.cores[self.mapping.of_layer(layer)];
        let storage = core.storage();
        let plastic_bytes = self.network.layers[layer].plastic_bytes(self.chip.plastic_bytes());
        let mean = |share: &dyn Fn(&Core) -> f64| 100.0 * own.iter().map(share).sum::<f64>() / own.len().max(1) as f64;
        LayerFit {
            layer,
            cores: own.len(),
            firing: own.iter().filter(|core| core.fires).count(),
            plastic: own.iter().filter(|core| core.plastic).count(),
            remembering: own.iter().filter(|core| core.past.is_some()).count(),
            axons_percent: mean(&|used| used.axons() as f64 / core.axons.value as f64),
            memory_percent: mean(&|used| {
                used.weight_bytes(storage, plastic_bytes) as f64 / core.weight_bytes.value as f64
            }),
            busiest_cycles: own.iter().map(|core| busy_cycles(core, &self.chip, self.plastic)).max().unwrap_or(0),
        }
    }
}
