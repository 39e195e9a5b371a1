//! Networks and inputs made from numbers that look random.

use glocal_core::random::uniform;
use glocal_core::{Learner, LearnerConfig};

/// A learner of dense layers, its weights as drawn and its plastic weights as after some learning.
pub fn learner(sizes: &[usize], layer: &str, network: &str, seed: u64) -> Learner {
    let layers: String = sizes[1..].iter().map(|size| format!(r#"{{"size":{size},{layer}}},"#)).collect();
    let text = format!(
        r#"{{"network":{{"inputs":{},"steps":6,{network},"layers":[{}]}},
            "weights":{{"method":{{"kind":"adam"}},"learning_rate":0.001}},
            "meta":{{"method":{{"kind":"adam"}},"learning_rate":0.001}}}}"#,
        sizes[0],
        layers.trim_end_matches(',')
    );
    let config: LearnerConfig = serde_json::from_str(&text).unwrap();
    let mut learner = Learner::new(config, seed).unwrap();
    let plastic: Vec<usize> = learner.network().layers().iter().map(|l| l.inputs() * l.neurons()).collect();
    for (index, count) in plastic.into_iter().enumerate() {
        if learner.network().layers()[index].plasticity().is_some() {
            let value = |i| (uniform(seed, "plastic", (index * 1_000_000 + i) as u64) - 0.5) as f32;
            learner.plastic_mut()[index].values = (0..count).map(value).collect();
        }
    }
    learner
}

/// A learner of two convolutions and two dense layers on a map of 2 x 11 x 9, with and without pooling, stride and padding.
pub fn convolutions(seed: u64) -> Learner {
    let text = format!(
        r#"{{"network":{{"inputs":198,"input_shape":[2,11,9],"steps":5,{GLOBAL_NETWORK},"layers":[
            {{"kind":"conv","channels":6,"kernel":3,"padding":1,"pool":{{"max":2}},{GLOBAL}}},
            {{"kind":"conv","channels":7,"kernel":2,"pool":{{"average":2}},{GLOBAL}}},
            {{"size":11,{GLOBAL}}},{{"size":4,{GLOBAL}}}]}},
            "weights":{{"method":{{"kind":"adam"}},"learning_rate":0.001}},
            "meta":{{"method":{{"kind":"adam"}},"learning_rate":0.001}}}}"#
    );
    let config: LearnerConfig = serde_json::from_str(&text).unwrap();
    Learner::new(config, seed).unwrap()
}

/// Values, then spikes, then values again, then spikes: conventional layers, spiking ones, and both ways from one to the other.
pub fn mixed(seed: u64) -> Learner {
    let values = r#""neuron":{"kind":"tanh"}"#;
    let text = format!(
        r#"{{"network":{{"inputs":144,"input_shape":[1,12,12],"steps":5,{GLOBAL_NETWORK},"layers":[
            {{"kind":"conv","channels":5,"kernel":3,"pool":{{"max":2}},{values}}},
            {{"size":40,{GLOBAL}}},{{"size":30,{values}}},{{"size":4,{GLOBAL}}}]}},
            "weights":{{"method":{{"kind":"adam"}},"learning_rate":0.001}},
            "meta":{{"method":{{"kind":"adam"}},"learning_rate":0.001}}}}"#
    );
    let config: LearnerConfig = serde_json::from_str(&text).unwrap();
    Learner::new(config, seed).unwrap()
}

/// A neuron, and the plasticity of the published demo.
pub const HYBRID: &str = r#""neuron":{"kind":"lif","threshold":0.35,"decay":0.4},
    "plasticity":{"rule":{"kind":"hebbian","post":"tanh","sign":1.0},"decay":0.95,"clamp":4.0}"#;

/// A neuron alone.
pub const GLOBAL: &str = r#""neuron":{"kind":"lif","threshold":0.35,"decay":0.4}"#;

/// Hybrid learning with a phase weight that decays.
pub const HYBRID_NETWORK: &str = r#""learning_rule":"hybrid","phase_time_constant":40.0"#;

/// Backprop alone.
pub const GLOBAL_NETWORK: &str = r#""learning_rule":"global","phase_time_constant":40.0"#;

/// Inputs from 0 to 1, a third of them zero.
pub fn image(inputs: usize, number: u64) -> Vec<f32> {
    let value = |i| (1.5 * uniform(number, "image", i as u64) - 0.5).max(0.0) as f32;
    (0..inputs).map(value).collect()
}

/// The same as the chip takes it.
pub fn levels(image: &[f32]) -> Vec<i8> {
    image.iter().map(|value| (value * 127.0).round_ties_even() as i8).collect()
}

/// A learner that meets five classes in episodes, on pictures of 9 x 9: two convolutions of `neuron`, a gated plastic read-out whose
/// gates and rates differ from synapse to synapse.
pub fn episodic(neuron: &str, steps: usize, readout: &str, seed: u64) -> Learner {
    let text = format!(
        r#"{{"network":{{"inputs":81,"input_shape":[1,9,9],"steps":{steps},"learning_rule":"hybrid",
            "episode":{{"kind":"plastic","drive":1000.0}},"readout":{{"kind":"membrane"}},"layers":[
            {{"kind":"conv","channels":6,"kernel":3,"stride":2,"padding":1,"norm":"tdbn","neuron":{neuron}}},
            {{"kind":"conv","channels":8,"kernel":3,"stride":2,"padding":1,"neuron":{neuron}}},
            {{"size":5,"bias":false,"neuron":{{"kind":"lif","threshold":0.5,"decay":0.2,"reset":"to-zero"}},
              "plasticity":{{{readout},"sharing":"per-sample","scope":"episode","meta_init":0.06}}}}]}},
            "weights":{{"method":{{"kind":"adam"}},"learning_rate":0.001}},
            "meta":{{"method":{{"kind":"adam"}},"learning_rate":0.001}}}}"#
    );
    let config: LearnerConfig = serde_json::from_str(&text).unwrap();
    let mut learner = Learner::new(config, seed).unwrap();
    let own = learner.params_mut().last_mut().unwrap();
    for (name, values, spread) in [
        ("gains", &mut own.plasticity_gain, 0.5),
        ("rates", &mut own.local_learning_rate, 0.05),
        ("sliding", &mut own.sliding_threshold, 0.3),
    ] {
        for (value, at) in values.iter_mut().zip(0..) {
            *value += (spread * (uniform(seed, name, at) - 0.5)) as f32;
        }
    }
    learner
}

/// Values of a conventional network.
pub const VALUES: &str = r#"{"kind":"tanh"}"#;

/// Neurons that spike.
pub const SPIKES: &str = r#"{"kind":"lif","threshold":0.1,"decay":0.5}"#;

/// The read-out of the published few-shot network.
pub const GATED: &str = r#""rule":{"kind":"hebbian","post":"softmax"},"decay":1.0,"coupling":{"kind":"gated"}"#;
