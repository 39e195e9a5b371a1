//! Sixteen numbers at once, in registers: what the micro-kernels sum in. The compiler does not find these registers in
//! loops over arrays of arrays; named here, it keeps the sums in them.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::scalar::Float;

/// Names one kind of [`Lanes`] to a function, whose other type arguments are then inferred.
#[derive(Clone, Copy, Debug)]
pub struct Kind<L>(std::marker::PhantomData<L>);

impl<L> Kind<L> {
    /// The only value.
    pub const NEW: Self = Kind(std::marker::PhantomData);
}

/// `$work`, compiled for the best registers of this machine for numbers `$F`, whose [`Kind`] is `$kind` there. What it calls must be
/// `#[inline(always)]`.
macro_rules! with_lanes {
    ($F:ty, $kind:ident => $work:expr) => {
        match $crate::simd::instruction_set() {
            $crate::simd::InstructionSet::Avx512 => $crate::simd::vectorised_fused(
                #[inline(always)]
                || {
                    let $kind = $crate::simd::lanes::Kind::<<$F as $crate::scalar::Float>::Avx512>::NEW;
                    $work
                },
            ),
            _ if $crate::simd::fusing() => $crate::simd::vectorised_fused(
                #[inline(always)]
                || {
                    let $kind = $crate::simd::lanes::Kind::<<$F as $crate::scalar::Float>::Avx2>::NEW;
                    $work
                },
            ),
            _ => {
                let $kind = $crate::simd::lanes::Kind::<$crate::simd::lanes::Plain<$F>>::NEW;
                $work
            }
        }
    };
}
pub(crate) use with_lanes;

/// `$work` with the constant `$name`, which is `$number`: one of those given.
macro_rules! with_registers {
    ($registers:expr, [$($number:literal),*], $name:ident => $work:expr) => {
        match $registers {
            $($number => {
                const $name: usize = $number;
                $work
            })*
            other => unreachable!("{other} registers"),
        }
    };
}
pub(crate) use with_registers;

/// Numbers in a [`Lanes`].
pub const LANES: usize = 16;

/// Sixteen numbers.
pub trait Lanes<F>: Copy {
    /// The same number in each lane.
    fn splat(value: F) -> Self;
    /// Numbers from memory.
    fn load(from: &[F; LANES]) -> Self;
    /// x · y + sum.
    fn multiply_add(x: Self, y: Self, sum: Self) -> Self;
    /// Numbers to memory.
    fn store(self, to: &mut [F; LANES]);
    /// A square of numbers, its rows as columns.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
    /// The sum, with x added in the lanes whose bit is set.
    fn add_where(sum: Self, lanes: u16, x: Self) -> Self;
    /// A bit for each lane in which both have the same number.
    fn equal(self, other: Self) -> u16;
}

/// Up to sixteen numbers, then zeros.
#[inline(always)]
pub(crate) fn load_some<F: Float, L: Lanes<F>>(values: &[F]) -> L {
    if let Some(values) = values.first_chunk() {
        return L::load(values);
    }
    let mut filled = [F::of(0.0); LANES];
    filled[..values.len()].copy_from_slice(values);
    L::load(&filled)
}

/// The first of sixteen numbers, as many as fit.
#[inline(always)]
pub(crate) fn store_some<F: Float, L: Lanes<F>>(values: L, to: &mut [F]) {
    if let Some(to) = to.first_chunk_mut() {
        return values.store(to);
    }
    let mut all = [F::of(0.0); LANES];
    values.store(&mut all);
    to.copy_from_slice(&all[..to.len()]);
}

/// An array: whatever the machine makes of it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<F>([F; LANES]);

impl<F: crate::scalar::Scalar + PartialEq> Lanes<F> for Plain<F> {
    #[inline(always)]
    fn splat(value: F) -> Self {
        Plain([value; LANES])
    }
    #[inline(always)]
    fn load(from: &[F; LANES]) -> Self {
        Plain(*from)
    }
    #[inline(always)]
    fn multiply_add(x: Self, y: Self, mut sum: Self) -> Self {
        for i in 0..LANES {
            sum.0[i] = sum.0[i] + x.0[i] * y.0[i];
        }
        sum
    }
    #[inline(always)]
    fn store(self, to: &mut [F; LANES]) {
        *to = self.0;
    }
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        std::array::from_fn(|column| Plain(std::array::from_fn(|row| rows[row].0[column])))
    }
    #[inline(always)]
    fn add_where(mut sum: Self, lanes: u16, x: Self) -> Self {
        for i in 0..LANES {
            sum.0[i] = if lanes >> i & 1 == 1 { sum.0[i] + x.0[i] } else { sum.0[i] };
        }
        sum
    }
    #[inline(always)]
    fn equal(self, other: Self) -> u16 {
        (0..LANES).fold(0, |bits, i| bits | u16::from(self.0[i] == other.0[i]) << i)
    }
}

