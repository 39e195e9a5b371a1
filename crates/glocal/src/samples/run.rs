//! A run's view of its data set: parts, order, and batches as a network takes them.

use std::fmt;

use glocal_core::{Examples, Input};
use glocal_data::encode::EncodeBuffers;
use glocal_data::episodes::{Episode, EpisodeBatch, EpisodeShape, PictureClasses};
use glocal_data::{
    Augmentations, Batch, Corruption, Corruptions, DataError, Draw, Encoded, Encoder, EventCorruption,
    EventCorruptions, Split, Stream, epoch_order,
};

use super::episodes::{EpisodeMaker, damaged};
use super::frames::FrameMaker;
use super::{Damage, Samples, index, only_for_episodes};
use crate::config::RunConfig;
use crate::config::parse::Source;
use crate::error::GlocalError;

/// What a run uses some of its samples for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose the model by; taken from the training split.
    Validation,
    /// To judge the chosen model by.
    Test,
}

impl Part {
    /// The split of the data set that it is a part of.
    pub fn split(self) -> Split {
        match self {
            Part::Train | Part::Validation => Split::Train,
            Part::Test => Split::Test,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
        })
    }
}

/// A run's view of a data set: its parts, their order and their encoding, all functions of the config alone.
#[derive(Debug)]
pub struct RunSamples<'a> {
    samples: &'a Samples,
    train: Vec<u32>,
    validation: Vec<u32>,
    test: Vec<u32>,
    shuffle: bool,
    augment: Augmentations,
    encoder: Encoder,
    frames: Option<FrameMaker<'a>>,
    episodes: Option<EpisodeMaker<'a>>,
    steps: usize,
    stream: Stream,
}

impl<'a> RunSamples<'a> {
    /// Splits the samples as `config` says; `source` tells where its values stand, for messages.
    ///
    /// # Errors
    /// A network that does not fit the samples, or more validation samples than there are.
    pub fn new(samples: &'a Samples, config: &'a RunConfig, source: Option<&Source>) -> Result<Self, GlocalError> {
        let stream = Stream::new(config.training.seed);
        let frames = match (samples, &config.events) {
            (_, Some(events)) => Some(FrameMaker::new(samples, events, &stream)?),
            (Samples::Images(_) | Samples::Classes(_), None) => None,
            (Samples::Recordings(_), None) => {
                return Err(GlocalError::Usage {
                    message: format!(
                        "`{}` holds recordings, and the config does not say how to cut them",
                        samples.name()
                    ),
                    hint: "add `[events]` with `framing = { cut = { by = \"time\", frames = 10 } }`".into(),
                });
            }
        };
        let episodes = match (samples, &config.episodes) {
            (Samples::Classes(pool), Some(episodes)) => Some(EpisodeMaker::new(pool, episodes, &stream)?),
            _ => None,
        };
        let classes = config.episodes.as_ref().map_or(samples.classes(), |episodes| episodes.ways);
        config.check_shapes(&shape_of(samples, frames.as_ref()), classes, source)?;
        if let Some(own) = &config.episodes {
            let first = |count: usize| (0..).take(count).collect();
            return Ok(RunSamples {
                train: first(own.training),
                validation: first(own.validation),
                test: first(own.test),
                ..RunSamples::bare(samples, config, (frames, episodes), stream)
            });
        }
        let validation = &stream.fork("validation split");
        let split = match samples {
            Samples::Images([train, _]) => train.split_validation(config.data.validation, validation)?,
            Samples::Recordings([train, _]) => train.split_validation(config.data.validation, validation)?,
            Samples::Classes(_) => return Err(only_for_episodes(samples.name())),
        };
        let limit = config.data.train_limit.unwrap_or(usize::MAX);
        Ok(RunSamples {
            train: split.train.into_iter().take(limit).collect(),
            validation: split.validation,
            test: (0..).take(samples.len(Split::Test).min(config.data.test_limit.unwrap_or(usize::MAX))).collect(),
            ..RunSamples::bare(samples, config, (frames, None), stream)
        })
    }

    /// Without parts.
    fn bare(
        samples: &'a Samples,
        config: &RunConfig,
        (frames, episodes): (Option<FrameMaker<'a>>, Option<EpisodeMaker<'a>>),
        stream: Stream,
    ) -> Self {
        RunSamples {
            samples,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            shuffle: config.training.shuffle,
            augment: config.data.augment.clone(),
            encoder: config.encoder,
            frames,
            episodes,
            steps: config.learner.network.steps,
            stream,
        }
    }

