//! Prophesee EVT 3.0: little-endian words of 16 bits that change a state.
//!
//! ```text
//! bits 12..16  kind
//! 0  row       bits 0..11
//! 2  event     bit 11 polarity, bits 0..11 column
//! 3  base      polarity and column of the vectors that follow
//! 4  vector    bits 0..12: which of 12 columns from the base on changed; the base moves on by 12
//! 5  vector    bits 0..8: the same with 8 columns
//! 6  time      bits 0..12: lower 12 bits of the time
//! 8  time      bits 0..12: upper 12 bits of the time
//! 10 trigger, 7, 14 and 15 vendor's own
//! ```
//!
//! The 24 bits of time wrap after 17 seconds and are continued. Events before the first upper time word and the first
//! row are left out, as the vendor's decoder does.
//!
//! # References
//! Prophesee, "EVT 3.0 format", docs.prophesee.ai/stable/data/encoding_formats/evt3.html.

use crate::{
    Event, Polarity,
    events::{
        EventFault, ReadOptions,
        counter::WrappingCounter,
        decode::{Decode, StartError, Started, evt::EvtHeader, evt21::set_bits},
        sink::Sink,
        window::Window,
    },
};

const WORD_BYTES: usize = 2;
const TIME_BITS: u32 = 12;

struct Evt3 {
    high: WrappingCounter,
    high_us: Option<u64>,
    low_us: u64,
    y: Option<u16>,
    base_x: u16,
    base_polarity: Polarity,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let header = EvtHeader::read(window, options)?;
    let decoder = Evt3 {
        high: WrappingCounter::new(TIME_BITS),
        high_us: None,
        low_us: 0,
        y: None,
        base_x: 0,
        base_polarity: Polarity::Off,
    };
    Ok(Started { decoder: Box::new(decoder), sensor: header.sensor })
}

impl Decode for Evt3 {
    fn needs(&self) -> usize {
        WORD_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (words, _) = bytes.as_chunks::<WORD_BYTES>();
        for (word, at) in words.iter().zip((offset..).step_by(WORD_BYTES)) {
            self.word(u16::from_le_bytes(*word), at, sink);
        }
        words.len() * WORD_BYTES
    }

    fn unit(&self) -> &'static str {
        "a word of two bytes"
    }
}

impl Evt3 {
    #[inline]
    fn word(&mut self, word: u16, at: u64, sink: &mut Sink) {
        match word >> 12 {
            0x0 => self.y = Some(word & 0x7ff),
            0x2 => self.event(word & 0x7ff, polarity(word), at, sink),
            0x3 => (self.base_x, self.base_polarity) = (word & 0x7ff, polarity(word)),
            0x4 => self.vector(word & 0xfff, 12, at, sink),
            0x5 => self.vector(word & 0xff, 8, at, sink),
            0x6 => self.low_us = (word & 0xfff).into(),
            0x8 => {
                let high_us = self.high.next((word & 0xfff).into()) << TIME_BITS;
                // Until its own lower bits come, the time is that of the new upper bits' begin.
                if self.high_us.replace(high_us).is_some_and(|last| last != high_us) {
                    self.low_us = 0;
                }
            }
            0x7 | 0xa | 0xe | 0xf => sink.left_out.other += 1,
            _ => sink.fault(at, EventFault::UnknownWord { word: word.into() }),
        }
    }

    #[inline]
    fn event(&mut self, x: u16, polarity: Polarity, at: u64, sink: &mut Sink) {
        match (self.high_us, self.y) {
            (Some(high_us), Some(y)) => sink.push(Event { t_us: high_us | self.low_us, x, y, polarity }, at),
            _ => sink.left_out.before_time += 1,
        }
    }

    #[inline]
    fn vector(&mut self, valid: u16, columns: u16, at: u64, sink: &mut Sink) {
        for i in set_bits(valid.into()) {
            self.event(self.base_x.saturating_add(i), self.base_polarity, at, sink);
        }
        self.base_x = self.base_x.saturating_add(columns);
    }
}

fn polarity(word: u16) -> Polarity {
    if word >> 11 & 1 == 1 { Polarity::On } else { Polarity::Off }
}
