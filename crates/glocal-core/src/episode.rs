//! Episodes: a network that meets new classes in a few labelled samples, its support, and is asked about further ones, its
//! queries.
//!
//! All samples of a batch of episodes run through the embedding as one batch. A read-out then turns the embedded support
//! into an answer to each query. The plastic one is an ordinary plastic layer whose time steps are the samples of its
//! episode: the support, one after the other, while labels drive its neurons and the rule moves its plastic weights, and
//! last the query. A query is the last step of a scan of its own, so that none writes what another one reads.

use serde::{Deserialize, Serialize};

use crate::rows;
use crate::scalar::Float;

/// What answers a query from the embedded support.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EpisodeReadout {
    /// The network's last layer, whose plastic weights start each episode at zero and store its support.
    Plastic {
        /// Current that the label adds to its neuron while a sample of the support is shown.
        #[serde(default = "default_drive")]
        drive: f64,
    },
    /// The distance to the mean embedding of each class (Snell et al. 2017); all layers are the embedding.
    Prototypes {},
}

fn default_drive() -> f64 {
    10.0
}

/// How the samples of a batch make episodes: each episode's support first, then its queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeShape {
    /// Classes of an episode.
    pub ways: usize,
    /// Labelled samples of an episode, all classes together.
    pub supports: usize,
    /// Samples asked about, all classes together.
    pub queries: usize,
}

impl EpisodeShape {
    /// Samples of one episode.
    pub fn samples(self) -> usize {
        self.supports + self.queries
    }

    /// Episodes of `batch` samples.
    pub fn episodes(self, batch: usize) -> usize {
        batch / self.samples()
    }

    /// Queries of `batch` samples.
    pub fn all_queries(self, batch: usize) -> usize {
        self.episodes(batch) * self.queries
    }

    /// Time steps of the plastic read-out.
    pub(crate) fn steps(self) -> usize {
        self.supports + 1
    }

    /// Labels of the queries of `labels`, which holds those of all samples.
    pub(crate) fn query_labels(self, labels: &[u32]) -> Vec<u32> {
        labels.chunks_exact(self.samples()).flat_map(|episode| &episode[self.supports..]).copied().collect()
    }

    /// Sample that query `query` (of all episodes) sees at step `t`.
    fn sample(self, query: usize, t: usize) -> usize {
        let (episode, own) = (query / self.queries, query % self.queries);
        episode * self.samples() + if t < self.supports { t } else { self.supports + own }
    }
}

/// What an episode's read-out works on, kept from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct EpisodeBuffers<F> {
    pub shape: Option<EpisodeShape>,
    /// Labels of all samples.
    pub labels: Vec<u32>,
    /// Embedding of each sample, `[N,I]`.
    pub features: Vec<F>,
    /// What each query's scan sees, `[S+1,Q,I]`, and its label drive, `[S+1,Q,O]`.
    pub series: Vec<F>,
    pub drive: Vec<F>,
    /// k_t of the read-out: 1.
    pub phase: Vec<F>,
    pub series_gradient: Vec<F>,
    /// Gradient of the embedding layers' output, `[T,N,I]`.
    pub output_gradient: Vec<F>,
}

/// Mean over steps of the embedding's output, `[T,N,I]` to `[N,I]`.
pub(crate) fn embed<F: Float>(output: &[F], steps: usize, features: &mut Vec<F>) {
    let size = output.len() / steps;
    features.clear();
    features.extend_from_slice(&output[..size]);
    if steps > 1 {
        output[size..].chunks_exact(size).for_each(|plane| rows::add_scaled(features, F::of(1.0), plane));
        rows::scale(features, F::of(1.0 / steps as f64));
    }
}

impl<F: Float> EpisodeBuffers<F> {
    /// Lays out the plastic read-out's scan: one sample for each query.
    pub fn arrange(&mut self, shape: EpisodeShape, drive: f64, width: usize, outputs: usize) {
        let batch = self.features.len() / width;
        let queries = shape.all_queries(batch);
        self.series.clear();
        self.phase.clear();
        self.phase.resize(shape.steps(), F::of(1.0));
        self.drive.clear();
        self.drive.resize(shape.steps() * queries * outputs, F::of(0.0));
        for t in 0..shape.steps() {
            for query in 0..queries {
                let sample = shape.sample(query, t);
                self.series.extend_from_slice(&self.features[sample * width..][..width]);
                if t < shape.supports {
                    self.drive[(t * queries + query) * outputs + self.labels[sample] as usize] = F::of(drive);
                }
            }
        }
    }

