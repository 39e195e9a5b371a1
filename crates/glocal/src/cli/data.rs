//! `glocal data`: data sets here, files of events in `event_files.rs`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use glocal::compare::table::{Align, aligned};
use glocal::doctor::{DataSetPlace, data_sets};
use glocal::progress::Progress;
use glocal::{GlocalError, Samples};
use glocal_data::episodes::{OMNIGLOT, PictureClasses};
use glocal_data::fetch::{FetchOptions, fetch};
use glocal_data::registry::{self, archived};
use glocal_data::{Split, embedded};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::Context;
use crate::event_files::{self, ConvertArgs, InfoArgs, ShowArgs};

/// What to do with data sets and files of events.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the known data sets and where they are
    List,
    /// Download a data set, checking size and hash; a cut download goes on where it stopped
    #[command(after_help = "\
Example:
  glocal data fetch fashion-mnist
  glocal data fetch mnist --data /srv/data --mirror http://mirror.local/mnist

The set goes to NAME in the first of --data, $GLOCAL_DATA and the user's data folder.")]
    Fetch(FetchArgs),
    /// Print the folder of a data set
    Where(NameArgs),
    /// Print what a data set or a file of events holds
    Info(InfoArgs),
    /// Draw a file of events: windows of time side by side (.png) or one after the other (.gif)
    Show(ShowArgs),
    /// Write a file of events in another format; a recording that does not fit is refused
    Convert(ConvertArgs),
    /// Check a data set's files against the published hashes
    Verify(NameArgs),
}

/// Which data set.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Its name, as `glocal data list` shows it
    name: String,
}

/// Options of `glocal data fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Its name, as `glocal data list` shows it
    name: String,
    /// Address of a folder with the files, in place of the published ones; may be repeated
    #[arg(long, value_name = "URL")]
    mirror: Vec<String>,
}

/// Carries out the command.
///
/// # Errors
/// An unknown data set, one that is not there or damaged, or a download that fails.
pub fn run(command: &DataCommand, context: &Context) -> Result<(), GlocalError> {
    match command {
        DataCommand::List => {
            let sets = data_sets(&context.locations);
            context.print(&sets, || list(&sets))
        }
        DataCommand::Fetch(args) => download(args, context),
        DataCommand::Where(args) => {
            let found = context.locations.find(registry::find(&args.name)?)?;
            print_folder(&args.name, &found.folder, context)
        }
        DataCommand::Info(args) => match args.data_set()? {
            Some(name) => info(name, context),
            None => event_files::info(args, context),
        },
        DataCommand::Show(args) => event_files::show(args, context),
        DataCommand::Convert(args) => event_files::convert(args, context),
        DataCommand::Verify(args) => {
            let found = context.locations.find(registry::find(&args.name)?)?;
            found.verify()?;
            let verified = Found { name: &args.name, folder: &found.folder, verified: Some(true) };
            context.print(&verified, || format!("{}: all files have the published content\n", found.folder.display()))
        }
    }
}

/// Where a data set is, as JSON prints it.
#[derive(Debug, Serialize)]
struct Found<'a> {
    name: &'a str,
    folder: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
}

fn print_folder(name: &str, folder: &Path, context: &Context) -> Result<(), GlocalError> {
    context.print(&Found { name, folder, verified: None }, || format!("{}\n", folder.display()))
}

fn list(sets: &[DataSetPlace]) -> String {
    let heading = ["name", "samples", "licence", "where"].map(str::to_owned).to_vec();
    let row = |set: &DataSetPlace| {
        let [train, test] = set.samples;
        vec![set.name.to_owned(), format!("{train} + {test}"), set.licence.to_owned(), set.place.in_words()]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(sets.iter().map(row)).collect();
    aligned(&rows, &[Align::Left, Align::Right, Align::Left, Align::Left])
}

/// Side that pictures by class are counted at.
const SIDE: usize = 28;

/// What a data set holds.
#[derive(Debug, Serialize)]
struct DataSetInfo<'a> {
    name: &'a str,
    title: &'a str,
    /// Absent: built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    kind: &'a str,
    train_samples: usize,
    test_samples: usize,
    size: String,
    licence: &'a str,
    reference: &'a str,
    /// Classes with their samples, or groups of classes with their classes.
    counts: Vec<Count>,
}

/// Something counted to train and to test.
#[derive(Debug, Serialize)]
struct Count {
    /// Of a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<usize>,
    name: String,
    train: usize,
    test: usize,
}

