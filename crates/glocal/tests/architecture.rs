//! The workspace's invariants that ARCHITECTURE.md states as absences: which crate may know which, and what none may
//! know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate with the workspace crates that it may depend on.
const MAY_DEPEND_ON: [(&str, &[&str]); 5] = [
    ("glocal-core", &[]),
    ("glocal-data", &["glocal-core"]),
    ("glocal-chip", &["glocal-core"]),
    ("glocal-nir", &["glocal-core"]),
    ("glocal", &["glocal-core", "glocal-data", "glocal-chip", "glocal-nir"]),
];

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every workspace crate with the workspace crates it depends on, for any purpose.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace_root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    let of = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("a list").iter().map(name);
        all.filter(|dependency| members.contains(dependency)).collect()
    };
    packages.iter().map(|package| (name(package), of(package))).collect()
}

#[test]
fn dependency_arrows_point_one_way() {
    let found = dependencies();
    let known: Vec<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    assert!(found.keys().all(|name| known.contains(&name.as_str())), "a crate without a place here: {found:?}");
    for (name, allowed) in MAY_DEPEND_ON {
        let of_crate = &found[name];
        assert!(of_crate.iter().all(|d| allowed.contains(&d.as_str())), "{name} depends on {of_crate:?}");
    }
}

/// Rust sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// Lines of code, not of comment, that hold one of `words`.
fn lines_with(files: &[PathBuf], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("UTF-8");
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code.filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
            found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
        }
    }
    found
}

#[test]
fn the_core_knows_no_file_clock_network_or_terminal() {
    let files = sources(&workspace_root().join("crates/glocal-core/src"));
    assert!(files.len() > 20, "the core's sources are elsewhere: {files:?}");
    let forbidden = [
        "std::fs",
        "std::io",
        "std::env",
        "std::net",
        "std::process",
        "std::time",
        "SystemTime",
        "Instant",
        "println!",
        "print!",
        "thread_rng",
    ];
    let found = lines_with(&files, &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_data_crate_reaches_the_network_in_one_file_only_and_knows_no_clock() {
    let files = sources(&workspace_root().join("crates/glocal-data/src"));
    let network = lines_with(&files, &["ureq", "std::net"]);
    assert!(!network.is_empty() && network.iter().all(|line| line.contains("fetch/transfer.rs:")), "{network:#?}");
    let found = lines_with(&files, &["SystemTime", "Instant", "println!", "thread_rng"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_one_file_knows_the_hdf5_crate() {
    let files = sources(&workspace_root().join("crates/glocal-nir/src"));
    let found = lines_with(&files, &["hdf5_pure"]);
    assert!(!found.is_empty() && found.iter().all(|line| line.contains("file/hdf5.rs:")), "{found:#?}");
    let found = lines_with(&files, &["std::fs", "std::net", "SystemTime", "Instant", "println!", "HashMap"]);
    assert!(found.is_empty(), "{found:#?}");
}
