//! `glocal chip check`.

use clap::Args;
use glocal::GlocalError;
use glocal::chip::{EpisodeFit, Fit};
use glocal::compare::table::{Align, aligned};
use glocal_data::episodes::EpisodeShape;

use super::subject::Subject;
use crate::args::Context;

/// Options of `glocal chip check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip check runs/hp
  glocal chip check runs/hp --chip tianjic --plastic folded
  glocal chip check runs/cnn --fold
  glocal chip check runs/few-shot --ways 5 --shots 1 --fold
  glocal chip check runs/hp --chip my-chip.toml --json")]
pub struct CheckArgs {
    #[command(flatten)]
    subject: Subject,
}

impl CheckArgs {
    /// Maps the network and says what it takes.
    ///
    /// # Errors
    /// A folder that is no run, no such chip; everything that does not fit.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let loaded = self.subject.loaded()?;
        let fit = self.subject.fit(&self.subject.on_chip(&loaded.network)?, loaded.task)?;
        context.print(&fit, || in_words(&fit))
    }
}

/// What a network takes.
pub(super) fn in_words(fit: &Fit) -> String {
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
    let assumed = match fit.assumptions.len() {
        0 => String::new(),
        count => format!("{count} numbers of the chip are assumed, not measured: `glocal chip show {}`\n", fit.chip),
    };
    let time = fit.episode.as_ref().map_or_else(|| of_image(fit), |episode| of_episode(fit, episode));
    format!(
        "fits {}: {} cores, of {} on a chip; {}\n\n{}\n{time}\n{assumed}",
        fit.chip,
        fit.cores,
        fit.cores_per_chip,
        if fit.chips == 1 { "1 chip".to_owned() } else { format!("{} chips", fit.chips) },
        aligned(&rows, &[Align::Left]),
    )
}

fn of_image(fit: &Fit) -> String {
    format!(
        "{} phases of {} clocks: {:.1} us for an image of {} steps, the first answer after {} phases",
        fit.phases, fit.phase_cycles, fit.microseconds, fit.steps, fit.depth
    )
}

fn of_episode(fit: &Fit, episode: &EpisodeFit) -> String {
    let EpisodeShape { ways, shots, queries } = episode.shape;
    format!(
        "{} phases of {} clocks: {:.1} us for a picture of {} steps to be stored\n{ways}-way {shots}-shot: {:.1} us to store {} \
         pictures ({} phases), {:.1} us to answer {} queries ({} phases)",
        fit.phases,
        fit.phase_cycles,
        fit.microseconds,
        fit.steps,
        episode.store_microseconds,
        ways * shots,
        episode.store_phases,
        episode.ask_microseconds,
        ways * queries,
        episode.ask_phases,
    )
}
