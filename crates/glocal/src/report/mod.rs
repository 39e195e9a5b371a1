//! Reports: a typed value in, one self-contained HTML page out.
//!
//! [`Report`] says what is known; [`render`] prints it. The page loads nothing: no fonts, scripts or pictures from
//! elsewhere, and it carries its own data as JSON. The same page serves one training run, `quickstart` and a whole
//! reproduction, because every section may be absent.
//!
//! Same report, same bytes: nothing here reads a clock or a random generator.
//!
//! ```
//! use glocal::report::{Arm, LearningRule, NoiseAccuracy, Published, Report, SeedCurve, render};
//!
//! let accuracies = vec![NoiseAccuracy { variance: 0.0, percent: vec![88.1, 88.3], ..Default::default() }];
//! let curves = vec![SeedCurve { seed: 1, training_loss: vec![0.05, 0.02], ..Default::default() }];
//! let published = Published::fashion_demo(LearningRule::Hybrid);
//! let arm = Arm { accuracies, curves, published, seeds: vec![1, 2], ..Arm::new(LearningRule::Hybrid) };
//! let report = Report { title: "One run".into(), arms: vec![arm], ..Default::default() };
//! assert!(render(&report).contains("88.2 ± 0.1"));
//! ```

mod data;
mod figures;
pub(crate) mod format;
mod page;
mod pixels;
pub(crate) mod stats;
mod svg;
mod theme;

#[cfg(test)]
mod tests;

pub use data::{
    Arm, ChipComponent, ChipCost, ChipEpisodes, ChipFaults, ChipLayer, ChipLink, ChipMesh, ChipNetwork, ChipPhase,
    Chips, ClassIncremental, Confusion, Continual, ContinualMethod, ExplainedEpisode, FaultArm, FaultExample,
    FaultKind, FaultTolerance, FewShot, FewShotCell, FewShotRow, Finding, Headline, HybridField, HybridFields, Image,
    LayerRaster, Level, LevelAccuracy, Matrix, MultiTask, MultiTaskNetwork, NoiseAccuracy, PlacedNetwork, PlasticLayer,
    PotentialTrace, Provenance, Published, PublishedPoint, ReceptiveField, Report, SampleActivity, SeedCurve,
    SessionAccuracy, SessionCurve, ShotCurve, ShotPoint, ShownPicture, Spike, TaskMatrix, UnnamedAccuracy, WeightView,
};
pub use glocal_core::LearningRule;
pub(crate) use pixels::heat_map_png;

use std::path::Path;

use crate::error::GlocalError;
use crate::run_folder::write_atomically;
use svg::Layout;

/// Prints the page.
pub fn render(report: &Report) -> String {
    page::document(&report.bounded()).into_string()
}

/// Mean and deviation of values over seeds, in words.
pub fn mean_and_deviation(values: &[f64]) -> String {
    format::mean_sd(&stats::Summary::of(values))
}

/// Renders the report and writes it in full or not at all; an older page stays until the new one is complete.
///
/// # Errors
/// The disk refuses.
pub fn save(report: &Report, path: &Path) -> Result<(), GlocalError> {
    write_atomically(path, render(report).as_bytes())
}

/// The accuracy-against-noise figure alone, as an SVG file with its own light background, for places that take a
/// picture and no page.
/// `None` where there are fewer than two noise variances to draw a line between.
pub fn noise_chart_svg(report: &Report) -> Option<String> {
    let drawing = figures::noise::is_worth_drawing(report).then(|| figures::noise::chart(report, Layout::Wide))?;
    Some(theme::standalone(&drawing, report.notice.as_deref()))
}
