//! Elementwise loops over rows, compiled for the machine's instruction set. Nothing is reassociated: the same bits
//! everywhere.

use crate::linalg::Into;
use crate::scalar::Float;
use crate::simd::vectorised;

/// Partial sums of [`dot`] and [`sum`]: a fixed number, so that the instruction set does not change the result.
const LANES: usize = 16;

macro_rules! elementwise {
    ($(#[$doc:meta])* $name:ident, ($($arg:ident: $type:ty),*), [$($slice:ident),*], $n:ident, |$i:ident| $body:expr) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name<F: Float>($($arg: $type),*) {
            vectorised(
                #[inline(always)]
                || {
                    let n = $n.len();
                    $(let $slice = &$slice[..n];)*
                    for $i in 0..n {
                        $body;
                    }
                },
            )
        }
    };
}

elementwise!(
    /// out = k · base + bias.
    affine, (out: &mut [F], k: F, base: &[F], bias: &[F]), [base, bias], out, |i| out[i] = k * base[i] + bias[i]
);
elementwise!(
    /// out = k · base + bias + gain ∘ drive.
    affine_driven, (out: &mut [F], k: F, base: &[F], bias: &[F], gain: &[F], drive: &[F]), [base, bias, gain, drive], out,
    |i| out[i] = k * base[i] + bias[i] + gain[i] * drive[i]
);
elementwise!(
    /// out = k · x.
    scaled, (out: &mut [F], k: F, x: &[F]), [x], out, |i| out[i] = k * x[i]
);
elementwise!(
    /// out += k · x.
    add_scaled, (out: &mut [F], k: F, x: &[F]), [x], out, |i| out[i] += k * x[i]
);
elementwise!(
    /// out += a ∘ b.
    add_product, (out: &mut [F], a: &[F], b: &[F]), [a, b], out, |i| out[i] += a[i] * b[i]
);
elementwise!(
    /// out = a ∘ b.
    product, (out: &mut [F], a: &[F], b: &[F]), [a, b], out, |i| out[i] = a[i] * b[i]
);
elementwise!(
    /// out = out ∘ x.
    product_in_place, (out: &mut [F], x: &[F]), [x], out, |i| out[i] = out[i] * x[i]
);
elementwise!(
    /// out *= k.
    scale, (out: &mut [F], k: F), [], out, |i| out[i] = k * out[i]
);
elementwise!(
    /// out = a · out + b · x.
    blend, (out: &mut [F], a: F, b: F, x: &[F]), [x], out, |i| out[i] = a * out[i] + b * x[i]
);
elementwise!(
    /// out = a · x + b · y.
    combine, (out: &mut [F], a: F, x: &[F], b: F, y: &[F]), [x, y], out, |i| out[i] = a * x[i] + b * y[i]
);
elementwise!(
    /// out += k · a ∘ b.
    add_scaled_product, (out: &mut [F], k: F, a: &[F], b: &[F]), [a, b], out, |i| out[i] += k * a[i] * b[i]
);
elementwise!(
    /// out = min(max(x, -bound), bound).
    clamped, (out: &mut [F], x: &[F], bound: F), [x], out, |i| out[i] = x[i].clamp(-bound, bound)
);
elementwise!(
    /// out = 0 where |x| > bound.
    zero_outside, (out: &mut [F], x: &[F], bound: F), [x], out,
    |i| out[i] = (x[i].abs() - bound).if_positive(F::of(0.0), out[i])
);

elementwise!(
    /// out = carry · start + rate ∘ out.
    decayed_sum, (out: &mut [F], rate: &[F], carry: F, start: &[F]), [rate, start], out,
    |i| out[i] = carry * start[i] + rate[i] * out[i]
);
elementwise!(
    /// top = max(top, |x|).
    grow, (top: &mut [F], x: &[F]), [x], top, |i| {
        let size = x[i].abs();
        top[i] = (top[i] - size).if_positive(top[i], size)
    }
);
elementwise!(
    /// sum += |x|.
    add_size, (sum: &mut [F], x: &[F]), [x], sum, |i| sum[i] += x[i].abs()
);

/// out (+)= scale · x, as `into` says.
pub(crate) fn put<F: Float>(out: &mut [F], into: Into, scale: F, x: &[F]) {
    match into {
        Into::Replace => scaled(out, scale, x),
        Into::Add => add_scaled(out, scale, x),
        Into::Blend(beta) => blend(out, F::of(beta), scale, x),
    }
}

