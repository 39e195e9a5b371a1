//! Damage to images, to measure how much of it a network bears.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Batch, DataError, Draw, ImageShape, mask,
    random::Draws,
    text::{Chain, Clause, check, serde_as_text},
};

/// A kind of damage and its strength, written as `gaussian=0.06`.
///
/// # Equation
/// x is an intensity, n is normal with mean 0 and the given variance; results are clipped to 0..1. What the noises draw
/// they draw for each value, each channel on its own; what is covered is covered in all channels.
/// - `gaussian=VARIANCE`: x + n
/// - `speckle=VARIANCE`: x + x·n
/// - `salt=AMOUNT`: 1 with probability AMOUNT
/// - `pepper=AMOUNT`: 0 with probability AMOUNT
/// - `salt-and-pepper=AMOUNT`: with probability AMOUNT 0 or 1, evenly
/// - `border=WIDTH`: 0 within WIDTH pixels of the edge
/// - `centre=HALF`: 0 in the centred square of side 2·HALF
/// - `random-crop=HALF`: 0 in a square of side 2·HALF (at most the image), every place in the image equally likely
/// - `occlusion=SHARE`: 0 in a rectangle of r = ⌊√SHARE · height + 1/2⌋ rows, at least one, and
///   ⌊SHARE · height · width / r + 1/2⌋ columns, every place in the image equally likely
///
/// # Units
/// Variance in squared intensities, where white is 1; widths in pixels.
///
/// # References
/// The noises are those of scikit-image's `util.random_noise`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Corruption {
    /// Additive normal noise.
    Gaussian {
        /// Its variance.
        variance: f64,
    },
    /// Multiplicative normal noise.
    Speckle {
        /// Its variance.
        variance: f64,
    },
    /// White pixels.
    Salt {
        /// Share of the pixels.
        amount: f64,
    },
    /// Black pixels.
    Pepper {
        /// Share of the pixels.
        amount: f64,
    },
    /// White and black pixels.
    SaltAndPepper {
        /// Share of the pixels.
        amount: f64,
    },
    /// A black frame.
    Border {
        /// Its width in pixels.
        width: u32,
    },
    /// A black square in the middle.
    Centre {
        /// Half its side in pixels.
        half: u32,
    },
    /// A black square somewhere.
    RandomCrop {
        /// Half its side in pixels.
        half: u32,
    },
    /// A black rectangle somewhere.
    Occlusion {
        /// Share of the image that it covers.
        share: f64,
    },
}

/// Corruptions applied one after the other, written as `gaussian=0.06+centre=4`.
pub type Corruptions = Chain<Corruption>;

const WHAT: &str = "corruption";

impl Corruption {
    /// Checks the strength; [`Corruption::apply`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let (good, expected) = match *self {
            Corruption::Gaussian { variance } | Corruption::Speckle { variance } => {
                (variance >= 0.0 && variance.is_finite(), "a variance of at least 0, as in gaussian=0.06")
            }
            Corruption::Salt { amount } | Corruption::Pepper { amount } | Corruption::SaltAndPepper { amount } => {
                ((0.0..=1.0).contains(&amount), "a share of the pixels, 0 to 1")
            }
            Corruption::Occlusion { share } => ((0.0..=1.0).contains(&share), "a share of the image, 0 to 1"),
            Corruption::Border { .. } | Corruption::Centre { .. } | Corruption::RandomCrop { .. } => (true, ""),
        };
        check(good, WHAT, self, expected)
    }

    /// Damages every image of `batch` in place; what is drawn depends on `draw` and the sample's number alone.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if the strength is out of range.
    pub fn apply(&self, batch: &mut Batch, draw: &Draw) -> Result<(), DataError> {
        self.validate()?;
        let shape = batch.shape();
        batch.rows_mut().for_each(|(number, image)| self.damage(image, shape, &mut draw.of_sample(number)));
        Ok(())
    }

    fn damage(&self, image: &mut [f32], shape: ImageShape, draws: &mut Draws) {
        let size = [shape.height, shape.width];
        match *self {
            Corruption::Gaussian { variance } => add_normal(image, variance, draws, |x, n| x + n),
            Corruption::Speckle { variance } => add_normal(image, variance, draws, |x, n| x + x * n),
            Corruption::Salt { amount } => replace(image, amount, draws, |_| 1.0),
            Corruption::Pepper { amount } => replace(image, amount, draws, |_| 0.0),
            Corruption::SaltAndPepper { amount } => {
                replace(image, amount, draws, |u| if u < 0.5 { 1.0 } else { 0.0 });
            }
            Corruption::Border { width } => blacken(image, size, |at| mask::in_border(at, size, width)),
            Corruption::Centre { half } => blacken(image, size, |at| mask::in_centre(at, size, half)),
            Corruption::RandomCrop { half } => {
                let side = (half as usize).saturating_mul(2);
                blacken(image, size, somewhere(size.map(|size| side.min(size)), size, draws));
            }
            Corruption::Occlusion { share } => {
                blacken(image, size, somewhere(rectangle_of(share, size), size, draws));
            }
        }
    }

    /// Name of the kind and its one number, as text.
    fn parts(&self) -> (&'static str, String) {
        match self {
            Corruption::Gaussian { variance } => ("gaussian", variance.to_string()),
            Corruption::Speckle { variance } => ("speckle", variance.to_string()),
            Corruption::Salt { amount } => ("salt", amount.to_string()),
            Corruption::Pepper { amount } => ("pepper", amount.to_string()),
            Corruption::SaltAndPepper { amount } => ("salt-and-pepper", amount.to_string()),
            Corruption::Border { width } => ("border", width.to_string()),
            Corruption::Centre { half } => ("centre", half.to_string()),
            Corruption::RandomCrop { half } => ("random-crop", half.to_string()),
            Corruption::Occlusion { share } => ("occlusion", share.to_string()),
        }
    }
}

