//! Accuracy task by task as a heat map: a row after each task, a column on each task.

use maud::{Markup, html};

use super::confusion::STRONGEST;
use super::every;
use crate::report::data::{TaskAccuracy, TaskMatrix};
use crate::report::format::decimals;
use crate::report::svg::{Drawing, Layout, coordinate, filled_box, label_width, line, text};

/// Degrees of colour.
const SHADES: usize = 16;
/// How strongly the palest cell is coloured: a number, however low, is to differ from none.
const PALEST: f64 = 0.1;
/// How strongly the fullest cell is coloured where cells are too small for numbers.
const STRONGEST_WITHOUT_NUMBERS: f64 = 0.95;
/// The colours end at multiples of this, in per cent.
const STEP: f64 = 5.0;
/// Room above the cells for the names of the axes and the numbers of the tasks.
const TOP: f64 = 46.0;
/// Room below the cells for the colour scale.
const BOTTOM: f64 = 66.0;
/// The largest side of a cell.
const LARGEST: f64 = 56.0;
/// Cells of at least this side hold their number.
const LEGIBLE: f64 = 25.0;
/// Cells of at least this side are set apart by lines.
const RULED: f64 = 12.0;

/// The accuracies between which the colours run, in per cent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Reach {
    low: f64,
    high: f64,
    /// Whether some accuracies are lower.
    is_cut: bool,
}

impl Reach {
    /// Round ends around the accuracies on learned tasks, one scale for all matrices: those on tasks not learned yet
    /// are near chance and would leave few shades to the others.
    pub(in crate::report) fn of(matrices: &[&TaskMatrix]) -> Self {
        let all = || matrices.iter().flat_map(|matrix| matrix.accuracies()).filter(|a| a.percent.is_finite());
        let learned = || all().filter(TaskAccuracy::is_learned).map(|accuracy| accuracy.percent.clamp(0.0, 100.0));
        let (Some(low), Some(high)) = (learned().reduce(f64::min), learned().reduce(f64::max)) else {
            return Self { low: 0.0, high: 100.0, is_cut: false };
        };
        let high = ((high / STEP).ceil() * STEP).max(STEP);
        let low = ((low / STEP).floor() * STEP).min(high - STEP);
        Self { low, high, is_cut: all().any(|accuracy| accuracy.percent < low) }
    }

    /// From 0, the palest, to `SHADES - 1`; `SHADES` for what is not finite.
    fn shade(&self, percent: f64) -> usize {
        if !percent.is_finite() {
            return SHADES;
        }
        let share = (percent - self.low) / (self.high - self.low);
        (share * SHADES as f64).clamp(0.0, SHADES as f64 - 1.0) as usize
    }

    /// The numbers below the colour scale, from left to right.
    fn words(&self) -> [String; 3] {
        let [low, middle, high] = [self.low, (self.low + self.high) / 2.0, self.high].map(|end| end.to_string());
        [if self.is_cut { format!("≤ {low}") } else { low }, middle, high]
    }
}

/// The drawing.
pub(in crate::report) fn chart(matrix: &TaskMatrix, reach: &Reach, layout: Layout) -> Drawing {
    let grid = Grid::new(matrix, reach, layout);
    let body = html! {
        (text(0.0, 14.0, "start", "name", "after task ↓"))
        (text(grid.corner(0, grid.tasks).0.max(190.0), 14.0, "end", "name", "on task →"))
        (grid.heads())
        (grid.shades())
        (grid.rules())
        @if grid.is_numbered() { (grid.numbers()) }
        (grid.colour_scale())
    };
    let size = (grid.width, TOP + grid.extent() + BOTTOM);
    Drawing { size, label: format!("Accuracy after each task on each task, {}", matrix.label), body }
}

struct Grid<'a> {
    matrix: &'a TaskMatrix,
    reach: &'a Reach,
    tasks: usize,
    width: f64,
    left: f64,
    /// Side of a cell.
    cell: f64,
}

impl<'a> Grid<'a> {
    fn new(matrix: &'a TaskMatrix, reach: &'a Reach, layout: Layout) -> Self {
        let (tasks, width) = (matrix.tasks(), layout.pick(428.0, Layout::Narrow.width()));
        let left = label_width([&tasks.to_string()]) + 10.0;
        let room = (width - left - 8.0) / tasks.max(1) as f64;
        // whole tenths, as drawings are printed: rounding would leave gaps between boxes
        let cell = ((10.0 * room).floor() / 10.0).min(LARGEST);
        Self { matrix, reach, tasks, width, left, cell }
    }

    fn extent(&self) -> f64 {
        self.cell * self.tasks as f64
    }

    fn is_numbered(&self) -> bool {
        self.cell >= LEGIBLE
    }

    fn corner(&self, after: usize, on: usize) -> (f64, f64) {
        (self.left + self.cell * on as f64, TOP + self.cell * after as f64)
    }

