//! What a network and its training are made of: plain values that read from TOML and print back.
//!
//! Nothing here computes. A config is checked once, as a whole ([`NetworkConfig::validate`] reports every violation at
//! once), and trusted from then on.

use serde::{Deserialize, Serialize};

use crate::episode::EpisodeReadout;
use crate::error::{ConfigErrors, Violation};
use crate::neuron::NeuronConfig;
use crate::plasticity::RuleConfig;
pub use crate::shape::Shape;

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

/// The network: a chain of layers over `steps` time steps, and its read-out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Input neurons, I of the first layer.
    pub inputs: usize,
    /// What the inputs are arranged as, (C, H, W); needed below a convolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_shape: Option<[usize; 3]>,
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
    /// For a network that meets its classes in episodes: what answers a query from the support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeReadout>,
    /// First hidden layer to read-out layer.
    pub layers: Vec<LayerConfig>,
}

/// One layer: a linear operator and the neurons that it drives, and optionally plastic weights beside the trained ones.
///
/// In TOML it is one flat table: `kind = "conv"` with `channels`, `kernel`, `stride`, `padding`, or, if `kind` is absent or
/// `"dense"`, `size`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LayerTable", into = "LayerTable")]
pub struct LayerConfig {
    /// Neurons O of a dense layer; output channels O of a convolution.
    pub size: usize,
    /// How inputs become currents.
    pub operator: Operator,
    /// Which of a dense layer's synapses there are; absent: all.
    pub mask: Option<MaskConfig>,
    /// Whether a bias is added to the current (it is not decayed by k_t). Normalised layers have a shift instead.
    pub bias: bool,
    /// Normalisation of a convolution's currents.
    pub norm: Option<Norm>,
    /// Pooling of a convolution's spikes.
    pub pool: Option<Pool>,
    /// Dropout of the layer's inputs while it learns.
    pub dropout: Option<Dropout>,
    /// The layer's own learning rule; absent: what the network's arm implies.
    pub learning: Option<LearningRule>,
    /// Neuron model.
    pub neuron: NeuronConfig,
    /// Plastic weights; needed where a dense layer's rule is local or hybrid.
    pub plasticity: Option<PlasticityConfig>,
}

/// How a layer's inputs become its neurons' currents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// Every input reaches every neuron.
    #[default]
    Dense,
    /// As `Dense`, and the spikes of the previous step reach every neuron through a trained square matrix.
    Recurrent,
    /// The same small window of weights at every place of a map. Its weights do not decay within a sample (k_t = 1).
    Convolution(Convolution),
}

/// A fixed random choice of synapses: every neuron keeps the same share of its inputs, and the weights are those of the
/// synapses alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskConfig {
    /// Share of its inputs that a neuron keeps, above 0 and at most 1.
    pub density: f64,
    /// Seed of the choice.
    #[serde(default)]
    pub seed: u64,
    /// Which of the seed's choices: they are dealt like cards, so that the first ⌊1/density⌋ share no synapse, nor the next, and
    /// so on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u64,
    /// Synapses come in blocks of so many neurons and inputs in a row; divides the layer's neurons and inputs. Blocks of 16, or
    /// multiples, are multiplied as small dense matrices, two to three times as fast as where each neuron has a choice of its own.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    pub block: usize,
}

fn is_zero(part: &u64) -> bool {
    *part == 0
}

fn alone() -> usize {
    1
}

fn is_alone(count: &usize) -> bool {
    *count == 1
}

impl MaskConfig {
    /// Synapses of a neuron, K: the nearest whole number of blocks, at least one.
    pub fn fan_in(&self, inputs: usize) -> usize {
        let block = self.block.max(1);
        let blocks = (self.density * inputs as f64 / block as f64).round() as usize;
        block * blocks.clamp(1, (inputs / block).max(1))
    }
}

/// Window of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Side K of the window.
    pub kernel: usize,
    /// Inputs from one window to the next.
    pub stride: usize,
    /// Zeros around the input, on each side.
    pub padding: usize,
}

