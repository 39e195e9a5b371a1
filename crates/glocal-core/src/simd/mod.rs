//! Run-time choice of instruction set, for elementwise loops and for the micro-kernels.

pub mod lanes;

use std::sync::OnceLock;

/// Instruction sets that elementwise loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// What the target guarantees (SSE2 on x86-64).
    Baseline,
    /// AVX2.
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL.
    Avx512,
}

/// The best set that this machine has. Results do not depend on it: no operation is contracted or reassociated.
pub fn instruction_set() -> InstructionSet {
    static SET: OnceLock<InstructionSet> = OnceLock::new();
    *SET.get_or_init(detect)
}

#[cfg(target_arch = "x86_64")]
fn detect() -> InstructionSet {
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx512, is_x86_feature_detected!("avx2")) {
        (true, _) => InstructionSet::Avx512,
        (false, true) => InstructionSet::Avx2,
        _ => InstructionSet::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> InstructionSet {
    InstructionSet::Baseline
}

/// Runs `work`, compiled for the best instruction set of this machine. `work` and what it calls must be
/// `#[inline(always)]` to be compiled anew.
#[inline(always)]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    match instruction_set() {
        // SAFETY: the features were detected on this machine.
        InstructionSet::Avx512 => return unsafe { with_avx512(work) },
        // SAFETY: as above.
        InstructionSet::Avx2 => return unsafe { with_avx2(work) },
        InstructionSet::Baseline => {}
    }
    work()
}

/// Whether the machine multiplies and adds with one rounding at full speed.
pub fn fusing() -> bool {
    static FUSING: OnceLock<bool> = OnceLock::new();
    *FUSING.get_or_init(detect_fusing)
}

#[cfg(target_arch = "x86_64")]
fn detect_fusing() -> bool {
    instruction_set() != InstructionSet::Baseline && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn detect_fusing() -> bool {
    false
}

/// As [`vectorised`], on a machine that is [`fusing`]: `work` may use fused multiply-adds.
#[inline(always)]
pub fn vectorised_fused<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    match (instruction_set(), fusing()) {
        // SAFETY: the features were detected on this machine; AVX-512 implies fused multiply-adds.
        (InstructionSet::Avx512, _) => return unsafe { with_avx512(work) },
        // SAFETY: as above.
        (InstructionSet::Avx2, true) => return unsafe { with_avx2_fma(work) },
        _ => {}
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2_fma<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}
