//! The health check: what usually goes wrong in a spiking network, seen from an epoch's statistics.

use serde::{Deserialize, Serialize};

use crate::scalar::Float;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Usually hurts.
    Warning,
}

/// One finding of the health check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How serious.
    pub severity: Severity,
    /// Which layer, `layers.0`.
    pub layer: String,
    /// What is seen, with the figure.
    pub what: String,
    /// What usually helps.
    pub hint: String,
}

/// Steps between two looks at the spikes: statistics need few batches.
pub const LOOK_EVERY: u64 = 16;

/// What is counted of one layer during an epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerStatistics {
    /// Spikes of each neuron, `[O]`.
    pub spikes: Vec<f64>,
    /// Sample-steps that the spikes were counted over.
    pub observations: f64,
    /// Sum over steps of the weight gradient's root mean square, and their number.
    pub gradient: [f64; 2],
    /// Share of plastic weights at the clamp, at the last look; negative: no clamp.
    pub clamped: f64,
}

impl LayerStatistics {
    /// Counts the spikes of `[T,B,O]`.
    pub fn look<F: Float>(&mut self, output: &[F], neurons: usize) {
        self.spikes.resize(neurons, 0.0);
        let mut counts = vec![F::of(0.0); neurons];
        output.chunks_exact(neurons).for_each(|row| crate::rows::add_scaled(&mut counts, F::of(1.0), row));
        self.spikes.iter_mut().zip(&counts).for_each(|(sum, c)| *sum += c.to_f64());
        self.observations += (output.len() / neurons) as f64;
    }
}

/// What a layer is, for the judgement.
#[derive(Clone, Copy, Debug)]
pub struct Examined {
    /// Layer index.
    pub index: usize,
    /// Whether it is the read-out.
    pub last: bool,
    /// Whether it spikes.
    pub spiking: bool,
    /// Whether the global rule moves it.
    pub trained: bool,
}

/// Judges one layer.
pub fn examine(layer: Examined, statistics: &LayerStatistics, findings: &mut Vec<Finding>) {
    let mut find = |severity, what: String, hint: &str| {
        findings.push(Finding { severity, layer: format!("layers.{}", layer.index), what, hint: hint.to_owned() })
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    if layer.spiking && statistics.observations > 0.0 && !statistics.spikes.is_empty() {
        let n = statistics.spikes.len() as f64;
        let rates = || statistics.spikes.iter().map(|s| s / statistics.observations);
        let mean = rates().sum::<f64>() / n;
        let silent = rates().filter(|&r| r == 0.0).count() as f64 / n;
        let saturated = rates().filter(|&r| r > 0.95).count() as f64 / n;
        if silent > 0.9 && !layer.last {
            let what = format!("{} of the neurons never fired (mean rate {mean:.4} per step)", percent(silent));
            find(
                Severity::Warning,
                what,
                "lower the threshold, raise decay, scale the input up, or use a wider surrogate",
            );
        } else if silent > 0.5 && !layer.last {
            find(
                Severity::Note,
                format!("{} of the neurons never fired", percent(silent)),
                "a smaller layer may do, or a lower threshold",
            );
        }
        if saturated > 0.5 {
            find(
                Severity::Warning,
                format!("{} of the neurons fire at nearly every step (mean rate {mean:.3})", percent(saturated)),
                "raise the threshold, lower decay, or lower the learning rate",
            );
        }
    }
    let [sum, count] = statistics.gradient;
    if layer.trained && count > 0.0 {
        let rms = sum / count;
        if rms < 1e-10 {
            find(
                Severity::Warning,
                format!("the weight gradient vanishes (root mean square {rms:.2e})"),
                "use a wider surrogate, lower the threshold, or check that the layers above fire",
            );
        } else if rms > 10.0 {
            find(
                Severity::Warning,
                format!("the weight gradient explodes (root mean square {rms:.2e})"),
                "set clip_norm, lower decay, or lower the learning rate",
            );
        }
    }
    if statistics.clamped > 0.05 {
        find(
            Severity::Warning,
            format!("{} of the plastic weights are at the clamp", percent(statistics.clamped)),
            "raise the clamp, lower plasticity.decay, or set rate_bounds",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(statistics: LayerStatistics) -> Vec<Finding> {
        let mut found = Vec::new();
        examine(Examined { index: 0, last: false, spiking: true, trained: true }, &statistics, &mut found);
        found
    }

    #[test]
    fn names_silent_saturated_vanishing_exploding_and_clamped() {
        let healthy = || {
            let mut s = LayerStatistics { gradient: [1e-3, 1.0], ..LayerStatistics::default() };
            s.look(&[1.0f32, 0.0, 0.0, 1.0], 2);
            s
        };
        assert!(findings(healthy()).is_empty());
        let mut silent = healthy();
        silent.spikes = vec![0.0; 2];
        assert!(findings(silent)[0].what.contains("never fired"));
        let mut saturated = healthy();
        saturated.spikes = vec![2.0; 2];
        assert!(findings(saturated)[0].what.contains("nearly every step"));
        for (gradient, word) in [(1e-12, "vanishes"), (1e3, "explodes")] {
            let mut s = healthy();
            s.gradient = [gradient, 1.0];
            assert!(findings(s)[0].what.contains(word));
        }
        let mut clamped = healthy();
        clamped.clamped = 0.2;
        assert!(findings(clamped)[0].what.contains("20.0 %"));
    }
}
