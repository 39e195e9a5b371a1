//! The machine and the build, for records and `glocal doctor`: nothing here enters a result.

use std::thread::available_parallelism;

use glocal_core::simd::{InstructionSet, fusing, instruction_set};
use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// How this program was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Version of the program.
    pub version: String,
    /// What it was compiled for.
    pub target: String,
    /// The compiler's optimisation level: 0 to 3, s or z.
    pub opt_level: String,
    /// The compiler.
    pub compiler: String,
}

/// What a program runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor; absent where the system does not tell.
    pub processor: Option<String>,
    /// Threads that run at once.
    pub cores: usize,
    /// Memory in bytes; absent where the system does not tell.
    pub memory_bytes: Option<u64>,
    /// Operating system.
    pub system: String,
    /// What elementwise loops are compiled for: `baseline`, `avx2` or `avx512`.
    pub instruction_set: String,
    /// What matrix products and loops may use, of those that the program asks for.
    pub features: Vec<String>,
}

/// What a record says of the process that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// How the program was built.
    pub build: Build,
    /// What it ran on.
    pub machine: Machine,
}

impl Build {
    /// That of this program.
    pub fn of_this_program() -> Build {
        Build {
            version: env!("CARGO_PKG_VERSION").into(),
            target: env!("GLOCAL_TARGET").into(),
            opt_level: env!("GLOCAL_OPT_LEVEL").into(),
            compiler: env!("GLOCAL_RUSTC").into(),
        }
    }
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        let kinds = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
        let system = System::new_with_specifics(kinds.with_memory(MemoryRefreshKind::nothing().with_ram()));
        let model = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        let instruction_set = match instruction_set() {
            InstructionSet::Baseline => "baseline",
            InstructionSet::Avx2 => "avx2",
            InstructionSet::Avx512 => "avx512",
        };
        Machine {
            processor: model.filter(|model| !model.is_empty()),
            cores: available_parallelism().map_or(1, usize::from),
            memory_bytes: Some(system.total_memory()).filter(|&bytes| bytes > 0),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instruction_set: instruction_set.into(),
            features: features(),
        }
    }

    /// Processor, cores and system, in words.
    pub fn in_words(&self) -> String {
        let processor = self.processor.as_deref().unwrap_or("processor");
        format!("{processor}, {} cores, {}", self.cores, self.system)
    }
}

impl Environment {
    /// Of this process.
    pub fn here() -> Environment {
        Environment { build: Build::of_this_program(), machine: Machine::this() }
    }
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", fusing()),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512cd", is_x86_feature_detected!("avx512cd")),
        ("avx512dq", is_x86_feature_detected!("avx512dq")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
    ];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<String> {
    if fusing() { vec!["fma".into()] } else { Vec::new() }
}
