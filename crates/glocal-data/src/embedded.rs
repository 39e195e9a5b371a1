//! A small real data set inside the program, so that a first run needs no download.

use std::path::Path;

use crate::{DataError, ImageDataset, KnownDataset, Split, Stream, idx, load, registry};

/// The embedded set's name in configs.
pub const FASHION_MNIST_SUBSET: &str = "embedded-fashion-mnist";

/// Images of a split: 600 of each class to train with, 100 to test with.
pub const fn samples(split: Split) -> usize {
    match split {
        Split::Train => 6_000,
        Split::Test => 1_000,
    }
}

/// A balanced draw from Fashion-MNIST: 6,000 images of its training and 1,000 of its test split.
///
/// # Errors
/// None in a program that was built right: the bytes are part of it.
///
/// # References
/// H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747. MIT licence, see `embedded/LICENSE`.
pub fn fashion_mnist(split: Split) -> Result<ImageDataset, DataError> {
    let (images, labels): (&[u8], &[u8]) = match split {
        Split::Train => (
            include_bytes!("../embedded/train-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/train-labels-idx1-ubyte.gz"),
        ),
        Split::Test => (
            include_bytes!("../embedded/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/t10k-labels-idx1-ubyte.gz"),
        ),
    };
    let read = |bytes, name| idx::read(bytes, name, idx::DEFAULT_CAP_BYTES);
    let (images_name, labels_name) = (Path::new("embedded images"), Path::new("embedded labels"));
    load::from_arrays(
        FASHION_MNIST_SUBSET,
        origin()?.classes(),
        (read(images, images_name)?, images_name),
        (read(labels, labels_name)?, labels_name),
    )
}

/// The set that the embedded one was drawn from.
///
/// # Errors
/// None in a program that was built right.
pub fn origin() -> Result<&'static KnownDataset, DataError> {
    registry::find("fashion-mnist")
}

/// Draws the embedded subset from a split of the full set, as `examples/make_embedded.rs` does: equally many of each
/// class, in the order of the full set, by seed 0.
///
/// # Errors
/// [`DataError::Parameter`] if `full` has no more samples than are to be drawn.
pub fn draw_from(full: &ImageDataset, split: Split) -> Result<ImageDataset, DataError> {
    let stream = Stream::new(0).fork(FASHION_MNIST_SUBSET).fork(&split.to_string());
    let drawn = full.split_validation(samples(split), &stream)?.validation;
    full.subset(FASHION_MNIST_SUBSET, &drawn)
}
