//! Borrowed matrices, and the cutting of one array into rectangles that threads may fill at the same time.

use std::marker::PhantomData;
use std::ops::Range;

/// A borrowed matrix with any strides.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, F> {
    ptr: *const F,
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
    life: PhantomData<&'a [F]>,
}

// SAFETY: a MatRef is a shared borrow of a slice.
unsafe impl<F: Sync> Send for MatRef<'_, F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for MatRef<'_, F> {}

impl<'a, F> MatRef<'a, F> {
    /// The row-major matrix that fills `data`.
    ///
    /// # Panics
    /// If `data` is shorter than `rows * cols`.
    pub fn new(data: &'a [F], rows: usize, cols: usize) -> Self {
        assert!(data.len() >= rows * cols, "matrix {rows}x{cols} in {} values", data.len());
        MatRef { ptr: data.as_ptr(), rows, cols, row_stride: cols, col_stride: 1, life: PhantomData }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The transpose; nothing is moved.
    pub fn t(self) -> Self {
        MatRef { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// The rectangle `rows` x `cols` of it.
    ///
    /// # Panics
    /// If it does not lie inside.
    pub fn part(self, rows: Range<usize>, cols: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows && cols.start <= cols.end && cols.end <= self.cols);
        // SAFETY: the offset stays inside the matrix (or one past its end for an empty part).
        let ptr = unsafe { self.ptr.add(rows.start * self.row_stride + cols.start * self.col_stride) };
        MatRef { ptr, rows: rows.len(), cols: cols.len(), ..self }
    }

    /// Row `r`; columns must be contiguous.
    #[inline(always)]
    pub fn row(&self, r: usize) -> &'a [F] {
        assert!(r < self.rows && self.col_stride == 1);
        // SAFETY: row r lies inside the borrowed slice.
        unsafe { std::slice::from_raw_parts(self.ptr.add(r * self.row_stride), self.cols) }
    }

    /// Samples `rows` of every plane of the `[planes, batch, width]` array in `data`, stacked: `[planes * rows, width]`.
    ///
    /// # Panics
    /// Unless `rows` is the whole batch or one sample.
    pub fn stacked(data: &'a [F], batch: usize, width: usize, rows: &Range<usize>) -> Self {
        let planes = data.len() / (batch * width);
        if rows.len() == batch {
            return MatRef::new(data, planes * batch, width);
        }
        assert!(rows.len() == 1 && rows.end <= batch, "one sample or all");
        MatRef { row_stride: batch * width, ..MatRef::new(&data[rows.start * width..], 0, width) }.with_rows(planes)
    }

    fn with_rows(self, rows: usize) -> Self {
        MatRef { rows, ..self }
    }

    /// Entry (`r`, `c`).
    #[inline(always)]
    pub fn at(&self, r: usize, c: usize) -> F
    where
        F: Copy,
    {
        assert!(r < self.rows && c < self.cols);
        // SAFETY: the entry lies inside the borrowed slice.
        unsafe { *self.ptr.add(r * self.row_stride + c * self.col_stride) }
    }

    pub(crate) fn raw(&self) -> (*const F, isize, isize) {
        (self.ptr, self.row_stride as isize, self.col_stride as isize)
    }
}

/// A mutably borrowed matrix with contiguous columns.
#[derive(Debug)]
pub struct MatMut<'a, F> {
    ptr: *mut F,
    rows: usize,
    cols: usize,
    row_stride: usize,
    life: PhantomData<&'a mut [F]>,
}

// SAFETY: a MatMut is an exclusive borrow of its own entries.
unsafe impl<F: Send> Send for MatMut<'_, F> {}

impl<'a, F> MatMut<'a, F> {
    /// The row-major matrix that fills `data`.
    ///
    /// # Panics
    /// If `data` is shorter than `rows * cols`.
    pub fn new(data: &'a mut [F], rows: usize, cols: usize) -> Self {
        assert!(data.len() >= rows * cols, "matrix {rows}x{cols} in {} values", data.len());
        MatMut { ptr: data.as_mut_ptr(), rows, cols, row_stride: cols, life: PhantomData }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// A shorter borrow of the same matrix.
    pub fn borrow(&mut self) -> MatMut<'_, F> {
        MatMut { ptr: self.ptr, rows: self.rows, cols: self.cols, row_stride: self.row_stride, life: PhantomData }
    }

