//! `glocal chip check`.

use clap::Args;
use glocal::GlocalError;
use glocal::chip::{EpisodeFit, Fit, FormFit};
use glocal::compare::table::{Align, aligned};
use glocal_data::episodes::EpisodeShape;
use serde::Serialize;

use super::subject::Subject;
use crate::args::Context;

/// Options of `glocal chip check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip check runs/hp
  glocal chip check runs/hp --chip tianjic --plastic folded
  glocal chip check runs/hp --plasticity rank
  glocal chip check runs/hp --chip tianjic --plasticity host-lp
  glocal chip check runs/cnn --fold
  glocal chip check runs/few-shot --ways 5 --shots 1 --fold
  glocal chip check runs/hp --chip my-chip.toml --json")]
pub struct CheckArgs {
    #[command(flatten)]
    subject: Subject,
}

/// What a network takes, in the form asked for and in every other one.
#[derive(Debug, Serialize)]
struct Checked {
    #[serde(flatten)]
    fit: Fit,
    /// Every form of its plastic weights; none where none move.
    forms: Vec<FormFit>,
}

impl CheckArgs {
    /// Maps the network and says what it takes.
    ///
    /// # Errors
    /// A folder that is no run, no such chip; everything that does not fit, with the forms that do.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let loaded = self.subject.quantised()?;
        // Classes are stored by the cores alone.
        let forms = if loaded.task.is_some() { Vec::new() } else { self.subject.forms(&loaded.network)? };
        let network = self.subject.in_form(loaded.network);
        let fit = network.and_then(|network| self.subject.fit(&self.subject.on_chip(&network)?, loaded.task));
        let fit = fit.map_err(|error| with_forms(error, &forms))?;
        let checked = Checked { fit, forms };
        context.print(&checked, || in_words(&checked.fit) + &forms_in_words(&checked.forms))
    }
}

/// What does not fit, and which forms of plastic weights do.
fn with_forms(error: GlocalError, forms: &[FormFit]) -> GlocalError {
    let fitting =
        forms.iter().filter_map(|form| Some(format!("`--plasticity {}` fits ({} cores)", form.form, form.cores?)));
    let fitting: Vec<String> = error.hint().into_iter().chain(fitting).collect();
    if forms.is_empty() {
        return error;
    }
    GlocalError::Usage { message: error.to_string(), hint: fitting.join("; ") }
}

/// Every form of plastic weights: what it takes, or why it does not fit.
fn forms_in_words(forms: &[FormFit]) -> String {
    if forms.is_empty() {
        return String::new();
    }
    let heading = ["plastic weights", "fits", "cores", "us an image, at most"].map(str::to_owned).to_vec();
    let row = |form: &FormFit| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".into());
        vec![
            form.form.to_string(),
            if form.fits { "yes".into() } else { "no".to_owned() },
            or_dash(form.cores.map(|cores| cores.to_string())),
            or_dash(form.microseconds_at_most.map(|microseconds| format!("{microseconds:.1}"))),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(forms.iter().map(row)).collect();
    let reasons = forms.iter().flat_map(|form| form.reasons.iter().map(|reason| format!("{}: {reason}\n", form.form)));
    format!("\n{}{}", aligned(&rows, &[Align::Left]), reasons.collect::<String>())
}

/// What a network takes.
pub(super) fn in_words(fit: &Fit) -> String {
    let heading = [
        "layer",
        "cores",
        "that fire",
        "with plastic weights",
        "that remember",
        "axons %",
        "weight memory %",
        "busiest, clocks",
    ];
    let row = |layer: &glocal::chip::LayerFit| -> Vec<String> {
        vec![
            format!("layers.{}", layer.layer),
            layer.cores.to_string(),
            layer.firing.to_string(),
            layer.plastic.to_string(),
            layer.remembering.to_string(),
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
    let form = fit.plasticity.map_or(String::new(), |form| format!("; plastic weights move in the form {form}"));
    let link = fit.link.map_or(String::new(), |link| {
        format!(
            "over the link to the host {} bytes there and at most {} back: the chip waits {:.1} us at most\n",
            link.bytes_read, link.bytes_written_at_most, link.microseconds_at_most
        )
    });
    let time = fit.episode.as_ref().map_or_else(|| of_image(fit), |episode| of_episode(fit, episode));
    format!(
        "fits {}: {} cores, of {} on a chip; {}{form}\n\n{}\n{time}\n{link}{assumed}",
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
