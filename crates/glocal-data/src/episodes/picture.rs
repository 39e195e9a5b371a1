//! One picture: decoded, in grey, its ink made high, brought to a size.

use std::{
    io::{BufRead, Seek},
    path::Path,
};

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use serde::{Deserialize, Serialize};

use crate::{DataError, folders::FolderError, mask, text::check};

/// Most rows or columns that pictures are brought to.
pub const MOST_SIDE: usize = 1 << 10;

/// What is ink in a picture, and what is paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ink {
    /// Dark on light, as on paper: levels are inverted.
    Dark,
    /// Light on dark: levels stay.
    Light,
    /// Each picture's own: dark if its border (one pixel wide) is lighter than the whole on average, else light. Where
    /// both are alike, light paper makes the ink dark.
    #[default]
    Auto,
}

/// How a folder of pictures is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PictureOptions {
    /// Rows and columns that pictures of any size are brought to; absent: they stay as they are, and must be of one
    /// size.
    #[serde(default)]
    pub side: Option<usize>,
    /// What is ink.
    #[serde(default)]
    pub ink: Ink,
}

impl PictureOptions {
    /// Checks the side.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        self.side.map_or(Ok(()), |side| {
            check((1..=MOST_SIDE).contains(&side), "side of the pictures", side, "1 to 1024 pixels")
        })
    }
}

/// What pictures of a set may be, and what they become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) side: Option<usize>,
    pub(super) ink: Ink,
    /// Whether they may differ in size.
    pub(super) any_size: bool,
    /// Most rows or columns before scaling.
    pub(super) most_side: u32,
}

/// A grey picture.
///
/// # Shapes
/// `size` is `[height, width]`, `levels` is `[height * width]`.
pub(super) struct Picture {
    pub(super) size: [usize; 2],
    pub(super) levels: Vec<u8>,
}

impl Picture {
    /// Decodes PNG or JPEG by content, turns it upright as its camera noted, and makes its ink high.
    pub(super) fn decode(file: &Path, encoded: impl BufRead + Seek, reading: &Reading) -> Result<Picture, DataError> {
        let unreadable = |message: String| FolderError::Picture { file: file.into(), message };
        let image = upright(encoded, reading.most_side).map_err(|error| unreadable(error.to_string()))?;
        let size = [image.height() as usize, image.width() as usize];
        let picture = Picture { size, levels: grey_levels(image, reading.ink) };
        Ok(if picture.ink_is_dark(reading.ink) { picture.inverted() } else { picture })
    }

    fn ink_is_dark(&self, ink: Ink) -> bool {
        let sum_and_count = |(sum, count), level| (sum + u64::from(level), count + 1);
        match ink {
            Ink::Dark => true,
            Ink::Light => false,
            Ink::Auto => {
                let (whole, pixels) = self.levels.iter().copied().fold((0, 0), sum_and_count);
                let (border, of_border) = self.border().fold((0, 0), sum_and_count);
                // Means are compared as fractions, without rounding.
                match (border * pixels).cmp(&(whole * of_border)) {
                    std::cmp::Ordering::Equal => 2 * whole >= 255 * pixels,
                    ordering => ordering.is_gt(),
                }
            }
        }
    }

    fn inverted(mut self) -> Picture {
        self.levels.iter_mut().for_each(|level| *level = u8::MAX - *level);
        self
    }

    /// The outermost pixels.
    fn border(&self) -> impl Iterator<Item = u8> {
        let [_, width] = self.size;
        let at_edge = move |place: usize| mask::in_border([place / width, place % width], self.size, 1);
        self.levels.iter().enumerate().filter(move |(place, _)| at_edge(*place)).map(|(_, &level)| level)
    }

    /// The picture in the middle of a square as large as its longer side; what is new has the border's median level,
    /// which is paper even where strokes meet the edge.
    pub(super) fn squared(self) -> Picture {
        let [height, width] = self.size;
        if height == width {
            return self;
        }
        let side = height.max(width);
        let [top, left] = self.size.map(|size| (side - size) / 2);
        let mut levels = vec![median(self.border()); side * side];
        for (row, line) in self.levels.chunks_exact(width).enumerate() {
            let start = (top + row) * side + left;
            levels[start..start + width].copy_from_slice(line);
        }
        Picture { size: [side; 2], levels }
    }

