//! Which execution of plastic weights runs: chosen from shapes and state alone, so that every machine and thread count
//! chooses the same.

use super::dense::Plastic;
use super::presynaptic::plane;
use crate::config::{Execution, Sharing};
use crate::scalar::Float;

/// What the choice depends on besides the clamp.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub wanted: Execution,
    pub sharing: Sharing,
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub steps: usize,
    pub constant: bool,
    /// The gain is one number per neuron at most, the rule does not forget, no eligibility is carried over the scan's
    /// ends, and no P per sample is kept beyond the sample.
    pub low_rank_possible: bool,
}

/// Multiply-adds of forward and backward scan, dense and low-rank.
///
/// # Equation
/// dense: 5 T B I O. Low-rank, constant input: the products with P_0 and P_T, 2 B I O, and the Gram matrix, 3 B² I, once;
/// 3 T B² O in the scan. Series: 2 T B I O, and 3 (T²/2) B² (I + O). Samples that share nothing have Gram blocks of size 1 and no
/// products with P_0 and P_T.
pub(super) fn costs(case: &Case) -> (f64, f64) {
    let Case { batch, inputs, outputs, steps, .. } = *case;
    let (b, i, o, t) = (batch as f64, inputs as f64, outputs as f64, steps as f64);
    let dense = 5.0 * t * b * i * o;
    let (block, matrices) = match case.sharing {
        Sharing::Batch => (b * b, 2.0 * b * i * o),
        Sharing::PerSample => (b, 0.0),
    };
    let low_rank = if case.constant {
        matrices + 3.0 * block * i + 3.0 * t * block * o
    } else {
        t * matrices + 1.5 * t * t * block * (i + o)
    };
    (dense, low_rank)
}

/// Dense or low-rank, never low-rank where a clamp could be reached.
pub(super) fn choose<F: Float>(
    case: &Case,
    plastic: &Plastic<'_, F>,
    post_bound: Option<f64>,
    weight: &[F],
) -> Execution {
    let (dense, low_rank) = costs(case);
    let wanted = match case.wanted {
        Execution::Auto => low_rank < dense,
        wanted => wanted == Execution::LowRank,
    };
    let exact = || plastic.clamp.is_none_or(|clamp| stays_inside(case, plastic, clamp, post_bound, weight));
    if wanted && case.low_rank_possible && exact() { Execution::LowRank } else { Execution::Dense }
}

/// Distance to the clamp that rounding cannot bridge.
const MARGIN: f64 = 1.0 - 1e-3;

/// Whether |P_t| provably stays inside the clamp for the whole scan.
///
/// # Equation
/// |P_t,oi| <= d^t max_o |P_0,oi| + A |local_learning_rate_i| Σ_r max_u mean_b |φ_{r,u,bi}| Σ_u |mix\[t\]\[u\] κ_{r,u}|, A the bound of
/// the postsynaptic factors (the largest sample instead of the mean where samples do not share P).
fn stays_inside<F: Float>(
    case: &Case,
    plastic: &Plastic<'_, F>,
    clamp: F,
    post_bound: Option<f64>,
    weight: &[F],
) -> bool {
    let Some(bound) = post_bound else { return false };
    let steps = case.steps;
    let start = column_maxima(weight, case.inputs);
    let inputs: Vec<Vec<f64>> = (0..plastic.terms).map(|term| input_sizes(case, plastic, term)).collect();
    let growth: Vec<Vec<f64>> = (0..plastic.terms).map(|term| growths(plastic, term, steps)).collect();
    let limit = clamp.to_f64() * MARGIN;
    (1..=steps).all(|t| {
        let carry = plastic.coefficients.carry[t].to_f64();
        (0..case.inputs).all(|i| {
            let update: f64 = inputs.iter().zip(&growth).map(|(size, growth)| size[i] * growth[t]).sum();
            carry * start[i] + bound * plastic.rate[i].to_f64().abs() * update <= limit
        })
    })
}

/// max_o |P_oi|.
fn column_maxima<F: Float>(weight: &[F], inputs: usize) -> Vec<f64> {
    let mut top = vec![F::of(0.0); inputs];
    for row in weight.chunks_exact(inputs) {
        crate::rows::grow(&mut top, row);
    }
    top.into_iter().map(|x| x.to_f64()).collect()
}

/// max_u mean_b |φ_{r,u,bi}|, or the maximum over b as well.
fn input_sizes<F: Float>(case: &Case, plastic: &Plastic<'_, F>, term: usize) -> Vec<f64> {
    let planes = if case.constant { 1 } else { case.steps };
    let mut top = vec![F::of(0.0); case.inputs];
    for t in 0..planes {
        let phi = plastic.pre.factor(term, t);
        match case.sharing {
            Sharing::PerSample => (0..case.batch).for_each(|b| crate::rows::grow(&mut top, plane(phi, b, case.inputs))),
            Sharing::Batch => {
                let mut sum = vec![F::of(0.0); case.inputs];
                (0..case.batch).for_each(|b| crate::rows::add_size(&mut sum, plane(phi, b, case.inputs)));
                crate::rows::scale(&mut sum, F::of(1.0 / case.batch as f64));
                crate::rows::grow(&mut top, &sum);
            }
        }
    }
    top.into_iter().map(|x| x.to_f64()).collect()
}

/// Σ_u |mix\[t\]\[u\] κ_{r,u}| for t = 0..=T.
fn growths<F: Float>(plastic: &Plastic<'_, F>, term: usize, steps: usize) -> Vec<f64> {
    let scale = |u: usize| plastic.pre.factor_scale(term, u).to_f64().abs();
    (0..=steps).map(|t| (0..t).map(|u| plastic.coefficients.mix(t, u).to_f64().abs() * scale(u)).sum()).collect()
}
