//! Few-shot learning: pictures of many classes with few pictures each, and episodes drawn from them.
//!
//! ```text
//! omniglot, class_pictures -> PictureClasses -> ClassSplit -> SplitClasses -> EpisodeSampler -> EpisodeBatch
//! ```
//!
//! An episode is a small task of its own: a few classes that get new labels, a few labelled pictures of each (the
//! support) to learn them by, and others (the queries) to be judged by.
//!
//! ```no_run
//! # use std::path::Path;
//! use glocal_data::Stream;
//! use glocal_data::episodes::{ClassSplit, EpisodeBatch, EpisodeSampler, EpisodeShape, Variations, omniglot};
//! # fn main() -> Result<(), glocal_data::DataError> {
//! let pool = omniglot(Path::new("data/omniglot"), 28)?.joined()?;
//! let seed = Stream::new(1);
//! let classes = ClassSplit::Official { validation: 50 }.split(&pool, true, &seed.fork("classes"))?;
//! let sampler = EpisodeSampler::new(&pool, &classes.training, EpisodeShape { ways: 5, shots: 1, queries: 1 })?;
//! let mut batch = EpisodeBatch::new();
//! sampler.fill(&mut batch, &seed.fork("training"), 0, 32, Variations::default())?;
//! # Ok(())
//! # }
//! ```

mod archive;
mod batch;
mod classes;
mod error;
mod folder;
mod omniglot;
mod picture;
mod query;
mod sampler;
mod split;

pub use batch::EpisodeBatch;
pub use classes::{PictureClass, PictureClasses};
pub use error::EpisodeError;
pub use folder::class_pictures;
pub use omniglot::{NAME as OMNIGLOT, Omniglot, alphabet, omniglot};
pub use picture::{Ink, MOST_SIDE, PictureOptions};
pub use query::{QueryPicture, query_pictures};
pub use sampler::{Episode, EpisodePicture, EpisodeSampler, EpisodeShape, Variations};
pub use split::{ClassId, ClassSplit, SplitClasses};
