//! What may be broken.

use glocal_core::random::uniform;

/// Damage of a chip while a network runs on it. Cores known to be dead before are left out when cores get their places.
///
/// Everything is drawn from the seed, and from the image where it differs from step to step: no order of images and no number of
/// threads changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// Share of cores that do nothing, 0..=1.
    pub dead_cores: f64,
    /// Share of bits of weights and plastic weights that stay 0 or stay 1, 0..=1.
    pub stuck_bits: f64,
    /// Share of packets that never arrive, 0..=1.
    pub dropped_packets: f64,
    /// Seed.
    pub seed: u64,
}

/// Bits of one number that do not move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck<T> {
    at: usize,
    zeros: T,
    ones: T,
}

impl Stuck<i16> {
    pub(super) fn hold(&self, values: &mut [i16]) {
        values[self.at] = (values[self.at] & !self.zeros) | self.ones;
    }
}

impl Stuck<i8> {
    pub(super) fn hold(&self, values: &mut [i8]) {
        values[self.at] = (values[self.at] & !self.zeros) | self.ones;
    }
}

impl Faults {
    /// Which of so many cores are dead: the nearest whole number of them.
    pub(super) fn dead(&self, cores: usize) -> Vec<bool> {
        let count = (self.dead_cores.clamp(0.0, 1.0) * cores as f64).round() as usize;
        let mut order: Vec<(u64, usize)> =
            (0..cores).map(|core| ((uniform(self.seed, "dead", core as u64) * 1e9) as u64, core)).collect();
        order.sort_unstable();
        let mut dead = vec![false; cores];
        order[..count].iter().for_each(|&(_, core)| dead[core] = true);
        dead
    }

    /// Weights of a core with their stuck bits.
    pub(super) fn stick(&self, core: usize, weight: &mut [i8]) {
        for (at, zeros, ones) in self.bits(format!("weight {core}"), weight.len(), 8) {
            weight[at] = (weight[at] & !(zeros as i8)) | ones as i8;
        }
    }

    /// Stuck bits of a core's plastic weights, or its keys.
    pub(super) fn stuck(&self, core: usize, count: usize) -> Vec<Stuck<i16>> {
        let bits = self.bits(format!("plastic {core}"), count, 16);
        bits.map(|(at, zeros, ones)| Stuck { at, zeros: zeros as i16, ones: ones as i16 }).collect()
    }

    /// Stuck bits of a core's values.
    pub(super) fn stuck_values(&self, core: usize, count: usize) -> Vec<Stuck<i8>> {
        let bits = self.bits(format!("values {core}"), count, 8);
        bits.map(|(at, zeros, ones)| Stuck { at, zeros: zeros as i8, ones: ones as i8 }).collect()
    }

    /// Of so many numbers those with stuck bits: which, and which bits stay 0 and stay 1.
    fn bits(&self, name: String, count: usize, width: u64) -> impl Iterator<Item = (usize, u16, u16)> + use<> {
        let (share, seed) = (self.stuck_bits, self.seed);
        let of = move |at: usize| {
            let (mut zeros, mut ones) = (0_u16, 0_u16);
            for bit in 0..width {
                let drawn = uniform(seed, &name, at as u64 * width + bit);
                // One half of the stuck bits each.
                if drawn < share / 2.0 {
                    zeros |= 1 << bit;
                } else if drawn < share {
                    ones |= 1 << bit;
                }
            }
            (at, zeros, ones)
        };
        let count = if share > 0.0 { count } else { 0 };
        (0..count).map(of).filter(|&(_, zeros, ones)| zeros | ones != 0)
    }

    /// Which packets of an image get lost.
    pub(super) fn losses(&self, input: &[i8]) -> Losses {
        // FNV-1a: the image itself is its number.
        let image = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &value| {
            (hash ^ u64::from(value as u8)).wrapping_mul(0x0100_0000_01b3)
        });
        Losses { share: self.dropped_packets, seed: self.seed ^ image }
    }
}

/// Which packets of an image get lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Losses {
    share: f64,
    seed: u64,
}

impl Losses {
    /// Whether any may.
    pub(super) fn any(&self) -> bool {
        self.share > 0.0
    }

    /// Whether packet `number` of this kind to a core is lost at a step.
    pub(super) fn lost(&self, kind: &'static str, core: usize, step: usize, number: usize) -> bool {
        let address = ((core as u64) << 40) ^ ((step as u64) << 28) ^ number as u64;
        uniform(self.seed, kind, address) < self.share
    }
}
