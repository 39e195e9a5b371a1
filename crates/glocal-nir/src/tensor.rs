//! Arrays of numbers with a shape.

use std::fmt;

/// An array in single or double precision, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

/// The numbers of a [`Tensor`], in the precision of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Tensor {
    /// An array, if `values` has as many numbers as `shape` asks for.
    pub fn new(shape: Vec<usize>, values: Values) -> Option<Tensor> {
        (element_count(&shape) == Some(values.len())).then_some(Tensor { shape, values })
    }

    /// The same number `count` times, as a row.
    pub fn filled(count: usize, value: f64) -> Tensor {
        Tensor { shape: vec![count], values: Values::F64(vec![value; count]) }
    }

    /// A row of numbers in single precision.
    pub fn row(values: Vec<f32>) -> Tensor {
        Tensor { shape: vec![values.len()], values: Values::F32(values) }
    }

    /// The same numbers in another arrangement, if it has room for just as many.
    pub fn reshaped(self, shape: Vec<usize>) -> Option<Tensor> {
        Tensor::new(shape, self.values)
    }

    /// Row-major shape; empty for a single number without an axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no number.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// In double precision, without rounding.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.values {
            Values::F32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Values::F64(values) => values.clone(),
        }
    }

    /// In single precision, to the nearest.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.values {
            Values::F32(values) => values.clone(),
            Values::F64(values) => values.iter().map(|&v| v as f32).collect(),
        }
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        match &self.values {
            Values::F32(values) => values.iter().all(|v| v.is_finite()),
            Values::F64(values) => values.iter().all(|v| v.is_finite()),
        }
    }

    /// Smallest and largest number; `None` without any.
    pub fn range(&self) -> Option<(f64, f64)> {
        let values = self.to_f64();
        let first = *values.first()?;
        Some(values.iter().fold((first, first), |(low, high), &v| (low.min(v), high.max(v))))
    }
}

/// Range and shape, as in `-0.3000..0.4000 [10, 784]`; one value for all as it is.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.range(), &self.values) {
            (Some((low, high)), Values::F32(_)) if low == high => write!(f, "{} {:?}", low as f32, self.shape),
            (Some((low, high)), Values::F64(_)) if low == high => write!(f, "{low} {:?}", self.shape),
            (Some((low, high)), _) => write!(f, "{low:.4}..{high:.4} {:?}", self.shape),
            (None, _) => write!(f, "{:?}", self.shape),
        }
    }
}

/// Numbers that a shape asks for, if a machine word can count them.
pub fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_must_fit_its_numbers() {
        assert!(Tensor::new(vec![2, 3], Values::F32(vec![0.0; 6])).is_some());
        assert!(Tensor::new(vec![2, 3], Values::F32(vec![0.0; 5])).is_none());
        assert!(Tensor::new(vec![usize::MAX, 2], Values::F32(vec![0.0; 6])).is_none());
        assert_eq!(Tensor::new(vec![], Values::F64(vec![2.5])).unwrap().to_string(), "2.5 []");
    }
}
