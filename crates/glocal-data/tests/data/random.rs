//! Oracles: an independent implementation, and the distributions themselves.

use std::collections::HashSet;

use glocal_data::{Stream, epoch_order};

/// Python, with `hashlib` and xoshiro256++ as published (prng.di.unimi.it):
///
/// ```text
/// key = sha256(b"glocal-data/1" + pack("<Q", 7)).digest();  s = unpack("<4Q", key)
/// key = sha256(key + b"n" + b"noise").digest();  key = sha256(key + b"i" + pack("<Q", 3)).digest()
/// ```
#[test]
fn streams_give_the_numbers_of_an_independent_implementation() {
    let three = |stream: &Stream| {
        let mut draws = stream.draws();
        [draws.next_u64(), draws.next_u64(), draws.next_u64()]
    };
    let root = Stream::new(7);
    assert_eq!(three(&root), [0xf018_d108_18f8_f179, 0x0ca2_9d11_20c9_f410, 0x3721_7a4d_b7ee_1443]);
    let expected = [0xa85a_4df1_aeaf_b4b1, 0xee76_6b8c_7d52_de75, 0xa8bd_c03b_006d_a479];
    assert_eq!(three(&root.fork("noise").fork_index(3)), expected);
    assert_eq!(root.fork("noise").draws_of(3).next_u64(), expected[0]);
}

/// The same Python with Lemire's bounded numbers and Fisher and Yates' shuffle.
#[test]
fn orders_are_those_of_an_independent_implementation() {
    let mut items: Vec<u32> = (0..10).collect();
    Stream::new(1).draws().shuffle(&mut items);
    assert_eq!(items, [6, 2, 0, 4, 9, 8, 1, 5, 7, 3]);
    let samples: Vec<u32> = (0..8).collect();
    assert_eq!(epoch_order(&samples, &Stream::new(3).fork("order"), 2), [3, 1, 6, 2, 0, 7, 4, 5]);
}

#[test]
fn an_epochs_order_holds_every_sample_once_and_differs_between_epochs_and_seeds() {
    let samples: Vec<u32> = (0..500).map(|i| 3 * i).collect();
    let order = |seed, epoch| epoch_order(&samples, &Stream::new(seed), epoch);
    let mut sorted = order(0, 5);
    sorted.sort_unstable();
    assert_eq!(sorted, samples);
    let distinct: HashSet<_> = [order(0, 0), order(0, 1), order(0, 2), order(1, 0)].into_iter().collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn no_two_names_share_a_stream() {
    let root = Stream::new(0);
    let mut firsts = HashSet::new();
    for index in 0..1000 {
        assert!(firsts.insert(root.fork_index(index).draws().next_u64()));
        assert!(firsts.insert(root.fork(&index.to_string()).draws().next_u64()));
        assert!(firsts.insert(Stream::new(index + 1).draws().next_u64()));
    }
    assert_ne!(root.fork("ab").fork("c"), root.fork("a").fork("bc"));
}

#[test]
fn neighbouring_streams_are_uncorrelated() {
    const N: usize = 100_000;
    let stream = Stream::new(11);
    let mut draws = [stream.draws_of(0), stream.draws_of(1)];
    let product: f64 = (0..N).map(|_| draws[0].normal() * draws[1].normal()).sum();
    // The product of two independent standard normals has variance 1.
    assert!((product / (N as f64).sqrt()).abs() < 4.0, "{product}");
}

#[test]
fn uniform_numbers_fill_0_to_1_evenly() {
    const N: usize = 1_000_000;
    let mut draws = Stream::new(5).draws();
    let mut counts = [0_u32; 100];
    for _ in 0..N / 4 {
        let [a, b] = draws.uniform_pair();
        for u in [f64::from(a), f64::from(b), f64::from(draws.uniform()), draws.uniform_f64()] {
            assert!((0.0..1.0).contains(&u));
            counts[(u * 100.0) as usize] += 1;
        }
    }
    let expected = N as f64 / 100.0;
    let chi_squared: f64 = counts.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
    assert!(chi_squared < 148.2, "99 degrees of freedom exceed 148.2 once in a thousand: {chi_squared}");
}

#[test]
fn bounded_numbers_are_even_where_a_remainder_would_not_be() {
    // Without rejection, two of the four products that fall on three results would fall on each multiple of three.
    let bound = 3 << 62;
    let mut draws = Stream::new(9).draws();
    let mut thirds = [0_u32; 3];
    (0..30_000).for_each(|_| thirds[(draws.below(bound) % 3) as usize] += 1);
    assert!(thirds.iter().all(|&n| n.abs_diff(10_000) < 5 * 82), "{thirds:?}");
    assert_eq!(draws.below(0), 0);
    assert_eq!(draws.below(1), 0);
}

/// Moments, a histogram against Φ, and the tails, of which the former see little.
#[test]
fn normal_numbers_are_normal() {
    const N: usize = 10_000_000;
    const BINS_PER_UNIT: usize = 25;
    let mut draws = Stream::new(2).draws();
    let x: Vec<f64> = (0..N).map(|_| draws.normal()).collect();
    let moment = |power| x.iter().map(|x| x.powi(power)).sum::<f64>() / N as f64;
    // Standard errors of the moments of a normal: √(1, 2, 15, 96)/√N.
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0_f64)] {
        let error = (moment(power) - expected) / (variance / N as f64).sqrt();
        assert!(error.abs() < 4.0, "moment {power} is {error} standard errors off");
    }
    let phi = |x: f64| 0.5 * libm::erfc(-x / 2.0_f64.sqrt());
    let edge = |bin: usize| bin as f64 / BINS_PER_UNIT as f64 - 4.0;
    let mut counts = [0_u32; 8 * BINS_PER_UNIT];
    let bin_of = |x: f64| ((x + 4.0) * BINS_PER_UNIT as f64) as usize;
    x.iter().filter(|x| x.abs() < 4.0).for_each(|&x| counts[bin_of(x)] += 1);
    let expected = |bin| N as f64 * (phi(edge(bin + 1)) - phi(edge(bin)));
    let squares = counts.iter().enumerate().map(|(bin, &n)| (f64::from(n) - expected(bin)).powi(2) / expected(bin));
    let chi_squared: f64 = squares.sum();
    assert!(chi_squared < 267.5, "200 degrees of freedom exceed 267.5 once in a thousand: {chi_squared}");
    for edge in [3.0, 3.654_152_885_361_009, 4.0] {
        let expected = N as f64 * libm::erfc(edge / 2.0_f64.sqrt());
        let found = x.iter().filter(|x| x.abs() > edge).count() as f64;
        assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found} beyond {edge}, expected {expected}");
    }
}