/// One 512-bit register. Only for code that runs where AVX-512 F was detected.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx512(__m512);

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for Avx512 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the machine has AVX-512 F, by the type's condition.
        Avx512(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; the array has the sixteen values that are read.
        Avx512(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }
    #[inline(always)]
    fn multiply_add(x: Self, y: Self, sum: Self) -> Self {
        // SAFETY: as in `splat`.
        Avx512(unsafe { _mm512_fmadd_ps(x.0, y.0, sum.0) })
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as in `splat`; the array has room for the sixteen values that are written.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        // SAFETY: as in `splat`.
        unsafe { transpose_512(rows) }
    }
    #[inline(always)]
    fn add_where(sum: Self, lanes: u16, x: Self) -> Self {
        // SAFETY: as in `splat`.
        Avx512(unsafe { _mm512_mask_add_ps(sum.0, lanes, sum.0, x.0) })
    }
    #[inline(always)]
    fn equal(self, other: Self) -> u16 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_cmpeq_ps_mask(self.0, other.0) }
    }
}

/// Two 256-bit registers. Only for code that runs where AVX2 and FMA were detected.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2(__m256, __m256);

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for Avx2 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the machine has AVX2, by the type's condition.
        let register = unsafe { _mm256_set1_ps(value) };
        Avx2(register, register)
    }
    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; the array has the sixteen values that are read.
        unsafe { Avx2(_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))) }
    }
    #[inline(always)]
    fn multiply_add(x: Self, y: Self, sum: Self) -> Self {
        // SAFETY: the machine has FMA, by the type's condition.
        unsafe { Avx2(_mm256_fmadd_ps(x.0, y.0, sum.0), _mm256_fmadd_ps(x.1, y.1, sum.1)) }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as in `splat`; the array has room for the sixteen values that are written.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
        }
    }
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let mut out = rows;
        // SAFETY: as in `splat`.
        unsafe {
            // Four squares of eight by eight; the two beside the diagonal change places.
            let (mut left, mut right) = ([rows[0].0; 8], [rows[0].0; 8]);
            for i in 0..8 {
                (left[i], right[i]) = (rows[i].0, rows[i].1);
            }
            let (top, below) = (transpose_256(left), transpose_256(right));
            for i in 0..8 {
                (out[i].0, out[8 + i].0) = (top[i], below[i]);
                (left[i], right[i]) = (rows[8 + i].0, rows[8 + i].1);
            }
            let (top, below) = (transpose_256(left), transpose_256(right));
            for i in 0..8 {
                (out[i].1, out[8 + i].1) = (top[i], below[i]);
            }
        }
        out
    }
    #[inline(always)]
    fn add_where(sum: Self, lanes: u16, x: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe {
            let bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let of = |lanes: u16, x: __m256| {
                let set = _mm256_and_si256(_mm256_set1_epi32(i32::from(lanes)), bits);
                _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bits)), x)
            };
            Avx2(_mm256_add_ps(sum.0, of(lanes, x.0)), _mm256_add_ps(sum.1, of(lanes >> 8, x.1)))
        }
    }
    #[inline(always)]
    fn equal(self, other: Self) -> u16 {
        // SAFETY: as in `splat`.
        let of = |x, y| unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(x, y)) as u16 };
        of(self.0, other.0) | of(self.1, other.1) << 8
    }
}

/// Sixteen rows as columns: pairs of numbers, pairs of pairs, then quarters of registers change places.
///
/// # Safety
/// The machine has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_512(r: [Avx512; LANES]) -> [Avx512; LANES] {
    // SAFETY: the caller's.
    unsafe {
        let (mut pairs, mut fours) = ([_mm512_setzero_ps(); LANES], [_mm512_setzero_ps(); LANES]);
        for i in 0..8 {
            pairs[2 * i] = _mm512_unpacklo_ps(r[2 * i].0, r[2 * i + 1].0);
            pairs[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i].0, r[2 * i + 1].0);
        }
        let low = |x, y| _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
        let high = |x, y| _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
        for i in 0..4 {
            fours[4 * i] = low(pairs[4 * i], pairs[4 * i + 2]);
            fours[4 * i + 1] = high(pairs[4 * i], pairs[4 * i + 2]);
            fours[4 * i + 2] = low(pairs[4 * i + 1], pairs[4 * i + 3]);
            fours[4 * i + 3] = high(pairs[4 * i + 1], pairs[4 * i + 3]);
        }
        // Quarter q of fours[4 i + j] holds rows 4 i.. of column 4 q + j.
        let (mut eights, mut out) = (pairs, r);
        for half in 0..2 {
            for j in 0..4 {
                let (x, y) = (fours[8 * half + j], fours[8 * half + 4 + j]);
                eights[8 * half + j] = _mm512_shuffle_f32x4::<0x88>(x, y);
                eights[8 * half + 4 + j] = _mm512_shuffle_f32x4::<0xdd>(x, y);
            }
        }
        for j in 0..4 {
            out[j].0 = _mm512_shuffle_f32x4::<0x88>(eights[j], eights[8 + j]);
            out[4 + j].0 = _mm512_shuffle_f32x4::<0x88>(eights[4 + j], eights[12 + j]);
            out[8 + j].0 = _mm512_shuffle_f32x4::<0xdd>(eights[j], eights[8 + j]);
            out[12 + j].0 = _mm512_shuffle_f32x4::<0xdd>(eights[4 + j], eights[12 + j]);
        }
        out
    }
}

