//! `glocal data`: data sets here, files of events in `event_files.rs`.

use clap::{Args, Subcommand};
use glocal::compare::table::{Align, aligned};
use glocal::progress::Progress;
use glocal::{GlocalError, Images};
use glocal_data::fetch::{FetchOptions, fetch};
use glocal_data::{ImageDataset, KnownDataset, Split, embedded, registry};
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
    let heading = ["name", "images", "licence", "where"].map(str::to_owned).to_vec();
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
    let rows: Vec<Vec<String>> =
        [heading, built_in].into_iter().chain(registry::known_datasets().iter().map(row)).collect();
    aligned(&rows, &[Align::Left, Align::Right, Align::Left, Align::Left])
}

fn info(name: &str, context: &Context) -> Result<String, GlocalError> {
    let images = Images::load(name, &context.locations)?;
    let (known, place) = if name == embedded::FASHION_MNIST_SUBSET {
        (embedded::origin()?, "built in".to_owned())
    } else {
        let known = registry::find(name)?;
        (known, context.locations.find(known)?.folder.display().to_string())
    };
    let [train, test] = [Split::Train, Split::Test].map(|split| images.split(split));
    let facts = [
        format!("{name}: {}", known.title),
        format!("where:     {place}"),
        format!(
            "images:    {} to train, {} to test, {} x {} grey pixels",
            train.len(),
            test.len(),
            train.height(),
            train.width()
        ),
        format!("licence:   {}", known.licence),
        format!("reference: {}", known.reference),
    ];
    Ok(format!("{}\n\n{}", facts.join("\n"), class_table(known, train, test)))
}

fn class_table(known: &KnownDataset, train: &ImageDataset, test: &ImageDataset) -> String {
    let count = |set: &ImageDataset, class: usize| set.labels().iter().filter(|&&l| usize::from(l) == class).count();
    let row = |(class, name): (usize, &&str)| {
        vec![format!("{class}  {name}"), count(train, class).to_string(), count(test, class).to_string()]
    };
    let heading = ["class", "train", "test"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> =
        std::iter::once(heading).chain(known.class_names.iter().enumerate().map(row)).collect();
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
