//! Oracles: small folders in the true layouts, written here; the real recordings where this machine has them.

use std::{
    cell::Cell,
    env, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use glocal_data::events::{FrameCut, FrameValue, Framing};
use glocal_data::folders::{
    EventDataset, EventSample, FileKind, FolderError, LabelledSpan, LoadLimits, cifar10_dvs, class_folders,
    dvs128_gesture, n_mnist, n_omniglot,
};
use glocal_data::{DataError, Event, Polarity, Recording, SensorSize, Split, Stream};
use tempfile::TempDir;

use crate::write;

/// N-MNIST's five bytes an event: x, y, polarity in the highest bit of a 24-bit time.
fn bin_bytes(events: &[(u8, u8, bool, u32)]) -> Vec<u8> {
    events
        .iter()
        .flat_map(|&(x, y, on, t)| [x, y, ((t >> 16) as u8) | u8::from(on) << 7, (t >> 8) as u8, t as u8])
        .collect()
}

/// A decoder for these tests alone; the sensor is larger than any of the sets'.
fn read_bin(path: &Path) -> Result<Recording, DataError> {
    let bytes = fs::read(path).map_err(|source| DataError::Io { file: path.into(), action: "read", source })?;
    let event = |b: &[u8]| Event {
        t_us: u64::from(b[2] & 0x7f) << 16 | u64::from(b[3]) << 8 | u64::from(b[4]),
        x: b[0].into(),
        y: b[1].into(),
        polarity: if b[2] & 0x80 == 0 { Polarity::Off } else { Polarity::On },
    };
    let sensor = SensorSize { width: 256, height: 256 };
    Ok(Recording { sensor, events: bytes.chunks_exact(5).map(event).collect() })
}

fn folder_error(result: Result<EventDataset, DataError>) -> FolderError {
    match result.unwrap_err() {
        DataError::Folder(error) => error,
        other => panic!("{other}"),
    }
}

/// Two recordings of each digit to train with, one to test with; the first event's time tells which one it is.
fn tiny_n_mnist() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for digit in 0..10_u32 {
        for (half, numbers) in [("Train", &[2_u32, 10][..]), ("Test", &[7])] {
            for number in numbers {
                let bytes = bin_bytes(&[(3, 4, true, 100 * digit + number), (33, 33, false, 70_000)]);
                write(&folder.path().join(format!("{half}/{digit}/{number:05}.bin")), &bytes);
            }
        }
    }
    folder
}

#[test]
fn n_mnist_lies_in_folders_of_digits() {
    let folder = tiny_n_mnist();
    let train = n_mnist(folder.path(), Split::Train).unwrap();
    assert_eq!((train.len(), train.class_names().len(), train.split()), (20, 10, Some(Split::Train)));
    assert_eq!(
        train.samples()[3],
        EventSample { path: folder.path().join("Train/1/00010.bin"), label: 1, span_us: None }
    );
    let mut loader = train.loader(read_bin, LoadLimits::default());
    let recording = loader.load(3).unwrap();
    assert_eq!(recording.sensor, SensorSize { width: 34, height: 34 });
    assert_eq!(recording.events[0], Event { t_us: 110, x: 3, y: 4, polarity: Polarity::On });
    assert_eq!(recording.events[1].t_us, 70_000);
    assert!(matches!(loader.load(20), Err(DataError::NoSuchSample { index: 20, len: 20, .. })));
    assert_eq!(n_mnist(folder.path(), Split::Test).unwrap().to_string(), "n-mnist: 10 recordings in 10 classes");
}

#[test]
fn recordings_of_another_set_are_refused() {
    let folder = tiny_n_mnist();
    write(&folder.path().join("Test/0/00007.bin"), &bin_bytes(&[(1, 1, true, 0), (34, 0, true, 1)]));
    let test = n_mnist(folder.path(), Split::Test).unwrap();
    let error = test.loader(read_bin, LoadLimits::default()).load(0).unwrap_err();
    assert!(error.to_string().ends_with("00007.bin: event 1 at (34, 0) lies beside the sensor of 34 x 34"), "{error}");
    let small = |limits| test.loader(read_bin, limits).load(1).unwrap_err().to_string();
    let bytes = small(LoadLimits { file_bytes: 9, ..LoadLimits::default() });
    assert!(bytes.ends_with("00007.bin: 10 bytes, more than the allowed 9"), "{bytes}");
    let events = small(LoadLimits { events: 1, ..LoadLimits::default() });
    assert!(events.ends_with("00007.bin: 2 events, more than the allowed 1"), "{events}");
    fs::remove_file(folder.path().join("Test/1/00007.bin")).unwrap();
    let gone = test.loader(read_bin, LoadLimits::default()).load(1).unwrap_err();
    assert!(matches!(gone, DataError::Io { action: "open", .. }), "{gone}");
}