    /// Judges by test episodes of another size from now on, on the same classes; `looks` at each picture: once as it is, then varied
    /// as pictures to learn from are, with the mean of the answers to a query.
    ///
    /// # Errors
    /// A run without episodes; too few test classes or pictures.
    pub fn judge_by(&mut self, shape: EpisodeShape, test: usize, looks: usize) -> Result<(), GlocalError> {
        let Some(episodes) = &self.episodes else {
            return Err(GlocalError::Usage {
                message: "the run does not learn in episodes".into(),
                hint: "give a run whose config has a table [episodes]".into(),
            });
        };
        self.episodes = Some(episodes.judged_by(shape, looks)?);
        self.test = (0..).take(test).collect();
        Ok(())
    }

    /// Size of the episodes of a part, if the run learns in episodes.
    pub fn episode_shape(&self, part: Part) -> Option<EpisodeShape> {
        self.episodes.as_ref().map(|episodes| episodes.shape(part))
    }

    /// Episode `number` of a part with the pool that its pictures are from, to be looked at.
    pub fn episode(&self, part: Part, number: u32) -> Option<(&'a PictureClasses, Episode)> {
        let episodes = self.episodes.as_ref()?;
        let episode = episodes.sampler(part).ok()?.episode(&episodes.stream(part), u64::from(number));
        Some((episodes.pool(), episode))
    }

