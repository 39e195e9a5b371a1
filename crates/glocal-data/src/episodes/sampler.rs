//! Episodes as functions of a stream and a number: the same on every machine, in any order, in batches of any size.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{ClassId, EpisodeBatch, EpisodeError, PictureClasses};
use crate::augment::{Map, vary};
use crate::{Augmentations, DataError, Draw, Stream, random::Draws, text::check};

/// How large an episode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeShape {
    /// Classes.
    pub ways: usize,
    /// Pictures of each class to learn from.
    pub shots: usize,
    /// Pictures of each class to be judged by.
    pub queries: usize,
}

impl EpisodeShape {
    /// Checks that there is at least one of each.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let EpisodeShape { ways, shots, queries } = *self;
        [("ways of an episode", ways), ("shots of an episode", shots), ("queries of an episode", queries)]
            .into_iter()
            .try_for_each(|(what, count)| check(count > 0, what, count, "at least 1"))
    }
}

impl fmt::Display for EpisodeShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpisodeShape { ways, shots, queries } = self;
        write!(f, "{ways}-way {shots}-shot, queries of each class: {queries}")
    }
}

/// A picture in an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodePicture {
    /// Number in the pool.
    pub picture: usize,
    /// Quarter turns, counter-clockwise: 0 to 3.
    pub quarter_turns: u8,
    /// Its class in this episode: 0 to ways - 1.
    pub label: u32,
}

/// A small task: learn the classes from the support, be judged by the queries.
///
/// # Shapes
/// `classes` is `[ways]`, by label; `support` is `[ways * shots]` and `query` `[ways * queries]`, each in random order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What the labels stand for; all different.
    pub classes: Vec<ClassId>,
    /// To learn from, with labels.
    pub support: Vec<EpisodePicture>,
    /// To be judged by; no drawing is in the support, too.
    pub query: Vec<EpisodePicture>,
}

/// How the pictures of an episode are varied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variations<'a> {
    /// Each picture in a way of its own: what a network should not care about.
    pub pictures: Option<&'a Augmentations>,
    /// All pictures of a class in the same way, before that: each episode meets classes that no other one does.
    pub classes: Option<&'a Augmentations>,
    /// Each picture again so many times, each time varied in a way of its own.
    pub looks: Option<(usize, &'a Augmentations)>,
}

/// Draws episodes from some classes of a pool.
#[derive(Clone, Copy, Debug)]
pub struct EpisodeSampler<'a> {
    pool: &'a PictureClasses,
    classes: &'a [ClassId],
    shape: EpisodeShape,
}

impl<'a> EpisodeSampler<'a> {
    /// Checks that every episode can be drawn.
    ///
    /// # Errors
    /// [`DataError::Parameter`] for ways, shots or queries of 0; [`EpisodeError::TooFewClasses`];
    /// [`EpisodeError::TooFewPictures`] with the first such class; a class that is not in the pool or listed twice;
    /// [`EpisodeError::NotSquare`] for odd turns of pictures that are not.
    pub fn new(pool: &'a PictureClasses, classes: &'a [ClassId], shape: EpisodeShape) -> Result<Self, DataError> {
        shape.validate()?;
        let mut seen = BTreeSet::new();
        for &id in classes {
            check_class(pool, id, shape)?;
            if !seen.insert(id) {
                return Err(EpisodeError::Twice { set: pool.name().into(), id }.into());
            }
        }
        let (ways, found) = (shape.ways, classes.len());
        if ways > found {
            return Err(EpisodeError::TooFewClasses { set: pool.name().into(), ways, found }.into());
        }
        Ok(EpisodeSampler { pool, classes, shape })
    }

