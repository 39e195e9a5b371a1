//! npz; the layout is in the decoder of the same name.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{
    Recording,
    events::{EventFault, Format, write::does_not_fit},
};

/// Headers end on a multiple of this, so that the data can be mapped.
const ALIGNMENT: usize = 64;

pub(super) fn encode(recording: &Recording) -> Result<Vec<u8>, EventFault> {
    let events = &recording.events;
    // NumPy's usual whole number is signed.
    if let Some(event) = events.last().filter(|event| i64::try_from(event.t_us).is_err()) {
        return Err(does_not_fit(Format::Npz, "time in us", event.t_us, format!("times are at most {}", i64::MAX)));
    }
    let column = |kind, bytes: Vec<u8>| array(kind, events.len(), &bytes);
    let arrays = [
        ("t", column("<i8", events.iter().flat_map(|e| e.t_us.to_le_bytes()).collect())),
        ("x", column("<u2", events.iter().flat_map(|e| e.x.to_le_bytes()).collect())),
        ("y", column("<u2", events.iter().flat_map(|e| e.y.to_le_bytes()).collect())),
        ("p", column("|u1", events.iter().map(|e| e.polarity as u8).collect())),
        ("sensor", {
            let sensor = recording.sensor;
            array("<u2", 2, &[sensor.width.to_le_bytes(), sensor.height.to_le_bytes()].concat())
        }),
    ];
    zipped(&arrays).map_err(|error| EventFault::Unpack { what: "an npz file", message: error.to_string() })
}

/// A `.npy` file of one dimension.
fn array(kind: &str, count: usize, data: &[u8]) -> Vec<u8> {
    let mut dict = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count},), }}");
    while (10 + dict.len() + 1) % ALIGNMENT != 0 {
        dict.push(' ');
    }
    dict.push('\n');
    // A dict of one kind and one number has far fewer bytes than a u16 counts.
    let len = (dict.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", len.as_slice(), dict.as_bytes(), data].concat()
}

fn zipped(arrays: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
