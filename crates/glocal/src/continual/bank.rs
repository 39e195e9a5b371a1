//! All weights of a network that learns many tasks, of which each task sees its own part.
//!
//! A part is the synapses of a mask, some neurons of each layer, or everything: in each case a list of places in the whole
//! arrays. A task's network is filled from them before it runs, and what it learned goes back to the same places.

use glocal_core::checkpoint::{Arrays, Named};
use glocal_core::params::{ArraySpec, Field, Params, array_specs, draw};
use glocal_core::{Learner, LearnerConfig};
use glocal_data::Stream;

use super::figures::{Cost, memory_bytes};
use super::{MaskSharing, Method};
use crate::error::GlocalError;

/// All weights and meta-parameters.
#[derive(Debug)]
pub(super) struct Bank {
    specs: Vec<ArraySpec>,
    params: Params<f32>,
}

/// Which network a task has, and where its parts lie.
#[derive(Debug)]
pub(super) struct Wiring {
    method: Method,
    /// The network of a task; with all neurons and, under masks, any task's synapses.
    config: LearnerConfig,
    seed: u64,
    masks: Stream,
    gates: Stream,
}

/// The places of one task's arrays in the bank, in the order of the learner's specs; `None`: all, in their order.
pub(super) type Places = Vec<Option<Vec<u32>>>;

impl Bank {
    /// Fills a task's network.
    pub fn fill(&self, learner: &mut Learner, places: &Places) {
        let specs = learner.specs().to_vec();
        let params = learner.params_mut();
        for (spec, places) in specs.iter().zip(places) {
            let whole = self.params[spec.layer].get(spec.field);
            let own = params[spec.layer].get_mut(spec.field);
            match places {
                None => own.clone_from(whole),
                Some(places) => own.iter_mut().zip(places).for_each(|(own, &place)| *own = whole[place as usize]),
            }
        }
    }

    /// Takes back what a task's network learned.
    pub fn take_back(&mut self, learner: &Learner, places: &Places) {
        for (spec, places) in learner.specs().iter().zip(places) {
            let own = learner.params()[spec.layer].get(spec.field);
            let whole = self.params[spec.layer].get_mut(spec.field);
            match places {
                None => whole.clone_from(own),
                Some(places) => own.iter().zip(places).for_each(|(&own, &place)| whole[place as usize] = own),
            }
        }
    }

    /// Weights, for a checkpoint.
    pub fn arrays(&self) -> Vec<Named<'_, f32>> {
        named("bank", &self.specs, &self.params)
    }

    /// Reads what [`Bank::arrays`] wrote.
    ///
    /// # Errors
    /// Arrays of another network.
    pub fn read(&mut self, arrays: &mut Arrays<'_>) -> Result<(), GlocalError> {
        self.params = read_named("bank", &self.specs, &self.params, arrays)?;
        Ok(())
    }
}

/// Arrays that are not empty, under a name of their own.
pub(super) fn named<'a>(prefix: &str, specs: &[ArraySpec], params: &'a Params<f32>) -> Vec<Named<'a, f32>> {
    let full = specs.iter().filter(|spec| !params[spec.layer].get(spec.field).is_empty());
    let array = |spec: &ArraySpec| Named {
        name: format!("{prefix}.{}", spec.name()),
        shape: spec.shape.clone(),
        values: params[spec.layer].get(spec.field),
    };
    full.map(array).collect()
}

/// Reads what [`named`] wrote; `like` tells which arrays there are.
///
/// # Errors
/// Arrays of another network.
pub(super) fn read_named(
    prefix: &str,
    specs: &[ArraySpec],
    like: &Params<f32>,
    arrays: &mut Arrays<'_>,
) -> Result<Params<f32>, GlocalError> {
    let mut params = like.clone();
    for spec in specs.iter().filter(|spec| !like[spec.layer].get(spec.field).is_empty()) {
        *params[spec.layer].get_mut(spec.field) = arrays.need(&format!("{prefix}.{}", spec.name()), &spec.shape)?;
    }
    Ok(params)
}

impl Wiring {
    /// `config`: the network with the masks that `method` leaves it.
    pub fn new(method: Method, config: &LearnerConfig, seed: u64, stream: &Stream) -> Wiring {
        Wiring { method, config: config.clone(), seed, masks: stream.fork("masks"), gates: stream.fork("gates") }
    }

    /// Weights as they are drawn for the parts: their spread is that of a network of the part's size.
    pub fn drawn(&self) -> Bank {
        let mut whole = self.config.network.clone();
        whole.layers.iter_mut().for_each(|layer| layer.mask = None);
        let mut params = draw(&whole, self.seed);
        for (index, params) in params.iter_mut().enumerate() {
            let wider = self.fan_in_share(index).sqrt().recip() as f32;
            params.weight.iter_mut().chain(&mut params.bias).for_each(|w| *w *= wider);
        }
        Bank { specs: array_specs(&whole), params }
    }

    /// Share of layer `index`'s inputs that a task's neurons of it see.
    fn fan_in_share(&self, index: usize) -> f64 {
        let network = &self.config.network;
        let inputs = network.layer_inputs(index);
        match (self.method, network.layers[index].mask) {
            (Method::ContextGating { .. }, _) if index > 0 => {
                self.kept(network.layers[index - 1].size) as f64 / inputs as f64
            }
            (_, Some(mask)) => mask.fan_in(inputs) as f64 / inputs as f64,
            _ => 1.0,
        }
    }

    /// Neurons of a hidden layer that a task has.
    fn kept(&self, size: usize) -> usize {
        match self.method {
            Method::ContextGating { share } => ((share * size as f64).round() as usize).clamp(1, size),
            _ => size,
        }
    }

