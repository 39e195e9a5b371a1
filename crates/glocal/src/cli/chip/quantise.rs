//! `glocal chip quantise`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glocal::chip::{
    EpisodeEvaluation, EpisodeTask, IntegerEvaluation, episode_network, judge, judge_episodes, judge_episodes_in_floats,
};
use glocal::compare::table::{Align, aligned};
use glocal::train::load_network;
use glocal::{Damage, EvalOptions, GlocalError, Part, RunConfig, RunFolder, RunSamples, Samples, evaluate};
use glocal_chip::integer::Plastic;
use glocal_chip::quantise::{PlasticPlace, ScaleForm, ScaleSearch};
use glocal_chip::{PlasticForm, QuantiseOptions, QuantizedNetwork, Wiring, quantise};
use glocal_core::{Learner, PlasticEval};
use serde::Serialize;

use super::episodes::{EpisodeArgs, TaskInWords, percent, refuse_images};
use crate::args::Context;

/// Options of `glocal chip quantise`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip quantise runs/hp
  glocal chip quantise runs/hp --weight-bits 4 --images 1000
  glocal chip quantise runs/hp --codebook 4
  glocal chip quantise runs/hp --scales power-of-two --json
  glocal chip quantise runs/few-shot --ways 5 --shots 1 --queries 5 --episodes 200")]
pub struct QuantiseArgs {
    /// Run folder
    run: PathBuf,
    /// Bits of a weight, with its sign [default: as trained, or 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=8))]
    weight_bits: Option<u32>,
    /// Weights are taken from codebooks, one for each layer, of as many entries as an index of so many bits tells apart
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=8))]
    codebook: Option<u32>,
    /// Which scales the chip can apply
    #[arg(long, value_name = "FORM", default_value = "multiplier")]
    scales: Scales,
    /// How a layer's scale is found
    #[arg(long, value_name = "WAY", default_value = "least-squares")]
    search: Search,
    /// Test images to judge by [default: all]
    #[arg(long, value_name = "N", value_parser = images)]
    images: Option<usize>,
    #[command(flatten)]
    episodes: EpisodeArgs,
}

/// Bits of a weight where training did not fix them.
const INT8: u32 = 8;

