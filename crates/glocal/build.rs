//! What this build is, for records of runs: nothing of the checkout it was built from.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "unknown".into());
    println!("cargo::rustc-env=GLOCAL_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=GLOCAL_OPT_LEVEL={}", variable("OPT_LEVEL"));
    println!("cargo::rustc-env=GLOCAL_RUSTC={}", compiler(&variable("RUSTC")));
}

fn compiler(rustc: &str) -> String {
    let version =
        Command::new(rustc).arg("--version").output().ok().and_then(|said| String::from_utf8(said.stdout).ok());
    version.map_or("unknown".into(), |version| version.trim().to_owned())
}
