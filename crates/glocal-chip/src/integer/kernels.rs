//! The loops over synapses.

use glocal_core::simd::vectorised;

use crate::number::rounded_shift;

/// out_o = Σ_i W_oi x_i.
pub fn weighted_sums(weight: &[i8], x: &[i8], out: &mut [i32]) {
    vectorised(
        #[inline(always)]
        || {
            for (row, out) in weight.chunks_exact(x.len()).zip(out) {
                *out = row.iter().zip(x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
            }
        },
    );
}

/// out_o = Σ_i H_oi x_i.
pub fn plastic_sums(plastic: &[i16], x: &[i8], out: &mut [i32]) {
    vectorised(
        #[inline(always)]
        || {
            for (row, out) in plastic.chunks_exact(x.len()).zip(out) {
                *out = row.iter().zip(x).map(|(&h, &x)| i32::from(h) * i32::from(x)).sum();
            }
        },
    );
}

/// How plastic weights move.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Share kept, in 1/2^15.
    pub decay: i32,
    /// Bound of |H|.
    pub bound: i32,
    /// Bits that post · pre is shifted left, to the fraction of H · decay.
    pub shift: u32,
}

/// H ← clamp(H · decay + post · pre, ±bound), rounded once, halves to even.
pub fn move_plastic(plastic: &mut [i16], post: &[i8], pre: &[i16], course: Course) {
    vectorised(
        #[inline(always)]
        || {
            let Course { decay, bound, shift } = course;
            for (row, &post) in plastic.chunks_exact_mut(pre.len()).zip(post) {
                let post = i32::from(post) << shift;
                for (h, &pre) in row.iter_mut().zip(pre) {
                    let exact = i32::from(*h) * decay + post * i32::from(pre);
                    let rounded = (exact + 0x3fff + ((exact >> 15) & 1)) >> 15;
                    *h = rounded.clamp(-bound, bound) as i16;
                }
            }
        },
    );
}

/// H_oi ← clamp(H_oi · decay + (post_o · x_i · rate_oi) << shift, ±bound), rounded once, halves to even.
pub fn move_by_synapse(plastic: &mut [i16], rate: &[i8], post: &[i8], x: &[i8], course: Course) {
    vectorised(
        #[inline(always)]
        || {
            let Course { decay, bound, shift } = course;
            let rows = plastic.chunks_exact_mut(x.len()).zip(rate.chunks_exact(x.len())).zip(post);
            for ((row, rates), &post) in rows {
                let post = i32::from(post) << shift;
                for ((h, &x), &rate) in row.iter_mut().zip(x).zip(rates) {
                    let exact = i32::from(*h) * decay + post * (i32::from(x) * i32::from(rate));
                    let rounded = (exact + 0x3fff + ((exact >> 15) & 1)) >> 15;
                    *h = rounded.clamp(-bound, bound) as i16;
                }
            }
        },
    );
}

/// pre_i = ((x_i rate_i) >> input_shift) · phase / 2^15, halves to even.
pub fn presynaptic(x: &[i8], rate: &[i16], (input_shift, phase): (u32, i32), pre: &mut [i16]) {
    for ((pre, &x), &rate) in pre.iter_mut().zip(x).zip(rate) {
        let scaled = (i32::from(x) * i32::from(rate)) >> input_shift;
        *pre = rounded_shift(i64::from(scaled) * i64::from(phase), 15) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(i: usize, salt: usize, most: i64) -> i64 {
        ((i * 7919 + salt * 104_729) % (2 * most as usize + 1)) as i64 - most
    }

    /// Rows of every length against sums and roundings in wide integers.
    #[test]
    fn odd_lengths_and_extremes() {
        for n in [1, 2, 7, 15, 16, 17, 31, 33, 64, 129, 256] {
            let outputs = 3;
            let weight: Vec<i8> = (0..n * outputs).map(|i| value(i, 1, 127) as i8).collect();
            let x: Vec<i8> = (0..n).map(|i| value(i, 2, 127) as i8).collect();
            let mut plastic: Vec<i16> = (0..n * outputs).map(|i| value(i, 3, 16_384) as i16).collect();
            let wide =
                |o: usize, of: &dyn Fn(usize) -> i64| (0..n).map(|i| of(o * n + i) * i64::from(x[i])).sum::<i64>();
            let mut sums = vec![0; outputs];
            weighted_sums(&weight, &x, &mut sums);
            (0..outputs).for_each(|o| assert_eq!(i64::from(sums[o]), wide(o, &|at| i64::from(weight[at]))));
            plastic_sums(&plastic, &x, &mut sums);
            (0..outputs).for_each(|o| assert_eq!(i64::from(sums[o]), wide(o, &|at| i64::from(plastic[at]))));
            let pre: Vec<i16> = (0..n).map(|i| value(i, 4, 32_767) as i16).collect();
            let post = [127, -127, 3];
            let course = Course { decay: 31_130, bound: 16_384, shift: 8 };
            let before = plastic.clone();
            move_plastic(&mut plastic, &post, &pre, course);
            for o in 0..outputs {
                for i in 0..n {
                    let exact = i64::from(before[o * n + i]) * 31_130 + i64::from(post[o]) * i64::from(pre[i]) * 256;
                    assert_eq!(i64::from(plastic[o * n + i]), rounded_shift(exact, 15).clamp(-16_384, 16_384));
                }
            }
        }
    }

    /// Against wide integers, at the extremes that `quantise_episodes` allows.
    #[test]
    fn synapses_with_rates_of_their_own() {
        let (outputs, inputs) = (3, 37);
        let rate: Vec<i8> = (0..outputs * inputs).map(|i| value(i, 5, 127) as i8).collect();
        let x: Vec<i8> = (0..inputs).map(|i| value(i, 6, 127) as i8).collect();
        for (shift, most_post) in [(0, 127_i8), (3, 64), (8, 127), (9, 64)] {
            let mut plastic: Vec<i16> = (0..outputs * inputs).map(|i| value(i, 7, 16_000) as i16).collect();
            let (before, post) = (plastic.clone(), [most_post, -most_post, 3]);
            move_by_synapse(&mut plastic, &rate, &post, &x, Course { decay: 32_440, bound: 16_000, shift });
            for (at, h) in plastic.iter().enumerate() {
                let (o, i) = (at / inputs, at % inputs);
                let moved = i64::from(post[o]) * i64::from(x[i]) * i64::from(rate[at]) * (1 << shift);
                let exact = i64::from(before[at]) * 32_440 + moved;
                assert_eq!(i64::from(*h), rounded_shift(exact, 15).clamp(-16_000, 16_000));
            }
        }
    }

    #[test]
    fn presynaptic_factors_by_hand() {
        // 127 · 1000 >> 7 = 992; half of it 496; -1 · 1000 >> 7 = -8 (towards minus infinity), half of it -4
        let mut pre = [0; 3];
        presynaptic(&[127, -1, 0], &[1000, 1000, 5], (7, 1 << 14), &mut pre);
        assert_eq!(pre, [496, -4, 0]);
    }
}
