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
//! ```
//! use glocal_nir::{Discretisation, Graph, Node, Tensor, read, run, to_bytes};
//!
//! // v ← v + 1/4 (I - v), above 1/2 after three steps of I = 1: 1/4, 7/16, 37/64.
//! let one = |value| Tensor::filled(1, value);
//! let lif = Node::Lif { tau: one(4e-4), r: one(1.0), v_leak: one(0.0), v_threshold: one(0.5), v_reset: one(0.0) };
//! let graph = Graph::chain(vec![
//!     ("input".into(), Node::Input { shape: vec![1] }),
//!     ("lif".into(), lif),
//!     ("output".into(), Node::Output { shape: vec![1] }),
//! ]);
//! let read_back = read(&to_bytes(&graph)?)?;
//! let found = run(&read_back, &[1.0; 4], Discretisation::Euler { dt: 1e-4 })?;
//! assert_eq!(found.output, [0.0, 0.0, 1.0, 0.0]);
//! # Ok::<(), glocal_nir::NirError>(())
//! ```
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
