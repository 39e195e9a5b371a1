//! Every format, on files written byte by byte from its published description.

use std::path::Path;

use glocal_data::events::{EventFault, EventReader, Format, ReadOptions, Strictness, encode, read_recording};
use glocal_data::{DataError, Event, Polarity, Recording, SensorSize};

use crate::made::{self, Made};
use crate::{digest, tuple};

fn read(file: &[u8], name: &str, options: &ReadOptions) -> Result<Recording, DataError> {
    read_recording(file, Path::new(name), options).map(|(recording, _)| recording)
}

fn fault(file: &[u8], name: &str) -> (Option<u64>, EventFault) {
    match read(file, name, &ReadOptions::default()) {
        Err(DataError::Events { offset, fault, .. }) => (offset, fault),
        other => panic!("{name}: {other:?}"),
    }
}

fn made(name: &str) -> Made {
    made::all().into_iter().find(|made| made.name == name).unwrap()
}

#[test]
fn every_format_gives_back_what_was_put_in() {
    for Made { name, format, sensor, bytes, events, other, before_time } in made::all() {
        let options = ReadOptions::default();
        let reader = EventReader::new(bytes.as_slice(), Path::new(name), &options).unwrap();
        assert_eq!((reader.format(), reader.sensor()), (format, sensor), "{name}");
        let (recording, left_out) = read_recording(bytes.as_slice(), Path::new(name), &options).unwrap();
        assert_eq!(recording.events, events, "{name}");
        assert_eq!((left_out.other, left_out.before_time), (other, before_time), "{name}");
        assert!(!left_out.is_damaged(), "{name}");
    }
}

/// A source that gives one byte at a time, and one that gives all, lead to the same events.
#[test]
fn it_does_not_matter_how_the_bytes_arrive() {
    struct Trickle<'a>(&'a [u8]);
    impl std::io::Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    for Made { name, bytes, events, .. } in made::all() {
        let (recording, _) = read_recording(Trickle(&bytes), Path::new(name), &ReadOptions::default()).unwrap();
        assert_eq!(recording.events, events, "{name}");
    }
}

/// Oracle: tonic 1.7.0, expelliarmus 1.1.12, aedat 2.3.0, event_stream 1.6.3 and NumPy 2.4.6 on the files that
/// `write_made_files` writes, run by `tests/interop/events_oracle.py --made`.
#[test]
fn made_files_are_read_by_others_as_by_us() {
    for (name, count, first, last, expected) in OTHERS {
        let events = match WRITTEN.iter().find(|(_, written)| *written == name) {
            Some((format, _)) => sample_recording(*format).events,
            None => made(name).events,
        };
        assert_eq!(events.len(), count, "{name}");
        assert_eq!((tuple(&events[0]), tuple(&events[count - 1])), (first, last), "{name}");
        assert_eq!(digest(&events), expected, "{name}");
    }
}

