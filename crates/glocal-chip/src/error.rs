//! What can be wrong.

use std::fmt;

use thiserror::Error;

use crate::network::PlasticForm;
use crate::place::Position;
use crate::route::Link;

/// Why a network cannot be brought to the chip.
#[derive(Debug, Error)]
pub enum ChipError {
    /// Everything about a network that the chip cannot do, at once.
    #[error("the network cannot be quantised:\n{}", lines(.0))]
    Unquantisable(Vec<Obstacle>),
    /// Everything for which plastic weights cannot take a form, at once.
    #[error("plastic weights cannot move in the form `{form}`:\n{}", lines(.obstacles))]
    NoForm {
        /// The form.
        form: PlasticForm,
        /// What stands in the way.
        obstacles: Vec<Obstacle>,
    },
    /// A description of a chip that cannot be read.
    #[error("the chip's description cannot be read: {0}")]
    Unreadable(String),
    /// Everything in a description that contradicts itself, at once.
    #[error("the chip's description contradicts itself:\n{}", lines(.0))]
    Contradictory(Vec<Obstacle>),
    /// Everything about a network that does not fit the chip, at once.
    #[error("the network does not fit {chip}:\n{}", lines(.obstacles))]
    DoesNotFit {
        /// The chip.
        chip: String,
        /// What stands in the way.
        obstacles: Vec<Obstacle>,
    },
    /// An input of another size than the network's.
    #[error("{found} input values given, the network takes {expected} at each of {steps} steps")]
    Input {
        /// Values of a step.
        expected: usize,
        /// Steps; a constant input may be given once.
        steps: usize,
        /// Values given.
        found: usize,
    },
    /// A network that meets its classes in episodes shown a sample of its own, or the other way about.
    #[error("the network {}", if *in_episodes { "meets its classes in episodes: a sample by itself has no answer" } else { "knows its own classes: it stores no others" })]
    Episodes {
        /// Whether it meets its classes in episodes.
        in_episodes: bool,
    },
    /// Another number of pictures than was planned for.
    #[error("{found} pictures of an episode given, {expected} were planned for")]
    Pictures {
        /// Planned.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// A label that no neuron stands for.
    #[error("a picture of class {label}, the read-out has {ways} neurons")]
    Label {
        /// The label.
        label: u32,
        /// Neurons.
        ways: usize,
    },
    /// Traffic of a core that is not there.
    #[error("traffic names core {core} of {cores} cores")]
    NoSuchCore {
        /// Its number.
        core: usize,
        /// Cores.
        cores: usize,
    },
    /// Traffic that is no number of packets.
    #[error("a flow to core {to} has {packets} packets")]
    Packets {
        /// The receiver.
        to: usize,
        /// What was given.
        packets: f64,
    },
    /// A place that the machine does not have.
    #[error("column {}, row {} is outside a machine of {columns} columns and {rows} rows", .at.column, .at.row)]
    Outside {
        /// The place.
        at: Position,
        /// Columns of the machine.
        columns: u32,
        /// Its rows.
        rows: u32,
    },
    /// Counts of packets that do not belong to these routes.
    #[error("{found} counts of packets given, there are {expected} casts")]
    Counts {
        /// Casts that were routed.
        expected: usize,
        /// Counts given.
        found: usize,
    },
    /// Dead links on every way.
    #[error("no way leads from {from} to {to}: {link} is dead, and so is every detour")]
    Unreachable {
        /// From.
        from: Position,
        /// To.
        to: Position,
        /// The first dead link of the way that would be taken.
        link: Link,
    },
    /// More traffic than is simulated or counted.
    #[error("{packets} packets in a phase are more than the {most} that can be {done}")]
    TooManyPackets {
        /// Packets to be delivered.
        packets: u64,
        /// The most.
        most: u64,
        /// What was to be done with them.
        done: &'static str,
    },
    /// Cores so far apart that the routers between them would take too much memory.
    #[error("{routers} routers lie in the rectangle of the cores used, at most {most} are simulated")]
    TooManyRouters {
        /// Routers.
        routers: u64,
        /// The most.
        most: u64,
    },
    /// A phase of more clocks than are counted.
    #[error("{delivered} of {packets} packets arrived within {cycles} clocks")]
    Late {
        /// Clocks.
        cycles: u64,
        /// Packets that arrived.
        delivered: u64,
        /// Packets to be delivered.
        packets: u64,
    },
}

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Where: `layers.2`, or the network's own key.
    pub place: String,
    /// What the chip cannot do, with its numbers.
    pub what: String,
    /// What would help.
    pub hint: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}: {}", self.place, self.what)
    }
}

fn lines(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("\n")
}

impl ChipError {
    /// What usually helps.
    pub fn hint(&self) -> String {
        match self {
            ChipError::Unquantisable(obstacles)
            | ChipError::Contradictory(obstacles)
            | ChipError::NoForm { obstacles, .. }
            | ChipError::DoesNotFit { obstacles, .. } => {
                let mut hints: Vec<&str> = Vec::new();
                for obstacle in obstacles {
                    if !hints.contains(&obstacle.hint.as_str()) {
                        hints.push(&obstacle.hint);
                    }
                }
                hints.join("; ")
            }
            ChipError::Unreadable(_) => {
                let known: Vec<&str> = crate::spec::ChipSpec::presets().collect();
                format!("begin with a description that is built in ({}): `glocal chip show NAME`", known.join(", "))
            }
            ChipError::Episodes { in_episodes: true } => "store a support, then ask about queries".into(),
            ChipError::Episodes { in_episodes: false } => "bring a network that learnt in episodes".into(),
            ChipError::Pictures { .. } => "give episodes of one size".into(),
            ChipError::Label { .. } => {
                "number an episode's classes from 0, at most as many as the read-out's neurons".into()
            }
            ChipError::NoSuchCore { .. } => "number cores from 0 on, as the mapping does".into(),
            ChipError::Packets { .. } => "give a finite number from 0 on".into(),
            ChipError::Outside { .. } => "place cores on the machine that is described".into(),
            ChipError::Counts { .. } => "give one count for each cast, in their order".into(),
            ChipError::Unreachable { .. } => "place no cores behind dead links: name them as dead".into(),
            ChipError::TooManyPackets { .. } | ChipError::Late { .. } => "look at shorter phases".into(),
            ChipError::TooManyRouters { .. } => "place the cores closer to each other and to the host".into(),
            ChipError::Input { .. } => "is this the data set that the network was trained on?".into(),
        }
    }
}
