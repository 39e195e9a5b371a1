//! Weights as indices into a codebook.

use std::ops::Range;

/// The codebook of fewest squared errors for integer weights of up to 8 bits, with at most so many entries, one of them 0: what is no
/// synapse of a crossbar needs a weight, too. In ascending order.
///
/// # Equation
/// min Σ_w n_w (w - nearest(w))², exactly, over all codebooks of whole numbers: sorted weights fall into runs, one for each entry, so
/// that the best runs of the first few weights follow from the best of fewer (Wang & Song 2011). Entries are means, rounded.
///
/// # References
/// Wang & Song, Ckmeans.1d.dp, The R Journal 3:29 (2011).
pub fn codebook(weights: &[i8], entries: usize) -> Vec<i8> {
    let mut counts = [0_u64; 256];
    weights.iter().for_each(|&w| counts[(i16::from(w) + 128) as usize] += 1);
    let values: Vec<(i64, u64)> = (-128..128).zip(counts).filter(|&(_, count)| count > 0).collect();
    let (below, above): (Vec<_>, Vec<_>) = values.into_iter().filter(|&(value, _)| value != 0).partition(|v| v.0 < 0);
    // From 0 outwards, so that the first values of either side are those that may fall to 0.
    let sides = [below.into_iter().rev().collect::<Vec<_>>(), above].map(|values| Side::new(values, entries - 1));
    let [left, right] = &sides;
    let most = |side: &Side| side.costs.len() - 1;
    let splits = (0..=most(left)).map(|l| (l, (entries - 1 - l).min(most(right))));
    let best =
        splits.min_by(|&(a, b), &(c, d)| (left.costs[a] + right.costs[b]).total_cmp(&(left.costs[c] + right.costs[d])));
    let (l, r) = best.unwrap_or_default();
    let mut found: Vec<i8> = left.entries(l).into_iter().chain([0]).chain(right.entries(r)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The nearest entry, the smaller of two.
pub fn nearest(codebook: &[i8], weight: i8) -> i8 {
    let distance = |entry: i8| (i16::from(entry) - i16::from(weight)).abs();
    codebook.iter().copied().min_by_key(|&entry| distance(entry)).unwrap_or(0)
}

/// The best runs of values on one side of 0, from 0 outwards.
struct Side {
    /// Sums over the first values: counts, values, squares.
    sums: Vec<[f64; 3]>,
    /// Least cost with so many entries beside 0.
    costs: Vec<f64>,
    /// With so many entries, where the last run of the first so many values begins.
    begins: Vec<Vec<usize>>,
}

impl Side {
    fn new(values: Vec<(i64, u64)>, most: usize) -> Side {
        let mut sums = vec![[0.0; 3]];
        for (value, count) in values {
            let [n, sum, squares] = sums[sums.len() - 1];
            let (value, count) = (value as f64, count as f64);
            sums.push([n + count, sum + count * value, squares + count * value * value]);
        }
        let length = sums.len() - 1;
        let mut side = Side { sums, costs: Vec::new(), begins: vec![vec![0; length + 1]] };
        // Without an entry all fall to 0.
        let mut least: Vec<f64> = (0..=length).map(|end| side.sums[end][2]).collect();
        side.costs.push(least[length]);
        for _ in 1..=most.min(length) {
            let best = |end: usize| {
                let cost = |begin: usize| least[begin] + side.cost(begin..end);
                let begins = (0..end).map(|begin| (cost(begin), begin));
                begins.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0))
            };
            let (costs, begins): (Vec<f64>, Vec<usize>) = (0..=length).map(best).unzip();
            least = costs;
            side.costs.push(least[length]);
            side.begins.push(begins);
        }
        side
    }

    fn of(&self, run: &Range<usize>) -> [f64; 3] {
        std::array::from_fn(|at| self.sums[run.end][at] - self.sums[run.start][at])
    }

    /// The entry of a run: its mean, rounded.
    fn entry(&self, run: &Range<usize>) -> f64 {
        let [count, sum, _] = self.of(run);
        libm::rint(sum / count)
    }

    fn cost(&self, run: Range<usize>) -> f64 {
        let ([count, sum, squares], entry) = (self.of(&run), self.entry(&run));
        squares - 2.0 * entry * sum + count * entry * entry
    }

    /// The entries of the best runs, so many.
    fn entries(&self, count: usize) -> Vec<i8> {
        let mut end = self.sums.len() - 1;
        let mut found = Vec::with_capacity(count);
        for begins in self.begins[1..=count].iter().rev() {
            let begin = begins[end];
            if begin < end {
                found.push(self.entry(&(begin..end)) as i8);
            }
            end = begin;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(weights: &[i8], codebook: &[i8]) -> i64 {
        weights.iter().map(|&w| (i64::from(w) - i64::from(nearest(codebook, w))).pow(2)).sum()
    }

    /// -9, -8 | 0, 1 | 20, 22: -8 or -9, 0, 21 miss by 1 + 1 + 2 in squares.
    #[test]
    fn a_codebook_by_hand() {
        let weights = [-9, -8, 0, 1, 20, 22];
        let found = codebook(&weights, 3);
        assert_eq!((found.len(), error(&weights, &found)), (3, 4));
        assert!(found.contains(&0) && found.contains(&21));
        assert_eq!(codebook(&weights, 1), [0]);
        // Where there is room for all, nothing is lost.
        assert_eq!(codebook(&weights, 16), [-9, -8, 0, 1, 20, 22]);
        assert_eq!(codebook(&[], 4), [0]);
        assert_eq!(codebook(&[127, -127], 256), [-127, 0, 127]);
        assert_eq!((nearest(&[-8, 0, 21], 7), nearest(&[-8, 0, 21], -4)), (0, -8));
    }

    /// No codebook of three whole numbers with 0 among them is better.
    #[test]
    fn no_other_codebook_is_better() {
        for seed in 0..20_usize {
            let weights: Vec<i8> = (0..40).map(|i| ((i * 7919 + seed * 104_729) % 41) as i8 - 20).collect();
            let found = error(&weights, &codebook(&weights, 3));
            let pairs = (-21..=21_i8).flat_map(|a| (a..=21).map(move |b| [a, 0, b]));
            let best = pairs.map(|mut tried| {
                tried.sort_unstable();
                error(&weights, &tried)
            });
            assert_eq!(found, best.min().unwrap(), "seed {seed}");
        }
    }
}