    /// The numbers of a part's samples, in their own order.
    pub fn numbers(&self, part: Part) -> &[u32] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }

    /// Samples of the largest part: no batch is larger.
    pub fn most_samples(&self) -> usize {
        [Part::Train, Part::Validation, Part::Test].map(|part| self.numbers(part).len()).into_iter().max().unwrap_or(0)
    }

    /// Number of classes; of an episode that judges, where the run learns in episodes.
    pub fn classes(&self) -> usize {
        self.episode_shape(Part::Test).map_or(self.samples.classes(), |shape| shape.ways)
    }

    /// What the network's inputs are arranged as, `[channels, height, width]`.
    pub fn shape(&self) -> [usize; 3] {
        shape_of(self.samples, self.frames.as_ref())
    }

    /// What a class shows; its number where no name is known.
    pub fn class_name(&self, class: u32) -> String {
        self.samples.class_names().get(class as usize).cloned().unwrap_or_else(|| format!("class {class}"))
    }

    /// Whether damage to images, and damage to events, make sense here.
    fn bears(&self) -> (bool, bool) {
        (!matches!(self.samples, Samples::Recordings(_)), self.frames.is_some())
    }

    /// Reads damage as the command line gives it: chains of clauses. Where a simulated camera looks at images, what
    /// images know (`border=2`) is done to the images, the rest to the events.
    ///
    /// # Errors
    /// A clause that is neither.
    pub fn damage(&self, texts: &[String]) -> Result<Damage, GlocalError> {
        let (images, events) = self.bears();
        let mut damage = Damage::none();
        for clause in texts.iter().flat_map(|text| text.split('+')).map(str::trim).filter(|&text| text != "none") {
            match (clause.parse::<Corruption>(), clause.parse::<EventCorruption>()) {
                (Ok(corruption), _) if images => damage.images = damage.images.then(Corruptions::from(corruption)),
                (_, Ok(corruption)) if events => damage.events = damage.events.then(EventCorruptions::from(corruption)),
                (Err(error), _) if images => return Err(error.into()),
                (_, Err(error)) if events => return Err(error.into()),
                _ => {
                    let (is, are) = if images { ("events", "images") } else { ("images", "recordings") };
                    return Err(GlocalError::Usage {
                        message: format!("`{clause}` damages {is}, but the run's data set holds {are}"),
                        hint: "`glocal eval --help` lists both kinds".into(),
                    });
                }
            }
        }
        Ok(damage)
    }

    /// The order in which `epoch` visits the training samples.
    pub fn training_order(&self, epoch: u64) -> Vec<u32> {
        if self.episodes.is_some() {
            // Every epoch has episodes of its own.
            return self.train.clone();
        }
        if self.shuffle { epoch_order(&self.train, &self.stream.fork("order"), epoch) } else { self.train.clone() }
    }

    /// Puts training samples into `feed`, varied and encoded by the random numbers of `epoch`.
    ///
    /// # Errors
    /// Numbers that are not there, recordings that cannot be read.
    pub fn training_batch(&self, feed: &mut Feed, numbers: &[u32], epoch: u64) -> Result<(), GlocalError> {
        let draw = |purpose: &str| Draw::new(&self.stream.fork(purpose), epoch);
        if let Some(episodes) = &self.episodes {
            let first = epoch * self.train.len() as u64 + u64::from(numbers.first().copied().unwrap_or(0));
            return self.episodes_into(feed, episodes, (Part::Train, first, numbers.len()), &Damage::none());
        }
        match self.samples {
            Samples::Images([train, _]) if self.frames.is_none() => {
                train.gather(numbers, &mut feed.batch)?;
                self.augment.apply(&mut feed.batch, &draw("augmentation"))?;
                self.encode(feed, &draw("training encoder"))
            }
            _ => self.cut(feed, Split::Train, numbers, &Damage::none(), &draw("training events")),
        }
    }

    /// Puts samples into `feed` to be judged, damaged first; what is drawn depends on seed, part and sample alone.
    ///
    /// # Errors
    /// Numbers that are not there, recordings that cannot be read.
    pub fn evaluation_batch(
        &self,
        feed: &mut Feed,
        part: Part,
        numbers: &[u32],
        damage: &Damage,
    ) -> Result<(), GlocalError> {
        if let Some(episodes) = &self.episodes {
            let first = u64::from(numbers.first().copied().unwrap_or(0));
            return self.episodes_into(feed, episodes, (part, first, numbers.len()), damage);
        }
        let draw = |purpose: &str| Draw::new(&self.stream.fork(purpose).fork(&part.to_string()), 0);
        match self.samples {
            Samples::Images(sets) if self.frames.is_none() => {
                sets[index(part.split())].gather(numbers, &mut feed.batch)?;
                damage.images.apply(&mut feed.batch, &draw("corruption"))?;
                self.encode(feed, &draw("evaluation encoder"))
            }
            _ => self.cut(feed, part.split(), numbers, damage, &draw("corruption")),
        }
    }

    /// Puts other episodes of the training classes into `feed` than any epoch has, for the hypergradient.
    ///
    /// # Errors
    /// A run without episodes.
    pub fn meta_batch(&self, feed: &mut Feed, numbers: &[u32], epoch: u64) -> Result<(), GlocalError> {
        let Some(episodes) = &self.episodes else { return self.training_batch(feed, numbers, epoch) };
        // Training episodes count from 0 up, these from the other end.
        let first = epoch * self.train.len() as u64 + u64::from(numbers.first().copied().unwrap_or(0));
        self.episodes_into(feed, episodes, (Part::Train, u64::MAX / 2 + first, numbers.len()), &Damage::none())
    }

    fn episodes_into(
        &self,
        feed: &mut Feed,
        episodes: &EpisodeMaker<'_>,
        (part, first, count): (Part, u64, usize),
        damage: &Damage,
    ) -> Result<(), GlocalError> {
        let mut batch = feed.episodes.take().map(|(batch, _)| batch).unwrap_or_default();
        episodes.fill(&mut batch, part, (first, count), &self.augment)?;
        let draw = Draw::new(&self.stream.fork("corruption").fork(&part.to_string()), first);
        feed.damaged = damaged(&batch, damage, &draw)?;
        feed.cut = None;
        if let Some(maker) = &self.frames {
            let mut cut = Cut::default();
            let shape = batch.shape();
            let images = feed.damaged.as_ref().map_or(batch.images(), Batch::values);
            maker.fill_from_images((images, [shape.height, shape.width]), damage, &draw, &mut cut.series)?;
            feed.cut = Some(cut);
        }
        let EpisodeShape { ways, shots, queries } = episodes.shape(part);
        let looks = batch.looks();
        feed.episodes = Some((batch, EpisodeShape { ways, shots: shots * looks, queries: queries * looks }));
        Ok(())
    }

    fn encode(&self, feed: &mut Feed, draw: &Draw) -> Result<(), GlocalError> {
        feed.cut = None;
        self.encoder.encode_into(&feed.batch, self.steps, draw, &mut feed.buffers)?;
        Ok(())
    }

    fn cut(
        &self,
        feed: &mut Feed,
        split: Split,
        numbers: &[u32],
        damage: &Damage,
        draw: &Draw,
    ) -> Result<(), GlocalError> {
        let maker = self.frames.as_ref().expect("recordings have frames, see `new`");
        let mut cut = feed.cut.take().unwrap_or_default();
        maker.fill(split, numbers, damage, draw, &mut cut.series)?;
        let labels = numbers.iter().map(|&number| maker.label(split, number));
        cut.labels = labels.collect::<Result<_, DataError>>()?;
        feed.cut = Some(cut);
        Ok(())
    }

    /// The only sample of a batch, to be looked at: the image in grey, or all events of each pixel.
    pub fn picture(&self, feed: &Feed) -> Option<Picture> {
        let [_, height, width] = self.shape();
        let plane = height * width;
        let values = match &feed.cut {
            None => {
                let shape = feed.batch.shape();
                shape.in_grey(feed.batch.values().get(..shape.inputs())?)
            }
            Some(cut) => {
                let mut sum = vec![0.0f32; plane];
                for frame in cut.series.chunks_exact(plane) {
                    sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
                }
                let most = sum.iter().copied().fold(1.0, f32::max);
                sum.iter().map(|x| x / most).collect()
            }
        };
        Some(Picture { width, height, values })
    }
}

