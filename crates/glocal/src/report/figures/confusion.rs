//! The confusion matrix as a heat map: a row per true class, a column per answer.

use maud::{Markup, html};

use super::every;
use crate::report::data::{Confusion, Mistake};
use crate::report::svg::{Drawing, Layout, coordinate, filled_box, label_width, line, shorten, text};

/// How strongly the fullest cell is coloured where cells hold numbers: these must stay readable.
pub(in crate::report) const STRONGEST: f64 = 0.5;
/// The same where cells are too small for numbers, and for pale colours.
const STRONGEST_WITHOUT_NUMBERS: f64 = 0.9;
/// The least share at which the colours of mistakes end: with rare mistakes only, all cells are to look pale.
const LEAST_REACH: f64 = 0.05;
/// Degrees of colour.
const SHADES: usize = 12;
/// Room above the cells for the names of the axes and the columns.
const TOP: f64 = 46.0;
/// Cells of at least this side hold their number.
const LEGIBLE: f64 = 25.0;
/// The longest name of a class beside its row.
const LONGEST_NAME: usize = 16;

/// Width of the drawing beside the words on it.
fn width(layout: Layout) -> f64 {
    layout.pick(560.0, Layout::Narrow.width())
}

/// Whether the drawing names classes by number alone, so that a list of names must stand beside it.
pub(in crate::report) fn needs_names(confusion: &Confusion, layout: Layout) -> bool {
    !has_short_names(confusion) && layout.pick(confusion.size() > 24, true)
}

/// Names such as digits stand for themselves.
fn has_short_names(confusion: &Confusion) -> bool {
    (0..confusion.size()).all(|class| confusion.name(class).chars().count() <= 2)
}

/// The share of a class at which the colours of mistakes end.
pub(in crate::report) fn reach(confusion: &Confusion) -> f64 {
    let shares = confusion.mistakes().into_iter().map(|m| confusion.share(m.class, m.taken_for));
    shares.fold(LEAST_REACH, f64::max)
}

/// A share as a number of per cent, short enough for a cell.
pub(in crate::report) fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p >= 9.95 => format!("{p:.0}"),
        p if p >= 0.05 => format!("{p:.1}"),
        p if p > 0.0 => "<0.1".to_owned(),
        _ => "0".to_owned(),
    }
}

/// `Shirt taken for Coat: 92 of 1000`.
pub(in crate::report) fn words(confusion: &Confusion, mistake: Mistake) -> String {
    let Mistake { class, taken_for, count } = mistake;
    let (name, samples) = (confusion.name(class), confusion.samples(class));
    if class == taken_for {
        return format!("{name} recognised: {count} of {samples}");
    }
    format!("{name} taken for {}: {count} of {samples}", confusion.name(taken_for))
}

/// The drawing.
pub(in crate::report) fn chart(confusion: &Confusion, layout: Layout) -> Drawing {
    let grid = Grid::new(confusion, layout);
    let right = grid.left + grid.extent();
    let body = html! {
        (text(0.0, 14.0, "start", "name", "true class ↓"))
        (text(right, 14.0, "end", "name", "answer →"))
        (grid.heads())
        (grid.shades())
        (grid.rules())
        @if grid.is_numbered() { (grid.numbers()) }
    };
    let size = (width(layout), TOP + grid.extent() + 2.0);
    Drawing { size, label: format!("Confusion matrix, {}", confusion.label), body }
}

struct Grid<'a> {
    confusion: &'a Confusion,
    size: usize,
    left: f64,
    /// Side of a cell.
    cell: f64,
    /// What stands before each row; columns have the numbers only.
    rows: Vec<String>,
    columns: Vec<String>,
}

impl<'a> Grid<'a> {
    fn new(confusion: &'a Confusion, layout: Layout) -> Self {
        let size = confusion.size();
        let columns: Vec<String> = match has_short_names(confusion) {
            true => (0..size).map(|class| confusion.name(class)).collect(),
            false => (0..size).map(|class| class.to_string()).collect(),
        };
        let rows: Vec<String> = match has_short_names(confusion) || needs_names(confusion, layout) {
            true => columns.clone(),
            false => {
                (0..size).map(|class| format!("{} {class}", shorten(&confusion.name(class), LONGEST_NAME))).collect()
            }
        };
        let left = label_width(&rows) + 10.0;
        Self { confusion, size, left, cell: (width(layout) - left - 2.0) / size.max(1) as f64, rows, columns }
    }

