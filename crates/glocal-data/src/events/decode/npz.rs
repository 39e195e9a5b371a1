//! npz: a zip archive of NumPy arrays.
//!
//! ```text
//! t, x, y, p   arrays of whole numbers of the same length: microseconds, column, row, polarity
//! events       or one array of records with these fields, as Tonic holds events
//! sensor       optional: width and height
//! ```
//!
//! A polarity above 0 is On, 0 and -1 are Off. Without `sensor`, the sensor reaches to the largest column and row. The
//! columns lie one after the other, so the file and the columns are held in memory whole.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::{
    Event, Polarity, SensorSize,
    events::{
        EventFault, Limits, ReadOptions,
        decode::{
            Decode, StartError, Started,
            npy::{Elements, NpyHeader, Number},
        },
        sink::Sink,
        window::Window,
    },
};

/// Most files in an archive: each costs the zip crate more memory than its entry has bytes.
const FILES_CAP: usize = 1 << 12;
/// What an entry of an archive's directory begins with.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";

/// Events per chunk.
const CHUNK_EVENTS: usize = 1 << 14;

/// Numbers that lie at the same distance from one another.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Array that holds them.
    array: usize,
    number: Number,
    first: usize,
    stride: usize,
}

struct Npz {
    arrays: Vec<Vec<u8>>,
    columns: [Column; 4],
    count: usize,
    next: usize,
    needs: usize,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let cap = options.limits.packet_bytes;
    let most = usize::try_from(cap).unwrap_or(usize::MAX);
    window.fill(most.saturating_add(1))?;
    let file = window.take();
    let fault = |fault| StartError::at(0, fault);
    if file.len() > most {
        return Err(fault(EventFault::TooLarge { what: "bytes of an npz file", found: file.len() as u64, cap }));
    }
    let (decoder, own) = Archive::open(file, &options.limits).and_then(Archive::decoder).map_err(fault)?;
    let sensor = match options.sensor.or(own) {
        Some(sensor) => sensor,
        None => decoder.bounding_box().map_err(fault)?,
    };
    Ok(Started { decoder: Box::new(decoder), sensor })
}

/// The archive, and the bytes that may still be unpacked from it.
struct Archive {
    zip: ZipArchive<Cursor<Vec<u8>>>,
    left: u64,
    cap: u64,
}

impl Archive {
    fn open(file: Vec<u8>, limits: &Limits) -> Result<Archive, EventFault> {
        let files = file.windows(4).filter(|bytes| *bytes == DIRECTORY_ENTRY).take(FILES_CAP + 1).count();
        if files > FILES_CAP {
            let (found, cap) = (files as u64, FILES_CAP as u64);
            return Err(EventFault::TooLarge { what: "number of arrays of an npz file", found, cap });
        }
        let cap = limits.unpacked_bytes(file.len() as u64);
        let zip = ZipArchive::new(Cursor::new(file)).map_err(unpack_fault)?;
        Ok(Archive { zip, left: cap, cap })
    }

    /// The array called `name`, if there is one.
    fn array(&mut self, name: &str) -> Result<Option<Vec<u8>>, EventFault> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let entry = self.zip.by_index(index).map_err(unpack_fault)?;
        // What the directory declares is only a reason to refuse early; what really comes is what counts.
        let declared = entry.size();
        let mut bytes = Vec::new();
        if declared <= self.left {
            let read = entry.take(self.left.saturating_add(1)).read_to_end(&mut bytes);
            read.map_err(|error| EventFault::Unpack { what: "an array", message: error.to_string() })?;
        }
        let found = declared.max(bytes.len() as u64);
        self.left = self.left.checked_sub(found).ok_or(EventFault::TooLarge {
            what: "unpacked bytes of an npz file",
            found: found.saturating_add(self.cap - self.left),
            cap: self.cap,
        })?;
        Ok(Some(bytes))
    }

    fn decoder(mut self) -> Result<(Npz, Option<SensorSize>), EventFault> {
        let sensor = self.array("sensor")?.map(|array| sensor(&array)).transpose()?;
        if let Some(records) = self.array("events")? {
            return Ok((from_records(records)?, sensor));
        }
        let mut arrays = Vec::new();
        let mut columns = Vec::new();
        for (array, name) in ["t", "x", "y", "p"].into_iter().enumerate() {
            let bytes = self.array(name)?.ok_or_else(|| damaged(format!("no array `{name}` or `events`")))?;
            let (header, count) = checked(&bytes)?;
            let Elements::Numbers(number) = header.elements else {
                return Err(damaged(format!("array `{name}` of records")));
            };
            columns.push((Column { array, number, first: header.len, stride: number.bytes }, count));
            arrays.push(bytes);
        }
        let [t, x, y, p] = <[_; 4]>::try_from(columns).map_err(|_| damaged("columns".into()))?;
        if [x.1, y.1, p.1] != [t.1; 3] {
            return Err(damaged(format!("{} times, {} columns, {} rows, {} polarities", t.1, x.1, y.1, p.1)));
        }
        Ok((Npz { arrays, columns: [t.0, x.0, y.0, p.0], count: t.1, next: 0, needs: usize::MAX }, sensor))
    }
}

