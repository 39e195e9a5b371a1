//! `glocal data`: data sets here, files of events in `event_files.rs`.

use clap::{Args, Subcommand};
use glocal::compare::table::{Align, aligned};
use glocal::progress::Progress;
use glocal::{GlocalError, Samples};
use glocal_data::episodes::{OMNIGLOT, PictureClasses};
use glocal_data::fetch::{FetchOptions, fetch};
use glocal_data::registry::{self, archived, archived_datasets};
use glocal_data::{KnownDataset, Split, embedded};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Context;
use crate::event_files::{self, ConvertArgs, InfoArgs, ShowArgs};
use crate::output::print;

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
        DataCommand::List => print(&list(context)),
        DataCommand::Fetch(args) => download(args, context),
        DataCommand::Where(args) => {
            let found = context.locations.find(registry::find(&args.name)?)?;
            print(&format!("{}\n", found.folder.display()))
        }
        DataCommand::Info(args) => match args.data_set()? {
            Some(name) => print(&info(name, context)?),
            None => event_files::info(args),
        },
        DataCommand::Show(args) => event_files::show(args, context),
        DataCommand::Convert(args) => event_files::convert(args, context),
        DataCommand::Verify(args) => {
            let found = context.locations.find(registry::find(&args.name)?)?;
            found.verify()?;
            print(&format!("{}: all files have the published content\n", found.folder.display()))
        }
    }
}

fn list(context: &Context) -> String {
    let heading = ["name", "samples", "licence", "where"].map(str::to_owned).to_vec();
    let row = |known: &'static KnownDataset| {
        let place = match context.locations.find(known) {
            Ok(found) => found.folder.display().to_string(),
            Err(_) => format!("not here: glocal data fetch {}", known.name),
        };
        let images = format!("{} + {}", known.train_samples, known.test_samples);
        vec![known.name.to_owned(), images, known.licence.to_owned(), place]
    };
    let images = format!("{} + {}", embedded::samples(Split::Train), embedded::samples(Split::Test));
    let built_in = vec![embedded::FASHION_MNIST_SUBSET.to_owned(), images, "MIT".to_owned(), "built in".to_owned()];
    let by_hand = archived_datasets().iter().map(|set| {
        let place = match context.locations.find_archived(set) {
            Ok(folder) => folder.display().to_string(),
            Err(_) => format!("not here: {}", set.page),
        };
        vec![
            set.name.to_owned(),
            format!("{} + {}", set.train_samples, set.test_samples),
            set.licence.to_owned(),
            place,
        ]
    });
    let known = registry::known_datasets().iter().map(row);
    let rows: Vec<Vec<String>> = [heading, built_in].into_iter().chain(known).chain(by_hand).collect();
    aligned(&rows, &[Align::Left, Align::Right, Align::Left, Align::Left])
}

/// Side that pictures by class are counted at.
const SIDE: usize = 28;

fn info(name: &str, context: &Context) -> Result<String, GlocalError> {
    let samples = match name {
        OMNIGLOT => Samples::load_classes(name, SIDE, &context.locations)?,
        _ => Samples::load(name, &context.locations)?,
    };
    let place = match (archived(name), name == embedded::FASHION_MNIST_SUBSET) {
        (_, true) => "built in".to_owned(),
        (Some(set), _) => context.locations.find_archived(set)?.display().to_string(),
        _ => context.locations.find(registry::find(name)?)?.folder.display().to_string(),
    };
    let (title, licence, reference) = match archived(name) {
        Some(set) => (set.title, set.licence, set.reference),
        None => {
            let known =
                if name == embedded::FASHION_MNIST_SUBSET { embedded::origin()? } else { registry::find(name)? };
            (known.title, known.licence, known.reference)
        }
    };
    let [train, test] = [Split::Train, Split::Test].map(|split| samples.len(split));
    let facts = [
        format!("{name}: {title}"),
        format!("where:     {place}"),
        format!("{:<10} {train} to train, {test} to test{}", format!("{}:", samples.kind()), samples.size_in_words()),
        format!("licence:   {licence}"),
        format!("reference: {reference}"),
    ];
    let table = match &samples {
        Samples::Classes(pool) => group_table(pool),
        _ => class_table(&samples),
    };
    Ok(format!("{}\n\n{table}", facts.join("\n")))
}

/// Characters of each alphabet.
fn group_table(pool: &PictureClasses) -> String {
    let mut groups: Vec<(&str, [usize; 2])> = Vec::new();
    for (number, class) in pool.classes().iter().enumerate() {
        let group = class.name.split_once('/').map_or(class.name.as_str(), |(group, _)| group);
        if groups.last().is_none_or(|(last, _)| *last != group) {
            groups.push((group, [0; 2]));
        }
        let half = usize::from(pool.test_classes().contains(&number));
        groups.last_mut().into_iter().for_each(|(_, counts)| counts[half] += 1);
    }
    let heading = ["classes of", "train", "test"].map(str::to_owned).to_vec();
    let row =
        |(name, [train, test]): &(&str, [usize; 2])| vec![(*name).to_owned(), train.to_string(), test.to_string()];
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(groups.iter().map(row)).collect();
    aligned(&rows, &[Align::Left])
}

fn class_table(samples: &Samples) -> String {
    let [train, test] = [Split::Train, Split::Test].map(|split| samples.per_class(split));
    let row = |(class, name): (usize, &String)| {
        vec![format!("{class}  {name}"), train[class].to_string(), test[class].to_string()]
    };
    let heading = ["class", "train", "test"].map(str::to_owned).to_vec();
    let names = samples.class_names();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(names.iter().enumerate().map(row)).collect();
    aligned(&rows, &[Align::Left])
}

fn download(args: &FetchArgs, context: &Context) -> Result<(), GlocalError> {
    let known = registry::find(&args.name)?;
    let folder = context.locations.download_folder(known)?;
    let options = FetchOptions { mirrors: args.mirror.clone(), ..FetchOptions::default() };
    let mut teller = Teller::new(context.progress);
    let fetched = fetch(known, &folder, &options, &mut |progress| teller.tell(&progress));
    teller.bar.finish_and_clear();
    fetched?;
    print(&format!("{}\n", folder.display()))
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
