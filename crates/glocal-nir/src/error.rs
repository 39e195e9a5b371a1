//! What can be wrong.

use std::fmt;

use glocal_core::CoreError;
use thiserror::Error;

/// Errors of `glocal-nir`.
#[derive(Debug, Error)]
pub enum NirError {
    /// The bytes are no HDF5 file, or a damaged one.
    #[error("{place} cannot be read as HDF5: {message}")]
    Hdf5 {
        /// Path inside the file; `the file` for the whole.
        place: String,
        /// What the reader said.
        message: String,
    },
    /// A file that claims to hold more than its size allows.
    #[error("{place} claims {claimed} bytes; a file of {size} bytes can hold {limit} at most")]
    TooLarge {
        /// Path inside the file.
        place: String,
        /// Bytes that the file would unpack to, up to here.
        claimed: u128,
        /// Bytes of the file.
        size: usize,
        /// Bytes that it can unpack to.
        limit: u128,
    },
    /// Everything that is wrong with a graph, at once.
    #[error("the graph is not valid NIR:\n{}", lines(.0))]
    Graph(Vec<Problem>),
    /// Everything in a network that NIR cannot say, at once.
    #[error("the network cannot be exported:\n{}", lines(.0))]
    NotExportable(Vec<Problem>),
    /// Everything that would be an approximation, where only the exact is asked for.
    #[error("the export would only be approximate:\n{}", lines(.0))]
    Approximate(Vec<Problem>),
    /// Everything in a graph that the engine has no layer for, at once.
    #[error("the graph does not fit the engine's layers:\n{}", lines(.0))]
    NotImportable(Vec<Problem>),
    /// Everything in a graph that the interpreter cannot run, at once.
    #[error("the graph cannot be run:\n{}", lines(.0))]
    NotRunnable(Vec<Problem>),
    /// An input of another size than the graph's.
    #[error("{found} input values given, the graph takes {expected} at each step")]
    Input {
        /// Values of a step.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// Time constants in seconds, and nobody says how long a step is.
    #[error("NIR keeps no time step, and time constants are in seconds: dt is needed")]
    NoTimeStep,
    /// An option that makes no sense.
    #[error("{name} = {value}: {message}")]
    Option {
        /// The option.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        message: &'static str,
    },
    /// The graph is not that of the network kept beside it.
    #[error("the graph was changed since Glocal wrote it: {nodes} are not those of the network kept in the file")]
    Changed {
        /// Which nodes.
        nodes: String,
    },
    /// The science refused.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// One thing that is wrong, or cannot be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which node, or which layer of a network.
    pub place: String,
    /// Which attribute of it, where it is one.
    pub attribute: Option<String>,
    /// What is wrong, with its values.
    pub message: String,
}

impl Problem {
    /// Something about a whole node or layer.
    pub fn of(place: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { place: place.into(), attribute: None, message: message.into() }
    }

    /// Something about an attribute.
    pub fn at(place: impl Into<String>, attribute: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { place: place.into(), attribute: Some(attribute.into()), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.attribute {
            Some(attribute) => write!(f, "{}.{attribute}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

impl NirError {
    /// What would help.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            NirError::Hdf5 { .. } => {
                "was it cut short in a transfer? then fetch it again; files in the latest formats (`libver=\"latest\"`) are \
                 better written without that"
            }
            NirError::TooLarge { .. } => "the file is damaged: fetch it again",
            NirError::Graph(_) => {
                "write the graph again with the tool that made it; `nir.read` of the Python package refuses such graphs, too"
            }
            NirError::NotExportable(_) => "NIR has no words for these; train a network without them",
            NirError::Approximate(_) => {
                "leave --strict away to export all the same: the file will say what is approximate"
            }
            NirError::NotImportable(_) => "`glocal nir run` computes what the graph does, node by node",
            NirError::NotRunnable(_) => "bring these nodes into a supported form with the tool that made the file",
            NirError::Input { .. } => "give one line for each time step, with one value for each input",
            NirError::NoTimeStep => {
                "snnTorch takes --dt 1e-4, norse 1e-3 unless told; files of sinabs count steps: --sinabs"
            }
            NirError::Option { .. } => "correct the value and run again",
            NirError::Changed { .. } => {
                "take the graph as it is now, without the network kept beside it, by --graph-only"
            }
            NirError::Core(error) => return error.hint().map(str::to_owned),
        };
        Some(hint.into())
    }
}
