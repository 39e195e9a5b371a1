//! Matrix products. The one GEMM is the `gemm` crate's, on one thread; the cutting into tasks is ours and depends on
//! shapes only, so that the thread count never changes a result.

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

/// C = α A B, or C += α A B, on the calling thread.
///
/// # Panics
/// If the shapes do not agree.
pub fn product_serial<F: Float>(mut c: MatMut<'_, F>, into: Into, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) {
    let (m, n, k) = (c.rows(), c.cols(), a.cols());
    assert!(a.rows() == m && b.rows() == k && b.cols() == n, "{m}x{n} = {}x{k} * {}x{}", a.rows(), b.rows(), b.cols());
    if m == 0 || n == 0 {
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
/// Most tasks that one product is cut into.
const MOST_TASKS: usize = 16;

/// C = α A B, or C += α A B, cut into tasks over the longer side of C.
///
/// # Panics
/// If the shapes do not agree.
pub fn product<F: Float>(c: MatMut<'_, F>, into: Into, alpha: F, a: MatRef<'_, F>, b: MatRef<'_, F>) {
    let (m, n, k) = (c.rows(), c.cols(), a.cols());
    let whole = m * n * k;
    let work = if m.min(n) < SKINNY { SKINNY_TASK_WORK } else { TASK_WORK };
    let tasks = (whole / work).max(if whole >= WORTH_TWO { 2 } else { 1 }).min(MOST_TASKS);
    if tasks < 2 {
        return product_serial(c, into, alpha, a, b);
    }
    let by_rows = m > n;
    let width = (if by_rows { m } else { n }).div_ceil(tasks).next_multiple_of(16);
    pieces(c, by_rows, width).into_par_iter().enumerate().for_each(|(i, piece)| {
        let (rows, cols) = if by_rows {
            (i * width..i * width + piece.rows(), 0..n)
        } else {
            (0..m, i * width..i * width + piece.cols())
        };
        product_serial(piece, into, alpha, a.part(rows, 0..k), b.part(0..k, cols));
    });
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

    /// Odd sizes, both cuts, transposed operands, against the definition.
    #[test]
    fn product_is_the_definition() {
        for (m, k, n) in [(1, 1, 1), (3, 5, 7), (100, 64, 131), (257, 33, 129), (129, 200, 10), (10, 300, 517)] {
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
