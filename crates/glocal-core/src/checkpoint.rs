//! Named arrays to bytes and back: safetensors, checked before it is trusted.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::CoreError;
use crate::scalar::Float;

/// The one key of the file's metadata: [`Envelope`] as JSON, so that equal learners make equal bytes.
const KEY: &str = "glocal";
const VERSION: u32 = 1;

#[derive(serde::Serialize, serde::Deserialize)]
struct Envelope {
    format: u32,
    metadata: Metadata,
}

/// An array with its name and shape.
#[derive(Clone, Debug)]
pub struct Named<'a, F> {
    /// Its name, unique in the file.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: &'a [F],
}

/// The bytes of a safetensors file with `arrays`, and `metadata` beside the format's version.
pub fn write<F: Float>(arrays: &[Named<'_, F>], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|a| F::to_bytes(a.values)).collect();
    let views: Vec<(&str, TensorView<'_>)> = arrays
        .iter()
        .zip(&bytes)
        .map(|(a, bytes)| {
            let view = TensorView::new(dtype::<F>(), a.shape.clone(), bytes).expect("shape and bytes agree");
            (a.name.as_str(), view)
        })
        .collect();
    let envelope = Envelope { format: VERSION, metadata: metadata.clone() };
    let text = serde_json::to_string(&envelope).expect("strings only");
    safetensors::serialize(views, Some(HashMap::from([(KEY.into(), text)]))).expect("names are unique and sizes fit")
}

fn dtype<F: Float>() -> Dtype {
    if F::NAME == "F32" { Dtype::F32 } else { Dtype::F64 }
}

/// Arrays read from bytes; each is taken once.
#[derive(Debug)]
pub struct Arrays<'a> {
    file: SafeTensors<'a>,
    taken: Vec<String>,
}

/// Metadata of a safetensors file.
type Metadata = BTreeMap<String, String>;

/// Checks the container.
///
/// # Errors
/// Damaged bytes, or another format.
pub fn read(bytes: &[u8]) -> Result<(Arrays<'_>, Metadata), CoreError> {
    let damaged = |e: safetensors::SafeTensorError| CoreError::Checkpoint(format!("is damaged: {e}"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let text = header.metadata().as_ref().and_then(|m| m.get(KEY));
    let text = text.ok_or_else(|| CoreError::Checkpoint("is not a Glocal checkpoint".into()))?;
    let envelope: Envelope =
        serde_json::from_str(text).map_err(|e| CoreError::Checkpoint(format!("has an unreadable header: {e}")))?;
    if envelope.format != VERSION {
        let message = format!("has format {}, this program reads format {VERSION}", envelope.format);
        return Err(CoreError::Checkpoint(message));
    }
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    Ok((Arrays { file, taken: Vec::new() }, envelope.metadata))
}

impl Arrays<'_> {
    /// The array `name`, which must have `shape`; `None` if there is none.
    ///
    /// # Errors
    /// Another shape or number type, or a value that is not finite.
    pub fn take<F: Float>(&mut self, name: &str, shape: &[usize]) -> Result<Option<Vec<F>>, CoreError> {
        let Ok(view) = self.file.tensor(name) else { return Ok(None) };
        if view.shape() != shape {
            let message = format!("`{name}` has shape {:?}, the network needs {shape:?}", view.shape());
            return Err(CoreError::Checkpoint(message));
        }
        if view.dtype() != dtype::<F>() {
            let message = format!("`{name}` holds {:?}, the network needs {}", view.dtype(), F::NAME);
            return Err(CoreError::Checkpoint(message));
        }
        let values = F::of_bytes(view.data());
        if values.iter().any(|v| !v.finite()) {
            return Err(CoreError::Checkpoint(format!("`{name}` holds a value that is not finite")));
        }
        self.taken.push(name.to_owned());
        Ok(Some(values))
    }

    /// As [`Arrays::take`], but there must be one.
    ///
    /// # Errors
    /// As [`Arrays::take`], or no such array.
    pub fn need<F: Float>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<F>, CoreError> {
        self.take(name, shape)?.ok_or_else(|| CoreError::Checkpoint(format!("lacks `{name}`")))
    }

    /// Shape of an array, if it is there.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.file.tensor(name).ok().map(|view| view.shape().to_vec())
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// The first array that nobody took.
    pub fn finish(self) -> Result<(), CoreError> {
        let mut names = self.file.names();
        names.sort();
        match names.iter().find(|name| !self.taken.iter().any(|t| t == **name)) {
            Some(name) => Err(CoreError::Checkpoint(format!("holds `{name}`, which the network does not have"))),
            None => Ok(()),
        }
    }
}