    /// Weights that a task's network has, and that all have together.
    pub fn weights(&self) -> [usize; 2] {
        let network = &self.config.network;
        let of_layer = |index: usize| {
            let all = network.layers[index].size * network.layer_inputs(index);
            let last = index + 1 == network.layers.len();
            let outputs = if last { network.layers[index].size } else { self.kept(network.layers[index].size) };
            let inputs = network.layer_inputs(index) as f64 * self.fan_in_share(index);
            [outputs * inputs.round() as usize, all]
        };
        let layers = (0..network.layers.len()).map(of_layer);
        layers.fold([0, 0], |[own, all], [a, b]| [own + a, all + b])
    }

    /// What it takes after so many tasks.
    pub fn cost(&self, tasks: usize) -> Cost {
        let ([own, all], network) = (self.weights(), &self.config.network);
        Cost {
            weights: all as u64,
            memory_bytes: memory_bytes(&self.method, all as u64, tasks as u64, network.inputs as u64),
            operations: own as u64 * network.steps as u64,
        }
    }

    /// Turns `learner` into the network of `task`, a new one where sizes or neurons are others, and tells its places.
    ///
    /// # Errors
    /// A config that makes no network.
    pub fn connect(&self, learner: Option<Learner>, task: usize) -> Result<(Learner, Places), GlocalError> {
        if let Method::ContextGating { .. } = self.method {
            return self.gated(task);
        }
        let mut learner = match learner {
            Some(learner) => learner,
            None => Learner::new(self.config.clone(), self.seed)?,
        };
        let seed = |stream: &Stream, layer: usize| stream.fork_index(layer as u64).draws().next_u64();
        learner.remask(|layer| match self.method {
            Method::Masks { sharing: MaskSharing::Independent, .. } => {
                (seed(&self.masks.fork_index(task as u64), layer), 0)
            }
            _ => (seed(&self.masks, layer), task as u64),
        });
        let place = |spec: &ArraySpec| match spec.field {
            Field::Weight => learner.synapses(spec.layer),
            _ => None,
        };
        let places = learner.specs().iter().map(place).collect();
        Ok((learner, places))
    }

    /// The dense network of the neurons that are not silent.
    fn gated(&self, task: usize) -> Result<(Learner, Places), GlocalError> {
        let mut config = self.config.clone();
        let gates = self.gates.fork_index(task as u64);
        let last = config.network.layers.len() - 1;
        // Of the input, then of each layer.
        let mut kept: Vec<Vec<u32>> = vec![(0..config.network.inputs as u32).collect()];
        for (index, layer) in config.network.layers.iter_mut().enumerate() {
            let mut neurons: Vec<u32> = (0..layer.size as u32).collect();
            if index < last {
                gates.fork_index(index as u64).draws().shuffle(&mut neurons);
                neurons.truncate(self.kept(layer.size));
                neurons.sort_unstable();
            }
            layer.size = neurons.len();
            kept.push(neurons);
        }
        let learner = Learner::new(config, self.seed)?;
        let place = |spec: &ArraySpec| {
            let (inputs, neurons) = (&kept[spec.layer], &kept[spec.layer + 1]);
            let width = self.config.network.layer_inputs(spec.layer) as u32;
            Some(match spec.field {
                Field::Weight => neurons.iter().flat_map(|o| inputs.iter().map(move |i| o * width + i)).collect(),
                _ => neurons.clone(),
            })
        };
        let places = learner.specs().iter().map(place).collect();
        Ok((learner, places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;
    use crate::experiments::continual::HYBRID;

    /// The experiment's network without plastic weights, small.
    fn learner() -> LearnerConfig {
        let overrides = ["learning_rule=\"global\"", "layers.0.size=40", "layers.1.size=32"];
        let overrides = overrides.map(|text| format!("learner.network.{text}"));
        RunConfig::parse(None, HYBRID, &overrides).unwrap().learner
    }

    /// What a task learned comes back to it, and no other weight has moved.
    #[test]
    fn a_task_finds_its_own_weights_again() {
        let stream = Stream::new(1);
        for method in [
            Method::Masks { sharing: MaskSharing::Dealt, meta_phase: None },
            Method::ContextGating { share: 0.25 },
            Method::FineTuning {},
        ] {
            let config = method.network(&learner());
            let wiring = Wiring::new(method, &config, 1, &stream);
            let mut bank = wiring.drawn();
            let before = bank.params.clone();
            let (mut first, places) = wiring.connect(None, 3).unwrap();
            bank.fill(&mut first, &places);
            first.params_mut().iter_mut().for_each(|layer| layer.weight.iter_mut().for_each(|w| *w += 7.0));
            bank.take_back(&first, &places);
            let changed = |layer: usize| {
                let pairs = before[layer].weight.iter().zip(&bank.params[layer].weight);
                pairs.filter(|(a, b)| a != b).count()
            };
            let own: usize = (0..3).map(|layer| first.params()[layer].weight.len()).sum();
            assert_eq!((0..3).map(changed).sum::<usize>(), own);
            assert_eq!(wiring.weights()[0], own);
            assert_eq!(wiring.weights()[1], 784 * 40 + 40 * 32 + 32 * 10);
            let wanted = first.params().clone();
            let (mut other, places) = wiring.connect(Some(first), 4).unwrap();
            bank.fill(&mut other, &places);
            let parts = method != Method::FineTuning {};
            assert_eq!(other.params()[0].weight != wanted[0].weight, parts);
            let (mut again, places) = wiring.connect(Some(other), 3).unwrap();
            bank.fill(&mut again, &places);
            assert_eq!(again.params(), &wanted);
        }
    }
}
