//! Who must hear from whom.

use super::runs::Runs;
use super::{Core, Edge, Mapping, NO_INPUT, Remembered, Sender, Traffic};
use crate::network::QuantizedNetwork;

/// Nobody.
const NOBODY: u32 = u32::MAX;

/// A job of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    core: u32,
    job: u32,
}

/// Whose neurons or outputs are whose.
struct Owners(Vec<Place>);

impl Owners {
    /// Those jobs whose neurons fire, neuron by neuron.
    fn of_neurons(cores: &[Core], first: usize, neurons: usize) -> Owners {
        let mut owners = vec![Place { core: NOBODY, job: 0 }; neurons];
        for (number, core) in (first..).zip(cores).filter(|(_, core)| core.fires) {
            for (job, of) in core.jobs.iter().enumerate() {
                let place = Place { core: number as u32, job: job as u32 };
                of.neurons.iter().for_each(|&neuron| owners[neuron as usize] = place);
            }
        }
        Owners(owners)
    }

    /// The same by what the next layer sees: a pooled window lies in one job.
    fn of_outputs(&self, layer: &crate::network::QuantizedLayer) -> Owners {
        Owners((0..layer.outputs()).map(|output| self.0[layer.pooled_from(output)]).collect())
    }
}

/// What one job of a receiver needs of a sender's job.
#[derive(Clone, Copy)]
struct Request {
    from: Place,
    to_job: u32,
    number: u32,
}

/// All edges of cores that lie layer after layer.
pub(super) fn edges(network: &QuantizedNetwork, cores: &[Core]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut below: Option<Owners> = None;
    for (index, layer) in network.layers.iter().enumerate() {
        let own = Mapping::layer_of(cores, index);
        let firing = Owners::of_neurons(&cores[own.clone()], own.start, layer.wiring.neurons());
        let mut seen = vec![NOBODY; layer.wiring.inputs().max(layer.wiring.neurons())];
        for to in own.clone() {
            let core = &cores[to];
            activity(core, to, below.as_ref(), &mut seen, &mut edges);
            // Of its own sums nobody needs to hear who fires.
            let has_values = core.remembers(Remembered::Values);
            if core.holds() || has_values {
                sums(core, to, &firing, &mut edges);
            }
            if core.learns || has_values {
                factors(core, to, &firing, &mut edges);
            }
            if has_values {
                let keys = own.clone().filter(|&from| cores[from].remembers(Remembered::Keys));
                scores(core, to, keys, &mut edges);
            }
        }
        below = Some(firing.of_outputs(layer));
    }
    edges
}

/// What a core's jobs see, each input asked for once, by the first job that needs it.
fn activity(core: &Core, to: usize, below: Option<&Owners>, seen: &mut [u32], edges: &mut Vec<Edge>) {
    let mut requests = Vec::new();
    for (job, of) in core.jobs.iter().enumerate() {
        for &input in of.inputs.iter().filter(|&&input| input != NO_INPUT) {
            if seen[input as usize] == to as u32 {
                continue;
            }
            seen[input as usize] = to as u32;
            // What encodes the input sends to each job what is new to it.
            let from = below.map_or(Place { core: NOBODY, job: job as u32 }, |owners| owners.0[input as usize]);
            requests.push(Request { from, to_job: job as u32, number: input });
        }
    }
    collect(requests, Traffic::Activity, to, edges);
}

fn sums(core: &Core, from: usize, firing: &Owners, edges: &mut Vec<Edge>) {
    let mut by_receiver: Vec<(Place, Request)> = Vec::new();
    for (job, of) in core.jobs.iter().enumerate() {
        let own = Place { core: from as u32, job: job as u32 };
        for &neuron in &of.neurons {
            let owner = firing.0[neuron as usize];
            if owner.core != own.core {
                by_receiver.push((owner, Request { from: own, to_job: owner.job, number: neuron }));
            }
        }
    }
    by_receiver.sort_by_key(|(owner, _)| owner.core);
    for group in by_receiver.chunk_by(|(a, _), (b, _)| a.core == b.core) {
        let requests = group.iter().map(|(_, request)| *request).collect();
        collect(requests, Traffic::Sums, group[0].0.core as usize, edges);
    }
}

fn factors(core: &Core, to: usize, firing: &Owners, edges: &mut Vec<Edge>) {
    let of_job = |(job, of): (usize, &super::Job)| -> Vec<Request> {
        let owner = |&neuron: &u32| Request { from: firing.0[neuron as usize], to_job: job as u32, number: neuron };
        of.neurons.iter().map(owner).filter(|request| request.from.core != to as u32).collect()
    };
    core.jobs.iter().enumerate().for_each(|job| collect(of_job(job), Traffic::Factors, to, edges));
}

/// From each core with keys a score for each past step.
fn scores(core: &Core, to: usize, keys: impl Iterator<Item = usize>, edges: &mut Vec<Edge>) {
    let steps = core.past.map_or(0, |past| past.steps as u32);
    let of_core =
        |from| (0..steps).map(move |number| Request { from: Place { core: from, job: 0 }, to_job: 0, number });
    collect(keys.flat_map(|from| of_core(from as u32)).collect(), Traffic::Scores, to, edges);
}

/// An edge for each sender's job.
fn collect(mut requests: Vec<Request>, traffic: Traffic, to: usize, edges: &mut Vec<Edge>) {
    requests.sort_by_key(|request| (request.from, request.number));
    for group in requests.chunk_by(|a, b| a.from == b.from) {
        let Request { from, .. } = group[0];
        edges.push(Edge {
            from: if from.core == NOBODY { Sender::Host } else { Sender::Core(from.core as usize) },
            from_job: if from.core == NOBODY { 0 } else { from.job as usize },
            to,
            to_job: group.iter().map(|request| request.to_job).min().unwrap_or(0) as usize,
            traffic,
            numbers: Runs::of(group.iter().map(|request| request.number)),
        });
    }
}
