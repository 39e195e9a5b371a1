//! README.md says what is true: its commands parse, its files exist.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    fs::read_to_string(workspace_root().join("README.md")).expect("README.md")
}

/// Lines of the `sh` blocks, without prompts and comments.
fn shell_lines(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside {
            let command = line.split(" #").next().unwrap_or_default().trim();
            if !command.is_empty() && !command.starts_with('#') {
                found.push(command.to_owned());
            }
        }
    }
    found
}

/// The arguments that a line gives to `glocal`, if it runs it.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let rest = line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("glocal "))?;
    Some(rest.split_whitespace().collect())
}

#[test]
fn every_command_of_the_readme_parses() {
    let lines = shell_lines(&readme());
    let commands: Vec<Vec<&str>> = lines.iter().filter_map(|line| arguments(line)).collect();
    for command in ["quickstart", "train", "eval", "reproduce", "data", "report"] {
        assert!(commands.iter().any(|args| args[0] == command), "README shows no `{command}`");
    }
    for args in commands {
        // With --help nothing runs, but unknown commands and options before it are still refused.
        let output =
            Command::new(env!("CARGO_BIN_EXE_glocal")).args(&args).arg("--help").output().expect("glocal runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "glocal {}: {said}", args.join(" "));
        let help = String::from_utf8_lossy(&output.stdout);
        for option in args.iter().filter(|arg| arg.starts_with('-')) {
            assert!(help.contains(option), "`{option}` is no option of `glocal {}`", args[0]);
        }
    }
}

#[test]
fn every_example_of_the_readme_exists() {
    for line in shell_lines(&readme()) {
        if let Some(rest) = line.split("--example ").nth(1) {
            let name = rest.split_whitespace().next().unwrap_or_default();
            let path = workspace_root().join(format!("crates/glocal/examples/{name}.rs"));
            assert!(path.is_file(), "{}", path.display());
        }
    }
}

/// Markdown of the project, wherever it lies.
fn pages() -> Vec<PathBuf> {
    let root = workspace_root();
    let mut found = Vec::new();
    for folder in [root.clone(), root.join("docs"), root.join("docs/decisions")] {
        let entries = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    found.sort();
    found
}

/// Targets of `[text](target)` and `![text](target)` outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        }
        if !in_block {
            let ends = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
            found.extend(ends.filter_map(|rest| rest.split(')').next()));
        }
    }
    found
}

#[test]
fn every_link_within_the_project_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        let text = fs::read_to_string(&page).expect("UTF-8");
        let folder = page.parent().expect("a folder");
        for target in links(&text).into_iter().filter(|t| !t.contains("://") && !t.starts_with('#')) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(!file.starts_with('/'), "{}: {target} is not relative", page.display());
            // The picture is drawn from the measured report.
            assert!(folder.join(file).exists(), "{}: {target} leads nowhere", page.display());
        }
    }
}