/// Normalisation of currents, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Statistics over all steps at once, scaled to the threshold (Zheng et al. 2021).
    Tdbn,
    /// Statistics of each step on its own (Ioffe & Szegedy 2015).
    PerStep,
}

/// Pooling over windows that do not overlap; rows and columns that fill no window are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// The largest of a window of this side; its gradient goes to the first of equals.
    Max(usize),
    /// The mean of a window of this side.
    Average(usize),
}

impl Pool {
    /// Side of the window.
    pub fn side(self) -> usize {
        match self {
            Pool::Max(side) | Pool::Average(side) => side,
        }
    }
}

/// Dropout: inputs that are silenced while the layer learns, the others scaled up by 1/(1 - rate).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Share of inputs silenced, in 0..1.
    pub rate: f64,
    /// How long a draw holds.
    pub per: DropoutPer,
}

/// How long a draw of silenced inputs holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutPer {
    /// For all steps of a sample.
    #[default]
    Sample,
    /// For one step.
    Step,
}

/// A layer as it stands in TOML: one flat table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<LayerKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channels: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kernel: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stride: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    padding: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mask: Option<MaskConfig>,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recurrent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    norm: Option<Norm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropout: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropout_per: Option<DropoutPer>,
    #[serde(default)]
    learning: Option<LearningRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool: Option<Pool>,
    neuron: NeuronConfig,
    #[serde(default)]
    plasticity: Option<PlasticityConfig>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LayerKind {
    #[default]
    Dense,
    Conv,
}

impl TryFrom<LayerTable> for LayerConfig {
    type Error = String;

    fn try_from(table: LayerTable) -> Result<Self, String> {
        let missing = |key: &str| format!("missing field `{key}`");
        let (size, operator) = match table.kind.unwrap_or_default() {
            LayerKind::Dense => {
                table.refuse_convolution_keys()?;
                let recurrent = table.recurrent.unwrap_or(false);
                (
                    table.size.ok_or_else(|| missing("size"))?,
                    if recurrent { Operator::Recurrent } else { Operator::Dense },
                )
            }
            LayerKind::Conv => {
                table.refuse_dense_keys()?;
                let kernel = table.kernel.ok_or_else(|| missing("kernel"))?;
                let (stride, padding) = (table.stride.unwrap_or(1), table.padding.unwrap_or(0));
                let operator = Operator::Convolution(Convolution { kernel, stride, padding });
                (table.channels.ok_or_else(|| missing("channels"))?, operator)
            }
        };
        if table.dropout.is_none() && table.dropout_per.is_some() {
            return Err("`dropout_per` needs a `dropout`".into());
        }
        let dropout = table.dropout.map(|rate| Dropout { rate, per: table.dropout_per.unwrap_or_default() });
        let LayerTable { mask, bias, norm, pool, learning, neuron, plasticity, .. } = table;
        Ok(LayerConfig { size, operator, mask, bias, norm, pool, dropout, learning, neuron, plasticity })
    }
}

impl LayerTable {
    fn refuse_convolution_keys(&self) -> Result<(), String> {
        let given = [
            ("channels", self.channels.is_some()),
            ("kernel", self.kernel.is_some()),
            ("stride", self.stride.is_some()),
            ("padding", self.padding.is_some()),
            ("norm", self.norm.is_some()),
            ("pool", self.pool.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!("`{key}` belongs to a layer of kind = \"conv\"")),
            None => Ok(()),
        }
    }

    fn refuse_dense_keys(&self) -> Result<(), String> {
        let given =
            [("size", self.size.is_some()), ("recurrent", self.recurrent.is_some()), ("mask", self.mask.is_some())];
        match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!("`{key}` belongs to a dense layer; a convolution has `channels`")),
            None => Ok(()),
        }
    }
}

