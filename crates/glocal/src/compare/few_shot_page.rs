//! What a page shows of few-shot learning.

use glocal_core::{EpisodeReadout, Examples, Input, Learner};
use glocal_data::Locations;
use glocal_data::episodes::{ClassId, EpisodePicture, EpisodeShape, PictureClasses};

use super::{RunRecord, TaskFigure, can_meet};
use crate::error::GlocalError;
use crate::experiments::few_shot::{COLUMNS, ContestantResult, FewShotResults, LOOKS, PUBLISHED};
use crate::report::{ExplainedEpisode, FewShot, FewShotCell, FewShotRow, ShotCurve, ShotPoint, ShownPicture};
use crate::run_folder::RunFolder;
use crate::samples::{Part, RunSamples, Samples, core_shape, is_absent};
use crate::train::load_network;

/// The episode that is shown.
const SHOWN: EpisodeShape = EpisodeShape { ways: 5, shots: 1, queries: 2 };

/// Figures of all runs that were judged in episodes, and one episode where data and checkpoint are at hand.
pub(super) fn few_shot(records: &[RunRecord], locations: &Locations) -> Result<Option<FewShot>, GlocalError> {
    let results = FewShotResults::of(records);
    if results.runs.is_empty() {
        return Ok(None);
    }
    let seeds = results.runs.iter().any(|run| run.seed != results.runs[0].seed);
    let label =
        |run: &ContestantResult| if seeds { format!("{}, seed {}", run.label, run.seed) } else { run.label.clone() };
    let row = |run: &ContestantResult, looks: usize| {
        let cell = |&(ways, shots): &(usize, usize)| run.figures.task(ways, shots, looks).map(measured);
        let label = match looks {
            1 => label(run),
            _ => format!("{}, {looks} looks at each picture", label(run)),
        };
        FewShotRow { label, rule: run.rule, published: false, cells: COLUMNS.iter().map(cell).collect() }
    };
    let own = |run: &ContestantResult| {
        let several = run.figures.tasks.iter().any(|task| task.looks == LOOKS);
        std::iter::once(row(run, 1)).chain(several.then(|| row(run, LOOKS))).collect::<Vec<_>>()
    };
    let published = |(label, cells): &(&str, [Option<f64>; 4])| {
        let cell = |&percent: &Option<f64>| percent.map(|percent| FewShotCell { percent, ..FewShotCell::default() });
        FewShotRow { label: (*label).into(), rule: None, published: true, cells: cells.iter().map(cell).collect() }
    };
    let curve = |run: &ContestantResult| {
        let five = run.figures.tasks.iter().filter(|task| task.shape.ways == 5 && task.looks == 1);
        let point = |task: &TaskFigure| ShotPoint {
            shots: task.shape.shots as u32,
            percent: 100.0 * task.accuracy,
            interval: 100.0 * task.interval,
        };
        ShotCurve { label: label(run), rule: run.rule, points: five.map(point).collect() }
    };
    Ok(Some(FewShot {
        table: results.runs.iter().flat_map(own).chain(PUBLISHED.iter().map(published)).collect(),
        tasks: COLUMNS.iter().map(|(ways, shots)| format!("{ways}-way {shots}-shot")).collect(),
        shots: results.runs.iter().map(curve).collect(),
        episodes: explained(records, locations)?.into_iter().collect(),
    }))
}

fn measured(task: &TaskFigure) -> FewShotCell {
    FewShotCell { percent: 100.0 * task.accuracy, interval: Some(100.0 * task.interval), episodes: Some(task.episodes) }
}

/// The first test episode of the first hybrid run that sees pictures.
fn explained(records: &[RunRecord], locations: &Locations) -> Result<Option<ExplainedEpisode>, GlocalError> {
    let tells = |record: &&RunRecord| {
        let network = &record.config.learner.network;
        record.few_shot.is_some()
            && record.config.events.is_none()
            && record.config.is_plastic()
            && matches!(network.episode, Some(EpisodeReadout::Plastic { .. }))
            && can_meet(&record.config, SHOWN.ways)
    };
    let Some(record) = records.iter().find(tells) else { return Ok(None) };
    let samples = match Samples::of(&record.config, locations) {
        Ok(samples) => samples,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut samples = RunSamples::new(&samples, &record.config, None)?;
    samples.judge_by(SHOWN, 1, 1)?;
    let (learner, _) = load_network(&RunFolder::read_only(&record.root)?, &record.config)?;
    let mut learner = learner.narrowed(SHOWN.ways)?;
    let Some((pool, episode)) = samples.episode(Part::Test, 0) else { return Ok(None) };
    let pictures: Vec<EpisodePicture> = episode.support.iter().chain(&episode.query).copied().collect();
    let values: Vec<Vec<f32>> = pictures.iter().map(|picture| intensities(pool, picture)).collect();
    let labels: Vec<u32> = pictures.iter().map(|picture| picture.label).collect();
    let shape = core_shape(SHOWN);
    let images = values.concat();
    let answers = learner.answer(Examples::in_episodes(Input::Constant(&images), &labels, shape))?.to_vec();
    let inside = inside(&mut learner, &values[..=shape.supports], &labels[..=shape.supports], shape)?;
    let shown = |(place, picture): (usize, &EpisodePicture)| {
        let ClassId { class, .. } = episode.classes[picture.label as usize];
        ShownPicture {
            levels: pool.picture(picture.picture).to_vec(),
            label: picture.label,
            name: pool.classes()[class].name.clone(),
            answers: match place.checked_sub(shape.supports) {
                Some(query) => answers[query * SHOWN.ways..][..SHOWN.ways].to_vec(),
                None => Vec::new(),
            },
        }
    };
    let mut shown: Vec<ShownPicture> = pictures.iter().enumerate().map(shown).collect();
    let queries = shown.split_off(shape.supports);
    Ok(Some(ExplainedEpisode { side: pool.shape().width, ways: SHOWN.ways, support: shown, queries, ..inside }))
}

/// Potentials of the support and the first query, and plastic weights before and after.
fn inside(
    learner: &mut Learner,
    values: &[Vec<f32>],
    labels: &[u32],
    shape: glocal_core::EpisodeShape,
) -> Result<ExplainedEpisode, GlocalError> {
    let images = values.concat();
    let alone = glocal_core::EpisodeShape { queries: 1, ..shape };
    let recording = learner.record_episode(Examples::in_episodes(Input::Constant(&images), labels, alone))?;
    let threshold = recording.threshold as f32;
    let steps = recording.membrane_potentials.chunks_exact(shape.ways);
    let width = recording.plastic_weight.len() / shape.ways;
    let after: Vec<Vec<f32>> = recording.plastic_weight.chunks_exact(width.max(1)).map(<[f32]>::to_vec).collect();
    Ok(ExplainedEpisode {
        potentials: steps.map(|step| step.iter().map(|v| v / threshold).collect()).collect(),
        before: after.iter().map(|row| vec![0.0; row.len()]).collect(),
        after,
        ..ExplainedEpisode::default()
    })
}

/// A test picture is never turned.
fn intensities(pool: &PictureClasses, picture: &EpisodePicture) -> Vec<f32> {
    pool.picture(picture.picture).iter().map(|&level| f32::from(level) / 255.0).collect()
}
