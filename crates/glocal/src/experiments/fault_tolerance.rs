//! Fault tolerance: networks trained on clean images, or on clean events of a simulated camera, judged as damage grows.
//!
//! # References
//! docs/equations.md, section 4.3.

use std::path::{Path, PathBuf};

use glocal_core::LearningRule;
use glocal_data::Fault;
use serde::Serialize;

use super::{PlannedRun, carry_out_with};
use crate::compare::table::sentence;
use crate::compare::{FaultCurve, FaultCurves, Ladder, RunRecord, letters};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::report::format::mean_sd;
use crate::report::stats::Summary;
use crate::run_folder::{RunFolder, write_json};
use crate::train::TrainOptions;

/// Name on the command line.
pub const NAME: &str = "fault-tolerance";

/// Seeds of the comparison.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// Levels measured, the first without damage.
pub const LEVELS: [u32; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/// Levels of the quick form.
pub const QUICK_LEVELS: [u32; 4] = [0, 4, 9, Fault::MOST];

/// What the quick form leaves out.
const QUICK: [&str; 3] = ["training.epochs=3", "data.train_limit=10000", "data.test_limit=1000"];

/// What the networks see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Images, as published.
    Images,
    /// What a simulated event camera makes of them.
    Events,
}

/// The config file of an arm, as `experiments/fault-tolerance/` holds it.
pub fn config_text(rule: LearningRule, sight: Sight) -> &'static str {
    macro_rules! text {
        ($file:literal) => {
            include_str!(concat!("../../../../experiments/fault-tolerance/", $file))
        };
    }
    match (sight, rule) {
        (Sight::Images, LearningRule::Local) => text!("lp.toml"),
        (Sight::Images, LearningRule::Global) => text!("gp.toml"),
        (Sight::Images, LearningRule::Hybrid) => text!("hp.toml"),
        (Sight::Events, LearningRule::Local) => text!("events-lp.toml"),
        (Sight::Events, LearningRule::Global) => text!("events-gp.toml"),
        (Sight::Events, LearningRule::Hybrid) => text!("events-hp.toml"),
    }
}

/// The runs: every arm on images and on events for every seed, seeds outermost.
///
/// # Errors
/// An epoch count or seed that makes no sense.
pub fn plan(
    rules: &[LearningRule],
    seeds: &[u64],
    epochs: Option<u64>,
    quick: bool,
) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |seed: u64, sight: Sight, rule: LearningRule| {
        let mut overrides: Vec<String> = if quick { QUICK.map(str::to_owned).to_vec() } else { Vec::new() };
        overrides.push(format!("training.seed={seed}"));
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        let planned = PlannedRun::new(RunConfig::parse(None, config_text(rule, sight), &overrides)?);
        Ok::<_, GlocalError>(match sight {
            Sight::Images => planned,
            Sight::Events => PlannedRun {
                name: format!("events-{}", planned.name),
                label: format!("{}, events", planned.label),
                ..planned
            },
        })
    };
    let both = [Sight::Images, Sight::Events];
    let of_seed = |&seed: &u64| {
        both.into_iter().flat_map(move |sight| rules.iter().map(move |&rule| (seed, sight, rule))).collect::<Vec<_>>()
    };
    seeds.iter().flat_map(of_seed).map(|(seed, sight, rule)| run(seed, sight, rule)).collect()
}

/// Trains and measures every run of [`plan`].
///
/// # Errors
/// As [`carry_out_with`].
pub fn carry_out(
    runs: &[PlannedRun],
    out: &Path,
    options: &TrainOptions,
    levels: &[u32],
) -> Result<Vec<RunRecord>, GlocalError> {
    let measured = |folder: &RunFolder| Ok(FaultCurves::read(folder)?.is_some_and(|curves| curves.covers(levels)));
    carry_out_with(runs, out, options, &measured, &|run, folder, samples, learner| {
        let curves = FaultCurves::measure(learner, samples, &run.config, levels)?;
        curves.write(folder)?;
        options.progress.say(&in_one_line(&run.label, &curves));
        Ok(())
    })
}

fn in_one_line(label: &str, curves: &FaultCurves) -> String {
    let area = |curve: &FaultCurve| format!("{} {:.1}", curve.ladder.words().0, 100.0 * curve.area(true));
    let areas: Vec<String> = curves.curves.iter().map(area).collect();
    format!("{label}: area under the curve, %: {}", areas.join(", "))
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct FaultResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Folders of its runs, relative to the experiment's.
    pub runs: Vec<PathBuf>,
    /// One for each ladder.
    pub ladders: Vec<LadderResult>,
}

/// The arms on one ladder.
#[derive(Clone, Debug, Serialize)]
pub struct LadderResult {
    /// The ladder.
    pub ladder: Ladder,
    /// Its name in words.
    pub name: String,
    /// The arms, in the order LP, GP, HP.
    pub arms: Vec<ArmAreas>,
    /// The hybrid arm against the best of the others, plastic weights moving within each test batch; absent without them.
    pub moving: Option<Comparison>,
    /// The same with frozen plastic weights.
    pub frozen: Option<Comparison>,
}

/// Areas under an arm's curves, in per cent, one of each seed.
#[derive(Clone, Debug, Serialize)]
pub struct ArmAreas {
    /// The arm.
    pub rule: LearningRule,
    /// Plastic weights moving within each test batch.
    pub moving: Vec<f64>,
    /// Plastic weights as trained.
    pub frozen: Vec<f64>,
}

/// The hybrid arm against the best of the others.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The other arm.
    pub against: LearningRule,
    /// Difference of the mean areas, in points; above 0: the hybrid arm is better.
    pub difference: f64,
    /// The larger of the two arms' standard deviations over seeds; absent for one seed.
    pub deviation: Option<f64>,
    /// Whether the difference is above the deviation (above 0 for one seed).
    pub holds: bool,
}

