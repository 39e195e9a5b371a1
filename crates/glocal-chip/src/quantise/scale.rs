//! What one unit of an integer weight stands for.

/// How the scale of a layer's weights is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScaleSearch {
    /// The largest magnitude is the largest integer: nothing is clipped.
    Largest,
    /// So large a share of the weights, in 0..=1, is not clipped.
    Percentile(f64),
    /// The one of least mean square error.
    LeastSquares,
}

/// Which scales the chip can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleForm {
    /// Any: a multiplier of 16 bits and a shift.
    Multiplier,
    /// A shift alone: the scale from sums to currents is a power of two.
    PowerOfTwo,
}

/// Clipped shares tried by [`ScaleSearch::LeastSquares`]: from none down to a quarter of the largest magnitude.
const TRIED: usize = 64;

/// The scale for `weights` in integers up to `most`. `unit`: what a scale is multiplied by to make a current's; it matters where
/// that is to be a power of two. 1 for weights that are all zero.
pub fn scale_of(weights: &[f64], most: i32, search: ScaleSearch, form: ScaleForm, unit: f64) -> f64 {
    let largest = weights.iter().fold(0.0_f64, |largest, w| largest.max(w.abs()));
    if largest == 0.0 {
        return power_of_two(1.0, form, unit, f64::ceil);
    }
    let reach = |magnitude: f64| magnitude / f64::from(most);
    match search {
        ScaleSearch::Largest => power_of_two(reach(largest), form, unit, f64::ceil),
        ScaleSearch::Percentile(share) => {
            let mut magnitudes: Vec<f64> = weights.iter().map(|w| w.abs()).collect();
            magnitudes.sort_by(f64::total_cmp);
            let last = magnitudes.len() - 1;
            let kept = magnitudes[((share.clamp(0.0, 1.0) * last as f64).ceil() as usize).min(last)];
            let kept = if kept > 0.0 { kept } else { largest };
            power_of_two(reach(kept), form, unit, f64::round)
        }
        ScaleSearch::LeastSquares => {
            let tried = (0..TRIED).map(|n| reach(largest * (1.0 - 0.75 * n as f64 / TRIED as f64)));
            let allowed = tried.flat_map(|scale| [f64::floor, f64::ceil].map(|to| power_of_two(scale, form, unit, to)));
            let error = |scale: f64| -> f64 {
                let lost = |w: &f64| w - scale * f64::from(quantised(*w, scale, most));
                weights.iter().map(|w| lost(w).powi(2)).sum()
            };
            let errors = allowed.map(|scale| (error(scale), scale));
            errors.min_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(reach(largest), |(_, scale)| scale)
        }
    }
}

/// The scale itself, or, if a shift alone can be applied, a near one whose product with `unit` is a power of two.
fn power_of_two(scale: f64, form: ScaleForm, unit: f64, to: fn(f64) -> f64) -> f64 {
    match form {
        ScaleForm::Multiplier => scale,
        ScaleForm::PowerOfTwo => libm::exp2(to(libm::log2(scale * unit))) / unit,
    }
}

/// The nearest integer weight, halves to even, at most `most`.
pub fn quantised(weight: f64, scale: f64, most: i32) -> i32 {
    libm::rint(weight / scale).clamp(-f64::from(most), f64::from(most)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_by_hand() {
        let weights = [1.27, -0.5, 0.01, 0.0];
        let scale = |search, form| scale_of(&weights, 127, search, form, 1.0);
        assert_eq!(scale(ScaleSearch::Largest, ScaleForm::Multiplier), 0.01);
        assert_eq!(scale(ScaleSearch::Largest, ScaleForm::PowerOfTwo), 1.0 / 64.0);
        // Two thirds of three steps: the third of four magnitudes.
        assert_eq!(scale(ScaleSearch::Percentile(2.0 / 3.0), ScaleForm::Multiplier), 0.5 / 127.0);
        assert_eq!(scale_of(&[0.0; 3], 127, ScaleSearch::LeastSquares, ScaleForm::Multiplier, 1.0), 1.0);
        assert_eq!((quantised(0.025, 0.01, 127), quantised(-9.0, 0.01, 127)), (2, -127));
    }

    /// Many small weights and one large one: clipping it costs less than coarse steps for the others.
    #[test]
    fn least_squares_clips_an_outlier() {
        let mut weights: Vec<f64> = (0..2000).map(|n| ((n * 37) % 201) as f64 / 1000.0 - 0.1).collect();
        weights.push(0.3);
        let found = scale_of(&weights, 7, ScaleSearch::LeastSquares, ScaleForm::Multiplier, 1.0);
        assert!(found < 0.3 / 7.0 && found > 0.05 / 7.0, "{found}");
    }
}
