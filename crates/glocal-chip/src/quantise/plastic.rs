//! Plastic weights in integers.

use glocal_core::plasticity::{PostFactor, RuleConfig};

use super::{Source, obstacle};
use crate::error::Obstacle;
use crate::network::{PLASTIC_FRACTION, PlasticForm, QuantizedPlasticity, Wiring};
use crate::number::{Fixed, Multiplier};

/// Largest magnitude of a presynaptic factor.
const MOST_FACTOR: f64 = 32_000.0;

impl Source<'_> {
    pub(super) fn plasticity(&self, wiring: &Wiring, threshold: f64) -> Result<QuantizedPlasticity, Obstacle> {
        let place = format!("layers.{}", self.index);
        let refused = |what: String, hint: &str| Err(obstacle(&place, what, hint));
        let config = self.learner.network().layers()[self.index].plasticity().expect("asked for where there is one");
        let arrays = &self.learner.params()[self.index];
        let (inputs, outputs) = (wiring.inputs(), wiring.channels());
        let unit = f64::from(1_u32 << PLASTIC_FRACTION);
        let bound = libm::rint(config.clamp.unwrap_or(8.0) * unit).clamp(0.0, 32_767.0) as i32;
        let reach = i64::from(bound) * inputs as i64 * i64::from(self.most_input);
        if reach > i64::from(i32::MAX) {
            let what = format!(
                "a sum of {inputs} plastic weights of up to {:.1} could reach {reach}, more than 32 bits",
                f64::from(bound) / unit
            );
            return refused(what, "train with a smaller `clamp` of the plastic weights");
        }
        let post_fraction = if let RuleConfig::Hebbian { post: PostFactor::Tanh, .. } = config.rule { 7 } else { 4 };
        // H · decay has 12 + 15 fractional bits, and post · pre is brought there.
        let most_fraction = PLASTIC_FRACTION + 15 - post_fraction;
        let largest = arrays.local_learning_rate.iter().fold(0.0_f64, |most, &rate| most.max(f64::from(rate).abs()));
        let fits = |fraction: &u32| largest * f64::from(1_u32 << fraction) <= MOST_FACTOR;
        let Some(rate_fraction) = (0..=most_fraction).rev().find(fits) else {
            return refused(format!("its local learning rate of {largest:.3} is too large"), "bound it: `rate_bounds`");
        };
        let term = 127.0 * MOST_FACTOR * f64::from(1_u32 << (most_fraction - rate_fraction));
        if largest > 0.0 && term > f64::from(1 << 30) {
            let what = format!(
                "a step could move a plastic weight by more than 8: the local learning rate reaches {largest:.3}"
            );
            return refused(what, "bound it: `rate_bounds`");
        }
        let input_shift = (self.most_input as u32).ilog2() + u32::from(self.most_input == super::INPUT_LEVELS);
        let of_rate = self.unit * libm::ldexp(1.0, (rate_fraction + input_shift) as i32);
        let phase = self.phase();
        let gain = |k: f64, g: f32| Multiplier::nearest(k * f64::from(g) * self.unit / threshold);
        let gains = phase.iter().flat_map(|&k| arrays.plasticity_gain.iter().map(move |&g| gain(k, g)));
        let Some(gain) = gains.collect::<Option<Vec<Multiplier>>>() else {
            return refused("its plasticity gain is too large".into(), "train with a smaller gain");
        };
        let all_steps = (0..self.config.steps).map(|t| phase[t.min(phase.len() - 1)]);
        Ok(QuantizedPlasticity {
            form: PlasticForm::default(),
            start: self.start(inputs * outputs, bound),
            gain,
            gains: arrays.plasticity_gain.len(),
            rule: config.rule,
            decay: libm::rint(config.decay * 32_768.0) as i32,
            bound,
            sliding_threshold: arrays.sliding_threshold.iter().map(|&s| Fixed::nearest(f64::from(s))).collect(),
            post_fraction,
            rate: arrays.local_learning_rate.iter().map(|&rate| libm::rint(f64::from(rate) * of_rate) as i16).collect(),
            rate_fraction,
            input_shift,
            most_input: self.most_input,
            phase: all_steps.map(|k| libm::rint(k * 32_768.0) as i32).collect(),
            readout: None,
        })
    }

    /// H as training left it; zero where it lives no longer than a sample, or each sample of a batch has its own.
    fn start(&self, synapses: usize, bound: i32) -> Vec<i16> {
        let values = &self.learner.plastic()[self.index].values;
        if values.len() != synapses {
            return vec![0; synapses];
        }
        let unit = f64::from(1_u32 << PLASTIC_FRACTION);
        let raw = |&value: &f32| libm::rint(f64::from(value) * unit).clamp(-f64::from(bound), f64::from(bound)) as i16;
        values.iter().map(raw).collect()
    }
}