type Other = (&'static str, usize, (u64, u16, u16, u8), (u64, u16, u16, u8), u64);
const OTHERS: [Other; 12] = [
    ("made.bin", 200, (1961, 9, 25, 1), (207572, 32, 13, 1), 2870354152),
    ("made_plain.aedat4", 200, (1600000000000094, 191, 273, 1), (1600000000009860, 236, 287, 1), 13713255926467609987),
    ("made_lz4.aedat4", 200, (1600000000000094, 191, 273, 1), (1600000000009860, 236, 287, 1), 13713255926467609987),
    ("made_zstd.aedat4", 200, (1600000000000094, 191, 273, 1), (1600000000009860, 236, 287, 1), 13713255926467609987),
    ("made.es", 200, (657, 191, 33, 1), (30901, 236, 47, 1), 443412166),
    ("made_columns.npz", 200, (171, 31, 33, 1), (9937, 36, 7, 1), 137888281),
    ("made_records.npz", 200, (171, 31, 33, 1), (9937, 36, 7, 1), 137887303),
    ("made.dat", 200, (4294962390, 191, 273, 1), (4294972156, 236, 287, 1), 86328919311203),
    ("written.bin", 502, (0, 0, 0, 0), (8388607, 33, 33, 0), 9972200853),
    ("written_caltech.bin", 502, (0, 0, 0, 0), (8388607, 239, 179, 0), 9973552897),
    ("written.raw", 502, (0, 0, 0, 0), (17179869183, 2047, 2047, 0), 17232983378917),
    ("written.npz", 502, (0, 0, 0, 0), (9223372036854775807, 65534, 65534, 0), 9223372038938782861),
];

/// Oracle for EVT 3.0: the crate evt3 0.4.1, which does not continue the 24 bits of time over their wraps, on
/// `made_evt3.raw` and `made_evt3_extras.raw`. (expelliarmus 1.1.12 agrees in count, pixels and polarity; to the time
/// it adds 4096 us whenever the lower bits fall, on top of the upper bits that say the same.)
#[test]
fn evt3_is_read_by_others_as_by_us() {
    for name in ["made_evt3.raw", "made_evt3_extras.raw"] {
        let mut events = made(name).events;
        events.iter_mut().for_each(|event| event.t_us %= 1 << 24);
        assert_eq!((events.len(), digest(&events)), (4335, 83589017404830), "{name}");
    }
}

#[test]
#[ignore = "writes files for other readers into the folder named by GLOCAL_MADE"]
fn write_made_files() {
    let folder = std::env::var_os("GLOCAL_MADE").expect("a folder in GLOCAL_MADE");
    for made in made::all() {
        std::fs::write(Path::new(&folder).join(made.name), made.bytes).unwrap();
    }
    for (format, name) in WRITTEN {
        let recording = sample_recording(format);
        std::fs::write(Path::new(&folder).join(name), encode(&recording, format).unwrap()).unwrap();
    }
}

const WRITTEN: [(Format, &str); 4] = [
    (Format::Npz, "written.npz"),
    (Format::NMnist, "written.bin"),
    (Format::NCaltech101, "written_caltech.bin"),
    (Format::Evt2, "written.raw"),
];

/// Events at the edges of what a format holds.
fn sample_recording(format: Format) -> Recording {
    let (sensor, last_us) = match format {
        Format::NMnist => (SensorSize { width: 34, height: 34 }, (1 << 23) - 1),
        Format::NCaltech101 => (SensorSize { width: 240, height: 180 }, (1 << 23) - 1),
        Format::Evt2 => (SensorSize { width: 2048, height: 2048 }, (1 << 34) - 1),
        _ => (SensorSize { width: 65535, height: 65535 }, i64::MAX as u64),
    };
    let edge = |t_us, polarity| Event { t_us, x: sensor.width - 1, y: sensor.height - 1, polarity };
    let mut events = vec![Event { t_us: 0, x: 0, y: 0, polarity: Polarity::Off }];
    events.extend((1..500).map(|i| Event {
        t_us: 37 * i,
        x: (i % 34) as u16,
        y: (i % 31) as u16,
        polarity: Polarity::On,
    }));
    events.extend([edge(last_us, Polarity::On), edge(last_us, Polarity::Off)]);
    Recording { sensor, events }
}

#[test]
fn what_is_written_is_read_back() {
    for (format, name) in WRITTEN {
        let recording = sample_recording(format);
        let bytes = encode(&recording, format).unwrap();
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        assert_eq!(read(&bytes, name, &options).unwrap(), recording, "{name}");
    }
    let empty = Recording { sensor: SensorSize { width: 3, height: 2 }, events: Vec::new() };
    for format in [Format::Npz, Format::Evt2] {
        let bytes = encode(&empty, format).unwrap();
        assert_eq!(read(&bytes, "empty", &ReadOptions::default()).unwrap(), empty);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let one = |width, height, t_us| Recording {
        sensor: SensorSize { width, height },
        events: vec![Event { t_us, x: 0, y: 0, polarity: Polarity::On }],
    };
    for (recording, format, needle) in [
        (one(35, 34, 0), Format::NMnist, "sensor of 35x34 pixels, where recordings are of 34x34 pixels"),
        (one(34, 34, 1 << 23), Format::NMnist, "time in us 8388608, where times are below 8388608"),
        (one(241, 180, 0), Format::NCaltech101, "sensor of 241x180"),
        (one(2049, 1, 0), Format::Evt2, "at most 2048"),
        (one(1, 1, 1 << 34), Format::Evt2, "times are below 17179869184"),
        (one(1, 1, u64::MAX), Format::Npz, "times are at most"),
    ] {
        let fault = encode(&recording, format).unwrap_err();
        assert!(fault.to_string().contains(needle), "{fault}");
        assert!(fault.hint().contains("npz"));
    }
}

#[test]
fn faults_are_named_with_their_byte() {
    let cut = |name: &str, bytes: usize| {
        let file = made(name).bytes;
        file[..file.len() - bytes].to_vec()
    };
    for (name, bytes) in
        [("made.bin", 2), ("made.dat", 1), ("made.raw", 3), ("made_evt21.raw", 7), ("made_evt3.raw", 1)]
    {
        let file = cut(name, bytes);
        let (offset, fault) = fault(&file, name);
        assert!(matches!(fault, EventFault::CutOff { missing, .. } if missing == bytes as u64), "{name}: {fault}");
        assert!(offset.unwrap() < file.len() as u64 && offset.unwrap() + 8 > file.len() as u64, "{name}");
    }
    let (offset, found) = fault(&cut("made_gesture.aedat", 5), "a.aedat");
    assert!(matches!(found, EventFault::CutOff { missing: 5, .. }), "{found} {offset:?}");
    assert!(matches!(fault(&cut("made_lz4.aedat4", 60), "a").1, EventFault::CutOff { .. }));
    // Five bytes before the event: two columns of padding at the end of the file, then nothing.
    assert!(matches!(fault(&cut("made.es", 4), "a").1, EventFault::CutOff { missing: 2, .. }));
}

#[test]
fn each_kind_of_damage_has_its_own_words() {
    let event = |x: u8, y: u8, t: u8| [x, y, 0, 0, t];
    let file = [event(1, 1, 5), event(34, 1, 6)].concat();
    let sensor = SensorSize { width: 34, height: 34 };
    assert_eq!(fault(&file, "a.bin"), (Some(5), EventFault::OffSensor { x: 34, y: 1, sensor }));
    let file = [event(1, 1, 5), event(1, 1, 6), event(1, 1, 4)].concat();
    assert_eq!(fault(&file, "a.bin"), (Some(10), EventFault::Backwards { t_us: 4, last_us: 6 }));
    assert_eq!(fault(b"", "a.bin"), (Some(0), EventFault::Empty));
    assert_eq!(fault(b"% evt 2.0\n\x00\x00\x00\x50", "a").1, EventFault::UnknownWord { word: 0x5000_0000 });
    let message = |file: &[u8]| fault(file, "a").1.to_string();
    assert_eq!(message(b"Event Stream\x02\x00\x00\x02\x01\x00\x01\x00"), "kind of Event Stream `ATIS` is not read");
    assert_eq!(message(b"Event Stream\x01\x00\x00\x01\x01\x00\x01\x00"), "Event Stream version `1.0.0` is not read");
    assert_eq!(message(b"% Data file containing CD events\n% Version 1\n\x00\x08"), "DAT version `1` is not read");
    assert_eq!(message(b"% evt 4.0\n"), "Prophesee format `4.0` is not read");
    let compressed = b"#!AER-DAT3.1\r\n#Format: Serial-TS\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n";
    assert_eq!(message(compressed), "AEDAT 3.1 coding `Serial-TS` is not read");
    let cochlea = b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.cochlea.CochleaAMS1c\r\n";
    assert!(message(cochlea).starts_with("AEDAT 2.0 chip `AEChip: ch.unizh.ini.jaer.chip.cochlea"));
    let unknown = b"#!AER-DAT3.1\r\n#Source 1: Nonesuch\r\n#!END-HEADER\r\n";
    assert_eq!(fault(unknown, "a").1, EventFault::UnknownSensor);
    let options = ReadOptions { sensor: Some(sensor), ..ReadOptions::default() };
    assert_eq!(read(unknown, "a", &options).unwrap().sensor, sensor);
}

#[test]
fn lenient_reading_keeps_the_good_part_and_counts_the_rest() {
    let event = |x: u8, t: u8| [x, 1, 0, 0, t];
    let file = [event(1, 5).as_slice(), &event(40, 6), &event(2, 7), &event(3, 6), &event(4, 8), &[1, 1]].concat();
    let options = ReadOptions { strictness: Strictness::Lenient, ..ReadOptions::default() };
    let (recording, left_out) = read_recording(file.as_slice(), Path::new("a.bin"), &options).unwrap();
    assert_eq!(recording.events.iter().map(|e| e.x).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!((left_out.off_sensor, left_out.backwards, left_out.cut_off, left_out.damaged), (1, 1, 1, 0));
    assert_eq!(left_out.to_string(), "1 off the sensor, 1 back in time, 1 cut off");
    // A packet that cannot be unpacked is one loss; the packets around it are kept.
    let mut file = made("made_lz4.aedat4");
    let second = file.bytes.windows(8).rposition(|w| w[..4] == 3_i32.to_le_bytes() && w[6..] == [0, 0]).unwrap();
    file.bytes[second + 8] ^= 0xff;
    let (recording, left_out) = read_recording(file.bytes.as_slice(), Path::new("a"), &options).unwrap();
    assert_eq!((recording.events.as_slice(), left_out.damaged), (&file.events[..150], 1));
}

#[test]
fn limits_hold() {
    let limits = glocal_data::events::Limits { events: 100, ..Default::default() };
    for Made { name, bytes, events, .. } in made::all() {
        let strict = ReadOptions { limits, ..ReadOptions::default() };
        assert!(read(&bytes, name, &strict).unwrap_err().to_string().contains("more than the allowed 100"), "{name}");
        let lenient = ReadOptions { strictness: Strictness::Lenient, ..strict };
        let (recording, left_out) = read_recording(bytes.as_slice(), Path::new(name), &lenient).unwrap();
        assert_eq!(recording.events, events[..100], "{name}");
        assert!(left_out.over_limit > 0 && left_out.is_damaged(), "{name}");
    }
}
