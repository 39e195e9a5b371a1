//! Counters of few bits, continued over their wraps.

/// A clock whose upper bits a format does not store.
///
/// # Equation
/// A reading that is lower than the one before it by half of the counter's range or more is taken for a wrap, as in the
/// EVT 3.0 decoder of Prophesee's OpenEB; by less, for time that runs backwards, which the [sink](super::sink::Sink)
/// judges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrappingCounter {
    range: u64,
    wrapped: u64,
    last: u64,
}

impl WrappingCounter {
    /// A counter of `bits` bits, fewer than 63.
    pub(crate) fn new(bits: u32) -> Self {
        WrappingCounter { range: 1 << bits, wrapped: 0, last: 0 }
    }

    /// The next reading, continued.
    #[inline]
    pub(crate) fn next(&mut self, reading: u64) -> u64 {
        if self.last > reading && self.last - reading >= self.range / 2 {
            self.wrapped = self.wrapped.saturating_add(self.range);
        }
        self.last = reading;
        self.wrapped.saturating_add(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_fall_is_a_wrap_and_a_near_one_is_not() {
        let mut counter = WrappingCounter::new(8);
        let readings = [3, 200, 255, 2, 1, 129, 2, 129, 1];
        let continued = readings.map(|r| counter.next(r));
        assert_eq!(continued, [3, 200, 255, 258, 257, 385, 258, 385, 513]);
    }
}