    /// Shared view.
    pub fn as_ref(&self) -> MatRef<'_, F> {
        MatRef {
            ptr: self.ptr,
            rows: self.rows,
            cols: self.cols,
            row_stride: self.row_stride,
            col_stride: 1,
            life: PhantomData,
        }
    }

    /// Row `r`.
    #[inline(always)]
    pub fn row_mut(&mut self, r: usize) -> &mut [F] {
        assert!(r < self.rows);
        // SAFETY: row r belongs to this exclusive borrow.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(r * self.row_stride), self.cols) }
    }

    /// Two matrices: the first `at` columns and the rest.
    ///
    /// # Panics
    /// If there are fewer columns.
    pub fn split_cols(self, at: usize) -> (MatMut<'a, F>, MatMut<'a, F>) {
        assert!(at <= self.cols);
        // SAFETY: the two parts have no entry in common.
        let right = unsafe { self.ptr.add(at) };
        (MatMut { cols: at, ..self }, MatMut { ptr: right, cols: self.cols - at, ..self })
    }

    /// Two matrices: the first `at` rows and the rest.
    ///
    /// # Panics
    /// If there are fewer rows.
    pub fn split_rows(self, at: usize) -> (MatMut<'a, F>, MatMut<'a, F>) {
        assert!(at <= self.rows);
        // SAFETY: the two parts have no entry in common; the offset stays inside or one past the end.
        let below = unsafe { self.ptr.add(if at == self.rows { 0 } else { at * self.row_stride }) };
        (MatMut { rows: at, ..self }, MatMut { ptr: below, rows: self.rows - at, ..self })
    }

    pub(crate) fn raw(&mut self) -> (*mut F, isize) {
        (self.ptr, self.row_stride as isize)
    }
}

/// Samples and neurons that one task works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Samples.
    pub rows: Range<usize>,
    /// Neurons.
    pub cols: Range<usize>,
}

/// Rows shorter than this are looped over together where they are contiguous.
const SHORT_ROW: usize = 64;

/// The same rectangle of every plane of a `[planes, B, O]` array.
#[derive(Debug)]
pub struct Tile<'a, F> {
    ptr: *mut F,
    planes: usize,
    plane_stride: usize,
    row_stride: usize,
    rows: usize,
    cols: usize,
    life: PhantomData<&'a mut [F]>,
}

// SAFETY: a Tile is an exclusive borrow of its own entries (`tiles` hands out disjoint ones only).
unsafe impl<F: Send> Send for Tile<'_, F> {}
// SAFETY: through a shared Tile its entries can only be read.
unsafe impl<F: Sync> Sync for Tile<'_, F> {}

/// Cuts the `[planes, batch, width]` array in `data` into one tile for each rectangle.
///
/// # Panics
/// If rectangles overlap or leave the array: then two threads could write the same entry.
pub fn tiles<'a, F>(data: &'a mut [F], batch: usize, width: usize, rects: &[Rect]) -> Vec<Tile<'a, F>> {
    let plane_stride = batch * width;
    assert!(plane_stride > 0 && data.len().is_multiple_of(plane_stride), "not whole planes");
    let mut covered = 0;
    for (i, a) in rects.iter().enumerate() {
        assert!(a.rows.end <= batch && a.cols.end <= width, "tile outside the array");
        covered += a.rows.len() * a.cols.len();
        // Rectangles come in order; neighbours that do not overlap and an area that fits rule out any overlap of
        // sorted full-height or full-width strips, which is all that callers use.
        if let Some(b) = rects.get(i + 1) {
            assert!(b.rows.start >= a.rows.end || b.cols.start >= a.cols.end, "tiles overlap");
            assert!(b.rows == a.rows || b.cols == a.cols, "tiles must be strips");
            assert!(b.rows.start >= a.rows.start && b.cols.start >= a.cols.start, "tiles must be sorted");
        }
    }
    assert!(covered <= plane_stride);
    let planes = data.len() / plane_stride;
    let base = data.as_mut_ptr();
    rects
        .iter()
        .map(|rect| Tile {
            // SAFETY: the rectangle lies inside the array, checked above.
            ptr: unsafe { base.add(rect.rows.start * width + rect.cols.start) },
            planes,
            plane_stride,
            row_stride: width,
            rows: rect.rows.len(),
            cols: rect.cols.len(),
            life: PhantomData,
        })
        .collect()
}

impl<'a, F> Tile<'a, F> {
    /// Planes of the array.
    pub fn planes(&self) -> usize {
        self.planes
    }

    /// Samples in the tile.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Neurons in the tile.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Row `r` of plane `p`.
    #[inline(always)]
    pub fn row(&self, p: usize, r: usize) -> &[F] {
        assert!(p < self.planes && r < self.rows);
        // SAFETY: the row belongs to this tile.
        unsafe { std::slice::from_raw_parts(self.ptr.add(p * self.plane_stride + r * self.row_stride), self.cols) }
    }

    /// Row `r` of plane `p`, to write.
    #[inline(always)]
    pub fn row_mut(&mut self, p: usize, r: usize) -> &mut [F] {
        assert!(p < self.planes && r < self.rows);
        // SAFETY: the row belongs to this tile, which is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(p * self.plane_stride + r * self.row_stride), self.cols) }
    }

