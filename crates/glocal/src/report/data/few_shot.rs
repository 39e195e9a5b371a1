//! Few-shot learning: classes never met before, told apart after a few labelled pictures of each.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::number;

/// What few-shot learning reached, beside what others published, and one episode step by step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FewShot {
    /// Ours and the published figures, in any order: the page puts ours first.
    pub table: Vec<FewShotRow>,
    /// The heads of the columns, for instance `5-way 1-shot`.
    pub tasks: Vec<String>,
    /// Accuracy against the number of labelled pictures.
    pub shots: Vec<ShotCurve>,
    /// Episodes shown in full, usually one.
    pub episodes: Vec<ExplainedEpisode>,
}

/// One network or one published method.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FewShotRow {
    /// Its name, for instance `HP, conv tanh`.
    pub label: String,
    /// Which parts were allowed to learn; absent of prototypes and of published figures.
    pub rule: Option<LearningRule>,
    /// Whether others published it.
    pub published: bool,
    /// One per task; absent where nothing was measured.
    pub cells: Vec<Option<FewShotCell>>,
}

impl FewShotRow {
    /// The cell of a task.
    pub(in crate::report) fn cell(&self, task: usize) -> Option<&FewShotCell> {
        self.cells.get(task).and_then(Option::as_ref)
    }
}

/// Accuracy at one task.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FewShotCell {
    /// Mean over episodes, in per cent.
    #[serde(deserialize_with = "number::one")]
    pub percent: f64,
    /// Half the width of the 95 % confidence interval over episodes.
    pub interval: Option<f64>,
    /// How many episodes.
    pub episodes: Option<u64>,
}

/// One network's accuracy against the number of labelled pictures of each class.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ShotCurve {
    /// Its name.
    pub label: String,
    /// Which parts were allowed to learn; absent of prototypes.
    pub rule: Option<LearningRule>,
    /// In any order.
    pub points: Vec<ShotPoint>,
}

impl ShotCurve {
    /// The points by rising number of pictures.
    pub(in crate::report) fn sorted(&self) -> Vec<ShotPoint> {
        let mut points = self.points.clone();
        points.sort_by_key(|point| point.shots);
        points
    }
}

/// Accuracy after a number of labelled pictures of each class.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ShotPoint {
    /// The labelled pictures of each class.
    pub shots: u32,
    /// Mean over episodes, in per cent.
    #[serde(deserialize_with = "number::one")]
    pub percent: f64,
    /// Half the width of the 95 % confidence interval over episodes.
    #[serde(deserialize_with = "number::one")]
    pub interval: f64,
}

/// One episode: what was shown, what the read-out did and what it stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExplainedEpisode {
    /// Rows and columns of a picture.
    pub side: usize,
    /// How many classes; each has a neuron of the read-out, its way neuron.
    pub ways: usize,
    /// The labelled pictures, in the order in which they were shown.
    pub support: Vec<ShownPicture>,
    /// A handful of the pictures asked about.
    pub queries: Vec<ShownPicture>,
    /// Membrane potential over threshold, `[S+1][ways]`: each step of the support, then the first query.
    #[serde(deserialize_with = "number::rows_f32")]
    pub potentials: Vec<Vec<f32>>,
    /// Plastic weights of the read-out before the support, `[ways][inputs]`.
    #[serde(deserialize_with = "number::rows_f32")]
    pub before: Vec<Vec<f32>>,
    /// Plastic weights of the read-out after the support, `[ways][inputs]`.
    #[serde(deserialize_with = "number::rows_f32")]
    pub after: Vec<Vec<f32>>,
}

impl ExplainedEpisode {
    /// How many labelled pictures were shown, also where not all of them are listed.
    pub(in crate::report) fn supports(&self) -> usize {
        self.support.len().max(self.potentials.len().saturating_sub(1))
    }

    /// Whether the label drives this way neuron at this step.
    pub(in crate::report) fn is_driven(&self, step: usize, neuron: usize) -> bool {
        self.support.get(step).is_some_and(|shown| shown.label as usize == neuron)
    }

    /// The first labelled picture of a class.
    pub(in crate::report) fn first_of(&self, class: usize) -> Option<&ShownPicture> {
        self.support.iter().find(|shown| shown.label as usize == class)
    }

    /// Lists at most so many labelled pictures, queries and way neurons.
    pub(in crate::report) fn bounded(&mut self, [supports, queries, ways]: [usize; 3]) {
        self.support.truncate(supports);
        self.queries.truncate(queries);
        self.queries.iter_mut().for_each(|query| query.answers.truncate(ways));
        self.potentials.iter_mut().for_each(|step| step.truncate(ways));
        [&mut self.before, &mut self.after].into_iter().for_each(|weights| weights.truncate(ways));
    }
}

/// A picture of an episode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ShownPicture {
    /// `side * side` levels, row by row, ink high; anything else is shown as missing.
    pub levels: Vec<u8>,
    /// Its class in this episode, from 0.
    pub label: u32,
    /// Where it comes from, for instance `Tibetan/character29`.
    pub name: String,
    /// Of a query, membrane potential over threshold of each way neuron; empty of the support.
    #[serde(deserialize_with = "number::many_f32")]
    pub answers: Vec<f32>,
}

/// What the network made of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Verdict {
    Right,
    /// The class that it answered instead.
    Wrong(usize),
    /// An answer is not finite, so none is the highest.
    NotFinite,
}

impl ShownPicture {
    /// `None` of a picture that nobody was asked about.
    pub(in crate::report) fn verdict(&self) -> Option<Verdict> {
        if self.answers.is_empty() {
            return None;
        }
        let right = |highest| highest == self.label as usize;
        Some(match highest(&self.answers) {
            None => Verdict::NotFinite,
            Some(class) if right(class) => Verdict::Right,
            Some(class) => Verdict::Wrong(class),
        })
    }
}

/// The place of the highest value, the first among equals; `None` where one is not finite.
pub(in crate::report) fn highest(values: &[f32]) -> Option<usize> {
    let is_finite = values.iter().all(|value| value.is_finite());
    let pick = |best: usize, next: usize| if values[next] > values[best] { next } else { best };
    (0..values.len()).reduce(pick).filter(|_| is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_first_highest_potential() {
        let query = |answers: &[f32]| ShownPicture { label: 1, answers: answers.to_vec(), ..Default::default() };
        assert_eq!(query(&[]).verdict(), None);
        assert_eq!(query(&[0.25, 0.5, -1.0]).verdict(), Some(Verdict::Right));
        assert_eq!(query(&[0.5, 0.5]).verdict(), Some(Verdict::Wrong(0)));
        assert_eq!(query(&[0.25, f32::NAN]).verdict(), Some(Verdict::NotFinite));
    }

    #[test]
    fn pictures_that_are_not_listed_are_counted() {
        let mut episode = ExplainedEpisode {
            support: vec![ShownPicture::default(); 5],
            potentials: vec![vec![0.0; 4]; 6],
            after: vec![vec![0.0]; 4],
            ..Default::default()
        };
        episode.bounded([2, 1, 3]);
        assert_eq!((episode.support.len(), episode.supports()), (2, 5));
        assert_eq!((episode.potentials[5].len(), episode.after.len()), (3, 3));
    }
}
