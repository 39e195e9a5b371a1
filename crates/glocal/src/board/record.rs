//! The frames of a TFRecord file, which event files are.
//!
//! # References
//! TensorFlow, `tensorflow/core/lib/io/record_writer.h`: each record is its length (u64), the masked CRC-32C of those eight
//! bytes (u32), the data, and the masked CRC-32C of the data (u32), little-endian.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C, also called Castagnoli or iSCSI.
const CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// What a mask adds, so that a checksum of data that hold checksums is not a special one.
const MASK_DELTA: u32 = 0xa282_ead8;

/// `data` as one record.
pub fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend(length);
    bytes.extend(masked_crc(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked_crc(data).to_le_bytes());
    bytes
}

/// CRC-32C, turned right by 15 bits, plus a constant.
fn masked_crc(data: &[u8]) -> u32 {
    CRC32C.checksum(data).rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_record() {
        // The first record of any event file: Event { file_version: "brain.Event:2" } at time and step 0, whose bytes
        // tensorboard's RecordWriter framed.
        let data = b"\x1a\x0dbrain.Event:2";
        let frame = framed(data);
        assert_eq!(frame[..8], 15_u64.to_le_bytes());
        assert_eq!(frame[12..27], data[..]);
        assert_eq!(frame[8..12], [109, 83, 43, 9]);
        assert_eq!(frame[27..], [252, 152, 81, 41]);
    }

    /// RFC 3720, appendix B.4: 32 bytes of zeros, and of ones.
    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(CRC32C.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC32C.checksum(&[0xff; 32]), 0x62a8_ab43);
    }
}