#[test]
fn n_mnist_without_a_digit_or_a_sample_is_refused() {
    let folder = tiny_n_mnist();
    fs::remove_file(folder.path().join("Test/4/00007.bin")).unwrap();
    let error = folder_error(n_mnist(folder.path(), Split::Test));
    assert!(
        matches!(&error, FolderError::EmptyClass { folder, kind: FileKind::Recording } if folder.ends_with("Test/4"))
    );
    fs::remove_dir(folder.path().join("Test/4")).unwrap();
    let error = folder_error(n_mnist(folder.path(), Split::Test));
    assert!(error.to_string().ends_with("found 0, 1, 2, 3, 5, 6, 7, 8, 9"), "{error}");
    let error = n_mnist(&folder.path().join("nowhere"), Split::Test).unwrap_err();
    assert!(matches!(&error, DataError::Io { action: "list", file, .. } if file.ends_with("nowhere/Test")), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn any_class_folders_in_natural_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/x10.aedat", "b/x9.aedat", "a 10/1.npz", "a 9/2.dat", "a 9/.hidden", "a 9/notes.txt", "README.md"] {
        write(&folder.path().join(name), b"x");
    }
    let set = class_folders("own", folder.path()).unwrap();
    assert_eq!(set.class_names(), ["a 9", "a 10", "b"]);
    let names: Vec<_> =
        set.samples().iter().map(|s| s.path.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
    assert_eq!(names, ["a 9/2.dat", "a 10/1.npz", "b/x9.aedat", "b/x10.aedat"]);
    assert_eq!(set.samples().iter().map(|sample| sample.label).collect::<Vec<_>>(), [0, 1, 2, 2]);
}

#[test]
fn folders_that_are_no_data_set_are_refused_by_name() {
    let with = |files: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|file| write(&folder.path().join(file), b"x"));
        let error = folder_error(class_folders("own", folder.path()));
        assert!(!error.hint().is_empty());
        error
    };
    assert!(matches!(with(&[]), FolderError::NoClasses { .. }));
    assert!(matches!(with(&["notes.txt"]), FolderError::NoClasses { .. }));
    assert!(matches!(with(&["a/1.bin", "2.bin"]), FolderError::Stray { path, .. } if path.ends_with("2.bin")));
    assert!(matches!(with(&["a/b/1.bin"]), FolderError::Stray { path, .. } if path.ends_with("a/b")));
    assert!(
        matches!(with(&["a/1.bin", "b/notes.txt"]), FolderError::EmptyClass { folder, .. } if folder.ends_with("b"))
    );
    let mixed = with(&["a/1.bin", "b/2.png"]);
    assert!(
        matches!(&mixed, FolderError::MixedKinds { file, found: FileKind::Picture, .. } if file.ends_with("b/2.png"))
    );
    assert!(mixed.to_string().ends_with("2.png: picture, among recordings"), "{mixed}");
    assert!(matches!(with(&["a/1.bin", "a/2.exe"]), FolderError::MixedKinds { found: FileKind::Unknown, .. }));
}

#[test]
fn cifar10_dvs_is_cut_by_the_numbers_of_its_recordings() {
    let folder = tempfile::tempdir().unwrap();
    for class in glocal_data::cifar::CLASS_NAMES {
        for number in 0..12 {
            write(&folder.path().join(format!("{class}/cifar10_{class}_{number}.aedat")), b"x");
        }
    }
    let set = cifar10_dvs(folder.path()).unwrap();
    assert_eq!((set.len(), set.split(), set.sensor()), (120, None, Some(SensorSize { width: 128, height: 128 })));
    let [train, test] = set.train_test(2).unwrap();
    assert_eq!(
        (train.len(), test.len(), train.split(), test.split()),
        (100, 20, Some(Split::Train), Some(Split::Test))
    );
    let number = |sample: &EventSample| {
        sample.path.file_stem().unwrap().to_str().unwrap().rsplit('_').next().unwrap().parse().unwrap()
    };
    assert_eq!(test.samples().iter().map(number).collect::<Vec<u32>>(), [0, 1].repeat(10));
    assert_eq!(train.samples()[..10].iter().map(number).collect::<Vec<u32>>(), (2..12).collect::<Vec<_>>());
    for per_class in [0, 12, 13] {
        assert!(matches!(set.train_test(per_class), Err(DataError::Parameter { .. })));
    }
    let validation = set.split_validation(30, &Stream::new(0)).unwrap().validation;
    assert!((0..10).all(|label| validation.iter().filter(|&&n| set.samples()[n as usize].label == label).count() == 3));
    fs::rename(folder.path().join("cat"), folder.path().join("kat")).unwrap();
    assert!(matches!(folder_error(cifar10_dvs(folder.path())), FolderError::WrongClasses { .. }));
}

