//! Oracles: files written by hand from the format's specification; hostile files, whose refusal is known.

use std::{
    io::{self, Read},
    path::Path,
};

use glocal_data::{
    DataError,
    idx::{self, DEFAULT_CAP_BYTES, IdxArray},
    load_idx,
};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::{gzip, idx_bytes, write};

fn read(bytes: &[u8]) -> Result<IdxArray, DataError> {
    idx::read(bytes, Path::new("memory"), DEFAULT_CAP_BYTES)
}

#[test]
fn reads_what_the_specification_writes_plain_and_gzip_whatever_the_name() {
    let array = IdxArray { shape: vec![2, 1, 3], data: vec![1, 2, 3, 4, 5, 6] };
    let bytes = idx_bytes(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
    let folder = tempdir().unwrap();
    for (name, content) in [("plain.gz", bytes.clone()), ("packed", gzip(&bytes))] {
        let path = folder.path().join(name);
        write(&path, &content);
        assert_eq!(idx::read_file(&path, 100).unwrap(), array);
        assert_eq!(read(&content).unwrap(), array);
    }
    let mut written = Vec::new();
    idx::write(&array, &mut written, Path::new("memory")).unwrap();
    assert_eq!(written, bytes);
}

#[test]
fn refuses_to_write_a_shape_that_does_not_fit() {
    let array = IdxArray { shape: vec![2, 2], data: vec![0; 5] };
    assert!(matches!(idx::write(&array, Vec::new(), Path::new("x")), Err(DataError::Inconsistent { .. })));
}

#[test]
fn every_truncation_is_refused_with_what_was_there() {
    let bytes = idx_bytes(&[2, 3], &[9; 6]);
    for length in 0..bytes.len() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("cut");
        write(&path, &bytes[..length]);
        for result in [read(&bytes[..length]), idx::read_file(&path, 100)] {
            match result.unwrap_err() {
                DataError::NotIdx { found, .. } if length < 4 => {
                    assert_eq!(found.split_whitespace().count(), if length == 0 { 5 } else { length });
                }
                DataError::Truncated { expected, found, .. } => {
                    assert_eq!((expected, found), (if length < 12 { 12 } else { 18 }, length as u64));
                }
                other => panic!("{length}: {other}"),
            }
        }
    }
}

#[test]
fn every_truncation_of_gzip_is_refused() {
    let packed = gzip(&idx_bytes(&[300], &(0..300).map(|i| (i * i % 251) as u8).collect::<Vec<_>>()));
    for length in 0..packed.len() {
        assert!(read(&packed[..length]).is_err(), "{length} of {}", packed.len());
    }
    assert!(read(&packed).is_ok());
}

#[test]
fn a_damaged_checksum_is_seen() {
    let mut packed = gzip(&idx_bytes(&[4], &[1, 2, 3, 4]));
    let crc = packed.len() - 8;
    packed[crc] ^= 1;
    assert!(matches!(read(&packed), Err(DataError::DamagedGzip { .. })));
}

#[test]
fn wrong_magic_is_shown() {
    let error = read(b"<html>404</html>").unwrap_err();
    assert!(error.to_string().contains("expected bytes 00 00 08 rank at offset 0, found 3c 68 74 6d"), "{error}");
    assert!(error.hint().unwrap().contains("error page"));
    // Element type 0d is float.
    assert!(matches!(read(&[0, 0, 0x0d, 1, 0, 0, 0, 0]), Err(DataError::NotIdx { .. })));
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = idx_bytes(&[2], &[1, 2]);
    bytes.push(3);
    for content in [bytes.clone(), gzip(&bytes), [gzip(&bytes[..10]), gzip(&[3])].concat()] {
        assert!(matches!(read(&content), Err(DataError::TrailingData { expected: 10, .. })));
    }
}

#[test]
fn a_lying_header_costs_nothing() {
    // 4 GiB declared, against the cap; sizes whose product overflows, also with a zero behind; 1 GiB with 2 bytes.
    for sizes in [&[u32::MAX][..], &[u32::MAX; 4], &[u32::MAX, u32::MAX, u32::MAX, 0]] {
        assert!(matches!(read(&idx_bytes(sizes, &[])), Err(DataError::TooLarge { .. })), "{sizes:?}");
    }
    let short = idx_bytes(&[1 << 30], &[1, 2]);
    assert!(matches!(read(&short), Err(DataError::Truncated { found: 10, .. })));
    assert!(matches!(read(&[0, 0, 8, 255]), Err(DataError::Truncated { expected: 1024, found: 4, .. })));
}

