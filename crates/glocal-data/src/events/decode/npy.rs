//! Arrays of NumPy: the header of a `.npy` file.
//!
//! ```text
//! "\x93NUMPY", u8 major, u8 minor, u16 (major 1) or u32 bytes of the header, header, data
//! header  a Python literal: {'descr': '<i8', 'fortran_order': False, 'shape': (10,), }
//!         or, for records: 'descr': [('t', '<i8'), ('x', '<u2')]
//! ```
//!
//! # References
//! NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".

use crate::events::decode::take;

/// Kind and width of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    signed: bool,
    big_endian: bool,
    pub(super) bytes: usize,
}

impl Number {
    /// From NumPy's name, such as `<u2`, `|b1` or `>i8`; whole numbers and truth values only.
    fn parse(name: &str) -> Option<Number> {
        let mut letters = name.chars();
        let (order, kind) = (letters.next()?, letters.next()?);
        let bytes = letters.as_str().parse().ok().filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8))?;
        let signed = match kind {
            'i' => true,
            'u' | 'b' => false,
            _ => return None,
        };
        matches!(order, '<' | '>' | '|' | '=').then_some(Number { signed, big_endian: order == '>', bytes })
    }

    /// The number at the start of `bytes`; `None` if they are too few.
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Option<i128> {
        let bytes = bytes.get(..self.bytes)?;
        let mut padded = [0; 8];
        padded.get_mut(..self.bytes)?.copy_from_slice(bytes);
        if self.big_endian {
            padded.get_mut(..self.bytes)?.reverse();
        }
        let unsigned = u64::from_le_bytes(padded);
        let unused = 64 - 8 * self.bytes as u32;
        Some(if self.signed { i128::from((unsigned << unused) as i64 >> unused) } else { i128::from(unsigned) })
    }
}

/// What an array's elements are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    /// Numbers.
    Numbers(Number),
    /// Records: each field's name, number and place in the record, and the record's bytes.
    Records { fields: Vec<(String, Number, usize)>, bytes: usize },
}

/// The header of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NpyHeader {
    pub(super) elements: Elements,
    /// Elements in all.
    pub(super) count: u64,
    /// Bytes before the data.
    pub(super) len: usize,
}

impl NpyHeader {
    /// Reads the header of `file`.
    ///
    /// # Errors
    /// What is not understood.
    pub(super) fn read(file: &[u8]) -> Result<NpyHeader, String> {
        let (start, bytes) = extent(file).ok_or("no header of a .npy file")?;
        let text = file.get(start..start + bytes).and_then(|text| std::str::from_utf8(text).ok());
        let text = text.ok_or("a header that is cut off or no text")?;
        let value = |key: &str| entry(text, key).ok_or_else(|| format!("a header without {key}: {}", short(text)));
        let count = count(value("shape")?).ok_or_else(|| format!("shape in {}", short(text)))?;
        let descr = value("descr")?;
        let elements = elements(descr).ok_or_else(|| format!("elements {}, not whole numbers", short(descr)))?;
        Ok(NpyHeader { elements, count, len: start + bytes })
    }

    /// Bytes of an element.
    pub(super) fn element_bytes(&self) -> usize {
        match &self.elements {
            Elements::Numbers(number) => number.bytes,
            Elements::Records { bytes, .. } => *bytes,
        }
    }
}

/// Where the header's text begins and how long it is.
fn extent(file: &[u8]) -> Option<(usize, usize)> {
    match take::<8>(file, 0)? {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _] => Some((10, u16::from_le_bytes(take(file, 8)?).into())),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _] => {
            let bytes = usize::try_from(u32::from_le_bytes(take(file, 8)?)).ok()?;
            (bytes <= file.len()).then_some((12, bytes))
        }
        _ => None,
    }
}

/// The text after `'key':`.
fn entry<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let after = quoted.iter().find_map(|key| text.split_once(key.as_str()))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

/// Product of the sizes of a shape of at most one dimension; the only order that matters is then the only one there is.
fn count(shape: &str) -> Option<u64> {
    let inner = shape.strip_prefix('(')?.split_once(')')?.0;
    let mut sizes = inner.split(',').map(str::trim).filter(|size| !size.is_empty());
    let count = sizes.next().map_or(Some(1), |size| size.parse().ok())?;
    sizes.next().is_none().then_some(count)
}

fn elements(descr: &str) -> Option<Elements> {
    if let Some(name) = quoted(descr) {
        return Some(Elements::Numbers(Number::parse(name.0)?));
    }
    let mut rest = descr.strip_prefix('[')?.trim_start();
    let mut place = 0;
    let mut fields = Vec::new();
    while let Some(field) = rest.strip_prefix('(') {
        let (name, after) = quoted(field.trim_start())?;
        let (kind, after) = quoted(after.trim_start().strip_prefix(',')?.trim_start())?;
        let number = Number::parse(kind)?;
        fields.push((name.to_owned(), number, place));
        place += number.bytes;
        rest = after.trim_start().strip_prefix(')')?.trim_start().trim_start_matches(',').trim_start();
    }
    (rest.starts_with(']') && !fields.is_empty()).then_some(Elements::Records { fields, bytes: place })
}

/// A quoted string at the start of `text`, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(dict: &str) -> Vec<u8> {
        [b"\x93NUMPY\x01\x00", &(dict.len() as u16).to_le_bytes()[..], dict.as_bytes()].concat()
    }

    #[test]
    fn headers_as_numpy_writes_them() {
        let header = NpyHeader::read(&npy("{'descr': '<i8', 'fortran_order': False, 'shape': (12,), }   \n")).unwrap();
        let number = Number { signed: true, big_endian: false, bytes: 8 };
        assert_eq!((header.count, header.elements), (12, Elements::Numbers(number)));
        let dict = "{'descr': [('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '|b1')], 'fortran_order': False, 'shape': (3,), }";
        let header = NpyHeader::read(&npy(dict)).unwrap();
        assert_eq!(header.element_bytes(), 13);
        let Elements::Records { fields, .. } = header.elements else { panic!("records") };
        assert_eq!(
            fields.iter().map(|f| (f.0.as_str(), f.2)).collect::<Vec<_>>(),
            [("x", 0), ("y", 2), ("t", 4), ("p", 12)]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = |dict: &str| NpyHeader::read(&npy(dict)).unwrap_err();
        assert!(refused("{'descr': '<f8', 'shape': (1,)}").contains("<f8"));
        assert!(refused("{'descr': '<i8', 'shape': (1, 2)}").contains("shape"));
        assert!(refused("{'shape': (1,)}").contains("descr"));
        assert!(NpyHeader::read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
    }

    #[test]
    fn numbers_of_every_kind() {
        let read = |name: &str, bytes: &[u8]| Number::parse(name).unwrap().read(bytes).unwrap();
        assert_eq!(read("<i2", &[0xfe, 0xff]), -2);
        assert_eq!(read(">u4", &[0, 0, 1, 2]), 258);
        assert_eq!(read("|b1", &[1]), 1);
        assert_eq!(read("<u8", &[0xff; 8]), i128::from(u64::MAX));
        assert_eq!(Number::parse("<f4"), None);
    }
}
