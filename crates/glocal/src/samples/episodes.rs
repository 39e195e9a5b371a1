//! Episodes of a run: which classes each part may draw, and batches of episodes as a network takes them.

use glocal_data::episodes::{EpisodeBatch, EpisodeSampler, EpisodeShape, PictureClasses, SplitClasses, Variations};
use glocal_data::{Augmentations, Batch, Draw, Stream};

use super::{Damage, Part};
use crate::config::EpisodesConfig;
use crate::error::GlocalError;

/// Where a run's episodes come from.
#[derive(Debug)]
pub(super) struct EpisodeMaker<'a> {
    pool: &'a PictureClasses,
    config: &'a EpisodesConfig,
    classes: SplitClasses,
    stream: Stream,
    /// Size of the episodes that judge; those to learn from have the config's.
    judged: EpisodeShape,
    /// How often each of their pictures is looked at: once as it is, then varied as pictures to learn from are.
    looks: usize,
}

impl<'a> EpisodeMaker<'a> {
    /// Divides the classes, before anything else is drawn.
    ///
    /// # Errors
    /// Too few classes, or too few pictures of one, for an episode of any part.
    pub fn new(pool: &'a PictureClasses, config: &'a EpisodesConfig, stream: &Stream) -> Result<Self, GlocalError> {
        let stream = stream.fork("episodes");
        let classes = config.split.split(pool, config.rotations, &stream.fork("classes"))?;
        let maker = EpisodeMaker { pool, config, classes, stream, judged: config.judged(), looks: 1 };
        [Part::Train, Part::Validation, Part::Test].into_iter().try_for_each(|part| maker.sampler(part).map(|_| ()))?;
        Ok(maker)
    }

    /// The same classes in episodes of another size, with so many looks at each picture.
    ///
    /// # Errors
    /// Too few test classes, or too few pictures of one.
    pub fn judged_by(&self, shape: EpisodeShape, looks: usize) -> Result<Self, GlocalError> {
        let maker = EpisodeMaker {
            pool: self.pool,
            config: self.config,
            classes: self.classes.clone(),
            stream: self.stream.clone(),
            judged: shape,
            looks: looks.max(1),
        };
        maker.sampler(Part::Test)?;
        Ok(maker)
    }

    /// Pictures by class.
    pub fn pool(&self) -> &'a PictureClasses {
        self.pool
    }

    /// Size of the episodes of a part.
    pub fn shape(&self, part: Part) -> EpisodeShape {
        if part == Part::Train { self.config.shape() } else { self.judged }
    }

    /// Draws episodes of a part; no other part's classes are within its reach.
    ///
    /// # Errors
    /// As [`EpisodeMaker::new`].
    pub fn sampler(&self, part: Part) -> Result<EpisodeSampler<'_>, GlocalError> {
        let classes = match part {
            Part::Train => &self.classes.training,
            Part::Validation => &self.classes.validation,
            Part::Test => &self.classes.test,
        };
        Ok(EpisodeSampler::new(self.pool, classes, self.shape(part))?)
    }

    /// Where the episodes of a part are drawn from.
    pub fn stream(&self, part: Part) -> Stream {
        self.stream.fork(&part.to_string())
    }

    /// Fills `batch` with so many episodes of a part, from `first` on.
    ///
    /// # Errors
    /// An augmentation or damage whose parameter makes no sense.
    pub fn fill<'b>(
        &'b self,
        batch: &mut EpisodeBatch,
        part: Part,
        (first, episodes): (u64, usize),
        augment: &'b Augmentations,
    ) -> Result<(), GlocalError> {
        let of = |chain: &'b Augmentations| Some(chain).filter(|chain| part == Part::Train && !chain.is_empty());
        let again = if part == Part::Train { 0 } else { self.looks - 1 };
        let variations = Variations {
            pictures: of(augment),
            classes: of(&self.config.class_augment),
            looks: (again > 0).then_some((again, augment)),
        };
        Ok(self.sampler(part)?.fill(batch, &self.stream(part), first, episodes, variations)?)
    }
}

/// The images of `batch`, damaged; nothing if there is no damage.
///
/// # Errors
/// Damage whose parameter makes no sense.
pub(super) fn damaged(batch: &EpisodeBatch, damage: &Damage, draw: &Draw) -> Result<Option<Batch>, GlocalError> {
    if damage.images.is_empty() {
        return Ok(None);
    }
    let mut images = Batch::from_values(batch.shape(), batch.images().to_vec(), batch.labels().to_vec())?;
    damage.images.apply(&mut images, draw)?;
    Ok(Some(images))
}
