//! What a network costs that meets its classes in episodes: of a picture, labelled or asked about.
//!
//! The embedding runs all its steps for each picture, a plastic read-out one. Its weights at rest are the slow ones alone, for P is
//! zero when an episode begins. A labelled picture is read and written, a query only read.

use glocal_core::{EpisodeReadout, EpisodeShape, Input, Learner, PlasticEval};
use tracing::debug_span;

use super::plastic::PlasticTally;
use super::synapses::Connection;
use super::{Cost, SAMPLES, Tally};
use crate::error::GlocalError;
use crate::samples::{Damage, Feed, Part, RunSamples};

/// Counts over the pictures of a part's first episodes.
pub(super) fn measure(
    learner: &mut Learner,
    samples: &RunSamples<'_>,
    (part, shape): (Part, EpisodeShape),
    damage: &Damage,
) -> Result<Option<Cost>, GlocalError> {
    let numbers = samples.numbers(part);
    let numbers = &numbers[..numbers.len().min(SAMPLES.div_ceil(shape.samples().max(1)))];
    if numbers.is_empty() {
        return Ok(None);
    }
    let _span = debug_span!("cost", part = %part).entered();
    let mut tally = Tally::default();
    let mut plastic = PlasticTally::of(learner.network());
    let mut feed = Feed::default();
    for number in numbers {
        samples.evaluation_batch(&mut feed, part, &[*number], damage)?;
        let input = feed.input();
        let features = tally.embedding(learner, input, shape.samples())?;
        learner.evaluate_on(feed.examples(), PlasticEval::Moving)?;
        if matches!(learner.config().network.episode, Some(EpisodeReadout::Plastic { .. })) {
            tally.read_out(learner, shape);
        }
        if let Some(plastic) = &mut plastic {
            plastic.count(input, shape.samples(), learner.workspace());
            plastic.count_episode(&features, shape);
        }
    }
    Ok(Some(tally.finish(plastic)))
}

impl Tally {
    /// The embedding at rest, and a plastic read-out's slow weights; gives what the pictures are embedded as.
    fn embedding(
        &mut self,
        learner: &mut Learner,
        input: Input<'_, f32>,
        pictures: usize,
    ) -> Result<Vec<f32>, GlocalError> {
        Ok(learner.embedding_at_rest(input, |network, params, workspace, features| {
            self.weights_of(params);
            self.activity(network, params, workspace, (input, pictures));
            if let Some((readout, params)) = network.layers().iter().zip(params).nth(network.embedding()) {
                let connection = Connection::matrix(&params.weight, readout.outputs());
                self.operations.count(&connection, Input::Constant(features), (1, pictures));
            }
            features.to_vec()
        })?)
    }

    /// What the read-out's neurons did at the pictures of the last episode, each once: every query has a scan of its own, which
    /// sees the same support.
    fn read_out(&mut self, learner: &mut Learner, shape: EpisodeShape) {
        let (last, neurons) = (learner.network().layers().len() - 1, learner.network().classes());
        let outputs = once(learner.workspace().layer(last).output, neurons, shape);
        self.outputs_of(&learner.network().layers()[last], &outputs);
    }
}

/// Of outputs `[S+1,Q,O]`, those at the support's steps of one query, and at the last step of all.
fn once(outputs: &[f32], neurons: usize, shape: EpisodeShape) -> Vec<f32> {
    let step = shape.queries * neurons;
    let (support, queries) = outputs.split_at(outputs.len().min(shape.supports * step));
    support.chunks_exact(step.max(1)).flat_map(|step| &step[..neurons]).chain(queries).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_support_counts_once() {
        // Two steps of support and the query's, two queries, two neurons.
        let outputs = [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let shape = EpisodeShape { ways: 2, supports: 2, queries: 2 };
        assert_eq!(once(&outputs, 2, shape), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    }
}
