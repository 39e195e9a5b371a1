//! One core after the other.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::sites::{FREE, Partners, Sites};

/// Free sites whose cost is compared.
const COMPARED: usize = 24;

/// Sites looked at for them, before any free one will do.
const LOOKED_AT: i64 = 1 << 14;

/// A core that waits for its place: most packets with those placed first, then lowest number.
#[derive(PartialEq)]
struct Waiting {
    packets: f64,
    core: Reverse<u32>,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.packets.total_cmp(&other.packets).then(self.core.cmp(&other.core))
    }
}

/// Places every core; the sites must suffice.
pub(super) fn greedy(partners: &Partners, sites: &mut Sites) {
    let cores = partners.cores();
    let mut packets = vec![0.0; cores + 1];
    let mut waiting: BinaryHeap<Waiting> =
        (0..cores as u32).map(|core| Waiting { packets: 0.0, core: Reverse(core) }).collect();
    let mut next_free = 0;
    let mut placed = cores;
    loop {
        // Whom the one placed last, at first the host, talks with has moved up.
        for &(partner, more) in partners.of(placed) {
            packets[partner as usize] += more;
            if sites.site[partner as usize] == FREE {
                waiting.push(Waiting { packets: packets[partner as usize], core: Reverse(partner) });
            }
        }
        let next = loop {
            let Some(Waiting { core: Reverse(core), .. }) = waiting.pop() else { return };
            // Older entries of cores that have moved up or lie already are passed over.
            if sites.site[core as usize] == FREE {
                break core;
            }
        };
        let site = cheapest(partners, sites, next).or_else(|| first_free(sites, &mut next_free));
        let Some(site) = site else { return };
        sites.put(next, site);
        placed = next as usize;
    }
}

/// The cheapest of the free sites nearest to where its partners' packets come from.
fn cheapest(partners: &Partners, sites: &Sites, core: u32) -> Option<u32> {
    let near = || partners.of(core as usize).iter().filter(|(partner, _)| sites.site[*partner as usize] != FREE);
    let (column, row) = centre(sites, near());
    let cost = |site: u32| -> f64 {
        near().map(|&(partner, packets)| packets * sites.distance(site, sites.site[partner as usize])).sum()
    };
    let mut best: Option<(f64, u32)> = None;
    let (mut compared, mut looked_at) = (0, 0);
    for radius in 0..sites.columns().max(sites.rows()) {
        if compared >= COMPARED || looked_at > LOOKED_AT {
            break;
        }
        looked_at += 8 * radius;
        for site in ring(sites, column, row, radius).filter(|&site| sites.who[site as usize] == FREE) {
            compared += 1;
            let cost = cost(site);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, site));
            }
        }
    }
    best.map(|(_, site)| site)
}

/// The mean place of some cores, by packets; the host's where there are none.
fn centre<'a>(sites: &Sites, partners: impl Iterator<Item = &'a (u32, f64)>) -> (i64, i64) {
    let (mut sum, mut columns, mut rows) = (0.0, 0.0, 0.0);
    for &(partner, packets) in partners {
        let (column, row) = sites.column_and_row(sites.site[partner as usize]);
        sum += packets;
        columns += packets * column as f64;
        rows += packets * row as f64;
    }
    let host = sites.site.last().map_or((0, 0), |&site| sites.column_and_row(site));
    // Sums past the largest number: as good as none.
    let mean = ((columns / sum).round(), (rows / sum).round());
    if mean.0.is_finite() && mean.1.is_finite() { (mean.0 as i64, mean.1 as i64) } else { host }
}

/// Sites whose larger distance from the centre, in columns or in rows, is `radius`.
fn ring(sites: &Sites, column: i64, row: i64, radius: i64) -> impl Iterator<Item = u32> + '_ {
    let full_rows = [-radius, radius].into_iter().take(if radius == 0 { 1 } else { 2 });
    let full_rows = full_rows.flat_map(move |down| (-radius..=radius).map(move |right| (right, down)));
    let sides = (1 - radius..radius).flat_map(move |down| [(-radius, down), (radius, down)]);
    full_rows.chain(sides).filter_map(move |(right, down)| sites.at(column + right, row + down))
}

fn first_free(sites: &Sites, next: &mut usize) -> Option<u32> {
    let offset = sites.who[*next..].iter().position(|&who| who == FREE)?;
    *next += offset;
    Some(*next as u32)
}
