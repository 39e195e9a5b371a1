//! Where each pixel of a varied image comes from.

use crate::ImageShape;

/// out(r, c) = in(r + rows, c + columns), 0 beside the edges.
pub(super) fn shifted(before: &[f32], after: &mut [f32], shape: ImageShape, [rows, columns]: [i64; 2]) {
    let source = |at: usize, by: i64, size: usize| usize::try_from(at as i64 + by).ok().filter(|&source| source < size);
    for_each_line(before, after, shape, |plane, row, line| {
        let row = source(row, rows, shape.height);
        for (column, value) in line.iter_mut().enumerate() {
            let place = row.zip(source(column, columns, shape.width));
            *value = place.map_or(0.0, |(row, column)| plane[row * shape.width + column]);
        }
    });
}

/// out(r, c) = in(r, width - 1 - c).
pub(super) fn mirror(image: &mut [f32], shape: ImageShape) {
    image.chunks_exact_mut(shape.width.max(1)).for_each(<[f32]>::reverse);
}

/// Counter-clockwise about the centre.
pub(super) fn rotated(before: &[f32], after: &mut [f32], shape: ImageShape, radians: f64) {
    let (sin, cos) = libm::sincos(radians);
    affine(before, after, shape, [[sin, cos], [cos, -sin]], [0.0, 0.0]);
}

/// out(x, y) is in at (columns + x·c₀ + y·c₁, rows + x·r₀ + y·r₁) of `matrix` [[r₀, r₁], [c₀, c₁]], with x and y from the
/// centre, to the right and down.
pub(super) fn affine(
    before: &[f32],
    after: &mut [f32],
    shape: ImageShape,
    [of_row, of_column]: [[f64; 2]; 2],
    [rows, columns]: [f64; 2],
) {
    let [middle_row, middle_column] = [shape.height, shape.width].map(|size| (size as f64 - 1.0) / 2.0);
    let begin = [middle_row + rows, middle_column + columns];
    for_each_line(before, after, shape, |plane, row, line| {
        let y = row as f64 - middle_row;
        for (column, value) in line.iter_mut().enumerate() {
            let x = column as f64 - middle_column;
            let from = [begin[0] + x * of_row[0] + y * of_row[1], begin[1] + x * of_column[0] + y * of_column[1]];
            *value = bilinear(plane, [shape.height, shape.width], from);
        }
    });
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

    fn turned(degrees: f64) -> [f32; 9] {
        let mut after = [9.0; 9];
        rotated(&IMAGE, &mut after, SHAPE, degrees.to_radians());
        after
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

    /// By hand: twice as wide, and each row half a pixel further right than the one above.
    #[test]
    #[rustfmt::skip]
    fn an_affine_map_reads_where_its_matrix_says() {
        let mut after = [9.0; 9];
        affine(&IMAGE, &mut after, SHAPE, [[0.0, 1.0], [0.5, 0.0]], [0.0, 0.0]);
        assert_near(&after, &[
            0.15, 0.2, 0.25,
            0.45, 0.5, 0.55,
            0.75, 0.8, 0.85]);
        affine(&IMAGE, &mut after, SHAPE, [[0.0, 1.0], [1.0, -0.5]], [0.0, 0.5]);
        assert_near(&after, &[
            0.2, 0.3, 0.0,
            0.45, 0.55, 0.3,
            0.7, 0.8, 0.9]);
        affine(&IMAGE, &mut after, SHAPE, [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]);
        assert_near(&after, &[
            0.4, 0.5, 0.6,
            0.7, 0.8, 0.9,
            0.0, 0.0, 0.0]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_shift_brings_black_in() {
        let mut after = [9.0; 9];
        shifted(&IMAGE, &mut after, SHAPE, [1, -1]);
        assert_eq!(after, [
            0.0, 0.4, 0.5,
            0.0, 0.7, 0.8,
            0.0, 0.0, 0.0]);
        shifted(&IMAGE, &mut after, SHAPE, [0, i64::from(u32::MAX)]);
        assert_eq!(after, [0.0; 9]);
    }

    #[test]
    fn channels_vary_alike() {
        let shape = ImageShape { channels: 2, height: 1, width: 3 };
        let mut image = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        mirror(&mut image, shape);
        assert_eq!(image, [0.3, 0.2, 0.1, 0.6, 0.5, 0.4]);
        let mut after = [9.0; 6];
        shifted(&image, &mut after, shape, [0, 1]);
        assert_eq!(after, [0.2, 0.1, 0.0, 0.5, 0.4, 0.0]);
    }
}
