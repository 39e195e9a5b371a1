//! Products with one side a handful wide, as a read-out's ten neurons have: a general GEMM packs its operands and fills
//! its registers badly there, at a third of its rate.
//!
//! Two kernels. Rows of dot products, where both operands' rows are contiguous along the sum (x Wᵀ); rows of sums of rows,
//! where the second operand's rows are contiguous along the result (dI W, and dIᵀ x). Neither packs anything. The order of
//! each sum depends on the vector width and on shapes only.

use pulp::{Arch, Simd, WithSimd};

use super::Into;
use crate::view::{MatMut, MatRef};

/// Widest side that counts as narrow.
const NARROW: usize = 16;

/// Whether a side of this width is narrow.
pub(crate) fn is_narrow(width: usize) -> bool {
    width <= NARROW
}

/// Vectors at least this wide: narrower ones are left to the general product.
const LEAST_LANES: usize = 8;

/// C = α A B, C += α A B or C = β C + α A B if the shapes and the machine suit a kernel of this module; else nothing, and
/// the answer is `false`. Shapes must agree.
pub(crate) fn product(mut c: MatMut<'_, f32>, into: Into, alpha: f32, a: MatRef<'_, f32>, b: MatRef<'_, f32>) -> bool {
    let (m, n, k) = (c.rows(), c.cols(), a.cols());
    let ((a_ptr, a_row, a_col), (b_ptr, b_row, b_col)) = (a.raw(), b.raw());
    let dots = n <= NARROW && a_col == 1 && b_row == 1 && k > NARROW;
    let sums = m.min(k) <= NARROW && b_col == 1 && n > NARROW;
    if !dots && !sums {
        return false;
    }
    let (c_ptr, c_row) = c.raw();
    let keep = match into {
        Into::Replace => None,
        Into::Add => Some(1.0),
        Into::Blend(beta) => Some(beta as f32),
    };
    Arch::new().dispatch(Kernel {
        dots,
        m,
        n,
        k,
        c: c_ptr,
        c_row: c_row as usize,
        a: a_ptr,
        a_row: a_row as usize,
        a_col: a_col as usize,
        b: b_ptr,
        b_row: b_row as usize,
        b_col: b_col as usize,
        alpha,
        keep,
    })
}

/// No kernel: always `false`.
pub(crate) fn none<F>(_: MatMut<'_, F>, _: Into, _: F, _: MatRef<'_, F>, _: MatRef<'_, F>) -> bool {
    false
}

/// A product on raw strides; made by [`product`] from views whose entries all lie in their borrows.
#[derive(Clone, Copy)]
struct Kernel {
    dots: bool,
    m: usize,
    n: usize,
    k: usize,
    c: *mut f32,
    c_row: usize,
    a: *const f32,
    a_row: usize,
    a_col: usize,
    b: *const f32,
    b_row: usize,
    b_col: usize,
    alpha: f32,
    /// What C counts by; `None`: not at all, even if it is not a number.
    keep: Option<f32>,
}

impl WithSimd for Kernel {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        if S::F32_LANES < LEAST_LANES {
            return false;
        }
        // Accumulators for as many registers as the instruction set has: 32 of AVX-512, else 16.
        match (self.dots, S::F32_LANES >= 16) {
            (true, true) => self.dot_rows::<S, 4, 5>(simd),
            (true, false) => self.dot_rows::<S, 2, 5>(simd),
            (false, true) => self.sum_rows::<S, 4, 2>(simd),
            (false, false) => self.sum_rows::<S, 2, 1>(simd),
        }
        true
    }
}

impl Kernel {
    #[inline(always)]
    fn dot_rows<S: Simd, const R: usize, const C: usize>(self, simd: S) {
        let whole = self.m - self.m % R;
        for i in (0..whole).step_by(R) {
            self.dot_columns::<S, R, C>(simd, i);
        }
        for i in whole..self.m {
            self.dot_columns::<S, 1, C>(simd, i);
        }
    }

    #[inline(always)]
    fn dot_columns<S: Simd, const R: usize, const C: usize>(self, simd: S, i: usize) {
        let whole = self.n - self.n % C;
        for j in (0..whole).step_by(C) {
            self.dot_block::<S, R, C>(simd, i, j);
        }
        for j in whole..self.n {
            self.dot_block::<S, R, 1>(simd, i, j);
        }
    }

    /// R x C entries of the result from (`i`, `j`) on.
    #[inline(always)]
    fn dot_block<S: Simd, const R: usize, const C: usize>(self, simd: S, i: usize, j: usize) {
        let mut sums = [[simd.splat_f32s(0.0); C]; R];
        let whole = self.k - self.k % S::F32_LANES;
        for l in (0..whole).step_by(S::F32_LANES) {
            // SAFETY: rows i.. of A and columns j.. of B hold k entries next to each other, and l + lanes <= k.
            let (a, b): ([S::f32s; R], [S::f32s; C]) = unsafe {
                (
                    std::array::from_fn(|r| self.a.add((i + r) * self.a_row + l).cast::<S::f32s>().read_unaligned()),
                    std::array::from_fn(|q| self.b.add((j + q) * self.b_col + l).cast::<S::f32s>().read_unaligned()),
                )
            };
            for r in 0..R {
                for q in 0..C {
                    sums[r][q] = simd.mul_add_f32s(a[r], b[q], sums[r][q]);
                }
            }
        }
        if whole < self.k {
            // SAFETY: as above, for the k - l entries left.
            let (a, b): ([S::f32s; R], [S::f32s; C]) = unsafe {
                let rest = |from: *const f32| std::slice::from_raw_parts(from, self.k - whole);
                (
                    std::array::from_fn(|r| simd.partial_load_f32s(rest(self.a.add((i + r) * self.a_row + whole)))),
                    std::array::from_fn(|q| simd.partial_load_f32s(rest(self.b.add((j + q) * self.b_col + whole)))),
                )
            };
            for r in 0..R {
                for q in 0..C {
                    sums[r][q] = simd.mul_add_f32s(a[r], b[q], sums[r][q]);
                }
            }
        }
        for (r, row) in sums.iter().enumerate() {
            for (q, &sum) in row.iter().enumerate() {
                // SAFETY: entry (i + r, j + q) of C lies in its exclusive borrow.
                let out = unsafe { &mut *self.c.add((i + r) * self.c_row + j + q) };
                let sum = self.alpha * simd.reduce_sum_f32s(sum);
                *out = self.keep.map_or(sum, |beta| beta * *out + sum);
            }
        }
    }

