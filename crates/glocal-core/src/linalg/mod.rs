//! Matrix products. The one GEMM is the `gemm` crate's, on one thread, with kernels of our own for narrow shapes; the
//! cutting into tasks is ours and depends on shapes only, so that the thread count never changes a result.

mod blocks;
mod mask;
mod narrow;
mod pages;
mod sparse;
mod turned;

use rayon::prelude::*;

use crate::scalar::Float;
use crate::view::{MatMut, MatRef};

/// Whether a product replaces or adds to its destination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Into {
    /// C = α A B.
    Replace,
    /// C = C + α A B.
    Add,
    /// C = β C + α A B.
    Blend(f64),
}

pub use mask::{Mask, Operand};
/// The kernels for narrow shapes, of single precision; see [`Float::narrow_product`].
pub(crate) use narrow::{is_narrow as narrow, none as no_narrow_product, product as narrow_product};
pub(crate) use sparse::Sparse;
pub use turned::Turned;

/// C = α A B, or C += α A B, on the calling thread.
///
/// # Panics
/// If the shapes do not agree.
pub fn product_serial<F: Float>(mut c: MatMut<'_, F>, into: Into, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) {
    let (m, n, k) = (c.rows(), c.cols(), a.cols());
    assert!(a.rows() == m && b.rows() == k && b.cols() == n, "{m}x{n} = {}x{k} * {}x{}", a.rows(), b.rows(), b.cols());
    if m == 0 || n == 0 || F::narrow_product(c.borrow(), into, alpha, a, b) {
        return;
    }
    let ((c_ptr, c_rs), (a_ptr, a_rs, a_cs), (b_ptr, b_rs, b_cs)) = (c.raw(), a.raw(), b.raw());
    // SAFETY: the views guarantee that all entries addressed by these strides are inside their borrows, and c is
    // borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c_ptr,
            1,
            c_rs,
            into != Into::Replace,
            a_ptr,
            a_cs,
            a_rs,
            b_ptr,
            b_cs,
            b_rs,
            F::of(if let Into::Blend(beta) = into { beta } else { 1.0 }),
            alpha,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Multiply-adds of a task: each task packs its operands anew, so few and large ones are best.
const TASK_WORK: usize = 1 << 23;
/// Multiply-adds from which a product is worth two tasks at least.
const WORTH_TWO: usize = 1 << 21;
/// The same as [`TASK_WORK`] where one side of C is too short to fill the vector registers, and every product is slow.
const SKINNY_TASK_WORK: usize = 1 << 20;
/// Shortest side of C that fills them.
const SKINNY: usize = 32;
/// Narrowest piece of C worth a task of its own.
const LEAST_WIDTH: usize = 128;
/// Most tasks that one product is cut into.
const MOST_TASKS: usize = 16;

/// C = α A B, or C += α A B, cut into tasks by shape alone.
///
/// # Panics
/// If the shapes do not agree.
pub fn product<F: Float>(c: MatMut<'_, F>, into: Into, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) {
    cut(c, into, alpha, a, b, |_| ());
}

/// C = α A B as [`product`], and Σ c² in double precision, taken while each piece is still in the cache.
///
/// # Panics
/// If the shapes do not agree.
pub fn product_and_squares<F: Float>(c: MatMut<'_, F>, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) -> f64 {
    let squares = |piece: MatMut<'_, F>| -> f64 {
        let piece = piece.as_ref();
        (0..piece.rows()).map(|r| crate::rows::dot(piece.row(r), piece.row(r)).to_f64()).sum()
    };
    cut(c, Into::Replace, alpha, a, b, squares).iter().sum()
}

