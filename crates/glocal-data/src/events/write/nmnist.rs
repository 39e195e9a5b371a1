//! N-MNIST and N-Caltech101; the layout is in the decoder of the same name.

use crate::{
    Event, Recording,
    events::{EventFault, Format, SensorSize, write::does_not_fit},
};

/// Times have 23 bits.
const TIME_CAP_US: u64 = 1 << 23;

pub(super) fn encode(recording: &Recording, format: Format) -> Result<Vec<u8>, EventFault> {
    // The file does not say its sensor: another one would be read back as the data set's.
    let own = format.fixed_sensor().unwrap_or(recording.sensor);
    if recording.sensor != own {
        return Err(does_not_fit(format, "sensor of", recording.sensor, format!("recordings are of {own}")));
    }
    let mut bytes = Vec::with_capacity(5 * recording.events.len());
    for event in &recording.events {
        bytes.extend(five_bytes(event, format, own)?);
    }
    Ok(bytes)
}

fn five_bytes(event: &Event, format: Format, own: SensorSize) -> Result<[u8; 5], EventFault> {
    if event.t_us >= TIME_CAP_US {
        return Err(does_not_fit(format, "time in us", event.t_us, format!("times are below {TIME_CAP_US}")));
    }
    let [_, high, middle, low] = (event.t_us as u32).to_be_bytes();
    // On the data sets' sensors every row is below the row of the overflow mark.
    let byte = |n: u16| u8::try_from(n).map_err(|_| does_not_fit(format, "pixel", n, format!("sensors are of {own}")));
    Ok([byte(event.x)?, byte(event.y)?, (event.polarity as u8) << 7 | high, middle, low])
}
