//! Convolutions on cores, folded and not.

use glocal_chip::integer::{LayerStep, Plastic, Reference};
use glocal_chip::map::{Folding, MapOptions, Mapping, NO_INPUT, Sender, Traffic, map};
use glocal_chip::simulate::schedule;
use glocal_chip::{ChipSpec, QuantiseOptions, QuantizedNetwork, quantise};
use glocal_core::Input;

use crate::made::{HYBRID, HYBRID_NETWORK, convolutions, image, learner, levels, mixed};
use crate::mapped::{check, small_chip};

fn network() -> QuantizedNetwork {
    let mut made = convolutions(4);
    // Drawn weights alone are too small for anything to spike.
    made.params_mut().iter_mut().for_each(|layer| layer.weight.iter_mut().for_each(|w| *w *= 2.0));
    quantise(&made, &QuantiseOptions::default()).unwrap()
}

const FOLDINGS: [Folding; 2] = [Folding::Unfolded, Folding::Bands];

/// Every synapse of a layer lies in one core; folded, in one core once for each band.
fn synapses_are_placed_once(network: &QuantizedNetwork, mapping: &Mapping) {
    for (index, layer) in network.layers.iter().enumerate() {
        let (inputs, neurons) = (layer.wiring.inputs(), layer.wiring.neurons());
        let mut expected = vec![0_u8; inputs * neurons];
        let mut found = [vec![0_u8; inputs * neurons], vec![0_u8; inputs * neurons]];
        for neuron in 0..neurons {
            layer.wiring.synapses(neuron, |input, _| expected[neuron * inputs + input] = 1);
        }
        for core in &mapping.cores[mapping.of_layer(index)] {
            for job in &core.jobs {
                for &neuron in &job.neurons {
                    for &input in job.inputs.iter().filter(|&&input| input != NO_INPUT) {
                        let at = neuron as usize * inputs + input as usize;
                        found[0][at] += expected[at] * u8::from(core.weights);
                        found[1][at] += expected[at] * u8::from(core.plastic);
                    }
                }
            }
        }
        assert!(found[0] == expected);
        let plastic = if layer.plasticity.is_some() { expected } else { vec![0; inputs * neurons] };
        assert!(found[1] == plastic);
    }
}

/// No core has more of anything than the chip allows.
fn within_limits(network: &QuantizedNetwork, mapping: &Mapping, chip: &ChipSpec) {
    for core in &mapping.cores {
        assert!(core.axons() as u64 <= chip.core.axons.value, "{core:?}");
        assert!(core.width() as u64 <= chip.core.neurons.value);
        assert!(core.weight_bytes(chip.core.storage(), 2) <= chip.core.weight_bytes.value);
        let state = if core.fires && core.jobs.len() > 1 { 3 * core.neurons() as u64 } else { 0 };
        assert!(state <= chip.core.state_bytes.value);
        assert!(core.jobs.iter().all(|job| job.inputs.len() == core.input_axons() && !job.neurons.is_empty()));
        assert!(core.layer < network.layers.len());
    }
}

#[test]
fn every_cut_of_a_map_computes_what_the_whole_does() {
    let network = network();
    for (axons, neurons, bytes) in [(24, 16, 256), (64, 32, 2048), (40, 60, 1000), (256, 256, 65_536)] {
        let chip = small_chip(axons, neurons, bytes);
        for folding in FOLDINGS {
            for fuse in [false, true] {
                let options = MapOptions { fuse, folding, ..MapOptions::default() };
                check(&network, &chip, &options, Plastic::Resting);
                let mapping = map(&network, &chip, &options).unwrap();
                synapses_are_placed_once(&network, &mapping);
                within_limits(&network, &mapping, &chip);
            }
        }
    }
    check(&network, &ChipSpec::preset("ideal").unwrap(), &MapOptions::default(), Plastic::Resting);
}

/// Values of tanh units and spikes in one network, on cores as without them; spikes as in floats but for few.
#[test]
fn values_and_spikes_in_one_network() {
    let mut made = mixed(5);
    made.params_mut().iter_mut().for_each(|layer| layer.weight.iter_mut().for_each(|w| *w *= 2.0));
    let network = quantise(&made, &QuantiseOptions::default()).unwrap();
    for folding in FOLDINGS {
        for fuse in [false, true] {
            let options = MapOptions { fuse, folding, ..MapOptions::default() };
            check(&network, &small_chip(64, 32, 2048), &options, Plastic::Resting);
        }
    }
    let (mut all, mut different, mut values) = (0, 0, 0);
    for number in 0..6 {
        let input = levels(&image(144, number));
        let seen: Vec<f32> = input.iter().map(|&level| f32::from(level) / 127.0).collect();
        let layers = made.record(Input::Constant(&seen)).unwrap();
        let look = |step: LayerStep<'_>| {
            if step.layer == 1 || step.layer == 3 {
                let own = &layers[step.layer].spikes[step.step * step.output.len()..];
                all += step.output.len();
                different += own.iter().zip(step.output).filter(|&(&a, &b)| (a > 0.5) != (b > 0)).count();
            } else {
                values += step.output.iter().filter(|value| value.abs() > 1).count();
            }
        };
        Reference::new(&network, Plastic::Resting).run(&input, look).unwrap();
    }
    assert!(values > 100 && different * 20 < all, "{different} of {all} spikes differ");
}

#[test]
fn dense_synapses_are_placed_once_and_within_limits() {
    let hybrid = quantise(&learner(&[50, 37, 5], HYBRID, HYBRID_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    for (axons, neurons, bytes) in [(16, 16, 256), (20, 7, 90), (64, 64, 4096)] {
        let chip = small_chip(axons, neurons, bytes);
        for (apart, fuse) in [(false, false), (false, true), (true, false), (true, true)] {
            let mapping = map(&hybrid, &chip, &MapOptions { apart, fuse, ..MapOptions::default() }).unwrap();
            synapses_are_placed_once(&hybrid, &mapping);
            within_limits(&hybrid, &mapping, &chip);
        }
    }
}

/// Folded, a map takes fewer cores and more phases: one for each band of a layer, each band when the rows that it sees are there.
#[test]
fn folding_trades_phases_for_cores() {
    let network = network();
    let chip = small_chip(64, 64, 4096);
    let [unfolded, folded] = FOLDINGS.map(|folding| {
        let mapping = map(&network, &chip, &MapOptions { folding, ..MapOptions::default() }).unwrap();
        let schedule = schedule(&network, &mapping, &chip, Plastic::Resting).unwrap();
        (mapping, schedule)
    });
    assert!(2 * folded.0.cores.len() < unfolded.0.cores.len(), "{} {}", folded.0.cores.len(), unfolded.0.cores.len());
    assert!(folded.1.phases > unfolded.1.phases);
    // Eleven rows in pooled pairs: six bands, one phase each, is what holds the next step up.
    assert_eq!((unfolded.1.interval, folded.1.interval), (1, 6));
    let (mapping, found) = folded;
    for step in 0..network.steps {
        for edge in mapping.edges.iter().filter(|edge| edge.traffic != Traffic::Factors) {
            if let Sender::Core(from) = edge.from {
                let sent = found.phase(step, from, edge.from_job);
                assert!(found.phase(step, edge.to, edge.to_job) > sent);
            }
        }
    }
}
