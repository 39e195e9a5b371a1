//! A [`Report`] filled from run folders.

use glocal_core::{Learner, LearningRule};
use glocal_data::Locations;

use super::class_incremental_page::class_incremental;
use super::continual_page::continual;
use super::fault_page::{confusions, fault_tolerance};
use super::few_shot_page::few_shot;
use super::multi_task_page::multi_task;
use super::{RunRecord, arms, chips, letters};
use crate::error::GlocalError;
use crate::machine::Machine;
use crate::report::{
    Arm, Continual, ContinualMethod, FewShot, FewShotCell, Finding, Headline, HybridFields, Image, MultiTask,
    MultiTaskNetwork, NoiseAccuracy, PlasticLayer, Provenance, Report, SampleActivity, WeightView,
};
use crate::run_folder::RunFolder;
use crate::samples::{Damage, Feed, Part, RunSamples, Samples, is_absent};
use crate::train::load_network;

/// Membrane traces drawn per layer.
const TRACES: usize = 3;
/// Neurons whose weights are drawn per layer.
const FIELDS: usize = 12;

/// What a page says that run folders do not.
#[derive(Clone, Debug, Default)]
pub struct Headings {
    /// The heading.
    pub title: String,
    /// One paragraph in plain words.
    pub summary: String,
    /// Command lines that give the same numbers again.
    pub commands: Vec<String>,
}

/// A page on some runs. A sample's activity and the plastic weights are shown where the data and the checkpoint of a
/// run are at hand.
///
/// # Errors
/// A damaged checkpoint or data file. Data that are not on this machine only leave the activity out.
pub fn report(records: &[RunRecord], headings: Headings, locations: &Locations) -> Result<Report, GlocalError> {
    let alike = alike(records);
    let arms = arms(&alike);
    let few_shot = few_shot(records, locations)?;
    let continual = continual(records);
    let multi_task = multi_task(records);
    let mut page = Report {
        title: headings.title,
        summary: headings.summary,
        headlines: match (&few_shot, &continual, &multi_task) {
            (Some(few_shot), ..) => of_tasks(few_shot),
            (None, Some(continual), _) => of_methods(continual),
            (None, None, Some(multi_task)) => of_networks(multi_task),
            _ if alike.is_empty() => of_datasets(records),
            _ => headlines(&arms),
        },
        few_shot,
        class_incremental: class_incremental(records),
        continual,
        multi_task,
        chips: chips(records),
        fault_tolerance: fault_tolerance(records, locations)?,
        confusions: confusions(records, locations),
        health: Some(findings(records)),
        provenance: Some(provenance(records, headings.commands)),
        arms,
        ..Report::default()
    };
    if let Some(shown) = most_telling(records) {
        show_inside(&mut page, shown, locations)?;
    }
    Ok(page)
}

/// The run whose inside is shown: a hybrid one if there is one.
fn most_telling(records: &[RunRecord]) -> Option<&RunRecord> {
    // An episode is explained on its own.
    let alone = |record: &&RunRecord| record.config.episodes.is_none() && record.config.continual.is_none();
    let finished = || records.iter().filter(|record| record.summary.is_some()).filter(alone);
    finished().find(|r| r.config.learner.network.learning_rule == LearningRule::Hybrid).or_else(|| finished().next())
}

/// The runs that may be compared as arms: those that see what the first measured one sees; none if a page is about runs
/// on several data sets.
fn alike(records: &[RunRecord]) -> Vec<RunRecord> {
    let Some(first) = records.first() else { return Vec::new() };
    let other = |record: &RunRecord| record.config.data.dataset != first.config.data.dataset;
    // Contestants of few-shot learning and of tasks in a row differ in more than their arm.
    let contests = |record: &RunRecord| record.config.episodes.is_some() || record.config.continual.is_some();
    if records.iter().any(|record| other(record) || contests(record)) {
        return Vec::new();
    }
    records.iter().filter(|record| record.config.events == first.config.events).cloned().collect()
}

/// The test accuracy of each run.
fn of_datasets(records: &[RunRecord]) -> Vec<Headline> {
    let headline = |record: &RunRecord| {
        let summary = record.summary.as_ref()?;
        let validation =
            summary.validation_accuracy.map(|share| format!("{:.2} % of the validation samples", 100.0 * share));
        Some(Headline {
            label: format!("{}, {}", record.config.data.dataset, record.label()),
            value: format!("{:.2} %", 100.0 * summary.test.accuracy),
            note: validation,
        })
    };
    records.iter().filter_map(headline).collect()
}

/// The first network's accuracy in each task.
fn of_tasks(few_shot: &FewShot) -> Vec<Headline> {
    let Some(first) = few_shot.table.first() else { return Vec::new() };
    let headline = |(task, cell): (&String, &Option<FewShotCell>)| {
        let cell = cell.as_ref()?;
        Some(Headline {
            label: format!("{}, {task}", first.label),
            value: format!("{:.1} %", cell.percent),
            note: cell.interval.zip(cell.episodes).map(|(half, n)| format!("± {half:.1}, {n} episodes")),
        })
    };
    few_shot.tasks.iter().zip(&first.cells).filter_map(headline).collect()
}

/// Mean accuracy of each method over all tasks.
fn of_methods(continual: &Continual) -> Vec<Headline> {
    let headline = |method: &ContinualMethod| of_all_tasks(&method.label, &method.average, method.told);
    continual.methods.iter().take(4).map(headline).collect()
}

/// Mean accuracy of each network over all tasks.
fn of_networks(multi_task: &MultiTask) -> Vec<Headline> {
    let headline = |network: &MultiTaskNetwork| of_all_tasks(&network.label, &network.means(), network.told);
    multi_task.networks.iter().map(headline).collect()
}

