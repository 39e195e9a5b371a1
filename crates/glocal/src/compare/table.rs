//! The arms as text tables for a terminal.

use crate::report::Arm;
use crate::report::NoiseAccuracy;
use crate::report::format::mean_sd;
use crate::report::stats::Summary;

use super::{letters, words};

/// What the plastic weights did while the test images were judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// They moved within each batch, as in the published scripts.
    Moving,
    /// They kept their trained value.
    Frozen,
}

/// Test accuracy in per cent, a row per arm and a column per variance; published figures below their arm's.
pub fn accuracy_table(arms: &[Arm], judged: Judged) -> String {
    let Some(longest) = arms.iter().map(|arm| &arm.accuracies).max_by_key(|points| points.len()) else {
        return String::new();
    };
    let variances: Vec<f64> = longest.iter().map(|point| point.variance).collect();
    let mut rows = vec![heading(&variances)];
    for arm in arms {
        rows.push(own_row(arm, &variances, judged));
        // The published figures were measured with moving plastic weights.
        if judged == Judged::Moving {
            rows.extend(published_rows(arm, &variances));
        }
    }
    aligned(&rows, &[Align::Left])
}

fn heading(variances: &[f64]) -> Vec<String> {
    let noise = variances.iter().map(|variance| if *variance == 0.0 { "clean".into() } else { variance.to_string() });
    std::iter::once("accuracy %, noise variance".to_owned()).chain(noise).collect()
}

fn own_row(arm: &Arm, variances: &[f64], judged: Judged) -> Vec<String> {
    let values = |point: &NoiseAccuracy| match judged {
        Judged::Frozen if !point.frozen_percent.is_empty() => Summary::of(&point.frozen_percent),
        _ => Summary::of(&point.percent),
    };
    let cell = |variance: &f64| {
        let point = arm.accuracies.iter().find(|point| point.variance == *variance);
        point.map_or("–".to_owned(), |point| mean_sd(&values(point)))
    };
    let name = format!("{}  {}", letters(arm.rule), words(arm.rule));
    std::iter::once(name).chain(variances.iter().map(cell)).collect()
}

fn published_rows<'a>(arm: &'a Arm, variances: &'a [f64]) -> impl Iterator<Item = Vec<String>> + 'a {
    arm.published.iter().map(move |published| {
        let cell = |variance: &f64| {
            let point = published.points.iter().find(|point| point.variance == *variance);
            point.map_or(String::new(), |point| format!("{:.1}", point.percent))
        };
        std::iter::once(format!("    {}", published.source)).chain(variances.iter().map(cell)).collect()
    })
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Lines of equally wide columns; columns beyond `align` hold numbers.
pub fn aligned(rows: &[Vec<String>], align: &[Align]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell_width = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| cell_width(row, column)).max().unwrap_or(0)).collect();
    let cell = |(column, text): (usize, &String)| match align.get(column) {
        Some(Align::Left) => format!("{text:<width$}", width = widths[column]),
        _ => format!("{text:>width$}", width = widths[column]),
    };
    let line = |row: &Vec<String>| row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

/// A clause with its first letter in upper case.
pub fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use glocal_core::LearningRule;

    #[test]
    fn columns_stand_under_one_another() {
        let rows = [vec!["a".to_owned(), "1.0".into()], vec!["bcd".to_owned(), "12.0".into()]];
        assert_eq!(aligned(&rows, &[Align::Left]), "a     1.0\nbcd  12.0\n");
    }

    #[test]
    fn an_arm_without_plastic_weights_is_the_same_either_way() {
        let point = |percent: f64| NoiseAccuracy { variance: 0.0, percent: vec![percent], frozen_percent: vec![] };
        let arms = [Arm { accuracies: vec![point(87.25)], ..Arm::new(LearningRule::Global) }];
        let expected = "accuracy %, noise variance  clean\nGP  global only              87.2\n";
        assert_eq!(accuracy_table(&arms, Judged::Moving), expected);
        assert_eq!(accuracy_table(&arms, Judged::Frozen), expected);
    }
}
