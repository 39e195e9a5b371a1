//! What a forward pass of a convolution layer leaves for the backward pass.

use super::norm::{Affine, Moments};
use crate::convolution::Packed;
use crate::scalar::Float;

/// Buffers of one convolution layer.
#[derive(Debug)]
pub(crate) struct MapTape<F> {
    /// y, `[B, 1 or T, N]`.
    pub(super) product: Vec<F>,
    /// Gradient of I, then of y, as `product`.
    pub(super) gradient: Vec<F>,
    /// Pooled spikes, `[T,B,P]`.
    pub(crate) output: Vec<F>,
    /// Neuron state after the last step, `[states,B,N]`; empty unless the scan goes on.
    pub(crate) last_state: Vec<F>,
    /// Whether every potential of the last step is finite.
    pub(crate) finite: bool,
    /// From y to I.
    pub(super) affine: Affine<F>,
    /// Statistics of this batch; empty while running ones are used.
    pub(super) moments: Vec<Moments>,
    pub(super) weight: Packed<F>,
    pub(super) adjoint_weight: Packed<F>,
}

impl<F: Float> Default for MapTape<F> {
    fn default() -> Self {
        MapTape {
            product: Vec::new(),
            gradient: Vec::new(),
            output: Vec::new(),
            last_state: Vec::new(),
            finite: true,
            affine: Affine::default(),
            moments: Vec::new(),
            weight: Packed::zeros(0, 0),
            adjoint_weight: Packed::zeros(0, 0),
        }
    }
}
