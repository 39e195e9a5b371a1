//! A plain simulator: every packet by itself, every router in every clock.

use std::collections::VecDeque;

use glocal_chip::ChipSpec;
use glocal_chip::place::Position;
use glocal_chip::route::{Direction, Link, Routes, xy};

/// A packet at an input: its leg, and the clock from which on it may go on.
type Waiting = VecDeque<(usize, u64)>;

struct Router {
    at: Position,
    /// From the neighbours in the order of directions, from the core, from the host.
    inputs: Vec<Waiting>,
    turn: [usize; 5],
    free_at: [u64; 5],
    /// What the core is to hand on, and what its own casts still send, and the host's: leg, packets.
    relays: Waiting,
    unsent: [VecDeque<(usize, u64)>; 2],
}

/// Clocks until everything arrived, and packets times clocks that they waited.
pub fn run(routes: &Routes, chip: &ChipSpec, packets: &[u64]) -> (u64, u64) {
    let noc = &chip.noc;
    let region = routes.region();
    let mut routers: Vec<Router> = (0..region.len()).map(|n| router(region.position(n))).collect();
    let mut left = 0;
    for (number, leg) in routes.legs().iter().enumerate().filter(|(_, leg)| packets[leg.cast] > 0) {
        left += packets[leg.cast];
        if leg.after.is_none() {
            let memory = usize::from(routes.from_host(leg.cast));
            routers[region.index(leg.from).unwrap()].unsent[memory].push_back((number, packets[leg.cast]));
        }
    }
    let unlimited = noc.link_cycles.value == 0;
    let (mut now, mut stalls) = (0, 0);
    if left == 0 {
        return (0, 0);
    }
    routers.iter_mut().for_each(Router::refill);
    loop {
        // Room at the start of the clock, by router and output.
        let depth = noc.buffer_packets.value as usize;
        let room = |router: &Router, output: usize| {
            let to = Link { from: router.at, toward: Direction::ALL[output] }.to().and_then(|to| region.index(to));
            to.map_or(0, |to| depth - routers[to].inputs[output ^ 1].len())
        };
        let mut rooms: Vec<[usize; 4]> =
            routers.iter().map(|router| [0, 1, 2, 3].map(|output| room(router, output))).collect();
        for n in 0..routers.len() {
            loop {
                let heads: Vec<Option<(usize, usize)>> = routers[n]
                    .inputs
                    .iter()
                    .map(|input| {
                        let &(leg, ready) = input.front()?;
                        let end = routes.legs()[leg].to;
                        let output = xy(routers[n].at, end).next().map_or(4, |link| link.toward as usize);
                        (ready <= now).then_some((leg, output))
                    })
                    .collect();
                let (mut moved, mut waited) = (0, 0);
                for output in 0..5 {
                    let asks = |input: usize| heads[input].is_some_and(|(_, wants)| wants == output);
                    let asking = (0..6).filter(|&input| asks(input)).count() as u64;
                    waited += asking;
                    if asking == 0 || routers[n].free_at[output] > now || (output < 4 && rooms[n][output] == 0) {
                        continue;
                    }
                    let turn = routers[n].turn[output];
                    let input = (0..6).map(|k| (turn + k) % 6).find(|&input| asks(input)).unwrap();
                    routers[n].turn[output] = (input + 1) % 6;
                    moved += 1;
                    let (leg, _) = routers[n].inputs[input].pop_front().unwrap();
                    routers[n].refill();
                    let at = routers[n].at;
                    if output == 4 {
                        routers[n].free_at[4] = now + noc.link_cycles.value;
                        left -= 1;
                        let after = routes.legs().iter().enumerate().filter(|(_, next)| next.after == Some(leg));
                        routers[n].relays.extend(after.map(|(next, _)| (next, now + 1)));
                        routers[n].refill();
                        continue;
                    }
                    let to = Link { from: at, toward: Direction::ALL[output] }.to().unwrap();
                    let across = routes.board().crossings(at, to) > 0;
                    let (takes, taken) = if across {
                        (noc.chip_hop_cycles.value, noc.chip_link_cycles.value)
                    } else {
                        (noc.hop_cycles.value, noc.link_cycles.value)
                    };
                    routers[n].free_at[output] = now + taken;
                    rooms[n][output] -= 1;
                    routers[region.index(to).unwrap()].inputs[output ^ 1].push_back((leg, now + takes));
                }
                if !unlimited || moved == 0 {
                    stalls += waited - moved;
                    break;
                }
            }
        }
        now += 1;
        if left == 0 {
            return (now, stalls);
        }
    }
}

fn router(at: Position) -> Router {
    Router {
        at,
        inputs: vec![VecDeque::new(); 6],
        turn: [0; 5],
        free_at: [0; 5],
        relays: VecDeque::new(),
        unsent: [VecDeque::new(), VecDeque::new()],
    }
}

impl Router {
    /// A packet out of each memory comes to its input if that is empty: what is handed on first, then of each cast in turn.
    fn refill(&mut self) {
        for memory in 0..2 {
            if !self.inputs[4 + memory].is_empty() {
                continue;
            }
            if memory == 0
                && let Some(relayed) = self.relays.pop_front()
            {
                self.inputs[4].push_back(relayed);
            } else if let Some((leg, packets)) = self.unsent[memory].pop_front() {
                self.inputs[4 + memory].push_back((leg, 0));
                if packets > 1 {
                    self.unsent[memory].push_back((leg, packets - 1));
                }
            }
        }
    }
}
