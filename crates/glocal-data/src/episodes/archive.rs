//! Zip archives of `ALPHABET/CHARACTER/PICTURE`, read without unpacking them to disk.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    fs::File,
    io::{Cursor, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use crate::{
    DataError,
    folders::{FileKind, FolderError, listing},
};

/// Most bytes of an archive; the published ones have less than 10 MiB.
const MOST_ARCHIVE_BYTES: u64 = 1 << 26;
/// Most entries of an archive: each costs the zip crate more memory than it has bytes.
const MOST_ENTRIES: usize = 1 << 16;
/// Most bytes of a picture, unpacked; the published ones have less than 1 KiB.
const MOST_PICTURE_BYTES: u64 = 1 << 20;
/// Most bytes of all pictures, unpacked.
const MOST_UNPACKED_BYTES: u64 = 1 << 28;
/// What an entry of an archive's directory begins with.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";

/// An archive, and the bytes that may still be unpacked from it.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<Cursor<Vec<u8>>>,
    left: u64,
}

/// A class in an archive.
pub(super) struct ArchivedClass {
    /// `ALPHABET/CHARACTER`.
    pub(super) name: String,
    /// Entries that hold its pictures.
    pub(super) pictures: Vec<usize>,
}

/// A picture in an archive.
struct Entry {
    /// Its alphabet, its character, its file.
    parts: [String; 3],
    index: usize,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Archive, DataError> {
        let bytes = read_capped(path)?;
        let entries = bytes.windows(4).filter(|bytes| *bytes == DIRECTORY_ENTRY).take(MOST_ENTRIES + 1).count();
        if entries > MOST_ENTRIES {
            return Err(FolderError::TooMany { folder: path.into(), most: MOST_ENTRIES }.into());
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unpack(path, error))?;
        Ok(Archive { path: path.into(), zip, left: MOST_UNPACKED_BYTES })
    }

    /// The classes, in the order that their folders would have; all may lie in a folder `top`.
    pub(super) fn classes(&self, top: &str) -> Result<Vec<ArchivedClass>, DataError> {
        let (mut entries, mut folders) = (Vec::new(), Vec::new());
        for index in 0..self.zip.len() {
            let name = self.name(index)?;
            let leads_out = || FolderError::LeadsOut { archive: self.path.clone(), entry: shortened(&name) };
            let parts = plain_parts(&name).ok_or_else(leads_out)?;
            if parts.iter().any(|part| listing::is_hidden(part)) {
                continue;
            }
            let parts = parts.strip_prefix(&[top]).unwrap_or(&parts);
            if !name.ends_with('/') {
                entries.extend(self.entry(&name, parts, index)?);
            } else if !parts.is_empty() {
                folders.push((parts.join("/"), name));
            }
        }
        self.check_folders(folders, &entries)?;
        entries.sort_by(by_natural_order);
        Ok(grouped(entries))
    }

    fn name(&self, index: usize) -> Result<String, DataError> {
        let name = self.zip.name_for_index(index).transpose().map_err(|error| unpack(&self.path, error))?;
        Ok(name.map(|name| name.into_owned()).unwrap_or_default())
    }

