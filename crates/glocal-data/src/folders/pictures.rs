//! Folders of class folders of pictures.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use image::{DynamicImage, ImageReader};

use super::{FileKind, FolderError, listing};
use crate::{DataError, ImageDataset, ImageShape, idx};

/// Most rows or columns of a picture.
const MOST_SIDE: u32 = 1 << 14;

/// Reads a folder of class folders of PNG or JPEG pictures, all of one size and all grey or all in colour.
///
/// Classes are numbered in the order of their names; transparency is dropped, and 16-bit levels are brought to 8.
///
/// # Errors
/// No class folders, more than 256, a class without pictures, files of other kinds; a picture that cannot be decoded or
/// differs from the first in size or colour; more than 1 GiB of pixels.
pub fn picture_folder(name: &str, folder: &Path) -> Result<ImageDataset, DataError> {
    let classes = listing::classes(folder, FileKind::Picture)?;
    let mut pictures = Pictures::default();
    for (label, class) in classes.iter().enumerate() {
        class.files.iter().try_for_each(|file| pictures.add(file, label))?;
    }
    let shape = pictures.first.map_or(ImageShape::default(), |(_, shape)| shape);
    ImageDataset::new(name, classes.len(), shape, pictures.pixels, pictures.labels)
}

/// Reads `train` and `test`, each as [`picture_folder`] does.
///
/// # Errors
/// As [`picture_folder`]; [`DataError::Inconsistent`] if the halves differ in size, [`FolderError::WrongClasses`] if in
/// classes.
pub fn picture_folders(name: &str, folder: &Path) -> Result<[ImageDataset; 2], DataError> {
    let halves = ["train", "test"].map(|half| folder.join(half));
    let names = |half: &PathBuf| -> Result<Vec<String>, DataError> {
        Ok(listing::entries(half)?.into_iter().filter(|entry| entry.is_folder).map(|entry| entry.name).collect())
    };
    let (expected, found) = (names(&halves[0])?, names(&halves[1])?);
    if expected != found {
        let [_, folder] = halves;
        return Err(FolderError::WrongClasses { folder, expected, found }.into());
    }
    let [train, test] = [picture_folder(name, &halves[0])?, picture_folder(name, &halves[1])?];
    if train.shape() == test.shape() {
        return Ok([train, test]);
    }
    Err(DataError::Inconsistent {
        name: name.into(),
        what: "image size of the test split",
        expected: train.shape().to_string(),
        found: test.shape().to_string(),
    })
}

#[derive(Default)]
struct Pictures {
    first: Option<(PathBuf, ImageShape)>,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Pictures {
    fn add(&mut self, file: &Path, label: usize) -> Result<(), DataError> {
        // What has more classes than a byte can tell is refused by the data set, with their number.
        let label = u8::try_from(label).unwrap_or(u8::MAX);
        let picture = decode(file)?;
        let shape = ImageShape {
            channels: if picture.color().has_color() { 3 } else { 1 },
            height: picture.height() as usize,
            width: picture.width() as usize,
        };
        let (first, expected) = self.first.get_or_insert_with(|| (file.to_owned(), shape));
        if shape != *expected {
            let (first, expected, found) = (first.clone(), describe(*expected), describe(shape));
            return Err(FolderError::PictureSize { file: file.into(), first, expected, found }.into());
        }
        if (self.pixels.len() + shape.inputs()) as u64 > idx::DEFAULT_CAP_BYTES {
            return Err(FolderError::TooLarge { file: file.into(), cap: idx::DEFAULT_CAP_BYTES }.into());
        }
        push_planes(&mut self.pixels, picture, shape.channels);
        self.labels.push(label);
        Ok(())
    }
}

/// Decodes a file by its content, whatever its name says; large pictures are refused before memory is taken.
fn decode(file: &Path) -> Result<DynamicImage, DataError> {
    let io_error = |action| move |source| DataError::Io { file: file.into(), action, source };
    let source = BufReader::new(File::open(file).map_err(io_error("open"))?);
    let mut reader = ImageReader::new(source).with_guessed_format().map_err(io_error("read"))?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    reader.limits(limits);
    reader.decode().map_err(|error| FolderError::Picture { file: file.into(), message: error.to_string() }.into())
}

/// Appends a picture plane after plane.
fn push_planes(pixels: &mut Vec<u8>, picture: DynamicImage, channels: usize) {
    if channels == 1 {
        pixels.extend(picture.into_luma8().into_raw());
        return;
    }
    let interleaved = picture.into_rgb8().into_raw();
    for channel in 0..channels {
        pixels.extend(interleaved.iter().skip(channel).step_by(channels));
    }
}

fn describe(shape: ImageShape) -> String {
    let colour = if shape.channels == 1 { "grey" } else { "in colour" };
    format!("{} x {} {colour}", shape.height, shape.width)
}
