//! Which samples train, which validate, and in what order: functions of the seed alone, so that a resumed run sees
//! exactly what an uninterrupted one would have seen.

use crate::{DataError, ImageDataset, Stream, text::check};

/// Training samples and those set aside to choose the model by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationSplit {
    /// Numbers of the samples to learn from, ascending.
    pub train: Vec<u32>,
    /// Numbers of the samples set aside, ascending.
    pub validation: Vec<u32>,
}

impl ImageDataset {
    /// Sets `validation` samples aside, stratified: each class gives its share, drawn at random within the class.
    ///
    /// # Equation
    /// Class c of n_c of the N samples gives ⌊validation · n_c / N⌋; what rounding leaves goes, one each, to the
    /// classes with the largest remainders, the lower label first among equals.
    ///
    /// # Errors
    /// [`DataError::Parameter`] unless some samples are left to learn from.
    pub fn split_validation(&self, validation: usize, stream: &Stream) -> Result<ValidationSplit, DataError> {
        stratified(self.labels().iter().map(|&label| u32::from(label)), self.classes(), validation, stream)
    }
}

/// Sets `validation` of the samples with these labels, all below `classes`, aside.
pub(crate) fn stratified(
    labels: impl ExactSizeIterator<Item = u32>,
    classes: usize,
    validation: usize,
    stream: &Stream,
) -> Result<ValidationSplit, DataError> {
    let given = || format!("{validation} of {}", labels.len());
    check(validation < labels.len(), "validation samples", given(), "fewer than the training samples")?;
    let mut of_class = vec![Vec::new(); classes];
    (0_u32..).zip(labels).for_each(|(number, label)| of_class[label as usize].push(number));
    let counts: Vec<usize> = of_class.iter().map(Vec::len).collect();
    let mut split = ValidationSplit { train: Vec::new(), validation: Vec::new() };
    for (label, (numbers, share)) in (0..).zip(of_class.iter_mut().zip(shares(&counts, validation))) {
        stream.fork_index(label).draws().shuffle(numbers);
        split.validation.extend_from_slice(&numbers[..share]);
        split.train.extend_from_slice(&numbers[share..]);
    }
    split.train.sort_unstable();
    split.validation.sort_unstable();
    Ok(split)
}

/// Divides `total` in proportion to `counts` by largest remainders; `total` is at most their sum.
fn shares(counts: &[usize], total: usize) -> Vec<usize> {
    let all = counts.iter().sum::<usize>().max(1) as u128;
    let product = |count: usize| count as u128 * total as u128;
    let mut shares: Vec<usize> = counts.iter().map(|&count| (product(count) / all) as usize).collect();
    let left = total - shares.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(product(counts[class]) % all));
    by_remainder.iter().take(left).for_each(|&class| shares[class] += 1);
    shares
}

/// The order in which an epoch visits `samples`: a function of stream and epoch alone, every order equally likely.
pub fn epoch_order(samples: &[u32], stream: &Stream, epoch: u64) -> Vec<u32> {
    let mut order = samples.to_vec();
    stream.fork_index(epoch).draws().shuffle(&mut order);
    order
}
