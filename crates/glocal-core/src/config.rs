//! What a network and its training are made of: plain values that read from TOML and print back.
//!
//! Nothing here computes. A config is checked once, as a whole ([`NetworkConfig::validate`] reports every violation at
//! once), and trusted from then on.

use serde::{Deserialize, Serialize};

use crate::error::{ConfigErrors, Violation};
use crate::neuron::NeuronConfig;
use crate::plasticity::RuleConfig;

/// Which of the two kinds of learning may move a network: the three arms of every experiment.
///
/// | value | weights, by the global rule | plastic weights, by the local rule |
/// |---|---|---|
/// | `Global` | yes | absent |
/// | `Local` | the read-out layer only; hidden layers stay as drawn | yes |
/// | `Hybrid` | yes | yes |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRule {
    /// Backprop through time only; no plastic weight exists (GP).
    Global,
    /// Local plasticity only in the hidden layers, which get no gradient; the read-out learns (LP).
    Local,
    /// Both (HP).
    Hybrid,
}

/// The network: a chain of dense layers over `steps` time steps, and its read-out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Input neurons, I of the first layer.
    pub inputs: usize,
    /// Time steps T of one sample.
    pub steps: usize,
    /// The arm; a layer's own `learning` overrides it.
    pub learning_rule: LearningRule,
    /// τ_w in steps: the phase weight decays as k_t = exp(-t/τ_w). Absent: k_t = 1.
    #[serde(default)]
    pub phase_time_constant: Option<f64>,
    /// How the last layer's trajectory becomes one value per class.
    #[serde(default)]
    pub readout: Readout,
    /// First hidden layer to read-out layer.
    pub layers: Vec<LayerConfig>,
}

/// One dense layer: neurons, and optionally plastic weights beside the trained ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerConfig {
    /// Neurons O.
    pub size: usize,
    /// Whether a bias is added to the current (it is not decayed by k_t).
    #[serde(default = "yes")]
    pub bias: bool,
    /// The layer's own learning rule; absent: what the network's arm implies.
    #[serde(default)]
    pub learning: Option<LearningRule>,
    /// Neuron model.
    pub neuron: NeuronConfig,
    /// Plastic weights; needed where the layer's rule is local or hybrid.
    #[serde(default)]
    pub plasticity: Option<PlasticityConfig>,
}

/// Plastic weights of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlasticityConfig {
    /// The rule that moves them.
    pub rule: RuleConfig,
    /// `plastic_decay`: P keeps this share per step.
    pub decay: f64,
    /// Bound c of |P|; absent: none.
    #[serde(default)]
    pub clamp: Option<f64>,
    /// How W and P make the current.
    #[serde(default)]
    pub coupling: Coupling,
    /// One P for the batch, or one per sample.
    #[serde(default)]
    pub sharing: Sharing,
    /// How long P lives.
    #[serde(default)]
    pub scope: PlasticScope,
    /// Meta-parameters start uniform in 0..`meta_init`.
    #[serde(default = "default_meta_init")]
    pub meta_init: f64,
    /// The optimiser keeps `local_learning_rate` inside these bounds; absent: free.
    #[serde(default)]
    pub rate_bounds: Option<[f64; 2]>,
    /// Which execution to use; `auto` lets the planner choose.
    #[serde(default)]
    pub execution: Execution,
}

/// How trained weight W and plastic weight P make the current of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Coupling {
    /// W + g P.
    Additive {
        /// Shape of the gain g.
        #[serde(default)]
        gain: GainShape,
    },
    /// G∘W + (1-G)∘P with a trained gate G per synapse.
    Gated,
    /// M∘W + g (1-M)∘P with a fixed random mask M that keeps `density` of the synapses.
    Masked {
        /// Share of ones in M, in 0..=1.
        density: f64,
        /// Seed of the mask.
        #[serde(default)]
        mask_seed: u64,
    },
}

impl Default for Coupling {
    fn default() -> Self {
        Coupling::Additive { gain: GainShape::Scalar }
    }
}

