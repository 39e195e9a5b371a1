//! Oracles: areas averaged on a finer grid, pictures written here, pixel by pixel.

use std::io::Cursor;

use glocal_data::episodes::{Ink, PictureClass, PictureClasses, PictureOptions, class_pictures};
use glocal_data::folders::FolderError;
use glocal_data::{DataError, ImageShape};
use image::{DynamicImage, ImageEncoder, ImageFormat, LumaA, Rgb, RgbImage, RgbaImage, codecs::png::PngEncoder};
use proptest::prelude::*;

use super::png;
use crate::write;

const LIGHT: PictureOptions = PictureOptions { side: None, ink: Ink::Light };

/// The levels of the only picture of a folder.
fn read(file: &[u8], options: PictureOptions) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a/1.png"), file);
    class_pictures(folder.path(), options).unwrap().picture(0).to_vec()
}

fn encoded(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Every pixel becomes side x side small ones, so that n x n of these make a pixel of the result.
fn averaged(levels: &[u8], n: usize, side: usize) -> Vec<u8> {
    let small = |row: usize, column: usize| u64::from(levels[row / side * n + column / side]);
    let mean = |row: usize, column: usize| {
        let block = (0..n * n).map(|at| small(row * n + at / n, column * n + at % n));
        (block.sum::<u64>() as f64 / (n * n) as f64).round() as u8
    };
    (0..side * side).map(|at| mean(at / side, at % side)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn scaling_averages_areas(
        (n, levels) in (1_usize..20).prop_flat_map(|n| (Just(n), prop::collection::vec(any::<u8>(), n * n))),
        side in 1_usize..20,
    ) {
        let options = PictureOptions { side: Some(side), ..LIGHT };
        prop_assert_eq!(read(&png(n as u32, n as u32, levels.clone()), options), averaged(&levels, n, side));
    }
}

/// By hand, 3 x 3 to 2 x 2: each new pixel is 1.5 x 1.5 old ones, a whole, two halves and a quarter, of 2.25. Upper
/// left: (90 + 45/2 + 9/2 + 36/4) / 2.25 = 56; upper right: (0 + 45/2 + 0 + 36/4) / 2.25 = 14; lower left:
/// (0 + 9/2 + 0 + 36/4) / 2.25 = 6; lower right: (225 + 36/4) / 2.25 = 104.
#[test]
#[rustfmt::skip]
fn scaling_by_hand() {
    let levels = vec![
        90, 45, 0,
        9, 36, 0,
        0, 0, 225];
    let options = PictureOptions { side: Some(2), ..LIGHT };
    assert_eq!(read(&png(3, 3, levels), options), [56, 14, 6, 104]);
}

#[test]
#[rustfmt::skip]
fn ink_becomes_high() {
    let stroke = |paper: u8, ink: u8| png(3, 3, vec![
        paper, paper, paper,
        paper, ink, paper,
        ink, ink, paper]);
    let ink = |ink| PictureOptions { side: None, ink };
    let [dark, light] = [stroke(250, 10), stroke(10, 250)];
    let high = [5, 5, 5, 5, 245, 5, 245, 245, 5];
    assert_eq!(read(&dark, ink(Ink::Dark)), high);
    assert_eq!(read(&dark, ink(Ink::Auto)), high);
    assert_eq!(read(&dark, ink(Ink::Light)), [250, 250, 250, 250, 10, 250, 10, 10, 250]);
    let high = [10, 10, 10, 10, 250, 10, 250, 250, 10];
    assert_eq!(read(&light, ink(Ink::Light)), high);
    assert_eq!(read(&light, ink(Ink::Auto)), high);
    // Nothing drawn is no ink, whatever the paper.
    assert_eq!(read(&stroke(255, 255), ink(Ink::Auto)), [0; 9]);
    assert_eq!(read(&stroke(0, 0), ink(Ink::Auto)), [0; 9]);
}

/// By hand: 2 x 4 becomes 4 x 4 with a row above and one below, whose level is the median of the border's levels
/// (0 five times of eight), then 2 x 2.
#[test]
#[rustfmt::skip]
fn what_is_no_square_is_set_in_the_middle_of_one() {
    let levels = vec![
        0, 0, 40, 0,
        0, 80, 200, 0];
    let options = PictureOptions { side: Some(2), ..LIGHT };
    assert_eq!(read(&png(4, 2, levels), options), [0, 10, 20, 50]);
    let paper = png(1, 3, vec![7, 7, 7]);
    assert_eq!(read(&paper, PictureOptions { side: Some(3), ..LIGHT }), [7; 9]);
}

#[test]
fn colour_and_transparency_become_grey() {
    let red = RgbImage::from_pixel(1, 1, Rgb([200, 100, 50]));
    assert_eq!(read(&encoded(red), LIGHT), [(0.299 * 200.0 + 0.587 * 100.0 + 0.114 * 50.0_f64).round() as u8]);
    // Black ink on nothing, as drawing programs save it.
    let mut drawn = RgbaImage::new(3, 3);
    drawn.get_pixel_mut(1, 1).0[3] = 255;
    let expected = [0, 0, 0, 0, 255, 0, 0, 0, 0];
    assert_eq!(read(&encoded(drawn), PictureOptions::default()), expected);
    let half = image::GrayAlphaImage::from_pixel(1, 1, LumaA([100, 51]));
    assert_eq!(read(&encoded(half.clone()), LIGHT), [20]);
    // 255 - (51 · 100 + 204 · 255) / 255
    assert_eq!(read(&encoded(half), PictureOptions { side: None, ink: Ink::Dark }), [31]);
}

/// A camera held upright notes that its picture is to be turned clockwise (6 in the table of TIFF and Exif).
#[test]
#[rustfmt::skip]
fn photographs_are_turned_upright() {
    let note = [
        &b"II*\0\x08\0\0\0"[..], // little-endian, the table begins at 8
        b"\x01\0",               // one entry
        b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", // orientation, a 16-bit number, one, 6
        b"\0\0\0\0"].concat();
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(note).unwrap();
    encoder.write_image(&[1, 2, 3, 4, 5, 6], 3, 2, image::ExtendedColorType::L8).unwrap();
    assert_eq!(read(&bytes, LIGHT), [
        4, 1,
        5, 2,
        6, 3]);
}

#[test]
fn classes_may_be_nested_and_come_in_natural_order() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["b/character10/1.png", "b/character2/10.png", "b/character2/9.png", "a/1.png"];
    for (level, name) in (1..).zip(files) {
        write(&folder.path().join(name), &png(2, 1, vec![level; 2]));
    }
    for ignored in ["notes.txt", ".hidden/1.png", "__MACOSX/b/._1.png", "b/.DS_Store", "b/character2/._9.png"] {
        write(&folder.path().join(ignored), b"no picture");
    }
    let set = class_pictures(folder.path(), LIGHT).unwrap();
    let class = |name: &str, pictures| PictureClass { name: name.into(), pictures };
    assert_eq!(set.classes(), [class("a", 0..1), class("b/character2", 1..3), class("b/character10", 3..4)]);
    assert_eq!((0..4).map(|n| set.picture(n)[0]).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(
        (set.shape(), set.len(), set.picture(4), set.test_classes()),
        (ImageShape::grey(1, 2), 4, &[][..], 0..0)
    );
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(set.to_string(), format!("{name}: 4 pictures of 1x2 in 3 classes"));
}

#[test]
fn folders_that_do_not_fit_are_refused_by_name() {
    let error_with = |options, name: &str, bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a/1.png"), &png(2, 2, vec![1; 4]));
        write(&folder.path().join(name), bytes);
        let error = class_pictures(folder.path(), options).unwrap_err();
        assert!(!error.hint().unwrap().is_empty());
        error.to_string()
    };
    let larger = png(3, 2, vec![1; 6]);
    let error = error_with(LIGHT, "b/1.png", &larger);
    assert!(error.contains("b/1.png: 2 x 3, but ") && error.ends_with("a/1.png is 2 x 2"), "{error}");
    let error = error_with(LIGHT, "b/1.png", &larger[..larger.len() - 20]);
    assert!(error.contains("b/1.png: not a readable picture"), "{error}");
    let error = error_with(LIGHT, "b/c/d/1.png", &larger);
    assert!(error.contains("b/c/d: does not belong here"), "{error}");
    assert!(error_with(LIGHT, "b/1.bin", b"").contains("b/1.bin: recording, among pictures"));
    assert!(error_with(LIGHT, "b/notes.txt", b"").contains("b: a class without pictures"));
    assert!(error_with(LIGHT, "1.png", &larger).contains("1.png: does not belong here"));
    for side in [0, 1025] {
        let error = error_with(PictureOptions { side: Some(side), ..LIGHT }, "b/1.png", &larger);
        assert_eq!(error, format!("side of the pictures = {side}: expected 1 to 1024 pixels"));
    }
    let empty = tempfile::tempdir().unwrap();
    let error = class_pictures(empty.path(), LIGHT).unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::NoClasses { .. })), "{error}");
    let nowhere = class_pictures(&empty.path().join("nowhere"), LIGHT).unwrap_err();
    assert!(matches!(nowhere, DataError::Io { action: "list", .. }), "{nowhere}");
}

#[test]
#[allow(clippy::single_range_in_vec_init, reason = "one class, whose pictures are a range")]
fn parts_that_do_not_fit_make_no_set() {
    let class = |pictures| PictureClass { name: "a".into(), pictures };
    let error = |shape: ImageShape, classes: &[std::ops::Range<usize>], levels: usize| {
        let classes = classes.iter().cloned().map(class).collect();
        PictureClasses::new("made", shape, classes, vec![0; levels]).unwrap_err().to_string()
    };
    let grey = ImageShape::grey(1, 2);
    assert!(error(ImageShape { channels: 3, height: 1, width: 1 }, &[0..1], 3).contains("picture size"));
    assert!(error(ImageShape::grey(usize::MAX, 2), &[0..1], 2).contains("picture size"));
    assert!(error(grey, &[], 0).contains("number of classes"));
    assert!(error(grey, &[0..1, 1..1], 2).contains("expected at least one, from 1, found 1 to 1 of class a"));
    assert!(error(grey, &[0..1, 2..3], 6).contains("pictures of a class"));
    assert!(error(grey, &[0..1, 1..3], 5).contains("expected 3 x 1 x 2, found 5"));
    assert!(error(grey, &[0..usize::MAX], 2).contains("number of levels"));
}
