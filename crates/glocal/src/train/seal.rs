//! A checksum inside a checkpoint: one flipped bit among millions of weights would otherwise train on unseen.

use std::collections::BTreeMap;

use glocal_core::Learner;
use sha2::{Digest, Sha256};

/// Metadata key of the checksum.
pub const KEY: &str = "content";

/// Stands before the checksum's digits, so that they are found without reading the format.
const MARK: &[u8] = b"sha256-";

/// Hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// The bytes of a checkpoint with its checksum.
pub fn sealed(learner: &Learner, mut metadata: BTreeMap<String, String>) -> Vec<u8> {
    metadata.insert(KEY.into(), placeholder());
    seal(learner.to_bytes(&metadata))
}

/// What the metadata hold before [`seal`] fills in the checksum.
pub fn placeholder() -> String {
    format!("{}{}", String::from_utf8_lossy(MARK), "0".repeat(DIGITS))
}

/// Writes the checksum of all bytes, the checksum's own digits taken as zeros, over the placeholder.
pub fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = digits(&bytes);
    if let Some(place) = place(&bytes) {
        bytes[place].copy_from_slice(&digest);
    }
    bytes
}

/// Whether the bytes are as [`seal`] left them.
pub fn is_intact(bytes: &[u8]) -> bool {
    let Some(place) = place(bytes) else { return false };
    let mut zeroed = bytes.to_vec();
    zeroed[place.clone()].fill(b'0');
    digits(&zeroed) == bytes[place]
}

fn place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    (start + DIGITS <= bytes.len()).then_some(start..start + DIGITS)
}

fn digits(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_byte_is_noticed() {
        let sealed = seal(format!("{{\"content\":\"{}\"}} and weights", placeholder()).into_bytes());
        assert!(is_intact(&sealed));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(!is_intact(&damaged), "byte {at}");
            assert!(!is_intact(&sealed[..at]), "cut at {at}");
        }
    }
}
