//! Damaged and hostile bytes: no panic, bounded memory, and an answer that is an error or a right recording.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::path::Path;

use glocal_data::events::{
    EventReader, Format, LeftOut, Limits, ReadOptions, Strictness, encode, gesture, read_recording,
};
use glocal_data::{DataError, Event, Polarity, Recording, SensorSize};
use proptest::prelude::*;

use crate::made;

/// Counts the bytes that a thread holds, and the most it held.
struct Counting;

thread_local! {
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn note(bytes: isize) {
    // A thread that ends has no counter any more, and nothing to measure.
    let _ = HELD.try_with(|held| {
        let now = held.get().0 + bytes;
        held.set((now, held.get().1.max(now)));
    });
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes held at once while `work` ran, beyond those held before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, isize) {
    let before = HELD.with(|held| {
        held.set((held.get().0, held.get().0));
        held.get().0
    });
    let result = work();
    (result, HELD.with(|held| held.get().1) - before)
}

/// Small, so that the tests would notice if it were not kept.
const LIMITS: Limits = Limits { events: 1 << 16, packet_bytes: 1 << 20, ratio: 200 };
/// A window, its events (32 for each word of EVT 2.1) twice while they grow, packets packed and unpacked, the
/// decompressors' own windows (LZ4: 8 MiB), a recording of `LIMITS.events`.
const PEAK_BYTES: isize = 24 << 20;

fn options(format: Option<Format>, strictness: Strictness) -> ReadOptions {
    ReadOptions { format, strictness, limits: LIMITS, ..ReadOptions::default() }
}

type Outcome = Result<(Recording, LeftOut), DataError>;

/// Reads strictly and leniently; checks what holds for any bytes.
fn read_both(file: &[u8], name: &str, format: Option<Format>) -> (Outcome, Outcome) {
    let read = |strictness| {
        let (outcome, peak) = peak(|| read_recording(file, Path::new(name), &options(format, strictness)));
        assert!(peak < PEAK_BYTES, "{name}: {peak} bytes held for {} bytes", file.len());
        if let Ok((recording, _)) = &outcome {
            assert_right(recording);
        }
        outcome
    };
    let (strict, lenient) = (read(Strictness::Strict), read(Strictness::Lenient));
    match (&strict, &lenient) {
        (Ok((recording, left_out)), _) => {
            assert!(!left_out.is_damaged(), "{name}: a strict reader leaves nothing damaged out");
            assert_eq!(&lenient.as_ref().unwrap().0, recording, "{name}: undamaged files read the same");
        }
        (Err(error), _) => assert!(!error.to_string().is_empty() && error.hint().is_some()),
    }
    (strict, lenient)
}

fn assert_right(recording: &Recording) {
    assert!(recording.events.len() as u64 <= LIMITS.events);
    assert!(recording.events.iter().all(|e| recording.sensor.contains(e.x, e.y)));
    assert!(recording.events.windows(2).all(|pair| pair[0].t_us <= pair[1].t_us));
}

/// Bytes of a made file that its header takes, and after which lenient reading must not fail.
fn header_bytes(file: &made::Made) -> usize {
    match file.format {
        Format::NMnist | Format::NCaltech101 => 1,
        Format::EventStream => 20,
        Format::Npz => file.bytes.len(),
        Format::Aedat4 => 18 + u32::from_le_bytes(file.bytes[14..18].try_into().unwrap()) as usize,
        _ => {
            let ends =
                [b"% end\n".as_slice(), b"#!END-HEADER\r\n", b"Header\r\n", b"Davis346B\r\n", b"Width 640\n\x0c\x08"];
            let end = |end: &[u8]| file.bytes.windows(end.len()).position(|w| w == end).map(|at| at + end.len());
            ends.into_iter().find_map(end).unwrap()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn bytes_changed_anywhere(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let files = made::all();
        let made = which.get(&files);
        let mut bytes = made.bytes.clone();
        for (place, value) in &changes {
            let place = place.index(bytes.len());
            bytes[place] = *value;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        let _ = read_both(&bytes, made.name, None);
        let _ = read_both(&bytes, made.name, Some(made.format));
    }

    #[test]
    fn lenient_reading_never_fails_after_the_header(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let files: Vec<_> = made::all().into_iter().filter(|made| made.format != Format::Npz).collect();
        let made = which.get(&files);
        let header = header_bytes(made);
        let mut bytes = made.bytes.clone();
        for (place, value) in &changes {
            let place = header + place.index(bytes.len() - header);
            bytes[place] = *value;
        }
        bytes.truncate(header + cut.index(bytes.len() + 1 - header));
        let (_, lenient) = read_both(&bytes, made.name, None);
        prop_assert!(lenient.is_ok(), "{}: {:?}", made.name, lenient);
    }

    #[test]
    fn bytes_at_random(bytes in prop::collection::vec(any::<u8>(), 0..4096), which in any::<prop::sample::Index>()) {
        let _ = read_both(&bytes, "random.bin", None);
        let _ = read_both(&bytes, "random", Some(*which.get(&Format::ALL)));
    }

    #[test]
    fn random_bytes_behind_a_right_header(
        bytes in prop::collection::vec(any::<u8>(), 0..4096),
        which in any::<prop::sample::Index>(),
    ) {
        let files: Vec<_> = made::all().into_iter().filter(|made| made.format != Format::Npz).collect();
        let made = which.get(&files);
        let file = [&made.bytes[..header_bytes(made)], &bytes].concat();
        let (_, lenient) = read_both(&file, made.name, None);
        prop_assert!(lenient.is_ok(), "{}: {:?}", made.name, lenient);
    }

    #[test]
    fn any_recording_is_written_and_read_back(
        steps in prop::collection::vec((0_u64..5000, any::<u16>(), any::<u16>(), any::<bool>()), 0..300),
        which in 0..4_usize,
    ) {
        let format = [Format::Npz, Format::Evt2, Format::NMnist, Format::NCaltech101][which];
        let (width, height) = [(300, 200), (1280, 720), (34, 34), (240, 180)][which];
        let mut t_us = 0;
        let events = steps.iter().map(|&(step, x, y, on)| {
            t_us += step;
            Event { t_us, x: x % width, y: y % height, polarity: if on { Polarity::On } else { Polarity::Off } }
        });
        let recording = Recording { sensor: SensorSize { width, height }, events: events.collect() };
        let bytes = encode(&recording, format).unwrap();
        if bytes.is_empty() {
            return Ok(());
        }
        let (strict, _) = read_both(&bytes, "a.bin", Some(format));
        prop_assert_eq!(strict.unwrap().0, recording);
    }

    #[test]
    fn labels_of_any_text(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = gesture::read_labels(text.as_slice(), Path::new("labels.csv"));
    }
}

/// A recording of any length passes through a window: here 256 MiB of words that nobody holds.
#[test]
fn memory_does_not_grow_with_the_file() {
    let words = [0x8000_0000_u32, 0x1000_0001, 0x0040_0002, 0x1080_0003].map(u32::to_le_bytes).concat();
    let block = words.repeat(1 << 14);
    let blocks = std::iter::repeat_n(block.as_slice(), 1 << 10);
    let header = b"% evt 2.0\n% geometry 640x480\n% end\n".as_slice();
    let source = Parts(std::iter::once(header).chain(blocks).collect());
    let lenient = ReadOptions { strictness: Strictness::Lenient, ..ReadOptions::default() };
    let (events, peak) = peak(|| {
        let mut reader = EventReader::new(source, Path::new("long.raw"), &lenient).unwrap();
        let mut events = 0;
        while let Some(chunk) = reader.next_chunk().unwrap() {
            events += chunk.len();
        }
        events + reader.left_out().backwards as usize
    });
    assert_eq!(events, 3 << 24);
    assert!(peak < 2 << 20, "{peak} bytes");
}

/// Slices one after the other.
struct Parts<'a>(std::collections::VecDeque<&'a [u8]>);

impl std::io::Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.0.front().is_some_and(|part| part.is_empty()) {
            self.0.pop_front();
        }
        self.0.front_mut().map_or(Ok(0), |part| part.read(buffer))
    }
}

#[test]
fn a_zip_bomb_is_refused_before_it_explodes() {
    let bomb = |declared_honestly: bool| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file("t.npy", options).unwrap();
        zip.write_all(&vec![0; 100 << 20]).unwrap();
        let mut bytes = zip.finish().unwrap().into_inner();
        if !declared_honestly {
            for magic in [b"PK\x03\x04".as_slice(), b"PK\x01\x02"] {
                let at = bytes.windows(4).rposition(|w| w == magic).unwrap();
                let size_at = at + if magic[2] == 3 { 22 } else { 24 };
                bytes[size_at..size_at + 4].copy_from_slice(&100_u32.to_le_bytes());
            }
        }
        bytes
    };
    for honest in [true, false] {
        let (strict, lenient) = read_both(&bomb(honest), "bomb.npz", None);
        let message = strict.unwrap_err().to_string();
        assert!(message.contains("more than the allowed 1048576") || message.contains("unpack"), "{message}");
        assert!(lenient.is_err(), "an npz file's columns are its header");
    }
    // With the usual limits, the ratio alone refuses it.
    let error = read_recording(bomb(true).as_slice(), Path::new("a.npz"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("unpacked bytes of an npz file: 104857600"), "{error}");
}

#[test]
fn a_packet_bomb_is_refused_before_it_explodes() {
    let made = made::all().into_iter().find(|made| made.name == "made_lz4.aedat4").unwrap();
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(&vec![0; 100 << 20]).unwrap();
    let packed = encoder.finish().unwrap();
    let mut file = made.bytes[..header_bytes(&made)].to_vec();
    // Without a table of packets (-1), packets go on to the end.
    let table_at = file.windows(8).position(|w| w == (made.bytes.len() as i64 - 24).to_le_bytes()).unwrap();
    file[table_at..table_at + 8].copy_from_slice(&(-1_i64).to_le_bytes());
    file.extend([3_i32.to_le_bytes(), (packed.len() as i32).to_le_bytes()].concat());
    file.extend(&packed);
    let (strict, lenient) = read_both(&file, "bomb.aedat4", None);
    let message = strict.unwrap_err().to_string();
    assert!(message.contains("unpacked bytes of a packet") && message.contains("more than"), "{message}");
    assert_eq!(lenient.unwrap().1.damaged, 1);
}

#[test]
fn an_archive_of_a_hundred_thousand_files_is_not_opened() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..100_000 {
        zip.start_file(index.to_string(), zip::write::SimpleFileOptions::default()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let ample = ReadOptions::default();
    let (outcome, peak) = peak(|| read_recording(bytes.as_slice(), Path::new("a.npz"), &ample));
    assert!(outcome.unwrap_err().to_string().contains("number of arrays of an npz file"));
    assert!(peak < 3 * bytes.len() as isize, "{peak} bytes for a file of {}", bytes.len());
}

/// The parser of XML compares each attribute of a tag with all before it: the longest tags that are let through to it.
#[test]
fn a_header_of_attributes_is_no_work() {
    let attributes: String = (0..1_500).map(|i| format!(" a{i}=''")).collect();
    let xml = format!("<dv>{}</dv>", format!("<b{attributes}/>").repeat(70));
    let mut table = 0_i32.to_le_bytes().to_vec();
    table.extend((-1_i64).to_le_bytes());
    table.extend(4_u32.to_le_bytes());
    table.extend((xml.len() as u32).to_le_bytes());
    table.extend(xml.as_bytes());
    let buffer = made::flatbuffer(b"IOHE", &[10, 20, 4, 8, 16], &table);
    let file = [b"#!AER-DAT4.0\r\n".as_slice(), &(buffer.len() as u32).to_le_bytes(), &buffer].concat();
    let start = std::time::Instant::now();
    let (strict, _) = read_both(&file, "a.aedat4", None);
    assert!(strict.unwrap_err().to_string().contains("stream of events"));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn headers_that_promise_much_cost_nothing() {
    let file = [b"#!AER-DAT4.0\r\n".as_slice(), &u32::MAX.to_le_bytes()].concat();
    let (strict, lenient) = read_both(&file, "a.aedat4", None);
    assert!(strict.unwrap_err().to_string().contains("bytes of the header") && lenient.is_err());
    let made = made::all().into_iter().find(|made| made.name == "made_gesture.aedat").unwrap();
    let mut file = made.bytes[..header_bytes(&made)].to_vec();
    file.extend([1_i16.to_le_bytes(), 1_i16.to_le_bytes()].concat());
    [8, 4, 0, i32::MAX, i32::MAX, i32::MAX].iter().for_each(|n: &i32| file.extend(n.to_le_bytes()));
    let (strict, lenient) = read_both(&file, "a.aedat", None);
    assert!(strict.unwrap_err().to_string().contains("too early, within a packet"));
    assert_eq!(lenient.unwrap().1.cut_off, 1);
}
