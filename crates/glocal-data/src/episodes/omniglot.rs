//! Omniglot: 1623 characters of 50 alphabets, each drawn by 20 people.

use std::{collections::BTreeSet, io::Cursor, path::Path};

use super::{
    Ink, PictureClasses, PictureOptions,
    archive::{Archive, ArchivedClass},
    classes::Gathering,
    folder::gather_folder,
    picture::Reading,
};
use crate::{DataError, ImageDataset, folders::FolderError};

/// Name in commands, configs and folders.
pub const NAME: &str = "omniglot";

/// Drawings of each character that an alphabet keeps to test with: those of the last people.
const TEST_DRAWINGS: usize = 5;

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
    let reading = reading(side)?;
    let [background, evaluation] = HALVES.map(|half| gather_half(folder, half, reading, &mut |_| true)?.finish(half));
    Ok(Omniglot { background: background?, evaluation: evaluation? })
}

/// One alphabet, such as `Latin`, as images to classify: those to learn from, and those to test with, which are what the last
/// five of the twenty people drew. Its characters are the classes, in their order.
///
/// # Errors
/// As [`omniglot`]; an alphabet that is in neither half.
pub fn alphabet(folder: &Path, name: &str, side: usize) -> Result<[ImageDataset; 2], DataError> {
    let reading = reading(side)?;
    let mut known = BTreeSet::new();
    for half in HALVES {
        let mut is_wanted = |class: &str| {
            let alphabet = class.split('/').next().unwrap_or_default();
            known.insert(alphabet.to_owned());
            alphabet == name
        };
        let gathering = gather_half(folder, half, reading, &mut is_wanted)?;
        if !gathering.is_empty() {
            return to_classify(&gathering.finish(name)?);
        }
    }
    Err(FolderError::NoAlphabet { folder: folder.into(), name: name.into(), known: known.into_iter().collect() }.into())
}

fn to_classify(set: &PictureClasses) -> Result<[ImageDataset; 2], DataError> {
    let name = format!("{NAME}:{}", set.name());
    let half = |is_test: bool| {
        let (mut levels, mut labels) = (Vec::new(), Vec::new());
        for (label, class) in set.classes().iter().enumerate() {
            let first_test = class.pictures.end.saturating_sub(TEST_DRAWINGS).max(class.pictures.start);
            let kept = if is_test { first_test..class.pictures.end } else { class.pictures.start..first_test };
            labels.extend(kept.clone().map(|_| label as u8));
            kept.for_each(|number| levels.extend_from_slice(set.picture(number)));
        }
        ImageDataset::new(&name, set.classes().len(), set.shape(), levels, labels)
    };
    Ok([half(false)?, half(true)?])
}

/// What the published archives and folders are called.
const HALVES: [&str; 2] = ["images_background", "images_evaluation"];

fn reading(side: usize) -> Result<Reading, DataError> {
    PictureOptions { side: Some(side), ink: Ink::Dark }.validate()?;
    Ok(Reading { side: Some(side), ink: Ink::Dark, any_size: false, most_side: MOST_DRAWING_SIDE })
}

/// The pictures of the wanted classes, `ALPHABET/CHARACTER`.
fn gather_half(
    folder: &Path,
    half: &'static str,
    reading: Reading,
    is_wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<Gathering, DataError> {
    let (archive, unpacked) = (folder.join(format!("{half}.zip")), folder.join(half));
    match (archive.is_file(), unpacked.is_dir()) {
        (true, _) => gather_archive(&archive, half, reading, is_wanted),
        (false, true) => gather_folder(&unpacked, reading, is_wanted),
        (false, false) => Err(FolderError::NoHalf { folder: folder.into(), half }.into()),
    }
}

fn gather_archive(
    path: &Path,
    half: &str,
    reading: Reading,
    is_wanted: &mut dyn FnMut(&str) -> bool,
) -> Result<Gathering, DataError> {
    let mut archive = Archive::open(path)?;
    let mut gathering = Gathering::new(reading);
    for ArchivedClass { name, pictures } in archive.classes(half)? {
        if !is_wanted(&name) {
            continue;
        }
        gathering.class(name);
        for index in pictures {
            let (file, bytes) = archive.read(index)?;
            gathering.add(&file, Cursor::new(bytes))?;
        }
    }
    Ok(gathering)
}
