//! `glocal chip probe`.

use std::path::PathBuf;

use clap::Args;
use glocal::chip::{OnChip, ProbedPicture, probe_episode, probe_on_chip};
use glocal::run_folder::write_atomically;
use glocal::{GlocalError, Part, RunSamples, Samples};
use glocal_chip::integer::LayerStep;
use serde::Serialize;

use super::map::{carries, sender, table};
use super::subject::Subject;
use crate::args::Context;

/// Options of `glocal chip probe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal chip probe runs/hp --image 3 -o probes
  glocal chip probe runs/hp --layer 1 -o probes

Writes neurons.csv (potentials in thresholds, and outputs, at every step), plastic.csv (plastic weights after every step, where they
move) and packets.csv (packets of every message at every step). Of an episode steps count on from picture to picture, and pictures.csv
says what each was shown for and taken for.")]
pub struct ProbeArgs {
    #[command(flatten)]
    subject: Subject,
    /// Which test image, from 0; of a run in episodes: which episode
    #[arg(long, value_name = "N", default_value_t = 0)]
    image: usize,
    /// Only this layer's neurons and plastic weights
    #[arg(long, value_name = "N")]
    layer: Option<usize>,
    /// Folder for the tables
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
}

/// A line of neurons.csv.
#[derive(Serialize)]
struct NeuronLine {
    step: usize,
    layer: usize,
    neuron: usize,
    potential: f64,
    /// Spikes, or an 8-bit value; empty where the layer pools, as outputs are not neurons then.
    output: Option<i8>,
}

/// A line of plastic.csv.
#[derive(Serialize)]
struct PlasticLine {
    step: usize,
    layer: usize,
    neuron: usize,
    input: usize,
    /// Of a read-out of episodes: gain ∘ P, what counts.
    plastic_weight: f64,
}

/// A line of packets.csv.
#[derive(Serialize)]
struct PacketLine {
    step: usize,
    from: String,
    job: usize,
    to: String,
    carries: String,
    packets: u32,
}

/// What the image was taken for.
#[derive(Debug, Serialize)]
struct Probed {
    image: usize,
    class: usize,
    /// The read-out, class by class.
    values: Vec<i32>,
    files: Vec<PathBuf>,
}

/// What an episode's queries were taken for.
#[derive(Debug, Serialize)]
struct ProbedEpisode {
    episode: usize,
    pictures: Vec<ProbedPicture>,
    files: Vec<PathBuf>,
}

/// Episodes that have numbers.
const MOST_EPISODES: usize = 1 << 24;

impl ProbeArgs {
    /// Runs one image and writes what its cores did.
    ///
    /// # Errors
    /// As `glocal chip check`; data that are not there, no such image, a folder that cannot be written.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let loaded = self.subject.loaded()?;
        let (network, config) = (&loaded.network, &loaded.config);
        let on_chip = self.subject.on_chip(network)?;
        let all = Samples::of(config, &context.locations)?;
        let mut samples = RunSamples::new(&all, config, None)?;
        let (mut neurons, mut plastic) = (Vec::new(), Vec::new());
        let look = |seen: LayerStep<'_>| {
            if self.layer.is_none_or(|layer| layer == seen.layer) {
                let layer = &network.layers[seen.layer];
                neurons.extend(neuron_lines(seen));
                plastic.extend(plastic_lines(seen, (layer.wiring.inputs(), layer.plastic_fraction())));
            }
        };
        let (found, packets, pictures) = match loaded.task {
            None => {
                let (answer, packets) = probe_on_chip(&on_chip, &samples, Part::Test, self.image, look)?;
                (Some(answer), packets, Vec::new())
            }
            Some(task) => {
                // Episodes have numbers without end.
                samples.judge_by(task.shape, task.episodes.max(self.image.saturating_add(1)).min(MOST_EPISODES), 1)?;
                let (pictures, packets) = probe_episode(&on_chip, &samples, (task.part, self.image), look)?;
                (None, packets, pictures)
            }
        };
        std::fs::create_dir_all(&self.out).map_err(GlocalError::write(&self.out))?;
        let tables = [
            ("pictures.csv", table(pictures.iter())),
            ("neurons.csv", table(neurons.into_iter())),
            ("plastic.csv", table(plastic.into_iter())),
            ("packets.csv", table(packet_lines(&on_chip, &packets))),
        ];
        let mut files = Vec::new();
        for (name, table) in tables.into_iter().filter(|(_, table)| !table.is_empty()) {
            files.push(self.out.join(name));
            write_atomically(&self.out.join(name), &table)?;
        }
        let listed: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        let Some(answer) = found else {
            let words = in_words(self.image, &pictures);
            let probed = ProbedEpisode { episode: self.image, pictures, files };
            return context.print(&probed, || format!("{words}{listed}"));
        };
        let probed = Probed { image: self.image, class: answer.class, values: answer.values, files };
        context.print(&probed, || format!("image {} is taken for class {}\n{listed}", probed.image, probed.class))
    }
}

fn in_words(episode: usize, pictures: &[ProbedPicture]) -> String {
    let asked = pictures.iter().filter(|picture| picture.answer.is_some());
    let right = asked.clone().filter(|picture| picture.answer == Some(picture.class)).count();
    let (stored, asked) = (pictures.len() - asked.clone().count(), asked.count());
    format!("episode {episode}: {stored} pictures stored, {right} of {asked} queries answered rightly\n")
}

fn neuron_lines(seen: LayerStep<'_>) -> impl Iterator<Item = NeuronLine> + '_ {
    let LayerStep { layer, step, potential, output, .. } = seen;
    let whole = potential.len() == output.len();
    potential.iter().enumerate().map(move |(neuron, potential)| NeuronLine {
        step,
        layer,
        neuron,
        potential: potential.to_f64(),
        output: whole.then(|| output[neuron]),
    })
}

fn plastic_lines(seen: LayerStep<'_>, (inputs, fraction): (usize, i32)) -> impl Iterator<Item = PlasticLine> + '_ {
    let LayerStep { layer, step, plastic, .. } = seen;
    let unit = 2.0_f64.powi(fraction);
    plastic.iter().enumerate().map(move |(at, &raw)| PlasticLine {
        step,
        layer,
        neuron: at / inputs,
        input: at % inputs,
        plastic_weight: f64::from(raw) / unit,
    })
}

fn packet_lines<'a>(on_chip: &'a OnChip<'_>, packets: &'a [u32]) -> impl Iterator<Item = PacketLine> + 'a {
    let messages = &on_chip.mapping().messages;
    packets.iter().enumerate().map(move |(at, &packets)| {
        let message = &messages[at % messages.len()];
        PacketLine {
            step: at / messages.len(),
            from: sender(message.from),
            job: message.job,
            to: message.to.iter().map(usize::to_string).collect::<Vec<String>>().join(" "),
            carries: carries(message.traffic),
            packets,
        }
    })
}