fn shape_of(samples: &Samples, frames: Option<&FrameMaker<'_>>) -> [usize; 3] {
    match (frames, samples) {
        (Some(maker), _) => [2, usize::from(maker.sensor().height), usize::from(maker.sensor().width)],
        (None, Samples::Images([train, _])) => {
            let shape = train.shape();
            [shape.channels, shape.height, shape.width]
        }
        (None, Samples::Classes(pool)) => [1, pool.shape().height, pool.shape().width],
        (None, Samples::Recordings(_)) => [0; 3],
    }
}

/// A grey picture, 0..=1, `[height, width]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row after row.
    pub values: Vec<f32>,
}

/// One batch as a network takes it; its memory is reused from step to step.
#[derive(Debug, Default)]
pub struct Feed {
    batch: Batch,
    buffers: EncodeBuffers,
    /// Frames of recordings; absent while the batch is one of images.
    cut: Option<Cut>,
    /// Episodes with their size; absent while every sample stands for itself.
    episodes: Option<(EpisodeBatch, EpisodeShape)>,
    /// Their images, if they are damaged.
    damaged: Option<Batch>,
}

#[derive(Debug, Default)]
struct Cut {
    /// `[T, B, 2, height, width]`.
    series: Vec<f32>,
    labels: Vec<u32>,
}

impl Feed {
    /// What a learner takes.
    pub fn examples(&self) -> Examples<'_, f32> {
        match &self.episodes {
            None => Examples::new(self.input(), self.labels()),
            Some((_, shape)) => Examples::in_episodes(self.input(), self.labels(), core_shape(*shape)),
        }
    }

    /// The network's input.
    pub fn input(&self) -> Input<'_, f32> {
        match (&self.cut, &self.episodes, self.buffers.encoded()) {
            (Some(cut), ..) => Input::Series(&cut.series),
            (None, Some((batch, _)), _) => Input::Constant(self.damaged.as_ref().map_or(batch.images(), Batch::values)),
            (None, None, Encoded::Constant(values)) => Input::Constant(values),
            (None, None, Encoded::Series(values)) => Input::Series(values),
        }
    }

    /// Classes of the batch, `[B]`.
    pub fn labels(&self) -> &[u32] {
        match (&self.episodes, &self.cut) {
            (Some((batch, _)), _) => batch.labels(),
            (None, Some(cut)) => &cut.labels,
            (None, None) => self.batch.labels(),
        }
    }

    /// Classes of what the network is asked about: of the queries, if the batch is one of episodes.
    pub fn asked(&self) -> Vec<u32> {
        match &self.episodes {
            None => self.labels().to_vec(),
            Some((batch, _)) => {
                let asked = batch.supports()..batch.supports() + batch.queries() / batch.looks().max(1);
                let queries = |episode: &[u32]| episode[asked.clone()].to_vec();
                batch.labels().chunks_exact(batch.pictures()).flat_map(queries).collect()
            }
        }
    }

    /// Queries of each episode; `None` if samples stand for themselves.
    pub fn queries(&self) -> Option<usize> {
        self.episodes.as_ref().map(|(batch, _)| batch.queries() / batch.looks().max(1))
    }

    /// How often each picture is looked at, if the batch is one of episodes.
    pub fn looks(&self) -> usize {
        self.episodes.as_ref().map_or(1, |(batch, _)| batch.looks())
    }
}

/// An episode's size as the core counts it: all classes together.
pub fn core_shape(shape: EpisodeShape) -> glocal_core::EpisodeShape {
    let EpisodeShape { ways, shots, queries } = shape;
    glocal_core::EpisodeShape { ways, supports: ways * shots, queries: ways * queries }
}
