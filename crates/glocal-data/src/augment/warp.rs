//! Where each pixel of a varied image comes from.

use crate::ImageShape;

/// Where the pixels of an image come from: out(x, y) is in at (c₀·x + c₁·y + c₂, r₀·x + r₁·y + r₂), with x and y from the
/// centre, to the right and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Map {
    /// r₀, r₁, r₂.
    row: [f64; 3],
    /// c₀, c₁, c₂.
    column: [f64; 3],
}

impl Map {
    /// Every pixel from itself.
    pub const IDENTITY: Map = Map { row: [0.0, 1.0, 0.0], column: [1.0, 0.0, 0.0] };
    /// Left to right.
    pub const MIRROR: Map = Map { row: [0.0, 1.0, 0.0], column: [-1.0, 0.0, 0.0] };

    /// From so many rows further down and columns further right.
    pub fn shift([rows, columns]: [f64; 2]) -> Self {
        Map { row: [0.0, 1.0, rows], column: [1.0, 0.0, columns] }
    }

    /// Counter-clockwise about the centre.
    pub fn rotation(radians: f64) -> Self {
        let (sin, cos) = libm::sincos(radians);
        Map { row: [sin, cos, 0.0], column: [cos, -sin, 0.0] }
    }

    /// in at (f·x + k·y, g·y).
    pub fn stretch([f, g]: [f64; 2], k: f64) -> Self {
        Map { row: [0.0, g, 0.0], column: [f, k, 0.0] }
    }

    /// First `self`, then `next`, with one interpolation: in at the place where `self` finds what `next` asks for.
    pub fn then(&self, next: &Map) -> Self {
        let through = |[along_x, along_y, shift]: [f64; 3]| {
            let of = |at: usize| along_x * next.column[at] + along_y * next.row[at];
            [of(0), of(1), of(2) + shift]
        };
        Map { row: through(self.row), column: through(self.column) }
    }

    /// Moves the pixels of every channel, 0 beside the edges, interpolated between the four pixels around.
    pub fn apply(&self, before: &[f32], after: &mut [f32], shape: ImageShape) {
        let [middle_row, middle_column] = [shape.height, shape.width].map(|size| (size as f64 - 1.0) / 2.0);
        let begin = [middle_row + self.row[2], middle_column + self.column[2]];
        for_each_line(before, after, shape, |plane, row, line| {
            let y = row as f64 - middle_row;
            for (column, value) in line.iter_mut().enumerate() {
                let x = column as f64 - middle_column;
                let from =
                    [begin[0] + x * self.row[0] + y * self.row[1], begin[1] + x * self.column[0] + y * self.column[1]];
                *value = bilinear(plane, [shape.height, shape.width], from);
            }
        });
    }
}

/// The value at `[row, column]`, between the four pixels around, 0 beside the edges.
///
/// # Equation
/// With i = ⌊row⌋, u = row - i, j = ⌊column⌋, v = column - j:
/// (1 - u)·((1 - v)·p(i, j) + v·p(i, j + 1)) + u·((1 - v)·p(i + 1, j) + v·p(i + 1, j + 1))
pub(crate) fn bilinear(plane: &[f32], [height, width]: [usize; 2], [row, column]: [f64; 2]) -> f32 {
    let (top, left) = (row.floor(), column.floor());
    let (u, v) = ((row - top) as f32, (column - left) as f32);
    let pixel = |row: i64, column: i64| match (usize::try_from(row), usize::try_from(column)) {
        (Ok(row), Ok(column)) if row < height && column < width => plane[row * width + column],
        _ => 0.0,
    };
    let line = |row: i64| (1.0 - v) * pixel(row, left as i64) + v * pixel(row, left as i64 + 1);
    (1.0 - u) * line(top as i64) + u * line(top as i64 + 1)
}

