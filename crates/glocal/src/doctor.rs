//! What a machine and an installation have and lack, for `glocal doctor`.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use glocal_data::registry::{archived_datasets, known_datasets};
use glocal_data::{Locations, embedded};
use serde::Serialize;

use crate::machine::{Build, Environment, Machine};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// How the program was built.
    pub build: Build,
    /// What it runs on.
    pub machine: Machine,
    /// Worker threads of this process.
    pub threads: usize,
    /// Every known data set.
    pub data_sets: Vec<DataSetPlace>,
    /// Where `glocal data fetch` and runs write.
    pub folders: Vec<FolderState>,
    /// What would help; empty if nothing is missing.
    pub hints: Vec<String>,
}

/// Where a data set is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataSetPlace {
    /// Its name.
    pub name: &'static str,
    /// Samples to train and to test.
    pub samples: [usize; 2],
    /// Its licence.
    pub licence: &'static str,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
}

/// Where a data set is, or how to come by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Place {
    /// In the program.
    BuiltIn,
    /// In a folder.
    Here {
        /// The folder.
        folder: PathBuf,
    },
    /// Nowhere that was looked.
    Missing {
        /// A command, or a page to download from.
        get: String,
    },
}

impl Place {
    /// In words.
    pub fn in_words(&self) -> String {
        match self {
            Place::BuiltIn => "built in".into(),
            Place::Here { folder } => folder.display().to_string(),
            Place::Missing { get } => format!("not here: {get}"),
        }
    }
}

/// Whether a folder can be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FolderState {
    /// What for.
    pub purpose: &'static str,
    /// The folder; it may be one that is made when it is needed.
    pub folder: PathBuf,
    /// Why it cannot be written; absent if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Looks at the machine, the build, the data sets and the folders.
pub fn diagnose(locations: &Locations) -> Diagnosis {
    let Environment { build, machine } = Environment::here();
    let mut found = Diagnosis {
        build,
        machine,
        threads: rayon::current_num_threads(),
        data_sets: data_sets(locations),
        folders: folders(locations),
        hints: Vec::new(),
    };
    found.hints = found.hints(locations);
    found
}

/// Every known data set, and where it is.
pub fn data_sets(locations: &Locations) -> Vec<DataSetPlace> {
    let samples = [glocal_data::Split::Train, glocal_data::Split::Test].map(embedded::samples);
    let built_in =
        DataSetPlace { name: embedded::FASHION_MNIST_SUBSET, samples, licence: "MIT", place: Place::BuiltIn };
    let known = known_datasets().iter().map(|set| {
        let missing = Place::Missing { get: format!("glocal data fetch {}", set.name) };
        let place = locations.find(set).map_or(missing, |found| Place::Here { folder: found.folder });
        DataSetPlace { name: set.name, samples: [set.train_samples, set.test_samples], licence: set.licence, place }
    });
    let by_hand = archived_datasets().iter().map(|set| {
        let missing = Place::Missing { get: set.page.to_owned() };
        let place = locations.find_archived(set).map_or(missing, |folder| Place::Here { folder });
        DataSetPlace { name: set.name, samples: [set.train_samples, set.test_samples], licence: set.licence, place }
    });
    std::iter::once(built_in).chain(known).chain(by_hand).collect()
}

fn folders(locations: &Locations) -> Vec<FolderState> {
    let data = locations.explicit.as_ref().or(locations.environment.as_ref()).or(locations.user.as_ref());
    let data = data.map(|folder| ("data sets", folder.clone()));
    let state = |(purpose, folder): (&'static str, PathBuf)| {
        let problem = check_writable(&folder).err().map(|error| error.to_string());
        FolderState { purpose, folder, problem }
    };
    data.into_iter().chain([("runs", PathBuf::from("runs"))]).map(state).collect()
}

/// Writes an empty file where the folder is or would be made, and removes it.
fn check_writable(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let probe = there.join(format!(".glocal-doctor-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

impl Diagnosis {
    fn hints(&self, locations: &Locations) -> Vec<String> {
        let mut hints = Vec::new();
        if self.build.opt_level != "3" {
            hints.push("this build is not optimised: build it with `cargo build --release`".to_owned());
        }
        if self.machine.instruction_set == "baseline" {
            hints.push("this processor has no AVX2: training works, slower".to_owned());
        }
        let named = [("--data", &locations.explicit), ("GLOCAL_DATA", &locations.environment)];
        for (name, folder) in named.into_iter().filter_map(|(name, folder)| Some((name, folder.as_ref()?))) {
            if !folder.is_dir() {
                hints.push(format!("{name} names {}, which is no folder", folder.display()));
            }
        }
        for FolderState { purpose, folder, .. } in self.folders.iter().filter(|folder| folder.problem.is_some()) {
            let other = if *purpose == "runs" { "--out DIR" } else { "--data DIR or GLOCAL_DATA" };
            hints.push(format!("{purpose} cannot be written to {}: name another folder by {other}", folder.display()));
        }
        let missing = |name: &str| self.data_sets.iter().any(|set| set.name == name && set.is_missing());
        for name in ["fashion-mnist", "mnist"].into_iter().filter(|name| missing(name)) {
            hints.push(format!("{name}, which published experiments need, is not here: glocal data fetch {name}"));
        }
        hints
    }
}

impl DataSetPlace {
    fn is_missing(&self) -> bool {
        matches!(self.place, Place::Missing { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_a_hint() {
        let nowhere = PathBuf::from("/dev/null/data");
        let found = diagnose(&Locations { environment: Some(nowhere.clone()), ..Locations::default() });
        let hint = |words: &str| found.hints.iter().any(|hint| hint.contains(words));
        assert!(hint("GLOCAL_DATA names /dev/null/data, which is no folder"), "{:?}", found.hints);
        assert!(hint("glocal data fetch fashion-mnist") && hint("glocal data fetch mnist"), "{:?}", found.hints);
        assert_eq!(found.data_sets[0].place, Place::BuiltIn);
        assert!(found.data_sets[1..].iter().all(DataSetPlace::is_missing));
    }

    #[test]
    fn a_folder_to_be_made_is_writable_where_its_parent_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_writable(&folder.path().join("not/yet/there")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
    }
}
