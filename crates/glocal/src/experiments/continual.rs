//! Tasks in a row without forgetting (section 4.5): permuted MNIST, plastic weights beside masks against what else is used.

use std::path::{Path, PathBuf};

use glocal_core::LearningRule;
use serde::Serialize;

use super::{PlannedRun, carry_out_tasks, over_seeds};
use crate::compare::RunRecord;
use crate::config::RunConfig;
use crate::continual::ContinualFigures;
use crate::error::GlocalError;
use crate::report::stats::Summary as Spread;
use crate::run_folder::write_json;
use crate::train::TrainOptions;

/// The experiment's name.
pub const NAME: &str = "continual";

/// One run of each method unless asked otherwise.
pub const SEEDS: [u64; 1] = [1];

/// The hybrid network's config, as text.
pub const HYBRID: &str = include_str!("../../../../experiments/continual/hp.toml");

/// What `--quick` changes: a taste in minutes.
const QUICK: [&str; 6] = [
    "continual.tasks.tasks=3",
    "training.epochs=1",
    "data.train_limit=6000",
    "data.test_limit=1000",
    "continual.matrix_images=300",
    "continual.unnamed_images=50",
];

/// A method that takes part.
#[derive(Clone, Copy, Debug)]
pub struct Contestant {
    /// Its name in folders and options.
    pub name: &'static str,
    overrides: &'static [&'static str],
}

/// No plastic weights.
const GLOBAL: &str = "learner.network.learning_rule=\"global\"";

/// The learning rate of networks that use all synapses for all tasks: of those tried, the better one of EWC and of SI.
const DENSE: &str = "learner.weights.learning_rate=1e-3";

/// All that take part, in the order of tables. Strengths of EWC and SI are the best of those tried; see
/// `experiments/continual/README.md`.
pub const CONTESTANTS: [Contestant; 8] = [
    Contestant { name: "hp", overrides: &[] },
    Contestant { name: "gp-sparse", overrides: &[GLOBAL] },
    Contestant { name: "gp-dense", overrides: &[GLOBAL, DENSE, "continual.method={kind=\"fine-tuning\"}"] },
    Contestant {
        name: "ewc",
        overrides: &[GLOBAL, DENSE, "continual.method={kind=\"ewc\",strength=0.02,normalised=true}"],
    },
    Contestant {
        name: "ewc-online",
        overrides: &[GLOBAL, DENSE, "continual.method={kind=\"ewc\",strength=0.02,normalised=true,online=0.95}"],
    },
    Contestant {
        name: "si",
        overrides: &[GLOBAL, DENSE, "continual.method={kind=\"synaptic-intelligence\",strength=3.0}"],
    },
    Contestant {
        name: "context-gating",
        overrides: &[GLOBAL, DENSE, "continual.method={kind=\"context-gating\",share=0.2}"],
    },
    Contestant { name: "rehearsal", overrides: &[GLOBAL, DENSE, "continual.method={kind=\"rehearsal\",images=500}"] },
];

/// Methods whose values were chosen by the validation images of a few tasks of seed 0: the strengths of those that have one,
/// each at every rate of [`RATES`].
pub const GRID: [(&str, &[f64]); 6] = [
    ("ewc", &[0.005, 0.02, 0.1, 1.0]),
    ("si", &[0.1, 0.3, 1.0, 3.0, 10.0]),
    ("ewc-online", &[0.005, 0.02, 0.1, 1.0]),
    ("gp-dense", &[]),
    ("context-gating", &[]),
    ("rehearsal", &[]),
];

/// Learning rates of the weights in the grid; that of networks with masks was chosen before, by one task.
pub const RATES: [f64; 2] = [1e-3, 4e-3];

/// What the grid's runs change.
const GRID_RUN: [&str; 4] =
    ["training.seed=0", "continual.tasks.tasks=15", "continual.matrix_images=100", "continual.unnamed_images=0"];

