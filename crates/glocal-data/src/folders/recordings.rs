//! Labelled recordings that stay on disk until they are asked for.

use std::{
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use super::FolderError;
use crate::{DataError, Recording, SensorSize, Split, Stream, ValidationSplit, split, text::check};

/// One labelled recording: a file, or the part of a file between two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSample {
    /// File.
    pub path: PathBuf,
    /// Its class.
    pub label: u32,
    /// Which part of the file, in microseconds of its clock; absent: all.
    pub span_us: Option<Range<u64>>,
}

/// A part of a file and its class, as tables of labels give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledSpan {
    /// Class, counted from 0.
    pub label: u32,
    /// Which part, in microseconds of the file's clock.
    pub span_us: Range<u64>,
}

/// Labelled recordings as a list of files: nothing is read before [`EventLoader::load`].
///
/// The order is that of the classes, then of the files' names, with numbers in names by their value: the same on every
/// machine.
#[derive(Clone, PartialEq, Eq)]
pub struct EventDataset {
    name: String,
    split: Option<Split>,
    sensor: Option<SensorSize>,
    class_names: Vec<String>,
    samples: Vec<EventSample>,
}

impl EventDataset {
    /// Checks that the parts fit together: some samples, and every label a class.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`].
    pub fn new(
        name: impl Into<String>,
        class_names: Vec<String>,
        samples: Vec<EventSample>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let inconsistent = |what, expected: &str, found: String| DataError::Inconsistent {
            name: name.clone(),
            what,
            expected: expected.into(),
            found,
        };
        if samples.is_empty() || u32::try_from(samples.len()).is_err() {
            return Err(inconsistent("number of samples", "1 to 2^32 - 1", samples.len().to_string()));
        }
        let wrong = |sample: &&EventSample| sample.label as usize >= class_names.len();
        if let Some(sample) = samples.iter().find(wrong) {
            let found = format!("{} of {}", sample.label, sample.path.display());
            return Err(inconsistent("label", "a number below that of the classes", found));
        }
        Ok(EventDataset { name, split: None, sensor: None, class_names, samples })
    }

    /// The same as one half of a published set.
    #[must_use]
    pub fn of_split(self, split: Split) -> Self {
        EventDataset { split: Some(split), ..self }
    }

    /// The same, recorded with a known sensor: recordings take its size, and refuse events beside it.
    #[must_use]
    pub fn with_sensor(self, sensor: SensorSize) -> Self {
        EventDataset { sensor: Some(sensor), ..self }
    }

    /// Name, for messages and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which half of a published set it is, if one.
    pub fn split(&self) -> Option<Split> {
        self.split
    }

    /// The sensor, where the data set has only one.
    pub fn sensor(&self) -> Option<SensorSize> {
        self.sensor
    }

    /// What the classes show, by label.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Number of samples; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// All samples, in order.
    pub fn samples(&self) -> &[EventSample] {
        &self.samples
    }

