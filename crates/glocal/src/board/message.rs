//! The few protocol-buffer messages of an event file.
//!
//! # References
//! TensorFlow, `tensorflow/core/util/event.proto`, `core/framework/summary.proto` and `histogram.proto`: names, numbers and
//! types of the fields. What this program does not write is left out, and readers of the whole messages accept that.

use prost::{Enumeration, Message};

/// One record of an event file.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Where on the horizontal axis.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened.
    #[prost(oneof = "event::What", tags = "3, 5, 7")]
    pub what: Option<event::What>,
}

/// Parts of [`Event`].
pub mod event {
    /// What happened.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum What {
        /// The format; in the first record of a file.
        #[prost(string, tag = "3")]
        FileVersion(String),
        /// What was seen.
        #[prost(message, tag = "5")]
        Summary(super::Summary),
        /// A process began.
        #[prost(message, tag = "7")]
        SessionLog(super::SessionLog),
    }
}

/// A process that writes event files.
#[derive(Clone, PartialEq, Message)]
pub struct SessionLog {
    /// What became of it.
    #[prost(enumeration = "SessionStatus", tag = "1")]
    pub status: i32,
}

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum SessionStatus {
    /// Not said.
    Unspecified = 0,
    /// It began: what earlier files hold of this step and later ones is out of date.
    Start = 1,
}

/// What was seen at a step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// One for each tag.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

/// What was seen under one tag.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// Its name; the part before the first `/` groups.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// What was seen.
    #[prost(oneof = "value::Kind", tags = "2, 4, 5")]
    pub kind: Option<value::Kind>,
}

/// Parts of [`Value`].
pub mod value {
    /// What was seen.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Kind {
        /// A number.
        #[prost(float, tag = "2")]
        SimpleValue(f32),
        /// A picture.
        #[prost(message, tag = "4")]
        Image(super::Image),
        /// How many numbers are spread.
        #[prost(message, tag = "5")]
        Histogram(super::HistogramProto),
    }
}

impl Value {
    /// A number.
    pub fn scalar(tag: impl Into<String>, value: f64) -> Value {
        Value { tag: tag.into(), kind: Some(value::Kind::SimpleValue(value as f32)) }
    }

    /// How numbers are spread.
    pub fn histogram(tag: impl Into<String>, histogram: HistogramProto) -> Value {
        Value { tag: tag.into(), kind: Some(value::Kind::Histogram(histogram)) }
    }

    /// A picture.
    pub fn image(tag: impl Into<String>, image: Image) -> Value {
        Value { tag: tag.into(), kind: Some(value::Kind::Image(image)) }
    }
}

/// A picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Rows.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Columns.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 1 grey, 3 RGB.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// The bytes of a PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// How many numbers are spread.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramProto {
    /// The smallest.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The largest.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Σ x.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// Σ x².
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Right edge of each bucket; the left edge is the one before.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// Numbers in each bucket.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}
