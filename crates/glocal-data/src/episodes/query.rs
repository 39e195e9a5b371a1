//! Pictures to ask about, each with its file.

use std::path::{Path, PathBuf};

use super::{PictureOptions, folder};
use crate::{
    DataError,
    folders::{
        FileKind, FolderError,
        listing::{self, Class},
    },
};

/// A picture to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPicture {
    /// Where it is.
    pub file: PathBuf,
    /// The class folder that it lies in; absent where pictures lie in the folder itself.
    pub class: Option<String>,
    /// Its levels, `[I]`, ink is high.
    pub levels: Vec<u8>,
}

/// Reads a picture, a folder of pictures, or a folder of class folders; read as
/// [`class_pictures`](super::class_pictures) reads.
///
/// # Errors
/// As [`class_pictures`](super::class_pictures); a folder without pictures.
pub fn query_pictures(path: &Path, options: PictureOptions) -> Result<Vec<QueryPicture>, DataError> {
    options.validate()?;
    let classes = match path.is_dir() {
        false => vec![(None, vec![path.to_owned()])],
        true if listing::entries(path)?.iter().any(|entry| entry.is_folder) => {
            let named = |Class { name, files }| (Some(name), files);
            listing::nested_classes(path, FileKind::Picture)?.into_iter().map(named).collect()
        }
        true => {
            let files: Vec<PathBuf> = listing::entries(path)?.into_iter().map(|entry| entry.path).collect();
            let pictures: Vec<PathBuf> =
                files.into_iter().filter(|file| listing::kind_of(file) == FileKind::Picture).collect();
            if pictures.is_empty() {
                return Err(FolderError::EmptyClass { folder: path.into(), kind: FileKind::Picture }.into());
            }
            vec![(None, pictures)]
        }
    };
    let mut found = Vec::new();
    for (class, files) in classes {
        for file in files {
            let levels = folder::read_picture(&file, options)?;
            found.push(QueryPicture { file, class: class.clone(), levels });
        }
    }
    Ok(found)
}
