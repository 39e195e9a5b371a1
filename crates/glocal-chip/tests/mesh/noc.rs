//! Packets in the network of routers.

use glocal_chip::noc::{Delivered, Simulator, load};
use glocal_chip::place::{Endpoint, Placement};
use glocal_chip::route::{Cast, Direction, Link, Routes, route};
use glocal_chip::spec::Casting;
use glocal_chip::{ChipError, ChipSpec};

use crate::made::{at, below, places, small, tianjic, traffic};
use crate::reference;

fn cast(from: usize, to: &[usize]) -> Cast {
    Cast { from: Endpoint::Core(from), to: to.to_vec() }
}

fn routes(places: &Placement, casts: &[Cast], chip: &ChipSpec) -> Routes {
    route(places, casts, chip, Casting::Chain, &[]).unwrap()
}

fn run(places: &Placement, casts: &[Cast], chip: &ChipSpec, packets: &[u64]) -> Delivered {
    Simulator::new(&routes(places, casts, chip), chip).unwrap().run(packets).unwrap()
}

/// Five hops, and a clock into the core; from the host into the core beside it that clock alone.
#[test]
fn a_packet_alone_takes_its_hops() {
    let mut chip = tianjic();
    for hop in [1, 3, 20] {
        chip.noc.hop_cycles.value = hop;
        let found = run(&places(&[(0, 0), (3, 2)]), &[cast(0, &[1])], &chip, &[1]);
        let expected =
            Delivered { cycles: 5 * hop + 1, injected: 1, delivered: 1, packet_hops: 5, ..Delivered::default() };
        assert_eq!(found, expected);
        let from_host = [Cast { from: Endpoint::Host, to: vec![0] }];
        assert_eq!(run(&places(&[(0, 0)]), &from_host, &chip, &[1]).cycles, 1);
    }
    // Two hops, of which one to the next chip.
    chip.noc.hop_cycles.value = 2;
    chip.noc.chip_hop_cycles.value = 50;
    let found = run(&places(&[(10, 0), (12, 0)]), &[cast(0, &[1])], &chip, &[1]);
    assert_eq!((found.cycles, found.packet_hops, found.chip_hops), (2 + 50 + 1, 1, 1));
}

/// Two hops and a clock, then from the next clock on one hop and a clock.
#[test]
fn a_packet_is_handed_on() {
    let found = run(&places(&[(0, 0), (2, 1), (2, 0)]), &[cast(0, &[1, 2])], &tianjic(), &[1]);
    let expected =
        Delivered { cycles: 5, injected: 1, relayed: 1, delivered: 2, packet_hops: 3, ..Delivered::default() };
    assert_eq!(found, expected);
}

/// Core 1 beside core 0 sends two packets the same way. In clock 1 its second one and that of core 0 want the link: core 0's goes, and
/// arrives in clock 3; the other goes in clock 2, is there in clock 4 and in the core after 5.
#[test]
fn two_packets_want_a_link() {
    let casts = [cast(0, &[2]), cast(1, &[2])];
    let found = run(&places(&[(0, 0), (1, 0), (3, 0)]), &casts, &small(4, 1), &[1, 2]);
    assert_eq!((found.cycles, found.stalls, found.delivered), (5, 1, 3));
}

/// Three packets to the next chip, over a link that each takes for 10 clocks. They cross in clocks 1, 11, 21 and are in the core a
/// clock after they arrived, at 23. With a buffer of one the second leaves in clock 2, when it hears that the buffer is free, and waits
/// at the link from 3 to 10; the third waits from 3 to 11, leaves at 12, and waits from 13 to 20. With a buffer of four all wait at the
/// link, each at the head from when the one before it has crossed.
#[test]
fn a_full_buffer_holds_up_who_sends_into_it() {
    let mut chip = tianjic();
    chip.noc.chip_hop_cycles.value = 1;
    chip.noc.chip_link_cycles.value = 10;
    let (places, casts) = (places(&[(10, 0), (12, 0)]), [cast(0, &[1])]);
    let routes = routes(&places, &casts, &chip);
    for (depth, expected) in [(1, [1 + 9, 8 + 8, 0]), (4, [0, 9 + 9, 0])] {
        chip.noc.buffer_packets.value = depth;
        let mut simulator = Simulator::new(&routes, &chip).unwrap();
        let found = simulator.run(&[3]).unwrap();
        assert_eq!((found.cycles, found.delivered), (23, 3));
        let stalls: Vec<u64> = simulator.routers().map(|(_, stalls, _)| stalls).collect();
        assert_eq!(stalls, expected);
        assert_eq!(found.stalls, expected.iter().sum::<u64>());
    }
}

/// n packets of one core over h hops follow each other clock by clock: h + n clocks, which is what the bound says.
#[test]
fn a_stream_reaches_its_bound() {
    let (places, casts) = (places(&[(1, 1), (5, 3)]), [cast(0, &[1])]);
    let routes = routes(&places, &casts, &tianjic());
    let bound = load(&routes, &tianjic(), &[100]).unwrap();
    assert_eq!(bound.figures.cycles_at_least, 106);
    assert_eq!((bound.figures.longest, bound.figures.packet_hops), (7, 600));
    let first = Link { from: at(1, 1), toward: Direction::East };
    assert_eq!(bound.figures.busiest, Some((first, 100)));
    assert_eq!(bound.links().count(), 6);
    assert_eq!(Simulator::new(&routes, &tianjic()).unwrap().run(&[100]).unwrap().cycles, 106);
}

