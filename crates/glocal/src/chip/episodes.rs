//! A run's episodes judged by integers and by the cores of a chip: classes that are stored there, and queries.

use glocal_chip::integer::{Answer, Episodes, LayerStep, Plastic, Shown};
use glocal_chip::simulate::{Faults, Machine, Network, Placed, Program, Tally, TimedEpisodes, schedule_of};
use glocal_chip::{ChipError, QuantiseOptions, QuantizedNetwork, quantise_episodes};
use glocal_core::{EpisodeReadout, Learner, PlasticEval};
use glocal_data::episodes::EpisodeShape;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::OnChip;
use super::judge::integers;
use crate::compare::can_meet;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, evaluate, spread};
use crate::report::{ChipCost, PlacedNetwork};
use crate::samples::{Damage, Feed, Part, RunSamples, core_shape};

/// Episodes that are made at once.
const BATCH: usize = 32;

/// Which episodes judge: as many of this size as `episodes`, one look at each picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeTask {
    /// Classes, labelled pictures and queries of each.
    pub shape: EpisodeShape,
    /// Whose characters.
    pub part: Part,
    /// How many.
    pub episodes: usize,
}

/// What came of some episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpisodeEvaluation {
    /// Episodes judged.
    pub episodes: u64,
    /// Queries of all.
    pub queries: u64,
    /// Of these, answered rightly.
    pub correct: u64,
    /// `correct / queries`, 0..=1.
    pub accuracy: f64,
    /// Half width of the 95 % confidence interval of the mean over episodes, as a share.
    pub interval: f64,
}

/// How long an episode takes at least, whatever its packets do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpisodeFit {
    /// Classes, labelled pictures and queries of each.
    pub shape: EpisodeShape,
    /// Phases in which the support is stored.
    pub store_phases: u64,
    /// The same in microseconds.
    pub store_microseconds: f64,
    /// Phases in which the queries are answered.
    pub ask_phases: u64,
    /// The same in microseconds.
    pub ask_microseconds: f64,
}

impl EpisodeTask {
    /// Lets a run's samples have as many episodes of the part; those of `samples` that it is made from.
    pub fn limit(&self, config: &mut RunConfig) {
        let Some(episodes) = &mut config.episodes else { return };
        match self.part {
            Part::Train => episodes.training = self.episodes,
            Part::Validation => episodes.validation = self.episodes,
            Part::Test => episodes.test = self.episodes,
        }
    }
}

/// The pictures of an episode as the chip takes them, with their classes.
#[derive(Debug)]
struct Pictures {
    support: Vec<(Vec<i8>, u32)>,
    queries: Vec<(Vec<i8>, u32)>,
}

/// A run's network narrowed to so many classes, in floats and in integers.
///
/// # Errors
/// More classes than the read-out has neurons; whatever the chip cannot do.
pub fn episode_network(
    learner: &Learner,
    config: &RunConfig,
    shape: EpisodeShape,
    options: &QuantiseOptions,
) -> Result<(Learner, QuantizedNetwork), GlocalError> {
    let plastic = matches!(config.learner.network.episode, Some(EpisodeReadout::Plastic { .. }));
    if plastic && !can_meet(config, shape.ways) {
        let most = config.learner.network.layers.last().map_or(0, |layer| layer.size);
        return Err(GlocalError::Usage {
            message: format!("{} classes asked for, the run's read-out can tell {most}", shape.ways),
            hint: "give fewer `--ways`, or train with more `episodes.ways`".into(),
        });
    }
    let narrowed = learner.narrowed(shape.ways)?;
    let network = quantise_episodes(&narrowed, options, shape.shots)?;
    Ok((narrowed, network))
}

/// The network in floats on the same episodes.
///
/// # Errors
/// Too few classes or pictures; a loss that is not finite.
pub fn judge_episodes_in_floats(
    learner: &mut Learner,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
    batch: usize,
) -> Result<EpisodeEvaluation, GlocalError> {
    let options = EvalOptions { plastic: PlasticEval::Moving, damage: Damage::none(), batch };
    let found = evaluate(learner, samples, task.part, &options)?;
    let (episodes, interval) = found.episodes.map_or((0, 0.0), |spread| (spread.episodes, spread.interval));
    let (queries, correct, accuracy) = (found.samples, found.correct, found.accuracy);
    Ok(EpisodeEvaluation { episodes, queries, correct, accuracy, interval })
}

