//! Bytes to samples: data sets on disk, spike encoders, corruption, and the random numbers that drive them.
//!
//! The crate knows nothing of networks. Its values follow one another as
//!
//! ```text
//! registry -> Locations::find -> Found -> load -> ImageDataset -> Batch -> Corruption -> Encoder -> Encoded
//! bytes -> events::EventReader -> chunks of Event -> Recording
//! ImageDataset -> tasks::TaskSequence -> ImageDataset of each task
//! episodes::omniglot -> PictureClasses -> ClassSplit -> EpisodeSampler -> EpisodeBatch
//! ```
//!
//! Nothing is downloaded unless [`fetch::fetch`] is called. Nothing panics on any input: what can go wrong is a
//! [`DataError`] that carries file, offset, expected and found values, and a [`hint`](DataError::hint).
//!
//! # Shapes
//! B samples of a batch, I inputs (pixels) of a sample, T time steps. All arrays are row-major; spike series are
//! time-major, `[T, B, I]`.

#![forbid(unsafe_code)]

pub mod augment;
pub mod cifar;
pub mod corrupt;
pub mod dataset;
pub mod dvs;
pub mod embedded;
pub mod encode;
pub mod episodes;
mod error;
pub mod events;
pub mod fetch;
pub mod folders;
pub mod hash;
pub mod idx;
pub mod load;
pub mod locate;
mod mask;
pub mod random;
pub mod registry;
mod split;
pub mod tasks;
mod text;
pub mod whole_file;

pub use augment::{Augmentation, Augmentations};
pub use corrupt::{Corruption, Corruptions, Fault};
pub use dataset::{Batch, ImageDataset, ImageShape, Sample, Split};
pub use dvs::{DvsConfig, DvsPixelConfig, DvsPixels, SaccadePath};
pub use encode::{Draw, EncodeBuffers, Encoded, Encoder};
pub use error::DataError;
pub use events::{
    Event, EventCorruption, EventCorruptions, EventTransform, EventTransforms, Polarity, Recording, SensorFault,
    SensorSize,
};
pub use fetch::{FetchOptions, Fetched, Progress, fetch};
pub use folders::{EventDataset, EventSample, FolderError};
pub use load::{load, load_folder, load_idx};
pub use locate::{Found, Locations};
pub use random::Stream;
pub use registry::KnownDataset;
pub use split::{ValidationSplit, epoch_order};
pub use text::Chain;