/// bias += gradient, weighted += k · gradient.
pub(crate) fn current_sums<F: Float>(k: F, gradient: &[F], bias: &mut [F], weighted: &mut [F]) {
    vectorised(
        #[inline(always)]
        || {
            let n = gradient.len();
            let (bias, weighted) = (&mut bias[..n], &mut weighted[..n]);
            for i in 0..n {
                bias[i] += gradient[i];
                weighted[i] += k * gradient[i];
            }
        },
    )
}

/// out = gain ∘ gradient, sum += gradient ∘ drive.
pub(crate) fn gain_adjoint<F: Float>(out: &mut [F], gain: &[F], gradient: &[F], drive: &[F], sum: &mut [F]) {
    vectorised(
        #[inline(always)]
        || {
            let n = out.len();
            let (gain, gradient, drive, sum) = (&gain[..n], &gradient[..n], &drive[..n], &mut sum[..n]);
            for i in 0..n {
                out[i] = gain[i] * gradient[i];
                sum[i] += gradient[i] * drive[i];
            }
        },
    )
}

/// Σ a b, over [`LANES`] fixed partial sums.
pub(crate) fn dot<F: Float>(a: &[F], b: &[F]) -> F {
    vectorised(
        #[inline(always)]
        || {
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b[..a.len()].as_chunks::<LANES>());
            let mut sums = [F::of(0.0); LANES];
            for (a, b) in a.iter().zip(b) {
                for lane in 0..LANES {
                    sums[lane] += a[lane] * b[lane];
                }
            }
            for lane in 0..a_rest.len() {
                sums[lane] += a_rest[lane] * b_rest[lane];
            }
            halved(sums)
        },
    )
}

/// Σ a, over [`LANES`] fixed partial sums.
pub(crate) fn sum<F: Float>(a: &[F]) -> F {
    vectorised(
        #[inline(always)]
        || {
            let (a, rest) = a.as_chunks::<LANES>();
            let mut sums = [F::of(0.0); LANES];
            for a in a {
                for lane in 0..LANES {
                    sums[lane] += a[lane];
                }
            }
            for lane in 0..rest.len() {
                sums[lane] += rest[lane];
            }
            halved(sums)
        },
    )
}

/// The sum of partial sums, each half added to the other until one is left.
#[inline(always)]
fn halved<F: Float>(mut sums: [F; LANES]) -> F {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            let other = sums[lane + width];
            sums[lane] += other;
        }
    }
    sums[0]
}

elementwise!(
    /// [`Float::flushed`] of each.
    flush,
    (out: &mut [F]),
    [],
    out,
    |i| out[i] = out[i].flushed()
);

#[cfg(test)]
mod tests {
    use super::*;

    /// What decays for ever ends at 0, and all that counts stays: with decay alone it ends at a subnormal number.
    #[test]
    fn tiny_numbers_become_zero() {
        let mut values = [1.0f32, -1.0, f32::TINY, -f32::TINY, f32::NAN, f32::NEG_INFINITY, 1e-40, -1e-33];
        let before = values;
        flush(&mut values);
        assert!(values[..6].iter().zip(&before).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(values[6..], [0.0, 0.0]);
        let decayed = |flushed: bool| {
            let mut value = [0.5f32];
            for _ in 0..3000 {
                scale(&mut value, 0.95);
                if flushed {
                    flush(&mut value);
                }
            }
            value[0]
        };
        assert!(decayed(false) > 0.0 && !decayed(false).is_normal());
        assert_eq!(decayed(true), 0.0);
    }

    #[test]
    fn sums_of_odd_lengths() {
        for n in [0, 1, 3, 15, 16, 17, 31, 32, 33, 1000] {
            let a: Vec<f64> = (0..n).map(|i| i as f64 * 0.5 - 3.0).collect();
            let plain: f64 = a.iter().sum();
            assert!((sum(&a) - plain).abs() < 1e-9);
            let squares: f64 = a.iter().map(|x| x * x).sum();
            assert!((dot(&a, &a) - squares).abs() < 1e-6);
        }
    }

    #[test]
    fn clamp_and_its_mask() {
        let x = [-4.5, -4.0, 0.0, 4.0, 4.1];
        let mut out = [0.0; 5];
        clamped(&mut out, &x, 4.0);
        assert_eq!(out, [-4.0, -4.0, 0.0, 4.0, 4.0]);
        let mut mask = [1.0; 5];
        zero_outside(&mut mask, &x, 4.0);
        assert_eq!(mask, [0.0, 1.0, 1.0, 1.0, 0.0]);
    }
}
