//! The network.

/// Input of one batch.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, F> {
    /// The same values at every step, `[B,I]`: products with it are computed once, not T times.
    Constant(&'a [F]),
    /// Values of every step, `[T,B,I]`.
    Series(&'a [F]),
}
