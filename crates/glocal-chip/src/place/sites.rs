//! Who talks with whom, and who lies where.

use super::{Board, Endpoint, Flow, Placement, Position, Region};

/// For each core, whom it exchanges packets with, both ways; the host's number is that of the cores.
#[derive(Debug)]
pub(super) struct Partners {
    first: Vec<usize>,
    list: Vec<(u32, f64)>,
}

impl Partners {
    pub(super) fn new(cores: usize, flows: &[Flow]) -> Partners {
        let number = |endpoint| match endpoint {
            Endpoint::Host => cores as u32,
            Endpoint::Core(core) => core as u32,
        };
        let moving = flows.iter().filter(|flow| flow.packets > 0.0 && flow.from != Endpoint::Core(flow.to));
        let mut pairs: Vec<(u32, u32, f64)> = moving
            .flat_map(|flow| {
                let (from, to) = (number(flow.from), flow.to as u32);
                [(from, to, flow.packets), (to, from, flow.packets)]
            })
            .collect();
        // Stable: packets of a pair are summed in the order of the flows.
        pairs.sort_by_key(|&(a, b, _)| (a, b));
        pairs.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        let first = (0..=cores + 1).map(|core| pairs.partition_point(|pair| (pair.0 as usize) < core)).collect();
        Partners { first, list: pairs.into_iter().map(|(_, partner, packets)| (partner, packets)).collect() }
    }

    /// Cores, without the host.
    pub(super) fn cores(&self) -> usize {
        self.first.len() - 2
    }

    /// Whom `core` talks with, and how many packets a step.
    pub(super) fn of(&self, core: usize) -> &[(u32, f64)] {
        &self.list[self.first[core]..self.first[core + 1]]
    }
}

/// Nobody lies here.
pub(super) const FREE: u32 = u32::MAX;
/// Nobody may: a dead core, or a chip that is not used.
pub(super) const DEAD: u32 = u32::MAX - 1;

/// The part of the machine that cores are placed in, around the host.
#[derive(Clone, Debug)]
pub(super) struct Sites {
    region: Region,
    /// Who lies at each site.
    pub(super) who: Vec<u32>,
    /// The site of each core, and of the host; of a core without a place: none.
    pub(super) site: Vec<u32>,
    /// Coordinates of each site, whose Manhattan distance is what a packet costs.
    stretched: Vec<(u64, u64)>,
}

impl Sites {
    /// Free sites for `cores` cores, on no more chips than they need: the nearest to the host.
    pub(super) fn new(cores: usize, board: &Board, dead: &[Position]) -> Sites {
        let chips = Chips::nearest(cores as u64, board, dead);
        let few = Sites::in_region(room(4 * (cores as u64 + 1), board), cores, board, &chips, dead);
        if few.who.iter().filter(|&&who| who == FREE).count() >= cores {
            return few;
        }
        let whole = Region { origin: Position { column: 0, row: 0 }, columns: board.columns(), rows: board.rows() };
        Sites::in_region(whole, cores, board, &chips, dead)
    }

    fn in_region(region: Region, cores: usize, board: &Board, chips: &Chips, dead: &[Position]) -> Sites {
        let positions = (0..region.len()).map(|site| region.position(site));
        let used = |position| if chips.0[board.chip(position) as usize] { FREE } else { DEAD };
        let mut who: Vec<u32> = positions.clone().map(used).collect();
        dead.iter().filter_map(|&position| region.index(position)).for_each(|site| who[site] = DEAD);
        let mut site = vec![FREE; cores + 1];
        site[cores] = region.index(board.host()).unwrap_or(0) as u32;
        let stretched = positions.map(|position| board.stretched(position)).collect();
        Sites { region, who, site, stretched }
    }

    pub(super) fn columns(&self) -> i64 {
        i64::from(self.region.columns)
    }

    pub(super) fn rows(&self) -> i64 {
        i64::from(self.region.rows)
    }

    /// The site at this column and row of the region; `None` outside.
    pub(super) fn at(&self, column: i64, row: i64) -> Option<u32> {
        let within = (0..self.columns()).contains(&column) && (0..self.rows()).contains(&row);
        within.then(|| (row * self.columns() + column) as u32)
    }

    /// Column and row in the region.
    pub(super) fn column_and_row(&self, site: u32) -> (i64, i64) {
        (i64::from(site) % self.columns(), i64::from(site) / self.columns())
    }

    /// What a packet from site to site costs.
    pub(super) fn distance(&self, a: u32, b: u32) -> f64 {
        let ((ax, ay), (bx, by)) = (self.stretched[a as usize], self.stretched[b as usize]);
        (ax.abs_diff(bx) + ay.abs_diff(by)) as f64
    }

    /// Puts `core` at a free site.
    pub(super) fn put(&mut self, core: u32, site: u32) {
        self.who[site as usize] = core;
        self.site[core as usize] = site;
    }

    /// What all flows cost.
    pub(super) fn cost(&self, partners: &Partners) -> f64 {
        let of = |core: usize| -> f64 {
            let own = self.site[core];
            // A pair of cores is in both lists.
            let once = partners.of(core).iter().filter(|(partner, _)| *partner as usize > core);
            once.map(|&(partner, packets)| packets * self.distance(own, self.site[partner as usize])).sum()
        };
        (0..partners.cores()).map(of).sum()
    }

    pub(super) fn placement(&self, cores: usize) -> Placement {
        Placement { at: self.site[..cores].iter().map(|&site| self.region.position(site as usize)).collect() }
    }
}

/// Whether each chip is used.
struct Chips(Vec<bool>);

impl Chips {
    /// As few as have `cores` cores alive, those first to which fewest hops from chip to chip lead from the host.
    fn nearest(cores: u64, board: &Board, dead: &[Position]) -> Chips {
        let (count, per_chip) = (board.chips(), board.cores_per_chip());
        let mut alive = vec![per_chip; count as usize];
        dead.iter().for_each(|&position| alive[board.chip(position) as usize] -= 1);
        let mut order: Vec<u32> = (0..count).collect();
        let origin = |chip: u32| board.position(u64::from(chip) * per_chip);
        order.sort_by_key(|&chip| board.crossings(board.host(), origin(chip)));
        let (mut used, mut room) = (vec![false; count as usize], 0);
        for chip in order {
            if room >= cores {
                break;
            }
            used[chip as usize] = true;
            room += alive[chip as usize];
        }
        Chips(used)
    }
}

/// A region of about so many positions that holds the host, as square as the machine allows.
fn room(positions: u64, board: &Board) -> Region {
    let side = positions.isqrt() + 1;
    let narrow = side.min(u64::from(board.columns())).min(u64::from(board.rows()));
    let wide = positions.div_ceil(narrow).max(side);
    let (columns, rows) = if board.columns() <= board.rows() { (narrow, wide) } else { (wide, narrow) };
    let (columns, rows) = (columns.min(u64::from(board.columns())) as u32, rows.min(u64::from(board.rows())) as u32);
    let start = |host: u32, size: u32, most: u32| host.saturating_sub(size / 2).min(most - size);
    let host = board.host();
    let origin =
        Position { column: start(host.column, columns, board.columns()), row: start(host.row, rows, board.rows()) };
    Region { origin, columns, rows }
}
