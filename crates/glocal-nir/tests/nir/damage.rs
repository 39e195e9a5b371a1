//! Damaged files: an error, never a panic, and no more memory than the file's size allows.

use std::panic::catch_unwind;

use glocal_core::neuron::Reset;
use glocal_core::random::uniform;
use glocal_nir::{ExportOptions, ImportOptions, NirError, export, import, inspect, read, to_bytes};

use crate::golden::all;
use crate::made::plastic;

fn files() -> Vec<Vec<u8>> {
    let own = to_bytes(&export(&plastic(Reset::ToZero), &ExportOptions::default()).unwrap().graph).unwrap();
    let golden = all().into_iter().filter(|(name, ..)| ["norse_lif", "snntorch_lif", "sinabs_conv"].contains(name));
    golden.map(|(_, bytes, _)| bytes.to_vec()).chain([own]).collect()
}

/// Reads and imports; whatever comes of it, it comes as a value.
fn survives(bytes: &[u8], what: &str) {
    let options = ImportOptions { discretisation: None, steps: 4, graph_only: false };
    let result = catch_unwind(|| {
        let _ = inspect(bytes).map(|(graph, problems)| (graph.to_string(), problems));
        read(bytes).and_then(|graph| import(&graph, &options))
    });
    assert!(result.is_ok(), "a panic at {what}");
}

#[test]
fn files_cut_short_are_refused() {
    for bytes in files() {
        for k in 0..60 {
            let len = bytes.len() * k / 60;
            assert!(read(&bytes[..len]).is_err(), "{len} of {} bytes were read", bytes.len());
        }
    }
}

#[test]
fn flipped_bits_are_survived() {
    for (file, bytes) in files().into_iter().enumerate() {
        for k in 0..600u64 {
            let mut damaged = bytes.clone();
            let at = (uniform(k, "place", file as u64) * bytes.len() as f64) as usize;
            damaged[at] ^= 1 << (uniform(k, "bit", file as u64) * 8.0) as u32;
            survives(&damaged, &format!("file {file}, byte {at}"));
        }
    }
}

/// Bytes set to 0xff where sizes and addresses stand: the first kilobytes, densely.
#[test]
fn huge_sizes_are_survived() {
    for (file, bytes) in files().into_iter().enumerate() {
        for at in (0..bytes.len().min(6000)).step_by(7) {
            let mut damaged = bytes.clone();
            let end = (at + 6).min(bytes.len());
            damaged[at..end].fill(0xff);
            survives(&damaged, &format!("file {file}, bytes {at}..{end}"));
        }
    }
}

#[test]
fn foreign_files_are_refused_by_name() {
    let foreign = {
        let mut file = hdf5_pure::FileBuilder::new();
        file.create_dataset("data").with_f32_data(&[1.0, 2.0]);
        file.finish().unwrap()
    };
    let Err(NirError::Graph(problems)) = read(&foreign) else { panic!("read") };
    assert_eq!(problems[0].to_string(), "/node: is missing: this is HDF5, but not NIR");
    assert!(matches!(read(b"PK\x03\x04 a zip"), Err(NirError::Hdf5 { .. })));
}

/// A few bytes of a file that unpack to 4 GiB of zeros: refused before they are allocated.
#[test]
fn a_small_file_with_a_large_array_is_refused() {
    let mut file = hdf5_pure::FileBuilder::new();
    let zeros = vec![0.0f32; 1 << 22];
    file.create_dataset("zeros").with_f32_data(&zeros).with_chunks(&[1 << 10]).with_deflate(9);
    let bytes = file.finish().unwrap();
    // 16 MiB from about 200 KiB is within DEFLATE's reach: read, and refused for what it is.
    assert!(matches!(read(&bytes), Err(NirError::Graph(_))));
    let needle = (1u64 << 22).to_le_bytes();
    let places: Vec<usize> = bytes.windows(8).enumerate().filter(|(_, w)| **w == needle).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        let mut larger = bytes.clone();
        larger[at..at + 8].copy_from_slice(&(1u64 << 30).to_le_bytes());
        let error = read(&larger).unwrap_err();
        assert!(matches!(error, NirError::TooLarge { .. } | NirError::Hdf5 { .. }), "{error}");
    }
}
