//! Prophesee EVT 2.0: little-endian words of 32 bits.
//!
//! ```text
//! bits 28..32  kind: 0 Off, 1 On, 8 time, 10 trigger, 14 and 15 vendor's own
//! Off, On      bits 22..28 lower 6 bits of the time, 11..22 x, 0..11 y
//! time         bits 0..28: the upper 28 bits of the time of what follows
//! ```
//!
//! The 34 bits of time wrap after 4.8 hours and are continued. Events before the first time word are left out, as the
//! vendor's decoder does.
//!
//! # References
//! Prophesee, "EVT 2.0 format", docs.prophesee.ai/stable/data/encoding_formats/evt2.html.

use crate::{
    Event, Polarity,
    events::{
        EventFault, ReadOptions,
        counter::WrappingCounter,
        decode::{
            Decode, StartError, Started,
            evt::{EvtHeader, kind},
        },
        sink::Sink,
        window::Window,
    },
};

pub(crate) const WORD_BYTES: usize = 4;
pub(crate) const TIME_LOW_BITS: u32 = 6;
pub(crate) const TIME_HIGH_BITS: u32 = 28;

struct Evt2 {
    high: WrappingCounter,
    base_us: Option<u64>,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let header = EvtHeader::read(window, options)?;
    let decoder = Evt2 { high: WrappingCounter::new(TIME_HIGH_BITS), base_us: None };
    Ok(Started { decoder: Box::new(decoder), sensor: header.sensor })
}

impl Decode for Evt2 {
    fn needs(&self) -> usize {
        WORD_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (words, _) = bytes.as_chunks::<WORD_BYTES>();
        sink.events.reserve(words.len());
        for (word, at) in words.iter().zip((offset..).step_by(WORD_BYTES)) {
            self.word(u32::from_le_bytes(*word), at, sink);
        }
        words.len() * WORD_BYTES
    }

    fn unit(&self) -> &'static str {
        "a word of four bytes"
    }
}

impl Evt2 {
    #[inline]
    fn word(&mut self, word: u32, at: u64, sink: &mut Sink) {
        match (word >> 28, self.base_us) {
            (kind @ (kind::OFF | kind::ON), Some(base_us)) => {
                let t_us = base_us | u64::from(word >> 22 & 0x3f);
                let polarity = if kind == kind::ON { Polarity::On } else { Polarity::Off };
                sink.push(Event { t_us, x: (word >> 11 & 0x7ff) as u16, y: (word & 0x7ff) as u16, polarity }, at);
            }
            (kind::OFF | kind::ON, None) => sink.left_out.before_time += 1,
            (kind::TIME_HIGH, _) => self.base_us = Some(self.high.next((word & 0x0fff_ffff).into()) << TIME_LOW_BITS),
            (kind::TRIGGER | kind::OTHERS | kind::CONTINUED, _) => sink.left_out.other += 1,
            _ => sink.fault(at, EventFault::UnknownWord { word: word.into() }),
        }
    }
}
