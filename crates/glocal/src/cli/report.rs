//! `glocal report`.

use std::path::{Path, PathBuf};

use clap::Args;
use glocal::GlocalError;
use glocal::compare::{Headings, RunRecord, report};
use glocal::report::{noise_chart_svg, save};
use glocal::run_folder::write_atomically;
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal report runs/hp
  glocal report runs/fashion-demo -o page.html          all runs inside a folder
  glocal report runs/lp runs/gp runs/hp -o compared.html
  glocal report runs/fashion-demo -o noise.svg          the figure of accuracy against noise alone")]
pub struct ReportArgs {
    /// Run folders, or folders that hold some
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The page, or with the ending .svg its noise figure alone [default: report.html in the first folder]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    page: &'a Path,
}

/// Writes the page and prints where it is.
///
/// # Errors
/// A folder without runs, a damaged file, a page that cannot be written.
pub fn run(args: &ReportArgs, context: &Context) -> Result<(), GlocalError> {
    let records = RunRecord::read_all(&args.runs)?;
    let page = args.output.clone().unwrap_or_else(|| args.runs[0].join("report.html"));
    let page = write_page(&records, args.headings(&records), &page, context)?;
    context.print(&Written { page: &page }, || format!("{}\n", page.display()))
}

impl ReportArgs {
    fn headings(&self, records: &[RunRecord]) -> Headings {
        let labels: Vec<String> = records.iter().map(RunRecord::label).collect();
        let unfinished = records.iter().filter(|record| record.summary.is_none()).count();
        let state = match unfinished {
            0 => String::new(),
            count => format!(" {count} of {} runs are not finished.", records.len()),
        };
        Headings {
            title: labels
                .first()
                .filter(|_| labels.len() == 1)
                .map_or("Runs compared".into(), |label| format!("Run {label}")),
            summary: format!("{}.{state}", by_dataset(records)),
            commands: records
                .iter()
                .map(|r| format!("glocal train {}", r.root.join("config.toml").display()))
                .collect(),
        }
    }
}

/// Which runs, data set by data set.
fn by_dataset(records: &[RunRecord]) -> String {
    let mut sets: Vec<(&str, Vec<String>)> = Vec::new();
    for record in records {
        let name = record.config.data.dataset.as_str();
        match sets.iter_mut().find(|(known, _)| *known == name) {
            Some((_, labels)) => labels.push(record.label()),
            None => sets.push((name, vec![record.label()])),
        }
    }
    let set = |(name, labels): &(&str, Vec<String>)| format!("{} on {name}", labels.join(", "));
    sets.iter().map(set).collect::<Vec<_>>().join("; ")
}

/// Writes a page about `records`; an older page stays until the new one is whole.
///
/// # Errors
/// As [`report`], a figure with nothing to draw, or a page that cannot be written.
pub fn write_page(
    records: &[RunRecord],
    headings: Headings,
    page: &Path,
    context: &Context,
) -> Result<PathBuf, GlocalError> {
    let report = report(records, headings, &context.locations)?;
    if page.extension().is_some_and(|ending| ending == "svg") {
        let figure = noise_chart_svg(&report).ok_or_else(|| GlocalError::Usage {
            message: format!("{}: these runs have no accuracy under two noise variances to draw", page.display()),
            hint: "give the folder that `glocal reproduce fashion-demo` or `glocal quickstart` wrote".into(),
        })?;
        write_atomically(page, figure.as_bytes())?;
    } else {
        save(&report, page)?;
    }
    Ok(page.to_owned())
}
