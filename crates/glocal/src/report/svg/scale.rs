//! From data to drawing units.

/// Values beyond this are treated as not finite: a span between them would overflow.
const LARGEST: f64 = 1e300;
const MOST_TICKS: i64 = 24;

/// A linear map from a domain of finite, distinct ends to a range.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Scale {
    low: f64,
    high: f64,
    range: (f64, f64),
}

impl Scale {
    /// A domain which holds all finite values, widened on both sides by a share of its span.
    pub(in crate::report) fn fit(values: impl IntoIterator<Item = f64>, widen: f64, range: (f64, f64)) -> Self {
        let finite = values.into_iter().filter(|v| v.abs() < LARGEST);
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return Self { low: 0.0, high: 1.0, range };
        }
        let span = if high > low { (high - low) * widen } else { (low.abs() * 0.05).max(0.5) };
        Self { low: low - span, high: high + span, range }
    }

    /// The same map with its domain cut to `low..=high` where that leaves anything.
    pub(in crate::report) fn within(self, low: f64, high: f64) -> Self {
        let cut = Self { low: self.low.max(low), high: self.high.min(high), ..self };
        if cut.low < cut.high { cut } else { self }
    }

    /// Where a value is drawn.
    pub(in crate::report) fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.range.0 + share * (self.range.1 - self.range.0)
    }

    /// About `count` round values inside the domain, with the text to print beside each.
    pub(in crate::report) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        self.ticks_every(step)
    }

    /// The same for whole numbers, such as steps and epochs.
    pub(in crate::report) fn whole_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        self.ticks_every(step.max(1.0))
    }

    fn ticks_every(&self, step: f64) -> Vec<(f64, String)> {
        let slack = 1e-6;
        let first = (self.low / step - slack).ceil() as i64;
        let last = (self.high / step + slack).floor() as i64;
        let last = last.min(first.saturating_add(MOST_TICKS));
        (first..=last).map(|k| k as f64 * step).map(|value| (value, tick_text(value, step))).collect()
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
fn round_step(rough: f64) -> f64 {
    let rough = if rough.is_finite() && rough > 0.0 { rough } else { 1.0 };
    let power = 10f64.powi(rough.log10().floor() as i32);
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

fn tick_text(value: f64, step: f64) -> String {
    let text = if !(1e-5..1e6).contains(&step) {
        format!("{value:.1e}")
    } else {
        let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.decimals$}")
    };
    super::super::format::with_minus(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(low: f64, high: f64, count: usize) -> Vec<String> {
        let scale = Scale::fit([low, high], 0.0, (0.0, 1.0));
        scale.ticks(count).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(0.0, 0.06, 6), ["0.00", "0.01", "0.02", "0.03", "0.04", "0.05", "0.06"]);
        assert_eq!(texts(61.0, 89.0, 3), ["70", "80"]);
        assert_eq!(texts(-1.0, 1.0, 2), ["−1", "0", "1"]);
    }

    #[test]
    fn strange_domains_stay_finite() {
        let domains: [&[f64]; 6] =
            [&[], &[f64::NAN], &[f64::INFINITY, 1.0], &[3.0], &[-1e299, 1e299], &[1e15, 1e15 + 1.0]];
        for values in domains {
            let scale = Scale::fit(values.iter().copied(), 0.1, (0.0, 100.0));
            assert!(scale.at(1.0).is_finite(), "{values:?}");
            assert!(scale.ticks(5).len() <= MOST_TICKS as usize + 1, "{values:?}");
        }
    }
}
