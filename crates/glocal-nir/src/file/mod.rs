//! NIR files: bytes to graphs and back.

mod decode;
mod encode;
mod hdf5;

use std::collections::BTreeSet;

use crate::error::{NirError, Problem};
use crate::graph::{Graph, check};
use crate::tree::Tree;

/// A container of named values. The only one is HDF5; the trait keeps its crate in one file.
trait Container {
    /// Everything in the file.
    fn tree(bytes: &[u8]) -> Result<Tree, NirError>;
    /// A file with everything in it.
    fn bytes(tree: &Tree) -> Result<Vec<u8>, NirError>;
}

/// The graph in a NIR file.
///
/// # Errors
/// Bytes that are no HDF5 file or a damaged one, a file that claims to hold more than its size allows, and everything that
/// [`check`] finds in the graph, at once.
pub fn read(bytes: &[u8]) -> Result<Graph, NirError> {
    let (graph, problems) = inspect(bytes)?;
    if problems.is_empty() { Ok(graph) } else { Err(NirError::Graph(problems)) }
}

/// What can be made out of a NIR file, with everything that is wrong in it: to show files that [`read`] refuses.
///
/// # Errors
/// Bytes that are no HDF5 file or a damaged one, or that hold no graph.
pub fn inspect(bytes: &[u8]) -> Result<(Graph, Vec<Problem>), NirError> {
    let (graph, mut problems) = decode::graph(&hdf5::Hdf5::tree(bytes)?)?;
    if let Err(found) = check(&graph.flattened()) {
        // What is wrong with a node's fields has been said; what follows from it need not be.
        let said: BTreeSet<String> = problems.iter().map(|problem| problem.place.clone()).collect();
        problems.extend(found.into_iter().filter(|problem| !said.contains(&problem.place)));
    }
    Ok((graph, problems))
}

/// The bytes of a NIR file with `graph`. Equal graphs make equal bytes.
///
/// # Errors
/// The graph is not valid.
pub fn to_bytes(graph: &Graph) -> Result<Vec<u8>, NirError> {
    check(&graph.flattened()).map_err(NirError::Graph)?;
    hdf5::Hdf5::bytes(&encode::file(graph))
}