/// A reader of `class,startTime_usec,endTime_usec` for these tests alone.
fn gesture_labels(path: &Path) -> Result<Vec<LabelledSpan>, DataError> {
    let text =
        fs::read_to_string(path).map_err(|source| DataError::Io { file: path.into(), action: "read", source })?;
    let numbers = |line: &str| line.split(',').map(|number| number.parse().unwrap()).collect::<Vec<u64>>();
    Ok(text
        .lines()
        .skip(1)
        .map(numbers)
        .map(|n| LabelledSpan { label: n[0] as u32 - 1, span_us: n[1]..n[2] })
        .collect())
}

fn tiny_gesture() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("trials_to_train.txt"), b"user01_led.aedat\r\nuser02_lab.aedat\n\n");
    write(&at("trials_to_test.txt"), b"user24_led.aedat");
    for trial in ["user01_led", "user02_lab", "user24_led"] {
        let events: Vec<(u8, u8, bool, u32)> = (0..100).map(|t| (t as u8, 127, t % 2 == 0, t)).collect();
        write(&at(&format!("{trial}.aedat")), &bin_bytes(&events));
        write(&at(&format!("{trial}_labels.csv")), b"class,startTime_usec,endTime_usec\n1,10,20\n11,20,50\n");
    }
    folder
}

#[test]
fn dvs128_gesture_is_cut_at_its_labels() {
    let folder = tiny_gesture();
    let train = dvs128_gesture(folder.path(), Split::Train, gesture_labels).unwrap();
    assert_eq!((train.len(), train.class_names().len(), train.split()), (4, 11, Some(Split::Train)));
    assert_eq!(train.samples().iter().map(|s| s.label).collect::<Vec<_>>(), [0, 10, 0, 10]);
    let reads = Cell::new(0);
    let read = |path: &Path| {
        reads.set(reads.get() + 1);
        read_bin(path)
    };
    let mut loader = train.loader(read, LoadLimits::default());
    let times = |recording: Recording| -> Range<u64> { recording.span_us() };
    assert_eq!(
        (0..4).map(|number| times(loader.load(number).unwrap())).collect::<Vec<_>>(),
        [10..20, 20..50, 10..20, 20..50]
    );
    assert_eq!(reads.get(), 2, "each file is read once");
    assert_eq!(dvs128_gesture(folder.path(), Split::Test, gesture_labels).unwrap().len(), 2);
}

#[test]
fn lists_that_name_missing_trials_are_refused() {
    let folder = tiny_gesture();
    let train = |list: &str| {
        write(&folder.path().join("trials_to_train.txt"), list.as_bytes());
        folder_error(dvs128_gesture(folder.path(), Split::Train, gesture_labels))
    };
    let error = train("user01_led.aedat\nuser03_led.aedat\n");
    assert!(matches!(&error, FolderError::MissingTrial { line: 2, trial, .. } if trial.ends_with("user03_led.aedat")));
    assert!(error.to_string().contains("trials_to_train.txt: line 2 names "), "{error}");
    for list in ["../user01_led.aedat", "/etc/passwd", "user01_led", "..", "a/b.aedat"] {
        let error = train(&format!("user01_led.aedat\n{list}\n"));
        assert!(matches!(&error, FolderError::Line { line: 2, offset: 17, found, .. } if found == list), "{error}");
    }
    fs::remove_file(folder.path().join("user02_lab_labels.csv")).unwrap();
    let error = train("user02_lab.aedat");
    assert!(
        matches!(&error, FolderError::MissingTrial { line: 1, trial, .. } if trial.ends_with("user02_lab_labels.csv"))
    );
    write(&folder.path().join("trials_to_train.txt"), b"");
    assert!(matches!(dvs128_gesture(folder.path(), Split::Train, gesture_labels), Err(DataError::Inconsistent { .. })));
    fs::remove_file(folder.path().join("trials_to_train.txt")).unwrap();
    assert!(matches!(dvs128_gesture(folder.path(), Split::Train, gesture_labels), Err(DataError::Io { .. })));
    write(&folder.path().join("trials_to_train.txt"), &vec![b'\n'; (1 << 20) + 1]);
    assert!(matches!(train(&"\n".repeat((1 << 20) + 1)), FolderError::FileTooLarge { .. }));
}

