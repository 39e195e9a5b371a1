//! On the chip: a few-shot run's episodes in integers and on cores.

use std::path::Path;

use glocal_chip::ChipError;
use glocal_chip::integer::Plastic;
use glocal_chip::map::{Folding, MapOptions};
use glocal_chip::place::Method;
use glocal_chip::simulate::{Faults, Network};
use glocal_chip::{QuantiseOptions, QuantizedNetwork};
use glocal_data::Locations;
use glocal_data::episodes::EpisodeShape;

use crate::chip::{
    EpisodeEvaluation, EpisodeTask, OnChip, chip, episode_network, judge_episodes, judge_episodes_in_floats,
    judge_episodes_on_chip, placed_network, share_of, time_episodes,
};
use crate::compare::{can_meet, letters};
use crate::error::GlocalError;
use crate::progress::Progress;
use crate::report::{ChipEpisodes, FewShotCell};
use crate::run_folder::RunFolder;
use crate::samples::{Part, RunSamples, Samples, core_shape};
use crate::train::load_network;

/// Sizes of episodes that are judged, where the read-out has as many neurons.
const TASKS: [EpisodeShape; 3] = [
    EpisodeShape { ways: 5, shots: 1, queries: 5 },
    EpisodeShape { ways: 5, shots: 5, queries: 5 },
    EpisodeShape { ways: 20, shots: 1, queries: 2 },
];

/// Episodes that judge each, and in the quick form; and those whose packets are followed.
const EPISODES: usize = 200;
const QUICK_EPISODES: usize = 20;
const FOLLOWED: usize = 2;

/// Ways to lay a convolution onto cores.
const FORMS: [(&str, Folding); 2] = [("folded", Folding::Bands), ("unfolded", Folding::Unfolded)];

/// The test episodes of a few-shot run on `tianjic-lp`, folded, and unfolded where that fits.
///
/// # Errors
/// A folder that is no run, or one that did not learn in episodes; data that are not there; a network that the chip cannot hold.
pub fn measure(
    run: &Path,
    locations: &Locations,
    quick: bool,
    progress: &Progress,
) -> Result<Vec<ChipEpisodes>, GlocalError> {
    check(run)?;
    let folder = RunFolder::read_only(run)?;
    let config = folder.config()?;
    let (learner, _) = load_network(&folder, &config)?;
    let all = Samples::of(&config, locations)?;
    let mut samples = RunSamples::new(&all, &config, None)?;
    let episodes = if quick { QUICK_EPISODES } else { EPISODES };
    let mut found = Vec::new();
    for shape in TASKS.into_iter().filter(|shape| can_meet(&config, shape.ways)) {
        let task = EpisodeTask { shape, part: Part::Test, episodes };
        samples.judge_by(shape, episodes, 1)?;
        let (mut narrowed, network) = episode_network(&learner, &config, shape, &QuantiseOptions::default())?;
        let float = judge_episodes_in_floats(&mut narrowed, &samples, task, config.eval_batch())?;
        let integer = judge_episodes(&network, &samples, task)?;
        for (name, folding) in FORMS {
            let label = format!("{}, {name}", letters(config.learner.network.learning_rule));
            let of = ChipEpisodes { label, float: cell(&float), integer: cell(&integer), ..ChipEpisodes::default() };
            match of_form(&network, &samples, task, folding, of) {
                Ok(of) => {
                    progress.say(&in_one_line(&of));
                    found.push(of);
                }
                Err(GlocalError::Chip(ChipError::DoesNotFit { .. })) if folding == Folding::Unfolded => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// Whether `run` is one to measure.
///
/// # Errors
/// A folder that is no run, or one that did not learn in episodes.
pub fn check(run: &Path) -> Result<(), GlocalError> {
    match RunFolder::read_only(run)?.config()?.episodes {
        Some(_) => Ok(()),
        None => Err(GlocalError::Usage {
            message: format!("{} did not learn in episodes", run.display()),
            hint: "give a run of `glocal reproduce few-shot`".into(),
        }),
    }
}

fn of_form(
    network: &QuantizedNetwork,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
    folding: Folding,
    of: ChipEpisodes,
) -> Result<ChipEpisodes, GlocalError> {
    let options = MapOptions { folding, ..MapOptions::default() };
    let on_chip = OnChip::new(network, chip("tianjic-lp")?, &options, Plastic::Moving)?;
    let placed = on_chip.placed(Method::annealing(on_chip.mapping().cores.len(), 1), &[], &[])?;
    let judged = judge_episodes_on_chip(&on_chip, samples, task, Faults::default())?;
    let sizes = core_shape(task.shape);
    let [store, ask] = placed.of_episode(sizes.supports, sizes.queries)?;
    let followed = EpisodeTask { episodes: FOLLOWED, ..task };
    let [stored, asked] = time_episodes(&on_chip, [&store, &ask], Network::Buffers, samples, followed)?;
    let (stored, asked) = (placed_network(&on_chip, &store, &stored)?, placed_network(&on_chip, &ask, &asked)?);
    Ok(ChipEpisodes {
        chip: on_chip.chip().name.clone(),
        ways: task.shape.ways,
        shots: task.shape.shots,
        on_chip: cell(&judged),
        cores: stored.cores,
        chips: stored.chips,
        followed: stored.images,
        class: share_of(&stored, task.shape.ways),
        query: share_of(&asked, sizes.queries),
        ..of
    })
}

fn cell(judged: &EpisodeEvaluation) -> FewShotCell {
    let (percent, interval) = (100.0 * judged.accuracy, Some(100.0 * judged.interval));
    FewShotCell { percent, interval, episodes: Some(judged.episodes) }
}

fn in_one_line(of: &ChipEpisodes) -> String {
    let percent = [&of.float, &of.integer, &of.on_chip].map(|cell| format!("{:.2}", cell.percent));
    let [float, integer, on_chip] = percent;
    let (time, energy) = (of.class.microseconds, of.class.nanojoules[1]);
    format!(
        "few-shot {}, {}-way {}-shot: {float} % float, {integer} integers, {on_chip} on {} ({} cores; {time:.0} us, {energy:.0} nJ a class)",
        of.label, of.ways, of.shots, of.chip, of.cores
    )
}
