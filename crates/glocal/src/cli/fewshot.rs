//! `glocal fewshot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glocal::GlocalError;
use glocal::compare::table::{Align, aligned};
use glocal::few_shot::{Answer, Answers, answer};
use glocal_data::episodes::Ink;

use crate::args::Context;

/// Options of `glocal fewshot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal fewshot runs/few-shot/hp-seed1 --support mine --query others
  glocal fewshot runs/few-shot/hp-seed1 --support mine --query others --looks 5
  glocal fewshot runs/few-shot/hp-seed1 --support mine --query unknown.png --json

The support is a folder with a folder of PNG or JPEG pictures for each class, one picture or more: mine/a/1.png,
mine/b/1.png, ... The query is a picture, a folder of pictures, or again of class folders; then the share of right
answers is told, too. Pictures may be of any size, and dark on light or light on dark.")]
pub struct FewShotArgs {
    /// Folder of a run that learned in episodes
    run: PathBuf,
    /// Labelled pictures: a folder for each class
    #[arg(long, value_name = "DIR")]
    support: PathBuf,
    /// Pictures to ask about
    #[arg(long, value_name = "DIR|FILE")]
    query: PathBuf,
    /// What is ink in the pictures
    #[arg(long, value_name = "INK", default_value = "auto")]
    ink: InkArg,
    /// Looks at each picture: once as it is, then moved a little; the answers are averaged
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = looks)]
    looks: usize,
}

fn looks(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|looks| (1..=100).contains(looks)).ok_or_else(|| "give a number from 1 to 100".into())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InkArg {
    /// Each picture's own: darker or lighter than its border
    Auto,
    /// Dark on light, as on paper
    Dark,
    /// Light on dark
    Light,
}

/// Answers and prints.
///
/// # Errors
/// As [`answer`].
pub fn run(args: &FewShotArgs, context: &Context) -> Result<(), GlocalError> {
    let ink = match args.ink {
        InkArg::Auto => Ink::Auto,
        InkArg::Dark => Ink::Dark,
        InkArg::Light => Ink::Light,
    };
    let answers = answer(&args.run, &args.support, &args.query, ink, args.looks)?;
    context.print(&answers, || in_words(&answers))
}

fn in_words(answers: &Answers) -> String {
    let heading = ["query", "class", "share", ""].map(str::to_owned).to_vec();
    let verdict = |answer: &Answer| match &answer.expected {
        None => String::new(),
        Some(class) if *class == answer.class => "right".into(),
        Some(class) => format!("wrong, it is {class}"),
    };
    let row = |answer: &Answer| {
        let share = format!("{:.0} %", 100.0 * answer.share);
        vec![answer.file.display().to_string(), answer.class.clone(), share, verdict(answer)]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(answers.answers.iter().map(row)).collect();
    let correct = answers.correct.map_or(String::new(), |[right, of]| {
        format!("{right} of {of} right ({:.1} %)\n", 100.0 * right as f64 / of as f64)
    });
    let table = aligned(&rows, &[Align::Left, Align::Left, Align::Right, Align::Left]);
    format!("{table}{correct}")
}
