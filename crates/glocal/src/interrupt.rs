//! The wish to stop: Ctrl-C, a termination signal, or a caller's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::GlocalError;

/// Exit code of a process that was asked to stop: 128 + SIGINT, as shells expect.
pub const INTERRUPTED_EXIT_CODE: u8 = 130;

/// Supervisors such as `timeout` signal a process and then its whole group: the second signal is the same wish.
const ECHO: Duration = Duration::from_secs(1);

/// A wish to stop, shared by whoever utters it and the training loop, which saves and ends at its next step.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    heeded_by: AtomicUsize,
}

/// While it lives, someone looks at the signal again and again, and ends in order.
#[derive(Debug)]
pub struct Heeded(StopSignal);

impl Drop for Heeded {
    fn drop(&mut self) {
        self.0.0.heeded_by.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StopSignal {
    /// Asks to stop.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked.
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Someone heeds it from now on.
    pub fn heed(&self) -> Heeded {
        self.0.heeded_by.fetch_add(1, Ordering::Relaxed);
        Heeded(self.clone())
    }

    /// Lets Ctrl-C and termination signals ask. Where nobody heeds them, as while a trained network is judged, or when another comes
    /// later, the process ends at once (files stay whole).
    ///
    /// # Errors
    /// The system refuses the handler, or there is one already.
    pub fn listen(&self) -> Result<(), GlocalError> {
        let signal = self.clone();
        let mut first: Option<Instant> = None;
        let on_signal = move || {
            if signal.is_last_word(&mut first, Instant::now()) {
                std::process::exit(i32::from(INTERRUPTED_EXIT_CODE));
            }
        };
        ctrlc::set_handler(on_signal).map_err(|source| GlocalError::Usage {
            message: format!("cannot listen for Ctrl-C: {source}"),
            hint: "run the command in a process of its own".into(),
        })
    }

    /// A signal came: asks to stop, and says whether the process is not to wait for that.
    fn is_last_word(&self, first: &mut Option<Instant>, now: Instant) -> bool {
        let began = *first.get_or_insert(now);
        self.request();
        self.0.heeded_by.load(Ordering::Relaxed) == 0 || now - began > ECHO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_nobody_heeds_ends_the_process() {
        let (signal, mut first, now) = (StopSignal::default(), None, Instant::now());
        let heeded = signal.heed();
        assert!(!signal.is_last_word(&mut first, now) && signal.is_requested());
        assert!(!signal.is_last_word(&mut first, now + ECHO / 2));
        assert!(signal.is_last_word(&mut first, now + 2 * ECHO));
        drop(heeded);
        assert!(StopSignal::default().is_last_word(&mut None, now));
        assert!(signal.is_last_word(&mut None, now));
    }
}
