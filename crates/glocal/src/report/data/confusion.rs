//! Which classes were taken for which.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// The counts of one classifier's answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Confusion {
    /// Whose answers, on what, for instance `HP, seed 1, clean test images`.
    pub label: String,
    /// The names of the classes, in the order of the rows and columns; a class without one goes by its number.
    pub classes: Vec<String>,
    /// `counts[true][predicted]`, in samples. A row or entry that is missing counts nothing.
    pub counts: Vec<Vec<u64>>,
}

/// One class taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct Mistake {
    pub class: usize,
    pub taken_for: usize,
    pub count: u64,
}

impl Confusion {
    /// How many classes there are: those that are named and those that are only counted.
    pub(in crate::report) fn size(&self) -> usize {
        let longest = self.counts.iter().map(Vec::len).max().unwrap_or(0);
        self.classes.len().max(self.counts.len()).max(longest)
    }

    /// The samples of a class that were taken for some class.
    pub(in crate::report) fn count(&self, class: usize, predicted: usize) -> u64 {
        self.counts.get(class).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }

    /// The samples of a class.
    pub(in crate::report) fn samples(&self, class: usize) -> u64 {
        self.counts.get(class).map_or(0, |row| sum(row.iter().copied()))
    }

    /// All samples.
    pub(in crate::report) fn total(&self) -> u64 {
        sum((0..self.counts.len()).map(|class| self.samples(class)))
    }

    /// The samples taken for what they are.
    pub(in crate::report) fn right(&self) -> u64 {
        sum((0..self.counts.len()).map(|class| self.count(class, class)))
    }

    /// The share of a class's samples, 0 where there are none.
    pub(in crate::report) fn share(&self, class: usize, predicted: usize) -> f64 {
        self.count(class, predicted) as f64 / self.samples(class).max(1) as f64
    }

    pub(in crate::report) fn name(&self, class: usize) -> String {
        self.classes.get(class).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| class.to_string())
    }

    /// Every kind of mistake that was made, the most frequent first; among equals in the order of the classes.
    pub(in crate::report) fn mistakes(&self) -> Vec<Mistake> {
        let of_row = |(class, row): (usize, &Vec<u64>)| {
            let entries: Vec<_> = row.iter().copied().enumerate().collect();
            entries.into_iter().map(move |(taken_for, count)| Mistake { class, taken_for, count })
        };
        let mut found: Vec<_> = self.counts.iter().enumerate().flat_map(of_row).collect();
        found.retain(|mistake| mistake.class != mistake.taken_for && mistake.count > 0);
        found.sort_by_key(|mistake| Reverse(mistake.count));
        found
    }

    /// The same counts with at most `most` columns: the rows of later classes are left out, and what the others were
    /// taken for among them is one column. The label says so.
    pub(in crate::report) fn reduced(&mut self, most: usize) {
        let size = self.size();
        if size <= most {
            return;
        }
        let kept = most.saturating_sub(1);
        let others = size - kept;
        self.classes = (0..kept).map(|class| self.name(class)).chain([format!("{others} others")]).collect();
        self.counts.truncate(kept);
        self.counts.iter_mut().for_each(|row| join_from(row, kept));
        self.label.push_str(&format!(" ({kept} of {size} classes; the other {others} share a column and have no row)"));
    }
}

/// Large counts end at the largest number instead of starting again at zero.
fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// Adds up the entries from `kept` on.
fn join_from(row: &mut Vec<u64>, kept: usize) {
    if row.len() > kept {
        let rest = sum(row.drain(kept..));
        row.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_ordered_by_count_and_then_by_class() {
        let confusion = Confusion { counts: vec![vec![5, 2, 0], vec![7, 9], vec![0, 2, 1]], ..Confusion::default() };
        let found: Vec<_> = confusion.mistakes().iter().map(|m| (m.class, m.taken_for, m.count)).collect();
        assert_eq!(found, [(1, 0, 7), (0, 1, 2), (2, 1, 2)]);
        assert_eq!((confusion.size(), confusion.total(), confusion.right()), (3, 26, 15));
    }

    #[test]
    fn a_reduced_matrix_keeps_the_samples_of_its_rows() {
        let classes = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let counts = vec![vec![5, 1, 2, 3], vec![1, 6, 0, 4], vec![1, 1, 1, 1], vec![9, 9, 9, 9]];
        let mut confusion = Confusion { label: "HP".into(), classes, counts };
        confusion.reduced(3);
        assert_eq!(confusion.counts, [[5, 1, 5], [1, 6, 4]]);
        assert_eq!(confusion.classes, ["a", "b", "2 others"]);
        assert_eq!(confusion.label, "HP (2 of 4 classes; the other 2 share a column and have no row)");
        let once = confusion.clone();
        confusion.reduced(3);
        assert_eq!(confusion, once);
    }

    #[test]
    fn counts_do_not_overflow() {
        let confusion = Confusion { counts: vec![vec![u64::MAX; 2]; 2], ..Confusion::default() };
        assert_eq!((confusion.total(), confusion.right()), (u64::MAX, u64::MAX));
    }
}
