//! The continual-learning network of `glocal bench`: a mask leaves 3 % of the trained synapses, plastic weights stand beside.

use glocal_core::config::{Execution, LearnerConfig, Sharing};
use glocal_core::{Input, Learner};

use super::{BATCH, Data, Least, median_ms};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::experiments::continual;

/// Steps that are enough where each takes seconds.
const FEW: Least = Least { before: 1, counted: 3 };

/// What is measured, in words.
pub(super) fn name() -> String {
    format!("784-1024-1024-10, T=3, batch {BATCH}, 3 % of the synapses trained")
}

/// Time of the hybrid step over synapses alone, and of the same step executed densely.
///
/// # Errors
/// What training reports.
pub(super) fn step_ms(data: &Data, sharing: Sharing, seconds: f64) -> Result<[f64; 2], GlocalError> {
    let measure = |execution, least| {
        let mut learner = Learner::<f32>::new(config(sharing, execution)?, 1)?;
        let step = || learner.step(Input::Constant(&data.x), &data.labels).map(|_| ());
        Ok::<_, GlocalError>(median_ms(least, seconds, step)?)
    };
    // A plastic weight for each sample is a hundred matrices.
    let least = if sharing == Sharing::PerSample { FEW } else { Least::default() };
    Ok([measure(Execution::Auto, Least::default())?, measure(Execution::Dense, least)?])
}

/// The experiment's own network.
fn config(sharing: Sharing, execution: Execution) -> Result<LearnerConfig, GlocalError> {
    let mut config = RunConfig::parse(None, continual::HYBRID, &[])?.learner;
    for plasticity in config.network.layers.iter_mut().filter_map(|layer| layer.plasticity.as_mut()) {
        (plasticity.sharing, plasticity.execution) = (sharing, execution);
    }
    Ok(config)
}
