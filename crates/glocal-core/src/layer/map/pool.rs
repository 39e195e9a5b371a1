//! Pooling of one band of a map: as many rows as a window has.

use crate::config::Pool;
use crate::scalar::Float;
use crate::simd::vectorised;

/// Channels that are pooled at once.
const LANES: usize = 16;

/// Rows of a band, or of its gradient: `[side, W', C]`.
#[derive(Clone, Copy)]
pub(crate) struct Band {
    pub side: usize,
    pub width: usize,
    pub channels: usize,
}

impl Band {
    /// Calls `each` with every place of the pooled row and every run of up to [`LANES`] channels there.
    #[inline(always)]
    fn runs(&self, mut each: impl FnMut(usize, usize, usize)) {
        for place in 0..self.width / self.side {
            let mut channel = 0;
            while channel < self.channels {
                let n = LANES.min(self.channels - channel);
                each(place, channel, n);
                channel += n;
            }
        }
    }

    /// Where place (`row`, `column`) of a window begins.
    #[inline(always)]
    fn at(&self, place: usize, row: usize, column: usize) -> usize {
        (row * self.width + place * self.side + column) * self.channels
    }
}

/// Up to [`LANES`] values; the others are zero.
#[inline(always)]
fn load<F: Float>(from: &[F], n: usize) -> [F; LANES] {
    if n == LANES {
        return *from.first_chunk().expect("at least sixteen values");
    }
    let mut lanes = [F::of(0.0); LANES];
    lanes[..n].copy_from_slice(&from[..n]);
    lanes
}

#[inline(always)]
fn store<F: Float>(to: &mut [F], n: usize, lanes: &[F; LANES]) {
    if n == LANES {
        to[..LANES].copy_from_slice(lanes);
    } else {
        to[..n].copy_from_slice(&lanes[..n]);
    }
}

/// One pooled row `[W'/side, C]` from `side` rows `[side, W', C]`.
///
/// # Equation
/// max: out = max over the window; average: out = (1/side²) Σ over the window.
pub(super) fn pool_rows<F: Float>(pool: Pool, rows: &[F], band: Band, out: &mut [F]) {
    match pool {
        Pool::Max(_) => vectorised(
            #[inline(always)]
            || fold(rows, band, out, F::of(1.0), |top, v| (v - top).if_positive(v, top)),
        ),
        Pool::Average(side) => vectorised(
            #[inline(always)]
            || fold(rows, band, out, F::of(1.0 / (side * side) as f64), |sum, v| sum + v),
        ),
    }
}

/// out = share · the window's values joined two by two.
#[inline(always)]
fn fold<F: Float>(rows: &[F], band: Band, out: &mut [F], share: F, join: impl Fn(F, F) -> F) {
    band.runs(
        #[inline(always)]
        |place, channel, n| {
            let mut joined = load(&rows[band.at(place, 0, 0) + channel..], n);
            for row in 0..band.side {
                for column in usize::from(row == 0)..band.side {
                    let values = load(&rows[band.at(place, row, column) + channel..], n);
                    for i in 0..LANES {
                        joined[i] = join(joined[i], values[i]);
                    }
                }
            }
            for value in &mut joined {
                *value = share * *value;
            }
            store(&mut out[place * band.channels + channel..], n, &joined);
        },
    );
}

/// Adjoint of [`pool_rows`]: fills `gradient` `[side, W', C]`. A maximum's gradient goes to the first of equals.
pub(super) fn pool_rows_adjoint<F: Float>(
    pool: Pool,
    rows: &[F],
    band: Band,
    pooled: &[F],
    pooled_gradient: &[F],
    gradient: &mut [F],
) {
    if !band.width.is_multiple_of(band.side) {
        gradient.fill(F::of(0.0));
    }
    match pool {
        Pool::Max(_) => vectorised(
            #[inline(always)]
            || max_adjoint(rows, band, pooled, pooled_gradient, gradient),
        ),
        Pool::Average(side) => vectorised(
            #[inline(always)]
            || average_adjoint(band, F::of(1.0 / (side * side) as f64), pooled_gradient, gradient),
        ),
    }
}

#[inline(always)]
fn max_adjoint<F: Float>(rows: &[F], band: Band, pooled: &[F], pooled_gradient: &[F], gradient: &mut [F]) {
    let zero = F::of(0.0);
    band.runs(
        #[inline(always)]
        |place, channel, n| {
            let start = place * band.channels + channel;
            let (top, mut left) = (load(&pooled[start..], n), load(&pooled_gradient[start..], n));
            for row in 0..band.side {
                for column in 0..band.side {
                    let at = band.at(place, row, column) + channel;
                    let (values, mut out) = (load(&rows[at..], n), [zero; LANES]);
                    for i in 0..LANES {
                        let below = top[i] - values[i];
                        out[i] = below.if_positive(zero, left[i]);
                        left[i] = below.if_positive(left[i], zero);
                    }
                    store(&mut gradient[at..], n, &out);
                }
            }
        },
    );
}

#[inline(always)]
fn average_adjoint<F: Float>(band: Band, share: F, pooled_gradient: &[F], gradient: &mut [F]) {
    band.runs(
        #[inline(always)]
        |place, channel, n| {
            let mut given = load(&pooled_gradient[place * band.channels + channel..], n);
            for value in &mut given {
                *value = share * *value;
            }
            for row in 0..band.side {
                for column in 0..band.side {
                    store(&mut gradient[band.at(place, row, column) + channel..], n, &given);
                }
            }
        },
    );
}