/// The runs: each method for every seed, methods outermost.
///
/// # Errors
/// A name that is none of the methods', or an epoch count that makes no sense.
pub fn plan(
    only: &[String],
    seeds: &[u64],
    (epochs, tasks): (Option<u64>, Option<usize>),
    quick: bool,
) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |(contestant, &seed): (&Contestant, &u64)| {
        let mut overrides: Vec<String> = contestant.overrides.iter().map(|&text| text.to_owned()).collect();
        if quick {
            overrides.extend(QUICK.map(str::to_owned));
        }
        overrides.extend(tasks.map(|tasks| format!("continual.tasks.tasks={tasks}")));
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        overrides.push(format!("training.seed={seed}"));
        planned(contestant.name, &format!("seed{seed}"), &overrides)
    };
    let contestants = chosen(&CONTESTANTS, |contestant| contestant.name, only)?;
    contestants.into_iter().flat_map(|contestant| seeds.iter().map(move |seed| (contestant, seed))).map(run).collect()
}

/// The runs of the grid; of some methods only, if `only` names some. Of fifteen tasks, as many epochs each as in the experiment:
/// a strength that is best after three epochs of a task is not after ten, and one that is best for five tasks lets go of all of
/// fifteen. `epochs` and `tasks` say otherwise.
///
/// # Errors
/// As [`plan`].
pub fn plan_grid(
    only: &[String],
    (epochs, tasks): (Option<u64>, Option<usize>),
) -> Result<Vec<PlannedRun>, GlocalError> {
    let run = |(name, rate, strength): (&str, f64, Option<f64>)| {
        let contestant = CONTESTANTS.iter().find(|c| c.name == name).expect("the grid is of contestants");
        let mut overrides: Vec<String> = contestant.overrides.iter().map(|&text| text.to_owned()).collect();
        overrides.extend(GRID_RUN.map(str::to_owned));
        overrides.extend(tasks.map(|tasks| format!("continual.tasks.tasks={tasks}")));
        overrides.extend(epochs.map(|epochs| format!("training.epochs={epochs}")));
        overrides.push(format!("learner.weights.learning_rate={rate:?}"));
        overrides.extend(strength.map(|strength| format!("continual.method.strength={strength:?}")));
        let strength = strength.map_or(String::new(), |strength| format!("-strength{strength}"));
        planned(name, &format!("rate{rate}{strength}"), &overrides)
    };
    let mut runs = Vec::new();
    for (name, strengths) in chosen(&GRID, |(name, _)| name, only)? {
        for rate in RATES {
            let strengths = strengths.iter().map(|&strength| Some(strength));
            let one = if strengths.len() == 0 { vec![None] } else { strengths.collect() };
            for strength in one {
                runs.push(run((name, rate, strength))?);
            }
        }
    }
    Ok(runs)
}

/// Those of `all` that `only` names; all, if it names none.
fn chosen<'a, T>(all: &'a [T], name: impl Fn(&T) -> &str, only: &[String]) -> Result<Vec<&'a T>, GlocalError> {
    if let Some(unknown) = only.iter().find(|wanted| !all.iter().any(|known| name(known) == wanted.as_str())) {
        let names: Vec<&str> = all.iter().map(&name).collect();
        return Err(GlocalError::Usage {
            message: format!("`{unknown}` is no method of {NAME}"),
            hint: format!("known are {}", names.join(", ")),
        });
    }
    Ok(all.iter().filter(|known| only.is_empty() || only.iter().any(|wanted| wanted == name(known))).collect())
}

fn planned(name: &str, suffix: &str, overrides: &[String]) -> Result<PlannedRun, GlocalError> {
    Ok(PlannedRun {
        name: format!("{name}-{suffix}"),
        label: format!("{name} {suffix}"),
        config: RunConfig::parse(None, HYBRID, overrides)?,
    })
}

