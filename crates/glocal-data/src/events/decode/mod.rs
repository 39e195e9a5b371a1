//! One file per format, all behind one trait.

mod aedat2;
mod aedat3;
mod aedat4;
mod dat;
mod es;
pub(crate) mod evt;
pub(crate) mod evt2;
mod evt21;
mod evt3;
mod flatbuffer;
mod header;
mod nmnist;
mod npy;
mod npz;

use std::{io, path::Path};

use crate::{
    DataError, SensorSize,
    events::{
        EventFault, Format, ReadOptions,
        sink::{Located, Sink},
        window::Window,
    },
};

/// What turns the bytes after a header into events.
pub(crate) trait Decode {
    /// Bytes that must lie together before [`decode`](Decode::decode) makes headway.
    fn needs(&self) -> usize;

    /// Decodes what it can of `bytes`, of which the first lies at `offset` in the file, and says how many it used.
    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize;

    /// The file ends with `rest`, fewer bytes than are needed.
    fn finish(&mut self, rest: &[u8], offset: u64, sink: &mut Sink) {
        if !rest.is_empty() {
            let missing = (self.needs() - rest.len()) as u64;
            sink.fault(offset, EventFault::CutOff { missing, within: self.unit() });
        }
        sink.ended = true;
    }

    /// What an incomplete end is called.
    fn unit(&self) -> &'static str;
}

/// A decoder and the sensor that it will tell of; the header is consumed.
pub(crate) struct Started {
    pub(crate) decoder: Box<dyn Decode>,
    pub(crate) sensor: SensorSize,
}

/// Why no decoder could start.
pub(crate) enum StartError {
    Io(io::Error),
    Fault(Located),
}

impl StartError {
    pub(crate) fn at(offset: u64, fault: EventFault) -> Self {
        StartError::Fault(Located { offset, fault })
    }

    pub(crate) fn of(self, name: &Path) -> DataError {
        match self {
            StartError::Io(source) => DataError::Io { file: name.into(), action: "read", source },
            StartError::Fault(Located { offset, fault }) => {
                DataError::Events { file: name.into(), offset: Some(offset), fault }
            }
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::Io(error)
    }
}

/// Reads the header of `format`.
pub(crate) fn start(format: Format, window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let start = match format {
        Format::NMnist | Format::NCaltech101 => return Ok(nmnist::start(format, options)),
        Format::Aedat2 => aedat2::start,
        Format::Aedat3 => aedat3::start,
        Format::Aedat4 => aedat4::start,
        Format::Dat => dat::start,
        Format::Evt2 => evt2::start,
        Format::Evt21 => evt21::start,
        Format::Evt3 => evt3::start,
        Format::EventStream => es::start,
        Format::Npz => npz::start,
    };
    start(window, options)
}

/// `N` bytes from position `at`, if they are there.
#[inline]
pub(crate) fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A column or row counted from the other edge; one outside the sensor stays outside.
#[inline]
pub(crate) fn mirrored(position: u16, size: u16) -> u16 {
    size.checked_sub(1).and_then(|last| last.checked_sub(position)).unwrap_or(position.max(size))
}
