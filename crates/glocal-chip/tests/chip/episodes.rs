//! Episodes: in integers as in a plain reckoning, on cores as in integers, however they are cut and wherever they lie.

use glocal_chip::energy::{Component, energy};
use glocal_chip::integer::{Answer, Episodes, LayerStep, Plastic, Reference, Shown};
use glocal_chip::map::{Folding, MapOptions, map};
use glocal_chip::place::{Method, place};
use glocal_chip::simulate::{Faults, Machine, Network, Placed, Program, TimedEpisodes, flows};
use glocal_chip::{ChipError, ChipSpec, QuantiseOptions, QuantizedNetwork, quantise, quantise_episodes};
use glocal_core::{EpisodeShape, Examples, Input};

use crate::made::{GATED, GLOBAL, GLOBAL_NETWORK, SPIKES, VALUES, episodic, image, levels};
use crate::mapped::small_chip;

/// The forms that are tried: tanh units, spikes with and without decay of plastic weights, other factors and couplings.
fn forms() -> Vec<QuantizedNetwork> {
    let forgetting = GATED.replace("\"decay\":1.0", "\"decay\":0.9");
    let tanh =
        r#""rule":{"kind":"hebbian","post":"tanh"},"decay":0.95,"coupling":{"kind":"additive","gain":"per-neuron"}"#;
    let made = [(VALUES, 1, GATED), (SPIKES, 4, GATED), (SPIKES, 3, &forgetting[..]), (VALUES, 1, tanh)];
    let of = |(neuron, steps, readout)| {
        quantise_episodes(&episodic(neuron, steps, readout, 3), &QuantiseOptions::default(), 2).unwrap()
    };
    made.into_iter().map(of).collect()
}

/// Ten labelled pictures of five classes, and further ones of each.
fn support(number: u64) -> Vec<(Vec<i8>, u32)> {
    (0..10).map(|at| (picture(number * 100 + at % 5, at / 5), (at % 5) as u32)).collect()
}

fn queries(number: u64) -> Vec<Vec<i8>> {
    (0..5).map(|class| picture(number * 100 + class, 7)).collect()
}

/// A class's picture, a little different each time.
fn picture(class: u64, drawing: u64) -> Vec<i8> {
    let (own, noise) = (image(81, class), image(81, 9000 + class * 10 + drawing));
    levels(&own.iter().zip(noise).map(|(own, noise)| (0.8 * own + 0.2 * noise).min(1.0)).collect::<Vec<_>>())
}

/// What the read-out sees of a picture, and what it did: potentials, H.
#[derive(Default)]
struct Seen {
    counts: Vec<i64>,
    potential: Vec<i32>,
    plastic: Vec<i16>,
}

fn see(seen: &mut Seen, step: LayerStep<'_>) {
    match step.layer {
        1 => {
            seen.counts.resize(step.output.len(), 0);
            seen.counts.iter_mut().zip(step.output).for_each(|(sum, &value)| *sum += i64::from(value));
        }
        2 => {
            seen.potential = step.potential.iter().map(|v| v.0).collect();
            seen.plastic = step.plastic.to_vec();
        }
        _ => {}
    }
}

/// Inputs of the read-out: 3 x 3 places of 8 channels.
const FEATURES: usize = 72;

/// The read-out as written down, in wide integers, for plastic weights that do not decay. The label's current is so large that the
/// softmax is all its neuron's.
struct Plain<'n> {
    network: &'n QuantizedNetwork,
    plastic: Vec<i64>,
    /// Potentials after the reset.
    rest: Vec<i64>,
}

impl Plain<'_> {
    fn show(&mut self, x: &[i64], label: Option<usize>) -> Vec<i32> {
        let layer = &self.network.layers[2];
        let plasticity = layer.plasticity.as_ref().unwrap();
        let sum = |o: usize, weight: &dyn Fn(usize) -> i64| {
            (0..FEATURES).map(|i| weight(o * FEATURES + i) * x[i]).sum::<i64>() as i32
        };
        let mut potentials = Vec::new();
        for o in 0..5 {
            let weighted = layer.scale[0].apply(sum(o, &|at| i64::from(layer.weight[at]))).0;
            let stored = plasticity.gain[0].apply(sum(o, &|at| self.plastic[at])).0;
            let drive = if label == Some(o) { 2000 << 12 } else { 0 };
            let most = (1 << 23) - 1;
            let current = (i64::from(weighted) + i64::from(stored) + drive).min(most);
            // 0.2 is 819 of 4,096.
            let potential = (((self.rest[o] * 819) >> 12) + current).min(most);
            potentials.push(potential as i32);
            if label.is_some() {
                self.rest[o] = if potential > 1 << 12 { 0 } else { potential };
            }
        }
        if let (Some(label), Some(readout)) = (label, &plasticity.readout) {
            for (i, &x) in x.iter().enumerate() {
                let at = label * FEATURES + i;
                let moved = (64 * x * i64::from(readout.rate[at])) << readout.shift;
                let exact = self.plastic[at] as f64 + moved as f64 / 32_768.0;
                let bound = i64::from(plasticity.bound);
                self.plastic[at] = (exact.round_ties_even() as i64).clamp(-bound, bound);
            }
        }
        potentials
    }
}

