//! What a page shows of tasks in a row.

use glocal_data::tasks::TaskKind;

use super::RunRecord;
use crate::config::RunConfig;
use crate::continual::Unnamed;
use crate::experiments::continual::{ContinualResults, MethodResult};
use crate::report::{Continual, ContinualMethod, TaskMatrix, UnnamedAccuracy};

/// Methods whose task-by-task matrix is drawn.
const MATRICES: usize = 2;

/// Figures of all runs that learned tasks in a row.
pub(super) fn continual(records: &[RunRecord]) -> Option<Continual> {
    let results = ContinualResults::of(records);
    let first = records.iter().find(|record| record.config.continual.is_some() && !record.learned_together())?;
    let methods: Vec<ContinualMethod> = results.methods.iter().map(method).collect();
    let matrix = |method: &MethodResult| TaskMatrix {
        label: method.label.clone(),
        rows: method.figures.first().map(|figures| percents(&figures.matrix)).unwrap_or_default(),
    };
    Some(Continual {
        setting: setting(&first.config),
        methods,
        matrices: results.methods.iter().take(MATRICES).map(matrix).collect(),
    })
    .filter(|continual| !continual.methods.is_empty())
}

fn setting(config: &RunConfig) -> String {
    let Some(continual) = &config.continual else { return String::new() };
    let (name, epochs) = (&config.data.dataset, config.training.epochs);
    let tasks = match continual.tasks {
        TaskKind::Permuted { tasks } => {
            format!("{tasks} tasks: {name}, the values of all images in another order in each")
        }
        TaskKind::Rotated { tasks, degrees } => {
            format!("{tasks} tasks: {name}, all images turned by {degrees}° more in each")
        }
        TaskKind::Split { classes, .. } => format!("{name}, {classes} classes in each task"),
        TaskKind::Sets { .. } => format!("{} data sets, one after the other", continual.more_datasets.len() + 1),
    };
    let plural = if epochs == 1 { "" } else { "s" };
    format!("{tasks}; {epochs} epoch{plural} each.")
}

fn method(result: &MethodResult) -> ContinualMethod {
    let first = result.figures.first();
    let cost = first.map(|figures| figures.cost).unwrap_or_default();
    ContinualMethod {
        label: result.label.clone(),
        rule: result.rule,
        told: result.told,
        average: result.average_accuracy.clone(),
        backward_transfer: result.backward_transfer.clone(),
        forward_transfer: result.forward_transfer.clone(),
        forgetting: result.forgetting.clone(),
        course: result.figures.iter().map(|figures| percent(&figures.course())).collect(),
        weights: cost.weights,
        memory_bytes: cost.memory_bytes,
        operations: cost.operations,
        minutes: result.minutes.clone(),
        unnamed: first.and_then(|figures| figures.unnamed).map(unnamed),
    }
}

/// In per cent.
pub(super) fn unnamed(found: Unnamed) -> UnnamedAccuracy {
    let both = |shares: [f64; 2]| shares.map(|share| 100.0 * share);
    UnnamedAccuracy { images: found.images, by_confidence: both(found.by_confidence), by_energy: both(found.by_energy) }
}

fn percents(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| percent(row)).collect()
}

fn percent(shares: &[f64]) -> Vec<f64> {
    shares.iter().map(|share| 100.0 * share).collect()
}
