//! Parts of a field of view that are covered, of images and of recordings alike.

/// Whether a pixel `[row, column]` lies within `width` pixels of the edge of a field of `size` `[height, width]`.
pub(crate) fn in_border(at: [usize; 2], size: [usize; 2], width: u32) -> bool {
    let width = (width as usize).min(size[0].max(size[1]));
    let inside = |at: usize, size: usize| at >= width && at + width < size;
    !(inside(at[0], size[0]) && inside(at[1], size[1]))
}

/// Whether a pixel `[row, column]` lies in the centred square of side 2·`half` of a field of `size`
/// `[height, width]`. Of a side of odd length, the middle pixel counts to the lower half, as in `size / 2`.
pub(crate) fn in_centre(at: [usize; 2], size: [usize; 2], half: u32) -> bool {
    let half = (half as usize).min(size[0].max(size[1]));
    let inside = |at: usize, size: usize| at + half >= size / 2 && at < size / 2 + half;
    inside(at[0], size[0]) && inside(at[1], size[1])
}
