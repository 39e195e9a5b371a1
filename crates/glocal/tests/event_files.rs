//! `glocal data info`, `show` and `convert` on files of events, as a user meets them.

mod common;

use std::fs;

use common::Scratch;
use glocal_data::events::{Format, encode};
use glocal_data::{Event, Polarity, Recording, SensorSize};

/// Three events of an N-MNIST camera, a second apart.
fn three_events() -> Recording {
    let event = |t_us, x, polarity| Event { t_us, x, y: 33, polarity };
    let events =
        vec![event(1_000_000, 0, Polarity::On), event(2_000_000, 1, Polarity::Off), event(3_000_000, 33, Polarity::On)];
    Recording { sensor: SensorSize { width: 34, height: 34 }, events }
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    fs::write(scratch.path("three.bin"), encode(&three_events(), Format::NMnist).unwrap()).unwrap();
    scratch
}

#[test]
fn a_file_is_described() {
    let scratch = scratch();
    let said = scratch.succeed(&["data", "info", "three.bin"]);
    let expected = "\
three.bin: n-mnist
sensor:   34 x 34 pixels
events:   3, 66.7 % on, 33.3 % off
duration: 2.000 s, 2 events/s
first:    1000000 us, pixel 0,33, on
last:     3000000 us, pixel 33,33, on
left out: nothing
";
    assert_eq!(said, expected);
    let json = scratch.succeed(&["data", "info", "three.bin", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["format"], &json["events"], &json["events_per_s"]), (&"n-mnist".into(), &3.into(), &1.5.into()));
    assert_eq!((&json["last"]["x"], &json["last"]["polarity"]), (&33.into(), &"on".into()));
    // Data sets are still told of by name, and a name that is nothing is refused as one.
    assert!(scratch.succeed(&["data", "info", "embedded-fashion-mnist"]).contains("6000 to train"));
    scratch.refuse(&["data", "info", "nonesuch"], &["unknown data set `nonesuch`"]);
    scratch.refuse(
        &["data", "info", "./nonesuch"],
        &["cannot read ./nonesuch", "hint: give the path of a file of events"],
    );
}

#[test]
fn a_damaged_file_is_refused_with_its_byte_or_read_as_far_as_it_is_good() {
    let scratch = scratch();
    let mut bytes = fs::read(scratch.path("three.bin")).unwrap();
    bytes.extend([40, 1, 0x7f, 0xff, 0xff, 1]);
    fs::write(scratch.path("bad.bin"), bytes).unwrap();
    let needles = ["bad.bin: event at pixel 40,1, outside the sensor of 34x34 pixels (at byte 15)", "--sensor WxH"];
    scratch.refuse(&["data", "info", "bad.bin"], &needles);
    let said = scratch.succeed(&["data", "info", "bad.bin", "--lenient"]);
    assert!(said.contains("events:   3,") && said.contains("left out: 1 off the sensor, 1 cut off"), "{said}");
    scratch.refuse(&["data", "info", "bad.bin", "--sensor", "41x34"], &["ends 4 bytes too early"]);
    scratch.refuse(&["data", "info", "tiny.toml"], &["not a known format of events", "--format"]);
}

#[test]
fn pictures_are_drawn() {
    let scratch = scratch();
    assert_eq!(scratch.succeed(&["data", "show", "three.bin", "-o", "sheet.png"]), "sheet.png\n");
    let sheet = fs::read(scratch.path("sheet.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(sheet)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    // Six windows in two rows: each 34 x 34 pixels eight times magnified with a bar of 4, and gaps of 8.
    assert_eq!((info.width, info.height), (3 * (272 + 8) + 8, 2 * (276 + 8) + 8));
    // The first event, On, is the lower left square of the first window; the rest of the window is empty.
    let at = |x: usize, y: usize| pixels[y * info.width as usize + x];
    let (on, ground, gap) = (at(8, 8 + 33 * 8), at(8 + 8, 8 + 33 * 8), at(0, 0));
    assert!(on != ground && ground != gap && at(15, 8 + 34 * 8 - 1) == on && at(8, 8) == ground);

    scratch.succeed(&["data", "show", "three.bin", "-o", "moving.gif", "--window-ms", "500"]);
    let mut gif = gif::DecodeOptions::new().read_info(fs::File::open(scratch.path("moving.gif")).unwrap()).unwrap();
    let mut frames = 0;
    while let Some(frame) = gif.read_next_frame().unwrap() {
        assert_eq!((frame.width, frame.height, frame.delay), (34 * 18, 34 * 18 + 4, 20));
        frames += 1;
    }
    assert_eq!(frames, 5, "two seconds and a microsecond in windows of half a second");

    scratch.refuse(&["data", "show", "three.bin", "-o", "a.jpg"], &["neither a .png nor a .gif"]);
    let needles = ["into 2000001 parts", "hint: give --window-ms 2 or more"];
    scratch.refuse(&["data", "show", "three.bin", "-o", "a.gif", "--window-ms", "0.001"], &needles);
    assert!(!scratch.path("a.gif").exists());
}

#[test]
fn conversion_loses_nothing_or_is_refused() {
    let scratch = scratch();
    for steps in [["three.bin", "a.npz"], ["a.npz", "b.raw"], ["b.raw", "c.bin"]] {
        assert_eq!(scratch.succeed(&["data", "convert", steps[0], "-o", steps[1]]), format!("{}\n", steps[1]));
    }
    assert_eq!(fs::read(scratch.path("three.bin")).unwrap(), fs::read(scratch.path("c.bin")).unwrap());
    let mut later = three_events();
    later.events[2].t_us = 1 << 23;
    fs::write(scratch.path("later.npz"), encode(&later, Format::Npz).unwrap()).unwrap();
    let needles = ["c.bin: the recording does not fit n-mnist: time in us 8388608", "hint: npz holds every recording"];
    scratch.refuse(&["data", "convert", "later.npz", "-o", "c.bin"], &needles);
    assert_eq!(fs::read(scratch.path("three.bin")).unwrap(), fs::read(scratch.path("c.bin")).unwrap());
    scratch.refuse(&["data", "convert", "a.npz", "-o", "d.bin", "--to", "n-caltech101"], &["sensor of 34x34 pixels"]);
    scratch.refuse(&["data", "convert", "a.npz", "-o", "d.aedat4"], &["not written as `.aedat4`"]);
}
