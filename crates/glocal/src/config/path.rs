//! Where a value stands in a config: `learner.network.layers[0].size`.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

/// One step down a config tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into a table.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// A place in a config, from the root; prints as `a.b[0].c` and reads that and `a.b.0.c`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// This path and one key more.
    pub fn key(&self, key: &str) -> KeyPath {
        self.with(Step::Key(key.to_owned()))
    }

    /// This path and one array index more.
    pub fn index(&self, index: usize) -> KeyPath {
        self.with(Step::Index(index))
    }

    /// The path of the table or array that holds this place.
    pub fn parent(&self) -> KeyPath {
        KeyPath(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// The last step as text.
    pub fn last(&self) -> String {
        match self.0.last() {
            Some(Step::Key(key)) => key.clone(),
            Some(Step::Index(index)) => index.to_string(),
            None => String::new(),
        }
    }

    /// Whether this is `other` or a place above it.
    pub fn is_prefix_of(&self, other: &KeyPath) -> bool {
        other.0.starts_with(&self.0)
    }

    fn with(&self, step: Step) -> KeyPath {
        let mut steps = self.0.clone();
        steps.push(step);
        KeyPath(steps)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in text.replace('[', ".").replace(']', "").split('.') {
            match part.trim() {
                "" => return Err(format!("`{text}` has an empty part")),
                digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                    steps.push(Step::Index(digits.parse().map_err(|_| format!("`{digits}` is too large an index"))?))
                }
                key => steps.push(Step::Key(key.to_owned())),
            }
        }
        Ok(KeyPath(steps))
    }
}

/// The value at `path`.
pub fn get<'a>(root: &'a Value, path: &KeyPath) -> Option<&'a Value> {
    path.0.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.as_table()?.get(key),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

/// Takes the table entry at `path` out of the tree; list elements stay, for their neighbours' numbers would change.
pub fn remove(root: &mut Value, path: &KeyPath) -> Option<Value> {
    let parent = get_mut(root, &path.parent())?;
    match (path.0.last()?, parent) {
        (Step::Key(key), Value::Table(table)) => table.remove(key),
        _ => None,
    }
}

/// Puts `value` at `path`; tables on the way are made, array elements must exist.
///
/// # Errors
/// What stands in the way, in words.
pub fn set(root: &mut Value, path: &KeyPath, value: Value) -> Result<(), String> {
    let mut here = root;
    let mut walked = KeyPath::default();
    for step in &path.0 {
        here = descend(here, step, &walked)?;
        walked = walked.with(step.clone());
    }
    *here = value;
    Ok(())
}

fn descend<'a>(value: &'a mut Value, step: &Step, walked: &KeyPath) -> Result<&'a mut Value, String> {
    match (step, value) {
        (Step::Key(key), Value::Table(table)) => {
            Ok(table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())))
        }
        (Step::Index(index), Value::Array(array)) => {
            let length = array.len();
            array.get_mut(*index).ok_or(format!("`{walked}` has {length} elements, so no element {index}"))
        }
        (Step::Key(key), Value::Array(_)) => Err(format!("`{walked}` is a list: `{key}` should be a number, from 0")),
        (_, other) => Err(format!("`{walked}` is a {}, not a table", other.type_str())),
    }
}

fn get_mut<'a>(root: &'a mut Value, path: &KeyPath) -> Option<&'a mut Value> {
    path.0.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.as_table_mut()?.get_mut(key),
        Step::Index(index) => value.as_array_mut()?.get_mut(*index),
    })
}

/// Every leaf of the tree with its path, in order.
pub fn leaves(root: &Value) -> Vec<(KeyPath, Value)> {
    let mut found = Vec::new();
    collect_leaves(root, &KeyPath::default(), &mut found);
    found
}

fn collect_leaves(value: &Value, path: &KeyPath, found: &mut Vec<(KeyPath, Value)>) {
    match value {
        Value::Table(table) => table.iter().for_each(|(key, child)| collect_leaves(child, &path.key(key), found)),
        Value::Array(array) => {
            array.iter().enumerate().for_each(|(index, child)| collect_leaves(child, &path.index(index), found))
        }
        leaf => found.push((path.clone(), leaf.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_read_and_one_prints() {
        let dotted: KeyPath = "layers.0.size".parse().unwrap();
        let bracketed: KeyPath = "layers[0].size".parse().unwrap();
        assert_eq!(dotted, bracketed);
        assert_eq!(dotted.to_string(), "layers[0].size");
        assert!("a..b".parse::<KeyPath>().is_err());
    }

    #[test]
    fn set_makes_tables_but_not_elements() {
        let mut root: Value = toml::from_str::<Table>("layers = [{size = 1}]").unwrap().into();
        set(&mut root, &"layers.0.size".parse().unwrap(), Value::Integer(2)).unwrap();
        set(&mut root, &"a.b".parse().unwrap(), Value::Integer(3)).unwrap();
        assert_eq!(get(&root, &"layers[0].size".parse().unwrap()), Some(&Value::Integer(2)));
        assert_eq!(get(&root, &"a.b".parse().unwrap()), Some(&Value::Integer(3)));
        let refused = set(&mut root, &"layers.1.size".parse().unwrap(), Value::Integer(2)).unwrap_err();
        assert!(refused.contains("1 elements"), "{refused}");
    }
}