/// A label that is no gesture is the reader's to refuse, and ours too.
#[test]
fn labels_that_are_no_class_are_refused() {
    let folder = tiny_gesture();
    let wrong = |_: &Path| Ok(vec![LabelledSpan { label: 11, span_us: 0..1 }]);
    let error = dvs128_gesture(folder.path(), Split::Train, wrong).unwrap_err();
    assert!(error.to_string().contains("user01_led.aedat"), "{error}");
}

fn tiny_n_omniglot() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for half in ["dvs_background_1/Greek", "dvs_background_2/Latin", "dvs_evaluation/Tengwar"] {
        for character in 1..=2 {
            let at = |name: &str| folder.path().join(format!("{half}/character{character:02}/{name}"));
            write(&at("0100.aedat4"), &bin_bytes(&[(0, 0, true, 5), (1, 1, true, 15), (2, 2, true, 25)]));
            write(&at("0100.csv"), b",start,end\n0,5,15\n1,15,30\n");
        }
    }
    folder
}

#[test]
fn n_omniglot_has_a_class_for_each_character() {
    let folder = tiny_n_omniglot();
    let train = n_omniglot(folder.path(), Split::Train).unwrap();
    assert_eq!(
        train.class_names(),
        ["Greek/character01", "Greek/character02", "Latin/character01", "Latin/character02"]
    );
    assert_eq!(train.samples().iter().map(|s| s.label).collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3, 3]);
    let mut loader = train.loader(read_bin, LoadLimits::default());
    assert_eq!(loader.load(0).unwrap().span_us(), 5..6);
    assert_eq!(loader.load(1).unwrap().span_us(), 15..26);
    assert_eq!(n_omniglot(folder.path(), Split::Test).unwrap().len(), 4);
}

#[test]
fn n_omniglot_with_bad_tables_is_refused() {
    let folder = tiny_n_omniglot();
    let table = folder.path().join("dvs_evaluation/Tengwar/character02/0100.csv");
    for row in ["0,5", "0,15,5", "x,1,2", "0,1,2,3", "0,-1,2"] {
        write(&table, format!(",start,end\n0,5,15\n{row}\n").as_bytes());
        let error = folder_error(n_omniglot(folder.path(), Split::Test));
        assert!(matches!(&error, FolderError::Line { line: 3, offset: 18, found, .. } if found == row), "{error}");
    }
    write(&table, b",start,end\n");
    assert!(matches!(folder_error(n_omniglot(folder.path(), Split::Test)), FolderError::EmptyClass { .. }));
    write(&table.with_file_name("more.csv"), b"");
    assert!(
        matches!(folder_error(n_omniglot(folder.path(), Split::Test)), FolderError::Stray { path, .. } if path.ends_with("more.csv"))
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(folder_error(n_omniglot(empty.path(), Split::Train)), FolderError::NoClasses { .. }));
}

#[test]
fn data_sets_that_hold_nothing_are_refused() {
    let new = |classes: usize, samples| EventDataset::new("x", vec![String::new(); classes], samples);
    let sample = |label| EventSample { path: PathBuf::from("a.bin"), label, span_us: None };
    assert!(matches!(new(1, vec![]), Err(DataError::Inconsistent { what: "number of samples", .. })));
    assert!(matches!(new(1, vec![sample(1)]), Err(DataError::Inconsistent { what: "label", .. })));
    assert!(new(2, vec![sample(1)]).is_ok());
}

/// The first 1000 + 100 recordings of N-MNIST, where this machine has them: labels as MNIST's first images have them,
/// three saccades of 100 ms.
#[test]
fn recordings_of_n_mnist() {
    let folder = env::var_os("GLOCAL_DATA").map(|data| PathBuf::from(data).join("n-mnist-1100"));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        return eprintln!("SKIPPED: no n-mnist-1100 in GLOCAL_DATA");
    };
    let [train, test] = [Split::Train, Split::Test].map(|split| n_mnist(&folder, split).unwrap());
    assert_eq!((train.len(), test.len()), (1000, 100));
    let label_of = |name: &str| train.samples().iter().find(|s| s.path.ends_with(name)).map(|s| s.label);
    let first = (1..=5).map(|number| label_of(&format!("{number:05}.bin"))).collect::<Vec<_>>();
    assert_eq!(first, [5, 0, 4, 1, 9].map(Some));
    let mut loader = test.loader(read_bin, LoadLimits::default());
    let framing = Framing { cut: FrameCut::Time { frames: 8 }, value: FrameValue::Count };
    for number in 0..100 {
        let recording = loader.load(number).unwrap();
        let counted: f32 = framing.apply(&recording).unwrap().values.iter().sum();
        assert_eq!(counted, recording.events.len() as f32, "every event is in one frame");
        let span = recording.span_us();
        assert!((280_000..340_000).contains(&(span.end - span.start)), "{number}: {span:?}");
    }
}
