//! Classes that come in sessions and stay: what is stored of them from session to session, and what answers.
//!
//! Nothing of an earlier session is seen again. Unlike an episode, whose plastic weights start at zero, a memory goes on from
//! what it holds, and has a neuron or a mean more for each new class.

use crate::config::{Coupling, GainShape, Operator, Readout};
use crate::episode::{EpisodeReadout, minus_squared_distance};
use crate::error::CoreError;
use crate::layer::{Layer, LayerCarry, Pass, PlasticWeight, Tape};
use crate::learner::Learner;
use crate::loss::prediction;
use crate::network::Input;
use crate::params::{Field, LayerArrays};
use crate::readout::{Trajectory, read};
use crate::rows;
use crate::scalar::Float;

/// Most values of a scan's largest array, the history of P: longer sessions and queries are cut into parts.
const MOST_VALUES: usize = 1 << 23;

/// What is stored of the classes shown so far.
#[derive(Debug)]
pub enum ClassMemory<F = f32> {
    /// In the plastic weights of a read-out.
    Plastic(Box<PlasticMemory<F>>),
    /// As the mean embedding of each class.
    Prototypes(ClassMeans<F>),
}

impl<F: Float> ClassMemory<F> {
    /// Empty, of the kind that `learner` learned its episodes with.
    ///
    /// # Errors
    /// A network that does not meet its classes in episodes; as [`PlasticMemory::new`].
    pub fn new(learner: &Learner<F>) -> Result<Self, CoreError> {
        match learner.config().network.episode {
            Some(EpisodeReadout::Plastic { .. }) => Ok(ClassMemory::Plastic(Box::new(PlasticMemory::new(learner)?))),
            Some(EpisodeReadout::Prototypes {}) => Ok(ClassMemory::prototypes(learner)),
            None => Err(refused("a network without `episode`")),
        }
    }

    /// Empty, of means of what `learner` embeds.
    pub fn prototypes(learner: &Learner<F>) -> Self {
        ClassMemory::Prototypes(ClassMeans::new(learner.network().embedding_size()))
    }

    /// Classes shown so far.
    pub fn classes(&self) -> usize {
        match self {
            ClassMemory::Plastic(memory) => memory.classes,
            ClassMemory::Prototypes(memory) => memory.counts.len(),
        }
    }

    /// Shows a session's labelled samples, after which there are `classes` classes. Gives how many samples were stored for
    /// their own class: of plastic weights, those at which the label's neuron had the highest potential.
    ///
    /// # Shapes
    /// `features` `[S,I]` as [`Learner::embed`] gives them, `labels` `[S]`.
    ///
    /// # Errors
    /// Wrong shapes, labels out of range, fewer classes than there were.
    pub fn store(&mut self, features: &[F], labels: &[u32], classes: usize) -> Result<usize, CoreError> {
        if classes < self.classes() {
            return Err(shape("classes of a memory", vec![self.classes()], format!("{classes} classes")));
        }
        if let Some(sample) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(CoreError::Label { sample, label: labels[sample], classes });
        }
        check_features(features, self.width(), Some(labels.len()))?;
        match self {
            ClassMemory::Plastic(memory) => {
                memory.grow(classes);
                Ok(memory.store(features, labels))
            }
            ClassMemory::Prototypes(memory) => {
                memory.store(features, labels, classes);
                Ok(labels.len())
            }
        }
    }

    /// Answers to queries, `[Q,C]` over all classes shown so far; nothing is written.
    ///
    /// # Errors
    /// Wrong shapes, or nothing stored.
    pub fn answer(&self, features: &[F]) -> Result<Vec<F>, CoreError> {
        if self.classes() == 0 {
            return Err(shape("classes of a memory", vec![1], "none".into()));
        }
        check_features(features, self.width(), None)?;
        Ok(match self {
            ClassMemory::Plastic(memory) => memory.answer(features),
            ClassMemory::Prototypes(memory) => memory.answer(features),
        })
    }

    /// Values of an embedding.
    fn width(&self) -> usize {
        match self {
            ClassMemory::Plastic(memory) => memory.layer.inputs(),
            ClassMemory::Prototypes(memory) => memory.width,
        }
    }
}

fn shape(what: &str, expected: Vec<usize>, found: String) -> CoreError {
    CoreError::Shape { what: what.into(), expected, found }
}

fn refused(found: &str) -> CoreError {
    shape("a read-out whose classes can grow", vec![], found.into())
}

