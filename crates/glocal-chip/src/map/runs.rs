//! Numbers in ascending order, as runs of neighbours.

use std::ops::Range;

/// Numbers in ascending order, as runs of neighbours: what an edge carries is mostly one run, or one for each row of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    runs: Vec<Range<u32>>,
    len: usize,
}

impl Runs {
    /// Of numbers in ascending order, each once.
    pub fn of(numbers: impl IntoIterator<Item = u32>) -> Runs {
        let mut found = Runs::default();
        for number in numbers {
            debug_assert!(found.runs.last().is_none_or(|last| last.end <= number), "{number} is out of order");
            match found.runs.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => found.runs.push(number..number + 1),
            }
            found.len += 1;
        }
        found
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `number` is among them.
    pub fn contains(&self, number: u32) -> bool {
        let after = self.runs.partition_point(|run| run.start <= number);
        after > 0 && number < self.runs[after - 1].end
    }

    /// The runs, as ranges of a slice.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.runs.iter().map(|run| run.start as usize..run.end as usize)
    }

    /// Number by number.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.ranges().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_runs() {
        let runs = Runs::of([1, 2, 3, 7, 9, 10]);
        assert_eq!(runs.ranges().collect::<Vec<_>>(), [1..4, 7..8, 9..11]);
        assert_eq!((runs.len(), runs.iter().collect::<Vec<_>>()), (6, vec![1, 2, 3, 7, 9, 10]));
        assert_eq!((0..12).filter(|&n| runs.contains(n)).collect::<Vec<_>>(), [1, 2, 3, 7, 9, 10]);
        assert!(Runs::of([]).is_empty());
    }
}
