//! Mapped is unmapped, bit for bit.

use glocal_chip::integer::{Plastic, Reference};
use glocal_chip::map::{Core, Job, MapOptions, map};
use glocal_chip::quantise::PlasticPlace;
use glocal_chip::simulate::{Faults, Machine, Program, busy_cycles, schedule};
use glocal_chip::{ChipSpec, QuantiseOptions, QuantizedNetwork, quantise};

use crate::made::{GLOBAL, GLOBAL_NETWORK, HYBRID, HYBRID_NETWORK, image, learner, levels};

/// A chip with so small cores that even small layers take many.
pub fn small_chip(axons: u64, neurons: u64, bytes: u64) -> ChipSpec {
    let mut chip = ChipSpec::preset("tianjic-lp").unwrap();
    chip.core.axons.value = axons;
    chip.core.neurons.value = neurons;
    chip.core.weight_bytes.value = bytes;
    chip
}

/// Potentials, spikes and plastic weights of every neuron at every step.
type Trace = Vec<(usize, usize, Vec<i32>, Vec<i8>, Vec<i16>)>;

pub fn check(network: &QuantizedNetwork, chip: &ChipSpec, options: &MapOptions, plastic: Plastic) -> Vec<u32> {
    check_against(network, network, chip, options, plastic)
}

/// As [`check`], against the reference of another network.
pub fn check_against(
    expected: &QuantizedNetwork,
    network: &QuantizedNetwork,
    chip: &ChipSpec,
    options: &MapOptions,
    plastic: Plastic,
) -> Vec<u32> {
    let mapping = map(network, chip, options).unwrap();
    let program = Program::new(network, &mapping);
    let (mut machine, mut reference) =
        (Machine::new(&program, plastic).showing_plastic(), Reference::new(expected, plastic).showing_plastic());
    for number in 0..4 {
        let input = levels(&image(network.inputs, number));
        let (mut expected, mut found): (Trace, Trace) = (Vec::new(), Vec::new());
        let record = |into: &mut Trace, seen: glocal_chip::integer::LayerStep<'_>| {
            let potential = seen.potential.iter().map(|v| v.0).collect();
            into.push((seen.layer, seen.step, potential, seen.output.to_vec(), seen.plastic.to_vec()));
        };
        let answer = reference.run(&input, |seen| record(&mut expected, seen)).unwrap();
        assert_eq!(machine.run(&input, |seen| record(&mut found, seen)).unwrap(), answer);
        assert!(expected == found, "{number}");
        assert!(expected.iter().any(|(_, _, _, spikes, _)| spikes.contains(&1)), "nobody spikes");
    }
    machine.packets().to_vec()
}

