//! Networks in the neuromorphic intermediate representation (NIR), a graph of nodes in an HDF5 file that many simulators and
//! chips read.
//!
//! ```text
//! Learner -> export -> Graph -> to_bytes -> file        a trained network for other tools
//! file -> read -> Graph -> import -> Learner            another tool's network, or our own, to the bit
//!                       -> Interpreter -> spikes        any supported graph, node by node
//! ```
//!
//! What is exact and what is not: `docs/nir.md`.
//!
//! References: Pedersen et al., "Neuromorphic intermediate representation: a unified instruction set for interoperable
//! brain-inspired computing", Nat. Commun. 15:8122 (2024), doi 10.1038/s41467-024-52259-9.

pub mod error;
pub mod export;
pub mod file;
pub mod graph;
pub mod import;
pub mod run;
pub mod tensor;
pub mod tree;

pub use error::{NirError, Problem};
pub use export::{Export, ExportOptions, Reader, export};
pub use file::{inspect, read, to_bytes};
pub use graph::{Graph, Node};
pub use import::{ImportOptions, Imported, Origin, import};
pub use run::{Discretisation, Interpreter, Run, run};
pub use tensor::Tensor;
