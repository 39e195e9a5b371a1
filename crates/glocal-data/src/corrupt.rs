//! Damage to images, to measure how much of it a network bears.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Batch, DataError, Draw, random::Draws};

/// A kind of damage and its strength, written as `gaussian=0.06`.
///
/// # Equation
/// x is an intensity, n is normal with mean 0 and the given variance, drawn for each pixel; results are clipped to 0..1.
/// - `gaussian=VARIANCE`: x + n
/// - `speckle=VARIANCE`: x + x·n
/// - `salt=AMOUNT`: 1 with probability AMOUNT
/// - `pepper=AMOUNT`: 0 with probability AMOUNT
/// - `salt-and-pepper=AMOUNT`: with probability AMOUNT 0 or 1, evenly
/// - `border=WIDTH`: 0 within WIDTH pixels of the edge
/// - `centre=HALF`: 0 in the centred square of side 2·HALF
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
}

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
            Corruption::Border { .. } | Corruption::Centre { .. } => (true, ""),
        };
        if good { Ok(()) } else { Err(refuse(&self.to_string(), expected)) }
    }

    /// Damages every image of `batch` in place; what is drawn depends on `draw` and the sample's number alone.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if the strength is out of range.
    pub fn apply(&self, batch: &mut Batch, draw: &Draw) -> Result<(), DataError> {
        self.validate()?;
        let (height, width) = (batch.height(), batch.width());
        for (number, image) in batch.rows_mut() {
            let mut draws = draw.of_sample(number);
            match *self {
                Corruption::Gaussian { variance } => {
                    add_normal(image, variance, &mut draws, |x, n| x + n);
                }
                Corruption::Speckle { variance } => add_normal(image, variance, &mut draws, |x, n| x + x * n),
                Corruption::Salt { amount } => replace(image, amount, &mut draws, |_| 1.0),
                Corruption::Pepper { amount } => replace(image, amount, &mut draws, |_| 0.0),
                Corruption::SaltAndPepper { amount } => {
                    replace(image, amount, &mut draws, |u| if u < 0.5 { 1.0 } else { 0.0 });
                }
                Corruption::Border { width: frame } => {
                    let frame = (frame as usize).min(height.max(width));
                    let inside = |at: usize, size: usize| at >= frame && at + frame < size;
                    blacken(image, width, |row, column| !(inside(row, height) && inside(column, width)));
                }
                Corruption::Centre { half } => {
                    let half = (half as usize).min(height.max(width));
                    // Of a side of odd length, the middle pixel counts to the lower half, as in `size / 2`.
                    let inside = |at: usize, size: usize| at + half >= size / 2 && at < size / 2 + half;
                    blacken(image, width, |row, column| inside(row, height) && inside(column, width));
                }
            }
        }
        Ok(())
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
        }
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

fn blacken(image: &mut [f32], width: usize, covered: impl Fn(usize, usize) -> bool) {
    for (row, line) in image.chunks_exact_mut(width).enumerate() {
        line.iter_mut().enumerate().filter(|&(column, _)| covered(row, column)).for_each(|(_, value)| *value = 0.0);
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, strength) = self.parts();
        write!(f, "{kind}={strength}")
    }
}

const FORMS: &str = "KIND=NUMBER with KIND gaussian, speckle, salt, pepper, salt-and-pepper, border or centre";

impl FromStr for Corruption {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let (kind, number) = text.split_once('=').ok_or_else(|| refuse(text, FORMS))?;
        let real = || number.trim().parse::<f64>().map_err(|_| refuse(text, "a number after the ="));
        let pixels = || number.trim().parse::<u32>().map_err(|_| refuse(text, "a whole number of pixels"));
        let corruption = match kind.trim() {
            "gaussian" => Corruption::Gaussian { variance: real()? },
            "speckle" => Corruption::Speckle { variance: real()? },
            "salt" => Corruption::Salt { amount: real()? },
            "pepper" => Corruption::Pepper { amount: real()? },
            "salt-and-pepper" => Corruption::SaltAndPepper { amount: real()? },
            "border" => Corruption::Border { width: pixels()? },
            "centre" => Corruption::Centre { half: pixels()? },
            _ => return Err(refuse(text, FORMS)),
        };
        corruption.validate().map(|()| corruption)
    }
}

fn refuse(text: &str, expected: &'static str) -> DataError {
    DataError::Parameter { what: "corruption", value: text.into(), expected }
}

impl TryFrom<String> for Corruption {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

impl From<Corruption> for String {
    fn from(corruption: Corruption) -> String {
        corruption.to_string()
    }
}
