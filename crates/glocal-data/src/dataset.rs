//! Labelled images in memory, and batches of them.

use std::{fmt, path::PathBuf};

use crate::DataError;

/// Which half of a published data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// To learn from, and to set validation samples aside from.
    Train,
    /// To be judged by, once.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Split::Train => "train",
            Split::Test => "test",
        })
    }
}

/// Labelled images of one size, as bytes: a quarter of what f32 would take.
///
/// # Shapes
/// `pixels` is `[N, I]` with I = channels x height x width: plane after plane, each row-major. Grey images have one
/// channel, colour images three, red, green, blue. `labels` is `[N]`.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageDataset {
    name: String,
    classes: usize,
    shape: ImageShape,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// Size of an image.
///
/// # Shapes
/// `[channels, height, width]`; written `28 x 28`, or `3 x 32 x 32` where there are several channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// Colours: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageShape {
    /// Intensities of one image seen in grey, `[height, width]`.
    ///
    /// # Equation
    /// Of three channels, 0.299·red + 0.587·green + 0.114·blue; of any other number, their mean.
    ///
    /// # References
    /// Recommendation ITU-R BT.601, luminance.
    pub fn in_grey(self, intensities: &[f32]) -> Vec<f32> {
        let share = 1.0 / self.channels as f32;
        let weight = |channel: usize| if self.channels == 3 { [0.299, 0.587, 0.114][channel] } else { share };
        let mut grey = vec![0.0; self.plane()];
        for (channel, plane) in intensities.chunks_exact(self.plane()).enumerate() {
            grey.iter_mut().zip(plane).for_each(|(sum, &x)| *sum += weight(channel) * x);
        }
        grey
    }

    /// A grey image.
    pub const fn grey(height: usize, width: usize) -> Self {
        ImageShape { channels: 1, height, width }
    }

    /// Pixels of one channel.
    pub fn plane(self) -> usize {
        self.height * self.width
    }

    /// Values of an image, I.
    pub fn inputs(self) -> usize {
        self.channels * self.plane()
    }

    /// As [`ImageShape::inputs`], where the sizes are not trusted yet.
    pub(crate) fn checked_inputs(self) -> Option<usize> {
        self.channels.checked_mul(self.height)?.checked_mul(self.width)
    }
}

impl fmt::Display for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.channels != 1 {
            write!(f, "{} x ", self.channels)?;
        }
        write!(f, "{} x {}", self.height, self.width)
    }
}

impl From<[usize; 2]> for ImageShape {
    /// A grey image of `[height, width]`.
    fn from([height, width]: [usize; 2]) -> Self {
        ImageShape::grey(height, width)
    }
}

impl From<[usize; 3]> for ImageShape {
    /// An image of `[channels, height, width]`.
    fn from([channels, height, width]: [usize; 3]) -> Self {
        ImageShape { channels, height, width }
    }
}

impl ImageDataset {
    /// Checks that the parts fit together; `shape` is `[height, width]` of grey images or `[channels, height, width]`,
    /// and every label must be below `classes`.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`], [`DataError::CountMismatch`] or [`DataError::LabelOutOfRange`], whose offset is
    /// the one that the label has in an IDX file.
    pub fn new(
        name: impl Into<String>,
        classes: usize,
        shape: impl Into<ImageShape>,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self, DataError> {
        let set = ImageDataset { name: name.into(), classes, shape: shape.into(), pixels, labels };
        set.check()?;
        Ok(set)
    }

    fn check(&self) -> Result<(), DataError> {
        let inputs = self.shape.checked_inputs().unwrap_or(0);
        if inputs == 0 {
            return Err(self.inconsistent("image size", "at least one pixel", self.shape));
        }
        if self.classes == 0 || self.classes > 256 {
            return Err(self.inconsistent("number of classes", "1 to 256", self.classes));
        }
        if self.labels.is_empty() {
            return Err(self.inconsistent("number of samples", "at least 1", 0));
        }
        if u32::try_from(self.labels.len()).is_err() {
            return Err(self.inconsistent("number of samples", "fewer than 2^32", self.labels.len()));
        }
        if !self.pixels.len().is_multiple_of(inputs) {
            let expected = format!("a multiple of {}", self.shape);
            return Err(self.inconsistent("number of pixels", expected, self.pixels.len()));
        }
        let file = PathBuf::from(&self.name);
        let images = self.pixels.len() / inputs;
        if images != self.labels.len() {
            return Err(DataError::CountMismatch { file, images, labels: self.labels.len() });
        }
        let Some(sample) = self.labels.iter().position(|&label| usize::from(label) >= self.classes) else {
            return Ok(());
        };
        let found = self.labels[sample];
        let offset = IDX_LABELS_START + sample as u64;
        Err(DataError::LabelOutOfRange { file, offset, sample, found, classes: self.classes })
    }

    fn inconsistent(&self, what: &'static str, expected: impl Into<String>, found: impl fmt::Display) -> DataError {
        DataError::Inconsistent { name: self.name.clone(), what, expected: expected.into(), found: found.to_string() }
    }

    /// Name, for messages and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Size of an image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.shape.height
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.shape.width
    }

    /// Values of an image, I: its pixels times its channels.
    pub fn inputs(&self) -> usize {
        self.shape.inputs()
    }

