//! The mesh of cores as a heat map: a square for each place, borders between layers, empty squares where none is used.

use maud::{Markup, html};

use super::confusion::STRONGEST;
use crate::report::data::{ChipLayer, ChipMesh, UsedPlace};
use crate::report::format::{amount, thousands};
use crate::report::svg::{Drawing, coordinate, filled_box, text};

/// Width of the drawing: several stand beside each other, on a phone one fills the screen.
const WIDTH: f64 = 282.0;
/// The largest side of a place.
const LARGEST: f64 = 40.0;
/// The largest height of all rows.
const TALLEST: f64 = 420.0;
/// Places of at least this side hold the number of their layer.
const LEGIBLE: f64 = 18.0;
/// Room beside the places for half of their borders.
const LEFT: f64 = 1.0;
/// Room above the places for the name.
const TOP: f64 = 26.0;
/// Room below them for the colour scale.
const BOTTOM: f64 = 50.0;
/// How strongly the palest place is coloured: a used one, however idle, is to differ from an empty one.
const PALEST: f64 = 0.08;
/// How strongly the fullest place is coloured where places are too small for numbers.
const STRONGEST_WITHOUT_NUMBERS: f64 = 0.95;
/// Steps of the colour scale.
const STEPS: usize = 16;

/// Whether any place is used.
pub(in crate::report) fn is_worth_drawing(mesh: &ChipMesh) -> bool {
    mesh.used().next().is_some()
}

/// `load, clocks`.
pub(in crate::report) fn name(mesh: &ChipMesh) -> String {
    [mesh.name.as_str(), &mesh.unit].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Whether the drawing numbers the layers of places.
pub(in crate::report) fn is_numbered(mesh: &ChipMesh) -> bool {
    Grid::new(mesh, &[]).is_numbered()
}

/// The drawing.
pub(in crate::report) fn chart(mesh: &ChipMesh, layers: &[ChipLayer]) -> Drawing {
    let grid = Grid::new(mesh, layers);
    let body = html! {
        (text(0.0, 14.0, "start", "name", &name(mesh)))
        (grid.empty_places())
        @for place in mesh.used() { (grid.place(&place)) }
        path.border d=(grid.borders()) {}
        (grid.colour_scale())
    };
    let height = TOP + grid.cell * mesh.height() as f64 + BOTTOM;
    let width = WIDTH.max(2.0 * LEFT + grid.cell * mesh.width() as f64);
    Drawing { size: (width, height), label: format!("The mesh of cores, {}", name(mesh)), body }
}

struct Grid<'a> {
    mesh: &'a ChipMesh,
    layers: &'a [ChipLayer],
    /// Side of a place.
    cell: f64,
    /// Where the colours end.
    low: f64,
    high: f64,
}

impl<'a> Grid<'a> {
    fn new(mesh: &'a ChipMesh, layers: &'a [ChipLayer]) -> Self {
        let room =
            ((WIDTH - 2.0 * LEFT) / mesh.width().max(1) as f64).min(TALLEST / mesh.height().max(1) as f64).min(LARGEST);
        // whole tenths, as drawings are printed: rounding would leave gaps between places
        let cell = ((10.0 * room).floor() / 10.0).max(0.1);
        let values = || mesh.used().map(|place| place.value).filter(|value| value.is_finite());
        Self { mesh, layers, cell, low: values().fold(0.0, f64::min), high: values().fold(0.0, f64::max) }
    }

    fn is_numbered(&self) -> bool {
        self.cell >= LEGIBLE
    }

    fn corner(&self, column: usize, row: usize) -> (f64, f64) {
        (LEFT + self.cell * column as f64, TOP + self.cell * row as f64)
    }

