//! Plastic weights in rank form, and moved by a host.

use glocal_chip::energy::{Component, energy};
use glocal_chip::integer::kernels::presynaptic;
use glocal_chip::integer::rank::shares;
use glocal_chip::integer::{LayerStep, Plastic, Reference, postsynaptic, soma};
use glocal_chip::map::{MapOptions, Remembered, Sender, Traffic, map};
use glocal_chip::network::PLASTIC_FRACTION;
use glocal_chip::number::{Fixed, rounded_shift};
use glocal_chip::place::{Method, place};
use glocal_chip::simulate::{
    Faults, Machine, Network, Placed, Program, Timed, TimedMachine, flows, most_exchanged, schedule,
};
use glocal_chip::spec::WeightStorage;
use glocal_chip::{
    ChipError, ChipSpec, PlasticForm, QuantiseOptions, QuantizedLayer, QuantizedNetwork, QuantizedPlasticity, quantise,
};
use glocal_core::Learner;
use glocal_core::plasticity::RuleConfig;

use crate::made::{HYBRID, HYBRID_NETWORK, image, learner, levels};
use crate::mapped::{check, check_against, small_chip};

/// A hybrid network that learns fast enough to see it, its plastic weights begun or not.
fn made(sizes: &[usize], layer: &str, seed: u64, begun: bool) -> Learner {
    let mut made = learner(sizes, layer, HYBRID_NETWORK, seed);
    made.params_mut().iter_mut().for_each(|layer| layer.local_learning_rate.fill(0.07));
    made.params_mut().iter_mut().for_each(|layer| layer.plasticity_gain.fill(0.2));
    if !begun {
        made.plastic_mut().iter_mut().for_each(|plastic| plastic.values.clear());
    }
    made
}

fn network(made: &Learner, form: PlasticForm) -> QuantizedNetwork {
    quantise(made, &QuantiseOptions::default()).unwrap().in_form(form).unwrap()
}

