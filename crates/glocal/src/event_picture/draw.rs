//! Counts to pixels, and pixels to PNG and GIF.

use std::borrow::Cow;

use super::windows::{Counts, Windows};

/// Steps of strength per polarity; `LEVELS²` colours and three more fit a palette of 256.
const LEVELS: usize = 12;
const GROUND: [f64; 3] = [253.0, 253.0, 250.0];
/// Okabe and Ito's vermillion and blue, which colour-blind readers tell apart: darker, brighter.
const INKS: [[f64; 3]; 2] = [[213.0, 94.0, 0.0], [0.0, 90.0, 178.0]];
/// Strength of a single event where others have many: it must be seen.
const FAINTEST: f64 = 0.5;
const GAP: u8 = (LEVELS * LEVELS) as u8;
const BAR: u8 = GAP + 1;
const BAR_GROUND: u8 = GAP + 2;
const EXTRA_COLOURS: [[u8; 3]; 3] = [[222, 222, 218], [90, 90, 88], [236, 236, 232]];
/// Pixels between windows, and of the bar below each.
const GAP_PIXELS: usize = 8;
const BAR_PIXELS: usize = 4;
/// Hundredths of a second that a window of an animation stays, at least and at most.
const DELAY_CS: [u64; 2] = [5, 20];

/// Content, width and height of a picture, or why there is none.
type Encoded = Result<(Vec<u8>, usize, usize), String>;

/// How windows become pixels.
pub(super) struct Canvas {
    /// Pixels per counted pixel, along each side.
    scale: usize,
    /// The count that gets full ink.
    full: u32,
    /// Pixels of one window with its bar.
    width: usize,
    height: usize,
}

impl Canvas {
    pub(super) fn new(windows: &Windows<'_>, side: usize) -> Self {
        let scale = (side / windows.width.max(windows.height)).max(1);
        let (width, height) = (windows.width * scale, windows.height * scale + BAR_PIXELS);
        Canvas { scale, full: windows.usual_most(), width, height }
    }

    /// All windows side by side.
    pub(super) fn sheet(&self, windows: &Windows<'_>) -> Encoded {
        let count = windows.count();
        let columns = columns(count);
        let outer = |inner: usize, n: usize| n * (inner + GAP_PIXELS) + GAP_PIXELS;
        let (width, height) = (outer(self.width, columns), outer(self.height, count.div_ceil(columns)));
        let mut pixels = vec![GAP; width * height];
        for index in 0..count {
            let (left, top) = (outer(self.width, index % columns), outer(self.height, index / columns));
            let window = self.window(windows, index);
            for (y, row) in window.chunks_exact(self.width).enumerate() {
                let start = (top + y) * width + left;
                pixels[start..start + self.width].copy_from_slice(row);
            }
        }
        Ok((png(&pixels, width, height).map_err(|error| error.to_string())?, width, height))
    }

    /// All windows one after the other, over and over.
    pub(super) fn animation(&self, windows: &Windows<'_>) -> Encoded {
        let size = |pixels: usize| u16::try_from(pixels).map_err(|_| format!("{pixels} pixels are too many for a GIF"));
        let (width, height) = (size(self.width)?, size(self.height)?);
        let delay = (windows.window_us() / 10_000).clamp(DELAY_CS[0], DELAY_CS[1]) as u16;
        let mut bytes = Vec::new();
        let written = (|| {
            let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette())?;
            encoder.set_repeat(gif::Repeat::Infinite)?;
            for index in 0..windows.count() {
                let buffer = Cow::Owned(self.window(windows, index));
                encoder.write_frame(&gif::Frame { width, height, delay, buffer, ..gif::Frame::default() })?;
            }
            Ok::<(), gif::EncodingError>(())
        })();
        written.map_err(|error| error.to_string())?;
        Ok((bytes, self.width, self.height))
    }

    /// One window, magnified, with its bar.
    fn window(&self, windows: &Windows<'_>, index: usize) -> Vec<u8> {
        let mut counts = Vec::new();
        windows.fill(index, &mut counts);
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for row in counts.chunks_exact(windows.width) {
            let line: Vec<u8> = row.iter().flat_map(|c| std::iter::repeat_n(self.colour(c), self.scale)).collect();
            (0..self.scale).for_each(|_| pixels.extend_from_slice(&line));
        }
        let place = |window: usize| window * self.width / windows.count();
        let (from, to) = (place(index), place(index + 1).max(place(index) + 1));
        let bar: Vec<u8> = (0..self.width).map(|x| if (from..to).contains(&x) { BAR } else { BAR_GROUND }).collect();
        (0..BAR_PIXELS).for_each(|_| pixels.extend_from_slice(&bar));
        pixels
    }

    /// Place of a pixel's colour in the palette.
    fn colour(&self, counts: &Counts) -> u8 {
        let level = |count: u32| match count {
            0 => 0,
            n => 1 + (n.min(self.full) - 1) as usize * (LEVELS - 2) / (self.full - 1).max(1) as usize,
        };
        // A lone event where one is the most there is gets full ink.
        let level = |count: u32| if self.full == 1 && count > 0 { LEVELS - 1 } else { level(count) };
        (level(counts[0]) * LEVELS + level(counts[1])) as u8
    }
}

/// Windows per row: about four for three rows.
fn columns(windows: usize) -> usize {
    (1..=windows).find(|columns| 3 * columns * columns >= 4 * windows).unwrap_or(windows)
}

/// Colours by level of the darker and level of the brighter events, then the extra ones.
fn palette() -> Vec<u8> {
    let ink = |polarity: usize, level: usize, channel: usize| {
        let strength =
            if level == 0 { 0.0 } else { FAINTEST + (1.0 - FAINTEST) * (level - 1) as f64 / (LEVELS - 2) as f64 };
        1.0 - strength * (1.0 - INKS[polarity][channel] / 255.0)
    };
    let mixed = |off: usize, on: usize| [0, 1, 2].map(|c| (GROUND[c] * ink(0, off, c) * ink(1, on, c)).round() as u8);
    let inks = (0..LEVELS).flat_map(|off| (0..LEVELS).flat_map(move |on| mixed(off, on)));
    inks.chain(EXTRA_COLOURS.into_iter().flatten()).collect()
}

fn png(pixels: &[u8], width: usize, height: usize) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, side(width), side(height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
