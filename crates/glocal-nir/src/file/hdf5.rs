//! HDF5 to trees of values and back: the only file that knows the crate `hdf5-pure`.

use std::collections::BTreeMap;

use hdf5_pure::{DType, Dataset, Datatype, DatatypeByteOrder, File, FileBuilder, Group, GroupBuilder};

use super::Container;
use crate::error::NirError;
use crate::tensor::{Tensor, Values, element_count};
use crate::tree::{Tree, Value};

/// The HDF5 container.
pub struct Hdf5;

/// Largest ratio of unpacked to packed bytes of DEFLATE, rounded up (zlib's technical notes: 1032).
const MOST_EXPANSION: u128 = 1040;
/// Bytes beyond that which any file may unpack to.
const ALWAYS_ALLOWED: u128 = 1 << 16;
/// Bytes that an object takes in a file at least: its name, its address.
const OBJECT_BYTES: usize = 8;
/// Groups inside groups. NIR needs two for each graph inside a graph.
const MOST_DEPTH: usize = 40;

impl Container for Hdf5 {
    fn tree(bytes: &[u8]) -> Result<Tree, NirError> {
        let file = File::from_bytes(bytes.to_vec()).map_err(at("the file"))?;
        let mut budget = Budget { size: bytes.len(), unpacked: 0, objects: 0 };
        read_group(&file.root(), "", 0, &mut budget)
    }

    fn bytes(tree: &Tree) -> Result<Vec<u8>, NirError> {
        let mut file = FileBuilder::new();
        for (name, value) in tree {
            match value {
                Value::Group(tree) => {
                    let mut group = file.create_group(name);
                    write_group(&mut group, tree);
                    file.add_group(group.finish());
                }
                value => write_value(file.create_dataset(name), value),
            }
        }
        file.finish().map_err(at("the file"))
    }
}

fn at(place: &str) -> impl Fn(hdf5_pure::Error) -> NirError {
    let place = place.to_owned();
    move |error| {
        let message = match error {
            hdf5_pure::Error::Format(format) => format.to_string(),
            other => other.to_string(),
        };
        NirError::Hdf5 { place: place.clone(), message }
    }
}

/// What reading may cost, told by the file's size.
struct Budget {
    size: usize,
    unpacked: u128,
    objects: usize,
}

impl Budget {
    /// Notes bytes that a value unpacks to, before they are allocated.
    fn claim(&mut self, place: &str, bytes: Option<u128>) -> Result<(), NirError> {
        let limit = self.size as u128 * MOST_EXPANSION + ALWAYS_ALLOWED;
        self.unpacked = self.unpacked.saturating_add(bytes.unwrap_or(u128::MAX));
        if self.unpacked > limit {
            return Err(NirError::TooLarge { place: place.into(), claimed: self.unpacked, size: self.size, limit });
        }
        Ok(())
    }

    /// Notes an object. Groups that hold themselves would go on for ever.
    fn object(&mut self, place: &str, depth: usize) -> Result<(), NirError> {
        self.objects += 1;
        let message = match (self.objects > self.size / OBJECT_BYTES, depth > MOST_DEPTH) {
            (true, _) => format!("there are more than {} objects, which the file is too small for", self.objects - 1),
            (_, true) => format!("more than {MOST_DEPTH} groups inside groups"),
            _ => return Ok(()),
        };
        Err(NirError::Hdf5 { place: place.into(), message })
    }
}

fn read_group(group: &Group, path: &str, depth: usize, budget: &mut Budget) -> Result<Tree, NirError> {
    let here = if path.is_empty() { "/" } else { path };
    let mut tree = BTreeMap::new();
    for name in group.datasets().map_err(at(here))? {
        let place = format!("{path}/{name}");
        budget.object(&place, depth)?;
        let dataset = group.dataset(&name).map_err(at(&place))?;
        tree.insert(name, read_value(&dataset, &place, budget)?);
    }
    for name in group.groups().map_err(at(here))? {
        let place = format!("{path}/{name}");
        budget.object(&place, depth)?;
        let inner = group.group(&name).map_err(at(&place))?;
        tree.insert(name, Value::Group(read_group(&inner, &place, depth + 1, budget)?));
    }
    Ok(tree)
}

