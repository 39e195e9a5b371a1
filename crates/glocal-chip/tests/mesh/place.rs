//! Places.

use glocal_chip::ChipError;
use glocal_chip::place::{Board, Endpoint, Flow, Method, Placement, place};

use crate::made::{at, below, small, tianjic};

fn flow(from: usize, to: usize, packets: f64) -> Flow {
    Flow { from: Endpoint::Core(from), to, packets }
}

fn random_flows(seed: u64, cores: usize, flows: usize) -> Vec<Flow> {
    let one = |n| {
        let packets = below(seed, "packets", n, 100) as f64;
        flow(below(seed, "from", n, cores), below(seed, "to", n, cores), packets)
    };
    let host = (0..3).map(|n| Flow { from: Endpoint::Host, to: n, packets: 10.0 });
    (0..flows).map(one).chain(host).collect()
}

fn assert_apart(placement: &Placement, board: &Board) {
    let mut at = placement.at.clone();
    at.sort_unstable();
    at.dedup();
    assert_eq!(at.len(), placement.at.len());
    assert!(at.iter().all(|&position| board.contains(position)));
}

/// By hand, on chips of 12 x 13, 5 chips in a row, a hop to another chip counting 20.
#[test]
fn positions_chips_and_costs_by_hand() {
    let board = Board::of(&tianjic());
    assert_eq!((board.columns(), board.rows(), board.positions()), (60, 65, 3900));
    assert_eq!([board.position(0), board.position(12), board.position(155)], [at(0, 0), at(0, 1), at(11, 12)]);
    assert_eq!([board.position(156), board.position(156 * 5)], [at(12, 0), at(0, 13)]);
    assert_eq!([at(11, 12), at(12, 0), at(11, 13), at(59, 64)].map(|at| board.chip(at)), [0, 1, 5, 24]);
    assert_eq!(board.hops(at(10, 12), at(13, 14)), 5);
    assert_eq!(board.crossings(at(10, 12), at(13, 14)), 2);
    assert_eq!(board.cost(at(10, 12), at(13, 14)), 3 + 2 * 20);
    for number in 0..3900 {
        assert_eq!(u64::from(board.chip(board.position(number))), number / 156);
    }
}

#[test]
fn row_major_goes_chip_by_chip_around_dead_cores() {
    let placement = place(157, &[], &tianjic(), &[at(1, 0), at(1, 0), at(99, 99)], Method::RowMajor).unwrap();
    assert_eq!(placement.at[..3], [at(0, 0), at(2, 0), at(3, 0)]);
    assert_eq!(placement.at[155..], [at(12, 0), at(13, 0)]);
}

/// The least of all arrangements of six cores on a chip of 2 x 3.
fn least(flows: &[Flow], board: &Board) -> f64 {
    fn arrange(left: &mut Vec<u64>, chosen: &mut Placement, board: &Board, flows: &[Flow], least: &mut f64) {
        if left.is_empty() {
            *least = least.min(chosen.cost(board, flows));
        }
        for n in 0..left.len() {
            let number = left.remove(n);
            chosen.at.push(board.position(number));
            arrange(left, chosen, board, flows, least);
            chosen.at.pop();
            left.insert(n, number);
        }
    }
    let mut least = f64::INFINITY;
    arrange(&mut (0..6).collect(), &mut Placement { at: Vec::new() }, board, flows, &mut least);
    least
}

#[test]
fn annealing_finds_the_best_of_all_arrangements() {
    let chip = small(2, 3);
    let board = Board::of(&chip);
    for seed in 0..5 {
        let flows = random_flows(seed, 6, 12);
        let found = place(6, &flows, &chip, &[], Method::Annealing { moves: 20_000, seed }).unwrap();
        assert_apart(&found, &board);
        assert_eq!(found.cost(&board, &flows), least(&flows, &board));
    }
}

/// Cores in a row, each talking to the next: no arrangement costs less than a hop each, and a snake does not cost more.
#[test]
fn annealing_lays_a_snake() {
    let chip = small(4, 4);
    let flows: Vec<Flow> = (0..15).map(|n| flow(n, n + 1, 2.0)).collect();
    let found = place(16, &flows, &chip, &[], Method::annealing(16, 1)).unwrap();
    assert_eq!(found.cost(&Board::of(&chip), &flows), 30.0);
}

