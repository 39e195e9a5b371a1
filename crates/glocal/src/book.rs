//! The chapters of the book that show Rust, so that `cargo test --doc` compiles and runs it.

#[doc = include_str!("../../../docs/book/src/one-neuron.md")]
mod one_neuron {}
#[doc = include_str!("../../../docs/book/src/network.md")]
mod network {}
#[doc = include_str!("../../../docs/book/src/plasticity.md")]
mod plasticity {}
#[doc = include_str!("../../../docs/book/src/own-data.md")]
mod own_data {}
#[doc = include_str!("../../../docs/book/src/own-rule.md")]
mod own_rule {}