#[test]
fn the_readout_is_what_is_written_down() {
    for network in &forms()[..2] {
        let mut episodes = Episodes::new(network).unwrap();
        let mut plain = Plain { network, plastic: vec![0; 5 * FEATURES], rest: vec![0; 5] };
        for (picture, label) in support(1) {
            let mut seen = Seen::default();
            episodes.store(&picture, label, |step| see(&mut seen, step)).unwrap();
            assert!(seen.counts.iter().any(|&count| count != 0));
            assert_eq!(plain.show(&seen.counts, Some(label as usize)), seen.potential);
            assert_eq!(plain.plastic, seen.plastic.iter().map(|&h| i64::from(h)).collect::<Vec<_>>());
        }
        assert!(plain.plastic.iter().any(|h| h.abs() > 100), "something is stored");
        for picture in queries(1) {
            let mut seen = Seen::default();
            let answer = episodes.ask(&picture, |step| see(&mut seen, step)).unwrap();
            assert_eq!(plain.show(&seen.counts, None), answer.values);
            assert_eq!(plain.plastic, seen.plastic.iter().map(|&h| i64::from(h)).collect::<Vec<_>>());
        }
    }
}

/// The network in floats, asked the same: answers of queries, v/threshold, are near, and so are classes.
#[test]
fn integers_follow_floats() {
    for (neuron, steps) in [(VALUES, 1), (SPIKES, 4)] {
        let mut learner = episodic(neuron, steps, GATED, 3);
        let network = quantise_episodes(&learner, &QuantiseOptions::default(), 2).unwrap();
        let mut episodes = Episodes::new(&network).unwrap();
        let (mut alike, mut error, mut size) = (0, 0.0_f64, 0.0_f64);
        for number in 0..8 {
            let (support, queries) = (support(number), queries(number));
            let pictures = support.iter().map(|(picture, _)| picture).chain(&queries);
            let values: Vec<f32> = pictures.flatten().map(|&level| f32::from(level) / 127.0).collect();
            let labels: Vec<u32> = support.iter().map(|(_, label)| *label).chain(0..5).collect();
            let shape = EpisodeShape { ways: 5, supports: 10, queries: 5 };
            let expected = learner.answer(Examples::in_episodes(Input::Constant(&values), &labels, shape)).unwrap();
            episodes.begin();
            support.iter().for_each(|(picture, label)| episodes.store(picture, *label, |_| ()).unwrap());
            for (query, expected) in queries.iter().zip(expected.chunks_exact(5)) {
                let answer = episodes.ask(query, |_| ()).unwrap();
                let best = (0..5).max_by(|&a, &b| expected[a].total_cmp(&expected[b])).unwrap();
                alike += usize::from(answer.class == best);
                for (&found, &expected) in answer.values.iter().zip(expected) {
                    error += (f64::from(found) / 4096.0 - f64::from(expected)).powi(2);
                    size += f64::from(expected).powi(2);
                }
            }
        }
        assert!(alike >= 36, "{alike} of 40");
        // A table of tanh in steps of 1/32, features that are mostly small.
        assert!((error / size).sqrt() < 0.08, "{neuron} {}", (error / size).sqrt());
    }
}

/// An episode does not know what was before it; a query leaves nothing behind, so that neither their order nor their number matters.
#[test]
fn episodes_begin_anew_and_queries_do_not_write() {
    for network in forms() {
        let answers = |episodes: &mut Episodes<'_>, number: u64, order: &[usize]| {
            episodes.begin();
            support(number).iter().for_each(|(picture, label)| episodes.store(picture, *label, |_| ()).unwrap());
            let queries = queries(number);
            order.iter().map(|&at| episodes.ask(&queries[at], |_| ()).unwrap()).collect::<Vec<Answer>>()
        };
        let mut fresh = Episodes::new(&network).unwrap();
        let expected = answers(&mut fresh, 2, &[0, 1, 2, 3, 4]);
        let mut used = Episodes::new(&network).unwrap();
        let other = answers(&mut used, 1, &[0, 1, 2, 3, 4]);
        assert_ne!(other, expected);
        assert_eq!(answers(&mut used, 2, &[0, 1, 2, 3, 4]), expected);
        let turned = answers(&mut used, 2, &[4, 0, 0, 2]);
        assert_eq!(turned, [&expected[4], &expected[0], &expected[0], &expected[2]].map(Answer::clone));
        // Without a support there is nothing to tell.
        used.begin();
        assert_ne!(used.ask(&queries(2)[0], |_| ()).unwrap(), expected[0]);
    }
}

