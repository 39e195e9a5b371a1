//! Small files of every format, written byte by byte from the published descriptions, and the events that they hold.
//!
//! Sources of the descriptions: docs.prophesee.ai/stable/data (DAT, EVT 2.0, 2.1, 3.0); docs.inivation.com, "AEDAT file
//! formats" (2.0, 3.1, 4.0) and flatbuffers.dev/internals; github.com/neuromorphic-paris/event_stream; the N-MNIST page
//! of its authors (garrickorchard.com/datasets/n-mnist); NumPy Enhancement Proposal 1 and PKWARE's APPNOTE 6.3 (npz).
//! None of this code is the library's.

use std::io::Write;

use glocal_data::events::Format;
use glocal_data::{Event, Polarity, SensorSize};

/// A file and what it holds.
pub struct Made {
    pub name: &'static str,
    pub format: Format,
    pub sensor: SensorSize,
    pub bytes: Vec<u8>,
    pub events: Vec<Event>,
    /// Words of another kind, and events before the first time.
    pub other: u64,
    pub before_time: u64,
}

/// One file of each format and variant.
pub fn all() -> Vec<Made> {
    let mut files = vec![n_mnist(), dat(), evt2(), evt21(Halves::LowerFirst), evt21(Halves::UpperFirst)];
    files.extend([Extras::None, Extras::All].map(evt3));
    files.extend([aedat2_dvs128(), aedat2_davis(), aedat3(), es(), npz_columns(), npz_records()]);
    files.extend([Packing::None, Packing::Lz4, Packing::Zstd].map(aedat4));
    files
}

fn size(width: u16, height: u16) -> SensorSize {
    SensorSize { width, height }
}

/// `count` events in order, `step_us` apart at most.
fn some_events(sensor: SensorSize, count: usize, start_us: u64, step_us: u64) -> Vec<Event> {
    let mut draws = Draws(7);
    let mut t_us = start_us;
    let event = |_| {
        t_us += draws.below(step_us + 1);
        let (x, y) = (draws.below(sensor.width.into()) as u16, draws.below(sensor.height.into()) as u16);
        Event { t_us, x, y, polarity: polarity(draws.below(2) == 1) }
    };
    (0..count).map(event).collect()
}

fn polarity(on: bool) -> Polarity {
    if on { Polarity::On } else { Polarity::Off }
}

fn bit(event: &Event) -> u64 {
    u64::from(event.polarity == Polarity::On)
}

/// Knuth's MMIX generator: the tests' own, so that they do not rest on the library's.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

/// Five bytes an event; row 240 adds 2^13 us.
fn n_mnist() -> Made {
    let sensor = size(34, 34);
    let mut events = some_events(sensor, 200, 0, 2000);
    let mut bytes = Vec::new();
    for (i, e) in events.iter_mut().enumerate() {
        if i == 100 {
            bytes.extend([0, 240, 0, 0, 0]);
        }
        let t = e.t_us.to_be_bytes();
        bytes.extend([e.x as u8, e.y as u8, (bit(e) as u8) << 7 | t[5], t[6], t[7]]);
        e.t_us += if i >= 100 { 1 << 13 } else { 0 };
    }
    Made { name: "made.bin", format: Format::NMnist, sensor, bytes, events, other: 0, before_time: 0 }
}

/// Times of 32 bits, here with a wrap.
fn dat() -> Made {
    let sensor = size(640, 480);
    let events = some_events(sensor, 200, (1 << 32) - 5000, 100);
    let mut bytes = b"% Data file containing CD events.\n% Version 2\n% Height 480\n% Width 640\n\x0c\x08".to_vec();
    for e in &events {
        bytes.extend((e.t_us as u32).to_le_bytes());
        bytes.extend((u32::from(e.x) | u32::from(e.y) << 14 | (bit(e) as u32) << 28).to_le_bytes());
    }
    Made { name: "made.dat", format: Format::Dat, sensor, bytes, events, other: 0, before_time: 0 }
}

