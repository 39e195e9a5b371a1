//! A reader of TensorBoard's event files that shares no line with the writer: frames, checksums bit by bit, wire format.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What the event files of a run folder show, by the rule that readers follow: a START drops what is older and not before.
#[derive(Debug, Default)]
pub struct Shown {
    /// Of each tag the steps with their numbers.
    pub scalars: BTreeMap<String, Vec<(i64, f32)>>,
    /// Of each tag the steps with count, sum, and numbers in all buckets.
    pub histograms: BTreeMap<String, Vec<(i64, [f64; 3])>>,
    /// Of each tag the steps with width and height.
    pub images: BTreeMap<String, Vec<(i64, [u64; 2])>>,
    /// Files read.
    pub files: usize,
    /// Steps that a START dropped.
    pub dropped: usize,
}

/// Reads all event files of a folder.
pub fn read(run: &Path) -> Shown {
    let mut files: Vec<_> = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_string_lossy().contains("tfevents"));
    files.sort();
    let mut shown = Shown { files: files.len(), ..Shown::default() };
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let events = records(&bytes);
        assert_eq!(fields(events[0])[1].1.bytes(), b"brain.Event:2", "the first record names the format");
        events.iter().skip(1).for_each(|event| shown.take(event));
    }
    shown
}

impl Shown {
    fn take(&mut self, event: &[u8]) {
        let all = fields(event);
        let step = all.iter().find(|(field, _)| *field == 2).map_or(0, |(_, value)| value.number() as i64);
        for (field, value) in all {
            match field {
                5 => fields(value.bytes()).iter().for_each(|(_, value)| self.value(step, value.bytes())),
                7 => self.begin_session(step, value.bytes()),
                _ => {}
            }
        }
    }

    fn begin_session(&mut self, step: i64, log: &[u8]) {
        assert_eq!(fields(log)[0].1.number(), 1, "START");
        let before = self.scalars.values().map(Vec::len).max().unwrap_or(0);
        self.scalars.values_mut().for_each(|seen| seen.retain(|(at, _)| *at < step));
        self.histograms.values_mut().for_each(|seen| seen.retain(|(at, _)| *at < step));
        self.images.values_mut().for_each(|seen| seen.retain(|(at, _)| *at < step));
        self.dropped += before - self.scalars.values().map(Vec::len).max().unwrap_or(0);
    }

    fn value(&mut self, step: i64, value: &[u8]) {
        let all = fields(value);
        let tag = String::from_utf8(all[0].1.bytes().to_vec()).unwrap();
        match &all[1] {
            (2, Wire::Fixed32(bits)) => self.scalars.entry(tag).or_default().push((step, f32::from_bits(*bits))),
            (4, image) => self.images.entry(tag).or_default().push((step, size(image.bytes()))),
            (5, histogram) => self.histograms.entry(tag).or_default().push((step, counts(histogram.bytes()))),
            other => panic!("{tag}: {other:?}"),
        }
    }
}

fn size(image: &[u8]) -> [u64; 2] {
    let all = fields(image);
    assert!(all.iter().any(|(field, value)| *field == 4 && value.bytes().starts_with(b"\x89PNG\r\n\x1a\n")));
    [2, 1].map(|side| all.iter().find(|(field, _)| *field == side).unwrap().1.number())
}

/// Fields that are zero are not written.
fn counts(histogram: &[u8]) -> [f64; 3] {
    let all = fields(histogram);
    let double = |wanted| {
        let found = all.iter().find(|(field, _)| *field == wanted);
        found.map_or(0.0, |(_, value)| f64::from_bits(value.number()))
    };
    let buckets = &all.iter().find(|(field, _)| *field == 7).unwrap().1;
    let in_buckets = buckets.bytes().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).sum();
    [double(3), double(4), in_buckets]
}

/// The data of each record; every checksum is right.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(masked(crc32c(&bytes[..8])), u32::from_le_bytes(bytes[8..12].try_into().unwrap()));
        let (data, rest) = bytes[12..].split_at(length);
        assert_eq!(masked(crc32c(data)), u32::from_le_bytes(rest[..4].try_into().unwrap()));
        found.push(data);
        bytes = &rest[4..];
    }
    found
}

fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Bit by bit: the polynomial 0x1EDC6F41, reflected.
fn crc32c(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

/// A field's value on the wire.
#[derive(Debug)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Wire<'a> {
    fn number(&self) -> u64 {
        let Wire::Number(number) = self else { panic!("{self:?} is no number") };
        *number
    }

    fn bytes(&self) -> &'a [u8] {
        let Wire::Bytes(bytes) = self else { panic!("{self:?} is no bytes") };
        bytes
    }
}

/// Numbers and values of a message's fields, as they stand.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Wire<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Wire::Number(varint(&mut bytes)),
            1 => Wire::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes) as usize;
                Wire::Bytes(take(&mut bytes, length))
            }
            5 => Wire::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, value));
    }
    found
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    value
}
