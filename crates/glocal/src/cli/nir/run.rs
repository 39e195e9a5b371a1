//! `glocal nir run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use glocal::GlocalError;
use glocal::nir::read_graph;
use glocal::run_folder::write_atomically;
use glocal_nir::import::record;
use glocal_nir::{NirError, run};
use serde::Serialize;

use super::TimeArgs;
use crate::args::Context;

/// Options of `glocal nir run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal nir run net.nir --input spikes.csv
  glocal nir run snntorch.nir --input spikes.csv --dt 1e-4 -o answer.csv
  glocal nir run sinabs.nir --input spikes.csv --sinabs --json

The input has a line for each time step, with one number for each input, row-major; so has the output.")]
pub struct RunArgs {
    /// NIR file
    file: PathBuf,
    /// Input: a line a step, numbers with commas or blanks between
    #[arg(long, short, value_name = "CSV")]
    input: PathBuf,
    /// Where the output goes [default: stdout]
    #[arg(long, short, value_name = "CSV")]
    output: Option<PathBuf>,
    #[command(flatten)]
    time: TimeArgs,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Answer {
    file: PathBuf,
    steps: usize,
    /// At one step.
    shape: Vec<usize>,
    /// `[T, ...]`, row-major.
    output: Vec<f64>,
    /// Over all steps, by node.
    spikes: BTreeMap<String, f64>,
}

impl RunArgs {
    /// Runs the graph and prints what comes out.
    ///
    /// # Errors
    /// A file or an input that cannot be read, no time step, nodes that cannot be run.
    pub(super) fn run(&self, context: &Context) -> Result<(), GlocalError> {
        let graph = read_graph(&self.file)?;
        let failed = || GlocalError::nir(&self.file);
        let record = record(&graph).map_err(failed())?;
        let said = record.and_then(|record| record.discretisation());
        let how = self.time.discretisation().or(said).ok_or(NirError::NoTimeStep).map_err(failed())?;
        let found = run(&graph, &numbers(&self.input)?, how).map_err(failed())?;
        let width = found.shape.iter().product::<usize>().max(1);
        let answer = Answer {
            file: self.file.clone(),
            steps: found.output.len() / width,
            shape: found.shape,
            output: found.output,
            spikes: found.spikes,
        };
        let lines = || answer.output.chunks(width).map(line).collect::<String>();
        if let Some(file) = &self.output {
            write_atomically(file, lines().as_bytes())?;
        }
        // Numbers go to stdout where no file takes them.
        context.print(&answer, || if self.output.is_some() { answer.in_words() } else { lines() })
    }
}

fn line(values: &[f64]) -> String {
    values.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n"
}

/// The numbers of a CSV file without a heading.
fn numbers(file: &Path) -> Result<Vec<f64>, GlocalError> {
    let hint = "give a file with a line for each time step, and commas or blanks between numbers";
    let text = fs::read_to_string(file).map_err(|source| GlocalError::Read {
        path: file.to_owned(),
        source,
        hint: hint.into(),
    })?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split([',', ' ', '\t', ';']).filter(|word| !word.is_empty()) {
            let value = word.parse::<f64>().ok().filter(|value| value.is_finite());
            let message = || format!("{}:{}: `{word}` is no finite number", file.display(), number + 1);
            found.push(value.ok_or_else(|| GlocalError::Usage { message: message(), hint: hint.into() })?);
        }
    }
    Ok(found)
}

impl Answer {
    fn in_words(&self) -> String {
        let mut text = format!("{} steps, output {:?}\n", self.steps, self.shape);
        for (node, spikes) in &self.spikes {
            text.push_str(&format!("{node}  {spikes} spikes\n"));
        }
        text
    }
}
