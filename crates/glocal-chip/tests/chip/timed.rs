//! Placed cores phase by phase, and what it costs.

use glocal_chip::energy::{Component, energy};
use glocal_chip::integer::{Plastic, Reference};
use glocal_chip::map::{Folding, MapOptions, map};
use glocal_chip::place::{Method, place};
use glocal_chip::simulate::{Machine, Network, Placed, Program, Tally, Timed, TimedMachine, flows};
use glocal_chip::{ChipSpec, QuantiseOptions, QuantizedNetwork, quantise};
use glocal_core::Input;

use crate::made::{GLOBAL, GLOBAL_NETWORK, HYBRID, HYBRID_NETWORK, convolutions, image, learner, levels};
use crate::mapped::small_chip;

/// Images on cores placed by `method`; each answer is checked against the reference, and packets against what messages say.
fn timed(
    network: &QuantizedNetwork,
    chip: &ChipSpec,
    (options, method, plastic): (&MapOptions, Method, Plastic),
    how: Network,
    images: &[Vec<i8>],
) -> Vec<Timed> {
    let mapping = map(network, chip, options).unwrap();
    let placement = place(mapping.cores.len(), &flows(&mapping), chip, &[], method).unwrap();
    let placed = Placed::new(network, &mapping, placement, chip, plastic, &[]).unwrap();
    let program = Program::new(network, &mapping);
    let mut machine = TimedMachine::new(&placed, Machine::new(&program, plastic), how).unwrap();
    let mut alone = Machine::new(&program, plastic);
    let mut reference = Reference::new(network, plastic);
    let run = |image: &Vec<i8>| {
        let found = machine.run(image).unwrap();
        let carried = &found.messages;
        assert_eq!(found.answer, reference.run(image, |_| ()).unwrap());
        alone.run(image, |_| ()).unwrap();
        let mut delivered = 0;
        for (number, message) in mapping.messages.iter().enumerate() {
            let steps = alone.packets().chunks_exact(mapping.messages.len());
            let all: u64 = steps.map(|of_step| u64::from(of_step[number])).sum();
            // What is sent after the answer does not travel.
            assert!(carried[number] <= all);
            delivered += carried[number] * message.to.len() as u64;
        }
        assert_eq!(found.phases.iter().map(|phase| phase.delivered).sum::<u64>(), delivered);
        found
    };
    images.iter().map(run).collect()
}

fn images(inputs: usize) -> Vec<Vec<i8>> {
    (0..3).map(|number| levels(&image(inputs, number))).collect()
}