fn read_value(dataset: &Dataset, place: &str, budget: &mut Budget) -> Result<Value, NirError> {
    let fail = at(place);
    let shape: Vec<usize> = dataset.shape().map_err(&fail)?.into_iter().map(clamped).collect();
    let dtype = dataset.dtype().map_err(&fail)?;
    claim(dataset, &shape, place, budget)?;
    let count = element_count(&shape);
    let numbers = |values: Values| {
        let found = values.len();
        let message = format!("holds {found} values, its shape {shape:?} says {count:?}");
        Tensor::new(shape.clone(), values).map(Value::Numbers).ok_or(NirError::Hdf5 { place: place.into(), message })
    };
    match dtype {
        DType::F32 => numbers(Values::F32(dataset.read_f32().map_err(&fail)?)),
        DType::F64 => numbers(Values::F64(dataset.read_f64().map_err(&fail)?)),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            let values = dataset.read_i64().map_err(&fail)?;
            let message = format!("holds {} values, its shape {shape:?} says {count:?}", values.len());
            if Some(values.len()) != count {
                return Err(NirError::Hdf5 { place: place.into(), message });
            }
            Ok(Value::Integers { shape, values })
        }
        DType::String | DType::VariableLengthString => read_texts(dataset, shape, place, budget),
        other => match half_precision(&other) {
            Some(order) => numbers(Values::F32(halves(&dataset.read_raw().map_err(&fail)?, order))),
            None => Ok(Value::Foreign(other.to_string())),
        },
    }
}

/// Sizes beyond a machine word count as the largest one: the budget refuses them.
fn clamped(side: u64) -> usize {
    usize::try_from(side).unwrap_or(usize::MAX)
}

/// The byte order of IEEE 754 half precision; `None` for other types.
fn half_precision(dtype: &DType) -> Option<DatatypeByteOrder> {
    let DType::Other(datatype) = dtype else { return None };
    match **datatype {
        Datatype::FloatingPoint { size: 2, byte_order, layout } => {
            let ieee = layout.exponent_size == 5 && layout.mantissa_size == 10 && layout.exponent_bias == 15;
            ieee.then_some(byte_order)
        }
        _ => None,
    }
}

/// Numbers in half precision, which single precision holds exactly.
fn halves(bytes: &[u8], order: DatatypeByteOrder) -> Vec<f32> {
    let value = |pair: &[u8]| match order {
        DatatypeByteOrder::BigEndian => half::f16::from_be_bytes([pair[0], pair[1]]),
        _ => half::f16::from_le_bytes([pair[0], pair[1]]),
    };
    bytes.chunks_exact(2).map(|pair| value(pair).to_f32()).collect()
}

/// Claims what a dataset unpacks to: its values, or a whole chunk where that is more.
fn claim(dataset: &Dataset, shape: &[usize], place: &str, budget: &mut Budget) -> Result<(), NirError> {
    let fail = at(place);
    let size = dataset.element_size().map_err(&fail)?.max(8);
    let bytes =
        |shape: &[usize]| shape.iter().try_fold(u128::from(size), |bytes, &side| bytes.checked_mul(side as u128));
    let chunk: Option<Vec<usize>> =
        dataset.chunk_shape().map_err(&fail)?.map(|sides| sides.into_iter().map(clamped).collect());
    let chunk = match chunk {
        Some(sides) => bytes(&sides),
        None => Some(0),
    };
    budget.claim(place, bytes(shape).zip(chunk).map(|(values, chunk)| values.max(chunk)))
}

fn read_texts(dataset: &Dataset, shape: Vec<usize>, place: &str, budget: &mut Budget) -> Result<Value, NirError> {
    let fail = at(place);
    if let Ok(DType::VariableLengthString) = dataset.dtype() {
        budget.claim(place, Some(u128::from(dataset.vlen_string_payload_size().map_err(&fail)?)))?;
    }
    let mut values = dataset.read_string().map_err(&fail)?;
    if element_count(&shape) != Some(values.len()) {
        let message = format!("holds {} texts, its shape says {shape:?}", values.len());
        return Err(NirError::Hdf5 { place: place.into(), message });
    }
    match (shape.is_empty(), values.pop()) {
        (true, Some(text)) => Ok(Value::Text(text)),
        (_, last) => {
            values.extend(last);
            Ok(Value::Texts { shape, values })
        }
    }
}

