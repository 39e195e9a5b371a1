//! Random numbers, forked by name from one seed: the same bits on every machine.
//!
//! A [`Stream`] is a place in a tree of names, not a generator: forking it does not change it, so the order in which
//! parts of a program draw, and the number of threads, never change what they draw.
//!
//! ```
//! use glocal_data::Stream;
//! let noise = Stream::new(7).fork("noise");
//! assert_eq!(noise.fork_index(3).draws().next_u64(), noise.fork_index(3).draws().next_u64());
//! assert_ne!(noise.fork_index(3).draws().next_u64(), noise.fork_index(4).draws().next_u64());
//! ```

mod normal;

use std::fmt;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// A named place from which random numbers flow.
///
/// # Equation
/// key(seed) = SHA-256("glocal-data/1" ‖ seed), key(fork) = SHA-256(key ‖ tag ‖ name), where tag tells names from
/// indices; numbers are little-endian.
#[derive(Clone, PartialEq, Eq)]
pub struct Stream {
    key: [u8; 32],
    path: String,
}

impl Stream {
    /// The root of all streams of a seed.
    pub fn new(seed: u64) -> Self {
        Stream { key: digest(&[b"glocal-data/1", &seed.to_le_bytes()]), path: seed.to_string() }
    }

    /// The stream called `name` under this one.
    pub fn fork(&self, name: &str) -> Self {
        Stream { key: digest(&[&self.key, b"n", name.as_bytes()]), path: format!("{}/{name}", self.path) }
    }

    /// The `index`-th stream under this one, for samples, epochs and the like.
    pub fn fork_index(&self, index: u64) -> Self {
        Stream { key: self.index_key(index), path: format!("{}/#{index}", self.path) }
    }

    fn index_key(&self, index: u64) -> [u8; 32] {
        digest(&[&self.key, b"i", &index.to_le_bytes()])
    }

    /// A generator at the beginning of the `index`-th stream under this one: [`Stream::fork_index`] without the name.
    pub fn draws_of(&self, index: u64) -> Draws {
        Draws { rng: Xoshiro256PlusPlus::from_seed(self.index_key(index)) }
    }

    /// A generator that stands at the beginning of this stream.
    pub fn draws(&self) -> Draws {
        Draws { rng: Xoshiro256PlusPlus::from_seed(self.key) }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.path)
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// A generator at some point of a [`Stream`].
///
/// # References
/// D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021),
/// doi:10.1145/3460772 (xoshiro256++).
#[derive(Clone, Debug)]
pub struct Draws {
    rng: Xoshiro256PlusPlus,
}

impl Draws {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in 0..1, a multiple of 2⁻²⁴ (all that an f32 can hold evenly).
    pub fn uniform(&mut self) -> f32 {
        unit_f32((self.next_u64() >> 40) as u32)
    }

    /// Two independent numbers as of [`Draws::uniform`] for the price of one.
    pub fn uniform_pair(&mut self) -> [f32; 2] {
        let bits = self.next_u64();
        [unit_f32((bits >> 40) as u32), unit_f32((bits >> 8) as u32 & 0x00ff_ffff)]
    }

    /// Uniform in 0..1, a multiple of 2⁻⁵³.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in `0..bound`, without bias; 0 when `bound` is 0.
    ///
    /// # References
    /// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), doi:10.1145/3230636.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= rejected {
                return (product >> 64) as u64;
            }
        }
    }

    /// Normal with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        normal::standard(self)
    }

    /// Puts `items` in random order, every order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

fn unit_f32(bits24: u32) -> f32 {
    bits24 as f32 * (1.0 / (1_u32 << 24) as f32)
}