/// Eight rows as columns, as [`transpose_512`].
///
/// # Safety
/// The machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_256(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the caller's.
    unsafe {
        let zero = _mm256_setzero_ps();
        let (mut pairs, mut fours, mut out) = ([zero; 8], [zero; 8], [zero; 8]);
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        let low = |x, y| _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(x), _mm256_castps_pd(y)));
        let high = |x, y| _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(x), _mm256_castps_pd(y)));
        for i in 0..2 {
            fours[4 * i] = low(pairs[4 * i], pairs[4 * i + 2]);
            fours[4 * i + 1] = high(pairs[4 * i], pairs[4 * i + 2]);
            fours[4 * i + 2] = low(pairs[4 * i + 1], pairs[4 * i + 3]);
            fours[4 * i + 3] = high(pairs[4 * i + 1], pairs[4 * i + 3]);
        }
        // Half h of fours[4 i + j] holds rows 4 i.. of column 4 h + j.
        for j in 0..4 {
            out[j] = _mm256_permute2f128_ps::<0x20>(fours[j], fours[4 + j]);
            out[4 + j] = _mm256_permute2f128_ps::<0x31>(fours[j], fours[4 + j]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{InstructionSet, fusing, instruction_set, vectorised_fused};

    #[inline(always)]
    fn turned<L: Lanes<f32>>(square: &[[f32; LANES]; LANES]) -> [[f32; LANES]; LANES] {
        let rows = L::transpose(std::array::from_fn(|row| L::load(&square[row])));
        let mut found = [[0.0; LANES]; LANES];
        found.iter_mut().zip(rows).for_each(|(found, row)| row.store(found));
        found
    }

    /// What `work` gives for every kind of register that the machine has.
    macro_rules! each_kind {
        ($work:ident, $($argument:expr),*) => {{
            let mut all = vec![$work::<Plain<f32>>($($argument),*)];
            #[cfg(target_arch = "x86_64")]
            {
                if instruction_set() == InstructionSet::Avx512 {
                    all.push(vectorised_fused(
                        #[inline(always)]
                        || $work::<Avx512>($($argument),*),
                    ));
                }
                if instruction_set() != InstructionSet::Baseline && fusing() {
                    all.push(vectorised_fused(
                        #[inline(always)]
                        || $work::<Avx2>($($argument),*),
                    ));
                }
            }
            all
        }};
    }

    /// Every kind of register: entry (i, j) is (j, i) of what was given.
    #[test]
    fn a_square_is_turned_about() {
        let square = std::array::from_fn(|i| std::array::from_fn(|j| (i * LANES + j) as f32));
        for found in each_kind!(turned, &square) {
            for (i, row) in found.iter().enumerate() {
                assert!(row.iter().enumerate().all(|(j, &value)| value == square[j][i]));
            }
        }
    }

    #[inline(always)]
    fn compared_and_added<L: Lanes<f32>>(x: &[f32; LANES], y: &[f32; LANES], lanes: u16) -> (u16, [f32; LANES]) {
        let mut sum = [0.0; LANES];
        L::add_where(L::load(x), lanes, L::load(y)).store(&mut sum);
        (L::load(x).equal(L::load(y)), sum)
    }

    /// Every kind of register: bits name lanes, from the lowest on.
    #[test]
    fn bits_name_lanes() {
        let x: [f32; LANES] = std::array::from_fn(|i| i as f32);
        for lanes in (0..=u16::MAX).step_by(97).chain([0, 1, 1 << 15, u16::MAX]) {
            let y = std::array::from_fn(|i| if lanes >> i & 1 == 1 { i as f32 } else { f32::NAN });
            for (equal, sum) in each_kind!(compared_and_added, &x, &y, lanes) {
                assert_eq!(equal, lanes);
                let wanted = |i: usize| if lanes >> i & 1 == 1 { 2.0 * i as f32 } else { i as f32 };
                assert!(sum.iter().enumerate().all(|(i, &sum)| sum == wanted(i)), "{lanes:b} {sum:?}");
            }
        }
    }
}