/// Shape of `plasticity_gain`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GainShape {
    /// One number.
    #[default]
    Scalar,
    /// One per postsynaptic neuron, `[O]`.
    PerNeuron,
    /// One per synapse, `[O,I]`.
    PerSynapse,
}

/// Who shares a plastic weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// One P for the whole batch; its update is the mean over the batch.
    #[default]
    Batch,
    /// One P per sample; samples do not see each other.
    PerSample,
}

/// How long plastic weights live before they return to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlasticScope {
    /// Reset before each forward pass.
    Sample,
    /// Reset at [`PlasticScope::Episode`] boundaries.
    Episode,
    /// Reset when the task changes.
    Task,
    /// Kept for the whole run.
    #[default]
    Run,
}

/// Which of the two executions of a plastic layer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// The planner picks the cheaper one that is exact.
    #[default]
    Auto,
    /// P is kept as a matrix and updated each step.
    Dense,
    /// P is never formed: Gram matrices of the presynaptic factors (the linear-attention identity).
    LowRank,
}

/// How the last layer's trajectory becomes one value per class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Readout {
    /// min(v_T/threshold, cap) of the last step; absent `cap`: no bound.
    Membrane {
        /// Upper bound of the normalised membrane potential.
        #[serde(default)]
        cap: Option<f64>,
    },
    /// Spikes per step, (1/T) Σ s_t.
    Rate,
    /// v/threshold at the first step at which `share` of the batch has an output above threshold.
    FirstSpike {
        /// Share of the batch, in 0..=1.
        share: f64,
    },
}

impl Default for Readout {
    fn default() -> Self {
        Readout::Membrane { cap: Some(1.1) }
    }
}

/// Loss over the read-out, mean over the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean over (B,C) of (y - onehot)².
    #[default]
    MeanSquaredError,
    /// Softmax cross-entropy, mean over B.
    CrossEntropy,
    /// Sigmoid binary cross-entropy against one-hot, mean over (B,C).
    BinaryCrossEntropy,
}

/// One parameter group's optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Update rule.
    #[serde(default)]
    pub method: OptimiserMethod,
    /// Learning rate before the schedule.
    pub learning_rate: f64,
    /// Learning-rate schedule over epochs.
    #[serde(default)]
    pub schedule: Schedule,
    /// Gradients of the group are scaled down to this Euclidean norm.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// The group moves on every n-th step only (1: each step).
    #[serde(default = "one")]
    pub update_interval: u64,
}

/// Update rule of an optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OptimiserMethod {
    /// Adam (Kingma & Ba 2015) with bias correction.
    Adam {
        /// β₁.
        #[serde(default = "beta1")]
        beta1: f64,
        /// β₂.
        #[serde(default = "beta2")]
        beta2: f64,
        /// ε.
        #[serde(default = "epsilon")]
        epsilon: f64,
    },
    /// Stochastic gradient descent with heavy-ball momentum.
    Sgd {
        /// μ; 0 is plain descent.
        #[serde(default)]
        momentum: f64,
    },
}

impl Default for OptimiserMethod {
    fn default() -> Self {
        OptimiserMethod::Adam { beta1: beta1(), beta2: beta2(), epsilon: epsilon() }
    }
}

/// Learning-rate factor over epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// 1 throughout.
    #[default]
    Constant,
    /// factor^(epoch / every).
    Step {
        /// Epochs between steps.
        every: u64,
        /// Factor per step.
        factor: f64,
    },
    /// From 1 to `floor` along half a cosine over `epochs`.
    Cosine {
        /// Length in epochs.
        epochs: u64,
        /// Factor at the end.
        #[serde(default)]
        floor: f64,
    },
}

/// Everything [`crate::Learner`] needs: network, loss, and the two optimisers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnerConfig {
    /// The network.
    pub network: NetworkConfig,
    /// The loss.
    #[serde(default)]
    pub loss: Loss,
    /// Optimiser of the weights and biases.
    pub weights: OptimiserConfig,
    /// Optimiser of the meta-parameters.
    pub meta: OptimiserConfig,
}