    /// The sample with number `number`.
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`].
    pub fn sample(&self, number: u32) -> Result<&EventSample, DataError> {
        let index = number as usize;
        let missing = || DataError::NoSuchSample { name: self.name.clone(), index, len: self.len() };
        self.samples.get(index).ok_or_else(missing)
    }

    /// Loads samples by `read`, a reader of event files.
    pub fn loader<F>(&self, read: F, limits: LoadLimits) -> EventLoader<'_, F>
    where
        F: Fn(&Path) -> Result<Recording, DataError>,
    {
        EventLoader { set: self, read, limits, last: None }
    }

    /// Sets `validation` samples aside, as [`ImageDataset::split_validation`](crate::ImageDataset::split_validation).
    ///
    /// # Errors
    /// [`DataError::Parameter`] unless some samples are left to learn from.
    pub fn split_validation(&self, validation: usize, stream: &Stream) -> Result<ValidationSplit, DataError> {
        split::stratified(self.samples.iter().map(|sample| sample.label), self.class_names.len(), validation, stream)
    }

    /// Cuts a set without published halves in two: the first `test_per_class` samples of each class to test with, the
    /// rest to learn from, in that order: train, test.
    ///
    /// # Errors
    /// [`DataError::Parameter`] unless each class has samples for both.
    pub fn train_test(&self, test_per_class: usize) -> Result<[EventDataset; 2], DataError> {
        let mut seen = vec![0; self.class_names.len()];
        let is_test = |sample: &EventSample| {
            seen[sample.label as usize] += 1;
            seen[sample.label as usize] <= test_per_class
        };
        let (test, train): (Vec<_>, Vec<_>) = self.samples.iter().cloned().partition(is_test);
        let good = test_per_class > 0 && seen.iter().all(|&samples| samples > test_per_class);
        check(good, "test samples of a class", test_per_class, "at least 1, and fewer than any class has")?;
        let part = |samples, split| EventDataset { samples, split: Some(split), ..self.clone() };
        Ok([part(train, Split::Train), part(test, Split::Test)])
    }
}

impl fmt::Debug for EventDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} recordings in {} classes", self.name, self.len(), self.class_names.len())
    }
}

impl fmt::Display for EventDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Most that one recording may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadLimits {
    /// Bytes of a file.
    pub file_bytes: u64,
    /// Events of a file.
    pub events: usize,
}

impl Default for LoadLimits {
    /// 2 GiB and 2^27 events, which take 2 GiB of memory.
    fn default() -> Self {
        LoadLimits { file_bytes: 1 << 31, events: 1 << 27 }
    }
}

/// Loads the samples of a set; keeps the last file whose parts are samples, so that those in order are read once.
#[derive(Debug)]
pub struct EventLoader<'a, F> {
    set: &'a EventDataset,
    read: F,
    limits: LoadLimits,
    last: Option<(&'a Path, Recording)>,
}

impl<'a, F: Fn(&Path) -> Result<Recording, DataError>> EventLoader<'a, F> {
    /// The recording with number `number`; its times are those of the file.
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`]; a file that is not there or too large, [`FolderError::BesideSensor`]; whatever the
    /// reader answers.
    pub fn load(&mut self, number: u32) -> Result<Recording, DataError> {
        let sample = self.set.sample(number)?;
        let Some(span_us) = &sample.span_us else { return self.file(&sample.path) };
        let whole = match self.last.take() {
            Some((path, recording)) if path == sample.path => recording,
            _ => self.file(&sample.path)?,
        };
        let part = part_of(&whole, span_us);
        self.last = Some((&sample.path, whole));
        Ok(part)
    }

    /// Reads and checks a file.
    fn file(&self, path: &Path) -> Result<Recording, DataError> {
        let metadata = fs::metadata(path);
        let bytes = metadata.map_err(|source| DataError::Io { file: path.into(), action: "open", source })?.len();
        self.check_size(path, "bytes", bytes, self.limits.file_bytes)?;
        let mut recording = (self.read)(path)?;
        self.check_size(path, "events", recording.events.len() as u64, self.limits.events as u64)?;
        let Some(sensor) = self.set.sensor else { return Ok(recording) };
        let beside = |event: &crate::Event| !sensor.contains(event.x, event.y);
        if let Some(event) = recording.events.iter().position(beside) {
            let crate::Event { x, y, .. } = recording.events[event];
            let SensorSize { width, height } = sensor;
            return Err(FolderError::BesideSensor { file: path.into(), event, x, y, width, height }.into());
        }
        recording.sensor = sensor;
        Ok(recording)
    }

    fn check_size(&self, path: &Path, what: &'static str, found: u64, cap: u64) -> Result<(), DataError> {
        if found <= cap {
            return Ok(());
        }
        Err(FolderError::FileTooLarge { file: path.into(), what, found, cap }.into())
    }
}

/// The events at `span_us.start` and later, before `span_us.end`.
fn part_of(recording: &Recording, span_us: &Range<u64>) -> Recording {
    let at = |t_us: u64| recording.events.partition_point(|event| event.t_us < t_us);
    let events = recording.events.get(at(span_us.start)..at(span_us.end)).unwrap_or_default().to_vec();
    Recording { sensor: recording.sensor, events }
}
