//! The network and the chip that the commands are about.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glocal::chip::{EpisodeTask, Fit, FormFit, OnChip, chip, episode_network, form_fits};
use glocal::train::load_network;
use glocal::{GlocalError, RunConfig, RunFolder};
use glocal_chip::integer::Plastic;
use glocal_chip::map::{Folding, MapOptions};
use glocal_chip::place::{Method, Position};
use glocal_chip::quantise::PlasticPlace;
use glocal_chip::route::{Direction, Link};
use glocal_chip::simulate::Placed;
use glocal_chip::spec::WeightStorage;
use glocal_chip::{PlasticForm, QuantiseOptions, QuantizedNetwork, quantise};
use glocal_core::Learner;

use super::episodes::EpisodeArgs;

/// The network and the chip.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// Run folder
    pub(super) run: PathBuf,
    /// A chip that is built in (tianjic, tianjic-lp, tianjicx, loihi-like, ideal), or a TOML file like `glocal chip show` prints
    #[arg(long, value_name = "NAME|FILE", default_value = "tianjic-lp")]
    chip: String,
    /// What plastic weights do on the chip
    #[arg(long, value_name = "WHAT", default_value = "moving")]
    plastic: PlasticChoice,
    /// Who moves plastic weights that move, and how
    #[arg(long, value_name = "FORM", default_value = "on-chip")]
    plasticity: FormChoice,
    /// Plastic weights lie in cores of their own, not beside the others
    #[arg(long)]
    apart: bool,
    /// Sums are added by cores that do nothing else, never by those with axons to spare
    #[arg(long)]
    reduce: bool,
    /// The same cores compute a convolution's map band after band of rows: fewer cores, more phases
    #[arg(long)]
    fold: bool,
    #[command(flatten)]
    pub(super) episodes: EpisodeArgs,
}

/// A run's network as it goes to the chip.
pub(super) struct Loaded {
    pub(super) config: RunConfig,
    /// In floats; narrowed to the episodes' classes.
    pub(super) learner: Learner,
    pub(super) network: QuantizedNetwork,
    /// Which episodes judge, where the run learnt in episodes.
    pub(super) task: Option<EpisodeTask>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlasticChoice {
    /// They move while the chip sees a sample
    Moving,
    /// They stay as learned, in memory of their own
    Resting,
    /// They are folded into the other weights
    Folded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormChoice {
    /// The cores, as a matrix
    OnChip,
    /// Nobody: cores remember keys and values of past steps instead
    Rank,
    /// The host, which sends what has changed
    HostLp,
}

impl FormChoice {
    fn form(self) -> PlasticForm {
        match self {
            FormChoice::OnChip => PlasticForm::OnChip,
            FormChoice::Rank => PlasticForm::Rank,
            FormChoice::HostLp => PlasticForm::HostLp,
        }
    }
}

impl Subject {
    /// The trained network in integers, its plastic weights in the form asked for.
    ///
    /// # Errors
    /// A folder that is no run, a network that cannot be quantised, plastic weights that cannot take the form.
    pub(super) fn loaded(&self) -> Result<Loaded, GlocalError> {
        let quantised = self.quantised()?;
        let network = self.in_form(quantised.network)?;
        Ok(Loaded { network, ..quantised })
    }

    /// A network with its plastic weights in the form asked for.
    ///
    /// # Errors
    /// Plastic weights that cannot take the form.
    pub(super) fn in_form(&self, network: QuantizedNetwork) -> Result<QuantizedNetwork, GlocalError> {
        Ok(network.in_form(self.plasticity.form())?)
    }

    /// The trained network in integers.
    ///
    /// # Errors
    /// A folder that is no run, a network that cannot be quantised; a form for plastic weights that do not move.
    pub(super) fn quantised(&self) -> Result<Loaded, GlocalError> {
        if self.plasticity != FormChoice::OnChip && self.plastic != PlasticChoice::Moving {
            return Err(GlocalError::Usage {
                message: format!("`--plasticity {}` says how plastic weights move", self.plasticity.form()),
                hint: "leave it out, or let them move: `--plastic moving`".into(),
            });
        }
        let folder = RunFolder::read_only(&self.run)?;
        let config = folder.config()?;
        let (learner, _) = load_network(&folder, &config)?;
        let task = self.episodes.task(&config, &self.run)?;
        if task.is_some() && self.plastic != PlasticChoice::Moving {
            return Err(GlocalError::Usage {
                message: format!("{} stores its classes in plastic weights that move", self.run.display()),
                hint: "leave --plastic out".into(),
            });
        }
        let folded = self.plastic == PlasticChoice::Folded;
        let plastic = if folded { PlasticPlace::Folded } else { PlasticPlace::OnChip };
        let default = QuantiseOptions::default();
        let weight_bits = learner.config().weight_bits.unwrap_or(default.weight_bits);
        // What the chip's memory holds.
        let codebook_bits = match chip(&self.chip)?.core.storage() {
            WeightStorage::Dense8 => None,
            WeightStorage::Indexed(bits) => Some(bits),
        };
        let options = QuantiseOptions { plastic, weight_bits, codebook_bits, ..default };
        let (learner, network) = match task {
            Some(task) => episode_network(&learner, &config, task.shape, &options)?,
            None => {
                let network = quantise(&learner, &options)?;
                (learner, network)
            }
        };
        Ok(Loaded { config, learner, network, task })
    }

    /// What a network takes of the chip.
    ///
    /// # Errors
    /// A phase that a core overruns.
    pub(super) fn fit(&self, on_chip: &OnChip<'_>, task: Option<EpisodeTask>) -> Result<Fit, GlocalError> {
        task.map_or_else(|| Ok(on_chip.fit()), |task| on_chip.fit_in_episodes(task.shape))
    }

    pub(super) fn plastic(&self) -> Plastic {
        if self.plastic == PlasticChoice::Moving { Plastic::Moving } else { Plastic::Resting }
    }

    pub(super) fn on_chip<'n>(&self, network: &'n QuantizedNetwork) -> Result<OnChip<'n>, GlocalError> {
        OnChip::new(network, chip(&self.chip)?, &self.options(), self.plastic())
    }