#[test]
fn better_by_greed_and_never_worse_by_annealing() {
    let chip = tianjic();
    let board = Board::of(&chip);
    for (cores, dead) in [(40, vec![]), (150, vec![at(0, 1), at(5, 5), at(3, 3)]), (300, vec![])] {
        let flows = random_flows(7, cores, 3 * cores);
        let cost = |method| {
            let found = place(cores, &flows, &chip, &dead, method).unwrap();
            assert_apart(&found, &board);
            assert!(found.at.iter().all(|position| !dead.contains(position)));
            let mut chips: Vec<u32> = found.at.iter().map(|&position| board.chip(position)).collect();
            chips.sort_unstable();
            chips.dedup();
            assert_eq!(chips.len(), cores.div_ceil(156));
            found.cost(&board, &flows)
        };
        let (row_major, greedy) = (cost(Method::RowMajor), cost(Method::Greedy));
        assert!(greedy < row_major, "{greedy} {row_major}");
        let annealed = [0, 1, 100, 100_000].map(|moves| cost(Method::Annealing { moves, seed: 3 }));
        assert_eq!(annealed[0], greedy);
        assert!(annealed.iter().all(|&cost| cost <= greedy) && annealed[3] < greedy, "{annealed:?} {greedy}");
    }
}

#[test]
fn same_seed_same_places() {
    let flows = random_flows(2, 50, 200);
    let placed = |seed| place(50, &flows, &tianjic(), &[], Method::Annealing { moves: 5000, seed }).unwrap();
    assert_eq!(placed(1), placed(1));
    assert_ne!(placed(1), placed(2));
}

#[test]
fn a_full_machine_and_a_machine_without_limits() {
    let chip = small(3, 3);
    let flows = random_flows(1, 8, 30);
    let full = place(8, &flows, &chip, &[at(1, 1)], Method::annealing(8, 0)).unwrap();
    assert_apart(&full, &Board::of(&chip));
    assert!(!full.at.contains(&at(1, 1)));
    let ideal = glocal_chip::ChipSpec::preset("ideal").unwrap();
    let few = place(8, &flows, &ideal, &[], Method::annealing(8, 0)).unwrap();
    assert!(few.at.iter().all(|position| position.column < 8 && position.row < 8), "{few:?}");
    assert_eq!(place(0, &[], &ideal, &[], Method::annealing(0, 0)).unwrap().at, []);
}

/// The host enters on the chip in the middle of 5 x 5, or in the middle of a machine without limits.
#[test]
fn cores_gather_around_the_host() {
    let mut chip = tianjic();
    (chip.noc.host_column.value, chip.noc.host_row.value) = (30, 32);
    let board = Board::of(&chip);
    let flows = random_flows(4, 150, 400);
    for method in [Method::Greedy, Method::annealing(150, 0)] {
        let found = place(150, &flows, &chip, &[], method).unwrap();
        assert!(found.at.iter().all(|&position| board.chip(position) == board.chip(board.host())));
    }
    let mut ideal = glocal_chip::ChipSpec::preset("ideal").unwrap();
    (ideal.noc.host_column.value, ideal.noc.host_row.value) = (500, 600);
    let host = Board::of(&ideal).host();
    let found = place(20, &random_flows(4, 20, 40), &ideal, &[], Method::annealing(20, 0)).unwrap();
    let far = |position: &glocal_chip::place::Position| {
        position.column.abs_diff(host.column).max(position.row.abs_diff(host.row))
    };
    assert!(found.at.iter().map(far).max().unwrap() <= 5, "{found:?}");
}

#[test]
fn what_cannot_be_placed() {
    let chip = small(2, 2);
    let error = |cores, flows: &[Flow], dead: &[_]| place(cores, flows, &chip, dead, Method::Greedy).unwrap_err();
    let crowded = error(4, &[], &[at(0, 0)]);
    assert!(matches!(crowded, ChipError::DoesNotFit { .. }));
    assert!(crowded.to_string().contains("4 cores are to be placed, 3 are alive"), "{crowded}");
    assert!(matches!(error(2, &[flow(0, 2, 1.0)], &[]), ChipError::NoSuchCore { core: 2, cores: 2 }));
    assert!(matches!(error(2, &[flow(5, 1, 1.0)], &[]), ChipError::NoSuchCore { core: 5, cores: 2 }));
    for packets in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(matches!(error(2, &[flow(0, 1, packets)], &[]), ChipError::Packets { to: 1, .. }));
    }
    // Sums past the largest number are no reason to stop.
    assert!(place(3, &[flow(0, 1, f64::MAX), flow(0, 2, f64::MAX)], &chip, &[], Method::annealing(3, 0)).is_ok());
}