impl FaultResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs.
    pub fn of(records: &[RunRecord]) -> FaultResults {
        let mut ladders: Vec<Ladder> = Vec::new();
        for curve in records.iter().filter_map(|record| record.faults.as_ref()).flat_map(|faults| &faults.curves) {
            if !ladders.contains(&curve.ladder) {
                ladders.push(curve.ladder);
            }
        }
        FaultResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            ladders: ladders.into_iter().map(|ladder| LadderResult::of(ladder, records)).collect(),
        }
    }

    /// Writes results.json into the experiment's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, out: &Path) -> Result<(), GlocalError> {
        write_json(&out.join(Self::FILE), self)
    }
}

impl LadderResult {
    fn of(ladder: Ladder, records: &[RunRecord]) -> LadderResult {
        let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
        let areas = |rule, moving: bool| -> Vec<f64> {
            let of_arm = records.iter().filter(|record| record.config.learner.network.learning_rule == rule);
            let curves = of_arm.filter_map(|record| record.faults.as_ref()).flat_map(|faults| &faults.curves);
            curves.filter(|curve| curve.ladder == ladder).map(|curve| 100.0 * curve.area(moving)).collect()
        };
        let arm = |rule| ArmAreas { rule, moving: areas(rule, true), frozen: areas(rule, false) };
        let arms: Vec<ArmAreas> = rules.map(arm).into_iter().filter(|arm| !arm.moving.is_empty()).collect();
        LadderResult {
            ladder,
            name: ladder.words().0.into(),
            moving: Comparison::of(&arms, |arm| &arm.moving),
            frozen: Comparison::of(&arms, |arm| &arm.frozen),
            arms,
        }
    }

    /// What came out, in a sentence.
    pub fn verdict(&self) -> String {
        let clause = |comparison: &Option<Comparison>, state: &str| {
            comparison.as_ref().map(|comparison| format!("{state}, {}", comparison.in_words()))
        };
        let clauses = [clause(&self.moving, "with moving plastic weights"), clause(&self.frozen, "with frozen ones")];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        if clauses.is_empty() { String::new() } else { format!("{}.", sentence(&clauses.join("; "))) }
    }
}

impl ArmAreas {
    /// Mean and deviation of the areas over seeds.
    pub fn mean_sd(&self, moving: bool) -> String {
        mean_sd(&Summary::of(if moving { &self.moving } else { &self.frozen }))
    }
}

impl Comparison {
    fn of(arms: &[ArmAreas], areas: impl Fn(&ArmAreas) -> &Vec<f64>) -> Option<Comparison> {
        let summary = |arm: &ArmAreas| Summary::of(areas(arm));
        let hybrid = arms.iter().find(|arm| arm.rule == LearningRule::Hybrid).map(summary)?;
        let others = arms.iter().filter(|arm| arm.rule != LearningRule::Hybrid).map(|arm| (arm.rule, summary(arm)));
        let (against, other) =
            others.max_by(|(_, a), (_, b)| a.mean.unwrap_or(0.0).total_cmp(&b.mean.unwrap_or(0.0)))?;
        let difference = hybrid.mean? - other.mean?;
        let deviation = hybrid.sd.zip(other.sd).map(|(a, b)| a.max(b));
        Some(Comparison { against, difference, deviation, holds: difference > deviation.unwrap_or(0.0) })
    }

    fn in_words(&self) -> String {
        let than = letters(self.against);
        let by = format!("{:.1} points", self.difference.abs());
        let deviation = self.deviation.map_or(String::new(), |sd| format!(" (deviation {sd:.1})"));
        match (self.difference > 0.0, self.holds) {
            (true, true) => format!("HP's area is above {than}'s by {by}, more than the seeds' deviation{deviation}"),
            (true, false) => {
                format!("HP's area is above {than}'s by {by} only, within the seeds' deviation{deviation}")
            }
            _ => format!("HP's area is below {than}'s by {by}{deviation}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_reads_and_arms_differ_in_their_rule_only() {
        let rules = [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid];
        let runs = plan(&rules, &SEEDS, None, false).unwrap();
        assert_eq!(runs.len(), 18);
        assert_eq!((runs[5].name.as_str(), runs[5].label.as_str()), ("events-hp-seed1", "HP seed 1, events"));
        for sight in [Sight::Images, Sight::Events] {
            let [lp, hp] = [LearningRule::Local, LearningRule::Hybrid]
                .map(|rule| RunConfig::parse(None, config_text(rule, sight), &[]).unwrap());
            assert_eq!(lp.differences(&hp), ["learner.network.learning_rule (\"local\" -> \"hybrid\")"]);
        }
        assert!(plan(&rules, &[1], None, true).unwrap().iter().all(|run| run.config.training.epochs == 3));
    }

    /// Means 70 and 66 with deviations 1 and 2: the difference, 4, is above both; against 69 it is not.
    #[test]
    fn the_deviation_decides() {
        let arm = |rule, areas: &[f64]| ArmAreas { rule, moving: areas.to_vec(), frozen: areas.to_vec() };
        let hybrid = arm(LearningRule::Hybrid, &[69.0, 70.0, 71.0]);
        let compare = |other: ArmAreas| Comparison::of(&[other, hybrid.clone()], |arm| &arm.moving).unwrap();
        let far = compare(arm(LearningRule::Global, &[64.0, 66.0, 68.0]));
        assert_eq!((far.difference, far.deviation, far.holds), (4.0, Some(2.0), true));
        assert!(!compare(arm(LearningRule::Local, &[67.0, 69.0, 71.0])).holds);
        assert!(Comparison::of(std::slice::from_ref(&hybrid), |arm| &arm.moving).is_none());
    }
}
