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

/// Reads both splits, train and test, of images of one's own: a folder with the four files that MNIST has
/// (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, plain or with
/// `.gz`). Any image size; as many classes as the largest label says.
///
/// # Errors
/// As [`load_idx`]; [`DataError::Inconsistent`] if the splits differ in image size.
pub fn load_folder(name: &str, folder: &Path) -> Result<[ImageDataset; 2], DataError> {
    let read = |stem: &str| {
        let plain = folder.join(stem);
        let packed = folder.join(format!("{stem}.gz"));
        let path = if !plain.exists() && packed.exists() { packed } else { plain };
        Ok::<_, DataError>((idx::read_file(&path, idx::DEFAULT_CAP_BYTES)?, path))
    };
    // Labels first, as in `load_idx`.
    let labels = [read("train-labels-idx1-ubyte")?, read("t10k-labels-idx1-ubyte")?];
    let classes = 1 + labels.iter().flat_map(|(array, _)| &array.data).max().map_or(0, |&label| usize::from(label));
    let [train_labels, test_labels] = labels;
    let set = |stem: &str, (labels, labels_file): (IdxArray, std::path::PathBuf)| {
        let (images, file) = read(stem)?;
        from_arrays(name, classes, (images, &file), (labels, &labels_file))
    };
    let train = set("train-images-idx3-ubyte", train_labels)?;
    let test = set("t10k-images-idx3-ubyte", test_labels)?;
    if [train.height(), train.width()] == [test.height(), test.width()] {
        return Ok([train, test]);
    }
    Err(DataError::Inconsistent {
        name: name.into(),
        what: "image size of the test split",
        expected: format!("{} x {}", train.height(), train.width()),
        found: format!("{} x {}", test.height(), test.width()),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, shape: &[u32], data: Vec<u8>) {
        let file = folder.join(name);
        let array = IdxArray { shape: shape.to_vec(), data };
        idx::write(&array, std::fs::File::create(&file).unwrap(), &file).unwrap();
    }

    /// 3 images of 2 x 4 to learn from, 2 to test on; the largest label is in the test split.
    #[test]
    fn folder_of_own_images() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        write(at, "train-images-idx3-ubyte", &[3, 2, 4], (0..24).collect());
        write(at, "train-labels-idx1-ubyte", &[3], vec![0, 1, 1]);
        write(at, "t10k-labels-idx1-ubyte", &[2], vec![2, 0]);
        assert!(load_folder("own", at).unwrap_err().to_string().contains("t10k-images-idx3-ubyte"));
        write(at, "t10k-images-idx3-ubyte", &[2, 2, 4], vec![9; 16]);
        let [train, test] = load_folder("own", at).unwrap();
        assert_eq!((train.len(), train.classes(), train.inputs()), (3, 3, 8));
        assert_eq!((test.len(), test.classes(), test.labels()), (2, 3, &[2u8, 0][..]));
        write(at, "t10k-images-idx3-ubyte", &[2, 4, 4], vec![9; 32]);
        assert!(load_folder("own", at).unwrap_err().to_string().contains("4 x 4"));
    }
}
