//! Which forms a network's plastic weights can take.

use glocal_core::plasticity::{PostFactor, RuleConfig};

use crate::error::{ChipError, Obstacle};
use crate::integer::rank::{MOST_FACTOR, shares};
use crate::network::{PLASTIC_FRACTION, PlasticForm, QuantizedNetwork, QuantizedPlasticity};

impl QuantizedNetwork {
    /// The same network with its plastic weights in another form.
    ///
    /// # Errors
    /// For the rank form, every layer where it is not what the matrix would be: where a clamp could be reached, or the rule is no sum
    /// of products of a factor of each neuron and one of each input.
    pub fn in_form(mut self, form: PlasticForm) -> Result<QuantizedNetwork, ChipError> {
        let mut obstacles = Vec::new();
        let layers = self.layers.iter_mut().enumerate();
        for (index, plasticity) in layers.filter_map(|(index, layer)| Some((index, layer.plasticity.as_mut()?))) {
            if plasticity.readout.is_some() && form != PlasticForm::OnChip {
                let what = "its plastic weights store an episode's classes, which cores alone do".to_owned();
                let hint = "move them in the form on-chip".to_owned();
                obstacles.push(Obstacle { place: format!("layers.{index}"), what, hint });
            } else if form == PlasticForm::Rank {
                obstacles.extend(no_rank_form(plasticity).map(|(what, hint)| {
                    let place = format!("layers.{index}");
                    Obstacle { place, what, hint: format!("{hint}, or move the plastic weights in another form") }
                }));
            }
            plasticity.form = form;
        }
        if obstacles.is_empty() { Ok(self) } else { Err(ChipError::NoForm { form, obstacles }) }
    }
}

/// Why plastic weights have no rank form, and what would help.
fn no_rank_form(plasticity: &QuantizedPlasticity) -> Option<(String, &'static str)> {
    if !matches!(plasticity.rule, RuleConfig::Hebbian { post: PostFactor::Tanh | PostFactor::Identity, .. }) {
        let what = "its rule is no product of a factor of each neuron and one of each input".to_owned();
        return Some((what, "use the Hebbian rule with tanh or identity"));
    }
    if let Some((input, step, largest)) = past_the_clamp(plasticity) {
        let unit = f64::from(1_u32 << PLASTIC_FRACTION);
        let what = format!(
            "the clamp could be reached, which the rank form does not know: a plastic weight of input {input} could come \
             to {:.3} after step {step}, its clamp is {:.3}",
            largest as f64 / unit,
            f64::from(plasticity.bound) / unit
        );
        return Some((what, "train with smaller local learning rates (`rate_bounds`) or a larger `clamp`"));
    }
    let factors = [MOST_FACTOR, i64::from(plasticity.most_input), 1 << 15, i64::from(MOST_POST)];
    let counts = [plasticity.rate.len() as i64, plasticity.phase.len() as i64];
    let most = factors.into_iter().chain(counts).try_fold(1_i64, i64::checked_mul);
    most.is_none_or(|most| most >= 1 << 62)
        .then(|| ("its sums could need more than 62 bits".to_owned(), "use fewer inputs or steps"))
}

/// Largest magnitude of a postsynaptic factor.
const MOST_POST: i32 = 127;

/// The first input and step after which a plastic weight could be past its clamp whatever is seen, and how far.
///
/// # Equation
/// |H_oi(t)| <= share_t |H_oi(0)| + Σ_{s<t} share_{t-1-s} · 127 · max |pre_is|, for every t.
fn past_the_clamp(plasticity: &QuantizedPlasticity) -> Option<(usize, usize, i64)> {
    let steps = plasticity.phase.len();
    let shares = shares(plasticity.decay, steps);
    let mut begins = vec![0_i64; plasticity.rate.len()];
    for row in plasticity.start.chunks_exact(plasticity.rate.len().max(1)) {
        begins.iter_mut().zip(row).for_each(|(most, &h)| *most = i64::from(h).abs().max(*most));
    }
    // Products of factors come to the fraction of H · share.
    let raised = i64::from(MOST_POST) << plasticity.shift();
    for (input, (&begin, &rate)) in begins.iter().zip(&plasticity.rate).enumerate() {
        let pre = |step| plasticity.most_factor(rate, step) * raised;
        let pre: Vec<i64> = (0..steps).map(pre).collect();
        for t in 1..=steps {
            let moved: i64 = (0..t).map(|s| (i64::from(shares[t - 1 - s]) * pre[s]) >> 15).map(|part| part + 1).sum();
            // A part is rounded up; nothing is added where nothing moves.
            let moved = if rate == 0 { 0 } else { moved };
            let largest = i64::from(shares[t]) * begin + moved;
            if largest > i64::from(plasticity.bound) << 15 {
                return Some((input, t - 1, largest >> 15));
            }
        }
    }
    None
}