    /// V vectors of five rows at once, or W of ten, or twice V of one.
    #[inline(always)]
    fn sum_rows<S: Simd, const V: usize, const W: usize>(self, simd: S) {
        if self.k <= NARROW {
            // Few rows of B, all in the first-level cache: the result is written from top to bottom.
            let whole = self.m - self.m % 5;
            for i in (0..whole).step_by(5) {
                self.sum_columns::<S, 5, V>(simd, i);
            }
            return (whole..self.m).for_each(|i| self.sum_columns::<S, 1, V>(simd, i));
        }
        let (tens, fives) = (self.m - self.m % 10, self.m - self.m % 5);
        for i in (0..tens).step_by(10) {
            self.sum_columns::<S, 10, W>(simd, i);
        }
        for i in (tens..fives).step_by(5) {
            self.sum_columns::<S, 5, V>(simd, i);
        }
        (fives..self.m).for_each(|i| self.sum_columns::<S, 1, V>(simd, i));
    }

    #[inline(always)]
    fn sum_columns<S: Simd, const R: usize, const V: usize>(self, simd: S, i: usize) {
        let wide = V * S::F32_LANES;
        let whole = self.n - self.n % wide;
        for j in (0..whole).step_by(wide) {
            self.sum_block::<S, R, V>(simd, i, j);
        }
        let vectors = self.n - self.n % S::F32_LANES;
        for j in (whole..vectors).step_by(S::F32_LANES) {
            self.sum_block::<S, R, 1>(simd, i, j);
        }
        if vectors < self.n {
            self.sum_rest::<S, R>(simd, i, vectors);
        }
    }

    /// α A B of R rows and V vectors of columns from (`i`, `j`) on.
    #[inline(always)]
    fn sum_block<S: Simd, const R: usize, const V: usize>(self, simd: S, i: usize, j: usize) {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for l in 0..self.k {
            // SAFETY: row l of B holds the columns j.. j + V * lanes, and (i + r, l) lies in A.
            let (b, a): ([S::f32s; V], [f32; R]) = unsafe {
                let row = self.b.add(l * self.b_row + j);
                (
                    std::array::from_fn(|v| row.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned()),
                    std::array::from_fn(|r| *self.a.add((i + r) * self.a_row + l * self.a_col)),
                )
            };
            for r in 0..R {
                let a = simd.splat_f32s(a[r]);
                for v in 0..V {
                    sums[r][v] = simd.mul_add_f32s(a, b[v], sums[r][v]);
                }
            }
        }
        let alpha = simd.splat_f32s(self.alpha);
        for (r, row) in sums.iter().enumerate() {
            for (v, &sum) in row.iter().enumerate() {
                // SAFETY: the vector lies in row i + r of C, which is borrowed exclusively.
                unsafe {
                    let out = self.c.add((i + r) * self.c_row + j + v * S::F32_LANES).cast::<S::f32s>();
                    let sum = simd.mul_f32s(alpha, sum);
                    out.write_unaligned(match self.keep {
                        None => sum,
                        Some(beta) => simd.mul_add_f32s(simd.splat_f32s(beta), out.read_unaligned(), sum),
                    });
                }
            }
        }
    }

    /// As [`Kernel::sum_block`], for the columns from `j` on that fill no vector.
    #[inline(always)]
    fn sum_rest<S: Simd, const R: usize>(self, simd: S, i: usize, j: usize) {
        let rest = self.n - j;
        let mut sums = [simd.splat_f32s(0.0); R];
        for l in 0..self.k {
            // SAFETY: as in sum_block, for `rest` columns.
            let (b, a): (S::f32s, [f32; R]) = unsafe {
                (
                    simd.partial_load_f32s(std::slice::from_raw_parts(self.b.add(l * self.b_row + j), rest)),
                    std::array::from_fn(|r| *self.a.add((i + r) * self.a_row + l * self.a_col)),
                )
            };
            for r in 0..R {
                sums[r] = simd.mul_add_f32s(simd.splat_f32s(a[r]), b, sums[r]);
            }
        }
        for (r, &sum) in sums.iter().enumerate() {
            // SAFETY: these entries lie in row i + r of C, which is borrowed exclusively.
            let out = unsafe { std::slice::from_raw_parts_mut(self.c.add((i + r) * self.c_row + j), rest) };
            let sum = simd.mul_f32s(simd.splat_f32s(self.alpha), sum);
            let whole = match self.keep {
                None => sum,
                Some(beta) => simd.mul_add_f32s(simd.splat_f32s(beta), simd.partial_load_f32s(out), sum),
            };
            simd.partial_store_f32s(out, whole);
        }
    }
}