/// Times of 34 bits, here with a wrap; a trigger; an event before the first time.
fn evt2() -> Made {
    let sensor = size(1280, 720);
    let events = some_events(sensor, 300, (1 << 34) - 5000, 60);
    let mut bytes = b"% evt 2.0\n% geometry 1280x720\n% end\n".to_vec();
    let mut word = |w: u32| bytes.extend(w.to_le_bytes());
    word(0x1000_0000);
    let mut high = None;
    for e in &events {
        if high.replace(e.t_us >> 6) != Some(e.t_us >> 6) {
            word(8 << 28 | (e.t_us >> 6 & 0x0fff_ffff) as u32);
        }
        word((bit(e) as u32) << 28 | ((e.t_us & 63) as u32) << 22 | u32::from(e.x) << 11 | u32::from(e.y));
    }
    word(0xa000_0001);
    Made { name: "made.raw", format: Format::Evt2, sensor, bytes, events, other: 1, before_time: 1 }
}

#[derive(Clone, Copy)]
enum Halves {
    LowerFirst,
    UpperFirst,
}

/// Vectors of 32 pixels of one row.
fn evt21(halves: Halves) -> Made {
    let sensor = size(1280, 720);
    let mut draws = Draws(5);
    let mut events = Vec::new();
    let (mut words, mut t_us) = (Vec::new(), 1_000_000_u64);
    for _ in 0..60 {
        t_us += draws.below(100);
        words.push(8 << 60 | (t_us >> 6) << 32);
        let (x, y, on, valid) =
            (32 * draws.below(40), draws.below(720), draws.below(2), draws.below(1 << 31) & draws.below(1 << 31));
        words.push(on << 60 | (t_us & 63) << 54 | x << 43 | y << 32 | valid);
        for i in (0..32).filter(|i| valid >> i & 1 == 1) {
            events.push(Event { t_us, x: (x + i) as u16, y: y as u16, polarity: polarity(on == 1) });
        }
    }
    let (name, endianness, turn) = match halves {
        Halves::LowerFirst => ("made_evt21.raw", "", 0),
        Halves::UpperFirst => ("made_evt21_legacy.raw", ";endianness=legacy", 32),
    };
    let mut bytes = format!("% evt 2.1\n% format EVT21;height=720;width=1280{endianness}\n% end\n").into_bytes();
    words.iter().for_each(|word| bytes.extend(word.rotate_left(turn).to_le_bytes()));
    Made { name, format: Format::Evt21, sensor, bytes, events, other: 0, before_time: 0 }
}

/// Whether a file has what expelliarmus does not read: a trigger, an event before the first time.
#[derive(Clone, Copy)]
enum Extras {
    None,
    All,
}

/// Single events and vectors of 12 and 8 columns; times of 24 bits, here over two wraps.
fn evt3(extras: Extras) -> Made {
    let sensor = size(1280, 720);
    let mut draws = Draws(9);
    let mut events = Vec::new();
    let (name, extra, mut words) = match extras {
        Extras::None => ("made_evt3.raw", 0, Vec::new()),
        Extras::All => ("made_evt3_extras.raw", 1, vec![0x2000_u16 | 7]),
    };
    let (mut t_us, mut high) = (16_000_000_u64, None);
    for group in 0..400 {
        t_us += draws.below(100_000);
        if high.replace(t_us >> 12) != Some(t_us >> 12) {
            words.push(0x8000 | (t_us >> 12 & 0xfff) as u16);
        }
        words.push(0x6000 | (t_us & 0xfff) as u16);
        let (x, y, on) = (draws.below(1240) as u16, draws.below(720) as u16, draws.below(2) as u16);
        words.push(y);
        let mut push = |x: u16| events.push(Event { t_us, x, y, polarity: polarity(on == 1) });
        if group % 3 == 0 {
            words.push(0x2000 | on << 11 | x);
            push(x);
            continue;
        }
        let (twelve, another, eight) =
            (draws.below(1 << 12) as u16, draws.below(1 << 12) as u16, draws.below(1 << 8) as u16);
        words.extend([0x3000 | on << 11 | x, 0x4000 | twelve, 0x4000 | another, 0x5000 | eight]);
        for (mask, first) in [(twelve, x), (another, x + 12), (eight, x + 24)] {
            (0..12).filter(|i| mask >> i & 1 == 1).for_each(|i| push(first + i));
        }
    }
    if extra > 0 {
        words.push(0xa100);
    }
    let mut bytes = b"% evt 3.0\n% format EVT3;height=720;width=1280\n% end\n".to_vec();
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    Made { name, format: Format::Evt3, sensor, bytes, events, other: extra, before_time: extra }
}