    fn extent(&self) -> f64 {
        self.cell * self.size as f64
    }

    fn is_numbered(&self) -> bool {
        self.cell >= LEGIBLE
    }

    fn corner(&self, row: usize, column: usize) -> (f64, f64) {
        (self.left + self.cell * column as f64, TOP + self.cell * row as f64)
    }

    /// Names and numbers of the rows and columns, as many as there is room for.
    fn heads(&self) -> Markup {
        let (down, across) = (every(self.cell, 14.0), every(self.cell, label_width(&self.columns) + 4.0));
        let middle = self.cell / 2.0;
        html! {
            @for (class, name) in self.rows.iter().enumerate().step_by(down) {
                (text(self.left - 7.0, self.corner(class, 0).1 + middle + 4.5, "end", "tick", name))
            }
            @for (class, name) in self.columns.iter().enumerate().step_by(across) {
                (text(self.corner(0, class).0 + middle, TOP - 8.0, "middle", "tick", name))
            }
        }
    }

    /// Answers that are right in one colour and mistakes in another, as one path per degree of each.
    fn shades(&self) -> Markup {
        let reach = reach(self.confusion);
        let strongest = if self.is_numbered() { STRONGEST } else { STRONGEST_WITHOUT_NUMBERS };
        let mut paths = [const { [const { String::new() }; SHADES] }; 2];
        for (row, counts) in self.confusion.counts.iter().enumerate() {
            for column in (0..counts.len()).filter(|column| counts[*column] > 0) {
                let end = if row == column { 1.0 } else { reach };
                let degree = degree(self.confusion.share(row, column) / end);
                paths[usize::from(row != column)][degree] +=
                    &filled_box(self.corner(row, column), self.cell, self.cell);
            }
        }
        html! {
            @for (class, paths) in ["right", "wrong"].iter().zip(&paths) {
                g class=(class) {
                    @for (degree, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
                        path fill-opacity=(opacity(degree, strongest)) d=(path) {}
                    }
                }
            }
        }
    }

    /// The outline, and a line between cells that are not tiny.
    fn rules(&self) -> Markup {
        let step = if self.cell < 8.0 { self.size.max(1) } else { 1 };
        let (right, bottom) = self.corner(self.size, self.size);
        html! {
            @for class in (0..=self.size).step_by(step) {
                @let (x, y) = self.corner(class, class);
                (line((self.left, y), (right, y), "grid"))
                (line((x, TOP), (x, bottom), "grid"))
            }
        }
    }

    /// The share of its row in every cell that counts anything.
    fn numbers(&self) -> Markup {
        html! {
            @for (class, counts) in self.confusion.counts.iter().enumerate() {
                @for (taken_for, count) in counts.iter().copied().enumerate().filter(|(_, count)| *count > 0) {
                    @let (x, y) = self.corner(class, taken_for);
                    @let (x, y) = (x + self.cell / 2.0, y + self.cell / 2.0 + 4.0);
                    text.cell x=(coordinate(x)) y=(coordinate(y)) text-anchor="middle" {
                        (percent(self.confusion.share(class, taken_for)))
                        title { (words(self.confusion, Mistake { class, taken_for, count })) }
                    }
                }
            }
        }
    }
}

/// From 0, the palest, to `SHADES - 1`.
fn degree(share: f64) -> usize {
    ((share * SHADES as f64).ceil().clamp(1.0, SHADES as f64) as usize).saturating_sub(1)
}

fn opacity(degree: usize, strongest: f64) -> String {
    format!("{:.3}", strongest * (degree + 1) as f64 / SHADES as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fit_into_cells() {
        let texts = [0.0, 0.0004, 0.0005, 0.0994, 0.0996, 0.873, 1.0].map(percent);
        assert_eq!(texts, ["0", "<0.1", "0.1", "9.9", "10", "87", "100"]);
    }

    #[test]
    fn degrees_span_the_scale() {
        assert_eq!([f64::NAN, 0.0, 0.01, 0.5, 1.0, 9.0].map(degree), [0, 0, 0, 5, 11, 11]);
        assert_eq!(opacity(SHADES - 1, STRONGEST), "0.500");
    }
}
