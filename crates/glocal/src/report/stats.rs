//! Means over seeds.

/// Mean and sample standard deviation of the finite values, and how many were not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub count: usize,
    pub not_finite: usize,
}

impl Summary {
    /// The standard deviation divides by `count - 1` and needs two values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let count = finite.len();
        let mean = (count > 0).then(|| finite.iter().sum::<f64>() / count as f64);
        let sd = mean.filter(|_| count > 1).map(|mean| {
            let squares: f64 = finite.iter().map(|v| (v - mean) * (v - mean)).sum();
            (squares / (count - 1) as f64).sqrt()
        });
        Self { mean, sd, count, not_finite: values.len() - count }
    }
}

/// The summary of every epoch over seeds; a seed that stopped earlier does not count in later epochs.
pub(super) fn by_epoch(curves: &[&[f64]]) -> Vec<Summary> {
    let epochs = curves.iter().map(|curve| curve.len()).max().unwrap_or(0);
    (0..epochs)
        .map(|epoch| Summary::of(&curves.iter().filter_map(|curve| curve.get(epoch).copied()).collect::<Vec<_>>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // mean (1 + 2 + 3) / 3 = 2; deviation sqrt((1 + 0 + 1) / 2) = 1
        let summary = Summary::of(&[1.0, 2.0, 3.0, f64::INFINITY]);
        assert_eq!(summary, Summary { mean: Some(2.0), sd: Some(1.0), count: 3, not_finite: 1 });
    }

    #[test]
    fn seeds_may_stop_at_different_epochs() {
        let means: Vec<_> = by_epoch(&[&[1.0, 2.0], &[3.0]]).iter().map(|s| s.mean).collect();
        assert_eq!(means, [Some(2.0), Some(2.0)]);
    }
}
