//! A host that moves plastic weights: it reads potentials, computes what the cores' own unit would, and writes what has changed.

use std::ops::AddAssign;

use serde::Serialize;

use crate::integer::postsynaptic;
use crate::map::{Core, Mapping};
use crate::network::{PlasticForm, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity};
use crate::number::Fixed;
use crate::spec::ChipSpec;

/// What the host holds of a layer.
#[derive(Debug)]
pub(super) struct Host {
    plastic: Vec<i16>,
    pre: Vec<i16>,
    post: Vec<i8>,
    /// What it wrote in this sample: of each step, the last one's being what puts H_0 back.
    written: Vec<Written>,
}

/// What the host wrote into cores at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Plastic weights that changed.
    pub(super) changed: u64,
    /// Bytes that say so.
    pub(super) bytes: u64,
}

/// What went over the link to a host that moves plastic weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exchanged {
    /// Exchanges: one for each layer and step.
    pub exchanges: u64,
    /// Plastic weights that were written, because they had changed.
    pub changed: u64,
    /// Bytes that the host read.
    pub bytes_read: u64,
    /// Bytes that it wrote.
    pub bytes_written: u64,
}

impl Exchanged {
    /// Both ways.
    pub fn bytes(&self) -> u64 {
        self.bytes_read + self.bytes_written
    }

    /// Clocks that it takes, one exchange after the other; 0 without a link.
    pub fn cycles(&self, chip: &ChipSpec) -> u64 {
        let Some(host) = chip.host.as_ref().filter(|_| self.exchanges > 0) else { return 0 };
        let latency = (self.exchanges - 1) as f64 * host.latency_us.value;
        ((latency + host.microseconds(self.bytes())) * chip.phase.clock_mhz.value).ceil() as u64
    }
}

impl AddAssign for Exchanged {
    fn add_assign(&mut self, other: Exchanged) {
        self.exchanges += other.exchanges;
        self.changed += other.changed;
        self.bytes_read += other.bytes_read;
        self.bytes_written += other.bytes_written;
    }
}

/// Bytes of a plastic weight.
const WEIGHT_BYTES: u64 = 2;

/// Bytes that name a core and say how its weights follow.
const HEADER_BYTES: u64 = 8;

/// Bytes that tell the host of a step of a layer: a header, potentials of 3 bytes, and what the layer saw, a bit or a byte each; what the
/// network sees it knows.
pub(super) fn bytes_read(index: usize, layer: &QuantizedLayer) -> u64 {
    let potentials = 3 * layer.wiring.neurons() as u64;
    let bits = if layer.plasticity.as_ref().is_some_and(|plasticity| plasticity.most_input > 1) { 8 } else { 1 };
    let seen = if index == 0 { 0 } else { (bits * layer.wiring.inputs() as u64).div_ceil(8) };
    HEADER_BYTES + potentials + seen
}

/// What an image exchanges if every plastic weight that the host moves changes at every step.
pub fn most_exchanged(network: &QuantizedNetwork, mapping: &Mapping) -> Exchanged {
    let mut most = Exchanged::default();
    let steps = network.steps as u64;
    let layers = network.layers.iter().enumerate();
    for (index, layer) in layers.filter(|(_, layer)| layer.form() == Some(PlasticForm::HostLp)) {
        most += Exchanged {
            exchanges: steps,
            bytes_read: steps.saturating_sub(1) * bytes_read(index, layer),
            ..Exchanged::default()
        };
        for core in mapping.cores[mapping.of_layer(index)].iter().filter(|core| core.plastic) {
            let all = (core.input_axons() * core.neurons()) as u64;
            let bytes_written = steps * bytes_of(all, all);
            most += Exchanged { changed: steps * all, bytes_written, ..Exchanged::default() };
        }
    }
    most
}

/// Bytes that change so many of a core's plastic weights.
///
/// # Equation
/// A header, and the shorter of a list of changes, each with its place, and all of the core's plastic weights; nothing for none.
pub(super) fn bytes_of(changed: u64, all: u64) -> u64 {
    let place_bytes = u64::from(all.saturating_sub(1).checked_ilog2().unwrap_or(0)) / 8 + 1;
    match changed {
        0 => 0,
        _ => HEADER_BYTES + (changed * (WEIGHT_BYTES + place_bytes)).min(all * WEIGHT_BYTES),
    }
}

impl Host {
    pub(super) fn new(neurons: usize) -> Host {
        Host { plastic: Vec::new(), pre: Vec::new(), post: vec![0; neurons], written: Vec::new() }
    }

    /// Before a sample.
    pub(super) fn rest(&mut self, start: &[i16]) {
        self.plastic.clear();
        self.plastic.extend_from_slice(start);
        self.written.clear();
    }

    /// H after the last step.
    pub(super) fn plastic(&self) -> &[i16] {
        &self.plastic
    }

    /// Step by step of the last sample.
    pub(super) fn written(&self) -> &[Written] {
        &self.written
    }

    /// Moves plastic weights by what the layer saw and its potentials.
    pub(super) fn learn(&mut self, plasticity: &QuantizedPlasticity, step: usize, x: &[i8], potential: &[Fixed]) {
        let QuantizedPlasticity { rule, post_fraction, sliding_threshold, rate, .. } = plasticity;
        self.pre.resize(x.len(), 0);
        postsynaptic(rule, *post_fraction, potential, sliding_threshold, &mut self.post);
        plasticity.learn(step, (x, rate), &self.post, &mut self.pre, &mut self.plastic);
        self.written.push(Written::default());
    }

    /// Writes what a core's plastic weights are to be now: `begin`, or what they have come to.
    pub(super) fn write(&mut self, core: &Core, begin: Option<&[i16]>, held: &mut [i16]) {
        let all = begin.unwrap_or(&self.plastic);
        let job = &core.jobs[0];
        let width = self.pre.len();
        let mut changed = 0;
        for (&neuron, row) in job.neurons.iter().zip(held.chunks_exact_mut(job.inputs.len().max(1))) {
            let from = &all[neuron as usize * width..][..width];
            for (held, &input) in row.iter_mut().zip(&job.inputs) {
                let value = from[input as usize];
                changed += u64::from(*held != value);
                *held = value;
            }
        }
        if let Some(written) = self.written.last_mut() {
            written.changed += changed;
            written.bytes += bytes_of(changed, held.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 256 weights each has its place in a byte: 3 bytes a change, until all 512 bytes are shorter; of 257 in two.
    #[test]
    fn bytes_by_hand() {
        let found = [0, 1, 170, 171, 256].map(|changed| bytes_of(changed, 256));
        assert_eq!(found, [0, 8 + 3, 8 + 510, 8 + 512, 8 + 512]);
        assert_eq!((bytes_of(1, 257), bytes_of(1, 65_536), bytes_of(1, 65_537)), (8 + 4, 8 + 4, 8 + 5));
    }
}