/// Potentials of every layer at every step.
fn potentials(network: &QuantizedNetwork, input: &[i8]) -> Vec<Vec<Fixed>> {
    let mut found = Vec::new();
    let mut reference = Reference::new(network, Plastic::Moving);
    reference.run(input, |seen: LayerStep<'_>| found.push(seen.potential.to_vec())).unwrap();
    found
}

/// The anti-Hebbian rule without tanh.
const IDENTITY: &str = r#""neuron":{"kind":"lif","threshold":0.35,"decay":0.4},
    "plasticity":{"rule":{"kind":"hebbian","post":"identity","sign":-1.0},"decay":0.95,"clamp":7.9}"#;

/// The matrix itself, without clamp, in wide numbers: H_0 decayed, and what has been learned, each weight with all its bits.
struct Dense {
    /// Factors of each step so far: presynaptic, postsynaptic.
    past: Vec<(Vec<i16>, Vec<i8>)>,
}

impl Dense {
    /// Σ_i H_oi x_i to the fraction of H · x: of H_0, and of what has been learned.
    fn sums(&self, plasticity: &QuantizedPlasticity, x: &[i8]) -> Vec<i32> {
        let (step, inputs) = (self.past.len(), x.len());
        let shares = shares(plasticity.decay, step + 1);
        let shift = PLASTIC_FRACTION + 15 - plasticity.post_fraction - plasticity.rate_fraction;
        let of_neuron = |o: usize| {
            let mut sums = [0_i128; 2];
            for (i, &x) in x.iter().enumerate() {
                let begin = i128::from(plasticity.start[o * inputs + i]) * i128::from(shares[step]);
                let mut learned = 0;
                for (s, (pre, post)) in self.past.iter().enumerate() {
                    let product = (i128::from(post[o]) * i128::from(pre[i])) << shift;
                    learned += product * i128::from(shares[step - 1 - s]);
                }
                sums[0] += begin * i128::from(x);
                sums[1] += learned * i128::from(x);
            }
            (rounded_shift(sums[0] as i64, 15) + rounded_shift(sums[1] as i64, 30)) as i32
        };
        (0..plasticity.sliding_threshold.len()).map(of_neuron).collect()
    }
}

/// Potentials of every layer at every step, by dense matrices in wide numbers.
fn dense_potentials(network: &QuantizedNetwork, input: &[i8]) -> Vec<Vec<Fixed>> {
    let neurons = |layer: &QuantizedLayer| layer.wiring.neurons();
    let mut somas: Vec<_> = network.layers.iter().map(|layer| soma(&layer.neuron, neurons(layer))).collect();
    let mut matrices: Vec<Dense> = network.layers.iter().map(|_| Dense { past: Vec::new() }).collect();
    let mut found = Vec::new();
    for step in 0..network.steps {
        let mut x = input.to_vec();
        for (index, layer) in network.layers.iter().enumerate() {
            let plasticity = layer.plasticity.as_ref().unwrap();
            let plastic = matrices[index].sums(plasticity, &x);
            let current: Vec<Fixed> = (0..neurons(layer))
                .map(|o| {
                    let row = &layer.weight[o * x.len()..][..x.len()];
                    let sum: i32 = row.iter().zip(&x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
                    layer.scale_at(step).apply(sum) + layer.bias[o] + plasticity.gain_at(step, o).apply(plastic[o])
                })
                .collect();
            let (mut potential, mut spikes) = (vec![Fixed(0); current.len()], vec![0; current.len()]);
            somas[index].step(&current, &mut potential, &mut spikes);
            let (mut pre, mut post) = (vec![0; x.len()], vec![0; current.len()]);
            presynaptic(&x, &plasticity.rate, (plasticity.input_shift, plasticity.phase[step]), &mut pre);
            let QuantizedPlasticity { rule, post_fraction, sliding_threshold, .. } = plasticity;
            postsynaptic(rule, *post_fraction, &potential, sliding_threshold, &mut post);
            matrices[index].past.push((pre, post));
            found.push(potential);
            x = spikes;
        }
    }
    found
}

/// Keys and values give to the bit what the matrix gives that is not clamped, with all its bits.
#[test]
fn the_rank_form_is_the_matrix_in_wide_numbers() {
    for (layer, seed) in [(HYBRID, 1), (HYBRID, 2), (IDENTITY, 3)] {
        for begun in [false, true] {
            let network = network(&made(&[60, 40, 20, 4], layer, seed, begun), PlasticForm::Rank);
            let frozen = QuantizedNetwork { layers: without_rates(&network.layers), ..network.clone() };
            let mut learned = false;
            for number in 0..3 {
                let input = levels(&image(60, number));
                let found = potentials(&network, &input);
                assert!(found == dense_potentials(&network, &input), "seed {seed}, image {number}");
                learned |= found != potentials(&frozen, &input);
            }
            assert!(learned, "nothing was learned that one could see");
        }
    }
}

fn without_rates(layers: &[QuantizedLayer]) -> Vec<QuantizedLayer> {
    let mut layers = layers.to_vec();
    layers.iter_mut().filter_map(|layer| layer.plasticity.as_mut()).for_each(|plasticity| plasticity.rate.fill(0));
    layers
}

/// With a decay of a half, whose powers have no rounding, the matrix may as well be moved step by step, a bit more at each.
#[test]
fn the_rank_form_is_the_matrix_moved_step_by_step() {
    let halved = HYBRID.replace(r#""decay":0.95,"clamp""#, r#""decay":0.5,"clamp""#);
    let network = network(&made(&[30, 12, 4], &halved, 4, true), PlasticForm::Rank);
    let plasticity = network.layers[0].plasticity.as_ref().unwrap();
    let (input, steps) = (levels(&image(30, 1)), network.steps);
    let (mut shown, mut posts) = (Vec::new(), Vec::new());
    let look = |seen: LayerStep<'_>| {
        if seen.layer == 0 {
            let mut post = vec![0; 12];
            let QuantizedPlasticity { rule, post_fraction, sliding_threshold, .. } = plasticity;
            postsynaptic(rule, *post_fraction, seen.potential, sliding_threshold, &mut post);
            posts.push(post);
            shown.push(seen.plastic.to_vec());
        }
    };
    Reference::new(&network, Plastic::Moving).showing_plastic().run(&input, look).unwrap();
    // 12 + 15 fractional bits, and one for each halving.
    let mut matrix: Vec<i64> = plasticity.start.iter().map(|&h| i64::from(h) << (15 + steps)).collect();
    for step in 0..steps {
        let mut pre = vec![0; 30];
        presynaptic(&input, &plasticity.rate, (plasticity.input_shift, plasticity.phase[step]), &mut pre);
        for (at, h) in matrix.iter_mut().enumerate() {
            assert_eq!(*h % 2, 0, "a bit was lost");
            let product = i64::from(posts[step][at / 30]) * i64::from(pre[at % 30]);
            *h = *h / 2 + (product << (plasticity.shift() + steps as u32));
            assert_eq!(i64::from(shown[step][at]), rounded_shift(*h, 15 + steps as u32), "step {step}, weight {at}");
        }
    }
}

/// The matrix that cores move is rounded to 16 bits at each step, half a unit at most, and the rank form rounds the powers of the decay to
/// 15 bits: with the same factors they differ by no more than that.
#[test]
fn the_matrix_of_16_bits_is_near() {
    let mut made = made(&[60, 40, 4], HYBRID, 5, true);
    // Without gain both see the same potentials.
    made.params_mut().iter_mut().for_each(|layer| layer.plasticity_gain.fill(0.0));
    let [dense, rank] = [PlasticForm::OnChip, PlasticForm::Rank].map(|form| network(&made, form));
    let mut furthest = 0.0_f64;
    for number in 0..4 {
        let input = levels(&image(60, number));
        let weights = |network| {
            let mut found = Vec::new();
            let look = |seen: LayerStep<'_>| found.push((seen.layer, seen.step, seen.plastic.to_vec()));
            Reference::new(network, Plastic::Moving).showing_plastic().run(&input, look).unwrap();
            found
        };
        for ((layer, step, dense), (_, _, rank)) in weights(&dense).into_iter().zip(weights(&rank)) {
            // Half a unit for each rounding of the one and of the other; of weights up to 4 · 2^12 units, and as much learned, what
            // half a unit of 2^-15 makes of them.
            let bound = 0.5 * (step + 1) as f64 + 0.5 + 2.0 * f64::from(4 << 12) / 65_536.0;
            assert!(!dense.is_empty() && dense.len() == rank.len());
            for (dense, rank) in dense.into_iter().zip(rank) {
                let apart = (f64::from(dense) - f64::from(rank)).abs();
                assert!(apart <= bound, "layer {layer}, step {step}: {dense} {rank}");
                furthest = furthest.max(apart);
            }
        }
    }
    assert!(furthest > 0.0, "nothing was rounded");
}

/// Spikes are those of the matrix of 16 bits, but for few.
#[test]
fn spikes_are_those_of_the_matrix() {
    let made = made(&[120, 60, 30, 5], HYBRID, 6, true);
    let (dense, rank) = (network(&made, PlasticForm::OnChip), network(&made, PlasticForm::Rank));
    let (mut all, mut active, mut different) = (0, 0, 0);
    for number in 0..10 {
        let input = levels(&image(120, number));
        let spikes = |network| {
            let mut found = Vec::new();
            Reference::new(network, Plastic::Moving).run(&input, |seen| found.extend_from_slice(seen.output)).unwrap();
            found
        };
        for (a, b) in spikes(&dense).into_iter().zip(spikes(&rank)) {
            (all, active, different) = (all + 1, active + usize::from(a > 0), different + usize::from(a != b));
        }
    }
    assert!(active > 100 && different * 200 < all, "{different} of {all} differ, {active} spikes");
}

/// Wherever a layer is cut, keys, values and what rests of H_0 make what the whole does, plastic weights that are shown too.
#[test]
fn every_cut_of_the_rank_form_computes_what_the_whole_does() {
    for begun in [false, true] {
        let network = network(&made(&[50, 37, 23, 5], HYBRID, 1, begun), PlasticForm::Rank);
        for (axons, neurons, bytes) in [(32, 16, 256), (40, 7, 90), (64, 64, 4096), (45, 30, 100)] {
            let chip = small_chip(axons, neurons, bytes);
            for (apart, fuse) in [(false, false), (false, true), (true, false), (true, true)] {
                let options = MapOptions { apart, fuse, ..MapOptions::default() };
                let packets = check(&network, &chip, &options, Plastic::Moving);
                check(&network, &chip, &options, Plastic::Resting);
                let mapping = map(&network, &chip, &options).unwrap();
                for core in &mapping.cores {
                    assert!(
                        core.axons() as u64 <= axons && core.weight_bytes(WeightStorage::Dense8, 2) <= bytes,
                        "{core:?}"
                    );
                    assert!(core.width() as u64 <= neurons && !core.learns && (begun || !core.plastic));
                }
                let scores = mapping.messages.iter().zip(&packets).filter(|(of, _)| of.traffic == Traffic::Scores);
                // Nothing is remembered at the first step.
                assert!(scores.clone().count() > 0 && scores.clone().all(|(_, &count)| count == 0));
            }
        }
        check(&network, &ChipSpec::preset("ideal").unwrap(), &MapOptions::default(), Plastic::Moving);
    }
}

/// A chip that does not learn holds what the host has moved: to the bit what cores that learn compute.
#[test]
fn a_host_moves_what_cores_would() {
    let made = made(&[50, 37, 23, 5], HYBRID, 1, true);
    let (dense, host) = (network(&made, PlasticForm::OnChip), network(&made, PlasticForm::HostLp));
    for (axons, neurons, bytes) in [(16, 16, 256), (20, 7, 90), (64, 64, 4096)] {
        let mut chip = small_chip(axons, neurons, bytes);
        chip.plasticity = None;
        for (apart, fuse) in [(false, false), (true, true)] {
            let options = MapOptions { apart, fuse, ..MapOptions::default() };
            check_against(&dense, &host, &chip, &options, Plastic::Moving);
            check_against(&dense, &host, &chip, &options, Plastic::Resting);
            let mapping = map(&host, &chip, &options).unwrap();
            assert!(mapping.messages.iter().all(|message| message.traffic != Traffic::Factors));
        }
    }
}

/// Images on cores placed in one way.
fn timed(network: &QuantizedNetwork, chip: &ChipSpec, method: Method, how: Network, images: u64) -> Vec<Timed> {
    let mapping = map(network, chip, &MapOptions::default()).unwrap();
    let placement = place(mapping.cores.len(), &flows(&mapping), chip, &[], method).unwrap();
    let placed = Placed::new(network, &mapping, placement, chip, Plastic::Moving, &[]).unwrap();
    let program = Program::new(network, &mapping);
    let mut machine = TimedMachine::new(&placed, Machine::new(&program, Plastic::Moving), how).unwrap();
    let mut reference = Reference::new(network, Plastic::Moving);
    let run = |number| {
        let input = levels(&image(network.inputs, number));
        let found = machine.run(&input).unwrap();
        assert_eq!(found.answer, reference.run(&input, |_| ()).unwrap());
        let sent: u64 = found.messages.iter().zip(&mapping.messages).map(|(n, of)| n * of.to.len() as u64).sum();
        assert_eq!(found.phases.iter().map(|phase| phase.delivered).sum::<u64>(), sent);
        found
    };
    (0..images).map(run).collect()
}

/// Places change no answer of any form; every form's packets arrive; in rank form nothing but keys and values is written.
#[test]
fn places_and_costs_of_the_forms() {
    let made = made(&[50, 37, 5], HYBRID, 1, true);
    let chip = small_chip(40, 16, 512);
    let written = |found: &[Timed]| found.iter().map(|timed| timed.activity.plastic_bytes_written).sum::<u64>();
    let mut writes = Vec::new();
    for form in PlasticForm::ALL {
        let network = network(&made, form);
        for method in [Method::RowMajor, Method::Annealing { moves: 5000, seed: 1 }, Method::Greedy] {
            let (buffers, load) = (Network::Buffers, Network::Load);
            let found = [buffers, load].map(|how| timed(&network, &chip, method, how, 2));
            assert_eq!(written(&found[0]), written(&found[1]));
            writes.push(written(&found[0]));
        }
    }
    // Of five steps before the last a key of two bytes for each input and a value of one for each neuron.
    let of_image = 5 * (2 * (50 + 37) + 37 + 5);
    let synapses = 50 * 37 + 37 * 5;
    assert_eq!(writes[3..6], [2 * of_image; 3]);
    assert_eq!(writes[..3], [2 * 6 * 2 * synapses; 3]);
    assert!(writes[6] > 0 && writes[6] <= 2 * 6 * 2 * synapses, "{writes:?}");
}

/// A link of a byte in a microsecond: each phase waits as long as its bytes take, and energy and bytes are charged.
#[test]
fn the_chip_waits_for_the_host() {
    let made = made(&[50, 37, 5], HYBRID, 1, true);
    let mut chip = small_chip(64, 64, 4096);
    let network = network(&made, PlasticForm::HostLp);
    let host = chip.host.as_mut().unwrap();
    (host.bytes_per_us.value, host.latency_us.value) = (1.0, 3.0);
    let found = timed(&network, &chip, Method::Greedy, Network::Buffers, 1).remove(0);
    let link = found.link;
    // Two layers of six steps; of each but the last potentials of 3 bytes, a header, and bits of 37 spikes.
    assert_eq!(link.exchanges, 12);
    assert_eq!(link.bytes_read, 5 * (8 + 3 * 37) + 5 * (8 + 3 * 5 + 5));
    assert!(link.changed > 0 && link.bytes_written >= 2 * link.changed, "{link:?}");
    let waited: u64 = found.phases.iter().map(|phase| phase.waiting).sum();
    assert_eq!(waited, (link.bytes() + 12 * 3) * 300);
    for phase in &found.phases {
        assert_eq!(phase.cycles, phase.computing.max(phase.sending) + phase.waiting);
    }
    assert_eq!(found.activity.plastic_bytes_written, 2 * link.changed);
    let packets: u64 = found
        .messages
        .iter()
        .zip(&map(&network, &chip, &MapOptions::default()).unwrap().messages)
        .filter(|(_, message)| message.from == Sender::Host)
        .map(|(packets, _)| packets)
        .sum();
    assert_eq!(found.activity.host_bytes, 8 * packets + link.bytes());
    let spent = energy(&found.activity, &chip).of(Component::Host).nominal;
    assert!((spent / (0.7528 * 40.0 * found.activity.host_bytes as f64) - 1.0).abs() < 1e-12);
    // A faster link waits less, and that is all.
    chip.host.as_mut().unwrap().bytes_per_us.value = 100.0;
    let faster = timed(&network, &chip, Method::Greedy, Network::Buffers, 1).remove(0);
    assert_eq!(faster.link, link);
    assert!(faster.activity.cycles < found.activity.cycles);
    let most = most_exchanged(&network, &map(&network, &chip, &MapOptions::default()).unwrap());
    assert_eq!((most.exchanges, most.bytes_read), (link.exchanges, link.bytes_read));
    // 27 neurons of 50 inputs fill 4,096 bytes: three cores, each with a header.
    assert_eq!(most.bytes_written, 6 * (3 * 8 + 2 * (50 * 37 + 37 * 5)));
    assert!(most.bytes_written >= link.bytes_written && most.changed >= link.changed);
    // The layer's next step comes when the host has written.
    let mapping = map(&network, &chip, &MapOptions::default()).unwrap();
    let plan = schedule(&network, &mapping, &chip, Plastic::Moving).unwrap();
    for layer in 0..2 {
        let own = || mapping.of_layer(layer);
        for step in 1..network.steps {
            let fired = own().filter(|&core| mapping.cores[core].fires).map(|core| plan.phase(step - 1, core, 0)).max();
            let next = own().filter(|&core| mapping.cores[core].plastic).map(|core| plan.phase(step, core, 0)).min();
            assert!(next > fired, "layer {layer}, step {step}");
        }
    }
}

/// 784-512-10 in each form. Weights and plastic weights: 31 cores, 35 apart. In rank form keys take four and two cores, values two and one:
/// nine; a neuron takes one more sum, so that cores which only add hold 51 and not 64 neurons, 11 of them and not 8, and tiles of the
/// last block 60 and not 80, 9 and not 7. Without H_0: 19 + 3 + 9, or 16 + 2 + 9; with H_0 resting in the cores 31 + 3 + 9, apart 35 + 3 + 9.
#[test]
fn cores_of_the_reference_network() {
    let mut made = made(&[784, 512, 10], HYBRID, 9, true);
    let of = |network: &QuantizedNetwork, chip: &str, fuse, apart| {
        let options = MapOptions { fuse, apart, ..MapOptions::default() };
        map(network, &ChipSpec::preset(chip).unwrap(), &options).unwrap().cores.len()
    };
    let steps = |network: QuantizedNetwork| QuantizedNetwork { steps: 10, ..network };
    let [on_chip, rank, host] = PlasticForm::ALL.map(|form| steps(network(&made, form)));
    let found = |network: &QuantizedNetwork, chip| {
        [(false, false), (true, false), (false, true)].map(|(fuse, apart)| of(network, chip, fuse, apart))
    };
    assert_eq!(found(&on_chip, "tianjic-lp"), [31, 31, 35]);
    assert_eq!(found(&host, "tianjic"), [31, 31, 35]);
    let begun = found(&rank, "tianjic-lp");
    made.plastic_mut().iter_mut().for_each(|plastic| plastic.values.clear());
    let fresh = found(&steps(network(&made, PlasticForm::Rank)), "tianjic-lp");
    assert_eq!((begun, fresh), ([43, 42, 47], [31, 27, 31]));
}

/// What the rank form cannot be is refused, with the layer and the limit.
#[test]
fn what_has_no_rank_form_is_refused() {
    let refused = |network: QuantizedNetwork, needles: &[&str]| {
        let error = network.in_form(PlasticForm::Rank).unwrap_err();
        assert!(matches!(error, ChipError::NoForm { .. }));
        let text = format!("{error} {}", error.hint());
        needles.iter().for_each(|needle| assert!(text.contains(needle), "{needle}: {text}"));
    };
    let mut fast = made(&[30, 20, 4], HYBRID, 1, true);
    let plain = || quantise(&made(&[30, 20, 4], HYBRID, 1, true), &QuantiseOptions::default()).unwrap();
    fast.params_mut()[1].local_learning_rate.fill(1.5);
    let fast = quantise(&fast, &QuantiseOptions::default()).unwrap();
    refused(fast.clone(), &["layers.1: the clamp could be reached", "its clamp is 4.000", "rate_bounds"]);
    assert!(fast.in_form(PlasticForm::HostLp).is_ok());
    let mut other = plain();
    other.layers[0].plasticity.as_mut().unwrap().rule = RuleConfig::Oja { forgetting: 0.1 };
    refused(other, &["layers.0: its rule is no product"]);

    // Too many past steps for a core.
    let mut long = plain();
    long.steps = 40;
    for plasticity in long.layers.iter_mut().filter_map(|layer| layer.plasticity.as_mut()) {
        plasticity.phase = vec![plasticity.phase[0] / 8; 40];
    }
    let long = long.in_form(PlasticForm::Rank).unwrap();
    let chip = small_chip(64, 32, 4096);
    let error = map(&long, &chip, &MapOptions::default()).unwrap_err().to_string();
    assert!(error.contains("layers.0: keys of 39 past steps need 39 neurons of a core, it has 32"), "{error}");
    assert!(error.contains("layers.1"), "{error}");
    // A chip that moves none, and one without a link.
    let rank = plain().in_form(PlasticForm::Rank).unwrap();
    let error = map(&rank, &ChipSpec::preset("tianjic").unwrap(), &MapOptions::default()).unwrap_err();
    assert!(error.to_string().contains("tianjic moves none") && error.hint().contains("host-lp"), "{error}");
    let host = plain().in_form(PlasticForm::HostLp).unwrap();
    let unlinked = ChipSpec { host: None, ..ChipSpec::preset("tianjic").unwrap() };
    let error = map(&host, &unlinked, &MapOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no link") && error.hint().contains("[host]"), "{error}");
    let forms = |chip: &ChipSpec| chip.plastic_forms().map(PlasticForm::name).collect::<Vec<_>>();
    assert_eq!((forms(&chip), forms(&unlinked)), (vec!["on-chip", "rank", "host-lp"], vec![]));
}

/// Nothing learned yet, rates of zero: keys are zero, so no scores are sent, and answers are those of resting plastic weights. Damage of what
/// remembers changes answers; none of it changes none.
#[test]
fn keys_of_nothing_and_damaged_ones() {
    let mut still = made(&[40, 30, 4], HYBRID, 3, true);
    still.params_mut().iter_mut().for_each(|layer| layer.local_learning_rate.fill(0.0));
    let network_of = |made: &Learner| network(made, PlasticForm::Rank);
    let (still, moving) = (network_of(&still), network_of(&made(&[40, 30, 4], HYBRID, 3, false)));
    let chip = small_chip(64, 16, 512);
    let mapping = map(&still, &chip, &MapOptions::default()).unwrap();
    let program = Program::new(&still, &mapping);
    let mut machine = Machine::new(&program, Plastic::Moving);
    machine.run(&levels(&image(40, 1)), |_| ()).unwrap();
    let steps = machine.packets().chunks_exact(mapping.messages.len());
    let scores = steps.flat_map(|step| step.iter().zip(&mapping.messages));
    assert!(scores.filter(|(_, message)| message.traffic == Traffic::Scores).all(|(&packets, _)| packets == 0));

    let mapping = map(&moving, &chip, &MapOptions::default()).unwrap();
    assert!(mapping.cores.iter().any(|core| core.remembers(Remembered::Keys)));
    let answers = |faults| {
        let program = Program::with_faults(&moving, &mapping, faults);
        let mut machine = Machine::new(&program, Plastic::Moving);
        (0..4).flat_map(|n| machine.run(&levels(&image(40, n)), |_| ()).unwrap().values).collect::<Vec<i32>>()
    };
    let whole = answers(Faults::default());
    for faults in [
        Faults { dead_cores: 0.3, ..Faults::default() },
        Faults { stuck_bits: 0.3, ..Faults::default() },
        Faults { dropped_packets: 0.3, ..Faults::default() },
    ] {
        assert_ne!(answers(faults), whole, "{faults:?}");
        assert_eq!(answers(faults), answers(faults));
    }
}