    /// Adjoint of [`EpisodeBuffers::arrange`] and [`embed`].
    pub fn arrange_adjoint(&mut self, shape: EpisodeShape, steps: usize, width: usize) {
        let queries = shape.all_queries(self.features.len() / width);
        let mut gradient = std::mem::take(&mut self.output_gradient);
        gradient.clear();
        gradient.resize(self.features.len(), F::of(0.0));
        for t in 0..shape.steps() {
            for query in 0..queries {
                let sample = shape.sample(query, t);
                let from = &self.series_gradient[(t * queries + query) * width..][..width];
                rows::add_scaled(&mut gradient[sample * width..][..width], F::of(1.0), from);
            }
        }
        self.output_gradient = gradient;
        self.embed_adjoint(steps);
    }

    /// Adjoint of [`embed`], from and to `output_gradient`.
    fn embed_adjoint(&mut self, steps: usize) {
        if steps > 1 {
            let size = self.output_gradient.len();
            rows::scale(&mut self.output_gradient, F::of(1.0 / steps as f64));
            (1..steps).for_each(|_| self.output_gradient.extend_from_within(..size));
        }
    }

    /// Answers of prototypes.
    ///
    /// # Equation
    /// y_c = -|f(query) - p_c|², p_c the mean of f over the support of class c.
    ///
    /// # References
    /// Snell, Swersky & Zemel, "Prototypical networks for few-shot learning" (2017), arXiv 1703.05175.
    pub fn prototypes(&self, shape: EpisodeShape, width: usize) -> Vec<F> {
        let mut values = Vec::with_capacity(shape.all_queries(self.labels.len()) * shape.ways);
        for (features, labels) in self.episodes(shape, width) {
            let prototypes = means(shape, width, features, labels);
            for query in features[shape.supports * width..].chunks_exact(width) {
                values.extend(prototypes.chunks_exact(width).map(|prototype| minus_squared_distance(query, prototype)));
            }
        }
        values
    }

    /// Adjoint of [`EpisodeBuffers::prototypes`] and [`embed`] from dy `[Q,C]`.
    pub fn prototypes_adjoint(&mut self, shape: EpisodeShape, dy: &[F], steps: usize, width: usize) {
        let mut gradient = std::mem::take(&mut self.output_gradient);
        gradient.clear();
        gradient.resize(self.features.len(), F::of(0.0));
        let of_episode = shape.queries * shape.ways;
        for (e, (features, labels)) in self.episodes(shape, width).enumerate() {
            let prototypes = means(shape, width, features, labels);
            let mut prototype_gradient = vec![F::of(0.0); prototypes.len()];
            let own = &mut gradient[e * shape.samples() * width..][..shape.samples() * width];
            let (support, query) = own.split_at_mut(shape.supports * width);
            for (q, gradient) in query.chunks_exact_mut(width).enumerate() {
                let x = &features[(shape.supports + q) * width..][..width];
                for (c, p) in prototypes.chunks_exact(width).enumerate() {
                    let weight = F::of(-2.0) * dy[e * of_episode + q * shape.ways + c];
                    let to = &mut prototype_gradient[c * width..][..width];
                    for (((g, to), &x), &p) in gradient.iter_mut().zip(to).zip(x).zip(p) {
                        let part = weight * (x - p);
                        *g += part;
                        *to = *to - part;
                    }
                }
            }
            let counts = counts(shape, labels);
            for (gradient, &label) in support.chunks_exact_mut(width).zip(labels) {
                let share = F::of(1.0 / counts[label as usize] as f64);
                rows::add_scaled(gradient, share, &prototype_gradient[label as usize * width..][..width]);
            }
        }
        self.output_gradient = gradient;
        self.embed_adjoint(steps);
    }

    /// Features and labels of each episode.
    fn episodes(&self, shape: EpisodeShape, width: usize) -> impl Iterator<Item = (&[F], &[u32])> {
        let samples = shape.samples();
        self.features.chunks_exact(samples * width).zip(self.labels.chunks_exact(samples))
    }
}

/// Answer of a prototype.
///
/// # Equation
/// -|f - p|².
pub(crate) fn minus_squared_distance<F: Float>(query: &[F], prototype: &[F]) -> F {
    let squares = query.iter().zip(prototype).map(|(&q, &p)| (q - p) * (q - p));
    F::of(0.0) - squares.fold(F::of(0.0), |sum, d| sum + d)
}

/// Samples of each class in an episode's support.
fn counts(shape: EpisodeShape, labels: &[u32]) -> Vec<usize> {
    let mut counts = vec![0; shape.ways];
    labels[..shape.supports].iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

/// Mean of an episode's support for each class, `[C,I]`.
fn means<F: Float>(shape: EpisodeShape, width: usize, features: &[F], labels: &[u32]) -> Vec<F> {
    let mut means = vec![F::of(0.0); shape.ways * width];
    let counts = counts(shape, labels);
    for (row, &label) in features.chunks_exact(width).zip(&labels[..shape.supports]) {
        let share = F::of(1.0 / counts[label as usize] as f64);
        rows::add_scaled(&mut means[label as usize * width..][..width], share, row);
    }
    means
}
