//! Omniglot: 1623 characters of 50 alphabets, each drawn by 20 people.

use std::{io::Cursor, path::Path};

use super::{
    Ink, PictureClasses, PictureOptions,
    archive::{Archive, ArchivedClass},
    classes::Gathering,
    folder::read_folder,
    picture::Reading,
};
use crate::{DataError, folders::FolderError};

/// Name in commands, configs and folders.
pub const NAME: &str = "omniglot";

/// Most rows or columns of a drawing; the published ones have 105.
const MOST_DRAWING_SIDE: u32 = 1 << 10;

/// Both published halves of Omniglot.
///
/// # References
/// B. Lake, R. Salakhutdinov, J. Tenenbaum (2015), doi:10.1126/science.aab3050.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omniglot {
    /// To learn from: 964 characters of 30 alphabets.
    pub background: PictureClasses,
    /// To test with: 659 characters of 20 other alphabets.
    pub evaluation: PictureClasses,
}

impl Omniglot {
    /// Both halves as one pool: the background, then the evaluation characters.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] if they differ in size.
    pub fn joined(self) -> Result<PictureClasses, DataError> {
        PictureClasses::joined(NAME, self.background, self.evaluation)
    }
}

/// Reads `images_background.zip` and `images_evaluation.zip` as published, without unpacking them, or the folders
/// `images_background/ALPHABET/CHARACTER/*.png` and `images_evaluation` likewise.
///
/// Drawings are brought from 105 x 105 to `side` x `side` by averaging areas; ink is high, paper is 0. Characters are in
/// the order of their alphabets' names, then their own.
///
/// # Errors
/// A half that is not there; an archive that is damaged, too large, or holds anything but characters; a character
/// without drawings; a drawing that cannot be decoded or differs from the first in size; [`DataError::Parameter`] for a
/// wrong side.
pub fn omniglot(folder: &Path, side: usize) -> Result<Omniglot, DataError> {
    PictureOptions { side: Some(side), ink: Ink::Dark }.validate()?;
    let reading = Reading { side: Some(side), ink: Ink::Dark, any_size: false, most_side: MOST_DRAWING_SIDE };
    let [background, evaluation] =
        ["images_background", "images_evaluation"].map(|half| read_half(folder, half, reading));
    Ok(Omniglot { background: background?, evaluation: evaluation? })
}

fn read_half(folder: &Path, half: &'static str, reading: Reading) -> Result<PictureClasses, DataError> {
    let (archive, unpacked) = (folder.join(format!("{half}.zip")), folder.join(half));
    match (archive.is_file(), unpacked.is_dir()) {
        (true, _) => read_archive(&archive, half, reading),
        (false, true) => read_folder(half, &unpacked, reading),
        (false, false) => Err(FolderError::NoHalf { folder: folder.into(), half }.into()),
    }
}

fn read_archive(path: &Path, half: &str, reading: Reading) -> Result<PictureClasses, DataError> {
    let mut archive = Archive::open(path)?;
    let mut gathering = Gathering::new(reading);
    for ArchivedClass { name, pictures } in archive.classes(half)? {
        gathering.class(name);
        for index in pictures {
            let (file, bytes) = archive.read(index)?;
            gathering.add(&file, Cursor::new(bytes))?;
        }
    }
    gathering.finish(half)
}