#[test]
fn every_cut_computes_what_the_whole_does() {
    let sizes = [50, 37, 23, 5];
    let hybrid = quantise(&learner(&sizes, HYBRID, HYBRID_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    let global = quantise(&learner(&sizes, GLOBAL, GLOBAL_NETWORK, 2), &QuantiseOptions::default()).unwrap();
    for (axons, neurons, bytes) in [(16, 16, 256), (20, 7, 90), (64, 64, 4096), (13, 30, 100)] {
        let chip = small_chip(axons, neurons, bytes);
        for apart in [false, true] {
            for fuse in [false, true] {
                let options = MapOptions { apart, fuse, ..MapOptions::default() };
                for plastic in [Plastic::Resting, Plastic::Moving] {
                    check(&hybrid, &chip, &options, plastic);
                }
                check(&global, &chip, &options, Plastic::Resting);
            }
        }
    }
    check(&hybrid, &ChipSpec::preset("ideal").unwrap(), &MapOptions::default(), Plastic::Moving);
}

/// Without gain, or with rates of zero and nothing learned yet, plastic weights change nothing.
#[test]
fn plastic_weights_that_do_nothing_are_as_none() {
    let sizes = [40, 30, 4];
    let mut hybrid = learner(&sizes, HYBRID, HYBRID_NETWORK, 3);
    let answers = |network: &QuantizedNetwork, plastic| {
        let mut reference = Reference::new(network, plastic);
        (0..8).map(|n| reference.run(&levels(&image(40, n)), |_| ()).unwrap().values).collect::<Vec<_>>()
    };
    let global = {
        let mut twin = learner(&sizes, GLOBAL, GLOBAL_NETWORK, 3);
        for (twin, own) in twin.params_mut().iter_mut().zip(hybrid.params()) {
            (twin.weight, twin.bias) = (own.weight.clone(), own.bias.clone());
        }
        quantise(&twin, &QuantiseOptions::default()).unwrap()
    };
    let expected = answers(&global, Plastic::Resting);
    let with = |hybrid: &glocal_core::Learner| quantise(hybrid, &QuantiseOptions::default()).unwrap();
    assert_ne!(answers(&with(&hybrid), Plastic::Moving), expected);
    let gains: Vec<Vec<f32>> = hybrid.params().iter().map(|layer| layer.plasticity_gain.clone()).collect();
    hybrid.params_mut().iter_mut().for_each(|layer| layer.plasticity_gain.fill(0.0));
    assert_eq!(answers(&with(&hybrid), Plastic::Moving), expected);
    for (layer, gain) in hybrid.params_mut().iter_mut().zip(gains) {
        layer.plasticity_gain = gain;
        layer.local_learning_rate.fill(0.0);
    }
    hybrid.plastic_mut().iter_mut().for_each(|plastic| plastic.values.clear());
    let network = with(&hybrid);
    let mut reference = Reference::new(&network, Plastic::Moving);
    let mut look = |seen: glocal_chip::integer::LayerStep<'_>| assert!(seen.plastic.iter().all(|&h| h == 0));
    reference.run(&levels(&image(40, 1)), &mut look).unwrap();
    assert_eq!(answers(&network, Plastic::Moving), expected);
}

/// |H| stays within its bound at every step, however strongly it is driven.
#[test]
fn plastic_weights_stay_within_their_bound() {
    let mut hybrid = learner(&[30, 20, 4], HYBRID, HYBRID_NETWORK, 5);
    hybrid.params_mut().iter_mut().for_each(|layer| layer.local_learning_rate.fill(3.0));
    let network = quantise(&hybrid, &QuantiseOptions::default()).unwrap();
    let mut reference = Reference::new(&network, Plastic::Moving);
    let mut largest = 0;
    let mut look = |seen: glocal_chip::integer::LayerStep<'_>| {
        largest = seen.plastic.iter().fold(largest, |most, h| i32::from(*h).abs().max(most));
    };
    (0..4).for_each(|n| drop(reference.run(&levels(&image(30, n)), &mut look).unwrap()));
    assert_eq!(largest, 4 << 12);
}

/// Nothing in, nothing sent, where biases are zero.
#[test]
fn an_empty_image_sends_nothing() {
    let mut global = learner(&[60, 40, 4], GLOBAL, GLOBAL_NETWORK, 6);
    global.params_mut().iter_mut().for_each(|layer| layer.bias.fill(0.0));
    let network = quantise(&global, &QuantiseOptions::default()).unwrap();
    let mapping = map(&network, &small_chip(16, 16, 256), &MapOptions::default()).unwrap();
    let program = Program::new(&network, &mapping);
    let mut machine = Machine::new(&program, Plastic::Resting);
    machine.run(&levels(&image(60, 1)), |_| ()).unwrap();
    assert!(machine.packets().iter().any(|&packets| packets > 0));
    machine.run(&[0; 60], |seen| assert!(seen.output.iter().all(|&spike| spike == 0))).unwrap();
    assert!(machine.packets().iter().all(|&packets| packets == 0));
}

/// Neurons of a hidden layer in another order: outputs of the next layer are the same.
#[test]
fn the_order_of_neurons_does_not_matter() {
    let sizes = [25, 18, 4];
    let hybrid = learner(&sizes, HYBRID, HYBRID_NETWORK, 7);
    let mut turned = learner(&sizes, HYBRID, HYBRID_NETWORK, 7);
    let turn = |rows: &mut Vec<f32>, width: usize| {
        let half = rows.len() / width / 2 * width;
        rows.rotate_left(half);
    };
    let params = turned.params_mut();
    turn(&mut params[0].weight, 25);
    turn(&mut params[0].bias, 1);
    turn(&mut params[0].sliding_threshold, 1);
    params[1].weight.chunks_exact_mut(18).for_each(|row| row.rotate_left(9));
    turn(&mut params[1].local_learning_rate, 1);
    let plastic = turned.plastic_mut();
    turn(&mut plastic[0].values, 25);
    plastic[1].values.chunks_exact_mut(18).for_each(|row| row.rotate_left(9));
    let options = QuantiseOptions { plastic: PlasticPlace::OnChip, ..QuantiseOptions::default() };
    let (network, turned) = (quantise(&hybrid, &options).unwrap(), quantise(&turned, &options).unwrap());
    for n in 0..6 {
        let input = levels(&image(25, n));
        let run = |network| Reference::new(network, Plastic::Moving).run(&input, |_| ()).unwrap();
        assert_eq!(run(&network), run(&turned));
    }
}

/// 784-512-10 as the reference counts: the first output after four phases, 67.3 µs; ten steps in 219 µs. A core of 256 x 256
/// weights and plastic weights, which learn: 954 + 4,096 clocks, and 4,096 for its moves.
#[test]
fn phases_of_the_reference_network() {
    let network = quantise(&learner(&[784, 512, 10], GLOBAL, GLOBAL_NETWORK, 9), &QuantiseOptions::default()).unwrap();
    let network = QuantizedNetwork { steps: 10, ..network };
    let chip = ChipSpec::preset("tianjic").unwrap();
    let mapping = map(&network, &chip, &MapOptions { fuse: false, ..MapOptions::default() }).unwrap();
    assert_eq!(mapping.cores.len(), 19);
    let found = schedule(&network, &mapping, &chip, Plastic::Resting).unwrap();
    assert_eq!((found.phase_cycles, found.depth, found.phases), (5050, 4, 13));
    assert!((found.microseconds - 218.8).abs() < 0.1 && (found.microseconds * 4.0 / 13.0 - 67.3).abs() < 0.1);
    let fused = map(&network, &chip, &MapOptions::default()).unwrap();
    let same = schedule(&network, &fused, &chip, Plastic::Resting).unwrap();
    assert_eq!((fused.cores.len(), same.depth, same.phases), (16, found.depth, found.phases));

    let jobs = vec![Job { inputs: (0..256).collect(), neurons: (0..256).collect() }];
    let full = Core { layer: 0, jobs, weights: true, plastic: false, learns: false, past: None, fires: true, sums: 0 };
    let learning = ChipSpec::preset("tianjic-lp").unwrap();
    assert_eq!(busy_cycles(&full, &learning, Plastic::Moving), 5050);
    let plastic = Core { plastic: true, learns: true, weights: false, ..full.clone() };
    assert_eq!(busy_cycles(&plastic, &learning, Plastic::Moving), 954 + 4096 + 4096);
    assert_eq!(busy_cycles(&plastic, &learning, Plastic::Resting), 954 + 4096);

    // A phase too short for the fullest core.
    let mut short = chip.clone();
    short.phase.cycles.as_mut().unwrap().value = 4000;
    let error = schedule(&network, &mapping, &short, Plastic::Resting).unwrap_err().to_string();
    assert!(error.contains("core 0 of layers.0") && error.contains("a phase has 4000"), "{error}");
}

/// Damage changes answers, more of it changes more, none of it changes none; the same seed damages the same.
#[test]
fn faults_by_seed() {
    let network = quantise(&learner(&[50, 37, 5], HYBRID, HYBRID_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    let mapping = map(&network, &small_chip(16, 16, 256), &MapOptions::default()).unwrap();
    let answers = |faults| {
        let program = Program::with_faults(&network, &mapping, faults);
        let mut machine = Machine::new(&program, Plastic::Moving);
        let run = |n| machine.run(&levels(&image(50, n)), |_| ()).unwrap().values;
        (0..6).flat_map(run).collect::<Vec<i32>>()
    };
    let whole = answers(Faults::default());
    let distance = |faults| answers(faults).iter().zip(&whole).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>();
    let kinds: [fn(f64) -> Faults; 3] = [
        |share| Faults { dead_cores: share, ..Faults::default() },
        |share| Faults { stuck_bits: share, ..Faults::default() },
        |share| Faults { dropped_packets: share, ..Faults::default() },
    ];
    for kind in kinds {
        assert_eq!(distance(kind(0.0)), 0.0);
        assert!(distance(kind(0.3)) > 0.0);
        assert_eq!(answers(kind(0.2)), answers(kind(0.2)));
        assert_ne!(answers(kind(0.3)), answers(Faults { seed: 1, ..kind(0.3) }));
    }
    // Nothing is left of a chip whose cores are all dead.
    assert!(answers(kinds[0](1.0)).iter().all(|&value| value == 0));
    let lost = Faults { dropped_packets: 1.0, ..Faults::default() };
    assert_ne!(answers(lost), whole);
}

/// Everything that does not fit is said, with the layer and the limit.
#[test]
fn what_does_not_fit_is_said_at_once() {
    let network = quantise(&learner(&[40, 30, 4], HYBRID, HYBRID_NETWORK, 8), &QuantiseOptions::default()).unwrap();
    let error = map(&network, &ChipSpec::preset("tianjic").unwrap(), &MapOptions::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("layers.0") && text.contains("layers.1") && error.hint().contains("tianjic-lp"), "{text}");
    let mut chip = small_chip(8, 8, 64);
    (chip.grid.columns.value, chip.grid.rows.value, chip.grid.chips.value) = (2, 2, 1);
    let error = map(&network, &chip, &MapOptions::default()).unwrap_err().to_string();
    assert!(error.contains("1 chips have 4"), "{error}");
}
