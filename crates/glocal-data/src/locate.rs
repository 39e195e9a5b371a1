//! Where data sets are looked for.

use std::{
    env,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use crate::{
    DataError, KnownDataset, Split,
    folders::FolderError,
    hash,
    registry::{self, ArchivedDataset, KnownFile, Part},
};

/// Where distributions install data sets.
const SYSTEM_FOLDER: &str = "/usr/share/datasets";

/// The folders that may hold data sets, in the order in which they are tried.
///
/// Each is tried as `FOLDER/NAME`, where NAME is the set's name, and the first two also as the set's own folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations {
    /// Named on the command line with `--data`.
    pub explicit: Option<PathBuf>,
    /// Named by the environment variable `GLOCAL_DATA`.
    pub environment: Option<PathBuf>,
    /// The user's own, where `glocal data fetch` writes: `~/.local/share/glocal` on Linux.
    pub user: Option<PathBuf>,
    /// The system's, where packages write.
    pub system: Option<PathBuf>,
}

impl Locations {
    /// The folders of this user on this machine; `explicit` is that of `--data`.
    pub fn of_this_machine(explicit: Option<PathBuf>) -> Self {
        Locations {
            explicit,
            environment: env::var_os("GLOCAL_DATA").filter(|value| !value.is_empty()).map(PathBuf::from),
            user: etcetera::choose_base_strategy().ok().map(|base| base.data_dir().join("glocal")),
            system: Some(SYSTEM_FOLDER.into()),
        }
    }

    /// The folder that `glocal data fetch` writes the set to: under the first of explicit, environment and user.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if none is known, as where there is no home folder.
    pub fn download_folder(&self, known: &KnownDataset) -> Result<PathBuf, DataError> {
        let folder = self.explicit.as_ref().or(self.environment.as_ref()).or(self.user.as_ref());
        folder.map(|folder| folder.join(known.name)).ok_or(DataError::Parameter {
            what: "the folder for downloads",
            value: "unknown".into(),
            expected: "a folder, with --data DIR or GLOCAL_DATA",
        })
    }

    /// Finds all files of `known` in one folder; opens none but, where names are ambiguous, the labels.
    ///
    /// # Errors
    /// [`DataError::NotFound`] with every place looked at and why it was not accepted.
    pub fn find(&self, known: &'static KnownDataset) -> Result<Found, DataError> {
        let mut looked_in = Vec::new();
        let mut missing = None;
        for (folder, named) in self.candidates(known.name) {
            match accept(known, &folder, named) {
                Ok(paths) => return Ok(Found { known, folder, paths }),
                Err(Refusal { file, reason }) => {
                    missing.get_or_insert(file);
                    looked_in.push(format!("{} ({reason})", folder.display()));
                }
            }
        }
        Err(DataError::NotFound {
            name: known.name.into(),
            file: format!("{}[.gz]", missing.unwrap_or(known.files[0].name)),
            looked_in,
            debian_package: known.debian_package,
        })
    }

    /// Finds the folder of a data set that was unpacked by hand: called as the set, or as the set and a word after a
    /// dash (`n-mnist-1100`), as parts of sets are.
    ///
    /// # Errors
    /// [`FolderError::NotHere`] with every place looked at.
    pub fn find_archived(&self, set: &'static ArchivedDataset) -> Result<PathBuf, DataError> {
        let mut folders: Vec<PathBuf> = self.candidates(set.name).into_iter().map(|(folder, _)| folder).collect();
        for root in [&self.explicit, &self.environment].into_iter().flatten() {
            folders.extend(named_parts(root, set.name));
        }
        if let Some(folder) =
            folders.iter().find(|folder| set.markers.iter().any(|marker| folder.join(marker).exists()))
        {
            return Ok(folder.clone());
        }
        let &ArchivedDataset { name, page, layout, .. } = set;
        let looked_in = folders.iter().map(|folder| folder.display().to_string()).collect();
        let marker = set.markers.first().copied().unwrap_or_default();
        Err(FolderError::NotHere { name, marker, looked_in, page, layout }.into())
    }

