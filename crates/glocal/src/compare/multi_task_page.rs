//! What a page shows of tasks that were learned together.

use super::RunRecord;
use super::continual_page::unnamed;
use crate::experiments::multi_task::{MultiTaskResults, NetworkResult};
use crate::report::{MultiTask, MultiTaskNetwork};

/// Figures of all runs that learned several tasks at once.
pub(super) fn multi_task(records: &[RunRecord]) -> Option<MultiTask> {
    let results = MultiTaskResults::of(records);
    let network = |result: &NetworkResult| MultiTaskNetwork {
        label: result.label.clone(),
        rule: Some(result.rule),
        told: result.masked,
        accuracy: result.accuracy.clone(),
        unnamed: result.unnamed.map(unnamed),
        operations: result.operations,
        minutes: result.minutes.clone(),
    };
    let networks: Vec<MultiTaskNetwork> = results.networks.iter().map(network).collect();
    (!networks.is_empty()).then_some(MultiTask { tasks: results.tasks, networks })
}