/// Potentials, outputs and plastic weights of every neuron at every step, and answers.
fn trace(
    mut run: impl FnMut(&[i8], Shown, &mut dyn FnMut(LayerStep<'_>)) -> Answer,
) -> Vec<(Vec<i32>, Vec<i8>, Vec<i16>)> {
    let mut found = Vec::new();
    let shown = support(4).into_iter().map(|(picture, label)| (picture, Shown::Support(label)));
    for (picture, shown) in shown.chain(queries(4).into_iter().map(|picture| (picture, Shown::Query))) {
        let mut look = |step: LayerStep<'_>| {
            let potential = step.potential.iter().map(|v| v.0).collect();
            found.push((potential, step.output.to_vec(), step.plastic.to_vec()));
        };
        let answer = run(&picture, shown, &mut look);
        found.push((answer.values, Vec::new(), Vec::new()));
    }
    found
}

fn reference(network: &QuantizedNetwork) -> Vec<(Vec<i32>, Vec<i8>, Vec<i16>)> {
    let mut episodes = Episodes::new(network).unwrap();
    trace(|picture, shown, look| match shown {
        Shown::Query => episodes.ask(picture, look).unwrap(),
        Shown::Support(label) => {
            let mut values = Vec::new();
            let mut own = |step: LayerStep<'_>| {
                values = step.potential.iter().map(|v| v.0).collect();
                look(step);
            };
            episodes.store(picture, label, &mut own).unwrap();
            Answer { values, class: 0 }
        }
    })
}

#[test]
fn every_cut_computes_what_the_whole_does() {
    let chips = [small_chip(36, 24, 400), small_chip(64, 64, 4096), ChipSpec::preset("ideal").unwrap()];
    for network in forms() {
        let expected = reference(&network);
        for chip in &chips {
            for folding in [Folding::Unfolded, Folding::Bands] {
                for (apart, fuse) in [(false, true), (true, true), (false, false)] {
                    let mapping = map(&network, chip, &MapOptions { apart, fuse, folding }).unwrap();
                    let program = Program::new(&network, &mapping);
                    let mut machine = Machine::new(&program, Plastic::Moving).showing_plastic();
                    machine.begin().unwrap();
                    let found = trace(|picture, shown, look| machine.show(picture, shown, look).unwrap());
                    assert!(found == expected, "{} apart {apart} fuse {fuse} {folding:?}", chip.name);
                }
            }
        }
    }
}