    /// Which forms of its plastic weights fit the chip; none where none move.
    ///
    /// # Errors
    /// No such chip.
    pub(super) fn forms(&self, network: &QuantizedNetwork) -> Result<Vec<FormFit>, GlocalError> {
        let chip = chip(&self.chip)?;
        let moving = self.plastic == PlasticChoice::Moving && network.is_plastic();
        Ok(if moving { form_fits(network, &chip, &self.options()) } else { Vec::new() })
    }

    fn options(&self) -> MapOptions {
        let folding = if self.fold { Folding::Bands } else { Folding::Unfolded };
        MapOptions { apart: self.apart, fuse: !self.reduce, folding }
    }
}

/// Where cores lie.
#[derive(Debug, Args)]
pub(super) struct Places {
    /// How places are found
    #[arg(long, value_name = "HOW", default_value = "annealing")]
    placement: PlacementChoice,
    /// Seed of the annealing
    #[arg(long, value_name = "N", default_value_t = 1)]
    placement_seed: u64,
    /// A core that is dead, known before cores get their places; may be repeated
    #[arg(long, value_name = "COLUMN,ROW", value_parser = position)]
    dead_core: Vec<Position>,
    /// A link that is dead, known before packets get their ways, such as 3,4,east; may be repeated
    #[arg(long, value_name = "COLUMN,ROW,TOWARD", value_parser = link)]
    dead_link: Vec<Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlacementChoice {
    /// Row by row, in the order of layers
    RowMajor,
    /// One core after the other, near those that it talks with
    Greedy,
    /// The same, then exchanged by simulated annealing
    Annealing,
}

impl Places {
    /// Gives cores places and packets ways.
    ///
    /// # Errors
    /// Too few cores or links are alive.
    pub(super) fn placed<'m>(&self, on_chip: &'m OnChip<'_>) -> Result<Placed<'m>, GlocalError> {
        let method = match self.placement {
            PlacementChoice::RowMajor => Method::RowMajor,
            PlacementChoice::Greedy => Method::Greedy,
            PlacementChoice::Annealing => Method::annealing(on_chip.mapping().cores.len(), self.placement_seed),
        };
        on_chip.placed(method, &self.dead_core, &self.dead_link)
    }
}

fn position(text: &str) -> Result<Position, String> {
    let numbers: Vec<u32> = text.split(',').map_while(|number| number.trim().parse().ok()).collect();
    match (&numbers[..], text.split(',').count()) {
        (&[column, row], 2) => Ok(Position { column, row }),
        _ => Err("give a column and a row from 0, such as 3,4".into()),
    }
}

fn link(text: &str) -> Result<Link, String> {
    let directions = [
        ("east", Direction::East),
        ("west", Direction::West),
        ("south", Direction::South),
        ("north", Direction::North),
    ];
    let found = text.rsplit_once(',').and_then(|(from, toward)| {
        let toward = directions.iter().find(|(name, _)| *name == toward.trim())?.1;
        Some(Link { from: position(from).ok()?, toward })
    });
    found.ok_or_else(|| "give a column, a row and east, west, south or north, such as 3,4,east".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_links_are_read() {
        assert_eq!(position("3, 4"), Ok(Position { column: 3, row: 4 }));
        assert_eq!(link("3,4,north"), Ok(Link { from: Position { column: 3, row: 4 }, toward: Direction::North }));
        for wrong in ["3", "3,4,5", "a,4", "-1,2", ""] {
            assert!(position(wrong).is_err(), "{wrong}");
        }
        for wrong in ["3,4", "3,4,up", "east"] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }
}
