//! Data sets that are folders of files: pictures, and recordings that stay on disk.
//!
//! Reading event files is not this module's matter: [`EventDataset::loader`] takes a reader as an argument.
//!
//! ```no_run
//! # use std::path::Path;
//! # use glocal_data::{DataError, Recording, Split, folders::{LoadLimits, n_mnist}};
//! # fn read(path: &Path) -> Result<Recording, DataError> { unimplemented!() }
//! let set = n_mnist(Path::new("data/n-mnist"), Split::Train)?;
//! let mut loader = set.loader(read, LoadLimits::default());
//! let recording = loader.load(0)?;
//! println!("{} events of class {}", recording.events.len(), set.samples()[0].label);
//! # Ok::<(), DataError>(())
//! ```

mod error;
mod layouts;
pub(crate) mod listing;
mod pictures;
mod recordings;

pub use crate::events::gesture::CLASS_NAMES as GESTURES;
pub use error::{FileKind, FolderError};
pub use layouts::{cifar10_dvs, class_folders, dvs128_gesture, n_mnist, n_omniglot};
pub use pictures::{picture_folder, picture_folders};
pub use recordings::{EventDataset, EventLoader, EventSample, LabelledSpan, LoadLimits};