fn check_features<F: Float>(features: &[F], width: usize, samples: Option<usize>) -> Result<(), CoreError> {
    let rows = features.len() / width;
    if !features.len().is_multiple_of(width) || samples.is_some_and(|samples| samples != rows) {
        let found = format!("{} values", features.len());
        return Err(shape("embedding", vec![samples.unwrap_or(rows), width], found));
    }
    match features.iter().position(|value| !value.finite()) {
        Some(at) => Err(CoreError::NotFinite { what: "embedding".into(), sample: at / width }),
        None => Ok(()),
    }
}

/// The mean embedding of each class: prototypes that are found sample by sample.
///
/// # Equation
/// y_c = -|f(query) - p_c|², p_c the mean of f over all samples of class c.
///
/// # References
/// Mensink, Verbeek, Perronnin & Csurka, "Distance-based image classification: generalizing to new classes at near-zero cost",
/// TPAMI 35:2624 (2013), doi 10.1109/TPAMI.2013.83.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMeans<F> {
    width: usize,
    /// `[C,I]`.
    sums: Vec<F>,
    counts: Vec<usize>,
}

impl<F: Float> ClassMeans<F> {
    fn new(width: usize) -> Self {
        ClassMeans { width, sums: Vec::new(), counts: Vec::new() }
    }

    fn store(&mut self, features: &[F], labels: &[u32], classes: usize) {
        self.counts.resize(classes, 0);
        self.sums.resize(classes * self.width, F::of(0.0));
        for (row, &label) in features.chunks_exact(self.width).zip(labels) {
            self.counts[label as usize] += 1;
            rows::add_scaled(&mut self.sums[label as usize * self.width..][..self.width], F::of(1.0), row);
        }
    }

    fn answer(&self, features: &[F]) -> Vec<F> {
        let mut means = self.sums.clone();
        for (mean, &count) in means.chunks_exact_mut(self.width).zip(&self.counts) {
            rows::scale(mean, F::of(1.0 / count.max(1) as f64));
        }
        let to_means = |query| means.chunks_exact(self.width).map(move |mean| minus_squared_distance(query, mean));
        features.chunks_exact(self.width).flat_map(to_means).collect()
    }
}

/// The plastic read-out of episodes, whose scan never ends and which gains a neuron for each new class.
///
/// # Equation
/// A sample of a session is a step of docs/equations.md 2.10 with drive · onehot(label); P and the neurons' state go on from the step
/// before. A new neuron has P = 0 and no state. A query is one step more from there, after which all is as before.
/// Labels are drawn anew in each episode of training, so that no neuron is special: all of them, those trained too, have as slow
/// weights, gains and thresholds the means over the trained ones.
#[derive(Debug)]
pub struct PlasticMemory<F> {
    layer: Layer<F>,
    /// As trained, before the means.
    trained: LayerArrays<F>,
    per_neuron: Vec<Field>,
    trained_neurons: usize,
    params: LayerArrays<F>,
    readout: Readout,
    drive: f64,
    classes: usize,
    steps: usize,
    carry: LayerCarry<F>,
}

impl<F: Float> PlasticMemory<F> {
    /// Empty, from a network that learned in episodes with a plastic read-out.
    ///
    /// # Errors
    /// Another network; a read-out with a mask or with spikes that come back, whose new neurons would have synapses that nothing
    /// trained.
    pub fn new(learner: &Learner<F>) -> Result<Self, CoreError> {
        let network = learner.network();
        let Some(EpisodeReadout::Plastic { drive }) = network.config().episode else {
            return Err(refused("a network without a plastic read-out of episodes"));
        };
        let config = network.config().layers.last().expect("a valid config has a layer");
        let layer = network.layers().last().expect("a valid config has a layer");
        let trained = learner.params().last().expect("a valid config has a layer").clone();
        if config.mask.is_some() || config.operator != Operator::Dense {
            return Err(refused("a read-out with a mask, or that is no dense layer"));
        }
        let gain = config.plasticity.as_ref().map(|plasticity| plasticity.coupling);
        let shared = |field: &Field| match field {
            Field::LocalLearningRate => true,
            Field::PlasticityGain => matches!(gain, Some(Coupling::Additive { gain: GainShape::Scalar })),
            _ => false,
        };
        Ok(PlasticMemory {
            layer: layer.with_outputs(0),
            per_neuron: Field::ALL.into_iter().filter(|field| !shared(field)).collect(),
            trained_neurons: layer.outputs(),
            params: LayerArrays::default(),
            trained,
            readout: *network.readout(),
            drive,
            classes: 0,
            steps: 0,
            carry: LayerCarry::default(),
        })
    }

