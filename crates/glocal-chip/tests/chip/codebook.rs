//! Weights as indices into a codebook.

use glocal_chip::energy::Activity;
use glocal_chip::integer::Plastic;
use glocal_chip::map::{MapOptions, map};
use glocal_chip::place::{Method, place};
use glocal_chip::simulate::{Machine, Network, Placed, Program, TimedMachine, flows};
use glocal_chip::spec::{Sourced, WeightStorage};
use glocal_chip::{ChipSpec, QuantiseOptions, QuantizedNetwork, quantise};

use crate::made::{GLOBAL, GLOBAL_NETWORK, HYBRID, HYBRID_NETWORK, convolutions, image, learner, levels};
use crate::mapped::{check, small_chip};

fn indexed(chip: ChipSpec, bits: u32) -> ChipSpec {
    let mut chip = chip;
    chip.core.weight_storage =
        Some(Sourced { value: WeightStorage::Indexed(bits), source: "assumed: to see what it saves".into() });
    chip
}

fn with_codebook(made: &glocal_core::Learner, bits: u32) -> QuantizedNetwork {
    quantise(made, &QuantiseOptions { codebook_bits: Some(bits), ..QuantiseOptions::default() }).unwrap()
}

/// Each layer has no more weights than its codebook, 0 with them, and is nearer to what it was the more there are.
#[test]
fn weights_come_from_a_codebook() {
    let made = learner(&[60, 40, 4], GLOBAL, GLOBAL_NETWORK, 1);
    let whole = quantise(&made, &QuantiseOptions::default()).unwrap();
    let mut furthest = [i64::MAX; 2];
    for bits in [1, 2, 4, 6, 8] {
        let network = with_codebook(&made, bits);
        for (index, (layer, of)) in network.layers.iter().zip(&whole.layers).enumerate() {
            let mut weights = layer.weight.clone();
            weights.extend([0]);
            weights.sort_unstable();
            weights.dedup();
            assert!(weights.len() <= 1 << bits, "{} weights", weights.len());
            let lost = |(&a, &b): (&i8, &i8)| (i64::from(a) - i64::from(b)).pow(2);
            let lost: i64 = layer.weight.iter().zip(&of.weight).map(lost).sum();
            assert!(lost <= furthest[index] && (bits < 8 || lost == 0), "{bits} bits: {lost}");
            furthest[index] = lost;
        }
    }
}

/// However it is cut, the chip computes what the reference does with these weights; cores with codebooks keep within their memory and
/// are fewer; all 8 bits of an index cost the codebook beside.
#[test]
fn indexed_weights_take_fewer_cores() {
    let hybrid = learner(&[50, 37, 23, 5], HYBRID, HYBRID_NETWORK, 1);
    let global = learner(&[50, 37, 23, 5], GLOBAL, GLOBAL_NETWORK, 2);
    let mut maps = convolutions(4);
    maps.params_mut().iter_mut().for_each(|layer| layer.weight.iter_mut().for_each(|w| *w *= 2.0));
    let chip = small_chip(64, 64, 600);
    for (made, plastic) in [(&hybrid, Plastic::Moving), (&global, Plastic::Resting), (&maps, Plastic::Resting)] {
        let cores = |network: &QuantizedNetwork, chip: &ChipSpec| {
            check(network, chip, &MapOptions::default(), plastic);
            let mapping = map(network, chip, &MapOptions::default()).unwrap();
            for core in &mapping.cores {
                assert!(core.weight_bytes(chip.core.storage(), 2) <= chip.core.weight_bytes.value, "{core:?}");
            }
            mapping.cores.len()
        };
        let network = with_codebook(made, 4);
        let [dense, four, eight] =
            [chip.clone(), indexed(chip.clone(), 4), indexed(chip.clone(), 8)].map(|chip| cores(&network, &chip));
        assert!(four < dense && dense <= eight, "{four} {dense} {eight}");
    }
}

/// Half the bytes are read, and an entry is looked up for each.
#[test]
fn indices_are_read_and_entries_looked_up() {
    let network = with_codebook(&learner(&[60, 40, 4], GLOBAL, GLOBAL_NETWORK, 3), 4);
    let run = |chip: &ChipSpec| -> Activity {
        let mapping = map(&network, chip, &MapOptions::default()).unwrap();
        let placement = place(mapping.cores.len(), &flows(&mapping), chip, &[], Method::Greedy).unwrap();
        let placed = Placed::new(&network, &mapping, placement, chip, Plastic::Resting, &[]).unwrap();
        let program = Program::new(&network, &mapping);
        let machine = Machine::new(&program, Plastic::Resting);
        let mut machine = TimedMachine::new(&placed, machine, Network::Load).unwrap();
        machine.run(&levels(&image(60, 1))).unwrap().activity
    };
    let chip = ChipSpec::preset("tianjic-lp").unwrap();
    let (dense, four) = (run(&chip), run(&indexed(chip, 4)));
    assert_eq!((dense.lut_reads, four.lut_reads), (0, dense.weight_bytes_read));
    assert_eq!(four.weight_bytes_read, dense.weight_bytes_read / 2);
    assert_eq!(four.synaptic_ops, dense.synaptic_ops);
}

#[test]
fn a_network_without_the_codebook_is_refused() {
    let network = quantise(&learner(&[60, 40, 4], GLOBAL, GLOBAL_NETWORK, 1), &QuantiseOptions::default()).unwrap();
    let chip = indexed(ChipSpec::preset("tianjic").unwrap(), 4);
    let error = map(&network, &chip, &MapOptions::default()).unwrap_err().to_string();
    assert!(error.contains("layers.0: has") && error.contains("codebook of a core holds 16"), "{error}");
    // As a file says it, and what is wrong with it.
    let text = ChipSpec::preset_text("tianjic").unwrap();
    let line = |value: &str| {
        text.replace("[phase]", &format!("weight_storage = {{ value = {value}, source = \"a test\" }}\n\n[phase]"))
    };
    assert_eq!(ChipSpec::parse(&line("{ indexed = 4 }")).unwrap().core.storage(), WeightStorage::Indexed(4));
    assert_eq!(ChipSpec::parse(&line("\"dense8\"")).unwrap(), {
        let mut chip = ChipSpec::preset("tianjic").unwrap();
        chip.core.weight_storage = Some(Sourced { value: WeightStorage::Dense8, source: "a test".into() });
        chip
    });
    for (bad, needle) in [("{ indexed = 9 }", "core.weight_storage: has indices of 9 bits"), ("\"dense9\"", "dense9")] {
        let error = ChipSpec::parse(&line(bad)).unwrap_err().to_string();
        assert!(error.contains(needle), "{needle}: {error}");
    }
}