impl From<LayerConfig> for LayerTable {
    fn from(layer: LayerConfig) -> Self {
        let convolution = layer.convolution();
        LayerTable {
            kind: convolution.map(|_| LayerKind::Conv),
            size: if convolution.is_none() { Some(layer.size) } else { None },
            channels: convolution.map(|_| layer.size),
            kernel: convolution.map(|c| c.kernel),
            stride: convolution.map(|c| c.stride),
            padding: convolution.map(|c| c.padding),
            mask: layer.mask,
            bias: layer.bias,
            recurrent: if layer.operator == Operator::Recurrent { Some(true) } else { None },
            norm: layer.norm,
            dropout: layer.dropout.map(|d| d.rate),
            dropout_per: layer.dropout.map(|d| d.per),
            learning: layer.learning,
            pool: layer.pool,
            neuron: layer.neuron,
            plasticity: layer.plasticity,
        }
    }
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
    /// M∘W + g (1-M)∘P, M the layer's mask: plastic weights stand where it leaves no trained one.
    Masked,
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
    /// Bits of a weight with its sign, 2 to 8, in every pass; absent: floats. See [`crate::quantisation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_bits: Option<u32>,
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
        LayerConfig {
            size,
            operator: Operator::Dense,
            mask: None,
            bias: true,
            norm: None,
            pool: None,
            dropout: None,
            learning: None,
            neuron,
            plasticity: None,
        }
    }

    /// A convolution to `channels` channels with bias, without normalisation and pooling.
    pub fn convolution_of(channels: usize, convolution: Convolution, neuron: NeuronConfig) -> Self {
        LayerConfig { operator: Operator::Convolution(convolution), ..LayerConfig::new(channels, neuron) }
    }

    /// The window, if it is a convolution.
    pub fn convolution(&self) -> Option<Convolution> {
        match self.operator {
            Operator::Convolution(convolution) => Some(convolution),
            _ => None,
        }
    }

    /// The same without pooling: it puts out its neurons.
    pub fn unpooled(&self) -> LayerConfig {
        LayerConfig { pool: None, ..self.clone() }
    }

    /// Whether a bias is among its parameters.
    pub fn has_bias(&self) -> bool {
        self.bias && self.norm.is_none()
    }

    /// What the layer puts out for an input of shape `input`; `None` if it cannot.
    pub fn output_shape(&self, input: Shape) -> Option<Shape> {
        match (self.operator, input) {
            (Operator::Convolution(window), Shape::Map { height, width, .. }) => {
                let side = |n: usize| {
                    let padded = n.checked_add(window.padding.checked_mul(2)?)?;
                    let side = padded.checked_sub(window.kernel)?.checked_div(window.stride)? + 1;
                    side.checked_div(self.pool.map_or(1, Pool::side)).filter(|&side| side > 0)
                };
                Some(Shape::Map { channels: self.size, height: side(height)?, width: side(width)? })
            }
            (Operator::Convolution(_), Shape::Flat(_)) => None,
            _ => Some(Shape::Flat(self.size)),
        }
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
            // Convolutions have no plastic weights: a hybrid network trains them globally.
            LearningRule::Hybrid if layer.convolution().is_some() => LearningRule::Global,
            arm => arm,
        })
    }

    /// Layers that run over the samples themselves: all but the plastic read-out of episodes.
    pub fn embedding(&self) -> usize {
        match self.episode {
            Some(EpisodeReadout::Plastic { .. }) => self.layers.len().saturating_sub(1),
            _ => self.layers.len(),
        }
    }

    /// Inputs I of layer `index`; 0 if it cannot be built.
    pub fn layer_inputs(&self, index: usize) -> usize {
        self.layer_input_shape(index).map_or(0, Shape::len)
    }

    /// Shape of what the network is given.
    pub fn shape(&self) -> Shape {
        match self.input_shape {
            Some([channels, height, width]) => Shape::Map { channels, height, width },
            None => Shape::Flat(self.inputs),
        }
    }

    /// Shape of what layer `index` is given; `None` if a layer below cannot be built.
    pub fn layer_input_shape(&self, index: usize) -> Option<Shape> {
        self.layers[..index].iter().try_fold(self.shape(), |shape, layer| layer.output_shape(shape))
    }

    /// Neurons of layer `index`; 0 if it cannot be built.
    pub fn layer_neurons(&self, index: usize) -> usize {
        let unpooled = self.layers[index].unpooled();
        self.layer_input_shape(index).and_then(|shape| unpooled.output_shape(shape)).map_or(0, Shape::len)
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
        self.check_input_shape(found);
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
        self.check_episodes(found);
        let convolution = |&last: &usize| self.layers[last].convolution().is_some();
        let embeds = matches!(self.episode, Some(EpisodeReadout::Prototypes {}));
        if let Some(last) = self.layers.len().checked_sub(1).filter(convolution).filter(|_| !embeds) {
            let message = "the read-out layer must be dense: add one with a neuron per class";
            found.push(Violation::new(format!("network.layers[{last}].kind"), "conv", message));
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

    fn check_episodes(&self, found: &mut ConfigErrors) {
        match self.episode {
            None => {}
            Some(EpisodeReadout::Prototypes {}) => {
                let global = (0..self.layers.len()).all(|index| self.layer_rule(index) == LearningRule::Global);
                let message = "must be \"global\" in all layers: prototypes have no plastic weights";
                let found_rule = format!("{:?}", self.learning_rule).to_lowercase();
                found.require(global, "network.learning_rule", found_rule, message);
            }
            Some(EpisodeReadout::Plastic { drive }) => {
                found.require(drive.is_finite(), "network.episode.drive", drive, "must be finite");
                let enough = self.layers.len() > 1;
                found.require(enough, "network.layers", self.layers.len(), "needs an embedding below the read-out");
                let membrane = matches!(self.readout, Readout::Membrane { .. });
                let message = "must be a membrane read-out: queries are read after one step";
                found.require(membrane, "network.readout", format!("{:?}", self.readout), message);
                let Some((last, layer)) = self.layers.iter().enumerate().next_back() else { return };
                let key = |name: &str| format!("network.layers[{last}].{name}");
                let message = "belongs into the embedding's layers: support and query must meet the same read-out";
                found.require(layer.dropout.is_none(), key("dropout"), "given", message);
                if let Some(plasticity) = &layer.plasticity {
                    let own = plasticity.sharing == Sharing::PerSample;
                    let message = "must be \"per-sample\": each episode has plastic weights of its own";
                    let sharing = format!("{:?}", plasticity.sharing).to_lowercase();
                    found.require(own, key("plasticity.sharing"), sharing, message);
                    let resets = plasticity.scope == PlasticScope::Episode;
                    let message = "must be \"episode\": plastic weights start each one at zero";
                    let scope = format!("{:?}", plasticity.scope).to_lowercase();
                    found.require(resets, key("plasticity.scope"), scope, message);
                }
            }
        }
    }

    fn check_layer(&self, index: usize, layer: &LayerConfig, found: &mut ConfigErrors) {
        let key = |name: &str| format!("network.layers[{index}].{name}");
        match layer.convolution() {
            Some(window) => self.check_convolution(index, layer, window, found),
            None => {
                found.require(layer.size > 0, key("size"), layer.size, "must be at least 1");
                let synapses = layer.size.checked_mul(self.layer_inputs(index));
                let fits = synapses.is_some_and(|n| n <= 1 << 31);
                found.require(fits, key("size"), layer.size, "has more than 2^31 synapses with its inputs");
            }
        }
        if let Some(dropout) = layer.dropout {
            found.require((0.0..1.0).contains(&dropout.rate), key("dropout"), dropout.rate, "must be in 0..1");
        }
        self.check_mask(index, layer, &key, found);
        if layer.convolution().is_some() || layer.operator == Operator::Recurrent {
            if layer.plasticity.is_some() {
                let message = "plastic weights belong to dense layers without recurrence";
                found.push(Violation::new(key("plasticity"), "given", message));
            }
            if layer.learning == Some(LearningRule::Hybrid) || self.layer_rule(index) == LearningRule::Hybrid {
                let message = "needs plastic weights, which only dense layers without recurrence have: set \"global\"";
                found.push(Violation::new(key("learning"), "hybrid", message));
            }
            layer.neuron.collect_violations(&key("neuron"), found);
            return;
        }
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

impl NetworkConfig {
    fn check_mask(&self, index: usize, layer: &LayerConfig, key: &impl Fn(&str) -> String, found: &mut ConfigErrors) {
        let coupling = layer.plasticity.as_ref().map(|plasticity| plasticity.coupling);
        match (layer.mask, coupling) {
            (Some(mask), coupling) => {
                let density = mask.density;
                let inside = density > 0.0 && density <= 1.0;
                found.require(inside, key("mask.density"), density, "must be above 0 and at most 1");
                let (block, neurons, inputs) = (mask.block, layer.size, self.layer_inputs(index));
                let divides = block > 0 && neurons.is_multiple_of(block) && inputs.is_multiple_of(block);
                let message = format!("must divide the layer's {neurons} neurons and its {inputs} inputs");
                found.require(divides, key("mask.block"), block, &message);
                let dense = layer.operator == Operator::Dense;
                found.require(dense, key("mask"), "given", "belongs to a dense layer without recurrence");
                if coupling == Some(Coupling::Gated) {
                    let message = "has a gate for every synapse: use additive or masked coupling beside a mask";
                    found.push(Violation::new(key("plasticity.coupling"), "gated", message));
                }
            }
            (None, Some(Coupling::Masked)) => {
                let message = "is needed by masked coupling: add mask = { density = 0.03 }";
                found.push(Violation::new(key("mask"), "absent", message));
            }
            _ => {}
        }
    }
}

/// Most values of one sample of a map, and most weights of a window: sizes beyond them are slips of the keyboard.
const MOST_VALUES: usize = 1 << 28;

impl NetworkConfig {
    fn check_input_shape(&self, found: &mut ConfigErrors) {
        let Some(shape) = self.input_shape else { return };
        let len = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
        let agrees = len == Some(self.inputs) && self.inputs <= MOST_VALUES;
        let message = format!("[channels, height, width] must have the product of network.inputs = {}", self.inputs);
        found.require(agrees, "network.input_shape", format!("{shape:?}"), &message);
    }

    fn check_convolution(&self, index: usize, layer: &LayerConfig, window: Convolution, found: &mut ConfigErrors) {
        let key = |name: &str| format!("network.layers[{index}].{name}");
        found.require(layer.size > 0, key("channels"), layer.size, "must be at least 1");
        found.require(window.kernel > 0, key("kernel"), window.kernel, "must be at least 1");
        found.require(window.stride > 0, key("stride"), window.stride, "must be at least 1");
        let inside = window.padding == 0 || window.padding < window.kernel;
        found.require(inside, key("padding"), window.padding, "must be below the kernel: else windows see only zeros");
        if let Some(pool) = layer.pool {
            found.require(pool.side() > 0, key("pool"), pool.side(), "must have a window of at least 1");
        }
        match self.layer_input_shape(index) {
            Some(Shape::Flat(_)) => {
                let message = match index {
                    0 => "needs an input with a shape: set network.input_shape = [channels, height, width]",
                    _ => "needs a map: the layer below puts out a plain row of neurons",
                };
                found.push(Violation::new(key("kind"), "conv", message));
            }
            Some(input @ Shape::Map { channels, height, width }) => {
                let weights = [layer.size, window.kernel, window.kernel, channels];
                let weights = weights.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
                let fits = weights.is_some_and(|n| n <= MOST_VALUES);
                found.require(fits, key("channels"), layer.size, "makes more than 2^28 weights");
                match layer.unpooled().output_shape(input) {
                    None => {
                        let message = format!("does not fit into the layer's input of {height} by {width}");
                        found.push(Violation::new(key("kernel"), window.kernel, message));
                    }
                    Some(map) => {
                        let few = map.checked_len().is_some_and(|n| n <= MOST_VALUES);
                        found.require(few, key("channels"), layer.size, "makes more than 2^28 neurons");
                        let pooled = layer.output_shape(input).is_some();
                        let side = layer.pool.map_or(1, Pool::side);
                        let message = format!("does not fit into the map of {map}");
                        found.require(pooled || side == 0, key("pool"), side, &message);
                    }
                }
            }
            // The layer below has said why.
            None => {}
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
        if let Some(bits) = self.weight_bits {
            found.require((2..=8).contains(&bits), "weight_bits", bits, "must be 2 to 8");
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
