//! README.md and the book say what is true: their commands and configs parse, their files exist.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use glocal::RunConfig;

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    fs::read_to_string(workspace_root().join("README.md")).expect("README.md")
}

/// The book's chapters, with their names.
fn chapters() -> Vec<(PathBuf, String)> {
    let paths = markdown_in(&workspace_root().join("docs/book"));
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).expect("UTF-8"))).collect()
}

/// Contents of the blocks that begin with three backticks and `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut kind: Option<&str> = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(after) = line.strip_prefix("```") {
            kind = if kind.is_none() { Some(after) } else { None };
            if kind == Some(language) {
                found.push(String::new());
            }
        } else if kind == Some(language) {
            let block = found.last_mut().expect("begun above");
            *block += line;
            block.push('\n');
        }
    }
    found
}

/// Lines of the `sh` blocks, without prompts and comments.
fn shell_lines(text: &str) -> Vec<String> {
    let blocks = blocks(text, "sh").concat();
    let commands = blocks.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    commands.filter(|command| !command.is_empty() && !command.starts_with('#')).map(str::to_owned).collect()
}

/// The arguments that a line gives to `glocal`, if it runs it.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let rest = line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("glocal "))?;
    Some(rest.split_whitespace().take_while(|&word| word != ">").collect())
}

#[test]
fn every_command_of_the_readme_parses() {
    let lines = shell_lines(&readme());
    let commands: Vec<Vec<&str>> = lines.iter().filter_map(|line| arguments(line)).collect();
    for command in ["quickstart", "train", "eval", "reproduce", "data", "report"] {
        assert!(commands.iter().any(|args| args[0] == command), "README shows no `{command}`");
    }
    commands.iter().for_each(|args| parses(args));
}

#[test]
fn every_command_of_the_book_parses() {
    let text: String = chapters().into_iter().map(|(_, text)| text).collect();
    let lines = shell_lines(&text);
    let commands: Vec<Vec<&str>> = lines.iter().filter_map(|line| arguments(line)).collect();
    for command in ["quickstart", "train", "eval", "reproduce", "data", "report", "fewshot", "chip", "nir"] {
        assert!(commands.iter().any(|args| args[0] == command), "the book shows no `{command}`");
    }
    commands.iter().for_each(|args| parses(args));
}

/// With --help nothing runs, but unknown commands and options before it are still refused.
fn parses(args: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_glocal")).args(args).arg("--help").output().expect("glocal runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "glocal {}: {said}", args.join(" "));
    let help = String::from_utf8_lossy(&output.stdout);
    for option in args.iter().filter(|arg| arg.starts_with('-')) {
        assert!(help.contains(option), "`{option}` is no option of `glocal {}`", args[0]);
    }
}

#[test]
fn every_run_config_of_the_book_is_one() {
    let mut parsed = 0;
    for (path, text) in chapters() {
        for block in blocks(&text, "toml").iter().filter(|block| block.starts_with("# run config\n")) {
            let config = RunConfig::parse(None, block, &[]);
            assert!(config.is_ok(), "{}: {}", path.display(), config.unwrap_err());
            parsed += 1;
        }
    }
    assert!(parsed >= 3, "{parsed} run configs");
}

/// A chapter that is in no list would be neither shown nor tested.
#[test]
fn every_chapter_is_in_the_summary_and_its_rust_is_tested() {
    let summary = fs::read_to_string(workspace_root().join("docs/SUMMARY.md")).expect("SUMMARY.md");
    for folder in ["docs", "docs/decisions"] {
        for path in markdown_in(&workspace_root().join(folder)) {
            let name = path.strip_prefix(workspace_root().join("docs")).expect("inside").display().to_string();
            assert!(name == "SUMMARY.md" || summary.contains(&format!("]({name})")), "{name} is not in the summary");
        }
    }
    let tested = fs::read_to_string(workspace_root().join("crates/glocal/src/book.rs")).expect("book.rs");
    for (path, text) in chapters() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(summary.contains(&format!("](book/{name})")), "{name} is not in the summary");
        let shows_rust = text.lines().any(|line| line.starts_with("```rust"));
        assert!(!shows_rust || tested.contains(&format!("book/{name}\"")), "{name} is not in book.rs");
    }
}

#[test]
fn every_example_exists() {
    let texts = chapters().into_iter().map(|(_, text)| text).chain([readme()]);
    for line in texts.flat_map(|text| shell_lines(&text)) {
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
    let folders = [".", "docs", "docs/decisions", "docs/book"];
    folders.iter().flat_map(|folder| markdown_in(&root.join(folder))).collect()
}

/// Markdown files of a folder, by name.
fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
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