impl Chain<Corruption> {
    /// Damages every image of `batch` in place, by each corruption in order. Each has random numbers of its own; those
    /// of the first are the ones that it has alone.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if a strength is out of range; the batch is then as it was.
    pub fn apply(&self, batch: &mut Batch, draw: &Draw) -> Result<(), DataError> {
        self.links().iter().try_for_each(Corruption::validate)?;
        self.links().iter().zip(0..).try_for_each(|(link, at)| link.apply(batch, &draw.of_link(at)))
    }
}

/// The kinds of damage that fault tolerance is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A black square in the middle.
    Crop,
    /// Additive normal noise.
    Gaussian,
    /// White pixels.
    Salt,
    /// Black pixels.
    Pepper,
    /// White and black pixels.
    SaltAndPepper,
    /// Multiplicative normal noise.
    Speckle,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Fault; 6] =
        [Fault::Crop, Fault::Gaussian, Fault::Salt, Fault::Pepper, Fault::SaltAndPepper, Fault::Speckle];

    /// The highest level.
    pub const MOST: u32 = 14;

    /// The damage of a level; level 0 does none.
    ///
    /// # Equation
    /// Level i covers the centred square of side 2i; with va = 0.01·i, noise is gaussian of variance va, salt of
    /// amount va, pepper of 6·va, salt and pepper of 2·va, speckle of variance 10000·va.
    ///
    /// # Errors
    /// [`DataError::Parameter`] above level 14.
    pub fn level(self, level: u32) -> Result<Corruption, DataError> {
        check(level <= Fault::MOST, "fault level", level, "0 to 14")?;
        // Of whole hundredths, so that each is rounded once: 6 · 0.07 is not 0.42.
        let hundredths = |factor: u32| f64::from(factor * level) / 100.0;
        Ok(match self {
            Fault::Crop => Corruption::Centre { half: level },
            Fault::Gaussian => Corruption::Gaussian { variance: hundredths(1) },
            Fault::Salt => Corruption::Salt { amount: hundredths(1) },
            Fault::Pepper => Corruption::Pepper { amount: hundredths(6) },
            Fault::SaltAndPepper => Corruption::SaltAndPepper { amount: hundredths(2) },
            Fault::Speckle => Corruption::Speckle { variance: hundredths(10_000) },
        })
    }
}

fn add_normal(image: &mut [f32], variance: f64, draws: &mut Draws, noisy: impl Fn(f64, f64) -> f64) {
    let deviation = variance.sqrt();
    for value in image {
        *value = noisy(f64::from(*value), deviation * draws.normal()).clamp(0.0, 1.0) as f32;
    }
}

/// Both numbers are drawn for every pixel, so that a greater amount hits the same pixels and more.
fn replace(image: &mut [f32], amount: f64, draws: &mut Draws, by: impl Fn(f64) -> f32) {
    for value in image {
        let (hit, which) = (draws.uniform_f64(), draws.uniform_f64());
        if hit < amount {
            *value = by(which);
        }
    }
}

/// Sets every channel to 0 where `covered` says so of `[row, column]`.
fn blacken(image: &mut [f32], [height, width]: [usize; 2], covered: impl Fn([usize; 2]) -> bool) {
    // The rows of all channels follow one another.
    for (row, line) in (0..height).cycle().zip(image.chunks_exact_mut(width)) {
        line.iter_mut().enumerate().filter(|&(column, _)| covered([row, column])).for_each(|(_, value)| *value = 0.0);
    }
}

/// A rectangle of `sides` `[rows, columns]` at a random place of a field of `size` that holds it.
fn somewhere(sides: [usize; 2], size: [usize; 2], draws: &mut Draws) -> impl Fn([usize; 2]) -> bool {
    let mut place = |axis: usize| draws.below((size[axis] - sides[axis]) as u64 + 1) as usize;
    let [top, left] = [place(0), place(1)];
    move |[row, column]| (top..top + sides[0]).contains(&row) && (left..left + sides[1]).contains(&column)
}

/// The rows and columns that cover `share` of a field, in its proportions as far as whole pixels allow.
fn rectangle_of(share: f64, [height, width]: [usize; 2]) -> [usize; 2] {
    let rows = ((share.sqrt() * height as f64).round() as usize).clamp(1, height);
    let columns = (share * (height * width) as f64 / rows as f64).round() as usize;
    [rows, columns.min(width)]
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, strength) = self.parts();
        write!(f, "{kind}={strength}")
    }
}

const FORMS: &str = "KIND=NUMBER with KIND gaussian, speckle, salt, pepper, salt-and-pepper, border, centre, \
    random-crop or occlusion";

impl FromStr for Corruption {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let clause = Clause::parse(WHAT, text, FORMS)?;
        let real = || clause.number("a number after the =");
        let pixels = || clause.number("a whole number of pixels");
        let corruption = match clause.kind {
            "gaussian" => Corruption::Gaussian { variance: real()? },
            "speckle" => Corruption::Speckle { variance: real()? },
            "salt" => Corruption::Salt { amount: real()? },
            "pepper" => Corruption::Pepper { amount: real()? },
            "salt-and-pepper" => Corruption::SaltAndPepper { amount: real()? },
            "border" => Corruption::Border { width: pixels()? },
            "centre" => Corruption::Centre { half: pixels()? },
            "random-crop" => Corruption::RandomCrop { half: pixels()? },
            "occlusion" => Corruption::Occlusion { share: real()? },
            _ => return Err(clause.unknown(FORMS)),
        };
        corruption.validate().map(|()| corruption)
    }
}

serde_as_text!(Corruption);
