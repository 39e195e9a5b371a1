//! CIFAR-10 in its binary version.
//!
//! ```text
//! data_batch_1.bin ... data_batch_5.bin, test_batch.bin, each of records of 3073 bytes:
//! offset 0     label, 0 to 9
//! offset 1     red, 32 x 32 bytes, row-major; then green, then blue
//! ```
//!
//! # References
//! A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009);
//! <https://www.cs.toronto.edu/~kriz/cifar.html>.

use std::{io::Read, path::Path};

use crate::{
    DataError, ImageDataset, ImageShape, Split,
    folders::FolderError,
    idx,
    registry::{self, ArchivedDataset},
};

/// The set's name in commands, configs and folders.
pub const NAME: &str = "cifar-10";

/// Size of an image.
pub const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };

/// What the classes show, by label.
pub const CLASS_NAMES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// A label and an image.
const RECORD_BYTES: u64 = 3073;

/// Folder that the published archive unpacks to.
const ARCHIVE_FOLDER: &str = "cifar-10-batches-bin";

/// Where the set is published.
///
/// # Errors
/// None in a program that was built right.
pub fn archive() -> Result<&'static ArchivedDataset, DataError> {
    registry::archived(NAME).ok_or_else(|| DataError::UnknownDataset { name: NAME.into(), known: Vec::new() })
}

/// Reads one split from `folder`, or from `cifar-10-batches-bin` in it; files may be gzip.
///
/// # Errors
/// A file that is not there or cannot be read; [`FolderError::Records`] for one that is cut; a label above 9.
pub fn load(folder: &Path, split: Split) -> Result<ImageDataset, DataError> {
    let names: &[&str] = match split {
        Split::Train => {
            &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
        }
        Split::Test => &["test_batch.bin"],
    };
    let unpacked = folder.join(ARCHIVE_FOLDER);
    let folder = if unpacked.is_dir() { &unpacked } else { folder };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in names.iter().map(|name| folder.join(name)) {
        read_batch(&file, &mut pixels, &mut labels)?;
    }
    ImageDataset::new(NAME, CLASS_NAMES.len(), SHAPE, pixels, labels)
}

fn read_batch(file: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), DataError> {
    let bytes = read_bounded(file)?;
    if bytes.is_empty() || !(bytes.len() as u64).is_multiple_of(RECORD_BYTES) {
        return Err(FolderError::Records { file: file.into(), record: RECORD_BYTES, found: bytes.len() as u64 }.into());
    }
    for (sample, record) in bytes.chunks_exact(RECORD_BYTES as usize).enumerate() {
        let (&label, image) = record.split_first().unwrap_or((&0, &[]));
        if usize::from(label) >= CLASS_NAMES.len() {
            let offset = sample as u64 * RECORD_BYTES;
            let (file, classes) = (file.into(), CLASS_NAMES.len());
            return Err(DataError::LabelOutOfRange { file, offset, sample, found: label, classes });
        }
        labels.push(label);
        pixels.extend_from_slice(image);
    }
    Ok(())
}

/// The content of a file, as far as [`idx::DEFAULT_CAP_BYTES`] allow: memory grows with what really arrives.
fn read_bounded(file: &Path) -> Result<Vec<u8>, DataError> {
    let (_, source) = idx::open(file)?;
    let (mut bytes, cap) = (Vec::new(), idx::DEFAULT_CAP_BYTES);
    if let Err(source) = source.take(cap + 1).read_to_end(&mut bytes) {
        return Err(idx::read_failure(file, bytes.len() as u64, source));
    }
    if bytes.len() as u64 > cap {
        return Err(FolderError::FileTooLarge { file: file.into(), what: "bytes", found: cap + 1, cap }.into());
    }
    Ok(bytes)
}