fn of_all_tasks(label: &str, accuracies: &[f64], told: bool) -> Headline {
    Headline {
        label: label.to_owned(),
        value: format!("{:.1} %", mean(accuracies)),
        note: Some(if told { "told each image's task" } else { "not told the task" }.into()),
    }
}

/// Each arm at the strongest noise that was measured, the clean test beside it.
fn headlines(arms: &[Arm]) -> Vec<Headline> {
    let headline = |arm: &Arm| {
        let (first, last) = (arm.accuracies.first()?, arm.accuracies.last()?);
        let percent = |point: &NoiseAccuracy| format!("{:.1} %", mean(&point.percent));
        let clean = (last.variance != 0.0).then(|| format!("{} on clean images", percent(first)));
        let condition =
            if last.variance == 0.0 { "clean images".into() } else { format!("noise variance {}", last.variance) };
        Some(Headline { label: format!("{}, {condition}", letters(arm.rule)), value: percent(last), note: clean })
    };
    arms.iter().filter_map(headline).collect()
}

fn mean(values: &[f64]) -> f64 {
    crate::report::stats::Summary::of(values).mean.unwrap_or(f64::NAN)
}

/// What the health check found in each run's last epoch.
fn findings(records: &[RunRecord]) -> Vec<Finding> {
    let of = |record: &RunRecord| {
        let found = record.metrics.last().map(|metrics| metrics.health.clone()).unwrap_or_default();
        let run = (records.len() > 1).then(|| record.label());
        found.into_iter().map(move |finding| Finding { run: run.clone(), ..finding.into() }).collect::<Vec<_>>()
    };
    records.iter().flat_map(of).collect()
}

/// What a run's network costs, in words.
fn cost(record: &RunRecord) -> Option<(String, String)> {
    let cost = record.summary.as_ref()?.cost?;
    Some((format!("cost of {}", record.label()), cost.in_words().replace('\n', "; ")))
}

fn provenance(records: &[RunRecord], commands: Vec<String>) -> Provenance {
    let summaries = || records.iter().filter_map(|record| record.summary.as_ref());
    let hash = |record: &RunRecord| (format!("config of {}", record.label()), record.config.hash());
    let hashes: Vec<_> = if records.len() > 1 { records.iter().map(hash).collect() } else { Vec::new() };
    let mut seeds: Vec<u64> = records.iter().map(|record| record.config.training.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    Provenance {
        version: Some(env!("CARGO_PKG_VERSION").into()),
        config_hash: if let [only] = records { Some(only.config.hash()) } else { None },
        seeds,
        threads: summaries().map(|summary| summary.threads).max(),
        machine: Some(Machine::this().in_words()),
        wall_time_secs: Some(summaries().map(|summary| summary.train_seconds).sum()),
        commands,
        more: hashes.into_iter().chain(records.iter().filter_map(cost)).collect(),
        ..Provenance::default()
    }
}

fn show_inside(page: &mut Report, record: &RunRecord, locations: &Locations) -> Result<(), GlocalError> {
    let folder = RunFolder::read_only(&record.root)?;
    let (mut learner, _) = load_network(&folder, &record.config)?;
    let images = match Samples::of(&record.config, locations) {
        Ok(images) => images,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let images = RunSamples::new(&images, &record.config, None)?;
    page.samples = vec![first_test_image(&mut learner, &images, &record.label())?];
    page.plastic_layers = plastic_layers(&learner, &images, &record.label());
    Ok(())
}

fn first_test_image(
    learner: &mut Learner,
    images: &RunSamples<'_>,
    label: &str,
) -> Result<SampleActivity, GlocalError> {
    let mut feed = Feed::default();
    images.evaluation_batch(&mut feed, Part::Test, &images.numbers(Part::Test)[..1], &Damage::none())?;
    let report = learner.evaluate(feed.input(), feed.labels(), glocal_core::PlasticEval::Frozen)?;
    let recordings = learner.record(feed.input())?;
    let (class, predicted) = (images.class_name(feed.labels()[0]), images.class_name(report.predictions[0]));
    let name = format!("{label}: the first test image, {class}, taken for {predicted}");
    let mut activity = SampleActivity::of_recordings(name, &recordings, TRACES);
    activity.image = images.picture(&feed).map(|seen| Image::from_unit(seen.width, seen.height, &seen.values));
    Ok(activity)
}

/// The plastic weights of every layer that has any; those that see the image are laid out as it is.
fn plastic_layers(learner: &Learner, images: &RunSamples<'_>, label: &str) -> Vec<PlasticLayer> {
    let arrays = learner.arrays();
    let find = |name: String| arrays.iter().find(|(array, ..)| *array == name);
    let layer = |index: usize| {
        let (_, shape, plastic) = find(format!("layers.{index}.plastic_weight"))?;
        let &[outputs, inputs] = shape.as_slice() else { return None };
        let [channels, height, width] = images.shape();
        let side = [height, width];
        let parts = (find(format!("layers.{index}.weight")), find(format!("layers.{index}.plasticity_gain")));
        let view = match parts {
            // A neuron's weights to several colours or polarities are no single picture.
            _ if index > 0 || channels > 1 => {
                WeightView::Matrix(crate::report::Matrix::reduced([outputs, inputs], plastic))
            }
            (Some((.., weight)), Some((.., gain))) => {
                WeightView::HybridFields(HybridFields::most_plastic([*weight, *plastic, *gain], side, FIELDS))
            }
            _ => WeightView::strongest_fields(plastic, side[0], side[1], FIELDS),
        };
        let what = format!("plastic weights after training, {label}");
        Some(PlasticLayer { layer: format!("layers.{index}"), what, view })
    };
    (0..learner.config().network.layers.len()).filter_map(layer).collect()
}
