//! Episodes as numbers that a network can take.

use super::{Episode, EpisodeShape, PictureClasses};
use crate::{DataError, ImageShape, text::check};

/// Some episodes of one size, reused from step to step.
///
/// # Shapes
/// B episodes of S supports and Q queries: `images` is `[B, S + Q, I]` and `labels` `[B, S + Q]`, of each episode its
/// support first, then its queries. With several looks at each picture S and Q count all of them: the whole support, then the
/// whole support again, and so on, the queries likewise.
///
/// # Units
/// Intensities in 0..=1: 0 is paper, 1 is ink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeBatch {
    shape: ImageShape,
    supports: usize,
    queries: usize,
    looks: usize,
    images: Vec<f32>,
    labels: Vec<u32>,
}

/// Most values of a batch: 4 GiB.
const MOST_VALUES: usize = 1 << 30;

impl EpisodeBatch {
    /// An empty batch, to be filled by [`EpisodeSampler::fill`](super::EpisodeSampler::fill).
    pub fn new() -> Self {
        EpisodeBatch::default()
    }

    /// Number of episodes, B.
    pub fn episodes(&self) -> usize {
        self.labels.len() / self.pictures().max(1)
    }

    /// Pictures of an episode to learn from, S.
    pub fn supports(&self) -> usize {
        self.supports
    }

    /// Pictures of an episode to be judged by, Q.
    pub fn queries(&self) -> usize {
        self.queries
    }

    /// How often each picture is looked at; 0 in an empty batch.
    pub fn looks(&self) -> usize {
        self.looks
    }

    /// Pictures of an episode, S + Q.
    pub fn pictures(&self) -> usize {
        self.supports.saturating_add(self.queries)
    }

    /// Size of a picture, whose values are I.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Intensities, `[B, S + Q, I]`.
    pub fn images(&self) -> &[f32] {
        &self.images
    }

    /// Classes within the episodes, `[B, S + Q]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    pub(super) fn begin(
        &mut self,
        shape: ImageShape,
        EpisodeShape { ways, shots, queries }: EpisodeShape,
        looks: usize,
    ) {
        (self.shape, self.looks) = (shape, looks);
        (self.supports, self.queries) = ((ways * shots).saturating_mul(looks), (ways * queries).saturating_mul(looks));
        self.images.clear();
        self.labels.clear();
    }

    /// Makes room for so many episodes.
    pub(super) fn reserve(&mut self, episodes: usize) -> Result<(), DataError> {
        let labels = episodes.checked_mul(self.pictures());
        let values = labels.and_then(|labels| labels.checked_mul(self.shape.inputs()));
        let good = values.is_some_and(|values| values <= MOST_VALUES);
        check(good, "episodes of a batch", episodes, "so many that they have at most 2^30 values together")?;
        self.images.reserve(values.unwrap_or(0));
        self.labels.reserve(labels.unwrap_or(0));
        Ok(())
    }

    /// Appends an episode.
    pub(super) fn push(&mut self, pool: &PictureClasses, episode: &Episode) {
        for pictures in [&episode.support, &episode.query] {
            for picture in (0..self.looks).flat_map(|_| pictures) {
                pool.push_turned(picture.picture, picture.quarter_turns, &mut self.images);
                self.labels.push(picture.label);
            }
        }
    }

    /// Places in an episode where a picture is looked at for the first time.
    pub(super) fn first_looks(&self) -> [std::ops::Range<usize>; 2] {
        let looks = self.looks.max(1);
        [0..self.supports / looks, self.supports..self.supports + self.queries / looks]
    }

    /// Labels and images of the last episode, in order.
    pub(super) fn last_mut(&mut self) -> impl Iterator<Item = (u32, &mut [f32])> {
        let first = self.labels.len().saturating_sub(self.pictures());
        let size = self.shape.inputs().max(1);
        let images = self.images[first * size..].chunks_exact_mut(size);
        self.labels[first..].iter().copied().zip(images)
    }
}
