//! What a network is after an epoch, and what it did in it.

use glocal_core::health::LayerStatistics;

use super::Shown;
use super::histogram::histogram;
use super::message::{Image, Value};
use crate::report::{Matrix, heat_map_png};

/// Longest side of a picture, in pixels: an epoch's picture of a layer weighs tens of kilobytes.
const MOST_PIXELS: usize = 128;

/// Learning rates, and of each layer gradients, firing rates, weights and plastic weights.
pub(super) fn values(shown: Shown<'_>, epoch: u64) -> Vec<Value> {
    let Shown { learner, episode } = shown;
    let config = learner.config();
    let mut values = vec![
        Value::scalar("learning_rate/weights", config.weights.learning_rate_at(epoch)),
        Value::scalar("learning_rate/meta", config.meta.learning_rate_at(epoch)),
    ];
    let statistics = learner.statistics().iter().enumerate();
    values.extend(statistics.flat_map(|(index, statistics)| of_layer(index, statistics)));
    values.extend(learner.arrays().iter().flat_map(|(name, shape, array)| of_array(name, shape, array)));
    if let Some(weight) = episode.map(|episode| &episode.plastic_weight).filter(|weight| !weight.is_empty()) {
        let (last, outputs) = (config.network.layers.len() - 1, learner.network().classes());
        let shape = [outputs, weight.len() / outputs];
        values.extend(of_array(&format!("layers.{last}.plastic_weight"), &shape, weight));
    }
    values
}

fn of_layer(index: usize, statistics: &LayerStatistics) -> Vec<Value> {
    let mut values = Vec::new();
    let [sum, steps] = statistics.gradient;
    if steps > 0.0 {
        values.push(Value::scalar(format!("layers.{index}/weight_gradient_rms"), sum / steps));
    }
    if statistics.observations > 0.0 {
        let rates = statistics.spikes.iter().map(|spikes| spikes / statistics.observations);
        let mean = rates.clone().sum::<f64>() / statistics.spikes.len().max(1) as f64;
        values.push(Value::scalar(format!("layers.{index}/mean_rate"), mean));
        values.extend(histogram(rates).map(|found| Value::histogram(format!("layers.{index}/rates"), found)));
    }
    values
}

/// An array `layers.N.field` as a histogram, and a plastic weight as a picture, too.
fn of_array(name: &str, shape: &[usize], array: &[f32]) -> Vec<Value> {
    let tag = name.rsplit_once('.').map_or(name.to_owned(), |(layer, field)| format!("{layer}/{field}"));
    let numbers = array.iter().copied().map(f64::from);
    let mut values: Vec<Value> = histogram(numbers).map(|found| Value::histogram(&tag, found)).into_iter().collect();
    if name.ends_with(".plastic_weight") {
        values.extend(picture(shape, array).map(|image| Value::image(format!("{tag}/picture"), image)));
    }
    values
}

/// A matrix `[O,I]` as a heat map; of `[copies,O,I]` the first copy.
fn picture(shape: &[usize], array: &[f32]) -> Option<Image> {
    let (&[.., outputs, inputs], Some(size)) = (shape, shape.iter().rev().take(2).copied().reduce(|a, b| a * b)) else {
        return None;
    };
    let matrix = Matrix::reduced_to(MOST_PIXELS, [outputs, inputs], array.get(..size)?);
    let [height, width] = matrix.shape;
    let encoded_image_string = heat_map_png(width, height, &matrix.weights)?;
    let side = |length: usize| i32::try_from(length).ok();
    Some(Image { height: side(height)?, width: side(width)?, colorspace: 3, encoded_image_string })
}
