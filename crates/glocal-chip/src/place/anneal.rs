//! Simulated annealing: moves and exchanges, worse ones ever more rarely.

use glocal_core::scalar::Scalar;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::sites::{DEAD, FREE, Partners, Sites};

/// Temperatures; at the last ones nothing gets worse.
const STAGES: u64 = 100;
const FREEZING: u64 = 10;

/// From one temperature to the next.
const COOLING: f64 = 0.93;

/// The first temperature, in mean changes of a move.
const WARMTH: f64 = 1.0;

/// Moves by which the mean change is measured.
const MEASURED: u64 = 1000;

/// Improves `sites` by so many tries; what it leaves is never worse than what it found.
pub(super) fn anneal(partners: &Partners, sites: &mut Sites, moves: u64, seed: u64) {
    if partners.cores() == 0 {
        return;
    }
    let start_cost = sites.cost(partners);
    let mut best = (start_cost, sites.site.clone());
    let mut annealer = Annealer { partners, sites, random: Xoshiro256PlusPlus::seed_from_u64(seed) };
    let widest = annealer.sites.columns().max(annealer.sites.rows());
    let mut temperature = WARMTH * annealer.mean_change(MEASURED.min(moves), widest);
    for stage in 0..STAGES {
        let frozen = stage + FREEZING >= STAGES;
        let radius = (widest * (STAGES - stage) as i64 / STAGES as i64).max(1);
        // Shares differ by at most one, and add up.
        let share = |stage: u64| (u128::from(moves) * u128::from(stage) / u128::from(STAGES)) as u64;
        let tries = share(stage + 1) - share(stage);
        annealer.stage(tries, if frozen { 0.0 } else { temperature }, radius);
        temperature *= COOLING;
        let cost = annealer.sites.cost(partners);
        if cost < best.0 {
            best = (cost, annealer.sites.site.clone());
        }
    }
    sites.restore(best.1);
}

struct Annealer<'a> {
    partners: &'a Partners,
    sites: &'a mut Sites,
    random: Xoshiro256PlusPlus,
}

impl Annealer<'_> {
    fn stage(&mut self, tries: u64, temperature: f64, radius: i64) {
        for _ in 0..tries {
            let Some((core, site)) = self.propose(radius) else { continue };
            let change = self.change(core, site);
            if change <= 0.0 || (temperature > 0.0 && self.uniform() < Scalar::exp(-change / temperature)) {
                self.sites.exchange(core, site);
            }
        }
    }

    /// The mean size of the change that a move would make.
    fn mean_change(&mut self, tries: u64, radius: i64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for _ in 0..tries {
            if let Some((core, site)) = self.propose(radius) {
                sum += Scalar::abs(self.change(core, site));
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// A core and another site for it: half of the time near its own, half of the time near a partner's.
    fn propose(&mut self, radius: i64) -> Option<(u32, u32)> {
        let core = self.below(self.partners.cores() as u64) as u32;
        let own = self.partners.of(core as usize);
        let by_partner = !own.is_empty() && self.below(2) == 0;
        let (centre, radius) = if by_partner {
            let (partner, _) = own[self.below(own.len() as u64) as usize];
            (self.sites.site[partner as usize], radius.min(2))
        } else {
            (self.sites.site[core as usize], radius)
        };
        let (column, row) = self.sites.column_and_row(centre);
        let offset = |n: u64| n as i64 - radius;
        let side = (2 * radius + 1) as u64;
        let (right, down) = (offset(self.below(side)), offset(self.below(side)));
        let site = self.sites.at(column + right, row + down)?;
        (self.sites.who[site as usize] != DEAD && site != self.sites.site[core as usize]).then_some((core, site))
    }

    /// What it would cost more if `core` went to `site`, and whoever lies there to its place.
    fn change(&self, core: u32, site: u32) -> f64 {
        let from = self.sites.site[core as usize];
        let other = self.sites.who[site as usize];
        let moved = |core: u32, from: u32, to: u32, other: u32| -> f64 {
            // The distance between the two stays.
            let rest = self.partners.of(core as usize).iter().filter(|(partner, _)| *partner != other);
            let change = |&(partner, packets): &(u32, f64)| {
                let at = self.sites.site[partner as usize];
                packets * (self.sites.distance(to, at) - self.sites.distance(from, at))
            };
            rest.map(change).sum()
        };
        let back = if other == FREE { 0.0 } else { moved(other, site, from, core) };
        moved(core, from, site, other) + back
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.random.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in 0..1.
    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }
}

impl Sites {
    /// Moves `core` to `site`, and whoever lies there to its place.
    fn exchange(&mut self, core: u32, site: u32) {
        let from = self.site[core as usize];
        let other = self.who[site as usize];
        self.who[from as usize] = other;
        if other != FREE {
            self.site[other as usize] = from;
        }
        self.put(core, site);
    }

    /// Puts every core back to where it lay.
    fn restore(&mut self, site: Vec<u32>) {
        let cores = site.len() - 1;
        self.site[..cores].iter().for_each(|&site| self.who[site as usize] = FREE);
        self.site = site;
        for core in 0..cores {
            self.who[self.site[core] as usize] = core as u32;
        }
    }
}
