//! Variations of images to learn from: what a network should not care about.

mod warp;

pub(crate) use warp::Map;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Batch, DataError, Draw, ImageShape,
    random::Draws,
    text::{Chain, Clause, check, serde_as_text},
};

/// A random variation of an image, written as `crop=4`; all channels vary alike.
///
/// # Equation
/// Of an image in(row, column), 0 beside its edges:
/// - `crop=PADDING`: out(r, c) = in(r + d, c + e), with d and e uniform in -PADDING..=PADDING: a window of the image's
///   size somewhere in the image with a black frame of that width
/// - `flip=PROBABILITY`: out(r, c) = in(r, width - 1 - c), with that probability
/// - `rotation=DEGREES`: counter-clockwise about the centre by an angle φ uniform in -DEGREES..DEGREES. With x and y
///   from the centre, to the right and down, out(x, y) is in at (x·cos φ - y·sin φ, x·sin φ + y·cos φ), interpolated
///   between the four pixels around
/// - `affine=DEGREES,STRETCH,SLANT,PIXELS`: as another hand would draw it. Of φ uniform in -DEGREES..DEGREES, f and g in
///   1-STRETCH..1+STRETCH, k in -SLANT..SLANT, d and e in -PIXELS..PIXELS, out(x, y) is in at
///   (u·cos φ - v·sin φ + d, u·sin φ + v·cos φ + e) with u = f·x + k·y, v = g·y: stretched, slanted, turned and moved with
///   one interpolation
///
/// # Shapes
/// `[B, I]` with I = channels x height x width, in place.
///
/// # Units
/// Pixels; degrees.
///
/// # References
/// Random crop with padding and flip for CIFAR: K. He et al., "Deep residual learning for image recognition" (2016),
/// section 4.2, doi:10.1109/CVPR.2016.90. Affine distortion of drawn characters: P. Simard, D. Steinkraus, J. Platt, "Best
/// practices for convolutional neural networks applied to visual document analysis" (2003), doi:10.1109/ICDAR.2003.1227801.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Augmentation {
    /// The image moves by up to so many pixels.
    Crop {
        /// Width of the black frame to crop from.
        padding: u32,
    },
    /// The image is mirrored, left to right.
    Flip {
        /// Share of the images.
        probability: f64,
    },
    /// The image turns.
    Rotation {
        /// Largest angle, either way.
        degrees: f64,
    },
    /// The image is turned, stretched, slanted and moved at once.
    Affine {
        /// Largest angle, either way.
        degrees: f64,
        /// Largest part of its size that an axis gains or loses.
        stretch: f64,
        /// Largest move of a row for each row from the centre.
        slant: f64,
        /// Largest move along either axis.
        pixels: f64,
    },
}

/// Augmentations applied one after the other, written as `crop=4+flip=0.5`.
pub type Augmentations = Chain<Augmentation>;

const WHAT: &str = "augmentation";

impl Augmentation {
    /// Checks the parameters; [`Augmentation::apply`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let (good, expected) = match *self {
            Augmentation::Crop { .. } => (true, ""),
            Augmentation::Flip { probability } => ((0.0..=1.0).contains(&probability), "a probability, 0 to 1"),
            Augmentation::Rotation { degrees } => ((0.0..=180.0).contains(&degrees), "an angle, 0 to 180 degrees"),
            Augmentation::Affine { degrees, stretch, slant, pixels } => (
                (0.0..=180.0).contains(&degrees)
                    && (0.0..1.0).contains(&stretch)
                    && (0.0..=10.0).contains(&slant)
                    && (0.0..=1e6).contains(&pixels),
                "an angle, 0 to 180 degrees; a stretch, 0 to less than 1; a slant, 0 to 10; pixels, 0 to a million",
            ),
        };
        check(good, WHAT, self, expected)
    }

    /// Varies every image of `batch` in place; what is drawn depends on `draw` and the sample's number alone, so that a
    /// draw of each epoch shows each image in another way.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if a parameter is out of range.
    pub fn apply(&self, batch: &mut Batch, draw: &Draw) -> Result<(), DataError> {
        self.validate()?;
        Augmentations::from(*self).apply(batch, draw)
    }

    /// Where the pixels of an image come from.
    fn draw(&self, draws: &mut Draws) -> Map {
        match *self {
            Augmentation::Crop { padding } => {
                let mut shift = || draws.below(2 * u64::from(padding) + 1) as f64 - f64::from(padding);
                Map::shift([shift(), shift()])
            }
            Augmentation::Flip { probability } if draws.uniform_f64() < probability => Map::MIRROR,
            Augmentation::Flip { .. } => Map::IDENTITY,
            Augmentation::Rotation { degrees } => Map::rotation(either_way(degrees, draws).to_radians()),
            Augmentation::Affine { degrees, stretch, slant, pixels } => {
                let turn = Map::rotation(either_way(degrees, draws).to_radians());
                let stretched =
                    Map::stretch([(); 2].map(|()| 1.0 + either_way(stretch, draws)), either_way(slant, draws));
                Map::shift([(); 2].map(|()| either_way(pixels, draws))).then(&turn).then(&stretched)
            }
        }
    }
}