/// Carries out every run in its folder inside `out`; keeps what is finished.
///
/// # Errors
/// `out` is occupied and `options` ask for a new run; data that are not there; whatever a run meets.
pub fn carry_out(runs: &[PlannedRun], out: &Path, options: &TrainOptions) -> Result<Vec<RunRecord>, GlocalError> {
    carry_out_tasks(runs, out, options, |record| {
        record.continual.as_ref().map_or(String::new(), ContinualFigures::in_words)
    })
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct ContinualResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// One for each method, in the order of the runs.
    pub methods: Vec<MethodResult>,
}

/// A method's figures.
#[derive(Clone, Debug, Serialize)]
pub struct MethodResult {
    /// What it is called in tables.
    pub label: String,
    /// Its arm; absent for methods that are none of the three.
    pub rule: Option<LearningRule>,
    /// Whether it is told at test which task an image is of.
    pub told: bool,
    /// Its runs, relative to the experiment's folder.
    pub runs: Vec<PathBuf>,
    /// Tasks learned.
    pub tasks: usize,
    /// Mean accuracy over all tasks after the last one, in per cent, of each seed.
    pub average_accuracy: Vec<f64>,
    /// Mean of [`ContinualFigures::backward_transfer`], in points, of each seed; likewise the others.
    pub backward_transfer: Vec<f64>,
    /// Forward transfer.
    pub forward_transfer: Vec<f64>,
    /// Forgetting.
    pub forgetting: Vec<f64>,
    /// Wall time of learning, in minutes.
    pub minutes: Vec<f64>,
    /// The runs' own figures.
    pub figures: Vec<ContinualFigures>,
}

impl ContinualResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs: those of one method and its values, whatever their seeds, together.
    pub fn of(records: &[RunRecord]) -> ContinualResults {
        let in_turn = |record: &&RunRecord| record.continual.is_some() && !record.learned_together();
        let groups = over_seeds(records.iter().filter(in_turn).filter(|record| record.summary.is_some()));
        ContinualResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            methods: groups.iter().filter_map(|(config, records)| MethodResult::of(config, records)).collect(),
        }
    }

    /// Writes results.json into the experiment's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, out: &Path) -> Result<(), GlocalError> {
        write_json(&out.join(Self::FILE), self)
    }

    /// Which methods the hybrid network is above and below, and whether by more than the deviation over seeds, in a sentence;
    /// nothing without others.
    pub fn verdict(&self) -> String {
        let spread = |method: &MethodResult| Spread::of(&method.average_accuracy);
        let Some(hybrid) = self.methods.iter().find(|method| method.label.starts_with("HP")) else {
            return String::new();
        };
        let own = spread(hybrid);
        let others = self.methods.iter().filter(|method| !std::ptr::eq(*method, hybrid));
        let clause = |method: &MethodResult| -> Option<(bool, String)> {
            let other = spread(method);
            let difference = own.mean? - other.mean?;
            let deviation = own.sd.zip(other.sd).map(|(a, b)| a.max(b)).filter(|sd| difference.abs() <= *sd);
            let remark = deviation.map_or(String::new(), |sd| format!(" (within the seeds' deviation of {sd:.1})"));
            Some((difference > 0.0, format!("{} by {:.1} points{remark}", method.label, difference.abs())))
        };
        let clauses: Vec<(bool, String)> = others.filter_map(clause).collect();
        let side = |above: bool, word: &str| {
            let of: Vec<&str> = clauses.iter().filter(|(side, _)| *side == above).map(|(_, text)| &text[..]).collect();
            (!of.is_empty()).then(|| format!("{word} {}", of.join(", ")))
        };
        let sides: Vec<String> = [side(true, "above"), side(false, "below")].into_iter().flatten().collect();
        let seeds = if own.sd.is_none() { "; one seed" } else { "" };
        if sides.is_empty() { String::new() } else { format!("HP is {}{seeds}.", sides.join("; ")) }
    }
}

