//! Energy.

use glocal_chip::ChipSpec;
use glocal_chip::energy::{Activity, Component, Picojoules, energy, full_load};

use crate::made::tianjic;

/// The published 0.95 W, which is 1.564 pJ a synapse all in; and 0.4 W in applications, above what the chip takes idle.
#[test]
fn tianjic_at_full_load_takes_the_published_power() {
    let chip = tianjic();
    let load = full_load(&chip).unwrap();
    assert_eq!(load.synaptic_ops, 156 * 65_536);
    let microseconds = load.cycles as f64 / chip.phase.clock_mhz.value;
    let total = energy(&load, &chip).total();
    let [low, nominal, high] = total.watts(microseconds);
    assert!((nominal - 0.95).abs() < 0.001, "{nominal}");
    assert!((total.nominal / load.synaptic_ops as f64 - 1.564).abs() < 0.001);
    assert!(low < 0.95 && 0.95 < high, "{low} {high}");
    let idle = Activity { cycles: load.cycles, cores_on: load.cores_on, ..Activity::default() };
    let [_, nominal, high] = energy(&idle, &chip).total().watts(microseconds);
    assert!((nominal - 0.2).abs() < 0.001 && (high - 0.4).abs() < 0.001, "{nominal} {high}");
    assert_eq!(full_load(&ChipSpec::preset("tianjic-lp").unwrap()), None);
}

/// On the chip like Loihi, by hand: 10 synapses of 33.6 pJ, 2 updates of 72.8, a spike of 146.1 that goes 3 hops of 3.6, and two
/// plastic weights written, 120 each; it has no static power.
#[test]
fn energies_by_hand() {
    let chip = ChipSpec::preset("loihi-like").unwrap();
    let activity = Activity {
        synaptic_ops: 10,
        weight_bytes_read: 10,
        plastic_bytes_written: 4,
        soma_updates: 2,
        spikes: 1,
        packet_hops: 3,
        cycles: 1000,
        cores_on: 1,
        ..Activity::default()
    };
    let found = energy(&activity, &chip);
    let nominal = |component| found.of(component).nominal;
    assert!((nominal(Component::Synapses) - 336.0).abs() < 1e-9);
    assert!((nominal(Component::PlasticWrites) - 240.0).abs() < 1e-9);
    assert!((found.total().nominal - (336.0 + 2.0 * 72.8 + 146.1 + 3.0 * 3.6 + 240.0)).abs() < 1e-9);
}

#[test]
fn components_sum_to_the_total_and_nothing_costs_static_power_alone() {
    for name in ChipSpec::presets() {
        let chip = ChipSpec::preset(name).unwrap();
        let activity = Activity {
            synaptic_ops: 1,
            weight_bytes_read: 2,
            plastic_bytes_read: 3,
            plastic_bytes_written: 4,
            soma_updates: 5,
            spikes: 6,
            lut_reads: 7,
            packet_hops: 8,
            chip_hops: 9,
            host_bytes: 10,
            cycles: 11,
            cores_on: 12,
        };
        let found = energy(&activity, &chip);
        let total = found.total();
        let sum = |pick: fn(&Picojoules) -> f64| found.parts().iter().map(|(_, part)| pick(part)).sum::<f64>();
        assert_eq!([total.low, total.nominal, total.high], [sum(|e| e.low), sum(|e| e.nominal), sum(|e| e.high)]);
        assert!(found.parts().iter().all(|(_, e)| e.low <= e.nominal && e.nominal <= e.high));
        let idle = energy(&Activity { cycles: 11, cores_on: 12, ..Activity::default() }, &chip);
        assert_eq!(idle.total(), found.of(Component::Static));
        assert_eq!(energy(&Activity::default(), &chip).total(), Picojoules::default());
    }
}

/// 11 clocks of 300 MHz are 0.03667 µs; 12 cores of 1.282 mW: 0.564 nJ.
#[test]
fn static_energy_by_hand() {
    let idle = Activity { cycles: 11, cores_on: 12, ..Activity::default() };
    let found = energy(&idle, &tianjic()).total().nominal;
    assert!((found - 12.0 * 1.282 * 11.0 / 300.0 * 1000.0).abs() < 1e-9, "{found}");
}

#[test]
fn work_in_turn_adds_up() {
    let work = Activity { synaptic_ops: 1, cycles: 5, cores_on: 3, ..Activity::default() };
    let mut sum = work;
    sum += Activity { synaptic_ops: u64::MAX, cycles: 2, cores_on: 2, ..Activity::default() };
    assert_eq!(sum, Activity { synaptic_ops: u64::MAX, cycles: 7, cores_on: 3, ..Activity::default() });
}