/// Columns from the right, rows from below, 0 is On; a trigger; times of 32 bits, here with a wrap.
fn aedat2_dvs128() -> Made {
    let sensor = size(128, 128);
    let events = some_events(sensor, 200, (1 << 32) - 5000, 100);
    let mut bytes = b"#!AER-DAT2.0\r\n# Timestamps tick is 1 us\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n".to_vec();
    for e in &events {
        let address = u32::from(127 - e.y) << 8 | u32::from(127 - e.x) << 1 | (1 - bit(e) as u32);
        bytes.extend(address.to_be_bytes());
        bytes.extend((e.t_us as u32).to_be_bytes());
    }
    let last_us = events.last().unwrap().t_us as u32;
    bytes.extend(0x8000_u32.to_be_bytes());
    bytes.extend(last_us.to_be_bytes());
    Made { name: "made_dvs128.aedat", format: Format::Aedat2, sensor, bytes, events, other: 1, before_time: 0 }
}

/// Columns from the right, rows from below, 1 is On; samples of a frame between the events.
fn aedat2_davis() -> Made {
    let sensor = size(346, 260);
    let events = some_events(sensor, 200, 0, 100);
    let mut bytes = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346B\r\n".to_vec();
    for e in &events {
        let address = u32::from(259 - e.y) << 22 | u32::from(345 - e.x) << 12 | (bit(e) as u32) << 11;
        for address in [address, 1 << 31 | 77] {
            bytes.extend(address.to_be_bytes());
            bytes.extend((e.t_us as u32).to_be_bytes());
        }
    }
    Made { name: "made_davis.aedat", format: Format::Aedat2, sensor, bytes, events, other: 200, before_time: 0 }
}

fn packet3(kind: i16, size: i32, high: i32, payload: &[u8]) -> Vec<u8> {
    let count = payload.len() as i32 / size;
    let mut bytes = [kind.to_le_bytes(), 1_i16.to_le_bytes()].concat();
    [size, 4, high, count, count, count].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    bytes.extend(payload);
    bytes
}

/// Two packets of events around one of another kind; the second counts on over 2^31 us; the last event is invalid.
fn aedat3() -> Made {
    let sensor = size(128, 128);
    let mut events = some_events(sensor, 200, 0, 100);
    let mut payload: Vec<Vec<u8>> = vec![Vec::new(), Vec::new()];
    for (i, e) in events.iter_mut().enumerate() {
        let pixel = 1 | (bit(e) as u32) << 1 | u32::from(e.y) << 2 | u32::from(e.x) << 17;
        payload[i / 100].extend([pixel.to_le_bytes(), (e.t_us as u32).to_le_bytes()].concat());
        e.t_us += if i >= 100 { 1 << 31 } else { 0 };
    }
    payload[1].extend([0, 0, 0, 0, 9, 0, 0, 0]);
    let mut bytes =
        b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016-09-28\r\n#!END-HEADER\r\n".to_vec();
    bytes.extend(packet3(1, 8, 0, &payload[0]));
    bytes.extend(packet3(0, 8, 0, &[0; 24]));
    bytes.extend(packet3(1, 8, 1, &payload[1]));
    Made { name: "made_gesture.aedat", format: Format::Aedat3, sensor, bytes, events, other: 3 + 1, before_time: 0 }
}

#[derive(Clone, Copy, PartialEq)]
enum Packing {
    None,
    Lz4,
    Zstd,
}

/// A FlatBuffer of one table: u32 root, identifier, vtable, table.
pub fn flatbuffer(identifier: &[u8; 4], vtable: &[u16], table: &[u8]) -> Vec<u8> {
    let vtable_bytes = 2 * vtable.len();
    // The vtable begins at 8, the table after it at a multiple of 8.
    let table_at = (8 + vtable_bytes).next_multiple_of(8);
    let mut bytes = (table_at as u32).to_le_bytes().to_vec();
    bytes.extend(identifier);
    vtable.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    bytes.resize(table_at, 0);
    bytes.extend((table_at as i32 - 8).to_le_bytes());
    bytes.extend(table);
    bytes
}

