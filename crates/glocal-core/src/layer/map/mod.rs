//! A convolution layer: windows of weights over a map, normalisation, neurons, pooling.
//!
//! # Equation
//! y_t = conv(x_t), I_t = scale_t ∘ y_t + shift_t (a bias, or a normalisation), neurons as everywhere, output = pool(s_t).
//!
//! # Shapes
//! Input and output are `[T,B,·]` like any layer's, each sample a map with its channels last. Inside, everything is
//! `[B,T,N]`: one sample goes through all its steps while it lies in a core's cache. Of the neurons' trajectory nothing is
//! kept: the backward pass runs the steps again from y, which costs less than reading them back from memory.

mod backward;
mod band;
mod forward;
mod norm;
mod pool;
mod tape;

pub(crate) use tape::MapTape;

use crate::config::{LayerConfig, Norm, Pool};
use crate::convolution::{Geometry, Order};
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::shape::Shape;
use norm::Affine;

/// What a convolution layer has beside its neurons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    pub geometry: Geometry,
    pub order: Order,
    pub norm: Option<Norm>,
    pub pool: Option<Pool>,
}

impl Map {
    /// `None` for other layers. The network's own input has its channels first.
    pub fn new(config: &LayerConfig, input: Shape, first: bool) -> Option<Self> {
        let (window, Shape::Map { channels, height, width }) = (config.convolution()?, input) else { return None };
        Some(Map {
            geometry: Geometry { channels, height, width, outputs: config.size, window },
            order: if first { Order::ChannelsFirst } else { Order::ChannelsLast },
            norm: config.norm,
            pool: config.pool,
        })
    }

    /// Values of the pooled map.
    pub fn outputs(&self) -> usize {
        let side = self.pool.map_or(1, Pool::side);
        (self.geometry.out_height() / side) * (self.geometry.out_width() / side) * self.geometry.outputs
    }

    /// The same without a normalisation that [`Map::folded_params`] folds in: one that is the same at all steps.
    pub fn folded(&self) -> Self {
        Map { norm: self.norm.filter(|_| self.normalises_steps()), ..*self }
    }

    /// Parameters of [`Map::folded`], with the running statistics.
    pub fn folded_params<F: Float>(&self, threshold: f64, params: &LayerArrays<F>) -> LayerArrays<F> {
        let Some(norm) = self.norm.filter(|_| !self.normalises_steps()) else { return params.clone() };
        let affine = Affine::of_running(norm, threshold, params, 0..1);
        let mut weight = params.weight.clone();
        weight.chunks_exact_mut(self.geometry.taps()).zip(&affine.scale).for_each(|(row, &k)| rows::scale(row, k));
        LayerArrays { weight, bias: affine.shift, ..LayerArrays::default() }
    }

    /// Room for padded maps.
    fn padded<F: Float>(&self, maps: usize) -> Vec<F> {
        vec![F::of(0.0); maps * self.geometry.padded()]
    }

    fn neurons(&self) -> usize {
        self.geometry.neurons()
    }

    /// Whether each step has statistics of its own.
    fn normalises_steps(&self) -> bool {
        self.norm == Some(Norm::PerStep)
    }
}
