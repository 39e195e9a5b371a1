//! Downloads of known data sets: the only code that uses the network, and only when called.
//!
//! A file arrives as `NAME.gz.part`. What came is kept when the connection is cut or the disk is full, and the next
//! attempt goes on from there. Only content with the published hash gets its final name, in one step, so a file under
//! its final name is never half-written and an older one is never lost. An empty `.fetch.lock` stays in the folder: it
//! keeps two processes from writing the same files.

mod transfer;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{DataError, KnownDataset, registry::KnownFile};
use transfer::Transfer;

/// How to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    /// Folders to use instead of the published ones, such as a mirror on the local network.
    pub mirrors: Vec<String>,
    /// How often a connection that was cut is opened again, for each file and mirror.
    pub retries: u32,
    /// How long a server may be silent.
    pub timeout: Duration,
}

impl Default for FetchOptions {
    fn default() -> Self {
        FetchOptions { mirrors: Vec::new(), retries: 3, timeout: Duration::from_secs(30) }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name.
    pub file: &'a str,
    /// Bytes that are there.
    pub have: u64,
    /// Bytes of the whole file, if the server says.
    pub total: Option<u64>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was there and right.
    Present(PathBuf),
    /// It was downloaded.
    Downloaded(PathBuf),
}

/// Brings the files of `known` into `folder`, which is made if need be; tells `progress` about every piece.
///
/// # Errors
/// A server that cannot be reached, answers with an error, or serves other content, if no mirror does better; a folder
/// that cannot be written, a full disk; another process at the same work.
pub fn fetch(
    known: &KnownDataset,
    folder: &Path,
    options: &FetchOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Fetched>, DataError> {
    fs::create_dir_all(folder).map_err(|source| io_error(folder, "create", source))?;
    let _lock = lock(folder)?;
    let published = known.mirrors.iter().map(|&mirror| mirror.to_owned());
    let mirrors = if options.mirrors.is_empty() { published.collect() } else { options.mirrors.clone() };
    let mut downloads =
        Downloads { folder, mirrors, transfer: Transfer::new(options.timeout), retries: options.retries, progress };
    known.files.iter().map(|file| downloads.file(file)).collect()
}

/// Held while files are written; the system lets go of it when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File, DataError> {
    let path = folder.join(".fetch.lock");
    let file = File::create(&path).map_err(|source| io_error(&path, "create", source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DataError::Busy { part: path }),
        Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(source)) => Err(io_error(&path, "lock", source)),
    }
}

struct Downloads<'a> {
    folder: &'a Path,
    mirrors: Vec<String>,
    transfer: Transfer,
    retries: u32,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Downloads<'_> {
    fn file(&mut self, file: &KnownFile) -> Result<Fetched, DataError> {
        let path = self.folder.join(format!("{}.gz", file.name));
        if path.is_file() && file.verify(&path).is_ok() {
            return Ok(Fetched::Present(path));
        }
        let part = self.folder.join(format!("{}.gz.part", file.name));
        let mut failure = None;
        for mirror in self.mirrors.clone() {
            let url = format!("{}/{}.gz", mirror.trim_end_matches('/'), file.name);
            match self.download(file, &url, &part) {
                Ok(()) => {
                    put_in_place(&part, &path)?;
                    return Ok(Fetched::Downloaded(path));
                }
                Err(error) if is_of_the_server(&error) => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or(DataError::Parameter {
            what: "mirrors",
            value: "none".into(),
            expected: "at least one address",
        }))
    }

    /// Downloads to `part` until its content is right.
    fn download(&mut self, file: &KnownFile, url: &str, part: &Path) -> Result<(), DataError> {
        let resumed = existing_bytes(part) > 0;
        // The last piece may have come just before the process was stopped.
        if resumed && file.verify(part).is_ok() {
            return Ok(());
        }
        match self.whole_file(file, url, part).and_then(|()| check_content(file, url, part)) {
            // What was kept may have been of another mirror's compression: once more, from the start.
            Err(DataError::WrongHash { .. } | DataError::HttpStatus { status: 416, .. }) if resumed => {
                remove(part)?;
                self.whole_file(file, url, part)?;
                check_content(file, url, part)
            }
            result => result,
        }
    }

    /// Opens the connection again where it is cut, as long as that brings the file further.
    fn whole_file(&mut self, file: &KnownFile, url: &str, part: &Path) -> Result<(), DataError> {
        let mut retries = self.retries;
        loop {
            let before = existing_bytes(part);
            match self.transfer.run(file, url, part, self.progress) {
                Err(DataError::Interrupted { have, .. }) if have > before && retries > 0 => retries -= 1,
                // These bytes are no beginning of the true file.
                Err(error @ DataError::WrongSize { .. }) => return remove(part).and(Err(error)),
                result => return result,
            }
        }
    }
}

/// Whether another mirror may do better.
fn is_of_the_server(error: &DataError) -> bool {
    matches!(
        error,
        DataError::HttpStatus { .. }
            | DataError::Connection { .. }
            | DataError::Interrupted { .. }
            | DataError::WrongHash { .. }
            | DataError::WrongSize { .. }
    )
}

/// Removes `part` if its content is not the published one.
fn check_content(file: &KnownFile, url: &str, part: &Path) -> Result<(), DataError> {
    let found = match file.verify(part) {
        Ok(()) => return Ok(()),
        Err(DataError::WrongHash { found, .. }) => found,
        Err(error @ (DataError::DamagedGzip { .. } | DataError::TrailingData { .. })) => format!("none ({error})"),
        Err(error) => return Err(error),
    };
    remove(part)?;
    Err(DataError::WrongHash { file: part.into(), url: Some(url.into()), expected: file.content_sha256.into(), found })
}

/// Gives the checked file its name, in one step, after its bytes are on the disk.
fn put_in_place(part: &Path, path: &Path) -> Result<(), DataError> {
    let synced = File::options().write(true).open(part).and_then(|file| file.sync_all());
    synced.map_err(|source| io_error(part, "sync", source))?;
    fs::rename(part, path).map_err(|source| io_error(path, "rename the download to", source))?;
    // The name is on the disk only when the folder is; where folders cannot be opened, there is nothing to do.
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn remove(part: &Path) -> Result<(), DataError> {
    match fs::remove_file(part) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(part, "remove", source)),
        _ => Ok(()),
    }
}

fn existing_bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn io_error(file: &Path, action: &'static str, source: io::Error) -> DataError {
    DataError::Io { file: file.into(), action, source }
}
