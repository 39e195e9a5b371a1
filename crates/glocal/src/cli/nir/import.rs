//! `glocal nir import`.

use std::path::PathBuf;

use clap::Args;
use glocal::nir::{create_run, import_network};
use glocal::{GlocalError, RunConfig};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_nir::{ImportOptions, Imported, Origin};
use serde::Serialize;

use super::TimeArgs;
use crate::args::Context;

/// Options of `glocal nir import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal nir import net.nir                                     does it fit the engine's layers?
  glocal nir import net.nir -o runs/again                       a run that Glocal exported, to the bit
  glocal nir import other.nir --dt 1e-4 --config my.toml -o runs/other
  glocal eval runs/other
  glocal train --resume runs/other

A file that Glocal exported keeps its run's config and network. To any other, --config brings data,
encoder, training, optimisers, time steps and read-out; the config's own layers are replaced. Graphs with
nodes that the engine has no layer for (CubaLIF and others) run by `glocal nir run`.")]
pub struct ImportArgs {
    /// NIR file
    file: PathBuf,
    /// The run's folder; without one, nothing is written
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Run config whose network is replaced by the file's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the graph's nodes, not the network that Glocal kept beside them
    #[arg(long)]
    graph_only: bool,
    #[command(flatten)]
    time: TimeArgs,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct Summary {
    file: PathBuf,
    run: Option<PathBuf>,
    origin: &'static str,
    exact: bool,
    approximations: Vec<String>,
    inputs: usize,
    layers: Vec<SummaryLayer>,
}

#[derive(Debug, Serialize)]
struct SummaryLayer {
    layer: usize,
    kind: &'static str,
    size: usize,
    neuron: String,
}

impl ImportArgs {
    /// Imports, writes the run if asked to, and says what it is.
    ///
    /// # Errors
    /// As [`import_network`] and [`create_run`], or no config for the run.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let base = self.config.as_ref().map(|file| RunConfig::load(file, &[])).transpose()?;
        let discretisation = self.time.discretisation();
        // Without a config nothing is run, so that the number of steps decides nothing.
        let options = ImportOptions { discretisation, steps: 1, graph_only: self.graph_only };
        let (imported, config) = import_network(&self.file, base, options)?;
        if let Some(out) = &self.output {
            let config = config.ok_or_else(|| GlocalError::Usage {
                message: format!("{} says nothing about data and training", self.file.display()),
                hint: "give a run config with --config: its network is replaced by the file's".into(),
            })?;
            create_run(out, &config, &imported)?;
        }
        let summary = self.summary(&imported);
        context.print(&summary, || summary.in_words())
    }

    fn summary(&self, imported: &Imported) -> Summary {
        let network = &imported.learner.config().network;
        let layers = network.layers.iter().enumerate().map(|(layer, config)| SummaryLayer {
            layer,
            kind: if config.convolution().is_some() { "conv" } else { "dense" },
            size: config.size,
            neuron: in_words(&config.neuron),
        });
        Summary {
            file: self.file.clone(),
            run: self.output.clone(),
            origin: match imported.origin {
                Origin::Kept => "kept",
                Origin::Nodes => "nodes",
            },
            exact: imported.approximations.is_empty(),
            approximations: imported.approximations.iter().map(ToString::to_string).collect(),
            inputs: network.inputs,
            layers: layers.collect(),
        }
    }
}

fn in_words(neuron: &NeuronConfig) -> String {
    match neuron {
        NeuronConfig::Lif { threshold, decay, reset, .. } => {
            let reset = if *reset == Reset::ToZero { "to zero" } else { "by the threshold" };
            format!("LIF, threshold {threshold:.6}, decay {decay:.6}, reset {reset}")
        }
        NeuronConfig::LeakyIntegrator { decay, .. } => format!("leaky integrator, decay {decay:.6}"),
        other => format!("{other:?}"),
    }
}

impl Summary {
    fn in_words(&self) -> String {
        let mut text = format!("{} inputs\n", self.inputs);
        for layer in &self.layers {
            text.push_str(&format!("layer {}  {} {}  {}\n", layer.layer, layer.kind, layer.size, layer.neuron));
        }
        text.push_str(match self.origin {
            "kept" => "the network that Glocal exported, to the bit\n",
            _ => "from the graph's nodes\n",
        });
        self.approximations.iter().for_each(|line| text.push_str(&format!("approximate: {line}\n")));
        match &self.run {
            Some(run) => text.push_str(&format!("{}\n", run.display())),
            None => text.push_str("nothing written: give a folder with -o\n"),
        }
        text
    }
}