/// Sums do not depend on how images are shared out; layers and packets' ways make up the whole.
#[test]
fn tallies_add_up() {
    let network = quantise(&learner(&[50, 37, 5], HYBRID, HYBRID_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    let chip = small_chip(24, 16, 512);
    let mapping = map(&network, &chip, &MapOptions::default()).unwrap();
    let placement = place(mapping.cores.len(), &flows(&mapping), &chip, &[], Method::Greedy).unwrap();
    let placed = Placed::new(&network, &mapping, placement, &chip, Plastic::Moving, &[]).unwrap();
    let program = Program::new(&network, &mapping);
    let machine = Machine::new(&program, Plastic::Moving);
    let mut machine = TimedMachine::new(&placed, machine, Network::Buffers).unwrap();
    let timed: Vec<Timed> = (0..5).map(|n| machine.run(&levels(&image(50, n))).unwrap()).collect();
    let sum = |images: &[Timed]| {
        let mut tally = Tally::default();
        images.iter().for_each(|timed| tally.add(timed));
        tally
    };
    let (whole, mut parts) = (sum(&timed), sum(&timed[3..]));
    parts.join(&sum(&timed[..3]));
    assert_eq!(whole, parts);
    let layers: Vec<_> = (0..2).map(|layer| whole.of_layer(&placed, layer)).collect();
    assert_eq!(layers.iter().map(|of| of.synaptic_ops).sum::<u64>(), whole.activity.synaptic_ops);
    assert_eq!(layers.iter().map(|of| of.cores_on).sum::<u64>(), mapping.cores.len() as u64);
    let load = whole.load(&placed, &chip).unwrap();
    assert_eq!(load.figures.packet_hops, whole.activity.packet_hops);
    assert_eq!(load.links().map(|(_, packets)| packets).sum::<u64>(), whole.activity.packet_hops);
}

/// Wherever cores lie, the answers are the reference's; packets that wait take no less than links need.
#[test]
fn places_change_time_alone() {
    let hybrid = quantise(&learner(&[50, 37, 5], HYBRID, HYBRID_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    let map_of = |made| quantise(&made, &QuantiseOptions::default()).unwrap();
    let convolutions = map_of(convolutions(4));
    let chip = small_chip(24, 16, 512);
    for (network, folding, plastic) in [
        (&hybrid, Folding::Unfolded, Plastic::Moving),
        (&hybrid, Folding::Unfolded, Plastic::Resting),
        (&convolutions, Folding::Unfolded, Plastic::Resting),
        (&convolutions, Folding::Bands, Plastic::Resting),
    ] {
        let images = images(network.inputs);
        let options = MapOptions { folding, ..MapOptions::default() };
        let mut hops = Vec::new();
        for method in [Method::RowMajor, Method::Greedy, Method::Annealing { moves: 20_000, seed: 3 }] {
            let run = |how| timed(network, &chip, (&options, method, plastic), how, &images);
            let (buffers, load) = (run(Network::Buffers), run(Network::Load));
            for (buffers, load) in buffers.iter().zip(&load) {
                assert_eq!(buffers.answer, load.answer);
                for (waits, least) in buffers.phases.iter().zip(&load.phases) {
                    assert!(waits.sending >= least.sending && waits.hops == least.hops);
                    assert_eq!((waits.sent, waits.delivered), (least.sent, least.delivered));
                    assert!(waits.cycles >= waits.computing.max(waits.sending));
                }
                assert_eq!(buffers.activity.packet_hops, load.activity.packet_hops);
            }
            hops.push(load.iter().map(|timed| timed.activity.packet_hops).sum::<u64>());
        }
        assert!(hops[2] < hops[0], "annealing is no better than row by row: {hops:?}");
    }
}

/// Zero input costs what is on and neurons' steps; energies of components sum to the total.
#[test]
fn what_nothing_and_something_cost() {
    let mut made = learner(&[60, 40, 4], GLOBAL, GLOBAL_NETWORK, 6);
    made.params_mut().iter_mut().for_each(|layer| layer.bias.fill(0.0));
    let network = quantise(&made, &QuantiseOptions::default()).unwrap();
    let chip = small_chip(16, 16, 256);
    let how = (&MapOptions::default(), Method::Greedy, Plastic::Resting);
    let found = timed(&network, &chip, how, Network::Buffers, &[vec![0; 60], levels(&image(60, 1))]);
    let costs: Vec<_> = found.iter().map(|timed| energy(&timed.activity, &chip)).collect();
    let spent = |cost: usize| -> Vec<Component> {
        let parts = costs[cost].parts().iter();
        parts.filter(|(_, energy)| energy.nominal > 0.0).map(|(component, _)| *component).collect()
    };
    assert_eq!(spent(0), [Component::Soma, Component::Static]);
    assert!(spent(1).len() > 5, "{:?}", spent(1));
    let sum: f64 = costs[1].parts().iter().map(|(_, energy)| energy.nominal).sum();
    assert!((costs[1].total().nominal / sum - 1.0).abs() < 1e-12);
}

/// The events of a Loihi-like chip are those of the network in floats: an input or spike at each of its synapses, each neuron at
/// each step, and a packet for each input and spike of a hidden layer that somebody hears.
#[test]
fn events_are_those_of_the_spike_trains_in_floats() {
    let mut made = learner(&[60, 40, 30, 4], GLOBAL, GLOBAL_NETWORK, 12);
    let network = quantise(&made, &QuantiseOptions::default()).unwrap();
    let chip = ChipSpec::preset("loihi-like").unwrap();
    let how = (&MapOptions::default(), Method::Greedy, Plastic::Resting);
    let mut compared = 0;
    for number in 0..20 {
        let input = levels(&image(60, number));
        let seen: Vec<f32> = input.iter().map(|&level| f32::from(level) / 127.0).collect();
        let layers = made.record(Input::Constant(&seen)).unwrap();
        let mut same = true;
        Reference::new(&network, Plastic::Resting)
            .run(&input, |step| {
                let own = &layers[step.layer].spikes[step.step * step.output.len()..][..step.output.len()];
                same &= own.iter().zip(step.output).all(|(&float, &integer)| (float > 0.5) == (integer > 0));
            })
            .unwrap();
        if !same {
            continue;
        }
        compared += 1;
        let found = &timed(&network, &chip, how, Network::Load, std::slice::from_ref(&input))[0];
        let inputs = (seen.iter().filter(|&&value| value > 0.0).count() * network.steps) as u64;
        let spikes = |layer: usize| layers[layer].spikes.iter().filter(|&&spike| spike > 0.5).count() as u64;
        assert_eq!(found.activity.synaptic_ops, inputs * 40 + spikes(0) * 30 + spikes(1) * 4);
        assert_eq!(found.activity.soma_updates, ((40 + 30 + 4) * network.steps) as u64);
        // Three layers, three cores: each hidden spike is one packet.
        let sent: u64 = found.phases.iter().map(|phase| phase.sent).sum();
        assert_eq!(sent, inputs + spikes(0) + spikes(1));
    }
    assert!(compared >= 5, "{compared} of 20 images have the same spikes in floats and integers");
}

/// 784-512-10 on 19 cores: four phases of 5,050 clocks until the first answer, none of them late.
#[test]
fn the_reference_network_keeps_its_phases() {
    let made = learner(&[784, 512, 10], GLOBAL, GLOBAL_NETWORK, 9);
    let network = QuantizedNetwork { steps: 1, ..quantise(&made, &QuantiseOptions::default()).unwrap() };
    let mut chip = ChipSpec::preset("tianjic").unwrap();
    let options = MapOptions { fuse: false, ..MapOptions::default() };
    let how = (&options, Method::Greedy, Plastic::Resting);
    let images = [levels(&image(784, 1))];
    let found = &timed(&network, &chip, how, Network::Buffers, &images)[0];
    // The loading of the image comes before the first.
    assert_eq!(found.phases.len(), 5);
    assert!((found.microseconds - 67.3).abs() < 0.1);
    let busiest = found.phases.iter().map(|phase| phase.sending).max().unwrap();
    assert!(busiest > 256 && busiest < 5050, "{busiest}");

    // Links so slow that the packets of a phase do not get through in it.
    chip.noc.link_cycles.value = 40;
    let mapping = map(&network, &chip, &options).unwrap();
    let placement = place(mapping.cores.len(), &flows(&mapping), &chip, &[], Method::Greedy).unwrap();
    let placed = Placed::new(&network, &mapping, placement, &chip, Plastic::Resting, &[]).unwrap();
    let program = Program::new(&network, &mapping);
    let machine = Machine::new(&program, Plastic::Resting);
    let mut machine = TimedMachine::new(&placed, machine, Network::Buffers).unwrap();
    let error = machine.run(&images[0]).unwrap_err().to_string();
    assert!(error.contains("a phase has 5050") && error.contains("phase 0"), "{error}");
}