    /// From 0 at the low end to 1 at the high one.
    fn share(&self, value: f64) -> f64 {
        let share = value / 2.0 - self.low / 2.0;
        let span = self.high / 2.0 - self.low / 2.0;
        if span > 0.0 { (share / span).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn opacity(&self, share: f64) -> String {
        let strongest = if self.is_numbered() { STRONGEST } else { STRONGEST_WITHOUT_NUMBERS };
        format!("{:.2}", PALEST + (strongest - PALEST) * share)
    }

    /// A small square in the middle of each place that is not used.
    fn empty_places(&self) -> Markup {
        let (side, margin) = (0.4 * self.cell, 0.3 * self.cell);
        let all = (0..self.mesh.height()).flat_map(|row| (0..self.mesh.width()).map(move |column| (column, row)));
        let is_there = |(column, row): &(usize, usize)| row * self.mesh.width() + column < self.mesh.values.len();
        let empty = all.filter(is_there).filter(|(column, row)| self.mesh.place(*column, *row).is_none());
        let square = |(column, row): (usize, usize)| {
            let (left, top) = self.corner(column, row);
            filled_box((left + margin, top + margin), side, side)
        };
        html! { path.empty d=(empty.map(square).collect::<String>()) {} }
    }

    fn place(&self, place: &UsedPlace) -> Markup {
        let (left, top) = self.corner(place.column, place.row);
        let square = filled_box((left, top), self.cell, self.cell);
        let words = if place.value.is_finite() { place.layer.map(short_name) } else { Some("×".to_owned()) };
        html! {
            g {
                @if place.value.is_finite() { path.right.cells fill-opacity=(self.opacity(self.share(place.value))) d=(square) {} }
                @else { path.wrong.cells fill-opacity=(self.opacity(1.0)) d=(square) {} }
                @if self.is_numbered() {
                    (text(left + self.cell / 2.0, top + self.cell / 2.0 + 4.0, "middle", "cell", &words.unwrap_or_default()))
                }
                title { (self.in_words(place)) }
            }
        }
    }

    /// `layers.0, column 3, row 2: 5050 clocks`.
    fn in_words(&self, place: &UsedPlace) -> String {
        let layer = place.layer.map_or(String::new(), |layer| format!("{}, ", layer_name(self.layers, layer)));
        let unit = if place.value.is_finite() { &self.mesh.unit } else { "" };
        let value = format!("{} {unit}", value_words(place.value));
        format!("{layer}column {}, row {}: {}", place.column + 1, place.row + 1, value.trim_end())
    }

    /// Lines around each layer's places.
    fn borders(&self) -> String {
        let (width, height) = (self.mesh.width(), self.mesh.height());
        let layer = |column: usize, row: usize| self.mesh.place(column, row).map(|place| place.layer);
        let upright = (0..height).flat_map(|row| (0..=width).map(move |column| (column, row)));
        let level = (0..=height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let left_of = |column: usize, row| column.checked_sub(1).and_then(|column| layer(column, row));
        let above = |column, row: usize| row.checked_sub(1).and_then(|row| layer(column, row));
        let upright = upright.filter(|&(column, row)| layer(column, row) != left_of(column, row));
        let level = level.filter(|&(column, row)| layer(column, row) != above(column, row));
        let from = |(column, row)| {
            let (left, top) = self.corner(column, row);
            format!("M{} {}", coordinate(left), coordinate(top))
        };
        let side = coordinate(self.cell);
        let upright = upright.map(|place| from(place) + "v" + &side);
        upright.chain(level.map(|place| from(place) + "h" + &side)).collect()
    }

    fn colour_scale(&self) -> Markup {
        let top = TOP + self.cell * self.mesh.height() as f64 + 14.0;
        let width = WIDTH - 2.0 * LEFT;
        let step = width / STEPS as f64;
        let at = |share: f64| LEFT + share * width;
        let ends =
            [(0.0, "start", self.low), (0.5, "middle", self.low / 2.0 + self.high / 2.0), (1.0, "end", self.high)];
        html! {
            g.right.cells {
                @for place in 0..STEPS {
                    @let corner = (at(place as f64 / STEPS as f64), top);
                    path fill-opacity=(self.opacity(place as f64 / (STEPS - 1) as f64)) d=(filled_box(corner, step, 10.0)) {}
                }
            }
            @for (share, anchor, value) in ends.into_iter().take(if self.high > self.low { 3 } else { 1 }) {
                (text(at(share), top + 26.0, anchor, "tick", &value_words(value)))
            }
        }
    }
}

/// What stands in the places of a layer.
pub(in crate::report) fn short_name(layer: usize) -> String {
    format!("L{layer}")
}

/// The name of a layer by its number.
pub(in crate::report) fn layer_name(layers: &[ChipLayer], layer: usize) -> String {
    let name = layers.get(layer).map(|layer| layer.name.clone()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| format!("layer {layer}"))
}

/// Whole counts as they are.
pub(in crate::report) fn value_words(value: f64) -> String {
    match value.abs() {
        size if size.fract() == 0.0 && (0.0..1e15).contains(&value) => thousands(value as u64),
        _ => amount(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```text
    /// 0 0
    /// 1 -
    /// ```
    fn corner() -> ChipMesh {
        let values = vec![Some(10.0), Some(30.0), Some(20.0), None];
        let layers = vec![Some(0), Some(0), Some(1), None];
        ChipMesh { name: "load".into(), unit: "clocks".into(), columns: 2, values, layers }
    }

    #[test]
    fn borders_run_around_layers_and_not_through_them() {
        // outside each run on all sides, and the line between the layers; sides of 40, below a head of 26 and right of 1
        let mesh = corner();
        let grid = Grid::new(&mesh, &[]);
        let upright = "M1 26v40M81 26v40M1 66v40M41 66v40";
        let level = "M1 26h40M41 26h40M1 66h40M41 66h40M1 106h40";
        assert_eq!(grid.borders(), format!("{upright}{level}"));
    }

    #[test]
    fn colours_run_from_nothing_to_the_most() {
        let mesh = corner();
        let grid = Grid::new(&mesh, &[]);
        assert_eq!([0.0, 15.0, 30.0].map(|value| grid.share(value)), [0.0, 0.5, 1.0]);
        let zero = ChipMesh { values: vec![Some(0.0); 4], ..corner() };
        assert_eq!(Grid::new(&zero, &[]).share(0.0), 0.0);
        let wide = ChipMesh { values: vec![Some(f64::MIN), Some(f64::MAX)], ..corner() };
        assert_eq!([f64::MIN, 0.0, f64::MAX].map(|value| Grid::new(&wide, &[]).share(value)), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_place_says_what_it_is() {
        let (mesh, layers) = (corner(), [ChipLayer { name: "layers.0".into(), ..ChipLayer::default() }]);
        let grid = Grid::new(&mesh, &layers);
        let words: Vec<_> = mesh.used().map(|place| grid.in_words(&place)).collect();
        let expected = [
            "layers.0, column 1, row 1: 10 clocks",
            "layers.0, column 2, row 1: 30 clocks",
            "layer 1, column 1, row 2: 20 clocks",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn values_read_well() {
        let words = [5050.0, 1234.56, 0.125, 3e9, f64::NAN].map(value_words);
        assert_eq!(
            words,
            ["5\u{202f}050", "1\u{202f}235", "0.125", "3\u{202f}000\u{202f}000\u{202f}000", "not finite"]
        );
    }
}
