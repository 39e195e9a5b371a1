//! Pictures as PNG data URIs, and the colour scale of signed numbers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::data::Image;

/// Brown, white, blue-green (ColorBrewer BrBG, safe for colour-blind readers): the lowest value, zero, the highest.
const DIVERGING: [[u8; 3]; 9] = [
    [84, 48, 5],
    [150, 90, 20],
    [205, 150, 70],
    [240, 218, 170],
    [247, 247, 245],
    [180, 222, 225],
    [80, 165, 185],
    [20, 105, 140],
    [0, 50, 85],
];
/// What a number that is not finite looks like: no colour of the scale.
const NOT_FINITE: [u8; 3] = [255, 0, 200];

/// The colour of a value between `-limit` and `limit`; beyond, the scale's end.
pub(super) fn diverging(value: f32, limit: f32) -> [u8; 3] {
    if !value.is_finite() {
        return NOT_FINITE;
    }
    let share = if limit > 0.0 { f64::from(value / limit).clamp(-1.0, 1.0) } else { 0.0 };
    let place = (share + 1.0) / 2.0 * (DIVERGING.len() - 1) as f64;
    let below = (place as usize).min(DIVERGING.len() - 2);
    let part = place - below as f64;
    [0, 1, 2].map(|c| {
        let (a, b) = (f64::from(DIVERGING[below][c]), f64::from(DIVERGING[below + 1][c]));
        (a + part * (b - a)).round() as u8
    })
}

/// The symmetric end of the colour scale: the 99.5th percentile of magnitudes, so that a lone outlier does not wash
/// out the picture.
pub(super) fn limit_of<'a>(values: impl IntoIterator<Item = &'a f32>) -> f32 {
    let mut sizes: Vec<f32> = values.into_iter().map(|v| v.abs()).filter(|v| v.is_finite()).collect();
    sizes.sort_by(f32::total_cmp);
    let place = (sizes.len() as f64 * 0.995) as usize;
    let percentile = sizes.get(place.min(sizes.len().saturating_sub(1))).copied().unwrap_or(0.0);
    if percentile > 0.0 { percentile } else { sizes.last().copied().unwrap_or(0.0) }
}

/// A heat map as a data URI; `None` where the numbers do not fill the picture.
pub(super) fn heat_map(width: usize, height: usize, values: &[f32], limit: f32) -> Option<String> {
    let pixels: Vec<u8> = values.iter().flat_map(|value| diverging(*value, limit)).collect();
    data_uri(width, height, png::ColorType::Rgb, &pixels)
}

/// A heat map as the bytes of a PNG file, its scale that of its own values; `None` where the numbers do not fill the picture.
pub(crate) fn heat_map_png(width: usize, height: usize, values: &[f32]) -> Option<Vec<u8>> {
    let limit = limit_of(values);
    let pixels: Vec<u8> = values.iter().flat_map(|value| diverging(*value, limit)).collect();
    png_file(width, height, png::ColorType::Rgb, &pixels)
}

/// The colour scale itself, from lowest to highest.
pub(super) fn colour_bar() -> Option<String> {
    let values: Vec<f32> = (0..129).map(|i| i as f32 / 64.0 - 1.0).collect();
    heat_map(values.len(), 1, &values, 1.0)
}

/// A picture as a data URI; `None` where the bytes do not fill the picture.
pub(super) fn picture(image: &Image) -> Option<String> {
    let area = image.width.checked_mul(image.height)?;
    let colour = if image.pixels.len() == area { png::ColorType::Grayscale } else { png::ColorType::Rgb };
    data_uri(image.width, image.height, colour, &image.pixels)
}

/// A drawing as a data URI, dark ink on light paper; `None` where the levels do not fill a square of this side.
pub(super) fn ink(side: usize, levels: &[u8]) -> Option<String> {
    let paper: Vec<u8> = levels.iter().map(|level| u8::MAX - level).collect();
    data_uri(side, side, png::ColorType::Grayscale, &paper)
}

fn data_uri(width: usize, height: usize, colour: png::ColorType, pixels: &[u8]) -> Option<String> {
    let bytes = png_file(width, height, colour, pixels)?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}

fn png_file(width: usize, height: usize, colour: png::ColorType, pixels: &[u8]) -> Option<Vec<u8>> {
    let row = width.checked_mul(colour.samples())?;
    if pixels.is_empty() || row.checked_mul(height)? != pixels.len() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_the_middle_and_the_ends_are_clipped() {
        assert_eq!(diverging(0.0, 2.0), DIVERGING[4]);
        assert_eq!(diverging(-2.0, 2.0), DIVERGING[0]);
        assert_eq!(diverging(9.0, 2.0), DIVERGING[8]);
        assert_eq!(diverging(1.0, 0.0), DIVERGING[4]);
        assert_eq!(diverging(f32::NAN, 1.0), NOT_FINITE);
    }

    #[test]
    fn the_limit_ignores_a_lone_outlier() {
        let mut values = vec![1.0_f32; 999];
        values.push(1000.0);
        assert_eq!(limit_of(&values), 1.0);
        assert_eq!(limit_of(&[]), 0.0);
        assert_eq!(limit_of(&[f32::NAN, -3.0]), 3.0);
    }

    #[test]
    fn a_picture_decodes_to_what_went_in() {
        let uri = picture(&Image { width: 2, height: 1, pixels: vec![7, 200] }).unwrap_or_default();
        let bytes = STANDARD.decode(uri.trim_start_matches("data:image/png;base64,")).unwrap_or_default();
        let mut pixels = [0; 2];
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        reader.next_frame(&mut pixels).expect("a frame");
        assert_eq!(pixels, [7, 200]);
    }

    #[test]
    fn wrong_sizes_yield_nothing() {
        assert_eq!(picture(&Image { width: 3, height: 3, pixels: vec![0; 4] }), None);
        assert_eq!(picture(&Image { width: usize::MAX, height: 2, pixels: vec![0; 4] }), None);
        assert_eq!(heat_map(0, 0, &[], 1.0), None);
    }
}
