//! How a long piece of work tells how far it is: a bar on a terminal, plain lines in a log, or nothing.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress is told; always on stderr, for stdout belongs to results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// Nowhere.
    #[default]
    Silent,
    /// A line now and then.
    Lines,
    /// A bar that redraws itself.
    Bar,
}

impl Progress {
    /// A bar if stderr is a terminal, lines if not.
    pub fn for_stderr() -> Progress {
        if std::io::stderr().is_terminal() { Progress::Bar } else { Progress::Lines }
    }

    /// Begins a piece of work of `total` samples, of which `done` were done before.
    pub fn start(self, label: &str, unit: &'static str, total: u64, done: u64) -> Work {
        let bar = match self {
            Progress::Bar => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
            _ => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()),
        };
        bar.set_style(style(unit));
        bar.set_prefix(label.to_owned());
        bar.set_position(done);
        bar.reset_eta();
        Work { mode: self, bar, label: label.to_owned(), unit, total, done_before: done, done, started: Instant::now() }
    }

    /// Says one line, unless silent.
    pub fn say(self, line: &str) {
        if self != Progress::Silent {
            eprintln!("{line}");
        }
    }
}

fn style(unit: &'static str) -> ProgressStyle {
    let template = "{prefix} {wide_bar} {percent:>3} %  {msg}{per_sec}  {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("per_sec", move |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
        // A key's writer cannot report failure, and the bar is only decoration.
        let _ = write!(out, "{:.0} {unit}/s", state.per_sec());
    })
}

/// A piece of work in progress.
#[derive(Debug)]
pub struct Work {
    mode: Progress,
    bar: ProgressBar,
    label: String,
    /// What is counted.
    unit: &'static str,
    total: u64,
    done_before: u64,
    done: u64,
    started: Instant,
}

impl Work {
    /// `samples` more are done.
    pub fn advance(&mut self, samples: u64) {
        self.done += samples;
        if self.mode == Progress::Bar {
            self.bar.set_position(self.done);
        }
    }

    /// A stage is done: beside the bar, or as a line with rate and time left.
    pub fn stage(&self, stage: &str) {
        match self.mode {
            Progress::Silent => {}
            Progress::Bar => self.bar.set_message(format!("{stage}  ")),
            Progress::Lines => eprintln!("{}: {stage}  {:.0} {}/s{}", self.label, self.rate(), self.unit, self.left()),
        }
    }

    /// Says a line above the bar, or simply a line.
    pub fn say(&self, line: &str) {
        match self.mode {
            Progress::Silent => {}
            Progress::Bar => self.bar.suspend(|| eprintln!("{line}")),
            Progress::Lines => eprintln!("{line}"),
        }
    }

    fn rate(&self) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        (self.done - self.done_before) as f64 / seconds
    }

    fn left(&self) -> String {
        let samples = self.total.saturating_sub(self.done) as f64;
        if samples == 0.0 {
            return String::new();
        }
        // A rate of nothing yet has no time left to tell; a day stands for "long".
        let seconds = (samples / self.rate().max(1e-9)).min(86_400.0);
        format!("  {} left", HumanDuration(Duration::from_secs_f64(seconds)))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
