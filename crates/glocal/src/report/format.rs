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
    mean_sd_to(summary, 1)
}

/// The same with so many decimals.
pub(super) fn mean_sd_to(summary: &Summary, places: usize) -> String {
    let text = match (summary.mean, summary.sd) {
        (None, _) => "–".to_owned(),
        (Some(mean), None) => decimals(mean, places),
        (Some(mean), Some(sd)) => format!("{} ± {}", decimals(mean, places), decimals(sd, places)),
    };
    match (summary.not_finite, summary.mean) {
        (0, _) => text,
        (_, None) => "not finite".to_owned(),
        (lost, _) => format!("{text} ({lost} not finite)"),
    }
}

/// `mean ± sd` of differences: a mean above zero has its sign.
pub(super) fn signed_mean_sd(summary: &Summary) -> String {
    signed_mean_sd_to(summary, 1)
}

/// The same with so many decimals.
pub(super) fn signed_mean_sd_to(summary: &Summary, places: usize) -> String {
    let text = mean_sd_to(summary, places);
    let is_printed = |mean: f64| decimals(mean, places).bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    let is_above = summary.mean.is_some_and(|mean| mean > 0.0 && is_printed(mean));
    if is_above { format!("+{text}") } else { text }
}

/// A count in groups of three digits.
pub(super) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let is_start = |index: usize| index > 0 && (digits.len() - index).is_multiple_of(3);
    let digit = |(index, digit)| is_start(index).then_some('\u{202f}').into_iter().chain([digit]);
    digits.chars().enumerate().flat_map(digit).collect()
}

/// A mean of counts: whole from a thousand on.
pub(super) fn amount(value: f64) -> String {
    if (1e3..1e15).contains(&value) { thousands(value.round() as u64) } else { three_digits(value) }
}

/// Three significant digits of what is not tiny, for numbers that are not known any better.
pub(super) fn three_digits(value: f64) -> String {
    match value.abs() {
        size if !(0.0995..99_950.0).contains(&size) => significant(value),
        size if size < 0.9995 => decimals(value, 3),
        size if size < 9.995 => decimals(value, 2),
        size if size < 99.95 => decimals(value, 1),
        _ => decimals(value, 0),
    }
}

/// A unit of energy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EnergyUnit {
    pub name: &'static str,
    /// How many nanojoules it has.
    pub nanojoules: f64,
}

impl EnergyUnit {
    /// The one that leaves a number between 1 and 1000; nanojoules for nothing and for what is not finite.
    pub(super) fn fitting(nanojoules: f64) -> Self {
        let (name, nanojoules) = match nanojoules.abs() {
            size if size > 0.0 && size < 1.0 => ("pJ", 1e-3),
            size if (1e3..1e6).contains(&size) => ("µJ", 1e3),
            size if (1e6..1e9).contains(&size) => ("mJ", 1e6),
            size if size >= 1e9 && size.is_finite() => ("J", 1e9),
            _ => ("nJ", 1.0),
        };
        Self { name, nanojoules }
    }

    /// A number of nanojoules in this unit, without its name.
    pub(super) fn words(&self, nanojoules: f64) -> String {
        three_digits(nanojoules / self.nanojoules)
    }
}

/// Energy between bounds: `1.23 µJ (0.61–2.47)`, alone where low, nominal and high agree.
pub(super) fn energy([low, nominal, high]: [f64; 3]) -> String {
    let unit = EnergyUnit::fitting(nominal);
    let alone = format!("{}\u{a0}{}", unit.words(nominal), unit.name);
    match (nominal.is_finite(), low == high) {
        (false, _) => unit.words(nominal),
        (true, true) => alone,
        (true, false) => format!("{alone} ({}–{})", unit.words(low), unit.words(high)),
    }
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
    fn energies_fit_their_unit() {
        assert_eq!(energy([610.0, 1234.5, 2470.0]), "1.23\u{a0}µJ (0.610–2.47)");
        assert_eq!(energy([0.0, 0.25, 1.0]), "250\u{a0}pJ (0–1000)");
        assert_eq!([energy([0.0; 3]), energy([5e9; 3])], ["0\u{a0}nJ", "5.00\u{a0}J"]);
        assert_eq!(energy([1.0, f64::NAN, 2.0]), "not finite");
        assert_eq!(energy([1.0, 2.0, f64::INFINITY]), "2.00\u{a0}nJ (1.00–not finite)");
        assert_eq!(EnergyUnit::fitting(-2e6), EnergyUnit { name: "mJ", nanojoules: 1e6 });
    }

    #[test]
    fn amounts_have_three_digits() {
        let values = [401_408.4, 999.0, 12.34, 0.5, 0.0, f64::NAN, 1e300];
        assert_eq!(values.map(amount), ["401\u{202f}408", "999", "12.3", "0.500", "0", "not finite", "1.00e300"]);
    }

    #[test]
    fn small_differences_have_more_decimals() {
        let words = |value: f64, places| signed_mean_sd_to(&Summary::of(&[value]), places);
        assert_eq!([words(0.04, 1), words(0.04, 2), words(-0.04, 2)], ["0.0", "+0.04", "−0.04"]);
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