    /// Rows that elementwise loops take at once: all of them where rows are short and contiguous, else one.
    #[inline(always)]
    pub fn rows_per_group(&self) -> usize {
        if self.row_stride == self.cols && self.cols < SHORT_ROW { self.rows } else { 1 }
    }

    /// The `g`-th group of rows of plane `p`, as one slice; see [`Tile::rows_per_group`].
    #[inline(always)]
    pub fn group(&self, p: usize, g: usize) -> &[F] {
        let (start, len) = self.group_range(p, g);
        // SAFETY: the group belongs to this tile, checked in group_range.
        unsafe { std::slice::from_raw_parts(self.ptr.add(start), len) }
    }

    /// As [`Tile::group`], to write.
    #[inline(always)]
    pub fn group_mut(&mut self, p: usize, g: usize) -> &mut [F] {
        let (start, len) = self.group_range(p, g);
        // SAFETY: the group belongs to this tile, checked in group_range; the tile is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(start), len) }
    }

    /// As [`Tile::group_mut`], or `spare` if the tile has no planes.
    #[inline(always)]
    pub fn group_or<'s>(&'s mut self, p: usize, g: usize, spare: &'s mut [F]) -> &'s mut [F] {
        if self.planes == 0 { spare } else { self.group_mut(p, g) }
    }

    /// The `g`-th groups of two different planes, the second to write.
    ///
    /// # Panics
    /// If they are the same plane.
    #[inline(always)]
    pub fn group_pair(&mut self, read: usize, write: usize, g: usize) -> (&[F], &mut [F]) {
        assert!(read != write);
        let ((from, len), (to, _)) = (self.group_range(read, g), self.group_range(write, g));
        // SAFETY: both groups belong to this tile, which is borrowed exclusively, and lie in different planes.
        unsafe {
            (std::slice::from_raw_parts(self.ptr.add(from), len), std::slice::from_raw_parts_mut(self.ptr.add(to), len))
        }
    }

    /// The `g`-th groups of `count` planes from `read` on, and of as many from `write` on, the latter to write; at most N.
    ///
    /// # Panics
    /// If the two runs of planes overlap.
    #[inline(always)]
    pub fn group_runs<const N: usize>(
        &mut self,
        read: usize,
        write: usize,
        count: usize,
        g: usize,
    ) -> ([&[F]; N], [&mut [F]; N]) {
        assert!(count <= N && (read + count <= write || write + count <= read));
        let (mut from, mut to): ([&[F]; N], [&mut [F]; N]) =
            ([&[]; N], std::array::from_fn(|_| -> &mut [F] { &mut [] }));
        for k in 0..count {
            let ((at, len), (into, _)) = (self.group_range(read + k, g), self.group_range(write + k, g));
            // SAFETY: the groups belong to this tile, which is borrowed exclusively; all planes are different.
            unsafe {
                from[k] = std::slice::from_raw_parts(self.ptr.add(at), len);
                to[k] = std::slice::from_raw_parts_mut(self.ptr.add(into), len);
            }
        }
        (from, to)
    }

    #[inline(always)]
    fn group_range(&self, p: usize, g: usize) -> (usize, usize) {
        let rows = self.rows_per_group();
        assert!(p < self.planes && (g + 1) * rows <= self.rows);
        (p * self.plane_stride + g * rows * self.row_stride, rows * self.cols)
    }

