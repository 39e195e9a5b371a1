//! Oracle: the order that the documentation states.

use std::path::{Path, PathBuf};

use glocal_data::{
    DataError, Locations, Split, load,
    registry::{self, Part},
};
use tempfile::{TempDir, tempdir};

use crate::{gzip, idx_bytes, write};

/// Four small files named as MNIST's; gzip or plain.
fn put_set(folder: &Path, packed: bool) {
    for file in &registry::find("mnist").unwrap().files {
        let bytes = match file.part {
            Part::Images => idx_bytes(&[1, 28, 28], &[3; 784]),
            Part::Labels => idx_bytes(&[1], &[9]),
        };
        if packed {
            write(&folder.join(format!("{}.gz", file.name)), &gzip(&bytes));
        } else {
            write(&folder.join(file.name), &bytes);
        }
    }
}

/// Four empty places.
fn places() -> (TempDir, Locations) {
    let root = tempdir().unwrap();
    let at = |name: &str| Some(root.path().join(name));
    let locations =
        Locations { explicit: at("explicit"), environment: at("environment"), user: at("user"), system: at("system") };
    (root, locations)
}

fn found_in(locations: &Locations) -> PathBuf {
    locations.find(registry::find("mnist").unwrap()).unwrap().folder
}

#[test]
fn places_are_tried_in_the_documented_order() {
    let (root, locations) = places();
    for folder in ["system/mnist", "user/mnist", "environment", "environment/mnist", "explicit", "explicit/mnist"] {
        let folder = root.path().join(folder);
        put_set(&folder, true);
        assert_eq!(found_in(&locations), folder);
    }
}

#[test]
fn plain_files_do_and_are_loaded() {
    let (root, locations) = places();
    put_set(&root.path().join("user/mnist"), false);
    let found = locations.find(registry::find("mnist").unwrap()).unwrap();
    let set = load(&found, Split::Test).unwrap();
    assert_eq!((set.len(), set.labels()[0], set.pixels()[783]), (1, 9, 3));
    assert!(matches!(found.verify(), Err(DataError::WrongHash { url: None, .. })), "it is not the published set");
}

#[test]
fn an_incomplete_folder_does_not_do_and_all_places_are_listed() {
    let (root, locations) = places();
    put_set(&root.path().join("user/mnist"), true);
    std::fs::remove_file(root.path().join("user/mnist/t10k-images-idx3-ubyte.gz")).unwrap();
    let error = locations.find(registry::find("mnist").unwrap()).unwrap_err();
    let text = error.to_string();
    for place in [
        "explicit/mnist (no such folder)",
        "environment (no such",
        "user/mnist (no t10k-images-idx3-ubyte",
        "system/mnist",
    ] {
        assert!(text.contains(place), "{place} in {text}");
    }
    assert!(error.hint().unwrap().contains("glocal data fetch mnist"));
}

#[test]
fn downloads_go_to_the_first_place_that_is_the_users() {
    let (root, mut locations) = places();
    let mnist = registry::find("mnist").unwrap();
    for place in ["explicit", "environment", "user"] {
        assert_eq!(locations.download_folder(mnist).unwrap(), root.path().join(place).join("mnist"));
        match place {
            "explicit" => locations.explicit = None,
            "environment" => locations.environment = None,
            _ => locations.user = None,
        }
    }
    assert!(matches!(locations.download_folder(mnist), Err(DataError::Parameter { .. })));
}

#[test]
fn unknown_names_are_answered_with_the_known() {
    let error = registry::find("minst").unwrap_err();
    assert_eq!(error.to_string(), "unknown data set `minst`: known are fashion-mnist, mnist");
}

#[test]
fn the_registry_is_consistent() {
    for known in registry::known_datasets() {
        for split in [Split::Train, Split::Test] {
            for part in [Part::Images, Part::Labels] {
                let file = known.file(split, part);
                assert_eq!((file.split, file.part), (split, part));
                assert!(file.content_sha256.len() == 64);
            }
        }
        assert!(known.mirrors.iter().all(|mirror| mirror.starts_with("https://") && !mirror.ends_with('/')));
    }
}