    /// Appends a square picture, brought to `side` x `side` by averaging areas.
    ///
    /// # Equation
    /// Of n x n pixels, pixel (r, c) is the mean of the square from (r·n/side, c·n/side) to
    /// ((r + 1)·n/side, (c + 1)·n/side), where a pixel that lies in it in part counts by that part. All parts are
    /// multiples of 1/side, so the sum is a whole number and exact; its mean is rounded to the nearest level, halves up.
    pub(super) fn push_resized(&self, side: usize, levels: &mut Vec<u8>) {
        let [n, _] = self.size;
        let overlaps: Vec<Vec<(usize, usize)>> = (0..side).map(|pixel| overlaps(pixel, n, side)).collect();
        let (area, mut line) = ((n * n) as u64, vec![0_u32; n]);
        for rows in &overlaps {
            line.fill(0);
            for &(row, part) in rows {
                let from = &self.levels[row * n..(row + 1) * n];
                line.iter_mut().zip(from).for_each(|(sum, &level)| *sum += part as u32 * u32::from(level));
            }
            levels.extend(overlaps.iter().map(|columns| {
                let sum: u64 = columns.iter().map(|&(column, part)| part as u64 * u64::from(line[column])).sum();
                ((2 * sum + area) / (2 * area)) as u8
            }));
        }
    }
}

/// Which of n pixels lie in `pixel` of `side` pixels of the same length together, each with its part in it, in units of
/// 1/side of a pixel.
fn overlaps(pixel: usize, n: usize, side: usize) -> Vec<(usize, usize)> {
    let (start, end) = (pixel * n, (pixel + 1) * n);
    let part = |from: usize| end.min((from + 1) * side) - start.max(from * side);
    (start / side..end.div_ceil(side)).map(|from| (from, part(from))).collect()
}

fn median(levels: impl Iterator<Item = u8>) -> u8 {
    let (mut counts, mut all) = ([0_usize; 256], 0);
    for level in levels {
        counts[usize::from(level)] += 1;
        all += 1;
    }
    let mut below = 0;
    let reaches_half = |&count: &usize| {
        below += count;
        2 * below >= all
    };
    counts.iter().position(reaches_half).map_or(0, |level| level as u8)
}

/// Decodes a picture; large ones are refused before memory is taken.
fn upright(encoded: impl BufRead + Seek, most_side: u32) -> Result<DynamicImage, ImageError> {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(most_side);
    limits.max_image_height = Some(most_side);
    let mut reader = ImageReader::new(encoded).with_guessed_format()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    // A note that cannot be read is none.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Levels of a picture in grey; paper shows through where it is transparent.
///
/// # Equation
/// (299·red + 587·green + 114·blue) / 1000, and of opacity α, (α·level + (255 - α)·paper) / 255, both rounded.
///
/// # References
/// Recommendation ITU-R BT.601, luminance.
fn grey_levels(image: DynamicImage, ink: Ink) -> Vec<u8> {
    let paper = if ink == Ink::Light { 0 } else { 255 };
    let over_paper = |level: u32, alpha: u8| {
        let alpha = u32::from(alpha);
        ((alpha * level + (255 - alpha) * paper + 127) / 255) as u8
    };
    let (colour, alpha) = (image.color().has_color(), image.color().has_alpha());
    match (colour, alpha) {
        (false, false) => image.into_luma8().into_raw(),
        (false, true) => {
            image.into_luma_alpha8().pixels().map(|pixel| over_paper(u32::from(pixel[0]), pixel[1])).collect()
        }
        (true, _) => image.into_rgba8().pixels().map(|pixel| over_paper(luminance(pixel.0), pixel[3])).collect(),
    }
}

fn luminance([red, green, blue, _]: [u8; 4]) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000
}
