//! What the local rule has written.

use serde::{Deserialize, Serialize};

use super::number;

/// The plastic weights of one layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlasticLayer {
    /// The layer's name.
    pub layer: String,
    /// What is shown and when it was taken, for instance `plastic weights after the last training batch`.
    pub what: String,
    /// The numbers, in the form in which they are best seen.
    pub view: WeightView,
}

/// Ways to look at a weight matrix `[O, I]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightView {
    /// W, P and gP of single neurons side by side, laid out as the input image is.
    HybridFields(HybridFields),
    /// The incoming plastic weights of single neurons, laid out as the input image is.
    ReceptiveFields(Vec<ReceptiveField>),
    /// The whole matrix.
    Matrix(Matrix),
}

impl WeightView {
    /// The `count` neurons of a row-major `[O, height * width]` matrix whose incoming weights have the largest norm,
    /// strongest first.
    /// A ragged matrix yields no field for its last, incomplete row.
    pub fn strongest_fields(weights: &[f32], height: usize, width: usize, count: usize) -> Self {
        let inputs = height.saturating_mul(width);
        let field = |neuron| ReceptiveField { neuron, height, width, weights: row_of(weights, inputs, neuron) };
        Self::ReceptiveFields(strongest_rows(weights, inputs).into_iter().take(count).map(field).collect())
    }
}

/// The rows of a row-major `[O, inputs]` matrix by falling norm; among equals the lower number first.
fn strongest_rows(weights: &[f32], inputs: usize) -> Vec<usize> {
    let square = |row: &[f32]| row.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
    let mut rows: Vec<_> = weights.chunks_exact(inputs.max(1)).map(square).enumerate().collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    rows.into_iter().map(|(row, _)| row).collect()
}

fn row_of(weights: &[f32], inputs: usize, row: usize) -> Vec<f32> {
    weights.get(row * inputs..(row + 1) * inputs).map(<[f32]>::to_vec).unwrap_or_default()
}

/// What the global rule (W), the local rule (P) and their coupling (gP) hold in the neurons where gP is strongest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HybridFields {
    /// Rows of the input image.
    pub height: usize,
    /// Columns of the input image.
    pub width: usize,
    /// The neurons, strongest first.
    pub neurons: Vec<HybridField>,
}

/// The incoming weights of one hybrid neuron: three times `height * width` numbers, row by row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HybridField {
    /// The neuron, from 0.
    pub neuron: usize,
    /// W.
    #[serde(deserialize_with = "number::many_f32")]
    pub weight: Vec<f32>,
    /// P.
    #[serde(deserialize_with = "number::many_f32")]
    pub plastic_weight: Vec<f32>,
    /// gP: the plastic weight times its gain, what is added to W.
    #[serde(deserialize_with = "number::many_f32")]
    pub gained_plastic_weight: Vec<f32>,
}

impl HybridFields {
    /// The `count` neurons of `[O, height * width]` matrices whose gP has the largest norm, strongest first.
    ///
    /// # Shapes
    /// `weight` and `plastic_weight` `[O, I]` row-major with `I = height * width`; `plasticity_gain` a scalar, `[O]`
    /// or `[O, I]`.
    /// Where they disagree no neuron is taken, which the page reports.
    pub fn most_plastic(
        [weight, plastic_weight, plasticity_gain]: [&[f32]; 3],
        [height, width]: [usize; 2],
        count: usize,
    ) -> Self {
        let inputs = height.saturating_mul(width);
        let Some(gained) = gained(plastic_weight, plasticity_gain, inputs).filter(|g| g.len() == weight.len()) else {
            return Self { height, width, neurons: Vec::new() };
        };
        let field = |neuron| HybridField {
            neuron,
            weight: row_of(weight, inputs, neuron),
            plastic_weight: row_of(plastic_weight, inputs, neuron),
            gained_plastic_weight: row_of(&gained, inputs, neuron),
        };
        let neurons = strongest_rows(&gained, inputs).into_iter().take(count).map(field).collect();
        Self { height, width, neurons }
    }
}

/// gP with the gain spread over the synapses it belongs to; `None` where the shapes disagree.
fn gained(plastic_weight: &[f32], gain: &[f32], inputs: usize) -> Option<Vec<f32>> {
    let synapses = plastic_weight.len();
    let share = [1, synapses.checked_div(inputs)?, synapses].into_iter().position(|count| count == gain.len())?;
    let place = |synapse: usize| [0, synapse / inputs, synapse][share];
    Some(plastic_weight.iter().enumerate().map(|(synapse, p)| gain[place(synapse)] * p).collect())
}

/// The incoming weights of one neuron.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceptiveField {
    /// The neuron, from 0.
    pub neuron: usize,
    /// Rows of the input image.
    pub height: usize,
    /// Columns of the input image.
    pub width: usize,
    /// Row by row, `height * width` weights.
    #[serde(deserialize_with = "number::many_f32")]
    pub weights: Vec<f32>,
}