/// A table of one vector.
fn vector_table(identifier: &[u8; 4], count: usize, elements: &[u8]) -> Vec<u8> {
    // Table: i32 to the vtable, u32 to the vector; there u32 count, then elements.
    let table = [&4_u32.to_le_bytes(), &(count as u32).to_le_bytes(), elements].concat();
    flatbuffer(identifier, &[6, 8, 4], &table)
}

/// Two packets of events around one of another stream, and the table of packets that is not read.
fn aedat4(packing: Packing) -> Made {
    let sensor = size(640, 480);
    let events = some_events(sensor, 200, 1_600_000_000_000_000, 100);
    let xml = "<dv version=\"2.0\"><node name=\"outInfo\" path=\"/o/\"><node name=\"1\" path=\"/o/1/\"><attr key=\"typeIdentifier\" type=\"string\">IMUS</attr></node><node name=\"3\" path=\"/o/3/\"><attr key=\"typeIdentifier\" type=\"string\">EVTS</attr><node name=\"info\" path=\"/o/3/info/\"><attr key=\"sizeX\" type=\"int\">640</attr><attr key=\"sizeY\" type=\"int\">480</attr></node></node></node></dv>";
    let pack = |stream: i32, buffer: Vec<u8>| {
        let sized = [(buffer.len() as u32).to_le_bytes().as_slice(), &buffer].concat();
        let packed = match packing {
            Packing::None => sized,
            Packing::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(&sized).unwrap();
                encoder.finish().unwrap()
            }
            Packing::Zstd => {
                ruzstd::encoding::compress_to_vec(sized.as_slice(), ruzstd::encoding::CompressionLevel::Fastest)
            }
        };
        [&stream.to_le_bytes(), &(packed.len() as i32).to_le_bytes(), packed.as_slice()].concat()
    };
    let element = |e: &Event| {
        let mut bytes = (e.t_us as i64).to_le_bytes().to_vec();
        bytes.extend([e.x.to_le_bytes(), e.y.to_le_bytes()].concat());
        bytes.extend([bit(e) as u8, 0, 0, 0]);
        bytes
    };
    let packet = |part: &[Event]| {
        pack(3, vector_table(b"EVTS", part.len(), &part.iter().flat_map(element).collect::<Vec<u8>>()))
    };
    let packets = [packet(&events[..150]), pack(1, vector_table(b"IMUS", 0, &[])), packet(&events[150..])].concat();
    let header = |table_at: i64| {
        // Table: i32 to the vtable, i32 compression, i64 place of the table, u32 to the string.
        let compression = match packing {
            Packing::None => 0_i32,
            Packing::Lz4 => 1,
            Packing::Zstd => 3,
        };
        let mut table = compression.to_le_bytes().to_vec();
        table.extend(table_at.to_le_bytes());
        table.extend(4_u32.to_le_bytes());
        table.extend((xml.len() as u32).to_le_bytes());
        table.extend(xml.as_bytes());
        table.push(0);
        let buffer = flatbuffer(b"IOHE", &[10, 20, 4, 8, 16], &table);
        [b"#!AER-DAT4.0\r\n".as_slice(), &(buffer.len() as u32).to_le_bytes(), &buffer].concat()
    };
    let table_at = header(0).len() + packets.len();
    let bytes = [header(table_at as i64), packets, b"a table that is not read".to_vec()].concat();
    let name = match packing {
        Packing::None => "made_plain.aedat4",
        Packing::Lz4 => "made_lz4.aedat4",
        Packing::Zstd => "made_zstd.aedat4",
    };
    Made { name, format: Format::Aedat4, sensor, bytes, events, other: 1, before_time: 0 }
}