    /// Folders to try, and whether the set's name is in the path.
    fn candidates(&self, name: &str) -> Vec<(PathBuf, Naming)> {
        let own = |folder: &Option<PathBuf>| {
            folder.iter().flat_map(|f| [(f.join(name), Naming::BySet), (f.clone(), Naming::Bare)]).collect()
        };
        let shared =
            |folder: &Option<PathBuf>| folder.iter().map(|f| (f.join(name), Naming::BySet)).collect::<Vec<_>>();
        let groups: [Vec<_>; 4] =
            [own(&self.explicit), own(&self.environment), shared(&self.user), shared(&self.system)];
        groups.concat()
    }
}

/// Folders in `root` that are called `name` and a word after a dash, in order.
fn named_parts(root: &Path, name: &str) -> Vec<PathBuf> {
    let is_part = |entry: &Path| {
        let rest = entry.file_name().and_then(|file| file.to_str()?.strip_prefix(name)?.strip_prefix('-'));
        rest.is_some_and(|rest| !rest.contains('-')) && entry.is_dir()
    };
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut parts: Vec<PathBuf> = entries.filter(|entry| is_part(entry)).collect();
    parts.sort();
    parts
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// The folder carries the set's name.
    BySet,
    /// Some folder: the files' names alone do not tell MNIST from Fashion-MNIST.
    Bare,
}

struct Refusal {
    file: &'static str,
    reason: String,
}

fn accept(known: &KnownDataset, folder: &Path, naming: Naming) -> Result<[PathBuf; 4], Refusal> {
    let mut paths = <[PathBuf; 4]>::default();
    for (path, file) in paths.iter_mut().zip(&known.files) {
        let reason = || if folder.is_dir() { format!("no {}[.gz]", file.name) } else { "no such folder".into() };
        *path = existing(folder, file).ok_or_else(|| Refusal { file: file.name, reason: reason() })?;
    }
    match (naming, other_set(known, &paths)) {
        (Naming::Bare, Some(other)) => {
            Err(Refusal { file: known.files[0].name, reason: format!("holds {}", other.name) })
        }
        _ => Ok(paths),
    }
}

fn existing(folder: &Path, file: &KnownFile) -> Option<PathBuf> {
    [folder.join(format!("{}.gz", file.name)), folder.join(file.name)].into_iter().find(|path| path.is_file())
}

/// The other known set that these files are, told by the test labels: few bytes, and no two sets share them.
fn other_set(known: &KnownDataset, paths: &[PathBuf; 4]) -> Option<&'static KnownDataset> {
    let labels = |set: &KnownDataset| *set.file(Split::Test, Part::Labels);
    let path = &paths[registry::position(Split::Test, Part::Labels)];
    // Damaged or unknown files are nobody's: the loader will say precisely what is wrong with them.
    let found = hash::content_sha256(path, labels(known).content_bytes).ok()?;
    registry::known_datasets().iter().find(|set| set.name != known.name && labels(set).content_sha256 == found)
}

/// A data set that is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub known: &'static KnownDataset,
    /// Where it is.
    pub folder: PathBuf,
    paths: [PathBuf; 4],
}

impl Found {
    /// The files and where they are.
    pub fn files(&self) -> impl Iterator<Item = (&'static KnownFile, &Path)> {
        self.known.files.iter().zip(self.paths.iter().map(PathBuf::as_path))
    }

    /// Where the file is that holds `part` of `split`.
    pub fn path(&self, split: Split, part: Part) -> &Path {
        &self.paths[registry::position(split, part)]
    }

    /// Checks every file against the published hashes.
    ///
    /// # Errors
    /// As [`KnownFile::verify`], for the first file that is wrong.
    pub fn verify(&self) -> Result<(), DataError> {
        self.files().try_for_each(|(file, path)| file.verify(path))
    }
}