/// The network in integers, without a chip.
///
/// # Errors
/// Pictures that do not fit the network.
pub fn judge_episodes(
    network: &QuantizedNetwork,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
) -> Result<EpisodeEvaluation, GlocalError> {
    judged_by(network, samples, task, |episodes| {
        let run = |own: &mut Result<Episodes<'_>, ChipError>, pictures: &Pictures| {
            // A network that meets no episodes is refused for each share of them anew.
            let Ok(own) = own else { return Err(ChipError::Episodes { in_episodes: false }) };
            own.begin();
            pictures.support.iter().try_for_each(|(picture, label)| own.store(picture, *label, |_| ()))?;
            pictures.queries.iter().map(|(picture, _)| own.ask(picture, |_| ()).map(class)).collect()
        };
        episodes.par_iter().map_init(|| Episodes::new(network), run).collect()
    })
}

/// The cores of a chip that may be damaged.
///
/// # Errors
/// As [`judge_episodes`].
pub fn judge_episodes_on_chip(
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
    faults: Faults,
) -> Result<EpisodeEvaluation, GlocalError> {
    let program = Program::with_faults(on_chip.network(), on_chip.mapping(), faults);
    judged_by(on_chip.network(), samples, task, |episodes| {
        let run = |machine: &mut Machine<'_, '_>, pictures: &Pictures| {
            machine.begin()?;
            for (picture, label) in &pictures.support {
                machine.show(picture, Shown::Support(*label), |_| ())?;
            }
            let ask = |(picture, _): &(Vec<i8>, u32)| machine.show(picture, Shown::Query, |_| ()).map(class);
            pictures.queries.iter().map(ask).collect()
        };
        episodes.par_iter().map_init(|| Machine::new(&program, Plastic::Moving), run).collect()
    })
}

/// Follows the packets of some episodes: what storing their supports took, and what answering their queries did.
///
/// # Errors
/// As [`judge_episodes`]; a phase of fixed length that packets overrun.
pub fn time_episodes(
    on_chip: &OnChip<'_>,
    placed: [&Placed<'_>; 2],
    network: Network,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
) -> Result<[Tally; 2], GlocalError> {
    let program = Program::new(on_chip.network(), on_chip.mapping());
    let mut tallies = [Tally::default(), Tally::default()];
    judged_by(on_chip.network(), samples, task, |episodes| {
        let machine = || {
            let machine = Machine::new(&program, Plastic::Moving);
            TimedEpisodes::new(placed, machine, on_chip.chip(), network)
        };
        let share = episodes.len().div_ceil(rayon::current_num_threads()).max(1);
        let run = |episodes: &[Pictures]| {
            let (mut timed, mut own) = (machine()?, [Tally::default(), Tally::default()]);
            let mut classes = Vec::with_capacity(episodes.len());
            for Pictures { support, queries } in episodes {
                let support: Vec<(&[i8], u32)> =
                    support.iter().map(|(picture, label)| (&picture[..], *label)).collect();
                let queries: Vec<&[i8]> = queries.iter().map(|(picture, _)| &picture[..]).collect();
                let found = timed.run(&support, &queries)?;
                own[0].join(&found.stored);
                own[1].join(&found.asked);
                classes.push(found.answers.into_iter().map(class).collect());
            }
            Ok((classes, own))
        };
        let shares = episodes.par_chunks(share).map(run).collect::<Result<Vec<_>, ChipError>>()?;
        for (_, own) in &shares {
            tallies.iter_mut().zip(own).for_each(|(sum, own)| sum.join(own));
        }
        Ok(shares.into_iter().flat_map(|(classes, _): (Vec<Vec<u32>>, _)| classes).collect())
    })?;
    Ok(tallies)
}

/// What one of so many equal parts took of what they took together.
pub fn share_of(whole: &PlacedNetwork, parts: usize) -> ChipCost {
    let of = |value: f64| value / parts.max(1) as f64;
    ChipCost { microseconds: of(whole.microseconds), nanojoules: whole.nanojoules.map(of) }
}

/// A picture of a probed episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbedPicture {
    /// Its number, the support first.
    pub picture: usize,
    /// `support` or `query`.
    pub shown: &'static str,
    /// Its class in the episode.
    pub class: u32,
    /// What a query was taken for.
    pub answer: Option<u32>,
}