impl MethodResult {
    fn of(config: &RunConfig, records: &[&RunRecord]) -> Option<MethodResult> {
        let method = config.continual.as_ref()?.method;
        let figures: Vec<ContinualFigures> = records.iter().filter_map(|record| record.continual.clone()).collect();
        let points = |of: fn(&ContinualFigures) -> Option<f64>| -> Vec<f64> {
            figures.iter().filter_map(of).map(|share| 100.0 * share).collect()
        };
        Some(MethodResult {
            label: method.name(config.learner.network.learning_rule).into(),
            rule: method.is_arm().then_some(config.learner.network.learning_rule),
            told: method.is_told(),
            runs: records.iter().filter_map(|record| record.root.file_name()).map(PathBuf::from).collect(),
            tasks: figures.iter().map(ContinualFigures::tasks).max()?,
            average_accuracy: points(|figures| Some(figures.average_accuracy())),
            backward_transfer: points(ContinualFigures::backward_transfer),
            forward_transfer: points(ContinualFigures::forward_transfer),
            forgetting: points(ContinualFigures::forgetting),
            minutes: records.iter().filter_map(|r| r.summary.as_ref()).map(|s| s.train_seconds / 60.0).collect(),
            figures,
        })
    }
}

/// Mean accuracy over the validation images of all tasks, in per cent: what the grid's values are chosen by.
pub fn validation(record: &RunRecord) -> Option<f64> {
    let shares = &record.continual.as_ref()?.validation;
    Spread::of(shares).mean.map(|mean| 100.0 * mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means 90 ± 1 against 80, against 90.5 ± 1, and against 95.
    #[test]
    fn the_deviation_is_told() {
        let method = |label: &str, average_accuracy: &[f64]| MethodResult {
            label: label.into(),
            rule: None,
            told: true,
            runs: Vec::new(),
            tasks: 2,
            average_accuracy: average_accuracy.to_vec(),
            backward_transfer: Vec::new(),
            forward_transfer: Vec::new(),
            forgetting: Vec::new(),
            minutes: Vec::new(),
            figures: Vec::new(),
        };
        let results = |methods| ContinualResults { experiment: NAME.into(), version: String::new(), methods };
        let hybrid = method("HP", &[89.0, 90.0, 91.0]);
        let others = [method("A", &[80.0; 3]), method("B", &[89.5, 90.5, 91.5]), method("C", &[95.0; 3])];
        let verdict = results([&[hybrid.clone()][..], &others].concat()).verdict();
        let expected = "HP is above A by 10.0 points; below B by 0.5 points (within the seeds' deviation of 1.0), C by 5.0 points.";
        assert_eq!(verdict, expected);
        assert_eq!(results(vec![hybrid]).verdict(), "");
        let one = results(vec![method("HP", &[90.0]), method("A", &[80.0])]);
        assert_eq!(one.verdict(), "HP is above A by 10.0 points; one seed.");
    }

    #[test]
    fn every_contestant_reads_and_differs_in_what_it_should() {
        let runs = plan(&[], &SEEDS, (None, None), false).unwrap();
        assert_eq!(runs.len(), CONTESTANTS.len());
        for run in &runs[1..] {
            let keys = runs[0].config.differences(&run.config);
            let words = ["continual.method", "learning_rule", "weights.learning_rate"];
            let expected = |key: &String| words.iter().any(|word| key.contains(word));
            assert!(!keys.is_empty() && keys.iter().all(expected), "{keys:?}");
        }
        assert!(plan(&["hp".into()], &[1, 2], (Some(2), Some(4)), true).unwrap().len() == 2);
        assert!(plan(&["memory".into()], &[1], (None, None), true).is_err());
        let grid = plan_grid(&[], (None, None)).unwrap();
        let strengths = GRID.iter().map(|(_, strengths)| strengths.len().max(1));
        assert_eq!(grid.len(), RATES.len() * strengths.sum::<usize>());
        let longer = plan_grid(&["si".into()], (Some(10), Some(5))).unwrap();
        assert_eq!(longer.len(), 10);
        assert!(longer.iter().all(|run| run.config.training.epochs == 10));
        assert!(grid.iter().all(|run| run.config.training.seed == 0));
    }
}
