//! `glocal nir show`.

use std::path::PathBuf;

use clap::Args;
use glocal::GlocalError;
use glocal::nir::inspect_graph;
use glocal_nir::Graph;
use glocal_nir::graph::check;
use glocal_nir::import::record;
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal nir show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal nir show net.nir
  glocal nir show net.nir --json | jq .problems")]
pub struct ShowArgs {
    /// NIR file
    file: PathBuf,
}

/// What is in the file.
#[derive(Debug, Serialize)]
struct Shown {
    file: PathBuf,
    /// Of the Python package, where the file says it.
    version: Option<String>,
    nodes: Vec<ShownNode>,
    edges: Vec<(String, String)>,
    /// What Glocal wrote beside the graph, if it did.
    dt: Option<f64>,
    keeps_network: bool,
    approximations: Vec<String>,
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShownNode {
    name: String,
    kind: String,
    parameters: String,
    input: Option<Vec<usize>>,
    output: Option<Vec<usize>>,
}

impl ShowArgs {
    /// Prints the graph, and what is wrong with it.
    ///
    /// # Errors
    /// The file cannot be read, or holds no graph.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let (graph, problems) = inspect_graph(&self.file)?;
        let record = record(&graph).map_err(GlocalError::nir(&self.file))?;
        let flat = graph.flattened();
        let shown = Shown {
            file: self.file.clone(),
            version: graph.version.clone(),
            nodes: nodes(&flat),
            edges: flat.edges.clone(),
            dt: record.as_ref().and_then(|record| record.dt),
            keeps_network: record.as_ref().is_some_and(|record| record.learner.is_some()),
            approximations: record.map(|record| record.approximations).unwrap_or_default(),
            problems: problems.iter().map(ToString::to_string).collect(),
        };
        context.print(&shown, || shown.in_words(&graph))
    }
}

fn nodes(graph: &Graph) -> Vec<ShownNode> {
    let shapes = check(graph).map(|(_, shapes)| shapes).unwrap_or_default();
    let shown = graph.nodes.iter().map(|(name, entry)| ShownNode {
        name: name.clone(),
        kind: entry.node.kind().to_owned(),
        parameters: entry.node.details(),
        input: shapes.get(name).map(|shape| shape.input.clone()),
        output: shapes.get(name).map(|shape| shape.output.clone()),
    });
    shown.collect()
}

impl Shown {
    fn in_words(&self, graph: &Graph) -> String {
        let mut text = graph.to_string();
        if let Some(dt) = self.dt {
            let kept = if self.keeps_network { ", with its network beside the graph" } else { "" };
            text.push_str(&format!("written by Glocal for a time step of {dt} s{kept}\n"));
        }
        self.approximations.iter().for_each(|line| text.push_str(&format!("approximate: {line}\n")));
        self.problems.iter().for_each(|line| text.push_str(&format!("problem: {line}\n")));
        text
    }
}
