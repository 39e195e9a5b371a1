//! What a NIR file holds, before anyone asks what it means: named values, nested.

use std::collections::BTreeMap;

use crate::tensor::{Tensor, Values};

/// Named values, in the order of their names.
pub type Tree = BTreeMap<String, Value>;

/// One value of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Values inside.
    Group(Tree),
    /// A text.
    Text(String),
    /// Texts in rows, row-major.
    Texts {
        /// Row-major shape.
        shape: Vec<usize>,
        /// The texts.
        values: Vec<String>,
    },
    /// Numbers with a fraction.
    Numbers(Tensor),
    /// Whole numbers.
    Integers {
        /// Row-major shape.
        shape: Vec<usize>,
        /// The numbers.
        values: Vec<i64>,
    },
    /// A value of a type that NIR does not use; its type's name.
    Foreign(String),
}

impl Value {
    /// A whole number.
    pub fn integer(value: usize) -> Value {
        Value::Integers { shape: vec![], values: vec![value as i64] }
    }

    /// A row of whole numbers.
    pub fn integers(values: &[usize]) -> Value {
        Value::Integers { shape: vec![values.len()], values: values.iter().map(|&v| v as i64).collect() }
    }

    /// A number.
    pub fn number(value: f64) -> Value {
        Value::Numbers(Tensor::filled(1, value).reshaped(vec![]).expect("one number has no axis"))
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// As numbers; whole numbers become double precision where that is exact.
    pub fn to_tensor(&self) -> Option<Tensor> {
        match self {
            Value::Numbers(tensor) => Some(tensor.clone()),
            Value::Integers { shape, values } => {
                Tensor::new(shape.clone(), Values::F64(values.iter().map(|&v| v as f64).collect()))
            }
            _ => None,
        }
    }

    /// As a single number.
    pub fn to_number(&self) -> Option<f64> {
        let tensor = self.to_tensor()?;
        if tensor.len() == 1 { tensor.to_f64().first().copied() } else { None }
    }

    /// What it is, in words.
    pub fn kind(&self) -> String {
        match self {
            Value::Group(_) => "a group".into(),
            Value::Text(_) => "a text".into(),
            Value::Texts { shape, .. } => format!("texts {shape:?}"),
            Value::Numbers(tensor) => format!("numbers {:?}", tensor.shape()),
            Value::Integers { shape, .. } => format!("whole numbers {shape:?}"),
            Value::Foreign(name) => format!("a value of type {name}"),
        }
    }
}