    /// Number of samples, N; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The class of every sample, `[N]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The levels of all samples, `[N, I]`, 0 is black.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The sample with number `number`.
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`].
    pub fn sample(&self, number: u32) -> Result<Sample<'_>, DataError> {
        let index = number as usize;
        let Some(&label) = self.labels.get(index) else {
            return Err(DataError::NoSuchSample { name: self.name.clone(), index, len: self.len() });
        };
        let pixels = &self.pixels[index * self.inputs()..(index + 1) * self.inputs()];
        Ok(Sample { number, pixels, label: u32::from(label) })
    }

    /// The intensities of a sample in grey, `[height, width]`, 0 to 1.
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`].
    pub fn grey(&self, number: u32) -> Result<Vec<f32>, DataError> {
        let intensities: Vec<f32> = self.sample(number)?.pixels.iter().map(|&level| intensity(level)).collect();
        Ok(self.shape.in_grey(&intensities))
    }

    /// The samples `numbers` as a set of their own, in that order.
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`]; [`DataError::Inconsistent`] if there are none.
    pub fn subset(&self, name: impl Into<String>, numbers: &[u32]) -> Result<Self, DataError> {
        let mut pixels = Vec::with_capacity(numbers.len() * self.inputs());
        let mut labels = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let sample = self.sample(number)?;
            pixels.extend_from_slice(sample.pixels);
            labels.push(sample.label as u8);
        }
        ImageDataset::new(name, self.classes, self.shape, pixels, labels)
    }

    /// These samples, then those of `other`.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] if the other's images have another size.
    pub fn joined(mut self, other: &ImageDataset) -> Result<Self, DataError> {
        if other.shape != self.shape {
            return Err(DataError::Inconsistent {
                name: other.name.clone(),
                what: "images to join",
                expected: format!("images of {}, as {} has", self.shape, self.name),
                found: other.shape.to_string(),
            });
        }
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
        self.classes = self.classes.max(other.classes);
        Ok(self)
    }

    /// Puts the samples `numbers` into `batch`, in that order; allocates only while `batch` is smaller than needed.
    ///
    /// # Equation
    /// value = level / 255
    ///
    /// # Errors
    /// [`DataError::NoSuchSample`]; `batch` is then empty.
    pub fn gather(&self, numbers: &[u32], batch: &mut Batch) -> Result<(), DataError> {
        batch.clear(self.shape);
        for &number in numbers {
            let sample = self.sample(number).inspect_err(|_| batch.clear(self.shape))?;
            batch.numbers.push(number);
            batch.labels.push(sample.label);
            batch.values.extend(sample.pixels.iter().map(|&level| intensity(level)));
        }
        Ok(())
    }
}

/// Labels of an IDX file follow 4 bytes of magic and one size.
const IDX_LABELS_START: u64 = 8;

/// A division, not a product with 1/255: it is rounded once, and 255 gives exactly 1.
pub(crate) fn intensity(level: u8) -> f32 {
    f32::from(level) / 255.0
}

impl fmt::Debug for ImageDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageDataset { name, classes, shape, .. } = self;
        let size = shape.to_string().replace(' ', "");
        write!(f, "{name}: {} images of {size} in {classes} classes", self.len())
    }
}

impl fmt::Display for ImageDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One labelled image of an [`ImageDataset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Its number in the data set.
    pub number: u32,
    /// Levels, `[I]`: plane after plane.
    pub pixels: &'a [u8],
    /// Its class.
    pub label: u32,
}

/// Some samples as numbers that a network can take; reused from step to step.
///
/// # Shapes
/// `values` is `[B, I]` with I = channels x height x width, `labels` and `numbers` are `[B]`.
///
/// # Units
/// Values are intensities in 0..=1: 0 is black, 1 is white. Bytes give no others, and a caller's own are checked once,
/// by [`Batch::from_values`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    shape: ImageShape,
    values: Vec<f32>,
    labels: Vec<u32>,
    numbers: Vec<u32>,
}

impl Batch {
    /// An empty batch, to be filled by [`ImageDataset::gather`].
    pub fn new() -> Self {
        Batch::default()
    }

    /// A batch of the caller's own values, whose samples count from 0; `shape` is `[height, width]` or
    /// `[channels, height, width]`.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] if the lengths do not fit; [`DataError::Intensity`] if a value is no number in
    /// 0..=1, such as NaN.
    pub fn from_values(shape: impl Into<ImageShape>, values: Vec<f32>, labels: Vec<u32>) -> Result<Self, DataError> {
        let shape = shape.into();
        let expected = shape.checked_inputs().and_then(|inputs| inputs.checked_mul(labels.len()));
        if expected != Some(values.len()) {
            return Err(DataError::Inconsistent {
                name: "batch".into(),
                what: "number of values",
                expected: format!("{} x {shape}", labels.len()),
                found: values.len().to_string(),
            });
        }
        let numbers = (0..).take(labels.len()).collect();
        let batch = Batch { shape, values, labels, numbers };
        batch.check_intensities()?;
        Ok(batch)
    }

    fn clear(&mut self, shape: ImageShape) {
        self.shape = shape;
        self.values.clear();
        self.labels.clear();
        self.numbers.clear();
    }

    /// Refuses what is not in 0..=1; NaN is in no range.
    fn check_intensities(&self) -> Result<(), DataError> {
        let Some(position) = self.values.iter().position(|value| !(0.0..=1.0).contains(value)) else {
            return Ok(());
        };
        let (row, input) = (position / self.inputs(), position % self.inputs());
        Err(DataError::Intensity { sample: self.numbers[row], input, value: self.values[position] })
    }

    /// Number of samples, B.
    pub fn size(&self) -> usize {
        self.labels.len()
    }

    /// Values of a sample, I.
    pub fn inputs(&self) -> usize {
        self.shape.inputs()
    }

    /// Size of an image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.shape.height
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.shape.width
    }

    /// Intensities, `[B, I]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Classes, `[B]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Numbers that the samples have in their data set, `[B]`: what their random numbers are drawn by.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Each sample's number and its values `[I]`, to be changed in place.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = (u32, &mut [f32])> {
        let inputs = self.inputs().max(1);
        self.numbers.iter().copied().zip(self.values.chunks_exact_mut(inputs))
    }
}
