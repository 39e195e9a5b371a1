//! Where decoders put events, and the one place that judges them.

use crate::events::{Event, EventFault, LeftOut, SensorSize, Strictness};

/// A fault and the byte where it is.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) offset: u64,
    pub(crate) fault: EventFault,
}

/// Takes events and faults.
///
/// A strict sink keeps the first fault and no event after it; the reader looks for it after each chunk, so that the
/// decoders' inner loops have no error path.
#[derive(Debug)]
pub(crate) struct Sink {
    /// The chunk.
    pub(crate) events: Vec<Event>,
    pub(crate) left_out: LeftOut,
    /// No byte after this chunk can be made sense of, or is of interest.
    pub(crate) ended: bool,
    sensor: SensorSize,
    last_us: u64,
    strictness: Strictness,
    first_fault: Option<Located>,
}

impl Sink {
    pub(crate) fn new(sensor: SensorSize, strictness: Strictness) -> Self {
        Sink {
            events: Vec::new(),
            left_out: LeftOut::default(),
            ended: false,
            sensor,
            last_us: 0,
            strictness,
            first_fault: None,
        }
    }

    pub(crate) fn sensor(&self) -> SensorSize {
        self.sensor
    }

    /// The fault that ended strict reading.
    pub(crate) fn take_fault(&mut self) -> Option<Located> {
        self.first_fault.take()
    }

    /// Keeps an event that was read at byte `offset`, if it is right.
    #[inline]
    pub(crate) fn push(&mut self, event: Event, offset: u64) {
        if self.sensor.contains(event.x, event.y) && event.t_us >= self.last_us {
            self.last_us = event.t_us;
            self.events.push(event);
        } else {
            self.refuse(event, offset);
        }
    }

    #[cold]
    fn refuse(&mut self, event: Event, offset: u64) {
        let Event { t_us, x, y, .. } = event;
        self.fault(
            offset,
            if self.sensor.contains(x, y) {
                EventFault::Backwards { t_us, last_us: self.last_us }
            } else {
                EventFault::OffSensor { x, y, sensor: self.sensor }
            },
        );
    }

    /// Notes a fault at byte `offset`; the bytes after it still make sense.
    #[cold]
    pub(crate) fn fault(&mut self, offset: u64, fault: EventFault) {
        match self.strictness {
            Strictness::Strict if self.first_fault.is_none() => self.first_fault = Some(Located { offset, fault }),
            Strictness::Strict => {}
            Strictness::Lenient => *self.count(&fault) += 1,
        }
    }

    /// Notes a fault after which no byte makes sense.
    #[cold]
    pub(crate) fn end_with(&mut self, offset: u64, fault: EventFault) {
        self.fault(offset, fault);
        self.ended = true;
    }

    fn count(&mut self, fault: &EventFault) -> &mut u64 {
        match fault {
            EventFault::OffSensor { .. } => &mut self.left_out.off_sensor,
            EventFault::Backwards { .. } => &mut self.left_out.backwards,
            EventFault::CutOff { .. } => &mut self.left_out.cut_off,
            _ => &mut self.left_out.damaged,
        }
    }
}
