//! IDX files to [`ImageDataset`].

use std::path::Path;

use crate::{
    DataError, Found, ImageDataset, Split,
    idx::{self, IdxArray},
    registry::Part,
};

/// Reads one split of a known data set that was found on this machine.
///
/// # Errors
/// As [`load_idx`]; [`DataError::Inconsistent`] if the images are not of the set's size.
pub fn load(found: &Found, split: Split) -> Result<ImageDataset, DataError> {
    let known = found.known;
    let (images, labels) = (found.path(split, Part::Images), found.path(split, Part::Labels));
    let set = load_idx(known.name, known.classes(), images, labels)?;
    if [set.height(), set.width()] == [known.height, known.width] {
        return Ok(set);
    }
    Err(DataError::Inconsistent {
        name: known.name.into(),
        what: "image size",
        expected: format!("{} x {}", known.height, known.width),
        found: format!("{} x {} in {}", set.height(), set.width(), images.display()),
    })
}

/// Reads images `[N, height, width]` and labels `[N]` from IDX files, plain or gzip.
///
/// # Errors
/// A file that cannot be read, is damaged or of another kind; counts that differ; a label that is no class.
pub fn load_idx(name: &str, classes: usize, images: &Path, labels: &Path) -> Result<ImageDataset, DataError> {
    let read = |path| idx::read_file(path, idx::DEFAULT_CAP_BYTES);
    // Labels first: they are small, so that a wrong file is found before the images are read.
    let label_array = read(labels)?;
    from_arrays(name, classes, (read(images)?, images), (label_array, labels))
}

/// Pairs images and labels that were read, each with its name for messages.
pub(crate) fn from_arrays(
    name: &str,
    classes: usize,
    (images, images_file): (IdxArray, &Path),
    (labels, labels_file): (IdxArray, &Path),
) -> Result<ImageDataset, DataError> {
    expect_rank(&labels, labels_file, 1, "labels of rank 1")?;
    expect_rank(&images, images_file, 3, "images of rank 3")?;
    let (count, size) = (images.shape[0] as usize, [images.shape[1] as usize, images.shape[2] as usize]);
    if count != labels.data.len() {
        return Err(DataError::CountMismatch { file: labels_file.into(), images: count, labels: labels.data.len() });
    }
    ImageDataset::new(name, classes, size, images.data, labels.data).map_err(|error| match error {
        DataError::LabelOutOfRange { offset, sample, found, classes, .. } => {
            DataError::LabelOutOfRange { file: labels_file.into(), offset, sample, found, classes }
        }
        other => other,
    })
}

fn expect_rank(array: &IdxArray, file: &Path, rank: usize, expected: &str) -> Result<(), DataError> {
    if array.shape.len() == rank {
        return Ok(());
    }
    let found = format!("an array of rank {} and shape {:?}", array.shape.len(), array.shape);
    Err(DataError::WrongRank { file: file.into(), expected: expected.into(), found })
}