/// A number of images, at least 1.
pub(super) fn images(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&images| images > 0).ok_or_else(|| "give a number from 1".into())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scales {
    /// A multiplier of 16 bits and a shift
    Multiplier,
    /// A shift alone
    PowerOfTwo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Search {
    /// That of least mean square error
    LeastSquares,
    /// Nothing is clipped
    Largest,
    /// One weight in a thousand is clipped
    Percentile,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Quantised {
    run: PathBuf,
    layers: Vec<QuantisedLayer>,
    accuracy: Vec<Accuracy>,
}

#[derive(Debug, Serialize)]
struct QuantisedLayer {
    layer: usize,
    synapses: usize,
    weight_scale: f64,
    clipped_percent: f64,
    plastic_weights: usize,
}

#[derive(Debug, Serialize)]
struct Accuracy {
    plastic_weights: &'static str,
    float: f64,
    integer: IntegerEvaluation,
}

impl QuantiseArgs {
    /// Carries out the command.
    ///
    /// # Errors
    /// A folder that is no run, data that are not there, a network that cannot be quantised.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let folder = RunFolder::read_only(&self.run)?;
        let mut config = folder.config()?;
        let (mut learner, _) = load_network(&folder, &config)?;
        if let Some(task) = self.episodes.task(&config, &self.run)? {
            refuse_images(self.images, &self.run)?;
            let bits = self.weight_bits.or(config.learner.weight_bits).unwrap_or(INT8);
            let options = QuantiseOptions { weight_bits: bits, ..self.options() };
            return self.in_episodes((config, &learner), task, &options, context);
        }
        config.data.test_limit = self.images.or(config.data.test_limit);
        let bits = self.weight_bits.or(config.learner.weight_bits).unwrap_or(INT8);
        let options = |plastic| QuantiseOptions { plastic, weight_bits: bits, ..self.options() };
        let moving = quantise(&learner, &options(PlasticPlace::OnChip))?;
        let folded = quantise(&learner, &options(PlasticPlace::Folded))?;
        let samples = Samples::of(&config, &context.locations)?;
        let samples = RunSamples::new(&samples, &config, None)?;
        let mut float = |plastic, batch| {
            let options = EvalOptions { plastic, damage: Damage::none(), batch };
            evaluate(&mut learner, &samples, Part::Test, &options).map(|found| found.accuracy)
        };
        let resting = float(PlasticEval::Frozen, config.eval_batch())?;
        let mut accuracy = Vec::new();
        let judged = |network: &QuantizedNetwork, plastic| judge(network, plastic, &samples, Part::Test);
        if moving.is_plastic() {
            // An image by itself, as on the chip.
            let float = float(PlasticEval::Moving, 1)?;
            accuracy.push(Accuracy { plastic_weights: "moving", float, integer: judged(&moving, Plastic::Moving)? });
            // Where keys and values say what the matrix would.
            if let Ok(rank) = moving.clone().in_form(PlasticForm::Rank) {
                let integer = judged(&rank, Plastic::Moving)?;
                accuracy.push(Accuracy { plastic_weights: "moving, in rank form", float, integer });
            }
            let integer = judged(&moving, Plastic::Resting)?;
            accuracy.push(Accuracy { plastic_weights: "resting", float: resting, integer });
        }
        let words = if moving.is_plastic() { "folded into the others" } else { "none" };
        accuracy.push(Accuracy { plastic_weights: words, float: resting, integer: judged(&folded, Plastic::Resting)? });
        let found = Quantised { run: self.run.clone(), layers: layers(&moving, bits), accuracy };
        context.print(&found, || found.in_words())
    }

    /// The same of a network that meets its classes in episodes.
    fn in_episodes(
        &self,
        (mut config, learner): (RunConfig, &Learner),
        task: EpisodeTask,
        options: &QuantiseOptions,
        context: &Context,
    ) -> Result<(), GlocalError> {
        let (mut narrowed, network) = episode_network(learner, &config, task.shape, options)?;
        task.limit(&mut config);
        let samples = Samples::of(&config, &context.locations)?;
        let mut samples = RunSamples::new(&samples, &config, None)?;
        samples.judge_by(task.shape, task.episodes, 1)?;
        let float = judge_episodes_in_floats(&mut narrowed, &samples, task, config.eval_batch())?;
        let integer = judge_episodes(&network, &samples, task)?;
        let layers = layers(&network, options.weight_bits);
        let found = QuantisedEpisodes { run: self.run.clone(), task: task.into(), layers, float, integer };
        context.print(&found, || found.in_words())
    }

    fn options(&self) -> QuantiseOptions {
        QuantiseOptions {
            search: match self.search {
                Search::LeastSquares => ScaleSearch::LeastSquares,
                Search::Largest => ScaleSearch::Largest,
                Search::Percentile => ScaleSearch::Percentile(0.999),
            },
            form: match self.scales {
                Scales::Multiplier => ScaleForm::Multiplier,
                Scales::PowerOfTwo => ScaleForm::PowerOfTwo,
            },
            codebook_bits: self.codebook,
            ..QuantiseOptions::default()
        }
    }
}

fn layers(network: &QuantizedNetwork, bits: u32) -> Vec<QuantisedLayer> {
    let most = (1_i32 << (bits - 1)) - 1;
    let layer = |(index, layer): (usize, &glocal_chip::QuantizedLayer)| {
        let clipped = layer.weight.iter().filter(|&&w| i32::from(w).abs() == most).count();
        let places = match layer.wiring {
            Wiring::Dense { .. } => 1,
            Wiring::Convolution { output: [_, height, width], .. } => height * width,
        };
        QuantisedLayer {
            layer: index,
            synapses: layer.weight.len() * places,
            weight_scale: layer.weight_scale,
            clipped_percent: 100.0 * clipped as f64 / layer.weight.len().max(1) as f64,
            plastic_weights: layer.plasticity.as_ref().map_or(0, |p| p.start.len()),
        }
    };
    network.layers.iter().enumerate().map(layer).collect()
}

/// What came out of a network in episodes.
#[derive(Debug, Serialize)]
struct QuantisedEpisodes {
    run: PathBuf,
    task: TaskInWords,
    layers: Vec<QuantisedLayer>,
    float: EpisodeEvaluation,
    integer: EpisodeEvaluation,
}

impl QuantisedEpisodes {
    fn in_words(&self) -> String {
        let Self { task, float, integer, .. } = self;
        let layers = layers_in_words(&self.layers);
        format!("{layers}\n{task}: {} in floats, {} in integers\n", percent(float), percent(integer))
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn layers_in_words(layers: &[QuantisedLayer]) -> String {
    let layer = |layer: &QuantisedLayer| {
        vec![
            format!("layers.{}", layer.layer),
            layer.synapses.to_string(),
            format!("{:.3e}", layer.weight_scale),
            format!("{:.2}", layer.clipped_percent),
            layer.plastic_weights.to_string(),
        ]
    };
    let heading = texts(&["layer", "synapses", "unit of a weight", "at the limit %", "plastic weights"]);
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(layers.iter().map(layer)).collect();
    aligned(&rows, &[Align::Left])
}

impl Quantised {
    fn in_words(&self) -> String {
        let accuracy = |of: &Accuracy| {
            let percent = |share: f64| format!("{:.2}", 100.0 * share);
            vec![
                of.plastic_weights.to_owned(),
                percent(of.float),
                percent(of.integer.accuracy),
                of.integer.samples.to_string(),
            ]
        };
        let heading = texts(&["plastic weights", "float %", "integer %", "images"]);
        let accuracies: Vec<Vec<String>> = std::iter::once(heading).chain(self.accuracy.iter().map(accuracy)).collect();
        format!("{}\n{}", layers_in_words(&self.layers), aligned(&accuracies, &[Align::Left]))
    }
}
