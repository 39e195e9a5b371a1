//! A disk that refuses: one error with exit code 2, no half-written file, and a run that goes on once there is room.
#![cfg(unix)]

mod common;

use std::process::{Command, Output, Stdio};

use common::{Scratch, assert_refused, assert_same_result, snapshot, stderr};

/// Runs the program with no file allowed to grow beyond `blocks` of 512 bytes: writes fail as on a full disk.
fn with_small_files(scratch: &Scratch, blocks: u32, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_glocal");
    // The signal must be ignored for the write to fail with an error, as a full disk would make it.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, program]).args(args).current_dir(scratch.path("."));
    command.output().unwrap()
}

#[test]
fn a_checkpoint_that_does_not_fit_loses_nothing() {
    let scratch = Scratch::new();
    scratch.train("whole");
    let stopped = scratch.run(&["train", "tiny.toml", "--out", "run", "--stop-after", "5"]);
    assert_eq!(stopped.status.code(), Some(130));
    let before = snapshot(&scratch.path("run"));
    let output = with_small_files(&scratch, 16, &["train", "--resume", "run", "--quiet"]);
    assert_refused(&output, &["cannot write run/checkpoints/", "free some space", "--resume"]);
    assert_eq!(before, snapshot(&scratch.path("run")), "the checkpoint is whole and nothing half-written stays");
    scratch.succeed(&["train", "--resume", "run"]);
    assert_same_result(&scratch.path("whole"), &scratch.path("run"));
}

#[test]
fn a_config_or_page_that_does_not_fit_is_not_half_written() {
    let scratch = Scratch::new();
    let output = with_small_files(&scratch, 0, &["train", "tiny.toml", "--out", "new", "--quiet"]);
    assert_refused(&output, &["cannot write new/config.toml"]);
    assert!(!scratch.path("new/config.toml").exists());
    scratch.train("new");
    scratch.succeed(&["report", "new"]);
    let before = snapshot(&scratch.path("new"));
    let output = with_small_files(&scratch, 4, &["report", "new"]);
    assert_refused(&output, &["cannot write new/report.html"]);
    assert_eq!(before, snapshot(&scratch.path("new")), "the older page is whole");
}

/// As above on a file system that really is full, where the machine lets a test mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_is_told_apart_from_other_refusals() {
    let in_own_mounts = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_glocal")]);
        command
    };
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("small")).unwrap();
    let mount = "mount -t tmpfs -o size=64k tmpfs small";
    if !in_own_mounts(mount).current_dir(scratch.path(".")).output().is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: this machine does not let tests mount a file system");
        return;
    }
    let script = format!("{mount} && exec \"$0\" train tiny.toml --out small/run --quiet");
    let output = in_own_mounts(&script).current_dir(scratch.path(".")).output().unwrap();
    assert_refused(&output, &["cannot write small/run/checkpoints/", "No space left", "free some space"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_printed_is_an_error_and_a_closed_pipe_is_not() {
    let scratch = Scratch::new();
    scratch.train("run");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = scratch.command(&["eval", "run"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_refused(&output, &["stdout"]);
    let mut closed = scratch.command(&["eval", "run", "--json"]);
    let mut child = closed.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}