    /// The numbers of the tasks, the first and then as many round ones as there is room for.
    fn heads(&self) -> Markup {
        let middle = self.cell / 2.0;
        let numbers = |room: f64| {
            let step = every(self.cell, room);
            let is_free = move |task: usize| (task - 1) as f64 * self.cell >= room && task.is_multiple_of(step);
            (1..=self.tasks).filter(move |task| *task == 1 || is_free(*task))
        };
        html! {
            @for task in numbers(18.0) {
                (text(self.left - 7.0, self.corner(task - 1, 0).1 + middle + 4.5, "end", "tick", &task.to_string()))
            }
            @for task in numbers(self.left + 2.0) {
                (text(self.corner(0, task - 1).0 + middle, TOP - 8.0, "middle", "tick", &task.to_string()))
            }
        }
    }

    fn opacity(&self, shade: usize) -> String {
        let strongest = if self.is_numbered() { STRONGEST } else { STRONGEST_WITHOUT_NUMBERS };
        format!("{:.3}", PALEST + (strongest - PALEST) * shade as f64 / (SHADES - 1) as f64)
    }

    /// One path per shade; neighbours of one shade are one box. What is not finite has a colour of its own.
    fn shades(&self) -> Markup {
        let mut paths = [const { String::new() }; SHADES + 1];
        for (after, row) in self.matrix.rows.iter().enumerate() {
            let mut on = 0;
            for same in row.chunk_by(|a, b| self.reach.shade(*a) == self.reach.shade(*b)) {
                let width = self.cell * same.len() as f64;
                paths[self.reach.shade(same[0])] += &filled_box(self.corner(after, on), width, self.cell);
                on += same.len();
            }
        }
        html! {
            g.right.cells {
                @for (shade, path) in paths[..SHADES].iter().enumerate().filter(|(_, path)| !path.is_empty()) {
                    path fill-opacity=(self.opacity(shade)) d=(path) {}
                }
            }
            @if !paths[SHADES].is_empty() { g.wrong.cells { path d=(paths[SHADES]) {} } }
        }
    }

    /// The outline, and a line between cells that are not tiny.
    fn rules(&self) -> Markup {
        let step = if self.cell < RULED { self.tasks.max(1) } else { 1 };
        let (right, bottom) = self.corner(self.tasks, self.tasks);
        html! {
            @for task in (0..=self.tasks).step_by(step) {
                @let (x, y) = self.corner(task, task);
                (line((self.left, y), (right, y), "grid"))
                (line((x, TOP), (x, bottom), "grid"))
            }
        }
    }

    /// The accuracy in every cell that has one.
    fn numbers(&self) -> Markup {
        html! {
            @for TaskAccuracy { after, on, percent } in self.matrix.accuracies().filter(|a| a.percent.is_finite()) {
                @let (x, y) = self.corner(after, on);
                @let (x, y) = (x + self.cell / 2.0, y + self.cell / 2.0 + 4.0);
                text.cell x=(coordinate(x)) y=(coordinate(y)) text-anchor="middle" {
                    (decimals(percent, 0))
                    title { "on task " (on + 1) " after task " (after + 1) ": " (decimals(percent, 1)) " %" }
                }
            }
        }
    }

    /// All shades from the lowest accuracy to the highest.
    fn colour_scale(&self) -> Markup {
        let top = TOP + self.extent() + 20.0;
        let (left, right) = (self.left + 96.0, self.width - 24.0);
        let step = (right - left) / SHADES as f64;
        let at = |place: f64| left + place * (right - left);
        html! {
            (text(self.left, top + 11.0, "start", "name", "accuracy, %"))
            g.right.cells {
                @for shade in 0..SHADES {
                    @let corner = (left + step * shade as f64, top);
                    path fill-opacity=(self.opacity(shade)) d=(filled_box(corner, step, 13.0)) {}
                }
            }
            @for (place, words) in [0.0, 0.5, 1.0].into_iter().zip(self.reach.words()) {
                (text(at(place), top + 30.0, "middle", "tick", &words))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(rows: &[&[f64]]) -> Reach {
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        Reach::of(&[&TaskMatrix { rows, ..TaskMatrix::default() }])
    }

    #[test]
    fn the_scale_has_round_ends_around_what_was_learned() {
        let expected = Reach { low: 65.0, high: 95.0, is_cut: true };
        assert_eq!(reach(&[&[91.0, 10.0], &[f64::NAN, 68.0]]), expected);
        assert_eq!(expected.words(), ["≤ 65", "80", "95"]);
        assert_eq!(reach(&[&[100.0]]), Reach { low: 95.0, high: 100.0, is_cut: false });
        assert_eq!(reach(&[&[-3.0]]), Reach { low: 0.0, high: 5.0, is_cut: true });
        assert_eq!(reach(&[&[f64::NAN]]), Reach { low: 0.0, high: 100.0, is_cut: false });
    }

    #[test]
    fn shades_span_the_scale() {
        let reach = Reach { low: 60.0, high: 100.0, is_cut: false };
        let shades = [f64::MIN, 60.0, 62.4, 62.6, 99.9, 100.0, f64::MAX, f64::NAN].map(|p| reach.shade(p));
        assert_eq!(shades, [0, 0, 0, 1, 15, 15, 15, SHADES]);
    }
}
