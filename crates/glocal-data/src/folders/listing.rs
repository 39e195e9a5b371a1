//! Folders of class folders of files, in an order that is the same on every machine.

use std::{
    cmp::Ordering,
    fs,
    path::{Path, PathBuf},
};

use super::{FileKind, FolderError};
use crate::DataError;

/// Most entries of one folder.
const MOST_ENTRIES: usize = 1 << 22;

/// A file or folder.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) is_folder: bool,
}

/// Whether a name is of no sample: hidden, or what macOS adds to archives.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

/// What is in a folder, in natural order; hidden names are left out.
pub(crate) fn entries(folder: &Path) -> Result<Vec<Entry>, DataError> {
    let io_error = |source| DataError::Io { file: folder.into(), action: "list", source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error)? {
        let path = entry.map_err(io_error)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_hidden(&name) {
            continue;
        }
        if entries.len() == MOST_ENTRIES {
            return Err(FolderError::TooMany { folder: folder.into(), most: MOST_ENTRIES }.into());
        }
        // Follows links, as data sets are often arranged by them.
        let is_folder = path.is_dir();
        entries.push(Entry { name, path, is_folder });
    }
    entries.sort_by(|a, b| natural_order(&a.name, &b.name));
    Ok(entries)
}

/// A class and its files.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) files: Vec<PathBuf>,
}

/// The class folders of `root` and their files of one kind. Notes beside them (text, tables) are left out.
pub(crate) fn classes(root: &Path, kind: FileKind) -> Result<Vec<Class>, DataError> {
    let mut classes = Vec::new();
    for entry in entries(root)? {
        if entry.is_folder {
            classes.push(Class { files: class_files(&entry.path, kind)?, name: entry.name });
        } else {
            expect_note(entry.path, "class folders")?;
        }
    }
    if classes.is_empty() { Err(FolderError::NoClasses { folder: root.into() }.into()) } else { Ok(classes) }
}

/// The class folders of `root`, some or all of which may lie in folders of it; their names are then `OUTER/INNER`.
pub(crate) fn nested_classes(root: &Path, kind: FileKind) -> Result<Vec<Class>, DataError> {
    let mut nested = Vec::new();
    for entry in entries(root)? {
        if !entry.is_folder {
            expect_note(entry.path, "class folders")?;
        } else if entries(&entry.path)?.iter().any(|inner| inner.is_folder) {
            let named = |class: Class| Class { name: format!("{}/{}", entry.name, class.name), ..class };
            nested.extend(classes(&entry.path, kind)?.into_iter().map(named));
        } else {
            nested.push(Class { files: class_files(&entry.path, kind)?, name: entry.name });
        }
    }
    if nested.is_empty() { Err(FolderError::NoClasses { folder: root.into() }.into()) } else { Ok(nested) }
}

fn expect_note(path: PathBuf, expected: &'static str) -> Result<(), FolderError> {
    if is_note(&path) { Ok(()) } else { Err(FolderError::Stray { path, expected }) }
}

fn class_files(folder: &Path, expected: FileKind) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for Entry { path, is_folder, .. } in entries(folder)? {
        if is_folder {
            return Err(FolderError::Stray { path, expected: "files, not folders" }.into());
        }
        match kind_of(&path) {
            found if found == expected => files.push(path),
            _ if is_note(&path) => {}
            found => return Err(FolderError::MixedKinds { file: path, expected, found }.into()),
        }
    }
    if files.is_empty() {
        return Err(FolderError::EmptyClass { folder: folder.into(), kind: expected }.into());
    }
    Ok(files)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// What a file holds, told by its name.
pub(crate) fn kind_of(path: &Path) -> FileKind {
    match extension(path).as_str() {
        "png" | "jpg" | "jpeg" => FileKind::Picture,
        "bin" | "aedat" | "aedat4" | "npz" | "npy" | "mat" | "dat" | "raw" | "es" | "h5" | "hdf5" => {
            FileKind::Recording
        }
        _ => FileKind::Unknown,
    }
}

/// Whether a file may lie beside samples without being one.
pub(crate) fn is_note(path: &Path) -> bool {
    matches!(extension(path).as_str(), "txt" | "md" | "csv" | "json" | "xml" | "html" | "pdf")
}

/// Numbers within names by their value, the rest by code point: `cifar10_cat_9` before `cifar10_cat_10`.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let ((l, l_rest), (r, r_rest)) = (first_run(left), first_run(right));
        let ordering = match (is_number(l), is_number(r)) {
            (true, true) => by_value(l, r),
            _ => l.cmp(r),
        };
        if ordering != Ordering::Equal || (l_rest.is_empty() && r_rest.is_empty()) {
            // Names that differ in leading zeros alone still have an order.
            return ordering.then_with(|| left.len().cmp(&right.len())).then_with(|| a.cmp(b));
        }
        (left, right) = (l_rest, r_rest);
    }
}

/// The digits, or the other characters, that a text begins with, and the rest.
fn first_run(text: &str) -> (&str, &str) {
    let number = text.starts_with(|first: char| first.is_ascii_digit());
    let end = text.find(|next: char| next.is_ascii_digit() != number).unwrap_or(text.len());
    text.split_at(end)
}

fn is_number(run: &str) -> bool {
    run.starts_with(|first: char| first.is_ascii_digit())
}

/// Digits of any length: the longer number is the larger one.
fn by_value(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names =
            ["b1", "a10", "a9", "a", "a010", "10", "9", "a9b2", "a9b10", "a99999999999999999999", "A1", "1e"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["1e", "9", "10", "A1", "a", "a9", "a9b2", "a9b10", "a10", "a010", "a99999999999999999999", "b1"]
        );
    }

    #[test]
    fn the_order_is_total() {
        let names = ["", "0", "00", "a0", "a00", "a", "a1", "a01", "é2", "é10"];
        for (a, b) in names.iter().flat_map(|a| names.map(|b| (*a, b))) {
            assert_eq!(natural_order(a, b), natural_order(b, a).reverse(), "{a} {b}");
            assert_eq!(natural_order(a, b) == Ordering::Equal, a == b, "{a} {b}");
        }
    }
}
