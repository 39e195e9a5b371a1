//! Prophesee EVT 2.1: words of 64 bits, each with up to 32 events of one row.
//!
//! ```text
//! bits 60..64  kind, as in EVT 2.0
//! Off, On      bits 54..60 lower 6 bits of the time, 43..54 x, 32..43 y, 0..32 which of x, x+1, ... x+31 changed
//! time         bits 32..60: the upper 28 bits of the time of what follows
//! ```
//!
//! Words are little-endian, or, from older cameras ("endianness=legacy"), two little-endian halves of which the upper
//! comes first. Where the header does not tell, the first time word does: its lower half is zero.
//!
//! # References
//! Prophesee, "EVT 2.1 format", docs.prophesee.ai/stable/data/encoding_formats/evt21.html.

use crate::{
    Event, Polarity,
    events::{
        EventFault, ReadOptions,
        counter::WrappingCounter,
        decode::{
            Decode, StartError, Started,
            evt::{EvtHeader, kind},
            evt2::{TIME_HIGH_BITS, TIME_LOW_BITS},
        },
        sink::Sink,
        window::{WINDOW_BYTES, Window},
    },
};

const WORD_BYTES: usize = 8;

/// Order of a word's halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halves {
    LowerFirst,
    UpperFirst,
}

struct Evt21 {
    halves: Halves,
    high: WrappingCounter,
    base_us: Option<u64>,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let header = EvtHeader::read(window, options)?;
    let halves = match header.option("endianness") {
        Some("legacy") => Halves::UpperFirst,
        Some(_) => Halves::LowerFirst,
        None => by_first_time_word(window.fill(WINDOW_BYTES)?),
    };
    let decoder = Evt21 { halves, high: WrappingCounter::new(TIME_HIGH_BITS), base_us: None };
    Ok(Started { decoder: Box::new(decoder), sensor: header.sensor })
}

fn by_first_time_word(bytes: &[u8]) -> Halves {
    let is_time = |upper: u64, lower: u64| upper >> 28 == u64::from(kind::TIME_HIGH) && lower == 0;
    let by_word = |word: &[u8; WORD_BYTES]| {
        let word = u64::from_le_bytes(*word);
        let (second, first) = (word >> 32, word & 0xffff_ffff);
        match (is_time(second, first), is_time(first, second)) {
            (true, _) => Some(Halves::LowerFirst),
            (_, true) => Some(Halves::UpperFirst),
            _ => None,
        }
    };
    bytes.as_chunks().0.iter().find_map(by_word).unwrap_or(Halves::LowerFirst)
}

impl Decode for Evt21 {
    fn needs(&self) -> usize {
        WORD_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (words, _) = bytes.as_chunks::<WORD_BYTES>();
        for (word, at) in words.iter().zip((offset..).step_by(WORD_BYTES)) {
            let word = u64::from_le_bytes(*word);
            self.word(if self.halves == Halves::LowerFirst { word } else { word.rotate_left(32) }, at, sink);
        }
        words.len() * WORD_BYTES
    }

    fn unit(&self) -> &'static str {
        "a word of eight bytes"
    }
}

impl Evt21 {
    #[inline]
    fn word(&mut self, word: u64, at: u64, sink: &mut Sink) {
        match ((word >> 60) as u32, self.base_us) {
            (kind @ (kind::OFF | kind::ON), Some(base_us)) => {
                let t_us = base_us | (word >> 54 & 0x3f);
                let polarity = if kind == kind::ON { Polarity::On } else { Polarity::Off };
                let (x, y) = ((word >> 43 & 0x7ff) as u16, (word >> 32 & 0x7ff) as u16);
                for i in set_bits(word as u32) {
                    sink.push(Event { t_us, x: x + i, y, polarity }, at);
                }
            }
            (kind::OFF | kind::ON, None) => sink.left_out.before_time += u64::from((word as u32).count_ones()),
            (kind::TIME_HIGH, _) => self.base_us = Some(self.high.next(word >> 32 & 0x0fff_ffff) << TIME_LOW_BITS),
            (kind::TRIGGER | kind::OTHERS | kind::CONTINUED, _) => sink.left_out.other += 1,
            _ => sink.fault(at, EventFault::UnknownWord { word }),
        }
    }
}

/// Positions of the ones of `bits`, lowest first.
#[inline]
pub(super) fn set_bits(mut bits: u32) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let lowest = (bits != 0).then_some(bits.trailing_zeros() as u16);
        bits &= bits.wrapping_sub(1);
        lowest
    })
}
