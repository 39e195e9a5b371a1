//! Whether a run can fit this machine at all: a refusal beforehand instead of a process killed half-way.

use glocal_core::LearningRule;

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::machine::Machine;

/// Refuses a run whose arrays cannot fit the machine's memory; says nothing where the memory's size is not known.
///
/// # Errors
/// Both sizes.
pub fn check(config: &RunConfig, samples: usize) -> Result<(), GlocalError> {
    let (needed, there) = (least_bytes(config, samples), Machine::this().memory_bytes);
    match there {
        Some(there) if needed > there as f64 => Err(GlocalError::Usage {
            message: format!(
                "the run needs at least {:.1} GB of memory, this machine has {:.1}",
                gigabytes(needed),
                gigabytes(there as f64)
            ),
            hint: "lower training.batch_size, training.eval_batch, learner.network.steps or the layers' sizes".into(),
        }),
        _ => Ok(()),
    }
}

fn gigabytes(bytes: f64) -> f64 {
    bytes / 1e9
}

/// A lower bound, so that nothing that fits is refused: weights, gradients and two moments of the optimiser, plastic
/// weights and their gradients; of one batch the input, and potential and spikes of every step.
fn least_bytes(config: &RunConfig, samples: usize) -> f64 {
    let network = &config.learner.network;
    let pictures = config.episodes.as_ref().map_or(1, |e| e.ways.saturating_mul(e.shots.saturating_add(e.queries)));
    let batch = config.training.batch_size.max(config.eval_batch()).min(samples) as f64 * pictures as f64;
    let steps = network.steps as f64;
    let input = batch * network.inputs as f64 * if config.is_constant_input() { 1.0 } else { steps };
    let layer = |index: usize| {
        // A convolution keeps its currents, and pooled spikes of each step.
        if network.layers[index].convolution().is_some() {
            return batch * network.layer_neurons(index) as f64;
        }
        let size = network.layers[index].size as f64;
        let synapses = size * network.layer_inputs(index) as f64;
        let matrices = if network.layer_rule(index) == LearningRule::Global { 4.0 } else { 6.0 };
        matrices * synapses + 2.0 * steps * batch * size
    };
    let numbers = input + (0..network.layers.len()).map(layer).sum::<f64>();
    numbers * size_of::<f32>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::fashion_demo;

    #[test]
    fn by_hand() {
        // 784-512-10, T = 10, B = 100, constant input: 100·784 + 4·784·512 + 2·10·100·512 + 4·512·10 + 2·10·100·10
        // = 78,400 + 1,605,632 + 1,024,000 + 20,480 + 20,000 numbers of 4 bytes.
        let config = fashion_demo::config(LearningRule::Global, &[]).unwrap();
        assert_eq!(least_bytes(&config, 60_000), 4.0 * 2_748_512.0);
        assert!(check(&config, 60_000).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_no_machine_holds_is_refused() {
        let overrides =
            ["learner.network.steps=100000", "training.batch_size=1000000000", "learner.network.layers.0.size=2000000"];
        let config = fashion_demo::config(LearningRule::Global, &overrides.map(str::to_owned)).unwrap();
        let error = check(&config, 60_000).unwrap_err();
        assert!(error.to_string().contains("this machine has"), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
}
