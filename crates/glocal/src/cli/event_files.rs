//! `glocal data info`, `show` and `convert` on files of events.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use glocal::GlocalError;
use glocal::event_picture::{PictureKind, draw};
use glocal::run_folder::write_atomically;
use glocal_data::events::{EventReader, Format, LeftOut, ReadOptions, Strictness, read_recording, save};
use glocal_data::{DataError, Event, Polarity, Recording, SensorSize, embedded, registry};
use serde::Serialize;

use crate::args::Context;

/// How to read a file of events.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Its format, where the content does not tell or tells wrongly: n-mnist, n-caltech101, aedat2, aedat3, aedat4,
    /// dat, evt2, evt21, evt3, es, npz
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Its sensor, where the file does not tell, such as 346x260
    #[arg(long, value_name = "WxH", value_parser = sensor)]
    sensor: Option<SensorSize>,
    /// Keep the good part of a damaged file and tell what was left out
    #[arg(long)]
    lenient: bool,
}

impl ReadArgs {
    fn options(&self) -> ReadOptions {
        let strictness = if self.lenient { Strictness::Lenient } else { Strictness::Strict };
        ReadOptions { format: self.format, sensor: self.sensor, strictness, ..ReadOptions::default() }
    }

    fn recording(&self, file: &Path) -> Result<(Recording, LeftOut), GlocalError> {
        Ok(read_recording(open_file(file)?, file, &self.options())?)
    }
}

fn sensor(text: &str) -> Result<SensorSize, String> {
    let size =
        text.split_once('x').and_then(|(w, h)| Some(SensorSize { width: w.parse().ok()?, height: h.parse().ok()? }));
    size.filter(|size| size.pixels() > 0).ok_or_else(|| "expected WxH, such as 346x260".into())
}

/// Options of `glocal data info`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal data info fashion-mnist
  glocal data info recording.aedat4 --json
  glocal data info old.aedat --sensor 346x260 --lenient")]
pub struct InfoArgs {
    /// A data set, as `glocal data list` shows it, or a file of events
    #[arg(value_name = "NAME|FILE")]
    name: String,
    #[command(flatten)]
    read: ReadArgs,
}

impl InfoArgs {
    /// The data set that is meant, if it is one; a file called like a data set is meant by `./NAME`.
    ///
    /// # Errors
    /// A name that is neither, or options of files with a data set.
    pub fn data_set(&self) -> Result<Option<&str>, GlocalError> {
        let known = registry::find(&self.name);
        if known.is_ok() || registry::archived(&self.name).is_some() || self.name == embedded::FASHION_MNIST_SUBSET {
            return match self.read.lenient || self.read.format.is_some() || self.read.sensor.is_some() {
                false => Ok(Some(&self.name)),
                true => Err(GlocalError::Usage {
                    message: format!("{} is a data set: it is told of without options", self.name),
                    hint: format!("a file of this name is meant by ./{}", self.name),
                }),
            };
        }
        let looks_like_a_name = !self.name.contains(['/', '\\', '.']) && !Path::new(&self.name).exists();
        if looks_like_a_name { known.map(|_| None).map_err(GlocalError::from) } else { Ok(None) }
    }
}

/// Options of `glocal data show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal data show 00002.bin -o digit.gif
  glocal data show recording.aedat4 -o sheet.png --window-ms 20

Blue is brighter, orange darker; the bar below each window is its place in time.")]
pub struct ShowArgs {
    /// A file of events
    file: PathBuf,
    /// The picture, .png or .gif
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Length of a window in milliseconds [default: such that there are 6 in a .png, 20 in a .gif]
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    window_ms: Option<f64>,
    #[command(flatten)]
    read: ReadArgs,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|ms| (0.001..=1e12).contains(ms));
    number.ok_or_else(|| "expected a number of milliseconds, at least 0.001".into())
}

/// Options of `glocal data convert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal data convert recording.aedat4 -o recording.npz
  glocal data convert recording.dat -o recording.raw    EVT 2.0
  glocal data convert crop.npz -o crop.bin --to n-caltech101

Nothing is cut or rounded: a recording that the format has no room for is refused.")]
pub struct ConvertArgs {
    /// A file of events
    file: PathBuf,
    /// The new file: .npz, .bin (N-MNIST) or .raw (EVT 2.0)
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Its format, where the name does not tell: npz, n-mnist, n-caltech101, evt2
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    #[command(flatten)]
    read: ReadArgs,
}

