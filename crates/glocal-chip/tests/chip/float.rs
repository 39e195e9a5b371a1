//! Integers beside floats.

use glocal_chip::integer::{LayerStep, Plastic, Reference};
use glocal_chip::quantise::{PlasticPlace, ScaleForm};
use glocal_chip::{ChipError, QuantiseOptions, quantise};
use glocal_core::{Examples, Input, Learner, PlasticEval};

use crate::made::{GLOBAL, GLOBAL_NETWORK, HYBRID, HYBRID_NETWORK, image, learner, levels};

/// Share of the first layer's spikes that differ, and largest difference of its potentials where the past was the same.
fn differences(learner: &mut Learner, options: &QuantiseOptions, plastic: Plastic) -> (f64, f64) {
    let network = quantise(learner, options).unwrap();
    let threshold = learner.network().layers()[0].threshold();
    let (inputs, neurons) = (network.inputs, network.layers[0].wiring.neurons());
    let mut reference = Reference::new(&network, plastic);
    let (mut spikes, mut different, mut furthest) = (0, 0, 0.0_f64);
    for number in 0..6 {
        let exact = levels(&image(inputs, number));
        // What the chip sees, so that only weights and potentials are rounded.
        let seen: Vec<f32> = exact.iter().map(|&level| f32::from(level) / 127.0).collect();
        let mode = if plastic == Plastic::Moving { PlasticEval::Moving } else { PlasticEval::Frozen };
        learner.evaluate_on(Examples::new(Input::Constant(&seen), &[0]), mode).unwrap();
        let view = learner.workspace().layer(0);
        let (potential, output) = (view.potential.to_vec(), view.output.to_vec());
        let mut same = vec![true; neurons];
        let look = |step: LayerStep<'_>| {
            if step.layer > 0 {
                return;
            }
            for (n, same) in same.iter_mut().enumerate() {
                let at = step.step * neurons + n;
                let spiked = output[at] > 0.5;
                if *same {
                    furthest = furthest.max((step.potential[n].to_f64() - f64::from(potential[at]) / threshold).abs());
                }
                spikes += 1;
                let differs = spiked != (step.output[n] > 0);
                different += u64::from(differs);
                *same &= !differs;
            }
        };
        reference.run(&exact, look).unwrap();
    }
    (different as f64 / spikes as f64, furthest)
}

/// Potentials within what rounding explains: 120 inputs of weights rounded to half a unit, which adds up like √120 of them.
#[test]
fn potentials_follow_those_in_floats() {
    let mut global = learner(&[120, 60, 5], GLOBAL, GLOBAL_NETWORK, 1);
    let options = QuantiseOptions::default();
    let (different, furthest) = differences(&mut global, &options, Plastic::Resting);
    assert!(different < 0.02 && furthest < 0.05, "{different} {furthest}");
    // Fewer bits, further away.
    let coarse = QuantiseOptions { weight_bits: 4, ..options };
    let (worse, further) = differences(&mut global, &coarse, Plastic::Resting);
    assert!(worse >= different && further > 4.0 * furthest, "{worse} {further}");
}

#[test]
fn plastic_weights_follow_those_in_floats() {
    let mut hybrid = learner(&[120, 60, 5], HYBRID, HYBRID_NETWORK, 2);
    for plastic in [Plastic::Resting, Plastic::Moving] {
        let (different, furthest) = differences(&mut hybrid, &QuantiseOptions::default(), plastic);
        assert!(different < 0.03 && furthest < 0.1, "{plastic:?}: {different} {furthest}");
    }
    let folded = QuantiseOptions { plastic: PlasticPlace::Folded, ..QuantiseOptions::default() };
    let (different, furthest) = differences(&mut hybrid, &folded, Plastic::Resting);
    assert!(different < 0.03 && furthest < 0.1, "{different} {furthest}");
}

/// 3,000 inputs of up to 127 whose weights all push one way: with 8 bits sums could pass 24. Larger units leave room, and answers follow.
#[test]
fn sums_have_room() {
    let mut global = learner(&[3000, 6], GLOBAL, GLOBAL_NETWORK, 4);
    global.params_mut()[0]
        .weight
        .iter_mut()
        .enumerate()
        .for_each(|(at, w)| *w = 0.001 + 0.0005 * (at % 7) as f32 / 7.0);
    for form in [ScaleForm::Multiplier, ScaleForm::PowerOfTwo] {
        let options = QuantiseOptions { form, ..QuantiseOptions::default() };
        let network = quantise(&global, &options).unwrap();
        let rows = network.layers[0].weight.chunks_exact(3000);
        let most = rows.map(|row| row.iter().map(|&w| i64::from(w).abs() * 127).sum::<i64>()).max().unwrap();
        assert!(most < 1 << 23 && most > 1 << 21, "{form:?} {most}");
        let (different, _) = differences(&mut global, &options, Plastic::Resting);
        assert!(different < 0.03, "{form:?} {different}");
    }
}

#[test]
fn what_cannot_be_quantised_is_said_at_once() {
    let layer = r#""neuron":{"kind":"leaky-integrator","decay":0.5,"threshold":1.0},
        "plasticity":{"rule":{"kind":"oja","forgetting":0.1},"decay":0.9,"coupling":{"kind":"gated"}}"#;
    let other = learner(&[6, 5, 4], layer, HYBRID_NETWORK, 3);
    let error = quantise(&other, &QuantiseOptions::default()).unwrap_err();
    let ChipError::Unquantisable(obstacles) = &error else { panic!("{error}") };
    let places: Vec<&str> = obstacles.iter().map(|obstacle| &obstacle.place[..]).collect();
    assert_eq!(places, ["layers.0", "layers.0", "layers.0", "layers.1", "layers.1"]);
    assert!(error.to_string().contains("potentials to the next layer") && !error.hint().is_empty());
    let network = quantise(&learner(&[6, 5, 4], GLOBAL, GLOBAL_NETWORK, 3), &QuantiseOptions::default()).unwrap();
    let wrong = Reference::new(&network, Plastic::Resting).run(&[0; 7], |_| ()).unwrap_err();
    assert!(matches!(wrong, ChipError::Input { expected: 6, found: 7, .. }), "{wrong}");
}
