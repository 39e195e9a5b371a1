//! The continual-learning network of `glocal bench`: a mask leaves 3 % of the trained synapses, plastic weights stand beside.

use glocal_core::config::{Execution, LearnerConfig, Sharing};
use glocal_core::linalg::{Into, Mask, Turned, product};
use glocal_core::view::{MatMut, MatRef};
use glocal_core::{Input, Learner};

use super::{BATCH, Data, Least, median_ms};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::experiments::continual;

/// The experiment's own.
const EXPERIMENTS_BATCH: usize = 128;

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

/// Time of products over the synapses of a layer of 1024 neurons with 3 % of 1024 inputs each, over that of the same products
/// with the whole matrix: x Wᵀ, and dI W with dIᵀ x, of three time steps. `spikes`: x is 0 or 1, a quarter of it 1; else it is
/// other numbers. `block`: neurons and inputs in a row whose synapses come together.
///
/// # Errors
/// None: the form of [`median_ms`].
pub(super) fn product_shares(spikes: bool, block: usize, seconds: f64) -> Result<[f64; 2], GlocalError> {
    const SIDE: usize = 1024;
    const PLANES: usize = 3;
    let n = PLANES * EXPERIMENTS_BATCH;
    let mask = Mask::draw(SIDE, SIDE, (SIDE * 3 / 100).next_multiple_of(block), block, (0, 0));
    let values = vec![0.5f32; mask.len()];
    let weight = vec![0.5f32; SIDE * SIDE];
    let input = |i: usize| if !spikes { 0.25 } else { f32::from(u8::from((i * 7919).is_multiple_of(4))) };
    let (x, g): (Vec<f32>, _) = ((0..n * SIDE).map(input).collect(), vec![0.125f32; n * SIDE]);
    let (mut y, mut dx) = (vec![0.0f32; n * SIDE], vec![0.0f32; n * SIDE]);
    let (mut dv, mut dw) = (values.clone(), weight.clone());
    let (mut turned_x, mut turned_g) = (Turned::default(), Turned::default());
    let median = |work: &mut dyn FnMut()| {
        let step = || {
            work();
            Ok(())
        };
        median_ms(Least::default(), seconds / 4.0, step)
    };
    let few = median(&mut || {
        let x = mask.input(&x, PLANES, &mut turned_x);
        mask.times_transposed_all(MatMut::new(&mut y, n, SIDE), x, &values);
    })?;
    let (whole, of_x, of_g) = (MatRef::new(&weight, SIDE, SIDE), MatRef::new(&x, n, SIDE), MatRef::new(&g, n, SIDE));
    let all = median(&mut || product(MatMut::new(&mut y, n, SIDE), Into::Replace, 1.0, of_x, whole.t()))?;
    let forward = few / all;
    let few = median(&mut || {
        let g = mask.gradient(&g, PLANES, &mut turned_g);
        mask.outer_all(&mut dv, g, mask.loaded(&x, &turned_x));
        mask.times_all(MatMut::new(&mut dx, n, SIDE), (Into::Replace, 1.0), g, &values);
    })?;
    let all = median(&mut || {
        product(MatMut::new(&mut dw, SIDE, SIDE), Into::Replace, 1.0, of_g.t(), of_x);
        product(MatMut::new(&mut dx, n, SIDE), Into::Replace, 1.0, of_g, whole);
    })?;
    Ok([forward, few / all])
}
