//! Numbers as text.

use super::stats::Summary;

/// Replaces the hyphen of a negative number by a minus sign.
pub(super) fn with_minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

/// A fixed number of decimals; words where there is no number.
pub(super) fn decimals(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "not finite".to_owned();
    }
    if value.abs() >= 1e9 {
        return significant(value);
    }
    let text = format!("{value:.places$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero { text.replace('-', "") } else { with_minus(&text) }
}

/// A number as it was written by hand, such as a variance.
pub(super) fn plain(value: f64) -> String {
    if (1e-6..1e6).contains(&value.abs()) || value == 0.0 {
        with_minus(&(value + 0.0).to_string())
    } else {
        significant(value)
    }
}

/// About three significant digits, whatever the magnitude.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "not finite".to_owned();
    }
    let size = value.abs();
    let text = match size {
        0.0 => "0".to_owned(),
        s if !(1e-3..1e5).contains(&s) => format!("{value:.2e}"),
        s if s < 1.0 => format!("{value:.4}"),
        s if s < 10.0 => format!("{value:.3}"),
        s if s < 100.0 => format!("{value:.2}"),
        s if s < 1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    with_minus(&text)
}

/// A signed difference.
pub(crate) fn difference(value: f64) -> String {
    let text = decimals(value, 1);
    if text.starts_with('\u{2212}') || !value.is_finite() || text == "0.0" { text } else { format!("+{text}") }
}

/// `mean ± sd`, the mean alone for one seed, a dash for none; seeds that are not finite are counted.
pub(crate) fn mean_sd(summary: &Summary) -> String {
    let text = match (summary.mean, summary.sd) {
        (None, _) => "–".to_owned(),
        (Some(mean), None) => decimals(mean, 1),
        (Some(mean), Some(sd)) => format!("{} ± {}", decimals(mean, 1), decimals(sd, 1)),
    };
    match (summary.not_finite, summary.mean) {
        (0, _) => text,
        (_, None) => "not finite".to_owned(),
        (lost, _) => format!("{text} ({lost} not finite)"),
    }
}

/// `mean ± sd` of differences: a mean above zero has its sign.
pub(super) fn signed_mean_sd(summary: &Summary) -> String {
    let text = mean_sd(summary);
    let is_above = summary.mean.is_some_and(|mean| difference(mean).starts_with('+'));
    if is_above { format!("+{text}") } else { text }
}

/// A count in groups of three digits.
pub(super) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let is_start = |index: usize| index > 0 && (digits.len() - index).is_multiple_of(3);
    let digit = |(index, digit)| is_start(index).then_some('\u{202f}').into_iter().chain([digit]);
    digits.chars().enumerate().flat_map(digit).collect()
}

/// A number of bytes in the unit that leaves it between 1 and 1000.
pub(super) fn bytes(value: u64) -> String {
    match value as f64 {
        size if size < 1e3 => format!("{value} bytes"),
        size if size < 1e6 => format!("{} KB", decimals(size / 1e3, 1)),
        size if size < 1e9 => format!("{} MB", decimals(size / 1e6, 1)),
        size => format!("{} GB", decimals(size / 1e9, 1)),
    }
}

/// `percent ± interval`, the mean alone where there is no interval; a second decimal where the first would say nothing.
pub(super) fn with_interval(percent: f64, interval: Option<f64>) -> String {
    match interval.filter(|_| percent.is_finite()) {
        None => decimals(percent, 1),
        Some(half) => {
            let places = if half < 0.095 { 2 } else { 1 };
            format!("{} ± {}", decimals(percent, places), decimals(half, places))
        }
    }
}

/// A number that may be missing.
pub(super) fn or_dash(value: Option<f64>, print: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), print)
}

/// Seconds as `12.3 s`, `4 min 05 s` or `2 h 03 min`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return decimals(seconds, 1);
    }
    if seconds < 60.0 {
        return format!("{} s", decimals(seconds, 1));
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(decimals(-1.25, 1), "−1.2");
        assert_eq!(decimals(-0.01, 1), "0.0");
        assert_eq!(decimals(f64::NAN, 1), "not finite");
        assert_eq!(decimals(f64::MAX, 1), "1.80e308");
        assert_eq!((plain(0.06), plain(-0.0)), ("0.06".to_owned(), "0".to_owned()));
        assert_eq!(difference(0.94), "+0.9");
        assert_eq!(difference(-2.0), "−2.0");
        assert_eq!(significant(0.01234), "0.0123");
        assert_eq!(significant(1.5e-7), "1.50e−7");
    }

    #[test]
    fn narrow_intervals_get_a_second_decimal() {
        assert_eq!(with_interval(98.76, Some(0.43)), "98.8 ± 0.4");
        assert_eq!(with_interval(99.876, Some(0.044)), "99.88 ± 0.04");
        assert_eq!(with_interval(98.76, None), "98.8");
        assert_eq!(with_interval(98.76, Some(f64::NAN)), "98.8 ± not finite");
        assert_eq!(with_interval(f64::NAN, Some(0.1)), "not finite");
    }

    #[test]
    fn counts_read_well() {
        assert_eq!([0, 999, 1000, 407_510].map(thousands), ["0", "999", "1\u{202f}000", "407\u{202f}510"]);
        assert_eq!([999, 8_000, 3_260_080].map(bytes), ["999 bytes", "8.0 KB", "3.3 MB"]);
        assert_eq!(bytes(u64::MAX), "1.84e10 GB");
    }

    #[test]
    fn differences_have_signs() {
        let words = |values: &[f64]| signed_mean_sd(&Summary::of(values));
        assert_eq!(words(&[1.0, 3.0]), "+2.0 ± 1.4");
        assert_eq!(
            [words(&[-1.5]), words(&[0.01]), words(&[f64::NAN]), words(&[])],
            ["−1.5", "0.0", "not finite", "–"]
        );
    }

    #[test]
    fn times_read_well() {
        assert_eq!(duration(9.87), "9.9 s");
        assert_eq!(duration(245.2), "4 min 05 s");
        assert_eq!(duration(7380.0), "2 h 03 min");
        assert_eq!(duration(f64::NAN), "not finite");
    }

    #[test]
    fn a_diverged_seed_is_not_hidden() {
        assert_eq!(mean_sd(&Summary::of(&[80.0, f64::NAN, 82.0])), "81.0 ± 1.4 (1 not finite)");
        assert_eq!(mean_sd(&Summary::of(&[f64::NAN])), "not finite");
        assert_eq!(mean_sd(&Summary::of(&[88.0])), "88.0");
        assert_eq!(mean_sd(&Summary::of(&[])), "–");
    }
}
