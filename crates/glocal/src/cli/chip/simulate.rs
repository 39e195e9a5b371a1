//! `glocal chip check` and `glocal chip simulate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glocal::chip::{ChipEvaluation, Fit, OnChip, chip, judge, judge_on_chip};
use glocal::compare::table::{Align, aligned};
use glocal::train::load_network;
use glocal::{GlocalError, Part, RunFolder, RunSamples, Samples};
use glocal_chip::integer::Plastic;
use glocal_chip::map::MapOptions;
use glocal_chip::quantise::PlasticPlace;
use glocal_chip::{QuantiseOptions, QuantizedNetwork, quantise};
use serde::Serialize;

use super::quantise::images;
use crate::args::Context;

/// The network and the chip, the same for both commands.
#[derive(Debug, Args)]
struct Subject {
    /// Run folder
    run: PathBuf,
    /// A chip that is built in (tianjic, tianjic-lp, tianjicx, loihi-like, ideal), or a TOML file like `glocal chip show` prints
    #[arg(long, value_name = "NAME|FILE", default_value = "tianjic-lp")]
    chip: String,
    /// What plastic weights do on the chip
    #[arg(long, value_name = "WHAT", default_value = "moving")]
    plastic: PlasticChoice,
    /// Plastic weights lie in cores of their own, not beside the others
    #[arg(long)]
    apart: bool,
    /// Sums are added by cores that do nothing else, never by those with axons to spare
    #[arg(long)]
    reduce: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlasticChoice {
    /// They move while the chip sees a sample
    Moving,
    /// They stay as learned, in memory of their own
    Resting,
    /// They are folded into the other weights
    Folded,
}

/// Options of `glocal chip check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip check runs/hp
  glocal chip check runs/hp --chip tianjic --plastic folded
  glocal chip check runs/hp --chip my-chip.toml --json")]
pub struct CheckArgs {
    #[command(flatten)]
    subject: Subject,
}

/// Options of `glocal chip simulate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip simulate runs/hp --images 1000
  glocal chip simulate runs/gp --chip tianjic --json")]
pub struct SimulateArgs {
    #[command(flatten)]
    subject: Subject,
    /// Test images to judge by [default: all]
    #[arg(long, value_name = "N", value_parser = images)]
    images: Option<usize>,
}

impl Subject {
    fn network(&self) -> Result<QuantizedNetwork, GlocalError> {
        let folder = RunFolder::read_only(&self.run)?;
        let (learner, _) = load_network(&folder, &folder.config()?)?;
        let folded = self.plastic == PlasticChoice::Folded;
        let plastic = if folded { PlasticPlace::Folded } else { PlasticPlace::OnChip };
        Ok(quantise(&learner, &QuantiseOptions { plastic, ..QuantiseOptions::default() })?)
    }

    fn plastic(&self) -> Plastic {
        if self.plastic == PlasticChoice::Moving { Plastic::Moving } else { Plastic::Resting }
    }

    fn on_chip<'n>(&self, network: &'n QuantizedNetwork) -> Result<OnChip<'n>, GlocalError> {
        let options = MapOptions { apart: self.apart, fuse: !self.reduce };
        OnChip::new(network, chip(&self.chip)?, &options, self.plastic())
    }
}

impl CheckArgs {
    /// Maps the network and says what it takes.
    ///
    /// # Errors
    /// A folder that is no run, no such chip; everything that does not fit.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let network = self.subject.network()?;
        let fit = self.subject.on_chip(&network)?.fit();
        context.print(&fit, || in_words(&fit))
    }
}

/// What a simulation found.
#[derive(Debug, Serialize)]
struct Simulated {
    fit: Fit,
    /// The integer reference on the same images.
    reference: f64,
    on_chip: ChipEvaluation,
}

impl SimulateArgs {
    /// Runs test images on the cores.
    ///
    /// # Errors
    /// As [`CheckArgs::run`]; data that are not there.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let network = self.subject.network()?;
        let on_chip = self.subject.on_chip(&network)?;
        let mut config = RunFolder::read_only(&self.subject.run)?.config()?;
        config.data.test_limit = self.images.or(config.data.test_limit);
        let samples = Samples::of(&config, &context.locations)?;
        let samples = RunSamples::new(&samples, &config, None)?;
        let reference = judge(&network, self.subject.plastic(), &samples, Part::Test)?.accuracy;
        let found = judge_on_chip(&on_chip, &samples, Part::Test)?;
        let found = Simulated { fit: on_chip.fit(), reference, on_chip: found };
        context.print(&found, || found.in_words())
    }
}

impl Simulated {
    fn in_words(&self) -> String {
        let ChipEvaluation { judged, activity_packets, sum_packets, factor_packets, .. } = &self.on_chip;
        format!(
            "{}\naccuracy {:.2} % on the chip, {:.2} % by the integer reference ({} images)\n\
             packets of an image: {:.0} inputs and spikes, {:.0} sums, {:.0} postsynaptic factors\n",
            in_words(&self.fit),
            100.0 * judged.accuracy,
            100.0 * self.reference,
            judged.samples,
            activity_packets,
            sum_packets,
            factor_packets,
        )
    }
}

fn in_words(fit: &Fit) -> String {
    let heading =
        ["layer", "cores", "that fire", "with plastic weights", "axons %", "weight memory %", "busiest, clocks"];
    let row = |layer: &glocal::chip::LayerFit| -> Vec<String> {
        vec![
            format!("layers.{}", layer.layer),
            layer.cores.to_string(),
            layer.firing.to_string(),
            layer.plastic.to_string(),
            format!("{:.0}", layer.axons_percent),
            format!("{:.0}", layer.memory_percent),
            layer.busiest_cycles.to_string(),
        ]
    };
    let heading: Vec<String> = heading.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(fit.layers.iter().map(row)).collect();
    let assumed = if fit.assumptions.is_empty() {
        String::new()
    } else {
        let keys: Vec<&str> = fit.assumptions.iter().map(|(key, _)| key.as_str()).collect();
        format!("assumed, not measured: {} (`glocal chip show {}`)\n", keys.join(", "), fit.chip)
    };
    format!(
        "fits {}: {} cores, of {} on a chip; {}\n\n{}\n{} phases of {} clocks: {:.1} us for an image of {} steps, the first \
         answer after {} phases\n{assumed}",
        fit.chip,
        fit.cores,
        fit.cores_per_chip,
        if fit.chips == 1 { "1 chip".to_owned() } else { format!("{} chips", fit.chips) },
        aligned(&rows, &[Align::Left]),
        fit.phases,
        fit.phase_cycles,
        fit.microseconds,
        fit.steps,
        fit.depth,
    )
}
