//! Events without cause, as sensors make them in the dark.

use std::ops::Range;

use super::{Event, Recording};
use crate::{DataError, random::Draws, text::check};

/// Most events that one source of noise may be expected to add to a recording: 1.6 GB.
const MOST_EVENTS: f64 = 1e8;

/// Calls `emit` at the times, ascending, of a Poisson process within `span_us`.
///
/// # Equation
/// Waiting times are -ln(1 - u) / rate, u uniform in 0..1; times are rounded down to microseconds.
///
/// # Errors
/// [`DataError::Parameter`] if more than 10^8 events are to be expected.
pub(crate) fn poisson(
    span_us: Range<u64>,
    rate_hz: f64,
    draws: &mut Draws,
    mut emit: impl FnMut(u64, &mut Draws),
) -> Result<(), DataError> {
    let duration_us = span_us.end.saturating_sub(span_us.start) as f64;
    let expected = rate_hz * 1e-6 * duration_us;
    check(
        expected <= MOST_EVENTS,
        "noise events",
        expected.round(),
        "at most 10^8: a lower rate, or a shorter recording",
    )?;
    if expected <= 0.0 {
        return Ok(());
    }
    let mut after_us = 0.0;
    loop {
        after_us += -libm::log(1.0 - draws.uniform_f64()) * 1e6 / rate_hz;
        if after_us >= duration_us {
            return Ok(());
        }
        emit(span_us.start.saturating_add(after_us as u64), draws);
    }
}

/// Adds events, in the order of their times, to a recording; those of equal time come after its own.
pub(crate) fn merge(recording: &mut Recording, added: Vec<Event>) {
    recording.events.extend(added);
    recording.events.sort_by_key(|event| event.t_us);
}