fn info(name: &str, context: &Context) -> Result<(), GlocalError> {
    let samples = match name {
        OMNIGLOT => Samples::load_classes(name, SIDE, &context.locations)?,
        _ => Samples::load(name, &context.locations)?,
    };
    let folder = match (archived(name), name == embedded::FASHION_MNIST_SUBSET) {
        (_, true) => None,
        (Some(set), _) => Some(context.locations.find_archived(set)?),
        _ => Some(context.locations.find(registry::find(name)?)?.folder),
    };
    let (title, licence, reference) = match archived(name) {
        Some(set) => (set.title, set.licence, set.reference),
        None => {
            let known =
                if name == embedded::FASHION_MNIST_SUBSET { embedded::origin()? } else { registry::find(name)? };
            (known.title, known.licence, known.reference)
        }
    };
    let [train_samples, test_samples] = [Split::Train, Split::Test].map(|split| samples.len(split));
    let (kind, size) = (samples.kind(), samples.size_in_words().trim_start_matches(", ").to_owned());
    let (heading, counts) = match &samples {
        Samples::Classes(pool) => ("classes of", groups(pool)),
        _ => ("class", classes(&samples)),
    };
    let found =
        DataSetInfo { name, title, folder, kind, train_samples, test_samples, size, licence, reference, counts };
    context.print(&found, || found.in_words(heading))
}

impl DataSetInfo<'_> {
    fn in_words(&self, heading: &str) -> String {
        let DataSetInfo { train_samples, test_samples, .. } = self;
        let size = if self.size.is_empty() { String::new() } else { format!(", {}", self.size) };
        let facts = [
            format!("{}: {}", self.name, self.title),
            format!("where:     {}", self.folder.as_ref().map_or("built in".into(), |f| f.display().to_string())),
            format!("{:<10} {train_samples} to train, {test_samples} to test{size}", format!("{}:", self.kind)),
            format!("licence:   {}", self.licence),
            format!("reference: {}", self.reference),
        ];
        let heading = [heading, "train", "test"].map(str::to_owned).to_vec();
        let name = |count: &Count| match count.number {
            Some(number) => format!("{number}  {}", count.name),
            None => count.name.clone(),
        };
        let row = |count: &Count| vec![name(count), count.train.to_string(), count.test.to_string()];
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(self.counts.iter().map(row)).collect();
        format!("{}\n\n{}", facts.join("\n"), aligned(&rows, &[Align::Left]))
    }
}

/// Characters of each alphabet.
fn groups(pool: &PictureClasses) -> Vec<Count> {
    let mut groups: Vec<Count> = Vec::new();
    for (number, class) in pool.classes().iter().enumerate() {
        let group = class.name.split_once('/').map_or(class.name.as_str(), |(group, _)| group);
        if groups.last().is_none_or(|last| last.name != group) {
            groups.push(Count { number: None, name: group.to_owned(), train: 0, test: 0 });
        }
        let half = pool.test_classes().contains(&number);
        groups.last_mut().into_iter().for_each(|count| *(if half { &mut count.test } else { &mut count.train }) += 1);
    }
    groups
}

fn classes(samples: &Samples) -> Vec<Count> {
    let [train, test] = [Split::Train, Split::Test].map(|split| samples.per_class(split));
    let class =
        |(class, name): (usize, String)| Count { number: Some(class), name, train: train[class], test: test[class] };
    samples.class_names().into_iter().enumerate().map(class).collect()
}

fn download(args: &FetchArgs, context: &Context) -> Result<(), GlocalError> {
    let known = registry::find(&args.name)?;
    let folder = context.locations.download_folder(known)?;
    let options = FetchOptions { mirrors: args.mirror.clone(), ..FetchOptions::default() };
    let mut teller = Teller::new(context.progress);
    let fetched = fetch(known, &folder, &options, &mut |progress| teller.tell(&progress));
    teller.bar.finish_and_clear();
    fetched?;
    print_folder(&args.name, &folder, context)
}

/// Tells how far a download is.
struct Teller {
    mode: Progress,
    bar: ProgressBar,
    file: String,
}

impl Teller {
    fn new(mode: Progress) -> Self {
        let bar = if mode == Progress::Bar { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let template = "{msg} {wide_bar} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Teller { mode, bar, file: String::new() }
    }

    fn tell(&mut self, progress: &glocal_data::fetch::Progress<'_>) {
        if self.file != progress.file {
            self.file = progress.file.to_owned();
            self.bar.reset();
            self.bar.set_message(self.file.clone());
            if self.mode == Progress::Lines {
                self.mode.say(&self.file);
            }
        }
        self.bar.set_length(progress.total.unwrap_or(progress.have));
        self.bar.set_position(progress.have);
    }
}
