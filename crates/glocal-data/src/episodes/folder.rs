//! Pictures of one's own: a folder of class folders.

use std::{fs::File, io::BufReader, path::Path};

use super::{PictureClasses, PictureOptions, classes::Gathering, picture::Reading};
use crate::{
    DataError,
    folders::{
        FileKind,
        listing::{self, Class},
    },
};

/// Most rows or columns of a photograph.
const MOST_PHOTOGRAPH_SIDE: u32 = 1 << 14;

/// Reads a folder of class folders of PNG or JPEG pictures; a class may also be a folder in a folder
/// (`Tibetan/character29`).
///
/// Classes and pictures are in the order of their names, numbers in them by their value; hidden files are left out.
/// Pictures become grey, and where they are scaled, those that are no squares are first set in the middle of one.
///
/// # Errors
/// No class folders, a class without pictures, files of other kinds; a picture that cannot be decoded, or, unless they
/// are scaled, differs from the first in size; more than 1 GiB of pixels; [`DataError::Parameter`] for a wrong side.
pub fn class_pictures(folder: &Path, options: PictureOptions) -> Result<PictureClasses, DataError> {
    options.validate()?;
    let reading = reading(options);
    let name = folder.file_name().map_or_else(|| "pictures".into(), |name| name.to_string_lossy().into_owned());
    gather_folder(folder, reading, &mut |_| true)?.finish(&name)
}

fn reading(PictureOptions { side, ink }: PictureOptions) -> Reading {
    Reading { side, ink, any_size: side.is_some(), most_side: MOST_PHOTOGRAPH_SIDE }
}

/// The levels of one picture, read as those of [`class_pictures`].
pub(super) fn read_picture(file: &Path, options: PictureOptions) -> Result<Vec<u8>, DataError> {
    let mut gathering = Gathering::new(reading(options));
    gathering.class("picture".into());
    add(&mut gathering, file)?;
    Ok(gathering.finish("picture")?.picture(0).to_vec())
}

fn add(gathering: &mut Gathering, file: &Path) -> Result<(), DataError> {
    let source = File::open(file).map_err(|source| DataError::Io { file: file.into(), action: "open", source })?;
    gathering.add(file, BufReader::new(source))
}

/// The pictures of the wanted classes of a folder whose classes are folders in it, or in folders of it.
pub(super) fn gather_folder(
    folder: &Path,
    reading: Reading,
    is_wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<Gathering, DataError> {
    let mut gathering = Gathering::new(reading);
    for Class { name, files } in listing::nested_classes(folder, FileKind::Picture)? {
        if is_wanted(&name) {
            gathering.class(name);
            files.iter().try_for_each(|file| add(&mut gathering, file))?;
        }
    }
    Ok(gathering)
}
