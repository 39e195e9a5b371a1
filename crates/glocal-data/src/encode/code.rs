//! The codes, one sample at a time.

use crate::random::Draws;

/// One sample's part of a series `[T, B, I]`, all zero to begin with.
pub(super) struct SpikeTrain<'a> {
    pub(super) series: &'a mut [f32],
    pub(super) steps: usize,
    pub(super) row: usize,
    pub(super) batch: usize,
    pub(super) inputs: usize,
}

impl SpikeTrain<'_> {
    /// The inputs `[I]` at a step.
    fn at_step(&mut self, step: usize) -> &mut [f32] {
        let start = (step * self.batch + self.row) * self.inputs;
        &mut self.series[start..start + self.inputs]
    }

    /// A spike of `input` at `step`; none if that is after the end.
    fn spike(&mut self, step: usize, input: usize) {
        if step < self.steps {
            self.at_step(step)[input] = 1.0;
        }
    }
}

/// Draws step by step, so that fewer steps see the beginning of what more steps see.
pub(super) fn poisson_rate(image: &[f32], max_rate: f32, draws: &mut Draws, train: &mut SpikeTrain<'_>) {
    for step in 0..train.steps {
        for (spikes, intensities) in train.at_step(step).chunks_mut(2).zip(image.chunks(2)) {
            let uniform = draws.uniform_pair();
            for ((spike, &x), u) in spikes.iter_mut().zip(intensities).zip(uniform) {
                *spike = f32::from(u < max_rate * x);
            }
        }
    }
}

pub(super) fn latency(image: &[f32], tau_steps: f64, threshold: f32, train: &mut SpikeTrain<'_>) {
    for (input, &x) in image.iter().enumerate() {
        if x > threshold {
            // A conversion from float to integer saturates: a spike too late to count is not a problem.
            train.spike(time_to_first_spike(x, tau_steps, threshold) as usize, input);
        }
    }
}

/// Steps until x · (1 - exp(-t/τ)) reaches θ, for x > θ.
fn time_to_first_spike(x: f32, tau_steps: f64, threshold: f32) -> f64 {
    let (x, threshold) = (f64::from(x), f64::from(threshold));
    tau_steps * libm::log(x / (x - threshold))
}

pub(super) fn rank_order(image: &[f32], floor: f32, sorted: &mut Vec<f32>, train: &mut SpikeTrain<'_>) {
    sorted.clear();
    sorted.extend(image.iter().copied().filter(|&x| x > floor));
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    for (input, &x) in image.iter().enumerate().filter(|&(_, &x)| x > floor) {
        let rank = sorted.partition_point(|&other| other > x);
        train.spike(rank * train.steps / sorted.len(), input);
    }
}