fn write_group(group: &mut GroupBuilder, tree: &Tree) {
    for (name, value) in tree {
        match value {
            Value::Group(tree) => {
                let mut inner = group.create_group(name);
                write_group(&mut inner, tree);
                group.add_group(inner.finish());
            }
            value => write_value(group.create_dataset(name), value),
        }
    }
}

fn write_value(dataset: &mut hdf5_pure::DatasetBuilder, value: &Value) {
    let sides = |shape: &[usize]| shape.iter().map(|&side| side as u64).collect::<Vec<u64>>();
    match value {
        Value::Text(text) => drop(dataset.with_vlen_strings(&[text]).with_shape(&[])),
        Value::Texts { shape, values } => {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            dataset.with_vlen_strings(&values).with_shape(&sides(shape));
        }
        Value::Integers { shape, values } => drop(dataset.with_i64_data(values).with_shape(&sides(shape))),
        Value::Numbers(tensor) => {
            match tensor.values() {
                Values::F32(values) => dataset.with_f32_data(values),
                Values::F64(values) => dataset.with_f64_data(values),
            };
            dataset.with_shape(&sides(tensor.shape()));
        }
        // A value that was not understood cannot be written back: its name stays.
        Value::Group(_) => {}
        Value::Foreign(name) => drop(dataset.with_vlen_strings(&[name]).with_shape(&[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of value comes back as it was: equality.
    #[test]
    fn values_come_back() {
        let tensor = |values| Value::Numbers(Tensor::new(vec![2, 3], values).unwrap());
        let inner = Tree::from([
            ("single".into(), tensor(Values::F32(vec![0.1, -2.0, 3.5e-40, f32::MAX, 0.0, -0.0]))),
            ("double".into(), tensor(Values::F64(vec![0.1, -2.0, 3.5e-320, f64::MAX, 0.0, 1.0]))),
            ("whole".into(), Value::integers(&[1, 2, 3])),
            ("scalar".into(), Value::integer(7)),
            ("number".into(), Value::number(1e-4)),
        ]);
        let texts = ["a", "longer", "", "ü"].map(String::from).to_vec();
        let tree = Tree::from([
            ("node".into(), Value::Group(inner)),
            ("text".into(), Value::text("1.0.8")),
            ("edges".into(), Value::Texts { shape: vec![2, 2], values: texts }),
            ("empty".into(), Value::Group(Tree::new())),
        ]);
        assert_eq!(Hdf5::tree(&Hdf5::bytes(&tree).unwrap()).unwrap(), tree);
    }

    /// What other writers use: texts of one length, small integers, half precision. IEEE 754: 0x3c00 is 1, 0xc100 is -2.5,
    /// 0x0001 is 2⁻²⁴.
    #[test]
    fn narrow_types_become_wider_ones() {
        let mut file = FileBuilder::new();
        file.create_dataset("fixed").with_strings(&["LIF", "Affine"]).unwrap();
        file.create_dataset("small").with_i8_data(&[-8, 11]);
        let layout = hdf5_pure::FloatingPointLayout {
            bit_offset: 0,
            bit_precision: 16,
            exponent_location: 10,
            exponent_size: 5,
            mantissa_location: 0,
            mantissa_size: 10,
            exponent_bias: 15,
        };
        let half = Datatype::FloatingPoint { size: 2, byte_order: DatatypeByteOrder::LittleEndian, layout };
        file.create_dataset("half").with_raw_data(half, vec![0x00, 0x3c, 0x00, 0xc1, 0x01, 0x00], 3);
        let tree = Hdf5::tree(&file.finish().unwrap()).unwrap();
        assert_eq!(tree["fixed"], Value::Texts { shape: vec![2], values: vec!["LIF".into(), "Affine".into()] });
        assert_eq!(tree["small"], Value::Integers { shape: vec![2], values: vec![-8, 11] });
        assert_eq!(tree["half"], Value::Numbers(Tensor::row(vec![1.0, -2.5, 1.0 / 16_777_216.0])));
    }

    #[test]
    fn foreign_bytes_are_refused() {
        for bytes in [&b""[..], b"not HDF5", &[0x89; 4096]] {
            assert!(matches!(Hdf5::tree(bytes), Err(NirError::Hdf5 { .. })));
        }
    }
}
