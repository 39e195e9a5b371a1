//! The few reads of a FlatBuffer that AEDAT 4 needs, each checked against the bytes that are there.
//!
//! ```text
//! buffer  u32 place of the root table, 4 bytes of identifier
//! table   i32 distance back to its vtable, then fields
//! vtable  u16 its bytes, u16 the table's bytes, u16 place of each field in the table (0: absent)
//! vector  u32 distance to it, there u32 length, then elements
//! ```
//!
//! # References
//! FlatBuffers, "Internals", flatbuffers.dev/internals.

use crate::events::decode::take;

/// A table of a FlatBuffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    buffer: &'a [u8],
    at: usize,
    vtable: usize,
}

impl<'a> Table<'a> {
    /// The root table of a buffer with this identifier.
    pub(super) fn root(buffer: &'a [u8], identifier: &[u8; 4]) -> Option<Table<'a>> {
        if take::<4>(buffer, 4)? != *identifier {
            return None;
        }
        let at = place(buffer, 0)?;
        let back = i32::from_le_bytes(take(buffer, at)?);
        let vtable = usize::try_from(i64::try_from(at).ok()? - i64::from(back)).ok()?;
        take::<4>(buffer, vtable)?;
        Some(Table { buffer, at, vtable })
    }

    /// The bytes of the `index`-th field; `None` if it is absent, and then has its default.
    pub(super) fn field<const N: usize>(&self, index: usize) -> Option<[u8; N]> {
        take(self.buffer, self.place_of(index)?)
    }

    /// The elements of the `index`-th field, a vector of elements of `size` bytes; `Some(None)` if it is absent,
    /// `None` if it is damaged.
    pub(super) fn vector(&self, index: usize, size: usize) -> Option<Option<&'a [u8]>> {
        let Some(field) = self.place_of(index) else { return Some(None) };
        let at = place(self.buffer, field)?;
        let length = usize::try_from(u32::from_le_bytes(take(self.buffer, at)?)).ok()?;
        let start = at.checked_add(4)?;
        self.buffer.get(start..start.checked_add(length.checked_mul(size)?)?).map(Some)
    }

    fn place_of(&self, index: usize) -> Option<usize> {
        let vtable_bytes = u16::from_le_bytes(take(self.buffer, self.vtable)?);
        let entry = 4 + 2 * index;
        if entry + 2 > usize::from(vtable_bytes) {
            return None;
        }
        let place = u16::from_le_bytes(take(self.buffer, self.vtable.checked_add(entry)?)?);
        (place != 0).then(|| self.at.checked_add(usize::from(place)))?
    }
}

/// Where the distance stored at `at` leads.
fn place(buffer: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32::from_le_bytes(take(buffer, at)?)).ok()?)
}
