//! How what plastic weights in rank form remember is cut into cores.

use std::ops::Range;

use super::tiling::runs;
use crate::spec::CoreSpec;

/// What a core remembers of past steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Of what.
    pub of: Remembered,
    /// Past steps.
    pub steps: usize,
    /// Blocks of inputs whose scores a core with values takes.
    pub blocks: usize,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Presynaptic factors of its inputs.
    Keys,
    /// Postsynaptic factors of its neurons.
    Values,
}

/// A layer's keys and values in cores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTiling {
    /// Past steps.
    pub steps: usize,
    /// Inputs of each core with keys.
    pub keys: Vec<Range<usize>>,
    /// Neurons of each core with values.
    pub values: Vec<Range<usize>>,
}

/// The fewest cores with keys of so many inputs and values of so many neurons; `key_bytes`: of a key of one input.
///
/// # Errors
/// Which limit of a core is too small.
pub fn past_tiling(
    [inputs, outputs]: [usize; 2],
    steps: usize,
    key_bytes: u64,
    core: &CoreSpec,
) -> Result<PastTiling, String> {
    if steps == 0 {
        return Ok(PastTiling { steps, keys: Vec::new(), values: Vec::new() });
    }
    let (axons, rows, bytes) = (core.axons.value, core.neurons.value, core.weight_bytes.value);
    let step_count = steps as u64;
    if step_count > rows {
        return Err(format!("keys of {steps} past steps need {steps} neurons of a core, it has {rows}"));
    }
    let held = |of_step: u64| bytes / (step_count * of_step).max(1);
    let width = |most: u64| usize::try_from(most).unwrap_or(usize::MAX);
    let past_memory = |what| format!("{what} of {steps} past steps need more than the {bytes} bytes of a core");
    let keys = runs(inputs, width(held(key_bytes).min(axons))).ok_or_else(|| past_memory("keys"))?;
    let values = runs(outputs, width(held(1).min(rows))).ok_or_else(|| past_memory("values"))?;
    let taken = (keys.len() as u64).saturating_mul(step_count);
    if taken > axons {
        let blocks = keys.len();
        return Err(format!(
            "values of {steps} past steps take scores of {blocks} cores with keys each, {taken} axons of a core, it has {axons}"
        ));
    }
    Ok(PastTiling { steps, keys, values })
}

impl PastTiling {
    /// Cores that it takes.
    pub fn cores(&self) -> usize {
        self.keys.len() + self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ChipSpec;

    /// 784 inputs in four blocks of 196 and 512 neurons in two of 256; of nine past steps 3,528 bytes of keys, and 4 · 9 axons.
    #[test]
    fn cores_of_the_reference_network() {
        let core = ChipSpec::preset("tianjic-lp").unwrap().core;
        let found = past_tiling([784, 512], 9, 2, &core).unwrap();
        assert_eq!((found.keys.len(), found.values.len(), found.cores()), (4, 2, 6));
        assert_eq!(found.keys[3], 588..784);
        assert_eq!(past_tiling([784, 512], 0, 2, &core).unwrap().cores(), 0);
    }

    /// Each limit in turn: 64 steps of four blocks fill the 256 axons; memory splits what is remembered into more cores, until their
    /// scores are too many; neurons; bytes.
    #[test]
    fn what_is_past_a_core_is_said() {
        let mut core = ChipSpec::preset("tianjic-lp").unwrap().core;
        assert!(past_tiling([784, 512], 64, 2, &core).is_ok());
        let said = |inputs, steps, core: &_, needle: &str| {
            let error = past_tiling([inputs, 512], steps, 2, core).unwrap_err();
            assert!(error.contains(needle), "{error}");
        };
        said(784, 65, &core, "260 axons of a core, it has 256");
        said(10, 257, &core, "need 257 neurons of a core, it has 256");
        core.weight_bytes.value = 900;
        let small = past_tiling([784, 512], 9, 2, &core).unwrap();
        assert_eq!((small.keys.len(), small.values.len()), (16, 6));
        assert!(small.keys.iter().all(|block| block.len() * 18 <= 900));
        core.weight_bytes.value = 17;
        said(784, 9, &core, "keys of 9 past steps need more than the 17 bytes");
    }
}