/// Steps of 7 bits, 0xff for 127 us, 0xfe for nothing; rows from below.
fn es() -> Made {
    let sensor = size(320, 240);
    let events = some_events(sensor, 200, 500, 300);
    let mut bytes = b"Event Stream\x02\x00\x00\x01".to_vec();
    bytes.extend([320_u16.to_le_bytes(), 240_u16.to_le_bytes()].concat());
    let mut now_us = 0;
    for e in &events {
        while e.t_us - now_us >= 127 {
            bytes.push(0xff);
            now_us += 127;
        }
        bytes.push(((e.t_us - now_us) as u8) << 1 | bit(e) as u8);
        bytes.extend([e.x.to_le_bytes(), (239 - e.y).to_le_bytes()].concat());
        now_us = e.t_us;
    }
    bytes.extend([0xfe, 0xff]);
    Made { name: "made.es", format: Format::EventStream, sensor, bytes, events, other: 0, before_time: 0 }
}

fn npy(descr: &str, count: usize, data: &[u8]) -> Vec<u8> {
    let dict = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({count},), }}\n");
    [b"\x93NUMPY\x01\x00".as_slice(), &(dict.len() as u16).to_le_bytes(), dict.as_bytes(), data].concat()
}

/// A zip archive whose files are stored as they are: local headers, directory, end.
fn stored_zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in files {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let (len, name_len) = (data.len() as u32, name.len() as u16);
        // Version, flags, method, time, date; sum, packed and unpacked bytes; bytes of the name and of what is extra.
        let mut common = [20_u16, 0, 0, 0, 0x21].map(u16::to_le_bytes).concat();
        common.extend([crc.sum(), len, len].map(u32::to_le_bytes).concat());
        common.extend([name_len, 0].map(u16::to_le_bytes).concat());
        let local_at = bytes.len() as u32;
        bytes.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02".as_slice(), &20_u16.to_le_bytes(), &common].concat());
        directory.extend([0_u16, 0, 0].map(u16::to_le_bytes).concat());
        directory.extend([0_u32, local_at].map(u32::to_le_bytes).concat());
        directory.extend(name.as_bytes());
    }
    let (count, start) = (files.len() as u16, bytes.len() as u32);
    let mut end = [0_u16, 0, count, count].map(u16::to_le_bytes).concat();
    end.extend([directory.len() as u32, start].map(u32::to_le_bytes).concat());
    [bytes, directory, b"PK\x05\x06".to_vec(), end, vec![0, 0]].concat()
}

/// Four arrays; the sensor reaches to the largest pixel.
fn npz_columns() -> Made {
    let mut events = some_events(size(50, 40), 200, 77, 100);
    (events[3].x, events[5].y) = (49, 39);
    let column = |value: &dyn Fn(&Event) -> Vec<u8>| events.iter().flat_map(value).collect::<Vec<u8>>();
    let count = events.len();
    let bytes = stored_zip(&[
        ("t.npy", npy("'<i8'", count, &column(&|e| (e.t_us as i64).to_le_bytes().to_vec()))),
        ("x.npy", npy("'>u2'", count, &column(&|e| e.x.to_be_bytes().to_vec()))),
        ("y.npy", npy("'<i4'", count, &column(&|e| i32::from(e.y).to_le_bytes().to_vec()))),
        ("p.npy", npy("'|i1'", count, &column(&|e| vec![if bit(e) == 1 { 1 } else { 255 }]))),
    ]);
    let sensor = size(50, 40);
    Made { name: "made_columns.npz", format: Format::Npz, sensor, bytes, events, other: 0, before_time: 0 }
}

/// One array of records as Tonic has them, and a sensor.
fn npz_records() -> Made {
    let events = some_events(size(50, 40), 200, 77, 100);
    let record = |e: &Event| {
        let mut bytes = [e.x.to_le_bytes(), e.y.to_le_bytes()].concat();
        bytes.extend((e.t_us as i64).to_le_bytes());
        bytes.push(bit(e) as u8);
        bytes
    };
    let descr = "[('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '?')]".replace('?', "|b1");
    let data: Vec<u8> = events.iter().flat_map(record).collect();
    let sensor = [64_i64, 48].map(i64::to_le_bytes).concat();
    let bytes = stored_zip(&[("events.npy", npy(&descr, 200, &data)), ("sensor.npy", npy("'<i8'", 2, &sensor))]);
    let sensor = size(64, 48);
    Made { name: "made_records.npz", format: Format::Npz, sensor, bytes, events, other: 0, before_time: 0 }
}
