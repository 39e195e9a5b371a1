//! Pooling of one band of a map: as many rows as a window has.

use crate::config::Pool;
use crate::scalar::Float;
use crate::simd::vectorised;

/// One pooled row `[W'/side, C]` from `side` rows `[side, W', C]`.
///
/// # Equation
/// max: out = max over the window; average: out = (1/side²) Σ over the window.
pub(super) fn pool_rows<F: Float>(pool: Pool, rows: &[F], width: usize, channels: usize, out: &mut [F]) {
    let side = pool.side();
    let share = F::of(1.0 / (side * side) as f64);
    vectorised(
        #[inline(always)]
        || {
            for (place, out) in out.chunks_exact_mut(channels).enumerate() {
                for (position, start) in window(place, side, width, channels).enumerate() {
                    let values = &rows[start..start + channels];
                    match pool {
                        _ if position == 0 => out.copy_from_slice(values),
                        Pool::Max(_) => larger(out, values),
                        Pool::Average(_) => out.iter_mut().zip(values).for_each(|(out, &v)| *out += v),
                    }
                }
                if let Pool::Average(_) = pool {
                    out.iter_mut().for_each(|out| *out = share * *out);
                }
            }
        },
    )
}

#[inline(always)]
fn larger<F: Float>(out: &mut [F], values: &[F]) {
    out.iter_mut().zip(values).for_each(|(out, &v)| *out = (v - *out).if_positive(v, *out));
}

/// Adjoint of [`pool_rows`]: fills `gradient` `[side, W', C]`. A maximum's gradient goes to the first of equals.
pub(super) fn pool_rows_adjoint<F: Float>(
    pool: Pool,
    rows: &[F],
    (width, channels): (usize, usize),
    pooled: &[F],
    pooled_gradient: &[F],
    gradient: &mut [F],
) {
    let side = pool.side();
    let share = F::of(1.0 / (side * side) as f64);
    let zero = F::of(0.0);
    if !width.is_multiple_of(side) {
        gradient.fill(zero);
    }
    vectorised(
        #[inline(always)]
        || {
            let mut left = vec![zero; channels];
            let places = pooled_gradient.chunks_exact(channels).zip(pooled.chunks_exact(channels));
            for (place, (given, top)) in places.enumerate() {
                left.copy_from_slice(given);
                for start in window(place, side, width, channels) {
                    let (values, out) = (&rows[start..start + channels], &mut gradient[start..start + channels]);
                    match pool {
                        Pool::Average(_) => out.iter_mut().zip(given).for_each(|(out, &g)| *out = share * g),
                        Pool::Max(_) => {
                            for i in 0..channels {
                                let below = top[i] - values[i];
                                out[i] = below.if_positive(zero, left[i]);
                                left[i] = below.if_positive(left[i], zero);
                            }
                        }
                    }
                }
            }
        },
    )
}

/// Where the values of a window begin, row by row.
#[inline(always)]
fn window(place: usize, side: usize, width: usize, channels: usize) -> impl Iterator<Item = usize> {
    (0..side).flat_map(move |row| (0..side).map(move |column| (row * width + place * side + column) * channels))
}
