//! Tests of `glocal-data` through its public face, one module for each of its parts.

mod augment;
mod bits;
mod corrupt;
mod dataset;
mod dvs;
mod embedded;
mod encode;
mod episodes;
mod event_corrupt;
mod fetch;
mod folders;
mod frames;
mod idx;
mod locate;
mod noise_oracle;
mod pictures;
mod published;
mod random;
mod server;
mod tasks;
mod texts;
mod transform;

use std::{fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

/// `bytes` as a gzip file holds them.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// IDX as its specification writes it, by hand: independent of the writer under test.
fn idx_bytes(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