/// Placed anywhere, answers are the same; what is stored costs writes, what is asked none; pictures share the pipeline.
#[test]
fn episodes_take_time_and_energy() {
    for network in &forms()[..3] {
        let chip = small_chip(64, 32, 2048);
        let mapping = map(network, &chip, &MapOptions::default()).unwrap();
        let mut all = Vec::new();
        for method in [Method::RowMajor, Method::Greedy, Method::annealing(mapping.cores.len(), 5)] {
            let placement = place(mapping.cores.len(), &flows(&mapping), &chip, &[], method).unwrap();
            let placed = Placed::new(network, &mapping, placement, &chip, Plastic::Moving, &[]).unwrap();
            let [store, ask] = placed.of_episode(10, 5).unwrap();
            let program = Program::new(network, &mapping);
            let machine = Machine::new(&program, Plastic::Moving);
            let mut timed = TimedEpisodes::new([&store, &ask], machine, &chip, Network::Buffers).unwrap();
            let (support, queries) = (support(5), queries(5));
            let support: Vec<(&[i8], u32)> = support.iter().map(|(picture, label)| (&picture[..], *label)).collect();
            let queries: Vec<&[i8]> = queries.iter().map(|picture| &picture[..]).collect();
            let found = timed.run(&support, &queries).unwrap();
            assert_eq!(timed.run(&support, &queries).unwrap(), found, "an episode leaves nothing behind");
            let (stored, asked) = (found.stored.activity, found.asked.activity);
            // Two pictures of each of five classes; with decay all five neurons' weights move at each.
            let keeps = network.layers[2].plasticity.as_ref().unwrap().decay == 1 << 15;
            let rows = if keeps { 10 } else { 50 };
            assert_eq!(stored.plastic_bytes_written, rows * FEATURES as u64 * 2);
            assert_eq!((asked.plastic_bytes_written, asked.lut_reads > 0), (0, network.steps == 1));
            let neurons: u64 = network.layers[..2].iter().map(|layer| layer.wiring.neurons() as u64).sum();
            let a_picture = neurons * network.steps as u64 + 5;
            assert_eq!((stored.soma_updates, asked.soma_updates), (10 * a_picture, 5 * a_picture));
            let alone = placed.showing(1, Plastic::Moving).unwrap().schedule().phases;
            let phases = store.schedule().phases;
            assert!(alone < phases && phases < 10 * alone, "{alone} {phases}");
            let parts = energy(&stored, &chip);
            assert!(parts.of(Component::PlasticWrites).nominal > 0.0 && parts.of(Component::Host).nominal > 0.0);
            assert!(matches!(timed.run(&support[..9], &queries), Err(ChipError::Pictures { expected: 10, found: 9 })));
            all.push((found.answers, stored.synaptic_ops, store.schedule().phases));
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
        let mut episodes = Episodes::new(network).unwrap();
        support(5).iter().for_each(|(picture, label)| episodes.store(picture, *label, |_| ()).unwrap());
        let expected: Vec<Answer> = queries(5).iter().map(|query| episodes.ask(query, |_| ()).unwrap()).collect();
        assert_eq!(all[0].0, expected);
    }
}

/// A damaged chip answers otherwise, an undamaged one does not.
#[test]
fn faults_reach_episodes() {
    let network = &forms()[0];
    let mapping = map(network, &small_chip(64, 32, 2048), &MapOptions::default()).unwrap();
    let answers = |faults| {
        let program = Program::with_faults(network, &mapping, faults);
        let mut machine = Machine::new(&program, Plastic::Moving);
        machine.begin().unwrap();
        trace(|picture, shown, look| machine.show(picture, shown, look).unwrap())
    };
    let whole = answers(Faults::default());
    for faults in [
        Faults { dead_cores: 0.3, ..Faults::default() },
        Faults { stuck_bits: 0.05, ..Faults::default() },
        Faults { dropped_packets: 0.2, ..Faults::default() },
    ] {
        assert!(answers(faults) != whole && answers(faults) == answers(faults), "{faults:?}");
    }
}

#[test]
fn what_does_not_go_is_said() {
    let options = QuantiseOptions::default();
    let said = |learner: &glocal_core::Learner, shots: usize| {
        let error = quantise_episodes(learner, &options, shots).unwrap_err();
        format!("{error} {}", error.hint())
    };
    let clamped = GATED.replace("\"decay\":1.0", "\"decay\":1.0,\"clamp\":0.01");
    let bcm = r#""rule":{"kind":"bcm","average_decay":0.9},"decay":0.9,"coupling":{"kind":"gated"}"#;
    for (neuron, steps, readout, needles) in [
        (VALUES, 3, GATED, ["layers.1", "values of tanh units for several steps", "steps = 1"]),
        (VALUES, 1, &clamped[..], ["layers.2", "its clamp is 0.01", "without `clamp`"]),
        (VALUES, 1, bcm, ["layers.2", "a rule that the chip's cores do not have", "Hebbian"]),
        (SPIKES, 200, GATED, ["layers.2", "counts up to 200", "fewer steps"]),
    ] {
        let text = said(&episodic(neuron, steps, readout, 1), 1);
        assert!(needles.iter().all(|needle| text.contains(needle)), "{text}");
    }
    let learner = episodic(VALUES, 1, GATED, 1);
    assert!(said(&learner, 1_000_000).contains("could pass H's bound"));
    assert!(said(&learner, 0).contains("at least one shot"));
    let classifier = crate::made::learner(&[20, 10, 4], GLOBAL, GLOBAL_NETWORK, 1);
    assert!(said(&classifier, 1).contains("knows its own classes"));
    assert!(quantise(&learner, &options).unwrap_err().to_string().contains("in episodes"));

    // What is shown the wrong way.
    let (network, other) =
        (quantise_episodes(&learner, &options, 1).unwrap(), quantise(&classifier, &options).unwrap());
    let mut episodes = Episodes::new(&network).unwrap();
    let own = picture(0, 0);
    assert!(matches!(episodes.store(&own, 5, |_| ()), Err(ChipError::Label { label: 5, ways: 5 })));
    assert!(matches!(episodes.ask(&own[1..], |_| ()), Err(ChipError::Input { .. })));
    let sample = Reference::new(&network, Plastic::Moving).run(&own, |_| ());
    assert!(matches!(sample, Err(ChipError::Episodes { in_episodes: true })));
    assert!(matches!(Episodes::new(&other), Err(ChipError::Episodes { in_episodes: false })));

    // A softmax in more cores than one.
    let narrow = small_chip(8, 256, 65_536);
    let text = map(&network, &narrow, &MapOptions::default()).unwrap_err().to_string();
    assert!(text.contains("the sums of all 5 neurons") && text.contains("layers.2"), "{text}");
}
