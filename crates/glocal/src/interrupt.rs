//! The wish to stop: Ctrl-C, a termination signal, or a caller's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::GlocalError;

/// Exit code of a process that was asked to stop: 128 + SIGINT, as shells expect.
pub const INTERRUPTED_EXIT_CODE: u8 = 130;

/// Supervisors such as `timeout` signal a process and then its whole group: the second signal is the same wish.
const ECHO: Duration = Duration::from_secs(1);

/// A wish to stop, shared by whoever utters it and the training loop, which saves and ends at its next step.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Asks to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets Ctrl-C and termination signals ask; one that comes later ends the process at once (files stay whole).
    ///
    /// # Errors
    /// The system refuses the handler, or there is one already.
    pub fn listen(&self) -> Result<(), GlocalError> {
        let signal = self.clone();
        let mut first: Option<Instant> = None;
        let on_signal = move || {
            if first.is_some_and(|first| first.elapsed() > ECHO) {
                std::process::exit(i32::from(INTERRUPTED_EXIT_CODE));
            }
            first.get_or_insert_with(Instant::now);
            signal.request();
        };
        ctrlc::set_handler(on_signal).map_err(|source| GlocalError::Usage {
            message: format!("cannot listen for Ctrl-C: {source}"),
            hint: "run the command in a process of its own".into(),
        })
    }
}
