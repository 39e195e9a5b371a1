//! `glocal nir export`.

use std::path::PathBuf;

use clap::Args;
use glocal::GlocalError;
use glocal::nir::export_run;
use glocal_nir::ExportOptions;
use serde::Serialize;

use super::Reader;
use crate::args::Context;

/// Options of `glocal nir export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal nir export runs/hp -o net.nir
  glocal nir export runs/hp -o net.nir --dt 1e-3 --strict
  glocal nir export runs/hp -o net.nir --for sinabs

Plastic weights are folded into the others, as `glocal eval --plastic frozen` judges them; the file keeps
them beside the graph, too, so that `glocal nir import` gives back the same network. Readers must be told
the same time step: norse.torch.from_nir(graph, dt=1e-4).")]
pub struct ExportArgs {
    /// Run folder
    run: PathBuf,
    /// The file
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Time step in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1e-4)]
    dt: f64,
    /// Who is to read the file
    #[arg(long = "for", value_name = "READER", default_value = "euler")]
    reader: Reader,
    /// Refuse what would be approximate
    #[arg(long)]
    strict: bool,
    /// Leave out what only import needs; the file is half as large or less
    #[arg(long)]
    graph_only: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Exported {
    file: PathBuf,
    dt: f64,
    reader: &'static str,
    exact: bool,
    approximations: Vec<String>,
    nodes: Vec<Node>,
}

#[derive(Debug, Serialize)]
struct Node {
    name: String,
    kind: String,
}

impl ExportArgs {
    /// Exports and says what is approximate.
    ///
    /// # Errors
    /// As [`export_run`].
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let reader = match self.reader {
            Reader::Euler => glocal_nir::Reader::Euler,
            Reader::Sinabs => glocal_nir::Reader::Sinabs,
        };
        let lossless = !self.graph_only;
        let options = ExportOptions { dt: self.dt, reader, strict: self.strict, lossless, notes: Vec::new() };
        let export = export_run(&self.run, &self.output, options)?;
        let approximations: Vec<String> = export.approximations.iter().map(ToString::to_string).collect();
        let nodes = export.graph.nodes.iter();
        let exported = Exported {
            file: self.output.clone(),
            dt: self.dt,
            reader: reader.name(),
            exact: approximations.is_empty(),
            approximations,
            nodes: nodes.map(|(name, e)| Node { name: name.clone(), kind: e.node.kind().to_owned() }).collect(),
        };
        context.print(&exported, || {
            let mut text = format!("{}{}\n", export.graph, self.output.display());
            match &exported.approximations[..] {
                [] => text.push_str("exact: same input, same spikes\n"),
                lines => lines.iter().for_each(|line| text.push_str(&format!("approximate: {line}\n"))),
            }
            text
        })
    }
}