/// What a file of events holds.
#[derive(Debug, Serialize)]
struct EventFileInfo {
    file: String,
    format: Format,
    width: u16,
    height: u16,
    events: u64,
    /// From the first to the last event.
    duration_us: u64,
    /// Absent where all events are of one moment.
    events_per_s: Option<f64>,
    /// Absent without events.
    on_share: Option<f64>,
    first: Option<EventInfo>,
    last: Option<EventInfo>,
    left_out: LeftOut,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct EventInfo {
    t_us: u64,
    x: u16,
    y: u16,
    polarity: Polarity,
}

impl From<Event> for EventInfo {
    fn from(Event { t_us, x, y, polarity }: Event) -> Self {
        EventInfo { t_us, x, y, polarity }
    }
}

/// Prints what a file of events holds.
///
/// # Errors
/// A file that cannot be read, or a damaged one without `--lenient`.
pub fn info(args: &InfoArgs, context: &Context) -> Result<(), GlocalError> {
    let info = inspect(Path::new(&args.name), &args.read.options())?;
    context.print(&info, || in_words(&info))
}

fn inspect(file: &Path, options: &ReadOptions) -> Result<EventFileInfo, GlocalError> {
    let mut reader = EventReader::new(open_file(file)?, file, options)?;
    let (mut events, mut on) = (0, 0);
    let (mut first, mut last) = (None, None);
    while let Some(chunk) = reader.next_chunk()? {
        events += chunk.len() as u64;
        on += chunk.iter().filter(|event| event.polarity == Polarity::On).count() as u64;
        first = first.or(chunk.first().copied());
        last = chunk.last().copied();
    }
    let duration_us = first.zip(last).map_or(0, |(first, last)| last.t_us - first.t_us);
    Ok(EventFileInfo {
        file: file.display().to_string(),
        format: reader.format(),
        width: reader.sensor().width,
        height: reader.sensor().height,
        events,
        duration_us,
        events_per_s: (duration_us > 0).then(|| events as f64 / (duration_us as f64 / 1e6)),
        on_share: (events > 0).then(|| on as f64 / events as f64),
        first: first.map(EventInfo::from),
        last: last.map(EventInfo::from),
        left_out: reader.left_out(),
    })
}

fn in_words(info: &EventFileInfo) -> String {
    let event = |event: Option<EventInfo>| {
        event.map_or("none".into(), |e| {
            let polarity = if e.polarity == Polarity::On { "on" } else { "off" };
            format!("{} us, pixel {},{}, {polarity}", e.t_us, e.x, e.y)
        })
    };
    let share =
        info.on_share.map_or(String::new(), |on| format!(", {:.1} % on, {:.1} % off", 100.0 * on, 100.0 * (1.0 - on)));
    let rate = info.events_per_s.map_or(String::new(), |rate| format!(", {rate:.0} events/s"));
    let facts = [
        format!("{}: {}", info.file, info.format),
        format!("sensor:   {} x {} pixels", info.width, info.height),
        format!("events:   {}{share}", info.events),
        format!("duration: {:.3} s{rate}", info.duration_us as f64 / 1e6),
        format!("first:    {}", event(info.first)),
        format!("last:     {}", event(info.last)),
        format!("left out: {}", info.left_out),
    ];
    facts.join("\n") + "\n"
}

/// A picture that was drawn.
#[derive(Debug, Serialize)]
struct Drawn<'a> {
    file: &'a Path,
    windows: usize,
    window_ms: f64,
    left_out: &'a LeftOut,
}

/// A file that was written.
#[derive(Debug, Serialize)]
struct Converted<'a> {
    file: &'a Path,
    format: Format,
    events: usize,
    left_out: &'a LeftOut,
}

/// Draws a file of events and prints where the picture is.
///
/// # Errors
/// A file that cannot be read, or a damaged one without `--lenient`; too many windows; a full disk.
pub fn show(args: &ShowArgs, context: &Context) -> Result<(), GlocalError> {
    let kind = PictureKind::of(&args.output)?;
    let (recording, left_out) = args.read.recording(&args.file)?;
    let window_us = args.window_ms.map(|ms| (ms * 1e3).round() as u64);
    let picture = draw(&recording, kind, window_us)?;
    write_atomically(&args.output, &picture.bytes)?;
    let (count, ms) = (picture.windows, picture.window_us as f64 / 1e3);
    let windows = if count == 1 { "window" } else { "windows" };
    let done = format!("{count} {windows} of {ms} ms, {} x {} pixels", picture.width, picture.height);
    tell(context, &left_out, &done);
    let drawn = Drawn { file: &args.output, windows: count, window_ms: ms, left_out: &left_out };
    context.print(&drawn, || format!("{}\n", args.output.display()))
}

/// Writes a file of events in another format and prints where it is.
///
/// # Errors
/// A file that cannot be read, or a damaged one without `--lenient`; a recording that the format has no room for; a
/// full disk.
pub fn convert(args: &ConvertArgs, context: &Context) -> Result<(), GlocalError> {
    let by_name = || {
        Format::for_writing(&args.output).map_err(|fault| {
            let file = args.output.clone();
            DataError::Events { file, offset: None, fault }
        })
    };
    let format = args.to.map_or_else(by_name, Ok)?;
    let (recording, left_out) = args.read.recording(&args.file)?;
    save(&args.output, &recording, format)?;
    let events = recording.events.len();
    tell(context, &left_out, &format!("{events} events as {format}"));
    let converted = Converted { file: &args.output, format, events, left_out: &left_out };
    context.print(&converted, || format!("{}\n", args.output.display()))
}

/// Says on stderr, unless silent, what was done and, if anything was, what was left out.
fn tell(context: &Context, left_out: &LeftOut, done: &str) {
    let rest = if *left_out == LeftOut::default() { String::new() } else { format!("; left out: {left_out}") };
    context.progress.say(&format!("{done}{rest}"));
}

fn open_file(file: &Path) -> Result<File, GlocalError> {
    File::open(file).map_err(|source| GlocalError::Read {
        path: file.to_owned(),
        source,
        hint: "give the path of a file of events, or a data set that `glocal data list` shows".into(),
    })
}