fn yes() -> bool {
    true
}
fn one() -> u64 {
    1
}
fn default_meta_init() -> f64 {
    0.01
}
fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn epsilon() -> f64 {
    1e-8
}

impl LayerConfig {
    /// `size` neurons with bias, trained as the arm says, without plastic weights.
    pub fn new(size: usize, neuron: NeuronConfig) -> Self {
        LayerConfig { size, bias: true, learning: None, neuron, plasticity: None }
    }
}

impl PlasticityConfig {
    /// Plastic weights moved by `rule`: W + gP with one gain, shared by the batch, kept for the run, not clamped.
    pub fn new(rule: RuleConfig, decay: f64) -> Self {
        PlasticityConfig {
            rule,
            decay,
            clamp: None,
            coupling: Coupling::default(),
            sharing: Sharing::default(),
            scope: PlasticScope::default(),
            meta_init: default_meta_init(),
            rate_bounds: None,
            execution: Execution::default(),
        }
    }
}

impl OptimiserConfig {
    /// Adam at a constant learning rate, at every step.
    pub fn adam(learning_rate: f64) -> Self {
        OptimiserConfig {
            method: OptimiserMethod::default(),
            learning_rate,
            schedule: Schedule::Constant,
            clip_norm: None,
            update_interval: 1,
        }
    }
}

impl NetworkConfig {
    /// The rule that layer `index` follows: its own, or what the arm implies.
    pub fn layer_rule(&self, index: usize) -> LearningRule {
        let layer = &self.layers[index];
        layer.learning.unwrap_or(match self.learning_rule {
            LearningRule::Local if index + 1 == self.layers.len() => LearningRule::Hybrid,
            arm => arm,
        })
    }

    /// Inputs I of layer `index`.
    pub fn layer_inputs(&self, index: usize) -> usize {
        if index == 0 { self.inputs } else { self.layers[index - 1].size }
    }

    /// Checks the whole config.
    ///
    /// # Errors
    /// Every violation at once, each with its key, value and a hint.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        let mut found = ConfigErrors::default();
        self.collect_violations(&mut found);
        found.into_result()
    }

    fn collect_violations(&self, found: &mut ConfigErrors) {
        found.require(self.inputs > 0, "network.inputs", self.inputs, "must be at least 1");
        found.require(self.steps > 0, "network.steps", self.steps, "must be at least 1");
        found.require(self.steps <= 100_000, "network.steps", self.steps, "must be at most 100000");
        found.require(!self.layers.is_empty(), "network.layers", "[]", "needs at least one layer");
        if let Some(tau) = self.phase_time_constant {
            found.require(tau > 0.0, "network.phase_time_constant", tau, "must be above 0 (in steps)");
        }
        match self.readout {
            Readout::FirstSpike { share } => {
                found.require((0.0..=1.0).contains(&share), "network.readout.share", share, "must be in 0..=1")
            }
            Readout::Membrane { cap: Some(cap) } => {
                found.require(cap > 0.0, "network.readout.cap", cap, "must be above 0")
            }
            _ => {}
        }
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer(index, layer, found);
        }
        let local = |index: usize| self.layer_rule(index) == LearningRule::Local;
        let top = (0..self.layers.len()).rev().find(|&index| local(index));
        for index in (0..top.unwrap_or(0)).filter(|&index| !local(index)) {
            found.push(Violation::new(
                format!("network.layers[{index}].learning"),
                format!("{:?}", self.layer_rule(index)).to_lowercase(),
                "gets no gradient: a layer above it is local; make this one local, or that one hybrid",
            ));
        }
    }

    fn check_layer(&self, index: usize, layer: &LayerConfig, found: &mut ConfigErrors) {
        let key = |name: &str| format!("network.layers[{index}].{name}");
        found.require(layer.size > 0, key("size"), layer.size, "must be at least 1");
        let synapses = layer.size.checked_mul(self.layer_inputs(index));
        let fits = synapses.is_some_and(|n| n <= 1 << 31);
        found.require(fits, key("size"), layer.size, "has more than 2^31 synapses with its inputs");
        layer.neuron.collect_violations(&key("neuron"), found);
        match (&layer.plasticity, self.layer_rule(index)) {
            (None, rule @ (LearningRule::Local | LearningRule::Hybrid)) => found.push(Violation::new(
                key("plasticity"),
                "absent",
                format!("is needed: the layer's learning rule is {rule:?}; add a plasticity table or set learning = \"global\""),
            )),
            (Some(plasticity), _) => plasticity.collect_violations(&key("plasticity"), found),
            _ => {}
        }
    }
}

