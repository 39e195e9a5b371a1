//! Recordings of real cameras and simulators, compared with what other readers make of them.
//!
//! Oracle: tonic 1.7.0, expelliarmus 1.1.12, aedat 2.3.0 and event_stream 1.6.3, run by
//! `tests/interop/events_oracle.py`, which printed the lines of [`SAMPLES`].

use std::fs;

use glocal_data::events::{Format, LeftOut, ReadOptions, open, read_recording};
use glocal_data::{Recording, SensorSize};

use crate::{digest, outside, tuple};

type Sample = (&'static str, usize, (u64, u16, u16, u8), (u64, u16, u16, u8), u64);

/// File, events, first and last event (time, column, row, polarity), digest of all.
const SAMPLES: [Sample; 7] = [
    ("event-samples/nmnist.bin", 4325, (654, 7, 15, 1), (311175, 21, 14, 1), 1969609280013),
    ("event-samples/aedat2_dvs128_ne15.aedat", 400670, (40, 108, 123, 1), (99999946, 118, 115, 0), 5355648428635698395),
    (
        "event-samples/aedat2_davis_translating_bar_x.aedat",
        10000,
        (100000, 51, 178, 1),
        (10000000, 150, 79, 1),
        335900262842500,
    ),
    (
        "event-samples/aedat4.aedat4",
        111954,
        (1605537493718345, 154, 204, 0),
        (1605537494308262, 88, 237, 1),
        11344064492152534275,
    ),
    ("event-samples/prophesee.dat", 2009, (0, 25, 8, 0), (99952, 75, 28, 1), 132903269650),
    ("event-samples/evt2.raw", 521252, (913716224, 35, 443, 1), (913812095, 12, 471, 0), 13458081322105621450),
    ("event-samples/eventstream.es", 473225, (0, 0, 0, 1), (999000, 38, 193, 1), 68328277913080407),
];

/// Formats and sensors of [`SAMPLES`], as their headers say or as [`Format`] documents for headers that do not.
const FORMATS: [(Format, u16, u16); 7] = [
    (Format::NMnist, 34, 34),
    (Format::Aedat2, 128, 128),
    (Format::Aedat2, 240, 180),
    (Format::Aedat4, 320, 240),
    (Format::Dat, 304, 240),
    (Format::Evt2, 640, 480),
    (Format::EventStream, 320, 240),
];

fn read(path: &std::path::Path) -> (Format, Recording, LeftOut) {
    let options = ReadOptions::default();
    let format = open(path, &options).unwrap().format();
    let (recording, left_out) = read_recording(fs::File::open(path).unwrap(), path, &options).unwrap();
    (format, recording, left_out)
}

#[test]
fn samples_read_as_others_read_them() {
    for ((name, count, first, last, expected), (format, width, height)) in SAMPLES.into_iter().zip(FORMATS) {
        let Some(path) = outside(name) else { return };
        let (found, recording, left_out) = read(&path);
        assert_eq!((found, recording.sensor), (format, SensorSize { width, height }), "{name}");
        assert_eq!(recording.events.len(), count, "{name}");
        let ends = (recording.events.first().map(tuple), recording.events.last().map(tuple));
        assert_eq!(ends, (Some(first), Some(last)), "{name}");
        assert_eq!(digest(&recording.events), expected, "{name}");
        assert!(!left_out.is_damaged() && left_out.before_time == 0, "{name}: {left_out}");
    }
}

#[test]
fn eleven_hundred_n_mnist_recordings_read_as_tonic_reads_them() {
    let Some(folder) = outside("n-mnist-1100") else { return };
    let (mut files, mut events, mut sum) = (0, 0, 0_u64);
    for class in ["Train", "Test"].iter().flat_map(|part| fs::read_dir(folder.join(part)).unwrap()) {
        for file in fs::read_dir(class.unwrap().path()).unwrap() {
            let (_, recording, _) = read(&file.unwrap().path());
            files += 1;
            events += recording.events.len();
            sum = sum.wrapping_add(digest(&recording.events));
        }
    }
    assert_eq!((files, events, sum), (1100, 4_518_827, 1_967_810_631_827_003));
}