/// Calls `fill` with the plane that a line belongs to, the line's row, and the line to be written.
fn for_each_line(
    before: &[f32],
    after: &mut [f32],
    shape: ImageShape,
    mut fill: impl FnMut(&[f32], usize, &mut [f32]),
) {
    let size = shape.plane().max(1);
    for (plane, varied) in before.chunks_exact(size).zip(after.chunks_exact_mut(size)) {
        varied.chunks_exact_mut(shape.width.max(1)).enumerate().for_each(|(row, line)| fill(plane, row, line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape::grey(3, 3);
    #[rustfmt::skip]
    const IMAGE: [f32; 9] = [
        0.1, 0.2, 0.3,
        0.4, 0.5, 0.6,
        0.7, 0.8, 0.9];

    fn of(map: Map) -> [f32; 9] {
        let mut after = [9.0; 9];
        map.apply(&IMAGE, &mut after, SHAPE);
        after
    }

    fn turned(degrees: f64) -> [f32; 9] {
        of(Map::rotation(degrees.to_radians()))
    }

    fn assert_near(found: &[f32], expected: &[f32]) {
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near && found.len() == expected.len(), "{found:?} is not {expected:?}");
    }

    #[test]
    #[rustfmt::skip]
    fn a_quarter_turn_moves_the_top_to_the_left() {
        assert_near(&turned(90.0), &[
            0.3, 0.6, 0.9,
            0.2, 0.5, 0.8,
            0.1, 0.4, 0.7]);
        assert_near(&turned(-90.0), &[
            0.7, 0.4, 0.1,
            0.8, 0.5, 0.2,
            0.9, 0.6, 0.3]);
        assert_near(&turned(0.0), &IMAGE);
    }

    /// By hand, of an eighth turn: the upper left corner comes from √2 above the centre, that is 0.4142 beyond the
    /// upper middle: (1 - 0.4142) · 0.2. The upper middle comes from (√½, -√½): of the four pixels around, weights
    /// √½ · √½, √½ · (1 - √½) twice, and (1 - √½)².
    #[test]
    fn an_eighth_turn_interpolates() {
        let half = 0.5_f32.sqrt();
        let corner = (2.0 - 2.0_f32.sqrt()) * 0.2;
        let rest = 1.0 - half;
        let middle = half * half * 0.3 + half * rest * 0.2 + half * rest * 0.6 + rest * rest * 0.5;
        assert_near(&turned(45.0)[..2], &[corner, middle]);
    }

    /// By hand: twice as wide; each row half a pixel further right than the one above, and all half a pixel to the left.
    #[test]
    #[rustfmt::skip]
    fn stretched_and_slanted() {
        assert_near(&of(Map::stretch([0.5, 1.0], 0.0)), &[
            0.15, 0.2, 0.25,
            0.45, 0.5, 0.55,
            0.75, 0.8, 0.85]);
        assert_near(&of(Map::shift([0.0, 0.5]).then(&Map::stretch([1.0, 1.0], -0.5))), &[
            0.2, 0.3, 0.0,
            0.45, 0.55, 0.3,
            0.7, 0.8, 0.9]);
    }

    /// Moved to the right and then turned is not turned and then moved.
    #[test]
    #[rustfmt::skip]
    fn one_after_the_other() {
        let (right, turn) = (Map::shift([0.0, -1.0]), Map::rotation(90.0_f64.to_radians()));
        assert_near(&of(right.then(&turn)), &[
            0.2, 0.5, 0.8,
            0.1, 0.4, 0.7,
            0.0, 0.0, 0.0]);
        assert_near(&of(turn.then(&right)), &[
            0.0, 0.3, 0.6,
            0.0, 0.2, 0.5,
            0.0, 0.1, 0.4]);
        assert_eq!(Map::IDENTITY.then(&turn), turn);
        assert_eq!(turn.then(&Map::IDENTITY), turn);
        assert_eq!(Map::MIRROR.then(&Map::MIRROR), Map::IDENTITY);
    }

    #[test]
    #[rustfmt::skip]
    fn a_shift_brings_black_in() {
        assert_eq!(of(Map::shift([1.0, -1.0])), [
            0.0, 0.4, 0.5,
            0.0, 0.7, 0.8,
            0.0, 0.0, 0.0]);
        assert_eq!(of(Map::shift([0.0, f64::from(u32::MAX)])), [0.0; 9]);
    }

    #[test]
    fn channels_vary_alike() {
        let shape = ImageShape { channels: 2, height: 1, width: 3 };
        let image = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        let mut after = [9.0; 6];
        Map::MIRROR.apply(&image, &mut after, shape);
        assert_eq!(after, [0.3, 0.2, 0.1, 0.6, 0.5, 0.4]);
        Map::MIRROR.then(&Map::shift([0.0, 1.0])).apply(&image, &mut after, shape);
        assert_eq!(after, [0.2, 0.1, 0.0, 0.5, 0.4, 0.0]);
    }
}