impl PlasticityConfig {
    fn collect_violations(&self, key: &str, found: &mut ConfigErrors) {
        let decay = self.decay;
        found.require((0.0..=1.0).contains(&decay), format!("{key}.decay"), decay, "must be in 0..=1");
        if let Some(clamp) = self.clamp {
            found.require(clamp > 0.0, format!("{key}.clamp"), clamp, "must be above 0");
        }
        let init = self.meta_init;
        found.require(init.is_finite() && init >= 0.0, format!("{key}.meta_init"), init, "must be finite and >= 0");
        if let Coupling::Masked { density, .. } = self.coupling {
            found.require(
                (0.0..=1.0).contains(&density),
                format!("{key}.coupling.density"),
                density,
                "must be in 0..=1",
            );
        }
        if let Some([low, high]) = self.rate_bounds {
            found.require(low <= high, format!("{key}.rate_bounds"), format!("[{low}, {high}]"), "must be [low, high]");
        }
        self.rule.collect_violations(&format!("{key}.rule"), found);
    }
}

impl LearnerConfig {
    /// Checks network and optimisers as a whole.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        let mut found = ConfigErrors::default();
        self.network.collect_violations(&mut found);
        for (key, optimiser) in [("weights", &self.weights), ("meta", &self.meta)] {
            optimiser.collect_violations(key, &mut found);
        }
        found.into_result()
    }
}

impl OptimiserConfig {
    fn collect_violations(&self, key: &str, found: &mut ConfigErrors) {
        let rate = self.learning_rate;
        found.require(rate.is_finite() && rate >= 0.0, format!("{key}.learning_rate"), rate, "must be finite and >= 0");
        let every = self.update_interval;
        found.require(every > 0, format!("{key}.update_interval"), every, "must be at least 1");
        if let Some(norm) = self.clip_norm {
            found.require(norm > 0.0, format!("{key}.clip_norm"), norm, "must be above 0");
        }
        match self.method {
            OptimiserMethod::Adam { beta1, beta2, epsilon } => {
                for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
                    found.require((0.0..1.0).contains(&beta), format!("{key}.method.{name}"), beta, "must be in 0..1");
                }
                let positive = epsilon.is_finite() && epsilon > 0.0;
                found.require(positive, format!("{key}.method.epsilon"), epsilon, "must be finite and above 0");
            }
            OptimiserMethod::Sgd { momentum } => found.require(
                (0.0..1.0).contains(&momentum),
                format!("{key}.method.momentum"),
                momentum,
                "must be in 0..1",
            ),
        }
        let factor = |value: f64| value.is_finite() && value >= 0.0;
        match self.schedule {
            Schedule::Step { every, factor: by } => {
                found.require(every > 0, format!("{key}.schedule.every"), every, "must be at least 1");
                found.require(factor(by), format!("{key}.schedule.factor"), by, "must be finite and >= 0");
            }
            Schedule::Cosine { epochs, floor } => {
                found.require(epochs > 0, format!("{key}.schedule.epochs"), epochs, "must be at least 1");
                found.require(factor(floor), format!("{key}.schedule.floor"), floor, "must be finite and >= 0");
            }
            Schedule::Constant => {}
        }
    }
}
