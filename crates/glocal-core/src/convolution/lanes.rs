//! Sixteen numbers at once, in registers: what the micro-kernels sum in. The compiler does not find these registers in
//! loops over arrays of arrays; named here, it keeps the sums in them.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

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
}

/// An array: whatever the machine makes of it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<F>([F; LANES]);

impl<F: crate::scalar::Scalar> Lanes<F> for Plain<F> {
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
}
