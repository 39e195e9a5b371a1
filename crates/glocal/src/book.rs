//! The chapters of the book that show Rust, so that `cargo test --doc` compiles and runs it.

#[doc = include_str!("../../../docs/book/one-neuron.md")]
mod one_neuron {}
#[doc = include_str!("../../../docs/book/network.md")]
mod network {}
#[doc = include_str!("../../../docs/book/plasticity.md")]
mod plasticity {}
#[doc = include_str!("../../../docs/book/own-data.md")]
mod own_data {}
#[doc = include_str!("../../../docs/book/own-rule.md")]
mod own_rule {}
