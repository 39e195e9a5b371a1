//! Neurons in steps: every neuron of NIR is one linear filter or two, and perhaps a threshold.

/// A layer of neurons with its state. Each list has an entry per neuron.
///
/// # Equation
/// i ← keep_i i + gain_i S, where there is a current; v ← keep v + gain i + leak.
#[derive(Clone, Debug)]
pub struct Neurons {
    /// Filter of the current, where there is one.
    pub current: Option<Filter>,
    /// Filter of the potential.
    pub potential: Filter,
    /// What is added to the potential at each step.
    pub leak: Vec<f64>,
    /// What happens at the threshold; none: the potential goes out.
    pub spiking: Option<Spiking>,
}

/// A decaying sum.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Share kept per step.
    pub keep: Vec<f64>,
    /// Share of the input that is added.
    pub gain: Vec<f64>,
    /// The sum.
    pub state: Vec<f64>,
}

/// What happens at the threshold.
#[derive(Clone, Debug)]
pub enum Spiking {
    /// At most one spike a step, above the threshold, which takes the potential to `reset`.
    Reset {
        /// Firing threshold.
        threshold: Vec<f64>,
        /// Potential after a spike.
        reset: Vec<f64>,
    },
    /// As many as thresholds fit into the potential, each taken off.
    Subtract {
        /// Firing threshold.
        threshold: Vec<f64>,
        /// Whether the potential stops at the threshold's negative.
        bounded: bool,
    },
}

impl Neurons {
    /// One step of all neurons.
    pub fn step(&mut self, input: &[f64], output: &mut [f64]) {
        for (n, (&x, out)) in input.iter().zip(output).enumerate() {
            let current = self.current.as_mut().map_or(x, |filter| filter.step(n, x));
            let v = self.potential.step(n, current) + self.leak[n];
            let (spikes, after) = match &self.spiking {
                None => (v, v),
                Some(spiking) => spiking.at(n, v),
            };
            self.potential.state[n] = after;
            *out = spikes;
        }
    }
}

impl Filter {
    fn step(&mut self, n: usize, input: f64) -> f64 {
        self.state[n] = self.keep[n] * self.state[n] + self.gain[n] * input;
        self.state[n]
    }
}

impl Spiking {
    /// Spikes of neuron `n` at potential `v`, and the potential after them.
    fn at(&self, n: usize, v: f64) -> (f64, f64) {
        match self {
            Spiking::Reset { threshold, reset } if v > threshold[n] => (1.0, reset[n]),
            Spiking::Reset { .. } => (0.0, v),
            Spiking::Subtract { threshold, bounded } => {
                let spikes = if v > 0.0 { (v / threshold[n]).trunc() } else { 0.0 };
                let after = v - spikes * threshold[n];
                (spikes, if *bounded { after.max(-threshold[n]) } else { after })
            }
        }
    }
}