/// Runs one episode on the cores. `look` sees every layer at every step, counted over all pictures, and plastic weights. With the
/// packets of each message at each step, `[T,M]`, of all pictures.
///
/// # Errors
/// As [`judge_episodes`]; fewer episodes in the part.
pub fn probe_episode(
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    (part, episode): (Part, usize),
    mut look: impl FnMut(LayerStep<'_>),
) -> Result<(Vec<ProbedPicture>, Vec<u32>), GlocalError> {
    let numbers = samples.numbers(part);
    let number = numbers.get(episode).ok_or_else(|| GlocalError::Usage {
        message: format!("there is no episode {episode}: there are {}", numbers.len()),
        hint: "count from 0".into(),
    })?;
    let made = made(on_chip.network(), samples, part, std::slice::from_ref(number))?;
    let program = Program::new(on_chip.network(), on_chip.mapping());
    let mut machine = Machine::new(&program, Plastic::Moving).showing_plastic();
    machine.begin()?;
    let (mut pictures, mut packets) = (Vec::new(), Vec::new());
    for Pictures { support, queries } in &made {
        let support = support.iter().map(|(picture, class)| (picture, *class, Shown::Support(*class), "support"));
        let queries = queries.iter().map(|(picture, class)| (picture, *class, Shown::Query, "query"));
        for (number, (picture, of, shown, words)) in support.chain(queries).enumerate() {
            let first = number * on_chip.network().steps;
            let answer = machine.show(picture, shown, |seen| look(LayerStep { step: first + seen.step, ..seen }))?;
            packets.extend_from_slice(machine.packets());
            let answer = (shown == Shown::Query).then(|| class(answer));
            pictures.push(ProbedPicture { picture: number, shown: words, class: of, answer });
        }
    }
    Ok((pictures, packets))
}

fn class(answer: Answer) -> u32 {
    answer.class as u32
}

/// Some episodes of a part.
fn made(
    network: &QuantizedNetwork,
    samples: &RunSamples<'_>,
    part: Part,
    numbers: &[u32],
) -> Result<Vec<Pictures>, GlocalError> {
    let mut feed = Feed::default();
    samples.evaluation_batch(&mut feed, part, numbers, &Damage::none())?;
    let shape = samples.episode_shape(part).map(core_shape).ok_or(ChipError::Episodes { in_episodes: false })?;
    let labels = feed.labels();
    let mut pictures = integers(network, feed.input(), labels.len())?.into_iter().zip(labels.iter().copied());
    let mut take = |count: usize| pictures.by_ref().take(count).collect::<Vec<_>>();
    Ok(numbers.iter().map(|_| Pictures { support: take(shape.supports), queries: take(shape.queries) }).collect())
}

/// Judges by classes that `classify` finds for the queries of episodes.
fn judged_by(
    network: &QuantizedNetwork,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
    mut classify: impl FnMut(&[Pictures]) -> Result<Vec<Vec<u32>>, ChipError>,
) -> Result<EpisodeEvaluation, GlocalError> {
    let numbers = samples.numbers(task.part);
    let (mut queries, mut correct, mut shares) = (0, 0, Vec::new());
    for numbers in numbers[..task.episodes.min(numbers.len())].chunks(BATCH) {
        let episodes = made(network, samples, task.part, numbers)?;
        for (episode, found) in episodes.iter().zip(classify(&episodes)?) {
            let right = episode.queries.iter().zip(&found).filter(|((_, label), found)| label == *found).count();
            queries += episode.queries.len() as u64;
            correct += right as u64;
            shares.push(right as f64 / episode.queries.len().max(1) as f64);
        }
    }
    let (episodes, interval) = spread(&shares).map_or((0, 0.0), |spread| (spread.episodes, spread.interval));
    Ok(EpisodeEvaluation { episodes, queries, correct, accuracy: correct as f64 / queries.max(1) as f64, interval })
}

impl EpisodeFit {
    /// Of a mapped network.
    ///
    /// # Errors
    /// A phase that a core overruns.
    pub fn of(on_chip: &OnChip<'_>, shape: EpisodeShape) -> Result<EpisodeFit, GlocalError> {
        let sizes = core_shape(shape);
        let of =
            |plastic, pictures| schedule_of(on_chip.network(), on_chip.mapping(), on_chip.chip(), (plastic, pictures));
        let (store, ask) = (of(Plastic::Moving, sizes.supports)?, of(Plastic::Resting, sizes.queries)?);
        Ok(EpisodeFit {
            shape,
            store_phases: store.phases,
            store_microseconds: store.microseconds,
            ask_phases: ask.phases,
            ask_microseconds: ask.microseconds,
        })
    }
}