    /// Where the pictures are.
    pub fn pool(&self) -> &'a PictureClasses {
        self.pool
    }

    /// How large the episodes are.
    pub fn shape(&self) -> EpisodeShape {
        self.shape
    }

    /// The episode with number `number`: a function of stream and number alone.
    pub fn episode(&self, stream: &Stream, number: u64) -> Episode {
        let EpisodeShape { ways, shots, queries } = self.shape;
        let mut draws = stream.draws_of(number);
        let classes: Vec<ClassId> =
            distinct(self.classes.len(), ways, &mut draws).into_iter().map(|place| self.classes[place]).collect();
        let (mut support, mut query) = (Vec::with_capacity(ways * shots), Vec::with_capacity(ways * queries));
        for (label, &ClassId { class, quarter_turns }) in (0..).zip(&classes) {
            let pictures = &self.pool.classes()[class].pictures;
            let drawn = distinct(pictures.len(), shots + queries, &mut draws);
            let mut drawn = drawn.into_iter().map(|place| pictures.start + place);
            let mut next = |picture| EpisodePicture { picture, quarter_turns, label };
            support.extend(drawn.by_ref().take(shots).map(&mut next));
            query.extend(drawn.map(next));
        }
        draws.shuffle(&mut support);
        draws.shuffle(&mut query);
        Episode { classes, support, query }
    }

    /// Fills `batch` with `episodes` episodes, numbered from `first_number`; allocates only while `batch` is smaller
    /// than needed. What `variations` draw depends on the episode's number, and the picture's place in it or its label,
    /// alone.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if an augmentation's parameter is out of range, or for more than 2^30 values; `batch`
    /// is then empty.
    pub fn fill(
        &self,
        batch: &mut EpisodeBatch,
        stream: &Stream,
        first_number: u64,
        episodes: usize,
        variations: Variations<'_>,
    ) -> Result<(), DataError> {
        let (again, of_look) = variations.looks.map_or((0, None), |(again, of)| (again, Some(of)));
        batch.begin(self.pool.shape(), self.shape, again.saturating_add(1));
        let chains = [variations.pictures, variations.classes, of_look];
        chains.into_iter().flatten().try_for_each(Augmentations::validate)?;
        batch.reserve(episodes)?;
        let [of_pictures, of_classes, of_looks] = ["augment", "class-augment", "looks"].map(|name| stream.fork(name));
        let mut before = Vec::new();
        for number in (0..episodes as u64).map(|place| first_number.wrapping_add(place)) {
            batch.push(self.pool, &self.episode(stream, number));
            if chains.iter().all(Option::is_none) {
                continue;
            }
            let draw = |of: Option<&Augmentations>, stream: &Stream, at: u32| {
                of.map_or(Map::IDENTITY, |of| of.draw(&Draw::new(stream, number), at))
            };
            let firsts = batch.first_looks();
            for (place, (label, image)) in (0..).zip(batch.last_mut()) {
                let class = draw(variations.classes, &of_classes, label);
                let map = class.then(&draw(variations.pictures, &of_pictures, place));
                // The first time a picture is seen as it is.
                let look = of_look.filter(|_| !firsts.iter().any(|first| first.contains(&(place as usize))));
                let map = map.then(&draw(look, &of_looks, place));
                vary(image, self.pool.shape(), &map, &mut before);
            }
        }
        Ok(())
    }
}

fn check_class(pool: &PictureClasses, id: ClassId, shape: EpisodeShape) -> Result<(), EpisodeError> {
    let (set, classes) = (|| pool.name().to_owned(), pool.classes().len());
    let Some(class) = pool.classes().get(id.class).filter(|_| id.quarter_turns < 4) else {
        return Err(EpisodeError::NoSuchClass { set: set(), id, classes });
    };
    if id.quarter_turns % 2 == 1 && pool.shape().height != pool.shape().width {
        return Err(EpisodeError::NotSquare { set: set(), shape: pool.shape() });
    }
    let (EpisodeShape { shots, queries, .. }, found) = (shape, class.pictures.len());
    if shots.checked_add(queries).is_none_or(|wanted| wanted > found) {
        return Err(EpisodeError::TooFewPictures { set: set(), class: class.name.clone(), shots, queries, found });
    }
    Ok(())
}

/// `count` different numbers below `bound` in random order: a shuffle (Fisher and Yates) cut short.
fn distinct(bound: usize, count: usize, draws: &mut Draws) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..bound).collect();
    for place in 0..count {
        numbers.swap(place, place + draws.below((bound - place) as u64) as usize);
    }
    numbers.truncate(count);
    numbers
}
