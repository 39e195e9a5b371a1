//! Weights in the engine's order: maps have their channels last.

use glocal_core::shape::Shape;

use crate::export::channels_first;
use crate::graph::{Convolution, Node};
use crate::tensor::{Tensor, Values};

/// Weight and bias of a layer, in the engine's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrays {
    /// `[O,I]`; of a convolution `[O,K,K,C]`.
    pub weight: Vec<f32>,
    /// `[O]`.
    pub bias: Vec<f32>,
}

/// A matrix. Rows are multiplied by `factors` (one for all, or one each), inputs by `scale`; `map` is the shape, channels
/// first, that was flattened into its inputs.
pub fn dense(node: &Node, factors: &[f64], scale: f64, map: Option<&[usize]>) -> Arrays {
    let none = Tensor::filled(0, 0.0);
    let (weight, bias) = match node {
        Node::Affine { weight, bias } => (weight, bias),
        Node::Linear { weight } => (weight, &none),
        _ => (&none, &none),
    };
    let (outputs, inputs) = (weight.shape()[0], weight.shape().get(1).copied().unwrap_or(1));
    let place = inverse(map, inputs);
    let values = weight.to_f64();
    let entry = |i: usize| values[i / inputs * inputs + place[i % inputs]] * factor(factors, i / inputs) * scale;
    let kept = factors == [1.0] && scale == 1.0 && map.is_none();
    let weight = match weight.values() {
        Values::F32(values) if kept => values.clone(),
        _ => (0..outputs * inputs).map(|i| entry(i) as f32).collect(),
    };
    Arrays { weight, bias: biases(bias, factors, outputs) }
}

/// A convolution; `output` is the shape of what it puts out.
///
/// # Errors
/// Factors that differ between the neurons of a channel, which share their weights.
pub fn window(convolution: &Convolution, factors: &[f64], scale: f64, output: &[usize]) -> Result<Arrays, String> {
    let places: usize = output[1..].iter().product();
    let per_channel: Vec<f64> = match factors {
        [_] => factors.to_vec(),
        _ => factors.chunks(places.max(1)).map(|channel| channel[0]).collect(),
    };
    let alike = |channel: &[f64]| channel.iter().all(|&factor| factor == channel[0]);
    if factors.len() > 1 && !factors.chunks(places.max(1)).all(alike) {
        return Err(
            "has thresholds or resistances that differ within a channel, whose neurons share their weights".into()
        );
    }
    let (outputs, channels) = (convolution.weight.shape()[0], convolution.weight.shape()[1]);
    let taps: usize = convolution.kernel().iter().product();
    let values = convolution.weight.to_f64();
    let entry = |o: usize, tap: usize, c: usize| {
        (values[(o * channels + c) * taps + tap] * factor(&per_channel, o) * scale) as f32
    };
    let count = outputs * taps * channels;
    let weight = (0..count).map(|i| entry(i / (taps * channels), i / channels % taps, i % channels)).collect();
    Ok(Arrays { weight, bias: biases(&convolution.bias, &per_channel, outputs) })
}

fn factor(factors: &[f64], output: usize) -> f64 {
    if factors.len() == 1 { factors[0] } else { factors[output] }
}

fn biases(bias: &Tensor, factors: &[f64], outputs: usize) -> Vec<f32> {
    let values = bias.to_f64();
    (0..outputs).map(|o| values.get(o).map_or(0.0, |b| (b * factor(factors, o)) as f32)).collect()
}

/// For each input in the engine's order its place in NIR's.
fn inverse(map: Option<&[usize]>, inputs: usize) -> Vec<usize> {
    let Some(&[channels, height, width]) = map else { return (0..inputs).collect() };
    let mut place = vec![0; inputs];
    let order = channels_first(Shape::Map { channels, height, width });
    order.iter().enumerate().for_each(|(nir, &own)| place[own] = nir);
    place
}