    /// Plane `p` as a matrix.
    pub fn plane(&self, p: usize) -> MatRef<'_, F> {
        assert!(p < self.planes);
        // SAFETY: the plane belongs to this tile.
        let ptr = unsafe { self.ptr.add(p * self.plane_stride) };
        MatRef { ptr, rows: self.rows, cols: self.cols, row_stride: self.row_stride, col_stride: 1, life: PhantomData }
    }

    /// Plane `p` as a matrix, to write.
    pub fn plane_mut(&mut self, p: usize) -> MatMut<'_, F> {
        assert!(p < self.planes);
        // SAFETY: the plane belongs to this tile, which is borrowed exclusively.
        let ptr = unsafe { self.ptr.add(p * self.plane_stride) };
        MatMut { ptr, rows: self.rows, cols: self.cols, row_stride: self.row_stride, life: PhantomData }
    }

    /// `planes` stacked on top of each other, `[planes * rows, cols]`; only for tiles of full height or of one row.
    ///
    /// # Panics
    /// For other tiles.
    pub fn stacked(&self, planes: Range<usize>) -> MatRef<'_, F> {
        assert!(planes.start <= planes.end && planes.end <= self.planes);
        let full = self.plane_stride == self.rows * self.row_stride;
        assert!(full || self.rows == 1, "stacking needs full height or one row");
        let row_stride = if full { self.row_stride } else { self.plane_stride };
        // SAFETY: the planes belong to this tile.
        let ptr = unsafe { self.ptr.add(planes.start * self.plane_stride) };
        MatRef { ptr, rows: planes.len() * self.rows, cols: self.cols, row_stride, col_stride: 1, life: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strips(n: usize, width: usize) -> Vec<Range<usize>> {
        (0..n.div_ceil(width)).map(|i| i * width..((i + 1) * width).min(n)).collect()
    }

    /// Every accessor of a tile against index arithmetic, for odd sizes, both kinds of strips and short and long rows.
    #[test]
    fn tiles_are_the_index_arithmetic() {
        for (planes, batch, width, cut) in [(1, 1, 1, 1), (3, 5, 7, 2), (2, 13, 70, 5), (4, 3, 129, 50)] {
            let mut data: Vec<u32> = (0..(planes * batch * width) as u32).collect();
            let by_rows: Vec<Rect> = strips(batch, cut).into_iter().map(|rows| Rect { rows, cols: 0..width }).collect();
            let by_cols: Vec<Rect> = strips(width, cut).into_iter().map(|cols| Rect { rows: 0..batch, cols }).collect();
            for rects in [by_rows, by_cols] {
                for (tile, rect) in tiles(&mut data, batch, width, &rects).into_iter().zip(&rects) {
                    let at = |p: usize, r: usize, c: usize| {
                        ((p * batch + rect.rows.start + r) * width + rect.cols.start + c) as u32
                    };
                    let row = |p: usize, r: usize| (0..rect.cols.len()).map(|c| at(p, r, c)).collect::<Vec<_>>();
                    for p in 0..planes {
                        for r in 0..rect.rows.len() {
                            assert_eq!(tile.row(p, r), row(p, r));
                            assert_eq!(tile.plane(p).row(r), row(p, r));
                        }
                        let groups = rect.rows.len() / tile.rows_per_group();
                        let whole: Vec<u32> = (0..groups).flat_map(|g| tile.group(p, g).to_vec()).collect();
                        assert_eq!(whole, (0..rect.rows.len()).flat_map(|r| row(p, r)).collect::<Vec<_>>());
                    }
                    if rect.rows.len() == batch || rect.rows.len() == 1 {
                        let stacked = tile.stacked(0..planes);
                        let last = stacked.rows() - 1;
                        assert_eq!(stacked.row(last), row(planes - 1, rect.rows.len() - 1));
                    }
                }
            }
        }
    }

    /// Writing through all tiles writes every entry once; two runs of planes stay apart.
    #[test]
    fn tiles_cover_the_array() {
        let (planes, batch, width) = (4, 7, 67);
        let mut data = vec![0u32; planes * batch * width];
        let rects: Vec<Rect> = strips(width, 10).into_iter().map(|cols| Rect { rows: 0..batch, cols }).collect();
        for tile in &mut tiles(&mut data, batch, width, &rects) {
            for r in 0..batch {
                for p in 0..planes {
                    tile.row_mut(p, r).iter_mut().for_each(|x| *x += 1 + p as u32);
                }
                let (before, after) = tile.group_runs::<2>(0, 2, 2, r);
                for k in 0..2 {
                    after[k].iter_mut().zip(before[k]).for_each(|(to, from)| *to += 10 * from);
                }
            }
        }
        for (p, wanted) in [1, 2, 3 + 10, 4 + 20].into_iter().enumerate() {
            assert!(data[p * batch * width..(p + 1) * batch * width].iter().all(|&x| x == wanted));
        }
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn overlapping_tiles_are_refused() {
        let rects = [Rect { rows: 0..3, cols: 0..4 }, Rect { rows: 2..5, cols: 0..4 }];
        tiles(&mut [0u8; 20], 5, 4, &rects);
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn tiles_outside_are_refused() {
        tiles(&mut [0u8; 20], 5, 4, &[Rect { rows: 0..6, cols: 0..4 }]);
    }

    #[test]
    #[should_panic]
    fn the_same_plane_twice_is_refused() {
        let mut data = [0u8; 40];
        let mut tile = tiles(&mut data, 5, 4, &[Rect { rows: 0..5, cols: 0..4 }]).remove(0);
        let _ = tile.group_pair(1, 1, 0);
    }

    /// Parts, transposes and single entries of a matrix view.
    #[test]
    fn matrix_views() {
        let data: Vec<u32> = (0..35).collect();
        let part = MatRef::new(&data, 5, 7).part(1..4, 2..7);
        assert_eq!((part.rows(), part.cols(), part.at(2, 4)), (3, 5, 3 * 7 + 6));
        assert_eq!(part.t().at(4, 2), 3 * 7 + 6);
        let one = MatRef::stacked(&data, 5, 1, &(3..4));
        assert_eq!((one.rows(), one.at(6, 0)), (7, 6 * 5 + 3));
    }
}
