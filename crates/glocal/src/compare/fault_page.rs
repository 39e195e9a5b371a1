//! What a page shows of fault tolerance and of confused classes.

use std::collections::HashMap;

use glocal_core::LearningRule;
use glocal_data::Locations;

use super::{FaultCurve, FaultPoint, Ladder, RunRecord};
use crate::error::GlocalError;
use crate::experiments::fault_tolerance::FaultResults;
use crate::report::{Confusion, FaultArm, FaultExample, FaultKind, FaultTolerance, Image, LevelAccuracy};
use crate::samples::{Feed, Part, RunSamples, Samples, is_absent};

/// Levels of which an example is shown.
const EXAMPLE_LEVELS: [u32; 4] = [0, 4, 9, 14];

/// The curves of all runs that were measured, and examples where the data are at hand.
pub(super) fn fault_tolerance(
    records: &[RunRecord],
    locations: &Locations,
) -> Result<Option<FaultTolerance>, GlocalError> {
    let results = FaultResults::of(records);
    let mut examples = examples(records, locations)?;
    let mut kind = |result: &crate::experiments::fault_tolerance::LadderResult| {
        let (name, what) = result.ladder.words();
        let arms = result.arms.iter().map(|arm| FaultArm {
            rule: arm.rule,
            levels: levels(&curves_of(records, arm.rule, result.ladder)),
            areas: arm.moving.clone(),
            frozen_areas: if arm.rule == LearningRule::Global { Vec::new() } else { arm.frozen.clone() },
        });
        FaultKind {
            name: name.into(),
            what: what.into(),
            arms: arms.collect(),
            verdict: result.verdict(),
            examples: examples.remove(&result.ladder).unwrap_or_default(),
        }
    };
    let kinds: Vec<FaultKind> = results.ladders.iter().map(&mut kind).collect();
    Ok((!kinds.is_empty()).then_some(FaultTolerance { kinds }))
}

fn curves_of(records: &[RunRecord], rule: LearningRule, ladder: Ladder) -> Vec<&FaultCurve> {
    let of_arm = records.iter().filter(|record| record.config.learner.network.learning_rule == rule);
    let curves = of_arm.filter_map(|record| record.faults.as_ref()).flat_map(|faults| &faults.curves);
    curves.filter(|curve| curve.ladder == ladder).collect()
}

/// One entry for each level of the first curve, over all of them.
fn levels(curves: &[&FaultCurve]) -> Vec<LevelAccuracy> {
    let Some(first) = curves.first() else { return Vec::new() };
    let at = |level: u32| -> Vec<&FaultPoint> {
        curves.iter().filter_map(|curve| curve.points.iter().find(|point| point.level == level)).collect()
    };
    let entry = |point: &FaultPoint| {
        let points = at(point.level);
        LevelAccuracy {
            level: point.level,
            percent: points.iter().map(|p| 100.0 * p.moving.unwrap_or(p.frozen)).collect(),
            frozen_percent: points.iter().filter(|p| p.moving.is_some()).map(|p| 100.0 * p.frozen).collect(),
        }
    };
    first.points.iter().map(entry).collect()
}

/// For each ladder the first test sample of the first run that was measured on it, at a few levels. A data set is opened
/// once for all the ladders that a run shows first.
fn examples(records: &[RunRecord], locations: &Locations) -> Result<HashMap<Ladder, Vec<FaultExample>>, GlocalError> {
    let mut found = HashMap::new();
    for record in records {
        let curves = record.faults.iter().flat_map(|faults| &faults.curves);
        let new: Vec<Ladder> = curves.map(|curve| curve.ladder).filter(|ladder| !found.contains_key(ladder)).collect();
        if new.is_empty() {
            continue;
        }
        let samples = match Samples::of(&record.config, locations) {
            Ok(samples) => samples,
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(error),
        };
        let samples = RunSamples::new(&samples, &record.config, None)?;
        for ladder in new {
            found.insert(ladder, examples_on(ladder, &samples)?);
        }
    }
    Ok(found)
}

fn examples_on(ladder: Ladder, samples: &RunSamples<'_>) -> Result<Vec<FaultExample>, GlocalError> {
    let mut feed = Feed::default();
    let mut shown = Vec::new();
    for level in EXAMPLE_LEVELS {
        samples.evaluation_batch(&mut feed, Part::Test, &samples.numbers(Part::Test)[..1], &ladder.damage(level)?)?;
        let picture = samples.picture(&feed).map(|seen| Image::from_unit(seen.width, seen.height, &seen.values));
        shown.extend(picture.map(|image| FaultExample { level, image }));
    }
    Ok(shown)
}

/// The confused classes of the first finished run on each data set.
pub(super) fn confusions(records: &[RunRecord], locations: &Locations) -> Vec<Confusion> {
    let mut seen: Vec<(&str, bool)> = Vec::new();
    let mut found = Vec::new();
    // Classes of episodes have no names that last.
    for record in records.iter().filter(|record| record.config.episodes.is_none()) {
        let data = (record.config.data.dataset.as_str(), record.config.events.is_some());
        let counts = record.summary.as_ref().map(|summary| &summary.test.confusion).filter(|counts| !counts.is_empty());
        if let (Some(counts), false) = (counts, seen.contains(&data)) {
            seen.push(data);
            let names = Samples::load(data.0, locations).map(|samples| samples.class_names());
            found.push(Confusion {
                label: format!("{} on {}", record.label(), data.0),
                classes: names.unwrap_or_else(|_| (0..counts.len()).map(|class| format!("class {class}")).collect()),
                counts: counts.clone(),
            });
        }
    }
    found
}
