//! Events of neuromorphic vision sensors: what a camera says when the light at one pixel changes.
//!
//! ```text
//! bytes -> Format (by content) -> EventReader -> chunks of Event -> Recording -> save
//! ```
//!
//! [`EventReader`] streams: it holds one window of bytes and one chunk of events, however long the file is (an npz file,
//! whose columns lie one after the other, it holds whole, up to [`Limits::packet_bytes`]). All formats pass through one
//! check: times never run backwards and every event lies on the sensor. [`Strictness`] says what happens where they do
//! not: an error with the byte offset, or a count of what was left out.
//!
//! # Units
//! Times are microseconds as the file counts them, continued over the wraps of its counter; no start is subtracted.
//! Pixels count from the upper left corner as the scene was seen: formats that count from the lower left (Event Stream)
//! or mirror columns (AEDAT 2.0) are turned upright.

pub mod corrupt;
mod counter;
mod decode;
mod event;
mod fault;
mod format;
pub mod frames;
pub mod gesture;
mod options;
pub(crate) mod pixels;
pub(crate) mod poisson;
mod reader;
mod sink;
pub mod transform;
mod window;
mod write;

pub use corrupt::{EventCorruption, EventCorruptions, SensorFault};
pub use event::{Event, Polarity, Recording, SensorSize};
pub use fault::EventFault;
pub use format::Format;
pub use frames::{FrameCut, FrameValue, Frames, Framing, Place};
pub use options::{LeftOut, Limits, ReadOptions, Strictness};
pub use pixels::MOST_PIXELS;
pub use reader::{EventReader, open, read_recording};
pub use transform::{EventTransform, EventTransforms, TransformStage};
pub use write::{encode, save};
