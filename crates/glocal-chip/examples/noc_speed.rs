//! How fast places are found and packets are simulated: `cargo run --release -p glocal-chip --example noc_speed`.
//!
//! Of each time the shortest of several is printed: what else the machine does is left out.

use std::time::Instant;

use glocal_chip::noc::{Delivered, Load, Simulator, load};
use glocal_chip::place::{Board, Endpoint, Flow, Method, Placement, place};
use glocal_chip::route::{Cast, route};
use glocal_chip::spec::Casting;
use glocal_chip::{ChipError, ChipSpec};
use glocal_core::random::uniform;

/// Phases of an image, and the mean packets of a cast in each.
const PHASES: usize = 20;
const MEAN_PACKETS: f64 = 2.0;

/// Cores that each core sends to.
const FAN_OUT: usize = 8;

fn main() -> Result<(), ChipError> {
    for (cores, width, chips, chips_per_row) in [(156, 26, 1, 1), (3900, 100, 25, 5), (10_000, 200, 100, 10)] {
        let mut chip = ChipSpec::preset("tianjic").expect("a preset");
        (chip.grid.chips.value, chip.grid.chips_per_row.value) = (chips, chips_per_row);
        let casts = layers(cores, width);
        let placement = placed(cores, &casts, &chip)?;
        for casting in [Casting::Unicast, Casting::Chain, Casting::Tree] {
            simulated(&placement, &casts, &chip, casting)?;
        }
    }
    Ok(())
}

/// Cores in layers of `width`, each sending to some of the next layer, the first hearing the host.
fn layers(cores: usize, width: usize) -> Vec<Cast> {
    let host = Cast { from: Endpoint::Host, to: (0..width.min(cores)).collect() };
    let below = |core: usize| {
        let first = (core / width + 1) * width;
        let number = |n: usize| uniform(1, "receiver", (core * FAN_OUT + n) as u64) * width as f64;
        let receivers = (0..FAN_OUT).map(|n| first + number(n) as usize).filter(|&to| to < cores);
        Cast { from: Endpoint::Core(core), to: receivers.collect() }
    };
    [host].into_iter().chain((0..cores).map(below)).filter(|cast| !cast.to.is_empty()).collect()
}

fn placed(cores: usize, casts: &[Cast], chip: &ChipSpec) -> Result<Placement, ChipError> {
    let flow = |cast: &Cast, to: usize| Flow { from: cast.from, to, packets: MEAN_PACKETS };
    let flows: Vec<Flow> = casts.iter().flat_map(|cast| cast.to.iter().map(|&to| flow(cast, to))).collect();
    let find = |method| -> Result<Placement, ChipError> {
        let start = Instant::now();
        let found = place(cores, &flows, chip, &[], method)?;
        println!("{cores} cores, {method:?}: cost {} in {:.3?}", found.cost(&Board::of(chip), &flows), start.elapsed());
        Ok(found)
    };
    find(Method::RowMajor)?;
    find(Method::Greedy)?;
    find(Method::annealing(cores, 1))
}

fn simulated(placement: &Placement, casts: &[Cast], chip: &ChipSpec, casting: Casting) -> Result<(), ChipError> {
    let routes = route(placement, casts, chip, casting, &[])?;
    let packets = |phase: usize, cast: usize| {
        let number = uniform(2, "packets", (phase * casts.len() + cast) as u64);
        (number * (2.0 * MEAN_PACKETS + 1.0)) as u64
    };
    let phases: Vec<Vec<u64>> =
        (0..PHASES).map(|phase| (0..casts.len()).map(|cast| packets(phase, cast)).collect()).collect();
    let mut simulator = Simulator::new(&routes, chip)?;
    // Large machines take long enough once.
    let times = if placement.at.len() > 1000 { 1 } else { 20 };
    let (found, seconds) = shortest(times, &phases, |phase| simulator.run(phase))?;
    let (bounds, bound_seconds) = shortest(times, &phases, |phase| load(&routes, chip, phase))?;
    let sum = |pick: fn(&Delivered) -> u64| found.iter().map(pick).sum::<u64>();
    let (delivered, cycles) = (sum(|found| found.delivered), sum(|found| found.cycles));
    let hops = sum(|found| found.packet_hops + found.chip_hops);
    let least: u64 = bounds.iter().map(|bound: &Load| bound.figures.cycles_at_least).sum();
    println!(
        "  {casting:?}: {delivered} packets, {hops} hops, {cycles} clocks (at least {least}); {:.1} million packet-hops/s, \
         {:.1} images of {PHASES} phases/s; bounds {:.1} images/s",
        hops as f64 / seconds * 1e-6,
        1.0 / seconds,
        1.0 / bound_seconds
    );
    Ok(())
}

/// What `work` makes of each phase, one after the other, so many times; and the sum of each phase's shortest time.
fn shortest<T>(
    times: usize,
    phases: &[Vec<u64>],
    mut work: impl FnMut(&[u64]) -> Result<T, ChipError>,
) -> Result<(Vec<T>, f64), ChipError> {
    let (mut found, mut seconds) = (Vec::new(), vec![f64::INFINITY; phases.len()]);
    for _ in 0..times {
        found.clear();
        for (phase, seconds) in phases.iter().zip(&mut seconds) {
            let start = Instant::now();
            found.push(work(phase)?);
            *seconds = seconds.min(start.elapsed().as_secs_f64());
        }
    }
    Ok((found, seconds.iter().sum()))
}
