//! `glocal reproduce`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use glocal::compare::Headings;
use glocal::compare::table::{Align, Judged, accuracy_table, aligned};
use glocal::experiments::{Effect, Results, arm_of_letters, carry_out, fashion_demo};
use glocal::report::LearningRule;
use glocal::train::Start;
use glocal::{GlocalError, Samples, TrainOptions};

use crate::args::Context;
use crate::output::print;
use crate::report::write_page;

/// Options of `glocal reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal reproduce fashion-demo
  glocal reproduce fashion-demo --seeds 1 --epochs 5 --out runs/short
  glocal reproduce fashion-demo --resume                go on after Ctrl-C; finished runs are kept

fashion-demo needs the full Fashion-MNIST: `glocal data fetch fashion-mnist`, or on Debian
`apt install dataset-fashion-mnist`.")]
pub struct ReproduceArgs {
    /// Which published result
    name: Published,
    /// Folder for runs, results.json and report.html [default: runs/NAME]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seeds, one run of each arm per seed
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = fashion_demo::SEEDS)]
    seeds: Vec<u64>,
    /// Epochs [default: the published 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// Arms: lp (local), gp (global), hp (hybrid)
    #[arg(long, value_name = "ARM,ARM,...", value_delimiter = ',', default_value = "lp,gp,hp", value_parser = arm)]
    arms: Vec<LearningRule>,
    /// Go on in the folder; finished runs are kept
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Published {
    /// Fashion-MNIST under gaussian noise, 784-512-10
    FashionDemo,
}

fn arm(word: &str) -> Result<LearningRule, String> {
    arm_of_letters(word).ok_or_else(|| "known are lp, gp and hp".into())
}

/// Carries out the experiment and prints its tables.
///
/// # Errors
/// Data that are not there, an occupied folder, Ctrl-C, or whatever a run meets.
pub fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    let name = match args.name {
        Published::FashionDemo => fashion_demo::NAME,
    };
    let out = args.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
    let runs = fashion_demo::plan(&unique(&args.arms), &unique(&args.seeds), args.epochs)?;
    let images = Samples::load(&runs[0].config.data.dataset, &context.locations)?;
    let options = TrainOptions {
        start: if args.resume { Start::NewOrResume } else { Start::New },
        resume_command: Some(format!("{} --resume", args.command(&out))),
        ..context.train_options()?
    };
    let records = carry_out(&runs, &images, &out, &options)?;
    let results = Results::of(name, &records);
    results.write(&out)?;
    let page = write_page(&records, args.headings(&results, &out), &out.join("report.html"), context)?;
    print(&in_words(&results))?;
    context.progress.say(&format!("page: {}\nfigures: {}", page.display(), out.join(Results::FILE).display()));
    Ok(())
}

/// Each value once, in the order given: the same run twice would be the same folder twice.
fn unique<T: Copy + PartialEq>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    values.iter().for_each(|value| {
        if !kept.contains(value) {
            kept.push(*value)
        }
    });
    kept
}

impl ReproduceArgs {
    fn command(&self, out: &Path) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        let arms: Vec<String> = self.arms.iter().map(|&rule| glocal::compare::letters(rule).to_lowercase()).collect();
        let epochs = self.epochs.map_or(String::new(), |epochs| format!(" --epochs {epochs}"));
        let options = format!("--seeds {} --arms {}{epochs}", seeds.join(","), arms.join(","));
        format!("glocal reproduce {} {options} --out {}", fashion_demo::NAME, out.display())
    }

    fn headings(&self, results: &Results, out: &Path) -> Headings {
        let verdicts = results.effects.iter().map(|effect| {
            let frozen = match effect.frozen_verdict == effect.verdict {
                true => String::new(),
                false => format!(" (with the plastic weights frozen: {})", effect.frozen_verdict.words()),
            };
            format!(" {}: {}{frozen}.", sentence(effect.claim), effect.verdict.words())
        });
        Headings {
            title: "Fashion-MNIST under noise: the published demo, reproduced".into(),
            summary: format!(
                "A 784-512-10 spiking network learns clean Fashion-MNIST by local plasticity alone (LP), by backprop \
                 through time alone (GP) and by both at once (HP), and is tested on images with gaussian noise that it \
                 has never met.{}",
                verdicts.collect::<String>()
            ),
            commands: vec![self.command(out)],
        }
    }
}

fn sentence(claim: &str) -> String {
    let mut letters = claim.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn in_words(results: &Results) -> String {
    format!(
        "Plastic weights moving during the test, as in the published scripts (mean ± sd over seeds):\n{}\n\
         Plastic weights frozen during the test:\n{}\n\
         Published effects, in percentage points:\n{}",
        accuracy_table(&results.arms, Judged::Moving),
        accuracy_table(&results.arms, Judged::Frozen),
        effects_table(&results.effects)
    )
}

fn effects_table(effects: &[Effect]) -> String {
    if effects.is_empty() {
        return "  none: these arms alone show no published effect\n".into();
    }
    let heading = ["effect", "published", "here", "", "frozen", ""].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(effects.iter().map(effect_row)).collect();
    let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Right, Align::Left];
    aligned(&rows, &align)
}

fn effect_row(effect: &Effect) -> Vec<String> {
    let published: Vec<String> =
        effect.published.iter().map(|(source, points)| format!("{points:+.1} {source}")).collect();
    vec![
        effect.claim.to_owned(),
        published.join(", "),
        effect.mean_sd(),
        effect.verdict.words().to_owned(),
        effect.frozen_mean_sd(),
        effect.frozen_verdict.words().to_owned(),
    ]
}
