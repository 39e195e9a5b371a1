//! `glocal nir run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use glocal::nir::{GraphJudgement, config_of, judge_graph, picture_input, read_graph};
use glocal::run_folder::write_atomically;
use glocal::{GlocalError, RunConfig};
use glocal_nir::import::record;
use glocal_nir::{Discretisation, Graph, NirError, run};
use serde::Serialize;

use super::TimeArgs;
use crate::args::Context;
use crate::eval::Split;

/// Options of `glocal nir run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal nir run net.nir --input spikes.csv
  glocal nir run snntorch.nir --input spikes.csv --dt 1e-4 -o answer.csv
  glocal nir run sinabs.nir --input spikes.csv --sinabs --json
  glocal nir run net.nir --samples 1000                 test samples of the run that the file was exported from
  glocal nir run other.nir --dt 1e-4 --config my.toml   those of a run config: its data set, encoder and steps
  glocal nir run net.nir --input digit.png --steps 10   a picture, the same at each step

A CSV input has a line for each time step, with one number for each input, row-major; so has the output. A picture
becomes grey, from 0 (black) to 1, and as large as the input. Samples of a data set are judged: the class is the output with
the most spikes, or of a last node that does not spike, the highest at the last step.")]
pub struct RunArgs {
    /// NIR file
    file: PathBuf,
    /// Input: a CSV file, numbers with commas or blanks between, or a PNG or JPEG picture [default: samples of a data set]
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where the output goes [default: stdout]
    #[arg(long, short, value_name = "CSV", requires = "input")]
    output: Option<PathBuf>,
    /// Run config whose data set is run [default: that of the run that the file was exported from]
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    config: Option<PathBuf>,
    /// Which samples of the data set
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: Split,
    /// How many of them, from the first on
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Steps that a picture is shown for [default: those of the run that the file was exported from]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    steps: Option<u32>,
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
        let Some(input) = &self.input else { return self.judge(&graph, how, context) };
        let values = match is_picture(input) {
            true => picture_input(input, &graph)?.repeat(self.picture_steps(&graph)?),
            false => numbers(input)?,
        };
        let found = run(&graph, &values, how).map_err(failed())?;
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

    fn base(&self) -> Result<Option<RunConfig>, GlocalError> {
        self.config.as_ref().map(|file| RunConfig::load(file, &[])).transpose()
    }

    /// Samples of a data set.
    fn judge(&self, graph: &Graph, how: Discretisation, context: &Context) -> Result<(), GlocalError> {
        let config = config_of(&self.file, graph, self.base()?)?;
        let which = (self.split.part(), self.samples as usize);
        let found = judge_graph((&self.file, graph), how, &config, &context.locations, which)?;
        context.print(&Judged { file: &self.file, found: &found }, || {
            let GraphJudgement { accuracy, correct, samples, split, dataset, steps, spikes } = &found;
            let mut text = format!(
                "accuracy {:.2} %  ({correct} of {samples} {split} samples of {dataset}, {steps} steps each)\n",
                100.0 * accuracy
            );
            spikes.iter().for_each(|(node, count)| text.push_str(&format!("{node}  {count:.1} spikes a sample\n")));
            text
        })
    }

    fn picture_steps(&self, graph: &Graph) -> Result<usize, GlocalError> {
        match self.steps {
            Some(steps) => Ok(steps as usize),
            None => match config_of(&self.file, graph, None) {
                Ok(config) => Ok(config.learner.network.steps),
                Err(GlocalError::Usage { .. }) => Err(GlocalError::Usage {
                    message: format!("{} does not say for how many steps a picture is shown", self.file.display()),
                    hint: "give a number with --steps".into(),
                }),
                Err(error) => Err(error),
            },
        }
    }
}

/// A judgement as JSON prints it.
#[derive(Debug, Serialize)]
struct Judged<'a> {
    file: &'a Path,
    #[serde(flatten)]
    found: &'a GraphJudgement,
}

fn is_picture(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
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
