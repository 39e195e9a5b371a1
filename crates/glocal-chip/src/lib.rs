//! Networks of Glocal on a many-core chip.
//!
//! ```text
//! Learner -> quantise -> QuantizedNetwork -> Reference (integers, no chip)
//! QuantizedNetwork -> in_form -> QuantizedNetwork, its plastic weights in another form
//! Learner -> quantise_episodes -> QuantizedNetwork -> Episodes (integers, no chip)
//! flows -> place -> Placement -> route -> Routes -> load, Simulator (clocks of a phase)
//! Activity -> energy -> Energy
//! ```
//!
//! The simulated datapath is integers throughout. Neurons and plasticity rules are those of `glocal-core`, evaluated on the
//! chip's numbers ([`number::Fixed`]).

pub mod energy;
pub mod error;
mod form;
pub mod integer;
pub mod map;
pub mod network;
pub mod noc;
pub mod number;
pub mod place;
pub mod quantise;
pub mod route;
pub mod simulate;
pub mod spec;

pub use error::{ChipError, Obstacle};
pub use network::{
    PlasticForm, QuantizedEpisode, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity, ReadoutPlasticity, Wiring,
};
pub use quantise::{QuantiseOptions, quantise, quantise_episodes};
pub use spec::ChipSpec;
