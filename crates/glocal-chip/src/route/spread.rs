//! Who hands a packet on to whom.

use crate::place::{Board, Position};
use crate::spec::Casting;

/// One packet's way from a holder to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hand {
    /// The step of the list by which the holder got it; `None`: the sender.
    pub(super) after: Option<usize>,
    /// The receiver, by its place in the list of receivers.
    pub(super) to: usize,
}

/// How a packet of `from` reaches all of `receivers`, holders before those they hand on to. Of equally near ones the first.
pub(super) fn spread(board: &Board, from: Position, receivers: &[Position], casting: Casting) -> Vec<Hand> {
    match casting {
        Casting::Unicast => (0..receivers.len()).map(|to| Hand { after: None, to }).collect(),
        Casting::Chain => grow(board, from, receivers, |_, _| true),
        Casting::Tree => grow(board, from, receivers, |near, known| near < known),
    }
}

/// Takes whoever is nearest to its holder, again and again. `closer` says whether a new holder replaces the known one, given the
/// distances to both: always, for a chain; if it is nearer, for a shortest tree.
///
/// # References
/// Prim, Bell System Technical Journal 36:1389 (1957).
fn grow(board: &Board, from: Position, receivers: &[Position], closer: fn(u64, u64) -> bool) -> Vec<Hand> {
    let mut left: Vec<(u64, Hand)> =
        (0..receivers.len()).map(|to| (board.cost(from, receivers[to]), Hand { after: None, to })).collect();
    let mut hands = Vec::with_capacity(left.len());
    while let Some(nearest) = (0..left.len()).min_by_key(|&n| (left[n].0, left[n].1.to)) {
        let (_, hand) = left.swap_remove(nearest);
        let holder = hands.len();
        hands.push(hand);
        for (known, waiting) in &mut left {
            let near = board.cost(receivers[hand.to], receivers[waiting.to]);
            if closer(near, *known) {
                (*known, waiting.after) = (near, Some(holder));
            }
        }
    }
    hands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ChipSpec;

    /// Receivers in row 0 at columns 2, 5 and, two rows below the first, at column 2; sender at column 0. By hand: the nearest is
    /// the first (2), then the third (2 from there), then the second: 3 from the first, 5 from the third.
    #[test]
    fn chains_and_trees_by_hand() {
        let board = Board::of(&ChipSpec::preset("tianjic").unwrap());
        let at = |column, row| Position { column, row };
        let receivers = [at(2, 0), at(5, 0), at(2, 2)];
        let hands = |casting| spread(&board, at(0, 0), &receivers, casting);
        let hand = |after, to| Hand { after, to };
        assert_eq!(hands(Casting::Unicast), [hand(None, 0), hand(None, 1), hand(None, 2)]);
        assert_eq!(hands(Casting::Chain), [hand(None, 0), hand(Some(0), 2), hand(Some(1), 1)]);
        assert_eq!(hands(Casting::Tree), [hand(None, 0), hand(Some(0), 2), hand(Some(0), 1)]);
    }
}
