//! A small network that learns made-up characters in episodes, and pictures for it.

use std::fs::{self, File};
use std::path::Path;

/// Learns the classes of the folder `characters`, 12 by 12, in 3-way 1-shot episodes.
pub const EPISODES: &str = r#"
[data]
dataset = "classes:characters"

[episodes]
split = { kind = "hold-out", characters = 6, validation = 5 }
side = 12
ways = 3
shots = 1
judged_queries = 2
training = 48
validation = 20
test = 40

[learner]
loss = "cross-entropy"

[learner.network]
inputs = 144
input_shape = [1, 12, 12]
steps = 1
learning_rule = "hybrid"
episode = { kind = "plastic" }
readout = { kind = "membrane" }

[[learner.network.layers]]
kind = "conv"
channels = 16
kernel = 3
stride = 2
padding = 1
norm = "tdbn"
neuron = { kind = "tanh" }

[[learner.network.layers]]
size = 3
bias = false
neuron = { kind = "lif", threshold = 0.5, decay = 0.2, reset = "to-zero" }

[learner.network.layers.plasticity]
rule = { kind = "hebbian", post = "softmax" }
decay = 0.99
coupling = { kind = "gated" }
sharing = "per-sample"
scope = "episode"
meta_init = 0.06

[learner.weights]
learning_rate = 2e-3

[learner.meta]
learning_rate = 1e-3

[training]
epochs = 3
batch_size = 8
seed = 1
select = "best-validation"
"#;

/// The same with some lines changed; each must be there once.
pub fn changed(lines: &[(&str, &str)]) -> String {
    lines.iter().fold(EPISODES.to_owned(), |text, &(from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

/// A square grey PNG, its folder made if need be.
pub fn write_grey(path: &Path, side: u32, levels: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(levels).unwrap();
}