    /// What messages call an entry.
    fn path_of(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.path.display(), shortened(name)))
    }

    /// The picture that an entry is, if it is no note.
    fn entry(&self, name: &str, parts: &[&str], index: usize) -> Result<Option<Entry>, DataError> {
        let path = self.path_of(name);
        let found = listing::kind_of(Path::new(name));
        match *parts {
            [alphabet, character, file] if found == FileKind::Picture => {
                Ok(Some(Entry { parts: [alphabet, character, file].map(str::to_owned), index }))
            }
            _ if listing::is_note(Path::new(name)) => Ok(None),
            [_, _, _] => Err(FolderError::MixedKinds { file: path, expected: FileKind::Picture, found }.into()),
            _ => Err(FolderError::Stray { path, expected: "ALPHABET/CHARACTER/PICTURE.png" }.into()),
        }
    }

    /// Every folder must hold pictures, and there must be some.
    fn check_folders(&self, folders: Vec<(String, String)>, entries: &[Entry]) -> Result<(), DataError> {
        let alphabets = entries.iter().map(|entry| entry.parts[0].clone());
        let filled: BTreeSet<String> = alphabets.chain(entries.iter().map(Entry::class)).collect();
        if filled.is_empty() {
            return Err(FolderError::NoClasses { folder: self.path.clone() }.into());
        }
        match folders.into_iter().find(|(folder, _)| !filled.contains(folder)) {
            Some((_, name)) => {
                Err(FolderError::EmptyClass { folder: self.path_of(&name), kind: FileKind::Picture }.into())
            }
            None => Ok(()),
        }
    }

    /// The bytes of an entry, and what messages call it.
    pub(super) fn read(&mut self, index: usize) -> Result<(PathBuf, Vec<u8>), DataError> {
        let file = self.path_of(&self.name(index)?);
        let entry = self.zip.by_index(index).map_err(|error| unpack(&file, error))?;
        let cap = MOST_PICTURE_BYTES.min(self.left);
        // What the directory declares is only a reason to refuse early; what really comes is what counts.
        let declared = entry.size();
        let mut bytes = Vec::new();
        if declared <= cap {
            entry.take(cap + 1).read_to_end(&mut bytes).map_err(|error| unpack(&file, error))?;
        }
        let found = declared.max(bytes.len() as u64);
        if found > cap {
            return Err(FolderError::EntryTooLarge { file, found, cap }.into());
        }
        self.left -= found;
        Ok((file, bytes))
    }
}

impl Entry {
    /// `ALPHABET/CHARACTER`.
    fn class(&self) -> String {
        let [alphabet, character, _] = &self.parts;
        format!("{alphabet}/{character}")
    }
}

/// Alphabets, characters in them, files in these.
fn by_natural_order(a: &Entry, b: &Entry) -> Ordering {
    let orders = a.parts.iter().zip(&b.parts).map(|(a, b)| listing::natural_order(a, b));
    orders.fold(Ordering::Equal, Ordering::then)
}

/// Entries in order, class by class.
fn grouped(entries: Vec<Entry>) -> Vec<ArchivedClass> {
    let same_class = |a: &Entry, b: &Entry| a.parts[..2] == b.parts[..2];
    let class = |entries: &[Entry]| ArchivedClass {
        name: entries.first().map(Entry::class).unwrap_or_default(),
        pictures: entries.iter().map(|entry| entry.index).collect(),
    };
    entries.chunk_by(same_class).map(class).collect()
}

/// The folders and the file of a name, unless it leads out of the archive.
fn plain_parts(name: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = name.strip_suffix('/').unwrap_or(name).split('/').collect();
    let is_plain = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains(['\\', '\0']);
    parts.iter().all(is_plain).then_some(parts)
}

/// Names in archives may have up to 65,535 bytes.
fn shortened(name: &str) -> String {
    name.chars().take(200).collect()
}

/// Reads a file whole, unless it is larger than any archive of characters.
fn read_capped(path: &Path) -> Result<Vec<u8>, DataError> {
    let io_error = |action| move |source| DataError::Io { file: path.into(), action, source };
    let file = File::open(path).map_err(io_error("open"))?;
    let mut bytes = Vec::new();
    file.take(MOST_ARCHIVE_BYTES + 1).read_to_end(&mut bytes).map_err(io_error("read"))?;
    if bytes.len() as u64 > MOST_ARCHIVE_BYTES {
        let (found, cap) = (bytes.len() as u64, MOST_ARCHIVE_BYTES);
        return Err(FolderError::EntryTooLarge { file: path.into(), found, cap }.into());
    }
    Ok(bytes)
}

fn unpack(file: &Path, error: impl std::fmt::Display) -> DataError {
    FolderError::Unpack { file: file.into(), message: error.to_string() }.into()
}
