//! What waits in the memories of senders.

use std::collections::VecDeque;

use super::router::{HOST, Slot};

/// A core's own packets, or the host's: casts that still send, in turn, as a ring.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    casts: u32,
    /// Whose turn it was.
    last: u32,
}

/// Packets of a leg that its sender has not sent yet.
#[derive(Clone, Copy, Debug)]
struct Unsent {
    leg: u32,
    /// Who is next in the ring.
    next: u32,
    packets: u64,
}

/// Senders' memories, two at each router: the core's and the host's.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    sources: Vec<Source>,
    unsent: Vec<Unsent>,
    /// Packets that each core is to hand on: their legs, and when they may leave.
    relays: Vec<VecDeque<Slot>>,
}

impl Sources {
    pub(super) fn new(routers: usize) -> Sources {
        Sources {
            sources: vec![Source::default(); routers * 2],
            unsent: Vec::new(),
            relays: vec![VecDeque::new(); routers],
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.sources.fill(Source::default());
        self.unsent.clear();
        self.relays.iter_mut().for_each(VecDeque::clear);
    }

    /// Adds packets of a leg from the memory `port` of `router`; after those that it has.
    pub(super) fn add(&mut self, router: usize, port: usize, leg: u32, packets: u64) {
        let source = &mut self.sources[router * 2 + usize::from(port == HOST)];
        let own = self.unsent.len() as u32;
        self.unsent.push(Unsent { leg, next: own, packets });
        if source.casts > 0 {
            let last = &mut self.unsent[source.last as usize];
            let first = std::mem::replace(&mut last.next, own);
            self.unsent[own as usize].next = first;
        }
        source.casts += 1;
        source.last = own;
    }

    /// Lets the core at `router` hand on a packet.
    pub(super) fn relay(&mut self, router: usize, slot: Slot) {
        self.relays[router].push_back(slot);
    }

    /// The next packet out of the memory `port` of `router`, its leg and the clock from which on it may leave: first what is handed
    /// on, then the core's own, a packet of each cast in turn.
    #[inline]
    pub(super) fn next(&mut self, router: usize, port: usize) -> Option<Slot> {
        if port != HOST
            && let Some(slot) = self.relays[router].pop_front()
        {
            return Some(slot);
        }
        let source = &mut self.sources[router * 2 + usize::from(port == HOST)];
        if source.casts == 0 {
            return None;
        }
        let at = self.unsent[source.last as usize].next;
        let Unsent { leg, next, packets } = &mut self.unsent[at as usize];
        *packets -= 1;
        let slot = Slot { ready: 0, packet: *leg };
        if *packets > 0 {
            source.last = at;
        } else {
            source.casts -= 1;
            let next = *next;
            self.unsent[source.last as usize].next = next;
        }
        Some(slot)
    }
}
