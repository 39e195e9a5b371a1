//! How the published sets of recordings lie in their folders.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    EventDataset, EventSample, FileKind, FolderError, LabelledSpan,
    listing::{self, Class, Entry},
};
use crate::{DataError, SensorSize, Split, events::gesture::CLASS_NAMES};

/// A folder of class folders of recordings, in any format that the reader knows.
///
/// # Errors
/// No class folders, a class without recordings, files of other kinds among them.
pub fn class_folders(name: &str, folder: &Path) -> Result<EventDataset, DataError> {
    of_classes(name, listing::classes(folder, FileKind::Recording)?)
}

/// N-MNIST: `Train/DIGIT/*.bin` and `Test/DIGIT/*.bin`, all of the recordings or a part.
///
/// # Errors
/// As [`class_folders`]; [`FolderError::WrongClasses`] unless the classes are the ten digits.
///
/// # References
/// G. Orchard et al. (2015), doi:10.3389/fnins.2015.00437.
pub fn n_mnist(folder: &Path, split: Split) -> Result<EventDataset, DataError> {
    let half = folder.join(match split {
        Split::Train => "Train",
        Split::Test => "Test",
    });
    let classes = listing::classes(&half, FileKind::Recording)?;
    expect_classes(&half, &classes, &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])?;
    Ok(of_classes("n-mnist", classes)?.of_split(split).with_sensor(SensorSize { width: 34, height: 34 }))
}

/// CIFAR10-DVS: a folder for each of the ten classes, with recordings `cifar10_CLASS_NUMBER` in AEDAT 2.0 or what they
/// were converted to. It has no published halves: see [`EventDataset::train_test`].
///
/// # Errors
/// As [`class_folders`]; [`FolderError::WrongClasses`] unless the classes are those of CIFAR-10.
///
/// # References
/// H. Li et al. (2017), doi:10.3389/fnins.2017.00309.
pub fn cifar10_dvs(folder: &Path) -> Result<EventDataset, DataError> {
    let classes = listing::classes(folder, FileKind::Recording)?;
    expect_classes(folder, &classes, &crate::cifar::CLASS_NAMES)?;
    Ok(of_classes("cifar10-dvs", classes)?.with_sensor(SensorSize { width: 128, height: 128 }))
}

/// DVS128 Gesture: `trials_to_train.txt` and `trials_to_test.txt` name the trials, `NAME.aedat`, and beside each
/// `NAME_labels.csv` tells which gesture is shown when. `labels` reads such a table.
///
/// # Errors
/// A list that is not there, is damaged, or names a trial whose recording or labels are not there; whatever `labels`
/// answers; a label that is none of the 11 gestures.
///
/// # References
/// A. Amir et al. (2017), doi:10.1109/CVPR.2017.781.
pub fn dvs128_gesture(
    folder: &Path,
    split: Split,
    labels: impl Fn(&Path) -> Result<Vec<LabelledSpan>, DataError>,
) -> Result<EventDataset, DataError> {
    let list = folder.join(match split {
        Split::Train => "trials_to_train.txt",
        Split::Test => "trials_to_test.txt",
    });
    let mut samples = Vec::new();
    for (line, trial) in lines(&list)?.filter(|(_, trial)| !trial.text.is_empty()) {
        let path = trial_file(folder, &list, line, &trial)?;
        let table = path.with_file_name(format!("{}_labels.csv", file_stem(&path)));
        must_be_there(&list, line, &table)?;
        let sample =
            |LabelledSpan { label, span_us }| EventSample { path: path.clone(), label, span_us: Some(span_us) };
        samples.extend(labels(&table)?.into_iter().map(sample));
    }
    let class_names = CLASS_NAMES.map(str::to_owned).to_vec();
    let set = EventDataset::new("dvs128-gesture", class_names, samples)?;
    Ok(set.of_split(split).with_sensor(SensorSize { width: 128, height: 128 }))
}

/// N-Omniglot: `dvs_background*/ALPHABET/CHARACTER/` to learn from and `dvs_evaluation/ALPHABET/CHARACTER/` to test
/// with. Each character's folder holds one AEDAT 4 recording of all its drawings and one table of their times, a
/// heading, then lines of a number, the first and the last time. Characters are the classes.
///
/// # Errors
/// No such folders, a character without a recording or a table or with more than one, a line that makes no sense.
///
/// # References
/// Y. Li et al. (2022), doi:10.1038/s41597-022-01851-z.
pub fn n_omniglot(folder: &Path, split: Split) -> Result<EventDataset, DataError> {
    let begins = match split {
        Split::Train => "dvs_background",
        Split::Test => "dvs_evaluation",
    };
    let (mut names, mut samples) = (Vec::new(), Vec::new());
    for half in folders(folder)?.into_iter().filter(|half| half.name.starts_with(begins)) {
        for alphabet in folders(&half.path)? {
            for character in folders(&alphabet.path)? {
                let label = names.len() as u32;
                names.push(format!("{}/{}", alphabet.name, character.name));
                samples.extend(drawings(&character.path, label)?);
            }
        }
    }
    if samples.is_empty() {
        return Err(FolderError::NoClasses { folder: folder.join(begins) }.into());
    }
    let set = EventDataset::new("n-omniglot", names, samples)?;
    Ok(set.of_split(split).with_sensor(SensorSize { width: 346, height: 260 }))
}