/// A product in tasks, each followed by `then` on its piece of C.
fn cut<F: Float, R: Send>(
    c: MatMut<'_, F>,
    into: Into,
    alpha: F,
    a: MatRef<'_, F>,
    b: MatRef<'_, F>,
    then: impl Fn(MatMut<'_, F>) -> R + Sync,
) -> Vec<R> {
    let k = a.cols();
    let (height, width) = task_size(c.rows(), c.cols(), k);
    let run = |(i, j, mut piece): (usize, usize, MatMut<'_, F>)| {
        let (rows, cols) = (i * height..i * height + piece.rows(), j * width..j * width + piece.cols());
        product_serial(piece.borrow(), into, alpha, a.part(rows, 0..k), b.part(0..k, cols));
        then(piece)
    };
    if c.rows() <= height && c.cols() <= width {
        return vec![run((0, 0, c))];
    }
    let mut tasks = Vec::new();
    for (i, strip) in pieces(c, true, height).into_iter().enumerate() {
        tasks.extend(pieces(strip, false, width).into_iter().enumerate().map(|(j, piece)| (i, j, piece)));
    }
    tasks.into_par_iter().map(run).collect()
}

/// Rows and columns of C that one task makes: first cut along the longer side, then, where pieces would become too thin,
/// along the other, too. A task packs its part of both operands, so that thin pieces pack much for little.
fn task_size(m: usize, n: usize, k: usize) -> (usize, usize) {
    let whole = m * n * k;
    let (short, long) = (m.min(n), m.max(n));
    let work = if short < SKINNY { SKINNY_TASK_WORK } else { TASK_WORK };
    let tasks = (whole / work).max(if whole >= WORTH_TWO { 2 } else { 1 }).min(MOST_TASKS);
    let least = if short < SKINNY { 1 } else { LEAST_WIDTH };
    let along_long = tasks.min((long / least).max(1));
    let along_short = (tasks / along_long).min((short / LEAST_WIDTH).max(1));
    let width = |side: usize, cuts: usize| if cuts < 2 { side } else { side.div_ceil(cuts).next_multiple_of(16) };
    let (of_short, of_long) = (width(short, along_short), width(long, along_long));
    if m > n { (of_long, of_short) } else { (of_short, of_long) }
}

/// `c` cut into strips of `width` rows or columns.
fn pieces<F>(c: MatMut<'_, F>, by_rows: bool, width: usize) -> Vec<MatMut<'_, F>> {
    let mut rest = c;
    let mut found = Vec::new();
    loop {
        let left = if by_rows { rest.rows() } else { rest.cols() };
        if left <= width {
            found.push(rest);
            return found;
        }
        let (head, tail) = if by_rows { rest.split_rows(width) } else { rest.split_cols(width) };
        found.push(head);
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        for i in 0..m {
            for j in 0..n {
                c[i * n + j] = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
            }
        }
        c
    }

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        (0..n).map(|i| ((i as u64 * 2654435761 + seed) % 1000) as f64 / 500.0 - 1.0).collect()
    }

    /// Narrow shapes in single precision, all three ways of writing, rows apart, transposed operands: the definition.
    #[test]
    fn narrow_products_are_the_definition() {
        for (m, k, n) in
            [(7, 40, 3), (33, 65, 10), (4, 17, 16), (10, 100, 37), (23, 10, 129), (1, 50, 64), (16, 31, 17)]
        {
            let (a, b) = (numbers(m * (k + 3), 3), numbers(k * (n + 2), 4));
            let (a, b): (Vec<f32>, Vec<f32>) =
                (a.iter().map(|&x| x as f32).collect(), b.iter().map(|&x| x as f32).collect());
            let (a, wide_b) =
                (MatRef::new(&a, m, k + 3).part(0..m, 1..k + 1), MatRef::new(&b, k, n + 2).part(0..k, 2..n + 2));
            let tall_b = MatRef::new(&b, n, k).t();
            let turned: Vec<f32> = (0..k).flat_map(|l| (0..m).map(move |i| a.at(i, l))).collect();
            for (a, b) in [(a, wide_b), (a, tall_b), (MatRef::new(&turned, k, m).t(), wide_b)] {
                for (into, beta) in [(Into::Replace, 0.0), (Into::Add, 1.0), (Into::Blend(-0.5), -0.5)] {
                    let mut c = vec![if beta == 0.0 { f32::NAN } else { 1.5 }; m * (n + 1)];
                    let (out, _) = MatMut::new(&mut c, m, n + 1).split_cols(n);
                    product_serial(out, into, 2.0, a, b);
                    for i in 0..m {
                        for j in 0..n {
                            let sum: f64 = (0..k).map(|l| f64::from(a.at(i, l)) * f64::from(b.at(l, j))).sum();
                            let wanted = if beta == 0.0 { 0.0 } else { beta * 1.5 } + 2.0 * sum;
                            let found = f64::from(c[i * (n + 1) + j]);
                            assert!((found - wanted).abs() < 1e-4, "{m}x{k}x{n} {into:?}: {found} {wanted}");
                        }
                        let beyond = c[i * (n + 1) + n];
                        assert!(beyond.is_nan() || beyond == 1.5);
                    }
                }
            }
        }
    }

    /// Odd sizes, all cuts, transposed operands, against the definition.
    #[test]
    fn product_is_the_definition() {
        assert_eq!(task_size(256, 512, 1568), (128, 128));
        for (m, k, n) in
            [(259, 300, 515), (1, 1, 1), (3, 5, 7), (100, 64, 131), (257, 33, 129), (129, 200, 10), (10, 300, 517)]
        {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let expected = naive(&a, &b, m, k, n);
            let mut transposed = vec![0.0; k * n];
            for i in 0..k {
                for j in 0..n {
                    transposed[j * k + i] = b[i * n + j];
                }
            }
            for b in [MatRef::new(&b, k, n), MatRef::new(&transposed, n, k).t()] {
                let mut c = vec![1.0; m * n];
                product(MatMut::new(&mut c, m, n), Into::Add, 2.0, MatRef::new(&a, m, k), b);
                for (found, wanted) in c.iter().zip(&expected) {
                    assert!((found - (1.0 + 2.0 * wanted)).abs() < 1e-10);
                }
            }
        }
    }
}
