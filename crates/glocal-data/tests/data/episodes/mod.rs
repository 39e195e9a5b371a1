//! Few-shot data: pictures by class, splits, episodes.

mod hostile;
mod omniglot;
mod pictures;
mod sampler;
mod split;

use std::io::{Cursor, Write};

use glocal_data::episodes::{PictureClass, PictureClasses};
use image::{DynamicImage, GrayImage, ImageFormat};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A grey picture as the bytes of a PNG file.
fn png(width: u32, height: u32, levels: Vec<u8>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::from(GrayImage::from_vec(width, height, levels).unwrap());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A zip archive of these files; a name that ends with / is a folder.
fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        match name.strip_suffix('/') {
            Some(folder) => zip.add_directory(folder, SimpleFileOptions::default()).unwrap(),
            None => {
                zip.start_file(name, SimpleFileOptions::default()).unwrap();
                zip.write_all(bytes).unwrap();
            }
        }
    }
    zip.finish().unwrap().into_inner()
}

/// Classes with so many pictures of 3 x 3 each; all pixels of picture n tell n and their place.
fn pool(pictures: &[usize]) -> PictureClasses {
    let mut next = 0;
    let class = |(number, &count): (usize, &usize)| {
        next += count;
        PictureClass { name: format!("class{number}"), pictures: next - count..next }
    };
    let classes = pictures.iter().enumerate().map(class).collect();
    let levels = (0..pictures.iter().sum::<usize>()).flat_map(|n| (0..9).map(move |place| (n * 9 + place) as u8));
    PictureClasses::new("made", [3, 3], classes, levels.collect()).unwrap()
}
