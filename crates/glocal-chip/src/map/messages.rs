//! What is sent to the same cores.

use super::runs::Runs;
use super::{Edge, Sender, Traffic};

/// What a job sends to the same cores at each step: a packet for each number, if it is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// From.
    pub from: Sender,
    /// Which of its jobs; of the host: the job of the receivers that is first to need it.
    pub job: usize,
    /// To, in ascending order.
    pub to: Vec<usize>,
    /// What.
    pub traffic: Traffic,
    /// Of which inputs of the receivers' layer, of which neurons of it, or of which past steps.
    pub numbers: Runs,
}

/// What tells messages of different senders apart.
type Key = (u8, usize, usize);

fn key(edge: &Edge) -> Key {
    match edge.from {
        Sender::Host => (edge.traffic as u8, 0, edge.to_job),
        Sender::Core(from) => (edge.traffic as u8, from + 1, edge.from_job),
    }
}

/// Edges by what they carry: numbers that the same cores hear are one message.
pub(super) fn messages(edges: &[Edge]) -> Vec<Message> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|&edge| key(&edges[edge]));
    let mut found = Vec::new();
    for group in order.chunk_by(|&a, &b| key(&edges[a]) == key(&edges[b])) {
        let first = &edges[group[0]];
        let job = if first.from == Sender::Host { first.to_job } else { first.from_job };
        for (to, numbers) in by_receivers(group.iter().map(|&edge| &edges[edge])) {
            let numbers = Runs::of(numbers);
            found.push(Message { from: first.from, job, to, traffic: first.traffic, numbers });
        }
    }
    found
}

/// Numbers by the cores that hear them.
fn by_receivers<'e>(edges: impl Iterator<Item = &'e Edge>) -> Vec<(Vec<usize>, Vec<u32>)> {
    let heard = edges.flat_map(|edge| edge.numbers.iter().map(move |number| (number as u32, edge.to)));
    let mut heard: Vec<(u32, usize)> = heard.collect();
    heard.sort_unstable();
    let of_number = heard.chunk_by(|a, b| a.0 == b.0);
    let mut sets: Vec<(Vec<usize>, u32)> =
        of_number.map(|group| (group.iter().map(|&(_, to)| to).collect(), group[0].0)).collect();
    sets.sort_unstable();
    let groups = sets.chunk_by(|a, b| a.0 == b.0);
    groups.map(|group| (group[0].0.clone(), group.iter().map(|&(_, number)| number).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Core 0 sends 0..4 to core 1 and 2..6 to core 2: three messages, two of one receiver and one of both.
    #[test]
    fn overlaps_become_messages_of_their_own() {
        let edge = |to, numbers: std::ops::Range<u32>| Edge {
            from: Sender::Core(0),
            from_job: 0,
            to,
            to_job: 0,
            traffic: Traffic::Activity,
            numbers: Runs::of(numbers),
        };
        let found = messages(&[edge(1, 0..4), edge(2, 2..6)]);
        let found: Vec<(Vec<usize>, Vec<usize>)> =
            found.into_iter().map(|message| (message.to, message.numbers.iter().collect())).collect();
        assert_eq!(found, [(vec![1], vec![0, 1]), (vec![1, 2], vec![2, 3]), (vec![2], vec![4, 5])]);
    }
}
