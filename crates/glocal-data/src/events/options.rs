//! How to read: what is allowed, and what was left out.

use std::fmt;

use serde::Serialize;

use crate::events::{Format, SensorSize};

/// What happens where a file is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Reading ends with an error that names the byte.
    #[default]
    Strict,
    /// The good part is kept, the rest is counted in [`LeftOut`].
    Lenient,
}

/// Most that a file may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events of a [`Recording`](crate::Recording), which holds them all in memory, 16 bytes each.
    pub events: u64,
    /// Bytes of a compressed packet or of an npz file, packed or unpacked.
    pub packet_bytes: u64,
    /// Unpacked bytes per packed byte, above 16 MiB of unpacked bytes: more is a decompression bomb.
    pub ratio: u64,
}

impl Default for Limits {
    /// 2^27 events (2 GiB), packets of 256 MiB, a ratio of 200.
    fn default() -> Self {
        Limits { events: 1 << 27, packet_bytes: 1 << 28, ratio: 200 }
    }
}

/// Unpacked bytes that any ratio may reach: small bombs are duds.
const ANY_RATIO_BYTES: u64 = 1 << 24;

impl Limits {
    /// Most bytes that `packed` bytes may unpack to.
    pub(crate) fn unpacked_bytes(&self, packed: u64) -> u64 {
        packed.saturating_mul(self.ratio).max(ANY_RATIO_BYTES).min(self.packet_bytes)
    }
}

/// How to read a file of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format; detected by content if absent.
    pub format: Option<Format>,
    /// The sensor; as the file says, or as is usual for the format, if absent.
    pub sensor: Option<SensorSize>,
    /// What happens where the file is damaged.
    pub strictness: Strictness,
    /// Most that the file may ask for.
    pub limits: Limits,
}

/// What a reader left out.
///
/// The first two are no damage and occur in strict reading, too; the others are counted by lenient reading only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Words that tell of no change of light: triggers, samples of frames or of motion, events marked as invalid.
    pub other: u64,
    /// Events before the first word that says the time, as in a stream that was tapped.
    pub before_time: u64,
    /// Events outside the sensor.
    pub off_sensor: u64,
    /// Events earlier than the one before them.
    pub backwards: u64,
    /// Words or packets that mean nothing; nothing can be read after a packet whose length is damaged.
    pub damaged: u64,
    /// Incomplete words or packets at the end: 0 or 1.
    pub cut_off: u64,
    /// Events beyond [`Limits::events`] that were seen before reading stopped; more may follow them.
    pub over_limit: u64,
}

impl LeftOut {
    /// Whether anything was left out that strict reading refuses.
    pub fn is_damaged(&self) -> bool {
        self.off_sensor + self.backwards + self.damaged + self.cut_off + self.over_limit > 0
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.other, "of another kind"),
            (self.before_time, "before the first time"),
            (self.off_sensor, "off the sensor"),
            (self.backwards, "back in time"),
            (self.damaged, "damaged"),
            (self.cut_off, "cut off"),
            (self.over_limit, "or more beyond the limit of events"),
        ];
        let told: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        f.write_str(if told.is_empty() { "nothing" } else { "" })?;
        f.write_str(&told.join(", "))
    }
}