/// Uniform in -most..most.
fn either_way(most: f64, draws: &mut Draws) -> f64 {
    most * (2.0 * draws.uniform_f64() - 1.0)
}

impl Chain<Augmentation> {
    /// Varies every image of `batch` in place, each augmentation with random numbers of its own; pixels are interpolated
    /// once for the whole chain.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if a parameter is out of range; the batch is then as it was.
    pub fn apply(&self, batch: &mut Batch, draw: &Draw) -> Result<(), DataError> {
        self.validate()?;
        let shape = batch.shape();
        let mut before = Vec::new();
        batch.rows_mut().for_each(|(number, image)| vary(image, shape, &self.draw(draw, number), &mut before));
        Ok(())
    }

    pub(crate) fn validate(&self) -> Result<(), DataError> {
        self.links().iter().try_for_each(Augmentation::validate)
    }

    /// Where the pixels of the image with this number come from; the parameters are checked.
    pub(crate) fn draw(&self, draw: &Draw, number: u32) -> Map {
        let links = self.links().iter().zip(0..);
        links.fold(Map::IDENTITY, |map, (link, at)| map.then(&link.draw(&mut draw.of_link(at).of_sample(number))))
    }
}

/// Moves the pixels of an image in place; `before` is memory to be reused.
pub(crate) fn vary(image: &mut [f32], shape: ImageShape, map: &Map, before: &mut Vec<f32>) {
    if *map != Map::IDENTITY {
        before.clear();
        before.extend_from_slice(image);
        map.apply(before, image, shape);
    }
}

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Augmentation::Crop { padding } => write!(f, "crop={padding}"),
            Augmentation::Flip { probability } => write!(f, "flip={probability}"),
            Augmentation::Rotation { degrees } => write!(f, "rotation={degrees}"),
            Augmentation::Affine { degrees, stretch, slant, pixels } => {
                write!(f, "affine={degrees},{stretch},{slant},{pixels}")
            }
        }
    }
}

const FORMS: &str = "KIND=NUMBER with KIND crop, flip or rotation, or affine=DEGREES,STRETCH,SLANT,PIXELS";

impl FromStr for Augmentation {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let clause = Clause::parse(WHAT, text, FORMS)?;
        let augmentation = match clause.kind {
            "crop" => Augmentation::Crop { padding: clause.number("a whole number of pixels")? },
            "flip" => Augmentation::Flip { probability: clause.number("a number after the =")? },
            "rotation" => Augmentation::Rotation { degrees: clause.number("a number after the =")? },
            "affine" => {
                let [degrees, stretch, slant, pixels] = clause.numbers("affine=DEGREES,STRETCH,SLANT,PIXELS")?;
                Augmentation::Affine { degrees, stretch, slant, pixels }
            }
            _ => return Err(clause.unknown(FORMS)),
        };
        augmentation.validate().map(|()| augmentation)
    }
}

serde_as_text!(Augmentation);
