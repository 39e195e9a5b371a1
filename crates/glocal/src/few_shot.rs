//! A user's own handful of pictures: a trained network meets their classes in one episode and answers.

use std::path::{Path, PathBuf};

use glocal_core::scalar::Scalar;
use glocal_core::{EpisodeReadout, EpisodeShape, Examples, Input};
use glocal_data::episodes::{Ink, PictureOptions, class_pictures, query_pictures};
use glocal_data::{Augmentations, Batch, Draw, ImageShape, Stream};
use serde::Serialize;

use crate::compare::can_meet;
use crate::error::GlocalError;
use crate::run_folder::RunFolder;
use crate::train::load_network;

/// What a network made of the queries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// Names of the classes, in the order of `scores`.
    pub classes: Vec<String>,
    /// Pictures of the support.
    pub support: usize,
    /// One for each query.
    pub answers: Vec<Answer>,
    /// Queries answered rightly, and those whose class is known by their folder; absent if none is.
    pub correct: Option<[usize; 2]>,
}

/// What a network made of one query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The picture.
    pub file: PathBuf,
    /// The class that it was taken for.
    pub class: String,
    /// Softmax over the answers.
    pub share: f32,
    /// Answers of all classes: v/threshold of their neurons, or minus the squared distance to their prototypes.
    pub scores: Vec<f32>,
    /// The class folder that it lies in.
    pub expected: Option<String>,
}

/// Shows `support` (a folder of class folders) to the network of a run, then asks it about `query` (a picture, a folder
/// of pictures, or of class folders). It looks at each picture `looks` times: as it is, then varied as the pictures were that the
/// run learned from; the answers to a query are averaged.
///
/// # Errors
/// A run that did not learn in episodes, more classes than its read-out has neurons, folders without pictures,
/// unreadable pictures; several looks where the run varied no pictures, or none.
pub fn answer(run: &Path, support: &Path, query: &Path, ink: Ink, looks: usize) -> Result<Answers, GlocalError> {
    let folder = RunFolder::read_only(run)?;
    let config = folder.config()?;
    let usage = |message: String, hint: &str| Err(GlocalError::Usage { message, hint: hint.into() });
    let Some(episodes) = &config.episodes else {
        let message = format!("{} did not learn in episodes: it knows its own classes only", run.display());
        return usage(message, "give a run of `glocal reproduce few-shot`, or of a config with a table [episodes]");
    };
    if config.events.is_some() {
        let message = format!("{} learnt from events, and these are pictures", run.display());
        return usage(message, "give a run without [events]");
    }
    if looks == 0 || (looks > 1 && config.data.augment.is_empty()) {
        let message = format!("{looks} looks at each picture: {} varied no pictures while it learned", run.display());
        return usage(message, "look once, or train with `data.augment`");
    }
    let options = PictureOptions { side: Some(episodes.side), ink };
    let classes = class_pictures(support, options)?;
    let queries = query_pictures(query, options)?;
    let ways = classes.classes().len();
    let plastic = matches!(config.learner.network.episode, Some(EpisodeReadout::Plastic { .. }));
    if !can_meet(&config, ways) || (ways < 2 && plastic) {
        let most = config.learner.network.layers.last().map_or(0, |layer| layer.size);
        let message = format!("{} has {ways} classes, the run's read-out can tell 2 to {most}", support.display());
        return usage(message, "take folders away, or train with more `episodes.ways`");
    }
    let (learner, _) = load_network(&folder, &config)?;
    let mut learner = learner.narrowed(ways)?;
    let labels: Vec<u32> = (0..).zip(classes.classes()).flat_map(|(label, c)| vec![label; c.pictures.len()]).collect();
    let order = interleaved(&labels, ways);
    let intensity = |levels: &[u8]| levels.iter().map(|&level| f32::from(level) / 255.0).collect::<Vec<f32>>();
    let stored: Vec<f32> = order.iter().flat_map(|&picture| intensity(classes.picture(picture))).collect();
    let questions: Vec<f32> = queries.iter().flat_map(|query| intensity(&query.levels)).collect();
    let stream = Stream::new(config.training.seed).fork("looks");
    let again = |name: &str, images: Vec<f32>| {
        several_looks(images, classes.shape(), looks, &config.data.augment, &stream.fork(name))
    };
    let images = [again("support", stored)?, again("query", questions)?].concat();
    let of_support = order.iter().map(|&picture| labels[picture]).collect::<Vec<_>>().repeat(looks);
    let asked: Vec<u32> = of_support.iter().copied().chain(std::iter::repeat_n(0, queries.len() * looks)).collect();
    let shape = EpisodeShape { ways, supports: labels.len() * looks, queries: queries.len() * looks };
    let scores = learner.answer_looks(Examples::in_episodes(Input::Constant(&images), &asked, shape), looks)?;
    let names: Vec<String> = classes.classes().iter().map(|class| class.name.clone()).collect();
    let answer = |(query, scores): (glocal_data::episodes::QueryPicture, &[f32])| {
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
        let sum: f32 = scores.iter().map(|score| Scalar::exp(score - scores[best])).sum();
        Answer {
            file: query.file,
            class: names[best].clone(),
            share: 1.0 / sum,
            scores: scores.to_vec(),
            expected: query.class.filter(|class| names.contains(class)),
        }
    };
    let answers: Vec<Answer> = queries.into_iter().zip(scores.chunks_exact(ways)).map(answer).collect();
    let known = answers.iter().filter(|answer| answer.expected.is_some()).count();
    let right = answers.iter().filter(|answer| answer.expected.as_ref() == Some(&answer.class)).count();
    Ok(Answers { classes: names, support: labels.len(), answers, correct: (known > 0).then_some([right, known]) })
}

/// All images as they are, then again and again, each time varied in a way of its own.
fn several_looks(
    images: Vec<f32>,
    shape: ImageShape,
    looks: usize,
    augment: &Augmentations,
    stream: &Stream,
) -> Result<Vec<f32>, GlocalError> {
    let mut all = images.clone();
    for look in 1..looks {
        let labels = vec![0; images.len() / shape.inputs()];
        let mut batch = Batch::from_values(shape, images.clone(), labels)?;
        augment.apply(&mut batch, &Draw::new(stream, look as u64))?;
        all.extend_from_slice(batch.values());
    }
    Ok(all)
}

/// Pictures in the order shown: one of each class in turn, so that no class is all past before another begins.
fn interleaved(labels: &[u32], ways: usize) -> Vec<usize> {
    let mut turns = vec![0usize; ways];
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(labels.len());
    for (picture, &label) in labels.iter().enumerate() {
        order.push((turns[label as usize], picture));
        turns[label as usize] += 1;
    }
    order.sort_unstable();
    order.into_iter().map(|(_, picture)| picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_take_turns() {
        assert_eq!(interleaved(&[0, 0, 0, 1, 2, 2], 3), [0, 3, 4, 1, 5, 2]);
    }
}
