//! Finished runs side by side: read from their folders, grouped into arms, printed as tables and pages.

mod arms;
mod chip;
mod class_incremental_page;
mod continual_page;
mod fault;
mod fault_page;
mod few_shot;
mod few_shot_page;
mod multi_task_page;
mod noise;
mod page;
pub mod table;

use std::path::{Path, PathBuf};

use crate::class_incremental::ClassIncremental;
use crate::config::RunConfig;
use crate::continual::{ContinualFigures, Order};
use crate::error::GlocalError;
use crate::run_folder::{EpochMetrics, RunFolder};
use crate::train::Summary;

pub use arms::{arms, letters, words};
pub use chip::{ChipFigures, ChipForm, FormFaults, chips};
pub use fault::{FaultCurve, FaultCurves, FaultPoint, Ladder};
pub use few_shot::{FewShotFigures, TaskFigure, can_meet};
pub use noise::{NoiseCurve, NoisePoint};
pub use page::{Headings, report};

/// What a run folder tells about its run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The folder.
    pub root: PathBuf,
    /// The resolved config.
    pub config: RunConfig,
    /// One entry per finished epoch.
    pub metrics: Vec<EpochMetrics>,
    /// The result; absent while the run is not finished.
    pub summary: Option<Summary>,
    /// Test accuracy under noise, where it was measured.
    pub noise: Option<NoiseCurve>,
    /// Test accuracy under growing damage, where it was measured.
    pub faults: Option<FaultCurves>,
    /// Test accuracy in episodes of several sizes, where it was measured.
    pub few_shot: Option<FewShotFigures>,
    /// Test accuracy on classes that came in sessions, where it was measured.
    pub class_incremental: Option<ClassIncremental>,
    /// Accuracies on tasks in a row, where the run learned some.
    pub continual: Option<ContinualFigures>,
    /// What chips make of the network, where it was brought onto some.
    pub chip: Option<ChipFigures>,
}

impl RunRecord {
    /// Reads a run folder.
    ///
    /// # Errors
    /// `root` is no run folder, or a file of it is damaged.
    pub fn read(root: &Path) -> Result<RunRecord, GlocalError> {
        let folder = RunFolder::read_only(root)?;
        Ok(RunRecord {
            root: root.to_owned(),
            config: folder.config()?,
            metrics: folder.metrics()?,
            summary: Summary::read(&folder)?,
            noise: NoiseCurve::read(&folder)?,
            faults: FaultCurves::read(&folder)?,
            few_shot: FewShotFigures::read(&folder)?,
            class_incremental: ClassIncremental::read(&folder)?,
            continual: ContinualFigures::read(&folder)?,
            chip: ChipFigures::read(&folder)?,
        })
    }

    /// Reads the run folders among `paths`, and those right inside the other folders of `paths`, in order of name.
    ///
    /// # Errors
    /// A path that is neither, or a damaged run folder.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<RunRecord>, GlocalError> {
        let folders: Result<Vec<Vec<PathBuf>>, GlocalError> = paths.iter().map(|path| run_folders(path)).collect();
        folders?.concat().iter().map(|root| RunRecord::read(root)).collect()
    }

    /// Whether the run learned several tasks at once.
    pub fn learned_together(&self) -> bool {
        self.config.continual.as_ref().is_some_and(|continual| continual.order == Order::Together)
    }

    /// Arm and seed, and whether it sees events, for messages and pages.
    pub fn label(&self) -> String {
        let (rule, seed) = (self.config.learner.network.learning_rule, self.config.training.seed);
        if self.learned_together() {
            let masks = self.config.learner.network.layers.iter().any(|layer| layer.mask.is_some());
            return format!("{}{}, seed {seed}", letters(rule), if masks { ", masks" } else { "" });
        }
        if let Some(continual) = &self.config.continual {
            return format!("{}, seed {seed}", continual.method.name(rule));
        }
        let events = if self.config.events.is_some() { ", events" } else { "" };
        format!("{} seed {seed}{events}", letters(rule))
    }
}

fn run_folders(path: &Path) -> Result<Vec<PathBuf>, GlocalError> {
    let is_run = |folder: &Path| folder.join("config.toml").is_file();
    if is_run(path) {
        return Ok(vec![path.to_owned()]);
    }
    let hint = || "give a folder that `glocal train`, `quickstart` or `reproduce` wrote".to_owned();
    let entries =
        std::fs::read_dir(path).map_err(|source| GlocalError::Read { path: path.to_owned(), source, hint: hint() })?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|inner| is_run(inner)).collect();
    found.sort();
    if found.is_empty() {
        let message = "is no run folder and holds none".into();
        return Err(GlocalError::RunFolder { path: path.to_owned(), message, hint: hint() });
    }
    Ok(found)
}