/// A weight matrix, made smaller if it was large.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Matrix {
    /// Rows and columns here: output and input neurons, or blocks of them.
    pub shape: [usize; 2],
    /// Rows and columns of the weights themselves.
    pub full_shape: [usize; 2],
    /// Row by row; a block is shown by its weight of largest magnitude.
    #[serde(deserialize_with = "number::many_f32")]
    pub weights: Vec<f32>,
}

impl Matrix {
    /// Rows and columns beyond which [`Matrix::reduced`] joins neighbours.
    pub const MOST: usize = 256;

    /// Takes a row-major `[O, I]` matrix; where a side exceeds [`Matrix::MOST`], equal blocks are joined and shown by
    /// their weight of largest magnitude.
    /// Weights that do not fill the shape yield an empty matrix, which the page reports as such.
    pub fn reduced(full_shape: [usize; 2], weights: &[f32]) -> Self {
        Self::reduced_to(Self::MOST, full_shape, weights)
    }

    /// As [`Matrix::reduced`], to sides of at most `most`.
    pub(crate) fn reduced_to(most: usize, full_shape: [usize; 2], weights: &[f32]) -> Self {
        if full_shape[0].checked_mul(full_shape[1]) != Some(weights.len()) || weights.is_empty() {
            return Self { full_shape, ..Self::default() };
        }
        let block = full_shape.map(|side| side.div_ceil(most));
        let shape = [0, 1].map(|side| full_shape[side].div_ceil(block[side]));
        let cells = (0..shape[0]).flat_map(|row| (0..shape[1]).map(move |column| [row, column]));
        let weights = cells.map(|cell| strongest_in(cell, block, full_shape, weights)).collect();
        Self { shape, full_shape, weights }
    }

    /// How many output and input neurons one cell stands for.
    pub fn block(&self) -> [usize; 2] {
        [0, 1].map(|side| self.full_shape[side].div_ceil(self.shape[side].max(1)).max(1))
    }
}

/// The weight of largest magnitude in one block; NaN wins, so that it is seen.
fn strongest_in(cell: [usize; 2], block: [usize; 2], shape: [usize; 2], weights: &[f32]) -> f32 {
    let span = |side: usize| cell[side] * block[side]..((cell[side] + 1) * block[side]).min(shape[side]);
    let inside = span(0).flat_map(|row| span(1).map(move |column| row * shape[1] + column));
    let read = |index: usize| weights.get(index).copied().unwrap_or(f32::NAN);
    inside.map(read).reduce(|a, b| if b.is_nan() || b.abs() > a.abs() { b } else { a }).unwrap_or(f32::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two neurons of two inputs; the second has the larger P, so the gain decides who is first.
    #[test]
    fn the_gain_may_be_a_scalar_or_belong_to_neurons_or_synapses() {
        let (weight, plastic) = ([0.1_f32, 0.2, 0.3, 0.4], [1.0_f32, 1.0, 2.0, -2.0]);
        let gains: [(&[f32], usize, &[f32]); 3] =
            [(&[0.5], 1, &[1.0, -1.0]), (&[3.0, 1.0], 0, &[3.0, 3.0]), (&[0.0, 0.0, 1.0, 2.0], 1, &[2.0, -4.0])];
        for (gain, first, gained) in gains {
            let fields = HybridFields::most_plastic([&weight, &plastic, gain], [1, 2], 1);
            assert_eq!(fields.neurons.len(), 1, "{gain:?}");
            assert_eq!(fields.neurons[0].neuron, first, "{gain:?}");
            assert_eq!(fields.neurons[0].gained_plastic_weight, gained, "{gain:?}");
            assert_eq!(fields.neurons[0].weight, weight[2 * first..2 * first + 2], "{gain:?}");
        }
    }

    #[test]
    fn shapes_that_disagree_yield_no_field() {
        let parts: [[&[f32]; 3]; 3] =
            [[&[1.0; 4], &[1.0; 4], &[1.0; 3]], [&[1.0; 3], &[1.0; 4], &[1.0]], [&[], &[], &[]]];
        for part in parts {
            assert!(HybridFields::most_plastic(part, [1, 2], 4).neurons.is_empty(), "{part:?}");
        }
        assert!(HybridFields::most_plastic([&[1.0], &[1.0], &[1.0]], [0, 0], 4).neurons.is_empty());
    }

    #[test]
    fn a_block_is_shown_by_its_largest_magnitude() {
        // 1 x 512 becomes 1 x 256 blocks of two
        let weights: Vec<f32> = (0..512).map(|i| if i % 2 == 0 { 1.0 } else { -(i as f32) }).collect();
        let matrix = Matrix::reduced([1, 512], &weights);
        assert_eq!((matrix.shape, matrix.block()), ([1, 256], [1, 2]));
        assert_eq!(&matrix.weights[..3], [1.0, -3.0, -5.0]);
        assert!(Matrix::reduced([2, 3], &[0.0]).weights.is_empty());
    }
}