#[test]
fn no_packets_cost_nothing() {
    let routes = routes(&places(&[(0, 0), (3, 2)]), &[cast(0, &[1])], &tianjic());
    assert_eq!(Simulator::new(&routes, &tianjic()).unwrap().run(&[0]).unwrap(), Delivered::default());
    assert_eq!(load(&routes, &tianjic(), &[0]).unwrap().figures, Default::default());
}

/// Random traffic over two by one chips: packets sent == received, core by core; never faster than the bound; counts of links equal;
/// and, to the clock and the stall, what a plain simulator finds that follows every packet by itself.
#[test]
fn random_traffic_arrives_as_a_plain_simulator_says() {
    let mut chip = small(5, 4);
    chip.grid.chips.value = 2;
    chip.grid.chips_per_row.value = 2;
    let places = Placement { at: (0..40).map(|n| at(n % 10, n / 10)).collect() };
    for seed in 0..60 {
        let pick = |name, of: &[u64]| of[below(seed, name, 0, of.len())];
        chip.noc.hop_cycles.value = pick("hop", &[1, 1, 2, 3]);
        chip.noc.link_cycles.value = pick("link", &[0, 1, 1, 2]);
        chip.noc.chip_hop_cycles.value = pick("chip hop", &[1, 7]);
        chip.noc.chip_link_cycles.value = pick("chip link", &[0, 1, 5]);
        chip.noc.buffer_packets.value = pick("buffer", &[1, 2, 3, 4, 16]);
        let (casts, packets) = traffic(seed, 40, 1 + below(seed, "casts", 0, 60));
        let casting = [Casting::Unicast, Casting::Chain, Casting::Tree][below(seed, "casting", 0, 3)];
        let dead = [Link { from: at(3, 1), toward: Direction::East }];
        let routes = route(&places, &casts, &chip, casting, &dead[below(seed, "dead", 0, 2)..]).unwrap();
        let mut simulator = Simulator::new(&routes, &chip).unwrap();
        let found = simulator.run(&packets).unwrap();
        let bound = load(&routes, &chip, &packets).unwrap();
        let figures = bound.figures;
        assert!(found.cycles >= figures.cycles_at_least, "{seed}");
        assert_eq!(
            (found.injected, found.relayed, found.delivered, found.packet_hops, found.chip_hops),
            (figures.injected, figures.relayed, figures.delivered, figures.packet_hops, figures.chip_hops)
        );
        assert_eq!(bound.links().map(|(_, packets)| packets).sum::<u64>(), found.packet_hops + found.chip_hops);
        assert_received(&simulator, &places, &casts, &packets);
        assert_eq!((found.cycles, found.stalls), reference::run(&routes, &chip, &packets), "{seed}");
    }
}

fn assert_received(simulator: &Simulator<'_>, places: &Placement, casts: &[Cast], packets: &[u64]) {
    let mut expected = vec![0; places.at.len()];
    for (cast, &packets) in casts.iter().zip(packets) {
        let mut to = cast.to.clone();
        to.sort_unstable();
        to.dedup();
        to.iter().for_each(|&core| expected[core] += packets);
    }
    for (position, _, delivered) in simulator.routers() {
        let core = places.at.iter().position(|&at| at == position).unwrap();
        assert_eq!(delivered, expected[core]);
    }
}

#[test]
fn a_phase_does_not_depend_on_those_before() {
    let chip = small(6, 6);
    let places = Placement { at: (0..36).map(|n| at(n % 6, n / 6)).collect() };
    let (casts, packets) = traffic(3, 36, 40);
    let routes = routes(&places, &casts, &chip);
    let mut simulator = Simulator::new(&routes, &chip).unwrap();
    let first = simulator.run(&packets).unwrap();
    let other: Vec<u64> = packets.iter().map(|count| count / 2 + 1).collect();
    assert_ne!(simulator.run(&other).unwrap(), first);
    assert_eq!(simulator.run(&packets).unwrap(), first);
    assert_eq!(Simulator::new(&routes, &chip).unwrap().run(&packets).unwrap(), first);
}

/// Links without limit, as on the machine without limits: what is sent at once arrives at once.
#[test]
fn without_limits_only_the_way_counts() {
    let ideal = ChipSpec::preset("ideal").unwrap();
    let found = run(&places(&[(0, 0), (3, 0)]), &[cast(0, &[1])], &ideal, &[1000]);
    assert_eq!((found.cycles, found.stalls), (4, 0));
}

#[test]
fn what_cannot_be_simulated() {
    let chip = tianjic();
    let routes = routes(&places(&[(0, 0), (3, 2)]), &[cast(0, &[1])], &chip);
    let mut simulator = Simulator::new(&routes, &chip).unwrap();
    assert!(matches!(simulator.run(&[1, 2]), Err(ChipError::Counts { expected: 1, found: 2 })));
    assert!(matches!(simulator.run(&[u64::MAX]), Err(ChipError::TooManyPackets { .. })));
    assert!(matches!(load(&routes, &chip, &[]), Err(ChipError::Counts { expected: 1, found: 0 })));
    let ideal = ChipSpec::preset("ideal").unwrap();
    let far = self::routes(&places(&[(0, 0), (1023, 1023)]), &[cast(0, &[1])], &ideal);
    assert!(matches!(Simulator::new(&far, &ideal), Err(ChipError::TooManyRouters { routers: 1_048_576, .. })));
}
