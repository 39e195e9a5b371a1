//! Oracle: a run that was never stopped. Stopping, killing and thread counts must not change a bit of the result.

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{STEPS_PER_EPOCH, Scratch, assert_same_result, stderr};

#[test]
fn a_run_cut_at_several_places_ends_with_the_same_bits() {
    let scratch = Scratch::new();
    scratch.train("whole");
    // The first step, mid-epoch, the last step of an epoch, the first of the next, every second step.
    for portion in [1, 5, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1, 2 * STEPS_PER_EPOCH + 7] {
        let (out, portion) = (format!("cut{portion}"), portion.to_string());
        let mut output = scratch.run(&["train", "tiny.toml", "--out", &out, "--stop-after", &portion]);
        let mut stops = 0;
        while output.status.code() == Some(130) {
            assert!(stderr(&output).contains(&format!("glocal train --resume {out}")), "{}", stderr(&output));
            stops += 1;
            output = scratch.run(&["train", "--resume", &out, "--stop-after", &portion]);
        }
        assert!(output.status.success() && stops > 0, "{}", stderr(&output));
        assert_same_result(&scratch.path("whole"), &scratch.path(&out));
    }
}

#[test]
fn a_run_killed_at_any_moment_ends_with_the_same_bits() {
    let scratch = Scratch::new();
    scratch.train("whole");
    let begin = ["train", "tiny.toml", "--out", "killed", "--checkpoint-secs", "0"];
    let go_on = ["train", "--resume", "killed", "--checkpoint-secs", "0"];
    let mut kills = 0;
    // Moments spread over start-up, training, checkpointing and the final test.
    for millis in [3, 8, 15, 25, 40, 60, 90, 30, 20, 50, 70, 110] {
        let args = if scratch.path("killed/config.toml").is_file() { &go_on[..] } else { &begin[..] };
        let mut child = scratch.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    let args = if scratch.path("killed/config.toml").is_file() { &go_on[..] } else { &begin[..] };
    scratch.succeed(args);
    assert!(kills > 0);
    assert_same_result(&scratch.path("whole"), &scratch.path("killed"));
}

#[test]
fn the_thread_count_does_not_change_a_bit() {
    let scratch = Scratch::new();
    for threads in ["1", "2", "3"] {
        scratch.succeed(&["train", "tiny.toml", "--out", threads, "--threads", threads]);
    }
    assert_same_result(&scratch.path("1"), &scratch.path("2"));
    assert_same_result(&scratch.path("1"), &scratch.path("3"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_exits_with_130() {
    let scratch = Scratch::new();
    scratch.succeed(&["train", "tiny.toml", "--out", "whole", "--set", "training.epochs=150"]);
    let args = ["train", "tiny.toml", "--out", "stopped", "--set", "training.epochs=150"];
    let child = scratch.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The first epoch's line says that training is under way.
    while !scratch.path("stopped/metrics.jsonl").is_file() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Twice, as `timeout` does: once to the process, once to its group.
    let interrupt = || std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let interrupted = [interrupt(), interrupt()];
    let output = child.wait_with_output().unwrap();
    assert!(interrupted.iter().all(std::process::ExitStatus::success));
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("is saved"), "{}", stderr(&output));
    scratch.succeed(&["train", "--resume", "stopped"]);
    assert_same_result(&scratch.path("whole"), &scratch.path("stopped"));
}

#[test]
fn a_finished_run_is_not_trained_again() {
    let scratch = Scratch::new();
    scratch.train("run");
    let before = common::snapshot(&scratch.path("run"));
    let said = scratch.succeed(&["train", "--resume", "run"]);
    assert!(said.contains("test accuracy"), "{said}");
    assert_eq!(before, common::snapshot(&scratch.path("run")));
}
