//! Values that are written as `kind=number,number`, and lists of them as `first+second`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::DataError;

/// A text `kind=number,number`, cut into its parts.
pub(crate) struct Clause<'a> {
    what: &'static str,
    text: &'a str,
    /// What stands before the =.
    pub(crate) kind: &'a str,
    numbers: &'a str,
}

impl<'a> Clause<'a> {
    /// Cuts `text`; `forms` tells what would be right.
    pub(crate) fn parse(what: &'static str, text: &'a str, forms: &'static str) -> Result<Self, DataError> {
        let (kind, numbers) = text.split_once('=').ok_or_else(|| refuse(what, text, forms))?;
        Ok(Clause { what, text, kind: kind.trim(), numbers })
    }

    /// Exactly `N` numbers of one type.
    pub(crate) fn numbers<T: FromStr, const N: usize>(&self, expected: &'static str) -> Result<[T; N], DataError> {
        let parsed: Result<Vec<T>, _> = self.numbers.split(',').map(|number| number.trim().parse()).collect();
        let refused = || refuse(self.what, self.text, expected);
        parsed.map_err(|_| refused())?.try_into().map_err(|_| refused())
    }

    /// Exactly one number.
    pub(crate) fn number<T: FromStr>(&self, expected: &'static str) -> Result<T, DataError> {
        self.numbers(expected).map(|[number]| number)
    }

    /// The error of a kind that there is not.
    pub(crate) fn unknown(&self, forms: &'static str) -> DataError {
        refuse(self.what, self.text, forms)
    }
}

/// A value out of its range.
pub(crate) fn refuse(what: &'static str, value: impl ToString, expected: &'static str) -> DataError {
    DataError::Parameter { what, value: value.to_string(), expected }
}

/// `Ok` if `good`, else the error that names the value.
pub(crate) fn check(
    good: bool,
    what: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> Result<(), DataError> {
    if good { Ok(()) } else { Err(refuse(what, value, expected)) }
}

/// The two conversions that `#[serde(try_from = "String", into = "String")]` asks for.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = $crate::DataError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }
    };
}
pub(crate) use serde_as_text;

/// Values applied one after the other, written as `gaussian=0.06+centre=4`; an empty chain is written `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain<T>(Vec<T>);

/// How an empty chain is written.
const NONE: &str = "none";

impl<T> Chain<T> {
    /// The chain that does nothing.
    pub const fn none() -> Self {
        Chain(Vec::new())
    }

    /// Its values, in the order in which they are applied.
    pub fn links(&self) -> &[T] {
        &self.0
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This chain followed by `more`.
    #[must_use]
    pub fn then(mut self, more: impl IntoIterator<Item = T>) -> Self {
        self.0.extend(more);
        self
    }
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Chain::none()
    }
}

impl<T> From<T> for Chain<T> {
    fn from(value: T) -> Self {
        Chain(vec![value])
    }
}

impl<T> FromIterator<T> for Chain<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Chain(values.into_iter().collect())
    }
}

impl<T> IntoIterator for Chain<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: fmt::Display> fmt::Display for Chain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, value) in self.0.iter().enumerate() {
            let plus = if number == 0 { "" } else { "+" };
            write!(f, "{plus}{value}")?;
        }
        if self.is_empty() { f.write_str(NONE) } else { Ok(()) }
    }
}

impl<T: FromStr<Err = DataError>> FromStr for Chain<T> {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        if text.trim() == NONE {
            return Ok(Chain::none());
        }
        links(text).map(|link| link.trim().parse()).collect()
    }
}

/// The parts between the plus signs; one within a number, as in 1e+3, is followed by a digit and does not count.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let begins_link = |at: &usize| !whole[at + 1..].starts_with(|next: char| next.is_ascii_digit());
        let plus = whole.match_indices('+').map(|(at, _)| at).find(begins_link);
        let (link, left) = plus.map_or((whole, None), |at| (&whole[..at], Some(&whole[at + 1..])));
        rest = left;
        Some(link)
    })
}

impl<T: fmt::Display> Serialize for Chain<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr<Err = DataError>> Deserialize<'de> for Chain<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