    /// Adds neurons until there are `classes`.
    fn grow(&mut self, classes: usize) {
        let added = classes - self.classes;
        if added == 0 {
            return;
        }
        let inputs = self.layer.inputs();
        self.layer = self.layer.with_outputs(classes);
        self.params = self.trained.clone();
        for &field in &self.per_neuron {
            let mean = mean_row(self.trained.get(field), self.trained_neurons);
            *self.params.get_mut(field) = mean.repeat(classes);
        }
        if self.steps > 0 {
            let state = self.carry.state.chunks_exact(self.classes);
            self.carry.state = state.flat_map(|row| row.iter().copied().chain(zeros(added))).collect();
            let plastic = [&mut self.carry.plastic, &mut self.carry.eligibility].map(|matrix| (matrix, inputs));
            for (array, width) in plastic.into_iter().chain([(&mut self.carry.trace, 1)]) {
                if !array.is_empty() {
                    array.extend(zeros::<F>(added * width));
                }
            }
        }
        self.classes = classes;
    }

    fn store(&mut self, features: &[F], labels: &[u32]) -> usize {
        let inputs = self.layer.inputs();
        let part = (MOST_VALUES / (self.classes * inputs)).max(2) - 1;
        let parts = features.chunks(part * inputs).zip(labels.chunks(part));
        parts.map(|(features, labels)| self.store_part(features, labels)).sum()
    }

    fn store_part(&mut self, features: &[F], labels: &[u32]) -> usize {
        let mut drive: Vec<F> = zeros(labels.len() * self.classes).collect();
        for (row, &label) in drive.chunks_exact_mut(self.classes).zip(labels) {
            row[label as usize] = F::of(self.drive);
        }
        let phase = vec![F::of(1.0); labels.len()];
        let rest = PlasticWeight::default();
        let pass = Pass {
            input: Input::Series(features),
            drive: Some(&drive),
            phase: &phase,
            carried: (self.steps > 0).then_some(&self.carry),
            continues: true,
            ..self.pass(&rest)
        };
        let mut tape = Tape::default();
        self.layer.forward(&pass, &mut tape);
        let potentials = tape.outputs().potential.chunks_exact(self.classes);
        let own = potentials.zip(labels).filter(|(potentials, label)| prediction(potentials) == **label).count();
        self.carry = self.layer.carry(pass.input, &tape);
        self.steps += labels.len();
        own
    }

    fn answer(&self, features: &[F]) -> Vec<F> {
        let part = (MOST_VALUES / (self.classes + self.layer.inputs())).max(1) * self.layer.inputs();
        features.chunks(part).flat_map(|features| self.answer_part(features)).collect()
    }

    /// All queries take the same step from the same state, so that one plastic weight serves them.
    fn answer_part(&self, features: &[F]) -> Vec<F> {
        let batch = features.len() / self.layer.inputs();
        let carry = LayerCarry {
            state: self.carry.state.chunks_exact(self.classes).flat_map(|row| row.repeat(batch)).collect(),
            trace: self.carry.trace.repeat(batch),
            pre_traces: self.carry.pre_traces.iter().map(|trace| trace.repeat(batch)).collect(),
            ..self.carry.clone()
        };
        let rest = PlasticWeight::default();
        let pass = Pass {
            input: Input::Series(features),
            batch,
            phase: &[F::of(1.0)],
            carried: (self.steps > 0).then_some(&carry),
            alike: batch,
            ..self.pass(&rest)
        };
        let mut tape = Tape::default();
        self.layer.forward(&pass, &mut tape);
        let outputs = tape.outputs();
        let trajectory = Trajectory {
            steps: 1,
            batch,
            classes: self.classes,
            potential: outputs.potential,
            output: outputs.output,
            threshold: self.layer.threshold(),
        };
        read(&self.readout, &trajectory).values
    }

    fn pass<'a>(&'a self, rest: &'a PlasticWeight<F>) -> Pass<'a, F> {
        Pass {
            input: Input::Series(&[]),
            batch: 1,
            start: self.steps,
            phase: &[],
            params: &self.params,
            plastic: rest,
            drive: None,
            carried: None,
            continues: false,
            smooth: false,
            training: false,
            alike: 1,
        }
    }
}

fn zeros<F: Float>(count: usize) -> impl Iterator<Item = F> {
    std::iter::repeat_n(F::of(0.0), count)
}

/// Mean over rows; of nothing, nothing.
fn mean_row<F: Float>(values: &[F], rows: usize) -> Vec<F> {
    let width = values.len() / rows;
    let mut mean: Vec<F> = zeros(width).collect();
    let share = F::of(1.0 / rows as f64);
    values.chunks_exact(width.max(1)).for_each(|row| rows::add_scaled(&mut mean, share, row));
    mean
}
