//! How fast places are found and packets are simulated: `cargo run --release -p glocal-chip --example noc_speed`.

use std::time::Instant;

use glocal_chip::noc::{Delivered, Simulator, load};
use glocal_chip::place::{Board, Endpoint, Flow, Method, place};
use glocal_chip::route::{Cast, route};
use glocal_chip::spec::Casting;
use glocal_chip::{ChipError, ChipSpec};
use glocal_core::random::uniform;

/// Cores in layers of `width`, each sending to `fan_out` of the next layer, the first hearing the host.
fn layers(cores: usize, width: usize, fan_out: usize) -> Vec<Cast> {
    let host = Cast { from: Endpoint::Host, to: (0..width.min(cores)).collect() };
    let below = |core: usize| {
        let first = (core / width + 1) * width;
        let receiver = |n: usize| first + (uniform(1, "receiver", (core * fan_out + n) as u64) * width as f64) as usize;
        Cast { from: Endpoint::Core(core), to: (0..fan_out).map(receiver).filter(|&to| to < cores).collect() }
    };
    [host].into_iter().chain((0..cores).map(below)).filter(|cast| !cast.to.is_empty()).collect()
}

fn main() -> Result<(), ChipError> {
    let mut chip = ChipSpec::preset("tianjic").expect("a preset");
    let board = Board::of(&chip);
    for (cores, width, fan_out) in [(156, 26, 8), (3900, 100, 8), (10_000, 200, 8)] {
        if cores > 3900 {
            chip.grid.chips.value = 100;
            chip.grid.chips_per_row.value = 10;
        }
        let board = if cores > 3900 { Board::of(&chip) } else { board };
        let casts = layers(cores, width, fan_out);
        let flow = |cast: &Cast, to: usize| Flow { from: cast.from, to, packets: 10.0 };
        let flows: Vec<Flow> = casts.iter().flat_map(|cast| cast.to.iter().map(|&to| flow(cast, to))).collect();
        let mut placement = None;
        for method in [Method::RowMajor, Method::Greedy, Method::annealing(cores, 1)] {
            let start = Instant::now();
            let found = place(cores, &flows, &chip, &[], method)?;
            println!("{cores} cores, {method:?}: cost {} in {:.3?}", found.cost(&board, &flows), start.elapsed());
            placement = Some(found);
        }
        let Some(placement) = placement else { continue };
        for casting in [Casting::Unicast, Casting::Chain, Casting::Tree] {
            let start = Instant::now();
            let routes = route(&placement, &casts, &chip, casting, &[])?;
            let routed = start.elapsed();
            let mut simulator = Simulator::new(&routes, &chip)?;
            for each in [1_u64, 30] {
                let packets = vec![each; casts.len()];
                let start = Instant::now();
                let bound = load(&routes, &chip, &packets)?.figures;
                let bounded = start.elapsed();
                // The fastest of several: what else the machine does is left out.
                let mut fastest = f64::INFINITY;
                let mut last = Delivered::default();
                for _ in 0..(2_000_000 / (bound.packet_hops + 1)).clamp(3, 200) {
                    let start = Instant::now();
                    last = simulator.run(&packets)?;
                    fastest = fastest.min(start.elapsed().as_secs_f64());
                }
                let hops = last.packet_hops + last.chip_hops;
                println!(
                    "  {casting:?}, routed in {routed:.2?}, bound in {bounded:.2?}: {} packets, {} hops, {} clocks (at least {}), {} stalls; {:.1} million packet-hops/s, {:.0} phases/s",
                    last.delivered,
                    hops,
                    last.cycles,
                    bound.cycles_at_least,
                    last.stalls,
                    hops as f64 / fastest * 1e-6,
                    1.0 / fastest
                );
            }
        }
    }
    Ok(())
}