fn of_classes(name: &str, classes: Vec<Class>) -> Result<EventDataset, DataError> {
    let names = classes.iter().map(|class| class.name.clone()).collect();
    let of_class = |(label, class): (u32, Class)| {
        class.files.into_iter().map(move |path| EventSample { path, label, span_us: None })
    };
    EventDataset::new(name, names, (0..).zip(classes).flat_map(of_class).collect())
}

fn expect_classes(folder: &Path, classes: &[Class], expected: &[&str]) -> Result<(), DataError> {
    let mut sorted = expected.to_vec();
    sorted.sort_by(|a, b| listing::natural_order(a, b));
    if classes.iter().map(|class| class.name.as_str()).eq(sorted) {
        return Ok(());
    }
    let found = classes.iter().map(|class| class.name.clone()).collect();
    let expected = expected.iter().map(|&name| name.to_owned()).collect();
    Err(FolderError::WrongClasses { folder: folder.into(), expected, found }.into())
}

fn folders(folder: &Path) -> Result<Vec<Entry>, DataError> {
    Ok(listing::entries(folder)?.into_iter().filter(|entry| entry.is_folder).collect())
}

fn file_stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The recording that a line of a list of trials names: a file of the folder, not one elsewhere.
fn trial_file(folder: &Path, list: &Path, line: usize, trial: &Line) -> Result<PathBuf, DataError> {
    let name = Path::new(&trial.text);
    let mut parts = name.components();
    let plain = matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None));
    if !plain || listing::kind_of(name) != FileKind::Recording {
        return Err(trial.wrong(list, line, "the name of a recording, as user01_led.aedat").into());
    }
    let path = folder.join(name);
    must_be_there(list, line, &path).map(|()| path)
}

fn must_be_there(list: &Path, line: usize, trial: &Path) -> Result<(), DataError> {
    if trial.is_file() {
        return Ok(());
    }
    Err(FolderError::MissingTrial { list: list.into(), line, trial: trial.into() }.into())
}

/// The drawings of one character of N-Omniglot.
fn drawings(folder: &Path, label: u32) -> Result<Vec<EventSample>, DataError> {
    let entries = listing::entries(folder)?;
    let only = |extension: &str| {
        let mut found = entries.iter().filter(|entry| entry.path.extension().is_some_and(|e| e == extension));
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(&entry.path),
            (None, _) => Err(FolderError::EmptyClass { folder: folder.into(), kind: FileKind::Recording }),
            (_, Some(more)) => {
                let expected = "one recording (aedat4) and one table of times (csv)";
                Err(FolderError::Stray { path: more.path.clone(), expected })
            }
        }
    };
    let (path, table) = (only("aedat4")?, only("csv")?);
    let rows = lines(table)?.skip(1).filter(|(_, row)| !row.text.is_empty());
    let sample = |(line, row): (usize, Line)| {
        let span_us = row.span().ok_or_else(|| row.wrong(table, line, "a number, a time, and a later time"))?;
        Ok(EventSample { path: path.clone(), label, span_us: Some(span_us) })
    };
    let samples: Vec<EventSample> = rows.map(sample).collect::<Result<_, FolderError>>()?;
    if samples.is_empty() {
        return Err(FolderError::EmptyClass { folder: table.clone(), kind: FileKind::Recording }.into());
    }
    Ok(samples)
}

/// A line of a text file.
struct Line {
    text: String,
    offset: u64,
}

/// More than any list of trials or table of times has.
const MOST_TEXT_BYTES: u64 = 1 << 20;

/// The lines of a small text file, trimmed, each with its number, counted from 1.
fn lines(file: &Path) -> Result<impl Iterator<Item = (usize, Line)>, DataError> {
    let io_error = |action| move |source| DataError::Io { file: file.into(), action, source };
    let mut bytes = Vec::new();
    let source = File::open(file).map_err(io_error("open"))?;
    source.take(MOST_TEXT_BYTES + 1).read_to_end(&mut bytes).map_err(io_error("read"))?;
    if bytes.len() as u64 > MOST_TEXT_BYTES {
        let (found, cap) = (bytes.len() as u64, MOST_TEXT_BYTES);
        return Err(FolderError::FileTooLarge { file: file.into(), what: "bytes", found, cap }.into());
    }
    let mut offset = 0;
    let lines: Vec<Line> = bytes
        .split(|&byte| byte == b'\n')
        .map(|line| {
            let start = offset;
            offset += line.len() as u64 + 1;
            Line { text: String::from_utf8_lossy(line).trim().to_owned(), offset: start }
        })
        .collect();
    Ok((1..).zip(lines))
}

impl Line {
    /// The times of `number,first,last`, as a range without the last.
    fn span(&self) -> Option<std::ops::Range<u64>> {
        let numbers: Option<Vec<u64>> = self.text.split(',').map(|number| number.trim().parse().ok()).collect();
        match numbers?[..] {
            [_, start, end] if start < end => Some(start..end),
            _ => None,
        }
    }

    fn wrong(&self, file: &Path, line: usize, expected: &'static str) -> FolderError {
        let found = self.text.chars().take(80).collect();
        FolderError::Line { file: file.into(), line, offset: self.offset, expected, found }
    }
}
