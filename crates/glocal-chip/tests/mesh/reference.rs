//! A plain simulator: every packet by itself, every router in every clock.

use std::collections::VecDeque;

use glocal_chip::ChipSpec;
use glocal_chip::place::{Position, Region};
use glocal_chip::route::{Direction, Link, Routes, xy};
use glocal_chip::spec::NocSpec;

/// Packets: the leg of each, and the clock from which on it may go on.
type Waiting = VecDeque<(usize, u64)>;

const CORE: usize = 4;

struct Plain<'a> {
    routes: &'a Routes,
    noc: &'a NocSpec,
    region: Region,
    routers: Vec<Router>,
    now: u64,
    /// Packets that are not at the ends of their legs.
    left: u64,
    stalls: u64,
}

struct Router {
    at: Position,
    /// From the neighbours in the order of directions, from the core, from the host.
    inputs: [Waiting; 6],
    turn: [usize; 5],
    free_at: [u64; 5],
    /// Packets for which each neighbour had room at the start of the clock.
    room: [usize; 4],
    /// What the core is to hand on.
    relays: Waiting,
    /// What the core and the host are to send: legs and packets.
    unsent: [VecDeque<(usize, u64)>; 2],
}

/// Clocks until everything arrived, and packets times clocks that they waited.
pub fn run(routes: &Routes, chip: &ChipSpec, packets: &[u64]) -> (u64, u64) {
    let region = routes.region();
    let routers = (0..region.len()).map(|n| Router::new(region.position(n))).collect();
    let mut plain = Plain { routes, noc: &chip.noc, region, routers, now: 0, left: 0, stalls: 0 };
    for (number, leg) in routes.legs().iter().enumerate().filter(|(_, leg)| packets[leg.cast] > 0) {
        plain.left += packets[leg.cast];
        if leg.after.is_none() {
            let memory = usize::from(routes.from_host(leg.cast));
            plain.router(leg.from).unsent[memory].push_back((number, packets[leg.cast]));
        }
    }
    plain.routers.iter_mut().for_each(Router::refill);
    while plain.left > 0 {
        plain.clock();
    }
    (plain.now, plain.stalls)
}

impl Plain<'_> {
    fn router(&mut self, at: Position) -> &mut Router {
        &mut self.routers[self.region.index(at).unwrap()]
    }

    fn clock(&mut self) {
        let room = |router: &Router| {
            [0, 1, 2, 3].map(|output| {
                let to = neighbour(router.at, output).and_then(|to| self.region.index(to));
                to.map_or(0, |to| self.noc.buffer_packets.value as usize - self.routers[to].inputs[output ^ 1].len())
            })
        };
        let rooms: Vec<_> = self.routers.iter().map(room).collect();
        for (number, room) in rooms.into_iter().enumerate() {
            self.routers[number].room = room;
            loop {
                let (moved, waited) = self.round(number);
                if self.noc.link_cycles.value > 0 || moved == 0 {
                    self.stalls += waited;
                    break;
                }
            }
        }
        self.now += 1;
    }

    /// Each output takes a packet, if it can: how many moved, and how many waited.
    fn round(&mut self, number: usize) -> (u64, u64) {
        let wants = self.wants(number);
        let mut moved = 0;
        for output in 0..=CORE {
            let router = &mut self.routers[number];
            let blocked = output != CORE && router.room[output] == 0;
            let in_turn = (router.turn[output]..6).chain(0..router.turn[output]);
            let Some(input) = in_turn.into_iter().find(|&input| wants[input] == Some(output)) else { continue };
            if router.free_at[output] <= self.now && !blocked {
                router.turn[output] = (input + 1) % 6;
                self.pass(number, input, output);
                moved += 1;
            }
        }
        (moved, wants.iter().flatten().count() as u64 - moved)
    }

    /// The output that each input's first packet wants, if it may go on.
    fn wants(&self, number: usize) -> [Option<usize>; 6] {
        let router = &self.routers[number];
        [0, 1, 2, 3, 4, 5].map(|input: usize| {
            let &(leg, ready) = router.inputs[input].front()?;
            let next = xy(router.at, self.routes.legs()[leg].to).next();
            (ready <= self.now).then_some(next.map_or(CORE, |link| link.toward as usize))
        })
    }

    fn pass(&mut self, number: usize, input: usize, output: usize) {
        let (now, noc, routes) = (self.now, self.noc, self.routes);
        let router = &mut self.routers[number];
        let (leg, _) = router.inputs[input].pop_front().unwrap();
        router.refill();
        if output == CORE {
            router.free_at[CORE] = now + noc.link_cycles.value;
            let next = routes.legs().iter().enumerate().filter(|(_, next)| next.after == Some(leg));
            router.relays.extend(next.map(|(next, _)| (next, now + 1)));
            router.refill();
            self.left -= 1;
            return;
        }
        let to = neighbour(router.at, output).unwrap();
        let (hop, link) = match routes.board().crossings(router.at, to) {
            0 => (noc.hop_cycles.value, noc.link_cycles.value),
            _ => (noc.chip_hop_cycles.value, noc.chip_link_cycles.value),
        };
        router.free_at[output] = now + link;
        router.room[output] -= 1;
        self.router(to).inputs[output ^ 1].push_back((leg, now + hop));
    }
}

fn neighbour(at: Position, output: usize) -> Option<Position> {
    Link { from: at, toward: Direction::ALL[output] }.to()
}

impl Router {
    fn new(at: Position) -> Router {
        let (turn, free_at, room) = Default::default();
        let (inputs, relays, unsent) = Default::default();
        Router { at, inputs, turn, free_at, room, relays, unsent }
    }

    /// A packet out of each memory comes to its input if that is empty: what is handed on first, then of each cast in turn.
    fn refill(&mut self) {
        for memory in 0..2 {
            let input = &mut self.inputs[CORE + memory];
            if !input.is_empty() {
                continue;
            }
            if memory == 0
                && let Some(relayed) = self.relays.pop_front()
            {
                input.push_back(relayed);
            } else if let Some((leg, packets)) = self.unsent[memory].pop_front() {
                input.push_back((leg, 0));
                self.unsent[memory].extend((packets > 1).then_some((leg, packets - 1)));
            }
        }
    }
}