/// Counts what is asked of the source: a bomb must not be unpacked further than the header says.
#[test]
fn a_gzip_bomb_is_not_unpacked() {
    struct Counting<R>(R, u64);
    impl<R: Read> Read for Counting<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(buffer)?;
            self.1 += count as u64;
            Ok(count)
        }
    }
    let mut bomb = idx_bytes(&[10], &[]);
    bomb.resize(256 << 20, 0);
    let bomb = gzip(&bomb);
    let mut source = Counting(&bomb[..], 0);
    let error = idx::read(&mut source, Path::new("bomb"), DEFAULT_CAP_BYTES).unwrap_err();
    assert!(matches!(error, DataError::TrailingData { expected: 18, .. }), "{error}");
    assert!(source.1 <= 1 << 17, "{} of {} bytes were read", source.1, bomb.len());
}

#[test]
fn a_missing_file_is_named() {
    let error = idx::read_file(Path::new("no/such/file.gz"), 1).unwrap_err();
    assert!(error.to_string().starts_with("cannot open no/such/file.gz: "), "{error}");
}

#[test]
fn an_empty_array_and_a_scalar_are_arrays() {
    assert!(read(&idx_bytes(&[0, 28, 28], &[])).unwrap().data.is_empty());
    assert_eq!(read(&idx_bytes(&[], &[7])).unwrap(), IdxArray { shape: vec![], data: vec![7] });
}

/// Two images of 1x2 and labels as given, loaded as a set of three classes.
fn load_pair(images: &[u8], labels: &[u8]) -> Result<glocal_data::ImageDataset, DataError> {
    let folder = tempdir().unwrap();
    let (images_path, labels_path) = (folder.path().join("images"), folder.path().join("labels"));
    write(&images_path, images);
    write(&labels_path, labels);
    load_idx("tiny", 3, &images_path, &labels_path)
}

#[test]
fn images_and_labels_are_paired() {
    let images = idx_bytes(&[2, 1, 2], &[0, 255, 51, 102]);
    let set = load_pair(&images, &gzip(&idx_bytes(&[2], &[2, 0]))).unwrap();
    assert_eq!((set.len(), set.height(), set.width(), set.classes()), (2, 1, 2, 3));
    assert_eq!((set.labels(), set.sample(1).unwrap().pixels), (&[2, 0][..], &[51, 102][..]));
}

#[test]
fn mislabelled_files_are_refused() {
    let images = idx_bytes(&[2, 1, 2], &[0, 255, 51, 102]);
    let labels = |values: &[u8]| idx_bytes(&[values.len() as u32], values);
    let swapped = load_pair(&labels(&[0, 1]), &images).unwrap_err();
    assert!(matches!(swapped, DataError::WrongRank { .. }));
    assert!(swapped.hint().unwrap().contains("swapped"));
    let counts = load_pair(&images, &labels(&[0, 1, 2])).unwrap_err();
    assert!(matches!(counts, DataError::CountMismatch { images: 2, labels: 3, .. }));
    let range = load_pair(&images, &labels(&[0, 3])).unwrap_err();
    assert!(matches!(range, DataError::LabelOutOfRange { offset: 9, sample: 1, found: 3, classes: 3, ref file }
        if file.ends_with("labels")));
    let none = load_pair(&idx_bytes(&[0, 1, 2], &[]), &labels(&[])).unwrap_err();
    assert!(matches!(none, DataError::Inconsistent { what: "number of samples", .. }), "{none}");
    let flat = load_pair(&idx_bytes(&[2, 0, 2], &[]), &labels(&[0, 1])).unwrap_err();
    assert!(matches!(flat, DataError::Inconsistent { what: "image size", .. }), "{flat}");
}

proptest! {
    #[test]
    fn arrays_survive_writing_and_reading(sizes in prop::collection::vec(0_u32..6, 0..4), seed: u8) {
        let count: u32 = sizes.iter().product();
        let array = IdxArray { data: (0..count).map(|i| (i as u8).wrapping_mul(seed)).collect(), shape: sizes };
        let mut bytes = Vec::new();
        idx::write(&array, &mut bytes, Path::new("memory")).unwrap();
        prop_assert_eq!(&read(&bytes).unwrap(), &array);
        prop_assert_eq!(&read(&gzip(&bytes)).unwrap(), &array);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_accept_what_is_not_there(
        rank in 0_u8..5, header in prop::collection::vec(0_u8..3, 0..20), tail in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for bytes in [tail.clone(), [&[0, 0, 8, rank][..], &header, &tail].concat(), [&[0x1f, 0x8b, 8][..], &tail].concat()] {
            for content in [gzip(&bytes), bytes] {
                if let Ok(array) = idx::read(&content[..], Path::new("memory"), 1 << 16) {
                    prop_assert_eq!(array.shape.iter().map(|&n| u64::from(n)).product::<u64>(), array.data.len() as u64);
                }
            }
        }
    }

    #[test]
    fn no_flipped_byte_of_a_gzip_file_makes_the_reader_panic(position in 0_usize..60, mask: u8) {
        let mut packed = gzip(&idx_bytes(&[4, 4], &[5; 16]));
        let position = position % packed.len();
        packed[position] ^= mask;
        let _ = read(&packed);
    }
}