fn from_records(records: Vec<u8>) -> Result<Npz, EventFault> {
    let (header, count) = checked(&records)?;
    let stride = header.element_bytes();
    let Elements::Records { fields, .. } = &header.elements else {
        return Err(damaged("array `events` without fields t, x, y, p".into()));
    };
    let column = |name: &str| {
        let field = fields.iter().find(|(field, _, _)| field == name);
        let (_, number, place) = field.ok_or_else(|| damaged(format!("array `events` without a field `{name}`")))?;
        Ok(Column { array: 0, number: *number, first: header.len + place, stride })
    };
    let columns = [column("t")?, column("x")?, column("y")?, column("p")?];
    Ok(Npz { arrays: vec![records], columns, count, next: 0, needs: usize::MAX })
}

/// The header of an array whose data are all there.
fn checked(array: &[u8]) -> Result<(NpyHeader, usize), EventFault> {
    let header = NpyHeader::read(array).map_err(damaged)?;
    let there = array.len().saturating_sub(header.len);
    let wanted = usize::try_from(header.count).ok().and_then(|count| count.checked_mul(header.element_bytes()));
    if wanted != Some(there) {
        let found = format!("array of {} elements in {there} bytes", header.count);
        return Err(EventFault::Damaged { what: "array", found });
    }
    let count = header.count as usize;
    Ok((header, count))
}

fn sensor(array: &[u8]) -> Result<SensorSize, EventFault> {
    let (header, count) = checked(array)?;
    let size = |index: usize| match header.elements {
        Elements::Numbers(number) if count == 2 => {
            let value = number.read(array.get(header.len + index * number.bytes..)?)?;
            u16::try_from(value).ok().filter(|&n| n > 0)
        }
        _ => None,
    };
    let size = size(0).zip(size(1)).map(|(width, height)| SensorSize { width, height });
    size.ok_or_else(|| damaged("array `sensor` that is no width and height".into()))
}

fn damaged(found: String) -> EventFault {
    EventFault::Damaged { what: "npz file", found }
}

fn unpack_fault(error: zip::result::ZipError) -> EventFault {
    EventFault::Unpack { what: "an npz file", message: error.to_string() }
}

impl Npz {
    fn value(&self, column: usize, index: usize) -> Option<i128> {
        let Column { array, number, first, stride } = *self.columns.get(column)?;
        number.read(self.arrays.get(array)?.get(first + index * stride..)?)
    }

    /// The sensor that just holds every event.
    fn bounding_box(&self) -> Result<SensorSize, EventFault> {
        let size = |column: usize| {
            let largest = (0..self.count).filter_map(|index| self.value(column, index)).max().unwrap_or(0);
            let what = "a sensor that holds every event";
            u16::try_from(largest + 1).map_err(|_| EventFault::Damaged { what, found: format!("pixel {largest}") })
        };
        Ok(SensorSize { width: size(1)?, height: size(2)? })
    }

    fn event(&self, index: usize) -> Result<Event, EventFault> {
        let value = |column: usize| self.value(column, index).unwrap_or(-1);
        let time = value(0);
        let t_us = u64::try_from(time);
        let t_us = t_us.map_err(|_| EventFault::Time { found: i64::try_from(time).unwrap_or(i64::MIN) })?;
        // A coordinate that no sensor has is off every sensor.
        let pixel = |column: usize| u16::try_from(value(column)).unwrap_or(u16::MAX);
        let polarity = match value(3) {
            1 => Polarity::On,
            0 | -1 => Polarity::Off,
            other => return Err(EventFault::Damaged { what: "polarity", found: other.to_string() }),
        };
        Ok(Event { t_us, x: pixel(1), y: pixel(2), polarity })
    }
}

impl Decode for Npz {
    fn needs(&self) -> usize {
        self.needs
    }

    fn decode(&mut self, bytes: &[u8], _: u64, _: &mut Sink) -> usize {
        bytes.len()
    }

    /// The bytes are all read before the first event is.
    fn finish(&mut self, _: &[u8], _: u64, sink: &mut Sink) {
        let end = self.count.min(self.next + CHUNK_EVENTS);
        for index in self.next..end {
            let at = self.columns[0].first + index * self.columns[0].stride;
            match self.event(index) {
                Ok(event) => sink.push(event, at as u64),
                Err(fault) => sink.fault(at as u64, fault),
            }
        }
        self.next = end;
        sink.ended = end == self.count;
    }

    fn unit(&self) -> &'static str {
        "an npz file"
    }
}
